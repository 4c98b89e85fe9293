"""Bernoulli arms of which an adversary turns rewards ``x`` into ``1 - x``, in a limited number of rounds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from bandits.arguments import integer, one_of, reals, shown
from bandits.arms.problem import Actions, BanditProblem
from bandits.contract import Array
from environments.arms.drawn import DrawnArms
from environments.arms.instance import CorruptedInstance
from environments.contract import Regret
from environments.record import Plays, Record


class CorruptedArms(DrawnArms):
    """Bernoulli arms under corruption; a round reveals the reward of the arm played, as corrupted.

    In rounds 1..L an arm that the adversary attacks shows ``1 - x`` in place of its reward ``x``: every arm under
    "flip_first", with ``L = budget``; under "flip_best" the best arm (the lowest of them) alone, until it was played
    ``budget`` times, so that L depends on the plays.

    Two regret definitions, both in expectation: ``pseudo``, in the means without corruption, against the best arm; and
    ``observed``, in the means of what was shown, against the arm for which they sum up to the most so far. Of the
    latter speak theorems against an adversary; the former is at most 2 larger for each corrupted round.

    Args:
        means: [n_arms] success probabilities in [0, 1], without corruption.
        budget: most rounds that are corrupted, in 0..horizon.
        mode: "flip_first" or "flip_best".
        horizon: number of rounds, >= 1.
    """

    binary = True

    def __init__(self, means: Sequence[float], budget: int, mode: str = "flip_first", horizon: int = 10_000) -> None:
        self.means = reals("means", means, 0.0, 1.0, closed="both")
        self.mode = one_of("mode", mode, ("flip_first", "flip_best"))
        integer("number of means", len(self.means))
        super().__init__(BanditProblem(n_actions=len(self.means), horizon=integer("horizon", horizon)))
        self.budget = integer("budget", budget, 0, horizon)
        self._means = np.array(self.means)
        self._best = int(np.argmax(self._means))
        attacked = mode == "flip_first" or np.arange(len(self.means)) == self._best
        self._flipped = np.where(attacked, 1.0 - self._means, self._means)
        clean = budget == 0
        self._instance = CorruptedInstance(
            means=self._means if clean else None,
            variances=self._means * (1.0 - self._means) if clean else None,
            stationary=clean,
            oblivious=clean or mode == "flip_first",
            bernoulli=True,
            bounded=True,
            constrained_gap=np.max(self._means) - self._means,
            corruption=self.budget,
        )

    def _begin(self) -> None:
        self._left, self._last = self.budget, self.budget if self._instance.oblivious else self.horizon
        self._uncorrupted = Record(("reward", "expected_reward"))

    def _levels(self, start: int, stop: int) -> tuple[Array, int, int]:
        """A stretch with an attack has as many rounds as flips are left: in each of them it cannot run out."""
        if self._left == 0:
            return self._means[None, :], 0, stop
        return self._flipped[None, :], 0, min(stop, start + self._left)

    def _note(self, start: int, actions: Actions) -> None:
        levels = self._means[actions]
        self._uncorrupted.plays(start, Plays(levels, np.zeros(levels.size), False))
        if self._left > 0:
            flips = actions.size if self.mode == "flip_first" else int(np.count_nonzero(actions == self._best))
            self._left -= flips
            if self._left == 0:
                self._last = start + actions.size

    def _more_metrics(self, times: NDArray[np.int64]) -> Mapping[str, Array]:
        return {"uncorrupted_reward": self._uncorrupted.at(times)["expected_reward"]}

    def comparators(self, times: NDArray[np.int64]) -> Mapping[str, Array]:
        self._settle()
        attacked = np.minimum(times, self._last)
        shown_levels = np.outer(attacked, self._flipped) + np.outer(times - attacked, self._means)
        return {
            "best_arm": times * self._means.max(),
            "worst": times * self._means.min(),
            "best_shown": shown_levels.max(axis=1),
            "worst_shown": attacked * self._flipped.min() + (times - attacked) * self._means.min(),
        }

    def limits(self, times: NDArray[np.int64]) -> Mapping[str, Array]:
        """Of ``pseudo``, the best arm in every round and the worst.

        Of ``observed`` likewise, in what is shown, where the attack does not depend on the plays; else what holds
        whatever is shown.
        """
        pseudo = times * np.array([[0.0], [np.ptp(self._means)]])
        if not self._instance.oblivious:
            return {"pseudo": pseudo, "observed": times * np.array([[-1.0], [1.0]])}
        attacked, curves = np.minimum(times, self.budget), self.comparators(times)
        most = attacked * self._flipped.max() + (times - attacked) * self._means.max()
        return {"pseudo": pseudo, "observed": curves["best_shown"] - np.array([most, curves["worst_shown"]])}

    def regrets(self) -> Sequence[Regret]:
        what = "pseudo-regret in uncorrupted means"
        shown_to = "pseudo-regret in what was shown, against its best arm so far"
        return (
            Regret("pseudo", "uncorrupted_reward", "best_arm", "uncorrupted", what),
            Regret("observed", "expected_reward", "best_shown", "fixed", shown_to, worst="worst_shown"),
        )

    def change_rounds(self) -> Sequence[int]:
        """The round after the last attack, where that does not depend on the plays and its means are others."""
        ends = self.mode == "flip_first" and 0 < self.budget < self.horizon
        return (self.budget + 1,) if ends and not np.array_equal(self._means, self._flipped) else ()

    def clairvoyant(self, comparator: str) -> int:
        if comparator != "best_arm":
            raise ValueError(f"comparator must be best_arm, got {shown(comparator)}")
        return self._best

    def instance(self) -> CorruptedInstance:
        return self._instance
