"""All that can be said of a study, each thing worked out once: what its figures show, verdicts, who beats whom."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, field, replace
from functools import cached_property
from typing import Any

import numpy as np

from experiments.analysis.comparisons import Comparison, pairs_of
from experiments.analysis.curves import ExperimentResult, guarantee
from experiments.analysis.guarantees import guaranteed_growth
from experiments.analysis.results import Results
from experiments.analysis.search import SearchResult, search_result
from experiments.analysis.sweeps import SLOPE, SweepBound, SweepResult, is_over_values, sweep_results, tells_slope
from experiments.analysis.verdicts import Verdict, check, check_each, judge_exponent, share_of
from experiments.study.axes import text_of
from experiments.study.model import Figure

RESULTS = ("violated", "undecided", "not applicable", "holds")
"""What a verdict can be, the gravest first."""

View = tuple[Figure, ExperimentResult | SweepResult]
"""What a figure shows: curves over time, or values at the horizon over swept values."""


@dataclass(frozen=True)
class Findings:
    """What the results of a study say.

    Attributes:
        results: the study.
        views: what the figures show that has results, in the order of the figures; one over swept values has a view for
            each point of the values beside the x axis.
        verdicts: on every upper bound of every curve over time.
        sweeps: on every upper bound of every curve over a swept parameter.
        comparisons: experiment name to regret definition to all pairs of the experiment's policies: for the definitions
            by which a figure shows it, and the default one where no figure does.
        searches: experiment name to what its search found.
        unbounded: (experiment, label) of the curves that no theorem speaks of.
        missing: what could not be read, one line each.
        pictures: what has been drawn, which keeps its id while it is here, and its picture; see
            ``experiments.report.figures.picture``.
    """

    results: Results
    views: tuple[View, ...]
    verdicts: tuple[Verdict, ...]
    sweeps: tuple[Verdict, ...]
    comparisons: dict[str, dict[str, tuple[Comparison, ...]]]
    searches: dict[str, SearchResult]
    unbounded: tuple[tuple[str, str], ...]
    missing: tuple[str, ...]
    pictures: dict[tuple[int, str], tuple[Any, Any]] = field(
        default_factory=dict, init=False, repr=False, compare=False
    )

    @cached_property
    def by_experiment(self) -> dict[str, list[Verdict]]:
        """The verdicts on curves over time, by experiment."""
        found: dict[str, list[Verdict]] = {}
        for verdict in self.verdicts:
            found.setdefault(verdict.experiment, []).append(verdict)
        return found

    @property
    def contradicted(self) -> list[Verdict]:
        """The verdicts by which a theorem does not describe a curve."""
        return [v for v in (*self.verdicts, *self.sweeps) if v.failed]

    @property
    def clean(self) -> bool:
        """Whether all results are there and every bound that applies holds, none of them too steep."""
        return not self.failed and all(v.result != "undecided" for v in (*self.verdicts, *self.sweeps))

    @property
    def failed(self) -> bool:
        """Whether a theorem is contradicted or a result is missing."""
        return bool(self.contradicted or self.missing)


def findings(results: Results) -> Findings:
    """Look at everything, with the study's confidence."""
    confidence, seen = results.study.confidence, views(results)
    ready = {name: result for name, result in results.experiments.items() if result.ready}
    regrets: dict[str, list[str]] = {name: [] for name in ready}
    for figure, shown in seen:
        for result in [shown] if isinstance(shown, ExperimentResult) else shown.experiments:
            regrets[result.experiment.name].append(result.definition(figure.regret).name)
    regrets = {name: list(dict.fromkeys(given or [ready[name].definition().name])) for name, given in regrets.items()}
    guarantee(((ready[name], regret) for name, given in regrets.items() for regret in given), confidence)
    checked = check_each(((result, regrets[name]) for name, result in ready.items()), confidence)
    verdicts = dict(zip(ready, checked, strict=True))
    by_regret = {(name, regrets[name][0]): found for name, found in verdicts.items()}

    def judged(name: str, regret: str) -> list[Verdict]:
        """An experiment's verdicts, those by this definition first."""
        key = (name, ready[name].definition(regret).name)
        if key not in by_regret:
            by_regret[key] = check(ready[name], confidence, key[1:])
        return by_regret[key]

    every = [v for found in verdicts.values() for v in found]
    spoken_of = {(v.experiment, v.policy) for v in every}
    full = {name: result.candidates for name, result in results.experiments.items() if result.candidates}
    searches = {name: search_result(result, confidence) for name, result in full.items()}
    return Findings(
        results=results,
        views=tuple(seen),
        verdicts=tuple(every),
        sweeps=tuple(
            v for _, shown in seen if isinstance(shown, SweepResult) for v in _check_sweep(shown, judged, confidence)
        ),
        comparisons={
            name: {regret: pairs_of(result, confidence, regret) for regret in regrets[name]}
            for name, result in ready.items()
        },
        searches={name: search for name, search in searches.items() if search.policies},
        unbounded=tuple((n, label) for n, p in ready.items() for label in p.series if (n, label) not in spoken_of),
        missing=tuple(f"{name}: {line}" for name, result in results.experiments.items() for line in result.missing),
    )


def views(results: Results, regret: str = "") -> list[View]:
    """What the figures of a study show that has results.

    Args:
        results: the study.
        regret: regret definition, in place of the figures' own choices.

    Raises:
        ValueError: an experiment lacks the regret definition.
    """
    seen: list[View] = []
    for figure in results.study.all_figures():
        figure = figure.model_copy(update={"regret": regret}) if regret else figure
        if is_over_values(results.study, figure):
            seen += [(sweep.figure, sweep) for sweep in sweep_results(results, figure)]
        elif (result := results.experiments[figure.experiment]).ready and result.named(figure.policies):
            result.definition(figure.regret)
            seen.append((figure, result))
    return seen


def _check_sweep(
    sweep: SweepResult, judged: Callable[[str, str], list[Verdict]], confidence: float
) -> Iterator[Verdict]:
    """Verdicts on the bounds that all points of a sweep share: the worst of the points', and the fitted exponent.

    Args:
        sweep: what to judge.
        judged: name of an experiment and a regret definition to verdicts on its curves over time.
        confidence: of the exponents, in (0, 1).
    """
    if sweep.figure.quantity != "regret":
        return
    found = {
        (name, v.policy, v.bound): v
        for name, result in {result.experiment.name: result for result in sweep.experiments}.items()
        for v in judged(name, sweep.figure.regret)
        if result.definition(v.regret).comparator_class == result.definition(sweep.figure.regret).comparator_class
    }
    places = [(result.experiment.name, origin) for result, origin in zip(sweep.experiments, sweep.origins, strict=True)]
    for label in (label for label in sweep.lines if label not in sweep.level):
        for bound in (bound for bound in sweep.bounds[label] if bound.bound.kind == "upper"):
            keyed = [(name, origin[label], bound.bound.name) if label in origin else None for name, origin in places]
            if at := {i: found[key] for i, key in enumerate(keyed) if key in found}:
                yield _sweep_verdict(sweep, label, bound, at, confidence)


def _sweep_verdict(
    sweep: SweepResult, label: str, bound: SweepBound, at: dict[int, Verdict], confidence: float
) -> Verdict:
    """The verdict of the points, given with their positions."""
    line, points = sweep.lines[label], list(at.values())
    verdict = Verdict(
        experiment=sweep.name,
        policy=label,
        bound=bound.bound.name,
        regret=points[0].regret,
        result=min((v.result for v in points), key=RESULTS.index),
        typical=min((v.typical for v in points if v.typical), key=RESULTS.index, default=""),
        exponent="not tested",
        text="",
        over=sweep.parameter,
        assumptions=bound.bound.assumptions,
        evidence=bound.bound.evidence,
        claim=bound.bound.claim,
    )
    broken = [str(assumption) for assumption in bound.bound.assumptions if not assumption.holds]
    if broken:
        failing = [i for i, v in at.items() if not all(assumption.holds for assumption in v.assumptions)]
        return replace(verdict, text=f"assumption fails {_at(sweep, failing)}: {'; '.join(broken)}")
    shares = {i: v.share for i, v in at.items() if v.share is not None}
    if not shares:  # judged at no point, as one that is asymptotic
        return replace(verdict, text=points[0].text)
    worst = max(shares, key=shares.__getitem__)
    text = f"at most {shares[worst]:.3g} of the bound, {_at(sweep, [worst])}"
    if violated := [i for i, v in at.items() if v.result == "violated"]:
        most = max(violated, key=lambda i: shares.get(i, 0.0))
        text = f"violated {_at(sweep, violated)}; {_at(sweep, [most])}: {at[most].text.partition(';')[0]}"
    if capped := [i for i in at if sweep.experiments[i].censored(label, sweep.figure.regret)]:
        text = f"{text}; runs capped {_at(sweep, capped)}, means are lower ends"
    verdict = replace(verdict, share=shares[worst], at=sweep.points[worst], text=text)
    of_mean = bound.bound.delta is None and not bound.bound.data_dependent
    if not sweep.numeric or bound.bound.time == "no rate" or not of_mean:
        why = "the bound claims no rate of the mean" if sweep.numeric else "the values are no numbers"
        return replace(verdict, text=f"{verdict.text}; no exponent, {why}")
    definition = sweep.experiments[0].definition(sweep.figure.regret)
    if not definition.cumulative:
        return replace(verdict, text=f"{verdict.text}; no exponent, {definition.label} is no sum over time")
    there = [i for i, value in enumerate(bound.values) if not math.isnan(value)]
    x, values = np.array([sweep.points[i] for i in there], dtype=float), bound.values[there]
    if not tells_slope(x):
        why = f"it takes three positive values over a factor of {SLOPE:g}"
        return replace(verdict, text=f"{verdict.text}; no exponent, {why}")
    start, end = int(np.argmin(x)), int(np.argmax(x))
    claimed = None
    if np.all(values > 0.0):
        claimed = float(np.polyfit(np.log(x), np.log(values), 1)[0])
    over_time = sweep.parameter == "horizon"
    reached = sweep.experiments[there[end]].final(label, confidence, sweep.figure.regret).value
    share = float(share_of(np.array([reached]), values[[end]])[0])
    each = (1.0 + confidence) / 2.0
    first, last = (sweep.experiments[there[i]].guaranteed(label, each, sweep.figure.regret) for i in (start, end))
    sure = guaranteed_growth(first, last, float(x[end] / x[start]))
    judged = judge_exponent(verdict, line.exponent, sure, claimed, share, *(() if over_time else (-math.inf,)))
    contradicts = judged.exponent in ("early", "too steep")
    return replace(judged, exponent="steeper") if contradicts and not over_time else judged


def _at(sweep: SweepResult, points: Sequence[int], most: int = 4) -> str:
    """Points of a sweep in words."""
    values = [text_of(sweep.points[i]) for i in points]
    more = f" and {len(values) - most} more" if len(values) > most else ""
    return f"at {sweep.parameter}={', '.join(values[:most])}{more}"


def as_json(found: Findings) -> dict[str, Any]:
    """Plain data for JSON; docs/check.md explains the fields."""
    confidence = found.results.study.confidence
    return {
        "folder": str(found.results.folder),
        "study": found.results.study.name,
        "confidence": confidence,
        "verdicts": [_plain(v) for v in found.verdicts],
        "sweeps": [_plain(v) for v in found.sweeps],
        "comparisons": [
            {
                "experiment": name,
                "regret": regret,
                **_finite(asdict(c)),
                "significant": c.significant(confidence),
                "typical": c.typical(confidence),
            }
            for name, by_regret in found.comparisons.items()
            for regret, pairs in by_regret.items()
            for c in pairs
        ],
        "unbounded": [{"experiment": name, "policy": label} for name, label in found.unbounded],
        "missing": list(found.missing),
        "failed": found.failed,
    }


def as_text(found: Findings) -> Iterator[str]:
    """A line for each thing found, and a summary at the end."""
    for v in (*found.verdicts, *found.sweeps):
        mark = "FAIL" if v.failed else {"holds": "ok  ", "undecided": "?   "}.get(v.result, "-   ")
        over = "" if v.over == "rounds" else f" over {v.over}"
        yield f"{mark} {v.experiment}{over} · {v.policy} · {v.bound}: {v.result}, exponent {v.exponent}; {v.text}"
    for name, label in found.unbounded:
        yield f"-    {name} · {label}: no bound"
    confidence = found.results.study.confidence
    for name, by_regret in found.comparisons.items():
        for regret, pairs in by_regret.items():
            what = f"{name} by {regret}" if len(by_regret) > 1 else name
            for c in pairs:
                typical, sure = c.difference, c.guaranteed
                verb = "beats" if c.significant(confidence) else "is not told from"
                if verb != "beats" and c.typical(confidence):
                    verb = "is typically below"
                by = f"{typical.value:.4g} [{typical.low:.4g}, {typical.high:.4g}], corrected p {c.p:.2g}"
                by = by if typical.finite else f"{typical.value:.4g}, one replicate tells no more"
                certain = f"guaranteed [{sure.low:.4g}, {sure.high:.4g}]" if sure.finite else "nothing is guaranteed"
                yield f"pair {what} · {c.better} {verb} {c.worse}: {by}; {certain}, corrected p {c.guaranteed_p:.2g}"
    for line in found.missing:
        yield f"MISSING {line}"
    n, pairs_of = (
        len(found.verdicts) + len(found.sweeps),
        [c for by in found.comparisons.values() for pairs in by.values() for c in pairs],
    )
    stand = sum(c.significant(confidence) for c in pairs_of)
    typically = sum(c.typical(confidence) for c in pairs_of)
    counts = counted((*found.verdicts, *found.sweeps))
    yield (
        f"{found.results.study.name}: {n} bounds, {len(found.contradicted)} fail; {counts}; "
        f"{stand} of {len(pairs_of)} pairs told apart, {typically} typically; {len(found.missing)} results missing"
    )


def counted(verdicts: Sequence[Verdict]) -> str:
    """How many verdicts are of each kind, in words: "6 hold, 2 undecided (1 typically holds)"; "none" without any."""
    counts = {result: sum(v.result == result for v in verdicts) for result in reversed(RESULTS)}
    words = {result: f"{n} {'hold' if result == 'holds' and n > 1 else result}" for result, n in counts.items() if n}
    for typical, verb in (("violated", "typically violated"), ("holds", "typically hold")):
        if n := sum(v.result == "undecided" and v.typical == typical for v in verdicts):
            words["undecided"] += f" ({n} {verb}{'s' * (n == 1 and typical == 'holds')})"
    return ", ".join(words.values()) or "none"


def _plain(verdict: Verdict) -> dict[str, Any]:
    plain: dict[str, Any] = {}
    for key, value in asdict(replace(verdict, band=None)).items():
        plain |= {"low": verdict.low, "high": verdict.high} if key == "band" else {key: _finite(value)}
    return plain | {"failed": verdict.failed}


def _finite(value: Any) -> Any:
    """JSON has no NaN: None instead, inside mappings too."""
    if isinstance(value, dict):
        return {key: _finite(inner) for key, inner in value.items()}
    return None if isinstance(value, float) and not math.isfinite(value) else value
