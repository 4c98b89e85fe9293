"""Grids of relaxation parameters."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np

from bandits.contract import Array
from bandits.arguments import integer, positive, real


def default_grid() -> Array:
    """The grid of the paper's experiments [code]: 20 parameters from 1 to 1.95 in steps of 0.05."""
    return np.linspace(1.0, 1.95, 20)


def theorem_grid(omega_max: float, size: int) -> Array:
    """The grid of Theorem 2.1, ``1 + (omega_max - 1) i / size`` for i = 1..size: with ``omega_max``, without 1."""
    top = real("grid.omega_max", omega_max, 1.0, 2.0)
    steps = np.arange(1, integer("grid.size", size) + 1, dtype=np.float64)
    return 1.0 + (top - 1.0) * steps / size


def midpoint_grid(low: float, high: float, size: int) -> Array:
    """The grid of Theorems 3.1 and C.4, ``low + (high - low) (i - 1/2) / size`` for i = 1..size."""
    a, b = real("low", low, 0.0, 2.0), real("high", high, 0.0, 2.0)
    if not a < b:
        raise ValueError(f"low must be below high, got {low!r} and {high!r}")
    return a + (b - a) * (np.arange(integer("size", size), dtype=np.float64) + 0.5) / size


def anchored_grid(low: float, high: float, anchor: float, size: int) -> Array:
    """The grid of Theorem B.3: ``low + (high - low) i / size`` for i < size, and the anchor z last; ascending.

    Raises:
        ValueError: an argument out of its domain, or an anchor that is among the others.
    """
    a, b = real("low", low, 0.0, 2.0), real("high", high, 0.0, 2.0)
    steps = np.arange(1, integer("size", size), dtype=np.float64)
    points = np.sort(np.append(a + (b - a) * steps / size, real("anchor", anchor, a, b, closed="both")))
    if not np.all(np.diff(points) > 0.0):
        raise ValueError(f"anchor must not be a point of the grid, got {anchor!r}")
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


def grid_of(value: Sequence[float] | Mapping[str, float] | None) -> Array:
    """The grid [n_actions] that an argument ``grid`` stands for: see ``SorSequence``.

    Raises:
        ValueError: not a list of ascending numbers in (0, 2), nor a mapping with ``omega_max`` and ``size``.
    """
    if value is None:
        return default_grid()
    if isinstance(value, Mapping):
        if set(value) != {"omega_max", "size"}:
            raise ValueError(f"grid must be a list or have the keys omega_max, size, got the keys {', '.join(value)}")
        return theorem_grid(value["omega_max"], value["size"])  # type: ignore[arg-type]
    if isinstance(value, str) or not isinstance(value, Sequence | np.ndarray) or len(value) == 0:
        raise ValueError(f"grid must be a non-empty list of numbers in (0, 2), got {value!r}")
    points = np.array([real(f"grid[{i}]", point, 0.0, 2.0) for i, point in enumerate(value)])
    if not np.all(np.diff(points) > 0.0):
        raise ValueError(f"grid must be ascending without repetitions, got {list(value)!r}")
    return points
