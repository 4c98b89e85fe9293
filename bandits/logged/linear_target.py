"""Arms by scores that are linear in the context of a row: a model that was fitted elsewhere."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from bandits.arguments import real, shaped
from bandits.contract import Array
from bandits.logged.policy import Target
from bandits.logged.problem import LoggedProblem


class LinearTarget(Target):
    """Scores that are linear in the context: the arm of the largest one, or a softmax of them.

    Args:
        weights: [n_actions][n_coordinates] of each arm; its score is their inner product with the context.
        intercepts: [n_actions] added to the scores; None for zeros.
        temperature: 0 for the arm of the largest score, even among equal ones; else the probability of an arm is
            proportional to ``exp(score / temperature)``.

    Raises:
        ValueError: a parameter out of its domain; or, in ``reset``, other numbers of arms or coordinates.
    """

    def __init__(
        self,
        weights: Sequence[Sequence[float]],
        intercepts: Sequence[float] | None = None,
        temperature: float = 0.0,
    ) -> None:
        self.weights, self.intercepts = weights, intercepts
        self.temperature = real("temperature", temperature, 0.0, closed="low")
        self._weights = shaped("weights", weights, (None, None))
        n = len(self._weights)
        self._intercepts = np.zeros(n) if intercepts is None else shaped("intercepts", intercepts, (n,))

    def reset(self, problem: LoggedProblem, rng: np.random.Generator) -> None:
        wanted = (problem.n_actions, len(problem.contexts))
        if self._weights.shape != wanted:
            raise ValueError(
                f"weights must be of {wanted[0]} arms and {wanted[1]} coordinates of contexts, got a table of shape "
                f"{self._weights.shape}"
            )
        self._problem = problem

    def _plan(self, context: Array) -> Array:
        scores = self._weights @ context + self._intercepts
        scores = scores - scores.max()
        shares = np.exp(scores / self.temperature) if self.temperature > 0.0 else (scores == 0.0).astype(np.float64)
        return np.asarray(shares / shares.sum())
