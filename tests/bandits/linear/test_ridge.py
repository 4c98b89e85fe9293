"""The regression by updates of rank one, against one worked out from scratch."""

import numpy as np
import pytest

from bandits.checks import check_policy
from bandits.linear.ridge import REFRESH, cholesky, first_best, invert, learn, look, new_ridge, solve
from environments import ChangingLinearBandit, LinearBandit
from environments.linear.actions import unit_rows
from tests.bandits.linear.test_problem import Greedy

SIZES = [(9, 4), (4, 9), (5, 5)]
"""More actions than dimensions, fewer, as many: which of the two a loop runs over shows."""


def reference(rows, actions, rewards, ridge):
    """(theta, predictions, squares of widths, ln det V - d ln ridge) by numpy, sums in extended precision."""
    played = (rows[actions] if rows.ndim == 2 else rows[np.arange(len(actions)), actions]).astype(np.longdouble)
    gram = (ridge * np.eye(rows.shape[-1]) + np.einsum("ti,tj->ij", played, played)).astype(np.float64)
    theta = np.linalg.solve(gram, np.einsum("ti,t->i", played, rewards).astype(np.float64))
    last = rows if rows.ndim == 2 else rows[-1]
    log_det = np.linalg.slogdet(gram)[1] - len(gram) * np.log(ridge)
    return theta, last @ theta, np.einsum("ij,jk,ik->i", last, np.linalg.inv(gram), last), log_det


@pytest.mark.parametrize(("k", "d"), SIZES)
@pytest.mark.parametrize("ridge", [1.0, 0.3])
def test_updates_are_those_of_a_regression_from_scratch(k, d, ridge):
    rng = np.random.default_rng(k)
    rows = rng.standard_normal((k, d))
    state = new_ridge(k, d, ridge)
    look(rows, state)
    assert np.allclose(state.norms, (rows**2).sum(axis=1) / ridge)
    actions, rewards = rng.integers(0, k, 40), rng.standard_normal(40)
    for n, (action, reward) in enumerate(zip(actions.tolist(), rewards.tolist(), strict=True), 1):
        learn(rows, action, reward, state, True)
        theta, means, norms, log_det = reference(rows, actions[:n], rewards[:n], ridge)
        for found, wanted in ((state.theta, theta), (state.means, means), (state.norms, norms)):
            assert np.allclose(found, wanted, rtol=1e-9, atol=1e-12)
        assert np.isclose(state.counts[0]["log_det"], log_det, rtol=1e-10)
        assert np.array_equal(state.inverse, state.inverse.T)


@pytest.mark.parametrize(("k", "d"), SIZES)
def test_widths_of_changing_features_are_those_of_the_features_seen(k, d):
    rng = np.random.default_rng(d)
    rows, state = rng.standard_normal((30, k, d)), new_ridge(k, d, 2.0)
    actions, rewards = rng.integers(0, k, 30), rng.standard_normal(30)
    for t in range(30):
        learn(rows[t], int(actions[t]), float(rewards[t]), state, False)
    look(rows[-1], state)
    theta, means, norms, _ = reference(rows, actions, rewards, 2.0)
    assert np.allclose(state.theta, theta, rtol=1e-9)
    assert np.allclose(state.means, means, rtol=1e-9)
    assert np.allclose(state.norms, norms, rtol=1e-9)


@pytest.mark.parametrize(
    "rows",
    [
        unit_rows(100, 10, 7),
        np.random.default_rng(7).standard_normal((20, 6)) * [1.0, 1.0, 0.1, 0.1, 0.01, 0.01] + 1.0,
    ],
)
def test_a_hundred_thousand_updates_do_not_drift(rows):
    """Most plays are of one action; the second features are correlated: V has a condition of half a million there.

    The inverse stays positive definite, and equal to that of V.
    """
    rng, (k, d) = np.random.default_rng(7), rows.shape
    state, n = new_ridge(k, d, 1.0), 100_000
    look(rows, state)
    actions = np.where(rng.random(n) < 0.999, 3, rng.integers(0, k, n))
    rewards = rows[actions] @ np.ones(d) + rng.standard_normal(n)
    for action, reward in zip(actions.tolist(), rewards.tolist(), strict=True):
        learn(rows, action, reward, state, True)
    assert n % REFRESH > 0
    theta, means, norms, log_det = reference(rows, actions, rewards, 1.0)
    assert np.allclose(state.theta, theta, rtol=1e-9, atol=0.0)
    assert np.allclose(state.means, means, rtol=1e-9, atol=1e-10)
    assert np.allclose(state.norms, norms, rtol=1e-9, atol=1e-11)
    assert np.isclose(state.counts[0]["log_det"], log_det, rtol=1e-9)
    assert np.linalg.eigvalsh(state.inverse).min() > 0.0


def test_what_rounding_makes_singular_is_left_to_updates_by_rank_one():
    """Features of one direction, and a ridge that is lost beside their squares."""
    rows, state = 1e5 * (1.0 + 1e-7 * np.random.default_rng(0).standard_normal((3, 4))), new_ridge(3, 4, 1e-12)
    for n in range(2 * REFRESH):
        learn(rows, n % 3, 1.0, state, True)
    assert not cholesky(state.gram, np.zeros((4, 4)))
    assert all(np.isfinite(part).all() for part in (state.inverse, state.theta, state.means, state.norms))
    assert np.isfinite(state.counts[0]["log_det"])
    assert np.array_equal(state.inverse, state.inverse.T)


def test_on_unit_vectors_it_counts_and_sums():
    rows, state = np.eye(3), new_ridge(3, 3, 0.5)
    look(rows, state)
    for action, reward in [(0, 1.0), (2, -1.0), (0, 0.5), (0, 2.0)]:
        learn(rows, action, reward, state, True)
    assert np.allclose(state.means, [3.5 / 3.5, 0.0, -1.0 / 1.5])
    assert np.allclose(state.norms, [1 / 3.5, 1 / 0.5, 1 / 1.5])


def test_cholesky_and_its_inverse():
    rng = np.random.default_rng(5)
    root = rng.standard_normal((7, 7))
    matrix, lower, inverse = root @ root.T + np.eye(7), np.ones((7, 7)), np.empty((7, 7))
    assert cholesky(matrix, lower)
    assert np.allclose(lower, np.linalg.cholesky(matrix), rtol=1e-12)
    invert(lower, inverse)
    assert np.allclose(inverse @ matrix, np.eye(7), atol=1e-12)
    assert np.array_equal(inverse, inverse.T)
    assert cholesky(matrix, lower)
    right, solution = rng.standard_normal(7), np.empty(7)
    solve(lower, right, solution)
    assert np.allclose(solution, np.linalg.solve(matrix, right), rtol=1e-10)
    assert not cholesky(np.array([[1.0, 2.0], [2.0, 1.0]]), np.empty((2, 2)))


@pytest.mark.parametrize(
    ("scores", "first"),
    [
        ([1.0, 1.0 + 1e-11, 0.0], 0),
        ([1.0, 1.0 + 1e-9, 0.0], 1),
        ([-5e9, -5e9 + 0.4], 0),
        ([-5e9, -5e9 + 0.6], 1),
        ([0.0, 1e-11], 0),
        ([2.0], 0),
    ],
)
def test_ties_are_broken_by_a_tolerance_not_by_rounding(scores, first):
    assert first_best(np.array(scores)) == first


@pytest.mark.parametrize("environment", [LinearBandit, ChangingLinearBandit])
def test_decisions_are_the_same_across_blocks_and_refreshes(environment, monkeypatch):
    """Drivers agree bit for bit over 4096 updates, and over the ends of blocks of features."""
    monkeypatch.setattr("environments.linear.changing.NUMBERS", 10 * 5 * 1000)
    check_policy(lambda: Greedy(0.1), lambda: environment(theta=[0.5, 0.1, 0, 0.3, -0.2], horizon=REFRESH + 50))
