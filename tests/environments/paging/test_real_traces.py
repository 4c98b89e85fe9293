"""Published numbers on real traces."""

import numpy as np
import pytest

from environments.paging.hindsight import RequestSequence
from environments.paging.instance import RunInstance
from environments.paging.predictions.bits import Flip, Learned
from environments.paging.traces.formats import read_trace
from environments.paging.traces.published import NAMED, locate

pytestmark = pytest.mark.realdata

TABLE = [
    ("web07", 10, 52657, 61747, 6592),
    ("web07", 100, 39146, 48531, 557),
    ("web07", 1000, 27720, 35907, 43),
    ("lirs/multi1", 50, 10073, 14496, 313),
    ("lirs/multi1", 500, 6536, 8340, 20),
    ("lirs/sprite", 100, 65929, 95043, 1151),
    ("lirs/sprite", 1000, 9060, 11073, 24),
    ("lirs/ps", 500, 4378, 5376, 15),
]
SIZES = {
    "web07": (76_118, 20_484),
    "web12": (95_607, 13_756),
    "orm-busy-100k": (100_000, 15_128),
    "lirs/cpp": (9_047, 1_223),
    "lirs/cs": (6_781, 1_409),
    "lirs/gli": (6_015, 2_529),
    "lirs/multi1": (15_858, 2_606),
    "lirs/multi2": (26_311, 5_684),
    "lirs/multi3": (30_241, 7_454),
    "lirs/ps": (10_448, 3_083),
    "lirs/sprite": (133_996, 7_075),
}
FLIPS = [
    (0.0, (0, 0), (0, 0)),
    (0.001, (38, 32), (46, 9)),
    (0.003, (99, 115), (131, 23)),
    (0.01, (366, 374), (467, 77)),
    (0.03, (1084, 1151), (1401, 228)),
    (0.1, (3917, 3784), (4893, 771)),
    (0.3, (11594, 11034), (14426, 2133)),
    (0.5, (19555, 18498), (24304, 3550)),
]


def instance(data_folder, name, k):
    if not (data_folder / "traces" / f"{name}.txt").is_file():
        pytest.skip(f"REGRETLAB_DATA holds no traces/{name}.txt")
    return RequestSequence(*read_trace(name), k)


@pytest.mark.parametrize("name", NAMED)
def test_sizes(data_folder, name):
    on = instance(data_folder, name, 1)
    assert (on.pages.size, on.n_pages) == SIZES[name]
    assert locate(name).is_relative_to(data_folder)


@pytest.mark.parametrize(("name", "k", "opt", "clean", "phases"), TABLE)
def test_optimum_and_phases(data_folder, name, k, opt, clean, phases):
    on = instance(data_folder, name, k)
    assert (on.opt[-1], on.clean[-1], on.phases.n_phases) == (opt, clean, phases)
    assert on.phases.clean_counts.sum() == clean
    assert on.truth("discard").sum() == opt - k


@pytest.mark.parametrize(("p", "discard", "phase"), FLIPS)
def test_errors_of_flipped_bits(data_folder, p, discard, phase):
    on = instance(data_folder, "web07", 100)
    for kind, expected in (("discard", discard), ("phase", phase)):
        bits = Flip(kind, p).predict(on, np.random.default_rng(0))
        known = RunInstance(requests=on, prediction=kind, bits=bits)
        assert (known.eta_0[-1], known.eta_1[-1]) == expected


def test_what_is_learned_from_the_past_is_worth_something(data_folder):
    on = instance(data_folder, "web07", 100)
    wrong = Learned("discard").predict(on, np.random.default_rng(0)) != on.truth("discard")
    assert wrong.mean() < 0.3 < min(on.truth("discard").mean(), 1 - on.truth("discard").mean())
