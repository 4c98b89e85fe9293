"""What the tests of the modern policies on arms share: the table of golden sequences, and whole runs."""

import math

import numpy as np
from scipy.stats import betabinom, norm

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


def runs(policy, environment, count, seed=0):
    """Play ``count`` independent runs to the horizon, and pause at the end of each."""
    ours, theirs = np.random.default_rng(seed).spawn(2)
    for _ in range(count):
        environment.begin(environment.draw(theirs))
        policy.reset(environment.problem, ours)
        policy.advance(environment, environment.horizon)
        yield


def regret(environment, *times):
    """Regret [times] of the run so far, by the environment's first definition."""
    definition, at = environment.regrets()[0], np.array(times)
    return environment.comparators(at)[definition.comparator] - environment.metrics(at)[definition.series]


def assert_agrees(found, mean, error):
    """The mean of ``found`` lies within four joint standard errors of a mean that is known to within ``error``."""
    joint = math.hypot(error, float(np.std(found, ddof=1)) / math.sqrt(len(found)))
    assert abs(float(np.mean(found)) - mean) <= 4.0 * joint, f"{np.mean(found):.3f} for {mean}, error {joint:.3f}"


def assert_quantile(found, value, theirs):
    """``value``, rounded to a tenth, may be the 95 % quantile of ``theirs`` runs of the law of ``found``.

    How much of a law lies below that quantile is a Beta variable, and how many of ``found`` do, beta-binomial; the
    number seen is no rarer than four standard errors are of a mean.
    """
    law, rare = betabinom(len(found), 0.95 * theirs, 0.05 * theirs), norm.sf(4.0)
    below, upto = np.sum(found < value - 0.05), np.sum(found <= value + 0.05)
    assert law.cdf(upto) > rare, f"{upto} of {len(found)} up to {value}, {np.quantile(found, 0.95):.1f} is the quantile"
    assert law.sf(below - 1) > rare, f"{below} of {len(found)} below {value}, {np.quantile(found, 0.95):.1f}"
