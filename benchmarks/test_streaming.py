"""Speed of streams: the cost of a run is per batch, not per pull; one core, curves recorded at checkpoints.

Each figure is a ratio to a hand-written loop that only draws the batches and keeps the best, measured in the same run;
absolute numbers are printed beside. Run with ``make bench``.
"""

import subprocess
import sys

import numpy as np
import pytest
from timing import ratio

from experiments.cells import Cell, run_cell

ARMS = 50_000
HORIZON = 1000 * ARMS**3
TARGET = 0.3
"""Seconds of one run at K = 50,000 and T = 1.25e17, where the hand-written loop takes ``LOOP``."""
LOOP = 0.026


def hand_written(arms=ARMS, n=184_201_575):
    """Explore-then-commit as a plain Python loop with one binomial draw an arm."""
    rng = np.random.default_rng(1)
    means = rng.random(arms).tolist()
    best, kept, used, lost, top = -1.0, 0, 0, 0.0, max(means)
    for i, mean in enumerate(means):
        p = rng.binomial(n, mean) / n
        used += n
        lost += n * (top - mean)
        if p > best:
            best, kept = p, i
    return kept, used, lost


def cell(name, arms=ARMS, horizon=HORIZON, **parameters):
    """What ``regretlab run`` does for one replicate."""
    environment = {"name": "stream", "parameters": {"means": "mixed", "n_arms": arms, "memory": 8}}
    return run_cell(Cell("p", environment, {"name": name, "parameters": parameters}, name, horizon, 1, 0, 1, 200))


@pytest.mark.parametrize(
    ("name", "parameters"),
    [
        ("uniform_exploration", {}),
        ("naive_log_k", {}),
        ("tuned_etc", {}),
        ("tower_log", {}),
        ("tower_loglog", {}),
        ("tower_logstar", {}),
        ("eps_best_single", {}),
        ("game_of_arms", {"gap": 2e-5}),
    ],
)
def test_a_run_at_the_published_size(name, parameters):
    times, ours, theirs = ratio(lambda: cell(name, **parameters), hand_written, pairs=5)
    print(f"\n{name}: {ours * 1e3:.0f} ms a run, hand-written loop {theirs * 1e3:.0f} ms, ratio {times:.2f}")
    assert times <= TARGET / LOOP


def test_the_cost_does_not_grow_with_the_horizon():
    times, ours, _ = ratio(lambda: cell("tower_log"), lambda: cell("tower_log", horizon=10**9), pairs=5)
    print(f"\nlog tower: {ours * 1e3:.0f} ms for 1.25e17 pulls, {times:.2f} times those of 1e9")
    assert times < 1.5


@pytest.mark.parametrize("name", ["uniform_exploration", "eps_best_single", "tower_loglog"])
def test_memory_of_a_million_arms(name):
    """A few numbers of 8 bytes an arm, the means among them: under 100 bytes an arm over a stream of a thousand."""
    peaks = []
    for arms in (1000, 1_000_000):
        code = (
            "import resource, test_streaming as t\n"
            f"t.cell({name!r}, {arms}, {arms} * 10**6)\n"
            "print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)"
        )
        folder = __file__.rsplit("/", 1)[0]
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=folder, check=True)
        peaks.append(float(done.stdout.strip()) * 1024)
    print(f"\n{name}: {peaks[1] / 1e6:.0f} MB, {(peaks[1] - peaks[0]) / 1e6:.0f} bytes an arm")
    assert peaks[1] - peaks[0] < 100e6
