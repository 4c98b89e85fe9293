"""Worlds that record what was played, for the contract; and the small stream of the oracles."""

import numpy as np
import pytest

from bandits.groupwise.policy import Lottery
from environments.groupwise.data import grouped_data
from environments.groupwise.regression import GroupedRegression


class Recorded:
    """A world at the start of a run that records every action and shows no blocks."""

    def __init__(self, world, seed=5):
        self.world, self.problem, self.history = world, world.problem, []
        world.begin(world.draw(np.random.default_rng(seed)))

    @property
    def clock(self):
        return self.world.clock

    def observe(self):
        return self.world.observe()

    def transition(self, action):
        lottery = isinstance(action, Lottery)
        self.history.append([part.tolist() for part in action] if lottery else np.asarray(action).tolist())
        return self.world.transition(action)


class RecordedBlocks(Recorded):
    """The same with blocks of rows."""

    def next_rows(self, number):
        return self.world.next_rows(number)

    def absorb(self, values, weights):
        self.history += [[v, w] for v, w in zip(values.tolist(), weights.tolist(), strict=True)]
        return self.world.absorb(values, weights)


@pytest.fixture
def recorded():
    """Makes, from a function that makes a world, what ``check_policy`` asks for."""

    def factory(make):
        def world(stepwise):
            made = make()
            return RecordedBlocks(made) if hasattr(made, "next_rows") and not stepwise else Recorded(made)

        return world

    return factory


def stream_data():
    t = np.arange(60)
    X = np.stack([np.ones(60), (7 * t % 11) / 10, (t**2 % 13) / 12], axis=1)
    u = ((5 * t + 3) % 17) / 16
    y = np.where(t % 2 == 0, 0.5 * u + 0.5 * X[:, 1], 0.7 * X[:, 2] + 0.3 * u)
    return grouped_data(X, y, np.stack([t % 2 == 0, t % 3 == 0], axis=1), ["even", "div3"])


@pytest.fixture
def stream():
    """60 rows, groups even, div3, always_on, in the order given."""
    return GroupedRegression(stream_data(), "given")


@pytest.fixture
def play():
    """Plays a run and returns the cumulative loss of each group."""

    def run(world, policy, seed=0, tape=None):
        world.begin(world.draw(np.random.default_rng(seed)) if tape is None else tape)
        policy.reset(world.problem, np.random.default_rng(seed + 1))
        policy.advance(world, world.horizon)
        ledger = world.ledger()
        return {key.removeprefix("reward in "): -value for key, value in ledger.items() if key != "reward"}

    return run


@pytest.fixture(scope="session")
def random_data():
    """Rows that belong to each group with some probability, labels of no model."""

    def make(seed, n=150, d=4, G=4, share=0.4):
        rng = np.random.default_rng(seed)
        return grouped_data(rng.random((n, d)), rng.random(n), rng.random((n, G)) < share, [f"g{i}" for i in range(G)])

    return make
