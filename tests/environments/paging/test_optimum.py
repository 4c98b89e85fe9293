"""The offline optimum against exhaustive search, interval packing and work-function layers."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from environments.paging.generators import Cyclic, Ratio2, Uniform
from environments.paging.optimum import BYPASSED, NONE, OnlineOptimum, best_static, follow, lfd, next_use
from environments.paging.phases import phases

SMALL = {
    "S1": ([1, 2, 3, 4, 1, 2, 5, 1, 2, 3, 4, 5], 3, 7, 7, "001100011000"),
    "S2": ([7, 0, 1, 2, 0, 3, 0, 4, 2, 3, 0, 3, 2, 1, 2, 0, 1, 7, 0, 1], 3, 9, 8, "10100011000100100000"),
    "S3": ([4, 2, 3, 1, 1, 0, 4, 2, 0, 0, 4, 4], 3, 5, 5, "001010000000"),
    "S4": ([0, 1, 2, 0, 1, 3, 0, 2, 3, 1], 2, 7, 6, "0110101100"),
}
SEQUENCES = st.lists(st.integers(0, 4), max_size=13)
SIZES = st.integers(1, 4)


def dynamic_programme(pages, k, bypass=False):
    """Least faults of each prefix, over all caches."""
    costs, optima = {frozenset(): 0}, []
    for page in pages:
        new = {}
        for cache, cost in costs.items():
            if page in cache:
                options = [(cache, cost)]
            else:
                rest = [cache] if len(cache) < k else [cache - {victim} for victim in cache]
                options = [(kept | {page}, cost + 1) for kept in rest] + ([(cache, cost + 1)] if bypass else [])
            for option, price in options:
                new[option] = min(new.get(option, price), price)
        costs = new
        optima.append(min(costs.values()))
    return optima


def packing(pages, k):
    """Least faults by accepting intervals between requests to one page, in order of their ends."""
    last, crossing, hits = {}, [0] * len(pages), 0
    for t, page in enumerate(pages):
        inside = range(last[page] + 1, t) if page in last else None
        if inside is not None and all(crossing[x] < k - 1 for x in inside):
            hits += 1
            for x in inside:
                crossing[x] += 1
        last[page] = t
    return len(pages) - hits


def slow_lfd(pages, k, times):
    """(faults, discard bits) of furthest-in-future on the given times; ties: the least recently used leaves."""
    cache, last, faults, bits = set(), {}, [], [0] * len(pages)
    for t, page in enumerate(pages):
        faults.append(int(page not in cache))
        if page not in cache and len(cache) == k:
            victim = max(cache, key=lambda p: (times[last[p]], -last[p]))
            bits[last[victim]] = 1
            cache.remove(victim)
        cache.add(page)
        last[page] = t
    return faults, bits


@pytest.mark.parametrize("name", SMALL)
def test_small_sequences(name):
    pages, k, opt, opt_bypass, bits = SMALL[name]
    assert lfd(pages, k).faults.sum() == opt
    assert lfd(pages, k, bypass=True).faults.sum() == opt_bypass
    assert "".join(map(str, lfd(pages, k).discard)) == bits


def test_a_larger_cache_on_the_first_sequence():
    assert lfd(SMALL["S1"][0], 4).faults.sum() == 6


@settings(max_examples=150, deadline=None)
@given(SEQUENCES, SIZES)
def test_four_ways_to_the_optimum_agree_at_every_prefix(pages, k):
    running = np.cumsum(lfd(pages, k).faults).tolist()
    assert running == dynamic_programme(pages, k)
    assert running == [packing(pages[:t], k) for t in range(1, len(pages) + 1)]
    online = OnlineOptimum(k)
    assert running == [online.faults + online.request(page) for page in pages]
    assert [int(lfd(pages[:t], k).faults.sum()) for t in range(1, len(pages) + 1)] == running


@settings(max_examples=100, deadline=None)
@given(SEQUENCES, SIZES)
def test_bypassing_optimum_equals_the_dynamic_programme_at_every_prefix(pages, k):
    run = lfd(pages, k, bypass=True)
    assert np.cumsum(run.faults).tolist() == dynamic_programme(pages, k, bypass=True)
    assert np.all(run.faults[run.victims == BYPASSED] == 1)


@settings(max_examples=150, deadline=None)
@given(SEQUENCES, SIZES)
def test_discard_bits_are_those_of_the_slow_run(pages, k):
    n = len(pages)
    times = [next((s for s in range(t + 1, n) if pages[s] == pages[t]), 2 * n - t) for t in range(n)]
    assert next_use(pages).tolist() == times
    run = lfd(pages, k)
    assert (run.faults.tolist(), run.discard.tolist()) == slow_lfd(pages, k, times)
    ones = int(run.discard.sum())
    assert ones == max(int(run.faults.sum()) - k, 0) == np.count_nonzero(run.victims != NONE)


@settings(max_examples=100, deadline=None)
@given(SEQUENCES, SIZES, st.data())
def test_follow_breaks_ties_by_least_recent_use(pages, k, data):
    times = data.draw(st.lists(st.integers(0, 3), min_size=len(pages), max_size=len(pages)))
    run = follow(pages, np.array(times, dtype=float), k)
    assert (run.faults.tolist(), run.discard.tolist()) == slow_lfd(pages, k, times)


@settings(max_examples=60, deadline=None)
@given(SEQUENCES)
def test_structure(pages):
    costs = [int(lfd(pages, k).faults.sum()) for k in range(1, 7)]
    assert costs == sorted(costs, reverse=True)
    assert costs[-1] == len(set(pages))
    changes = sum(a != b for a, b in itertools.pairwise(pages)) + bool(pages)
    assert costs[0] == changes
    relabelled = [4 - page for page in pages]
    assert int(lfd(relabelled, 2).faults.sum()) == costs[1]
    doubled = [page for page in pages for _ in range(2)]
    assert int(lfd(doubled, 2).faults.sum()) == costs[1]
    for k, cost in enumerate(costs, 1):
        assert phases(pages, k).clean.sum() <= 2 * cost


@settings(max_examples=60, deadline=None)
@given(SEQUENCES, SIZES)
def test_best_static_set(pages, k):
    def cost(prefix):
        sets = itertools.chain.from_iterable(itertools.combinations(set(prefix), m) for m in range(k + 1))
        return min(sum(page not in kept for page in prefix) + len(kept) for kept in sets)

    best = min(k, 5)
    times = np.arange(1, len(pages) + 1)
    found = best_static(np.array(pages, dtype=np.int64), best, times, 5)
    for t, value in zip(times, found, strict=True):
        full = len(set(pages[:t])) >= k
        assert value >= cost(pages[:t])
        if full:
            kept = sorted((pages[:t].count(p) for p in set(pages[:t])), reverse=True)[:k]
            assert value == t - sum(kept) + k


def test_cyclic_closed_form():
    for k in (1, 2, 3, 7):
        for n in (1, k, k + 1, 50):
            opt = lfd(Cyclic(k + 1).draw(n, np.random.default_rng(0)), k).faults.sum()
            assert opt == (n if n <= k else k + -(-(n - k) // k))
    k, n = 10, 30
    long = lfd(Cyclic(n).draw(100_000, np.random.default_rng(0)), k).faults.mean()
    assert long == pytest.approx((n - k) / (n - 1), abs=1e-3)


def test_uniform_requests_to_one_page_more_than_fits():
    k, n = 4, 50_000
    harmonic = sum(1 / i for i in range(1, k + 1))
    rates = [
        lfd(Uniform(k + 1).draw(n, np.random.default_rng([51, s])), k, k + 1).faults.mean() * (k + 1) * harmonic
        for s in range(12)
    ]
    assert abs(np.mean(rates) - 1) < 4 * np.std(rates, ddof=1) / np.sqrt(12) + (k + 1) * harmonic * k / n


@pytest.mark.parametrize(("rounds", "opt"), [(1, 6), (5, 22), (100, 402)])
def test_ratio_2_family(rounds, opt):
    pages = Ratio2(rounds).draw(8 * rounds, np.random.default_rng(0))
    assert lfd(pages, 2).faults.sum() == opt
    assert phases(pages, 2).clean.sum() == 8 * rounds


def test_degenerate_cases():
    assert lfd([], 3).faults.size == lfd([], 3).discard.size == 0
    assert lfd([5] * 9, 1).faults.sum() == 1
    assert lfd([0, 1, 2] * 4, 3).faults.sum() == lfd([0, 1, 2] * 4, 30).faults.sum() == 3


@pytest.mark.parametrize("size", [1.0, True, "3", None])
def test_a_cache_size_that_is_no_whole_number(size):
    with pytest.raises(ValueError, match="cache_size must be a whole number"):
        lfd([0, 1], size)


@pytest.mark.parametrize("size", [0, -2])
def test_a_cache_size_below_one(size):
    with pytest.raises(ValueError, match=f"cache_size must be a whole number >= 1, got {size}"):
        lfd([0, 1], size)


@pytest.mark.parametrize(
    ("pages", "n_pages", "message"),
    [
        ([[0, 1]], None, "one-dimensional"),
        ([0.0, 1.0], None, "whole numbers"),
        ([0, -1], None, "page ids >= 0, got -1"),
        ([0, 5], 5, "below n_pages = 5, got 5"),
        ([0], 0, "n_pages must be a whole number >= 1"),
        ([0], 2.0, "n_pages must be a whole number >= 1"),
        (["a"], None, "whole numbers"),
    ],
)
def test_bad_requests(pages, n_pages, message):
    with pytest.raises(ValueError, match=message):
        lfd(pages, 2, n_pages)


@pytest.mark.parametrize("reuse", [[1.0], [1.0, np.nan]])
def test_bad_times(reuse):
    with pytest.raises(ValueError, match="reuse must"):
        follow([0, 1], np.array(reuse), 2)
