"""Standard normal variables by a kernel are those of numpy's generators, and leave these in the same state."""

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

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
    unaligned = np.zeros(8 * MANY + 1, dtype=np.uint8)[1:].view(np.float64)
    for out in (np.empty(MANY, dtype=np.float32), np.empty((MANY, 2))[:, 0], unaligned):
        with pytest.raises((TypeError, ValueError)):
            standard_normal(np.random.default_rng(1), out)


def test_memory_in_fortran_s_order_is_filled_as_numpy_does():
    ours, theirs = np.empty((MANY, 2), order="F"), np.empty((MANY, 2), order="F")
    standard_normal(np.random.default_rng(1), ours), np.random.default_rng(1).standard_normal(out=theirs)
    np.testing.assert_array_equal(ours, theirs)


@pytest.mark.filterwarnings("ignore:the matrix subclass:PendingDeprecationWarning")
@pytest.mark.parametrize("kind", [np.matrix, np.ma.masked_array], ids=lambda kind: kind.__name__)
def test_other_kinds_of_arrays_are_filled_as_numpy_does(kind):
    out = kind(np.zeros((2, MANY)))
    assert standard_normal(np.random.default_rng(1), out) is out
    np.testing.assert_array_equal(np.asarray(out), np.random.default_rng(1).standard_normal((2, MANY)))


def test_threads_that_share_a_generator_draw_each_number_once():
    shared, found = np.random.default_rng(3), np.empty((4, 40, MANY))
    standard_normal(np.random.default_rng(1), np.empty(MANY))  # compiles

    def fill(rows):
        for row in rows:
            standard_normal(shared, row)

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(fill, found))
    np.testing.assert_array_equal(
        np.sort(found, axis=None), np.sort(np.random.default_rng(3).standard_normal(found.size))
    )


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
