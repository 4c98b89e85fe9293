"""The diameter of a finite Markov decision process: the largest of all least expected times from state to state."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from bandits.contract import Array
from bandits.mdp.classes import towards
from bandits.mdp.gain import action_values, greedy
from bandits.mdp.model import Model

MOST_STATES = 300
"""Number of states up to which diameters are worked out."""


class Diameter(NamedTuple):
    """A diameter and where it is.

    Attributes:
        value: expected number of steps.
        origin: the state that is furthest from ``target``.
        target: the state to get to.
    """

    value: float
    origin: int
    target: int


def diameter(model: Model) -> Diameter:
    """The diameter of a communicating process; of equal pairs the first by target.

    Args:
        model: communicating, of one stage; its cost is that of a value iteration for each state.
    """
    found = Diameter(0.0, 0, 0)
    for target in range(model.n_states):
        times = hitting_times(model, target)
        if times.max() > found.value * (1.0 + 1e-12):
            found = Diameter(float(times.max()), int(times.argmax()), target)
    return found


def hitting_times(model: Model, target: int) -> Array:
    """Least expected numbers of steps [n_states] until ``target``, which must be reachable from everywhere.

    By policy iteration, from a policy that leads to the target surely: towards it along shortest paths.
    """
    n, everyone = model.n_states, np.arange(model.n_states)
    costs = np.full((n, model.n_actions), -1.0)
    policy = towards(model, target)
    table = model.dense()[0]
    others = everyone != target
    while True:
        chain = table[everyone, policy]
        chain[everyone, everyone] = 0.0  # ways out are added up, not subtracted from 1, which loses small ones
        inner, times = np.diag(chain.sum(axis=1)) - chain, np.zeros(n)
        times[others] = np.linalg.solve(inner[np.ix_(others, others)], np.ones(n - 1))
        values = action_values(model, costs, -times)
        kept = values[everyone, policy]
        better = (values.max(axis=1) > kept + 1e-10 * (1.0 + np.abs(kept))) & others
        if not better.any():
            return times
        policy = np.where(better, greedy(values, 0.0), policy)
