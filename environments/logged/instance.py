"""What the analysis may know of a log: how its arms were drawn, and what they are worth."""

from __future__ import annotations

from bandits.logged.theory import LoggedInstance

__all__ = ["LoggedInstance"]
