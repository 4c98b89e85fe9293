"""One ridge regression for all actions: ``V = ridge I + sum a a^T``, ``theta = V^-1 sum y a``, updated by rank one.

The features ``a`` of the action played and its reward ``y`` update the inverse of V, theta and ``ln det V``, by the
same ``rank_one`` as the regressions of the family "contextual", of which each action has its own. Of every action the
prediction ``m = <a, theta>`` and the square of the width ``q = a^T V^-1 a`` are kept. On a fixed set they are updated,
too, in O(K d) a round: with ``c = <a, V^-1 played>`` and ``e`` the error of the prediction,

    m += c e / (1 + q_played),    q -= c^2 / (1 + q_played).

Rounding adds up in updates by rank one. So every ``REFRESH`` updates everything is worked out anew, by Cholesky's
decomposition of V. V itself grows with the rounds: what is rounded off in its sums, always in the same direction where
one action is played, is kept and added later (Kahan's summation). No BLAS is used: it may round differently from call
to call.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from bandits.contextual.ridge import rank_one
from bandits.contract import Array
from bandits.kernels import inlined, kernel

REFRESH = 4096
"""Updates between two refreshes; counted in updates, so that it does not matter how a run is cut."""

COUNTS = np.dtype([("ridge", np.float64), ("log_det", np.float64), ("updates", np.float64)])
"""Weight of the squared norm of theta; ``ln det V - d ln ridge``; number of updates."""


class Ridge(NamedTuple):
    """All that is learned of the parameter.

    Attributes:
        gram: [d, d] V, on and below its diagonal.
        moment: [d] ``sum y a``.
        gram_rest: [d, d] what is rounded off in ``gram``.
        moment_rest: [d] what is rounded off in ``moment``.
        inverse: [d, d] inverse of V, symmetric bit for bit.
        theta: [d] estimate of the parameter.
        gain: [d] scratch: V^-1 times the features last learned from.
        means: [n_actions] predictions m.
        norms: [n_actions] squares q of the widths; rounding may put one below 0: clip it under a root.
        scores: [n_actions] scratch.
        lower: [d, d] scratch.
        counts: [1] record of ``COUNTS``.
    """

    gram: Array
    moment: Array
    gram_rest: Array
    moment_rest: Array
    inverse: Array
    theta: Array
    gain: Array
    means: Array
    norms: Array
    scores: Array
    lower: Array
    counts: NDArray[np.void]


def new_ridge(n_actions: int, dimension: int, ridge: float) -> Ridge:
    """A regression that has seen nothing. Call ``look`` before its ``means`` and ``norms`` are used."""
    k, d = n_actions, dimension
    return Ridge(
        np.eye(d) * ridge,
        np.zeros(d),
        np.zeros((d, d)),
        np.zeros(d),
        np.eye(d) / ridge,
        np.zeros(d),
        np.zeros(d),
        np.zeros(k),
        np.zeros(k),
        np.zeros(k),
        np.zeros((d, d)),
        np.array([(ridge, 0.0, 0.0)], dtype=COUNTS),
    )


@inlined
def look(rows: Array, ridge: Ridge) -> None:
    """Work out the predictions and widths of the actions with the features ``rows`` [n_actions, d], in O(K d^2)."""
    d = ridge.theta.size
    for i in range(rows.shape[0]):
        mean, square = 0.0, 0.0
        for j in range(d):
            mean += rows[i, j] * ridge.theta[j]
            inner = 0.0
            for k in range(d):
                inner += ridge.inverse[j, k] * rows[i, k]
            square += rows[i, j] * inner
        ridge.means[i], ridge.norms[i] = mean, square


@inlined
def _add_up(row: Array, reward: float, ridge: Ridge) -> None:
    for j in range(row.size):
        term = reward * row[j] - ridge.moment_rest[j]
        total = ridge.moment[j] + term
        ridge.moment_rest[j] = (total - ridge.moment[j]) - term
        ridge.moment[j] = total
        for k in range(j + 1):
            term = row[j] * row[k] - ridge.gram_rest[j, k]
            total = ridge.gram[j, k] + term
            ridge.gram_rest[j, k] = (total - ridge.gram[j, k]) - term
            ridge.gram[j, k] = total


@inlined
def scores_of(rows: Array, theta: Array, inverse: Array, beta: float, scores: Array) -> None:
    """Fill in ``<a, theta> + beta sqrt(a^T inverse a)`` of all actions, for a regression as it once was."""
    d = theta.size
    for i in range(rows.shape[0]):
        mean, square = 0.0, 0.0
        for j in range(d):
            mean += rows[i, j] * theta[j]
            inner = 0.0
            for k in range(d):
                inner += inverse[j, k] * rows[i, k]
            square += rows[i, j] * inner
        scores[i] = mean + beta * math.sqrt(max(square, 0.0))


@inlined
def learn(rows: Array, arm: int, reward: float, ridge: Ridge, fixed: bool) -> float:
    """Learn from the reward of ``arm``, whose features are ``rows[arm]``; ``fixed``: update means and norms, too.

    Returns:
        The square of the arm's width before.
    """
    row, d = rows[arm], ridge.theta.size
    _add_up(row, reward, ridge)
    total, error = rank_one(ridge.inverse, ridge.theta, ridge.gain, row, reward)
    counts = ridge.counts[0]
    counts["log_det"] += math.log(max(total, 1.0))  # rounding may take it below at conditions beyond 1e16
    counts["updates"] += 1.0
    if counts["updates"] % REFRESH == 0.0:
        refresh(ridge)
        if fixed:
            look(rows, ridge)
    elif fixed:
        for i in range(rows.shape[0]):
            c = 0.0
            for j in range(d):
                c += rows[i, j] * ridge.gain[j]
            ridge.means[i] += c * error / total
            ridge.norms[i] -= c * c / total
    return total - 1.0


@kernel
def refresh(ridge: Ridge) -> None:
    """Work out the inverse, theta and ln det V anew, from V and the sums of the rewards.

    Where rounding leaves V singular (conditions beyond 1e16), they stay as updates by rank one have left them.
    """
    d, lower = ridge.theta.size, ridge.lower
    if not cholesky(ridge.gram, lower):
        return
    log_det = -d * math.log(ridge.counts[0]["ridge"])
    for j in range(d):
        log_det += 2.0 * math.log(lower[j, j])
    ridge.counts[0]["log_det"] = log_det
    solve(lower, ridge.moment, ridge.theta)
    invert(lower, ridge.inverse)


@kernel
def cholesky(matrix: Array, lower: Array) -> bool:
    """Fill ``lower`` [d, d], zero above its diagonal, so that ``lower lower^T`` is a positive definite matrix.

    Of the matrix, what is above its diagonal is not read.

    Returns:
        Whether the matrix is positive definite as far as rounding can tell; if not, ``lower`` is not finished.
    """
    d = matrix.shape[0]
    for j in range(d):
        square = matrix[j, j]
        for k in range(j):
            square -= lower[j, k] * lower[j, k]
        if not square > 0.0:
            return False
        lower[j, j] = math.sqrt(square)
        for i in range(j + 1, d):
            inner = matrix[i, j]
            for k in range(j):
                inner -= lower[i, k] * lower[j, k]
            lower[i, j] = inner / lower[j, j]
        for i in range(j):
            lower[i, j] = 0.0
    return True


@kernel
def solve(lower: Array, right: Array, solution: Array) -> None:
    """Fill ``solution`` [d] with that of ``lower lower^T x = right``; the inverse times ``right`` has larger errors."""
    d = lower.shape[0]
    for i in range(d):
        inner = right[i]
        for j in range(i):
            inner -= lower[i, j] * solution[j]
        solution[i] = inner / lower[i, i]
    for i in range(d - 1, -1, -1):
        inner = solution[i]
        for j in range(i + 1, d):
            inner -= lower[j, i] * solution[j]
        solution[i] = inner / lower[i, i]


@kernel
def invert(lower: Array, inverse: Array) -> None:
    """Fill ``inverse`` [d, d], symmetric bit for bit, with that of ``lower lower^T``; ``lower`` becomes its own."""
    d = lower.shape[0]
    for j in range(d):
        lower[j, j] = 1.0 / lower[j, j]
        for i in range(j + 1, d):
            inner = 0.0
            for k in range(j, i):
                inner -= lower[i, k] * lower[k, j]
            lower[i, j] = inner / lower[i, i]
    for i in range(d):
        for j in range(i + 1):
            inner = 0.0
            for k in range(i, d):
                inner += lower[k, i] * lower[k, j]
            inverse[i, j] = inverse[j, i] = inner


@inlined
def first_best(scores: Array) -> int:
    """The lowest index whose score is at least ``top - 1e-10 max(1, |top|)``.

    On a sphere all widths of the first round are equal: rounding would decide, and a rotated instance play otherwise.
    """
    top = -math.inf
    for i in range(scores.size):
        if scores[i] > top:
            top = scores[i]
    least = top - 1e-10 * max(1.0, abs(top))
    for i in range(scores.size):
        if scores[i] >= least:
            return i
    return 0
