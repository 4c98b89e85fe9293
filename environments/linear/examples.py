"""Small environments with features that every policy which plays them is checked against."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from environments.linear.adversarial import AdversarialLinearBandit
from environments.linear.changing import ChangingLinearBandit
from environments.linear.linear import LinearBandit
from environments.linear.misspecified import MisspecifiedLinearBandit


def _sphere(n_actions: int, dimension: int) -> dict[str, Any]:
    return {"name": "sphere", "parameters": {"n_actions": n_actions, "dimension": dimension}}


def examples() -> Sequence[Any]:
    """All kinds of environments and of noise, one action, two rounds, few actions, features that are 0."""
    small = {"name": "redrawn_sphere", "parameters": {"n_actions": 4, "dimension": 3}}
    needle = {"name": "needle", "parameters": {"n_actions": 12, "dimension": 6}}
    gaussian = {"name": "gaussian", "parameters": {"deviation": 0.5}}
    switching = {"name": "switching", "parameters": {"period": 20}}
    sparse = {"name": "sparse", "parameters": {"s": 1}}
    positive = [[0.9, 0.1], [0.2, 0.7], [0.5, 0.5], [0.5, 0.5]]
    return [
        LinearBandit(_sphere(6, 3), [0.6, -0.5, 0.2], horizon=250),
        LinearBandit(positive, [0.8, 0.3], "bernoulli", horizon=150),
        LinearBandit("end_of_optimism", noise="uniform", sigma=0.5, horizon=100),
        LinearBandit(_sphere(3, 5), gaussian, sigma=0.5, horizon=80),
        LinearBandit([[1.0, 0.0], [0.0, 1.0], [0.0, 0.0]], [0.5, 0.0], "none", horizon=40),
        LinearBandit(_sphere(1, 2), horizon=30),
        LinearBandit(_sphere(4, 2), horizon=2),
        LinearBandit(_sphere(4, 2), [0.3, 0.4], sigma=0.3, feedback="full", horizon=60),
        ChangingLinearBandit(small, sigma=0.5, horizon=150),
        ChangingLinearBandit({"name": "shuffled", "parameters": {"actions": _sphere(5, 2)}}, [0.6, 0.8], horizon=60),
        ChangingLinearBandit({"name": "drift", "parameters": {"n_actions": 3, "dimension": 2}}, horizon=2),
        MisspecifiedLinearBandit(_sphere(12, 4), sparse, misspecification=0.1, sigma=0.3, horizon=120),
        MisspecifiedLinearBandit(needle, noise="none", sigma=0.1, horizon=60),
        AdversarialLinearBandit(_sphere(6, 2), switching, horizon=150),
        AdversarialLinearBandit("basis", "trap", low=0.0, high=1.0, horizon=60),
        AdversarialLinearBandit(_sphere(4, 3), "stochastic", "gaussian", 0.2, horizon=50),
    ]
