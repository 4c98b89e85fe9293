"""Two jobs over one, wall-clock, in turn, each in a folder of its own and with everything loaded."""

import os
from tempfile import TemporaryDirectory

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


def player(jobs, **numbers):
    """A run of the study by so many jobs."""
    study = parse_study(STUDY.format(**numbers))

    def play():
        with TemporaryDirectory() as folder:
            assert not run(study, folder, jobs=jobs).failed

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
def test_two_jobs(record, what, numbers, target):
    """Of any study two jobs take no longer than one, and of one with two seconds of work little more than half.

    Of a run of 12 milliseconds to see that all modules are what stands on disk takes 0.4. Tiny jobs come to 1.4 to 1.5:
    the two files of each are made one after another, which takes a disk 1 millisecond, as long as the job; from several
    processes it takes longer, as they wait for the same folder.
    """
    pairs = measure(player(2, **numbers), player(1, **numbers), "run", repeats=3, clock=WALL)
    record(f"{what}, `jobs=2`", pairs, "`jobs=1`", target)


def test_start_of_workers(record):
    """What the processes themselves take, in CPU seconds of all together, is little of two seconds of work."""

    def cpu():
        return sum(os.times()[:4])

    numbers = dict(batch=50, horizon=20_000, replicates=1200, policies=QUICK)
    pairs = measure(player(2, **numbers), player(1, **numbers), "run", repeats=3, clock=cpu)
    record("CPU seconds of two seconds of work, `jobs=2`", pairs, "`jobs=1`", 1.25)
