"""What the learner is told on recovering arms, and how blocks of periods are handed to compiled policies.

The observation is the idle times [n_arms], each in ``1..recovery`` (longer ones are told as ``recovery``); the action
is a sequence of at most ``plays`` different arms; the feedback is their rewards [n_pulled], in the order of the action.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from numbers import Integral
from typing import Any, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from bandits.arguments import integer
from bandits.contract import Array, Playable, Problem

Idle = NDArray[np.int64]
Pulls = Sequence[int]
Schedule = NDArray[np.int64]
"""[n_periods, plays] arms pulled in each period, -1 after the last one of a period."""


@dataclass(frozen=True, kw_only=True)
class RecoveringProblem(Problem):
    """Arms whose mean reward drops when they are pulled and recovers while they rest.

    ``low`` and ``high`` are of the sum of a period's rewards.

    Attributes:
        n_actions: number of arms N, >= 1.
        plays: most arms pulled in one period, K, in 1..N.
        recovery: the longest recovery time D, in periods, >= 1: no arm gets better by resting longer.
        noise: sub-Gaussian parameter of one pull's reward around its mean, in reward units; None where each reward
            lies in [0, 1].

    Raises:
        ValueError: a number out of its domain.
    """

    n_actions: int
    plays: int = 1
    recovery: int
    noise: float | None = None
    reveals_rewards = True
    telling = "rewards of a period with the sum {}"

    def revealed(self, feedback: Array) -> tuple[float, float]:
        """The sum of a period's rewards, twice."""
        total = math.fsum(feedback)  # whether or not there are zeros behind
        return total, total

    def distribution_of(self, action: Any) -> Array:
        """As of other problems, where a period has one play: its arm.

        Raises:
            TypeError: a period has more plays, so that actions are sets of arms, or no arm is pulled.
        """
        if self.plays == 1 and len(action) == 1:
            return super().distribution_of(action[0])
        raise TypeError(f"pulls have numbers where they are of one arm, plays = 1, got {self.plays} plays, {action!r}")

    def __post_init__(self) -> None:
        super().__post_init__()
        integer("plays", self.plays, 1, integer("n_actions", self.n_actions))
        integer("recovery", self.recovery)

    @property
    def unit(self) -> tuple[float, float]:
        """Of the sum of a period's rewards: each lies in [0, 1], unless noise is declared."""
        return (0.0, float(self.plays)) if self.noise is None else (-math.inf, math.inf)

    @property
    def width(self) -> float:
        """Twice the sub-Gaussian parameter of one pull's reward: 1 for rewards in [0, 1], 2 sigma of Gaussian ones."""
        return 1.0 if self.noise is None else 2.0 * self.noise


def check_pulls(action: Any, problem: RecoveringProblem) -> None:
    """Check the pulls of a period; quick, as it is done every period.

    Args:
        action: a sequence or array of at most ``plays`` different arms.
        problem: the problem of the run.

    Raises:
        ValueError: no such sequence.
    """
    n, plays = problem.n_actions, problem.plays
    legal = type(action) in (tuple, list) or _is_list(action)
    for arm in action if legal else ():
        legal &= (type(arm) is int or _whole(arm)) and 0 <= arm < n
    if not legal or len(set(action)) < len(action) or len(action) > plays:
        raise ValueError(f"action must be at most {plays} different arms in 0..{n - 1}, got {action!r}")


def _is_list(action: Any) -> bool:
    return action.ndim == 1 if isinstance(action, np.ndarray) else isinstance(action, Sequence) and action != ""


def _whole(arm: Any) -> bool:
    return isinstance(arm, Integral) and not isinstance(arm, bool)


class Outcomes(NamedTuple):
    """The outcomes of the coming periods, for compiled policies.

    A pull at idle time ``d`` has mean ``m = curves[arm, d - 1]``; the reward of the ``s``-th pull of period ``t``
    follows from ``m`` and ``u = noise[t, s]``: kind 0 ``m + u``; kind 1, 1.0 if ``u < m`` else 0.0; kind 2
    ``m + (2 u - 1) min(m, 1 - m, 1/2)``; kind 3 in another way, so that such periods are played one by one.

    Attributes:
        curves: [n_arms, longest] mean rewards.
        noise: [n_periods, plays].
        kind: how noise enters.
    """

    curves: Array
    noise: Array
    kind: int


class PullBlocks(Playable[Any, Any, Any], Protocol):
    """An environment that can hand out blocks of periods and carry out whole schedules."""

    def block(self, most: int) -> Outcomes:
        """The next periods, at least 1 and at most ``most`` of them."""

    def absorb(self, schedule: Schedule) -> Array:
        """Account for the pulls of the next periods [n, plays]; returns their rewards [n, plays], 0 for no pull."""
