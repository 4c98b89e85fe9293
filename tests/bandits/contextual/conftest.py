"""A small world of actions on contexts."""

import numpy as np
import pytest

from bandits.checks import TableWorld


class ContextWorld(TableWorld):
    """Rewards [n_rounds, n_actions] on contexts [n_rounds, n_coordinates] in the unit cube."""

    def __init__(self, rewards, contexts, low, high, stepwise=False):
        super().__init__(rewards, "contextual", low=low, high=high, stepwise=stepwise)
        self.rows = contexts
        self.problem = type(self.problem)(
            "contextual",
            "bandit",
            rewards.shape[1],
            len(rewards),
            low,
            high,
            contexts=((0.0, 1.0),) * contexts.shape[1],
        )
        if not stepwise:
            self.contexts = self._contexts

    def observe(self):
        return self.rows[min(self.clock, len(self.rows) - 1)]

    def _contexts(self, rounds):
        return self.rows[self.clock : self.clock + rounds]


@pytest.fixture(scope="session")
def context_world():
    """Makes a world with valleys of cost that move with the context: (rounds, actions, coordinates) -> factory."""

    def make(rounds, actions, coordinates=1, seed=0):
        rng = np.random.default_rng([seed, 77])  # no stream that a policy's seed could give
        contexts = rng.random((rounds, coordinates))
        best = np.linspace(0, 1, actions) if actions > 1 else np.zeros(1)
        costs = 3 + 40 * (best[None, :] - contexts[:, :1]) ** 2 + rng.integers(0, 4, (rounds, actions))
        return lambda stepwise=True: ContextWorld(-np.round(costs), contexts, -60.0, -1.0, stepwise)

    return make


@pytest.fixture(scope="session")
def play():
    """Plays a policy through a world round by round, yielding (context, action, reward)."""

    def run(policy, world, seed):
        policy.reset(world.problem, np.random.default_rng(seed))
        steps = []
        while world.clock < world.problem.horizon:
            context = world.observe()
            action = policy.choose(context)
            _, reward = world.transition(action)
            policy.update(context, action, reward)
            steps.append((context, action, reward))
        return steps

    return run
