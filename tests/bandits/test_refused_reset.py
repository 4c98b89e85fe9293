"""A problem that a policy refuses in ``reset`` changes nothing: it is as new, or goes on with the run that it is in."""

import math
import pickle
from dataclasses import replace

import numpy as np
import pytest

from bandits import POLICIES, BanditProblem, NotResetError, can_play
from bandits.families import families
from environments import BernoulliArms

SMALL = BanditProblem(n_actions=2, horizon=8, binary=True)
OTHERS = [
    replace(SMALL, n_actions=5, horizon=None),
    replace(SMALL, n_actions=5, low=-math.inf, high=math.inf, binary=None),
    replace(SMALL, n_actions=5, horizon=None, low=-math.inf, high=math.inf, noise=1.0, binary=None),
]


def made():
    variants = {name: arguments for family in families() for name, arguments in family.variants.items()}
    for name in POLICIES.table:
        cls = POLICIES.load(name)
        if not cls.clairvoyant and can_play(cls, SMALL):
            for arguments in variants.get(name, ({},)):
                yield pytest.param(cls(**arguments), id=f"{name}({arguments})")


def reset(policy, problem):
    """Whether the policy refuses."""
    try:
        policy.reset(problem, np.random.default_rng(0))
    except ValueError:
        return True
    return False


@pytest.mark.parametrize("policy", list(made()))
def test_a_refused_problem_changes_nothing(policy):
    new = pickle.dumps(policy)
    for problem in OTHERS:
        fresh, running = pickle.loads(new), pickle.loads(new)
        if reset(fresh, problem):
            assert vars(fresh).keys() == vars(policy).keys()
            with pytest.raises(NotResetError):
                fresh.choose(None)
        if reset(running, SMALL):
            continue
        before = pickle.dumps(running)
        assert not reset(running, problem) or pickle.dumps(running) == before


def test_a_refused_tape_changes_nothing():
    environment = BernoulliArms([0.2, 0.7], horizon=9)
    environment.begin(environment.draw(np.random.default_rng(0)))
    environment.transition(1)
    before = pickle.dumps(environment)
    with pytest.raises(ValueError, match="tape must be one that draw"):
        environment.begin("no tape")
    assert pickle.dumps(environment) == before
