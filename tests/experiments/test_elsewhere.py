"""The same bytes on a cluster, in shards, and after being killed."""

import json
import os
import random
import signal
import subprocess
import sys
import time

import numpy as np
import pytest
from click.testing import CliRunner

from experiments.cli import main
from experiments.config import parse_study
from experiments.merge import merge
from experiments.runner import run
from experiments.store import DamagedError

REGRETLAB = [sys.executable, "-c", "from experiments.cli import main; main()"]


def contents(folder):
    return {p.name: p.read_bytes() for p in (folder / "cells").iterdir()}


@pytest.fixture
def undisturbed(study, tmp_path):
    run(study, tmp_path / "undisturbed", jobs=1)
    return contents(tmp_path / "undisturbed")


def test_shards_join_to_the_whole(study, undisturbed, tmp_path):
    folders = [tmp_path / f"shard{i}" for i in (1, 2, 3)]
    for i, folder in enumerate(folders, 1):
        outcome = run(study, folder, jobs=1, shard=(i, 3))
        assert len(outcome.done) == 3
    assert len(merge(folders[:2], tmp_path / "some")) == 3
    assert merge(folders, tmp_path / "all") == []
    assert contents(tmp_path / "all") == undisturbed
    assert merge([tmp_path / "some", folders[2]], tmp_path / "some") == []
    assert contents(tmp_path / "some") == undisturbed


def test_shards_of_different_studies_are_refused(text, study, tmp_path):
    run(study, tmp_path / "a", jobs=1, shard=(1, 2))
    run(parse_study(text.replace("seed: 3", "seed: 4")), tmp_path / "b", jobs=1, shard=(2, 2))
    with pytest.raises(ValueError, match=r"b holds another study than .*a: these cannot be merged"):
        merge([tmp_path / "a", tmp_path / "b"], tmp_path / "out")
    assert not (tmp_path / "out").exists()
    manifest = json.loads((tmp_path / "a/manifest.json").read_text(encoding="utf-8"))
    manifest["cells"][0]["key"] = "0" * 24
    (tmp_path / "c").mkdir()
    (tmp_path / "c/manifest.json").write_text(json.dumps(manifest), encoding="utf-8")
    with pytest.raises(ValueError, match="c holds results of other code"):
        merge([tmp_path / "a", tmp_path / "c"], tmp_path / "out")


def test_damaged_results_are_not_merged(study, tmp_path):
    run(study, tmp_path / "a", jobs=1)
    victim = next((tmp_path / "a/cells").iterdir())
    victim.write_bytes(victim.read_bytes()[:-7])
    with pytest.raises(DamagedError, match=victim.name):
        merge([tmp_path / "a"], tmp_path / "out")


def test_shards_on_the_command_line(text, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "small.yaml").write_text(text, encoding="utf-8")

    def call(*words):
        return CliRunner().invoke(main, list(words))

    for i in (1, 2):
        done = call("run", "small.yaml", "--shard", f"{i}/2", "--out", f"part{i}", "--jobs", "1")
        assert done.exit_code == 0, done.output
        assert not (tmp_path / f"part{i}/small/figures").exists()
    assert call("merge", "part1/small", "--out", "half").exit_code == 1
    done = call("merge", "part1/small", "part2/small", "--out", "whole")
    assert done.exit_code == 0, done.output
    assert (tmp_path / "whole/report.html").is_file()
    for wrong in ("0/2", "3/2", "1", "a/b"):
        assert "must be I/N with 1 <= I <= N" in call("run", "small.yaml", "--shard", wrong).output


@pytest.mark.slow
def test_a_cluster_gives_the_same_bytes(study, undisturbed, tmp_path):
    pytest.importorskip("distributed")
    outcome = run(study, tmp_path / "dask", cluster="local:2")
    assert not outcome.failed
    assert contents(tmp_path / "dask") == undisturbed


@pytest.mark.slow
def test_an_existing_cluster_that_loses_a_worker(text, plugin, tmp_path):
    distributed = pytest.importorskip("distributed")
    study = parse_study(text.replace("- ucb1", "- plugin:Slow"))
    run(study, tmp_path / "one", jobs=1)
    with distributed.LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None) as cluster:
        killed = []

        def report(done):
            if not killed:
                killed.append(next(iter(cluster.workers.values())).pid)
                os.kill(killed[0], signal.SIGKILL)

        outcome = run(study, tmp_path / "dask", cluster=cluster.scheduler_address, report=report)
    assert killed
    assert not outcome.failed
    assert contents(tmp_path / "dask") == contents(tmp_path / "one")


@pytest.mark.slow
def test_no_cluster_is_an_error_before_work(study, tmp_path):
    pytest.importorskip("distributed")
    with pytest.raises(OSError, match=r"no dask scheduler answers at tcp://127\.0\.0\.1:9"):
        run(study, tmp_path, cluster="tcp://127.0.0.1:9")
    with pytest.raises(ValueError, match="local:N with N >= 1, got 'local:none'"):
        run(study, tmp_path, cluster="local:none")
    assert not list((tmp_path / "cells").glob("*.npz"))


def test_a_worker_that_dies_is_named(text, tmp_path, plugin):
    plugin.write_text(
        "import os\nfrom bandits.arms.ucb1 import UCB1\n\n"
        "class Dies(UCB1):\n    def advance(self, environment, rounds):\n        os._exit(3)\n",
        encoding="utf-8",
    )
    outcome = run(parse_study(text.replace("- ucb1", "- plugin:Dies")), tmp_path, jobs=2)
    assert outcome.failed
    assert all("a worker process died" in d.error for d in outcome.failed)


@pytest.mark.slow
def test_killed_at_random_moments_and_resumed(text, plugin, tmp_path):
    slow = text.replace("- ucb1", "- plugin:Slow").replace("replicates: 6", "replicates: 10")
    (tmp_path / "small.yaml").write_text(slow, encoding="utf-8")
    command = [*REGRETLAB, "run", str(tmp_path / "small.yaml"), "--out", str(tmp_path), "--jobs", "2", "--no-plot"]
    luck = random.Random(7)
    for _ in range(3):
        process = subprocess.Popen(
            command, stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL, start_new_session=True
        )
        time.sleep(luck.uniform(1.0, 3.5))
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    run(parse_study(slow), tmp_path / "undisturbed", jobs=2)
    assert contents(tmp_path / "small") == contents(tmp_path / "undisturbed")


@pytest.mark.parametrize("kind", ["csv", "parquet", "netcdf", "latex"])
def test_exports_read_back(study, tmp_path, kind):
    import experiments
    from experiments.export import export

    for name in {"parquet": ["pyarrow"], "netcdf": ["xarray", "h5netcdf"]}.get(kind, []):
        pytest.importorskip(name)
    run(study, tmp_path, jobs=1)
    results = experiments.load(tmp_path)
    (path,) = export(results, tmp_path / "export", kind)
    panel = results.panels["two"]
    bold = panel.regret("bold")
    if kind == "csv":
        rows = [line.split(",") for line in path.read_text(encoding="utf-8").splitlines()]
        column = rows[0].index("regret_pseudo")
        found = np.array([float(r[column]) for r in rows[1:] if r[0] == "bold"]).reshape(bold.shape)
        assert np.array_equal(found, bold)
    elif kind == "parquet":
        import pyarrow.parquet

        columns = pyarrow.parquet.read_table(path).to_pydict()
        chosen = [v for v, label in zip(columns["regret_pseudo"], columns["policy"], strict=True) if label == "bold"]
        assert np.array_equal(np.reshape(chosen, bold.shape), bold)
    elif kind == "netcdf":
        import xarray

        with xarray.open_dataset(path, engine="h5netcdf") as found:
            assert found["regret_pseudo"].dims == ("policy", "replicate", "round")
            assert np.array_equal(found["regret_pseudo"].sel(policy="bold"), bold)
            assert found["regret_pseudo"].attrs["units"] == "reward"
            assert found["round"].values[-1] == 200
    else:
        text = path.read_text(encoding="utf-8")
        assert text.count(r"\\") == 3
        assert rf"\textbf{{{min(panel.regret(lb)[:, -1].mean() for lb in panel.series):.5g}}}" in text
