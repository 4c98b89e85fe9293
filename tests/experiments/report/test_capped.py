"""Runs that a cap ends before they stop: counted in figures, sentences, tables and verdicts, where there are any."""

import csv
import io

import numpy as np
import pytest
from matplotlib.figure import Figure

import experiments
from experiments.analysis.findings import findings
from experiments.analysis.sentences import sentence, sweep_sentence
from experiments.report.curves import draw_experiment
from experiments.report.page import write_report
from experiments.report.sweep_figures import CAPPED, draw_sweep
from experiments.report.tables import joint_csv, latex, table
from experiments.run.runner import run
from experiments.study.config import parse_study

TEXT = """\
name: capped
seed: 3
replicates: 8
checkpoints: 4
horizon: 201
policies: [{name: lucb, label: intervals}, {name: successive_rejects, label: budget}]
experiments:
  - name: over_gaps
    environment:
      name: identification
      parameters: {delta: 0.1, shuffled: false, means: [0.0, {sweep: [0.02, 0.8, 6.0]}]}
  - name: close
    environment: {name: identification, parameters: {delta: 0.1, means: [0.0, 0.02]}}
figures:
  - {experiment: over_gaps, regret: samples, labels: legend}
  - {experiment: close, regret: samples, labels: legend}
  - {experiment: close, regret: error, labels: legend, name: close_error}
"""


@pytest.fixture(scope="module")
def found(tmp_path_factory):
    folder = tmp_path_factory.mktemp("capped")
    assert not run(parse_study(TEXT), folder, jobs=1).failed
    return findings(experiments.load(folder))


def entries(draw):
    ax = Figure().subplots()
    draw(ax)
    return ax, [text.get_text() for text in ax.get_legend().get_texts()]


def test_in_a_figure_over_values(found):
    (_, sweep), *_ = found.views
    by_hand = []
    for there in sweep.experiments:
        last = {name: values[:, -1] for name, values in there.series["intervals"].items()}
        assert np.array_equal(last["capped"], (last["samples"] == -200.0) & (last["stopped"] == 0.0))
        by_hand.append(int(last["capped"].sum()))
        assert there.censored("intervals", "samples") == by_hand[-1]
        assert there.censored("budget", "samples") == there.censored("intervals", "error") == 0
    assert by_hand[0] == 8 > by_hand[1]
    assert by_hand[2] == 0
    ax, shown = entries(lambda ax: draw_sweep(ax, sweep))
    assert "intervals: up to 8 of 8 runs capped" in shown
    assert not any("capped" in text for text in shown if "intervals" not in text)
    (arrows,) = (line for line in ax.get_lines() if line.get_marker() == CAPPED)
    assert arrows.get_xdata().tolist() == [x for x, n in zip(sweep.points, by_hand, strict=True) if n]
    assert "Lower ends of means, as runs met a cap: intervals at 0.02 (8 of 8 runs capped)" in sweep_sentence(
        sweep, found
    )
    (verdict,) = (v for v in found.sweeps if v.policy == "intervals" and v.regret == "samples")
    assert "runs capped at environment.parameters.means.1=0.02" in verdict.text


def test_in_a_figure_over_time(found):
    _, (samples, close), (error, _) = found.views
    _, shown = entries(lambda ax: draw_experiment(ax, close, regret="samples", figure=samples))
    assert any(text.startswith("intervals: 200") and text.endswith("8 of 8 runs capped") for text in shown)
    _, shown = entries(lambda ax: draw_experiment(ax, close, regret="error", figure=error))
    assert not any("capped" in text for text in shown)
    assert "intervals (8 of 8 runs capped)" in sentence(close, found, samples)
    assert "capped" not in sentence(close, found, error)
    judged = [v for v in found.verdicts if v.experiment == "close" and v.policy == "intervals" and v.typical]
    assert {v.regret: "8 of 8 runs capped, the mean is a lower end" in v.text for v in judged} == {
        "samples": True,
        "mistake": False,
    }


def test_in_tables(found, tmp_path):
    close = found.results.experiments["close"]
    assert {row["policy"]: row["capped"] for row in table(close, 0.95, "samples")} == {"intervals": 8, "budget": 0}
    assert all("capped" not in row for row in table(close, 0.95, "error"))
    rows = list(csv.DictReader(io.StringIO(joint_csv(found.results, "samples"))))
    assert {row["policy"]: row["capped"] for row in rows if row["experiment"] == "close"} == {
        "intervals": "8",
        "budget": "0",
    }
    assert "Lower ends of means: intervals 8 of 8 runs capped." in latex(close, 0.95, "samples")
    assert "8 capped" in write_report(found, tmp_path / "report.html").read_text(encoding="utf-8")
