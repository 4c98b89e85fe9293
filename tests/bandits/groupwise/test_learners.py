"""Base learners against closed forms, solves from scratch and plain loops."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bandits.groupwise.learners import make_learners
from bandits.groupwise.ogd import OnlineGradientDescent
from bandits.groupwise.problem import RegressionProblem
from bandits.groupwise.ridge import ForwardRidge, OnlineRidge

NONE = (-math.inf, math.inf)


def problem(dimension, contexts=()):
    return RegressionProblem(groups=("a",), dimension=dimension, contexts=contexts)


def ridge(number, dimension, penalty=1.0, clip=NONE, forward=False):
    """Learners at the start of a run."""
    learners = (ForwardRidge if forward else OnlineRidge)(penalty)
    learners.start(number, problem(dimension), clip)
    return learners


def rows(n, d, seed=0):
    rng = np.random.default_rng(seed)
    X = rng.random((n, d)) * (rng.random((n, d)) < 0.6)
    return X, rng.random(n), (rng.random((n, 3)) < 0.6).astype(np.int8)


def solved(X, y, penalty, forward):
    """Every prediction by a solve from scratch."""
    out = []
    for t in range(len(X)):
        A = penalty * np.eye(X.shape[1]) + X[: t + forward].T @ X[: t + forward]
        out.append(X[t] @ np.linalg.solve(A, X[:t].T @ y[:t]))
    return np.array(out)


@pytest.mark.parametrize("forward", [False, True])
@pytest.mark.parametrize("penalty", [1.0, 0.05, 30.0])
def test_ridge_and_forward_against_solves(forward, penalty):
    X, y, awake = rows(120, 5)
    learners = ridge(3, 5, penalty, forward=forward)
    out = learners.run(X, y, awake)
    for i in range(3):
        on = awake[:, i] == 1
        assert out[on, i] == pytest.approx(solved(X[on], y[on], penalty, forward), abs=1e-10)
        assert not out[~on, i].any()
        A = penalty * np.eye(5) + X[on].T @ X[on]
        assert learners.inverse[i] == pytest.approx(np.linalg.inv(A), abs=1e-10)
        assert np.array_equal(learners.inverse[i], learners.inverse[i].T)
        assert learners.theta[i] == pytest.approx(np.linalg.solve(A, X[on].T @ y[on]), abs=1e-10)


@pytest.mark.parametrize(("forward", "total"), [(False, 1.625132733621529), (True, 2.5020688045360986)])
def test_ones(forward, total):
    learners = ridge(1, 1, forward=forward)
    out = learners.run(np.ones((50, 1)), np.ones(50), np.ones((50, 1), np.int8))[:, 0]
    t = np.arange(1, 51)
    assert out == pytest.approx((t - 1) / (t + forward), abs=1e-12)
    assert np.sum((1 - out) ** 2) == pytest.approx(total, rel=1e-12)


@given(st.integers(0, 2**32 - 1), st.integers(1, 8), st.integers(1, 80), st.floats(0.01, 100.0))
@settings(deadline=None, max_examples=50)
def test_the_ridge_identity(seed, d, n, penalty):
    """``sum (y - yhat)^2 / (1 + s) = min(lambda |theta|^2 + SSE)``, and the excess is within the log determinant."""
    rng = np.random.default_rng(seed)
    X, y = rng.normal(size=(n, d)), rng.random(n)
    learners = ridge(1, d, penalty)
    total, A = 0.0, penalty * np.eye(d)
    for t in range(n):
        on = np.ones(1, np.int8)
        error = y[t] - learners.predict(X[t], on)[0]
        total += error**2 / (1.0 + X[t] @ np.linalg.solve(A, X[t]))
        A += np.outer(X[t], X[t])
        learners.update(X[t], y[t], on)
    theta = np.linalg.solve(A, X.T @ y)
    assert total == pytest.approx(penalty * theta @ theta + np.sum((y - X @ theta) ** 2), rel=1e-9)
    for forward, clip in ((False, (0.0, 1.0)), (True, NONE)):
        bounded = ridge(1, d, penalty, clip, forward)
        loss = np.sum((bounded.run(X, y, np.ones((n, 1), np.int8))[:, 0] - y) ** 2)
        assert loss - total <= np.linalg.slogdet(A / penalty)[1] + 1e-9


@pytest.mark.parametrize("name", ["oridge", "vaw", "ogd"])
def test_blocks_and_rounds_agree_to_the_bit(name):
    X, y, awake = rows(90, 4, seed=2)
    whole, cut, step = (make_learners(name) for _ in range(3))
    for learners in (whole, cut, step):
        learners.start(3, problem(4, ((0.0, 1.0),) * 4), (0.0, 1.0))
    out = whole.run(X, y, awake)
    parts = [cut.run(X[a:b], y[a:b], awake[a:b]) for a, b in ((0, 1), (1, 40), (40, 90))]
    single = []
    for t in range(90):
        single.append(step.predict(X[t], awake[t]))
        step.update(X[t], y[t], awake[t])
    assert np.array_equal(out, np.concatenate(parts))
    assert np.array_equal(out, np.array(single))


def test_gradient_descent_against_a_plain_loop():
    X, y, awake = rows(200, 4, seed=4)
    learners = OnlineGradientDescent(0.5, 2.0)
    learners.start(3, problem(4), NONE)
    out = learners.run(X, y, awake)
    L = 2.0 * (2.0 * 0.5 / 2 + 1.0) * 2.0
    assert learners.slope == L
    for i in range(3):
        theta = np.zeros(4)
        for n, t in enumerate(np.flatnonzero(awake[:, i]), 1):
            assert out[t, i] == pytest.approx(X[t] @ theta, abs=1e-12)
            theta = theta - 0.5 / (L * math.sqrt(n)) * 2.0 * (X[t] @ theta - y[t]) * X[t]
            theta *= min(1.0, 0.25 / np.linalg.norm(theta)) if theta.any() else 1.0
        assert np.linalg.norm(theta) <= 0.25 + 1e-12


def test_clipping_touches_predictions_only():
    X, y, awake = rows(80, 3, seed=6)
    free, clipped = ridge(3, 3, 0.1), ridge(3, 3, 0.1, (0.2, 0.4))
    out, cut = free.run(X, y, awake), clipped.run(X, y, awake)
    assert np.array_equal(np.where(awake, np.clip(out, 0.2, 0.4), 0.0), cut)
    assert np.array_equal(free.theta, clipped.theta)


@given(st.floats(-50, 50).filter(lambda c: abs(c) > 1e-3))
@settings(deadline=None, max_examples=20)
def test_predictions_scale_with_the_labels(c):
    X, y, awake = rows(60, 3)
    one, many = ridge(3, 3), ridge(3, 3)
    assert many.run(X, c * y, awake) == pytest.approx(c * one.run(X, y, awake), rel=1e-9, abs=1e-9)


class Mean:
    """A user's learner: the mean of the labels so far."""

    def __init__(self):
        self.total, self.n = 0.0, 0

    def predict(self, x):
        return self.total / self.n if self.n else 0.5

    def update(self, x, y):
        self.total, self.n = self.total + y, self.n + 1


def test_learners_of_the_users_own():
    X, y, awake = rows(50, 2, seed=8)
    learners = make_learners(Mean)
    learners.start(2, problem(2), (0.45, 1.0))
    learners.grow(3)
    out = learners.run(X, y, awake)
    for i in range(3):
        seen = []
        for t in np.flatnonzero(awake[:, i]):
            assert out[t, i] == pytest.approx(max(np.mean(seen), 0.45) if seen else 0.5)
            seen.append(y[t])


def test_gradient_descent_needs_a_bound_on_contexts():
    with pytest.raises(ValueError, match="norm must be given for ogd"):
        make_learners("ogd").start(1, problem(2), NONE)
    learners = make_learners("ogd")
    learners.start(1, problem(2, ((0.0, 1.0), (-3.0, 1.0))), NONE)
    assert learners.longest == pytest.approx(math.sqrt(10.0))
    learners = make_learners({"name": "ogd", "parameters": {"norm": 5.0}})
    learners.start(1, problem(2), NONE)
    assert learners.longest == 5.0
