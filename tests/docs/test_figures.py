"""The figures that pages show are parts of shipped studies, and stand in the repository."""

import re
import runpy
from pathlib import Path

import pytest

from experiments.study.config import find, load_study

DOCS = Path(__file__).parent.parent.parent / "docs"
SHOWN = runpy.run_path(str(DOCS / "figures.py"))["shown"]()
FAMILIES = ["arms", "groupwise", "linear", "mdp", "paging", "recovering", "sor", "streaming", "tallying"]
MOST = 700_000
"""Bytes that a family's figures may take."""


@pytest.mark.parametrize("study", sorted(SHOWN))
def test_every_figure_is_a_part_of_a_shipped_study(study):
    made = load_study(find(study))
    parts = {made.name.rpartition("/")[2], *(figure.name for figure in made.all_figures())}
    parts |= {f"{experiment.name}-search" for experiment in made.all_experiments() if experiment.search}
    assert SHOWN[study] <= parts
    for part in SHOWN[study]:
        assert (DOCS / "figures" / study / f"{part}.png").read_bytes()[:4] == b"\x89PNG"


def test_nothing_else_stands_among_the_figures():
    stored = {p.relative_to(DOCS / "figures").with_suffix("").as_posix() for p in (DOCS / "figures").rglob("*.*")}
    assert stored == {f"{study}/{part}" for study, parts in SHOWN.items() for part in parts}


@pytest.mark.parametrize("family", FAMILIES)
def test_every_family_shows_a_figure_of_moderate_size(family):
    files = list((DOCS / "figures" / family).rglob("*.png"))
    assert files
    assert sum(file.stat().st_size for file in files) < MOST


@pytest.mark.parametrize("page", sorted(DOCS.glob("*.md")), ids=lambda page: page.stem)
def test_every_image_comes_from_a_study_and_is_described(page):
    """Or from the benchmarks, which draw one."""
    text = page.read_text(encoding="utf-8")
    images = re.findall(r"```\{(?:figure|image)\} (\S+)\n((?::.*\n)*)", text)
    assert not re.search(r"!\[", text), "use the figure directive, with a path that names the study"
    for path, options in images:
        study, _, part = path.removeprefix("figures/").removesuffix(".png").rpartition("/")
        assert part in SHOWN.get(study, ()) or path == "../benchmarks/scaling.png", path
        assert (page.parent / path).exists()
        assert len(re.search(r":alt: (.*)", options)[1]) > 40, path
