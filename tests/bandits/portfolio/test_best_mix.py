"""The best constant mix against a grid, against published optima, and by what must be so."""

import numpy as np
import pytest
from markets import wave

from bandits.portfolio.best_mix import CERTIFIED, best_mix


def solved(relatives, start=None):
    """The best mix of relatives [t, k] of any scale, and its log wealth."""
    largest = relatives.max(axis=1)
    found = best_mix(np.ascontiguousarray((relatives / largest[:, None]).T), start)
    return found, found.value + np.log(largest).sum()


def markets():
    rng = np.random.default_rng(1)
    for k in (1, 2, 4, 12):
        for t in (1, 2, 7, 80):
            yield f"normal {k} {t}", np.exp(0.05 * rng.standard_normal((t, k)))
            yield f"wild {k} {t}", np.exp(3.0 * rng.standard_normal((t, k)))
            yield f"wilder {k} {t}", np.exp(rng.uniform(-600.0, 0.0, (t, k)))
            yield f"race {k} {t}", np.eye(k)[rng.integers(0, k, t)]
            sparse = np.exp(rng.standard_normal((t, k))) * (rng.random((t, k)) < 0.5)
            sparse[:, 0] += sparse.sum(axis=1) == 0.0
            yield f"sparse {k} {t}", sparse


MARKETS = dict(markets())


@pytest.mark.parametrize(
    ("horizon", "value", "weights"),
    [
        (10, 0.0506662778, (1.0, 0.0, 0.0)),
        (30, 0.1059206456, (0.16666434, 0.28087821, 0.55245746)),
        (60, 0.1213118033, (0.0, 0.10519842, 0.89480158)),
    ],
)
def test_optima_of_the_wave(horizon, value, weights):
    found, reached = solved(wave(3, 0.05, horizon))
    assert np.isclose(reached, value, rtol=0, atol=1e-9)
    assert np.allclose(found.weights, weights, rtol=0, atol=1e-8)
    assert np.array_equal(found.weights == 0.0, np.array(weights) == 0.0)  # what is not held is not held at all


@pytest.mark.parametrize(
    ("horizon", "value"),
    [
        (1, 0.6931471806),
        (2, 0.1177830357),
        (3, 0.6931471806),
        (5, 0.7417087472),
        (10, 0.5889151783),
        (50, 2.9445758914),
    ],
)
def test_optima_of_the_alternation(horizon, value):
    relatives = np.ones((horizon, 2))
    relatives[::2, 1], relatives[1::2, 1] = 2.0, 0.5
    assert np.isclose(solved(relatives)[1], value, rtol=0, atol=1e-9)


def test_certificates_and_warm_starts():
    for name, relatives in MARKETS.items():
        cold, value = solved(relatives)
        assert 0.0 <= cold.gap <= CERTIFIED, name
        assert cold.weights.min() >= 0.0, name
        assert np.isclose(cold.weights.sum(), 1.0, rtol=0, atol=1e-12), name
        assert np.isclose(value, np.log(relatives @ cold.weights).sum(), rtol=1e-12, atol=1e-10), name
        vertex = np.eye(relatives.shape[1])[0]
        assert np.isclose(solved(relatives, vertex)[1], value, rtol=0, atol=2 * CERTIFIED), name


def test_two_assets_against_a_grid():
    grid = np.linspace(0.0, 1.0, 10_001)
    for name, relatives in MARKETS.items():
        if relatives.shape[1] == 2:
            with np.errstate(divide="ignore"):
                best = np.log(np.outer(relatives[:, 0], 1 - grid) + np.outer(relatives[:, 1], grid)).sum(axis=0).max()
            coarse = 1e-7 if name.startswith("normal") else len(relatives) * 1e-5
            assert best - 1e-9 <= solved(relatives)[1] <= best + coarse, name


def test_assets_that_are_added_or_doubled():
    for name, relatives in MARKETS.items():
        value = solved(relatives)[1]
        with np.errstate(divide="ignore"):
            assert value >= np.log(relatives).sum(axis=0).max() - CERTIFIED, name
        doubled = np.column_stack([relatives, relatives[:, -1]])
        assert np.isclose(solved(doubled)[1], value, rtol=0, atol=2 * CERTIFIED), name
        more = np.column_stack([relatives, np.exp(0.1 * np.cos(np.arange(len(relatives))))])
        assert solved(more)[1] >= value - CERTIFIED, name
    same = np.repeat(np.exp(0.1 * np.sin(np.arange(9.0)))[:, None], 3, axis=1)
    found, value = solved(same)
    assert found.gap <= 1e-14
    assert np.isclose(value, 0.1 * np.sin(np.arange(9.0)).sum(), atol=1e-14)


def test_many_rounds_keep_the_certificate():
    """Where a gap of 5e-10 needs a mean of 10^5 terms to 15 digits."""
    relatives = np.exp(0.06 * np.random.default_rng(2).standard_normal((100_000, 3)))
    assert solved(relatives)[0].gap <= CERTIFIED
