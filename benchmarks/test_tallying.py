"""Speed of the tallying family: ten actions, a memory of fifty plays, one core."""

import numpy as np
import pytest
from games import LOOP, ROUNDS, loop, replicates, rounds_a_second, within
from timing import measure

from environments.tallying.bandit import TallyingBandit
from environments.tallying.optimum import optimum

LOSSES = [{"name": "practice", "parameters": {"a": 0.9, "b": 0.1 + 0.03 * i}} for i in range(10)]
WEIGHTS = {"uniform": "uniform", "exponential": {"name": "exponential", "parameters": {"beta": 0.95}}}


@pytest.mark.parametrize("weights", WEIGHTS)
@pytest.mark.parametrize(
    ("name", "parameters", "rounds", "target"),
    [
        ("repeated_exposure_elimination", {"memory": 50}, 2_000_000, 3e6),
        ("burn_in_then_commit", {"memory": 50}, 2_000_000, 3e6),
        ("batched_exp3", {}, 200_000, 3e5),
        ("ucb1", {}, 200_000, 3e5),
    ],
)
def test_a_round(record, name, parameters, rounds, target, weights):
    """Policies that play in runs are compiled; the others go round by round through Python objects."""
    environment = {"name": "tallying", "parameters": {"losses": LOSSES, "memory": 50, "weights": WEIGHTS[weights]}}
    play = lambda: replicates(environment, name, rounds, parameters=parameters)  # noqa: E731
    pairs = measure(play, loop, "round", (rounds, ROUNDS), repeats=3)
    record(f"`{name}`, {weights} weights", pairs, LOOP, rounds_a_second(target))


@pytest.mark.parametrize(("actions", "memory", "horizon"), [(2, 12, 10_000), (3, 8, 7000), (5, 5, 10_000)])
def test_the_exact_optimum(record, actions, memory, horizon):
    """The dynamic programme near its size limit, ``T K^m = 5e7``, in 20 s where they were set."""
    losses = [{"name": "bump", "parameters": {"a": 0.9, "c": 0.2 + 0.1 * x, "b": 0.5}} for x in range(actions)]
    environment = TallyingBandit(losses, memory, {"name": "exponential", "parameters": {"beta": 0.9}}, horizon=10)
    tallies = environment.instance().tallies
    assert np.all(np.diff(optimum(tallies, horizon).costs) >= -1e-9)
    pairs = measure(lambda: optimum(tallies, horizon), loop, "solve", repeats=3)
    record(f"exact optimum, K = {actions}, m = {memory}, T = {horizon:,}", pairs, LOOP, within(20))
