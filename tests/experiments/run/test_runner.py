"""Runs: resumed, interrupted, damaged, failing, and always the same numbers."""

import errno
import os
import signal
import subprocess
import sys
import time

import numpy as np
import pytest
from click.testing import CliRunner

import experiments
from bandits import UCB1
from experiments.cli import main
from experiments.run import files, runner
from experiments.run.jobs import jobs_of, run_job
from experiments.run.runner import run
from experiments.run.sources import file_hashes
from experiments.run.store import job_file
from experiments.study.config import parse_study

REGRETLAB = [sys.executable, "-c", "from experiments.cli import main; main()"]


def contents(folder):
    return {p.name: p.read_bytes() for p in (folder / "jobs").iterdir()}


def processes(group, seconds=10.0):
    """Those of a group that are there when it had time to end; not what has ended and waits for its parent."""
    end = time.monotonic() + seconds
    while True:
        listed = subprocess.run(["ps", "-Ao", "pgid=,stat=,args="], capture_output=True, text=True, check=True).stdout
        rows = [line.split(maxsplit=2) for line in listed.splitlines()]
        left = [args for pgid, stat, *args in rows if pgid == str(group) and not stat.startswith("Z")]
        if not left or time.monotonic() > end:
            return left
        time.sleep(0.1)


def statuses(outcome):
    return [d.status for d in outcome.done]


def test_every_byte_is_the_same_for_one_job_and_two(study, tmp_path):
    one, two = run(study, tmp_path / "one", jobs=1), run(study, tmp_path / "two", jobs=2)
    assert not one.failed
    assert not two.failed
    assert contents(tmp_path / "one") == contents(tmp_path / "two")
    assert len(contents(tmp_path / "one")) == 9
    assert (tmp_path / "one/manifest.json").read_bytes() == (tmp_path / "two/manifest.json").read_bytes()


def test_a_second_run_computes_nothing(study, tmp_path):
    assert set(statuses(run(study, tmp_path, jobs=1))) == {"computed"}
    before = contents(tmp_path)
    assert set(statuses(run(study, tmp_path, jobs=1))) == {"kept"}
    assert contents(tmp_path) == before


def test_more_replicates_keep_the_finished_blocks(text, tmp_path):
    run(parse_study(text), tmp_path, jobs=1)
    outcome = run(parse_study(text.replace("replicates: 6", "replicates: 8")), tmp_path, jobs=1)
    assert statuses(outcome).count("kept") == 9
    assert statuses(outcome).count("computed") == 3


def test_another_policy_changes_no_other_curve(text, tmp_path):
    run(parse_study(text), tmp_path / "two", jobs=1)
    more = text + "      - {name: ucb1, label: timid, parameters: {exploration: 0.1}}\n"
    run(parse_study(more), tmp_path / "three", jobs=1)
    assert contents(tmp_path / "two").items() <= contents(tmp_path / "three").items()


@pytest.mark.parametrize(
    ("old", "new"),
    [("seed: 3", "seed: 4"), ("horizon: 200", "horizon: 201"), ("0.8", "0.7"), ("checkpoints: 20", "checkpoints: 21")],
)
def test_whatever_decides_the_numbers_is_in_the_name(text, old, new):
    keys = {c.key for c in jobs_of(parse_study(text))}
    assert not keys & {c.key for c in jobs_of(parse_study(text.replace(old, new)))}


def test_the_code_of_a_foreign_policy_is_in_the_name(text, plugin):
    foreign = text.replace("- ucb1", "- plugin:Slow")
    before = [c.key for c in jobs_of(parse_study(foreign)) if c.label == "plugin:Slow"]
    plugin.write_text(plugin.read_text(encoding="utf-8") + "\n# changed\n", encoding="utf-8")
    assert [c.key for c in jobs_of(parse_study(foreign)) if c.label == "plugin:Slow"] == before
    plugin.write_text(plugin.read_text(encoding="utf-8").replace("0.4", "0.3"), encoding="utf-8")
    after = [c.key for c in jobs_of(parse_study(foreign)) if c.label == "plugin:Slow"]
    assert before
    assert not set(before) & set(after)


def test_the_content_of_a_file_that_a_study_names_is_in_the_name(text, tmp_path):
    table = tmp_path / "table.csv"
    environment = f"{{name: adversarial, parameters: {{source: {table}}}}}"
    named = text.replace("{name: bernoulli, parameters: {means: [0.2, 0.8]}}", environment)
    keys = []
    for rows in ("0,1\n1,0\n", "0,1\n1,1\n"):
        table.write_text(rows * 100, encoding="utf-8")
        keys.append({c.key for c in jobs_of(parse_study(named))})
    assert not keys[0] & keys[1]


def test_replicates_are_independent_of_the_block_they_are_in(text, tmp_path):
    run(parse_study(text), tmp_path / "a", jobs=1)
    run(parse_study(text.replace("batch: 2", "batch: 5")), tmp_path / "b", jobs=1)
    a, b = (experiments.load(tmp_path / name).experiments["two"] for name in "ab")
    for label in ("ucb1", "bold"):
        assert np.array_equal(a.regret(label), b.regret(label))
    assert len(np.unique(a.regret("ucb1")[:, -1])) > 1


def test_policies_of_a_replicate_meet_the_same_world(text, tmp_path):
    run(parse_study(text.replace("exploration: 8", "exploration: 2")), tmp_path, jobs=1)
    experiment = experiments.load(tmp_path).experiments["two"]
    assert np.array_equal(experiment.series["ucb1"]["reward"], experiment.series["bold"]["reward"])


def test_results_come_back_as_they_were_computed(study, tmp_path):
    run(study, tmp_path, jobs=1)
    experiment = experiments.load(tmp_path).experiments["two"]
    job = next(c for c in jobs_of(study) if c.label == "bold" and c.first == 2)
    arrays, _ = run_job(job)
    assert np.array_equal(experiment.series["bold"]["reward"][2:4], arrays["series/reward"])
    assert experiment.replicates.tolist() == list(range(6))
    assert experiment.times[-1] == 200
    assert np.all(np.diff(experiment.regret("ucb1"), axis=1) >= -1e-9)
    assert experiment.prices["ucb1"].seconds > 0
    assert experiment.missing == ()


def test_a_policy_that_raises_leaves_the_others_alone(text, plugin, tmp_path):
    study = parse_study(text.replace("- ucb1", "- plugin:Raises").replace("seed: 3", "seed: 5"))
    for jobs in (1, 2):
        outcome = run(study, tmp_path / str(jobs), jobs=jobs)
        assert 0 < len(outcome.failed) <= 3
        assert all(d.job.label == "plugin:Raises" for d in outcome.failed)
        assert "ZeroDivisionError: no such luck" in outcome.failed[0].error
        assert "in replicate" in outcome.failed[0].error
        experiment = experiments.load(tmp_path / str(jobs)).experiments["two"]
        assert experiment.series["bold"]["reward"].shape[0] > 0
        assert len(experiment.missing) == len(outcome.failed)
        assert "failed: ZeroDivisionError: no such luck, in replicate" in experiment.missing[0]


@pytest.mark.parametrize("how", ["cut", "flipped", "emptied", "swapped", "text"])
def test_a_damaged_file_is_named_and_computed_again(study, tmp_path, how):
    run(study, tmp_path, jobs=1)
    good = contents(tmp_path)
    victim, other = sorted((tmp_path / "jobs").iterdir())[:2]
    raw = bytearray(victim.read_bytes())
    raw[len(raw) // 2] ^= 0xFF
    victim.write_bytes(
        {
            "cut": victim.read_bytes()[:-100],
            "flipped": bytes(raw),
            "emptied": b"",
            "swapped": other.read_bytes(),
            "text": b"not a result",
        }[how]
    )
    missing = [m for p in experiments.load(tmp_path).experiments.values() for m in p.missing]
    assert len(missing) == 1
    assert victim.name in missing[0]
    notes: list[str] = []
    outcome = run(study, tmp_path, jobs=1, damaged=notes.append)
    assert len(notes) == 1
    assert victim.name in notes[0]
    assert statuses(outcome).count("computed") == 1
    assert contents(tmp_path) == good


def test_an_unwritable_folder_is_an_error_before_work(study, tmp_path):
    (tmp_path / "file").write_text("", encoding="utf-8")
    with pytest.raises(OSError, match=r"cannot write results to .*file.*choose another --out"):
        run(study, tmp_path / "file", jobs=1)


class FullDisk:
    """A stream on a disk that takes half of what is written to it."""

    def __init__(self, stream):
        self.stream = stream

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self.stream.close()

    def write(self, content):
        self.stream.write(content[: len(content) // 2])
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def test_a_full_disk_stops_the_run_and_keeps_what_was_written(study, tmp_path, monkeypatch):
    written, done = [], []

    def full(part, mode):
        stream = part.open(mode)
        if len(written) < 9:  # the manifest, and four jobs with their timings
            written.append(part)
            return stream
        return FullDisk(stream)

    monkeypatch.setattr(files, "open", full, raising=False)
    with pytest.raises(OSError, match=r"cannot write .*\.npz: No space left .*the same call goes on") as caught:
        run(study, tmp_path, jobs=1, report=done.append)
    assert caught.value.errno == errno.ENOSPC
    assert [d.status for d in done] == ["computed"] * 4
    assert len(contents(tmp_path)) == 4
    assert not list(tmp_path.rglob(".part-*"))
    monkeypatch.undo()
    assert statuses(run(study, tmp_path, jobs=1)).count("kept") == 4


def test_a_disk_that_takes_nothing_more_stops_the_run(study, tmp_path, monkeypatch):
    """But with room: read-only since the run began, or gone."""
    done = []

    def gone(folder):
        if done:
            raise OSError(errno.EROFS, os.strerror(errno.EROFS))

    def stop(path):
        if len(done) == 2 and path.suffix == ".npz":
            raise OSError(errno.EROFS, os.strerror(errno.EROFS))
        return whole(path)

    whole = files.whole
    monkeypatch.setattr(files, "whole", stop)
    monkeypatch.setattr(runner, "check_writable", gone)
    with pytest.raises(OSError, match="Read-only"):
        run(study, tmp_path, jobs=1, report=done.append)
    assert len(done) == len(contents(tmp_path)) == 2


def test_a_result_alone_that_cannot_be_written_fails_its_job_alone(study, tmp_path, monkeypatch):
    job, whole = jobs_of(study)[3], files.whole

    def refuse(path):
        if path == job_file(tmp_path, job.key):
            raise OSError(errno.EFBIG, os.strerror(errno.EFBIG))
        return whole(path)

    monkeypatch.setattr(files, "whole", refuse)
    outcome = run(study, tmp_path, jobs=1)
    assert [d.job for d in outcome.failed] == [job]
    assert "the result could not be written" in outcome.failed[0].error


def test_a_timing_that_cannot_be_written_does_not_fail_its_job(study, tmp_path):
    (tmp_path / "timings").write_text("in the way", encoding="utf-8")
    assert statuses(run(study, tmp_path, jobs=1)) == ["computed"] * 9
    assert not experiments.load(tmp_path).experiments["two"].missing


def test_a_policy_that_exits_fails_its_job(text, plugin, tmp_path):
    plugin.write_text(
        "from bandits.arms.ucb1 import UCB1\n\n"
        "class Exits(UCB1):\n    def advance(self, environment, rounds):\n        raise SystemExit(0)\n",
        encoding="utf-8",
    )
    outcome = run(parse_study(text.replace("- ucb1", "- plugin:Exits")), tmp_path, jobs=1)
    assert {d.job.label for d in outcome.failed} == {"plugin:Exits"}
    assert "SystemExit: 0" in outcome.failed[0].error


@pytest.mark.slow
def test_a_file_size_limit_fails_jobs_and_exits_non_zero(text, tmp_path):
    (tmp_path / "small.yaml").write_text(text, encoding="utf-8")
    code = (
        "import resource, signal; signal.signal(signal.SIGXFSZ, signal.SIG_IGN);"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (1500, 1500));"
        "import experiments.run.runner as r; r.write_manifest = lambda *a: None;"
        "from experiments.cli import main; main()"
    )
    command = [sys.executable, "-c", code, "run", str(tmp_path / "small.yaml"), "--out", str(tmp_path), "--jobs", "1"]
    done = subprocess.run([*command, "--no-plot"], capture_output=True, text=True)
    assert done.returncode == 1
    assert "File too large" in done.stderr
    assert "failed: two · ucb1 · replicates 0..1" in done.stderr
    assert not list((tmp_path / "small/jobs").glob(".part-*"))


@pytest.fixture(scope="module")
def undisturbed():
    """Results of the run that nobody stops, once there are some."""
    return {}


@pytest.mark.slow
@pytest.mark.parametrize(
    ("jobs", "number", "status", "by"),
    [
        (1, signal.SIGINT, 130, "Ctrl-C"),
        (2, signal.SIGINT, 130, "Ctrl-C"),
        (2, signal.SIGTERM, 143, "SIGTERM"),
        (2, signal.SIGKILL, -9, ""),
    ],
)
def test_stopped_in_whatever_way_it_keeps_finished_jobs_and_the_next_run_goes_on(
    text, plugin, tmp_path, undisturbed, jobs, number, status, by
):
    slow = text.replace("- ucb1", "- plugin:Slow").replace("replicates: 6", "replicates: 12")
    (tmp_path / "small.yaml").write_text(slow, encoding="utf-8")
    words = ["run", str(tmp_path / "small.yaml"), "--out", str(tmp_path), "--no-plot", "--jobs"]
    process = subprocess.Popen(
        [*REGRETLAB, *words, str(jobs)],
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # a job in the background ignores Ctrl-C
    )
    jobs = tmp_path / "small/jobs"
    for _ in range(600):
        time.sleep(0.1)
        if jobs.is_dir() and len(list(jobs.glob("*.npz"))) >= 8:
            break
    kill = os.kill if number == signal.SIGKILL else os.killpg  # as the kernel, or a terminal and a batch system do
    kill(process.pid, number)
    _, errors = process.communicate(timeout=10)  # which waits for all that have the pipe
    assert process.returncode == status, errors
    assert (f"stopped by {by}; finished jobs are in" in errors) == bool(by)
    assert ("the same command goes on from there" in errors) == bool(by)
    assert "resource_tracker" not in errors
    assert "Traceback" not in errors
    assert not processes(process.pid)
    finished = set(jobs.glob("*.npz"))
    assert 8 <= len(finished) < 18
    done = CliRunner().invoke(main, [*words, "1"])
    assert done.exit_code == 0
    assert f"{len(finished)} kept" in done.output
    if not undisturbed:
        run(parse_study(slow), tmp_path / "undisturbed", jobs=1)
        undisturbed |= contents(tmp_path / "undisturbed")
    assert contents(tmp_path / "small") == undisturbed


def test_leftovers_of_killed_runs_are_swept_and_nothing_else(study, tmp_path):
    dead = subprocess.Popen([sys.executable, "-c", ""])
    dead.wait()
    host, old, folder, outside = files.host(), (0.0, 0.0), tmp_path / "results", tmp_path / "outside"
    ours = [f"{files.PART}{host}-{dead.pid}-0123abcd", f"{files.PART}elsewhere-2-0123abcd"]
    others = [f"{files.PART}{host}-{os.getpid()}-0123abcd", f"{files.PART}elsewhere-1-0123abcd"]
    strange = [".part-e", f".part-{host}-{dead.pid}-a", f"{files.PART}{host}-{dead.pid}-mine", f"{files.PART}notes"]
    outside.mkdir()
    for name in ("jobs", "timings", "figures", "mine", "."):
        (folder / name).mkdir(exist_ok=True, parents=True)
    (folder / "export").symlink_to(outside)
    for place in (outside, *(folder / name for name in ("jobs", "timings", "figures", "mine", "."))):
        for part in (*ours, *others, *strange):
            (place / part).write_bytes(b"half")
        for part in (ours[1], *strange):
            os.utime(place / part, old)
        (place / f"{files.PART}{host}-{dead.pid}-aaaaaaaa").symlink_to(outside / "kept")
        (place / f"{files.PART}{host}-{dead.pid}-bbbbbbbb").mkdir()
    run(study, folder, jobs=1)
    for place in (folder / name for name in ("jobs", "timings", "figures", ".")):
        assert [part for part in (*ours, *others, *strange) if (place / part).exists()] == [*others, *strange]
        assert len(list(place.glob(f"{files.PART}{host}-{dead.pid}-[ab]*"))) == 2
    for place in (folder / "mine", outside):
        assert all((place / part).exists() for part in (*ours, *others, *strange))


def test_an_error_stays_on_disk_until_the_job_succeeds(text, plugin, tmp_path, monkeypatch):
    study = parse_study(text.replace("- ucb1", "- plugin:Raises").replace("seed: 3", "seed: 5"))
    failed = run(study, tmp_path, jobs=1).failed
    assert len(list((tmp_path / "errors").iterdir())) == len(failed) > 0
    monkeypatch.setattr("plugin.Raises.reset", UCB1.reset)
    assert not run(study, tmp_path, jobs=1).failed
    assert not list((tmp_path / "errors").iterdir())
    assert experiments.load(tmp_path).experiments["two"].missing == ()


def test_code_that_is_imported_late_is_in_the_name(text, tmp_path, monkeypatch):
    (tmp_path / "late.py").write_text(
        "from bandits.arms.ucb1 import UCB1\n\n\n"
        "class Late(UCB1):\n    def choose(self, observation):\n"
        "        from helpers.of_late import ARM\n        return ARM\n",
        encoding="utf-8",
    )
    (tmp_path / "helpers").mkdir()
    (tmp_path / "helpers/__init__.py").write_text("", encoding="utf-8")
    monkeypatch.syspath_prepend(str(tmp_path))
    keys = []
    for arm in (0, 1):
        (tmp_path / "helpers/of_late.py").write_text(f"ARM = {arm}\n", encoding="utf-8")
        keys += [c.key for c in jobs_of(parse_study(text.replace("- ucb1", "- late:Late"))) if c.label == "late:Late"]
    assert len(set(keys)) == len(keys) == 6
    assert "helpers.of_late" not in sys.modules, "looking is not importing"


def test_a_file_of_the_home_folder_is_in_the_name(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    hashes = []
    for content in ("1", "2"):
        (tmp_path / "trace.txt").write_text(content, encoding="utf-8")
        hashes.append(file_hashes({"trace": "~/trace.txt"}))
    assert list(hashes[0]) == list(hashes[1]) == ["~/trace.txt"]
    assert hashes[0] != hashes[1]
    assert file_hashes(["x" * 300, "a/" * 3000, "nul\0"]) == {}
