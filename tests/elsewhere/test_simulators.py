"""Our policies in other people's simulators: the recipes of docs/simulators.md, run as they stand there.

What a policy decided elsewhere is compared with what its compiled path decides on the same rewards; a reward that was
not seen there is not a number here, so a different decision is found out.
"""

import functools
import importlib
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
    Exp3,
    GaussianThompson,
    LinUCB,
    SuccessiveElimination,
    TsallisINF,
)
from bandits.arms.problem import Block
from bandits.seeds import stream

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


def decides(policy, problem, arms, rewards, rng):
    """What the policy decides, compiled, where it is paid the same."""
    table = np.full((len(arms), problem.n_actions), np.nan)
    table[np.arange(len(arms)), arms] = rewards
    environment = Table(table)
    policy.reset(problem, rng)
    policy.advance(environment, len(arms))
    return environment.played


BOUNDED = [UCB1, KLUCB, BetaThompson, SuccessiveElimination, TsallisINF, lambda: Exp3(gamma=0.1)]
MEANS = (0.2, 0.5, 0.8)


def test_coba():
    """In the page's experiment LinUCB and coba's own earn more than those that look at no context."""
    pytest.importorskip("coba")
    of = recipe("with_coba").result.interactions.to_pandas().groupby("learner_id")["reward"]
    assert of.count().tolist() == [300] * 4
    assert min(of.mean()[0], of.mean()[2]) > max(of.mean()[1], of.mean()[3]) + 0.02
    assert len(recipe("with_coba_features").rows) == 300


def test_coba_both_ways():
    pytest.importorskip("coba")
    module = recipe("coba_both_ways")
    assert np.mean(module.rewards) > 0.55
    assert module.environment.problem.n_actions == 5
    assert module.result.value("KLUCB") < module.result.value("UCB1")


def test_river():
    pytest.importorskip("river")
    of = [[s["arm"] for s in recipe("with_river").steps if s["policy_idx"] == i] for i in (0, 1)]
    assert [len(arms) for arms in of] == [300, 300]
    assert set(of[0]) == set(range(100))


@pytest.mark.parametrize("make", [UCB1, GaussianThompson, SuccessiveElimination])
def test_a_gymnasium_environment_of_another_package(make):
    pytest.importorskip("buffalo_gym")
    import gymnasium

    buffalo = gymnasium.make("Buffalo-v0", arms=6, disable_env_checker=True)  # its infos share an object
    played = recipe("with_gymnasium").play(make(), buffalo, 400, seed=1, noise=1.0)
    arms, rewards = played.actions.tolist(), played.rewards
    problem = BanditProblem(n_actions=6, horizon=400, low=-np.inf, high=np.inf, noise=1.0)
    assert played.problem == problem
    assert arms == decides(make(), problem, arms, rewards, stream(1, of="policy"))
    assert np.mean(rewards) > 5.0  # the best arm pays 10, every other at most 5


@pytest.mark.parametrize("make", BOUNDED)
def test_a_simulator_with_start_choice_and_reward(make):
    """The loop of SMPyBandits' evaluator, on losses in [-10, 0]."""
    horizon = 400 if make is SuccessiveElimination else None
    player = recipe("games").GamePolicy(make(), nbArms=3, lower=-10.0, amplitude=10.0, horizon=horizon)
    problem, luck = BanditProblem(n_actions=3, low=-10.0, high=0.0, horizon=horizon), np.random.default_rng(4)
    for game in range(2):
        player.startGame()
        arms, rewards = [], []
        for _ in range(400):
            arms.append(player.choice())
            rewards.append(-10.0 * luck.random() * (1.0, 0.7, 0.3)[arms[-1]])
            player.getReward(arms[-1], rewards[-1])
        assert arms == decides(make(), problem, arms, rewards, stream(0, of=f"policy in game {game}"))


def test_games_refuse_what_cannot_be_and_change_nothing():
    player = recipe("games").GamePolicy
    for arguments, message in (
        ({"nbArms": 0}, "n_actions must be a whole number >= 1"),
        ({"amplitude": 0.0}, "amplitude must be"),
        ({"lower": "0"}, "lower must be"),
        ({"seed": -1}, "seed must be"),
        ({"policy": "ucb1"}, "policy must be an object of a class of policies, got .ucb1"),
        ({"policy": LinUCB()}, "policy must be a policy for it: LinUCB plays ContextualProblem, but a game"),
    ):
        with pytest.raises(ValueError, match=message):
            player(**{"policy": UCB1(), "nbArms": 2, **arguments})
    policy = UCB1()
    game = player(policy, 2)
    game.startGame()
    before = game.choice()
    for arm, reward in ((2, 0.0), (0, float("nan"))):
        with pytest.raises(ValueError, match="must be"):
            game.getReward(arm, reward)
    assert game.choice() == before
    assert not hasattr(policy, "_arm")


def test_named_arms():
    module = recipe("named_arms")
    assert module.colour == "green"
    assert set(module.colours) <= {"red", "green"}
    assert module.expected[1]["green"] > 0.5 > module.expected[0]["red"]


@pytest.mark.parametrize(("name", "best"), [("loop", 2), ("games", 2), ("late", 1)])
def test_programs_without_other_packages(name, best):
    module = recipe(name)
    assert module.arm in (0, 1, 2)
    policy = module.player.policy if name == "games" else module.policy
    assert policy.choose(None) == best


OTHERS = {
    "with_coba": "coba",
    "with_coba_features": "coba",
    "coba_both_ways": "coba",
    "with_river": "river",
    "with_gymnasium": "buffalo_gym",
    "with_cachetools": "cachetools",
    "with_libcachesim": "libcachesim",
}


@pytest.mark.parametrize("name", ["with_gymnasium", "coba_both_ways"])
def test_programs_with_other_packages(name):
    pytest.importorskip(OTHERS[name])
    rewards = recipe(name).rewards
    assert len(rewards) == 300
    assert len(set(rewards)) > 1
    assert name != "with_gymnasium" or [sum(found) for found in recipe(name).lengths] == [100] * 3


def test_caches():
    pytest.importorskip("cachetools")
    module = recipe("with_cachetools")
    assert module.squares == [(x % 7) ** 2 for x in range(50)]
    assert (module.square.cache.hits, module.square.cache.misses) == (43, 7)


def test_a_simulator_of_caches():
    pytest.importorskip("libcachesim")
    module = recipe("with_libcachesim")
    assert len(module.pages) == 3000
    assert module.ours == module.theirs != module.marker


def test_without_stable_baselines3_the_extra_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "stable_baselines3", None)
    monkeypatch.delitem(sys.modules, "regretlab.adapters.baselines", raising=False)
    with pytest.raises(ImportError, match=r"pip install 'regretlab\[agents\]'"):
        importlib.import_module("regretlab.adapters.baselines")


def test_named_arms_and_games_load_no_other_package():
    code = "import sys, regretlab.adapters.arms, regretlab.adapters.games; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], env=ENVIRONMENT, capture_output=True, text=True, check=True)
    assert not {"numba", "scipy", "gymnasium", "pandas", "sklearn"} & set(done.stdout.split())


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
