"""Exact faults on real traces, and the prices of wrong bits on one of them."""

import numpy as np
import pytest

from bandits import POLICIES
from bandits.paging.problem import PagingProblem, Requests

pytestmark = pytest.mark.realdata

TABLE = [
    ("web07", 10, 63277, 63494, 65918, 63532, 17),
    ("web07", 100, 50691, 52399, 55653, 51178, 17),
    ("web07", 1000, 37750, 39818, 42455, 38234, 17),
    ("lirs/multi1", 50, 15472, 15372, 15616, 15120, 12),
    ("lirs/multi1", 500, 8483, 9401, 9775, 8636, 9),
    ("lirs/sprite", 100, 105079, 104111, 115094, 104064, 89),
    ("lirs/sprite", 1000, 12544, 17093, 23213, 13798, 25),
    ("lirs/ps", 500, 5376, 6642, 7257, 5723, 10),
]
FLIPS = [  # p, discard eta_0 and eta_1, Flush, Mark0, phase eta_0 and eta_1, Mark&Predict
    (0.0, 0, 0, 39146, 39146, 0, 0, 48531),
    (0.001, 38, 32, 42026, 39341, 46, 9, 48536),
    (0.003, 99, 115, 43509, 39649, 131, 23, 48545),
    (0.01, 366, 374, 44682, 40501, 467, 77, 48579),
    (0.03, 1084, 1151, 46154, 42199, 1401, 228, 48678),
    (0.1, 3917, 3784, 48799, 46568, 4893, 771, 49026),
    (0.3, 11594, 11034, 51984, 54684, 14426, 2133, 50036),
    (0.5, 19555, 18498, 53747, 61583, 24304, 3550, 51182),
]


@pytest.fixture(scope="module")
def trace(data_folder):
    def load(name):
        path = data_folder / "traces" / f"{name}.txt"
        if not path.exists():
            pytest.skip(f"no {path.name} in the data folder")
        lines = [line for line in path.read_text().split() if line != "*"]
        return np.unique(np.array(lines, dtype=np.int64), return_inverse=True)[1]

    return load


def cost(name, pages, k, bits=None, seed=0, **parameters):
    policy = POLICIES.load(name)(**parameters)
    problem = PagingProblem(cache_size=k, n_pages=int(pages.max()) + 1, prediction=policy.prediction)
    policy.reset(problem, np.random.default_rng(seed))
    faults, _ = policy.serve(Requests(pages, np.empty(0, np.uint8) if bits is None else bits, np.empty(0)))
    return int(faults.sum())


@pytest.mark.parametrize(("name", "k", "lru", "fifo", "fwf", "marker", "sd"), TABLE)
def test_faults(trace, name, k, lru, fifo, fwf, marker, sd):
    pages = trace(name)
    assert cost("lru", pages, k) == lru
    assert cost("fifo", pages, k) == fifo
    assert cost("flush_when_full", pages, k) == fwf
    assert np.mean([cost("marker", pages, k, seed=s) for s in range(10)]) == pytest.approx(marker, abs=2.5 * sd)


@pytest.mark.parametrize(("p", "eta_0", "eta_1", "flush", "mark0", "phase_0", "phase_1", "mark_and_predict"), FLIPS)
def test_wrong_bits(paging, trace, p, eta_0, eta_1, flush, mark0, phase_0, phase_1, mark_and_predict):
    pages, k = trace("web07"), 100
    plain = pages.tolist()
    flip = np.random.default_rng(0).random(len(pages)) < p

    def bits(truth):
        return np.where(flip, 1 - np.array(truth), truth).astype(np.uint8)

    _, truth = paging.lfd(plain, k)
    discard, phase = bits(truth), bits(paging.phase_truth(plain, k))
    assert int(np.sum((discard == 0) & (np.array(truth) == 1))) == eta_0
    assert int(np.sum((discard == 1) & (np.array(truth) == 0))) == eta_1
    assert paging.errors(plain, k, "phase", phase.tolist())[:, -1].tolist() == [phase_0, phase_1]
    assert cost("flush_when_all_zeros", pages, k, discard) == flush
    means = [
        np.mean([cost(n, pages, k, b, seed=s) for s in range(5)])
        for n, b in (("mark0", discard), ("mark_and_predict", phase))
    ]
    assert means == pytest.approx([mark0, mark_and_predict], rel=0.002)
