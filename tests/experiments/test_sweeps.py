"""Sweeps: an experiment for every value, read back, fitted and drawn against the parameter."""

import shutil
from dataclasses import replace

import numpy as np
import pytest
from matplotlib.figure import Figure

import experiments
from experiments.analysis.findings import findings, study_sentence, sweep_sentence
from experiments.analysis.statistics import ratio_of_means, scaling_exponent
from experiments.analysis.sweeps import sweep_results
from experiments.report.figures import draw_study
from experiments.report.page import write_report
from experiments.report.sweep_figures import draw_sweep
from experiments.run.jobs import jobs_of
from experiments.run.runner import run
from experiments.run.store import job_file, read_job
from experiments.study.config import ConfigError, parse_study
from experiments.study.model import Study
from experiments.study.paths import assign

TEXT = """\
name: swept
seed: 4
replicates: 6
horizon: 300
checkpoints: 12
policies: [ucb1, uniform]
sweeps:
  - name: horizon
    title: Against the horizon
    parameter: horizon
    values: {start: 100, stop: 1600, number: 5, spacing: log}
    experiment:
      environment: {name: bernoulli, parameters: {means: [0.2, 0.7]}}
  - name: boldness
    parameter: policies.*.parameters.exploration
    label: exploration
    values: [0.5, 2]
    experiment:
      environment: {name: bernoulli, parameters: {means: [0.2, 0.7]}}
      policies: [{name: ucb1, parameters: {}}]
    figure: {quantity: ratio}
"""


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    folder = tmp_path_factory.mktemp("swept")
    assert not run(parse_study(TEXT), folder, jobs=1).failed
    return experiments.load(folder)


def mistakes(text):
    with pytest.raises(ConfigError) as caught:
        parse_study(text, "study.yaml")
    return [str(m) for m in caught.value.mistakes]


def test_an_experiment_for_every_value():
    study = parse_study(TEXT)
    experiments = {p.name: p for p in study.all_experiments()}
    assert [experiments[f"horizon-horizon={v}"].horizon for v in (100, 200, 400, 800, 1600)] == [
        100,
        200,
        400,
        800,
        1600,
    ]
    found = [experiments[f"boldness-exploration={v}"].policies[0].parameters["exploration"] for v in ("0.5", "2")]
    assert found == [0.5, 2]
    assert experiments["horizon-horizon=400"].title == "Against the horizon horizon=400"
    assert Study.model_validate(study.model_dump()) == study
    assert len({c.key for c in jobs_of(study)}) == len(jobs_of(study)) - 1, "two experiments share their comparators"


def test_values_at_the_horizon(results):
    horizon, boldness = sweep_results(results)
    assert horizon.points == (100, 200, 400, 800, 1600)
    for experiment, point in zip(horizon.experiments, horizon.lines["uniform"].intervals, strict=True):
        final = experiment.regret("uniform")[:, -1]
        assert point.value == pytest.approx(final.mean())
        assert point.low <= point.value <= point.high
    assert horizon.lines["uniform"].exponent.low <= 1.0 <= horizon.lines["uniform"].exponent.high
    assert horizon.lines["ucb1"].exponent.high < 0.8
    (bound,) = horizon.bounds["ucb1"]
    assert bound.values == pytest.approx([r.curve(r.bounds["ucb1"][0])[-1] for r in horizon.experiments])
    assert [b.bound.name for b in horizon.bounds[""]] == ["Lai-Robbins rate (asymptotic)"]
    for experiment, point in zip(boldness.experiments, boldness.lines["ucb1"].intervals, strict=True):
        cost, best = -experiment.series["ucb1"]["expected_reward"][:, -1], -experiment.comparators["best_arm"][:, -1]
        assert point.value == pytest.approx(cost.sum() / best.sum())


def test_figures_and_report(results, tmp_path):
    files = draw_study(results, tmp_path, ["png"])
    assert [f.name for f in files] == ["swept.png", "horizon.png", "boldness.png"]
    ax = Figure().subplots()
    draw_sweep(ax, sweep_results(results)[0])
    assert ax.get_xlabel() == "horizon"
    assert (ax.get_xscale(), ax.get_yscale()) == ("log", "log")
    assert any(t.get_text().startswith("ucb1: slope ") for t in ax.get_legend().get_texts())
    page = write_report(results, tmp_path / "report.html").read_text(encoding="utf-8")
    assert "Against the horizon" in page


@pytest.mark.parametrize(
    ("values", "scale"),
    [
        ("[0.1, 0.9], [0.45, 0.5, 0.55], [0.4, 0.45, 0.48, 0.5]", "log"),
        ("[0.1, 0.9], [0.2, 0.9], [0.1, 0.8, 0.9]", "linear"),
    ],
)
def test_values_that_are_lists(tmp_path, monkeypatch, values, scale):
    """Their names are slanted, the legend stays on the canvas, and values far apart are told apart."""
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
    monkeypatch.setattr("experiments.report.figures.save", lambda canvas, path: drawn.append(canvas))
    draw_study(experiments.load(tmp_path), tmp_path, ["png"])
    (canvas,) = drawn
    ax = canvas.axes[0]
    assert (ax.get_xscale(), ax.get_yscale()) == ("linear", scale)
    assert ", ".join(t.get_text() for t in ax.get_xticklabels()) == values
    canvas.draw_without_rendering()
    legend, labels = ax.get_legend().get_window_extent(), [t.get_window_extent() for t in ax.get_xticklabels()]
    assert 0.0 <= legend.y0 < legend.y1 < ax.xaxis.label.get_window_extent().y0 < min(label.y0 for label in labels)


def test_mistakes_are_placed():
    assert mistakes(TEXT.replace("parameter: horizon", "parameter: environmnt.parameters.means")) == [
        "study.yaml:10:5: sweeps[0].parameter: no such place in the experiment: 'environmnt' (did you mean "
        "'environment'?)"
    ]
    (late,) = mistakes(TEXT.replace("values: [0.5, 2]", "values: [0.5, -2]"))
    assert late.startswith("study.yaml:17:19: sweeps[1].values[1]: at exploration=-2: ")
    assert late.endswith("exploration must be a finite number in (0, inf), got -2")
    (first,) = mistakes(TEXT.replace("{means: [0.2, 0.7]}", "{means: [0.2, 7]}", 1))
    assert first.startswith("study.yaml:13:51: sweeps[0].experiment.environment.parameters.means: means[1] must be")
    assert "unknown key (did you mean 'quantity'?)" in mistakes(TEXT.replace("quantity:", "quantty:"))[0]
    assert mistakes(TEXT.replace("start: 100", "start: -100")) == [
        "study.yaml:11:5: sweeps[0].values: a log range needs positive ends, got -100 and 1600"
    ]
    assert mistakes(TEXT.replace("number: 5", "numbr: 5")) == [
        "study.yaml:11:5: sweeps[0].values: the key 'number' is missing",
        "study.yaml:11:38: sweeps[0].values.numbr: unknown key (did you mean 'number'?); "
        "known: start, stop, number, spacing",
    ]
    assert "a study needs experiments or sweeps" in mistakes("name: empty\nseed: 1\n")[0]


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


def test_assign():
    node = {"a": [{"name": "x", "v": 1}, {"label": "y", "v": 2}], "b": {}}
    assign(node, "a.y.v", 5)
    assign(node, "a.0.v", 4)
    assign(node, "b.new", 6)
    assert node == {"a": [{"name": "x", "v": 4}, {"label": "y", "v": 5}], "b": {"new": 6}}
    assign(node, "a.*.v", 0)
    assert [e["v"] for e in node["a"]] == [0, 0]
    for path in ("a.z.v", "a.7.v", "c.d", "b.new.deep"):
        with pytest.raises(KeyError):
            assign(node, path, 1)


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
sweeps:
  - name: nothing
    parameter: horizon
    values: [20, 40, 80]
    figure: {quantity: ratio}
    experiment: {environment: {name: gaussian, parameters: {means: [0, -1]}}, policies: [ucb1]}
"""


@pytest.fixture(scope="module")
def edges(tmp_path_factory):
    folder = tmp_path_factory.mktemp("edges")
    assert not run(parse_study(EDGES), folder, jobs=1).failed
    return folder


def test_no_figure_takes_the_place_of_another(edges, tmp_path):
    files = draw_study(experiments.load(edges), tmp_path, ["png"])
    assert [f.name for f in files] == ["x-search.png", "x.png", "short.png", "nothing.png", "x-search-only.png"]
    assert all(f.is_file() for f in files)


def test_another_kind_of_regret_is_drawn_of_sweeps_too(edges, tmp_path):
    results = experiments.load(edges)
    with pytest.raises(ValueError, match="no regret definition 'bogus'"):
        draw_study(results, tmp_path, ["png"], "bogus")
    found = [{s.name: s for s in sweep_results(results, regret)} for regret in ("", "realized")]
    one, other = (sweeps["short"].lines["ucb1"].intervals for sweeps in found)
    assert one != other


def test_a_short_axis_has_its_points_for_ticks_and_every_curve_a_name(edges):
    (short,) = [s for s in sweep_results(experiments.load(edges)) if s.name == "short"]
    ax = Figure().subplots()
    draw_sweep(ax, replace(short, lines={"_mine": short.lines["ucb1"]}))
    assert ax.get_xscale() == "log"
    assert [t.get_text() for t in ax.get_xticklabels()] == ["50", "100", "200"]
    assert any("_mine" in t.get_text() for t in ax.get_legend().get_texts())


def test_a_ratio_to_nothing_is_no_ratio(edges):
    (nothing,) = [s for s in sweep_results(experiments.load(edges)) if s.name == "nothing"]
    ax = Figure().subplots()
    draw_sweep(ax, nothing)
    assert [t.get_text() for t in ax.texts] == ["no ratio: the comparator's mean is 0"]


def test_where_only_hindsight_is_left_it_is_spoken_of(edges, tmp_path):
    shutil.copytree(edges, tmp_path / "torn")
    for job in experiments.load(edges).manifest["jobs"]:
        if job["experiment"].startswith("short") and job["policy"] == "ucb1":
            job_file(tmp_path / "torn", job["key"]).unlink()
    torn = experiments.load(tmp_path / "torn")
    (short,) = [s for s in sweep_results(torn) if s.name == "short"]
    assert list(short.lines) == ["best"]
    assert "lowest best (" in sweep_sentence(short, ())
    assert "lowest for best at 200" in study_sentence(findings(torn))


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
