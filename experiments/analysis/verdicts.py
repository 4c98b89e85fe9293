"""Verdicts: whether each curve stays under its theorem's bound and grows no faster than the theorem says."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.stats import binom

from bandits.contract import Array, Assumption, Bound
from experiments.analysis.curves import ExperimentResult
from experiments.analysis.statistics import Interval, growth_exponent

SLACK = 0.05
"""How far above the theorem's exponent the lower end of a fitted one may lie."""

SLOWEST = 0.5
"""Exponent that a bound with slower growth (ln t) is tested against.

A logarithmic rate shows only after every gap is resolved; until then the curve grows like the square root of time, so
a fitted exponent below 1/2 contradicts no such theorem.
"""

REACH = 100.0
"""A steeper curve fails if, growing on like this, it meets its bound within so many horizons.

A learner that has not learned yet has linear regret far below any square-root bound; that contradicts nothing.
"""


@dataclass(frozen=True)
class Verdict:
    """What the data say about one bound on one curve.

    Attributes:
        experiment: name of the experiment, or of the figure over swept values.
        policy: label.
        bound: name of the bound.
        regret: name of the regret definition compared.
        result: "holds", "violated", "undecided" (the simultaneous band reaches over the bound, or there are too few
            replicates for one), or "not applicable" (an assumption fails, or only the order is known). A bound that
            holds with probability ``1 - delta`` is judged by the share of replicates above it, not by the mean.
        exponent: "agrees"; "early", steeper than the theorem's rate but too far below the bound to meet it within
            ``REACH`` horizons; "too steep"; "steeper", in a sweep over anything but the horizon, which contradicts
            nothing; or "not tested".
        text: one sentence with the numbers.
        over: what the curve is drawn over: "rounds", or ``SweepResult.parameter``.
        assumptions: the theorem's, each with whether it holds in every replicate.
        evidence: how far the bound can be trusted, see ``bandits.Bound``.
        claim: in what sense the theorem holds, in expectation or with which probability.
        mean: mean regret at the horizon.
        low: lower end of the simultaneous band there.
        high: its upper end.
        limit: the bound there.
        share: the largest ratio of mean regret to bound; below 1 where the mean stays under the bound.
        fitted: growth exponent of the curve with its interval.
        claimed: growth exponent of the bound over the same stretch.

    Numbers are None where they are not known or not asked for.
    """

    experiment: str
    policy: str
    bound: str
    regret: str
    result: str
    exponent: str
    text: str
    over: str = "rounds"
    assumptions: tuple[Assumption, ...] = ()
    evidence: str = ""
    claim: str = ""
    mean: float | None = None
    low: float | None = None
    high: float | None = None
    limit: float | None = None
    share: float | None = None
    fitted: Interval | None = None
    claimed: float | None = None

    @property
    def failed(self) -> bool:
        """Whether the theorem, though its assumptions hold, does not describe the curve."""
        return self.result == "violated" or self.exponent == "too steep"


def bounds_for(result: ExperimentResult, label: str, regret: str = "") -> list[Bound]:
    """The policy's bounds that speak of the comparator class of this regret definition."""
    comparator_class = result.definition(regret).comparator_class
    return [b for b in result.bounds[label] if b.comparator_class == comparator_class]


def lower_bounds_for(result: ExperimentResult, regret: str = "") -> list[Bound]:
    """The environment's lower bounds that speak of the comparator class of this regret definition."""
    comparator_class = result.definition(regret).comparator_class
    return [b for b in result.lower_bounds if b.comparator_class == comparator_class]


def vacuous(result: ExperimentResult, bound: Bound, regret: str = "") -> bool:
    """Whether the bound exceeds the regret of the worst possible play, at every checkpoint."""
    definition = result.definition(regret)
    if definition.worst not in result.comparators:
        return False
    most = (result.comparators[definition.comparator] - result.comparators[definition.worst]).mean(axis=0)
    return bool(np.all(result.curve(bound) >= most))


def check(result: ExperimentResult, confidence: float, regrets: Sequence[str] = ()) -> list[Verdict]:
    """Verdicts on every upper bound of an experiment's policies, each by one regret definition of its comparator class.

    Args:
        result: what to look at.
        confidence: of the simultaneous band, in (0, 1).
        regrets: the definitions that go first, where there are several of a class; the default one where empty.
    """
    return [verdict for label in result.series for verdict in check_policy(result, label, confidence, regrets)]


def check_policy(result: ExperimentResult, label: str, confidence: float, regrets: Sequence[str] = ()) -> list[Verdict]:
    """The same for one policy."""
    if not result.ready:
        return []
    verdicts = []
    seen: set[tuple[str, str]] = set()
    for definition in dict.fromkeys((*map(result.definition, regrets or ("",)), *result.regrets)):
        bounds = [b for b in bounds_for(result, label, definition.name) if (b.name, b.comparator_class) not in seen]
        seen.update((b.name, b.comparator_class) for b in bounds)
        verdicts += [_verdict(result, label, definition.name, bound, confidence) for bound in bounds]
    return verdicts


def _verdict(result: ExperimentResult, label: str, regret: str, bound: Bound, confidence: float) -> Verdict:
    verdict = Verdict(
        experiment=result.experiment.name,
        policy=label,
        bound=bound.name,
        regret=regret,
        result="not applicable",
        exponent="not tested",
        text="",
        assumptions=bound.assumptions,
        evidence=bound.evidence,
        claim=bound.claim,
    )
    broken = [str(assumption) for assumption in bound.assumptions if not assumption.holds]
    if broken:
        return replace(verdict, text=f"assumption fails: {'; '.join(broken)}")
    if bound.time == "asymptotic":
        return replace(verdict, text="asymptotic, at no finite time is anything claimed")
    if bound.kind != "upper":
        what = (
            "a lower bound is drawn, not judged"
            if bound.kind == "lower"
            else "order only, the constant is a convention"
        )
        return replace(verdict, text=what)
    at_horizon = bound.time == "at the horizon"
    at = slice(-1, None) if at_horizon else slice(None)
    samples, curve = result.regret(label, regret), result.curve(bound)
    band, limit = result.band(label, confidence, regret, at_horizon=at_horizon), curve[at]
    low, high = band.all_low, band.all_high
    size = float(np.abs(result.comparators[result.definition(regret).comparator]).max())
    slack = rounding_of(limit, size)
    inside = "holds" if np.all(high <= limit + slack) else "undecided"
    shares = share_of(band.mean, limit, size)
    share = float(np.max(shares))
    text = f"mean regret {band.mean[-1]:.5g} of {limit[-1]:.5g} at round {result.times[-1]}, at most {share:.3g} of it"
    spread = np.ptp(samples[:, at], axis=0) > slack  # where all replicates agree by chance, the band has no width
    outside = bool(np.any((low > limit + slack) & (spread | ~spread.any())))
    if bound.delta is not None:
        outside, inside, said = _by_shares(samples[:, at] > limit + slack, bound.delta, confidence)
        text = f"{said}; {text}"
    verdict = replace(
        verdict,
        result="violated" if outside else inside,
        mean=float(band.mean[-1]),
        low=known(low[-1]),
        high=known(high[-1]),
        limit=float(limit[-1]),
        share=share,
    )
    if at_horizon:
        return replace(verdict, text=f"{text} (horizon only)")
    if bound.time == "no rate":
        return replace(verdict, text=f"{text}; no exponent, the bound claims no rate")
    if bound.time == "horizon-tuned":
        return replace(verdict, text=f"{text}; no exponent, the bound's rate is in the horizon")
    if bound.delta is not None:
        return replace(verdict, text=f"{text}; no exponent, the bound says nothing of the mean")
    claimed = growth(result, curve[None], regret)
    key = ("exponent", label, regret, confidence)
    return judge_exponent(
        replace(verdict, text=text),
        result.once(key, lambda: growth(result, samples, regret, confidence)),
        None if claimed is None else claimed.value,
        float(shares[-1]),
    )


def _by_shares(above: NDArray[np.bool_], delta: float, confidence: float) -> tuple[bool, str, str]:
    """What the replicates say of a bound that may fail with probability ``delta``.

    Args:
        above: [n_replicates, n_checkpoints] whether the regret is above the bound.
        delta: in (0, 1).
        confidence: of the verdict, over all checkpoints together (Bonferroni), in (0, 1).

    Returns:
        Whether more replicates are above than chance allows, at a checkpoint (binomial test); the result otherwise; and
        the largest number of replicates above, in words.
    """
    n, most = len(above), int(above.sum(axis=0).max())
    chance = float(binom.sf(most - 1, n, delta))  # of so many at one checkpoint, if the bound fails as often as it may
    said = f"at most {most} of {n} replicates above it, {100 * delta:.3g} % may be"
    return chance * above.shape[1] < 1.0 - confidence, "holds" if most <= delta * n else "undecided", said


def growth(result: ExperimentResult, values: Array, regret: str = "", confidence: float = 0.95) -> Interval | None:
    """Growth exponent of curves [n, n_checkpoints] over the time of a regret definition, as ``growth_exponent``."""
    time = result.time(regret)
    moved = np.diff(time, prepend=0.0) > 0.0  # a group's clock stands still in rounds of others
    return growth_exponent(values[:, moved], time[moved], confidence)


def rounding_of(limit: Array, size: float = 0.0) -> Array:
    """How far above a bound [n] rounding may put a difference [n] of sums of that size, in the bound's unit."""
    return 1e-9 * np.maximum(1.0, np.abs(limit)) + 1e-12 * size


def share_of(values: Array, limit: Array, size: float = 0.0) -> Array:
    """Shares [n] of a bound [n] that values [n] reach: 0 for 0 up to rounding, else infinite where the bound is 0."""
    shares = np.divide(values, limit, out=np.full(len(values), np.inf), where=limit > 0.0)
    return np.where(np.abs(values) <= rounding_of(limit, size), 0.0, shares)


def judge_exponent(
    verdict: Verdict, fitted: Interval | None, claimed: float | None, share: float, slowest: float = SLOWEST
) -> Verdict:
    """The verdict with its part on the exponent.

    Args:
        verdict: what is known of the curve and its bound so far.
        fitted: exponent of the curve.
        claimed: exponent of the bound.
        share: of the bound, that the curve has reached at its end.
        slowest: exponent that slower bounds are tested against.
    """
    if fitted is None or claimed is None:
        stretch = "the last decade" if verdict.over == "rounds" else "the sweep"
        return replace(verdict, text=f"{verdict.text}; regret is not positive over {stretch}, no exponent")
    if np.isnan(fitted.low):
        return replace(verdict, text=f"{verdict.text}; one replicate tells no exponent", fitted=fitted, claimed=claimed)
    low = fitted.low
    excess = low - max(claimed, slowest)
    steep = excess > SLACK
    met = steep and share > 0.0 and -math.log(share) <= excess * math.log(REACH)
    text = f"exponent {fitted.value:.3f} [{fitted.low:.3f}, {fitted.high:.3f}], bound's {round(claimed, 3) + 0.0:.3f}"
    return replace(
        verdict,
        exponent="too steep" if met else "early" if steep else "agrees",
        text=f"{verdict.text}; {text}",
        fitted=fitted,
        claimed=claimed,
    )


def known(value: float) -> float | None:
    """The number, or None for NaN."""
    return None if np.isnan(value) else float(value)
