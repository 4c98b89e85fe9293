"""What each group lost in the end, for one learner a group and for a single learner, in every order of the rows.

    regretlab run groupwise/synthetic groupwise/medical groupwise/adult
    python examples/groupwise_bars.py results/groupwise/synthetic results/groupwise/medical results/groupwise/adult
    python examples/groupwise_bars.py results/groupwise/medical --quantity loss

For each study's folder, ``<study>_bars.png``, ``.svg`` and ``.pdf`` in ``--out`` (default: ``results/groupwise_bars``):
one pair of axes for each order of the rows, a pair of bars for each group. Bars are means over the runs of the order;
whiskers are one standard deviation (of single runs, not of the mean), and missing where there is one run.
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
from experiments.analysis.curves import ExperimentResult
from experiments.analysis.results import Results
from experiments.report.colours import COLOURS
from experiments.report.figures import save
from experiments.report.style import FORMATS, style

QUANTITIES = {"regret": "regret to the group's best model", "loss": "cumulative loss"}
POLICIES = ("groupwise", "global_learner")


def order_of(parameters: Mapping[str, Any]) -> str:
    """The order of the rows in words."""
    order = parameters.get("order", "shuffled")
    return f"sorted by {parameters['sort_by']}, {order}" if "sort_by" in parameters else str(order)


def orders_of(results: Results) -> dict[str, ExperimentResult]:
    """One experiment for each order of the rows, those with any result."""
    orders: dict[str, ExperimentResult] = {}
    for result in results.experiments.values():
        if result.series and len(result.replicates):
            orders.setdefault(order_of(result.experiment.environment.parameters), result)
    return orders


def finals(result: ExperimentResult, label: str, quantity: str) -> dict[str, np.ndarray]:
    """The groups' regrets or losses [n_replicates] at the end, all rows together last."""
    groups = [*result.regrets[1:], result.regrets[0]]
    if quantity == "loss":
        return {group.name: -result.series[label][group.series][:, -1] for group in groups}
    return {group.name: result.regret(label, group.name)[:, -1] for group in groups}


def draw(ax: Axes, result: ExperimentResult, order: str, quantity: str) -> None:
    """A pair of bars for each group."""
    played = result.experiment.policies
    policies = [policy for policy in played if policy.name in POLICIES and policy.label in result.series]
    width = 0.8 / len(policies)
    for i, policy in enumerate(policies):
        values = finals(result, policy.label, quantity)
        runs = np.array(list(values.values()))
        spread = runs.std(axis=1, ddof=1) if runs.shape[1] > 1 else None
        places = np.arange(len(values)) + (i - (len(policies) - 1) / 2) * width
        whiskers = {"elinewidth": 0.8, "capsize": 1.5, "ecolor": "black"}
        ax.bar(places, runs.mean(axis=1), width, yerr=spread, color=COLOURS[i], label=policy.label, error_kw=whiskers)
        ax.set_xticks(np.arange(len(values)), list(values), rotation=40, ha="right", rotation_mode="anchor")
    ax.axhline(0.0, color="black", linewidth=0.6)
    ax.grid(visible=False, axis="x")
    count = len(result.replicates)
    ax.set_title(f"{order} ({count} run{'s' * (count > 1)})", loc="left", fontweight="bold")


def bars(results: Results, quantity: str) -> Figure:
    """One pair of axes for each order of the rows, on one scale."""
    orders = orders_of(results)
    if not orders:
        raise ValueError(f"{results.folder} holds no finished experiment to draw")
    groups = max(len(result.regrets) for result in orders.values())
    columns = min(2, len(orders))
    rows = -(-len(orders) // columns)
    canvas = Figure(figsize=(columns * max(3.2, 0.35 * groups), 2.4 * rows + 0.3), layout="constrained")
    axes = canvas.subplots(rows, columns, squeeze=False, sharey=True).ravel()
    for ax, (order, result) in zip(axes, orders.items(), strict=False):
        draw(ax, result, order, quantity)
    for ax in axes[len(orders) :]:
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
        name = results.study.name.rpartition("/")[2]
        with style():
            canvas = bars(results, arguments.quantity)
            for ending in FORMATS:
                save(canvas, arguments.out / f"{name}_bars.{ending}")
        print(arguments.out / f"{name}_bars.png")


if __name__ == "__main__":
    main()
