"""What policies share whose indices of all arms move with the round: the arm on top is played on until it is caught.

Rewards, rows and ties are those of ``scan.py``, whose ``rounds`` plays them, with a ``pick`` that calls ``lead`` and a
``note`` that calls ``noted``. The arm played last is looked at first, and the index of another is worked out only where
it may exceed the best so far. Then a level is laid halfway between the two largest, and it is worked out until when the
other arms' indices stay below. Up to then the leader, as long as its own index is above the level, is the arm of the
round, and no other is looked at.

What a policy does, it says in these kernels:

* ``index(rows, arm, t, own)``: the index of an arm that was played.
* ``view(level, t, own)``: what the others have to know of a level and a round, in a tuple that begins with the level.
* ``above(rows, arm, level, t, own)``: whether ``index`` would surely return more than the level, rounding included.
* ``below(rows, arm, view, own)``: whether it would surely return at most the level.
* ``until(rows, arm, view, t, own)``: a round up to which, from ``t`` on, it surely will; one before ``t`` where that is
  not known.

Caution costs time; a decision it cannot change.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from bandits.arms.scan import COUNT, SCORE, TIE, count, leader
from bandits.contract import Array
from bandits.kernels import inlined

LEADER, LEVEL, UNTIL = range(3)
"""Of the state [3]: the arm played last, the level, and the last round in which all others are below it."""

Index = Callable[[Array, int, int, Any], float]
View = Callable[[float, int, Any], Any]
Above = Callable[[Array, int, float, int, Any], bool]
Below = Callable[[Array, int, Any, Any], bool]
Until = Callable[[Array, int, Any, int, Any], float]


def leading() -> Array:
    """The state at first: nothing is known."""
    return np.array([0.0, math.inf, -math.inf])


@inlined
def lead(
    index: Index, view: View, above: Above, below: Below, until: Until, rows: Array, t: int, state: Array, own: Any
) -> int:
    """The arm of round ``t``: the lowest of those whose index is within ``TIE`` of the largest."""
    last = int(state[LEADER])
    if t <= state[UNTIL] and above(rows, last, state[LEVEL] + 4.0 * TIE, t, own):
        return last
    for i in range(rows.shape[0]):
        if rows[i, COUNT] == 0.0:
            state[LEADER], state[UNTIL] = i, -math.inf
            return i
    best, second = index(rows, last, t, own), -math.inf
    rows[last, SCORE] = best
    for all_of_them in (False, True):
        looked_at = view(best - 4.0 * TIE, t, own)
        for i in range(rows.shape[0]):
            if i != last:
                rows[i, SCORE] = -math.inf
                if all_of_them or not below(rows, i, looked_at, own):
                    rows[i, SCORE] = index(rows, i, t, own)
                    second = max(second, min(best, rows[i, SCORE]))
                    if rows[i, SCORE] > best:
                        best = rows[i, SCORE]
                        looked_at = view(best - 4.0 * TIE, t, own)
        if second > -math.inf:
            break
    arm, ends = leader(rows), math.inf
    looked_at = view(0.5 * (best + second), t, own)
    for i in range(rows.shape[0]):
        if i != arm and ends >= t:
            ends = min(ends, until(rows, i, looked_at, t, own))
    state[LEADER], state[LEVEL], state[UNTIL] = arm, looked_at[0], ends
    return arm


@inlined
def noted(rows: Array, arm: int, reward: float, state: Array) -> None:
    """Count a play and add up its reward; that of another arm than the leader ends what was known of it."""
    count(rows, arm, reward, 0.0)
    if arm != int(state[LEADER]):
        state[UNTIL] = -math.inf
