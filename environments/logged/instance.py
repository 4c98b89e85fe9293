"""What the analysis may know of a log: how its arms were drawn."""

from __future__ import annotations

from dataclasses import dataclass

from bandits.contract import Instance


@dataclass(frozen=True, eq=False, kw_only=True)
class LoggedInstance(Instance):
    """What a theorem on logs may ask for.

    Attributes:
        uniform: arms were drawn evenly from those offered, whatever the context.
        independent: rows are independent of each other, of one law.
    """

    uniform: bool
    independent: bool = False
