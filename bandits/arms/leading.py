"""What policies share whose indices of all arms move with the round: the arm on top is played on until it is caught.

Rewards, rows and ties are those of ``scan.py``, whose ``rounds`` plays them, with a ``pick`` that calls ``lead`` and a
``note`` that calls ``noted``. The two arms that led last are looked at first, and the index of another is worked out
only where it may exceed the second best so far. Then a level is laid halfway between the two largest, and it is worked
out until when the other arms' indices stay below. Up to then the leader, as long as its own index is above the level,
is the arm of the round, and no other is looked at.

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

LEADER, LEVEL, UNTIL, RIVAL = range(4)
"""Of the state [4]: the arm played last, the level, the last round in which all others are below it, the second arm."""

Index = Callable[[Array, int, int, Any], float]
View = Callable[[float, int, Any], Any]
Above = Callable[[Array, int, float, int, Any], bool]
Below = Callable[[Array, int, Any, Any], bool]
Until = Callable[[Array, int, Any, int, Any], float]


def leading() -> Array:
    """The state at first: nothing is known."""
    return np.array([0.0, math.inf, -math.inf, 0.0])


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
    rival, second = int(state[RIVAL]), -math.inf
    best = rows[last, SCORE] = index(rows, last, t, own)
    if rival != last:
        rows[rival, SCORE] = index(rows, rival, t, own)
        best, second = max(best, rows[rival, SCORE]), min(best, rows[rival, SCORE])
    looked_at = view(second - 4.0 * TIE, t, own)
    for i in range(rows.shape[0]):
        if i != last and i != rival:
            rows[i, SCORE] = -math.inf
            if not below(rows, i, looked_at, own):
                rows[i, SCORE] = index(rows, i, t, own)
                if rows[i, SCORE] > second:
                    best, second = max(best, rows[i, SCORE]), min(best, rows[i, SCORE])
                    looked_at = view(second - 4.0 * TIE, t, own)
    arm, ends = leader(rows), math.inf
    looked_at = view(0.5 * (best + second), t, own)
    for i in range(rows.shape[0]):
        if i != arm:
            ends = min(ends, until(rows, i, looked_at, t, own))
            rival = i if rival == arm or rows[i, SCORE] > rows[rival, SCORE] else rival
    state[LEADER], state[LEVEL], state[UNTIL], state[RIVAL] = arm, looked_at[0], ends, rival
    return arm


@inlined
def noted(rows: Array, arm: int, reward: float, state: Array) -> None:
    """Count a play and add up its reward; that of another arm than the leader ends what was known of it."""
    count(rows, arm, reward, 0.0)
    if arm != int(state[LEADER]):
        state[UNTIL] = -math.inf
