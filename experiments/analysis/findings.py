"""All that can be said of a study: verdicts on theorems and who beats whom, as data and as text."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np

from experiments.analysis.comparisons import Comparison, compare
from experiments.analysis.curves import ExperimentResult
from experiments.analysis.results import Results
from experiments.analysis.search import scores
from experiments.analysis.sweeps import SweepBound, SweepResult, sweep_results
from experiments.analysis.verdicts import Verdict, check, check_policy, judge_exponent, share_of
from experiments.report.style import number

RESULTS = ("violated", "undecided", "not applicable", "holds")
"""What a verdict can be, the gravest first."""


@dataclass(frozen=True)
class Findings:
    """What the results of a study say.

    Attributes:
        results: the study.
        verdicts: on every upper bound of every curve over time.
        sweeps: on every upper bound of every curve over a swept parameter.
        comparisons: experiment name to all pairs of its policies.
        unbounded: (experiment, label) of the curves that no theorem speaks of.
        missing: what could not be read, one line each.
    """

    results: Results
    verdicts: tuple[Verdict, ...]
    sweeps: tuple[Verdict, ...]
    comparisons: dict[str, tuple[Comparison, ...]]
    unbounded: tuple[tuple[str, str], ...]
    missing: tuple[str, ...]

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
    verdicts = check(results)
    ready = {name: result for name, result in results.experiments.items() if is_ready(result)}
    spoken_of = {(v.experiment, v.policy) for v in verdicts}
    return Findings(
        results=results,
        verdicts=tuple(verdicts),
        sweeps=tuple(
            v for sweep in sweep_results(results) for v in _check_sweep(sweep, verdicts, results.study.confidence)
        ),
        comparisons={name: tuple(compare(result, results.study.confidence)) for name, result in ready.items()},
        unbounded=tuple((n, label) for n, p in ready.items() for label in p.series if (n, label) not in spoken_of),
        missing=tuple(f"{name}: {line}" for name, result in results.experiments.items() for line in result.missing),
    )


def is_ready(result: ExperimentResult) -> bool:
    """Whether the experiment has a replicate of every policy at hand and of the comparators."""
    return bool(result.series and result.regrets and len(result.replicates))


def _check_sweep(sweep: SweepResult, verdicts: Sequence[Verdict], confidence: float) -> Iterator[Verdict]:
    """Verdicts on the bounds that all points of a sweep share: the worst of the points', and the fitted exponent."""
    if sweep.sweep.figure.quantity != "regret":
        return
    names, regret = {result.experiment.name for result in sweep.experiments}, sweep.sweep.figure.regret
    if regret:
        verdicts = [
            v for r in sweep.experiments for label in r.series for v in check_policy(r, label, confidence, regret)
        ]
    for label in sweep.lines:
        for bound in sweep.bounds.get(label, ()):
            if bound.bound.kind == "upper":
                same = (v for v in verdicts if (v.policy, v.bound) == (label, bound.bound.name))
                points = [v for v in same if v.experiment in names]
                if points:
                    yield _sweep_verdict(sweep, label, bound, points)


def _sweep_verdict(sweep: SweepResult, label: str, bound: SweepBound, points: list[Verdict]) -> Verdict:
    line = sweep.lines[label]
    verdict = Verdict(
        experiment=sweep.name,
        policy=label,
        bound=bound.bound.name,
        regret=points[0].regret,
        result=min((v.result for v in points), key=RESULTS.index),
        exponent="not tested",
        text="",
        over=sweep.parameter,
        assumptions=bound.bound.assumptions,
        evidence=bound.bound.evidence,
        claim=bound.bound.claim,
    )
    broken = [str(assumption) for assumption in bound.bound.assumptions if not assumption.holds]
    if broken:
        return replace(verdict, text=f"assumption fails at a point: {'; '.join(broken)}")
    shares = [v.share for v in points if v.share is not None]
    verdict = replace(verdict, share=max(shares, default=None), text=f"at most {max(shares):.3g} of the bound")
    of_mean = bound.bound.delta is None and not bound.bound.data_dependent
    if not sweep.numeric or bound.bound.time == "no rate" or not of_mean:
        why = "the bound claims no rate of the mean" if sweep.numeric else "the values are no numbers"
        return replace(verdict, text=f"{verdict.text}; no exponent, {why}")
    x, values = np.array(sweep.points, dtype=float), np.asarray(bound.values)
    end = int(np.argmax(x))
    claimed = None
    if len(x) >= 3 and np.all(x > 0.0) and np.all(values > 0.0):
        claimed = float(np.polyfit(np.log(x), np.log(values), 1)[0])
    over_time = sweep.parameter == "horizon"
    share = float(share_of(np.array([line.intervals[end].value]), values[[end]])[0])
    judged = judge_exponent(verdict, line.exponent, claimed, share, *(() if over_time else (-math.inf,)))
    contradicts = judged.exponent in ("early", "too steep")
    return replace(judged, exponent="steeper") if contradicts and not over_time else judged


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
            {"experiment": name, **_finite(asdict(c)), "significant": c.significant(confidence)}
            for name, pairs in found.comparisons.items()
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
    for name, pairs in found.comparisons.items():
        for c in pairs:
            verb = "beats" if c.significant(confidence) else "is not told from"
            by = f"{c.difference.value:.4g} [{c.difference.low:.4g}, {c.difference.high:.4g}]"
            yield f"pair {name} · {c.better} {verb} {c.worse}: {by}, corrected p {c.p:.2g}"
    for line in found.missing:
        yield f"MISSING {line}"
    n, pairs_of = len(found.verdicts) + len(found.sweeps), [c for pairs in found.comparisons.values() for c in pairs]
    stand = sum(c.significant(confidence) for c in pairs_of)
    counts = counted((*found.verdicts, *found.sweeps))
    yield (
        f"{found.results.study.name}: {n} bounds, {len(found.contradicted)} fail; {counts}; "
        f"{stand} of {len(pairs_of)} pairs told apart; {len(found.missing)} results missing"
    )


def counted(verdicts: Sequence[Verdict]) -> str:
    """How many verdicts are of each kind, in words: "6 hold, 1 undecided"; "none" without verdicts."""
    counts = {result: sum(v.result == result for v in verdicts) for result in reversed(RESULTS)}
    return (
        ", ".join(f"{n} {'hold' if result == 'holds' and n > 1 else result}" for result, n in counts.items() if n)
        or "none"
    )


def _plain(verdict: Verdict) -> dict[str, Any]:
    return {key: _finite(value) for key, value in asdict(verdict).items()} | {"failed": verdict.failed}


def _finite(value: Any) -> Any:
    """JSON has no NaN: None instead, inside mappings too."""
    if isinstance(value, dict):
        return {key: _finite(inner) for key, inner in value.items()}
    return None if isinstance(value, float) and not math.isfinite(value) else value


def sentence(result: ExperimentResult, found: Findings) -> str:
    """What an experiment's figure shows, in words: who is lowest and highest, if that stands, which bounds hold."""
    definition, confidence = result.definition(), found.results.study.confidence
    means = {label: float(scores(result, label).mean()) for label in result.series}
    order = sorted(result.learners, key=means.__getitem__)
    values = {label: number(mean) for label, mean in means.items()}
    what = "cumulative cost" if result.experiment.figure.quantity == "cost" else definition.label
    words = [f"{what[:1].upper()}{what[1:]} at round {result.times[-1]:,}: "]
    if len(order) == 1:
        words.append(f"{order[0]} {values[order[0]]} {definition.unit}.")
    else:
        best = order[0]
        words.append(
            f"lowest for {best} ({values[best]} {definition.unit}), highest for {order[-1]} ({values[order[-1]]}). "
        )
        pairs = found.comparisons[result.experiment.name]
        behind = {c.worse: c for c in pairs if c.better == best}
        even = [label for label in order[1:] if label not in behind or not behind[label].significant(confidence)]
        if even:
            words.append(f"The data do not tell {best} from {_listed(even)}.")
        else:
            words.append(f"{best} is below {'all others' if len(order) > 2 else order[1]} beyond chance.")
    knowing = [f"{label} ({values[label]})" for label in result.series if label not in result.learners]
    if knowing:
        words.append(f" Knowing the run in advance: {_listed(knowing)}.")
    verdicts = [v for v in found.verdicts if v.experiment == result.experiment.name]
    return "".join(words) + _bounds_sentence(verdicts)


def sweep_sentence(sweep: SweepResult, verdicts: Sequence[Verdict]) -> str:
    """What a sweep's figure shows, in words: who is lowest at each end, how steeply values grow, which bounds hold."""
    axis, words, learners = sweep.axis, [], _learners(sweep)
    for j in dict.fromkeys((0, len(sweep.points) - 1)):
        at = sorted(learners, key=lambda label: sweep.lines[label].intervals[j].value)
        low, high = (f"{label} ({number(sweep.lines[label].intervals[j].value)})" for label in (at[0], at[-1]))
        words.append(f"At {sweep.points[j]}{f' ({axis})' if j == 0 else ''}: lowest {low}, highest {high}. ")
    return "".join(words).rstrip() + _bounds_sentence(verdicts)


def study_sentence(found: Findings) -> str:
    """What a study's overview shows: the sweeps' and the other experiments' lowest curves, and which bounds hold."""
    sweeps = sweep_results(found.results)
    swept = {result.experiment.name for sweep in sweeps for result in sweep.experiments}
    words = []
    for name, result in found.results.experiments.items():
        if is_ready(result) and name not in swept:
            best = min(result.learners, key=lambda label: float(scores(result, label).mean()))
            words.append(f"{result.experiment.title or name}: lowest {result.experiment.figure.quantity} for {best}.")
    for sweep in sweeps:
        best = min(_learners(sweep), key=lambda label: sweep.lines[label].intervals[-1].value)
        words.append(f"{sweep.title}: lowest for {best} at {sweep.points[-1]}.")
    return " ".join(words) + _bounds_sentence((*found.verdicts, *found.sweeps))


def _learners(sweep: SweepResult) -> list[str]:
    return [label for label in sweep.lines if label in sweep.experiments[0].learners] or list(sweep.lines)


def _bounds_sentence(verdicts: Sequence[Verdict]) -> str:
    if not verdicts:
        return ""
    steep = [v.policy for v in verdicts if v.exponent == "too steep"]
    return f" Bounds: {counted(verdicts)}." + (f" Too steep for the theorem: {_listed(steep)}." if steep else "")


def _listed(labels: Sequence[str], most: int = 4) -> str:
    shown = ", ".join(labels[:most])
    return f"{shown} and {len(labels) - most} more" if len(labels) > most else shown
