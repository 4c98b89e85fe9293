"""What every arms environment shares: noise drawn in blocks, transitions, and the metrics of both drivers."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

import numpy as np
from gymnasium import spaces
from numpy.typing import NDArray

from bandits.arguments import check_action
from bandits.arms.problem import Actions, ActionsProblem, Block, FullFeedbackProblem
from bandits.contract import Array
from bandits.defaults import default
from bandits.frozen import read_only
from bandits.kernels import kernel
from environments.arms.choices import choices
from environments.contract import Environment
from environments.record import Plays, Record, Summed

Tape = TypeVar("Tape")

BLOCK = 1 << 16
"""Rounds whose noise is drawn at once. Part of what decides the numbers of a run."""


@kernel
def _look_up(levels: Array, stride: int, actions: Actions, n_arms: int, played: Array) -> bool:
    """Fill in the level [n_rounds] of the arm played in each round; False where there is no such arm."""
    for s in range(actions.size):
        if not 0 <= actions[s] < n_arms:
            return False
        played[s] = levels[s * stride, actions[s]]
    return True


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
        self._full, self._n_arms = isinstance(problem, FullFeedbackProblem), problem.n_actions

    @default
    def _start(self, tape: Tape) -> None:
        """Take up ``tape``; called at the start of each run. Here: there is nothing on it."""

    @abstractmethod
    def _levels(self, start: int, stop: int) -> tuple[Array, int, int]:
        """(levels, stride, end) of the rounds ``start..end`` (0-based), ``start < end <= stop``."""

    @default
    def _noise(self, n: int) -> Array:
        """Noise [n] of the next ``n`` rounds. Here: zeros."""
        return np.zeros(n)

    @property
    def horizon(self) -> int:
        """Number of rounds of a run."""
        assert self.problem.horizon is not None
        return self.problem.horizon

    def begin(self, tape: Tape) -> None:
        self.tape = tape
        self.clock = self._drawn = self._ends = self._settled = 0
        self._record = Record(("reward", "expected_reward"))
        self._played: list[int] = []
        self._start(tape)

    @default
    def observe(self) -> Any:
        return np.int64(0)

    def _reserve(self) -> None:
        """Have the levels and the noise of the current round at hand."""
        self.check_running()
        if self.clock < self._ends:
            return
        self._settle()
        if self.clock == self._drawn:
            self._first = self._drawn
            self._drawn = min(self._first + BLOCK, self.horizon)
            self._uncut = self._noise(self._drawn - self._first)
        self._row = self.clock
        self._rows, self._stride, self._ends = self._levels(self.clock, self._drawn)

    def _from(self, start: int, stop: int) -> Block:
        """The rounds ``start..stop`` of those at hand."""
        noise = self._uncut[start - self._first : stop - self._first]
        levels = self._rows[start - self._row :] if self._stride else self._rows
        return Block(levels, self._stride, noise, self.binary)

    def _settle(self) -> None:
        """Account for the actions played one by one since the last time."""
        if self._played:
            self._account(np.array(self._played, dtype=np.int64))
            self._played = []

    def _account(self, actions: Actions) -> None:
        """Account for actions [n_rounds] from the first round that is not accounted for.

        Raises:
            ValueError: there is no such action; nothing changes.
        """
        stop = self._settled + actions.size
        block = self._from(self._settled, stop)
        played: Summed | None = None
        plain = type(self)._plays is ArmsEnvironment._plays
        if plain and block.stride == 0 and self._n_arms <= actions.size <= BLOCK:
            played = choices(block, actions)
        if played is None:
            levels = np.empty(actions.size)
            if not _look_up(block.levels, block.stride, actions, self._n_arms, levels):
                check_action("actions", int(actions.min()), self._n_arms)
                check_action("actions", int(actions.max()), self._n_arms)
            played = self._plays(block, levels, actions)
        self._record.plays(self._settled, played)
        self._note(self._settled, actions)
        self._settled = stop

    @default
    def _plays(self, block: Block, levels: Array, actions: Actions) -> Plays:
        """What actions [n_rounds] paid in a block, and what was expected. Here: their ``levels`` [n_rounds]."""
        return Plays(levels, block.noise, self.binary)

    @default
    def _note(self, start: int, actions: Actions) -> None:
        """Take note of the actions [n_rounds] of the rounds from ``start`` on, for ``_more_metrics``. Here: nothing."""

    @default
    def _more_metrics(self, times: NDArray[np.int64]) -> Mapping[str, Array]:
        """Further series [n_times] at past times. Here: none."""
        return {}

    @default
    def change_rounds(self) -> Sequence[int]:
        """The rounds of the run, from 1 and increasing, whose means are not those of the round before. Here: none."""
        return ()

    @default
    def _beside(self, action: Any) -> tuple[float, Any] | None:
        """Carry out an action that is not the number of an arm, where there are such. Here: there are none."""
        return None

    def _pay(self, reward: float, level: float) -> None:
        """Account for one round in which something else than an arm was played."""
        self._settle()
        before = self._record.last.tolist()
        self.clock = self._settled = self.clock + 1
        self._record.step(self.clock, (before[0] + reward, before[1] + level))

    def block(self, most: int) -> Block:
        """The next rounds for a compiled policy, read-only: at least 1, at most ``most``, cut where a stretch ends."""
        self._reserve()
        levels, stride, noise, binary = self._from(self.clock, min(self.clock + most, self._ends))
        return Block(read_only(levels), stride, read_only(noise), binary)

    def absorb(self, actions: Actions) -> None:
        """Account for the actions [n_rounds] played in the last block.

        Raises:
            ValueError: more actions than the block has rounds, or one that does not exist; nothing changes.
        """
        if actions.size == 0:
            return
        self._reserve()
        if actions.size > self._ends - self.clock:
            raise ValueError(f"the last block has {self._ends - self.clock} rounds, got {actions.size} actions")
        self._settle()
        self._account(actions)
        self.clock = self._settled

    def transition(self, action: Any) -> tuple[float, Any]:
        now = self.clock
        if now >= self._ends:
            self._reserve()
        if type(action) is not int or not 0 <= action < self._n_arms:
            if (paid := self._beside(action)) is not None:
                return paid
            check_action("action", action, self._n_arms)
        row = (now - self._row) * self._stride
        noise = self._uncut.item(now - self._first)
        reward = self._rows.item(row, action) + noise
        if self.binary:
            reward = 1.0 if reward > 0.0 else 0.0
        self._played.append(action)
        self.clock = now + 1
        return reward, self._revealed(row, noise) if self._full else reward

    def _revealed(self, row: int, noise: float) -> Array:
        rewards: Array = self._rows[row] + noise
        return (rewards > 0.0).astype(np.float64) if self.binary else rewards

    def metrics(self, times: NDArray[np.int64]) -> Mapping[str, Array]:
        self._settle()
        return {**self._record.at(times), **self._more_metrics(times)}
