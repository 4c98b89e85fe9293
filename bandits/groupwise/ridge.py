"""Online ridge regression, and the forecaster of Vovk, Azoury and Warmuth, for several learners at once.

With ``A_t = lambda I + sum_{s<=t} x_s x_s^T`` and ``theta_t = A_t^{-1} sum_{s<=t} y_s x_s`` over the learner's own
rows, ridge predicts ``x_t . theta_{t-1}`` and the forward forecaster ``x_t . A_t^{-1} sum_{s<t} y_s x_s``, which is the
former divided by ``1 + x_t . A_{t-1}^{-1} x_t``. Rank-one updates, about ``4 d^2`` operations: with ``u = P x``, ``P -=
u u^T / (1 + x.u)`` and ``theta += u (y - x.theta) / (1 + x.u)``. Products with ``x`` skip its zeros.

Clipping touches the prediction only, never the state. Everything is compiled loops on one thread, no BLAS: the products
are too small for threads to help.

References: V. Vovk, *Competitive On-line Statistics*, 2001; K. Azoury, M. Warmuth, *Relative Loss Bounds for On-line
Density Estimation with the Exponential Family*, Machine Learning 43, 2001. Loss minus ``min_theta(lambda |theta|^2 +
SSE)`` is at most ``ln det(A_n / lambda)``: for ridge clipped to [0, 1] and labels in [0, 1] (derived), for the forward
forecaster with labels in [-1, 1] (recall, Cesa-Bianchi and Lugosi 2006, Theorem 11.8).
"""

from __future__ import annotations

import math

import numpy as np

from bandits.contract import Array
from bandits.groupwise.policy import Mask
from bandits.kernels import kernel


@kernel
def _predict(x: Array, theta: Array, P: Array, u: Array, forward: bool) -> float:
    """The prediction before clipping; leaves ``P x`` in ``u``."""
    d = x.size
    value, leverage = 0.0, 0.0
    for i in range(d):
        u[i] = 0.0
    for j in range(d):
        if x[j] != 0.0:
            value += x[j] * theta[j]
            row = P[j]
            for i in range(d):
                u[i] += x[j] * row[i]
    if forward:
        for j in range(d):
            leverage += x[j] * u[j]
        value /= 1.0 + leverage
    return value


@kernel
def _learn(x: Array, y: float, theta: Array, P: Array, u: Array) -> None:
    """One step with ``u = P x``, which is overwritten."""
    d = x.size
    value, leverage = 0.0, 0.0
    for j in range(d):
        value += x[j] * theta[j]
        leverage += x[j] * u[j]
    step = (y - value) / (1.0 + leverage)
    root = 1.0 / math.sqrt(1.0 + leverage)
    for i in range(d):
        theta[i] += step * u[i]
        u[i] *= root
    for i in range(d):
        row, factor = P[i], u[i]
        for j in range(d):
            row[j] -= factor * u[j]  # products commute: P stays symmetric to the bit


@kernel
def _predict_awake(
    x: Array, awake: Mask, theta: Array, P: Array, u: Array, forward: bool, low: float, high: float, out: Array
) -> None:
    for i in range(out.size):
        out[i] = min(max(_predict(x, theta[i], P[i], u[i], forward), low), high) if awake[i] else 0.0


@kernel
def _learn_awake(x: Array, y: float, awake: Mask, theta: Array, P: Array, u: Array) -> None:
    for i in range(awake.size):
        if awake[i]:
            _learn(x, y, theta[i], P[i], u[i])


@kernel
def _run(
    X: Array,
    y: Array,
    awake: Mask,
    theta: Array,
    P: Array,
    u: Array,
    forward: bool,
    low: float,
    high: float,
    out: Array,
) -> None:
    for i in range(awake.shape[1]):  # one learner after the other: its matrix stays in the cache
        for s in range(awake.shape[0]):
            out[s, i] = 0.0
            if awake[s, i]:
                out[s, i] = min(max(_predict(X[s], theta[i], P[i], u[i], forward), low), high)
                _learn(X[s], y[s], theta[i], P[i], u[i])


class OnlineRidge:
    """Several online ridge regressions, each fed with its own rows.

    Args:
        penalty: lambda, > 0.
        clip: (low, high) that predictions are clipped to; infinite ends for none.
        forward: the forecaster of Vovk, Azoury and Warmuth in place of ridge.

    Attributes:
        theta: [n_learners, dimension] coefficients.
        inverse: [n_learners, dimension, dimension] inverse regularised Gram matrices.
    """

    def __init__(self, penalty: float, clip: tuple[float, float], forward: bool = False) -> None:
        self.penalty, self.clip, self.forward = penalty, clip, forward

    def start(self, number: int, dimension: int) -> None:
        """Forget everything; ``number`` fresh learners."""
        self.theta = np.zeros((0, dimension))
        self.inverse, self._u = np.zeros((0, dimension, dimension)), np.zeros((0, dimension))
        self.grow(number)

    def grow(self, number: int) -> None:
        """Add fresh learners until there are ``number``."""
        d = self.theta.shape[1]
        new = number - len(self.theta)
        if new == 0:
            return
        self.theta = np.concatenate([self.theta, np.zeros((new, d))])
        self._u = np.concatenate([self._u, np.zeros((new, d))])
        self.inverse = np.concatenate([self.inverse, np.tile(np.eye(d) / self.penalty, (new, 1, 1))])

    def predict(self, x: Array, awake: Mask) -> Array:
        """Predictions [n_learners] at ``x`` of the learners awake [n_learners]; 0 of the others."""
        out = np.empty(len(self.theta))
        _predict_awake(x, awake, self.theta, self.inverse, self._u, self.forward, *self.clip, out)
        return out

    def update(self, x: Array, y: float, awake: Mask) -> None:
        """Learn the label of the row that was predicted last, in the same learners."""
        _learn_awake(x, y, awake, self.theta, self.inverse, self._u)

    def run(self, X: Array, y: Array, awake: Mask) -> Array:
        """Predictions [n, n_learners] before each label of ``n`` rows, as by ``predict`` and ``update`` in turn."""
        out = np.empty(awake.shape)
        _run(X, y, awake, self.theta, self.inverse, self._u, self.forward, *self.clip, out)
        return out
