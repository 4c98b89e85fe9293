"""Planners: which arms to pull with which periods, given their curves (derived).

A plan's long-run value is ``V = sum_i R_i(d_i) / d_i``. ``pow2`` and ``single_base`` find the best plan among periods
``a 2^l`` exactly, by a multiple-choice knapsack; ``best_base`` takes the best odd ``a``. ``lp_round`` rounds the fluid
solution, and has the proved ratio ``V >= gamma_K UB``,

    gamma_K = max_{1 <= J <= K}  J / (J + 1)  (K - J + 1)^2 / (K (K - J + 2))  =  1 - 2 / sqrt(K) + O(1 / K):

shrinking the capacity to ``K' = K - J + 1`` keeps ``K' / K``, rounding periods up to ``P_J`` keeps ``J / (J + 1)``, the
better of two ways with the fractional arm keeps ``K' / (K' + 1)``, and J bases need less than J machines more than the
load. The paper's abstract states the order ``1 - O(1 / sqrt K)``; the constant is this project's. For K = 1 it is 1/4.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from bandits.arguments import integer
from bandits.contract import Array
from bandits.kernels import kernel
from bandits.recovering.fluid import fill, pieces_of
from bandits.recovering.schedule import Periods, machines, odd_part, round_up
from bandits.registry import Registry

MOST_UNITS = 1_000_000
"""Largest capacity ``K a 2^L`` of the knapsack."""
TIE = 1e-15


class Plan(NamedTuple):
    """Periods [n_arms] (0 for never) and their long-run reward a period."""

    periods: Periods
    value: float


def gamma(plays: int) -> float:
    """The ratio that ``lp_round`` attains at least, for K = ``plays``."""
    return float(max(_ratio(plays, j) for j in range(1, integer("K", plays) + 1)))


def best_bases(plays: int) -> int:
    """The number of bases J at which that ratio is attained, the smallest one."""
    return max(range(1, integer("K", plays) + 1), key=lambda j: (_ratio(plays, j), -j))


def _ratio(k: int, j: int) -> Fraction:
    return Fraction(j, j + 1) * Fraction((k - j + 1) ** 2, k * (k - j + 2))


def plan_value(curves: Array, periods: Periods) -> float:
    """``sum_i R_i(d_i) / d_i`` for curves [n_arms, longest], held constant after their end."""
    arms = np.flatnonzero(periods)
    d = periods[arms]
    return float(np.sum(curves[arms, np.minimum(d, curves.shape[1]) - 1] / d))


@kernel
def _knapsack(values: Array, capacity: int, best: Array, choices: NDArray[np.int8]) -> None:
    """Fills best [capacity + 1] and choices [n_arms, capacity + 1]: 0 for never, l + 1 for level l.

    Level ``l`` of ``levels`` takes ``2^{levels - 1 - l}`` units; ties keep never, then the smaller level.
    """
    n_arms, levels = values.shape
    for i in range(n_arms):
        for c in range(capacity, -1, -1):
            top, choice = best[c], 0
            for level in range(levels):
                weight = 1 << (levels - 1 - level)
                if weight <= c:
                    value = best[c - weight] + values[i, level]
                    if value > top + TIE:
                        top, choice = value, level + 1
            best[c], choices[i, c] = top, choice


def single_base(curves: Array, plays: int, base: int = 1) -> Plan:
    """The best plan among periods ``base 2^l`` on ``plays`` machines.

    Args:
        curves: [n_arms, longest] mean rewards at idle times 1, 2, ..., nondecreasing along a row.
        plays: pulls a period, K.
        base: odd, >= 1.

    Raises:
        ValueError: an even base, or a capacity of more than 10^6 units.
    """
    check_base(base)
    longest = curves.shape[1]
    levels = 1
    while base << (levels - 1) < longest:
        levels += 1
    capacity = plays * base << (levels - 1)
    if capacity > MOST_UNITS:
        raise ValueError(f"the knapsack needs K a 2^L = {capacity} units, more than the limit {MOST_UNITS}")
    periods = base << np.arange(levels)
    values = curves[:, np.minimum(periods, longest) - 1] / periods
    best, choices = np.zeros(capacity + 1), np.empty((len(curves), capacity + 1), dtype=np.int8)
    _knapsack(np.ascontiguousarray(values), capacity, best, choices)
    left = int(np.argmax(best >= best[-1] - TIE))
    plan = np.zeros(len(curves), dtype=np.int64)
    for i in range(len(curves) - 1, -1, -1):
        if level := int(choices[i, left]):
            plan[i] = periods[level - 1]
            left -= 1 << (levels - level)
    return Plan(plan, plan_value(curves, plan))


def check_base(base: int) -> None:
    """Raise ``ValueError`` unless ``base`` is odd and >= 1."""
    if integer("base", base) % 2 == 0:
        raise ValueError(f"base must be odd, got {base}")


def pow2(curves: Array, plays: int) -> Plan:
    """The best plan among powers of two; at least ``K / (2 (K + 1))`` of the fluid bound."""
    return single_base(curves, plays, 1)


def best_base(curves: Array, plays: int) -> Plan:
    """The best plan with one odd base, up to the longest recovery time; ties to the smaller base."""
    plans = (single_base(curves, plays, base) for base in range(1, max(curves.shape[1], 1) + 1, 2))
    best = next(plans)
    for plan in plans:
        if plan.value > best.value + TIE:
            best = plan
    return best


def lp_round(curves: Array, plays: int, most_bases: int | None = None, refill: bool = False) -> Plan:
    """The rounded fluid solution, the best over J; at least ``gamma(plays)`` of the fluid bound.

    Args:
        curves: as in ``single_base``.
        plays: pulls a period, K.
        most_bases: largest J tried, in 1..K; None takes ``min(K, ceil(2 sqrt K) + 1)``.
        refill: give what is left of the machines to unused arms.
    """
    largest = most_bases_of(plays) if most_bases is None else integer("J", most_bases, 1, plays)
    pieces = pieces_of(curves)
    best = Plan(np.zeros(len(curves), dtype=np.int64), -1.0)
    for j in range(1, largest + 1):
        solution = fill(pieces, len(curves), float(plays - j + 1))
        plan = np.array([round_up(d, j) if d else 0 for d in solution.periods.tolist()], dtype=np.int64)
        candidates = [plan]
        if solution.fractional >= 0:
            nearer = plan.copy()
            nearer[solution.fractional] = round_up(1.0 / solution.frequency, j)
            candidates.append(nearer)
        for periods in candidates:
            filled = _refilled(curves, periods, plays) if refill else periods
            value = plan_value(curves, filled)
            if value > best.value + TIE:
                best = Plan(filled, value)
    return best


def most_bases_of(plays: int) -> int:
    """The largest number of bases that ``lp_round`` tries by itself."""
    return min(plays, math.ceil(2.0 * math.sqrt(plays)) + 1)


def _refilled(curves: Array, periods: Periods, plays: int) -> Periods:
    """Adds unused arms at the shortest period of a base with spare load, best first, while any reward is added."""
    periods = periods.copy()
    while True:
        needed = machines(periods)
        loads = {base: Fraction(0) for base in needed}
        for d in periods[periods > 0].tolist():
            loads[odd_part(d)[0]] += Fraction(1, d)
        spare = {base: needed[base] - loads[base] for base in needed}
        if (free := plays - sum(needed.values())) > 0:
            spare[1] = spare.get(1, Fraction(0)) + free
        unused, best = np.flatnonzero(periods == 0), (0.0, -1, 0)
        for base, share in spare.items():
            if share <= 0 or unused.size == 0:
                continue
            d = base
            while share * d < 1:
                d *= 2
            gains = curves[unused, min(d, curves.shape[1]) - 1] / d
            if gains.max() > best[0] + TIE:
                best = (float(gains.max()), int(unused[np.argmax(gains)]), d)
        if best[1] < 0:
            return periods
        periods[best[1]] = best[2]


class Planner(ABC):
    """A planner as a component: its name in ``PLANNERS``, with parameters where it has any. Equal ones plan alike."""

    @abstractmethod
    def plan(self, curves: Array, plays: int) -> Plan:
        """A plan for curves [n_arms, longest], nondecreasing along a row, and ``plays`` pulls a period."""

    @abstractmethod
    def bases(self, longest: int, plays: int) -> Sequence[int]:
        """The odd bases of the periods that its plans may have, for the longest recovery time ``longest``."""

    @property
    @abstractmethod
    def label(self) -> str:
        """What it is called in figures."""


@dataclass(frozen=True)
class SingleBase(Planner):
    """``single_base``.

    Args:
        base: odd, >= 1.
    """

    base: int = 1

    def __post_init__(self) -> None:
        check_base(self.base)

    def plan(self, curves: Array, plays: int) -> Plan:
        return single_base(curves, plays, self.base)

    def bases(self, longest: int, plays: int) -> Sequence[int]:
        return (self.base,)

    @property
    def label(self) -> str:
        return f"base {self.base}"


@dataclass(frozen=True)
class Pow2(Planner):
    """``pow2``."""

    label = "pow2"

    def plan(self, curves: Array, plays: int) -> Plan:
        return pow2(curves, plays)

    def bases(self, longest: int, plays: int) -> Sequence[int]:
        return (1,)


@dataclass(frozen=True)
class BestBase(Planner):
    """``best_base``."""

    label = "best base"

    def plan(self, curves: Array, plays: int) -> Plan:
        return best_base(curves, plays)

    def bases(self, longest: int, plays: int) -> Sequence[int]:
        return range(1, longest + 1, 2)


@dataclass(frozen=True)
class LPRound(Planner):
    """``lp_round``."""

    label = "lp round"

    def plan(self, curves: Array, plays: int) -> Plan:
        return lp_round(curves, plays)

    def bases(self, longest: int, plays: int) -> Sequence[int]:
        return range(1, 2 * most_bases_of(plays), 2)


PLANNERS = Registry("planner", {"pow2": Pow2, "single_base": SingleBase, "best_base": BestBase, "lp_round": LPRound})
