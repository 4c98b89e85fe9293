"""Arms whose means move in every round: along a sine, or as random walks. Rewards are 0 or 1."""

from __future__ import annotations

import math
from abc import abstractmethod
from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from bandits.arguments import affordable, integer, one_of, positive, real
from bandits.arms.problem import BanditProblem, FullFeedbackProblem
from bandits.contract import Array, Bound
from environments.arms.drawn import ChangingArms
from environments.arms.instance import ArmsInstance, jumps_of
from environments.arms.tables import ahead


class DriftingMeans(ChangingArms):
    """Bernoulli arms with a mean of each round's own. A subclass says which.

    Two comparators, in expected reward: ``best_arm_each_round``, and ``best_arm``, the best fixed arm for the rounds so
    far. The tape is the generator of the means, if they are drawn, and of the rewards.
    """

    binary = True

    def __init__(self, n_arms: int, horizon: int, feedback: str) -> None:
        self.feedback = one_of("feedback", feedback, ("bandit", "full"))
        cells = integer("horizon", horizon) * integer("n_arms", n_arms)
        affordable("horizon or n_arms", f"means of {horizon} rounds and {n_arms} arms, twice", 2 * cells)
        kind = FullFeedbackProblem if feedback == "full" else BanditProblem
        super().__init__(kind(n_actions=n_arms, horizon=horizon))

    @abstractmethod
    def _means_of(self, rng: np.random.Generator) -> Array:
        """Means [horizon, n_arms] of a run."""

    def _begin(self) -> None:
        self._means = np.ascontiguousarray(self._means_of(self._generator))
        jumps = jumps_of(self._means, np.arange(1, self.horizon + 1))
        self._instance = ArmsInstance(oblivious=True, bernoulli=True, bounded=True, changes=len(jumps[0]), jumps=jumps)

    def _levels(self, start: int, stop: int) -> tuple[Array, int, int]:
        return self._means[start:stop], 1, stop

    def comparators(self, times: NDArray[np.int64]) -> Mapping[str, Array]:
        starts, means = np.concatenate([[0], times[:-1]]), self._means[: times[-1]]
        return {
            "best_arm_each_round": np.cumsum(np.add.reduceat(means.max(axis=1), starts)),
            "best_arm": np.cumsum(np.add.reduceat(means, starts, axis=0), axis=0).max(axis=1),
            "worst": np.cumsum(np.add.reduceat(means.min(axis=1), starts)),
        }

    def _means_in(self, row: int) -> Array:
        means: Array = self._means[row]
        return means

    def _sums(self) -> Array:
        sums: Array = self._means.sum(axis=0)
        return sums

    def lower_bounds(self) -> Sequence[Bound]:
        """Besbes, Gur and Zeevi (2014): for every policy some means of variation ``V`` cost ``(K V)^(1/3) T^(2/3)``.

        An order in the horizon for the class of all such means, which says nothing of these alone.
        """
        variation, k = self._instance.variation, self.problem.n_actions
        assert variation is not None
        return (
            Bound(
                "rate for this variation",
                "order",
                lambda t: (k * variation) ** (1.0 / 3.0) * t ** (2.0 / 3.0),
                "dynamic",
                "Besbes, Gur, Zeevi 2014 (recalled): for every policy, some means of this variation; constant 1 by "
                "convention, and at a finite t nothing is claimed",
                "recalled",
                time="asymptotic",
            ),
        )


class DriftSine(DriftingMeans):
    """Two arms whose means cross: ``1/2 + 0.3 sin(5 pi V t / (3 T))`` in round ``t`` of ``T``, and 1 less that.

    Args:
        budget: ``V``, > 0; the variation is about that, and the instance knows it exactly (2.99953 for 3 and 10 000).
        horizon: number of rounds, >= 1.
        feedback: "bandit" or "full".
    """

    def __init__(self, budget: float = 3.0, horizon: int = 10_000, feedback: str = "bandit") -> None:
        self.budget = positive("budget", budget)
        super().__init__(2, horizon, feedback)

    def _means_of(self, rng: np.random.Generator) -> Array:
        t = np.arange(1.0, self.horizon + 1.0)
        first = 0.5 + 0.3 * np.sin(5.0 * math.pi * self.budget * t / (3.0 * self.horizon))
        return np.stack([first, 1.0 - first], axis=1)

    def limits(self, times: NDArray[np.int64]) -> Mapping[str, Array]:
        return self._limits_of_one(times)


class DriftWalk(DriftingMeans):
    """Every mean is a random walk of its own in [0.1, 0.9], reflected at both ends, from a uniform start.

    Args:
        largest_step: in (0, 0.8]; a step is uniform between it and its negative.
        n_arms: number of arms, >= 1.
        horizon: number of rounds, >= 1.
        feedback: "bandit" or "full".
    """

    def __init__(
        self, largest_step: float = 0.01, n_arms: int = 3, horizon: int = 10_000, feedback: str = "bandit"
    ) -> None:
        self.largest_step, self.n_arms = real("largest_step", largest_step, 0.0, 0.8, closed="high"), n_arms
        super().__init__(n_arms, horizon, feedback)

    def _means_of(self, rng: np.random.Generator) -> Array:
        walk = rng.uniform(-self.largest_step, self.largest_step, (self.horizon, self.problem.n_actions))
        walk[0] = rng.uniform(0.0, 0.8, self.problem.n_actions)
        np.cumsum(walk, axis=0, out=walk)
        walk %= 1.6  # reflected at 0 and 0.8, it is the walk on the line folded
        return np.asarray(0.1 + np.minimum(walk, 1.6 - walk))

    def limits(self, times: NDArray[np.int64]) -> Mapping[str, Array]:
        """What holds of all means in [0.1, 0.9]; how far a play can be ahead of the best fixed arm says ``ahead``."""
        k = self.problem.n_actions
        behind = 0.8 * times * (k > 1)
        return {
            "dynamic": np.array([0.0 * behind, behind]),
            "fixed": np.array([-0.8 * ahead(times, k), behind]),
            "realized": times * np.array([[-0.9], [0.9]]),
        }
