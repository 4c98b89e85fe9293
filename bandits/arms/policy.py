"""What the policies on arms share: the block driver of the compiled path, and checks of what they are told."""

from __future__ import annotations

from abc import abstractmethod
from typing import Any, ClassVar, NamedTuple, Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

from bandits.contract import Array, Policy, Problem, World
from bandits.domain import check_outcome
from bandits.offers import offers

Fbk = TypeVar("Fbk")
Actions = NDArray[np.int64]


class Block(NamedTuple):
    """The outcomes of the next rounds of an arms world, of every arm.

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


class Blocks(Protocol):
    """A world that can hand out blocks of rounds and account for the actions played in them."""

    clock: int

    def block(self, rounds: int) -> Block:
        """The next rounds, at least 1 and at most ``rounds`` of them."""

    def absorb(self, actions: Actions) -> None:
        """Account for ``actions`` [n_rounds], played in the first ``n_rounds`` of the last block."""


class ArmsPolicy(Policy[Any, int, Fbk]):
    """A policy on arms with a compiled loop over blocks of rounds.

    Contexts, where the world shows any, are ignored: ``choose`` and ``update`` do not look at the observation.
    """

    accepts: ClassVar[frozenset[tuple[str, str]]] = frozenset({("arms", "bandit"), ("contextual", "bandit")})

    @abstractmethod
    def play(self, block: Block, actions: Actions) -> None:
        """Play ``len(actions)`` rounds of ``block``, writing the arm of each into ``actions``.

        The decisions and the state afterwards must equal those of ``choose`` and ``update`` bit for bit.
        """

    def advance(self, environment: World[Any, int, Fbk], rounds: int) -> None:
        """Play ``rounds`` rounds, compiled where the world hands out blocks and round by round elsewhere."""
        if not offers(environment, Blocks):
            super().advance(environment, rounds)
            return
        end = environment.clock + rounds
        while environment.clock < end:
            block = environment.block(end - environment.clock)
            actions = np.empty(len(block.noise), dtype=np.int64)
            self.play(block, actions)
            environment.absorb(actions)


class BanditPolicy(ArmsPolicy[float]):
    """A policy on arms that is told the reward of the arm it played. ``reset`` begins with this class's."""

    def reset(self, problem: Problem, rng: np.random.Generator) -> None:
        self._n_arms = problem.n_actions

    @abstractmethod
    def learn(self, action: int, reward: float) -> None:
        """Take in the reward of ``action``, both checked."""

    def update(self, observation: Any, action: int, feedback: float) -> None:
        """Learn from the reward of ``action``.

        Raises:
            ValueError: no such arm, or a reward that is not finite; nothing has changed then.
        """
        check_outcome(action, feedback, self._n_arms)
        self.learn(action, feedback)
