"""Speed of what the linear bandits share: optimal designs, the update of the regression, features drawn anew."""

import copy

import numpy as np
import pytest
from games import LOOP, ROUNDS, loop
from timing import growth, measure, peak

from bandits.linear import design as designs
from bandits.linear.problem import Features
from bandits.linear.ridge import learn, look, new_ridge
from environments import ChangingLinearBandit
from environments.linear.actions import unit_rows


@pytest.mark.parametrize(
    ("actions", "dimension", "tolerance", "at_most"), [(10_000, 20, 0.01, 2e6), (1000, 10, 0.05, 2e4)]
)
def test_a_design(record, actions, dimension, tolerance, at_most):
    """In rounds of the loop."""
    features = Features(unit_rows(actions, dimension, 7))
    pairs = measure(lambda: designs._found(features, tolerance), loop, "design", (1, ROUNDS))
    record(f"design, K = {actions:,}, d = {dimension}, tolerance {tolerance}", pairs, LOOP, at_most)


def updates(actions, dimension, rounds):
    """So many rounds of an update of all predictions and widths."""
    rows, state = Features(unit_rows(actions, dimension, 7)).array, new_ridge(actions, dimension, 1.0)
    look(rows, state)

    def play():
        for t in range(rounds):
            learn(rows, t % actions, 0.5, state, True)

    return play


def test_an_update_grows_with_the_number_of_actions(record_growth):
    found = growth([1000, 3000, 10_000, 30_000, 100_000], lambda k: updates(k, 20, 200))
    record_growth("linear", "update of a regression, d = 20", "actions", found, 1.0)


def test_an_update_of_a_catalogue(record):
    pairs = measure(updates(100_000, 20, 200), loop, "round", (200, ROUNDS))
    record("update, K = 100,000, d = 20", pairs, LOOP, 45_000)


def test_memory_of_a_catalogue(record):
    """Features of 16 MB, in a process of its own; what the imports take is taken off."""
    imports = (
        "import numpy as np\nfrom environments import LinearBandit\n"
        "from bandits.linear.ridge import learn, look, new_ridge\n"
        "state = new_ridge(2, 2, 1.0)\nfrom bandits.linear.problem import Features\n"
        "rows = Features(np.eye(2)).array\nlook(rows, state)\nlearn(rows, 0, 1.0, state, True)\n"
    )
    catalogue = (
        "made = LinearBandit({'name': 'low_rank', 'parameters': {'n_actions': 100000, 'dimension': 20}}, horizon=100)\n"
        "made.reset(seed=1)\nrows = made.problem.features.array\n"
        "state = new_ridge(100000, 20, 1.0)\nlook(rows, state)\nlearn(rows, 0, 1.0, state, True)\n"
    )
    beside = peak(imports)
    pairs = type(measure(int, int, "run", repeats=1))((peak(imports + catalogue) - beside,), (16e6,), "run", "B")
    record("peak of a catalogue, K = 100,000, d = 20", pairs, "its features", 5)


def test_features_drawn_anew(record):
    environment = ChangingLinearBandit(horizon=200_000)
    tape = environment.draw(np.random.default_rng(1))

    def run():
        environment.begin(copy.deepcopy(tape))
        while environment.clock < 200_000:
            block = environment.block(200_000)
            environment.absorb(np.zeros(len(block.noise), dtype=np.int64))

    pairs = measure(run, loop, "round", (200_000, ROUNDS))
    record("features drawn anew, K = 10, d = 5", pairs, LOOP, 30)
