"""One self-contained HTML page about all studies in a folder, with links to their reports."""

from __future__ import annotations

import base64
import io
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib import image

from experiments.analysis.findings import counted, findings, study_sentence
from experiments.analysis.results import load
from experiments.report.page import page

WIDTH = 720
"""Pixels of a figure's copy in the page, which shows it half as wide."""


def write_index(folder: Path) -> tuple[Path, list[str]]:
    """Write ``index.html`` about the studies whose results stand in the folders right below ``folder``.

    Runs do not write it themselves, so that several of them may share a folder.

    Returns:
        The page, and a line for each study that cannot be read (no manifest, or a damaged one); the page names them.

    Raises:
        FileNotFoundError: ``folder`` is none, or holds no results.
        OSError: the page cannot be written.
    """
    if not folder.is_dir():
        raise FileNotFoundError(f"{folder} is no folder")
    found = sorted(f for f in folder.iterdir() if (f / "manifest.json").exists() or (f / "jobs").is_dir())
    if not found:
        raise FileNotFoundError(f"no folder in {folder} holds results: run `regretlab run --out {folder}` first")
    studies, unreadable = [], []
    for place in found:
        try:
            studies.append(_study(place))
        except Exception as error:  # one damaged folder, in whatever way, must not hide the others
            text = str(error).replace(f"{place}/", "").replace(str(place), "it") or type(error).__name__
            unreadable.append(f"{place.name}: {' '.join(text.split())[:400]}")
    path = folder / "index.html"
    path.write_text(page("index.html").render(studies=studies, unreadable=unreadable), encoding="utf-8")
    return path, unreadable


def _study(folder: Path) -> dict[str, Any]:
    results = load(folder)
    study, found = results.study, findings(results)
    replicates = sorted({result.experiment.replicates for result in results.experiments.values()})
    return {
        "folder": folder.name,
        "title": study.title or study.name,
        "description": study.description,
        "report": (folder / "report.html").is_file(),
        "figure": _figure(folder / "figures" / f"{study.name}.png"),
        "finding": study_sentence(found),
        "experiments": len(study.experiments),
        "sweeps": len(study.sweeps),
        "points": len(results.experiments) - len(study.experiments),
        "replicates": " to ".join(str(n) for n in dict.fromkeys((replicates[0], replicates[-1]))),
        "bounds": counted((*found.verdicts, *found.sweeps)),
        "contradicted": found.contradicted,
        "missing": found.missing,
        "failed": sum(": failed: " in line for line in found.missing),
        "seconds": sum(price.total for result in results.experiments.values() for price in result.prices.values()),
    }


def _figure(path: Path) -> str:
    """A small copy of a PNG, as a data URL; empty where there is none to be read."""
    try:
        pixels = image.imread(path)
    except (OSError, ValueError, SyntaxError):
        return ""
    step = max(1, round(pixels.shape[1] / WIDTH))
    height, width = (n // step * step for n in pixels.shape[:2])
    blocks = pixels[:height, :width, :3].reshape(height // step, step, width // step, step, 3)
    stream = io.BytesIO()
    image.imsave(stream, np.clip(blocks.mean(axis=(1, 3)), 0.0, 1.0), format="png")
    return f"data:image/png;base64,{base64.b64encode(stream.getvalue()).decode()}"
