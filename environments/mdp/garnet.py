"""Garnets: random processes whose states and actions lead to few next states each."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from bandits.arguments import affordable, check_seed, integer
from bandits.mdp.model import Model
from environments.mdp.models import MDP, Tables, first_state


@dataclass(frozen=True)
class Garnet(MDP):
    """Uniform mean rewards, and for every state and action ``branching`` next states whose probabilities are spacings.

    All is drawn from ``numpy.random.default_rng(seed)``: first the rewards [n_states, n_actions]; then for states and
    actions in order the next states, without replacement, sorted, and ``branching - 1`` sorted uniform cuts of [0, 1].

    Args:
        n_states: S, >= 1.
        n_actions: A, >= 1.
        branching: next states of each row, 1..S.
        seed: of all numbers, a whole number >= 0.
    """

    n_states: int = 10
    n_actions: int = 3
    branching: int = 3
    seed: int = 0

    def __post_init__(self) -> None:
        integer("branching", self.branching, 1, integer("n_states", self.n_states))
        check_seed("seed", self.seed)
        rows = self.n_states * integer("n_actions", self.n_actions)
        affordable("n_states, n_actions or branching", f"a table of {rows} rows", rows * (1 + 2 * self.branching))

    def tables(self) -> Tables:
        rng, S, A, b = np.random.default_rng(self.seed), self.n_states, self.n_actions, self.branching
        rewards = rng.random((S, A))
        states, shares = np.empty((S * A, b), dtype=np.int64), np.empty((S * A, b))
        for row in range(S * A):
            states[row] = np.sort(rng.choice(S, b, replace=False))
            cuts = np.sort(rng.random(b - 1))
            shares[row] = np.diff(np.concatenate([[0.0], cuts, [1.0]]))
        model = Model.sparse(np.arange(S * A + 1) * b, states.ravel(), shares.ravel(), S, A)
        return Tables(model, rewards, first_state(S))
