"""Multinomial Thompson sampling: rewards on a grid, whose probabilities have a Dirichlet prior.

A reward, mapped to [0, 1], is rounded at random to one of the grid's points ``0, 1 / M, .., 1`` next to it, so that its
mean stays. In every round draw the probabilities of the points from each arm's posterior, Dirichlet(1, .., 1) at first,
and play the arm whose drawn law has the largest mean. Ties go to the lowest index. As the prior is a proper one, no arm
is played for a start. With ``M = 1`` this is Thompson sampling with the prior Beta(1, 1), in law ``beta_thompson``.

A round draws the law of the arm with the largest posterior mean, and those of the others as far as they can exceed it
(``dirichlet.py``): which arm is played has the law of the rule.

The prior weighs as much as ``M + 1`` rewards spread over the grid, and the mean of a law drawn from it is near 1/2: a
grid that is finer than the rewards' costs much at first, where the best mean is far above 1/2.

Reference: C. Riou, J. Honda, *Bandit Algorithms Based on Thompson Sampling for Bounded Reward Distributions*, ALT 2020
[recall].
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from bandits.arguments import affordable, integer
from bandits.arms.dirichlet import above, cannot_exceed
from bandits.arms.largest import Betas, leads
from bandits.arms.orders import asymptotic_order
from bandits.arms.problem import Actions, BanditProblem, Block
from bandits.arms.scan import TIE, ScanPolicy, need_range, rounds
from bandits.arms.theory import BERNOULLI
from bandits.contract import Array, Bound, Instance, no_closed_form
from bandits.kernels import inlined, kernel

MEAN, TOTAL, FIRST = range(3)
"""Columns: the mean of the posterior and the sum of its parameters; the first of its M + 1 parameters."""
Own = tuple[np.random.Generator, Array, Array]
"""The generator; the points of the grid [M + 1]; no further values [0], as ``dirichlet.py`` has it."""


@kernel
def _sample(rows: Array, arm: int, points: Array, rng: np.random.Generator) -> float:
    total, sum_of_points = 0.0, 0.0
    for j in range(points.size):
        weight = rng.standard_gamma(rows[arm, FIRST + j])
        total += weight
        sum_of_points += weight * points[j]
    return sum_of_points / total


@inlined
def _pick(rows: Array, t: int, own: Own, luck: Array, s: int) -> int:
    rng, points, rest = own
    front = 0
    for i in range(1, rows.shape[0]):
        if rows[i, MEAN] > rows[front, MEAN]:
            front = i
    best, arm = _sample(rows, front, points, rng), front
    for i in range(rows.shape[0]):
        if i != front:
            mean = rows[i, MEAN]
            if mean < best:
                wait = rng.standard_exponential()
                if cannot_exceed(rows[i, TOTAL], mean, best, wait):
                    continue
                sample = above(points, rows[i, FIRST:], rest, mean, best, wait, rng)
            else:
                sample = _sample(rows, i, points, rng)
            if sample > best:
                best, arm = sample, i
    return arm


@inlined
def _note(rows: Array, arm: int, reward: float, own: Own) -> None:
    rng, points, _ = own
    levels = points.size - 1
    place = min(max(reward, 0.0), 1.0) * levels
    nearest = math.floor(place + 0.5)
    if abs(place - nearest) <= TIE * levels:
        place = nearest
    point = math.floor(place)
    if point < place and rng.random() < place - point:
        point += 1
    rows[arm, FIRST + int(point)] += 1.0
    rows[arm, TOTAL] += 1.0
    sum_of_points = 0.0
    for j in range(points.size):
        sum_of_points += rows[arm, FIRST + j] * points[j]
    rows[arm, MEAN] = sum_of_points / rows[arm, TOTAL]


@kernel
def _rounds(
    block: Block,
    actions: Actions,
    t: int,
    rows: Array,
    own: Own,
    luck: Array,
    low: float,
    span: float,
) -> None:
    rounds(_pick, _note, block, actions, t, rows, own, luck, low, span)


class MultinomialTS(ScanPolicy):
    """Multinomial Thompson sampling of Riou and Honda (2020), with randomised rounding.

    Args:
        levels: the grid has this many steps, >= 1.
    """

    pick, note, rounds = staticmethod(_pick), staticmethod(_note), staticmethod(_rounds)
    by_arm = True

    def __init__(self, levels: int = 10) -> None:
        self.levels = integer("levels", levels)

    def constants(self, problem: BanditProblem) -> tuple[Any, ...]:
        need_range("MultinomialTS", problem, "gaussian_thompson takes unbounded ones with a declared noise")
        numbers = problem.n_actions * (self.levels + 1)
        affordable("levels", f"levels = {self.levels} with {problem.n_actions} arms", numbers)
        return self._rng, np.arange(self.levels + 1.0) / self.levels, np.empty(0)

    def probabilities(self, observation: Any) -> Array:
        """With one level by quadrature (``bandits.arms.largest``) within 1e-9; with more there is no closed form."""
        if self.levels > 1:
            raise no_closed_form(self)
        return leads(self, Betas(self._rows[:, FIRST + 1], self._rows[:, FIRST]))

    def rows(self, problem: BanditProblem) -> Array:
        rows = np.ones((problem.n_actions, FIRST + self.levels + 1))
        rows[:, MEAN], rows[:, TOTAL] = 0.5, self.levels + 1.0
        return rows

    def regret_bounds(self, problem: BanditProblem, instance: Instance) -> Sequence[Bound]:
        """The rate of Lai and Robbins on rewards 0 and 1."""
        source = "Riou and Honda 2020 (from memory, the rate alone)"
        return asymptotic_order("multinomial rate", problem, instance, source, key=BERNOULLI)
