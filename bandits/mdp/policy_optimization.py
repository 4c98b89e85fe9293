"""Policy optimisation against losses that change, with known transitions: what three learners share.

After each episode, played by the policy pi, the Q-functions of all states and actions are estimated from its losses
(``bandits.mdp.estimators``), and a bonus B is taken off, which pays for what the estimates at later stages cost. The
next policy follows, at every stage and in every state by itself, from

    x = eta sum over the episodes of (Q - B),

by exponential weights or by the log barrier. A learner names its estimate, its step, and its rates.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from bandits.arguments import at_least_zero, integer, positive, real
from bandits.contract import Array, Assumption, Bound, Instance
from bandits.frozen import read_only
from bandits.kernels import kernel
from bandits.linear.adversarial import exponential_weights
from bandits.mdp.estimators import dilated_bonus, estimate
from bandits.mdp.flows import uniform_policy
from bandits.mdp.losses_policy import LossesPolicy, simulated_visits
from bandits.mdp.planning import occupancy
from bandits.mdp.problem import BanditLossProblem, Trajectory
from bandits.mdp.theory import LossesInstance

LARGEST = 1e100
"""Of eta beta, for sums over all episodes to be numbers whatever the norms of features are."""


class PolicyOptimization(LossesPolicy):
    """A learner that needs the model, and features in which Q-functions are linear, where there are any.

    Args:
        eta: rate, > 0; None for the learner's own, which needs a horizon.
        gamma: ridge of the estimates, >= 0; None for the learner's own, which follows from eta.
        beta: weight of the bonus, >= 0; None for ``eta H^2`` with eta as scaled, and for 0 where H = 1 and there are no
            later stages.
        eta_scale: multiplies eta, > 0, but leaves the learner's own gamma.
        bonus_scale: multiplies beta, >= 0.
        mixing: share of uniform play in every policy that is played, in [0, 1].
        draws: number of simulated episodes, at least ten a feature, from which the visits of a policy are told; None:
            they are exact.
    """

    reduced: ClassVar[bool] = False
    source: ClassVar[str]

    def __init__(
        self,
        eta: float | None = None,
        gamma: float | None = None,
        beta: float | None = None,
        eta_scale: float = 1.0,
        bonus_scale: float = 1.0,
        mixing: float = 0.0,
        draws: int | None = None,
    ) -> None:
        self.eta = None if eta is None else positive("eta", eta)
        self.gamma = None if gamma is None else at_least_zero("gamma", gamma)
        self.beta = None if beta is None else at_least_zero("beta", beta)
        self.eta_scale = positive("eta_scale", eta_scale)
        self.bonus_scale = at_least_zero("bonus_scale", bonus_scale)
        self.mixing = real("mixing", mixing, 0.0, 1.0, closed="both")
        self.draws = None if draws is None else integer("draws", draws)

    @abstractmethod
    def best_eta(self, problem: BanditLossProblem, episodes: int) -> float:
        """The learner's own eta, a convention of this project."""

    @abstractmethod
    def best_gamma(self, problem: BanditLossProblem, eta: float) -> float:
        """The learner's own gamma, a convention of this project."""

    @abstractmethod
    def step(self, x: Array, policy: Array) -> None:
        """Fill in the policy [n, n_actions] that follows from x [n, n_actions]."""

    @abstractmethod
    def rate(self, problem: BanditLossProblem, t: Array) -> Array:
        """The order of the theorem."""

    def constants(self, problem: BanditLossProblem) -> tuple[float, float, float]:
        """(eta, gamma, beta) of a run.

        Raises:
            ValueError: eta is to be tuned to a horizon, and there is none; or sums would be beyond all numbers.
        """
        if self.eta is not None:
            eta = self.eta
        elif problem.horizon is not None:
            eta = self.best_eta(problem, problem.horizon)
        else:
            raise ValueError(f"{type(self).__name__} needs a horizon or eta: the problem has horizon=None")
        gamma = self.best_gamma(problem, eta) if self.gamma is None else self.gamma
        eta *= self.eta_scale
        own = eta * problem.n_stages**2 if problem.n_stages > 1 else 0.0
        beta = (own if self.beta is None else self.beta) * self.bonus_scale
        if not max(1.0, eta) * max(1.0, beta) <= LARGEST:
            raise ValueError(
                f"eta_scale and bonus_scale must be lower: eta beta may be {LARGEST:g} at most, got {eta:g} times "
                f"{beta:g}"
            )
        return eta, gamma, beta

    def start(self, problem: BanditLossProblem) -> None:
        eta, gamma, beta = self.constants(problem)
        H, S, A = problem.n_stages, problem.n_states, problem.n_actions
        features = np.empty((0, 0)) if problem.features is None else problem.features.array.reshape(S * A, -1)
        if gamma == 0.0:
            _check_span(problem, features)
        if self.draws is not None and self.draws < 10 * problem.dimension:
            raise ValueError(
                f"draws must be at least {10 * problem.dimension}, ten for each of {problem.dimension} features, got "
                f"{self.draws}"
            )
        self._eta, self._gamma, self._beta, self._features = eta, gamma, beta, features
        self._sums, self._q, self._norms, self._bonus = np.zeros((4, H, S, A))
        self._least = 0.0

    @property
    def least(self) -> float:
        """The least ``eta Q`` of all estimates so far; exponential weights ask for at least -1 or so."""
        return self._least

    def pick(self) -> NDArray[Any]:
        policy = np.empty(self._sums.shape)
        n_actions = self._problem.n_actions
        self.step((self._eta * self._sums).reshape(-1, n_actions), policy.reshape(-1, n_actions))
        return policy if self.mixing == 0.0 else (1.0 - self.mixing) * policy + self.mixing / n_actions

    def take(self, played: NDArray[Any], trajectory: Trajectory) -> None:
        problem, model, flat = self._problem, self._problem.model, (self._problem.n_stages, -1)
        if self.draws is None:
            visits = occupancy(model, problem.start_law, played)
        else:
            visits = simulated_visits(problem, played, self.draws, self._rng)
        pairs = trajectory.states[:-1] * problem.n_actions + trajectory.actions
        q, norms = self._q.reshape(flat), self._norms.reshape(flat)
        losses = -trajectory.rewards
        if not estimate(
            read_only(self._features), visits.reshape(flat), self._gamma, pairs, losses, self.reduced, q, norms
        ):
            return
        self._least = min(self._least, self._eta * float(q.min()))
        self._sums += self._q
        if self._beta > 0.0:
            rows = (model.n_stages, model.starts, model.states, model.probabilities)
            dilated_bonus(*rows, read_only(played), self._norms, self._beta, self._bonus)
            self._sums -= self._bonus

    def regret_bounds(self, problem: BanditLossProblem, instance: Instance) -> Sequence[Bound]:
        """The order of the theorem; its constant is a convention, and all but the exponent of t is recalled."""
        if not isinstance(instance, LossesInstance):
            return ()
        given = (self.eta, self.gamma, self.beta, self.draws)
        scales = (self.eta_scale, self.bonus_scale, self.mixing)
        own = given == (None, None, None, None) and scales == (1.0, 1.0, 0.0)
        return (
            Bound(
                "policy optimisation rate",
                "order",
                lambda t: self.rate(problem, t),
                "fixed",
                self.source,
                "convention",
                (
                    instance.fixed_beforehand,
                    instance.linear_values,
                    Assumption("own constants and exact visits", own),
                ),
                time="horizon-tuned",
            ),
        )


def _check_span(problem: BanditLossProblem, features: Array) -> None:
    """See that an estimate without a ridge is defined: features of what can be visited span all dimensions."""
    everywhere = occupancy(
        problem.model, problem.start_law, uniform_policy(problem.n_stages, problem.n_states, problem.n_actions)
    )
    for h, visits in enumerate(everywhere.reshape(problem.n_stages, -1)):
        seen = visits > 0.0
        rank = int(seen.sum()) if features.size == 0 else int(np.linalg.matrix_rank(features[seen]))
        if rank < problem.dimension:
            raise ValueError(
                f"gamma must be > 0, as what can be visited at stage {h} has features of rank {rank} in "
                f"{problem.dimension} dimensions, got 0"
            )


@kernel
def exponential_rows(x: Array, policy: Array) -> None:
    """Fill in ``policy ∝ exp(-x)``, row by row."""
    for i in range(x.shape[0]):
        exponential_weights(x[i], 1.0, policy[i])
