"""Joining the folders of shards into one."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path

from experiments.store import cell_file, check_writable, error_file, read_cell, read_manifest, timing_file, write_json


def merge(folders: Sequence[Path], out: Path) -> list[str]:
    """Gather the cells of several runs of one study, on whatever machines they ran, in one folder.

    Args:
        folders: folders of results with the same study and the same code.
        out: where the gathered results go; may be one of them.

    Returns:
        The cells that none of the folders has, one line each. Where one failed, its error is gathered too.

    Raises:
        ValueError: the folders, ``out`` among them if it holds results, hold different studies, or results of
            different code; nothing was written.
        OSError: a folder has no manifest, or ``out`` cannot be written.
        DamagedError: a manifest is damaged, and nothing was written; or a result is, and those before it were gathered.
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
        found = next((f for f in [out, *folders] if cell_file(f, cell["key"]).is_file()), None)
        if found is None:
            block = f"replicates {cell['first']}..{cell['first'] + cell['count'] - 1}"
            missing.append(f"{cell['panel']} · {cell['policy'] or 'comparators'} · {block}")
            for folder in folders:
                _copy(error_file(folder, cell["key"]), error_file(out, cell["key"]))
            continue
        read_cell(found, cell["key"])
        for name in (cell_file, timing_file):
            _copy(name(found, cell["key"]), name(out, cell["key"]))
    return missing


def _copy(source: Path, target: Path) -> None:
    """Copy a file, if there is one and it is not there yet."""
    if source.is_file() and not target.exists():
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(source, target)
