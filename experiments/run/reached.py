"""What a class means that no other process can import, of a script, a notebook or a function."""

from __future__ import annotations

import ast
import hashlib
import inspect
import re
import symtable
import sys
import textwrap
import types
from collections.abc import Iterator
from typing import Any

import numpy as np

from experiments.run.meaning import exported, meaning_of


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
            meaning = meaning_of(ast.parse(text), getattr(home, "__package__", None))
            self.texts.append(meaning.digest)
            self.modules.update(meaning.imported)
            named |= _global_names(symtable.symtable(text, "source", "exec"))
            modules = [value.__name__ for n in named if isinstance(value := around.get(n), types.ModuleType)]
            self.modules.update(exported(modules, meaning.names))
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
    parts = [code.co_code, code.co_names, code.co_varnames, constants]
    return hashlib.sha256(repr(parts).encode()).hexdigest()
