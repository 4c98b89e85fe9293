"""Values swept where they stand: the experiments and policies that come of it, their names, figures and mistakes."""

import numpy as np
import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

import experiments
from experiments.analysis.findings import findings
from experiments.cli import main
from experiments.report.figures import draw_study
from experiments.report.page import write_report
from experiments.run.jobs import jobs_of
from experiments.run.runner import run
from experiments.study.axes import Axis, Range, fill, names_of, point_id, text_of
from experiments.study.config import ConfigError, parse_study
from experiments.study.model import Study

TEXT = """\
name: inline
seed: 4
replicates: 6
checkpoints: 12
experiments:
  - name: two_arms
    horizon: {sweep: [100, 400, 1600]}
    environment:
      name: gaussian
      parameters: {means: [0.2, 0.7], sd: {sweep: [0.5, 1.0]}}
    policies:
      - {name: ucb1, parameters: {exploration: {sweep: [0.5, 2]}}}
      - {name: gaussian_thompson, label: Thompson}
"""


def mistakes(old, new, changes=()):
    assert old in TEXT
    with pytest.raises(ConfigError) as caught:
        parse_study(TEXT.replace(old, new, 1), "s.yaml", changes)
    return [str(m) for m in caught.value.mistakes]


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    folder = tmp_path_factory.mktemp("inline")
    assert not run(parse_study(TEXT), folder, jobs=1).failed
    return experiments.load(folder)


def test_experiments_are_the_cross_product_and_policies_share_one():
    study = parse_study(TEXT)
    experiments = {p.name: p for p in study.all_experiments()}
    assert list(experiments) == [f"two_arms-horizon={h},sd={s}" for h in (100, 400, 1600) for s in ("0.5", "1")]
    experiment = experiments["two_arms-horizon=400,sd=1"]
    assert experiment.title == "two_arms horizon=400, sd=1"
    assert (experiment.horizon, experiment.environment.parameters) == (400, {"means": [0.2, 0.7], "sd": 1.0})
    assert [p.title for p in experiment.policies] == ["ucb1 exploration=0.5", "ucb1 exploration=2", "Thompson"]
    assert [p.parameters for p in experiment.policies] == [{"exploration": 0.5}, {"exploration": 2}, {}]
    assert Study.model_validate(study.model_dump()) == study
    assert Study.model_validate({**study.model_dump(), "experiments": [_raw_experiment()]}) == study


def _raw_experiment():
    from ruamel.yaml import YAML

    document = YAML(typ="safe").load(TEXT)
    return {**document["experiments"][0], "replicates": document["replicates"]}


def test_adding_a_value_leaves_everything_else_as_it_was():
    more = TEXT.replace("[100, 400, 1600]", "[200, 100, 400, 1600]").replace("[0.5, 2]", "[1, 2, 0.5]")
    before, after = ({(c.title, c.key) for c in jobs_of(parse_study(text))} for text in (TEXT, more))
    assert before < after


def test_names_do_not_depend_on_the_order_of_keys():
    swapped = TEXT.replace(
        "{means: [0.2, 0.7], sd: {sweep: [0.5, 1.0]}}", "{sd: {sweep: [0.5, 1.0]}, means: [0.2, 0.7]}"
    )
    assert [c.key for c in jobs_of(parse_study(swapped))] == [c.key for c in jobs_of(parse_study(TEXT))]


def test_a_figure_for_each_point_of_the_further_parameter(results, tmp_path):
    found = findings(results)
    one, two = (shown for _, shown in found.views)
    assert (one.name, one.parameter, one.points) == ("two_arms-sd=0.5", "horizon", (100, 400, 1600))
    assert (two.name, two.title) == ("two_arms-sd=1", "two_arms sd=1")
    assert list(two.lines) == ["ucb1 exploration=0.5", "ucb1 exploration=2", "Thompson"]
    for point, interval in zip(two.points, two.lines["Thompson"].intervals, strict=True):
        final = results.experiments[f"two_arms-horizon={point},sd=1"].regret("Thompson")[:, -1]
        assert interval.value == pytest.approx(final.mean())
    assert two.lines["ucb1 exploration=2"].exponent.value < 0.8
    files = draw_study(found, tmp_path, ["png"])
    assert [f.name for f in files] == ["inline.png", "two_arms-sd=0.5.png", "two_arms-sd=1.png"]
    page = write_report(found, tmp_path / "report.html").read_text(encoding="utf-8")
    assert "two_arms horizon=400, sd=1" in page


def test_a_list_that_a_constructor_expects_is_no_sweep_and_a_swept_list_is_one():
    text = TEXT.replace("means: [0.2, 0.7]", "means: {sweep: [[0.2, 0.7], [0.1, 0.2, 0.3]]}").replace(
        "horizon: {sweep: [100, 400, 1600]}", "horizon: 100"
    )
    experiments = parse_study(text).all_experiments()
    assert [p.environment.parameters["means"] for p in experiments] == [[0.2, 0.7]] * 2 + [[0.1, 0.2, 0.3]] * 2
    assert experiments[0].title == "two_arms means=[0.2, 0.7], sd=0.5"
    assert experiments[0].name.startswith("two_arms-means=0.2,0.7,sd=0.5-")


def test_all_parameters_of_a_policy_at_once():
    text = TEXT.replace(
        "{name: ucb1, parameters: {exploration: {sweep: [0.5, 2]}}}",
        "{name: ucb1, parameters: {sweep: [{exploration: 3}, {}]}}",
    )
    policies = parse_study(text).all_experiments()[0].policies
    assert [p.title for p in policies[:2]] == ["ucb1 parameters={exploration: 3}", "ucb1 parameters={}"]
    assert [p.parameters for p in policies[:2]] == [{"exploration": 3}, {}]


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        (
            "[0.5, 2]",
            "[0.5, -2]",
            "s.yaml:12:62: experiments[0].policies[0].parameters.exploration.sweep[1]: at exploration=-2: exploration",
        ),
        (
            "[100, 400, 1600]",
            "[100, 0]",
            "s.yaml:7:28: experiments[0].horizon.sweep[1]: at horizon=0: must be greater than",
        ),
        ("[100, 400, 1600]", "[]", "s.yaml:7:5: experiments[0].horizon: a sweep needs at least one value"),
        (
            "[100, 400, 1600]",
            "[5, 5]",
            "s.yaml:7:5: experiments[0].horizon: a sweep needs every value once, got 5 more than",
        ),
        ("[100, 400, 1600]", "7", "s.yaml:7:15: experiments[0].horizon.sweep: must be a valid list, got 7"),
        (
            "[100, 400, 1600]",
            "{start: 1, stop: 9, numbr: 3, number: 3}",
            "s.yaml:7:42: experiments[0].horizon.sweep.numbr: unknown key (did you mean 'number'?); known: start,",
        ),
        (
            "[100, 400, 1600]}",
            "[100], spacing: log}",
            "s.yaml:7:29: experiments[0].horizon.spacing: a swept value has no key",
        ),
        ("[100, 400, 1600]", "[{sweep: [1]}]", "experiments[0].horizon.sweep[0]: a sweep within a sweep"),
        (
            "name: gaussian\n",
            "name: {sweep: [gaussian, gausian]}\n",
            "at name=gausian: unknown environment 'gausian' (did",
        ),
        (
            "means: [0.2, 0.7]",
            "means: [0.2, .nan]",
            "s.yaml:10:20: experiments[0].environment.parameters.means: means[1]",
        ),
        (
            "name: ucb1",
            "name: {sweep: [ucb1, moss]}",
            "s.yaml:12:10: experiments[0].policies[0].name: may not be swept",
        ),
        (
            "[100, 400, 1600]",
            "{start: 1, stop: 100000, number: 9000}",
            "horizon x sd makes 18000 points, at most 10000 are allowed",
        ),
        (
            "- {name: gaussian_thompson, label: Thompson}",
            "- {name: gaussian_thompson, label: ucb1 exploration=2}",
            "s.yaml:13:9: experiments[0].policies[1]: a second policy labelled 'ucb1 exploration=2'",
        ),
    ],
)
def test_one_mistake(old, new, expected):
    (found,) = mistakes(old, new)
    assert expected in found


def test_a_mistake_at_some_points_names_the_value_that_makes_it():
    """What is wrong stands elsewhere: with one of two environments a policy is at odds."""
    text = TEXT.replace("name: gaussian\n", "name: {sweep: [bernoulli, gaussian]}\n").replace(
        ", sd: {sweep: [0.5, 1.0]}", ""
    )
    text = text.replace("name: gaussian_thompson", "name: ucb_v")
    with pytest.raises(ConfigError) as caught:
        parse_study(text, "s.yaml")
    assert [str(m) for m in caught.value.mistakes] == [
        "s.yaml:9:33: experiments[0].environment.name.sweep[1]: at name=gaussian: experiments[0].policies[1]: "
        "UCBV needs rewards in a finite range, got [-inf, inf]"
    ]


def test_changes_from_the_command_line_reach_into_it():
    changes = [
        "experiments.two_arms.horizon.sweep.1=50",
        "experiments.two_arms.policies.ucb1.parameters.exploration.sweep=[3, 4]",
        "experiments.two_arms.environment.parameters.sd=0.25",
        "experiments.two_arms.replicates={sweep: [2, 3]}",
    ]
    experiments = parse_study(TEXT, changes=changes).all_experiments()
    assert [(p.horizon, p.replicates) for p in experiments] == [(h, r) for h in (100, 50, 1600) for r in (2, 3)]
    assert [p.title for p in experiments[0].policies] == ["ucb1 exploration=3", "ucb1 exploration=4", "Thompson"]
    (wrong,) = mistakes("seed: 4", "seed: 4", ["experiments.two_arms.horizon.sweep.1=-5"])
    assert wrong.startswith("s.yaml:7:28: experiments[0].horizon.sweep[1]: at horizon=-5: ")


def test_dry_run_lists_ids(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "s.yaml").write_text(TEXT, encoding="utf-8")
    output = CliRunner().invoke(main, ["run", "s.yaml", "--dry-run"]).output
    assert "  two_arms-horizon=1600,sd=0.5: gaussian, 1600 rounds x 6 replicates" in output
    assert "    ucb1 exploration=0.5: ucb1(exploration=0.5)" in output


def test_two_sweeps_cannot_make_one_experiment():
    text = TEXT.replace(
        "policies:",
        "policies: [ucb1]\n  - name: two_arms-horizon=100,sd=1\n    horizon: 5\n    "
        "environment: {name: gaussian, parameters: {means: [0, 1]}}\n    policies:",
    )
    with pytest.raises(ConfigError, match="a second experiment or search named 'two_arms-horizon=100,sd=1'"):
        parse_study(text)


SCALARS = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=120)


@given(st.lists(SCALARS | st.lists(SCALARS, max_size=3), min_size=1, max_size=6, unique_by=text_of))
def test_ids_are_file_names_and_tell_values_apart(values):
    axis = Axis(("horizon",), tuple(values), "horizon")
    ids = [point_id([axis], [value]) for value in values]
    assert len(set(ids)) == len(ids)
    assert all(set(i) <= set("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.=,-") for i in ids)
    assert all(len(i) < 100 for i in ids)


def test_names_are_the_shortest_ends_that_differ():
    paths = [
        ("environment", "parameters", "losses", 0, "a"),
        ("environment", "parameters", "losses", 1, "a"),
        ("horizon",),
    ]
    assert names_of(paths) == ["0.a", "1.a", "horizon"]
    assert names_of([("parameters",), ("parameters", "c")]) == ["parameters", "c"]


def test_fill_copies():
    node = {"a": [1, {"b": 2}], "c": 3}
    filled = fill(node, {("a", 1, "b"): [9]})
    assert filled == {"a": [1, {"b": [9]}], "c": 3}
    assert node == {"a": [1, {"b": 2}], "c": 3}


def test_ranges():
    assert Range(start=1, stop=1000, number=4, spacing="log").values == [1, 10, 100, 1000]
    assert Range(start=0, stop=10, number=3).values == [0, 5, 10]
    assert Range(start=0.0, stop=1.0, number=5).values == [0.0, 0.25, 0.5, 0.75, 1.0]
    values = Range(start=0.001, stop=1, number=7, spacing="log").values
    assert values == pytest.approx(np.geomspace(0.001, 1, 7), rel=1e-5)
    assert [text_of(v) for v in values[:3]] == ["0.001", "0.00316228", "0.01"]


def test_an_experiment_is_not_swept_as_a_whole():
    text = "name: x\nseed: 1\nexperiments:\n  - name: a\n    sweep: [1, 2]\n    horizon: 10\n    replicates: 2\n"
    text += "    environment: {name: bernoulli, parameters: {means: [0.2, 0.8]}}\n    policies: [ucb1]\n"
    with pytest.raises(
        ConfigError, match=r"s.yaml:5:5: experiments\[0\].sweep: an experiment cannot be swept as a whole"
    ):
        parse_study(text, "s.yaml")


FAULTS = """\
name: x
seed: 1
experiments:
  - name: a
    horizon: {sweep: [10, 10]}
    replicates: 0
    environment: {name: bernouli, parameters: {means: [0.2, 0.8]}}
    policies: [ucb, kl_ucb]
  - name: b
    horizon: 10
    replicates: 2
    environment: {name: bernoulli, parameters: {means: [0.2, 0.8]}}
    search: {tuning: 1, regret: pseud}
    policies: [{name: exp3, parameters: {eta: {sweep: [0.1, 0.2]}}}]
  - name: s
    horizon: {sweep: [10, 20]}
    environment: {name: bernoulli, parameters: {means: [0.2, 0.8]}}
    policies: [ucb1]
    replicates: 2
figures:
  - {experiment: s, regret: psudo}
"""


def test_mistakes_beside_a_faulty_sweep_are_told_with_it():
    with pytest.raises(ConfigError) as caught:
        parse_study(FAULTS, "s.yaml")
    expected = [
        "s.yaml:5:5: experiments[0].horizon: a sweep needs every value once, got 10 more than once",
        "s.yaml:6:5: experiments[0].replicates: must be greater than or equal to 1, got 0",
        "s.yaml:7:19: experiments[0].environment.name: unknown environment 'bernouli' (did you mean 'bernoulli'?)",
        "s.yaml:8:16: experiments[0].policies[0].name: unknown policy 'ucb' (did you mean 'ucb1' or ",
        "s.yaml:13:25: experiments[1].search.regret: BernoulliArms has no regret definition 'pseud' (did you mean "
        "'pseudo'?); it has pseudo, realized",
        "s.yaml:14:42: experiments[1].policies[0].parameters.eta: Exp3 has no parameter 'eta'; it takes gamma",
        "s.yaml:21:21: figures[0].regret: BernoulliArms has no regret definition 'psudo' (did you mean "
        "'pseudo'?); it has pseudo, realized",
    ]
    told = str(caught.value).splitlines()
    assert [line[: len(start)] for line, start in zip(told, expected, strict=True)] == expected
