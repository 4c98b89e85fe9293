"""What every tallying world shares: the window of plays, transitions, runs of one action, comparators, notions.

An action costs O(1) where all weights of it are equal (a counter) and from the m-th play in a row on; otherwise O(m).
"""

from __future__ import annotations

import copy
from abc import abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from gymnasium import spaces
from numpy.typing import NDArray

from bandits.contract import Array, Bound, Problem
from bandits.arguments import integer, one_of, positive
from bandits.kernels import kernel
from environments.contract import Environment, Notion
from environments.tallying.benchmarks import COMPARATORS, Benchmarks, Known
from environments.tallying.instance import Instance

BLOCK = 1 << 16
"""Rounds whose noise is drawn at once. Part of what decides the numbers of a run."""
NOISES = ("bernoulli", "gaussian", "none")


@dataclass(frozen=True, eq=False)
class Tape:
    """All randomness of a run: what the instance hides (or None), and the generator of the noise."""

    secret: Any
    generator: np.random.Generator


@kernel
def _tally(window: NDArray[np.int64], newest: int, action: int, weights: Array) -> float:
    tally, memory = 0.0, weights.size
    for s in range(memory):
        if window[(newest - s) % memory] == action:
            tally += weights[s]
    return tally


@kernel
def _account(levels: Array, noise: Array, binary: bool, rewards: Array, totals: Array) -> None:
    for s in range(levels.size):
        loss = levels[s] + noise[s]
        if binary:
            loss = 1.0 if loss > 0.0 else 0.0
        rewards[s] = 0.0 - loss
        totals[0] -= loss
        totals[1] -= levels[s]


class TallyingWorld(Environment[Any, Any, float, Tape]):
    """Arms whose losses depend on weighted tallies of recent plays. Rewards are minus losses.

    Ledger: ``reward``, the cumulative reward, and ``expected_reward``, minus the cumulative mean loss.

    Facts: ``memory``, ``steady_losses`` [n_actions], ``pointwise_reo`` (None where it is too large to certify),
    ``long_run_reo`` (None where too large or not needed), ``minimum_loss``, ``best_actions``, ``bounded``, ``noise``.
    """

    def __init__(self, n_actions: int, horizon: int, noise: str, sigma: float | None, comparator: str) -> None:
        self.noise, self.sigma = one_of("noise", noise, NOISES), sigma
        self.comparator = one_of("comparator", comparator, COMPARATORS)
        if (sigma is None) != (noise != "gaussian"):
            raise ValueError(f"sigma must be given with gaussian noise and with no other, got {sigma!r} with {noise}")
        bounded = sigma is None
        self.problem = Problem(
            "arms",
            "bandit",
            integer("number of actions", n_actions),
            integer("horizon", horizon),
            low=-1.0 if bounded else -np.inf,
            high=0.0 if bounded else np.inf,
            noise=None if sigma is None else positive("sigma", sigma),
        )
        self.horizon = horizon
        self.action_space = spaces.Discrete(n_actions)
        self.observation_space = spaces.Discrete(1)
        self.clock = 0
        self._binary = noise == "bernoulli"
        self._begun = False

    @abstractmethod
    def _instance_of(self, secret: Any) -> Instance:
        """The instance of a run."""

    def _known(self) -> Known | None:
        """A good sequence of actions that is known without computation. Here: none."""
        return None

    def _adopt(self, instance: Instance) -> None:
        """Take up an instance; what hangs on it is worked out when first asked for."""
        self._benchmarks = Benchmarks(instance, self.horizon, self.comparator, self._known())
        self.instance = instance
        self._facts: Mapping[str, Any] = {**self._benchmarks.facts, "bounded": self.sigma is None}
        self._steady = instance.steady.tolist()
        even = np.all(instance.weights == instance.weights[:, :1], axis=1)
        self._counted = [
            [0.0, *row.tolist()] if flat else [] for flat, row in zip(even, instance.repeated, strict=True)
        ]

    def begin(self, tape: Tape) -> None:
        instance = self._instance_of(tape.secret)
        if not hasattr(self, "instance") or instance is not self.instance:
            self._adopt(instance)
        self._generator = copy.deepcopy(tape.generator)
        self._begun, self.clock, self._drawn = True, 0, 0
        self._reward = self._expected = 0.0
        self._last, self._run = -1, 0
        self._window = np.full(instance.memory, -1)
        self._counts = [0] * (instance.n_actions + 1)

    def observe(self) -> Any:
        return np.int64(0)

    def _reserve(self) -> None:
        if not self._begun:
            raise RuntimeError("no run was begun: call reset(), or begin(draw(rng))")
        if self.clock >= self.horizon:
            raise RuntimeError(f"the run is over after {self.horizon} rounds: call reset()")
        if self.clock == self._drawn:
            self._first, self._drawn = self._drawn, min(self._drawn + BLOCK, self.horizon)
            n = self._drawn - self._first
            if self.noise == "bernoulli":
                self._noise = -self._generator.random(n)
            else:
                self._noise = np.zeros(n) if self.sigma is None else self.sigma * self._generator.standard_normal(n)

    def _level(self, action: int) -> float:
        """Mean loss of playing ``action`` now; counts the play."""
        self._run = self._run + 1 if action == self._last else 1
        self._last = action
        memory = self._window.size
        if self._run > memory:  # nothing else is in the window any more, and the window stays as it is
            return float(self._steady[action])
        slot = self.clock % memory
        self._counts[self._window.item(slot)] -= 1
        self._window[slot] = action
        self._counts[action] += 1
        if counted := self._counted[action]:
            return self.instance.losses[action](counted[self._counts[action]])
        return self.instance.losses[action](_tally(self._window, slot, action, self.instance.weights[action]))

    def _check(self, action: Any) -> int:
        if not isinstance(action, int | np.integer) or not 0 <= action < self.problem.n_actions:
            raise ValueError(f"action must be a whole number in 0..{self.problem.n_actions - 1}, got {action!r}")
        return int(action)

    def transition(self, action: Any) -> tuple[float, float]:
        action = self._check(action)
        if not self._begun or self.clock >= self._drawn:
            self._reserve()
        level = self._level(action)
        loss = level + self._noise.item(self.clock - self._first)
        if self._binary:
            loss = 1.0 if loss > 0.0 else 0.0
        self._reward -= loss
        self._expected -= level
        self.clock += 1
        return 0.0 - loss, 0.0 - loss

    def hold(self, action: int, rounds: int) -> Array:
        """Play ``action`` for ``rounds`` rounds, like as many transitions; returns the rewards [rounds].

        Raises:
            ValueError: an illegal action.
            RuntimeError: less than ``rounds`` rounds are left.
        """
        action = self._check(action)
        if self.clock + rounds > self.horizon:
            raise RuntimeError(f"{self.horizon - self.clock} rounds are left, not {rounds}")
        rewards = np.empty(rounds)
        done = 0
        while done < rounds:
            self._reserve()
            n = min(rounds - done, self._drawn - self.clock)
            start = self.clock
            noise = self._noise[start - self._first : start - self._first + n]
            levels = np.full(n, self._steady[action])
            transient = min(n, max(0, self._window.size - (self._run if action == self._last else 0)))
            for s in range(transient):
                levels[s] = self._level(action)
                self.clock += 1
            self._run += n - transient
            self.clock = start + n
            totals = np.array([self._reward, self._expected])
            _account(levels, noise, self._binary, rewards[done : done + n], totals)
            self._reward, self._expected = totals.tolist()
            done += n
        return rewards

    def ledger(self) -> Mapping[str, float]:
        return {"reward": self._reward, "expected_reward": self._expected}

    def clairvoyant(self, comparator: str) -> int:
        """The next action of ``best_sequence`` (where it is small enough to be computed) or of ``constant``."""
        if comparator == "best_sequence":
            return int(self._benchmarks.optimum.sequence[self.clock])
        if comparator == "constant":
            return self._benchmarks.constant
        raise ValueError(f"comparator must be best_sequence or constant, got {comparator!r}")

    def comparators(self, checkpoints: NDArray[np.int64]) -> Mapping[str, Array]:
        return self._benchmarks.curves(checkpoints)

    def notions(self) -> Sequence[Notion]:
        return self._benchmarks.notions()

    def facts(self) -> Mapping[str, Any]:
        return self._facts

    def lower_bounds(self) -> Sequence[Bound]:
        """The orders of the minimax lower bounds, for the worst instance with these K and m; no claim about this one.

        ``sqrt((K - 1) t) / 27`` of ordinary bandits (constant recalled from Lattimore and Szepesvari 2020, Theorem
        15.2) and ``m (K - 1) / 2`` of the needle (see ``Needle``), the larger.
        """
        actions, memory = self.problem.n_actions, self.instance.memory
        return (
            Bound(
                "lower bound on the worst instance",
                "order",
                lambda t: np.maximum(np.sqrt((actions - 1) * t) / 27.0, needle_bound(t, actions, memory)),
                "sequence",
                "order of Malik et al. 2023, abstract; constants derived in this project or recalled",
            ),
        )


def needle_bound(t: Array, n_actions: int, memory: int) -> Array:
    """``m (K - 1) / 2`` from round ``m K`` on, 0 before: a lower bound on the mean regret over needle positions."""
    return np.where(t >= memory * n_actions, memory * (n_actions - 1) / 2.0, 0.0)
