"""Margins and times of overtaking."""

import math

import numpy as np
import pytest

from environments.portfolio.preference import Overtaking, margins, overtaking

ROUNDS = np.arange(1, 201)
LOG_2 = math.log(2.0)


def alternation():
    """Logarithms of the wealth of the best asset and of the best mix, after each of ``ROUNDS``."""
    ups, downs = (ROUNDS + 1) // 2, ROUNDS // 2
    best = np.where(ups > downs, LOG_2, 0.0)
    grid = np.linspace(0.0, 1.0, 20_001)
    mixes = np.outer(ups, np.log1p(grid)) + np.outer(downs, np.log1p(-grid / 2.0))
    return best, mixes.max(axis=1)


def mixture(a, nodes=400):
    """Logarithms of the mean wealth of all mixes, with a prior Beta(a, a), by quadrature."""
    from scipy.special import roots_jacobi

    x, weights = roots_jacobi(nodes, a - 1.0, a - 1.0)
    held = (1.0 + x) / 2.0
    growth = np.cumsum([np.log1p(held) if t % 2 else np.log1p(-held / 2.0) for t in ROUNDS], axis=0)
    return np.log(np.exp(growth) @ (weights / weights.sum()))


@pytest.mark.parametrize(
    ("a", "observed", "certified", "certified_for_good"), [(1.0, 8, 74, 80), (0.5, 10, 42, 48)], ids=["uniform", "half"]
)
def test_overtaking_on_the_alternation(a, observed, certified, certified_for_good):
    best, mix = alternation()
    half = [math.lgamma(0.5) + math.lgamma(t + 1.0) - math.lgamma(t + 0.5) for t in ROUNDS]
    bound = np.log(ROUNDS + 1.0) if a == 1.0 else np.array(half)
    found = overtaking(ROUNDS, mixture(a), best, mix, bound)
    assert found.for_good == observed
    assert (found.certified, found.certified_for_good) == (certified, certified_for_good)


def test_margins():
    found = margins([2, 10], [1.0, 2.0], [[0.0, 2.0], [1.0, 2.0]])
    assert np.allclose(found, [[0.5, -0.5], [0.1, 0.0]])
    assert np.allclose(margins([2, 10], [1.0, 2.0], [0.0, 1.0]), [0.5, 0.1])


def test_never_once_and_always():
    four, zero = [1, 5, 6, 9], np.zeros(4)
    assert overtaking(four, zero, zero, zero, zero) == Overtaking(None, None, None, None)
    assert overtaking(four, zero + 1.0, zero, zero + 1.0, zero) == Overtaking(1, 1, 1, 1)
    back = overtaking(four, [1.0, -1.0, 1.0, 1.0], zero, [0.0, 2.0, 0.0, 0.0], zero + 1.0)
    assert back == Overtaking(1, 6, 5, None)
    assert overtaking(four, [0.0, 1.0, 0.0, 1.0], zero, zero, zero)[:2] == (5, 9)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: margins([0, 1], [0.0, 0.0], [0.0, 0.0]), "times must be whole numbers >= 1"),
        (lambda: margins([2, 1], [0.0, 0.0], [0.0, 0.0]), "times must be whole numbers >= 1"),
        (lambda: margins([1, 2], [0.0], [0.0, 0.0]), "a row for each of 2 times"),
        (lambda: margins([1.5], [0.0], [0.0]), "times must be whole numbers >= 1"),
        (lambda: overtaking([1, 2], [0, 0], [0, 0], [0], [0, 0]), "best_mix must have a value for each of 2 times"),
        (lambda: overtaking([1], ["a"], [0], [0], [0]), "wealth must be numbers"),
    ],
)
def test_bad_curves(call, message):
    with pytest.raises(ValueError, match=message):
        call()
