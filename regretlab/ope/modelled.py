"""Estimators that use a model of the rewards, alone or corrected by weights."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from bandits.arguments import at_least_zero, positive
from bandits.contract import Array
from regretlab.ope.case import Case
from regretlab.ope.terms import Side, Terms
from regretlab.ope.weighting import NO_RANGE, one_sided

BIASED = "it is biased by an amount that no interval knows"


@dataclass(frozen=True)
class DM:
    """Direct method: the mean of what the reward model predicts for the target policy.

    As right as the model: no interval speaks of the model's error, and none covers the value if the model is wrong.
    """

    name: ClassVar[str] = "DM"
    needs_model: ClassVar[bool] = True

    def terms(self, case: Case) -> Terms:
        """The estimate's terms."""
        mean, _ = case.modelled(self.name)
        return Terms(mean, np.zeros_like(mean), why_none=BIASED, biased=True)


@dataclass(frozen=True)
class DR:
    """Doubly robust: the model's prediction plus the weighted error of it (Dudik, Langford, Li 2011).

    Unbiased for any model that was fitted without the row and without what the row led to (``fit="forward"`` where the
    logging policy learned), and of little variance where the model is good. With rewards
    and predictions in [0, R] and weights of at most L a term lies in [-(L - 1) R, L R] (derived here). Bets on it must
    be small where L is large; half of the capital bets as IPS does, which is better for few rows.
    """

    name: ClassVar[str] = "DR"
    needs_model: ClassVar[bool] = True

    def terms(self, case: Case) -> Terms:
        """The estimate's terms."""
        mean, played = case.modelled(self.name)
        whole: Array = mean + case.weights * (case.log.rewards - played)
        (low, high), largest, why = case.limits, case.largest, ""
        if not math.isfinite(high - low):
            why = NO_RANGE
        elif not math.isfinite(largest):
            why = "weights have no declared limit: give the logging policy's least probability, least=..."
        elif case.order == "crossed":
            why = "the model of each row has seen later rows, of which this one is no independent: use fit='forward'"
        elif case.predictions is not None and not np.all((case.predictions >= low) & (case.predictions <= high)):
            why = "predictions are outside the rewards' declared range: cut them off there"
        bottom, top = low - (largest - 1.0) * (high - low), low + largest * (high - low)
        below, above = one_sided(case.weights, case, largest) if not why else ((), ())
        return Terms(
            mean,
            whole - mean,
            below=() if why else (Side(whole, bottom, top), *below),
            above=() if why else (Side(-whole, -top, -bottom), *above),
            independent=case.order == "given",
            why_none=why,
        )


@dataclass(frozen=True)
class SNDR:
    """Self-normalised DR: the model's prediction plus sum of weighted errors over sum of weights (Hajek's ratio)."""

    name: ClassVar[str] = "SNDR"
    needs_model: ClassVar[bool] = True

    def terms(self, case: Case) -> Terms:
        """The estimate's terms.

        Raises:
            ValueError: all weights are 0.
        """
        mean, played = case.modelled(self.name)
        if not case.weights.any():
            raise ValueError(
                f"SNDR has no weight in any of {case.log.n} rows: the target policy plays what they did not"
            )
        errors: Array = case.weights * (case.log.rewards - played)
        return Terms(mean, errors, case.weights, why_none="it is a ratio: DR has certain limits")


@dataclass(frozen=True)
class SwitchDR:
    """SWITCH-DR: DR where the weight is at most a threshold, the model alone elsewhere (Wang, Agarwal, Dudik 2017).

    Attributes:
        threshold: tau, at least 0; None for sqrt(n), a convention of ours. Infinite is DR, 0 the direct method.
    """

    threshold: float | None = None
    name: ClassVar[str] = "SwitchDR"
    needs_model: ClassVar[bool] = True

    def __post_init__(self) -> None:
        if self.threshold is not None and self.threshold != math.inf:
            at_least_zero("threshold", self.threshold)

    def terms(self, case: Case) -> Terms:
        """The estimate's terms."""
        tau = math.sqrt(case.log.n) if self.threshold is None else self.threshold
        return _corrected(case, self.name, np.where(case.weights <= tau, case.weights, 0.0), tau < case.largest)


@dataclass(frozen=True)
class DRos:
    """DR with optimistic shrinkage: weights w become lambda w / (w^2 + lambda).

    Su, Dimakopoulou, Krishnamurthy, Dudik 2020, *Doubly robust off-policy evaluation with shrinkage*; from memory.

    Attributes:
        shrinkage: lambda, above 0; None for n, a convention of ours: no weight is above sqrt(n) / 2 then. Infinite is
            DR; towards 0 it is the direct method.
    """

    shrinkage: float | None = None
    name: ClassVar[str] = "DRos"
    needs_model: ClassVar[bool] = True

    def __post_init__(self) -> None:
        if self.shrinkage is not None and self.shrinkage != math.inf:
            positive("shrinkage", self.shrinkage)

    def terms(self, case: Case) -> Terms:
        """The estimate's terms."""
        lam = case.log.n if self.shrinkage is None else self.shrinkage
        return _corrected(case, self.name, case.weights / (case.weights**2 / lam + 1.0), lam < math.inf)


def _corrected(case: Case, name: str, weights: Array, biased: bool) -> Terms:
    """The model's predictions plus its errors by other weights than those that make the mean right.

    Whether that biases rests on the weights that can be, not on those that happen to be in the log.
    """
    mean, played = case.modelled(name)
    return Terms(mean, weights * (case.log.rewards - played), why_none=BIASED, biased=biased)
