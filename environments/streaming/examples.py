"""Small streams that every policy which plays them is checked against."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from environments.streaming.environment import StreamEnvironment
from environments.streaming.hard import HardStream
from environments.streaming.stream import Stream


def examples() -> Sequence[StreamEnvironment]:
    """Both kinds of reward, one arm, short and long memory, several passes, long streams with batches of a few pulls.

    Forbidden actions do nothing, so that random play goes on.
    """
    common: dict[str, Any] = {"illegal": "ignore"}
    return [
        Stream("mixed", 24, horizon=400, memory=24, **common),
        Stream("clear_cut", 100, horizon=400, memory=3, **common),
        Stream("mixed", 20, horizon=300, memory=4, passes=3, between="reshuffle", rewards="gaussian", **common),
        Stream([0.2, 0.5, 0.9], horizon=200, memory=3, order="given", batch=9, **common),
        Stream([0.4], horizon=30, **common),
        HardStream(24, horizon=300, memory=2, **common),
        HardStream(9, horizon=200, memory=2, passes=2, **common),
    ]
