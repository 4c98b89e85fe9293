"""Our worlds in gymnasium's hands, and our policies in a loop over gymnasium."""

import gymnasium
import numpy as np
import pytest

import environments
from bandits import UCB1, Problem


@pytest.mark.parametrize("name", environments.ENVIRONMENTS.table)
def test_every_environment_is_registered(name):
    cls = environments.ENVIRONMENTS.load(name)
    assert gymnasium.spec(f"regretlab/{cls.__name__}-v0").entry_point == environments.ENVIRONMENTS.table[name]


def test_a_policy_of_ours_over_gymnasium_make():
    """A foreign loop that knows gymnasium's interface only."""
    world = gymnasium.make("regretlab/BernoulliArms-v0", means=[0.2, 0.5, 0.8], horizon=2000)
    policy = UCB1()
    policy.reset(Problem("arms", "bandit", int(world.action_space.n)), np.random.default_rng(0))
    observation, _ = world.reset(seed=5)
    total, over = 0.0, False
    while not over:
        arm = policy.choose(observation)
        observation, reward, terminated, truncated, info = world.step(arm)
        policy.update(observation, arm, info["feedback"])
        total, over = total + reward, terminated or truncated
    assert total > 2000 * 0.8 - 200


def test_vector_environments():
    worlds = gymnasium.make_vec("regretlab/BernoulliArms-v0", num_envs=3, means=[0.0, 1.0], horizon=10)
    worlds.reset(seed=1)
    _, rewards, *_ = worlds.step(np.array([0, 1, 1]))
    assert rewards.tolist() == [0.0, 1.0, 1.0]
    worlds.close()
