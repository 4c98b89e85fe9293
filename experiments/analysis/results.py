"""Reading back what a run left in a folder, as arrays."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bandits.contract import Array, Bound
from environments.contract import Regret
from experiments.analysis.curves import ExperimentResult
from experiments.analysis.prices import Price, price
from experiments.analysis.search import choose, entries
from experiments.run.jobs import checkpoints
from experiments.run.manifest import read_manifest
from experiments.run.store import DamagedError, error_file, job_file, read_job, read_json
from experiments.run.theory import Means, from_json
from experiments.study.model import Component, Experiment, Study

_Batch = tuple[int, dict[str, Array], dict[str, Any]]
"""First replicate of a job, its arrays, and what JSON says about them."""


@dataclass(frozen=True)
class Results:
    """A study and the results of its experiments, by name."""

    folder: Path
    study: Study
    experiments: Mapping[str, ExperimentResult]
    manifest: Mapping[str, Any]


def load(folder: Path | str) -> Results:
    """Read the results that ``regretlab run`` left in ``folder``.

    Jobs that are missing or damaged are left out and named in ``ExperimentResult.missing``: an experiment keeps the
    policies that have any replicate, and the replicates that all of these and the comparators have.

    Raises:
        FileNotFoundError: no manifest in ``folder``.
        DamagedError: as ``read_manifest``, or the bounds of a policy differ between its jobs.

    Example:
        >>> import tempfile
        >>> import experiments
        >>> from experiments.run.runner import run
        >>> from experiments.study.config import parse_study
        >>> study = parse_study('''
        ... name: tiny
        ... seed: 1
        ... experiments:
        ...   - name: two
        ...     environment: {name: bernoulli, parameters: {means: [0.3, 0.7]}}
        ...     horizon: 100
        ...     replicates: 4
        ...     policies: [ucb1]
        ... ''')
        >>> folder = tempfile.mkdtemp()
        >>> outcome = run(study, folder, jobs=1)
        >>> result = experiments.load(folder).experiments["two"]
        >>> result.regret("ucb1").shape == (4, len(result.times))
        True
    """
    folder = Path(folder)
    manifest = read_manifest(folder)
    study = manifest.study
    jobs: dict[str, list[dict[str, Any]]] = {}
    for job in manifest.data["jobs"]:
        jobs.setdefault(job["experiment"], []).append(job)
    try:
        found = {e.name: _load_experiment(folder, study, e, jobs.get(e.name, [])) for e in manifest.experiments}
    except DamagedError as error:
        raise DamagedError(f"{folder}: {error}") from None
    except (LookupError, ValueError, TypeError, AttributeError) as error:
        what = f"the results are not those of its study: {type(error).__name__}: {error}"
        raise DamagedError(f"{folder}: {what}") from error
    return Results(folder, study, found, manifest.data)


def _load_experiment(
    folder: Path, study: Study, experiment: Experiment, jobs: list[dict[str, Any]]
) -> ExperimentResult:
    batches: dict[str, list[_Batch]] = {}
    keys: dict[str, list[str]] = {}
    missing: list[str] = []
    times = checkpoints(study.checkpoints, experiment.horizon)
    for job in jobs:
        label = job["policy"] or ""
        try:
            arrays, about = read_job(folder, job["key"])
            wanted = [study.seed, job["first"], job["count"], study.checkpoints, experiment.horizon]
            if about.get("job") != wanted or not _fit(arrays, job["count"], len(times)):
                raise DamagedError(f"{job_file(folder, job['key'])} holds the result of another job: remove it")
        except (FileNotFoundError, DamagedError) as error:
            what = f"{error}" if isinstance(error, DamagedError) else _why(folder, job["key"])
            last = job["first"] + job["count"] - 1
            missing.append(f"{label or 'comparators'}, replicates {job['first']}..{last}: {what}")
            continue
        batches.setdefault(label, []).append((job["first"], arrays, about))
        keys.setdefault(label, []).append(job["key"])
    prices = {label: price(folder, keys.get(label, ()), missing.append) for label in dict.fromkeys(["", *batches])}
    titles = {p.title: p.title for p in experiment.policies}
    result = assemble(experiment, times, batches, titles, prices)
    if missing:
        result = replace(result, missing=tuple(missing))
    if experiment.search is None:
        return result
    cut = experiment.search.tuning
    whole = {label for label, found in batches.items() if set(range(cut)) <= set(_replicates(found))}
    tuning = {label: [b for b in batches[label] if b[0] < cut] for label in whole}
    chosen = choose(result, assemble(experiment, times, tuning, titles, prices))
    for entry, labels in entries(experiment).items():
        lacking = [label or "comparators" for label in ("", *labels) if label not in whole]
        if entry not in labels and entry not in chosen:
            missing.append(f"{entry}: nothing is chosen, as not all tuning replicates are there: {', '.join(lacking)}")
    result = replace(result, missing=tuple(missing), chosen=chosen)
    held_out = {label: [b for b in found if b[0] >= cut] for label, found in batches.items()}
    policies = [
        Component(name=p.name, label=entry, parameters=p.parameters)
        for entry, label in chosen.items()
        for p in experiment.policies
        if p.title == label
    ]
    shown = assemble(experiment.model_copy(update={"policies": policies}), times, held_out, chosen, prices)
    return replace(shown, missing=tuple(missing), candidates=result)


def assemble(
    experiment: Experiment,
    times: NDArray[np.int64],
    batches: Mapping[str, list[_Batch]],
    names: Mapping[str, str],
    prices: Mapping[str, Price],
) -> ExperimentResult:
    """The results of an experiment, of those of its policies that have a batch, on their common replicates.

    Args:
        experiment: what was run.
        times: [n_checkpoints] rounds.
        batches: label to what its jobs found, each with its first replicate; those of the environment under the empty
            label.
        names: of the policies: shown name to label.
        prices: label to what its jobs took.

    Raises:
        DamagedError: the bounds of a policy differ between its batches.
    """
    labels = {shown: label for shown, label in names.items() if batches.get(label)}
    shared = batches.get("", [])
    common = sorted(
        set.intersection(set(_replicates(shared)), *(set(_replicates(batches[lb])) for lb in labels.values()))
    )
    return ExperimentResult(
        experiment=experiment,
        times=times,
        replicates=np.array(common, dtype=np.int64),
        series={shown: _stack(batches[label], "series/", common) for shown, label in labels.items()},
        comparators=_stack(shared, "comparator/", common),
        clocks=_stack(shared, "clock/", common),
        limits=_limits(shared),
        regrets=tuple(Regret(**about) for about in shared[0][2]["regrets"]) if shared else (),
        bounds={shown: _bounds(label, times, _with(batches[label], common)) for shown, label in labels.items()},
        varying={shown: _varying(batches[label], common) for shown, label in labels.items()},
        lower_bounds=_bounds("", times, _with(shared, common)),
        prices={"": prices[""], **{shown: prices[label] for shown, label in labels.items()}},
        certain=frozenset(
            shown for shown, label in labels.items() if not any(part[2].get("random", True) for part in batches[label])
        ),
        clairvoyant=frozenset(shown for shown, label in labels.items() if batches[label][0][2]["clairvoyant"]),
    )


def _with(parts: list[_Batch], replicates: list[int]) -> list[_Batch]:
    """The batches that hold one of the replicates; all, if there are no replicates."""
    if len(parts) == 1:
        return parts
    wanted = set(replicates)
    return [part for part in parts if not wanted.isdisjoint(_replicates([part]))] or parts


def _fit(arrays: Mapping[str, Array], count: int, n_times: int) -> bool:
    """Whether the arrays of a job are of so many replicates, and all of them of so many times."""
    for name, values in arrays.items():
        rows = 2 if name.startswith("limit/") else count
        if values.shape != (rows, n_times) and not (name.startswith("bound/") and values.shape == (n_times,)):
            return False
    return True


def _why(folder: Path, key: str) -> str:
    """Why a job has no result: the error by which it failed, without its traceback, if word of one was left."""
    try:
        lines = read_json(error_file(folder, key), folder)["error"].splitlines()
    except DamagedError as error:
        return f"no result; {error}"
    except (OSError, LookupError, TypeError, AttributeError):
        return "no result"
    last = max((i for i, line in enumerate(lines) if line.startswith("  ")), default=-1)
    return f"failed: {', '.join(lines[last + 1 :])}"


def _replicates(parts: list[_Batch]) -> list[int]:
    return [replicate for first, arrays, _ in parts for replicate in range(first, first + _count(arrays))]


def _count(arrays: Mapping[str, Array]) -> int:
    for name, values in arrays.items():
        if not name.startswith(("bound/", "limit/")):
            return len(values)
    return 0


def _stack(parts: list[Any], prefix: str, common: list[int]) -> dict[str, Array]:
    if not parts:
        return {}
    names = [name for name in parts[0][1] if name.startswith(prefix)]
    if not names:
        return {}
    if len(parts) == 1 and common == _replicates(parts):  # all of the only batch
        return {name[len(prefix) :]: parts[0][1][name].copy() for name in names}
    rows = _rows(parts, common)
    return {name[len(prefix) :]: np.concatenate([p[1][name] for p in parts])[rows] for name in names}


def _rows(parts: list[_Batch], common: list[int]) -> list[int]:
    """Where these replicates stand in all batches, one after the other."""
    order = {replicate: row for row, replicate in enumerate(_replicates(parts))}
    return [order[replicate] for replicate in common]


def _varying(parts: list[_Batch], common: list[int]) -> dict[tuple[str, str], Array]:
    """Curves [n_replicates, n_times] of the bounds that are not the same in all replicates, by name and class."""
    found = {}
    for i, about in enumerate(parts[0][2]["bounds"]):
        curves = [arrays[f"bound/{i}"] for _, arrays, _ in parts]
        if any(curve.ndim > 1 for curve in curves) or not all(np.array_equal(c, curves[0]) for c in curves[1:]):
            whole = [np.broadcast_to(c, (_count(part[1]), c.shape[-1])) for c, part in zip(curves, parts, strict=True)]
            found[about["name"], about["comparator_class"]] = np.concatenate(whole)[_rows(parts, common)]
    return found


def _limits(parts: list[_Batch]) -> dict[str, Array]:
    """Limits [2, n_times] of the regret by each definition, of all batches."""
    found: dict[str, Array] = {}
    for _, arrays, _ in parts:
        for name, ends in ((n[len("limit/") :], a) for n, a in arrays.items() if n.startswith("limit/")):
            if name not in found:
                found[name] = ends.copy()
                continue
            low, high = found[name]
            found[name] = np.stack([np.minimum(ends[0], low), np.maximum(ends[1], high)])
    return found


def _bounds(label: str, times: NDArray[np.int64], parts: list[_Batch]) -> tuple[Bound, ...]:
    """Bounds of all batches, each the mean over the batches by their replicates.

    Raises:
        DamagedError: the bounds differ between the batches.
    """
    means = Means(rounds := times.astype(np.float64))
    for first, arrays, about in parts:
        curves = [arrays[f"bound/{i}"] for i in range(len(about["bounds"]))]
        values = [curve.mean(axis=0) if curve.ndim > 1 else curve.copy() for curve in curves]
        found = [from_json(bound, rounds, curve) for bound, curve in zip(about["bounds"], values, strict=True)]
        if len(parts) == 1:
            return tuple(found)
        n = _count(arrays)
        try:
            means.add(found, values, n, f"replicates {first}..{first + n - 1}")
        except ValueError as error:
            raise DamagedError(f"{label or 'comparators'}: {error}") from None
    return means.result()
