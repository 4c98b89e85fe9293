"""Deterministic information-directed sampling: what a round may cost against what it tells.

With the radius beta of OFUL, predictions m and widths ``sqrt(q)``,

    up = m + beta sqrt(q),  low = m - beta sqrt(q),  Gap(a) = max up - low(a),  I(a) = ln(1 + q(a)),

play the action with the least ``Gap^2 / I`` (infinite where I = 0, unless the Gap is 0, too). With ``gain="directed"``
the information is about one direction, that of the most promising action x = argmax up:

    I(a) = ln(|x|^2 / |x|^2 once a is played), norms of V^-1, = -ln(1 - (x^T V^-1 a)^2 / (|x|^2 (1 + q(a)))).

Reference: J. Kirschner and A. Krause, *Information Directed Sampling and Bandits with Heteroscedastic Noise*, COLT 2018
(recalled); the tie rule and the bound on the regret are of this project.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from bandits.arguments import one_of, probability
from bandits.arms.problem import Actions, Block
from bandits.contract import Array, Bound, Instance
from bandits.kernels import kernel
from bandits.linear.ellipsoid import Radius, new_radius, radius_of
from bandits.linear.policy import RidgePolicy
from bandits.linear.problem import LinearActionsProblem
from bandits.linear.ridge import Ridge, first_best, learn, look
from bandits.linear.theory import LinearModel, confidence, optimism_bounds


@kernel
def _gains(rows: Array, x: int, ridge: Ridge, direction: Array, directed: bool, gains: Array) -> None:
    """Fill in I(a) of all actions."""
    if not directed:
        for i in range(gains.size):
            gains[i] = math.log1p(max(ridge.norms[i], 0.0))
        return
    square, d = max(ridge.norms[x], 0.0), direction.size
    for j in range(d):
        direction[j] = 0.0
        for k in range(d):
            direction[j] += ridge.inverse[j, k] * rows[x, k]
    for i in range(gains.size):
        inner = 0.0
        for j in range(d):
            inner += direction[j] * rows[i, j]
        share = inner * inner / (square * (1.0 + max(ridge.norms[i], 0.0))) if square > 0.0 else 0.0
        gains[i] = -math.log1p(-min(share, 1.0 - 1e-16))


@kernel
def _choose(
    rows: Array, ridge: Ridge, fixed: bool, radius: Radius, directed: bool, direction: Array, gains: Array
) -> int:
    if not fixed:
        look(rows, ridge)
    beta = radius_of(ridge, radius)
    for i in range(gains.size):
        ridge.scores[i] = ridge.means[i] + beta * math.sqrt(max(ridge.norms[i], 0.0))
    x = first_best(ridge.scores)
    best = np.max(ridge.scores)
    _gains(rows, x, ridge, direction, directed, gains)
    for i in range(gains.size):
        gap = best - (ridge.means[i] - beta * math.sqrt(max(ridge.norms[i], 0.0)))
        if gains[i] > 0.0:
            ridge.scores[i] = -gap * gap / gains[i]
        else:
            ridge.scores[i] = 0.0 if gap == 0.0 else -math.inf
    if np.max(ridge.scores) == -math.inf:
        return x
    return first_best(ridge.scores)


@kernel
def _play(
    block: Block,
    features: Array,
    actions: Actions,
    ridge: Ridge,
    fixed: bool,
    radius: Radius,
    directed: bool,
    direction: Array,
    gains: Array,
) -> None:
    step = 0 if fixed else 1
    for s in range(actions.size):
        rows = features[s * step]
        arm = _choose(rows, ridge, fixed, radius, directed, direction, gains)
        reward = block.levels[s * block.stride, arm] + block.noise[s]
        if block.binary:
            reward = 1.0 if reward > 0.0 else 0.0
        learn(rows, arm, reward, ridge, fixed)
        actions[s] = arm


class LinearIDS(RidgePolicy):
    """Deterministic information-directed sampling of Kirschner and Krause (2018), from memory.

    Args:
        gain: what counts as information: "full", ``ln(1 + q)``, or "directed", about the most promising action.
        ridge: lambda > 0.
        delta: probability in (0, 1) with which the confidence set may fail; None for ``1 / horizon``, and for 0.01
            where the horizon is not told.
    """

    decided = True

    def __init__(self, gain: str = "full", ridge: float = 1.0, delta: float | None = None) -> None:
        super().__init__(ridge)
        self.gain = one_of("gain", gain, ("full", "directed"))
        self.delta = None if delta is None else probability("delta", delta)

    def begin(self, problem: LinearActionsProblem) -> None:
        self._radius = new_radius(problem, confidence(self.delta, problem.horizon))
        self._direction, self._gains = np.zeros(problem.dimension), np.zeros(problem.n_actions)

    def pick(self, rows: Array) -> int:
        return _choose(rows, *self._state())

    def play(self, block: Block, features: Array, actions: Actions) -> None:
        _play(block, features, actions, *self._state())

    def _state(self) -> tuple[Ridge, bool, Radius, bool, Array, Array]:
        return self._ridge, self._fixed, self._radius, self.gain == "directed", self._direction, self._gains

    def regret_bounds(self, problem: LinearActionsProblem, instance: Instance) -> Sequence[Bound]:
        """As OFUL's: the action of the largest ``up`` has ``Gap = 2 beta sqrt(q)``.

        So the least ``Gap^2 / I`` is at most ``4 beta^2 c``; regret is at most Gap, and information in one direction at
        most the full one, which adds up to at most G_t.
        """
        if not isinstance(instance, LinearModel):
            return ()
        delta = confidence(self.delta, problem.horizon)
        return optimism_bounds("IDS", instance, problem, self.ridge, delta)
