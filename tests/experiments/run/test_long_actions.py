"""Curves inside an action that takes several units of time, and runs that go on from checkpoint to checkpoint."""

from dataclasses import dataclass

import numpy as np
import pytest
from gymnasium import spaces

from bandits.contract import Policy, Problem
from environments.contract import Environment, Regret
from environments.record import Record
from experiments.run.jobs import Job, checkpoints, play, run_job


@dataclass(frozen=True, kw_only=True)
class PullsProblem(Problem):
    """How many pulls to make next."""


class Pulls(Environment):
    """Each action is a number of pulls of one arm; its reward a pull is that number."""

    def __init__(self, horizon=100):
        self.problem = PullsProblem(horizon=horizon, high=100.0)
        self.horizon, self.action_space, self.observation_space = horizon, spaces.Discrete(50), spaces.Discrete(1)

    def draw(self, rng):
        return None

    def begin(self, tape):
        self.clock, self._total, self._record = 0, 0.0, Record(["reward"])

    def observe(self):
        return np.int64(0)

    def transition(self, action):
        self.clock += action
        self._total += action * action
        self._record.step(self.clock, (self._total,))
        return float(action * action), None

    def metrics(self, times):
        return self._record.at(times)

    def comparators(self, times):
        return {"best": 50.0 * times}

    def regrets(self):
        return (Regret("r", "reward", "best", "fixed", "regret"),)


class Growing(Policy):
    """1, 2, 3, ... pulls; the last action is cut at the horizon."""

    plays = (PullsProblem,)
    cut = True

    def reset(self, problem, rng):
        self._size, self._left = 0, problem.horizon

    def choose(self, observation):
        self._size += 1
        return min(self._size, self._left) if self.cut else self._size

    def update(self, observation, action, feedback):
        self._left -= action


class Careless(Growing):
    """Plays past the horizon in the last action."""

    cut = False


@pytest.mark.parametrize(("name", "last"), [("Growing", 9.0), ("Careless", 14.0)])
def test_curves_are_linear_inside_an_action(name, last):
    environment, policy = ({"name": f"{__name__}:{what}", "parameters": {}} for what in ("Pulls", name))
    arrays, _ = run_job(Job("e", environment, policy, "g", 100, 0, 0, 1, 100))
    pull = np.concatenate([np.full(size, size) for size in range(1, 20)])[:100].astype(float)
    pull[91:] = last  # the action of 14 that begins after 91 pulls
    assert np.allclose(arrays["series/reward"][0], np.cumsum(pull)[checkpoints(100, 100) - 1])


def test_a_run_does_not_stop_at_checkpoints(monkeypatch):
    """The first replicate is cut into about ten pieces for a look at the policy, the others go on as far as is kept."""
    monkeypatch.setattr("experiments.run.jobs.KEPT", 300)
    asked, looks = [], []

    class Counting(Pulls):
        def metrics(self, times):
            asked.append((self.clock, times.tolist()))
            return super().metrics(times)

    times = checkpoints(200, 1000)
    play(Growing(), Counting(1000), times, 0, range(3), watch=lambda policy: looks.append(policy._left))
    assert 8 <= len(looks) <= 10
    assert looks[-1] == 0
    first, others = asked[: len(looks)], asked[len(looks) :]
    assert len(others) == 2 * 4
    for run in (first, others[:4], others[4:]):
        assert [time for _, passed in run for time in passed] == times.tolist()
        assert all(passed[-1] <= clock for clock, passed in run)
