"""What policies on a shared parameter refuse, before a run and in it; and what they take that one might think wrong."""

import math

import numpy as np
import pytest

from bandits import UCB1
from bandits.linear.allocation_oracle import AllocationOracle
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
from bandits.linear.problem import ChangingLinearProblem, LinearProblem
from bandits.linear.spanner_query import SpannerQuery
from bandits.linear.sup_lin_ucb import SupLinUCB

ROWS = [[1.0, 0.0], [0.6, 0.8], [0.0, 1.0]]
GENERATOR = np.random.default_rng(0)


def problem(**given):
    return LinearProblem(**{"features": ROWS, "horizon": 100, "noise": 1.0, "low": -9.0, "high": 9.0, **given})


@pytest.mark.parametrize(
    ("make", "what"),
    [
        (lambda: OFUL(ridge=0.0), "ridge must be .*got 0.0"),
        (lambda: OFUL(delta=1.0), "delta must be .*got 1.0"),
        (lambda: OFUL(width=-1.0), "width must be .*got -1.0"),
        (lambda: OFUL(inflate="yes"), "inflate must be .*got 'yes'"),
        (lambda: RarelySwitchingOFUL(growth=0.0), "growth must be .*got 0.0"),
        (lambda: LinearTS(scale=-0.1), "scale must be .*got -0.1"),
        (lambda: LinearTS(scale=1.0, inflated=True), "scale must be None where inflated is True, got 1.0"),
        (lambda: LinearIDS(gain="half"), "gain must be .*got 'half'"),
        (lambda: LinearElimination(tolerance=0.0), "tolerance must be .*got 0.0"),
        (lambda: LinearElimination(tolerance=1.5), "tolerance must be .*got 1.5"),
        (lambda: LinearExploreThenCommit(rounds=0), "rounds must be .*got 0"),
        (lambda: LinearEpsilonGreedy(share=0.0), "share must be .*got 0.0"),
        (lambda: SupLinUCB(unit=0.0), "unit must be .*got 0.0"),
        (lambda: Exp2(rate=0.0), "rate must be .*got 0.0"),
        (lambda: LogBarrierFTRL(mixing=1.5), "mixing must be .*got 1.5"),
        (lambda: SpannerQuery(largest=0.5), "largest must be .*got 0.5"),
        (lambda: NetElimination(sparsity=0), "sparsity must be .*got 0"),
        (lambda: CoreSetQuery(answers=0), "answers must be .*got 0"),
        (lambda: AllocationOracle(theta=[math.nan]), r"theta\[0\] must be .*got nan"),
    ],
)
def test_arguments_out_of_their_domains(make, what):
    with pytest.raises(ValueError, match=what):
        make()


UNTOLD = {"horizon": None}
UNBOUNDED = {"low": -math.inf, "high": math.inf}


@pytest.mark.parametrize(
    ("policy", "given", "what"),
    [
        (LinearElimination(), UNTOLD, "needs a horizon or delta"),
        (LinearExploreThenCommit(), UNTOLD, "needs a horizon or rounds"),
        (SupLinUCB(), UNTOLD, "needs a horizon"),
        (AllocationOracle([1.0, 0.0]), UNTOLD, "needs a horizon"),
        (AllocationOracle([1.0]), {}, "theta must have 2 coordinates, got 1"),
        (Exp2(), UNTOLD, "needs a horizon or rate"),
        (LogBarrierFTRL(), UNTOLD, "needs a horizon or rate"),
        (MagnitudeReducedExp(), UNTOLD, "needs a horizon or rate"),
        (Exp2(), UNBOUNDED, "needs rewards in a finite range: give the problem low and high"),
        (MagnitudeReducedExp(), UNBOUNDED, "needs rewards in a finite range: give the problem low and high"),
        (Exp2(), {"features": [[0.0, 0.0], [0.0, 0.0]]}, "features must not all be 0"),
        (CoreSetQuery(), {"features": [[0.0, 0.0], [0.0, 0.0]]}, "features must not all be 0"),
        (NetElimination(sparsity=1), {}, "needs a misspecification above 0"),
        (NetElimination(), {"misspecification": 0.1}, "needs sparsity: the problem has sparsity=None"),
        (NetElimination(sparsity=3), {"misspecification": 0.1}, r"sparsity must be in 1\.\.2, the dimension, got 3"),
        (
            NetElimination(sparsity=4),
            {"features": np.eye(40), "misspecification": 0.02},
            r"the net would have up to \d+ points",
        ),
        (
            NetElimination(sparsity=2),
            {"features": np.eye(600), "misspecification": 0.05},
            r"walks at most 50000000 candidates, here are \d+",
        ),
    ],
)
def test_problems_that_lack_something(policy, given, what):
    with pytest.raises(ValueError, match=what):
        policy.reset(problem(**given), GENERATOR)


FIXED = [
    LinearElimination(),
    LinearExploreThenCommit(),
    CoreSetQuery(),
    SpannerQuery(),
    NetElimination(sparsity=1),
    Exp2(),
    LogBarrierFTRL(),
    MagnitudeReducedExp(),
    AllocationOracle([1.0, 0.0]),
]


@pytest.mark.parametrize("policy", FIXED, ids=repr)
def test_policies_for_fixed_sets_are_refused_on_changing_ones(policy):
    changing = ChangingLinearProblem(n_actions=3, dimension=2, horizon=100, noise=1.0)
    with pytest.raises(ValueError, match=r"problem must be one that .* plays .*LinearProblem"):
        policy.reset(changing, GENERATOR)


def test_a_refusal_in_a_run_changes_nothing():
    policy, twin = OFUL(), OFUL()
    changing = ChangingLinearProblem(n_actions=3, dimension=2, horizon=100, noise=1.0, low=-9, high=9)
    for each in (policy, twin):
        each.reset(changing, np.random.default_rng(0))
    rows = np.array(ROWS)
    for wrong in (rows[:2], rows[:, :1], rows[0], rows * math.nan, rows + math.inf, None, "x"):
        with pytest.raises(ValueError, match="the observed features"):
            policy.choose(wrong)
    with pytest.raises(RuntimeError):
        policy.update(rows, 0, 0.5)
    action = policy.choose(rows)
    assert action == twin.choose(rows)
    for wrong, reward in ((3, 0.5), (-1, 0.5), (0.5, 0.5), (0, math.nan), (0, "x"), (0, [1.0, 2.0])):
        with pytest.raises(ValueError, match="must be"):
            policy.update(rows, wrong, reward)
    for each in (policy, twin):
        each.update(rows, action, 0.5)
    assert all(np.array_equal(a, b) for a, b in zip(policy._ridge, twin._ridge, strict=True))


@pytest.mark.parametrize(
    "features",
    [
        [[0.0, 0.0], [1.0, 0.0], [1.0, 0.0]],  # a zero vector, twins, a span of one dimension
        [[1.0, 0.0, 0.0, 0.0, 0.0], [0.0, 1.0, 0.0, 0.0, 0.0]],  # fewer actions than dimensions
        [[1e-8], [-1e-8]],
        [[1e6, 0.0], [0.0, 1e6]],
    ],
)
@pytest.mark.parametrize(
    "policy",
    [
        OFUL(),
        RarelySwitchingOFUL(),
        LinearTS(),
        LinearTS(inflated=True),
        LinearIDS(),
        LinearIDS("directed"),
        SupLinUCB(),
        LinearEpsilonGreedy(),
        LinearElimination(),
        LinearElimination(aware=True),
        LinearExploreThenCommit(),
        CoreSetQuery(),
        SpannerQuery(),
        Exp2(),
        Exp2(rate=100.0),
        LogBarrierFTRL(rate=1e6),
        MagnitudeReducedExp(rate=100.0),
    ],
    ids=repr,
)
def test_sets_that_are_no_error(policy, features):
    """For a horizon of two rounds, and with or without noise."""
    for horizon, noise in ((2, 1.0), (60, 0.0), (60, 1.0)):
        given = problem(features=features, horizon=horizon, noise=noise, misspecification=0.01)
        policy.reset(given, np.random.default_rng(0))
        for t in range(horizon):
            action = policy.choose(None)
            assert 0 <= action < len(features)
            policy.update(None, action, 8.9 * math.sin(t))


def test_a_mixing_that_clips_greys_the_bound():
    from environments.linear.adversarial import AdversarialLinearBandit

    environment = AdversarialLinearBandit(low=-0.9, high=0.9, horizon=100)
    environment.begin(environment.draw(np.random.default_rng(0)))
    for policy in (Exp2(rate=100.0), MagnitudeReducedExp(rate=100.0)):
        (bound,) = policy.regret_bounds(environment.problem, environment.instance())
        assert not bound.holds
    (bound,) = Exp2().regret_bounds(environment.problem, environment.instance())
    assert bound.holds


ADVERSARIAL = [Exp2, LogBarrierFTRL, MagnitudeReducedExp]


def bound_of(policy, environment):
    environment.begin(environment.draw(np.random.default_rng(0)))
    (bound,) = policy.regret_bounds(environment.problem, environment.instance())
    return bound


@pytest.mark.parametrize("make", ADVERSARIAL)
def test_bounds_against_an_adversary_assume_linear_rewards_in_the_range(make):
    from environments import AdversarialLinearBandit, LinearBandit, MisspecifiedLinearBandit

    rows, theta = ROWS, [0.5, 0.2]
    assert bound_of(make(), LinearBandit(rows, theta, "bernoulli", horizon=50)).holds
    assert bound_of(make(), AdversarialLinearBandit(rows, "rotating", "uniform", 0.1, horizon=50)).holds
    nearly = bound_of(make(), MisspecifiedLinearBandit(rows, theta, "random_signs", 0.1, "none", horizon=50))
    assert [found.holds for found in nearly.assumptions[:3]] == [False, True, True]
    beyond = AdversarialLinearBandit(rows, "rotating", "gaussian", 0.1, low=-1.0, high=1.0, horizon=50)
    assert [found.holds for found in bound_of(make(), beyond).assumptions[:3]] == [True, True, False]


@pytest.mark.parametrize("make", ADVERSARIAL)
def test_only_the_constants_of_the_theorem_claim_a_rate(make):
    from environments import AdversarialLinearBandit

    environment = AdversarialLinearBandit(ROWS, "rotating", horizon=50)
    assert bound_of(make(), environment).time == "horizon-tuned"
    assert bound_of(make(rate=0.3), environment).time == "no rate"
    if make is not LogBarrierFTRL:  # whose theorem mixes nothing in
        assert bound_of(make(mixing=0.3), environment).time == "no rate"


def test_elimination_claims_a_rate_for_a_delta_that_falls_with_the_horizon():
    from environments import LinearBandit

    environment = LinearBandit(ROWS, [0.5, 0.2], horizon=50)
    assert bound_of(LinearElimination(), environment).time == "horizon-tuned"
    assert bound_of(LinearElimination(delta=0.1), environment).time == "no rate"
    assert bound_of(LinearElimination(aware=True), environment).time == "horizon-tuned"


def test_where_no_gap_is_possible_elimination_has_a_bound_of_zero():
    from environments import LinearBandit

    bound = bound_of(LinearElimination(), LinearBandit([[0.0, 0.0], [1.0, 0.0]], [0.0, 0.0], horizon=50))
    assert bound.curve(np.array([1.0, 50.0])).tolist() == [0.0, 0.0]


def test_arms_policies_play_both_kinds_of_sets():
    for given in (problem(), ChangingLinearProblem(n_actions=3, dimension=2, horizon=9, noise=1.0, low=-9, high=9)):
        policy = UCB1()
        policy.reset(given, np.random.default_rng(0))
        assert [policy.choose(np.array(ROWS))] == [0]
