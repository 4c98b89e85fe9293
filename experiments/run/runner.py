"""Running a study: jobs through workers, on disk as they finish, with progress and a list of what failed."""

from __future__ import annotations

import errno
import re
import time
import traceback
import warnings
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures.process import BrokenProcessPool
from contextlib import closing, suppress
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any

from bandits.registry import naming
from experiments.run.forks import FIRST, DiedError, is_current
from experiments.run.jobs import Job, JobResult, jobs_of, run_job
from experiments.run.lock import alone
from experiments.run.manifest import check_same_study, note_unusable, write_manifest
from experiments.run.meaning import OURS
from experiments.run.memory import bytes_kept
from experiments.run.store import (
    DamagedError,
    check_job,
    check_json,
    check_writable,
    error_file,
    job_file,
    remove_error,
    remove_leftovers,
    timing_file,
    write_job,
    write_json,
)
from experiments.run.workers import workers
from experiments.study.model import Study

AHEAD = 2
"""Jobs that joblib has under way for each process: what it computes, and what it will compute next."""

LIGHT = 200_000
"""Rounds, of all replicates, up to which a job of our own classes is computed here, until ``FIRST`` is over and what is
left would take as long again."""

FULL = (errno.ENOSPC, errno.EDQUOT)
"""What a disk says that has no room, for anybody or for this user."""


def distinct(texts: Iterable[str]) -> tuple[str, ...]:
    """Warnings without those that say the same again, of another number observed: replicates have their own ones."""
    first: dict[str, str] = {}
    for text in texts:
        first.setdefault(re.sub(r"( observed .*?)-?[0-9][0-9.e+-]*", r"\1", text, count=1), text)
    return tuple(first.values())


@dataclass(frozen=True)
class Done:
    """What became of a job.

    Attributes:
        job: the job.
        status: "computed", "kept" (its result stood on disk) or "failed".
        seconds: wall-clock time in the worker, but for measuring memory.
        error: what went wrong, with the traceback; empty otherwise.
        warnings: distinct warnings raised on the way.
        kept: bytes that the policy kept between rounds, the most that was seen; None where that is not known.
    """

    job: Job
    status: str
    seconds: float = 0.0
    error: str = ""
    warnings: tuple[str, ...] = ()
    kept: int | None = None


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
    classes: Mapping[str, type[Any]] = MappingProxyType({}),
    replace: bool = False,
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
        classes: those that workers cannot import, as they are of a script, a notebook or a function, by the names that
            the study has for them (``__main__:Mine``).
        replace: take a folder that holds another study; its results stay on disk, and are no longer shown.

    Returns:
        What became of each job. A job that fails leaves the others alone. Jobs that are the same piece of work
        (two experiments with one and the same policy and environment) are computed once and counted once.

    Raises:
        OSError: ``folder`` cannot be written, holds another study (see ``check_same_study``), or is at this moment
            written by another run of the same part, or no cluster answers, and nothing was computed; or the disk is
            full, or takes nothing more: finished jobs are on it, and the next run goes on from there.
        ValueError: ``cluster`` is not of that form, or one of ``classes`` cannot be sent to workers; nothing was
            computed.
        KeyboardInterrupt: finished jobs are on disk, and the next run goes on from there.
    """
    folder = Path(folder)
    check_writable(folder)
    outcome = Outcome(folder)
    with naming(classes), alone(folder, shard):
        remove_leftovers(folder)
        if not replace:
            check_same_study(folder, study)
        planned = jobs_of(study)
        note_unusable(folder, damaged)
        write_manifest(folder, study, planned)
        unique = list({job.key: job for job in planned}.values())[shard[0] - 1 :: shard[1]]

        def end(done: Done) -> None:
            outcome.done.append(done)
            report(done)

        expect(len(unique))
        todo: dict[str, Job] = {}
        for job in unique:
            if _stands(folder, job, damaged):
                end(Done(job, "kept"))
            else:
                todo[job.key] = job
        if todo:
            _compute(folder, todo, end, jobs, cluster, classes)
    return outcome


def _compute(
    folder: Path,
    todo: dict[str, Job],
    end: Callable[[Done], None],
    jobs: int,
    cluster: str | None,
    classes: Mapping[str, type[Any]],
) -> None:
    """Compute and store the jobs ``todo``, by key, and take each out when it has ended."""
    here = jobs != 1 and cluster is None and is_current(OURS)  # else jobs of ours are none of this process's
    ours = {key for key, job in todo.items() if here and job.packages and job.packages <= set(OURS)}
    with workers(jobs, cluster, classes, copies=len(ours) == len(todo)) as parallel:

        def work(keys: Sequence[str]) -> None:
            with closing(parallel(_work, [(key, todo[key]) for key in keys])) as found:
                for key, (done, result) in found:
                    del todo[key]
                    end(_keep(folder, done, result))

        begun = time.monotonic()
        light = [key for key, job in todo.items() if key in ours and job.count * job.horizon <= LIGHT]
        for n, key in enumerate(light):
            spent = time.monotonic() - begun
            if spent > FIRST and spent * len(todo) > FIRST * n:  # at the pace so far
                break
            end(_keep(folder, *_work(todo.pop(key))))
        while todo:
            try:
                work(list(todo))
            except BrokenProcessPool as broken:  # on one of the jobs that were under way: each by itself, then
                for key in [broken.key] if isinstance(broken, DiedError) else _under_way(todo, jobs):
                    try:
                        work([key])
                    except BrokenProcessPool as error:
                        text = f"a worker process died, for want of memory perhaps: {error}"
                        end(_failure(folder, Done(todo.pop(key), "failed", error=text)))


def _under_way(todo: Iterable[str], jobs: int) -> list[str]:
    """Those of the jobs to be done that joblib may have under way."""
    from joblib import effective_n_jobs

    return list(todo)[: AHEAD * effective_n_jobs(jobs)]


def _work(job: Job) -> tuple[Done, JobResult]:
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
            result = run_job(job, watch)
        except KeyboardInterrupt:
            raise
        except BaseException:  # SystemExit of somebody else's code, too
            seconds = time.perf_counter() - start - watching
            return Done(job, "failed", seconds, traceback.format_exc()), ({}, {})
    seconds = time.perf_counter() - start - watching
    told = distinct(str(w.message) for w in caught)
    return Done(job, "computed", seconds, warnings=told, kept=max(kept, default=None)), result


def _keep(folder: Path, done: Done, result: JobResult) -> Done:
    """Write a result, or what went wrong.

    Raises:
        OSError: the disk is full, or takes nothing more.
    """
    key = done.job.key
    if done.error:
        return _failure(folder, done)
    try:
        write_job(folder, key, *result)
    except OSError as error:
        if error.errno not in FULL:
            check_writable(folder)
            text = f"the result could not be written: {error}"
            return _failure(folder, Done(done.job, "failed", done.seconds, text))
        what = f"cannot write {job_file(folder, key)}: {error.strerror}; finished jobs are in {folder}"
        raise OSError(error.errno, f"{what}: make space, and the same call goes on from there") from error
    with suppress(OSError):  # without them, nothing is wrong with the result
        remove_error(folder, key)
        write_json(
            timing_file(folder, key),
            {"seconds": done.seconds, "replicates": done.job.count, "bytes_kept": done.kept},
        )
    return done


def _failure(folder: Path, done: Done) -> Done:
    """Leave word of a failure for whoever reads the folder later, if the disk takes it."""
    with suppress(OSError):
        write_json(error_file(folder, done.job.key), {"error": done.error})
    return done


def _stands(folder: Path, job: Job, damaged: Callable[[str], None]) -> bool:
    """Whether the job's result is on disk and whole; a damaged one is reported, and stands until it is replaced."""
    try:
        check_job(folder, job.key)
    except FileNotFoundError:
        return False
    except DamagedError as error:
        damaged(f"{error}; {job.title} is computed again")
        return False
    timing = timing_file(folder, job.key)
    try:
        check_json(timing, folder)
    except FileNotFoundError:
        return True
    except DamagedError as error:
        damaged(f"{error}; what {job.title} took is not known")
        with suppress(OSError):
            timing.unlink()
    return True
