"""Colours of figures on dark paper, each chosen for the one that stands on white."""

from __future__ import annotations

import colorsys
from collections.abc import Iterable

import matplotlib as mpl
from matplotlib.colors import to_hex, to_rgb

from experiments.report.colours import COLOURS, GREY, for_text
from experiments.report.strip import FAILED

PAPER, INK = "#16181a", "#e8e8e6"
"""What is dark, and what is written on it."""
CURVES = ["#4886c2", "#ed6e1c", "#24e692", "#dc79a3", "#fdc057", "#96c5e3", "#b07d57", "#e483fc", "#9969ff", "#d8dcde"]
"""In place of ``COLOURS``, of nearly the same hues, and as far apart: see ``tests``."""


def of_text(colour: str) -> str:
    """The colour of text, on white, beside a line of this colour, whatever the user's settings are."""
    with mpl.rc_context({"figure.facecolor": "white"}):
        return for_text(colour)


_CHOSEN = dict(zip(map(str.lower, COLOURS), CURVES, strict=True)) | {GREY.lower(): "#8d9296"}
DARK = {
    "#ffffff": PAPER,
    "#000000": INK,
    "#e6e6e6": "#303438",  # the grid
    FAILED.lower(): "#f2707a",
    **_CHOSEN,
    **{of_text(light): chosen for light, chosen in _CHOSEN.items()},
}
"""Colour of figures to its dark one, both as ``#rrggbb``."""


def dark(colour: str) -> str:
    """The colour ``#rrggbb`` for dark paper; of one that was not chosen here, the hue as light as it takes."""
    if colour in DARK:
        return DARK[colour]
    hue, lightness, saturation = colorsys.rgb_to_hls(*to_rgb(colour))
    return str(to_hex(colorsys.hls_to_rgb(hue, max(lightness, 0.65), saturation)))


def variables(colours: Iterable[str]) -> str:
    """Declarations in CSS, for dark paper, of the variables that pictures on pages have for their colours."""
    return " ".join(f"--c{colour[1:]}: {dark(colour)};" for colour in dict.fromkeys([*DARK, *sorted(colours)]))
