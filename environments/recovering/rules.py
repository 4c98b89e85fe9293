"""Rules that know the curves: myopia, looking ahead, randomised rounding, round robin.

* ``myopic``: the K arms with the largest rewards now, those with 0 left out; ties to the smaller index.
* ``greedy_available``: the same for blocking arms (0 until recovered): the K best available arms; S. Basu, R. Sen,
  S. Sanghavi, S. Shakkottai, *Blocking Bandits*, NeurIPS 2019 (abstract).
* ``lookahead``: the first period of the best next w periods; after C. Pike-Burke, S. Grünewälder, *Recovering Bandits*,
  NeurIPS 2019 (recalled).
* ``interleaved``: the fluid solution gives each arm a random critical period and a uniform offset; when more than K
  clocks ring, the K arms with the largest ``R_i(d_i)`` are pulled; after O. Papadigenopoulos, C. Caramanis,
  S. Shakkottai, NeurIPS 2022 (recalled).
* ``round_robin``: the m best rested arms in turn, K a period, with the best m; cf. L. Cella, N. Cesa-Bianchi, AISTATS
  2020 (recalled).
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bandits.contract import Array
from bandits.kernels import kernel
from bandits.recovering.fluid import Fluid, fluid
from bandits.recovering.planners import Planner
from bandits.recovering.problem import Schedule
from bandits.recovering.schedule import Periods, offsets_of, schedule_of
from environments.recovering.optimum import subsets_of

CHUNK = 4096
"""Most periods that are foreseen at once."""

MOST_LEAVES = 1_000_000
"""Largest number of sequences that ``lookahead`` tries."""


@kernel
def _largest(values: Array, row: NDArray[np.int64]) -> None:
    """Writes into ``row`` the indices of its size's largest positive values, ascending, -1 after them."""
    plays, used = row.size, 0
    top = np.empty(plays)
    row[:] = values.size
    for i in range(values.size):
        if values[i] <= 0.0 or (used == plays and values[i] <= top[plays - 1]):
            continue
        used = min(used + 1, plays)
        j = used - 1
        while j > 0 and top[j - 1] < values[i]:
            top[j], row[j] = top[j - 1], row[j - 1]
            j -= 1
        top[j], row[j] = values[i], i
    row.sort()
    for s in range(plays):
        if row[s] == values.size:
            row[s] = -1


@kernel
def myopic(curves: Array, idle: NDArray[np.int64], periods: int, plays: int) -> Schedule:
    """Pulls [periods, plays] from the idle times [n_arms] on."""
    schedule = np.empty((periods, plays), dtype=np.int64)
    n_arms, longest = curves.shape
    idle, values = idle.copy(), np.empty(n_arms)
    for t in range(periods):
        for i in range(n_arms):
            values[i] = curves[i, idle[i] - 1]
            idle[i] = min(idle[i] + 1, longest)
        _largest(values, schedule[t])
        for arm in schedule[t]:
            if arm >= 0:
                idle[arm] = 1
    return schedule


@kernel
def lookahead(curves: Array, idle: NDArray[np.int64], sets: Schedule, window: int) -> int:
    """Index in ``sets`` [n_sets, plays] of the first set of the best ``window`` periods, the first among ties."""
    n_sets, n_arms, longest = sets.shape[0], curves.shape[0], curves.shape[1]
    leaves = n_sets**window
    best, first = -1.0, 0
    last = np.empty(n_arms, dtype=np.int64)
    for leaf in range(leaves):
        for i in range(n_arms):
            last[i] = -idle[i]
        total, code = 0.0, leaf
        for t in range(window):
            power = n_sets ** (window - 1 - t)
            a, code = code // power, code % power
            for s in range(sets.shape[1]):
                arm = sets[a, s]
                if arm < 0:
                    break
                total += curves[arm, min(t - last[arm], longest) - 1]
                last[arm] = t
        if total > best + 1e-12:
            best, first = total, leaf // n_sets ** (window - 1)
    return first


def critical_periods(solution: Fluid, rng: np.random.Generator) -> tuple[Periods, Periods]:
    """Random critical periods and offsets [n_arms] of ``interleaved``: period d with probability ``d y_{i,d}``."""
    periods = solution.periods.copy()
    if solution.fractional >= 0 and rng.random() < solution.share:
        periods[solution.fractional] = solution.shorter
    return periods, (rng.random(len(periods)) * periods).astype(np.int64)


@kernel
def interleaved(curves: Array, periods: Periods, offsets: Periods, start: int, number: int, plays: int) -> Schedule:
    """Pulls [number, plays] of the periods ``start, start + 1, ...``."""
    schedule = np.empty((number, plays), dtype=np.int64)
    values = np.empty(len(periods))
    for t in range(number):
        for i in range(len(periods)):
            rings = periods[i] > 0 and (start + t - offsets[i]) % periods[i] == 0
            values[i] = curves[i, min(periods[i], curves.shape[1]) - 1] if rings else 0.0
        _largest(values, schedule[t])
    return schedule


def round_robin(order: NDArray[np.int64], start: int, number: int, plays: int) -> Schedule:
    """Pulls [number, plays]: the arms of ``order`` in turn, at most ``plays`` a period."""
    width = min(plays, len(order))
    turns = (np.arange(start, start + number)[:, None] * width + np.arange(width)) % len(order)
    schedule = np.full((number, plays), -1)
    schedule[:, :width] = np.sort(order[turns], axis=1)
    return schedule


def best_round(curves: Array, plays: int) -> NDArray[np.int64]:
    """The best rested arms, best first, as many as make the best round robin (long-run value; ties to fewer)."""
    order = np.argsort(-curves[:, -1], kind="stable")
    values = [_round_value(curves, order[:m], plays) for m in range(1, len(order) + 1)]
    return order[: int(np.argmax(np.array(values) >= max(values) - 1e-15)) + 1]


def _round_value(curves: Array, order: NDArray[np.int64], plays: int) -> float:
    width, cycle = min(plays, len(order)), len(order)
    schedule = round_robin(order, 0, 2 * cycle, width)
    last, total = dict.fromkeys(order.tolist(), -1), 0.0
    for t, row in enumerate(schedule.tolist()):
        for arm in row:
            if t >= cycle:
                total += curves[arm, min(t - last[arm], curves.shape[1]) - 1]
            last[arm] = t
    return total / cycle


class Foreseer:
    """Plays the rules in one run.

    Args:
        curves: [n_arms, longest] mean rewards.
        plays: most pulls a period, K.
        seed: of the random rounding of "interleaved".
    """

    def __init__(self, curves: Array, plays: int, seed: int) -> None:
        self.curves, self.plays, self.seed = curves, plays, seed
        self._made: dict[tuple[str, Planner], Any] = {}

    def schedule(
        self, rule: str, idle: NDArray[np.int64], clock: int, most: int, planner: Planner, window: int
    ) -> Schedule:
        """The next pulls [n, plays] of a rule, 1 <= n <= ``most``, from idle times [n_arms] at ``clock``.

        Args:
            rule: "plan", "myopic", "greedy_available", "lookahead", "interleaved" or "round_robin".
            idle: idle times of the coming period.
            clock: periods before it.
            most: most periods wanted.
            planner: planner of "plan".
            window: periods that "lookahead" looks ahead.

        Raises:
            ValueError: no such rule, or it cannot be played here.
        """
        n = min(most, CHUNK)
        if rule == "lookahead":
            return self._look_ahead(idle, window)
        if rule == "myopic" or (rule == "greedy_available" and self._blocking()):
            return myopic(self.curves, idle, n, self.plays)
        key = (rule, planner)
        if key not in self._made:
            self._made[key] = self._make(rule, planner)
        if rule == "plan":
            return schedule_of(self._made[key][0], self._made[key][1], clock, n, self.plays)
        if rule == "interleaved":
            return interleaved(self.curves, self._made[key][0], self._made[key][1], clock, n, self.plays)
        return round_robin(self._made[key], clock, n, self.plays)

    def _make(self, rule: str, planner: Planner) -> Any:
        if rule == "plan":
            periods = planner.plan(self.curves, self.plays).periods
            return periods, offsets_of(periods, self.plays)
        if rule == "interleaved":
            return critical_periods(fluid(self.curves, self.plays), np.random.default_rng(self.seed))
        if rule == "round_robin":
            return best_round(self.curves, self.plays)
        raise ValueError(f"no rule {rule!r} can be played here")

    def _blocking(self) -> bool:
        if np.any((self.curves > 0.0) & (self.curves < self.curves[:, -1:])):
            raise ValueError("greedy_available plays blocking arms only: rewards 0 until the recovery time")
        return True

    def _look_ahead(self, idle: NDArray[np.int64], window: int) -> Schedule:
        n_arms = len(self.curves)
        n_sets = sum(math.comb(n_arms, k) for k in range(self.plays + 1))
        if n_sets**window > MOST_LEAVES:
            limit = f"more than the limit {MOST_LEAVES}"
            raise ValueError(f"lookahead over {window} periods tries {n_sets}^{window} sequences, {limit}")
        sets = np.full((n_sets, self.plays), -1)
        for row, subset in zip(sets, subsets_of(n_arms, self.plays), strict=True):
            row[: len(subset)] = subset
        best = lookahead(self.curves, idle, sets, window)
        return sets[best : best + 1]
