"""What policies have to be told: found by resetting them, and held against what they say when they refuse."""

import copy
import math
from dataclasses import replace

import numpy as np
import pytest
from over_pairs import SilentError, over

from bandits import BanditProblem, Policy
from bandits.groupwise.problem import ExpertsProblem
from bandits.identification.problem import IdentificationProblem
from bandits.mdp.problem import AverageRewardProblem
from bandits.needs import in_any_unit, needs
from bandits.registry import POLICIES
from environments import BernoulliArms


@pytest.mark.parametrize(
    ("name", "arguments", "asked"),
    [
        ("kl_ucb", {}, ("a finite range of rewards",)),
        ("kl_ucb", {"family": "gaussian"}, ("a finite range of rewards, or noise",)),
        ("ucb1", {}, ("a finite range of rewards, or noise",)),
        ("moss", {}, ("a horizon", "a finite range of rewards, or noise")),
        ("exp3", {}, ("a horizon", "a finite range of rewards")),
        ("uniform", {}, ()),
        ("epsilon_greedy", {}, ()),
    ],
)
def test_known_policies(name, arguments, asked):
    policy = POLICIES.load(name)(**arguments)
    for problem in (
        BanditProblem(n_actions=3),
        BanditProblem(n_actions=3, horizon=50, low=-math.inf, high=math.inf, noise=2.0),
    ):
        assert needs(policy, problem) == asked


def test_a_unit_that_is_taken_for_granted():
    problem = AverageRewardProblem(n_states=2, n_actions=2, high=150.0)
    assert needs(POLICIES.load("ucrl2")(), problem) == ("rewards in [0, 1]",)
    experts = ExpertsProblem(groups=("all",), n_actions=3)
    assert needs(POLICIES.load("groupwise_hedge")(), experts) == ("rewards in [-1, 0]",)


class Cautious(Policy):
    """It needs to know the largest reward only."""

    plays = (BanditProblem,)

    def reset(self, problem, rng):
        if not math.isfinite(problem.high):
            raise ValueError("Cautious needs a largest reward")
        self._high = problem.high

    def choose(self, observation):
        return 0

    def update(self, observation, action, feedback):
        pass


def test_one_end_of_the_range():
    assert needs(Cautious(), BanditProblem(n_actions=2)) == ("a largest reward",)


def test_what_else_a_problem_may_lack():
    problem = IdentificationProblem(n_actions=3, budget=100, delta=0.1)
    assert needs(POLICIES.load("track_and_stop")(), problem) == ("delta in the problem",)
    assert needs(POLICIES.load("uniform_sampling")(), problem) == ()
    above = IdentificationProblem(n_actions=3, budget=100, family="bernoulli", question="above", threshold=0.5)
    assert needs(POLICIES.load("apt")(), above) == ()


WORDS = {
    "a horizon": ("horizon",),
    "a finite range of rewards": ("range", "bounded", "largest reward", "smallest reward"),
    "a finite range of rewards, or noise": ("noise", "a moment"),
    "a smallest reward": ("smallest reward",),
    "a largest reward": ("largest reward",),
}


def of_its_own(environment):
    """Not one around another problem, whose horizon and range it has."""
    return not hasattr(environment.problem, "inner")


@over(of_its_own, lambda family, environment: type(environment.problem))
def test_who_refuses_says_what_is_lacking(policy, environment):
    if policy.clairvoyant:
        raise SilentError
    problem = environment.problem
    for lacking in needs(policy, problem):
        if lacking.startswith("rewards in"):
            continue
        changes = {"horizon": None} if lacking == "a horizon" else {"low": -math.inf, "high": math.inf, "noise": None}
        field = lacking.removesuffix(" in the problem")
        if field != lacking:
            changes = {field: None}
        told = {"horizon": problem.horizon or 1000}
        without = {name: value for name, value in {**told, **changes}.items() if hasattr(problem, name)}
        words = "|".join(WORDS.get(lacking, [field]))
        with pytest.raises(ValueError, match=words):
            copy.deepcopy(policy).reset(replace(problem, **without), np.random.default_rng(0))


@pytest.mark.parametrize(
    ("name", "arguments", "same"),
    [("epsilon_greedy", {}, True), ("uniform", {}, True), ("mom_ucb", {"v": 1.0}, False), ("ucb1", {}, None)],
)
def test_the_unit_of_rewards(name, arguments, same):
    environment = BernoulliArms([0.3, 0.6, 0.5], horizon=300)
    assert in_any_unit(POLICIES.load(name)(**arguments), environment) is same
