"""Numbers on axes: as scientists write them, no two of which look the same."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.axis import Axis, XAxis
from matplotlib.ticker import (
    EngFormatter,
    FixedLocator,
    Formatter,
    Locator,
    LogFormatterSciNotation,
    LogLocator,
    MaxNLocator,
    NullFormatter,
    ScalarFormatter,
    StrMethodFormatter,
)

from experiments.report.style import points

DECADE, POWERS = 10.0, 100.0
"""Ratios of the ends of a logarithmic axis: below the first its numbers are evenly spaced ones, below the second 1, 2
and 5 in each decade, and above powers of ten."""

LONG = 1e4
"""From where on 1, 2 and 5 in each decade have k and M behind them, too: they stand closely."""

PLAIN = 1e-3, 1e5
"""Sizes of numbers that stand as they are; larger ones have k, M or G behind them, as in texts."""


class _Roomy(Locator):
    """Ticks of which there are, along an x axis, no more than their numbers have room."""

    _low, _high = -math.inf, math.inf

    def within(self, low: float, high: float) -> None:
        """Let no tick stand beyond these."""
        self._low, self._high = low, high

    def _first_with_room(self, choices: Iterable[Any], vmin: float, vmax: float) -> Any:
        """Of several choices of ticks, the first that has room."""
        places: Any = []
        for choice in choices:
            places = choice[(choice >= self._low) & (choice <= self._high)]
            seen = places[(places >= min(vmin, vmax)) & (places <= max(vmin, vmax))]
            if not isinstance(self.axis, XAxis) or len(seen) < 3 or _have_room(self.axis, seen, vmin, vmax):
                break
        return places


class Spaced(_Roomy, MaxNLocator):
    """At most ``most`` ticks, evenly spaced."""

    def __init__(self, most: int, steps: list[float]) -> None:
        super().__init__(most, steps=steps)
        self._most = most

    def tick_values(self, vmin: float, vmax: float) -> Any:
        """The places of the ticks: see matplotlib."""

        def choice(n: int) -> Any:
            self.set_params(nbins=n)
            return super(Spaced, self).tick_values(vmin, vmax)

        return self._first_with_room(map(choice, range(self._most, 1, -1)), vmin, vmax)


class Decades(_Roomy, LogLocator):
    """At 1, 2 and 5 in each decade, or fewer of them."""

    def tick_values(self, vmin: float, vmax: float) -> Any:
        """The places of the ticks: see matplotlib."""

        def choice(n: int) -> Any:
            self.set_params(subs=((1.0,), (1.0, 5.0), (1.0, 2.0, 5.0))[n])
            return super(Decades, self).tick_values(vmin, vmax)

        return self._first_with_room(map(choice, (2, 1, 0)), vmin, vmax)


def _have_room(axis: Any, places: Any, vmin: float, vmax: float) -> bool:
    """Whether the numbers at these places do not touch."""
    letters = np.array([len(_COMMAND.sub("", text)) for text in axis.get_major_formatter().format_ticks(places)])
    first, last = axis.get_transform().transform(np.array([vmin, vmax]))
    apart = np.diff(axis.get_transform().transform(places)) / (last - first)
    size = points(mpl.rcParams["xtick.labelsize"])
    width = axis.axes.bbox.width * 72.0 / axis.axes.figure.dpi
    return bool(np.all(apart * width >= size * (LETTER * (letters[1:] + letters[:-1]) / 2.0 + 0.5)))


_COMMAND = re.compile(r"\\[a-z]+|[{}$]")
LETTER = 0.64
"""Width of a digit, times the size of its type."""


def write_numbers(axis: Axis, low: float, high: float, ends: bool = False) -> None:
    """Choose the ticks of an axis whose scale is set, and how their numbers are written.

    Args:
        axis: one of the two.
        low: smallest value shown.
        high: largest one.
        ends: whether ticks beyond these two are left out.
    """
    locator: Any
    form: Any
    if axis.get_scale() == "linear":
        long = isinstance(axis, XAxis) and high - low < PLAIN[1] <= 10.0 * high  # numbers of five digits, side by side
        locator, form = Spaced(4 if long else 6, [1, 2, 2.5, 5, 10]), _form(low, high)
    elif not 0.0 < low < high < POWERS * low:
        locator, form = axis.get_major_locator(), LogFormatterSciNotation()
    elif high < DECADE * low:
        locator, form = Spaced(5, [1, 2, 5, 10]), _form(low, high)
    else:
        locator, form = Decades(), EngFormatter(sep="") if high >= LONG else StrMethodFormatter("{x:g}")
    if ends and axis.get_scale() != "symlog" and low < high:
        first, last = low - 1e-9 * (high - low), high + 1e-9 * (high - low)
        if isinstance(locator, _Roomy):
            locator.within(first, last)
        else:
            locator = FixedLocator([float(t) for t in locator.tick_values(low, high) if first <= t <= last])
    axis.set_major_locator(locator)
    if axis.get_scale() != "symlog":
        axis.set_major_formatter(form)
    axis.set_minor_formatter(NullFormatter())


def _form(low: float, high: float) -> Formatter:
    """How evenly spaced numbers are written, without an offset or a factor set apart from them."""
    size = max(abs(low), abs(high))
    if size >= PLAIN[1] and high - low > PLAIN[0] * size:
        return EngFormatter(sep="")
    if size < PLAIN[0]:
        return StrMethodFormatter("{x:g}")
    form = ScalarFormatter(useOffset=False)
    form.set_scientific(False)
    return form
