"""The estimators by name, and as objects with parameters of their own."""

from __future__ import annotations

from typing import Any, ClassVar, Protocol

from bandits.arguments import did_you_mean, shown
from regretlab.ope.case import Case
from regretlab.ope.modelled import DM, DR, SNDR, DRos, SwitchDR
from regretlab.ope.terms import Terms
from regretlab.ope.weighting import IPS, SNIPS, ClippedIPS, Replay


class Estimator(Protocol):
    """An estimator of the value of a policy; one of yours has these, too.

    Attributes:
        name: short, for tables and figures.
        needs_model: whether it needs predicted rewards.
    """

    name: ClassVar[str]
    needs_model: ClassVar[bool]

    def terms(self, case: Case) -> Terms: ...


ESTIMATORS: dict[str, type[Any]] = {
    kind.name: kind for kind in (Replay, IPS, SNIPS, ClippedIPS, DM, DR, SNDR, SwitchDR, DRos)
}
"""Name to class of all estimators."""


def as_estimator(given: Any) -> Estimator:
    """An estimator from its name, with the parameters that it has by itself, or an object.

    Raises:
        ValueError: no such name, or an object that is no estimator.
    """
    if isinstance(given, str) and given in ESTIMATORS:
        named: Estimator = ESTIMATORS[given]()
        return named
    if isinstance(given, type) or not callable(getattr(given, "terms", None)) or not hasattr(given, "name"):
        known = f"{shown(given)}{did_you_mean(given, ESTIMATORS)}"
        raise ValueError(f"an estimator must be one of {', '.join(ESTIMATORS)}, or such an object, got {known}")
    object_given: Estimator = given
    return object_given
