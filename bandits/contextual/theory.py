"""What the theorems about policies on contexts ask of the instance."""

from __future__ import annotations

from dataclasses import dataclass

from bandits.arms.theory import ArmsInstance


@dataclass(frozen=True, eq=False, kw_only=True)
class ContextualInstance(ArmsInstance):
    """Arms with contexts, as the analysis knows them.

    Attributes:
        realizable: whether the expected losses are linear in the policy's features (among its oracle's models); None
            where nothing is known of it, and no theorem that rests on it is drawn.
    """

    realizable: bool | None = None
