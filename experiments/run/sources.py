"""Hashes of the code and the files that decide a job's numbers, so that results of other code are not reused.

Ours is hashed whole, with the files here that say what a job is. Of other people's code: the file of each policy
and environment that a component names, itself or in its parameters (``module:Class`` or a name of an entry point), and
the files that these import, at once or later, one from another, but for the standard library and installed packages,
whose versions the manifest holds. Imports made by computed names are not seen.
"""

from __future__ import annotations

import ast
import hashlib
import os
import sys
import sysconfig
from collections.abc import Iterator, Mapping
from functools import cache
from importlib.machinery import PathFinder
from importlib.util import resolve_name
from pathlib import Path
from typing import Any

import bandits
import environments
from bandits.registry import ENVIRONMENTS, POLICIES

_OURS = ("bandits", "environments", "experiments")
_INSTALLED = ("site-packages", "dist-packages")


def code_hashes(*components: Mapping[str, Any]) -> list[str]:
    """Hashes of our packages and of the other code that ``components`` name, each with its name and parameters."""
    files: set[Path] = set()
    for component in components:
        for text in (component["name"], *_texts(component.get("parameters"))):
            for module in _modules_named(text):
                _collect(module, files)
    return [_packages(), *(_digest(path) for path in sorted(files))]


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


def _modules_named(name: str) -> Iterator[str]:
    """The names of the modules, not ours, of the policy and the environment of that name."""
    for registry in (POLICIES, ENVIRONMENTS):
        if name in registry.paths or ":" in name:
            try:
                module = registry.load(name).__module__
            except (ValueError, ImportError):  # a text that names nothing; where it must, building says so
                continue
            if module.split(".")[0] not in _OURS:
                yield module


def _collect(module: str, files: set[Path]) -> None:
    """Add the module's file and those of what it imports."""
    path, package = _place(module)
    if path in files or path.suffix != ".py":
        return
    files.add(path)
    for name in _imported(path, package):
        if name.split(".")[0] not in _OURS and not _is_installed(_place(name)[0]):
            _collect(name, files)


def _place(name: str) -> tuple[Path, str | None]:
    """The file of a module and the package it is in, without importing it; an empty path if there is none."""
    module = sys.modules.get(name)
    if module is not None:
        spec = getattr(module, "__spec__", None)
        return Path(getattr(module, "__file__", None) or ""), spec.parent if spec else None
    parts, spec, where = name.split("."), None, None
    for i in range(len(parts)):
        spec = PathFinder.find_spec(".".join(parts[: i + 1]), where)
        if spec is None or (i + 1 < len(parts) and spec.submodule_search_locations is None):
            return Path(), None
        where = spec.submodule_search_locations
    return Path(spec.origin or "") if spec else Path(), spec.parent if spec else None


def _imported(path: Path, package: str | None) -> Iterator[str]:
    """Names that may be modules among what the file, in that package, imports."""
    for node in ast.walk(ast.parse(path.read_bytes())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            start = "." * node.level + (node.module or "")
            start = resolve_name(start, package)
            yield start
            yield from (f"{start}.{alias.name}" for alias in node.names)


def _is_installed(path: Path) -> bool:
    return (
        not path.name
        or any(part in _INSTALLED for part in path.parts)
        or path.is_relative_to(sysconfig.get_path("stdlib"))
    )


@cache
def _packages() -> str:
    roots = [Path(module.__file__ or "").parent for module in (bandits, environments)]
    sources = [p for root in roots for p in sorted(root.rglob("*.py"))]
    sources += [Path(__file__).parents[1] / name for name in ("run/jobs.py", "study/model.py", "run/theory.py")]
    return hashlib.sha256(b"\0".join(p.read_bytes() for p in sources)).hexdigest()


def _digest(path: Path) -> str:
    with open(path, "rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
