"""Labels at the ends of lines, moved apart where they would overlap, and brackets around what is not told apart."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any, cast

import matplotlib as mpl
import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.text import Text
from matplotlib.ticker import FixedLocator
from matplotlib.transforms import ScaledTranslation, blended_transform_factory

from bandits.contract import Array
from experiments.analysis.comparisons import pairs_of
from experiments.analysis.curves import ExperimentResult
from experiments.report.style import lend_glyphs, plain, points

LEADER, GAP = 0.14, 0.035
"""Inches between the end of a line and its label, and between a label and what is to its right."""
TIGHT = 0.012
"""Inches between two labels, one over the other."""
TALL = 0.72
"""Inches of a bracket along which its text can stand."""
WIDEST, SMALLEST = 0.65, 0.6
"""Share of somebody's axes that labels inside it take at most; of its size, type that has no room is at least."""
NARROWEST = 0.35
"""Of its size, type inside somebody's axes is at least."""


@dataclass(frozen=True)
class End:
    """The right end of a line, and what is written there.

    Attributes:
        y: where the line ends, in data.
        text: in the form that matplotlib sets as it stands.
        colour: of text and leader.
        best: whether it is set off.
        faint: whether it is smaller than others.
        gids: ids in the SVG of text and leader.
        line: of a bound, which may leave the axes; None where it is known to end in them.
    """

    y: float
    text: str
    colour: Any
    best: bool = False
    faint: bool = False
    gids: tuple[str, str] = ("", "")
    line: Line2D | None = None


class EndLabels(Artist):
    """Texts right of lines that end at one x; where they stand is worked out whenever the axes are laid out or drawn.

    Args:
        ax: the axes of the lines.
        x: where they end, in data.
        ends: of the lines.
        groups: places, in ``ends``, of those that a bracket joins.
        said: beside the bracket around the most.
        inside: whether the labels must stay within the axes, whose x axis is made longer for them, and not right of it.
    """

    def __init__(
        self,
        ax: Axes,
        x: float,
        ends: Sequence[End],
        groups: Sequence[Sequence[int]] = (),
        said: str = "not told apart",
        inside: bool = False,
    ) -> None:
        super().__init__()
        self.set(zorder=-100.0, clip_on=False)  # before the texts that it moves
        ax.add_artist(self)
        self.set_clip_on(False)
        self._ax, self._x, self._ends, self._groups, self._said = ax, x, list(ends), list(groups), said
        right = ax.figure.dpi_scale_trans + ScaledTranslation(x, 0.0, cast(Any, ax.get_xaxis_transform()))
        self._place = blended_transform_factory(right, ax.transAxes)  # inches right of x, share of the axes' height
        size = points(mpl.rcParams["legend.fontsize"])
        self._sizes = [size * (0.88 if end.faint else 1.0) for end in self._ends]
        self.texts = [self._text(end, points) for end, points in zip(self._ends, self._sizes, strict=True)]
        self.leaders = [self._line(end.colour, end.gids[1]) for end in self._ends]
        self.brackets = [self._line(mpl.rcParams["text.color"]) for _ in self._groups]
        self._widest = max(self._groups, key=len, default=())
        self.remarks = [self._text(End(0.0, said, mpl.rcParams["text.color"]), 0.88 * size)] if groups else []
        for remark in self.remarks:
            remark.set_linespacing(0.95)
        self._columns = columns(self._groups)
        self._shrunk = 1.0
        self._last: Any = None
        if inside and self._ends:
            self._make_room(ax)

    def _text(self, end: End, size: float) -> Text:
        text = self._ax.text(LEADER, 0.5, end.text, transform=self._place, va="center", ha="left", clip_on=False)
        text.set(color=end.colour, fontsize=size, zorder=6.0, linespacing=1.0)
        text.set_fontweight("bold" if end.best else "normal")
        if end.gids[0]:
            text.set_gid(end.gids[0])
        return text

    def _line(self, colour: Any, gid: str = "") -> Line2D:
        """A thin line, which is none of the axes' lines: it is drawn with this artist."""
        line = Line2D([], [], color=colour, linewidth=0.6, transform=self._place, clip_on=False)
        line.set_figure(self._ax.figure)
        line.set_gid(gid or None)
        return line

    def get_children(self) -> list[Artist]:
        """Leaders and brackets."""
        return [*self.leaders, *self.brackets]

    def _make_room(self, ax: Axes) -> None:
        """Lengthen the x axis by what the labels take."""
        dpi = ax.figure.dpi
        for text in self.texts:
            lend_glyphs(text)
        self._narrow()
        self._shrink()
        self.arrange()
        taken = max((text.get_window_extent().x1 for text in (*self.texts, *self.remarks)), default=0.0)
        end = ax.get_xaxis_transform().transform((self._x, 0.0))[0]
        share = (taken - end + GAP * dpi) / ax.bbox.width
        scale, left = ax.xaxis.get_transform(), ax.get_xlim()[0]
        ticks = [[x for x in ax.get_xticks(minor=minor) if left <= x <= self._x] for minor in (False, True)]
        first, last = scale.transform(np.array([left, self._x]))
        most = first + (last - first) / (1.0 - min(share, WIDEST))
        ax.set_xlim(right=float(scale.inverted().transform(np.array([most]))[0]))
        ax.xaxis.set_major_locator(FixedLocator(ticks[0]))  # time ends where the lines do
        ax.xaxis.set_minor_locator(FixedLocator(ticks[1]))
        self._last = None
        self.arrange()

    def _narrow(self) -> None:
        """Make texts smaller that are wider than the share of the axes which they may take."""
        dpi, texts = self._ax.figure.dpi, (*self.texts, *self.remarks)
        aside = (LEADER + 6.0 * GAP) * dpi  # leaders and brackets
        widest = max(text.get_window_extent().width for text in texts)
        factor = max(NARROWEST, (WIDEST * self._ax.bbox.width - aside) / widest)
        if factor < 1.0:
            self._sizes = [factor * size for size in self._sizes]
            for text in texts:
                text.set_fontsize(factor * points(text.get_fontsize()))

    @property
    def height(self) -> float:
        """Inches that the labels take one over the other."""
        tall = sum(text.get_window_extent().height for text in self.texts)
        return tall / self._ax.figure.dpi + TIGHT * len(self.texts)

    def draw(self, renderer: Any) -> None:
        """Arrange the texts, which are drawn by themselves, and draw leaders and brackets."""
        self._shrink(renderer)
        self.arrange(renderer)
        for line in self.get_children():
            line.draw(renderer)
        self.stale = False

    def get_tightbbox(self, renderer: Any = None) -> None:
        """Arrange the texts, which speak for themselves."""
        self.arrange(renderer)

    def _shrink(self, renderer: Any = None) -> None:
        """Make the texts so small that all fit into the axes, where that can be."""
        tall = sum(text.get_window_extent(renderer).height for text in self.texts) / self._shrunk
        room = self._ax.bbox.height - TIGHT * self._ax.figure.dpi * len(self.texts)
        wanted = min(1.0, max(SMALLEST, room / tall)) if tall > 0.0 else 1.0
        if abs(wanted - self._shrunk) > 0.01:
            self._shrunk = wanted
            for text, size in zip(self.texts, self._sizes, strict=True):
                text.set_fontsize(wanted * size)

    def arrange(self, renderer: Any = None) -> None:
        """Put each text as near to the end of its line as the others allow, and draw leaders where it has moved."""
        ax = self._ax
        if not self.texts:
            return
        dpi, box = ax.figure.dpi, ax.bbox
        extents = [text.get_window_extent(renderer) for text in self.texts]
        ends = np.array([ax.transData.transform((self._x, end.y))[1] for end in self._ends])
        now = (dpi, *box.bounds, *ends, *(e.width for e in extents), *(e.height for e in extents))
        if now == self._last:
            return
        self._last = now
        heights = np.array([extent.height for extent in extents]) + TIGHT * dpi
        wanted = np.clip(np.where(np.isfinite(ends), ends, box.y0), box.y0, box.y1)
        places = spread(wanted, heights, box.y0, box.y1)
        shares, starts = (places - box.y0) / box.height, (wanted - box.y0) / box.height
        for text, leader, share, start, height in zip(
            self.texts, self.leaders, shares.tolist(), starts.tolist(), heights.tolist(), strict=True
        ):
            text.set_y(share)
            moved = abs(share - start) * box.height > 0.2 * height
            leader.set_data([0.02, 0.05, LEADER - 0.02] if moved else [], [start, start, share] if moved else [])
        joined = [np.sort(shares[list(group)]) for group in self._groups]
        beside = [
            max(
                extent.width
                for extent, share in zip(extents, shares, strict=True)
                if members[0] <= share <= members[-1]
            )
            for members in joined
        ]
        across = [
            LEADER + width / dpi + GAP + 2.0 * GAP * column for width, column in zip(beside, self._columns, strict=True)
        ]
        for group, line, members, x in zip(self._groups, self.brackets, joined, across, strict=True):
            low, high = float(members[0]), float(members[-1])
            line.set_data(np.tile([x + GAP, x, x + GAP], len(members)), np.repeat(members, 3))
            if group is self._widest:
                (remark,), upright = self.remarks, (high - low) * box.height / dpi >= TALL
                remark.set(x=max(across) + 2.0 * GAP, y=(low + high) / 2.0, rotation=90.0 if upright else 0.0)
                remark.set_text(self._said if upright else _in_two(self._said))


def _in_two(text: str) -> str:
    """The text on two lines, broken at the last space."""
    head, _, tail = text.rpartition(" ")
    return f"{head}\n{tail}" if head else tail


def spread(wanted: Array, heights: Array, low: float, high: float) -> Array:
    """Centres [n] of boxes of these heights [n] that do not overlap, nearest to those wanted [n] by least squares.

    They keep the order of ``wanted``, and those that are equal that in which they come, the first on top. They stay
    between ``low`` and ``high``; where these are too near for all, they overlap alike.
    """
    order = np.lexsort((-np.arange(len(wanted)), wanted))
    tall = heights[order]
    tall = tall * min(1.0, (high - low) / tall.sum())
    offsets = np.cumsum(tall) - tall / 2.0
    blocks: list[list[float]] = []  # sum of what is wanted of the lower end of the whole stack, and number, pooled
    for value in wanted[order] - offsets:
        blocks.append([float(value), 1.0])
        while len(blocks) > 1 and blocks[-2][0] / blocks[-2][1] >= blocks[-1][0] / blocks[-1][1]:
            total, n = blocks.pop()
            blocks[-1][0] += total
            blocks[-1][1] += n
    starts = np.concatenate([np.full(int(n), total / n) for total, n in blocks])
    found = np.empty(len(wanted))
    found[order] = np.clip(starts, low, max(low, high - tall.sum())) + offsets
    return found


def within(ax: Axes, ends: Iterable[End]) -> list[End]:
    """The ends, but those of lines of which the axes show nothing; an arrow tells of those that leave them."""
    (low, high), (left, right) = sorted(ax.get_ylim()), sorted(ax.get_xlim())
    found = []
    for end in ends:
        if low <= end.y <= high or (end.line is None and math.isfinite(end.y)):
            found.append(end)
        elif end.line is not None:
            x, y = np.asarray(end.line.get_xdata(), dtype=float), np.asarray(end.line.get_ydata(), dtype=float)
            if bool(((low <= y) & (y <= high) & (left <= x) & (x <= right)).any()):
                found.append(replace(end, text=f"{end.text} {plain('↑' if end.y > high else '↓')}"))
    return found


def alike(result: ExperimentResult, labels: Sequence[str], confidence: float, regret: str) -> list[list[int]]:
    """Groups of places in ``labels`` that the data do not tell apart, which they say of none that knows the run."""
    even = {
        frozenset((pair.better, pair.worse))
        for pair in pairs_of(result, confidence, result.definition(regret).name)
        if not pair.typical(confidence)
    }
    means = [float(result.shown(label, regret)[:, -1].mean()) for label in labels]
    order = sorted(range(len(labels)), key=means.__getitem__)
    found = runs([labels[i] for i in order], lambda first, second: frozenset((first, second)) not in even)
    return [[order[place] for place in group] for group in found]


def runs(order: Sequence[str], apart: Any) -> list[list[int]]:
    """The longest stretches [places in order] of which no two are told ``apart(first, second)``, of two and more."""
    found: list[list[int]] = []
    for first in range(len(order)):
        last = first
        while last + 1 < len(order) and not any(apart(order[i], order[last + 1]) for i in range(first, last + 1)):
            last += 1
        if last > first and (not found or last > found[-1][-1]):
            found.append(list(range(first, last + 1)))
    return found


def columns(groups: Sequence[Sequence[int]]) -> list[int]:
    """Column of each group such that no two that share a place are in one."""
    found: list[int] = []
    for i, group in enumerate(groups):
        used = {found[j] for j in range(i) if max(groups[j]) >= min(group)}
        found.append(min(set(range(i + 1)) - used))
    return found
