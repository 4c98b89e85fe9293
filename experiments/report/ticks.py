"""Numbers on axes: as scientists write them, no two of which look the same."""

from __future__ import annotations

from typing import Any

from matplotlib.axis import Axis, XAxis
from matplotlib.ticker import (
    EngFormatter,
    FixedLocator,
    Formatter,
    LogFormatterSciNotation,
    LogLocator,
    MaxNLocator,
    NullFormatter,
    ScalarFormatter,
    StrMethodFormatter,
)

DECADE, POWERS = 10.0, 100.0
"""Ratios of the ends of a logarithmic axis: below the first its numbers are evenly spaced ones, below the second 1, 2
and 5 in each decade, and above powers of ten."""

PLAIN = 1e-3, 1e5
"""Sizes of numbers that stand as they are; larger ones have k, M or G behind them, as in texts."""


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
        locator, form = MaxNLocator(4 if long else 6, steps=[1, 2, 2.5, 5, 10]), _form(low, high)
    elif not 0.0 < low < high < POWERS * low:
        locator, form = axis.get_major_locator(), LogFormatterSciNotation()
    elif high < DECADE * low:
        locator, form = MaxNLocator(5, steps=[1, 2, 5, 10]), _form(low, high)
    else:
        locator, form = LogLocator(subs=(1.0, 2.0, 5.0)), StrMethodFormatter("{x:g}")
    if ends and axis.get_scale() != "symlog" and low < high:
        slack = 1e-9 * (high - low)
        ticks = [float(t) for t in locator.tick_values(low, high) if low - slack <= t <= high + slack]
        locator = FixedLocator(ticks)
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
