"""Exact runs on given rewards: the j-th sample of arm i pays ``mu_i + cos(7 i + 3 j) / 2``."""

import math

import numpy as np
import pytest

from bandits.identification.action_elimination import ActionElimination
from bandits.identification.apt import APT
from bandits.identification.lil_ucb import LilUCB
from bandits.identification.lucb import LUCB
from bandits.identification.problem import IdentificationProblem, Stop
from bandits.identification.racing import Racing
from bandits.identification.sequential_halving import SequentialHalving
from bandits.identification.successive_rejects import SuccessiveRejects, phases
from bandits.identification.top_two import TopTwo
from bandits.identification.track_and_stop import TrackAndStop
from bandits.identification.ucb_e import UCBE
from bandits.identification.ugape import UGapE
from bandits.identification.uniform_sampling import UniformSampling

MEANS = (1.0, 0.6, 0.4, 0.0)


def play(policy, budget=20_000, **asked):
    """The arms sampled, the answer, and the number of samples of each arm."""
    policy.reset(IdentificationProblem(n_actions=4, budget=budget, **asked), np.random.default_rng(0))
    counts, arms = [0] * 4, []
    for _ in range(budget + 1):
        decision = policy.choose(None)
        if isinstance(decision, Stop):
            return "".join(map(str, arms)), decision.answer, counts
        arm = decision.arm
        reward = MEANS[arm] + math.cos(7 * arm + 3 * counts[arm]) / 2
        counts[arm] += 1
        arms.append(arm)
        policy.update(None, decision, reward)
    raise AssertionError("it never stopped")


SEVERAL = [
    (UniformSampling, {}, "0123" * 12, (881, 1134, 421, 653), (284, 284, 283, 283)),
    (
        TrackAndStop,
        {"tracking": "C"},
        "012301201301010120130101012010103101021010102103",
        (525, 676, 250, 389),
        (290, 278, 80, 28),
    ),
    (
        TrackAndStop,
        {"tracking": "D"},
        "012301010123010102310101012301010101023101010010",
        (523, 673, 251, 389),
        (290, 278, 81, 24),
    ),
    (
        TopTwo,
        {"rule": "tt_ucb"},
        "012301210310021003020102100302011002030102101003",
        (531, 687, 258, 397),
        (341, 245, 77, 24),
    ),
    (
        TopTwo,
        {"rule": "eb_tc"},
        "012301020101010101010202010101010101010102020101",
        (531, 690, 251, 393),
        (344, 245, 77, 24),
    ),
]


@pytest.mark.parametrize(("kind", "arguments", "first", "times", "last"), SEVERAL)
def test_that_stop_by_the_statistic(kind, arguments, first, times, last):
    found = {}
    for threshold in ("provable", "heuristic"):
        for delta in (0.1, 0.01):
            found[threshold, delta] = play(kind(threshold=threshold, **arguments), delta=delta)
    assert tuple(len(arms) for arms, _, _ in found.values()) == times
    for arms, answer, _ in found.values():
        assert arms[:48] == first
        assert answer == 0
    assert tuple(found["provable", 0.01][2]) == last
    longest = max((arms for arms, _, _ in found.values()), key=len)
    assert all(longest.startswith(arms) for arms, _, _ in found.values()), "sampling must not depend on delta"


ONE = [
    (ActionElimination(), {"delta": 0.1}, "0123" * 12, 842, 0, (330, 330, 137, 45)),
    (Racing(), {"delta": 0.1}, "0123" * 12, 557, 0, (221, 221, 87, 28)),
    (Racing("heuristic"), {"delta": 0.1}, "0123" * 12, 269, 0, (104, 104, 45, 16)),
    (LUCB(), {"delta": 0.1}, "012301020301020103020101020102030101010202030101", 750, 0, (374, 291, 69, 16)),
    (LUCB(), {"delta": 0.01}, "012301020301020103020101020302010103020101020101", 1038, 0, (518, 398, 98, 24)),
    (UGapE(), {"delta": 0.1}, "012301230120132010120123010101223010101012201013", 748, 0, (330, 329, 73, 16)),
    (UGapE(), {"delta": 0.01}, "012301230120132010123201013201012010132201010101", 1034, 0, (453, 452, 104, 25)),
    (LilUCB("heuristic"), {"delta": 0.1}, "012301200130210020310100020102100030011002002001", 289, 0, (225, 35, 20, 9)),
    (LilUCB(), {"delta": 0.1}, "012301230123012031021302013201023101203021031020", 11441, 0, (10297, 655, 345, 144)),
    (
        LUCB(),
        {"delta": 0.1, "question": "top", "m": 2},
        "012312031203121202131202131212130212120213121213",
        3020,
        {0, 1},
        (45, 1465, 1465, 45),
    ),
    (
        UGapE(),
        {"delta": 0.1, "question": "top", "m": 2},
        "012310231023121021231021231212310212102123121231",
        3019,
        {0, 1},
        (45, 1465, 1464, 45),
    ),
    (
        UCBE(16.2777778),
        {"budget": 200},
        "012301230123012031021032010213020130102032101020",
        200,
        0,
        (91, 48, 37, 24),
    ),
    (
        APT(),
        {"budget": 200, "question": "above", "threshold": 0.5, "epsilon": 0.05},
        "012322222222211111122111122112211221112222112221",
        200,
        {0, 1},
        (7, 91, 95, 7),
    ),
]


@pytest.mark.parametrize(("policy", "asked", "first", "samples", "answer", "last"), ONE)
def test_one_run(policy, asked, first, samples, answer, last):
    arms, said, counts = play(policy, **asked)
    assert arms[:48] == first
    assert (len(arms), said, tuple(counts)) == (samples, answer, last)


def test_successive_rejects():
    assert phases(4, 100) == (16, 21, 31)
    assert phases(4, 37) == (6, 7, 11)
    assert play(SuccessiveRejects(), budget=100)[1:] == (0, [31, 31, 21, 16])
    assert play(SuccessiveRejects(), budget=37)[1:] == (0, [11, 11, 7, 6])
    assert play(SuccessiveRejects(), budget=4)[1:] == (0, [0, 0, 0, 0])


def test_sequential_halving():
    assert play(SequentialHalving(), budget=100)[1:] == (0, [37, 37, 12, 12])
    assert play(SequentialHalving(), budget=8)[1:] == (0, [3, 3, 1, 1])
