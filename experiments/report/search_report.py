"""The section of the report about a search, as plain data for the template ``search.html``."""

from __future__ import annotations

import math
from typing import Any

from experiments.analysis.search import Scored, Searched, SearchResult, sentence
from experiments.analysis.statistics import Interval
from experiments.study.axes import text_of


def search_section(result: SearchResult) -> dict[str, Any]:
    """What the report says of a search, without its figures."""
    return {
        "tuning": len(result.tuning),
        "held_out": len(result.held_out),
        "score": result.score,
        "unit": result.unit,
        "policies": [
            {
                "entry": entry,
                "text": sentence(found),
                "candidates": [_candidate(c, found) for c in sorted(found.candidates, key=lambda c: c.tuning.value)],
            }
            for entry, found in result.policies.items()
        ],
    }


def _candidate(candidate: Scored, found: Searched) -> dict[str, Any]:
    roles = [("chosen", found.chosen), ("first", found.first)]
    return {
        "text": ", ".join(f"{name}={text_of(value)}" for name, value in candidate.point.items()),
        "tuning": _interval(candidate.tuning),
        "held_out": _interval(candidate.held_out),
        "share": candidate.share,
        "role": ", ".join(role for role, one in roles if one is candidate),
    }


def _interval(interval: Interval) -> dict[str, float | None]:
    return {
        "value": interval.value,
        "low": None if math.isnan(interval.low) else interval.low,
        "high": None if math.isnan(interval.high) else interval.high,
    }
