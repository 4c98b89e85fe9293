"""Every constructor that can be named refuses what is wrong, by parameter, domain and value got."""

import random
import warnings

import constructors
import numpy as np
import pytest

from bandits import BanditProblem
from bandits.contract import can_play
from bandits.families import families
from bandits.registry import ENVIRONMENTS, POLICIES, TOOLS
from environments import BernoulliArms

FEW = ("None", "True", "1", "-1", "nan", "inf", "10**30", "10**5000", "'x'", "[]", "[1]", "ragged", "{}")
FEW += ("stranger", "1j")
"""Of each kind of wrong value one; ``make attack`` has them all."""


def places():
    return {place.what: place for place in constructors.places()}


def test_every_registered_name_is_attacked():
    attacked = set(places())
    for registry in (POLICIES, ENVIRONMENTS, TOOLS):
        assert {f"{registry.kind} {name}" for name in registry} <= attacked
    assert {registry.kind for registry in constructors.registries()} == {what.rsplit(" ", 1)[0] for what in attacked}


@pytest.fixture(scope="module")
def judged():
    """What came of it, a line for each call."""
    warnings.simplefilter("ignore")
    found = []
    for place in constructors.places():
        if place.attacked and place.name not in constructors.LARGE and constructors.warm(place):
            found += [
                (f"{place.what} {key}={name}", *constructors.judge(place, {key: name}))
                for key in place.attacked
                for name in FEW
            ]
    return found


@pytest.mark.slow
def test_wrong_values_are_refused_or_of_the_kind_that_the_parameter_takes(judged):
    assert len(judged) > 5000
    assert sum(what == "refused" for _, what, _ in judged) > 0.8 * len(judged)
    wrong = [told for told in judged if told[1] in ("silent", "tracebacks", "hangs")]
    assert not wrong, wrong


def test_what_the_attack_would_find(monkeypatch):
    """A constructor that takes anything, one that breaks, and one that says nothing useful are found."""
    place = places()["policy ucb1"]

    def told(constructor):
        class Wrong:
            __init__ = constructor

        monkeypatch.setattr(constructors.Place, "cls", property(lambda self: Wrong))
        return constructors.judge(place, {"exploration": "'x'"})[0]

    def anything(self, exploration: float = 2.0):
        pass

    def breaks(self, exploration: float = 2.0):
        exploration.items()

    def mute(self, exploration: float = 2.0):
        raise ValueError("could not convert")

    assert [told(anything), told(breaks), told(mute)] == ["silent", "tracebacks", "silent"]


WRONG_PROBLEMS = (
    {"n_actions": 0}, {"n_actions": -1}, {"n_actions": 1.5}, {"n_actions": "x"}, {"n_actions": True},
    {"horizon": 0}, {"horizon": -1}, {"horizon": 1.5}, {"horizon": float("nan")}, {"horizon": 10**30},
    {"low": float("nan")}, {"high": float("nan")}, {"low": "x"}, {"low": 2.0}, {"noise": -1.0}, {"noise": float("inf")},
)  # fmt: skip


@pytest.mark.parametrize("wrong", WRONG_PROBLEMS, ids=str)
def test_problems_that_cannot_be(wrong):
    with pytest.raises(ValueError, match=f"{next(iter(wrong))} must be .*got"):
        BanditProblem(**{"n_actions": 2, **wrong})


@pytest.fixture(scope="module")
def problems():
    """Of every kind that there is in the examples of the families, one."""
    examples = [environment.problem for family in families() for environment in family.example_environments()]
    return list({type(problem): problem for problem in examples}.values())


@pytest.mark.parametrize("name", list(POLICIES))
def test_what_no_policy_is_reset_with(name, problems):
    policy = next(
        constructors.build(place.cls, place.base) for place in constructors.places() if place.what == f"policy {name}"
    )
    strangers = [problem for problem in problems if not can_play(policy, problem)]
    assert policy.clairvoyant or strangers
    for problem in (None, "x", 1, {"n_actions": 2}, BanditProblem, *strangers):
        with pytest.raises(ValueError, match=r"problem must be one that .* plays .*, got"):
            policy.reset(problem, np.random.default_rng(0))
    friend = next(problem for problem in problems if can_play(policy, problem))
    for rng in (0, "x", object(), np.random.RandomState(0), np.random, random.Random(0)):
        with pytest.raises(ValueError, match=r"rng must be a numpy.random.Generator, got"):
            policy.reset(friend, rng)


@pytest.mark.parametrize("seed", [-1, 1.5, "x", True, float("nan"), [1], 2**128])
def test_seeds_of_a_run(seed):
    environment = BernoulliArms([0.2, 0.8])
    with pytest.raises(ValueError, match=r"seed must be a whole number .*, got"):
        environment.reset(seed=seed)
    with pytest.raises(ValueError, match="options must be a mapping or None, got 3"):
        environment.reset(options=3)


@pytest.mark.parametrize(
    ("what", "names"),
    [
        ("environment identification", {"means": "array of one"}),
        ("environment linear", {"sigma": "1e300"}),
        ("environment misspecified_linear", {"sigma": "1e300"}),
        ("environment student", {"means": "[-1e300, 1e300]"}),
        ("environment adversarial_linear", {"low": "-0.5"}),
        ("environment adversarial_linear", {"high": "1e-300"}),
        ("environment bernoulli", {"assume": "array of nothing"}),
        ("set of actions end_of_optimism", {"extra": "10**9"}),
        ("tool feature_table", {"high": "1e-300"}),
    ],
    ids=str,
)
def test_what_the_attack_has_found(what, names):
    outcome = constructors.judge(places()[what], names)
    assert outcome[0] in ("refused", "accepted"), outcome
