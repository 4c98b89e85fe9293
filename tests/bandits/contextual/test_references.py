"""Each policy against a slow implementation of its description."""

import math

import numpy as np
import pytest
import scipy.optimize
from hypothesis import given, settings
from hypothesis import strategies as st

from bandits import (
    ChebCB,
    ContextualEpsilonGreedy,
    ContextualProblem,
    LinTS,
    LinUCB,
    SquareCB,
    TsallisINF,
    TsallisINFCB,
)
from bandits.contextual.cheb_cb import _in_box, _least_norm
from bandits.contextual.square_cb import RidgeOracle, inverse_gap_probs
from environments.contextual.examples import valleys
from environments.contextual.table import ContextTable


def features(context, n):
    return np.cos(np.arange(n) * math.acos(min(max(2 * context - 1, -1), 1)))


def test_inverse_gap_probabilities():
    np.testing.assert_allclose(inverse_gap_probs([0, 0.1, 0.3], 10), [7 / 12, 1 / 4, 1 / 6], rtol=1e-14)
    np.testing.assert_allclose(inverse_gap_probs([3, 1, 2, 1], 0), [0.25] * 4, rtol=1e-14)
    assert inverse_gap_probs([5.0], 100.0).tolist() == [1.0]
    tied = inverse_gap_probs([2, 1, 1], 4)
    np.testing.assert_allclose(tied, [1 / 7, 1 - 1 / 7 - 1 / 3, 1 / 3])


@given(st.lists(st.floats(-1e3, 1e3), min_size=1, max_size=8), st.floats(0, 1e6))
@settings(max_examples=200, deadline=None)
def test_inverse_gap_probabilities_are_a_distribution(scores, eta):
    p = inverse_gap_probs(scores, eta)
    assert p.sum() == pytest.approx(1.0, abs=1e-12)
    assert (p > 0).all()
    assert p.argmax() == np.argmin(scores) or p[np.argmin(scores)] == pytest.approx(p.max())
    assert (np.diff(p[np.argsort(scores, kind="stable")]) <= 1e-12).all()


@pytest.mark.parametrize(
    ("scores", "eta", "message"),
    [([], 1, "scores"), ([[1.0]], 1, "scores"), ([1, math.nan], 1, "scores"), ([1, 2], -1, "eta"),
     ([1, 2], math.inf, "eta"), ([1, 2], math.nan, "eta")],
)  # fmt: skip
def test_bad_scores(scores, eta, message):
    with pytest.raises(ValueError, match=message):
        inverse_gap_probs(scores, eta)


def test_one_bin_is_tsallis_inf_draw_for_draw(play):
    for scale in ("running_mean", "range", 80.0):
        ours = play(TsallisINFCB(bins=1, scale=scale), valleys(500, 5), seed=4)
        theirs = play(TsallisINF(scale=scale), valleys(500, 5), seed=4)
        assert [step[1:] for step in ours] == [step[1:] for step in theirs]


def test_tsallis_inf_cb_against_its_description(play):
    """Own clock, losses and scale in each bin; the weights by bisection."""
    m, d = 4, 5
    steps = play(TsallisINFCB(bins=m), valleys(400, d), seed=7)
    rng = np.random.default_rng(7)
    centres = (np.arange(1, m + 1) - 0.5) / m
    S, visits, total = np.zeros((m, d)), np.zeros(m), np.zeros(m)
    for context, action, reward in steps:
        j = int(np.abs(centres - context[0]).argmin())
        eta, K = 2 / math.sqrt(visits[j] + 1), max(total[j] / visits[j], 1e-12) if visits[j] else 1.0
        s = S[j] / K
        low, high = s.min() - 2 * math.sqrt(d) / eta, s.min() - 2 / eta
        for _ in range(200):
            x = (low + high) / 2
            low, high = (x, high) if (4 / (eta * (s - x)) ** 2).sum() < 1 else (low, x)
        p = 4 / (eta * (s - x)) ** 2
        assert action == np.searchsorted(np.cumsum(p / p.sum()), rng.random(), side="right")
        S[j, action] += (-1 - reward) / p[action]
        visits[j] += 1
        total[j] += -1 - reward


def test_centres_tie_to_the_lower_bin():
    policy = TsallisINFCB(bins=2)
    policy.reset(ContextualProblem(n_actions=2, contexts=((0.0, 1.0),)), np.random.default_rng(0))
    assert [policy._bin(np.array([c])) for c in (0.0, 0.5, 0.5000001, 1.0)] == [0, 0, 1, 1]


class Cheb:
    """ChebCB as its description has it: whole history, library solvers."""

    def __init__(self, d, n):
        self.d, self.n, self.N = d, n, 2 + 4 * (1 + math.log(n))
        self.alpha = (math.pi + 2 / math.pi * math.log(2 * n + 1)) / (2 * self.N * (n + 1))
        self.box = np.array([1 / self.N] + [2 / (self.N * j) for j in range(1, n)])
        self.F, self.k = [[] for _ in range(d)], [[] for _ in range(d)]
        self.theta, self.eta, self.K, self.t = np.zeros((d, n)), 0.0, 0.0, 0
        self.predicted, self.seen = [], []

    def probabilities(self, f):
        self.scores = self.theta @ f
        return inverse_gap_probs(self.scores, self.eta)

    def fit(self, i):
        F, y = np.array(self.F[i]), (np.array(self.k[i]) - 1) / (self.K * self.N)
        self.theta[i] = np.linalg.lstsq(F, y, rcond=3e-6)[0]
        if (np.abs(self.theta[i]) <= self.box).all():
            return 0.0
        found = scipy.optimize.lsq_linear(F, y, (-self.box, self.box), method="bvls", tol=1e-14, max_iter=200)
        self.theta[i] = found.x
        return 2 * found.cost

    def learn(self, f, i, k):
        self.t += 1
        self.F[i].append(f)
        self.k[i].append(k)
        self.predicted.append(self.scores[i])
        self.seen.append(k)
        if k > self.K:
            self.K = k
            left = [self.fit(j) for j in range(self.d) if self.F[j]]
            residue = next((x for x in reversed(left) if x > 0), 0.0)
        else:
            residue = self.fit(i)
        R = ((np.array(self.predicted) - np.array(self.seen) / (self.K * self.N)) ** 2).sum()
        bracket = R - residue + 2 * self.alpha**2 * self.t
        bracket = bracket if bracket > 0 else R + 2 * self.alpha**2 * self.t
        self.eta = 2 * self.t * math.sqrt(self.d * self.t / bracket)


@pytest.mark.parametrize(("d", "n", "seed"), [(4, 6, 1), (7, 3, 2), (3, 1, 3)])
def test_cheb_cb_against_its_description(d, n, seed):
    """Decisions, probabilities and learning rates of both, the reference led along the policy's path."""
    environment, policy, slow = valleys(500, d, seed=seed), ChebCB(n_features=n), Cheb(d, n)
    environment.begin(0)
    policy.reset(environment.problem, np.random.default_rng(seed))
    apart = 0
    for t in range(500):
        context = environment.observe()
        f = features(context[0], n)
        p = slow.probabilities(f)
        action = policy.choose(context)
        apart += not np.allclose(policy.drawn_from, p, rtol=0, atol=1e-6)
        reward = environment.transition(action)[1]
        policy.update(context, action, reward)
        slow.learn(f, action, -reward)
        if t > 5 * d * n:  # as soon as every fit is unique
            assert policy._models.state["eta"][0] == pytest.approx(slow.eta, rel=1e-6)
            np.testing.assert_allclose(policy._models.theta, slow.theta, atol=1e-7)
    assert apart <= 25  # constrained fits of fewer points than coefficients have many solutions


def test_cheb_cb_with_one_feature_ignores_the_context(play):
    environment = valleys(300, 4)
    other = ContextTable(environment.rewards, np.random.default_rng(9).random((300, 1)), -60.0, -1.0)
    one = play(ChebCB(n_features=1), environment, seed=2)
    assert [s[1] for s in one] == [s[1] for s in play(ChebCB(n_features=1), other, seed=2)]


def test_cheb_cb_theory_constants():
    policy = ChebCB(n_features=5, constants="theory", lipschitz=30.0, scale=200.0)
    problem = ContextualProblem(n_actions=8, horizon=4000, low=-1e4, high=-1.0, contexts=((0.0, 0.5),))
    policy.reset(problem, np.random.default_rng(0))
    K, L, C, m, d, T = 200.0, 30.0, 0.5, 4, 8, 4000
    N = 2 + 4 * C * L / K * (1 + math.log(m))
    R = d * (m + 1) * (1 + math.log(T * math.sqrt(d * (m + 1) * (K**2 + 2 * C**2 * L**2 * math.pi**2 / 3)) / (K * N)))
    alpha = (math.pi + 2 / math.pi * math.log(2 * m + 1)) * C * L / (2 * K * N * (m + 1))
    state, box = policy._models.state[0], policy._models.box
    eta = float(state["eta"])
    assert eta == pytest.approx(2 * math.sqrt(d * T / (R + 2 * alpha**2 * T)))
    assert (state["K"], state["N"], state["alpha"]) == (K, pytest.approx(N), pytest.approx(alpha))
    np.testing.assert_allclose(box, [1 / N] + [2 * C * L / (K * N * j) for j in range(1, 5)])
    policy.update([0.2], policy.choose([0.2]), -77.0)
    assert policy._models.state["eta"][0] == eta


@given(st.integers(0, 10_000), st.integers(1, 6), st.integers(1, 12))
@settings(max_examples=150, deadline=None)
def test_box_constrained_least_squares(seed, n, rows):
    rng = np.random.default_rng(seed)
    F, y, box = rng.standard_normal((rows, n)), rng.standard_normal(rows), rng.uniform(0.01, 0.5, n)
    x = np.zeros(n)
    _least_norm(F.T @ F, F.T @ y, x)
    np.testing.assert_allclose(x, np.linalg.lstsq(F, y, rcond=None)[0], atol=1e-6 * max(1, np.abs(x).max()))
    _in_box(F.T @ F, F.T @ y, box, x)
    assert (np.abs(x) <= box).all()
    best = scipy.optimize.lsq_linear(F, y, (-box, box), tol=1e-14, max_iter=500)
    assert ((F @ x - y) ** 2).sum() <= 2 * best.cost * (1 + 1e-9) + 1e-12


class Linear:
    """Ridge regressions solved anew from the whole history."""

    def __init__(self, d, n):
        self.V, self.h, self.total, self.count = np.tile(np.eye(n), (d, 1, 1)), np.zeros((d, n)), 0.0, 0

    def views(self, f):
        theta = np.array([np.linalg.solve(V, h) for V, h in zip(self.V, self.h, strict=True)])
        widths = np.sqrt([f @ np.linalg.solve(V, f) for V in self.V])
        return theta @ f, widths, self.total / self.count if self.count else 0.0

    def learn(self, f, i, loss):
        self.V[i] += np.outer(f, f)
        self.h[i] += loss * f
        self.total += loss
        self.count += 1


@pytest.mark.parametrize("kind", ["ucb", "ts", "greedy", "square"])
def test_linear_policies_against_their_descriptions(kind, play):
    d, n, rounds = 5, 6, 400
    policy = {
        "ucb": LinUCB(exploration=0.7),
        "ts": LinTS(deviation=0.4),
        "greedy": ContextualEpsilonGreedy(c=2.0),
        "square": SquareCB(RidgeOracle(), eta=20.0),
    }[kind]
    steps = play(policy, valleys(rounds, d), seed=5)
    slow, rng = Linear(d, n), np.random.default_rng(5)
    for t, (context, action, reward) in enumerate(steps, 1):
        f = features(context[0], n)
        mean, width, unit = slow.views(f)
        if kind == "ucb":
            expected = (mean - 0.7 * unit * width).argmin()
        elif kind == "ts":
            expected = (mean + 0.4 * unit * width * rng.standard_normal(d)).argmin()
        elif kind == "greedy":
            u, epsilon = rng.random(), min(1.0, 2.0 / t ** (1 / 3))
            expected = int(u / epsilon * d) if u < epsilon else mean.argmin()
        else:
            p = inverse_gap_probs(mean, 20.0 / unit if unit else 0.0)
            expected = np.searchsorted(np.cumsum(p), rng.random(), side="right")
        assert action == expected, t
        slow.learn(f, action, -1 - reward)


def test_square_cb_learns_with_a_copy_of_the_oracle(play):
    oracle = RidgeOracle(n_features=2)
    policy = SquareCB(oracle)
    first = play(policy, valleys(100, 3), seed=1)
    assert not hasattr(oracle, "_theta")
    named = SquareCB({"name": "ridge", "parameters": {"n_features": 2}})
    for same in (policy, named):
        assert [s[1] for s in play(same, valleys(100, 3), seed=1)] == [s[1] for s in first]


def test_inverse_gap_in_the_compiled_policy(play):
    policy = ChebCB()
    play(policy, valleys(200, 4), seed=3)
    policy.choose([0.3])
    scores, eta = policy._models.scores, policy._models.state["eta"][0]
    np.testing.assert_allclose(policy.drawn_from, inverse_gap_probs(scores, eta), atol=1e-15)
