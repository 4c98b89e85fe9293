"""The small stream of the oracles, random rows, and a run of them."""

import numpy as np
import pytest

from environments.groupwise.data import grouped_data
from environments.groupwise.regression import GroupedRegression


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

    def run(environment, policy, seed=0, tape=None):
        environment.begin(environment.draw(np.random.default_rng(seed)) if tape is None else tape)
        policy.reset(environment.problem, np.random.default_rng(seed + 1))
        policy.advance(environment, environment.horizon)
        series = environment.metrics(np.array([environment.horizon]))
        return {key.removeprefix("reward in "): -values[0] for key, values in series.items() if key != "reward"}

    return run


@pytest.fixture(scope="session")
def random_data():
    """Rows that belong to each group with some probability, labels of no model."""

    def make(seed, n=150, d=4, G=4, share=0.4):
        rng = np.random.default_rng(seed)
        return grouped_data(rng.random((n, d)), rng.random(n), rng.random((n, G)) < share, [f"g{i}" for i in range(G)])

    return make
