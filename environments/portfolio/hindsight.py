"""What was best on the relatives of a run: comparators at any times, each worked out once."""

from __future__ import annotations

import itertools
from functools import cached_property, lru_cache

import numpy as np
from numpy.typing import NDArray

from bandits.contract import Array
from bandits.portfolio.best_mix import Mix, best_mix
from bandits.portfolio.problem import extremes, scaled
from environments.portfolio.costs import LOST, net_wealth

STEPS = 20
"""Steps of the lattice along an edge of the simplex."""

MOST_ON_LATTICE = 4
"""Assets up to which the lattice is gone through."""

REMEMBERED = 1 << 16
"""Relatives of a run, up to which what was best in it is kept for another run on the same tape."""


class Hindsight:
    """A run's relatives, and what they make best.

    Args:
        relatives: [n_rounds, n_assets], checked.
        cost: share of a trade.
        linear: whether costs are those of the linear model.

    Attributes:
        rows: [n_rounds, n_assets] divided by their maximum of the round.
        scales: [n_rounds] logarithms of those maxima.
        mix_gap: the largest certified gap of a best mix that was asked for, in nats.
    """

    def __init__(self, relatives: Array, cost: float, linear: bool) -> None:
        self.relatives, self.cost, self.linear = relatives, cost, linear
        self.rows, self.scales = scaled(relatives), np.log(relatives.max(axis=1))
        self._columns, self.mix_gap = np.ascontiguousarray(self.rows.T), 0.0
        self._mixes: dict[int, Mix] = {}
        self._market = np.append(0.0, np.cumsum(self.scales))

    @cached_property
    def held(self) -> Array:
        """Logarithms [n_rounds, n_assets] of the wealth of each asset, relative to the market; -inf of one lost."""
        with np.errstate(divide="ignore"):
            return np.cumsum(np.log(self.relatives) - self.scales[:, None], axis=0)  # a ratio may be no double

    @cached_property
    def ratio(self) -> float:
        """The largest ratio of two relatives of a round."""
        least = float(self.rows.min())
        return 1.0 / least if least > 0.0 else np.inf

    def best_asset(self, times: NDArray[np.int64]) -> Array:
        """Of the best asset held, ``LOST`` where all are lost, [n_times]."""
        best = self.held[times - 1].max(axis=1)
        return np.where(best > -np.inf, best + self._market[times], LOST)

    def worst(self, times: NDArray[np.int64]) -> Array:
        """Of the worst asset in each round, [n_times]."""
        return np.asarray(np.cumsum(extremes(self.relatives)[0])[times - 1])

    def mix(self, time: int) -> Mix:
        """The best mix of the first ``time`` rounds, and its value relative to the market."""
        if time not in self._mixes:  # from the uniform mix, so that no bit depends on what else was asked
            self._mixes[time] = found = best_mix(self._columns[:, :time])
            self.mix_gap = max(self.mix_gap, found.gap)
        return self._mixes[time]

    def best_mix(self, times: NDArray[np.int64]) -> Array:
        """Of the best mix of the rounds by each time, free of costs, [n_times]."""
        return np.array([self.mix(int(time)).value + self._market[time] for time in times])

    def uniform_mix(self, times: NDArray[np.int64]) -> Array:
        """Of equal shares, net of their costs, [n_times]."""
        n = self.rows.shape[1]
        return np.asarray(self.net(np.full((1, n), 1.0 / n), times)[0])

    @property
    def lattice(self) -> Array:
        """Mixes [n_mixes, n_assets] whose weights are multiples of 1 / ``STEPS``."""
        cuts = np.array(list(itertools.combinations(range(STEPS + self.rows.shape[1] - 1), self.rows.shape[1] - 1)))
        ends = np.column_stack([np.full(len(cuts), -1), cuts, np.full(len(cuts), STEPS + self.rows.shape[1] - 1)])
        return np.ascontiguousarray((np.diff(ends, axis=1) - 1) / STEPS)

    def best_on_lattice(self, times: NDArray[np.int64]) -> Array:
        """Of the best mix of the lattice, net of its own costs, [n_times]."""
        return np.asarray(np.maximum(self.net(self.lattice, times).max(axis=0), LOST))

    def net(self, mixes: Array, times: NDArray[np.int64]) -> Array:
        """Of constant mixes [n_mixes, n_assets], net of their own costs, [n_mixes, n_times]; -inf of one lost."""
        wealth = np.empty((len(mixes), len(times)))
        chosen, ends = np.array(mixes, dtype=np.float64, order="C"), np.array(times, dtype=np.int64)
        net_wealth(self.rows, chosen, self.cost, self.linear, ends, wealth)
        return np.asarray(wealth + self._market[times])


def hindsight(relatives: Array, cost: float, linear: bool) -> Hindsight:
    """The ``Hindsight`` of these relatives, which writes to none: for the same ones the same again, where it is kept.

    All policies of an experiment play the same tapes.
    """
    if relatives.size > REMEMBERED:
        return Hindsight(relatives, cost, linear)
    return _remembered(relatives.tobytes(), relatives.shape, cost, linear)


@lru_cache(maxsize=32)
def _remembered(data: bytes, shape: tuple[int, ...], cost: float, linear: bool) -> Hindsight:
    return Hindsight(np.frombuffer(data).reshape(shape).copy(), cost, linear)
