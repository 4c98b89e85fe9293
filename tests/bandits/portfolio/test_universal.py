"""Universal portfolios and their kin against sums over all sequences of assets, known numbers, and theorems."""

import itertools
import math
import pickle

import numpy as np
import pytest
from markets import wave
from scipy.integrate import quad

from bandits.portfolio.best_mix import best_mix
from bandits.portfolio.growing import Growing
from bandits.portfolio.mixture import Mixture
from bandits.portfolio.nested import Nested
from bandits.portfolio.power import Power
from bandits.portfolio.problem import PortfolioProblem
from bandits.portfolio.quadrature import LIMIT, beta_rule, lattice_points, nodes, sticks
from bandits.portfolio.theory import PortfolioInstance
from bandits.portfolio.universal import Universal, universal_regret

HALF = {"prior": "half"}


def alternation(horizon):
    return np.column_stack([np.ones(horizon), 2.0 ** (1 - 2 * (np.arange(horizon) % 2))])


def race(winners, assets):
    return np.eye(assets)[np.asarray(winners)]


def started(policy, relatives, seed=0):
    horizon, assets = relatives.shape
    policy.reset(PortfolioProblem(n_assets=assets, horizon=horizon), np.random.default_rng(seed))
    return policy


def held(policy, relatives, seed=0):
    """The portfolios [t, k] that a policy holds."""
    return started(policy, relatives, seed).run(relatives)


def log_wealth(policy, relatives, seed=0):
    """[t]: at the end of each round."""
    return np.cumsum(np.log(np.sum(held(policy, relatives, seed) * relatives, axis=1)))


def log_best(relatives):
    largest = relatives.max(axis=1)
    found = best_mix(np.ascontiguousarray((relatives / largest[:, None]).T), None)
    return found.value + np.log(largest).sum()


def bounds(policy, relatives, **known):
    horizon, assets = relatives.shape
    problem = PortfolioProblem(n_assets=assets, horizon=horizon)
    return policy.regret_bounds(problem, PortfolioInstance(n_assets=assets, ratio=math.inf, **known))


def expanded(relatives, a):
    """The wealth of the universal portfolio and its next portfolio: sums over all sequences of assets.

    The mean of ``prod_i l_i^n_i`` over Dirichlet(a, .., a) is ``prod_i a .. (a+n_i-1) / (ka .. (ka+t-1))``.
    """
    horizon, k = relatives.shape
    wealth, next_held = 0.0, np.zeros(k)
    for sequence in itertools.product(range(k), repeat=horizon):
        counts = np.bincount(np.array(sequence, dtype=int), minlength=k)
        rising = math.prod(a + j for n in counts for j in range(n)) / math.prod(k * a + j for j in range(horizon))
        weight = rising * math.prod(relatives[t, i] for t, i in enumerate(sequence))
        wealth += weight
        next_held += weight * (a + counts) / (k * a + horizon)
    return wealth, next_held / wealth


def gibbs(relatives, kappa):
    """The next portfolio of the mixture by powers of wealth of two assets, by adaptive quadrature."""

    def weight(share):
        return np.prod(relatives @ [share, 1.0 - share]) ** kappa

    total = quad(weight, 0.0, 1.0, epsabs=0.0, epsrel=1e-12)[0]
    first = quad(lambda share: share * weight(share), 0.0, 1.0, epsabs=0.0, epsrel=1e-12)[0]
    return np.array([first, total - first]) / total


# ------------------------------------------------------------------------------------------------------- references


@pytest.mark.parametrize(("k", "horizon"), [(2, 7), (3, 6), (4, 5), (5, 4)])
@pytest.mark.parametrize(("prior", "a"), [("uniform", 1.0), ("half", 0.5)])
def test_exact_quadrature_is_the_sum_over_all_sequences(k, horizon, prior, a):
    relatives = np.exp(np.random.default_rng(k).standard_normal((horizon, k)))
    relatives[1, 0] = relatives[2, 1] = 0.0
    policy = started(Universal(prior, "exact"), relatives)
    portfolios, wealth = policy.run(relatives), 1.0
    for t in range(horizon):
        wealth *= portfolios[t] @ relatives[t]
        expected, coming = expanded(relatives[: t + 1], a)
        assert wealth == pytest.approx(expected, rel=1e-12)
        following = portfolios[t + 1] if t + 1 < horizon else None
        assert following is None or np.allclose(following, coming, rtol=0.0, atol=1e-12)
    assert np.allclose(portfolios[0], 1.0 / k, rtol=0.0, atol=1e-14)


def test_power_is_the_integral_over_powers_of_wealth():
    relatives = np.exp(np.random.default_rng(5).standard_normal((6, 2)))
    for kappa in (0.3, 0.5, 1.0, 1.7, 3.0):
        portfolios = held(Power(kappa), relatives)
        for t in (1, 2, 5):
            assert np.allclose(portfolios[t], gibbs(relatives[:t], kappa), rtol=0.0, atol=1e-9), (kappa, t)
    assert np.array_equal(held(Power(1.0), relatives), held(Universal(), relatives))
    twice = held(Universal(method="exact"), np.repeat(relatives, 2, axis=0))[::2]
    assert np.allclose(held(Power(2.0), relatives), twice, rtol=0.0, atol=1e-13)


def test_growing_has_the_wealth_of_its_parts():
    relatives, weights = wave(4, 0.3, 40), np.array([3.0, 1.0, 4.0, 2.0])
    parts = [np.exp(log_wealth(Universal("half"), np.ascontiguousarray(relatives[:, :n]))) for n in range(1, 5)]
    found = log_wealth(Growing(weights.tolist(), "half"), relatives)
    assert np.allclose(found, np.log(weights / weights.sum() @ parts), rtol=0.0, atol=1e-12)


def test_nested_is_a_universal_portfolio_of_universal_portfolios():
    relatives, groups = wave(5, 0.3, 50), [[3], [4, 0], [1, 2]]
    own = [held(Universal(), np.ascontiguousarray(relatives[:, group])) for group in groups]
    factors = np.column_stack([np.sum(h * relatives[:, g], axis=1) for h, g in zip(own, groups, strict=True)])
    shares, expected = held(Universal(), factors), np.empty_like(relatives)
    for j, group in enumerate(groups):
        expected[:, group] = shares[:, [j]] * own[j]
    assert np.allclose(held(Nested(groups), relatives), expected, rtol=0.0, atol=1e-14)


def test_nested_where_a_group_pays_nothing():
    relatives = race([0, 0, 3, 1, 2, 2, 0], 4)
    found = held(Nested([[0, 1], [2, 3]]), relatives)
    assert np.allclose(found[2], [0.75 * 0.75, 0.75 * 0.25, 0.125, 0.125], rtol=0.0, atol=1e-13)
    assert np.all(np.abs(found.sum(axis=1) - 1.0) < 1e-12)


# ---------------------------------------------------------------------------------------------------------- oracles


@pytest.mark.parametrize(
    ("horizon", "uniform", "half"),
    [
        (1, 3 / 2, 3 / 2),
        (2, 13 / 12, 17 / 16),
        (3, 1.625, 1.59375),
        (4, 1.175, 1.130859375),
        (5, 1.7625, 1.6962890625),
        (10, 1.5094358766, 1.3775385618),
        (20, 2.3394426330, 1.9780188823),
        (50, 9.8187499602, 7.1841529025),
        (200, 34537.80744, 22535.65211),
    ],
)
def test_alternation(horizon, uniform, half):
    for policy, wealth in ((Universal(), uniform), (Universal("half"), half)):
        assert np.exp(log_wealth(policy, alternation(horizon))[-1]) == pytest.approx(wealth, rel=1e-9)


def test_portfolios_on_alternation():
    for prior, second, fourth in (
        ("uniform", (4 / 9, 5 / 9), (0.4461538462, 0.5538461538)),
        ("half", (5 / 12, 7 / 12), (0.4191176471, 0.5808823529)),
    ):
        expected = [(0.5, 0.5), second, (0.5, 0.5), fourth]
        assert np.allclose(held(Universal(prior), alternation(4)), expected, rtol=0.0, atol=1e-10)


@pytest.mark.parametrize(
    ("policy", "wealths"),
    [
        (Universal(), (0.0105427121, 0.1013090840, 0.0662512716)),
        (Universal("half"), (0.0099094163, 0.0994441543, 0.0628505513)),
        (Power(0.5), (None, None, 0.0690996485)),
        (Power(2.0), (None, None, 0.0605613199)),
        (Universal(lattice=10), (None, None, 0.0645489263)),
    ],
)
def test_wave(policy, wealths):
    for horizon, wealth in zip((10, 30, 60), wealths, strict=True):
        if wealth is not None:
            assert log_wealth(policy, wave(3, 0.05, horizon))[-1] == pytest.approx(wealth, abs=1e-9)


def test_portfolios_on_wave():
    for prior, expected in (
        ("uniform", (0.32838391, 0.33341542, 0.33820067)),
        ("half", (0.32542472, 0.33345728, 0.34111800)),
    ):
        assert np.allclose(held(Universal(prior), wave(3, 0.05, 60))[-1], expected, rtol=0.0, atol=6e-9)


def test_many_assets():
    relatives = wave(4, 0.05, 60)
    assert log_wealth(Universal(), relatives)[-1] == pytest.approx(0.0894675051, abs=1e-9)
    assert log_wealth(Nested([[0, 1], [2, 3]]), relatives)[-1] == pytest.approx(0.0860237203, abs=1e-9)
    for group, wealth in (([0, 1], 0.0229623522), ([2, 3], 0.1355182360)):
        own = np.ascontiguousarray(relatives[:, group])
        assert log_wealth(Universal(), own)[-1] == pytest.approx(wealth, abs=1e-9)
    for horizon, wealth in ((10, 0.1568430170), (50, 1.3710749614)):
        assert log_wealth(Growing(), alternation(horizon))[-1] == pytest.approx(wealth, abs=1e-9)


def test_lattice_points():
    points = lattice_points(3, 10)
    assert points.shape == (66, 3) == np.unique(points, axis=0).shape
    assert np.all(points >= 0.0)
    assert np.allclose(points.sum(axis=1), 1.0, rtol=0.0, atol=1e-15)
    assert np.log(wave(3, 0.05, 60) @ points.T).sum(axis=0).max() == pytest.approx(0.1213098389, abs=1e-9)
    assert lattice_points(1, 4).tolist() == [[1.0]]


def test_sampled_near_exact():
    relatives = alternation(50)
    exact, error = log_wealth(Universal(), relatives)[-1], math.sqrt(0.397 / 20_000)
    found = [log_wealth(Universal(method="sampled"), relatives, seed)[-1] for seed in range(6)]
    assert np.all(np.abs(np.array(found) - exact) < 4.0 * error)
    assert abs(np.mean(found) - exact) < 4.0 * error / math.sqrt(6)
    assert np.std(found) > error / 4.0
    half = log_wealth(Universal("half", "sampled"), relatives, 7)[-1]
    assert abs(half - math.log(7.1841529025)) < 0.03


# --------------------------------------------------------------------------------------------------------- theorems


@pytest.mark.parametrize(
    ("horizon", "k", "uniform", "half"),
    [
        (10, 2, 2.3978953, 1.7361523),
        (100, 2, 4.6151205, 2.8762000),
        (1000, 2, 6.9087548, 4.0263676),
        (100, 3, 8.5469461, 5.3033049),
        (1000, 5, 24.4629523, 14.1051914),
        (10_000, 10, 70.0957344, 38.8418551),
    ],
)
def test_bounds(horizon, k, uniform, half):
    for a, value in ((1.0, uniform), (0.5, half)):
        assert universal_regret(np.array([horizon]), k, a)[0] == pytest.approx(value, abs=6e-8)
    t = np.arange(1, horizon + 1)
    assert np.all(universal_regret(t, k, 1.0) <= (k - 1) * np.log(t + 1) + 1e-9)
    assert np.all(universal_regret(t, k, 0.5) <= (k - 1) / 2 * np.log(t + 1) + math.log(2) + 1e-9)


@pytest.mark.parametrize(("k", "horizon"), [(2, 1000), (3, 200), (4, 60), (5, 27)])
@pytest.mark.parametrize("prior", ["uniform", "half"])
def test_the_bound_is_met_where_one_asset_alone_pays(k, horizon, prior):
    relatives = race(np.zeros(horizon, dtype=int), k)
    policy = Universal(prior)
    (bound,) = bounds(policy, relatives)
    assert (bound.kind, bound.holds) == ("upper", True)
    assert np.allclose(-log_wealth(policy, relatives), bound.curve(np.arange(1.0, horizon + 1)), rtol=0.0, atol=1e-9)


def races(k, horizon):
    """For each type of a race: one with these counts, how many there are, and the best mix's wealth."""
    for counts in np.rint(lattice_points(k, horizon) * horizon).astype(int):
        number = math.factorial(horizon) / math.prod(math.factorial(n) for n in counts)
        yield race(np.repeat(np.arange(k), counts), k), number, math.prod((n / horizon) ** n for n in counts)


@pytest.mark.parametrize(
    ("k", "horizon", "half", "uniform", "least"),
    [(2, 6, 1.3407595530, 1.4617011228, 1.3283186199), (3, 5, 2.1611260928, 2.3195138809, 2.1412889450)],
)
def test_expected_regret_where_no_race_is_easier(k, horizon, half, uniform, least):
    """Races are drawn in proportion to what the best mix earns; nobody has less regret than ``least`` in the mean."""
    total = sum(number * best for _, number, best in races(k, horizon))
    assert math.log(total) == pytest.approx(least, abs=1e-9)
    for prior, expected in (("half", half), ("uniform", uniform)):
        found = [
            number * best / total * (math.log(best) - log_wealth(Universal(prior), relatives)[-1])
            for relatives, number, best in races(k, horizon)
        ]
        assert sum(found) == pytest.approx(expected, abs=1e-9)


@pytest.mark.parametrize(
    ("k", "horizon", "least"),
    [(2, 1, math.log(2.0)), (2, 2, 0.90890873), (2, 10, 1.52675879), (2, 100, 2.57462577), (3, 10, 2.66241052)],
)
def test_the_least_expected_regret_is_attained(k, horizon, least):
    """Of winners that are independent, of one law that Dirichlet(1/2, .., 1/2) draws: by the prior of that law."""
    found = []
    for relatives, number, best in races(k, horizon):
        wealth = log_wealth(Universal("half"), relatives)[-1]
        found.append(number * math.exp(wealth) * (math.log(best) - wealth))
    assert sum(found) == pytest.approx(least, abs=6e-9)


def hard_markets(k, horizon):
    rng = np.random.default_rng(k)
    for spread in (0.05, 1.0, math.log(1000.0) / 2):
        yield np.exp(rng.uniform(-spread, spread, (horizon, k)))
    yield race(rng.integers(0, k, horizon), k)
    yield race(np.arange(horizon) * k // horizon, k)
    yield race(np.arange(horizon) % k, k)
    yield np.exp(spread * np.sign(np.sin(0.2 * np.arange(1, horizon + 1)))[:, None] * np.linspace(-1.0, 1.0, k))


@pytest.mark.parametrize(("k", "horizon"), [(2, 80), (3, 60), (4, 24)])
def test_no_regret_above_its_bound(k, horizon):
    policies = [Universal(), Universal("half"), Power(0.5), Power(1.0), Growing(), Growing([1.0] * k, "half"), Nested()]
    checkpoints = np.unique(np.geomspace(1, horizon, 6).astype(int))
    for relatives in hard_markets(k, horizon):
        best = np.array([log_best(relatives[:t]) for t in checkpoints])
        with np.errstate(divide="ignore"):
            component = np.cumsum(np.log(relatives), axis=0).max(axis=1)[checkpoints - 1]
        for policy in policies:
            found = log_wealth(policy, relatives)[checkpoints - 1]
            (bound,) = bounds(policy, relatives)
            assert (bound.kind, bound.holds) == ("upper", True)
            comparator = {"mix": best, "component": component}[bound.comparator_class]
            assert np.all(comparator - found <= bound.curve(checkpoints.astype(float)) + 1e-7), (policy, relatives[:3])


def test_bounds_at_the_edges_of_parameters():
    relatives = alternation(20)
    (bound,) = bounds(Power(1e-12), relatives)
    assert bound.curve(np.array([1.0, 20.0])) == pytest.approx([1.0, 20.0], rel=1e-10)
    (bound,) = bounds(Growing(priors=[1e308, 1e308]), relatives)
    assert bound.curve(np.array([1.0])) == pytest.approx([math.log(4.0)])


def test_growing_competes_with_the_best_mix_of_the_first_assets():
    relatives, policy = race([0, 0, 0, 1, 0, 0, 0, 2], 3), Growing()
    for t in (7, 8):
        for n in (1, 2, 3):
            with np.errstate(divide="ignore"):
                first = np.ascontiguousarray(relatives[:t, :n])
                best = log_best(first) if first.any(axis=1).all() else -np.inf
            assert best - log_wealth(policy, relatives)[t - 1] <= policy.regret(np.array([t]), n, 3)[0] + 1e-9


def test_bounds_say_what_they_rest_on():
    relatives = alternation(10)
    (costly,) = bounds(Universal(), relatives, trading_cost=0.01)
    assert not costly.holds
    (sampled,) = bounds(Universal(method="sampled"), relatives)
    assert (sampled.kind, sampled.evidence) == ("order", "convention")
    assert bounds(Universal(lattice=4), relatives) == () == bounds(Power(2.0), relatives)
    assert bounds(Power(0.5, "sampled"), relatives) == ()
    assert [bounds(p(method="sampled"), relatives)[0].kind for p in (Growing, Nested)] == ["order", "order"]
    assert [b.comparator_class for b in bounds(Universal(), relatives, lattice=True)] == ["mix", "lattice"]


def test_a_mix_that_comes_back_after_a_long_fall():
    """Wealth of the first asset falls by 1,842 nats below the other's, far beyond what floats hold, and returns."""
    relatives = np.where(np.arange(1200)[:, None] < 400, [0.01, 1.0], [1.0, 0.01])
    for policy in (Universal(), Universal("half")):
        most = bounds(policy, relatives)[0].curve(np.array([1200.0]))[0]
        assert 0.0 <= log_best(relatives) - log_wealth(policy, relatives)[-1] <= most
    logs = np.log(relatives @ lattice_points(2, 20).T).sum(axis=0)
    mean = logs.max() + math.log(np.mean(np.exp(logs - logs.max())))
    assert log_wealth(Universal(lattice=20), relatives)[-1] == pytest.approx(mean, abs=1e-9)


def test_wealth_after_a_long_fall():
    """One asset pays 600 times, then the other: ``n! n! / (2n + 1)!`` by the uniform prior, in whatever order."""
    winners = np.repeat(np.eye(2), 600, axis=0)
    exact = 2.0 * math.lgamma(601) - math.lgamma(1202)
    assert log_wealth(Universal(), winners)[-1] == pytest.approx(exact, abs=1e-9)
    later = np.exp(np.where(np.arange(1000)[:, None] < 500, [0.0, 3.0], [3.0, 0.0]))
    mixes = lattice_points(2, 4)
    for kappa in (1.0, 2.0):
        logs = np.vstack([np.zeros(5), np.cumsum(np.log(later @ mixes.T), axis=0)])[:-1] * kappa
        shares = np.exp(logs - logs.max(axis=1, keepdims=True))
        expected = shares @ mixes / shares.sum(axis=1, keepdims=True)
        found = np.empty(later.shape)
        Mixture(mixes, np.full(5, 0.2), kappa).play(later, found)
        assert np.allclose(found, expected, rtol=0.0, atol=1e-10)


def test_mixes_that_are_all_lost_begin_anew():
    found = held(Universal(lattice=1), race([0, 1, 1, 1], 2))
    assert found.tolist() == [[0.5, 0.5], [1.0, 0.0], [0.5, 0.5], [0.0, 1.0]]


# ------------------------------------------------------------------------------------------------------- invariants

SEVERAL = [
    Universal(),
    Universal("half"),
    Universal(method="sampled", samples=300),
    Universal(samples=100, vertices=True),
    Universal(lattice=4),
    Power(0.5),
    Power(2.0, "sampled", 200),
    Growing(),
    Nested(),
]


def test_the_order_of_rounds_does_not_matter_in_the_end():
    relatives = np.exp(np.random.default_rng(3).standard_normal((40, 3)))
    other = np.ascontiguousarray(relatives[np.random.default_rng(4).permutation(40)])
    for policy in SEVERAL[:5]:
        assert log_wealth(policy, relatives)[-1] == pytest.approx(log_wealth(policy, other)[-1], abs=1e-11)


def test_wealth_is_the_mean_of_all_mixes():
    relatives = np.exp(np.random.default_rng(3).standard_normal((40, 3)))
    mean = np.mean(np.prod(relatives @ lattice_points(3, 4).T, axis=0))
    assert log_wealth(Universal(lattice=4), relatives)[-1] == pytest.approx(math.log(mean), abs=1e-11)
    drawn = np.random.default_rng(9).dirichlet(np.full(3, 0.5), 100)
    with_vertices = np.concatenate([drawn, np.eye(3), np.full((1, 3), 1 / 3)])
    for mixes, policy in (
        (drawn, Universal("half", "sampled", 100)),
        (with_vertices, Universal("half", samples=100, vertices=True)),
    ):
        mean = np.mean(np.prod(relatives @ mixes.T, axis=0))
        assert log_wealth(policy, relatives, 9)[-1] == pytest.approx(math.log(mean), abs=1e-11)


def test_assets_have_no_order():
    relatives = np.exp(np.random.default_rng(3).standard_normal((30, 3)))
    for policy in (Universal(), Universal("half"), Universal(lattice=4), Power(0.5)):
        swapped = held(policy, np.ascontiguousarray(relatives[:, [2, 0, 1]]))
        assert np.allclose(held(policy, relatives)[:, [2, 0, 1]], swapped, rtol=0.0, atol=1e-11)


def test_scales_do_not_matter():
    relatives = np.exp(np.random.default_rng(3).standard_normal((24, 4)))
    scales = np.geomspace(1e-300, 1e300, 24)[:, None]
    for policy in SEVERAL:
        assert np.allclose(held(policy, relatives), held(policy, relatives * scales), rtol=0.0, atol=1e-12), policy


def test_one_asset_and_equal_assets():
    for policy in SEVERAL:
        assert np.all(held(policy, np.full((9, 1), 0.7)) == 1.0)
        equal = np.repeat(np.exp(np.random.default_rng(3).standard_normal((24, 1))), 4, axis=1)
        assert np.allclose(log_wealth(policy, equal), np.cumsum(np.log(equal[:, 0])), rtol=0.0, atol=1e-12)


def test_an_asset_twice_has_another_prior():
    relatives = np.exp(np.random.default_rng(3).standard_normal((60, 2)))
    for a, policy in ((1.0, Universal()), (0.5, Universal("half"))):
        u, rest, weights = beta_rule(a, 2.0 * a, 31)
        mixture, portfolios = Mixture(np.column_stack([u, rest]), weights), np.empty((60, 2))
        mixture.play(relatives, portfolios)
        twice = held(policy, np.ascontiguousarray(relatives[:, [0, 1, 1]]))
        assert np.allclose(twice[:, 0], portfolios[:, 0], rtol=0.0, atol=1e-11)
        assert np.abs(held(policy, relatives)[-1, 0] - twice[-1, 0]) > 0.01


def test_more_nodes_make_no_difference():
    for k, horizon in ((2, 301), (3, 100), (4, 40)):
        relatives = np.exp(np.random.default_rng(k).standard_normal((horizon, k)))
        for a in (1.0, 0.5):
            found = []
            for more in (0, 3):
                portfolios = np.empty_like(relatives)
                Mixture(*sticks(k, a, nodes(k, horizon) + more)).play(relatives, portfolios)
                found.append(np.log(np.sum(portfolios * relatives, axis=1)).sum())
            assert found[0] == pytest.approx(found[1], abs=1e-11)


def test_capped_nodes():
    """At 10,000 rounds 1024 nodes do, where one asset alone pays and where both do in turn; 256 nodes do not."""
    horizon = 10_000
    assert [nodes(2, t) for t in (99, horizon, 100_000)] == [50, 1024, 3163]
    for counts, a in itertools.product(([horizon, 0], [horizon // 2, horizon // 2]), (1.0, 0.5)):
        relatives, found = race(np.arange(horizon) % 2 if counts[1] else np.zeros(horizon, dtype=int), 2), {}
        for n in (1024, 256):
            portfolios = np.empty_like(relatives)
            Mixture(*sticks(2, a, n)).play(relatives, portfolios)
            found[n] = np.log(np.sum(portfolios * relatives, axis=1)).sum()
        exact = sum(math.lgamma(n + a) - math.lgamma(a) for n in counts) + math.lgamma(2 * a)
        exact -= math.lgamma(horizon + 2 * a)
        assert found[1024] == pytest.approx(exact, abs=5e-11, rel=0.0)
        assert counts[1] == 0 or abs(found[256] - exact) > 1e-6


@pytest.mark.parametrize("policy", SEVERAL, ids=repr)
def test_rounds_one_by_one_in_blocks_and_pickled(policy):
    """Nine assets, of which sums depend on the order of terms."""
    relatives = np.exp(np.random.default_rng(3).standard_normal((30, 9)))
    whole = held(policy, relatives)
    started(policy, relatives)
    pieces = []
    for part in np.split(relatives, [1, 2, 3, 11]):
        policy = pickle.loads(pickle.dumps(policy))
        pieces.append(policy.run(part))
    assert np.array_equal(whole, np.concatenate(pieces))
    started(policy, relatives)
    for t in range(12):
        assert np.array_equal(policy.choose(None), whole[t])
        policy.update(None, np.eye(9)[t % 9], relatives[t])


def test_seeds():
    relatives, policy = alternation(5), Universal(method="sampled", samples=50)
    assert np.array_equal(held(policy, relatives, 1), held(policy, relatives, 1))
    assert not np.array_equal(held(policy, relatives, 1), held(policy, relatives, 2))


# -------------------------------------------------------------------------------------------------------- bad input


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: Universal("flat"), "prior must be one of uniform, half, got 'flat'"),
        (lambda: Universal(method="quick"), "method must be one of exact, sampled, got 'quick'"),
        (lambda: Universal(samples=0), "samples must be a whole number >= 1, got 0"),
        (lambda: Universal(lattice=0), "lattice must be a whole number >= 1, got 0"),
        (lambda: Universal(method="exact", lattice=3), "method must be None where a lattice is given"),
        (lambda: Universal(method="exact", vertices=True), "vertices must be false"),
        (lambda: Universal(lattice=3, vertices=True), "vertices must be false"),
        (lambda: Universal(vertices=1), "vertices must be true or false, got 1"),
        (lambda: Power(0.0), "kappa must be a finite number in"),
        (lambda: Growing([]), "priors must be at least one weight, got"),
        (lambda: Growing([1.0, 0.0]), r"priors\[1\] must be a finite number in \(0, inf\), got 0.0"),
        (lambda: Nested([]), "groups must be a list of at least one list of assets"),
        (lambda: Nested([[0], []]), "groups must have no empty group and no asset twice"),
        (lambda: Nested([[0, 1], [1]]), "groups must have no empty group and no asset twice"),
        (lambda: Nested([[0, -1]]), r"groups\[0\]\[1\] must be a whole number >= 0, got -1"),
        (lambda: Nested([0, 1]), r"groups\[0\] must be a list of whole numbers, got 0"),
    ],
)
def test_bad_arguments(make, words):
    with pytest.raises(ValueError, match=words):
        make()


@pytest.mark.parametrize(
    ("policy", "assets", "horizon", "words"),
    [
        (Universal(method="exact"), 2, None, "method must be sampled where the problem declares no horizon"),
        (Universal(method="exact"), 6, 60, r"method must be sampled here, as 6 assets and 60 rounds take 31\^5 nodes"),
        (Universal(lattice=100), 5, 10, f"lattice must have at most {LIMIT} points"),
        (Universal(samples=10**9), 5, None, "samples and the number of assets must be lower"),
        (Power(1e140, "exact"), 3, 10, "method must be sampled here"),
        (Growing([1.0, 2.0]), 3, 10, "priors must be 3 weights, one for each number of assets"),
        (Growing(samples=10**6), 60, 100, "samples and the number of assets must be lower"),
        (Nested([[0, 1]]), 3, 10, "groups must have each of the assets 0..2 in one group"),
        (Nested([[0, 1], [3]]), 3, 10, "groups must have each of the assets 0..2 in one group"),
    ],
)
def test_problems_that_do_not_fit(policy, assets, horizon, words):
    with pytest.raises(ValueError, match=words):
        policy.reset(PortfolioProblem(n_assets=assets, horizon=horizon), np.random.default_rng(0))
