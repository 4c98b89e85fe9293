"""Running a study: cells through joblib, on disk as they finish, with progress and a list of what failed."""

from __future__ import annotations

import platform
import sys
import time
import traceback
import warnings
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from experiments.cells import Cell, cells_of, run_cell
from experiments.store import (
    DamagedError,
    cell_file,
    check_writable,
    read_cell,
    read_json,
    write_cell,
    write_json,
)
from experiments.study import Study

PACKAGES = ("regretlab", "numpy", "scipy", "numba", "gymnasium", "joblib")


@dataclass(frozen=True)
class Done:
    """What became of a cell.

    Attributes:
        cell: the cell.
        status: "computed", "kept" (its result stood on disk) or "failed".
        seconds: wall-clock time in the worker.
        error: what went wrong, with the traceback; empty otherwise.
        warnings: distinct warnings raised on the way.
    """

    cell: Cell
    status: str
    seconds: float = 0.0
    error: str = ""
    warnings: tuple[str, ...] = ()


@dataclass
class Outcome:
    """What became of a study.

    Attributes:
        folder: where its results are.
        done: all cells, in the order in which they ended.
    """

    folder: Path
    done: list[Done] = field(default_factory=list)

    @property
    def failed(self) -> list[Done]:
        """The cells that failed."""
        return [d for d in self.done if d.status == "failed"]


def run(
    study: Study,
    folder: Path | str,
    jobs: int = -1,
    report: Callable[[Done], None] = lambda done: None,
    damaged: Callable[[str], None] = warnings.warn,
) -> Outcome:
    """Compute every cell of ``study`` that does not stand in ``folder`` yet.

    Args:
        study: what to run.
        folder: where results go; made if need be.
        jobs: processes at once; -1 for one a core. Numbers do not depend on it.
        report: called with each cell when it is done.
        damaged: called with a message for each damaged file found; its cell is computed again.

    Returns:
        What became of each cell. A cell that fails leaves the others alone. Cells that are the same piece of work
        (two panels with one and the same policy and world) are computed once and counted once.

    Raises:
        OSError: ``folder`` cannot be written; nothing was computed.
        KeyboardInterrupt: finished cells are on disk, and the next run goes on from there.
    """
    from joblib import Parallel, delayed

    folder = Path(folder)
    check_writable(folder)
    for stray in (folder / "cells").glob(".part-*"):
        stray.unlink(missing_ok=True)
    outcome = Outcome(folder)
    keyed = [(cell.key, cell) for cell in cells_of(study)]
    _write_manifest(folder, study, keyed)
    unique: dict[str, Cell] = {}
    for key, cell in keyed:
        if key not in unique and _stands(folder, key, cell, damaged):
            outcome.done.append(Done(cell, "kept"))
            report(outcome.done[-1])
        else:
            unique[key] = cell
    if jobs == 1:
        finished: Iterable[Done] = (_work(key, cell, folder, ()) for key, cell in unique.items())
    else:
        parallel = Parallel(n_jobs=jobs, return_as="generator_unordered", inner_max_num_threads=1)
        work = (delayed(_work)(key, cell, folder, tuple(sys.path)) for key, cell in unique.items())
        finished = parallel(work) if unique else ()
    for done in finished:
        outcome.done.append(done)
        report(done)
    return outcome


def _work(key: str, cell: Cell, folder: Path, path: Sequence[str]) -> Done:
    """Compute one cell and write it. Runs in a worker, which finds modules as its parent does; errors come as data."""
    sys.path.extend(entry for entry in path if entry not in sys.path)
    start = time.perf_counter()
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("default")
        try:
            arrays, facts = run_cell(cell)
            seconds = time.perf_counter() - start
            write_cell(folder, key, arrays, facts)
            write_json(_timing_file(folder, key), {"seconds": seconds, "replicates": cell.count})
        except Exception:
            return Done(cell, "failed", time.perf_counter() - start, traceback.format_exc())
    return Done(cell, "computed", seconds, warnings=tuple(dict.fromkeys(str(w.message) for w in caught)))


def seconds_per_replicate(folder: Path, cells: Sequence[str]) -> float | None:
    """Mean seconds a replicate took in the cells of these keys, or None where no timing is on file."""
    seconds, replicates = 0.0, 0
    for key in cells:
        try:
            timing = read_json(_timing_file(folder, key))
        except (OSError, DamagedError):
            continue
        seconds, replicates = seconds + timing["seconds"], replicates + timing["replicates"]
    return seconds / replicates if replicates else None


def _timing_file(folder: Path, key: str) -> Path:
    return folder / "timings" / f"{key}.json"


def _stands(folder: Path, key: str, cell: Cell, damaged: Callable[[str], None]) -> bool:
    """Whether the cell's result is on disk and whole; a damaged one is reported and taken out of the way."""
    try:
        read_cell(folder, key)
    except FileNotFoundError:
        return False
    except DamagedError as error:
        damaged(f"{error}; {cell.title} is computed again")
        cell_file(folder, key).unlink(missing_ok=True)
        return False
    return True


def _write_manifest(folder: Path, study: Study, keyed: Sequence[tuple[str, Cell]]) -> None:
    manifest = {
        "study": study.model_dump(),
        "cells": [
            {"key": key, "panel": c.panel, "policy": c.label or None, "first": c.first, "count": c.count}
            for key, c in keyed
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
