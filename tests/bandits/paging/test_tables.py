"""Reference numbers on small sequences, expectations by exact enumeration."""

from fractions import Fraction

import pytest

from bandits import POLICIES

SEQUENCES = {
    "S1": ([1, 2, 3, 4, 1, 2, 5, 1, 2, 3, 4, 5], 3),
    "S2": ([7, 0, 1, 2, 0, 3, 0, 4, 2, 3, 0, 3, 2, 1, 2, 0, 1, 7, 0, 1], 3),
    "S3": ([4, 2, 3, 1, 1, 0, 4, 2, 0, 0, 4, 4], 3),
    "S4": ([0, 1, 2, 0, 1, 3, 0, 2, 3, 1], 2),
}
NAMES = tuple(SEQUENCES)

CLASSICAL = {
    "lru": (10, 12, 7, 10),
    "fifo": (9, 15, 7, 10),
    "flush_when_full": (12, 18, 9, 10),
    "lfu": (10, 11, 8, 10),
    "marker": (Fraction(28, 3), Fraction(38, 3), Fraction(15, 2), Fraction(19, 2)),
    "random_eviction": (Fraction(2183, 243), Fraction(565402598, 43046721), Fraction(1688, 243), Fraction(541, 64)),
}
DISCARD = {  # bits: (eta_0, eta_1, eager flush, lazy flush, strict Mark0, lazy Mark0) per sequence
    "true": ((0, 0, 7, 7, 7, 7), (0, 0, 9, 9, 9, 9), (0, 0, 5, 5, 5, 5), (0, 0, 7, 7, 7, 7)),
    "zeros": (
        (4, 0, 12, 10, Fraction(28, 3), Fraction(28, 3)),
        (6, 0, 18, 12, Fraction(38, 3), Fraction(38, 3)),
        (2, 0, 9, 7, Fraction(15, 2), Fraction(15, 2)),
        (5, 0, 10, 10, Fraction(19, 2), Fraction(19, 2)),
    ),
    "ones": ((0, 8, 10, 10, 12, 12), (0, 14, 12, 12, 20, 20), (0, 10, 7, 7, 12, 12), (0, 5, 10, 10, 10, 10)),
    "inverted": (
        (4, 8, 12, 12, Fraction(65, 6), Fraction(65, 6)),
        (6, 14, 17, 17, Fraction(59, 3), Fraction(59, 3)),
        (2, 10, 9, 9, 12, 12),
        (5, 5, 10, 10, Fraction(19, 2), Fraction(19, 2)),
    ),
    "even": (
        (2, 4, 9, 9, 9, 9),
        (4, 6, 14, 13, Fraction(91, 6), Fraction(43, 3)),
        (2, 4, 7, 7, Fraction(29, 3), Fraction(29, 3)),
        (3, 2, 10, 10, 10, 10),
    ),
}
PHASE = {  # bits: (eta_0, eta_1, Mark&Predict) per sequence
    "true": ((0, 0, 7), (0, 0, 9), (0, 0, 6), (0, 0, 9)),
    "zeros": ((4, 0, Fraction(28, 3)), (6, 0, Fraction(38, 3)), (3, 0, Fraction(15, 2)), (7, 0, Fraction(19, 2))),
    "inverted": ((4, 5, 11), (6, 9, 16), (3, 3, Fraction(17, 2)), (7, 1, 10)),
    "even": ((2, 3, 10), (4, 4, Fraction(25, 2)), (2, 2, 8), (3, 1, Fraction(19, 2))),
}


def bits_of(truth, which):
    return {
        "true": truth,
        "zeros": [0] * len(truth),
        "ones": [1] * len(truth),
        "inverted": [1 - b for b in truth],
        "even": [b ^ (t % 2 == 0) for t, b in enumerate(truth)],
    }[which]


def test_the_helpers_know_the_optimum_and_the_predictions(paging):
    for name, opt, discard, phase in [
        ("S1", 7, "001100011000", "001100011111"),
        ("S2", 9, "10100011000100100000", "10101011000100100111"),
        ("S3", 5, "001010000000", "011110011111"),
        ("S4", 7, "0110101100", "0111111111"),
    ]:
        pages, k = SEQUENCES[name]
        faults, truth = paging.lfd(pages, k)
        assert sum(faults) == opt
        assert "".join(map(str, truth)) == discard
        assert "".join(map(str, paging.phase_truth(pages, k))) == phase
    assert paging.phases(*SEQUENCES["S2"]) == [0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 3, 3, 3, 4, 4, 4, 4, 5, 5, 5]


@pytest.mark.parametrize("name", CLASSICAL)
def test_classical_policies(paging, name):
    for sequence, cost in zip(NAMES, CLASSICAL[name], strict=True):
        assert paging.expected(POLICIES.load(name)(), *SEQUENCES[sequence])[-1] == cost, sequence


def test_beladys_anomaly(paging):
    pages, _ = SEQUENCES["S1"]
    assert paging.faults(POLICIES.load("fifo")(), pages, 4).sum() == 10
    assert paging.faults(POLICIES.load("lru")(), pages, 4).sum() == 8


@pytest.mark.parametrize("which", DISCARD)
def test_policies_with_discard_predictions(paging, which):
    flush, mark0 = POLICIES.load("flush_when_all_zeros"), POLICIES.load("mark0")
    for sequence, (eta_0, eta_1, *costs) in zip(NAMES, DISCARD[which], strict=True):
        pages, k = SEQUENCES[sequence]
        bits = bits_of(paging.lfd(pages, k)[1], which)
        assert paging.errors(pages, k, "discard", bits)[:, -1].tolist() == [eta_0, eta_1]
        for policy, cost in zip((flush("eager"), flush("lazy"), mark0("strict"), mark0("lazy")), costs, strict=True):
            assert paging.expected(policy, pages, k, bits)[-1] == cost, (sequence, policy)


@pytest.mark.parametrize("which", PHASE)
def test_mark_and_predict(paging, which):
    for sequence, (eta_0, eta_1, cost) in zip(NAMES, PHASE[which], strict=True):
        pages, k = SEQUENCES[sequence]
        bits = bits_of(paging.phase_truth(pages, k), which)
        assert paging.errors(pages, k, "phase", bits)[:, -1].tolist() == [eta_0, eta_1]
        assert paging.expected(POLICIES.load("mark_and_predict")(), pages, k, bits)[-1] == cost, sequence


@pytest.mark.parametrize(("repeats", "opt", "cost"), [(1, 6, 8), (5, 22, 40), (12, 50, 96)])
def test_perfect_phase_predictions_cost_up_to_twice_the_optimum(paging, repeats, opt, cost):
    pages = [2, 0, 1, 3, 0, 2, 3, 1] * repeats
    assert sum(paging.lfd(pages, 2)[0]) == opt
    for tie in ("random", "lru"):
        policy = POLICIES.load("mark_and_predict")(tie)
        assert paging.faults(policy, pages, 2, paging.phase_truth(pages, 2)).sum() == cost


@pytest.mark.parametrize("k", [1, 2, 3, 7, 20])
def test_cyclic_requests(paging, k):
    n = k + 9 * k
    pages = [t % (k + 1) for t in range(n)]
    opt = k + -(-(n - k) // k)
    assert sum(paging.lfd(pages, k)[0]) == opt
    for name in ("lru", "fifo", "flush_when_full"):
        assert paging.faults(POLICIES.load(name)(), pages, k).sum() == n
    zeros = [0] * n
    flush = paging.faults(POLICIES.load("flush_when_all_zeros")(), pages, k, zeros).sum()
    eta_0 = paging.errors(pages, k, "discard", zeros)[0, -1]
    assert eta_0 == opt - k
    assert flush == n == opt + (k - 1) * eta_0
