"""What ``regretlab run`` draws in a process beside its own is what it would draw itself."""

import os
import signal
import subprocess
import sys
import time

import pytest

from experiments.run.files import PART

pytestmark = pytest.mark.skipif(
    sys.platform != "linux" or len(os.sched_getaffinity(0)) < 2, reason="there is a process beside on Linux alone"
)

RUN = """
import os, sys
import experiments.cli as cli

draw = cli._draw

def noted(folder):
    with open("drawn", "a") as stream:
        stream.write("here\\n" if os.getpid() == first else "beside\\n")
    draw(folder)

first, cli._draw = os.getpid(), noted
if sys.argv.pop(1) == "one":
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
cli.main(prog_name="regretlab")
"""
LOOK = """\
figures:
  - {experiment: two, font: {family: Nowhere}}
  - {experiment: two, label: again, policies: [ucb1]}
"""


@pytest.fixture
def runs(tmp_path, text):
    """Has ``regretlab`` run in a folder of its own on as many cores; the folder, and what was said and done."""

    def call(cores, *words, jobs="2", change=lambda folder: None):
        folder = tmp_path / cores
        folder.mkdir(exist_ok=True)
        (folder / "small.yaml").write_text(text + LOOK, encoding="utf-8")
        change(folder)
        command = [sys.executable, "-c", RUN, cores, "run", "small.yaml", "--jobs", jobs, *words]
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=120)
        told = [line for line in done.stderr.splitlines() if not line.startswith("small: ")]  # with times
        drawn = (folder / "drawn").read_text().split() if (folder / "drawn").exists() else []
        return folder, (done.returncode, done.stdout, told), drawn

    return call


def pictures(folder):
    return {path.name: path.read_bytes() for path in (folder / "results/small/figures").iterdir()}


def test_files_and_words_are_the_same(runs):
    here, said, drawn = runs("one")
    assert drawn == ["here"]
    beside, said_beside, drawn = runs("two")
    assert drawn == ["beside"]
    assert said_beside == said
    assert said[0] == 0
    assert sum("'Nowhere'" in line for line in said[2]) == 1
    assert len(pictures(here)) == 9
    assert pictures(beside) == pictures(here)
    assert (beside / "results/small/report.html").is_file()


def test_what_cannot_be_drawn_is_told_as_ever(runs):
    def in_the_way(folder):
        (folder / "results/small").mkdir(parents=True)
        (folder / "results/small/figures").symlink_to(folder)

    _, said, _ = runs("one", change=in_the_way)
    _, said_beside, drawn = runs("two", change=in_the_way)
    assert drawn == ["beside", "here"]
    assert said_beside == (said[0], said[1], [line.replace("/one/", "/two/") for line in said[2]])
    assert said[0] == 1
    assert "drawing failed" in said[2][-1]


def test_one_job_is_one_process_and_nothing_is_drawn_unasked(runs):
    assert runs("two", jobs="1")[2] == ["here"]
    assert runs("more", "--no-plot")[2] == []
    assert runs("more", "--shard", "1/2")[2] == []


STYLED = """\
import matplotlib

from bandits.arms.ucb1 import UCB1

matplotlib.rcParams["axes.facecolor"] = "red"


class Mine(UCB1):
    '''Drawn on red.'''
"""


def test_settings_of_matplotlib_in_a_module_of_the_study_hold(runs):
    def styled(folder):
        (folder / "styled.py").write_text(STYLED, encoding="utf-8")
        text = (folder / "small.yaml").read_text(encoding="utf-8")
        (folder / "small.yaml").write_text(
            text.replace("- ucb1", "- {name: styled:Mine, label: ucb1}", 1), encoding="utf-8"
        )

    here, said, drawn = runs("one", change=styled, jobs="1")
    assert drawn == ["here"]
    beside, said_beside, drawn = runs("two", change=styled)
    assert drawn == ["here"]
    assert said_beside == said
    assert said[0] == 0
    assert pictures(beside) == pictures(here)
    assert b"#ff0000" in pictures(here)["two.svg"]


SLOW = """
import sys, time
import experiments.cli as cli
from pathlib import Path

def draw(folder):
    from experiments.run.files import whole

    with whole(folder / "figures/half.png"):
        time.sleep(60)

cli._draw = draw
cli.main(prog_name="regretlab")
"""


@pytest.mark.parametrize(
    ("number", "kill", "status"),
    [(signal.SIGINT, os.killpg, 130), (signal.SIGTERM, os.kill, 143), (signal.SIGHUP, os.killpg, 129)],
)
def test_stopped_while_it_draws(tmp_path, text, number, kill, status):
    (tmp_path / "small.yaml").write_text(text, encoding="utf-8")
    process = subprocess.Popen(
        [sys.executable, "-c", SLOW, "run", "small.yaml", "--jobs", "2"],
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # a job in the background ignores Ctrl-C
    )
    figures = tmp_path / "results/small/figures"
    end = time.monotonic() + 60
    while not list(figures.glob(f"{PART}*")) and time.monotonic() < end:
        time.sleep(0.05)
    before = time.monotonic()
    kill(process.pid, number)
    _, errors = process.communicate(timeout=20)  # which waits for all that have the pipe
    assert time.monotonic() - before < 5.0
    assert process.returncode == status, errors
    assert "the same command goes on from there" in errors
    assert "Traceback" not in errors
    assert not list(figures.iterdir())
