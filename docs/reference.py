"""Writes the pages of the reference: every public module, a page a family. Run by ``conf.py`` before each build."""

from __future__ import annotations

import pkgutil
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

PACKAGES = ("bandits", "environments", "experiments", "regretlab")
ALONE = ("experiments", "regretlab")
"""Packages of no family, each on a page of its own."""
TITLES = {
    "common": "Contract, checks, registries",
    "contextual": "Contexts",
    "delayed": "Delayed feedback",
    "groupwise": "Groupwise regret",
    "linear": "Linear bandits",
    "logged": "Logged data",
    "mdp": "Markov decision processes",
    "portfolio": "Portfolios",
    "recovering": "Recovering rewards",
    "regretlab": "In Python",
    "sor": "Solver tuning",
    "streaming": "Streaming arms",
    "tallying": "Weighted tallying",
}
"""Titles of pages whose names do not say it."""


def modules() -> Iterator[tuple[str, str, bool]]:
    """(page, module, whether it is a package) of every public one: a page a family, one for the rest, one if ``ALONE``.

    Modules are not imported: some need packages of other people's.
    """
    for package in PACKAGES:
        yield (package if package in ALONE else "common"), package, True
        for found in pkgutil.walk_packages(import_module(package).__path__, f"{package}."):
            parts = found.name.split(".")
            if any(part.startswith("_") for part in parts):
                continue
            of_family = len(parts) > 2 or found.ispkg
            page = package if package in ALONE else parts[1] if of_family else "common"
            yield page, found.name, found.ispkg


def write(folder: Path) -> list[Path]:
    """Write the pages into ``folder``; a page that is the same stays untouched, so that it is not built again."""
    folder.mkdir(exist_ok=True)
    pages: dict[str, list[str]] = {}
    for page, module, is_package in modules():
        pages.setdefault(page, []).append(_entry(module, is_package))
    written = []
    for page, entries in pages.items():
        text = f"{_heading(TITLES.get(page, page.capitalize()), '=')}\n" + "\n".join(entries)
        path = folder / f"{page}.rst"
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            path.write_text(text, encoding="utf-8")
        written.append(path)
    for stray in set(folder.glob("*.rst")) - set(written):
        stray.unlink()
    return written


def _heading(text: str, rule: str) -> str:
    return f"{text}\n{rule * len(text)}\n"


def _entry(module: str, is_package: bool) -> str:
    members = "" if is_package else "   :members:\n   :show-inheritance:\n"  # a package's: where they are defined
    return f"{_heading(module, '-')}\n.. automodule:: {module}\n{members}"
