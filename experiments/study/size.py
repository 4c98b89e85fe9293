"""How large a study is when all that it stands for is written out, worked out without writing it out."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from typing import Any

from pydantic import ValidationError

from experiments.study import limits
from experiments.study.axes import Path, axes_of
from experiments.study.model import Study


def too_large(study: Mapping[str, Any]) -> Iterator[tuple[Path, str]]:
    """The place of the first experiment with which a study, as plain data, is beyond a limit, and what to say."""
    batch, times = (_whole(study.get(key), Study.model_fields[key].default) for key in ("batch", "checkpoints"))
    experiments = study.get("experiments")
    total = [0, 0, 0]
    for i, entry in enumerate(experiments if isinstance(experiments, list) else ()):
        if not isinstance(entry, dict):
            continue
        where: Path = ("experiments", i)
        replicates, horizons = (_values_of(entry.get(key)) for key in ("replicates", "horizon"))
        if (numbers := min(batch, max(replicates)) * min(times, max(horizons))) > limits.NUMBERS:
            what = f"a batch of replicates times the checkpoints makes {numbers} numbers, at most {limits.NUMBERS}"
            yield where, f"{what} are allowed: lower 'batch' or 'checkpoints'"
            return
        total = [a + b for a, b in zip(total, _counted(entry, replicates, batch), strict=True)]
        for n, (what, most) in zip(total, _MOST.items(), strict=True):
            if n > most:
                yield where, f"the study has {n} {what} up to here, at most {most} are allowed"
                return


_MOST = {
    "values, written out at all points": limits.EXPANDED,
    "policies, at all points": limits.CURVES,
    "jobs (of 'batch' replicates each)": limits.JOBS,
}


def _counted(entry: Mapping[str, Any], replicates: Sequence[int], batch: int) -> tuple[int, int, int]:
    """Values, policies and jobs of an experiment at all points."""
    search, policies = entry.get("search"), entry.get("policies")
    search = search if isinstance(search, dict) else {}
    points, size, played = _points_of({k: v for k, v in entry.items() if k != "policies"}), _size(entry), 0
    for policy in policies if isinstance(policies, list) else ():
        candidates = _points_of(policy)
        size += candidates * _size(policy)
        played += min(candidates, _whole(search.get("candidates"), candidates))
    tuning = _whole(search.get("tuning"), 0)
    batches = [-(-min(tuning, n) // batch) - (-max(n - tuning, 0) // batch) for n in replicates]
    return points * size, points * played, points * (played + 1) * sum(batches) // len(batches)


# What is wrong with a value is told where all is looked at; here it counts once.


def _whole(value: Any, otherwise: int) -> int:
    return value if type(value) is int and value >= 1 else otherwise


def _values_of(value: Any) -> list[int]:
    """The whole numbers that a value stands for, swept or not."""
    with suppress(ValidationError):
        swept = [_whole(v, 1) for axis in axes_of({"value": value}) for v in axis.values]
        return swept or [_whole(value, 1)]
    return [1]


def _points_of(value: Any) -> int:
    with suppress(ValidationError):
        points = math.prod(len(axis.values) for axis in axes_of(value))
        return points if points <= limits.POINTS else 1
    return 1


def _size(value: Any) -> int:
    """Mappings, lists and scalars in it, itself among them."""
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return 1 + sum(map(_size, inner))
