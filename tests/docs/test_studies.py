"""The page on study files: its studies run, its programs print what it says."""

import re
from pathlib import Path

import pytest
from ruamel.yaml import YAML

import experiments
from experiments.study.config import parse_study

ROOT = Path(__file__).parent.parent.parent


@pytest.mark.slow
def test_sweeps_and_results(page):
    studies = page("docs/studies.md")
    pytest.importorskip("xarray")
    listed = studies.run("regretlab", "run", "sweep.yaml", "--dry-run")
    assert "two_arms-horizon=100,sd=0.5: gaussian" in listed
    assert "ucb1 exploration=0.5" in listed
    changed = studies.run(
        "regretlab", "run", "sweep.yaml", "--dry-run", "--set", "experiments.two_arms.horizon.sweep=[7, 9]"
    )
    assert "two_arms-horizon=9,sd=1" in changed
    studies.run("regretlab", "run", "sweep.yaml", "--jobs", "1", "--no-plot")
    studies.run("regretlab", "plot", "results/sweep", "--format", "png")
    assert {p.name for p in (studies.folder / "results/sweep/figures").glob("*.png")} == {
        "sweep.png",
        "two_arms-sd=0.5.png",
        "two_arms-sd=1.png",
    }
    array, named, *swept = studies.run("python", "look.py").splitlines()
    assert float(array) == pytest.approx(float(named))
    assert [line.split()[0] for line in swept] == ["two_arms-sd=0.5", "two_arms-sd=1"]
    assert "horizon (100, 400, 1600)" in swept[0]


@pytest.mark.slow
def test_search(page):
    studies = page("docs/studies.md")
    printed = studies.run("regretlab", "run", "search.yaml", "--jobs", "1")
    assert "search:  arms · UCB1: exploration=" in printed
    assert (studies.folder / "results/search/figures/arms-search.png").is_file()
    lines = studies.run("python", "chosen.py").splitlines()
    assert [line.split()[0] for line in lines] == ["UCB1", "tuning", "first", "UCB-V", "tuning", "first"]
    results = experiments.load(studies.folder / "results/search")
    assert list(results.experiments["arms"].series) == ["UCB1", "UCB-V", "UCB1 as published"]
    assert len(results.searches["arms"].policies["UCB-V"].candidates) == 6
    assert len(results.experiments["arms"].replicates) == 40


def test_the_other_examples_are_studies():
    """Those without a name are parts of a study: the whole example at the top, and the section of sweeps."""
    text = (ROOT / "docs/studies.md").read_text(encoding="utf-8")
    top, sweeps = re.findall(r"(?<!-->)\n```yaml\n(.*?)```", text, flags=re.S)
    study = parse_study("\n".join(line for line in top.splitlines() if "mine:MyPolicy" not in line))
    assert (study.name, len(study.experiments)) == ("example", 1)
    assert "mine:MyPolicy" in YAML(typ="safe").load(top)["experiments"][0]["policies"]
    study = parse_study(f"name: x\nseed: 1\nreplicates: 2\n{sweeps}")
    assert [p.horizon for p in study.all_experiments()] == [round(10 ** (k / 2)) for k in range(6, 13)]
