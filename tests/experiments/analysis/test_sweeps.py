"""Sweeps: an experiment for every value, read back, fitted and drawn against the parameter."""

import re
import shutil
from dataclasses import replace

import numpy as np
import pytest
from matplotlib.figure import Figure

import experiments
from experiments.analysis.findings import findings, views
from experiments.analysis.sentences import study_sentence, sweep_sentence
from experiments.analysis.statistics import ratio_of_means, scaling_exponent
from experiments.analysis.sweeps import tells_slope
from experiments.report.figures import draw_study
from experiments.report.labels import EndLabels
from experiments.report.page import write_report
from experiments.report.sweep_figures import draw_sweep
from experiments.run.runner import run
from experiments.run.store import job_file, read_job
from experiments.study.config import parse_study

TEXT = """\
name: swept
seed: 4
replicates: 6
horizon: 300
checkpoints: 12
policies: [ucb1, uniform]
experiments:
  - name: horizon
    title: Against the horizon
    horizon: {sweep: {start: 100, stop: 1600, number: 5, spacing: log}}
    environment: {name: bernoulli, parameters: {means: [0.2, 0.7]}}
  - name: gap
    environment: {name: bernoulli, parameters: {means: [0.2, {sweep: [0.4, 0.9]}]}}
    policies: [ucb1]
figures:
  - {experiment: horizon}
  - {experiment: gap, quantity: ratio, label: better mean}
"""


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    folder = tmp_path_factory.mktemp("swept")
    assert not run(parse_study(TEXT), folder, jobs=1).failed
    return experiments.load(folder)


@pytest.fixture(scope="module")
def found(results):
    return findings(results)


def test_values_at_the_horizon(found):
    (_, horizon), (_, gap) = found.views
    assert horizon.points == (100, 200, 400, 800, 1600)
    for experiment, point in zip(horizon.experiments, horizon.lines["uniform"].intervals, strict=True):
        final = experiment.regret("uniform")[:, -1]
        assert point.value == pytest.approx(final.mean())
        assert point.low <= point.value <= point.high
    assert horizon.lines["uniform"].exponent.low <= 1.0 <= horizon.lines["uniform"].exponent.high
    assert horizon.lines["ucb1"].exponent.high < 0.8
    (bound,) = horizon.bounds["ucb1"]
    assert bound.values == pytest.approx([r.curve(r.bounds["ucb1"][0])[-1] for r in horizon.experiments])
    assert [b.bound.name for b in horizon.bounds[""]] == ["Lai-Robbins rate"]
    for experiment, point in zip(gap.experiments, gap.lines["ucb1"].intervals, strict=True):
        cost, best = -experiment.series["ucb1"]["expected_reward"][:, -1], -experiment.comparators["best_arm"][:, -1]
        assert point.value == pytest.approx(cost.sum() / best.sum())


def test_figures_and_report(found, tmp_path):
    files = draw_study(found, tmp_path, ["png"])
    assert [f.name for f in files] == ["swept.png", "horizon.png", "gap.png"]
    (_, horizon), (_, gap) = found.views
    ax = Figure().subplots()
    draw_sweep(ax, horizon)
    assert ax.get_xlabel() == "horizon"
    assert (ax.get_xscale(), ax.get_yscale()) == ("log", "log")
    exponent = horizon.lines["ucb1"].exponent
    assert f"ucb1\nslope {exponent.value:.2f} [{exponent.low:.2f}, {exponent.high:.2f}]" in labels_in(ax)
    assert ax.get_legend() is None
    ax = Figure().subplots()
    draw_sweep(ax, gap)
    assert ax.get_xlabel() == "better mean"
    page = write_report(found, tmp_path / "report.html").read_text(encoding="utf-8")
    assert "Against the horizon" in page
    assert re.findall(r'<h[23] id="([^"]+)"', page)[:7] == ["horizon", *horizon_names(found), "gap"]


def test_what_fails_over_swept_values_is_told_with_the_point(found):
    """Where it holds, where its share is the largest; where it fails, at which points, and where it fails the most."""
    from experiments.analysis.findings import _check_sweep

    (_, sweep), _ = found.views
    names = [result.experiment.name for result in sweep.experiments]
    own = {name: [v for v in found.verdicts if v.experiment == name] for name in names}
    (verdict,) = (v for v in found.sweeps if v.experiment == "horizon")
    shares = {point: v.share for point, name in zip(sweep.points, names, strict=True) for v in own[name]}
    assert verdict.share == max(shares.values())
    assert verdict.at == max(shares, key=shares.get)
    assert verdict.text.startswith(f"at most {verdict.share:.3g} of the bound, at horizon={verdict.at};")
    for name, share in ((names[1], 1.5), (names[3], 1.77)):
        text = f"mean regret above the bound at round 33, {share} times it with 4 of 3 at round 33; 415 of 527 at ..."
        own[name] = [replace(v, result="violated", share=share, text=text) for v in own[name]]
    (verdict,) = _check_sweep(sweep, lambda name, regret: own[name], 0.95)
    assert verdict.failed
    assert verdict.at == 800
    assert verdict.text.startswith(
        "violated at horizon=200, 800; at horizon=800: mean regret above the bound at round 33, 1.77 times it with 4 "
        "of 3 at round 33; exponent"
    )
    fails = replace(own[names[2]][0].assumptions[0], holds=False)
    own[names[2]] = [replace(v, assumptions=(fails,), result="not applicable") for v in own[names[2]]]
    bounds = {
        label: tuple(replace(b, bound=replace(b.bound, assumptions=(fails,))) for b in bs)
        for label, bs in sweep.bounds.items()
    }
    (verdict,) = _check_sweep(replace(sweep, bounds=bounds), lambda name, regret: own[name], 0.95)
    assert verdict.text == f"assumption fails at horizon=400: {fails}"


def labels_in(ax):
    """The texts at the ends of the lines."""
    (labels,) = [artist for artist in ax.get_children() if isinstance(artist, EndLabels)]
    return [text.get_text() for text in labels.texts]


def horizon_names(found):
    """The points stand below the figure that sums them up."""
    return next(swept for swept in found.results.study.swept if swept.name == "horizon").experiment_names()


@pytest.mark.parametrize(
    ("values", "scale"),
    [
        ("[0.1, 0.9], [0.45, 0.5, 0.55], [0.4, 0.45, 0.48, 0.5]", "log"),
        ("[0.1, 0.9], [0.2, 0.9], [0.1, 0.8, 0.9]", "linear"),
    ],
)
def test_values_that_are_lists(tmp_path, monkeypatch, values, scale):
    """Their names are slanted, the labels stay on the canvas, and values far apart are told apart."""
    text = f"""\
name: lists
seed: 1
checkpoints: 10
experiments:
  - name: arms
    horizon: {2000 if scale == "log" else 50}
    replicates: 8
    environment: {{name: bernoulli, parameters: {{means: {{sweep: [{values}]}}}}}}
    policies: [{"ucb1, tsallis_inf, uniform" if scale == "log" else "uniform"}]
"""
    assert not run(parse_study(text), tmp_path, jobs=1).failed
    drawn = []
    monkeypatch.setattr("experiments.report.figures.save", lambda canvas, *paths: drawn.append(canvas))
    draw_study(findings(experiments.load(tmp_path)), tmp_path, ["png"])
    (canvas,) = drawn
    ax = canvas.axes[0]
    assert (ax.get_xscale(), ax.get_yscale()) == ("linear", scale)
    assert ", ".join(t.get_text() for t in ax.get_xticklabels()) == values
    canvas.draw_without_rendering()
    axis, ticks = ax.xaxis.label.get_window_extent(), [t.get_window_extent() for t in ax.get_xticklabels()]
    assert 0.0 <= axis.y0 < axis.y1 <= min(tick.y0 for tick in ticks)
    assert max(tick.y1 for tick in ticks) <= ax.bbox.y0
    (labels,) = [artist for artist in ax.get_children() if isinstance(artist, EndLabels)]
    beside = [text.get_window_extent() for text in labels.texts]
    assert all(ax.bbox.x0 < box.x0 < box.x1 <= canvas.bbox.x1 for box in beside)


@pytest.mark.parametrize("power", [0.5, 2 / 3, 1.0])
def test_scaling_exponent(power):
    rng, x = np.random.default_rng(0), np.array([10.0, 30.0, 100.0, 1000.0])
    samples = [5 * v**power * rng.lognormal(-0.02, 0.2, size=50) for v in x]
    fitted = scaling_exponent(samples, x)
    assert fitted.low <= power <= fitted.high
    assert fitted.high - fitted.low < 0.1
    assert scaling_exponent(samples[:2], x[:2]) is None
    luck = np.random.default_rng(8).lognormal(0.0, 0.3, 50)  # the same at every point: it moves no slope
    paired, apart = (scaling_exponent([luck * v**power for v in x], x, paired=p) for p in (True, False))
    assert paired.high - paired.low < 1e-9
    assert apart.high - apart.low > 0.02
    joint = [luck * v**power * np.random.default_rng(k).lognormal(0.0, 0.1, 50) for k, v in enumerate(x)]
    rng, slopes = np.random.default_rng(1), []
    for _ in range(2000):
        who = rng.integers(50, size=50)
        slopes.append(np.polyfit(np.log(x), np.log([sample[who].mean() for sample in joint]), 1)[0])
    fitted = scaling_exponent(joint, x, paired=True)
    assert fitted.high - fitted.low == pytest.approx(3.92 * np.std(slopes), rel=0.12)
    assert scaling_exponent([-s for s in samples], x) is None


def test_ratio_of_means_covers():
    rng, inside = np.random.default_rng(1), 0
    for _ in range(300):
        base = rng.exponential(size=15) + 1
        inside += (found := ratio_of_means(1.5 * base + 0.1 * rng.normal(size=15), base)).low <= 1.5 <= found.high
    assert inside / 300 >= 0.95 - 4 * np.sqrt(0.95 * 0.05 / 300)


EDGES = """\
name: x-search
seed: 1
checkpoints: 10
batch: 2
replicates: 8
experiments:
  - name: x
    horizon: 60
    environment: {name: bernoulli, parameters: {means: [0.1, 0.9]}}
    search: {tuning: 3}
    policies: [{name: ucb1, label: _mine, parameters: {exploration: {sweep: [2, 1]}}}]
  - name: short
    horizon: {sweep: [50, 100, 200]}
    environment: {name: bernoulli, parameters: {means: [0.1, 0.9]}}
    policies: [ucb1, {name: clairvoyant, label: best}]
  - name: nothing
    horizon: {sweep: [20, 40, 80]}
    environment: {name: gaussian, parameters: {means: [0, -1]}}
    policies: [ucb1]
figures:
  - {experiment: [x, short]}
  - {experiment: nothing, quantity: ratio}
  - {name: point, experiment: short-horizon=100, regret: realized}
"""


@pytest.fixture(scope="module")
def edges(tmp_path_factory):
    folder = tmp_path_factory.mktemp("edges")
    assert not run(parse_study(EDGES), folder, jobs=1).failed
    return folder


def test_no_figure_takes_the_place_of_another(edges, tmp_path):
    files = draw_study(findings(experiments.load(edges)), tmp_path, ["png"])
    names = ["x-search", "x", "short", "point", "nothing", "x-search-only"]
    assert [f.stem for f in files] == names
    assert all(f.is_file() for f in files)


def test_a_figure_of_one_point_stands_for_itself(edges, tmp_path):
    """Below the figure that sums the points up stand those that have none of their own."""
    found = findings(experiments.load(edges))
    page = write_report(found, tmp_path / "report.html").read_text(encoding="utf-8")
    ids = re.findall(r'<h[23] id="([^"]+)"', page)
    assert ids[:6] == ["x", "short", "short-horizon=50", "short-horizon=200", "point", "nothing"]
    assert {v.regret for v in found.by_experiment["short-horizon=100"]} == {"pseudo"}, "the sweep's figure is the first"
    assert list(found.comparisons["short-horizon=100"]) == ["pseudo", "realized"]
    assert list(found.comparisons["short-horizon=50"]) == ["pseudo"]


def test_another_kind_of_regret_is_drawn_of_sweeps_too(edges, tmp_path):
    results = experiments.load(edges)
    with pytest.raises(ValueError, match="no regret definition 'bogus'"):
        draw_study(findings(results), tmp_path, ["png"], "bogus")
    one, other = (swept(results, "short", regret).lines["ucb1"].intervals for regret in ("", "realized"))
    assert one != other


def swept(results, name, regret=""):
    """What the figure of that name shows."""
    return next(shown for figure, shown in views(results, regret) if figure.name == name)


def test_a_short_axis_has_numbers_that_are_told_apart_and_every_curve_a_name(edges):
    short = swept(experiments.load(edges), "short")
    ax = Figure().subplots()
    draw_sweep(ax, replace(short, lines={"_mine": short.lines["ucb1"]}))
    assert ax.get_xscale() == "log"
    first, last = ax.get_xlim()
    assert [t.get_text() for t in ax.get_xticklabels() if first <= t.get_position()[0] <= last] == [
        "50",
        "100",
        "150",
        "200",
    ]
    assert any(text.startswith("_mine") for text in labels_in(ax))
    counts = [len(experiment.replicates) for experiment in short.experiments]
    assert ax.get_ylabel().replace("\n", " ").endswith(f", mean of {counts[0]})")
    assert len(set(counts)) == 1


def test_a_ratio_to_nothing_is_no_ratio(edges):
    nothing = swept(experiments.load(edges), "nothing")
    ax = Figure().subplots()
    draw_sweep(ax, nothing)
    assert [t.get_text() for t in ax.texts] == ["no ratio: the comparator's mean is 0"]


def test_where_only_hindsight_is_left_it_is_spoken_of(edges, tmp_path):
    shutil.copytree(edges, tmp_path / "torn")
    for job in experiments.load(edges).manifest["jobs"]:
        if job["experiment"].startswith("short") and job["policy"] == "ucb1":
            job_file(tmp_path / "torn", job["key"]).unlink()
    torn = findings(experiments.load(tmp_path / "torn"))
    short = swept(torn.results, "short")
    assert list(short.lines) == ["best"]
    assert "lowest best (" in sweep_sentence(short, torn)
    assert "lowest for best at 200" in study_sentence(torn)


def test_a_point_without_a_result_is_a_gap(edges, tmp_path):
    shutil.copytree(edges, tmp_path / "torn")
    for job in experiments.load(edges).manifest["jobs"]:
        if job["experiment"] == "short-horizon=100" and job["policy"] == "ucb1":
            job_file(tmp_path / "torn", job["key"]).unlink()
    torn, whole = (findings(experiments.load(folder)) for folder in (tmp_path / "torn", edges))
    line, before = (swept(found.results, "short").lines["ucb1"] for found in (torn, whole))
    assert [np.isnan(point.value) for point in line.intervals] == [False, True, False]
    assert line.intervals[::2] == before.intervals[::2]
    assert line.exponent is None, "two points"
    one, other = (found.sweeps[0] for found in (torn, whole))
    assert (one.result, one.exponent) == (other.result, "not tested")
    assert "At 50 (horizon): lowest best (0), highest ucb1" not in sweep_sentence(swept(torn.results, "short"), torn)
    draw_sweep(Figure().subplots(), swept(torn.results, "short"))


def test_bounds_are_of_the_replicates_at_hand(tmp_path):
    """Those that follow the run differ from batch to batch."""
    text = """\
name: paging
seed: 3
batch: 1
checkpoints: 5
experiments:
  - name: p
    horizon: 300
    replicates: 6
    environment: {name: paging, parameters: {cache_size: 4, sequence: {name: zipf, parameters: {N: 12}}}}
    policies: [lru]
"""
    run(parse_study(text), tmp_path, jobs=1)
    whole = experiments.load(tmp_path)
    lru = [c for c in whole.manifest["jobs"] if c["policy"] == "lru"]
    (own,) = [read_job(tmp_path, c["key"])[0]["bound/0"] for c in lru if c["first"] == 2]
    for job in lru:
        if job["first"] != 2:
            job_file(tmp_path, job["key"]).unlink()
    experiment = experiments.load(tmp_path).experiments["p"]
    assert experiment.replicates.tolist() == [2]
    found, before = (r.curve(r.bounds["lru"][0]) for r in (experiment, whole.experiments["p"]))
    assert found == pytest.approx(np.ravel(own))
    assert not np.allclose(found, before)


POLICIES = """\
name: own
seed: 2
checkpoints: 30
replicates: 8
experiments:
  - name: arms
    title: Ten arms
    horizon: 400
    environment: {name: bernoulli, parameters: {means: [0.2, 0.5, 0.7]}}
    policies:
      - {name: exp3, label: Exp3, parameters: {gamma: {sweep: [0.4, 0.05, 0.1]}}}
      - {name: ucb_v, label: UCB-V, parameters: {c: {sweep: [1, 0.1]}, zeta: {sweep: [1.2, 0.3]}}}
      - {name: ucb1, label: published}
  - name: both
    horizon: {sweep: [100, 200]}
    environment: {name: bernoulli, parameters: {means: [0.2, 0.7]}}
    policies: [{name: ucb1, label: UCB1, parameters: {exploration: {sweep: [1, 2]}}}]
figures:
  - {experiment: arms, over: gamma, label: how curious}
  - {name: constant, experiment: arms, over: c, policies: [UCB-V]}
  - {experiment: both, over: exploration}
  - {name: time, experiment: both, over: horizon}
"""


@pytest.fixture(scope="module")
def own(tmp_path_factory):
    folder = tmp_path_factory.mktemp("own")
    assert not run(parse_study(POLICIES), folder, jobs=1).failed
    return findings(experiments.load(folder))


def shown(found, name):
    return next(sweep for _, sweep in found.views if sweep.name == name)


def test_over_a_parameter_of_the_policies(own):
    sweep, result = shown(own, "arms"), own.results.experiments["arms"]
    assert (sweep.points, sweep.parameter, sweep.axis) == ((0.05, 0.1, 0.4), "gamma", "how curious")
    for value, point in zip(sweep.points, sweep.lines["Exp3"].intervals, strict=True):
        assert point == result.final(f"Exp3 gamma={value}", 0.95)
    level = [f"UCB-V c={c}, zeta={zeta}" for c in ("1", "0.1") for zeta in ("1.2", "0.3")] + ["published"]
    assert list(sweep.lines) == ["Exp3", *level]
    assert sweep.level == set(level)
    assert [sweep.lines[label].exponent for label in level] == [None] * 5
    assert set(sweep.lines["published"].intervals) == {result.final("published", 0.95)}
    (bound,) = sweep.bounds["Exp3"]
    (of_each,) = zip(*(result.bounds[f"Exp3 gamma={value}"] for value in sweep.points), strict=True)
    assert bound.values == pytest.approx([result.curve(theorem)[-1] for theorem in of_each])


def test_its_verdicts_are_those_of_the_candidates(own):
    over = [v for v in own.sweeps if v.experiment == "arms"]
    assert {(v.policy, v.over) for v in over} == {("Exp3", "gamma")}
    (verdict,) = over
    points = [v for v in own.verdicts if v.experiment == "arms" and v.policy.startswith("Exp3 ")]
    gravest = min((v.result for v in points), key=("violated", "undecided", "not applicable", "holds").index)
    assert (len(points), verdict.result) == (3, gravest)
    assert verdict.exponent in ("agrees", "steeper", "not tested"), "nothing beyond the horizon contradicts a theorem"


def test_a_line_for_each_entry_and_its_other_swept_parameters(own):
    sweep, result = shown(own, "constant"), own.results.experiments["arms"]
    assert list(sweep.lines) == ["UCB-V zeta=1.2", "UCB-V zeta=0.3"]
    assert sweep.points == (0.1, 1)
    assert sweep.lines["UCB-V zeta=0.3"].intervals[0] == result.final("UCB-V c=0.1, zeta=0.3", 0.95)


def test_over_policies_at_each_point_of_a_swept_experiment(own, tmp_path):
    names = ["arms", "constant", "both-horizon=100", "both-horizon=200", "time"]
    assert [sweep.name for _, sweep in own.views] == names
    sweep = shown(own, "both-horizon=200")
    assert sweep.title == "both horizon=200"
    assert sweep.points == (1, 2)
    assert [f.stem for f in draw_study(own, tmp_path, ["svg"])] == ["own", *names]
    time = shown(own, "time")
    assert list(time.lines) == ["UCB1 exploration=1", "UCB1 exploration=2"]
    page = write_report(own, tmp_path / "report.html").read_text(encoding="utf-8")
    ids = re.findall(r'<h[23] id="([^"]+)"', page)
    assert ids == ["arms", "arms-", "constant", "both-horizon=100", "both-horizon=100-", "both-horizon=200",
                   "both-horizon=200-", "time", "made"]  # fmt: skip


def test_level_lines_have_marks_at_their_ends_alone(own):
    ax = Figure().subplots()
    sweep = shown(own, "arms")
    draw_sweep(ax, sweep)
    marks = {line.get_label().split(":")[0]: line.get_markevery() for line in ax.get_lines()}
    assert marks["Exp3"] is None, "at every point"
    assert marks["published"] == [0, len(sweep.points) - 1]


def test_an_upper_bound_that_is_asymptotic_is_judged_at_no_point(results):
    changed = {
        name: replace(
            result, bounds={k: tuple(replace(b, time="asymptotic") for b in v) for k, v in result.bounds.items()}
        )
        for name, result in results.experiments.items()
    }
    verdicts = findings(replace(results, experiments=changed)).sweeps
    assert {(v.policy, v.result, v.exponent) for v in verdicts} == {("ucb1", "not applicable", "not tested")}
    assert {v.text for v in verdicts} == {"asymptotic, at no finite time is anything claimed"}


@pytest.mark.parametrize(
    ("x", "tells"),
    [
        ([1.0, 2.0, 4.0], True),
        ([4.0, 1.0, 2.0], True),
        ([1.0, 2.0, 3.9], False),
        ([0.9, 0.99, 0.999, 0.9999, 1.0], False),
        ([1.0, 1000.0], False),
        ([0.0, 1.0, 1000.0], False),
        ([-1.0, 1.0, 1000.0], False),
        ([], False),
    ],
)
def test_a_slope_takes_three_positive_values_over_a_factor_of_four(x, tells):
    assert tells_slope(np.array(x)) == tells


def test_no_slope_is_told_of_a_narrow_range(tmp_path):
    text = TEXT.replace("{start: 100, stop: 1600, number: 5, spacing: log}", "[100, 200, 399]")
    assert not run(parse_study(text), tmp_path, jobs=1).failed
    found = findings(experiments.load(tmp_path))
    (_, horizon), _ = found.views
    assert [line.exponent for line in horizon.lines.values()] == [None, None]
    (verdict,) = (v for v in found.sweeps if v.experiment == "horizon")
    assert verdict.exponent == "not tested"
    assert verdict.text.endswith("no exponent, it takes three positive values over a factor of 4")
