"""How a policy in a service learns feedback that comes late: by itself, or through a policy that waits for it."""

from __future__ import annotations

import copy
from typing import Any, Protocol

import numpy as np

from bandits.contract import Policy, Problem
from bandits.registry import POLICIES
from bandits.watch import reset_within

AnyPolicy = Policy[Any, Any, Any, Any]

WAITING = {"queue": "qpm_d", "pool": "bold"}
"""Policies that wait for others' feedback, by the word for what they do."""


class Learner(Protocol):
    """A policy in a run, asked for decisions in any number before their feedback comes, if it comes."""

    policy: AnyPolicy

    def decide(self, observation: Any) -> tuple[int, int]:
        """An action, and a ticket for its feedback."""

    def learn(self, ticket: int, observation: Any, action: int, reward: float) -> None:
        """Take in the reward of an action."""

    def forget(self, ticket: int) -> None:
        """The reward of an action never comes."""


class Own:
    """A policy that takes the reward of any action at any time: one of those that learn ``by_arm``."""

    def __init__(self, policy: AnyPolicy) -> None:
        self.policy = policy

    def decide(self, observation: Any) -> tuple[int, int]:
        return self.policy.choose(observation), 0

    def learn(self, ticket: int, observation: Any, action: int, reward: float) -> None:
        try:
            self.policy.update(observation, action, reward)
        except RuntimeError:  # it wants to be asked before each update, and nothing has changed
            self.policy.choose(observation)
            self.policy.update(observation, action, reward)

    def forget(self, ticket: int) -> None:
        pass


class Waiting:
    """A policy for delayed feedback around one that knows of no delays; a ticket is the round."""

    def __init__(self, policy: Any) -> None:
        self.policy, self.round = policy, 0

    def decide(self, observation: Any) -> tuple[int, int]:
        action: int = self.policy.choose(observation)
        self.policy.update(observation, action, ())
        self.round += 1
        return action, self.round - 1

    def learn(self, ticket: int, observation: Any, action: int, reward: float) -> None:
        self.policy.arrive(ticket, action, reward)

    def forget(self, ticket: int) -> None:
        self.policy.forget(ticket)


def learner(base: AnyPolicy, late: str, problem: Problem, rng: np.random.Generator, silent: bool = False) -> Learner:
    """A copy of a policy in a new run.

    Args:
        base: the policy.
        late: "own", "queue" or "pool".
        problem: what it plays, without delays.
        rng: what it draws from.
        silent: whether it does not tell of rewards outside the range.

    Raises:
        ValueError: the policy refuses the problem.
    """
    if late == "own":
        policy = copy.deepcopy(base)
        (reset_within if silent else type(policy).reset)(policy, problem, rng)
        return Own(policy)
    policy = POLICIES.build({"name": WAITING[late], "parameters": {"policy": base}})
    kind: Any = policy.plays[0]
    policy.reset(kind(problem), rng)
    return Waiting(policy)


def restored(policy: AnyPolicy, late: str, rounds: int) -> Learner:
    """The learner of a policy in mid-run."""
    if late == "own":
        return Own(policy)
    waiting = Waiting(policy)
    waiting.round = rounds
    return waiting
