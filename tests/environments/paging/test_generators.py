"""Request generators: by definition, reproducible, and loud about bad parameters."""

import numpy as np
import pytest

from environments.paging.environment import PagingEnvironment
from environments.paging.generators import RATIO2, _inverse
from environments.paging.optimum import lfd
from environments.paging.sequences import SEQUENCES, Generator

GENERATORS = [name for name in SEQUENCES if issubclass(SEQUENCES.load(name), Generator)]


def build_generator(name, parameters, cache_size):
    return SEQUENCES.build({"name": name, "parameters": parameters}, "sequence").for_cache(cache_size)


def draw(name, n, seed=0, cache_size=10, **parameters):
    return build_generator(name, parameters, cache_size).draw(n, np.random.default_rng(seed))


def test_cyclic():
    assert draw("cyclic", 7, N=3).tolist() == [0, 1, 2, 0, 1, 2, 0]
    assert build_generator("cyclic", {}, 4).n_pages(100) == build_generator("uniform", {}, 4).n_pages(100) == 5


@pytest.mark.parametrize("N", [1, 2, 3, 7, 1000, 20_000])
@pytest.mark.parametrize("a", [0.0, 0.8, 3.0])
def test_zipf_is_inverted_as_by_bisection(N, a):
    """At uniforms on and beside every step, and where the probabilities add up to less than 1 by rounding."""
    weights = np.arange(1.0, N + 1.0) ** -a
    cumulative = np.cumsum(weights / weights.sum())
    edges = np.concatenate([cumulative, np.nextafter(cumulative, 0.0), np.nextafter(cumulative, 1.0), np.arange(N) / N])
    uniforms = np.concatenate([edges[edges < 1.0], [0.0, np.nextafter(1.0, 0.0)], np.random.default_rng(1).random(999)])
    by_bisection = np.minimum(np.searchsorted(cumulative, uniforms), N - 1)
    assert np.array_equal(_inverse(cumulative, uniforms), by_bisection)


def test_uniform():
    assert np.array_equal(draw("uniform", 50, 3, N=7), np.random.default_rng(3).integers(0, 7, 50))


def test_zipf():
    weights = np.arange(1, 21.0) ** -1.2
    expected = np.searchsorted(np.cumsum(weights / weights.sum()), np.random.default_rng(3).random(500), side="left")
    assert np.array_equal(draw("zipf", 500, 3, N=20, a=1.2), np.minimum(expected, 19))
    assert np.bincount(draw("zipf", 20_000, 1, N=4, a=0), minlength=4) == pytest.approx(5000, abs=300)


@pytest.mark.slow
def test_the_published_zipf_trace_has_the_published_optimum():
    pages = draw("zipf", 10**6)
    assert lfd(pages, 1000, 10**5).faults.mean() == pytest.approx(0.336050, abs=5e-7)


def test_markov():
    P = [[0.0, 1.0, 0.0], [0.0, 0.0, 1.0], [0.5, 0.0, 0.5]]
    rng = np.random.default_rng(8)
    page, expected = int(rng.integers(0, 3)), []
    for u in [None, *rng.random(199)]:
        if u is not None:
            page = int(np.searchsorted(np.cumsum(P[page]), u, side="left"))
        expected.append(page)
    assert draw("markov", 200, 8, P=P).tolist() == expected
    ring = build_generator("markov", {"N": 10}, 3).matrix
    assert ring.sum(axis=1) == pytest.approx(1.0)
    assert ring[0, 1] == ring[0, 9] == pytest.approx(0.46)
    assert ring[0, 0] == ring[0, 5] == pytest.approx(0.01)
    steps = np.diff(draw("markov", 20_000, 1)) % 64
    assert np.isin(steps, (1, 63)).mean() == pytest.approx(0.9 + 0.1 * 2 / 64, abs=0.01)


def test_working_set():
    rng = np.random.default_rng(4)
    order, w, n = rng.permutation(30), 6, 300
    expected = []
    for replace, member, outsider, where, which in rng.random((n, 5)):
        if replace < 1 / 10:
            i, j = int(member * w), w + int(outsider * (30 - w))
            order[[i, j]] = order[[j, i]]
        expected.append(int(which * 30) if where < 0.1 else order[int(which * w)])
    assert draw("working_set", n, 4, N=30, w=w, d=0.1, L=10).tolist() == expected
    assert set(draw("working_set", 500, 4, N=30, w=30, d=0.0, L=1).tolist()) == set(range(30))
    assert len(np.unique(draw("working_set", 500, 4, N=1000, w=5, d=0.0, L=1e9))) == 5


def test_loop_scan():
    assert draw("loop_scan", 17, N=2, s=3).tolist() == [0, 1] * 3 + [2, 3] + [0, 1] * 3 + [4, 5] + [0]
    generator = build_generator("loop_scan", {"N": 3, "s": 2}, 5)
    for n in range(1, 60):
        assert generator.n_pages(n) == max(generator.draw(n, np.random.default_rng(0)).max() + 1, 3)
    assert build_generator("loop_scan", {}, 4).N == 8


def test_ratio2():
    assert draw("ratio2", 16).tolist() == [*RATIO2, *RATIO2]
    with pytest.raises(ValueError, match="R = 1 repetitions are 8 requests, the horizon asks for 9"):
        draw("ratio2", 9, R=1)


@pytest.mark.parametrize("name", GENERATORS)
def test_reproducible_and_within_range(name):
    first, other = draw(name, 400, 5), draw(name, 400, 6)
    assert first.dtype == np.int64
    assert first.shape == (400,)
    assert np.array_equal(first, draw(name, 400, 5))
    assert 0 <= first.min() <= first.max() < build_generator(name, {}, 10).n_pages(400)
    assert np.array_equal(first, other) != SEQUENCES.load(name).random


@pytest.mark.parametrize(
    ("name", "parameters", "message"),
    [
        ("zpif", {}, r"did you mean 'zipf'\?"),
        (7, {}, "sequence must be a name, or"),
        ("zipf", {"n": 3}, r"sequence.parameters.n: Zipf has no parameter 'n' \(did you mean 'N'\?\); it takes N, a"),
        ("zipf", {"N": 0}, "N must be a whole number >= 1, got 0"),
        ("zipf", {"N": 2.5}, "N must be a whole number"),
        ("zipf", {"a": -1.0}, "a must be"),
        ("zipf", {"a": float("nan")}, "a must be"),
        ("cyclic", {"N": 0}, "N must be"),
        ("uniform", {"N": True}, "N must be"),
        ("markov", {"P": [[0.5, 0.4], [0.5, 0.5]]}, "row 0 sums to 0.9"),
        ("markov", {"P": [[1.5, -0.5], [0.5, 0.5]]}, "no negative"),
        ("markov", {"P": [[0.5, 0.5]]}, "square"),
        ("markov", {"P": [[1.0]], "N": 1}, "N must be left out"),
        ("working_set", {"w": 2000}, r"w must be a whole number in 1..1000, got 2000"),
        ("working_set", {"d": 1.5}, "d must be"),
        ("working_set", {"L": 0.5}, "L must be"),
        ("loop_scan", {"s": 0}, "s must be"),
        ("ratio2", {"R": 0}, "R must be"),
    ],
)
def test_bad_parameters(name, parameters, message):
    with pytest.raises(ValueError, match=message):
        build_generator(name, parameters, 10)


def test_a_default_that_hangs_on_the_cache():
    for name in ("cyclic", "uniform", "loop_scan"):
        alone = SEQUENCES.build(name, "sequence")
        with pytest.raises(ValueError, match="N must be given where no cache says how many pages there are"):
            alone.draw(3, np.random.default_rng(0))
        assert (
            PagingEnvironment(4, alone, horizon=9).problem.n_pages
            == PagingEnvironment(4, name, horizon=9).problem.n_pages
        )
        assert alone.N is None
