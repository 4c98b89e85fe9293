"""Tests over all registered policies in examples that they play: a test for many pairs, since each test costs time."""

import copy
import functools
import inspect

import pytest

from bandits.families import families
from environments.checks import players


class SilentError(Exception):
    """A policy that has nothing to do with what is tested, in a pair."""


def over(suits, kind):
    """A decorator for ``test(policy, environment, ...)``, which is run for pairs of a policy and an example.

    A test is made of the examples of each family that plays. It fails with the first pair that fails, and names it; it
    fails, too, where every pair of it is silent.

    Args:
        suits: tells whether an example is to be played.
        kind: ``kind(family, environment)``: each policy, by its repr, plays one example of each kind.
    """

    @functools.cache
    def pairs():
        found, seen = {}, set()
        for family in families():
            for environment in filter(suits, family.example_environments()):
                for name, policy in players(environment):
                    if (key := (repr(policy), kind(family, environment))) not in seen:
                        seen.add(key)
                        place = f"{name} in {type(environment).__name__} of {family.name}, pair {len(seen)}"
                        found.setdefault(family.name, []).append((place, policy, environment))
        return found

    def decorated(test):
        def whole(room, **given):
            silent = 0
            for place, policy, environment in pairs().get(room, ()):
                try:
                    test(copy.deepcopy(policy), environment, **given)
                except SilentError:
                    silent += 1
                except BaseException as error:
                    error.add_note(f"pair: {place}")
                    raise
            if room in pairs():
                assert silent < len(pairs()[room]), f"nothing was tested in {room}"

        others = [p for n, p in inspect.signature(test).parameters.items() if n not in ("policy", "environment")]
        whole.__name__, whole.__doc__, whole.__module__ = test.__name__, test.__doc__, test.__module__
        whole.__signature__ = inspect.Signature(
            [inspect.Parameter("room", inspect.Parameter.POSITIONAL_OR_KEYWORD), *others]
        )
        return pytest.mark.parametrize("room", [family.name for family in families()])(whole)

    decorated.pairs = pairs
    return decorated
