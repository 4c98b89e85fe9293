"""A fixed set of actions whose mean rewards are linear in their features up to a given error."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from bandits.arms.problem import Actions
from bandits.contract import Array
from bandits.kernels import kernel
from bandits.registry import Component
from environments.contract import Regret
from environments.linear.environment import SteadyLinearEnvironment


@kernel
def _first_plays(actions: Actions, start: int, firsts: NDArray[np.int64]) -> None:
    for s in range(actions.size):
        if firsts[actions[s]] == 0:
            firsts[actions[s]] = start + s + 1


class MisspecifiedLinearBandit(SteadyLinearEnvironment):
    """Actions that pay ``<a, theta> + nu(a)`` and noise, ``|nu| <= misspecification``.

    Beside the metrics of arms, ``distinct``: the number of different actions played; and ``asked``, minus that number,
    which the regret definition "queries" holds against asking nothing.

    Args:
        actions: as of ``LinearBandit``; also "needle", which brings its own theta and nu.
        theta: as of ``LinearBandit``.
        nu: the errors: "against_median", "random_signs", "tilt", "needle" or "none" of ``environments.linear.errors``,
            or a list [n_actions]. None for those that go with the actions, most often "against_median".
        misspecification: eps, as learners are told it, >= 0; None for 0.1, or what a list or a needle needs.
        noise: as of ``LinearBandit``.
        sigma: as of ``LinearBandit``.
        parameter_norm: as of ``LinearBandit``.
        feature_norm: as of ``LinearBandit``.
        sparsity: as of ``LinearBandit``.
        horizon: number of rounds, >= 1.
        feedback: as of ``LinearBandit``.

    Raises:
        ValueError: a parameter out of its domain, or limits that do not hold.
    """

    counts_queries = True

    def __init__(
        self,
        actions: Component | Sequence[Sequence[float]] | Array = "sphere",
        theta: Component | Sequence[float] | Array | None = None,
        nu: Component | Sequence[float] | Array | None = None,
        misspecification: float | None = None,
        noise: str = "gaussian",
        sigma: float | None = None,
        parameter_norm: float | None = None,
        feature_norm: float | None = None,
        sparsity: int | None = None,
        horizon: int = 10_000,
        feedback: str = "bandit",
    ) -> None:
        self.actions, self.theta, self.nu, self.misspecification = actions, theta, nu, misspecification
        self.noise, self.sigma, self.feedback = noise, sigma, feedback
        self.parameter_norm, self.feature_norm, self.sparsity = parameter_norm, feature_norm, sparsity
        super().__init__(
            actions,
            theta,
            nu,
            misspecification,
            noise,
            sigma,
            parameter_norm,
            feature_norm,
            sparsity,
            horizon,
            feedback,
        )

    def _forget(self) -> None:
        self._firsts = np.zeros(self._features.n_actions, dtype=np.int64)

    def _note(self, start: int, actions: Actions) -> None:
        _first_plays(actions, start, self._firsts)

    def _more_metrics(self, times: NDArray[np.int64]) -> Mapping[str, Array]:
        played = np.sort(self._firsts[self._firsts > 0])
        distinct = np.searchsorted(played, times, side="right").astype(np.float64)
        return {"distinct": distinct, "asked": -distinct}

    def _more_comparators(self, times: NDArray[np.int64]) -> Mapping[str, Array]:
        return {"nothing_asked": np.zeros(len(times))}

    def _more_limits(self, times: NDArray[np.int64]) -> Mapping[str, Array]:
        """At most so many different actions are asked as there are, or rounds."""
        most = np.minimum(times, self._features.n_actions).astype(np.float64)
        return {"queries": np.array([np.ones(len(times)), most])}

    def _more_regrets(self) -> Sequence[Regret]:
        label = "pseudo-regret against the action whose linear reward is best"
        return (
            Regret("linear", "expected_reward", "best_linear", "linear", label),
            Regret("queries", "asked", "nothing_asked", "queries", "different actions played", "actions", worst=""),
        )
