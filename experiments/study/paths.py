"""Dotted paths into a study: ``experiments.first.policies.ucb1.parameters.exploration``."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from bandits.arguments import did_you_mean
from experiments.study.layers import Node, name_of

NAMES = ("name", "label", "experiment")
"""Keys by which an entry of a list may be named."""

RENAMED = {"panels": "experiments", "notion": "regret", "block": "batch"}
"""Keys of earlier study files, and what they are called now."""

MOVED = {
    "sweeps": "a swept value stands in its own place now, experiments: [{..., horizon: {sweep: [100, 1000]}}], and how "
    "it is drawn under 'figures'",
    "figure": "how an experiment is drawn stands in the study's list 'figures' now, [{experiment: NAME, ...}]",
}
"""Keys of earlier study files, and where what they held is now."""


def unknown(key: str, known: Iterable[str]) -> str:
    """What to say of a key that is none of the known ones: what it is called now, or which one is near."""
    words = list(known)
    now = RENAMED.get(key)
    if key in MOVED:
        return f"{key!r} has moved: {MOVED[key]}"
    return f"{key!r} is now {now!r}" if now in words else f"{key!r}{did_you_mean(key, words)}"


def assign(node: Node, path: str, value: Any) -> None:
    """Set what ``path`` names in a tree; what was there before lends its place.

    A list's entry is named by its position, its ``name``, its ``label`` or, of a figure, its ``experiment``; ``*``
    names all entries. The last step may be a new key of a mapping; ``parameters`` that are not there are made.

    Raises:
        KeyError: no such place; the message names the step and the nearest key.
    """
    step, dot, rest = path.partition(".")
    inner = node.value
    everywhere, new = isinstance(inner, list) and step == "*", not dot or step == "parameters"
    for key in list(range(len(inner))) if everywhere else [_key(inner, step, new)]:
        if dot and key == "parameters":
            inner.setdefault(key, Node({}, node.place))
        if dot:
            assign(inner[key], rest, value)
        else:
            there = isinstance(inner, list) or key in inner
            inner[key] = Node.of(value, inner[key].place if there else node.place)


def _key(inner: Any, step: str, new: bool) -> Any:
    if isinstance(inner, dict):
        if step not in inner and not new:
            raise KeyError(unknown(step, map(str, inner)))
        return step
    if not isinstance(inner, list):
        raise KeyError(f"{step!r}: there is nothing below")
    for i, entry in enumerate(inner):
        if isinstance(entry.value, dict) and step in [name_of(entry, (key,)) for key in NAMES]:
            return i
    positions = {str(i): i for i in range(len(inner))}
    if step not in positions:
        known = [str(name_of(entry, NAMES[::-1])) for entry in inner]
        raise KeyError(f"{step!r} names no entry{did_you_mean(step, known)}; there are {', '.join(known) or 'none'}")
    return positions[step]
