"""Joining the folders of shards into one."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from experiments.store import (
    DamagedError,
    cell_file,
    check_writable,
    error_file,
    read_cell,
    read_manifest,
    timing_file,
    write,
    write_json,
)


def merge(folders: Sequence[Path], out: Path) -> list[str]:
    """Gather the cells of several runs of one study, on whatever machines they ran, in one folder.

    Args:
        folders: folders of results with the same study and the same code.
        out: where the gathered results go; may be one of them.

    Returns:
        The cells that none of the folders has whole, one line each, with the damaged files if there are such. Where a
        cell failed, its error is gathered too.

    Raises:
        ValueError: the folders, ``out`` among them if it holds results, hold different studies, or results of
            different code; nothing was written.
        OSError: a folder has no manifest, or ``out`` cannot be written.
        DamagedError: a manifest is damaged; nothing was written.
    """
    folders = [*folders, *([out] if (out / "manifest.json").exists() and out not in folders else [])]
    manifests = [read_manifest(folder) for folder in folders]
    for folder, manifest in zip(folders, manifests, strict=True):
        for part, what in (("study", "another study"), ("cells", "results of other code")):
            if manifest[part] != manifests[0][part]:
                raise ValueError(f"{folder} holds {what} than {folders[0]}: these cannot be merged")
    check_writable(out)
    write_json(out / "manifest.json", manifests[0])
    missing = []
    for cell in manifests[0]["cells"]:
        found = next((f for f in [out, *folders] if _is_whole(f, cell["key"])), None)
        if found is None:
            block = f"replicates {cell['first']}..{cell['first'] + cell['count'] - 1}"
            damaged = [str(cell_file(f, cell["key"])) for f in folders if cell_file(f, cell["key"]).is_file()]
            why = f": damaged in {', '.join(damaged)}" if damaged else ""
            missing.append(f"{cell['panel']} · {cell['policy'] or 'comparators'} · {block}{why}")
            for folder in folders:
                _copy(error_file(folder, cell["key"]), error_file(out, cell["key"]))
            continue
        if found != out:
            for name in (cell_file, timing_file):
                _copy(name(found, cell["key"]), name(out, cell["key"]))
    return missing


def _is_whole(folder: Path, key: str) -> bool:
    try:
        read_cell(folder, key)
    except (FileNotFoundError, DamagedError):
        return False
    return True


def _copy(source: Path, target: Path) -> None:
    if source.is_file() and source != target:
        write(target, source.read_bytes())
