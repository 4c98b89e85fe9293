"""Hashes of the code and the files that decide a job's numbers, so that results of other code are not reused.

The code of a job is what runs it, the modules of all classes that it is made of, and what these import, at once or
later, one from another; a text ``module:Class`` counts as an import. It is followed through our packages and through
other people's modules that are not installed (of an installed class, through its own package); versions of the rest are
in the manifest. Names of modules that are computed are not seen.

A module counts with what it means: its syntax tree, without comments, docstrings, layout and tables of families. A
class that no other process can import, of a script or of a function, counts with what its source reaches.
"""

from __future__ import annotations

import hashlib
import os
import sys
import sysconfig
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib.machinery import PathFinder
from pathlib import Path
from typing import Any

from experiments.run.meaning import OURS, Meaning, exported, meaning
from experiments.run.reached import Reached, sha_of

_HASHING = tuple(f"experiments.run.{name}" for name in ("sources", "meaning", "reached"))
TABLES = (*OURS, "bandits.begun", "bandits.registry", "bandits.families", "bandits.family", *_HASHING)
"""Modules that find code by its name, or say when it was loaded, and decide no number themselves."""

RUNS = ("experiments.run.jobs",)
"""What runs every job."""

_INSTALLED = ("site-packages", "dist-packages")
_STDLIB = sysconfig.get_path("stdlib")
_NEVER = sys.stdlib_module_names | {"builtins", "__main__"}


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
            self._hashes[key] = sha_of([sorted((name, m.digest) for name, m in found.items()), sorted(reached.texts)])
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
            if top in _NEVER or not (top in OURS or top in own or not self.is_installed(top)):
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
                    means = meaning(_read(path), package)
                    leads = (*means.imported, *exported(means.imported, means.names))
                    self._modules[name] = _Module(means, path.name == "__init__.py", leads)
        return self._modules[name]

    def is_installed(self, top: str) -> bool:
        """Whether a package, or a module outside of any, is installed, comes with Python, or is none."""
        if top not in self._installed:
            path, _, folders = _place(top)
            places = [place for place in (path, *map(Path, folders)) if place.name]
            self._installed[top] = not places or any(
                place.is_relative_to(_STDLIB) or not set(_INSTALLED).isdisjoint(place.parts) for place in places
            )
        return self._installed[top]


def file_hashes(parameters: Any) -> dict[str, str]:
    """Hashes of the files that parameters name, by these names.

    Args:
        parameters: in canonical form, defaults among them. Names of the components in it are not those of files.
    """
    paths = {text: os.path.expanduser(text) for text in _texts(parameters)}
    return {text: _digest(Path(path)) for text, path in paths.items() if os.path.isfile(path)}  # False: can be no path


def _texts(parameters: Any) -> Iterator[str]:
    """All strings in nested parameters, but the names of components."""
    if isinstance(parameters, str):
        yield parameters
    elif isinstance(parameters, Mapping):
        is_component = set(parameters) == {"name", "parameters"}
        for value in [parameters["parameters"]] if is_component else parameters.values():
            yield from _texts(value)
    elif isinstance(parameters, list):
        for value in parameters:
            yield from _texts(value)


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
    """A module's source as it stands on disk."""
    return path.read_bytes()


def _digest(path: Path) -> str:
    with open(path, "rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
