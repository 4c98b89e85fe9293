"""Policies for a finite class: closed forms, plain references, bounds, the contract."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bandits.checks import check_policy
from bandits.contract import Problem
from bandits.groupwise.blum_lykouris import BlumLykouris
from bandits.groupwise.blum_lykouris_mult import BlumLykourisMult
from bandits.groupwise.exp_pairs import ExpPairs
from bandits.groupwise.groupwise_hedge import GroupwiseHedge
from bandits.groupwise.policy import Round
from environments.groupwise.experts import GroupedExperts

POLICIES = {
    "hedge": GroupwiseHedge,
    "hedge sampled": lambda: GroupwiseHedge(play="sample", prior=[1, 2, 3, 4, 5, 6]),
    "hedge fixed": lambda: GroupwiseHedge(lengths=[50, 30, 20, 60, 40, 100]),
    "plain hedge": lambda: GroupwiseHedge(expert_groups=["always_on"]),
    "pairs": BlumLykouris,
    "pairs sampled": lambda: BlumLykouris(play="sample"),
    "multiplicative": BlumLykourisMult,
    "exponential": ExpPairs,
}


@pytest.mark.parametrize("name", POLICIES)
def test_contract(name, recorded):
    check_policy(POLICIES[name], recorded(lambda: GroupedExperts(6, horizon=120)))


def plays(policy, losses, groups, names, horizon=None):
    """The distributions of a run."""
    policy.reset(Problem("finite_class", "full", losses.shape[1], horizon, groups=names), np.random.default_rng(0))
    out = []
    for a, loss in zip(groups, losses, strict=True):
        observation = Round(np.empty(0), a)
        out.append(policy.choose(observation))
        policy.update(observation, out[-1], loss)
    return np.array(out)


def test_anytime_hedge():
    losses = np.array([[0, 1, 0.5], [1, 0, 0.5], [0, 1, 0.5], [0, 0.5, 1], [0.25, 0.75, 0], [1, 0, 0]])
    p = plays(GroupwiseHedge(), losses, np.ones((6, 1), np.int8), ("always_on",))
    assert p[0] == pytest.approx([1 / 3] * 3)
    assert p[1] == pytest.approx([0.67865726, 0.08341449, 0.23792825], abs=1e-8)
    assert p[5] == pytest.approx([0.76385682, 0.06788319, 0.16826000], abs=1e-8)
    assert np.sum(p * losses) == pytest.approx(3.1847229267551374, rel=1e-12)


def phi(R, C):
    return math.exp(max(R, 0.0) ** 2 / (3.0 * C))


def blum_lykouris(losses, groups):
    G, N = groups.shape[1], losses.shape[1]
    R, C, out = np.zeros((G, N)), np.zeros((G, N)), []
    for a, loss in zip(groups, losses, strict=True):
        w = np.array([[a[g] * (phi(R[g, f] + 1, C[g, f] + 1) - phi(R[g, f] - 1, C[g, f] + 1)) for f in range(N)]
                      for g in range(G)])  # fmt: skip
        p = w.sum(axis=0) / w.sum() if w.sum() > 0 else np.full(N, 1 / N)
        r = a[:, None] * (p @ loss - loss)
        R, C = R + r, C + np.abs(r)
        out.append(p)
    return np.array(out)


def exp_pairs(losses, groups):
    G, N = groups.shape[1], losses.shape[1]
    eta, R, out = math.sqrt(2 * math.log(G * N) / len(losses)), np.zeros((G, N)), []
    for a, loss in zip(groups, losses, strict=True):
        w = a @ np.exp(eta * R)
        p = w / w.sum() if w.sum() > 0 else np.full(N, 1 / N)
        R += a[:, None] * (p @ loss - loss)
        out.append(p)
    return np.array(out)


def multiplicative(losses, groups, beta=0.8):
    G, N = groups.shape[1], losses.shape[1]
    w, out, totals = np.ones((G, N)), [], []
    for a, loss in zip(groups, losses, strict=True):
        p = a @ w / (a @ w).sum() if a.any() else np.full(N, 1 / N)
        w *= beta ** (a[:, None] * (loss - beta * p @ loss))
        out.append(p)
        totals.append(w.sum())
    assert np.all(np.diff([G * N, *totals]) <= 1e-9)
    return np.array(out)


def groupwise_hedge(losses, groups):
    G, N = groups.shape[1], losses.shape[1]
    S, n, R, C, out = np.zeros((G, N)), np.zeros(G), np.zeros(G), np.zeros(G), []
    for a, loss in zip(groups, losses, strict=True):
        on = np.flatnonzero(a)
        if len(on) == 0:
            out.append(np.full(N, 1 / N))
            continue
        h = np.exp(-np.sqrt(8 * math.log(N) / (n[on] + 1))[:, None] * S[on])
        h /= h.sum(axis=1, keepdims=True)
        w = np.array([phi(R[g] + 1, C[g] + 1) - phi(R[g] - 1, C[g] + 1) for g in on])
        p = w / w.sum() if w.sum() > 0 else np.full(len(on), 1 / len(on))
        r = p @ (h @ loss) - h @ loss
        R[on] += r
        C[on] += np.abs(r)
        S[on] += loss
        n[on] += 1
        out.append(p @ h)
    return np.array(out)


@given(st.integers(0, 2**32 - 1), st.integers(1, 4), st.integers(1, 5), st.integers(1, 40))
@settings(deadline=None, max_examples=25)
def test_against_plain_loops(seed, G, N, T):
    rng = np.random.default_rng(seed)
    losses, groups = rng.random((T, N)), (rng.random((T, G)) < 0.5).astype(np.int8)
    names = tuple("abcd"[:G])
    for policy, plain in (
        (BlumLykouris(), blum_lykouris),
        (ExpPairs(), exp_pairs),
        (BlumLykourisMult(0.8), multiplicative),
        (GroupwiseHedge(), groupwise_hedge),
    ):
        assert plays(policy, losses, groups, names, T) == pytest.approx(plain(losses, groups), abs=1e-9)


@pytest.mark.parametrize("name", ["hedge", "pairs", "multiplicative", "exponential"])
def test_bounds_hold_in_every_group(name):
    policy, world = POLICIES[name](), GroupedExperts(10, horizon=1500)
    times = np.unique(np.geomspace(1, 1500, 25).astype(np.int64))
    for seed in range(3):
        world.begin(world.draw(np.random.default_rng(seed)))
        policy.reset(world.problem, np.random.default_rng(0))
        series = []
        for a, b in zip([0, *times[:-1]], times, strict=True):
            policy.advance(world, int(b - a))
            series.append(world.ledger())
        best = world.comparators(times)
        bounds = policy.regret_bounds(world.problem, world.facts())
        assert {b.against for b in bounds} == {f"best in {g}" for g in world.problem.groups}
        for bound in bounds:
            assert bound.holds
            regret = best[bound.against] - [s[bound.against.replace("best", "reward")] for s in series]
            assert np.all(regret <= bound.curve(times.astype(float)) + 1e-9), bound.name


def test_fixed_rates_are_for_the_declared_numbers_of_rounds():
    world = GroupedExperts(10, horizon=600)
    world.begin(world.draw(np.random.default_rng(0)))
    sizes = [int(n) for n in world._groups.sum(axis=0)]
    policy = GroupwiseHedge(lengths=sizes)
    policy.reset(world.problem, np.random.default_rng(0))
    policy.advance(world, 600)
    best = world.comparators(np.array([600]))
    for bound in policy.regret_bounds(world.problem, world.facts()):
        assert bound.holds
        assert not bound.anytime
        g = bound.against
        regret = best[g][0] - world.ledger()[g.replace("best", "reward")]
        assert regret <= bound.curve(np.array([600.0]))[0]
    wrong = GroupwiseHedge(lengths=[n + 1 for n in sizes])
    wrong.reset(world.problem, np.random.default_rng(0))
    assert not any(b.holds for b in wrong.regret_bounds(world.problem, world.facts()))


def test_everybody_beats_uniform_play_in_every_group():
    world = GroupedExperts(20, horizon=3000)
    tape = world.draw(np.random.default_rng(4))
    uniform = {g: tape.losses[tape.groups[:, i] == 1].mean(axis=1).sum() for i, g in enumerate(world.problem.groups)}
    for name in ("hedge", "pairs", "multiplicative", "exponential"):
        policy = POLICIES[name]()
        world.begin(tape)
        policy.reset(world.problem, np.random.default_rng(0))
        policy.advance(world, 3000)
        for g in world.problem.groups:
            assert -world.ledger()[f"reward in {g}"] < 0.8 * uniform[g], (name, g)


def test_sampling_follows_the_distribution():
    losses, groups = np.array([[0.0, 0.3, 1.0]]), np.ones((1, 1), np.int8)
    q = plays(GroupwiseHedge(), np.repeat(losses, 2, axis=0), np.ones((2, 1), np.int8), ("a",))[1]
    policy, counts = GroupwiseHedge(play="sample"), np.zeros(3)
    policy.reset(Problem("finite_class", "full", 3, groups=("a",)), np.random.default_rng(9))
    observation = Round(np.empty(0), groups[0])
    policy.choose(observation)
    policy.update(observation, 0, losses[0])
    for _ in range(2000):
        counts[policy.choose(observation)] += 1
    assert np.all(np.abs(counts / 2000 - q) <= 4 * np.sqrt(q * (1 - q) / 2000))


def test_use_is_checked():
    for make in (GroupwiseHedge, BlumLykouris, BlumLykourisMult, ExpPairs):
        with pytest.raises(ValueError, match="needs a finite class, the problem declares 0 actions"):
            make().reset(Problem("finite_class", "full", 0, 10, groups=("a",)), np.random.default_rng(0))
        with pytest.raises(ValueError, match="play must be expected or sample"):
            make(play="mixture")
        policy = make()
        policy.reset(Problem("finite_class", "full", 2, 10, groups=("a",)), np.random.default_rng(0))
        observation = Round(np.empty(0), np.ones(1, np.int8))
        with pytest.raises(RuntimeError, match="update before choose"):
            policy.update(observation, 0, np.zeros(2))
        policy.choose(observation)
        with pytest.raises(ValueError, match="losses must be finite, got nan of hypothesis 1"):
            policy.update(observation, 0, np.array([0.0, np.nan]))
    for beta in (0.0, 1.0, -1.0, float("nan")):
        with pytest.raises(ValueError, match="beta must be"):
            BlumLykourisMult(beta)
    with pytest.raises(ValueError, match="horizon"):
        ExpPairs().reset(Problem("finite_class", "full", 2, groups=("a",)), np.random.default_rng(0))
    with pytest.raises(ValueError, match="lengths must hold 1 numbers of rounds"):
        GroupwiseHedge(lengths=[1, 2]).reset(
            Problem("finite_class", "full", 2, groups=("a",)), np.random.default_rng(0)
        )
    with pytest.raises(ValueError, match=r"lengths\[0\] must be a whole number >= 1"):
        GroupwiseHedge(lengths=[0])
