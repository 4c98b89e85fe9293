"""The theorems: every bound that a policy declares, on exact expectations, at every prefix of many small instances."""

import itertools
from dataclasses import replace

import numpy as np
import pytest

from bandits import POLICIES, Instance
from bandits.paging.problem import PagingProblem
from bandits.paging.theory import PagingInstance, harmonic


def patterns(n_pages, n):
    """All sequences of length n, up to the names of the pages."""
    for pages in itertools.product(range(n_pages), repeat=n):
        firsts = list(dict.fromkeys(pages))
        if firsts == sorted(firsts) and firsts[-1] == len(firsts) - 1:
            yield list(pages)


def problem_of(k, n, kind=None):
    return PagingProblem(cache_size=k, n_pages=9, prediction=kind or None, horizon=n)


def curves(policy, instance, k, n, kind=None):
    bounds = policy.regret_bounds(problem_of(k, n, kind), instance)
    assert all(bound.holds and bound.comparator_class == "opt" for bound in bounds)
    return {bound.name: (bound.kind, bound.curve(np.arange(1.0, n + 1))) for bound in bounds}


@pytest.mark.parametrize("flush", ["eager", "lazy"])
def test_flush_when_all_zeros_on_all_small_instances(paging, flush):
    policy, n, sharp = POLICIES.load("flush_when_all_zeros")(flush), 7, 0
    problem = paging.Environment([0, 1, 2], 2, prediction="discard").problem
    all_bits = np.array(list(itertools.product((0, 1), repeat=n)), dtype=np.uint8)
    sequences = list(patterns(3, n))
    assert len(sequences) == 365
    for pages in sequences[:: 1 if flush == "eager" else 3]:
        opt, truth = paging.lfd(pages, 2)
        opt, truth = np.cumsum(opt), np.array(truth)
        environment = paging.Environment(pages, 2, all_bits[0], prediction="discard", n_pages=3)
        for bits in all_bits:
            policy.reset(problem, None)
            faults, _ = policy.serve(environment.block(n)._replace(bits=bits))
            eta_0, eta_1 = np.cumsum((bits == 0) & (truth == 1)), np.cumsum((bits == 1) & (truth == 0))
            limit = eta_0 + eta_1
            assert np.all(np.cumsum(faults) <= opt + limit), (pages, bits)
            sharp += faults.sum() == opt[-1] + limit[-1]
    assert sharp > 200
    instance = paging.Known(eta_0=eta_0, eta_1=eta_1)
    assert curves(policy, instance, 2, n, "discard")["FlushWhenAllZeros bound"][1].tolist() == limit.tolist()


def instances(number, seed, n=9):
    rng = np.random.default_rng(seed)
    for _ in range(number):
        k = int(rng.integers(1, 4))
        pages = rng.integers(0, int(rng.integers(k + 1, k + 4)), n).tolist()
        flip = rng.random(n) < rng.choice([0.0, 0.1, 0.5, 1.0])
        yield k, pages, flip, rng


RANDOMISED = [
    ("marker", {}, ""),
    ("mark0", {}, "discard"),
    ("mark0", {"fill": "lazy"}, "discard"),
    ("mark_and_predict", {}, "phase"),
    ("mark_and_predict", {"tie": "lru"}, "phase"),
    ("flush_when_all_zeros", {}, "discard"),
    ("lru", {}, ""),
    ("fifo", {}, ""),
    ("clock", {}, ""),
    ("flush_when_full", {}, ""),
    ("predictive_marker", {}, "reuse"),
    ("blind_oracle", {}, "reuse"),
]


@pytest.mark.parametrize(("name", "parameters", "kind"), RANDOMISED)
def test_bounds_hold_on_exact_expectations(paging, name, parameters, kind):
    policy, number = POLICIES.load(name)(**parameters), 0
    for k, pages, flip, rng in instances(60, seed=20):
        n, bits, reuse = len(pages), None, None
        if kind in ("discard", "phase"):
            truth = paging.lfd(pages, k)[1] if kind == "discard" else paging.phase_truth(pages, k)
            bits = np.where(flip, 1 - np.array(truth), truth)
        if kind == "reuse":
            reuse = np.minimum(paging.next_use(pages), n) + flip * rng.integers(-5, 6, n)
        instance = paging.instance(pages, k, kind, bits, reuse)
        cost = np.array([float(c) for c in paging.expected(policy, pages, k, bits, reuse)])
        for label, (bound_kind, curve) in curves(policy, instance, k, n, kind).items():
            assert bound_kind == "upper"
            assert np.all(cost - instance.opt <= curve + 1e-9), (label, k, pages, bits, reuse)
            number += 1
    assert number >= 60


def test_online_min_in_expectation_over_all_priorities(paging):
    policy = POLICIES.load("online_min")()
    for k, pages, *_ in instances(25, seed=21):
        n, total, orders = len(pages), 0.0, list(itertools.permutations(range(len(set(pages)))))[:120]
        if len(set(pages)) > 5:
            continue
        firsts = list(dict.fromkeys(pages))
        environment = paging.Environment(pages, k)
        for order in orders:
            policy.reset(environment.problem, None)
            policy._rng = paging.Script(*((order[firsts.index(p)] + 0.5) / 6 for p in pages))
            faults, _ = policy.serve(environment.block(n))
            total = total + np.cumsum(faults)
        instance = paging.instance(pages, k)
        curve = curves(policy, instance, k, n)["OnlineMin bound"][1]
        assert np.all(total / len(orders) - instance.opt <= curve + 1e-9), (k, pages)


def test_the_factors(paging):
    k, n = 5, 4
    one, h = np.ones(n), harmonic(k)
    instance = paging.Known(opt=7 * one, eta_0=2 * one, eta_1=3 * one, clean=11 * one, eta_reuse=10 * one)
    wanted = {
        "lru": ("", {"LRU bound": 28}),
        "fifo": ("", {"FIFO bound": 28}),
        "clock": ("", {"CLOCK bound": 28}),
        "flush_when_full": ("", {"Flush-When-Full bound": 28}),
        "marker": ("", {"Marker bound": 7 * (2 * h - 2)}),
        "online_min": ("", {"OnlineMin bound": 7 * (h - 1)}),
        "flush_when_all_zeros": ("discard", {"FlushWhenAllZeros bound": 4 * 2 + 3}),
        "mark0": ("discard", {"Mark0 bound": 4 * h + 3}),
        "mark_and_predict": (
            "phase",
            {
                "Mark&Predict bound": 7 + 2 * h + 3,
                "Mark&Predict bound by clean pages": 11 + 2 * (h - 1) + 3 - 7,
                "Mark&Predict robust bound": (1 + 2 * h) * 11 - 7,
            },
        ),
        "blind_oracle": ("reuse", {"BlindOracle bound": min(20, 21 + 10)}),
        "predictive_marker": ("reuse", {"PredictiveMarker bound": min(7 + 2 * np.sqrt(350), (4 * h - 1) * 7)}),
        "l_marker": ("reuse", {"LMarker order": 7 * (1 + min(np.log1p(10 / 7), h))}),
        "l_non_marker": ("reuse", {"LNonMarker order": 7 + 10 * h / k}),
        "robust_ftp": (
            "reuse",
            {
                "Marker bound (combined)": 1.5 * 7 * (2 * h - 2) + 3.5 + 10,
                "BlindOracle bound (combined)": 1.5 * 20 + 3.5 + 10,
            },
        ),
    }
    for name, (kind, values) in wanted.items():
        policy = POLICIES.load(name)()
        found = curves(policy, instance, k, n, kind)
        assert {label: curve[-1] for label, (_, curve) in found.items()} == pytest.approx(values), name
        assert policy.regret_bounds(problem_of(k, n, kind), Instance()) == ()
        assert policy.regret_bounds(problem_of(k, n, kind), PagingInstance(oblivious=True)) == ()
    lazy = POLICIES.load("lazy")("mark0")
    assert curves(lazy, instance, k, n, "discard")["Mark0 bound (lazy)"][1][0] == pytest.approx(4 * h + 3)
    lru = POLICIES.load("mark_and_predict")("lru")
    assert curves(lru, instance, k, n, "phase")["Mark&Predict bound"][1][0] == 7 + 4 * 2 + 3
    assert POLICIES.load("combine_deterministic")(["lru", "marker"]).regret_bounds(problem_of(k, n), instance) == ()


def test_a_bound_whose_assumption_fails_says_so(paging):
    instance = paging.Known(eta_0=np.ones(3), eta_1=np.ones(3), opt=np.ones(3))
    problem = PagingProblem(cache_size=3, n_pages=5, prediction="discard", horizon=3)
    mark0 = POLICIES.load("mark0")(force=True)
    assert [b.holds for b in mark0.regret_bounds(problem, instance)] == [True]
    adaptive = paging.Known(eta_0=np.ones(3), eta_1=np.ones(3), oblivious=False)
    for other, known in (
        (replace(problem, prediction="phase"), instance),
        (replace(problem, bypass=True), instance),
        (problem, adaptive),
    ):
        assert [b.holds for b in mark0.regret_bounds(other, known)] == [False]
