"""A copied generator goes on as the original would, and leaves it alone."""

import copy
import pickle

import numpy as np
import pytest

from bandits.seeds import Seeds
from environments.contract import copy_of

MAKERS = [np.random.PCG64, np.random.PCG64DXSM, np.random.MT19937, np.random.Philox, np.random.SFC64]

SEEDS = [
    lambda: Seeds(7, (3, 1)),
    lambda: np.random.SeedSequence(7, spawn_key=(3, 1)),
    lambda: np.random.SeedSequence([7, 2**40]),
    lambda: np.random.SeedSequence(7, pool_size=8),
    lambda: np.random.SeedSequence(np.array([7, 8], dtype=np.uint32)),
    lambda: np.random.SeedSequence(),
]


@pytest.mark.parametrize("make", MAKERS)
@pytest.mark.parametrize(
    "again", [lambda rng: rng, copy_of, copy.deepcopy, lambda rng: pickle.loads(pickle.dumps(rng))]
)
@pytest.mark.parametrize("seeds", SEEDS)
def test_draws_and_children_are_the_same(make, again, seeds):
    rng = np.random.Generator(make(seeds()))
    rng.spawn(2), rng.random(3), rng.integers(0, 9, dtype=np.int32)  # half of a word is kept
    before, expected = pickle.dumps(rng), copy.deepcopy(rng)
    found = again(copy_of(rng))
    for _ in range(2):
        assert (
            found.integers(0, 1 << 30, 5, dtype=np.int32).tolist()
            == expected.integers(0, 1 << 30, 5, np.int32).tolist()
        )
        children = zip(found.spawn(2), expected.spawn(2), strict=True)
        assert all(mine.random() == theirs.random() for mine, theirs in children)
    assert pickle.dumps(rng) == before
