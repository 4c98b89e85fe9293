"""Memory: what a policy keeps, and nothing of the environment, the process or the program; never part of a result."""

import sys
import textwrap
import time

import numpy as np
import pytest
from numba import njit

import experiments
from bandits import BanditProblem, EpsilonGreedy
from experiments.run.memory import bytes_kept
from experiments.run.runner import run
from experiments.study.config import parse_study

HOARDER = """\
import numpy as np

from bandits.arms.ucb1 import UCB1

class Hoarder(UCB1):
    '''Keeps ten more kilobytes from round to round, and takes a megabyte for a moment.'''

    def reset(self, problem, rng):
        super().reset(problem, rng)
        self._hoard = []

    def play(self, block, actions):
        passing = np.ones(10**6, dtype=np.uint8)
        super().play(block, actions)
        self._hoard += [np.ones(10**4, dtype=np.uint8) for _ in actions]
"""


class Odd:
    def __init__(self, *things):
        self.things = things


@njit
def made_by_a_kernel(n):
    return np.ones(n)


@pytest.mark.parametrize(
    ("thing", "size"),
    [
        (np.zeros(10**6), 8e6),
        (np.zeros((1000, 1000))[::2, ::2], 8e6),  # a view keeps the whole
        (made_by_a_kernel(10**6), 8e6),
        ({"a": [np.zeros(10**5), (np.zeros(10**5),)]}, 1.6e6),
        (Odd(*[np.zeros(10**6)] * 2), 8e6),  # one array twice
        (np.array([np.zeros(10**5), np.zeros(10**5), None], dtype=object), 1.6e6),
        ([float(i) for i in range(10**5)], 10**5 * (24 + 8)),
        (np, 0),
        (made_by_a_kernel, 0),
    ],
)
def test_all_that_can_be_reached_once(thing, size):
    assert bytes_kept(thing) == pytest.approx(size, rel=0.02, abs=2)


def test_a_cycle_ends():
    ring: list[object] = [np.zeros(1000)]
    ring.append(ring)
    assert 8000 < bytes_kept(ring) < 9000


def test_a_policy_of_two_numbers_an_arm():
    def kept(n_arms):
        policy = EpsilonGreedy()
        policy.reset(BanditProblem(n_actions=n_arms), np.random.default_rng(0))
        return bytes_kept(policy)

    assert kept(10**6) - kept(10**5) == pytest.approx(16 * 9 * 10**5, rel=0.01)
    assert kept(2) < 10_000, "neither the class, nor the module, nor compiled code"


def test_memory_and_time_stand_beside_the_results_and_not_in_them(text, tmp_path, monkeypatch):
    (tmp_path / "hoard.py").write_text(textwrap.dedent(HOARDER), encoding="utf-8")
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.delitem(sys.modules, "hoard", raising=False)
    for out in ("one", "two"):
        run(parse_study(text.replace("- ucb1", "- hoard:Hoarder")), tmp_path / out, jobs=1)
    experiment = experiments.load(tmp_path / "one").experiments["two"]
    assert experiment.prices["hoard:Hoarder"].kept == pytest.approx(200 * 10**4, rel=0.05), "at the horizon"
    assert experiment.prices["bold"].kept < 10_000
    for price in experiment.prices.values():
        assert 0.0 < price.seconds <= price.total
    assert experiment.prices[""].kept is None
    jobs = [{p.name: p.read_bytes() for p in (tmp_path / out / "jobs").iterdir()} for out in ("one", "two")]
    assert jobs[0] == jobs[1]
    for timing in (tmp_path / "one/timings").iterdir():
        timing.write_text("{", encoding="utf-8")
    experiment = experiments.load(tmp_path / "one").experiments["two"]
    assert len(experiment.missing) == len(jobs[0])
    assert all("timings" in line and "is damaged" in line for line in experiment.missing)
    assert len(experiment.replicates) == 6
    assert (experiment.prices["bold"].seconds, experiment.prices["bold"].kept) == (None, None)


def test_measuring_is_not_part_of_the_time(study, tmp_path, monkeypatch):
    def slow(policy):
        time.sleep(0.2)
        return 1

    monkeypatch.setattr("experiments.run.runner.bytes_kept", slow)
    outcome = run(study, tmp_path, jobs=1)
    looks = [done.seconds for done in outcome.done if done.job.first == 0 and done.job.policy]
    assert len(looks) == 2
    assert max(looks) < 0.2


def test_what_cannot_be_measured_costs_no_result(study, tmp_path, monkeypatch):
    def fails(policy):
        raise RuntimeError

    monkeypatch.setattr("experiments.run.runner.bytes_kept", fails)
    assert not run(study, tmp_path, jobs=1).failed
    assert experiments.load(tmp_path).experiments["two"].prices["bold"].kept is None
