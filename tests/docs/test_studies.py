"""The page on study files: its studies run, its programs print what it says."""

import re
from pathlib import Path

import pytest

import regretlab as rl
from experiments.study.config import load_study, parse_study

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
    results = rl.load(studies.folder / "results/search")
    assert results["arms"].policies == ("UCB1", "UCB-V", "UCB1 as published")
    assert len(results.findings.searches["arms"].policies["UCB-V"].candidates) == 6
    assert len(results["arms"].regret("UCB1")) == 40


def test_studies_that_look_and_build_on_others(page):
    studies = page("docs/studies.md")
    listed = studies.run("regretlab", "run", "first.yaml", "mine.yaml", "--dry-run")
    assert "first: Two arms" not in listed  # the study has the name of its file
    assert "  first: bernoulli, 10000 rounds x 64 replicates" in listed
    assert "  harder: bernoulli, 1000 rounds x 20 replicates" in listed
    assert "  arms: bernoulli, 1000 rounds x 20 replicates" in listed
    paper = load_study(studies.folder / "paper.yaml").figures[0]
    assert (paper.policies, paper.width, paper.height, paper.font.size) == (["bold", "KL-UCB"], 85.0, 70.0, 8.0)
    first = load_study(studies.folder / "first.yaml")
    assert [(f.name, f.title) for f in first.all_figures()] == [("first", ""), ("first-cost", "What two of them pay")]


def test_figures_of_swept_values():
    """The part without a name looks at the study above it."""
    text = (ROOT / "docs/studies.md").read_text(encoding="utf-8")
    (figures,) = re.findall(r"(?<!-->)\n```yaml\n(.*?)```", text, flags=re.S)
    (swept,) = re.findall(r"<!-- sweep.yaml -->\n```yaml\n(.*?)```", text, flags=re.S)
    names = [figure.name for figure in parse_study(f"{swept}\n{figures}").all_figures()]
    assert names == ["two_arms", "two_arms-horizon=400,sd=1"]
