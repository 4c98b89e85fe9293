"""The theorem strip: for each policy its regret at the horizon, and how far its theorem's bound is from it."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.patches import Polygon
from matplotlib.text import Text
from matplotlib.ticker import FixedLocator, FuncFormatter, LogLocator, MaxNLocator, NullFormatter, NullLocator

from bandits.contract import Bound
from experiments.analysis.curves import ExperimentResult
from experiments.analysis.sentences import number
from experiments.analysis.statistics import Interval
from experiments.analysis.verdicts import bounds_for, lower_bounds_for, rounding_of, share_of
from experiments.report.colours import GREY, Look, for_text
from experiments.report.style import curve_id, lines_of, plain, points, shortened, wrapped

WIDE = 8.0
"""Times the least value shown: from there on the axis is logarithmic."""
REACH = 1e5
"""Times the largest regret: what is farther is an arrow at the edge."""
NAME, REMARK = 22, 22
"""Letters of a name at the left and of a remark at the right, at most."""
FAILED = "#B2182B"
STRIP = 100
"""Pieces of a policy in the strip have ids from here on."""


@dataclass(frozen=True)
class Mark:
    """One bound of a policy at the horizon.

    Attributes:
        bound: the theorem.
        value: at the horizon, in the regret's unit.
        kind: "bound"; "rate", known up to a constant or in the limit; "fails", an assumption does not hold.
        share: the largest share of it that the mean regret reached where it is compared; NaN where it is not.
        vacuous: whether it is beyond the regret of the worst play at the horizon.
        broken: whether the simultaneous band of the mean is above it there.
    """

    bound: Bound
    value: float
    kind: str
    share: float = math.nan
    vacuous: bool = False
    broken: bool = False


@dataclass(frozen=True)
class Row:
    """What the strip shows of a policy.

    Attributes:
        label: its label.
        name: the lines of what is shown in its place.
        final: its regret at the horizon, with a pointwise interval.
        marks: its bounds.
    """

    label: str
    name: tuple[str, ...]
    final: Interval
    marks: tuple[Mark, ...]

    @property
    def judged(self) -> Mark | None:
        """The bound that says most: of those that apply the lowest."""
        return min((m for m in self.marks if m.kind == "bound"), key=lambda m: m.value, default=None)

    @property
    def broken(self) -> bool:
        """Whether the mean is above a bound that applies to it, by more than chance."""
        return any(m.broken for m in self.marks)

    @property
    def lines(self) -> float:
        """Height in rows of one line."""
        return 0.15 + 0.85 * max(len(self.name), len(self.remarks))

    @property
    def remarks(self) -> list[str]:
        """The lines of ``remark``."""
        return lines_of(self.remark(), REMARK, 2)

    def remark(self) -> str:
        """The share in per cent, or why there is none."""
        above = next((m for m in self.marks if m.share > 1.0 + 1e-9), None)
        mark = above or self.judged
        if mark is None:
            rates = [m for m in self.marks if m.kind == "rate"]
            failing = [a.text for m in self.marks for a in m.bound.assumptions if not a.holds]
            return "rate" if rates else f"needs: {failing[0].partition(' (')[0]}" if failing else "no bound"
        share = mark.share if above else self.final.value / mark.value if mark.value > 0.0 else 0.0
        words = ["vacuous"] if mark.vacuous and not above else [percent(share)]
        words += [f"w.p. {_probability(mark.bound.delta)}"] if mark.bound.delta is not None else []
        words += ["data"] if mark.bound.data_dependent else []
        return ", ".join(words)


def percent(share: float) -> str:
    """A share in per cent, in two digits below 10 %.

    Example:
        >>> from experiments.report.strip import percent
        >>> percent(0.0123), percent(0.123), percent(0.00001), percent(1.77)
        ('1.2 %', '12 %', '< 0.1 %', '177 %')
    """
    value = 100.0 * share
    if 0.0 < value < 0.1:
        return "< 0.1 %"
    return f"{value:.1f} %" if abs(value) < 9.95 and value else f"{value:.0f} %"


def _probability(delta: float) -> str:
    """What is left of 1, without the zero before the point."""
    return f"{1.0 - delta:.4g}".removeprefix("0") if delta >= 1e-4 else f"1 - {delta:.1g}"


def rows_of(
    result: ExperimentResult,
    labels: Sequence[str],
    confidence: float,
    regret: str = "",
    names: Mapping[str, str] | None = None,
    letters: int = NAME,
) -> list[Row]:
    """A row for each of these policies, in their order.

    Args:
        result: what to show.
        labels: of the policies.
        confidence: of intervals, in (0, 1).
        regret: regret definition.
        names: label to what is shown in its place.
        letters: of a line of it.
    """
    worst, found = worst_of(result, regret), []
    for label in labels:
        marks = [_mark(result, label, bound, worst, confidence, regret) for bound in bounds_for(result, label, regret)]
        lines = wrapped((names or {}).get(label, label), letters, most=2).split("\n")
        found.append(Row(label, tuple(lines), result.final(label, confidence, regret), tuple(marks)))
    return found


def _mark(result: ExperimentResult, label: str, bound: Bound, worst: float, confidence: float, regret: str) -> Mark:
    curve = result.curve(bound)
    value = float(curve[-1])
    if not bound.holds:
        return Mark(bound, value, "fails")
    if bound.kind != "upper" or bound.time == "asymptotic":
        return Mark(bound, value, "rate")
    at = slice(-1, None) if bound.time == "at the horizon" or bound.delta is not None else slice(None)
    band = result.band(label, confidence, regret)
    share = float(np.max(share_of(band.mean[at], curve[at])))
    broken = share > 1.0 and bool(np.any(band.all_low[at] > curve[at] + rounding_of(curve[at])))
    return Mark(bound, value, "bound", share, value >= worst, broken)


def worst_of(result: ExperimentResult, regret: str = "") -> float:
    """Mean regret of the worst play at the horizon; infinite where it is not known."""
    definition = result.definition(regret)
    if definition.worst not in result.comparators:
        return math.inf
    return float((result.comparators[definition.comparator] - result.comparators[definition.worst])[:, -1].mean())


def draw_strip(
    ax: Axes,
    result: ExperimentResult,
    rows: Sequence[Row],
    looks: Mapping[str, Look],
    regret: str = "",
    part: str = "",
    others: str = "",
) -> None:
    """Draw the strip into axes of its own: a row a policy, the first on top.

    A dot is the mean regret at the horizon, with its interval; a bar reaches out to the bound. The line of worst play
    and the environment's lower bounds are vertical. What is known up to a constant is a pale wedge, what fails is grey.

    Args:
        ax: where to draw.
        result: what to draw.
        rows: of ``rows_of``.
        looks: of the policies.
        regret: regret definition.
        part: name of the figure, for ids.
        others: said in a row of its own at the bottom, of policies that have none.
    """
    lower, worst = lower_bounds_for(result, regret), worst_of(result, regret)
    ends = _set_scale(ax, rows, [float(result.curve(bound)[-1]) for bound in lower], worst)
    lines, size = [row.lines for row in rows], points(mpl.rcParams["legend.fontsize"])
    ax.set_ylim(sum(lines) + bool(others) - 0.4, -0.6)
    learners = [row for row in rows if row.label in result.learners]
    best = min(learners, key=lambda row: row.final.value, default=None) if len(rows) > 1 else None
    places, top = list(result.series), -0.5
    for row, high in zip(rows, lines, strict=True):
        y, look, top = top + high / 2.0, looks[row.label], top + high
        drawn = [artist for mark in row.marks for artist in _draw_mark(ax, row, mark, y, look, ends)]
        drawn += _draw_dot(ax, row, y, look, ends)
        drawn += _write(ax, row, y, look, row is best, size)
        for piece, artist in enumerate(drawn, STRIP):
            artist.set_gid(curve_id(part, places.index(row.label), piece))
    if others:
        _text(ax, -0.02, sum(lines), others, size, GREY)
    _draw_lines(ax, result, lower, worst, ends, size)


def name_strip(ax: Axes, result: ExperimentResult, regret: str = "", letters: int = 50) -> None:
    """Name what the strip's axis shows, on lines of so many letters."""
    said = f"regret at the horizon and its bound ({result.definition(regret).unit})"
    ax.set_xlabel(wrapped(said, letters), fontsize=mpl.rcParams["legend.fontsize"])


def _write(ax: Axes, row: Row, y: float, look: Look, best: bool, size: float) -> list[Artist]:
    """Name and remark of a row, left and right of the axes."""
    colour = FAILED if row.broken else GREY if row.judged is None else mpl.rcParams["text.color"]
    remark = "\n".join(map(plain, row.remarks))
    return [
        _text(ax, -0.02, y, "\n".join(row.name), size, for_text(look.colour), best),
        _text(ax, 1.04, y, remark, size, for_text(colour), row.broken),
    ]


def _text(ax: Axes, x: float, y: float, text: str, size: float, colour: str, bold: bool = False) -> Text:
    look: Any = {"va": "center", "ha": "right" if x < 0.0 else "left", "fontsize": size, "linespacing": 1.0}
    look |= {"color": colour, "fontweight": "bold" if bold else "normal", "clip_on": False}
    return ax.text(x, y, text, transform=ax.get_yaxis_transform(), **look)


def _set_scale(ax: Axes, rows: Sequence[Row], lower: Sequence[float], worst: float) -> tuple[float, float]:
    """Set the x axis such that every regret is seen, and the bounds within ``REACH``; returns its ends."""
    finals = [v for row in rows for v in (row.final.low, row.final.value, row.final.high) if math.isfinite(v)]
    top = max((abs(v) for v in finals), default=1.0) or 1.0
    bounds = [m.value for row in rows for m in row.marks if math.isfinite(m.value) and m.value <= REACH * top]
    every = [*finals, *bounds, *(v for v in lower if 0.0 < v <= REACH * top)]
    means = [row.final.value for row in rows]
    least, most = min(every, default=0.0), max(every, default=1.0)
    most = most if most > 0.0 else 1.0
    if min(means, default=1.0) > 0.0 and most > WIDE * min(means):
        first = min(v for v in (*means, *every) if v > 0.0 and v >= min(means) / 10.0)
        ends = first / 1.5, most * 1.6
        ax.set_xscale("log")
        ax.xaxis.set_major_locator(LogLocator(numticks=5))
    elif most > WIDE * top:  # beside regrets that are not positive
        ends = min(0.0, least) * 1.1 - 0.1 * top, most * 1.6
        first = math.ceil(math.log10(top))
        ax.set_xscale("symlog", linthresh=10.0**first, linscale=2.0)
        powers = range(first, math.floor(math.log10(ends[1])) + 1)
        ax.xaxis.set_major_locator(FixedLocator([0.0, *(10.0**k for k in powers[:: -(-len(powers) // 4)])]))
    else:
        room = 0.06 * (most - min(0.0, least))
        ends = min(0.0, least - room), most + room
        ax.xaxis.set_major_locator(MaxNLocator(4))
    ax.set_xlim(*ends)
    ax.xaxis.set_minor_locator(NullLocator())
    ax.xaxis.set_minor_formatter(NullFormatter())
    ax.xaxis.set_major_formatter(FuncFormatter(lambda x, _: number(x)))
    ax.yaxis.set_major_locator(NullLocator())
    for side in ("left", "top", "right"):
        ax.spines[side].set_visible(False)
    ax.tick_params(axis="x", length=2.0, pad=1.5)
    return ends


def _draw_mark(ax: Axes, row: Row, mark: Mark, y: float, look: Look, ends: tuple[float, float]) -> list[Artist]:
    """Draw a bound: a bar with an end, a wedge that opens where a constant is not known, a grey line, or an arrow."""
    start, at = np.clip([row.final.value, mark.value], *ends).tolist()
    if mark.kind == "rate":
        x = float((ax.transData + ax.transAxes.inverted()).transform((at, 0.0))[0])
        end, aside = min(x + 0.09, 1.0), ax.get_yaxis_transform()
        wedge = [(x, y), (end, y - 0.32), (end, y + 0.32)]
        pale: Any = {"transform": aside, "color": look.colour, "alpha": 0.3, "linewidth": 0, "zorder": 2}
        return [ax.add_patch(Polygon(wedge, **pale))]
    if mark.kind == "fails":
        dots: Any = {"color": GREY, "linewidth": 0.9, "linestyle": (0, (1, 1)), "zorder": 1.5}
        return [*ax.plot([start, at], [y, y], **dots)]
    loose, beyond = mark.bound.data_dependent or mark.bound.delta is not None, not mark.value <= ends[1]
    bar: Any = {"color": look.colour, "alpha": 0.35, "linewidth": 3.4, "solid_capstyle": "butt", "zorder": 2}
    end_mark: Any = {"color": look.colour, "marker": ">" if beyond else "|", "markersize": 4.0 if beyond else 6.5}
    end_mark |= {"markeredgewidth": 0.8 if loose else 1.3, "linestyle": "none", "clip_on": False, "zorder": 2.6}
    return [*ax.plot([start, at], [y, y], **bar), *ax.plot([at], [y], **end_mark)]


def _draw_dot(ax: Axes, row: Row, y: float, look: Look, ends: tuple[float, float]) -> list[Artist]:
    """Draw the regret with its interval."""
    drawn: list[Artist] = []
    if row.final.finite:
        reach = np.clip([row.final.low, row.final.high], *ends)
        drawn += ax.plot(reach, [y, y], color=look.colour, linewidth=1.2, zorder=3.0)
    at = np.clip([row.final.value], *ends)
    dot: Any = {"color": look.colour, "linestyle": "none", "clip_on": False, "zorder": 3.5, **look.marks(4.2)}
    return [*drawn, *ax.plot(at, [y], **dot)]


def _draw_lines(
    ax: Axes, result: ExperimentResult, lower: Sequence[Bound], worst: float, ends: tuple[float, float], size: float
) -> None:
    """Draw the environment's lower bounds, wedges for those known up to a constant, and the line of worst play."""
    ink, said = mpl.rcParams["text.color"], []
    for value, names, rate in merged([(float(result.curve(b)[-1]), b) for b in lower]):
        if not ends[0] <= value <= ends[1]:
            continue
        x = float((ax.transData + ax.transAxes.inverted()).transform((value, 0.0))[0])
        if rate:
            wedge = [(x, 0.0), (x - 0.05, 1.0), (x + 0.05, 1.0)]
            ax.add_patch(Polygon(wedge, transform=ax.transAxes, color=ink, alpha=0.13, linewidth=0, zorder=1))
        else:
            ax.axvline(value, color=ink, linewidth=0.9, linestyle="-.", zorder=1.2)
        said.append((x, f"{names}{' (rate)' if rate and 'rate' not in names else ''}"))
    if ends[0] < worst <= ends[1]:
        ax.axvline(worst, color=GREY, linewidth=0.9, zorder=1.2)
        said.append((float((ax.transData + ax.transAxes.inverted()).transform((worst, 0.0))[0]), "worst play"))
    for level, (x, text) in enumerate(said[::-1]):
        side = "left" if x < 0.3 else "right" if x > 0.7 else "center"
        ax.annotate(
            plain(shortened(text, 40)),
            (x, 1.0),
            xycoords="axes fraction",
            xytext=(0.0, 1.0 + 1.05 * size * level),
            textcoords="offset points",
            ha=side,
            va="bottom",
            fontsize=0.88 * size,
            color=for_text(GREY),
        )


def merged(bounds: Sequence[tuple[float, Bound]]) -> list[tuple[float, str, bool]]:
    """Values with the names of the bounds that have them, and whether none of these is known but for a constant."""
    found: dict[str, tuple[float, list[str], bool]] = {}
    for value, bound in bounds:
        rate = bound.kind == "order" or bound.time == "asymptotic"
        first, names, all_rates = found.setdefault(f"{value:.9g}", (value, [], True))
        found[f"{value:.9g}"] = first, [*names, bound.name], all_rates and rate
    return [(value, ", ".join(dict.fromkeys(names)), rate) for value, names, rate in found.values()]
