"""Files of jobs: what is read is what was written, and what numpy reads."""

import zipfile

import numpy as np
import pytest

from experiments.run.store import CHECKSUM, job_file, read_job, write_job

RNG = np.random.default_rng(3)


@pytest.mark.parametrize(
    "array",
    [
        RNG.random((3, 5)),
        RNG.random((5, 3)).T,
        RNG.random((2, 3, 4)),
        np.zeros((0, 7)),
        np.arange(4),
        np.array([True, False]),
        np.array([np.nan, -np.inf, -0.0]),
        RNG.random(1_000).astype(np.float32),
    ],
    ids=lambda array: f"{array.dtype}-{array.shape}",
)
def test_arrays_are_those_that_numpy_reads(tmp_path, array):
    write_job(tmp_path, "abc", {"series/a b": array, "bound/0": np.ones(2)}, {"x": "é"})
    arrays, about = read_job(tmp_path, "abc")
    with np.load(job_file(tmp_path, "abc")) as archive:
        assert sorted(archive.files) == sorted([*arrays, "about"])
        for name, found in arrays.items():
            assert found.dtype == archive[name].dtype
            np.testing.assert_array_equal(found, archive[name])
    np.testing.assert_array_equal(arrays["series/a b"], array)
    assert about == {"x": "é"}


def test_an_archive_is_what_numpy_writes(tmp_path):
    """To the bit, but for its comment: whatever reads ``.npz`` reads it."""
    rng = np.random.default_rng(0)
    arrays = {
        "series/reward": rng.random((16, 50)),
        "turned": rng.random((3, 4)).T,
        "number": np.array(3.5),
        "none": np.empty((0, 7)),
        "whole": np.arange(5),
        "flags": np.array([True, False]),
        "größe": rng.random(2).astype(np.float32),
    }
    write_job(tmp_path, "0" * 24, arrays, {"b": 1, "a": [2]})
    note = np.frombuffer(b'{"a": [2], "b": 1}', dtype=np.uint8)
    np.savez(tmp_path / "by_numpy", **{k: np.ascontiguousarray(a) for k, a in arrays.items()}, about=note)
    path = job_file(tmp_path, "0" * 24)
    plain = (tmp_path / "by_numpy.npz").read_bytes()
    assert path.read_bytes()[: -CHECKSUM - 2] == plain[:-2]  # where the length of the comment is
    with np.load(path) as found:
        assert sorted(found.files) == sorted([*arrays, "about"])
        assert all(np.array_equal(found[name], np.atleast_1d(values)) for name, values in arrays.items())
    with zipfile.ZipFile(path) as archive:
        assert archive.testzip() is None
        assert len(archive.comment) == CHECKSUM
