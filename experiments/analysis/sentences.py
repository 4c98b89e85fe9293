"""What figures show, in words."""

from __future__ import annotations

from collections.abc import Sequence

from experiments.analysis.comparisons import compare
from experiments.analysis.curves import SIGNS, ExperimentResult
from experiments.analysis.findings import Findings, counted
from experiments.analysis.sweeps import SweepResult
from experiments.analysis.verdicts import Verdict
from experiments.study.axes import text_of
from experiments.study.model import Figure


def number(value: float) -> str:
    """Three significant digits with k, M, G, T, P or E."""
    size = abs(value)
    for power, letter in ((18, "E"), (15, "P"), (12, "T"), (9, "G"), (6, "M"), (3, "k")):
        if size >= 10.0**power * 0.9995:
            return f"{value / 10.0**power:.3g}{letter}"
    return f"{value:.3g}"


def sentence(result: ExperimentResult, found: Findings, figure: Figure | None = None) -> str:
    """What a figure over time shows, in words: who is lowest and highest, if that stands, which bounds hold.

    Args:
        result: what it shows.
        found: of the study.
        figure: which policies it draws, and of which regret or cost; all, of the default definition, where None.
    """
    figure = figure or Figure(experiment=result.experiment.name)
    definition, confidence = result.definition(figure.regret), found.results.study.confidence
    drawn = result.named(figure.policies)
    means = {label: float(result.shown(label, figure.regret, figure.quantity)[:, -1].mean()) for label in drawn}
    sign = SIGNS[figure.quantity]
    order = sorted((label for label in drawn if label in result.learners), key=lambda label: sign * means[label])
    values = {label: number(mean) for label, mean in means.items()}
    what = definition.label if figure.quantity == "regret" else f"cumulative {figure.quantity}"
    first, last, below = ("lowest", "highest", "below") if sign > 0.0 else ("highest", "lowest", "above")
    words = [f"{what[:1].upper()}{what[1:]} at round {result.times[-1]:,}: "]
    if len(order) == 1:
        words.append(f"{order[0]} {values[order[0]]} {definition.unit}.")
    elif order and means[order[0]] == means[order[-1]]:
        words.append(f"{values[order[0]]} {definition.unit} for all.")
    elif order:
        best = order[0]
        words.append(
            f"{first} for {best} ({values[best]} {definition.unit}), {last} for {order[-1]} ({values[order[-1]]}). "
        )
        by_regret = found.comparisons[result.experiment.name]
        pairs = by_regret.get(definition.name) or compare(result, confidence, definition.name)
        behind = {c.worse: c for c in pairs if c.better == best}
        even = [label for label in order[1:] if label not in behind or not behind[label].typical(confidence)]
        unsure = [label for label in order[1:] if label not in behind or not behind[label].significant(confidence)]
        others, n = "all others" if len(order) > 2 else order[1], len(result.replicates)
        if even:
            words.append(f"The data do not tell {best} from {_listed(even)}.")
        elif unsure:
            which = "" if len(unsure) == len(order) - 1 else f" against {_listed(unsure)}"
            words.append(f"{best} is typically {below} {others}, which {n} replicates are too few to guarantee{which}.")
        else:
            words.append(f"{best} is {below} {others} beyond chance.")
    if knowing := [f"{label} ({values[label]})" for label in drawn if label not in order]:
        words.append(f" Knowing the run in advance: {_listed(knowing)}.")
    capped = [f"{label} ({said})" for label in drawn if (said := result.censoring(label, figure.regret))]
    verdicts = [v for v in found.by_experiment.get(result.experiment.name, ()) if v.policy in drawn]
    return "".join(words) + _capped_sentence(capped) + _bounds_sentence(verdicts)


def sweep_sentence(sweep: SweepResult, found: Findings) -> str:
    """What a figure over swept values shows, in words: who is lowest at each end, and which bounds hold."""
    words = []
    for j in dict.fromkeys((0, len(sweep.points) - 1)):
        there = sweep.learners_at(j)
        at = sorted(there, key=lambda label: there[label].value)
        words.append(f"At {text_of(sweep.points[j])}{f' ({sweep.axis})' if j == 0 else ''}: ")
        low, high = (f"{label} ({number(there[label].value)})" for label in (at[0], at[-1])) if at else ("none", "none")
        same = len(at) > 1 and there[at[0]].value == there[at[-1]].value
        words.append(f"{number(there[at[0]].value)} for all. " if same else f"lowest {low}, highest {high}. ")
    capped = [
        f"{label} at {text_of(point)} ({said})"
        for label in sweep.lines
        for point, there in zip(sweep.points, sweep.experiments, strict=True)
        if label in there.series and (said := there.censoring(label, sweep.figure.regret))
    ]
    return (
        "".join(words).rstrip()
        + _capped_sentence(capped)
        + _bounds_sentence([v for v in found.sweeps if v.experiment == sweep.name])
    )


def _top(figure: Figure) -> str:
    return "lowest" if SIGNS[figure.quantity] > 0.0 else "highest"


def study_sentence(found: Findings) -> str:
    """What a study's overview shows: the lowest curve of each figure, and which bounds hold."""
    words = []
    for figure, shown in found.views:
        if isinstance(shown, SweepResult):
            if last := shown.learners_at(len(shown.points) - 1):
                best = min(last, key=lambda label: SIGNS[shown.figure.quantity] * last[label].value)
                words.append(f"{shown.title}: {_top(shown.figure)} for {best} at {text_of(shown.points[-1])}.")
            continue
        drawn = shown.named(figure.policies)
        means = {lb: float(shown.shown(lb, figure.regret, figure.quantity)[:, -1].mean()) for lb in drawn}
        sign, those = SIGNS[figure.quantity], [label for label in drawn if label in shown.learners] or drawn
        best = min(those, key=lambda label: sign * means[label])
        words.append(f"{title_of(figure, shown)}: {_top(figure)} {figure.quantity} for {best}.")
    return " ".join(words) + _bounds_sentence((*found.verdicts, *found.sweeps))


def title_of(figure: Figure, result: ExperimentResult) -> str:
    """What stands above a figure over time."""
    return figure.title or result.experiment.title or result.experiment.name


def _capped_sentence(capped: Sequence[str]) -> str:
    return f" Lower ends of means, as runs met a cap: {_listed(capped)}." if capped else ""


def _bounds_sentence(verdicts: Sequence[Verdict]) -> str:
    if not verdicts:
        return ""
    steep = [v.policy for v in verdicts if v.exponent == "too steep"]
    return f" Bounds: {counted(verdicts)}." + (f" Too steep for the theorem: {_listed(steep)}." if steep else "")


def _listed(labels: Sequence[str], most: int = 4) -> str:
    shown = ", ".join(labels[:most])
    return f"{shown} and {len(labels) - most} more" if len(labels) > most else shown
