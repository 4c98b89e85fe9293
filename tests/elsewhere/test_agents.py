"""Agents that are not ours train in our environments: PPO of stable-baselines3, and Q-learning of table-rl.

Stated margins: on new seeds PPO recovers more than half of what uniform play loses to the best fixed action; step by
step it finds the best policy of a random process, and Q-learning that of a deep sea.
"""

import gymnasium
import numpy as np
import pytest

import environments  # noqa: F401
from bandits.mdp import STEPS
from bandits.mdp.planning import best_policy, policy_values
from environments.mdp.models import tables_of

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


@pytest.mark.parametrize("name", STEPS)
def test_another_package_checks_processes_in_steps(name):
    checker = pytest.importorskip("stable_baselines3.common.env_checker")
    checker.check_env(gymnasium.make(f"regretlab/{name}-v0"))


@pytest.mark.slow
def test_an_agent_learns_step_by_step():
    """PPO's policy, which does not know the stage, is worth as much as the best one; uniform play 4 less."""
    baselines = pytest.importorskip("stable_baselines3")
    import torch

    torch.set_num_threads(1)
    parameters = {"n_states": 5, "n_actions": 3, "branching": 5, "seed": 7}
    environment = gymnasium.make("regretlab/Garnet-v0", n_stages=20, **parameters)
    model = baselines.PPO("MlpPolicy", environment, n_steps=200, batch_size=100, gamma=0.9, seed=1, device="cpu")
    model.learn(6000)
    tables = tables_of({"name": "garnet", "parameters": parameters})
    actions = [int(model.predict(np.int64(state), deterministic=True)[0]) for state in range(5)]
    played, uniform = np.repeat([actions], 20, axis=0), np.full((20, 5, 3), 1.0 / 3.0)
    best = best_policy(tables.model, tables.rewards, 20)[0][0, 0]
    assert policy_values(tables.model, tables.rewards, played)[0, 0] > best - 0.2
    assert policy_values(tables.model, tables.rewards, uniform)[0, 0] < best - 4.0


def test_q_learning_of_another_package_finds_the_treasure():
    """Its greedy policy has the exact value of the best one, 1; that of uniform play is 0.03."""
    learners, explorers, steps = (
        pytest.importorskip(f"table_rl.{name}") for name in ("learners", "explorers", "step_size_schedulers")
    )
    np.random.seed(1)  # noqa: NPY002
    sea = gymnasium.make("regretlab/DeepSea-v0", N=5)
    n, actions = int(sea.observation_space.n), int(sea.action_space.n)
    agent = learners.QLearning(
        n, actions, steps.ConstantStepSize(0.5), explorers.ConstantEpsilonGreedy(0.05, actions), 0.9, initial_val=5.0
    )
    for episode in range(1500):
        state, over = sea.reset(seed=1 if episode == 0 else None)[0], False
        while not over:
            state, reward, terminated, truncated, _ = sea.step(agent.act(state, True))
            agent.observe(state, reward, terminated, truncated, True)
            over = terminated or truncated
    tables = tables_of({"name": "deepsea", "parameters": {"N": 5}})
    greedy = np.repeat(agent.q.argmax(axis=1)[None], 5, axis=0)
    best = best_policy(tables.model, tables.rewards, 5)[0][0, 0]
    assert policy_values(tables.model, tables.rewards, greedy)[0, 0] == pytest.approx(best, abs=1e-12)
    assert policy_values(tables.model, tables.rewards, np.full((5, n, 2), 0.5))[0, 0] < 0.04
