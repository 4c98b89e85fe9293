"""OFUL, or LinUCB with a shared parameter: optimism with the self-normalised confidence ellipsoid.

With ``V = lambda I + sum a a^T``, ``theta = V^-1 sum y a`` and ``D = ln det V - d ln lambda`` of the rounds so far,
play the action with the largest

    <theta, a> + beta sqrt(a^T V^-1 a),    beta = sigma sqrt(2 ln(1 / delta) + D) + sqrt(lambda) S.

With probability at least ``1 - delta`` the true parameter is within beta of theta, in the norm of V, in all rounds at
once. Where mean rewards differ by up to ``eps`` from linear ones, the radius ``beta + eps sqrt(t - 1)`` serves (derived
in this project: ``|sum nu a|`` is at most ``eps sqrt(t - 1)`` in the norm of V^-1).

References: Y. Abbasi-Yadkori, D. Pál, C. Szepesvári, *Improved Algorithms for Linear Stochastic Bandits*, NIPS 2011,
Theorem 2 (recalled) for the radius; the bounds on the regret are derived in this project, see ``theory``.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from bandits.arguments import flag, positive, probability
from bandits.arms.problem import Actions, Block
from bandits.contract import Array, Bound, Instance
from bandits.kernels import kernel
from bandits.linear.ellipsoid import Radius, new_radius, radius_of
from bandits.linear.policy import RidgePolicy
from bandits.linear.problem import LinearActionsProblem
from bandits.linear.ridge import Ridge, first_best, learn, look
from bandits.linear.theory import LinearModel, confidence, optimism_bounds
from bandits.linear.trace import Trace, new_trace, note


@kernel
def _choose(rows: Array, ridge: Ridge, fixed: bool, beta: float) -> int:
    if not fixed:
        look(rows, ridge)
    for i in range(ridge.means.size):
        ridge.scores[i] = ridge.means[i] + beta * math.sqrt(max(ridge.norms[i], 0.0))
    return first_best(ridge.scores)


@kernel
def _learn(rows: Array, arm: int, reward: float, ridge: Ridge, fixed: bool, beta: float, trace: Trace) -> None:
    note(trace, 2.0 * beta * math.sqrt(max(learn(rows, arm, reward, ridge, fixed), 0.0)))


@kernel
def _play(
    block: Block, features: Array, actions: Actions, ridge: Ridge, fixed: bool, radius: Radius, trace: Trace
) -> None:
    step = 0 if fixed else 1
    for s in range(actions.size):
        rows = features[s * step]
        beta = radius_of(ridge, radius)
        arm = _choose(rows, ridge, fixed, beta)
        reward = block.levels[s * block.stride, arm] + block.noise[s]
        if block.binary:
            reward = 1.0 if reward > 0.0 else 0.0
        _learn(rows, arm, reward, ridge, fixed, beta, trace)
        actions[s] = arm


class OFUL(RidgePolicy):
    """OFUL of Abbasi-Yadkori, Pál and Szepesvári (2011); one parameter for all actions.

    (``LinUCB`` of the family "contextual" has a parameter for each action.)

    Args:
        ridge: lambda > 0.
        delta: probability in (0, 1) with which the confidence set may fail; None for ``1 / horizon``, and for 0.01
            where the horizon is not told.
        width: a constant radius > 0 in place of beta: a heuristic without a bound.
        inflate: whether the radius makes up for the problem's ``misspecification``.
    """

    decided = True

    def __init__(
        self, ridge: float = 1.0, delta: float | None = None, width: float | None = None, inflate: bool = False
    ) -> None:
        super().__init__(ridge)
        self.delta = None if delta is None else probability("delta", delta)
        self.width = None if width is None else positive("width", width)
        self.inflate = flag("inflate", inflate)

    def begin(self, problem: LinearActionsProblem) -> None:
        error = problem.misspecification if self.inflate else 0.0
        self._radius = new_radius(problem, confidence(self.delta, problem.horizon), error, self.width)
        self._trace = new_trace()

    def pick(self, rows: Array) -> int:
        return _choose(rows, self._ridge, self._fixed, radius_of(self._ridge, self._radius))

    def take(self, rows: Array, action: int, reward: float) -> None:
        beta = radius_of(self._ridge, self._radius)
        _learn(rows, action, reward, self._ridge, self._fixed, beta, self._trace)

    def play(self, block: Block, features: Array, actions: Actions) -> None:
        _play(block, features, actions, self._ridge, self._fixed, self._radius, self._trace)

    def regret_bounds(self, problem: LinearActionsProblem, instance: Instance) -> Sequence[Bound]:
        """``2 B_t sqrt(t c G_t) + delta t gmax``, see ``theory.optimism_bounds``, and that of this run."""
        if self.width is not None or not isinstance(instance, LinearModel):
            return ()
        delta, trace = confidence(self.delta, problem.horizon), getattr(self, "_trace", None)
        error = problem.misspecification if self.inflate else None
        return optimism_bounds("OFUL", instance, problem, self.ridge, delta, error=error, trace=trace)
