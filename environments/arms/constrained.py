"""Arms whose levels jump while their gaps stay: a stochastically constrained adversary."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from bandits.arguments import integer, real, reals, shown
from bandits.arms.problem import BanditProblem
from bandits.contract import Array
from environments.arms.drawn import DrawnArms
from environments.arms.instance import ArmsInstance
from environments.contract import Regret


class ConstrainedArms(DrawnArms):
    """Bernoulli arms that stay as far behind the best one as they are, while the means of all jump together.

    Phase j = 0, 1, ... lasts ``ceil(growth^j)`` rounds. In even phases the best arm has the mean ``max gaps``, in odd
    ones 1; arm ``i`` is behind by ``gaps[i]`` in both. After the experiment of J. Zimmert and Y. Seldin, *Tsallis-INF*,
    JMLR 22, 2021 (from memory).

    Args:
        gaps: [n_arms] in [0, 1], exactly one of them 0: the best arm's.
        growth: of the phases, >= 1.
        horizon: number of rounds, >= 1.
    """

    binary = True

    def __init__(self, gaps: Sequence[float], growth: float = 1.6, horizon: int = 10_000) -> None:
        self.gaps = reals("gaps", gaps, 0.0, 1.0, closed="both")
        self.growth = real("growth", growth, 1.0, closed="low")
        integer("number of gaps", len(self.gaps))
        if (best := sum(gap == 0.0 for gap in self.gaps)) != 1:
            raise ValueError(f"gaps must have exactly one 0, that of the best arm, got {best} in {shown(self.gaps)}")
        super().__init__(BanditProblem(n_actions=len(self.gaps), horizon=integer("horizon", horizon)))
        behind = np.array(self.gaps)
        self._levels_of = behind.max() - behind, 1.0 - behind
        self.starts = _starts(self.growth, horizon)
        self._instance = ArmsInstance(oblivious=True, bernoulli=True, bounded=True, constrained_gap=behind)

    def _levels(self, start: int, stop: int) -> tuple[Array, int, int]:
        phase = int(np.searchsorted(self.starts, start, side="right")) - 1
        end = stop if phase + 1 == len(self.starts) else min(stop, int(self.starts[phase + 1]))
        return self._levels_of[phase % 2][None, :], 0, end

    def _rounds(self, times: NDArray[np.int64]) -> NDArray[np.int64]:
        """Rounds [2, n_times] in even phases, and in odd ones."""
        lengths = np.diff(self.starts, append=self.horizon)
        passed = np.clip(times[:, None] - self.starts, 0, lengths)
        return np.array([passed[:, 0::2].sum(axis=1), passed[:, 1::2].sum(axis=1)])

    def comparators(self, times: NDArray[np.int64]) -> Mapping[str, Array]:
        best = np.array([level.max() for level in self._levels_of]) @ self._rounds(times)
        return {"best_arm": best, "worst": best - times * max(self.gaps)}

    def limits(self, times: NDArray[np.int64]) -> Mapping[str, Array]:
        """In expectation, the best arm in every round and the worst; realized, the most and the least that can be paid.

        An arm of mean 0 or 1 always pays that.
        """
        best = self.comparators(times)["best_arm"]
        ends = np.array([[np.ceil(level.max()), np.floor(level.min())] for level in self._levels_of])
        return {
            "pseudo": times * np.array([[0.0], [max(self.gaps)]]),
            "realized": best - ends.T @ self._rounds(times),
        }

    def regrets(self) -> Sequence[Regret]:
        return (
            Regret("pseudo", "expected_reward", "best_arm", "fixed", "pseudo-regret against the best arm"),
            Regret("realized", "reward", "best_arm", "fixed", "realized regret against the best arm's means"),
        )

    def change_rounds(self) -> Sequence[int]:
        """The starts of the phases, unless the levels of all are the same."""
        rounds: list[int] = (self.starts[1:] + 1).tolist()
        return rounds if max(self.gaps) < 1.0 else ()

    def clairvoyant(self, comparator: str) -> int:
        if comparator != "best_arm":
            raise ValueError(f"comparator must be best_arm, got {shown(comparator)}")
        return self.gaps.index(0.0)

    def instance(self) -> ArmsInstance:
        return self._instance


def _starts(growth: float, horizon: int) -> NDArray[np.int64]:
    """The first rounds, from 0, of the phases that begin before the horizon."""
    starts, length = [0], 1.0
    while starts[-1] < horizon:
        starts.append(starts[-1] + int(np.ceil(min(length, horizon))))
        length *= growth
    return np.array(starts[:-1], dtype=np.int64)
