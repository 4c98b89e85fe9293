"""Small questions about arms that every policy which answers them is checked against."""

from __future__ import annotations

from collections.abc import Sequence

from environments.identification.environment import Identification


def examples() -> Sequence[Identification]:
    """All families and questions, with and without a delta, shuffled or not, caps that are met, drawn means."""
    uniform = {"name": "uniform", "parameters": {"n_arms": 4}}
    return [
        Identification("g4", delta=0.1, horizon=401),
        Identification([2.0, 0.5, 0.0], delta=0.05, horizon=301, shuffled=False),
        Identification([0.9, 0.2, 0.1], family="bernoulli", delta=0.1, horizon=301),
        Identification("gk1", horizon=201),
        Identification(uniform, family="bernoulli", delta=0.2, horizon=151),
        Identification([0.5, 0.5, 0.1], horizon=81),
        Identification([3.0, 2.0, 1.0], family="poisson", delta=0.1, horizon=101),
        Identification([1.0, 0.6, 0.3, 0.1], family="exponential", horizon=61),
        Identification("l6", question="top", m=2, delta=0.1, horizon=201),
        Identification([0.9, 0.7, 0.1, 0.0], family="bernoulli", question="top", m=2, horizon=121),
        Identification("lgc1", question="above", threshold=0.5, epsilon=0.1, horizon=151),
        Identification([1.0, -1.0, 0.5, 0.1], question="above", threshold=0.0, sigma=0.5, horizon=21),
        Identification([0.0, 1.0, 0.5, 0.2, 0.1], horizon=6),
    ]
