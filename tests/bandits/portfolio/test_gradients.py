"""EG, Soft-Bayes, online Newton steps, the log barrier: figures worked out elsewhere, slow references, invariances."""

import itertools
import math
import pickle

import numpy as np
import pytest
from scipy.optimize import minimize

from bandits.portfolio.exponentiated_gradient import ExponentiatedGradient
from bandits.portfolio.log_barrier import LogBarrier
from bandits.portfolio.online_newton_step import OnlineNewtonStep, _project, concavity
from bandits.portfolio.problem import PortfolioProblem
from bandits.portfolio.soft_bayes import SoftBayes
from environments.portfolio.alternation import Alternation
from environments.portfolio.wave import WaveMarket

EG, ONS = ExponentiatedGradient, OnlineNewtonStep
ALL = [EG(), EG(0.5), SoftBayes(), SoftBayes(0.5), ONS(), ONS("regret", 2.0, eta=0.3), ONS(eta=0.1), LogBarrier(1.0)]
ALL += [LogBarrier(), EG("tuned", 2.0)]


def portfolios(policy, relatives):
    policy.reset(PortfolioProblem(n_assets=relatives.shape[1], horizon=len(relatives)), np.random.default_rng(0))
    return policy.run(np.array(relatives, order="C"))


def relatives_of(market):
    market.begin(market.draw(np.random.default_rng(0)))
    return np.array(market.block(market.horizon))


def random_relatives(seed, rounds=60, k=4, ratio=3.0):
    return np.exp(np.random.default_rng(seed).uniform(0.0, math.log(ratio), (rounds, k)))


ALTERNATION = [
    (EG(0.05), 0.1122125078, 0.5176465817, 0.5610624268, 2.8053065823),
    (EG(0.5), 0.0611631546, 0.4633868126, 0.3048737924, 1.5099017257),
    (SoftBayes(0.1), 0.1066097351, 0.5119624773, 0.5330483464, 2.6652031556),
    (SoftBayes(0.5), 0.0606246218, 0.4644544066, 0.3030859976, 1.5127834911),
    (ONS("practice"), 0.2456164072, 0.6194109604, 0.9951936731, 2.6992938711),
    (ONS("regret", 2.0, 1.0), -0.2335673238, 0.1601578434, -0.3732625183, 0.9896110814),
    (LogBarrier(1.0), 0.0648390679, 0.4703041761, 0.3661099524, 2.2739087409),
    (LogBarrier(4.0), 0.1040102215, 0.5094753296, 0.5235491537, 2.6796817721),
]
WAVE = [
    (EG(0.05), 0.0113895370, 0.1038046224, 0.0708032435),
    (SoftBayes(0.1), 0.0111772645, 0.1031782502, 0.0696593020),
    (ONS("practice"), 0.0210898197, 0.1320946213, 0.1214276023),
    (ONS("practice", eta=0.01), 0.0209951505, 0.1318187112, 0.1209371772),
    (ONS("regret", 1.2, 1.0), -0.0027686537, 0.0625086190, -0.0035927653),
    (LogBarrier(1.0), 0.0101832840, 0.1002518444, 0.0643239297),
    (LogBarrier(4.0), 0.0112477185, 0.1033864713, 0.0700402145),
]


@pytest.mark.parametrize(
    ("market", "times", "table"), [("alternation", (2, 3, 10, 50), ALTERNATION), ("wave", (10, 30, 60), WAVE)]
)
def test_figures_of_the_specification(market, times, table):
    relatives = relatives_of(Alternation(horizon=50) if market == "alternation" else WaveMarket(3, 0.05, horizon=60))
    for policy, *expected in table:
        wealth = np.cumsum(np.log((portfolios(policy, relatives) * relatives).sum(axis=1)))
        assert wealth[np.array(times) - 1] == pytest.approx(expected, abs=1.5e-10), policy
        if market == "alternation":
            assert wealth[0] == pytest.approx(math.log(1.5), abs=1e-12)


def test_second_portfolio_of_the_newton_step_in_practice():
    assert portfolios(ONS(), np.array([[1.0, 2.0]] * 2))[1] == pytest.approx([0.7045, 0.2955], abs=5e-5)


def multiplied(relatives, growth):
    """Portfolios whose weights are multiplied by ``growth`` of the gradient."""
    b, found = np.full(relatives.shape[1], 1.0 / relatives.shape[1]), []
    for x in relatives:
        found.append(b)
        b = b * growth(x / (b @ x))
        b = b / b.sum()
    return np.array(found)


def nearest(gram, target):
    """The least ``b A b / 2 - c b`` on the simplex, of all supports."""
    k, best = len(target), (math.inf, None)
    for n in range(1, k + 1):
        for support in map(list, itertools.combinations(range(k), n)):
            system = np.ones((n + 1, n + 1))
            system[:n, :n], system[n, n] = gram[np.ix_(support, support)], 0.0
            b = np.zeros(k)
            b[support] = np.linalg.solve(system, np.append(target[support], 1.0))[:n]
            if b.min() >= 0.0:
                best = min(best, (b @ gram @ b / 2.0 - target @ b, tuple(b)))
    return np.array(best[1])


def newton(relatives, rho=None, epsilon=None, beta=1.0, delta=0.125, eta=0.0):
    """Online Newton steps by the book: "practice", or with ``rho`` "regret"."""
    k = relatives.shape[1]
    b, gram, total, found = np.full(k, 1.0 / k), np.eye(k) * (epsilon or 1.0), np.zeros(k), []
    for x in relatives:
        found.append(b)
        r = x / (b @ x)
        gram = gram + np.outer(r, r)
        total = total + (1.0 + 1.0 / beta) * r
        if rho is None:
            b = (1.0 - eta) * nearest(gram, gram @ (delta * np.linalg.solve(gram, total))) + eta / k
        else:
            b = nearest(gram, gram @ (b + np.linalg.solve(gram, r) / concavity(rho)))
    return np.array(found)


@pytest.mark.parametrize(("seed", "ratio"), [(1, 1.2), (2, 3.0), (3, 100.0)])
def test_against_slow_references(seed, ratio):
    relatives = random_relatives(seed, 40, 4, ratio)
    for policy, expected in [
        (EG(0.3), multiplied(relatives, lambda r: np.exp(0.3 * r))),
        (SoftBayes(0.3), multiplied(relatives, lambda r: 0.7 + 0.3 * r)),
        (ONS(beta=0.5, delta=0.3, eta=0.05), newton(relatives, None, None, 0.5, 0.3, 0.05)),
        (ONS("regret", ratio), newton(relatives, ratio, 1.0 / concavity(ratio))),
        (ONS("regret", ratio, 0.5), newton(relatives, ratio, 0.5)),
    ]:
        assert portfolios(policy, relatives) == pytest.approx(expected, abs=1e-8), policy


def projected(gram, target, start):
    b, k = np.array(start), len(target)
    _project(gram, target, b, np.zeros((k, k)), np.zeros((k, k)), np.zeros((5, k)))
    return b


def test_projection_in_the_norm_of_the_matrix():
    """By all supports, and for many assets by the conditions of Karush, Kuhn and Tucker, from any start."""
    rng = np.random.default_rng(7)
    sparse = 0
    for k in [2, 3, 4, 5] * 8 + [40] * 4:
        q, _ = np.linalg.qr(rng.normal(size=(k, k)))
        gram = (q * 10.0 ** rng.uniform(0.0, 4.0, k)) @ q.T
        gram = np.ascontiguousarray((gram + gram.T) / 2.0)
        target = gram @ (rng.normal(size=k) * 10.0 ** rng.uniform(-1.0, 1.5))
        b = projected(gram, target, np.full(k, 1.0 / k))
        assert b == pytest.approx(projected(gram, target, np.eye(k)[k - 1]), abs=1e-9)
        if k <= 5:
            assert b == pytest.approx(nearest(gram, target), abs=1e-9)
        slope = gram @ b - target
        level, scale = slope[b > 0.0].mean(), 1e-10 * np.abs(target).max()
        assert b.min() >= 0.0
        assert b.sum() == pytest.approx(1.0, abs=1e-12)
        assert np.abs(slope[b > 0.0] - level).max() <= scale
        assert slope.min() >= level - scale
        sparse += bool(np.any(b == 0.0))
    assert sparse >= 10


def test_projection_where_rounding_leaves_the_matrix_singular():
    """After ruin a gradient is 1e12: of two assets that paid the same, the identity matrix alone tells one choice."""
    r = np.array([1e12, 1e12, 0.0])
    b = projected(np.eye(3) + np.outer(r, r), r, np.full(3, 1.0 / 3.0))
    assert b.min() >= 0.0
    assert b == pytest.approx([0.0, 0.0, 1.0], abs=1e-9)


def test_log_barrier_is_where_the_objective_is_least():
    """All gradients at its portfolios are level, at ``t + weight k``; and no search finds less."""
    relatives, weight = random_relatives(5, 50, 4, 30.0), 2.5
    held = portfolios(LogBarrier(weight), relatives)
    for t in range(1, len(held)):
        b, seen = held[t], relatives[:t]
        slope = (seen / (seen @ b)[:, None]).sum(axis=0) + weight / b
        assert slope == pytest.approx(np.full(4, t + 4 * weight), rel=1e-10)

    def objective(z):
        b = np.exp(z - z.max()) / np.exp(z - z.max()).sum()
        return -np.log(relatives[:-1] @ b).sum() - weight * np.log(b).sum()

    found = minimize(objective, np.zeros(4), method="BFGS", options={"gtol": 1e-7}).x
    assert np.exp(found) / np.exp(found).sum() == pytest.approx(held[-1], abs=1e-6)


def test_log_barrier_keeps_equal_rounds_once():
    relatives = relatives_of(Alternation(horizon=300)) * np.arange(1.0, 301.0)[:, None]
    policy = LogBarrier(2.0)
    held = portfolios(policy, relatives)
    assert policy._used == len(policy._places) <= 8  # up to rounding, two
    assert held == pytest.approx(portfolios(LogBarrier(2.0), relatives_of(Alternation(horizon=300))), abs=1e-9)


@pytest.mark.parametrize("policy", ALL, ids=repr)
def test_invariances(policy):
    """A factor common to a round, the order of assets, equal assets, one asset: what must come of them."""
    relatives = random_relatives(11)
    held = portfolios(policy, relatives)
    for factor in (2.0**-990, 2.0**990):
        assert np.array_equal(portfolios(policy, relatives * factor), held)
    factors = 10.0 ** np.random.default_rng(1).uniform(-300.0, 300.0, (len(relatives), 1))
    assert portfolios(policy, relatives * factors) == pytest.approx(held, abs=1e-8)
    order = [2, 0, 3, 1]
    assert portfolios(policy, relatives[:, order]) == pytest.approx(held[:, order], abs=1e-8)
    assert portfolios(policy, np.repeat(relatives[:, :1], 3, axis=1)) == pytest.approx(1.0 / 3.0, abs=1e-9)
    assert np.all(portfolios(policy, relatives[:, :1]) == 1.0)


@pytest.mark.parametrize("policy", ALL, ids=repr)
def test_wild_markets_leave_a_portfolio(policy):
    """Races, ruin, ratios up to the largest numbers: weights stay weights, and equal to those of rounds in turn."""
    rng = np.random.default_rng(3)
    for relatives in (
        np.eye(3)[rng.integers(0, 3, 60)],
        np.eye(3)[np.repeat([0, 1, 2, 0], 15)],
        np.repeat(np.eye(3)[[0, 1]], 700, axis=0),
        10.0 ** rng.uniform(-300.0, 300.0, (60, 3)),
        10.0 ** rng.uniform(-3.0, 12.0, (60, 1)) * [1.0, 1.0 - 1e-9, 1e-14] + rng.uniform(0.0, 1e-12, (60, 3)),
    ):
        held = portfolios(policy, relatives)
        assert np.all(held >= 0.0)
        assert held.sum(axis=1) == pytest.approx(1.0, abs=1e-12)
        policy.reset(PortfolioProblem(n_assets=3, horizon=len(relatives)), np.random.default_rng(0))
        for x, expected in zip(relatives[:40], held, strict=False):
            chosen = policy.choose(None)
            assert np.array_equal(chosen, expected)
            policy.update(None, chosen, x)
        assert np.array_equal(pickle.loads(pickle.dumps(policy)).run(relatives[40:]), held[40:])


def test_nothing_is_lost_for_ever():
    """An asset that pays nothing for long, and then alone, is bought again."""
    relatives = np.repeat(np.eye(2), 3000, axis=0)
    first = EG(0.5)
    for policy in (first, SoftBayes(0.5), ONS(eta=0.01), LogBarrier(1.0)):
        assert portfolios(policy, relatives)[-1, 1] > 0.4, policy
    assert first._logs.min() == -700.0
    assert first._logs.max() == 0.0


@pytest.mark.parametrize(
    ("policy", "parameters", "message"),
    [
        (EG, {"rate": 0.0}, "rate"),
        (EG, {"rate": "best"}, "rate .*tuned.*best"),
        (EG, {"rho": 0.99}, r"rho .*\[1, 1e\+150\].*0.99"),
        (SoftBayes, {"rate": 0.0}, "rate"),
        (SoftBayes, {"rate": 1e-200}, "rate"),
        (SoftBayes, {"rate": 1.0}, r"rate .*\(0, 1\).*1.0"),
        (SoftBayes, {"rate": "best"}, "rate .*tuned.*best"),
        (ONS, {"variant": "theory"}, "variant .*practice, regret.*theory"),
        (ONS, {"rho": 0.5}, "rho"),
        (ONS, {"epsilon": 0.0}, "epsilon"),
        (ONS, {"beta": -1.0}, "beta"),
        (ONS, {"delta": 0.0}, "delta"),
        (ONS, {"eta": 1.5}, "eta"),
        (LogBarrier, {"weight": 0.5}, r"weight .*\[1, 1e\+150\].*0.5"),
        (LogBarrier, {"weight": math.nan}, "weight"),
    ],
)
def test_wrong_parameters(policy, parameters, message):
    with pytest.raises(ValueError, match=message):
        policy(**parameters)


@pytest.mark.parametrize(
    ("policy", "horizon", "message"),
    [
        (EG("tuned", 2.0), None, "horizon=None"),
        (EG("tuned"), 10, "rho=None"),
        (SoftBayes("tuned"), None, "horizon=None"),
        (ONS("regret"), 10, "rho must be given"),
    ],
)
def test_what_a_run_lacks(policy, horizon, message):
    with pytest.raises(ValueError, match=message):
        policy.reset(PortfolioProblem(n_assets=2, horizon=horizon), np.random.default_rng(0))
