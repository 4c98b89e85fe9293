"""Figures and reports: equal results are equal files, and show what they say."""

import re
from dataclasses import replace

import matplotlib as mpl
import numpy as np
import pytest
from matplotlib.figure import Figure

import experiments
from bandits.contract import Assumption
from experiments.report.figures import draw_experiment, draw_study
from experiments.report.page import write_report
from experiments.report.style import FORMATS, GREY
from experiments.report.tables import table
from experiments.run.runner import run


@pytest.fixture(scope="module")
def results(tmp_path_factory, small_study):

    folder = tmp_path_factory.mktemp("drawn")
    run(small_study, folder, jobs=1)
    return experiments.load(folder)


def test_equal_results_are_equal_files(results, tmp_path):
    first, second = (draw_study(results, tmp_path / name) for name in ("a", "b"))
    assert [p.suffix[1:] for p in first] == list(FORMATS)
    for a, b in zip(first, second, strict=True):
        assert a.read_bytes() == b.read_bytes()
        assert a.stat().st_size > 5_000


def test_the_style_of_the_user_is_not_touched_and_does_not_matter(results, tmp_path):
    plain = draw_study(results, tmp_path / "a", ["svg"])[0].read_bytes()
    with mpl.rc_context({"font.size": 30, "axes.grid": False}):
        before = dict(mpl.rcParams)
        assert draw_study(results, tmp_path / "b", ["svg"])[0].read_bytes() == plain
        assert dict(mpl.rcParams) == before


def test_the_legend_is_in_the_order_of_the_curves_and_names_the_numbers(results):
    experiment = results.experiments["two"]
    ax = Figure().subplots()
    draw_experiment(ax, experiment)
    texts = [" ".join(t.get_text().split()) for t in ax.get_legend().get_texts()]
    finals = {label: experiment.regret(label)[:, -1].mean() for label in ("ucb1", "bold")}
    best, other = sorted(finals, key=finals.get)
    policies = [t for t in texts if re.match("ucb1:|bold:", t)]
    assert policies[0].startswith(f"{best}: {finals[best]:.3g}")
    assert policies[1].startswith(f"{other}: {finals[other]:.3g}")
    assert any(t.startswith("UCB1 bound (exact): ") for t in texts)
    assert any(t.startswith("Lai-Robbins rate (asymptotic) (exact): ") for t in texts)
    assert "pseudo-regret against the best arm" in ax.get_ylabel()
    assert "mean of 6" in ax.get_ylabel()
    assert ax.get_xlabel() == "round"


def test_nothing_plunges_where_a_logarithm_has_nothing_to_show(results):
    """The rate of Lai and Robbins is 0 in round 1, and so is the regret of the best arm."""
    experiment = results.experiments["two"]
    ax = Figure().subplots()
    draw_experiment(ax, experiment)
    assert ax.get_yscale() == "log"
    (rate,) = [line for line in ax.get_lines() if line.get_label().startswith("Lai-Robbins")]
    assert np.isnan(rate.get_ydata()[0])
    assert np.array_equal(rate.get_ydata()[1:], experiment.curve(experiment.lower_bounds[0])[1:])
    assert all(np.nanmin(line.get_ydata()) > 0.0 for line in ax.get_lines())


def test_a_bound_whose_assumption_fails_is_grey_and_says_so(results):
    from dataclasses import replace

    experiment = results.experiments["two"]
    (theorem,) = experiment.bounds["ucb1"]
    late = replace(theorem, time="at the horizon", delta=0.05)
    broken = replace(theorem, assumptions=(Assumption("stationary", False),))
    ax = Figure().subplots()
    draw_experiment(ax, replace(experiment, bounds={"ucb1": (broken,), "bold": (late,)}))
    lines = {line.get_label(): line for line in ax.get_lines()}
    (grey,) = [line for label, line in lines.items() if "assumption fails" in label]
    assert grey.get_color() == GREY
    (mark,) = [line for label, line in lines.items() if "at the horizon" in label]
    assert "(at the horizon, with probability >= 0.95, exact)" in " ".join(mark.get_label().split())
    assert len(mark.get_xdata()) == 1


def test_an_unknown_regret_definition_is_named(results, tmp_path):
    with pytest.raises(ValueError, match=r"no regret definition 'pseud' \(did you mean 'pseudo'\?\)"):
        draw_study(results, tmp_path, ["png"], "pseud")


def test_an_unknown_comparator_is_named(results, tmp_path):
    name, experiment = next(iter(results.experiments.items()))
    figure = experiment.experiment.figure.model_copy(update={"quantity": "cost", "comparators": ["bst"]})
    wrong = replace(experiment, experiment=experiment.experiment.model_copy(update={"figure": figure}))
    with pytest.raises(
        ValueError,
        match=rf"{name}: figure.comparators names 'bst' \(did you mean 'best_arm'\?\); it has best_arm, worst",
    ):
        draw_study(replace(results, experiments={**results.experiments, name: wrong}), tmp_path, ["svg"])


def test_the_table_agrees_with_the_arrays(results):
    experiment = results.experiments["two"]
    rows = table(experiment, 0.95)
    for row in rows:
        final = experiment.regret(row["policy"])[:, -1]
        assert row["regret"] == pytest.approx(final.mean())
        assert row["error"] == pytest.approx(final.std(ddof=1) / np.sqrt(6))
    assert rows[0]["regret"] <= rows[1]["regret"]
    assert rows[1]["behind"] == pytest.approx(rows[1]["regret"] - rows[0]["regret"])


def test_the_report_stands_alone(results, tmp_path):
    page = write_report(results, tmp_path / "report.html").read_text(encoding="utf-8")
    assert "<svg" in page
    assert not re.search(r"(src|href)=[\"']https?:", page)
    for text in ("A small study", "bold", "UCB1 bound", "Theorem 1", "root seed 3", "numpy"):
        assert text in page


def test_the_report_shows_the_whole_ledger(results, tmp_path):
    page = write_report(results, tmp_path / "report.html").read_text(encoding="utf-8")
    reward = results.experiments["two"].series["bold"]["reward"][:, -1].mean()
    assert '<th scope="col">expected reward</th>' in page
    assert f'<tr><th scope="row">bold</th><td>{reward:.4g}</td>' in page


def test_a_report_escapes_what_users_write(results, tmp_path):
    from dataclasses import replace

    study = results.study.model_copy(update={"title": "<script>alert(1)</script>"})
    page = write_report(replace(results, study=study), tmp_path / "report.html").read_text(encoding="utf-8")
    assert "<script>alert" not in page
