"""Exports against the arrays that they were made of."""

import csv
import multiprocessing
import os
import re
import resource
import signal
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import experiments
from bandits.contract import Assumption, Bound
from experiments.analysis.statistics import mean_band
from experiments.report.export import FORMATS, dataset, export, frame, tightest_bound
from experiments.report.tables import joint_csv, joint_latex, latex
from experiments.run.runner import run
from experiments.study.config import parse_study

LABEL = r'a & b_1 \ "é", 50 %'
TEXT = f"""\
name: arms/small
seed: 3
batch: 4
checkpoints: 20
policies: [ucb1, {{name: ucb1, label: '{LABEL}', parameters: {{exploration: 8}}}}]
experiments:
  - name: two
    horizon: 200
    replicates: 6
    environment: {{name: bernoulli, parameters: {{means: [0.2, 0.8]}}}}
  - name: small
    horizon: 300
    replicates: 5
    environment: {{name: bernoulli, parameters: {{means: [0.4, 0.6]}}}}
"""


def bound(name, kind, curve, comparator_class="fixed", **about):
    return Bound(name, kind, curve, comparator_class, "a test", "recalled", **about)


BOUNDS = (
    bound("steep", "upper", lambda t: t),
    bound("flat", "upper", lambda t: 20.0 * np.sqrt(t), delta=0.1),
    bound("end", "upper", lambda t: np.full(len(t), 3.0), time="at the horizon"),
    bound("broken", "upper", lambda t: 0.0 * t, assumptions=(Assumption("never", False),)),
    bound("rate", "order", lambda t: 0.0 * t),
    bound("other", "upper", lambda t: 0.0 * t, "dynamic"),
)


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    """Two experiments; a label is hostile to every format, and in the first one policy has a metric and bounds."""
    folder = tmp_path_factory.mktemp("small")
    run(parse_study(TEXT), folder, jobs=1)
    found = experiments.load(folder)
    two = found.experiments["two"]
    series = {**two.series, "ucb1": {**two.series["ucb1"], "switches": two.regret("ucb1") + 1.0}}
    bounds = {"ucb1": BOUNDS, LABEL: ()}
    return replace(found, experiments={**found.experiments, "two": replace(two, series=series, bounds=bounds)})


def lowest(result):
    """The tightest of BOUNDS at the result's times."""
    curve = np.minimum(result.times, 20.0 * np.sqrt(result.times))
    return np.append(curve[:-1], 3.0)


def close(found, true):
    """Whether numbers that were written agree with the true ones to ten significant digits, whole ones exactly."""
    whole = true == np.round(true)
    assert np.array_equal(found[whole], true[whole])
    np.testing.assert_allclose(found, true, rtol=5e-10, atol=0.0)


def rows_of(path):
    with open(path, newline="", encoding="utf-8") as stream:
        return list(csv.DictReader(stream))


def test_the_tightest_bound_is_of_those_that_hold_and_speak_of_the_regret(results):
    two = results.experiments["two"]
    assert np.array_equal(tightest_bound(two, "ucb1"), lowest(two))
    assert np.isnan(tightest_bound(two, LABEL)).all()
    only_end = replace(two, bounds={**two.bounds, "ucb1": BOUNDS[2:]})
    assert np.isnan(tightest_bound(only_end, "ucb1")[:-1]).all()
    assert tightest_bound(only_end, "ucb1")[-1] == 3.0
    dynamic = replace(two, regrets=(replace(two.regrets[0], comparator_class="dynamic"),))
    assert np.array_equal(tightest_bound(dynamic, "ucb1"), np.zeros(len(two.times)))


def read_long(columns, result, agree):
    """A long table, as arrays by name, against the experiment."""
    n, c = len(result.replicates), len(result.times)
    names = dict.fromkeys(name for metrics in result.series.values() for name in metrics)
    regrets = [name for r in result.regrets for name in (f"regret_{r.name}", f"bound_{r.name}")]
    assert list(columns) == ["policy", "replicate", "time", *names, *regrets]
    assert columns["policy"].tolist() == [label for label in result.series for _ in range(n * c)]
    assert columns["replicate"].astype(int).tolist() == np.repeat(result.replicates, c).tolist() * 2
    assert columns["time"].astype(int).tolist() == result.times.tolist() * n * 2
    for i, (label, metrics) in enumerate(result.series.items()):
        mine = {name: columns[name][i * n * c : (i + 1) * n * c].reshape(n, c) for name in (*names, *regrets)}
        for name in names:
            agree(mine[name], metrics.get(name, np.full((n, c), np.nan)))
        for r in result.regrets:
            agree(mine[f"regret_{r.name}"], result.comparators[r.comparator] - metrics[r.series])
            agree(mine[f"bound_{r.name}"], np.tile(tightest_bound(result, label, r.name), (n, 1)))


def test_csv_holds_every_replicate_to_ten_digits(results, tmp_path):
    written = export(results, tmp_path, "csv")
    assert [str(path.relative_to(tmp_path)) for path in written] == [
        "two.csv",
        "curves/two.csv",
        "small.csv",
        "curves/small.csv",
        "tables/small.csv",
    ], "an experiment named as the study is another file than the table of the study"
    for name, result in results.experiments.items():
        rows = rows_of(tmp_path / f"{name}.csv")
        texts = {column: np.array([row[column] for row in rows]) for column in rows[0]}
        assert not any(len(text) > 16 for column, values in texts.items() if column != "policy" for text in values)
        assert all(re.fullmatch(r"\d*", text) for text in texts["reward"])
        columns = {
            column: values if column == "policy" else np.array([float(v or "nan") for v in values])
            for column, values in texts.items()
        }
        read_long(columns, result, close)
    assert (tmp_path / "tables/small.csv").read_bytes() == joint_csv(results).encode()


def test_csv_of_curves_holds_means_and_bands(results, tmp_path):
    export(results, tmp_path, "csv")
    result = results.experiments["two"]
    rows = rows_of(tmp_path / "curves/two.csv")
    assert list(rows[0]) == ["policy", "definition", "time", "mean", "low", "high", "bound"]
    assert len(rows) == 2 * 2 * len(result.times)
    for definition in result.regrets:
        for label in result.series:
            mine = [row for row in rows if (row["policy"], row["definition"]) == (label, definition.name)]
            assert [int(row["time"]) for row in mine] == result.times.tolist()
            column = {name: np.array([float(row[name] or "nan") for row in mine]) for name in rows[0] if name in WORDS}
            samples = result.regret(label, definition.name)
            close(column["mean"], samples.mean(axis=0))
            band = mean_band(samples, 0.95)
            close(column["low"], band.low)
            close(column["high"], band.high)
            close(column["bound"], lowest(result) if label == "ucb1" else np.full(len(result.times), np.nan))


WORDS = ("mean", "low", "high", "bound")


def test_parquet_holds_the_arrays(results, tmp_path):
    parquet = pytest.importorskip("pyarrow.parquet")
    written = export(results, tmp_path, "parquet")
    assert [path.name for path in written] == ["two.parquet", "small.parquet"]
    for path, result in zip(written, results.experiments.values(), strict=True):
        found = parquet.read_table(path)
        assert str(found.schema.field("policy").type).startswith("dictionary<values=string")
        assert [str(found.schema.field(name).type) for name in ("replicate", "time")] == ["int64", "int64"]
        columns = {name: np.array(found[name].to_pylist()) for name in found.column_names}
        read_long(columns, result, np.testing.assert_array_equal)


def test_experiments_that_differ_in_capitals_have_files_of_their_own(results, tmp_path):
    both = replace(results, experiments={"p": results.experiments["two"], "P": results.experiments["small"]})
    for kind in FORMATS:
        written = export(both, tmp_path / kind, kind)
        names = [str(path).casefold() for path in written]
        assert len(set(names)) == len(names)
    assert rows_of(tmp_path / "csv/P-2.csv")[-1]["time"] == "300"


@pytest.mark.parametrize("kind", FORMATS)
@pytest.mark.parametrize("size", [0, 700])
def test_on_a_full_disk_the_former_export_stands(results, tmp_path, kind, size):
    """The limit on a file's size is that of this process, so a child of it writes."""
    before = {path: b"former" for path in export(results, tmp_path, kind)}
    for path, content in before.items():
        path.write_bytes(content)

    def child():
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))
        try:
            export(results, tmp_path, kind)
        except OSError:
            os._exit(0)
        os._exit(1)

    process = multiprocessing.get_context("fork").Process(target=child)
    process.start()
    process.join(60.0)
    assert process.exitcode == 0
    assert {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()} == before


@pytest.mark.parametrize("kind", FORMATS)
def test_links_among_exports_are_not_followed(results, tmp_path, kind):
    out, theirs = tmp_path / "out", tmp_path / "theirs"
    theirs.write_bytes(b"theirs")
    for path in (written := export(results, out, kind)):
        path.unlink()
        path.symlink_to(theirs)
    assert export(results, out, kind) == written
    assert not any(path.is_symlink() for path in written)
    assert theirs.read_bytes() == b"theirs"


def test_netcdf_holds_the_arrays(results, tmp_path):
    xarray = pytest.importorskip("xarray")
    pytest.importorskip("h5netcdf")
    written = export(results, tmp_path, "netcdf")
    assert [path.name for path in written] == ["two.nc", "small.nc"]
    result = results.experiments["two"]
    with xarray.open_dataset(written[0], engine="h5netcdf") as found:
        assert dict(found.sizes) == {"policy": 2, "replicate": 6, "round": len(result.times), "bound": len(BOUNDS) + 1}
        assert found["round"].values.tolist() == result.times.tolist()
        assert found["replicate"].values.tolist() == result.replicates.tolist()
        assert found["regret_pseudo"].dims == ("policy", "replicate", "round")
        assert found["regret_pseudo"].attrs["units"] == "reward"
        for label, metrics in result.series.items():
            mine = found.sel(policy=label)
            assert np.array_equal(mine["regret_pseudo"], result.regret(label))
            for name, values in metrics.items():
                assert np.array_equal(mine[name], values)
        assert np.isnan(found["switches"].sel(policy=LABEL)).all()
        for name, values in result.comparators.items():
            assert found[f"comparator_{name}"].dims == ("replicate", "round")
            assert np.array_equal(found[f"comparator_{name}"], values)
        bounds = [*BOUNDS, *result.lower_bounds]
        assert found["bound_policy"].values.tolist() == ["ucb1"] * len(BOUNDS) + [""]
        assert np.array_equal(found["bound_values"], [result.curve(b) for b in bounds])
        assert found["bound_holds"].values.astype(bool).tolist() == [b.holds for b in bounds]
        for name in ("name", "kind", "comparator_class", "evidence", "time"):
            assert found[f"bound_{name}"].values.tolist() == [getattr(b, name) for b in bounds]
        assert np.array_equal(found["bound_delta"], [b.delta or np.nan for b in bounds], equal_nan=True)


def test_latex_is_written_as_it_is(results, tmp_path):
    written = export(results, tmp_path, "latex")
    assert [str(path.relative_to(tmp_path)) for path in written] == ["two.tex", "small.tex", "tables/small.tex"]
    texts = [*(latex(result, 0.95) for result in results.experiments.values()), joint_latex(results)]
    assert [path.read_bytes() for path in written] == [text.encode() for text in texts]


def test_a_frame_is_tidy(results):
    pandas = pytest.importorskip("pandas")
    for result in results.experiments.values():
        made = frame(result)
        assert list(made.columns) == ["policy", "replicate", "time", "regret", "bound"]
        assert [str(made[name].dtype) for name in ("replicate", "time")] == ["int64", "int64"]
        for label in result.series:
            mine = made[made.policy == label]
            wide = mine.pivot_table(index="replicate", columns="time", values="regret")
            assert wide.index.tolist() == result.replicates.tolist()
            assert wide.columns.tolist() == result.times.tolist()
            assert np.array_equal(wide.to_numpy(), result.regret(label))
            bounds = mine.bound.to_numpy().reshape(result.regret(label).shape)
            assert np.array_equal(bounds, np.tile(tightest_bound(result, label), (len(bounds), 1)), equal_nan=True)
    whole = frame(results, "realized")
    assert list(whole.columns) == ["experiment", "policy", "replicate", "time", "regret", "bound"]
    assert whole.index.tolist() == list(range(len(whole)))
    for name, result in results.experiments.items():
        part = whole[whole.experiment == name].drop(columns="experiment").reset_index(drop=True)
        pandas.testing.assert_frame_equal(part, frame(result, "realized"))
        assert not part.equals(frame(result))
    with pytest.raises(ValueError, match=r"no regret definition 'pseud' \(did you mean 'pseudo'\?\)"):
        frame(results, "pseud")


def test_what_is_not_finished_is_left_out(results, tmp_path):
    pytest.importorskip("pandas")
    none = replace(results.experiments["two"], series={})
    partly = replace(results, experiments={"two": none, "small": results.experiments["small"]})
    assert set(frame(partly).experiment) == {"small"}
    for kind in FORMATS:
        assert not [path for path in export(partly, tmp_path / kind, kind) if path.stem == "two"]
        assert export(replace(results, experiments={"two": none}), tmp_path / f"no {kind}", kind) == []
    with pytest.raises(ValueError, match="holds no finished experiment"):
        frame(replace(results, experiments={"two": none}))
    with pytest.raises(ValueError, match="two has no finished replicate"):
        frame(none)


@pytest.mark.parametrize("kind", FORMATS)
def test_equal_results_give_equal_bytes(results, tmp_path, kind):
    first, second = (export(results, tmp_path / name, kind) for name in ("a", "b"))
    assert [path.read_bytes() for path in first] == [path.read_bytes() for path in second]


@pytest.mark.parametrize(
    ("module", "make", "what"),
    [
        ("pandas", lambda results, folder: frame(results), "a data frame"),
        ("xarray", lambda results, folder: dataset(results.experiments["two"]), "a dataset"),
        ("pyarrow", lambda results, folder: export(results, folder, "parquet"), "parquet"),
        ("h5netcdf", lambda results, folder: export(results, folder, "netcdf"), "netcdf"),
    ],
)
def test_what_needs_the_extra_says_so(results, tmp_path, monkeypatch, module, make, what):
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(ImportError, match=rf"^{what} needs pip install 'regretlab\[export\]': .*{module}"):
        make(results, tmp_path)


def test_an_unknown_format_is_named(results, tmp_path):
    with pytest.raises(ValueError, match=r"the format must be one of csv, parquet, netcdf, latex, got 'cvs' \(did you"):
        export(results, tmp_path / "none", "cvs")
    assert not (tmp_path / "none").exists()


def test_the_page_says_what_works(results, tmp_path, monkeypatch, capsys):
    pytest.importorskip("pandas")
    pytest.importorskip("xarray")
    page = (Path(__file__).parents[3] / "docs/export.md").read_text(encoding="utf-8")
    blocks = re.findall(r"```python\n(.*?)```", page, flags=re.S)
    monkeypatch.setattr(experiments, "load", lambda folder: results)
    names = {"low_variance": "two", "high_variance": "small", "bernoulli": "two"}
    found = {}
    for block in blocks:
        exec(re.sub("|".join(names), lambda m: names[m[0]], block), found)
    assert capsys.readouterr().out.startswith(joint_latex(results) + "\n" + joint_csv(results))
    assert list(found["curves"].columns) == ["experiment", "policy", "replicate", "time", "regret", "bound"]
    assert found["arms"].equals(frame(results.experiments["two"], "realized"))
    assert set(found["cubes"]) == {"two", "small"}
    for name in (*csv.DictReader(joint_csv(results).splitlines()).fieldnames, *FORMATS):
        assert f"`{name}`" in page
    written = {str(path.relative_to(tmp_path)) for kind in FORMATS for path in export(results, tmp_path, kind)}
    listed = {name for name in re.findall(r"\| `(\S+\.\w+)`", page)}
    spelled = {name.replace("<study>", "small").replace("<experiment>", e) for name in listed for e in ("two", "small")}
    assert written == spelled
