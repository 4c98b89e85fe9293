"""Instances, orders, the distribution of batches, and the hard family with its lower bounds."""

import math

import numpy as np
import pytest
from scipy import stats

from bandits.streaming.problem import CURRENT, Advance, Pull
from environments import HardStream, Stream
from environments.streaming.means import ClearCut, Mixed, arranged, layered
from environments.streaming.rewards import BernoulliRewards, Draws, GaussianRewards


def test_clear_cut():
    means = ClearCut().draw(np.random.default_rng(1), 20_001)
    assert means[-1] == 0.82
    truncated = stats.truncnorm(-5.0, 3.0, loc=0.5, scale=0.1)
    assert stats.kstest(means[:-1], truncated.cdf).pvalue > 1e-3
    assert np.all((means >= 0.0) & (means[:-1].max() <= 0.8))


def test_mixed():
    assert stats.kstest(Mixed().draw(np.random.default_rng(2), 20_000), "uniform").pvalue > 1e-3


def test_means_by_name():
    named = [Stream(m, 30).draw(np.random.default_rng(3)).means for m in ("mixed", {"name": "mixed"}, Mixed())]
    assert named[0].tolist() == named[1].tolist() == named[2].tolist()


def test_orders():
    means, rng = np.array([0.3, 0.9, 0.2, 0.5]), np.random.default_rng(0)
    got = {o: arranged(means, o, rng).tolist() for o in ("given", "ascending", "descending", "best_first", "best_last")}
    assert got == {
        "given": [0.3, 0.9, 0.2, 0.5],
        "ascending": [0.2, 0.3, 0.5, 0.9],
        "descending": [0.9, 0.5, 0.3, 0.2],
        "best_first": [0.9, 0.3, 0.2, 0.5],
        "best_last": [0.3, 0.2, 0.5, 0.9],
    }
    draws = [tuple(arranged(means, "random", rng)) for _ in range(2400)]
    counts = [draws.count(order) for order in set(draws)]
    assert len(counts) == 24
    assert stats.chisquare(counts).pvalue > 1e-3


def test_the_order_is_fixed_before_the_run():
    stream = Stream([0.1, 0.5, 0.9, 0.3], horizon=10)
    orders = {tuple(stream.draw(np.random.default_rng(s)).means) for s in range(60)}
    assert len(orders) > 12
    tape = stream.draw(np.random.default_rng(3))
    stream.begin(tape)
    assert stream.instance().means is tape.means


@pytest.mark.parametrize("kind", ["bernoulli", "gaussian"])
def test_a_batch_is_distributed_as_its_single_pulls(kind):
    """First batches, later batches and sums of single pulls: the same distribution."""
    n, mean, runs = 12, 0.37, 6000
    rewards = BernoulliRewards() if kind == "bernoulli" else GaussianRewards(0.4)
    draws = Draws(rewards, (1, 2, 3))
    order = np.arange(runs)
    samples = {
        "first": [draws.first(n, np.full(runs, mean), order, i).item(0) for i in range(runs)],
        "later": [draws.batch(n, mean) for _ in range(runs)],
        "single": [sum(draws.batch(1, mean) for _ in range(n)) for _ in range(runs)],
    }
    for name, values in samples.items():
        if kind == "bernoulli":
            observed = np.bincount(np.array(values, dtype=int), minlength=n + 1)
            expected = runs * stats.binom.pmf(np.arange(n + 1), n, mean)
            rare = expected < 5
            pools = [np.append(x[~rare], x[rare].sum()) for x in (observed, expected)]
            assert stats.chisquare(*pools).pvalue > 1e-3, name
        else:
            assert stats.kstest(values, stats.norm(n * mean, 0.4 * math.sqrt(n)).cdf).pvalue > 1e-3, name


@pytest.mark.parametrize("n", [10**9, 10**15, 10**18])
def test_huge_batches_keep_mean_and_spread(n):
    sums = BernoulliRewards().sums(np.random.default_rng(4), n, np.full(20_000, 0.3))
    scores = (sums / n - 0.3) * math.sqrt(n / 0.21)
    assert abs(scores.mean()) < 4 / math.sqrt(20_000)
    assert abs(scores.std() - 1.0) < 4 / math.sqrt(2 * 20_000)


def test_beyond_one_draw():
    draws = Draws(BernoulliRewards(), (1, 2, 3))
    n = 9 * 10**18
    scores = np.array([(draws.batch(n, 0.5) / n - 0.5) * 2.0 * math.sqrt(n) for _ in range(4000)])
    assert abs(scores.mean()) < 4 / math.sqrt(4000)
    assert abs(scores.std() - 1.0) < 4 / math.sqrt(8000)


def test_first_batches_do_not_depend_on_what_comes_between():
    """Policies that begin with equal batches meet equal first batches of every arm."""
    a, b = (Stream("mixed", 50, horizon=10**6) for _ in range(2))
    tape = a.draw(np.random.default_rng(8))
    a.begin(tape), b.begin(tape)
    for i in range(50):
        assert a.transition(Pull(CURRENT, 40)) == b.transition(Pull(CURRENT, 40))
        for _ in range(i % 3):
            b.transition(Pull(CURRENT, 17 + i))
            b.transition(Pull(CURRENT))
        a.transition(Advance()), b.transition(Advance())


def test_memory_does_not_change_the_draws():
    small, large = (Stream("mixed", 50, horizon=10**6, memory=m) for m in (1, 40))
    for stream in (small, large):
        stream.begin(stream.draw(np.random.default_rng(8)))
    for n in (40, 40, 1, 5, 40):
        assert small.transition(Pull(CURRENT, n)) == large.transition(Pull(CURRENT, n))
        small.transition(Advance()), large.transition(Advance())


def means_of(stream, seed):
    return stream.draw(np.random.default_rng(seed)).means


def test_hard_family_of_one_pass():
    stream = HardStream(65, horizon=10**6, lift=0.5)
    lift = 0.5 * (65 / 10**6) ** (1 / 3)
    cases = []
    for seed in range(400):
        means = means_of(stream, seed)
        first, second = means[:32], means[32:]
        assert sorted(set(first)) in ([0.5], [0.5, pytest.approx(0.5 + lift)])
        assert sorted(set(second)) in ([0.5], [0.5, 0.75])
        assert np.sum(first > 0.5) <= 1
        assert np.sum(second > 0.5) <= 1
        cases.append((int(np.any(first > 0.5)), int(np.any(second > 0.5))))
    counts = [cases.count(c) for c in ((0, 0), (0, 1), (1, 0), (1, 1))]
    assert stats.chisquare(counts).pvalue > 1e-3


def test_hard_family_cases_and_places():
    stream = HardStream(10, horizon=1000, case="01")
    places = [int(np.argmax(means_of(stream, seed))) for seed in range(500)]
    assert stats.chisquare(np.bincount(places, minlength=10)[5:]).pvalue > 1e-3
    assert min(places) == 5
    assert np.all(means_of(HardStream(10, horizon=1000, case="00"), 0) == 0.5)


def test_hard_family_of_more_passes():
    """AKP22, Definition 2, with B = 2: layers of floor(K / 3), the rest in the last."""
    stream = HardStream(11, horizon=10**7, passes=2, case="111")
    means, t = means_of(stream, 1), 1e7
    lifts = [t ** (-3 / 7) / 4, t ** (-2 / 7) / 4, 1 / 4]
    layers = means[:3], means[3:6], means[6:]
    for layer, lift in zip(layers, lifts, strict=True):
        assert layer.max() == pytest.approx(0.5 + lift, rel=1e-12)
        assert np.sum(layer > 0.5) == 1


def test_a_layer_draws_alike_whether_raised_or_not():
    with_one, without = (layered(20, [0.1, 0.2], r, np.random.default_rng(5)) for r in ((True, True), (False, True)))
    assert np.array_equal(with_one[10:], without[10:])


def bounds_of(stream):
    return {b.name: b for b in stream.lower_bounds()}


def at_end(bound):
    return float(bound.curve(np.array([1.0]))[0])


def test_lower_bounds_of_one_pass():
    k, t = 64, 10**6
    bounds = bounds_of(HardStream(k, horizon=t, memory=1, lift=0.047))
    scale = k ** (1 / 3) * t ** (2 / 3)
    assert {name: at_end(b) for name, b in bounds.items()} == {
        "lower bound": pytest.approx(scale),
        "explicit lower bound": pytest.approx(0.0058 * scale),
    }
    assert all(b.holds and b.time == "at the horizon" for b in bounds.values())
    assert [b.kind for b in bounds.values()] == ["order", "lower"]
    long = bounds_of(HardStream(k, horizon=t, memory=40))
    assert {name: at_end(b) for name, b in long.items()} == {
        "lower bound": pytest.approx(24 * k ** (-2 / 3) * t ** (2 / 3))
    }


@pytest.mark.parametrize("change", [dict(memory=2), dict(lift=0.25)])
def test_the_explicit_bound_has_its_hypotheses(change):
    options = dict(n_arms=64, horizon=10**6, memory=1, lift=0.047) | change
    assert list(bounds_of(HardStream(**options))) == ["lower bound"]
    assert not bounds_of(HardStream(64, horizon=10**4, lift=0.047))["explicit lower bound"].holds


def test_lower_bounds_of_more_passes():
    """T^(2^B / (2^(B+1) - 1)): 4/7 and 8/15; memory trade-off of He, Ye, Zhang with P = 2."""
    for passes, power in ((2, 4 / 7), (3, 8 / 15)):
        for memory in (1, 100):
            streams = [HardStream(400, horizon=t, passes=passes, memory=memory) for t in (10**9, 10**12)]
            pairs = list(zip(*(w.lower_bounds() for w in streams), strict=True))
            assert len(pairs) == (2 if memory == 1 else 1)
            for low, high in pairs:
                assert math.log(at_end(high) / at_end(low)) / math.log(1000) == pytest.approx(power)
                assert low.holds
    bounds = bounds_of(HardStream(100, horizon=10**9, passes=2))
    assert at_end(bounds["lower bound in T"]) == pytest.approx(1e9 ** (4 / 7) / 16)
    assert at_end(bounds["lower bound"]) == pytest.approx(2e9 ** (4 / 7) * 100 ** (3 / 7))
    assert "lower bound in T" not in bounds_of(HardStream(100, horizon=10**9, passes=2, memory=2))
    (trade,) = HardStream(60, horizon=10**9, memory=10, passes=2).lower_bounds()
    assert at_end(trade) == pytest.approx(50 ** (9 / 7) * 60 ** (-6 / 7) * 1e9 ** (4 / 7))
    assert not any(b.holds for b in HardStream(6000, horizon=10**6, passes=5).lower_bounds())


def test_no_lower_bound_where_it_does_not_apply():
    assert HardStream(64, horizon=10**6, order="random").lower_bounds() == ()
    assert HardStream(64, horizon=10**6, case="10").lower_bounds() == ()
    assert HardStream(64, horizon=10**6, memory=64).lower_bounds() == []
    for order in ("random", "given"):
        assert Stream("mixed", 64, horizon=10**6, order=order).lower_bounds() == ()
