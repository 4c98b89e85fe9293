"""Small pictures of a study's figures: the curves alone, without a word."""

from __future__ import annotations

from itertools import islice

import numpy as np
from markupsafe import Markup

from bandits.contract import Array
from experiments.analysis.findings import Findings
from experiments.report.figures import points_of
from experiments.report.palette import dark
from experiments.report.points import Picture

MOST = 4
"""Figures of a study that are shown."""
WIDE, HIGH = 300, 180
"""Units of a picture's sides."""
APART = 4
"""Units between the points of a curve, at least."""


def thumbnails(found: Findings) -> list[Markup]:
    """The first figures of a study as SVG elements, in the colours and on the axes of the figures."""
    drawn = (points_of(found, shown, figure) for figure, shown in found.views)
    return [_bare(picture) for picture in islice(drawn, MOST) if picture.curves]


def _bare(picture: Picture) -> Markup:
    x = np.round(WIDE * picture.width).astype(int)
    lines = "".join(
        f'<polyline points="{_path(x, curve.height)}" style="--light: {curve.colour}; --dark: {dark(curve.colour)}"/>'
        for curve in reversed(picture.curves)  # the lowest on top
    )
    return Markup(
        f'<svg viewBox="-2 -2 {WIDE + 4} {HIGH + 4}" aria-hidden="true"><path d="M0 0V{HIGH}H{WIDE}"/>{lines}</svg>'
    )


def _path(x: Array, height: Array) -> str:
    places, last = [], -APART
    for left, up in zip(x.tolist(), height.tolist(), strict=True):
        if up == up and (left - last >= APART or left == x[-1]):
            places.append(f"{left},{round(HIGH * (1.0 - up))}")
            last = left
    return " ".join(places)
