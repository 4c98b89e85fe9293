"""Grids of relaxation parameters."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np

from bandits.arguments import integer, positive, real, reals, shown
from bandits.contract import Array
from bandits.registry import Component, Registry

LARGEST = 10**6
"""Most parameters of a grid: policies and tables have numbers for each."""


class Grid:
    """A grid of relaxation parameters.

    Attributes:
        points: [size] parameters in (0, 2), ascending.
    """

    points: Array


class EvenGrid(Grid):
    """Equally spaced parameters; by default those of the paper's experiments [code], 1 to 1.95 in steps of 0.05.

    Args:
        low: the first, in (0, 2).
        high: the last, in (low, 2).
        size: number of parameters, >= 2.
    """

    def __init__(self, low: float = 1.0, high: float = 1.95, size: int = 20) -> None:
        self.low, self.high, self.size = *_ends(low, high), integer("size", size, 2, most=LARGEST)
        self.points = np.linspace(low, high, size)


class TheoremGrid(Grid):
    """The grid of Theorem 2.1, ``1 + (omega_max - 1) i / size`` for i = 1..size: with ``omega_max``, without 1.

    Args:
        omega_max: the largest parameter, in (1, 2).
        size: number of parameters, >= 1.
    """

    def __init__(self, omega_max: float, size: int) -> None:
        self.omega_max, self.size = real("omega_max", omega_max, 1.0, 2.0), integer("size", size, most=LARGEST)
        self.points = 1.0 + (self.omega_max - 1.0) * np.arange(1, size + 1, dtype=np.float64) / size


class MidpointGrid(Grid):
    """The grid of Theorems 3.1 and C.4, ``low + (high - low) (i - 1/2) / size`` for i = 1..size.

    Args:
        low: left end of the interval, in (0, 2).
        high: right end, in (low, 2).
        size: number of parameters, >= 1.
    """

    def __init__(self, low: float, high: float, size: int) -> None:
        self.low, self.high, self.size = *_ends(low, high), integer("size", size, most=LARGEST)
        self.points = self.low + (self.high - self.low) * (np.arange(size, dtype=np.float64) + 0.5) / size


class AnchoredGrid(Grid):
    """The grid of Theorem B.3: ``low + (high - low) i / size`` for i < size, and the anchor z last; ascending.

    Args:
        low: left end of the interval, in (0, 2).
        high: right end, in (low, 2).
        anchor: z, in [low, high]; none of the others.
        size: number of parameters, >= 1.
    """

    def __init__(self, low: float, high: float, anchor: float, size: int) -> None:
        self.low, self.high, self.size = *_ends(low, high), integer("size", size, most=LARGEST)
        self.anchor = real("anchor", anchor, self.low, self.high, closed="both")
        steps = np.arange(1, size, dtype=np.float64)
        self.points = np.sort(np.append(self.low + (self.high - self.low) * steps / size, self.anchor))
        if not np.all(np.diff(self.points) > 0.0):
            raise ValueError(f"anchor must not be a point of the grid, got {shown(anchor)}")


def _ends(low: float, high: float) -> tuple[float, float]:
    a, b = real("low", low, 0.0, 2.0), real("high", high, 0.0, 2.0)
    if not a < b:
        raise ValueError(f"low must be below high, got {shown(low)} and {shown(high)}")
    return a, b


GRIDS = Registry("grid", {"even": EvenGrid, "theorem": TheoremGrid, "midpoint": MidpointGrid, "anchored": AnchoredGrid})


def points_of(grid: Component | Sequence[float]) -> Array:
    """The parameters [n_actions] that an argument ``grid`` stands for: a grid of ``GRIDS``, or a list of parameters.

    Raises:
        ValueError: neither a component nor a list of ascending numbers in (0, 2).
    """
    if isinstance(grid, str | Mapping | Grid):
        made: Grid = GRIDS.build(grid, "grid", of=Grid)
        return made.points
    points = np.array(reals("grid", grid, 0.0, 2.0))
    if points.size == 0 or not np.all(np.diff(points) > 0.0):
        raise ValueError(
            f"grid must be numbers in (0, 2), at least one, ascending without repetitions, got {shown(grid)}"
        )
    return points


def grid_size(horizon: int, alpha_max: float, gamma: float | None = None) -> int:
    """The number of parameters in Theorem 2.1, ``(T gamma^2 log^2(alpha_max) / 2)^(1/3)``, rounded, at least 1.

    Args:
        horizon: T, >= 1.
        alpha_max: largest difficulty, in (0, 1).
        gamma: mean of ``1 / log^2 alpha_t``; without it, its bound ``1 / log^2 alpha_max``.
    """
    square = math.log(real("alpha_max", alpha_max, 0.0, 1.0)) ** 2
    mean = 1.0 / square if gamma is None else positive("gamma", gamma)
    return max(1, round(math.cbrt(0.5 * integer("horizon", horizon) * mean**2 * square)))


def context_sizes(horizon: int, alpha_max: float, gamma: float, width: float, lipschitz: float) -> tuple[int, int]:
    """(d, m), the numbers of parameters and of bins in Theorem E.1, rounded, at least 1.

    Args:
        horizon: T, >= 1.
        alpha_max: largest difficulty, in (0, 1).
        gamma: mean of ``1 / log^2 alpha_t``, > 0.
        width: C, the width of the interval of shifts, > 0.
        lipschitz: L of Theorem 2.2, > 0.
    """
    square = math.log(real("alpha_max", alpha_max, 0.0, 1.0)) ** 2
    both = positive("gamma", gamma) ** 2 * integer("horizon", horizon) * square
    cl = positive("width", width) * positive("lipschitz", lipschitz)
    return max(1, round((both / (24.0 * cl)) ** 0.25)), max(1, round((54.0 * cl**3 * both) ** 0.25))


def reference_grid(step: float) -> Array:
    """Parameters from 1 in steps of ``step`` up to 1.99."""
    return 1.0 + step * np.arange(int(0.99 / step + 1e-9) + 1, dtype=np.float64)
