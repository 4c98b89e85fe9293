"""A tournament among arms whose indices grow with a clock, so that a round need not look at every arm.

An arm has a row of numbers, which changes only when the arm is played, and an index, worked out from its row and a
clock that is the same for all arms and never goes back (``sqrt(2 ln t)``, say). Wanted is in every round the arm with
the largest index, ties to the lowest arm, exactly as if all indices were worked out in every round.

The arms play a knockout tournament. A match remembers who won, and up to which reading of the clock all results that
led to it surely stand. So a round plays the matches of the arm again that was played (``climb``: about ``log2`` of the
number of arms), and those whose time has come (``settle``: few, since a clock such as the root of a logarithm hardly
moves). Where one arm leads time and again the others' rows do not change, and it is played on without any match as
long as its index exceeds what the best of them will have a while later (``rival``).

What is an index, a policy says in two kernels, which it hands to those of this file:

* ``index(rows, arm, now)``: must not fall as the clock goes on, in floating point either. Sums, products and roots of
  what is not negative and does not fall do not.
* ``stands(rows, winner, loser, top, below, now)``: their indices are ``top`` and ``below``; up to which reading,
  ``now`` or a later one, the index of ``winner`` will in floating point surely be the larger one, or, if it is the
  lower arm, not be the smaller one. An early reading costs time; a decision it cannot change.

For an index ``mean + width * clock`` these are ``line`` and ``line_stands``.

The tree lies in arrays: match ``j`` is between the winners of ``2 j`` and ``2 j + 1``, arm ``i`` enters as the winner
of ``n_arms + i``, and the winner of 1 leads.

Reference: J. Basch, L. J. Guibas, J. Hershberger, *Data structures for mobile data*, Journal of Algorithms 31, 1999
(kinetic tournaments).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bandits.arms.problem import Actions, Block
from bandits.contract import Array
from bandits.kernels import inlined

Arms = NDArray[np.int64]
Index = Callable[[Array, int, float], float]
Stands = Callable[[Array, int, int, float, float, float], float]
Clock = Callable[[int, Any], float]
Learn = Callable[[Array, int, float, Any], None]

ROUNDING = 1e-14
"""Relative: more than the rounding errors of two indices of a few operations each."""


def tournament(n_arms: int) -> tuple[Arms, Array]:
    """Winners [2 * n_arms], and until when they stand [2 * n_arms]: no match was played yet."""
    winners, until = np.zeros(2 * n_arms, dtype=np.int64), np.full(2 * n_arms, math.inf)
    winners[n_arms:], until[1:n_arms] = np.arange(n_arms), -math.inf
    return winners, until


@inlined
def match(
    index: Index, stands: Stands, best: int, top: float, other: int, now: float, rows: Array
) -> tuple[int, float, float]:
    """Of ``best`` with index ``top`` and ``other`` who wins, with which index, and until when."""
    below = index(rows, other, now)
    if (below > top) | ((below == top) & (other < best)):  # in this form it is no jump for the processor to guess
        best, other = other, best
    top, below = max(top, below), min(top, below)
    return best, top, stands(rows, best, other, top, below, now)


@inlined
def climb(index: Index, stands: Stands, arm: int, now: float, rows: Array, winners: Arms, until: Array) -> None:
    """Play all matches of an arm whose row has changed."""
    node = winners.size // 2 + arm
    best, top, end = arm, index(rows, arm, now), math.inf
    while node > 1:
        best, top, stands_until = match(index, stands, best, top, winners[node ^ 1], now, rows)
        end = min(end, min(until[node ^ 1], stands_until))
        node >>= 1
        winners[node], until[node] = best, end


@inlined
def settle(index: Index, stands: Stands, now: float, rows: Array, winners: Arms, until: Array) -> int:
    """Play all matches whose results need not stand any more, and return the arm that leads."""
    node = 1
    while until[1] < now:
        left, right = 2 * node, 2 * node + 1
        if until[left] < now:
            node = left
        elif until[right] < now:
            node = right
        else:
            best = winners[left]
            best, _, end = match(index, stands, best, index(rows, best, now), winners[right], now, rows)
            winners[node], until[node] = best, min(end, min(until[left], until[right]))
            node = max(node >> 1, 1)
    return int(winners[1])


@inlined
def rival(index: Index, arm: int, later: float, rows: Array, winners: Arms, until: Array) -> float:
    """The largest index of all other arms at a later reading; inf where this takes matches that are to come."""
    node, level = winners.size // 2 + arm, -math.inf
    while node > 1:
        if until[node ^ 1] < later:
            return math.inf
        level = max(level, index(rows, winners[node ^ 1], later))
        node >>= 1
    return float(level)


@inlined
def follow(
    index: Index,
    stands: Stands,
    clock: Clock,
    learn: Learn,
    arm: int,
    reward: float,
    t: int,
    rows: Array,
    winners: Arms,
    until: Array,
    own: Any,
) -> int:
    """Take in a reward, and return the arm of round ``t``, the one that follows. The rest as in ``play``."""
    learn(rows, arm, reward, own)
    now = clock(t, own)
    climb(index, stands, arm, now, rows, winners, until)
    return settle(index, stands, now, rows, winners, until)


@inlined
def play(
    index: Index,
    stands: Stands,
    clock: Clock,
    learn: Learn,
    block: Block,
    actions: Actions,
    t: int,
    rows: Array,
    winners: Arms,
    until: Array,
    own: Any,
) -> int:
    """Play a block, and return the arm of the round that follows it.

    Args:
        index: see above.
        stands: see above.
        clock: ``clock(t, own)`` is its reading in round ``t``.
        learn: ``learn(rows, arm, reward, own)`` takes a reward into the row of its arm.
        block: the rounds.
        actions: [n_rounds], filled in.
        t: number of the first of these rounds, from 1.
        rows: [n_arms, n_columns].
        winners: of the tournament.
        until: of the tournament.
        own: what ``clock`` and ``learn`` have to know of the policy.
    """
    s, before, ahead, now = 0, -1, 1, clock(t, own)
    arm = settle(index, stands, now, rows, winners, until)
    while s < actions.size:
        begin, end, level = s, s + 1, math.inf
        if arm == before:
            end = min(s + ahead, actions.size)
            level = rival(index, arm, clock(t + end - 1, own), rows, winners, until)
        while True:
            reward = block.levels[s * block.stride, arm] + block.noise[s]
            if block.binary:
                reward = 1.0 if reward > 0.0 else 0.0
            learn(rows, arm, reward, own)
            actions[s] = arm
            s += 1
            if s == end or not index(rows, arm, now) > level:
                break
        if arm == before:
            ahead = 2 * (s - begin)
        now = clock(t + s, own)
        climb(index, stands, arm, now, rows, winners, until)
        before, arm = arm, settle(index, stands, now, rows, winners, until)
    return arm


@inlined
def line(rows: Array, arm: int, now: float) -> float:
    """The index ``mean + width * clock`` of rows that begin with mean and width >= 0; +inf, 0 before the first play."""
    return float(rows[arm, 0] + rows[arm, 1] * now)


@inlined
def line_stands(rows: Array, winner: int, loser: int, top: float, below: float, now: float) -> float:
    """Where two lines meet, on the safe side of rounding, and at most ``2 now``, up to which that is known."""
    mean, other = rows[winner, 0], rows[loser, 0]
    lead = top - below - ROUNDING * (abs(top) + abs(below) + abs(mean) + abs(other))
    gain = rows[loser, 1] - rows[winner, 1]
    until = min(2.0 * now, now + (lead if lead > 0.0 else 0.0) / max(gain, 1e-300))
    never = (mean == math.inf) | ((winner < loser) & (mean >= other) & (gain <= 0.0))  # two equal lines, say
    return math.inf if never else float(until)
