"""Arms that pay from a table: given, or made by a named generator before the first action."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bandits.arguments import affordable, flag, integer, one_of, real, shown, within
from bandits.arms.problem import BanditProblem, FullFeedbackProblem
from bandits.contract import Array
from environments.arms.environment import ArmsEnvironment
from environments.arms.instance import ArmsInstance
from environments.arms.tables import GENERATORS, Generator, ahead, as_table, check_range, read_table, table_limits
from environments.contract import Regret


class AdversarialArms(ArmsEnvironment[Array]):
    """Arms whose rewards are fixed in advance by an adversary: an oblivious one, that no mean describes.

    Two comparators: ``best_fixed``, the arm with the largest sum for the rounds so far, in hindsight; and
    ``best_each_round``, which plays the largest reward of every round.

    Args:
        source: the rewards: a table [n_rounds, n_arms] as nested list or array, a path ending in ``.npy`` or ``.csv``
            (numbers separated by commas, no header), or a generator: "uniform", "switching", "drifting" or "bursts",
            by its name or as ``{"name": ..., "parameters": {...}}``; see ``environments.arms.tables``.
        losses: whether the table holds losses in [low, high] instead of rewards; a loss ``l`` pays ``low + high - l``.
        low: smallest possible entry.
        high: largest possible entry, > low. A generator's table is made in [0, 1] and stretched to [low, high].
        n_arms: number of arms, >= 1; None means the table's, or 10 for a generator.
        horizon: number of rounds, >= 1; None means the table's, or 10 000 for a generator. A table with more rounds is
            cut.
        feedback: "bandit" or "full".

    Raises:
        ValueError: a parameter out of its domain, a table that cannot be read or used, or one of more than 2 GB.
    """

    def __init__(
        self,
        source: str | os.PathLike[str] | Mapping[str, Any] | Sequence[Sequence[float]] | Array = "switching",
        losses: bool = False,
        low: float = 0.0,
        high: float = 1.0,
        n_arms: int | None = None,
        horizon: int | None = None,
        feedback: str = "bandit",
    ) -> None:
        self.source = os.fspath(source) if isinstance(source, os.PathLike) else source
        self.losses, self.n_arms = flag("losses", losses), n_arms
        self.low, self.high = real("low", low), real("high", high, low)
        self.feedback = one_of("feedback", feedback, ("bandit", "full"))
        self._generator: Generator | None = None
        self._given = np.empty((0, 0))
        is_path = isinstance(self.source, str) and self.source.endswith((".npy", ".csv"))
        if isinstance(self.source, Mapping) or (isinstance(self.source, str) and not is_path):
            self._generator = GENERATORS.build(self.source, "source")
            rounds, arms = (10_000 if horizon is None else horizon), (10 if n_arms is None else n_arms)
        else:
            table = read_table(self.source) if isinstance(self.source, str) else as_table(self.source)
            rounds, arms = len(table) if horizon is None else horizon, table.shape[1]
            self._given = self._rewards(table, integer("horizon", rounds))
        cells = integer("horizon", rounds) * integer("n_arms", arms)
        affordable("horizon or n_arms", f"a table of {rounds} rounds and {arms} arms", cells)
        kind = FullFeedbackProblem if feedback == "full" else BanditProblem
        ends = self._generator is None and bool(np.isin(self._given, (self.low, self.high)).all())
        super().__init__(kind(n_actions=arms, horizon=rounds, low=self.low, high=self.high, binary=ends))
        self._instance = ArmsInstance(oblivious=True, bounded=True)

    def _rewards(self, table: Array, rounds: int) -> Array:
        if rounds > len(table):
            raise ValueError(f"horizon must be at most {len(table)}, the rounds of the table, got {rounds}")
        if self.n_arms is not None and integer("n_arms", self.n_arms) != table.shape[1]:
            raise ValueError(
                f"n_arms must be {table.shape[1]}, the arms of the table, or absent, got {shown(self.n_arms)}"
            )
        check_range(table, self.low, self.high)
        rewards = self.low + self.high - table if self.losses else table
        return np.array(rewards[:rounds], order="C")

    def draw(self, rng: np.random.Generator) -> Array:
        """The table of rewards [n_rounds, n_arms]."""
        if self._generator is None:
            return self._given
        table = self._generator.table(rng, self.horizon, self.problem.n_actions)
        table *= self.high - self.low
        table += self.low
        return np.clip(table, self.low, self.high, out=table)

    def check_tape(self, tape: Array) -> None:
        within("rewards of tape", tape, self.low, self.high)

    def _start(self, tape: Array) -> None:
        self._best = -1

    def _levels(self, start: int, stop: int) -> tuple[Array, int, int]:
        return self.tape[start:stop], 1, stop

    def comparators(self, times: NDArray[np.int64]) -> Mapping[str, Array]:
        starts, table = np.concatenate([[0], times[:-1]]), self.tape[: times[-1]]
        fixed = np.cumsum(np.add.reduceat(table, starts, axis=0), axis=0).max(axis=1)
        dynamic = np.cumsum(np.add.reduceat(table.max(axis=1), starts))
        worst = np.cumsum(np.add.reduceat(table.min(axis=1), starts))
        return {"best_fixed": fixed, "best_each_round": dynamic, "worst": worst}

    def limits(self, times: NDArray[np.int64]) -> Mapping[str, Array]:
        """Of a given table, the best arm of each round and the worst; of a generator, what holds on every table.

        The best of K arms earns at least as much as their average in hindsight, so that no play, on rewards in an
        interval of length 1, is ahead of it by more than ``t - ceil(t / K)``, as where the arms take turns (derived).
        """
        if self._generator is None:
            return table_limits(self.comparators(times))
        arms, width = self.problem.n_actions, self.high - self.low
        behind = times * (width if arms > 1 else 0.0)
        return {"fixed": np.array([-width * ahead(times, arms), behind]), "dynamic": np.array([0.0 * behind, behind])}

    def regrets(self) -> Sequence[Regret]:
        return (
            Regret("fixed", "reward", "best_fixed", "fixed", "regret against the best fixed arm in hindsight"),
            Regret("dynamic", "reward", "best_each_round", "dynamic", "regret against the best arm of each round"),
        )

    def clairvoyant(self, comparator: str) -> int:
        """``best_fixed`` of the whole horizon, or ``best_each_round``."""
        if comparator == "best_fixed":
            if self._best < 0:
                self._best = int(np.argmax(self.tape.sum(axis=0)))
            return self._best
        if comparator == "best_each_round":
            return int(np.argmax(self.tape[min(self.clock, self.horizon - 1)]))
        raise ValueError(f"comparator must be best_fixed or best_each_round, got {shown(comparator)}")

    def instance(self) -> ArmsInstance:
        return self._instance
