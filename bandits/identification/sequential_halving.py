"""Sequential halving: the budget in ``ceil(log2 K)`` rounds, after each of which the better half survives.

Each of the survivors S of a round is sampled ``floor(B / (|S| ceil(log2 K)))`` times, and the ``ceil(|S| / 2)`` with
the largest means stay, of equal means the first arms.

Reference: Z. Karnin, T. Koren, O. Somekh, *Almost Optimal Exploration in Multi-Armed Bandits*, ICML 2013 (as
remembered). The paper's means are those of the round alone.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from bandits.arguments import flag
from bandits.contract import Array, Bound
from bandits.identification.bounds import halving_error
from bandits.identification.policy import STOP, IdentificationPolicy
from bandits.identification.problem import Answer, IdentificationProblem, Ints, Outcomes
from bandits.identification.repeats import repeat
from bandits.identification.theory import IdentificationInstance
from bandits.kernels import inlined, kernel

EPOCH, ROUND, ARM, WINNER = range(4)
"""What ``place`` holds: the epoch's budget, samples of each survivor in this round, the arm that is next, and the
winner of the last finished epoch, -1 before."""


@inlined
def _quota(place: Ints, rounds: int, alive: Ints) -> None:
    survivors = 0
    for i in range(alive.size):
        survivors += alive[i]
    place[ROUND] = place[EPOCH] // (survivors * rounds)
    place[ARM] = 0


@inlined
def _settle(rounds: int, reuse: bool, doubling: bool, place: Ints, alive: Ints, own: Ints, paid: Array) -> None:
    """Go on to the survivor that is next, past the ends of rounds and, with ``doubling``, of epochs.

    ``own`` and ``paid`` are samples and sums of this round, or with ``reuse`` of the epoch; the last row of ``own``
    counts those of the round.
    """
    n = alive.size
    while place[ROUND] > 0:
        while place[ARM] < n and not (alive[place[ARM]] and own[1, place[ARM]] < place[ROUND]):
            place[ARM] += 1
        if place[ARM] < n:
            return
        survivors = 0
        for i in range(n):
            survivors += alive[i]
        for _ in range(survivors // 2):
            worst = -1
            for i in range(n):
                if alive[i] and (worst < 0 or paid[i] / own[0, i] <= paid[worst] / own[0, worst]):
                    worst = i
            alive[worst] = 0
        for i in range(n):
            own[1, i] = 0
            if not reuse:
                own[0, i], paid[i] = 0, 0.0
        if survivors - survivors // 2 > 1:
            _quota(place, rounds, alive)
            continue
        for i in range(n):
            if alive[i]:
                place[WINNER] = i
        if not doubling:
            place[ROUND] = 0
            return
        for i in range(n):
            alive[i], own[0, i], paid[i] = 1, 0, 0.0
        place[EPOCH] *= 2
        _quota(place, rounds, alive)


@inlined
def _leader(doubling: bool, alive: Ints, means: Array, but: int) -> int:
    """The survivor, with ``doubling`` the arm, with the largest mean, other than ``but``; -1 where none was sampled."""
    best, most = -1, -math.inf
    for i in range(means.size):
        if (doubling or alive[i]) and i != but and means[i] > most:
            best, most = i, means[i]
    return best


@inlined
def _take(arm: int, reward: float, own: Ints, paid: Array, counts: Ints, sums: Array, means: Array) -> None:
    means[arm] = sums[arm] / counts[arm]
    own[0, arm] += 1
    own[1, arm] += 1
    paid[arm] += reward


@kernel
def _begin(rounds: int, place: Ints, alive: Ints) -> None:
    _quota(place, rounds, alive)


@kernel
def _learn(
    arm: int,
    reward: float,
    rounds: int,
    reuse: bool,
    doubling: bool,
    place: Ints,
    alive: Ints,
    own: Ints,
    paid: Array,
    counts: Ints,
    sums: Array,
    means: Array,
) -> None:
    _take(arm, reward, own, paid, counts, sums, means)
    _settle(rounds, reuse, doubling, place, alive, own, paid)


@kernel
def _lead(doubling: bool, place: Ints, alive: Ints, means: Array) -> int:
    return int(place[WINNER]) if place[WINNER] >= 0 else _leader(doubling, alive, means, -1)


@kernel
def _play(
    outcomes: Outcomes,
    rounds: int,
    reuse: bool,
    doubling: bool,
    place: Ints,
    alive: Ints,
    own: Ints,
    paid: Array,
    counts: Ints,
    sums: Array,
    means: Array,
    arms: Ints,
    codes: Ints,
) -> tuple[int, bool]:
    s = 0
    while s < arms.size and place[ROUND] > 0:
        arm = place[ARM]
        end = min(s + place[ROUND] - own[1, arm], arms.size)
        other, rival = place[WINNER], math.inf
        if other < 0:
            other = _leader(doubling, alive, means, arm)
            rival = means[other] if other >= 0 else -math.inf
        sums[arm], paid[arm] = repeat(outcomes, arm, counts[arm], sums[arm], paid[arm], other, rival, s, end, codes)
        arms[s:end] = arm
        own[:, arm] += end - s
        counts[arm] += end - s
        s, means[arm] = end, sums[arm] / counts[arm]
        _settle(rounds, reuse, doubling, place, alive, own, paid)
    return s, s < arms.size


class SequentialHalving(IdentificationPolicy):
    """Sequential halving. What is left over of the budget is not used.

    Args:
        reuse: whether samples of earlier rounds count, too.
        doubling: play budgets ``K R``, ``2 K R``, ``4 K R``, ..., ``R = ceil(log2 K)``, one after the other, each from
            scratch, and answer the winner of the last one that was finished (before: the largest mean), so that the
            budget need not be known.

    Raises:
        ValueError: from ``reset``, a budget below ``K ceil(log2 K)``.
    """

    decided = True

    def __init__(self, reuse: bool = False, doubling: bool = False) -> None:
        self.reuse, self.doubling = flag("reuse", reuse), flag("doubling", doubling)

    def start(self, problem: IdentificationProblem) -> None:
        n = problem.n_actions
        self._rounds = (n - 1).bit_length()
        if problem.budget < n * self._rounds:
            raise ValueError(
                f"budget must be at least n_actions ceil(log2 n_actions) = {n * self._rounds}, for a sample of each "
                f"arm in each round, got {problem.budget}"
            )
        first = n * self._rounds if self.doubling else problem.budget
        self._place = np.array([first, 0, 0, -1], dtype=np.int64)
        self._alive = np.ones(n, dtype=np.int64)
        self._own, self._paid = np.zeros((2, n), dtype=np.int64), np.zeros(n)
        self._means = np.full(n, -math.inf)  # of arms without a sample
        _begin(self._rounds, self._place, self._alive)

    def pick(self) -> int:
        return int(self._place[ARM]) if self._place[ROUND] > 0 else STOP

    def learn(self, arm: int, reward: float) -> None:
        state = (self._place, self._alive, self._own, self._paid, self._counts, self._sums, self._means)
        _learn(arm, reward, self._rounds, self.reuse, self.doubling, *state)

    def respond(self) -> Answer | None:
        """The winner; before, the survivor with the largest mean, or None before any sample."""
        best = _lead(self.doubling, self._place, self._alive, self._means)
        return None if best < 0 else best

    def play(self, outcomes: Outcomes, arms: Ints, codes: Ints) -> tuple[int, bool]:
        state = (self._place, self._alive, self._own, self._paid, self._counts, self._sums, self._means)
        return _play(outcomes, self._rounds, self.reuse, self.doubling, *state, arms, codes)

    def theorems(self, problem: IdentificationProblem, instance: IdentificationInstance) -> Sequence[Bound]:
        """``3 log2 K exp(-B / (8 s H2 log2 K))``, as remembered; with ``doubling``, of a fourth of the budget."""
        return halving_error(self.doubling, problem, instance)
