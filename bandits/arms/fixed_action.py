"""One arm, always: a fixed setting as a baseline, named by its index or by the number that it stands for."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from bandits.arguments import check_action, integer, real, shown
from bandits.arms.policy import ArmsPolicy
from bandits.arms.problem import Actions, ActionsProblem, Block


class FixedAction(ArmsPolicy[ActionsProblem, Any]):
    """Plays one arm in every round.

    Args:
        arm: index of the arm, >= 0.
        value: the number that the arm stands for in ``problem.actions``, up to a relative 1e-9. Exactly one of ``arm``
            and ``value`` is given.
    """

    decided = True
    plays = (ActionsProblem,)

    def __init__(self, arm: int | None = None, value: float | None = None) -> None:
        if (arm is None) == (value is None):
            raise ValueError(
                f"exactly one of arm and value must be given, got arm={shown(arm)} and value={shown(value)}"
            )
        self.arm = None if arm is None else integer("arm", arm, 0)
        self.value = None if value is None else real("value", value)

    def reset(self, problem: ActionsProblem, rng: np.random.Generator) -> None:
        self._problem, self._n_actions = problem, problem.n_actions
        if self.arm is not None:
            self._arm = integer("arm", self.arm, 0, problem.n_actions - 1)
        elif self.value is not None:
            self._arm = _nearest(self.value, problem.actions)

    def choose(self, observation: Any) -> int:
        return self._arm

    def update(self, observation: Any, action: int, feedback: Any) -> None:
        check_action("action", action, self._n_actions)
        self._problem.checked_feedback(feedback)

    def play(self, block: Block, actions: Actions) -> None:
        actions[:] = self._arm


def _nearest(value: float, actions: tuple[float, ...]) -> int:
    if not actions:
        raise ValueError(f"value={value:g} cannot be played: the actions here stand for no numbers; give arm")
    arm = min(range(len(actions)), key=lambda i: abs(actions[i] - value))
    if not math.isclose(actions[arm], value, rel_tol=1e-9, abs_tol=1e-12):
        raise ValueError(
            f"value must be one of the {len(actions)} actions between {min(actions):g} and {max(actions):g}, "
            f"got {shown(value)}; the nearest is {actions[arm]!r} (arm {arm})"
        )
    return arm
