"""What each group lost in the end, for one learner a group and for a single learner, in every order of the rows.

    regretlab run groupwise/synthetic groupwise/medical groupwise/adult
    python examples/groupwise_bars.py results/synthetic results/medical results/adult
    python examples/groupwise_bars.py results/medical --quantity loss

For each study's folder, ``<study>_bars.png``, ``.svg`` and ``.pdf`` in ``--out`` (default: ``results/groupwise_bars``):
a panel for each order of the rows, a pair of bars for each group. Bars are means over the runs of the order; whiskers
are one standard deviation (of single runs, not of the mean), and missing where there is one run.
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from experiments import load
from experiments.figures import save
from experiments.results import PanelResult, Results
from experiments.style import COLOURS, FORMATS, style

QUANTITIES = {"regret": "regret to the group's best model", "loss": "cumulative loss"}
POLICIES = ("groupwise", "global_learner")


def order_of(parameters: Mapping[str, Any]) -> str:
    """The order of the rows in words."""
    order = parameters.get("order", "shuffled")
    return f"sorted by {parameters['sort_by']}, {order}" if "sort_by" in parameters else str(order)


def panels_of(results: Results) -> dict[str, PanelResult]:
    """One panel for each order of the rows, those with any result."""
    panels: dict[str, PanelResult] = {}
    for panel in results.panels.values():
        if panel.series and len(panel.replicates):
            panels.setdefault(order_of(panel.panel.environment.parameters), panel)
    return panels


def finals(panel: PanelResult, label: str, quantity: str) -> dict[str, np.ndarray]:
    """The groups' regrets or losses [n_replicates] at the end, all rows together last."""
    notions = [*panel.notions[1:], panel.notions[0]]
    if quantity == "loss":
        return {notion.name: -panel.series[label][notion.series][:, -1] for notion in notions}
    return {notion.name: panel.regret(label, notion.name)[:, -1] for notion in notions}


def draw(ax: Axes, panel: PanelResult, order: str, quantity: str) -> None:
    """A pair of bars for each group."""
    policies = [policy for policy in panel.panel.policies if policy.name in POLICIES and policy.label in panel.series]
    width = 0.8 / len(policies)
    for i, policy in enumerate(policies):
        values = finals(panel, policy.label, quantity)
        runs = np.array(list(values.values()))
        spread = runs.std(axis=1, ddof=1) if runs.shape[1] > 1 else None
        places = np.arange(len(values)) + (i - (len(policies) - 1) / 2) * width
        whiskers = {"elinewidth": 0.8, "capsize": 1.5, "ecolor": "black"}
        ax.bar(places, runs.mean(axis=1), width, yerr=spread, color=COLOURS[i], label=policy.label, error_kw=whiskers)
        ax.set_xticks(np.arange(len(values)), list(values), rotation=40, ha="right", rotation_mode="anchor")
    ax.axhline(0.0, color="black", linewidth=0.6)
    ax.grid(visible=False, axis="x")
    count = len(panel.replicates)
    ax.set_title(f"{order} ({count} run{'s' * (count > 1)})", loc="left", fontweight="bold")


def bars(results: Results, quantity: str) -> Figure:
    """A panel for each order of the rows, on one scale."""
    panels = panels_of(results)
    if not panels:
        raise ValueError(f"{results.folder} holds no finished panel to draw")
    groups = max(len(panel.notions) for panel in panels.values())
    columns = min(2, len(panels))
    rows = -(-len(panels) // columns)
    canvas = Figure(figsize=(columns * max(3.2, 0.35 * groups), 2.4 * rows + 0.3), layout="constrained")
    axes = canvas.subplots(rows, columns, squeeze=False, sharey=True).ravel()
    for ax, (order, panel) in zip(axes, panels.items(), strict=False):
        draw(ax, panel, order, quantity)
    for ax in axes[len(panels) :]:
        ax.set_axis_off()
    handles, labels = axes[0].get_legend_handles_labels()
    canvas.legend(handles, labels, loc="outside upper center", ncols=len(labels))
    canvas.supylabel(QUANTITIES[quantity], fontsize=8)
    return canvas


def main() -> None:
    """Draw the studies that are asked for."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("folders", nargs="+", type=Path, metavar="FOLDER", help="results of a groupwise study")
    parser.add_argument("--quantity", choices=list(QUANTITIES), default="regret")
    parser.add_argument("--out", type=Path, default=Path("results/groupwise_bars"))
    arguments = parser.parse_args()
    arguments.out.mkdir(parents=True, exist_ok=True)
    for folder in arguments.folders:
        results = load(folder)
        with style():
            canvas = bars(results, arguments.quantity)
            for ending in FORMATS:
                save(canvas, arguments.out / f"{results.study.name}_bars.{ending}")
        print(arguments.out / f"{results.study.name}_bars.png")


if __name__ == "__main__":
    main()
