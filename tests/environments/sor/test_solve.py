import math
import warnings

import numpy as np
import pytest
import scipy.sparse as sp

from environments.sor.instances import grid_laplacian
from environments.sor.solve import sor, sor_laplacian

TWO = [[2.0, -1.0], [-1.0, 2.0]]
OMEGAS = [1.0, 1.2, 1.4, 1.5, 1.56, 1.6, 1.8, 1.95]


@pytest.mark.parametrize(("b", "counts"), [((1, 0), (14, 9, 12, 26, 25)), ((1, 1), (14, 9, 13, 28, 26))])
def test_two_unknowns(b, counts):
    omegas = (1.0, 4 * (2 - math.sqrt(3)), 1.2, 1.5, 0.8)
    assert tuple(sor(TWO, b, w).iterations for w in omegas) == counts


def test_diagonal_matrix_multiplies_the_residual_by_one_minus_omega():
    A = np.diag([1.0, 5.0, 0.3])
    assert [sor(A, [1, 2, 3], w).iterations for w in (1.0, 1.5, 0.5, 1.9)] == [1, 27, 27, 175]


def test_reference_counts(side_b):
    A = grid_laplacian(10)
    counts = [188, 121, 71, 45, 36, 40, 85, 359]
    assert [sor(A, side_b, w).iterations for w in OMEGAS] == counts
    assert [sor_laplacian(10, side_b, w).iterations for w in OMEGAS] == counts
    tols = (1e-2, 1e-4, 1e-6, 1e-8, 1e-10)
    assert [sor(A, side_b, 1.5, tol=t).iterations for t in tols] == [11, 19, 30, 45, 59]


def test_counts_of_the_constant_right_hand_side():
    counts = [223, 201, 181, 162, 145, 130, 115, 101, 88, 75, 62, 46, 43, 48, 58, 70, 89, 122, 187]
    omegas = 1.0 + 0.05 * np.arange(19)
    assert [sor_laplacian(10, np.ones(100), w).iterations for w in omegas] == counts
    assert [sor(grid_laplacian(10), np.ones(100), w).iterations for w in omegas] == counts


@pytest.mark.parametrize("m", [1, 2, 3, 4, 5, 8, 11])
def test_stencil_equals_csr_and_textbook(m, textbook):
    rng = np.random.default_rng(m)
    A = grid_laplacian(m) + 0.3 * sp.eye_array(m * m)
    b = rng.standard_normal(m * m)
    for omega in (0.4, 1.0, 1.3, 1.75):
        count, x, norms = textbook(A.toarray(), b, omega, tol=3e-7)
        for result in (sor(A, b, omega, tol=3e-7), sor_laplacian(m, b, omega, 0.3, tol=3e-7)):
            assert (result.iterations, result.converged, result.diverged) == (count, True, False)
            assert result.residual == pytest.approx(norms[-1] / norms[0], rel=1e-6)
            np.testing.assert_allclose(result.x, x, rtol=0, atol=1e-12 * np.abs(x).max())


def test_stencil_works_in_blocks_of_columns():
    m = 515
    b = np.random.default_rng(3).standard_normal(m * m)
    A = grid_laplacian(m) + 1.5 * sp.eye_array(m * m)
    one, other = sor(A, b, 1.2), sor_laplacian(m, b.reshape(m, m), 1.2, 1.5)
    assert one.iterations == other.iterations
    np.testing.assert_allclose(one.x, other.x, rtol=0, atol=1e-12)


def test_general_matrix_with_varying_diagonal(textbook):
    rng = np.random.default_rng(5)
    for n in (3, 17, 40):
        B = rng.standard_normal((n, n)) * (rng.random((n, n)) < 0.3)
        A = B @ B.T + np.diag(rng.uniform(0.5, 3.0, n))
        b = rng.standard_normal(n)
        for omega in (0.7, 1.0, 1.6):
            count, x, _ = textbook(A, b, omega)
            result = sor(A, b, omega)
            assert result.iterations == count
            np.testing.assert_allclose(result.x, x, rtol=0, atol=1e-10 * np.abs(x).max())


def test_formats_of_the_matrix_do_not_matter(side_b):
    A = grid_laplacian(10)
    for form in (A.toarray(), sp.coo_array(A), sp.csc_matrix(A), sp.lil_array(A)):
        assert sor(form, side_b, 1.5).iterations == 45


def test_arguments_are_left_alone(side_b):
    A, b = grid_laplacian(10), side_b.copy()
    before = A.copy()
    sor(A, b, 1.5)
    sor_laplacian(10, b, 1.5)
    assert (before != A).nnz == 0
    assert np.array_equal(b, side_b)


@pytest.mark.parametrize(("s", "t"), [(3.7, 1.0), (1.0, 0.013), (1e8, 1e-250), (1e-8, 1e250)])
def test_count_does_not_depend_on_scale(s, t, side_b):
    A = grid_laplacian(10)
    assert [sor(s * A, t * side_b, w).iterations for w in OMEGAS] == [sor(A, side_b, w).iterations for w in OMEGAS]


def test_count_grows_with_precision(side_b):
    for omega in (1.0, 1.5, 1.9):
        counts = [sor_laplacian(10, side_b, omega, tol=10.0**-p).iterations for p in range(1, 13)]
        assert counts == sorted(counts)


@pytest.mark.parametrize("tol", [1e-3, 1e-8, 1e-11, 1e-13])
def test_true_residual_meets_the_tolerance(tol, side_b):
    A = grid_laplacian(10)
    for result in (sor(A, side_b, 1.7, tol=tol), sor_laplacian(10, side_b, 1.7, tol=tol)):
        true = np.linalg.norm(side_b - A @ result.x) / np.linalg.norm(side_b)
        assert result.converged
        assert true <= 1.01 * tol
        assert result.residual == pytest.approx(true, rel=1e-3, abs=1e-16)


def test_unreachable_tolerance_warns_and_is_not_claimed(side_b):
    with pytest.warns(UserWarning, match="double precision"):
        result = sor(grid_laplacian(10), side_b, 1.5, tol=1e-17, max_iter=500)
    assert (result.iterations, result.converged, result.diverged) == (500, False, False)


def test_too_few_sweeps(side_b):
    for result in (
        sor(grid_laplacian(10), side_b, 1.0, max_iter=187),
        sor_laplacian(10, side_b, 1.0, max_iter=187),
    ):
        assert (result.iterations, result.converged, result.diverged) == (187, False, False)
        assert result.residual > 1e-8
    assert sor_laplacian(10, side_b, 1.0, max_iter=188).converged


def test_overflow_stops_the_solve():
    A = [[1.0, 9.0], [9.0, 1.0]]
    result = sor(A, [1.0, 1.0], 1.5, max_iter=5000)
    assert (result.iterations, result.converged, result.diverged) == (5000, False, True)
    assert result.residual == math.inf


def test_tie_with_the_tolerance_counts_as_converged():
    # The residual is halved exactly in each sweep.
    assert sor([[4.0]], [1.0], 0.5, tol=0.25).iterations == 2
    assert sor_laplacian(1, [1.0], 0.5, tol=0.25).iterations == 2


def test_zero_right_hand_side_takes_no_sweep():
    for result in (sor(TWO, [0, 0], 1.5), sor_laplacian(3, np.zeros(9), 1.5)):
        assert (result.iterations, result.converged, result.residual) == (0, True, 0.0)
        assert not result.x.any()


def test_unsymmetric_matrix_warns():
    with pytest.warns(UserWarning, match="not symmetric"):
        assert sor([[2.0, -1.0], [0.0, 2.0]], [1, 1], 1.0).converged


@pytest.mark.parametrize(
    ("A", "b", "message"),
    [
        (np.ones((2, 3)), [1, 1], "A must be a square matrix"),
        (np.ones(4), [1, 1], "A must be a square matrix"),
        (np.empty((0, 0)), [], "A must be a square matrix"),
        (TWO, [1, 1, 1], "b must have shape"),
        (TWO, [[1, 1]], "b must have shape"),
        (TWO, [1, math.nan], "b must be finite"),
        ([[2, math.inf], [-1, 2]], [1, 1], "A must be finite"),
        ([[2, -1], [-1, 0]], [1, 1], "diagonal must be positive"),
        ([[-2, -1], [-1, 2]], [1, 1], "diagonal must be positive, got .*row 0"),
    ],
)
def test_bad_systems(A, b, message):
    with pytest.raises(ValueError, match=message):
        sor(A, b, 1.0)


@pytest.mark.parametrize(
    ("name", "value"),
    [("omega", v) for v in (0.0, 2.0, -1.0, math.nan, math.inf)]
    + [("tol", v) for v in (0.0, 1.0, -1e-8, math.nan)]
    + [("max_iter", v) for v in (0, -3, 10.5)],
)
def test_bad_numbers(name, value):
    arguments = {"omega": 1.0, name: value}
    with pytest.raises(ValueError, match=name):
        sor(TWO, [1, 1], **arguments)
    with pytest.raises(ValueError, match=name):
        sor_laplacian(2, np.ones(4), **arguments)


@pytest.mark.parametrize("shift", [-0.17, -4.0, math.nan])
def test_shift_must_leave_the_laplacian_definite(shift):
    with pytest.raises(ValueError, match=r"shift must be .* above -0\.162028.*got"):
        sor_laplacian(10, np.ones(100), 1.5, shift)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert sor_laplacian(10, np.ones(100), 1.5, -0.16).converged


def test_wrong_side_of_the_grid():
    with pytest.raises(ValueError, match="m must be"):
        sor_laplacian(0, [], 1.0)
    with pytest.raises(ValueError, match="b must have shape"):
        sor_laplacian(3, np.ones(8), 1.0)
