"""Vowpal Wabbit's dsjson: a decision a line, read with its keys in any order, written in the order that VW reads.

Checked against vowpalwabbit 9.11.9: ``_labelIndex``, from 0, alone says which entry of ``_multi`` was played; without
it, or with labels after ``"c"``, VW reads the decision and learns nothing; without ``"a"`` and ``"p"`` it reads
nothing. ``_label_Action`` and ``"a"`` are from 1. ``_label_cost`` is a cost, so the reward is minus it. Lines with
``_skipLearn`` are left out, as VW leaves them out.
"""

from __future__ import annotations

import gzip
import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from bandits.arguments import one_of, shown
from environments.logged.features import Features, columns_of_features, numbers_of
from environments.logged.log import Log, LogError

ARMS = ("position", "content")
APART = 1e-4
"""Relative difference of a label's probability from that in ``p`` from which on they contradict each other."""


def read(
    path: str | os.PathLike[str],
    contexts: Sequence[str] | None = None,
    arms: str = "position",
    low: float | None = None,
    high: float | None = None,
) -> Log:
    """A log from a file of dsjson, ``.gz`` or not.

    Args:
        path: the file.
        contexts: names of the shared features that make the contexts, such as ``ctx.x`` or ``ctx.device=phone``; None
            for all. Numbers are as they are, a text is 1 in a column of its own, and what a line lacks is 0.
        arms: what an arm is: "position", the place in ``_multi``; or "content", what stands there: its ``_tag``, or
            all its features as JSON.
        low: smallest possible reward, minus the largest cost; None where no range is declared.
        high: largest possible reward.

    Raises:
        ValueError: a line that is no decision with its label; the message has its number, from 1.
    """
    one_of("arms", arms, ARMS)
    opened = gzip.open if Path(path).suffix.lower() == ".gz" else open
    try:
        with opened(path, "rt", encoding="utf-8-sig") as file:
            lines = [(i, line) for i, line in enumerate(file, 1) if line.strip()]
    except (OSError, UnicodeDecodeError, EOFError) as error:
        raise ValueError(f"source: {path} cannot be read as dsjson: {error}") from error
    decisions = [found for i, line in lines if (found := _decision(_parsed(line, i), arms, f"line {i}")) is not None]
    if not decisions:
        raise ValueError(f"source: {path} must have at least one decision with a label, got none")
    names = list(dict.fromkeys(name for decision in decisions for name in decision.offered))
    if arms == "position":
        names.sort(key=int)
    place = {name: i for i, name in enumerate(names)}
    offered = np.zeros((len(decisions), len(names)), dtype=np.bool_)
    for row, decision in enumerate(decisions):
        offered[row, [place[name] for name in decision.offered]] = True
    seen, _ = columns_of_features([decision.shared for decision in decisions], contexts)
    try:
        return Log(
            actions=np.array([place[decision.played] for decision in decisions]),
            rewards=0.0 - np.array([decision.cost for decision in decisions]),
            probabilities=np.array([decision.probability for decision in decisions]),
            contexts=seen,
            offered=None if offered.all() else offered,
            names=tuple(names),
            low=low,
            high=high,
        )
    except LogError as error:
        where = decisions[error.index[0]].where
        raise ValueError(f"source: {where}: {error.field} {error.text}") from error


class _Read:
    """One decision of a file."""

    def __init__(
        self, where: str, offered: list[str], index: int, cost: float, chance: float, shared: Features
    ) -> None:
        self.where, self.offered, self.played = where, offered, offered[index]
        self.cost, self.probability, self.shared = cost, chance, shared


def _parsed(line: str, number: int) -> dict[str, Any]:
    try:
        found = json.loads(line)
    except ValueError as error:
        raise ValueError(
            f"source: line {number} must be an object of JSON, got {shown(line.strip())}: {error}"
        ) from error
    if not isinstance(found, dict):
        raise ValueError(f"source: line {number} must be an object of JSON, got {shown(line.strip())}")
    return found


def _decision(line: Mapping[str, Any], arms: str, where: str) -> _Read | None:
    if line.get("_skipLearn") is True:
        return None
    content = line.get("c")
    multi = content.get("_multi") if isinstance(content, Mapping) else None
    if not isinstance(content, Mapping) or not isinstance(multi, list) or not multi:
        raise ValueError(
            f'source: {where} must have "c" with a list "_multi" of the arms offered, got {shown(content)}'
        )
    if line.get("pdrop", 0.0) != 0.0:
        raise ValueError(
            f"source: {where}: pdrop must be 0, got {shown(line['pdrop'])}: other decisions were dropped from the log, "
            "and what is left does not speak for all"
        )
    index, cost = line.get("_labelIndex"), line.get("_label_cost")
    if type(index) is not int or not 0 <= index < len(multi):
        raise ValueError(
            f"source: {where}: _labelIndex must be a place in _multi, 0..{len(multi) - 1}, got {shown(index)}: "
            "VW learns nothing from such a line; take it out, or give it its label"
        )
    if not isinstance(cost, int | float) or isinstance(cost, bool):
        raise ValueError(f"source: {where}: _label_cost must be a number, got {shown(cost)}")
    shared = {key: value for key, value in content.items() if not str(key).startswith("_")}
    names = [_name(arm, i, arms) for i, arm in enumerate(multi)]
    if len(set(names)) < len(names):
        twice = next(name for name in names if names.count(name) > 1)
        raise ValueError(
            f"source: {where}: _multi must offer each arm once, got {shown(twice)} twice: read by position"
        )
    return _Read(where, names, index, float(cost), _probability(line, index, where), numbers_of(shared, "", where))


def _name(arm: Any, place: int, arms: str) -> str:
    if arms == "position":
        return str(place)
    if isinstance(arm, Mapping) and isinstance(arm.get("_tag"), str):
        return str(arm["_tag"])
    return json.dumps(arm, sort_keys=True)


def _probability(line: Mapping[str, Any], index: int, where: str) -> float:
    """Of the label, and else of ``p``, whose entries are those of the arms in ``a``."""
    taken, shares = line.get("a"), line.get("p")
    listed = None
    if isinstance(taken, list) and isinstance(shares, list) and index + 1 in taken:
        place = taken.index(index + 1)
        listed = shares[place] if place < len(shares) else None
    said = line.get("_label_probability", listed)
    if not isinstance(said, int | float) or isinstance(said, bool) or not 0.0 < said <= 1.0 + 1e-6:
        raise ValueError(f"source: {where}: _label_probability must be in (0, 1], got {shown(said)}")
    if isinstance(listed, int | float) and abs(listed - said) > APART * said:
        raise ValueError(
            f"source: {where}: _label_probability must be that of arm {index + 1} in p, {shown(listed)}, "
            f"got {shown(said)}"
        )
    return float(said)


def write(log: Log, path: str | os.PathLike[str], contexts: Sequence[str] | None = None) -> None:
    """Write a log as dsjson, for ``vw --cb_adf --dsjson``.

    ``"p"`` has the probability of the arm played; those of others, which a log does not have, are even shares of the
    rest, from which VW learns nothing.

    Args:
        log: with probabilities.
        path: the file; it is overwritten.
        contexts: [d] names of the coordinates; None for x0, x1, ...

    Raises:
        ValueError: a log without probabilities, or another number of names.
    """
    chances = log.propensities("dsjson")
    d = 0 if log.contexts is None else log.contexts.shape[1]
    names = [f"x{i}" for i in range(d)] if contexts is None else list(contexts)
    if len(names) != d:
        raise ValueError(f"contexts must be {d} names, one a coordinate, got {shown(contexts)}")
    with open(path, "w", encoding="utf-8") as file:
        for row in range(log.n):
            arms = range(log.n_actions) if log.offered is None else np.flatnonzero(log.offered[row]).tolist()
            arms, chance = list(arms), float(chances[row])
            index = arms.index(int(log.actions[row]))
            rest = (1.0 - chance) / max(len(arms) - 1, 1)
            order = [index + 1, *(i + 1 for i in range(len(arms)) if i != index)]
            shared = {} if log.contexts is None else dict(zip(names, log.contexts[row].tolist(), strict=True))
            line = {
                "_label_cost": 0.0 - float(log.rewards[row]),
                "_label_probability": chance,
                "_label_Action": index + 1,
                "_labelIndex": index,
                "Version": "1",
                "EventId": str(row),
                "a": order,
                "c": {
                    "context": shared,
                    "_multi": [{"_tag": log.names[arm], "arm": {log.names[arm]: 1}} for arm in arms],
                },
                "p": [chance] + [rest] * (len(arms) - 1),
            }
            file.write(json.dumps(line) + "\n")
