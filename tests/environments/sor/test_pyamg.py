"""Our sweeps against pyamg's, where its ``sor`` is true SOR: from 5.3.0 on; before, it damps a Gauss-Seidel sweep."""

from importlib.metadata import version

import numpy as np
import pytest

from environments.sor.instances import grid_laplacian
from environments.sor.solve import sor

relaxation = pytest.importorskip("pyamg.relaxation.relaxation")


@pytest.mark.skipif(
    tuple(int(part) for part in version("pyamg").split(".")[:2]) < (5, 3), reason="pyamg before 5.3 has no true SOR"
)
@pytest.mark.parametrize("omega", [0.8, 1.0, 1.5, 1.9])
def test_forward_sweeps_are_the_same(omega):
    A, b = grid_laplacian(8).tocsr(), np.random.default_rng(0).normal(size=64)
    for sweeps in (1, 2, 7):
        x = np.zeros(64)
        relaxation.sor(A, x, b, omega, iterations=sweeps, sweep="forward")
        assert sor(A, b, omega, tol=1e-13, max_iter=sweeps).x == pytest.approx(x, rel=1e-10, abs=1e-13)
