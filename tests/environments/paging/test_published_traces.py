"""Named traces: where they are looked for, and what is refused."""

import gzip
import hashlib
import lzma

import numpy as np
import pytest

from environments.paging.traces import published
from environments.paging.traces.formats import read_trace
from environments.paging.traces.published import NAMED, NamedTrace, locate


@pytest.fixture
def trace(tmp_path, monkeypatch):
    """A named trace "mine" with empty folders, its published file, and the list of downloads."""
    packed = lzma.compress(np.array([900, 7, 900, 2**31, 7], dtype=">u4").tobytes())
    text = b"0\n1\n0\n2\n1\n"
    monkeypatch.setitem(NAMED, "mine", NamedTrace(hashlib.sha256(text).hexdigest(), "mine.xz", published._numbers))
    monkeypatch.setenv("REGRETLAB_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("REGRETLAB_CACHE", str(tmp_path / "cache"))
    for folder in ("data", "cache"):
        (tmp_path / folder / "traces").mkdir(parents=True)
    asked = []

    def download(url):
        asked.append(url)
        return packed

    monkeypatch.setattr(published, "_download", download)
    return tmp_path, text, asked


def test_the_data_folder_comes_first(trace):
    folder, text, asked = trace
    for place in ("data", "cache"):
        (folder / place / "traces" / "mine.txt").write_bytes(text)
    assert locate("mine") == folder / "data" / "traces" / "mine.txt"
    assert not asked


def test_then_the_cache(trace, monkeypatch):
    folder, text, asked = trace
    monkeypatch.delenv("REGRETLAB_DATA")
    (folder / "cache" / "traces" / "mine.txt").write_bytes(text)
    assert locate("mine") == folder / "cache" / "traces" / "mine.txt"
    assert not asked


def test_then_a_download_which_is_kept(trace):
    folder, text, asked = trace
    pages, n = read_trace("mine")
    assert (pages.tolist(), n) == ([0, 1, 0, 2, 1], 3)
    assert asked == [NAMED["mine"].url]
    assert [path.name for path in (folder / "cache" / "traces").iterdir()] == ["mine.txt"]
    assert locate("mine").read_bytes() == text
    assert len(asked) == 1


def test_another_version_is_refused(trace):
    folder, _, _ = trace
    (folder / "data" / "traces" / "mine.txt").write_bytes(b"0\n")
    with pytest.raises(ValueError, match=r"mine.txt is another version of the trace: its SHA-256 is"):
        locate("mine")


def test_what_is_said_when_nothing_helps(trace, monkeypatch):
    def fail(url):
        raise OSError("no network")

    monkeypatch.setattr(published, "_download", fail)
    with pytest.raises(FileNotFoundError) as caught:
        locate("mine")
    for part in ("traces/mine.txt", NAMED["mine"].url, NAMED["mine"].sha256, "REGRETLAB_DATA", "no network"):
        assert part in str(caught.value)


def test_block_traces_keep_the_plain_numbers():
    assert published._lines(gzip.compress(b"12\n*\n\n 7 \nx1\n12\n")) == b"12\n7\n12\n"


def test_a_part_of_a_trace():
    packed = lzma.compress(np.array([5, 3, 5, 9], dtype=">u4").tobytes())
    assert published._numbers(packed, limit=3) == b"0\n1\n0\n"
