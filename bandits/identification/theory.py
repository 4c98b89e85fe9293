"""What theorems on identification may know: means, complexities, characteristic times."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np

from bandits.contract import Array, Bound, Instance, Policy
from bandits.identification.divergence import FAMILIES, divergence_between
from bandits.identification.problem import IdentificationProblem
from bandits.identification.times import characteristic, characteristic_above, time_of
from bandits.identification.tops import characteristic_top


def log_bar(n: int) -> float:
    """``1/2 + sum_{i=2}^n 1/i``, of successive rejects."""
    return 0.5 + math.fsum(1.0 / i for i in range(2, n + 1))


def binary_divergence(delta: float) -> float:
    """``kl(delta, 1 - delta)``, of the lower bound on mean stopping times; 0 where ``delta >= 1/2``."""
    if delta >= 0.5:
        return 0.0
    return (1.0 - 2.0 * delta) * math.log((1.0 - delta) / delta)


@dataclass(frozen=True, eq=False, kw_only=True)
class IdentificationInstance(Instance):
    """Means that do not change, with a question about them. Complexities are worked out when they are asked for.

    Attributes:
        problem: what learners are told.
        means: [n_actions], in the order in which they were given or drawn, whatever labels the learner sees.
        drawn: whether means are drawn anew in every run.
    """

    problem: IdentificationProblem
    means: Array
    drawn: bool = False

    @property
    def sub_gaussian(self) -> bool:
        """Whether rewards are known to be sub-Gaussian with the problem's deviation."""
        return self.problem.family in ("gaussian", "bernoulli")

    @cached_property
    def unique(self) -> bool:
        """Whether there is one right answer."""
        ordered = np.sort(self.means)[::-1]
        m = self.problem.m
        return self.problem.question == "above" or bool(ordered[m - 1] > ordered[m])

    @cached_property
    def gaps(self) -> Array:
        """[n_actions] distance of each mean from the m-th or (m+1)-th largest, on whose other side it lies.

        For "above": ``|mu_i - threshold| + epsilon``.
        """
        problem = self.problem
        if problem.question == "above":
            return np.abs(self.means - float(problem.threshold or 0.0)) + problem.epsilon
        ordered = np.sort(self.means)[::-1]
        inside, outside = ordered[problem.m - 1], ordered[problem.m]
        return np.asarray(np.where(self.means >= inside, self.means - outside, inside - self.means))

    @cached_property
    def best_value(self) -> float:
        """What a right answer is worth: the mean of the m largest means, 0 where the question is "above"."""
        if self.problem.question == "above":
            return 0.0
        return float(np.mean(np.sort(self.means)[::-1][: self.problem.m]))

    @cached_property
    def worst_value(self) -> float:
        """What the worst answer is worth; where the question is "above", minus the arms that it can be wrong of."""
        problem = self.problem
        if problem.question == "above":
            threshold = float(problem.threshold or 0.0)
            clear = (self.means >= threshold + problem.epsilon) | (self.means < threshold - problem.epsilon)
            return -float(np.count_nonzero(clear))
        return float(np.mean(np.sort(self.means)[: problem.m]))

    def consequences(
        self, policy: Policy[Any, Any, Any, Any], problem: Any, bounds: Sequence[Bound]
    ) -> Sequence[Bound]:
        """Of each bound on the error one on simple regret: a wrong answer costs at most the worst one's."""
        most = self.best_value - self.worst_value

        def priced(bound: Bound) -> Bound:
            name = f"largest loss times {bound.name}"
            return replace(bound, name=name, curve=lambda t: most * bound.curve(t), comparator_class="value")

        return [priced(b) for b in bounds if b.comparator_class == "answer" and b.kind == "upper"]

    @cached_property
    def h1(self) -> float:
        """``sum_i gap_i^-2``; inf where several answers are right."""
        with np.errstate(divide="ignore"):
            return float(np.sum(self.gaps**-2.0))

    @cached_property
    def h2(self) -> float:
        """``max_{i >= 2} i gap_(i)^-2`` over gaps in increasing order, for "best"; inf where several are best."""
        ordered = np.sort(self.gaps)
        with np.errstate(divide="ignore"):
            return float(np.max(np.arange(2, len(ordered) + 1) * ordered[1:] ** -2.0))

    @cached_property
    def _characteristic(self) -> tuple[float, Array]:
        problem = self.problem
        if problem.question == "above":
            return characteristic_above(problem.family, self.means, float(problem.threshold or 0.0), problem.variance)
        if problem.question == "top" and problem.m > 1:
            return characteristic_top(problem.family, self.means, problem.m, problem.variance)
        return characteristic(problem.family, self.means, problem.variance)

    @property
    def time(self) -> float:
        """T*; inf where several answers are right."""
        return self._characteristic[0]

    @property
    def weights(self) -> Array:
        """Shares [n_actions] of samples that attain T*."""
        return self._characteristic[1]

    @cached_property
    def uniform_time(self) -> float:
        """T_uniform, where all arms get equal shares; inf where several answers are right."""
        problem, n = self.problem, len(self.means)
        if problem.question == "above":
            family, threshold = FAMILIES[problem.family], float(problem.threshold or 0.0)
            least = min(divergence_between(family, problem.variance, float(m), threshold) for m in self.means)
            return n / least if least > 0.0 else math.inf
        hardest = np.sort(self.means)[::-1][problem.m - 1 : problem.m + 1]  # to tell, of all pairs, in and out
        return 0.5 * n * time_of(problem.family, hardest, np.full(2, 0.5), problem.variance)

    @cached_property
    def half_time(self) -> float:
        """T_half, where the best arm gets half of all samples."""
        return characteristic(self.problem.family, self.means, self.problem.variance, 0.5)[0]
