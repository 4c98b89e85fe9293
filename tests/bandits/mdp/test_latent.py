"""Policies for hidden contexts: against plain programs, against known means of regret, and what is refused."""

import itertools
import math
import pickle
from dataclasses import replace

import numpy as np
import pytest

from bandits.checks import play
from bandits.mdp.histories import Bonus, Contexts, HistoryTree, best_history_policy
from bandits.mdp.latent_blind import LatentBlind
from bandits.mdp.latent_greedy import LatentGreedy
from bandits.mdp.latent_optimism import LatentOptimism
from bandits.mdp.problem import EpisodicProblem, LatentProblem, Trajectory
from bandits.mdp.ucbvi import UCBVI
from environments import EpisodicMDP, LatentMDP

SEEDS, T = 20, np.array([500, 2000])


def regrets(mixture, policy, rounds):
    """Regret [SEEDS, n_times] after 500 and 2000 episodes as far as they are played, with a horizon of 2000."""
    found = []
    for seed in range(SEEDS):
        environment = LatentMDP(mixture, horizon=2000)
        environment.begin(environment.draw(np.random.default_rng([20231, seed])))
        policy.reset(environment.problem, np.random.default_rng(0))
        policy.advance(environment, rounds)
        times = T[rounds >= T]
        found.append(environment.comparators(times)["history"] - environment.metrics(times)["value"])
    return np.array(found)


def near(found, mean, error):
    """Whether a mean over seeds is that of the specification within 4.5 standard errors of the difference."""
    own = found.std(ddof=1) / math.sqrt(SEEDS)
    return abs(found.mean() - mean) <= 4.5 * math.hypot(own, error) + 1e-9


def test_theory_plays_the_first_action_for_long():
    """On the treasure everybody goes left for all of the first 500 episodes."""
    found = regrets("treasure", LatentOptimism(), 2000)
    assert found[:, 0] == pytest.approx(500 * (0.784 - 0.5), abs=1e-9)
    assert near(found[:, 1], 325.5, 1.8)


def test_theory_on_the_signal():
    found = regrets("signal", LatentOptimism(), 2000)
    assert near(found[:, 0], 100.2, 0.5)
    assert near(found[:, 1], 215.1, 3.6)


def test_scaled_constants_soon_stop_to_lose():
    treasure, signal = regrets("treasure", LatentOptimism("scaled"), 2000), LatentOptimism("scaled")
    assert near(treasure[:, 0], 11.13, 0.83)
    assert treasure[:, 1] == pytest.approx(treasure[:, 0], abs=1.0)
    assert near(regrets("signal", signal, 500)[:, 0], 7.83, 0.74)


def test_greed_is_all_or_nothing_on_the_treasure():
    """Every run settles, on a policy that asks for one hint, worth .7, or for none, worth .5; and loses for ever."""
    found = regrets("treasure", LatentGreedy(), 2000)
    assert near(found[:, 0], 55.9, 6.7)
    assert near(found[:, 1], 211.9, 27.0)
    slopes = (found[:, 1] - found[:, 0]) / 1500
    one, none = np.isclose(slopes, 0.084, atol=0.003), np.isclose(slopes, 0.284, atol=0.003)
    assert (one | none).all()
    assert none.any()
    assert one.sum() >= 15


def test_greed_is_best_on_the_signal():
    greedy, optimist = (regrets("signal", policy, 500)[:, 0] for policy in (LatentGreedy(), LatentOptimism("scaled")))
    assert near(greedy, 3.54, 0.64)
    assert greedy.mean() < optimist.mean() < 0.2 * 500 * (0.728 - 0.5)


def test_plans_are_made_when_counts_double():
    """Some 75 to 180 of them in 2000 episodes, and none is made in between."""
    environment, policy = LatentMDP("treasure", horizon=2000), LatentOptimism("scaled")
    environment.reset(seed=4)
    policy.reset(environment.problem, np.random.default_rng(0))
    plans, kept = 0, None
    for _ in range(2000):
        action = policy.choose(environment.observe())
        plans, kept = plans + (action is not kept), action
        policy.update(None, action, environment.transition(action)[1])
    assert 40 <= plans <= 180


def table(seed, n_contexts=2, n_states=2, n_actions=2, n_stages=3):
    rng = np.random.default_rng(seed)
    parameters = {
        "transitions": rng.dirichlet(np.ones(n_states), (n_contexts, n_states, n_actions)),
        "rewards": rng.random((n_contexts, n_states, n_actions)) / n_stages,
        "weights": [0.3, 0.7],
        "start": [[1.0, 0.0, 0.0][:n_states], [0.4, 0.6, 0.0][:n_states]],
        "n_stages": n_stages,
    }
    return LatentMDP({"name": "table", "parameters": parameters}, horizon=120)


def slow_optimist(contexts, bonus, n_stages):
    """The recursion of the plan as it is written, node by node; its value and the actions by history."""
    n_contexts, n_states, n_actions = contexts.rewards.shape
    actions = {}

    def alpha(history, s, h, likelihood):
        best = None
        for a in range(n_actions):
            below = np.zeros((n_states, n_contexts))
            if h < n_stages - 1:
                for t in range(n_states):
                    below[t] = alpha((*history, a, t), t, h + 1, likelihood * contexts.transitions[:, s, a, t])
            values = np.zeros(n_contexts)
            for m in range(n_contexts):
                p = contexts.transitions[m, s, a]
                mean = p @ below[:, m]
                variance = p @ (below[:, m] - mean) ** 2
                extra = bonus.spread[m, s, a] * math.sqrt(variance) if h < n_stages - 1 else 0.0
                values[m] = min(bonus.cap, contexts.rewards[m, s, a] + mean + extra + bonus.lift[m, s, a])
            if best is None or likelihood @ values > likelihood @ best + 1e-13:
                best, actions[history] = values, a
        return best

    starts = contexts.starts
    value = sum(starts[:, s] @ alpha((s,), s, 0, starts[:, s]) for s in range(n_states) if starts[:, s].any())
    return value, actions


@pytest.mark.parametrize("seed", range(4))
def test_an_optimists_plan(seed):
    n_states, n_actions, n_stages = 3, 2, 3
    environment, rng = table(seed, 2, n_states, n_actions, n_stages), np.random.default_rng(seed)
    contexts = environment._contexts
    bonus = Bonus(*(0.2 * rng.random((2, *contexts.rewards.shape))), 1.0 if seed else 0.3)
    value, actions = slow_optimist(contexts, bonus, n_stages)
    found, policy = best_history_policy(HistoryTree(n_states, n_actions, n_stages, 2), contexts, bonus)
    assert found == pytest.approx(value, abs=1e-12)
    for states in itertools.product(range(n_states), repeat=n_stages):
        if states[0] < 2:
            history, node = (states[0],), states[0]
            for s in (*states[1:], 0):
                assert policy[node] == actions[history]
                history, node = (*history, int(policy[node]), s), n_states * (node + 1) + s


@pytest.mark.parametrize(
    "policy", [LatentOptimism("scaled"), LatentOptimism(c1=0.05, c2=0.3), LatentGreedy()], ids=repr
)
def test_decisions_are_those_of_a_plain_program(policy):
    environment = table(3)
    environment.reset(seed=5)
    problem = environment.problem
    policy.reset(problem, np.random.default_rng(0))
    c1, c2 = (0.0, 0.0) if isinstance(policy, LatentGreedy) else policy.factors
    iota = 2.0 * math.log(2.0 * 2 * 2 * 2 * 3 * 120 / 0.05)
    cells = [(m, s, a) for m in range(2) for s in range(2) for a in range(2)]
    moves = {cell: [0, 0] for cell in cells}
    frozen, model = dict.fromkeys(cells, 0), {cell: [0.5, 0.5] for cell in cells}
    starts, changes = problem.weights.array[:, None] * problem.start_laws, 0
    actions = None
    for _ in range(120):
        if actions is None:
            rows = np.array([model[cell] for cell in cells]).reshape(2, 2, 2, 2)
            counts = np.array([max(1, frozen[cell]) for cell in cells]).reshape(2, 2, 2)
            cap = 1.0 if c1 or c2 else math.inf
            bonus = Bonus(c1 * np.sqrt(iota / counts), c2 * iota / counts, cap)
            _, actions = slow_optimist(Contexts(starts, rows, problem.rewards.array), bonus, 3)
            changes += 1
        chosen = policy.choose(environment.observe())
        trajectory = environment.transition(chosen)[1]
        history = (int(trajectory.states[0]),)
        for h in range(3):
            assert trajectory.actions[h] == actions[history]
            history = (*history, int(trajectory.actions[h]), int(trajectory.states[h + 1]))
        policy.update(None, chosen, trajectory)
        visited = set()
        for s, a, following in zip(trajectory.states, trajectory.actions, trajectory.states[1:], strict=False):
            moves[trajectory.context, s, a][following] += 1
            visited.add((trajectory.context, int(s), int(a)))
        for cell in visited:
            if sum(moves[cell]) >= max(1, 2 * frozen[cell]):
                frozen[cell] = sum(moves[cell])
                model[cell] = [n / frozen[cell] for n in moves[cell]]
                actions = None
    assert changes > 20


def test_contexts_that_are_equal_change_no_optimum_and_are_learned():
    parameters = {
        "transitions": np.repeat([[[[0.9, 0.1], [0.1, 0.9]]] * 2], 2, axis=0),
        "rewards": [[[0.0, 0.0], [0.3, 0.3]]] * 2,
        "n_stages": 3,
    }
    for policy in (LatentOptimism("scaled"), LatentGreedy()):
        environment = LatentMDP({"name": "table", "parameters": parameters}, horizon=300)
        found = play(policy, environment, 3)
        last = environment.comparators(np.array([200, 300]))["history"] - found["value"][[199, 299]]
        assert last[1] == pytest.approx(last[0], abs=1e-9)


def test_one_action_leaves_no_regret():
    parameters = {"transitions": np.full((2, 2, 1, 2), 0.5), "rewards": [[[0.1], [0.4]]] * 2, "n_stages": 2}
    environment = LatentMDP({"name": "table", "parameters": parameters}, horizon=30)
    found = play(LatentOptimism(), environment, 1)
    assert found["value"] == pytest.approx(environment.comparators(np.arange(1, 31))["history"], abs=1e-12)


def test_the_bound_says_what_it_stands_on():
    environment = LatentMDP("treasure", horizon=100)
    (bound,) = LatentOptimism().regret_bounds(environment.problem, environment.instance())
    assert (bound.kind, bound.evidence, bound.holds) == ("order", "convention", True)
    assert "Var of the best policy" in bound.name
    assert bound.curve(np.array([100.0])) == pytest.approx([math.sqrt(0.169344 * 2 * 2 * 4 * 3 * 100)])
    (scaled,) = LatentOptimism("scaled").regret_bounds(environment.problem, environment.instance())
    assert not scaled.holds
    lower = environment.instance().worst_mixture
    assert lower.curve(np.array([100.0])) == pytest.approx([math.sqrt(0.169344 * 2 * 4 * 3 * 100)])


@pytest.mark.parametrize(
    ("arguments", "what"),
    [
        ({"constants": "paper"}, "constants must be one of theory, scaled, got 'paper'"),
        ({"c1": -0.1}, r"c1 must be a finite number in \[0, inf\), got -0.1"),
        ({"c2": math.nan}, r"c2 must be a finite number in \[0, inf\), got nan"),
        ({"c2": 1e308}, r"c2 must be at most 1e150, for its square to be a number, got 1e\+308"),
        ({"delta": 1.0}, r"delta must be a finite number in \(0, 1\), got 1.0"),
        ({"delta": 0}, r"delta must be a finite number in \(0, 1\), got 0"),
    ],
)
def test_what_is_refused(arguments, what):
    with pytest.raises(ValueError, match=what):
        LatentOptimism(**arguments)


def problem(**more):
    rewards = np.full((2, 3, 2), 0.1)
    return LatentProblem(n_states=3, n_actions=2, n_stages=2, weights=[0.5, 0.5], rewards=rewards, **more)


def test_stages_share_one_table():
    with pytest.raises(ValueError, match="own_stages must be false where contexts are hidden"):
        problem(own_stages=True)


def test_optimism_is_tuned_to_a_horizon():
    with pytest.raises(ValueError, match="LatentOptimism needs a horizon: the problem has horizon=None"):
        LatentOptimism().reset(problem(), np.random.default_rng(0))
    LatentGreedy().reset(problem(), np.random.default_rng(0))


@pytest.mark.parametrize("context", [None, 2, -1, 0.5])
def test_a_trajectory_without_its_context_changes_nothing(context):
    one, twin = LatentGreedy(), LatentGreedy()
    for policy in (one, twin):
        policy.reset(problem(horizon=9), np.random.default_rng(0))
    with pytest.raises(ValueError, match="context of a trajectory must be a whole number in 0"):
        one.update(0, one.choose(0), Trajectory([0, 1, 2], [1, 0], [0.1, 0.1], context=context))
    assert all(np.array_equal(a, b) for a, b in zip(one._counts, twin._counts, strict=True))
    one.update(0, one.choose(0), Trajectory([0, 1, 2], [1, 0], [0.1, 0.1], context=np.int64(1)))
    assert one._counts.seen[1, 0, 1] == 1.0


@pytest.mark.parametrize("policy", [LatentOptimism("scaled"), LatentGreedy()], ids=repr)
def test_contexts_can_change_places_for_learners(policy):
    """The same plans from the same episodes, however contexts are numbered."""
    environment, order = table(3, 2, 3), np.array([1, 0])
    environment.reset(seed=4)
    told = environment.problem
    moved = replace(told, weights=told.weights.array[order], rewards=told.rewards.array[order], starts=None)
    moved = replace(moved, starts=told.start_laws[order])
    other = pickle.loads(pickle.dumps(policy))
    policy.reset(told, np.random.default_rng(0))
    other.reset(moved, np.random.default_rng(0))
    plans = 0
    for _ in range(100):
        action = policy.choose(0)
        again = other.choose(0)
        assert np.array_equal(action, again)
        plans += action.any()
        seen = environment.transition(action)[1]
        policy.update(0, action, seen)
        other.update(0, again, seen._replace(context=int(np.flatnonzero(order == seen.context)[0])))
    assert plans > 10


@pytest.mark.parametrize("bonus", ["hoeffding", "bernstein"])
def test_who_is_blind_plays_ucbvi_and_looks_at_no_context(bonus):
    environment = table(5, 2, 3)
    environment.reset(seed=2)
    told = environment.problem
    blind, plain = LatentBlind(bonus, 0.01, 0.1), UCBVI(bonus, bonus_scale=0.01, delta=0.1)
    one = EpisodicProblem(horizon=120, n_states=3, n_actions=2, n_stages=3, start=told.start_law)
    blind.reset(told, np.random.default_rng(0))
    plain.reset(one, np.random.default_rng(0))
    tables = set()
    for _ in range(120):
        action = blind.choose(0)
        assert np.array_equal(action, plain.choose(0))
        seen = environment.transition(action)[1]
        blind.update(0, action, seen._replace(context=None))
        plain.update(0, action, Trajectory(*seen[:3]))
        tables.add(action.tobytes())
    assert len(tables) > 5


def test_with_one_context_nobody_is_blind():
    """Regret is that of UCBVI in the episodes, under the same luck."""
    rng = np.random.default_rng(7)
    parameters = {"transitions": rng.dirichlet(np.ones(3), (3, 2)), "rewards": rng.random((3, 2)) / 4.0}
    mixture = {"name": "table", "parameters": {k: [v] for k, v in parameters.items()} | {"n_stages": 4}}
    process = {"name": "table", "parameters": parameters}
    runs = []
    for environment, policy in (
        (LatentMDP(mixture, horizon=200), LatentBlind("bernstein", 0.01)),
        (EpisodicMDP(process, 4, known_rewards=False, horizon=200), UCBVI("bernstein", bonus_scale=0.01)),
    ):
        environment.begin(environment.draw(np.random.default_rng(1)))
        policy.reset(environment.problem, np.random.default_rng(0))
        policy.advance(environment, 200)
        runs.append(environment.metrics(np.arange(1, 201))["value"])
    assert runs[0] == pytest.approx(runs[1], rel=1e-12)


def test_who_is_blind_needs_a_horizon():
    with pytest.raises(ValueError, match="horizon must be told: UCBVI is tuned to the number of episodes, got None"):
        LatentBlind().reset(problem(), np.random.default_rng(0))
    for arguments in ({"bonus": "x"}, {"bonus_scale": -1.0}, {"delta": 1.0}):
        with pytest.raises(ValueError, match=next(iter(arguments))):
            LatentBlind(**arguments)
