"""NPTS, non-parametric Thompson sampling: a random weighting of all rewards seen, and one at the upper end.

After playing every arm once, draw for each arm weights ``w`` uniformly from the simplex of ``n_i + 1`` weights and play
the arm with the largest

    w_0 + sum_j w_j x_j,

where ``x_j`` are its rewards, mapped to [0, 1]. Ties go to the lowest index. On rewards 0 and 1 this is a draw from
Beta(S + 1, n - S) with S successes, and exactly 1 before the first failure: after the start the lowest arm without a
failure is held until it fails.

A round draws a sample of the arm whose samples have the largest mean, and of the others as far as they can exceed it
(``dirichlet.py``): which arm is played has the law of the rule. An arm with rewards outside the range is always drawn.

Weights of equal rewards go together, as a Gamma variable whose shape is how often they were seen. The values 0, 1 and
the next 62 values of an arm are counted; others are kept one by one, so that with more than 64 distinct values memory
grows with the number of rounds, and a round costs as much as there are rewards kept.

Reference: C. Riou, J. Honda, *Bandit Algorithms Based on Thompson Sampling for Bounded Reward Distributions*, ALT 2020
[recall; the start is a reconstruction].
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from bandits.arms.dirichlet import above, cannot_exceed
from bandits.arms.kept import Kept, nothing, with_room
from bandits.arms.largest import Betas, leads
from bandits.arms.orders import asymptotic_order, bounded_rate
from bandits.arms.problem import Actions, BanditProblem, Block
from bandits.arms.scan import COUNT, MORE, SUM, TIE, ScanPolicy, need_range, rounds
from bandits.contract import Array, Bound, Instance, no_closed_form
from bandits.kernels import inlined, kernel

VALUES = 64
"""Distinct rewards of an arm that are counted."""
DISTINCT, OTHERS, MEAN = range(MORE, MORE + 3)
"""How many they are by now, how many other rewards there are, and the mean of samples; inf: always drawn."""
VALUE, TIMES = range(2)
"""Of the table of an arm: rewards, and how often they were seen; the first is 0, the second 1, seen once before all."""
Own = tuple[Array, Array, Actions]
"""Tables [n_arms, 2, VALUES], and ``Kept``: the rewards that are in none."""


@kernel
def _sample(rows: Array, arm: int, own: Own, rng: np.random.Generator) -> float:
    tables, rewards, starts = own
    total, weighed = 0.0, 0.0
    for j in range(int(rows[arm, DISTINCT])):
        if tables[arm, TIMES, j] > 0.0:
            weight = rng.standard_gamma(tables[arm, TIMES, j])
            total += weight
            weighed += weight * tables[arm, VALUE, j]
    for j in range(int(rows[arm, OTHERS])):
        weight = rng.standard_exponential()
        total += weight
        weighed += weight * rewards[starts[arm] + j]
    return weighed / total


@inlined
def _pick(rows: Array, t: int, own: Own, luck: np.random.Generator, s: int) -> int:
    for i in range(rows.shape[0]):
        if rows[i, COUNT] == 0.0:
            return i
    front = 0
    for i in range(rows.shape[0]):
        if own[0][i, TIMES, 0] == 0.0 and rows[i, DISTINCT] == 2.0:
            return i  # its sample is 1
        if rows[i, MEAN] > rows[front, MEAN]:
            front = i
    best, arm = _sample(rows, front, own, luck), front
    for i in range(rows.shape[0]):
        if i != front:
            mean = rows[i, MEAN]
            if mean < best:
                wait = luck.standard_exponential()
                if cannot_exceed(rows[i, COUNT] + 1.0, mean, best, wait):
                    continue
                table, distinct, start = own[0][i], int(rows[i, DISTINCT]), own[2][i]
                rest = own[1][start : start + int(rows[i, OTHERS])]
                sample = above(table[VALUE, :distinct], table[TIMES, :distinct], rest, mean, best, wait, luck)
            else:
                sample = _sample(rows, i, own, luck)
            if sample > best:
                best, arm = sample, i
    return arm


@inlined
def _note(rows: Array, arm: int, reward: float, own: Own) -> None:
    table, distinct = own[0][arm], int(rows[arm, DISTINCT])
    rows[arm, COUNT] += 1.0
    if abs(reward - 1.0) <= TIE:
        reward = 1.0
    if abs(reward) <= TIE:
        reward = 0.0
    j = 0
    rows[arm, SUM] += reward
    outside = reward < 0.0 or reward > 1.0 or rows[arm, MEAN] == math.inf
    rows[arm, MEAN] = math.inf if outside else (rows[arm, SUM] + 1.0) / (rows[arm, COUNT] + 1.0)
    while j < distinct and table[VALUE, j] != reward:
        j += 1
    if j < VALUES:
        table[VALUE, j] = reward
        table[TIMES, j] += 1.0
        rows[arm, DISTINCT] = max(distinct, j + 1)
    else:
        own[1][own[2][arm] + int(rows[arm, OTHERS])] = reward
        rows[arm, OTHERS] += 1.0


@kernel
def _rounds(
    block: Block, actions: Actions, t: int, rows: Array, own: Own, luck: np.random.Generator, low: float, span: float
) -> None:
    rounds(_pick, _note, block, actions, t, rows, own, luck, low, span)


class NPTS(ScanPolicy):
    """NPTS of Riou and Honda (2020). Where an arm has more than 64 distinct rewards, memory grows with the rounds."""

    columns = MEAN + 1
    begin_with = {DISTINCT: 2.0}
    numbers_an_arm = 1
    pick, note, rounds = staticmethod(_pick), staticmethod(_note), staticmethod(_rounds)
    by_arm = True

    def constants(self, problem: BanditProblem) -> tuple[Any, ...]:
        need_range("NPTS", problem, "gaussian_thompson takes unbounded ones with a declared noise")
        tables = np.zeros((problem.n_actions, 2, VALUES))
        tables[:, :, 1] = 1.0
        return (tables, *nothing(problem.n_actions))

    def probabilities(self, observation: Any) -> Array:
        """By quadrature (``bandits.arms.largest``) within 1e-9 as long as rewards are 0 and 1; else there is none.

        1 for the lowest arm not played yet, else for the lowest one without a failure.
        """
        if np.any(self._rows[:, DISTINCT] > 2.0) or np.any(self._rows[:, OTHERS] > 0.0):
            raise no_closed_form(self)
        failures, successes = self._own[0][:, TIMES, :2].T  # and 1 success before all
        for arms in (np.flatnonzero(self._rows[:, COUNT] == 0.0), np.flatnonzero(failures == 0.0)):
            if arms.size:
                return self.problem_given().distribution_of(arms[0])
        return leads(self, Betas(successes, failures))

    def luck(self, n_rounds: int) -> np.random.Generator:
        return self._rng

    def make_room(self, n_rounds: int) -> None:
        tables, rewards, starts = self._own
        self._own = tables, *with_room(Kept(rewards, starts), self._rows[:, OTHERS], n_rounds)

    def regret_bounds(self, problem: BanditProblem, instance: Instance) -> Sequence[Bound]:
        """The rate of Burnetas and Katehakis where ``K_inf`` is known; else, no smaller, that of Lai and Robbins."""
        source = "Riou and Honda 2020 (from memory, the rate alone)"
        return bounded_rate("NPTS rate", instance, source) or asymptotic_order("NPTS rate", problem, instance, source)
