"""Colours of figures on dark paper, each chosen for the one that stands on white."""

from __future__ import annotations

import colorsys
from collections.abc import Iterable

from matplotlib.colors import to_hex, to_rgb

PAPER = "#16181a"
"""What is dark."""

DARK = {
    "#ffffff": PAPER,
    "#000000": "#e8e8e6",
    "#e6e6e6": "#303438",
    "#9a9a9a": "#8d9296",
    "#0072b2": "#4fa8ea",
    "#d55e00": "#f5813c",
    "#009e73": "#2ecb9c",
    "#cc79a7": "#e79cc6",
    "#56b4e9": "#a3dbfa",
    "#e69f00": "#f7bd3d",
    "#7a5195": "#b892dc",
    "#8c6d31": "#c3a25c",
    "#444444": "#c6c9cb",
    "#b2182b": "#f2707a",
}
"""Of paper, ink, grid, grey, and the colours of curves."""


def dark(colour: str) -> str:
    """The colour ``#rrggbb`` for dark paper; of one that was not chosen here, the hue as light as it takes."""
    if colour in DARK:
        return DARK[colour]
    hue, lightness, saturation = colorsys.rgb_to_hls(*to_rgb(colour))
    return to_hex(colorsys.hls_to_rgb(hue, max(lightness, 0.65), saturation))


def variables(colours: Iterable[str]) -> str:
    """Declarations in CSS of what ``variable`` asks for on dark paper."""
    return " ".join(f"--c{colour[1:]}: {dark(colour)};" for colour in dict.fromkeys([*DARK, *colours]))
