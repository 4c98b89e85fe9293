"""Figures and reports: equal results are equal files, and show what they say."""

import errno
import json
import os
import re
import shutil
import warnings
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree

import matplotlib as mpl
import numpy as np
import pytest
from matplotlib.figure import Figure
from matplotlib.font_manager import findfont
from matplotlib.ft2font import FT2Font
from matplotlib.text import Text

import experiments
import regretlab as rl
from bandits.contract import Assumption
from experiments.analysis.findings import as_text, findings
from experiments.analysis.sentences import number, sentence, sweep_sentence
from experiments.analysis.statistics import Interval
from experiments.report.colours import GREY
from experiments.report.curves import _value, draw_experiment, drawn_by_name
from experiments.report.figures import canvases, compose, draw_study, save
from experiments.report.index import write_index
from experiments.report.labels import EndLabels
from experiments.report.page import write_report
from experiments.report.style import FORMATS, MANY, NAMED, place_legend, plain
from experiments.report.sweep_figures import draw_sweep
from experiments.report.tables import table
from experiments.report.thumbnails import thumbnails
from experiments.run import files
from experiments.run.runner import run
from experiments.study.config import parse_study
from experiments.study.model import Figure as Look


@pytest.fixture(scope="module")
def results(tmp_path_factory, small_study):
    folder = tmp_path_factory.mktemp("drawn")
    run(small_study, folder, jobs=1)
    return experiments.load(folder)


@pytest.fixture(scope="module")
def found(results):
    return findings(results)


def test_equal_results_are_equal_files(found, tmp_path):
    first, second = (draw_study(found, tmp_path / name) for name in ("a", "b"))
    assert [p.suffix[1:] for p in first] == list(FORMATS)
    for a, b in zip(first, second, strict=True):
        assert a.read_bytes() == b.read_bytes()
        assert a.stat().st_size > 5_000


def test_settings_of_the_user_are_respected_and_not_touched(found, tmp_path):
    plain = draw_study(found, tmp_path / "a", ["svg"])[0].read_bytes()
    with mpl.rc_context({"font.size": 12, "axes.facecolor": "beige", "text.color": "navy"}):
        before = dict(mpl.rcParams)
        theirs = draw_study(found, tmp_path / "b", ["svg"])[0].read_bytes()
        assert draw_study(found, tmp_path / "c", ["svg"])[0].read_bytes() == theirs
        assert dict(mpl.rcParams) == before
    assert theirs != plain
    assert theirs.count(b"#f5f5dc") > plain.count(b"#f5f5dc") == 0
    assert draw_study(found, tmp_path / "d", ["svg"])[0].read_bytes() == plain


def labels_at(ax):
    """The labels at the ends of the lines, the lowest first, each on one line."""
    (labels,) = [child for child in ax.get_children() if isinstance(child, EndLabels)]
    ax.figure.draw_without_rendering()
    return {" ".join(t.get_text().split()): t for t in sorted(labels.texts, key=lambda t: t.get_position()[1])}


def test_the_labels_are_in_the_order_of_the_curves_and_name_the_numbers(results):
    experiment = results.experiments["two"]
    ax = Figure().subplots()
    draw_experiment(ax, experiment)
    finals = {label: experiment.regret(label)[:, -1].mean() for label in ("ucb1", "bold")}
    best, other = sorted(finals, key=finals.get)
    texts = labels_at(ax)
    names = [text for text in texts if re.match("ucb1|bold", text)]
    assert names[0].startswith(f"{best}: {finals[best]:.3g} ± ")
    assert names[1].startswith(f"{other}: {finals[other]:.3g} ± ")
    assert [texts[name].get_fontweight() for name in names] == ["bold", "normal"]
    assert "Lai-Robbins rate" in texts
    assert "pseudo-regret against the best arm" in " ".join(ax.get_ylabel().split())
    assert "mean of 6" in ax.get_ylabel()
    assert ax.get_xlabel() == "round"
    assert ax.get_legend() is None


def test_a_legend_is_in_the_order_of_the_curves_and_says_what_is_known_of_the_bounds(results):
    experiment = results.experiments["two"]
    canvas = Figure(layout="constrained")
    (ax,) = compose(canvas, [(Look(experiment="two", labels="legend", bounds="curves"), experiment)])
    texts = [" ".join(t.get_text().split()) for t in ax.get_legend().get_texts()]
    finals = {label: experiment.regret(label)[:, -1].mean() for label in ("ucb1", "bold")}
    best, other = sorted(finals, key=finals.get)
    policies = [t for t in texts if re.match("ucb1:|bold:", t)]
    assert policies[0].startswith(f"{best}: {finals[best]:.3g}")
    assert policies[1].startswith(f"{other}: {finals[other]:.3g}")
    assert any(t.startswith("UCB1 bound (exact): ") for t in texts)
    assert any(t.startswith("Lai-Robbins rate (asymptotic, exact): ") for t in texts)
    assert not any("_" in t for t in texts)
    assert not any(isinstance(child, EndLabels) for child in ax.get_children())


def test_nothing_plunges_where_a_logarithm_has_nothing_to_show(results):
    """The rate of Lai and Robbins is 0 in round 1, and so is the regret of the best arm."""
    experiment = results.experiments["two"]
    ax = Figure().subplots()
    draw_experiment(ax, experiment, figure=Look(experiment="two", scale="loglog"))
    assert ax.get_yscale() == "log"
    (rate,) = [line for line in ax.get_lines() if line.get_label().startswith("Lai-Robbins")]
    assert np.isnan(rate.get_ydata()[0])
    assert np.array_equal(rate.get_ydata()[1:], experiment.curve(experiment.lower_bounds[0])[1:])
    assert all(np.nanmin(line.get_ydata()) > 0.0 for line in ax.get_lines())


def test_a_policy_without_regret_is_drawn_where_a_logarithm_has_nothing_to_show(tmp_path):
    text = """\
name: none
seed: 4
horizon: 40
replicates: 2
experiments:
  - name: arms
    environment: {name: bernoulli, parameters: {means: [0.25, 0.75]}}
    policies: [ucb1, {name: clairvoyant, label: best}]
"""
    assert not run(parse_study(text), tmp_path, jobs=1).failed
    experiment = experiments.load(tmp_path).experiments["arms"]
    assert experiment.regret("best") == pytest.approx(0.0, abs=1e-9)
    definition = experiment.definition()
    none = {definition.series: experiment.comparators[definition.comparator]}  # not even by rounding
    experiment = replace(experiment, series={**experiment.series, "best": {**experiment.series["best"], **none}})
    assert not experiment.regret("best").any()
    canvas = Figure()
    draw_experiment(canvas.subplots(), experiment, figure=Look(experiment="arms", scale="loglog"))
    canvas.savefig(tmp_path / "curves.png")


def test_a_bound_whose_assumption_fails_is_grey_and_says_so(results):
    experiment = results.experiments["two"]
    (theorem,) = experiment.bounds["ucb1"]
    late = replace(theorem, time="at the horizon", delta=0.05)
    broken = replace(theorem, assumptions=(Assumption("stationary", False),))
    ax = Figure().subplots()
    look = Look(experiment="two", bounds="curves")
    draw_experiment(ax, replace(experiment, bounds={"ucb1": (broken,), "bold": (late,)}), figure=look)
    lines = {line.get_label(): line for line in ax.get_lines()}
    (grey,) = [line for label, line in lines.items() if "assumption fails" in label]
    assert grey.get_color() == GREY
    (mark,) = [line for label, line in lines.items() if "at the horizon" in label]
    assert "(at the horizon, with probability >= 0.95, exact)" in " ".join(mark.get_label().split())
    assert len(mark.get_xdata()) == 1


def test_an_unknown_regret_definition_is_named(found, tmp_path):
    with pytest.raises(ValueError, match=r"no regret definition 'pseud' \(did you mean 'pseudo'\?\)"):
        draw_study(found, tmp_path, ["png"], "pseud")


def test_an_unknown_comparator_is_named(results):
    look = Look(name="two", experiment="two", quantity="cost", comparators=["bst"])
    with pytest.raises(
        ValueError,
        match=r"two: figure.comparators names 'bst' \(did you mean 'best_arm'\?\); it has best_arm, worst",
    ):
        draw_experiment(Figure().subplots(), results.experiments["two"], figure=look)


def test_of_rewards_more_is_better(results):
    experiment = results.experiments["two"]
    ax, look = Figure().subplots(), Look(name="two", experiment="two", quantity="reward", scale="linear")
    draw_experiment(ax, experiment, figure=look)
    lines = {line.get_label(): np.asarray(line.get_ydata()) for line in ax.get_lines()}
    ends = [values[-1] for label, values in lines.items() if "hindsight" not in label]
    earned = {label: series["expected_reward"][:, -1].mean() for label, series in experiment.series.items()}
    np.testing.assert_allclose(sorted(ends), sorted(earned.values()))
    named = list(drawn_by_name(experiment, look)[0])
    assert named == sorted(earned, key=earned.get, reverse=True)
    (best,) = [values for label, values in lines.items() if label.startswith("best arm (hindsight)")]
    np.testing.assert_array_equal(best, experiment.comparators["best_arm"].mean(axis=0))
    (bold,) = [text for text, drawn in labels_at(ax).items() if drawn.get_fontweight() == "bold"]
    assert bold.startswith(named[0])


def test_the_table_agrees_with_the_arrays(results):
    experiment = results.experiments["two"]
    rows = table(experiment, 0.95)
    for row in rows:
        final = experiment.regret(row["policy"])[:, -1]
        assert row["regret"] == pytest.approx(final.mean())
        assert row["error"] == pytest.approx(final.std(ddof=1) / np.sqrt(6))
    assert rows[0]["regret"] <= rows[1]["regret"]
    assert rows[1]["behind"] == pytest.approx(rows[1]["regret"] - rows[0]["regret"])


def test_the_report_stands_alone(found, tmp_path):
    page = write_report(found, tmp_path / "report.html").read_text(encoding="utf-8")
    assert "<svg" in page
    assert not re.search(r"(src|href)=[\"']https?:", page)
    for text in ("A small study", "bold", "UCB1 bound", "Theorem 1", "root seed 3", "numpy"):
        assert text in page


def test_the_report_shows_all_metrics(results, found, tmp_path):
    page = write_report(found, tmp_path / "report.html").read_text(encoding="utf-8")
    reward = results.experiments["two"].series["bold"]["reward"][:, -1].mean()
    assert '<th scope="col">expected reward</th>' in page
    assert f'<tr><th scope="row">bold</th><td>{reward:.4g}</td>' in page


def test_a_report_escapes_what_users_write(results, tmp_path):
    study = results.study.model_copy(update={"title": "<script>alert(1)</script>"})
    hostile = findings(replace(results, study=study))
    page = write_report(hostile, tmp_path / "report.html").read_text(encoding="utf-8")
    assert "<script>alert" not in page


LOOKS = """\
name: folder/looks
seed: 4
checkpoints: 12
replicates: 6
horizon: 300
experiments:
  - name: arms
    environment: {name: bernoulli, parameters: {means: [0.2, 0.7]}}
    policies: [ucb1, uniform, {name: clairvoyant, label: best}]
  - name: other
    environment: {name: bernoulli, parameters: {means: [0.1, 0.6]}}
    policies: [ucb1]
figures:
  - {experiment: arms, title: Two of them, policies: [uniform, best], scale: linear}
  - {name: paid, experiment: arms, quantity: cost, comparators: [best_arm]}
  - {name: luck, experiment: arms, regret: realized}
"""


@pytest.fixture(scope="module")
def looks(tmp_path_factory):
    folder = tmp_path_factory.mktemp("looks")
    assert not run(parse_study(LOOKS), folder, jobs=1).failed
    return findings(experiments.load(folder))


def test_figures_in_their_order_and_then_of_what_none_shows(looks, tmp_path):
    files = draw_study(looks, tmp_path, ["svg"])
    assert [f.name for f in files] == ["looks.svg", "arms.svg", "paid.svg", "luck.svg", "other.svg"]
    one, paid, luck, other = (f.read_text(encoding="utf-8") for f in files[1:])
    assert [curve in one for curve in ("curve-arms-0-0", "curve-arms-1-0", "curve-arms-2-0")] == [False, True, True]
    assert "curve-paid-0-0" in paid
    assert "curve-luck-2-0" in luck
    assert "curve-other-0-0" in other


def test_a_policy_has_the_same_colour_in_every_figure_of_its_experiment(looks):
    colours = []
    for figure, shown in looks.views[:3]:
        ax = Figure().subplots()
        draw_experiment(ax, shown, figure=figure)
        lines = {line.get_label().split(":")[0]: line.get_color() for line in ax.get_lines()}
        assert ("ucb1" in lines) == (figure.name != "arms")
        colours.append((lines["uniform"], lines["best"]))
        assert ax.get_title(loc="left") == ("Two of them" if figure.name == "arms" else "arms")
    assert len(set(colours)) == 1


def test_a_policy_looks_the_same_in_every_figure_of_its_study(tmp_path):
    one = "{name: %s, environment: {name: bernoulli, parameters: {means: [0.1, 0.9]}}, policies: [%s]}"
    entries = (("a", "ucb1, moss, uniform"), ("b", "exp3, uniform, moss"), ("c", "uniform, exp3"))
    experiments_ = "".join(f"  - {one % entry}\n" for entry in entries)
    run(parse_study(f"name: t\nseed: 1\nreplicates: 3\nhorizon: 30\nexperiments:\n{experiments_}"), tmp_path, jobs=1)
    seen: dict[str, set] = {}
    for _, canvas in canvases(findings(experiments.load(tmp_path))):
        for ax in canvas.axes:
            for line in ax.get_lines():
                if (name := line.get_label().split(":")[0]) in ("ucb1", "moss", "uniform", "exp3"):
                    seen.setdefault(name, set()).add((line.get_color(), line.get_marker(), line.get_markerfacecolor()))
    assert {name: len(looks) for name, looks in seen.items()} == {"ucb1": 1, "moss": 1, "uniform": 1, "exp3": 1}
    assert len(set.union(*seen.values())) == 4


def test_who_wins_is_bold_and_what_is_not_told_apart_is_bracketed(tmp_path):
    text = """\
name: wins
seed: 4
horizon: 300
replicates: 6
experiments:
  - name: arms
    environment: {name: bernoulli, parameters: {means: [0.2, 0.7]}}
    policies: [{name: ucb1, label: one}, {name: ucb1, label: two}, uniform, {name: clairvoyant, label: knows}]
"""
    assert not run(parse_study(text), tmp_path, jobs=1).failed
    (_, canvas) = next(iter(canvases(findings(experiments.load(tmp_path)))))
    ax, strip = canvas.axes
    texts = labels_at(ax)
    bold = [text for text, drawn in texts.items() if drawn.get_fontweight() == "bold"]
    assert [text.split(":")[0] for text in bold] == ["one"], "who knows the run in advance does not win"
    assert [t.get_text() for t in strip.texts if t.get_fontweight() == "bold"] == ["one"]
    (labels,) = [child for child in ax.get_children() if isinstance(child, EndLabels)]
    (bracket,) = labels.brackets
    joined = {text.split(":")[0] for text, t in texts.items() if t.get_position()[1] in bracket.get_ydata()}
    assert joined == {"one", "two"}
    assert [" ".join(t.get_text().split()) for t in labels.remarks] == ["not told apart"]


def test_text_is_as_it_stands_for_tex_too():
    text = r"a_b^2 50 % & #{x} \ ~ <$>|"
    assert plain(text) == text.replace("$", r"\$")
    with mpl.rc_context({"text.usetex": True}):
        assert plain(text) == (
            r"a\_b\textasciicircum{}2 50 \% \& \#\{x\} \textbackslash{} \textasciitilde{} "
            r"\ensuremath{<}\$\ensuremath{>}\ensuremath{|}"
        )


def test_a_figure_shows_the_regret_or_cost_that_it_names(looks):
    (one, arms), (paid, _), (luck, _), _ = looks.views
    axes = [Figure().subplots() for _ in range(3)]
    for ax, figure in zip(axes, (one, paid, luck), strict=True):
        draw_experiment(ax, arms, figure=figure)
    labels = [" ".join(ax.get_ylabel().split()) for ax in axes]
    assert labels[0].startswith("pseudo-regret")
    assert labels[1].startswith("cumulative cost")
    assert labels[2].startswith("realized regret")
    (line,) = [line for line in axes[1].get_lines() if line.get_label().startswith("uniform")]
    assert line.get_ydata() == pytest.approx(-arms.series["uniform"]["expected_reward"].mean(axis=0))
    (line,) = [line for line in axes[1].get_lines() if "hindsight" in line.get_label()]
    assert line.get_ydata() == pytest.approx(-arms.comparators["best_arm"].mean(axis=0))
    assert one.scale == "linear" == axes[0].get_xscale()


def test_the_report_shows_what_an_experiment_is_once(looks, tmp_path):
    page = write_report(looks, tmp_path / "report.html").read_text(encoding="utf-8")
    ids = re.findall(r'<h2 id="([^"]+)"', page)
    assert ids == ["arms", "paid", "luck", "other", "made"]
    parts = dict(zip(ids, re.split(r'<h2 id="', page)[1:], strict=True))
    assert ["Metrics at the horizon" in parts[name] for name in ids] == [True, False, False, True, False]
    assert ["Copy as CSV" in parts[name] for name in ids] == [True, False, True, True, False]
    assert "realized regret against" in parts["luck"].split("<caption>")[1]
    assert 'data-toggle="0"' not in parts["arms"]
    assert 'data-toggle="0"' in parts["luck"]


def test_a_table_has_the_quantity_of_its_figure(looks, tmp_path):
    page = write_report(looks, tmp_path / "report.html").read_text(encoding="utf-8")
    part = page[page.index('<h2 id="paid"') : page.index('<h2 id="luck"')]
    arms = looks.results.experiments["arms"]
    wanted = {label: arms.cost(label)[:, -1].mean() for label in arms.series}
    wanted |= {"best arm (hindsight)": -arms.comparators["best_arm"][:, -1].mean()}
    cells = re.findall(r'<th scope="row">([^<]*)</th><td>([^<]*)</td>', part)
    assert cells == [(label, f"{wanted[label]:.4g}") for label in sorted(wanted, key=wanted.__getitem__)]
    assert "Cumulative cost at the horizon" in part


def test_bounds_that_no_figure_shows_are_folded_but_for_those_that_fail(looks, tmp_path):
    shown = next(v for v in looks.verdicts if (v.experiment, v.policy) == ("other", "ucb1"))
    folded = replace(shown, regret="of another class", bound="a bound of another class", result="undecided")
    broken = replace(folded, bound="a broken bound", result="violated")
    found = replace(looks, verdicts=(*looks.verdicts, folded, broken))
    page = write_report(found, tmp_path / "report.html").read_text(encoding="utf-8")
    part = page[page.index('<h2 id="other"') :]
    summary = "<summary>1 other bound of curves that no figure here shows: 1 undecided"
    before, _, after = part.partition(summary)
    assert after
    for name, is_open in ((shown.bound, True), (broken.bound, True), (folded.bound, False)):
        cell = f'<td class="text">{name}</td>'
        assert (cell in before, cell in after) == (is_open, not is_open), name
    assert "1 of 4 bounds fail" in page[: page.index("<main")]


def test_sections_of_one_title_say_what_they_show(looks, tmp_path):
    page = write_report(looks, tmp_path / "report.html").read_text(encoding="utf-8")
    titles = re.findall(r'<h2 id="[^"]+">([^<]*)</h2>', page)
    assert titles[0] == "Two of them"
    assert titles[1] == "arms: cumulative cost"
    assert titles[2].startswith("arms: realized regret")


def test_an_unfinished_experiment_is_named_in_the_report(looks, tmp_path):
    arms = looks.results.experiments["arms"]
    torn = replace(arms, replicates=arms.replicates[:0], missing=("ucb1, replicates 0..5: no result",))
    left = findings(replace(looks.results, experiments={**looks.results.experiments, "arms": torn}))
    assert [f.name for f in draw_study(left, tmp_path, ["svg"])] == ["looks.svg"]
    page = write_report(left, tmp_path / "report.html").read_text(encoding="utf-8")
    assert "Not at hand: ucb1, replicates 0..5: no result." in page


def test_each_thing_is_worked_out_once(tmp_path, monkeypatch):
    """From the results to the text, the figures, the page and the index: no sweep, search, verdict or pair twice."""
    text = """\
name: once
seed: 4
checkpoints: 10
replicates: 6
experiments:
  - name: horizon
    horizon: {sweep: [50, 100, 200]}
    environment: {name: bernoulli, parameters: {means: [0.2, 0.7]}}
    policies: [ucb1, uniform]
  - name: search
    horizon: 100
    environment: {name: bernoulli, parameters: {means: [0.2, 0.7]}}
    search: {tuning: 2}
    policies: [{name: ucb1, parameters: {exploration: {sweep: [1, 2]}}}, uniform]
figures:
  - {experiment: horizon}
  - {name: again, experiment: horizon, quantity: ratio}
  - {experiment: search}
  - {name: paid, experiment: search, quantity: cost}
"""
    from experiments.analysis import comparisons
    from experiments.analysis import findings as module

    assert not run(parse_study(text), tmp_path, jobs=1).failed
    calls = []
    for name in ("sweep_results", "search_result", "check", "compare"):
        place = comparisons if name == "compare" else module
        own = getattr(place, name)
        monkeypatch.setattr(place, name, lambda *a, own=own, name=name: (calls.append(name), own(*a))[1])
    each = module.check_each

    def check_each(wanted, confidence):
        wanted = list(wanted)
        calls.extend(["check"] * len(wanted))
        return each(wanted, confidence)

    monkeypatch.setattr(module, "check_each", check_each)
    found = findings(experiments.load(tmp_path))
    draw_study(found, tmp_path / "figures", ["svg"])
    write_report(found, tmp_path / "report.html")
    list(as_text(found))
    assert {name: calls.count(name) for name in calls} == {
        "sweep_results": 2,
        "search_result": 1,
        "check": 4,
        "compare": 4,
    }


def test_a_large_study_is_shown_in_part(looks, tmp_path, monkeypatch):
    from experiments.report import page as module

    whole = write_report(looks, tmp_path / "whole.html").read_text(encoding="utf-8")
    assert whole.count("<svg") == 4
    assert "too large for one page" not in whole
    for name, value in (("SECTIONS", 1), ("FIRST", 2), ("PICTURES", 1), ("ROWS", 0), ("CONFIGURATION", 50)):
        monkeypatch.setattr(module, name, value)
    text = write_report(looks, tmp_path / "part.html").read_text(encoding="utf-8")
    assert text.count("<svg") == 1
    assert "The other 1 of 2 experiments" in text
    interval = looks.results.experiments["other"].final("ucb1", 0.95)
    assert f'<th scope="row">other</th><td class="text">ucb1</td><td>{interval.value:.4g}</td>' in text
    assert text.count("1 more: <code>regretlab check</code> lists all.") == 2, "a verdict and a pair"
    assert "The rest stands in <code>manifest.json</code>" in text


def test_on_a_logarithmic_axis_a_mean_of_zero_is_a_gap_and_is_said(tmp_path):
    """Never a fall where the last mean above zero stands; and where all are zero no logarithm."""
    text = """\
name: error
seed: 4
replicates: 40
checkpoints: 2
experiments:
  - name: gap
    horizon: {sweep: [3, 21, 3001]}
    environment: {name: identification, parameters: {means: [0.0, 0.6]}}
    policies: [{name: successive_rejects, label: rejects}, {name: uniform_sampling, label: uniform}]
  - name: sure
    horizon: {sweep: [201, 301]}
    environment: {name: identification, parameters: {means: [0.0, 8.0]}}
    policies: [{name: uniform_sampling, label: uniform}]
figures:
  - {experiment: gap, regret: error, scale: loglog}
  - {experiment: sure, regret: error, scale: loglog}
"""
    assert not run(parse_study(text), tmp_path, jobs=1).failed
    found = findings(experiments.load(tmp_path))
    (_, gap), (_, sure) = found.views
    assert "At 3001: 0 for all. " in sweep_sentence(gap, found)
    ax = Figure().subplots()
    draw_sweep(ax, gap)
    means = [interval.value for interval in gap.lines["rejects"].intervals]
    assert means[1] > means[2] == 0.0
    (line,) = [line for line in ax.get_lines() if line.get_label() == "rejects: 0"]
    assert line.get_ydata()[:2].tolist() == means[:2]
    assert np.isnan(line.get_ydata()[2])
    shade, *_ = [shade.get_paths()[0].vertices for shade in ax.collections]
    assert shade[:, 1].min() >= 0.0
    assert min(shade[shade[:, 0] < 3001, 1]) >= min(means[:2]) / 50.0
    assert {"rejects: 0", "uniform: 0"} <= set(labels_at(ax))
    ax = Figure().subplots()
    draw_sweep(ax, sure)
    assert (ax.get_xscale(), ax.get_yscale()) == ("log", "linear")
    alone = found.results.experiments["gap-horizon=3001"]
    said = sentence(alone, found)
    assert said.startswith("Probability of error at round 3,001: 0 probability for all. Bounds: ")


def test_of_many_policies_the_lowest_are_drawn_by_name_and_the_others_in_grey(tmp_path):
    """Over time and over swept values; the page says so, and names a theorem once for all of them."""
    text = f"""\
name: many
seed: 4
checkpoints: 5
replicates: 2
experiments:
  - name: arms
    horizon: {{sweep: [20, 40]}}
    environment: {{name: bernoulli, parameters: {{means: [0.2, 0.7]}}}}
    policies: [{{name: exp3, parameters: {{gamma: {{sweep: {{start: 0.01, stop: 0.9, number: {MANY + 1}}}}}}}}}]
"""
    assert not run(parse_study(text), tmp_path, jobs=1).failed
    results = experiments.load(tmp_path)
    found, result = findings(results), results.experiments["arms-horizon=40"]
    finals = sorted(float(result.regret(label)[:, -1].mean()) for label in result.series)
    over_time, over_values = Figure().subplots(), Figure().subplots()
    draw_experiment(over_time, result)
    draw_sweep(over_values, found.views[0][1])
    for ax, x, said in (
        (over_time, result.times, labels_at(over_time)),
        (over_values, (20, 40), labels_at(over_values)),
    ):
        assert sum(t.startswith("exp3") for t in said) == NAMED
        (grey,) = [line for line in ax.get_lines() if line.get_label().startswith(f"{MANY + 1 - NAMED} others: ")]
        assert np.isnan(grey.get_xdata()).sum() == MANY + 1 - NAMED
        assert set(grey.get_xdata()[: len(x)]) == set(x)
    (shown,) = [line for line in over_time.get_lines() if "others" in line.get_label()]
    assert shown.get_label().endswith(f"others: {number(finals[NAMED])} to {number(finals[-1])}")
    assert f"{MANY + 1 - NAMED} others" in labels_at(over_time)
    page = write_report(found, tmp_path / "report.html").read_text(encoding="utf-8")
    assert f"The {NAMED} best of {MANY + 1} policies are drawn by name, the others as thin grey lines." in page
    assert f"The {NAMED} of {MANY + 1} policies that are best on average are drawn by name" in page
    assert page.count(f"and {MANY + 1 - 4} more: Exp3 bound") == 2, "a theorem an experiment"


def test_the_index_finds_studies_in_folders_of_folders(looks, tmp_path):
    place = tmp_path / looks.results.study.name
    shutil.copytree(looks.results.folder, place)
    write_report(looks, place / "report.html")
    path, unreadable = write_index(tmp_path)
    page = path.read_text(encoding="utf-8")
    assert unreadable == []
    assert '<a href="folder/looks/report.html">folder/looks</a>' in page
    assert re.findall("<svg.*?</svg>", page) == thumbnails(looks)
    assert "Two of them: lowest regret for " in page
    (place / "manifest.json").write_text("{", encoding="utf-8")
    _, (line,) = write_index(tmp_path)
    assert line.startswith("folder/looks: manifest.json is damaged")


def test_thumbnails_are_the_curves_of_the_figures_without_a_word(looks):
    pictures = thumbnails(looks)
    assert len(pictures) == len(looks.views) == 4
    for (figure, shown), text in zip(looks.views, pictures, strict=True):
        svg = ElementTree.fromstring(text)
        assert not any((element.text or "").strip() for element in svg.iter())
        lines = svg.findall("polyline")
        assert len(lines) == len(shown.named(figure.policies))
        ends = [float(line.get("points").split()[-1].split(",")[1]) for line in lines]
        assert ends == sorted(ends), "the lowest curve at the bottom of the picture"
        assert all(line.get("points").split()[-1].startswith("300,") for line in lines)
        assert len({line.get("style") for line in lines}) == len(lines)


def test_the_index_from_inside_replaces_no_names_of_folders_in_words(looks, tmp_path, monkeypatch):
    names = ("results", "a", "the", "studies")
    for name in names:
        shutil.copytree(looks.results.folder, tmp_path / name)
        (tmp_path / name / "manifest.json").write_text('{"format": 1}', encoding="utf-8")
    shutil.copytree(looks.results.folder, tmp_path / os.fsdecode(b"b\xff"))
    monkeypatch.chdir(tmp_path)
    path, lines = write_index(Path("."))
    told = "it holds results of format 1, written by another version of regretlab; this one reads format"
    assert path == Path("index.html")
    assert [line[: len(name) + len(told) + 2] for name, line in zip(sorted(names), lines, strict=True)] == [
        f"{name}: {told}" for name in sorted(names)
    ]
    page = path.read_text(encoding="utf-8")
    assert "<dt>Folder</dt><dd>b\\udcff" in page


def test_a_report_that_cannot_be_written_leaves_the_former(found, tmp_path, monkeypatch):
    path = write_report(found, tmp_path / "report.html")
    former = path.read_bytes()
    monkeypatch.setattr(files.os, "replace", fails)
    with pytest.raises(OSError, match="full"):
        write_report(found, path)
    with pytest.raises(OSError, match="full"):
        draw_study(found, tmp_path, ["png"])
    assert {p.name: p.read_bytes() for p in tmp_path.iterdir()} == {"report.html": former}


def fails(*arguments):
    raise OSError(errno.ENOSPC, "full")


def test_on_a_linear_axis_bounds_far_above_do_not_hide_the_curves():
    arms = rl.BernoulliArms([0.4, 0.6], horizon=200)
    result = rl.compare([rl.UCB1()], arms, replicates=8, jobs=1, progress=False)
    ax = Figure().subplots()
    draw_experiment(ax, result.curves, figure=Look(experiment="two", scale="linear", bounds="curves"))
    assert max(np.max(line.get_ydata()) for line in ax.get_lines()) > 10.0 * result.value("UCB1")  # a bound
    assert result.value("UCB1") < ax.get_ylim()[1] < 5.0 * result.value("UCB1")


def test_figures_that_come_to_one_name_have_files_of_their_own(tmp_path):
    study = parse_study(
        """\
        name: named
        seed: 1
        replicates: 5
        experiments:
          - name: s
            horizon: {sweep: [10, 20]}
            environment: {name: gaussian, parameters: {means: [0, 1], sd: {sweep: [0.5, 1]}}}
            policies: [{name: ucb1, parameters: {exploration: {sweep: [1, 2]}}}]
        figures:
          - {experiment: s, over: exploration}
          - {experiment: "s-horizon=10,sd=0.5"}
        """
    )
    run(study, tmp_path, jobs=1)
    drawn = draw_study(findings(experiments.load(tmp_path)), tmp_path / "figures", ["png"])
    assert len(set(drawn)) == len(drawn) == 6
    assert {p.name for p in drawn} >= {"s-horizon=10,sd=0.5.png", "s-horizon=10,sd=0.5-2.png"}


def test_figures_of_names_that_differ_in_capitals_or_in_an_end_have_files_of_their_own(tmp_path):
    one = "{name: %s, environment: {name: bernoulli, parameters: {means: [0.1, 0.9]}}, policies: [ucb1]}"
    names = ("t", "t-only", "T", "p", "P", "results", "made", "csv-p")
    entries = "".join(f"  - {one % name}\n" for name in names)
    run(parse_study(f"name: t\nseed: 1\nreplicates: 2\nhorizon: 5\nexperiments:\n{entries}"), tmp_path, jobs=1)
    found = findings(experiments.load(tmp_path))
    drawn = draw_study(found, tmp_path / "figures", ["svg"])
    assert len({str(path).casefold() for path in drawn}) == len(drawn) == len(names) + 1
    ids = re.findall(r'\bid="([^"]+)"', write_report(found, tmp_path / "report.html").read_text(encoding="utf-8"))
    assert len(set(ids)) == len(ids)
    assert {*names, "results-", "made-"} <= set(ids)


def test_a_legend_has_what_has_a_label_alone():
    """Lines of error bars have none of their own."""
    canvas = Figure(layout="constrained")
    ax = canvas.subplots()
    ax.errorbar([1, 2], [1, 2], [0.1, 0.1], label="with intervals")
    ax.plot([1, 2], [2, 1], label="a" * 60)
    before = [line.get_label() for line in ax.get_lines()]
    place_legend(ax)
    assert [line.get_label() for line in ax.get_lines()] == before
    canvas.draw_without_rendering()
    place_legend(ax)
    texts = [text.get_text().replace("\n   ", "") for text in ax.get_legend().get_texts()]
    assert texts == ["a" * 60, "with intervals"]
    canvas.draw_without_rendering()
    assert ax.get_legend().get_window_extent().y1 < ax.xaxis.get_tightbbox().y0 + 2.0


LABELS = ("$x_1", r"$\\frac{$ a\\b_{c}^2", "_child0", "_nolegend_", "[a], 50 %", "\U0001d4d0\u306e", "x" * 3000)
"""Formulas begun, names that matplotlib leaves out, a letter that other fonts have, and what is too long."""


def labelled(titles, tmp_path):
    policies = "\n".join(f"      - {{name: ucb1, label: {json.dumps(title, ensure_ascii=False)}}}" for title in titles)
    text = f"""\
name: l
seed: 1
experiments:
  - name: e
    title: {json.dumps(titles[0], ensure_ascii=False)}
    horizon: {{sweep: [10, 20]}}
    replicates: 3
    environment: {{name: bernoulli, parameters: {{means: [0.1, 0.9]}}}}
    policies:
{policies}
figures:
  - {{experiment: e, label: {json.dumps(titles[0], ensure_ascii=False)}}}
  - {{experiment: e-horizon=10}}
"""
    run(parse_study(text), tmp_path, jobs=1)
    return findings(experiments.load(tmp_path))


def test_labels_are_shown_as_they_are(tmp_path):
    for _, canvas in canvases(labelled(LABELS, tmp_path)):
        for ax in (ax for ax in canvas.axes if ax.get_title(loc="left")):
            shown = ax.get_legend().get_texts() if ax.get_legend() else labels_at(ax).values()
            texts = [" ".join(t.get_text().replace(r"\$", "$").split()) for t in shown]
            for label in LABELS[:-1]:
                assert any(text.strip().startswith(label) for text in texts), label
            assert all(len(text) < 600 for text in texts)
            assert ax.get_title(loc="left").replace(r"\$", "$").startswith(LABELS[0])
            assert max(canvas.get_size_inches()) < 30.0
        save(
            canvas, tmp_path / "a.png", tmp_path / "a.pdf", tmp_path / "a.svg"
        )  # no formula fails, no glyph is missing


def test_the_font_that_lends_a_glyph_has_it(tmp_path):
    (_, canvas), *_ = canvases(labelled(["\u306e a", "b"], tmp_path))
    (text,) = {t.get_fontfamily()[1]: t for t in canvas.findobj(Text) if "\u306e" in t.get_text()}.values()
    assert not {ord("\u306e"), ord("a")} <= set(FT2Font(findfont("DejaVu Sans")).get_charmap())
    assert ord("\u306e") in FT2Font(findfont(text.get_fontfamily()[1])).get_charmap()


def test_what_no_font_has_is_told_once_a_figure_and_never_by_matplotlib(tmp_path):
    unknown = "\u0378"  # which no one has given a meaning
    found = labelled([f"a{unknown}{unknown}", f"b{unknown}"], tmp_path)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        files = draw_study(found, tmp_path / "figures")
    assert [str(w.message) for w in caught] == [
        f"no installed font has {unknown}: the figure shows \ufffd there; install one that has them"
    ] * (len(files) // 3)


def test_axes_of_the_users_own_lend_glyphs_too():
    arms = rl.BernoulliArms([0.4, 0.6], horizon=10)
    result = rl.compare({"\u306e": rl.UCB1(), "$": rl.Uniform()}, arms, replicates=2, jobs=1, progress=False)
    ax = result.plot(Figure().subplots())
    assert {text.split(":")[0] for text in labels_at(ax)} >= {"\u306e", r"\$"}


@pytest.mark.parametrize(
    ("value", "low", "high", "said"),
    [(0.0, 0.0, 0.0037, "0 + 0.0037"), (1.0, 0.9, 1.0, "1 - 0.1"), (0.5, 0.4, 0.7, "0.5 ± 0.15"), (2.0, 2.0, 2.0, "2")],
)
def test_an_interval_to_one_side_is_told_as_one(value, low, high, said):
    assert _value(Interval(value, low, high), 1.0) == said
