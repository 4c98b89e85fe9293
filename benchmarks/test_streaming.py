"""Speed of streams: the cost of a run is per batch, not per pull; one core, curves recorded at checkpoints."""

import numpy as np
import pytest
from games import replicates
from timing import Pairs, measure, peak

ARMS = 50_000
HORIZON = 1000 * ARMS**3
SECONDS, LOOP = 0.3, 0.026
"""Target of one run, where the hand-written loop takes ``LOOP``."""


def hand_written():
    """Explore-then-commit as a plain Python loop with one binomial draw an arm."""
    rng, n = np.random.default_rng(1), 184_201_575
    means = rng.random(ARMS).tolist()
    best, kept, used, lost, top = -1.0, 0, 0, 0.0, max(means)
    for i, mean in enumerate(means):
        p = rng.binomial(n, mean) / n
        used += n
        lost += n * (top - mean)
        if p > best:
            best, kept = p, i
    return kept, used, lost


def stream(name, arms=ARMS, horizon=HORIZON, parameters={}):  # noqa: B006
    environment = {"name": "stream", "parameters": {"means": "mixed", "n_arms": arms, "memory": 8}}
    replicates(environment, name, horizon, parameters=parameters)


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
def test_a_run_at_the_published_size(record, name, parameters):
    """K = 50,000 arms and T = 1.25e17 pulls."""
    pairs = measure(lambda: stream(name, parameters=parameters), hand_written, "run")
    record(f"`{name}`", pairs, "hand-written explore-then-commit", SECONDS / LOOP)


def test_the_cost_does_not_grow_with_the_horizon(record):
    pairs = measure(lambda: stream("tower_log"), lambda: stream("tower_log", horizon=10**9), "run")
    record("`tower_log`, 1.25e17 pulls", pairs, "1e9 pulls", 1.5)


@pytest.mark.parametrize("name", ["uniform_exploration", "eps_best_single", "tower_loglog"])
def test_memory_of_a_million_arms(record, name):
    """A few numbers of 8 bytes an arm, the means among them: at most 100 bytes an arm."""
    arms = (1000, 1_000_000)
    small, large = (peak(f"import test_streaming as t\nt.stream({name!r}, {n}, {n} * 10**6)") for n in arms)
    pairs = Pairs(((large - small) / (arms[1] - arms[0]),), (8.0,), "arm", "B")
    record(f"`{name}`, memory of a million arms over a thousand", pairs, "one float64", 12.5)
