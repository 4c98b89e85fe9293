"""Extra faults a wrong 0 costs, against the size of the cache.

Run::

    python examples/paging_excess.py                # on generated requests
    python examples/paging_excess.py web12          # on a trace, where its file is at hand

Wrong 0s only, each truth of 1 being flipped with a small probability: the points are (faults - OPT) / eta_0, means of
several draws with their standard errors; the lines are what the theorems allow, k - 1 for FlushWhenAllZeros and 2 H_k
for Mark0.
"""

import sys
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

from bandits import FlushWhenAllZeros, Mark0
from environments import PagingEnvironment
from environments.paging.traces.published import locate
from experiments.report.colours import COLOURS
from experiments.report.figures import save
from experiments.report.style import place_legend, style

SIZES = (2, 4, 8, 16, 32, 64, 128, 256, 512)
FLIP = 0.001
DRAWS = 5
POLICIES = {"FlushWhenAllZeros": (FlushWhenAllZeros, lambda k: k - 1), "Mark0": (Mark0, lambda k: 2 * harmonic(k))}


def harmonic(k):
    """The k-th harmonic number."""
    return float(np.sum(1.0 / np.arange(1, k + 1)))


def excess(sequence, horizon, k, make, draws=DRAWS, flip=FLIP):
    """Extra faults a wrong 0 in each draw [draws]; draws without a wrong 0 are left out."""
    predictions = {"name": "flip", "parameters": {"kind": "discard", "p01": flip, "p10": 0.0}}
    environment, found = PagingEnvironment(k, sequence, predictions, horizon=horizon), []
    for draw in range(draws):
        environment.begin(environment.draw(np.random.default_rng([k, draw])))
        policy = make()
        policy.reset(environment.problem, np.random.default_rng([k, draw, 1]))
        policy.advance(environment, horizon)
        end = np.array([horizon])
        metrics, opt = environment.metrics(end), -environment.comparators(end)["opt"]
        if metrics["eta_0"][0]:
            found.append(((metrics["faults"] - opt) / metrics["eta_0"])[0])
    return np.array(found)


def draw(path, sequence, horizon, sizes=SIZES, draws=DRAWS):
    """Draw the figure to ``path``; returns the means, policy to [n_sizes]."""
    means = {}
    with style():
        canvas = Figure(figsize=(3.5, 3.4), layout="constrained")
        ax = canvas.subplots()
        for colour, (name, (make, bound)) in zip(COLOURS, POLICIES.items(), strict=False):
            points = [excess(sequence, horizon, k, make, draws) for k in sizes]
            means[name] = np.array([p.mean() for p in points])
            errors = [p.std(ddof=1) / np.sqrt(len(p)) if len(p) > 1 else 0.0 for p in points]
            ax.errorbar(sizes, means[name], errors, color=colour, marker="o", markersize=2.5, label=name)
            ax.plot(sizes, [bound(k) for k in sizes], color=colour, linestyle=(0, (4, 2)), label=f"{name} bound")
        ax.set_xscale("log", base=2)
        ax.set_yscale("log")
        ax.set_xlabel("cache size k")
        ax.set_ylabel("extra faults a wrong 0")
        place_legend(ax)
        for ending in ("png", "svg", "pdf"):
            save(canvas, Path(path).with_suffix(f".{ending}"))
    return means


def main():
    """Draw the figure for the requests named on the command line."""
    if len(sys.argv) > 1:
        sequence = {"name": "trace", "parameters": {"path": sys.argv[1]}}
        horizon = locate(sys.argv[1]).read_bytes().count(b"\n")
    else:
        sequence, horizon = {"name": "zipf", "parameters": {"N": 20_000}}, 100_000
    for name, values in draw("paging_excess.png", sequence, horizon).items():
        print(f"{name}: " + ", ".join(f"{v:.3g} at k = {k}" for k, v in zip(SIZES, values, strict=True)))
    print("paging_excess.png (and .svg, .pdf)")


if __name__ == "__main__":
    main()
