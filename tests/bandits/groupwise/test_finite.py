"""Policies for a finite class: closed forms, plain references, bounds, the contract."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bandits.contract import can_play
from bandits.family import resolve
from bandits.groupwise import FAMILY
from bandits.groupwise.blum_lykouris import BlumLykouris
from bandits.groupwise.blum_lykouris_mult import BlumLykourisMult
from bandits.groupwise.exp_pairs import ExpPairs
from bandits.groupwise.groupwise_hedge import GroupwiseHedge
from bandits.groupwise.problem import ExpertsProblem, PolicyClassProblem, Round
from environments.groupwise.experts import GroupedExperts

POLICIES = [
    cls for cls in map(resolve, FAMILY.policies.values()) if can_play(cls, ExpertsProblem(n_actions=2, groups=("a",)))
]


def plays(policy, losses, groups, names, horizon=None):
    """The distributions of a run."""
    problem = ExpertsProblem(n_actions=losses.shape[1], horizon=horizon, groups=names, low=-1.0, high=0.0)
    policy.reset(problem, np.random.default_rng(0))
    out = []
    for a, loss in zip(groups, losses, strict=True):
        observation = Round(np.empty(0), a)
        out.append(policy.choose(observation))
        policy.update(observation, out[-1], -loss)
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


@pytest.mark.parametrize("make", POLICIES)
def test_bounds_hold_in_every_group(make):
    policy, environment = make(), GroupedExperts(10, horizon=1500)
    times = np.unique(np.geomspace(1, 1500, 25).astype(np.int64))
    for seed in range(3):
        environment.begin(environment.draw(np.random.default_rng(seed)))
        policy.reset(environment.problem, np.random.default_rng(0))
        policy.advance(environment, 1500)
        series, best = environment.metrics(times), environment.comparators(times)
        bounds = policy.regret_bounds(environment.problem, environment.instance())
        assert {b.comparator_class for b in bounds} == {f"best in {g}" for g in environment.problem.groups}
        for bound in bounds:
            assert bound.holds
            regret = best[bound.comparator_class] - series[bound.comparator_class.replace("best", "reward")]
            assert np.all(regret <= bound.curve(times.astype(float)) + 1e-9), bound.name


def test_fixed_rates_are_for_the_declared_numbers_of_rounds():
    environment = GroupedExperts(10, horizon=600)
    environment.begin(environment.draw(np.random.default_rng(0)))
    sizes = [int(n) for n in environment._groups.sum(axis=0)]
    policy = GroupwiseHedge(lengths=sizes)
    policy.reset(environment.problem, np.random.default_rng(0))
    policy.advance(environment, 600)
    best = environment.comparators(np.array([600]))
    for bound in policy.regret_bounds(environment.problem, environment.instance()):
        assert bound.holds
        assert bound.time == "at the horizon"
        g = bound.comparator_class
        regret = best[g][0] - environment.metrics(np.array([600]))[g.replace("best", "reward")][0]
        assert regret <= bound.curve(np.array([600.0]))[0]
    wrong = GroupwiseHedge(lengths=[n + 1 for n in sizes])
    wrong.reset(environment.problem, np.random.default_rng(0))
    assert not any(b.holds for b in wrong.regret_bounds(environment.problem, environment.instance()))


def test_everybody_beats_uniform_play_in_every_group():
    environment = GroupedExperts(20, horizon=3000)
    tape = environment.draw(np.random.default_rng(4))
    uniform = {
        g: tape.losses[tape.groups[:, i] == 1].mean(axis=1).sum() for i, g in enumerate(environment.problem.groups)
    }
    for make in POLICIES:
        policy = make()
        environment.begin(tape)
        policy.reset(environment.problem, np.random.default_rng(0))
        policy.advance(environment, 3000)
        series = environment.metrics(np.array([3000]))
        for g in environment.problem.groups:
            assert -series[f"reward in {g}"][0] < 0.8 * uniform[g], (make, g)


def test_sampling_follows_the_distribution():
    losses, groups = np.array([[0.0, 0.3, 1.0]]), np.ones((1, 1), np.int8)
    q = plays(GroupwiseHedge(), np.repeat(losses, 2, axis=0), np.ones((2, 1), np.int8), ("a",))[1]
    policy, counts = GroupwiseHedge(play="sample"), np.zeros(3)
    policy.reset(ExpertsProblem(n_actions=3, groups=("a",), low=-1.0, high=0.0), np.random.default_rng(9))
    observation = Round(np.empty(0), groups[0])
    policy.choose(observation)
    policy.update(observation, 0, -losses[0])
    for _ in range(2000):
        counts[policy.choose(observation)] += 1
    assert np.all(np.abs(counts / 2000 - q) <= 4 * np.sqrt(q * (1 - q) / 2000))


@pytest.mark.parametrize("make", POLICIES)
def test_feedback_and_observations_are_checked(make):
    """What cannot be is refused, and nothing changes: the run goes on as one that was not disturbed."""
    for problem, context in (
        (ExpertsProblem(n_actions=2, horizon=10, groups=("a", "b"), low=-1.0, high=0.0), np.empty(0)),
        (
            PolicyClassProblem(
                n_actions=2, horizon=10, groups=("a", "b"), low=-1.0, high=0.0, policies=((0, 1), (1, 1))
            ),
            np.zeros(1),
        ),
    ):
        policy, twin = make(), make()
        for each in (policy, twin):
            each.reset(problem, np.random.default_rng(0))
        observation = Round(context, np.array([1, 0], np.int8))
        with pytest.raises(RuntimeError, match="feedback that is not owed: call choose"):
            policy.update(observation, 0, np.zeros(2))
        for t in range(4):
            for groups in (
                np.ones(1, np.int8),
                np.ones(3, np.int8),
                np.array([2, 0]),
                np.int8(1),
                np.array([0.5, 1.0]),
            ):
                with pytest.raises(ValueError, match="groups must be 2 numbers, each 0 or 1"):
                    policy.choose(Round(context, groups))
            q = policy.choose(observation)
            assert q.tolist() == twin.choose(observation).tolist()
            for feedback in (np.array([0.0, np.nan]), np.array([-np.inf, 0.0]), np.zeros(1), np.zeros(3), -1.0):
                with pytest.raises(ValueError, match="feedback must be 2 finite rewards"):
                    policy.update(observation, 0, feedback)
            for each in (policy, twin):
                each.update(observation, q, np.array([-1.0, -(t % 2)]))
            with pytest.raises(RuntimeError, match="feedback that is not owed: call choose"):
                policy.update(observation, q, np.zeros(2))


def test_use_is_checked():
    rng = np.random.default_rng(0)
    for make in POLICIES:
        with pytest.raises(ValueError, match="play must be expected or sample"):
            make(play="mixture")
    with pytest.raises(ValueError, match="n_actions must be a whole number >= 1, got 0"):
        ExpertsProblem(n_actions=0, groups=("a",))
    for groups in ((), ("a", "a")):
        with pytest.raises(ValueError, match="groups must name at least one group and none twice"):
            ExpertsProblem(n_actions=2, groups=groups)
    for beta in (0.0, 1.0, -1.0, float("nan")):
        with pytest.raises(ValueError, match="beta must be"):
            BlumLykourisMult(beta)
    problem = ExpertsProblem(n_actions=2, groups=("a",), low=-1.0, high=0.0)
    with pytest.raises(ValueError, match="horizon"):
        ExpPairs().reset(problem, rng)
    with pytest.raises(ValueError, match="lengths must hold 1 numbers of rounds"):
        GroupwiseHedge(lengths=[1, 2]).reset(problem, rng)
    with pytest.raises(ValueError, match=r"lengths\[0\] must be a whole number >= 1"):
        GroupwiseHedge(lengths=[0])
