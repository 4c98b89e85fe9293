"""Speed of the groupwise reduction on rows of the shape of Adult: 32,561 rounds, 96 features, 13 learners.

All our products are compiled loops on the thread that calls them; BLAS takes part in the reference only.
"""

import numpy as np
import pytest
from games import LOOP, loop, within
from timing import measure

from bandits.groupwise.groupwise import Groupwise
from bandits.groupwise.problem import Rows
from environments.groupwise.data import grouped_data
from environments.groupwise.regression import GroupedRegression

T = 32_561
SHARES = (0.46, 0.34, 0.2, 0.45, 0.55, 0.67, 0.33, 0.85, 0.03, 0.01, 0.01, 0.1)
"""Of Adult's groups; with all rounds there are 13."""
CATEGORIES = (9, 7, 6, 42, 15, 5, 2, 3, 2)
"""Sizes of Adult's one-hot blocks; with 5 numbers there are 96 features."""


@pytest.fixture(scope="module")
def environment():
    """Rows of the shape of Adult."""
    rng = np.random.default_rng(0)
    blocks = [np.eye(k)[rng.integers(0, k, T)] for k in CATEGORIES]
    X = np.concatenate([rng.random((T, 5)), *blocks], axis=1)
    groups = rng.random((T, len(SHARES))) < SHARES
    return GroupedRegression(grouped_data(X, rng.random(T), groups, [f"g{i}" for i in range(len(SHARES))]), "given")


class Stepwise:
    """The environment without its blocks."""

    def __init__(self, environment):
        self.observe, self.transition, self.environment = environment.observe, environment.transition, environment

    @property
    def clock(self):
        return self.environment.clock


def run(environment, stepwise=False):
    policy = Groupwise(clip=[0.0, 1.0])
    environment.begin(np.arange(T))
    policy.reset(environment.problem, np.random.default_rng(0))
    policy.advance(Stepwise(environment) if stepwise else environment, T)
    return {name: values.tolist() for name, values in environment.metrics(np.array([T])).items()}


@pytest.mark.parametrize(("way", "seconds"), [("in blocks", 0.5), ("round by round", 3 * 0.5)])
def test_a_run(record, environment, way, seconds):
    """Half a second in blocks, and at most three times that round by round, with the same result to the bit.

    Round by round, calls from Python take some 10 microseconds a round, more than the arithmetic.
    """
    stepwise = way == "round by round"
    assert run(environment, stepwise) == run(environment, not stepwise)
    record(f"ridge, {way}", measure(lambda: run(environment, stepwise), loop, "run"), LOOP, within(seconds))


def published(X, y, groups):
    """As the published code works: a loop in Python, and in every update a product of two full matrices.

    The rank-one update of an inverse ``P`` is evaluated from the left, ``((P x) x^T) P``.
    """
    G, d = groups.shape[1], X.shape[1]
    P, b, theta = [np.eye(d) for _ in range(G)], np.zeros((G, d)), np.zeros((G, d))
    R, C, total = np.zeros(G), np.zeros(G), 0.0
    for x, label, active in zip(X, y, groups, strict=True):
        up, down = np.clip(R + 1, 0, None) ** 2, np.clip(R - 1, 0, None) ** 2
        w = active * (np.exp(up / (3 * (C + 1))) - np.exp(down / (3 * (C + 1))))
        p = w / w.sum() if w.any() else active / active.sum()
        loss, column = np.zeros(G), x.reshape(-1, 1)
        for g in np.flatnonzero(active):
            loss[g] = (np.clip(x @ theta[g], 0.0, 1.0) - label) ** 2
            b[g] += label * x
            P[g] = P[g] - P[g] @ column @ column.T @ P[g] / (1 + column.T @ P[g] @ column)
            theta[g] = P[g] @ b[g]
        total += p @ loss
        r = active * (p @ loss - loss)
        R, C = R + r, C + np.abs(r)
    return total


def solved(X, y, groups):
    """A loop in Python with one solve of the normal equations for each waking learner and round."""
    G, d = groups.shape[1], X.shape[1]
    A, b = [np.eye(d) for _ in range(G)], np.zeros((G, d))
    R, C, total = np.zeros(G), np.zeros(G), 0.0
    for x, label, active in zip(X, y, groups, strict=True):
        up, down = np.clip(R + 1, 0, None) ** 2, np.clip(R - 1, 0, None) ** 2
        w = active * (np.exp(up / (3 * (C + 1))) - np.exp(down / (3 * (C + 1))))
        p = w / w.sum() if w.any() else active / active.sum()
        loss = np.zeros(G)
        for g in np.flatnonzero(active):
            loss[g] = (np.clip(x @ np.linalg.solve(A[g], b[g]), 0.0, 1.0) - label) ** 2
            A[g] += np.outer(x, x)
            b[g] += label * x
        total += p @ loss
        r = active * (p @ loss - loss)
        R, C = R + r, C + np.abs(r)
    return total


@pytest.mark.parametrize(
    ("slow_way", "against"), [(published, "loop in Python as published"), (solved, "loop in Python with solves")]
)
def test_fifty_times_as_fast_as_the_published_loop(record, environment, slow_way, against):
    """On the first rounds, since the loops take a minute on all, against two readings of the published approach.

    Products of full matrices, as in the authors' code, and a solve in each round, which LAPACK does faster.
    """
    n, data = 2000, environment.data
    rows = Rows(data.contexts[:n], data.groups[:n], data.labels[:n])
    policy = Groupwise(clip=[0.0, 1.0])

    def ours():
        policy.reset(environment.problem, np.random.default_rng(0))
        return policy.play_rows(rows)

    def theirs():
        return slow_way(rows.contexts, rows.labels, rows.groups)

    values, weights = ours()
    assert np.sum(weights * (values - rows.labels[:, None]) ** 2) == pytest.approx(theirs(), rel=1e-9)
    record("ridge, first 2000 rounds", measure(ours, theirs, "round", (n, n), repeats=3), against, 1 / 50)


def test_comparators_at_a_hundred_checkpoints(record, environment):
    """All groups' least squares at 100 times take no longer than a few runs."""
    times = np.unique(np.geomspace(1, T, 100).astype(np.int64))
    environment.begin(np.arange(T))
    pairs = measure(lambda: environment.comparators(times), lambda: run(environment), "run", repeats=3)
    record("comparators at 100 checkpoints", pairs, "ridge, in blocks", 20.0)
