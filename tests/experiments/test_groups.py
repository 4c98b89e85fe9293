"""Regret in groups from the run to the figure: the group's own clock, bounds of the run, assumptions with numbers."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from experiments.cells import tape_rng
from experiments.check import check, vacuous
from experiments.config import parse_study
from experiments.figures import draw_panel
from experiments.results import load
from experiments.runner import run
from experiments.study import build_environment

STUDY = """
name: groups
seed: 3
checkpoints: 30
block: 2
horizon: 400
replicates: 5
panels:
  - name: sorted
    environment:
      name: synthetic_groups
      parameters: {label: min, features: 3, order: ascending, sort_by: green, comparator: ridge, penalty: 1.0}
    policies:
      - {name: groupwise, label: clipped, parameters: {clip: [0.0, 1.0]}}
      - {name: groupwise, label: free, parameters: {loss_scale: 0.01}}
    figure: {notion: green}
"""


@pytest.fixture(scope="module")
def panel(tmp_path_factory):
    folder = tmp_path_factory.mktemp("groups")
    study = parse_study(STUDY)
    run(study, folder)
    return load(folder).panels["sorted"]


def world(panel):
    return build_environment(panel.panel.environment, 400)


def test_the_clock_counts_the_rounds_of_the_group(panel):
    passed = np.array([panel.clocks["rounds in green"][r] for r in range(5)])
    for r in range(5):
        made = world(panel)
        tape = made.draw(tape_rng(3, r))
        member = made.data.groups[tape, made.problem.groups.index("green")]
        assert passed[r].tolist() == [member[:t].sum() for t in panel.times]
    assert panel.time("green") == pytest.approx(passed.mean(axis=0))
    assert panel.time("always_on").tolist() == panel.times.tolist()
    assert panel.time("green")[10] == 0.0  # all red rows come first


def test_the_figure_has_the_group_s_clock_and_dots_the_bound_of_the_run(panel):
    from matplotlib.figure import Figure

    ax = Figure().subplots()
    draw_panel(ax, panel)
    assert ax.get_xlabel() == "rounds in green (mean of 5)"
    assert " ".join(ax.get_ylabel().split()).endswith("to its best model (ridge with penalty 1) (loss, mean of 5)")
    lines = {line.get_label(): line for line in ax.get_lines()}
    (known,) = [line for label, line in lines.items() if label.startswith("bound for green:")]
    (own,) = [line for label, line in lines.items() if label.startswith("bound for green, this run:")]
    assert known.get_linestyle() == "--"
    assert own.get_linestyle() == ":"
    assert np.all(own.get_ydata() <= known.get_ydata() + 1e-9)
    assert own.get_xdata().tolist() == panel.time("green").tolist()
    assert len([label for label in lines if "assumption fails" in label]) == 2
    draw_panel(Figure().subplots(), panel, notion="always_on")


def test_a_loss_beyond_the_scale_is_named_with_its_size(panel):
    """The largest over replicates, and blocks of them, by playing again."""
    from bandits.groupwise.groupwise import Groupwise

    largest = []
    for r in range(5):
        made, policy = world(panel), Groupwise(loss_scale=0.01)
        made.begin(made.draw(tape_rng(3, r)))
        policy.reset(made.problem, np.random.default_rng(0))
        policy.advance(made, 400)
        largest.append(policy.largest_loss)
    for bound in panel.bounds["free"]:
        failing = [text for text, holds in bound.assumptions if not holds]
        assert failing == [f"every learner's loss lies in [0, 0.01] (largest: {max(largest):.4g})"]
    assert all(bound.holds for bound in panel.bounds["clipped"])


def test_each_group_has_a_worst_play_of_its_own(panel):
    worst = {name: panel.comparators[f"worst in {name}"][:, -1] for name in ("green", "red", "always_on")}
    assert worst["green"] + worst["red"] == pytest.approx(worst["always_on"])
    data = world(panel).data
    most = np.maximum(data.labels, 1.0 - data.labels) ** 2  # the farther end of [0, 1] is the worst prediction
    for name in ("green", "red"):
        member = data.groups[:, data.names.index(name)]
        assert worst[name] == pytest.approx(np.full(5, -np.sum(most * member)))
    (theorem,) = bound_for_green(panel)
    assert not vacuous(panel, theorem, "green")
    # the worst play loses 101.6 to the best model in green, 70.9 in red
    for limit, told in ((102.0, {"green": True, "red": True}), (101.0, {"green": False, "red": True})):
        made_up = replace(theorem, values=np.full(len(panel.times), limit))
        assert {name: vacuous(panel, made_up, name) for name in told} == told
    assert not vacuous(panel, replace(theorem, values=np.full(len(panel.times), 70.0)), "red")


def bound_for_green(panel):
    return [b for b in panel.bounds["clipped"] if b.name == "bound for green"]


def verdicts_of(panel):
    verdicts = check(SimpleNamespace(panels={"p": panel}, study=SimpleNamespace(confidence=0.95)))
    return {(v.policy, v.bound): v for v in verdicts}


@pytest.mark.parametrize(("times", "result"), [(100.0, "holds"), (1.0, "undecided"), (0.1, "violated")])
def test_a_made_up_bound_is_judged_on_the_group_s_regret(panel, times, result):
    """So many times the mean regret in the group, which five replicates tell apart."""
    (theorem,) = bound_for_green(panel)
    made_up = replace(theorem, values=times * panel.regret("clipped", "green").mean(axis=0))
    verdicts = verdicts_of(replace(panel, bounds={**panel.bounds, "clipped": (made_up,)}))
    assert verdicts["clipped", "bound for green"].result == result


def test_verdicts(panel):
    found = verdicts_of(panel)
    assert found["clipped", "bound for green"].result == "holds"
    assert "claims no rate" in found["clipped", "bound for green, this run"].text
    assert "(largest: " in found["free", "bound for green"].text
