"""Least squares on prefixes against singular values, full rank and not."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import brentq

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


def by_multiplier(X, y, radius, cutoff=1e-10):
    """Least squares over a ball, by singular values and bisection of the multiplier."""
    if len(y) == 0:
        return 0.0
    U, e, _ = np.linalg.svd(X, full_matrices=False)
    U, e = U[:, e > cutoff * e.max()], e[e > cutoff * e.max()]
    c = U.T @ y

    def length(multiplier):
        return np.linalg.norm(e * c / (e**2 + multiplier))

    if length(0.0) <= radius:
        return max(y @ y - c @ c, 0.0)
    high = 1.0
    while length(high) > radius:
        high *= 2.0
    multiplier = brentq(lambda m: length(m) - radius, 0.0, high, xtol=1e-30, rtol=1e-14)
    return y @ y - c @ c + np.sum((c * multiplier / (e**2 + multiplier)) ** 2)


@given(st.integers(0, 2**32 - 1), st.integers(1, 40), st.booleans(), st.floats(-4.0, 4.0))
@settings(deadline=None, max_examples=60)
def test_within_a_ball(seed, n, rank_deficient, magnitude):
    X, y, member = design(seed, n, rank_deficient)
    rows, radius = np.flatnonzero(member), 10.0**magnitude
    ends = np.arange(len(rows) + 1)
    losses = prefix_losses(X, y, member, ends, radius)
    exact = np.array([by_multiplier(X[rows[:e]], y[rows[:e]], radius) for e in ends])
    assert losses == pytest.approx(exact, abs=1e-8 * (1.0 + np.sum(y**2)))
    assert np.all(losses >= prefix_losses(X, y, member, ends) - 1e-8 * (1.0 + np.sum(y**2)))


def test_within_a_ball_by_hand():
    """Two equal columns x = 1 and the label 3: theta = (3/2, 3/2) is the shortest solution, of length 3 / sqrt(2)."""
    X, y, member, one = np.ones((1, 2)), np.array([3.0]), np.ones(1, np.int8), np.array([1])
    assert prefix_losses(X, y, member, one, 3.0 / np.sqrt(2.0) + 1e-9)[0] == pytest.approx(0.0, abs=1e-12)
    for radius in (1.0, 1e-3, 2.0):  # theta = (r, r) / sqrt(2)
        expected = (3.0 - np.sqrt(2.0) * radius) ** 2
        assert prefix_losses(X, y, member, one, radius)[0] == pytest.approx(expected, rel=1e-10)
    assert prefix_losses(X, 0 * y, member, one, 1.0)[0] == 0.0  # theta = 0
    assert prefix_losses(0 * X, y, member, one, 1.0)[0] == 9.0
    assert prefix_losses(X, y, member, np.array([0]), 1.0)[0] == 0.0


def test_within_a_ball_on_columns_of_very_unequal_scales():
    """Three orthogonal columns of lengths 1e-6, 1 and 1e6: closed form."""
    scale, y = np.array([1e-6, 1.0, 1e6]), np.array([1.0, 2.0, -1.0])
    X, member, end = np.diag(scale), np.ones(3, np.int8), np.array([3])
    for radius in (1e-7, 0.1, 1.0, 2.0, 100.0, 9e5):
        assert prefix_losses(X, y, member, end, radius)[0] == pytest.approx(by_multiplier(X, y, radius, 0.0), rel=1e-9)
    assert prefix_losses(X, y, member, end, 2e6)[0] == pytest.approx(0.0, abs=1e-12)


def test_the_shortest_solution():
    X, y, _ = design(0, 50, True)
    theta = minimum_norm_solution(X, y)
    assert theta == pytest.approx(np.linalg.pinv(X, rcond=1e-10) @ y, abs=1e-9)
    assert minimum_norm_solution(np.array([[1.0, 2.0]]), np.ones(1)) == pytest.approx([0.2, 0.4])
    assert minimum_norm_solution(np.zeros((2, 3)), np.ones(2)).tolist() == [0.0, 0.0, 0.0]


@pytest.mark.parametrize("spread", [1e3, 1e8, 1e12])
def test_the_shortest_solution_whatever_the_columns_scales(spread):
    """A column beside others that are ``spread`` times longer is not taken for zero, nor is one beside its own copy."""
    scale = np.array([1.0 / spread, 1.0, spread])
    theta = minimum_norm_solution(np.diag(scale), np.array([1.0, 2.0, -1.0]))
    assert theta == pytest.approx([spread, 2.0, -1.0 / spread], rel=1e-9)
    copied = np.diag(scale)[:, [0, 0, 1, 2]]
    theta = minimum_norm_solution(copied, np.array([1.0, 2.0, -1.0]))
    assert theta == pytest.approx([spread / 2, spread / 2, 2.0, -1.0 / spread], rel=1e-9)
    losses = prefix_losses(copied, np.array([1.0, 2.0, -1.0]), np.ones(3, np.int8), np.array([3]))
    assert losses[0] == pytest.approx(0.0, abs=1e-12)


@pytest.mark.parametrize(("share", "kept"), [(1e-4, True), (1e-6, False)])
def test_where_a_column_counts_as_explained(share, kept):
    """Losses and the shortest solution draw the line at the same share of a column."""
    X = np.array([[1.0, 1.0], [0.0, share]])
    y, member, end = np.array([1.0, 1.0]), np.ones(2, np.int8), np.array([2])
    assert (prefix_losses(X, y, member, end)[0] < 0.5) == kept
    assert (np.linalg.norm(minimum_norm_solution(X, y)) > 10.0) == kept
