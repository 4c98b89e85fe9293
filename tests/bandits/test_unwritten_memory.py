"""What a policy keeps, and saves, was written by it: no memory comes along that others left behind."""

import copy
import pickle
import warnings

import numpy as np
import pytest

from bandits.families import families
from bandits.family import resolve
from environments.checks import players

ROUNDS = 20
EMPTY, EMPTY_LIKE = np.empty, np.empty_like


def filled_with(value, monkeypatch):
    """Have new arrays hold ``value`` where nothing is written."""

    def fill(array):
        if array.dtype.kind in "iuf":
            array.fill(value)
        return array

    monkeypatch.setattr(np, "empty", lambda *given, **named: fill(EMPTY(*given, **named)))
    monkeypatch.setattr(np, "empty_like", lambda *given, **named: fill(EMPTY_LIKE(*given, **named)))


def kept(policy, environment, stepwise):
    """The state after some rounds."""
    policy = copy.deepcopy(policy)
    environment.begin(environment.draw(np.random.default_rng(1)))
    policy.reset(environment.problem, np.random.default_rng(2))
    rounds = min(ROUNDS, environment.problem.horizon or ROUNDS)
    if not stepwise:
        policy.advance(environment, rounds)
    while stepwise and environment.clock < rounds:
        observation = environment.observe()
        action = policy.choose(observation)
        _, feedback = environment.transition(action)
        policy.update(observation, action, feedback)
    return pickle.dumps({name: value for name, value in vars(policy).items() if name != "_given"})


@pytest.mark.parametrize("family", families(), ids=lambda family: family.name)
def test_no_state_holds_memory_that_nobody_wrote(family, monkeypatch):
    warnings.simplefilter("ignore")
    played, wrong = set(), []
    for environment in family.example_environments():
        for _, policy in players(environment, [family]):
            if policy.clairvoyant or (label := repr(policy)) in played:
                continue
            played.add(label)
            for stepwise in (True, False):
                kept(policy, environment, stepwise)  # compiles kernels, which know numpy's own functions alone
                found = set()
                for value in (1, 2):
                    with monkeypatch.context() as patched:
                        filled_with(value, patched)
                        found.add(kept(policy, environment, stepwise))
                if len(found) > 1:
                    wrong.append(f"{label}, {'step by step' if stepwise else 'compiled'}")
    assert not wrong
    assert bool(played) == any(not resolve(of).clairvoyant for of in family.policies.values())
