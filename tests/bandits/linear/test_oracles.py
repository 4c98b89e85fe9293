"""Policies on a shared parameter against exact trajectories, enumerations and numbers of independent programs."""

import copy
import itertools
import math
from dataclasses import replace

import numpy as np
import pytest

from bandits import UCB1
from bandits.linear.adversarial import draw, estimate, new_game
from bandits.linear.allocation_oracle import AllocationOracle
from bandits.linear.core_set_query import CoreSetQuery
from bandits.linear.design import design
from bandits.linear.ellipsoid import new_radius
from bandits.linear.exp2 import Exp2
from bandits.linear.linear_elimination import LinearElimination
from bandits.linear.linear_epsilon_greedy import LinearEpsilonGreedy
from bandits.linear.linear_explore_then_commit import LinearExploreThenCommit
from bandits.linear.linear_ids import LinearIDS
from bandits.linear.linear_ts import LinearTS
from bandits.linear.log_barrier_ftrl import LogBarrierFTRL, _fill
from bandits.linear.magnitude_reduced_exp import MagnitudeReducedExp, _learn
from bandits.linear.net_elimination import NetElimination, net
from bandits.linear.oful import OFUL
from bandits.linear.oful_rare import RarelySwitchingOFUL
from bandits.linear.problem import LinearProblem
from bandits.linear.spanner_query import SpannerQuery
from bandits.linear.sup_lin_ucb import SupLinUCB
from bandits.linear.theory import log_determinant, radius, stretched
from environments.linear.adversarial import AdversarialLinearBandit
from environments.linear.changing import ChangingLinearBandit
from environments.linear.linear import LinearBandit
from environments.linear.misspecified import MisspecifiedLinearBandit

THETA5 = (np.array([3.0, -2.0, 1.0, 0.0, 0.0]) / math.sqrt(14.0)).tolist()
SPHERE = {"name": "sphere", "parameters": {"n_actions": 50, "dimension": 5, "seed": 7}}
OPTIMISM = {"name": "end_of_optimism", "parameters": {"eps": 0.1}}
RANDOM = np.random.default_rng(7).standard_normal((6, 3)).tolist()


def begun(environment, policy, seed=0):
    environment.begin(environment.draw(np.random.default_rng([seed, 1])))
    policy.reset(environment.problem, np.random.default_rng([seed, 2]))
    return environment, policy


def stepwise(environment, policy, rounds):
    actions = []
    for _ in range(rounds):
        actions.append(policy.choose(None))
        policy.update(None, actions[-1], environment.transition(actions[-1])[1])
    return actions


def written(runs):
    """The actions of ``"0x2 1"``: 0, 0, 1."""
    pieces = [piece.partition("x") for piece in runs.split()]
    return [int(action) for action, _, times in pieces for _ in range(int(times or 1))]


@pytest.mark.parametrize(
    ("policy", "start", "at_60", "log_det_60", "at_2000", "log_det_2000"),
    [
        (OFUL, "0 1 0x2 1 0x3 1 0x4 1 0x6", [52, 8, 0], 6.167516491, [1797, 19, 184], 10.862341099),
        (RarelySwitchingOFUL, "0x2 1x2 0x4 1x4 0x8", [54, 6, 0], 5.953243334, [1970, 30, 0], 11.020283512),
        (LinearIDS, "0 1 0x3 1 0x4 1 0x4 1 0x4", [52, 8, 0], 6.167516491, [1797, 19, 184], 10.862341099),
    ],
)
def test_without_noise_at_the_end_of_optimism(policy, start, at_60, log_det_60, at_2000, log_det_2000):
    """The radius uses sigma = 1 all the same."""
    environment = LinearBandit(OPTIMISM, [1.0, 0.0], "none", 1.0, parameter_norm=1.0, horizon=2000)
    _, policy = begun(environment, policy(delta=0.01))
    actions = stepwise(environment, policy, 60)
    assert actions[:20] == written(start)
    assert np.bincount(actions, minlength=3).tolist() == at_60
    assert policy._ridge.counts[0]["log_det"] == pytest.approx(log_det_60, abs=1e-8)
    policy.advance(environment, 1940)
    played = environment.metrics(np.array([2000]))["expected_reward"][0]
    assert played == pytest.approx(at_2000[0] + 0.9 * at_2000[2], abs=1e-6)
    assert policy._ridge.counts[0]["log_det"] == pytest.approx(log_det_2000, abs=1e-8)


@pytest.mark.parametrize(
    ("policy", "start", "at_60", "log_det"),
    [
        (OFUL, "5 1 2 5x5 1 5x11", [0, 3, 2, 0, 0, 55], 7.746122271),
        (RarelySwitchingOFUL, "5 1 2 5x6 1x2 5x9", [0, 3, 3, 0, 0, 54], 8.069590611),
        (LinearIDS, "2 5 1 5x9 1 5x7", [0, 3, 1, 0, 3, 53], 7.451396840),
    ],
)
def test_without_noise_on_random_features(policy, start, at_60, log_det):
    environment = LinearBandit(RANDOM, [0.5, -0.5, 0.25], "none", 0.5, parameter_norm=0.75, horizon=60)
    _, policy = begun(environment, policy(ridge=0.5, delta=0.01))
    actions = stepwise(environment, policy, 60)
    assert actions[:20] == written(start)
    assert np.bincount(actions, minlength=6).tolist() == at_60
    assert policy._ridge.counts[0]["log_det"] + 3 * math.log(0.5) == pytest.approx(log_det, abs=1e-8)


@pytest.mark.parametrize(
    ("environment", "policy", "rounds"),
    [
        (
            LinearBandit(OPTIMISM, [1.0, 0.0], "none", 1.0, parameter_norm=1.0, horizon=60),
            RarelySwitchingOFUL(delta=0.01),
            [1, 3, 5, 9, 13, 21, 37],
        ),
        (
            LinearBandit(RANDOM, [0.5, -0.5, 0.25], "none", 0.5, parameter_norm=0.75, horizon=60),
            RarelySwitchingOFUL(ridge=0.5, delta=0.01),
            [1, 2, 3, 4, 6, 10, 12, 20, 36, 38],
        ),
    ],
)
def test_when_all_is_worked_out_anew(environment, policy, rounds):
    begun(environment, policy)
    found = []
    for t in range(1, 61):
        before = policy.computations
        action = policy.choose(None)
        if policy.computations > before:
            found.append(t)
        policy.update(None, action, environment.transition(action)[1])
    assert found == rounds
    dimension = environment.problem.dimension
    growth = math.log1p(60 * environment.problem.feature_norm**2 / (policy.ridge * dimension))
    assert policy.computations <= 1 + dimension * growth / math.log(2.0)


class Slow:
    """OFUL and information-directed sampling from the definitions: V is inverted anew in every round."""

    def __init__(self, problem, ridge, delta, policy):
        self.rows, self.problem, self.ridge, self.policy = problem.features.array, problem, ridge, policy
        self.gram, self.moment, self.log = (
            ridge * np.eye(problem.dimension),
            np.zeros(problem.dimension),
            -math.log(delta),
        )

    def choose(self):
        inverse = np.linalg.inv(self.gram)
        log_det = np.linalg.slogdet(self.gram)[1] - len(self.gram) * math.log(self.ridge)
        beta = (
            self.problem.sigma * math.sqrt(2 * self.log + log_det) + math.sqrt(self.ridge) * self.problem.parameter_norm
        )
        means = self.rows @ inverse @ self.moment
        q = np.einsum("kj,ji,ki->k", self.rows, inverse, self.rows)
        up, low = means + beta * np.sqrt(q), means - beta * np.sqrt(q)
        if isinstance(self.policy, OFUL):
            return self.lowest(up)
        x, gains = self.rows[self.lowest(up)], np.log1p(q)
        if self.policy.gain == "directed":
            after = [np.linalg.inv(self.gram + np.outer(a, a)) for a in self.rows]
            gains = np.log(x @ inverse @ x / np.array([x @ later @ x for later in after]))
        with np.errstate(divide="ignore"):
            return self.lowest(-((up.max() - low) ** 2) / gains)

    def lowest(self, scores):
        return int(np.flatnonzero(scores >= scores.max() - 1e-10 * max(1.0, abs(scores.max())))[0])

    def update(self, action, reward):
        self.gram += np.outer(self.rows[action], self.rows[action])
        self.moment += reward * self.rows[action]


@pytest.mark.parametrize("policy", [OFUL(), OFUL(ridge=3.0), LinearIDS(), LinearIDS("directed")], ids=repr)
def test_incremental_scores_decide_as_scores_from_scratch(policy):
    environment, policy = begun(LinearBandit(SPHERE, THETA5, horizon=600), policy)
    slow = Slow(environment.problem, policy.ridge, 1 / 600, policy)
    for _ in range(600):
        action = policy.choose(None)
        assert action == slow.choose()
        reward = environment.transition(action)[1]
        policy.update(None, action, reward)
        slow.update(action, reward)


@pytest.mark.parametrize(
    ("horizon", "dimension", "largest", "norm", "ridge", "sigma", "delta", "growth", "width", "value"),
    [
        (1000, 5, 1.0, 1.0, 1.0, 1.0, 1e-3, 26.5165245, 7.3507508, 2875.4596),
        (20_000, 5, 1.0, 1.0, 1.0, 1.0, 5e-5, 41.4714980, 8.8280568, 19_314.0007),
        (1_000_000, 10, 1.0, 1.0, 1.0, 0.5, 1e-6, 115.1293546, 6.9741187, 179_762.7211),
        (1000, 2, 2.0, 0.5, 0.1, 1.0, 0.05, 19.8070751, 5.2373402, 4838.2134),
    ],
)
def test_radii_and_constants(horizon, dimension, largest, norm, ridge, sigma, delta, growth, width, value):
    features = np.zeros((2, dimension))
    features[0, 0] = largest
    problem = LinearProblem(features=features, horizon=horizon, noise=sigma, low=-9, high=9, parameter_norm=norm)
    t = np.array([float(horizon)])
    assert log_determinant(t, problem, ridge)[0] == pytest.approx(growth, rel=1e-8)
    assert radius(t, problem, ridge, delta)[0] == pytest.approx(width, rel=1e-8)
    stretch = stretched(largest**2 / ridge)
    assert 2 * width * math.sqrt(horizon * stretch * growth) == pytest.approx(value, rel=1e-7)


def test_the_stretch():
    assert stretched(1.0) == pytest.approx(1.4426950, rel=1e-7)
    assert stretched(40.0) == pytest.approx(10.7713003, rel=1e-8)
    assert stretched(0.0) == 1.0


@pytest.mark.parametrize(
    ("make", "actions", "values"),
    [
        (OFUL, SPHERE, (4542.7, 19_315.8)),
        (OFUL, OPTIMISM, (2551.6, 10_474.3)),
        (LinearElimination, SPHERE, (3568, 20_284)),
        (LinearElimination, OPTIMISM, (2001, 6678)),
        (LinearExploreThenCommit, SPHERE, (3905, 19_530)),
        (LinearExploreThenCommit, OPTIMISM, (2156, 11_069)),
        (lambda: SupLinUCB(unit=1.0), SPHERE, (43_728, None)),
    ],
)
def test_bounds_at_two_horizons(make, actions, values):
    theta = THETA5 if actions is SPHERE else [1.0, 0.0]
    for horizon, value in zip((2000, 20_000), values, strict=True):
        environment, policy = begun(LinearBandit(actions, theta, parameter_norm=1.0, horizon=horizon), make())
        bound = policy.regret_bounds(environment.problem, environment.instance())[0]
        assert bound.holds
        assert value is None or bound.curve(np.array([float(horizon)]))[0] == pytest.approx(value, rel=2e-4)


def test_the_bound_of_a_run_is_the_sum_of_its_widths():
    environment, policy = begun(LinearBandit(SPHERE, THETA5, horizon=500), OFUL())
    known, of_run = policy.regret_bounds(environment.problem, environment.instance())
    problem, rows, total, sums = environment.problem, environment.problem.features.array, 0.0, []
    gram = np.eye(5)
    for _ in range(500):
        action = policy.choose(None)
        log_det = np.linalg.slogdet(gram)[1]
        beta = problem.sigma * math.sqrt(2 * math.log(500) + log_det) + problem.parameter_norm
        total += 2 * beta * math.sqrt(rows[action] @ np.linalg.solve(gram, rows[action]))
        gram += np.outer(rows[action], rows[action])
        policy.update(None, action, environment.transition(action)[1])
        sums.append(total + environment.instance().largest_gap * len([*sums, 0]) / 500)
    times = np.arange(1.0, 501.0)
    found = of_run.curve(times)
    assert np.all(found >= np.array(sums) - 1e-9)
    assert found[:40] == pytest.approx(sums[:40])
    assert found[-1] == pytest.approx(sums[-1])
    assert np.all(found <= known.curve(times))
    assert np.all(found <= 1.05 * np.array(sums) + 10.0)


@pytest.mark.parametrize(
    ("actions", "theta", "alive"),
    [
        (SPHERE, THETA5, [50, 50, 28, 12, 4, 2, 1]),
        (OPTIMISM, [1.0, 0.0], [3, 3, 3, 2, 2, 2, 1]),
    ],
)
def test_survivors_without_noise(actions, theta, alive):
    """Phase l leaves exactly those with gaps of at most ``4 * 2^-l``; a gap of ``2 W_2 = 1`` survives."""
    environment = LinearBandit(actions, theta, "none", 1.0, parameter_norm=1.0, horizon=2_000_000)
    _, policy = begun(environment, LinearElimination(delta=1e-3))
    gaps, found = environment.instance().gaps, [len(policy.alive)]
    while len(found) < 7 and len(policy.alive) > 1:
        plays = int(policy._plays.sum())
        log = math.log(2 * len(gaps) * policy._l * (policy._l + 1) / 1e-3)
        value = design(environment.problem.features.array[policy.alive]).value
        least = 2 * value * log / 4.0 ** (1 - policy._l)
        assert least <= plays <= least + len(policy._order) + 1e-6 * least
        policy.advance(environment, plays)
        found.append(len(policy.alive))
        survivors = np.flatnonzero(gaps <= 4.0 * 2.0 ** (1 - len(found)) + 1e-9)
        assert policy.alive.tolist() == survivors.tolist()
    assert found == alive


def paths(policy, losses, signs):
    """The expected loss of a policy over all sequences of actions."""
    if len(losses) == 0:
        return 0.0
    policy.choose(None)
    q, total = policy._game.distribution.copy(), 0.0
    assert q.sum() == pytest.approx(1.0, abs=1e-12)
    for action in np.flatnonzero(q):
        later = copy.deepcopy(policy)
        later.update(None, int(action), float(signs * losses[0][action]))
        total += q[action] * (losses[0][action] + paths(later, losses[1:], signs))
    return total


F = [[1.0, 0.0], [0.0, 1.0], [-1.0, 0.0], [0.5, 0.5]]
THETAS = np.array([[0.4, 0.1], [-0.3, 0.5], [0.2, -0.6], [0.5, 0.3]])


@pytest.mark.parametrize(
    ("policy", "value"),
    [
        (Exp2(rate=0.2, mixing=0.4), -0.3439965953),
        (LogBarrierFTRL(rate=0.5), -0.2089766810),
    ],
)
def test_expected_losses_over_all_paths(policy, value):
    problem = LinearProblem(features=F, horizon=4, low=-1.0, high=1.0)
    policy.reset(problem, np.random.default_rng(0))
    assert policy._game.design.tolist() == [0.5, 0.5, 0.0, 0.0]
    losses = -THETAS @ np.array(F).T
    assert losses.sum(axis=0).min() == pytest.approx(-0.8)
    assert paths(policy, losses, -1.0) == pytest.approx(value, abs=1e-9)


def test_expected_loss_of_magnitude_reduced_estimates_over_all_paths():
    problem = LinearProblem(features=F, horizon=4, low=-1.0, high=1.0)
    policy = MagnitudeReducedExp(rate=0.4, mixing=0.1)
    policy.reset(problem, np.random.default_rng(0))
    assert policy._game.design == pytest.approx([1 / 3, 1 / 3, 1 / 3, 0.0])
    signed = -THETAS @ np.array(F).T
    # the reward r = -l has the loss (1 - r) / 2 = (1 + l) / 2
    total = paths(policy, signed, -1.0)
    assert (4 + total) / 2 == pytest.approx(1.9101784777, abs=1e-9)


def test_estimators():
    """Both are unbiased; the reduced one is less negative, with a smaller second moment."""
    rows = np.array([[1.0, 0.0], [0.0, 1.0], [math.sqrt(0.5), math.sqrt(0.5)]])
    q, losses, m = np.array([0.5, 0.25, 0.25]), rows @ np.array([0.3, 0.8]), 0.8

    def game():
        return new_game(rows, np.ones(3) / 3)._replace(distribution=q.copy())

    standard, reduced = [], []
    for arm in range(3):
        one, other = game(), game()
        estimate(one, arm)
        standard.append(rows @ one.gain * losses[arm])
        _learn(other, arm, losses[arm] / m)
        reduced.append(m * other.estimates)
    for found, least, second in (
        (standard, [-0.4571429, -0.1714286, 0.2424366], [0.2832653, 1.7159184, 0.8918367]),
        (reduced, [-0.1142857, 0.0571429, 0.2424366], [0.1493878, 1.3240816, 0.8918367]),
    ):
        assert q @ np.array(found) == pytest.approx(losses, abs=1e-12)
        assert np.min(found, axis=0) == pytest.approx(least, abs=1e-7)
        assert q @ np.array(found) ** 2 == pytest.approx(second, abs=1e-7)
    sigma = rows.T @ (q[:, None] * rows)
    norms = np.einsum("kj,ji,ki->k", rows, np.linalg.inv(sigma), rows)
    assert m**2 * norms == pytest.approx([1.0971429, 1.8285714, 1.0971429], abs=1e-7)
    assert q @ norms == pytest.approx(2.0)


@pytest.mark.parametrize(
    ("sums", "root"),
    [([0.0, 1.0], 1.6180339887), ([0.0, 1.0, 3.0], 2.0861301977), ([0.0] * 3, 3.0), ([0.0, 1e6], 1.000001)],
)
def test_the_root_of_the_log_barrier(sums, root):
    k = len(sums)
    game = new_game(np.ones((k, 1)), np.ones(k) / k)._replace(estimates=np.array(sums))
    _fill(game, 1.0)
    assert game.distribution == pytest.approx(1.0 / (np.array(sums) + root), rel=1e-9)
    assert game.distribution.sum() == pytest.approx(1.0, abs=1e-15)


def test_the_draw_inverts_the_distribution():
    p, pi = np.array([0.25, 0.0, 0.5, 0.25]), np.array([0.0, 1.0, 0.0, 0.0])

    def drawn(uniform, share=0.0):
        game = new_game(np.ones((4, 1)), pi)._replace(distribution=p.copy())
        return draw(game, share, uniform)

    assert [drawn(u) for u in (0.0, 0.2499, 0.25, 0.7499, 0.75, 0.999999)] == [0, 0, 2, 2, 3, 3]
    assert drawn(0.3, share=1.0) == 1


@pytest.mark.parametrize("dimension", [2, 5])
@pytest.mark.parametrize("policy", [OFUL, LinearIDS])
def test_the_trap_catches_deterministic_indices(policy, dimension):
    """Regret is exactly ``T (d - 1) / d``."""
    basis = {"name": "basis", "parameters": {"dimension": dimension}}
    environment = AdversarialLinearBandit(basis, "trap", low=0.0, high=1.0, horizon=4000)
    environment, policy = begun(environment, policy())
    policy.advance(environment, 4000)
    t = np.array([4000])
    regret = environment.comparators(t)["best_action"] - environment.metrics(t)["expected_reward"]
    assert regret[0] == 4000 * (dimension - 1) / dimension


@pytest.mark.parametrize(("dimension", "regret"), [(2, 0.0), (5, 6.0)])
def test_holding_an_action_escapes_the_trap(dimension, regret):
    basis = {"name": "basis", "parameters": {"dimension": dimension}}
    environment = AdversarialLinearBandit(basis, "trap", sigma=0.5, low=0.0, high=1.0, horizon=4000)
    environment, policy = begun(environment, RarelySwitchingOFUL())
    policy.advance(environment, 4000)
    t = np.array([4000])
    assert environment.comparators(t)["best_action"][0] - environment.metrics(t)["expected_reward"][0] == regret


@pytest.mark.parametrize(("dimension", "means"), [(2, {Exp2: (7.7, 6.1), LogBarrierFTRL: (8.8, 6.0)})])
def test_randomised_policies_escape_the_trap(dimension, means):
    basis = {"name": "basis", "parameters": {"dimension": dimension}}
    environment, t = AdversarialLinearBandit(basis, "trap", low=0.0, high=1.0, horizon=4000), np.array([4000])
    for make, (mean, error) in means.items():
        found = []
        for seed in range(24):
            begun(environment, policy := make(), seed)
            policy.advance(environment, 4000)
            found.append(environment.comparators(t)["best_action"][0] - environment.metrics(t)["expected_reward"][0])
        assert abs(np.mean(found) - mean) <= 4 * math.hypot(np.std(found, ddof=1) / math.sqrt(24), error)


@pytest.mark.parametrize(
    ("s", "eps", "size"), [(1, 0.05, 21), (1, 0.1, 11), (2, 0.1, 185), (2, 0.2, 61), (3, 0.2, 565), (3, 0.1, 3695)]
)
def test_nets_cover_the_ball(s, eps, size):
    points = net(s, eps)
    assert len(points) == size
    rng = np.random.default_rng(0)
    ball = rng.standard_normal((2000, s))
    ball *= (rng.random(2000) ** (1 / s) / np.linalg.norm(ball, axis=1))[:, None]
    distances = np.min(np.linalg.norm(ball[:, None] - points[None], axis=2), axis=1)
    assert distances.max() <= eps + 1e-9


@pytest.mark.parametrize(
    ("dimension", "s", "eps", "candidates", "queries", "worst"),
    [(8, 1, 0.05, 168, 8.65, 0.0), (16, 1, 0.05, 336, 16.65, 0.0), (8, 2, 0.1, 5180, 111.55, 0.0555)],
)
def test_queries_of_the_net(dimension, s, eps, candidates, queries, worst):
    """Twenty instances of 4,000 actions, errors against the median."""
    asked, gaps = [], []
    for seed in range(20):
        rng = np.random.default_rng(seed)
        rows = rng.standard_normal((4000, dimension))
        rows /= np.linalg.norm(rows, axis=1, keepdims=True)
        theta, support, values = np.zeros(dimension), rng.choice(dimension, s, replace=False), rng.standard_normal(s)
        theta[support] = values / np.linalg.norm(values)
        environment = MisspecifiedLinearBandit(
            rows, theta.tolist(), "against_median", eps, noise="none", parameter_norm=1.0, sparsity=s, horizon=1000
        )
        environment, policy = begun(environment, NetElimination())
        assert len(policy._values) == candidates
        policy.advance(environment, 1000)
        asked.append(policy.queries)
        gaps.append(environment.instance().gaps[policy.choose(None)])
    assert np.mean(asked) == pytest.approx(queries)
    assert max(gaps) == pytest.approx(worst, abs=1e-3)
    assert max(gaps) <= 4 * eps


@pytest.mark.parametrize(("eps", "measured", "most"), [(0.05, 0.0059, 0.324), (0.1, 0.294, 0.647), (0.2, 0.65, 1.294)])
def test_gaps_of_the_core_set(eps, measured, most):
    """The worst of 2,000 errors of random signs."""
    worst, queries = 0.0, set()
    rng = np.random.default_rng(0)
    nearly = LinearBandit(SPHERE, THETA5, "none", horizon=30)
    rows, means = nearly.problem.features, nearly.problem.features.array @ np.array(THETA5)
    policy = CoreSetQuery(tolerance=1e-6)
    problem = LinearProblem(features=rows, horizon=30, noise=0.0, low=-3.0, high=3.0, misspecification=eps)
    for _ in range(2000):
        rewards = means + eps * rng.choice([-1.0, 1.0], 50)
        policy.reset(problem, rng)
        support, plays = policy._order, policy._plays
        order, _ = policy.follow(support, plays, rewards[support])
        queries.add(policy.queries)
        worst = max(worst, rewards.max() - rewards[order[0]])
    assert queries == {16}
    assert worst <= most
    assert worst == pytest.approx(measured, rel=0.1)


def test_a_spanner_without_errors_finds_the_best_action():
    environment, policy = begun(LinearBandit(SPHERE, THETA5, "none", horizon=100), SpannerQuery())
    policy.advance(environment, 100)
    assert policy.queries == 5
    assert environment.instance().gaps[policy.choose(None)] == 0.0


def test_the_oracle_pays_the_asymptotic_constant():
    """``c* = 8`` at ``kappa = 2``: the second action alone, ``ceil(8 ln T)`` times."""
    environment, policy = begun(LinearBandit(OPTIMISM, [1.0, 0.0], horizon=5000), AllocationOracle([1.0, 0.0]))
    policy.advance(environment, 5000)
    t = np.array([5000])
    regret = environment.comparators(t)["best_action"] - environment.metrics(t)["expected_reward"]
    assert environment.instance().asymptotic_constant == pytest.approx(8.0, rel=1e-6)
    assert regret[0] == pytest.approx(math.ceil(8 * math.log(5000)), abs=1e-9)


def test_thompson_sampling_is_exact_in_law():
    """Frequencies of actions in one state against draws of theta from the posterior."""
    rows = np.array([[1.0, 0.0], [0.6, 0.8], [0.0, 1.0], [-0.5, 0.5]])
    policy = LinearTS(scale=0.7, ridge=0.5)
    policy.reset(LinearProblem(features=rows, noise=1.0, low=-9, high=9), np.random.default_rng(3))
    history = [(0, 0.9), (1, 0.2), (2, 0.4), (0, 0.5), (3, 0.1)]
    for action, reward in history:
        policy.choose(None)
        policy.update(None, action, reward)
    gram = 0.5 * np.eye(2) + sum(np.outer(rows[a], rows[a]) for a, _ in history)
    theta = np.linalg.solve(gram, sum(y * rows[a] for a, y in history))
    n = 40_000
    drawn = np.bincount([policy.choose(None) for _ in range(n)], minlength=4) / n
    samples = np.random.default_rng(4).multivariate_normal(theta, 0.49 * np.linalg.inv(gram), 400_000)
    expected = np.bincount(np.argmax(samples @ rows.T, axis=1), minlength=4) / len(samples)
    assert np.all(np.abs(drawn - expected) <= 4.5 * np.sqrt(expected * (1 - expected) * (1 / n + 1 / len(samples))))


class WithRadius(LinearTS):
    """Thompson sampling with the radius of OFUL at ``delta = 1 / T``."""

    def start(self, problem):
        super().start(problem)
        self._radius = new_radius(problem, 1.0 / problem.horizon)

    def regret_bounds(self, problem, instance):
        return ()


def below_its_bounds(policy, environment, t, found):
    """Mean regrets [n, len(t)] are below every upper bound that holds, by four standard errors."""
    errors = np.std(found, axis=0, ddof=1) / math.sqrt(len(found))
    bounds = policy.regret_bounds(environment.problem, environment.instance())
    used = [bound for bound in bounds if bound.kind == "upper" and bound.holds and not bound.data_dependent]
    for bound in used:
        assert np.all(np.mean(found, axis=0) + 4 * errors <= bound.curve(t.astype(float)))
    return len(used)


REGRETS = [
    (OFUL(width=1.0), SPHERE, 106.0, 20.0),
    (OFUL(width=1.0), OPTIMISM, 7.9, 2.5),
    (OFUL(), SPHERE, 266.1, 4.6),
    (OFUL(), OPTIMISM, 35.0, 2.2),
    (RarelySwitchingOFUL(), SPHERE, 321.1, 6.2),
    (RarelySwitchingOFUL(), OPTIMISM, 43.8, 3.4),
    (LinearTS(scale=1.0), SPHERE, 132.6, 6.4),
    (LinearTS(scale=1.0), OPTIMISM, 17.4, 2.3),
    (LinearIDS(), SPHERE, 271.7, 3.9),
    (LinearIDS(), OPTIMISM, 40.2, 2.3),
    (LinearElimination(), SPHERE, 1334.0, 20.0),
    (LinearElimination(), OPTIMISM, 321.0, 27.0),
    (SupLinUCB(unit=1.0), SPHERE, 1463.3, 2.6),
    (SupLinUCB(unit=1.0), OPTIMISM, 623.0, 57.0),
    (LinearExploreThenCommit(), SPHERE, 254.0, 33.0),
    (LinearExploreThenCommit(), OPTIMISM, 80.0, 0.0),
    (LinearEpsilonGreedy(), SPHERE, 396.0, 8.0),
    (LinearEpsilonGreedy(), OPTIMISM, 109.3, 1.6),
    (WithRadius(), SPHERE, 765.9, 5.7),
    (WithRadius(), OPTIMISM, 167.2, 3.9),
    (UCB1(), SPHERE, 1170.0, 4.3),
    (UCB1(), OPTIMISM, 103.7, 2.6),
]


@pytest.mark.parametrize(("policy", "actions", "mean", "error"), REGRETS, ids=lambda value: str(value)[:30])
def test_mean_regrets(policy, actions, mean, error):
    """2,000 rounds, forty replicates, against another program's means: within four standard errors and 3 %."""
    theta = THETA5 if actions is SPHERE else [1.0, 0.0]
    environment = LinearBandit(actions, theta, parameter_norm=1.0, horizon=2000)
    t, found = np.array([2000]), []
    for seed in range(40):
        begun(environment, policy, seed)
        policy.advance(environment, 2000)
        found.append(environment.comparators(t)["best_action"][0] - environment.metrics(t)["expected_reward"][0])
    own = np.std(found, ddof=1) / math.sqrt(40)
    assert abs(np.mean(found) - mean) <= 4 * math.hypot(own, error) + 0.03 * mean
    below_its_bounds(policy, environment, t, np.array(found)[:, None])


CHANGING = [
    (OFUL(), 49.0, 1.7),
    (LinearTS(scale=1.0), 76.5, 2.7),
    (LinearIDS(), 51.0, 2.7),
    (SupLinUCB(1.0), 1113.3, 5.5),
    (OFUL(width=1.0), 45.0, 2.5),
    (RarelySwitchingOFUL(), 51.2, 1.9),
    (LinearEpsilonGreedy(), 293.3, 3.0),
    (WithRadius(), 534.9, 5.7),
    (UCB1(), 1325.6, 3.6),
]


@pytest.mark.parametrize(("policy", "mean", "error"), CHANGING, ids=lambda value: str(value)[:30])
def test_mean_regrets_on_changing_sets(policy, mean, error):
    actions = {"name": "redrawn_sphere", "parameters": {"n_actions": 10, "dimension": 5}}
    environment = ChangingLinearBandit(actions, THETA5, parameter_norm=1.0, horizon=2000)
    t, found = np.array([2000]), []
    for seed in range(40):
        begun(environment, policy, seed)
        policy.advance(environment, 2000)
        found.append(environment.comparators(t)["dynamic"][0] - environment.metrics(t)["expected_reward"][0])
    own = np.std(found, ddof=1) / math.sqrt(40)
    assert abs(np.mean(found) - mean) <= 4 * math.hypot(own, error) + 0.03 * mean
    below_its_bounds(policy, environment, t, np.array(found)[:, None])


MISSPECIFIED = [
    (OFUL(), 292.0, 6.0, 0),
    (LinearTS(), 134.0, 5.0, 0),
    (LinearElimination(), 1413.0, 52.0, 0),
    (LinearElimination(aware=True), 2033.3, 0.0, 1),
    (UCB1(), 1154.0, 6.0, 1),
]


@pytest.mark.parametrize(("policy", "mean", "error", "bounds"), MISSPECIFIED, ids=lambda value: str(value)[:30])
def test_mean_regrets_with_errors(policy, mean, error, bounds):
    """Errors against the median, eps = 0.1; the other program takes w = 2 for the largest gap, not 2 L S + 2 eps."""
    environment = MisspecifiedLinearBandit(SPHERE, THETA5, "against_median", 0.1, parameter_norm=1.0, horizon=2000)
    if isinstance(policy, LinearElimination):
        environment.problem = replace(environment.problem, low=-9.0, high=9.0, parameter_norm=0.9)
        assert environment.problem.largest_gap == 2.0
    t, found = np.array([2000]), []
    for seed in range(24):
        begun(environment, policy, seed)
        policy.advance(environment, 2000)
        found.append(environment.comparators(t)["best_action"][0] - environment.metrics(t)["expected_reward"][0])
    own = np.std(found, ddof=1) / math.sqrt(24)
    assert abs(np.mean(found) - mean) <= 4 * math.hypot(own, error) + 0.03 * mean
    if not isinstance(policy, LinearElimination):  # who is told another norm here
        assert below_its_bounds(policy, environment, t, np.array(found)[:, None]) == bounds


@pytest.mark.parametrize(("policy", "mean", "error"), [(OFUL(), 128.0, 9.0), (LinearTS(), 133.0, 9.0)], ids=repr)
def test_mean_regrets_on_the_hypercube_are_between_the_bounds(policy, mean, error):
    cube = {"name": "hypercube", "parameters": {"dimension": 2}}
    vertices = {"name": "vertices", "parameters": {"delta": 0.01}}
    environment, t, found = LinearBandit(cube, vertices, horizon=10_000), np.array([10_000]), []
    for seed in range(40):
        begun(environment, policy, seed)
        policy.advance(environment, 10_000)
        found.append(environment.comparators(t)["best_action"][0] - environment.metrics(t)["expected_reward"][0])
    own = np.std(found, ddof=1) / math.sqrt(40)
    assert abs(np.mean(found) - mean) <= 4 * math.hypot(own, error)
    (lower,) = environment.lower_bounds()
    assert np.mean(found) - 4 * own >= lower.curve(t.astype(float))[0]
    below_its_bounds(policy, environment, t, np.array(found)[:, None])


def test_posterior_sampling_is_below_its_bayesian_bound_which_does_not_hold_for_a_given_parameter():
    actions = {"name": "redrawn_sphere", "parameters": {"n_actions": 10, "dimension": 5}}
    prior = {"name": "gaussian", "parameters": {"deviation": math.sqrt(0.2)}}
    environment, policy = ChangingLinearBandit(actions, prior, horizon=500), LinearTS(ridge=5.0)
    t, found = np.array([500]), []
    for seed in range(200):
        begun(environment, policy, seed)
        policy.advance(environment, 500)
        found.append(environment.comparators(t)["dynamic"][0] - environment.metrics(t)["expected_reward"][0])
    own = np.std(found, ddof=1) / math.sqrt(200)
    assert abs(np.mean(found) - 54.8) <= 4 * math.hypot(own, 1.1)
    assert below_its_bounds(policy, environment, t, np.array(found)[:, None]) == 1
    (bound,) = policy.regret_bounds(environment.problem, environment.instance())
    assert bound.curve(np.array([500.0, 5000.0])) == pytest.approx([377.31, 1774.22], abs=5e-3)
    for told in ({"feature_norm": 0.9}, {"noise": 0.5}, {"noise": 2.0}):  # tau is sigma / sqrt(lambda)
        policy.ridge = told.get("noise", 1.0) ** 2 * 5.0
        (wrong,) = policy.regret_bounds(replace(environment.problem, **told), environment.instance())
        assert [found.holds for found in wrong.assumptions].count(False) == 1
    for ridge, drawn in ((1.0, prior), (5.0, THETA5)):  # another lambda; no draw
        other, again = begun(ChangingLinearBandit(actions, drawn, horizon=500), LinearTS(ridge=ridge))
        assert not again.regret_bounds(other.problem, other.instance())[0].holds


ADVERSARIAL = [
    (Exp2(), 383.8, 5.4, 727.3),
    (LogBarrierFTRL(), 427.8, 4.1, 2499.0),
    (MagnitudeReducedExp(), 442.0, 6.1, 945.5),
]


@pytest.mark.parametrize(("policy", "mean", "error", "bound"), ADVERSARIAL, ids=lambda value: str(value)[:30])
def test_mean_regrets_against_an_adversary(policy, mean, error, bound):
    sphere = {"name": "sphere", "parameters": {"n_actions": 30, "dimension": 4, "seed": 7}}
    switching = {"name": "switching", "parameters": {"period": 500, "amplitude": 0.6, "bias": 0.3}}
    environment = AdversarialLinearBandit(sphere, switching, low=-0.9, high=0.9, horizon=4000)
    t, found = np.array([4000]), []
    for seed in range(24):
        begun(environment, policy, seed)
        policy.advance(environment, 4000)
        best = environment.comparators(t)["best_action"][0]
        found.append(best - environment.metrics(t)["expected_reward"][0])
    assert best == pytest.approx(936.30, abs=0.01)
    own = np.std(found, ddof=1) / math.sqrt(24)
    assert abs(np.mean(found) - mean) <= 4 * math.hypot(own, error)
    theorem = policy.regret_bounds(environment.problem, environment.instance())[0]
    assert theorem.curve(np.array([4000.0]))[0] == pytest.approx(bound, rel=0.01)  # the design's g is within 1 % of d
    assert np.mean(found) + 4 * own <= theorem.curve(np.array([4000.0]))[0]


def test_optimism_earns_more_than_the_best_fixed_action_under_slow_switches():
    """Deterministic: S = 1, sigma = .9, no noise."""
    sphere = {"name": "sphere", "parameters": {"n_actions": 30, "dimension": 4, "seed": 7}}
    environment = AdversarialLinearBandit(sphere, "switching", low=-0.9, high=0.9, parameter_norm=1.0, horizon=4000)
    environment, policy = begun(environment, OFUL())
    policy.advance(environment, 4000)
    t = np.array([4000])
    regret = environment.comparators(t)["best_action"][0] - environment.metrics(t)["expected_reward"][0]
    assert regret == pytest.approx(-485.0, abs=0.05)
    assert not any(bound.holds for bound in policy.regret_bounds(environment.problem, environment.instance()))


@pytest.mark.parametrize("policy", [OFUL(), RarelySwitchingOFUL(), LinearIDS(), LinearElimination()], ids=repr)
def test_rotations_and_scales_change_no_action(policy):
    rows = np.random.default_rng(3).standard_normal((8, 3))
    theta = np.array([0.4, -0.2, 0.1])
    rotation = np.linalg.qr(np.random.default_rng(4).standard_normal((3, 3)))[0]
    largest, noise = float(np.linalg.norm(rows, axis=1).max()), np.random.default_rng(5).standard_normal(300)

    def played(features, norm, ridge):
        again = type(policy)(**({"ridge": ridge} if hasattr(policy, "ridge") else {}), delta=0.01)
        again.reset(
            LinearProblem(features=features, noise=0.5, low=-math.inf, high=math.inf, parameter_norm=norm, horizon=300),
            np.random.default_rng(0),
        )
        actions = []
        for z in noise:
            actions.append(again.choose(None))
            again.update(None, actions[-1], float(rows[actions[-1]] @ theta + 0.5 * z))
        return actions

    plain = played(rows, 1.0, 1.0)
    assert played(rows @ rotation, 1.0, 1.0) == plain
    if not isinstance(policy, LinearElimination):  # whose unit is L S, which stays as it is
        assert played(4.0 * rows, 0.25, 16.0) == plain
    assert largest > 0.0


@pytest.mark.parametrize("make", [OFUL, RarelySwitchingOFUL, LinearIDS, LinearTS, LinearElimination, SupLinUCB])
def test_one_action_has_no_regret(make):
    environment, policy = begun(LinearBandit([[0.3, 0.4]], [0.6, 0.8], horizon=50), make())
    policy.advance(environment, 50)
    t = np.arange(1, 51)
    assert np.array_equal(environment.comparators(t)["best_action"], environment.metrics(t)["expected_reward"])


def test_basis_actions_are_an_ordinary_bandit():
    """``theta_i = sum y_i / (n_i + lambda)`` and ``q_i = 1 / (n_i + lambda)``."""
    basis = {"name": "basis", "parameters": {"dimension": 4}}
    environment, policy = begun(LinearBandit(basis, [0.9, 0.7, 0.5, 0.4], horizon=300), OFUL(ridge=2.0))
    counts, sums = np.zeros(4), np.zeros(4)
    for _ in range(300):
        action = policy.choose(None)
        reward = environment.transition(action)[1]
        policy.update(None, action, reward)
        counts[action] += 1
        sums[action] += reward
    assert policy._ridge.means == pytest.approx(sums / (counts + 2.0), rel=1e-10)
    assert policy._ridge.norms == pytest.approx(1.0 / (counts + 2.0), rel=1e-10)


@pytest.mark.parametrize("make", [OFUL, CoreSetQuery, LinearTS])
def test_no_policy_finds_a_needle_sooner_than_search(make):
    """Regret is at least ``c sum (1 - s / K)`` in the mean over where it is, within four and a half standard errors."""
    needle, n = {"name": "needle", "parameters": {"n_actions": 40, "dimension": 10, "seed": 7}}, 40
    environment = MisspecifiedLinearBandit(needle, noise="none", sigma=0.1, horizon=n)
    t, found = np.arange(1, n + 1), []
    for seed in range(400):
        begun(environment, policy := make(), seed)
        policy.advance(environment, n)
        found.append(environment.comparators(t)["best_action"] - environment.metrics(t)["expected_reward"])
    exact = np.cumsum(1.0 - t / n)
    (bound,) = [bound for bound in environment.lower_bounds() if bound.name == "needle"]
    assert bound.curve(t.astype(float)) == pytest.approx(exact)
    error = np.std(found, axis=0, ddof=1) / math.sqrt(len(found))
    assert np.all(np.mean(found, axis=0) >= exact - 4.5 * error - 1e-9)


def test_directed_information_is_at_most_full():
    rows = np.random.default_rng(1).standard_normal((5, 3))
    gram = np.eye(3) + rows.T @ rows
    inverse = np.linalg.inv(gram)
    for x, a in itertools.product(rows, rows):
        q = a @ inverse @ a
        directed = -math.log1p(-((x @ inverse @ a) ** 2) / (x @ inverse @ x * (1 + q)))
        assert directed <= math.log1p(q) + 1e-12
