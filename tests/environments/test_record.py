"""The record of a run against a plain list of all it was told."""

import math
import pickle
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bandits.arms.problem import Block
from environments.arms.choices import choices
from environments.record import FEW, KEPT, Plays, Record


def plainly(rows, time):
    """The value at a time by a walk over all rows (time, value), the first of which is (0, 0)."""
    for (start, before), (end, after) in pairwise(rows):
        if time == start:
            return before
        if start < time < end:
            return before + (time - start) / (end - start) * (after - before)
    return rows[-1][1]


@settings(deadline=None)
@given(
    st.lists(
        st.one_of(
            st.tuples(st.just("step"), st.integers(1, 4), st.floats(-5, 5)),
            st.tuples(st.just("stretch"), st.lists(st.floats(-5, 5), min_size=1, max_size=9)),
            st.tuples(st.just("look"), st.floats(0, 1)),
        ),
        min_size=1,
        max_size=30,
    )
)
def test_any_mixture_of_steps_and_stretches(told):
    record, rows = Record(["a", "b"]), [(0, 0.0)]
    for kind, *what in told:
        time, total = rows[-1]
        if kind == "step":
            rows.append((time + what[0], total + what[1]))
            record.step(rows[-1][0], (rows[-1][1], -rows[-1][1]))
        elif kind == "stretch":
            rows += [(time + 1 + i, v) for i, v in enumerate(total + np.cumsum(what[0]))]
            record.stretch(time, np.array([[v, -v] for _, v in rows[-len(what[0]) :]]))
        else:
            at = round(what[0] * time)
            assert record.at(np.array([at]))["a"].tolist() == [plainly(rows, at)]
    times = np.arange(rows[-1][0] + 1)
    found = pickle.loads(pickle.dumps(record)).at(times)
    assert found["a"].tolist() == [plainly(rows, t) for t in times]
    assert (found["a"] == -found["b"]).all()


@settings(deadline=None, max_examples=50)
@given(
    st.lists(st.tuples(st.integers(0, 2 * FEW), st.integers(0, 9), st.booleans()), min_size=1, max_size=5),
    st.sampled_from([1.0, -1.0]),
    st.sampled_from([1.0, -1.0, 0.3]),
    st.randoms(use_true_random=False),
)
def test_plays_are_added_up_as_if_round_by_round(parts, sign, scale, random):
    """Whenever they are asked for, and whatever was recorded between."""
    record, rows, rng = Record(["reward", "level"]), [(0.0, 0.0)], np.random.default_rng(random.randrange(1 << 30))
    for number, steps, binary in parts:
        levels, noise = rng.random(number), -rng.random(number)
        if number:
            record.plays(len(rows) - 1, Plays(levels, noise, binary, sign, scale))
        for level, reward in zip(levels.tolist(), (levels + scale * noise).tolist(), strict=True):
            paid = float(reward > 0.0) if binary else reward
            rows.append((rows[-1][0] + sign * paid, rows[-1][1] + sign * level))
        for _ in range(steps):
            rows.append((rows[-1][0] + 0.1, rows[-1][1] - 0.3))
            record.step(len(rows) - 1, rows[-1])
        assert record.last.tolist() == list(rows[-1])
        times = np.array(random.sample(range(len(rows)), min(len(rows), 3)))  # in any order
        assert record.at(times)["level"].tolist() == [rows[t][1] for t in times]
    found = pickle.loads(pickle.dumps(record)).at(np.arange(len(rows)))
    assert list(zip(found["reward"].tolist(), found["level"].tolist(), strict=True)) == rows


@settings(deadline=None, max_examples=50)
@given(
    st.lists(
        st.tuples(st.integers(1, 2 * FEW), st.sampled_from(["plays", "choices", "steps"]), st.booleans()),
        min_size=1,
        max_size=6,
    ),
    st.sampled_from([(), (0,), (1,), (1, 0), (0.4, 0.9), (0.9, 0.1), (0.5, 0.5, 1)]),
    st.integers(0, 1 << 30),
)
def test_rounds_are_added_up_only_when_they_are_asked_for(parts, asked, seed):
    record, rows, rng = Record(["reward", "level"]), [(0.0, 0.0)], np.random.default_rng(seed)
    for number, kind, binary in parts:
        levels, noise = rng.random(5), -rng.random(number)
        arms, start = rng.integers(0, 5, number), len(rows) - 1
        for level, reward in zip(levels[arms].tolist(), (levels[arms] + noise).tolist(), strict=True):
            rows.append((rows[-1][0] + (float(reward > 0.0) if binary else reward), rows[-1][1] + level))
            if kind == "steps":
                record.step(len(rows) - 1, rows[-1])
        if kind == "plays":
            record.plays(start, Plays(levels[arms], noise, binary))
        elif kind == "choices":
            played = choices(Block(levels[None], 0, noise, binary), arms)
            levels[:] = math.nan  # the caller's own
            record.plays(start, played)
    times = np.round(np.array(asked) * (len(rows) - 1)).astype(np.int64)
    found = pickle.loads(pickle.dumps(record)).at(times)
    assert list(zip(found["reward"].tolist(), found["level"].tolist(), strict=True)) == [rows[t] for t in times]
    assert record.last.tolist() == list(rows[-1])
    assert record.at(times)["reward"].tolist() == [rows[t][0] for t in times]


@pytest.mark.parametrize("arm", [-1, 3, 1 << 16, -(1 << 40)])
def test_choices_of_no_arm(arm):
    actions = np.array([0, 2, arm, 1])
    assert choices(Block(np.array([[0.1, 0.2, 0.3]]), 0, np.zeros(4), True), actions) is None


def test_actions_that_take_no_time():
    """A time's value is what its first action left; the next action begins where the last one of that time ended."""
    record = Record(["x"])
    for time, value in ((2, 1.0), (2, 5.0), (4, 9.0)):
        record.step(time, (value,))
    assert record.at(np.array([1, 2, 3, 4]))["x"].tolist() == [0.5, 1.0, 7.0, 9.0]


def test_memory_does_not_grow_with_the_run():
    record = Record(["x"])
    part = KEPT // 8
    for k in range(40):
        record.stretch(k * part, np.arange(k * part + 1, (k + 1) * part + 1, dtype=float)[:, None])
    last = 40 * part
    times = np.array([last - KEPT, last - 1, last])
    assert record.at(times)["x"].tolist() == times.tolist()
    with pytest.raises(ValueError, match=r"times must lie in \d+\.\.5242880, as far as the run is kept, got \[1\]"):
        record.at(np.array([1]))
    assert len(pickle.dumps(record)) < 2.3 * 16 * KEPT


def test_plays_are_forgotten_like_stretches():
    record, part = Record(["reward", "level"]), KEPT // 8
    for k in range(20):
        record.plays(k * part, Plays(np.ones(part), np.zeros(part), False))
    assert len(pickle.dumps(record)) < 1.3 * 16 * KEPT
    times = np.array([20 * part - KEPT, 20 * part])
    assert record.at(times)["reward"].tolist() == times.tolist()
    with pytest.raises(ValueError, match="as far as the run is kept"):
        record.at(np.array([1]))
    assert len(pickle.dumps(record)) < 1.3 * 16 * KEPT
    with pytest.raises(ValueError, match="a stretch must start where the last action ended, at 2621440, got 1"):
        record.plays(1, Plays(np.ones(FEW), np.zeros(FEW), False))


def test_times_that_have_not_come():
    record = Record(["x"], [3.0])
    assert record.at(np.array([0]))["x"].tolist() == [3.0]
    with pytest.raises(ValueError, match=r"times must lie in 0\.\.0"):
        record.at(np.array([1]))


def test_actions_longer_than_doubles_can_count():
    """The share of an action is the quotient of two whole numbers, rounded once."""
    record, long = Record(["x"]), 10**17 + 3
    record.rows(np.array([1, 1 + long]), np.array([[0.0], [1e17]]))
    for time in (2, 12_345_678_901_234_567, long):
        assert record.at(np.array([time]))["x"].tolist() == [(time - 1) / long * 1e17]


def test_what_does_not_follow_is_refused():
    record, reused = Record(["x"]), np.array([[1.0], [2.0]])
    record.stretch(0, reused)
    reused[:] = 9.0  # the caller's own
    assert record.at(np.array([1, 2]))["x"].tolist() == [1.0, 2.0]
    with pytest.raises(ValueError, match="a stretch must start where the last action ended, at 2, got 5"):
        record.stretch(5, reused)
    with pytest.raises(ValueError, match=r"actions must end in order of time, after 2, got 1\.\.1"):
        record.rows(np.array([1]), reused[:1])


@pytest.mark.parametrize("kind", [">i8", "<i4", "u8", "u1"])
def test_times_of_any_kind_of_integers(kind):
    record = Record(["reward"])
    record.plays(0, Plays(np.arange(300.0), np.zeros(300), False))
    times = np.array([7, 3, 3, 200])
    assert record.at(times.astype(kind))["reward"].tolist() == record.at(times)["reward"].tolist()
