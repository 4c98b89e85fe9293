"""Running studies from Python: results come back in memory, and what goes wrong is raised."""

from __future__ import annotations

import os
import re
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from bandits.family import resolve
from experiments.run.jobs import Job
from experiments.run.progress import Progress
from experiments.run.runner import Done, distinct
from experiments.run.runner import run as run_study
from experiments.run.signals import ending_tidily
from experiments.study.config import find, load_study, parse_study, study_of
from experiments.study.model import Study
from regretlab.results import Results, load

Folder = str | os.PathLike[str]


class JobError(RuntimeError):
    """A job failed; no other is started.

    Attributes:
        experiment: name of its experiment.
        policy: label of its policy; empty where the environment's comparators were worked out.
        replicates: the job's.
        replicate: the one in which it failed; None where that is not known.
        traceback: the worker's, as text.
    """

    def __init__(self, job: Job, traceback: str) -> None:
        self.experiment, self.policy, self.traceback = job.experiment, job.label, traceback.rstrip()
        self.replicates = range(job.first, job.first + job.count)
        noted = re.findall(r"^in replicate (\d+), round \d+$", traceback, flags=re.MULTILINE)
        self.replicate = int(noted[-1]) if noted else None
        who = self.policy or "the environment's comparators"
        last = self.replicates[-1]
        where = f"replicate {self.replicate}" if noted else f"replicates {self.replicates[0]}..{last}"
        super().__init__(f"{self.experiment} · {who} failed in {where}:\n\n{self.traceback}")


def run(
    study: Folder | Mapping[str, Any] | Study,
    *,
    changes: Sequence[str] = (),
    out: Folder | None = None,
    jobs: int = -1,
    cluster: str | None = None,
    progress: bool = True,
    replace: bool = False,
) -> Results:
    """Run a study, as ``regretlab run`` does.

    Args:
        study: a study file, the name of a shipped study ("quickstart", "arms/bernoulli"), the text of a study file (of
            several lines), a mapping with the keys of one, or a ``Study``.
        changes: as ``--set`` of the command line: "experiments.arms.horizon=1000".
        out: folder that keeps the results: what stands there is not computed again. None: they are in memory alone.
        jobs: processes at once, -1 for one a core. No number depends on it.
        cluster: address of a dask scheduler (``tcp://host:port``), or ``local:N``, in place of ``jobs``.
        progress: whether to say on standard error, or in a notebook, how far it is.
        replace: take the place of another study in ``out``.

    Raises:
        ValueError: something is wrong with the study, all of it told; nothing was computed.
        FileNotFoundError: no study of that name.
        FileExistsError: ``out`` holds another study, with which this one has no experiment in common; nothing was
            replaced.
        OSError: ``out`` cannot be written or is being written by another run, or no cluster answers, and nothing was
            computed; or the disk is full, and finished jobs are in ``out``.
        JobError: a job failed; finished ones are in ``out``.
        KeyboardInterrupt: finished jobs are in ``out``.
    """
    check_means(out, jobs, cluster)
    if isinstance(changes, str):
        raise ValueError(f"changes must be a list of texts key=value, got the text {changes!r}: write [{changes!r}]")
    if isinstance(study, Study):
        made = study_of(study.model_dump(exclude_defaults=True), changes)
    elif isinstance(study, Mapping):
        made = study_of(study, changes)
    elif isinstance(study, str) and "\n" in study:
        made = parse_study(study, changes=changes)
    elif isinstance(study, str | os.PathLike):
        made = load_study(find(os.fspath(study)), changes)
    else:
        raise ValueError(f"study must be a file, a shipped study's name, a mapping or a Study, got {study!r}")
    texts = {text for text in _texts(made.model_dump()) if text.startswith("__main__:")}
    return compute(made, out, jobs, cluster, progress, {text: resolve(text) for text in texts}, replace)


def _texts(data: Any) -> Iterator[str]:
    """All texts in plain data."""
    if isinstance(data, str):
        yield data
    elif isinstance(data, Mapping | list):
        for value in data.values() if isinstance(data, Mapping) else data:
            yield from _texts(value)


def check_means(out: Any, jobs: Any, cluster: Any) -> None:
    """Check by what means a study is to be run; see ``run``.

    Raises:
        ValueError: one of them cannot be.
    """
    if isinstance(jobs, bool) or not isinstance(jobs, int) or jobs == 0 or jobs < -1:
        raise ValueError(f"jobs must be -1 or a whole number >= 1, got {jobs!r}")
    if not isinstance(out, str | os.PathLike | None):
        raise ValueError(f"out must be a path or None, got {out!r}")
    if not isinstance(cluster, str | None):
        raise ValueError(f"cluster must be an address or None, got {cluster!r}")


def compute(
    study: Study,
    out: Folder | None,
    jobs: int,
    cluster: str | None,
    progress: bool,
    classes: Mapping[str, type[Any]] | None = None,
    replace: bool = False,
) -> Results:
    """Run a study, all of it right; arguments and errors as ``run``.

    Args:
        study: what to run.
        out: see ``run``.
        jobs: see ``run``.
        cluster: see ``run``.
        progress: see ``run``.
        classes: those that workers cannot import, by the names that the study has for them.
        replace: see ``run``.
    """
    with ExitStack() as stack:
        stack.enter_context(ending_tidily())
        stack.enter_context(warnings.catch_warnings())
        warnings.filterwarnings("ignore", ".*still being processed by the workers", UserWarning)  # when a job failed
        folder = Path(out) if out is not None else Path(stack.enter_context(TemporaryDirectory(prefix="regretlab-")))
        shown = stack.enter_context(Progress(study.name)) if progress else None
        said: dict[str, None] = {}

        def report(done: Done) -> None:
            if shown:
                shown.report(done)
            if done.error:
                raise JobError(done.job, done.error)
            said.update(dict.fromkeys(done.warnings))

        try:
            run_study(
                study,
                folder,
                jobs,
                report,
                shown.note if shown else warnings.warn,
                shown.expect if shown else lambda total: None,
                cluster,
                classes=classes or {},
                replace=replace,
            )
        except KeyboardInterrupt as error:
            kept = f"finished jobs are in {folder}, the same call goes on from there"
            error.add_note(f"stopped; {kept}" if out is not None else "stopped; nothing is kept, as no `out` was given")
            raise
        for text in distinct(said):
            warnings.warn(text, stacklevel=3)
        return load(folder)
