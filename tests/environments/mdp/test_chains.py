"""Named Markov decision processes against their definitions, row by row, and what they refuse."""

import re

import numpy as np
import pytest

from environments import AverageMDP
from environments.mdp.chains import ENTERED, PAYING, STAYING
from environments.mdp.models import MODELS, tables_of
from environments.mdp.rooms import MAP


def tables(name, **parameters):
    return tables_of({"name": name, "parameters": parameters})


@pytest.mark.parametrize("n", [2, 3, 6])
@pytest.mark.parametrize(
    ("variant", "first", "middle", "last"),
    [
        ("osband", (0.4, 0.6), (0.05, 0.6, 0.35), (0.4, 0.6)),
        ("soft", (0.65, 0.35), (0.05, 0.6, 0.35), (0.4, 0.6)),
        ("strehl", (0.7, 0.3), (0.1, 0.6, 0.3), (0.7, 0.3)),
    ],
)
def test_rivers(n, variant, first, middle, last):
    found = tables("riverswim", n=n, variant=variant, left=0.25)
    table = found.model.dense()[0]
    for s in range(n):
        left, right = {max(s - 1, 0): 1.0}, {s - 1: middle[0], s: middle[1], s + 1: middle[2]}
        if s in (0, n - 1):
            right = {s: first[0], s + 1: first[1]} if s == 0 else {s - 1: last[0], s: last[1]}
        for action, row in enumerate((left, right)):
            assert {t: p for t, p in enumerate(table[s, action].tolist()) if p} == row
    assert np.argwhere(found.rewards).tolist() == [[0, 0], [n - 1, 1]]
    assert (found.rewards[0, 0], found.rewards[n - 1, 1]) == (0.25, 1.0)
    assert found.start.tolist() == [1.0] + [0.0] * (n - 1)


def test_jumps_take_from_the_state_aimed_at():
    plain = tables("riverswim", variant="strehl").model.dense()[0]
    found = tables("jump_riverswim")
    e, target = 0.01 / 6, {0: lambda s: max(s - 1, 0), 1: lambda s: min(s + 1, 5)}
    for s in range(6):
        for action in range(2):
            for t in range(6):
                change = -5 * e if t == target[action](s) else e
                assert found.model.dense()[0][s, action, t] == pytest.approx(plain[s, action, t] + change, abs=1e-15)
    assert found.rewards[0, 0] == 0.2


def test_the_hard_pair():
    found = tables("jao", delta=0.1, eps=0.05, A=4, best=2)
    table = found.model.dense()[0]
    assert table[0, :, 1] == pytest.approx([0.1, 0.1, 0.15, 0.1])
    assert table[1, :, 0] == pytest.approx([0.1] * 4)
    assert found.rewards.tolist() == [[0.0] * 4, [1.0] * 4]
    assert not found.hard
    assert tables("jao", hard=True).hard


def test_six_arms():
    found = tables("sixarms")
    for action in range(6):
        assert found.model.row(0, action)[1].max() == max(ENTERED[action], 1.0 - ENTERED[action])
        for arm in range(6):
            stays = STAYING[arm] == action
            assert found.model.row(arm + 1, action)[0].tolist() == [arm + 1 if stays else 0]
            assert found.rewards[arm + 1, action] == (PAYING[arm] / 6000.0 if stays else 0.0)


def test_four_rooms():
    assert [len(line) for line in MAP.splitlines()] == [13] * 13
    assert MAP.count(" ") == 104
    found = tables("fourrooms", slip=0.3)
    assert found.start[0] == 1.0  # the cell (1, 1) is the first
    states, shares = found.model.row(0, 1)  # east, from the corner: north and west are walls
    assert dict(zip(states.tolist(), shares.tolist(), strict=True)) == pytest.approx({0: 0.2, 1: 0.7, 10: 0.1})
    assert found.model.row(103, 2)[0].tolist() == [0]
    assert np.argwhere(found.rewards)[:, 0].tolist() == [103] * 4


def test_every_model_that_stays_the_same_can_be_one_life():
    """Without arguments; those with tables of their own a stage, and those that need arguments, apart."""
    lives = set(MODELS) - {"table", "lock", "gymnasium"}
    assert {"riverswim", "jump_riverswim", "toggle", "jao", "sixarms", "garnet", "fourrooms"} <= lives
    for name in lives:
        environment = AverageMDP(name, horizon=1000)
        environment.reset(seed=1)
        environment.transition(0)


@pytest.mark.parametrize(
    ("name", "parameters", "message"),
    [
        ("riverswim", {"n": 1}, "n must be a whole number >= 2, got 1"),
        ("riverswim", {"n": 2.5}, "n must be a whole number >= 2, got 2.5"),
        ("riverswim", {"variant": "osbant"}, "variant must be one of osband, soft, strehl, got 'osbant' (did you mean"),
        ("riverswim", {"left": 1.5}, "left must be a finite number in [0, 1], got 1.5"),
        ("riverswim", {"n": 10**9}, "n must be lower, got too much: a river of 1000000000 states takes"),
        ("jao", {"A": 10**9}, "A must be lower, got too much: a table of 1000000000 actions takes"),
        ("garnet", {"n_states": 10**9, "branching": 1}, "n_states, n_actions or branching must be lower, got too much"),
        ("jump_riverswim", {"n": 5000}, "n must be a whole number in 2..3000, got 5000"),
        ("jump_riverswim", {"jump": 0.3}, "jump must be a finite number in [0, 0.3), got 0.3"),
        ("toggle", {"p": 0.0}, "p must be a finite number in (0, 1), got 0.0"),
        ("toggle", {"q": -0.1}, "q must be a finite number in [0, 1], got -0.1"),
        ("toggle", {"slip": 2}, "slip must be a finite number in [0, 1], got 2"),
        ("toggle", {"ra": 2.0}, "ra must be a finite number in [0, 1], got 2.0"),
        ("jao", {"delta": 0.0}, "delta must be a finite number in (0, 1], got 0.0"),
        ("jao", {"eps": 0.96}, "eps must be a finite number in [0, 0.95], got 0.96"),
        ("jao", {"A": 0}, "A must be a whole number >= 1, got 0"),
        ("jao", {"best": 3}, "best must be a whole number in 0..2, got 3"),
        ("jao", {"hard": 1}, "hard must be true or false, got 1"),
        ("garnet", {"branching": 11}, "branching must be a whole number in 1..10, got 11"),
        ("garnet", {"seed": -1}, "seed must be a whole number >= 0, got -1"),
        ("fourrooms", {"slip": -0.1}, "slip must be a finite number in [0, 1], got -0.1"),
        ("sixarms", {"slip": 0.1}, "slip"),
        ("table", {}, "transitions"),
    ],
)
def test_bad_parameters(name, parameters, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        AverageMDP({"name": name, "parameters": parameters}, horizon=1000)
