"""Losses that change: exact comparators, schedules, values of what is played, features, and what is refused."""

import itertools
import pickle
import re

import numpy as np
import pytest
from scipy.optimize import linprog

from bandits.clairvoyant import Clairvoyant
from bandits.mdp.problem import BanditLossProblem, FullLossProblem
from environments import AdversarialMDP
from environments.mdp.losses import Schedule

TOY = [[[0.5, 0.5], [1.0, 0.0]], [[0.0, 1.0], [0.3, 0.7]]]


def table(transitions, losses, **more):
    return {"name": "table", "parameters": {"transitions": transitions, "losses": losses, **more}}


def begun(*arguments, seed=0, **named):
    environment = AdversarialMDP(*arguments, **named)
    environment.begin(environment.draw(np.random.default_rng(seed)))
    return environment


def uniform(environment):
    p = environment.problem
    return np.full((p.n_stages, p.n_states, p.n_actions), 1.0 / p.n_actions)


def drawn(seed, n=4, H=3, S=3, A=2, own=False, **named):
    rng = np.random.default_rng(seed)
    moves = rng.dirichlet(np.ones(S), (H, S, A) if own else (S, A))
    source = table(moves, rng.random((n, H, S, A)), start=rng.dirichlet(np.ones(S)))
    return begun(source, horizon=20, **named)


def regret_of_uniform_play(environment, times):
    policy = uniform(environment)
    for _ in range(times[-1]):
        environment.transition(policy)
    at = np.array(times)
    return environment.comparators(at)["fixed"] - environment.metrics(at)["value"]


def test_the_losses_of_the_switching_source():
    losses = AdversarialMDP("switching")._schedule.losses
    assert (losses[0] + losses[1])[0, 0] / 2.0 == pytest.approx([0.4063416164, 0.3621591113, 0.3410048640], abs=1e-10)
    assert (losses[0] - losses[1])[0, 0] * 2.0 == pytest.approx([1.0, -1.0, 1.0], abs=1e-12)


@pytest.mark.parametrize(
    ("source", "times", "fixed", "dynamic", "tolerance"),
    [
        (
            "switching",
            [500, 700, 2000],
            [684.0094801551, 926.4061578931, 2736.0379206204],
            [312.9221151892, 473.1879508654, 1251.6884607567],
            1e-9,
        ),
        ("alternating", [500, 2000], [999.0, 3999.0], None, 1e-9),
        ("aggregated", [2000, 8000], [2624.07787757, 10496.31151029], None, 1e-7),
        ("linear_bandit", [1000, 4000], [281.7560289525, 1127.0241158], None, 1e-6),
    ],
)
def test_losses_in_hindsight(source, times, fixed, dynamic, tolerance):
    found = begun(source, horizon=times[-1]).comparators(np.array(times))
    assert -found["fixed"] == pytest.approx(fixed, abs=tolerance)
    if dynamic is not None:
        assert -found["dynamic"] == pytest.approx(dynamic, abs=tolerance)


@pytest.mark.parametrize(
    ("source", "times", "regret", "tolerance"),
    [
        ("switching", [500, 700, 2000], [848.7251924280 - 684.0094801551, 1247.3540054535 - 926.4061578931, 658.86], 0),
        ("alternating", [500, 2000], [0.7043, 0.7043], 1e-4),
        ("aggregated", [2000, 8000], [452.85, 1811.41], 0),
        ("linear_bandit", [1000, 4000], [211.37, 845.48], 0),
    ],
)
def test_uniform_play(source, times, regret, tolerance):
    found = regret_of_uniform_play(begun(source, horizon=times[-1]), times)
    assert found == pytest.approx(regret, abs=tolerance or 5e-3)
    if source == "switching":
        assert found[:2] == pytest.approx(regret[:2], abs=1e-9)


def test_the_numbers_of_the_aggregated_source():
    environment = AdversarialMDP("aggregated")
    problem, losses = environment.problem, environment._schedule.losses
    assert problem.features.array[0, 0] == pytest.approx([0.8299340602, 0.1699741282, 0.0000918116], abs=1e-10)
    assert problem.model.dense()[0, 0, 0, :3] == pytest.approx([0.1532667344, 0.2644317911, 0.1393882010], abs=1e-10)
    assert np.linalg.norm(problem.features.array, axis=2).max() == pytest.approx(0.99964620, abs=1e-8)
    assert (losses.min(), losses.max()) == (pytest.approx(0.0910, abs=5e-5), pytest.approx(0.9862, abs=5e-5))
    assert environment.instance().linear


def least_by_programme(model, start, losses):
    """The least sum of losses, by a linear programme over what is visited."""
    H, S, A = losses.shape
    moves = model.dense()
    equal, right = [], []
    for h, s in itertools.product(range(H), range(S)):
        row = np.zeros((H, S, A))
        row[h, s] = 1.0
        if h:
            row[h - 1] -= moves[h - 1 if len(moves) > 1 else 0, :, :, s]
        equal.append(row.ravel())
        right.append(0.0 if h else start[s])
    return linprog(losses.ravel(), A_eq=np.array(equal), b_eq=right, method="highs").fun


def least_by_enumeration(model, start, losses):
    """The least sum of losses, over all policies, step by step."""
    H, S, A = losses.shape
    moves, least = model.dense(), np.inf
    for actions in itertools.product(range(A), repeat=H * S):
        policy, law, total = np.reshape(actions, (H, S)), start, 0.0
        for h in range(H):
            total += law @ losses[h, range(S), policy[h]]
            law = law @ moves[h if len(moves) > 1 else 0, range(S), policy[h]]
        least = min(least, total)
    return least


@pytest.mark.parametrize("own", [False, True])
def test_hindsight_against_programmes_and_all_policies(own):
    environment = drawn(1, own=own)
    schedule, times = environment._schedule, np.array([1, 3, 4, 11])
    found = environment.comparators(times)
    best = [least_by_programme(schedule.model, schedule.start, table) for table in schedule.losses]
    worst = [least_by_programme(schedule.model, schedule.start, -table) for table in schedule.losses]
    for i, time in enumerate(times.tolist()):
        numbers = [schedule.at(k) for k in range(time)]
        summed = schedule.losses[numbers].sum(axis=0)
        assert -found["fixed"][i] == pytest.approx(least_by_programme(schedule.model, schedule.start, summed), abs=1e-8)
        assert -found["fixed"][i] == pytest.approx(
            least_by_enumeration(schedule.model, schedule.start, summed), abs=1e-10
        )
        assert -found["dynamic"][i] == pytest.approx(sum(best[n] for n in numbers), abs=1e-8)
        assert found["worst"][i] == pytest.approx(sum(worst[n] for n in numbers), abs=1e-8)


def test_hindsight_on_the_switching_source_by_a_programme():
    schedule = AdversarialMDP("switching")._schedule
    counts = schedule.counts(np.array([700]))[0]
    found = least_by_programme(schedule.model, schedule.start, np.tensordot(counts, schedule.losses, 1))
    assert found == pytest.approx(926.4061578931, abs=1e-6)


@pytest.mark.parametrize("seed", range(3))
def test_comparators_are_ordered_and_bend_one_way(seed):
    """The least of sums is concave in the number of episodes where each has the same losses, and superadditive."""
    environment = drawn(seed)
    found = environment.comparators(np.arange(1, 21))
    assert (found["worst"] <= found["fixed"] + 1e-12).all()
    assert (found["fixed"] <= found["dynamic"] + 1e-12).all()
    same = begun(table(TOY, [[[0.2, 0.7], [0.4, 0.3]]] * 2), horizon=20).comparators(np.arange(1, 21))
    assert np.diff(same["fixed"], 2) == pytest.approx(np.zeros(18), abs=1e-12)
    cycle = found["fixed"][[3, 7, 11, 15, 19]]  # whole turns
    assert np.diff(cycle) == pytest.approx(np.full(4, cycle[0]), abs=1e-10)


@pytest.mark.parametrize(
    ("cycle", "first", "period"), [((0, 1), (), 3), ((1, 2), (0,), 1), ((0, 2, 1), (1, 1), 4), ((2,), (0, 1), 7)]
)
def test_the_counts_of_a_schedule_are_those_of_its_episodes(cycle, first, period):
    environment = drawn(0)
    losses = environment._schedule.losses[:3]
    schedule = Schedule(environment._schedule.model, environment._schedule.start, losses, cycle, first, period)
    played = [schedule.at(k) for k in range(50)]
    assert played[: len(first)] == list(first)
    counts = schedule.counts(np.arange(51))
    assert counts.tolist() == [[played[:k].count(n) for n in range(3)] for k in range(51)]


def test_values_are_those_of_a_plain_walk_through_the_stages():
    environment = drawn(4)
    schedule, rng, value = environment._schedule, np.random.default_rng(0), 0.0
    moves, losses = schedule.model.dense()[0], schedule.losses
    for k in range(20):
        policy = rng.dirichlet(np.ones(2), (3, 3)) if k % 3 else rng.integers(2, size=(3, 3))
        laws = policy if policy.ndim == 3 else np.eye(2)[policy]
        law = schedule.start
        for h in range(3):
            visits = law[:, None] * laws[h]
            value -= np.sum(visits * losses[schedule.at(k)][h])
            law = np.einsum("sa,sat->t", visits, moves)
        reward, seen = environment.transition(policy)
        paid = losses[schedule.at(k), range(3), seen.states[:-1], seen.actions]
        assert seen.rewards.tolist() == (-paid).tolist()
        assert reward == pytest.approx(-paid.sum())
        assert environment.metrics(np.array([k + 1]))["value"][0] == pytest.approx(value, abs=1e-12)


def test_values_are_the_means_of_what_is_earned():
    environment = drawn(6)
    policy, earned, worth = np.random.default_rng(1).dirichlet(np.ones(2), (3, 3)), [], []
    for seed in range(300):
        environment.begin(environment.draw(np.random.default_rng(seed)))
        for _ in range(20):
            environment.transition(policy)
        found = environment.metrics(np.array([20]))
        earned.append(found["reward"][0])
        worth.append(found["value"][0])
    assert np.ptp(worth) == 0.0
    assert np.mean(earned) == pytest.approx(worth[0], abs=4.5 * np.std(earned) / 300**0.5)


def test_full_feedback_shows_all_losses():
    environment = drawn(2, feedback="full")
    assert isinstance(environment.problem, FullLossProblem)
    for k in range(5):
        _, seen = environment.transition(np.zeros((3, 3), dtype=int))
        assert (seen.losses == environment._schedule.losses[k % 4]).all()
        assert not seen.losses.flags.writeable
    bandit = drawn(2)
    assert type(bandit.problem) is BanditLossProblem
    assert bandit.transition(np.zeros((3, 3), dtype=int))[1].losses is None


@pytest.mark.parametrize("comparator", ["fixed", "dynamic"])
def test_comparators_can_be_played(comparator):
    environment = drawn(8)
    policy = Clairvoyant(comparator)
    policy.reset(environment.problem, np.random.default_rng(0))
    policy.advance(environment, 20)
    value = environment.metrics(np.array([20]))["value"]
    assert environment.comparators(np.array([20]))[comparator] == pytest.approx(value, abs=1e-12)
    with pytest.raises(ValueError, match=r"^comparator must be fixed or dynamic, got 'worst'$"):
        environment.clairvoyant("worst")


def test_no_play_leaves_the_limits():
    environment = drawn(3)
    rng, times = np.random.default_rng(0), np.arange(1, 21)
    limits = environment.limits(times)
    for _ in range(50):
        environment.begin(environment.draw(rng))
        for _ in range(20):
            environment.transition(rng.integers(2, size=(3, 3)))
        curves, metrics = environment.comparators(times), environment.metrics(times)
        for regret in environment.regrets():
            found = curves[regret.comparator] - metrics[regret.series]
            low, high = limits[regret.name]
            assert (low - 1e-12 <= found).all()
            assert (found <= high + 1e-12).all()


def test_what_is_known_of_the_instance():
    found = drawn(0).instance()
    assert (found.n_stages, found.dimension, found.linear, found.residual) == (3, 6, True, 0.0)
    assert found.value == pytest.approx(drawn(0).comparators(np.array([20]))["fixed"][0] / 20)
    (rate,) = drawn(0).lower_bounds()
    assert (rate.kind, rate.curve(np.array([100.0])).tolist()) == ("order", [30.0])
    again = pickle.loads(pickle.dumps(drawn(0)))
    assert again.instance().value == found.value


def test_relabelled_states_and_repeated_actions_change_no_comparator():
    rng = np.random.default_rng(5)
    moves, losses, start = rng.dirichlet(np.ones(3), (3, 2)), rng.random((2, 3, 3, 2)), rng.dirichlet(np.ones(3))
    times, new = np.arange(1, 21), np.array([2, 0, 1])
    expected = begun(table(moves, losses, start=start), horizon=20).comparators(times)
    other = begun(table(moves[new][:, :, new], losses[:, :, new], start=start[new]), horizon=20).comparators(times)
    twice = table(np.repeat(moves, 2, axis=1), np.repeat(losses, 2, axis=3), start=start)
    for found in (other, begun(twice, horizon=20).comparators(times)):
        for name, values in expected.items():
            assert found[name] == pytest.approx(values, abs=1e-12)


def test_features_in_which_losses_are_not_linear_are_told():
    rng = np.random.default_rng(0)
    features = rng.normal(size=(2, 2, 2)) / 4.0
    environment = begun(table(TOY, rng.random((1, 2, 2))), features=features, horizon=5)
    found = environment.instance()
    assert (found.linear, found.dimension) == (False, 2)
    rows = features.reshape(4, 2)
    targets = np.hstack([np.reshape(TOY, (4, 2)), environment._schedule.losses.reshape(1, 4).T])
    projection = rows @ np.linalg.pinv(rows)
    assert found.residual == pytest.approx(np.abs(targets - projection @ targets).max(), abs=1e-12)
    with pytest.raises(ValueError, match=r"^linear must be false for features that leave a residual of 0\.\d+ of"):
        AdversarialMDP(table(TOY, rng.random((1, 2, 2))), features=features, linear=True)
    assert AdversarialMDP("aggregated", features="one_hot").problem.dimension == 24


LOSSES = np.full((3, 2, 2, 2), 0.5)


def spoiled(value):
    losses = LOSSES.copy()
    losses[2, 1, 0, 1] = value
    return losses


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            {"source": table(TOY, spoiled(1.5), period=4)},
            "losses must lie in [0, 1], got 1.5 in episode 9, at stage 1, state 0, action 1: shift and scale",
        ),
        ({"source": table(TOY, spoiled(-0.1))}, "losses must lie in [0, 1], got -0.1 in episode 3, at stage 1"),
        (
            {"source": table(TOY, spoiled(np.nan), period=4)},
            "losses must lie in [0, 1], got nan in episode 9, at stage 1",
        ),
        ({"source": table(TOY, spoiled(1.0 + 1e-12))}, "losses must lie in [0, 1], got 1.000000000001 in"),
        ({"source": table(TOY, "x")}, "losses must be numbers, got 'x'"),
        ({"source": table(TOY, np.ones((2, 2)))}, "losses must be tables [episodes, stages, 2, 2], got shape (2, 2)"),
        ({"source": table(TOY, np.ones((2, 3, 2)))}, "losses must be tables [episodes, stages, 2, 2], got shape"),
        ({"source": table(TOY, LOSSES, start=2)}, "start must be a whole number"),
        ({"source": table(TOY, LOSSES, start=[0.5, 0.4])}, "start must be 2 probabilities, >= 0, whose sum is 1"),
        ({"source": table(TOY, LOSSES, period=0)}, "period must be a whole number >= 1, got 0"),
        ({"source": table([[[0.5, 0.4]] * 2] * 2, LOSSES)}, "transitions must sum to 1 over next states, got 0.9"),
        ({"source": {"name": "switching", "parameters": {"amplitude": 0.3}}}, "amplitude must be a finite number in"),
        ({"source": {"name": "switching", "parameters": {"n_stages": 0}}}, "n_stages must be a whole number >= 1"),
        ({"source": {"name": "linear_bandit", "parameters": {"dimension": 2}}}, "dimension must be a whole number"),
        ({"source": "swiching"}, "source: unknown source of losses 'swiching' (did you mean 'switching'?)"),
        ({"horizon": 0}, "horizon must be a whole number >= 1, got 0"),
        ({"feedback": "some"}, "feedback must be one of bandit, full, got 'some'"),
        ({"features": "hot"}, "features must be one of one_hot, got 'hot'"),
        ({"features": np.ones((5, 3, 1)) * 1.01}, "features must have norms of at most 1, got 1.01 in state 0"),
        ({"features": np.ones((5, 2, 1))}, "features must have the shape [5, 3, dimension], got [5, 2, 1]"),
        ({"features": np.full((5, 3, 1), np.nan)}, "features: a table must hold finite numbers, got nan at [0, 0, 0]"),
        ({"linear": "yes"}, "linear must be"),
    ],
)
def test_what_cannot_be_played_is_refused(arguments, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        AdversarialMDP(**arguments)


@pytest.mark.parametrize(
    ("action", "message"),
    [
        (np.zeros((3, 2), dtype=int), "action must be a policy: whole numbers [3, 3]"),
        (np.full((3, 3), 2), "actions of a policy must lie in 0..1, got 2 at stage 0, state 0"),
        (np.full((3, 3, 2), 0.4), "probabilities of a policy must be >= 0 with the sum 1, got [0.4, 0.4] at stage 0"),
        (np.full((3, 3, 2), np.nan), "probabilities of a policy must be >= 0 with the sum 1"),
    ],
)
def test_a_refused_policy_changes_nothing(action, message):
    environment = drawn(0)
    environment.transition(uniform(environment))
    before = pickle.dumps(environment)
    with pytest.raises(ValueError, match=re.escape(message)):
        environment.transition(action)
    assert pickle.dumps(environment) == before


def test_after_the_horizon_nothing_is_played():
    environment = drawn(0)
    for _ in range(20):
        environment.transition(uniform(environment))
    with pytest.raises(RuntimeError, match="the run is over at time 20"):
        environment.transition(uniform(environment))
