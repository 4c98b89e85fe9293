"""IMED and MED, which go by the evidence against each arm: by families, and by ``K_inf`` of the rewards seen."""

import math
import pickle

import numpy as np
import pytest
from arms_runs import TEN, sequence, table
from scipy.optimize import minimize_scalar

from bandits import BanditProblem
from bandits.arms.evidence import FLOOR, nothing
from bandits.arms.exp3_pp import Exp3PP
from bandits.arms.exp3_s import Exp3S
from bandits.arms.imed import IMED
from bandits.arms.med import MED
from bandits.arms.theory import ArmsInstance, divergences
from environments import BernoulliArms

GOLDEN = "012120012121201210210211022212210222222222222222222222222222"
REWARDS = np.random.default_rng(3).integers(0, 5, (250, 4)) / np.array([5.0, 5.0, 6.0, 7.0])
NO_RANGE = BanditProblem(n_actions=2, low=0.0, high=math.inf)


def least_tilt(rewards, level):
    """``K_inf`` of rewards, by the definition's dual and a search."""
    if rewards.mean() >= level:
        return 0.0

    def minus(share):
        return -float(np.mean(np.log(np.maximum(1.0 - share * (rewards - level) / (1.0 - level), 1e-300))))

    return -minimize_scalar(minus, bounds=(0.0, 1.0), method="bounded", options={"xatol": 1e-11}).fun


def evidence_of(seen, bounded):
    """[n_arms] of lists of rewards."""
    means = np.array([np.mean(rewards) for rewards in seen])
    if bounded:
        away = np.array([least_tilt(np.array(rewards), means.max()) for rewards in seen])
    else:
        away = divergences("bernoulli", means, means.max())
    return np.array([len(rewards) for rewards in seen]) * away


@pytest.mark.parametrize("bounded", [False, True])
def test_golden_sequence(bounded):
    assert sequence(IMED(bounded=bounded)) == GOLDEN  # on rewards 0 and 1, K_inf is the divergence


@pytest.mark.parametrize("bounded", [False, True])
def test_the_range_of_rewards_decides_nothing(bounded):
    assert sequence(IMED(bounded=bounded), 0.1 + 0.7 * table(), 0.1, 0.8) == GOLDEN
    plain = sequence(MED(bounded=bounded), REWARDS)
    assert sequence(MED(bounded=bounded), 8.0 * REWARDS - 3.0, -3.0, 5.0) == plain


@pytest.mark.parametrize("bounded", [False, True])
def test_decisions_are_those_of_the_formula(bounded):
    seen, expected = [[] for _ in range(4)], ""
    for t, row in enumerate(REWARDS):
        arm = t
        if t >= 4:
            index = evidence_of(seen, bounded) + np.log([len(rewards) for rewards in seen])
            arm = int(np.argmin(np.where(index <= index.min() + 1e-9, 0, 1)))
        seen[arm].append(row[arm])
        expected += str(arm)
    assert sequence(IMED(bounded=bounded), REWARDS) == expected


@pytest.mark.parametrize("bounded", [False, True])
def test_arms_are_drawn_by_the_evidence_against_them(bounded):
    policy = MED(bounded=bounded)
    policy.reset(BanditProblem(n_actions=4), np.random.default_rng(1))
    seen = [list(REWARDS[:5, i]) for i in range(4)]
    for i, rewards in enumerate(seen):
        for reward in rewards:
            policy.update(None, i, float(reward))
    weights = np.exp(-evidence_of(seen, bounded))
    counts = np.bincount([policy.choose(None) for _ in range(4000)], minlength=4)
    expected = 4000 * weights / weights.sum()
    assert np.sum((counts - expected) ** 2 / expected) < 21.1  # chi-square, three degrees: once in ten thousand


@pytest.mark.parametrize("bounded", [False, True])
def test_every_draw_inverts_the_distribution_function(bounded):
    policy, uniforms = MED(bounded=bounded), np.random.default_rng(9).random(200)
    policy.reset(BanditProblem(n_actions=4), np.random.default_rng(9))
    seen, quick = [[] for _ in range(4)], 0
    for t, row in enumerate(REWARDS[:200]):
        arm = t
        if t >= 4:
            sums = np.cumsum(np.exp(-evidence_of(seen, bounded)))
            arm = int(np.searchsorted(sums, uniforms[t] * sums[-1], side="right"))
            quick += len(seen[arm]) == max(map(len, seen))
        assert policy.choose(None) == arm
        policy.update(None, arm, float(row[arm]))
        seen[arm].append(row[arm])
    assert 20 < quick < 190


@pytest.mark.parametrize("made", [{}, {"bounded": True}, {"family": "gaussian"}, {"family": "exponential"}], ids=str)
@pytest.mark.parametrize("kind", [IMED, MED])
def test_bounds_that_hold_for_a_while_decide_nothing(kind, made):
    """Against a policy that looks at all arms in every round. Somebody else plays now and then."""
    rng, (policy, full), held = np.random.default_rng(7), (kind(**made), kind(**made)), 0
    for one in (policy, full):
        one.reset(BanditProblem(n_actions=4, noise=0.5), np.random.default_rng(2))
    for row in (rng.random((8000, 4)) < [0.4, 0.8, 0.1, 0.6]).astype(float):
        full._own[4][FLOOR] = math.inf
        held += policy._own[4][FLOOR] < math.inf
        arm = policy.choose(None)
        assert full.choose(None) == arm
        if rng.random() < 0.01:
            arm = int(rng.integers(4))
        for one in (policy, full):
            one.update(None, arm, float(row[arm]))
    assert held > 500


def test_permuted_arms_permute_the_run():
    rewards = np.random.default_rng(8).random((120, 3))
    rewards[:3] = rewards[0].min(), 0.3, 0.6  # the start plays the arms in their order
    order = [2, 0, 1]
    plain, permuted = (IMED(bounded=True) for _ in range(2))
    for policy in (plain, permuted):
        policy.reset(BanditProblem(n_actions=3), np.random.default_rng(0))
    for i in range(3):
        plain.update(None, order[i], float(rewards[0, order[i]]))
        permuted.update(None, i, float(rewards[0, order[i]]))
    for row in rewards[3:]:
        arm = permuted.choose(None)
        assert plain.choose(None) == order[arm]
        plain.update(None, order[arm], float(row[order[arm]]))
        permuted.update(None, arm, float(row[order[arm]]))


@pytest.mark.parametrize("kind", [MED, Exp3PP, Exp3S])
def test_the_numbers_of_arms_decide_nothing_in_law(kind):
    rng = np.random.default_rng(4)
    order, plain, permuted = rng.permutation(5), kind(), kind()
    for policy in (plain, permuted):
        policy.reset(BanditProblem(n_actions=5, horizon=200), np.random.default_rng(1))
    for t, arm in enumerate([*range(5), *rng.integers(0, 5, 80)]):
        reward = float(rng.random() < (arm + 1) / 7)
        for policy, played in ((plain, arm), (permuted, order[arm])):
            policy.choose(None)
            policy.update(None, int(played), reward)
        if t >= 5:
            ours = plain.probabilities(None)
            assert ours == pytest.approx(permuted.probabilities(None)[order], abs=1e-12)
            assert np.ptp(ours) > 1e-3


def test_one_arm_and_a_best_mean_at_the_end_of_the_range():
    for policy in (IMED(), MED(), IMED(bounded=True), MED(bounded=True)):
        assert sequence(policy, np.full((9, 1), 0.3)) == "0" * 9
        assert sequence(policy, np.array([[0.5, 1.0, 0.0]] * 9)) == "012" + "1" * 6
        assert set(sequence(policy, np.zeros((30, 3)))) == set("012")


def test_rates():
    rewards = BanditProblem(n_actions=2)
    three = np.array([0.0, 0.5, 1.0])
    laws = ((three, np.array([0.2, 0.5, 0.3])), (np.array([0.7]), np.array([1.0])))
    some = ArmsInstance(means=np.array([0.55, 0.7]), stationary=True, bounded=True, laws=laws)
    (plain,), (bounded,) = (policy.regret_bounds(rewards, some) for policy in (IMED(), MED(bounded=True)))
    assert plain.kind == bounded.kind == "order"
    assert [a.holds for a in plain.assumptions] == [True, False]
    assert [a.holds for a in bounded.assumptions] == [True, True]
    d = 0.55 * math.log(0.55 / 0.7) + 0.45 * math.log(0.45 / 0.3)
    assert plain.curve(np.array([100.0]))[0] == pytest.approx(0.15 / d * math.log(100.0))
    assert bounded.curve(np.array([100.0]))[0] == pytest.approx(0.15 / 0.0968039614 * math.log(100.0))
    assert IMED(bounded=True).regret_bounds(rewards, ArmsInstance(means=np.array([0.1, 0.2]))) == ()
    assert IMED().regret_bounds(rewards, ArmsInstance()) == ()


@pytest.mark.parametrize("kind", [IMED, MED])
def test_bad_input(kind):
    with pytest.raises(ValueError, match=r"family must be one of bernoulli, gaussian, .*, got 'poison'.*poisson"):
        kind(family="poison")
    with pytest.raises(ValueError, match="family must be absent where bounded is true, got 'gaussian'"):
        kind(family="gaussian", bounded=True)
    with pytest.raises(ValueError, match="bounded must be"):
        kind(bounded="yes")
    for policy in (kind(), kind("bernoulli"), kind(bounded=True)):
        with pytest.raises(ValueError, match=r"needs rewards in a finite range, got \[0.0, inf\].*family"):
            policy.reset(NO_RANGE, np.random.default_rng(0))
    with pytest.raises(ValueError, match="no noise"):
        kind("gaussian").reset(NO_RANGE, np.random.default_rng(0))


@pytest.mark.parametrize("kind", [IMED, MED])
def test_a_copy_in_mid_run_keeps_its_bounds(kind):
    policy, environment = kind(), BernoulliArms(TEN.tolist(), 4000)
    environment.begin(environment.draw(np.random.default_rng(1)))
    policy.reset(environment.problem, np.random.default_rng(2))
    policy.advance(environment, 3000)
    copy = pickle.loads(pickle.dumps(policy))
    assert policy._own[4].tolist() != nothing().tolist()
    assert copy._own[4].tolist() == policy._own[4].tolist()
