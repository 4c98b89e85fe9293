"""Stack distances and miss-ratio curves against plain LRU and plain Belady at every size of the cache."""

import os

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from environments.paging.curves import miss_ratio_curve
from environments.paging.generators import LoopScan, Zipf
from environments.paging.optimum import lfd
from environments.paging.recorded import Given, Trace
from environments.paging.stacks import FIRST, lru_distances, opt_distances
from environments.paging.traces.formats import read_trace
from environments.paging.traces.published import NAMED

RNG = np.random.default_rng(0)
SEQUENCES = {
    "random": RNG.integers(0, 12, 400),
    "Zipf": np.minimum(RNG.zipf(1.3, 500), 60),
    "cyclic": np.arange(300) % 17,
    "scan": LoopScan(N=60).draw(400, RNG),
    "there and back": np.abs(np.arange(400) % 38 - 19),
    "all equal": np.zeros(50, dtype=np.int64),
    "all distinct": RNG.permutation(80),
    "repeats": np.repeat(RNG.integers(0, 9, 150), RNG.integers(1, 4, 150)),
    "one request": np.array([3]),
    "none": np.empty(0, dtype=np.int64),
}


def plain_lru(pages, k):
    """Whether each request is a fault of LRU."""
    cache, faults = [], []
    for page in pages:
        faults.append(page not in cache)
        cache = [page, *(p for p in cache if p != page)][:k]
    return np.array(faults, dtype=bool)


def plain_belady(pages, k):
    """Whether each request is a fault where the page leaves whose next request is furthest."""
    pages, cache, faults = list(pages), set(), []
    for t, page in enumerate(pages):
        faults.append(page not in cache)
        if page not in cache and len(cache) == k:
            following = {p: next((s for s in range(t, len(pages)) if pages[s] == p), len(pages)) for p in cache}
            cache.remove(max(sorted(cache), key=following.__getitem__))
        cache.add(page)
    return np.array(faults, dtype=bool)


def is_equal_at_every_size(pages):
    lru, opt = lru_distances(pages), opt_distances(pages)
    curve = miss_ratio_curve(pages, range(1, len(set(pages)) + 3))
    for i, k in enumerate(curve.sizes.tolist()):
        for found, distances, faults in (("lru", lru, plain_lru(pages, k)), ("opt", opt, plain_belady(pages, k))):
            assert np.array_equal(distances > k, faults), (found, k)
            assert curve.faults[found][i] == faults.sum(), (found, k)


@pytest.mark.parametrize("name", SEQUENCES)
def test_distances_tell_the_faults_of_every_size(name):
    is_equal_at_every_size(SEQUENCES[name].tolist())


@settings(max_examples=300, deadline=None)
@given(st.lists(st.integers(0, 7), max_size=40))
def test_distances_tell_the_faults_of_every_size_on_any_sequence(pages):
    is_equal_at_every_size(pages)


@pytest.mark.parametrize("seed", range(3))
def test_rows_that_are_cleared_many_times(seed):
    """Hundreds of pages, ten thousands of requests: slots are used up and numbered anew, blocks are many."""
    rng = np.random.default_rng(seed)
    pages = Zipf(1500, (0.0, 0.7, 1.2)[seed]).draw(40_000, rng)
    distances = opt_distances(pages)
    for k in (1, 2, 3, 7, 50, 200, 499, 1000, 1500):
        assert np.array_equal(distances > k, lfd(pages, k).faults == 1)
    recent, few = {}, lru_distances(pages[:6000])
    for t, page in enumerate(pages[:6000].tolist()):
        expected = FIRST if page not in recent else sum(s >= recent[page] for s in recent.values())
        assert few[t] == expected
        recent[page] = t


@settings(max_examples=100, deadline=None)
@given(st.lists(st.integers(0, 9), max_size=60), st.permutations(range(10)), st.integers(10, 1000))
def test_invariances(pages, names, n_pages):
    """More slots never cost a fault, the optimum is never above LRU, names and other pages count for nothing."""
    pages = np.array(pages, dtype=np.int64)
    curve = miss_ratio_curve(pages)
    for faults in curve.faults.values():
        assert np.all(np.diff(faults) <= 0)
        assert faults[-1] == curve.n_pages == len(set(pages.tolist()))
    assert np.all(curve.faults["opt"] <= curve.faults["lru"])
    for distances in (lru_distances, opt_distances):
        assert np.array_equal(distances(pages), distances(np.array(names)[pages], n_pages))


def test_a_page_requested_at_once_again_changes_no_curve():
    pages = SEQUENCES["Zipf"]
    once, twice = miss_ratio_curve(pages), miss_ratio_curve(np.repeat(pages, 2))
    for name in ("lru", "opt"):
        assert np.array_equal(once.faults[name], twice.faults[name])


def test_one_slot_and_more_slots_than_pages():
    pages = SEQUENCES["random"]
    curve = miss_ratio_curve(pages, [1, 12, 13, 10**8])
    changes = 1 + int(np.count_nonzero(np.diff(pages)))
    for faults in curve.faults.values():
        assert faults.tolist() == [changes, 12, 12, 12]


def test_the_loop_one_page_too_large():
    """LRU faults at every request, the optimum at one in k once the cache is full."""
    k, n = 20, 2000
    curve = miss_ratio_curve(np.arange(n) % (k + 1), [k])
    assert curve.faults["lru"].tolist() == [n]
    assert curve.faults["opt"].tolist() == [k + -(-(n - k) // k)]


def test_what_requests_may_be(tmp_path):
    path = tmp_path / "trace"
    path.write_text("7\n8\n7\n9\n8\n")
    table = tmp_path / "trace.csv"
    table.write_text("time,id\n0,7\n1,8\n2,7\n3,9\n4,8\n")
    pages = [7, 8, 7, 9, 8]
    forms = [
        pages,
        tuple(pages),
        np.array(pages, dtype=np.uint8),
        iter(pages),
        Given(pages),
        Trace(path),
        path,
        str(path),
    ]
    forms += [Trace(table, column="id"), np.array(pages, dtype=np.uint64) << 40, {7: 0, 8: 1}.keys()]
    for form in forms[:-1]:
        curve = miss_ratio_curve(form)
        assert (curve.n_requests, curve.n_pages) == (5, 3)
        assert curve.sizes.tolist() == [1, 2, 3]
        assert curve.faults["lru"].tolist() == [5, 4, 3]
        assert curve.ratios["opt"].tolist() == [1.0, 0.6, 0.6]
    assert miss_ratio_curve(forms[-1]).n_requests == 2


def test_no_request():
    curve = miss_ratio_curve([], [1, 5])
    assert (curve.n_requests, curve.n_pages) == (0, 0)
    assert curve.faults["opt"].tolist() == [0, 0]
    assert np.isnan(curve.ratios["lru"]).all()
    assert miss_ratio_curve([]).sizes.tolist() == [1]


@pytest.mark.parametrize(
    ("requests", "sizes", "message"),
    [
        ([1, 2], [0], "sizes must be .* got 0"),
        ([1, 2], [1.5], r"sizes must be .* got 1\.5"),
        ([1, 2], [], r"sizes must be a list of cache sizes, each >= 1, got \[\]"),
        ([1, 2], 3, "sizes must be a list of cache sizes, each >= 1, got 3"),
        ([1, 2], "12", "sizes must be a list of cache sizes"),
        ([-1], None, "requests must be page ids >= 0, got -1"),
        (["a"], None, "requests must be whole numbers"),
        (7, None, "requests must be a list of page ids, got 7"),
        ({1: 2}, None, "requests must be a list of page ids"),
    ],
)
def test_bad_input(requests, sizes, message):
    with pytest.raises(ValueError, match=message):
        miss_ratio_curve(requests, sizes)


def test_no_such_trace():
    with pytest.raises(FileNotFoundError, match="no trace file"):
        miss_ratio_curve("no/such/trace")


@pytest.mark.parametrize("trace", NAMED)
def test_published_traces(trace):
    """Equal faults with LFD, request by request, and with plain LRU."""
    if not os.environ.get("REGRETLAB_DATA"):
        pytest.skip("REGRETLAB_DATA names no folder with the traces")
    pages, n_pages = read_trace(trace)
    curve, distances = miss_ratio_curve(trace), opt_distances(pages, n_pages)
    for k in (1, 2, 10, 100, 1000, 3000):
        assert np.array_equal(distances > k, lfd(pages, k, n_pages).faults == 1)
    for k in (1, 2, 10):
        at = min(k, curve.n_pages) - 1
        assert curve.faults["lru"][at] == plain_lru(pages.tolist(), k).sum()


@pytest.mark.parametrize(
    ("trace", "k", "opt", "lru"),
    [
        ("web07", 10, 52657, 63277),
        ("web07", 100, 39146, 50691),
        ("web07", 1000, 27720, 37750),
        ("lirs/multi1", 50, 10073, 15472),
        ("lirs/sprite", 1000, 9060, 12544),
        ("lirs/ps", 500, 4378, 5376),
    ],
)
def test_faults_that_other_simulators_count(trace, k, opt, lru):
    if not os.environ.get("REGRETLAB_DATA"):
        pytest.skip("REGRETLAB_DATA names no folder with the traces")
    curve = miss_ratio_curve(trace, [k])
    assert (curve.faults["opt"].item(), curve.faults["lru"].item()) == (opt, lru)
