"""Policies that score every arm: golden sequences, ties, mean regrets."""

import math

import numpy as np
import pytest
from arms_runs import TEN, TWO, assert_agrees, regrets, sequence, table

from bandits.arms.ucb_tuned import UCBTuned

GOLDEN = {"ucb_tuned": "012121222221022222222222222222222222222222222222221121111222"}


def test_golden_sequence():
    assert sequence(UCBTuned()) == GOLDEN["ucb_tuned"]


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


@pytest.mark.parametrize(("means", "mean", "error"), [(TEN, 64.43, 0.56), (TWO, 38.69, 0.78)])
def test_mean_regret(means, mean, error):
    assert_agrees(regrets(UCBTuned(), means, 1500), mean, error)
