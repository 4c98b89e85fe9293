"""A slow, obvious SOR to compare with, and a cache folder of the tests' own."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest


@pytest.fixture(scope="session")
def cache_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("cache")


@pytest.fixture(autouse=True)
def own_cache(cache_folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("REGRETLAB_CACHE", str(cache_folder))
    yield


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
