"""A fixed set of actions whose parameter an adversary changes from round to round."""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bandits.arguments import affordable, integer, is_list, one_of, real, shaped, shown
from bandits.contract import Array
from bandits.linear.problem import Features, FullFeedbackLinearProblem, LinearProblem
from bandits.linear.theory import LinearInstance
from bandits.registry import Component
from environments.contract import Regret
from environments.linear.actions import action_set
from environments.linear.environment import LinearEnvironment, Noise, level_rows
from environments.linear.sequences import SEQUENCES, Adversary, Table

NUMBERS = 1 << 20
"""Numbers in a block of mean rewards."""


class AdversarialLinearBandit(LinearEnvironment):
    """Actions that pay ``<a, theta_t>``, with ``theta_t`` fixed before the first action, and noise where asked for.

    Two comparators: ``best_action``, the one with the largest sum for the rounds so far, in hindsight; and ``dynamic``,
    the best of every round.

    Args:
        actions: as of ``LinearBandit``.
        thetas: a name or ``{"name": ..., "parameters": {...}}`` of ``environments.linear.sequences``: "switching",
            "rotating", "trap" or "stochastic"; or a table [n_rounds, dimension].
        noise: as of ``LinearBandit``; most often "none".
        sigma: as of ``LinearBandit``; but with "none", None tells the learner no more than the range of rewards.
        low: smallest possible reward, as learners are told it; None for minus what the norms allow.
        high: largest possible reward; None for what the norms allow.
        parameter_norm: S, which no ``theta_t`` exceeds, as learners are told it; None for the largest norm.
        feature_norm: as of ``LinearBandit``.
        horizon: number of rounds, >= 1.
        feedback: as of ``LinearBandit``.

    Raises:
        ValueError: a parameter out of its domain, or limits that do not hold.
    """

    problem: LinearProblem | FullFeedbackLinearProblem

    def __init__(
        self,
        actions: Component | Sequence[Sequence[float]] | Array = "sphere",
        thetas: Component | Sequence[Sequence[float]] | Array = "switching",
        noise: str = "none",
        sigma: float | None = None,
        low: float | None = None,
        high: float | None = None,
        parameter_norm: float | None = None,
        feature_norm: float | None = None,
        horizon: int = 10_000,
        feedback: str = "bandit",
    ) -> None:
        self.actions, self.thetas, self.noise, self.sigma = actions, thetas, noise, sigma
        self.low, self.high, self.feedback = low, high, feedback
        self.parameter_norm, self.feature_norm = parameter_norm, feature_norm
        self._features = features = Features(action_set(actions).table())
        rows: Any = shaped("thetas", thetas, (None, None)) if is_list(thetas) else None
        self._adversary: Adversary = (
            Table(rows) if rows is not None else SEQUENCES.build(thetas, "thetas", of=Adversary)
        )
        self._adversary.check(features.dimension, integer("horizon", horizon))
        affordable(
            "horizon", f"a table of {horizon} parameters of {features.dimension} numbers", horizon * features.dimension
        )
        largest = self._adversary.largest_norm(features.dimension)
        told = real("parameter_norm", largest if parameter_norm is None else parameter_norm, 0.0, closed="low")
        if largest > told * (1.0 + 1e-9):
            raise ValueError(f"parameter_norm must be at least {largest!r}, the largest norm of theta, got {told!r}")
        limit = features.largest_norm if feature_norm is None else real("feature_norm", feature_norm, 0.0, closed="low")
        kind = Noise(noise, sigma)
        about = kind.ranges(limit * told)
        if noise == "none" and sigma is None:
            about["noise"] = None
        for name, given in (("low", low), ("high", high)):
            if given is not None:
                about[name] = real(name, given)
        full = one_of("feedback", feedback, ("bandit", "full")) == "full"
        problem = FullFeedbackLinearProblem if full else LinearProblem
        super().__init__(
            problem(features=features, horizon=horizon, parameter_norm=told, feature_norm=limit, **about), kind
        )
        self._rounds = max(1, NUMBERS // features.n_actions)
        self._instance = LinearInstance(
            features=features,
            error=0.0,
            parameter_norm=largest,
            feature_norm=features.largest_norm,
            sub_gaussian=kind.true,
            noise_is_gaussian=noise == "gaussian",
            largest_gap=self.problem.largest_gap,
            oblivious_rewards=True,
            oblivious=True,
            bernoulli=self.binary,
            bounded=self.problem.bounded and (noise != "gaussian" or kind.true == 0.0),
        )
        if low is not None or high is not None:
            probe = copy.copy(self)  # a range that does not hold is found before a run
            probe.begin(probe.draw(np.random.default_rng(0)))

    def _begin(self) -> None:
        self._thetas = self._adversary.table(self._luck.parameter, self.horizon, self._features.dimension)
        self.__dict__.pop("_sums", None)
        if self.binary or self.low is not None or self.high is not None:
            self._check_range()

    def _check_range(self) -> None:
        """See that rewards are within the declared range, where that is not what the norms allow; not Gaussian ones."""
        beyond = self._kind.true if self._kind.kind == "uniform" else 0.0
        low, high = self.problem.low - 1e-12, self.problem.high + 1e-12
        for start in range(0, self.horizon, self._rounds):
            levels = self._levels(start, self.horizon)[0]
            self._check_probabilities(levels)
            least, most = float(levels.min()) - beyond, float(levels.max()) + beyond
            if self._kind.kind in ("none", "uniform") and not (least >= low and most <= high):
                raise ValueError(
                    f"low and high must be at most and at least what actions pay, from {least!r} to {most!r}, got "
                    f"{self.problem.low!r} and {self.problem.high!r}"
                )

    def _levels(self, start: int, stop: int) -> tuple[Array, int, int]:
        end = min(stop, start + self._rounds)
        levels = np.empty((end - start, self._features.n_actions))
        level_rows(self._features.array[None], self._thetas[start:end], levels)
        return levels, 1, end

    @cached_property
    def _sums(self) -> tuple[Array, Array, Array]:
        """Sums over the rounds so far: of parameters [horizon, d], of the best and of the worst rewards [horizon]."""
        best, worst = np.empty(self.horizon), np.empty(self.horizon)
        for start in range(0, self.horizon, self._rounds):
            levels, _, end = self._levels(start, self.horizon)
            best[start:end], worst[start:end] = levels.max(axis=1), levels.min(axis=1)
        return np.cumsum(self._thetas, axis=0), np.cumsum(best), np.cumsum(worst)

    def comparators(self, times: NDArray[np.int64]) -> Mapping[str, Array]:
        thetas, best, worst = self._sums
        fixed = np.array([np.max(self._earned(thetas[t - 1])) for t in times.tolist()])
        return {"best_action": fixed, "dynamic": best[times - 1], "worst": worst[times - 1]}

    def _earned(self, theta: Array) -> Array:
        """What each action [n_actions] pays under one parameter, or a sum of parameters."""
        levels = np.empty((1, self._features.n_actions))
        level_rows(self._features.array[None], theta[None], levels)
        row: Array = levels[0]
        return row

    def limits(self, times: NDArray[np.int64]) -> Mapping[str, Array]:
        """Of parameters that are not drawn, the best action of each round and the worst; else what norms allow."""
        if self._features.n_actions == 1:
            found = {name: np.zeros((2, len(times))) for name in ("pseudo", "dynamic")}
        elif self._adversary.random:
            gap = 2.0 * self._features.largest_norm * self._adversary.largest_norm(self._features.dimension)
            ends = times * np.array([[-gap], [gap]])
            found = {"pseudo": ends, "dynamic": np.maximum(ends, 0.0)}
        else:
            curves = self.comparators(times)
            plays = np.array([curves["dynamic"], curves["worst"]])
            found = {"pseudo": curves["best_action"] - plays, "dynamic": curves["dynamic"] - plays}
        if self._kind.kind != "gaussian":
            beyond = {"uniform": self._kind.told, "none": 0.0, "bernoulli": 1.0}[self._kind.kind]
            found["realized"] = found["pseudo"] + times * np.array([[-beyond], [beyond]])
        return found

    def regrets(self) -> Sequence[Regret]:
        label = "regret against the best fixed action in hindsight"
        dynamic = "pseudo-regret against the best action of each round"
        return (
            Regret("pseudo", "expected_reward", "best_action", "fixed", f"pseudo-{label}"),
            Regret("dynamic", "expected_reward", "dynamic", "dynamic", dynamic),
            Regret("realized", "reward", "best_action", "fixed", f"realized {label}"),
        )

    def clairvoyant(self, comparator: str) -> int:
        """``best_action`` of the whole horizon, or ``dynamic``."""
        if comparator == "best_action":
            return int(np.argmax(self._earned(self._sums[0][-1])))
        if comparator == "dynamic":
            return int(np.argmax(self._earned(self._thetas[min(self.clock, self.horizon - 1)])))
        raise ValueError(f"comparator must be best_action or dynamic, got {shown(comparator)}")

    def instance(self) -> LinearInstance:
        return self._instance
