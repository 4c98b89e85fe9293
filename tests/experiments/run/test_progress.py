"""Progress on terminals, in logs and in notebooks."""

import io
import re
import subprocess
import sys
import threading
import time

import pytest
from rich.console import Console

from experiments.run.forks import AT_REST, TAME
from experiments.run.jobs import Job
from experiments.run.progress import Progress
from experiments.run.runner import Done

JOB = Job("two", {}, {}, "[b]old", 10, 0, 0, 2, 10)


def shown(console, statuses=("computed", "kept", "failed", "computed")):
    with Progress("small", console) as progress:
        progress.expect(len(statuses))
        progress.note("a [remark]")
        for status in statuses:
            progress.report(Done(JOB, status, 0.25))
    return progress


def lines(stream):
    return stream.getvalue().splitlines()


def test_a_log_gets_failures_and_the_last_job_and_nothing_else():
    stream = io.StringIO()
    shown(Console(file=stream, force_terminal=False, width=20))
    title = "two · [b]old · replicates 0..1"
    assert lines(stream) == [
        "a [remark]",
        f"small: 3/4 after 0 s, failed {title} (0.2 s)",
        f"small: 4/4 after 0 s, computed {title} (0.2 s)",
    ]


def test_a_long_run_says_so_now_and_then(monkeypatch):
    monkeypatch.setattr("experiments.run.progress.EVERY", 0.0)
    stream = io.StringIO()
    shown(Console(file=stream, force_terminal=False))
    assert len(lines(stream)) == 5


@pytest.mark.parametrize("dumb", [False, True])
def test_a_terminal_has_a_bar_unless_it_is_dumb(dumb):
    stream = io.StringIO()
    environ = {"TERM": "dumb" if dumb else "xterm"}
    progress = shown(Console(file=stream, force_terminal=True, width=120, _environ=environ, legacy_windows=False))
    assert progress.moves is not dumb
    assert ("\x1b[" in stream.getvalue()) is not dumb
    text = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", stream.getvalue())
    assert "4/4" in text
    assert "a [remark]" in text
    assert "[b]old" in text, "a label is no markup"


def test_a_notebook_without_widgets_gets_plain_lines_and_no_warning(monkeypatch):
    monkeypatch.setattr("experiments.run.progress.find_spec", lambda name: None)
    stream = io.StringIO()
    progress = shown(Console(file=stream, force_jupyter=True))
    assert not progress.moves
    assert len(lines(stream)) == 3
    assert "\x1b" not in stream.getvalue()


def test_a_notebook_with_widgets_has_a_bar(monkeypatch):
    monkeypatch.setattr("experiments.run.progress.find_spec", lambda name: object())
    progress = Progress("small", Console(file=io.StringIO(), force_jupyter=True))
    assert progress.moves
    assert not progress.bar.disable


def test_by_default_it_goes_to_standard_error():
    code = "from experiments.run.progress import Progress\nwith Progress('small') as p: p.note('here')"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert (done.stdout, done.stderr) == ("", "here\n")


def test_the_bar_of_a_terminal_moves_between_jobs_and_holds_still_for_a_copy():
    stream = io.StringIO()
    console = Console(file=stream, force_terminal=True, width=120, _environ={"TERM": "xterm"}, legacy_windows=False)

    def moves():
        before = len(stream.getvalue())
        time.sleep(0.5)
        return len(stream.getvalue()) > before

    before = set(threading.enumerate())
    with Progress("small", console) as progress:
        progress.expect(2)
        assert moves()
        assert set(threading.enumerate()) - before == TAME
        with AT_REST:
            assert not moves()
        assert moves()
    assert not TAME
    assert set(threading.enumerate()) == before
