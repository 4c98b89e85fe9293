"""Results for other programs: Parquet and CSV tables, netCDF for xarray, LaTeX tables."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from experiments.analysis.curves import ExperimentResult
from experiments.analysis.results import Results
from experiments.report.tables import latex

if TYPE_CHECKING:
    import xarray

FORMATS = ("csv", "parquet", "netcdf", "latex")


def export(results: Results, folder: Path, kind: str) -> list[Path]:
    """Write every finished experiment to a file of its own.

    Args:
        results: what to write.
        folder: where the files go; made if need be.
        kind: "csv" or "parquet" (a row for each policy, replicate and checkpoint, with the metrics and every regret),
            "netcdf" (see ``dataset``), or "latex" (the table of final regrets).

    Returns:
        The files.

    Raises:
        ImportError: the extra ``export`` is not installed; the message says so.
        OSError: ``folder`` cannot be written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    endings = {"csv": "csv", "parquet": "parquet", "netcdf": "nc", "latex": "tex"}
    written = []
    for name, result in results.experiments.items():
        if result.series and result.regrets and len(result.replicates):
            path = folder / f"{name}.{endings[kind]}"
            try:
                _WRITERS[kind](results, result, path)
            except ImportError as error:
                raise ImportError(f"{kind} needs pip install 'regretlab[export]': {error}") from error
            written.append(path)
    return written


def dataset(result: ExperimentResult) -> xarray.Dataset:
    """An experiment as an xarray dataset with the dimensions ``policy``, ``replicate``, ``round`` and ``bound``.

    Variables: the metrics and ``regret_<definition>`` [policy, replicate, round], NaN where a policy has no such;
    ``comparator_<name>`` and ``clock_<name>`` [replicate, round]; ``bound_values`` [bound, round] with the coordinates
    ``bound_name``, ``bound_policy`` (empty: of every policy), ``bound_kind``, ``bound_comparator_class``,
    ``bound_evidence``, ``bound_time``, ``bound_delta`` (NaN: of the expected regret) and ``bound_holds`` along
    ``bound``.
    """
    import xarray

    labels, (n, c) = list(result.series), (len(result.replicates), len(result.times))
    unknown = np.full((n, c), np.nan)
    names = list(dict.fromkeys(name for series in result.series.values() for name in series))
    curves = {name: np.stack([result.series[label].get(name, unknown) for label in labels]) for name in names}
    for regret in result.regrets:
        curves[f"regret_{regret.name}"] = np.stack([result.regret(label, regret.name) for label in labels])
    variables: dict[str, Any] = {name: (("policy", "replicate", "round"), values) for name, values in curves.items()}
    for name, values in result.comparators.items():
        variables[f"comparator_{name}"] = (("replicate", "round"), values)
    for name, values in result.clocks.items():
        variables[f"clock_{name}"] = (("replicate", "round"), values)
    bounds = [(label, b) for label in labels for b in result.bounds[label]] + [("", b) for b in result.lower_bounds]
    coordinates: dict[str, Any] = {"policy": labels, "replicate": result.replicates, "round": result.times}
    if bounds:
        variables["bound_values"] = (("bound", "round"), np.stack([result.curve(b) for _, b in bounds]))
        about = {
            "name": [b.name for _, b in bounds],
            "policy": [label for label, _ in bounds],
            "kind": [b.kind for _, b in bounds],
            "comparator_class": [b.comparator_class for _, b in bounds],
            "evidence": [b.evidence for _, b in bounds],
            "time": [b.time for _, b in bounds],
            "delta": [np.nan if b.delta is None else b.delta for _, b in bounds],
            "holds": [b.holds for _, b in bounds],
        }
        coordinates |= {f"bound_{key}": ("bound", values) for key, values in about.items()}
    made = xarray.Dataset(variables, coordinates, {"title": result.experiment.title or result.experiment.name})
    for regret in result.regrets:
        made[f"regret_{regret.name}"].attrs = {"long_name": regret.label, "units": regret.unit}
    return made


def _columns(result: ExperimentResult) -> dict[str, Any]:
    """The long table as columns."""
    labels, (n, c) = list(result.series), (len(result.replicates), len(result.times))
    names = list(dict.fromkeys(name for series in result.series.values() for name in series))
    columns: dict[str, Any] = {
        "policy": np.repeat(labels, n * c),
        "replicate": np.tile(np.repeat(result.replicates, c), len(labels)),
        "round": np.tile(result.times, len(labels) * n),
    }
    for name in names:
        parts = [result.series[label].get(name, np.full((n, c), np.nan)).ravel() for label in labels]
        columns[name] = np.concatenate(parts)
    for regret in result.regrets:
        columns[f"regret_{regret.name}"] = np.concatenate([result.regret(lb, regret.name).ravel() for lb in labels])
    return columns


def _rows(columns: dict[str, Any]) -> Iterator[Sequence[Any]]:
    yield list(columns)
    yield from zip(*(values.tolist() for values in columns.values()), strict=True)


def _csv(results: Results, result: ExperimentResult, path: Path) -> None:
    with open(path, "w", newline="", encoding="utf-8") as stream:
        csv.writer(stream).writerows(_rows(_columns(result)))


def _parquet(results: Results, result: ExperimentResult, path: Path) -> None:
    import pyarrow
    import pyarrow.parquet

    pyarrow.parquet.write_table(pyarrow.table(_columns(result)), path)


def _netcdf(results: Results, result: ExperimentResult, path: Path) -> None:
    dataset(result).to_netcdf(path, engine="h5netcdf")


def _latex(results: Results, result: ExperimentResult, path: Path) -> None:
    path.write_text(latex(result, results.study.confidence), encoding="utf-8")


_WRITERS = {"csv": _csv, "parquet": _parquet, "netcdf": _netcdf, "latex": _latex}
