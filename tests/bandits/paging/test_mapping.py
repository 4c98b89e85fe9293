"""The cache as a dictionary: looks have no effects, what leaves is what a compiled run evicts, keys are forgotten."""

import copy
import gc
import json
import pickle
import weakref

import numpy as np
import pytest

from bandits import PagingProblem, Policy
from bandits.paging import FAMILY
from bandits.paging.lazy import Lazy
from bandits.paging.policy_cache import PolicyCache
from bandits.paging.problem import Eviction, Requests
from bandits.paging.virtual import Virtual

KINDS = (None, "discard", "phase", "reuse")
POLICIES = {
    f"{name} {parameters}": policy
    for name in FAMILY.policies
    for parameters, policy in zip(FAMILY.variants.get(name, ({},)), FAMILY.example_policies(name), strict=True)
}


def kind_of(policy):
    """The predictions that the policy plays with."""
    for kind in KINDS:
        try:
            Virtual(copy.deepcopy(policy), PagingProblem(cache_size=2, prediction=kind), np.random.default_rng(0))
        except ValueError:
            continue
        return kind
    raise AssertionError(policy)


def trace(n, seed):
    """Requests [n] to pages numbered as they come: a dozen come again and again, others once or twice."""
    luck, pages, seen = np.random.default_rng(seed), [], 0
    for _ in range(n):
        fresh = seen < 3 or luck.random() < 0.3
        page = (
            seen if fresh else int(luck.choice([luck.integers(min(seen, 12)), luck.integers(max(0, seen - 6), seen)]))
        )
        seen = max(seen, page + 1)
        pages.append(page)
    return np.array(pages)


class Watched(PolicyCache):
    """Notes what leaves."""

    left = ()

    def popitem(self):
        item = super().popitem()
        self.left = (*self.left, item[0])
        return item


def cache_of(policy, maxsize, bits=None, ahead=None, seed=3, of=PolicyCache):
    kind = kind_of(policy)
    told = iter([] if kind is None else (ahead if kind == "reuse" else bits).tolist())
    predict = None if kind is None else lambda key: next(told)
    return of(maxsize, policy, predict, kind, seed=np.random.default_rng(seed))


@pytest.mark.parametrize("name", POLICIES)
def test_what_leaves_is_what_a_compiled_run_evicts(name):
    """All requests in one block, numbered for good, against a cache that gives numbers again: same keys, same order."""
    policy, n, k = POLICIES[name], 300, 4
    kind, luck, pages = kind_of(policy), np.random.default_rng(7), trace(n, 5)
    bits, ahead = luck.integers(0, 2, n).astype(np.uint8), luck.geometric(0.1, n)
    run = Virtual(copy.deepcopy(policy), PagingProblem(cache_size=k, prediction=kind), np.random.default_rng(3))
    times = (np.arange(n) + ahead).astype(float)
    faults, gone = run.serve(
        Requests(pages, bits if kind in ("discard", "phase") else bits[:0], times if kind == "reuse" else times[:0])
    )
    cache, start = cache_of(policy, k, bits, ahead, of=Watched), 0
    for page, fault, end in zip(pages.tolist(), faults.tolist(), gone.ends.tolist(), strict=True):
        cache.left, key = (), f"key {page}"
        assert (key not in cache) == fault
        if fault:
            cache[key] = page
        else:
            assert cache[key] == page
        assert cache.left == tuple(f"key {victim}" for victim in gone.pages[start:end])
        start = end
    assert (cache.misses, cache.hits) == (faults.sum(), n - faults.sum())
    assert faults.sum() > 90


FOREVER = ("lfu", "online_min")


@pytest.mark.parametrize("name", POLICIES)
def test_keys_that_have_left_are_forgotten_where_nothing_depends_on_them(name):
    """Of 600 keys in a cache of 10: none but those held, a bounded number, or all, as the class says."""
    policy, n, k = POLICIES[name], 600, 10
    luck = np.random.default_rng(1)
    cache = cache_of(policy, k, luck.integers(0, 2, n), luck.geometric(0.05, n))
    for i in range(n):
        cache[i] = i
    known = len(cache._keys.known())
    if any(f"'{forever}'" in f"'{name.split()[0]}' {name}" for forever in FOREVER):
        assert known == n
    elif any(word in name for word in ("lazy", "combine", "robust", "mark0", "l_marker", "l_non_marker", "predictive")):
        members = 2 if "combine" in name or "robust" in name else 1
        assert known <= members * (5 * k + 64)
    else:
        assert known <= k


@pytest.mark.parametrize("remembered", [0, 3, 40])
def test_lfu_that_remembers_some_keys(remembered):
    """Against counts of the keys held and of the last that left; of equal ones the least recent goes."""
    k, cache = 5, PolicyCache(5, "lfu", remembered=remembered)
    counts, held, gone = {}, [], []
    for page in trace(800, 13).tolist():
        counts[page] = counts.get(page, 0) + 1
        if page in held:
            held.remove(page)
        else:
            if page in gone:
                gone.remove(page)
            if len(held) == k:
                out = min(held, key=lambda key: counts[key])  # the first of equal ones: the least recent
                held.remove(out)
                gone.append(out)
            if len(gone) > remembered:
                del counts[gone.pop(0)]
        held.append(page)
        cache[page] = page
        assert set(cache) == set(held)
        assert len(cache._keys.known()) <= k + remembered
    assert set(cache._keys.known()) == set(counts)


@pytest.mark.parametrize("name", POLICIES)
def test_every_policy_plays_on_when_keys_are_forgotten(name):
    """It stays in its bounds, remembers what it may, and misses neither always nor never."""
    policy, n, k = POLICIES[name], 300, 6
    luck, kind = np.random.default_rng(2), kind_of(POLICIES[name])
    told = iter((luck.geometric(0.1, n) if kind == "reuse" else luck.integers(0, 2, n)).tolist())
    predict = None if kind is None else lambda key: next(told)
    cache = PolicyCache(k, policy, predict, kind, seed=1, remembered=2)
    for page in trace(n, 17).tolist():
        cache[page] = page
        assert len(cache) <= k
        assert len(cache._keys.known()) <= 3 * k + 3
    assert 0.2 * n < cache.misses < n


def test_what_cannot_forget_is_not_told_to():
    with pytest.raises(ValueError, match="remembered must be None for Whole, got 3: it has no method forget"):
        PolicyCache(2, Whole(), remembered=3)
    with pytest.raises(ValueError, match="remembered must be a whole number >= 0, got -1"):
        PolicyCache(2, "lfu", remembered=-1)


def test_the_key_itself_is_given_up():
    class Key:
        pass

    cache, gone = PolicyCache(2, "random_eviction", seed=1), []
    for _ in range(10):
        key = Key()
        gone.append(weakref.ref(key))
        cache[key] = None
    del key
    gc.collect()
    assert sum(ref() is not None for ref in gone) == 2


class Whole(Policy):
    """A policy of somebody's that keeps no account of its cache: it evicts the smallest page."""

    plays = (PagingProblem,)

    def reset(self, problem, rng):
        self.k = problem.cache_size

    def choose(self, request):
        full = not request.hit and len(request.cache) == self.k
        return Eviction((min(request.cache),)) if full else Eviction()

    def update(self, observation, action, feedback):
        pass


def test_a_policy_of_ones_own_keeps_its_pages():
    cache = PolicyCache(2, Whole())
    for key in "abcabd":
        cache[key] = key
    assert len(cache._keys.known()) == 4
    assert list(cache) == ["c", "d"]  # numbers 0 to 3: the smallest leave


LOOKS = {
    "in": lambda c: ("a" in c, "z" in c),
    "len": len,
    "bool": bool,
    "list": list,
    "reversed": lambda c: list(reversed(c)),
    "keys": lambda c: list(c.keys()),
    "values": lambda c: list(c.values()),
    "items": lambda c: list(c.items()),
    "dict": dict,
    "unpacked": lambda c: {**c},
    "union": lambda c: (c | {"z": 9}, {"z": 9} | c),
    "equal": lambda c: (c == {"a": 1, "b": 2}, c != {"a": 1}),
    "repr": repr,
    "peek": lambda c: (c.peek("a"), c.peek("z"), c.peek("z", 3)),
    "missing": lambda c: (c.get("z"), c.get("z", 3), c.pop("z", 4), c.remove("z"), c.setdefault),
    "currsize": lambda c: (c.currsize, c.maxsize, c.getsizeof("abc")),
    "json": json.dumps,
    "copy": copy.copy,
    "method copy": lambda c: c.copy(),
    "deepcopy": copy.deepcopy,
    "pickle": pickle.dumps,
    "update another": lambda c: {}.update(c),
}


@pytest.mark.parametrize("policy", ["lru", "fifo", "clock", "lfu", "random_eviction"])
@pytest.mark.parametrize("look", LOOKS)
def test_looking_has_no_effects(look, policy):
    """What is asked afterwards leaves as if nobody had looked, and nothing was counted."""
    caches = [Watched(3, policy, seed=1) for _ in range(2)]
    for i in range(30):
        for j, cache in enumerate(caches):
            cache["abcdefg"[i * i % 7]] = i
            if i % 3 == 0 and "a" in cache:
                cache["a"]
            if j == 0:
                LOOKS[look](cache)
    assert list(caches[0].items()) == list(caches[1].items())
    assert caches[0].left == caches[1].left
    assert (caches[0].hits, caches[0].misses) == (caches[1].hits, caches[1].misses)


def test_what_looks_tells():
    cache = PolicyCache(3, "lru")
    cache.update(a=1, b=2)
    assert dict(cache) == {**cache} == cache == {"a": 1, "b": 2}
    assert cache | {"c": 3} == {"a": 1, "b": 2, "c": 3}
    assert type(cache | {}) is type(dict(cache)) is dict
    assert (cache.peek("a"), cache.peek("z"), cache.peek("z", 5)) == (1, None, 5)
    assert json.loads(json.dumps(cache)) == cache
    assert (cache.hits, cache.misses) == (0, 2)


def test_what_is_a_request():
    """Reading what is there and setting, by whatever name: each moves the key to the end of LRU's queue."""
    for use in (
        lambda c: c["a"],
        lambda c: c.get("a"),
        lambda c: c.setdefault("a", 9),
        lambda c: c.update(a=1),
        lambda c: c.__setitem__("a", 1),
        lambda c: c.__ior__({"a": 1}),
    ):
        cache = PolicyCache(2, "lru")
        cache.update({"a": 1}, b=2)
        use(cache)
        cache["c"] = 3
        assert cache == {"a": 1, "c": 3}
        assert (cache.hits, cache.misses) == (1, 3)


def test_a_key_that_is_written_again_stays_where_it_is_in_fifo():
    cache = PolicyCache(2, "fifo")
    cache.update(a=1, b=2)
    cache["a"] = 7
    cache["c"] = 3
    assert cache == {"b": 2, "c": 3}


def test_in_place_union_is_a_request_and_no_shortcut():
    cache = Watched(2, "lru")
    cache |= {"a": 1, "b": 2, "c": 3}
    assert isinstance(cache, Watched)
    assert (dict(cache), cache.left) == ({"b": 2, "c": 3}, ("a",))
    with pytest.raises(TypeError, match="fromkeys: make a cache"):
        PolicyCache.fromkeys("ab")


@pytest.mark.parametrize("policy", ["lru", "clock", "lfu", "marker"])
@pytest.mark.parametrize(
    "copied", [copy.copy, copy.deepcopy, lambda c: c.copy(), lambda c: pickle.loads(pickle.dumps(c))]
)
def test_a_copy_goes_on_by_itself_as_this_one_would(copied, policy):
    cache = Watched(4, policy, seed=2)
    pages = trace(120, 3).tolist()
    for page in pages[:60]:
        cache[page] = page
    other, third = copied(cache), copied(cache)
    for page in pages[60:]:
        third["another", page] = page
        cache[page] = page
    for page in pages[60:]:
        other[page] = page
    assert type(other) is Watched
    assert (list(other.items()), other.left, other.hits) == (list(cache.items()), cache.left, cache.hits)


def test_a_copy_shares_keys_and_values():
    class Thing:
        pass

    key, value = Thing(), Thing()
    cache = PolicyCache(2, "lfu")
    cache[key] = value
    other = cache.copy()
    assert other[key] is value
    assert (cache.hits, other.hits) == (0, 1)


def test_removal_by_any_name():
    cache = PolicyCache(3, "clock")
    cache.update(a=1, b=2, c=3)
    assert cache.remove("a") is True
    assert cache.remove("a") is False
    assert cache.pop("b") == 2
    del cache["c"]
    assert cache == {}
    assert (cache.hits, cache.misses) == (0, 3)


def test_sizes_are_refused_with_a_reason():
    with pytest.raises(
        ValueError, match=r"getsizeof must be None, got .*all items have one size, and maxsize is a number"
    ):
        PolicyCache(10, "lru", getsizeof=len)


def test_what_is_missing_is_asked_of_a_subclass():
    class Squares(PolicyCache):
        def __missing__(self, key):
            self[key] = key * key
            return key * key

    cache = Squares(2, "lru")
    assert [cache[3], cache[3], cache.get(4), cache.peek(4)] == [9, 9, None, None]
    assert (cache.hits, cache.misses) == (1, 1)


def test_a_refused_request_changes_nothing():
    """A prediction that is none, a key that cannot be hashed, and a policy that breaks the rules."""
    told = [0, 0, 2, 0]
    cache = PolicyCache(2, Lazy("mark0"), predict=lambda key: told.pop(0), prediction="discard")
    cache.update(a=1, b=2)
    before = (dict(cache), cache.hits, cache.misses)
    for wrong in (lambda: cache.__setitem__("c", 3), lambda: cache.__setitem__([], 3)):
        with pytest.raises((ValueError, TypeError), match=r"0 or 1|unhashable"):
            wrong()
        assert (dict(cache), cache.hits, cache.misses) == before
        assert set(cache._keys.known()) == {"a", "b"}


@pytest.mark.parametrize("options", [{}, {"info": True}])
@pytest.mark.parametrize("policy", ["lru", "lfu", "marker"])
def test_it_serves_cachetools(policy, options):
    """Its decorators run the function as often as a loop does. (``info`` has ``maxsize`` of its own classes alone.)"""
    cachetools = pytest.importorskip("cachetools")
    keys, ran = trace(300, 9).tolist(), []

    def square(x):
        ran.append(x)
        return x * x

    theirs = cachetools.cached(PolicyCache(6, policy, seed=4), **options)(square)
    assert [theirs(x) for x in keys] == [x * x for x in keys]
    alone = PolicyCache(6, policy, seed=4)
    expected = [x for x in keys if alone.get(x) is None and not alone.update({x: 1})]
    assert ran == expected
    assert (theirs.cache.hits, theirs.cache.misses) == (300 - len(ran), len(ran))
    if options:
        info = theirs.cache_info()
        assert (info.hits, info.misses, info.currsize) == (300 - len(ran), len(ran), 6)


def test_it_serves_methods_of_cachetools():
    cachetools = pytest.importorskip("cachetools")

    class Shop:
        def __init__(self):
            self.cache, self.ran = PolicyCache(2, "lru"), 0

        @cachetools.cachedmethod(lambda self: self.cache)
        def double(self, x):
            self.ran += 1
            return 2 * x

    shop = Shop()
    assert [shop.double(x) for x in (1, 2, 1, 3, 2)] == [2, 4, 2, 6, 4]
    assert (shop.ran, shop.cache.hits, shop.cache.misses) == (4, 1, 4)


@pytest.mark.parametrize(("ours", "theirs"), [("lru", "LRUCache"), ("fifo", "FIFOCache")])
def test_what_leaves_is_what_leaves_cachetools(ours, theirs):
    """The same reads and writes of keys that are not there: the same contents after each."""
    cachetools = pytest.importorskip("cachetools")
    mine, other = PolicyCache(5, ours), getattr(cachetools, theirs)(5)
    for page in trace(400, 11).tolist():
        for cache in (mine, other):
            if cache.get(page) is None:
                cache[page] = page
        assert set(mine) == set(other)
