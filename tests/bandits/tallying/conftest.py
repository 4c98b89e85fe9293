"""A tallying world that records what was played."""

import numpy as np
import pytest

from environments.tallying.bandit import TallyingBandit


class Recorded:
    """Wraps a world at the start of a run; ``stepwise`` hides that actions can be held."""

    def __init__(self, world, seed, stepwise):
        self.world, self.problem, self.history, self.clock = world, world.problem, [], 0
        world.begin(world.draw(np.random.default_rng(seed)))
        if not stepwise:
            self.hold = self._hold

    def observe(self):
        return self.world.observe()

    def transition(self, action):
        self.history.append(action)
        self.clock += 1
        return self.world.transition(action)

    def _hold(self, action, rounds):
        self.history += [action] * rounds
        self.clock += rounds
        return self.world.hold(action, rounds)


@pytest.fixture
def recorded():
    """Builds the world for ``check_policy``."""

    def build(stepwise, noise="bernoulli", sigma=None, horizon=1500):
        losses = [
            {"family": "step", "a": 0.85, "b": 0.25, "theta": 4},
            {"family": "practice", "a": 0.9, "b": 0.6},
            {"family": "constant", "c": 0.5},
        ]
        return Recorded(TallyingBandit(losses, 4, noise=noise, sigma=sigma, horizon=horizon), 11, stepwise)

    return build
