"""OFUL that rarely changes its mind: the action is worked out anew only when ``det V`` has grown by the factor 1 + C.

    before a choice: in the first round, or if D > D_last + ln(1 + C) + 1e-9: keep theta, V^-1, beta and D as last ones
    play the action with the largest <theta_last, a> + beta_last sqrt(a^T V_last^-1 a)

There are at most ``1 + d ln(1 + T L^2 / (lambda d)) / ln(1 + C)`` such rounds. (With integer features, lambda = 1 and
C = 1, D comes to stand exactly at the threshold, and rounding would decide without the 1e-9.)

Reference: Y. Abbasi-Yadkori, D. Pál, C. Szepesvári, *Improved Algorithms for Linear Stochastic Bandits*, NIPS 2011,
Section 5.1 (recalled); the bound on the regret is derived in this project.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from bandits.arguments import positive, probability
from bandits.arms.problem import Actions, Block
from bandits.contract import Array, Bound, Instance
from bandits.kernels import kernel
from bandits.linear.ellipsoid import Radius, new_radius, radius_of
from bandits.linear.policy import RidgePolicy
from bandits.linear.problem import LinearActionsProblem
from bandits.linear.ridge import Ridge, first_best, learn, scores_of
from bandits.linear.theory import LinearModel, confidence, optimism_bounds

LAST = np.dtype([("threshold", np.float64), ("beta", np.float64), ("action", np.int64), ("times", np.int64)])
"""D beyond which all is worked out anew, the radius kept, the action on a fixed set, and how often it was."""


@kernel
def _choose(
    rows: Array,
    ridge: Ridge,
    fixed: bool,
    radius: Radius,
    growth: float,
    last: NDArray[np.void],
    theta: Array,
    inverse: Array,
) -> int:
    now = last[0]
    log_det = ridge.counts[0]["log_det"]
    anew = log_det > now["threshold"]
    if anew:
        now["threshold"], now["beta"] = log_det + growth + 1e-9, radius_of(ridge, radius)
        now["times"] += 1
        theta[:] = ridge.theta
        inverse[:] = ridge.inverse
    if anew or not fixed:
        scores_of(rows, theta, inverse, now["beta"], ridge.scores)
        now["action"] = first_best(ridge.scores)
    return int(now["action"])


@kernel
def _play(
    block: Block,
    features: Array,
    actions: Actions,
    ridge: Ridge,
    fixed: bool,
    radius: Radius,
    growth: float,
    last: NDArray[np.void],
    theta: Array,
    inverse: Array,
) -> None:
    step = 0 if fixed else 1
    for s in range(actions.size):
        rows = features[s * step]
        arm = _choose(rows, ridge, fixed, radius, growth, last, theta, inverse)
        reward = block.levels[s * block.stride, arm] + block.noise[s]
        if block.binary:
            reward = 1.0 if reward > 0.0 else 0.0
        learn(rows, arm, reward, ridge, False)
        actions[s] = arm


class RarelySwitchingOFUL(RidgePolicy):
    """Rarely switching OFUL of Abbasi-Yadkori, Pál and Szepesvári (2011).

    Args:
        growth: C > 0: the determinant grows by ``1 + C`` between two computations.
        ridge: lambda > 0.
        delta: probability in (0, 1) with which the confidence set may fail; None for ``1 / horizon``, and for 0.01
            where the horizon is not told.
    """

    decided = True

    def __init__(self, growth: float = 1.0, ridge: float = 1.0, delta: float | None = None) -> None:
        super().__init__(ridge)
        self.growth = positive("growth", growth)
        self.delta = None if delta is None else probability("delta", delta)

    def begin(self, problem: LinearActionsProblem) -> None:
        d = problem.dimension
        self._radius = new_radius(problem, confidence(self.delta, problem.horizon))
        self._last = np.array([(-math.inf, 0.0, 0, 0)], dtype=LAST)
        self._theta, self._inverse = np.zeros(d), np.zeros((d, d))

    @property
    def computations(self) -> int:
        """How often the action was worked out anew in the run so far."""
        return int(self._last[0]["times"])

    def pick(self, rows: Array) -> int:
        return _choose(rows, *self._state())

    def take(self, rows: Array, action: int, reward: float) -> None:
        learn(rows, action, reward, self._ridge, False)

    def play(self, block: Block, features: Array, actions: Actions) -> None:
        _play(block, features, actions, *self._state())

    def _state(self) -> tuple[Ridge, bool, Radius, float, NDArray[np.void], Array, Array]:
        growth = math.log1p(self.growth)
        return self._ridge, self._fixed, self._radius, growth, self._last, self._theta, self._inverse

    def regret_bounds(self, problem: LinearActionsProblem, instance: Instance) -> Sequence[Bound]:
        """``2 sqrt(1 + C) B_t sqrt(t c G_t) + delta t gmax``: widths of V_last exceed those of V by ``sqrt(1 + C)``."""
        if not isinstance(instance, LinearModel):
            return ()
        delta, factor = confidence(self.delta, problem.horizon), 2.0 * math.sqrt(1.0 + self.growth)
        return optimism_bounds("rarely switching OFUL", instance, problem, self.ridge, delta, factor=factor)
