"""What every arms environment shares: noise drawn in blocks, transitions, and the metrics of both drivers."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from typing import Any, TypeVar

import numpy as np
from gymnasium import spaces
from numpy.typing import NDArray

from bandits.arguments import check_action
from bandits.arms.problem import Actions, ActionsProblem, Block, FullFeedbackProblem
from bandits.contract import Array
from bandits.kernels import kernel
from environments.contract import Environment
from environments.record import Record

Tape = TypeVar("Tape")

BLOCK = 1 << 16
"""Rounds whose noise is drawn at once. Part of what decides the numbers of a run."""


@kernel
def _account(block: Block, actions: Actions, reward: float, expected: float, totals: Array) -> None:
    """Fill in the cumulative reward and expected reward [n_rounds, 2] after each round, from what they were before."""
    for s in range(actions.size):
        level = block.levels[s * block.stride, actions[s]]
        paid = level + block.noise[s]
        if block.binary:
            paid = 1.0 if paid > 0.0 else 0.0
        reward += paid
        expected += level
        totals[s, 0], totals[s, 1] = reward, expected


class ArmsEnvironment(Environment[Any, Any, Any, Tape]):
    """An environment of arms. A subclass says, for any stretch of rounds, its levels and its noise (see ``Block``).

    Metrics: ``reward``, the cumulative reward, and ``expected_reward``, the cumulative level of the arms played.
    Under "bandit" feedback a round reveals the reward of the arm played, under "full" the rewards [n_arms] of all.
    """

    binary = False
    problem: ActionsProblem

    def __init__(self, problem: ActionsProblem) -> None:
        self.problem = problem
        self.action_space = spaces.Discrete(problem.n_actions)
        self.observation_space = spaces.Discrete(1)
        self._full = isinstance(problem, FullFeedbackProblem)

    @abstractmethod
    def _start(self, tape: Tape) -> None:
        """Take up ``tape``; called at the start of each run."""

    @abstractmethod
    def _levels(self, start: int, stop: int) -> tuple[Array, int, int]:
        """(levels, stride, end) of the rounds ``start..end`` (0-based), ``start < end <= stop``."""

    @abstractmethod
    def _noise(self, n: int) -> Array:
        """Noise [n] of the next ``n`` rounds."""

    @property
    def horizon(self) -> int:
        """Number of rounds of a run."""
        assert self.problem.horizon is not None
        return self.problem.horizon

    def begin(self, tape: Tape) -> None:
        self.tape = tape
        self.clock = self._drawn = self._ends = 0
        self._reward = self._expected = 0.0
        self._record = Record(("reward", "expected_reward"))
        self._start(tape)

    def observe(self) -> Any:
        return np.int64(0)

    def _reserve(self) -> None:
        """Have the levels and the noise of the current round at hand."""
        self.check_running()
        if self.clock == self._drawn:
            self._first = self._drawn
            self._drawn = min(self._first + BLOCK, self.horizon)
            self._uncut = self._noise(self._drawn - self._first)
        if self.clock == self._ends:
            self._row = self.clock
            self._rows, self._stride, self._ends = self._levels(self.clock, self._drawn)

    def block(self, most: int) -> Block:
        """The next rounds for a compiled policy: at least 1, at most ``most``, cut where levels or noise end."""
        self._reserve()
        stop = min(self.clock + most, self._ends)
        noise = self._uncut[self.clock - self._first : stop - self._first]
        levels = self._rows[self.clock - self._row :] if self._stride else self._rows
        return Block(levels, self._stride, noise, self.binary)

    def absorb(self, actions: Actions) -> None:
        """Account for the actions [n_rounds] played in the last block.

        Raises:
            ValueError: more actions than the block has rounds, or one that does not exist; nothing changes.
        """
        block = self.block(actions.size)
        if len(block.noise) != actions.size:
            raise ValueError(f"at most {len(block.noise)} actions were asked for, got {actions.size}")
        check_action("actions", int(actions.min()), self.problem.n_actions)
        check_action("actions", int(actions.max()), self.problem.n_actions)
        totals = np.empty((actions.size, 2))
        _account(block, actions, self._reward, self._expected, totals)
        self._record.stretch(self.clock, totals)
        self._reward, self._expected = totals[-1].tolist()
        self.clock += actions.size

    def transition(self, action: Any) -> tuple[float, Any]:
        if self.clock >= self._ends:
            self._reserve()
        check_action("action", action, self.problem.n_actions)
        row = (self.clock - self._row) * self._stride
        noise = self._uncut.item(self.clock - self._first)
        level = self._rows.item(row, action)
        reward = level + noise
        if self.binary:
            reward = 1.0 if reward > 0.0 else 0.0
        self._reward += reward
        self._expected += level
        self.clock += 1
        self._record.step(self.clock, (self._reward, self._expected))
        return reward, self._revealed(row, noise) if self._full else reward

    def _revealed(self, row: int, noise: float) -> Array:
        rewards: Array = self._rows[row] + noise
        return (rewards > 0.0).astype(np.float64) if self.binary else rewards

    def metrics(self, times: NDArray[np.int64]) -> Mapping[str, Array]:
        return self._record.at(times)
