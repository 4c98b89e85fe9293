"""What every policy keeps to on every kind of stream; bad parameters; what it refuses to be told."""

import pickle
from pathlib import Path

import numpy as np
import pytest

from bandits import POLICIES, BanditProblem, check_plays
from bandits.streaming import FAMILY
from bandits.streaming.offline import OfflineAdapter
from bandits.streaming.problem import Drop, Pull, StreamProblem
from environments import Stream
from environments.checks import players


def now(environment):
    """The metrics at the present time."""
    return {name: values[0] for name, values in environment.metrics(np.array([environment.clock])).items()}


def begun(seed=3, debug=True, **options):
    stream = Stream("mixed", 40, **({"horizon": 3000} | options), debug=debug)
    stream.begin(stream.draw(np.random.default_rng(seed)))
    return stream


STREAMS = [
    {"memory": 1, "horizon": 20_000},
    {"memory": 4, "passes": 3, "between": "reshuffle", "rewards": "gaussian", "horizon": 20_000},
    {"memory": 40, "rewards": "gaussian"},
    {"memory": 41},
]
CASE = pytest.mark.parametrize(
    ("policy", "options"),
    [
        pytest.param(policy, options, id=f"{policy}-{options['memory']}")
        for options in STREAMS
        for _, policy in players(begun(**options), [FAMILY])
    ],
)


def started(policy, options):
    stream = begun(**options)
    policy.reset(stream.problem, np.random.default_rng(7))
    return stream


def played(policy, options):
    stream = started(policy, options)
    policy.advance(stream, stream.horizon)
    return stream


@CASE
def test_more_memory_changes_nothing(policy, options):
    if options["memory"] < 40 and not getattr(policy, "first_m", False):
        less, more = (played(policy, options | {"memory": options["memory"] + slots}) for slots in (0, 30))
        assert (less.history, now(less)) == (more.history, now(more))


@CASE
def test_no_arm_is_pulled_out_of_its_time(policy, options):
    """No pull before arrival or after the discard; N adds up to T and the regret to the sum of N gap."""
    stream = played(policy, options)
    buffer, slots, pulls = 0, {}, np.zeros(40)
    for action, handle, number, used in stream.history:
        assert used == pulls.sum()
        if action == "pull":
            assert handle == buffer or handle in slots.values()
            pulls[handle] += number
        elif action == "store":
            assert handle == buffer
            slots[number], buffer = handle, None
        elif action == "drop":
            assert slots.pop(number) == handle
        else:
            buffer = handle
        assert len(slots) <= stream.memory
    assert pulls.sum() == stream.horizon
    gaps = stream.instance().means.max() - stream.instance().means
    assert -now(stream)["shortfall"] == pytest.approx(float(pulls @ gaps), rel=1e-9)


@CASE
def test_curves_never_fall(policy, options):
    stream = started(policy, options | {"debug": False, "horizon": 3000})
    curve, times = [0.0], [0]
    while stream.clock < stream.horizon:
        policy.advance(stream, 1)
        curve.append(-now(stream)["shortfall"])
        times.append(stream.clock)
    gap = float(np.ptp(stream.instance().means))
    slopes = np.diff(curve) / np.diff(times)
    assert np.all(slopes >= -1e-9)
    assert np.all(slopes <= gap * (1 + 1e-9))


@pytest.mark.parametrize(
    ("name", "parameters", "named"),
    [
        ("eps_best_single", {"c": 0.0}, "c must"),
        ("eps_best_single", {"theta": -1.0}, "theta must"),
        ("eps_best_single", {"g": 1.0}, "g must"),
        ("eps_best_single", {"kappa": 0.0}, "kappa must"),
        ("eps_best_single", {"delta": 0.0}, "delta must"),
        ("eps_best_single", {"delta": 1.0}, "delta must"),
        ("eps_best_single", {"delta": float("nan")}, "delta must"),
        ("tower_logstar", {"preset": "thoery"}, "did you mean 'theory'"),
        ("tower_logstar", {"delta": 2.0}, "delta must"),
        ("tower_log", {"resample_champion": 1}, "resample_champion must"),
        ("tower_log", {"final_batch": "b1"}, "final_batch must"),
        ("game_of_arms", {"gap": 0.0}, "gap must"),
        ("game_of_arms", {"gap": 1.1}, "gap must"),
        ("commit_arm", {"which": "last"}, "which must"),
        ("memory_bounded_elimination", {"passes": 0}, "passes must"),
        ("memory_bounded_elimination", {"words": 1}, "words must"),
        ("memory_bounded_elimination", {"c": 0.0}, "c must"),
        ("memory_bounded_elimination", {"mode": "both"}, "mode must"),
        ("offline_ucb2", {"alpha": 0.0}, "alpha must"),
        ("offline_ucb2", {"first_m": "yes"}, "first_m must"),
        ("offline", {"policy": "ucb_1"}, "did you mean 'ucb1'"),
        ("offline", {"policy": "hedge"}, "bandit feedback"),
        ("offline", {"policy": {"name": "ucb1", "parameters": {"exploration": -1.0}}}, "policy: exploration must"),
        ("offline", {"policy": {"name": "ucb1", "exploration": 1.0}}, "no key but name and parameters"),
        ("offline", {"policy": "clairvoyant"}, "bandit feedback"),
        ("offline", {"policy": "tower_log"}, "bandit feedback"),
    ],
)
def test_bad_parameters(name, parameters, named):
    with pytest.raises(ValueError, match=named):
        POLICIES.load(name)(**parameters)


def test_game_of_arms_needs_its_gap():
    with pytest.raises(TypeError, match="gap"):
        POLICIES.load("game_of_arms")()


@pytest.mark.parametrize(
    ("name", "parameters", "options", "named"),
    [
        ("tower_logstar", {}, {}, "stores 2 arms of 30, but the memory holds 1"),
        ("game_of_arms", {"gap": 0.1}, {}, "stores 2 arms"),
        ("game_of_arms", {"gap": 0.1}, {"n_arms": 15, "memory": 2}, "at least 16 arms"),
        ("offline_ucb2", {}, {"memory": 29}, "first_m"),
        ("offline", {"policy": "ucb1"}, {"memory": 29}, "first_m"),
        ("memory_bounded_elimination", {"passes": 2}, {}, r"passes=2.* 1 time"),
        ("memory_bounded_elimination", {"words": 3}, {}, "needs 2 slots"),
        ("tower_logstar", {"preset": "theory"}, {"horizon": 10**12, "memory": 5}, "preset 'theory' needs"),
    ],
)
def test_streams_that_do_not_fit(name, parameters, options, named):
    stream = Stream("mixed", **({"n_arms": 30, "horizon": 10**5} | options))
    with pytest.raises(ValueError, match=named):
        POLICIES.load(name)(**parameters).reset(stream.problem, np.random.default_rng(0))


def test_problems_that_are_not_streams():
    policy = POLICIES.load("tower_log")()
    with pytest.raises(ValueError, match="needs a horizon"):
        policy.reset(StreamProblem(n_arms=10, memory=9), np.random.default_rng(0))
    for name in ("n_arms", "memory", "passes"):
        with pytest.raises(ValueError, match=f"{name} must be a whole number >= 1, got 0"):
            StreamProblem(**({"n_arms": 3} | {name: 0}))
    with pytest.raises(ValueError, match="TowerLog plays StreamProblem, but the environment is BanditProblem"):
        check_plays(policy, BanditProblem(n_actions=5, horizon=100))


@CASE
def test_what_is_not_owed_changes_nothing(policy, options):
    """Another action than the one chosen, sums and numbers that cannot be, feedback where there is none."""
    stream, seen = started(policy, options), set()
    for _ in range(120):
        if stream.clock == stream.horizon:
            break
        action = policy.choose(None)
        _, feedback = stream.transition(action)
        kind = (type(action), feedback is None)
        if kind not in seen:
            seen.add(kind)
            wrong = [
                (Drop(999), None),
                (Pull(999, 3), (1.0, 3)),
                (None, None),
                (action, (np.nan, getattr(action, "n", 1))),
            ]
            wrong += [(action, (0.5, 10**6)), (action, 0.5), (action, None if feedback else (0.5, 1))]
            for played, told in wrong:
                before = pickle.dumps(policy)
                with pytest.raises(ValueError, match="must be"):
                    policy.update(None, played, told)
                assert pickle.dumps(policy) == before
        policy.update(None, action, feedback)
    assert (Pull, True) in seen or (Pull, False) in seen
    if stream.clock == stream.horizon and not isinstance(policy, OfflineAdapter):
        with pytest.raises(RuntimeError, match="all pulls are used"):
            policy.choose(None)


@CASE
def test_numbers_of_another_kind_are_the_same(policy, options):
    """Small whole numbers of numpy in an action or a feedback do not enter a policy's own counts."""

    def small(number):
        return np.int16(number) if type(number) is int and number < 2**15 else number

    stream, twin = started(policy, options), pickle.loads(pickle.dumps(policy))
    for _ in range(120):
        if stream.clock == stream.horizon:
            break
        action = policy.choose(None)
        assert repr(twin.choose(None)) == repr(action)
        _, feedback = stream.transition(action)
        policy.update(None, action, feedback)
        twin.update(None, type(action)(*map(small, action)), feedback and tuple(map(small, feedback)))


def test_curves_are_exact_within_batches(play):
    """Times inside a batch, long after it. Sixteen arms of mean 0, the last of 1."""
    horizon = 10**6
    policy, stream = play("uniform_exploration", Stream([0.0] * 15 + [1.0], horizon=horizon, order="given"))
    times = np.unique(np.round(np.geomspace(1, horizon, 300)).astype(np.int64))
    metrics = stream.metrics(times)
    expected = -np.minimum(times, 15 * 3779)
    assert np.allclose(metrics["shortfall"], expected, rtol=1e-13, atol=0.0)
    assert np.all(metrics["peak_memory"][times > 3779] == 1)
    assert np.all(metrics["peak_memory"][times <= 3779] == 0)
    assert metrics["arrivals"].tolist() == np.minimum(1 + (times - 1) // 3779, 16).tolist()
    bounds = policy.regret_bounds(stream.problem, stream.instance())
    assert [(bound.time, bound.delta) for bound in bounds] == [("at the horizon", None), ("at the horizon", 1e-6)]


def test_the_documented_loop(capsys):
    """The block marked loop.py in docs/streaming.md, run as it stands."""
    text = (Path(__file__).parents[3] / "docs" / "streaming.md").read_text(encoding="utf-8")
    code = text.partition("<!-- loop.py -->\n```python\n")[2].partition("```")[0]
    exec(code, {})
    assert capsys.readouterr().out == "committed to arm 29 of mean 0.970; the best has 0.981\n"
