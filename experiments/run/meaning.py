"""What a piece of source means: its syntax tree, without comments, docstrings, layout and tables of families."""

from __future__ import annotations

import ast
import hashlib
import importlib
import re
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from importlib.util import resolve_name
from typing import Any

OURS = ("bandits", "environments", "experiments", "regretlab")
"""Our packages."""

_PLACE = re.compile(r"([A-Za-z_][\w.]*):[A-Za-z_]\w*")


@dataclass(frozen=True)
class Meaning:
    """What a piece of source means, and what it may lead to.

    Attributes:
        digest: hash of its syntax tree.
        imported: names that may be modules, of what it imports, and of texts ``module:Class``.
        names: all names and attributes in it.
    """

    digest: str
    imported: tuple[str, ...]
    names: frozenset[str]


@lru_cache(maxsize=4096)
def meaning(source: bytes, package: str | None) -> Meaning:
    """What the source of a module in that package means."""
    try:
        tree = ast.parse(source)
    except SyntaxError:
        return Meaning(hashlib.sha256(source).hexdigest(), (), frozenset())
    return meaning_of(tree, package)


def meaning_of(tree: ast.AST, package: str | None) -> Meaning:
    """What a syntax tree of a module in that package means."""
    written: list[str] = []
    found: list[ast.AST] = []
    imported: dict[str, None] = {}
    names: set[str] = set()
    _write(tree, written, found)
    for node in found:
        if isinstance(node, ast.Import):
            for alias in node.names:
                imported.update(dict.fromkeys([alias.name, alias.name.partition(".")[0]]))
        elif isinstance(node, ast.ImportFrom):
            start = resolve_name("." * node.level + (node.module or ""), package)
            imported.update(dict.fromkeys([start, *(f"{start}.{alias.name}" for alias in node.names)]))
            names.update(alias.name for alias in node.names)
        elif isinstance(node, ast.Name):
            names.add(node.id)
        elif isinstance(node, ast.Attribute):
            names.add(node.attr)
        elif isinstance(node, ast.Constant) and (match := _PLACE.fullmatch(str(node.value))):
            imported[match[1]] = None
    return Meaning(hashlib.sha256("".join(written).encode()).hexdigest(), tuple(imported), frozenset(names))


def _write(node: Any, written: list[str], found: list[ast.AST]) -> None:
    """Write a tree down as far as it means something, and collect its nodes.

    What is empty is left out: which fields a node has differs between versions of Python.
    """
    if isinstance(node, ast.Constant):
        found.append(node)
        written.append(f"{node.value!r},")
    elif isinstance(node, ast.AST):
        found.append(node)
        written.append(type(node).__name__)
        for name in node._fields:
            value = getattr(node, name, None)
            if value is not None and value != [] and not isinstance(value, ast.expr_context):
                written.append(f" {name}=")
                _write(value, written, found)
        written.append(";")
    elif isinstance(node, list):
        for entry in node:
            if not _is_idle(entry):
                _write(entry, written, found)
        written.append("]")
    else:
        written.append(f"{node!r},")


def _is_idle(node: Any) -> bool:
    """Whether a statement is a docstring, is for type checkers only, or is a table of a family."""
    if isinstance(node, ast.Expr):
        return isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)
    if isinstance(node, ast.If):
        return _called(node.test) == "TYPE_CHECKING" and not node.orelse
    return isinstance(node, ast.Assign | ast.AnnAssign) and _called(getattr(node.value, "func", None)) == "Family"


def _called(node: ast.AST | None) -> str:
    """The last part of a dotted name."""
    return str(getattr(node, "id", getattr(node, "attr", "")))


def exported(imported: Iterable[str], names: frozenset[str]) -> Iterator[str]:
    """Modules of what our packages hand out when it is asked for, as far as it is named."""
    for top in set(OURS).intersection(imported):
        package = importlib.import_module(top)
        for name in sorted(names.intersection(dir(package))):
            with suppress(ImportError):
                module = getattr(getattr(package, name, None), "__module__", "")
                if module.partition(".")[0] in ("bandits", "environments"):
                    yield module
