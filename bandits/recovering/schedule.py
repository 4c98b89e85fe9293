"""Periods that fit together, and schedules without collisions (derived).

``P_J = {(2j - 1) 2^l : 1 <= j <= J, l >= 0}``: periods with one of J odd bases times a power of two; consecutive ones
have ratio at most ``1 + 1/J``. Arms of the same base share machines (one pull a period each): base ``a`` with load
``L_a = sum 1 / d_i`` needs ``ceil(L_a)`` of them, and that many suffice:

A group owns ``a ceil(L_a)`` slots; slot ``q`` is machine ``q // a`` in the periods ``t = q mod a (mod a)``. Arms fill
the slots, shortest period first, arm ``d = a 2^l`` taking ``2^{-l}`` of a slot, the ``k``-th share of that size; it is
pulled at ``t = q mod a + a bitrev_l(k) (mod d)``, ``bitrev_l`` reversing a word of ``l`` bits. Disjoint dyadic shares
differ in leading bits, hence reversed in low bits, hence in residues modulo the smaller period.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from bandits.arguments import integer
from bandits.kernels import kernel
from bandits.recovering.problem import Schedule

Periods = NDArray[np.int64]
"""[n_arms] period of each arm, 0 for never."""


class InfeasiblePlanError(ValueError):
    """The periods need more machines than there are."""


def round_up(z: float, bases: int) -> int:
    """``up_J(z)``: the smallest element of ``P_J``, J = ``bases``, that is at least ``z >= 1`` (up to 1e-9)."""
    integer("J", bases)
    whole = max(1, -int(-(z - 1e-9) // 1))
    level = 0
    while whole > 2 * bases << level:
        level += 1
    return -(-whole >> level) << level if level else whole


def odd_part(period: int) -> tuple[int, int]:
    """``(a, l)`` with ``period = a 2^l`` and ``a`` odd."""
    level = (period & -period).bit_length() - 1
    return period >> level, level


def machines(periods: Periods) -> dict[int, int]:
    """Machines ``ceil(L_a)`` that the arms of each base ``a`` need, by exact arithmetic."""
    levels: dict[int, list[int]] = {}
    for d in periods[periods > 0].tolist():
        base, level = odd_part(d)
        levels.setdefault(base, []).append(level)
    shares = {base: sum(1 << (max(of) - level) for level in of) for base, of in levels.items()}  # of base 2^max
    return {base: -(-shares[base] // (base << max(levels[base]))) for base in sorted(levels)}


def offsets_of(periods: Periods, plays: int, bases: int | None = None) -> Periods:
    """Offsets [n_arms] such that no period has more than ``plays`` pulls, arm ``i``'s at ``t = offset_i (mod d_i)``.

    Args:
        periods: [n_arms] periods, 0 for never.
        plays: number of machines, K.
        bases: J; only odd parts up to ``2 J - 1`` are allowed then.

    Raises:
        InfeasiblePlanError: more than ``plays`` machines are needed by this construction.
        ValueError: a negative period, or an odd part that is not allowed.
    """
    for d in periods.tolist():
        if d < 0:
            raise ValueError(f"periods must be >= 0, got {d}")
        if d and bases is not None and odd_part(d)[0] > 2 * bases - 1:
            raise ValueError(f"period {d} has the odd part {odd_part(d)[0]}, above 2 J - 1 = {2 * bases - 1}")
    if (needed := sum(machines(periods).values())) > plays:
        raise InfeasiblePlanError(f"the plan needs {needed} pulls in some period, and K = {plays}")
    arms = [(*odd_part(d), i) for i, d in enumerate(periods.tolist()) if d]
    offsets, unit = np.zeros_like(periods), max((level for _, level, _ in arms), default=0)
    group, filled = 0, 0
    for base, level, i in sorted(arms):
        if base != group:
            group, filled = base, 0
        slot, rest = divmod(filled, 1 << unit)  # in shares of 2^-unit
        share = rest >> (unit - level)
        offsets[i] = slot % base + base * (int(format(share, f"0{level}b")[::-1], 2) if level else 0)
        filled += 1 << (unit - level)
    return offsets


def schedule_of(periods: Periods, offsets: Periods, start: int, number: int, plays: int) -> Schedule:
    """The pulls [number, plays] in the periods ``start, start + 1, ...``, ascending in each."""
    return _schedule(periods, offsets, start, number, plays)


@kernel
def _schedule(periods: Periods, offsets: Periods, start: int, number: int, plays: int) -> Schedule:
    schedule = np.full((number, plays), -1)
    used = np.zeros(number, dtype=np.int64)
    for i in range(periods.size):
        d = periods[i]
        if d == 0:
            continue
        for t in range((offsets[i] - start) % d, number, d):
            schedule[t, used[t]] = i
            used[t] += 1
    return schedule
