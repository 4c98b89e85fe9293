"""The table of families. To add one, write its rooms and add its name here; third parties use entry points."""

from __future__ import annotations

import sys
import warnings
from functools import cache
from typing import TYPE_CHECKING, Any

from bandits.family import Family, resolve

if TYPE_CHECKING:
    from importlib.metadata import EntryPoints

ROOMS = (
    "arms",
    "contextual",
    "sor",
    "paging",
    "groupwise",
    "streaming",
    "tallying",
    "recovering",
    "linear",
    "identification",
    "mdp",
    "portfolio",
    "delayed",
    "logged",
)
"""Each is a package in ``bandits`` with an object ``FAMILY``."""

GROUP = "regretlab.families"


@cache
def ours() -> tuple[Family, ...]:
    """The families of this distribution."""
    return tuple(resolve(f"bandits.{room}:FAMILY") for room in ROOMS)


def families() -> tuple[Family, ...]:
    """All families, ours first, then those of entry points.

    One that cannot be loaded, or that gives a name which is taken, is left out with a ``RuntimeWarning`` that names its
    entry point and distribution. One whose module is being imported just now is not there yet.
    """
    if "all" not in _FOUND:
        found = _ours_and_theirs()
        if _being_imported(_entries()):
            return found
        _FOUND["all"] = found
    return _FOUND["all"]


_FOUND: dict[str, tuple[Family, ...]] = {}


def _entries() -> EntryPoints:
    """The entry points of other people's families, for which all that is installed is searched."""
    from importlib.metadata import entry_points

    return entry_points(group=GROUP)


def _being_imported(entries: EntryPoints) -> list[str]:
    """Modules of entry points that are being imported just now."""
    modules = {entry.value.partition(":")[0] for entry in entries if isinstance(entry.value, str)}
    specs = {name: getattr(sys.modules.get(name), "__spec__", None) for name in modules}
    return [name for name, spec in specs.items() if getattr(spec, "_initializing", False)]


def _ours_and_theirs() -> tuple[Family, ...]:
    found, entries = list(ours()), _entries()
    later = _being_imported(entries)
    for entry in entries:
        if str(entry.value).partition(":")[0] in later:
            continue
        try:
            theirs = resolve(entry.value)
            _check_names(theirs, found)
        except (ImportError, TypeError, ValueError) as error:
            of = f" of {entry.dist.name}" if entry.dist else ""
            warnings.warn(f"the family {entry.name!r}{of} is left out: {error}", RuntimeWarning, stacklevel=2)
        else:
            found.append(theirs)
    return tuple(found)


def _check_names(theirs: Any, found: list[Family]) -> None:
    """See that an entry point names a family, whose names are not taken.

    Raises:
        TypeError: it names something else.
        ValueError: a name that another family has.
    """
    if not isinstance(theirs, Family):
        raise TypeError(f"its entry point must name a Family, got {theirs!r}")
    for other in found:
        if theirs.name == other.name:
            raise ValueError(f"the name {theirs.name!r} is that of another family")
        for kind in ("policies", "environments", "tools"):
            if taken := sorted(set(getattr(theirs, kind)) & set(getattr(other, kind))):
                raise ValueError(f"the family {other.name!r} has {kind} named {', '.join(taken)}, too")
