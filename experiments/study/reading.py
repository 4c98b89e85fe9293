"""The text of a study file as a tree: YAML 1.2, of plain data alone, within limits, each value with its place.

Values are built from the parser's events, so that nothing is followed or copied before it is counted.
"""

from __future__ import annotations

import re
import stat
from collections.abc import Iterator
from itertools import chain
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML, events
from ruamel.yaml.error import YAMLError

from experiments.study import limits
from experiments.study.layers import Node, Place
from experiments.study.mistakes import ConfigError


def text_of(path: Path) -> str:
    """The text of a file.

    Raises:
        ConfigError: it is no regular file, too large, or not UTF-8.
        OSError: it cannot be read.
    """
    place = (str(path), 1, 1)
    if not stat.S_ISREG(path.stat().st_mode):
        raise ConfigError.at(place, "must be a regular file")
    with path.open("rb") as stream:
        content = stream.read(limits.FILE + 1)
    if len(content) > limits.FILE:
        raise ConfigError.at(place, f"a study file may have {limits.FILE} bytes, and this one has more")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        before = content[: error.start].decode("utf-8-sig")
        raise ConfigError.at(_at(before, str(path)), f"the file must be UTF-8: {error.reason}") from None


def tree(text: str, source: str) -> Node:
    """The tree of a text.

    Args:
        text: a document.
        source: what it is called in places.

    Raises:
        ConfigError: it is not YAML, not of plain data alone, or beyond the limits.
    """
    if found := _UNPRINTABLE.search(text):
        raise ConfigError.at(_at(text[: found.start()], source), _unprintable(found[0]))
    parser = YAML(typ="safe", pure=True)
    reader = _Reader(parser.parse(text), source)
    try:
        return reader.document()
    except YAMLError as error:
        mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
        place = (source, mark.line + 1, mark.column + 1) if mark else reader.place
        raise ConfigError.at(place, problem(error)) from None
    except (ValueError, OverflowError) as error:
        if isinstance(error, ConfigError):
            raise
        raise ConfigError.at(reader.place, f"what follows is not YAML: {error}") from None  # such as "\U99999999"


def wrong_value(value: Any) -> str:
    """What is wrong with a scalar, wherever it comes from; nothing if it is right."""
    if isinstance(value, str) and (found := _HALVES.search(value)):
        return f"must be text that UTF-8 can hold, got {value!r}: leave out character {found.start() + 1}"
    if isinstance(value, int) and abs(value) >= 10**limits.DIGITS:
        return f"a number may have {limits.DIGITS} digits, and this one has more"
    return ""


class _Reader:
    """Builds a tree from events.

    Attributes:
        place: of the last event.
    """

    def __init__(self, stream: Iterator[Any], source: str) -> None:
        self.place: Place = (source, 1, 1)
        self._stream, self._source = stream, source
        self._anchors: dict[str, Node | None] = {}
        self._values = 0

    def document(self) -> Node:
        nothing = Node(None, self.place)
        self._next()
        if isinstance(self._next(), events.StreamEndEvent):
            return nothing
        root = self._node(self._next(), 0)
        self._next()
        if not isinstance(self._next(), events.StreamEndEvent):
            raise ConfigError.at(self.place, "a second document: a study is one")
        return root

    def _next(self) -> Any:
        event = next(self._stream)
        self.place = (self._source, event.start_mark.line + 1, event.start_mark.column + 1)
        return event

    def _count(self, place: Place, depth: int) -> None:
        self._values += 1
        if self._values > limits.VALUES:
            raise ConfigError.at(place, f"with all aliases followed there are more than {limits.VALUES} values")
        if depth > limits.DEPTH:
            raise ConfigError.at(place, f"mappings and lists may stand {limits.DEPTH} deep inside one another")

    def _node(self, event: Any, depth: int) -> Node:
        """The tree that starts with an event, which has just been taken."""
        place, anchor = self.place, event.anchor
        if isinstance(event, events.AliasEvent):
            if anchor not in self._anchors:
                raise ConfigError.at(place, f"there is no anchor &{anchor} above")
            if (anchored := self._anchors[anchor]) is None:
                raise ConfigError.at(place, f"an anchor holds an alias of itself: &{anchor}")
            return self._copy(anchored, place, depth)
        if event.tag is not None:
            what = f"the tag {event.tag} cannot be read: write the value alone, in quotes if it is text"
            raise ConfigError.at(place, what)
        self._count(place, depth)
        if anchor is not None:
            self._anchors[anchor] = None
        node = Node(self._value(event, depth), place)
        if anchor is not None:
            self._anchors[anchor] = node
        return node

    def _copy(self, node: Node, place: Place, depth: int) -> Node:
        """A copy of what an alias at ``place`` stands for; what is inside keeps its own place."""
        self._count(place, depth)
        if isinstance(node.value, dict):
            inner = {key: self._copy(value, value.place, depth + 1) for key, value in node.value.items()}
            return Node(inner, place)
        if isinstance(node.value, list):
            return Node([self._copy(value, value.place, depth + 1) for value in node.value], place)
        return Node(node.value, place)

    def _value(self, event: Any, depth: int) -> Any:
        if isinstance(event, events.MappingStartEvent):
            return self._mapping(depth)
        if isinstance(event, events.SequenceStartEvent):
            entries = []
            while not isinstance(following := self._next(), events.SequenceEndEvent):
                entries.append(self._node(following, depth + 1))
            return entries
        value = event.value if event.style else self._plain(event.value)
        if wrong := wrong_value(value):
            raise ConfigError.at(self.place, wrong)
        return value

    def _mapping(self, depth: int) -> dict[str, Node]:
        own: dict[str, Node] = {}
        merged: list[Node] = []
        while not isinstance(following := self._next(), events.MappingEndEvent):
            place, merge = self.place, following.anchor is None and getattr(following, "value", None) == "<<"
            merge = merge and not following.style
            key = self._node(following, depth + 1).value
            if not isinstance(key, str):
                shown = f"{key!r}: write {str(key)!r}" if not isinstance(key, dict | list) else "a mapping or a list"
                raise ConfigError.at(place, f"a key must be a text, got {shown}")
            if key in own or (merge and merged):
                raise ConfigError.at(place, f'found duplicate key "{key}"')
            value = self._node(self._next(), depth + 1)
            value.place = place
            if not merge:
                own[key] = value
                continue
            merged = value.value if isinstance(value.value, list) else [value]
            if not merged or not all(isinstance(node.value, dict) for node in merged):
                raise ConfigError.at(place, "'<<' takes a mapping, an alias of one, or a list of them")
        for key, value in chain.from_iterable(node.value.items() for node in merged):
            own.setdefault(key, value)
        return own

    def _plain(self, text: str) -> Any:
        """What a scalar without quotes is, in the core schema of YAML 1.2, underscores in numbers allowed."""
        if text in _WORDS:
            return _WORDS[text]
        base = next((base for base, form in _WHOLE.items() if form.fullmatch(text)), None)
        if base is None and not _FLOAT.fullmatch(text):
            return text
        if len(text) > limits.DIGITS:
            raise ConfigError.at(self.place, f"a number may have {limits.DIGITS} characters, got {len(text)}")
        if base is not None:
            return int(text.replace("_", ""), base)
        value = float(text.replace("_", ""))
        if abs(value) == float("inf"):
            raise ConfigError.at(self.place, f"{text} is beyond the largest number, 1.8e308; infinity is written .inf")
        return value


_WORDS: dict[str, Any] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL")),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
    **{sign + word: float(sign + "inf") for sign in ("", "+", "-") for word in (".inf", ".Inf", ".INF")},
    **dict.fromkeys((".nan", ".NaN", ".NAN"), float("nan")),
}
_WHOLE = {
    10: re.compile(r"[-+]?[0-9][0-9_]*", re.ASCII),
    16: re.compile(r"[-+]?0x[0-9a-fA-F][0-9a-fA-F_]*", re.ASCII),
    8: re.compile(r"[-+]?0o[0-7][0-7_]*", re.ASCII),
    2: re.compile(r"[-+]?0b[01][01_]*", re.ASCII),
}
_FLOAT = re.compile(r"[-+]?(\.[0-9][0-9_]*|[0-9][0-9_]*(\.[0-9_]*)?)([eE][-+]?[0-9]+)?", re.ASCII)
_UNPRINTABLE = re.compile("[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")

_HALVES = re.compile("[\ud800-\udfff]")


def _unprintable(character: str) -> str:
    return f"unacceptable character U+{ord(character):04X}, which cannot be shown"


def _at(before: str, source: str) -> Place:
    """The place behind a text."""
    return source, before.count("\n") + 1, len(before) - before.rfind("\n")


def problem(error: YAMLError) -> str:
    """What is wrong with a text that is not YAML, in a line."""
    what = getattr(error, "problem", None) or getattr(error, "context", None) or error
    return " ".join(str(what).split())
