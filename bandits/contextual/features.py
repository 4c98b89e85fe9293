"""Chebyshev features of contexts, and the block driver of the compiled policies on them.

For a coordinate ``c`` of the context in ``[low, high]`` the features are ``P_j(x)``, ``x = 2 (c - low) / (high - low) -
1``, with ``P_j(x) = cos(j arccos x)`` by the recurrence ``P_{j+1} = 2 x P_j - P_{j-1}``. Several coordinates share the
constant ``P_0 = 1`` and have their own ``P_1, P_2, ...``.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from typing import Any, final

import numpy as np

from bandits.arguments import integer
from bandits.arms.policy import look_at
from bandits.arms.problem import Actions, Block
from bandits.contextual.policy import ContextualPolicy
from bandits.contextual.problem import ContextBlocks, ContextualProblem, one_context
from bandits.contract import Array, Playable
from bandits.kernels import kernel
from bandits.offers import offers


@kernel
def _chebyshev(contexts: Array, intervals: Array, degrees: int, features: Array) -> None:
    for t in range(contexts.shape[0]):
        features[t, 0] = 1.0
        for k in range(contexts.shape[1]):
            low, high = intervals[k]
            x = min(max(2.0 * (contexts[t, k] - low) / (high - low) - 1.0, -1.0), 1.0)
            before, value = 1.0, x
            for j in range(degrees):
                features[t, 1 + k * degrees + j] = value
                before, value = value, 2.0 * x * value - before


def chebyshev_features(contexts: Array, intervals: Array, n_features: int) -> Array:
    """Features [n_rounds, 1 + n_coordinates (n_features - 1)] of contexts.

    Args:
        contexts: [n_rounds, n_coordinates]; what rounding puts outside the interval is clipped.
        intervals: [n_coordinates, 2] ends of the interval of each coordinate.
        n_features: features of one coordinate, the degrees 0 to n_features - 1; >= 1.
    """
    features = np.empty((len(contexts), 1 + len(intervals) * (n_features - 1)))
    _chebyshev(np.ascontiguousarray(contexts, dtype=np.float64), intervals, n_features - 1, features)
    return features


MOST_FEATURES = 1000
"""Most features of a coordinate: each action has a matrix of them."""


class FeaturePolicy(ContextualPolicy):
    """A compiled policy on the Chebyshev features of the context.

    Args:
        n_features: features of one coordinate, >= 1.
        interval: see ``ContextualPolicy``.
    """

    def __init__(self, n_features: int = 6, interval: Sequence[float] | None = None) -> None:
        super().__init__(interval)
        self.n_features = integer("n_features", n_features, most=MOST_FEATURES)

    @abstractmethod
    def start(self, problem: ContextualProblem, n_features: int) -> None:
        """Forget everything; ``n_features`` is that of all coordinates together."""

    @abstractmethod
    def pick(self, row: Array) -> int:
        """The action where the features are ``row`` [n_features]."""

    @abstractmethod
    def take(self, row: Array, action: int, loss: float) -> None:
        """Learn from a loss where the features are ``row`` [n_features]."""

    @abstractmethod
    def play(self, block: Block, features: Array, actions: Actions) -> None:
        """Play ``len(actions)`` rounds with ``features`` [n_rounds, n_features], as ``ArmsPolicy.play``."""

    @final
    def begin(self, problem: ContextualProblem, intervals: Array) -> None:
        self.start(problem, 1 + len(intervals) * (self.n_features - 1))

    @final
    def features_of(self, observation: Any) -> Array:
        """The features [n_features] of an observation, checked as in ``choose``."""
        rows = chebyshev_features(self.checked(one_context(observation)), self._intervals, self.n_features)
        return np.asarray(rows[0])

    @final
    def decide(self, context: Array) -> int:
        return self.pick(chebyshev_features(context[None], self._intervals, self.n_features)[0])

    @final
    def learn(self, context: Array, action: int, loss: float) -> None:
        self.take(chebyshev_features(context[None], self._intervals, self.n_features)[0], action, loss)

    @final
    def leap(self, environment: Playable[Any, int, float], most: int) -> int:
        if not offers(environment, ContextBlocks):
            return 0
        block = environment.block(most)
        actions = np.empty(len(block.noise), dtype=np.int64)
        contexts = self.checked(environment.contexts(actions.size))
        self.play(block, chebyshev_features(contexts, self._intervals, self.n_features), actions)
        environment.absorb(actions)
        look_at(self, block, actions)
        return len(actions)
