"""The stream's protocol: what may be done when, that nothing else happens, and what the learner sees."""

import math
import pickle
import warnings

import numpy as np
import pytest
from gymnasium.utils.env_checker import check_env
from hypothesis import given, settings
from hypothesis import strategies as st

from bandits.streaming.problem import CURRENT, Advance, Drop, Pull, Store, decode
from environments import HardStream, Stream
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


def state(stream):
    """Everything that a refused action must leave alone."""
    kept = {k: v for k, v in vars(stream).items() if k not in ("action_space", "observation_space", "_np_random")}
    return pickle.dumps(kept)


def test_gymnasium_with_batches():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        check_env(Stream("mixed", 4, horizon=60, memory=2, illegal="ignore", batch=9), skip_render_check=True)


def test_a_run_by_hand():
    stream = begun()
    assert stream.transition(Pull(CURRENT, 3))[1][1] == 3
    assert stream.transition(Store(1)) == (0.0, None)
    assert stream.transition(Advance()) == (0.0, None)
    stream.transition(Store(0))
    stream.transition(Pull(1, 2))
    stream.transition(Drop(1))
    for _ in range(4):
        stream.transition(Advance())
    view = stream.observe()
    assert (view.time, view.remaining, view.arrivals, view.over, view.current) == (5, 95, 5, True, -1)
    assert view.slots.tolist() == [1, -1]
    assert view.action_mask.tolist() == [1, 0, 0, 0, 0, 0, 1, 0]
    assert view.clip(1000) == 95
    assert view.clip(7) == 7
    stream.transition(Pull(0, 95, False))
    assert stream.history[-1] == ("pull", 1, 95, 5)
    assert now(stream)["shortfall"] == pytest.approx(-5 * 0.6)
    assert now(stream)["peak_memory"] == 2
    assert now(stream)["peak_pullable"] == 2
    assert stream.clock == 100
    assert not stream.observe().action_mask.any()


@pytest.mark.parametrize(
    ("before", "action", "why"),
    [
        ([], Pull(0), "slot 0 is empty"),
        ([], Pull(2), "0..1"),
        ([], Pull(-2), "0..1"),
        ([], Pull("a"), "0..1"),
        ([], Pull(CURRENT, 0), "n must be"),
        ([], Pull(CURRENT, -3), "n must be"),
        ([], Pull(CURRENT, 2.0), "n must be"),
        ([], Pull(CURRENT, True), "n must be"),
        ([], Pull(CURRENT, math.nan), "n must be"),
        ([], Pull(CURRENT, 101), "only 100 pulls are left"),
        ([Store(0)], Pull(CURRENT), "no arm is arriving"),
        ([Store(0)], Store(1), "no arm is arriving"),
        ([], Store(2), "0..1"),
        ([], Store(-1), "0..1"),
        ([], Drop(1), "slot 1 is empty"),
        ([], Drop(-1), "0..1"),
        ([Advance()] * 5, Advance(), "the stream is over"),
        ([Advance()] * 5, Pull(CURRENT), "no arm is arriving"),
        ([Advance()] * 5, Store(0), "no arm is arriving"),
        ([Store(0), Drop(0)], Pull(0), "slot 0 is empty"),
        ([], 8, "0..7"),
        ([], -1, "0..7"),
        ([], (0, 5), "slot 0 is empty"),
        ([], (2, 101), "only 100"),
        ([], True, "an action is"),
        ([], "advance", "an action is"),
        ([], (1, 2, 3), "an action is"),
        ([Pull(CURRENT, 100)], Pull(CURRENT), "the run is over"),
        ([Pull(CURRENT, 100)], Advance(), "the run is over"),
    ],
)
def test_refusals_change_nothing(before, action, why):
    stream = begun()
    for step in before:
        stream.transition(step)
    held = state(stream)
    with pytest.raises(ProtocolError, match=why) as caught:
        stream.transition(action)
    assert state(stream) == held
    assert f"{stream.clock} pulls used, {stream.observe().arrivals} arrivals seen" in str(caught.value)
    if "over: call" not in why and stream.clock < 100:
        ignoring = begun(illegal="ignore")
        for step in before:
            ignoring.transition(step)
        held = state(ignoring)
        assert ignoring.transition(action) == (0.0, None)
        assert state(ignoring) == held


def test_largest_batch():
    stream = begun(horizon=5 * 10**18)
    held = state(stream)
    with pytest.raises(ProtocolError, match=r"10\^18"):
        stream.transition(Pull(CURRENT, 10**18 + 1))
    assert state(stream) == held
    reward, feedback = stream.transition(Pull(CURRENT, 10**18))
    assert feedback == (reward, 10**18)
    reward, feedback = stream.transition(Pull(CURRENT, 4 * 10**18, False))
    assert feedback is None
    assert reward == pytest.approx(0.3 * 4e18, abs=8 * math.sqrt(0.21 * 4e18))
    assert now(stream)["shortfall"] == pytest.approx(-0.6 * 5e18, rel=1e-12)


@pytest.mark.parametrize("seed", range(5))
def test_actions_without_time_come_to_an_end(seed):
    stream, rng = begun(passes=3, illegal="ignore"), np.random.default_rng(seed)
    for _ in range(3000):
        stream.transition(int(rng.choice([3, 4, 5, 6, 7])))
    assert stream.clock == 0
    assert 2 * 6 + 5 <= len(stream.history) <= 3 * (3 * 5 + 1)


def test_passes():
    stream = begun(passes=2)
    stream.transition(Store(0))
    for _ in range(5):
        stream.transition(Advance())
    view = stream.observe()
    assert (view.pass_index, view.over, view.current, view.arrivals) == (0, True, -1, 5)
    stream.transition(Advance())
    view = stream.observe()
    assert (view.pass_index, view.over, view.current, view.arrivals) == (1, False, 0, 6)
    assert view.slots.tolist() == [0, -1], "slots survive the change of pass"
    for _ in range(5):
        stream.transition(Advance())
    with pytest.raises(ProtocolError, match="the stream is over"):
        stream.transition(Advance())


@pytest.mark.parametrize("between", ["fixed", "reshuffle"])
def test_order_of_later_passes(between):
    stream = begun("mixed", n_arms=30, passes=3, between=between)
    orders = []
    for _ in range(3):
        handles = []
        for _ in range(30):
            handles.append(stream.observe().current)
            stream.transition(Advance())
        orders.append(handles)
        if len(orders) < 3:
            stream.transition(Advance())
    assert orders[0] == list(range(30))
    assert sorted(orders[1]) == sorted(orders[2]) == orders[0]
    same = orders[1] == orders[0]
    assert same == (between == "fixed")
    assert (orders[1] == orders[2]) == (between == "fixed")


def test_first_batches_of_another_pass_are_new():
    stream = begun([0.5] * 40, passes=2, horizon=10**6)
    sums = []
    for i in range(80):
        sums.append(stream.transition(Pull(CURRENT, 500))[0])
        if i < 79:
            stream.transition(Advance())
        if i == 39:
            stream.transition(Advance())
    assert len(set(zip(sums[:40], sums[40:], strict=True))) > 30
    assert sum(a == b for a, b in zip(sums[:40], sums[40:], strict=True)) < 10


def test_codes_name_every_action_once():
    actions = [decode(code, 1, 3) for code in range(11)]
    assert actions == [
        *(Pull(0), Pull(1), Pull(2), Pull(CURRENT)),
        *(Store(0), Store(1), Store(2)),
        Advance(),
        *(Drop(0), Drop(1), Drop(2)),
    ]


@settings(deadline=None, max_examples=150)
@given(st.data())
def test_random_play_against_a_plain_model(data):
    """Slots, buffer, clock, shortfall and mask against lists; the mask says exactly which codes are legal."""
    memory, passes = data.draw(st.integers(1, 3)), data.draw(st.integers(1, 2))
    stream = begun(memory=memory, passes=passes, horizon=30)
    slots, coming, used, lost, peak = [None] * memory, [*range(5), None] * passes, 0, 0.0, 0
    for _ in range(40):
        if used == 30:
            break
        code = data.draw(st.integers(0, 3 * memory + 1))
        n = data.draw(st.integers(1, 12))
        action = decode(code, n, memory)
        here = coming[0]
        arm = None
        if isinstance(action, Pull):
            arm = here if action.where == CURRENT else slots[action.where]
            legal = arm is not None and used + n <= 30
            unit = arm is not None
        elif isinstance(action, Store):
            legal = unit = here is not None
        elif isinstance(action, Drop):
            legal = unit = slots[action.slot] is not None
        else:
            legal = unit = len(coming) > 1
        view = stream.observe()
        assert view in stream.observation_space
        assert bool(view.action_mask[code]) == unit
        if not legal:
            with pytest.raises(ProtocolError):
                stream.transition(action)
            continue
        reward, feedback = stream.transition(action)
        if isinstance(action, Pull):
            assert feedback == (reward, n)
            assert 0 <= reward <= n
            used += n
            lost += n * (0.9 - MEANS[arm])
        elif isinstance(action, Store):
            slots[action.slot], coming[0] = here, None
        elif isinstance(action, Drop):
            slots[action.slot] = None
        else:
            del coming[0]
        peak = max(peak, memory - slots.count(None))
        view = stream.observe()
        assert view.slots.tolist() == [-1 if s is None else s for s in slots]
        assert view.current == (-1 if coming[0] is None else coming[0])
        assert view.time == used
        if isinstance(action, Pull):
            assert now(stream)["shortfall"] == pytest.approx(-lost, abs=1e-9)
            assert now(stream)["peak_memory"] == peak


def test_the_view_holds_no_means():
    """Whatever can be reached from what the learner sees is a whole number."""
    stream = begun()
    stream.transition(Store(0))

    def reach(value, depth=0):
        if isinstance(value, np.ndarray):
            yield from value.tolist()
        elif isinstance(value, dict):
            for v in value.values():
                yield from reach(v, depth + 1)
        elif isinstance(value, tuple | list):
            for v in value:
                yield from reach(v, depth + 1)
        elif hasattr(value, "__dict__") and depth < 5:
            yield from reach(vars(value), depth + 1)
        else:
            yield value

    seen = [*reach(stream.observe()), *reach(vars(stream.problem))]
    assert not {float(v) for v in seen if isinstance(v, int | float)} & set(MEANS)
    assert not any(isinstance(v, float) and 0 < v < 1 for v in seen)


def test_comparators_and_clairvoyant():
    stream = begun()
    curves = stream.comparators(np.array([10, 100]))
    assert curves["best_arm"].tolist() == [0.0, 0.0]
    assert curves["best_arm_reward"].tolist() == [9.0, 90.0]
    assert curves["worst"] == pytest.approx([-8.0, -80.0])
    while stream.clock < 100:
        stream.transition(stream.clairvoyant("best_arm"))
    assert now(stream)["shortfall"] == 0.0
    with pytest.raises(ValueError, match="best_arm"):
        stream.clairvoyant("best")


BAD = [
    (dict(means=[]), "number of means"),
    (dict(means=[0.5, 1.1]), r"means\[1\]"),
    (dict(means=[0.5, math.nan]), r"means\[1\]"),
    (dict(means=[0.5, math.inf]), r"means\[1\]"),
    (dict(means="mixd", n_arms=4), "did you mean 'mixed'"),
    (dict(means="mixed"), "n_arms"),
    (dict(means={"name": "mixed", "parameters": {"a": 1}}, n_arms=4), "has no parameter 'a'"),
    (dict(means="mixed", n_arms=0), "n_arms"),
    (dict(means="mixed", n_arms=3.0), "n_arms"),
    (dict(means="mixed", n_arms=True), "n_arms"),
    (dict(means=[0.5, 0.6], n_arms=3), "n_arms"),
    (dict(horizon=0), "horizon"),
    (dict(horizon=1e5), "horizon"),
    (dict(horizon=math.nan), "horizon"),
    (dict(horizon=9 * 10**18 + 1), "horizon"),
    (dict(horizon=2**63), "horizon"),
    (dict(memory=0), "memory"),
    (dict(memory=1.5), "memory"),
    (dict(passes=0), "passes"),
    (dict(passes=True), "passes"),
    (dict(order="randm"), "did you mean 'random'"),
    (dict(between="same"), "between"),
    (dict(rewards="binomial"), "rewards"),
    (dict(sigma=0.0), "sigma"),
    (dict(illegal="warn"), "illegal"),
    (dict(batch=0), "batch"),
    (dict(debug=1), "debug"),
]


@pytest.mark.parametrize(("options", "named"), BAD)
def test_bad_streams(options, named):
    with pytest.raises(ValueError, match=named):
        Stream(**({"means": MEANS} | options))


@pytest.mark.parametrize(
    ("options", "named"),
    [
        (dict(n_arms=1), "n_arms"),
        (dict(n_arms=2, passes=2), "n_arms"),
        (dict(n_arms=100, horizon=100, lift=0.26), "lift"),
        (dict(n_arms=8, horizon=1000, lift=0.0), "lift"),
        (dict(n_arms=8, horizon=1000, case="2"), "case"),
        (dict(n_arms=8, horizon=1000, case="012"), "case"),
        (dict(n_arms=8, horizon=1000, case=1), "case"),
        (dict(n_arms=8, horizon=1000, order="ascending"), "order"),
    ],
)
def test_bad_hard_streams(options, named):
    with pytest.raises(ValueError, match=named):
        HardStream(**options)


def test_a_stream_too_long_for_its_horizon_warns():
    with pytest.warns(UserWarning, match="cannot be read once"):
        Stream("mixed", 20, horizon=19)


def test_no_more_passes_than_arrivals_can_be_counted():
    assert Stream([0.1, 0.2], horizon=9, passes=10**18).passes == 10**18
    with pytest.raises(
        ValueError, match=r"passes must be a whole number in 1\.\.4500000000000000000, got 4611686018427387904"
    ):
        Stream([0.1, 0.2], horizon=9, passes=2**62)
