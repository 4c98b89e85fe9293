"""Figures of what a policy divides a run among: the share of each part over time, beside the shares that are best."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from matplotlib.axes import Axes

from bandits.contract import Array
from bandits.parts import Part, parts_of
from experiments.analysis.curves import ExperimentResult
from experiments.report import colours as looks
from experiments.report.labels import End, EndLabels
from experiments.report.style import name_quantity, wrapped
from experiments.report.ticks import write_numbers
from experiments.study.model import Figure


def draw_parts(ax: Axes, result: ExperimentResult, figure: Figure, room: float | None = None) -> None:
    """Draw the shares of the parts of a run, means over replicates with 90 % of the runs; dashed: those that are best.

    Args:
        ax: where to draw.
        result: what to draw.
        figure: how it looks; ``figure.policies`` names one policy.
        room: times the usual width is ours, or the axes are not.

    Raises:
        ValueError: not one policy, or an environment that has no parts, or none that mean the same in every run.
    """
    label, parts, ends = _only(result, figure), _parts(result, figure), []
    counted = shares(result.series[label], parts)
    shown = np.all([share.mean(axis=0) > 0.0 for share in counted.values()], axis=0)
    first = int(np.argmax(shown)) if shown.any() else 0  # from where on all parts have a share
    time = result.time(figure.regret)[first:]
    for place, (name, part) in enumerate(parts.items()):
        look, share = looks.look(place), counted[name][:, first:]
        mean, text = share.mean(axis=0), looks.for_text(look.colour)
        ax.fill_between(
            time, *np.quantile(share, (0.05, 0.95), axis=0), color=look.colour, alpha=0.15, linewidth=0, zorder=2
        )
        ax.plot(
            time, mean, color=look.colour, label=f"{name}: {mean[-1]:.3g}", zorder=3, **look.marks(2.5), markevery=0.2
        )
        best = ""
        if part.best is not None:
            ax.axhline(part.best, color=look.colour, linestyle="--", linewidth=1.0, zorder=2.5)
            best = f" (best {part.best:.3g})"
        ends.append(End(float(mean[-1]), f"{wrapped(name, 20)}\n{mean[-1]:.3g}{best}", text))
    n = len(result.replicates)
    ax.set_title(wrapped(f"{figure.title or result.experiment.title}: {label}", round(44 * (room or 1.0))), loc="left")
    ax.set_xscale("linear" if figure.scale == "linear" else "log")
    ax.set_xlim(float(time[0]), float(time[-1]))
    ax.set_ylim(bottom=0.0)
    ax.set_xlabel("round")
    name_quantity(ax, "share", f"mean of {n}, shade: 90 % of runs, dashed: best", room)
    for axis, (low, high) in ((ax.xaxis, ax.get_xlim()), (ax.yaxis, ax.get_ylim())):
        write_numbers(axis, low, high)
    EndLabels(ax, float(time[-1]), ends, inside=room is None)


def shares(series: Mapping[str, Array], parts: Mapping[str, Part]) -> dict[str, Array]:
    """Each part's share [n_replicates, n_checkpoints] of the sum of all; 0 where nothing is counted yet.

    Args:
        series: a policy's metrics by name, [n_replicates, n_checkpoints].
        parts: by their labels.
    """
    total = np.sum([series[part.metric] for part in parts.values()], axis=0)
    return {label: series[part.metric] / np.where(total > 0.0, total, 1.0) for label, part in parts.items()}


def _only(result: ExperimentResult, figure: Figure) -> str:
    named = result.named(figure.policies)
    if len(named) != 1:
        raise ValueError(
            f"{figure.name}: a figure of parts is of one policy: name it in policies, got {', '.join(named)}"
        )
    return named[0]


def _parts(result: ExperimentResult, figure: Figure) -> dict[str, Part]:
    environment = result.experiment.environment
    described = {"name": environment.name, "parameters": environment.parameters}
    if found := parts_of(described, result.experiment.horizon):
        return found
    raise ValueError(f"{figure.name}: {environment.name} has no parts that mean the same in every run; is it shuffled?")
