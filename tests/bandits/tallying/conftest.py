"""Losses that the tests of several policies share."""

import pytest


@pytest.fixture
def losses():
    """Of three actions: one that falls at the fourth play in a row, one that falls with practice, one that stays."""
    return [
        {"name": "step", "parameters": {"a": 0.85, "b": 0.25, "theta": 4}},
        {"name": "practice", "parameters": {"a": 0.9, "b": 0.6}},
        {"name": "constant", "parameters": {"c": 0.5}},
    ]
