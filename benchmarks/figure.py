"""The picture of the growth curves: small multiples, one for each size that grows."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.ticker import LogLocator
from table import Curve

from experiments.report.colours import COLOURS, GREY
from experiments.report.style import WIDTH, style

MARKERS = "osD^v"


def draw(curves: Sequence[Curve], path: Path) -> None:
    """Draw all curves to ``path``; no file without curves."""
    sizes = list(dict.fromkeys(curve.size for curve in curves))
    if not sizes:
        return
    rows = -(-len(sizes) // 2)
    with style():
        figure, axes = plt.subplots(rows, 2, figsize=(WIDTH, 1.62 * rows), squeeze=False, layout="constrained")
        for ax in axes.flat[len(sizes) :]:
            ax.set_axis_off()
        for ax, size in zip(axes.flat, sizes, strict=False):
            _panel(ax, size, [curve for curve in curves if curve.size == size])
        figure.savefig(path, bbox_inches="tight")  # a legend may be wider than its panel
        plt.close(figure)


def _panel(ax: Axes, size: str, curves: Sequence[Curve]) -> None:
    for i, curve in enumerate(curves):
        x, times = curve.growth.sizes, np.median(curve.growth.seconds, axis=0)
        label = f"{curve.what}: {curve.growth.exponent:.2f}{'' if curve.met else ' (too steep)'}"
        ax.plot(x, times, marker=MARKERS[i], markersize=2.2, linewidth=0.9, color=COLOURS[i], label=label)
    for order in dict.fromkeys(curve.order for curve in curves):
        x = np.array([min(c.growth.sizes[0] for c in curves), max(c.growth.sizes[-1] for c in curves)])
        top = max(np.median(c.growth.seconds[:, -1]) * (x[1] / c.growth.sizes[-1]) ** order for c in curves)
        ax.plot(x, 1.6 * top * (x / x[1]) ** order, ":", color=GREY, linewidth=1.0, label=f"expected: {order:g}")
    ax.set(xscale="log", yscale="log")
    ax.set_title(size, fontsize=6.5, pad=3)
    ax.set_ylabel("seconds", fontsize=6)
    ax.tick_params(labelsize=5.5, pad=1.5, length=2)
    ax.minorticks_off()
    for axis in (ax.xaxis, ax.yaxis):
        axis.set_major_locator(LogLocator(numticks=5))
    low, high = ax.get_ylim()
    ax.set_ylim(low, high * (high / low) ** (0.09 * (len(curves) + 1)))
    ax.legend(loc="upper left", fontsize=4.8, handlelength=1.6, labelspacing=0.25, borderaxespad=0.1, borderpad=0.1)
