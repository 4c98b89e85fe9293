"""What learners of portfolios are told, what they see and answer, and how blocks of rounds are handed to them.

A round: the learner chooses a portfolio ``b`` [n_assets], with entries >= 0 that sum to 1; then the price relatives
``x`` [n_assets] are revealed, price at the end of the round over price at its start, and wealth is multiplied by
``<b, x>``. The reward is the natural logarithm of that factor (with costs, of what is kept of it): all series are in
logarithms of wealth, and wealth starts at 1. The market does not react.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from bandits.arguments import floats, integer, real, shown
from bandits.contract import Array, Problem
from bandits.kernels import inlined

FLOOR = 1e-12
"""Share of a round's largest relative below which a wealth factor is not let fall: there the learner is ruined."""

SLACK = 1e-9
"""By how much a portfolio's entries may be below 0, and their sum off 1."""


@dataclass(frozen=True, kw_only=True)
class PortfolioProblem(Problem):
    """Portfolios of some assets. There is nothing to observe; the feedback is a round's price relatives.

    An action is a portfolio [n_assets]; the feedback are the relatives [n_assets], not their logarithms and no rewards.
    ``low`` and ``high`` are of the logarithm of a round's factor, -inf and inf where that is not bounded.

    Attributes:
        n_assets: number of assets, or of whatever is held, >= 1.
        trading_cost: c in [0, 1), the share of each trade, sold or bought, that it costs.

    Raises:
        ValueError: one is out of its domain, or what ``Problem`` refuses.

    Example:
        >>> from bandits.portfolio.problem import PortfolioProblem
        >>> problem = PortfolioProblem(n_assets=2, horizon=100)
        >>> problem.checked_feedback([1, 2])
        array([1., 2.])
    """

    low: float = -np.inf
    high: float = np.inf
    n_assets: int
    trading_cost: float = 0.0
    reveals_rewards = True
    feedback_is_reward = False
    telling = "relatives that pay some portfolio a reward of {}"

    def __post_init__(self) -> None:
        super().__post_init__()
        integer("n_assets", self.n_assets)
        real("trading_cost", self.trading_cost, 0.0, 1.0, closed="low")

    def checked_feedback(self, feedback: Any) -> Array:
        """The relatives [n_assets] of a round, as floats.

        Raises:
            ValueError: another shape, an entry that is negative or not finite, or zeros alone; the message names it.
        """
        given = floats("relatives must be numbers >= 0", feedback)
        if given.shape == (self.n_assets,) and given.min() >= 0.0 and 0.0 < given.max() < np.inf:  # as nearly always
            return given
        found: Array = checked_relatives("relatives", given[None], self.n_assets)[0]
        return found

    def revealed(self, feedback: Any) -> tuple[float, float]:
        """The rewards of the worst and of the best asset, free of costs."""
        relatives = self.checked_feedback(feedback)
        most = float(relatives.max())
        return math.log(max(float(relatives.min()) / most, FLOOR)) + math.log(most), math.log(most)


class RelativeBlocks(Protocol):
    """An environment that hands out blocks of rounds and accounts for the portfolios held in them."""

    clock: int

    def block(self, most: int) -> Array:
        """Relatives [n, n_assets] of the next rounds, 1 <= n <= most: a copy, C-contiguous, that may be written to."""

    def absorb(self, portfolios: Array) -> None:
        """Account for the portfolios [n, n_assets] held in the next ``n`` rounds."""


def checked_relatives(name: str, values: Any, n_assets: int | None = None) -> Array:
    """Relatives [n_rounds, n_assets], as floats, C-contiguous.

    Args:
        name: what they are, for the message.
        values: nested lists or an array, a row a round.
        n_assets: number of columns; None for any above 0.

    Raises:
        ValueError: no table of at least one row and column, a relative that is negative or not finite, or a round in
            which all are 0; the message gives round and asset, from 0.
    """
    found = floats(f"{name} must be rows of numbers >= 0, a row a round, all of one length", values)
    if found.ndim != 2 or found.size == 0 or found.shape[1] != (n_assets or found.shape[1]):
        wanted = "n" if n_assets is None else n_assets
        raise ValueError(f"{name} must be rows of {wanted} numbers, one an asset, got {shown(values)}")
    if not (found >= 0.0).all() or not (found < np.inf).all():
        row, column = np.argwhere(~((found >= 0.0) & (found < np.inf)))[0]
        where = f"round {row}, asset {column}" if len(found) > 1 else f"asset {column}"
        raise ValueError(f"{name} must be finite numbers >= 0, got {float(found[row, column])} at {where}")
    if not found.any(axis=1).all():
        row = int(np.argmin(found.any(axis=1)))
        where = f" at round {row}" if len(found) > 1 else ""
        raise ValueError(f"{name} must have an entry above 0 in each round, got zeros alone{where}")
    return np.ascontiguousarray(found)


def checked_portfolio(name: str, weights: Any, n_assets: int) -> Array:
    """A portfolio [n_assets], as new floats: no entry below 0, the sum 1 up to rounding.

    Args:
        name: what it is, for the message.
        weights: entries >= -1e-9 whose sum differs from 1 by at most 1e-9.
        n_assets: number of entries.

    Raises:
        ValueError: no such weights.
    """
    domain = f"{name} must be {n_assets} finite weights >= 0 with sum 1"
    found = floats(domain, weights)
    legal = found.shape == (n_assets,) and bool((found >= -SLACK).all()) and abs(float(found.sum()) - 1.0) <= SLACK
    if not legal:
        raise ValueError(f"{domain}, got {shown(found.tolist())}")
    kept = np.maximum(found, 0.0)
    return np.asarray(kept / kept.sum())


def scaled(relatives: Array) -> Array:
    """Relatives [n, n_assets] with each round's divided by their maximum: a new array, bit for bit row by row."""
    return np.asarray(relatives / np.ascontiguousarray(relatives.T).max(axis=0)[:, None])


def extremes(relatives: Array) -> tuple[Array, Array]:
    """The rewards [n] of the worst and of the best asset in each round of [n, n_assets], floored as those of ruin."""
    columns = np.ascontiguousarray(relatives.T)  # along which numpy is quick
    most = columns.max(axis=0)
    high = np.log(most)
    return np.asarray(np.log(np.maximum(columns.min(axis=0) / most, FLOOR)) + high), np.asarray(high)


@inlined
def factor(b: Array, x: Array) -> float:
    """The factor ``<b, x>`` of relatives with maximum 1, at least ``FLOOR``: for kernels of the family."""
    total = 0.0
    for i in range(b.size):
        total += b[i] * x[i]
    return max(total, FLOOR)
