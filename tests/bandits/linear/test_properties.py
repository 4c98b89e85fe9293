"""What must not depend on units, bases and orders, and what is known without noise."""

import math

import numpy as np
import pytest

from bandits.linear.core_set_query import CoreSetQuery
from bandits.linear.exp2 import Exp2
from bandits.linear.linear_elimination import LinearElimination
from bandits.linear.linear_epsilon_greedy import LinearEpsilonGreedy
from bandits.linear.linear_explore_then_commit import LinearExploreThenCommit
from bandits.linear.linear_ids import LinearIDS
from bandits.linear.linear_ts import LinearTS
from bandits.linear.log_barrier_ftrl import LogBarrierFTRL
from bandits.linear.magnitude_reduced_exp import MagnitudeReducedExp
from bandits.linear.net_elimination import NetElimination
from bandits.linear.oful import OFUL
from bandits.linear.oful_rare import RarelySwitchingOFUL
from bandits.linear.spanner_query import SpannerQuery
from bandits.linear.sup_lin_ucb import SupLinUCB
from environments import AdversarialLinearBandit, LinearBandit, MisspecifiedLinearBandit
from environments.linear.actions import unit_rows

ROWS = unit_rows(9, 3, 5)
THETA = np.array([0.5, -0.3, 0.2])


def played(environment, policy, seed=0):
    """(actions of the whole horizon, regrets against the best fixed action), round by round."""
    environment.begin(environment.draw(np.random.default_rng([seed, 1])))
    policy.reset(environment.problem, np.random.default_rng([seed, 2]))
    horizon, actions = environment.problem.horizon, []
    for _ in range(horizon):
        actions.append(policy.choose(environment.observe()))
        policy.update(None, actions[-1], environment.transition(actions[-1])[1])
    t = np.arange(1, horizon + 1)
    return actions, environment.comparators(t)["best_action"] - environment.metrics(t)["expected_reward"]


@pytest.mark.parametrize(
    "make",
    [
        lambda unit: OFUL(),
        lambda unit: RarelySwitchingOFUL(),
        lambda unit: LinearTS(),
        lambda unit: LinearTS(inflated=True),
        lambda unit: LinearIDS(),
        lambda unit: LinearIDS("directed"),
        lambda unit: SupLinUCB(unit=unit),
        lambda unit: LinearEpsilonGreedy(),
        lambda unit: LinearElimination(),
        lambda unit: LinearExploreThenCommit(),
    ],
)
def test_units_of_rewards_change_no_action_and_scale_regrets_and_bounds(make):
    plain, scaled = (
        LinearBandit(ROWS, THETA, sigma=0.5, horizon=300),
        LinearBandit(ROWS, 4.0 * THETA, sigma=2.0, horizon=300),
    )
    one, four = make(1.0), make(4.0)
    (actions, regret), (others, larger) = played(plain, one), played(scaled, four)
    assert others == actions
    assert larger == pytest.approx(4.0 * regret, abs=1e-9)
    t = np.array([1.0, 40.0, 300.0])
    for bound, other in zip(
        one.regret_bounds(plain.problem, plain.instance()),
        four.regret_bounds(scaled.problem, scaled.instance()),
        strict=True,
    ):
        if bound.kind == "upper" and bound.name != "Bayesian bound":  # whose tau is sigma / sqrt(lambda)
            assert other.curve(t) == pytest.approx(4.0 * bound.curve(t), rel=1e-9)
            assert other.holds is bound.holds


@pytest.mark.parametrize("make", [Exp2, LogBarrierFTRL, MagnitudeReducedExp])
def test_units_of_losses_change_no_action_either(make):
    thetas = np.random.default_rng(3).standard_normal((200, 3)) * 0.4
    given = [AdversarialLinearBandit(ROWS, c * thetas, low=-2.0 * c, high=2.0 * c, horizon=200) for c in (1.0, 4.0)]
    (actions, regret), (others, larger) = (played(environment, make()) for environment in given)
    assert others == actions
    assert larger == pytest.approx(4.0 * regret, abs=1e-9)
    bounds = [make().regret_bounds(environment.problem, environment.instance())[0] for environment in given]
    t = np.array([1.0, 200.0])
    assert bounds[1].curve(t) == pytest.approx(4.0 * bounds[0].curve(t), rel=1e-12)


@pytest.mark.parametrize("policy", [LinearExploreThenCommit(), CoreSetQuery(tolerance=1e-6), SpannerQuery()], ids=repr)
def test_rotations_change_no_action_of_those_that_plan(policy):
    rotation = np.linalg.qr(np.random.default_rng(4).standard_normal((3, 3)))[0]
    plain = played(LinearBandit(ROWS, THETA, "none", horizon=120), policy)[0]
    assert played(LinearBandit(ROWS @ rotation, rotation.T @ THETA, "none", horizon=120), policy)[0] == plain


ALL = [
    OFUL(),
    RarelySwitchingOFUL(),
    LinearTS(),
    LinearIDS(),
    LinearIDS("directed"),
    LinearElimination(),
    LinearExploreThenCommit(),
    CoreSetQuery(),
    SpannerQuery(),
]


@pytest.mark.parametrize("policy", ALL, ids=repr)
@pytest.mark.parametrize("sign", [1.0, -1.0])
def test_in_one_dimension_the_sign_of_the_parameter_decides(policy, sign):
    environment = LinearBandit([[-1.0], [0.5], [1.0]], [0.5 * sign], "none", horizon=60)
    actions, regret = played(environment, policy)
    assert actions[-1] == (2 if sign > 0.0 else 0)
    assert np.all(np.diff(regret) >= -1e-12)


@pytest.mark.parametrize("policy", ALL, ids=repr)
def test_one_action_is_played_without_regret(policy):
    actions, regret = played(LinearBandit([[0.3, 0.4]], [0.6, 0.8], horizon=30), policy)
    assert set(actions) == {0}
    assert np.all(regret == 0.0)


def test_without_noise_the_norm_of_the_parameter_alone_makes_optimism_explore():
    actions, _ = played(LinearBandit(np.eye(3), [0.1, 0.5, 0.9], "none", horizon=60), OFUL())
    assert set(actions) == {0, 1, 2}
    assert actions[-1] == 2


def stability(p, losses, eta):
    """The largest ``<p - q, l> - D(q, p) / eta`` over q in the simplex, D the divergence of ``sum ln(1 / p)``."""
    slopes = 1.0 / p + eta * losses
    low = -slopes.min() + 1e-300
    high = low + len(p) + 1.0
    for _ in range(200):
        middle = (low + high) / 2.0
        low, high = (middle, high) if np.sum(1.0 / (slopes + middle)) > 1.0 else (low, middle)
    q = 1.0 / (slopes + high)
    divergence = np.sum(q / p - 1.0 - np.log(q / p))
    return (p - q) @ losses - divergence / eta


def test_stability_of_the_log_barrier_asks_nothing_of_the_losses():
    """At most ``(eta / 2) sum p l^2``, whatever the size and the sign of the losses; where q is the simplex' own."""
    rng, shares = np.random.default_rng(0), []
    for _ in range(1000):
        k = int(rng.integers(2, 8))
        p = rng.dirichlet(np.full(k, rng.choice([0.3, 1.0, 5.0])))
        if p.min() < 1e-8:
            continue
        losses = rng.standard_normal(k) * 10.0 ** rng.uniform(-2, 3)
        eta = 10.0 ** rng.uniform(-4, 1)
        shares.append(stability(p, losses, eta) / (0.5 * eta * (p @ losses**2)))
    assert len(shares) > 500
    assert max(shares) <= 1.0
    assert max(shares) > 0.05


@pytest.mark.parametrize("nu", ["against_median", "random_signs", {"name": "tilt", "parameters": {"action": 3}}])
@pytest.mark.parametrize("order", [[0, 1, 2, 3, 4], [3, 0, 4, 2, 1]])
def test_the_net_keeps_its_gap_under_any_errors_and_orders_of_coordinates(nu, order):
    for seed in range(6):
        rng = np.random.default_rng(seed)
        rows, theta = unit_rows(300, 5, seed)[:, order], np.zeros(5)
        theta[rng.choice(5, 2, replace=False)] = rng.standard_normal(2)
        theta = (theta / np.linalg.norm(theta))[order]
        given = {"noise": "none", "parameter_norm": 1.0, "feature_norm": 1.0 + 1e-9, "sparsity": 2, "horizon": 400}
        environment = MisspecifiedLinearBandit(rows, theta, nu, 0.1, **given)
        policy = NetElimination()
        actions, _ = played(environment, policy, seed)
        assert environment.instance().gaps[actions[-1]] <= 0.4 + 1e-9
        assert policy.queries <= min(300, len(policy._values))


def test_the_best_of_each_round_earns_no_less_than_the_best_fixed_action():
    environment = AdversarialLinearBandit(ROWS, "stochastic", horizon=200)
    environment.begin(environment.draw(np.random.default_rng(0)))
    found = environment.comparators(np.arange(1, 201))
    assert np.all(found["dynamic"] >= found["best_action"] - 1e-9)
    assert math.isfinite(found["dynamic"][-1])
