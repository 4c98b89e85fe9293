"""Policies that look at few arms in a round decide as those that look at all of them: bit for bit, ties included.

The references work out every index in every round, from counts and sums alone.
"""

import math
import pickle
from dataclasses import replace

import numba
import numpy as np
import pytest
from blocks import block

from bandits import MOSS, UCB1, UCBV, AnytimeMOSS, BanditProblem

pytestmark = pytest.mark.filterwarnings("ignore:.*outside the range:RuntimeWarning")


@numba.njit
def indices_in_full(rule, own, low, span, levels, noise, binary, forced):
    """The arms [n_rounds] with the largest index, the lowest of several, by a rule on counts, sums and sums of squares.

    ``forced`` [n_rounds] is the arm that somebody else has played instead, or -1.
    """
    n_arms = levels.size
    counts, sums, squares = np.zeros(n_arms), np.zeros(n_arms), np.zeros(n_arms)
    chosen = np.empty(noise.size, dtype=np.int64)
    for s in range(noise.size):
        best = -math.inf
        for i in range(n_arms):
            index = math.inf
            if counts[i] > 0.0:
                index = rule(s + 1, counts[i], sums[i], squares[i], n_arms, own)
            if index > best:
                best, chosen[s] = index, i
        arm = chosen[s] if forced[s] < 0 else forced[s]
        reward = levels[arm] + noise[s]
        if binary:
            reward = 1.0 if reward > 0.0 else 0.0
        x = (reward - low) / span
        counts[arm] += 1.0
        sums[arm] += x
        squares[arm] += x * x
    return chosen


@numba.njit
def ucb1(t, n, total, squares, n_arms, own):
    return total / n + 1.0 / math.sqrt(n) * math.sqrt(own[0] * math.log(t))


@numba.njit
def ucb_v(t, n, total, squares, n_arms, own):
    mean, root = total / n, math.sqrt(own[0] * math.log(t))
    variance = max(squares / n - mean * mean, 0.0)
    return mean + math.sqrt(2.0 * variance / n) * root + 3.0 * own[1] / n * (root * root)


@numba.njit
def moss(t, n, total, squares, n_arms, own):
    return total / n + own[0] * math.sqrt(max(math.log(own[1] / n_arms / n), 0.0) / n)


@numba.njit
def anytime_moss(t, n, total, squares, n_arms, own):
    return total / n + math.sqrt(max(math.log(t) - math.log(n_arms * n), 0.0) * (own[0] / n))


class Instance:
    """Levels [n_arms], noise [n_rounds] and the problem of a run; see ``Block``."""

    def __init__(self, levels, noise, binary=True, **told):
        self.levels, self.noise, self.binary = np.array(levels, dtype=float), noise, binary
        self.problem = BanditProblem(n_actions=len(levels), horizon=len(noise), **told)

    def reward(self, s, arm):
        reward = float(self.levels[arm] + self.noise[s])
        return float(reward > 0.0) if self.binary else reward

    def block(self, start, stop):
        return block(self.levels[None], 0, self.noise[start:stop], self.binary)


def bernoulli(means, rounds, seed=1):
    return Instance(means, -np.random.default_rng(seed).random(rounds))


def gaussian(means, rounds, scale, declared=None):
    """Levels and noise of a scale, and a problem that declares this noise or another."""
    instance = Instance(scale * np.array(means), scale * np.random.default_rng(2).standard_normal(rounds), False)
    noise = scale if declared is None else declared
    instance.problem = replace(instance.problem, low=-math.inf, high=math.inf, noise=noise)
    return instance


INSTANCES = {
    "one arm": lambda: bernoulli([0.3], 1000),
    "two arms": lambda: bernoulli([0.5, 0.6], 20_000),
    "arms of one mean": lambda: bernoulli([0.5] * 7, 20_000),
    "many arms of one mean": lambda: bernoulli([0.5] * 300, 20_000),
    "means 0 and 1": lambda: bernoulli([0.0, 1.0] * 9, 5000),
    "nothing but 0": lambda: bernoulli([0.0] * 13, 5000),
    "nothing but 1": lambda: bernoulli([1.0] * 13, 5000),
    "a huge gap": lambda: bernoulli([0.001] * 20 + [0.999], 20_000),
    "small gaps": lambda: bernoulli(np.linspace(0.5, 0.501, 50), 20_000),
    "spread means": lambda: bernoulli(np.linspace(0.1, 0.9, 100), 50_000),
    "fewer rounds than arms": lambda: bernoulli(np.linspace(0.9, 0.1, 1000), 300),
    "rounds for a few plays": lambda: bernoulli(np.linspace(0.1, 0.9, 1000), 5000),
    "one reward": lambda: Instance([0.1] * 11, np.zeros(5000), False),
    "rewards apart by rounding": lambda: Instance(0.1 + 1e-17 * np.arange(11), np.zeros(5000), False),
    "rewards outside": lambda: Instance(np.linspace(-3.0, 9.0, 15), np.sin(np.arange(9e3)), False, low=-1.0, high=3.0),
    "a wide range": lambda: Instance([1e5, 2e5], 1e6 * np.sin(np.arange(9000.0)), False, low=-1e6, high=2e6),
    "gaussian": lambda: gaussian(np.linspace(0.0, 1.0, 20), 20_000, 1.0),
    "tiny gaussian": lambda: gaussian(np.linspace(0.0, 1.0, 20), 20_000, 1e-8),
    "huge gaussian": lambda: gaussian(np.linspace(0.0, 1.0, 20), 20_000, 1e8),
    "gaussian of no noise declared": lambda: gaussian(np.linspace(0.0, 1.0, 20), 9000, 1.0, declared=1e-8),
    "gaussian of all noise declared": lambda: gaussian(np.linspace(0.0, 1.0, 20), 9000, 1e-8, declared=1e8),
    "gaussian far from zero": lambda: gaussian(1e15 + np.linspace(0.0, 1.0, 20), 9000, 1.0),
}


def by_counts(rule, own, mapped=False):
    """The reference that a rule on counts and sums makes, of what ``own(problem)`` says of the problem."""

    def decide(instance, forced):
        low, high = (instance.problem.low, instance.problem.high) if mapped else (0.0, 1.0)
        arguments = float(low), float(high - low), instance.levels, instance.noise, instance.binary, forced
        return indices_in_full(rule, own(instance.problem), *arguments)

    return decide


POLICIES = {
    "ucb1": (UCB1(), by_counts(ucb1, lambda p: (2.0 * p.width**2, 0.0))),
    "eager ucb1": (UCB1(0.01), by_counts(ucb1, lambda p: (0.01 * p.width**2, 0.0))),
    "ucb_v": (UCBV(), by_counts(ucb_v, lambda p: (1.2, 1.0), mapped=True)),
    "eager ucb_v": (UCBV(0.1, 0.3), by_counts(ucb_v, lambda p: (0.1, 0.3), mapped=True)),
    "moss": (MOSS(), by_counts(moss, lambda p: (float(p.width), float(p.horizon)))),
    "short-sighted moss": (MOSS(500), by_counts(moss, lambda p: (float(p.width), 500.0))),
    "anytime_moss": (AnytimeMOSS(), by_counts(anytime_moss, lambda p: (2.35 / 2.0 * p.width**2, 0.0))),
}
"""Policies and what they must decide: a function of an instance and of the arms that somebody else plays."""


def decisions(policy, instance, forced, seed):
    """What a policy chooses in each round, played in blocks and round by round in turn, and pickled on the way."""
    rng, n_rounds, s = np.random.default_rng(seed), len(forced), 0
    chosen = np.full(n_rounds, -1)
    policy.reset(instance.problem, np.random.default_rng(0))
    while s < n_rounds:
        stop = min(n_rounds, s + int(10 ** rng.uniform(0.0, 3.5)))
        if rng.random() < 0.5:
            until = np.flatnonzero(forced[s:stop] >= 0)
            stop = s + int(until[0]) if until.size else stop
            policy.play(instance.block(s, stop), chosen[s:stop])
        else:
            for r in range(s, stop := min(stop, s + 300)):
                chosen[r] = policy.choose(None)
                arm = int(chosen[r]) if forced[r] < 0 else int(forced[r])
                policy.update(None, arm, instance.reward(r, arm))
        if rng.random() < 0.1:
            policy = pickle.loads(pickle.dumps(policy))
        s = stop
    return chosen


CASES = [(label, name) for label in POLICIES for name in INSTANCES if not ("ucb_v" in label and "gaussian" in name)]
"""UCB-V plays rewards in a finite range alone."""


@pytest.mark.parametrize(("label", "name"), CASES)
def test_every_decision_is_that_of_the_rule(label, name):
    (policy, reference), instance = POLICIES[label], INSTANCES[name]()
    nobody = np.full(len(instance.noise), -1)
    expected, chosen = reference(instance, nobody), np.full(len(nobody), -1)
    policy.reset(instance.problem, np.random.default_rng(0))
    policy.play(instance.block(0, len(nobody)), chosen)
    assert np.array_equal(chosen, expected), np.flatnonzero(chosen != expected)[:5]


@pytest.mark.parametrize(("label", "name"), CASES)
def test_whoever_plays_and_however_it_is_cut(label, name):
    """Somebody else plays now and then: any arm, or for a while every arm in turn from the last on."""
    (policy, reference), instance = POLICIES[label], INSTANCES[name]()
    rng, n_rounds, n_arms = np.random.default_rng(3), min(len(instance.noise), 6000), instance.levels.size
    forced = np.where(rng.random(n_rounds) < 0.02, rng.integers(n_arms, size=n_rounds), -1)
    forced[: n_arms // 2] = np.arange(n_arms)[::-1][: n_arms // 2][:n_rounds]
    instance.noise = instance.noise[:n_rounds]
    expected = reference(instance, forced)
    chosen = decisions(policy, instance, forced, 4)
    assert np.array_equal(chosen, expected), np.flatnonzero(chosen != expected)[:5]


@pytest.mark.slow
@pytest.mark.parametrize("label", POLICIES)
def test_ten_million_rounds(label):
    (policy, reference), instance = POLICIES[label], bernoulli([0.45, 0.5, 0.5, 0.1], 10_000_000)
    nobody = np.full(len(instance.noise), -1)
    chosen = np.full(len(nobody), -1)
    policy.reset(instance.problem, np.random.default_rng(0))
    policy.play(instance.block(0, len(nobody)), chosen)
    assert np.array_equal(chosen, reference(instance, nobody))
