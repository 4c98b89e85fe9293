"""Binary traces: numbering, blocks, compression, and environments that read as they go."""

import gzip
import lzma
import pickle
import struct
import tracemalloc

import numpy as np
import pytest

from bandits.paging.problem import Departures
from environments.checks import check_environment
from environments.paging.environment import PagingEnvironment
from environments.paging.traces import binary
from environments.paging.traces.binary import RECORD, BinaryTrace, Numbering
from environments.paging.traces.formats import describe, read_trace


def numbered(ids):
    numbers = {}
    return [numbers.setdefault(i, len(numbers)) for i in np.asarray(ids).tolist()]


def write(path, ids, opener=open):
    records = np.zeros(len(ids), dtype=RECORD)
    records["id"] = ids
    records["time"] = np.arange(len(ids))
    records["size"] = 1
    with opener(path, "wb") as file:
        file.write(records.tobytes())
    return path


def trace(path):
    return {"name": "trace", "parameters": {"path": path}}


def discard(pages):
    """Departures of a policy that keeps nothing: every request is a fault."""
    return Departures(pages, np.arange(1, len(pages) + 1))


def some_ids(n, seed=0):
    rng = np.random.default_rng(seed)
    return rng.integers(0, 2**64, 3000, dtype=np.uint64)[(3000 * rng.random(n) ** 3).astype(int)]


def test_numbering_grows():
    ids = np.concatenate((some_ids(20_000), np.arange(5000, dtype=np.uint64) << np.uint64(40)))
    numbering = Numbering()
    pages = np.concatenate([numbering(part) for part in np.array_split(ids, 7)])
    assert pages.tolist() == numbered(ids)
    assert numbering.count == len(set(ids.tolist()))


@pytest.mark.parametrize("opener", [open, gzip.open, lzma.open])
def test_blocks_in_any_order(tmp_path, monkeypatch, opener):
    monkeypatch.setattr(binary, "BLOCK", 100)
    ids = some_ids(1050)
    trace = BinaryTrace(write(tmp_path / "t.oracleGeneral", ids, opener))
    expected = numbered(ids)
    assert (trace.size, trace.n_pages) == (1050, len(set(expected)))
    for start, stop in ((0, 40), (40, 140), (900, 1050), (10, 20), (0, 1050)):
        pages = trace.read(start, stop)
        assert pages.tolist() == expected[start : start + min(stop - start, 100)]
    copy = pickle.loads(pickle.dumps(trace))
    assert copy.read(500, 520).tolist() == expected[500:520]
    trace.close()
    assert trace.read(1000, 1050).tolist() == expected[1000:]


def test_reading_it_whole(tmp_path):
    ids = some_ids(700)
    pages, n = read_trace(write(tmp_path / "t.oracleGeneral.bin", ids))
    assert (pages.tolist(), n) == (numbered(ids), len(set(ids.tolist())))
    assert read_trace(tmp_path / "t.oracleGeneral.bin", limit=5)[0].tolist() == numbered(ids)[:5]


def test_broken_files(tmp_path):
    path = write(tmp_path / "t.oracleGeneral", some_ids(10))
    path.write_bytes(path.read_bytes()[:-5])
    with pytest.raises(ValueError, match="cut within a record: records have 24 bytes, 19 are left over"):
        read_trace(path)
    path.write_bytes(b"")
    with pytest.raises(ValueError, match="is empty"):
        read_trace(path)
    packed = write(tmp_path / "t.oracleGeneral.gz", some_ids(10_000), gzip.open)
    packed.write_bytes(packed.read_bytes()[:-50])
    with pytest.raises(ValueError, match="is damaged"):
        BinaryTrace(packed)
    with pytest.raises(ValueError, match="format 'oracle-general' takes no options, got 'column'"):
        read_trace(path, "oracle-general", column=2)
    with pytest.raises(FileNotFoundError, match="no trace file"):
        BinaryTrace(tmp_path / "none")


def vscsi(version, ids, sizes=None):
    """A trace of a virtual disk, record by record: fields without gaps, little endian."""
    sizes = [512] * len(ids) if sizes is None else sizes
    data = b""
    for i, (block, size) in enumerate(zip(ids, sizes, strict=True)):
        command, high = 0x2A, version << 8 | 3
        if version == 1:
            data += struct.pack("<IIIHHQQ", i, size, 1, command, high, block, 1000 * i)
        else:
            data += struct.pack("<HHIIIQQQ", command, high, i, size, 1, block, 1000 * i, 7)
    return data


@pytest.mark.parametrize("version", [1, 2])
@pytest.mark.parametrize("opener", [open, gzip.open])
def test_vscsi(tmp_path, monkeypatch, version, opener):
    monkeypatch.setattr(binary, "BLOCK", 64)
    ids = some_ids(500).tolist()
    path = tmp_path / ("t.vscsi" if opener is open else "t.vscsi.gz")
    with opener(path, "wb") as file:
        file.write(vscsi(version, ids, [i % 3 for i in range(500)]))
    pages, n = read_trace(path)
    assert (pages.tolist(), n) == (numbered(ids), len(set(ids)))
    assert f"requests of size 0  {sum(i % 3 == 0 for i in range(500))}" in describe(path)
    environment = PagingEnvironment(5, trace(path), optimum=False, horizon=300)
    environment.begin(environment.draw(np.random.default_rng(0)))
    seen = []
    while environment.clock < 300:
        block = environment.block(300 - environment.clock)
        seen += block.pages.tolist()
        environment.absorb(discard(block.pages))
    assert seen == numbered(ids)[:300]


@pytest.mark.parametrize("n", [1, 2, 5])
def test_short_vscsi(tmp_path, n):
    for version in (1, 2):
        (tmp_path / "t.vscsi").write_bytes(vscsi(version, range(n)))
        assert read_trace(tmp_path / "t.vscsi")[0].tolist() == list(range(n))


def test_vscsi_as_libcachesim_reads_it(tmp_path):
    libcachesim = pytest.importorskip("libcachesim")
    ids = (some_ids(200) >> np.uint64(2)).tolist()
    for version in (1, 2):
        (tmp_path / "t.vscsi").write_bytes(vscsi(version, ids))
        reader = libcachesim.TraceReader(str(tmp_path / "t.vscsi"), libcachesim.TraceType.VSCSI_TRACE)
        assert read_trace(tmp_path / "t.vscsi")[0].tolist() == numbered([request.obj_id for request in reader])


def test_records_of_something_else(tmp_path):
    path = tmp_path / "t"
    path.write_bytes(vscsi(1, range(3)) + vscsi(2, range(20)))
    with pytest.raises(ValueError, match="is no vscsi trace: its records are of neither version 1 nor 2"):
        read_trace(path, "vscsi")
    path.write_bytes(vscsi(1, range(6000)) + vscsi(2, range(20)))
    with pytest.raises(
        ValueError, match=r"no vscsi trace: record 600[0-9] of 32 bytes has version .*must be 1 in its high"
    ):
        read_trace(path, "vscsi")
    path.write_bytes(vscsi(2, range(6)) + b"123")
    with pytest.raises(ValueError, match="records have 40 bytes, 3 are left over"):
        read_trace(path, "vscsi")
    path.write_bytes(b"0,17,4096\n1,4,512\n2,17,51\n" * 24)
    for format in ("vscsi", "oracle-general"):
        with pytest.raises(ValueError, match=f"is no {format} trace"):
            read_trace(path, format)


def test_records_that_end_a_page(tmp_path):
    """No next request is -1 or the largest number, as libCacheSim's tools write it."""
    records = np.zeros(4, dtype=RECORD)
    records["id"], records["next"] = [9, 7, 9, 7], [3, -1, 2**63 - 1, -1]
    (tmp_path / "t.oracleGeneral").write_bytes(records.tobytes())
    assert read_trace(tmp_path / "t.oracleGeneral")[0].tolist() == [0, 1, 0, 1]
    told = describe(tmp_path / "t.oracleGeneral")
    for part in ("oracle-general", "24 bytes: time, id, size, next", "first requests", "9, 7, 9"):
        assert part in told


def test_zstandard(tmp_path):
    zstandard = pytest.importorskip("zstandard", reason="the package zstandard is not installed")
    ids = some_ids(5000)
    path = write(tmp_path / "plain", ids)
    packed = tmp_path / "t.oracleGeneral.zst"
    packed.write_bytes(zstandard.compress(path.read_bytes()))
    trace = BinaryTrace(packed)
    assert trace.read(10, 500).tolist() == numbered(ids)[10:500]
    assert trace.read(0, 50).tolist() == numbered(ids)[:50]


def test_an_environment_reads_as_it_goes(tmp_path, monkeypatch):
    monkeypatch.setattr(binary, "BLOCK", 64)
    ids = some_ids(400)
    path = str(write(tmp_path / "t.oracleGeneral", ids))
    check_environment(lambda: PagingEnvironment(5, trace(path), horizon=300, optimum=False))
    environment = PagingEnvironment(5, trace(path), optimum=False)
    assert environment.horizon == 400
    environment.begin(environment.draw(np.random.default_rng(0)))
    pages = []
    while environment.clock < 400:
        block = environment.block(400 - environment.clock)
        pages += block.pages.tolist()
        environment.absorb(discard(block.pages))
    assert pages == numbered(ids)
    assert environment.metrics(np.array([400]))["faults"] == [400]
    assert set(environment.comparators(np.array([400]))) == {"none", "worst"}
    assert environment.instance().opt is None
    seen = []
    environment.begin(environment.draw(np.random.default_rng(0)))
    for _ in range(400):
        seen.append(environment.observe().page)
        environment.transition(0)
    assert seen == pages
    with pytest.raises(ValueError, match="horizon must be at most 400"):
        PagingEnvironment(5, trace(path), horizon=401, optimum=False)
    whole = PagingEnvironment(5, trace(path))
    assert whole.draw(np.random.default_rng(0)).requests.pages.tolist() == pages


@pytest.mark.slow
def test_memory_does_not_grow_with_the_trace(tmp_path):
    path = str(write(tmp_path / "t.oracleGeneral", some_ids(4_000_000)))

    def peak(horizon):
        tracemalloc.start()
        environment = PagingEnvironment(5, trace(path), horizon=horizon, optimum=False)
        environment.begin(environment.draw(np.random.default_rng(0)))
        while environment.clock < horizon:
            environment.absorb(discard(environment.block(horizon - environment.clock).pages))
        most = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return most

    peak(1000)
    assert peak(4_000_000) < 1.1 * peak(1_000_000) < 40e6
