"""What environments with fixed means share: the best arm as comparator, pseudo-regret, Lai and Robbins' lower bound."""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from bandits.arms.problem import ActionsProblem
from bandits.contract import Array, Bound
from environments.arms.environment import ArmsEnvironment
from environments.arms.instance import StochasticInstance
from environments.contract import Regret


class StochasticArms(ArmsEnvironment[np.random.Generator]):
    """Arms with independent rewards and fixed means; the tape is the generator of the rewards."""

    def __init__(self, problem: ActionsProblem, instance: StochasticInstance) -> None:
        super().__init__(problem)
        assert instance.means is not None
        self._means, self._instance = instance.means, instance

    def draw(self, rng: np.random.Generator) -> np.random.Generator:
        return rng.spawn(1)[0]

    def _start(self, tape: np.random.Generator) -> None:
        self._generator = copy.deepcopy(tape)

    def _levels(self, start: int, stop: int) -> tuple[Array, int, int]:
        return self._means[None, :], 0, stop

    def comparators(self, times: NDArray[np.int64]) -> Mapping[str, Array]:
        return {"best_arm": times * np.max(self._means), "worst": times * np.min(self._means)}

    def regrets(self) -> Sequence[Regret]:
        return (
            Regret("pseudo", "expected_reward", "best_arm", "fixed", "pseudo-regret against the best arm"),
            Regret("realized", "reward", "best_arm", "fixed", "realized regret against the best arm's mean"),
        )

    def clairvoyant(self, comparator: str) -> int:
        if comparator != "best_arm":
            raise ValueError(f"comparator must be best_arm, got {comparator!r}")
        return int(np.argmax(self._means))

    def instance(self) -> StochasticInstance:
        return self._instance

    def lower_bounds(self) -> Sequence[Bound]:
        """Lai and Robbins (1985): ``sum gap_i / KL_i * ln t`` asymptotically, for every consistent policy."""
        slope = self._instance.lai_robbins
        return (
            Bound(
                "Lai-Robbins rate (asymptotic)",
                "lower",
                lambda t: slope * np.log(t),
                "fixed",
                "Lai and Robbins 1985, Theorem 2 (asymptotic: for every consistent policy, the limit inferior of "
                "regret / ln t is at least this slope; at a finite t nothing is claimed)",
                "exact",
            ),
        )
