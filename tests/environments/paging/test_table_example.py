"""The example script that makes one table of a study's results."""

import csv
import importlib.util
import io
import re
from pathlib import Path

import pytest

from experiments import load
from experiments.run.runner import run
from experiments.study.config import parse_study

STUDY = """
name: small
title: Two sequences
seed: 3
horizon: 400
replicates: 3
checkpoints: 5
experiments:
  - name: first-discard
    environment: &first
      name: paging
      parameters:
        cache_size: 8
        sequence: {name: zipf, parameters: {N: 40}}
        predictions: {name: oracle, parameters: {kind: discard}}
    policies: [{name: lru, label: LRU & co}, mark0]
  - name: first-phase
    environment:
      name: paging
      parameters:
        cache_size: 8
        sequence: {name: zipf, parameters: {N: 40}}
        predictions: {name: oracle, parameters: {kind: phase}}
    policies: [mark_and_predict]
  - name: loop-discard
    environment:
      name: paging
      parameters: {cache_size: 8, sequence: cyclic, predictions: {name: oracle, parameters: {kind: discard}}}
    policies: [{name: lru, label: LRU & co}, mark0]
"""


@pytest.fixture(scope="module")
def script():
    path = Path(__file__).parents[3] / "examples" / "paging_table.py"
    spec = importlib.util.spec_from_file_location("paging_table", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("results")
    assert not run(parse_study(STUDY), folder, jobs=1).failed
    return folder


def test_ratios(script, folder):
    results = load(folder)
    entries, traces = script.ratios(results)
    assert traces == ["first", "loop", "total"]
    assert list(entries) == ["LRU & co", "mark0", "mark_and_predict"]
    assert entries["mark0"] == {"first": (1.0, 0.0), "loop": (1.0, 0.0), "total": (1.0, 0.0)}
    opt = 8 + -(-(400 - 8) // 8)
    assert entries["LRU & co"]["loop"][0] == 400 / opt
    experiment = results.experiments["first-discard"]
    lru, best = -experiment.series["LRU & co"]["reward"][:, -1], -experiment.comparators["opt"][:, -1]
    assert entries["LRU & co"]["first"][0] == pytest.approx(lru.sum() / best.sum())
    assert entries["LRU & co"]["total"][0] == pytest.approx((lru + 400).sum() / (best + opt).sum())
    assert set(entries["mark_and_predict"]) == {"first"}


def test_forms(script, folder, capsys):
    script.main(folder)
    text = capsys.readouterr().out
    assert re.search(r"mark0\s+1\.000\s+1\.000\s+1\.000", text)
    script.main(folder, "csv")
    rows = list(csv.DictReader(io.StringIO(capsys.readouterr().out)))
    assert [row["policy"] for row in rows] == ["LRU & co", "mark0", "mark_and_predict"]
    assert float(rows[1]["first"]) == 1.0
    assert rows[2]["loop"] == ""
    script.main(folder, "latex")
    text = capsys.readouterr().out
    assert text.startswith(r"\begin{tabular}{lrrr}")
    assert r"LRU \& co & " in text
    assert r"mark\_and\_predict & 1." in text
    script.main(folder, "html")
    text = capsys.readouterr().out
    assert "<td>LRU &amp; co</td>" in text
    assert text.count("<tr>") == 4


def test_what_is_not_finished_is_named(script, folder, tmp_path):
    run(parse_study(STUDY), tmp_path, jobs=1)
    next((tmp_path / "jobs").iterdir()).unlink()
    with pytest.raises(SystemExit, match=r"is not finished"):
        script.main(tmp_path)
