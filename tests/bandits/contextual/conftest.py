"""Policies on contexts, played round by round."""

import numpy as np
import pytest


@pytest.fixture(scope="session")
def play():
    """Plays a policy through an environment round by round; the list of (context, action, reward)."""

    def run(policy, environment, seed):
        environment.begin(environment.draw(np.random.default_rng(0)))
        policy.reset(environment.problem, np.random.default_rng(seed))
        steps = []
        while environment.clock < environment.problem.horizon:
            context = environment.observe()
            action = policy.choose(context)
            _, reward = environment.transition(action)
            policy.update(context, action, reward)
            steps.append((context, action, reward))
        return steps

    return run
