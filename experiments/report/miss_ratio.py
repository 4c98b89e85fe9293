"""Figures of miss-ratio curves: faults over requests against the size of the cache."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure as Canvas
from numpy.typing import NDArray

from bandits.contract import Array
from experiments.report import colours as looks
from experiments.report.colours import GREY
from experiments.report.figures import FRAME, save
from experiments.report.labels import End, EndLabels
from experiments.report.style import HEIGHT, WIDTH, lend_glyphs, style, wrapped
from experiments.report.ticks import write_numbers

NAMES = {"lru": "LRU", "opt": "offline optimum (Belady)"}


class Curve(Protocol):
    """What is drawn."""

    @property
    def sizes(self) -> NDArray[np.int64]:
        """Sizes [n_sizes] of the cache."""

    @property
    def ratios(self) -> Mapping[str, Array]:
        """Miss ratios [n_sizes] by name."""

    @property
    def n_requests(self) -> int:
        """Number of requests."""

    @property
    def n_pages(self) -> int:
        """Number of different pages requested."""


def draw_miss_ratio(ax: Axes, curve: Curve, title: str = "", inside: bool = True) -> None:
    """Draw the miss ratios against the size of the cache.

    The shade between LRU and the optimum is what another policy may gain. The dotted line are the first requests to
    each page, which are faults whatever is done.

    Args:
        ax: where to draw.
        curve: what is drawn, such as a ``MissRatioCurve`` of at least one request.
        title: above the axes.
        inside: whether the labels of the lines take room inside the axes.

    Raises:
        ValueError: there is no request.
    """
    if curve.n_requests == 0:
        raise ValueError("curve must be of at least one request, got none")
    order = np.argsort(curve.sizes, kind="stable")
    sizes = curve.sizes[order]
    ratios = {name: values[order] for name, values in curve.ratios.items()}
    every = len(sizes) > 1 and bool(np.all(np.diff(sizes) == 1))  # else the curve between the sizes is not known
    line: dict[str, Any] = {"drawstyle": "steps-post"} if every else {}
    ends = []
    for place, (name, values) in enumerate(ratios.items()):
        look = looks.look(place)
        marks = line | look.marks(2.5) | ({"markevery": (0.08 + 0.1 * place, 0.3)} if every else {})
        ax.plot(sizes, values, color=look.colour, label=NAMES.get(name, name), zorder=3, **marks)
        text = _label(NAMES.get(name, name), float(values[-1]))
        ends.append(End(float(values[-1]), text, looks.for_text(look.colour)))
    if "lru" in ratios and "opt" in ratios:
        shade: dict[str, Any] = {"step": "post" if every else None, "color": GREY, "alpha": 0.2, "linewidth": 0}
        ax.fill_between(sizes, ratios["opt"], ratios["lru"], zorder=2, **shade)
    first = curve.n_pages / curve.n_requests
    ax.axhline(first, color=GREY, linestyle=":", linewidth=1.0, label=f"first requests: {first:.3g}", zorder=2.5)
    ends.append(End(first, _label("first requests", first), looks.for_text(GREY), faint=True))
    ax.set_xscale("log")
    ax.set_ylim(0.0, 1.02 * max(float(values.max()) for values in ratios.values()))
    ax.set_xlabel("cache size k")
    ax.set_ylabel("miss ratio")
    ax.set_title(wrapped(title, 44), loc="left", fontweight="bold")
    low, high = float(sizes.min()), float(sizes.max())
    if low < high:
        ax.set_xlim(low, high)
    write_numbers(ax.xaxis, low, high, ends=True)
    EndLabels(ax, high, ends, inside=inside)


def _label(name: str, value: float) -> str:
    """Name and value on short lines."""
    return f"{wrapped(name, 20)}\n{value:.3g}"


def save_miss_ratios(curves: Mapping[str, Curve], *paths: Path | str) -> None:
    """Draw curves side by side, a pair of axes each under its title, into files (.png, .svg, .pdf).

    Raises:
        ValueError: no curve, or one of no request.
    """
    if not curves:
        raise ValueError("curves must be a mapping from titles to curves, got none")
    with style():
        canvas = Canvas(layout="constrained")
        axes = canvas.subplots(1, len(curves), squeeze=False).ravel()
        for ax, (title, curve) in zip(axes, curves.items(), strict=True):
            draw_miss_ratio(ax, curve, title, inside=False)
        lend_glyphs(canvas)
        canvas.set_size_inches(WIDTH * len(curves), HEIGHT + FRAME)
        save(canvas, *map(Path, paths))
