"""What every arms world shares: noise drawn in blocks, transitions, and the ledger of both drivers."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from typing import Any, TypeVar

import numpy as np
from gymnasium import spaces

from bandits.arms.policy import Actions, Block
from bandits.contract import Array, Problem
from bandits.kernels import kernel
from environments.contract import Environment

Tape = TypeVar("Tape")

BLOCK = 1 << 16
"""Rounds whose noise is drawn at once. Part of what decides the numbers of a run."""


@kernel
def _account(block: Block, actions: Actions, totals: Array) -> None:
    for s in range(actions.size):
        level = block.levels[s * block.stride, actions[s]]
        reward = level + block.noise[s]
        if block.binary:
            reward = 1.0 if reward > 0.0 else 0.0
        totals[0] += reward
        totals[1] += level


class ArmsWorld(Environment[Any, Any, Any, Tape]):
    """A world of arms. A family member says, for any stretch of rounds, its levels and its noise (see ``Block``).

    Ledger: ``reward``, the cumulative reward, and ``expected_reward``, the cumulative level of the arms played.
    Under "bandit" feedback a round reveals the reward of the arm played, under "full" the rewards [n_arms] of all.
    """

    binary = False

    def __init__(self, problem: Problem) -> None:
        self.problem = problem
        self.action_space = spaces.Discrete(problem.n_actions)
        self.observation_space = spaces.Discrete(1)
        self._full = problem.feedback == "full"
        self.clock = self._ends = 0
        self._begun = False

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
        self._begun = True
        self.clock = self._drawn = self._ends = 0
        self._reward = self._expected = 0.0
        self._start(tape)

    def observe(self) -> Any:
        return np.int64(0)

    def _reserve(self) -> None:
        """Have the levels and the noise of the current round at hand."""
        if not self._begun:
            raise RuntimeError("no run was begun: call reset(), or begin(draw(rng))")
        if self.clock >= self.horizon:
            raise RuntimeError(f"the run is over after {self.horizon} rounds: call reset()")
        if self.clock == self._drawn:
            self._first = self._drawn
            self._drawn = min(self._first + BLOCK, self.horizon)
            self._uncut = self._noise(self._drawn - self._first)
        if self.clock == self._ends:
            self._row = self.clock
            self._rows, self._stride, self._ends = self._levels(self.clock, self._drawn)

    def block(self, rounds: int) -> Block:
        """The next rounds for a compiled policy: at least 1, at most ``rounds``, cut where levels or noise end."""
        self._reserve()
        stop = min(self.clock + rounds, self._ends)
        noise = self._uncut[self.clock - self._first : stop - self._first]
        levels = self._rows[self.clock - self._row :] if self._stride else self._rows
        return Block(levels, self._stride, noise, self.binary)

    def absorb(self, actions: Actions) -> None:
        """Account for the actions played in the last block."""
        totals = np.array([self._reward, self._expected])
        _account(self.block(actions.size), actions, totals)
        self._reward, self._expected = totals.tolist()
        self.clock += actions.size

    def transition(self, action: Any) -> tuple[float, Any]:
        if not 0 <= action < self.problem.n_actions:
            raise ValueError(f"action must be an arm in 0..{self.problem.n_actions - 1}, got {action!r}")
        if self.clock >= self._ends:
            self._reserve()
        row = (self.clock - self._row) * self._stride
        noise = self._uncut.item(self.clock - self._first)
        level = self._rows.item(row, action)
        reward = level + noise
        if self.binary:
            reward = 1.0 if reward > 0.0 else 0.0
        self._reward += reward
        self._expected += level
        self.clock += 1
        return reward, self._revealed(row, noise) if self._full else reward

    def _revealed(self, row: int, noise: float) -> Array:
        rewards: Array = self._rows[row] + noise
        return (rewards > 0.0).astype(np.float64) if self.binary else rewards

    def ledger(self) -> Mapping[str, float]:
        return {"reward": self._reward, "expected_reward": self._expected}
