"""What arms share whose rewards are drawn as a run goes on, and those of them whose means change in it."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from typing import Any, final

import numpy as np
from numpy.typing import NDArray

from bandits.arguments import shown
from bandits.contract import Array
from bandits.defaults import default
from bandits.normals import standard_normal
from environments.arms.environment import ArmsEnvironment
from environments.arms.instance import ArmsInstance
from environments.contract import Regret, Source, copy_of, streams


class DrawnArms(ArmsEnvironment[Source]):
    """Arms whose tape is a generator: of what a run begins with, if that is drawn, and of the noise.

    Attributes:
        sd: standard deviation of normal noise, a number where there is such noise.
    """

    sd: Any

    @final
    def draw(self, rng: np.random.Generator) -> Source:
        return streams(rng, 1)[0]

    @final
    def _start(self, tape: Source) -> None:
        self._generator = copy_of(tape)
        self._begin()

    @default
    def _begin(self) -> None:
        """What a run begins with, ``_generator`` at hand. Here: nothing else."""

    @default
    def _noise(self, n: int) -> Array:
        """Here: of rewards 0 or 1, whose levels are probabilities, where the arms are ``binary``; else normal."""
        noise = self._generator.random(n) if self.binary else standard_normal(self._generator, np.empty(n))
        noise *= -1.0 if self.binary else self.sd
        return noise


class ChangingArms(DrawnArms):
    """Arms with other means in other rounds, against the best of each round and the best fixed one so far."""

    _instance: ArmsInstance

    @abstractmethod
    def _means_in(self, row: int) -> Array:
        """Means [n_arms] of a round, counted from 0."""

    @abstractmethod
    def _sums(self) -> Array:
        """Sums [n_arms] of the means over the horizon."""

    def _limits_of_one(self, times: NDArray[np.int64]) -> dict[str, Array]:
        """In expectation, the best arm of each round and the worst, where the means are the same in every run."""
        curves = self.comparators(times)
        plays = np.array([curves["best_arm_each_round"], curves["worst"]])
        return {"dynamic": curves["best_arm_each_round"] - plays, "fixed": curves["best_arm"] - plays}

    @final
    def regrets(self) -> Sequence[Regret]:
        label = "regret against the best arm of each round"
        return (
            Regret("dynamic", "expected_reward", "best_arm_each_round", "dynamic", f"pseudo-{label}"),
            Regret("fixed", "expected_reward", "best_arm", "fixed", "pseudo-regret against the best fixed arm so far"),
            Regret("realized", "reward", "best_arm_each_round", "dynamic", f"realized {label}"),
        )

    @final
    def clairvoyant(self, comparator: str) -> int:
        """``best_arm_each_round``, or ``best_arm`` of the whole horizon."""
        if comparator == "best_arm_each_round":
            return int(np.argmax(self._means_in(min(self.clock, self.horizon - 1))))
        if comparator == "best_arm":
            return int(np.argmax(self._sums()))
        raise ValueError(f"comparator must be best_arm_each_round or best_arm, got {shown(comparator)}")

    @final
    def change_rounds(self) -> Sequence[int]:
        assert self._instance.jumps is not None
        rounds: list[int] = self._instance.jumps[0].tolist()
        return rounds

    @final
    def instance(self) -> ArmsInstance:
        return self._instance
