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
    """A panel as an xarray dataset with the dimensions ``policy``, ``replicate``, ``round`` and ``bound``.

    Variables: the ledger's series and ``regret_<notion>`` [policy, replicate, round], NaN where a policy has no such;
    ``comparator_<name>`` and ``clock_<name>`` [replicate, round]; ``bound_values`` [bound, round] with the coordinates
    ``bound_name``, ``bound_policy`` (empty: of every policy), ``bound_kind``, ``bound_against`` and ``bound_holds``
    along ``bound``.
    """
    import xarray

    labels, (n, c) = list(panel.series), (len(panel.replicates), len(panel.times))
    unknown = np.full((n, c), np.nan)
    names = list(dict.fromkeys(name for series in panel.series.values() for name in series))
    curves = {name: np.stack([panel.series[label].get(name, unknown) for label in labels]) for name in names}
    for notion in panel.notions:
        curves[f"regret_{notion.name}"] = np.stack([panel.regret(label, notion.name) for label in labels])
    variables: dict[str, Any] = {name: (("policy", "replicate", "round"), values) for name, values in curves.items()}
    for name, values in panel.comparators.items():
        variables[f"comparator_{name}"] = (("replicate", "round"), values)
    for name, values in panel.clocks.items():
        variables[f"clock_{name}"] = (("replicate", "round"), values)
    bounds = [(label, b) for label in labels for b in panel.bounds[label]] + [("", b) for b in panel.lower_bounds]
    coordinates: dict[str, Any] = {"policy": labels, "replicate": panel.replicates, "round": panel.times}
    if bounds:
        variables["bound_values"] = (("bound", "round"), np.stack([b.values for _, b in bounds]))
        about = {
            "name": [b.name for _, b in bounds],
            "policy": [label for label, _ in bounds],
            "kind": [b.kind for _, b in bounds],
            "against": [b.against for _, b in bounds],
            "holds": [b.holds for _, b in bounds],
        }
        coordinates |= {f"bound_{key}": ("bound", values) for key, values in about.items()}
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
