"""Experiments: study files, the runner, results, statistics, figures and the command line.

``experiments.load(folder)`` reads what ``regretlab run`` left in a folder; ``regretlab.run`` runs a study.
"""

from __future__ import annotations

from typing import Any

__all__ = ["load", "load_study"]


def __getattr__(name: str) -> Any:
    if name == "load":
        from experiments.analysis.results import load

        return load
    if name == "load_study":
        from experiments.study.config import load_study

        return load_study
    raise AttributeError(f"module 'experiments' has no attribute {name!r}")
