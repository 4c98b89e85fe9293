"""The asymptotic lower bound on a fixed set with one best action, and the allocation that attains it.

With Gaussian noise, for every consistent policy ``liminf regret / ln t >= c*``, where

    c* = inf { sum alpha(a) gap(a) : |a|^2 in the inverse of H(alpha) <= gap(a)^2 / (2 sigma^2) for suboptimal a },

``H(alpha) = sum alpha(a) a a^T``, and plays of the best action cost nothing (T. Lattimore, C. Szepesvári, *The End of
Optimism?*, AISTATS 2017, recalled). The computation is derived in this project. Let ``B_a`` be the features off the
line of the best action, and ``u_a = alpha_a gap_a / c*`` the shares of the regret. Then c* is the least of

    max_a f_a(u),   f_a(u) = 2 sigma^2 |B_a|^2 in the inverse of H(u), over gap_a^2,   H(u) = sum u_a B_a B_a^T / gap_a,

over u in the simplex: a smooth convex minimax. As f is homogeneous of degree -1, for weights l in the simplex and the
Jacobian J at any u, ``2 <f, l> + min_j (l^T J)_j`` is a lower bound on c*; the best one is a linear programme, and
certifies the value.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from bandits.contract import Array

MOST_ACTIONS = 500
"""Actions for which the programme is solved."""

FEW = 20
"""Actions by each of several orders that the programme is first solved on, and that are added."""

ROUNDS = 40
"""Most times that actions are added."""

TOLERANCE = 1e-6
"""Largest relative distance of the value from the certified lower bound."""


@dataclass(frozen=True, eq=False)
class Allocation:
    """How often to play suboptimal actions.

    Attributes:
        constant: c*, in reward units for each ``ln t``.
        certified: a lower bound on c*, from the linear programme.
        plays: [n_actions] alpha: plays for each ``ln t``; infinite for the best action.
    """

    constant: float
    certified: float
    plays: Array


def allocation(features: Array, means: Array, sigma: float) -> Allocation:
    """The asymptotically optimal allocation.

    Args:
        features: [n_actions, dimension].
        means: [n_actions] mean rewards, linear in the features.
        sigma: standard deviation of Gaussian noise, >= 0.

    Raises:
        ValueError: the best action is tied, there are more than ``MOST_ACTIONS``, or no solution was certified.
    """
    best, gaps = int(np.argmax(means)), np.max(means) - means
    plays = np.zeros(len(means))
    plays[best] = np.inf
    if len(means) > MOST_ACTIONS:
        raise ValueError(f"c* is worked out for at most {MOST_ACTIONS} actions, got {len(means)}")
    if np.count_nonzero(gaps <= 1e-12 * max(1.0, float(np.max(np.abs(means))))) > 1:
        tied = np.flatnonzero(gaps <= 1e-12 * max(1.0, float(np.max(np.abs(means)))))
        raise ValueError(f"c* needs one best action, got {tied[:5].tolist()} tied")
    off = _off(features, best)
    asked = np.flatnonzero(np.linalg.norm(off, axis=1) > 1e-12 * np.max(np.linalg.norm(features, axis=1)))
    asked = asked[asked != best]
    if len(asked) == 0 or sigma == 0.0:
        return Allocation(0.0, 0.0, plays)
    shares, value, certified = _solved(_coordinates(off[asked]), gaps[asked])
    plays[asked] = sigma**2 * value * shares / gaps[asked]
    return Allocation(sigma**2 * value, sigma**2 * certified, plays)


def _off(features: Array, best: int) -> Array:
    """Features off the line of the best action."""
    line = features[best]
    square = float(line @ line)
    return features - np.outer(features @ line / square, line) if square > 0.0 else features


def _coordinates(rows: Array) -> Array:
    """The rows in an orthonormal basis of their span."""
    _, values, right = np.linalg.svd(rows, full_matrices=False)
    rank = int(np.count_nonzero(values > 1e-10 * max(rows.shape) * values[0]))
    return np.asarray(rows @ right[:rank].T)


def _solved(rows: Array, gaps: Array) -> tuple[Array, float, float]:
    """(shares u, max f, certified lower bound) for sigma = 1.

    Few actions decide: the programme is solved on some, and those are added whose constraints are violated, or whose
    plays the linear programme finds cheap, until its certificate holds for all.
    """
    n, shares = len(gaps), np.zeros(len(gaps))
    squares = np.einsum("ij,ij->i", rows, rows)
    chosen = np.zeros(n, dtype=bool)
    for order in (np.argsort(gaps), np.argsort(gaps / squares), np.argsort(gaps**2 / squares)):
        chosen[order[: max(FEW, rows.shape[1])]] = True
    r = rows.shape[1]
    if r * (r + 1) >= n or np.linalg.matrix_rank(rows[chosen]) < r:  # so many may be played
        chosen[:] = True
    best: tuple[Array, float, float] | None = None
    more = max(FEW, rows.shape[1])
    for _ in range(ROUNDS):
        some = np.flatnonzero(chosen)
        start = np.maximum(shares[some], 0.01 / len(some))
        shares = np.zeros(n)
        shares[some] = _minimax(rows[some], gaps[some], start / np.sum(start))
        f, jacobian = _values(rows, gaps, shares)
        value, (certified, weights) = float(np.max(f)), _certified(f, jacobian)
        if best is None or value - certified < best[1] - best[2]:
            best = shares, value, certified
        if value - certified <= TOLERANCE * value:
            break
        prices = weights @ jacobian
        for order in (np.argsort(-f), np.argsort(prices)):
            chosen[order[~chosen[order]][:more]] = True
    assert best is not None
    if best[1] - best[2] > TOLERANCE * best[1]:
        raise ValueError(f"c* could not be certified: it lies between {best[2]:.8g} and {best[1]:.8g}")
    return best


def _values(rows: Array, gaps: Array, shares: Array) -> tuple[Array, Array]:
    """The f [n] at the shares, and their Jacobian [n, n]; huge where H is singular."""
    gram = (rows * (shares / gaps)[:, None]).T @ rows
    try:
        inner = rows @ np.linalg.solve(gram, rows.T)
    except np.linalg.LinAlgError:
        return np.full(len(gaps), 1e30), np.zeros((len(gaps), len(gaps)))
    return 2.0 * np.diag(inner) / gaps**2, -2.0 * inner**2 / np.outer(gaps**2, gaps)


def _minimax(rows: Array, gaps: Array, start: Array) -> Array:
    """Shares that minimise max f, by sequential quadratic programmes from ``start``, in units of f there."""
    from scipy.optimize import minimize

    solve: Any = minimize
    n, scale = len(gaps), float(np.max(_values(rows, gaps, start)[0]))
    found = solve(
        lambda x: x[-1],
        np.append(start, 1.0),
        jac=lambda x: np.append(np.zeros(n), 1.0),
        method="SLSQP",
        bounds=[(1e-14, 1.0)] * n + [(0.0, None)],
        constraints=[
            {
                "type": "ineq",
                "fun": lambda x: x[-1] - _values(rows, gaps, x[:-1])[0] / scale,
                "jac": lambda x: np.column_stack([-_values(rows, gaps, x[:-1])[1] / scale, np.ones(n)]),
            },
            {"type": "eq", "fun": lambda x: np.sum(x[:-1]) - 1.0, "jac": lambda x: np.append(np.ones(n), 0.0)},
        ],
        options={"maxiter": 200, "ftol": 1e-14},
    )
    shares = np.where(found.x[:-1] <= 1e-13, 0.0, found.x[:-1])
    if np.linalg.matrix_rank(rows[shares > 0.0]) < rows.shape[1]:
        shares = np.maximum(found.x[:-1], 1e-12)
    return np.asarray(shares / np.sum(shares))


def _certified(f: Array, jacobian: Array) -> tuple[float, Array]:
    """The largest ``2 <f, l> + min_j (l^T J)_j`` over l in the simplex, and l: variables (l, the minimum)."""
    from scipy.optimize import linprog

    n, unit = len(f), float(np.max(f))  # in units of the largest f, for the solver's tolerances
    f, jacobian = f / unit, jacobian / unit
    found = linprog(
        -np.append(2.0 * f, 1.0),
        A_ub=np.column_stack([-jacobian.T, np.ones(n)]),
        b_ub=np.zeros(n),
        A_eq=np.append(np.ones(n), 0.0)[None],
        b_eq=[1.0],
        bounds=[(0.0, None)] * n + [(None, None)],
        method="highs",
    )
    if found.x is None:
        return -np.inf, np.full(n, 1.0 / n)
    weights = np.clip(found.x[:-1], 0.0, None)
    weights = weights / np.sum(weights)  # whatever the solver's errors, these weights give a lower bound
    return unit * float(2.0 * f @ weights + np.min(weights @ jacobian)), weights
