"""What the tests of the modern policies on arms share: the table of golden sequences, and mean regrets of many runs."""

import math

import numpy as np
from blocks import block

from bandits import BanditProblem

TEN = 0.1 + 0.8 * np.arange(10) / 9
TWO = np.array([0.5, 0.48])
FIFTY = np.array([0.5] + [0.4] * 49)


def table():
    """Rewards [60, 3] without luck: arm i pays in round t where (7 t + 11 i) mod 20 < 20 mean_i."""
    t = np.arange(1, 61)[:, None]
    return ((7 * t + 11 * np.arange(3)) % 20 < np.array([6, 10, 12])).astype(float)


def sequence(policy, rewards=None, low=0.0, high=1.0):
    """The actions of a policy on a table of rewards, stepwise, as a string."""
    rewards = table() if rewards is None else rewards
    problem = BanditProblem(n_actions=rewards.shape[1], horizon=len(rewards), low=low, high=high)
    policy.reset(problem, np.random.default_rng(0))
    played = []
    for row in rewards:
        action = policy.choose(None)
        policy.update(None, action, float(row[action]))
        played.append(action)
    return "".join(map(str, played))


def regrets(policy, means, runs, horizon=10_000, seed=0, noise=None):
    """Pseudo-regrets [runs] at the horizon on Bernoulli arms, played at once; every run has a stream of its own.

    Args:
        policy: the policy.
        means: [n_arms].
        runs: number of runs.
        horizon: number of rounds.
        seed: of all runs.
        noise: in place of Bernoulli rewards, a function that draws noise [n] from a generator; rewards are unbounded.
    """
    about = {} if noise is None else {"low": -math.inf, "high": math.inf, "noise": 1.0}
    problem = BanditProblem(n_actions=len(means), horizon=horizon, **about)
    levels, gaps = np.array(means, dtype=float)[None, :], np.max(means) - np.array(means)
    actions, found = np.empty(horizon, dtype=np.int64), np.empty(runs)
    for k, child in enumerate(np.random.SeedSequence(seed).spawn(runs)):
        ours, theirs = (np.random.default_rng(part) for part in child.spawn(2))
        policy.reset(problem, ours)
        drawn = -theirs.random(horizon) if noise is None else noise(theirs, horizon)
        policy.play(block(levels, 0, drawn, noise is None), actions)
        found[k] = gaps[actions].sum()
    return found


def assert_agrees(found, mean, error, factor=4.0):
    """The mean of ``found`` lies within four joint standard errors of a mean that is known to within ``error``."""
    joint = math.hypot(error, float(np.std(found, ddof=1)) / math.sqrt(len(found)))
    assert abs(float(np.mean(found)) - mean) <= factor * joint, f"{np.mean(found):.2f} for {mean}, error {joint:.2f}"
