"""Whether a log can answer what a target policy would earn: what its weights say, and a word where they say no."""

from __future__ import annotations

import math
import warnings
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np

from bandits.arguments import one_of, shown
from regretlab.ope.case import ROUNDING, Case

OnFailure = Literal["refuse", "warn", "ignore"]
FEW = 30.0
"""Effective rows below which a note says that there are few."""
FAR = 5.0
"""Standard errors from 1 of the mean weight from which a warning says so."""


@dataclass(frozen=True)
class Overlap:
    """How the target policy's arms meet those played.

    Attributes:
        n: number of rows.
        effective: ``(sum w)^2 / sum w^2``, as many rows of the target policy's own as these are worth, about (Kish).
        largest: the largest weight.
        unmatched: share of the rows whose weight is 0.
        mean: of the weights; 1 but for chance where the propensities are right and all arms have some.
        error: standard error of that mean.
        unplayed: share of the target policy's plays that go to arms the log never plays, or to others than the one
            that the logging policy plays with probability 1 in that row.
        rows: in how many rows there are such plays.
        names: of those arms.
    """

    n: int
    effective: float
    largest: float
    unmatched: float
    mean: float
    error: float
    unplayed: float
    rows: int
    names: tuple[str, ...]

    @classmethod
    def of(cls, case: Case) -> Overlap:
        """The overlap of a case."""
        log, weights = case.log, case.weights
        never = np.bincount(log.actions, minlength=log.n_actions) == 0
        lost, missed = case.target[:, never].sum(axis=1), np.zeros(log.n_actions, dtype=np.bool_)
        missed[never] = case.target[:, never].any(axis=0)
        sure = np.flatnonzero(case.probabilities == 1.0)
        others = case.target[sure]
        others[np.arange(len(sure)), log.actions[sure]] = 0.0
        lost[sure] = others.sum(axis=1)
        missed |= others.any(axis=0)
        largest = float(weights.max())
        shares = weights / largest if largest > 0.0 else weights
        squares = float(np.sum(shares**2))
        return cls(
            n=log.n,
            effective=float(shares.sum()) ** 2 / squares if squares > 0.0 else 0.0,
            largest=largest,
            unmatched=float(np.mean(weights == 0.0)),
            mean=float(weights.mean()),
            error=float(weights.std(ddof=1)) / math.sqrt(log.n) if log.n > 1 else math.inf,
            unplayed=float(lost.mean()),
            rows=int(np.count_nonzero(lost > 0.0)),
            names=tuple(str(log.names[i]) for i in np.flatnonzero(missed)),
        )

    @property
    def deviation(self) -> float:
        """How many standard errors the mean weight is from 1; 0 where it is 1 but for rounding."""
        if math.isclose(self.mean, 1.0, rel_tol=ROUNDING):
            return 0.0
        return abs(self.mean - 1.0) / self.error if self.error > 0.0 else math.inf

    @property
    def notes(self) -> tuple[str, ...]:
        """What is to be said of it, a sentence each."""
        found = []
        if self.rows:
            found.append(
                f"{100 * self.unplayed:.3g} % of its plays, in {self.rows} of {self.n} rows, go to what the log never "
                f"plays, or where another was sure to be played: {shown(', '.join(self.names))}"
            )
        if self.deviation > FAR:
            found.append(
                f"weights have mean {self.mean:.3g}, {self.deviation:.2g} standard errors from 1: propensities are "
                "wrong, or rare large weights are not in the log"
            )
        if self.effective < FEW:
            found.append(f"its weights are worth {self.effective:.3g} rows")
        return tuple(found)


def checked_overlap(case: Case, name: str, on_failure: OnFailure) -> Overlap:
    """The overlap, refused or told where the target policy plays what the log never does.

    Where ``least`` is declared the logging policy could have played it: that is told, and refused no more.

    Args:
        case: a target policy on a log.
        name: of the policy, for messages.
        on_failure: "refuse" with a ``ValueError``, "warn" or "ignore".

    Raises:
        ValueError: it does, and failures are refused.
    """
    one_of("overlap", on_failure, get_args(OnFailure))
    found = Overlap.of(case)
    if found.rows and on_failure == "refuse" and case.least == 0.0:
        raise ValueError(
            f"overlap fails for {name}: {found.notes[0]}. No weight makes up for it. If the logging policy "
            "could have played it, declare its least probability, least=...; else overlap='warn' goes on all the same"
        )
    told = found.notes[: bool(found.rows) + (found.deviation > FAR)]
    if told and on_failure != "ignore":
        warnings.warn(f"{name}: {'; '.join(told)}", RuntimeWarning, stacklevel=3)
    return found
