"""Solves are held to the true residual, in any units, and matrices and vectors are taken as they are or refused."""

import math
import warnings

import numpy as np
import pytest
import scipy.sparse as sp
from scipy.sparse.linalg import LinearOperator, aslinearoperator

from environments.sor.assembly import assemble
from environments.sor.instances import grid_laplacian, l_laplacian
from environments.sor.kernels import CONVERGED
from environments.sor.settle import settle
from environments.sor.solve import sor, sor_laplacian
from environments.sor.spectra import optimal_omega
from environments.sor.symmetric import cg, cg_laplacian, ssor, ssor_cg, ssor_cg_laplacian
from environments.sor.table import tabulate
from environments.sor.tuner import RelaxationTuner

GRID = grid_laplacian(8) + 0.1 * sp.eye_array(64)
L_SHAPE = l_laplacian(8) + 0.1 * sp.eye_array(48)


def fixed(method, **more):
    return RelaxationTuner({"name": "fixed_action", "parameters": {"value": 1.5}}, method=method, **more)


def tuned(method, structure="auto"):
    def solve(A, b, **more):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)
            return fixed(method, structure=structure).solve(A, b, **more)

    return solve


TUNED = {f"tuner {m} {s}": tuned(m, s) for m in ("sor", "ssor_cg") for s in ("auto", "general")}
STARTED = {**TUNED, "ssor_cg": lambda A, b, **more: ssor_cg(A, b, 1.5, **more), "cg": cg}
RELATIVE = {**STARTED, "sor": lambda A, b: sor(A, b, 1.5)}


def true_residual(A, x, b):
    return np.linalg.norm(b - A @ x) / np.linalg.norm(b)


@pytest.mark.parametrize("A", [GRID, L_SHAPE], ids=["grid", "L"])
@pytest.mark.parametrize("solve", STARTED.values(), ids=STARTED)
def test_nothing_on_the_right_is_solved_by_zero_at_once(A, solve):
    for start in (np.ones(A.shape[0]), np.full(A.shape[0], 1e300)):
        found = solve(A, np.zeros(A.shape[0]), x0=start)
        assert (found.iterations, found.converged, found.residual) == (0, True, 0.0)
        assert not found.x.any()


def test_nothing_on_the_right_costs_one_iteration_in_tables_and_no_unit_of_time():
    rhs, omegas = np.ones((2, 64)), np.array([1.2, 1.7])
    table = tabulate(GRID, np.zeros(2), rhs, omegas, method="ssor_cg", norms=np.array([0.0, 8.0]), cache=False)
    assert table.costs[0].tolist() == [0, 0]
    assert table.costs[1].min() > 5
    assert table.unfinished == 0
    tuner = RelaxationTuner(cost="seconds")
    for _ in range(3):
        tuner.solve(GRID, np.zeros(64), x0=np.ones(64))
    for _ in range(20):
        tuner.solve(GRID, np.ones(64))
    assert tuner._unit > 1e-9


@pytest.mark.parametrize("A", [GRID, L_SHAPE], ids=["grid", "L"])
@pytest.mark.parametrize("solve", STARTED.values(), ids=STARTED)
@pytest.mark.parametrize("fall", [1e3, 1e6, 1e9, 1e12, 1e40, 1e300])
def test_after_the_load_has_fallen(A, solve, fall):
    """A start that belongs to a load so many times as large."""
    rng = np.random.default_rng(3)
    b, x0 = rng.standard_normal(A.shape[0]), fall * rng.standard_normal(A.shape[0])
    found = solve(A, b, x0=x0)
    assert found.converged
    assert true_residual(A, found.x, b) <= 1e-8 * (1 + 1e-6)
    assert found.residual == pytest.approx(true_residual(A, found.x, b), rel=1e-5)
    np.testing.assert_allclose(found.x, np.linalg.solve(A.toarray(), b), rtol=0, atol=1e-6)
    assert found.iterations < 6 * solve(A, b).iterations * (1 + math.log10(fall) / 20)


@pytest.mark.parametrize("A", [GRID, L_SHAPE], ids=["grid", "L"])
@pytest.mark.parametrize("solve", RELATIVE.values(), ids=RELATIVE)
@pytest.mark.parametrize("c", [1e-300, 1e-160, 1e-155, 1e-20, 1e20, 1e155, 1e160, 1e300])
def test_other_units(A, solve, c):
    b = np.random.default_rng(4).standard_normal(A.shape[0])
    plain = solve(A, b)
    assert plain.converged
    np.testing.assert_allclose(plain.x, np.linalg.solve(A.toarray(), b), rtol=0, atol=1e-6)
    for found, unit in ((solve(A, c * b), c), (solve(c * A, b), 1.0 / c), (solve(c * A, c * b), 1.0)):
        assert (found.converged, found.iterations) == (True, plain.iterations)
        np.testing.assert_allclose(found.x / unit, plain.x, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("c", [1e-300, 1e-155, 1e155, 1e300])
def test_other_units_of_grids_starts_and_tables(c):
    b = np.random.default_rng(5).standard_normal(64)
    x0 = np.linspace(-1, 1, 64)
    one, other = ssor_cg(GRID, b, 1.4, x0=x0), ssor_cg(GRID, c * b, 1.4, x0=c * x0)
    assert one.iterations == other.iterations
    np.testing.assert_allclose(other.x / c, one.x, rtol=1e-9)
    for found, plain in (
        (sor_laplacian(8, c * b, 1.4, 0.1), sor_laplacian(8, b, 1.4, 0.1)),
        (ssor_cg_laplacian(8, c * b, 1.4, 0.1), ssor_cg_laplacian(8, b, 1.4, 0.1)),
        (cg_laplacian(8, c * b, 0.1), cg_laplacian(8, b, 0.1)),
    ):
        assert found.iterations == plain.iterations
        np.testing.assert_allclose(found.x / c, plain.x, rtol=1e-9)
    omegas = np.array([1.1, 1.6])
    for method in ("sor", "ssor", "ssor_cg"):
        counts = [
            tabulate(s * L_SHAPE, s * np.array([0.2]), t * b[None, :48], omegas, method=method, cache=False).costs
            for s, t in ((1.0, 1.0), (c, 1.0), (1.0, 1.0 if method == "ssor" else c))
        ]
        assert (counts[0] == counts[1]).all()
        assert (counts[0] == counts[2]).all()


def neumann(n):
    """A path without a fixed end: singular, constants its kernel."""
    A = sp.diags_array([-1.0, 2.0, -1.0], offsets=[-1, 0, 1], shape=(n, n)).tolil()
    A[0, 0] = A[-1, -1] = 1.0
    return sp.csr_array(A)


@pytest.mark.parametrize("solve", RELATIVE.values(), ids=RELATIVE)
@pytest.mark.parametrize("seed", range(5))
def test_what_has_no_solution_is_not_called_solved(solve, seed):
    A, rng = neumann(30), np.random.default_rng(seed)
    for b in (np.ones(30), np.eye(30)[seed], rng.standard_normal(30), rng.standard_normal(30) + 1e-3):
        found = solve(A, b)
        assert not found.converged
        assert found.iterations == 10_000
        assert found.residual > 1e-6
    consistent = rng.standard_normal(30)
    found = solve(A, consistent - consistent.mean())
    assert found.converged
    assert true_residual(A, found.x, consistent - consistent.mean()) <= 1e-8 * (1 + 1e-6)


@pytest.mark.parametrize("solve", RELATIVE.values(), ids=RELATIVE)
def test_converged_says_that_the_true_residual_meets_the_tolerance(solve):
    """Random matrices, well and badly conditioned; where the tolerance is out of reach, nothing is claimed."""
    rng = np.random.default_rng(6)
    claims = 0
    for k in range(30):
        n = int(rng.integers(2, 25))
        Q = np.linalg.qr(rng.standard_normal((n, n)))[0]
        A = Q @ np.diag(np.geomspace(1.0, 10.0 ** rng.uniform(0, 16), n)) @ Q.T
        A = (A + A.T) / 2
        if not np.all(np.diag(A) > 0):
            continue
        b = rng.standard_normal(n)
        found = solve(A, b)
        claims += found.converged
        true = true_residual(A, found.x, b)
        rounding = n * 2.0**-52 * np.linalg.norm(A) * np.linalg.norm(found.x) / np.linalg.norm(b)
        if found.converged:
            assert true <= 1e-8 * (1 + 1e-6) + rounding, k
        if math.isfinite(found.residual):
            assert found.residual == pytest.approx(true, rel=1e-6, abs=rounding)
    assert claims >= 5


def test_a_kernel_that_claims_too_much_is_sent_back():
    """One that takes half of the residual away and says that it is done."""
    calls = []

    def run(r, target, most, x):
        calls.append(float(np.linalg.norm(r)))
        x += r / 2
        return 1, CONVERGED

    solved = settle(run, lambda x: x, np.full(4, 3.0), np.zeros(4), 1e-3, 100)
    assert solved.iterations == len(calls) == 10
    assert solved.residual == pytest.approx(2.0**-10)
    assert settle(run, lambda x: x, np.ones(4), np.zeros(4), 1e-3, 7).iterations == 7
    stuck = settle(lambda r, target, most, x: (1, CONVERGED), lambda x: x, np.ones(4), np.zeros(4), 1e-3, 50)
    assert (stuck.iterations, stuck.status == CONVERGED, stuck.residual) == (50, False, 1.0)


def test_the_tuner_says_how_far_it_came():
    tuner = fixed("ssor_cg")
    with pytest.warns(UserWarning, match=r"did not reach the tolerance 1e-08 .*its relative residual is"):
        assert tuner.solve(neumann(30), np.eye(30)[0]).residual > 1e-3
    with pytest.warns(UserWarning, match="stopped: .*not positive definite"):
        assert fixed("ssor_cg").solve([[1.0, 2.0], [2.0, 1.0]], [1.0, -1.0]).residual == math.inf


SOLVERS = {
    "sor": lambda A, b: sor(A, b, 1.3),
    "ssor": lambda A, b: ssor(A, b, 1.3),
    "ssor_cg": lambda A, b: ssor_cg(A, b, 1.3),
    "cg": cg,
    "tuner": lambda A, b: fixed("ssor_cg").solve(A, b),
}
HERMITIAN = np.array([[2.0, 1j], [-1j, 2.0]])


@pytest.mark.parametrize("solve", SOLVERS.values(), ids=SOLVERS)
@pytest.mark.parametrize("form", [np.asarray, sp.csr_array, sp.csc_matrix, lambda A: np.asarray(A).tolist()])
def test_complex_systems_are_refused_with_the_way_out(solve, form):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(ValueError, match=r"A must be real, got complex128: .*\[\[R, -S\], \[S, R\]\]"):
            solve(form(HERMITIAN), np.ones(2))
        with pytest.raises(ValueError, match="b must be real, got complex128"):
            solve(np.eye(2), np.array([1.0, 1j]))
    R, S, f = HERMITIAN.real, HERMITIAN.imag, np.array([1.0 + 2j, -1j])
    found = solve(np.block([[R, -S], [S, R]]), np.concatenate([f.real, f.imag]))
    np.testing.assert_allclose(found.x[:2] + 1j * found.x[2:], np.linalg.solve(HERMITIAN, f), atol=1e-6)


TAKERS = [assemble, optimal_omega, *[lambda A, solve=solve: solve(A, np.ones(2)) for solve in SOLVERS.values()]]


@pytest.mark.parametrize("call", TAKERS)
@pytest.mark.parametrize(
    ("A", "message"),
    [
        (aslinearoperator(np.eye(2)), "A must be a matrix with its entries, sparse or dense, got MatrixLinearOperator"),
        (LinearOperator((2, 2), matvec=lambda x: x), "A must be a matrix with its entries, .* got _CustomLinearOp"),
        (HERMITIAN, "A must be real, got complex128"),
        (np.array([["2", "0"], ["0", "2"]]), "A must be real numbers, got <U1"),
        (np.array([[2.0, None], [None, 2.0]], dtype=object), "A must be .*"),
        (np.ma.masked_less(np.eye(2), 0.5), "A must have all its entries, got a masked array"),
        (np.ones(4), r"A must be a square matrix, got shape \(4,\)"),
        (3.0, r"A must be a square matrix, got shape \(\)"),
    ],
)
def test_what_is_no_matrix_is_refused(call, A, message):
    with pytest.raises(ValueError, match=message):
        call(A)


def test_what_is_no_vector_is_refused():
    for b, message in (
        (np.array([1j, 0]), "b must be real"),
        (["1", "2"], "b must be real numbers, got <U1"),
        (np.ma.masked_equal([1.0, 2.0], 2.0), "b must have all its entries, got a masked array"),
        (sp.csr_array([[1.0, 0.0]]), r"b must be dense, got a sparse array: pass b.toarray\(\)"),
        (np.array([object(), 1.0]), "b must be real numbers, got an array of objects"),
    ):
        for solve in SOLVERS.values():
            with pytest.raises(ValueError, match=message):
                solve(np.eye(2), b)
        if np.shape(b) == (2,):
            with pytest.raises(ValueError, match=message.replace("b", "x0", 1).replace("pass b", "pass x0")):
                ssor_cg(np.eye(2), np.ones(2), 1.2, x0=b)
    with pytest.raises(ValueError, match="rhs must be real"):
        tabulate(np.eye(2), [0.0], np.array([[1j, 1.0]]), [1.2], cache=False)


@pytest.mark.parametrize("solve", SOLVERS.values(), ids=SOLVERS)
@pytest.mark.parametrize("form", [np.asarray, sp.csr_array, sp.coo_array])
def test_single_precision_is_symmetric_within_its_rounding(solve, form):
    rng = np.random.default_rng(7)
    B = rng.standard_normal((20, 20))
    A = (B @ B.T / 20 + np.eye(20)).astype(np.float32)
    A = np.triu(A) + np.tril(A * np.float32(1 + 1.2e-7), -1)
    assert 1e-9 < np.abs(A - A.T).max() < 1e-6
    b = rng.standard_normal(20).astype(np.float32)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = solve(form(A), b)
    assert found.converged
    np.testing.assert_allclose(found.x, np.linalg.solve(A.astype(float), b.astype(float)), rtol=0, atol=1e-6)
    crooked = A.copy()
    crooked[3, 5] += np.float32(1e-3)
    if solve is SOLVERS["sor"]:
        with pytest.warns(UserWarning, match="not symmetric"):
            solve(form(crooked), b)
        return
    with pytest.raises(ValueError, match=r"A must be symmetric \(to a relative 7.6e-06\)"):
        solve(form(crooked), b)
    with pytest.raises(ValueError, match=r"A must be symmetric \(to a relative 1e-12\)"):
        solve(form(A.astype(float)), b)


def test_what_one_side_only_holds_within_rounding():
    """In single precision an entry may be rounded away on one side."""
    A = np.eye(6, dtype=np.float32)
    A[0, 1:] = 1e-9
    A = sp.csr_array(A)
    assert fixed("ssor_cg").solve(A, np.ones(6)).converged
    with pytest.raises(ValueError, match="symmetric"):
        assemble(A.astype(float))
