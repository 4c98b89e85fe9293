"""The divergence of Bernoulli variables and its inverse, against scipy."""

import math

import numpy as np
import pytest
from scipy.special import rel_entr

from bandits.arms.divergence import divergence, entropy, upper

POINTS = [0.0, 1e-9, 0.01, 0.3, 0.5, 0.9, 1.0 - 1e-9, 1.0]


def slow(p, q):
    return float(rel_entr(p, q) + rel_entr(1.0 - p, 1.0 - q))


@pytest.mark.parametrize("p", POINTS)
def test_divergence(p):
    for q in POINTS:
        assert divergence(p, q) == pytest.approx(slow(p, q), rel=1e-9, abs=1e-15)


def test_upper_solves_its_equation():
    rng = np.random.default_rng(0)
    for p in [0.0, 1.0, 1e-14, 1e-6, 0.5, 1 - 1e-6, 1 - 1e-14, *rng.random(40)]:
        for level in 10 ** rng.uniform(-6, 2, 160):
            q = upper(p, entropy(p), level)
            assert p <= q <= min(1.0, p + math.sqrt(level / 2.0) + 1e-15)  # Pinsker's inequality
            low, high = p, 1.0
            for _ in range(100):
                middle = (low + high) / 2
                if rel_entr(p, middle) + rel_entr(1 - p, 1 - middle) <= level:
                    low = middle
                else:
                    high = middle
            assert q == pytest.approx(low, abs=1e-10)


def test_upper_keeps_to_pinskers_bound_at_levels_that_rounding_hides():
    rng = np.random.default_rng(1)
    for p in [0.0, 1.0, 0.5, 0.5 + 1e-9, *rng.random(40)]:
        for level in [0.0, *10 ** rng.uniform(-300, -6, 40), *10 ** rng.uniform(-16, -8, 160)]:
            assert p <= upper(p, entropy(p), level) <= p + math.sqrt(level / 2.0)


def test_divergence_is_at_least_that_of_pinsker():
    p, q = np.random.default_rng(0).random((2, 200))
    assert all(divergence(a, b) >= 2.0 * (a - b) ** 2 for a, b in zip(p, q, strict=True))
