"""What the runner adds to the work itself, on a study of many tiny jobs: sixteen replicates of a hundred rounds."""

import hashlib
import itertools
import time

from timing import measure

from experiments.analysis.results import load
from experiments.run.jobs import jobs_of, run_job
from experiments.run.runner import run
from experiments.study.config import parse_study

STUDY = """
name: tiny
seed: 1
experiments:
  - name: arms
    environment: {name: bernoulli, parameters: {means: [0.4, 0.6]}}
    horizon: 100
    replicates: %d
    policies: [ucb1]
"""


def tiny(number):
    """A study of so many jobs, half of them the environment's."""
    return parse_study(STUDY % (16 * number // 2))


def test_a_job(record, tmp_path):
    """Seeds, keys, files and progress cost no more than the rounds and curves of a tiny job."""
    study, number = tiny(100), itertools.count()
    ours = lambda: run(study, tmp_path / str(next(number)), jobs=1)  # noqa: E731
    reference = lambda: [run_job(job) for job in jobs_of(study)]  # noqa: E731
    record("`run`", measure(ours, reference, "job", (100, 100)), "the jobs alone", 2.0)


def test_loading(record, tmp_path):
    """Reading a job costs less than computing it."""
    study = tiny(100)
    assert not run(study, tmp_path, jobs=1).failed
    reference = lambda: [run_job(job) for job in jobs_of(study)]  # noqa: E731
    record("`load`", measure(lambda: load(tmp_path), reference, "job", (100, 100)), "computing the jobs", 1.0)


def test_resuming(record, tmp_path):
    """Where all jobs stand, a run costs little more than reading and checksumming their files."""
    study = tiny(2000)
    assert not run(study, tmp_path, jobs=1).failed
    files = sorted((tmp_path / "jobs").iterdir())
    ours = lambda: run(study, tmp_path, jobs=1)  # noqa: E731
    reference = lambda: [hashlib.sha256(file.read_bytes()).hexdigest() for file in files]  # noqa: E731
    record("`run` of a study that stands", measure(ours, reference, "job", (2000, 2000)), "checksums of its files", 4.0)
    start = time.perf_counter()
    done = ours().done
    each = 1e3 * (time.perf_counter() - start) / len(done)
    print(f"{each:.2f} ms a job, where all {len(done)} stand")
    assert each < 1.0
