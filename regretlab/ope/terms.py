"""What an estimator comes to, row by row, so that every interval can be computed in one way from any estimator."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from bandits.contract import Array


@dataclass(frozen=True, eq=False)
class Side:
    """Terms by which the value is limited from one side: at the true ``u``, the mean of ``terms - slopes * u`` is 0.

    It is 0 or below where clipping makes the terms smaller. The value is ``offset + u`` where it is limited from
    below, and ``-(offset + u)`` where it is limited from above.

    Attributes:
        terms: [m].
        bottom: what no term can be below, one not seen either.
        top: what none can be above; infinite where nobody knows.
        offset: the value, or minus the value, at ``u = 0``.
        slopes: [m], at least 0 and 1 in the mean, or None where all are 1.
        steepest: what no slope can be above.
    """

    terms: Array
    bottom: float
    top: float
    offset: float = 0.0
    slopes: Array | None = None
    steepest: float = 1.0


@dataclass(frozen=True, eq=False)
class Terms:
    """An estimate ``mean(base) + mean(numerator) / mean(denominator)`` and what limits the value of the policy.

    Attributes:
        base: [n].
        numerator: [n].
        denominator: [n], or None where it is 1.
        below: sides that limit the policy's value from below, the estimator's own first; empty where it has none that
            is certain.
        above: likewise from above.
        independent: whether the rows' terms are independent; else each has, given those before it, the mean that the
            sides say.
        why_none: why there are no sides, for a message; empty where there are.
        biased: whether the estimator's mean may differ from the policy's value however many rows there are.
    """

    base: Array
    numerator: Array
    denominator: Array | None = None
    below: tuple[Side, ...] = ()
    above: tuple[Side, ...] = ()
    independent: bool = True
    why_none: str = ""
    biased: bool = False

    @property
    def value(self) -> float:
        """The estimate."""
        return float(ratio(*(rows.mean() for rows in self.rows)))

    @property
    def rows(self) -> tuple[Array, ...]:
        """Base and numerator [n], and denominator [n] where there is one."""
        return (
            (self.base, self.numerator) if self.denominator is None else (self.base, self.numerator, self.denominator)
        )

    @property
    def influence(self) -> Array:
        """[n] what each row adds to the estimate, less the mean; of a ratio both parts together (delta method)."""
        if self.denominator is None:
            whole: Array = self.base + self.numerator
            return np.asarray(whole - whole.mean())
        mean = self.denominator.mean()
        quotient = self.numerator.mean() / mean
        found: Array = self.base - self.base.mean() + (self.numerator - quotient * self.denominator) / mean
        return found


def ratio(base: Array, numerator: Array, denominator: Array | float = 1.0) -> Array:
    """The estimate from means of its rows, of any shape."""
    return np.asarray(base + numerator / denominator)
