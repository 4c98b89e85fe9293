"""Sweeps: what a policy has lost at the horizon, against a parameter of the problem, or against one of its own."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property, partial
from typing import Any

import numpy as np

from bandits.contract import Assumption, Bound
from experiments.analysis.curves import ExperimentResult
from experiments.analysis.results import Results
from experiments.analysis.statistics import Array, Interval, ratio_of_means, scaling_exponent
from experiments.analysis.verdicts import bounds_for, lower_bounds_for
from experiments.study.axes import is_number, point_id, point_text, text_of
from experiments.study.model import Candidate, Component, Figure, Study

UNKNOWN = Interval(math.nan, math.nan, math.nan)


SLOPE = 4.0
"""Largest over smallest value of a parameter from which there is a slope of log value against log parameter."""


def tells_slope(x: Array) -> bool:
    """Whether values [n] of a parameter tell a power: three or more, positive, over a factor of ``SLOPE`` or more."""
    return len(x) >= 3 and 0.0 < float(x.min()) <= float(x.max()) / SLOPE


@dataclass(frozen=True)
class SweepLine:
    """One policy's values, a point for each value of the parameter.

    Attributes:
        position: of the policy among those of the experiment, which decides its colour.
        exponent: slope of log value against log parameter, or None where it has no meaning, see ``tells_slope``, or
            where the regret definition is no sum over time.
        work_out: what gives ``intervals`` to whoever draws or names them.
    """

    position: int
    exponent: Interval | None
    work_out: Callable[[], tuple[Interval, ...]] = field(repr=False, compare=False)

    @cached_property
    def intervals(self) -> tuple[Interval, ...]:
        """Mean with pointwise interval at each point; NaN where the policy has no result."""
        return self.work_out()


@dataclass(frozen=True)
class SweepBound:
    """A theorem's bound at each point, NaN where the policy has no result.

    Of ``bound``'s assumptions those hold that hold at every point.
    """

    bound: Bound
    values: Array


@dataclass(frozen=True)
class SweepResult:
    """What a figure shows over swept values: over one of them, at one point of the others.

    Attributes:
        name: the figure's, and the point of the other swept values where there are any.
        title: likewise.
        figure: how it looks.
        parameter: what is on the x axis: the dotted path of a value of the experiment, or, where policies sweep it, the
            name of their parameter.
        axis: label of the x axis.
        points: [n_points] values of the parameter that have results.
        numeric: whether all of them are numbers.
        experiments: the results there, in the same order; where policies sweep the parameter, those of their candidates
            there, each under the title of its entry.
        origins: for each point, the label of each policy to its label in the experiment that was run.
        level: labels of the policies that do not sweep the parameter, while others do: the same at all points.
        lines: policy label to its values, of the policies that the figure draws.
        bounds: policy label to bounds, those of all environments under the empty label.
    """

    name: str
    title: str
    figure: Figure
    parameter: str
    axis: str
    points: tuple[Any, ...]
    numeric: bool
    experiments: tuple[ExperimentResult, ...]
    origins: tuple[Mapping[str, str], ...]
    level: frozenset[str]
    lines: Mapping[str, SweepLine]
    bounds: Mapping[str, tuple[SweepBound, ...]]

    def learners_at(self, point: int) -> dict[str, Interval]:
        """Values at a point of the policies that do not know the run in advance, of all if none is such."""
        there = {label: line.intervals[point] for label, line in self.lines.items()}
        there = {label: value for label, value in there.items() if not math.isnan(value.value)}
        return {lb: value for lb, value in there.items() if lb in self.experiments[point].learners} or there


@dataclass(frozen=True)
class _Place:
    """A value of the parameter, what was found there, and where its policies come from."""

    value: Any
    result: ExperimentResult
    origin: Mapping[str, str]


def is_over_values(study: Study, figure: Figure) -> bool:
    """Whether the x axis of a figure are swept values, not time."""
    return bool(figure.over) or any(entry.name == figure.experiment for entry in study.swept)


def sweep_results(results: Results, figure: Figure) -> list[SweepResult]:
    """What a figure over swept values shows that has results: one for each point of the values beside the x axis.

    Raises:
        ValueError: an experiment lacks the figure's regret definition.
    """
    return [found for found in _sweep_results(results, figure) if found.experiments and found.lines]


def _sweep_results(results: Results, figure: Figure) -> Iterator[SweepResult]:
    confidence = results.study.confidence
    swept = next((entry for entry in results.study.swept if entry.name == figure.experiment), None)
    if swept is None:
        result = results.experiments[figure.experiment]
        title = figure.title or result.experiment.title or result.experiment.name
        yield _over_policies(figure, figure.name, title, result, confidence)
        return
    axes, title, pairs = swept.axes(), figure.title or swept.title or swept.name, []
    for point, name in zip(swept.points(), swept.experiment_names(), strict=True):
        pairs.append((point, results.experiments[name]))
    names = [axis.name for axis in axes]
    if figure.over and figure.over not in names:
        for point, result in pairs:
            own = f"{figure.name}-{point_id(axes, point)}"
            yield _over_policies(figure, own, f"{title} {point_text(axes, point)}", result, confidence)
        return
    most = max(range(len(axes)), key=lambda i: (axes[i].numeric and len(axes[i].values) > 1, len(axes[i].values), -i))
    x = names.index(figure.over) if figure.over else most
    others = [axis for i, axis in enumerate(axes) if i != x]
    groups: dict[tuple[str, str], list[_Place]] = {}
    for point, result in pairs:
        rest = [value for i, value in enumerate(point) if i != x]
        own = f"{figure.name}-{point_id(others, rest)}" if others else figure.name
        place = _Place(point[x], result, {label: label for label in result.series})
        groups.setdefault((own, f"{title} {point_text(others, rest)}".rstrip()), []).append(place)
    path, axis_title = ".".join(map(str, axes[x].path)), figure.label or axes[x].title
    for (own, shown), places in groups.items():
        yield _sweep_result(figure, own, shown, path, axis_title, places, frozenset(), confidence)


def _over_policies(figure: Figure, name: str, title: str, result: ExperimentResult, confidence: float) -> SweepResult:
    """A figure over a parameter that the policies of an experiment sweep."""
    policies = [p for p in result.experiment.policies if p.title in result.series]
    values: dict[str, Any] = {}
    at: dict[str | None, list[int]] = {None: []}  # where the policies of a value stand, and those that do not sweep it
    for i, p in enumerate(policies):
        point = p.point if isinstance(p, Candidate) else {}
        text = text_of(point[figure.over]) if figure.over in point else None
        at.setdefault(text, []).append(i)
        if text is not None:
            values[text] = point[figure.over]
    points = list(values.values())
    places = []
    for value in sorted(points) if all(map(is_number, points)) else points:
        there = [policies[i] for i in sorted([*at[None], *at[text_of(value)]])]
        here = {_line_of(p, figure.over): p for p in there}
        places.append(_Place(value, _picked(result, here), {label: p.title for label, p in here.items()}))
    level = frozenset(policies[i].title for i in at[None])
    axis = figure.label or figure.over.replace("_", " ")
    return _sweep_result(figure, name, title, figure.over, axis, places, level, confidence)


def _line_of(policy: Component, parameter: str) -> str:
    """The line to which a policy belongs: its entry, and the point of its other swept parameters, if there are any."""
    if not isinstance(policy, Candidate) or parameter not in policy.point:
        return policy.title
    rest = ", ".join(f"{name}={text_of(value)}" for name, value in policy.point.items() if name != parameter)
    return f"{policy.entry} {rest}".rstrip()


def _picked(result: ExperimentResult, policies: Mapping[str, Component]) -> ExperimentResult:
    """The result with some of its policies alone, under other labels."""
    renamed = [policy.model_copy(update={"label": label}) for label, policy in policies.items()]
    from_old = {label: policy.title for label, policy in policies.items()}
    return replace(
        result,
        experiment=result.experiment.model_copy(update={"policies": renamed}),
        series={label: result.series[old] for label, old in from_old.items()},
        bounds={label: result.bounds[old] for label, old in from_old.items()},
        varying={label: result.varying[old] for label, old in from_old.items() if old in result.varying},
        certain=frozenset(label for label, old in from_old.items() if old in result.certain),
        prices={"": result.prices[""], **{label: result.prices[old] for label, old in from_old.items()}},
        clairvoyant=frozenset(label for label, old in from_old.items() if old in result.clairvoyant),
    )


def _sweep_result(
    figure: Figure,
    name: str,
    title: str,
    parameter: str,
    axis: str,
    places: list[_Place],
    level: frozenset[str],
    confidence: float,
) -> SweepResult:
    places = [place for place in places if place.result.ready]
    points, experiments = tuple(place.value for place in places), tuple(place.result for place in places)
    numeric = all(map(is_number, points))
    labels = list(dict.fromkeys(label for result in experiments for label in result.series))
    named = {label for result in experiments for label in result.named(figure.policies)}
    x = np.array(points, dtype=np.float64) if numeric else None
    lines = {
        label: _line(experiments, label, i, figure, None if label in level else x, confidence)
        for i, label in enumerate(labels)
        if label in named
    }
    own = {}
    for label in lines:
        there = [bounds_for(r, label, figure.regret) if label in r.series else None for r in experiments]
        own[label] = _bounds(there, experiments, figure)
    lower = _bounds([lower_bounds_for(r, figure.regret) for r in experiments], experiments, figure)
    return SweepResult(
        name=name,
        title=title,
        figure=figure,
        parameter=parameter,
        axis=axis,
        points=points,
        numeric=numeric,
        experiments=experiments,
        origins=tuple(place.origin for place in places),
        level=level,
        lines=lines,
        bounds={**own, "": lower},
    )


def _line(
    experiments: tuple[ExperimentResult, ...],
    label: str,
    position: int,
    figure: Figure,
    x: Array | None,
    confidence: float,
) -> SweepLine:
    exponent = None
    if x is not None and figure.quantity != "ratio":
        there = [label in result.series for result in experiments]
        finished = [result for result in experiments if label in result.series]
        samples = [result.shown(label, figure.regret, figure.quantity)[:, -1] for result in finished]
        paired = all(np.array_equal(result.replicates, finished[0].replicates) for result in finished)
        if tells_slope(x[there]) and all(result.definition(figure.regret).cumulative for result in finished):
            exponent = scaling_exponent(samples, x[there], confidence, paired)
    return SweepLine(position, exponent, partial(_intervals, experiments, label, figure, confidence))


def _intervals(
    experiments: tuple[ExperimentResult, ...], label: str, figure: Figure, confidence: float
) -> tuple[Interval, ...]:
    return tuple(
        _value(result, label, figure, confidence) if label in result.series else UNKNOWN for result in experiments
    )


def _value(result: ExperimentResult, label: str, figure: Figure, confidence: float) -> Interval:
    """What the figure shows of a policy at the horizon."""
    if figure.quantity != "ratio":
        return result.final(label, confidence, figure.regret, figure.quantity)
    optimum = _comparator(result, figure.regret)
    return ratio_of_means(result.cost(label, figure.regret)[:, -1], optimum, confidence) if optimum.mean() else UNKNOWN


def _comparator(result: ExperimentResult, regret: str) -> Array:
    return -result.comparators[result.definition(regret).comparator][:, -1]


def _bounds(
    found: Sequence[list[Bound] | None], experiments: tuple[ExperimentResult, ...], figure: Figure
) -> tuple[SweepBound, ...]:
    """Bounds that every point with a result has, at the horizon, in the quantity that the figure shows."""
    there = [(i, bounds) for i, bounds in enumerate(found) if bounds is not None]
    if not there or figure.quantity in ("cost", "reward"):
        return ()
    shown = []
    for bound in there[-1][1]:
        same = {i: [b for b in bounds if b.name == bound.name] for i, bounds in there}
        if all(same.values()):
            values = np.full(len(experiments), math.nan)
            for i, several in same.items():
                values[i] = experiments[i].curve(several[0])[-1]
            if figure.quantity == "ratio":
                optimum = np.array([_comparator(result, figure.regret).mean() for result in experiments])
                values = 1.0 + np.divide(values, optimum, out=np.full(len(values), math.nan), where=optimum != 0.0)
            shown.append(SweepBound(_everywhere(bound, [several[0] for several in same.values()]), values))
    return tuple(shown)


def _everywhere(bound: Bound, points: list[Bound]) -> Bound:
    """The bound with each assumption holding only if it holds at every point."""
    found = [assumption for point in points for assumption in point.assumptions]
    merged = []
    for text in dict.fromkeys(assumption.text for assumption in found):
        same = [assumption for assumption in found if assumption.text == text]
        largest = max((a.largest for a in same if a.largest is not None), default=None)
        merged.append(Assumption(text, all(a.holds for a in same), largest))
    return replace(bound, assumptions=tuple(merged))
