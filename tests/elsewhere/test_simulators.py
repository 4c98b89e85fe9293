"""Our policies in other people's simulators: the recipes of docs/simulators.md, run as they stand there.

What a policy decided elsewhere is compared with what its compiled path decides on the same rewards; a reward that was
not seen there is not a number here, so a different decision is found out.
"""

import functools
import os
import re
import subprocess
import sys
import types
from pathlib import Path

import numpy as np
import pytest

from bandits import (
    KLUCB,
    UCB1,
    BanditProblem,
    BetaThompson,
    ContextualProblem,
    Exp3,
    GaussianThompson,
    LinUCB,
    SuccessiveElimination,
    TsallisINF,
)
from bandits.arms.problem import Block

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "simulators.md"
ENVIRONMENT = {**os.environ, "PYTHONPATH": str(ROOT)}


PROGRAMS = dict(re.findall(r"<!-- (\w+).py -->\n```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL))


@functools.cache
def recipe(name):
    """The names that a program of the page defines, once it has run to its end."""
    program = PROGRAMS[name]
    module = types.ModuleType(f"recipe_{name}")
    sys.modules[module.__name__] = module
    exec(compile(program, name, "exec"), module.__dict__)
    return module


class Table:
    """Hands out the rounds of a table of rewards [n_rounds, n_arms], and keeps what was played in them."""

    def __init__(self, rewards):
        self.rewards, self.clock, self.played = rewards, 0, []

    def block(self, most):
        rows = self.rewards[self.clock : self.clock + most]
        return Block(rows, 1, np.zeros(len(rows)), False)

    def absorb(self, actions):
        self.played += actions.tolist()
        self.clock += len(actions)


def decides(policy, problem, arms, rewards, seed=0):
    """What the policy decides, compiled, where it is paid the same."""
    table = np.full((len(arms), problem.n_actions), np.nan)
    table[np.arange(len(arms)), arms] = rewards
    environment = Table(table)
    policy.reset(problem, np.random.default_rng(seed))
    policy.advance(environment, len(arms))
    return environment.played


BOUNDED = [UCB1, KLUCB, BetaThompson, SuccessiveElimination, TsallisINF, lambda: Exp3(gamma=0.1)]
MEANS = (0.2, 0.5, 0.8)


@pytest.mark.parametrize("make", BOUNDED)
def test_coba_without_contexts(make):
    coba = pytest.importorskip("coba")
    simulation = coba.Environments.from_lambda(
        500, lambda i, r: None, lambda i, c, r: ["a", "b", "c"], lambda i, c, a, r: pays("abc".index(a), r.random()), 3
    )[0]
    problem = BanditProblem(n_actions=3, horizon=500)
    actions, rewards = recipe("with_coba").play(make(), problem, simulation)
    arms = ["abc".index(a) for a in actions]
    assert arms == decides(make(), problem, arms, rewards)
    assert np.mean(rewards) > 0.5


def pays(arm, uniform):
    return float(uniform < MEANS[arm])


def test_coba_with_contexts():
    """LinUCB on coba's contexts decides as in a loop of ours, and better than coba's random learner."""
    coba = pytest.importorskip("coba")
    weights = np.random.default_rng(3).random((4, 2)) / 2
    simulation = coba.Environments.from_lambda(
        400,
        lambda i, r: tuple(r.randoms(2)),
        lambda i, c, r: [0, 1, 2, 3],
        lambda i, c, a, r: float(weights[a] @ np.array(c)),
        5,
    )[0]
    problem = ContextualProblem(n_actions=4, contexts=((0.0, 1.0),) * 2)
    actions, rewards = recipe("with_coba").play(LinUCB(), problem, simulation)
    policy = LinUCB()
    policy.reset(problem, np.random.default_rng(0))
    for interaction, action in zip(simulation.read(), actions, strict=True):
        context = np.array(interaction["context"], dtype=float)
        arm = policy.choose(context)
        assert arm == action
        policy.update(context, arm, interaction["rewards"](arm))
    theirs = coba.SequentialCB(record="reward").evaluate(simulation, coba.RandomLearner())
    best = np.mean([max(map(i["rewards"], range(4))) for i in simulation.read()])
    random = np.mean([row["reward"] for row in theirs])
    assert np.mean(rewards) - random > 0.5 * (best - random)


def test_coba_with_features_of_actions():
    """OFUL on coba's features comes close to the best of each round, which a random learner does not."""
    coba = pytest.importorskip("coba")
    module = recipe("with_coba_features")
    theirs = coba.SequentialCB(record="reward").evaluate(module.simulation, coba.RandomLearner())
    best = np.mean([max(map(i["rewards"], i["actions"])) for i in module.simulation.read()])
    random = np.mean([row["reward"] for row in theirs])
    assert len(module.rewards) == 300
    assert np.mean(module.rewards) - random > 0.8 * (best - random)


def test_an_experiment_of_coba():
    """Learners of ours and theirs, side by side in their experiment."""
    coba = pytest.importorskip("coba")
    coba.CobaContext.logger = coba.NullLogger()
    simulations = coba.Environments.from_lambda(
        300, lambda i, r: None, lambda i, c, r: [0, 1, 2], lambda i, c, a, r: pays(a, r.random()), 3
    )
    ours = recipe("with_coba").Ours(TsallisINF(), BanditProblem(n_actions=3, horizon=300))
    result = coba.Experiment(simulations, [ours, coba.RandomLearner()]).run(quiet=True)
    rewards = [np.mean([row[-1] for row in result.interactions.where(learner_id=i)]) for i in (0, 1)]
    assert len(result.interactions) == 600
    assert rewards[0] > rewards[1] + 0.1


@pytest.mark.parametrize("make", BOUNDED)
def test_river(make):
    """Ours in river's evaluation of river's environment."""
    pytest.importorskip("river")
    import gymnasium
    from river import bandit

    contest = gymnasium.make("river_bandits/CandyCaneContest-v0", max_episode_steps=300)
    problem = BanditProblem(n_actions=int(contest.action_space.n), horizon=300)
    module = recipe("with_river")
    ((arms, rewards), _) = module.play([module.Ours(make(), problem), bandit.UCB(delta=1, seed=1)], contest)
    assert len(arms) == 300
    assert arms == decides(make(), problem, arms, rewards)


def test_a_policy_of_river_in_an_environment_of_ours():
    """Theirs beside ours, in their loop, on our tape; the environment knows what both lost."""
    pytest.importorskip("river")
    import gymnasium
    from river import bandit

    import environments  # noqa: F401

    environment = gymnasium.make("regretlab/BernoulliArms-v0", means=list(MEANS), horizon=1000)
    problem, module = BanditProblem(n_actions=3, horizon=1000), recipe("with_river")
    policies = [module.Ours(UCB1(), problem), bandit.EpsilonGreedy(epsilon=0.1, seed=1)]
    for arms, rewards in module.play(policies, environment):
        assert 0.8 * 1000 - np.sum(rewards) < 0.5 * 0.3 * 1000  # uniform play loses 0.3 a round
        assert len(arms) == 1000
    arms, rewards = module.play(policies[:1], environment)[0]
    assert arms == decides(UCB1(), problem, arms, rewards)


@pytest.mark.parametrize("make", [UCB1, GaussianThompson, SuccessiveElimination])
def test_a_gymnasium_environment_of_another_package(make):
    pytest.importorskip("buffalo_gym")
    import gymnasium

    buffalo = gymnasium.make("Buffalo-v0", arms=6, disable_env_checker=True)  # its infos share an object
    arms, rewards = recipe("with_gymnasium").play(make(), buffalo, 400)
    problem = BanditProblem(n_actions=6, horizon=400, low=-np.inf, high=np.inf, noise=1.0)
    assert arms == decides(make(), problem, arms, rewards, seed=1)
    assert np.mean(rewards) > 5.0  # the best arm pays 10, every other at most 5


@pytest.mark.parametrize("make", BOUNDED)
def test_a_simulator_with_start_choice_and_reward(make):
    """The loop of SMPyBandits' evaluator, on losses in [-10, 0]."""
    player = recipe("games").Ours(make(), nbArms=3, lower=-10.0, amplitude=10.0)
    problem, luck = player.problem, np.random.default_rng(4)
    if make is SuccessiveElimination:
        problem = player.problem = BanditProblem(n_actions=3, horizon=400, low=-10.0, high=0.0)
    for _ in range(2):
        player.startGame()
        arms, rewards = [], []
        for _ in range(400):
            arms.append(player.choice())
            rewards.append(-10.0 * luck.random() * (1.0, 0.7, 0.3)[arms[-1]])
            player.getReward(arms[-1], rewards[-1])
        assert arms == decides(make(), problem, arms, rewards)


@pytest.mark.parametrize(("name", "best"), [("loop", 2), ("games", 2), ("late", 1)])
def test_programs_without_other_packages(name, best):
    module = recipe(name)
    assert module.arm in (0, 1, 2)
    policy = module.player.policy if name == "games" else module.policy
    assert policy.choose(None) == best


OTHERS = {"with_coba": "coba", "with_coba_features": "coba", "with_river": "river", "with_gymnasium": "buffalo_gym"}


@pytest.mark.parametrize("name", OTHERS)
def test_programs_with_other_packages(name):
    pytest.importorskip(OTHERS[name])
    rewards = recipe(name).rewards
    assert len(rewards) == 300
    assert len(set(rewards)) > 1


def test_the_page_has_no_program_in_parts():
    assert PAGE.read_text(encoding="utf-8").count("```python\n") == len(PROGRAMS)


@pytest.mark.parametrize("name", PROGRAMS)
def test_every_program_is_whole(name, tmp_path):
    """Saved beside the others under the name that the page gives it, none of which may be that of a package."""
    if name in OTHERS:
        pytest.importorskip(OTHERS[name])
    for other, program in PROGRAMS.items():
        (tmp_path / f"{other}.py").write_text(program, encoding="utf-8")
    done = subprocess.run([sys.executable, f"{name}.py"], cwd=tmp_path, env=ENVIRONMENT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
