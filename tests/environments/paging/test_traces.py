"""Readers of traces: round trips, options, and errors that name file and line."""

import gzip
import lzma

import pytest

from environments.paging.traces.formats import BRIGHTKITE_LENGTH, CITI_LENGTH, FORMATS, read_trace

TOKENS = ["b", "a", "b", "42", "ü x", "b", "42"]
NUMBERS = [0, 1, 0, 2, 3, 0, 2]


def write(path, text, opener=open):
    with opener(path, "wb") as file:
        file.write(text.encode() if isinstance(text, str) else text)
    return path


@pytest.mark.parametrize("opener", [open, gzip.open, lzma.open])
def test_text(tmp_path, opener):
    text = "\ufeff" + "\n*\n\n".join(f" {token} " for token in TOKENS) + "\r\n*"
    pages, n = read_trace(write(tmp_path / "trace", text, opener))
    assert (pages.tolist(), n) == (NUMBERS, 4)


def test_limit(tmp_path):
    path = write(tmp_path / "trace.txt", "\n".join(TOKENS))
    pages, n = read_trace(path, limit=3)
    assert (pages.tolist(), n) == (NUMBERS[:3], 2)
    with pytest.raises(ValueError, match="limit must be a whole number >= 1, got 0"):
        read_trace(path, limit=0)


def test_csv(tmp_path):
    rows = "\n".join(f'{i},"{token}, {token}",9' for i, token in enumerate(TOKENS))
    path = write(tmp_path / "trace.csv", f"time,page , size\n{rows}\n")
    assert read_trace(path, column="page")[0].tolist() == NUMBERS
    assert read_trace(path, "csv", column="size")[0].tolist() == [0] * 7
    plain = write(tmp_path / "plain.csv", rows.replace('"', "").replace(", ", ";").replace(",", "|"))
    assert read_trace(plain, column=2, delimiter="|")[0].tolist() == NUMBERS


@pytest.mark.parametrize("heading", ["", "time, obj_id, size\n", "# time, id, size\n"])
def test_libcachesim_csv(tmp_path, heading):
    rows = "\n".join(f"{i}, {token}, 1" for i, token in enumerate(TOKENS))
    path = write(tmp_path / "trace.csv", heading + rows)
    assert read_trace(path, "libcachesim-csv")[0].tolist() == NUMBERS
    if heading.startswith("time"):
        assert read_trace(path, "libcachesim-csv", column="obj_id")[0].tolist() == NUMBERS


def test_brightkite(tmp_path):
    def user(name, length):
        return "".join(f"{name}\t2010-10-17T01:48:53Z\t39.7\t-104.9\t{name}-{i % 7}\n" for i in range(length))

    few, many = BRIGHTKITE_LENGTH - 1, BRIGHTKITE_LENGTH
    path = write(tmp_path / "checkins.txt.gz", user("a", few) + user("b", many) + user("c", many), gzip.open)
    for sequence in (0, 1):
        pages, n = read_trace(path, "brightkite", sequence=sequence)
        assert (pages.tolist(), n) == ([i % 7 for i in range(many)], 7)
    with pytest.raises(ValueError, match=r"sequence must be below 2, .* got 2"):
        read_trace(path, "brightkite", sequence=2)
    broken = write(tmp_path / "broken.txt", "a\tx\t1\t2\tp\na\tx\n")
    with pytest.raises(ValueError, match=r"broken.txt:2: 5 columns .* got 2"):
        read_trace(broken, "brightkite")


def test_citi(tmp_path):
    trips = "".join(f'{i},"2017-01-01 00:00:21","x",{i % 5},"W 4 St, 1"\n' for i in range(CITI_LENGTH + 3))
    path = write(tmp_path / "201701-citibike-tripdata.csv", '"a","b","c","Start Station ID","d"\n' + trips)
    pages, n = read_trace(path, "citi")
    assert (pages.tolist(), n) == ([i % 5 for i in range(CITI_LENGTH)], 5)


@pytest.mark.parametrize("format", ["brightkite", "citi"])
def test_data_that_users_bring_themselves(tmp_path, format):
    with pytest.raises(FileNotFoundError, match=r"no trace file .*missing; it may not be redistributed, get it from"):
        read_trace(tmp_path / "missing", format)


def test_missing_and_empty_files(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"no trace file .*nothing.txt"):
        read_trace(tmp_path / "nothing.txt")
    with pytest.raises(ValueError, match=r"trace file .*empty.txt is empty"):
        read_trace(write(tmp_path / "empty.txt", ""))
    with pytest.raises(ValueError, match="holds no request"):
        read_trace(write(tmp_path / "blank.txt", "\n*\n\n"))
    for name in FORMATS:
        with pytest.raises(ValueError, match="is empty"):
            read_trace(tmp_path / "empty.txt", name)


def test_text_that_cannot_be_decoded(tmp_path):
    with pytest.raises(ValueError, match=r"trace.txt:3: not UTF-8 text"):
        read_trace(write(tmp_path / "trace.txt", b"1\n2\n\xff\n"))


@pytest.mark.parametrize(("opener", "cut"), [(gzip.open, 40), (lzma.open, 60)])
def test_damaged_compressed_files(tmp_path, opener, cut):
    path = write(tmp_path / "trace", "\n".join(str(i * i) for i in range(5000)), opener)
    path.write_bytes(path.read_bytes()[:-cut])
    with pytest.raises(ValueError, match="damaged compressed file"):
        read_trace(path)


def test_zstandard_without_a_reader(tmp_path, monkeypatch):
    def absent(name):
        raise ImportError(name)

    monkeypatch.setattr("environments.paging.traces.files.import_module", absent)
    with pytest.raises(ValueError, match=r"install the package zstandard, use Python 3.14, or unpack it"):
        read_trace(write(tmp_path / "trace.zst", b"\x28\xb5\x2f\xfd1234"))


def test_zstandard(tmp_path):
    zstandard = pytest.importorskip("zstandard", reason="the package zstandard is not installed")
    path = write(tmp_path / "trace.zst", zstandard.compress("\n".join(TOKENS).encode()))
    assert read_trace(path)[0].tolist() == NUMBERS
    broken = write(tmp_path / "broken.zst", path.read_bytes()[:5] + b"\x07" * 40)
    with pytest.raises(ValueError, match="damaged compressed file"):
        read_trace(broken)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"format": "cvs"}, r"format must be one of .* \(did you mean 'csv'\?\)"),
        ({"column": "id"}, r"trace.csv:1: no column 'id' among time, page"),
        ({"column": 3}, r"trace.csv:1: no column 3 in a line of 2"),
        ({"column": "page"}, r"trace.csv:3: no column 2 in a line of 1"),
        ({"column": 0}, "column must be a whole number >= 1"),
        ({"delimiter": ", "}, "delimiter must be one character"),
        ({"sequence": 1}, "format 'csv' takes column, delimiter, got 'sequence'"),
        ({"format": "text", "column": 1}, "format 'text' takes no options, got 'column'"),
        ({"format": "brightkite", "sequence": -1}, "sequence must be a whole number >= 0"),
    ],
)
def test_bad_options(tmp_path, options, message):
    with pytest.raises(ValueError, match=message):
        read_trace(write(tmp_path / "trace.csv", "time,page\n0,7\n1\n"), **options)
