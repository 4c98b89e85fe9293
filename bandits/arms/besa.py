"""BESA, "best empirical sampled average": duels of arms on equally many of their rewards, with nothing to tune.

After playing every arm once, a duel of two arms takes as many rewards of the one with more plays as the other one has,
uniformly at random without replacement. The larger mean wins; of equal means that of the arm with fewer plays, and if
these are equal, too, of the lower arm. Several arms play a tournament, drawn anew in every round: in a random order the
first duels with the second, the third with the fourth and so on, an odd last one goes on, until one is left.

Rewards that are the lowest or the highest of the range are counted: how many of either are taken is a hypergeometric
variable. All others are kept, and a part of them is shuffled (Fisher and Yates). So on rewards 0 and 1 a duel costs the
same at any time and nothing is kept; on other rewards memory grows with the number of rounds, and a duel costs as much
as the arm with fewer plays has plays.

On rewards 0 and 1 most rounds need no duel: the arm with the most plays, whose mean over ``N`` plays is ``p``, loses to
an arm with ``n < N`` plays and a smaller mean ``m`` with a chance of at most ``exp(-2 n (p - m)^2)``, as the part drawn
is at least as concentrated as draws with replacement (Hoeffding 1963, sections 2 and 6). Its duels, ``ceil(log2 K)`` at
most, are each decided by a uniform ``U``, drawn beforehand as ``-ln U``: where all of these are above the bounds of all
other arms, it wins whatever the order is and whoever wins elsewhere. Otherwise the tournament is held, and its duel is
lost if ``U`` is at most the chance itself. The law of the play is that of the plain tournament.

A first reward of the best arm that is bad may never be forgotten, since the others go on to win with what they have:
regret has a heavy upper tail, which a mean does not show.

References: A. Baransi, O.-A. Maillard, S. Mannor, *Sub-sampling for Multi-armed Bandits*, ECML 2014 [recall; the rule
for equal means is a reconstruction]; W. Hoeffding, *Probability Inequalities for Sums of Bounded Random Variables*,
JASA 58, 1963 [recall].
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from bandits.arms.hypergeometric import at_most, hypergeometric
from bandits.arms.kept import Kept, nothing, with_room
from bandits.arms.problem import Actions, BanditProblem, Block
from bandits.arms.scan import COUNT, MORE, SUM, TIE, ScanPolicy, need_range, rounds
from bandits.arms.theory import BERNOULLI, STATIONARY, ArmsInstance, gaps_of, holds
from bandits.contract import Array, Bound, Instance
from bandits.kernels import inlined, kernel

ONES, OTHERS = MORE, MORE + 1
"""How many mapped rewards of an arm are 1, and how many neither 0 nor 1."""
Own = tuple[Actions, Array, Array, Actions]
"""Room for an order of the arms, and for ``-ln U`` of the duels of one; ``Kept``: the rewards neither 0 nor 1."""


@kernel
def _part(rows: Array, arm: int, n: float, own: Own, rng: np.random.Generator) -> float:
    """The sum of ``n`` rewards of an arm, drawn without replacement."""
    _, _, rewards, starts = own
    others, ones = rows[arm, OTHERS], rows[arm, ONES]
    zeros = rows[arm, COUNT] - others - ones
    taken = hypergeometric(others, ones + zeros, n, rng)
    total = hypergeometric(ones, zeros, n - taken, rng)
    for j in range(int(taken)):
        here = starts[arm] + j
        there = here + int((others - j) * rng.random())
        rewards[here], rewards[there] = rewards[there], rewards[here]
        total += rewards[here]
    return total


@kernel
def _duel(rows: Array, a: int, b: int, own: Own, rng: np.random.Generator) -> int:
    """The arm that wins."""
    if rows[b, COUNT] < rows[a, COUNT] or (rows[b, COUNT] == rows[a, COUNT] and b < a):
        a, b = b, a
    n = rows[a, COUNT]
    other = rows[b, SUM] if rows[b, COUNT] == n else _part(rows, b, n, own, rng)
    return a if rows[a, SUM] >= other - n * TIE else b


@kernel
def _certainty(rows: Array, front: int) -> float:
    """The least ``-ln`` of a bound on the chance that ``front`` loses to another arm; 0 where there is none."""
    least, plays = math.inf, rows[front, COUNT]
    mean = rows[front, SUM] / plays
    for i in range(rows.shape[0]):
        n = rows[i, COUNT]
        if rows[i, OTHERS] > 0.0 or (i != front and n == plays):
            return 0.0
        if i != front:
            above = max(0.0, mean - rows[i, SUM] / n)
            least = min(least, 2.0 * n * above * above)
    return least


@kernel
def _loses(rows: Array, front: int, other: int, wait: float) -> bool:
    """Whether ``front``, with more plays, loses a duel of rewards 0 and 1 that ``exp(-wait)`` decides."""
    ones, n = rows[front, ONES], rows[other, COUNT]
    return math.exp(-wait) <= at_most(rows[other, ONES], ones, rows[front, COUNT] - ones, n)


@inlined
def _pick(rows: Array, t: int, own: Own, luck: np.random.Generator, s: int) -> int:
    order, waits = own[0], own[1]
    front = 0
    for i in range(rows.shape[0]):
        if rows[i, COUNT] == 0.0:
            return i
        if rows[i, COUNT] > rows[front, COUNT]:
            front = i
    certainty = _certainty(rows, front)
    if certainty > 0.0:
        longest = 0.0
        for r in range(waits.size):
            waits[r] = luck.standard_exponential()
            longest = max(longest, waits[r])
        if longest < certainty:
            return front
    for i in range(rows.shape[0]):
        j = int((i + 1) * luck.random())
        order[i] = order[j]
        order[j] = i
    left, duels = rows.shape[0], 0
    while left > 1:
        for i in range(left // 2):
            a, b = order[2 * i], order[2 * i + 1]
            if certainty > 0.0 and (a == front or b == front):
                other = a + b - front
                order[i] = other if _loses(rows, front, other, waits[duels]) else front
                duels += 1
            else:
                order[i] = _duel(rows, a, b, own, luck)
        if left % 2 == 1:
            order[left // 2] = order[left - 1]
        left = (left + 1) // 2
    return int(order[0])


@inlined
def _note(rows: Array, arm: int, reward: float, own: Own) -> None:
    rows[arm, COUNT] += 1.0
    if abs(reward - 1.0) <= TIE:
        rows[arm, ONES] += 1.0
        rows[arm, SUM] += 1.0
    elif abs(reward) > TIE:
        own[2][own[3][arm] + int(rows[arm, OTHERS])] = reward
        rows[arm, OTHERS] += 1.0
        rows[arm, SUM] += reward


@kernel
def _rounds(
    block: Block, actions: Actions, t: int, rows: Array, own: Own, luck: np.random.Generator, low: float, span: float
) -> None:
    rounds(_pick, _note, block, actions, t, rows, own, luck, low, span)


class BESA(ScanPolicy):
    """BESA of Baransi, Maillard and Mannor (2014). Rewards inside the range are kept: memory grows with the rounds."""

    columns = MORE + 2
    numbers_an_arm = 1
    pick, note, rounds = staticmethod(_pick), staticmethod(_note), staticmethod(_rounds)
    by_arm = True

    def constants(self, problem: BanditProblem) -> tuple[Any, ...]:
        need_range("BESA", problem, "ocucb_anytime takes unbounded ones with a declared noise")
        rounds_of_duels = (problem.n_actions - 1).bit_length()
        order = np.zeros(problem.n_actions, dtype=np.int64)
        return (order, np.zeros(rounds_of_duels), *nothing(problem.n_actions))

    def luck(self, n_rounds: int) -> np.random.Generator:
        return self._rng

    def make_room(self, n_rounds: int) -> None:
        order, waits, rewards, starts = self._own
        self._own = order, waits, *with_room(Kept(rewards, starts), self._rows[:, OTHERS], n_rounds)

    def regret_bounds(self, problem: BanditProblem, instance: Instance) -> Sequence[Bound]:
        """For two arms with rewards 0 and 1 the order ``ln(t) / gap``; for more arms no theorem is known."""
        if not isinstance(instance, ArmsInstance) or problem.n_actions != 2 or not problem.bounded:
            return ()
        gaps = gaps_of(instance)
        if gaps is None or not np.any(gaps > 0):
            return ()
        slope = (problem.high - problem.low) ** 2 / float(np.max(gaps))
        return (
            Bound(
                "BESA order",
                "order",
                lambda t: slope * np.log(np.maximum(t, 1.0)),
                "fixed",
                "Baransi, Maillard, Mannor 2014 (from memory, the order alone)",
                "convention",
                holds(instance, STATIONARY, BERNOULLI),
                time="asymptotic",
            ),
        )
