"""Trees of sums, and the laws of the policies that draw from them: against sums of all arms in higher precision."""

import copy
import itertools
import math

import numpy as np
import pytest
from blocks import block
from scipy.stats import chisquare, ks_2samp

from bandits import BanditProblem, Exp3, Exp3IX, TsallisINF
from bandits.arms.exp3 import _reduce
from bandits.arms.sums import TERMS, build, draw, powers_of, settle, tree_of, weight
from environments import BernoulliArms


class Fixed:
    """In place of a generator: always the same uniform."""

    def __init__(self, uniform):
        self.uniform = uniform

    def random(self):
        return self.uniform


POLICIES = [
    Exp3(),
    Exp3(0.3),
    Exp3(1.0),
    Exp3IX(),
    Exp3IX("anytime"),
    Exp3IX(0.5),
    TsallisINF(),
    TsallisINF("theory"),
    TsallisINF(scale="running_mean"),
]
MEANS = {
    "spread": lambda k: np.linspace(0.1, 0.9, k),
    "nothing pays": np.zeros,
    "all pay": np.ones,
    "all equal": lambda k: np.full(k, 0.5),
    "one pays": lambda k: np.eye(1, k, k // 2)[0],
}


def exact_law(policy):
    """The probabilities of the next draw, from sums over all arms in extended precision."""
    wide = np.longdouble
    if isinstance(policy, Exp3):
        w = np.exp(policy._exponents.astype(wide) - policy._exponents.max())
        return (1 - wide(policy._gamma)) * w / w.sum() + wide(policy._gamma) / w.size
    if isinstance(policy, Exp3IX):
        eta = wide(policy._rate) / (np.sqrt(wide(policy._t)) if policy._anytime else 1)
        w = np.exp(-eta * (policy._losses.astype(wide) - policy._losses.min()))
        return w / w.sum()
    factor = wide(policy._rate) / (np.sqrt(wide(policy._t)) if policy._anytime else 1)
    if policy._running and policy._t > 1:
        factor /= max(wide(policy._total) / (policy._t - 1), wide(1e-12))
    a = factor * (policy._sums.astype(wide) - policy._sums.min())
    low, high = wide(1), np.sqrt(wide(a.size))
    for _ in range(70):  # bisection: the sum falls as z grows
        z = (low + high) / 2
        low, high = (z, high) if np.sum((a + z) ** -2) > 1 else (low, z)
    return (a + z) ** -2 / np.sum((a + z) ** -2)


def check_law(policy):
    """The next draw is by inversion of the exact law, and knows the probability of what it drew."""
    p = exact_law(policy)
    assert abs(p.sum() - 1) < 1e-15
    assert policy.probabilities(None) == pytest.approx(p.astype(float), rel=1e-10, abs=1e-15)
    ends = np.cumsum(p)
    arms = np.flatnonzero(p > 1e-11)
    if arms.size > 12:  # the first, the last, the likely ones
        arms = np.unique([arms[0], arms[-1], *np.argsort(p)[-6:], *arms[:: arms.size // 4]])
    for arm in arms.tolist():
        trial = copy.deepcopy(policy)
        for inside in (0.01, 0.5, 0.99):
            trial._rng = Fixed(float(ends[arm] - p[arm] * (1 - inside)))
            assert trial.choose(None) == arm
        if isinstance(policy, Exp3):
            assert 1 / trial._inverse == pytest.approx(float(p[arm]), rel=1e-12)
        elif isinstance(policy, Exp3IX):
            eta = trial._rate / (math.sqrt(trial._t) if trial._anytime else 1.0)
            assert trial._denominator == pytest.approx(float(p[arm]) + eta / 2, rel=1e-12)
        else:
            assert trial._probability == pytest.approx(float(p[arm]), rel=1e-12)
            assert trial.drawn_from == pytest.approx(p.astype(float), rel=1e-12)


@pytest.mark.parametrize("k", [1, 2, 3, 10, 16, 17, 1000])
def test_sums_and_draws(k):
    rng = np.random.default_rng(k)
    coefficients = rng.random((k, TERMS)) * 10.0 ** rng.integers(-3, 3, (k, 1))
    tree, powers, leaves = tree_of(k), powers_of(0.3), 1 << (k - 1).bit_length()
    assert tree.shape == (2 * leaves, TERMS)
    tree[leaves : leaves + k] = coefficients
    build(tree, powers)
    for _ in range(200):  # no drift: nothing is ever taken off
        arm = int(rng.integers(k))
        coefficients[arm] = rng.random(TERMS) * (rng.random() < 0.9) * 10.0 ** rng.integers(-12, 12)
        tree[leaves + arm] = coefficients[arm]
        settle(tree, arm, powers)
    for _ in range(3):  # ties and zeros
        coefficients[rng.integers(k, size=k // 2)] = [0.0, 1.0][rng.integers(2)]
        tree[leaves : leaves + k] = coefficients
        build(tree, powers)
    for j in range(TERMS):
        assert tree[1, j] == pytest.approx(math.fsum(coefficients[:, j]), rel=1e-14)
    weights = coefficients.astype(np.longdouble) @ (np.longdouble(0.3) ** np.arange(TERMS))
    total = weight(tree, 1, powers)
    assert total == pytest.approx(float(weights.sum()), rel=1e-14)
    ends = np.cumsum(weights)
    for arm in np.flatnonzero(weights > 1e-9 * total).tolist():
        for inside in (0.001, 0.5, 0.999):
            assert draw(tree, powers, float(ends[arm] - weights[arm] * (1 - inside))) == arm
    positive = np.flatnonzero(weights > 0)
    assert draw(tree, powers, 0.0) == positive[0]
    for past in (np.nextafter(total, 0.0), total, 2.0 * total):  # where rounding may carry it
        assert draw(tree, powers, past) == positive[-1]


@pytest.mark.parametrize("policy", POLICIES, ids=str)
@pytest.mark.parametrize("k", [1, 2, 10, 1000])
@pytest.mark.parametrize("means", MEANS)
def test_the_law_after_many_rounds(policy, k, means):
    """Up to a million rounds, and wherever in a stretch they end."""
    rounds, rng = 1_000_000 if k < 1000 else 100_000, np.random.default_rng(7)
    policy.reset(BanditProblem(n_actions=k, horizon=rounds), np.random.default_rng(8))
    levels, played, cuts = MEANS[means](k)[None], 0, [1, 2, 7, 60, 999, 20_011, rounds]
    for cut in cuts:
        drawn = block(levels, 0, -rng.random(cut - played), True)
        policy.play(drawn, np.empty(cut - played, dtype=np.int64))
        played = cut
        check_law(policy)


@pytest.mark.parametrize("policy", [p for p in POLICIES if getattr(p, "scale", "range") == "range"], ids=str)
@pytest.mark.filterwarnings("ignore:TsallisINF")
def test_the_law_after_rewards_outside_the_range(policy):
    rng = np.random.default_rng(9)
    policy.reset(BanditProblem(n_actions=5, horizon=3000), np.random.default_rng(8))
    for n, scale in [(30, 0.3), (300, 1.0), (300, 3.0), (300, 30.0)]:
        rewards = 0.5 + scale * rng.standard_normal((n, 5))
        policy.play(block(rewards, 1, np.zeros(n), False), np.empty(n, dtype=np.int64))
        check_law(policy)


@pytest.mark.parametrize("policy", POLICIES, ids=str)
@pytest.mark.parametrize("k", [2, 10, 300])
def test_the_law_over_hundreds_of_orders_of_magnitude(policy, k):
    policy.reset(BanditProblem(n_actions=k, horizon=1000), np.random.default_rng(8))
    for spread in (1.0, 40.0, 700.0, 1400.0, 1e5):
        where = np.random.default_rng(1).permutation(np.linspace(0.0, spread, k))
        if isinstance(policy, Exp3):
            policy._exponents[:] = where
        elif isinstance(policy, Exp3IX):
            policy._losses[:], policy._tree[0, 0] = where / policy._rate, 0.0
        else:
            policy._sums[:], policy._tree[0, 1] = where**2 / policy._rate, math.inf
        if isinstance(policy, Exp3):
            _reduce(policy._exponents, policy._tree)
        check_law(policy)
    if isinstance(policy, Exp3):  # an arm far behind passes the leader by one reward
        policy._exponents[:] = np.arange(k) * -250.0
        _reduce(policy._exponents, policy._tree)
        policy._inverse = 700.0 / policy._floor
        policy.learn(1, 1.0)
        assert policy._exponents.max() == policy._exponents[1] == 0.0
        check_law(policy)


@pytest.mark.parametrize("policy", [Exp3(0.2), Exp3(), Exp3IX(), Exp3IX(0.3), TsallisINF("theory")], ids=str)
@pytest.mark.parametrize("k", [2, 5, 40])
def test_draws_have_the_exact_law(policy, k):
    """A million draws in a state that they do not change, as none pays, or all pay, against chances by hand."""
    draws = 1_000_000
    policy.reset(BanditProblem(n_actions=k, horizon=5000), np.random.default_rng(10))
    noise, actions = -np.random.default_rng(11).random(3000), np.empty(draws, dtype=np.int64)
    policy.play(block(np.linspace(0.2, 0.8, k)[None], 0, noise, True), actions[:3000])
    p = exact_law(policy).astype(float)
    idle = 0.0 if isinstance(policy, Exp3) else 1.0
    policy.play(block(np.full((1, k), idle), 0, np.zeros(draws), False), actions)
    counts, rare = np.bincount(actions, minlength=k), p * draws < 10
    kept, expected = [*counts[~rare]], [*(p[~rare] * draws)]
    if rare.any():
        assert abs(counts[rare].sum() - p[rare].sum() * draws) < 5 * math.sqrt(p[rare].sum() * draws) + 1
        kept, expected = [*kept, counts[rare].sum()], [*expected, p[rare].sum() * draws]
    assert exact_law(policy) == pytest.approx(p, rel=1e-12)
    assert chisquare(kept, expected, sum_check=False).pvalue > 1e-3


def plain_regrets(policy, means, rounds, replicates, seed):
    """Final pseudo-regrets of many replicates at once, all arms in every round, as the rules are printed."""
    rng, k = np.random.default_rng(seed), means.size
    state, regret, rows = np.zeros((replicates, k)), np.zeros(replicates), np.arange(replicates)
    roots = np.full((replicates, 1), math.sqrt(k))
    for t in range(1, rounds + 1):
        if isinstance(policy, Exp3):
            gamma = min(1.0, math.sqrt(k * math.log(k) / ((math.e - 1) * rounds)))
            w = np.exp(state - state.max(axis=1, keepdims=True))
            p = (1 - gamma) * w / w.sum(axis=1, keepdims=True) + gamma / k
        elif isinstance(policy, Exp3IX):
            eta = math.sqrt(math.log(k) / (k * t))
            w = np.exp(-eta * (state - state.min(axis=1, keepdims=True)))
            p = w / w.sum(axis=1, keepdims=True)
        else:
            a = (state - state.min(axis=1, keepdims=True)) / math.sqrt(t)
            for _ in range(50):
                f, slope = np.sum((a + roots) ** -2.0, axis=1), np.sum((a + roots) ** -3.0, axis=1)
                roots = np.maximum(1.0, roots + ((f - 1) / (2 * slope))[:, None])
                if np.max(np.abs(f - 1)) < 1e-12:
                    break
            p = (a + roots) ** -2.0
        arms = (np.cumsum(p, axis=1) < rng.random((replicates, 1))).sum(axis=1).clip(max=k - 1)
        chance, paid = p[rows, arms], rng.random(replicates) < means[arms]
        if isinstance(policy, Exp3):
            state[rows, arms] += gamma * paid / chance / k
        else:
            state[rows, arms] += (1.0 - paid) / (chance + (eta / 2 if isinstance(policy, Exp3IX) else 0.0))
        regret += means.max() - means[arms]
    return regret


@pytest.mark.parametrize("policy", [Exp3(), Exp3IX("anytime"), TsallisINF()], ids=str)
def test_regrets_are_distributed_as_those_of_the_plain_rule(policy):
    means, rounds, replicates = np.linspace(0.1, 0.9, 10), 500, 2000
    ours = np.empty(replicates)
    actions = np.empty(rounds, dtype=np.int64)
    for i in range(replicates):
        policy.reset(BanditProblem(n_actions=10, horizon=rounds), np.random.default_rng([12, i]))
        policy.play(block(means[None], 0, -np.random.default_rng([13, i]).random(rounds), True), actions)
        ours[i] = np.sum(0.9 - means[actions])
    theirs = plain_regrets(policy, means, rounds, replicates, 14)
    assert ks_2samp(ours, theirs).pvalue > 1e-3
    error = math.sqrt((ours.var() + theirs.var()) / replicates)
    assert abs(ours.mean() - theirs.mean()) < 4 * error
    assert error < 0.02 * theirs.mean()


@pytest.mark.parametrize("policy", [*POLICIES, TsallisINF(estimator="rv")], ids=str)
@pytest.mark.parametrize("k", [1, 3, 20])
@pytest.mark.filterwarnings("ignore:TsallisINF")
def test_cuts_copies_and_single_rounds_change_nothing(policy, k):
    """Over the beginnings of many stretches, with rewards outside the range among them."""
    rounds, runs, rng = 3000, [], np.random.default_rng(15)
    rewards = rng.beta(0.5 + np.arange(k), 2.0, (rounds, k)).round(1)
    rewards[rng.integers(rounds, size=20)] = 3.0
    rewards[rng.integers(rounds, size=20)] = -2.0
    for kind in ("whole", "cut", "single"):
        policy.reset(BanditProblem(n_actions=k, horizon=rounds), np.random.default_rng(16))
        ends = {"whole": [rounds], "cut": [1, 2, 77, 1500, rounds], "single": range(1, rounds + 1)}[kind]
        actions, current = np.empty(rounds, dtype=np.int64), policy
        for start, stop in itertools.pairwise([0, *ends]):
            current = copy.deepcopy(current) if kind == "cut" else current
            if kind == "single":
                actions[start] = current.choose(None)
                current.learn(int(actions[start]), float(rewards[start, actions[start]]))
            else:
                current.play(block(rewards[start:stop], 1, np.zeros(stop - start), False), actions[start:stop])
        kept = {name: value.tolist() for name, value in vars(current).items() if isinstance(value, np.ndarray)}
        runs.append((actions.tolist(), kept))
    assert runs[0] == runs[1] == runs[2]


def test_stretches_are_long():
    """What makes a round cheap: few of them go through all arms."""
    environment, begins = BernoulliArms(np.linspace(0.1, 0.9, 10).tolist(), 100_000), []
    for policy, place in [(TsallisINF(), 1), (Exp3IX("anytime"), 0)]:
        environment.begin(environment.draw(np.random.default_rng(1)))
        policy.reset(environment.problem, np.random.default_rng(2))
        policy.advance(environment, 50_000)
        starts = set()
        for _ in range(2000):
            policy.advance(environment, 1)
            starts.add(policy._tree[0, place])
        begins.append(len(starts))
    assert begins[0] < 300
    assert begins[1] < 10
