"""What the learner is told on a sequence of linear systems whose solver it tunes."""

from __future__ import annotations

from dataclasses import dataclass

from bandits.contextual.problem import ContextualProblem


@dataclass(frozen=True, kw_only=True)
class SolverProblem(ContextualProblem):
    """Solver tuning: the context describes the coming system, an action is a relaxation parameter (see ``actions``).

    The reward is minus what the solve costs, its iterations.
    """
