"""Tallies and the losses that hang on them; which tallies can be attained, and what is the least loss at any.

Tally of action ``x`` in round ``t`` when it is played: ``y = sum_s w_x[s] 1[a_{t-s} = x]``, ``s = 0..m-1``, the current
play among them; rounds before the first count nothing. Its mean loss is ``h_x(y)``.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from bandits.contract import Array
from bandits.frozen import read_only
from environments.tallying.losses import Loss

ALL_TALLIES = 4096
"""Up to so many attainable tallies all losses are checked; above, on a grid."""
MOST_TALLIES = 1 << 20
SAME = 1e-12


class TooManyTalliesError(ValueError):
    """The attainable tallies are too many to list."""


def attainable_tallies(weights: Array, limit: int = MOST_TALLIES) -> Array:
    """All tallies that an action can have when played, ascending: ``w[0]`` plus any sum of later weights.

    Args:
        weights: [memory] weights of the action.
        limit: largest number listed.

    Raises:
        TooManyTalliesError: there are more than ``limit``.
    """
    tallies = weights[:1]
    for weight in weights[1:]:
        if weight == 0.0:
            continue
        merged = np.sort(np.concatenate([tallies, tallies + weight]))
        tallies = merged[np.concatenate([[True], np.diff(merged) > SAME])]
        if tallies.size > limit:
            raise TooManyTalliesError(f"{len(weights)} weights have more than {limit} attainable tallies, the limit")
    return tallies


@dataclass(frozen=True)
class Certificate:
    """Whether repeated exposure optimality holds pointwise: some ``h_x(W_x)`` is the least of all losses (derived).

    Attributes:
        holds: whether it does.
        actions: the actions that attest it (empty where it fails).
        minimum: the least loss of any action at any attainable tally.
    """

    holds: bool
    actions: tuple[int, ...]
    minimum: float


@dataclass(frozen=True, eq=False)
class Tallies:
    """Weights [n_actions, memory] and a loss for each action; several environments may have one and the same.

    Raises:
        ValueError: a loss outside [0, 1] at an attainable tally.
    """

    weights: Array
    losses: tuple[Loss, ...]

    def __post_init__(self) -> None:
        probes: dict[bytes, list[float]] = {}
        for x in range(self.n_actions):
            weights = self.weights[x].tobytes()
            if weights not in probes:
                probes[weights] = self._probes(x).tolist()
            for tally in probes[weights]:
                loss = self.losses[x](tally)
                if not 0.0 <= loss <= 1.0:
                    raise ValueError(f"losses must lie in [0, 1], got {loss} for action {x} at tally {tally:g}")

    @property
    def n_actions(self) -> int:
        """Number of actions."""
        return len(self.losses)

    @property
    def memory(self) -> int:
        """Number of plays that count, m."""
        return int(self.weights.shape[1])

    @cached_property
    def repeated(self) -> Array:
        """Tallies [n_actions, memory] of an action's first, second, ... play in a row from an empty history.

        The last column is the tally under endless repetition, ``W_x``. Sums run from the current play backwards, as
        everywhere, so that equal histories have bitwise equal tallies.
        """
        return read_only(np.cumsum(self.weights, axis=1))

    @cached_property
    def counted(self) -> Array:
        """Losses [n_actions, memory] by the number of an action's plays less one, where all weights of it are equal.

        NaN where they are not, but for as many plays as count, which is endless repetition.
        """
        losses = np.full(self.weights.shape, np.nan)
        losses[:, -1] = self.steady
        for x in np.flatnonzero(np.all(self.weights == self.weights[:, :1], axis=1)).tolist():
            losses[x] = [self.losses[x](tally) for tally in self.repeated[x].tolist()]
        return read_only(losses)

    @cached_property
    def even(self) -> bool:
        """Whether all losses go by the number of plays."""
        return not np.isnan(self.counted).any()

    @cached_property
    def no_plays(self) -> NDArray[np.int64]:
        """What ``environments.tallying.window`` keeps of the latest plays, before the first."""
        plays = np.zeros(self.memory + self.n_actions + 2, dtype=np.int64)
        plays[1 : self.memory + 1], plays[-1] = self.n_actions, self.memory
        return read_only(plays)

    @cached_property
    def steady(self) -> Array:
        """Mean losses [n_actions] under endless repetition, ``mu_x = h_x(W_x)``."""
        return read_only(np.array([loss(float(w)) for loss, w in zip(self.losses, self.repeated[:, -1], strict=True)]))

    @cached_property
    def largest(self) -> float:
        """Largest loss at the tallies looked at (all attainable ones where they are few or the loss is monotone)."""
        return max(self.losses[x](float(y)) for x in range(self.n_actions) for y in self._probes(x))

    @cached_property
    def extremes(self) -> tuple[float, float]:
        """The least and the largest loss at any attainable tally; 0 and 1 where those are too many to list."""
        try:
            seen = [
                loss(float(y))
                for x, loss in enumerate(self.losses)
                for y in (self._ends(x) if loss.monotone else attainable_tallies(self.weights[x], ALL_TALLIES))
            ]
        except TooManyTalliesError:
            return 0.0, 1.0
        return min(seen), max(seen)

    @cached_property
    def pointwise(self) -> Certificate:
        """Certificate of pointwise repeated exposure optimality.

        Raises:
            TooManyTalliesError: an action whose loss is not monotone has too many attainable tallies.
        """
        minimum = min(
            self.losses[x](float(y))
            for x in range(self.n_actions)
            for y in (self._ends(x) if self.losses[x].monotone else attainable_tallies(self.weights[x]))
        )
        actions = tuple(int(x) for x in np.flatnonzero(self.steady <= minimum + SAME))
        return Certificate(bool(actions), actions, minimum)

    def constant_costs(self, action: int, horizon: int) -> Array:
        """Cumulative mean loss [horizon] of playing ``action`` in every round, from an empty history."""
        first = [self.losses[action](float(y)) for y in self.repeated[action, :horizon]]
        rest = max(horizon - len(first), 0)
        return np.cumsum(np.concatenate([first, np.full(rest, self.steady[action])]))

    def _ends(self, x: int) -> Array:
        return np.array([self.weights[x, 0], self.repeated[x, -1]])

    def _probes(self, x: int) -> Array:
        try:
            return attainable_tallies(self.weights[x], ALL_TALLIES)
        except TooManyTalliesError:
            low, high = self._ends(x)
            return np.linspace(low, high, 257)
