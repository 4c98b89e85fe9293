import math

import numpy as np
import pytest
import scipy.sparse as sp

from environments.sor import bounds, surrogates
from environments.sor.instances import grid_laplacian, truncated_normals
from environments.sor.solve import sor_laplacian
from environments.sor.spectra import grid_jacobi_radius, omega_star
from environments.sor.surrogates import least_surrogates, surrogate

OMEGAS = 1.0 + 0.05 * np.arange(19)
BETA = math.cos(math.pi / 11)


def test_measured_slack_and_surrogate_of_the_constant_right_hand_side():
    slacks = bounds.measured_tau(grid_laplacian(10), np.ones(100), OMEGAS)
    assert slacks.max() == pytest.approx(0.1545934, abs=1e-7)
    assert OMEGAS[slacks.argmax()] == pytest.approx(1.6)
    omegas = [1.0, 1.4, 1.55, 1.6, 1.8, 1.9]
    U = surrogate(omegas, BETA, slacks.max())
    assert U.round(1).tolist() == [266.2, 103.8, 51.2, 45.6, 100.5, 209.5]
    asymptotic = bounds.asymptotic_count(omegas, BETA)
    assert asymptotic.round(1).tolist() == [222.7, 85.4, 40.8, 36.1, 82.6, 174.8]
    counts = np.array([sor_laplacian(10, np.ones(100), w).iterations for w in omegas])
    assert (counts <= U).all()
    assert (counts > asymptotic).any()


@pytest.mark.parametrize("c", [-0.15, 0.0, 0.45])
def test_counts_stay_below_surrogate_and_energy_bound(c):
    A = grid_laplacian(10) + c * sp.eye_array(100)
    b = truncated_normals(np.random.default_rng(1), 1, 100)[0]
    omegas = np.linspace(1.0, 1.95, 7)
    counts = np.array([sor_laplacian(10, b, w, c).iterations for w in omegas])
    tau = bounds.measured_tau(A, b, omegas).max()
    assert (counts <= surrogate(omegas, grid_jacobi_radius(10, c), tau)).all()
    assert (counts <= bounds.energy_bound(A, omegas)).all()


def test_measured_slack_of_the_papers_shifts():
    # The largest slack is found a little to the right of omega*.
    b = truncated_normals(np.random.default_rng(3), 2, 100)
    for c, side in zip((-0.15, 0.45), b, strict=True):
        A = grid_laplacian(10) + c * sp.eye_array(100)
        star = float(omega_star(grid_jacobi_radius(10, c)))
        tau = bounds.measured_tau(A, side, star + np.linspace(0.0, 0.12, 7)).max()
        assert math.exp(-2) < tau < 0.3


def test_measured_slack_without_consistent_ordering():
    A = np.array([[4.0, 1, 1], [1, 4, 1], [1, 1, 4]])
    slacks = bounds.measured_tau(A, [1.0, 2.0, 3.0], [0.9, 1.0, 1.2])
    assert ((slacks > -1e-12) & (slacks < 1)).all()
    assert bounds.measured_tau(np.eye(2), [1.0, 1.0], [1.0]).tolist() == [0.0]


def test_surrogate_decreases_up_to_omega_star_and_increases_from_there():
    for beta in (0.5, 0.9, 0.99):
        star = float(omega_star(beta))
        below = surrogate(np.linspace(0.5, star, 300), beta, 0.2)
        above = surrogate(np.linspace(star, 1.99, 300), beta, 0.2)
        assert (np.diff(below) < 1e-9).all()
        assert (np.diff(above) > 0).all()
        alpha = 0.2 + 0.8 * max(beta**2, 0.99)
        steepest = 0.8 * math.log(1e8) / (alpha * math.log(alpha) ** 2)
        assert (np.diff(above) <= steepest * (1.99 - star) / 299).all()
        assert surrogate(1.7, beta, 0.2) <= 1 + math.log(1e8) / -math.log(alpha)


def test_least_surrogates_against_brute_force():
    rng = np.random.default_rng(4)
    betas = grid_jacobi_radius(10, -0.15 + 0.6 * rng.beta(0.5, 1.5, 60))
    times = np.array([1, 2, 7, 30, 60])
    found = least_surrogates(betas, 0.25, 1.95, times)
    candidates = np.union1d(np.arange(1e-4, 1.95, 1e-4), omega_star(betas))
    for i, t in enumerate(times):
        sums = sum(surrogate(candidates, beta, 0.25) for beta in betas[:t])
        best = sums.min()
        assert best - 1e-9 <= found[i] <= best * (1 + 2e-4)
    assert found[0] == pytest.approx(float(surrogate(omega_star(betas[0]), betas[0], 0.25)), rel=1e-12)


def test_least_surrogates_respects_omega_max():
    betas = grid_jacobi_radius(10, np.array([0.0, 0.1]))
    found = least_surrogates(betas, 0.25, 1.3, np.array([2]))
    assert found[0] == pytest.approx(float(surrogate(1.3, betas, 0.25).sum()), rel=1e-12)


def test_thinned_candidates_stay_within_the_stated_error():
    betas = grid_jacobi_radius(10, -0.15 + 0.6 * np.random.default_rng(6).beta(0.5, 1.5, 400))
    times = np.array([400])
    exact = least_surrogates(betas, 0.25, 1.95, times)[0]
    thinned = least_surrogates(betas, 0.25, 1.95, times, most=5)[0]
    alphas = 0.25 + 0.75 * np.maximum(betas**2, 0.95)
    rise = np.sum(0.75 * math.log(1e8) / (alphas * np.log(alphas) ** 2))
    assert exact <= thinned <= exact + rise * surrogates.STEP
    assert thinned <= exact * 1.001


def test_bad_arguments():
    for tau in (0.0, 1.0, math.nan):
        with pytest.raises(ValueError, match="tau"):
            surrogate(1.5, 0.5, tau)
    with pytest.raises(ValueError, match="tol"):
        surrogate(1.5, 0.5, 0.5, 1.0)
    with pytest.raises(ValueError, match="beta"):
        surrogate(1.5, 1.0, 0.5)
    with pytest.raises(ValueError, match="b must be"):
        bounds.measured_tau(np.eye(2), [0.0, 0.0], [1.0])
    with pytest.raises(ValueError, match="does not converge"):
        bounds.measured_tau(grid_laplacian(10), np.ones(100), [1.0], max_iter=5)
    with pytest.raises(ValueError, match="symmetric"):
        bounds.energy_bound([[2.0, -1.0], [0.0, 2.0]], [1.5])
