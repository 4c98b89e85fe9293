"""The theorems about tuned solvers, evaluated by hand."""

import math
from dataclasses import replace

import numpy as np
import pytest
import scipy.optimize

from bandits import ChebCB, SolverProblem, TsallisINF, TsallisINFCB
from bandits.contract import bounds_of
from bandits.sor.theory import SolverInstance, tuned_excess

PROBLEM = SolverProblem(n_actions=20, horizon=5000, low=-61.0, high=-1.0, contexts=((0.0, 1.0),))
INSTANCE = SolverInstance(
    oblivious=True,
    bounded=True,
    method="sor",
    epsilon=1e-8,
    unknowns=100,
    largest_loss=49.0,
    omega_max=1.3,
    theorem_grid=True,
    alpha=np.full(5000, 0.7),
    context_width=2.0,
    optimum_lipschitz=1.5,
    covers_optimum=True,
    n_above_surrogate=0,
)


def test_theorem_2_2():
    (bound,) = bounds_of(TsallisINFCB(bins=7, scale=60.0), PROBLEM, INSTANCE)
    assert bound.holds
    assert (bound.comparator_class, bound.evidence) == ("instance_surrogate", "derived")
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
        (60.0, {"n_above_surrogate": None}, "surrogate"),
        (60.0, {"largest_loss": None}, "K bounds every loss"),
        (60.0, {"covers_optimum": False}, "omega_max"),
    ],
)
def test_assumptions_that_fail(scale, change, broken):
    (bound,) = bounds_of(TsallisINFCB(scale=scale), PROBLEM, replace(INSTANCE, **change))
    assert not bound.holds
    assert any(broken in a.text and not a.holds for a in bound.assumptions)


def test_no_theorem_2_2_without_spectra():
    assert bounds_of(TsallisINFCB(), PROBLEM, replace(INSTANCE, alpha=None)) == []
    assert bounds_of(TsallisINFCB(), PROBLEM, replace(INSTANCE, optimum_lipschitz=None)) == []


def test_theorem_2_1_adds_the_excess_of_the_grid():
    horizon, d, epsilon = 1000, 8, 1e-8
    alpha = np.linspace(0.7, 0.8, horizon)
    ceiling = math.log(1 / epsilon) / -math.log(0.8)
    problem = replace(PROBLEM, n_actions=d, horizon=horizon, low=-1.0 - ceiling)
    instance = replace(INSTANCE, alpha=alpha, largest_loss=None)
    for policy in (TsallisINF(), TsallisINF("theory"), TsallisINF("theory_opt"), TsallisINF(scale=ceiling)):
        bounds = bounds_of(policy, problem, instance)
        finite, surrogate = bounds[: len(bounds) // 2], bounds[len(bounds) // 2 :]
        assert len(finite) == len(surrogate) > 0
        for below, above in zip(finite, surrogate, strict=True):
            assert (below.comparator_class, above.comparator_class) == ("fixed", "surrogate")
            assert above.holds
            assert above.time == below.time
            assert (above.evidence == "exact") == (policy.step == "theory_opt" and above.time == "at the horizon")
            for t in (1, 10, horizon):
                excess = sum(math.log(1 / epsilon) / (d * math.log(a) ** 2) for a in alpha[:t])
                times = np.array([float(t)])
                assert above.curve(times) - below.curve(times) == pytest.approx([excess])
    for broken in ({"theorem_grid": False}, {"alpha": alpha + 0.01}, {"bounded": False}):
        bounds = bounds_of(TsallisINF(), problem, replace(instance, **broken))
        assert not any(b.holds for b in bounds if b.comparator_class == "surrogate")
    assert not any(b.holds for b in bounds_of(TsallisINF(scale="running_mean"), problem, instance))
    assert bounds_of(TsallisINF("theory"), replace(problem, horizon=None), instance) == []
    assert bounds_of(TsallisINF(), replace(problem, low=-math.inf), instance) == []


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


def test_theorem_c_4():
    assert bounds_of(ChebCB(), PROBLEM, INSTANCE) == []
    ssor = replace(INSTANCE, method="ssor", alpha=None, independent=True)
    (bound,) = bounds_of(ChebCB(), PROBLEM, ssor)
    assert (bound.kind, bound.comparator_class, bound.holds) == ("order", "dynamic", True)
    assert bound.curve(np.array([100.0]))[0] == pytest.approx(
        20 * math.sqrt(6 * 100 * 100) + 100 * math.sqrt(2000) / 6 + 100 * 10 / 20
    )
    (bound,) = bounds_of(ChebCB(), PROBLEM, replace(ssor, independent=False))
    assert not bound.holds


def test_theorem_3_1_where_there_is_a_finer_grid():
    ssor = replace(INSTANCE, method="ssor", alpha=None, independent=True)
    assert [b.comparator_class for b in bounds_of(TsallisINF(), PROBLEM, ssor)] == ["fixed"]
    _, bound = bounds_of(TsallisINF(), PROBLEM, replace(ssor, reference_grid=True))
    assert (bound.kind, bound.comparator_class, bound.holds) == ("order", "fine", True)
    expected = (math.log(100 / 1e-8) ** 6 * 10.0 * 64**2) ** (1 / 3)
    assert bound.curve(np.array([64.0])) == pytest.approx([expected])
    _, bound = bounds_of(TsallisINF(), PROBLEM, replace(ssor, reference_grid=True, independent=False))
    assert not bound.holds


def test_theorem_2_3():
    mu, kappa = np.array([9.0, 25.0]), np.array([40.0, 90.0])
    cg = replace(INSTANCE, method="ssor_cg", alpha=None, mu=mu, kappa=kappa)
    fixed, bound = bounds_of(TsallisINF(), PROBLEM, cg)
    assert (fixed.comparator_class, bound.comparator_class, bound.kind) == ("fixed", "surrogate", "order")
    factor = (math.log(math.sqrt(90.0) / 1e-8) / math.log(4 / 6)) ** 2 * 4.0
    assert bound.curve(np.array([8.0])) == pytest.approx([4.0 * factor ** (1 / 3)])
    assert [a.text for a in bound.assumptions] == [a.text for a in fixed.assumptions]
