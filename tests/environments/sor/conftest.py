"""A slow, obvious SOR to compare with."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest


def _textbook(A: Any, b: Any, omega: float, tol: float = 1e-8, max_iter: int = 10_000) -> tuple[int, Any, list[float]]:
    """Sweep by sweep, entry by entry, with the residual formed anew: (sweeps, x, residual norms)."""
    A, b = np.asarray(A, dtype=float), np.asarray(b, dtype=float)
    x = np.zeros(len(b))
    norms = [float(np.linalg.norm(b))]
    for k in range(max_iter):
        if norms[-1] <= tol * norms[0]:
            return k, x, norms
        for i in range(len(b)):
            x[i] += omega / A[i, i] * (b[i] - A[i] @ x)
        norms.append(float(np.linalg.norm(b - A @ x)))
    return max_iter, x, norms


@pytest.fixture(scope="session")
def textbook() -> Callable[..., tuple[int, Any, list[float]]]:
    return _textbook


@pytest.fixture(scope="session")
def side_b() -> Any:
    """The right-hand side of the reference counts on the 10 x 10 grid."""
    return (37 * np.arange(100) % 101) / 101 - 0.5
