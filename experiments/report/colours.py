"""Colours and marks by which curves are told apart: in grey print too, and by people of any colour vision."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import matplotlib as mpl
from matplotlib.colors import to_hex, to_rgb

COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#692D00", "#9600FF", "#4B1EA5", "#222222")
"""Okabe and Ito's colours but yellow, and four that were sought so that all ten stay apart: see ``tests``.

Any two differ by 15 or more in CIELAB, as everyone sees them and as people without red, green or blue cones do.
"""
MARKERS = ("o", "s", "^", "D", "v", "P", "X", "*", "p", "d")
"""None points to a side, as what speaks of bounds in the strip does."""
GREY = "#9A9A9A"
LEGIBLE = 3.0
"""Contrast with the paper that small text needs: WCAG 2.1, 1.4.11."""
DIM = 0.18
"""Relative luminance of paper from which black is read better than white."""


@dataclass(frozen=True)
class Look:
    """How a policy looks in every figure of a study: no two of the first twenty agree in marker and filling.

    Attributes:
        colour: of its line.
        marker: in grey print the only difference.
        hollow: whether the marker is only an outline.
    """

    colour: str
    marker: str
    hollow: bool = False

    def marks(self, size: float = 3.2) -> dict[str, Any]:
        """Arguments of ``plot`` for markers of so many points."""
        face = mpl.rcParams["axes.facecolor"] if self.hollow else self.colour
        return {"marker": self.marker, "markersize": size, "markerfacecolor": face, "markeredgewidth": 0.7}


def look(place: int) -> Look:
    """The look of the policy at that place among all of a study."""
    i, n = place % len(COLOURS), len(COLOURS)
    return Look(COLOURS[i], MARKERS[i], bool(place // n % 2))


def places_of(together: Iterable[Sequence[str]]) -> dict[str, int]:
    """Label to place, for ``look``, of the policies of a study: each its own, or one of a policy it never meets.

    Args:
        together: labels of the policies in each of the study's figures.
    """
    most = 2 * len(COLOURS)
    met: dict[str, set[str]] = {}
    crowd: set[str] = set()  # of figures with more policies than there are looks
    for labels in together:
        crowd.update(labels if len(labels) > most else ())
        for label in labels:
            met.setdefault(label, set()).update(labels if len(labels) <= most else ())
    places: dict[str, int] = {}
    for label, others in met.items():
        near = {places[other] for other in others if other in places}
        own = [len(places)] if len(places) < len(COLOURS) else []  # no one's yet
        free = [place for place in range(most) if place not in near] if label not in crowd else []
        places[label] = (own or free or [len(places) % most])[0]
    return places


def looks_of(
    drawn: Sequence[str], places: Mapping[str, int], colours: Sequence[str] | Mapping[str, str] = ()
) -> dict[str, Look]:
    """Label to look of the policies of a figure, no two of up to twenty the same.

    Args:
        drawn: their labels.
        places: of ``places_of`` the study.
        colours: in place of ours, or of those that the user or a style has set: taken in turn, or by label.
    """
    cycle = _cycle()
    found: dict[str, Look] = {}
    taken: set[int] = set()
    for label in sorted(drawn, key=lambda label: places.get(label, len(places))):
        place = places.get(label, len(places))
        if place in taken:  # of a study with more policies than there are looks
            place = min(set(range(2 * len(COLOURS))) - taken, default=place)
        taken.add(place)
        found[label] = look(place)
        if cycle:
            found[label] = replace(found[label], colour=cycle[place % len(cycle)])
        if isinstance(colours, Mapping):
            found[label] = replace(found[label], colour=colours.get(label, found[label].colour))
        elif colours:
            found[label] = replace(found[label], colour=colours[place % len(colours)])
    return found


def _cycle() -> list[str]:
    """The colours of lines that matplotlib is set to, where they are not its own."""
    now = mpl.rcParams["axes.prop_cycle"]
    return [] if now == mpl.rcParamsDefault["axes.prop_cycle"] else list(now.by_key().get("color", []))


def luminance(colour: Any) -> float:
    """Relative luminance of a colour in [0, 1]: WCAG 2.1."""
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in to_rgb(colour))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def for_text(colour: Any) -> str:
    """The colour, or, where small text in it could not be read on the paper, one of the same hue that can.

    It is darker on light paper, and lighter on dark.
    """
    face = mpl.rcParams["figure.facecolor"]
    paper = luminance("white" if str(face).lower() == "none" else face)
    shade = 0.0 if paper > DIM else 1.0
    rgb = to_rgb(colour)
    while _contrast(luminance(rgb), paper) < LEGIBLE:
        rgb = (0.95 * rgb[0] + 0.05 * shade, 0.95 * rgb[1] + 0.05 * shade, 0.95 * rgb[2] + 0.05 * shade)
    return to_hex(rgb)


def _contrast(one: float, other: float) -> float:
    """Of two relative luminances: WCAG 2.1."""
    return (max(one, other) + 0.05) / (min(one, other) + 0.05)
