"""Colours and marks: apart for people of any colour vision and in grey, the same in all figures of a study."""

from itertools import combinations

import numpy as np
import pytest
from matplotlib.colors import to_rgb

from experiments.report.colours import COLOURS, LEGIBLE, MARKERS, for_text, look, looks_of, luminance, places_of

APART = 15.0
"""Distance in CIELAB (CIE 1976); 2.3 is what people just notice."""

VISIONS = {
    "all cones": np.eye(3),
    "no red cones": [
        [0.152286, 1.052583, -0.204868],
        [0.114503, 0.786281, 0.099216],
        [-0.003882, -0.048116, 1.051998],
    ],
    "no green cones": [
        [0.367322, 0.860646, -0.227968],
        [0.280085, 0.672501, 0.047413],
        [-0.011820, 0.042940, 0.968881],
    ],
    "no blue cones": [
        [1.255528, -0.076749, -0.178779],
        [-0.078411, 0.930809, 0.147602],
        [0.004733, 0.691367, 0.303900],
    ],
}
"""Machado, Oliveira and Fernandes (2009), severity 1, of linear sRGB."""
TO_XYZ = [[0.4124564, 0.3575761, 0.1804375], [0.2126729, 0.7151522, 0.0721750], [0.0193339, 0.1191920, 0.9503041]]
WHITE = [0.95047, 1.0, 1.08883]


def lab(colour, vision):
    """CIELAB of what someone of that vision sees (D65)."""
    rgb = np.array(to_rgb(colour))
    linear = np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
    x = np.array(TO_XYZ) @ np.clip(np.array(vision) @ linear, 0.0, 1.0) / WHITE
    f = np.where(x > 216 / 24389, np.cbrt(x), (24389 / 27 * x + 16) / 116)
    return np.array([116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])])


def test_the_distance_is_that_of_the_standard():
    assert lab("white", np.eye(3)) == pytest.approx([100.0, 0.0, 0.0], abs=0.02)
    assert lab("red", np.eye(3)) == pytest.approx([53.24, 80.09, 67.20], abs=0.02)
    grey = [lab("0.5", vision) for vision in VISIONS.values()]
    assert np.ptp(grey, axis=0) == pytest.approx(0.0, abs=0.05), "no vision takes grey for a colour"


@pytest.mark.parametrize("vision", VISIONS)
def test_ten_colours_are_apart_for_everyone(vision):
    assert len(set(COLOURS)) == 10
    seen = {colour: lab(colour, VISIONS[vision]) for colour in COLOURS}
    near = {(a, b): float(np.linalg.norm(seen[a] - seen[b])) for a, b in combinations(COLOURS, 2)}
    assert min(near.values()) >= APART, min(near, key=near.get)
    assert all(np.linalg.norm(seen[colour] - lab("white", VISIONS[vision])) > 2 * APART for colour in COLOURS)


def test_the_test_finds_colours_that_are_not_apart():
    green = VISIONS["no green cones"]
    assert np.linalg.norm(lab("#8C6D31", green) - lab("#B2182B", green)) < APART / 2


def test_in_grey_print_every_marker_tells():
    looks = [look(place) for place in range(20)]
    assert len(set(MARKERS)) == len(MARKERS) == len(COLOURS)
    assert len({(each.marker, each.hollow) for each in looks}) == 20
    assert len({(each.marks()["marker"], each.marks()["markerfacecolor"] == "white") for each in looks}) == 20


def test_text_can_be_read_on_white():
    for colour in COLOURS:
        assert 1.05 / (luminance(for_text(colour)) + 0.05) >= LEGIBLE
        assert for_text(colour).upper() == colour or 1.05 / (luminance(colour) + 0.05) < LEGIBLE


def test_policies_that_meet_have_different_looks_and_each_has_one():
    figures = [["a", "b", "c"], ["c", "d"], [f"p{i}" for i in range(9)], ["p8", "a", "q"]]
    places = places_of(figures)
    for labels in figures:
        assert len({places[label] for label in labels}) == len(labels)
        assert all(places[label] < len(COLOURS) for label in labels), "colours suffice, though there are more policies"
        assert looks_of(labels, places) == {label: look(places[label]) for label in labels}
    assert places_of([["a", "b"]]) == {"a": 0, "b": 1}


def test_of_more_policies_than_looks_no_two_in_a_figure_are_alike():
    places = places_of([[f"p{i}" for i in range(50)]])
    looks = looks_of([f"p{i}" for i in (0, 20, 40, 7)], places)
    assert len({(each.colour, each.marker, each.hollow) for each in looks.values()}) == 4


def test_colours_of_the_user():
    places = places_of([["a", "b", "c"]])
    assert [each.colour for each in looks_of(["a", "c"], places, ["red", "0.5"]).values()] == ["red", "red"]
    named = looks_of(["a", "b"], places, {"b": "tab:blue"})
    assert (named["a"].colour, named["b"].colour) == (COLOURS[0], "tab:blue")
    assert named["b"].marker == MARKERS[1]
