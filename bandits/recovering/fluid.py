"""The fluid upper bound: how often and how long rested arms would be pulled if schedules never collided (derived).

With ``y_{i,d}`` the pulls a period of arm ``i`` at idle time ``d``,

    UB = max sum R_i(d) y_{i,d}   subject to   sum_d d y_{i,d} <= 1 for each arm,   sum_{i,d} y_{i,d} <= K.

Over T periods from the cold state the idle times of an arm add up to at most T, so that no policy earns more than
``T UB`` in expectation. Equivalently ``UB = max sum_i F_i(x_i)``, ``sum x_i <= K``, where ``F_i`` is the smallest
nondecreasing concave function with ``F_i(0) = 0`` and ``F_i(1/d) >= R_i(d) / d``. Its pieces are filled in the order of
falling slope; at most one arm is left inside a piece.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from bandits.contract import Array
from bandits.kernels import kernel

FULL = 1e-12
"""A piece within this of what is left of the capacity is filled whole."""
COLLINEAR = 1e-15


class Pieces(NamedTuple):
    """Linear pieces of all ``F_i``, by falling slope, those of an arm in their order.

    Attributes:
        arms: [n] arm of a piece.
        slopes: [n] reward per pull.
        longer: [n] period at its left end, 0 where it starts at "never".
        shorter: [n] period at its right end.
    """

    arms: NDArray[np.int64]
    slopes: Array
    longer: NDArray[np.int64]
    shorter: NDArray[np.int64]


class Fluid(NamedTuple):
    """A solution of the fluid problem.

    Attributes:
        value: the bound, in reward a period.
        periods: [n_arms] period ``1 / x_i``, 0 for never; for the fractional arm that at the left end of its piece.
        fractional: the arm strictly inside a piece, or -1.
        shorter: the period at the right end of that piece, or 0.
        share: how far into the piece the arm is, in (0, 1), or 0.
    """

    value: float
    periods: NDArray[np.int64]
    fractional: int
    shorter: int
    share: float

    @property
    def frequency(self) -> float:
        """``x_f`` of the fractional arm, 0 where there is none."""
        if self.fractional < 0:
            return 0.0
        low = 1.0 / self.periods[self.fractional] if self.periods[self.fractional] else 0.0
        return float(low + self.share * (1.0 / self.shorter - low))


@kernel
def _hulls(
    curves: Array, arms: NDArray[np.int64], slopes: Array, longer: NDArray[np.int64], shorter: NDArray[np.int64]
) -> int:
    """Pieces of all arms' upper hulls of (0, 0) and (1/d, R(d)/d), cut at their maxima; returns their number."""
    n_arms, longest = curves.shape
    stack = np.empty(longest + 1, dtype=np.int64)  # periods of the hull's vertices, 0 for the origin
    n = 0
    for i in range(n_arms):
        stack[0], top = 0, 1
        for d in range(longest, 0, -1):
            x, y = 1.0 / d, curves[i, d - 1] / d
            while top >= 2:
                b, a = stack[top - 1], stack[top - 2]
                bx, by = 1.0 / b, curves[i, b - 1] / b
                ax = 1.0 / a if a > 0 else 0.0
                ay = curves[i, a - 1] / a if a > 0 else 0.0
                if (by - ay) * (x - ax) - (y - ay) * (bx - ax) > COLLINEAR:
                    break
                top -= 1
            stack[top] = d
            top += 1
        previous = np.inf
        for j in range(1, top):
            a, b = stack[j - 1], stack[j]
            ax = 1.0 / a if a > 0 else 0.0
            ay = curves[i, a - 1] / a if a > 0 else 0.0
            slope = (curves[i, b - 1] / b - ay) / (1.0 / b - ax)
            if slope <= 0.0:
                break
            # Rounding can invert two nearly equal slopes of an arm; sorted, the later piece would come first.
            previous = min(previous, slope)
            arms[n], slopes[n], longer[n], shorter[n] = i, previous, a, b
            n += 1
    return n


def pieces_of(curves: Array) -> Pieces:
    """All pieces for curves [n_arms, longest] of mean rewards at idle times 1, 2, ..., nondecreasing along a row."""
    curves = np.ascontiguousarray(curves, dtype=np.float64)
    arms, longer, shorter = (np.empty(curves.size, dtype=np.int64) for _ in range(3))
    slopes = np.empty(curves.size)
    n = _hulls(curves, arms, slopes, longer, shorter)
    order = np.argsort(-slopes[:n], kind="stable")  # ties: smaller arm, then smaller position
    return Pieces(arms[order], slopes[order], longer[order], shorter[order])


def fill(pieces: Pieces, n_arms: int, capacity: float) -> Fluid:
    """The fluid solution for ``capacity`` pulls a period, from pieces worked out once for all capacities."""
    left = np.where(pieces.longer > 0, 1.0 / np.maximum(pieces.longer, 1), 0.0)
    widths = 1.0 / pieces.shorter - left
    before = np.concatenate([[0.0], np.cumsum(widths)[:-1]])
    full = widths <= capacity - before + FULL
    n = len(full) if full.all() else int(np.argmin(full))
    periods = np.zeros(n_arms, dtype=np.int64)
    periods[pieces.arms[:n]] = pieces.shorter[:n]  # the last piece of an arm holds
    value = float(widths[:n] @ pieces.slopes[:n])
    if n == len(full) or (rest := capacity - before[n]) <= FULL:
        return Fluid(value, periods, -1, 0, 0.0)
    share = float(rest / widths[n])
    return Fluid(value + float(rest * pieces.slopes[n]), periods, int(pieces.arms[n]), int(pieces.shorter[n]), share)


def fluid(curves: Array, plays: int) -> Fluid:
    """The fluid bound for curves [n_arms, longest], nondecreasing along a row, and ``plays`` pulls a period."""
    return fill(pieces_of(curves), len(curves), float(plays))
