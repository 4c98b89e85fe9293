"""Buy and hold, constant mixes, leaders, OLMAR, Anticor: against slow references, by numbers, by what must be."""

from decimal import Decimal

import numpy as np
import pytest

from bandits import POLICIES
from bandits.checks import play
from bandits.portfolio.olmar import nearest
from bandits.portfolio.problem import PortfolioProblem
from environments import ENVIRONMENTS


def made(name, **parameters):
    return POLICIES.build({"name": name, "parameters": parameters})


def market(name, **parameters):
    return ENVIRONMENTS.build({"name": name, "parameters": parameters})


def held(policy, relatives):
    """The portfolios [n, k] that a policy holds against relatives [n, k], round by round."""
    policy.reset(PortfolioProblem(n_assets=relatives.shape[1], horizon=len(relatives)), np.random.default_rng(0))
    rows = []
    for x in relatives:
        rows.append(policy.choose(0))
        policy.update(0, rows[-1], x)
    return np.array(rows)


def random_markets():
    rng = np.random.default_rng(7)
    for k, t in ((2, 30), (3, 40), (6, 30)):
        yield np.exp(0.05 * rng.standard_normal((t, k)))
        yield np.exp(2.0 * rng.standard_normal((t, k)))
        cash = np.exp(0.1 * rng.standard_normal((t, k)))
        cash[:, 0], cash[:, 1] = 1.0, 1.01
        yield cash


def bought(relatives, weights):
    """Buy and hold, by products of numbers of 28 digits and any size."""
    worth, rows = [Decimal(w) for w in weights], []
    for x in relatives:
        rows.append([float(w / sum(worth)) for w in worth])
        worth = [w * Decimal(float(r)) for w, r in zip(worth, x, strict=True)]
    return np.array(rows)


def led(relatives):
    """The leader, by products of numbers of 28 digits and any size."""
    k = relatives.shape[1]
    worth, rows = [Decimal(1)] * k, [[1.0 / k] * k]
    for x in relatives[:-1]:
        worth = [w * Decimal(float(r)) for w, r in zip(worth, x, strict=True)]
        rows.append([float(i == worth.index(max(worth))) for i in range(k)])
    return np.array(rows)


def projected(y):
    """Onto the simplex, by bisection on what is taken off every entry."""
    low, high = y.min() - 1.0, y.max()
    for _ in range(200):
        middle = (low + high) / 2.0
        low, high = (middle, high) if np.maximum(y - middle, 0.0).sum() > 1.0 else (low, middle)
    return np.maximum(y - low, 0.0)


def reverted(relatives, window, epsilon):
    """OLMAR from prices: the next relatives are the moving average of prices over the last price."""
    prices = np.vstack([np.ones(relatives.shape[1]), np.cumprod(relatives, axis=0)])
    b, rows = np.full(relatives.shape[1], 1.0 / relatives.shape[1]), []
    for t in range(1, len(relatives) + 1):
        rows.append(b)
        if t < window:
            continue
        f = prices[t - window + 1 : t + 1].mean(axis=0) / prices[t]
        d = f - f.mean()
        if d @ d >= 1e-30:
            b = projected(b + max(0.0, (epsilon - b @ f) / (d @ d)) * d)
    return np.array(rows)


def correlation(a, c):
    return 0.0 if len(set(a)) == 1 or len(set(c)) == 1 else np.corrcoef(a, c)[0, 1]


def claimed(relatives, w):
    """Anticor in loops."""
    k = relatives.shape[1]
    b, rows, logs = np.full(k, 1.0 / k), [], np.log(relatives)
    for t in range(1, len(relatives) + 1):
        rows.append(b)
        if t < 2 * w:
            continue
        a, earlier, late = b * relatives[t - 1] / (b @ relatives[t - 1]), logs[t - 2 * w : t - w], logs[t - w : t]
        r = [[correlation(earlier[:, i], late[:, j]) for j in range(k)] for i in range(k)]
        claims = np.zeros((k, k))
        for i in range(k):
            for j in range(k):
                if i != j and late[:, i].mean() > late[:, j].mean() and r[i][j] > 0:
                    claims[i, j] = r[i][j] + max(0.0, -r[i][i]) + max(0.0, -r[j][j])
        b = a.copy()
        for i in range(k):
            for j in range(k):
                if claims[i].sum() > 0.0:
                    moved = a[i] * claims[i, j] / claims[i].sum()
                    b[i], b[j] = b[i] - moved, b[j] + moved
    return np.array(rows)


def test_slow_references():
    for relatives in random_markets():
        k = relatives.shape[1]
        shares = (np.arange(1, k + 1) / np.arange(1, k + 1).sum()).tolist()
        equal = [1.0 / k] * k
        assert np.allclose(held(made("buy_and_hold"), relatives), bought(relatives, equal), rtol=1e-11, atol=1e-15)
        with_weights = held(made("buy_and_hold", weights=shares), relatives)
        assert np.allclose(with_weights, bought(relatives, shares), rtol=1e-11, atol=1e-15)
        assert np.array_equal(held(made("follow_the_leader"), relatives), led(relatives))
        for window, epsilon in ((2, 3.0), (5, 10.0)):
            found = held(made("olmar", window=window, epsilon=epsilon), relatives)
            assert np.allclose(found, reverted(relatives, window, epsilon), rtol=0, atol=1e-9)
        for window in (2, 5):
            found = held(made("anticor", window=window), relatives)
            assert np.allclose(found, claimed(relatives, window), rtol=0, atol=1e-9)


WAVE = {
    "buy_and_hold": ({}, (0.0073832799, 0.0920012000, 0.0492597100)),
    "uniform_mix": ({}, (0.0116022158, 0.1044323862, 0.0719499100)),
    "follow_the_leader": ({}, (-0.1996350247, -0.4199659643, -0.8814471074)),
    "olmar": ({"window": 5, "epsilon": 10}, (-0.0414777215, 0.1009469224, 0.1842227825)),
    "olmar 3": ({"window": 3, "epsilon": 2}, (0.0098101884, 0.1802528160, 0.2820940183)),
    "anticor": ({"window": 5}, (0.0116022158, 0.3104498962, 0.5358224102)),
    "anticor 2": ({"window": 2}, (0.0068945353, 0.2561594218, 0.4400534764)),
}


def test_numbers_on_the_wave():
    waves = market("wave", n_assets=3, amplitude=0.05, horizon=60)
    for name, (parameters, expected) in WAVE.items():
        found = play(made(name.split()[0], **parameters), waves, 0, times=[10, 30, 60])["reward"]
        assert np.allclose(found, expected, rtol=0, atol=1e-9), name


def test_numbers_on_the_alternation():
    turns = market("alternation", horizon=200)
    bah = play(made("buy_and_hold"), turns, 0, times=[1, 2, 3, 4, 5, 10, 20, 50, 200])["reward"]
    assert np.allclose(np.exp(bah), [1.5, 1.0, 1.5, 1.0, 1.5, 1.0, 1.0, 1.0, 1.0], rtol=0, atol=1e-12)
    leader = play(made("follow_the_leader"), turns, 0, times=[1, 2, 3, 10, 50])["reward"]
    expected = [0.4054651081, -0.2876820725, -0.2876820725, -3.0602707947, -16.9232144059]
    assert np.allclose(leader, expected, rtol=0, atol=1e-9)


def test_the_best_mix_so_far():
    """What it holds has, on the rounds so far, at least the wealth of every mix of a lattice."""
    rng = np.random.default_rng(3)
    relatives = np.exp(0.1 * rng.standard_normal((40, 3)))
    lattice = np.array([(i, j, 20 - i - j) for i in range(21) for j in range(21 - i)]) / 20.0
    portfolios = held(made("leader_mix"), relatives)
    assert np.allclose(portfolios[0], 1.0 / 3.0)
    for t in range(1, 40):
        best = np.log(relatives[:t] @ lattice.T).sum(axis=0).max()
        assert np.log(relatives[:t] @ portfolios[t]).sum() >= best - 1e-9


def test_a_constant_mix_earns_what_it_says():
    waves = market("wave", n_assets=3, amplitude=0.05, horizon=60)
    weights = [0.2, 0.0, 0.8]
    found = play(made("fixed_mix", weights=weights), waves, 0, times=[60])["reward"]
    assert np.isclose(found[0], np.log(waves._relatives @ weights).sum(), rtol=0, atol=1e-12)


def test_no_common_factor_has_influence():
    """Powers of two change no bit; others change rounding alone. OLMAR and Anticor speak of prices: they bear it."""
    rng = np.random.default_rng(5)
    relatives = np.exp(0.1 * rng.standard_normal((30, 3)))
    factors = 2.0 ** rng.integers(-990, 990, 30)[:, None]
    for name, parameters in (
        ("buy_and_hold", {}),
        ("follow_the_leader", {}),
        ("leader_mix", {}),
        ("fixed_mix", {"weights": [0.5, 0.25, 0.25]}),
    ):
        first = held(made(name, **parameters), relatives)
        assert np.array_equal(held(made(name, **parameters), relatives * factors), first), name
    for name in ("olmar", "anticor"):
        found = held(made(name), relatives * factors)
        assert found.min() >= 0.0, name
        assert np.allclose(found.sum(axis=1), 1.0, rtol=0, atol=1e-12), name


def test_doubled_and_permuted_assets():
    rng = np.random.default_rng(6)
    relatives = np.exp(0.1 * rng.standard_normal((30, 3)))
    doubled = np.column_stack([relatives, relatives[:, 0]])
    leaders = [(held(made("follow_the_leader"), x) * x).sum(axis=1) for x in (relatives, doubled)]
    assert np.allclose(leaders[0][1:], leaders[1][1:])
    order = [2, 0, 1]
    for name in ("buy_and_hold", "follow_the_leader", "leader_mix", "olmar", "anticor"):
        permuted = held(made(name), relatives[:, order])
        assert np.allclose(permuted, held(made(name), relatives)[:, order], rtol=0, atol=1e-7), name
    same = np.repeat(relatives[:, :1], 3, axis=1)
    for name in ("buy_and_hold", "leader_mix", "olmar", "anticor"):
        assert np.allclose(held(made(name), same), 1.0 / 3.0), name


def test_buy_and_hold_is_between_the_best_asset_and_its_share_of_it():
    for relatives in random_markets():
        table = market("table", relatives=relatives.tolist())
        k, times = relatives.shape[1], np.arange(1, len(relatives) + 1)
        shares = (np.arange(1, k + 1) / np.arange(1, k + 1).sum()).tolist()
        for weights in (None, shares):
            policy = made("buy_and_hold", weights=weights)
            wealth = play(policy, table, 0)["reward"]
            regret = table.comparators(times)["best_asset"] - wealth
            (bound,) = policy.regret_bounds(table.problem, table.instance())
            assert bound.holds
            assert np.all(regret <= bound.curve(times.astype(float)) + 1e-9)
            assert np.all(regret >= -1e-9)
            own = np.cumsum(np.log(relatives), axis=0) + np.log(weights or [1.0 / k] * k)
            assert np.allclose(wealth, np.logaddexp.reduce(own, axis=1), rtol=0, atol=1e-10)


def test_buy_and_hold_beyond_what_doubles_hold():
    """Shares that fall below the smallest double come back."""
    down, up = [1.0, 1e-290, 0.5], [1e-290, 1.0, 0.5]
    relatives = np.array(([down] * 3 + [up] * 3) * 2 + [[1.0, 1.0, 0.0], [1.0, 3.0, 1.0]])
    found = held(made("buy_and_hold"), np.vstack([relatives, relatives]))[: len(relatives)]
    assert np.allclose(found, bought(relatives, [1 / 3] * 3), rtol=1e-10, atol=1e-300)


def test_buy_and_hold_with_all_of_it_lost_and_with_shares_of_nothing():
    lost = held(made("buy_and_hold"), np.array([[1.0, 0.0, 0.5], [0.0, 1.0, 0.0], [1.0, 1.0, 2.0]]))
    assert np.allclose(lost, [[1 / 3] * 3, [2 / 3, 0.0, 1 / 3], [1 / 3] * 3])
    some = made("buy_and_hold", weights=[1.0, 0.0])
    assert np.array_equal(held(some, np.array([[1.0, 2.0], [0.5, 9.0]])), [[1.0, 0.0]] * 2)
    problem = PortfolioProblem(n_assets=2)
    table = market("table", relatives=[[1.0, 2.0]])
    table.begin(None)
    assert some.regret_bounds(problem, table.instance()) == ()


def test_buy_and_hold_pays_nothing_for_trades():
    for cost in (0.001, 0.01):
        waves = market("wave", n_assets=3, amplitude=0.05, horizon=60, trading_cost=cost)
        found = play(made("buy_and_hold"), waves, 0)
        assert np.isclose(found["reward"][-1], 0.0492597100, rtol=0, atol=1e-9)
        assert np.isclose(found["costs"][-1], 0.0, atol=1e-12)


def test_accounts_with_costs_apart_and_netted():
    """A lattice of constant mixes, each with an account net of its own costs; and one trade of their mixture."""
    points = [(i, j, 10 - i - j) for i in range(11) for j in range(11 - i)]
    waves = market("wave", n_assets=3, amplitude=0.05, horizon=60, trading_cost=0.01)
    mixes = np.array(points) / 10.0
    accounts = np.array([play(made("fixed_mix", weights=m.tolist()), waves, 0)["reward"] for m in mixes])
    apart = np.log(np.exp(accounts).mean(axis=0))
    waves.begin(waves.draw(np.random.default_rng(0)))
    for t in range(60):
        share = np.exp(accounts[:, t - 1]) if t else np.ones(len(mixes))
        waves.transition(share / share.sum() @ mixes)
    netted = waves.metrics(np.array([60]))["reward"][0]
    assert np.isclose(apart[-1], 0.0548234289, rtol=0, atol=1e-9)
    assert np.isclose(netted, 0.0553854435, rtol=0, atol=1e-9)
    assert np.isclose(accounts[:, -1].max(), 0.1205067964, rtol=0, atol=1e-9)


def test_projection():
    rng = np.random.default_rng(4)
    for scale in (1e-3, 1.0, 1e4):
        for k in (1, 2, 7):
            y = scale * rng.standard_normal(k)
            assert np.allclose(nearest(y), projected(y), rtol=0, atol=1e-11 * max(1.0, scale))
    assert np.array_equal(nearest(np.array([1e160, -1e160])), [1.0, 0.0])


@pytest.mark.parametrize(
    ("name", "parameters", "message"),
    [
        ("fixed_mix", {"weights": [0.5, 0.6]}, "weights must be numbers >= 0 with sum 1, got"),
        ("fixed_mix", {"weights": [1.5, -0.5]}, "weights must be numbers >= 0 with sum 1, got"),
        ("fixed_mix", {"weights": [float("nan"), 1.0]}, r"weights\[0\] must be a finite number"),
        ("fixed_mix", {"weights": []}, "weights must be numbers >= 0 with sum 1"),
        ("fixed_mix", {"weights": "equal"}, "weights must be a list of numbers"),
        ("buy_and_hold", {"weights": [0.5]}, "weights must be numbers >= 0 with sum 1"),
        ("olmar", {"window": 1}, "window must be a whole number >= 2, got 1"),
        ("olmar", {"epsilon": 0.0}, "epsilon must be a finite number in"),
        ("anticor", {"window": 1}, "window must be a whole number >= 2, got 1"),
        ("anticor", {"window": 2.5}, "window must be a whole number >= 2, got 2.5"),
    ],
)
def test_bad_parameters(name, parameters, message):
    with pytest.raises(ValueError, match=message):
        made(name, **parameters)


@pytest.mark.parametrize("name", ["olmar", "anticor"])
def test_a_window_that_no_memory_holds(name):
    with pytest.raises(ValueError, match="window must be lower"):
        made(name, window=10**9).reset(PortfolioProblem(n_assets=3), np.random.default_rng(0))


@pytest.mark.parametrize("name", ["fixed_mix", "buy_and_hold"])
def test_weights_of_another_number_of_assets(name):
    policy = made(name, weights=[0.5, 0.5])
    with pytest.raises(ValueError, match="weights must be 3 finite weights"):
        policy.reset(PortfolioProblem(n_assets=3), np.random.default_rng(0))
