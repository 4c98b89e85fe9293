"""What is true of every sequence, every cache and all bits."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bandits import POLICIES

DETERMINISTIC = [
    ("lru", {}),
    ("fifo", {}),
    ("clock", {}),
    ("flush_when_full", {}),
    ("lfu", {}),
    ("flush_when_all_zeros", {}),
    ("flush_when_all_zeros", {"flush": "lazy"}),
    ("mark_and_predict", {"tie": "lru"}),
    ("blind_oracle", {}),
]
RANDOMISED = [
    ("random_eviction", {}),
    ("marker", {}),
    ("online_min", {}),
    ("mark0", {}),
    ("mark0", {"fill": "lazy"}),
    ("mark_and_predict", {}),
    ("follow_bits", {}),
    ("l_marker", {}),
    ("predictive_marker", {}),
    ("l_non_marker", {}),
    ("robust_ftp", {}),
    ("lazy", {"policy": {"name": "mark0"}}),
    ("combine_deterministic", {"members": ["lru", "lfu"]}),
]


def make(name, parameters):
    policy = POLICIES.load(name)(**parameters)
    return policy, "discard" if name == "lazy" else policy.prediction or ""


@st.composite
def runs(draw):
    n_pages = draw(st.integers(1, 8))
    pages = draw(st.lists(st.integers(0, n_pages - 1), min_size=1, max_size=40))
    bits = draw(st.lists(st.integers(0, 1), min_size=len(pages), max_size=len(pages)))
    return pages, draw(st.integers(1, 5)), bits


def play(paging, name, parameters, pages, k, bits, reuse, seed=0):
    policy, kind = make(name, parameters)
    return paging.faults(policy, pages, k, bits, reuse, kind, seed)


@settings(max_examples=60, deadline=None)
@given(runs())
def test_nobody_beats_the_optimum_and_first_requests_are_faults(paging, run):
    pages, k, bits = run
    opt = np.cumsum(paging.lfd(pages, k)[0])
    first = np.array([p not in pages[:t] for t, p in enumerate(pages)])
    for name, parameters in DETERMINISTIC + RANDOMISED:
        faults = play(paging, name, parameters, pages, k, bits, paging.next_use(pages))
        assert np.all(np.cumsum(faults) >= opt), name
        assert np.all(faults[first]), name
        if k >= len(set(pages)) and name != "mark0":
            assert faults.sum() == len(set(pages)), name


@settings(max_examples=60, deadline=None)
@given(runs(), st.permutations(range(8)))
def test_names_of_pages_do_not_matter(paging, run, names):
    pages, k, bits = run
    renamed = [names[p] for p in pages]
    for name, parameters in DETERMINISTIC:
        first, second = (play(paging, name, parameters, r, k, bits, paging.next_use(pages)) for r in (pages, renamed))
        assert first.tolist() == second.tolist(), name


@settings(max_examples=60, deadline=None)
@given(runs(), st.integers(0, 39))
def test_an_immediate_repeat_changes_nothing(paging, run, where):
    pages, k, bits = run
    t = where % len(pages)
    longer, twice = pages[: t + 1] + pages[t:], bits[: t + 1] + bits[t:]
    for name, parameters in DETERMINISTIC[:4] + DETERMINISTIC[5:8]:
        once, more = (play(paging, name, parameters, r, k, b, None) for r, b in ((pages, bits), (longer, twice)))
        assert np.delete(more, t + 1).tolist() == once.tolist(), name
        assert not more[t + 1]


@settings(max_examples=60, deadline=None)
@given(runs())
def test_identities(paging, run):
    pages, k, bits = run
    zeros, ones = [0] * len(pages), [1] * len(pages)

    def cost(name, bits=None, seed=0, **parameters):
        return play(paging, name, parameters, pages, k, bits, None, seed).tolist()

    assert cost("flush_when_all_zeros", zeros) == cost("flush_when_full")
    assert cost("flush_when_all_zeros", ones) == cost("flush_when_all_zeros", ones, flush="lazy") == cost("lru")
    assert all(cost("mark0", ones))
    assert cost("mark0", zeros) == cost("mark0", zeros, fill="lazy")
    assert cost("lazy", bits, policy="lru") == cost("lru")
    phases = paging.phases(pages, k)
    assert sum(cost("flush_when_full")) == len(set(zip(phases, pages, strict=True)))
    truth, clean = paging.phase_truth(pages, k), paging.clean(pages, k)[-1]
    assert sum(cost("mark_and_predict", truth)) == sum(cost("mark_and_predict", truth, tie="lru")) == clean
    opt, discard = paging.lfd(pages, k)
    assert clean <= 2 * sum(opt)
    assert sum(cost("flush_when_all_zeros", discard)) == sum(cost("mark0", discard)) == sum(opt)
    assert play(paging, "blind_oracle", {}, pages, k, None, paging.next_use(pages)).sum() == sum(opt)


@settings(max_examples=15, deadline=None)
@given(st.lists(st.integers(0, 4), min_size=1, max_size=9), st.integers(1, 3))
def test_equal_bits_make_marker_in_expectation(paging, pages, k):
    marker = paging.expected(POLICIES.load("marker")(), pages, k)
    for name, bit in (("mark0", 0), ("mark_and_predict", 0), ("mark_and_predict", 1)):
        assert paging.expected(POLICIES.load(name)(), pages, k, [bit] * len(pages)) == marker, (name, bit)


@settings(max_examples=60, deadline=None)
@given(runs())
def test_a_larger_cache_never_hurts_lru(paging, run):
    pages, k, _ = run
    costs = [paging.faults(POLICIES.load("lru")(), pages, size).sum() for size in range(1, k + 2)]
    assert costs == sorted(costs, reverse=True)


@settings(max_examples=40, deadline=None)
@given(runs(), st.integers(0, 2**32))
def test_lazy_is_never_worse(paging, run, seed):
    pages, k, bits = run
    for inner in (
        {"name": "mark0"},
        {"name": "flush_when_all_zeros"},
        {"name": "mark0", "parameters": {"fill": "lazy"}},
    ):
        policy = POLICIES.load("lazy")(inner)
        real = paging.faults(policy, pages, k, bits, None, "discard", seed)
        assert real.sum() <= policy.costs[0]


@pytest.mark.parametrize(("name", "parameters"), DETERMINISTIC + RANDOMISED)
def test_a_cache_of_one_page_faults_where_the_page_changes(paging, name, parameters):
    pages = np.random.default_rng(2).integers(0, 3, 200).tolist()
    changes = 1 + np.count_nonzero(np.diff(pages))
    bits = [0] * 200
    assert play(paging, name, parameters, pages, 1, bits, paging.next_use(pages)).sum() == changes


@pytest.mark.parametrize(("name", "parameters"), DETERMINISTIC + RANDOMISED)
def test_one_page_again_and_again(paging, name, parameters):
    assert play(paging, name, parameters, [0] * 50, 3, [1] * 50, range(50)).sum() == (50 if name == "mark0" else 1)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["lru", "fifo", "clock", "lfu", "marker", "random_eviction", "online_min"])
def test_uniform_requests_for_one_page_more_than_fit(paging, name):
    k, n = 8, 400_000
    pages = np.random.default_rng(31).integers(0, k + 1, n)
    rate = paging.faults(POLICIES.load(name)(), pages, k, seed=5)[100:].mean()
    assert abs(rate - 1 / (k + 1)) < 4 * np.sqrt(1 / (k + 1) / n)
