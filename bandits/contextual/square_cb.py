"""SquareCB: inverse-gap weighting on the predictions of any online regression oracle.

In each round the oracle predicts the loss of every action in the context at hand; with the predictions ``s``, the best
action ``b`` and ``d`` actions, draw from

    p_i = 1 / (d + eta_t (s_i - s_b)) for i != b,   p_b = 1 - sum of the others.

Reference: D. Foster and A. Rakhlin, *Beyond UCB: Optimal and Efficient Contextual Bandits with Regression Oracles*,
ICML 2020, Algorithm 1 and Theorem 1 (Khodak et al. 2024, Algorithm 6). With ``R`` a bound on the oracle's squared-error
regret after T rounds, ``eta = sqrt(d T / (R + log(2 / delta)))`` gives a regret of at most ``4 sqrt(d T R) + 8 sqrt(d T
log(2 / delta))`` with probability ``1 - delta`` if the expected losses are among the oracle's models [recall].
"""

from __future__ import annotations

import copy
import math
from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from bandits.arguments import integer, positive, real
from bandits.arms.theory import OBLIVIOUS, holds
from bandits.contextual.features import MOST_FEATURES, chebyshev_features
from bandits.contextual.policy import ContextualPolicy
from bandits.contextual.problem import ContextualProblem, one_context
from bandits.contextual.theory import ContextualInstance
from bandits.contract import Array, Assumption, Bound, Instance
from bandits.registry import Component, Registry


def inverse_gap_probs(scores: ArrayLike, eta: float) -> Array:
    """The inverse-gap distribution [n_actions] for predicted losses.

    Args:
        scores: [n_actions] predicted losses, finite; the best is the smallest, the first of equals.
        eta: learning rate, >= 0; 0 gives the uniform distribution.

    Raises:
        ValueError: an argument out of its domain.
    """
    s = np.asarray(scores, dtype=np.float64)
    if s.ndim != 1 or s.size < 1 or not np.all(np.isfinite(s)):
        raise ValueError(f"scores must be a non-empty list of finite numbers, got {scores!r}")
    rate = real("eta", eta, 0.0, math.inf, closed="low")
    best = int(np.argmin(s))
    p = 1.0 / (s.size + rate * (s - s[best]))
    p[best] = 0.0
    p[best] = 1.0 - np.sum(p)
    return np.asarray(p)


class Oracle(ABC):
    """An online regression oracle: predicts the loss of each action, and learns from the one that was played."""

    @abstractmethod
    def reset(self, n_actions: int, intervals: Array) -> None:
        """Forget everything; ``intervals`` [n_coordinates, 2] are the ends of the contexts' intervals."""

    @abstractmethod
    def predict(self, context: Array) -> Array:
        """Predicted losses [n_actions] in ``context`` [n_coordinates]."""

    @abstractmethod
    def update(self, context: Array, action: int, loss: float) -> None:
        """Take in the loss of ``action`` in ``context``."""

    @abstractmethod
    def regret(self, rounds: Array) -> Array:
        """The order of its squared-error regret after ``rounds`` rounds, for losses in [0, 1]."""


class RidgeOracle(Oracle):
    """Ridge regression on Chebyshev features, one model for each action.

    Args:
        n_features: features of one coordinate, >= 1.
        ridge: weight of the squared norm of the coefficients, > 0.
    """

    def __init__(self, n_features: int = 6, ridge: float = 1.0) -> None:
        self.n_features, self.ridge = integer("n_features", n_features, most=MOST_FEATURES), positive("ridge", ridge)

    def reset(self, n_actions: int, intervals: Array) -> None:
        self._intervals = intervals
        n = 1 + len(intervals) * (self.n_features - 1)
        self._inverse = np.tile(np.eye(n) / self.ridge, (n_actions, 1, 1))
        self._theta = np.zeros((n_actions, n))

    def predict(self, context: Array) -> Array:
        return np.asarray(self._theta @ chebyshev_features(context[None], self._intervals, self.n_features)[0])

    def update(self, context: Array, action: int, loss: float) -> None:
        row = chebyshev_features(context[None], self._intervals, self.n_features)[0]
        gain = self._inverse[action] @ row
        gain /= 1.0 + row @ gain
        self._theta[action] += gain * (loss - row @ self._theta[action])
        self._inverse[action] -= np.outer(gain, row @ self._inverse[action])

    def regret(self, rounds: Array) -> Array:
        return np.asarray(self._theta.size * np.log(1.0 + rounds))


ORACLES = Registry("oracle", {"ridge": RidgeOracle})


class SquareCB(ContextualPolicy):
    """SquareCB of Foster and Rakhlin (2020) with an oracle of one's own.

    Args:
        oracle: the regression oracle: "ridge" (``RidgeOracle``), also as ``{"name": ..., "parameters": {...}}``, or an
            ``Oracle``, of which a copy learns.
        eta: learning rate, > 0. Default: ``sqrt(d t / R_t)`` in round t, ``R_t`` the order of the oracle's regret.
        scale: unit of the losses, > 0 in reward units, that bounds them. Default: the mean of the losses so far, of
            which no theorem speaks.
        interval: see ``ContextualPolicy``.
    """

    def __init__(
        self,
        oracle: Component = "ridge",
        eta: float | None = None,
        scale: float | None = None,
        interval: Sequence[float] | None = None,
    ) -> None:
        super().__init__(interval)
        self.oracle, self._untaught = oracle, ORACLES.build(oracle, "oracle", of=Oracle)
        self.eta = None if eta is None else positive("eta", eta)
        self.scale = None if scale is None else positive("scale", scale)

    def begin(self, problem: ContextualProblem, intervals: Array) -> None:
        self._t, self._total = 1, 0.0
        self._oracle: Oracle = copy.deepcopy(self._untaught)
        self._oracle.reset(problem.n_actions, intervals)

    def decide(self, context: Array) -> int:
        edges = np.cumsum(self._law(context))
        return min(int(np.searchsorted(edges, self._rng.random(), side="right")), edges.size - 1)

    def probabilities(self, observation: Any) -> Array:
        return self._law(self.checked(one_context(observation))[0])

    def _law(self, context: Array) -> Array:
        scores = self._oracle.predict(context)
        eta = self.eta or math.sqrt(scores.size * self._t / float(self._oracle.regret(np.array(float(self._t)))))
        # The oracle sees losses as they are: a unit that changes would change what it has learned.
        unit = self.scale or self._total / max(self._t - 1, 1)
        return inverse_gap_probs(scores, eta / unit if unit > 0.0 else 0.0)

    def estimates(self, observation: Any) -> Array:
        """The mean rewards [n_actions] that the oracle predicts in the context ``observation``; changes nothing.

        Raises:
            ValueError: as ``choose``.
        """
        return np.asarray(self._high - self._oracle.predict(self.checked(one_context(observation))[0]))

    def learn(self, context: Array, action: int, loss: float) -> None:
        self._t += 1
        self._total += loss
        self._oracle.update(context, action, loss)

    def regret_bounds(self, problem: ContextualProblem, instance: Instance) -> Sequence[Bound]:
        """Theorem 1 as an order, ``4 K sqrt(d t R_t)``; only where it is known whether losses are in the models."""
        if not isinstance(instance, ContextualInstance) or instance.realizable is None:
            return ()
        if not problem.bounded and self.scale is None:
            return ()
        unit, d = self.scale or problem.high - problem.low, problem.n_actions
        oracle: Oracle = copy.deepcopy(self._untaught)
        oracle.reset(d, self._intervals_of(problem))
        return (
            Bound(
                "SquareCB rate",
                "order",
                lambda t: 4.0 * unit * np.sqrt(d * t * oracle.regret(t)),
                "dynamic",
                "Foster and Rakhlin 2020, Theorem 1 (leading term) [recall]",
                "convention",
                (
                    *holds(instance, OBLIVIOUS),
                    Assumption("expected losses are among the oracle's models", instance.realizable),
                    Assumption("the losses' scale is known", self.scale is not None),
                ),
            ),
        )
