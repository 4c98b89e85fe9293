"""Dotted paths into a study: ``experiments.first.policies.ucb1.parameters.exploration``."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from bandits.arguments import did_you_mean

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


def assign(node: Any, path: str, value: Any) -> None:
    """Set what ``path`` names in nested mappings and lists.

    A list's entry is named by its position, its ``name``, its ``label`` or, of a figure, its ``experiment``; ``*``
    names all entries. The last step may be a new key of a mapping; ``parameters`` that are not there are made.

    Raises:
        KeyError: no such place; the message names the step and the nearest key.
    """
    step, dot, rest = path.partition(".")
    everywhere, new = isinstance(node, list) and step == "*", not dot or step == "parameters"
    keys = list(range(len(node))) if everywhere else [_key(node, step, new)]
    for key in keys:
        if dot and key == "parameters":
            node.setdefault(key, {})
        if dot:
            assign(node[key], rest, value)
        else:
            node[key] = value


def _key(node: Any, step: str, new: bool) -> Any:
    if isinstance(node, dict):
        if step not in node and not new:
            raise KeyError(unknown(step, map(str, node)))
        return step
    if not isinstance(node, list):
        raise KeyError(f"{step!r}: there is nothing below")
    for i, entry in enumerate(node):
        if isinstance(entry, dict) and step in [entry.get(key) for key in ("name", "label", "experiment")]:
            return i
    if not step.isdigit() or int(step) >= len(node):
        raise KeyError(f"{step!r} names no entry")
    return int(step)
