"""Labels at the ends of lines: none covers another, each is near its line, brackets join what is not told apart."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from matplotlib.figure import Figure
from scipy.optimize import minimize

from experiments.report.labels import End, EndLabels, columns, runs, spread


@given(st.lists(st.tuples(st.floats(0, 100), st.floats(1, 9)), min_size=1, max_size=12))
def test_boxes_do_not_overlap_and_keep_their_order(boxes):
    wanted, heights = map(np.array, zip(*boxes, strict=True))
    found = spread(wanted, heights, 0.0, 110.0)
    order = np.argsort(found)
    low, high = (found - heights / 2)[order], (found + heights / 2)[order]
    assert np.all(low[1:] >= high[:-1] - 1e-9)
    assert low[0] >= -1e-9
    assert high[-1] <= 110.0 + 1e-9
    assert np.all(np.diff(wanted[order]) >= -1e-9)


def test_they_are_moved_as_little_as_can_be():
    rng = np.random.default_rng(3)
    for _ in range(5):
        wanted, heights = np.sort(rng.uniform(10, 90, 6)), rng.uniform(4, 12, 6)
        apart = {"type": "ineq", "fun": lambda x, h=heights: np.diff(x) - (h[1:] + h[:-1]) / 2}
        ends = [(height / 2, 100 - height / 2) for height in heights]
        best = minimize(lambda x, w=wanted: np.sum((x - w) ** 2), wanted, constraints=apart, bounds=ends, tol=1e-10)
        assert spread(wanted, heights, 0.0, 100.0) == pytest.approx(best.x, abs=1e-3)


def test_where_there_is_no_room_they_overlap_alike():
    found = spread(np.array([5.0, 5.0, 5.0]), np.array([10.0, 10.0, 10.0]), 0.0, 15.0)
    assert found.tolist() == [12.5, 7.5, 2.5], "the first one on top"


def test_runs_are_the_longest_stretches_of_which_no_two_are_told_apart():
    far = {frozenset("ad"), frozenset("ae"), frozenset("be"), frozenset("ce"), frozenset("de")}
    assert runs("abcde", lambda a, b: frozenset((a, b)) in far) == [[0, 1, 2], [1, 2, 3]]
    assert columns([[0, 1, 2], [1, 2, 3]]) == [0, 1]
    assert runs("abc", lambda a, b: True) == []
    assert columns([[0, 1], [2, 3]]) == [0, 0]


def drawn(ends, inside=False, groups=(), **layout):
    figure = Figure((3.5, 2.5), **layout)
    ax = figure.subplots()
    for end in ends:
        ax.plot([0, 1], [0, end.y])
    ax.set_xlim(0, 1)
    labels = EndLabels(ax, 1.0, ends, groups, inside=inside)
    figure.draw_without_rendering()
    return ax, labels


ENDS = [End(1.0, "far", "red", gids=("text", "leader")), *(End(0.5 + 0.01 * i, f"near {i}", "blue") for i in range(5))]


def test_labels_stand_right_of_the_axes_and_leaders_lead_to_those_that_are_moved():
    ax, labels = drawn(ENDS, layout="constrained")
    boxes = [text.get_window_extent() for text in labels.texts]
    assert all(box.x0 > ax.bbox.x1 for box in boxes)
    assert all(box.x1 <= ax.figure.bbox.x1 for box in boxes), "the layout has made room"
    assert not any(a.overlaps(b) for i, a in enumerate(boxes) for b in boxes[:i])
    assert len(labels.leaders[0].get_xdata()) == 0
    for end, text, leader in zip(ENDS[1:], labels.texts[1:], labels.leaders[1:], strict=True):
        points = leader.get_transform().transform(leader.get_xydata())
        line_end = ax.transData.transform((1.0, end.y))
        middle = np.mean(text.get_window_extent().intervaly)
        if len(points) == 0:
            assert abs(middle - line_end[1]) < 0.3 * text.get_window_extent().height
            continue
        assert points[0, 1] == pytest.approx(line_end[1])
        assert points[-1, 1] == pytest.approx(middle, abs=1.0)
    assert sum(len(leader.get_xdata()) > 0 for leader in labels.leaders) >= 4
    assert (labels.texts[0].get_gid(), labels.leaders[0].get_gid()) == ("text", "leader")
    assert len(ax.get_lines()) == len(ENDS), "leaders are no lines of the axes"


def test_they_are_arranged_anew_when_the_axes_change():
    ax, labels = drawn(ENDS)
    before = [text.get_position()[1] for text in labels.texts]
    ax.set_yscale("log")
    ax.set_ylim(0.3, 2.0)
    ax.figure.draw_without_rendering()
    assert [text.get_position()[1] for text in labels.texts] != before


def test_inside_of_somebody_s_axes_they_change_nothing_but_the_x_axis():
    ax, labels = drawn(ENDS, inside=True)
    for text in labels.texts:
        assert ax.bbox.x0 < text.get_window_extent().x0 < text.get_window_extent().x1 <= ax.bbox.x1
    assert tuple(ax.figure.get_size_inches()) == (3.5, 2.5)
    assert ax.figure.get_layout_engine() is None
    assert ax.get_xlim()[1] > 1.2
    assert max(ax.get_xticks()) <= 1.0, "time ends where the lines do"


def test_what_has_no_room_is_smaller():
    many = [End(0.1 * i, f"label {i}", "black") for i in range(24)]
    _, labels = drawn(many, inside=True)
    sizes = {text.get_fontsize() for text in labels.texts}
    assert max(sizes) < 9.0
    boxes = [text.get_window_extent() for text in labels.texts]
    assert sum(box.height for box in boxes) <= 1.05 * labels.axes.bbox.height


def test_a_bracket_joins_its_members_right_of_their_labels():
    _, labels = drawn(ENDS, groups=[[1, 2, 3], [3, 4]], layout="constrained")
    first, second = (line.get_xydata() for line in labels.brackets)
    heights = [text.get_position()[1] for text in labels.texts]
    assert sorted(set(first[:, 1].round(6))) == pytest.approx(sorted(np.round(heights[1:4], 6)))
    assert first[:, 0].min() < second[:, 0].min(), "beside one another, as they share a member"
    comb = labels.brackets[0].get_transform().transform(first)[:, 0]
    assert comb.min() > max(labels.texts[i].get_window_extent().x1 for i in (1, 2, 3))
    (remark,) = labels.remarks
    assert " ".join(remark.get_text().split()) == "not told apart"
    assert remark.get_window_extent().x0 > comb.max()
