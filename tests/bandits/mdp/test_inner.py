"""Inner maximisation against programmes, optimality conditions and numbers of an independent program."""

import math

import numpy as np
import pytest
from scipy.optimize import linprog

from bandits.mdp.inner import best_of, box, kl_ball, l1_ball, order_of

P, U = np.array([0.5, 0.3, 0.0, 0.2]), np.array([1.0, 0.0, 3.0, 2.0])


def l1(p, u, radius):
    out = np.empty(len(p))
    l1_ball(p, radius, order_of(u), best_of(u), out)
    return out


def boxed(p, u, widths):
    out = np.empty(len(p))
    box(p, np.array(widths, dtype=float), order_of(u), best_of(u), out)
    return out


def kl(p, u, radius):
    out = np.empty(len(p))
    kl_ball(p, radius, u, best_of(u), out)
    return out


def divergence(p, q):
    here = p > 0.0
    return float(np.sum(p[here] * np.log(p[here] / q[here])))


@pytest.mark.parametrize(
    ("radius", "law"),
    [(0.2, (0.5, 0.2, 0.1, 0.2)), (0.7, (0.45, 0, 0.35, 0.2)), (1.4, (0.1, 0, 0.7, 0.2)), (3.0, (0, 0, 1, 0))],
)
def test_l1_ball(radius, law):
    assert l1(P, U, radius) == pytest.approx(law, abs=1e-9)


def test_box():
    law = boxed(P, U, (0.1, 0.2, 0.15, 0.05))
    assert law == pytest.approx((0.5, 0.1, 0.15, 0.25), abs=1e-9)
    assert law @ U == pytest.approx(1.45, abs=1e-12)


@pytest.mark.parametrize(
    ("p", "u", "radius", "law"),
    [
        (P, U, 0.01, (0.5000338242, 0.2501527620, 0.0, 0.2498134138)),
        (P, U, 0.1, (0.4447970874, 0.1779188349, 0.0214464078, 0.3558376699)),
        (P, U, 0.5, (0.2981564041, 0.1192625616, 0.3440559110, 0.2385251233)),
        (P, U, 2.0, (0.0665276862, 0.0266110745, 0.8536390904, 0.0532221490)),
        (np.array([0.5, 0.3, 0.2]), np.array([1.0, 0, 2]), 0.1, (0.4400542308, 0.1705704622, 0.3893753071)),
        (np.array([0.5, 0.3, 0.2]), np.array([1.0, 0, 2]), 1.0, (0.1285726237, 0.0398025136, 0.8316248628)),
    ],
)
def test_kl_ball(p, u, radius, law):
    found = kl(p, u, radius)
    assert found == pytest.approx(law, abs=1e-9)
    assert divergence(p, found) == pytest.approx(radius, abs=1e-12)
    if radius == 0.1 and len(p) == 4:
        assert found @ u == pytest.approx(1.2208116505, abs=1e-9)


def rows(n=150):
    """Estimates with zeros, values with ties."""
    rng = np.random.default_rng(20)
    for _ in range(n):
        size = int(rng.integers(1, 7))
        p = rng.dirichlet(np.ones(size)) * (rng.random(size) < 0.7)
        p = p / p.sum() if p.sum() > 0.0 else np.eye(size)[rng.integers(size)]
        yield p, np.round(rng.random(size), int(rng.integers(1, 4))), rng


def test_l1_ball_is_the_best_of_a_programme():
    for p, u, rng in rows():
        n, radius = len(p), float(rng.choice([0.0, 0.1, 0.5, 1.0, 1.9, 2.5]))
        # variables q and d >= |q - p|
        absolute = np.block([[np.eye(n), -np.eye(n)], [-np.eye(n), -np.eye(n)], [np.zeros((1, n)), np.ones((1, n))]])
        best = linprog(
            np.concatenate([-u, np.zeros(n)]),
            absolute,
            np.concatenate([p, -p, [radius]]),
            [[1.0] * n + [0.0] * n],
            [1.0],
        )
        law = l1(p, u, radius)
        assert law @ u == pytest.approx(-best.fun, abs=1e-8)
        assert law.min() >= 0.0
        assert law.sum() == pytest.approx(1.0, abs=1e-12)
        assert np.abs(law - p).sum() <= radius + 1e-12


def test_box_is_the_best_of_a_programme():
    for p, u, rng in rows():
        widths = rng.random(len(p)) * rng.choice([0.0, 0.1, 1.0, 3.0])
        sides = list(zip(np.maximum(0.0, p - widths), np.minimum(1.0, p + widths), strict=True))
        best = linprog(-u, A_eq=[[1.0] * len(p)], b_eq=[1.0], bounds=sides)
        law = boxed(p, u, widths)
        assert law @ u == pytest.approx(-best.fun, abs=1e-8)
        assert law.sum() == pytest.approx(1.0, abs=1e-12)
        assert all(low - 1e-12 <= x <= high + 1e-12 for x, (low, high) in zip(law, sides, strict=True))


def test_kl_ball_meets_the_conditions_of_the_optimum():
    """With multipliers mu and lam: u - mu + lam p / q = 0 on the support, u <= mu off it, = mu where mass is there.

    The programme is concave, so they suffice.
    """
    tried = 0
    for p, u, rng in rows(400):
        radius, here = float(rng.choice([1e-4, 0.01, 0.3, 1.0, 5.0])), p > 0.0
        law = kl(p, u, radius)
        assert law.sum() == pytest.approx(1.0, abs=1e-12)
        assert law.min() >= 0.0
        if u.max() == u[here].min():
            assert np.array_equal(law, p)
            continue
        if u.max() - law @ u < 1e-15:  # nothing is left to gain that a number could show
            assert divergence(p, law) <= radius + 1e-9
            continue
        assert divergence(p, law) == pytest.approx(radius, abs=1e-9)
        ratios = p[here] / law[here]
        if np.ptp(u[here]) > 0.0:
            slope = np.polyfit(ratios, u[here], 1)
            lam, mu = -slope[0], slope[1]
        else:  # all of the support is worth the same: mass moves to the best state outside
            mu = u.max()
            lam = float((mu - u[here][0]) / ratios[0])
        tried += 1
        assert lam >= 0.0
        assert u[here] - mu + lam * ratios == pytest.approx(0.0, abs=1e-6)
        assert (u[~here] <= mu + 1e-6).all()
        assert u[~here][law[~here] > 0.0] == pytest.approx(mu, abs=1e-6)
    assert tried > 200


def within(kind, p, u, size):
    return {"l1": l1, "kl": kl}[kind](p, u, size) if kind != "box" else boxed(p, u, np.full(len(p), size))


@pytest.mark.parametrize("kind", ["l1", "box", "kl"])
def test_a_wider_set_is_worth_more_up_to_the_best_state(kind):
    for p, u, _ in rows():
        values = [within(kind, p, u, size) @ u for size in (0.0, 1e-6, 0.01, 0.1, 0.7, 3.0, 50.0)]
        assert within(kind, p, u, 0.0) == pytest.approx(p, abs=1e-15)
        assert np.diff([p @ u, *values]).min() >= -1e-12
        if u.max() > u[p > 0.0].min():
            assert within(kind, p, u, math.inf) @ u == pytest.approx(u.max(), abs=1e-12)


@pytest.mark.parametrize("kind", ["l1", "box", "kl"])
def test_nothing_observed_goes_to_the_best_state(kind):
    assert within(kind, np.zeros(4), np.array([1.0, 3.0, 2.0, 3.0]), 0.01).tolist() == [0.0, 1.0, 0.0, 0.0]


def test_ties():
    """The best state is the first of the largest value; mass is taken from, and kept from, the first of equal ones."""
    assert order_of(np.array([2.0, 1.0, 2.0, 1.0])).tolist() == [1, 3, 0, 2]
    assert best_of(np.array([2.0, 3.0, 1.0, 3.0])) == 1
    third = np.full(4, 0.25)
    assert l1(third, np.array([0.0, 0.0, 1.0, 1.0]), 0.2) == pytest.approx([0.15, 0.25, 0.35, 0.25])
    assert boxed(third, np.array([0.0, 0.0, 1.0, 1.0]), [0.1] * 4) == pytest.approx([0.15, 0.15, 0.35, 0.35])
    assert boxed(third, np.array([1.0, 0.0, 0.0, 0.0]), [0.1, 0.2, 0.2, 0.2]) == pytest.approx([0.35, 0.05, 0.15, 0.45])
    outside = np.array([0.5, 0.5, 0.0, 0.0])
    assert kl(outside, np.array([0.0, 0.0, 1.0, 1.0]), 0.5)[3] == 0.0
    assert np.array_equal(kl(outside, np.array([1.0, 1.0, 0.0, 1.0]), 0.5), outside)
    assert np.array_equal(kl(outside, np.full(4, 2.0), 0.5), outside)
