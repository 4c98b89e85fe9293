"""Numbers on axes: no two look the same, and each says what it stands at."""

import itertools

import matplotlib as mpl
import numpy as np
import pytest
from matplotlib.figure import Figure

from experiments.report.ticks import write_numbers

LETTERS = {"k": 1e3, "M": 1e6, "G": 1e9}


def written(low, high, scale="linear", ends=False):
    """Places of the ticks within the limits, and what is written there."""
    canvas = Figure(figsize=(3.0, 2.0))
    ax = canvas.subplots()
    ax.set_xscale(scale)
    ax.set_xlim(low, high)
    write_numbers(ax.xaxis, low, high, ends)
    canvas.draw_without_rendering()
    assert ax.xaxis.get_offset_text().get_text() == "", "no number is set apart that belongs to all of them"
    ticks = [(tick.get_loc(), tick.label1.get_text()) for tick in ax.xaxis.get_major_ticks()]
    return {place: text for place, text in ticks if low <= place <= high and text}


def value_of(text):
    """What a text says."""
    text = text.replace("\N{MINUS SIGN}", "-").replace("$\\mathdefault{", "").replace("}$", "")
    if text.startswith("10^{"):
        return 10.0 ** float(text[4:].rstrip("}"))
    return float(text[:-1]) * LETTERS[text[-1]] if text[-1] in LETTERS else float(text)


@pytest.mark.parametrize("scale", ["linear", "log"])
@pytest.mark.parametrize(
    ("low", "high"),
    [
        (0.9, 1.0),
        (0.999, 1.0),
        (0.9999, 1.0001),
        (0.3, 0.7),
        (50.0, 200.0),
        (995.0, 1005.0),
        (1.0, 32.0),
        (0.0625, 1.0),
        (0.001, 1.0),
        (100.0, 10_000.0),
        (1.0, 1e6),
        (1e6, 1.00001e6),
        (2e-7, 9e-7),
        (1e-9, 1.0),
    ],
)
def test_numbers_are_told_apart_and_are_what_they_say(low, high, scale):
    for ends in (False, True):
        found = written(low, high, scale, ends)
        assert len(found) >= 2, found
        assert len(set(found.values())) == len(found)
        for place, text in found.items():
            assert value_of(text) == pytest.approx(place, rel=1e-6), text


def test_no_tick_stands_beyond_the_ends_where_there_is_room_for_labels():
    canvas = Figure()
    ax = canvas.subplots()
    ax.set_xlim(0.0, 30.0)
    write_numbers(ax.xaxis, 1.0, 10.0, ends=True)
    assert ax.get_xticks().max() <= 10.0
    assert ax.get_xticks().min() >= 1.0


def test_a_range_of_powers_has_powers_and_a_shorter_one_plain_numbers():
    assert written(1.0, 1e4, "log")[100.0] == "$\\mathdefault{10^{2}}$"
    assert list(written(0.06, 1.1, "log").values()) == ["0.1", "0.2", "0.5", "1"]
    assert list(written(2500.0, 160_000.0, "log").values()) == ["5k", "10k", "20k", "50k", "100k"]
    assert list(written(50.0, 200.0, "log").values()) == ["50", "100", "150", "200"]
    assert list(written(0.0, 400_000.0).values()) == ["0", "100k", "200k", "300k", "400k"]
    assert np.allclose(list(written(0.0, 10_000.0)), [0, 2500, 5000, 7500, 10_000])


def test_numbers_side_by_side_do_not_touch():
    for high in (10.0, 600.0, 6000.0, 60_000.0, 6e6, 0.006):
        kinds = ((1.2, "linear", 0.0), (2.4, "linear", 0.0), (1.8, "log", high / 6.0), (1.8, "log", high / 70.0))
        for width, scale, low in kinds:
            canvas = Figure(figsize=(width, 2.0))
            ax = canvas.add_axes((0.0, 0.2, 1.0, 0.8), xscale=scale, xlim=(low, high))
            ax.tick_params(axis="x", labelsize=7.0)
            with mpl.rc_context({"xtick.labelsize": 7.0}):
                write_numbers(ax.xaxis, low, high)
                canvas.draw_without_rendering()
            texts = [tick.label1 for tick in ax.xaxis.get_major_ticks() if low <= tick.get_loc() <= high]
            extents = [text.get_window_extent() for text in texts if text.get_text()]
            assert len(extents) >= 2
            assert all(one.x1 < other.x0 for one, other in itertools.pairwise(extents)), (high, width, scale)
