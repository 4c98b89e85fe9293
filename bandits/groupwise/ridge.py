"""Online ridge regression, and the forecaster of Vovk, Azoury and Warmuth, for several learners at once.

With ``A_t = lambda I + sum_{s<=t} x_s x_s^T`` and ``theta_t = A_t^{-1} sum_{s<=t} y_s x_s`` over the learner's own
rows, ridge predicts ``x_t . theta_{t-1}`` and the forward forecaster ``x_t . A_t^{-1} sum_{s<t} y_s x_s``, which is the
former divided by ``1 + x_t . A_{t-1}^{-1} x_t``. Rank-one updates: with ``u = P x``, ``P -= u u^T / (1 + x.u)`` and
``theta += u (y - x.theta) / (1 + x.u)``. ``P`` is brought up to date once in eight rows of a learner: till then the
scaled ``u`` wait and ``P x`` allows for them, so that the matrix crosses the processor's caches an eighth as often.
Products with ``x`` skip its zeros.

Clipping touches the prediction only, never the state. Everything is compiled loops on one thread, no BLAS: the products
are too small for threads to help.

References: V. Vovk, *Competitive On-line Statistics*, 2001; K. Azoury, M. Warmuth, *Relative Loss Bounds for On-line
Density Estimation with the Exponential Family*, Machine Learning 43, 2001. Loss minus ``min_theta(lambda |theta|^2 +
SSE)`` is at most ``ln det(A_n / lambda)``: for ridge clipped to [0, 1] and labels in [0, 1] (derived), for the forward
forecaster with labels in [-1, 1] (recall, Cesa-Bianchi and Lugosi 2006, Theorem 11.8).
"""

from __future__ import annotations

import math
from typing import ClassVar, NamedTuple

import numpy as np
from numpy.typing import NDArray

from bandits.arguments import positive
from bandits.contract import Array
from bandits.groupwise.problem import Mask, RegressionProblem
from bandits.kernels import kernel

Clip = tuple[float, float]
Places = NDArray[np.int64]

DELAY = 8
"""Updates of a matrix that are made at once; ``_settle`` is written for this number."""
CHUNK = 256
"""Rows that all learners work through before the next ones."""


@kernel
def _list_nonzeros(x: Array, places: Places) -> int:
    number = 0
    for j in range(x.size):
        if x[j] != 0.0:
            places[number] = j
            number += 1
    return number


@kernel
def _predict(
    x: Array, at: Places, theta: Array, P: Array, waiting: Array, count: int, u: Array, forward: bool
) -> float:
    """The prediction before clipping; leaves ``P x`` in ``u``. The nonzeros of ``x`` stand ``at`` these places."""
    d, m, q = x.size, at.size, 0
    for i in range(d):
        u[i] = 0.0
    while q + 4 <= m:  # four at a time, for fewer loads and stores
        a, b, c, e = x[at[q]], x[at[q + 1]], x[at[q + 2]], x[at[q + 3]]
        A, B, C, E = P[at[q]], P[at[q + 1]], P[at[q + 2]], P[at[q + 3]]
        for i in range(d):
            u[i] += (a * A[i] + b * B[i]) + (c * C[i] + e * E[i])
        q += 4
    while q < m:
        a, A = x[at[q]], P[at[q]]
        for i in range(d):
            u[i] += a * A[i]
        q += 1
    for k in range(0, count, 4):  # rows of ``waiting`` from ``count`` on are zero
        A, B, C, E = waiting[k], waiting[k + 1], waiting[k + 2], waiting[k + 3]
        a, b, c, e = 0.0, 0.0, 0.0, 0.0
        for j in at:
            a += x[j] * A[j]
            b += x[j] * B[j]
            c += x[j] * C[j]
            e += x[j] * E[j]
        for i in range(d):
            u[i] -= (a * A[i] + b * B[i]) + (c * C[i] + e * E[i])
    value, leverage = 0.0, 0.0
    for j in at:
        value += x[j] * theta[j]
        leverage += x[j] * u[j]
    return value / (1.0 + leverage) if forward else value


@kernel
def _settle(P: Array, waiting: Array) -> None:
    """Subtract the squares of the eight rows waiting, and clear them."""
    A, B, C, E = waiting[0], waiting[1], waiting[2], waiting[3]
    F, G, H, K = waiting[4], waiting[5], waiting[6], waiting[7]
    for i in range(P.shape[0]):
        row, a, b, c, e, f, g, h, k = P[i], A[i], B[i], C[i], E[i], F[i], G[i], H[i], K[i]
        for j in range(P.shape[0]):  # products commute: P stays symmetric to the bit
            row[j] -= ((a * A[j] + b * B[j]) + (c * C[j] + e * E[j])) + ((f * F[j] + g * G[j]) + (h * H[j] + k * K[j]))
    waiting[:] = 0.0


@kernel
def _learn(x: Array, at: Places, y: float, theta: Array, P: Array, waiting: Array, count: int, u: Array) -> int:
    """One step with ``u = P x``; the number of updates that wait after it."""
    value, leverage = 0.0, 0.0
    for j in at:
        value += x[j] * theta[j]
        leverage += x[j] * u[j]
    step, root, new = (y - value) / (1.0 + leverage), 1.0 / math.sqrt(1.0 + leverage), waiting[count]
    for i in range(x.size):
        theta[i] += step * u[i]
        new[i] = root * u[i]
    if count + 1 < waiting.shape[0]:
        return count + 1
    _settle(P, waiting)
    return 0


@kernel
def _predict_awake(
    x: Array,
    awake: Mask,
    theta: Array,
    P: Array,
    waiting: Array,
    counts: Places,
    u: Array,
    forward: bool,
    low: float,
    high: float,
    out: Array,
) -> None:
    places = np.empty(x.size, np.int64)
    at = places[: _list_nonzeros(x, places)]
    for i in range(out.size):
        out[i] = 0.0
        if awake[i]:
            out[i] = min(max(_predict(x, at, theta[i], P[i], waiting[i], counts[i], u[i], forward), low), high)


@kernel
def _learn_awake(
    x: Array, y: float, awake: Mask, theta: Array, P: Array, waiting: Array, counts: Places, u: Array
) -> None:
    places = np.empty(x.size, np.int64)
    at = places[: _list_nonzeros(x, places)]
    for i in range(awake.size):
        if awake[i]:
            counts[i] = _learn(x, at, y, theta[i], P[i], waiting[i], counts[i], u[i])


@kernel
def _run(
    X: Array,
    y: Array,
    awake: Mask,
    theta: Array,
    P: Array,
    waiting: Array,
    counts: Places,
    u: Array,
    forward: bool,
    low: float,
    high: float,
    out: Array,
) -> None:
    n, d = X.shape
    places, numbers = np.empty((min(n, CHUNK), d), np.int64), np.empty(min(n, CHUNK), np.int64)
    for start in range(0, n, CHUNK):
        end = min(start + CHUNK, n)
        for s in range(start, end):
            numbers[s - start] = _list_nonzeros(X[s], places[s - start])
        for i in range(awake.shape[1]):  # one learner after the other: its matrix stays in the cache
            own, inverse, wait, v, count = theta[i], P[i], waiting[i], u[i], counts[i]
            for s in range(start, end):
                out[s, i] = 0.0
                if awake[s, i]:
                    x, at = X[s], places[s - start, : numbers[s - start]]
                    out[s, i] = min(max(_predict(x, at, own, inverse, wait, count, v, forward), low), high)
                    count = _learn(x, at, y[s], own, inverse, wait, count, v)
            counts[i] = count


class State(NamedTuple):
    """Of several learners.

    Attributes:
        theta: [n_learners, dimension] coefficients.
        P: [n_learners, dimension, dimension] inverse regularised Gram matrices before the updates that wait.
        waiting: [n_learners, DELAY, dimension] updates that wait, then zeros.
        counts: [n_learners] their number.
    """

    theta: Array
    P: Array
    waiting: Array
    counts: Places


class OnlineRidge:
    """Several online ridge regressions, each fed with its own rows.

    Args:
        penalty: lambda, > 0.
    """

    forward: ClassVar[bool] = False
    """Whether it is the forecaster of Vovk, Azoury and Warmuth in place of ridge."""

    def __init__(self, penalty: float = 1.0) -> None:
        self.penalty = positive("penalty", penalty)

    @property
    def theta(self) -> Array:
        """Coefficients [n_learners, dimension]."""
        return self._state.theta

    @property
    def inverse(self) -> Array:
        """Inverse regularised Gram matrices [n_learners, dimension, dimension], up to date."""
        inverses = self._state.P.copy()
        for P, waiting in zip(inverses, self._state.waiting.copy(), strict=True):
            _settle(P, waiting)
        return inverses

    def start(self, number: int, problem: RegressionProblem, clip: Clip) -> None:
        """Forget everything; ``number`` fresh learners of ``problem``, whose predictions are clipped."""
        self._state, self._clip = self._fresh(number, problem.dimension), clip

    def grow(self, number: int) -> None:
        """Add fresh learners until there are ``number``."""
        new, d = number - len(self.theta), self.theta.shape[1]
        if new > 0:
            parts = zip(self._state, self._fresh(new, d), strict=True)
            self._state = State(*(np.concatenate(pair) for pair in parts))

    def _fresh(self, number: int, d: int) -> State:
        return State(
            theta=np.zeros((number, d)),
            P=np.tile(np.eye(d) / self.penalty, (number, 1, 1)),
            waiting=np.zeros((number, DELAY, d)),
            counts=np.zeros(number, dtype=np.int64),
        )

    def predict(self, x: Array, awake: Mask) -> Array:
        """Predictions [n_learners] at ``x`` of the learners awake [n_learners]; 0 of the others."""
        out, self._u = np.empty(len(awake)), np.zeros((len(awake), len(x)))
        _predict_awake(x, awake, *self._state, self._u, self.forward, *self._clip, out)
        return out

    def update(self, x: Array, y: float, awake: Mask) -> None:
        """Learn the label of the row that was predicted last, in the same learners."""
        _learn_awake(x, y, awake, *self._state, self._u)

    def run(self, X: Array, y: Array, awake: Mask) -> Array:
        """Predictions [n, n_learners] before each label of ``n`` rows, as by ``predict`` and ``update`` in turn."""
        out = np.empty(awake.shape)
        _run(X, y, awake, *self._state, np.empty_like(self.theta), self.forward, *self._clip, out)
        return out


class ForwardRidge(OnlineRidge):
    """Several forecasters of Vovk, Azoury and Warmuth, each fed with its own rows.

    Args:
        penalty: lambda, > 0.
    """

    forward = True
