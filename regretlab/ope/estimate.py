"""One estimate of one policy, with an interval and what is to be known of it."""

from __future__ import annotations

import math
import warnings
from dataclasses import dataclass, field
from typing import Any

from bandits.arguments import one_of, real
from bandits.contract import Array
from bandits.seeds import stream
from regretlab.ope.case import Case, Order, Rows, checked_least
from regretlab.ope.estimators import Estimator, as_estimator
from regretlab.ope.intervals import INTERVALS, Method
from regretlab.ope.models import predictions
from regretlab.ope.overlap import OnFailure, Overlap, checked_overlap
from regretlab.ope.policies import Target, probabilities_of


@dataclass(frozen=True)
class Estimate:
    """What a policy would earn a decision, by one estimator.

    Attributes:
        policy: its label.
        estimator: its name.
        value: the estimate.
        low: lower end of the interval.
        high: upper end; below ``low`` where no value agrees with the rows, of which a warning tells.
        confidence: of the interval.
        interval: its name, a key of ``INTERVALS``.
        certain: whether the interval covers the policy's value with that confidence for any number of rows; else for
            many rows. Never with estimated propensities.
        biased: whether the estimator's mean may be another than the policy's value, of which the interval then knows
            nothing unless it is certain.
        error: standard error, numerator and denominator of ratios together.
        overlap: how the policy meets the log.
    """

    policy: str
    estimator: str
    value: float
    low: float
    high: float
    confidence: float
    interval: str
    certain: bool
    biased: bool
    error: float
    overlap: Overlap = field(repr=False)

    @property
    def n(self) -> int:
        """Rows of the log."""
        return self.overlap.n

    @property
    def notes(self) -> tuple[str, ...]:
        """What is to be said of it, a sentence each."""
        found = list(self.overlap.notes)
        if self.biased and not self.certain:
            found.append(f"{self.estimator} is biased by what its interval does not know")
        if self.low > self.high:
            found.append(
                f"no value agrees with {self.estimator}'s limits: propensities, least or the range are wrong, or it is "
                f"one of at most {1.0 - self.confidence:.2g} of logs by chance"
            )
        return tuple(found)


def estimate(
    log: Rows,
    target: Target,
    method: str | Estimator = "IPS",
    *,
    interval: str = "auto",
    confidence: float = 0.95,
    model: Any = None,
    folds: int = 5,
    fit: str = "crossed",
    least: float | None = None,
    overlap: OnFailure = "refuse",
    seed: int = 0,
) -> Estimate:
    """Estimate what a policy that does not learn would earn a decision, from a log of another one's decisions.

    Rows must be independent of each other, but for what the logging policy learned from earlier rows if its
    probabilities tell.

    Args:
        log: the rows: a ``Log``.
        target: the policy: probabilities [n, n_actions] or [n_actions], a function from contexts [n, d] to them, or a
            policy of ours in a run, which stands still.
        method: name of an estimator, a key of ``ESTIMATORS``, or an object.
        interval: "betting", "bernstein", "hoeffding", "normal", "percentile" or "bca"; "auto" for betting where the
            estimator has certain limits, else normal.
        confidence: of the interval, in (0, 1).
        model: of the rewards, where the estimator needs one: see ``regretlab.ope.models.predictions``.
        folds: likewise.
        fit: likewise, "crossed" or "forward"; certain intervals of DR need "forward" or given predictions, and so does
            a log of a policy that learned from earlier rows, where DR is biased otherwise.
        least: with which probability, at the least, the logging policy plays any arm that it offers. It limits the
            weights of rows that are not in the log: the least probability that is in it does not. In a log that was
            drawn evenly it is known.
        overlap: what to do where the target policy plays arms that the log never plays, or others than one that the
            logging policy plays with probability 1: "refuse", "warn" or "ignore", which warns of nothing else, either.
        seed: of folds, resamples and rows rejected.

    Raises:
        ValueError: an argument that cannot be, an interval that the estimator does not have, or overlap that fails.

    Example:
        >>> import numpy as np
        >>> from environments.logged.log import Log
        >>> from regretlab.ope.estimate import estimate
        >>> arms = np.arange(600) % 3
        >>> log = Log(actions=arms, rewards=arms == 2, probabilities=np.full(600, 1 / 3), n_actions=3, low=0, high=1)
        >>> found = estimate(log, [0.0, 0.5, 0.5])
        >>> round(found.value, 3), round(found.low, 2), round(found.high, 2), found.interval
        (0.5, 0.42, 0.58, 'betting')
    """
    chosen = as_estimator(method)
    modelled = predictions(log, model, folds, fit, stream(seed, of="folds")) if chosen.needs_model else None
    case = case_of(log, target, "target", least, modelled, seed)
    found = of_case(case, "target", chosen, interval, confidence, checked_overlap(case, "target", overlap), seed)
    return checked_ends(found, overlap)


def case_of(
    log: Rows, target: Any, name: str, least: float | None, modelled: tuple[Array, Order] | None, seed: int
) -> Case:
    """The case of a target policy, its arguments checked; ``modelled`` is what ``predictions`` gave, or None."""
    probabilities = log.propensities("off-policy evaluation")
    floor = checked_least(log, probabilities, least)
    table, rng = probabilities_of(log, target, name), stream(seed, of="rejection")
    if modelled is None:
        return Case(log, table, probabilities, floor, None, "given", rng)
    return Case(log, table, probabilities, floor, *modelled, rng)


def of_case(
    case: Case, name: str, estimator: Estimator, interval: str, confidence: float, overlap: Overlap, seed: int
) -> Estimate:
    """The estimate of a case.

    Raises:
        ValueError: an interval that the estimator does not have.
    """
    real("confidence", confidence, 0.0, 1.0)
    one_of("interval", interval, ["auto", *INTERVALS])
    terms = estimator.terms(case)
    if interval == "auto":
        method = INTERVALS["normal" if INTERVALS["betting"].missing(terms) else "betting"]
    else:
        method = INTERVALS[interval]
        if why := method.missing(terms):
            raise ValueError(f"interval {interval!r} of {estimator.name} cannot be had: {why}")
    low, high = _ends(method, case, terms, 1.0 - confidence, seed)
    influence = terms.influence
    return Estimate(
        policy=name,
        estimator=estimator.name,
        value=terms.value,
        low=low,
        high=high,
        confidence=confidence,
        interval=method.name,
        certain=method.certain and not case.log.estimated,
        biased=terms.biased or case.log.estimated,
        error=float(influence.std(ddof=1)) / math.sqrt(len(influence)) if len(influence) > 1 else math.inf,
        overlap=overlap,
    )


def checked_ends(found: Estimate, on_failure: OnFailure) -> Estimate:
    """The estimate; that its ends contradict each other is told, but where failures are ignored."""
    if found.low > found.high and on_failure != "ignore":
        warnings.warn(f"{found.policy}: {found.notes[-1]}", RuntimeWarning, stacklevel=3)
    return found


def _ends(method: Method, case: Case, terms: Any, alpha: float, seed: int) -> tuple[float, float]:
    return method.ends(terms, case.limits, alpha, stream(seed, of="resamples"))
