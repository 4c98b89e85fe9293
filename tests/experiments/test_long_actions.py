"""Curves inside an action that takes several units of time."""

import numpy as np
import pytest
from gymnasium import spaces

from bandits.contract import Policy, Problem
from environments.contract import Environment, Regret
from experiments.jobs import Job, run_job
from experiments.study import checkpoints


class Pulls(Environment):
    """Each action is a batch of pulls of one arm; its reward a pull is the length of the batch."""

    def __init__(self, horizon=100):
        self.problem = Problem("batches", "bandit", 50, horizon, 0.0, 100.0)
        self.horizon, self.action_space, self.observation_space = horizon, spaces.Discrete(50), spaces.Discrete(1)

    def draw(self, rng):
        return None

    def begin(self, tape):
        self.clock, self.total, self.mark = 0, 0.0, (0, {"reward": 0.0})

    def observe(self):
        return np.int64(0)

    def transition(self, action):
        self.mark = (self.clock, self.metrics())
        self.clock += action
        self.total += action * action
        return float(action * action), None

    def metrics(self):
        return {"reward": self.total}

    def comparators(self, checkpoints):
        return {"best": 50.0 * checkpoints}

    def regrets(self):
        return (Regret("r", "reward", "best", "fixed", "regret"),)


class Growing(Policy):
    """Batches of 1, 2, 3, ... pulls; the last one is cut at the horizon."""

    accepts = frozenset({("batches", "bandit")})

    def reset(self, problem, rng):
        self.size, self.left = 0, problem.horizon

    def choose(self, observation):
        self.size += 1
        return min(self.size, self.left)

    def update(self, observation, action, feedback):
        self.left -= action


class Careless(Growing):
    """Plays past the horizon in the last batch."""

    def choose(self, observation):
        self.size += 1
        return self.size


def test_curves_are_linear_inside_a_batch():
    here = __name__
    job = Job(
        "p",
        {"name": f"{here}:Pulls", "parameters": {}},
        {"name": f"{here}:Growing", "parameters": {}},
        "g",
        100,
        0,
        0,
        1,
        100,
    )
    arrays, _ = run_job(job)
    pull = np.concatenate([np.full(size, size) for size in range(1, 20)])[:100].astype(float)
    pull[91:] = 9.0  # the batch of 14 that begins after 91 pulls is cut to 9
    assert np.allclose(arrays["series/reward"][0], np.cumsum(pull)[checkpoints(100, 100) - 1])


def test_a_mark_that_does_not_fit_is_an_error():
    class Unmarked(Pulls):
        def transition(self, action):
            reward = super().transition(action)
            self.mark = (0, {"reward": 0.0}) if self.clock < 50 else (self.clock, self.metrics())
            return reward

    from experiments.jobs import _ledger_at

    environment = Unmarked()
    environment.begin(None)
    for size in (30, 30):
        environment.transition(size)
    with pytest.raises(RuntimeError, match="was to advance to time 55 and went to 60"):
        _ledger_at(environment, 55)
