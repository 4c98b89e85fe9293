"""A combination lock: one sequence of actions opens it, and a wrong first action is rewarded at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from bandits.arguments import integer, integers, real
from bandits.mdp.model import Model
from environments.mdp.models import MDP, Tables, first_state

GOOD, BAD = 0, 1


@dataclass(frozen=True)
class Lock(MDP):
    """Two states, and a table for each stage (derived in this project).

    In state 0 the action of the code leads on, any other one to state 1 for good. The last action of the code pays 1, a
    wrong first action ``decoy``, all else nothing.

    Args:
        H: length of the code, and steps of an episode, >= 1.
        A: number of actions, >= 1.
        code: the right action of each stage; None for ``1, 2, ...`` in turn, so that action 0 is wrong at first.
        decoy: in [0, 1].

    Raises:
        ValueError: a number out of its domain, or a code of another length.
    """

    H: int = 6
    A: int = 3
    code: Sequence[int] | None = None
    decoy: float = 0.1

    def __post_init__(self) -> None:
        integer("H", self.H, most=10_000)
        integer("A", self.A, most=10_000)
        real("decoy", self.decoy, 0.0, 1.0, closed="both")
        if self.code is not None and len(integers("code", self.code, 0, self.A - 1)) != self.H:
            raise ValueError(f"code must have H = {self.H} actions, got {len(self.code)}")

    def tables(self) -> Tables:
        H, A = self.H, self.A
        code = [(h + 1) % A for h in range(H)] if self.code is None else list(self.code)
        transitions, rewards = np.zeros((H, 2, A, 2)), np.zeros((H, 2, A))
        transitions[:, :, :, BAD] = 1.0
        transitions[np.arange(H), GOOD, code] = (1.0, 0.0)
        rewards[0, GOOD] = self.decoy
        rewards[0, GOOD, code[0]] = 0.0
        rewards[-1, GOOD, code[-1]] = 1.0
        return Tables(Model(transitions), rewards, first_state(2), H)
