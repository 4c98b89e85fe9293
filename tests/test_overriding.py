"""Abstract or final: what a class implements is not implemented again below it, but for what it marks as a default."""

import copy
import inspect
import re
from dataclasses import replace
from functools import cached_property

import numpy as np
import pytest

from bandits import LRU, UCB1, BanditProblem, NotResetError, Policy, can_play
from bandits.arms.policy import BanditPolicy
from bandits.checks import check_policy
from bandits.defaults import default, is_default
from bandits.families import families
from bandits.groupwise.policy import GroupwisePolicy
from bandits.groupwise.problem import ExpertsProblem
from bandits.recovering.policy import SchedulingPolicy
from bandits.registry import ENVIRONMENTS, POLICIES, TOOLS
from bandits.tallying.policy import RunPolicy
from environments import PagingEnvironment
from environments.contract import Environment

OURS = ("bandits", "environments", "regretlab")


def function(method):
    """What a method of any kind calls, unwrapped; None of an attribute."""
    inner = {property: "fget", cached_property: "func", staticmethod: "__func__", classmethod: "__func__"}
    for kind, attribute in inner.items():
        if isinstance(method, kind):
            method = getattr(method, attribute)
    return inspect.unwrap(method) if inspect.isfunction(method) else None


def breaches(cls, ours=OURS):
    """The methods of ``cls`` that are implemented twice among our classes, or that call the default they replace.

    Dunder methods are the language's: constructors go up by ``super().__init__``.
    """
    line = [c for c in cls.__mro__ if c.__module__.split(".")[0] in ours and not getattr(c, "_is_protocol", False)]
    for i, low in enumerate(line):
        for name, method in vars(low).items():
            below = None if name.startswith("__") else function(method)
            for high in line[i + 1 :] if below else ():
                above = vars(high).get(name)
                if above is None or getattr(above, "__isabstractmethod__", False):
                    continue
                where = f"{low.__name__}.{name} implements {high.__name__}.{name} again"
                if not is_default(above):
                    yield f"{where}, which is no default"
                elif re.search(rf"\bsuper\(\)\.{name}\b", inspect.getsource(below)):
                    yield f"{where}, and calls it"


@pytest.mark.parametrize("registry", [POLICIES, ENVIRONMENTS, TOOLS], ids=["policies", "environments", "tools"])
def test_no_registered_class_implements_anew_what_is_no_default(registry):
    classes = {registry.load(name) for name in registry}
    assert len(classes) > 2
    assert sorted({breach for cls in classes for breach in breaches(cls)}) == []


def test_what_is_implemented_anew_is_found():
    class Base(Policy):
        def reset(self, problem, rng):
            self._t = 0

        @property
        @default
        def width(self):
            return 1

        @default
        def look(self):
            return 1

        @staticmethod
        def size():
            return 1

    class Below(Base):
        def reset(self, problem, rng):
            super().reset(problem, rng)

        @property
        def width(self):
            return 2

        def look(self):
            return super().look()

        @staticmethod
        def size():
            return 2

        def regret_bounds(self, problem, instance):
            return ()

    assert sorted(breaches(Below, ("bandits", __name__.split(".")[0]))) == [
        "Below.look implements Base.look again, and calls it",
        "Below.reset implements Base.reset again, which is no default",
        "Below.size implements Base.size again, which is no default",
    ]


def test_what_the_contract_implements_is_a_default_or_final():
    for contract in (Policy, Environment):
        for name, method in vars(contract).items():
            if not name.startswith("_") and inspect.isfunction(method):
                marks = [is_default(method), getattr(method, "__final__", False), name in contract.__abstractmethods__]
                assert sum(marks) == 1, f"{contract.__name__}.{name}"


class Arms(BanditPolicy):
    """Somebody else's policy, which begins with the ``reset`` above, as all of these do."""

    def reset(self, problem, rng):
        super().reset(problem, rng)
        self._t, self._n = 0, problem.n_actions

    def choose(self, observation):
        return self._t % self._n

    def learn(self, action, reward):
        self._t += 1

    def play(self, block, actions):
        actions[:] = (self._t + np.arange(len(actions))) % self._n
        self._t += len(actions)


class Runs(RunPolicy):
    """Five plays of each action in turn."""

    def reset(self, problem, rng):
        super().reset(problem, rng)
        self._t, self._n = 0, problem.n_actions

    def intend(self):
        yield self._t // 5 % self._n, 5 - self._t % 5

    def learn(self, runs, rewards):
        self._t += len(rewards)


class Pulls(SchedulingPolicy):
    """Others every period."""

    def reset(self, problem, rng):
        super().reset(problem, rng)
        self._first = 0

    def schedule(self):
        plays, n = self._problem.plays, self._problem.n_actions
        self._first = (self._first + 1) % n
        return np.sort((self._first + np.arange(plays)) % n)[None]

    def learn(self, schedule, rewards, idle):
        pass


class Experts(GroupwisePolicy):
    """One expert after the other."""

    plays = (ExpertsProblem,)

    def reset(self, problem, rng):
        super().reset(problem, rng)
        self._t = 0

    def _decide(self, context, groups):
        return self._t % self._n_actions

    def _learn(self, context, groups, feedback):
        self._t += 1


@pytest.mark.parametrize("policy", [Arms, Runs, Pulls, Experts])
def test_other_peoples_policies_may_begin_with_the_reset_above(policy):
    examples = (e for family in families() for e in family.example_environments())
    example = next(e for e in examples if can_play(policy(), e.problem))
    check_policy(policy, lambda: copy.deepcopy(example))
    played = policy()
    with pytest.raises(NotResetError):
        played.update(None, 0, 0.0)
    played.reset(example.problem, np.random.default_rng(0))
    assert played.problem_given() is example.problem


class More(UCB1):
    """Has another number of arms than the problem: two names for each."""

    def reset(self, problem, rng):
        super().reset(replace(problem, n_actions=self.n * problem.n_actions // 2), rng)

    def leap(self, environment, most):
        return 0


@pytest.mark.parametrize("n", [1, 4])
def test_a_policy_may_hand_another_problem_to_the_reset_above(n):
    policy = More()
    policy.n = n
    problem = BanditProblem(n_actions=4, horizon=100)
    policy.reset(problem, np.random.default_rng(0))
    for _ in range(50):
        policy.update(None, policy.choose(None), 0.5)
    assert policy.problem_given() is problem
    for arm in (2 * n, -1):
        with pytest.raises(ValueError, match=f"action must be a whole number in 0..{2 * n - 1}, got {arm}"):
            policy.update(None, arm, 0.5)


def test_a_reset_of_a_mixin():
    class Counting:
        def reset(self, problem, rng):
            super().reset(problem, rng)
            self._t = 0
            self._n = self._n_arms

    class Mixed(Counting, Arms):
        pass

    class Bare(Counting, BanditPolicy):
        choose, learn, play = vars(Arms)["choose"], vars(Arms)["learn"], vars(Arms)["play"]

    class Below(Bare):
        pass

    class Aside:
        def reset(self, problem, rng):
            super().reset(problem, rng)
            self.aside = True

    class Both(Bare, Aside, BanditPolicy):
        pass

    for kind in (Mixed, Bare, Below, Both):
        policy = kind()
        with pytest.raises(NotResetError):
            policy.update(None, 0, 0.0)
        with pytest.raises(ValueError, match="problem must be one that"):
            policy.reset(None, np.random.default_rng(0))
        policy.reset(BanditProblem(n_actions=3), np.random.default_rng(0))
        assert [policy.update(None, policy.choose(None), 0.5) or policy._t for _ in range(4)] == [1, 2, 3, 4]
        with pytest.raises(ValueError, match=r"action must be a whole number in 0\.\.2, got 3"):
            policy.update(None, 3, 0.5)
    assert policy.aside


def test_a_parameter_may_be_called_start():
    class Late(Experts):
        def __init__(self, start=3):
            self.start = start

    policy = Late()
    policy.reset(ExpertsProblem(n_actions=4, groups=("always",)), np.random.default_rng(0))
    assert policy.start == 3


def test_generators_of_other_classes_may_have_seeds():
    class Seeded(np.random.Generator):
        seed = 5

    problem = BanditProblem(n_actions=3)
    UCB1().reset(problem, Seeded(np.random.PCG64(5)))
    with pytest.raises(ValueError, match="Generator, got"):
        UCB1().reset(problem, np.random.RandomState(5))


def test_a_subclass_of_lru_with_a_leap_of_its_own_is_played():
    class Most(LRU):
        def leap(self, environment, most):
            self.leaps = getattr(self, "leaps", 0) + 1
            return super().leap(environment, min(most, 7))

    environment = PagingEnvironment(3, {"name": "uniform", "parameters": {"N": 8}}, horizon=50)
    times, found = np.arange(7, 51, 7), []
    for policy in (LRU(), Most()):
        environment.begin(environment.draw(np.random.default_rng(0)))
        policy.reset(environment.problem, np.random.default_rng(0))
        policy.advance(environment, 50)
        found.append(environment.metrics(times))
    assert policy.leaps == 8
    for name, values in found[0].items():
        np.testing.assert_array_equal(values, found[1][name])
