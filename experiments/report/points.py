"""What a picture says at each point of its curves, and where: for pages on which values are read with a pointer."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from matplotlib.colors import to_hex
from matplotlib.figure import Figure as Canvas

from bandits.contract import Array
from experiments.report.style import curve_id

APART = 1.0 / 200.0
"""Points lie apart by at least so much of the axes' width, about two pixels of a page."""


@dataclass(frozen=True)
class Curve:
    """A policy's line in a picture.

    Attributes:
        policy: its position, as in ``curve_id``.
        colour: as ``#rrggbb``.
        height: [n_points] fractions of the axes' height, from below; NaN where nothing is drawn.
        y: [n_points] the values there.
    """

    policy: int
    colour: str
    height: Array
    y: Array


class Picture(NamedTuple):
    """A figure as a page shows it.

    Attributes:
        svg: the element.
        size: its width, in points.
        paper: colour behind it, as ``#rrggbb``.
        box: of the axes with the curves: fractions of the picture from the left, from the top, of its width and height.
        width: [n_points] of the curves' points, as many as a screen shows: fractions of the axes' width.
        x: [n_points] the values there.
        curves: the lines that are drawn by name.
    """

    svg: str
    size: float
    paper: str = "#ffffff"
    box: tuple[float, ...] = ()
    width: Array = np.empty(0)
    x: Array = np.empty(0)
    curves: tuple[Curve, ...] = ()


def picture_of(canvas: Canvas, svg: str) -> Picture:
    """A figure that is laid out, and its SVG; if several pairs of axes have curves, the points are of the first."""
    size, paper = 72.0 * canvas.get_figwidth(), to_hex(canvas.get_facecolor())
    for ax in canvas.axes:
        lines = [(line, found) for line in ax.get_lines() if (found := _LINE.fullmatch(str(line.get_gid())))]
        if not lines:
            continue
        to_places = ax.transData + ax.transAxes.inverted()
        x = np.asarray(lines[0][0].get_xdata(), dtype=float)
        width = to_places.transform(np.stack([x, np.full(len(x), ax.get_ylim()[1])], axis=1))[:, 0]
        kept = _apart(width)
        curves = []
        for line, found in lines:
            y: Array = np.ma.filled(np.ma.asarray(line.get_ydata(), dtype=float), np.nan)
            y = np.interp(x[kept], np.asarray(line.get_xdata(), dtype=float), y)
            with np.errstate(invalid="ignore", divide="ignore"):
                height = to_places.transform(np.stack([x[kept], y], axis=1))[:, 1]
                height = np.where(np.abs(height - 0.5) <= 0.501, height, np.nan)
            curves.append(Curve(int(found[1]), to_hex(line.get_color()), height, y))
        left, bottom, right, top = canvas.transFigure.inverted().transform(ax.bbox).ravel().tolist()
        return Picture(
            svg, size, paper, (left, 1.0 - top, right - left, top - bottom), width[kept], x[kept], tuple(curves)
        )
    return Picture(svg, size, paper)


_LINE = re.compile(curve_id(".*", "([0-9]+)", 0))


def _apart(width: Array) -> list[int]:
    """Which points stay: those inside the axes that are not too near to the next; the last one is what is compared."""
    kept, following = [], np.inf
    for i in np.flatnonzero(np.abs(width - 0.5) <= 0.501)[::-1].tolist():
        if following - width[i] >= APART:
            kept.append(i)
            following = width[i]
    return kept[::-1]
