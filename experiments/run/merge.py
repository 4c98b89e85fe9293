"""Joining the folders of shards into one."""

from __future__ import annotations

import os
import warnings
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from experiments.run.files import write
from experiments.run.manifest import manifest_file, read_manifest
from experiments.run.store import (
    DamagedError,
    check_job,
    check_json,
    check_writable,
    error_file,
    job_file,
    timing_file,
    write_json,
)


def merge(folders: Sequence[Path], out: Path, note: Callable[[str], None] = warnings.warn) -> list[str]:
    """Gather the jobs of several runs of one study, on whatever machines they ran, in one folder.

    Args:
        folders: folders of results with the same jobs: of the same study, but for figures and texts, and the same code.
        out: where the gathered results go; may be one of them. Nothing is written outside of it.
        note: called with a message where the studies differ in figures or texts; those of the first folder are kept.

    Returns:
        The jobs that none of the folders has whole, one line each, with the damaged files if there are such. Where a
        job failed, its error is gathered too.

    Raises:
        ValueError: the folders, ``out`` among them if it holds results, hold different studies, or results of
            different code; nothing was written.
        OSError: a folder has no manifest, or ``out`` cannot be written.
        DamagedError: a manifest is damaged; nothing was written.
    """
    folders = [*folders, *([out] if os.path.lexists(manifest_file(out)) and out not in folders else [])]
    manifests = [read_manifest(folder).data for folder in folders]
    first = manifests[0]
    for folder, manifest in zip(folders, manifests, strict=True):
        here, there = manifest["study"], first["study"]
        if manifest["jobs"] != first["jobs"]:
            what = "results of other code" if here == there else "another study"
            raise ValueError(f"{folder} holds {what} than {folders[0]}: these cannot be merged")
        if differ := [part for part in there if here.get(part) != there[part]]:
            note(f"{folder} has other {', '.join(differ)} than {folders[0]}, whose are kept")
    check_writable(out)
    write_json(manifest_file(out), first)
    return [line for job in first["jobs"] if (line := _gather(job["key"], folders, out, _title(job)))]


def _title(job: dict[str, Any]) -> str:
    batch = f"replicates {job['first']}..{job['first'] + job['count'] - 1}"
    return f"{job['experiment']} · {job['policy'] or 'comparators'} · {batch}"


def _gather(key: str, folders: Sequence[Path], out: Path, title: str) -> str:
    """Copy a job's result from the first folder that has it whole; what to say if none has, or it cannot be placed."""
    damaged: list[Path] = []
    for folder in [out, *folders]:
        try:
            content = check_job(folder, key)
        except FileNotFoundError:
            continue
        except DamagedError:
            damaged.append(folder)
            continue
        if folder != out:
            try:
                write(job_file(out, key), content)
            except IsADirectoryError:
                return f"{title}: {job_file(out, key)} is a folder"
            _copy(timing_file, key, folder, out)
        return ""
    for folder in folders:
        _copy(error_file, key, folder, out)
    places = [str(job_file(folder, key)) for folder in folders if folder in damaged]
    return title + (f": damaged in {', '.join(places)}" if places else "")


def _copy(file: Callable[[Path, str], Path], key: str, folder: Path, out: Path) -> None:
    """Copy what stands beside a result, if it is there and whole."""
    if folder != out:
        with suppress(FileNotFoundError, IsADirectoryError, DamagedError):
            write(file(out, key), check_json(file(folder, key), folder))
