"""Sweeps: what a policy has lost at the horizon, against a parameter of the problem."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from experiments.axes import Axis, is_number, point_id, point_text
from experiments.check import bounds_for
from experiments.results import BoundCurve, PanelResult, Results
from experiments.statistics import Array, Interval, mean_band, ratio_of_means, scaling_exponent
from experiments.study import Sweep


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

    bound: BoundCurve
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
        points: [n_points] values of the parameter whose panels are finished.
        numeric: whether all of them are numbers.
        panels: the finished panels, in the same order.
        lines: policy label to its values.
        bounds: policy label to bounds, those of all worlds under the empty label.
    """

    name: str
    title: str
    sweep: Sweep
    parameter: str
    axis: str
    points: tuple[Any, ...]
    numeric: bool
    panels: tuple[PanelResult, ...]
    lines: Mapping[str, SweepLine]
    bounds: Mapping[str, tuple[SweepBound, ...]]


def sweep_results(results: Results, notion: str = "") -> list[SweepResult]:
    """The sweeps of a study that have a finished panel, one for each point of the parameters beside the x axis.

    Args:
        results: the study.
        notion: kind of regret, in place of the sweeps' own choices.

    Raises:
        ValueError: a panel lacks the notion.
    """
    chosen = {"notion": notion} if notion else {}
    sweeps = [s.model_copy(update={"figure": s.figure.model_copy(update=chosen)}) for s in results.study.sweeps]
    found = [result for sweep in sweeps for result in _sweep_results(results, sweep)]
    return [result for result in found if result.panels and result.lines]


def _sweep_results(results: Results, sweep: Sweep) -> Iterator[SweepResult]:
    axes = sweep.axes()
    x = max(range(len(axes)), key=lambda i: (axes[i].numeric and len(axes[i].values) > 1, len(axes[i].values), -i))
    others = [axis for i, axis in enumerate(axes) if i != x]
    groups: dict[tuple[str, str], list[tuple[Any, PanelResult]]] = {}
    for point, name in zip(sweep.points(), sweep.panel_names(), strict=True):
        rest = [value for i, value in enumerate(point) if i != x]
        own = f"{sweep.name}-{point_id(others, rest)}" if others else sweep.name
        title = f"{sweep.title or sweep.name} {point_text(others, rest)}".rstrip()
        groups.setdefault((own, title), []).append((point[x], results.panels[name]))
    for (name, title), pairs in groups.items():
        yield _sweep_result(sweep, axes[x], name, title, pairs, results.study.confidence)


def _sweep_result(
    sweep: Sweep, axis: Axis, name: str, title: str, pairs: list[tuple[Any, PanelResult]], confidence: float
) -> SweepResult:
    pairs = [(value, panel) for value, panel in pairs if panel.series and panel.notions and len(panel.replicates)]
    points, panels = tuple(v for v, _ in pairs), tuple(p for _, p in pairs)
    numeric = all(map(is_number, points))
    labels = [label for label in (panels[0].series if panels else ()) if all(label in p.series for p in panels)]
    x = np.array(points, dtype=np.float64) if numeric else None
    lines = {label: _line(panels, label, sweep, x, confidence) for label in labels}
    own = {
        label: _bounds([bounds_for(p, label, sweep.figure.notion) for p in panels], panels, sweep) for label in labels
    }
    world = [[b for b in p.lower_bounds if b.against == p.notion(sweep.figure.notion).against] for p in panels]
    return SweepResult(
        name=name,
        title=title,
        sweep=sweep,
        parameter=".".join(map(str, axis.path)),
        axis=axis.title,
        points=points,
        numeric=numeric,
        panels=panels,
        lines=lines,
        bounds={**own, "": _bounds(world, panels, sweep)},
    )


def _line(panels: tuple[PanelResult, ...], label: str, sweep: Sweep, x: Array | None, confidence: float) -> SweepLine:
    quantity, notion = sweep.figure.quantity, sweep.figure.notion
    samples = []
    intervals = []
    for panel in panels:
        cost = -panel.series[label][panel.notion(notion).series][:, -1]
        if quantity == "ratio":
            optimum = _comparator(panel, notion)
            unknown = Interval(math.nan, math.nan, math.nan)
            intervals.append(ratio_of_means(cost, optimum, confidence) if optimum.mean() else unknown)
            continue
        samples.append(cost if quantity == "cost" else panel.regret(label, notion)[:, -1])
        band = mean_band(samples[-1][:, None], confidence)
        intervals.append(Interval(float(band.mean[0]), float(band.low[0]), float(band.high[0])))
    exponent = None
    if x is not None and quantity != "ratio":
        paired = all(np.array_equal(panel.replicates, panels[0].replicates) for panel in panels)
        exponent = scaling_exponent(samples, x, confidence, paired)
    return SweepLine(tuple(intervals), exponent)


def _comparator(panel: PanelResult, notion: str) -> Array:
    return -panel.comparators[panel.notion(notion).comparator][:, -1]


def _bounds(found: list[list[BoundCurve]], panels: tuple[PanelResult, ...], sweep: Sweep) -> tuple[SweepBound, ...]:
    """Bounds that every point has, at the horizon, in the quantity that the sweep shows."""
    if not found or sweep.figure.quantity == "cost":
        return ()
    result = []
    for bound in found[-1]:
        same = [[b for b in bounds if b.name == bound.name] for bounds in found]
        if all(same):
            values = np.array([matching[0].values[-1] for matching in same])
            if sweep.figure.quantity == "ratio":
                optimum = np.array([_comparator(panel, sweep.figure.notion).mean() for panel in panels])
                values = 1.0 + np.divide(values, optimum, out=np.full(len(values), math.nan), where=optimum != 0.0)
            result.append(SweepBound(_everywhere(bound, [matching[0] for matching in same]), values))
    return tuple(result)


def _everywhere(bound: BoundCurve, points: list[BoundCurve]) -> BoundCurve:
    """The bound with each assumption holding only if it holds at every point."""
    fails = {text for point in points for text, holds in point.assumptions if not holds}
    texts = dict.fromkeys(text for point in points for text, _ in point.assumptions)
    return replace(bound, assumptions=tuple((text, text not in fails) for text in texts))
