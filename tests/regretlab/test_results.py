"""What a result gives: numbers, tables, figures, verdicts."""

import re

import matplotlib as mpl
import numpy as np
import pytest
from matplotlib import pyplot
from matplotlib.figure import Figure

import regretlab as rl
from experiments.analysis.statistics import mean_band
from experiments.report.labels import EndLabels


@pytest.fixture(scope="module")
def result():
    return rl.compare(
        [rl.UCB1(), rl.Uniform()],
        rl.BernoulliArms([0.2, 0.8], horizon=1000),
        replicates=8,
        checkpoints=30,
        seed=2,
        jobs=1,
        progress=False,
    )


@pytest.fixture(scope="module")
def results():
    study = {
        "name": "pair/of",
        "seed": 1,
        "checkpoints": 20,
        "replicates": 6,
        "horizon": 100,
        "policies": ["ucb1", "uniform"],
        "experiments": [
            {"name": "easy", "environment": {"name": "bernoulli", "parameters": {"means": [0.1, 0.9]}}},
            {"name": "hard", "environment": {"name": "bernoulli", "parameters": {"means": [0.5, 0.6]}}},
        ],
    }
    return rl.run(study, jobs=1, progress=False)


@pytest.fixture(autouse=True)
def _no_figure_left():
    yield
    pyplot.close("all")


def test_what_it_is_of(result):
    assert result.policies == ("UCB1", "Uniform")
    assert (result.times[0], result.times[-1]) == (1, 1000)
    assert result.regrets[0] == result.curves.regrets[0].name
    assert result.title == "BernoulliArms"


def test_regret_is_what_the_best_earns_more(result):
    curves = result.curves
    definition = curves.regrets[0]
    expected = curves.comparators[definition.comparator] - curves.series["UCB1"][definition.series]
    np.testing.assert_array_equal(result.regret("UCB1"), expected)
    for name in result.regrets:
        assert result.regret("Uniform", name).shape == (8, len(result.times))


def test_a_value_is_exact_at_recorded_times_and_linear_between(result):
    mean = result.regret("UCB1").mean(axis=0)
    for i, time in enumerate(result.times):
        assert result.value("UCB1", at=int(time)) == pytest.approx(mean[i], rel=1e-15)
    assert result.value("UCB1") == result.value("UCB1", at=1000)
    i = int(np.argmax(np.diff(result.times)))
    first, last = result.times[i : i + 2]
    for time in (first + 1, (first + last) / 2):
        expected = np.interp(time, [first, last], mean[i : i + 2])
        assert result.value("UCB1", at=time) == pytest.approx(expected, rel=1e-12)


def test_an_interval_is_that_of_the_mean(result):
    band = mean_band(result.regret("Uniform"), 0.95)
    found = result.interval("Uniform")
    assert (found.value, found.low, found.high) == pytest.approx((band.mean[-1], band.low[-1], band.high[-1]))
    assert found.value == result.value("Uniform")
    between = result.interval("Uniform", at=137)
    assert between.low < between.value == result.value("Uniform", at=137) < between.high


def test_an_unknown_policy_gives_the_nearest(result):
    for ask in (result.value, result.interval, result.regret, result.bounds):
        with pytest.raises(
            ValueError, match=r"comparison has no policy 'ucb' .did you mean 'UCB1'..; there are UCB1, Uniform"
        ):
            ask("ucb")


@pytest.mark.parametrize("at", [0, 0.5, 1001, "10", True, float("nan")])
def test_a_time_outside_of_the_run(result, at):
    with pytest.raises(ValueError, match=r"at must be a finite number in \[1, 1000\], got"):
        result.value("UCB1", at=at)


def test_an_unknown_regret_definition(result):
    for ask in (result.regret, result.value):
        with pytest.raises(ValueError, match="no regret definition 'x'"):
            ask("UCB1", regret="x")
    with pytest.raises(ValueError, match="no regret definition 'x'"):
        result.plot(regret="x")


def test_bounds_are_above_the_curve(result):
    (bound,) = [b for b in result.bounds("UCB1") if b.kind == "upper"]
    assert np.all(bound.curve(result.times.astype(float)) >= result.regret("UCB1").mean(axis=0))
    assert result.bounds("Uniform") == []


def test_check(result):
    found = result.check()
    assert not found.failed
    (verdict,) = found
    assert (verdict.policy, verdict.result, verdict.typical, found[0]) == ("UCB1", "undecided", "holds", verdict)
    assert "?    comparison · UCB1 · " in repr(found)
    assert "8 replicates are too few to be certain, about " in verdict.text
    assert "UCB1 is typically below Uniform" in repr(found)
    assert repr(rl.check(result)) == repr(found)


def test_tables(result):
    first, second = result.table()
    assert (first["policy"], second["policy"]) == ("UCB1", "Uniform")
    assert first["regret"] == pytest.approx(result.value("UCB1"))
    assert "Uniform" in result.latex()


def test_frame_and_xarray(result):
    pytest.importorskip("pandas")
    pytest.importorskip("xarray")
    frame = result.frame()
    last = frame[(frame["policy"] == "UCB1") & (frame["time"] == 1000)]
    assert last["regret"].mean() == pytest.approx(result.value("UCB1"))
    data = result.xarray()[f"regret_{result.regrets[0]}"]
    assert float(data.sel(policy="Uniform", round=1000).mean()) == pytest.approx(result.value("Uniform"))


def test_a_figure_of_its_own_is_in_our_style(result, tmp_path):
    before = dict(mpl.rcParams)
    ax = result.plot()
    assert dict(mpl.rcParams) == before
    assert next(iter(ax.get_legend_handles_labels()[1])).startswith("UCB1: ")
    assert not ax.spines["top"].get_visible()
    ax.figure.savefig(tmp_path / "a.png")
    assert (tmp_path / "a.png").read_bytes()[:4] == b"\x89PNG"


def test_axes_of_the_users_keep_the_users_style(result):
    with mpl.rc_context({"font.size": 17.0, "axes.spines.top": True}):
        before = dict(mpl.rcParams)
        _, (ax, other) = pyplot.subplots(1, 2)
        assert result.plot(ax=ax, regret=result.regrets[-1]) is ax
        assert dict(mpl.rcParams) == before
    assert ax.get_lines()
    assert not other.get_lines()
    assert ax.spines["top"].get_visible()
    ax.figure.draw_without_rendering()
    (labels,) = [artist for artist in ax.get_children() if isinstance(artist, EndLabels)]
    boxes = [text.get_window_extent() for text in labels.texts]
    assert boxes
    for box in boxes:  # nothing outside, where another plot may be
        assert ax.bbox.x0 <= box.x0 <= box.x1 <= ax.bbox.x1
        assert ax.bbox.y0 <= box.y0 <= box.y1 <= ax.bbox.y1


def test_it_says_in_words_what_came_out(result):
    text = repr(result)
    assert text.startswith("BernoulliArms. ")
    assert "lowest for UCB1" in text
    assert "UCB1 is typically below Uniform, which 8 replicates are too few to guarantee." in text
    assert "Bounds: 1 undecided (1 typically holds)" in text


def test_it_shows_itself_in_notebooks(result):
    page = result._repr_html_()
    assert page.count("<svg") == page.count("<table>") == 1
    assert "<td>UCB1</td>" in page
    assert "<th>typical 95 % interval</th><th>guaranteed 95 % interval</th>" in page


def test_guaranteed_intervals_are_those_of_the_table(result):
    page = result._repr_html_()
    for row in result.table():
        sure = result.guaranteed(row["policy"])
        assert (sure.value, sure.low, sure.high) == (row["regret"], row["guaranteed_low"], row["guaranteed_high"])
        assert f"<td>{sure.low:.4g} to {sure.high:.4g}</td>" in page
    with pytest.raises(ValueError, match=r"no policy 'UCB' .did you mean 'UCB1'"):
        result.guaranteed("UCB")
    with pytest.raises(ValueError, match="no regret definition 'x'"):
        result.guaranteed("UCB1", regret="x")


@pytest.mark.parametrize(
    ("replicates", "said"), [(1, "Means of 1 replicate, too few for bands"), (4, "4 replicates, too few for bands")]
)
def test_few_replicates_are_told_in_words(replicates, said, tmp_path):
    few = rl.compare(
        [rl.UCB1(), rl.MOSS()], rl.BernoulliArms([0.4, 0.8], horizon=500), replicates=replicates, jobs=1, progress=False
    )
    page, text = few.report(tmp_path / "page.html").read_text(encoding="utf-8"), repr(few.check())
    assert said in page
    assert "simultaneous" not in page
    assert "nan" not in text
    if replicates == 1:
        assert "1 replicate is too few to be certain" in text
        assert ", one replicate tells no more; guaranteed [" in text


def test_a_report(result, tmp_path):
    page = result.report(tmp_path / "page.html").read_text(encoding="utf-8")
    assert "BernoulliArms" in page


def test_results_of_a_study(results, tmp_path):
    assert list(results) == ["easy", "hard"]
    assert results["easy"].policies == ("ucb1", "uniform")
    assert len(results.check()) == sum(len(result.check()) for result in results.values())
    assert {verdict.experiment for verdict in results["hard"].check()} == {"hard"}
    assert repr(results).startswith(
        "pair/of. easy: lowest regret for ucb1. hard: lowest regret for ucb1. Bounds: 2 hold."
    )
    assert results._repr_html_().count("<svg") == 2
    with pytest.raises(KeyError, match=r"pair/of has no experiment 'esy' .did you mean 'easy'"):
        results["esy"]
    assert results.report(tmp_path / "page.html").is_file()
    files = results.plot(tmp_path / "figures")
    assert {file.suffix for file in files} == {".png"}
    assert len(files) == 3


def test_a_result_with_a_single_replicate():
    result = rl.compare([rl.UCB1()], rl.BernoulliArms([0.2, 0.8], horizon=50), replicates=1, jobs=1, progress=False)
    assert np.isnan(result.interval("UCB1").low)
    assert "UCB1" in repr(result)
    assert "<svg" in result._repr_html_()


def test_a_legend_can_be_left_out_and_a_title_replaced(result):
    ax = Figure().subplots()
    result.plot(ax=ax)
    assert ax.get_legend() is None
    assert any(isinstance(artist, EndLabels) for artist in ax.get_children())
    assert ax.get_title() == "BernoulliArms"
    ax.set_title("mine")
    assert [ax.get_title(loc=where) for where in ("left", "center", "right")] == ["", "mine", ""]
    assert len(labels_of(result.plot())) > 0
    assert result.plot(labels="legend").get_legend() is not None
    bare = result.plot(labels="none")
    assert bare.get_legend() is None
    assert labels_of(bare) == []


def labels_of(ax):
    """The texts at the ends of the lines."""
    return [t.get_text() for artist in ax.get_children() if isinstance(artist, EndLabels) for t in artist.texts]


def test_a_figure_is_as_wide_and_high_as_a_paper_wants_it(result, tmp_path):
    ax = result.plot(width=85, height="6 cm", font={"family": "DejaVu Serif", "size": 7}, grid=False)
    assert ax.figure.get_size_inches() * 25.4 == pytest.approx([85.0, 60.0])
    assert ax.xaxis.label.get_fontsize() == 7.0
    assert ax.xaxis.label.get_fontfamily() == ["DejaVu Serif"]
    assert not ax.xaxis.get_gridlines()[0].get_visible()
    ax.figure.savefig(tmp_path / "a.png", dpi=100)
    assert mpl.image.imread(tmp_path / "a.png").shape[:2] == (236, 334)
    wide = result.plot(width="7 in")
    assert wide.figure.get_figwidth() == pytest.approx(7.0)
    assert wide.xaxis.label.get_fontsize() == 8.0


def test_policies_are_chosen_ordered_named_and_coloured(result):
    first, *others = result.policies
    ax = result.plot(only=[first])
    assert [t.split(":")[0].split("\n")[0] for t in labels_of(ax) if t.startswith(tuple(result.policies))] == [first]
    for order in (result.policies, result.policies[::-1]):
        ax = result.plot(order=order, labels="legend", bounds="none")
        shown = [t.get_text().split(":")[0] for t in ax.get_legend().get_texts()]
        assert shown == list(order)
    colours = {first: "#123456"}
    ax = result.plot(names={first: "the first"}, colours=colours, bounds="none")
    assert any(t.startswith("the first") for t in labels_of(ax))
    (line,) = [line for line in ax.get_lines() if line.get_label().startswith("the first")]
    assert line.get_color() == "#123456"
    plain = result.plot(bounds="none")
    same = [line.get_color() for line in plain.get_lines() if line.get_label().startswith(tuple(others))]
    assert same == [line.get_color() for line in ax.get_lines() if line.get_label().startswith(tuple(others))]


def test_a_style_of_matplotlib_is_laid_over_ours(result):
    ax = result.plot(style="ggplot")
    assert mpl.colors.to_hex(ax.get_facecolor()) == "#e5e5e5"
    assert mpl.colors.to_hex(result.plot().get_facecolor()) == "#ffffff"


def test_equal_looks_are_equal_files(result, tmp_path):
    for name in ("a", "b"):
        ax = result.plot(width=85, font=7, colours=["tab:red", "tab:blue"], labels="legend")
        ax.figure.savefig(tmp_path / f"{name}.png", metadata={"Software": None})
    assert (tmp_path / "a.png").read_bytes() == (tmp_path / "b.png").read_bytes()
    result.plot(width=86, font=7, colours=["tab:red", "tab:blue"], labels="legend").figure.savefig(
        tmp_path / "c.png", metadata={"Software": None}
    )
    assert (tmp_path / "a.png").read_bytes() != (tmp_path / "c.png").read_bytes()


@pytest.mark.parametrize(
    ("given", "what"),
    [
        ({"policies": "UCB1"}, "policies must be a list of labels, got the text 'UCB1': write ['UCB1']"),
        ({"only": "UCB1"}, "only must be a list of labels, got the text 'UCB1': write ['UCB1']"),
        ({"only": ["UCB1"], "policies": ["UCB1"]}, "only is another word for policies: give one of them"),
        ({"order": ["UCB2"]}, "has no policy 'UCB2' (did you mean 'UCB1'?)"),
        ({"names": {"UCB2": "mine"}}, "has no policy 'UCB2' (did you mean 'UCB1'?)"),
        ({"colours": {"UCB2": "red"}}, "has no policy 'UCB2' (did you mean 'UCB1'?)"),
        ({"colours": ["redd"]}, "colours 0 must be a colour such as 'tab:blue', '#0072B2' or '0.5', got 'redd'"),
        ({"bounds": "stripe"}, "bounds must be 'auto', 'curves', 'strip', 'both' or 'none', got 'stripe'"),
        ({"labels": "line"}, "labels must be 'lines', 'legend' or 'none', got 'line'"),
        (
            {"width": 3.35},
            "width must be between 20 and 1000 mm, got 3.35: a number is millimetres, so write",
        ),
        ({"font": {"size": 99}}, "font.size must be less than or equal to 30, got 99"),
        ({"style": "ggplut"}, "style: no style of matplotlib and no file is called 'ggplut' (did you mean 'ggplot'?)"),
        ({"ax": Figure().subplots(), "width": 85}, "width is of a figure of its own: with ax, set it on your figure"),
        ({"ax": Figure().subplots(), "style": "ggplot"}, "style is of a figure of its own"),
        ({"ax": Figure()}, "ax must be one pair of axes of matplotlib, got Figure"),
        ({"ax": Figure().subplots(1, 2)}, "ax must be one pair of axes of matplotlib, got ndarray"),
        ({"ax": Figure().add_subplot(projection="polar")}, "got PolarAxes: give one of them, no polar or 3d ones"),
        ({"names": "UCB1"}, "names must be a valid dictionary, got 'UCB1'"),
    ],
)
def test_what_cannot_be_plotted_is_told(result, given, what):
    with pytest.raises(ValueError, match=re.escape(what)):
        result.plot(**given)
