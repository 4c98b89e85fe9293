"""Figures of what a policy divides a run among: shares against counts by hand, and the best ones in closed form."""

import math

import numpy as np
import pytest
from matplotlib.figure import Figure as Canvas

import experiments
from bandits.parts import Part, parts_of
from experiments.analysis.findings import findings
from experiments.report.figures import compose
from experiments.report.page import write_report
from experiments.report.parts import draw_parts, shares
from experiments.run.runner import run
from experiments.study.config import parse_study
from experiments.study.mistakes import ConfigError

TEXT = """\
name: divided
seed: 3
replicates: 5
checkpoints: 12
horizon: 61
policies: [{name: uniform_sampling, label: in turn}, {name: successive_rejects, label: rejects}]
experiments:
  - name: known
    environment: {name: identification, parameters: {shuffled: false, means: [1.0, 0.5, 0.0]}}
  - name: mixed
    environment: {name: identification, parameters: {means: [1.0, 0.5, 0.0]}}
figures:
  - {experiment: known, policies: [in turn], parts: true, name: shares}
  - {experiment: mixed}
"""


def described(**parameters):
    return {"name": "identification", "parameters": {"shuffled": False, **parameters}}


@pytest.mark.parametrize("n", [2, 5])
def test_the_best_shares_of_one_good_arm(n):
    """``1 / w + (n - 1) / (1 - w)`` is least where ``(1 - w) / w = sqrt(n - 1)``."""
    parts = parts_of(described(means=[0.5] + [0.0] * (n - 1)), 100)
    assert list(parts) == ["arm 0, mean 0.5", *(f"arm {i}, mean 0" for i in range(1, n))]
    assert [part.metric for part in parts.values()] == [f"pulls_{i}" for i in range(n)]
    best = 1.0 / (1.0 + math.sqrt(n - 1.0))
    assert [part.best for part in parts.values()] == pytest.approx(
        [best] + [(1.0 - best) / (n - 1)] * (n - 1), abs=1e-6
    )


def test_who_has_no_parts_or_no_best_shares():
    assert parts_of({"name": "identification", "parameters": {"means": [1.0, 0.0]}}, 50) == {}
    assert parts_of({"name": "bernoulli", "parameters": {"means": [0.5, 0.2]}}, 50) == {}
    tied = parts_of(described(means=[0.5, 0.5, 0.0]), 100)
    assert [part.best for part in tied.values()] == [None] * 3


def test_shares_are_of_what_was_counted():
    series = {"a": np.array([[0.0, 1.0, 3.0]]), "b": np.array([[0.0, 0.0, 1.0]])}
    found = shares(series, {"one": Part("a"), "two": Part("b", 0.5)})
    assert found["one"].tolist() == [[0.0, 1.0, 0.75]]
    assert found["two"].tolist() == [[0.0, 0.0, 0.25]]


@pytest.fixture(scope="module")
def found(tmp_path_factory):
    folder = tmp_path_factory.mktemp("divided")
    assert not run(parse_study(TEXT), folder, jobs=1).failed
    return findings(experiments.load(folder))


def test_curves_are_shares_and_dashed_lines_the_best_ones(found):
    (look, result), (other, mixed) = found.views
    (ax,) = compose(Canvas(layout="constrained"), [(look, result)])
    curves = [line for line in ax.get_lines() if line.get_linestyle() == "-"]
    dashed = [line for line in ax.get_lines() if line.get_linestyle() == "--"]
    pulls = np.array([result.series["in turn"][f"pulls_{i}"] for i in range(3)])
    by_hand = (pulls / pulls.sum(axis=0)).mean(axis=1)
    first = int(np.argmax((by_hand > 0.0).all(axis=0)))
    assert 0 < first < 6
    for line, shown in zip(curves, by_hand, strict=True):
        assert np.array_equal(line.get_ydata(), shown[first:])
        assert np.array_equal(line.get_xdata(), result.times[first:])
    best = [part.best for part in parts_of(described(means=[1.0, 0.5, 0.0]), 61).values()]
    assert [line.get_ydata()[0] for line in dashed] == best
    assert [line.get_color() for line in dashed] == [line.get_color() for line in curves]
    assert by_hand[:, -1] == pytest.approx([1 / 3] * 3)
    with pytest.raises(ValueError, match=r"has no parts that mean the same in every run; is it shuffled\?"):
        draw_parts(ax, mixed, other.model_copy(update={"policies": ["in turn"]}))


def test_the_report_has_it(found, tmp_path):
    assert "shares" in write_report(found, tmp_path / "report.html").read_text(encoding="utf-8")


@pytest.mark.parametrize("policies", ["", "policies: [in turn, rejects],"])
def test_it_is_of_one_policy(policies):
    with pytest.raises(ConfigError, match="a figure with parts shows one policy over time"):
        parse_study(TEXT.replace("policies: [in turn],", policies))
