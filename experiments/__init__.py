"""Experiments: study files, the runner, results, statistics, figures and the command line.

``experiments.load(folder)`` reads what ``regretlab run`` left in a folder.
"""

from __future__ import annotations

from typing import Any

__all__ = ["load", "load_study", "run"]


def __getattr__(name: str) -> Any:
    if name == "load":
        from experiments.analysis.results import load

        return load
    if name == "load_study":
        from experiments.study.config import load_study

        return load_study
    if name == "run":
        from experiments.run.runner import run

        return run
    raise AttributeError(f"module 'experiments' has no attribute {name!r}")
