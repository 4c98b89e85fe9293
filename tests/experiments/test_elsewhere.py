"""The same bytes in shards, after being killed, and on a cluster that loses a worker or is behind TLS."""

import os
import random
import re
import shlex
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from click.testing import CliRunner

import experiments
from experiments.cli import main
from experiments.run.merge import merge
from experiments.run.runner import run
from experiments.run.store import read_json, write_json
from experiments.study.config import parse_study

REGRETLAB = [sys.executable, "-c", "from experiments.cli import main; main()"]


def contents(folder):
    return {p.name: p.read_bytes() for p in (folder / "jobs").iterdir()}


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
    manifest = read_json(tmp_path / "a/manifest.json")
    manifest["jobs"][0]["key"] = "0" * 24
    write_json(tmp_path / "c/manifest.json", manifest)
    with pytest.raises(ValueError, match="c holds results of other code"):
        merge([tmp_path / "a", tmp_path / "c"], tmp_path / "out")


def test_what_stands_in_the_way_of_a_merge_is_not_overwritten(text, study, tmp_path):
    run(study, tmp_path / "a", jobs=1)
    run(parse_study(text.replace("seed: 3", "seed: 4")), tmp_path / "out", jobs=1)
    before = contents(tmp_path / "out")
    with pytest.raises(ValueError, match=r"out holds another study than .*a: these cannot be merged"):
        merge([tmp_path / "a"], tmp_path / "out")
    assert contents(tmp_path / "out") == before


def test_errors_are_gathered(text, plugin, tmp_path):
    failing = parse_study(text.replace("- ucb1", "- plugin:Raises").replace("seed: 3", "seed: 5"))
    for i in (1, 2):
        run(failing, tmp_path / f"shard{i}", jobs=1, shard=(i, 2))
    missing = merge([tmp_path / "shard1", tmp_path / "shard2"], tmp_path / "all")
    assert missing
    lines = experiments.load(tmp_path / "all").experiments["two"].missing
    assert len(lines) == len(missing)
    assert all("failed: ZeroDivisionError: no such luck" in line for line in lines)


def test_damaged_results_are_not_merged_where_there_are_whole_ones(study, undisturbed, tmp_path):
    for name in ("a", "b", "out"):
        run(study, tmp_path / name, jobs=1)
    name = sorted(p.name for p in (tmp_path / "a/jobs").iterdir())[0]
    for folder in ("a", "out"):
        victim = tmp_path / folder / "jobs" / name
        victim.write_bytes(victim.read_bytes()[:-7])
    (line,) = merge([tmp_path / "a"], tmp_path / "out")
    assert line.endswith(f": damaged in {tmp_path / 'a/jobs' / name}, {tmp_path / 'out/jobs' / name}")
    assert merge([tmp_path / "a", tmp_path / "b"], tmp_path / "out") == []
    assert contents(tmp_path / "out") == undisturbed


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
def test_an_existing_cluster_that_loses_a_worker(text, plugin, tmp_path):
    distributed = pytest.importorskip("distributed")
    study = parse_study(text.replace("- ucb1", "- plugin:Slow"))
    run(study, tmp_path / "one", jobs=1)
    with distributed.LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address="127.0.0.1:0") as cluster:
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
def test_a_cluster_behind_tls(text, undisturbed, tmp_path):
    """With the file of the documentation, and without it."""
    distributed = pytest.importorskip("distributed")
    if not shutil.which("openssl"):
        pytest.skip("certificates are made by openssl")
    page = (Path(__file__).parents[2] / "docs/cluster.md").read_text(encoding="utf-8")
    (command,) = (line.partition("#")[0].replace("4096", "2048") for line in page.splitlines() if "openssl req" in line)
    subprocess.run(shlex.split(command), cwd=tmp_path, check=True, capture_output=True)
    shutil.copy(tmp_path / "cert.pem", tmp_path / "ca.pem")
    (security,) = re.findall(r"<!-- security.yaml -->\n```yaml\n(.*?)```", page, re.DOTALL)
    (tmp_path / "security.yaml").write_text(security, encoding="utf-8")
    (tmp_path / "small.yaml").write_text(text, encoding="utf-8")
    place = {"tls_ca_file": "ca.pem"}
    place |= {f"tls_{role}_cert": "cert.pem" for role in ("scheduler", "worker", "client")}
    place |= {f"tls_{role}_key": "key.pem" for role in ("scheduler", "worker", "client")}
    secure = distributed.Security(require_encryption=True, **{k: str(tmp_path / v) for k, v in place.items()})
    with distributed.LocalCluster(
        n_workers=1, threads_per_worker=1, protocol="tls://", security=secure, dashboard_address="127.0.0.1:0"
    ) as cluster:
        assert cluster.scheduler_address.startswith("tls://127.0.0.1:")
        words = ["run", "small.yaml", "--out", "out", "--no-plot", "--cluster", cluster.scheduler_address]
        for given, status, said in (
            ({}, 1, "needs certificates: name them in a file of dask's, and that file in DASK_CONFIG"),
            ({"DASK_CONFIG": "security.yaml"}, 0, "9 computed"),
        ):
            done = subprocess.run(
                [*REGRETLAB, *words],
                cwd=tmp_path,
                env={**os.environ, **given},
                capture_output=True,
                text=True,
                timeout=60,
            )
            assert done.returncode == status, done.stderr
            assert said in done.stdout + done.stderr
            assert "Traceback" not in done.stderr
    assert contents(tmp_path / "out/small") == undisturbed


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_workers_of_a_local_cluster_end_with_the_run(text, plugin, tmp_path, number):
    pytest.importorskip("distributed")
    (tmp_path / "small.yaml").write_text(text.replace("- ucb1", "- plugin:Slow"), encoding="utf-8")
    words = ["run", "small.yaml", "--out", str(tmp_path), "--no-plot", "--cluster", "local:1"]
    process = subprocess.Popen(
        [*REGRETLAB, *words], cwd=tmp_path, stderr=subprocess.PIPE, text=True, start_new_session=True
    )
    for _ in range(600):
        time.sleep(0.1)
        if list((tmp_path / "small/jobs").glob("*.npz")):
            break
    process.send_signal(number)
    _, errors = process.communicate(timeout=20)  # which waits for all that have the pipe
    assert process.returncode == (143 if number == signal.SIGTERM else -9), errors
    assert ("finished jobs are in" in errors) == (number == signal.SIGTERM)
    assert "resource_tracker" not in errors


@pytest.mark.slow
def test_no_cluster_is_an_error_before_work(study, tmp_path):
    pytest.importorskip("distributed")
    with pytest.raises(OSError, match=r"no dask scheduler answers at tcp://127\.0\.0\.1:9"):
        run(study, tmp_path, cluster="tcp://127.0.0.1:9")
    for number in ("none", "²", "0", "9" * 5000):
        with pytest.raises(ValueError, match=f"local:N with N >= 1, got 'local:{number}'"):
            run(study, tmp_path, cluster=f"local:{number}")
    assert not list((tmp_path / "jobs").glob("*.npz"))


def test_a_worker_that_dies_is_named_and_leaves_the_others_alone(text, tmp_path, plugin):
    plugin.write_text(
        "import os\nfrom bandits.arms.ucb1 import UCB1\n\n"
        "class Dies(UCB1):\n    def advance(self, environment, rounds):\n        os._exit(3)\n",
        encoding="utf-8",
    )
    dying = text.replace("- ucb1", "- plugin:Dies\n      - moss").replace("replicates: 6", "replicates: 4")
    outcome = run(parse_study(dying), tmp_path, jobs=2)
    assert {d.job.label for d in outcome.failed} == {"plugin:Dies"}
    assert len(outcome.failed) == 2
    assert all("a worker process died" in d.error for d in outcome.failed)
    assert sorted(d.status for d in outcome.done) == ["computed"] * 6 + ["failed"] * 2


@pytest.mark.parametrize("jobs", [1, 2])
@pytest.mark.parametrize("status", [0, 3])
def test_a_job_whose_code_ends_its_process_fails_and_the_others_are_there(text, tmp_path, jobs, status):
    """Whether it is computed in the process of the command, or in another."""
    (tmp_path / "leaves_4.py").write_text(
        "import os\nfrom bandits import UCB1\n\nclass Mine(UCB1):\n    def advance(self, environment, rounds):\n"
        f"        os._exit({status})\n",
        encoding="utf-8",
    )
    study = text.replace("- ucb1", "- leaves_4:Mine\n      - moss")
    (tmp_path / "small.yaml").write_text(study, encoding="utf-8")
    done = subprocess.run(
        [*REGRETLAB, "run", "small.yaml", "--jobs", str(jobs)], cwd=tmp_path, capture_output=True, text=True
    )
    assert done.returncode == 1
    assert "leaves_4:Mine" in done.stdout + done.stderr
    assert (f"SystemExit: {status}" if jobs == 1 else "a worker process died") in done.stdout + done.stderr
    assert list((tmp_path / "results/small/jobs").glob("*.npz"))


def test_a_thread_that_ends_the_process_says_so(text, tmp_path):
    (tmp_path / "leaves_5.py").write_text(
        "import os, threading, time\nfrom bandits import UCB1\n\nclass Mine(UCB1):\n"
        "    def advance(self, environment, rounds):\n"
        "        threading.Thread(target=os._exit, args=(0,)).start()\n        time.sleep(60)\n",
        encoding="utf-8",
    )
    (tmp_path / "small.yaml").write_text(text.replace("- ucb1", "- leaves_5:Mine"), encoding="utf-8")
    done = subprocess.run(
        [*REGRETLAB, "run", "small.yaml", "--jobs", "1"], cwd=tmp_path, capture_output=True, text=True
    )
    assert done.returncode == 1
    assert "a thread of a study's code ended this command by os._exit" in done.stderr


@pytest.mark.slow
def test_killed_at_random_moments_and_resumed(text, plugin, tmp_path):
    slow = text.replace("- ucb1", "- plugin:Slow").replace("replicates: 6", "replicates: 10")
    (tmp_path / "small.yaml").write_text(slow, encoding="utf-8")
    words = ["run", str(tmp_path / "small.yaml"), "--out", str(tmp_path), "--no-plot", "--jobs"]
    luck, command = random.Random(7), [*REGRETLAB, *words, "2"]
    for _ in range(3):
        process = subprocess.Popen(
            command, stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL, start_new_session=True
        )
        time.sleep(luck.uniform(1.0, 3.5))
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
    done = CliRunner().invoke(main, [*words, "1"])
    assert done.exit_code == 0, done.output
    run(parse_study(slow), tmp_path / "undisturbed", jobs=1)
    assert contents(tmp_path / "small") == contents(tmp_path / "undisturbed")
