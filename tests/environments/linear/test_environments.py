"""Environments with features: their tapes, comparators, limits and lower bounds against brute force."""

import copy
import math
import tracemalloc

import numpy as np
import pytest

from bandits import UCB1, Uniform
from bandits.checks import play
from bandits.linear.design import design
from bandits.linear.problem import ChangingLinearProblem
from environments import (
    AdversarialLinearBandit,
    ChangingLinearBandit,
    GaussianArms,
    LinearBandit,
    MisspecifiedLinearBandit,
)
from environments.linear.actions import unit_rows
from environments.linear.streams import STREAMS

THETA5 = (np.array([3.0, -2.0, 1.0, 0.0, 0.0]) / np.sqrt(14.0)).tolist()
SPHERE = {"name": "sphere", "parameters": {"n_actions": 6, "dimension": 3}}


def begun(environment, seed=1):
    """In a run."""
    environment.begin(environment.draw(np.random.default_rng(seed)))
    return environment


def ranged(environment):
    """Times 1..horizon."""
    return np.arange(1, environment.problem.horizon + 1)


def all_levels(environment):
    """Mean rewards [horizon, n_actions], read round by round."""
    levels = []
    for _ in range(environment.problem.horizon):
        block = environment.block(1)
        levels.append(block.levels[0].copy())
        environment.transition(0)
    return np.array(levels)


@pytest.mark.parametrize(
    "actions",
    [
        {"name": "redrawn_sphere", "parameters": {"n_actions": 4, "dimension": 3}},
        {"name": "redrawn_gaussian", "parameters": {"n_actions": 4, "dimension": 3, "norm": 0.5}},
        {"name": "shuffled", "parameters": {"actions": SPHERE}},
        {"name": "drift", "parameters": {"n_actions": 4, "dimension": 3, "rho": 0.9}},
    ],
)
def test_features_do_not_depend_on_the_length_of_blocks(actions):
    stream = STREAMS.build(actions)
    whole, _ = stream.following(np.random.default_rng(3), 50, None)
    rng, before, parts = np.random.default_rng(3), None, []
    for n in (1, 1, 7, 30, 11):
        rows, before = stream.following(rng, n, before)
        parts.append(rows)
    assert np.array_equal(whole, np.concatenate(parts))
    assert whole.shape == (50, *stream.shape)
    assert np.linalg.norm(whole, axis=2).max() <= stream.norm * (1.0 + 1e-12)


def test_a_run_does_not_depend_on_the_length_of_blocks(monkeypatch):
    def rewards():
        environment = begun(ChangingLinearBandit(horizon=300))
        found = [environment.transition(t % 10)[0] for t in range(300)]
        return found, environment.comparators(np.array([1, 150, 300]))

    first = rewards()
    monkeypatch.setattr("environments.linear.changing.NUMBERS", 50 * 7)
    second = rewards()
    assert first[0] == second[0]
    assert {name: values.tolist() for name, values in first[1].items()} == {
        name: values.tolist() for name, values in second[1].items()
    }


def test_shuffled_features_are_those_of_the_set_in_an_even_order():
    stream = STREAMS.build({"name": "shuffled", "parameters": {"actions": SPHERE}})
    rows, _ = stream.following(np.random.default_rng(0), 3000, None)
    fixed = unit_rows(6, 3, 7)
    place = np.array([[np.flatnonzero((row == fixed).all(axis=1))[0] for row in table] for table in rows])
    assert np.array_equal(np.sort(place, axis=1), np.tile(np.arange(6), (3000, 1)))
    assert np.abs((place[:, 0, None] == np.arange(6)).mean(axis=0) - 1 / 6).max() < 4 * np.sqrt(5 / 36 / 3000)


def test_features_drift_slowly():
    stream = STREAMS.build({"name": "drift", "parameters": {"n_actions": 2, "dimension": 3, "rho": 0.999}})
    rows, _ = stream.following(np.random.default_rng(0), 5000, None)
    assert np.einsum("tij,tij->ti", rows[1:], rows[:-1]).mean() > 0.995
    assert np.abs(rows.mean(axis=0)).max() < 0.5


def test_observed_features_are_those_of_the_reward():
    environment = begun(ChangingLinearBandit(theta=THETA5, noise="none", horizon=50))
    for t in range(50):
        rows = environment.observe()
        assert not rows.flags.writeable
        assert np.array_equal(rows, environment.features(1)[0])
        assert np.isclose(environment.transition(t % 10)[0], rows[t % 10] @ THETA5, rtol=1e-12)
    assert np.array_equal(environment.observe(), rows)


def test_on_unit_vectors_it_is_the_environment_of_gaussian_arms():
    """On the same tape: the noise of both comes in the same blocks."""
    means = [0.5, -0.25, 0.125]
    tape = LinearBandit().draw(np.random.default_rng(5))
    basis = {"name": "basis", "parameters": {"dimension": 3}}
    linear, arms = LinearBandit(basis, means, sigma=0.7, horizon=200), GaussianArms(means, 0.7, 200)
    linear.begin(tape)
    arms.begin(copy.deepcopy(tape.noise))
    actions = np.random.default_rng(1).integers(0, 3, 200).tolist()
    assert [linear.transition(a)[0] for a in actions] == [arms.transition(a)[0] for a in actions]
    assert linear.comparators(np.array([200]))["best_action"] == arms.comparators(np.array([200]))["best_arm"]


@pytest.mark.parametrize(
    ("noise", "sigma", "deviation"), [("gaussian", 0.5, 0.5), ("uniform", 0.6, 0.6 / np.sqrt(3.0)), ("none", None, 0.0)]
)
def test_noise(noise, sigma, deviation):
    environment = begun(LinearBandit(SPHERE, [0.5, 0.1, 0.2], noise, sigma, horizon=5000))
    found = np.array([environment.transition(2)[0] for _ in range(5000)]) - environment.instance().means[2]
    assert abs(found.mean()) <= 4.0 * deviation / np.sqrt(5000) + 1e-12
    assert np.isclose(found.std(), deviation, rtol=0.05)
    assert np.isclose(environment.instance().variances[2], deviation**2)


def test_bernoulli_rewards_have_the_means_as_probabilities():
    environment = begun(LinearBandit([[0.3, 0.0], [0.0, 0.9]], [1.0, 1.0], "bernoulli", horizon=4000))
    found = np.array([environment.transition(1)[0] for _ in range(4000)])
    assert set(found.tolist()) == {0.0, 1.0}
    assert abs(found.mean() - 0.9) < 4.0 * np.sqrt(0.09 / 4000)
    assert environment.problem.sigma == 0.5


def test_comparators_of_a_fixed_set():
    rows, theta, nu = unit_rows(6, 3, 7), np.array([0.5, 0.1, 0.2]), np.array([0.1, -0.1, 0.05, 0.0, 0.1, -0.1])
    environment = begun(MisspecifiedLinearBandit(SPHERE, theta.tolist(), nu.tolist(), noise="none", horizon=30))
    means, curves = rows @ theta + nu, environment.comparators(np.array([1, 30]))
    assert environment.problem.misspecification == 0.1
    assert np.allclose(curves["best_action"], [means.max(), 30 * means.max()])
    assert np.allclose(curves["best_linear"], np.array([1, 30]) * means[np.argmax(rows @ theta)])
    assert np.allclose(curves["worst"], [means.min(), 30 * means.min()])
    for name in ("best_action", "best_linear"):
        assert np.isclose(means[environment.clairvoyant(name)], curves[name][0])


def test_comparators_where_features_change(monkeypatch):
    monkeypatch.setattr("environments.linear.changing.NUMBERS", 50 * 8)
    environment = begun(ChangingLinearBandit(horizon=50))
    ahead = environment.comparators(ranged(environment))
    plays = [environment.clairvoyant("dynamic")]
    levels = all_levels(environment)
    assert np.array_equal(ahead["dynamic"], np.cumsum(levels.max(axis=1)))
    assert np.array_equal(ahead["worst"], np.cumsum(levels.min(axis=1)))
    assert plays == [int(levels[0].argmax())]


@pytest.mark.parametrize("thetas", ["rotating", "stochastic", {"name": "switching", "parameters": {"period": 7}}])
def test_comparators_of_an_adversary(thetas, monkeypatch):
    monkeypatch.setattr("environments.linear.adversarial.NUMBERS", 6 * 9)
    environment = begun(AdversarialLinearBandit(SPHERE, thetas, horizon=50))
    ahead = environment.comparators(ranged(environment))
    best = environment.clairvoyant("best_action")
    levels = all_levels(environment)
    sums = np.cumsum(levels, axis=0)
    assert np.allclose(ahead["best_action"], sums.max(axis=1), atol=1e-12)
    assert np.array_equal(ahead["dynamic"], np.cumsum(levels.max(axis=1)))
    assert np.array_equal(ahead["worst"], np.cumsum(levels.min(axis=1)))
    assert np.all(ahead["dynamic"] >= ahead["best_action"] - 1e-12)
    assert best == sums[-1].argmax()


def test_the_best_fixed_action_may_change():
    environment = begun(AdversarialLinearBandit([[1.0], [-1.0]], [[0.5], [-1.0], [0.1]], horizon=3))
    assert environment.comparators(np.array([1, 2, 3]))["best_action"].tolist() == [0.5, 0.5, 0.4]


@pytest.mark.parametrize("horizon", [4000, 16000])
def test_switching_against_an_independent_program(horizon):
    actions = {"name": "sphere", "parameters": {"n_actions": 30, "dimension": 4}}
    environment = begun(AdversarialLinearBandit(actions, horizon=horizon))
    best, uniform = {4000: (936.30, 1157.72), 16000: (3745.20, 4630.89)}[horizon]
    assert np.isclose(environment.comparators(np.array([horizon]))["best_action"][0], best, atol=0.005)
    earned = unit_rows(30, 4, 7) @ environment._thetas.sum(axis=0)
    assert np.isclose(earned.max() - earned.mean(), uniform, atol=0.006)
    assert np.isclose(environment.problem.high, 0.9)


@pytest.mark.parametrize("dimension", [2, 5])
def test_who_takes_turns_in_the_trap_meets_nothing(dimension):
    actions = {"name": "basis", "parameters": {"dimension": dimension}}
    environment = begun(AdversarialLinearBandit(actions, "trap", low=0.0, high=1.0, horizon=4000))
    assert sum(environment.transition(t % dimension)[0] for t in range(4000)) == 0.0
    best = environment.comparators(np.array([4000]))["best_action"][0]
    assert best == 4000 * (dimension - 1) / dimension


@pytest.mark.parametrize("dimension", [2, 5])
def test_ucb1_in_the_trap_has_exactly_that_regret(dimension):
    actions = {"name": "basis", "parameters": {"dimension": dimension}}
    environment = AdversarialLinearBandit(actions, "trap", low=0.0, high=1.0, horizon=4000)
    earned = play(UCB1(), environment, 1, times=[4000])["expected_reward"]
    assert environment.comparators(np.array([4000]))["best_action"] - earned == 4000 * (dimension - 1) / dimension


@pytest.mark.parametrize(
    ("actions", "theta", "horizon", "regret"),
    [("sphere", THETA5, 2000, 1813.14), ("end_of_optimism", None, 2000, 733.33), ("sphere", THETA5, 20000, 18131.45)],
)
def test_uniform_play_of_a_fixed_set_against_an_independent_program(actions, theta, horizon, regret):
    gaps = LinearBandit(actions, theta, horizon=horizon).instance().gaps
    assert np.isclose(horizon * gaps.mean(), regret, atol=0.006)


def test_uniform_play_of_changing_features_against_an_independent_program():
    """1324.0 with a standard error of 1.1, of other features."""
    environment = begun(ChangingLinearBandit(theta=THETA5, horizon=20_000))
    levels = np.concatenate(list(environment._all_levels(20_000)))
    assert abs((levels.max(axis=1) - levels.mean(axis=1)).mean() * 2000 - 1324.0) < 12.0


@pytest.mark.parametrize(("k", "d", "tau"), [(1000, 100, 0.4677), (200, 40, 0.6110)])
def test_a_needle_is_within_its_misspecification(k, d, tau):
    needle = {"name": "needle", "parameters": {"n_actions": k, "dimension": d, "scale": 2.0}}
    environment = begun(MisspecifiedLinearBandit(needle, noise="none", horizon=60))
    instance = environment.instance()
    assert np.isclose(environment.problem.misspecification, 2.0 * tau, atol=2e-4)
    assert instance.error <= environment.problem.misspecification
    assert np.isclose(np.sort(instance.means)[-1], 2.0)
    assert np.all(np.sort(instance.means)[:-1] == 0.0)
    assert len({begun(environment, seed).instance().means.argmax() for seed in range(9)}) > 5


def test_no_search_finds_a_needle_sooner():
    needle = {"name": "needle", "parameters": {"n_actions": 200, "dimension": 40}}
    environment = begun(MisspecifiedLinearBandit(needle, noise="none", sigma=0.1, horizon=200))
    (bound,) = environment.lower_bounds()
    assert np.allclose(bound.curve(np.array([50.0, 100.0, 200.0, 500.0])), [43.625, 74.75, 99.5, 99.5])
    searched = [min(100, place) for place in range(200)]  # one after the other, then the needle
    assert np.isclose(np.mean(searched), 74.75, rtol=1e-12)


def test_distinct_actions_are_counted_at_all_times():
    environment = begun(MisspecifiedLinearBandit(SPHERE, [0.5, 0.1, 0.2], horizon=8))
    environment.absorb(np.array([3, 3, 1]))
    for action in (1, 5, 3, 0):
        environment.transition(action)
    found = environment.metrics(np.arange(1, 8))
    assert found["distinct"].tolist() == [1, 1, 2, 2, 3, 3, 4]


@pytest.mark.parametrize("nu", ["against_median", "random_signs", {"name": "tilt", "parameters": {"action": 4}}])
def test_errors_are_as_large_as_told(nu):
    environment = begun(MisspecifiedLinearBandit(SPHERE, [0.5, 0.1, 0.2], nu, 0.2, horizon=5))
    rows, instance = unit_rows(6, 3, 7), environment.instance()
    errors = instance.means - rows @ instance.theta
    assert np.isclose(np.abs(errors).max(), 0.2)
    assert np.isclose(instance.error, 0.2)
    if nu == "against_median":
        linear = rows @ instance.theta
        assert np.allclose(errors, np.where(linear > np.median(linear), -0.2, 0.2))


def test_a_tilt_pushes_least_squares_to_its_action():
    """Among all signs on the support of the design, it is the best for the action that it pushes to."""
    rows, theta = unit_rows(12, 3, 2), np.array([0.5, 0.1, 0.2])
    environment = MisspecifiedLinearBandit(rows, theta, {"name": "tilt", "parameters": {"action": 4}}, 0.2, horizon=5)
    nu = environment.instance().means - rows @ theta
    found = design(rows, 1e-6)
    best, support = int(np.argmax(rows @ theta)), found.support
    assert np.allclose(nu[np.setdiff1d(np.arange(12), support)], 0.0, atol=1e-15)
    solved = np.linalg.inv((rows.T * found.weights) @ rows)
    effect = (rows[4] - rows[best]) @ solved @ (rows.T * found.weights)
    assert np.isclose(effect @ nu, 0.2 * np.abs(effect).sum(), rtol=1e-9)


def test_the_minimax_rate_on_unit_vectors():
    """Beside that of Lai and Robbins, whose slope c* is; it claims nothing of a given theta."""
    basis = {"name": "basis", "parameters": {"dimension": 4}}
    environment = begun(LinearBandit(basis, [0.9, 0.7, 0.5, 0.4], sigma=2.0, horizon=100))
    bounds = {bound.name: bound for bound in environment.lower_bounds()}
    assert bounds["minimax rate"].curve(np.array([1200.0])) == pytest.approx(2.0 * 60.0 / 27.0)
    assert bounds["minimax rate"].time == bounds["asymptotic rate"].time == "asymptotic"
    assert bounds["asymptotic rate"].curve(np.array([math.e])) == pytest.approx(4.0 * 19.0, rel=1e-6)
    sphere = begun(LinearBandit(theta=[0.6, 0.0, 0.0, 0.0, 0.8]))
    assert [bound.name for bound in sphere.lower_bounds()] == ["asymptotic rate"]


@pytest.mark.parametrize(("dimension", "bound"), [(2, 6.767), (4, 13.534), (6, 20.300)])
def test_the_lower_bound_of_vertices(dimension, bound):
    actions = {"name": "hypercube", "parameters": {"dimension": dimension}}
    vertices = {"name": "vertices", "parameters": {"delta": 0.01}}
    environment = begun(LinearBandit(actions, vertices, horizon=10_000))
    (found,) = environment.lower_bounds()
    assert np.isclose(found.curve(np.array([10_000.0]))[0], bound, atol=5e-4)
    assert (found.time, found.kind) == ("at the horizon", "lower")
    means = environment.instance().means
    assert np.isclose(10_000 * (means.max() - means.mean()), 100.0 * dimension)  # of uniform play


def test_a_prior_is_told_to_theorems_and_not_to_learners():
    environment = begun(LinearBandit(SPHERE, {"name": "gaussian", "parameters": {"deviation": 0.5}}, horizon=5))
    assert environment.instance().prior_deviation == 0.5
    thetas = np.array([begun(environment, seed).instance().theta for seed in range(400)])
    assert np.abs(thetas.std() - 0.5) < 4 * 0.5 / np.sqrt(2 * thetas.size)
    assert np.isclose(environment.problem.parameter_norm, 0.5 * np.sqrt(3.0))
    assert np.isinf(environment.limits(np.array([5]))["pseudo"][1, 0])


def test_full_feedback_reveals_the_rewards_of_all():
    environment = begun(LinearBandit(SPHERE, [0.5, 0.1, 0.2], "none", feedback="full", horizon=5))
    _, feedback = environment.transition(2)
    assert np.allclose(feedback, unit_rows(6, 3, 7) @ [0.5, 0.1, 0.2])


def test_memory_of_a_run_with_changing_features_does_not_grow_with_the_horizon():
    peaks = []
    for horizon in (200_000, 800_000):
        environment = ChangingLinearBandit(
            {"name": "redrawn_sphere", "parameters": {"n_actions": 4, "dimension": 2}}, [0.6, 0.8], horizon=horizon
        )
        policy = Uniform()
        play(policy, ChangingLinearBandit(horizon=10), 1)
        tracemalloc.start()
        environment.begin(environment.draw(np.random.default_rng(1)))
        policy.reset(environment.problem, np.random.default_rng(2))
        policy.advance(environment, 100_000)
        environment.comparators(np.array([horizon]))
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert isinstance(environment.problem, ChangingLinearProblem)
    assert peaks[1] < 1.1 * peaks[0]
