"""Hyper-parameter search: who chooses, who is reported, and that selection does not flatter what is reported."""

import shutil
from dataclasses import replace

import numpy as np
import pytest
from click.testing import CliRunner
from matplotlib.colors import LogNorm
from matplotlib.figure import Figure

import experiments
from experiments.analysis.findings import findings
from experiments.analysis.search import choose, search_result, sentence
from experiments.analysis.sentences import number
from experiments.analysis.statistics import Interval
from experiments.cli import main
from experiments.report.export import dataset, export
from experiments.report.figures import draw_study
from experiments.report.labels import EndLabels
from experiments.report.page import write_report
from experiments.report.search_figures import SearchFigure, draw_search, search_figures
from experiments.report.tables import table
from experiments.run.jobs import jobs_of, tape_rng
from experiments.run.runner import run
from experiments.run.store import job_file
from experiments.study.axes import text_of
from experiments.study.config import ConfigError, load_study, parse_study, shipped

TEXT = """\
name: searched
seed: 7
batch: 8
checkpoints: 12
experiments:
  - name: arms
    horizon: 300
    replicates: 40
    environment: {name: bernoulli, parameters: {means: [0.2, 0.5, 0.7]}}
    search: {tuning: 12}
    policies:
      - {name: ucb1, label: UCB1, parameters: {exploration: {sweep: [2, 0.5, 0.1]}}}
      - {name: ucb1, label: published}
      - {name: ucb_v, parameters: {c: {sweep: [1, 0.1]}, zeta: {sweep: [1.2, 0.3]}}}
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("searched")
    assert not run(parse_study(TEXT), folder, jobs=1).failed
    return folder


@pytest.fixture(scope="module")
def found(folder):
    return findings(experiments.load(folder))


@pytest.fixture(scope="module")
def results(found):
    return found.results


def finals(experiment, label):
    """Regret at the horizon by replicate, from its definition."""
    kind = experiment.regrets[0]
    regret = experiment.comparators[kind.comparator][:, -1] - experiment.series[label][kind.series][:, -1]
    return dict(zip(experiment.replicates.tolist(), regret.tolist(), strict=True))


def test_blocks_do_not_straddle():
    jobs = [c for c in jobs_of(parse_study(TEXT)) if c.label == "published"]
    assert [(c.first, c.count) for c in jobs] == [(0, 8), (8, 4), (12, 8), (20, 8), (28, 8), (36, 4)]


def test_the_first_replicates_choose_and_the_others_are_reported(results, found):
    experiment, full = results.experiments["arms"], results.experiments["arms"].candidates
    assert experiment.replicates.tolist() == list(range(12, 40))
    assert full.replicates.tolist() == list(range(40))
    assert list(experiment.series) == ["UCB1", "published", "ucb_v"]
    assert len(full.series) == 3 + 1 + 4
    for entry, searched in found.searches["arms"].policies.items():
        labels = [label for label in full.series if label.startswith(f"{entry} ")]
        means = {lb: np.mean([v for r, v in finals(full, lb).items() if r < 12]) for lb in labels}
        best = min(means, key=means.get)
        assert searched.chosen.label == best
        assert searched.chosen.tuning.value == pytest.approx(means[best])
        held_out = [v for r, v in finals(full, best).items() if r >= 12]
        assert searched.chosen.held_out.value == pytest.approx(np.mean(held_out))
        assert list(finals(experiment, entry).values()) == held_out
        assert searched.optimism == pytest.approx(np.mean(held_out) - means[best])
        first = [v for r, v in finals(full, labels[0]).items() if r >= 12]
        assert searched.first.label == labels[0]
        assert searched.gain.value == pytest.approx(np.mean(first) - np.mean(held_out))
        assert sum(c.share for c in searched.candidates) == pytest.approx(1.0)
        row = next(r for r in table(experiment, 0.95) if r["policy"] == entry)
        assert row["regret"] == pytest.approx(np.mean(held_out))
    assert not set(found.searches["arms"].tuning) & set(found.searches["arms"].held_out)


def test_a_chosen_policy_is_the_same_as_one_that_was_never_searched(results, found, tmp_path):
    """Held-out curves and bounds are those of a study with the chosen parameters alone, on the same replicates."""
    chosen = found.searches["arms"].policies["UCB1"].chosen
    text = TEXT.replace("    search: {tuning: 12}\n", "").replace(
        "{sweep: [2, 0.5, 0.1]}", str(chosen.point["exploration"])
    )
    text = text.replace("label: UCB1", f"label: {chosen.label}").replace(
        "{c: {sweep: [1, 0.1]}, zeta: {sweep: [1.2, 0.3]}}", "{}"
    )
    assert not run(parse_study(text), tmp_path, jobs=1).failed
    alone, experiment = experiments.load(tmp_path).experiments["arms"], results.experiments["arms"]
    for name, curve in experiment.series["UCB1"].items():
        np.testing.assert_array_equal(curve, alone.series[chosen.label][name][12:])
    assert [b.name for b in experiment.bounds["UCB1"]] == [b.name for b in alone.bounds[chosen.label]]
    assert {v.policy for v in found.verdicts} <= {"UCB1", "published", "ucb_v"}


PLUGIN = """\
from dataclasses import dataclass

import numpy as np

from bandits import Bound, Instance
from bandits.arms.ucb1 import UCB1
from environments.arms.bernoulli import BernoulliArms


@dataclass(frozen=True, eq=False)
class Luck(Instance):
    luck: float


class LuckyArms(BernoulliArms):
    def draw(self, rng):
        tape = super().draw(rng)
        self.luck = Luck(rng.random())
        return tape

    def instance(self):
        return self.luck


class Lucky(UCB1):
    def regret_bounds(self, problem, instance):
        return [Bound("luck", "upper", lambda t: np.full(len(t), instance.luck), "fixed", "here", "exact")]
"""


def test_bounds_that_depend_on_the_tape_are_of_held_out_replicates_only(tmp_path, monkeypatch):
    (tmp_path / "lucky.py").write_text(PLUGIN, encoding="utf-8")
    monkeypatch.syspath_prepend(str(tmp_path))
    text = TEXT.replace("name: bernoulli", 'name: "lucky:LuckyArms"').replace(
        "name: ucb1, label: UCB1", 'name: "lucky:Lucky"'
    )
    assert not run(parse_study(text), tmp_path / "out", jobs=1).failed
    (bound,) = experiments.load(tmp_path / "out").experiments["arms"].bounds["lucky:Lucky"]
    import lucky

    environment, luck = lucky.LuckyArms([0.2, 0.5, 0.7], horizon=300), []
    for replicate in range(12, 40):
        environment.draw(tape_rng(7, replicate))
        luck.append(environment.luck.luck)
    assert bound.curve(np.array([1.0, 300.0])) == pytest.approx(np.full(2, np.mean(luck)))


def test_regret_and_cost_choose_alike(folder, results, found):
    """The comparator is the same for all candidates of a replicate, so that it has no say."""
    cost = TEXT.replace("tuning: 12", "tuning: 12, quantity: cost")
    run(parse_study(cost), folder, jobs=1)
    by_cost = findings(experiments.load(folder))
    run(parse_study(TEXT), folder, jobs=1)
    for entry, searched in by_cost.searches["arms"].policies.items():
        assert searched.chosen.label == found.searches["arms"].policies[entry].chosen.label
        assert searched.chosen.tuning.value < 0.0, "a cost is minus a reward here"


def test_a_search_makes_small_what_it_names(folder, results):
    """Whatever figures show."""
    text = TEXT.replace("tuning: 12", "tuning: 12, regret: realized")
    text += "figures:\n  - {experiment: arms, quantity: cost}\n"
    run(parse_study(text), folder, jobs=1)
    realized = findings(experiments.load(folder))
    run(parse_study(TEXT), folder, jobs=1)
    full = results.experiments["arms"].candidates
    assert realized.searches["arms"].score == full.definition("realized").label
    for searched in realized.searches["arms"].policies.values():
        for scored in searched.candidates:
            final = full.regret(scored.label, "realized")[:12, -1]
            assert scored.tuning.value == pytest.approx(final.mean())


def rows_of(experiment, rows):
    """The experiment with some of its replicates, counted from 0."""
    return replace(
        experiment,
        replicates=np.arange(len(experiment.replicates[rows])),
        series={lb: {n: v[rows] for n, v in metrics.items()} for lb, metrics in experiment.series.items()},
        comparators={n: v[rows] for n, v in experiment.comparators.items()},
    )


def test_selection_is_optimistic_in_tuning_and_honest_held_out(tmp_path):
    """Twelve equal candidates: the choice is noise; its tuning score is too low, its held-out score is not."""
    values = ", ".join(f"{1 + i / 1000}" for i in range(12))
    text = f"""\
name: noise
seed: 5
batch: 800
checkpoints: 2
experiments:
  - name: p
    horizon: 60
    replicates: 800
    environment: {{name: bernoulli, parameters: {{means: [0.3, 0.7]}}}}
    search: {{tuning: 5}}
    policies: [{{name: epsilon_greedy, parameters: {{c: {{sweep: [{values}]}}, d: 0.4}}}}]
"""
    run(parse_study(text), tmp_path, jobs=1)
    full = experiments.load(tmp_path).experiments["p"].candidates
    tuning, held_out, everywhere = [], [], []
    for first in range(0, 800, 20):  # forty searches, each on 20 replicates of its own
        rows = slice(first, first + 20)
        part = rows_of(full, rows)
        part = replace(part, chosen=choose(part, rows_of(part, slice(0, 5))))
        searched = search_result(part).policies["epsilon_greedy"]
        tuning.append(searched.chosen.tuning.value)
        held_out.append(searched.chosen.held_out.value)
        everywhere.append(np.mean([c.held_out.value for c in searched.candidates]))
    optimism = np.subtract(held_out, tuning)
    assert optimism.mean() > 4 * optimism.std(ddof=1) / np.sqrt(len(optimism))
    honest = np.subtract(held_out, everywhere)
    assert abs(honest.mean()) < 4 * honest.std(ddof=1) / np.sqrt(len(honest))


def test_a_random_search_is_a_stable_subset_with_the_first_point():
    text = TEXT.replace("{tuning: 12}", "{tuning: 12, candidates: 5}").replace(
        "zeta: {sweep: [1.2, 0.3]}", "zeta: {sweep: {start: 1.2, stop: 0.0012, number: 10, spacing: log}}"
    )

    def drawn(text):
        policies = parse_study(text).all_experiments()[0].policies
        return [p.title for p in policies if p.title.startswith("ucb_v")]

    one = drawn(text)
    assert len(one) == 5
    assert one[0] == "ucb_v c=1, zeta=1.2"
    assert drawn(text) == one
    assert drawn(text.replace("seed: 7", "seed: 8")) != one
    assert len(set(drawn(text.replace("c: {sweep: [1, 0.1]}", "c: {sweep: [1, 0.1, 3]}"))) & set(one)) >= 3
    counts: dict = {}
    for seed in range(300):
        for title in drawn(text.replace("seed: 7", f"seed: {seed}"))[1:]:
            counts[title] = counts.get(title, 0) + 1
    p = 4 / 19
    assert len(counts) == 19
    assert max(abs(n - 300 * p) for n in counts.values()) < 4 * np.sqrt(300 * p * (1 - p))


def test_resume_and_missing_results(folder, results, found, tmp_path):
    copy = tmp_path / "copy"
    shutil.copytree(folder, copy)
    run(parse_study(TEXT), copy, jobs=1)
    chosen = found.searches["arms"].policies["ucb_v"].chosen.label
    other = next(c for c in found.searches["arms"].policies["ucb_v"].candidates if c.label != chosen).label
    jobs = [c for c in results.manifest["jobs"] if c["policy"] == other and c["first"] >= 12]
    for job in jobs:
        job_file(copy, job["key"]).unlink()
    damaged = experiments.load(copy)
    assert damaged.experiments["arms"].replicates.tolist() == list(range(12, 40)), "what is shown does not need it"
    assert len(damaged.experiments["arms"].missing) == len(jobs)
    assert findings(damaged).searches == {}
    outcome = run(parse_study(TEXT), copy, jobs=1)
    assert [d.status for d in outcome.done].count("computed") == len(jobs)
    again = findings(experiments.load(copy))
    assert again.searches["arms"].policies["ucb_v"].chosen.label == chosen
    (early,) = [c for c in results.manifest["jobs"] if c["policy"] == other and c["first"] == 8]
    job_file(copy, early["key"]).unlink()
    torn = experiments.load(copy).experiments["arms"]
    assert list(torn.series) == ["UCB1", "published"], "the candidate without all its replicates might be the best"
    assert torn.missing[-1] == f"ucb_v: nothing is chosen, as not all tuning replicates are there: {other}"
    for job in results.manifest["jobs"]:
        if job["policy"] and job["first"] < 12:
            job_file(copy, job["key"]).unlink(missing_ok=True)
    blind = experiments.load(copy)
    assert list(blind.experiments["arms"].series) == ["published"], "nothing has chosen among the others"


def test_scores_of_many_candidates_are_dots_alone(found, tmp_path, monkeypatch):
    (one, *_) = search_figures(found.searches["arms"])
    shown = {}
    for marked in (len(one.policy.candidates), len(one.policy.candidates) - 1):
        monkeypatch.setattr("experiments.report.search_figures.MARKED", marked)
        ax = Figure().subplots()
        draw_search(ax, one)
        dots = sum(label.endswith("means alone") for label in ax.get_legend_handles_labels()[1])
        shown[marked] = dots, len(ax.containers)
    assert list(shown.values()) == [(0, 2), (2, 0)]
    monkeypatch.setattr("experiments.report.search_figures.MARKED", 0)
    assert "means of all candidates." in write_report(found, tmp_path / "report.html").read_text(encoding="utf-8")


def frames_in(ax):
    """What is framed in a map: where, and whether by a dashed line."""
    return {patch.get_label(): (patch.get_xy(), patch.get_linestyle()) for patch in ax.patches}


def test_two_parameters_are_a_map(found):
    searched = found.searches["arms"].policies["ucb_v"]
    _, both = search_figures(found.searches["arms"])
    assert (both.parameters, both.parameter, both.intervals) == (("c", "zeta"), "c and zeta", False)
    canvas = Figure()
    ax = canvas.subplots()
    draw_search(ax, both)
    (mesh,) = ax.collections
    values = mesh.get_array()
    assert values.shape == (2, 2)
    for c in searched.candidates:
        i, j = [0.1, 1].index(c.point["c"]), [0.3, 1.2].index(c.point["zeta"])
        assert values[j, i] == c.held_out.value
        assert number(c.held_out.value) in [t.get_text() for t in ax.texts if t.get_position() == (i + 0.5, j + 0.5)]
    assert [t.get_text() for t in ax.get_xticklabels()] == ["0.1", "1"]
    assert [t.get_text() for t in ax.get_yticklabels()] == ["0.3", "1.2"]
    place = {
        what: ([0.1, 1].index(c.point["c"]), [0.3, 1.2].index(c.point["zeta"]))
        for what, c in (("_chosen", searched.chosen), ("_first", searched.first))
    }
    chosen, first = searched.chosen.point, searched.first.point
    assert frames_in(ax)["_chosen"] == (place["_chosen"], "-")
    lines = ax.get_xlabel().split("\n")
    assert lines[:2] == ["c", f"frame: chosen, c={text_of(chosen['c'])}, zeta={text_of(chosen['zeta'])}"]
    if chosen != first:
        assert frames_in(ax)["_first"][0] == place["_first"]
        assert lines[2] == f"dashed: first, c={text_of(first['c'])}, zeta={text_of(first['zeta'])}"
    assert len(canvas.axes) == 2, "with a scale of colours"


def test_what_was_not_run_is_empty_in_a_map_and_wide_scores_have_logarithmic_colours(found):
    _, both = search_figures(found.searches["arms"])
    policy = both.policy
    kept = tuple(c for c in policy.candidates if c is not policy.candidates[1] or c.label == policy.chosen.label)
    wide = Interval(1000.0 * policy.candidates[-1].held_out.value, 0.0, 1.0)
    kept = (*kept[:-1], replace(kept[-1], held_out=wide)) if kept[-1].label != policy.chosen.label else kept
    ax = Figure().subplots()
    draw_search(ax, replace(both, policy=replace(policy, candidates=kept)))
    (mesh,) = ax.collections
    assert np.ma.count(mesh.get_array()) == len(kept)
    assert isinstance(mesh.norm, LogNorm) == (kept[-1].held_out is wide)


def test_figures_report_and_export(results, found, tmp_path):
    files = draw_study(found, tmp_path, ["png"])
    assert [f.name for f in files] == ["searched.png", "arms-search.png"]
    one, _ = search_figures(found.searches["arms"])
    ax = Figure().subplots()
    draw_search(ax, one)
    (labels,) = [artist for artist in ax.get_children() if isinstance(artist, EndLabels)]
    assert [text.get_text() for text in labels.texts] == ["tuning, mean of 12", "held out, mean of 28"]
    best = one.policy.chosen
    assert ax.get_xlabel().startswith(f"exploration\ncircle: chosen, {one.policy.parameters['exploration']}: ")
    rings = {line.get_marker(): line for line in ax.get_lines() if line.get_markersize() >= 7}
    assert (rings["o"].get_xdata()[0], rings["o"].get_ydata()[0]) == (best.point["exploration"], best.held_out.value)
    assert ax.get_xscale() == "linear"
    assert [line.get_linestyle() for line in ax.get_lines()][:2] == ["-", "-"]
    assert ax.get_legend() is None
    ax = Figure().subplots()
    draw_search(ax, SearchFigure(found.searches["arms"], found.searches["arms"].policies["ucb_v"], ("c",)))
    assert ax.get_xlabel().startswith("c\n")
    assert [line.get_linestyle() for line in ax.get_lines()][:2] == ["None", "None"], "candidates differ in zeta, too"
    page = write_report(found, tmp_path / "report.html").read_text(encoding="utf-8")
    assert "12 replicates chose among the candidates" in page
    assert "All candidates of UCB1" in page
    pytest.importorskip("xarray")
    reported, everything = dataset(results.experiments["arms"]), dataset(results.experiments["arms"].candidates)
    assert reported.sizes["replicate"] == 28
    assert (everything.sizes["replicate"], everything.sizes["policy"]) == (40, 8)
    assert export(results, tmp_path / "out", "csv")[0].name == "arms.csv"


def test_values_that_are_no_numbers(tmp_path):
    text = TEXT.replace("{exploration: {sweep: [2, 0.5, 0.1]}}", "{}").replace(
        "{name: ucb_v, parameters: {c: {sweep: [1, 0.1]}, zeta: {sweep: [1.2, 0.3]}}}",
        "{name: exp3, parameters: {gamma: {sweep: [null, 0.3]}}}",
    )
    run(parse_study(text), tmp_path, jobs=1)
    found = findings(experiments.load(tmp_path))
    (figure,) = search_figures(found.searches["arms"])
    ax = Figure().subplots()
    draw_search(ax, figure)
    assert [t.get_text() for t in ax.get_xticklabels()] == ["null", "0.3"]
    assert "gamma=" in sentence(found.searches["arms"].policies["exp3"])


def test_a_search_at_every_point_of_a_sweep(tmp_path):
    """The chosen ones go under the name of their entry, so that the sweep has one line for them."""
    text = TEXT.replace("horizon: 300", "horizon: {sweep: [50, 100, 200]}").replace("replicates: 40", "replicates: 16")
    run(parse_study(text), tmp_path, jobs=1)
    found = findings(experiments.load(tmp_path))
    ((_, swept),) = found.views
    assert list(swept.lines) == ["UCB1", "published", "ucb_v"]
    assert list(found.searches) == [f"arms-horizon={h}" for h in (50, 100, 200)]


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        (
            "tuning: 12",
            "tuning: 40",
            "s.yaml:10:14: experiments[0].search.tuning: leaves none of the 40 replicates to report",
        ),
        (
            "tuning: 12",
            "tuning: 0",
            "s.yaml:10:14: experiments[0].search.tuning: must be greater than or equal to 1, got 0",
        ),
        ("tuning: 12", "tunin: 12", "unknown key (did you mean 'tuning'?); known: tuning, candidates"),
        (
            "tuning: 12",
            "tuning: 12, candidates: 1",
            "experiments[0].search.candidates: must be greater than or equal to 2",
        ),
        ("label: published", "label: UCB1", "s.yaml:13:9: experiments[0].policies[1]: a second policy labelled 'UCB1'"),
        (
            "[2, 0.5, 0.1]",
            "[2, 0.5, -0.1]",
            "policies[0].parameters.exploration.sweep[2]: at exploration=-0.1: explora",
        ),
        (
            "replicates: 40",
            "replicates: {sweep: [10, 40]}",
            "s.yaml:8:26: experiments[0].replicates.sweep[0]: at replicates=10: experiments[0].search.tuning: leaves",
        ),
    ],
)
def test_mistakes(old, new, expected):
    assert old in TEXT
    with pytest.raises(ConfigError) as caught:
        parse_study(TEXT.replace(old, new, 1), "s.yaml")
    assert expected in str(caught.value)


def test_nothing_to_search():
    text = TEXT.split("    policies:")[0] + "    policies: [ucb1]\n"
    with pytest.raises(
        ConfigError, match=r"experiments\[0\].search: there is nothing to search: no policy has a swept"
    ):
        parse_study(text)


def test_the_command_line_says_what_was_chosen(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "s.yaml").write_text(TEXT.replace("replicates: 40", "replicates: 20"), encoding="utf-8")
    assert (
        "search: 12 replicates choose, 8 are reported"
        in CliRunner().invoke(main, ["run", "s.yaml", "--dry-run"]).output
    )
    done = CliRunner().invoke(main, ["run", "s.yaml", "--jobs", "1"])
    assert done.exit_code == 0, done.output
    assert "search:  arms · UCB1: exploration=" in done.output
    assert (tmp_path / "results/searched/figures/arms-search.png").is_file()


@pytest.mark.parametrize(
    ("name", "changes"),
    [
        ("arms/exploration", ["experiments.exploration.horizon=200", "experiments.exploration.replicates=14",
                              "experiments.exploration.search.tuning=6",
                              "experiments.exploration.search.candidates=3"]),
        ("arms/noise", ["experiments.gaussian.horizon.sweep=[60, 120]", "replicates=6",
                        "experiments.gaussian.environment.parameters.sd.sweep.number=3"]),
    ],
)  # fmt: skip
def test_the_shipped_studies_run_small(name, changes, tmp_path):
    study = load_study(shipped() / f"{name}.yaml", changes)
    assert not run(study, tmp_path, jobs=1).failed
    found = findings(experiments.load(tmp_path))
    draw_study(found, tmp_path / "figures", ["svg"])
    write_report(found, tmp_path / "report.html")
    assert not found.missing
    assert list(found.searches) == (["exploration"] if name == "arms/exploration" else [])


def test_the_figure_of_a_search_has_its_name_alone():
    other = "\n  - {name: arms-search, horizon: 9, replicates: 9, environment: {name: bernoulli, "
    with pytest.raises(ConfigError, match="a second experiment or search named 'arms-search'"):
        parse_study(TEXT + other.lstrip("\n") + "parameters: {means: [0.2, 0.5]}}, policies: [ucb1]}\n")
