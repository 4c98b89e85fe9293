"""Grids of relaxation parameters."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from bandits.contract import Array
from bandits.domain import integer, real


def default_grid() -> Array:
    """The grid of the paper's experiments [code]: 20 parameters from 1 to 1.95 in steps of 0.05."""
    return np.linspace(1.0, 1.95, 20)


def theorem_grid(omega_max: float, size: int) -> Array:
    """The grid of Theorem 2.1, ``1 + (omega_max - 1) i / size`` for i = 1..size: with ``omega_max``, without 1."""
    top = real("grid.omega_max", omega_max, 1.0, 2.0)
    steps = np.arange(1, integer("grid.size", size) + 1, dtype=np.float64)
    return 1.0 + (top - 1.0) * steps / size


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
