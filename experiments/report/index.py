"""One self-contained HTML page about all studies in a folder, with links to their reports."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

from experiments.analysis.findings import counted, findings
from experiments.analysis.results import load
from experiments.analysis.sentences import study_sentence
from experiments.report.page import page
from experiments.report.thumbnails import thumbnails
from experiments.run.files import write
from experiments.study.texts import visible


def write_index(folder: Path) -> tuple[Path, list[str]]:
    """Write ``index.html`` about the studies whose results stand in the folders below ``folder``, at any depth.

    Runs do not write it themselves, so that several of them may share a folder.

    Returns:
        The page, and a line for each study that cannot be read (no manifest, or a damaged one); the page names them.

    Raises:
        FileNotFoundError: ``folder`` is none, or holds no results.
        OSError: the page cannot be written.
    """
    if not folder.is_dir():
        raise FileNotFoundError(f"{folder} is no folder")
    found = sorted(_places(folder.absolute()))
    if not found:
        raise FileNotFoundError(f"no folder in {folder} holds results: run `regretlab run --out {folder}` first")
    studies, unreadable = [], []
    for place in found:
        name = place.relative_to(folder.absolute()).as_posix()
        try:
            studies.append(_study(place, name))
        except Exception as error:  # one damaged folder, in whatever way, must not hide the others
            text = _beside(str(error), place) or type(error).__name__
            unreadable.append(visible(f"{name}: {' '.join(text.split())[:400]}"))
    path = folder / "index.html"
    write(path, page("index.html").render(studies=studies, unreadable=unreadable).encode())
    return path, unreadable


def _places(folder: Path) -> Iterator[Path]:
    """The folders of results below ``folder``, none inside another."""
    for path, below, here in os.walk(folder):
        if Path(path) != folder and ("manifest.json" in here or "jobs" in below):
            below.clear()
            yield Path(path)


def _beside(text: str, place: Path) -> str:
    """A text about what is in a folder, as seen from there."""
    return re.sub(rf"(?<![\w/.-]){re.escape(str(place))}(/|(?![\w-]))", lambda m: "" if m[1] else "it", text)


def _study(folder: Path, name: str) -> dict[str, Any]:
    results = load(folder)
    study, found = results.study, findings(results)
    alone = len(study.experiments) - len(study.swept)
    replicates = sorted({result.experiment.replicates for result in results.experiments.values()})
    return {
        "folder": name,
        "link": quote(os.fsencode(name)),
        "title": study.title or study.name,
        "description": study.description,
        "report": (folder / "report.html").is_file(),
        "pictures": thumbnails(found),
        "finding": study_sentence(found),
        "experiments": alone,
        "sweeps": len(study.swept),
        "points": len(results.experiments) - alone,
        "replicates": " to ".join(str(n) for n in dict.fromkeys((replicates[0], replicates[-1]))),
        "bounds": counted((*found.verdicts, *found.sweeps)),
        "contradicted": found.contradicted,
        "missing": found.missing,
        "failed": sum(": failed: " in line for line in found.missing),
        "seconds": sum(price.total for result in results.experiments.values() for price in result.prices.values()),
    }
