"""Figures: regret against the theorems' bounds, a pair of axes each; PNG, SVG and PDF with stable bytes."""

from __future__ import annotations

import io
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.backends.backend_pdf import FigureCanvasPdf
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure as Canvas
from matplotlib.layout_engine import ConstrainedLayoutEngine

from experiments.analysis.curves import ExperimentResult
from experiments.analysis.findings import Findings, View, views
from experiments.analysis.sweeps import SweepResult
from experiments.analysis.verdicts import lower_bounds_for
from experiments.report.colours import places_of
from experiments.report.curves import draw_curves, drawn_by_name
from experiments.report.labels import EndLabels
from experiments.report.parts import draw_parts
from experiments.report.points import Picture, picture_of
from experiments.report.search_figures import SearchFigure, draw_search, search_figures
from experiments.report.strip import NAME, Row, name_strip, rows_of
from experiments.report.style import (
    FORMATS,
    HEIGHT,
    STYLE,
    WIDTH,
    height_of,
    lend_glyphs,
    style,
)
from experiments.report.sweep_figures import draw_sweep
from experiments.run.files import another, write
from experiments.study.appearance import Appearance
from experiments.study.model import Figure

Part = tuple[Figure | None, ExperimentResult | SweepResult | SearchFigure]
"""What takes one pair of axes, and how it looks."""

SIDE_BY_SIDE = 36
"""Pairs of axes in the overview, at most: the first ones."""


BESIDE, CURVES = 1.6, 0.6
"""Times ``WIDTH`` from which the strip stands beside the curves, not below, and the share of the curves then."""
LEAST = 0.8
"""Share of the height that a figure needs; one that is asked to be lower has no strip below, if it is not asked for."""
ROW, HEADING, STRIP_FRAME, FRAME = 0.135, 0.1, 0.42, 0.85
"""Inches of a row of the strip, of a line above it, of what is below it, and of what is around the curves."""


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
        with style(_style_of(parts)):  # which decides about fonts in writing, too
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
    for name, search in found.searches.items():
        sets.append((f"{name}-search", [(None, drawn) for drawn in search_figures(search, search_look(found, name))]))
    if len(seen) == 1:
        sets[0] = (study, seen)
    else:
        sets.insert(0, (study, seen[:SIDE_BY_SIDE]))
    used: set[str] = set()
    places = places_in(found)
    for i, (name, parts) in enumerate(sets):
        if parts:
            with style(_style_of(parts)):
                canvas = Canvas(layout="constrained")
                compose(canvas, parts, confidence, places)
            wanted = f"{name}-only" if i and name == study else name
            yield (
                another(wanted, used),
                canvas,
                parts,
            )  # a point of swept values, and the experiment there, have one name


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
    shown: ExperimentResult | SweepResult | SearchFigure,
    confidence: float = 0.95,
    figure: Figure | None = None,
    places: Mapping[str, int] | None = None,
) -> str:
    """One pair of axes as SVG text, for pages; arguments as of ``compose``."""
    return _picture(shown, confidence, figure, places).svg


def _picture(
    shown: ExperimentResult | SweepResult | SearchFigure,
    confidence: float,
    figure: Figure | None,
    places: Mapping[str, int] | None,
) -> Picture:
    with style(_appearance((figure, shown))):
        canvas = Canvas(layout="constrained")
        compose(canvas, [(figure, shown)], confidence, places)
        _lay_out(canvas)
        return picture_of(canvas, _bare(_drawn(canvas, "svg")))


def points_of(
    found: Findings, shown: ExperimentResult | SweepResult | SearchFigure, figure: Figure | None = None
) -> Picture:
    """The curves that ``picture`` would draw, without the drawing."""
    with style(_appearance((figure, shown))):
        canvas = Canvas(layout="constrained")
        compose(canvas, [(figure, shown)], found.results.study.confidence, places_in(found))
        return picture_of(canvas, "")


def picture(
    found: Findings, shown: ExperimentResult | SweepResult | SearchFigure, figure: Figure | None = None
) -> Picture:
    """What ``svg_of`` draws of what is in a study, with its points: anew only if ``draw_study`` has not drawn it."""
    _, drawn = found.pictures.get(_key(figure, shown), (None, None))
    return drawn or _picture(shown, found.results.study.confidence, figure, places_in(found))


def _key(figure: Figure | None, shown: ExperimentResult | SweepResult | SearchFigure) -> tuple[int, str]:
    """What a picture is of, as long as there are the findings; a sweep knows itself how it looks."""
    return id(shown), figure.model_dump_json() if figure and not isinstance(shown, SweepResult) else ""


def _bare(svg: bytes) -> str:
    """The element alone, for pages."""
    text = svg.decode()
    return text[text.index("<svg") :]


def _appearance(part: Part) -> Appearance | None:
    figure, shown = part
    if isinstance(shown, SearchFigure):
        return shown.look
    return shown.figure if isinstance(shown, SweepResult) else figure


def _style_of(parts: Sequence[Part]) -> Appearance | None:
    """What ``style`` is to follow: the one figure that is drawn, or that of a search."""
    return _appearance(parts[0]) if len(parts) == 1 or isinstance(parts[0][1], SearchFigure) else None


def search_look(found: Findings, experiment: str) -> Appearance | None:
    """How the figures of an experiment's search look: as the first one of its curves."""
    return next((look for look in found.results.study.all_figures() if look.experiment == experiment), None)


def places_in(found: Findings) -> dict[str, int]:
    """What decides how each policy of a study looks in every figure: see ``colours.places_of``."""
    return places_of_views(found.views)


def places_of_views(views: Sequence[View]) -> dict[str, int]:
    """The same, where nothing else has been worked out."""
    shown = [seen.lines if isinstance(seen, SweepResult) else seen.named(look.policies) for look, seen in views]
    return places_of([list(labels) for labels in shown])


def compose(
    canvas: Canvas, parts: Sequence[Part], confidence: float = 0.95, places: Mapping[str, int] | None = None
) -> list[Axes]:
    """Draw pairs of axes side by side, each with its strip or legend, in a figure that is empty yet.

    The figure gets the size that they need, and should have the constrained layout.

    Args:
        canvas: where to draw.
        parts: what to draw.
        confidence: of bands and intervals, in (0, 1).
        places: of ``places_in`` the study, whose policies look alike in all its figures.

    Returns:
        The axes of the curves, one for each part.
    """
    columns = min(len(parts), 2 if len(parts) in (2, 4) else 3)
    rows = math.ceil(len(parts) / columns)
    look = (_appearance(parts[0]) if len(parts) == 1 else None) or Appearance()
    unit = mpl.rcParams["font.size"] / STYLE["font.size"]  # what is larger in print needs more room
    width = look.inches(_user_size(0) or WIDTH * columns * unit, 0.0)[0]
    room = width / columns / (WIDTH * unit)
    beside = len(parts) == 1 and room >= BESIDE and bool(_strip_of(*parts[0], confidence, room)[0])
    room = room * CURVES if beside else room
    below = [0.0] * rows
    strips = [_strip_of(figure, shown, confidence, room) for figure, shown in parts]
    for i, (_, height) in enumerate(strips):
        below[i // columns] = max(below[i // columns], unit * height)
    needed = sum(below) + rows * (HEIGHT + FRAME) * unit
    if look.bounds == "auto" and not beside and look.inches(width, _user_size(1) or needed)[1] < LEAST * needed:
        below, strips = [0.0] * rows, [([], 0.0)] * len(parts)
    heights = [height for row in range(rows) for height in (HEIGHT * unit, below[row])]
    grid = canvas.add_gridspec(1, 2, width_ratios=[CURVES, 1.0 - CURVES]) if beside else None
    grid = grid or canvas.add_gridspec(2 * rows, columns, height_ratios=[h or 1e-3 for h in heights])
    axes: list[Axes] = []
    for i, ((figure, shown), (found, _)) in enumerate(zip(parts, strips, strict=True)):
        row, column = divmod(i, columns)
        ax = canvas.add_subplot(grid[0, 0] if beside else grid[2 * row, column])
        axes.append(ax)
        if isinstance(shown, SearchFigure):
            draw_search(ax, shown, room)
        elif figure is not None and figure.parts and isinstance(shown, ExperimentResult):
            draw_parts(ax, shown, figure, room)
        elif isinstance(shown, SweepResult):
            draw_sweep(ax, shown, places, room, confidence)
        else:
            cell = grid[0, 1] if beside else grid[2 * row + 1, column]
            strip = canvas.add_subplot(cell.subgridspec(1, 1)[0, 0]) if found else None
            draw_curves(ax, shown, confidence, "", figure, places, strip, found, room=room)
            if strip is not None:
                name_strip(strip, shown, figure.regret if figure else "", 30 if beside else round(50 * room))
    lend_glyphs(canvas)
    for i, ax in enumerate(axes):
        taken = max((a.height for a in ax.get_children() if isinstance(a, EndLabels)), default=0.0)
        heights[i // columns * 2] = max(heights[i // columns * 2], taken)
    if not beside:
        grid.set_height_ratios([height or 1e-3 for height in heights])
    over = max((height_of(ax) - HEIGHT for ax in axes), default=0.0)
    total = heights[0] + FRAME * unit if beside else sum(heights) + rows * (FRAME + over) * unit
    canvas.set_size_inches(*look.inches(width, _user_size(1) or total))
    return axes


def _user_size(side: int) -> float | None:
    """Inches of figures that the user has set, if they are not matplotlib's own."""
    size = mpl.rcParams["figure.figsize"]
    return None if list(size) == list(mpl.rcParamsDefault["figure.figsize"]) else float(size[side])


def _strip_of(figure: Figure | None, shown: Any, confidence: float, room: float) -> tuple[list[Row], float]:
    """The rows of a part's strip, and the inches it takes in type of our size; none where it has no strip."""
    if not isinstance(shown, ExperimentResult):
        return [], 0.0
    figure = figure or Figure(experiment=shown.experiment.name)
    if figure.parts or figure.quantity != "regret" or figure.bounds in ("curves", "none"):
        return [], 0.0
    named, letters = drawn_by_name(shown, figure)[0], round(NAME * room)
    rows = rows_of(shown, named, confidence, figure.regret, figure.names, letters)
    if not any(row.marks for row in rows):
        return [], 0.0
    headings = 1 + len(lower_bounds_for(shown, figure.regret))
    return rows, ROW * sum(row.lines for row in rows) + HEADING * headings + STRIP_FRAME
