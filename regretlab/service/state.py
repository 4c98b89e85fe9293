"""The state of a service as JSON values, and back: all its policies, what waits for feedback, what is kept of it."""

from __future__ import annotations

import json
from collections.abc import Callable, Hashable, Iterable
from pathlib import Path
from typing import Any

import numpy as np

from bandits.arguments import shown
from bandits.decoding import FAULTS, Decoder
from bandits.encoding import Encoder
from bandits.state import check, check_digest, digest, project
from experiments.run.files import write as write_file
from regretlab.service.kept import Kept
from regretlab.service.learners import Waiting, restored
from regretlab.service.ledger import Due, Ledger

FORMAT = 1
"""Of the states that are written and read here."""

KEYS = ("format", "project", "service", "objects", "digest")
PLAIN = ("late", "propensities", "outstanding", "memory")
WHOLE = ("_base", "_rng", "_luck", "_mask_seed", "_declares", "_born")
PARTS = ("_dropped", "_counts", "_lives")


def to_state(service: Any, names: Callable[[Hashable], Any] | None) -> dict[str, Any]:
    """The state of a service; see ``Service.to_json``."""
    ledger, kept, encoder = service._ledger, service._kept, Encoder()
    parts = {
        **{name: getattr(service, name) for name in (*PLAIN, *WHOLE)},
        "names": [(number, _plain(name if names is None else names(name))) for number, name in service._names.items()],
        "main": service._main.policy,
        "rounds": service._main.round if isinstance(service._main, Waiting) else 0,
        "masked": [(numbers, asked.policy, learned) for numbers, (asked, learned) in service._masks.copies.items()],
        "rows": _columns(kept.rows, (np.int64, np.float64)),
        "_dropped": kept.dropped,
        "_counts": {"decisions": ledger.decisions, **service._counts},
        "_lives": ledger.lives,
        "ids": list(ledger.due),
        "due": _columns(
            [(d.arm, d.ticket, d.time, d.observation) for d in ledger.due.values()], (np.int64, np.int64, np.float64)
        ),
    }
    state = {
        "format": FORMAT,
        "project": project(),
        "service": encoder.value(parts, "service"),
        "objects": encoder.objects,
    }
    return {**state, "digest": digest(state)}


def from_state(service: Any, state: Any, names: Callable[[Any], Hashable] | None, same_version: bool) -> None:
    """Give a service all that its state holds, see ``Service.from_json``."""
    check(state, KEYS, FORMAT, same_version)
    parts = Decoder(state["objects"]).value(state["service"])
    check_digest(state)
    if not isinstance(parts, dict) or not {*PLAIN, *WHOLE, *PARTS} <= parts.keys():
        raise ValueError(f"service of a state must be that of a service, got {shown(state['service'])}")
    try:
        _set(service, parts, names)
    except FAULTS as error:
        raise ValueError(f"service of a state must be that of a service: {shown(str(error))}") from error


def _set(service: Any, parts: dict[str, Any], names: Callable[[Any], Hashable] | None) -> None:
    for name in (*PLAIN, *WHOLE):
        setattr(service, name, parts[name])
    service._names = {number: name if names is None else names(name) for number, name in parts["names"]}
    service._start(restored(parts["main"], service.late, parts["rounds"]))
    for numbers, policy, learned in parts["masked"]:
        service._masks.copies[numbers] = restored(policy, service.late, 0), learned
    service._kept = kept = Kept(service.memory if service.late == "own" else 0)
    kept.rows, kept.dropped = _rows(parts["rows"]), parts["_dropped"]
    service._ledger = ledger = Ledger()
    service._counts = dict(parts["_counts"])
    ledger.decisions = service._counts.pop("decisions")
    for name, (arm, ticket, time, seen) in zip(parts["ids"], _rows(parts["due"]), strict=True):
        ledger.due[name] = Due(arm, ticket, seen, time)
    ledger.lives = dict(parts["_lives"])
    ledger.begin()
    service._guard()


def write(path: Path, state: dict[str, Any]) -> None:
    """Write a state into a file, whole or not at all."""
    write_file(path, json.dumps(state, separators=(",", ":")).encode())


def read(path: Path) -> Any:
    """What a file holds as JSON.

    Raises:
        ValueError: it holds none.
        OSError: it cannot be read.
    """
    try:
        return json.loads(path.read_bytes())
    except (ValueError, RecursionError) as error:
        raise ValueError(f"{path} must hold the state of a service in JSON: {error}") from None


def _plain(name: Any) -> Any:
    """A name that is equal when it comes back from JSON.

    Raises:
        ValueError: it is none.
    """
    if isinstance(name, tuple) and type(name) is tuple:
        return tuple(_plain(part) for part in name)
    if isinstance(name, np.generic):  # of arms out of an array or a table: equal to Python's own, and as good a key
        name = name.item()
    if name is not None and type(name) not in (str, int, float, bool):
        raise ValueError(
            f"arms must have names of texts, numbers and tuples of such for a state, got {shown(name)}; give names=, "
            "a function that makes such of them, here and the one back where the state is read"
        )
    return name


def _columns(rows: Iterable[tuple[Any, ...]], kinds: tuple[Any, ...]) -> list[Any]:
    """Rows as arrays, one a column, of which the last one holds observations, or None where there are none."""
    *columns, seen = [list(column) for column in zip(*rows, strict=True)] or [[] for _ in (*kinds, None)]
    arrays: list[Any] = [np.array(column, dtype=kind) for column, kind in zip(columns, kinds, strict=True)]
    return [*arrays, None if not seen or seen[0] is None else np.stack(seen)]


def _rows(columns: list[Any]) -> list[tuple[Any, ...]]:
    """The rows of such arrays."""
    *arrays, seen = columns
    observations = [None] * len(arrays[0]) if seen is None else list(seen)
    return list(zip(*(array.tolist() for array in arrays), observations, strict=True))
