"""What a class means that no other process can import, of a script, a notebook or a function."""

from __future__ import annotations

import ast
import copyreg
import hashlib
import inspect
import random
import re
import symtable
import sys
import textwrap
import types
from collections.abc import Iterator
from functools import cached_property
from typing import Any

import numpy as np

from experiments.run.meaning import exported, meaning_of

_ATOMS = (type(None), bool, int, float, complex, str, bytes)
_SEEDED_ANEW = (np.random.mtrand._rand, random._inst)
"""Generators that each process seeds for itself: their state is nobody's choice."""


class Reached:
    """What classes are: modules, and of what cannot be imported the source, with all that this names in its own module.

    Attributes:
        texts: what each name stands for that a piece of source leads to; their order means nothing.
        modules: names of the modules that these lead to.
    """

    def __init__(self) -> None:
        self.texts: list[str] = []
        self.modules: set[str] = set()
        self._homes = {"__main__"}
        self._said: dict[int, tuple[Any, str]] = {}  # with the things, so that no other ones take their ids

    def add(self, thing: Any, name: str = "") -> None:
        """Take in a class, a function, a module, or a value, which the source calls ``name``."""
        self.texts.append(f"{name}={self._text(thing)}")

    def _text(self, thing: Any) -> str:
        """What stands for a thing: names of modules, of classes and functions with their source, values with all state.

        It is the same in all processes.
        """
        if type(thing) in _ATOMS:
            return repr(thing)
        if isinstance(thing, types.ModuleType):
            self.modules.add(thing.__name__)
            return thing.__name__
        thing = inspect.unwrap(getattr(thing, "py_func", thing))
        if id(thing) not in self._said:
            self._said[id(thing)] = thing, "within itself"
            if not isinstance(thing, type | types.FunctionType):
                self._said[id(thing)] = thing, sha_of(self._value(thing))
            elif thing.__module__ is None or thing.__module__ in self._homes or "<locals>" in thing.__qualname__:
                self._homes.add(thing.__module__)
                self._add_source(thing)
            else:
                self._said[id(thing)] = thing, f"{thing.__module__}:{thing.__qualname__}"
                self.modules.add(thing.__module__)
        return self._said[id(thing)][1]

    def _add_source(self, thing: type[Any] | types.FunctionType) -> None:
        home, functions = sys.modules.get(thing.__module__), list(_functions(thing))
        around = dict(vars(home)) if home else {}
        for function in functions:
            around |= function.__globals__ | _closed_over(function)
        whole = _source(thing)
        texts = [whole] if whole else list(filter(None, map(_source, functions)))
        named, parts = set[str](), [thing.__qualname__]
        for text in texts:
            meaning = meaning_of(ast.parse(text), getattr(home, "__package__", None))
            parts.append(meaning.digest)
            self.modules.update(meaning.imported)
            named |= _global_names(symtable.symtable(text, "source", "exec"))
            modules = [value.__name__ for n in named if isinstance(value := around.get(n), types.ModuleType)]
            self.modules.update(exported(modules, meaning.names))
        for function in () if whole else functions:
            for code in () if _source(function) else _codes(function.__code__):
                parts.append(self._bytecode(code))
                named.update(code.co_names, code.co_freevars)
        self._said[id(thing)] = thing, sha_of(parts)
        if isinstance(thing, type):
            for i, base in enumerate(thing.__bases__):
                self.add(base, f"{thing.__qualname__}[{i}]")
            for key, value in {} if whole else vars(thing).items():
                if not key.startswith("__") and not key.startswith("_abc") and not list(_functions(value)):
                    self.add(value, f"{thing.__qualname__}.{key}")
        for name in sorted(named & set(around)):
            self.add(around[name], f"{thing.__qualname__}: {name}")

    def _bytecode(self, code: types.CodeType) -> str:
        """What a piece of a function without a source does."""
        constants = [self._text(constant) for constant in code.co_consts if not isinstance(constant, types.CodeType)]
        return sha_of([code.co_code, code.co_names, code.co_varnames, constants])

    def _value(self, value: Any) -> list[Any]:
        """What a value is made of: what it would be pickled as, so that a ``repr`` that says little hides nothing."""
        made: list[Any] = [self._text(type(value))]
        if any(value is generator for generator in _SEEDED_ANEW):
            return made
        if type(value) is np.ndarray and not value.dtype.hasobject:
            return [*made, str(value.dtype), value.shape, hashlib.sha256(value.tobytes()).hexdigest()]
        if isinstance(value, set | frozenset):
            return [*made, sorted(map(self._text, value)), self._text(getattr(value, "__dict__", None))]
        if type(value) in (list, tuple):
            return [*made, *map(self._text, value)]
        if type(value) is dict:
            return [*made, *((self._text(key), self._text(entry)) for key, entry in value.items())]
        return [*made, *map(self._text, _pickled(value))]


def _pickled(value: Any) -> Iterator[Any]:
    """What an object is pickled as; of one that does not pickle its ``repr`` and attributes."""
    reduce = copyreg.dispatch_table.get(type(value))
    try:
        parts = reduce(value) if reduce else value.__reduce_ex__(2)
    except Exception:  # of whatever kind somebody's object raises
        parts = ""
    if not isinstance(parts, tuple):
        parts = re.sub(r" at 0x[0-9a-fA-F]+", "", repr(value)), getattr(value, "__dict__", None)
    for part in parts:
        if isinstance(part, dict):  # without what is worked out of the rest when it is first asked for
            yield {k: v for k, v in part.items() if not isinstance(getattr(type(value), str(k), None), cached_property)}
        else:
            yield list(part) if isinstance(part, Iterator) else part


def sha_of(value: Any) -> str:
    """Hash of plain data, which have the same ``repr`` in all processes."""
    return hashlib.sha256(repr(value).encode()).hexdigest()


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
