"""Margins and times of overtaking."""

import numpy as np
import pytest

from bandits import POLICIES
from bandits.checks import play
from environments.portfolio.alternation import Alternation
from environments.portfolio.preference import Overtaking, margins, overtaking


@pytest.mark.parametrize(("prior", "expected"), [("uniform", (8, 74, 80)), ("half", (10, 42, 48))])
def test_overtaking_on_the_alternation(prior, expected):
    market, times = Alternation(horizon=200), np.arange(1, 201)
    policy = POLICIES.build({"name": "universal", "parameters": {"prior": prior, "method": "exact"}})
    wealth = play(policy, market, 0)["reward"]
    best = market.comparators(times)
    (bound,) = (b for b in policy.regret_bounds(market.problem, market.instance()) if b.kind == "upper")
    found = overtaking(times, best["best_asset"] - wealth, best["best_mix"] - wealth, bound.curve(times.astype(float)))
    assert (found.for_good, found.certified, found.certified_for_good) == expected
    assert np.all(margins(times, wealth, best["best_asset"])[found.for_good - 1 :] > 0.0)


def test_margins():
    found = margins([2, 10], [1.0, 2.0], [[0.0, 2.0], [1.0, 2.0]])
    assert np.allclose(found, [[0.5, -0.5], [0.1, 0.0]])
    assert np.allclose(margins([2, 10], [1.0, 2.0], [0.0, 1.0]), [0.5, 0.1])


def test_never_once_and_always():
    four, zero = [1, 5, 6, 9], np.zeros(4)
    assert overtaking(four, zero, zero, zero) == Overtaking(None, None, None, None)
    assert overtaking(four, zero - 1.0, zero, zero) == Overtaking(1, 1, 1, 1)
    assert overtaking(four, [-1.0, 1.0, -1.0, -1.0], [-1.0, 3.0, -1.0, 0.0], zero + 1.0) == Overtaking(1, 6, 5, None)
    assert overtaking(four, [0.0, -1.0, 0.0, -1.0], zero, zero + 9.0) == Overtaking(5, 9, None, None)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: margins([0, 1], [0.0, 0.0], [0.0, 0.0]), "times must be whole numbers >= 1"),
        (lambda: margins([2, 1], [0.0, 0.0], [0.0, 0.0]), "times must be whole numbers >= 1"),
        (lambda: margins([1, 2], [0.0], [0.0, 0.0]), "a row for each of 2 times"),
        (lambda: margins([1.5], [0.0], [0.0]), "times must be whole numbers >= 1"),
        (lambda: overtaking([1, 2], [0, 0], [0], [0, 0]), "mix must have a value for each of 2 times"),
        (lambda: overtaking([1], ["a"], [0], [0]), "component must be numbers"),
    ],
)
def test_bad_curves(call, message):
    with pytest.raises(ValueError, match=message):
        call()
