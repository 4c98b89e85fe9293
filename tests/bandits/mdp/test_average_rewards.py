"""Learners in one life against golden runs, slow versions of themselves, and means of independent programs."""

import contextlib
import math
import pickle
import warnings
from dataclasses import replace

import numpy as np
import pytest

import bandits.mdp.loop
import bandits.mdp.model
import bandits.mdp.ucrl2
from bandits.checks import play
from bandits.contract import NotResetError
from bandits.mdp.kl_ucrl import divergence_budget
from bandits.mdp.problem import AverageRewardProblem, Step
from bandits.registry import POLICIES
from environments.mdp.average import AverageMDP
from environments.mdp.models import Tables, first_state
from environments.mdp.tape import Tape

GARNET = {"name": "garnet", "parameters": {"n_states": 10, "n_actions": 3, "branching": 3, "seed": 0}}
LEARNERS = (
    ("ucrl2", {}),
    ("ucrl2b", {}),
    ("kl_ucrl", {}),
    ("kl_ucrl", {"radius": "original"}),
    ("loop", {}),
    ("psrl", {}),
    ("psrl", {"epochs": "doubling"}),
    ("optimistic_q", {"preset": "authors"}),
    ("differential_q", {}),
)
PLANNERS = LEARNERS[:7]


def named(name, **parameters):
    return POLICIES.build({"name": name, "parameters": parameters}, "policy")


def random_process(seed, n_states=3, n_actions=2):
    rng = np.random.default_rng(seed)
    moves = rng.dirichlet(np.full(n_states, 0.6), (n_states, n_actions))
    return Tables(bandits.mdp.model.Model(moves), rng.random((n_states, n_actions)), first_state(n_states))


def tape(seed):
    """All streams alike; the transitions use the numbers of ``default_rng(seed)``."""
    return Tape(*(np.random.default_rng(seed) for _ in Tape._fields))


def run(environment, policy, stepwise=False, seed=0, until=None):
    """The states visited and the actions taken."""
    environment.begin(tape(seed))
    policy.reset(environment.problem, np.random.default_rng(seed + 1))
    until = until or environment.problem.horizon
    if not stepwise:
        policy.advance(environment, until)
        return None
    path = []
    while environment.clock < until:
        state = environment.observe()
        action = policy.choose(state)
        _, step = environment.transition(action)
        policy.update(state, action, step)
        path.append((state, action, step.state))
    return path


# Golden runs on the river, transition uniforms default_rng(0).random(3000)

GOLDEN = [
    ("ucrl2", {}, [[512, 1051], [591, 636], [210, 0], [0, 0], [0, 0], [0, 0]], 2.56),
    ("ucrl2b", {}, [[256, 685], [400, 533], [163, 520], [158, 207], [70, 7], [0, 1]], 2.28),
    ("kl_ucrl", {}, [[256, 199], [111, 221], [78, 168], [56, 246], [14, 912], [0, 739]], 740.28),
    ("loop", {}, [[163, 260], [143, 362], [114, 349], [105, 342], [64, 615], [0, 483]], 483.815),
    (
        "optimistic_q",
        {"preset": "authors"},
        [[293, 374], [203, 406], [122, 355], [88, 314], [77, 440], [46, 282]],
        None,
    ),
]


@pytest.mark.parametrize(("name", "parameters", "visits", "reward"), GOLDEN)
def test_golden_runs(name, parameters, visits, reward):
    environment, policy = AverageMDP("riverswim", horizon=3000), named(name, **parameters)
    run(environment, policy)
    found = policy._visits if name == "optimistic_q" else policy._counts.visits
    assert found.tolist() == visits
    if reward is not None:
        assert environment.metrics(np.array([3000]))["expected_reward"][0] == pytest.approx(reward, abs=1e-9)
    else:
        assert policy._upper[0] == pytest.approx([86.5815075547, 86.5293922420], abs=1e-8)
        assert policy._upper[5] == pytest.approx([90.8928715038, 91.4146492435], abs=1e-8)


def test_a_golden_path():
    path = run(AverageMDP("riverswim", horizon=20), named("fixed_policy", table=1), stepwise=True)
    states = [0, *(following for _, _, following in path)]
    assert states == [0, 1, 1, 0, 0, 1, 2, 2, 3, 3, 4, 5, 4, 5, 4, 5, 4, 5, 5, 4, 4]


# Slow versions


def slow_epochs(policy, path, rule):
    """Steps, from 1, at which epochs begin, from the plans that were played: by the rule as it is written."""
    begun, counts, before, last = [1], {}, {}, 0
    for t, (state, action, _) in enumerate(path, start=1):
        if t > 1 and rule(t, begun, counts, before, (state, policy[t][state]), last):
            last, before = t - begun[-1], dict(counts)
            begun.append(t)
        counts[state, action] = counts.get((state, action), 0) + 1
    return begun


def doubling(t, begun, counts, before, pair, last):
    return counts.get(pair, 0) - before.get(pair, 0) >= max(1, before.get(pair, 0))


def tsde(t, begun, counts, before, pair, last):
    grown = any(n > 2 * before.get(pair, 0) for pair, n in counts.items())
    return grown or t > begun[-1] + last


@pytest.mark.parametrize(
    ("name", "parameters", "rule"),
    [
        ("ucrl2", {}, doubling),
        ("ucrl2b", {"bonus_scale": 0.1}, doubling),
        ("kl_ucrl", {}, doubling),
        ("psrl", {"epochs": "doubling"}, doubling),
        ("psrl", {}, tsde),
    ],
)
@pytest.mark.parametrize("seed", range(2))
def test_when_epochs_begin(name, parameters, rule, seed):
    environment, policy = AverageMDP(random_process(seed), horizon=400), named(name, **parameters)
    environment.begin(tape(seed))
    policy.reset(environment.problem, np.random.default_rng(seed))
    began, plans, path, before = [], {}, [], 0
    for t in range(1, 401):
        state = environment.observe()
        plans[t] = policy._policy.copy()  # the plan in force before the step
        action = policy.choose(state)
        if policy.plans != before:
            began.append(t)
            before = policy.plans
        _, step = environment.transition(action)
        policy.update(state, action, step)
        path.append((state, action, step.state))
    assert began == slow_epochs(plans, path, rule)
    assert len(began) > 8
    size = 3 * 2
    if rule is doubling:
        assert len(began) <= 1 + 2 * size + size * math.log2(8 * 400 / size)


def test_logarithms_are_of_steps(monkeypatch):
    """Not of epochs: the radii and the precision of every plan are those of its first step."""
    planned = []
    plain = bandits.mdp.ucrl2.extended_value_iteration

    def noting(ball, rewards, estimate, widths, precision):
        planned.append((widths.copy(), precision, estimate.copy()))
        return plain(ball, rewards, estimate, widths, precision)

    monkeypatch.setattr(bandits.mdp.ucrl2, "extended_value_iteration", noting)
    environment, policy = AverageMDP(random_process(3), horizon=300), named("ucrl2", delta=0.1)
    path = run(environment, policy, stepwise=True)
    counts, begun = np.zeros((3, 2, 3)), 0
    for widths, precision, estimate in planned:
        t = round(1.0 / precision**2)
        for state, action, following in path[begun : t - 1]:
            counts[state, action, following] += 1
        begun, n = t - 1, np.maximum(1, counts.sum(axis=2))
        assert widths[:, :, 0] == pytest.approx(np.sqrt(14 * 3 * math.log(2 * 2 * t / 0.1) / n))
        assert estimate == pytest.approx(counts / n[:, :, None])
    assert begun > 100


@pytest.mark.parametrize("seed", range(3))
def test_loop_plans_anew_when_the_data_reject_the_model(seed):
    environment = AverageMDP(random_process(seed), horizon=500)
    policy = named("loop", bonus_scale=0.5)
    environment.begin(tape(seed))
    policy.reset(environment.problem, np.random.default_rng(0))
    counts, plans, rejections = np.zeros((3, 2, 3)), 1, 0
    for _ in range(500):
        state = environment.observe()
        action = policy.choose(state)
        assert policy.plans == plans
        _, step = environment.transition(action)
        policy.update(state, action, step)
        counts[state, action, step.state] += 1
        row, n = counts[state, action], counts[state, action].sum()
        law = np.exp(policy._doubts.log_model[state, action])
        excess = sum(c * (math.log(c / n) - (math.log(q) if q > 0.0 else -math.inf)) for c, q in zip(row, law) if c > 0)  # noqa: B905
        assert policy._doubts.excess[state, action] == pytest.approx(excess, abs=1e-9)
        beta = math.log(3 * 2 / 0.05) + 2 * math.log(math.e * (1 + n / 2))
        if excess > 4 * 0.5 * beta:
            plans, rejections = plans + 1, rejections + 1
    assert rejections > 3


def slow_optimistic_q(path, rewards, horizon, gamma, c):
    q = [[horizon] * len(row) for row in rewards]
    upper = [[horizon] * len(row) for row in rewards]
    counts = [[0] * len(row) for row in rewards]
    for state, action, following in path:
        assert action == upper[state].index(max(upper[state]))
        counts[state][action] += 1
        n, value = counts[state][action], max(upper[following])  # read before the update, which self-loops notice
        alpha = (horizon + 1) / (horizon + n)
        target = rewards[state][action] + gamma * value + c * math.sqrt(horizon / n)
        q[state][action] = (1 - alpha) * q[state][action] + alpha * target
        upper[state][action] = min(upper[state][action], q[state][action])
    return upper


@pytest.mark.parametrize("seed", range(2))
def test_optimistic_q_step_by_step(seed):
    tables = random_process(seed)
    environment, policy = AverageMDP(tables, horizon=2000), named("optimistic_q", span=0.7, delta=0.1, bonus_scale=0.05)
    path = run(environment, policy, stepwise=True)
    horizon = min(math.sqrt(0.7 * 2000 / 6), (2000 / (6 * math.log(4 * 2000 / 0.1))) ** (1 / 3))
    c = 0.05 * 4 * 0.7 * math.sqrt(math.log(2 * 2000 / 0.1))
    upper = slow_optimistic_q(path, tables.rewards.tolist(), horizon, 1 - 1 / horizon, c)
    assert policy._upper == pytest.approx(np.array(upper), abs=1e-12)
    assert any(state == following for state, _, following in path)


@pytest.mark.parametrize("seed", range(2))
def test_differential_q_step_by_step(seed):
    tables, epsilon = random_process(seed), 0.3
    environment, policy = AverageMDP(tables, horizon=1000), named("differential_q", epsilon=epsilon)
    path = run(environment, policy, stepwise=True)
    uniforms = np.random.default_rng(1).random(1000)
    q, counts = [[0.0, 0.0] for _ in range(3)], [[0, 0] for _ in range(3)]
    for u, (state, action, following) in zip(uniforms, path, strict=True):
        assert action == (int(u / epsilon * 2) if u < epsilon else q[state].index(max(q[state])))
        counts[state][action] += 1
        error = tables.rewards[state, action] + max(q[following]) - max(q[0]) - q[state][action]
        q[state][action] += error / counts[state][action]
    assert policy._q == pytest.approx(np.array(q), abs=1e-12)


def test_theory_tunes_optimistic_q_to_the_horizon():
    for horizon, effective in ((20_000, 4.8863468), (100_000, 8.0634304)):
        policy = named("optimistic_q")
        problem = AverageMDP("riverswim", span=6.3103243082, horizon=horizon).problem
        policy.reset(problem, np.random.default_rng(0))
        assert policy._tuning[0] == pytest.approx(effective, abs=1e-6)
    policy.reset(replace(problem, horizon=3), np.random.default_rng(0))
    assert policy._tuning[:2] == (1.0, 0.0)


# Both ways of playing, and copies


def same(one, other):
    """Whether two things hold the same numbers, bit for bit."""
    if isinstance(one, np.ndarray):
        return np.array_equal(one, other, equal_nan=True)
    if isinstance(one, np.random.Generator):
        return one.bit_generator.state == other.bit_generator.state
    if isinstance(one, tuple):
        return len(one) == len(other) and all(map(same, one, other))
    return one == other


def state_of(policy):
    return {name: value for name, value in vars(policy).items() if name != "_declared"}


@pytest.mark.parametrize(
    ("name", "parameters"), [*LEARNERS, ("uniform_actions", {}), ("fixed_policy", {"table": [1, 0, 1]})]
)
@pytest.mark.parametrize("noise", ["none", "bernoulli"])
def test_both_ways_of_playing_leave_the_same_state(name, parameters, noise):
    environment = AverageMDP(random_process(5), noise, horizon=700)
    ends = []
    for stepwise in (True, False):
        policy = named(name, **parameters)
        run(environment, policy, stepwise)
        ends.append((state_of(policy), environment.metrics(np.arange(1, 701))))
    (one, series), (other, again) = ends
    assert one.keys() == other.keys()
    for key, value in one.items():
        assert same(value, other[key]), key
    assert all(same(series[key], again[key]) for key in series)


# Means


COLUMNS = {
    "toggle": (5000, 50_000),
    "riverswim": (20_000, 100_000),
    "jao": (20_000,),
    "garnet": (20_000,),
}
LAST = {"toggle": 50_000, "riverswim": 100_000, "jao": 100_000, "garnet": 100_000}
MODELS = {
    "toggle": {"name": "toggle", "parameters": {"p": 0.2, "q": 0.3, "ra": 0.1, "rb": 1.0}},
    "riverswim": {"name": "riverswim", "parameters": {"n": 6}},
    "jao": {"name": "jao", "parameters": {"delta": 0.05, "eps": 0.02, "A": 3, "best": 1}},
    "garnet": GARNET,
}
WIDE = math.inf
"""A standard error where runs are all or nothing: the mean is accepted within a factor of 3."""
MEANS = [
    ("ucrl2", {}, [(397.6, 21), (1420, 58)], [(8388, 58), (24832, 578)], [(888.8, 21)], [(43.4, 1.9)]),
    ("ucrl2b", {}, [(313.0, 7.7), (333.6, 0.3)], [(2518, 68), (3220, 77)], [(858.5, 17)], [(617.8, 13)]),
    (
        "ucrl2b",
        {"bonus_scale": 0.1},
        [(31.1, 0.3), (31.1, 0.3)],
        [(287.7, 8.9), (354.3, 8.9)],
        [(240.8, 20)],
        [(94.8, 1.6)],
    ),
    ("kl_ucrl", {}, [(30.3, 0.3), (30.7, 0.3)], [(735.0, 15), (930.5, 27)], [(471.6, 29)], [(123.1, 3.0)]),
    (
        "kl_ucrl",
        {"bonus_scale": 0.1},
        [(3.8, 0.3), (4.3, 0.2)],
        [(61.1, 2.0), (64.5, 1.7)],
        [(457, WIDE)],
        [(13.5, 1.1)],
    ),
    ("loop", {}, [(53.0, 2.9), (66.9, 0.4)], [(1519, 68), (1820, 85)], [(606, 40)], [(171.7, 10)]),
    ("loop", {"bonus_scale": 0.1}, [(5.7, 0.7), (5.7, 0.7)], [(88.4, 4.1), (88.4, 4.1)], [(375, WIDE)], [(17.9, 1.3)]),
    (
        "psrl",
        {"epochs": "doubling"},
        [(15.6, 3.9), (16.5, 3.8)],
        [(155.3, 14), (159.8, 13)],
        [(220, WIDE)],
        [(4.3, 1.3)],
    ),
    ("psrl", {}, [(23.6, 1.4), (27.6, 1.4)], [(152.6, 7.5), (186.9, 6.6)], [(294.8, 34)], [(4.3, 0.3)]),
    ("optimistic_q", {}, [(1500, 0.05), (6014, 8)], [(8472, 0.5), (42422, 5)], [(1660, 9)], [(2846, 1.7)]),
    (
        "optimistic_q",
        {"bonus_scale": 0.05},
        [(185.0, 2.6), (333.8, 2.1)],
        [(4757, 22), (10916, 39)],
        [(974.5, 7.7)],
        [(153.1, 0.9)],
    ),
    (
        "optimistic_q",
        {"preset": "authors"},
        [(462.1, 2.8), (1012, 5.4)],
        [(3112, 19), (4684, 21)],
        [(755.6, 18)],
        [(1670, 9)],
    ),
    ("differential_q", {}, [(363, WIDE), (846, WIDE)], [(8471, 2), (42365, 4)], [(775, WIDE)], [(362, WIDE)]),
    ("uniform_actions", {}, [(1117, 5), (11171, 16)], [(8493, 14), (42572, 27)], [(1037, 6)], [(4545, 6)]),
]


def sums_of_gaps(environment, make, times, seeds=20):
    """[seeds, n_times]."""
    found = []
    for k in range(seeds):
        environment.begin(environment.draw(np.random.default_rng([2011, k])))
        policy = make()
        policy.reset(environment.problem, np.random.default_rng([2012, k]))
        policy.advance(environment, times[-1])
        found.append(-environment.metrics(np.array(times))["minus_gaps"])
    return np.array(found)


@pytest.mark.parametrize("model", COLUMNS)
def test_mean_sums_of_gaps(model):
    """Of 20 runs each; what is tuned to the horizon, to the last of the columns of the independent program."""
    place, span = 2 + list(COLUMNS).index(model), AverageMDP(MODELS[model], horizon=100).instance().span
    environment = AverageMDP(MODELS[model], span=span, horizon=LAST[model])
    for row in MEANS:
        name, parameters = row[:2]
        runs = sums_of_gaps(environment, lambda: named(name, **parameters), COLUMNS[model])  # noqa: B023
        for (expected, error), sums in zip(row[place], runs.T, strict=True):
            mean, own = sums.mean(), sums.std(ddof=1) / math.sqrt(len(sums))
            told = f"{name} {parameters} on {model}: {mean:.1f} ({own:.1f}), expected {expected} ({error})"
            if error == WIDE:
                assert expected / 3.0 < mean < 3.0 * expected, told
            else:
                assert abs(mean - expected) < 4.5 * math.hypot(own, error), told


@pytest.mark.parametrize(
    ("name", "parameters", "expected", "error"),
    [
        ("ucrl2", {}, 5747, 44),
        ("ucrl2b", {}, 1436, 62),
        ("kl_ucrl", {}, 1346, 412),
        ("loop", {}, 1228, 420),
        ("optimistic_q", {"preset": "authors"}, 2190, 672),
        ("psrl", {"epochs": "doubling"}, 9232, 1657),
        ("psrl", {}, 7201, 1650),
        ("differential_q", {}, 19_845, 5),
        ("uniform_actions", {}, 19_968, 5),
    ],
)
def test_mean_sums_of_gaps_in_six_arms(name, parameters, expected, error):
    """Posterior sampling gives the best arm up in many runs; who plans with optimism does not."""
    sums = sums_of_gaps(AverageMDP("sixarms", horizon=20_000), lambda: named(name, **parameters), [20_000])
    mean, own = sums.mean(), sums.std(ddof=1) / math.sqrt(len(sums))
    assert abs(mean - expected) < 4.5 * math.hypot(own, error), (mean, own)


@pytest.mark.parametrize(
    ("name", "parameters", "plans"),
    [("ucrl2", {}, 88.2), ("ucrl2b", {}, 75.0), ("kl_ucrl", {}, 59.8), ("loop", {}, 39.8), ("psrl", {}, 581.0)],
)
def test_mean_numbers_of_plans(name, parameters, plans):
    environment, found = AverageMDP("riverswim", horizon=100_000), []
    for k in range(8):
        policy = named(name, **parameters)
        run(environment, policy, seed=20 + k)
        found.append(policy.plans)
    assert abs(np.mean(found) - plans) < 4.5 * np.std(found, ddof=1) / math.sqrt(8) + 1.0, np.mean(found)


def test_unknown_rewards_on_the_river():
    """Regret against the gain of 20 runs; the independent program has 28 331 (687)."""
    environment, regrets = AverageMDP("riverswim", known_rewards=False, horizon=100_000), []
    for k in range(20):
        environment.begin(environment.draw(np.random.default_rng([2013, k])))
        policy = named("ucrl2")
        policy.reset(environment.problem, np.random.default_rng(k))
        policy.advance(environment, 100_000)
        earned = environment.metrics(np.array([100_000]))["expected_reward"][0]
        regrets.append(100_000 * environment.instance().gain - earned)
    own = np.std(regrets, ddof=1) / math.sqrt(20)
    assert abs(np.mean(regrets) - 28_331) < 4.5 * math.hypot(own, 687), (np.mean(regrets), own)


def test_unknown_rewards_are_learned():
    environment = AverageMDP("riverswim", known_rewards=False, horizon=20_000)
    for name in ("ucrl2", "ucrl2b"):
        gaps = sums_of_gaps(environment, lambda: named(name), [20_000], 5)  # noqa: B023
        told = sums_of_gaps(AverageMDP("riverswim", horizon=20_000), lambda: named(name), [20_000], 5)  # noqa: B023
        assert gaps.mean() > told.mean()
    noisy = AverageMDP("toggle", "bernoulli", known_rewards=False, horizon=20_000)
    assert sums_of_gaps(noisy, lambda: named("ucrl2"), [20_000], 5).mean() < 2500  # uniform play: 4468
    assert sums_of_gaps(noisy, lambda: named("ucrl2b"), [20_000], 5).mean() < 1500


def test_upper_bounds_of_unknown_rewards():
    policy = named("ucrl2", delta=0.1)
    problem = AverageRewardProblem(n_states=2, n_actions=2, horizon=9)
    policy.reset(problem, np.random.default_rng(0))
    for reward in (0.5, 0.25, 0.75, 0.0):
        policy.update(1, 0, Step(reward, 1))
    n = np.maximum(1, policy._counts.visits)
    policy._t = 10**6
    radius = math.sqrt(7 * math.log(2 * 2 * 2 * 10**6 / 0.1) / 8)
    assert policy._rewards(n).tolist() == [[1.0, 1.0], [min(1.0, 0.375 + radius), 1.0]]
    policy = named("ucrl2b", delta=0.1, bonus_scale=0.01)
    policy.reset(problem, np.random.default_rng(0))
    for reward in (0.5, 0.25, 0.75, 0.0):
        policy.update(1, 0, Step(reward, 1))
    ratio = np.log(6 * 2 * 2 * n / 0.1) / n
    upper = 0.375 + 0.01 * (2 * math.sqrt(0.078125 * ratio[1, 0]) + 6 * ratio[1, 0])
    assert policy._rewards(n, ratio) == pytest.approx(np.array([[1.0, 1.0], [upper, 1.0]]))


# Traps


def test_coarse_planning_has_loop_stuck(monkeypatch):
    """With UCRL2's precision the first plan is myopic, its model is never rejected, and regret is linear for ever."""
    environment = AverageMDP(MODELS["toggle"], horizon=5000)
    monkeypatch.setattr(bandits.mdp.loop, "PRECISION", 1.0)
    policy = named("loop")
    run(environment, policy)
    assert policy.plans == 1
    assert environment.metrics(np.array([5000]))["minus_gaps"][0] == pytest.approx(-1500.0)
    monkeypatch.undo()
    policy = named("loop")
    run(environment, policy)
    assert environment.metrics(np.array([5000]))["minus_gaps"][0] > -100.0


def test_doubling_alone_locks_bad_samples_in():
    model = {"name": "riverswim", "parameters": {"n": 5, "left": 0.15}}
    environment = AverageMDP(model, horizon=40_000)
    gaps = {
        epochs: sums_of_gaps(environment, lambda: named("psrl", epochs=epochs), [40_000])[:, 0]  # noqa: B023
        for epochs in ("doubling", "tsde")
    }
    for epochs, mean, error in (("doubling", 7409.0, 1177.0), ("tsde", 273.0, 59.0)):
        own = gaps[epochs].std(ddof=1) / math.sqrt(20)
        assert abs(gaps[epochs].mean() - mean) < 4.5 * math.hypot(own, error), (epochs, gaps[epochs].mean(), own)


@pytest.mark.parametrize(("name", "parameters"), [*LEARNERS, ("uniform_actions", {})])
def test_one_action_has_no_regret(name, parameters):
    environment = AverageMDP(random_process(2, 3, 1), horizon=200)
    run(environment, named(name, **parameters))
    assert not environment.metrics(np.arange(1, 201))["minus_gaps"].any()


@pytest.mark.parametrize(("name", "parameters"), PLANNERS)
def test_one_state_is_a_bandit_with_known_means(name, parameters):
    environment = AverageMDP(random_process(2, 1, 4), horizon=200)
    run(environment, named(name, **parameters))
    assert not environment.metrics(np.arange(1, 201))["minus_gaps"].any()


def test_who_knows_the_gain_has_no_gaps():
    environment = AverageMDP("riverswim", horizon=500)
    assert not play(named("clairvoyant", comparator="gain"), environment, 3)["minus_gaps"].any()


# Refusals


PROBLEM = AverageRewardProblem(n_states=3, n_actions=2, rewards=[[0.1, 0.2]] * 3, horizon=100)


@pytest.mark.parametrize(
    ("name", "parameters", "message"),
    [
        ("ucrl2", {"delta": 0.0}, "delta must be"),
        ("ucrl2b", {"delta": 1.0}, "delta must be"),
        ("kl_ucrl", {"delta": math.nan}, "delta must be"),
        ("loop", {"bonus_scale": -0.1}, "bonus_scale must be"),
        ("optimistic_q", {"bonus_scale": math.inf}, "bonus_scale must be"),
        ("optimistic_q", {"span": 0.0}, "span must be"),
        ("optimistic_q", {"preset": "author"}, "preset must be one of theory, authors, got 'author'"),
        ("kl_ucrl", {"radius": "own "}, "radius must be one of own, original"),
        ("psrl", {"alpha": 0.0}, "alpha must be"),
        ("psrl", {"epochs": "tsd"}, "epochs must be one of tsde, doubling"),
        ("differential_q", {"epsilon": 1.1}, "epsilon must be"),
        ("fixed_policy", {"table": [0, -1]}, r"table\[1\] must be a whole number"),
        ("fixed_policy", {"table": [0, 0.5]}, r"table\[1\] must be a whole number"),
    ],
)
def test_arguments_out_of_their_domains(name, parameters, message):
    with pytest.raises(ValueError, match=message):
        named(name, **parameters)


@pytest.mark.parametrize(
    ("name", "parameters", "changes", "message"),
    [
        ("kl_ucrl", {}, {"rewards": None}, "KLUCRL needs the mean rewards"),
        ("loop", {}, {"rewards": None}, "LOOP needs the mean rewards"),
        ("psrl", {}, {"rewards": None}, "PSRL needs the mean rewards"),
        ("optimistic_q", {}, {}, "OptimisticQ needs a span"),
        ("optimistic_q", {"span": 1.0}, {"horizon": None}, "OptimisticQ is tuned to the horizon"),
        ("kl_ucrl", {"radius": "original"}, {"horizon": None}, "needs a horizon"),
        ("fixed_policy", {"table": [0, 1]}, {}, "table must have 3 actions"),
        ("fixed_policy", {"table": [0, 1, 2]}, {}, r"table\[2\] must be a whole number in 0..1"),
        ("ucrl2", {}, {"n_states": 20_000, "rewards": None}, "n_states must be lower, got too much"),
        ("kl_ucrl", {}, {"n_states": 1001, "rewards": [[0.0] * 2] * 1001}, "up to 2000000, got 1001 states and 2 act"),
        ("loop", {}, {"n_states": 1001, "rewards": [[0.0] * 2] * 1001}, "LOOP plans for S x A x S up to 2000000"),
    ],
)
def test_problems_that_are_refused(name, parameters, changes, message):
    policy = named(name, **parameters)
    with pytest.raises(ValueError, match=message):
        policy.reset(replace(PROBLEM, **changes), np.random.default_rng(0))
    with pytest.raises(NotResetError):
        policy.choose(0)
    if "table" not in parameters:  # in mid-run it goes on
        policy.reset(replace(PROBLEM, span=1.0), np.random.default_rng(0))
        policy.update(0, policy.choose(0), Step(0.1, 2))
        before = pickle.dumps(policy)
        asked = replace(PROBLEM, **changes)
        with contextlib.suppress(ValueError):  # the span is told here
            policy.reset(asked, np.random.default_rng(1))
            return
        assert pickle.dumps(policy) == before


@pytest.mark.parametrize("name", ["optimistic_q", "differential_q", "uniform_actions", "fixed_policy", "ucrl2"])
def test_refused_feedback_changes_nothing(name):
    policy = named(name)
    policy.reset(replace(PROBLEM, span=1.0), np.random.default_rng(0))
    policy.update(0, policy.choose(0), Step(0.1, 2))
    before = pickle.dumps(policy)
    for state, action, feedback in (
        (3, 0, Step(0.1, 0)),
        (-1, 0, Step(0.1, 0)),
        (0.5, 0, Step(0.1, 0)),
        (0, 2, Step(0.1, 0)),
        (0, True, Step(0.1, 0)),
        (0, 0, Step(math.nan, 0)),
        (0, 0, Step(math.inf, 0)),
        (0, 0, Step("a", 0)),
        (0, 0, Step(0.1, 3)),
        (0, 0, 0.1),
        (0, 0, (0.1, 0, 0)),
    ):
        with pytest.raises(ValueError, match="must be"):
            policy.update(state, action, feedback)
        assert pickle.dumps(policy) == before
    with pytest.raises(ValueError, match="observation must be"):
        policy.choose(3)


def test_tables_for_ten_thousand_states():
    problem = AverageRewardProblem(n_states=10_000, n_actions=4, span=1.0, horizon=10**6)
    for name in ("optimistic_q", "differential_q"):
        policy = named(name)
        policy.reset(problem, np.random.default_rng(0))
        before = policy._q.copy()
        policy.update(0, action := policy.choose(9_999), Step(0.5, 9_999))
        assert policy._q.shape == (10_000, 4)
        assert np.argwhere(policy._q != before).tolist() == [[0, action]]


def test_radii_of_kl_ucrl():
    n, log = np.array([[1, 2], [7, 100]]), math.log(1000)
    for radius, budget in (
        ("own", math.log(2 * 2 / 0.1) + np.log(math.e * (1 + n))),
        ("original", None),
    ):
        policy = named("kl_ucrl", radius=radius, delta=0.1)
        policy.reset(
            AverageRewardProblem(n_states=2, n_actions=2, rewards=np.zeros((2, 2)), horizon=1000),
            np.random.default_rng(0),
        )
        if budget is None:
            b = math.log(2 * math.e * 4 * 2 * log / 0.1)
            budget = np.full((2, 2), 2 * (b + math.log(b + 1 / log) * (1 + 1 / (b + 1 / log))))
        assert policy._budget(n) == pytest.approx(budget)
    assert divergence_budget(n, 1, 3, 0.1) == pytest.approx(math.log(30))


# Bounds


def bounds(name, environment, **parameters):
    """Its own theorems, without what follows from them."""
    policy = named(name, **parameters)
    return {bound.name: bound for bound in policy.regret_bounds(environment.problem, environment.instance())}


def test_bounds_on_the_river():
    river = AverageMDP("riverswim", span=6.5, horizon=20_000)
    t = np.array([20_000.0])
    d, sp = 14.7223379148, 6.3103243082
    (ucrl2,) = bounds("ucrl2", river).values()
    assert ucrl2.curve(t)[0] == pytest.approx(34 * d * 6 * math.sqrt(2 * 2e4 * math.log(2e4 / 0.05)), rel=1e-9)
    assert ucrl2.curve(t)[0] == pytest.approx(2.16e6, rel=2e-3)
    assert (ucrl2.kind, ucrl2.delta, ucrl2.evidence, ucrl2.holds) == ("upper", 0.05, "recalled", True)
    expected = {
        "ucrl2b": math.sqrt(d * 3 * 12 * 2e4 * math.log(2e4)),
        "kl_ucrl": d * 6 * math.sqrt(2 * 2e4 * math.log(2e4)),
        "loop": sp * 6 * math.sqrt(2 * 2e4),
        "psrl": sp * 6 * math.sqrt(2 * 2e4),
        "optimistic_q": 6.5 * 12 ** (1 / 3) * 2e4 ** (2 / 3),
    }
    for name, value in expected.items():
        (bound,) = bounds(name, river).values()
        assert bound.curve(t)[0] == pytest.approx(value, rel=1e-9)
        assert (bound.kind, bound.evidence) == ("order", "convention")
        assert bound.holds == (name != "psrl")  # which speaks of the mean over the prior
        assert bound.comparator_class == "gain"
    assert not any(bounds(name, river, bonus_scale=0.1)[key].holds for name, key in (("ucrl2", ucrl2.name),))
    for name in ("ucrl2b", "kl_ucrl", "loop", "optimistic_q"):
        assert not any(bound.holds for bound in bounds(name, river, bonus_scale=0.1).values())
    assert bounds("psrl", river, epochs="doubling") == {}
    assert bounds("optimistic_q", river, preset="authors") == {}
    assert bounds("uniform_actions", river) == bounds("differential_q", river) == {}


def test_a_span_that_is_too_small_is_taken_and_told():
    river = AverageMDP("riverswim", span=5.0, horizon=200)
    (bound,) = bounds("optimistic_q", river).values()
    assert not bound.holds
    (wrong,) = [assumption for assumption in bound.assumptions if not assumption.holds]
    assert wrong.largest == pytest.approx(6.3103243082)


def test_without_a_diameter_its_bounds_are_grey():
    """State 0 is left for ever: no state leads back to it."""
    moves = [[[0.5, 0.5], [0.0, 1.0]], [[0.0, 1.0], [0.0, 1.0]]]
    model = {"name": "table", "parameters": {"transitions": moves, "rewards": [[0.0, 0.5], [1.0, 0.2]]}}
    environment = AverageMDP(model, horizon=100)
    assert environment.instance().diameter == math.inf
    for name in ("ucrl2", "ucrl2b", "kl_ucrl"):
        (bound,) = bounds(name, environment).values()
        assert not bound.holds
        assert np.isfinite(bound.curve(np.array([1.0, 100.0]))).all()
    (bound,) = bounds("loop", environment).values()
    assert bound.holds


def test_a_reward_outside_the_range_is_told():
    policy = named("optimistic_q", preset="authors")
    policy.reset(PROBLEM, np.random.default_rng(0))
    with pytest.warns(RuntimeWarning, match=r"OptimisticQ observed a reward of 1.5, outside the range \[0, 1\]"):
        policy.update(0, 0, Step(1.5, 1))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        policy.update(0, 0, Step(1.5, 1))
