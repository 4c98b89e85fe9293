"""Numbers on axes: as scientists write them, no two of which look the same."""

from __future__ import annotations

from matplotlib.axis import Axis
from matplotlib.ticker import LogLocator, MaxNLocator, NullFormatter, ScalarFormatter, StrMethodFormatter

DECADE, POWERS = 10.0, 100.0
"""Ratios of the ends of a logarithmic axis: below the first its numbers are evenly spaced ones, below the second 1, 2
and 5 in each decade, and above powers of ten."""


def write_numbers(axis: Axis, low: float, high: float) -> None:
    """Choose the ticks of an axis whose scale is set, and how their numbers are written.

    Args:
        axis: one of the two.
        low: smallest value shown that is positive, if the scale is logarithmic.
        high: largest one.
    """
    if axis.get_scale() == "linear":
        axis.set_major_formatter(_plain())
    elif 0.0 < low < high < POWERS * low:
        narrow = high < DECADE * low
        axis.set_major_locator(MaxNLocator(5, steps=[1, 2, 5, 10]) if narrow else LogLocator(subs=(1.0, 2.0, 5.0)))
        axis.set_major_formatter(_plain() if narrow else StrMethodFormatter("{x:g}"))
        axis.set_minor_formatter(NullFormatter())
    else:
        axis.set_minor_formatter(NullFormatter())


def _plain() -> ScalarFormatter:
    """Decimals as many as tell the ticks apart, and no offset that has to be added to them."""
    return ScalarFormatter(useOffset=False)
