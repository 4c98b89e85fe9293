"""OCUCB with and without a horizon, and AdaUCB: golden sequences, their formulas."""

import math

import numpy as np
import pytest
from arms_runs import sequence, table

from bandits import OCUCB, AdaUCB, AnytimeOCUCB, BanditProblem
from bandits.arms.crowd import CROWD
from environments import BernoulliArms, GaussianArms

GOLDEN = [
    (OCUCB(), "012121220020011012222222222222222222222222222222222222222222", [6, 6, 48]),
    (AnytimeOCUCB(), "012121021201201201212222222222222222222222222222002000222222", [10, 8, 42]),
    (AdaUCB(), "012121202221202212222222222222222222222222222222222222222222", [3, 5, 52]),
]


@pytest.mark.parametrize(("policy", "actions", "plays"), GOLDEN)
def test_golden_sequences(policy, actions, plays):
    assert sequence(policy) == actions
    assert [actions.count(str(i)) for i in range(3)] == plays


@pytest.mark.parametrize(("policy", "actions", "plays"), GOLDEN)
def test_the_range_of_rewards_decides_nothing(policy, actions, plays):
    assert sequence(policy, 0.1 + 0.7 * table(), 0.1, 0.8) == actions
    rewards = np.random.default_rng(5).random((300, 4))
    assert sequence(policy, rewards) == sequence(policy, 5.0 * rewards - 3.0, -3.0, 2.0)
    assert sequence(policy, rewards[:, :1]) == "0" * 300


def crowd(counts, i, rho):
    return np.minimum(counts[i], counts**rho * counts[i] ** (1 - rho)).sum()


def confidence(policy, t, horizon, counts, i, s):
    """The width of an index, as written in the papers."""
    n = counts[i]
    if isinstance(policy, OCUCB):
        return s * math.sqrt(policy.alpha / n * math.log(policy.psi * horizon / t))
    if isinstance(policy, AnytimeOCUCB):
        b = max(math.e, math.log(t), t * math.log(t) / crowd(counts, i, policy.rho))
        return s * math.sqrt(2 * policy.eta / n * math.log(b))
    x = horizon / crowd(counts, i, 0.5) + math.e
    return s * math.sqrt(2 / n * math.log(x * math.sqrt(math.log(x))))


@pytest.mark.parametrize(
    "policy", [OCUCB(), OCUCB(0.7, 1.0), AnytimeOCUCB(), AnytimeOCUCB(1.1, 1.0), AnytimeOCUCB(1.5, 0.7), AdaUCB()]
)
@pytest.mark.parametrize("noise", [None, 0.3])
def test_decisions_are_those_of_the_formula(policy, noise):
    rng, horizon, arms = np.random.default_rng(3), 400, 5
    rewards = rng.random((horizon, arms)) if noise is None else rng.normal(np.arange(arms) / 10, 0.3, (horizon, arms))
    about = {} if noise is None else {"low": -math.inf, "high": math.inf, "noise": noise}
    policy.reset(BanditProblem(n_actions=arms, horizon=horizon, **about), np.random.default_rng(0))
    counts, sums, s = np.zeros(arms), np.zeros(arms), 0.5 if noise is None else noise
    for t, row in enumerate(rewards, 1):
        arm = t - 1
        if t > arms:
            score = np.array([sums[i] / counts[i] + confidence(policy, t, horizon, counts, i, s) for i in range(arms)])
            arm = int(np.argmax(score >= score.max() - 1e-12))
        assert policy.choose(None) == arm
        if t % 7 == 0 and t > arms:
            arm = int(rng.integers(arms))  # somebody else decides
        policy.update(None, arm, float(row[arm]))
        counts[arm] += 1
        sums[arm] += row[arm]
    if not isinstance(policy, OCUCB):
        rho = getattr(policy, "rho", 0.5)
        exact = [crowd(counts, i, rho) for i in range(arms)]
        assert policy._rows[:, CROWD] == pytest.approx(exact, rel=1e-13)


@pytest.mark.parametrize(
    ("make", "wrong", "what"),
    [
        (OCUCB, {"alpha": 0.0}, r"alpha must be a finite number in \(0, inf\), got 0.0"),
        (OCUCB, {"psi": 0.9}, r"psi must be a finite number in \[1, .*got 0.9"),
        (OCUCB, {"horizon": 0}, "horizon must be a whole number >= 1, got 0"),
        (AnytimeOCUCB, {"eta": 1.0}, r"eta must be a finite number in \(1, .*got 1.0"),
        (AnytimeOCUCB, {"rho": 0.4}, r"rho must be a finite number in \[0.5, 1\], got 0.4"),
        (AnytimeOCUCB, {"rho": 1.1}, r"rho must be a finite number in \[0.5, 1\], got 1.1"),
    ],
)
def test_arguments_are_checked(make, wrong, what):
    with pytest.raises(ValueError, match=what):
        make(**wrong)


@pytest.mark.parametrize("policy", [OCUCB(), AdaUCB()])
def test_without_a_horizon_an_anytime_relative_is_named(policy):
    with pytest.raises(ValueError, match=r"needs a horizon: .*ocucb_anytime needs none"):
        policy.reset(BanditProblem(n_actions=2), np.random.default_rng(0))
    type(policy)(horizon=10).reset(BanditProblem(n_actions=2), np.random.default_rng(0))


@pytest.mark.parametrize("policy", [OCUCB(), AnytimeOCUCB(), AdaUCB()])
def test_unbounded_rewards_need_a_declared_noise(policy):
    with pytest.raises(ValueError, match=r"noise.*declare one, or play kl_ucb"):
        policy.reset(BanditProblem(n_actions=2, horizon=10, low=-math.inf, high=math.inf), np.random.default_rng(0))


def test_rounds_beyond_the_horizon_stay_sane():
    policy = OCUCB()
    policy.reset(BanditProblem(n_actions=2, horizon=10), np.random.default_rng(0))
    for _ in range(50):
        arm = policy.choose(None)
        policy.update(None, arm, (0.2, 0.8)[arm])
    assert policy.choose(None) == 1


@pytest.mark.parametrize("policy", [OCUCB(), AdaUCB()])
def test_the_order_of_the_minimax_theorem(policy):
    environment = BernoulliArms([0.2, 0.5, 0.9], 1000)
    (bound,) = policy.regret_bounds(environment.problem, environment.instance())
    assert (bound.kind, bound.evidence, bound.time, bound.holds) == ("order", "convention", "at the horizon", True)
    assert bound.curve(np.array([1000.0])) == pytest.approx(math.sqrt(3000))
    other = type(policy)(horizon=500).regret_bounds(environment.problem, environment.instance())[0]
    assert not other.holds
    unbounded = GaussianArms([0.0, 1.0], 2.0, 1000)
    (bound,) = policy.regret_bounds(unbounded.problem, unbounded.instance())
    assert bound.holds
    assert bound.curve(np.array([1000.0])) == pytest.approx(4.0 * math.sqrt(2000))


def test_the_order_needs_the_theorems_constants():
    environment = BernoulliArms([0.2, 0.5, 0.9], 1000)
    assert not OCUCB(2.0).regret_bounds(environment.problem, environment.instance())[0].holds
    assert not OCUCB(3.0, 1.5).regret_bounds(environment.problem, environment.instance())[0].holds
    assert AnytimeOCUCB().regret_bounds(environment.problem, environment.instance()) == ()
