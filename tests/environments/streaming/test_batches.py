"""Many pulls at once: batches, arrivals passed by, and blocks, against the same pulls one by one."""

import numpy as np
import pytest

from bandits.streaming.protocol import CURRENT, Advance, Pull, Store
from environments import Stream
from environments.streaming.world import ProtocolError

MEANS = [0.3, 0.9, 0.55, 0.1, 0.7]


def begun(means=MEANS, seed=1, **options):
    options = {"horizon": 100, "memory": 2, "order": "given", "debug": True} | options
    world = Stream(means, **options)
    world.begin(world.draw(np.random.default_rng(seed)))
    return world


def test_mark_is_the_state_before_the_last_batch():
    world = begun()
    world.transition(Pull(CURRENT, 7))
    before = (world.clock, dict(world.ledger()))
    world.transition(Pull(CURRENT, 9))
    assert (world.mark[0], dict(world.mark[1])) == before


def test_splitting_a_pull_leaves_the_regret():
    one, two = begun(), begun()
    one.transition(Pull(CURRENT, 60))
    two.transition(Pull(CURRENT, 24))
    two.transition(Pull(CURRENT, 36))
    assert one.ledger()["shortfall"] == pytest.approx(two.ledger()["shortfall"], rel=1e-15)


def test_a_change_of_batch_is_a_new_draw():
    world = begun([0.9] * 60, horizon=10**6)
    for i in range(40):
        n = 5 if i in (9, 22) else 400
        total = world.transition(Pull(CURRENT, n))[0]
        assert (total <= 5) == (n == 5)
        world.transition(Advance())


def test_passing_by_equals_the_single_steps():
    """Bit for bit, the ledger with its floating-point sums included."""
    stretched, stepwise = (begun("mixed", n_arms=300, horizon=10**7, debug=d) for d in (False, True))
    while stretched.clock < 290 * 1000:
        sums = stretched.arrivals(1000)
        count = min(len(sums), 290 - stretched.clock // 1000)
        stretched.pass_by(count)
        for total in sums[:count]:
            assert stepwise.transition(Pull(CURRENT, 1000)) == (total, (total, 1000))
            stepwise.transition(Advance())
        assert stretched.ledger() == stepwise.ledger()
    assert stretched.transition(Pull(CURRENT, 1000)) == stepwise.transition(Pull(CURRENT, 1000))
    assert len(stretched.arrivals(1000)) == 0, "the arriving arm has been pulled"


def test_passing_by_too_many():
    world = begun("mixed", n_arms=300, horizon=1000)
    for _ in range(5):
        world.pass_by(len(world.arrivals(100)) and 1)
    assert len(world.arrivals(100)) > 1
    held = world.ledger()
    with pytest.raises(ProtocolError, match="do not fit"):
        world.pass_by(6)
    with pytest.raises(ProtocolError, match="do not fit"):
        world.pass_by(1000)
    assert world.ledger() == held


def test_blocks_equal_the_single_pulls():
    blocks, stepwise = begun(rewards="gaussian", horizon=5000), begun(rewards="gaussian", horizon=5000)
    for world in (blocks, stepwise):
        for action in (Store(0), Advance(), Store(1), Advance()):
            world.transition(action)
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
        assert blocks.ledger() == stepwise.ledger()
    assert blocks.transition(Pull(CURRENT, 50)) == stepwise.transition(Pull(CURRENT, 50))
    assert blocks.history == stepwise.history


def test_a_block_with_an_empty_place_is_refused():
    world = begun()
    world.transition(Store(0))
    held = list(world.history)
    world.block(4)
    with pytest.raises(ProtocolError, match="empty place"):
        world.absorb(np.array([0, 1, 0]))
    assert world.clock == 0
    assert held == world.history
    world.absorb(np.array([0, 0]))
    assert world.clock == 2
