"""Keys of a figure that say how it looks: what they take, what is said of what they do not, and that they are free."""

from typing import Any

import pytest

from experiments.run.jobs import jobs_of
from experiments.study.appearance import millimetres
from experiments.study.config import as_yaml, parse_study
from experiments.study.mistakes import ConfigError

STUDY = """
seed: 1
horizon: 100
replicates: 4
environment: {name: bernoulli, parameters: {means: [0.4, 0.6]}}
experiments:
  - {name: first, policies: [ucb1, {name: ucb1, label: bold, parameters: {exploration: 8}}]}
  - {name: second, policies: [kl_ucb]}
figures:
  - """

LOOKS: dict[str, dict[str, Any]] = {
    "bounds: strip": {"bounds": "strip"},
    "labels: legend": {"labels": "legend"},
    "width: 85": {"width": 85.0},
    "width: 3.35 in, height: 6cm": {"width": 3.35 * 25.4, "height": 60.0},
    "width: 245.7 pt": {"width": 245.7 * (25.4 / 72.27)},
    "font: 9": {"font": {"family": [], "size": 9.0}},
    "font: Times New Roman": {"font": {"family": ["Times New Roman"], "size": None}},
    "font: {family: [Palatino, serif], size: 7.5}": {"font": {"family": ["Palatino", "serif"], "size": 7.5}},
    "colours: [red, '#0072B2', [0, 0.5, 1], '0.5']": {"colours": ["red", "#0072B2", "#0080ff", "0.5"]},
    "colours: {ucb1: tab:red, kl_ucb: C1}": {"colours": {"ucb1": "tab:red", "kl_ucb": "C1"}},
    "order: [bold, ucb1]": {"order": ["bold", "ucb1"]},
    "only: [bold]": {"policies": ["bold"]},
    "names: {bold: UCB1 with $c=8$}": {"names": {"bold": "UCB1 with $c=8$"}},
    "grid: false": {"grid": False},
    "shade: runs": {"shade": "runs"},
    "style: ggplot": {"style": "ggplot"},
}


@pytest.mark.parametrize("look", LOOKS)
def test_a_figure_says_how_it_looks_and_is_written_down_as_it_is(look: str) -> None:
    study = parse_study(f"{STUDY}{{experiment: first, {look}}}")
    figure = study.figures[0].model_dump()
    assert {key: figure[key] for key in LOOKS[look]} == LOOKS[look]
    assert parse_study(as_yaml(study)) == study


def test_what_is_not_said_is_as_ever() -> None:
    assert parse_study(f"{STUDY}experiment: first").figures[0].model_dump(exclude_defaults=True) == {
        "experiment": "first"
    }


MISTAKES = {
    "bounds: stripe": "figures[0].bounds: must be 'auto', 'curves', 'strip', 'both' or 'none', got 'stripe'",
    "shade: run": "figures[0].shade: must be 'mean' or 'runs', got 'run'",
    "labels: line": "figures[0].labels: must be 'lines', 'legend' or 'none', got 'line'",
    "width: 3.35": "figures[0].width: must be between 20 and 1000 mm, got 3.35: a number is millimetres, so write "
    "'3.35 in' for inches",
    "height: 2 m": "figures[0].height: must be millimetres, or text with a unit (mm, cm, in, pt, bp) such as '85 mm', "
    "got '2 m'",
    "height: 200 cm": "figures[0].height: must be between 20 and 1000 mm, got '200 cm'",
    "width: true": "figures[0].width: must be millimetres, or text",
    "width: .nan": "figures[0].width: must be millimetres, or text",
    "font: {size: 90}": "figures[0].font.size: must be less than or equal to 30, got 90",
    "font: [serif]": "figures[0].font: must be a size in points, a family, or {family: ..., size: ...}, got ['serif']",
    "font: {famly: serif}": "figures[0].font.famly: unknown key (did you mean 'family'?); known: family, size",
    "colours: [red, gren]": "figures[0].colours: 1 must be a colour such as 'tab:blue', '#0072B2' or '0.5', got 'gren' "
    "(did you mean 'green'?)",
    "colours: {ucb1: none}": "figures[0].colours: 'ucb1' must be a colour",
    "colours: {ucb2: red}": "figures[0].colours.ucb2: no experiment has a policy labelled 'ucb2' (did you mean",
    "colours: red": "figures[0].colours: must be a list of colours, or a mapping",
    "colors: [red]": "figures[0].colors: unknown key (did you mean 'colours'?)",
    "order: [bald]": "figures[0].order[0]: no experiment has a policy labelled 'bald' (did you mean 'bold'?)",
    "order: [bold, bold]": "figures[0].order: must name every policy once, got ['bold', 'bold']",
    "names: {bald: Bold}": "figures[0].names.bald: no experiment has a policy labelled 'bald' (did you mean 'bold'?)",
    "names: {bold: 8}": "figures[0].names.bold: must be a valid string, got 8",
    "only: [bald]": "figures[0].policies[0]: first has no policy labelled 'bald' (did you mean 'bold'?)",
    "only: [bold], policies: [ucb1]": "figures[0].only: is another word for 'policies', which is there too",
    "grid: 1": "figures[0].grid: must be a valid boolean, got 1",
    "style: gplot": "figures[0].style: no style of matplotlib and no file is called 'gplot' (did you mean 'ggplot'?)",
}


@pytest.mark.parametrize("look", MISTAKES)
def test_what_cannot_be_is_told_with_the_value_and_a_way_out(look: str) -> None:
    with pytest.raises(ConfigError) as caught:
        parse_study(f"{STUDY}{{experiment: first, {look}}}")
    assert len(caught.value.mistakes) == 1
    assert MISTAKES[look] in str(caught.value)


def test_an_empty_colour_of_yaml_is_explained() -> None:
    with pytest.raises(ConfigError, match=r"'ucb1' must be a colour .*, got None; in YAML '#0072B2' needs its quotes"):
        parse_study(f"{STUDY}{{colours: {{ucb1: #0072B2\n    }}}}")


def test_one_mapping_serves_figures_of_several_experiments() -> None:
    study = parse_study(f"{STUDY}{{names: {{bold: B, kl_ucb: K}}}}")
    assert [figure.names for figure in study.figures] == [{"bold": "B", "kl_ucb": "K"}] * 2
    assert parse_study(as_yaml(study)) == study


def test_looks_are_changed_from_the_command_line() -> None:
    changes = ["figures.first.width=3.35 in", "figures.second.colours={kl_ucb: red}", "figures.second.grid=true"]
    first, second = parse_study(f"{STUDY}experiment: first", changes=changes).figures
    assert first.width == pytest.approx(85.09)
    assert (second.colours, second.grid) == ({"kl_ucb": "red"}, True)


def test_a_look_changes_no_job() -> None:
    plain = jobs_of(parse_study(f"{STUDY}experiment: first"))
    for look in LOOKS:
        assert [job.key for job in jobs_of(parse_study(f"{STUDY}{{experiment: first, {look}}}"))] == [
            job.key for job in plain
        ]


def test_lengths() -> None:
    assert millimetres("1 in") == 25.4
    assert millimetres("72.27pt") == pytest.approx(25.4)
    assert millimetres("72bp") == pytest.approx(25.4)
    assert millimetres(20) == 20.0
