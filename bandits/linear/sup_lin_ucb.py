"""SupLinUCB: stages of precision, so that the rewards of each stage are independent given its features.

Stages ``s = 1..N``, ``N = max(1, ceil(log2(T) / 2))``, each with a regression of its own. In a round, from the first
stage on with all actions live, with widths ``w = W sqrt(a^T V_s^-1 a)`` and predictions m of the stage:

    if max w > u 2^-s over the live ones: play the widest; the stage learns from its reward
    else if s = N or max w <= u / sqrt(T): play the largest m + w; nothing is learned
    else: only those with m + w >= max(m + w) - 2 u 2^-s stay live, and the next stage is asked

with ``W = sigma sqrt(2 ln(2 T K N / delta)) + sqrt(lambda) S`` and the unit u of rewards. It is a device of proofs: it
explores nearly all the time, and its bound says little before millions of rounds.

Reference: W. Chu, L. Li, L. Reyzin, R. Schapire, *Contextual Bandits with Linear Payoff Functions*, AISTATS 2011
(recalled, with ``alpha = sqrt(ln(2 T K / delta) / 2)`` for rewards in [0, 1]); the scaling and the bound's constants
are derived in this project.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from bandits.arguments import positive, probability
from bandits.arms.problem import Actions, Block
from bandits.contract import Array, Bound, Instance
from bandits.kernels import kernel
from bandits.linear.policy import LinearPolicy
from bandits.linear.problem import LinearActionsProblem
from bandits.linear.ridge import Ridge, first_best, learn, look, new_ridge
from bandits.linear.theory import (
    LINEAR,
    NOISE,
    NORMS,
    STEADY,
    LinearModel,
    comparator_class,
    confidence,
    holds,
    log_determinant,
    stretched,
)


@kernel
def _stage(stages: Ridge, s: int) -> Ridge:
    """The regression of one stage, of all that lie behind each other."""
    return Ridge(
        stages.gram[s],
        stages.moment[s],
        stages.gram_rest[s],
        stages.moment_rest[s],
        stages.inverse[s],
        stages.theta[s],
        stages.gain[s],
        stages.means[s],
        stages.norms[s],
        stages.scores[s],
        stages.lower[s],
        stages.counts[s],
    )


@kernel
def _choose(rows: Array, stages: Ridge, fixed: bool, width: float, unit: float, precision: float) -> tuple[int, int]:
    """(the action, the stage that learns from it, or -1)."""
    n_stages, k = stages.theta.shape[0], rows.shape[0]
    live = np.ones(k, dtype=np.bool_)
    for s in range(n_stages):
        ridge = _stage(stages, s)
        if not fixed:
            look(rows, ridge)
        scale, scores = unit * 2.0 ** -(s + 1), ridge.scores
        for i in range(k):
            scores[i] = width * math.sqrt(max(ridge.norms[i], 0.0)) if live[i] else -math.inf
        widest = np.max(scores)
        if widest > scale:
            return first_best(scores), s
        for i in range(k):
            scores[i] += ridge.means[i] if live[i] else 0.0
        if s == n_stages - 1 or widest <= precision:
            return first_best(scores), -1
        best = np.max(scores)
        for i in range(k):
            live[i] &= scores[i] >= best - 2.0 * scale
    return 0, -1


@kernel
def _play(
    block: Block,
    features: Array,
    actions: Actions,
    stages: Ridge,
    fixed: bool,
    width: float,
    unit: float,
    precision: float,
) -> None:
    step = 0 if fixed else 1
    for s in range(actions.size):
        rows = features[s * step]
        arm, stage = _choose(rows, stages, fixed, width, unit, precision)
        reward = block.levels[s * block.stride, arm] + block.noise[s]
        if block.binary:
            reward = 1.0 if reward > 0.0 else 0.0
        if stage >= 0:
            learn(rows, arm, reward, _stage(stages, stage), fixed)
        actions[s] = arm


class SupLinUCB(LinearPolicy):
    """SupLinUCB of Chu, Li, Reyzin and Schapire (2011), scaled to any rewards. Needs a horizon.

    Args:
        unit: u > 0, unit of rewards; None for ``max(1, w / 2)``, w the largest gap that the problem allows.
        ridge: lambda > 0.
        delta: in (0, 1), probability with which a width may fail; None for ``1 / horizon``.
    """

    decided = True

    def __init__(self, unit: float | None = None, ridge: float = 1.0, delta: float | None = None) -> None:
        self.unit = None if unit is None else positive("unit", unit)
        self.ridge = positive("ridge", ridge)
        self.delta = None if delta is None else probability("delta", delta)

    def _constants(self, problem: LinearActionsProblem) -> tuple[int, float, float]:
        """(N, W, u)."""
        if problem.horizon is None:
            raise ValueError("SupLinUCB needs a horizon: the problem has horizon=None")
        horizon, delta = problem.horizon, confidence(self.delta, problem.horizon)
        n_stages = max(1, math.ceil(math.log2(horizon) / 2.0))
        log = math.log(2.0 * horizon * problem.n_actions * n_stages / delta)
        width = problem.sigma * math.sqrt(2.0 * log) + math.sqrt(self.ridge) * problem.parameter_norm
        return n_stages, width, max(1.0, problem.largest_gap / 2.0) if self.unit is None else self.unit

    def start(self, problem: LinearActionsProblem) -> None:
        n_stages, self._width, self._unit = self._constants(problem)
        one = new_ridge(problem.n_actions, problem.dimension, self.ridge)
        if self._fixed:
            look(self._rows, one)
        parts: list[Any] = [np.stack([part] * n_stages) for part in one]
        self._stages = Ridge(*parts)
        self._precision = self._unit / math.sqrt(problem.horizon or 1)
        self._stage = -1

    def pick(self, rows: Array) -> int:
        arm, self._stage = _choose(rows, *self._state())
        return arm

    def take(self, rows: Array, action: int, reward: float) -> None:
        if self._stage >= 0:
            learn(rows, action, reward, _stage(self._stages, self._stage), self._fixed)

    def play(self, block: Block, features: Array, actions: Actions) -> None:
        _play(block, features, actions, *self._state())

    def _state(self) -> tuple[Ridge, bool, float, float, float]:
        return self._stages, self._fixed, self._width, self._unit, self._precision

    def regret_bounds(self, problem: LinearActionsProblem, instance: Instance) -> Sequence[Bound]:
        """``2 u sqrt(T) + 8 W sqrt(N T c G_T) + delta T gmax`` at the horizon (derived).

        Actions alive at stage s >= 2 have gaps of at most ``8 u 2^-s``, and the stage learns in n_s rounds with
        ``n_s u 2^-s < sum w <= W sqrt(n_s c G)``; Cauchy and Schwarz over the stages. A round without learning costs
        at most ``2 u / sqrt(T)``.
        """
        if not isinstance(instance, LinearModel) or instance.largest_gap is None or problem.horizon is None:
            return ()
        n_stages, width, unit = self._constants(problem)
        horizon, gap, delta = problem.horizon, instance.largest_gap, confidence(self.delta, problem.horizon)
        growth = float(log_determinant(np.array([float(horizon)]), problem, self.ridge)[0])
        growth *= stretched(problem.feature_norm**2 / self.ridge)
        value = 2.0 * unit * math.sqrt(horizon) + 8.0 * width * math.sqrt(n_stages * horizon * growth)
        value += delta * horizon * gap
        return (
            Bound(
                "SupLinUCB bound",
                "upper",
                lambda t: np.full_like(t, value),
                comparator_class(instance),
                "Chu, Li, Reyzin, Schapire 2011 [recall]; constants derived in this project",
                "derived",
                holds(instance, problem, LINEAR, NORMS, NOISE, STEADY),
                time="at the horizon",
            ),
        )
