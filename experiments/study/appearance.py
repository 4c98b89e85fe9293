"""How a figure looks on paper: what of it is drawn, its size, font and colours. Nothing here decides a number."""

from __future__ import annotations

import math
import os
import re
from collections.abc import Iterable, Mapping
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field

from bandits.arguments import did_you_mean, shown
from experiments.study.axes import Model, is_number
from experiments.study.texts import OneLine

UNITS = {"mm": 1.0, "cm": 10.0, "in": 25.4, "pt": 25.4 / 72.27, "bp": 25.4 / 72.0}
"""Millimetres in a unit; ``pt`` is TeX's, of which LaTeX's ``\\the\\columnwidth`` speaks."""
SMALLEST, LARGEST = 20.0, 1000.0
"""Millimetres of a side of a figure."""
SIZES = (3.0, 30.0)
"""Points of a font."""

_LENGTH = re.compile(r"\s*([0-9]*\.?[0-9]+)\s*([A-Za-z]+)\s*")


def millimetres(value: Any) -> float:
    """A length of a figure: a number of millimetres, or text with a unit, such as ``85 mm`` or ``3.35 in``.

    Raises:
        ValueError: no such length, or one outside [20, 1000] mm.

    Example:
        >>> from experiments.study.appearance import millimetres
        >>> millimetres("2.54 cm"), millimetres("3.35 in") == 3.35 * 25.4
        (25.4, True)
    """
    found = _LENGTH.fullmatch(value) if isinstance(value, str) else None
    if found and found[2] in UNITS:
        length = float(found[1]) * UNITS[found[2]]
    elif is_number(value) and math.isfinite(value):
        length = float(value)
    else:
        units = ", ".join(UNITS)
        raise ValueError(f"must be millimetres, or text with a unit ({units}) such as '85 mm', got {shown(value)}")
    if not SMALLEST <= length <= LARGEST:
        what = f"must be between {SMALLEST:g} and {LARGEST:g} mm, got {shown(value)}"
        raise ValueError(what if found else f"{what}: a number is millimetres, so write '{value} in' for inches")
    return length


def colour(value: Any) -> str:
    """A colour that matplotlib understands, as text.

    Raises:
        ValueError: it does not, or nothing would be seen.
    """
    from matplotlib.colors import CSS4_COLORS, is_color_like, to_hex

    given = tuple(value) if isinstance(value, list | tuple) else value
    if isinstance(given, tuple) and is_color_like(given):
        return str(to_hex(given, keep_alpha=len(given) == 4))
    if isinstance(given, str) and given.lower() != "none" and is_color_like(given):
        return given
    near = did_you_mean(given, CSS4_COLORS) if isinstance(given, str) else ""
    quoted = "; in YAML '#0072B2' needs its quotes" if given is None else ""
    raise ValueError(f"must be a colour such as 'tab:blue', '#0072B2' or '0.5', got {shown(value)}{near}{quoted}")


def _colours(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _at(key, inner) for key, inner in value.items()}
    if hasattr(value, "tolist"):  # of numpy, as maps of colours give
        value = value.tolist()
    if isinstance(value, list | tuple):
        return [_at(i, inner) for i, inner in enumerate(value)]
    raise ValueError(f"must be a list of colours, or a mapping from policies' labels to colours, got {shown(value)}")


def _at(key: Any, value: Any) -> str:
    try:
        return colour(value)
    except ValueError as error:
        raise ValueError(f"{key!r} {error}") from None


def _font(value: Any) -> Any:
    if isinstance(value, str):
        return {"family": [value]}
    if is_number(value):
        return {"size": value}
    if isinstance(value, Mapping) and isinstance(value.get("family"), str):
        return {**value, "family": [value["family"]]}
    if not isinstance(value, Mapping | Font):
        raise ValueError(f"must be a size in points, a family, or {{family: ..., size: ...}}, got {shown(value)}")
    return value


def _distinct(labels: list[str]) -> list[str]:
    if len(set(labels)) < len(labels):
        raise ValueError(f"must name every policy once, got {labels!r}")
    return labels


class Font(Model):
    """Of all text in a figure; titles and ticks keep their sizes relative to it."""

    family: list[OneLine] = []
    """Installed families in order of preference, or ``serif``, ``sans-serif``, ``monospace``; matplotlib's where
    empty."""
    size: float | None = Field(default=None, ge=SIZES[0], le=SIZES[1])
    """Of labels, in points."""


class Appearance(Model):
    """What of a figure is drawn, and how."""

    bounds: Literal["auto", "curves", "strip", "both", "none"] = "auto"
    """Theorems' bounds as curves over time, in a strip beside the curves, both, or not at all."""
    shade: Literal["mean", "runs"] = "mean"
    """Around curves over time: a band of the mean, or from where to where 90 % of the runs are."""
    labels: Literal["lines", "legend", "none"] = "lines"
    """Names at the ends of the lines, in a legend below, or not at all."""
    width: Annotated[float, BeforeValidator(millimetres)] | None = None
    """Of the whole figure, in millimetres as read; ours where None."""
    height: Annotated[float, BeforeValidator(millimetres)] | None = None
    """Likewise; as high as what is in it needs where None."""
    font: Annotated[Font, BeforeValidator(_font)] = Font()
    colours: Annotated[list[str] | dict[str, str], BeforeValidator(_colours)] = []
    """Taken in turn, or by policies' labels; ours where empty and for policies that are not named."""
    order: Annotated[list[str], AfterValidator(_distinct)] = []
    """Labels of policies, those to be drawn on top and named first; the others follow, lowest first."""
    names: dict[str, OneLine] = {}
    """Policy label to what is shown in its place."""
    grid: bool | None = None
    """Whether there are lines behind the curves; as the style has it where None."""
    style: OneLine = ""
    """A style of matplotlib, by its name or a file, laid over ours."""

    def name_of(self, label: str) -> str:
        """What is shown in place of a policy's label."""
        return self.names.get(label, label)

    def ordered(self, labels: Iterable[str]) -> list[str]:
        """Labels of policies in the order asked for, those that it does not name as they come behind the others."""
        given = list(labels)
        return [*(label for label in self.order if label in given), *(lb for lb in given if lb not in self.order)]

    def inches(self, width: float, height: float) -> tuple[float, float]:
        """Width and height of the figure, where it would be ``width`` by ``height`` of its own accord."""
        wide, high = (given and given / UNITS["in"] for given in (self.width, self.height))
        return wide or width, high or height

    def labels_named(self) -> dict[str, list[str]]:
        """Key to the labels of policies that stand under it."""
        mapped = list(self.colours) if isinstance(self.colours, dict) else []
        return {"order": self.order, "names": list(self.names), "colours": mapped}


def unknown_style(name: str) -> str:
    """What is wrong with the name of a style; nothing where matplotlib has it, or a file has that path."""
    import matplotlib.style

    if name in matplotlib.style.available or name == "default" or os.path.isfile(name):
        return ""
    known = matplotlib.style.available
    hint = f"{did_you_mean(name, known)}; styles: {', '.join(known)}"
    return f"no style of matplotlib and no file is called {name!r}{hint}"
