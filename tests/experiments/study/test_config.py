"""Study files: what is right is read as written, what is wrong is named with its place."""

import os
import sys
import textwrap

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from ruamel.yaml import YAML

from experiments.run.jobs import checkpoints
from experiments.study.config import ConfigError, as_yaml, find, load_study, parse_study, shipped, studies, study_of
from experiments.study.reading import tree

GOOD = """\
name: small
seed: 3
horizon: 50
experiments:
  - name: two
    replicates: 2
    environment: {name: bernoulli, parameters: {means: [0.1, 0.9]}}
    policies:
      - ucb1
      - {name: ucb1, label: bold, parameters: {exploration: 8}}
"""


def mistakes(text, changes=()):
    with pytest.raises(ConfigError) as caught:
        parse_study(textwrap.dedent(text), "study.yaml", changes)
    return [str(m) for m in caught.value.mistakes]


def only(text, changes=()):
    found = mistakes(text, changes)
    assert len(found) == 1, found
    return found[0]


def test_a_good_study():
    study = parse_study(GOOD)
    (experiment,) = study.experiments
    assert (study.seed, experiment.horizon, experiment.replicates) == (3, 50, 2)
    assert [p.title for p in experiment.policies] == ["ucb1", "bold"]
    assert experiment.policies[1].parameters == {"exploration": 8}
    assert experiment.environment.parameters == {"means": [0.1, 0.9]}


def test_all_mistakes_at_once():
    found = mistakes("""\
        name: wrong
        sead: 3
        seed: -1
        horizon: 1e5
        experiments:
          - name: a
            replicates: 0
            environment: {name: bernouli, parameters: {means: [0.1]}}
            policies: [ucb1, ucb2]
          - name: a
            replicates: 3
            horizon: 10
            environment: {name: bernoulli, parameters: {means: [0.1, .nan]}}
            policies:
              - {name: ucb1, parameters: {exploraton: 1}}
              - {name: ucb1, label: ucb1}
        """)
    assert found == sorted(found, key=lambda m: int(m.split(":")[1]))
    for start, what in (
        ("study.yaml:2:1: sead", "unknown key (did you mean 'seed'?)"),
        ("study.yaml:3:1: seed", "greater than or equal to 0, got -1"),
        ("study.yaml:4:1: experiments[0].horizon", "must be a whole number, got 100000.0 (write 100000)"),
        ("study.yaml:7:5: experiments[0].replicates", "got 0"),
        (
            "study.yaml:8:19: experiments[0].environment.name",
            "unknown environment 'bernouli' (did you mean 'bernoulli'?)",
        ),
        ("study.yaml:9:22: experiments[0].policies[1].name", "unknown policy 'ucb2'"),
        ("study.yaml:10:5: experiments[1].name", "a second experiment or search named 'a'"),
        ("study.yaml:13:49: experiments[1].environment.parameters.means", "means[1]"),
        ("study.yaml:15:35: experiments[1].policies[0].parameters.exploraton", "(did you mean 'exploration'?)"),
        ("study.yaml:16:9: experiments[1].policies[1]", "a second policy labelled 'ucb1'"),
    ):
        assert any(m.startswith(start) and what in m for m in found), (start, what, found)


@pytest.mark.parametrize(
    ("old", "new", "what"),
    [
        ("seed: 3", "seed: 3\nseed: 4", 'study.yaml:3:1: found duplicate key "seed"'),
        ("seed: 3", "seed: three", "study.yaml:2:1: seed: must be a valid integer, got 'three'"),
        ("seed: 3", "", "study.yaml:1:1: the key 'seed' is missing"),
        ("horizon: 50", "horizon: 1e5", "experiments[0].horizon: must be a whole number, got 100000.0 (write 100000)"),
        ("horizon: 50", "horizon: .nan", "study.yaml:3:1: experiments[0].horizon: must be"),
        ("horizon: 50", "horizon: true", "study.yaml:3:1: experiments[0].horizon: must be a valid integer, got True"),
        ("exploration: 8", "exploration: -8", "exploration must be a finite number in (0, inf), got -8"),
        ("exploration: 8", "exploration: .nan", "exploration must be a finite number in (0, inf), got nan"),
        ("name: small", "name: ../small", "study.yaml:1:1: name: must be letters, digits and . _ - alone"),
        ("means: [0.1, 0.9]", "means: [0.1, 1.9]", "means[1] must be a finite number in [0, 1], got 1.9"),
        ("means: [0.1, 0.9]", "horizon: 3, means: [0.1]", "'horizon' is not to be given here: it is set from outside"),
        ("parameters: {means: [0.1, 0.9]}", "", "BernoulliArms needs the parameter 'means'"),
        ("      - ucb1", "      - no.such.module:Policy", "cannot import 'Policy' from 'no.such.module'"),
        (
            "      - ucb1",
            "      - hedge",
            "Hedge plays FullFeedbackProblem, but BernoulliArms is BanditProblem; "
            "policies that play BernoulliArms: ada_ucb, ",
        ),
        ("experiments:", "experiments: [", "study.yaml:"),
    ],
)
def test_one_mistake(old, new, what):
    assert old in GOOD
    assert what in only(GOOD.replace(old, new, 1))


def test_changes_from_the_command_line():
    study = parse_study(
        GOOD,
        changes=["experiments.two.replicates=5", "experiments.0.policies.bold.parameters.exploration=1.5", "seed=9"],
    )
    assert (study.experiments[0].replicates, study.seed) == (5, 9)
    assert study.experiments[0].policies[1].parameters == {"exploration": 1.5}
    assert "'experiment' (did you mean 'experiments'?)" in only(GOOD, ["experiment.two.replicates=5"])
    assert "'panels' is now 'experiments'" in only(GOOD, ["panels.two.replicates=5"])
    assert "key=value" in only(GOOD, ["seed"])
    assert "'three' names no entry" in only(GOOD, ["experiments.three.replicates=5"])
    assert "unknown key" in only(GOOD, ["seeed=4"])


def test_not_a_mapping():
    assert "a study is a mapping" in only("- 1\n- 2\n")
    assert "a study is a mapping" in only("")


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers(-3, 3) | st.floats() | st.text("abc", max_size=3),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(
                st.sampled_from(["name", "seed", "experiments", "policies", "environment", "parameters", "horizon"]),
                inner,
            )
        ),
        max_leaves=12,
    )
)
def test_any_document_is_read_or_refused_with_a_place(tmp_path_factory, value):
    from io import StringIO

    stream = StringIO()
    YAML(typ="safe", pure=True).dump(value, stream)
    found: list = []
    try:
        parse_study(stream.getvalue(), "any.yaml")
    except ConfigError as error:
        found = error.mistakes
    assert found, "no such document is a study"
    assert all(m.line >= 1 and m.column >= 1 and m.text for m in found)


@pytest.mark.parametrize("path", sorted(shipped().rglob("*.yaml")), ids=lambda p: str(p.relative_to(shipped())))
def test_shipped_studies_are_right(path):
    try:
        study = load_study(path)
    except ConfigError as error:
        absent = all("REGRETLAB_DATA" in m.text for m in error.mistakes)
        if absent and ("REGRETLAB_DATA" not in os.environ or path.stem in ("adult_reconstruction", "real")):
            pytest.skip("needs data that are not at hand")
        raise
    assert study.title
    assert study.name == path.relative_to(shipped()).with_suffix("").as_posix()
    assert find(study.name) == path
    assert parse_study(as_yaml(study)) == study


def test_find_names_the_nearest():
    with pytest.raises(FileNotFoundError, match=r"did you mean 'quickstart'"):
        find("quikstart")


@given(st.integers(2, 400), st.integers(1, 10**9))
def test_checkpoints(number, horizon):
    times = checkpoints(number, horizon)
    assert times[-1] == horizon
    assert times[0] >= 1
    assert (times[1:] > times[:-1]).all()
    assert len(times) <= number


BROKEN = """\
import random

from bandits.arms.ucb1 import UCB1


class Raises(UCB1):
    def __init__(self):
        {}["no such"]


class Stumbles(UCB1):
    def reset(self, problem, rng):
        1 / 0
"""


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("name: small", "name: [a]", "study.yaml:1:1: name: must be a valid string, got ['a']"),
        ("name: two", "name: {x: 1}", "experiments[0].name: must be a valid string, got {'x': 1}"),
        ("name: small", "name: sm\x07all", "study.yaml:1:9: unacceptable character U+0007"),
        ("- ucb1", "- broken_syntax:Policy", "cannot import 'Policy' from 'broken_syntax': SyntaxError: "),
        ("- ucb1", "- broken_import:Policy", "cannot import 'Policy' from 'broken_import': ZeroDivisionError: "),
        ("- ucb1", '- ".x:y"', "cannot import 'y' from '.x': TypeError: "),
        ("- ucb1", "- broken:Raises", "Raises fails with KeyError: 'no such'"),
        ("- ucb1", "- broken:Stumbles", "Stumbles fails with ZeroDivisionError: division by zero"),
        (
            "parameters: {exploration: 8}",
            "parameters: {sweep: [{exploration: 1}, 3]}",
            "experiments[0].policies[1].parameters: each value of swept parameters must be a mapping",
        ),
        (
            "horizon: 200",
            "horizon: {sweep: {start: 1, stop: .inf, number: 3}}",
            "a range needs finite ends, got 1 and inf",
        ),
        (
            "horizon: 200",
            "horizon: {sweep: {start: 1, stop: 9, number: 100000000000}}",
            "must be less than or equal to",
        ),
        ("horizon: 200", "horizon: 1000000000000000000000000", "horizon: must be less than or equal to"),
        (
            "seed:",
            "figures: [{quantity: cost, comparators: [bst_arm]}]\nseed:",
            "BernoulliArms has no comparator 'bst_arm' (did you mean 'best_arm'?); it has best_arm, worst",
        ),
    ],
    ids=str,
)
def test_whatever_goes_wrong_is_told_where_it_stands(text, tmp_path, monkeypatch, old, new, expected):
    (tmp_path / "broken.py").write_text(BROKEN, encoding="utf-8")
    (tmp_path / "broken_syntax.py").write_text("class", encoding="utf-8")
    (tmp_path / "broken_import.py").write_text("1 / 0", encoding="utf-8")
    monkeypatch.syspath_prepend(str(tmp_path))
    assert old in text
    with pytest.raises(ConfigError) as caught:
        parse_study(text.replace(old, new, 1), "study.yaml")
    assert expected in str(caught.value)


def test_a_comparator_that_no_kind_of_regret_names_may_be_drawn():
    text = """\
name: words
seed: 1
experiments:
  - name: p
    environment: {name: secret_word, parameters: {memory: 4}}
    horizon: 20
    replicates: 2
    policies: [uniform]
figures:
  - {quantity: cost, comparators: [word]}
"""
    assert parse_study(text).figures[0].comparators == ["word"]


def test_what_is_written_short_can_be_changed(text):
    changed = parse_study(text, changes=["experiments.two.policies.ucb1.parameters.exploration=1"])
    assert changed.experiments[0].policies[0].parameters == {"exploration": 1}
    changed = parse_study(
        text, changes=["experiments.0.policies.0.parameters={exploration: 3}", "experiments.0.policies.1=moss"]
    )
    assert [(p.name, p.parameters) for p in changed.experiments[0].policies] == [
        ("ucb1", {"exploration": 3}),
        ("moss", {}),
    ]


def test_a_file_that_is_no_text_is_named(tmp_path):
    (tmp_path / "latin.yaml").write_bytes("name: größe\n".encode("latin-1"))
    with pytest.raises(ConfigError, match=r"latin\.yaml:1:9: the file must be UTF-8"):
        load_study(tmp_path / "latin.yaml")


EARLIER = """\
name: small
seed: 3
block: 4
replicates: 2
policies: [ucb1]
panels:
  - name: two
    horizon: 1e5
    environment: {name: bernoulli, parameters: {means: [0.1, 0.9]}}
    figure: {notion: realised}
sweeps:
  - name: s
    parameter: horizon
    values: [10, 20]
    figure: {notion: pseudo}
    panel:
      environment: {name: bernoulli, parameters: {means: [0.1, 0.9]}}
      figure: {notion: pseudo}
"""


def test_keys_of_earlier_versions_are_named_with_those_of_today_and_the_rest_is_looked_at():
    assert mistakes(EARLIER) == [
        "study.yaml:3:1: block: 'block' is now 'batch'",
        "study.yaml:6:1: panels: 'panels' is now 'experiments'",
        "study.yaml:8:5: experiments[0].horizon: must be a whole number, got 100000.0 (write 100000)",
        "study.yaml:10:5: experiments[0].figure: 'figure' has moved: how an experiment is drawn stands in the study's "
        "list 'figures' now, [{experiment: NAME, ...}]",
        "study.yaml:11:1: sweeps: 'sweeps' has moved: a swept value stands in its own place now, experiments: [{..., "
        "horizon: {sweep: [100, 1000]}}], and how it is drawn under 'figures'",
    ]


def test_an_unknown_policy_is_answered_with_those_that_can_play():
    (found,) = mistakes(GOOD.replace("- ucb1", "- UCB-2"))
    hint, _, names = found.partition("; policies that play BernoulliArms: ")
    assert hint.startswith("study.yaml:9:9: experiments[0].policies[0].name: unknown policy 'UCB-2' (did you mean 'ucb")
    able = names.split(", ")
    assert {"ucb1", "exp3", "clairvoyant"} <= set(able)
    assert not {"hedge", "lru", "groupwise"} & set(able)


FIGURES = """\
seed: 3
replicates: 4
x-two: &two {name: bernoulli, parameters: {means: [0.1, 0.9]}}
experiments:
  - name: plain
    environment: *two
    horizon: 50
    policies: [ucb1, {name: moss, label: MOSS}]
  - name: swept
    environment: *two
    horizon: {sweep: [50, 100]}
    policies: [{name: ucb1, label: UCB1, parameters: {exploration: {sweep: [1, 2]}}}, moss]
figures:
  - {experiment: plain, quantity: cost, scale: linear}
  - {experiment: plain, regret: realized, policies: [MOSS]}
  - {experiment: swept, quantity: ratio, label: T}
  - {experiment: swept, over: exploration, name: parameter}
  - {experiment: swept-horizon=100, scale: loglog}
"""


@pytest.mark.parametrize(
    ("key", "value", "line", "said"),
    [
        ("rewards", "[[0, 1], [2, 0]]", 12, "rewards must lie in [0, 1], got 2.0"),
        ("transitions", "[[[1, 1], [0, 1]], [[1, 0], [0, 1]]]", 11, "transitions must sum to 1"),
        ("sart", "0", 13, "(did you mean 'start'?)"),
    ],
)
def test_a_mistake_in_a_part_is_told_at_the_parameter_of_the_part(key, value, line, said):
    parameters = {"transitions": "[[[1, 0], [0, 1]], [[1, 0], [0, 1]]]", "rewards": "[[0, 1], [1, 0]]", key: value}
    text = f"""\
name: small
seed: 3
horizon: 50
replicates: 2
experiments:
  - name: life
    policies: [psrl]
    environment:
      name: average_mdp
      parameters: {{model: {{name: table, parameters: {{
        transitions: {parameters.pop("transitions")},
        rewards: {parameters.pop("rewards")},
        {", ".join(f"{k}: {v}" for k, v in parameters.items())}
      }}}}}}
"""
    (mistake,) = mistakes(text)
    assert mistake.startswith(f"study.yaml:{line}:9: experiments[0].environment.parameters.model.parameters.{key}: ")
    assert said in mistake


def test_figures_look_at_experiments():
    study = parse_study(FIGURES)
    figures = {figure.name: figure for figure in study.all_figures()}
    assert list(figures) == ["plain", "plain-realized", "swept", "parameter", "swept-horizon=100"]
    assert figures["plain-realized"].policies == ["MOSS"]
    assert [e.name for e in study.all_experiments()] == ["plain", "swept-horizon=50", "swept-horizon=100"]
    assert parse_study(as_yaml(study)) == study


@pytest.mark.parametrize(
    ("written", "names"),
    [
        ([], ["plain", "swept"]),
        ([{"scale": "linear"}], ["plain", "swept"]),
        ([{"experiment": "swept"}], ["plain", "swept"]),
        ([{"quantity": "cost"}, {"experiment": "plain"}], ["plain", "plain-regret", "swept"]),
        ([{"experiment": "swept-horizon=50", "scale": "linear"}], ["plain", "swept-horizon=50", "swept"]),
        ([{"experiment": ["swept", "plain"], "name": "both"}], ["both-plain", "both-swept"]),
    ],
)
def test_every_experiment_is_seen(written, names):
    study = study_of({**YAML(typ="safe").load(FIGURES), "figures": written})
    assert [figure.name for figure in study.all_figures()] == names


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        (
            "experiment: plain, quantity",
            "experiment: plian, quantity",
            "study.yaml:14:6: figures[0].experiment: no experiment named 'plian' (did you mean 'plain'?); there are",
        ),
        (
            "experiment: swept-horizon=100",
            "experiment: swept-horizon=10",
            "study.yaml:18:6: figures[4].experiment: no experiment named 'swept-horizon=10' (did you mean "
            "'swept-horizon=100'?); there are plain, swept",
        ),
        (
            "[MOSS]",
            "[MOS]",
            "study.yaml:15:54: figures[1].policies[0]: plain has no policy labelled 'MOS' (did you mean 'MOSS'?)",
        ),
        (
            "realized",
            "realised",
            "study.yaml:15:25: figures[1].regret: BernoulliArms has no regret definition 'realised'",
        ),
        (
            "quantity: cost",
            "quantity: ratio",
            "study.yaml:14:25: figures[0].quantity: is for figures over swept values; plain",
        ),
        (
            "quantity: ratio",
            "over: horizn",
            "study.yaml:16:25: figures[2].over: swept sweeps no 'horizn' (did you mean 'horizon'?)",
        ),
        (
            "experiment: plain, quantity",
            "experiment: 3, quantity",
            "study.yaml:14:6: figures[0].experiment: must be a name",
        ),
        (
            "experiment: plain, quantity",
            "experiment: [], quantity",
            "study.yaml:14:6: figures[0].experiment: must be a name",
        ),
        (
            "over: exploration",
            "policies: [UCB1 exploration=1], over: exploration",
            "study.yaml:17:36: figures[3].policies[0]",
        ),
        (
            "name: parameter",
            "name: plain",
            "study.yaml:17:5: figures[3]: a second figure named 'plain': give one of them",
        ),
        ("name: parameter", "name: a b", "study.yaml:17:44: figures[3].name: must be letters, digits and . _ - alone"),
        (
            "experiment: plain, quantity",
            "experiment: [plain, plain], quantity",
            "study.yaml:14:6: figures[0].experiment: must",
        ),
        ("scale: linear", "scal: linear", "study.yaml:14:41: figures[0].scal: unknown key (did you mean 'scale'?)"),
        (
            "scale: linear",
            "scale: cubic",
            "study.yaml:14:41: figures[0].scale: must be 'auto', 'linear', 'loglog', 'semilogx'",
        ),
        (
            "figures:",
            "figures:\n  - swept",
            "study.yaml:14:5: figures[0]: must be a valid dictionary or instance of Figure",
        ),
    ],
    ids=str,
)
def test_what_is_wrong_with_a_figure_is_told_where_it_stands(old, new, expected):
    assert old in FIGURES
    assert only(FIGURES.replace(old, new, 1)).startswith(expected)


def test_a_figure_may_not_have_the_name_of_another_experiment():
    text = FIGURES[: FIGURES.index("figures:")] + "figures: [{experiment: plain, name: swept}]\n"
    assert "'swept' is the name of another experiment's figure" in only(text)


def test_a_change_is_of_one_place_and_of_no_alias():
    study = parse_study(
        FIGURES, changes=["experiments.plain.environment.parameters.means=[0.5, 0.6]", "figures.plain.scale=loglog"]
    )
    means = [e.environment.parameters["means"] for e in study.all_experiments()]
    assert means == [[0.5, 0.6], [0.1, 0.9], [0.1, 0.9]]
    assert study.figures[0].scale == "loglog"
    merged = (
        GOOD
        + "    <<: &more {title: first}\n"
        + GOOD[GOOD.index("  - name: two") :].replace("two", "three")
        + "    <<: *more\n"
    )
    assert [e.title for e in parse_study(merged, changes=["experiments.two.title=changed"]).experiments] == [
        "changed",
        "first",
    ]


def test_keys_for_anchors_are_at_the_top_alone():
    assert "x-mine" in only(GOOD.replace("    replicates: 2", "    x-mine: 1\n    replicates: 2"))


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "base.yaml").write_text(FIGURES, encoding="utf-8")
    return tmp_path


def extended(folder, text, name="own.yaml"):
    (folder / name).write_text(textwrap.dedent(text), encoding="utf-8")
    return load_study(folder / name)


def test_a_study_builds_on_another(folder):
    study = extended(
        folder,
        """\
        extends: base.yaml
        replicates: 7
        experiments:
          - {name: swept, remove: true}
          - name: plain
            environment: {parameters: {means: [0.3, 0.4, 0.5]}}
            policies:
              - {name: kl_ucb, label: MOSS}
              - {name: ucb1, parameters: {exploration: 1}}
              - kl_ucb
          - {name: new, environment: {name: gaussian, parameters: {means: [0, 1]}}, horizon: 9, policies: [ucb1]}
        """,
    )
    plain, new = study.all_experiments()
    assert (study.name, study.seed, plain.replicates, new.replicates) == ("own", 3, 7, 7)
    assert plain.environment.parameters == {"means": [0.3, 0.4, 0.5]}
    assert [(p.title, p.name, p.parameters) for p in plain.policies] == [
        ("ucb1", "ucb1", {"exploration": 1}),
        ("MOSS", "kl_ucb", {}),
        ("kl_ucb", "kl_ucb", {}),
    ]
    assert [figure.name for figure in study.all_figures()] == ["plain", "plain-realized", "new"]


def test_another_component_or_a_swept_value_is_replaced_as_a_whole(folder):
    study = extended(
        folder,
        """\
        extends: base.yaml
        experiments:
          - name: plain
            environment: {name: gaussian, parameters: {means: [0, 1], sd: 2}}
          - name: swept
            horizon: {sweep: {start: 10, stop: 1000, number: 3, spacing: log}}
        figures: [{experiment: swept-horizon=100, scale: linear}]
        """,
    )
    assert study.experiments[0].environment.parameters == {"means": [0, 1], "sd": 2}
    assert study.swept[0].points() == [(10,), (100,), (1000,)]
    assert study.all_figures()[-1].scale == "linear"


def test_a_figure_is_known_by_its_experiment_even_if_it_was_one_of_all(folder):
    study = extended(
        folder,
        """\
        extends: base.yaml
        figures:
          - {experiment: plain, scale: loglog}
          - {experiment: swept, remove: true}
        """,
    )
    first = study.all_figures()[0]
    assert (first.name, first.quantity, first.scale) == ("plain", "cost", "loglog")
    assert len(study.figures) == 4
    (folder / "all.yaml").write_text(
        FIGURES[: FIGURES.index("figures:")] + "figures: [{quantity: cost}]\n", encoding="utf-8"
    )
    study = extended(
        folder,
        "extends: all.yaml\nfigures: [{experiment: swept, quantity: ratio}, {experiment: plain, remove: true}]\n",
    )
    assert [(f.name, f.quantity) for f in study.all_figures()] == [("plain", "regret"), ("swept", "ratio")]


def test_what_stands_at_the_top_of_what_is_extended_can_be_changed_in_one_experiment(folder):
    text = "seed: 1\nreplicates: 2\nhorizon: 9\nenvironment: {name: bernoulli, parameters: {means: [0.1, 0.2]}}\n"
    text += "policies: [ucb1, {name: moss, label: MOSS}]\nexperiments: [{name: one}, {name: two}]\n"
    (folder / "top.yaml").write_text(text, encoding="utf-8")
    own = "extends: top.yaml\nexperiments:\n  - name: one\n    environment: {parameters: {means: [0.5, 0.6]}}\n"
    own += "    policies: [{label: MOSS, remove: true}, kl_ucb]\n  - {name: three}\n"
    one, two, three = extended(folder, own).all_experiments()
    assert (one.environment.parameters, [p.name for p in one.policies]) == ({"means": [0.5, 0.6]}, ["ucb1", "kl_ucb"])
    assert two.environment == three.environment
    assert two.policies == three.policies
    (folder / "own.yaml").write_text(own, encoding="utf-8")
    changes = [
        "horizon=11",
        "experiments.two.environment.parameters.means=[0.7, 0.8]",
        "experiments.two.policies.MOSS.label=M",
    ]
    one, two, three = load_study(folder / "own.yaml", changes).all_experiments()
    assert (one.horizon, two.horizon, two.environment.parameters["means"]) == (11, 11, [0.7, 0.8])
    assert ([p.title for p in two.policies], [p.title for p in three.policies]) == (["ucb1", "M"], ["ucb1", "MOSS"])


def test_an_entry_that_is_given_twice_is_told(folder):
    with pytest.raises(ConfigError, match=r"own.yaml:4:5: a second entry known by 'plain'"):
        extended(folder, "extends: base.yaml\nexperiments:\n  - {name: plain}\n  - {name: plain}\n")


def test_the_figure_of_an_experiment_without_one_can_be_changed():
    study = parse_study(GOOD, changes=["figures.two.scale=linear"])
    assert [(f.name, f.scale) for f in study.all_figures()] == [("two", "linear")]
    assert "'tow' names no entry (did you mean 'two'?); there are two" in only(GOOD, ["figures.tow.scale=linear"])


def test_numbers_of_numpy_are_numbers():
    data = YAML(typ="safe").load(GOOD)
    assert study_of({**data, "horizon": np.int64(50), "confidence": np.float64(0.95)}) == parse_study(GOOD)


def test_figures_of_all_experiments_are_of_those_of_their_own_study(tmp_path):
    (tmp_path / "base.yaml").write_text(GOOD + "figures: [{quantity: cost}]\n", encoding="utf-8")
    own = "extends: base.yaml\nexperiments: [{name: new, environment: {name: gaussian, parameters: {means: [0, 1]}}, "
    own += "replicates: 1, policies: [ucb1]}]\nfigures: [{experiment: two, name: regret}]\n"
    study = extended(tmp_path, own)
    assert [(f.name, f.quantity) for f in study.all_figures()] == [
        ("two", "cost"),
        ("regret", "regret"),
        ("new", "regret"),
    ]


def test_shipped_studies_can_be_built_on(tmp_path):
    study = extended(tmp_path, "extends: arms/bernoulli\nreplicates: 3\n")
    assert study.name == "own"
    assert {e.replicates for e in study.all_experiments()} == {3}  # whatever they had
    assert study.title == load_study(find("arms/bernoulli")).title


def test_mistakes_are_located_in_both_files(folder):
    base = (folder / "base.yaml").read_text(encoding="utf-8").replace("[50, 100]", "[50, -1]")
    (folder / "base.yaml").write_text(base, encoding="utf-8")
    with pytest.raises(ConfigError) as caught:
        extended(folder, "extends: base.yaml\nexperiments:\n  - {name: plain, replicates: 0}\n")
    places = [(os.path.basename(m.file), m.line) for m in caught.value.mistakes]
    assert places == [("own.yaml", 3), ("base.yaml", 11), ("base.yaml", 18)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("extends: own.yaml\n", "own.yaml:1:1: extends: the study extends itself: own.yaml -> own.yaml"),
        (
            "extends: other.yaml\n",
            "other.yaml:1:1: extends: the study extends itself: own.yaml -> other.yaml -> own.yaml",
        ),
        ("extends: bas.yaml\n", "own.yaml:1:1: extends: no study file 'bas.yaml'"),
        ("extends: arms/bernouli\n", "extends: no study file 'arms/bernouli' (did you mean 'arms/bernoulli'"),
        ("extends: [base.yaml]\n", "own.yaml:1:1: extends: must name one study, got ['base.yaml']"),
        (
            "extends: base.yaml\nexperiments: [{name: three, remove: true}]\n",
            "own.yaml:2:15: what is removed is given by its name and 'remove: true' alone, and must be in what is "
            "extended; there are plain, swept",
        ),
    ],
)
def test_what_cannot_be_extended_is_told(folder, text, expected):
    (folder / "other.yaml").write_text("extends: own.yaml\n", encoding="utf-8")
    with pytest.raises(ConfigError) as caught:
        extended(folder, text)
    assert expected in str(caught.value)


def test_plain_data_are_a_study_too():
    data = YAML(typ="safe").load(GOOD)
    assert study_of(data) == parse_study(GOOD)
    with pytest.raises(ConfigError, match=r"^study: experiments\[0\]\.replicates: must be greater"):
        study_of(data, ["experiments.two.replicates=0"])


def test_a_study_without_a_name_has_that_of_its_file(tmp_path):
    (tmp_path / "mine.yaml").write_text(GOOD.replace("name: small\n", ""), encoding="utf-8")
    assert load_study(tmp_path / "mine.yaml").name == "mine"
    (tmp_path / "my study.yaml").write_text(GOOD.replace("name: small\n", ""), encoding="utf-8")
    with pytest.raises(
        ConfigError, match=r"my study\.yaml:1:1: name: a study is called like its file, and 'my study' is no"
    ):
        load_study(tmp_path / "my study.yaml")
    assert load_study(find("arms/bernoulli")).name == "arms/bernoulli"
    assert list(studies()) == sorted(studies())


def test_modules_beside_a_study_are_found(tmp_path, monkeypatch):
    monkeypatch.setattr("sys.path", list(sys.path))
    (tmp_path / "beside_it.py").write_text(
        "from bandits.arms.ucb1 import UCB1\nclass Mine(UCB1): pass\n", encoding="utf-8"
    )
    (tmp_path / "study.yaml").write_text(GOOD.replace("- ucb1", "- beside_it:Mine", 1), encoding="utf-8")
    assert load_study(tmp_path / "study.yaml").experiments[0].policies[0].name == "beside_it:Mine"


def test_modules_of_one_name_beside_two_studies_are_told(tmp_path, monkeypatch):
    monkeypatch.setattr("sys.path", list(sys.path))
    for folder in ("one", "two"):
        (tmp_path / folder).mkdir()
        text = "from bandits.arms.ucb1 import UCB1\nclass Mine(UCB1): pass\n"
        (tmp_path / folder / "beside_both.py").write_text(text, encoding="utf-8")
        text = GOOD.replace("- ucb1", "- beside_both:Mine", 1)
        (tmp_path / folder / "study.yaml").write_text(text, encoding="utf-8")
    load_study(tmp_path / "one" / "study.yaml")
    for _ in range(2):  # imported or not
        with pytest.raises(ConfigError, match=r"study.yaml:9:9: there are two modules 'beside_both', .*two.*one"):
            load_study(tmp_path / "two" / "study.yaml")
        sys.modules.pop("beside_both", None)


def test_an_anchor_that_holds_itself_is_told():
    assert "an anchor holds an alias of itself" in only("&a\nseed: 1\nexperiments: *a\n")


@pytest.mark.parametrize(
    ("written", "value"),
    [
        (".5e0", 0.5),
        (".5e-1", 0.05),
        ("-.5e2", -50.0),
        ("1e1", 10.0),
        ("5.", 5.0),
        ("0x1F", 31),
        (".inf", float("inf")),
    ],
)
def test_numbers_are_those_of_yaml(written, value):
    data = tree(f"x: {written}", "a.yaml").plain()
    assert data == {"x": value}
    assert type(data["x"]) is type(value)


@pytest.mark.parametrize("written", ["'.5e0'", '".5e0"', "|\n      .5e0"])
def test_what_is_quoted_is_text(written):
    assert parse_study(GOOD.replace("name: small", f"name: small\ntitle: {written}")).title.strip() == ".5e0"


def test_a_change_that_every_experiment_overrides_is_refused():
    assert "every experiment has its own 'replicates': write experiments.*.replicates=..." in only(
        GOOD, ["replicates=3"]
    )
    study = parse_study(GOOD, changes=["horizon=60", "experiments.*.replicates=3"])
    assert (study.experiments[0].horizon, study.experiments[0].replicates) == (60, 3)
