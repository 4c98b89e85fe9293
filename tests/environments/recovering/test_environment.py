"""Recovering arms: idle times by definition, noise, comparators, rules; all that must be refused."""

import itertools
import math
import pickle

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bandits.recovering.foresight import Foresight
from bandits.recovering.planners import Pow2
from environments.recovering.curves import Linear, curves_of
from environments.recovering.environment import BLOCK, RecoveringRewards

ROWS = [[0.2, 0.5, 0.6, 0.6, 0.9], [0.4], [0.0, 0.0, 0.8]]
NOISES = [
    {"noise": "bernoulli"},
    {"noise": "uniform"},
    {"noise": "beta", "concentration": 3.0},
    {"noise": "gaussian", "sigma": 0.3},
    {"noise": "none"},
]


def started(environment, seed=1):
    environment.begin(environment.draw(np.random.default_rng(seed)))
    return environment


def now(environment):
    """The metrics at the present time."""
    return {name: values[0] for name, values in environment.metrics(np.array([environment.clock])).items()}


def spread(name, **parameters):
    return {"name": name, "parameters": parameters}


def test_curves():
    d = np.arange(1, 7)
    for name, numbers, expected in (
        ("geometric", {"a": 0.8, "q": 0.5}, 0.8 * (1 - 0.5**d)),
        ("linear", {"a": 0.6}, 0.1 * d),
        ("step", {"a": 0.6}, np.where(d == 6, 0.6, 0)),
        ("logistic", {"a": 0.9, "c": 3, "s": 0.5}, 0.9 / (1 + np.exp(-(d - 3) / 0.5))),
    ):
        (curve,) = curves_of(spread(name, **numbers, recovery=6))
        assert curve == pytest.approx(expected)
    assert curves_of([[0.1, 0.4, 0.4, 0.4]])[0].tolist() == [0.1, 0.4]
    assert curves_of([spread("function", function=lambda d: d / 10, recovery=3)])[0] == pytest.approx([0.1, 0.2, 0.3])
    drawn = curves_of(spread("random_monotone", recovery=20, seed=4, a=[1.0, 0.5, 1.0]))
    again = curves_of(spread("random_monotone", recovery=20, seed=4), 3)
    assert drawn[0].tolist() == again[0].tolist() != drawn[2].tolist()
    assert drawn[1] == pytest.approx(0.5 * again[1])


def test_one_curve_for_all_arms_or_one_an_arm():
    """The same curves: spread over the arms, one an arm, by name, as an object, and as their numbers."""
    rows = [[0.2, 0.4], [0.1, 0.2, 0.3]]
    a, recovery = [0.4, 0.3], [2, 3]
    each = [spread("linear", a=x, recovery=d) for x, d in zip(a, recovery, strict=True)]
    for curves in (spread("linear", a=a, recovery=recovery), each, [Linear(0.4, 2), each[1]], [rows[0], each[1]]):
        assert [row.tolist() for row in curves_of(curves)] == [pytest.approx(row) for row in rows]
    assert [row.tolist() for row in curves_of(spread("constant", a=0.3), 3)] == [[0.3]] * 3
    assert [row.tolist() for row in curves_of(Linear(1.0, 1), 2)] == [[1.0]] * 2


@given(
    st.lists(st.sets(st.integers(0, 2), max_size=2), min_size=1, max_size=30),
    st.sampled_from(["cold", "recovered"]),
)
@settings(max_examples=50, deadline=None)
def test_rewards_follow_the_idle_times(actions, start):
    environment = started(RecoveringRewards(ROWS, 2, None, start, "none", horizon=30))
    last = [-1, -1, -1] if start == "cold" else [-5, -1, -3]
    for t, action in enumerate(actions):
        idle = [t - s for s in last]
        assert environment.observe().tolist() == [min(i, 5) for i in idle]
        pulled = sorted(action)
        reward, feedback = environment.transition(pulled)
        expected = [ROWS[i][min(idle[i], len(ROWS[i])) - 1] for i in pulled]
        assert feedback.tolist() == expected
        assert reward == pytest.approx(sum(expected))
        for i in pulled:
            last[i] = t


@pytest.mark.parametrize("noise", NOISES)
def test_schedules_equal_single_periods_bit_for_bit(noise):
    single, whole = (started(RecoveringRewards(ROWS, 2, **noise, horizon=2000)) for _ in range(2))
    rng = np.random.default_rng(7)
    while whole.clock < 2000:
        n = int(min(rng.integers(1, 40), 2000 - whole.clock))
        rows = np.array([sorted(rng.choice(3, 2, replace=False)) if rng.random() < 0.7 else [2, -1] for _ in range(n)])
        rewards = whole.absorb(rows)
        for row, got in zip(rows.tolist(), rewards.tolist(), strict=True):
            feedback = single.transition([i for i in row if i >= 0])[1].tolist()
            assert got == feedback + [0.0] * (2 - len(feedback))
        assert now(whole) == now(single)
        whole = pickle.loads(pickle.dumps(whole))


@pytest.mark.parametrize("noise", NOISES)
def test_noise_has_the_right_mean_and_range(noise):
    n = BLOCK + 5000
    environment = started(RecoveringRewards(spread("constant", a=[0.3, 0.9, 1.0]), 3, **noise, horizon=n), 8)
    rewards = environment.absorb(np.tile([0, 1, 2], (n, 1)))
    for column, mean in zip(rewards.T, (0.3, 0.9, 1.0), strict=True):
        assert column.mean() == pytest.approx(mean, abs=4 * column.std() / math.sqrt(n) + 1e-12)
    if noise["noise"] == "uniform":
        assert rewards[:, 0].min() < 0.01
        assert rewards[:, 0].max() < 0.6
    if noise["noise"] == "beta":
        assert rewards[:, 0].var() == pytest.approx(0.3 * 0.7 / 4, rel=0.05)
    if noise["noise"] != "gaussian":
        assert np.all((rewards >= 0) & (rewards <= 1))
        assert np.all(rewards[:, 2] == 1.0)
    assert now(environment)["expected_reward"] == pytest.approx(2.2 * n)


def test_comparators_and_regrets():
    environment = RecoveringRewards(ROWS, 1, horizon=500)
    times = np.array([1, 10, 500])
    curves = environment.comparators(times)
    assert curves["fluid"] == pytest.approx(times * 0.6333333333)
    assert curves["plan"] == pytest.approx(times * 0.55)
    assert curves["gamma"] == pytest.approx(times * 0.6333333333 / 4)
    assert curves["optimum"] == pytest.approx(times * 0.62)
    assert curves["worst"].tolist() == [0, 0, 0]
    assert np.all(curves["best_schedule"] <= curves["fluid"] + 1e-9)
    assert [n.name for n in environment.regrets()] == ["plan", "fluid", "gamma", "optimum", "best_schedule", "realized"]
    large = RecoveringRewards(spread("linear", a=0.9, recovery=9), 3, 12, horizon=50)
    assert [n.name for n in large.regrets()] == ["plan", "fluid", "gamma", "realized"]
    assert "optimum" not in large.comparators(times[:1])
    based = RecoveringRewards([[0, 0, 1]] * 3, planner=spread("single_base", base=3), horizon=50)
    assert based.instance().plan.value == pytest.approx(1.0)
    assert "base 3 plan" in based.regrets()[0].label


def rate(environment, rule, rounds=None, **more):
    """Mean reward a period of a rule."""
    policy = Foresight(rule, **more)
    started(environment)
    policy.reset(environment.problem, np.random.default_rng(0))
    policy.advance(environment, rounds or environment.horizon)
    return now(environment)["expected_reward"] / environment.clock


@pytest.mark.parametrize(
    ("curves", "plays", "myopic", "plan"),
    [
        ([[0, 1], [0.5]], 1, 0.75, 0.75),
        ([[0.3, 0.3, 1], [0.29]], 1, 0.3, 0.395),
        ([[0.3, 0.3, 0.3, 1], [0.2]], 1, 0.3, 0.35),
        (ROWS, 2, 0.9, 0.85),
        (spread("geometric", a=[1, 0.8, 0.6], q=[0.5, 0.7, 0.3], recovery=6), 1, 0.675765, 0.675765),
        (
            spread("geometric", a=[1, 0.8, 0.6, 0.9], q=[0.5, 0.7, 0.3, 0.8], recovery=6),
            2,
            1.0602667,
            1.07982,
        ),
    ],
)
def test_rules_on_the_instances_of_the_specification(curves, plays, myopic, plan):
    environment = RecoveringRewards(curves, plays, noise="none", horizon=20_000)
    assert rate(environment, "myopic") == pytest.approx(myopic, abs=5e-4)
    assert rate(environment, "plan") == pytest.approx(plan, abs=5e-4)
    total, periods = rate(environment, "plan") * 20_000, environment.instance().plan.periods
    table = environment.instance().curves
    ends = sum(table[i, min(d, table.shape[1]) - 1] for i, d in enumerate(periods.tolist()) if d)
    assert total >= 20_000 * environment.instance().plan.value - 2 * ends - 1e-9


def test_myopia_by_definition():
    environment = started(RecoveringRewards(ROWS, 2, noise="none", horizon=60))
    for _ in range(20):
        idle = environment.observe()
        now = [ROWS[i][min(d, len(ROWS[i])) - 1] for i, d in enumerate(idle.tolist())]
        best = sorted(i for i in sorted(range(3), key=lambda i: (-now[i], i))[:2] if now[i] > 0)
        row = environment.foresee("myopic", 1, Pow2())
        assert [i for i in row[0].tolist() if i >= 0] == best
        environment.absorb(row)
    rows = environment.foresee("myopic", 40, Pow2())
    for row in rows:
        assert environment.foresee("myopic", 1, Pow2())[0].tolist() == row.tolist()
        environment.absorb(row[None])


def test_lookahead_by_definition():
    environment = started(RecoveringRewards(ROWS, 2, noise="none", horizon=60))
    sets = [s for k in range(3) for s in itertools.combinations(range(3), k)]
    for _ in range(12):
        idle = environment.observe().tolist()

        def total(sequence, idle=idle):
            last, value = [-d for d in idle], 0.0
            for t, pulled in enumerate(sequence):
                for i in pulled:
                    value += ROWS[i][min(t - last[i], len(ROWS[i])) - 1]
                    last[i] = t
            return value

        best = max(total(s) for s in itertools.product(sets, repeat=3))
        row = environment.foresee("lookahead", 5, Pow2(), window=3)
        first = tuple(i for i in row[0].tolist() if i >= 0)
        assert max(total((first, *rest)) for rest in itertools.product(sets, repeat=2)) == pytest.approx(best)
        environment.absorb(row)
    with pytest.raises(ValueError, match=r"tries 7\^8 sequences, more than the limit 1000000"):
        environment.foresee("lookahead", 1, Pow2(), window=8)


def test_interleaved_on_blocking_arms():
    """The long-run value on D arms that need D periods is 1 - (1 - 1/D)^D in the mean over the offsets."""
    values = []
    for seed in range(300):
        environment = RecoveringRewards(spread("step", a=1, recovery=9), n_arms=9, noise="none", horizon=909)
        started(environment, seed)
        policy = Foresight("interleaved")
        policy.reset(environment.problem, np.random.default_rng(0))
        policy.advance(environment, 9)
        before = now(environment)["expected_reward"]
        policy.advance(environment, 900)
        values.append((now(environment)["expected_reward"] - before) / 900)
    assert np.mean(values) == pytest.approx(1 - (8 / 9) ** 9, abs=4 * np.std(values) / math.sqrt(300))
    (bound,) = policy.regret_bounds(environment.problem, environment.instance())
    assert bound.curve(np.array([100.0]))[0] == pytest.approx(100 * (1 - 0.632121), abs=1e-3)


def test_round_robin_and_blocking_greed():
    blocking = spread("step", a=1, recovery=9)
    environment = RecoveringRewards(blocking, n_arms=9, noise="none", start="recovered", horizon=900)
    assert rate(environment, "round_robin") == 1.0
    assert rate(environment, "greedy_available") == 1.0
    assert rate(environment, "plan", planner="best_base") == 1.0
    assert rate(environment, "plan") == pytest.approx(9 / 16, abs=0.01)
    mixed = RecoveringRewards([[0.1, 0.9], [0.0, 0.0, 0.5], [0.3]], 2, noise="none", horizon=600)
    order, best = [0, 1, 2], 0.0
    for m in range(1, 4):
        width = min(2, m)
        last, total = dict.fromkeys(order, -1), 0.0
        for t in range(600):
            for arm in {order[(t * width + s) % m] for s in range(width)}:
                total += mixed.instance().curves[arm, min(t - last[arm], 3) - 1]
                last[arm] = t
        best = max(best, total)
    assert rate(mixed, "round_robin") * 600 == pytest.approx(best, abs=2.0)
    with pytest.raises(ValueError, match="blocking arms only"):
        rate(mixed, "greedy_available")


@pytest.mark.parametrize("start", ["cold", "recovered"])
@pytest.mark.parametrize("rule", ["plan", "myopic", "lookahead", "interleaved", "round_robin"])
@pytest.mark.parametrize("seed", range(3))
def test_nothing_beats_the_fluid_bound_at_any_time(rule, start, seed):
    curves = spread("random_monotone", recovery=6, seed=seed)
    environment = started(RecoveringRewards(curves, 2, 4, start, "none", horizon=300), seed)
    policy = Foresight(rule)
    policy.reset(environment.problem, np.random.default_rng(0))
    bound, rested = environment.instance().fluid, environment.instance().curves[:, -1].sum()
    for t in range(1, 301):
        policy.advance(environment, 1)
        assert now(environment)["expected_reward"] <= t * bound + (rested if start == "recovered" else 0.0) + 1e-9


def test_the_plan_is_played_by_its_name():
    environment = started(RecoveringRewards(ROWS, 2, noise="none", horizon=40))
    other = started(RecoveringRewards(ROWS, 2, noise="none", horizon=40))
    for _ in range(40):
        environment.transition(environment.clairvoyant("plan"))
        other.absorb(other.foresee("plan", 1, Pow2()))
    assert now(environment) == now(other)
    with pytest.raises(ValueError, match="comparator must be plan"):
        environment.clairvoyant("fluid")


@pytest.mark.parametrize("action", [(0, 1, 2), (0, 0), (3,), (-1,), (0.5,), "01", 1, None])
def test_illegal_actions_change_nothing(action):
    environment = started(RecoveringRewards(ROWS, 2, horizon=40))
    environment.transition((1,))
    before = pickle.dumps(environment)
    with pytest.raises(ValueError, match=r"action must be at most 2 different arms in 0\.\.2"):
        environment.transition(action)
    assert pickle.dumps(environment) == before


@pytest.mark.parametrize("row", [[0, 0], [3, -1], [-1, 0], [-2, -1]])
def test_illegal_schedules_change_nothing(row):
    environment = started(RecoveringRewards(ROWS, 2, horizon=40))
    before = pickle.dumps(environment)
    for shape in (np.full((1, 3), -1), np.full(2, -1), np.full((1, 2), -1.0)):
        with pytest.raises(ValueError, match=r"schedule must be whole numbers \[n, 2\]"):
            environment.absorb(shape)
    with pytest.raises(ValueError, match="pulls of a period must be different arms"):
        environment.absorb(np.array([[0, 1], row]))
    assert pickle.dumps(environment) == before


def test_no_play_after_the_end():
    environment = started(RecoveringRewards(ROWS, 2, horizon=4))
    with pytest.raises(RuntimeError, match="4 periods are left, not 5"):
        environment.absorb(np.full((5, 2), -1))
    environment.absorb(np.full((4, 2), -1))
    for play in (
        lambda: environment.transition(()),
        lambda: environment.block(1),
        lambda: environment.absorb(np.full((1, 2), -1)),
    ):
        with pytest.raises(RuntimeError, match="the run is over at time 4"):
            play()


@pytest.mark.parametrize(
    ("change", "text"),
    [
        ({"plays": 0}, r"plays must be a whole number in 1\.\.3"),
        ({"plays": 4}, r"plays must be a whole number in 1\.\.3, got 4"),
        ({"plays": 1.0}, "plays must be"),
        ({"curves": []}, "curves must be a list of at least one curve"),
        ({"curves": [[0.5, 0.4]]}, "must not fall with idle time, got 0.4 for arm 0 at idle time 2"),
        ({"curves": [[0.5], [0.5, 1.2]]}, r"must lie in \[0, 1\], got 1.2 for arm 1 at idle time 2"),
        ({"curves": [[math.nan]]}, "must be a finite number .* got nan"),
        ({"curves": [[math.inf]]}, "must be a finite number .* got inf"),
        ({"curves": [[]]}, "at least one number"),
        ({"curves": ["abc"]}, r"curves\[0\]: unknown curve 'abc'"),
        ({"curves": [["abc"]]}, "must be a finite number"),
        ({"curves": "abc"}, r"curves\[0\]: unknown curve 'abc'"),
        ({"curves": 3}, "must be a list, or a component"),
        ({"curves": {"family": "step"}}, "curves must be a name, or {name: ..., parameters: {...}}"),
        ({"curves": spread("geometrik", a=1)}, "did you mean 'geometric'"),
        ({"curves": spread("geometric", a=1, recovery=3)}, r"curves\[0\]: Geometric needs the parameter 'q'"),
        ({"curves": spread("geometric", a=1, q=1.0, recovery=3)}, r"curves\[0\]: q must be"),
        ({"curves": spread("linear", a=1.5, recovery=3)}, r"curves\[0\]: a must be"),
        ({"curves": spread("linear", a=1, recovery=0)}, "recovery must be"),
        ({"curves": spread("linear", a=1, recovery=3, q=2)}, "Linear has no parameter 'q'"),
        ({"curves": spread("linear", a=[1, 1], recovery=[3])}, "curves.parameters.recovery must have 2 values"),
        ({"curves": spread("linear", a=[1, 1], recovery=3), "n_arms": 3}, "curves.parameters.a must have 3 values"),
        ({"curves": ROWS, "n_arms": 2}, "n_arms must be the number of curves, 3, or left out, got 2"),
        ({"curves": spread("constant", a=1), "n_arms": 0}, "n_arms must be a whole number >= 1"),
        ({"curves": spread("logistic", a=1, c=2, s=0, recovery=3)}, "s must be"),
        ({"horizon": 0}, "horizon"),
        ({"noise": "bernouli"}, "did you mean 'bernoulli'"),
        ({"sigma": 0.1}, "sigma must be given with gaussian noise and with no other"),
        ({"noise": "gaussian"}, "sigma must be given"),
        ({"noise": "gaussian", "sigma": 0}, "sigma must be"),
        ({"noise": "beta"}, "concentration must be given"),
        ({"start": "warm"}, "start must be one of cold, recovered"),
        ({"planner": "pow3"}, "did you mean 'pow2'"),
        ({"planner": spread("single_base", base=2)}, "planner: base must be odd"),
        ({"curves": spread("linear", a=1, recovery=10**6), "n_arms": 2}, "more than the limit 1000000"),
    ],
)
def test_bad_environments(change, text):
    with pytest.raises(ValueError, match=text):
        RecoveringRewards(**({"curves": ROWS} | change))
