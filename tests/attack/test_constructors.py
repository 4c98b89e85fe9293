"""Every constructor that can be named refuses what is wrong, by parameter, domain and value got."""

import warnings

import constructors
import pytest

from bandits.registry import ENVIRONMENTS, POLICIES, TOOLS

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
        if place.attacked and constructors.warm(place):
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
    assert [told for told in judged if told[1] in ("silent", "tracebacks", "hangs")] == []


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
