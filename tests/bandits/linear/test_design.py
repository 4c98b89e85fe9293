"""Designs and spanners against known optima, and what must not change them."""

import numpy as np
import pytest

import bandits.linear.design as module
from bandits.linear.design import design, spanner
from bandits.linear.problem import Features
from environments.linear.actions import (
    Basis,
    Circle,
    EndOfOptimism,
    Hypercube,
    Icosahedron,
    Polynomial,
    Sphere,
    unit_rows,
)


def matrix(rows, weights):
    """V of a design."""
    return (rows.T * weights) @ rows


@pytest.mark.parametrize(
    ("actions", "tolerance", "log_det", "error", "support"),
    [
        (Basis(4), 1e-9, -5.5451774445, 1e-6, {0: 1 / 4, 1: 1 / 4, 2: 1 / 4, 3: 1 / 4}),
        (Circle(3), 1e-9, -1.3862943611, 1e-6, {0: 1 / 3, 1: 1 / 3, 2: 1 / 3}),
        (Icosahedron(), 1e-9, -3.2958368660, 1e-6, dict.fromkeys(range(6), 1 / 6)),
        (Polynomial(3, 201), 1e-9, -1.9095425049, 1e-6, {0: 1 / 3, 100: 1 / 3, 200: 1 / 3}),
        (Hypercube(4, 0.5), 1e-9, -5.5451774445, 1e-6, None),
        (EndOfOptimism(0.1), 1e-9, -1.3862943611, 1e-6, {0: 1 / 2, 1: 1 / 2}),
        (EndOfOptimism(0.05), 1e-9, -1.3862943611, 1e-6, {0: 1 / 2, 1: 1 / 2}),
        (EndOfOptimism(0.01), 1e-9, -1.3862943611, 1e-6, {0: 1 / 2, 1: 1 / 2}),
        (Sphere(50, 5, 7), 1e-6, -8.0471896, 5e-6, None),
        (Sphere(100, 10, 7), 1e-6, -23.0376019, 1e-5, None),
        (Sphere(1000, 10, 7), 1e-6, -23.0258509, 1e-5, None),
        (Sphere(10000, 20, 7), 1e-6, -59.9146455, 2e-5, None),
        (np.random.default_rng(7).standard_normal((200, 6)), 1e-6, 3.97395963, 6e-6, None),
    ],
)
def test_designs_are_optimal(actions, tolerance, log_det, error, support):
    rows = actions if isinstance(actions, np.ndarray) else actions.table()
    found, d = design(rows, tolerance), rows.shape[1]
    v = matrix(rows, found.weights)
    q = np.einsum("ij,jk,ik->i", rows, np.linalg.inv(v), rows)
    assert d - 1e-9 <= found.value <= d * (1.0 + tolerance)
    assert np.isclose(found.value, q.max(), rtol=1e-9)
    assert abs(found.log_det - log_det) <= error
    assert np.isclose(found.log_det, np.linalg.slogdet(v)[1], rtol=1e-10)
    assert found.weights.min() >= 0.0
    assert np.isclose(found.weights.sum(), 1.0, rtol=1e-12)
    assert np.isclose(found.weights @ q, d, rtol=1e-10)
    assert len(found.support) <= d * (d + 1) // 2 + 1
    if support is not None:
        assert found.support.tolist() == list(support)
        assert np.allclose(found.weights[found.support], list(support.values()), atol=1e-4)


@pytest.mark.parametrize("tolerance", [0.5, 0.05, 0.01])
def test_a_design_keeps_its_tolerance(tolerance):
    for rows in (unit_rows(60, 4, 1), np.random.default_rng(1).standard_normal((30, 7)), Hypercube(5).table()):
        found = design(rows, tolerance)
        assert rows.shape[1] * (1.0 - 1e-12) <= found.value <= rows.shape[1] * (1.0 + tolerance)


def test_a_reduction_keeps_the_matrix():
    rng = np.random.default_rng(2)
    for d in (1, 2, 3, 5):
        rows = rng.standard_normal((80, d))
        weights = rng.random(80)
        weights /= weights.sum()
        reduced = weights.copy()
        module._reduce(rows, reduced)
        assert np.allclose(matrix(rows, reduced), matrix(rows, weights), rtol=0.0, atol=1e-12 * 80)
        assert np.isclose(reduced.sum(), 1.0, rtol=1e-12)
        assert reduced.min() >= 0.0
        assert np.count_nonzero(reduced) <= d * (d + 1) // 2 + 1


def test_a_null_vector_is_one():
    rng = np.random.default_rng(4)
    for n, rank in [(6, 6), (6, 3), (1, 1)]:
        table = rng.standard_normal((n, rank)) @ rng.standard_normal((rank, n + 1))
        null = np.empty(n + 1)
        module._null_vector(table.copy(), np.empty(n + 1, dtype=np.int64), null)
        assert np.abs(null).max() > 0.0
        assert np.allclose(table @ null, 0.0, atol=1e-12 * np.abs(null).max())


def test_weights_do_not_depend_on_the_basis_of_the_features():
    rows, mix = unit_rows(40, 4, 3), np.random.default_rng(8).standard_normal((4, 4))
    plain, mixed = design(rows, 1e-9), design(rows @ mix, 1e-9)
    assert np.isclose(mixed.log_det - plain.log_det, 2.0 * np.linalg.slogdet(mix)[1], atol=1e-7)
    assert np.allclose(matrix(rows @ mix, mixed.weights), mix.T @ matrix(rows, plain.weights) @ mix, atol=1e-3)
    assert np.isclose(mixed.value, plain.value, rtol=1e-8)


def test_orders_and_duplicates_of_actions_do_not_matter():
    rows, order = unit_rows(25, 3, 9), np.random.default_rng(1).permutation(25)
    plain = design(rows, 1e-9)
    for other in (rows[order], np.vstack([rows, rows]), np.vstack([rows, np.zeros((2, 3))])):
        found = design(other, 1e-9)
        assert np.isclose(found.value, plain.value, rtol=1e-8)
        assert np.isclose(found.log_det, plain.log_det, atol=1e-7)


def test_features_that_span_less_are_worked_with_in_their_span():
    rng = np.random.default_rng(11)
    low = rng.standard_normal((40, 3))
    rows = low @ np.linalg.qr(rng.standard_normal((6, 3)))[0].T
    found, plain = design(rows, 1e-8), design(low, 1e-8)
    assert found.rank == 3
    assert found.coordinates.shape == (40, 3)
    assert np.allclose(found.coordinates @ found.coordinates.T, rows @ rows.T, atol=1e-12)
    assert np.isclose(found.log_det, plain.log_det, atol=1e-6)
    assert 3.0 - 1e-9 <= found.value <= 3.0 * (1.0 + 1e-8)


def test_small_sets():
    one = design([[0.3, 0.4]])
    assert (one.weights.tolist(), one.rank, one.steps) == ([1.0], 1, 0)
    assert np.isclose(one.value, 1.0)
    assert design([[0.5], [-2.0], [1.0], [2.0]]).weights.tolist() == [0.0, 1.0, 0.0, 0.0]  # the longest, lowest index
    assert design([[0.0, 0.0], [1e-9, 0.0], [0.0, 1e9]]).weights.tolist()[0] == 0.0


def test_a_design_of_the_same_features_is_worked_out_once():
    features = Features(unit_rows(30, 3, 5))
    assert design(features, 0.01) is design(Features(features.array), 0.01)
    with pytest.raises(ValueError, match="read-only"):
        design(features, 0.01).weights[0] = 1.0


@pytest.mark.parametrize("tolerance", [0.0, -1.0, 1.1, float("nan")])
def test_tolerances_are_checked(tolerance):
    with pytest.raises(ValueError, match="tolerance must be a finite number in"):
        design(np.eye(2), tolerance)


@pytest.mark.parametrize("tool", [design, spanner])
@pytest.mark.parametrize(
    ("rows", "what"),
    [
        (np.zeros((3, 2)), "features must not all be 0"),
        ([[1.0, np.nan]], r"features\[0\]\[1\]"),
        ([], "features must be"),
    ],
)
def test_sets_are_checked(tool, rows, what):
    with pytest.raises(ValueError, match=what):
        tool(rows)


def test_a_search_that_does_not_end_says_how_far_it_got(monkeypatch):
    monkeypatch.setattr(module, "CAP", 5)
    with pytest.raises(ValueError, match=r"after 5 steps the design is within 0.* of the optimum, got 1e-09"):
        design(unit_rows(50, 5, 7), 1e-9)


@pytest.mark.parametrize(
    ("largest", "actions", "coefficient", "log_det"),
    [(2.0, [0, 4, 9, 36, 37], 1.05443909, -0.17901620), (1.0, [0, 9, 14, 30, 36], 1.0, -0.11744706)],
)
def test_spanners(largest, actions, coefficient, log_det):
    rows = unit_rows(50, 5, 7)
    found = spanner(rows, largest)
    assert found.actions.tolist() == actions
    assert np.isclose(found.largest, coefficient, atol=1e-8)
    assert np.isclose(found.log_det, log_det, atol=1e-8)
    coefficients = np.linalg.solve(rows[actions].T, rows.T)
    assert np.isclose(np.abs(coefficients).max(), found.largest, rtol=1e-9)


def test_a_spanner_of_features_that_span_less():
    rows = np.array([[1.0, 1.0, 0.0], [2.0, 2.0, 0.0], [0.0, 0.0, 0.0], [0.0, 0.0, 3.0]])
    assert spanner(rows, 1.0).actions.tolist() == [1, 3]


@pytest.mark.parametrize("largest", [0.5, 0.0, float("inf")])
def test_coefficients_of_spanners_are_checked(largest):
    with pytest.raises(ValueError, match="largest must be a finite number in"):
        spanner(np.eye(2), largest)
