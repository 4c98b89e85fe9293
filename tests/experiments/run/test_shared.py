"""Class attributes that change in a run are told of, once, whoever changes them."""

import warnings

import numpy as np
import pytest

import regretlab as rl
from bandits import BanditProblem, Policy
from experiments.run.shared import class_state, tell_changes


class Quiet(Policy):
    plays = (BanditProblem,)
    table = {"an": 1}
    noted = np.zeros(2)

    def reset(self, problem, rng):
        self._n = problem.n_actions

    def choose(self, observation):
        return self._n - 1

    def update(self, observation, action, feedback):
        pass


class Counting(Quiet):
    runs = 0

    def reset(self, problem, rng):
        super().reset(problem, rng)
        type(self).runs += 1

    def choose(self, observation):
        return type(self).runs % self._n


class Noting(Quiet):
    def update(self, observation, action, feedback):
        self.noted[action] += feedback


class Numbered(Quiet):
    made = 0

    def __init__(self):
        type(self).made += 1


def told(policy):
    """Warnings of a comparison of two jobs."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        rl.compare([policy], rl.BernoulliArms([0.2, 0.5], horizon=5), replicates=4, batch=2, jobs=1, progress=False)
    return [str(warning.message) for warning in caught if "attribute of the class" in str(warning.message)]


@pytest.mark.parametrize(
    ("policy", "name"),
    [(Counting(), "Counting.runs"), (Noting(), "Quiet.noted"), (Numbered(), "Numbered.made")],
)
def test_what_changes_is_told_once(policy, name):
    (message,) = told(policy)
    assert message.startswith(f"{name}, ")
    assert "numbers may depend on the number of processes" in message


def test_what_stays_is_not():
    assert told(Quiet()) == []


def test_a_policy_within_another_is_looked_at():
    base = Counting()
    before = class_state(rl.Replay(base))
    base.reset(BanditProblem(n_actions=2), np.random.default_rng(0))
    with pytest.warns(RuntimeWarning, match=r"Counting\.runs"):
        tell_changes(before)
    before = class_state(base)
    Counting.new = 1
    with pytest.warns(RuntimeWarning, match=r"Counting\.new"):
        tell_changes(before)
    assert class_state(rl.BernoulliArms([0.2, 0.5], horizon=5), rl.UCB1()) == {}
