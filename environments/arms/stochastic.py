"""What the worlds with fixed means share: the best arm as comparator, pseudo-regret, the Lai-Robbins lower bound."""

from __future__ import annotations

import copy
from abc import abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bandits.contract import Array, Bound, Problem
from environments.arms.world import ArmsWorld
from environments.contract import Notion


class StochasticArms(ArmsWorld[np.random.Generator]):
    """Arms with independent rewards and fixed means; the tape is the generator of the rewards."""

    def __init__(self, problem: Problem, means: Array) -> None:
        super().__init__(problem)
        self._means = np.array(means, dtype=np.float64)
        self._facts: Mapping[str, Any] = {
            "means": self._means,
            "stationary": True,
            "oblivious": True,
            "bounded": problem.bounded,
            "changes": 0,
            **self._more_facts(),
        }

    @abstractmethod
    def _more_facts(self) -> Mapping[str, Any]:
        """Facts of the reward distribution: ``variances`` and its kind."""

    @abstractmethod
    def _divergences(self) -> Array:
        """Kullback-Leibler divergences [n_arms] from each arm's rewards to the best arm's, in nats."""

    def draw(self, rng: np.random.Generator) -> np.random.Generator:
        return rng.spawn(1)[0]

    def _start(self, tape: np.random.Generator) -> None:
        self._generator = copy.deepcopy(tape)

    def _levels(self, start: int, stop: int) -> tuple[Array, int, int]:
        return self._means[None, :], 0, stop

    def comparators(self, checkpoints: NDArray[np.int64]) -> Mapping[str, Array]:
        return {"best_arm": checkpoints * np.max(self._means), "worst": checkpoints * np.min(self._means)}

    def notions(self) -> Sequence[Notion]:
        return (
            Notion("pseudo", "expected_reward", "best_arm", "fixed", "pseudo-regret against the best arm"),
            Notion("realized", "reward", "best_arm", "fixed", "realized regret against the best arm's mean"),
        )

    def clairvoyant(self, comparator: str) -> int:
        if comparator != "best_arm":
            raise ValueError(f"comparator must be best_arm, got {comparator!r}")
        return int(np.argmax(self._means))

    def facts(self) -> Mapping[str, Any]:
        return self._facts

    def lower_bounds(self) -> Sequence[Bound]:
        """Lai and Robbins (1985): ``sum gap_i / KL_i * ln t`` asymptotically, for every consistent policy."""
        gaps = np.max(self._means) - self._means
        bad = gaps > 0
        with np.errstate(divide="ignore"):
            slope = float(np.sum(gaps[bad] / self._divergences()[bad]))
        return (
            Bound(
                "Lai-Robbins rate (asymptotic)",
                "lower",
                lambda t: slope * np.log(t),
                "fixed",
                "Lai and Robbins 1985, Theorem 2 (asymptotic: for every consistent policy, the limit inferior of "
                "regret / ln t is at least this slope; at a finite t nothing is claimed)",
            ),
        )
