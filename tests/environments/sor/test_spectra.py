import math

import numpy as np
import pytest
import scipy.sparse as sp

from environments.sor import spectra
from environments.sor.instances import grid_laplacian
from environments.sor.solve import sor

TWO = [[2.0, -1.0], [-1.0, 2.0]]


def test_two_unknowns():
    assert spectra.jacobi_radius(TWO) == pytest.approx(0.5, abs=1e-15)
    assert spectra.optimal_omega(TWO) == pytest.approx(4 * (2 - math.sqrt(3)), abs=1e-14)
    radii = spectra.sor_radius([1.0, 4 * (2 - math.sqrt(3)), 1.5], 0.5)
    np.testing.assert_allclose(radii, [0.25, 0.0717967697, 0.5], rtol=0, atol=1e-8)


def test_ten_by_ten_grid():
    A, beta = grid_laplacian(10), math.cos(math.pi / 11)
    assert spectra.jacobi_radius(A) == pytest.approx(beta, abs=1e-13)
    assert beta == pytest.approx(0.9594929736, abs=1e-10)
    assert spectra.optimal_omega(A) == pytest.approx(1.5603879213, abs=1e-10)
    assert spectra.optimal_omega(A) == pytest.approx(2 / (1 + math.sin(math.pi / 11)), abs=1e-12)
    assert spectra.condition_number(A) == pytest.approx(48.3741501, abs=1e-6)


@pytest.mark.parametrize(("m", "c"), [(1, 0.5), (4, -0.3), (10, -0.15), (10, 0.45), (7, 3.0)])
def test_closed_forms_of_the_grid(m, c):
    A = grid_laplacian(m) + c * sp.eye_array(m * m)
    assert spectra.grid_jacobi_radius(m, c) == pytest.approx(spectra.jacobi_radius(A), abs=1e-13)
    assert spectra.grid_condition_number(m, c) == pytest.approx(spectra.condition_number(A), rel=1e-11)


def test_large_matrices_by_lanczos():
    assert spectra.DENSE < 47 * 47
    A = grid_laplacian(47)
    assert spectra.jacobi_radius(A) == pytest.approx(float(spectra.grid_jacobi_radius(47)), abs=1e-10)
    assert spectra.condition_number(A) == pytest.approx(float(spectra.grid_condition_number(47)), rel=1e-8)


def test_jacobi_radius_with_varying_diagonal():
    rng = np.random.default_rng(2)
    B = rng.standard_normal((12, 12))
    A = B @ B.T + np.diag(rng.uniform(1, 9, 12))
    direct = np.max(np.abs(np.linalg.eigvals(np.eye(12) - A / np.diag(A)[:, None])))
    assert spectra.jacobi_radius(A) == pytest.approx(direct, rel=1e-12)


@pytest.mark.parametrize("c", [0.0, -0.15, 0.45, 2.0])
def test_youngs_formula_gives_the_radius_of_the_defect_matrix(c):
    A = grid_laplacian(5) + c * sp.eye_array(25)
    beta = spectra.jacobi_radius(A)
    star = float(spectra.omega_star(beta))
    for omega in (0.5, 1.0, star - 0.05, star, star + 0.05, 1.9):
        numeric = np.max(np.abs(np.linalg.eigvals(spectra.defect_matrix(A, omega))))
        # At omega* eigenvalues are defective: rounding moves them by its square root.
        tolerance = 1e-6 if abs(omega - star) < 1e-3 else 1e-9
        assert spectra.sor_radius(omega, beta) == pytest.approx(numeric, abs=tolerance)


def test_optimal_omega_minimizes_the_radius():
    betas = np.linspace(0.0, 0.999, 50)
    stars = spectra.omega_star(betas)
    best = spectra.sor_radius(stars, betas)
    for step in (-0.02, -1e-6, 1e-6, 0.0005):
        inside = (stars + step > 0) & (stars + step < 2)
        moved = spectra.sor_radius(stars[inside] + step, betas[inside])
        assert (moved >= best[inside] - 1e-12).all()


def test_residuals_are_powers_of_the_defect_matrix(textbook, side_b):
    A = grid_laplacian(10).toarray()
    for omega in (1.0, 1.4, 1.8):
        norms = textbook(A, side_b, omega, max_iter=12)[2]
        r = side_b
        for norm in norms:
            assert np.linalg.norm(r) == pytest.approx(norm, rel=1e-10)
            r = spectra.defect_matrix(A, omega) @ r


def test_right_hand_side_with_a_small_eigenvalue():
    A = grid_laplacian(10)
    C = spectra.defect_matrix(A, 1.4)
    values, vectors = np.linalg.eig(C)
    smallest = 0.4**2 / float(spectra.sor_radius(1.4, spectra.jacobi_radius(A)))
    assert smallest == pytest.approx(0.1985382, abs=1e-7)
    real = np.flatnonzero(np.abs(values.imag) < 1e-9)
    i = real[np.argmin(np.abs(values.real[real] - smallest))]
    assert values.real[i] == pytest.approx(smallest, abs=1e-7)
    b = vectors[:, i].real
    assert [sor(A, b, w).iterations for w in (1.4, 1.38, 1.42, 1.0, 1.5)] == [12, 59, 53, 172, 45]


def test_consistent_ordering():
    A = grid_laplacian(4)
    assert spectra.is_consistently_ordered(A)
    assert spectra.is_consistently_ordered(np.eye(3))
    assert spectra.is_consistently_ordered(TWO)
    triangle = np.array([[4.0, 1, 1], [1, 4, 1], [1, 1, 4]])
    assert not spectra.is_consistently_ordered(triangle)
    ring = np.array([[4.0, 1, 0, 1], [1, 4, 1, 0], [0, 1, 4, 1], [1, 0, 1, 4]])
    assert not spectra.is_consistently_ordered(ring)
    with pytest.raises(ValueError, match=r"consistently ordered.*assume_consistent"):
        spectra.optimal_omega(triangle)
    assert 1.0 < spectra.optimal_omega(triangle, assume_consistent=True) < 2.0


def test_red_black_order_of_the_grid_is_consistent_too():
    A = grid_laplacian(4).toarray()
    colour = np.add.outer(np.arange(4), np.arange(4)).ravel() % 2
    order = np.argsort(colour, kind="stable")
    assert spectra.is_consistently_ordered(A[np.ix_(order, order)])
    shuffled = np.random.default_rng(0).permutation(16)
    assert not spectra.is_consistently_ordered(A[np.ix_(shuffled, shuffled)])


@pytest.mark.parametrize("function", [spectra.jacobi_radius, spectra.condition_number, spectra.optimal_omega])
def test_symmetry_is_needed(function):
    with pytest.raises(ValueError, match="symmetric"):
        function([[2.0, -1.0], [-1.0 + 1e-9, 2.0]])
    with pytest.raises(ValueError, match="square"):
        function(np.ones((2, 3)))


def test_bad_arguments():
    for beta in (1.0, 1.2, -0.1, math.nan):
        with pytest.raises(ValueError, match="beta must lie"):
            spectra.omega_star(beta)
    for omega in (0.0, 2.0, math.nan):
        with pytest.raises(ValueError, match="omega"):
            spectra.sor_radius(omega, 0.5)
        with pytest.raises(ValueError, match="omega"):
            spectra.defect_matrix(TWO, omega)
    with pytest.raises(ValueError, match=r"shift must be .* got -0\.2"):
        spectra.grid_jacobi_radius(10, [0.0, -0.2])
    with pytest.raises(ValueError, match="positive definite"):
        spectra.condition_number([[1.0, 2.0], [2.0, 1.0]])
    with pytest.raises(ValueError, match="beta must lie"):
        spectra.optimal_omega([[1.0, 2.0], [2.0, 1.0]])
