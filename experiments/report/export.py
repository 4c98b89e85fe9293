"""Results for other programs: data frames, CSV and Parquet, netCDF for xarray, LaTeX tables."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from bandits.arguments import one_of
from bandits.contract import Array
from experiments.analysis.curves import ExperimentResult
from experiments.analysis.results import Results
from experiments.analysis.verdicts import bounds_for
from experiments.report.tables import csv_row, joint_csv, joint_latex, latex
from experiments.run.files import another, check_room, whole, within
from experiments.run.files import write as write_file

if TYPE_CHECKING:
    import pandas
    import xarray

FORMATS = ("csv", "parquet", "netcdf", "latex")


def export(results: Results, folder: Path, kind: str) -> list[Path]:
    """Write every finished experiment to files of its own, and tables of all experiments; docs/export.md lists them.

    Args:
        results: what to write.
        folder: where the files go; made if need be.
        kind: "csv" (``<experiment>.csv`` with every replicate, ``curves/<experiment>.csv`` with the means, and
            ``tables/<study>.csv``), "parquet" (every replicate), "netcdf" (see ``dataset``), or "latex"
            (``<experiment>.tex`` and ``tables/<study>.tex``).

    Returns:
        The files, an experiment's together, the table of all experiments last; none if no experiment is finished.

    Raises:
        ValueError: no such kind.
        ImportError: the extra ``export`` is not installed; the message says so.
        OSError: ``folder`` cannot be written.
    """
    write = _WRITERS[one_of("the format", kind, FORMATS)]
    ready, used = {name: result for name, result in results.experiments.items() if result.ready}, set[str]()
    written = [
        path
        for name, result in ready.items()
        for path in write(result, results.study.confidence, folder, another(name, used))
    ]
    if ready and kind in _JOINT:
        ending, text = _JOINT[kind]
        path = within(folder, "tables") / f"{results.study.name.rpartition('/')[2]}.{ending}"
        write_file(path, text(results).encode())
        written.append(path)
    return written


def frame(results: ExperimentResult | Results, regret: str = "") -> pandas.DataFrame:
    """The curves as a tidy data frame, one row a policy, replicate and checkpoint.

    Columns: ``policy``, ``replicate``, ``time`` (rounds passed), ``regret`` (cumulative, in the definition's unit) and
    ``bound`` (see ``tightest_bound``; the same in all replicates). Of the results of a study, all its finished
    experiments, with the column ``experiment`` first.

    Args:
        results: an experiment, or a study.
        regret: the regret definition; each experiment's default one where empty.

    Raises:
        ImportError: the extra ``export`` is not installed.
        ValueError: an experiment lacks the regret definition, or has no finished replicate.

    Example:
        >>> import tempfile
        >>> import experiments
        >>> from experiments.report.export import frame
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
        >>> curves = frame(experiments.load(folder))
        >>> list(curves.columns)
        ['experiment', 'policy', 'replicate', 'time', 'regret', 'bound']
        >>> mean = curves.groupby(["policy", "time"]).regret.mean()
        >>> bool(mean["ucb1", 100] < 40)
        True
    """
    made = _extra("a data frame", "pandas")
    if isinstance(results, ExperimentResult):
        return made.DataFrame(_tidy(results, regret))
    ready = {name: result for name, result in results.experiments.items() if result.ready}
    if not ready:
        raise ValueError(f"{results.folder} holds no finished experiment")
    frames = [made.DataFrame({"experiment": name, **_tidy(result, regret)}) for name, result in ready.items()]
    return made.concat(frames, ignore_index=True)


def dataset(result: ExperimentResult) -> xarray.Dataset:
    """An experiment as an xarray dataset with the dimensions ``policy``, ``replicate``, ``round`` and ``bound``.

    Variables: the metrics and ``regret_<definition>`` [policy, replicate, round], NaN where a policy has no such;
    ``comparator_<name>`` and ``clock_<name>`` [replicate, round]; ``bound_values`` [bound, round] with the coordinates
    ``bound_name``, ``bound_policy`` (empty: of every policy), ``bound_kind``, ``bound_comparator_class``,
    ``bound_evidence``, ``bound_time``, ``bound_delta`` (NaN: of the expected regret) and ``bound_holds`` along
    ``bound``.

    Raises:
        ImportError: the extra ``export`` is not installed.
    """
    made = _extra("a dataset", "xarray")
    labels = list(result.series)
    curves = dict(_metrics(result))
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
    filled = made.Dataset(variables, coordinates, {"title": result.experiment.title or result.experiment.name})
    for regret in result.regrets:
        filled[f"regret_{regret.name}"].attrs = {"long_name": regret.label, "units": regret.unit}
    return filled


def tightest_bound(result: ExperimentResult, label: str, regret: str = "") -> Array:
    """The lowest upper bound on a policy's regret at each checkpoint [n_checkpoints], in the regret's unit.

    Of the bounds that speak of the comparator class of the regret definition, in expectation or with high probability,
    and whose assumptions hold; one that holds at the horizon only counts there only. NaN where there is none.
    """
    lowest = np.full(len(result.times), np.nan)
    for bound in bounds_for(result, label, regret):
        if bound.kind == "upper" and bound.holds:
            at = slice(-1, None) if bound.time == "at the horizon" else slice(None)
            lowest[at] = np.fmin(lowest[at], result.curve(bound)[at])
    return lowest


def _extra(what: str, module: str) -> Any:
    """A module of the extra ``export``."""
    try:
        return import_module(module)
    except ImportError as error:
        raise ImportError(f"{what} needs pip install 'regretlab[export]': {error}") from error


def _metrics(result: ExperimentResult) -> dict[str, Array]:
    """Name of each metric to [n_policies, n_replicates, n_checkpoints], NaN where a policy lacks it."""
    unknown = np.full((len(result.replicates), len(result.times)), np.nan)
    names = dict.fromkeys(name for series in result.series.values() for name in series)
    return {name: np.stack([series.get(name, unknown) for series in result.series.values()]) for name in names}


def _rows(result: ExperimentResult, label: str) -> dict[str, Any]:
    """The columns that name a policy's rows: its replicates one after the other, and in each its checkpoints."""
    n, c = len(result.replicates), len(result.times)
    return {
        "policy": np.repeat(label, n * c),
        "replicate": np.repeat(result.replicates, c),
        "time": np.tile(result.times, n),
    }


def _bound(result: ExperimentResult, label: str, regret: str) -> Array:
    """The column of the tightest bounds."""
    return np.tile(tightest_bound(result, label, regret), len(result.replicates))


def _tidy(result: ExperimentResult, regret: str) -> dict[str, Any]:
    if not result.ready:
        raise ValueError(f"{result.experiment.name} has no finished replicate")
    parts = [
        _rows(result, label) | {"regret": result.regret(label, regret).ravel(), "bound": _bound(result, label, regret)}
        for label in result.series
    ]
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}


def _replicates(result: ExperimentResult) -> Iterator[dict[str, Any]]:
    """Of one policy after the other, all that is known at each replicate and checkpoint.

    Metrics, then each regret and its tightest bound.
    """
    size = len(result.replicates) * len(result.times)
    types: dict[str, list[Any]] = {}
    for series in result.series.values():
        for name, values in series.items():
            types.setdefault(name, []).append(values.dtype)
    lacking = {name: [np.float64] * (len(found) < len(result.series)) for name, found in types.items()}
    for label, series in result.series.items():
        columns = _rows(result, label)
        for name, found in types.items():
            values = series[name].ravel() if name in series else np.full(size, np.nan)
            columns[name] = values.astype(np.result_type(*found, *lacking[name]), copy=False)
        for regret in result.regrets:
            columns[f"regret_{regret.name}"] = result.regret(label, regret.name).ravel()
            columns[f"bound_{regret.name}"] = _bound(result, label, regret.name)
        yield columns


def _curves(result: ExperimentResult, confidence: float) -> dict[str, Any]:
    """The mean curves by each regret definition, with their pointwise bands."""
    parts = []
    for regret in result.regrets:
        for label in result.series:
            band = result.band(label, confidence, regret.name)
            parts.append(
                {
                    "policy": np.repeat(label, len(result.times)),
                    "definition": np.repeat(regret.name, len(result.times)),
                    "time": result.times,
                    "mean": band.mean,
                    "low": band.low,
                    "high": band.high,
                    "bound": tightest_bound(result, label, regret.name),
                }
            )
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}


BLOCK = 65_536
"""Rows that are turned into text at once."""


def _write_csv(path: Path, parts: Iterable[Mapping[str, Any]]) -> Path:
    with whole(path) as file, open(file, "w", newline="", encoding="utf-8") as stream:
        for i, columns in enumerate(parts):
            if i == 0:
                stream.write(csv_row(columns))
            for start in range(0, len(columns["time"]), BLOCK):
                block = (values[start : start + BLOCK].tolist() for values in columns.values())
                stream.writelines(map(csv_row, zip(*block, strict=True)))
    return path


def _csv(result: ExperimentResult, confidence: float, folder: Path, name: str) -> Sequence[Path]:
    return (
        _write_csv(folder / f"{name}.csv", _replicates(result)),
        _write_csv(within(folder, "curves") / f"{name}.csv", [_curves(result, confidence)]),
    )


def _parquet(result: ExperimentResult, confidence: float, folder: Path, name: str) -> Sequence[Path]:
    pyarrow, parquet = _extra("parquet", "pyarrow"), _extra("parquet", "pyarrow.parquet")
    path = folder / f"{name}.parquet"
    with whole(path) as file, ExitStack() as stack:
        writer = None
        for columns in _replicates(result):
            columns["policy"] = pyarrow.array(columns["policy"]).dictionary_encode()
            table = pyarrow.table(columns)
            writer = writer or stack.enter_context(parquet.ParquetWriter(file, table.schema, compression="zstd"))
            writer.write_table(table)
    return (path,)


MARGIN = 1 << 20
"""Bytes, at most, that a netCDF file takes beyond those of its arrays."""


def _netcdf(result: ExperimentResult, confidence: float, folder: Path, name: str) -> Sequence[Path]:
    _extra("netcdf", "h5netcdf")
    path = folder / f"{name}.nc"
    with whole(path) as file:
        made = dataset(result)
        check_room(file, made.nbytes + MARGIN)  # a disk that is full ends the process in HDF5
        made.to_netcdf(file, engine="h5netcdf")
    return (path,)


def _latex(result: ExperimentResult, confidence: float, folder: Path, name: str) -> Sequence[Path]:
    path = folder / f"{name}.tex"
    write_file(path, latex(result, confidence).encode())
    return (path,)


_WRITERS = {"csv": _csv, "parquet": _parquet, "netcdf": _netcdf, "latex": _latex}
_JOINT = {"csv": ("csv", joint_csv), "latex": ("tex", joint_latex)}
