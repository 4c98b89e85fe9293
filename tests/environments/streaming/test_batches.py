"""Many pulls at once: batches, arrivals passed by, and blocks, against the same pulls one by one."""

import numpy as np
import pytest

from bandits.streaming.problem import CURRENT, Advance, Pull, Store
from environments import Stream
from environments.streaming.environment import ProtocolError


def now(environment):
    """The metrics at the present time."""
    return {name: values[0] for name, values in environment.metrics(np.array([environment.clock])).items()}


MEANS = [0.3, 0.9, 0.55, 0.1, 0.7]


def begun(means=MEANS, seed=1, **options):
    options = {"horizon": 100, "memory": 2, "order": "given", "debug": True} | options
    stream = Stream(means, **options)
    stream.begin(stream.draw(np.random.default_rng(seed)))
    return stream


def test_times_within_batches():
    """Sums grow evenly within a batch; counts are those that the batch began with, whatever came before it."""
    stream = begun()
    stream.transition(Pull(CURRENT, 8))
    stream.transition(Store(0))
    stream.transition(Advance())
    stream.transition(Advance())
    stream.transition(Pull(CURRENT))
    stream.transition(Store(1))
    stream.transition(Pull(1, 10))
    stream.transition(Advance())
    first, single, last = stream.history[0], stream.history[4], stream.history[6]
    assert (first[2:], single[2:], last[2:]) == ((8, 0), (1, 8), (10, 9))
    times = np.arange(1, 20)
    metrics = stream.metrics(times)
    gaps = np.repeat([0.6, 0.35], [8, 11])
    assert metrics["shortfall"] == pytest.approx(-np.cumsum(gaps))
    assert metrics["peak_memory"].tolist() == [0] * 8 + [1] + [2] * 10
    assert metrics["peak_pullable"].tolist() == [1] * 8 + [2] * 11
    assert metrics["arrivals"].tolist() == [1] * 8 + [3] * 11
    rewards = np.diff(metrics["reward"], prepend=0.0)
    for part in (rewards[:8], rewards[9:]):
        assert part == pytest.approx(np.full(len(part), part.mean()))
    assert stream.metrics(np.array([4, 14]))["reward"].tolist() == metrics["reward"][[3, 13]].tolist()


def test_splitting_a_pull_leaves_the_regret():
    one, two = begun(), begun()
    one.transition(Pull(CURRENT, 60))
    two.transition(Pull(CURRENT, 24))
    two.transition(Pull(CURRENT, 36))
    assert now(one)["shortfall"] == pytest.approx(now(two)["shortfall"], rel=1e-15)


def test_a_change_of_batch_is_a_new_draw():
    stream = begun([0.9] * 60, horizon=10**6)
    for i in range(40):
        n = 5 if i in (9, 22) else 400
        total = stream.transition(Pull(CURRENT, n))[0]
        assert (total <= 5) == (n == 5)
        stream.transition(Advance())


def test_passing_by_equals_the_single_steps():
    """Bit for bit, the metrics with their floating-point sums included."""
    stretched, stepwise = (begun("mixed", n_arms=300, horizon=10**7, debug=d) for d in (False, True))
    while stretched.clock < 290 * 1000:
        sums = stretched.block_of_arrivals(1000)
        count = min(len(sums), 290 - stretched.clock // 1000)
        stretched.absorb_arrivals(count)
        for total in sums[:count]:
            assert stepwise.transition(Pull(CURRENT, 1000)) == (total, (total, 1000))
            stepwise.transition(Advance())
        assert now(stretched) == now(stepwise)
    assert stretched.transition(Pull(CURRENT, 1000)) == stepwise.transition(Pull(CURRENT, 1000))
    assert len(stretched.block_of_arrivals(1000)) == 0, "the arriving arm has been pulled"
    times = np.unique(np.linspace(1, stretched.clock, 5000).astype(np.int64))
    for name, values in stretched.metrics(times).items():
        assert values.tolist() == stepwise.metrics(times)[name].tolist()


def test_passing_by_too_many():
    stream = begun("mixed", n_arms=300, horizon=1000)
    for _ in range(5):
        stream.absorb_arrivals(len(stream.block_of_arrivals(100)) and 1)
    assert len(stream.block_of_arrivals(100)) > 1
    held = now(stream)
    with pytest.raises(ProtocolError, match="do not fit"):
        stream.absorb_arrivals(6)
    with pytest.raises(ProtocolError, match="do not fit"):
        stream.absorb_arrivals(1000)
    with pytest.raises(ProtocolError, match="do not fit"):
        stream.absorb_arrivals(0)
    assert now(stream) == held


def test_blocks_equal_the_single_pulls():
    blocks, stepwise = begun(rewards="gaussian", horizon=5000), begun(rewards="gaussian", horizon=5000)
    for stream in (blocks, stepwise):
        for action in (Store(0), Advance(), Store(1), Advance()):
            stream.transition(action)
    rng = np.random.default_rng(5)
    while blocks.clock < 4900:
        actions = rng.integers(0, 3, min(int(rng.integers(1, 700)), 4900 - blocks.clock))
        while len(actions):
            block = blocks.block(len(actions))
            part, actions = actions[: len(block.noise)], actions[len(block.noise) :]
            rewards = block.levels[0, part] + block.noise[: len(part)]
            blocks.absorb(part)
            for place, reward in zip(part.tolist(), rewards.tolist(), strict=True):
                assert stepwise.transition(Pull(CURRENT if place == 2 else place))[0] == reward
        assert now(blocks) == now(stepwise)
    assert blocks.transition(Pull(CURRENT, 50)) == stepwise.transition(Pull(CURRENT, 50))
    assert blocks.history == stepwise.history
    times = np.arange(1, 4951)
    for name, values in blocks.metrics(times).items():
        assert values.tolist() == stepwise.metrics(times)[name].tolist()


def test_a_block_with_an_empty_place_is_refused():
    stream = begun()
    stream.transition(Store(0))
    held = list(stream.history)
    stream.block(4)
    with pytest.raises(ProtocolError, match="empty place"):
        stream.absorb(np.array([0, 1, 0]))
    for places in ([0, 3], [-1, 0], [0] * 101):
        with pytest.raises(ProtocolError, match="do not fit, or name no place"):
            stream.absorb(np.array(places))
    assert stream.clock == 0
    assert held == stream.history
    stream.absorb(np.array([0, 0]))
    assert stream.clock == 2
