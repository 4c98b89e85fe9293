"""Regret in groups from the run to the figure: the group's own clock, bounds of the run, assumptions with numbers."""

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
replicates: 3
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
    passed = np.array([panel.clocks["rounds in green"][r] for r in range(3)])
    for r in range(3):
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
    assert ax.get_xlabel() == "rounds in green (mean of 3)"
    assert " ".join(ax.get_ylabel().split()).endswith("to its best model (ridge with penalty 1) (loss, mean of 3)")
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
    for r in range(3):
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
    (bound,) = [b for b in panel.bounds["clipped"] if b.name == "bound for green"]
    most = (panel.comparators["best in green"] - panel.comparators["worst in green"]).mean(axis=0)
    assert vacuous(panel, bound, "green") == bool(np.all(bound.values >= most))


def test_verdicts(panel):
    from types import SimpleNamespace

    study = SimpleNamespace(confidence=0.95)
    verdicts = check(SimpleNamespace(panels={"p": panel}, study=study))
    found = {(v.policy, v.bound): v for v in verdicts}
    assert found["clipped", "bound for green"].result in ("holds", "undecided")
    assert "claims no rate" in found["clipped", "bound for green, this run"].text
    assert "(largest: " in found["free", "bound for green"].text
