"""Every policy tells once of a reward outside the declared range, by one mechanism, step by step and in leaps."""

import copy
import pickle
import warnings
from dataclasses import replace

import numpy as np
import pytest

from bandits.arms.problem import BanditProblem
from bandits.families import families
from bandits.registry import POLICIES
from environments import AdversarialArms
from environments.checks import players


def examples():
    """Environments with a finite range whose feedback reveals rewards, each with a player of every name."""
    for family in families():
        for environment in family.example_environments():
            problem = environment.problem
            if problem.reveals_rewards and np.isfinite(problem.high - problem.low):
                for name, policy in players(environment):
                    if not policy.clairvoyant:
                        yield pytest.param(environment, policy, id=f"{family.name}-{name}-{type(environment).__name__}")


def shifted(feedback, by):
    if isinstance(feedback, tuple):  # of a stream: the sum and number of pulls
        return feedback[0] + by * feedback[1], feedback[1]
    return None if feedback is None else feedback + by


def steps(environment, policy, by, rounds=25):
    """Play with rewards moved by ``by``; whether any were revealed, and the warnings about the range."""
    rng, revealed = np.random.default_rng(5), False
    environment.begin(environment.draw(rng))
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        policy.reset(environment.problem, rng)
        while environment.clock < min(rounds, environment.problem.horizon):
            observation = environment.observe()
            action = policy.choose(observation)
            _, feedback = environment.transition(action)
            policy.update(observation, action, shifted(feedback, by))
            revealed |= feedback is not None
            policy = pickle.loads(pickle.dumps(policy))
    return revealed, [w for w in caught if "outside" in str(w.message)]


@pytest.mark.parametrize(("environment", "policy"), list(examples()))
def test_a_reward_outside_is_told_once(environment, policy):
    far = 10.0 * (environment.problem.high - environment.problem.low)
    revealed, told = steps(environment, copy.deepcopy(policy), far)
    own = [w for w in told if str(w.message).startswith(type(policy).__name__)]
    clipped = getattr(policy, "on_exceed", "") == "clip"  # as it was asked to
    assert len(own) == (1 if revealed and not clipped else 0), [str(w.message) for w in own]
    assert all(w.category is RuntimeWarning for w in told)
    assert steps(environment, copy.deepcopy(policy), 0.0)[1] == []


def test_it_is_told_once_in_all_runs_of_a_policy_and_anew_for_another_range():
    policy, told = POLICIES.load("kl_ucb")(), []
    for high in (1.0, 1.0, 100.0, 1000.0):
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            policy.reset(BanditProblem(n_actions=2, horizon=9, high=high), np.random.default_rng(0))
            policy.update(None, policy.choose(None), 150.0)
            policy.update(None, policy.choose(None), -3.0)
        told.append([str(w.message).partition(" that")[0] for w in caught])
    start = "KLUCB observed a reward of"
    assert told == [
        [f"{start} 150, outside the range [0, 1]"],
        [],
        [f"{start} 150, outside the range [0, 100]"],
        [f"{start} -3, outside the range [0, 1000]"],
    ]


@pytest.mark.parametrize("name", ["ucb1", "kl_ucb", "exp3", "beta_thompson", "uniform", "hedge"])
def test_leaps_tell_too(name):
    """The environment pays 0..50 and declares 0..1."""
    rewards = np.arange(0.0, 60.0).reshape(-1, 2) % 50.0
    kind = "full" if name == "hedge" else "bandit"
    environment = AdversarialArms(rewards, high=50.0, feedback=kind)
    environment.problem = replace(environment.problem, high=1.0)
    environment.begin(environment.draw(np.random.default_rng(0)))
    policy = POLICIES.load(name)()
    policy.reset(environment.problem, np.random.default_rng(0))
    with pytest.warns(RuntimeWarning, match=r"observed a reward of .* outside the range \[0, 1\]") as caught:
        [policy.advance(environment, rounds) for rounds in (20, 10)]
    assert len(caught) == 1


def test_rounding_is_not_told():
    policy = POLICIES.load("ucb1")()
    policy.reset(BanditProblem(n_actions=2, horizon=9, low=-1e6, high=1e6), np.random.default_rng(0))
    policy.update(None, policy.choose(None), 1e6 + 1e-4)
