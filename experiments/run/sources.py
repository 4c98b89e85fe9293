"""Hashes of the code and the files that decide a job's numbers, so that results of other code are not reused.

The code of a job is what runs it, the modules of all classes that it is made of, and what these import, at once or
later, one from another; a text ``module:Class`` counts as an import. It is followed through our packages and through
other people's modules that are not installed (of an installed class, through its own package); versions of the rest are
in the manifest. Names of modules that are computed are not seen.

A module counts with what it means: its syntax tree, without comments, docstrings, layout and tables of families. A
class that no other process can import, of a script or of a function, counts with what its source reaches.
"""

from __future__ import annotations

import ast
import hashlib
import importlib
import inspect
import os
import re
import symtable
import sys
import sysconfig
import textwrap
import types
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from importlib.machinery import PathFinder
from importlib.util import resolve_name
from pathlib import Path
from typing import Any

import numpy as np

OURS = ("bandits", "environments", "experiments", "regretlab")
TABLES = (*OURS, "bandits.registry", "bandits.families", "bandits.family", "experiments.run.sources")
"""Modules that find code by its name and decide no number themselves."""

RUNS = ("experiments.run.jobs",)
"""What runs every job."""

_INSTALLED = ("site-packages", "dist-packages")
_STDLIB = sysconfig.get_path("stdlib")
_PLACE = re.compile(r"([A-Za-z_][\w.]*):[A-Za-z_]\w*")
_NEVER = sys.stdlib_module_names | {"builtins", "__main__"}


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


@dataclass(frozen=True)
class _Module:
    """A module with a source: what it means, whether it is a package, and the modules that it may lead to."""

    meaning: Meaning
    is_package: bool
    leads: tuple[str, ...]


class Sources:
    """The code as it stands now: each file is read at most once."""

    def __init__(self) -> None:
        self._modules: dict[str, _Module | None] = {}
        self._installed: dict[str, bool] = {}
        self._hashes: dict[tuple[type[Any], ...], str] = {}

    def code_hash(self, classes: Iterable[type[Any]]) -> str:
        """Hash of the code of a job that is made of these classes."""
        key = tuple(classes)
        if key not in self._hashes:
            reached = Reached()
            for cls in key:
                reached.add(cls)
            own = {cls.__module__.partition(".")[0] for cls in key}
            found = self.closure({*RUNS, *reached.modules}, own)
            self._hashes[key] = _sha([sorted((name, m.digest) for name, m in found.items()), reached.texts])
        return self._hashes[key]

    def closure(self, modules: Iterable[str], own: Container[str] = ()) -> dict[str, Meaning]:
        """What these modules mean, and all that they lead to, by name.

        Args:
            modules: names of modules.
            own: packages that are followed even if they are installed.
        """
        todo, found, seen = list(modules), dict[str, Meaning](), set(TABLES)
        while todo:
            name = todo.pop()
            if name in seen:
                continue
            seen.add(name)
            top = name.partition(".")[0]
            if top in _NEVER or not (top in OURS or top in own or not self._is_installed(top)):
                continue
            module = self._module(name)
            if module is not None:
                found[name] = module.meaning
                todo += module.leads
            if "." in name:
                todo.append(name.rpartition(".")[0])
        return found

    def _module(self, name: str) -> _Module | None:
        """The module of that name; None if there is none with a source."""
        if name not in self._modules:
            self._modules[name] = None
            parent = self._module(name.rpartition(".")[0]) if "." in name else None
            if parent is None or parent.is_package:
                path, package, _ = _place(name)
                if path.suffix == ".py" and path.is_file():
                    meaning = _meaning(_read(path), package)
                    leads = (*meaning.imported, *_exported(meaning.imported, meaning.names))
                    self._modules[name] = _Module(meaning, path.name == "__init__.py", leads)
        return self._modules[name]

    def _is_installed(self, top: str) -> bool:
        """Whether a package, or a module outside of any, is installed, or there is none."""
        if top not in self._installed:
            path, _, folders = _place(top)
            places = [path, *map(Path, folders)] if path.name else list(map(Path, folders))
            self._installed[top] = not places or any(
                place.is_relative_to(_STDLIB) or not set(_INSTALLED).isdisjoint(place.parts) for place in places
            )
        return self._installed[top]


def file_hashes(parameters: Any) -> list[str]:
    """Hashes of the files that parameters name, in order."""
    paths = (os.path.expanduser(text) for text in _texts(parameters))
    return [_digest(Path(path)) for path in paths if os.path.isfile(path)]  # False for a text that can be no path


def _texts(parameters: Any) -> Iterator[str]:
    """All strings in nested parameters, in order."""
    if isinstance(parameters, str):
        yield parameters
    elif isinstance(parameters, Mapping):
        for value in parameters.values():
            yield from _texts(value)
    elif isinstance(parameters, list):
        for value in parameters:
            yield from _texts(value)


def _exported(imported: Iterable[str], names: frozenset[str]) -> Iterator[str]:
    """Modules of what our packages hand out when it is asked for, as far as it is named."""
    for top in set(OURS).intersection(imported):
        package = importlib.import_module(top)
        for name in sorted(names.intersection(dir(package))):
            with suppress(ImportError):
                module = getattr(getattr(package, name, None), "__module__", "")
                if module.partition(".")[0] in ("bandits", "environments"):
                    yield module


def _place(name: str) -> tuple[Path, str | None, Sequence[str]]:
    """The file of a module, the package it is in, and its folders if it is one itself; without importing it."""
    module = sys.modules.get(name)
    if module is not None:
        spec = getattr(module, "__spec__", None)
        file = Path(getattr(module, "__file__", None) or "")
        return file, spec.parent if spec else None, list(getattr(module, "__path__", ()))
    parts, spec, where = name.split("."), None, None
    for i in range(len(parts)):
        spec = PathFinder.find_spec(".".join(parts[: i + 1]), where)
        if spec is None or (i + 1 < len(parts) and spec.submodule_search_locations is None):
            return Path(), None, ()
        where = spec.submodule_search_locations
    return (Path(spec.origin or ""), spec.parent, list(where or ())) if spec else (Path(), None, ())


def _read(path: Path) -> bytes:
    return path.read_bytes()


@lru_cache(maxsize=4096)
def _meaning(source: bytes, package: str | None) -> Meaning:
    """What the source of a module in that package means."""
    try:
        tree = ast.parse(source)
    except SyntaxError:
        return Meaning(hashlib.sha256(source).hexdigest(), (), frozenset())
    return _meaning_of(tree, package)


def _meaning_of(tree: ast.AST, package: str | None) -> Meaning:
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


class Reached:
    """What classes are: modules, and of what cannot be imported the source, with all that this names in its own module.

    Attributes:
        texts: what each piece of source means.
        modules: names of the modules that these lead to.
    """

    def __init__(self) -> None:
        self.texts: list[str] = []
        self.modules: set[str] = set()
        self._homes = {"__main__"}
        self._seen: dict[int, Any] = {}

    def add(self, thing: Any, name: str = "") -> None:
        """Take in a class, a function, a module, or a value, which the source calls ``name``."""
        if isinstance(thing, types.ModuleType):
            self.modules.add(thing.__name__)
            return
        thing = inspect.unwrap(getattr(thing, "py_func", thing))
        if id(thing) in self._seen:
            return
        self._seen[id(thing)] = thing  # kept, so that no other object takes its id
        if not isinstance(thing, type | types.FunctionType):
            self._add_value(thing, name)
        elif thing.__module__ is None or thing.__module__ in self._homes or "<locals>" in thing.__qualname__:
            self._homes.add(thing.__module__)
            self._add_source(thing)
        else:
            self.modules.add(thing.__module__)

    def _add_source(self, thing: type[Any] | types.FunctionType) -> None:
        home, functions = sys.modules.get(thing.__module__), list(_functions(thing))
        around = dict(vars(home)) if home else {}
        for function in functions:
            around |= function.__globals__ | _closed_over(function)
        whole = _source(thing)
        texts = [whole] if whole else list(filter(None, map(_source, functions)))
        named: set[str] = set()
        for text in texts:
            meaning = _meaning_of(ast.parse(text), getattr(home, "__package__", None))
            self.texts.append(meaning.digest)
            self.modules.update(meaning.imported)
            named |= _global_names(symtable.symtable(text, "source", "exec"))
            modules = [value.__name__ for n in named if isinstance(value := around.get(n), types.ModuleType)]
            self.modules.update(_exported(modules, meaning.names))
        if not whole:
            for function in functions:
                if not _source(function):
                    named |= self._add_bytecode(function)
            if isinstance(thing, type):
                for key, value in vars(thing).items():
                    if not key.startswith("__") and not key.startswith("_abc") and not list(_functions(value)):
                        self.add(value, key)
        for base in thing.__bases__ if isinstance(thing, type) else ():
            self.add(base)
        for name in sorted(named & set(around)):
            self.add(around[name], name)

    def _add_bytecode(self, function: types.FunctionType) -> set[str]:
        """Take in what a function without a source does; its names that stand for something outside of it."""
        codes = list(_codes(function.__code__))
        self.texts += map(_bytecode, codes)
        return {name for code in codes for name in (*code.co_names, *code.co_freevars)}

    def _add_value(self, value: Any, name: str) -> None:
        if isinstance(value, np.ndarray):
            text = f"{value.dtype} {value.shape} {hashlib.sha256(value.tobytes()).hexdigest()}"
        elif isinstance(value, list | tuple | set | frozenset | dict):
            for entry in (*value, *value.values()) if isinstance(value, dict) else value:
                if not isinstance(entry, str | int | float | None):
                    self.add(entry)
            text = _shown(value)
        else:
            self.add(type(value))
            if type(value).__module__ in self._homes:
                for key, entry in vars(value).items() if hasattr(value, "__dict__") else ():
                    self.add(entry, key)
            text = _shown(value)
        self.texts.append(f"{name}={text}")


def _shown(value: Any) -> str:
    """A value as text, without addresses and without the order of sets."""
    listed = sorted(map(repr, value)) if isinstance(value, set | frozenset) else value
    return re.sub(r" at 0x[0-9a-f]+", "", repr(listed))


def _source(thing: Any) -> str:
    """The source of a class or a function, from the beginning of its line; empty where it is not at hand."""
    try:
        text = textwrap.dedent(inspect.getsource(thing))
        ast.parse(text)
    except (OSError, TypeError, SyntaxError):
        return ""
    return text


def _global_names(table: symtable.SymbolTable) -> set[str]:
    """Names in a source that stand for something outside of it."""
    names = {symbol.get_name() for symbol in table.get_symbols() if symbol.is_global() and symbol.is_referenced()}
    return names.union(*map(_global_names, table.get_children()))


def _functions(thing: Any) -> Iterator[types.FunctionType]:
    """The functions that a class or a function is made of."""
    if isinstance(thing, types.FunctionType):
        yield thing
    elif isinstance(thing, property):
        yield from (f for f in (thing.fget, thing.fset, thing.fdel) if isinstance(f, types.FunctionType))
    elif isinstance(thing, classmethod | staticmethod):
        yield from _functions(inspect.unwrap(thing.__func__))
    elif isinstance(thing, type):
        for value in vars(thing).values():
            if not isinstance(value, type) or value.__qualname__.startswith(f"{thing.__qualname__}."):
                yield from _functions(inspect.unwrap(value) if callable(value) else value)


def _closed_over(function: types.FunctionType) -> dict[str, Any]:
    """The variables of the functions around a function, by name, but those that have no value."""
    found = {}
    for name, cell in zip(function.__code__.co_freevars, function.__closure__ or (), strict=True):
        try:
            found[name] = cell.cell_contents
        except ValueError:
            continue
    return found


def _codes(code: types.CodeType) -> Iterator[types.CodeType]:
    yield code
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            yield from _codes(constant)


def _bytecode(code: types.CodeType) -> str:
    constants = [_shown(constant) for constant in code.co_consts if not isinstance(constant, types.CodeType)]
    return _sha([code.co_code, code.co_names, code.co_varnames, constants])


def _sha(value: Any) -> str:
    return hashlib.sha256(repr(value).encode()).hexdigest()


def _digest(path: Path) -> str:
    with open(path, "rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
