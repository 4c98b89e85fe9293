"""A process beside a command: what it does, and that nothing is lost where there is none or it ends."""

import os
import signal
import sys
import threading
import time

import pytest

from experiments.run import beside as module
from experiments.run.beside import beside
from experiments.run.store import runs

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="copies are made on Linux alone")


@pytest.fixture
def fit(monkeypatch):
    """A process is made, whatever tests have left in this one and however few cores there are."""
    monkeypatch.setattr(module, "can_fork", lambda: True)
    monkeypatch.setattr(module, "_has_another_core", lambda: True)


def nothing():
    pass


def appears(path, seconds=20.0):
    end = time.monotonic() + seconds
    while not path.exists() and time.monotonic() < end:
        time.sleep(0.01)
    return path.exists()


def test_it_gets_ready_at_once_and_works_on_what_it_is_given(fit, tmp_path):
    known = []

    def prepare():
        known.append(1)
        (tmp_path / "ready").touch()

    with beside(prepare, lambda value: (os.getpid(), known, value)) as ask:
        assert appears(tmp_path / "ready")
        process, *found = ask("a")
        assert found == [[1], "a"]
        assert ask("b") == (process, [1], "b")
    assert process != os.getpid()
    assert not known
    assert not runs(process)


def test_there_is_none_without_another_core_or_another_process_or_where_a_thread_runs(monkeypatch):
    monkeypatch.setattr(module, "can_fork", lambda: True)
    monkeypatch.setattr(os, "sched_getaffinity", lambda process: {0})
    with beside(nothing, str) as ask:
        assert ask(1) is None
    monkeypatch.undo()
    monkeypatch.setattr(module, "_has_another_core", lambda: True)
    with monkeypatch.context() as full:
        full.setattr(module, "can_fork", lambda: True)
        full.setattr(os, "fork", lambda: os.open("/nowhere/at/all", 0))
        with beside(nothing, str) as ask:
            assert ask(1) is None
    done = threading.Event()
    thread = threading.Thread(target=done.wait)
    thread.start()
    with beside(nothing, str) as ask:
        assert ask(1) is None
    done.set()
    thread.join()


@pytest.mark.parametrize(
    "work", [lambda value: 1 / value, lambda value: os._exit(0), lambda value: sys.exit(0), lambda value: lambda: value]
)
def test_work_that_fails_gives_nothing_and_says_nothing(fit, capfd, work):
    with beside(nothing, work) as ask:
        assert [ask(0), ask(1)] == [None, None]
    assert capfd.readouterr() == ("", "")


def test_it_does_not_wait_for_ever(fit, monkeypatch):
    monkeypatch.setattr(module, "PATIENCE", 0.1)
    with beside(nothing, str) as ask:
        assert ask(1) == "1"
        time.sleep(1.0)
        assert ask(2) is None


@pytest.mark.parametrize("seconds", [0, 60])
def test_it_ends_at_once_that_waits_or_gets_ready(fit, tmp_path, seconds):
    def prepare():
        (tmp_path / "begun").touch()
        time.sleep(seconds)

    before = time.monotonic()
    with beside(prepare, str):
        assert appears(tmp_path / "begun")
    assert time.monotonic() - before < 10.0


def test_work_that_is_given_up_is_cleared_away(fit, tmp_path):
    def work(path):
        path.touch()
        try:
            time.sleep(60)
        finally:
            path.unlink()

    def interrupt():
        appears(tmp_path / "half")
        os.kill(os.getpid(), signal.SIGINT)

    def give_up():
        with beside(nothing, work) as ask:
            other.start()
            ask(tmp_path / "half")

    other = threading.Thread(target=interrupt)
    with pytest.raises(KeyboardInterrupt):
        give_up()
    other.join()
    assert not list(tmp_path.iterdir())
