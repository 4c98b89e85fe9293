"""SSOR, SSOR-CG and CG: scalar and stencil kernels, tables, and slow textbook loops."""

import math

import numpy as np
import pytest
import scipy.linalg
import scipy.sparse as sp

from environments.sor.instances import grid_laplacian, l_laplacian, truncated_normals
from environments.sor.symmetric import cg, cg_laplacian, ssor, ssor_cg, ssor_cg_laplacian, ssor_laplacian
from environments.sor.table import tabulate

OMEGAS = [1.0, 1.2, 1.4, 1.5, 1.56, 1.6, 1.8, 1.95]
SSOR = [107, 74, 53, 46, 44, 43, 77, 332]
SSOR_CG = [15, 13, 13, 13, 13, 14, 16, 20]


def triangles(A, omega):
    D = np.diag(np.diag(A))
    return D / omega + np.tril(A, -1), D


def textbook_ssor(A, b, omega, tol=1e-8):
    """Algorithm 8 with full matrices: (iterations, x)."""
    W, D = triangles(A, omega)
    inverse = np.linalg.inv(omega / (2 - omega) * W @ np.linalg.inv(D) @ W.T)
    x, k = np.zeros(len(b)), 0
    while np.linalg.norm(b - A @ x) > tol:
        x = x + inverse @ (b - A @ x)
        k += 1
    return k, x


def textbook_cg(A, b, omega=None, x0=None, tol=1e-8):
    """Preconditioned conjugate gradients with triangular solves: (iterations, x)."""
    W, D = triangles(A, omega or 1.0)

    def solve(r):
        if omega is None:
            return r.copy()
        y = scipy.linalg.solve_triangular(W, r, lower=True)
        return scipy.linalg.solve_triangular(W.T, D @ y, lower=False)

    x = np.zeros(len(b)) if x0 is None else x0.copy()
    r = b - A @ x
    k, z = 0, solve(r)
    p, rz = z, r @ z
    while np.linalg.norm(r) > tol * np.linalg.norm(b):
        q = A @ p
        x, r, k = x + rz / (p @ q) * p, r - rz / (p @ q) * q, k + 1
        z = solve(r)
        p, rz = z + r @ z / rz * p, r @ z
    return k, x


def test_reference_counts(side_b):
    A = grid_laplacian(10)
    assert [ssor(A, side_b, w).iterations for w in OMEGAS] == SSOR
    assert [ssor_laplacian(10, side_b, w).iterations for w in OMEGAS] == SSOR
    # At 1.95 rounding decides whether the residual after 19 iterations, 0.6 to 1.1 times the target, is small enough.
    for counts in ([ssor_cg(A, side_b, w).iterations for w in OMEGAS],
                   [ssor_cg_laplacian(10, side_b, w).iterations for w in OMEGAS]):  # fmt: skip
        assert counts[:-1] == SSOR_CG[:-1]
        assert abs(counts[-1] - SSOR_CG[-1]) <= 1
    assert cg(A, side_b).iterations == cg_laplacian(10, side_b).iterations == 31


@pytest.mark.parametrize("m", [1, 2, 3, 4, 5, 7, 8, 13])
def test_stencil_equals_csr_and_textbook(m):
    rng = np.random.default_rng(m)
    shift = 0.25
    A = grid_laplacian(m) + shift * sp.eye_array(m * m)
    for omega in (0.5, 1.0, 1.4, 1.7):
        b, x0 = rng.standard_normal(m * m), rng.standard_normal(m * m)
        count, x = textbook_ssor(A.toarray(), b, omega, 1e-7)
        for found in (ssor(A, b, omega, tol=1e-7), ssor_laplacian(m, b, omega, shift, tol=1e-7)):
            assert (found.iterations, found.converged) == (count, True)
            np.testing.assert_allclose(found.x, x, atol=1e-12 * max(1, np.abs(x).max()))
        for start in (None, x0):
            count, x = textbook_cg(A.toarray(), b, omega, start, 1e-7)
            for found in (ssor_cg(A, b, omega, x0=start, tol=1e-7),
                          ssor_cg_laplacian(m, b, omega, shift, x0=start, tol=1e-7)):  # fmt: skip
                assert (found.iterations, found.converged) == (count, True)
                np.testing.assert_allclose(found.x, x, atol=1e-9)
            count, x = textbook_cg(A.toarray(), b, None, start, 1e-7)
            for found in (cg(A, b, x0=start, tol=1e-7), cg_laplacian(m, b, shift, x0=start, tol=1e-7)):
                assert found.iterations == count
                np.testing.assert_allclose(found.x, x, atol=1e-9)


def test_a_thousand_random_solves_count_alike():
    """Scalar CSR, stencil and textbook; in a few cases of SSOR-CG rounding decides the last iteration."""
    rng = np.random.default_rng(21)
    m, differ = 6, 0
    A = grid_laplacian(m)
    for _ in range(500):
        shift, omega, b = rng.uniform(-0.15, 3), rng.uniform(0.6, 1.9), rng.standard_normal(m * m)
        dense = A.toarray() + shift * np.eye(m * m)
        matrix = sp.csr_array(dense)
        expected = textbook_ssor(dense, b, omega)[0]
        assert ssor(matrix, b, omega).iterations == expected == ssor_laplacian(m, b, omega, shift).iterations
        expected = textbook_cg(dense, b, omega)[0]
        found = {ssor_cg(matrix, b, omega).iterations, ssor_cg_laplacian(m, b, omega, shift).iterations}
        assert max(abs(k - expected) for k in found) <= 1
        differ += found != {expected}
    assert differ <= 3


def test_general_matrices():
    rng = np.random.default_rng(5)
    for n in (1, 2, 9, 30):
        B = rng.standard_normal((n, n)) * (rng.random((n, n)) < 0.4)
        A = B @ B.T + np.diag(rng.uniform(0.5, 3.0, n))
        b = rng.standard_normal(n)
        for omega in (0.8, 1.3):
            assert ssor(A, b, omega).iterations == textbook_ssor(A, b, omega)[0]
            assert abs(ssor_cg(A, b, omega).iterations - textbook_cg(A, b, omega)[0]) <= 1
            np.testing.assert_allclose(A @ ssor_cg(A, b, omega).x, b, atol=1e-6 * np.abs(b).max())


def test_the_other_order_of_the_factors_counts_alike_within_one_on_the_papers_grids():
    for A in (grid_laplacian(10), l_laplacian(10)):
        b = truncated_normals(np.random.default_rng(2), 1, A.shape[0])[0]
        turned = sp.csr_array(A[::-1][:, ::-1])
        for omega in (1.0, 1.5, 1.8):
            difference = abs(ssor_cg(A, b, omega).iterations - ssor_cg(turned, b[::-1], omega).iterations)
            assert difference <= (0 if A.shape[0] == 100 else 1)


def test_scale_matters_for_the_absolute_tolerance_only(side_b):
    A = grid_laplacian(10)
    counts = [ssor(A, t * side_b, 1.5).iterations for t in (1e-3, 1.0, 1e3)]
    assert counts == sorted(set(counts))
    assert {ssor_cg(A, t * side_b, 1.5).iterations for t in (1e-200, 1e-3, 1.0, 1e250)} == {13}
    assert {ssor_cg(s * A, side_b, 1.5).iterations for s in (1e-6, 3.0, 1e9)} == {13}


def test_a_start_that_is_good_enough_takes_no_iteration(side_b):
    A = grid_laplacian(10)
    x = scipy.sparse.linalg.spsolve(sp.csc_array(A), side_b)
    for found in (ssor_cg(A, side_b, 1.5, x0=x), cg(A, side_b, x0=x), ssor_cg_laplacian(10, side_b, 1.5, x0=x)):
        assert (found.iterations, found.converged) == (0, True)
        np.testing.assert_array_equal(found.x, x)
    assert ssor_cg(A, np.zeros(100), 1.5).iterations == 0
    assert ssor(A, 1e-10 * side_b, 1.5).iterations == 0


def test_too_few_iterations_and_indefinite_matrices(side_b):
    found = ssor_cg_laplacian(10, side_b, 1.5, max_iter=12)
    assert (found.iterations, found.converged, found.diverged) == (12, False, False)
    assert found.residual > 1e-8
    found = cg([[1.0, 2.0], [2.0, 1.0]], [1.0, -1.0], max_iter=50)
    assert (found.iterations, found.converged, found.diverged) == (50, False, True)
    found = ssor([[1.0, 9.0], [9.0, 1.0]], [1.0, 1.0], 1.5, max_iter=5000)
    assert (found.iterations, found.converged, found.diverged) == (5000, False, True)


@pytest.mark.parametrize("solve", [ssor, ssor_cg])
@pytest.mark.parametrize(
    ("change", "message"),
    [({"omega": v}, "omega") for v in (0.0, 2.0, -1.0, math.nan)]
    + [({"tol": v}, "tol") for v in (0.0, -1.0, math.nan)]
    + [({"max_iter": 0}, "max_iter"), ({"A": np.ones((2, 3))}, "square"), ({"b": [1.0]}, "b must have shape"),
       ({"b": [1.0, math.inf]}, "b must be finite"), ({"A": [[2.0, -1.0], [0.0, 2.0]]}, "symmetric"),
       ({"A": [[0.0, 1.0], [1.0, 2.0]]}, "diagonal must be positive")],
)  # fmt: skip
def test_bad_input(solve, change, message):
    arguments = {"A": [[2.0, -1.0], [-1.0, 2.0]], "b": [1.0, 1.0], "omega": 1.2, **change}
    with pytest.raises(ValueError, match=message):
        solve(**arguments)


def test_more_bad_input():
    with pytest.raises(ValueError, match="tol"):
        ssor_cg(np.eye(2), [1.0, 1.0], 1.2, tol=1.0)
    with pytest.raises(ValueError, match="x0 must have shape"):
        ssor_cg(np.eye(2), [1.0, 1.0], 1.2, x0=[1.0])
    with pytest.raises(ValueError, match="shift must be"):
        ssor_laplacian(10, np.ones(100), 1.2, -0.17)
    with pytest.warns(UserWarning, match="double precision"):
        ssor_cg(np.eye(2), [1.0, 1.0], 1.2, tol=1e-14)


@pytest.mark.parametrize("A", [grid_laplacian(5), l_laplacian(6)])
def test_tables(A):
    rng = np.random.default_rng(8)
    n = A.shape[0]
    shifts, rhs, omegas = rng.uniform(0, 1, 6), rng.standard_normal((6, n)), np.array([0.9, 1.3, 1.7])
    rhs[4] *= 1e-100
    norms = rng.uniform(1, 9, 6) * np.linalg.norm(rhs, axis=1)
    tables = {
        "ssor": tabulate(A, shifts, rhs, omegas, method="ssor", tol=1e-6, cache=False),
        "ssor_cg": tabulate(A, shifts, rhs, omegas, method="ssor_cg", cache=False),
        "cg": tabulate(A, shifts, rhs, np.zeros(1), method="cg", cache=False),
        "norms": tabulate(A, shifts, rhs, omegas, method="ssor_cg", norms=norms, cache=False),
    }
    for t in range(6):
        shifted = A + shifts[t] * sp.eye_array(n)
        assert tables["cg"].costs[t, 0] == cg(shifted, rhs[t]).iterations
        for i, omega in enumerate(omegas):
            assert tables["ssor"].costs[t, i] == ssor(shifted, rhs[t], omega, tol=1e-6).iterations
            assert tables["ssor_cg"].costs[t, i] == ssor_cg(shifted, rhs[t], omega).iterations
            tol = 1e-8 * norms[t] / np.linalg.norm(rhs[t])
            assert tables["norms"].costs[t, i] == ssor_cg(shifted, rhs[t], omega, tol=tol).iterations


def test_tables_are_kept_apart_on_disk(tmp_path, monkeypatch):
    monkeypatch.setenv("REGRETLAB_CACHE", str(tmp_path))
    A, shifts, rhs = grid_laplacian(3), np.zeros(2), np.random.default_rng(0).standard_normal((2, 9))
    kinds = [{}, {"method": "ssor"}, {"method": "ssor_cg"}, {"method": "ssor_cg", "norms": np.full(2, 99.0)}]
    first = [tabulate(A, shifts, rhs, np.array([1.5]), **kind).costs.tolist() for kind in kinds]
    assert len(list((tmp_path / "sor").iterdir())) == 4
    assert [tabulate(A, shifts, rhs, np.array([1.5]), **kind).costs.tolist() for kind in kinds] == first


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"method": "jacobi"}, "method must be one of"),
        ({"method": "cg"}, "omegas must be 0"),
        ({"method": "ssor", "A": np.array([[2.0, 1.0], [0.0, 2.0]])}, "symmetric"),
        ({"method": "ssor", "tol": 0.0}, "tol"),
        ({"norms": np.ones(1)}, "norms"),
        ({"method": "ssor_cg", "norms": np.ones(2)}, "norms"),
    ],
)
def test_bad_tables(change, message):
    arguments = {"A": np.eye(2), "shifts": np.zeros(1), "rhs": np.ones((1, 2)), "omegas": np.array([1.1]), **change}
    with pytest.raises(ValueError, match=message):
        tabulate(**arguments)
