"""Small Markov decision processes that every policy which plays them is checked against."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from environments.mdp.adversarial import AdversarialMDP
from environments.mdp.average import AverageMDP
from environments.mdp.episodic import EpisodicMDP
from environments.mdp.latent import LatentMDP


def examples() -> Sequence[Any]:
    """Those of all modes."""
    return [*average(), *episodes(), *losses(), *contexts()]


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
    """One life: known and unknown rewards, noise, a span that is told, one action, one state, one out of reach."""
    bandit = {"name": "table", "parameters": {"transitions": [[[1.0], [1.0], [1.0]]], "rewards": [[0.2, 0.9, 0.4]]}}
    forced = {
        "name": "table",
        "parameters": {"transitions": [[[0.0, 1.0]], [[0.5, 0.5]]], "rewards": [[0.1], [0.7]], "start": [0.5, 0.5]},
    }
    aside = {
        "name": "table",
        "parameters": {
            "transitions": [[[0, 1, 0], [1, 0, 0]], [[1, 0, 0], [0.2, 0.8, 0]], [[0, 0, 1], [0.5, 0, 0.5]]],
            "rewards": [[0.2, 0.3], [0.9, 0.0], [1.0, 1.0]],
        },
    }
    return [
        AverageMDP("toggle", span=2.0, horizon=300),
        AverageMDP({"name": "toggle", "parameters": {"slip": 0.05}}, "bernoulli", start=1, horizon=150),
        AverageMDP("toggle", "bernoulli", known_rewards=False, span=2.5, horizon=200),
        AverageMDP(bandit, horizon=60),
        AverageMDP(forced, "bernoulli", horizon=40),
        AverageMDP(aside, span=0.5, horizon=50),
    ]


def losses() -> Sequence[AdversarialMDP]:
    """Losses that change: both kinds of feedback, features, own stages, one action, one state, two episodes."""
    aggregated = {"name": "aggregated", "parameters": {"n_states": 3, "n_actions": 2, "n_stages": 2, "period": 10}}
    moves = [[[[0.5, 0.5], [1.0, 0.0]], [[0.0, 1.0], [0.3, 0.7]]]] * 2
    tables = [[[[0.0, 1.0], [0.5, 0.2]]] * 2, [[[0.7, 0.1], [0.0, 0.9]]] * 2]
    own = {"transitions": moves, "losses": tables, "start": [0.5, 0.5], "period": 3}
    forced = {"transitions": [[[0.0, 1.0]], [[0.5, 0.5]]], "losses": [[[0.2], [0.6]]] * 3}
    arms = {"transitions": [[[1.0], [1.0], [1.0]]], "losses": [[[0.2, 0.9, 0.4]]]}
    return [
        AdversarialMDP({"name": "switching", "parameters": {"n_stages": 3, "period": 15}}, horizon=60),
        AdversarialMDP("alternating", "full", horizon=60),
        AdversarialMDP(aggregated, linear=True, horizon=60),
        AdversarialMDP(aggregated, "full", "one_hot", horizon=40),
        AdversarialMDP({"name": "table", "parameters": own}, horizon=40),
        AdversarialMDP({"name": "table", "parameters": forced}, "full", horizon=20),
        AdversarialMDP({"name": "table", "parameters": arms}, horizon=40),
        AdversarialMDP("linear_bandit", horizon=2),
    ]


def contexts() -> Sequence[LatentMDP]:
    """Hidden contexts: known mixtures, starts of each context, one context, one action, one stage, two episodes."""
    rewards = [[[0.1, 0.3], [0.2, 0.0]], [[0.0, 0.1], [0.3, 0.2]]]
    transitions = [[[[0.9, 0.1], [0.2, 0.8]], [[0.5, 0.5], [1.0, 0.0]]], [[[0.3, 0.7], [0.0, 1.0]], [[0.6, 0.4]] * 2]]
    own = {"transitions": transitions, "rewards": rewards, "n_stages": 3, "weights": [0.3, 0.7]}
    own["start"] = [[1.0, 0.0], [0.25, 0.75]]
    one = {"transitions": transitions[:1], "rewards": rewards[:1], "n_stages": 2, "start": [0.5, 0.5]}
    forced = {"transitions": [[[[0.0, 1.0]], [[0.5, 0.5]]]] * 2, "rewards": [[[0.1], [0.4]]] * 2, "n_stages": 2}
    return [
        LatentMDP({"name": "treasure", "parameters": {"n_stages": 3}}, horizon=80),
        LatentMDP({"name": "signal", "parameters": {"n_stages": 3, "q": 0.8}}, horizon=80),
        LatentMDP({"name": "table", "parameters": own}, horizon=60),
        LatentMDP({"name": "bandit_mixture", "parameters": {"n_stages": 3, "revealed": True}}, horizon=40),
        LatentMDP({"name": "table", "parameters": one}, horizon=30),
        LatentMDP({"name": "table", "parameters": forced}, horizon=10),
        LatentMDP({"name": "bandit_mixture", "parameters": {"n_stages": 1}}, horizon=2),
    ]
