"""Small environments with delays that every policy which plays them is checked against."""

from __future__ import annotations

from collections.abc import Sequence

from environments.delayed.environment import DelayedFeedback


def examples() -> Sequence[DelayedFeedback]:
    """Each law of delays, no delay, feedback that never arrives, both kinds of feedback, losses with a memory."""
    arms = {"name": "bernoulli", "parameters": {"means": [0.2, 0.5, 0.8]}}
    full = {"name": "adversarial", "parameters": {"source": "drifting", "n_arms": 3, "feedback": "full"}}
    needle = {"name": "needle", "parameters": {"n_actions": 3, "memory": 2}}
    return [
        DelayedFeedback(arms, {"name": "geometric", "parameters": {"mean": 4.5}}, 200),
        DelayedFeedback(arms, 6, 120),
        DelayedFeedback(arms, 500, 40),
        DelayedFeedback(full, {"name": "uniform", "parameters": {"low": 2, "high": 9}}, 120),
        DelayedFeedback(needle, [3, 0, 7] * 20, 60),
    ]
