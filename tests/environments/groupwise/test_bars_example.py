"""The example script that draws bars for each group."""

import importlib.util
import sys
from pathlib import Path

import numpy as np
import pytest

from experiments import load
from experiments.run.runner import run
from experiments.study.config import parse_study

STUDY = """
name: small
title: Two orders
seed: 5
horizon: 300
checkpoints: 5
policies: [{name: groupwise, label: many}, {name: group_cells, label: cells}, {name: global_learner, label: one}]
experiments:
  - name: shuffled
    environment: {name: synthetic_groups, parameters: {label: min, features: 3}}
    replicates: 4
  - name: again
    environment: {name: synthetic_groups, parameters: {label: min, features: 3}}
    replicates: 4
  - name: sorted
    environment: {name: synthetic_groups, parameters: {label: min, features: 3, order: ascending, sort_by: green}}
    replicates: 1
"""


@pytest.fixture(scope="module")
def script():
    path = Path(__file__).parents[3] / "examples" / "groupwise_bars.py"
    spec = importlib.util.spec_from_file_location("groupwise_bars", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return run(parse_study(STUDY), tmp_path_factory.mktemp("results"), jobs=1).folder


@pytest.mark.parametrize("quantity", ["regret", "loss"])
def test_bars_are_the_means_of_the_runs(script, folder, tmp_path, monkeypatch, quantity):
    monkeypatch.setattr(sys, "argv", ["x", str(folder), "--quantity", quantity, "--out", str(tmp_path)])
    script.main()
    assert {path.name for path in tmp_path.iterdir()} == {f"small_bars.{ending}" for ending in ("png", "svg", "pdf")}
    results = load(folder)
    canvas = script.bars(results, quantity)
    axes = [ax for ax in canvas.axes if ax.axison]
    assert [ax.get_title(loc="left") for ax in axes] == ["shuffled (4 runs)", "sorted by green, ascending (1 run)"]
    for ax, name in zip(axes, ("shuffled", "sorted"), strict=True):
        result = results.experiments[name]
        heights = [bar.get_height() for bar in ax.patches]
        assert len(heights) == 2 * 6
        groups = ["circle", "square", "triangle", "green", "red", "always_on"]
        losses = {
            (label, g): -result.series[label][f"reward in {g}"][:, -1]
            + (result.comparators[f"best in {g}"][:, -1] if quantity == "regret" else 0.0)
            for label in ("many", "one")
            for g in groups
        }
        expected = [np.mean(losses[label, g]) for label in ("many", "one") for g in groups]
        assert heights == pytest.approx(expected, rel=1e-12)
        assert [text.get_text() for text in ax.get_xticklabels()] == groups
