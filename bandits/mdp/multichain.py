"""The gain of a process that falls into parts: what the reward a step is in the long run depends on the first state.

With the gain g(s) of the best policy that begins in s, and some h(s), both unbounded, the least g that satisfies

    g(s) >= sum_s' P(s' | s, a) g(s')    and    g(s) + h(s) >= r(s, a) + sum_s' P(s' | s, a) h(s')    for all s, a

is the best gain of each state, so that minimizing its mean over a law of first states is a linear programme.

Reference: M. Puterman, *Markov Decision Processes*, Wiley 1994, Section 9.3 (recalled).
"""

from __future__ import annotations

from typing import Any

import numpy as np

from bandits.contract import Array
from bandits.mdp.classes import reachable, within
from bandits.mdp.model import Model

MOST_PAIRS = 2000
"""Number of states times actions up to which the programme is solved, in a second or two."""


def gain_from(model: Model, rewards: Array, start: Array) -> float:
    """J*, the largest reward a step in the long run, from a first state of the law ``start``; to about 1e-9.

    The solver takes probabilities below 1e-9 for 0.

    Args:
        model: of one stage; it may fall into parts.
        rewards: [n_states, n_actions].
        start: [n_states].

    Raises:
        ArithmeticError: the solver gives up.
    """
    from scipy.optimize import linprog
    from scipy.sparse import block_array, csr_array

    seen = reachable(model, start)
    inner, n, A = within(model, seen), int(np.count_nonzero(seen)), model.n_actions
    pairs = np.arange(n * A)
    here: Any = csr_array((np.ones(n * A), (pairs, pairs // A)), shape=(n * A, n))
    falls: Any = csr_array((inner.probabilities, inner.states, inner.starts), shape=(n * A, n)) - here  # P g - g
    below: Any = block_array([[falls, None], [-here, falls]])
    sides = np.concatenate([np.zeros(n * A), -rewards[seen].ravel()])
    solved = linprog(np.append(start[seen], np.zeros(n)), below, sides, bounds=(None, None), method="highs")
    if solved.fun is None:
        raise ArithmeticError(f"no gain of {model!r} was found: {solved.message}")
    return float(solved.fun)
