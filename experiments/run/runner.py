"""Running a study: jobs through joblib, on disk as they finish, with progress and a list of what failed."""

from __future__ import annotations

import platform
import time
import traceback
import warnings
from collections.abc import Callable, Sequence
from concurrent.futures.process import BrokenProcessPool
from contextlib import suppress
from dataclasses import dataclass, field
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from experiments.run.jobs import Job, jobs_of, run_job
from experiments.run.memory import bytes_kept
from experiments.run.store import (
    FORMAT,
    DamagedError,
    check_writable,
    error_file,
    format_of,
    job_file,
    read_job,
    read_json,
    remove_leftovers,
    timing_file,
    write_job,
    write_json,
)
from experiments.run.workers import workers
from experiments.study.model import Study

AHEAD = 2
"""Jobs that joblib has under way for each process: what it computes, and what it will compute next."""

PACKAGES = ("regretlab", "numpy", "scipy", "numba", "gymnasium", "joblib")


@dataclass(frozen=True)
class Done:
    """What became of a job.

    Attributes:
        job: the job.
        status: "computed", "kept" (its result stood on disk) or "failed".
        seconds: wall-clock time in the worker, but for measuring memory.
        error: what went wrong, with the traceback; empty otherwise.
        warnings: distinct warnings raised on the way.
    """

    job: Job
    status: str
    seconds: float = 0.0
    error: str = ""
    warnings: tuple[str, ...] = ()


@dataclass
class Outcome:
    """What became of a study.

    Attributes:
        folder: where its results are.
        done: all jobs, in the order in which they ended.
    """

    folder: Path
    done: list[Done] = field(default_factory=list)

    @property
    def failed(self) -> list[Done]:
        """The jobs that failed."""
        return [d for d in self.done if d.status == "failed"]


def run(
    study: Study,
    folder: Path | str,
    jobs: int = -1,
    report: Callable[[Done], None] = lambda done: None,
    damaged: Callable[[str], None] = warnings.warn,
    expect: Callable[[int], None] = lambda total: None,
    cluster: str | None = None,
    shard: tuple[int, int] = (1, 1),
) -> Outcome:
    """Compute every job of ``study`` that does not stand in ``folder`` yet.

    Numbers depend on none of ``jobs``, ``cluster`` and ``shard``.

    Args:
        study: what to run.
        folder: where results go; made if need be.
        jobs: processes at once; -1 for one a core. Without effect on a cluster.
        report: called with each job when it is done.
        damaged: called with a message for each damaged file found, whose job is computed again, and for
            results of another format.
        expect: called with the number of jobs before the first is reported.
        cluster: address of a dask scheduler (``tcp://host:port``), or ``local:N`` for one of N processes on this
            machine (needs the extra ``cluster``). Workers need this package; results are written here.
        shard: ``(i, n)``: of the jobs, those at positions i, i + n, ... only (1-based), for arrays of runs that share
            nothing; ``merge`` joins their folders.

    Returns:
        What became of each job. A job that fails leaves the others alone. Jobs that are the same piece of work
        (two experiments with one and the same policy and environment) are computed once and counted once.

    Raises:
        OSError: ``folder`` cannot be written, or no cluster answers; nothing was computed.
        KeyboardInterrupt: finished jobs are on disk, and the next run goes on from there.
    """
    folder = Path(folder)
    check_writable(folder)
    remove_leftovers(folder)
    outcome = Outcome(folder)
    keyed = [(job.key, job) for job in jobs_of(study)]
    _note_other_format(folder, damaged)
    _write_manifest(folder, study, keyed)
    unique = dict(list({key: job for key, job in keyed}.items())[shard[0] - 1 :: shard[1]])

    def end(done: Done) -> None:
        outcome.done.append(done)
        report(done)

    expect(len(unique))
    todo = {}
    for key, job in unique.items():
        if _stands(folder, key, job, damaged):
            end(Done(job, "kept"))
        else:
            todo[key] = job

    def work(keys: Sequence[str]) -> None:
        for key, result in parallel(_work, [(key, todo[key]) for key in keys]):
            end(_keep(folder, key, todo.pop(key), result))

    from joblib import effective_n_jobs

    with workers(jobs, cluster) as parallel:
        while todo:
            try:
                work(list(todo))
            except BrokenProcessPool:  # a worker died on one of the jobs that were under way: each by itself, then
                for key in list(todo)[: AHEAD * effective_n_jobs(jobs)]:
                    try:
                        work([key])
                    except BrokenProcessPool as error:
                        text = f"a worker process died, for want of memory perhaps: {error}"
                        end(_failure(folder, key, Done(todo.pop(key), "failed", error=text)))
    return outcome


@dataclass(frozen=True)
class _Result:
    """What a worker sends back."""

    seconds: float
    kept: int | None = None
    arrays: dict[str, NDArray[Any]] = field(default_factory=dict)
    about: dict[str, Any] = field(default_factory=dict)
    error: str = ""
    warnings: tuple[str, ...] = ()


def _work(job: Job) -> _Result:
    """Compute one job. Runs in a worker; errors come back as data."""
    kept: list[int] = []
    watching = 0.0

    def watch(policy: Any) -> None:
        nonlocal watching
        begun = time.perf_counter()
        with suppress(Exception):  # of somebody else's objects; then it stays unknown
            kept.append(bytes_kept(policy))
        watching += time.perf_counter() - begun

    start = time.perf_counter()
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("default")
        try:
            arrays, about = run_job(job, watch)
        except Exception:
            return _Result(time.perf_counter() - start - watching, error=traceback.format_exc())
    seconds = time.perf_counter() - start - watching
    distinct = tuple(dict.fromkeys(str(w.message) for w in caught))
    return _Result(seconds, max(kept, default=None), arrays, about, warnings=distinct)


def _keep(folder: Path, key: str, job: Job, result: _Result) -> Done:
    """Write a result, or what went wrong."""
    if result.error:
        return _failure(folder, key, Done(job, "failed", result.seconds, result.error))
    try:
        write_job(folder, key, result.arrays, result.about)
        write_json(
            timing_file(folder, key),
            {"seconds": result.seconds, "replicates": job.count, "bytes_kept": result.kept},
        )
        error_file(folder, key).unlink(missing_ok=True)
    except OSError as error:
        failed = Done(job, "failed", result.seconds, f"the result could not be written: {error}")
        return _failure(folder, key, failed)
    return Done(job, "computed", result.seconds, warnings=result.warnings)


def _failure(folder: Path, key: str, done: Done) -> Done:
    """Leave word of a failure for whoever reads the folder later, if the disk takes it."""
    with suppress(OSError):
        write_json(error_file(folder, key), {"error": done.error})
    return done


@dataclass(frozen=True)
class Price:
    """What the jobs of a policy, or of an environment's comparators, took.

    Attributes:
        seconds: wall-clock seconds a replicate in the quickest batch, which is one in which nothing had to be compiled,
            if there is one; None where no timing is on file.
        total: seconds of all batches together.
        kept: bytes that the policy keeps between rounds, the most that was seen; see ``experiments.run.memory``. None where
            it is not known.
    """

    seconds: float | None = None
    total: float = 0.0
    kept: int | None = None


def price(folder: Path, jobs: Sequence[str]) -> Price:
    """What the jobs of these keys took, as far as it is on file."""
    quickest, total, kept = None, 0.0, None
    for key in jobs:
        try:
            timing = read_json(timing_file(folder, key))
            seconds, each = timing["seconds"], timing["seconds"] / timing["replicates"]
        except (OSError, DamagedError, LookupError, TypeError, ZeroDivisionError):
            continue
        quickest, total = each if quickest is None else min(quickest, each), total + seconds
        kept = max((n for n in (kept, timing.get("bytes_kept")) if n is not None), default=None)
    return Price(quickest, total, kept)


def _stands(folder: Path, key: str, job: Job, damaged: Callable[[str], None]) -> bool:
    """Whether the job's result is on disk and whole; a damaged one is reported and taken out of the way."""
    try:
        read_job(folder, key)
    except FileNotFoundError:
        return False
    except DamagedError as error:
        damaged(f"{error}; {job.title} is computed again")
        job_file(folder, key).unlink(missing_ok=True)
        return False
    return True


def _note_other_format(folder: Path, note: Callable[[str], None]) -> None:
    """Say that what stands in the folder is of another format, of which nothing is used."""
    with suppress(OSError, DamagedError, AttributeError):
        if (found := format_of(read_json(folder / "manifest.json"))) != FORMAT:
            note(f"{folder} holds results of format {found}; nothing of them is used, this version has format {FORMAT}")


def _write_manifest(folder: Path, study: Study, keyed: Sequence[tuple[str, Job]]) -> None:
    manifest = {
        "format": FORMAT,
        "study": study.model_dump(),
        "jobs": [
            {
                "key": key,
                "experiment": job.experiment,
                "policy": job.label or None,
                "first": job.first,
                "count": job.count,
            }
            for key, job in keyed
        ],
        "seed": study.seed,
        "versions": {"python": platform.python_version(), **{name: _version(name) for name in PACKAGES}},
        "machine": f"{platform.system()} {platform.machine()}",
    }
    write_json(folder / "manifest.json", manifest)


def _version(name: str) -> Any:
    try:
        return version(name)
    except PackageNotFoundError:
        return None
