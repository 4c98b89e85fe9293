"""Joining the folders of shards into one."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from experiments.run.files import write
from experiments.run.store import (
    DamagedError,
    check_job,
    check_writable,
    error_file,
    job_file,
    read_manifest,
    timing_file,
    write_json,
)


def merge(folders: Sequence[Path], out: Path) -> list[str]:
    """Gather the jobs of several runs of one study, on whatever machines they ran, in one folder.

    Args:
        folders: folders of results with the same study and the same code.
        out: where the gathered results go; may be one of them.

    Returns:
        The jobs that none of the folders has whole, one line each, with the damaged files if there are such. Where a
        job failed, its error is gathered too.

    Raises:
        ValueError: the folders, ``out`` among them if it holds results, hold different studies, or results of
            different code; nothing was written.
        OSError: a folder has no manifest, or ``out`` cannot be written.
        DamagedError: a manifest is damaged; nothing was written.
    """
    folders = [*folders, *([out] if (out / "manifest.json").exists() and out not in folders else [])]
    manifests = [read_manifest(folder) for folder in folders]
    for folder, manifest in zip(folders, manifests, strict=True):
        for part, what in (("study", "another study"), ("jobs", "results of other code")):
            if manifest[part] != manifests[0][part]:
                raise ValueError(f"{folder} holds {what} than {folders[0]}: these cannot be merged")
    check_writable(out)
    write_json(out / "manifest.json", manifests[0])
    missing = []
    for job in manifests[0]["jobs"]:
        found = next((f for f in [out, *folders] if _is_whole(f, job["key"])), None)
        if found is None:
            batch = f"replicates {job['first']}..{job['first'] + job['count'] - 1}"
            damaged = [str(job_file(f, job["key"])) for f in folders if job_file(f, job["key"]).is_file()]
            why = f": damaged in {', '.join(damaged)}" if damaged else ""
            missing.append(f"{job['experiment']} · {job['policy'] or 'comparators'} · {batch}{why}")
            for folder in folders:
                _copy(error_file(folder, job["key"]), error_file(out, job["key"]))
            continue
        if found != out:
            for name in (job_file, timing_file):
                _copy(name(found, job["key"]), name(out, job["key"]))
    return missing


def _is_whole(folder: Path, key: str) -> bool:
    try:
        check_job(folder, key)
    except (FileNotFoundError, DamagedError):
        return False
    return True


def _copy(source: Path, target: Path) -> None:
    if source.is_file() and source != target:
        write(target, source.read_bytes())
