"""Exp3++: its decisions and its bounds."""

import math

import numpy as np
import pytest
from arms_runs import sequence
from blocks import block

from bandits import BanditProblem
from bandits.arms.exp3_pp import ESTIMATE, OPEN, UNTIL, Exp3PP
from environments import BernoulliArms, ConstrainedArms, CorruptedArms, GaussianArms


def slow(rewards, uniforms, alpha, beta):
    """Actions on rewards [n_rounds, n_arms] in [0, 1], as the definition says, and how often a gap counted."""
    k, actions, counted = len(rewards[0]), [], 0
    estimates, losses, counts = np.zeros(k), np.zeros(k), np.zeros(k)
    for t, (row, uniform) in enumerate(zip(rewards, uniforms, strict=True), 1):
        if t <= k:
            arm, p = t - 1, np.ones(k)
        else:
            eta = 0.5 * math.sqrt(math.log(k) / (t * k))
            rho = np.exp(-eta * (estimates - estimates.min()))
            width = np.sqrt(alpha * math.log(t * k ** (1 / alpha)) / (2 * counts))
            upper, lower = np.minimum(1, losses / counts + width), np.maximum(0, losses / counts - width)
            gaps = np.maximum(0, lower - upper.min())
            with np.errstate(divide="ignore"):
                eps = np.minimum(min(1 / (2 * k), eta), beta * math.log(t) / (t * gaps**2))
            counted += int(np.any(eps < min(1 / (2 * k), eta)))
            p = (1 - eps.sum()) * rho / rho.sum() + eps
            arm = int(np.argmax(np.append(np.cumsum(p)[:-1], math.inf) > uniform))
        estimates[arm] += (1 - row[arm]) / p[arm]
        losses[arm] += 1 - row[arm]
        counts[arm] += 1
        actions.append(arm)
    return actions, counted


@pytest.mark.parametrize(("alpha", "beta", "counts"), [(3.0, 256.0, False), (0.5, 0.05, True)])
@pytest.mark.parametrize("compiled", [False, True])
def test_decisions_are_those_of_the_formula(alpha, beta, counts, compiled):
    rng = np.random.default_rng(11)
    rewards = (rng.random((3000, 4)) < [0.05, 0.95, 0.4, 0.2]).astype(float)
    policy, actions = Exp3PP(alpha, beta), np.empty(3000, dtype=np.int64)
    policy.reset(BanditProblem(n_actions=4, low=-2.0, high=3.0), np.random.default_rng(5))
    if compiled:
        policy.play(block(5.0 * rewards - 2.0, 1, np.zeros(3000), False), actions)
    else:
        for t, row in enumerate(rewards):
            actions[t] = policy.choose(None)
            policy.update(None, int(actions[t]), float(5.0 * row[actions[t]] - 2.0))
    expected, counted = slow(rewards, np.random.default_rng(5).random(3000), alpha, beta)
    assert actions.tolist() == expected
    assert (counted > 1000) == counts


@pytest.mark.parametrize("beta", [256.0, 0.05])
def test_probabilities_that_are_not_worked_out_change_nothing(beta):
    """Against a policy that works them out in every round. Somebody else plays now and then."""
    rng, (policy, full), left = np.random.default_rng(4), (Exp3PP(beta=beta), Exp3PP(beta=beta)), 0
    for one in (policy, full):
        one.reset(BanditProblem(n_actions=4), np.random.default_rng(2))
    for row in (rng.random((6000, 4)) < [0.4, 0.95, 0.1, 0.2]).astype(float):
        full._own[2][UNTIL] = 0.0
        arm = policy.choose(None)
        assert full.choose(None) == arm
        left += policy._own[2][OPEN] > 0.0
        assert full._own[2][OPEN] == 0.0
        if rng.random() < 0.01:
            arm = int(rng.integers(4))
        for one in (policy, full):
            one.update(None, arm, float(row[arm]))
        assert np.array_equal(policy._rows[:, ESTIMATE], full._rows[:, ESTIMATE])
    assert left > 2000
    assert np.array_equal(policy.probabilities(None), full.probabilities(None))


def test_rewards_of_several_decisions_that_come_together_have_the_probabilities_of_the_last():
    """Arms are chosen before any of their rewards is learned, where estimated gaps count."""
    rng, (policy, full), left = np.random.default_rng(4), (Exp3PP(0.5, 0.05), Exp3PP(0.5, 0.05)), 0
    for one in (policy, full):
        one.reset(BanditProblem(n_actions=3), np.random.default_rng(2))
    for size in rng.integers(1, 5, 3000):
        arms = []
        for _ in range(size):
            full._own[2][UNTIL] = 0.0
            arms.append(policy.choose(None))
            assert full.choose(None) == arms[-1]
        left += policy._own[2][OPEN] > 0.0
        for arm, reward in zip(arms, (rng.random(size) < np.array([0.4, 0.98, 0.1])[arms]).astype(float), strict=True):
            for one in (policy, full):
                one.update(None, arm, float(reward))
            assert np.array_equal(policy._rows[:, ESTIMATE], full._rows[:, ESTIMATE])
    assert left > 1000


def test_one_arm():
    assert sequence(Exp3PP(), np.full((20, 1), 0.3)) == "0" * 20


def test_it_learns_late_and_then_stays_away_from_its_bound():
    """Where one of five arms is ahead by 0.1, in the first 10,000 rounds regret grows faster than the bound."""
    sums, times = np.zeros(3), np.array([1000, 10_000, 100_000])
    actions, levels = np.empty(times[-1], dtype=np.int64), np.array([[0.6, 0.5, 0.5, 0.5, 0.5]])
    for seed in range(20):
        policy, rng = Exp3PP(), np.random.default_rng(seed)
        policy.reset(BanditProblem(n_actions=5, horizon=times[-1]), rng.spawn(1)[0])
        policy.play(block(levels, 0, -rng.random(times[-1]), True), actions)
        sums += 0.1 * np.cumsum(actions != 0)[times - 1] / 20
    early, late = np.diff(np.log10(sums))
    assert early > 0.7
    assert late < 0.35
    assert np.all(sums < 0.4 * 4 * np.sqrt(5 * times * math.log(5)))


def bounds(policy, environment):
    environment.reset(seed=0)
    return policy.regret_bounds(environment.problem, environment.instance())


def test_bounds():
    t = np.array([100.0, 10_000.0])
    against, order = bounds(Exp3PP(), BernoulliArms([0.2, 0.5, 0.9]))
    assert against.curve(t) == pytest.approx(4 * np.sqrt(3 * t * math.log(3)))
    assert (against.kind, against.evidence, against.time, against.holds) == ("upper", "recalled", "anytime", True)
    assert order.curve(t) == pytest.approx((1 / 0.7 + 1 / 0.4) * np.log(t) ** 2)
    assert (order.kind, order.evidence, order.holds) == ("order", "convention", True)
    assert not bounds(Exp3PP(), BernoulliArms([0.2, 0.9, 0.9]))[1].holds
    for policy in (Exp3PP(2.9), Exp3PP(3.0, 255.0)):
        assert len(bounds(policy, BernoulliArms([0.2, 0.5, 0.9]))) == 1
    assert len(bounds(Exp3PP(), ConstrainedArms([0.0, 0.2]))) == 1
    assert not bounds(Exp3PP(), CorruptedArms([0.2, 0.5], 5, "flip_best"))[0].holds


def test_bad_arguments():
    for name in ("alpha", "beta"):
        with pytest.raises(ValueError, match=f"{name} must be.*got 0"):
            Exp3PP(**{name: 0.0})
    with pytest.raises(ValueError, match=r"needs rewards in a finite range, got \[-inf, inf\]; ucb1 .* noise"):
        Exp3PP().reset(GaussianArms([0.0, 1.0]).problem, np.random.default_rng(0))
