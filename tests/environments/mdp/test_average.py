"""One life in a Markov decision process: the golden path, both ways of playing, what it earns, what it refuses."""

import pickle
import re

import numpy as np
import pytest

from bandits.checks import play
from bandits.clairvoyant import Clairvoyant
from bandits.contract import bounds_of
from bandits.families import families
from bandits.mdp.model import law_sums, next_state
from bandits.mdp.problem import Step
from bandits.mdp.tables import Table
from bandits.mdp.theory import AverageRewardInstance
from environments import AverageMDP
from environments.checks import check_environment, players
from environments.mdp.average import BLOCK
from environments.mdp.environment import first_of
from environments.mdp.tape import Tape
from environments.record import KEPT


def model(name, **parameters):
    return {"name": name, "parameters": parameters}


RIVER, GARNET = model("riverswim"), model("garnet")


def begun(environment, seed=0):
    environment.begin(environment.draw(np.random.default_rng(seed)))
    return environment


def fixed_tape(seed=0):
    """Every stream is a generator of that seed."""
    return Tape(*(np.random.default_rng(seed + i) for i in range(len(Tape._fields))))


def test_the_golden_path():
    """Always right in the river of six states, on the uniform numbers of default_rng(0)."""
    environment = AverageMDP(RIVER, horizon=3000)
    environment.begin(fixed_tape())
    states = [environment.observe()]
    for _ in range(20):
        _, step = environment.transition(1)
        states.append(step.state)
        assert environment.observe() == step.state
    assert states == [0, 1, 1, 0, 0, 1, 2, 2, 3, 3, 4, 5, 4, 5, 4, 5, 4, 5, 5, 4, 4]
    by_block = AverageMDP(RIVER, horizon=3000)
    by_block.begin(fixed_tape())
    block = by_block.block(3)
    assert block.moves == pytest.approx([0.6369616873, 0.2697867138, 0.0409735239], abs=1e-10)
    by_block.absorb(np.ones(3, dtype=np.int64))
    assert by_block.observe() == 0
    by_block.block(3000)
    by_block.absorb(np.ones(17, dtype=np.int64))
    assert by_block.observe() == 4


@pytest.mark.parametrize("noise", ["none", "bernoulli"])
@pytest.mark.parametrize("which", [RIVER, GARNET, model("toggle")])
def test_a_plain_walk_over_the_tables_earns_the_same(which, noise):
    """States, rewards and all three series, beside a loop that knows rows, means and the two streams alone."""
    environment, horizon = AverageMDP(which, noise, horizon=400), 400
    tape = environment.draw(np.random.default_rng(5))
    environment.begin(tape)
    known = environment.instance()
    table, means = known.model.dense()[0], known.rewards
    streams = dict(zip(tape._fields, np.random.default_rng(5).spawn(6), strict=True))
    moves, luck = streams["transition"].random(horizon), streams["reward"].random(horizon)
    actions = np.random.default_rng(6).integers(0, environment.problem.n_actions, horizon)
    state, series = environment.observe(), [np.zeros(3)]
    for t, action in enumerate(actions.tolist()):
        mean = means[state, action]
        paid = mean if noise == "none" else float(luck[t] < mean)
        gap = known.gain + known.bias[state] - mean - table[state, action] @ known.bias
        state = int(np.argmax(moves[t] < np.cumsum(table[state, action])))
        series.append(series[-1] + [paid, mean, -gap])
        assert environment.transition(action) == (paid, Step(paid, state))
    found = environment.metrics(np.arange(horizon + 1))
    for i, name in enumerate(("reward", "expected_reward", "minus_gaps")):
        assert found[name] == pytest.approx(np.array(series)[:, i], abs=1e-8), name
    assert (np.diff(found["minus_gaps"]) <= 0.0).all()


@pytest.mark.parametrize("noise", ["none", "bernoulli"])
def test_blocks_of_any_size_are_the_same_run(noise):
    """Steps and blocks in turn, over the end of what is drawn at once, and pickled on the way."""
    horizon = BLOCK + 500
    actions = np.random.default_rng(1).integers(0, 2, horizon)
    stepwise, mixed = (begun(AverageMDP(RIVER, noise, horizon=horizon), 3) for _ in range(2))
    for action in actions.tolist():
        stepwise.transition(action)
    g = np.random.default_rng(2)
    while mixed.clock < horizon:
        if g.random() < 0.3:
            mixed.transition(int(actions[mixed.clock]))
            continue
        block = mixed.block(int(g.integers(1, 20_000)))
        n = int(g.integers(1, len(block.moves) + 1))
        assert block.noisy == (noise == "bernoulli")
        assert len(block.luck) == len(block.moves) * block.noisy
        state, now = block.state, actions[mixed.clock : mixed.clock + n]
        for u, action in zip(block.moves, now.tolist(), strict=False):
            state = next_state(block.starts, block.states, block.cumulative, state * 2 + action, u)
        mixed.absorb(now)
        assert mixed.observe() == state
        mixed = pickle.loads(pickle.dumps(mixed)) if g.random() < 0.2 else mixed
    times = np.arange(horizon + 1)
    for name, values in stepwise.metrics(times).items():
        assert values.tolist() == mixed.metrics(times)[name].tolist()
        assert mixed.metrics(times[::-1])[name].tolist() == values[::-1].tolist()


def test_step_t_meets_the_same_luck_whatever_was_played_before():
    """In a process whose next state and reward show the uniform numbers, two ways of playing see the same."""
    table = np.full((4, 2, 4), 0.25)
    shown = AverageMDP(model("table", transitions=table.tolist(), rewards=[[0.5, 0.5]] * 4), "bernoulli", horizon=200)
    seen = []
    for action in (0, 1):
        begun(shown, 9)
        seen.append([shown.transition(action if t % 3 else 1 - action) for t in range(200)])
    assert seen[0] == seen[1]


def test_the_identity_of_regret_gaps_and_bias():
    environment = begun(AverageMDP(GARNET, horizon=3000))
    known = environment.instance()
    table = known.model.dense()[0]
    first, martingale = environment.observe(), 0.0
    for action in np.random.default_rng(0).integers(0, 3, 3000).tolist():
        state = environment.observe()
        environment.transition(action)
        martingale += table[state, action] @ known.bias - known.bias[environment.observe()]
    end = np.array([3000])
    curves, series = environment.comparators(end), environment.metrics(end)
    left = curves["gain"] - series["expected_reward"]
    right = curves["zero"] - series["minus_gaps"] + martingale + known.bias[environment.observe()] - known.bias[first]
    assert left == pytest.approx(right, abs=1e-8)


def test_who_plays_the_gain_has_no_gaps_and_earns_the_gain():
    environment, policy = begun(AverageMDP(GARNET, horizon=2000)), Clairvoyant("gain")
    policy.reset(environment.problem, np.random.default_rng(0))
    policy.advance(environment, 2000)
    times = np.arange(1, 2001)
    series = environment.metrics(times)
    assert not series["minus_gaps"].any()
    average = environment.comparators(times)["gain"] - series["expected_reward"]
    assert abs(average[-1]) < 4.0 * environment.instance().span * np.sqrt(2000)
    assert average.min() < 0.0  # may be negative, and is no error
    with pytest.raises(ValueError, match="comparator must be gain, got 'zero'"):
        environment.clairvoyant("zero")


def test_comparators_and_regret_definitions():
    environment = begun(AverageMDP(RIVER, horizon=10_000))
    times = np.array([1, 10, 100, 10_000])
    curves = environment.comparators(times)
    assert curves["gain"] == pytest.approx(times * 0.428622433799, rel=1e-9)
    assert curves["finite"] == pytest.approx([0.005, 0.3523839780, 37.5029466061, 4280.8650412], rel=1e-9)
    assert curves["zero"].tolist() == [0.0] * 4
    pair = begun(AverageMDP("jao", horizon=100)).comparators(np.array([1, 2, 3]))
    assert pair["finite"] == pytest.approx([0.0, 0.07, 0.07 + 0.93 * 0.07 + 0.07 * 0.95])
    assert pair["worst_finite"] == pytest.approx([0.0, 0.05, 0.05 + 0.95 * 0.05 + 0.05 * 0.95])
    assert curves["worst"] == pytest.approx(0.0 * times, abs=1e-9)
    assert curves["worst_gaps"] == pytest.approx(-curves["gain"], abs=1e-9)
    assert [regret.name for regret in environment.regrets()] == ["average", "gaps", "finite", "realized"]
    huge = AverageMDP(RIVER, horizon=10**10)
    assert [regret.name for regret in huge.regrets()] == ["average", "gaps", "realized"]
    begun(huge)
    assert not {"finite", "worst_finite"} & set(huge.comparators(times))
    assert "finite" not in huge.limits(times)


def test_states_that_are_never_entered_change_no_run_and_no_gain():
    toggle = AverageMDP(model("toggle"), horizon=300)
    known = toggle.instance()
    table = np.zeros((3, 2, 3))
    table[:2, :, :2] = known.model.dense()[0]
    table[2, :, 0] = 1.0
    rewards = np.vstack([known.rewards, [[1.0, 0.3]]])
    more = AverageMDP(model("table", transitions=table.tolist(), rewards=rewards.tolist()), horizon=300)
    begun(toggle), begun(more)
    for action in np.random.default_rng(4).integers(0, 2, 300).tolist():
        assert toggle.transition(action) == more.transition(action)
    assert more.instance().gain == pytest.approx(known.gain, abs=1e-14)
    assert (known.unreachable, more.instance().unreachable) == (0, 1)
    assert known.communicating
    assert not more.instance().communicating
    assert more.instance().diameter == np.inf
    assert not more.instance().finite_diameter.holds
    assert more.lower_bounds() == ()
    assert toggle.metrics(np.array([300])) == more.metrics(np.array([300]))


def test_a_part_that_is_never_entered_may_be_anything():
    """Two closed classes, of which one is out of reach: the gain is that of the other, and so are span and gaps."""
    table = np.zeros((4, 2, 4))
    table[0, :, 0], table[1, :, 1] = 1.0, 1.0
    table[2:, :, 2:] = AverageMDP(model("toggle"), horizon=100).instance().model.dense()[0]
    rewards = [[0.9, 1.0], [0.2, 0.3], [0.1, 0.0], [1.0, 1.0]]
    known = AverageMDP(model("table", transitions=table.tolist(), rewards=rewards, start=2), horizon=100).instance()
    toggle = AverageMDP(model("toggle"), horizon=100).instance()
    assert known.unreachable == 2
    assert known.gain == pytest.approx(toggle.gain)
    assert known.least_gain == pytest.approx(toggle.least_gain)
    assert known.span == pytest.approx(toggle.span)
    assert known.bias == pytest.approx([0.0, 0.0, *toggle.bias])
    assert known.gaps == pytest.approx(np.vstack([np.zeros((2, 2)), toggle.gaps]))


PARTS = [[[1, 0, 0, 0], [0, 0.5, 0.5, 0]], [[0, 1, 0, 0]] * 2, [[0, 0, 0.3, 0.7], [0, 1, 0, 0]], [[0, 0, 1, 0]] * 2]
PAID = [[0.2, 1.0], [0.3, 0.3], [0.5, 1.0], [0.9, 0.7]]


def parts(allowed=True, **parameters):
    given = {"transitions": PARTS, "rewards": PAID, "allow_multichain": allowed, **parameters}
    return AverageMDP(model("table", **given), "bernoulli", horizon=200)


@pytest.mark.parametrize("start", [0, 1, 2, 3, [0.5, 0.25, 0.25, 0.0]])
def test_a_process_that_falls_into_parts_has_the_gain_of_its_first_state(start):
    """State 1 is an end that pays 0.3; states 2 and 3 pay more by turns, and 0 can stay or be led to either."""
    gains = np.array([0.0, 0.3, (0.5 + 0.7 * 0.9) / 1.7, (0.5 + 0.7 * 0.9) / 1.7])
    gains[0] = 0.5 * (gains[1] + gains[2])
    law = np.eye(4)[start] if isinstance(start, int) else np.array(start)
    environment = parts(start=start)
    known = environment.instance()
    assert known.gain == pytest.approx(law @ gains, abs=1e-9)
    assert known.least_gain == pytest.approx(law @ [0.2, 0.3, 0.3, 0.3], abs=1e-9)
    environment.reset(seed=1)
    times = np.array([1, 200])
    curves = environment.comparators(times)
    if isinstance(start, int) and start == 1:  # nothing is left to choose: the process is what can be entered
        assert {"zero", "worst_gaps"} < set(curves)
        return
    assert set(curves) == {"gain", "worst", "finite", "worst_finite"}
    assert curves["gain"] == pytest.approx(times * known.gain)
    assert abs(curves["finite"] - curves["gain"]).max() < 3.0
    assert [regret.name for regret in environment.regrets()] == ["average", "finite", "realized"]
    for action in np.random.default_rng(0).integers(0, 2, 200).tolist():
        environment.transition(action)
    assert set(environment.metrics(times)) == {"reward", "expected_reward"}
    assert set(environment.limits(times)) == {"average", "finite", "realized"}


def test_nothing_is_claimed_of_a_process_that_falls_into_parts():
    environment = parts()
    environment.reset(seed=1)
    assert environment.lower_bounds() == ()
    for family in (chosen for chosen in families() if chosen.name == "mdp"):
        played = set()
        for name, policy in players(environment, [family]):
            assert not bounds_of(policy, environment.problem, environment.instance())
            assert set(play(policy, environment, 2)) == {"reward", "expected_reward"}
            played.add(name)
        assert {"ucrl2", "ucrl2b", "kl_ucrl", "loop", "psrl", "uniform_actions"} <= played
    with pytest.raises(ValueError, match="comparator gain cannot be played where the gain depends on the first state"):
        environment.clairvoyant("gain")
    check_environment(parts)
    with pytest.raises(ValueError, match="must be weakly communicating"):
        parts(False)
    with pytest.raises(ValueError, match="allow_multichain must be true or false, got 1"):
        parts(1)
    assert isinstance(parts(start=1).instance(), AverageRewardInstance)
    many = np.zeros((1001, 2, 1001))
    many[:, 0, 0] = many[:, 1, 1] = 1.0
    many[1] = np.eye(1001)[1]
    many[0] = np.eye(1001)[0]
    with pytest.raises(ValueError, match=r"allow_multichain must have at most 2000 states times actions, .* got 2002"):
        parts(transitions=many.tolist(), rewards=np.zeros((1001, 2)).tolist(), start=5)


def test_one_state_is_a_bandit_and_one_action_leaves_no_choice():
    bandit = begun(AverageMDP(model("table", transitions=[[[1.0]] * 3], rewards=[[0.2, 0.9, 0.4]]), horizon=50))
    for action in (0, 1, 2, 1):
        bandit.transition(action)
    assert bandit.instance().gaps == pytest.approx(np.array([[0.7, 0.0, 0.5]]))
    assert bandit.metrics(np.array([4]))["minus_gaps"] == pytest.approx([-1.2])
    assert bandit.instance().diameter == 0.0
    forced = begun(
        AverageMDP(model("table", transitions=[[[0, 1.0]], [[0.5, 0.5]]], rewards=[[0.1], [0.7]]), horizon=50)
    )
    for _ in range(50):
        forced.transition(0)
    assert forced.metrics(np.array([50]))["minus_gaps"].tolist() == [0.0]
    assert forced.comparators(np.array([50]))["worst_gaps"] == pytest.approx([0.0], abs=1e-9)


def test_first_states():
    assert begun(AverageMDP(RIVER, start=3, horizon=100)).observe() == 3
    table = model("table", transitions=[[[0.5, 0.5, 0]]] * 3, rewards=[[0.5]] * 3, start=[0.0, 0.25, 0.75])
    seen = [begun(AverageMDP(table, horizon=10), seed).observe() for seed in range(300)]
    assert 0.6 < np.mean(np.array(seen) == 2) < 0.9
    assert min(seen) == 1
    ahead = begun(AverageMDP(table, horizon=10)).comparators(np.array([1, 10]))["finite"]
    assert ahead == pytest.approx([0.5, 5.0])
    law = np.array([0.0, *[0.1] * 10, 0.0])
    assert first_of(law_sums(law), 0.0) == 1
    assert first_of(law_sums(law), 1.0 - 2.0**-53) == 10


def test_what_learners_are_told():
    told = AverageMDP(RIVER, span=6.5, horizon=100).problem
    assert (told.n_states, told.n_actions, told.horizon, told.span) == (6, 2, 100, 6.5)
    assert told.rewards.array[5, 1] == 1.0
    assert (told.low, told.high) == (0.0, 1.0)
    assert AverageMDP(RIVER, known_rewards=False, horizon=100).problem.rewards is None
    assert isinstance(told.rewards, Table)


def test_refused_actions_change_nothing():
    environment = begun(AverageMDP(RIVER, "bernoulli", horizon=100))
    environment.transition(1)
    before = pickle.dumps(environment)
    for action in (-1, 2, 0.5, True, "1", None):
        with pytest.raises(ValueError, match=r"action must be a whole number in 0..1, got"):
            environment.transition(action)
    block = environment.block(10)
    for actions in ([0, 1, 7], [0, -1]):
        with pytest.raises(ValueError, match=rf"actions must be a whole number in 0..1, got {actions[-1]}"):
            environment.absorb(np.array(actions))
    with pytest.raises(ValueError, match="the last block has 99 steps, got 100 actions"):
        environment.absorb(np.zeros(100, dtype=np.int64))
    environment.absorb(np.zeros(0, dtype=np.int64))
    assert pickle.dumps(environment) == before
    with pytest.raises(ValueError, match="read-only"):
        block.moves[:] = 0.0
    environment.absorb(np.zeros(99, dtype=np.int64))
    with pytest.raises(RuntimeError, match="the run is over at time 100"):
        environment.transition(0)
    with pytest.raises(RuntimeError, match="the run is over at time 100"):
        environment.absorb(np.zeros(1, dtype=np.int64))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"noise": "gaussian"}, "noise must be one of none, bernoulli, got 'gaussian'"),
        ({"start": 6}, "start must be a whole number in 0..5, got 6"),
        ({"start": 0.5}, "start must be a whole number in 0..5, got 0.5"),
        ({"known_rewards": 1}, "known_rewards must be true or false, got 1"),
        ({"span": 0.0}, "span must be a finite number in (0, inf), got 0.0"),
        ({"span": -1.0}, "span must be a finite number in (0, inf), got -1.0"),
        ({"horizon": 0}, "horizon must be a whole number >= 1, got 0"),
        ({"horizon": 1e5}, "horizon must be a whole number >= 1, got 100000.0"),
        ({"model": "river"}, "model: unknown model 'river'"),
        ({"model": model("lock")}, "model must be the same at all stages in one life"),
        (
            {"model": model("table", transitions=[[[0, 0.5, 0.5]], [[0, 1, 0]], [[0, 0, 1]]], rewards=[[0]] * 3)},
            "states 1 and 2 cannot reach each other",
        ),
        (
            {"model": model("table", transitions=[[[0.7, 0.2]], [[0.0, 1.0]]], rewards=[[0.0], [0.0]])},
            "transitions must sum to 1 over next states, got 0.899",
        ),
        (
            {"model": model("table", transitions=[[[1.0]]], rewards=[[1.5]])},
            "rewards must lie in [0, 1], got 1.5 at [0, 0], of which the last two are state and action: shift",
        ),
        (
            {"model": model("table", transitions=[[[1.0]]], rewards=[[-0.5]])},
            "rewards must lie in [0, 1], got -0.5 at [0, 0]",
        ),
        (
            {"model": model("table", transitions=[[[1.0]]], rewards=[[float("nan")]])},
            "a table must hold finite numbers, got nan at [0, 0]",
        ),
        (
            {"model": model("table", transitions=[[[1.0]]], rewards=[[0.5, 0.5]])},
            "rewards must have the shape [1, 1], got [1, 2]",
        ),
        (
            {"model": model("table", transitions=[[[1.0]]], rewards=[[0.5]], start=[0.5])},
            "start must be 1 probabilities, >= 0, whose sum is 1, got [0.5]",
        ),
    ],
)
def test_bad_input(arguments, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        AverageMDP(**{"model": RIVER, "horizon": 100, **arguments})


def test_a_horizon_too_short_to_try_everything_is_told():
    with pytest.warns(UserWarning, match="horizon must be at least 12, states times actions, .* got 11"):
        AverageMDP(RIVER, horizon=11)
    AverageMDP(RIVER, horizon=12)


def test_the_lower_bound_is_an_order_but_on_the_hard_pair():
    (order,) = begun(AverageMDP(GARNET, horizon=100)).lower_bounds()
    assert order.kind == "order"
    assert "worst case over MDPs, not this instance" in order.name
    far = AverageMDP(GARNET, horizon=100).instance().diameter
    assert order.curve(np.array([400.0])) == pytest.approx(0.015 * np.sqrt(far * 10 * 3 * 400))
    (hard,) = begun(AverageMDP(model("jao", hard=True), horizon=100)).lower_bounds()
    assert hard.kind == "lower"
    assert not hard.holds  # two states alone


def test_a_long_run_keeps_what_it_may_be_asked():
    """About a million steps, in bytes that the horizon does not change."""
    environment = begun(AverageMDP(RIVER, horizon=4 * KEPT))
    sizes = []
    while environment.clock < 4 * KEPT:
        environment.block(BLOCK)
        environment.absorb(np.ones(BLOCK, dtype=np.int64))
        if environment.clock in (2 * KEPT, 4 * KEPT):
            sizes.append(len(pickle.dumps(environment)))
    assert sizes[1] < 1.05 * sizes[0] < 8e6
    last = environment.metrics(np.array([3 * KEPT, 4 * KEPT]))["expected_reward"]
    assert np.diff(last) == pytest.approx([KEPT * 0.4286], rel=0.02)
