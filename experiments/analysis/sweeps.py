"""Sweeps: what a policy has lost at the horizon, against a parameter of the problem."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from bandits.contract import Assumption, Bound
from experiments.analysis.curves import ExperimentResult
from experiments.analysis.results import Results
from experiments.analysis.statistics import Array, Interval, mean_band, ratio_of_means, scaling_exponent
from experiments.analysis.verdicts import bounds_for, lower_bounds_for
from experiments.study.axes import Axis, is_number, point_id, point_text
from experiments.study.model import Sweep


@dataclass(frozen=True)
class SweepLine:
    """One policy's values, a point for each value of the parameter.

    Attributes:
        intervals: mean with pointwise interval at each point.
        exponent: slope of log value against log parameter, or None where it has no meaning.
    """

    intervals: tuple[Interval, ...]
    exponent: Interval | None


@dataclass(frozen=True)
class SweepBound:
    """A theorem's bound at each point; of ``bound``'s assumptions those hold that hold at every point."""

    bound: Bound
    values: Array


@dataclass(frozen=True)
class SweepResult:
    """What a sweep shows against one of its parameters, at one point of the others.

    Attributes:
        name: of its figure: the sweep's, and the point of the other parameters where there are any.
        title: likewise.
        sweep: what was run.
        parameter: dotted path of the parameter on the x axis: that with the most numbers, the first of equal ones.
        axis: what the x axis shows.
        points: [n_points] values of the parameter whose experiments are finished.
        numeric: whether all of them are numbers.
        experiments: the finished experiments, in the same order.
        lines: policy label to its values.
        bounds: policy label to bounds, those of all environments under the empty label.
    """

    name: str
    title: str
    sweep: Sweep
    parameter: str
    axis: str
    points: tuple[Any, ...]
    numeric: bool
    experiments: tuple[ExperimentResult, ...]
    lines: Mapping[str, SweepLine]
    bounds: Mapping[str, tuple[SweepBound, ...]]


def sweep_results(results: Results, regret: str = "") -> list[SweepResult]:
    """The sweeps of a study that have a finished experiment, one for each point of the parameters beside the x axis.

    Args:
        results: the study.
        regret: regret definition, in place of the sweeps' own choices.

    Raises:
        ValueError: an experiment lacks the regret definition.
    """
    chosen = {"regret": regret} if regret else {}
    sweeps = [s.model_copy(update={"figure": s.figure.model_copy(update=chosen)}) for s in results.study.sweeps]
    found = [result for sweep in sweeps for result in _sweep_results(results, sweep)]
    return [result for result in found if result.experiments and result.lines]


def _sweep_results(results: Results, sweep: Sweep) -> Iterator[SweepResult]:
    axes = sweep.axes()
    x = max(range(len(axes)), key=lambda i: (axes[i].numeric and len(axes[i].values) > 1, len(axes[i].values), -i))
    others = [axis for i, axis in enumerate(axes) if i != x]
    groups: dict[tuple[str, str], list[tuple[Any, ExperimentResult]]] = {}
    for point, name in zip(sweep.points(), sweep.experiment_names(), strict=True):
        rest = [value for i, value in enumerate(point) if i != x]
        own = f"{sweep.name}-{point_id(others, rest)}" if others else sweep.name
        title = f"{sweep.title or sweep.name} {point_text(others, rest)}".rstrip()
        groups.setdefault((own, title), []).append((point[x], results.experiments[name]))
    for (name, title), pairs in groups.items():
        yield _sweep_result(sweep, axes[x], name, title, pairs, results.study.confidence)


def _sweep_result(
    sweep: Sweep, axis: Axis, name: str, title: str, pairs: list[tuple[Any, ExperimentResult]], confidence: float
) -> SweepResult:
    pairs = [(value, r) for value, r in pairs if r.series and r.regrets and len(r.replicates)]
    points, experiments = tuple(v for v, _ in pairs), tuple(r for _, r in pairs)
    numeric = all(map(is_number, points))
    first = experiments[0].series if experiments else ()
    labels = [label for label in first if all(label in r.series for r in experiments)]
    x = np.array(points, dtype=np.float64) if numeric else None
    lines = {label: _line(experiments, label, sweep, x, confidence) for label in labels}
    regret = sweep.figure.regret
    own = {label: _bounds([bounds_for(r, label, regret) for r in experiments], experiments, sweep) for label in labels}
    lower = [lower_bounds_for(r, regret) for r in experiments]
    return SweepResult(
        name=name,
        title=title,
        sweep=sweep,
        parameter=".".join(map(str, axis.path)),
        axis=axis.title,
        points=points,
        numeric=numeric,
        experiments=experiments,
        lines=lines,
        bounds={**own, "": _bounds(lower, experiments, sweep)},
    )


def _line(
    experiments: tuple[ExperimentResult, ...], label: str, sweep: Sweep, x: Array | None, confidence: float
) -> SweepLine:
    quantity, regret = sweep.figure.quantity, sweep.figure.regret
    samples = []
    intervals = []
    for result in experiments:
        cost = -result.series[label][result.definition(regret).series][:, -1]
        if quantity == "ratio":
            optimum = _comparator(result, regret)
            unknown = Interval(math.nan, math.nan, math.nan)
            intervals.append(ratio_of_means(cost, optimum, confidence) if optimum.mean() else unknown)
            continue
        samples.append(cost if quantity == "cost" else result.regret(label, regret)[:, -1])
        band = mean_band(samples[-1][:, None], confidence)
        intervals.append(Interval(float(band.mean[0]), float(band.low[0]), float(band.high[0])))
    exponent = None
    if x is not None and quantity != "ratio":
        paired = all(np.array_equal(result.replicates, experiments[0].replicates) for result in experiments)
        exponent = scaling_exponent(samples, x, confidence, paired)
    return SweepLine(tuple(intervals), exponent)


def _comparator(result: ExperimentResult, regret: str) -> Array:
    return -result.comparators[result.definition(regret).comparator][:, -1]


def _bounds(
    found: list[list[Bound]], experiments: tuple[ExperimentResult, ...], sweep: Sweep
) -> tuple[SweepBound, ...]:
    """Bounds that every point has, at the horizon, in the quantity that the sweep shows."""
    if not found or sweep.figure.quantity == "cost":
        return ()
    bounds = []
    for bound in found[-1]:
        same = [[b for b in here if b.name == bound.name] for here in found]
        if all(same):
            matching = [several[0] for several in same]
            values = np.array([float(r.curve(b)[-1]) for r, b in zip(experiments, matching, strict=True)])
            if sweep.figure.quantity == "ratio":
                optimum = np.array([_comparator(result, sweep.figure.regret).mean() for result in experiments])
                values = 1.0 + np.divide(values, optimum, out=np.full(len(values), math.nan), where=optimum != 0.0)
            bounds.append(SweepBound(_everywhere(bound, matching), values))
    return tuple(bounds)


def _everywhere(bound: Bound, points: list[Bound]) -> Bound:
    """The bound with each assumption holding only if it holds at every point."""
    found = [assumption for point in points for assumption in point.assumptions]
    merged = []
    for text in dict.fromkeys(assumption.text for assumption in found):
        same = [assumption for assumption in found if assumption.text == text]
        largest = max((a.largest for a in same if a.largest is not None), default=None)
        merged.append(Assumption(text, all(a.holds for a in same), largest))
    return replace(bound, assumptions=tuple(merged))
