"""Least squares on prefixes against singular values, full rank and not."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from environments.groupwise.least_squares import minimum_norm_solution, prefix_losses, prefix_ridge


def by_singular_values(X, y):
    if len(y) == 0:
        return 0.0
    theta = np.linalg.lstsq(X, y, rcond=1e-10)[0]
    return float(np.sum((y - X @ theta) ** 2))


def design(seed, n, rank_deficient):
    """Numbers on several scales and one-hot blocks whose columns sum to the same constant."""
    rng = np.random.default_rng(seed)
    X = rng.random((n, 4)) * np.array([1.0, 1.0, 1e-3, 30.0])
    if rank_deficient:
        X = np.concatenate(
            [X, np.eye(3)[rng.integers(0, 3, n)], np.eye(5)[rng.integers(0, 5, n)], X[:, :1] * 2], axis=1
        )
    return X, X @ rng.normal(size=X.shape[1]) + 0.1 * rng.normal(size=n), (rng.random(n) < 0.7).astype(np.int8)


@given(st.integers(0, 2**32 - 1), st.integers(1, 60), st.booleans())
@settings(deadline=None, max_examples=60)
def test_prefixes(seed, n, rank_deficient):
    X, y, member = design(seed, n, rank_deficient)
    rows = np.flatnonzero(member)
    ends = np.arange(len(rows) + 1)
    losses = prefix_losses(X, y, member, ends)
    exact = np.array([by_singular_values(X[rows[:e]], y[rows[:e]]) for e in ends])
    assert losses == pytest.approx(exact, abs=1e-7 * (1.0 + np.sum(y**2)))
    assert np.all(losses >= 0.0)
    assert np.all(np.diff(losses) >= -1e-7 * (1.0 + np.sum(y**2)))
    few = np.unique(ends[:: max(1, len(ends) // 3)])
    assert np.array_equal(prefix_losses(X, y, member, few), losses[few])


@given(st.integers(0, 2**32 - 1), st.integers(1, 40), st.floats(0.01, 50.0))
@settings(deadline=None, max_examples=40)
def test_penalised(seed, n, penalty):
    X, y, member = design(seed, n, True)
    rows = np.flatnonzero(member)
    ends = np.arange(len(rows) + 1)
    values, determinants = prefix_ridge(X, y, member, ends, penalty)
    for e in ends:
        A = penalty * np.eye(X.shape[1]) + X[rows[:e]].T @ X[rows[:e]]
        b = X[rows[:e]].T @ y[rows[:e]]
        theta = np.linalg.solve(A, b)
        exact = penalty * theta @ theta + np.sum((y[rows[:e]] - X[rows[:e]] @ theta) ** 2)
        assert values[e] == pytest.approx(exact, abs=1e-8 * (1.0 + np.sum(y**2)))
        assert determinants[e] == pytest.approx(np.linalg.slogdet(A / penalty)[1], abs=1e-8)


def test_the_shortest_solution():
    X, y, _ = design(0, 50, True)
    theta = minimum_norm_solution(X, y)
    assert theta == pytest.approx(np.linalg.pinv(X, rcond=1e-10) @ y, abs=1e-9)
