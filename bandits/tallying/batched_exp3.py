"""Batched Exp3: the drawn action is held for ``tau`` rounds, and Exp3 learns from the mean of the batch.

With ``Lhat_x`` the estimated loss, ``p_x = exp(-eta Lhat_x) / sum``, ``eta = sqrt(2 ln K / (K T / tau))``; an action is
drawn from ``p``, played ``tau`` times, and ``Lhat_x += mean / p_x``. One uniform a batch. Losses are
``(high - reward) / (high - low)``.

Reference: R. Arora, O. Dekel, A. Tewari, *Online Bandit Learning against an Adaptive Adversary: from Regret to Policy
Regret*, ICML 2012: policy regret ``(m + 1) (7 K ln K)^(1/3) T^(2/3)`` against constant play, with
``tau = (7 K ln K)^(-1/3) T^(1/3)`` (both recalled, not read again). Discarding the first losses of a batch
(``memory``) is a variant of this project, without a theorem.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bandits.arguments import integer
from bandits.arms.problem import BanditProblem
from bandits.contract import Array, Assumption, Bound, Instance
from bandits.kernels import kernel
from bandits.tallying.policy import RunPolicy
from bandits.tallying.theory import TallyingInstance


def batch_length(horizon: int, n_actions: int) -> int:
    """``tau = max(1, round((7 K ln K)^(-1/3) T^(1/3)))``; 1 for a single action."""
    scale = 7.0 * n_actions * math.log(n_actions)
    return 1 if scale == 0.0 else max(1, round(math.cbrt(horizon / scale)))


@kernel
def _with_losses(total: float, rewards: Array, skipped: int, high: float, span: float) -> float:
    """``total`` plus all losses but some ``skipped``, one by one, so that it does not matter where a run is cut."""
    for s in range(skipped, rewards.size):
        total += (high - rewards[s]) / span
    return total


class BatchedExp3(RunPolicy):
    """Exp3 on batches of Arora, Dekel and Tewari (2012).

    Args:
        batch: rounds of a batch, tau >= 1; None takes the length above from the horizon.
        memory: M >= 1; the first ``min(M - 1, tau - 1)`` losses of a batch are not used.
    """

    def __init__(self, batch: int | None = None, memory: int = 1) -> None:
        self.batch = None if batch is None else integer("batch", batch)
        self.memory = integer("memory", memory)

    def _batch_of(self, problem: BanditProblem) -> int:
        if problem.horizon is None:
            raise ValueError("BatchedExp3 needs a horizon: the problem has horizon=None")
        return batch_length(problem.horizon, problem.n_actions) if self.batch is None else self.batch

    def start(self, problem: BanditProblem) -> None:
        if not problem.bounded:
            raise ValueError(f"BatchedExp3 needs rewards in a finite range, got [{problem.low}, {problem.high}]")
        self._batch = self._batch_of(problem)
        self._discard = min(self.memory, self._batch) - 1
        self._high, self._span = problem.high, problem.high - problem.low
        assert problem.horizon is not None
        actions = problem.n_actions
        self._eta = math.sqrt(2.0 * math.log(actions) / (actions * problem.horizon / self._batch))
        self._losses = np.zeros(actions)
        self._action, self._played, self._sum = -1, self._batch, 0.0

    def intend(self) -> Iterator[tuple[int, int]]:
        if self._played == self._batch:
            weights = np.exp(-self._eta * (self._losses - self._losses.min()))
            cumulative = weights.cumsum()
            draw = self._rng.random() * cumulative[-1]
            self._action = min(int(cumulative.searchsorted(draw, "right")), weights.size - 1)
            self._chance = float(weights[self._action] / cumulative[-1])
            self._played, self._sum = 0, 0.0
        yield self._action, self._batch - self._played

    def probabilities(self, observation: Any) -> Array:
        if self._played < self._batch:
            return self.problem_given().distribution_of(self._action)
        weights = np.exp(-self._eta * (self._losses - self._losses.min()))
        return np.asarray(weights / weights.sum())

    def learn(self, runs: NDArray[np.int64], rewards: Array) -> None:
        skipped = max(0, self._discard - self._played)
        self._sum = _with_losses(self._sum, rewards, skipped, self._high, self._span)
        self._played += rewards.size
        if self._played == self._batch:
            mean = self._sum / (self._batch - self._discard)
            self._losses[self._action] += mean / self._chance

    def regret_bounds(self, problem: BanditProblem, instance: Instance) -> Sequence[Bound]:
        """``(m + 1) (7 K ln K)^(1/3) T^(2/3)`` at the horizon, against the best single action (recalled)."""
        if not isinstance(instance, TallyingInstance):
            return ()
        horizon = problem.horizon
        if horizon is None or self.memory != 1 or not problem.bounded:
            return ()
        best = batch_length(horizon, problem.n_actions)
        scale = (instance.memory + 1.0) * math.cbrt(7.0 * problem.n_actions * math.log(problem.n_actions))
        return (
            Bound(
                "batched Exp3 bound",
                "upper",
                lambda t: (problem.high - problem.low) * scale * np.cbrt(t) ** 2,
                "constant",
                "Arora, Dekel, Tewari 2012 (constants not read again)",
                "recalled",
                (Assumption("batches of the length in the theorem", self._batch_of(problem) == best),),
                time="at the horizon",
            ),
        )
