"""Figures: regret against the theorems' bounds, a pair of axes each; PNG, SVG and PDF with stable bytes."""

from __future__ import annotations

import io
import math
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.backends.backend_pdf import FigureCanvasPdf
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure as Canvas
from matplotlib.layout_engine import ConstrainedLayoutEngine
from matplotlib.ticker import FuncFormatter

from bandits.arguments import did_you_mean
from bandits.contract import Bound
from experiments.analysis.curves import ExperimentResult
from experiments.analysis.findings import Findings, View, views
from experiments.analysis.sentences import number, title_of
from experiments.analysis.statistics import Array, Interval
from experiments.analysis.sweeps import SweepResult
from experiments.analysis.verdicts import bounds_for, lower_bounds_for, vacuous
from experiments.report.marks import draw_marks
from experiments.report.points import Picture, picture_of
from experiments.report.search_figures import SearchFigure, draw_search, search_figures
from experiments.report.style import (
    BOUND_STYLES,
    COLOURS,
    DASHES,
    DECADES,
    FORMATS,
    GREY,
    WIDTH,
    by_name,
    curve_id,
    draw_others,
    entry,
    height_of,
    lend_glyphs,
    notes_of,
    place_legend,
    plain,
    style,
    wrapped,
)
from experiments.report.sweep_figures import draw_sweep
from experiments.run.files import another, write
from experiments.study.model import Figure

Part = tuple[Figure | None, ExperimentResult | SweepResult | SearchFigure]
"""What takes one pair of axes, and how it looks."""

SIDE_BY_SIDE = 36
"""Pairs of axes in the overview, at most: the first ones."""


FAR = 3.0
"""Times the largest value of a curve: a bound beyond is not shown on a linear axis."""


def draw_study(found: Findings, folder: Path, formats: Sequence[str] = FORMATS, regret: str = "") -> list[Path]:
    """Draw every figure and search of a study, and the figures side by side where there are several.

    Args:
        found: what to draw.
        folder: where the files go; made if need be.
        formats: file endings.
        regret: regret definition, in place of the figures' own choices.

    Returns:
        The files, those of the overview first; it has the study's name, the last part of it.

    Raises:
        ValueError: an experiment lacks the regret definition, or there is nothing to draw.
    """
    written: list[Path] = []
    for name, canvas, parts in _canvases(found, regret):
        paths = [folder / f"{name}.{ending}" for ending in formats]
        with style():
            drawn = save(canvas, *paths)
        if len(parts) == 1 and "svg" in formats:
            svg = _bare(drawn[list(formats).index("svg")])
            found.pictures[_key(*parts[0])] = parts[0][1], picture_of(canvas, svg)
        written += paths
    return written


def canvases(found: Findings, regret: str = "") -> Iterator[tuple[str, Canvas]]:
    """What ``draw_study`` draws, one after the other, each with the name of its files.

    Raises:
        ValueError: see there.
    """
    return ((name, canvas) for name, canvas, _ in _canvases(found, regret))


def _canvases(found: Findings, regret: str) -> Iterator[tuple[str, Canvas, Sequence[Part]]]:
    """As ``canvases``, with what is drawn."""
    study, confidence = found.results.study.name.rpartition("/")[2], found.results.study.confidence
    seen = views(found.results, regret) if regret else found.views
    if not seen:
        raise ValueError(f"{found.results.folder} holds no finished experiment to draw")
    sets: list[tuple[str, Sequence[Part]]] = [(name_of(view), [view]) for view in seen]
    sets += [(f"{n}-search", [(None, drawn) for drawn in search_figures(s)]) for n, s in found.searches.items()]
    if len(seen) == 1:
        sets[0] = (study, seen)
    else:
        sets.insert(0, (study, seen[:SIDE_BY_SIDE]))
    used: set[str] = set()
    for i, (name, parts) in enumerate(sets):
        if parts:
            with style():
                canvas = _canvas(parts, confidence)
            wanted = f"{name}-only" if i and name == study else name
            yield (
                another(wanted, used),
                canvas,
                parts,
            )  # two may have one: of a point of swept values, of the experiment there


def name_of(view: View) -> str:
    """Name of a figure's files; at one point of some swept values, that of the point too."""
    figure, shown = view
    return shown.name if isinstance(shown, SweepResult) else figure.name


def save(canvas: Canvas, *paths: Path) -> list[bytes]:
    """Write a figure with no date and no version in it, so that equal figures are equal files.

    It is laid out once for all formats: ``savefig`` does it anew for each, which takes as long as drawing.

    Returns:
        What each of the files holds.
    """
    _lay_out(canvas)
    contents = []
    for path in paths:
        contents.append(_drawn(canvas, path.suffix[1:]))
        write(path, contents[-1])
    return contents


def _lay_out(canvas: Canvas) -> None:
    if isinstance(engine := canvas.get_layout_engine(), ConstrainedLayoutEngine):
        engine.execute(canvas)
        canvas.set_layout_engine("none")


def _drawn(canvas: Canvas, ending: str) -> bytes:
    stream, dpi = io.BytesIO(), canvas.dpi
    kind, metadata = _KINDS[ending]
    backend: Any = kind(canvas)
    getattr(backend, f"print_{ending}")(stream, metadata=metadata)
    canvas.dpi = dpi  # which vector formats set to their own
    return stream.getvalue()


_KINDS: dict[str, tuple[Callable[[Canvas], Any], dict[str, None]]] = {
    "png": (FigureCanvasAgg, {"Software": None}),
    "svg": (FigureCanvasSVG, {"Date": None, "Creator": None}),
    "pdf": (FigureCanvasPdf, {"CreationDate": None, "Creator": None, "Producer": None}),
}
"""Format to what draws it, and what it must not say."""


def svg_of(
    shown: ExperimentResult | SweepResult | SearchFigure, confidence: float = 0.95, figure: Figure | None = None
) -> str:
    """One pair of axes as SVG text, for pages; arguments as of ``draw_experiment``."""
    return _picture(shown, confidence, figure).svg


def _picture(shown: ExperimentResult | SweepResult | SearchFigure, confidence: float, figure: Figure | None) -> Picture:
    with style():
        canvas = _canvas([(figure, shown)], confidence)
        _lay_out(canvas)
        return picture_of(canvas, _bare(_drawn(canvas, "svg")))


def points(
    shown: ExperimentResult | SweepResult | SearchFigure, confidence: float = 0.95, figure: Figure | None = None
) -> Picture:
    """The curves that ``svg_of`` would draw, without the drawing."""
    with style():
        return picture_of(_canvas([(figure, shown)], confidence), "")


def picture(
    found: Findings, shown: ExperimentResult | SweepResult | SearchFigure, figure: Figure | None = None
) -> Picture:
    """What ``svg_of`` draws of what is in a study, with its points: anew only if ``draw_study`` has not drawn it."""
    _, drawn = found.pictures.get(_key(figure, shown), (None, None))
    return drawn or _picture(shown, found.results.study.confidence, figure)


def _key(figure: Figure | None, shown: ExperimentResult | SweepResult | SearchFigure) -> tuple[int, str]:
    """What a picture is of, as long as there are the findings; a sweep knows itself how it looks."""
    return id(shown), figure.model_dump_json() if figure and not isinstance(shown, SweepResult) else ""


def _bare(svg: bytes) -> str:
    """The element alone, for pages."""
    text = svg.decode()
    return text[text.index("<svg") :]


def _canvas(parts: Sequence[Part], confidence: float) -> Canvas:
    columns = min(len(parts), 2 if len(parts) in (2, 4) else 3)
    rows = math.ceil(len(parts) / columns)
    canvas = Canvas(layout="constrained")
    axes = canvas.subplots(rows, columns, squeeze=False).ravel()
    for ax, (figure, shown) in zip(axes, parts, strict=False):
        if isinstance(shown, SearchFigure):
            draw_search(ax, shown)
        elif isinstance(shown, SweepResult):
            draw_sweep(ax, shown)
        else:
            draw_experiment(ax, shown, confidence, figure=figure)
    for ax in axes[len(parts) :]:
        ax.set_axis_off()
    lend_glyphs(canvas)
    canvas.set_size_inches(WIDTH * columns, max(map(height_of, axes)) * rows)
    return canvas


def draw_experiment(
    ax: Axes, result: ExperimentResult, confidence: float = 0.95, regret: str = "", figure: Figure | None = None
) -> None:
    """Draw an experiment's curves, bands and bounds, the best policy first in the legend.

    Lines are means over replicates, shades simultaneous bands. A policy's upper bound is dashed in its colour; it is
    grey where an assumption of the theorem fails, dotted where only the order is known or where it depends on the data.
    The environment's lower bounds are black and dash-dotted. Bounds that speak of the horizon only are marks at the
    right end. The x axis are rounds, or the clock of the regret definition where it has one. Of more than ``MANY``
    policies the lowest ones are drawn like this, see ``drawn_by_name``, the others as thin grey lines.

    Args:
        ax: where to draw.
        result: what to draw.
        confidence: of the bands, in (0, 1).
        regret: regret definition; the figure's, else the default one, where empty.
        figure: how it looks; as one of a study that says nothing of it where None.

    Raises:
        ValueError: the experiment lacks the regret definition, or a comparator that the figure names.
    """
    figure = figure or Figure(name=result.experiment.name, experiment=result.experiment.name)
    regret, cost = regret or figure.regret, figure.quantity == "cost"
    named, others = drawn_by_name(result, figure, regret)
    bands = {label: result.band(label, confidence, regret, figure.quantity) for label in named}
    grey = [result.shown(label, regret, figure.quantity).mean(axis=0) for label in others]
    means = [*(band.mean for band in bands.values()), *grey]
    scale = _scale(figure.scale, means, cost)
    time = result.time(regret)
    labels = list(result.series)
    drawn = named if others else result.named(figure.policies)
    alike = labels if len(labels) <= len(COLOURS) else drawn  # the same colour in all figures, if there are enough
    for label in named:
        i, place = labels.index(label), list(alike).index(label)
        colour, dash = COLOURS[place % len(COLOURS)], DASHES[(place // len(COLOURS)) % len(DASHES)]
        band = bands[label]
        final = result.final(label, confidence, regret, figure.quantity)
        text = entry(f"{label}: {number(final.value)}{_plus_minus(final)}")
        lines = ax.plot(time, band.mean, color=colour, linestyle=dash, label=text, zorder=3)
        floor = np.maximum(band.all_low, band.mean / 50.0) if scale == "loglog" else band.all_low
        shade = ax.fill_between(time, floor, band.all_high, color=colour, alpha=0.2, linewidth=0, zorder=2)
        bounds = [] if cost else bounds_for(result, label, regret)
        artists = [lines[0], shade, *(_draw_bound(ax, result, bound, colour, regret) for bound in bounds)]
        for k, artist in enumerate(artists):
            artist.set_gid(curve_id(figure.name, i, k))
    draw_others(ax, time, grey)
    if cost:
        _draw_comparators(ax, result, regret, figure)
    else:
        for bound in lower_bounds_for(result, regret):
            _draw_bound(ax, result, bound, "black", regret)
        if scale != "loglog" and any(float(mean.min()) < 0.0 for mean in means):
            ax.axhline(0.0, color="black", linewidth=0.6, zorder=1)
    _dress(ax, result, scale, regret, figure)
    if scale != "loglog" and not cost:
        _fit_curves(ax, [*means, *(end for band in bands.values() for end in (band.all_low, band.all_high))])
    draw_marks(ax, result, regret)


def drawn_by_name(result: ExperimentResult, figure: Figure, regret: str = "") -> tuple[Sequence[str], Sequence[str]]:
    """Which of a figure's policies are drawn by name, the lowest at the horizon first, and the others likewise."""
    shown = {
        label: result.shown(label, regret or figure.regret, figure.quantity) for label in result.named(figure.policies)
    }
    return by_name(sorted(shown, key=lambda label: float(shown[label].mean(axis=0)[-1])))


def _draw_bound(ax: Axes, result: ExperimentResult, bound: Bound, colour: str, regret: str) -> Artist:
    notes = notes_of(bound, vacuous(result, bound, regret))
    time, values = result.time(regret), result.curve(bound)
    text = entry(f"{bound.name}{notes}: {number(values[-1])}")
    colour = colour if bound.holds else GREY
    if bound.time != "at the horizon":
        line = BOUND_STYLES["data-dependent" if bound.data_dependent else bound.kind]
        return ax.plot(time, values, color=colour, label=text, linestyle=line, linewidth=1.0, zorder=2.5)[0]
    mark: Any = {"linestyle": "none", "marker": "v", "markersize": 4, "zorder": 4, "clip_on": False}
    mark["markerfacecolor"] = "none" if bound.data_dependent else colour
    return ax.plot(time[-1:], values[-1:], color=colour, label=text, **mark)[0]


def _draw_comparators(ax: Axes, result: ExperimentResult, regret: str, figure: Figure) -> None:
    for i, name in enumerate(comparators_of(result, figure, regret)):
        values = -result.comparators[name].mean(axis=0)
        style: Any = ("--", "-.", ":", (0, (1, 1, 4, 1)))[i % 4]
        text = f"{name.replace('_', ' ')} (hindsight): {number(values[-1])}"
        ax.plot(result.time(regret), values, color="black", linestyle=style, linewidth=0.9, label=text, zorder=2.5)


def comparators_of(result: ExperimentResult, figure: Figure, regret: str = "") -> Sequence[str]:
    """The comparators that a figure of costs draws.

    Raises:
        ValueError: the figure names one that the experiment lacks.
    """
    definition = result.definition(regret or figure.regret)
    best = [name for name in result.comparators if name not in {n.worst for n in result.regrets}]
    names = figure.comparators or ([definition.comparator] if definition.clock else best)
    for name in names:
        if name not in result.comparators:
            hint = f"{did_you_mean(name, result.comparators)}; it has {', '.join(result.comparators)}"
            raise ValueError(f"{figure.name}: figure.comparators names {name!r}{hint}")
    return names


def _scale(asked: str, means: Sequence[Array], cost: bool) -> str:
    if asked != "auto":
        return asked
    positive = all(float(mean[len(mean) // 2 :].min()) > 0.0 for mean in means)
    return "loglog" if positive and not cost else "linear"


def _dress(ax: Axes, result: ExperimentResult, scale: str, regret: str, figure: Figure) -> None:
    definition = result.definition(regret)
    if scale in ("loglog", "semilogx"):
        ax.set_xscale("log")
    if scale == "loglog":
        ax.set_yscale("log")
        for line in ax.get_lines():  # a gap, not a plunge, where there is nothing to show
            values = np.asarray(line.get_ydata(), dtype=float)
            line.set_ydata(np.where(values > 0.0, values, np.nan))
    else:
        ax.yaxis.set_major_formatter(FuncFormatter(lambda y, _: number(y)))
        if scale == "linear":
            ax.xaxis.set_major_formatter(FuncFormatter(lambda x, _: number(x)))
    n = len(result.replicates)
    ax.set_title(wrapped(title_of(figure, result), 44), loc="left", fontweight="bold")
    ax.set_xlabel(wrapped(f"{definition.clock} (mean of {n})", 52) if definition.clock else "round")
    label = wrapped("cumulative cost" if figure.quantity == "cost" else definition.label, 40)
    ax.set_ylabel(f"{label}\n{plain(f'({definition.unit}, mean of {n})')}")
    time = result.time(regret)
    first = max(1.0, time[-1] / DECADES) if scale in ("loglog", "semilogx") else time[0]
    ax.set_xlim(first, max(time[-1], first + 1))
    if scale == "loglog":
        _fit_height(ax, first)
    place_legend(ax)


def _fit_height(ax: Axes, first: float) -> None:
    """Limit the y axis to what the lines, not the bands, show from ``first`` on."""
    values = [np.asarray(line.get_ydata())[np.asarray(line.get_xdata()) >= first] for line in ax.get_lines()]
    shown = np.concatenate([v[np.isfinite(v) & (v > 0.0)] for v in values])
    if len(shown):
        ax.set_ylim(float(shown.min()) / 1.5, float(shown.max()) * 1.5)


def _fit_curves(ax: Axes, curves: Sequence[Array]) -> None:
    """Limit a linear y axis to the curves and what is not far above; a bound beyond has its value in the legend."""
    ends = np.concatenate(curves)
    low, high = float(np.nanmin(ends)), float(np.nanmax(ends))
    bottom, top = ax.get_ylim()
    if high > 0.0 and top > FAR * high:
        near = [v for line in ax.get_lines() if (v := float(np.nanmax(np.asarray(line.get_ydata())))) <= FAR * high]
        ax.set_ylim(max(bottom, min(0.0, low) - 0.05 * high), 1.05 * max([high, *near]))


def _plus_minus(interval: Interval) -> str:
    reach = (interval.high - interval.low) / 2.0
    known = reach > 1e-9 * max(1.0, abs(interval.value))  # neither NaN nor rounding alone
    return f" ± {number(reach)}" if known else ""
