"""The rates of policies on contexts, in power and in what they rest on."""

import math

import numpy as np
import pytest

from bandits import POLICIES, ContextualProblem
from bandits.contextual.theory import ContextualInstance

PROBLEM = ContextualProblem(n_actions=20, horizon=5000, low=-61.0, high=-1.0, contexts=((0.0, 1.0),))


@pytest.mark.parametrize(
    ("name", "power"), [("lin_ucb", 0.5), ("lin_ts", 0.5), ("contextual_epsilon_greedy", 2 / 3), ("square_cb", 0.5)]
)
def test_orders(name, power):
    policy = POLICIES.load(name)()
    assert policy.regret_bounds(PROBLEM, ContextualInstance(oblivious=True)) == ()
    for realizable in (False, True):
        instance = ContextualInstance(oblivious=True, realizable=realizable)
        (bound,) = policy.regret_bounds(PROBLEM, instance)
        assert (bound.kind, bound.evidence, bound.comparator_class) == ("order", "convention", "dynamic")
        linear = [a.holds for a in bound.assumptions if "expected losses" in a.text]
        assert linear == [realizable]
        t = np.array([1e4, 1e6])
        values = bound.curve(t)
        assert math.log(values[1] / values[0]) / math.log(100) == pytest.approx(power, abs=0.06)
