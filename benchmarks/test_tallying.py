"""Speed of the tallying family: K = 10 actions, a memory of m = 50 plays, one core.

Ratios to the hand-written UCB1 loop of ``test_arms`` (18 M rounds/s where the targets were set), measured in the same
run; absolute numbers are printed beside. Run with ``make bench``.
"""

import time

import numpy as np
import pytest
from test_arms import ROUNDS as REFERENCE_ROUNDS
from test_arms import reference
from timing import ratio

from environments.tallying.bandit import TallyingBandit
from environments.tallying.optimum import optimum
from experiments.cells import Cell, run_cell

LOSSES = [{"family": "practice", "a": 0.9, "b": 0.1 + 0.03 * i} for i in range(10)]
WEIGHTS = {"uniform": "uniform", "exponential": {"family": "exponential", "beta": 0.95}}


def cell(name, weights, rounds, **parameters):
    """What ``regretlab run`` does for one replicate."""
    environment = {"name": "tallying", "parameters": {"losses": LOSSES, "memory": 50, "weights": WEIGHTS[weights]}}
    return run_cell(Cell("p", environment, {"name": name, "parameters": parameters}, name, rounds, 1, 0, 1, 200))


@pytest.mark.parametrize("weights", WEIGHTS)
@pytest.mark.parametrize(
    ("name", "parameters", "rounds", "target"),
    [
        ("repeated_exposure_elimination", {"memory": 50}, 2_000_000, 3.0),
        ("burn_in_then_commit", {"memory": 50}, 2_000_000, 3.0),
        ("batched_exp3", {}, 200_000, 0.3),
        ("ucb1", {}, 200_000, 0.3),
    ],
)
def test_rounds_a_second(name, parameters, rounds, target, weights):
    """Policies that play in runs are compiled; the others go round by round through Python objects."""
    times, ours, theirs = ratio(lambda: cell(name, weights, rounds, **parameters), reference, pairs=5)
    share = rounds / REFERENCE_ROUNDS / times
    speeds = f"{rounds / ours / 1e6:.2f} M rounds/s, hand-written UCB1 {REFERENCE_ROUNDS / theirs / 1e6:.1f} M"
    print(f"\n{name}, {weights} weights: {speeds}, ratio {share:.3f}")
    assert share >= target / 18.0


@pytest.mark.parametrize(("actions", "memory", "horizon"), [(2, 12, 10_000), (3, 8, 7000), (5, 5, 10_000)])
def test_the_exact_optimum(actions, memory, horizon):
    """Seconds of the dynamic programme near its size limit, ``T K^m = 5e7``."""
    losses = [{"family": "bump", "a": 0.9, "c": 0.2 + 0.1 * x, "b": 0.5} for x in range(actions)]
    world = TallyingBandit(losses, memory, {"family": "exponential", "beta": 0.9}, horizon=10)
    start = time.perf_counter()
    costs = optimum(world.instance, horizon).costs
    seconds = time.perf_counter() - start
    print(f"\nK = {actions}, m = {memory}, T = {horizon}: {horizon * actions**memory:.2g} steps in {seconds:.2f} s")
    assert np.all(np.diff(costs) >= -1e-9)
    assert seconds < 20
