"""What figures share: sizes, colours, line styles, and how numbers and bounds are written in legends."""

from __future__ import annotations

import logging
import math
import re
import textwrap
import warnings
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import lru_cache
from typing import Any
from unicodedata import east_asian_width

import matplotlib as mpl
import matplotlib.style
import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.font_manager import FontProperties, findfont, fontManager
from matplotlib.ft2font import FT2Font
from matplotlib.text import Text
from matplotlib.ticker import FixedLocator
from matplotlib.transforms import ScaledTranslation

from bandits.arguments import did_you_mean
from bandits.contract import Array, Bound
from experiments.analysis.sentences import number
from experiments.report.colours import GREY
from experiments.study.appearance import Appearance, unknown_style
from experiments.study.texts import visible

FORMATS = ("png", "svg", "pdf")
MANY, NAMED = 12, 8
"""Of more curves than the first number, which no one tells apart at a glance, so many are drawn by name."""

STYLE: Any = {
    "font.size": 8.0,
    "axes.titlesize": 8.5,
    "axes.labelsize": 8.0,
    "legend.fontsize": 6.5,
    "xtick.labelsize": 7.0,
    "ytick.labelsize": 7.0,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "grid.color": "#E6E6E6",
    "grid.linewidth": 0.5,
    "axes.axisbelow": True,
    "lines.linewidth": 1.3,
    "legend.frameon": False,
    "figure.dpi": 200,
    "savefig.dpi": 200,
    "svg.hashsalt": "regretlab",
    "svg.fonttype": "path",
    "pdf.fonttype": 42,
}
LOG_Y = ("loglog", "semilogy")
"""Scales of which the y axis is logarithmic."""
DEEP = 50.0
"""On a logarithmic axis shades reach down to this part of their curve at the most."""
BELOW = 100.0
"""On a logarithmic axis bounds are shown down to this part of the lowest value of the curves."""
DECADES = 1000.0
"""Logarithmic time axes show this factor of time up to the horizon."""
WIDTH, HEIGHT, LINE = 3.5, 1.9, 0.128
"""Inches: width of a pair of axes (a column of a two-column paper), height inside them, height of a legend's line."""
LETTER, SLANT = 0.05, 20.0
"""Inches that a letter of a tick's label takes, and degrees by which labels that are no numbers are slanted."""

LINES, LONGEST, TICKS = 8, 60, 30
"""Lines of a title or an entry of the legend, letters of a tick's label, and such ticks, at most."""

MARKED = 60
"""Points against a parameter up to which each has a mark, and scores of candidates an interval."""


def by_name(labels: Sequence[str]) -> tuple[Sequence[str], Sequence[str]]:
    """Which of the curves, in their order, are drawn by name, and the others, of which there are none or many."""
    return (labels, ()) if len(labels) <= MANY else (labels[:NAMED], labels[NAMED:])


def draw_others(ax: Axes, x: Array, curves: Sequence[Array]) -> None:
    """Draw many curves [n_points] as thin grey lines under one entry of the legend; as pixels in vector formats too."""
    if not curves:
        return
    apart = [np.append(values, math.nan) for values in (x, *curves)]
    ends = [float(values[-1]) for values in curves]
    text = f"{len(curves):,} others: {number(np.nanmin(ends))} to {number(np.nanmax(ends))}"
    thin: Any = {"color": GREY, "linewidth": 0.4, "zorder": 2.2, "rasterized": True}
    ax.plot(np.tile(apart[0], len(curves)), np.concatenate(apart[1:]), label=text, **thin)


def logarithmic(ax: Axes) -> None:
    """Make the y axis logarithmic: with a gap, not a plunge, in lines where there is nothing to show."""
    ax.set_yscale("log")
    for line in ax.get_lines():
        values = np.asarray(line.get_ydata(), dtype=float)
        line.set_ydata(np.where(values > 0.0, values, np.nan))


@contextmanager
def style(look: Appearance | None = None) -> Iterator[None]:
    """Draw in this style, where the user has set nothing else of matplotlib's, and leave the user's settings alone.

    Args:
        look: laid over it: style, font and grid of a figure.

    Raises:
        ValueError: there is no style of that name here.
    """
    with mpl.rc_context(), _quiet():
        settings = mpl.rcParams
        ours = {key: value for key, value in STYLE.items() if settings[key] == mpl.rcParamsDefault[key]}
        settings.update(ours)
        _resize(settings["font.size"] / STYLE["font.size"], ours.keys() & _SIZES)
        if look is not None:
            if look.style:
                _lay_over(look.style)
            if look.font.family:
                settings["font.family"] = _installed(look.font.family)
            if look.font.size is not None:
                _resize(look.font.size / settings["font.size"], _SIZES)
                settings["font.size"] = look.font.size
            if look.grid is not None:
                settings["axes.grid"] = look.grid
        yield


_SIZES: set[Any] = {key for key in STYLE if key.endswith("size") and key != "font.size"}
"""Settings that are sizes of text in points, or relative to the font's by a word."""


def _resize(factor: float, keys: Iterable[Any]) -> None:
    """Let sizes in points follow that of the font."""
    settings = mpl.rcParams
    settings.update({key: factor * settings[key] for key in keys if isinstance(settings[key], int | float)})


def _installed(families: Sequence[str]) -> list[str]:
    """Those of the families of fonts that are here; a warning tells of none."""
    known = {*fontManager.get_font_names(), *_GENERIC}
    if here := [family for family in families if family in known]:
        return here
    what = f"no font {' or '.join(map(repr, families))} is installed here{did_you_mean(families[0], known)}"
    warnings.warn(f"font: {what}: text is in {mpl.rcParams['font.family'][0]}", stacklevel=4)
    return list(mpl.rcParams["font.family"])


_GENERIC = ("serif", "sans-serif", "monospace", "cursive", "fantasy")


def _lay_over(name: str) -> None:
    """Use a style of matplotlib; sizes of which it says nothing follow its font.

    Raises:
        ValueError: there is none of that name.
    """
    if text := unknown_style(name):
        raise ValueError(f"style: {text}")
    before = dict(mpl.rcParams)
    mpl.style.use(name)
    same = [key for key in _SIZES if mpl.rcParams[key] == before[key]]
    _resize(mpl.rcParams["font.size"] / before["font.size"], same)


@contextmanager
def _quiet() -> Iterator[None]:
    """Without a line for every font that lends characters and has no bold ones, or such."""
    logger = logging.getLogger("matplotlib.font_manager")
    before = logger.level
    logger.setLevel(logging.ERROR)
    try:
        yield
    finally:
        logger.setLevel(before)


def notes_of(bound: Bound, is_vacuous: bool = False, over_time: bool = True) -> str:
    """What a legend must say of a bound, in brackets; ``over_time`` where the x axis is time."""
    notes = [] if bound.holds else ["assumption fails"]
    notes += ["order, constant 1"] if bound.kind == "order" else []
    notes += ["vacuous"] if bound.kind == "upper" and bound.holds and is_vacuous else []
    notes += ["asymptotic"] if bound.time == "asymptotic" else []
    notes += ["at the horizon"] if over_time and bound.time == "at the horizon" else []
    notes += [bound.claim] if bound.delta is not None else []
    return f" ({', '.join([*notes, bound.evidence])})"


def named_bound(theorem: Bound) -> str:
    """A bound's name, with what makes it say less."""
    if not theorem.holds:
        return f"{theorem.name} (assumption fails)"
    rate = theorem.kind == "order" and "rate" not in theorem.name
    return f"{theorem.name} (rate)" if rate else theorem.name


def dash_of(bound: Bound, colour: str, taken: set[tuple[str, str]]) -> Any:
    """The line style of a bound in this colour: none of those ``taken`` there, if there are others; it is then."""
    styles = _DASHES["order" if bound.data_dependent else bound.kind]
    dash = next((each for each in styles if (colour, str(each)) not in taken), styles[0])
    taken.add((colour, str(dash)))
    return dash


_DASHES: dict[str, list[Any]] = {
    "upper": [(0, (4, 2)), (0, (9, 2)), (0, (4, 2, 1.2, 2)), (0, (2, 1.2)), (0, (9, 2, 1.2, 2))],
    "lower": ["-.", (0, (8, 2, 1, 2, 1, 2)), (0, (3, 2, 1, 2, 1, 2))],
    "order": [":", (0, (1, 3)), (0, (1, 1.5, 1, 4))],
}
"""Of upper and lower bounds with explicit constants, and of those known up to order or that follow the data."""


def plain(text: str) -> str:
    """Text as it stands, where matplotlib would set what is between dollars as a formula, and TeX far more."""
    if mpl.rcParams["text.usetex"]:
        return "".join(_TEX.get(letter, letter) for letter in visible(text))
    return visible(text).replace("$", r"\$")


_TEX = {letter: f"\\{letter}" for letter in "$&#_%{}"} | {
    "\\": r"\textbackslash{}",
    "^": r"\textasciicircum{}",
    "~": r"\textasciitilde{}",
    **{letter: rf"\ensuremath{{{letter}}}" for letter in "<>|"},
    "↑": r"\ensuremath{\uparrow}",
    "↓": r"\ensuremath{\downarrow}",
}


def shortened(text: str, letters: int) -> str:
    """The text, or, where it is longer than so many letters, its beginning."""
    return text if len(text) <= letters else f"{text[: letters - 1].rstrip()}…"


def wrapped(text: str, width: int, indent: str = "", most: int = LINES) -> str:
    """``plain`` text in such ``lines_of`` it."""
    return "\n".join(map(plain, lines_of(text, width, most, indent)))


def lines_of(text: str, width: int, most: int, indent: str = "") -> list[str]:
    """Text in at most so many lines of so many letters, or half as many wide ones; what is longer is cut."""
    text = visible(text)
    letters = len(text) + sum(east_asian_width(letter) in "WF" for letter in text)
    width = round(width * len(text) / letters) if letters else width
    lines = textwrap.wrap(
        text, width, subsequent_indent=indent, max_lines=most, placeholder=" …", break_on_hyphens=False
    )
    if len(lines) > 1 and lines[-1] == "…":  # of a word that is longer than a line
        lines[-2:] = [f"{lines[-2][:-1]}…"]
    return lines


def entry(text: str) -> str:
    """Text of the legend: matplotlib leaves out what begins with a low line, as names of Python may."""
    return f" {text}" if text.startswith("_") else text


def slant(ax: Axes, places: Any, labels: Sequence[str]) -> None:
    """Write labels that are no numbers, which may be long, at the ticks of the x axis."""
    step = math.ceil(len(labels) / TICKS)
    short = [label if len(label) <= LONGEST else f"{label[: LONGEST - 1]}…" for label in labels[::step]]
    ax.set_xticks(places[::step], [plain(label) for label in short], rotation=SLANT, ha="right")


def _slanted(ax: Axes) -> float:
    """Inches that slanted labels reach down."""
    if not isinstance(ax.xaxis.get_major_locator(), FixedLocator):
        return 0.0
    longest = max((len(tick.get_text()) for tick in ax.get_xticklabels() if tick.get_rotation() > 0.0), default=0)
    return float(LETTER * longest * math.sin(math.radians(SLANT)))


def name_quantity(ax: Axes, what: str, how: str, room: float | None = 1.0, above: float = 0.0) -> None:
    """Name what the y axis shows, level below the title where it can be read at once, or beside somebody's axis.

    Args:
        ax: the axes, which have their title.
        what: is shown.
        how: its unit, and what else stands in brackets.
        room: width of the axes with what is right of them, times ``WIDTH``; None for axes of somebody's.
        above: points that an axis on top takes.
    """
    size = points(ax.yaxis.label.get_fontsize())
    if room is None:
        for letters in range(60, 7, -4):  # a layout may yet take a fifth of the height
            ax.set_ylabel(f"{wrapped(what, letters)}\n{wrapped(f'({how})', letters)}")
            if ax.yaxis.label.get_window_extent().height <= 0.8 * ax.bbox.height:
                break
        return
    letters = round(54 * room)
    text = wrapped(f"{what} ({how})", letters)
    if "\n" in text:
        text = f"{wrapped(what, letters)}\n{wrapped(f'({how})', letters)}"
    up = above + 0.35 * size
    place: Any = {"xycoords": "axes fraction", "xytext": (0.0, up), "textcoords": "offset points", "va": "bottom"}
    said = ax.annotate(text, (0.0, 1.0), fontsize=size, annotation_clip=False, **place)
    said.set_in_layout(False)  # there is room below the title, and its width moves nothing
    ax.set_title(
        ax.get_title(loc="left"), loc="left", fontweight="bold", pad=up + size * (1.25 * text.count("\n") + 1.7)
    )


def points(size: Any) -> float:
    """Size of a font in points, of a word such as "small" too."""
    return float(FontProperties(size=size).get_size_in_points())


def place_legend(ax: Axes, inside: bool = False) -> None:
    """Put the legend under the axes and their labels, one entry a line, long ones wrapped; ``inside`` where it may."""
    handles, labels = ax.get_legend_handles_labels()
    shown = [wrapped(text, 52, "   ") for text in labels]
    if inside:
        ax.legend(handles, shown, loc="best")
        return
    ticks, label = points(mpl.rcParams["xtick.labelsize"]), points(ax.xaxis.label.get_fontsize())
    below = 10.0 + 1.2 * ticks + 1.3 * label * (ax.get_xlabel().count("\n") + 1)  # points down to the end of the label
    down = ScaledTranslation(0.0, -below / 72.0 - _slanted(ax), ax.figure.dpi_scale_trans)
    ax.legend(
        handles,
        shown,
        loc="upper center",
        bbox_to_anchor=(0.5, 0.0),
        bbox_transform=ax.transAxes + down,
        ncols=1,
        handlelength=2.6,
        borderaxespad=0.0,
    )


def height_of(ax: Axes) -> float:
    """Inches that the axes take with their legend and slanted labels."""
    legend = ax.get_legend()
    lines = sum(text.get_text().count("\n") + 1 for text in legend.get_texts()) if legend else 0
    return HEIGHT + LINE * float(lines) + _slanted(ax)


FIXED = "fixed-"
"""Begins the id, in an SVG, of what keeps its colour on dark paper, as what is behind it does."""


def curve_id(part: str, policy: int | str, piece: int | str) -> str:
    """Id, in the SVG of an experiment or sweep, of a piece of a policy: 0 its line, 1 its band, from 2 its bounds."""
    return f"curve-{part}-{policy}-{piece}"


def lend_glyphs(drawn: Artist) -> None:
    """Let other installed fonts draw the characters that the font of a text lacks.

    What none of them has is shown as U+FFFD, and a warning names it. TeX has fonts of its own.
    """
    if mpl.rcParams["text.usetex"]:
        return
    nowhere: dict[str, None] = {}
    for text in _texts(drawn):
        shown, font = text.get_text(), text.get_fontproperties()
        lacking = {letter for letter in shown if not letter.isascii() and ord(letter) not in _glyphs(findfont(font))}
        if not lacking:
            continue
        looks: list[Any] = [(font.get_weight(), font.get_style()), ("normal", "normal")]  # not all fonts have bold ones
        found = {look: _lenders(frozenset(lacking), *look) for look in looks}
        weight, slope = min(found, key=lambda look: len(found[look][1]))
        lenders, left = found[weight, slope]
        text.set(fontfamily=[*font.get_family(), *lenders], fontweight=weight, fontstyle=slope)
        text.set_text("".join("\ufffd" if letter in left else letter for letter in shown))
        nowhere |= dict.fromkeys(letter for letter in shown if letter in left)
    if nowhere:
        told = " ".join([*list(nowhere)[:10], *["..."] * (len(nowhere) > 10)])
        what = f"no installed font has {told}: the figure shows \ufffd there; install one that has them"
        warnings.warn(what, stacklevel=2)


def _texts(drawn: Artist) -> Iterator[Text]:
    """All texts in it; ticks that matplotlib has not made yet say nothing, and ``findobj`` takes long to make them."""
    children = [drawn.label, drawn.offsetText] if isinstance(drawn, Axis) else [*drawn.get_children()]
    children += [tick for name in ("majorTicks", "minorTicks") for tick in vars(drawn).get(name, ())]
    for child in children:
        yield from _texts(child)
    if isinstance(drawn, Text):
        yield drawn


@lru_cache(maxsize=1024)
def _lenders(letters: frozenset[str], weight: Any, slope: Any) -> tuple[list[str], frozenset[str]]:
    """Families of fonts, as few as may be, that have these letters, and the letters that none has."""
    fonts: dict[str, frozenset[int]] = {}
    with _quiet():
        for family in sorted({font.name for font in fontManager.ttflist if not _UNFIT.match(font.name)}):
            fonts[family] = _glyphs(findfont(FontProperties(family=[family], weight=weight, style=slope)))
    lenders: list[str] = []
    left = letters
    while left and fonts:
        family = max(fonts, key=lambda family: sum(ord(letter) in fonts[family] for letter in left))
        if not any(ord(letter) in fonts[family] for letter in left):
            break
        lenders.append(family)
        left = frozenset(letter for letter in left if ord(letter) not in fonts[family])
    return lenders, left


_UNFIT = re.compile(r"Last ?Resort|cm[a-z]+10$|STIX(Non|Size)")
"""Fonts in which characters stand for others."""


@lru_cache(maxsize=1024)
def _glyphs(path: str) -> frozenset[int]:
    """The characters that a font has outlines of."""
    font = FT2Font(path)
    return frozenset(font.get_charmap()) if font.scalable else frozenset()
