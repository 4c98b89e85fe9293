"""What the policies against an adversary share: a distribution over the actions, one draw, and unbiased estimates.

The losses of a round must be linear in the features that the estimates use. ``high - r`` is not, unless 1 is in the
span of the features: the constant would bias every estimate. Two forms are right: the *signed* loss ``l = -r / M``,
``M = max(|low|, |high|)``, in [-1, 1]; and the loss ``(high - r) / (high - low)`` in [0, 1] with *lifted* features
``(a, 1)``. Features that do not span all dimensions are taken in coordinates of their span.

A round plays ``q = (1 - gamma) p + gamma pi``, pi the G-optimal design and p the policy's own distribution; with
``Sigma = sum q(a) a a^T`` the loss l of the action drawn gives ``lhat(b) = b^T Sigma^-1 a l`` for every action b. One
uniform u a round decides: the first action with cumulative q above u; the last with q > 0 if rounding leaves none.
"""

from __future__ import annotations

import math
from abc import abstractmethod
from collections.abc import Callable
from functools import lru_cache
from typing import Any, ClassVar, NamedTuple

import numpy as np

from bandits.arguments import positive, real
from bandits.arms.problem import Actions, Block
from bandits.arms.theory import BOUNDED
from bandits.arms.theory import holds as holds_of_arms
from bandits.contract import Array, Assumption, Problem, TimeClaim
from bandits.copies import Copies
from bandits.frozen import read_only
from bandits.kernels import kernel
from bandits.linear.design import Design, design
from bandits.linear.policy import LinearPolicy
from bandits.linear.problem import Features, LinearActionsProblem, LinearProblem
from bandits.linear.ridge import cholesky, invert
from bandits.linear.theory import LINEAR, OBLIVIOUS, LinearInstance, holds


class Game(NamedTuple):
    """All that is known and learned.

    Attributes:
        rows: [K, r] features that the estimates use, in coordinates of their span.
        design: [K] pi.
        estimates: [K] sums of the estimated losses.
        distribution: [K] p, then q, of the round.
        inverse: [r, r] inverse of Sigma.
        gram: [r, r] scratch.
        lower: [r, r] scratch.
        gain: [r] scratch: of the action drawn, ``Sigma^-1 a``.
        solved: [K, r] scratch: the same of all actions.
    """

    rows: Array
    design: Array
    estimates: Array
    distribution: Array
    inverse: Array
    gram: Array
    lower: Array
    gain: Array
    solved: Array


def new_game(rows: Array, design: Array) -> Game:
    """A game of which no loss is known, of features ``rows`` [K, r] and the weights of a design [K]."""
    k, r = rows.shape
    estimates, distribution = np.zeros((2, k))
    inverse, gram, lower = np.zeros((3, r, r))
    return Game(
        read_only(rows), read_only(design), estimates, distribution, inverse, gram, lower, np.zeros(r), np.zeros((k, r))
    )


Scale = tuple[float, float, float, float]
"""eta, gamma, and what a loss is of a reward r: ``(offset - r) / unit``."""

Fill = Callable[[Game, float], None]
Learn = Callable[[Game, int, float], None]


class Kernels(NamedTuple):
    """What tells one policy from another.

    Attributes:
        fill: ``fill(game, eta)`` fills in the distribution p of a round.
        learn: ``learn(game, arm, loss)`` takes in the loss of the action drawn.
        rounds: plays a block of rounds with both of them; uniforms [n_rounds] decide the draws.
    """

    fill: Fill
    learn: Learn
    rounds: Callable[[Block, Actions, Game, Scale, Array], None]


@kernel
def exponential_weights(losses: Array, eta: float, distribution: Array) -> None:
    """Fill in the distribution [K] ``p ∝ exp(-eta losses)``; entries may underflow to 0."""
    least, total = np.min(losses), 0.0
    for i in range(losses.size):
        distribution[i] = math.exp(-eta * (losses[i] - least))
        total += distribution[i]
    for i in range(losses.size):
        distribution[i] /= total


@kernel
def weigh(game: Game, eta: float) -> None:
    """Fill in the distribution ``p ∝ exp(-eta Lhat)``."""
    exponential_weights(game.estimates, eta, game.distribution)


@kernel
def draw(game: Game, share: float, uniform: float) -> int:
    """Mix the design into the distribution p that is filled in, and draw the action of a round."""
    q, k = game.distribution, game.distribution.size
    for i in range(k):
        q[i] = (1.0 - share) * q[i] + share * game.design[i]
    total, last = 0.0, 0
    for i in range(k):
        if q[i] > 0.0:
            total += q[i]
            last = i
            if total > uniform:
                break
    return last


@kernel
def estimate(game: Game, arm: int) -> bool:
    """Fill in ``Sigma^-1 a`` of the action drawn as ``gain``, from the distribution q of the round.

    Returns:
        Whether Sigma has an inverse, as far as rounding can tell.
    """
    k, r = game.rows.shape
    for j in range(r):
        for m in range(j + 1):
            total = 0.0
            for i in range(k):
                total += game.distribution[i] * (game.rows[i, j] * game.rows[i, m])
            game.gram[j, m] = game.gram[m, j] = total
    if not cholesky(game.gram, game.lower):
        return False
    invert(game.lower, game.inverse)
    for j in range(r):
        game.gain[j] = 0.0
        for m in range(r):
            game.gain[j] += game.inverse[j, m] * game.rows[arm, m]
    return True


@kernel
def learn(game: Game, arm: int, loss: float) -> None:
    """Add the estimated losses of all actions, after ``arm`` had the loss ``loss``."""
    if not estimate(game, arm):
        return
    for i in range(game.rows.shape[0]):
        inner = 0.0
        for j in range(game.gain.size):
            inner += game.rows[i, j] * game.gain[j]
        game.estimates[i] += inner * loss


class AdversarialPolicy(LinearPolicy):
    """A policy against an adversary on a fixed set.

    A subclass names its ``kernels``.

    Args:
        rate: eta > 0; None for the one of the theorem, which needs a horizon.
        mixing: gamma in [0, 1], the share of the design; None for the theorem's.
        tolerance: of the design, in (0, 1].
    """

    plays: ClassVar[tuple[type[Problem], ...]] = (LinearProblem,)
    lifted: ClassVar[bool] = False
    kernels: ClassVar[Kernels]

    def __init__(self, rate: float | None = None, mixing: float | None = None, tolerance: float = 0.01) -> None:
        self.rate = None if rate is None else positive("rate", rate)
        self.mixing = None if mixing is None else real("mixing", mixing, 0.0, 1.0, closed="both")
        self.tolerance = real("tolerance", tolerance, 0.0, 1.0, closed="high")

    @abstractmethod
    def best_rate(self, n_actions: int, rank: int, horizon: int) -> float:
        """The theorem's eta."""

    @abstractmethod
    def best_mixing(self, eta: float, value: float) -> float:
        """The theorem's gamma, for the g of the design."""

    def constants(self, problem: LinearActionsProblem) -> tuple[float, float, Design]:
        """(eta, gamma, the design of the features in use).

        Raises:
            ValueError: rewards are unbounded, there is no horizon where one is needed, or all features are 0.
        """
        assert isinstance(problem, LinearProblem)
        name = type(self).__name__
        if not problem.bounded:
            what = "needs rewards in a finite range: give the problem low and high"
            raise ValueError(f"{name} {what}, got [{problem.low}, {problem.high}]")
        features = _lifted(problem.features) if self.lifted else problem.features
        found = design(features, self.tolerance)
        if self.rate is not None:
            eta = self.rate
        elif problem.horizon is not None:
            eta = self.best_rate(problem.n_actions, found.rank, problem.horizon)
        else:
            raise ValueError(f"{name} needs a horizon or rate: the problem has horizon=None")
        return eta, self.best_mixing(eta, found.value) if self.mixing is None else self.mixing, found

    def assumed(self, instance: LinearInstance, problem: LinearActionsProblem) -> tuple[Assumption, ...]:
        """What all three theorems assume: linear mean rewards, an oblivious adversary, rewards in the range."""
        return *holds(instance, problem, LINEAR, OBLIVIOUS), *holds_of_arms(instance, BOUNDED)

    @property
    def claim(self) -> TimeClaim:
        """What the bounds claim about time: a rate for the theorem's constants alone."""
        return "horizon-tuned" if self.rate is None and self.mixing is None else "no rate"

    def start(self, problem: LinearActionsProblem) -> None:
        eta, gamma, found = self.constants(problem)
        offset, unit = 0.0, max(abs(problem.low), abs(problem.high))
        if self.lifted:
            offset, unit = problem.high, problem.high - problem.low
        self._scale: Scale = (eta, gamma, float(offset), float(unit))
        self._game = new_game(found.coordinates, found.weights)

    def pick(self, rows: Array) -> int:
        self.kernels.fill(self._game, self._scale[0])
        return draw(self._game, self._scale[1], self._rng.random())

    def probabilities(self, observation: Any) -> Array:
        copy: AdversarialPolicy = Copies(self).one()
        copy.choose(observation)
        return np.asarray(copy._game.distribution / copy._game.distribution.sum())

    def take(self, rows: Array, action: int, reward: float) -> None:
        _, _, offset, unit = self._scale
        self.kernels.learn(self._game, action, (offset - reward) / unit)

    def play(self, block: Block, features: Array, actions: Actions) -> None:
        self.kernels.rounds(block, actions, self._game, self._scale, self._rng.random(actions.size))


@lru_cache(maxsize=4)
def _lifted(features: Features) -> Features:
    return Features(np.hstack([features.array, np.ones((features.n_actions, 1))]))
