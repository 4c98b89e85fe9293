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

_FAMILY = ("bandits.Family", "bandits.family.Family", "regretlab.Family")
"""Where the class of tables of families is found."""

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


def meaning_of(tree: ast.Module, package: str | None) -> Meaning:
    """What a syntax tree of a module in that package means."""
    written: list[str] = []
    found: list[ast.AST] = []
    imported: dict[str, None] = {}
    names: set[str] = set()
    _write(ast.Module(_without_tables(tree.body, package), []), written, found)
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
    """Whether a statement is a docstring or is for type checkers only."""
    if isinstance(node, ast.Expr):
        return isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)
    return isinstance(node, ast.If) and _last(node.test) == "TYPE_CHECKING" and not node.orelse


def _last(node: ast.AST) -> str:
    """The last part of a dotted name."""
    return str(getattr(node, "id", getattr(node, "attr", "")))


def _without_tables(body: Iterable[ast.stmt], package: str | None) -> list[ast.stmt]:
    """The statements of a module without those that make a table of a family of ours, by whatever name."""
    ours: dict[str, str] = {}  # names that stand for one of our modules or the class, to what they stand for
    kept = []
    for node in body:
        value = node.value if isinstance(node, ast.Assign | ast.AnnAssign) else None
        name, dot, rest = _dotted(getattr(value, "func", None)).partition(".")
        if f"{ours.get(name)}{dot}{rest}" not in _FAMILY:
            kept.append(node)
        for name in _bound(node) if ours else ():
            ours.pop(name, None)
        ours.update(_imported(node, package))
    return kept


def _dotted(node: ast.AST | None) -> str:
    """``a.b.c`` as text; empty for anything else."""
    if isinstance(node, ast.Attribute):
        above = _dotted(node.value)
        return f"{above}.{node.attr}" if above else ""
    return node.id if isinstance(node, ast.Name) else ""


def _bound(statement: ast.stmt) -> Iterator[str]:
    """Names that a statement may give another meaning, and more: those of the functions in it are among them."""
    for node in ast.walk(statement):
        if isinstance(node, ast.alias):
            yield (node.asname or node.name).partition(".")[0] if node.name != "*" else "Family"
        elif isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            yield node.name
        elif isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load):
            yield node.id


def _imported(statement: ast.stmt, package: str | None) -> Iterator[tuple[str, str]]:
    """The names of our modules and of what is in them that a statement imports, each with its path."""
    if isinstance(statement, ast.Import):
        for alias in statement.names:
            if alias.name.partition(".")[0] in OURS:
                path = alias.name if alias.asname else alias.name.partition(".")[0]
                yield alias.asname or path, path
    elif isinstance(statement, ast.ImportFrom):
        start = resolve_name("." * statement.level + (statement.module or ""), package)
        for alias in statement.names:
            name = "Family" if alias.name == "*" else alias.name
            if f"{start}.{name}" in (*_FAMILY, "bandits.family"):
                yield alias.asname or name, f"{start}.{name}"


def exported(imported: Iterable[str], names: frozenset[str]) -> Iterator[str]:
    """Modules of what our packages hand out when it is asked for, as far as it is named."""
    for top in set(OURS).intersection(imported):
        package = importlib.import_module(top)
        for name in sorted(names.intersection(dir(package))):
            with suppress(ImportError):
                module = getattr(getattr(package, name, None), "__module__", "")
                if module.partition(".")[0] in ("bandits", "environments"):
                    yield module
