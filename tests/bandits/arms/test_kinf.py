"""``K_inf`` against what it is defined by, known values, and the inequalities around it."""

import math

import numpy as np
import pytest
from scipy.optimize import minimize_scalar
from scipy.special import rel_entr

from bandits.arms.kinf import kinf, kinf_of


def by_search(values, weights, level):
    """The dual function on a grid, and the best interval of it searched further."""
    p = weights / weights.sum()
    if values @ p >= level:
        return 0.0

    def minus(share):
        return -float(p @ np.log(np.maximum(1.0 - share * (values - level) / (1.0 - level), 1e-300)))

    grid = np.linspace(0.0, 1.0, 201)
    k = int(np.argmin([minus(share) for share in grid]))
    ends = grid[max(k - 1, 0)], grid[min(k + 1, 200)]
    found = minimize_scalar(minus, bounds=ends, method="bounded", options={"xatol": 1e-12})
    return -min(found.fun, minus(ends[0]), minus(ends[1]))


def d(p, q):
    return float(rel_entr(p, q) + rel_entr(1.0 - p, 1.0 - q))


@pytest.mark.parametrize(
    ("values", "weights", "level", "expected"),
    [
        ([0, 1], [0.7, 0.3], 0.6, 0.1837868974),
        ([0.4], [1], 0.7, math.log(2.0)),
        ([0, 0.5, 1], [0.2, 0.5, 0.3], 0.7, 0.0968039614),
        ([0, 0.25, 0.5], [1, 1, 1], 0.6, 0.5893476475),
        ([0.1, 0.2, 0.4, 0.45, 0.8], [1, 1, 1, 1, 1], 0.5, 0.0916396583),
        ([0, 1], [0.4, 0.6], 0.6, 0.0),
        ([0, 1], [0.4, 0.6], 1.0, math.inf),
        ([1], [3], 1.0, 0.0),
        ([0], [3], 0.25, -math.log(0.75)),
    ],
)
def test_known_values(values, weights, level, expected):
    found = kinf(np.array(values, dtype=float), np.array(weights, dtype=float), level)
    assert found == pytest.approx(expected, abs=1e-10)


def test_a_continuous_law():
    assert kinf_of(lambda u: u, 0.7) == pytest.approx(0.2528456, abs=1e-6)
    assert kinf_of(np.sqrt, 0.6) == 0.0


def test_it_is_the_largest_value_and_lies_between_its_bounds():
    rng = np.random.default_rng(5)
    for k in range(300):
        size = int(rng.integers(1, 7))
        values = rng.random(size) if k % 3 else rng.integers(0, 5, size) / 4.0
        weights = rng.integers(1, [3, 100_000][k % 2], size).astype(float)
        mean = float(values @ weights / weights.sum())
        level = mean + (1.0 - mean) * [1e-6, 0.1, 0.9, 0.9999][k % 4] * float(rng.random())
        found = kinf(values, weights, level)
        assert found == pytest.approx(by_search(values, weights, level), rel=1e-7, abs=1e-12)
        assert 2.0 * (level - mean) ** 2 <= d(mean, level) + 1e-12
        assert d(mean, level) <= found + 1e-12
        if mean < 1.0:
            assert found <= math.log((1.0 - mean) / (1.0 - level)) + 1e-12


def test_the_bounds_are_attained():
    rng = np.random.default_rng(6)
    for mean, level in np.sort(rng.random((50, 2)), axis=1):
        assert kinf(np.array([0.0, 1.0]), np.array([1.0 - mean, mean]), level) == pytest.approx(
            d(mean, level), abs=1e-12
        )
        assert kinf(np.array([mean]), np.array([2.0]), level) == pytest.approx(math.log((1.0 - mean) / (1.0 - level)))


def test_it_is_the_least_divergence_to_a_law_with_that_mean():
    """Of all laws on the same points and 1, by brute force over two weights; three points give two degrees less one."""
    values, p, level = np.array([0.0, 0.5, 1.0]), np.array([0.2, 0.5, 0.3]), 0.7
    middle = np.linspace(1e-6, 0.6 - 1e-6, 400_001)  # weights (a, b, c): b / 2 + c = level, a = 1 - b - c
    top = level - middle / 2.0
    bottom = 1.0 - middle - top
    inside = (bottom > 0) & (top > 0)
    q = np.array([bottom[inside], middle[inside], top[inside]])
    least = float(np.min(np.sum(rel_entr(p[:, None], q), axis=0)))
    assert kinf(values, p, level) == pytest.approx(least, abs=1e-9)
