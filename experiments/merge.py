"""Joining the folders of shards into one."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path

from experiments.store import cell_file, check_writable, read_cell, read_manifest, timing_file, write_json


def merge(folders: Sequence[Path], out: Path) -> list[str]:
    """Gather the cells of several runs of one study, on whatever machines they ran, in one folder.

    Args:
        folders: folders of results with the same study and the same code.
        out: where the gathered results go; may be one of them.

    Returns:
        The cells that none of the folders has, one line each.

    Raises:
        ValueError: the folders hold different studies, or results of different code; nothing was written.
        OSError: a folder has no manifest, or ``out`` cannot be written.
        DamagedError: a manifest is damaged, and nothing was written; or a result is, and those before it were gathered.
    """
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
            continue
        read_cell(found, cell["key"])
        if found != out:
            for name in (cell_file, timing_file):
                if name(found, cell["key"]).is_file():
                    name(out, cell["key"]).parent.mkdir(parents=True, exist_ok=True)
                    shutil.copy2(name(found, cell["key"]), name(out, cell["key"]))
    return missing
