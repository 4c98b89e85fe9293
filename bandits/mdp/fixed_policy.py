"""A fixed policy in one life without resets: one action a state, for ever."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from bandits.arguments import integer, integers, is_list
from bandits.kernels import kernel
from bandits.mdp.average import AveragePolicy, moved
from bandits.mdp.model import Ints
from bandits.mdp.problem import AverageRewardProblem, Steps


@kernel
def _play(steps: Steps, actions: Ints, table: Ints) -> None:
    state = steps.state
    for step in range(actions.size):
        actions[step] = table[state]
        state = moved(steps, step, state, table[state])


class FixedPolicy(AveragePolicy):
    """Takes the same action whenever it is in a state; learns nothing.

    Args:
        table: [n_states] the action in each state, or a single action for all states.
    """

    decided = True

    def __init__(self, table: Sequence[int] | int = 0) -> None:
        self.table = integers("table", table, 0) if is_list(table) else integer("table", table, 0)  # type: ignore[arg-type]

    def start(self, problem: AverageRewardProblem) -> None:
        n_states = problem.n_states
        table = [self.table] if isinstance(self.table, int) else self.table
        if len(table) not in (1, n_states):
            raise ValueError(f"table must have {n_states} actions, one a state, or a single one, got {len(table)}")
        integers("table", table, 0, problem.n_actions - 1)
        self._policy = np.array(table * (n_states if len(table) == 1 else 1), dtype=np.int64)

    def pick(self, state: int) -> int:
        return int(self._policy[state])

    def take(self, state: int, action: int, reward: float, following: int) -> None:
        return

    def play(self, steps: Steps, actions: Ints) -> None:
        _play(steps, actions, self._policy)
