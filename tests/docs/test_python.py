"""The page on Python: its programs run, and say what it says."""

import re
from pathlib import Path

import pytest

import regretlab as rl

PAGE = "docs/python.md"


@pytest.mark.slow
def test_objects_are_compared(page):
    shown = page(PAGE)
    text, numbers = shown.run("python", "compare.py").strip().rsplit("\n", 1)
    assert text.startswith("BernoulliArms. ")
    end, before = map(float, numbers.split())
    assert 0.0 < before < end
    assert (shown.folder / "arms.png").is_file()


@pytest.mark.slow
def test_a_policy_of_the_script(page):
    shown = page(PAGE)
    first = shown.run("python", "own.py")
    assert [line.split("  ")[0] for line in first.splitlines()] == [
        "FollowTheLeader trials=1",
        "FollowTheLeader trials=20",
        "UCB1",
    ]
    jobs = {path: path.stat().st_mtime_ns for path in (shown.folder / "results/leader/jobs").iterdir()}
    assert shown.run("python", "own.py") == first
    assert jobs == {path: path.stat().st_mtime_ns for path in jobs}


@pytest.mark.slow
def test_studies(page):
    shown = page(PAGE)
    lines = shown.run("python", "study.py").splitlines()
    assert lines[-1] in ("True", "False")
    assert len(lines) == 1 + len(rl.load(shown.folder / "results/bernoulli"))
    assert (shown.folder / "results/bernoulli.html").is_file()


def test_what_the_table_names_is_there():
    text = (Path(__file__).parent.parent.parent / PAGE).read_text(encoding="utf-8")
    table = "\n".join(line for line in text.splitlines() if line.startswith("| `result."))
    named = set(re.findall(r"result\.(\w+)", table))
    public = {name for name in vars(rl.Result) if not name.startswith("_")}
    attributes = {"policies", "times", "regrets"}
    assert named == public | attributes
    for line in table.splitlines():
        assert line.count("|") == 3
