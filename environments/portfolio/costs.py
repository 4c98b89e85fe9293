"""What trading costs, and what a run's portfolios earn: the arithmetic of every market, for plays and for comparators.

Before a round the portfolio held has drifted to weights ``a``. To hold ``b`` instead, wealth is cut by the factor N
that solves ``N + c sum_i |N b[i] - a[i]| = 1``: both sides of a trade are charged, and the fee is paid out of wealth
(derived; other people's models differ). The left side is convex and increasing in N and linear between the breakpoints
``a[i] / b[i]``, so that Newton's method from N = 1 arrives at the root in at most ``n_assets + 1`` steps.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from bandits.contract import Array
from bandits.kernels import inlined, kernel
from bandits.portfolio.problem import FLOOR, SLACK

COST_MODELS = ("exact", "linear")

LOST = -1e6
"""Logarithm of the wealth of an asset that has been worth nothing."""


@inlined
def _kept(b: Array, a: Array, cost: float, linear: bool) -> float:
    """The factor of wealth that is kept in trading from weights a to b."""
    share, before = 1.0, 2.0
    while share < before:
        traded, slope = 0.0, 1.0
        for i in range(b.size):
            gap = share * b[i] - a[i]
            traded += abs(gap)
            slope += cost * b[i] if gap > 0.0 else -cost * b[i]
        if linear:
            return max(1.0 - cost * traded, FLOOR)
        before = share
        share -= max(share + cost * traded - 1.0, 0.0) / slope
    return share


@kernel
def account(
    rows: Array, scales: Array, portfolios: Array, held: Array, start: int, cost: float, linear: bool, totals: Array
) -> int:
    """Fill in what portfolios earn; how many rounds it went, which is all of them unless one is no portfolio.

    Args:
        rows: [n, n_assets] relatives divided by their maximum of the round.
        scales: [n] logarithms of those maxima.
        portfolios: [n, n_assets]; entries below 0 by rounding are taken as 0, and sums are made 1.
        held: [n_assets] weights to which what was held has drifted; changed to those after the last round.
        start: rounds before; the first purchase is free.
        cost: share of a trade.
        linear: whether costs are ``c sum |b - a|``.
        totals: [n + 1, 5], of which the first row is given: cumulative reward, turnover, costs, rounds in which the
            learner was ruined; and the reward of the round.
    """
    n_assets = rows.shape[1]
    b = np.empty(n_assets)
    for s in range(rows.shape[0]):
        legal, total, positive = True, 0.0, 0.0
        for i in range(n_assets):
            b[i] = max(portfolios[s, i], 0.0)
            legal = legal and portfolios[s, i] >= -SLACK
            total += portfolios[s, i]
            positive += b[i]
        if not (legal and abs(total - 1.0) <= SLACK):
            return s
        paid, turnover = 0.0, 0.0
        for i in range(n_assets):
            b[i] /= positive
            paid += b[i] * rows[s, i]
            turnover += abs(b[i] - held[i])
        kept = 1.0
        if start + s == 0:
            turnover = 0.0
        elif cost > 0.0:
            kept = _kept(b, held, cost, linear)
        fee = np.log(kept)
        totals[s + 1, 4] = reward = np.log(max(paid, FLOOR)) + fee + scales[s]
        totals[s + 1, 0] = totals[s, 0] + reward
        totals[s + 1, 1] = totals[s, 1] + turnover
        totals[s + 1, 2] = totals[s, 2] - fee
        totals[s + 1, 3] = totals[s, 3] + (1.0 if paid < FLOOR else 0.0)
        for i in range(n_assets):  # after ruin what is left stays as it is
            held[i] = b[i] * rows[s, i] / paid if paid > 0.0 else b[i]
    return len(rows)


@kernel
def net_wealth(rows: Array, mixes: Array, cost: float, linear: bool, times: NDArray[np.int64], wealth: Array) -> None:
    """Fill in the wealth [n_mixes, n_times], in logarithms, of constant mixes net of their own costs.

    Args:
        rows: [n, n_assets] relatives divided by their maximum of the round.
        mixes: [n_mixes, n_assets].
        cost: share of a trade.
        linear: whether costs are ``c sum |b - a|``.
        times: [n_times] not falling, in 1..n.
        wealth: to be filled; -inf for a mix that has been worth nothing.
    """
    held = np.empty(rows.shape[1])
    for m in range(mixes.shape[0]):
        b, total, t = mixes[m], 0.0, 0
        for c in range(times.size):
            while t < times[c]:
                kept = _kept(b, held, cost, linear) if t > 0 and cost > 0.0 else 1.0
                paid = 0.0
                for i in range(b.size):
                    paid += b[i] * rows[t, i]
                for i in range(b.size):
                    held[i] = b[i] * rows[t, i] / paid if paid > 0.0 else b[i]
                total += np.log(kept * paid)
                t += 1
            wealth[m, c] = total
