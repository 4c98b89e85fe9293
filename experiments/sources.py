"""Hashes of the code and the files that decide a cell's numbers, so that results of other code are not reused.

Ours is hashed whole. Of other people's code: the file of each policy and environment that a component names, itself or
in its parameters (``module:Class`` or a name of an entry point), and the files that these import, one from another, but
for the standard library and installed packages, whose versions the manifest holds. Imports made by computed names are
not seen.
"""

from __future__ import annotations

import ast
import hashlib
import sys
import sysconfig
from collections.abc import Iterator, Mapping
from functools import cache
from importlib.util import resolve_name
from pathlib import Path
from types import ModuleType
from typing import Any

import bandits
import environments
from bandits.registry import POLICIES
from environments.registry import ENVIRONMENTS

_OURS = ("bandits", "environments", "experiments")
_INSTALLED = ("site-packages", "dist-packages")


def code_hashes(*components: Mapping[str, Any]) -> list[str]:
    """Hashes of our packages and of the other code that ``components`` name, each with its name and parameters."""
    files: set[Path] = set()
    for component in components:
        for module in _modules_named(component["name"]):
            _collect(module, files)
        for text in _texts(component.get("parameters")):
            for module in _modules_named(text):
                _collect(module, files)
    return [_packages(), *(_digest(path) for path in sorted(files))]


def file_hashes(parameters: Any) -> list[str]:
    """Hashes of the files that parameters name, in order."""
    return [_digest(Path(text)) for text in _texts(parameters) if len(text) < 4096 and Path(text).is_file()]


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


def _modules_named(name: str) -> Iterator[ModuleType]:
    """The modules, not ours, of the policy and the environment of that name."""
    for registry in (POLICIES, ENVIRONMENTS):
        if name in registry.paths or ":" in name:
            try:
                module = registry.load(name).__module__
            except (ValueError, ImportError):  # a text that names nothing; where it must, building says so
                continue
            if module.split(".")[0] not in _OURS:
                yield sys.modules[module]


def _collect(module: ModuleType, files: set[Path]) -> None:
    """Add the module's file and those of what it imports."""
    path = Path(module.__file__ or "")
    if path in files or path.suffix != ".py":
        return
    files.add(path)
    for name in _imported(path, module):
        found = sys.modules.get(name)
        if found is not None and name.split(".")[0] not in _OURS and not _is_installed(found):
            _collect(found, files)


def _imported(path: Path, module: ModuleType) -> Iterator[str]:
    """Names that may be modules among what the file imports."""
    for node in ast.walk(ast.parse(path.read_bytes())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            start = "." * node.level + (node.module or "")
            start = resolve_name(start, module.__spec__.parent if module.__spec__ else None)
            yield start
            yield from (f"{start}.{alias.name}" for alias in node.names)


def _is_installed(module: ModuleType) -> bool:
    file = getattr(module, "__file__", None)
    if not file:
        return True
    path = Path(file)
    return any(part in _INSTALLED for part in path.parts) or path.is_relative_to(sysconfig.get_path("stdlib"))


@cache
def _packages() -> str:
    roots = [Path(module.__file__ or "").parent for module in (bandits, environments)]
    sources = [p for root in roots for p in sorted(root.rglob("*.py"))] + [Path(__file__).with_name("cells.py")]
    return hashlib.sha256(b"\0".join(p.read_bytes() for p in sources)).hexdigest()


def _digest(path: Path) -> str:
    with open(path, "rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
