"""Speed of the paging family on one core, beside the simulator libCacheSim where the package libcachesim is installed.

Fault counts must be equal. Zipf requests are 10^6 to 10^5 pages with exponent 1. ``REGRETLAB_LONG=1`` streams 10^8
requests from a file of 2.4 GB in place of 10^7. Tests on published traces need the folder named by ``REGRETLAB_DATA``.
"""

import functools
import itertools
import os

import numpy as np
import pytest
from games import LOOP, ROUNDS, loop, rounds_a_second
from timing import Pairs, measure, peak

from bandits.paging.policy_cache import PolicyCache
from bandits.registry import POLICIES
from environments.paging.environment import PagingEnvironment
from environments.paging.generators import Uniform, Zipf
from environments.paging.hindsight import RequestSequence
from environments.paging.known import forget
from environments.paging.optimum import lfd, next_use
from environments.paging.predictions.sources import PREDICTIONS
from environments.paging.stacks import lru_distances, opt_distances
from environments.paging.tape import Tape
from environments.paging.traces.binary import RECORD
from environments.paging.traces.formats import read_trace
from environments.paging.traces.published import NAMED
from experiments.analysis.results import load
from experiments.run.runner import run
from experiments.study.config import study_of

T, N = 1_000_000, 100_000
SIZES = (10, 100, 1000, 10_000, 100_000)
STREAMED = 100_000_000 if os.environ.get("REGRETLAB_LONG") else 10_000_000


@functools.cache
def zipf():
    """Requests [T]."""
    return Zipf(N, 1.0).draw(T, np.random.default_rng(0))


def write(path, pages, n_pages):
    """An oracleGeneral trace of ``pages``."""
    records = np.zeros(len(pages), RECORD)
    records["time"], records["id"], records["size"] = np.arange(len(pages)), pages, 1
    keys = next_use(pages, n_pages)
    records["next"] = np.where(keys < len(pages), keys, -1)
    records.tofile(path)
    return path


def theirs(name, path, k, **options):
    """Run libCacheSim on a file; its number of misses."""
    import libcachesim

    reader = libcachesim.TraceReader(str(path), libcachesim.TraceType.ORACLE_GENERAL_TRACE)
    misses = getattr(libcachesim, name)(cache_size=k, **options).process_trace(reader)[0]
    return round(misses * reader.get_num_of_req())


def play(name, pages, n_pages, k, kind=None, bits=(), reuse=(), **parameters):
    """Play all requests with a policy of ours in our environment, which recounts the faults; the environment."""
    policy = POLICIES.load(name)(**parameters)
    told = {"name": "oracle", "parameters": {"kind": kind}} if kind else None
    environment = PagingEnvironment(k, Uniform(n_pages), told, horizon=len(pages))
    bits, reuse = np.asarray(bits, np.uint8), np.asarray(reuse, np.float64)
    environment.begin(Tape(RequestSequence(pages, n_pages, k), bits, reuse))
    policy.reset(environment.problem, np.random.default_rng(1))
    policy.advance(environment, len(pages))
    return environment


def misses(name, pages, n_pages, k):
    """Faults of a policy of ours on all requests."""
    return int(play(name, pages, n_pages, k).metrics(np.array([len(pages)]))["faults"][0])


def optimum(pages, n_pages, k):
    """Faults of the offline optimum."""
    return int(lfd(pages, k, n_pages).faults.sum())


@pytest.fixture(scope="module")
def zipf_file(tmp_path_factory):
    """The Zipf requests as a binary trace."""
    return write(tmp_path_factory.mktemp("zipf") / "zipf.oracleGeneral", zipf(), N)


@pytest.mark.parametrize("k", SIZES)
@pytest.mark.parametrize(
    ("name", "their_name", "target", "fitting"),
    [
        ("lru", "LRU", 5.0, False),
        ("lru", "LRU", 1.0, True),
        ("opt", "Belady", 3.0, False),
        ("opt", "Belady", 1.0, True),
    ],
)
def test_zipf_against_libcachesim(record, zipf_file, name, their_name, target, fitting, k):
    """Equal misses; LRU at least 5 times, the optimum (with its truth bits) at least 3 times as fast.

    libCacheSim is run as its package sets it up, with a hash table of 2^24 entries; we are to be no slower than it is
    with one that fits the cache, which its users may ask for.
    """
    pytest.importorskip("libcachesim")
    options = {"hashpower": max(k, 1024).bit_length()} if fitting else {}
    ours = (lambda: optimum(zipf(), N, k)) if name == "opt" else (lambda: misses(name, zipf(), N, k))
    other = lambda: theirs(their_name, zipf_file, k, **options)  # noqa: E731
    assert ours() == other()
    what = f"{'optimum' if name == 'opt' else '`lru`'}, k = {k:,}"
    against = f"libCacheSim {their_name}{', fitting table' if fitting else ''}"
    record(what, measure(ours, other, "request", (T, T), repeats=3), against, 1 / target)


READ = 1_000_000
FORMS = {"plain": "{1}\n", "libcachesim-csv": "{0},{1},512\n", "csv": '{0},"{1}",512\n', "arc": "{1} 1 0 {0}\n"}


def numbered_by_hand(path, delimiter, at):
    """Numbers of ids as the shortest loop gives them, which checks nothing."""
    numbers = {}
    with path.open() as file:
        ids = (line.strip().split(delimiter)[at] for line in file)
        return np.array([numbers.setdefault(token, len(numbers)) for token in ids])


@pytest.mark.parametrize("form", FORMS)
def test_reading_text_against_a_loop(record, tmp_path, form):
    """Checked line by line, at most 3 times as long as the shortest loop in Python, on 10^6 lines."""
    pages = zipf()[:READ].tolist()
    path = tmp_path / "trace"
    path.write_text("".join(FORMS[form].format(i, 7919 * page) for i, page in enumerate(pages)))
    delimiter, at = {"plain": (None, 0), "arc": (None, 0)}.get(form, (",", 1))
    options = {"column": 2} if form == "csv" else {}
    ours, loop = (lambda: read_trace(path, form, **options)[0]), (lambda: numbered_by_hand(path, delimiter, at))
    assert np.array_equal(ours(), loop())
    quoted = ", fields quoted" if form == "csv" else ""
    record(f"reading `{form}`{quoted}", measure(ours, loop, "line", (READ, READ), repeats=3), "a loop in Python", 3.0)


@pytest.mark.parametrize("trace", NAMED)
def test_published_traces_against_libcachesim(trace, tmp_path):
    """Misses of LRU, FIFO and the optimum are equal for all cache sizes."""
    pytest.importorskip("libcachesim")
    if not os.environ.get("REGRETLAB_DATA"):
        pytest.skip("REGRETLAB_DATA names no folder with the traces")
    pages, n_pages = read_trace(trace)
    path = write(tmp_path / "trace.oracleGeneral", pages, n_pages)
    for k in (10, 30, 100, 300, 1000, 3000):
        for name, their_name in (("lru", "LRU"), ("fifo", "FIFO")):
            assert misses(name, pages, n_pages, k) == theirs(their_name, path, k), (name, k)
        assert optimum(pages, n_pages, k) == theirs("Belady", path, k), k


PREDICTED = [
    ("flush_when_all_zeros", {}, "discard"),
    ("flush_when_all_zeros", {"flush": "lazy"}, "discard"),
    ("mark0", {}, "discard"),
    ("follow_bits", {}, "discard"),
    ("lazy", {"policy": "mark0"}, "discard"),
    ("combine_randomised", {"members": ["mark0", "marker"]}, "discard"),
    ("combine_deterministic", {"members": ["flush_when_all_zeros", "lru"]}, "discard"),
    ("mark_and_predict", {}, "phase"),
    ("mark_and_predict", {"tie": "lru"}, "phase"),
    ("blind_oracle", {}, "reuse"),
    ("predictive_marker", {}, "reuse"),
    ("l_marker", {}, "reuse"),
    ("l_non_marker", {}, "reuse"),
    ("robust_ftp", {}, "reuse"),
]
NAMES = ("lru", "fifo", "clock", "flush_when_full", "lfu", "random_eviction", "marker", "online_min")
PLAIN = [(name, {}, "") for name in NAMES]
SOURCES = {
    "discard": {"name": "flip", "parameters": {"kind": "discard", "p": 0.01}},
    "phase": {"name": "flip", "parameters": {"kind": "phase", "p": 0.01}},
    "reuse": {"name": "noisy_reuse", "parameters": {"kind": "reuse", "sigma": 5.0}},
}


def predictions(kind, pages, n_pages, k):
    """Bits a hundredth of which are wrong, or noisy times."""
    if not kind:
        return {}
    requests = RequestSequence(pages, n_pages, k)
    values = PREDICTIONS.build(SOURCES[kind]).predict(requests, np.random.default_rng(2))
    return {"kind": kind, "reuse" if kind == "reuse" else "bits": values}


def titled(name, parameters):
    """The policy as the table names it."""
    values = [", ".join(value) if isinstance(value, list) else str(value) for value in parameters.values()]
    return f"`{name}`" + (f" ({', '.join(values)})" if values else "")


@pytest.mark.parametrize(("name", "parameters", "kind"), PREDICTED)
def test_policies_with_predictions(record, name, parameters, kind):
    """At least 5 M requests/s where the hand-written loop makes 18 M rounds/s."""
    given = predictions(kind, zipf(), N, 1000)
    pairs = measure(lambda: play(name, zipf(), N, 1000, **given, **parameters), loop, "request", (T, ROUNDS), repeats=3)
    record(f"{titled(name, parameters)}, k = 1,000", pairs, LOOP, rounds_a_second(5e6))


@pytest.mark.parametrize(("name", "parameters", "kind"), [*PLAIN, *PREDICTED])
def test_the_cost_of_a_request_grows_no_faster_than_log_k(record, name, parameters, kind):
    """At k = 10^5 at most 10 times as long as at k = 100, on uniform requests to 2 k pages, half of which fault.

    log k grows by 2.5, and tables that no longer fit the near caches cost about as much; sqrt(k) would grow by 32.
    """

    def game(k):
        pages = np.random.default_rng(4).integers(0, 2 * k, T)
        given = predictions(kind, pages, 2 * k, k)
        return lambda: play(name, pages, 2 * k, k, **given, **parameters)

    pairs = measure(game(100_000), game(100), "request", (T, T), repeats=3)
    record(f"{titled(name, parameters)}, k = 100,000", pairs, "k = 100", 10.0)


def stream(path):
    """Play a binary trace as it is read."""
    trace = {"name": "trace", "parameters": {"path": path, "format": "oracle-general"}}
    environment = PagingEnvironment(1000, trace, optimum=False)
    environment.begin(environment.draw(np.random.default_rng(0)))
    player = POLICIES.load("lru")()
    player.reset(environment.problem, np.random.default_rng(1))
    player.advance(environment, environment.horizon)
    assert environment.metrics(np.array([environment.horizon]))["faults"] > 0


def test_a_long_trace_is_streamed_in_bounded_memory(record, tmp_path):
    """Peak memory of 10^7 (10^8) requests from a file is that of 10^6, up to a tenth."""

    def run(requests):
        path = tmp_path / f"{requests}.oracleGeneral"
        with path.open("wb") as file:
            for block in range(requests // T):
                records = np.zeros(T, RECORD)
                records["id"] = Zipf(N, 1.0).draw(T, np.random.default_rng(block))
                records.tofile(file)
        memory = peak(f"import test_paging; test_paging.stream({str(path)!r})")
        path.unlink()
        return memory

    pairs = Pairs((run(STREAMED),), (run(T),), "run", "B")
    record(f"peak memory of {STREAMED:.0e} requests from a file", pairs, "of 1e+06 requests", 1.1)


USES = 100_000


def use(cache, keys):
    """Read each key, and set it where it is missing, as programs do; the number of misses."""
    missing = 0
    for key in keys:
        try:
            cache[key]
        except KeyError:
            cache[key] = key
            missing += 1
    return missing


@pytest.mark.parametrize("k", [100, 10_000, 100_000])
@pytest.mark.parametrize("what", ["hits", "misses", "Zipf requests"])
@pytest.mark.parametrize(("name", "their_name"), [("lru", "LRUCache"), ("fifo", "FIFOCache")])
def test_a_mapping_against_cachetools(record, name, their_name, what, k):
    """A request of `PolicyCache` costs at most 4 times that of the cache of the package cachetools; equal misses.

    To read a key is nothing but a dictionary's reading in their FIFO: 6 times there.
    """
    cachetools = pytest.importorskip("cachetools")
    luck, fresh = np.random.default_rng(5), itertools.count(k, USES)
    held, ours, theirs = list(range(k)), PolicyCache(k, name), getattr(cachetools, their_name)(k)
    seen = luck.integers(0, k, USES).tolist() if what == "hits" else zipf()[:USES].tolist()
    assert use(ours, held) == use(theirs, held) == k

    def keys():
        start = next(fresh) if what == "misses" else 0
        return range(start, start + USES) if what == "misses" else seen

    assert use(ours, seen) == use(theirs, seen)
    pairs = measure(lambda: use(ours, keys()), lambda: use(theirs, keys()), "request", (USES, USES), repeats=3)
    target = 6.0 if (name, what) == ("fifo", "hits") else 4.0
    record(f"`PolicyCache`, `{name}`, {what}, maxsize = {k:,}", pairs, f"cachetools {their_name}", target)


@pytest.mark.parametrize("name", ["clock", "random_eviction", "lfu", "marker", "online_min"])
def test_mappings_of_other_policies_against_cachetools(record, name):
    """Zipf requests, 4 times at most for CLOCK, and 15 times where each request enters compiled code."""
    cachetools = pytest.importorskip("cachetools")
    seen, ours, theirs = zipf()[:USES].tolist(), PolicyCache(1000, name, seed=1), cachetools.LRUCache(1000)
    pairs = measure(lambda: use(ours, seen), lambda: use(theirs, seen), "request", (USES, USES), repeats=3)
    target = 4.0 if name == "clock" else 15.0
    record(f"`PolicyCache`, `{name}`, Zipf requests, maxsize = 1,000", pairs, "cachetools LRUCache", target)


@pytest.mark.parametrize("k", [100, 10_000])
def test_all_cache_sizes_against_one(record, k):
    """Stack distances of LRU cost at most 4 times playing one size, those of the optimum 20 times working out one."""
    pairs = measure(lambda: lru_distances(zipf(), N), lambda: misses("lru", zipf(), N, k), "request", (T, T), repeats=3)
    record("`lru`, all cache sizes", pairs, f"k = {k:,}", 4.0)
    pairs = measure(lambda: opt_distances(zipf(), N), lambda: optimum(zipf(), N, k), "request", (T, T), repeats=3)
    record("optimum, all cache sizes", pairs, f"k = {k:,}", 20.0)


REQUESTS = 1_000_000
"""Of a study that is swept: with 10^6, its jobs and files are a third of the time."""
SWEPT = np.unique(np.geomspace(10, N, 50).round().astype(int)).tolist()


def sizes_study(sizes, with_optimum):
    """A study of LRU at some cache sizes, one replicate of Zipf requests each."""
    zipf = {"name": "zipf", "parameters": {"N": N, "a": 1.0}}
    parameters = {"cache_size": {"sweep": sizes}, "sequence": zipf, "optimum": with_optimum}
    experiment = {"name": "zipf", "horizon": REQUESTS, "environment": {"name": "paging", "parameters": parameters}}
    study = {"name": "sizes", "seed": 1, "replicates": 1, "policies": ["lru"], "experiments": [experiment]}
    return study_of(study)


@pytest.mark.parametrize(("with_optimum", "target"), [(False, 6.0), (True, 10.0)])
def test_a_sweep_over_50_cache_sizes(record, tmp_path, with_optimum, target):
    """LRU at 50 sizes costs at most 6 times one; with the optimum and the best fixed sets, 10 times.

    Nothing is known of the requests at the start. Faults are those of LRU played at each size.
    """
    assert len(SWEPT) == 50
    number = itertools.count()

    def swept(sizes):
        forget()
        folder = tmp_path / str(next(number))
        assert not run(sizes_study(sizes, with_optimum), folder, jobs=1).failed
        return folder

    faults = [r.series["lru"]["faults"][0, -1] for r in load(swept(SWEPT)).experiments.values()]
    assert len(faults) == 50
    for size, found in list(zip(SWEPT, faults, strict=True))[::7]:
        pages = Zipf(N, 1.0).draw(
            REQUESTS, np.random.default_rng(np.random.SeedSequence(1, spawn_key=(0, 0))).spawn(2)[0]
        )
        assert found == misses("lru", pages, N, size)
    pairs = measure(lambda: swept(SWEPT), lambda: swept([1000]), "study", repeats=3)
    what = "`run`, 50 cache sizes of `lru`" + (" with optimum and fixed sets" if with_optimum else "")
    record(what, pairs, "one size", target)
