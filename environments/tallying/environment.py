"""What every tallying environment shares: noise, transitions, runs of one action, comparators, regrets."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from gymnasium import spaces
from numpy.typing import NDArray

from bandits.arguments import check_action, integer, one_of, positive, shown
from bandits.arms.problem import Actions
from bandits.contract import Array, Bound
from bandits.defaults import default
from bandits.kernels import kernel
from bandits.normals import standard_normal
from bandits.tallying.problem import TallyingProblem
from environments.contract import Environment, Regret, copy_of
from environments.record import Plays, Record
from environments.tallying.benchmarks import COMPARATORS, Benchmarks, Known
from environments.tallying.instance import WeightedInstance
from environments.tallying.window import Window

BLOCK = 1 << 16
"""Rounds whose noise is drawn at once. Part of what decides the numbers of a run."""
NOISES = ("bernoulli", "gaussian", "none")


@dataclass(frozen=True, eq=False)
class Tape:
    """All randomness of a run: what the instance hides (or None), and the generator of the noise."""

    secret: Any
    generator: np.random.Generator


@kernel
def _rewards(levels: Array, noise: Array, binary: bool) -> Array:
    """What the rounds pay [n_rounds]."""
    rewards = np.empty(levels.size)
    for s in range(levels.size):
        loss = levels[s] + noise[s]
        if binary:
            loss = 1.0 if loss > 0.0 else 0.0
        rewards[s] = 0.0 - loss
    return rewards


@kernel
def _all(actions: Actions, action: int) -> bool:
    same = True
    for s in range(actions.size):
        same &= actions[s] == action
    return same


class TallyingEnvironment(Environment[Any, Any, float, Tape]):
    """Actions whose losses depend on weighted tallies of recent plays. Rewards are minus losses.

    Metrics: ``reward``, the cumulative reward, and ``expected_reward``, minus the cumulative mean loss.
    """

    def __init__(self, n_actions: int, horizon: int, noise: str, sigma: float | None, comparator: str) -> None:
        self.noise, self.sigma = one_of("noise", noise, NOISES), sigma
        self.comparator = one_of("comparator", comparator, COMPARATORS)
        if (sigma is None) != (noise != "gaussian"):
            raise ValueError(
                f"sigma must be given with gaussian noise and with no other, got {shown(sigma)} with {noise}"
            )
        bounded = sigma is None
        self.problem: TallyingProblem = TallyingProblem(
            n_actions=integer("number of actions", n_actions),
            horizon=integer("horizon", horizon),
            low=-1.0 if bounded else -np.inf,
            high=0.0 if bounded else np.inf,
            noise=None if sigma is None else positive("sigma", sigma),
        )
        self.horizon = horizon
        self.action_space = spaces.Discrete(n_actions)
        self.observation_space = spaces.Discrete(1)
        self._binary, self._n_actions = noise == "bernoulli", n_actions

    @abstractmethod
    def _instance_of(self, secret: Any) -> WeightedInstance:
        """The instance of a run."""

    @default
    def _known(self) -> Known | None:
        """A good sequence of actions that is known without computation. Here: none."""
        return None

    def _adopt(self, instance: WeightedInstance) -> None:
        """Take up an instance; what hangs on it is worked out when first asked for."""
        self._benchmarks = Benchmarks(instance, self.horizon, self.comparator, self._known())
        self._instance = instance

    def begin(self, tape: Tape) -> None:
        instance = self._instance_of(tape.secret)
        if instance is not self._instance:
            self._adopt(instance)
        self._generator = copy_of(tape.generator)
        self.clock = self._first = self._drawn = self._settled = 0
        self._record = Record(("reward", "expected_reward"))
        self._window = Window(instance.tallies)
        self._ahead = -1, -1, -1, self._window  # (clock, action, rounds, plays after them) of block_of

    def observe(self) -> Any:
        return np.int64(0)

    def _reserve(self) -> None:
        """Have the noise of the current round at hand."""
        self.check_running()
        if self.clock == self._drawn:
            self._settle()
            self._first, self._drawn = self._drawn, min(self._drawn + BLOCK, self.horizon)
            n = self._drawn - self._first
            self._levels = np.empty(n)
            if self._binary:
                noise = self._generator.random(n)
                self._noise = np.negative(noise, out=noise)
            else:
                self._noise = (
                    np.zeros(n) if self.sigma is None else self.sigma * standard_normal(self._generator, np.empty(n))
                )

    def _settle(self) -> None:
        """Account for the rounds played since the last time."""
        if self._settled < self.clock:
            rounds = slice(self._settled - self._first, self.clock - self._first)
            self._record.plays(self._settled, Plays(self._levels[rounds], self._noise[rounds], self._binary, -1.0))
            self._settled = self.clock

    def transition(self, action: Any) -> tuple[float, float]:
        if self.clock >= self._drawn:
            self._reserve()
        if type(action) is not int:
            action = integer("action", action, 0, self._n_actions - 1)
        elif not 0 <= action < self._n_actions:
            check_action("action", action, self._n_actions)
        now = self.clock - self._first
        self._levels[now] = level = self._window.level(action)
        self.clock += 1
        loss = level + self._noise.item(now)
        if self._binary:
            loss = 1.0 if loss > 0.0 else 0.0
        return 0.0 - loss, 0.0 - loss

    def block_of(self, action: int, most: int) -> Array:
        """What ``action`` pays in the next rounds if it alone is played in them: at least 1 round, at most ``most``.

        Raises:
            ValueError: no such action.
            RuntimeError: the run is over, or none was begun.
        """
        self._reserve()
        if type(action) is not int or not 0 <= action < self._n_actions:
            action = integer("action", action, 0, self._n_actions - 1)
        window, clock, n = self._window.copy(), self.clock, min(most, self._drawn - self.clock)
        rounds = slice(clock - self._first, clock - self._first + n)
        levels = self._levels[rounds]
        window.levels(action, levels)
        self._ahead = clock, action, n, window
        return _rewards(levels, self._noise[rounds], self._binary)

    def absorb(self, actions: Actions) -> None:
        """Account for the actions [n_rounds] played in the next rounds, like as many transitions.

        Raises:
            ValueError: more than the rounds whose noise is at hand, or one that does not exist; nothing changes.
            RuntimeError: the run is over, or none was begun.
        """
        if actions.size == 0:
            return
        self._reserve()
        start, stop = self.clock - self._first, self.clock - self._first + actions.size
        if stop > self._noise.size:
            raise ValueError(f"there is noise for {self._noise.size - start} rounds, got {actions.size} actions")
        clock, action, n, window = self._ahead
        if clock == self.clock and n == actions.size and _all(actions, action):
            self._window = window  # levels are those of block_of
        else:
            check_action("actions", int(actions.min()), self._n_actions)
            check_action("actions", int(actions.max()), self._n_actions)
            cuts = np.flatnonzero(np.diff(actions)) + 1
            for run, levels in zip(np.split(actions, cuts), np.split(self._levels[start:stop], cuts), strict=True):
                self._window.levels(int(run[0]), levels)
        self.clock += actions.size

    def metrics(self, times: NDArray[np.int64]) -> Mapping[str, Array]:
        self._settle()
        return self._record.at(times)

    @default
    def _next_of(self, comparator: str) -> int | None:
        """The next action of a comparator that this environment alone has. Here: there is none."""
        return None

    def clairvoyant(self, comparator: str) -> int:
        """The next action of ``best_sequence`` (where it is small enough to be computed) or of ``constant``."""
        if (action := self._next_of(comparator)) is not None:
            return action
        if comparator == "best_sequence":
            return int(self._benchmarks.optimum.sequence[self.clock])
        if comparator == "constant":
            return self._benchmarks.constant
        raise ValueError(f"comparator must be best_sequence or constant, got {shown(comparator)}")

    def comparators(self, times: NDArray[np.int64]) -> Mapping[str, Array]:
        return self._benchmarks.curves(times)

    @default
    def limits(self, times: NDArray[np.int64]) -> Mapping[str, Array]:
        """Those of the instance of the run, which is the same in all."""
        return self._limits_of_one(times)

    def _limits_of_one(self, times: NDArray[np.int64]) -> Mapping[str, Array]:
        """See ``Benchmarks.limits``; no limits of realized regret under Gaussian noise."""
        found = dict(self._benchmarks.limits(times, self._binary))
        if self.sigma is not None:
            del found["realized"]
        return found

    def regrets(self) -> Sequence[Regret]:
        return self._benchmarks.regrets()

    def instance(self) -> WeightedInstance:
        return self._instance

    @default
    def lower_bounds(self) -> Sequence[Bound]:
        """The orders of the minimax lower bounds, for the worst instance with these K and m; no claim about this one.

        ``sqrt((K - 1) t) / 27`` of ordinary bandits (constant recalled from Lattimore and Szepesvari 2020, Theorem
        15.2) and ``m (K - 1) / 2`` of the needle (see ``Needle``), the larger.
        """
        actions, memory = self.problem.n_actions, self._instance.memory
        return (
            Bound(
                "lower bound on the worst instance",
                "order",
                lambda t: np.maximum(np.sqrt((actions - 1) * t) / 27.0, needle_bound(t, actions, memory)),
                "sequence",
                "order of Malik et al. 2023, abstract; constants derived in this project or recalled",
                "convention",
            ),
        )


def needle_bound(t: Array, n_actions: int, memory: int) -> Array:
    """``m (K - 1) / 2`` from round ``m K`` on, 0 before: a lower bound on the mean regret over needle positions."""
    return np.where(t >= memory * n_actions, memory * (n_actions - 1) / 2.0, 0.0)
