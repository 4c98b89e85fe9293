"""Linear models that a group's rows are judged by: all of them, penalised ones, or those in a ball."""

from __future__ import annotations

import math
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from bandits.arguments import positive
from bandits.contract import Array
from bandits.groupwise.problem import Mask
from bandits.registry import Registry
from environments.groupwise.least_squares import minimum_norm_solution, prefix_losses, prefix_ridge


class Comparator(Protocol):
    """A class of linear models."""

    @property
    def kind(self) -> str:
        """Which models compete, in words; empty for all of them."""

    @property
    def radius(self) -> float:
        """Largest length of their coefficients."""

    def losses(self, X: Array, y: Array, member: Mask, ends: NDArray[np.int64]) -> Array:
        """Losses [n_ends] of the best model on prefixes of a group's rows, as ``least_squares.prefix_losses``."""

    def solution_norm(self, X: Array, y: Array) -> float:
        """Length of the best model's coefficients on the rows ``X`` [n, dimension] and ``y`` [n], or a bound on it."""


class LeastSquares:
    """All linear models, ``min_theta SSE``, as in the paper's experiments."""

    kind = ""
    radius = math.inf

    def losses(self, X: Array, y: Array, member: Mask, ends: NDArray[np.int64]) -> Array:
        """Losses [n_ends] of the best model on prefixes of a group's rows."""
        return prefix_losses(X, y, member, ends)

    def solution_norm(self, X: Array, y: Array) -> float:
        """Length of the shortest least-squares coefficients."""
        return float(np.linalg.norm(minimum_norm_solution(X, y)))


class Ridge:
    """``min_theta(penalty |theta|^2 + SSE)``.

    Clipped online ridge of the same penalty loses at most ``ln det(A / penalty)`` against it.

    Args:
        penalty: > 0.
    """

    radius = math.inf

    def __init__(self, penalty: float) -> None:
        self.penalty = positive("penalty", penalty)
        self.kind = f"ridge with penalty {self.penalty:g}"

    def losses(self, X: Array, y: Array, member: Mask, ends: NDArray[np.int64]) -> Array:
        """Penalised losses [n_ends] on prefixes of a group's rows."""
        return prefix_ridge(X, y, member, ends, self.penalty)[0]

    def solution_norm(self, X: Array, y: Array) -> float:
        """Length of the penalised solution."""
        A = self.penalty * np.eye(X.shape[1]) + X.T @ X
        return float(np.linalg.norm(np.linalg.solve(A, X.T @ y)))


class BoundedLeastSquares:
    """``min SSE`` over ``|theta| <= radius``, the comparator of gradient descent in a ball.

    Args:
        radius: largest length of the coefficients, > 0.
    """

    def __init__(self, radius: float) -> None:
        self.radius = positive("radius", radius)
        self.kind = f"coefficients of length at most {radius:g}"

    def losses(self, X: Array, y: Array, member: Mask, ends: NDArray[np.int64]) -> Array:
        """Losses [n_ends] of the best model in the ball on prefixes of a group's rows."""
        return prefix_losses(X, y, member, ends, self.radius)

    def solution_norm(self, X: Array, y: Array) -> float:
        """The radius."""
        return self.radius


COMPARATORS = Registry(
    "comparator",
    {"least_squares": LeastSquares, "ridge": Ridge, "bounded_ols": BoundedLeastSquares},
    base=Comparator,
)
