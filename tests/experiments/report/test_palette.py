"""Colours on dark paper: legible, and told apart with any colour vision."""

from itertools import combinations

import numpy as np
import pytest
from matplotlib.colors import to_rgb

from experiments.report.colours import COLOURS, for_text
from experiments.report.palette import CURVES, DARK, INK, PAPER, dark, variables

BLIND = {
    "none": np.eye(3),
    "protan": [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]],
    "deutan": [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]],
    "tritan": [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.303900]],
}
"""Machado, Oliveira and Fernandes (2009), severity 1, of linear sRGB."""
XYZ = np.array(
    [[0.4124564, 0.3575761, 0.1804375], [0.2126729, 0.7151522, 0.0721750], [0.0193339, 0.1191920, 0.9503041]]
)


def linear(colour):
    values = np.array(to_rgb(colour))
    return np.where(values <= 0.04045, values / 12.92, ((values + 0.055) / 1.055) ** 2.4)


def lab(light):
    x = XYZ @ np.clip(light, 0.0, 1.0) / [0.95047, 1.0, 1.08883]
    f = np.where(x > 216 / 24389, np.cbrt(x), (24389 / 27 * x + 16) / 116)
    return np.array([116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])])


def contrast(one, other):
    first, second = sorted((XYZ[1] @ linear(c) for c in (one, other)), reverse=True)
    return (first + 0.05) / (second + 0.05)


@pytest.mark.parametrize("kind", BLIND)
def test_any_two_curves_are_told_apart(kind):
    seen = [lab(np.array(BLIND[kind]) @ linear(colour)) for colour in CURVES]
    assert min(np.linalg.norm(a - b) for a, b in combinations(seen, 2)) > 15.0


def test_every_colour_of_a_figure_has_a_legible_one_on_dark_paper():
    assert {colour.lower() for colour in COLOURS} | {for_text(colour) for colour in COLOURS} <= set(DARK)
    for light, chosen in DARK.items():
        assert chosen in (PAPER, DARK["#e6e6e6"]) or contrast(chosen, PAPER) > 4.5, light
    assert contrast(INK, PAPER) > 12.0
    assert dark("#0072b2") == CURVES[0]


@pytest.mark.parametrize("colour", ["#123456", "#7f0000", "#00ff00", "#101010"])
def test_a_colour_of_the_user_keeps_its_hue_and_is_light_enough(colour):
    assert contrast(dark(colour), PAPER) > 4.0
    shown, given = np.array(to_rgb(dark(colour))), np.array(to_rgb(colour))
    assert list(np.argsort(shown, kind="stable")) == list(np.argsort(given, kind="stable"))
    assert f"--c{colour[1:]}: {dark(colour)};" in variables([colour])
