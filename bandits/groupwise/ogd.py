"""Online gradient descent on the squared loss over a ball, for several learners at once.

``theta <- Proj(theta - eta_n grad)`` onto ``|theta| <= D / 2`` with ``grad = 2 (theta.x - y) x``, ``eta_n = D / (L
sqrt(n))`` and the learner's own update count ``n``; ``L = 2 (X D / 2 + 1) X`` bounds the gradient for ``|x| <= X`` and
labels in [0, 1] (constants derived). Regret against any ``theta`` in the ball is at most ``3/2 D L sqrt(n)``.

Reference: M. Zinkevich, *Online Convex Programming and Generalized Infinitesimal Gradient Ascent*, ICML 2003 (recall).
"""

from __future__ import annotations

import math

import numpy as np

from bandits.arguments import positive
from bandits.contract import Array
from bandits.groupwise.problem import Mask, RegressionProblem
from bandits.kernels import kernel


@kernel
def _predict(x: Array, theta: Array) -> float:
    value = 0.0
    for j in range(x.size):
        value += x[j] * theta[j]
    return value


@kernel
def _learn(x: Array, y: float, theta: Array, count: float, diameter: float, slope: float) -> None:
    step = diameter / (slope * math.sqrt(count)) * 2.0 * (_predict(x, theta) - y)
    square = 0.0
    for j in range(x.size):
        theta[j] -= step * x[j]
        square += theta[j] * theta[j]
    if square > 0.25 * diameter * diameter:
        shrink = 0.5 * diameter / math.sqrt(square)
        for j in range(x.size):
            theta[j] *= shrink


@kernel
def _predict_awake(x: Array, awake: Mask, theta: Array, low: float, high: float, out: Array) -> None:
    for i in range(out.size):
        out[i] = min(max(_predict(x, theta[i]), low), high) if awake[i] else 0.0


@kernel
def _learn_awake(x: Array, y: float, awake: Mask, theta: Array, counts: Array, diameter: float, slope: float) -> None:
    for i in range(awake.size):
        if awake[i]:
            counts[i] += 1.0
            _learn(x, y, theta[i], counts[i], diameter, slope)


@kernel
def _run(
    X: Array,
    y: Array,
    awake: Mask,
    theta: Array,
    counts: Array,
    diameter: float,
    slope: float,
    low: float,
    high: float,
    out: Array,
) -> None:
    for s in range(awake.shape[0]):
        _predict_awake(X[s], awake[s], theta, low, high, out[s])
        _learn_awake(X[s], y[s], awake[s], theta, counts, diameter, slope)


class OnlineGradientDescent:
    """Several gradient descents, each fed with its own rows.

    Args:
        diameter: D, of the ball of coefficients, > 0.
        norm: X, bound on the length of a context, > 0; None for the one that the problem declares.

    Attributes:
        theta: [n_learners, dimension] coefficients.
        longest: X in the run.
        slope: L, bound on the length of a gradient.
    """

    def __init__(self, diameter: float = 2.0, norm: float | None = None) -> None:
        self.diameter = positive("diameter", diameter)
        self.norm = norm if norm is None else positive("norm", norm)

    def start(self, number: int, problem: RegressionProblem, clip: tuple[float, float]) -> None:
        """Forget everything; ``number`` fresh learners of ``problem``, whose predictions are clipped.

        Raises:
            ValueError: no bound on the contexts' length, neither given nor declared.
        """
        if self.norm is None and not problem.contexts:
            raise ValueError("norm must be given for ogd: the problem declares no range of the contexts")
        declared = math.sqrt(sum(max(low * low, high * high) for low, high in problem.contexts))
        self.longest = declared if self.norm is None else self.norm
        self.slope = 2.0 * (self.longest * self.diameter / 2.0 + 1.0) * self.longest
        self._clip = clip
        self.theta, self._counts = np.zeros((number, problem.dimension)), np.zeros(number)

    def grow(self, number: int) -> None:
        """Add fresh learners until there are ``number``."""
        new = number - len(self.theta)
        if new == 0:
            return
        self.theta = np.concatenate([self.theta, np.zeros((new, self.theta.shape[1]))])
        self._counts = np.concatenate([self._counts, np.zeros(new)])

    def predict(self, x: Array, awake: Mask) -> Array:
        """Predictions [n_learners] at ``x`` of the learners awake [n_learners]; 0 of the others."""
        out = np.empty(len(self.theta))
        _predict_awake(x, awake, self.theta, *self._clip, out)
        return out

    def update(self, x: Array, y: float, awake: Mask) -> None:
        """Learn the label of ``x`` in the learners awake."""
        _learn_awake(x, y, awake, self.theta, self._counts, self.diameter, self.slope)

    def run(self, X: Array, y: Array, awake: Mask) -> Array:
        """Predictions [n, n_learners] before each label of ``n`` rows, as by ``predict`` and ``update`` in turn."""
        out = np.empty(awake.shape)
        _run(X, y, awake, self.theta, self._counts, self.diameter, self.slope, *self._clip, out)
        return out
