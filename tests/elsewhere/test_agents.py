"""An agent that is not ours trains in our environments: PPO of stable-baselines3, short, with a fixed seed.

Stated margin: on new seeds it recovers more than half of what uniform play loses to the best fixed action.
"""

import gymnasium
import numpy as np
import pytest

import environments  # noqa: F401

HORIZON = 200
ENVIRONMENTS = {
    "arms": ("regretlab/BernoulliArms-v0", {"means": [0.2, 0.5, 0.8]}, 1.0),
    "solver tuning": ("regretlab/SorSequence-v0", {"side": 6}, 1e-3),  # costs are counts of sweeps
}


def reward_of(environment, choose, seed):
    """What a run earns."""
    observation, _ = environment.reset(seed=seed)
    over = False
    while not over:
        observation, _, terminated, truncated, _ = environment.step(choose(observation))
        over = terminated or truncated
    return environment.unwrapped.metrics(np.array([HORIZON]))["reward"][0]


@pytest.mark.slow
@pytest.mark.parametrize(("name", "arguments", "scale"), ENVIRONMENTS.values(), ids=ENVIRONMENTS)
def test_an_agent_learns(name, arguments, scale):
    baselines = pytest.importorskip("stable_baselines3")
    import torch

    torch.set_num_threads(1)
    environment = gymnasium.make(name, **arguments, horizon=HORIZON)
    scaled = gymnasium.wrappers.TransformReward(environment, lambda reward: scale * reward)
    model = baselines.PPO("MlpPolicy", scaled, n_steps=256, batch_size=64, seed=1, device="cpu").learn(5000)
    agent, uniform, best = [], [], []
    environment.action_space.seed(1)
    for seed in range(100, 110):
        agent.append(reward_of(environment, lambda seen: model.predict(seen, deterministic=True)[0], seed))
        uniform.append(reward_of(environment, lambda seen: environment.action_space.sample(), seed))
        regret = environment.unwrapped.regrets()[0]
        best.append(environment.unwrapped.comparators(np.array([HORIZON]))[regret.comparator][0])
    share = (np.mean(agent) - np.mean(uniform)) / (np.mean(best) - np.mean(uniform))
    assert share > 0.5, f"the agent recovers {share:.2f} of what uniform play loses"
