"""The table of families. To add one, write its rooms and add its name here; third parties use entry points."""

from __future__ import annotations

from functools import cache

from bandits.family import Family, resolve

ROOMS = ("arms", "contextual", "sor", "paging", "groupwise", "streaming", "tallying", "recovering", "delayed")
"""Each is a package in ``bandits`` with an object ``FAMILY``."""

GROUP = "regretlab.families"


@cache
def ours() -> tuple[Family, ...]:
    """The families of this distribution."""
    return tuple(resolve(f"bandits.{room}:FAMILY") for room in ROOMS)


@cache
def families() -> tuple[Family, ...]:
    """All families, ours first, then those of entry points.

    Raises:
        TypeError: an entry point names something else.
        ValueError: two families of one name.
    """
    from importlib.metadata import entry_points

    found = list(ours())
    for entry in entry_points(group=GROUP):
        theirs = resolve(entry.value)
        if not isinstance(theirs, Family):
            raise TypeError(f"the entry point {entry.value!r} of {GROUP} must name a Family, got {theirs!r}")
        if theirs.name in {family.name for family in found}:
            raise ValueError(f"the entry point {entry.value!r} of {GROUP} names a second family {theirs.name!r}")
        found.append(theirs)
    return tuple(found)
