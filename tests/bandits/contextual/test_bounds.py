"""The bounds of contextual policies, evaluated by hand."""

import math

import numpy as np
import pytest
import scipy.optimize

from bandits import POLICIES, Problem, TsallisINFCB
from bandits.contextual.theory import tuned_excess

PROBLEM = Problem("contextual", "bandit", 20, 5000, -61.0, -1.0, contexts=((0.0, 1.0),))
FACTS = {
    "oblivious": True,
    "bounded": True,
    "alpha": np.full(5000, 0.7),
    "alpha_max": 0.7,
    "epsilon": 1e-8,
    "omega_max": 1.3,
    "context_width": 2.0,
    "optimum_lipschitz": 1.5,
    "cost_lipschitz": 1.5 / 6 / 0.3,
    "covers_optimum": True,
    "n_above_surrogate": 0,
    "max_cost": 50,
    "theorem_grid": True,
    "unknowns": 100,
}


def test_theorem_2_2():
    (bound,) = TsallisINFCB(bins=7, scale=60.0).regret_bounds(PROBLEM, FACTS)
    assert bound.holds
    assert bound.against == "instance_surrogate"
    t = np.array([1.0, 100.0, 5000.0])
    slope = (2.0 * 1.5 / (7 * 0.3) + 1 / 20) * math.log(1e8) / math.log(0.7) ** 2
    np.testing.assert_allclose(bound.curve(t), 60 * 7 + 4 * 60 * np.sqrt(20 * 7 * t) + slope * t)


@pytest.mark.parametrize(
    ("scale", "change", "broken"),
    [
        ("running_mean", {}, "K bounds every loss"),
        (45.0, {}, "K bounds every loss"),
        (51.0, {}, "K >= log"),
        (60.0, {"theorem_grid": False}, "grid"),
        (60.0, {"n_above_surrogate": 3}, "surrogate"),
        (60.0, {"covers_optimum": False}, "omega_max"),
    ],
)
def test_assumptions_that_fail(scale, change, broken):
    (bound,) = TsallisINFCB(scale=scale).regret_bounds(PROBLEM, FACTS | change)
    assert not bound.holds
    assert any(broken in a.text and not a.holds for a in bound.assumptions)


def test_no_bound_without_spectra():
    assert TsallisINFCB().regret_bounds(PROBLEM, {"oblivious": True}) == ()


def test_the_tuned_form_is_the_least_of_29():
    horizon, alpha, C, L, gamma, log = 5000, 0.7, 2.0, 1.1, 6.0, math.log(1e8)
    K = log / math.log(1 / alpha)

    def excess(z):
        d, m = np.exp(z)
        return 4 * K * math.sqrt(d * m * horizon) + (6 * C * L / m + 1 / d) * log * gamma * horizon

    best = scipy.optimize.minimize(excess, [1.0, 3.0], method="Nelder-Mead", options={"xatol": 1e-10, "fatol": 1e-8})
    d, m = np.exp(best.x)
    whole = tuned_excess(horizon, 1e-8, alpha, C, L, gamma)
    assert float(whole) == pytest.approx(best.fun + K * m, rel=1e-5)
    assert d == pytest.approx((gamma**2 * horizon * math.log(alpha) ** 2 / (24 * C * L)) ** 0.25, rel=1e-3)
    printed = float(tuned_excess(horizon, 1e-8, alpha, C, L, gamma, printed=True))
    first = (54 * C**3 * L**3 * horizon / math.log(alpha) ** 2) ** 0.25
    assert printed == pytest.approx(first + 4 * K * (24 * C * L * horizon**3) ** 0.25)


@pytest.mark.parametrize(
    ("name", "power"),
    [("cheb_cb", None), ("lin_ucb", 0.5), ("lin_ts", 0.5), ("contextual_epsilon_greedy", 2 / 3), ("square_cb", 0.5)],
)
def test_orders(name, power):
    policy = POLICIES.load(name)()
    assert policy.regret_bounds(PROBLEM, FACTS) == ()
    (bound,) = policy.regret_bounds(PROBLEM, FACTS | {"method": "ssor", "realizable": False})
    assert bound.kind == "order"
    assert not bound.holds  # losses are not linear, or systems not independent
    t = np.array([1e4, 1e6])
    values = bound.curve(t)
    assert (np.diff(values) > 0).all()
    if power:
        assert math.log(values[1] / values[0]) / math.log(100) == pytest.approx(power, abs=0.06)
    if name == "cheb_cb":
        (bound,) = POLICIES.load(name)().regret_bounds(PROBLEM, FACTS | {"method": "ssor", "independent": True})
        assert bound.holds
        assert bound.curve(np.array([100.0]))[0] == pytest.approx(
            20 * math.sqrt(6 * 100 * 100) + 100 * math.sqrt(2000) / 6 + 100 * 10 / 20
        )
