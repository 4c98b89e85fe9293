"""How figures look: settings of the user, and the keys of a figure in a study and in ``result.plot``."""

from dataclasses import replace

import matplotlib as mpl
import numpy as np
import pytest
from matplotlib.figure import Figure as Canvas

import experiments
from experiments.analysis.findings import findings
from experiments.analysis.sweeps import SweepResult
from experiments.report.colours import luminance
from experiments.report.curves import draw_experiment
from experiments.report.figures import _canvases, _style_of, canvases, draw_study, save
from experiments.report.labels import EndLabels
from experiments.report.page import _look
from experiments.report.search_figures import draw_search, search_figures
from experiments.report.style import style
from experiments.report.sweep_figures import draw_sweep
from experiments.run.runner import run
from experiments.study.appearance import Appearance, Font
from experiments.study.config import parse_study
from experiments.study.model import Figure as Look


def test_what_the_user_has_not_set_is_ours_and_sizes_follow_the_font():
    def set_here(look=None, **given):
        with mpl.rc_context(given), style(look):
            return {key: mpl.rcParams[key] for key in ("font.size", "axes.labelsize", "xtick.labelsize", "axes.grid")}

    ours = set_here()
    assert list(ours.values()) == [8.0, 8.0, 7.0, True]
    assert list(set_here(**{"font.size": 16.0}).values()) == [16.0, 16.0, 14.0, True]
    assert list(set_here(**{"axes.labelsize": 5.0}).values()) == [8.0, 5.0, 7.0, True]
    assert list(set_here(Appearance(font=Font(size=12), grid=False)).values()) == [12.0, 12.0, 10.5, False]
    assert list(set_here(Appearance(style="ggplot")).values()) == [10.0, "large", 8.75, True]
    assert list(set_here(Appearance(style="seaborn-v0_8-white")).values()) == [8.0, 8.0, 7.0, False]


def test_a_font_or_a_style_that_is_not_here_is_told():
    with style(Appearance(font=Font(family=["No Such Font", "DejaVu Serif"]))):
        assert mpl.rcParams["font.family"] == ["DejaVu Serif"]
    what = r"no font 'DejaVu Serf' is installed here \(did you mean 'DejaVu Serif'\?\): text is in sans-serif"
    with pytest.warns(UserWarning, match=what), style(Appearance(font=Font(family=["DejaVu Serf"]))):
        assert mpl.rcParams["font.family"] == ["sans-serif"]
    before = dict(mpl.rcParams)
    what = "style: no style of matplotlib and no file is called 'ggplut'"
    with pytest.raises(ValueError, match=what), style(Appearance(style="ggplut")):
        pass
    assert dict(mpl.rcParams) == before


def test_a_style_may_be_a_file(tmp_path):
    (tmp_path / "paper.mplstyle").write_text("axes.facecolor: beige\nfont.size: 6\n")
    with style(Appearance(style=str(tmp_path / "paper.mplstyle"))):
        assert mpl.rcParams["axes.facecolor"] == "beige"
        assert mpl.rcParams["xtick.labelsize"] == pytest.approx(5.25)


STUDY = """\
name: looks
seed: 2
horizon: 200
checkpoints: 12
replicates: 8
policies: [{name: ucb1, label: UCB1}, {name: moss, label: MOSS}, uniform]
experiments:
  - {name: arms, environment: {name: bernoulli, parameters: {means: [0.2, 0.8]}}}
  - {name: over, horizon: {sweep: [50, 100, 200]}, environment: {name: bernoulli, parameters: {means: [0.2, 0.8]}}}
  - name: tuned
    environment: {name: bernoulli, parameters: {means: [0.2, 0.8]}}
    search: {tuning: 3}
    policies: [{name: ucb1, label: UCB1, parameters: {exploration: {sweep: [2, 1, 0.5]}}}]
figures:
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("looks")
    assert not run(parse_study(STUDY.replace("figures:\n", "")), folder, jobs=1).failed
    return folder


def drawn(folder, look, *changes):
    """Name of each figure to its canvas, and that nothing had to be computed."""
    study = parse_study(f"{STUDY}  - {{{look}}}", changes=changes)
    outcome = run(study, folder, jobs=1)
    assert not outcome.failed
    assert {job.status for job in outcome.done} == {"kept"}, "how a figure looks changes no job"
    return dict(canvases(findings(experiments.load(folder))))


def labels_in(ax):
    return [t.get_text() for artist in ax.get_children() if isinstance(artist, EndLabels) for t in artist.texts]


def lines_in(ax):
    """Start of the label of each line of a policy to the line."""
    return {line.get_label().partition(":")[0]: line for line in ax.get_lines() if str(line.get_gid()).endswith("-0")}


EVERY = ("arms", "over", "tuned", "tuned-search")


def test_size_font_grid_and_style_are_those_of_the_figure(folder):
    look = "width: 85, height: 6 cm, font: {family: DejaVu Serif, size: 6}, grid: false, style: dark_background"
    every = drawn(folder, look)
    for name in EVERY:
        canvas = every[name]
        ax = canvas.axes[0]
        assert canvas.get_size_inches() * 25.4 == pytest.approx([85.0, 60.0]), name
        assert ax.xaxis.label.get_fontsize() == 6.0
        assert ax.xaxis.label.get_fontfamily() == ["DejaVu Serif"]
        assert not ax.xaxis.get_gridlines()[0].get_visible()
        assert mpl.colors.to_hex(ax.get_facecolor()) == "#000000"
    overview = every["looks"]
    assert overview.get_figwidth() > 7.0, "side by side they are as they ever are"
    assert mpl.colors.to_hex(overview.axes[0].get_facecolor()) == "#ffffff"


def test_names_colours_order_and_policies_are_those_of_the_figure(folder):
    look = "names: {UCB1: the first, uniform: dice}, colours: {MOSS: '#123456'}, order: [uniform, UCB1], bounds: none"
    every = drawn(folder, look)
    for name in ("arms", "over"):
        lines = lines_in(every[name].axes[0])
        assert list(lines) == ["dice", "the first", "MOSS"], name
        assert lines["MOSS"].get_color() == "#123456"
        shown = " ".join(labels_in(every[name].axes[0]))
        assert "the first" in shown
        assert "UCB1" not in shown
    assert every["tuned-search"].axes[0].get_title(loc="left") == "the first"
    same = drawn(folder, "bounds: none")
    for name in ("arms", "over"):
        ours = lines_in(same[name].axes[0])
        theirs = lines_in(every[name].axes[0])
        assert ours["UCB1"].get_color() == theirs["the first"].get_color()
        assert [line.get_color() for line in ours.values()] == [
            lines_in(same["arms"].axes[0])[label].get_color() for label in ours
        ]
    for name in ("arms", "over"):
        lines = lines_in(drawn(folder, "experiment: [arms, over], only: [MOSS, UCB1], bounds: none")[name].axes[0])
        assert sorted(lines) == ["MOSS", "UCB1"]


def test_names_stand_at_the_lines_in_a_legend_or_nowhere(folder):
    for labels, at_lines, legend in (("lines", True, False), ("legend", False, True), ("none", False, False)):
        every = drawn(folder, f"labels: {labels}")
        for name in ("arms", "over", "tuned-search"):
            ax = every[name].axes[0]
            assert (len(labels_in(ax)) > 0, ax.get_legend() is not None) == (at_lines, legend), (labels, name)


def test_bounds_over_swept_values_can_be_left_out(folder):
    def bounds(ax):
        return [line for line in ax.get_lines() if "bound" in line.get_label() or "rate" in line.get_label()]

    assert bounds(drawn(folder, "experiment: over")["over"].axes[0])
    assert not bounds(drawn(folder, "experiment: over, bounds: none")["over"].axes[0])


def test_scales_are_those_asked_for(folder):
    asked = {"linear": ("linear", "linear"), "loglog": ("log", "log"), "semilogx": ("log", "linear")}
    for scale, axes in (asked | {"semilogy": ("linear", "log")}).items():
        every = drawn(folder, f"scale: {scale}")
        for name in ("arms", "over"):
            ax = every[name].axes[0]
            assert (ax.get_xscale(), ax.get_yscale()) == axes, (scale, name)


def test_the_name_of_the_y_axis_is_no_taller_than_somebodys_axes(folder):
    results = experiments.load(folder)
    found = findings(results)
    sweep = next(shown for _, shown in found.views if isinstance(shown, SweepResult))
    search = search_figures(found.searches["tuned"])[0]
    drawings = [(draw_sweep, sweep), (draw_experiment, results.experiments["arms"]), (draw_search, search)]
    for draw, shown in drawings:
        for height in (2.4, 3.0, 4.0):
            if draw is draw_search and height < 3.0:
                continue  # its notes below take three lines of ten points
            ax = Canvas(figsize=(4.0, height), layout="constrained").subplots()
            draw(ax, shown)
            ax.figure.draw_without_rendering()
            assert ax.yaxis.label.get_window_extent().height <= ax.bbox.height, (draw, height)


def test_colours_of_a_style_are_those_of_the_lines_and_text_is_read_on_its_paper(folder):
    every = drawn(folder, "style: dark_background, colours: {MOSS: '#000080'}")
    with mpl.style.context("dark_background"):
        cycle = mpl.rcParams["axes.prop_cycle"].by_key()["color"]
    for name in ("arms", "over"):
        lines = lines_in(every[name].axes[0])
        assert (lines["UCB1"].get_color(), lines["MOSS"].get_color()) == (cycle[0], "#000080")
        for artist in every[name].axes[0].get_children():
            for text in artist.texts if isinstance(artist, EndLabels) else ():
                assert luminance(text.get_color()) + 0.05 >= 3.0 * 0.05, "three times as bright as black"
    with mpl.rc_context({"axes.prop_cycle": mpl.cycler(color=["#112233", "#445566", "#778899"])}):
        lines = lines_in(drawn(folder, "bounds: auto")["arms"].axes[0])
    assert [lines[label].get_color() for label in ("UCB1", "MOSS", "uniform")] == ["#112233", "#445566", "#778899"]


def test_a_wide_figure_over_swept_values_has_no_room_for_a_strip(folder):
    canvas = drawn(folder, "experiment: over, width: 180")["over"]
    canvas.draw_without_rendering()
    ax = canvas.axes[0]
    assert len(canvas.axes) == 1
    assert ax.bbox.width > 0.6 * canvas.bbox.width


def test_looks_are_changed_from_the_command_line_and_equal_ones_are_equal_files(folder, tmp_path):
    changes = ["figures.arms.width=3.35 in", "figures.arms.colours=[red, blue, green]", "figures.arms.style=ggplot"]
    canvas = drawn(folder, "experiment: arms", *changes)["arms"]
    assert canvas.get_figwidth() == pytest.approx(3.35)
    assert {line.get_color() for line in lines_in(canvas.axes[0]).values()} == {"red", "blue", "green"}
    found = findings(experiments.load(folder))
    written = [draw_study(found, tmp_path / name, ["svg"]) for name in ("a", "b")]
    assert [path.read_bytes() for path in written[0]] == [path.read_bytes() for path in written[1]]
    drawn(folder, "experiment: arms", *changes[:2])
    plain = draw_study(findings(experiments.load(folder)), tmp_path / "c", ["svg"])
    differ = {
        path.stem for path, other in zip(written[0], plain, strict=True) if path.read_bytes() != other.read_bytes()
    }
    assert differ == {"arms"}, "the others were not spoken of"


def test_fonts_of_a_style_are_those_of_the_files(folder, tmp_path):
    """A family is looked for when a file is written."""
    (tmp_path / "paper.mplstyle").write_text("font.family: serif\nfont.serif: DejaVu Sans Mono\npdf.fonttype: 3\n")
    drawn(folder, f"experiment: arms, style: {tmp_path / 'paper.mplstyle'}")
    name, canvas, parts = next(made for made in _canvases(findings(experiments.load(folder)), "") if made[0] == "arms")
    with style(_style_of(parts)):
        (content,) = save(canvas, tmp_path / f"{name}.pdf")
    assert b"DejaVuSansMono" in content
    assert b"DejaVuSans-" not in content.replace(b"DejaVuSans-Oblique", b"")


def test_what_is_said_of_swept_values_holds_for_their_points_on_the_page():
    said = Look(
        experiment="over", scale="linear", width=85.0, names={"UCB1": "first"}, quantity="ratio", over="horizon"
    )
    point = _look(said, "over-horizon=50")
    assert (point.scale, point.width, point.names, point.quantity) == ("linear", 85.0, {"UCB1": "first"}, "regret")
    assert (point.experiment, point.name, point.over, point.title) == ("over-horizon=50", "over-horizon=50", "", "")


def test_colours_may_be_an_array_of_numpy():
    given = np.array([[0.0, 0.0, 1.0], [1.0, 0.0, 0.0]])
    assert Look(experiment="arms", colours=given).colours == ["#0000ff", "#ff0000"]


def test_what_is_not_told_apart_at_the_last_value_is_bracketed(folder):
    results = experiments.load(folder)
    found = next(shown for _, shown in findings(results).views if isinstance(shown, SweepResult))
    last = found.experiments[-1]
    twins = {"MOSS": {name: values[::-1] for name, values in last.series["UCB1"].items()}}
    ax = Canvas().subplots()
    draw_sweep(ax, replace(found, experiments=(*found.experiments[:-1], replace(last, series=last.series | twins))))
    (labels,) = (artist for artist in ax.get_children() if isinstance(artist, EndLabels))
    (group,) = labels._groups
    assert sorted(labels.texts[i].get_text().partition("\n")[0] for i in group) == ["MOSS", "UCB1"]


def test_shades_are_where_most_runs_are(folder):
    """Quantiles of the runs in place of a band of the mean, which is within them; the y axis has room for them."""
    ax = drawn(folder, "experiment: arms, shade: runs")["arms"].axes[0]
    result = experiments.load(folder).experiments["arms"]
    for i, label in enumerate(["UCB1", "MOSS", "uniform"]):
        (shade,) = (c for c in ax.collections if str(c.get_gid()).endswith(f"-{i}-1"))
        runs = result.band(label, 0.95).samples
        ends = [vertex[1] for vertex in shade.get_paths()[0].vertices if vertex[0] == result.time("")[-1]]
        assert (min(ends), max(ends)) == pytest.approx(tuple(np.quantile(runs[:, -1], (0.05, 0.95))))
        assert max(ends) <= ax.get_ylim()[1]
    assert "shade: 90 % of runs" in "".join(t.get_text() for t in ax.texts)
