"""What every groupwise policy for regression shares: learners, a mixture of them, and both drivers.

Learners never see the mixture, so a block of rows is worked through in three passes: all predictions, then all mixing
weights, then the plays. Round by round the same arithmetic runs in the same order, hence the same bits.
"""

from __future__ import annotations

import copy
import math
from abc import abstractmethod
from collections.abc import Sequence
from typing import Any, ClassVar, Protocol

import numpy as np

from bandits.arguments import check_reward, one_of, real
from bandits.contract import Array, Playable
from bandits.defaults import default
from bandits.frozen import read_only
from bandits.groupwise.learners import BaseLearner, check_clip, ends_of, make_learners
from bandits.groupwise.policy import GroupwisePolicy
from bandits.groupwise.problem import (
    GroupwiseProblem,
    Lotteries,
    Lottery,
    Mask,
    RegressionProblem,
    Round,
    RowBlocks,
    Rows,
    unit_rewards,
)
from bandits.kernels import kernel
from bandits.offers import offers
from bandits.strays import look_at_contexts

PLAYS = ("expected", "sample", "mixture")
BLOCK = 1 << 20
"""Predictions that are held at once."""


@kernel
def _square_errors(predictions: Array, labels: Array, scale: float, awake: Mask, losses: Array) -> float:
    """Squared errors divided by ``scale``; the largest of a learner awake."""
    largest = 0.0
    for s in range(losses.shape[0]):
        for i in range(losses.shape[1]):
            error = predictions[s, i] - labels[s]
            losses[s, i] = error * error / scale
            if awake[s, i] and losses[s, i] > largest:
                largest = losses[s, i]
    return largest


@kernel
def _lotteries(predictions: Array, p: Array, awake: Mask, fallback: float, values: Array, weights: Array) -> bool:
    """The learners' predictions with the fallback behind them, which has all weight where nobody is awake.

    Returns whether all predictions are finite.
    """
    total = 0.0
    for s in range(values.shape[0]):
        sleeping = 1.0
        for i in range(predictions.shape[1]):
            values[s, i] = predictions[s, i]
            weights[s, i] = p[s, i]
            total += predictions[s, i] - predictions[s, i]  # NaN from the first that is not finite on
            if awake[s, i]:
                sleeping = 0.0
        values[s, predictions.shape[1]] = fallback
        weights[s, predictions.shape[1]] = sleeping
    return total == 0.0


@kernel
def _mix(values: Array, weights: Array, out: Array) -> None:
    for s in range(out.shape[0]):
        out[s, 0] = 0.0
        for i in range(values.shape[1]):
            out[s, 0] += weights[s, i] * values[s, i]


@kernel
def _sample(values: Array, weights: Array, uniforms: Array, out: Array) -> None:
    for s in range(out.shape[0]):
        total = 0.0
        for i in range(values.shape[1]):
            if weights[s, i] > 0.0:
                total += weights[s, i]
                out[s, 0] = values[s, i]
                if uniforms[s] < total:
                    break


class Meta(Protocol):
    """A mixture over learners that sleep."""

    def start(self, prior: Array, horizon: int | None) -> None:
        """Forget everything; ``prior`` [n_learners] are positive weights that sum to 1."""

    def distribution(self, awake: Mask) -> Array:
        """Weights [n_learners] of the learners awake; zeros where none is."""

    def update(self, awake: Mask, losses: Array, p: Array) -> None:
        """Learn the losses of the round in which ``p`` was the distribution."""

    def run(self, awake: Mask, losses: Array) -> Array:
        """The distributions [n, n_learners] of ``n`` rounds with the given losses."""


class Only:
    """The mixture where at most one learner is awake at a time; play the average, which is its prediction."""

    def start(self, prior: Array, horizon: int | None) -> None:
        """Nothing to forget."""

    def distribution(self, awake: Mask) -> Array:
        """All weight on the learner awake."""
        return awake.astype(np.float64)

    def update(self, awake: Mask, losses: Array, p: Array) -> None:
        """Nothing to learn."""

    def run(self, awake: Mask, losses: Array) -> Array:
        """All weight on the learner awake, in every round."""
        return awake.astype(np.float64)


class RegressionPolicy(GroupwisePolicy[RegressionProblem, Lottery, float]):
    """A policy for grouped regression with squared loss.

    Args:
        base_learner: "oridge", "vaw" or "ogd", by its name or as ``{"name": ..., "parameters": {...}}`` (see ``ridge``
            and ``ogd``), or a function that makes an object with ``predict(x)`` and ``update(x, y)``.
        clip: None, or the interval [low, high] that every learner's prediction is clipped to.
        play: "expected" plays the lottery over predictions, "sample" draws one, "mixture" plays their average.
        fallback: prediction in rounds where no learner is awake.
    """

    plays: ClassVar[tuple[type[GroupwiseProblem], ...]] = (RegressionProblem,)
    loss_scale: float = 1.0

    def __init__(
        self, base_learner: BaseLearner, clip: Sequence[float] | None, play: str = "expected", fallback: float = 0.0
    ) -> None:
        self.base_learner, self._unstarted = base_learner, make_learners(base_learner)
        self.clip = check_clip(clip)
        self.play = one_of("play", play, PLAYS)
        self.fallback = real("fallback", fallback)

    @abstractmethod
    def _prepare(self, problem: RegressionProblem) -> tuple[int, Meta]:
        """The number of learners at the start of a run, and their mixture, started."""

    @abstractmethod
    def _awake(self, groups: Mask) -> Mask:
        """Which learners [n, n_learners] are awake in rounds with ``groups`` [n, n_groups]."""

    def _losses(self, predictions: Array, labels: Array, awake: Mask) -> Array:
        """Losses [n, n_learners] that the mixture learns from."""
        losses = np.empty(predictions.shape)
        self._watch(_square_errors(predictions, labels, self.loss_scale, awake, losses), losses, awake)
        return losses

    def start(self, problem: RegressionProblem) -> None:
        self._dimension, self._zeros = problem.dimension, np.zeros(problem.dimension)
        number, self._meta = self._prepare(problem)
        self._learners = copy.copy(self._unstarted)
        self._learners.start(number, problem, ends_of(self.clip))

    def _decide(self, context: Array, groups: Mask) -> Lottery:
        if context.shape != (self._dimension,):
            raise ValueError(f"the context must have shape ({self._dimension},), got {context.shape}")
        if context.dot(self._zeros) != 0.0:
            bad = np.flatnonzero(~np.isfinite(context))
            raise ValueError(f"the context must be finite, got {context[bad[0]]} in column {bad[0]}")
        awake = read_only(self._awake(groups[None, :]))
        now = awake[0]
        predictions, p = self._learners.predict(context, now)[None, :], self._meta.distribution(now)
        values, weights, finite = self._plays(predictions, p[None, :], awake)
        if not finite:
            raise ValueError(f"predictions must be finite, got {predictions[0]} of the learners")
        self._decided = awake, predictions, p
        return Lottery(values[0], weights[0])

    def _learn(self, context: Array, groups: Mask, feedback: float) -> None:
        if type(feedback) is not float or not -math.inf < feedback < math.inf:
            feedback = check_label(feedback)
        (awake, predictions, p), label = self._decided, feedback
        losses, now = self._losses(predictions, read_only(np.array([label])), awake)[0], awake[0]
        self._meta.update(now, losses, p)
        self._learners.update(context, label, now)

    def leap(self, environment: Playable[Round, Lottery, float], most: int) -> int:
        if not offers(environment, RowBlocks):
            return 0
        rows = environment.block(min(most, max(1, BLOCK // self._width)))
        environment.absorb(self.play_rows(rows))
        look_at_contexts(self, rows.contexts)
        if self._declared is not None:
            self._declared.look_through(self, *unit_rewards(rows.labels), rows.labels.item)
        return len(rows.labels)

    def play_rows(self, rows: Rows) -> Lotteries:
        """Play and learn a block of rows: the lotteries before each label, bit for bit as round by round."""
        rows = Rows(read_only(rows.contexts), read_only(rows.groups), read_only(rows.labels))
        awake = read_only(self._awake(rows.groups))
        predictions = self._learners.run(rows.contexts, rows.labels, awake)
        losses = self._losses(predictions, rows.labels, awake)
        values, weights, _ = self._plays(predictions, self._meta.run(awake, losses), awake)
        return Lotteries(values, weights)

    @property
    @default
    def _width(self) -> int:
        """Number of learners, or room for some. Here: 64."""
        return 64

    @default
    def _watch(self, largest: float, losses: Array, awake: Mask) -> None:
        """Look at losses [n, n_learners], of which ``largest`` is that of a learner awake. Here: nothing to see."""

    def _plays(self, predictions: Array, p: Array, awake: Mask) -> tuple[Array, Array, bool]:
        """What is played: values and weights [n, n_plays], the fallback last; whether all predictions are finite."""
        n, L = len(predictions), int(predictions.shape[1])
        values, weights = np.empty((n, L + 1)), np.empty((n, L + 1))
        finite = _lotteries(predictions, p, awake, self.fallback, values, weights)
        if self.play == "expected" or not finite:
            return values, weights, finite
        played = np.empty((n, 1))
        if self.play == "mixture":
            _mix(values, weights, played)
        else:
            _sample(values, weights, self._rng.random(n), played)
        return played, np.ones((n, 1)), finite


def check_label(label: Any) -> float:
    """Check a label that a policy is told, and return it as a float, as ``check_reward`` takes one.

    Raises:
        ValueError: no number, or not finite.
    """
    try:
        return check_reward(label)
    except ValueError:
        raise ValueError(f"the label must be a finite number, got {label!r}") from None
