"""The mapping that a paging policy drives: against slow references, the compiled path, and other packages' caches."""

import importlib.util
import math
import pickle
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bandits import Policy
from bandits.paging import FAMILY
from bandits.paging.lazy import Lazy
from bandits.paging.policy_cache import PolicyCache
from bandits.paging.problem import Eviction, PagingProblem
from bandits.paging.virtual import member

EXAMPLES = Path(__file__).parents[3] / "examples"
NAMES = [name for name in FAMILY.policies if {} in FAMILY.variants.get(name, ({},))]


def letters(n, n_keys, seed):
    """Keys [n] as strings, numbered by first appearance."""
    rng = np.random.default_rng(seed)
    raw = np.minimum(rng.geometric(3.0 / n_keys, n) - 1, n_keys - 1)
    numbers = {}
    pages = [numbers.setdefault(int(page), len(numbers)) for page in raw]
    return pages, [f"key {page}" for page in pages]


def use(cache, keys):
    """Read each key, set it where it is missing; whether it was missing."""
    missing = []
    for key in keys:
        try:
            assert cache[key] == key.upper()
            missing.append(False)
        except KeyError:
            cache[key] = key.upper()
            missing.append(True)
        assert len(cache) <= cache.maxsize
    return missing


@pytest.mark.parametrize("name", NAMES)
def test_every_policy_faults_as_in_a_world(paging, name):
    pages, keys = letters(300, 12, 5)
    policy, rng = member(name, "policy"), np.random.default_rng(8)
    bits = rng.integers(0, 2, 300) if policy.prediction in ("discard", "phase") else None
    ahead = rng.geometric(0.1, 300) if policy.prediction == "reuse" else None
    told = iter([] if bits is None and ahead is None else (bits if bits is not None else ahead).tolist())
    predict = None if policy.prediction is None else lambda key: next(told)
    cache = PolicyCache(4, name, predict, seed=np.random.default_rng(3))
    reuse = None if ahead is None else np.arange(300) + ahead
    expected = paging.faults(policy, pages, 4, bits, reuse, seed=3, n_pages=None)
    assert use(cache, keys) == expected.tolist()
    assert cache.misses == expected.sum()
    assert cache.hits == 300 - expected.sum()


class Slow:
    """A policy on lists of keys: what is cached is ``slots``, from which a deleted key is simply taken."""

    def __init__(self, k):
        self.k, self.slots, self.time = k, [], 0
        self.uses, self.last, self.used = Counter(), {}, {}

    def request(self, key):
        self.time += 1
        self.uses[key] += 1
        self.last[key] = self.time
        if key not in self.slots:
            if len(self.slots) == self.k:
                self.evict()
            self.slots.append(key)
        self.used[key] = True

    def delete(self, key):
        self.slots.remove(key)


class SlowLRU(Slow):
    def evict(self):
        self.delete(min(self.slots, key=self.last.get))


class SlowFIFO(Slow):
    def evict(self):
        del self.slots[0]


class SlowLFU(Slow):
    def evict(self):
        self.delete(min(self.slots, key=lambda key: (self.uses[key], self.last[key])))


class SlowClock(Slow):
    """The keys stand from the hand on."""

    def evict(self):
        while self.used[self.slots[0]]:
            self.used[self.slots[0]] = False
            self.slots.append(self.slots.pop(0))
        del self.slots[0]


class SlowRandom(Slow):
    """What is evicted leaves its slot to the key requested, what is deleted to the last one."""

    def request(self, key):
        uniform = self.rng.random()
        if key in self.slots:
            return
        if len(self.slots) < self.k:
            self.slots.append(key)
        else:
            self.slots[int(uniform * self.k)] = key

    def delete(self, key):
        self.slots[self.slots.index(key)] = self.slots[-1]
        self.slots.pop()


class SlowFlush(Slow):
    def evict(self):
        self.slots.clear()


class SlowLazy:
    """A policy on the side, and the keys that are really there, of which one leaves when it must."""

    def __init__(self, virtual):
        self.virtual, self.slots, self.last = virtual, [], {}

    def request(self, key):
        self.virtual.request(key)
        if key not in self.slots:
            if len(self.slots) == self.virtual.k:
                self.slots.remove(min(set(self.slots) - set(self.virtual.slots), key=self.last.get))
            self.slots.append(key)
        self.last[key] = max(self.last.values(), default=0) + 1

    def delete(self, key):
        self.slots.remove(key)
        if key in self.virtual.slots:
            self.virtual.delete(key)


SLOW = {
    "lru": SlowLRU,
    "fifo": SlowFIFO,
    "lfu": SlowLFU,
    "clock": SlowClock,
    "random_eviction": SlowRandom,
    "flush_when_full": SlowFlush,
}


@pytest.mark.parametrize("lazy", [False, True])
@pytest.mark.parametrize("name", SLOW)
@settings(max_examples=80, deadline=None)
@given(steps=st.lists(st.tuples(st.sampled_from("ggsssssddplr"), st.integers(0, 7)), max_size=80), k=st.integers(1, 5))
def test_deletion_is_exact(name, lazy, steps, k):
    """Reading, setting, deleting, popping and looking, against keys on lists, after every step."""
    cache, slow = PolicyCache(k, Lazy(name) if lazy else name, seed=np.random.default_rng(3)), SLOW[name](k)
    rng = np.random.default_rng(3)
    slow.rng = rng.spawn(1)[0] if lazy else rng
    if lazy:
        slow = SlowLazy(slow)
    for verb, key in steps:
        if verb == "g":
            hit = key in cache
            assert (cache.get(key) is not None) == hit
            if hit:
                slow.request(key)
        elif verb == "s":
            cache[key] = key
            slow.request(key)
        elif verb == "p":
            if cache:
                gone = cache.popitem()[0]
                if name == "lru" or (name == "fifo" and not lazy):
                    assert gone == min(slow.slots, key=slow.last.get if name == "lru" else slow.slots.index)
                slow.delete(gone)
        elif verb == "l":
            assert dict(cache) == {**cache} == cache == {key: key for key in slow.slots}
            assert (cache.peek(key), len(cache.copy())) == (key if key in slow.slots else None, len(slow.slots))
        elif verb == "r":
            assert cache.remove(key) == (key in slow.slots)
            if key in slow.slots:
                slow.delete(key)
        elif key in cache:
            del cache[key]
            slow.delete(key)
        else:
            with pytest.raises(KeyError):
                del cache[key]
        assert set(cache) == set(slow.slots) == {key for key in range(8) if key in cache}
        assert cache.currsize == len(cache) == len(slow.slots)


def test_a_fifo_is_one_after_a_deletion():
    cache = PolicyCache(2, "fifo")
    cache["a"] = cache["b"] = 0
    del cache["a"]
    cache["a"] = 0
    cache["c"] = 0
    assert sorted(cache) == ["a", "c"]


@pytest.mark.parametrize("lazy", [False, True])
@pytest.mark.parametrize("name", NAMES)
def test_who_knows_of_no_deletions_refuses_them_by_name(name, lazy):
    """Nothing changes then: the cache goes on as if nobody had tried."""
    policy = member(name, "policy")
    kind, described = policy.prediction, Lazy(policy) if lazy else policy
    predict = None if kind is None else lambda key: 5 if kind == "reuse" else 0
    caches = [PolicyCache(5, described, predict, kind, seed=1) for _ in range(2)]
    for key in letters(100, 14, 15)[1]:
        for cache in caches:
            cache[key] = key
        if name in SLOW:
            continue
        for delete, arguments in (("pop", (key,)), ("pop", (key, None)), ("__delitem__", (key,)), ("popitem", ())):
            with pytest.raises(
                TypeError, match=rf"{type(policy).__name__}\(.*no method remove.*: take one of"
            ) as error:
                getattr(caches[0], delete)(*arguments)
        assert all(known in str(error.value) for known in SLOW)
        assert caches[0].pop("no such key", 3) == 3
        assert dict(caches[0].items()) == dict(caches[1].items())
    if name in SLOW:
        assert caches[0].pop(key) == key
        assert key not in caches[0]


class Failing(PolicyCache):
    """Cannot bear an item's leaving."""

    fails = False

    def popitem(self):
        if self.fails:
            raise OSError("no room on the disk")
        return super().popitem()


def test_what_could_not_leave_leaves_with_the_next_request():
    cache = Failing(2, "flush_when_full")
    cache.update(a=1, b=2)
    cache.fails = True
    with pytest.raises(OSError, match="no room"):
        cache["c"] = 3
    cache.fails = False
    del cache["a"]
    cache["d"] = 4
    assert sorted(cache) == ["d"]
    cache["c"] = 3
    cache["e"] = 5
    assert sorted(cache) == ["e"]


@pytest.mark.parametrize("name", ["random_eviction", "online_min"])
def test_a_seed_is_no_other_stream_of_that_seed(name):
    """Zipf keys drawn with the seed of the cache: on average as many misses as with another seed.

    With one stream for both, what is evicted goes with what is requested: RANDOM missed 53 of 100 keys in place of 65.
    """
    weights = 1 / np.arange(1, 101)

    def misses(keys, seed):
        cache = PolicyCache(10, name, seed=seed)
        use(cache, keys)
        return cache.misses / len(keys)

    differences = []
    for seed in range(16):
        pages = np.random.default_rng(seed).choice(100, 600, p=weights / weights.sum())
        keys = [f"key {page}" for page in pages]
        differences.append(misses(keys, seed) - misses(keys, np.random.default_rng(10**6 + seed)))
    assert abs(np.mean(differences)) < 4 * np.std(differences, ddof=1) / 4


def test_a_generator_is_used_as_it_is():
    _, keys = letters(300, 12, 3)
    same, other = (use(PolicyCache(4, "marker", seed=np.random.default_rng(s)), keys) for s in (5, 5))
    assert same == other
    assert use(PolicyCache(4, "marker", seed=5), keys) == use(PolicyCache(4, "marker", seed=5), keys) != same


def test_what_could_not_be_stored_is_not_popped():
    """The policy holds "c", which was never stored: it goes unseen."""
    cache = Failing(2, "fifo")
    cache.update(a=1, b=2)
    cache.fails = True
    with pytest.raises(OSError, match="no room"):
        cache["c"] = 3
    cache.fails = False
    assert [cache.popitem(), cache.popitem()] == [("a", 1), ("b", 2)]
    with pytest.raises(KeyError, match="empty"):
        cache.popitem()
    cache.update(c=4, d=5, e=6)
    assert cache == {"d": 5, "e": 6}


class Watched(PolicyCache):
    """Notes what leaves."""

    def __init__(self, *args, **kwargs):
        self.left = []
        super().__init__(*args, **kwargs)

    def popitem(self):
        self.left.append(super().popitem())
        return self.left[-1]


def test_what_leaves_goes_through_popitem():
    cache = Watched(2, "lru")
    cache.update(a=1, b=2)
    assert cache["a"] == 1
    cache["c"] = 3
    cache["a"] = 4
    cache["d"] = 5
    assert cache.left == [("b", 2), ("c", 3)]
    assert dict(cache.items()) == {"a": 4, "d": 5}


class Writing(PolicyCache):
    """Writes down in itself what leaves, as caches in two parts do."""

    def popitem(self):
        item = super().popitem()
        if item[0] != "last":
            self["last"] = item[0]
        return item


@pytest.mark.parametrize("maxsize", [1, 3])
@pytest.mark.parametrize("name", ["lru", "fifo", "clock", "lfu", "random_eviction", "flush_when_full", "marker"])
def test_what_is_set_while_something_leaves_keeps_the_size(name, maxsize):
    """The key that is being set may leave again for what its victim sets; the policy holds what the cache holds."""
    cache = Writing(maxsize, name, seed=1)
    for key in range(40):
        cache[key] = key
        assert len(cache) <= maxsize
    cache.clear()
    cache.update(zip(range(maxsize), "abc", strict=False))
    assert [cache[key] for key in range(maxsize)] == list("abc")[:maxsize]


def test_a_value_that_could_not_be_set_is_not_there():
    cache = Failing(2, "lru")
    cache.update(a=1, b=2)
    cache.fails = True
    for _ in range(5):
        with pytest.raises(OSError, match="no room"):
            cache["c"] = 3
        assert dict(cache) == {"a": 1, "b": 2}
    with pytest.raises(OSError, match="no room"):
        cache["b"] = 4
    assert dict(cache) == {"a": 1, "b": 2}
    cache.fails = False
    cache["b"] = 5
    assert dict(cache) == {"b": 5}


def test_a_flush_empties_the_cache():
    cache = Watched(3, "flush_when_all_zeros", predict=lambda key: 0)
    cache.update(a=1, b=2, c=3, d=4)
    assert sorted(cache.left) == [("a", 1), ("b", 2), ("c", 3)]
    assert list(cache) == ["d"]


def test_an_item_may_leave_at_once():
    cache = Watched(2, "mark0", predict=lambda key: int(key == "x"))
    cache.update(a=1, x=2)
    assert dict(cache.items()) == {"a": 1}
    assert cache.left == [("x", 2)]
    assert cache.setdefault("x", 7) == 7
    assert "x" not in cache


def test_an_item_read_for_the_last_time():
    last = set()
    cache = Watched(2, "mark0", predict=lambda key: int(key in last))
    cache["a"] = 1
    last.add("a")
    assert cache["a"] == 1
    assert cache.left == [("a", 1)]
    assert not cache


def test_the_lazy_wrapper_keeps_what_fits():
    cache = PolicyCache(2, Lazy("mark0"), predict=lambda key: 1, prediction="discard")
    cache.update(a=1, b=2)
    assert dict(cache.items()) == {"a": 1, "b": 2}


@pytest.mark.parametrize(
    ("name", "order"), [("lru", "bca"), ("fifo", "abc"), ("lfu", "bca"), ("flush_when_full", None), ("clock", None)]
)
def test_popitem_by_hand(name, order):
    cache = PolicyCache(4, name, seed=1)
    cache.update(a=1, b=2, c=3)
    assert cache["a"] == 1
    popped = [cache.popitem() for _ in range(3)]
    assert sorted(popped) == [("a", 1), ("b", 2), ("c", 3)]
    if order is not None:
        assert "".join(key for key, _ in popped) == order
    assert len(cache) == 0
    with pytest.raises(KeyError, match="empty"):
        cache.popitem()


def test_looking_asks_the_policy_nothing():
    cache = PolicyCache(2, "lru")
    cache.update(a=1, b=2)
    assert "a" in cache
    assert "z" not in cache
    assert list(cache.keys()) == ["a", "b"]
    assert list(cache.values()) == [1, 2]
    assert cache == {"a": 1, "b": 2}
    with pytest.raises(KeyError, match="z"):
        cache["z"]
    assert cache.pop("z", None) is None
    assert (cache.hits, cache.misses) == (0, 2)
    cache["c"] = 3
    assert list(cache) == ["b", "c"]
    assert cache.pop("b") == 2
    assert repr(cache) == "PolicyCache(2, LRU(), currsize=1)"


def test_clearing_begins_anew():
    cache = PolicyCache(3, "lfu")
    _, keys = letters(100, 8, 7)
    first = use(cache, keys)
    cache.clear()
    assert (len(cache), cache.hits, cache.misses) == (0, 0, 0)
    assert use(cache, keys) == first


def test_it_pickles_in_mid_run():
    _, keys = letters(400, 12, 9)
    cache = PolicyCache(4, "online_min", seed=2)
    use(cache, keys[:200])
    other = pickle.loads(pickle.dumps(cache))
    assert use(cache, keys[200:]) == use(other, keys[200:])


def test_keys_that_are_equal_are_one_and_any_hashable_serves():
    cache = PolicyCache(3, "lru")
    cache[1], cache[1.0], cache[("a", None)] = "int", "float", "tuple"
    assert dict(cache.items()) == {1: "float", ("a", None): "tuple"}
    with pytest.raises(TypeError, match="unhashable"):
        cache[[]] = 1


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((0, "lru"), "maxsize must be a whole number >= 1, got 0"),
        ((2, "ucb1"), "policy must be a paging policy"),
        (
            (2, "lur"),
            r"did you mean 'lfu' or 'lru'\?\); policies that play PagingProblem: blind_oracle, clock, ",
        ),
        ((2, "mark0"), "predict must be given: Mark0 needs discard predictions"),
        ((2, "lru", lambda key: 0), "prediction must be one of discard, phase, reuse, got ''"),
        ((2, Lazy("mark0")), "Mark0 needs discard predictions, the environment gives none"),
        ((2, "mark0", lambda key: 0, "phase"), "Mark0 needs discard predictions, the environment gives phase ones"),
    ],
)
def test_bad_arguments(arguments, message):
    with pytest.raises(ValueError, match=message):
        PolicyCache(*arguments)


@pytest.mark.parametrize("told", [2, -1, 0.5, math.nan, None])
def test_bad_bits(told):
    cache = PolicyCache(2, "mark0", predict=lambda key: told)
    with pytest.raises(ValueError, match=r"predict must give 0 or 1 for key 'a', got"):
        cache["a"] = 1
    assert len(cache) == 0


@pytest.mark.parametrize("told", [0, -3.0, math.nan])
def test_bad_times(told):
    cache = PolicyCache(2, "blind_oracle", predict=lambda key: told)
    with pytest.raises(ValueError, match=r"number of requests > 0 for key 'a', got"):
        cache["a"] = 1


class Rude(Policy):
    """Evicts nothing, or what is not there."""

    plays = (PagingProblem,)

    def __init__(self, page=None):
        self.page = page

    def reset(self, problem, rng):
        pass

    def choose(self, observation):
        return Eviction(() if self.page is None else (self.page,))

    def update(self, observation, action, feedback):
        pass


@pytest.mark.parametrize(("page", "message"), [(None, "leaves no room for page 1"), (5, "evicts page 5")])
def test_a_policy_that_breaks_the_rules(page, message):
    cache = PolicyCache(1, Rude(page))
    with pytest.raises(RuntimeError, match=message):
        cache.update(a=1, b=2)


def test_it_serves_a_decorator_of_cachetools():
    cachetools = pytest.importorskip("cachetools")
    calls = []

    @cachetools.cached(PolicyCache(2, "lru"))
    def square(x):
        calls.append(x)
        return x * x

    assert [square(x) for x in (1, 2, 1, 3, 2, 1)] == [1, 4, 1, 9, 4, 1]
    assert calls == [1, 2, 3, 2, 1]


def simulator():
    """The adapter of libCacheSim, where that is installed."""
    pytest.importorskip("libcachesim")
    return importlib.import_module("regretlab.adapters.libcachesim")


def example(name):
    """An example script as a module."""
    spec = importlib.util.spec_from_file_location(name, EXAMPLES / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_example_of_a_mapping(capsys):
    example("paging_mapping").main()
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines[:4]] == ["LRU", "LFU", "FlushWhenAllZeros", "Mark0,"]


def test_the_example_of_libcachesim(capsys):
    pytest.importorskip("libcachesim")
    example("paging_libcachesim").main()
    theirs, ours, told = (int(line.split(":")[1].split()[0]) for line in capsys.readouterr().out.splitlines())
    assert theirs == ours > told


@pytest.mark.parametrize(("ours", "theirs"), [("lru", "LRU"), ("fifo", "FIFO")])
def test_a_policy_drives_a_cache_of_libcachesim(ours, theirs):
    libcachesim = pytest.importorskip("libcachesim")
    script = simulator()
    pages, _ = letters(3000, 60, 10)
    assert script.misses(script.plugin(16, ours), pages) == script.misses(getattr(libcachesim, theirs)(16), pages)


def test_in_libcachesim_two_clocks_differ_in_the_bit_of_what_is_loaded():
    """Theirs is ours but for the bit with which a page comes: 0 in place of 1."""
    libcachesim = pytest.importorskip("libcachesim")
    script, (pages, _) = simulator(), letters(3000, 60, 10)

    def slow(bit):
        clock, missed = SlowClock(16), 0
        for page in pages:
            missing = page not in clock.slots
            clock.request(page)
            clock.used[page] = bit or not missing
            missed += missing
        return missed

    assert script.misses(script.plugin(16, "clock"), pages) == slow(True)
    assert script.misses(libcachesim.Clock(16), pages) == slow(False) != slow(True)


@pytest.mark.parametrize("name", ["lfu", "clock", "marker", "online_min", "flush_when_full"])
def test_in_libcachesim_it_misses_as_in_a_world_of_ours(paging, name):
    script = simulator()
    pages, _ = letters(1000, 30, 12)
    expected = paging.faults(Lazy(name), pages, 8, seed=6, n_pages=None)
    assert script.misses(script.plugin(8, name, seed=np.random.default_rng(6)), pages) == expected.sum()


def test_bits_drive_a_cache_of_libcachesim(paging):
    script = simulator()
    pages, _ = letters(500, 20, 11)
    _, bits = paging.lfd(pages, 5)
    told = iter(bits)
    cache = script.plugin(5, "flush_when_all_zeros", predict=lambda page: next(told), prediction="discard")
    assert script.misses(cache, pages) == sum(paging.lfd(pages, 5)[0])


@pytest.mark.parametrize("seed", range(3))
def test_in_libcachesim_lru_stays_lru_after_removals(seed):
    """Hits, contents and evictions are those of libCacheSim's own LRU, of which keys are removed by hand."""
    libcachesim = pytest.importorskip("libcachesim")
    script = simulator()
    pages, _ = letters(1500, 30, 20 + seed)
    rng = np.random.default_rng(seed)
    ours, theirs = script.plugin(8, "lru"), libcachesim.LRU(8)
    request = libcachesim.Request()
    for page in pages:
        request.obj_id, request.obj_size = int(page), 1
        assert ours.get(request) == theirs.get(request)
        assert ours.get_n_obj() == theirs.get_n_obj()
        if rng.random() < 0.15:
            gone = int(rng.integers(30))
            request.obj_id = gone
            if theirs.find(request, False) is not None:
                assert ours.remove(gone)
                assert theirs.remove(gone)


def test_in_libcachesim_pages_have_one_size():
    """Objects of another size are refused by name: paging has no answer to them."""
    libcachesim = pytest.importorskip("libcachesim")
    script = simulator()
    pages, _ = letters(1000, 40, 31)
    expected = script.misses(libcachesim.LRU(16), pages)
    assert script.misses(script.plugin(16, "lru", size=4096), pages, 4096) == expected
    cache, request = script.plugin(16, "lru"), libcachesim.Request()
    request.obj_id, request.obj_size = 7, 512
    with pytest.raises(ValueError, match="object 7 has size 512, and all must have size 1"):
        cache.get(request)


def test_in_libcachesim_a_trace_is_played_without_its_sizes(tmp_path):
    libcachesim = pytest.importorskip("libcachesim")
    script, rng = simulator(), np.random.default_rng(3)
    records = np.zeros(2000, dtype=[("time", "<u4"), ("id", "<u8"), ("size", "<u4"), ("next", "<i8")])
    records["id"], records["size"], records["next"] = rng.zipf(1.3, 2000) % 200, rng.integers(1, 9, 2000), -1
    (tmp_path / "t.oracleGeneral").write_bytes(records.tobytes())

    def ratio(cache, **options):
        init = libcachesim.ReaderInitParam(**options)
        kind = libcachesim.TraceType.ORACLE_GENERAL_TRACE
        return cache.process_trace(libcachesim.TraceReader(str(tmp_path / "t.oracleGeneral"), kind, init))[0]

    ours, theirs = script.plugin(20, "lru"), libcachesim.LRU(20)
    assert ratio(ours, ignore_obj_size=True) == ratio(theirs, ignore_obj_size=True)
    with pytest.raises(ValueError, match=r"object \d+ has size [2-8], and all must have size 1: set obj_size, or"):
        ratio(script.plugin(20, "lru"))


def test_in_libcachesim_a_reader_gives_our_pages(tmp_path):
    """Requests of size 0 count where the reader gives them, and only there; numbers come as pages appear."""
    libcachesim = pytest.importorskip("libcachesim")
    script = simulator()
    records = np.zeros(6, dtype=[("time", "<u4"), ("id", "<u8"), ("size", "<u4"), ("next", "<i8")])
    records["id"], records["size"], records["next"] = [70, 2**63 + 1, 70, 5, 2**63 + 1, 5], [1, 0, 1, 3, 1, 0], -1
    (tmp_path / "t.oracleGeneral").write_bytes(records.tobytes())

    def reader(**options):
        kind, init = libcachesim.TraceType.ORACLE_GENERAL_TRACE, libcachesim.ReaderInitParam(**options)
        return libcachesim.TraceReader(str(tmp_path / "t.oracleGeneral"), kind, init)

    skips, gives = reader(), reader(ignore_size_zero_req=False)
    assert len(skips) == len(gives) == 6
    assert script.pages_of(skips).tolist() == [0, 0, 1, 2]
    assert script.pages_of(gives).tolist() == [0, 1, 0, 2, 1, 2]
    assert script.misses(libcachesim.LRU(1), script.pages_of(skips)) == 3


def test_in_libcachesim_ids_that_are_texts_are_told_apart_or_refused(tmp_path):
    libcachesim = pytest.importorskip("libcachesim")
    script = simulator()
    (tmp_path / "t.csv").write_text("time,id,size\n0,a,1\n1,b,1\n2,a,1\n3,c,1\n")

    def reader(**options):
        init = libcachesim.ReaderInitParam(has_header=True, delimiter=",", **options)
        init.time_field, init.obj_id_field, init.obj_size_field = 1, 2, 3
        return libcachesim.TraceReader(str(tmp_path / "t.csv"), libcachesim.TraceType.CSV_TRACE, init)

    assert script.pages_of(reader(obj_id_is_num=False)).tolist() == [0, 1, 0, 2]
    with pytest.raises(ValueError, match=r"got 4 requests for object 0: .*obj_id_is_num=False"):
        script.pages_of(reader())
    with pytest.raises(ValueError, match="must give requests, got none"):
        script.pages_of([])


def test_in_libcachesim_a_small_s3_fifo_holds_nothing():
    """What the adapter's page says of the simulator: if this changes, so does the page."""
    libcachesim = pytest.importorskip("libcachesim")
    assert simulator().misses(libcachesim.S3FIFO(19), [1, 1, 1]) == 3
    assert simulator().misses(libcachesim.S3FIFO(20), [1, 1, 1]) == 1


def test_in_libcachesim_bad_arguments_are_refused_at_once():
    with pytest.raises(ValueError, match=r"predict must be given: Lazy|Mark0 needs discard predictions"):
        simulator().plugin(4, "mark0")
    with pytest.raises(ValueError, match="size must be a whole number >= 1, got 0"):
        simulator().plugin(4, "lru", size=0)
