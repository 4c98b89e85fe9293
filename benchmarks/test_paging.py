"""Speed of the paging family on one core, beside the simulator libCacheSim where the package libcachesim is installed.

Fault counts must be equal; speeds are ratios of CPU seconds within one run, absolute numbers are printed beside. Zipf
requests are 10^6 to 10^5 pages with exponent 1. Run with ``make bench``; ``REGRETLAB_LONG=1`` streams 10^8 requests
from a file of 2.4 GB in place of 10^7. Tests on published traces need the folder named by ``REGRETLAB_DATA``.
"""

import functools
import os
import statistics
import subprocess
import sys
import time

import numpy as np
import pytest
from test_arms import ROUNDS as REFERENCE_ROUNDS
from test_arms import reference

from bandits import Problem
from bandits.paging.policy import Requests
from bandits.registry import POLICIES
from environments.paging.generators import Zipf
from environments.paging.hindsight import Instance
from environments.paging.optimum import lfd, next_use
from environments.paging.predictions.sources import prediction_source
from environments.paging.traces.binary import RECORD
from environments.paging.traces.formats import read_trace
from environments.paging.traces.published import NAMED

T, N = 1_000_000, 100_000
SIZES = (10, 100, 1000, 10_000, 100_000)
STREAMED = 100_000_000 if os.environ.get("REGRETLAB_LONG") else 10_000_000


def ratio(first, second, pairs=5):
    """Median over pairs of (CPU seconds of first / of second), and the medians of both; one warm-up each."""
    first(), second()
    times = [(cpu_seconds(first), cpu_seconds(second)) for _ in range(pairs)]
    medians = [statistics.median(column) for column in zip(*times, strict=True)]
    return statistics.median(a / b for a, b in times), medians[0], medians[1]


def cpu_seconds(function):
    """CPU seconds of one call: what else the machine does counts little."""
    start = time.process_time()
    function()
    return time.process_time() - start


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


def play(name, pages, n_pages, k, bits=None, reuse=None, kind="", **parameters):
    """Play all requests with a policy of ours; its number of faults."""
    policy = POLICIES.load(name)(**parameters)
    problem = Problem("paging", "full", k, len(pages), -1.0, 0.0, items=n_pages, memory=k, prediction=kind)
    policy.reset(problem, np.random.default_rng(1))
    faults = np.empty(len(pages), np.uint8)
    none = np.empty(0, np.uint8), np.empty(0)
    policy.play(Requests(pages, none[0] if bits is None else bits, none[1] if reuse is None else reuse), faults)
    return int(faults.sum())


def optimum(pages, n_pages, k):
    """Faults of the offline optimum."""
    return int(lfd(pages, k, n_pages).faults.sum())


@pytest.fixture(scope="module")
def zipf_file(tmp_path_factory):
    """The Zipf requests as a binary trace."""
    return write(tmp_path_factory.mktemp("zipf") / "zipf.oracleGeneral", zipf(), N)


@pytest.mark.parametrize("k", SIZES)
@pytest.mark.parametrize(("name", "their_name", "target"), [("lru", "LRU", 5.0), ("opt", "Belady", 3.0)])
def test_zipf_against_libcachesim(zipf_file, name, their_name, target, k):
    """Equal misses; LRU at least 5 times, the optimum (with its truth bits) at least 3 times as fast.

    libCacheSim is run as its package sets it up, with a hash table of 2^24 entries. What it does with one that fits the
    cache, which its users may ask for, is printed beside.
    """
    pytest.importorskip("libcachesim")
    ours = (lambda: optimum(zipf(), N, k)) if name == "opt" else (lambda: play(name, zipf(), N, k))
    assert ours() == theirs(their_name, zipf_file, k)
    times, their_time, our_time = ratio(lambda: theirs(their_name, zipf_file, k), ours)
    fitting = {"hashpower": max(k, 1024).bit_length()}
    fitted, fitted_time, _ = ratio(lambda: theirs(their_name, zipf_file, k, **fitting), ours)
    speeds = [T / seconds / 1e6 for seconds in (our_time, their_time, fitted_time)]
    print(f"\n{name}, k = {k}: {speeds[0]:.1f} M requests/s, libCacheSim {speeds[1]:.2f} M (ratio {times:.1f})")
    print(f"  with a fitting hash table {speeds[2]:.2f} M (ratio {fitted:.1f})")
    assert times >= target


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
            assert play(name, pages, n_pages, k) == theirs(their_name, path, k), (name, k)
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
    "discard": {"kind": "discard", "source": "flip", "p": 0.01},
    "phase": {"kind": "phase", "source": "flip", "p": 0.01},
    "reuse": {"kind": "reuse", "source": "noisy_reuse", "sigma": 5.0},
}


def predictions(kind, pages, n_pages, k):
    """Bits a hundredth of which are wrong, or noisy times."""
    if not kind:
        return {}
    source = prediction_source(SOURCES[kind])[1]
    values = source.predict(Instance(pages, n_pages, k), kind, np.random.default_rng(2))
    return {"kind": kind, "reuse" if kind == "reuse" else "bits": values}


@pytest.mark.parametrize(("name", "parameters", "kind"), PREDICTED)
def test_policies_with_predictions(name, parameters, kind):
    """At least 5 M requests/s where the hand-written UCB1 loop makes 18 M rounds/s (k = 1000)."""
    given = predictions(kind, zipf(), N, 1000)
    times, ours, loop = ratio(lambda: play(name, zipf(), N, 1000, **given, **parameters), reference, pairs=3)
    share = T / REFERENCE_ROUNDS / times
    print(f"\n{name} {parameters or ''}: {T / ours / 1e6:.1f} M requests/s")
    print(f"  hand-written UCB1 {REFERENCE_ROUNDS / loop / 1e6:.1f} M rounds/s")
    assert share >= 5.0 / 18.0


@pytest.mark.parametrize(("name", "parameters", "kind"), [*PLAIN, *PREDICTED])
def test_the_cost_of_a_request_grows_no_faster_than_log_k(name, parameters, kind):
    """At k = 10^5 at most 10 times as long as at k = 100, on uniform requests to 2 k pages, half of which fault.

    log k grows by 2.5, and tables that no longer fit the near caches cost about as much; sqrt(k) would grow by 32.
    """

    def game(k):
        pages = np.random.default_rng(4).integers(0, 2 * k, T)
        given = predictions(kind, pages, 2 * k, k)
        return lambda: play(name, pages, 2 * k, k, **given, **parameters)

    times, large, small = ratio(game(100_000), game(100), pairs=3)
    print(
        f"\n{name} {parameters or ''}: {large / T * 1e9:.0f} ns at k = 10^5, {small / T * 1e9:.0f} at 100 ({times:.1f})"
    )
    assert times <= 10.0


def stream(path, policy="lru", k=1000):
    """Play a binary trace as it is read; prints faults, requests a second and the peak memory in MB."""
    import resource

    from environments.paging.world import PagingWorld

    start = time.perf_counter()
    world = PagingWorld(k, {"trace": path, "format": "oracle-general"}, optimum=False)
    world.begin(world.draw(np.random.default_rng(0)))
    player = POLICIES.load(policy)()
    player.reset(world.problem, np.random.default_rng(1))
    player.advance(world, world.horizon)
    speed = world.horizon / (time.perf_counter() - start)
    print(world.ledger()["faults"], speed, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)


def test_a_long_trace_is_streamed_in_bounded_memory(tmp_path):
    """Peak memory of 10^7 (10^8) requests from a file is that of 10^6, up to 20 MB."""

    def run(requests):
        path = tmp_path / f"{requests}.oracleGeneral"
        with path.open("wb") as file:
            for block in range(requests // T):
                records = np.zeros(T, RECORD)
                records["id"] = Zipf(N, 1.0).draw(T, np.random.default_rng(block))
                records.tofile(file)
        code = f"import test_paging; test_paging.stream({str(path)!r})"
        folder = os.path.dirname(__file__)
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=folder, check=True)
        path.unlink()
        faults, speed, peak = map(float, done.stdout.split())
        print(f"\n{requests:.0e} requests: {faults:.0f} faults, {speed / 1e6:.1f} M requests/s, peak {peak:.0f} MB")
        return peak

    assert run(STREAMED) <= run(T) + 20
