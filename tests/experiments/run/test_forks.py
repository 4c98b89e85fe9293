"""Copies of this process that work: what they are like, how they end, and when there are none."""

import os
import random
import signal
import subprocess
import sys
import time

import numpy as np
import pytest

import experiments
from experiments.run import forks as module
from experiments.run import lock, workers
from experiments.run.forks import DiedError, can_fork, forks
from experiments.run.lock import alone
from experiments.run.runner import run
from experiments.study.config import parse_study

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="copies are made on Linux alone")


def contents(folder):
    return {p.name: p.read_bytes() for p in (folder / "jobs").iterdir()}


def numbered(values):
    return [(str(i), value) for i, value in enumerate(values)]


def is_there(process):
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    return True


def test_every_value_comes_back_once():
    for jobs in (1, 2, 3):
        for number in (0, 1, 2, 500):
            found = dict(forks(jobs, lambda value: value**2, numbered(range(number))))
            assert found == {str(i): i**2 for i in range(number)}


def test_several_are_at_work_at_once_when_the_first_has_been_for_a_while():
    def sleep(value):
        time.sleep(0.2)
        return os.getpid()

    found = [process for _, process in forks(3, sleep, numbered(range(6)))]
    assert len(set(found)) == 3
    assert os.getpid() not in found
    assert not any(map(is_there, found))


def test_a_small_piece_of_work_is_left_to_one():
    assert len({process for _, process in forks(8, lambda value: os.getpid(), numbered(range(5)))}) == 1


def test_what_they_are_like(tmp_path):
    """As new processes: out of reach of Ctrl-C, with luck of their own, and nothing of their parent's in hand."""

    def look(value):
        time.sleep(0.1)
        handlers = [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)]
        return {
            "handlers": handlers,
            "blocked": signal.pthread_sigmask(signal.SIG_BLOCK, []),
            "luck": (random.random(), np.random.random()),  # noqa: NPY002
            "streams": sys.stdout is sys.__stdout__ and sys.stderr is sys.__stderr__,
            "held": lock._HELD,
            "threads": [number() for number, _ in module._threads()],
        }

    before = signal.signal(signal.SIGTERM, lambda number, frame: None), signal.signal(signal.SIGHUP, signal.SIG_IGN)
    threads = [number() for number, _ in module._threads()]
    try:
        with alone(tmp_path):
            found = [like for _, like in forks(2, look, numbered(range(4)))]
            assert lock._HELD
    finally:
        for number, handler in zip((signal.SIGTERM, signal.SIGHUP), before, strict=True):
            signal.signal(number, handler)
    for like in found:
        assert like["handlers"] == [signal.SIG_IGN, signal.SIG_DFL, signal.SIG_IGN]
        assert not like["blocked"]
        assert like["streams"]
        assert not like["held"]
        assert like["threads"] == [1] * len(threads)
    assert len({like["luck"] for like in found}) == 4
    assert [number() for number, _ in module._threads()] == threads


@pytest.mark.parametrize("way", [lambda: os._exit(3), lambda: os.kill(os.getpid(), signal.SIGKILL)])
def test_one_that_dies_is_named_and_the_others_end(way):
    def work(value):
        time.sleep(0.05)
        return way() if value == 5 else os.getpid()

    found = []
    with pytest.raises(DiedError) as caught:
        found += [process for _, process in forks(2, work, numbered(range(8)))]
    assert caught.value.key == "5"
    assert "status 3" in str(caught.value) or "status -9" in str(caught.value)
    assert not any(map(is_there, found))


def test_they_end_at_once_with_whoever_asks_no_more():
    def work(value):
        time.sleep(60.0 * (value > 0))
        return os.getpid()

    found = forks(2, work, numbered(range(3)))
    begun = time.monotonic()
    _, process = next(found)
    found.close()
    assert time.monotonic() - begun < 10.0
    assert not is_there(process)


def test_they_end_with_their_parent(tmp_path):
    code = (
        "import os, time\nfrom experiments.run.forks import forks\n"
        "def work(value):\n    time.sleep(60.0 * (value > 1))\n    return os.getpid()\n"
        "for _, process in forks(2, work, [(str(i), i) for i in range(9)]):\n    print(process, flush=True)\n"
    )
    parent = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True, cwd=tmp_path)
    assert int(parent.stdout.readline()) != parent.pid
    parent.kill()
    parent.communicate(timeout=20)  # which waits for all that have the pipe


@pytest.mark.parametrize("jobs", [2, 1])
def test_a_module_that_has_changed_is_read_anew(text, plugin, tmp_path, jobs):
    """By copies; in this process it is what it was when it was imported."""
    study = text.replace("- ucb1", "- plugin:Slow")
    plugin.write_text(plugin.read_text(encoding="utf-8").replace("time.sleep(0.4)", "self.exploration = 2.0"))
    run(parse_study(study), tmp_path / "one", jobs=jobs)
    code = plugin.read_text(encoding="utf-8")
    plugin.write_text(code.replace("exploration = 2.0", "exploration = 0.01 # changed"), encoding="utf-8")
    run(parse_study(study), tmp_path / "two", jobs=jobs)
    one, two = (experiments.load(tmp_path / n).experiments["two"].regret("plugin:Slow") for n in ("one", "two"))
    assert np.array_equal(one, two) == (jobs == 1)


def test_none_is_made_where_a_module_of_ours_has_changed_or_a_library_does_not_bear_it(monkeypatch):
    assert can_fork()
    with monkeypatch.context() as patch:
        patch.setattr(module, "BEGUN", 0.0)
        assert not can_fork()
    with monkeypatch.context() as patch:
        patch.setattr(module, "_libraries", lambda: {"/usr/lib/libgomp-a34b3233.so.1.0.0"})
        assert not can_fork()
    monkeypatch.setattr(sys, "platform", "darwin")
    assert not can_fork()


@pytest.mark.slow
def test_new_processes_in_their_place_give_the_same_bytes(text, plugin, tmp_path, monkeypatch):
    study = parse_study(text.replace("- ucb1", "- plugin:Raises\n      - moss"))
    run(study, tmp_path / "copies", jobs=2)
    monkeypatch.setattr(workers, "can_fork", lambda: False)
    run(study, tmp_path / "new", jobs=2)
    assert contents(tmp_path / "copies") == contents(tmp_path / "new")
    assert len(contents(tmp_path / "new")) > 0


@pytest.mark.slow
def test_a_new_process_that_dies_is_named_too(text, plugin, tmp_path, monkeypatch):
    monkeypatch.setattr(workers, "can_fork", lambda: False)
    plugin.write_text(
        "import os\nfrom bandits.arms.ucb1 import UCB1\n\n"
        "class Dies(UCB1):\n    def advance(self, environment, rounds):\n        os._exit(3)\n",
        encoding="utf-8",
    )
    outcome = run(parse_study(text.replace("- ucb1", "- plugin:Dies\n      - moss")), tmp_path, jobs=2)
    assert {d.job.label for d in outcome.failed} == {"plugin:Dies"}
    assert sorted(d.status for d in outcome.done) == ["computed"] * 9 + ["failed"] * 3
