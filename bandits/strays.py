"""Contexts outside what a problem declares of them: each policy that can take them tells of them once.

They are taken as they are. Where a policy works on the declared box itself (a grid, Chebyshev features) a context
outside is refused in its place, and nothing has changed then.
"""

from __future__ import annotations

import warnings
from collections.abc import Hashable
from dataclasses import dataclass
from typing import Any, NamedTuple


class Stray(NamedTuple):
    """What a problem says of a context outside of what it declares.

    Attributes:
        what: what was observed, and what it is outside of.
        declared: the declaration; of each one it is told once, in all runs of a policy.
        way_out: what can be done.
    """

    what: str
    declared: Hashable
    way_out: str


@dataclass
class Strays:
    """What a policy has told of contexts.

    Args:
        problem: what is played; ``problem.stray`` finds the first context outside.
        told: the declaration that it has told of in its runs before.
        quiet: whether there is nothing more to tell in this run.
    """

    problem: Any
    told: Hashable = None
    quiet: bool = False

    def look(self, policy: Any, contexts: Any) -> None:
        """Tell, once, if one of the contexts [..., n] that ``policy`` observed is outside."""
        stray: Stray | None = None if self.quiet else self.problem.stray(contexts)
        if stray is None:
            return
        self.quiet, before, self.told = True, self.told, stray.declared
        if before != stray.declared:
            warnings.warn(
                f"{type(policy).__name__} observed {stray.what} that the problem declares (told once): what the policy "
                f"assumes does not hold; {stray.way_out}",
                RuntimeWarning,
                stacklevel=5,
            )


def look_at_contexts(policy: Any, contexts: Any) -> None:
    """Tell, once, of contexts [..., n] outside what the problem declares of them."""
    if policy._strays is not None:
        policy._strays.look(policy, contexts)
