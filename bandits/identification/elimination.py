"""What the policies share that sample all surviving arms in turn and drop those that are worse, round by round."""

from __future__ import annotations

from bandits.contract import Array
from bandits.identification.policy import STOP
from bandits.identification.problem import Ints
from bandits.kernels import inlined, kernel

ROUND, ARM, LEFT = range(3)
"""What ``place`` holds: the round, counted from 1, the arm that is next, and how many arms survive."""


@inlined
def next_arm(place: Ints, alive: Ints, counts: Ints) -> bool:
    """Go on to the survivor that is next in this round; whether the round is over."""
    while place[ARM] < counts.size and not (alive[place[ARM]] and counts[place[ARM]] < place[ROUND]):
        place[ARM] += 1
    return bool(place[ARM] == counts.size)


@inlined
def leader(alive: Ints, counts: Ints, sums: Array) -> int:
    """The surviving arm with the largest mean of those sampled, the first of equal ones; -1 where none is."""
    best, most = -1, 0.0
    for i in range(counts.size):
        if alive[i] and counts[i] > 0:
            mean = sums[i] / counts[i]
            if best < 0 or mean > most:
                best, most = i, mean
    return best


@inlined
def following(place: Ints) -> int:
    """The arm that is next, or ``STOP`` where one survives."""
    return STOP if place[LEFT] == 1 else int(place[ARM])


@kernel
def lead(alive: Ints, counts: Ints, sums: Array) -> int:
    """As ``leader``, for callers that are not compiled."""
    return leader(alive, counts, sums)


def following_of(place: Ints) -> int:
    """As ``following``, for callers that are not compiled."""
    return STOP if place[LEFT] == 1 else int(place[ARM])
