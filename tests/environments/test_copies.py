"""A copied generator goes on as the original would, and leaves it alone."""

import copy
import pickle
import threading

import numpy as np
import pytest

from bandits.seeds import Seeds
from environments.contract import copy_of, streams

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


@pytest.mark.parametrize("make", MAKERS)
@pytest.mark.parametrize("again", [lambda stream: stream, lambda stream: pickle.loads(pickle.dumps(stream))])
@pytest.mark.parametrize("seeds", SEEDS[:-1])
def test_streams_give_what_spawned_generators_do(make, again, seeds):
    spawning, ours = (np.random.Generator(make(seeds())) for _ in range(2))
    for _ in range(2):
        for stream, expected in zip(streams(ours, 3), spawning.spawn(3), strict=True):
            child = expected.spawn(1)[0].random()
            for _ in range(2):  # a run leaves what the next one starts from
                found = copy_of(again(stream))
                assert found.integers(0, 99, 5).tolist() == copy.deepcopy(expected).integers(0, 99, 5).tolist()
                assert found.spawn(1)[0].random() == child


def test_who_takes_a_stream_for_the_generator_it_stands_for_draws_from_it():
    (stream,), (expected,) = (f(np.random.default_rng(3)) for f in (lambda r: streams(r, 1), lambda r: r.spawn(1)))
    assert not hasattr(stream, "_no_such")
    assert not hasattr(stream, "no_such")
    assert stream.random(3).tolist() == expected.random(3).tolist()
    assert stream.spawn(1)[0].random() == expected.spawn(1)[0].random()
    for found in (copy_of(stream), copy_of(pickle.loads(pickle.dumps(stream))), copy.deepcopy(stream), stream):
        assert found.random() == copy.deepcopy(expected).random(), "copies go on from what was drawn"


def test_threads_that_draw_from_one_stream_draw_from_one_generator():
    for seed in range(50):
        (stream,), drawn, barrier = streams(np.random.default_rng(seed), 1), [], threading.Barrier(4)

        def draw(stream=stream, drawn=drawn, barrier=barrier):
            barrier.wait()
            drawn.append(stream.random())

        threads = [threading.Thread(target=draw) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(set(drawn)) == 4


def test_a_generator_that_cannot_spawn_has_no_streams():
    class Fixed(np.random.bit_generator.ISeedSequence):
        def generate_state(self, n_words, dtype=np.uint32):
            return np.zeros(n_words, dtype)

    with pytest.raises(TypeError, match="can spawn"):
        streams(np.random.Generator(np.random.PCG64(Fixed())), 1)
