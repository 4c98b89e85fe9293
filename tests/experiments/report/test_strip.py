"""The theorem strip: what each row says, and where its dot, bar and lines stand."""

import itertools
import re
from dataclasses import replace

import matplotlib as mpl
import numpy as np
import pytest
from matplotlib.figure import Figure
from matplotlib.patches import Polygon

import regretlab as rl
from bandits.contract import Assumption, Bound
from experiments.report.colours import GREY, look
from experiments.report.curves import _label, draw_experiment
from experiments.report.figures import compose
from experiments.report.labels import EndLabels
from experiments.report.strip import FAILED, draw_strip, merged, percent, rows_of, worst_of
from experiments.report.style import curve_id
from experiments.study.model import Figure as Look

LABELS = ("UCB1", "MOSS", "Uniform")


@pytest.fixture(scope="module")
def result():
    arms = rl.BernoulliArms([0.2, 0.8], horizon=400)
    return rl.compare([rl.UCB1(), rl.MOSS(), rl.Uniform()], arms, replicates=8, jobs=1, progress=False).curves


def bound(times, name="theorem", kind="upper", **about):
    """A rate that is so many times 100 at the horizon."""
    return Bound(name, kind, lambda t: times * 100.0 * (t / 400.0) ** 0.3, "fixed", "a lecture", "exact", **about)


def with_bounds(result, *bounds, lower=(), **others):
    """The same curves under other theorems: UCB1's in place of its own, and no other."""
    (own,) = {b.comparator_class for of in result.bounds.values() for b in of} or {"fixed"}
    given = {"UCB1": bounds, **others}
    about = {label: tuple(replace(b, comparator_class=own) for b in given.get(label, ())) for label in LABELS}
    return replace(result, bounds=about, lower_bounds=tuple(replace(b, comparator_class=own) for b in lower))


def row(result, *bounds):
    (found,) = rows_of(with_bounds(result, *bounds), ["UCB1"], 0.95)
    return found


def test_the_remark_is_the_share_or_why_there_is_none(result):
    final = result.final("UCB1", 0.95).value
    assert row(result).remark() == "no bound"
    assert row(result, bound(1.0)).remark() == percent(final / 100.0)
    assert row(result, bound(1.0), bound(0.8)).remark() == percent(final / 80.0), "of the lowest that applies"
    fails = bound(0.5, assumptions=(Assumption("rewards are Gaussian (these are not)", False),))
    assert row(result, fails).remark() == "needs: rewards are Gaussian"
    assert row(result, fails, bound(1.0)).remark() == percent(final / 100.0)
    assert row(result, bound(1.0, kind="order")).remark() == "rate"
    assert row(result, bound(1.0, time="asymptotic")).remark() == "rate"
    assert row(result, bound(1.0, delta=0.05)).remark() == f"{percent(final / 100.0)}, w.p. .95"
    assert row(result, bound(1.0, data_dependent=True)).remark() == f"{percent(final / 100.0)}, data"
    assert row(result, bound(4.0)).remark() == "vacuous"


def test_vacuous_is_what_is_past_the_worst_play(result):
    assert worst_of(result) == pytest.approx(0.6 * 400)
    assert row(result, bound(2.39)).marks[0].vacuous is False
    assert row(result, bound(2.41)).marks[0].vacuous is True


def test_a_curve_above_its_bound_is_told_though_it_ends_below(result):
    final = result.final("UCB1", 0.95).value
    late = Bound("late", "upper", lambda t: np.where(t < 50, 0.01 * t, 10.0 * t), "fixed", "a lecture", "exact")
    found = row(result, late)
    assert final < 4000.0
    assert found.broken
    assert int(found.remark().split()[0]) > 100
    assert not row(result, replace(late, time="at the horizon")).broken
    assert not row(result, bound(1.0)).broken


def test_shares_are_written_as_scientists_do():
    assert [percent(x) for x in (0.0, 0.0005, 0.012, 0.1249, 0.996, 1.77, -0.067)] == [
        "0 %",
        "< 0.1 %",
        "1.2 %",
        "12 %",
        "100 %",
        "177 %",
        "-6.7 %",
    ]


def strip_of(result, labels=LABELS):
    ax = Figure((3.0, 1.0)).subplots()
    looks = {label: look(place) for place, label in enumerate(labels)}
    draw_strip(ax, result, rows_of(result, labels, 0.95), looks, part="part")
    return ax


def artists(ax, policy):
    """Those of a policy, by the pattern of their ids."""
    pattern = re.compile(curve_id("part", policy, "[0-9]+"))
    return [a for a in ax.findobj() if a.get_gid() and pattern.fullmatch(a.get_gid())]


def test_a_row_is_a_dot_a_bar_out_to_the_bound_a_name_and_a_remark(result):
    shown = with_bounds(result, bound(1.0))
    ax, final = strip_of(shown), shown.final("UCB1", 0.95)
    parts = artists(ax, 0)
    lines = [a for a in parts if hasattr(a, "get_xdata")]
    spans = [np.asarray(line.get_xdata()).tolist() for line in lines]
    assert pytest.approx([final.value, 100.0]) in spans, "the bar"
    assert [100.0] in spans, "its end"
    assert pytest.approx([final.low, final.high]) in spans
    (dot,) = [line for line in lines if line.get_marker() == look(0).marker]
    assert list(dot.get_xdata()) == [final.value]
    texts = [a.get_text() for a in parts if hasattr(a, "get_text")]
    assert texts == ["UCB1", percent(final.value / 100.0)]
    assert len({np.mean(line.get_ydata()) for line in lines}) == 1
    heights = {label: text.get_position()[1] for label in LABELS for text in ax.texts if text.get_text() == label}
    assert heights["UCB1"] < heights["MOSS"] < heights["Uniform"], "on an axis that points down"
    assert ax.yaxis_inverted()


def test_what_fails_is_grey_and_lowest_and_hides_nothing_of_the_same_values(result):
    fails = bound(1.0, assumptions=(Assumption("it holds", False),))
    for order in ((fails, bound(1.0, "good")), (bound(1.0, "good"), fails)):
        ax = strip_of(with_bounds(result, *order))
        bars = {line.get_color(): line for line in artists(ax, 0) if len(getattr(line, "get_xdata", list)()) == 2}
        assert bars[GREY].get_zorder() < bars[look(0).colour].get_zorder()
        over_time = Figure().subplots()
        draw_experiment(over_time, with_bounds(result, *order), figure=Look(experiment="x", bounds="both"))
        grey, good = (
            next(line for line in over_time.get_lines() if line.get_label().startswith(name))
            for name in ("theorem (assumption fails", "good")
        )
        assert grey.get_color() == GREY
        assert good.get_color() == look(0).colour
        assert np.array_equal(grey.get_ydata(), good.get_ydata())
        assert grey.get_zorder() < good.get_zorder()


def test_a_bound_that_is_violated_is_red(result):
    ax = strip_of(with_bounds(result, bound(0.01)))
    (remark,) = [a for a in artists(ax, 0) if hasattr(a, "get_text") and a.get_text() != "UCB1"]
    assert int(remark.get_text().split()[0]) > 100
    assert (remark.get_color(), remark.get_fontweight()) == (FAILED.lower(), "bold")


def test_what_is_known_up_to_a_constant_is_a_wedge_from_its_value(result):
    lower = bound(0.1, "lower rate", kind="order")
    ax = strip_of(with_bounds(result, bound(0.5, kind="order"), lower=[lower]))
    own, environment = [patch for patch in ax.patches if isinstance(patch, Polygon)]
    at = (ax.transAxes + ax.transData.inverted()).transform
    assert at((own.get_xy()[0, 0], 0.0))[0] == pytest.approx(50.0)
    assert at((environment.get_xy()[0, 0], 0.0))[0] == pytest.approx(10.0)
    assert own.get_alpha() < 0.5
    assert environment.get_alpha() < 0.5
    assert own.get_xy()[1, 0] > own.get_xy()[0, 0], "it opens to what is larger"
    assert "lower rate" in [text.get_text() for text in ax.texts]


def test_lower_bounds_and_worst_play_are_lines_with_a_name(result):
    ax = strip_of(with_bounds(result, bound(3.0), lower=[bound(0.1, "least", kind="lower")]))
    upright = {
        line.get_xdata()[0] for line in ax.get_lines() if len(set(line.get_xdata())) == 1 < len(line.get_xdata())
    }
    assert sorted(upright) == pytest.approx([10.0, 240.0])
    assert {"least", "worst play"} <= {text.get_text() for text in ax.texts}
    names = [text for text in ax.texts if text.get_text() in ("least", "worst play")]
    assert len({text.xyann[1] for text in names}) == 2, "one above the other"


def test_red_is_what_is_above_by_more_than_chance(result):
    final = result.final("UCB1", 0.95)
    near = row(result, bound(0.999 * final.value / 100.0, time="at the horizon"))
    assert near.remark() == "100 %"
    assert near.marks[0].share > 1.0
    assert not near.broken
    assert row(result, bound(0.01, time="at the horizon")).broken


def test_bounds_of_one_value_have_one_name():
    exact, rate = bound(1.0, "exact"), bound(1.0, "rate of it", time="asymptotic")
    assert merged([(100.0, exact), (100.0, rate), (7.0, rate)]) == [
        (100.0, "exact, rate of it", False),
        (7.0, "rate of it", True),
    ]


def test_no_two_lines_of_a_figure_are_of_one_colour_and_dash(result):
    bounds = [bound(0.2 + 0.01 * i, f"theorem {i}") for i in range(4)]
    loose = [bound(0.3 + 0.01 * i, f"rate {i}", kind="order") for i in range(3)]
    fails = [bound(0.4 + 0.01 * i, f"fails {i}", assumptions=(Assumption("it holds", False),)) for i in range(4)]
    lower = [bound(0.05 + 0.01 * i, f"least {i}", kind="lower") for i in range(3)]
    ax = Figure().subplots()
    shown = with_bounds(result, *bounds, *loose, *fails[:2], lower=lower, MOSS=[*bounds[:2], *fails[2:]])
    draw_experiment(ax, shown, figure=Look(experiment="x", bounds="both"))
    lines = [line for line in ax.get_lines() if ": " in line.get_label()]
    assert len(lines) == 3 + 4 + 3 + 4 + 3 + 2
    looks = {(line.get_color(), str(line._unscaled_dash_pattern), line.get_marker()) for line in lines}
    assert len(looks) == len(lines)


def labels_at(ax):
    (labels,) = [child for child in ax.get_children() if isinstance(child, EndLabels)]
    return [" ".join(text.get_text().split()) for text in labels.texts]


def test_curves_that_coincide_have_one_label(result):
    shown = with_bounds(result, bound(0.3, "Thompson's rate", time="asymptotic"), lower=[bound(0.3, "Lai-Robbins")])
    ax = Figure().subplots()
    draw_experiment(ax, shown)
    assert sum("Lai-Robbins" in text for text in labels_at(ax)) == 1
    assert "Thompson's rate, Lai-Robbins" in labels_at(ax)


def test_the_axis_is_logarithmic_where_values_are_far_apart_and_holds_every_dot(result):
    assert strip_of(with_bounds(result, bound(0.5)), ["UCB1"]).get_xscale() == "linear"
    ax = strip_of(with_bounds(result, bound(1000.0)))
    assert ax.get_xscale() == "log"
    low, high = ax.get_xlim()
    assert all(low < result.final(label, 0.95).value < 1e5 < high for label in LABELS)
    beyond = strip_of(with_bounds(result, bound(1e9)))
    assert beyond.get_xlim()[1] < 1e6
    assert any(line.get_marker() == ">" for line in artists(beyond, 0)), "an arrow"


def test_regret_below_zero_has_its_place(result):
    series = {
        **result.series,
        "UCB1": {k: v + 500.0 * (result.times / 400.0) for k, v in result.series["UCB1"].items()},
    }
    shown = replace(with_bounds(result, bound(1000.0)), series=series)
    assert shown.final("UCB1", 0.95).value < -400.0
    ax = strip_of(shown)
    assert ax.get_xscale() == "symlog"
    ax.figure.draw_without_rendering()
    first, last = ax.get_xlim()
    numbers = [t.label1.get_window_extent() for t in ax.xaxis.get_major_ticks() if first <= t.get_loc() <= last]
    assert len(numbers) >= 2
    assert all(one.x1 < other.x0 for one, other in itertools.pairwise(numbers)), "they do not touch"
    assert ax.get_xlim()[0] < shown.final("UCB1", 0.95).value
    assert ax.get_xlim()[1] > 1e5


def composed(result, **look):
    canvas = Figure(layout="constrained")
    (ax,) = compose(canvas, [(Look(name="part", experiment="x", **look), result)])
    return canvas, ax, [other for other in canvas.axes if other is not ax]


def test_there_is_a_strip_where_a_policy_has_a_bound_and_it_is_wanted(result):
    some, none = with_bounds(result, bound(1.0)), with_bounds(result)
    for bounds, strips in (("auto", 1), ("both", 1), ("strip", 1), ("curves", 0), ("none", 0)):
        _, ax, others = composed(some, bounds=bounds)
        assert len(others) == strips
        assert any(line.get_label().startswith("theorem") for line in ax.get_lines()) == (
            bounds in ("auto", "both", "curves")
        ), bounds
    assert composed(none)[2] == []
    assert composed(some, quantity="cost")[2] == []


def test_bounds_far_above_live_in_the_strip_and_do_not_squash_the_curves(result):
    _, plain, _ = composed(with_bounds(result))
    _, ax, (strip,) = composed(with_bounds(result, bound(1000.0), MOSS=[bound(1.2)]))
    top = max(np.nanmax(line.get_ydata()) for line in plain.get_lines())
    assert ax.get_ylim()[1] <= 1.2 * plain.get_ylim()[1]
    assert [line.get_label().split(" (")[0] for line in ax.get_lines() if "theorem" in line.get_label()] == ["theorem"]
    assert top < 150.0 < 1e5 < strip.get_xlim()[1]


def test_a_strip_is_below_in_a_column_and_beside_on_a_page(result):
    shown = with_bounds(result, bound(1.0))
    for width, beside in ((85, False), (180, True)):
        canvas, ax, (strip,) = composed(shown, width=width)
        canvas.draw_without_rendering()
        assert canvas.get_size_inches()[0] == pytest.approx(width / 25.4)
        one, other = ax.get_position(), strip.get_position()
        assert (other.x0 > one.x1) == beside
        assert (other.y1 < one.y0) == (not beside)
        everything = canvas.get_tightbbox()
        assert everything.x0 >= -0.02
        assert everything.x1 <= width / 25.4 + 0.02, "nothing is cut off"


def test_a_figure_that_is_asked_to_be_low_has_no_strip_below_if_not_asked_for(result):
    shown = with_bounds(result, bound(1.0))
    for height, bounds, strips in ((60, "auto", 0), (60, "both", 1), (110, "auto", 1)):
        canvas, _, found = composed(shown, width=85, height=height, bounds=bounds)
        assert len(found) == strips
        assert canvas.get_size_inches()[1] == pytest.approx(height / 25.4)
    assert len(composed(shown, width=180, height=60)[2]) == 1, "beside there is room"


def test_on_somebody_s_axes_there_is_a_strip_where_they_hand_some(result):
    canvas = Figure((6.0, 4.0))
    mine, other, free = canvas.subplots(3, 1)
    before = [ax.get_position().bounds for ax in canvas.axes]
    draw_experiment(mine, with_bounds(result, bound(1.0)), strip=free)
    assert [ax.get_position().bounds for ax in canvas.axes] == before
    assert canvas.get_layout_engine() is None
    assert tuple(canvas.get_size_inches()) == (6.0, 4.0)
    assert not other.get_lines()
    assert "UCB1" in [text.get_text() for text in free.texts]
    assert len(canvas.axes) == 3


def test_names_order_and_colours_are_those_asked_for(result):
    shown = with_bounds(result, bound(1.0))
    _, ax, (strip,) = composed(shown, names={"UCB1": "optimism"}, order=["Uniform"], colours={"MOSS": "tab:red"})
    lines = [line for line in ax.get_lines() if ": " in line.get_label()]
    assert [line.get_label().split(":")[0] for line in lines][:3] == ["Uniform", "MOSS", "optimism"] or [
        line.get_label().split(":")[0] for line in lines
    ][:3] == ["Uniform", "optimism", "MOSS"]
    assert lines[0].get_zorder() > lines[1].get_zorder()
    assert {line.get_color() for line in lines if line.get_label().startswith("MOSS")} == {"tab:red"}
    assert "optimism" in [text.get_text() for text in strip.texts]
    assert not any("UCB1" in text for text in labels_at(ax))


@pytest.mark.parametrize("value", [0.0, np.inf, np.nan, -5.0, 1e-300])
@pytest.mark.parametrize("scale", ["auto", "loglog", "semilogy"])
def test_bounds_of_any_value_are_drawn(result, value, scale):
    odd = replace(bound(1.0), curve=lambda t: value + 0.0 * t)
    shown = with_bounds(result, odd, lower=[replace(odd, kind="lower")])
    canvas, _, strips = composed(shown, scale=scale, bounds="both")
    canvas.draw_without_rendering()
    assert len(strips) == 1


def test_where_a_logarithm_has_nothing_to_show_the_axis_is_linear(result):
    definition = result.definition()
    best = {definition.series: result.comparators[definition.comparator]}
    none = replace(result, series={label: {**metrics, **best} for label, metrics in result.series.items()})
    canvas, ax, _ = composed(none, scale="loglog")
    canvas.draw_without_rendering()
    assert (ax.get_xscale(), ax.get_yscale()) == ("log", "linear")


def test_a_bound_that_leaves_the_axes_keeps_its_name_and_one_beyond_leaves_the_layout_alone(result):
    far = [bound(300.0), bound(500.0, "at the end", time="at the horizon"), bound(0.001, "below")]
    canvas = Figure(layout="constrained")
    (ax,) = compose(canvas, [(Look(experiment="fixed", bounds="curves", scale="linear"), with_bounds(result, *far))])
    canvas.draw_without_rendering()
    assert ax.bbox.width > 0.3 * canvas.bbox.width
    (labels,) = (artist for artist in ax.get_children() if isinstance(artist, EndLabels))
    said = {text.get_text() for text in labels.texts}
    assert "below" in said
    assert ("theorem ↑" in said) == (float(far[0].curve(np.array([1.0]))[0]) < ax.get_ylim()[1])
    assert not [text for text in said if text.startswith("at the end")], "nothing of it is seen"


def test_names_in_wide_letters_take_no_more_room():
    wide = _label("\uff21" * 40, "12 ± 3", 22).split("\n")
    assert wide == ["\uff21" * 10 + "…", "12 ± 3"]


def test_a_figure_that_the_user_has_set_low_has_no_strip(result):
    with mpl.rc_context({"figure.figsize": (3.3, 2.2)}):
        canvas = Figure(layout="constrained")
        compose(canvas, [(None, with_bounds(result, bound(1.0)))])
    assert len(canvas.axes) == 1
    assert canvas.get_size_inches().tolist() == [3.3, 2.2]
