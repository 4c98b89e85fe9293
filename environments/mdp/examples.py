"""Small Markov decision processes that every policy which plays them is checked against."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from environments.mdp.average import AverageMDP
from environments.mdp.episodic import EpisodicMDP


def examples() -> Sequence[Any]:
    """Those of all modes."""
    return [*average(), *episodes()]


def episodes() -> Sequence[Any]:
    """Shared and own stages, random rewards, random and told starts, one action, one stage, two episodes."""
    lazy = {"name": "toggle", "parameters": {"slip": 0.1}}
    alone = {"name": "table", "parameters": {"transitions": [[[0.0, 1.0]], [[0.5, 0.5]]], "rewards": [[0.5], [1.0]]}}
    return [
        EpisodicMDP({"name": "deepsea", "parameters": {"N": 3, "slip": 0.1}}, horizon=60),
        EpisodicMDP({"name": "lock", "parameters": {"H": 3, "decoy": 0.2}}, horizon=60),
        EpisodicMDP("toggle", 4, "bernoulli", known_rewards=False, start=[0.25, 0.75], horizon=40),
        EpisodicMDP(lazy, 3, "bernoulli", start=1, horizon=40),
        EpisodicMDP(alone, 3, horizon=10),
        EpisodicMDP("toggle", 1, horizon=2),
    ]


def average() -> Sequence[AverageMDP]:
    """One life: known and unknown rewards, noise, a span that is told, one action, one state."""
    bandit = {"name": "table", "parameters": {"transitions": [[[1.0], [1.0], [1.0]]], "rewards": [[0.2, 0.9, 0.4]]}}
    forced = {
        "name": "table",
        "parameters": {"transitions": [[[0.0, 1.0]], [[0.5, 0.5]]], "rewards": [[0.1], [0.7]], "start": [0.5, 0.5]},
    }
    return [
        AverageMDP("toggle", span=2.0, horizon=300),
        AverageMDP({"name": "toggle", "parameters": {"slip": 0.05}}, "bernoulli", start=1, horizon=150),
        AverageMDP("toggle", "bernoulli", known_rewards=False, span=2.5, horizon=200),
        AverageMDP(bandit, horizon=60),
        AverageMDP(forced, "bernoulli", horizon=40),
    ]
