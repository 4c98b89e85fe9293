"""Off-policy estimates of coba on the same rows."""

import numpy as np
import pytest

import regretlab as rl
from environments.logged.log import Log

pytest.importorskip("coba")

NAMES = ["a", "b", "c"]
TARGET = [0.1, 0.2, 0.7]


def rows_and_log():
    from coba.primitives import LoggedInteraction

    i = np.arange(40)
    table = np.array([[2, 1, 1], [1, 1, 2], [1, 2, 1], [4, 2, 2]]) / np.array([[4], [4], [4], [8]])
    arms, rewards = (i * i + i // 3) % 3, 7 * i % 5 / 4
    chances = table[i % 4, arms]
    parts = zip(i.tolist(), arms, rewards.tolist(), chances.tolist(), strict=True)
    rows = [LoggedInteraction(t, NAMES[a], r, probability=p, actions=list(NAMES)) for t, a, r, p in parts]
    return rows, Log(actions=arms, rewards=rewards, probabilities=chances, names=tuple(NAMES))


def test_ips_is_that_of_coba_s_rewards():
    from coba.environments.filters import OpeRewards

    rows, log = rows_and_log()
    theirs = [
        sum(p * row["rewards"](name) for p, name in zip(TARGET, NAMES, strict=True))
        for row in OpeRewards("IPS").filter(rows)
    ]
    assert rl.estimate(log, TARGET, "IPS").value == pytest.approx(np.mean(theirs), abs=1e-12)


def test_ips_is_that_of_coba_s_evaluator():
    from coba.evaluators import SequentialCB

    rows, log = rows_and_log()

    class Fixed:
        params = {}

        def score(self, context, actions, action):
            return TARGET[NAMES.index(action)]

        def predict(self, context, actions):
            return list(TARGET)

    class Environment:
        def read(self):
            return iter(rows)

    played = SequentialCB(record=["reward"], learn=None, eval="ips").evaluate(Environment(), Fixed())
    theirs = [row["reward"] for row in played]
    assert rl.estimate(log, TARGET, "IPS").value == pytest.approx(np.mean(theirs), abs=1e-12)
