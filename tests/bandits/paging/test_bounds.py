"""The theorems: every bound that a policy declares, on exact expectations, at every prefix of many small instances."""

import itertools

import numpy as np
import pytest

from bandits import POLICIES, Problem
from bandits.paging.theory import harmonic


def patterns(n_pages, n):
    """All sequences of length n, up to the names of the pages."""
    for pages in itertools.product(range(n_pages), repeat=n):
        firsts = list(dict.fromkeys(pages))
        if firsts == sorted(firsts) and firsts[-1] == len(firsts) - 1:
            yield list(pages)


def curves(policy, facts, k, n):
    problem = Problem("paging", "full", k, n, -1.0, 0.0, items=9, memory=k, prediction=facts["prediction"])
    bounds = policy.regret_bounds(problem, facts)
    assert all(bound.holds and bound.against == "opt" for bound in bounds)
    return {bound.name: (bound.kind, bound.curve(np.arange(1.0, n + 1))) for bound in bounds}


@pytest.mark.parametrize("flush", ["eager", "lazy"])
def test_flush_when_all_zeros_on_all_small_instances(paging, flush):
    policy, n, sharp = POLICIES.load("flush_when_all_zeros")(flush), 7, 0
    problem = paging.World([0, 1, 2], 2, prediction="discard").problem
    all_bits = np.array(list(itertools.product((0, 1), repeat=n)), dtype=np.uint8)
    sequences = list(patterns(3, n))
    assert len(sequences) == 365
    for pages in sequences[:: 1 if flush == "eager" else 3]:
        opt, truth = paging.lfd(pages, 2)
        opt, truth = np.cumsum(opt), np.array(truth)
        world = paging.World(pages, 2, all_bits[0], prediction="discard", items=3)
        for bits in all_bits:
            policy.reset(problem, None)
            faults, _ = policy.serve(world.requests(n)._replace(bits=bits))
            facts = {"eta_0": np.cumsum((bits == 0) & (truth == 1)), "eta_1": np.cumsum((bits == 1) & (truth == 0))}
            limit = facts["eta_0"] + facts["eta_1"]
            assert np.all(np.cumsum(faults) <= opt + limit), (pages, bits)
            sharp += faults.sum() == opt[-1] + limit[-1]
    assert sharp > 200
    facts |= {"prediction": "discard", "no_bypass": True, "cache_size": 2}
    assert curves(policy, facts, 2, n)["FlushWhenAllZeros bound"][1].tolist() == limit.tolist()


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
        facts = paging.facts(pages, k, kind, bits, reuse)
        cost = np.array([float(c) for c in paging.expected(policy, pages, k, bits, reuse)])
        for label, (bound_kind, curve) in curves(policy, facts, k, n).items():
            assert bound_kind == "upper"
            assert np.all(cost - facts["opt"] <= curve + 1e-9), (label, k, pages, bits, reuse)
            number += 1
    assert number >= 60


def test_online_min_in_expectation_over_all_priorities(paging):
    policy = POLICIES.load("online_min")()
    for k, pages, *_ in instances(25, seed=21):
        n, total, orders = len(pages), 0.0, list(itertools.permutations(range(len(set(pages)))))[:120]
        if len(set(pages)) > 5:
            continue
        firsts = list(dict.fromkeys(pages))
        world = paging.World(pages, k)
        for order in orders:
            policy.reset(world.problem, None)
            policy._rng = paging.Script(*((order[firsts.index(p)] + 0.5) / 6 for p in pages))
            faults, _ = policy.serve(world._requests(n))
            total = total + np.cumsum(faults)
        facts = paging.facts(pages, k)
        curve = curves(policy, facts, k, n)["OnlineMin bound"][1]
        assert np.all(total / len(orders) - facts["opt"] <= curve + 1e-9), (k, pages)


def test_the_factors():
    k, n = 5, 4
    one, h = np.ones(n), harmonic(k)
    facts = {"opt": 7 * one, "eta_0": 2 * one, "eta_1": 3 * one, "clean": 11 * one, "eta_reuse": 10 * one,
             "oblivious": True, "no_bypass": True, "cache_size": k}  # fmt: skip
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
        found = curves(policy, facts | {"prediction": kind}, k, n)
        assert {label: curve[-1] for label, (_, curve) in found.items()} == pytest.approx(values), name
        assert policy.regret_bounds(Problem("paging", "full", k), {}) == ()
    lazy = POLICIES.load("lazy")("mark0")
    assert curves(lazy, facts | {"prediction": "discard"}, k, n)["Mark0 bound (lazy)"][1][0] == pytest.approx(4 * h + 3)
    lru = POLICIES.load("mark_and_predict")("lru")
    assert curves(lru, facts | {"prediction": "phase"}, k, n)["Mark&Predict bound"][1][0] == 7 + 4 * 2 + 3
    assert POLICIES.load("combine_deterministic")(["lru", "marker"]).regret_bounds(None, facts) == ()


def test_a_bound_whose_assumption_fails_says_so():
    facts = {"eta_0": np.ones(3), "eta_1": np.ones(3), "opt": np.ones(3), "no_bypass": True, "oblivious": True}
    problem = Problem("paging", "full", 3, 3, -1.0, 0.0, items=5, memory=3, prediction="phase")
    mark0 = POLICIES.load("mark0")(force=True)
    assert [b.holds for b in mark0.regret_bounds(problem, facts | {"prediction": "discard"})] == [True]
    for wrong in ({"prediction": "phase"}, {"prediction": "discard", "oblivious": False}, {"no_bypass": False}):
        assert [b.holds for b in mark0.regret_bounds(problem, {"prediction": "discard", **facts, **wrong})] == [False]
