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
    """(shares u, max f, certified lower bound) for sigma = 1."""
    from scipy.optimize import minimize

    solve: Any = minimize
    n = len(gaps)

    def values(u: Array) -> tuple[Array, Array]:
        gram = (rows * (u / gaps)[:, None]).T @ rows
        inner = rows @ np.linalg.solve(gram, rows.T)
        return 2.0 * np.diag(inner) / gaps**2, -2.0 * inner**2 / np.outer(gaps**2, gaps)

    start = np.full(n, 1.0 / n)
    best: tuple[Array, float, float] | None = None
    for _ in range(8):
        scale = float(np.max(values(start)[0]))
        found = solve(
            lambda x: x[-1],
            np.append(start, 1.0),
            jac=lambda x: np.append(np.zeros(n), 1.0),
            method="SLSQP",
            bounds=[(1e-14, 1.0)] * n + [(0.0, None)],
            constraints=[
                {
                    "type": "ineq",
                    "fun": lambda x, scale=scale: x[-1] - values(x[:-1])[0] / scale,
                    "jac": lambda x, scale=scale: np.column_stack([-values(x[:-1])[1] / scale, np.ones(n)]),
                },
                {"type": "eq", "fun": lambda x: np.sum(x[:-1]) - 1.0, "jac": lambda x: np.append(np.ones(n), 0.0)},
            ],
            options={"maxiter": 1000, "ftol": 1e-14},
        )
        u = np.clip(found.x[:-1], 0.0, None)
        u = np.where(u <= 1e-13, 0.0, u)
        u = u / np.sum(u)
        try:
            f, jacobian = values(u)
        except np.linalg.LinAlgError:
            u = (u + 1e-9 / n) / (1.0 + 1e-9)
            f, jacobian = values(u)
        value, certified = float(np.max(f)), _certified(f, jacobian)
        if best is None or value - certified < best[1] - best[2]:
            best = u, value, certified
        if value - certified <= TOLERANCE * value:
            return u, value, certified
        start = (u + 0.01 / n) / 1.01
    assert best is not None
    raise ValueError(f"c* could not be certified: it lies between {best[2]:.8g} and {best[1]:.8g}")


def _certified(f: Array, jacobian: Array) -> float:
    """The largest ``2 <f, l> + min_j (l^T J)_j`` over l in the simplex: variables (l, the minimum)."""
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
        return -np.inf
    weights = np.clip(found.x[:-1], 0.0, None)
    weights = weights / np.sum(weights)  # whatever the solver's errors, these weights give a lower bound
    return unit * float(2.0 * f @ weights + np.min(weights @ jacobian))
