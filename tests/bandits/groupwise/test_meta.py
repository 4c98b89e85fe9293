"""AdaNormalHedge and exponential weights for sleeping experts, against closed forms, traces and a plain reference."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bandits.groupwise.adanormalhedge import AdaNormalHedge, a_priori
from bandits.groupwise.sleeping_hedge import SleepingHedge

AWAKE = np.ones(2, np.int8)


def started(meta, *arguments):
    """The meta learner at the start of a run."""
    meta.start(*arguments)
    return meta


def potential(R, C):
    return math.exp(max(R, 0.0) ** 2 / (3.0 * C)) if C > 0 else 1.0


def weight(R, C):
    return (potential(R + 1.0, C + 1.0) - potential(R - 1.0, C + 1.0)) / 2.0


@pytest.mark.parametrize(
    ("R", "C", "value"),
    [
        (0.0, 0.0, 0.19780621254304476),
        (1.0, 1.0, 0.47386702052733787),
        (-0.5, 2.0, 0.014083588718857176),
        (-1.0, 3.0, 0.0),
        (3.0, 5.0, 0.5917882926427628),
        (0.25, 0.75, 0.17332434056487878),
    ],
)
def test_weights(R, C, value):
    """Against an expert in the state (0, 0), whose weight is known."""
    assert weight(R, C) == pytest.approx(value, rel=1e-12, abs=0.0)
    meta = started(AdaNormalHedge(), np.array([0.5, 0.5]))
    meta.regrets[0], meta.magnitudes[0] = R, C
    p = meta.distribution(AWAKE)
    assert p[0] / p[1] == pytest.approx(value / 0.19780621254304476, rel=1e-12)


def test_two_experts():
    meta, total, ps = started(AdaNormalHedge(), np.array([0.5, 0.5])), 0.0, []
    for _ in range(10):
        p = meta.distribution(AWAKE)
        meta.update(AWAKE, np.array([0.0, 1.0]), p)
        total += p[1]
        ps.append(p[0])
    assert ps[0] == 0.5
    assert ps[1] == pytest.approx(0.9190652059, abs=1e-10)
    assert ps[2:] == [1.0] * 8
    assert total == pytest.approx(0.5809347941400427, rel=1e-12)
    assert meta.regrets == pytest.approx([0.5809347941400427, -9.4190652059], rel=1e-10)


def trace():
    t, i = np.arange(30)[:, None], np.arange(3)[None, :]
    awake = ((t + i) % 4 != 0) & (t != 12)
    return awake.astype(np.int8), ((5 * t + 6 * i**2 + t * i) % 13) / 12.0


def test_three_sleeping_experts():
    awake, losses = trace()
    meta = started(AdaNormalHedge(), np.full(3, 1 / 3))
    p = meta.run(awake, losses)
    assert np.sum(p * losses) == pytest.approx(16.327202026242528, rel=1e-12)
    assert meta.regrets == pytest.approx([1.1054159524, 0.6168328182, 0.6955063778], abs=1e-9)
    assert meta.magnitudes == pytest.approx([4.1518415538, 3.5840022772, 4.0413437966], abs=1e-9)
    assert p[0] == pytest.approx([0.0, 0.5, 0.5])
    assert p[10] == pytest.approx([0.5608076879, 0.4391923121, 0.0], abs=1e-9)
    assert p[29] == pytest.approx([0.2927515975, 0.4559648477, 0.2512835548], abs=1e-9)
    assert not p[12].any()
    mean = np.mean([potential(R, C) for R, C in zip(meta.regrets, meta.magnitudes, strict=True)])
    assert mean == pytest.approx(1.0599346306646111, rel=1e-12)
    B = 1.0 + 1.5 * np.mean(1.0 + np.log1p(meta.magnitudes))
    assert pytest.approx(4.88979969153136, rel=1e-12) == B
    bound = meta.bound(0, np.array([30.0]))[0]
    assert bound == pytest.approx(math.sqrt(3.0 * meta.magnitudes[0] * (math.log(3) + math.log(B))), rel=1e-12)


def reference(awake, losses, prior):
    """AdaNormalHedge as it is written down, with plain exponentials."""
    R, C, ps = np.zeros(len(prior)), np.zeros(len(prior)), []
    for a, loss in zip(awake, losses, strict=True):
        v = np.array([q * weight(r, c) if on else 0.0 for q, r, c, on in zip(prior, R, C, a, strict=True)])
        p = v / v.sum() if v.sum() > 0 else a / max(a.sum(), 1)
        r = np.where(a, p @ loss - loss, 0.0)
        R, C = R + r, C + np.abs(r)
        ps.append(p)
    return np.array(ps), R, C


@given(st.integers(0, 2**32 - 1), st.integers(1, 6), st.integers(1, 60))
@settings(deadline=None, max_examples=60)
def test_invariants(seed, n, rounds):
    """Against the reference; the distribution, the potential and the bound of every expert at every time."""
    rng = np.random.default_rng(seed)
    prior = rng.dirichlet(np.ones(n)) * 0.9 + 0.1 / n
    awake = (rng.random((rounds, n)) < rng.random()).astype(np.int8)
    losses = rng.random((rounds, n)) ** rng.integers(0, 5)
    meta = started(AdaNormalHedge(), prior)
    for s in range(rounds):
        p = meta.distribution(awake[s])
        assert np.all(p >= 0.0)
        assert np.all(p[awake[s] == 0] == 0.0)
        assert p.sum() == pytest.approx(1.0 if awake[s].any() else 0.0)
        assert abs(np.sum(p * (p @ losses[s] - losses[s]))) < 1e-12
        meta.update(awake[s], losses[s], p)
        R, C = meta.regrets, meta.magnitudes
        B = 1.0 + 1.5 * prior @ (1.0 + np.log1p(C))
        assert prior @ [potential(r, c) for r, c in zip(R, C, strict=True)] <= B * (1 + 1e-12)
        times = np.array([s + 1.0])
        for i in range(n):
            assert R[i] <= meta.bound(i, times)[0] + 1e-12
            members = np.array([awake[: s + 1, i].sum()], dtype=float)
            assert meta.bound(i, times)[0] <= a_priori(members, times, prior[i])[0] + 1e-9
    ps, R, C = reference(awake, losses, prior)
    assert meta.regrets == pytest.approx(R, abs=1e-9)
    assert meta.magnitudes == pytest.approx(C, abs=1e-9)
    whole = started(AdaNormalHedge(), prior)
    assert whole.run(awake, losses) == pytest.approx(ps, abs=1e-9)
    assert np.array_equal(whole.regrets, meta.regrets)


def test_the_bound_of_the_run_holds_on_the_way():
    """Between recorded states the bound may only be larger than that of the state itself."""
    rng = np.random.default_rng(11)
    awake, losses = (rng.random((3000, 4)) < 0.6).astype(np.int8), rng.random((3000, 4))
    times = np.array([1, 7, 60, 333, 1001, 2500, 3000])
    meta, exact, regrets = started(AdaNormalHedge(), np.full(4, 0.25)), [], []
    for a, b in zip([0, *times[:-1]], times, strict=True):
        meta.run(awake[a:b], losses[a:b])
        C = meta.magnitudes
        exact.append(np.sqrt(3 * C * (np.log(4) + np.log(1 + 1.5 * np.mean(1 + np.log1p(C))))))
        regrets.append(meta.regrets.copy())
    for i in range(4):
        bound = meta.bound(i, times.astype(float))
        assert np.all(bound >= np.array(exact)[:, i] - 1e-9)
        assert np.all(bound <= 1.02 * np.array(exact)[:, i] + 0.5)
        assert np.all(np.array(regrets)[:, i] <= bound)


def test_losses_beyond_any_range_do_not_overflow():
    meta = started(AdaNormalHedge(), np.array([0.5, 0.5]))
    p = meta.run(np.ones((50, 2), np.int8), np.tile([0.0, 1e6], (50, 1)))
    assert np.all(np.isfinite(p))
    assert p[-1] == pytest.approx([1.0, 0.0])


@pytest.mark.parametrize("prior", [[0.5, 0.6], [1.0, 0.0], [1.5, -0.5]])
def test_a_prior_is_checked(prior):
    with pytest.raises(ValueError, match="prior must hold positive weights that sum to 1"):
        started(AdaNormalHedge(), np.array(prior))


def test_sleeping_hedge_against_a_plain_loop():
    rng = np.random.default_rng(3)
    awake, losses = (rng.random((200, 4)) < 0.5).astype(np.int8), rng.random((200, 4))
    meta = started(SleepingHedge(), np.full(4, 0.25), 200)
    p = meta.run(awake, losses)
    R, eta = np.zeros(4), math.sqrt(2 * math.log(4) / 200)
    for s in range(200):
        v = awake[s] * np.exp(eta * R)
        q = v / v.sum() if v.sum() > 0 else v
        assert p[s] == pytest.approx(q, abs=1e-12)
        R += awake[s] * (q @ losses[s] - losses[s])
    assert np.all(meta.regrets <= math.sqrt(2 * 200 * math.log(4)))


def test_sleeping_hedge_needs_a_horizon():
    with pytest.raises(ValueError, match="horizon"):
        started(SleepingHedge(), np.ones(1), None)
