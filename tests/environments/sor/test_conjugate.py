"""Spectra and surrogate of SSOR-CG, the two regions, golden section, and the spectral baseline."""

import itertools
import math

import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given, settings
from hypothesis import strategies as st

from environments.sor import conjugate
from environments.sor.conjugate import (
    LOWEST,
    cg_surrogate,
    golden_section,
    inverse_radius,
    measured_cg_tau,
    omega_cg,
    preconditioned_condition,
    triangle_excess,
)
from environments.sor.grids import AnchoredGrid, MidpointGrid, TheoremGrid, context_sizes, grid_size
from environments.sor.instances import grid_laplacian, l_laplacian, truncated_normals
from environments.sor.regions import REGIONS
from environments.sor.spectra import jacobi_radius, omega_star
from environments.sor.spectral import lanczos_radius, spectral_parameters
from environments.sor.surrogates import least_cg_surrogates
from environments.sor.symmetric import ssor_cg

A = grid_laplacian(10)


def test_spectra_of_the_reference_grid():
    assert inverse_radius(A) == pytest.approx(24.6870750, abs=1e-6)
    assert triangle_excess(A) == pytest.approx(-0.0035221, abs=1e-7)
    assert float(omega_cg(inverse_radius(A), triangle_excess(A))) == pytest.approx(1.558087, abs=1e-6)
    assert abs(LOWEST - 0.828427) < 1e-6


def test_spectra_by_the_solvers_for_large_matrices(monkeypatch):
    monkeypatch.setattr(conjugate, "DENSE", 10)
    assert inverse_radius(A) == pytest.approx(24.6870750, abs=1e-6)
    assert triangle_excess(A) == pytest.approx(-0.0035221, abs=1e-7)


@pytest.mark.parametrize("region", ["square", "L"])
@pytest.mark.parametrize("c", [-0.1, 0.0, 2.5])
def test_regions_under_shifts(region, c):
    place = REGIONS.build(region, side=9)
    shifted = place.matrix + c * sp.eye_array(place.n)
    values = np.linalg.eigvalsh(shifted.toarray())
    assert float(place.beta(c)) == pytest.approx(jacobi_radius(shifted), rel=1e-12)
    assert float(place.kappa(c)) == pytest.approx(values[-1] / values[0], rel=1e-10)
    assert float(place.mu(c)) == pytest.approx(inverse_radius(shifted), rel=1e-10)
    assert float(place.nu(c, -0.12, 3.0)) == pytest.approx(triangle_excess(shifted), abs=3e-3)
    with pytest.raises(ValueError, match="shift must be a finite number above"):
        place.check_shift(place.radius - 4.0, "shift")


def test_the_l_shape():
    assert [l_laplacian(s).shape[0] for s in (10, 30)] == [75, 675]
    assert l_laplacian(2).toarray().tolist() == [[4, 0, 0], [0, 4, 0], [0, 0, 4]] or l_laplacian(2).shape == (3, 3)
    # side 4: two columns of two points (top half), then two columns of four
    joined = 4 * np.eye(12) - l_laplacian(4).toarray()
    columns = [[0, 1], [2, 3], [4, 5, 6, 7], [8, 9, 10, 11]]
    edges = {(a, b) for column in columns for a, b in itertools.pairwise(column)}
    edges |= {(0, 2), (1, 3), (2, 4), (3, 5), (4, 8), (5, 9), (6, 10), (7, 11)}
    assert {(int(i), int(j)) for i, j in zip(*np.nonzero(joined), strict=True) if i < j} == edges
    with pytest.raises(ValueError, match="side"):
        l_laplacian(1)
    with pytest.raises(ValueError, match="region: unknown region 'circle'; known: L, square"):
        REGIONS.build("circle", side=4)


@pytest.mark.parametrize("region", ["square", "L"])
def test_the_surrogate_covers_the_counts(region):
    place = REGIONS.build(region, side=10)
    b = truncated_normals(np.random.default_rng(4), 1, place.n)[0]
    mu, nu, kappa = float(place.mu(0.0)), triangle_excess(place.matrix), float(place.kappa(0.0))
    omegas = np.linspace(LOWEST, 1.9, 12)
    tau = measured_cg_tau(place.matrix, b, omegas).max()
    assert 0.3 < tau < 1.0
    counts = [ssor_cg(place.matrix, b, w).iterations for w in omegas]
    assert (counts <= cg_surrogate(omegas, mu, nu, kappa, tau) + 1e-9).all()
    fine = np.linspace(LOWEST, 1.95, 4000)
    assert fine[cg_surrogate(fine, mu, nu, kappa).argmin()] == pytest.approx(float(omega_cg(mu, nu)), abs=1e-3)
    for omega in (1.0, 1.5, 1.8):
        full = place.matrix.toarray()
        D, L = np.diag(np.diag(full)), np.tril(full, -1)
        W = omega / (2 - omega) * (D / omega + L) @ np.linalg.inv(D) @ (D / omega + L.T)
        values = np.linalg.eigvals(np.linalg.solve(W, full)).real
        assert values.max() / values.min() <= float(preconditioned_condition(omega, mu, nu)) * (1 + 1e-9)


def test_least_surrogates_by_brute_force():
    place, shifts = REGIONS.build("square", side=8), np.random.default_rng(0).uniform(0, 2, 12)
    mu, nu, kappa = place.mu(shifts), place.nu(shifts, 0.0, 2.0), place.kappa(shifts)
    found = least_cg_surrogates(mu, nu, kappa, 0.8, 1.9, np.array([1, 5, 12]))
    fine = np.linspace(LOWEST, 1.9, 20_001)
    for value, t in zip(found, (1, 5, 12), strict=True):
        sums = sum(cg_surrogate(fine, mu[s], nu[s], kappa[s], 0.8) for s in range(t))
        assert sums.min() - 1e-9 <= value <= sums.min() * (1 + 1e-6)


@given(st.floats(0.9, 1.9), st.floats(0.1, 50.0))
@settings(max_examples=80, deadline=None)
def test_golden_section_finds_the_valley(best, steep):
    asked = []

    def cost(omega):
        asked.append(omega)
        return steep * abs(omega - best)

    found = golden_section(cost, 0.85, 1.95)
    assert len(asked) == 12
    assert abs(found - best) <= 1.1 / 2 * 0.618**6 + 1e-9
    assert golden_section(lambda w: 7.0, 0.85, 1.95) == pytest.approx(1.4)  # all tied: the middle


def test_golden_section_arguments():
    for change, message in (
        ({"seeds": 2}, "seeds"),
        ({"evaluations": 6}, "evaluations"),
        ({"high": 0.5}, "high - low"),
    ):
        with pytest.raises(ValueError, match=message):
            golden_section(abs, **{"low": 1.0, "high": 1.9, **change})


def test_lanczos():
    beta = jacobi_radius(A)
    estimates = [lanczos_radius(A, k) for k in (1, 5, 10, 20, 60)]
    assert estimates == sorted(estimates)
    assert all(e <= beta + 1e-12 for e in estimates)
    assert estimates[3] == pytest.approx(beta, abs=1e-6)
    assert lanczos_radius(A, 500) == pytest.approx(beta, abs=1e-12)
    assert lanczos_radius(np.eye(3)) == 0.0
    omegas, products = spectral_parameters(A, np.array([-0.1, 0.2]), -0.15, 0.45, 30)
    assert products == 600
    np.testing.assert_allclose(omegas, omega_star(REGIONS.build("square", side=10).beta([-0.1, 0.2])), atol=2e-3)
    with pytest.raises(ValueError, match="points"):
        spectral_parameters(A, np.zeros(1), -0.15, 0.45, 0)


def test_grids():
    np.testing.assert_allclose(MidpointGrid(1.0, 2.0 - 1e-9, 4).points, [1.125, 1.375, 1.625, 1.875])
    np.testing.assert_allclose(AnchoredGrid(1.0, 1.8, 1.8, 4).points, TheoremGrid(1.8, 4).points)
    np.testing.assert_allclose(AnchoredGrid(1.0, 1.8, 1.1, 4).points, [1.1, 1.2, 1.4, 1.6])
    for make in (lambda: MidpointGrid(1.5, 1.2, 3), lambda: MidpointGrid(1.0, 1.5, 0),
                 lambda: AnchoredGrid(1.0, 1.8, 1.2, 4), lambda: AnchoredGrid(1.0, 1.8, 1.9, 4)):  # fmt: skip
        with pytest.raises(ValueError, match=r"low|size|anchor"):
            make()


def test_grid_sizes():
    square = math.log(0.848) ** 2
    assert grid_size(73_077, 0.848) == round((73_077 / 2 / square) ** (1 / 3))
    assert grid_size(5000, 0.7, 9.0) == round((5000 * 81 * math.log(0.7) ** 2 / 2) ** (1 / 3))
    assert grid_size(1, 0.01) == 1
    d, m = context_sizes(5000, 0.7, 6.0, 0.5, 2.0)
    both = 36 * 5000 * math.log(0.7) ** 2
    assert (d, m) == (round((both / 24) ** 0.25), round((54 * both) ** 0.25))
    for arguments in ((0, 0.5), (10, 1.0), (10, None), (10, 0.5, 0.0)):
        with pytest.raises(ValueError, match=r"horizon|alpha_max|gamma"):
            grid_size(*arguments)


def test_size_of_theorem_2_1_and_its_looser_form():
    """(5) per instance at alpha = 0.848, and (4) minimised over real sizes equals it."""
    log, alpha = math.log(1e8), 0.848
    for T, expected in ((1000, 77.013), (5000, 45.038), (100_000, 16.592)):
        assert 3 * log * (2 * T**2 / math.log(alpha) ** 4) ** (1 / 3) / T == pytest.approx(expected, abs=1e-3)
        K, d = log / -math.log(alpha), (T / 2 / math.log(alpha) ** 2) ** (1 / 3)
        value = 2 * K * math.sqrt(2 * d * T) + T * log / (d * math.log(alpha) ** 2)
        assert value / T == pytest.approx(expected, abs=1e-3)
