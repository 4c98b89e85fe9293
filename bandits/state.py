"""The state of a policy in mid-run as plain JSON values, and back: a run goes on bit for bit, random numbers included.

A state is a dictionary: its ``format``, the ``project``'s version, the ``policy``'s registered name, its
``parameters``, the ``objects`` that it is made of, and a ``digest`` of all that. Objects stand in a flat list and refer
to each other by their place, so that one generator that two policies share is one again. What a value may be:

* null, true, false, texts, whole numbers up to 2^53 and numbers with a fraction are themselves. ``{"int": "123"}``,
  ``{"float": "inf"}`` and ``{"bytes": base64}`` are the others: a program that takes 1.0 for 1 changes nothing.
* ``{"ref": 3}`` is object 3: a list, tuple, set, dictionary or deque; an array, by dtype, shape, order and its bytes; a
  generator of numpy's, by the state of its bits and the seed that it spawns from; an instance, by class and attributes.

Classes are found by name, and none is imported from elsewhere: policies under their registered name, and classes that
stand in this package or in that of a registered policy. Attributes are set, no constructor is called and no value is a
function: to read a state executes nothing that it says. The digest finds what was damaged on the way. It is no
signature: numbers made up by an enemy are worked with as if they were true. What a policy keeps of lengths and places
goes into compiled loops that look at no bounds, and a state can be made that takes forever to read: it may crash the
process or harm its memory. So take states from whom you trust.

An array that is part of another one is an array of its own afterwards, as it is when pickled.
"""

from __future__ import annotations

import hashlib
import json
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from bandits.arguments import did_you_mean, shown
from bandits.contract import Policy
from bandits.decoding import Decoder
from bandits.encoding import Encoder, Json
from bandits.registry import POLICIES

FORMAT = 1
"""Of the states that are written and read here."""

KEYS = ("format", "project", "policy", "parameters", "objects", "digest")


def to_json(policy: Policy[Any, Any, Any, Any]) -> dict[str, Json]:
    """The state of a policy, before a run or in the middle of one, as values that ``json.dumps`` takes.

    Args:
        policy: a registered one; it is not changed. What it is built on (another policy, its problem) goes with it.

    Raises:
        ValueError: a policy that is not registered, or one that holds what no JSON can: a function, a file, a class of
            another package; the message says where.

    Example:
        >>> import json
        >>> import numpy as np
        >>> from bandits import BanditProblem, BetaThompson
        >>> from bandits.state import from_json, to_json
        >>> policy = BetaThompson()
        >>> policy.reset(BanditProblem(n_actions=3), np.random.default_rng(0))
        >>> policy.update(None, 1, 1.0)
        >>> text = json.dumps(to_json(policy))
        >>> other = from_json(json.loads(text))
        >>> [other.choose(None) for _ in range(8)] == [policy.choose(None) for _ in range(8)]
        True
    """
    if not isinstance(policy, Policy):
        raise ValueError(f"policy must be a policy, got {shown(policy)}")
    encoder = Encoder()
    name, parameters = encoder.root(policy)
    state: dict[str, Json] = {
        "format": FORMAT,
        "project": project(),
        "policy": name,
        "parameters": parameters,
        "objects": encoder.objects,
    }
    return {**state, "digest": digest(state)}


def from_json(state: Any, *, same_version: bool = True) -> Policy[Any, Any, Any, Any]:
    """The policy of a state that ``to_json`` gave, with or without a journey through a file.

    Args:
        state: the dictionary.
        same_version: refuse states of other versions of this project, in which a policy may keep other things.

    Raises:
        ValueError: no such state: of another format or version, of a policy that is not registered here, or changed
            since it was written; the message says what is wrong and where.
    """
    check(state, KEYS, FORMAT, same_version)
    name = state["policy"]
    if not isinstance(name, str) or name not in POLICIES.classes:
        hint = POLICIES.hint(name) if isinstance(name, str) else ""
        raise ValueError(f"policy of a state must be a registered name, got {shown(name)}{hint}")
    decoder = Decoder(state["objects"])
    policy = decoder.root(name, state["parameters"])
    check_digest(state)
    return policy


@cache
def project() -> str:
    """The version of this project, empty where it is not installed."""
    try:
        return version("regretlab")
    except PackageNotFoundError:
        return ""


def digest(state: dict[str, Json]) -> str:
    """What a state's values come to, whatever the order of its keys."""
    text = json.dumps({k: v for k, v in state.items() if k != "digest"}, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def check(state: Any, keys: tuple[str, ...], form: int, same_version: bool = True) -> None:
    """See that a state has those keys, and is of that format and of this version of the project.

    Raises:
        ValueError: it does not; the message says which.
    """
    if not isinstance(state, dict):
        raise ValueError(f"a state must be a dictionary, got {shown(state)}")
    if missing := [key for key in keys if key not in state]:
        raise ValueError(f"a state must have the keys {', '.join(keys)}, got none named {missing[0]!r}")
    if extra := [key for key in state if key not in keys]:
        raise ValueError(f"a state must have no other keys, got {shown(extra[0])}{did_you_mean(extra[0], keys)}")
    if type(state["format"]) is not int or state["format"] != form:
        raise ValueError(f"format of a state must be {form}, got {shown(state['format'])}")
    if same_version and state["project"] != project():
        raise ValueError(
            f"a state must be of version {project()!r} of regretlab, got {shown(state['project'])}; "
            "same_version=False reads it all the same, and learning from a log needs no state"
        )


def check_digest(state: dict[str, Json]) -> None:
    """See that nothing of a state has changed since it was written.

    Raises:
        ValueError: something has.
    """
    try:
        found = digest(state)
    except (TypeError, ValueError, RecursionError) as error:
        raise ValueError(f"a state must be made of JSON values: {error}") from None
    if found != state["digest"]:
        raise ValueError(
            f"a state must be as it was written: its digest says {shown(state['digest'])}, its values come to {found}"
        )
