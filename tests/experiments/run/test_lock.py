"""Two runs at once in one folder: the second is told, and a run that was killed keeps nobody out."""

import errno
import fcntl
import os
import signal
import subprocess
import sys
import threading

import pytest
from click.testing import CliRunner

from experiments.cli import main
from experiments.run.lock import alone
from experiments.run.runner import run
from experiments.study.config import parse_study

HOLD = "import sys\nfrom pathlib import Path\nfrom experiments.run.lock import alone\n"
HOLD += "with alone(Path(sys.argv[1])):\n    print('held', flush=True)\n    sys.stdin.read()\n"


@pytest.fixture
def held(tmp_path):
    """Another process that is at work in a folder."""
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(tmp_path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout.readline() == "held\n"
    yield process
    process.kill()
    process.communicate()


def test_the_second_run_is_told_by_whom_it_is_kept_out(held, text, tmp_path):
    study = parse_study(text)
    with pytest.raises(BlockingIOError, match=rf"another run is at work in {tmp_path} \(process {held.pid} on "):
        run(study, tmp_path, jobs=1)
    assert not (tmp_path / "manifest.json").exists()
    with pytest.raises(BlockingIOError, match="another run is at work in"):
        run(study, tmp_path, jobs=1, shard=(1, 2))
    held.communicate("")
    assert not (tmp_path / ".running").exists()
    assert not run(study, tmp_path, jobs=1).failed


def test_shards_go_on_beside_each_other_and_keep_out_the_whole(text, tmp_path):
    study = parse_study(text)
    with alone(tmp_path, (1, 2)):
        assert not run(study, tmp_path, jobs=1, shard=(2, 2)).failed
        for shard in ((1, 1), (1, 2)):
            with pytest.raises(BlockingIOError, match=rf"another run is at work in {tmp_path}"):
                run(study, tmp_path, jobs=1, shard=shard)
    assert not list(tmp_path.glob(".running*"))
    assert not run(study, tmp_path, jobs=1).failed


def test_a_run_that_was_killed_keeps_nobody_out(held, study, tmp_path):
    held.send_signal(signal.SIGKILL)
    held.wait()
    assert (tmp_path / ".running").exists()
    assert not run(study, tmp_path, jobs=1).failed
    assert not (tmp_path / ".running").exists()


def test_a_command_says_so_with_its_status(held, text, tmp_path):
    (tmp_path / "small.yaml").write_text(text, encoding="utf-8")
    (tmp_path / "out").mkdir()
    (tmp_path / "out/small").symlink_to(tmp_path)
    done = CliRunner().invoke(main, ["run", str(tmp_path / "small.yaml"), "--out", str(tmp_path / "out"), "-j", "1"])
    assert done.exit_code == 1
    assert done.output.count("another run is at work in") == 1


def test_one_after_the_other_and_never_both(tmp_path):
    """The file goes with each run, so that one that waits may have opened the file of one that is over."""
    inside, most, wrong, rounds = [0], [0], [], [0]

    def work():
        for _ in range(300):
            try:
                with alone(tmp_path):
                    inside[0] += 1
                    most[0] = max(most[0], inside[0])
                    rounds[0] += 1
                    inside[0] -= 1
            except BlockingIOError:
                continue
            except Exception as error:
                wrong.append(error)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (wrong, most[0]) == ([], 1)
    assert rounds[0] >= 1
    assert list(tmp_path.iterdir()) == []


def test_without_locks_of_the_file_system_runs_go_on(study, tmp_path, monkeypatch):
    def none(handle, operation):
        raise OSError(errno.ENOLCK, os.strerror(errno.ENOLCK))

    monkeypatch.setattr(fcntl, "flock", none)
    assert not run(study, tmp_path, jobs=1).failed
    assert not (tmp_path / ".running").exists()
