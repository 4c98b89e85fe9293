"""Actions whose features are new in every round, with one parameter throughout a run."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from gymnasium import spaces
from numpy.typing import NDArray

from bandits.arguments import integer, real, shown
from bandits.contract import Array
from bandits.frozen import read_only
from bandits.linear.problem import SLACK, ChangingLinearProblem
from bandits.linear.theory import LinearModel
from bandits.registry import Component
from environments.arms.environment import BLOCK
from environments.contract import Regret, copy_of
from environments.linear.environment import LinearEnvironment, Noise, level_rows
from environments.linear.parameters import Parameter, checked_theta, parameter
from environments.linear.streams import STREAMS, Stream

NUMBERS = 1 << 20
"""Numbers in a block of features."""


class ChangingLinearBandit(LinearEnvironment):
    """Actions that pay ``<x, theta>`` and noise, where the features x of each action change from round to round.

    The comparator is ``dynamic``, the best action of every round. There is no best fixed one: the number of an action
    means nothing from round to round.

    Args:
        actions: the features: a name or ``{"name": ..., "parameters": {...}}`` of ``environments.linear.streams``:
            "redrawn_sphere", "redrawn_gaussian", "shuffled" or "drift".
        theta: as of ``LinearBandit``; None is uniform on the sphere.
        noise: as of ``LinearBandit``.
        sigma: as of ``LinearBandit``.
        parameter_norm: as of ``LinearBandit``.
        feature_norm: as of ``LinearBandit``.
        sparsity: as of ``LinearBandit``.
        horizon: number of rounds, >= 1.

    Raises:
        ValueError: a parameter out of its domain, or limits that do not hold.
    """

    problem: ChangingLinearProblem

    def __init__(
        self,
        actions: Component = "redrawn_sphere",
        theta: Component | Sequence[float] | Array | None = None,
        noise: str = "gaussian",
        sigma: float | None = None,
        parameter_norm: float | None = None,
        feature_norm: float | None = None,
        sparsity: int | None = None,
        horizon: int = 10_000,
    ) -> None:
        self.actions, self.theta, self.noise, self.sigma = actions, theta, noise, sigma
        self.parameter_norm, self.feature_norm, self.sparsity = parameter_norm, feature_norm, sparsity
        self._stream: Stream = STREAMS.build(actions, "actions", of=Stream)
        (k, d), norm = self._stream.shape, self._stream.norm
        self._law: Parameter = parameter("sphere" if theta is None else theta, d)
        told = self._law.told_norm(d, norm) if parameter_norm is None else parameter_norm
        told, largest = real("parameter_norm", told, 0.0, closed="low"), self._law.largest_norm(d, norm)
        if math.isfinite(largest) and largest > told * (1.0 + SLACK):
            raise ValueError(f"parameter_norm must be at least {largest!r}, the norm of theta, got {told!r}")
        limit = norm if feature_norm is None else real("feature_norm", feature_norm, 0.0, closed="low")
        if norm > limit * (1.0 + SLACK):
            raise ValueError(f"feature_norm must be at least {norm!r}, the largest of these features, got {limit!r}")
        kind = Noise(noise, sigma)
        super().__init__(
            ChangingLinearProblem(
                n_actions=k,
                dimension=d,
                horizon=integer("horizon", horizon),
                parameter_norm=told,
                feature_norm=limit,
                sparsity=self._law.sparsity if sparsity is None else sparsity,
                **kind.ranges(limit * told if math.isfinite(largest) else math.inf),
            ),
            kind,
        )
        self.observation_space = spaces.Box(-limit * (1.0 + SLACK), limit * (1.0 + SLACK), (k, d), np.float64)
        self._rounds = max(1, min(BLOCK, NUMBERS // (k * d)))
        self._adopt(np.random.default_rng(0))

    def _adopt(self, rng: np.random.Generator) -> None:
        """Draw the parameter of a run."""
        problem, kind = self.problem, self._kind
        self._theta = self._law.draw(rng, problem.dimension, None)
        if not self._law.random or self._law.sparsity is not None:
            checked_theta(self._theta, problem.parameter_norm, problem.sparsity)
        size = float(np.linalg.norm(self._theta))
        self._instance = LinearModel(
            theta=self._theta,
            error=0.0,
            parameter_norm=size,
            feature_norm=self._stream.norm,
            sub_gaussian=kind.true,
            noise_is_gaussian=kind.kind == "gaussian",
            prior_deviation=self._law.prior,
            largest_gap=min(2.0 * size * self._stream.norm, problem.high - problem.low),
            changing=True,
            steady=True,
            oblivious_rewards=True,
        )

    def _begin(self) -> None:
        self._before: Any = None
        if self._law.random:
            self._adopt(self._luck.parameter)

    def _levels(self, start: int, stop: int) -> tuple[Array, int, int]:
        n = min(self._rounds, stop - start)
        rows, self._before = self._stream.following(self._luck.features, n, self._before)
        self._rows_at_hand, self._levels_at_hand = read_only(rows), self._levels_of(rows)
        return self._levels_at_hand, 1, start + n

    def _levels_of(self, rows: Array) -> Array:
        levels = np.empty(rows.shape[:2])
        level_rows(rows, self._theta[None], levels)
        self._check_probabilities(levels)
        return levels

    def observe(self) -> Array:
        """The features [n_actions, dimension] of this round, read-only."""
        now = min(self.clock, self.horizon - 1)
        if now >= self._ends:
            self._reserve()
        rows: Array = self._rows_at_hand[now - self._row].copy()
        rows.flags.writeable = False
        return rows

    def features(self, rounds: int) -> Array:
        """Features [rounds, n_actions, dimension] of the next rounds, read-only: those of the last block."""
        self._reserve()
        start = self.clock - self._row
        return read_only(self._rows_at_hand[start : start + rounds])

    def comparators(self, times: NDArray[np.int64]) -> Mapping[str, Array]:
        """By the run's features once more, from the tape."""
        found, best, worst, done = np.empty((2, len(times))), 0.0, 0.0, 0
        for levels in self._all_levels(int(times[-1])):
            bests = np.cumsum(np.concatenate([[best], levels.max(axis=1)]))
            worsts = np.cumsum(np.concatenate([[worst], levels.min(axis=1)]))
            here = (times > done) & (times <= done + len(levels))
            found[:, here] = bests[times[here] - done], worsts[times[here] - done]
            best, worst, done = float(bests[-1]), float(worsts[-1]), done + len(levels)
        return {"dynamic": found[0], "worst": found[1]}

    def _all_levels(self, rounds: int) -> Iterator[Array]:
        """Levels [n, n_actions] of the rounds of the run, a block at a time."""
        rng, before, start = copy_of(self.tape.features), None, 0
        while start < rounds:
            n = min(self._rounds, BLOCK - start % BLOCK, self.horizon - start)
            rows, before = self._stream.following(rng, n, before)
            yield self._levels_of(rows)
            start += n

    def regrets(self) -> Sequence[Regret]:
        label = "regret against the best action of each round"
        return (
            Regret("pseudo", "expected_reward", "dynamic", "dynamic", f"pseudo-{label}"),
            Regret("realized", "reward", "dynamic", "dynamic", f"realized {label}"),
        )

    def limits(self, times: NDArray[np.int64]) -> Mapping[str, Array]:
        """In expectation, none, and twice the product of the norms in each round; realized, also the noise."""
        (k, d), norm = self._stream.shape, self._stream.norm
        gap = 0.0 if k == 1 else 2.0 * norm * self._law.largest_norm(d, norm)
        return self._kind.limits(times, gap)

    def clairvoyant(self, comparator: str) -> int:
        if comparator != "dynamic":
            raise ValueError(f"comparator must be dynamic, got {shown(comparator)}")
        if self.clock >= self._ends:
            self._reserve()
        return int(np.argmax(self._levels_at_hand[self.clock - self._row]))

    def instance(self) -> LinearModel:
        return self._instance
