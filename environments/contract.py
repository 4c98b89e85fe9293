"""The contract of a world: tape, observation, transition, ledger, comparators."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar, final

import gymnasium
import numpy as np
from numpy.typing import NDArray

from bandits.contract import Array, Bound, Problem

Obs = TypeVar("Obs")
Act = TypeVar("Act")
Fbk = TypeVar("Fbk")
Tape = TypeVar("Tape")


@dataclass(frozen=True)
class Notion:
    """A kind of regret: ``comparator(t) - series(t)``, both cumulative rewards up to time t.

    Attributes:
        name: key in results ("pseudo", "grid", ...).
        series: key of ``Environment.ledger``.
        comparator: key of ``Environment.comparators``.
        against: what kind of comparator that is ("fixed", "dynamic", ...); a ``Bound`` applies where it agrees.
        label: for axes, naming notion and comparator.
        unit: unit of the regret ("reward", "iterations", ...).
        clock: key of ``Environment.clocks`` for a regret that moves in some rounds only (those of a group): the time by
            which its curve is drawn and its growth measured. Empty for rounds.
        worst: key of ``Environment.comparators``, where it is there: the worst play in the rounds that count, beyond
            whose regret a bound says nothing.
    """

    name: str
    series: str
    comparator: str
    against: str
    label: str
    unit: str = "reward"
    clock: str = ""
    worst: str = "worst"


class Environment(gymnasium.Env[Obs, Act], ABC, Generic[Obs, Act, Fbk, Tape]):
    """A world with a known best. Constructors take parameters only, and keep them under their own names.

    A run: ``begin(draw(rng))``, then ``observe`` and ``transition`` in turn until ``clock`` reaches the horizon. All
    randomness is in the tape, drawn before any action; given the tape, transitions are deterministic. ``reset`` and
    ``step`` give the same run in gymnasium's form, with ``info["feedback"]``.

    Attributes:
        problem: what a learner is told.
        clock: units of time used so far, 0 at the start of a run.
        mark: clock and ledger before the last action, in worlds in which one action may take several units of time (a
            batch of pulls); curves are interpolated linearly in between. Other worlds leave it alone.
    """

    problem: Problem
    clock: int
    mark: tuple[int, Mapping[str, float]] = (0, {})

    @abstractmethod
    def draw(self, rng: np.random.Generator) -> Tape:
        """All randomness of one run."""

    @abstractmethod
    def begin(self, tape: Tape) -> None:
        """Start a run on ``tape``; the same tape and actions give the same run."""

    @abstractmethod
    def observe(self) -> Obs:
        """What the learner sees before its next decision (after the last one: the last observation)."""

    @abstractmethod
    def transition(self, action: Act) -> tuple[float, Fbk]:
        """Carry out ``action``; returns (reward, feedback) and moves the clock.

        Raises:
            ValueError: an illegal action; nothing changes.
            RuntimeError: the run is over, or none was begun.
        """

    @abstractmethod
    def ledger(self) -> Mapping[str, float]:
        """Cumulative series so far."""

    @abstractmethod
    def comparators(self, checkpoints: NDArray[np.int64]) -> Mapping[str, Array]:
        """Exact cumulative reward [n_checkpoints] of each comparator at each checkpoint (rounds, increasing, >= 1)."""

    @abstractmethod
    def notions(self) -> Sequence[Notion]:
        """The kinds of regret that can be formed from ledger and comparators; the first is the default."""

    def clocks(self, checkpoints: NDArray[np.int64]) -> Mapping[str, Array]:
        """Clocks [n_checkpoints] that notions of regret name: units of time passed by each checkpoint. Here: none."""
        return {}

    def lower_bounds(self) -> Sequence[Bound]:
        """Theorems about every policy in this world. Here: none."""
        return ()

    def facts(self) -> Mapping[str, Any]:
        """What only the analysis may know (gaps, spectra, phases). Never handed to a policy.

        The same object is returned as long as the facts are the same, so that bounds need not be worked out again.
        """
        return {}

    def clairvoyant(self, comparator: str) -> Act:
        """The action that a comparator takes now, for playing it as a policy.

        Raises:
            ValueError: the comparator cannot be played here; the message names those that can.
        """
        raise ValueError(f"{type(self).__name__} has no comparator {comparator!r} that can be played")

    @final
    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None) -> tuple[Obs, dict[str, Any]]:
        """Gymnasium's reset: a new run with a tape drawn from ``np_random``."""
        super().reset(seed=seed)
        self.begin(self.draw(self.np_random))
        return self.observe(), {}

    @final
    def step(self, action: Act) -> tuple[Obs, float, bool, bool, dict[str, Any]]:
        """Gymnasium's step. ``truncated`` when the clock has reached the horizon; nothing ever terminates."""
        reward, feedback = self.transition(action)
        over = self.problem.horizon is not None and self.clock >= self.problem.horizon
        return self.observe(), float(reward), False, over, {"feedback": feedback}
