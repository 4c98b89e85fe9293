"""The figures that pages show are parts of shipped studies, and stand in the repository."""

import json
import re
import runpy
from pathlib import Path

import pytest

from experiments.study.config import find, load_study

DOCS = Path(__file__).parent.parent.parent / "docs"
FIGURES = runpy.run_path(str(DOCS / "figures.py"))
SHOWN, GALLERY, HOW = FIGURES["shown"](), FIGURES["GALLERY"], FIGURES["HOW"]
MADE = json.loads((DOCS / "figures" / "made.json").read_text(encoding="utf-8"))
FAMILIES = [
    "arms",
    "groupwise",
    "identification",
    "linear",
    "mdp",
    "paging",
    "portfolio",
    "recovering",
    "sor",
    "streaming",
    "tallying",
]
MOST, GALLERY_MOST = 700_000, 2_000_000
"""Bytes that a family's figures may take, and those of the gallery."""


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
    gallery = {f"gallery/{name}-{how}" for name in GALLERY for how in HOW}
    assert stored == {f"{study}/{part}" for study, parts in SHOWN.items() for part in parts} | gallery | {"made"}


@pytest.mark.parametrize("study", FIGURES["studies"]())
def test_every_picture_is_of_this_code_and_this_study(study):
    """Drawn by code that means what stands here, from what the study says now, and not touched since."""
    assert MADE.get(study) == FIGURES["made"](study), f"draw it again: python docs/figures.py {study}"


def test_the_stamp_follows_what_draws_and_nothing_else(monkeypatch):
    from experiments.run import sources

    before, read, edited = FIGURES["code"](), sources._read, {}
    monkeypatch.setattr(sources, "_read", lambda path: edited.get(path.name, read)(path))
    edited["curves.py"] = lambda path: read(path) + b"\n# a comment\n"
    assert FIGURES["code"]() == before
    edited["curves.py"] = lambda path: read(path).replace(b"FAR, FITS", b"FAR, FIT_S")
    assert FIGURES["code"]() != before, "another line in the code that draws"
    edited["curves.py"], edited["page.py"] = read, lambda path: read(path) + b"\nx = 1\n"
    assert FIGURES["code"]() == before, "pages draw nothing"


def test_the_gallery_shows_every_family_in_every_way():
    page = (DOCS / "gallery.md").read_text(encoding="utf-8")
    assert set(FAMILIES) <= {study.partition("/")[0] for study, _ in GALLERY.values()}
    shown = re.findall(r"```\{image\} figures/gallery/([\w-]+)\.png", page)
    assert shown == [f"{name}-{how}" for name in GALLERY for how in HOW]
    assert "\ngallery\n" in (DOCS / "index.md").read_text(encoding="utf-8")
    files = list((DOCS / "figures/gallery").iterdir())
    assert sum(file.stat().st_size for file in files) < GALLERY_MOST


def test_the_first_figure_has_few_names():
    study = load_study(find("quickstart"))
    policies = {experiment.name: [p.title for p in experiment.policies] for experiment in study.all_experiments()}
    names = [{*(figure.policies or policies[figure.experiment]), *figure.comparators} for figure in study.all_figures()]
    assert len(names) == 4
    assert max(map(len, names)) <= 5
    assert len(set().union(*names)) <= 10, "with worst play and the rate of Lai and Robbins twelve"


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
        known = part in SHOWN.get(study, ()) or (study == "gallery" and part.rpartition("-")[0] in GALLERY)
        assert known or path == "../benchmarks/scaling.png", path
        assert (page.parent / path).exists()
        assert len(re.search(r":alt: (.*)", options)[1]) > 40, path
