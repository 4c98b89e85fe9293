"""The rules of the cache."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bandits.paging.problem import Departures, Eviction
from environments.paging.cache import Cache


def filled(size=3, bypass=False):
    cache = Cache(size, 40, bypass)
    for page in range(10, 10 + size):
        assert cache.serve(page, Eviction())
    return cache


def test_slots_fill_in_order_and_the_freed_one_is_used_next():
    cache = filled()
    assert cache.contents == (10, 11, 12)
    assert cache.serve(20, 1)
    assert cache.contents == (10, 12, 20)
    assert cache.serve(21, np.int64(1))
    assert cache.contents == (10, 12, 21)


def test_a_slot_means_nothing_on_a_hit_or_with_room():
    cache = filled()
    assert not cache.serve(11, 0)
    assert cache.contents == (10, 11, 12)
    cache.serve(11, Eviction((10,)))
    assert cache.serve(30, 2)
    assert cache.contents == (11, 12, 30)


def test_an_eviction_may_empty_the_cache_and_discard_the_request():
    cache = filled()
    assert cache.serve(20, Eviction((10, 11, 12), discard=True))
    assert cache.contents == ()
    assert cache.serve(20, Eviction())
    assert not cache.serve(20, Eviction((), discard=True))
    assert 20 not in cache


@pytest.mark.parametrize(
    ("page", "action", "message"),
    [
        (20, Eviction((13,)), "page 13 is to be evicted but is not cached"),
        (20, Eviction((20,)), "page 20 is evicted before its request was served"),
        (11, Eviction((11,)), "page 11 is evicted before its request was served"),
        (20, Eviction((10, 10)), "evicted twice"),
        (20, Eviction(), "no room for page 20"),
        (20, Eviction((), discard=True), "no room for page 20"),
        (20, 3, r"slot must be in 0..2, got 3"),
        (11, -1, r"slot must be in 0..2, got -1"),
    ],
)
def test_broken_rules_change_nothing(page, action, message):
    cache = filled()
    with pytest.raises(RuntimeError, match=message):
        cache.serve(page, action)
    assert cache.contents == (10, 11, 12)
    assert not cache.serve(10, 0)


@pytest.mark.parametrize("action", ["0", None, 1.0, (10,), Eviction((10.5,))])
def test_an_action_of_another_kind(action):
    with pytest.raises(ValueError, match="action must be an Eviction or the number of a slot"):
        filled().serve(20, action)


def test_bypassing():
    cache = filled(bypass=True)
    assert cache.serve(20, Eviction((), discard=True))
    assert cache.serve(20, 3)
    assert cache.contents == (10, 11, 12)
    with pytest.raises(RuntimeError, match="no room"):
        cache.serve(20, Eviction())
    with pytest.raises(RuntimeError, match=r"slot must be in 0..3, got 4"):
        cache.serve(20, 4)


class Slow:
    """A cache from a dictionary of slots, by the rules as they are written."""

    def __init__(self, size, bypass):
        self.size, self.bypass, self.slots, self.free, self.faults = size, bypass, {}, [], 0

    def serve(self, page, gone):
        """What is wrong, or None."""
        discard = gone[-1:] == [page]
        pages, hit = gone[:-1] if discard else gone, page in self.slots
        for i, v in enumerate(pages):
            if v == page:
                return "before its request"
            if v not in self.slots:
                return "is not cached"
            if v in pages[:i]:
                return "twice"
        if not hit and len(self.slots) - len(pages) >= self.size and not (self.bypass and discard):
            return "no room"
        for v in [*pages, *([page] if discard and hit else [])]:
            self.free.append(self.slots.pop(v))
        if not hit and not discard:
            self.slots[page] = self.free.pop() if self.free else len(self.slots)
        self.faults += not hit
        return None


@settings(max_examples=300, deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, 5), st.lists(st.integers(-1, 6), max_size=3)), max_size=25),
    st.integers(1, 4),
    st.booleans(),
)
def test_blocks_and_steps_keep_the_rules_as_they_are_written(requests, size, bypass):
    slow, blocks, steps = Slow(size, bypass), Cache(size, 6, bypass), Cache(size, 6, bypass)
    left = [v for _, gone in requests for v in gone]
    ends = np.cumsum([len(gone) for _, gone in requests], dtype=np.int64)
    pages = np.array([page for page, _ in requests], dtype=np.int64)
    running, wrong = [], None
    for page, gone in requests:
        wrong = slow.serve(page, gone)
        discard = gone[-1:] == [page]
        action = Eviction(tuple(gone[:-1] if discard else gone), discard)
        if wrong:
            with pytest.raises(RuntimeError, match=wrong):
                steps.serve(page, action)
            break
        steps.serve(page, action)
        running.append(float(slow.faults))
    faults, broken = blocks.serve_block(pages, Departures(np.array(left, dtype=np.int64), ends), 100)
    assert faults[:, 0].tolist() == running
    assert broken.startswith(f"request {100 + len(running)}: ") and wrong in broken if wrong else broken == ""
    for cache in (blocks, steps):
        assert cache.contents == tuple(sorted(slow.slots))
        assert cache.faults == slow.faults
        assert all((page in cache) == (page in slow.slots) for page in range(6))
    fresh = [page for page in range(6) if page not in slow.slots]
    if len(slow.slots) == size and fresh:  # which slot a page is in
        for cache in (blocks, steps):
            cache.serve(fresh[0], 0)
            assert cache.contents == tuple(sorted({*(p for p, x in slow.slots.items() if x), fresh[0]}))


@pytest.mark.parametrize(
    ("left", "ends"), [([], [0, 1]), ([10], [1, 0]), ([10], [2, 2]), ([10], [-1, 1]), ([2**40], [1, 1])]
)
def test_departures_that_make_no_sense(left, ends):
    cache = filled()
    _, broken = cache.serve_block(np.array([10, 20]), Departures(np.array(left, dtype=np.int64), np.array(ends)), 0)
    assert broken
    assert set(cache.contents) <= {10, 11, 12, 20}


@pytest.mark.parametrize("departures", [Departures([1.0], [1]), Departures([1], [1.0]), Departures([[1]], [1])])
def test_departures_of_another_kind(departures):
    cache = filled()
    with pytest.raises(ValueError, match="of departures must be a one-dimensional array of integers"):
        cache.serve_block(np.array([10]), departures, 0)
    assert cache.contents == (10, 11, 12)
