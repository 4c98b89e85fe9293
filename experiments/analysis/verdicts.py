"""Verdicts: whether each curve stays under its theorem's bound and grows no faster than the theorem says.

What is said to hold, or to be violated, is guaranteed (see ``guarantees``). Beside it stands what is typical: what the
bootstrap says, which knows nothing of failures that are too rare to be among the replicates.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import bdtr, bdtrc

from bandits.contract import Array, Assumption, Bound
from experiments.analysis.curves import ExperimentResult
from experiments.analysis.guarantees import evidence_each, needed_each
from experiments.analysis.statistics import Band, Interval, growth_exponent, growth_exponents
from experiments.analysis.together import Talk, together

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
        result: "holds", "violated", "undecided" (too few replicates to be certain, or no limits of the regret are
            known), or "not applicable" (an assumption fails, or only the order is known). A bound that holds with
            probability ``1 - delta`` is judged by the share of replicates above it, not by the mean.
        typical: "holds", "violated" or "undecided" by the simultaneous band of the bootstrap, where the bound is judged
            at all; empty else.
        exponent: "agrees"; "undecided", steeper than the theorem's rate in these replicates, which is not guaranteed;
            "early", steeper but too far below the bound to meet it within ``REACH`` horizons; "too steep"; "steeper",
            in a sweep over anything but the horizon, which contradicts nothing; or "not tested".
        typical_exponent: "agrees", "early" or "too steep" by the bootstrap, where the exponent is tested; empty else.
        text: one sentence with the numbers.
        over: what the curve is drawn over: "rounds", or ``SweepResult.parameter``.
        assumptions: the theorem's, each with whether it holds in every replicate.
        evidence: how far the bound can be trusted, see ``bandits.Bound``.
        claim: in what sense the theorem holds, in expectation or with which probability.
        mean: mean regret at the horizon.
        band: of the curve, or of its end where the bound speaks of that alone.
        guaranteed_low: lower end of the guaranteed interval of the mean regret there.
        guaranteed_high: its upper end.
        limit: the bound there.
        share: the largest ratio of mean regret to bound; below 1 where the mean stays under the bound.
        at: the round at which it is the largest; of a sweep, the value of the parameter.
        fitted: growth exponent of the curve with its bootstrap interval.
        guaranteed_growth: growth exponent from the start to the end of the stretch with a guaranteed interval.
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
    typical: str = ""
    typical_exponent: str = ""
    over: str = "rounds"
    assumptions: tuple[Assumption, ...] = ()
    evidence: str = ""
    claim: str = ""
    mean: float | None = None
    band: Band | None = field(default=None, repr=False, compare=False)
    guaranteed_low: float | None = None
    guaranteed_high: float | None = None
    limit: float | None = None
    share: float | None = None
    at: Any = None
    fitted: Interval | None = None
    guaranteed_growth: Interval | None = None
    claimed: float | None = None

    @property
    def low(self) -> float | None:
        """Lower end of the simultaneous band of the bootstrap at the horizon."""
        return None if self.band is None else known(self.band.all_low[-1])

    @property
    def high(self) -> float | None:
        """Its upper end."""
        return None if self.band is None else known(self.band.all_high[-1])

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

    And on lower bounds of the environment that hold for every policy in the mean over its runs (``Bound.judged``).

    Args:
        result: what to look at.
        confidence: of the simultaneous band, in (0, 1).
        regrets: the definitions that go first, where there are several of a class; the default one where empty.
    """
    return next(check_each([(result, regrets)], confidence))


def check_each(wanted: Iterable[tuple[ExperimentResult, Sequence[str]]], confidence: float) -> Iterator[list[Verdict]]:
    """The same for each of many results with the definitions that go first there: twice as fast as one by one."""
    return together(_check(result, confidence, regrets) for result, regrets in wanted)


def _check(result: ExperimentResult, confidence: float, regrets: Sequence[str]) -> Talk[list[Verdict]]:
    verdicts = []
    for label in result.series:
        verdicts += yield from _check_policy(result, label, confidence, regrets)
    return verdicts


def check_policy(result: ExperimentResult, label: str, confidence: float, regrets: Sequence[str] = ()) -> list[Verdict]:
    """The same for one policy."""
    return next(together([_check_policy(result, label, confidence, regrets)]))


def _check_policy(
    result: ExperimentResult, label: str, confidence: float, regrets: Sequence[str]
) -> Talk[list[Verdict]]:
    verdicts: list[Verdict] = []
    if not result.ready:
        return verdicts
    seen: set[tuple[str, str]] = set()
    for definition in dict.fromkeys((*map(result.definition, regrets or ("",)), *result.regrets)):
        bounds = [b for b in bounds_for(result, label, definition.name) if (b.name, b.comparator_class) not in seen]
        seen.update((b.name, b.comparator_class) for b in bounds)
        for bound in bounds:
            verdicts.append((yield from _verdict(result, label, definition.name, bound, confidence)))
        for bound in lower_bounds_for(result, definition.name):
            if bound.judged and (bound.name, bound.comparator_class) not in seen:
                seen.add((bound.name, bound.comparator_class))
                verdicts.append((yield from _lower_verdict(result, label, definition.name, bound, confidence)))
    return verdicts


def _lower_verdict(result: ExperimentResult, label: str, regret: str, bound: Bound, confidence: float) -> Talk[Verdict]:
    """What the data say of a lower bound that holds for every policy in the mean over the runs: at the horizon."""
    about: dict[str, Any] = {
        "experiment": result.experiment.name,
        "policy": label,
        "bound": bound.name,
        "regret": regret,
        "exponent": "not tested",
        "assumptions": bound.assumptions,
        "evidence": bound.evidence,
        "claim": bound.claim,
    }
    broken = [str(assumption) for assumption in bound.assumptions if not assumption.holds]
    if broken:
        return Verdict(**about, result="not applicable", text=f"assumption fails: {'; '.join(broken)}")
    values, limit = result.regret(label, regret)[:, -1:], result.curve(bound)[-1:]
    slack = rounding_of(limit, float(np.abs(result.comparators[result.definition(regret).comparator]).max()))
    ends, band = result.limits_of(regret)[:, -1:], result.band(label, confidence, regret, at_horizon=True)
    found, needed = yield from _guaranteed(-values, -ends[::-1], -limit[None], slack, False, confidence)
    low, high, least = band.all_low[-1], band.all_high[-1], float((limit - slack)[-1])
    typical = "violated" if high < least else "holds" if low >= least else "undecided"
    sure = result.guaranteed(label, confidence, regret)
    said = _said(sure, found, needed, len(values))
    text = f"mean regret {band.mean[-1]:.5g}, {limit[-1]:.5g} at least; {said} (horizon only)"
    return Verdict(
        **about,
        result=found,
        typical=typical,
        text=text,
        mean=float(band.mean[-1]),
        band=band,
        guaranteed_low=known(sure.low),
        guaranteed_high=known(sure.high),
        limit=float(limit[-1]),
        at=int(result.times[-1]),
    )


def _verdict(result: ExperimentResult, label: str, regret: str, bound: Bound, confidence: float) -> Talk[Verdict]:
    about: dict[str, Any] = {
        "experiment": result.experiment.name,
        "policy": label,
        "bound": bound.name,
        "regret": regret,
        "result": "not applicable",
        "exponent": "not tested",
        "assumptions": bound.assumptions,
        "evidence": bound.evidence,
        "claim": bound.claim,
    }
    broken = [str(assumption) for assumption in bound.assumptions if not assumption.holds]
    if broken:
        return Verdict(**about, text=f"assumption fails: {'; '.join(broken)}")
    if bound.time == "asymptotic":
        return Verdict(**about, text="asymptotic, at no finite time is anything claimed")
    if bound.kind != "upper":
        what = (
            "a lower bound is drawn, not judged"
            if bound.kind == "lower"
            else "order only, the constant is a convention"
        )
        return Verdict(**about, text=what)
    at_horizon = bound.time == "at the horizon"
    at = slice(-1, None) if at_horizon else slice(None)
    samples, curve = result.regret(label, regret), result.curve(bound)
    band, limit = result.band(label, confidence, regret, at_horizon=at_horizon), curve[at]
    size = float(np.abs(result.comparators[result.definition(regret).comparator]).max())
    slack = rounding_of(limit, size)
    shares = share_of(band.mean, limit, size)
    share = float(np.max(shares))
    rounds = result.times[at]
    text = _compared(band.mean, limit, slack, shares, rounds)
    own = result.varying.get(label, {}).get((bound.name, bound.comparator_class), curve[None])[:, at]
    sure = result.guaranteed(label, confidence, regret)
    if bound.delta is not None:
        found, typical, said = _by_shares(samples[:, at] > own + slack, bound.delta, confidence, rounds)
        text = f"{said}; {text}"
    else:
        typical = "holds" if band.surely_below(limit + slack) else _by_band(band, limit + slack, slack)
        if result.is_certain(label, regret):
            found, said = "holds" if np.all(samples[0, at] <= limit + slack) else "violated", "nothing is random"
        else:
            ends = result.limits_of(regret)[:, at]
            found, needed = yield from _guaranteed(samples[:, at], ends, own, slack, bound.data_dependent, confidence)
            said = _said(sure, found, needed, len(samples))
        text = f"{text}; {said}"
    if found == "undecided" != typical:
        text = f"{text}; typically {typical}"
    if capped := result.censoring(label, regret):
        text = f"{text}; {capped}, the mean is a lower end"
    about |= {
        "result": found,
        "typical": typical,
        "mean": float(band.mean[-1]),
        "band": band,
        "guaranteed_low": known(sure.low),
        "guaranteed_high": known(sure.high),
        "limit": float(limit[-1]),
        "share": share,
        "at": int(rounds[np.argmax(shares)]),
    }
    if at_horizon:
        return Verdict(**about, text=f"{text} (horizon only)")
    if bound.time == "no rate":
        return Verdict(**about, text=f"{text}; no exponent, the bound claims no rate")
    if bound.time == "horizon-tuned":
        return Verdict(**about, text=f"{text}; no exponent, the bound's rate is in the horizon")
    if bound.delta is not None:
        return Verdict(**about, text=f"{text}; no exponent, the bound says nothing of the mean")
    if not result.definition(regret).cumulative:
        return Verdict(**about, text=f"{text}; no exponent, {result.definition(regret).label} is no sum over time")
    claimed = yield growth_exponents, (*_moving(result, curve[None], regret), confidence)
    key = ("exponent", label, regret, confidence)
    if not result.has(key):
        found = yield growth_exponents, (*_moving(result, samples, regret), confidence)
        result.once(key, lambda: found)
    return judge_exponent(
        Verdict(**about, text=text),
        result.once(key, lambda: None),
        result.guaranteed_growth(label, confidence, regret),
        None if claimed is None else claimed.value,
        float(shares[-1]),
    )


def _compared(mean: Array, limit: Array, slack: Array, shares: Array, rounds: NDArray[np.int64]) -> str:
    """Mean regret and bound [n_times] in words: at the last of the rounds, and where the mean is above the bound."""
    end = f"{mean[-1]:.5g} of {limit[-1]:.5g} at round {rounds[-1]}"
    worst, above = int(np.argmax(shares)), np.flatnonzero(mean > limit + slack)
    if not len(above):
        return f"mean regret {end}" + f", at most {shares[worst]:.3g} of it" * bool(shares[worst] > 0.0)
    first, last = rounds[above[[0, -1]]]
    where = f"from round {first} to round {last}" if last > first else f"at round {first}"
    where = f"at {len(above)} checkpoints {where}" if above[-1] - above[0] >= len(above) else where
    most = f"{shares[worst]:.3g} times it" if np.isfinite(shares[worst]) else "the furthest"
    there = f"{mean[worst]:.5g} of {limit[worst]:.5g} at round {rounds[worst]}"
    return f"mean regret above the bound {where}, {most} with {there}" + f"; {end}" * (worst < len(mean) - 1)


def _by_band(band: Band, limit: Array, slack: Array) -> str:
    """What the simultaneous band says of a limit [n_times], which is up to rounding, ``slack`` [n_times]."""
    spread = np.ptp(band.samples, axis=0) > slack  # where all replicates agree by chance, the band has no width
    if np.any((band.all_low > limit) & (spread | ~spread.any())):
        return "violated"
    return "holds" if np.all(band.all_high <= limit) else "undecided"


def _guaranteed(
    values: Array, ends: Array, bounds: Array, slack: Array, data_dependent: bool, confidence: float
) -> Talk[tuple[str, float]]:
    """What is certain of a bound on a mean, and how many replicates it would take to be certain that it holds.

    It holds where there is evidence at every checkpoint. It is violated where the mean of the evidence over all
    checkpoints says so, which is itself evidence against the whole curve. Of bounds that differ between the replicates
    the difference is looked at, with bounds beyond the worst play's regret, which claim no more than that, put there.
    Nothing is evidence against a bound that depends on the data: it may be large where no replicate shows it.

    Args:
        values: [n_replicates, n_times] regret.
        ends: [2, n_times] between which it lies.
        bounds: [n_replicates, n_times], or [1, n_times] if they are the same in all replicates.
        slack: [n_times] what counts as rounding.
        data_dependent: whether the theorem speaks of the mean of the bound, not of the bound in each instance.
        confidence: of each of the two, each at half the error, in (0, 1).
    """
    (low, high), wanted = ends, -math.log((1.0 - confidence) / 2.0)
    can_hold = bool(np.all(bounds >= low))
    limit = bounds[0] + slack
    if len(bounds) > 1:
        values, low, high, limit = values - np.clip(bounds, low, high), low - high, high - low, slack
    below, in_doubt = np.full(len(limit), np.inf), high > limit  # beyond the worst play a bound always holds
    if in_doubt.any():
        below[in_doubt] = yield evidence_each, (-values[:, in_doubt], -high[in_doubt], -limit[in_doubt])
    if not data_dependent and np.any(values.mean(axis=0) > limit):  # else there is no evidence above 1
        above = np.logaddexp.reduce((yield evidence_each, (values, low, limit))) - math.log(len(limit))
        if above >= wanted:
            return "violated", math.nan
    if not can_hold:
        return "undecided", math.inf
    unsure = below < wanted
    if not unsure.any():
        return "holds", math.nan
    margin = limit - 2.0 * slack  # a mean that is below the bound by rounding is at the bound
    alphas = np.full(np.count_nonzero(unsure), math.exp(-wanted))
    needed = yield needed_each, (-values[:, unsure], -high[unsure], -margin[unsure], alphas)
    return "undecided", float(needed.max())


def _said(sure: Interval, found: str, needed: float, n: int) -> str:
    """What is guaranteed, in words."""
    if math.isinf(sure.high):
        known_end = "" if math.isinf(sure.low) else f" but that it is above {sure.low:.4g}"
        return f"nothing is guaranteed of the mean{known_end}: the regret of the worst play is not known"
    text = f"guaranteed [{sure.low:.4g}, {sure.high:.4g}]"
    if found == "undecided":
        more = f", about {needed:,.0f} like these would do" if n < needed else ""
        more = ", and more like these would not show that it holds" if math.isinf(needed) else more
        text = f"{text}, {n} {'replicates are' if n > 1 else 'replicate is'} too few to be certain{more}"
    return text


def _by_shares(
    above: NDArray[np.bool_], delta: float, confidence: float, rounds: NDArray[np.int64]
) -> tuple[str, str, str]:
    """What the replicates say of a bound that may fail with probability ``delta``.

    Args:
        above: [n_replicates, n_checkpoints] whether the regret is above the bound.
        delta: in (0, 1).
        confidence: of each of the two, each at half the error, in (0, 1).
        rounds: [n_checkpoints] of the checkpoints.

    Returns:
        What is certain by exact binomial tests: "violated" if more replicates are above than chance allows at a
        checkpoint (Bonferroni over all), "holds" if at none as many as ``delta`` could be; what is typical, by the
        share itself; and the largest number of replicates above, in words.
    """
    counts, n, alpha = above.sum(axis=0), len(above), (1.0 - confidence) / 2.0
    most, where = int(counts.max()), f"at round {rounds[counts.argmax()]}" if counts.any() else "at any checkpoint"
    said = f"{most or 'none'} of {n} replicates above the bound {where}, {100 * delta:.3g} % may be"
    if bdtrc(most - 1, n, delta) * above.shape[1] < alpha:
        return "violated", "violated", said
    typical = "holds" if most <= delta * n else "undecided"
    return "holds" if bdtr(most, n, delta) <= alpha else "undecided", typical, said


def growth(result: ExperimentResult, values: Array, regret: str = "", confidence: float = 0.95) -> Interval | None:
    """Growth exponent of curves [n, n_checkpoints] over the time of a regret definition, as ``growth_exponent``.

    None where the definition is no sum over time.
    """
    if not result.definition(regret).cumulative:
        return None
    return growth_exponent(*_moving(result, values, regret), confidence)


def _moving(result: ExperimentResult, values: Array, regret: str) -> tuple[Array, Array]:
    """Curves [n, n_moved] and time [n_moved] at the checkpoints until which the time of a regret definition moved."""
    time = result.time(regret)
    if not result.definition(regret).clock:
        return values, time
    moved = np.diff(time, prepend=0.0) > 0.0  # a group's clock stands still in rounds of others
    return values[:, moved], time[moved]


def rounding_of(limit: Array, size: float = 0.0) -> Array:
    """How far above a bound [n] rounding may put a difference [n] of sums of that size, in the bound's unit."""
    return 1e-9 * np.maximum(1.0, np.abs(limit)) + 1e-12 * size


def share_of(values: Array, limit: Array, size: float = 0.0) -> Array:
    """Shares [n] of a bound [n] that values [n] reach: 0 for 0 up to rounding, else infinite where the bound is 0."""
    shares = np.divide(values, limit, out=np.full(len(values), np.inf), where=limit > 0.0)
    return np.where(np.abs(values) <= rounding_of(limit, size), 0.0, shares)


def judge_exponent(
    verdict: Verdict,
    fitted: Interval | None,
    sure: Interval | None,
    claimed: float | None,
    share: float,
    slowest: float = SLOWEST,
) -> Verdict:
    """The verdict with its part on the exponent.

    Args:
        verdict: what is known of the curve and its bound so far.
        fitted: exponent of the curve, with what is typical of it.
        sure: the same from start to end, with what is certain of it.
        claimed: exponent of the bound.
        share: of the bound, that the curve has reached at its end.
        slowest: exponent that slower bounds are tested against.
    """
    if fitted is None or claimed is None:
        stretch = "the last decade" if verdict.over == "rounds" else "the sweep"
        return replace(verdict, text=f"{verdict.text}; regret is not positive over {stretch}, no exponent")
    if np.isnan(fitted.low):
        return replace(verdict, text=f"{verdict.text}; one replicate tells no exponent", fitted=fitted, claimed=claimed)
    rate = max(claimed, slowest)
    typical, certain = (_steepness(low - rate, share) for low in (fitted.low, sure.low if sure else -math.inf))
    text = f"exponent {fitted.value:.3f} [{fitted.low:.3f}, {fitted.high:.3f}], bound's {round(claimed, 3) + 0.0:.3f}"
    text += f" (tested as {slowest:g})" * (round(claimed, 3) < slowest)
    if sure and certain == "too steep" and share < 1.0 and verdict.over in ("rounds", "horizon"):
        after = share ** (-1.0 / (sure.low - rate))
        text += f": at this rate it meets the bound after {after:.3g} horizons"
    return replace(
        verdict,
        exponent="undecided" if certain == "agrees" != typical else certain,
        typical_exponent=typical,
        text=f"{verdict.text}; {text}",
        fitted=fitted,
        guaranteed_growth=sure,
        claimed=claimed,
    )


def _steepness(excess: float, share: float) -> str:
    """What an exponent says at least so far above the theorem's says of a curve at this share of the bound."""
    if excess <= SLACK:
        return "agrees"
    return "too steep" if share > 0.0 and -math.log(share) <= excess * math.log(REACH) else "early"


def known(value: float) -> float | None:
    """The number, or None where it is NaN or infinite."""
    return float(value) if math.isfinite(value) else None
