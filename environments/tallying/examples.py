"""Small tallying bandits that every policy which plays them is checked against."""

from __future__ import annotations

from collections.abc import Sequence

from environments.tallying.bandit import TallyingBandit
from environments.tallying.environment import TallyingEnvironment
from environments.tallying.needle import Needle
from environments.tallying.secret_word import SecretWord


def examples() -> Sequence[TallyingEnvironment]:
    """Each kind of noise, equal and falling weights, one action, losses that fall, rise and stay.

    All are of repeated exposure optimality, with a memory of two plays.
    """
    step = {"name": "step", "parameters": {"a": 0.9, "b": 0.2, "theta": 2}}
    practice = {"name": "practice", "parameters": {"a": 0.8, "b": 0.3}}
    satiation = {"name": "satiation", "parameters": {"c": 0.3, "e": 0.4}}
    constant = {"name": "constant", "parameters": {"c": 0.5}}
    falling = {"name": "exponential", "parameters": {"beta": 0.5}}
    return [
        TallyingBandit([step, satiation, constant], 2, horizon=300),
        TallyingBandit([practice, constant], 2, falling, "gaussian", 0.4, horizon=200),
        TallyingBandit([practice], 2, "linear", "none", horizon=40),
        Needle(3, 2, horizon=120),
        SecretWord([1, 1], horizon=60),
    ]
