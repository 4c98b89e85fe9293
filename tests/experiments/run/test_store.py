"""Files of jobs: what is read is what was written, and what numpy reads."""

import numpy as np
import pytest

from experiments.run.store import job_file, read_job, write_job

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
