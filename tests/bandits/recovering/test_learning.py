"""Online policies on recovering arms: slow references, the bound, what they refuse, the specification's numbers."""

import math
import pickle

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bandits import BanditProblem
from bandits.recovering.explore_then_plan import ExploreThenPlan, isotonic
from bandits.recovering.foresight import Foresight
from bandits.recovering.greedy_ucb import GreedyUCB
from bandits.recovering.idle_blind_ucb import IdleBlindUCB
from bandits.recovering.planners import PLANNERS, pow2
from bandits.recovering.ppp_ucb import PPPUCB, confidence_log, regret_bound, upper_confidence
from bandits.recovering.problem import RecoveringProblem
from bandits.recovering.random_pulls import RandomPulls
from bandits.recovering.schedule import offsets_of
from environments import BernoulliArms
from environments.recovering.environment import RecoveringRewards

SMALL = {"name": "geometric", "parameters": {"a": [1, 0.8, 0.6], "q": [0.5, 0.7, 0.3], "recovery": 6}}
MULTI = {
    "name": "geometric",
    "parameters": {"a": [1, 0.9, 0.7, 0.8, 0.5], "q": [0.6, 0.8, 0.4, 0.7, 0.2], "recovery": 8},
}
TRAP = [[0.3, 0.3, 0.3, 1.0], [0.2] * 4]


def begun(horizon):
    """Five arms, two of them pulled a period, up to eight idle times."""
    environment = RecoveringRewards(MULTI, 2, horizon=horizon)
    environment.begin(environment.draw(np.random.default_rng(3)))
    return environment


def expected(environment):
    """Cumulative mean reward so far."""
    return environment.metrics(np.array([environment.clock]))["expected_reward"][0]


def run(curves, plays, policy, horizon, seed=0, **more):
    """(total mean reward, environment) of one run."""
    environment = RecoveringRewards(curves, plays, horizon=horizon, **more)
    environment.begin(environment.draw(np.random.default_rng([seed, 1])))
    policy.reset(environment.problem, np.random.default_rng([seed, 2]))
    policy.advance(environment, horizon)
    return expected(environment), environment


def test_foresight_is_played_by_its_environment_only():
    with pytest.raises(RuntimeError, match="knows the curves"):
        Foresight().choose(np.array([1]))
    arms = BernoulliArms([0.5], 9)
    arms.reset(seed=0)
    with pytest.raises(TypeError, match="no method foresee"):
        Foresight().advance(arms, 1)
    with pytest.raises(ValueError, match="plays RecoveringProblem, got BanditProblem"):
        Foresight().reset(BanditProblem(n_actions=2, horizon=9), None)


@pytest.mark.parametrize("make", [PPPUCB, GreedyUCB, IdleBlindUCB, ExploreThenPlan, RandomPulls])
@pytest.mark.parametrize(
    "idle", [[5, 1, 1], [0, 1, 1], [-1, 1, 1], [1, 1], [[1, 1, 1]], [1.0, 1.0, 1.0], [10**9, 1, 1], None]
)
def test_idle_times_that_cannot_be_change_nothing(make, idle):
    """A cell beyond the longest recovery time would be another arm's."""
    policy = make()
    policy.reset(RecoveringProblem(n_actions=3, plays=2, recovery=4, horizon=200), np.random.default_rng(0))
    fine = np.array([1, 4, 2])
    for _ in range(5):
        pulls = policy.choose(fine)
        policy.update(fine, pulls, np.full(len(pulls), 0.5))
    pulls, wrong = policy.choose(fine), None if idle is None else np.array(idle)
    before = pickle.dumps(policy)
    for told in (lambda: policy.choose(wrong), lambda: policy.update(wrong, pulls, np.full(len(pulls), 0.5))):
        with pytest.raises(ValueError, match=r"idle times must be 3 whole numbers in 1\.\.4, one an arm, got"):
            told()
        assert pickle.dumps(policy) == before


@pytest.mark.parametrize("make", [PPPUCB, GreedyUCB, IdleBlindUCB, ExploreThenPlan, RandomPulls])
def test_idle_times_may_be_lists_and_numbers_of_any_size(make):
    def play(clothe):
        policy, idle, played = make(), [4, 4, 4], []
        policy.reset(RecoveringProblem(n_actions=3, plays=2, recovery=4, horizon=200), np.random.default_rng(0))
        for _ in range(40):
            played.append(policy.choose(clothe(idle)))
            policy.update(clothe(idle), played[-1], np.full(len(played[-1]), 0.5))
            idle = [1 if arm in played[-1] else min(idle[arm] + 1, 4) for arm in range(3)]
        return played

    clothes = (list, tuple, lambda idle: np.array(idle, np.uint8), lambda idle: np.array(idle, np.uint64), np.ma.array)
    assert all(play(clothe) == play(np.array) for clothe in clothes)


@pytest.mark.parametrize("make", [PPPUCB, ExploreThenPlan, RandomPulls])
def test_rewards_that_are_not_owed(make):
    """Of a policy that plans ahead: where nothing was chosen, or something else."""
    policy, idle = make(), np.array([1, 1, 1])
    policy.reset(RecoveringProblem(n_actions=3, plays=2, recovery=4, horizon=200), np.random.default_rng(0))
    before = pickle.dumps(policy)
    with pytest.raises(RuntimeError, match="feedback that is not owed: call choose once"):
        policy.update(idle, (0,), np.array([0.5]))
    assert pickle.dumps(policy) == before
    other = tuple(set(range(3)) - set(policy.choose(idle)))[:1]
    before = pickle.dumps(policy)
    with pytest.raises(RuntimeError, match="not owed: update takes the pulls chosen"):
        policy.update(idle, other, np.array([0.5]))
    assert pickle.dumps(policy) == before


@given(st.integers(0, 2**32), st.integers(1, 4), st.integers(1, 8))
@settings(max_examples=60, deadline=None)
def test_upper_confidence_bounds(seed, arms, longest):
    rng = np.random.default_rng(seed)
    counts = rng.integers(0, 4, (arms, longest)).astype(float)
    sums = counts * rng.random((arms, longest))
    raw = np.ones((arms, longest))
    for i, d in np.ndindex(arms, longest):
        if counts[i, d]:
            raw[i, d] = min(1.0, sums[i, d] / counts[i, d] + 0.4 / math.sqrt(counts[i, d]))
    upper = upper_confidence(counts, sums, 0.4)
    assert upper == pytest.approx(np.array([[row[d:].min() for d in range(longest)] for row in raw]))
    assert np.all(np.diff(upper, axis=1) >= 0)
    assert np.all(upper <= raw + 1e-12)
    assert upper[:, -1] == pytest.approx(raw[:, -1])


@pytest.mark.parametrize("planner", ["pow2", "lp_round", "best_base"])
@pytest.mark.parametrize("keep", [False, True])
def test_ppp_ucb_equals_its_definition(planner, keep):
    """Period by period, phases, tables and clocks kept in plain lists."""
    environment, policy = begun(600), PPPUCB(planner, phase=37, keep_if_unchanged=keep)
    policy.reset(environment.problem, np.random.default_rng(0))
    n, total = np.zeros((5, 8)), np.zeros((5, 8))
    log, old, planned = math.log(2 * 5 * 8 * 600**2), None, PLANNERS.build(planner)
    for t in range(600):
        if t % 37 == 0:
            raw = np.ones((5, 8))
            seen = n > 0
            raw[seen] = np.minimum(1, total[seen] / n[seen] + np.sqrt(log / (2 * n[seen])))
            periods = planned.plan(np.minimum.accumulate(raw[:, ::-1], axis=1)[:, ::-1], 2).periods
            if not (keep and old is not None and np.array_equal(periods, old)):
                old, began, offsets = periods, t, offsets_of(periods, 2)
        action = [i for i in range(5) if old[i] and (t - began) % old[i] == offsets[i]]
        idle = environment.observe()
        assert list(policy.choose(idle)) == action
        _, feedback = environment.transition(action)
        policy.update(idle, action, feedback)
        for i, x in zip(action, feedback, strict=True):
            n[i, min(idle[i], 8) - 1] += 1
            total[i, min(idle[i], 8) - 1] += x


def test_greedy_and_idle_blind_ucb_equal_their_definitions():
    for policy in (GreedyUCB(), IdleBlindUCB()):
        environment = begun(500)
        policy.reset(environment.problem, np.random.default_rng(0))
        x = [[[] for _ in range(8)] for _ in range(5)]
        for _ in range(500):
            idle = environment.observe()
            if isinstance(policy, GreedyUCB):
                log = math.log(2 * 5 * 8 * 500**2)
                raw = [[min(1, np.mean(c) + math.sqrt(log / (2 * len(c)))) if c else 1.0 for c in row] for row in x]
                index = [min(raw[i][idle[i] - 1 :]) for i in range(5)]
            else:
                every = [[r for c in row for r in c] for row in x]
                index = [np.mean(c) + math.sqrt(2 * math.log(500) / len(c)) if c else math.inf for c in every]
            action = policy.choose(idle)
            order = sorted(range(5), key=lambda i: (-index[i], i))
            best, worst = min(index[i] for i in action), max(index[i] for i in range(5) if i not in action)
            assert best >= worst - 1e-9
            if abs(index[order[1]] - index[order[2]]) > 1e-9 or index[order[1]] == index[order[2]] == 1.0:
                assert sorted(action) == sorted(order[:2])
            _, feedback = environment.transition(action)
            policy.update(idle, action, feedback)
            for i, r in zip(action, feedback, strict=True):
                x[i][min(idle[i], 8) - 1].append(r)


def test_exploration_visits_every_cell():
    """Each arm is seen ``trials`` times at each power of two, at exactly that idle time."""
    environment, policy = begun(3000), ExploreThenPlan(4)
    policy.reset(environment.problem, np.random.default_rng(0))
    length = sum(d * 5 for d, _ in policy._blocks)
    assert [d for d, _ in policy._blocks] == [1, 1, 1, 2, 2, 4, 8]
    last, counts = [-1] * 5, np.zeros((5, length + 1))
    for t in range(length):
        idle = environment.observe()
        pulled = policy.choose(idle)
        policy.update(idle, pulled, environment.transition(pulled)[1])
        for arm in pulled:
            counts[arm, t - last[arm]] += 1
            last[arm] = t
    assert policy._used.tolist() == [[4.0] * 4] * 5
    assert np.all(counts[:, [1, 2, 4, 8]] >= 4)
    policy.advance(environment, 1)
    assert policy._explored


def test_default_exploration_lasts_as_long_as_promised():
    policy = ExploreThenPlan()
    policy.reset(RecoveringProblem(n_actions=5, horizon=64_000, high=2.0, plays=2, recovery=8), None)
    length = sum(d for d, _ in policy._blocks) * (policy._trials + 1)
    assert length <= 1600 < length + sum(d for d, _ in policy._blocks)


@given(st.lists(st.tuples(st.floats(0, 1), st.integers(1, 9)), min_size=1, max_size=8))
@settings(max_examples=60, deadline=None)
def test_isotonic_regression(pairs):
    values, weights = np.array([v for v, _ in pairs]), np.array([float(w) for _, w in pairs])
    found = isotonic(values, weights)
    # the max-min formula
    n = len(values)

    def mean(j, k):
        return np.sum(weights[j : k + 1] * values[j : k + 1]) / np.sum(weights[j : k + 1])

    expected = [max(min(mean(j, k) for k in range(i, n)) for j in range(i + 1)) for i in range(n)]
    assert found == pytest.approx(expected, abs=1e-9)


def test_random_pulls_are_uniform():
    _, environment = run({"name": "constant", "parameters": {"a": [0.0, 0.0, 1.0, 0.0, 0.0]}}, 2, RandomPulls(), 20_000)
    assert expected(environment) / 20_000 == pytest.approx(0.4, abs=4 * math.sqrt(0.24 / 20_000))


@pytest.mark.parametrize(
    ("horizon", "phase", "value"), [(1000, 32, 2404.7346), (16_000, 127, 10_676.5109), (256_000, 506, 46_529.7191)]
)
def test_values_of_the_bound(horizon, phase, value):
    assert regret_bound(np.array([horizon]), horizon, 3, 1, 6, phase)[0] == pytest.approx(value, abs=1e-4)
    assert confidence_log(horizon, 3, 6) == pytest.approx(math.log(36 * horizon**2))


def test_constants_of_the_bound():
    """C_J and H_J of the specification, read off the bound."""
    for bases, c, h in (((1,), 3.414214, 1), ((1, 3), 5.385411, 4 / 3), ((1, 3, 5), 6.912293, 23 / 15)):
        t = np.array([1.0])
        flat = regret_bound(t, 100, 4, 1, 10**6, 7, bases)[0] - regret_bound(t, 100, 4, 1, 10**6, 6, bases)[0]
        assert flat == pytest.approx(16 * h)
        # with very many cells and plays the first form of the minimum is the smaller
        value = regret_bound(t, 100, 4, 1000, 10**6, 7, bases)[0] - 8 - 16 * h * 7 - 1000
        assert value / (16 * math.sqrt(confidence_log(100, 4, 10**6))) == pytest.approx(c, abs=1e-6)


@pytest.mark.parametrize("planner", ["pow2", "best_base", "lp_round"])
@pytest.mark.parametrize("seed", range(3))
def test_regret_stays_under_the_bound_and_prefixes_under_the_fluid_bound(planner, seed):
    curves = {"name": "random_monotone", "parameters": {"recovery": 7, "seed": seed}}
    environment = RecoveringRewards(curves, 2, 4, noise="bernoulli" if seed else "none", planner=planner, horizon=3000)
    environment.begin(environment.draw(np.random.default_rng(seed)))
    policy = PPPUCB(planner)
    policy.reset(environment.problem, np.random.default_rng(0))
    (bound,) = policy.regret_bounds(environment.problem, environment.instance())
    assert bound.holds
    assert bound.comparator_class == ("gamma" if planner == "lp_round" else "plan")
    times = np.array([1, 10, 100, 1000, 3000])
    limit, curves = bound.curve(times.astype(float)), environment.comparators(times)
    for i, t in enumerate(times):
        policy.advance(environment, int(t) - environment.clock)
        earned = expected(environment)
        assert curves[bound.comparator_class][i] - earned <= limit[i]
        assert earned <= curves["fluid"][i] + 1e-9


def test_bounds_say_what_they_assume():
    environment = RecoveringRewards(SMALL, horizon=500)
    assert not PPPUCB("best_base").regret_bounds(environment.problem, environment.instance())[0].holds
    noisy = RecoveringRewards(SMALL, noise="gaussian", sigma=0.5, horizon=500)
    assert not PPPUCB().regret_bounds(noisy.problem, noisy.instance())[0].holds
    plan = Foresight("plan", "lp_round")
    bound, plain = plan.regret_bounds(environment.problem, environment.instance())
    assert bound.comparator_class == plain.comparator_class == "fluid"
    assert bound.curve(np.array([500.0]))[0] < plain.curve(np.array([500.0]))[0]
    total, played = run(SMALL, 1, plan, 500, noise="none")
    assert 500 * played.instance().fluid - total <= bound.curve(np.array([500.0]))[0]
    assert Foresight("myopic").regret_bounds(environment.problem, environment.instance()) == ()


def test_one_idle_time_is_a_phased_bandit():
    total, environment = run({"name": "constant", "parameters": {"a": [0.9, 0.2, 0.6, 0.1]}}, 2, PPPUCB(), 20_000)
    assert environment.instance().plan.value == pytest.approx(1.5)
    assert total / 20_000 > 1.44


def test_doubling_where_no_horizon_is_told():
    policy = PPPUCB(phase=10)
    policy.reset(RecoveringProblem(n_actions=3, recovery=4), np.random.default_rng(0))
    horizons = []
    for _ in range(300):
        action = policy.choose(np.full(3, 4))
        policy.update(np.full(3, 4), action, np.full(len(action), 0.5))
        horizons.append(policy._horizon)
    assert sorted(set(horizons)) == [2, 16, 32, 64, 128, 256, 512]
    assert policy._counts.sum() > 0


@pytest.mark.parametrize(
    ("make", "text"),
    [
        (lambda: PPPUCB("pow"), "planner: unknown planner 'pow' .did you mean 'pow2'"),
        (lambda: PPPUCB(phase=0), "phase must be a whole number >= 1"),
        (lambda: PPPUCB({"name": "single_base", "parameters": {"base": 2}}), "planner: base must be odd"),
        (lambda: PPPUCB({"name": "pow2", "parameters": {"base": 3}}), "has no parameter 'base'"),
        (lambda: ExploreThenPlan(0), "trials"),
        (lambda: ExploreThenPlan(planner="x"), "planner"),
        (lambda: Foresight("myopia"), "did you mean 'myopic'"),
        (lambda: Foresight("lookahead", window=0), "window"),
        (lambda: GreedyUCB().reset(RecoveringProblem(n_actions=3, recovery=4), None), "needs a horizon"),
        (lambda: IdleBlindUCB().reset(RecoveringProblem(n_actions=3, recovery=4), None), "needs a horizon"),
        (lambda: ExploreThenPlan().reset(RecoveringProblem(n_actions=3, recovery=4), None), "needs a horizon"),
        (lambda: RecoveringProblem(n_actions=3, recovery=0), "recovery must be a whole number >= 1, got 0"),
        (lambda: RecoveringProblem(n_actions=3, recovery=2, plays=4), r"plays must be a whole number in 1\.\.3, got 4"),
        (lambda: RecoveringProblem(n_actions=0, recovery=2), "n_actions must be a whole number >= 1, got 0"),
    ],
)
def test_bad_input(make, text):
    with pytest.raises(ValueError, match=text):
        make()


def regret(curves, plays, make, horizon, runs):
    values = []
    for seed in range(runs):
        total, environment = run(curves, plays, make(), horizon, seed)
        values.append(horizon * environment.instance().plan.value - total)
    return np.mean(values), np.std(values) / math.sqrt(runs)


@pytest.mark.parametrize(
    ("curves", "plays", "horizon", "expected"),
    [
        (SMALL, 1, 4000, 120),
        (SMALL, 1, 16_000, 260),
        (SMALL, 1, 64_000, 590),
        (MULTI, 2, 2500, 230),
        (MULTI, 2, 10_000, 569),
        (MULTI, 2, 40_000, 1133),
    ],
)
def test_regret_of_ppp_ucb(curves, plays, horizon, expected):
    """Means of an independent implementation over five runs, whose error is taken to be that of ours."""
    value, error = regret(curves, plays, PPPUCB, horizon, 20)
    assert value == pytest.approx(expected, abs=4 * error * math.sqrt(1 + 20 / 5) + 0.02 * expected)


def test_regret_grows_like_the_root_of_time():
    short, long = (regret(MULTI, 2, PPPUCB, t, 10)[0] for t in (2500, 40_000))
    assert 0.35 < math.log(long / short, 16) < 0.7


def test_the_trap():
    """Greedy play never waits: it stays near .3, planning gets most of the .35 of the best periodic plan."""
    rates = {}
    for make in (PPPUCB, GreedyUCB, IdleBlindUCB, RandomPulls):
        total, _ = run(TRAP, 1, make(), 60_000)
        rates[make.__name__] = total / 60_000
    assert rates["PPPUCB"] == pytest.approx(0.3435, abs=0.003)
    assert rates["GreedyUCB"] == pytest.approx(0.294, abs=0.004)
    assert rates["IdleBlindUCB"] == pytest.approx(0.299, abs=0.002)
    assert rates["PPPUCB"] > rates["RandomPulls"] + 0.04
    assert pow2(np.array(TRAP), 1).value == pytest.approx(0.35)


def test_where_the_baseline_wins():
    """On concave recovery greedy UCB pays less than PPP-UCB, which must try its periods in whole phases."""
    greedy, planned = (regret(SMALL, 1, make, 64_000, 5)[0] for make in (GreedyUCB, PPPUCB))
    assert greedy < 0.5 * planned
    blind, _ = run(SMALL, 1, IdleBlindUCB(), 64_000)
    assert 0.49 < blind / 64_000 < 0.53
