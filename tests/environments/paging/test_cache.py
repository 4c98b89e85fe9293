"""The rules of the cache."""

import numpy as np
import pytest

from bandits.paging.policy import Eviction
from environments.paging.cache import Cache


def filled(size=3, bypass=False):
    cache = Cache(size, bypass)
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


@pytest.mark.parametrize("action", ["0", None, 1.0, (10,)])
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
