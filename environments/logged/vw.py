"""Vowpal Wabbit's text: ``--cb`` and ``--cb_explore``, a decision a line; ``--cb_adf``, a decision a block of lines.

A label is ``action:cost:probability``. In ``--cb`` actions are numbered from 1; in ``--cb_adf`` the line that has the
label is the arm that was played, whatever number stands there (vowpalwabbit 9.11.9: 0 as well as any other). Costs
become minus rewards. In ``--cb`` VW accepts the label 0 and learns nothing from it: here it is refused.
"""

from __future__ import annotations

import gzip
import math
import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from bandits.arguments import flag, integer, shown
from environments.logged.features import Features, columns_of_features
from environments.logged.log import Log, LogError

Line = tuple[int, str, list[str], Features]
"""Number of the line, its tag or ``shared``, its labels, its features."""


def read(
    path: str | os.PathLike[str],
    contexts: Sequence[str] | None = None,
    adf: bool | None = None,
    n_arms: int | None = None,
    low: float | None = None,
    high: float | None = None,
) -> Log:
    """A log from a file of VW's text, ``.gz`` or not.

    Args:
        path: the file.
        contexts: names of the features that make the contexts, ``namespace.name``; None for all of a decision's line,
            or of a block's shared line. What a line lacks is 0. Features of arms are not read.
        adf: whether decisions are blocks of lines, with an empty line after each; None where a line that begins with
            ``shared`` tells that they are.
        n_arms: the number after ``--cb``; None for the largest label. Of blocks, None for the longest.
        low: smallest possible reward, minus the largest cost; None where no range is declared.
        high: largest possible reward.

    Raises:
        ValueError: a line that cannot be, or a decision without one label; the message has its number, from 1.
    """
    opened = gzip.open if Path(path).suffix.lower() == ".gz" else open
    try:
        with opened(path, "rt", encoding="utf-8-sig") as file:
            lines = [(i, line.strip()) for i, line in enumerate(file, 1)]
    except (OSError, UnicodeDecodeError, EOFError) as error:
        raise ValueError(f"source: {path} cannot be read as VW's text: {error}") from error
    blocks = any(line.startswith("shared") for _, line in lines) if adf is None else flag("adf", adf)
    found = _blocks(lines) if blocks else [(_plain(number, line), 0) for number, line in lines if line]
    if not found:
        raise ValueError(f"source: {path} must have at least one decision, got none")
    decisions = [decision for decision, _ in found]
    most = max([n for _, n in found] if blocks else [action + 1 for _, action, _, _, _ in decisions])
    n_actions = most if n_arms is None else integer("n_arms", n_arms, most)
    seen, _ = columns_of_features([features for *_, features in decisions], contexts)
    offered = np.arange(n_actions) < np.array([[n or n_actions] for _, n in found])
    try:
        return Log(
            actions=np.array([action for _, action, *_ in decisions]),
            rewards=0.0 - np.array([cost for _, _, cost, _, _ in decisions]),
            probabilities=np.array([chance for _, _, _, chance, _ in decisions]),
            contexts=seen,
            offered=None if offered.all() else offered,
            n_actions=n_actions,
            names=tuple(str(i + (not blocks)) for i in range(n_actions)),
            low=low,
            high=high,
        )
    except LogError as error:
        raise ValueError(f"source: line {decisions[error.index[0]][0]}: {error.field} {error.text}") from error


Decision = tuple[int, int, float, float, Features]
"""Number of its line, arm from 0, cost, probability, features."""


def _plain(number: int, line: str) -> Decision:
    """A decision of ``--cb``."""
    _, _, labels, features = _parts(number, line)
    if len(labels) != 1:
        raise ValueError(f"source: line {number} must have one label action:cost:probability, got {shown(line)}")
    action, cost, chance = _label(number, labels[0])
    if action < 1:
        raise ValueError(
            f"source: line {number}: the action of a label must be 1 or more, got {shown(labels[0])}: VW accepts 0 and "
            "learns nothing from it"
        )
    return number, action - 1, cost, chance, features


def _blocks(lines: Sequence[tuple[int, str]]) -> list[tuple[Decision, int]]:
    """The decisions of ``--cb_adf``, each with the number of its arms."""
    found: list[tuple[Decision, int]] = []
    block: list[Line] = []
    for number, line in [*lines, (len(lines) + 1, "")]:
        if line:
            block.append(_parts(number, line))
        elif block:
            found.append(_block(block))
            block = []
    return found


def _block(block: list[Line]) -> tuple[Decision, int]:
    shared: Features = block[0][3] if block[0][1] == "shared" else {}
    arms = block[1:] if block[0][1] == "shared" else block
    labelled = [(i, number, labels) for i, (number, _, labels, _) in enumerate(arms) if labels]
    if len(labelled) != 1 or len(labelled[0][2]) != 1:
        raise ValueError(
            f"source: line {block[0][0]}: a block must have one line with one label, got {len(labelled)} with labels"
        )
    arm, number, labels = labelled[0]
    _, cost, chance = _label(number, labels[0])
    return (number, arm, cost, chance, shared), len(arms)


def _label(number: int, label: str) -> tuple[int, float, float]:
    parts = label.split(":")
    try:
        action, cost, chance = int(parts[0]), float(parts[1]), float(parts[2])
    except (ValueError, IndexError):
        raise ValueError(
            f"source: line {number}: a label must be action:cost:probability, got {shown(label)}"
        ) from None
    if not math.isfinite(cost) or not 0.0 < chance <= 1.0 + 1e-6:
        raise ValueError(
            f"source: line {number}: a label must have a finite cost and a probability in (0, 1], got {shown(label)}"
        )
    return action, cost, chance


def _parts(number: int, line: str) -> Line:
    """Labels and features of a line: what stands before its first bar, and its namespaces."""
    head, bar, rest = line.partition("|")
    if not bar:
        raise ValueError(f"source: line {number} must have a bar before its features, got {shown(line)}")
    words = head.split()
    kind = "shared" if words[:1] == ["shared"] else ""
    labels = [word for word in words if ":" in word or word.isdigit()]
    features: Features = {}
    for space in rest.split("|"):
        named = not space[:1].isspace() and space != ""
        words = space.split()
        namespace, scale = _pair(number, words[0]) if named and words else ("", 1.0)
        for word in words[1:] if named else words:
            name, value = _pair(number, word)
            full = f"{namespace}.{name}" if namespace else name
            features[full] = features.get(full, 0.0) + value * scale  # as VW adds up what stands twice
    return number, kind, labels, features


def _pair(number: int, word: str) -> tuple[str, float]:
    name, colon, value = word.rpartition(":")
    if not colon:
        return word, 1.0
    try:
        found = float(value)
    except ValueError:
        found = math.nan
    if not math.isfinite(found):
        raise ValueError(f"source: line {number}: a feature must be name or name:number, got {shown(word)}")
    return name, found


def write(log: Log, path: str | os.PathLike[str], contexts: Sequence[str] | None = None) -> None:
    """Write a log as VW's text, for ``vw --cb n_actions``: actions from 1, costs minus the rewards.

    Args:
        log: with probabilities, all arms offered in each row.
        path: the file; it is overwritten.
        contexts: [d] names of the coordinates, without blanks, colons and bars; None for x0, x1, ...

    Raises:
        ValueError: a log without probabilities, or with arms that are not always offered; or names that cannot be.
    """
    chances = log.propensities("VW's text")
    if log.offered is not None and not log.offered.all():
        raise ValueError("log must offer all arms in each row, got one that does not: write it as dsjson")
    d = 0 if log.contexts is None else log.contexts.shape[1]
    names = [f"x{i}" for i in range(d)] if contexts is None else list(contexts)
    if len(names) != d or any(set(name) & set(" \t\n:|") or not name for name in names):
        raise ValueError(f"contexts must be {d} names without blanks, colons and bars, got {shown(contexts)}")
    with open(path, "w", encoding="utf-8") as file:
        for row in range(log.n):
            seen = [] if log.contexts is None else log.contexts[row].tolist()
            features = " ".join(f"{name}:{value!r}" for name, value in zip(names, seen, strict=True))
            label = f"{log.actions[row] + 1}:{0.0 - float(log.rewards[row])!r}:{float(chances[row])!r}"
            file.write(f"{label} | {features}\n")
