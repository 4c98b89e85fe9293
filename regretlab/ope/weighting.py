"""Estimators that weight or reject rows, and trust no reward model."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from bandits.arguments import positive
from bandits.contract import Array
from regretlab.ope.case import Case
from regretlab.ope.terms import Side, Terms

NO_RANGE = "the log declares no range of the rewards: give it low and high"


@dataclass(frozen=True)
class Replay:
    """Replay by rejection (Li, Chu, Langford, Wang 2011, algorithm 2, *Unbiased offline evaluation*; from memory).

    A row is kept where the target policy, which draws, plays the arm that was played; the value is the mean reward of
    the rows kept, whose rewards are those of the target policy itself. Made for logs whose arms were drawn evenly.
    Others are thinned with probability weight / largest weight first (rejection sampling), for which ``least`` must be
    declared. Nothing is weighted, so that intervals need the range of the rewards alone; but of K arms n / K rows are
    left, about.
    """

    name: ClassVar[str] = "Replay"
    needs_model: ClassVar[bool] = False

    def terms(self, case: Case) -> Terms:
        """The estimate's terms.

        Raises:
            ValueError: the log is not uniform and ``least`` is not declared, or no row is kept.
        """
        if case.least == 0.0:
            raise ValueError(
                "Replay needs a log whose probabilities are all 1 / (number offered), or the declared least "
                "probability of any action, least=..., by which rows are thinned; got neither: use IPS"
            )
        kept = case.rng.random(case.log.n) * case.largest < case.weights
        if not kept.any():
            raise ValueError(
                f"Replay keeps none of {case.log.n} rows: the target policy plays what they did not; use DM"
            )
        rewards, (low, high) = case.log.rewards[kept], case.limits
        known = math.isfinite(high - low)
        return Terms(
            base=np.zeros(case.log.n),
            numerator=np.where(kept, case.log.rewards, 0.0),
            denominator=kept.astype(np.float64),
            below=(Side(rewards, low, high),) if known else (),
            above=(Side(-rewards, -high, -low),) if known else (),
            why_none=NO_RANGE,
        )


@dataclass(frozen=True)
class IPS:
    """Inverse propensity scores: the mean of weight times reward (Horvitz, Thompson 1952). Unbiased.

    Weights have mean 1, so that ``low + mean(w (r - low))`` and ``high - mean(w (high - r))`` estimate the value, too:
    the first limits it from below and the second from above, with no need to know how large weights can be. Where
    ``least`` is declared, all three limit it from both sides.
    """

    name: ClassVar[str] = "IPS"
    needs_model: ClassVar[bool] = False

    def terms(self, case: Case) -> Terms:
        """The estimate's terms."""
        weights, (low, high) = case.weights, case.limits
        own: Array = weights * case.log.rewards
        bases = dict.fromkeys((0.0, low, high)) if math.isfinite(high - low) else {}
        sides = [_about(base, weights, case, case.largest) for base in bases]
        return Terms(
            base=np.zeros_like(own),
            numerator=own,
            below=tuple(below for below, _ in sides if math.isfinite(below.bottom)),
            above=tuple(above for _, above in sides if math.isfinite(above.bottom)),
            why_none=NO_RANGE,
        )


@dataclass(frozen=True)
class SNIPS:
    """Self-normalised IPS, Hajek's ratio: sum of weight times reward over sum of weights (Swaminathan, Joachims 2015).

    Biased by O(1 / n), never outside the range of the rewards, and equal to c where all rewards are c. Its certain
    limits are bets on ``w (r - m)``, whose mean is 0 at the value m, and need ``least``; half of the capital bets as
    IPS does, which is better for few rows.
    """

    name: ClassVar[str] = "SNIPS"
    needs_model: ClassVar[bool] = False

    def terms(self, case: Case) -> Terms:
        """The estimate's terms.

        Raises:
            ValueError: all weights are 0.
        """
        weights, (low, high), largest = case.weights, case.limits, case.largest
        if not weights.any():
            raise ValueError(
                f"SNIPS has no weight in any of {case.log.n} rows: the target policy plays what they did not"
            )
        known, why = math.isfinite(high - low), NO_RANGE
        if known and not math.isfinite(largest):
            known, why = False, "weights have no declared limit: give the logging policy's least probability, least=..."
        below, above = one_sided(weights, case, largest) if known else ((), ())
        below = tuple(Side(s.terms, 0.0, math.inf, s.offset, weights, largest) for s in below) + below
        above = tuple(Side(s.terms, 0.0, math.inf, s.offset, weights, largest) for s in above) + above
        own: Array = weights * case.log.rewards
        return Terms(np.zeros_like(own), own, weights, below=below, above=above, why_none=why)


@dataclass(frozen=True)
class ClippedIPS:
    """Truncated IPS: the mean of min(weight, clip) times reward (Ionides 2008, *Truncated importance sampling*).

    Biased towards 0, with little variance. Its certain limits are of the policy's value all the same: clipped weights
    make ``low + mean(w (r - low))`` smaller and ``high - mean(w (high - r))`` larger.

    Attributes:
        clip: above 0; None for sqrt(n), Ionides' rate, which depends on nothing seen.
    """

    clip: float | None = None
    name: ClassVar[str] = "ClippedIPS"
    needs_model: ClassVar[bool] = False

    def __post_init__(self) -> None:
        if self.clip is not None:
            positive("clip", self.clip)

    def terms(self, case: Case) -> Terms:
        """The estimate's terms."""
        rewards, (low, high) = case.log.rewards, case.limits
        clip = min(math.sqrt(case.log.n) if self.clip is None else self.clip, case.largest)
        weights = np.minimum(case.weights, clip)
        below, above = one_sided(weights, case, clip) if math.isfinite(high - low) else ((), ())
        own: Array = weights * rewards
        return Terms(
            base=np.zeros_like(own),
            numerator=own,
            below=below,
            above=above,
            why_none=NO_RANGE,
            biased=clip < case.largest,
        )


def one_sided(weights: Array, case: Case, largest: float) -> tuple[tuple[Side, ...], tuple[Side, ...]]:
    """What limits the value from below and from above by terms that cannot be negative, however large weights are."""
    low, high = case.limits
    return (_about(low, weights, case, largest)[0],), (_about(high, weights, case, largest)[1],)


def _about(base: float, weights: Array, case: Case, largest: float) -> tuple[Side, Side]:
    """Both sides of ``base + mean(w (r - base))`` with weights in [0, largest], which may be infinite."""
    low, high = case.limits
    terms: Array = weights * (case.log.rewards - base)
    bottom = 0.0 if low >= base else largest * (low - base)
    top = 0.0 if high <= base else largest * (high - base)
    return Side(terms, bottom, top, base), Side(-terms, -top, -bottom, -base)
