"""Policies that score every arm: golden sequences, ties, units."""

import math

import numpy as np
import pytest
from arms_runs import sequence, table

from bandits import POLICIES, BanditProblem
from bandits.arms.ada_ucb import AdaUCB
from bandits.arms.exp_ts import ExpTS
from bandits.arms.imed import IMED
from bandits.arms.kl_ucb import KLUCB
from bandits.arms.kl_ucb_pp import KLUCBPP
from bandits.arms.med import MED
from bandits.arms.mots import MOTS
from bandits.arms.ocucb import OCUCB
from bandits.arms.ocucb_anytime import AnytimeOCUCB
from bandits.arms.scan import ScanPolicy
from bandits.arms.ucb_horizon import UCBHorizon
from bandits.arms.ucb_tuned import UCBTuned

GOLDEN = {"ucb_tuned": "012121222221022222222222222222222222222222222222221121111222"}


def test_golden_sequence():
    assert sequence(UCBTuned()) == GOLDEN["ucb_tuned"]


def test_blocks_are_as_quick_where_single_rounds_were_played_before():
    """Kernels that are not inlined would be compiled into the loop only where Python has not called them before."""

    def inlined(kernel):
        return kernel.inline if hasattr(kernel, "inline") else kernel.targetoptions.get("forceinline", False)

    scanning = {name: kind for name in POLICIES if issubclass(kind := POLICIES.load(name), ScanPolicy)}
    assert len(scanning) > 20
    assert [name for name, kind in scanning.items() if not (inlined(kind.pick) and inlined(kind.note))] == []


def test_the_range_of_rewards_decides_nothing():
    rewards = table()
    assert sequence(UCBTuned(), 0.1 + 0.7 * rewards, 0.1, 0.8) == GOLDEN["ucb_tuned"]


def test_decisions_are_those_of_the_formula():
    rewards = np.random.default_rng(3).random((400, 4))
    counts, sums, squares, expected = np.zeros(4), np.zeros(4), np.zeros(4), ""
    for t, row in enumerate(rewards, 1):
        if t <= 4:
            arm = t - 1
        else:
            mean = sums / counts
            variance = np.maximum(0.0, squares / counts - mean**2)
            log = math.log(t) / counts
            score = mean + np.sqrt(log * np.minimum(0.25, variance + np.sqrt(2.0 * log)))
            arm = int(np.argmax(score >= score.max() - 1e-12))
        counts[arm] += 1
        sums[arm] += row[arm]
        squares[arm] += row[arm] ** 2
        expected += str(arm)
    assert sequence(UCBTuned(), rewards) == expected


WIDTHS = [UCBTuned(), UCBHorizon(), OCUCB(), AnytimeOCUCB(), AdaUCB(), MOTS()]
FAMILIES = [IMED("gaussian"), MED("gaussian"), KLUCB("gaussian"), KLUCBPP(family="gaussian"), ExpTS()]


def unbounded(policy, rewards, noise):
    """The actions of a policy on a table of unbounded rewards."""
    n_rounds, n_arms = rewards.shape
    about = {"low": -math.inf, "high": math.inf, "noise": noise}
    policy.reset(BanditProblem(n_actions=n_arms, horizon=n_rounds, **about), np.random.default_rng(0))
    played = []
    for row in rewards:
        played.append(policy.choose(None))
        policy.update(None, played[-1], float(row[played[-1]]))
    return played


@pytest.mark.parametrize("policy", [*WIDTHS, *FAMILIES], ids=repr)
def test_the_unit_of_unbounded_rewards_decides_nothing(policy):
    rewards = np.random.default_rng(4).normal([0.2, 0.9, 0.3], 1.0, (150, 3))
    tiny, one, huge = (unbounded(policy, unit * rewards, unit) for unit in (2.0**-60, 1.0, 2.0**60))
    assert tiny == one == huge
    assert len(set(one[3:])) > 1


@pytest.mark.parametrize("policy", [*WIDTHS, *FAMILIES[:-1]], ids=repr)
def test_without_noise_the_best_mean_is_played_on(policy):
    assert unbounded(policy, np.tile([0.2, 0.9, 0.3], (20, 1)), 0.0) == [0, 1, 2] + [1] * 17
