"""Characteristic times and shares: published-precision values, a second method, closed forms, and what must hold."""

import math
from decimal import Decimal, localcontext

import numpy as np
import pytest
from scipy.optimize import linprog

from bandits.identification.divergence import FAMILIES, divergence_between
from bandits.identification.times import characteristic, characteristic_above, shares_of, time_of
from bandits.identification.tops import characteristic_top
from environments.identification.means import SETUPS

CASES = {
    "g4": (59.292213537, [0.43113216, 0.41255781, 0.11971569, 0.03659434], 60.499753986, 100.0),
    "l6": (
        126.592403354,
        [0.37176336, 0.33258226, 0.13445362, 0.07613730, 0.04975929, 0.03530418],
        135.671712962,
        266.666666667,
    ),
    "gk1": (989.792140262, [0.41652387, 0.39026391, 0.13622320, 0.05698902], 1019.371573227, 1595.326245047),
    "gk2": (
        326.642112410,
        [0.33588511, 0.25149939, 0.17663229, 0.13241667, 0.10356654],
        362.570602246,
        467.172189765,
    ),
}
MORE = [
    ("gaussian", [1, *[0.8] * 4, *[0.2] * 5], 465.957318779, [0.32216082, *[0.16089829] * 4, *[0.00684921] * 5]),
    ("gaussian", [1, 0.99, 0, -5], 80002.055655638, [0.499987153, 0.499987152, 2.50006e-5, 6.944e-7]),
    ("gaussian", [0.5, 0], 32.0, [0.5, 0.5]),
    ("gaussian", [0.5, *[0] * 9], 128.0, [0.25, *[1 / 12] * 9]),
    ("bernoulli", [0.99, 0.5, 0.01], 5.408252185, [0.55050916, 0.38371100, 0.06577985]),
    ("bernoulli", [0.6, 0.4], 49.663496165, [0.5, 0.5]),
    ("poisson", [3, 2, 1], 21.055561471852, [0.45674644, 0.48567349, 0.05758007]),
    ("exponential", [1, 0.7, 0.5], 68.828275387258, [0.43334077, 0.48195303, 0.08470619]),
]


@pytest.mark.parametrize("name", CASES)
def test_of_setups(name):
    family, means = SETUPS[name]
    time, shares, half, uniform = CASES[name]
    found, weights = characteristic(family, np.array(means))
    assert found == pytest.approx(time, rel=1e-9)
    assert weights == pytest.approx(shares, abs=1e-8)
    assert characteristic(family, np.array(means), beta=0.5)[0] == pytest.approx(half, rel=1e-9)
    equal = np.full(len(means), 1.0 / len(means))
    assert time_of(family, np.array(means), equal) == pytest.approx(uniform, rel=1e-9)


@pytest.mark.parametrize(("family", "means", "time", "shares"), MORE)
def test_of_more_instances(family, means, time, shares):
    found, weights = characteristic(family, np.array(means, dtype=float))
    assert found == pytest.approx(time, rel=1e-9)
    assert weights == pytest.approx(shares, abs=1e-8)


def test_sparse_instances_in_closed_form():
    for n in (2, 5, 10, 50):
        for gap in (0.1, 0.5, 3.0):
            time, weights = characteristic("gaussian", np.append(gap, np.zeros(n - 1)))
            assert time == pytest.approx(2.0 * (1.0 + math.sqrt(n - 1.0)) ** 2 / gap**2, rel=1e-12)
            assert weights[0] == pytest.approx(1.0 / (1.0 + math.sqrt(n - 1.0)), rel=1e-9)


def divergences(family, variance, x, y):
    return divergence_between(FAMILIES[family], variance, float(x), float(y))


def certificate(family, means, weights, variance=1.0):
    """Both ends of ``1 / T*``: the least rate of the shares, and the largest cost of a mixture of alternatives."""
    b = int(np.argmax(means))
    rates, mixture, alternatives = [], [], []
    for a in range(len(means)):
        if a != b:
            m = (weights[b] * means[b] + weights[a] * means[a]) / (weights[b] + weights[a])
            below, above = divergences(family, variance, means[a], m), divergences(family, variance, means[b], m)
            rates.append(weights[b] * above + weights[a] * below)
            mixture.append(1.0 / below)
            alternatives.append((a, above, below))
    q = np.array(mixture) / np.sum(mixture)
    costs = np.zeros(len(means))
    for share, (a, above, below) in zip(q, alternatives, strict=True):
        costs[b] += share * above
        costs[a] += share * below
    return min(rates), max(costs)


def random_means(rng, family):
    n = int(rng.integers(2, 9))
    means = rng.uniform(0.05, 0.95, n) * (1.0 if family == "bernoulli" else 3.0)
    return np.sort(means)[::-1]


@pytest.mark.parametrize("family", FAMILIES)
def test_a_dual_certifies_it(family):
    rng = np.random.default_rng(1)
    for _ in range(40):
        means = random_means(rng, family)
        time, weights = characteristic(family, means)
        low, high = certificate(family, means, weights)
        assert low == pytest.approx(1.0 / time, rel=1e-9)
        assert high == pytest.approx(low, rel=1e-6)
    for means in ([1.0, 0.6, 0.4, 0.1], [0.9, 0.7, 0.6, 0.5, 0.4, 0.3]):
        time, weights = characteristic(family, np.array(means))
        low, high = certificate(family, np.array(means), weights)
        assert high == pytest.approx(low, rel=1e-10)


def test_what_must_hold():
    rng = np.random.default_rng(2)
    for _ in range(100):
        means = random_means(rng, "gaussian")
        time, weights = characteristic("gaussian", means)
        assert weights.sum() == pytest.approx(1.0, abs=1e-12)
        assert (weights > 0.0).all()
        assert characteristic("gaussian", 2.0 * means)[0] == pytest.approx(time / 4.0, rel=1e-9)
        assert characteristic("gaussian", means, variance=4.0)[0] == pytest.approx(4.0 * time, rel=1e-9)
        equal = np.full(len(means), 1.0 / len(means))
        half = characteristic("gaussian", means, beta=0.5)[0]
        assert time <= time_of("gaussian", means, equal) * (1.0 + 1e-12)
        assert time * (1.0 - 1e-12) <= half <= 2.0 * time
        gaps = means[0] - means
        gaps[0] = gaps[1]
        hardness = float(np.sum(gaps**-2.0))
        assert hardness <= time / 2.0 * (1.0 + 1e-12) <= 2.0 * hardness * (1.0 + 1e-9)
        lower = means.copy()
        lower[-1] -= 0.1
        assert characteristic("gaussian", lower)[0] <= time * (1.0 + 1e-12)
        assert characteristic("gaussian", np.append(means, means[-1] - 0.2))[0] >= time * (1.0 - 1e-12)


def test_ties_for_the_best():
    time, weights = characteristic("bernoulli", np.array([0.5, 0.2, 0.5]))
    assert time == math.inf
    assert weights.tolist() == [0.5, 0.0, 0.5]


def test_two_best():
    means = np.array(SETUPS["g4"][1])
    time, weights = characteristic_top("gaussian", means, 2)
    assert time == pytest.approx(3600.0 / 17.0, rel=1e-7)
    assert weights == pytest.approx([1 / 36, 17 / 36, 17 / 36, 1 / 36], abs=1e-5)
    means = np.array(SETUPS["l6"][1])
    time, weights = characteristic_top("gaussian", means, 2)
    assert time == pytest.approx(906.450282, rel=1e-7)
    assert weights == pytest.approx([0.014238, 0.443926, 0.438669, 0.062987, 0.025949, 0.014232], abs=1e-5)
    assert characteristic_top("gaussian", np.array([1.0, 0.5, 0.5, 0.0]), 2)[0] == math.inf


@pytest.mark.parametrize("family", ["gaussian", "bernoulli"])
@pytest.mark.parametrize("gap", [None, 1e-2, 1e-3, 1e-5])
def test_all_but_one_are_the_one_of_the_reflected(family, gap):
    """The K - 1 best arms are all but the best of ``1 - mu``, which another solver knows: with small gaps, too."""
    rng = np.random.default_rng(6)
    for n in (3, 5, 8, 12):
        means = np.sort(rng.uniform(0.05, 0.95, n))[::-1]
        if gap is not None:
            means[-1] = means[-2] - gap
        time, weights = characteristic_top(family, means, n - 1)
        other, shares = characteristic(family, 1.0 - means)
        assert time == pytest.approx(other, rel=1e-8 if gap is None else 1e-6)
        assert weights == pytest.approx(shares, abs=1e-3)


@pytest.mark.parametrize("family", ["gaussian", "bernoulli"])
def test_a_programme_certifies_it_for_several(family):
    """With the shares fixed, a mixture over pairs bounds the best rate from above: a small linear programme."""
    rng = np.random.default_rng(3)
    for _ in range(8):
        means = np.sort(rng.uniform(0.1, 0.9, 5))[::-1]
        time, w = characteristic_top(family, means, 2)
        costs = []
        for i in (0, 1):
            for j in (2, 3, 4):
                m = (w[i] * means[i] + w[j] * means[j]) / (w[i] + w[j])
                row = np.zeros(5)
                row[i], row[j] = divergences(family, 1.0, means[i], m), divergences(family, 1.0, means[j], m)
                costs.append(row)
        table = np.array(costs).T
        found = linprog(
            np.append(np.zeros(6), 1.0),
            A_ub=np.hstack([table, -np.ones((5, 1))]),
            b_ub=np.zeros(5),
            A_eq=[np.append(np.ones(6), 0.0)],
            b_eq=[1.0],
        )
        assert 1.0 / time <= found.fun * (1.0 + 1e-6)
        assert 1.0 / time == pytest.approx(found.fun, rel=1e-5)


def test_above_a_threshold():
    time, weights = characteristic_above("gaussian", np.array(SETUPS["g4"][1]), 0.5)
    assert time == pytest.approx(416.0, rel=1e-12)
    distances = (np.array(SETUPS["g4"][1]) - 0.5) ** -2.0
    assert weights == pytest.approx(distances / distances.sum(), rel=1e-12)
    assert characteristic_above("gaussian", np.array([0.5, 1.0]), 0.5)[0] == math.inf


@pytest.mark.parametrize("family", FAMILIES)
def test_shares_followed_from_step_to_step(family):
    """From anywhere, and after small and large changes, the shares are those of the bisection."""
    rng = np.random.default_rng(4)
    for n in (2, 3, 5, 8):
        last, weights = np.zeros(n + 1), np.empty(n)
        for _ in range(100):
            if rng.random() < 0.3:
                last[:] = rng.exponential(1.0, n + 1) * 10.0 ** rng.integers(-8, 8)
            means = rng.uniform(0.01, 0.99, n)
            if rng.random() < 0.3:
                means[1] = means[0] + 10.0 ** -rng.integers(2, 9)
            if family == "bernoulli" and rng.random() < 0.3:
                means[0], means[-1] = 1.0, 0.0
            shares_of(FAMILIES[family], 1.0, means, 1e-10, last, weights)
            assert weights == pytest.approx(characteristic(family, means)[1], abs=1e-7)
    shares_of(FAMILIES[family], 1.0, np.array([0.5, 0.2, 0.5]), 1e-10, np.zeros(4), weights[:3])
    assert weights[:3].tolist() == [0.5, 0.0, 0.5]


def exact_divergence(family, x, y):
    """In sixty digits."""
    with localcontext() as context:
        context.prec = 60
        x, y, one = Decimal(x), Decimal(y), Decimal(1)
        entropy = lambda a, b: a * (a / b).ln() if a else Decimal(0)  # noqa: E731
        if family == "bernoulli":
            return float(entropy(x, y) + entropy(one - x, one - y))
        if family == "poisson":
            return float(entropy(x, y) - x + y)
        return float(x / y - one - (x / y).ln())


@pytest.mark.parametrize("family", ["bernoulli", "poisson", "exponential"])
def test_divergences_of_means_that_are_near(family):
    rng = np.random.default_rng(5)
    for _ in range(300):
        x, far = float(rng.uniform(0.05, 0.9)), 10.0 ** float(rng.uniform(-9, -1.1))
        y = x + float(rng.choice([-1.0, 1.0])) * far * min(x, 1.0 - x)
        assert divergences(family, 1.0, x, y) == pytest.approx(exact_divergence(family, x, y), rel=1e-12)
    assert divergences(family, 1.0, 0.3, 0.3) == 0.0
    if family != "exponential":
        assert divergences(family, 1.0, 0.0, 0.25) == pytest.approx(exact_divergence(family, 0.0, 0.25), rel=1e-14)
        assert divergences(family, 1.0, 1e-308, 0.25) == pytest.approx(exact_divergence(family, 0.0, 0.25), rel=1e-14)


@pytest.mark.parametrize(("family", "means"), [*(SETUPS[name] for name in CASES), *(case[:2] for case in MORE)])
def test_both_ends_of_the_certificate_agree(family, means):
    time, weights = characteristic(family, np.array(means, dtype=float))
    low, high = certificate(family, np.array(means, dtype=float), weights)
    assert low == pytest.approx(1.0 / time, rel=1e-13)
    assert high == pytest.approx(low, rel=1e-13)
