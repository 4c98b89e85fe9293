"""Findings: sweeps judged by the values at the horizon, what is said in words, and JSON without NaN."""

import json
from dataclasses import replace

import numpy as np
import pytest

from bandits.contract import Assumption, Bound
from environments.contract import Regret
from experiments.analysis.curves import ExperimentResult
from experiments.analysis.findings import as_json, as_text, counted, findings
from experiments.analysis.prices import Price
from experiments.analysis.results import Results
from experiments.analysis.sentences import number, sentence, study_sentence, sweep_sentence
from experiments.analysis.verdicts import check
from experiments.report.tables import latex, table
from experiments.run.theory import Table
from experiments.study.model import Component, Experiment, Figure, Study

REGRET = Regret("pseudo", "reward", "best", "fixed", "pseudo-regret")
POINTS = (100, 1000, 10_000, 100_000)


def swept(
    value, limit, parameter="horizon", holds=True, n=16, points=POINTS, time="at the horizon", figures=None, most=1.5
):
    """A study of one swept experiment and one policy: its regret at a point x is about value(x), its bound limit(x)."""
    values = {"sweep": list(points)}
    environment = {
        "name": "bernoulli",
        "parameters": {"means": [0.1, 0.9], "size": 1 if parameter == "horizon" else values},
    }
    entry = {"name": "s", "title": "Sweep", "environment": environment, "replicates": n}
    entry |= {"policies": [{"name": "ucb1", "label": "a"}], "horizon": values if parameter == "horizon" else 100}
    figures = [{"experiment": "s", "label": "x"}] if figures is None else figures
    study = Study.model_validate({"name": "t", "seed": 0, "experiments": [entry], "figures": figures})
    experiments = {}
    for k, (x, name) in enumerate(zip(points, study.swept[0].experiment_names(), strict=True)):
        regret = value(x) * np.random.default_rng(k).lognormal(0.0, 0.02, size=(n, 1)) * np.array([[0.5, 1.0]])
        curve, assumptions = Table(np.array([50.0, 100.0]), np.full(2, limit(x))), (Assumption("iid", holds),)
        bound = Bound("theorem", "upper", curve, "fixed", "s", "exact", assumptions, time)
        experiments[name] = ExperimentResult(
            experiment=Experiment(
                name=name, environment=Component(name="e"), horizon=100, replicates=n, policies=[Component(name="a")]
            ),
            times=np.array([50, 100]),
            replicates=np.arange(n),
            series={"a": {"reward": -regret}},
            comparators={"best": np.zeros_like(regret)},
            clocks={},
            regrets=(REGRET,),
            bounds={"a": (bound,)},
            lower_bounds=(),
            prices={"a": Price(), "": Price()},
            limits={"pseudo": np.stack([0.0 * regret[0], most * regret.max(axis=0)])},
        )
    return Results("folder", study, experiments, {})


@pytest.mark.parametrize(
    ("value", "limit", "result", "exponent"),
    [
        (lambda x: x**0.5, lambda x: 3 * x**0.5, "holds", "agrees"),
        (lambda x: 0.01 * x, lambda x: 5 * x**0.5, "holds", "too steep"),
        (lambda x: 1e-5 * x, lambda x: 5 * x**0.5, "holds", "early"),
        (lambda x: 10 * np.log(x), lambda x: 20 * np.log(x), "holds", "agrees"),
        (lambda x: 2 * x**0.5, lambda x: x**0.5, "violated", "agrees"),
    ],
)
def test_a_sweep_over_the_horizon(value, limit, result, exponent):
    found = findings(swept(value, limit))
    (verdict,) = found.sweeps
    assert (verdict.experiment, verdict.over, verdict.policy, verdict.result) == ("s", "horizon", "a", result), (
        verdict.text
    )
    assert verdict.exponent == exponent, verdict.text
    assert len(found.verdicts) == 4
    fails = [v for v in found.verdicts if v.result == "violated"]
    assert found.failed == bool(fails or exponent == "too steep")
    assert verdict.fitted.value == pytest.approx(
        np.polyfit(np.log(POINTS), np.log([value(x) for x in POINTS]), 1)[0], abs=0.02
    )
    assert verdict.claimed == pytest.approx(np.polyfit(np.log(POINTS), np.log([limit(x) for x in POINTS]), 1)[0])


def test_a_sweep_over_something_else_contradicts_nothing():
    found = findings(swept(lambda x: 0.01 * x, lambda x: 5 * x**0.5, "environment.parameters.size"))
    (verdict,) = found.sweeps
    assert (verdict.exponent, verdict.over, found.failed) == ("steeper", "environment.parameters.size", False)
    (verdict,) = findings(swept(lambda x: 1.0 / x, lambda x: 5 / x, "environment.parameters.size")).sweeps
    assert (verdict.exponent, verdict.claimed) == ("agrees", pytest.approx(-1.0))


@pytest.mark.parametrize("options", [{"time": "no rate"}, {"holds": False}, {"points": (100, 1000)}])
def test_no_exponent_of_a_sweep(options):
    (verdict,) = findings(swept(lambda x: 0.01 * x, lambda x: 5 * x**0.5, **options)).sweeps
    assert verdict.exponent == "not tested"
    assert verdict.result == ("not applicable" if "holds" in options else "holds")


def test_a_bound_tuned_to_the_horizon_has_its_rate_there():
    found = findings(swept(lambda x: 0.01 * x, lambda x: 5 * x**0.5, time="horizon-tuned"))
    (verdict,) = found.sweeps
    assert (verdict.exponent, found.failed) == ("too steep", True)
    assert {v.exponent for v in found.verdicts} == {"not tested"}


def test_a_single_replicate_is_valid_json():
    found = as_json(findings(swept(lambda x: x**0.5, lambda x: 3 * x**0.5, n=1, most=10.0)))
    text = json.dumps(found, allow_nan=False)
    (verdict,) = json.loads(text)["sweeps"]
    assert verdict["result"] == "undecided"
    assert verdict["fitted"]["low"] is None


def test_in_words():
    results = swept(lambda x: x**0.5, lambda x: 3 * x**0.5)
    found = findings(results)
    ((_, sweep),) = found.views
    text = sweep_sentence(sweep, found)
    first, *_, last = (f"{experiment.regret('a')[:, -1].mean():.3g}" for experiment in results.experiments.values())
    assert text.startswith(f"At 100 (x): lowest a ({first}), highest a ({first}). At 100000: lowest a ({last})")
    assert text.endswith("Bounds: 1 holds.")
    experiment = next(iter(results.experiments.values()))
    assert sentence(experiment, found).startswith(f"Pseudo-regret at round 100: a {first} reward.")
    assert "s over horizon · a · theorem: holds, exponent agrees" in "\n".join(as_text(found))


def two(gap):
    """An experiment of three policies: b is ``gap`` above a in every replicate, up to luck, and c far above both."""
    results = swept(lambda x: 10.0, lambda x: 100.0)
    name, experiment = next(iter(results.experiments.items()))
    luck = np.random.default_rng(5).normal(0.0, 1.0, size=(2, 16, 1))
    regret = {"a": 10 + luck[0], "b": 10 + gap + luck[1], "c": 90 + luck[0]}
    series = {label: {"reward": -np.hstack([values, values])} for label, values in regret.items()}
    experiment = replace(
        experiment,
        series=series,
        bounds={"a": (), "b": (), "c": ()},
        prices=dict.fromkeys(series, Price()),
        limits={"pseudo": np.array([[0.0, 0.0], [120.0, 120.0]])},
    )
    return findings(replace(results, experiments={**results.experiments, name: experiment})), experiment


def test_words_claim_no_difference_that_the_data_do_not_show():
    found, experiment = two(gap=0.01)
    assert "The data do not tell" in sentence(experiment, found)
    found, experiment = two(gap=5.0)
    assert "lowest for a (" in sentence(experiment, found)
    assert "highest for c (" in sentence(experiment, found)
    assert "a is typically below all others, which 16 replicates are too few to guarantee against b." in sentence(
        experiment, found
    )
    found, experiment = two(gap=60.0)
    assert "a is below all others beyond chance." in sentence(experiment, found)


def test_who_knows_the_run_in_advance_is_not_ranked():
    found, experiment = two(gap=5.0)
    name = experiment.experiment.name
    experiment = replace(experiment, clairvoyant=frozenset({"a"}))
    assert experiment.learners == ("b", "c")
    found = findings(replace(found.results, experiments={**found.results.experiments, name: experiment}))
    text = sentence(experiment, found)
    assert [(c.better, c.worse) for c in found.comparisons[name]["pseudo"]] == [("b", "c")]
    assert "lowest for b (" in text
    assert "b is below c beyond chance." in text
    assert f"Knowing the run in advance: a ({number(experiment.regret('a')[:, -1].mean())})." in text
    rows = {row["policy"]: row for row in table(experiment, 0.95)}
    assert list(rows) == ["a", "b", "c"]
    assert rows["b"]["behind"] == 0.0
    assert rows["a"]["behind"] == pytest.approx(rows["a"]["regret"] - rows["b"]["regret"])
    lines = {line.split(" & ")[0]: line for line in latex(experiment, 0.95).splitlines()}
    assert {label for label in "abc" if "bfseries" in next(lines[k] for k in lines if k.endswith(label))} == {"b"}
    assert replace(experiment, clairvoyant=frozenset("abc")).learners == ("a", "b", "c"), "of such alone, one is first"


def test_words_are_of_the_cost_where_it_is_drawn():
    found, experiment = two(gap=5.0)
    figure = Figure(name="f", experiment=experiment.experiment.name, quantity="cost")
    cost = number(-experiment.series["a"]["reward"][:, -1].mean())
    assert sentence(experiment, found, figure).startswith(
        f"Cumulative cost at round 100: lowest for a ({cost} reward), highest for c"
    )
    reward = number(experiment.series["a"]["reward"][:, -1].mean())
    said = sentence(experiment, found, figure.model_copy(update={"quantity": "reward"}))
    assert said.startswith(f"Cumulative reward at round 100: highest for a ({reward} reward), lowest for c")
    assert "a is typically above all others" in said


@pytest.mark.parametrize(
    ("options", "clean", "words"),
    [
        ({}, True, "5 hold"),
        ({"holds": False}, True, "5 not applicable"),
        ({"n": 1, "most": 10.0}, False, "5 undecided"),
        ({"value": lambda x: 9.0 * x**0.5}, False, "5 violated"),
    ],
)
def test_what_a_study_amounts_to(options, clean, words):
    results = swept(**{"value": lambda x: x**0.5, "limit": lambda x: 3 * x**0.5, **options})
    found = findings(results)
    assert (found.clean, counted((*found.verdicts, *found.sweeps))) == (clean, words)
    assert list(as_text(found))[-1].startswith(f"t: 5 bounds, {len(found.contradicted)} fail; {words}; ")
    name, experiment = next(iter(results.experiments.items()))
    lacking = findings(
        replace(results, experiments={**results.experiments, name: replace(experiment, missing=("a: no result",))})
    )
    assert not lacking.clean
    assert counted([]) == "none"


def test_a_bound_beyond_all_numbers_that_matter():
    """The share of it that is reached underflows no logarithm."""
    (verdict,) = findings(swept(lambda x: 1e-5 * x, lambda x: 1e300 * x**0.01)).sweeps
    assert (verdict.result, verdict.exponent) == ("holds", "early")


def test_a_share_of_nothing():
    """Where the bound is 0, regret that is 0 up to rounding is no share of it, and any other is above it."""
    (verdict,) = findings(only(regret=-2.8e-14, limit=0.0)).verdicts
    assert (verdict.result, verdict.share) == ("holds", 0.0)
    (verdict,) = findings(only(regret=1.0, limit=0.0)).verdicts
    assert (verdict.result, verdict.share) == ("violated", np.inf)
    assert json.loads(json.dumps(as_json(findings(only(regret=1.0, limit=0.0))), allow_nan=False))


def only(regret, limit):
    """A study of one experiment whose policy has the same regret in all replicates."""
    results = swept(lambda x: 1.0, lambda x: limit)
    name, experiment = next(iter(results.experiments.items()))
    limits = {"pseudo": np.array([[0.0, 0.0], [9.0, 9.0]])}
    series = {"a": {"reward": np.full((16, 2), -regret)}}
    experiment = replace(experiment, series=series, certain=frozenset("a"), limits=limits)
    return replace(results, experiments={name: experiment}, study=alone(experiment))


def alone(result):
    """A study of the one experiment."""
    return Study(name="t", seed=0, experiments=[result.experiment])


def test_pairs_of_a_single_replicate_are_valid_json():
    found, experiment = two(gap=5.0)
    one = replace(
        experiment,
        replicates=np.arange(1),
        series={label: {n: v[:1] for n, v in metrics.items()} for label, metrics in experiment.series.items()},
        comparators={n: v[:1] for n, v in experiment.comparators.items()},
    )
    found = findings(replace(found.results, experiments={experiment.experiment.name: one}, study=alone(one)))
    pairs = json.loads(json.dumps(as_json(found), allow_nan=False))["comparisons"]
    assert {(p["difference"]["low"], p["p"]) for p in pairs} == {(None, None)}


def test_verdicts_are_of_the_regret_that_is_drawn():
    """By the definitions of the figures, in their order, then by the others; a sweep's by its own figure's."""
    figures = [{"experiment": "s", "regret": "realized"}, {"name": "other", "experiment": "s", "regret": "pseudo"}]
    results = swept(lambda x: x**0.5, lambda x: 3 * x**0.5, figures=figures)
    realized = Regret("realized", "reward", "best", "fixed", "realized regret")
    experiments = {
        name: replace(experiment, regrets=(REGRET, realized)) for name, experiment in results.experiments.items()
    }
    found = findings(replace(results, experiments=experiments))
    assert {v.regret for v in found.verdicts} == {"realized"}
    assert [(v.experiment, v.regret) for v in found.sweeps] == [("s", "realized"), ("other", "pseudo")]
    assert {tuple(by_regret) for by_regret in found.comparisons.values()} == {("realized", "pseudo")}
    first = next(iter(experiments.values()))
    assert [v.regret for v in check(first, 0.95)] == ["pseudo"]


def shown_by(*figures):
    """The three policies of ``two`` in an experiment of two regret definitions, and the figures of it."""
    found, result = two(gap=5.0)
    realized = Regret("realized", "reward", "best", "fixed", "realized regret")
    entry = result.experiment.model_copy(
        update={"name": "e", "policies": [Component(name=label) for label in result.series]}
    )
    result = replace(result, experiment=entry, regrets=(REGRET, realized))
    study = Study(name="t", seed=0, experiments=[entry], figures=[Figure(experiment="e", **f) for f in figures])
    return findings(replace(found.results, experiments={"e": result}, study=study)), result


def test_an_experiment_that_several_figures_show_is_one_result():
    found, result = shown_by({"policies": ["b", "c"]}, {"name": "again", "regret": "realized", "quantity": "cost"})
    assert [(figure.name, shown is result) for figure, shown in found.views] == [("e", True), ("again", True)]
    assert list(found.comparisons) == ["e"]
    assert list(found.comparisons["e"]) == ["pseudo", "realized"]
    assert len(as_json(found)["comparisons"]) == 6
    assert {line.split(" · ")[0] for line in as_text(found) if line.startswith("pair")} == {
        "pair e by pseudo",
        "pair e by realized",
    }


def test_words_are_of_the_policies_that_are_drawn():
    found, result = shown_by({"policies": ["b", "c"]})
    text = sentence(result, found, found.views[0][0])
    assert "lowest for b (" in text
    assert "b is below c beyond chance." in text
    assert study_sentence(found).startswith("e: lowest regret for b.") or "lowest regret for b." in study_sentence(
        found
    )


def test_a_figure_of_one_definition_shows_its_comparisons():
    found, _ = shown_by({"regret": "realized"})
    assert list(found.comparisons["e"]) == ["realized"]
    found, _ = shown_by()
    assert list(found.comparisons["e"]) == ["pseudo"]
