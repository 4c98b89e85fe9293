"""What the policies for heavy tails share: an index of a robust estimate and a width, and the theorem about it.

An arm's index is an estimate of its mean from its rewards, plus a width that is in proportion to a power of ``1 / n``
after ``n`` plays; both change only when the arm is played. Known are a moment of order ``1 + eps`` of the rewards,
which are not mapped, and the horizon ``T``: with ``delta = T^-2``, so that ``L = ln(1 / delta) = 2 ln T``, each
estimate errs by more than its width, on one side, with probability at most delta. (For a horizon of 1, in which there
is nothing to learn, ``T = 2`` is taken.)

Theorem (derived here): for T >= 2,

    R_T <= sum_i gap_i (u_i + 3),   u_i = the smallest n with 2 width(n) < gap_i.

Off an event of probability T delta = 1 / T the best arm's index is never below its mean. After u_i plays an arm's
estimate is at most its mean plus the width, with probability 1 - delta, and then its index is below the best mean;
later numbers of plays need events of their own, T delta in all. So ``E n_i <= u_i + 1 + T (2 / T)``.

Reference: S. Bubeck, N. Cesa-Bianchi, G. Lugosi, *Bandits with Heavy Tail*, IEEE Transactions on Information Theory 59,
2013: the estimators and their widths, whose constants are from memory. The paper takes ``delta = t^-2``.
"""

from __future__ import annotations

import math
from abc import abstractmethod
from collections.abc import Sequence
from typing import Any

import numpy as np

from bandits.arguments import positive, real
from bandits.arms.problem import BanditProblem
from bandits.arms.scan import SCORE, ScanPolicy, horizon_of, leader
from bandits.arms.theory import STATIONARY, ArmsInstance, gaps_of, holds, moment_of
from bandits.contract import Array, Assumption, Bound, Instance
from bandits.kernels import inlined


@inlined
def best(rows: Array, t: int, own: Any, luck: Array, s: int) -> int:
    """The arm whose index, written when it was last played, is the largest: what ``ScanPolicy.pick`` is here."""
    return leader(rows)


class RobustPolicy(ScanPolicy):
    """A policy whose index is a robust estimate and a width.

    Attributes:
        centred: whether the moment that has to be known is that of rewards about their mean.
        moment: the parameter that gives it, or None.
        eps: the order of the moment less 1, in (0, 1].
    """

    begin_with = {SCORE: math.inf}
    centred: bool
    moment: float | None
    eps: float

    @abstractmethod
    def law_of_width(self, problem: BanditProblem) -> tuple[float, float, int]:
        """(A, w, m): the width after ``n`` plays is ``A n^-w`` where ``n >= m``, and infinite before."""

    def scale(self, problem: BanditProblem) -> tuple[float, float]:
        return 0.0, 1.0

    def log(self, problem: BanditProblem) -> float:
        """``L = 2 ln T``.

        Raises:
            ValueError: the problem has no horizon.
        """
        name = type(self).__name__
        horizon = horizon_of(name, None, problem, "ucb1 needs none, where the problem declares a noise")
        return 2.0 * math.log(max(horizon, 2))

    def known_moment(self, problem: BanditProblem) -> float:
        """The moment given, or the largest that the range of rewards, or their noise, leaves possible.

        Raises:
            ValueError: nothing is known.
        """
        if self.moment is not None:
            return self.moment
        name, letter = type(self).__name__, "v" if self.centred else "u"
        if self.centred and problem.sub_gaussian:
            return math.pow(problem.width / 2.0, 1.0 + self.eps)
        if problem.bounded:
            return math.pow(max(abs(problem.low), abs(problem.high)), 1.0 + self.eps)
        raise ValueError(
            f"{name} needs {letter}, a bound on a moment, where rewards are unbounded: the problem has [{problem.low}, "
            f"{problem.high}] and {letter}=None; give {letter}"
        )

    def regret_bounds(self, problem: BanditProblem, instance: Instance) -> Sequence[Bound]:
        """The theorem above, at the horizon; "recalled", since the widths are. None where no number is as large."""
        if not isinstance(instance, ArmsInstance) or problem.horizon is None:
            return ()
        try:
            factor, power, least = self.law_of_width(problem)
        except ValueError:  # no moment is known
            return ()
        gaps = gaps_of(instance)
        if gaps is None:
            return ()
        gaps = gaps[gaps > 0.0]
        with np.errstate(over="ignore"):
            plays = np.maximum(np.floor((2.0 * factor / gaps) ** (1.0 / power)) + 1.0, least)
        value = float(np.sum(gaps * (plays + 3.0)))
        if not math.isfinite(value):
            return ()
        moment, known = moment_of(instance, 1.0 + self.eps, self.centred), self.known_moment(problem)
        covers = moment is not None and moment <= known * (1.0 + 1e-9)
        return (
            Bound(
                f"{type(self).__name__} bound",
                "upper",
                lambda t: np.full(np.shape(t), value),
                "fixed",
                "derived in this project from the widths of Bubeck, Cesa-Bianchi, Lugosi 2013",
                "recalled",
                (
                    *holds(instance, STATIONARY),
                    Assumption("the moment given covers the rewards'", covers, moment),
                    Assumption("the horizon is at least 2", problem.horizon >= 2),
                ),
                time="at the horizon",
            ),
        )


def moment_parameter(name: str, value: float | None) -> float | None:
    """A bound on a moment, > 0, or None."""
    return None if value is None else positive(name, value)


def order_parameter(eps: float) -> float:
    """``eps`` in (0, 1]."""
    return real("eps", eps, 0.0, 1.0, closed="high")
