"""The kernel of many lanes, the scalar kernel and the textbook loop count alike."""

import numpy as np
import pytest
import scipy.sparse as sp

from environments.sor import lanes
from environments.sor.instances import grid_laplacian, truncated_normals
from environments.sor.kernels import CONVERGED, DIVERGED, UNFINISHED
from environments.sor.solve import sor, sor_laplacian, split, square_matrix


def count(A, shifts, rhs, omegas, tol=1e-8, max_iter=10_000):
    omegas = np.atleast_2d(np.asarray(omegas, dtype=float))
    shape = (len(rhs), omegas.shape[1])
    counts, status = np.full(shape, -1, np.int32), np.full(shape, -1, np.int8)
    shifts, rhs = np.asarray(shifts, dtype=float), np.ascontiguousarray(rhs, dtype=float)
    lanes.count_lanes(split(square_matrix(A)), shifts, rhs, omegas, tol, max_iter, counts, status)
    return counts, status


def test_equal_to_the_other_kernels_on_a_thousand_random_solves():
    rng = np.random.default_rng(11)
    n_instances, columns, m = 150, 7, 10
    A = grid_laplacian(m)
    shifts = rng.uniform(-0.15, 3.0, n_instances)
    rhs = truncated_normals(rng, n_instances, m * m)
    omegas = rng.uniform(0.6, 1.95, (n_instances, columns))
    counts, status = count(A, shifts, rhs, omegas)
    assert (status == CONVERGED).all()
    for t in range(n_instances):
        shifted = A + shifts[t] * sp.eye_array(m * m)
        for i in range(columns):
            assert counts[t, i] == sor_laplacian(m, rhs[t], omegas[t, i], shifts[t]).iterations
            if i < 2:
                assert counts[t, i] == sor(shifted, rhs[t], omegas[t, i]).iterations


def test_equal_to_the_textbook_on_a_thousand_random_solves(textbook):
    rng = np.random.default_rng(12)
    n_instances, m = 250, 3
    A = grid_laplacian(m)
    shifts, rhs = rng.uniform(-0.5, 2.0, n_instances), rng.standard_normal((n_instances, m * m))
    omegas = rng.uniform(0.8, 1.7, (n_instances, 4))
    counts, _ = count(A, shifts, rhs, omegas, tol=1e-6)
    for t in range(n_instances):
        dense = A.toarray() + shifts[t] * np.eye(m * m)
        for i in range(4):
            assert counts[t, i] == textbook(dense, rhs[t], omegas[t, i], tol=1e-6)[0]


def test_general_matrices_with_rows_of_all_lengths(textbook):
    rng = np.random.default_rng(13)
    for n in (1, 2, 5, 13):
        B = rng.standard_normal((n, n)) * (rng.random((n, n)) < 0.6)
        A = B @ B.T + np.diag(rng.uniform(0.5, 3.0, n))
        shifts, rhs, omegas = rng.uniform(0.0, 1.0, 9), rng.standard_normal((9, n)), [0.7, 1.0, 1.4]
        counts, _ = count(A, shifts, rhs, omegas)
        for t in range(9):
            dense = A + shifts[t] * np.eye(n)
            assert counts[t].tolist() == [textbook(dense, rhs[t], w)[0] for w in omegas]


@pytest.mark.parametrize("instances", [1, 2, 33])
def test_company_does_not_matter(instances):
    rng = np.random.default_rng(14)
    A, shifts, rhs = grid_laplacian(5), rng.uniform(0.0, 1.0, 33), rng.standard_normal((33, 25))
    omegas = np.linspace(1.0, 1.9, 5)
    together, _ = count(A, shifts, rhs, omegas)
    for t in range(0, 33, instances):
        part, _ = count(A, shifts[t : t + instances], rhs[t : t + instances], omegas)
        assert np.array_equal(part, together[t : t + instances])


def test_zero_right_hand_sides_among_others(side_b):
    rhs = np.zeros((70, 100))
    rhs[[3, 40]] = side_b
    counts, status = count(grid_laplacian(10), np.zeros(70), rhs, [1.5, 1.56])
    assert counts[[3, 40]].tolist() == [[45, 36]] * 2
    assert counts.sum() == 2 * 81
    assert (status == CONVERGED).all()


def test_statuses(side_b):
    counts, status = count(grid_laplacian(10), [0.0], side_b[None], [1.5, 1.0], max_iter=100)
    assert counts.tolist() == [[45, 100]]
    assert status.tolist() == [[CONVERGED, UNFINISHED]]
    for max_iter, expected in ((44, UNFINISHED), (45, CONVERGED), (46, CONVERGED)):
        counts, status = count(grid_laplacian(10), [0.0], side_b[None], [1.5], max_iter=max_iter)
        assert (counts.item(), status.item()) == (min(45, max_iter), expected)
    counts, status = count([[1.0, 9.0], [9.0, 1.0]], [0.0, 100.0], np.ones((2, 2)), [1.5, 1.0], max_iter=5000)
    assert counts[0].tolist() == [5000, 5000]
    assert status.tolist() == [[DIVERGED, DIVERGED], [CONVERGED, CONVERGED]]


def test_tie_with_the_tolerance_counts_as_converged():
    counts, _ = count([[4.0]], [0.0], [[1.0]], [0.5], tol=0.25)
    assert counts.tolist() == [[2]]


def test_no_instances():
    counts, _ = count(grid_laplacian(2), np.empty(0), np.empty((0, 4)), [1.5])
    assert counts.shape == (0, 1)
