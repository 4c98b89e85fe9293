"""Standard normal variables by a kernel are those of numpy's generators, and leave these in the same state."""

import subprocess
import sys

import numba  # noqa: F401
import numpy as np
import pytest

from bandits.normals import KINDS, MANY, standard_normal


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
@pytest.mark.parametrize("shape", [(0,), (1,), (MANY - 1,), (MANY,), (3, MANY), (400_000,)])
def test_they_are_those_of_numpy(kind, shape):
    ours, theirs = np.random.Generator(kind(7)), np.random.Generator(kind(7))
    ours.integers(5, dtype=np.int32), theirs.integers(5, dtype=np.int32)  # leaves half a word behind
    out = np.full(shape, np.nan)
    assert standard_normal(ours, out) is out
    np.testing.assert_array_equal(out, theirs.standard_normal(shape))
    assert (
        ours.integers(2**31, size=3, dtype=np.int32).tolist() == theirs.integers(2**31, size=3, dtype=np.int32).tolist()
    )
    assert ours.random() == theirs.random()


def test_a_generator_of_someone_s_own_draws_itself():
    class Zeros(np.random.Generator):
        def standard_normal(self, size=None, dtype=np.float64, out=None):
            out[:] = 0.0
            return out

    assert not standard_normal(Zeros(np.random.PCG64(1)), np.ones(2 * MANY)).any()


def test_other_memory_is_refused_as_numpy_does():
    for out in (np.empty(MANY, dtype=np.float32), np.empty((MANY, 2))[:, 0]):
        with pytest.raises((TypeError, ValueError)):
            standard_normal(np.random.default_rng(1), out)


def test_memory_in_fortran_s_order_is_filled_as_numpy_does():
    ours, theirs = np.empty((MANY, 2), order="F"), np.empty((MANY, 2), order="F")
    standard_normal(np.random.default_rng(1), ours), np.random.default_rng(1).standard_normal(out=theirs)
    np.testing.assert_array_equal(ours, theirs)


def test_without_numba_they_do_not_load_it():
    code = """
import sys, numpy as np
from bandits.normals import standard_normal
drawn = standard_normal(np.random.default_rng(3), np.empty(5000))
assert "numba" not in sys.modules
print(repr(float(drawn.sum())))
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert float(done.stdout) == float(np.random.default_rng(3).standard_normal(5000).sum())
