"""Two jobs over one, wall-clock, in turn, each in a folder of its own and with everything loaded.

The folders stand until all is measured: to delete them takes time of its own, and for some minutes ext4, when it makes
a file, looks at every one that was deleted (``recently_deleted``): 0.4 to 0.8 milliseconds a file, in place of 0.03.
"""

import itertools
import os

import pytest
from timing import WALL, measure

from experiments.run.runner import run
from experiments.study.config import parse_study

STUDY = """
name: jobs
seed: 1
batch: {batch}
experiments:
  - name: arms
    environment: {{name: bernoulli, parameters: {{means: [0.4, 0.45, 0.5, 0.55, 0.6]}}}}
    horizon: {horizon}
    replicates: {replicates}
    policies: [{policies}]
"""
QUICK, SLOW = "ucb1, moss, exp3", "kl_ucb, beta_thompson, ucb_v"

needs_two = pytest.mark.skipif((os.cpu_count() or 1) < 2, reason="one core")


def player(folder, jobs, **numbers):
    """A run of the study by so many jobs, in another folder inside this one each time."""
    study, number = parse_study(STUDY.format(**numbers)), itertools.count()

    def play():
        assert not run(study, folder / f"{jobs}-{next(number)}", jobs=jobs).failed

    return play


@needs_two
@pytest.mark.parametrize(
    ("what", "numbers", "target"),
    [
        ("8 replicates of 1,000 rounds", dict(batch=16, horizon=1000, replicates=8, policies=QUICK), 1 / 0.95),
        ("64 replicates of 1,000 rounds", dict(batch=16, horizon=1000, replicates=64, policies=QUICK), 1 / 0.95),
        ("two jobs", dict(batch=1, horizon=100_000, replicates=1, policies="ucb1"), 1 / 0.95),
        ("two seconds of quick policies", dict(batch=50, horizon=20_000, replicates=1200, policies=QUICK), 1 / 1.6),
        ("two seconds of slower ones", dict(batch=5, horizon=10_000, replicates=600, policies=SLOW), 1 / 1.6),
        ("two seconds of tiny jobs", dict(batch=4, horizon=1000, replicates=1300, policies=QUICK), 1 / 1.6),
    ],
)
def test_two_jobs(record, tmp_path, what, numbers, target):
    """Of any study two jobs take no longer than one, and of one with two seconds of work little more than half.

    Of a run of 12 milliseconds to see that all modules are what stands on disk takes 0.4. The two files of a tiny job
    are made one after another, which takes a disk from which much was deleted lately as long as the job; from several
    processes it takes longer, as they wait for the same folder.
    """
    repeats = 3 if "seconds" in what else 25  # of a few milliseconds each, which the machine disturbs as it likes
    pairs = measure(player(tmp_path, 2, **numbers), player(tmp_path, 1, **numbers), "run", repeats=repeats, clock=WALL)
    record(f"{what}, `jobs=2`", pairs, "`jobs=1`", target)


def test_start_of_workers(record, tmp_path):
    """What the processes themselves take, in CPU seconds of all together, is little of two seconds of work."""

    def cpu():
        return sum(os.times()[:4])

    numbers = dict(batch=50, horizon=20_000, replicates=1200, policies=QUICK)
    pairs = measure(player(tmp_path, 2, **numbers), player(tmp_path, 1, **numbers), "run", repeats=3, clock=cpu)
    record("CPU seconds of two seconds of work, `jobs=2`", pairs, "`jobs=1`", 1.25)
