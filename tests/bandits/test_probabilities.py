"""Every policy's probabilities against what copies of it choose, over the whole registry."""

import pickle

import numpy as np
import pytest

from bandits.copies import Copies
from bandits.families import families
from bandits.family import resolve
from bandits.propensities import sampled
from bandits.registry import POLICIES

MOMENTS = (0, 1, 13, 40)
"""Rounds before which a policy is looked at."""
DRAWS = 400
SMALL = 20
"""Actions at most, of the examples: more take their time, and say no more."""


def examples():
    """Policies and environments, one pair for each variant of a policy, on the first examples that it takes."""
    for family in families():
        made = family.examples if not isinstance(family.examples, str) else resolve(family.examples)
        yield from made() if callable(made) else made


def runs(name):
    """Small runs of a policy: (policy, environment), each reset and begun; at most two for each of its variants."""
    cls = POLICIES.load(name)
    variants = {n: v for family in families() for n, v in family.variants.items()}
    for parameters in variants.get(name, ({},)):
        found = 0
        for environment in examples():
            problem = environment.problem
            numbered = getattr(problem, "n_actions", getattr(getattr(problem, "inner", None), "n_actions", SMALL + 1))
            if not isinstance(problem, cls.plays) or numbered > SMALL or (problem.horizon or 0) < max(MOMENTS):
                continue
            try:
                policy = cls(**parameters)
                policy.reset(problem, np.random.default_rng(20))
            except ValueError:  # needs another problem
                continue
            environment.begin(environment.draw(np.random.default_rng(21)))
            yield policy, environment
            if (found := found + 1) == 2:
                break


def state(policy):
    return pickle.dumps(policy)


def numbered(policy, environment):
    """Whether the policy's actions here are finitely many with numbers."""
    try:
        policy.problem_given().distribution_of(Copies(policy).one().choose(environment.observe()))
    except TypeError:
        return False
    return True


def check(policy, observation):
    """The probabilities of a policy at a moment; None where it has none."""
    before = state(policy)
    try:
        p = policy.probabilities(observation)
    except TypeError as error:
        refused = str(error)
    else:
        refused = ""
    if refused:
        assert "bandits.propensities.sampled" in refused
        assert state(policy) == before
        return None
    assert state(policy) == before, "probabilities changed the policy"
    assert p.dtype == np.float64
    assert np.all(p >= 0.0)
    assert abs(p.sum() - 1.0) < 1e-9
    assert np.array_equal(p, policy.probabilities(observation))
    p[:] = np.nan  # theirs is a copy
    assert state(policy) == before
    p = policy.probabilities(observation)
    draws = 5 if np.any(p == 1.0) else DRAWS
    found = sampled(policy, observation, draws, np.random.default_rng(22)).probabilities
    assert state(policy) == before, "sampled changed the policy"
    assert np.all(np.abs(found - p) <= 5.0 * np.sqrt(p * (1.0 - p) / draws) + 3.0 / draws * (p < 1.0) * (p > 0.0))
    return p


@pytest.mark.parametrize("name", sorted(POLICIES))
def test_probabilities_are_those_of_the_next_choice(name):
    cls = POLICIES.load(name)
    if cls.clairvoyant:
        return
    seen = 0
    for policy, environment in runs(name):
        for moment in MOMENTS:
            while environment.clock < moment:
                observation = environment.observe()
                action = policy.choose(observation)
                policy.update(observation, action, environment.transition(action)[1])
            if not numbered(policy, environment):
                break
            observation = environment.observe()
            p = check(policy, observation)
            assert p is not None or not policy.decided
            seen += p is not None
            if p is not None:
                played = policy.problem_given().distribution_of(policy.choose(observation))
                assert np.all(p[played > 0.0] > 0.0), "an action of probability 0 was chosen"
    print(name, seen)
