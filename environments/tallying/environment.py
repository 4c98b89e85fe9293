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
from bandits.contract import Array, Bound
from bandits.defaults import default
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
        self._scale = -1.0 if self._binary else self.problem.noise or 1.0

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
        self._window = Window(instance.tallies, self._binary, self._scale)
        self._ahead = -1, 0, b"", self._window.plays  # (clock, rounds, runs, plays after them) of block_of

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
                self._noise = self._generator.random(n)
            else:
                self._noise = np.zeros(n) if self.sigma is None else standard_normal(self._generator, np.empty(n))

    def _settle(self) -> None:
        """Account for the rounds played since the last time."""
        if self._settled < self.clock:
            rounds = slice(self._settled - self._first, self.clock - self._first)
            levels, noise = self._levels[rounds], self._noise[rounds]
            self._record.plays(self._settled, Plays(levels, noise, self._binary, -1.0, self._scale))
            self._settled = self.clock

    def transition(self, action: Any) -> tuple[float, float]:
        if self.clock >= self._drawn:
            self._reserve()
        if type(action) is not int:
            action = integer("action", action, 0, self._n_actions - 1)
        elif not 0 <= action < self._n_actions:
            check_action("action", action, self._n_actions)
        reward = self._window.play(action, self.clock - self._first, self._levels, self._noise)
        self.clock += 1
        return reward, reward

    def block_of(self, runs: NDArray[np.int64], most: int) -> Array:
        """What runs of actions pay in the next rounds if these are played in them: at least 1 round, at most ``most``.

        Args:
            runs: [n_runs, 2] actions, and for how many rounds, >= 1, each is played.
            most: rounds, >= 1.

        Raises:
            ValueError: no such action, or no such number of rounds; nothing changes.
            RuntimeError: the run is over, or none was begun.
        """
        if self.clock >= self._drawn:
            self._reserve()
        first, most = self.clock - self._first, min(most, self._drawn - self.clock)
        rewards, plays = self._window.ahead(runs, first, self._levels, self._noise, most)
        self._ahead = self.clock, rewards.size, runs.tobytes(), plays
        return rewards

    def absorb(self, runs: NDArray[np.int64], rounds: int) -> None:
        """Account for ``runs`` [n_runs, 2] played in the next ``rounds``, like as many transitions.

        Raises:
            ValueError: as ``block_of``, or more rounds than it tells of; nothing is played.
            RuntimeError: the run is over, or none was begun.
        """
        clock, known, those, plays = self._ahead
        if clock != self.clock or known != rounds or those != runs.tobytes():
            if (told := self.block_of(runs, rounds).size) != rounds:
                what = f"at most {told}, what the runs have and noise is at hand for"
                raise ValueError(f"rounds must be {what}, got {rounds}")
            plays = self._ahead[-1]
        self._window.adopt(plays)
        self.clock += rounds

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
