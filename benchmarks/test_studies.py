"""What the runner adds to the work itself, and what checking, drawing and reporting take, on many tiny jobs."""

import hashlib
import io
import itertools
import shutil
import time
from pathlib import Path

import numpy as np
from games import LOOP, loop, within
from timing import Pairs, measure, peak, seconds

from experiments.analysis.findings import as_text, findings
from experiments.analysis.results import load
from experiments.report.figures import canvases, draw_study
from experiments.report.page import write_report
from experiments.report.style import FORMATS, style
from experiments.run.files import write
from experiments.run.jobs import jobs_of, run_job
from experiments.run.merge import merge
from experiments.run.runner import run
from experiments.run.store import timing_file, write_job, write_json
from experiments.study.config import find, load_study, parse_study

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


def test_twenty_thousand_jobs(record, tmp_path):
    """A job costs less than a millisecond beyond its own work: seeds, keys, files, progress."""
    study, number = parse_study(POINTS % 1000), itertools.count()
    ours = lambda: run(study, tmp_path / str(next(number)), jobs=1)  # noqa: E731
    pairs = measure(ours, lambda: [run_job(job) for job in jobs_of(study)], "job", (2000, 2000), repeats=3)
    beyond = tuple(whole - work for whole, work in zip(pairs.ours, pairs.reference, strict=True))
    record("`run`, beyond the jobs alone", Pairs(beyond, (1e-3,) * len(beyond), "job"), "a millisecond", 1.0)


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


SHORT = ("experiments.bernoulli.horizon=300", "horizon=300", "experiments.easy.replicates=8")


def test_plotting(record, tmp_path):
    """All that `plot` does beside drawing, and each format beside another, weighs little against the drawing itself."""
    assert not run(load_study(find("quickstart"), SHORT), tmp_path, jobs=1).failed
    finished = [canvas for _, canvas in canvases(findings(load(tmp_path)))]

    def save():
        for canvas in finished:
            for ending in FORMATS:
                with style():
                    canvas.savefig(io.BytesIO(), format=ending)

    ours = lambda: draw_study(findings(load(tmp_path)), tmp_path / "figures")  # noqa: E731
    record("`plot`, the quick start", measure(ours, save, "study", repeats=3), "`savefig` of its finished figures", 1.5)


POINTS = """
name: many
seed: 1
checkpoints: 50
horizon: 1000
replicates: 16
experiments:
  - name: points
    environment: {name: bernoulli, parameters: {means: [0.2, {sweep: {start: 0.3, stop: 0.9, number: %d}}]}}
    policies: [ucb1]
"""
POLICIES = """
name: many
seed: 1
checkpoints: 50
horizon: 1000
replicates: 64
experiments:
  - name: policies
    environment: {name: bernoulli, parameters: {means: [0.2, {sweep: {start: 0.3, stop: 0.9, number: %d}}]}}
    policies: [{name: exp3, parameters: {gamma: {sweep: {start: 0.01, stop: 0.2, number: 99}}}}]
"""


def standing(text, folder):
    """A study all of whose jobs stand: the first of the environment and of the policies, a little changed."""
    study, rng, first = parse_study(text), np.random.default_rng(0), {}
    jobs = {job.key: job for job in jobs_of(study)}
    for job in jobs.values():
        if (job.policy is None) not in first:
            first[job.policy is None] = run_job(job)
        arrays, about = first[job.policy is None]
        if job.policy is not None:
            luck, best = rng.uniform(0.97, 1.0, size=(job.count, 1)), first[True][0]["comparator/best_arm"]
            own = {name: luck * values + (1.0 - luck) * best for name, values in arrays.items() if "series/" in name}
            arrays = {**arrays, **own}
        of = [job.seed, job.first, job.count, job.checkpoints, job.horizon]
        write_job(folder, job.key, arrays, {**about, "job": of})
        write_json(timing_file(folder, job.key), {"seconds": 0.01, "replicates": job.count, "bytes_kept": 1000})
    outcome = run(study, folder, jobs=1)
    assert {done.status for done in outcome.done} == {"kept"}
    return len(outcome.done)


def test_many_points(record, tmp_path):
    """Twenty thousand jobs are checked within 4.7 seconds of the machine where that was set, and reported within 10."""
    jobs = standing(POINTS % 10_000, tmp_path)
    for what, function, most in (("check", checked, 14.0 / 3.0), ("report", reported, 10.0)):
        pairs = measure(function(tmp_path), loop, "study", repeats=3)
        record(f"`{what}`, {jobs} jobs", pairs, LOOP, within(most))
    assert (tmp_path / "report.html").stat().st_size < 5e6


def test_many_policies(record, tmp_path):
    """Neither does a job take longer where there are a hundred policies, and thousands of pairs, in an experiment."""
    jobs = standing(POLICIES % 10, tmp_path)
    taken = seconds(checked(tmp_path))
    record(f"`check`, {jobs} jobs of 99 policies", Pairs((taken / jobs,), (1e-3,), "job"), "a millisecond", 1.0)


THOUSAND = """
name: thousand
seed: 1
checkpoints: 20
horizon: 1000
replicates: 10
experiments:
  - name: policies
    environment: {name: bernoulli, parameters: {means: [0.2, 0.3]}}
    policies: [{name: exp3, parameters: {gamma: {sweep: {start: 0.01, stop: 0.9, number: %d}}}}]
"""


def test_a_thousand_policies(record, tmp_path):
    """A policy among a thousand costs no more than one among a hundred: ten seconds for all, 5 MB and 400 MB."""
    folders = {number: tmp_path / str(number) for number in (100, 1000)}
    for number, folder in folders.items():
        standing(THOUSAND % number, folder)

    pairs = measure(reported(folders[1000]), reported(folders[100]), "policy", (1000, 100), repeats=3)
    record("`report`, 1,000 policies in an experiment", pairs, "one of 100", 1.0)
    assert min(pairs.ours) < 1e-2
    assert (folders[1000] / "report.html").stat().st_size < 5e6
    assert peak(f"import test_studies as t\nt.reported({str(folders[1000])!r})()") < 400e6


def test_merging(record, tmp_path):
    """Joining the shards of twenty thousand jobs takes little longer than writing their files anew."""
    whole = tmp_path / "whole"
    jobs = standing(POINTS % 10_000, whole)
    shards, number = [tmp_path / "a", tmp_path / "b"], itertools.count()
    files = sorted((whole / "jobs").iterdir())
    for i, shard in enumerate(shards):
        (shard / "jobs").mkdir(parents=True)
        shutil.copytree(whole / "timings", shard / "timings")
        shutil.copy(whole / "manifest.json", shard)
        for file in files[i::2]:
            shutil.copy(file, shard / "jobs")

    def again():
        folder = tmp_path / f"again{next(number)}"
        for file in files:
            for name in (file, whole / "timings" / f"{file.stem}.json"):
                write(folder / name.parent.name / name.name, name.read_bytes())

    ours = lambda: merge(shards, tmp_path / f"merged{next(number)}")  # noqa: E731
    pairs = measure(ours, again, "job", (jobs, jobs), repeats=1)
    record(f"`merge`, {jobs} jobs", pairs, "writing their files", 3.0)
    assert min(pairs.ours) * 20_000 < 14.0


def reported(folder):
    """What `report` does."""
    return lambda: write_report(findings(load(folder)), Path(folder) / "report.html")


def checked(folder):
    """What `check` does."""
    return lambda: list(as_text(findings(load(folder))))
