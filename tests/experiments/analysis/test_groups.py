"""Regret in groups from the run to the figure: the group's own clock, bounds of the run, assumptions with numbers."""

from dataclasses import replace

import numpy as np
import pytest

from bandits.registry import ENVIRONMENTS
from experiments.analysis.results import load
from experiments.analysis.verdicts import check, vacuous
from experiments.report.curves import draw_experiment
from experiments.run.jobs import tape_rng
from experiments.run.runner import run
from experiments.run.theory import Table
from experiments.study.config import parse_study
from experiments.study.model import Figure as Look

STUDY = """
name: groups
seed: 3
checkpoints: 30
batch: 2
horizon: 400
replicates: 5
experiments:
  - name: sorted
    environment:
      name: synthetic_groups
      parameters:
        {label: min, features: 3, order: ascending, sort_by: green, comparator: {name: ridge, parameters: {penalty: 1}}}
    policies:
      - {name: groupwise, label: clipped, parameters: {clip: [0.0, 1.0]}}
      - {name: groupwise, label: free, parameters: {loss_scale: 0.01}}
figures:
  - {experiment: sorted, regret: green}
"""


@pytest.fixture(scope="module")
def experiment(tmp_path_factory):
    folder = tmp_path_factory.mktemp("groups")
    study = parse_study(STUDY)
    run(study, folder)
    return load(folder).experiments["sorted"]


def environment(experiment):
    described = experiment.experiment.environment.model_dump(include={"name", "parameters"})
    return ENVIRONMENTS.build(described, horizon=400)


def replaced(experiment, theorem, values):
    """The theorem with other values [n_checkpoints]."""
    return replace(theorem, curve=Table(experiment.times.astype(float), values))


def test_the_clock_counts_the_rounds_of_the_group(experiment):
    passed = np.array([experiment.clocks["rounds in green"][r] for r in range(5)])
    for r in range(5):
        made = environment(experiment)
        tape = made.draw(tape_rng(3, r))
        member = made.data.groups[tape, made.problem.groups.index("green")]
        assert passed[r].tolist() == [member[:t].sum() for t in experiment.times]
    assert experiment.time("green") == pytest.approx(passed.mean(axis=0))
    assert experiment.time("always_on").tolist() == experiment.times.tolist()
    assert experiment.time("green")[10] == 0.0  # all red rows come first


def test_the_figure_has_the_group_s_clock_and_dots_the_bound_of_the_run(experiment):
    from matplotlib.figure import Figure

    ax = Figure().subplots()
    look = Look(experiment=experiment.experiment.name, bounds="curves")
    draw_experiment(ax, experiment, regret="green", figure=look)
    assert ax.get_xlabel() == "rounds in green (mean of 5)"
    assert " ".join(ax.get_ylabel().split()).endswith("to its best model (ridge with penalty 1) (loss, mean of 5)")
    lines = {line.get_label(): line for line in ax.get_lines()}
    (known,) = [line for label, line in lines.items() if label.startswith("bound for green (derived)")]
    (own,) = [line for label, line in lines.items() if label.startswith("bound for green, this run (derived)")]
    assert known.get_linestyle() == "--"
    assert own.get_linestyle() == ":"
    assert np.all(own.get_ydata() <= known.get_ydata() + 1e-9)
    assert own.get_xdata().tolist() == experiment.time("green").tolist()
    assert len([label for label in lines if "assumption fails" in label]) == 2
    draw_experiment(Figure().subplots(), experiment, regret="always_on")


def test_a_loss_beyond_the_scale_is_named_with_its_size(experiment):
    """The largest over replicates, and batches of them, by playing again."""
    from bandits.groupwise.groupwise import Groupwise

    largest = []
    for r in range(5):
        made, policy = environment(experiment), Groupwise(loss_scale=0.01)
        made.begin(made.draw(tape_rng(3, r)))
        policy.reset(made.problem, np.random.default_rng(0))
        policy.advance(made, 400)
        largest.append(policy.largest_loss)
    for bound in experiment.bounds["free"]:
        failing = [str(assumption) for assumption in bound.assumptions if not assumption.holds]
        assert failing == [f"every learner's loss lies in [0, 0.01] (largest: {max(largest):.4g})"]
    assert all(bound.holds for bound in experiment.bounds["clipped"])


def test_each_group_has_a_worst_play_of_its_own(experiment):
    worst = {name: experiment.comparators[f"worst in {name}"][:, -1] for name in ("green", "red", "always_on")}
    assert worst["green"] + worst["red"] == pytest.approx(worst["always_on"])
    data = environment(experiment).data
    most = np.maximum(data.labels, 1.0 - data.labels) ** 2  # the farther end of [0, 1] is the worst prediction
    for name in ("green", "red"):
        member = data.groups[:, data.names.index(name)]
        assert worst[name] == pytest.approx(np.full(5, -np.sum(most * member)))
    (theorem,) = bound_for_green(experiment)
    assert not vacuous(experiment, theorem, "green")
    # the worst play loses 101.6 to the best model in green, 70.9 in red
    for limit, told in ((102.0, {"green": True, "red": True}), (101.0, {"green": False, "red": True})):
        made_up = replaced(experiment, theorem, np.full(len(experiment.times), limit))
        assert {name: vacuous(experiment, made_up, name) for name in told} == told
    assert not vacuous(experiment, replaced(experiment, theorem, np.full(len(experiment.times), 70.0)), "red")


def bound_for_green(experiment):
    return [b for b in experiment.bounds["clipped"] if b.name == "bound for green"]


def verdicts_of(experiment):
    verdicts = check(experiment, 0.95, ["green"])
    return {(v.policy, v.bound): v for v in verdicts}


@pytest.mark.parametrize(("times", "result"), [(100.0, "holds"), (1.0, "undecided"), (0.1, "violated")])
def test_a_made_up_bound_is_judged_on_the_group_s_regret(experiment, times, result):
    """So many times the mean regret in the group, which five replicates tell apart."""
    (theorem,) = bound_for_green(experiment)
    made_up = replaced(experiment, theorem, times * experiment.regret("clipped", "green").mean(axis=0))
    verdicts = verdicts_of(replace(experiment, bounds={**experiment.bounds, "clipped": (made_up,)}))
    assert verdicts["clipped", "bound for green"].typical == result


def test_verdicts(experiment):
    found = verdicts_of(experiment)
    assert found["clipped", "bound for green"].typical == "holds"
    assert "claims no rate" in found["clipped", "bound for green, this run"].text
    assert "(largest: " in found["free", "bound for green"].text
