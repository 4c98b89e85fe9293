"""Intervals that hold after every row together, so that one may look at any time and stop when it suffices."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from bandits.arguments import real
from bandits.contract import Array
from regretlab.ope.betting import sequence
from regretlab.ope.case import Rows
from regretlab.ope.estimate import case_of
from regretlab.ope.estimators import Estimator, as_estimator
from regretlab.ope.models import predictions
from regretlab.ope.policies import Target


class Sequence(NamedTuple):
    """Ends after each row: the policy's value lies between them after all rows together, with the confidence asked for.

    Where they cross no value agrees: propensities, ``least`` or the range of rewards are wrong, or it is chance.

    Attributes:
        lower: [n], never falling.
        upper: [n], never rising.
    """

    lower: Array
    upper: Array


def confidence_sequence(
    log: Rows,
    target: Target,
    method: str | Estimator = "IPS",
    *,
    confidence: float = 0.95,
    model: Any = None,
    folds: int = 5,
    least: float | None = None,
    seed: int = 0,
) -> Sequence:
    """Follow what is certain of a policy's value, row by row: see ``regretlab.ope.betting``.

    Args:
        log: the rows in the order in which they came, with a declared range of rewards.
        target: see ``estimate``; what it plays in a row must not rest on later rows.
        method: an estimator with certain limits: IPS, SNIPS, ClippedIPS (with a ``clip``), DR.
        confidence: in (0, 1).
        model: see ``estimate``; each row is predicted by earlier rows.
        folds: likewise.
        least: likewise.
        seed: likewise.

    Raises:
        ValueError: an estimator that has none, or an argument that cannot be.

    Example:
        >>> import numpy as np
        >>> from environments.logged.log import Log
        >>> from regretlab.ope.sequence import confidence_sequence
        >>> log = Log(actions=[0, 1] * 200, rewards=[0, 1] * 200, probabilities=[0.5] * 400, n_actions=2, low=0, high=1)
        >>> lower, upper = confidence_sequence(log, [0.0, 1.0])
        >>> bool(lower[99] < lower[399] < 1.0 == upper[399])
        True
    """
    alpha = 1.0 - real("confidence", confidence, 0.0, 1.0)
    chosen = as_estimator(method)
    if log.estimated:
        raise ValueError("log must have known propensities for what is certain, got estimated ones")
    fitted = predictions(log, model, folds, "forward", np.random.default_rng(0)) if chosen.needs_model else None
    case = case_of(log, target, "target", least, fitted, seed)
    if getattr(chosen, "clip", 0.0) is None:
        raise ValueError("clip must be given where every row counts: by itself it rests on how many rows there are")
    terms = chosen.terms(case)
    if not terms.below or len(terms.below[0].terms) != log.n:
        why = terms.why_none or "it leaves rows out"
        raise ValueError(f"{chosen.name} has no confidence sequence over all rows: {why}")
    low, high = case.limits
    lower = sequence(terms.below, (low, high), alpha / 2.0)
    return Sequence(lower, -sequence(terms.above, (-high, -low), alpha / 2.0))
