"""What the learner is told on finitely many actions, and how blocks of rounds are handed to compiled policies."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from bandits.arguments import check_reward, check_rewards, flag, integer, one_of
from bandits.contract import Array, NoisyProblem

Actions = NDArray[np.int64]

FAMILIES = ("bernoulli", "gaussian", "poisson", "exponential")
"""Families of laws of rewards with one parameter, the mean (``bandits.arms.families``)."""


@dataclass(frozen=True, kw_only=True)
class ActionsProblem(NoisyProblem):
    """Finitely many actions, each with a reward in every round. What is revealed of them, subtypes say.

    Attributes:
        n_actions: number of actions, >= 1.
        noise: see ``NoisyProblem``.
        actions: the numbers that the actions stand for (a grid of relaxation parameters, say), or empty.
        reward_family: the family of laws that the rewards of every action are of, one of ``FAMILIES``; None where it is
            none of them, or not told.
        binary: whether every reward is ``low`` or ``high``; None where that is not told.

    Raises:
        ValueError: ``n_actions`` no whole number >= 1, no such family, or what ``Problem`` refuses.

    Example:
        >>> from bandits import BanditProblem
        >>> BanditProblem(n_actions=3, horizon=1000, low=-1.0).width
        2.0
    """

    n_actions: int
    actions: tuple[float, ...] = ()
    reward_family: str | None = None
    binary: bool | None = None

    def checked_observation(self, observation: Any) -> Any:
        """None: there is nothing to observe, whatever an environment shows."""
        return None

    def __post_init__(self) -> None:
        super().__post_init__()
        integer("n_actions", self.n_actions)
        if self.reward_family is not None:
            one_of("reward_family", self.reward_family, FAMILIES)
        if self.binary is not None:
            flag("binary", self.binary)


@dataclass(frozen=True, kw_only=True)
class BanditProblem(ActionsProblem):
    """Bandit feedback: a round reveals the reward of the action played, a float, and nothing else."""

    reveals_rewards = True

    def checked_feedback(self, feedback: Any) -> float:
        """The reward, as ``check_reward`` takes it."""
        return check_reward(feedback)


@dataclass(frozen=True, kw_only=True)
class FullFeedbackProblem(ActionsProblem):
    """Full feedback: a round reveals the rewards [n_actions] of all actions; higher is better."""

    reveals_rewards = True

    def checked_feedback(self, feedback: Any) -> Array:
        """The rewards [n_actions], as ``check_rewards`` takes them."""
        return check_rewards(feedback, self.n_actions)


class Block(NamedTuple):
    """The outcomes of the next rounds, of every arm.

    The reward of ``arm`` in the ``s``-th round of the block is ``x = levels[s * stride, arm] + noise[s]``, or, when
    ``binary``, 1.0 if ``x > 0`` else 0.0. So a Bernoulli arm has its mean as level and minus a uniform as noise, a
    Gaussian arm its mean and a centred normal, and a given table its rows (stride 1) and zeros.

    Attributes:
        levels: [1 or n_rounds, n_arms] float64, C-contiguous.
        stride: 0 when all rounds share ``levels[0]``, else 1.
        noise: [n_rounds] float64, C-contiguous.
        binary: whether rewards are thresholded to 0 or 1.
    """

    levels: Array
    stride: int
    noise: Array
    binary: bool

    def since(self, start: int) -> Block:
        """The rounds from ``start``, counted from 0, on."""
        return self._replace(levels=self.levels[start * self.stride :], noise=self.noise[start:])


class Blocks(Protocol):
    """An environment that can hand out blocks of rounds and account for the actions played in them."""

    clock: int

    def block(self, most: int) -> Block:
        """The next rounds, at least 1 and at most ``most`` of them."""

    def absorb(self, actions: Actions) -> None:
        """Account for ``actions`` [n_rounds], played in the first ``n_rounds`` of the last block."""
