"""What is told of a log whose decisions somebody else took, what a policy answers, and what each row reveals."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from bandits.arguments import check_action, check_reward, flag, integer, number, real, shown
from bandits.arms.problem import Actions, BanditProblem
from bandits.contextual.problem import ContextualProblem
from bandits.contract import Array, Problem

Mask = NDArray[np.int8]

SLACK = 1e-9
"""So far below 0 a probability, and from 1 their sum, may be by rounding."""


class Decision(NamedTuple):
    """What is observed before a row.

    Attributes:
        context: float64 [n_coordinates]; empty in a log without contexts.
        offered: int8 [n_actions], 1 for each arm that was offered.
    """

    context: Array
    offered: Mask


class Logged(NamedTuple):
    """What a row reveals: what the logging policy did, and what came of it.

    Attributes:
        action: the arm that was played.
        probability: in (0, 1], with which the logging policy played it.
        reward: what it earned.
    """

    action: int
    probability: float
    reward: float


class LoggedBlock(NamedTuple):
    """The next rows.

    Attributes:
        contexts: [n_rows, n_coordinates].
        offered: [n_rows, n_actions], 1 for each arm that was offered.
        actions: [n_rows] arms played.
        probabilities: [n_rows] of these.
        rewards: [n_rows].
    """

    contexts: Array
    offered: Mask
    actions: Actions
    probabilities: Array
    rewards: Array


class LoggedBlocks(Protocol):
    """An environment that hands out rows in blocks and accounts for what was played in them."""

    clock: int

    def block(self, most: int) -> LoggedBlock:
        """The next rows, at least 1 and at most ``most`` of them."""

    def absorb(self, table: Array) -> None:
        """Account for the probabilities [n_rows, n_actions] played in the first rows of the last block."""


@dataclass(frozen=True, kw_only=True)
class LoggedProblem(Problem):
    """Rows of a log, of which each reveals the arm that was played, its probability and its reward, and nothing else.

    An action is a distribution [n_actions] over the arms offered: what the policy evaluated would play. Its reward is
    ``action[arm played] / probability * reward``, whose mean over the logging policy's draw is the mean reward of the
    action. ``low`` and ``high`` are the range of these weighted rewards.

    Attributes:
        n_actions: number of arms, >= 1.
        contexts: the interval (low, high) of each coordinate of the contexts; empty where there are none.
        rewards: the range of the log's rewards; infinite where none is declared.
        floor: in (0, 1], the smallest probability of an arm played in the log.
        all_offered: whether all arms are offered in each row.

    Raises:
        ValueError: a value out of its domain, or what ``Problem`` refuses.

    Example:
        >>> from bandits.logged.problem import LoggedProblem
        >>> LoggedProblem(n_actions=4, floor=0.25, horizon=1000).high
        4.0
    """

    n_actions: int
    contexts: tuple[tuple[float, float], ...] = ()
    rewards: tuple[float, float] = (0.0, 1.0)
    floor: float
    all_offered: bool = True
    low: float = field(init=False)
    high: float = field(init=False)

    def __post_init__(self) -> None:
        integer("n_actions", self.n_actions)
        real("floor", self.floor, 0.0, 1.0, closed="high")
        flag("all_offered", self.all_offered)
        low, high = self.rewards
        object.__setattr__(self, "low", min(0.0, low / self.floor))
        object.__setattr__(self, "high", max(0.0, high / self.floor))
        super().__post_init__()
        _ = self.played  # which checks the rest

    @cached_property
    def played(self) -> BanditProblem:
        """What a policy is told that knows of no log: arms with the log's rewards, and contexts if there are some."""
        low, high = self.rewards
        told: dict[str, Any] = {"n_actions": self.n_actions, "horizon": self.horizon, "low": low, "high": high}
        return ContextualProblem(contexts=self.contexts, **told) if self.contexts else BanditProblem(**told)

    def checked_observation(self, observation: Any) -> Decision:
        """The decision, its context and its arms offered as arrays.

        Raises:
            ValueError: it has no context or arms offered, or others than the problem says.
        """
        try:
            context, offered = observation.context, observation.offered
        except AttributeError:
            try:  # of vectors of environments, plain tuples
                context, offered = observation
            except (TypeError, ValueError):
                what = shown(observation)
                raise ValueError(f"the observation must be a Decision(context, offered), got {what}") from None
        mask = np.asarray(offered)
        if mask.shape != (self.n_actions,) or not ((mask == 0) | (mask == 1)).all() or not mask.any():
            raise ValueError(f"offered must be {self.n_actions} flags, one at least true, got {shown(offered)}")
        seen = self.played.checked_observation(context) if self.contexts else _NOTHING
        return Decision(seen, mask.astype(np.int8))

    def checked_feedback(self, feedback: Any) -> Logged:
        """What the row reveals, as plain numbers.

        Raises:
            ValueError: no such arm, probability or reward.
        """
        if not isinstance(feedback, tuple) or len(feedback) != 3:
            raise ValueError(f"feedback must be Logged(action, probability, reward), got {shown(feedback)}")
        action, probability, reward = feedback
        check_action("action of the feedback", action, self.n_actions)
        chance = number("probability of the feedback must be a number in (0, 1]", probability)
        if not 0.0 < chance <= 1.0:
            raise ValueError(f"probability of the feedback must be in (0, 1], got {shown(probability)}")
        return Logged(int(action), chance, check_reward(reward))


_NOTHING: Array = np.empty(0)


def over_offered(table: Array, offered: Mask) -> Array:
    """Distributions over the arms offered: what lies on others is spread over those in proportion, else evenly.

    Args:
        table: [..., n_actions] distributions.
        offered: [..., n_actions].
    """
    whole = offered.all(axis=-1, keepdims=True)
    if whole.all():
        return table
    kept = table * offered
    total = kept.sum(axis=-1, keepdims=True)
    even = offered / offered.sum(axis=-1, keepdims=True)
    shares = np.where(total > 0.0, kept / np.where(total > 0.0, total, 1.0), even)
    return np.where(whole, table, shares)


def checked_table(table: Any, offered: Mask) -> Array:
    """Distributions [n_rows, n_actions] over the arms offered.

    Args:
        table: [n_rows, n_actions] entries >= -1e-9, sums of rows within 1e-9 of 1. What lies on arms that are not
            offered is spread over those that are, in proportion.
        offered: [n_rows, n_actions].

    Raises:
        ValueError: no such distributions, or one that lies on arms alone that are not offered.
    """
    try:
        found = np.asarray(table, dtype=np.float64)
    except (TypeError, ValueError, OverflowError):
        found = np.empty(0)
    domain = f"action must be a distribution over {offered.shape[1]} arms, entries >= 0 with sum 1"
    if found.shape != offered.shape:
        raise ValueError(f"{domain}, got {shown(table[0] if len(table) == 1 else table)}")
    wrong = ~((found >= -SLACK).all(axis=1) & (np.abs(found.sum(axis=1) - 1.0) <= SLACK))
    if wrong.any():
        raise ValueError(f"{domain}, got {shown(found[wrong][0].tolist())}")
    found = np.maximum(found, 0.0)
    if not offered.all():
        lost = ~((found > 0.0) & (offered > 0)).any(axis=1)
        if lost.any():
            got, there = shown(found[lost][0].tolist()), np.flatnonzero(offered[lost][0]).tolist()
            raise ValueError(f"action must lie on an arm that is offered, one of {shown(there)}, got {got}")
    return over_offered(found, offered)
