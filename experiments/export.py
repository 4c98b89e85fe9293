"""Results for other programs: Parquet and CSV tables, netCDF for xarray, LaTeX tables."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from experiments.results import PanelResult, Results
from experiments.tables import latex

if TYPE_CHECKING:
    import xarray

FORMATS = ("csv", "parquet", "netcdf", "latex")


def export(results: Results, folder: Path, kind: str) -> list[Path]:
    """Write every finished panel to a file of its own.

    Args:
        results: what to write.
        folder: where the files go; made if need be.
        kind: "csv" or "parquet" (a row for each policy, replicate and checkpoint, with the ledger's series and every
            regret), "netcdf" (see ``dataset``), or "latex" (the table of final regrets).

    Returns:
        The files.

    Raises:
        ImportError: the extra ``export`` is not installed; the message says so.
        OSError: ``folder`` cannot be written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    endings = {"csv": "csv", "parquet": "parquet", "netcdf": "nc", "latex": "tex"}
    written = []
    for name, panel in results.panels.items():
        if panel.series and panel.notions and len(panel.replicates):
            path = folder / f"{name}.{endings[kind]}"
            try:
                _WRITERS[kind](results, panel, path)
            except ImportError as error:
                raise ImportError(f"{kind} needs pip install 'regretlab[export]': {error}") from error
            written.append(path)
    return written


def dataset(panel: PanelResult) -> xarray.Dataset:
    """A panel as an xarray dataset with the dimensions ``policy``, ``replicate`` and ``round``.

    Variables: the ledger's series and ``regret_<notion>`` [policy, replicate, round], and ``comparator_<name>``
    [replicate, round].
    """
    import xarray

    labels = list(panel.series)
    shared = [name for name in panel.series[labels[0]] if all(name in panel.series[label] for label in labels)]
    curves = {name: np.stack([panel.series[label][name] for label in labels]) for name in shared}
    for notion in panel.notions:
        curves[f"regret_{notion.name}"] = np.stack([panel.regret(label, notion.name) for label in labels])
    variables: dict[str, Any] = {name: (("policy", "replicate", "round"), values) for name, values in curves.items()}
    for name, values in panel.comparators.items():
        variables[f"comparator_{name}"] = (("replicate", "round"), values)
    coordinates = {"policy": labels, "replicate": panel.replicates, "round": panel.times}
    result = xarray.Dataset(variables, coordinates, {"title": panel.panel.title or panel.panel.name})
    for notion in panel.notions:
        result[f"regret_{notion.name}"].attrs = {"long_name": notion.label, "units": notion.unit}
    return result


def _columns(panel: PanelResult) -> dict[str, Any]:
    """The long table as columns."""
    labels, (n, c) = list(panel.series), (len(panel.replicates), len(panel.times))
    names = list(dict.fromkeys(name for series in panel.series.values() for name in series))
    columns: dict[str, Any] = {
        "policy": np.repeat(labels, n * c),
        "replicate": np.tile(np.repeat(panel.replicates, c), len(labels)),
        "round": np.tile(panel.times, len(labels) * n),
    }
    for name in names:
        parts = [panel.series[label].get(name, np.full((n, c), np.nan)).ravel() for label in labels]
        columns[name] = np.concatenate(parts)
    for notion in panel.notions:
        columns[f"regret_{notion.name}"] = np.concatenate([panel.regret(lb, notion.name).ravel() for lb in labels])
    return columns


def _rows(columns: dict[str, Any]) -> Iterator[Sequence[Any]]:
    yield list(columns)
    yield from zip(*(values.tolist() for values in columns.values()), strict=True)


def _csv(results: Results, panel: PanelResult, path: Path) -> None:
    with open(path, "w", newline="", encoding="utf-8") as stream:
        csv.writer(stream).writerows(_rows(_columns(panel)))


def _parquet(results: Results, panel: PanelResult, path: Path) -> None:
    import pyarrow
    import pyarrow.parquet

    pyarrow.parquet.write_table(pyarrow.table(_columns(panel)), path)


def _netcdf(results: Results, panel: PanelResult, path: Path) -> None:
    dataset(panel).to_netcdf(path, engine="h5netcdf")


def _latex(results: Results, panel: PanelResult, path: Path) -> None:
    path.write_text(latex(panel, results.study.confidence), encoding="utf-8")


_WRITERS = {"csv": _csv, "parquet": _parquet, "netcdf": _netcdf, "latex": _latex}
