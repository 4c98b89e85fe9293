"""Flows in all models of a confidence set: the nearest one to given masses, and the most that a policy can visit.

The set is a box: each probability P(s' | s, a) lies between ``low`` and ``high``, each row sums to 1. A flow is now
q(h, s, a, s') >= 0, in short m(h, s, a) p(h, s, a, s') with p in the box, and

    sum_a m(0, s, a) = nu(s),   sum_a m(h, s, a) = sum_{s', a'} m(h - 1, s', a') p(h - 1, s', a', s).

Of ``<m, x> + KL(q || base)``, base = mk pk, the least is attained at ``m = mk exp(lam(h, s) - x - c)`` with

    c = min over p in the box of KL(p || pk) + <p, lam(h + 1, .)>,

whose p is ``pk exp(-lam(h + 1, .))`` times a number, cut to the box. What is left is concave and smooth in lam, with
``nu - sum m (e_s - p)`` as gradient: Newton's steps, halved until they are good, as in ``bandits.mdp.flows``.

Reference: C. Jin, T. Jin, H. Luo, S. Sra, T. Yu, *Learning Adversarial Markov Decision Processes with Bandit Feedback
and Unknown Transition*, ICML 2020 (from memory; the solver is this project's).
"""

from __future__ import annotations

import math

import numpy as np

from bandits.contract import Array
from bandits.frozen import read_only
from bandits.kernels import kernel
from bandits.mdp.flows import exact, good, inner, largest, level, move, newton_step
from bandits.mdp.inner import best_of, box, order_of


def nearest_optimistic_flow(low: Array, high: Array, start: Array, base: Array, x: Array) -> Array:
    """The flow [H, S, A, S] that minimises ``<q, x> + KL(q || base)``.

    Args:
        low: [1 or H, S, A, S] lower ends, at most 1 in the sum of a row.
        high: the same of upper ends, at least 1 in the sum.
        start: law [S] of the first state.
        base: [H, S, A, S], >= 0.
        x: [H, S, A].

    Raises:
        RuntimeError: no flow is found within 200 steps, as where x is beyond what can be represented.
    """
    mass = base.sum(axis=3)
    rows = base / np.where(mass > 0.0, mass, 1.0)[..., None] + (mass == 0.0)[..., None] / base.shape[3]
    flow = np.empty(base.shape)
    if _newton(low, high, read_only(start), mass, np.maximum(rows, 1e-300), x, exact(x), flow) < 0:
        raise RuntimeError(
            f"no flow is found in 200 steps of Newton's method for losses of up to {np.abs(x).max():g}, which are "
            "multiplied by eta: choose a smaller eta"
        )
    return flow


def upper_occupancy(low: Array, high: Array, start: Array, policy: Array, stage: int, state: int) -> float:
    """The largest probability, over the models of the box, of being in a state at a stage.

    Backward from ``f(y) = 1{y = state}``: ``f(y) <- sum_a policy(a | y) max over p in the box of <p, f>``.

    Args:
        low: [1 or H, S, A, S] lower ends.
        high: the same of upper ends.
        start: law [S] of the first state.
        policy: probabilities [H, S, A].
        stage: from 0.
        state: the state.
    """
    return float(_upper(low, high, read_only(start), read_only(policy), stage, state))


@kernel
def _upper(low: Array, high: Array, start: Array, policy: Array, stage: int, state: int) -> float:
    n_states, n_actions = policy.shape[1:]
    value, before, row = np.zeros(n_states), np.zeros(n_states), np.zeros(n_states)
    middle, width = np.zeros(n_states), np.zeros(n_states)
    value[state] = 1.0
    for h in range(stage - 1, -1, -1):
        own = h if low.shape[0] > 1 else 0
        order, best = order_of(value), best_of(value)
        for s in range(n_states):
            before[s] = 0.0
            for a in range(n_actions):
                if policy[h, s, a] > 0.0:
                    for i in range(n_states):
                        middle[i] = 0.5 * (low[own, s, a, i] + high[own, s, a, i])
                        width[i] = 0.5 * (high[own, s, a, i] - low[own, s, a, i])
                    box(middle, width, order, best, row)
                    before[s] += policy[h, s, a] * inner(row, value)
        for s in range(n_states):
            value[s] = before[s]
    return inner(start, value)


@kernel
def _cut(weights: Array, low: Array, high: Array, row: Array) -> None:
    """Fill in ``weights`` times the number that makes the sum 1, cut to the box.

    Between neighbouring ends ``low / weights`` and ``high / weights`` the sum is linear in it.
    """
    n = weights.size
    least, most = 0.0, np.inf  # the number lies between
    ends = np.empty(2 * n)
    for i in range(n):
        ends[2 * i], ends[2 * i + 1] = low[i] / weights[i], high[i] / weights[i]
    for number in np.sort(ends):
        total = 0.0
        for i in range(n):
            total += min(max(number * weights[i], low[i]), high[i])
        if total <= 1.0:
            least = number
        else:
            most = number
            break
    fixed, free, between = 0.0, 0.0, 0.5 * (least + most) if most < np.inf else 2.0 * least
    for i in range(n):
        if low[i] >= between * weights[i]:
            fixed += low[i]
        elif high[i] <= between * weights[i]:
            fixed += high[i]
        else:
            free += weights[i]
    number = least if free == 0.0 else min(max((1.0 - fixed) / free, least), most)
    for i in range(n):
        row[i] = min(max(number * weights[i], low[i]), high[i])


@kernel
def _least(low: Array, high: Array, base: Array, further: Array, row: Array) -> float:
    """The least of ``KL(p || base) + <p, further>`` over p in the box, with p filled in as ``row``."""
    weights, least, cost = np.empty(row.size), np.min(further), 0.0
    for i in range(row.size):
        weights[i] = max(base[i] * math.exp(least - further[i]), 1e-300)
    _cut(weights, low, high, row)
    for i in range(row.size):
        if row[i] > 0.0:
            cost += row[i] * (math.log(row[i] / base[i]) + further[i])
    return cost


@kernel
def _begin(low: Array, high: Array, mass: Array, rows: Array, x: Array, lam: Array) -> None:
    """Fill in the lam at which every state keeps the mass that it has: finite, however large x is."""
    n_stages, n_states, n_actions = mass.shape
    cost, row = np.empty(n_actions), np.empty(n_states)
    for h in range(n_stages - 1, -1, -1):
        own = h if low.shape[0] > 1 else 0
        for s in range(n_states):
            for a in range(n_actions):
                cost[a] = x[h, s, a] + _least(low[own, s, a], high[own, s, a], rows[h, s, a], lam[h + 1], row)
            lam[h, s] = level(mass[h, s], cost)


@kernel
def _fill(low: Array, high: Array, mass: Array, rows: Array, x: Array, lam: Array, flow: Array, p: Array) -> float:
    """Fill in m [H, S, A] and p [H, S, A, S] for lam [H + 1, S]; the sum of m."""
    n_stages, n_states, n_actions = mass.shape
    total = 0.0
    for h in range(n_stages):
        own = h if low.shape[0] > 1 else 0
        for s in range(n_states):
            for a in range(n_actions):
                cost = _least(low[own, s, a], high[own, s, a], rows[h, s, a], lam[h + 1], p[h, s, a])
                exponent = lam[h, s] - x[h, s, a] - cost
                flow[h, s, a] = mass[h, s, a] * math.exp(exponent) if mass[h, s, a] > 0.0 else 0.0
                total += flow[h, s, a]
    return total


@kernel
def _miss(start: Array, flow: Array, p: Array, gap: Array) -> float:
    """Fill in what the flow equations miss [H, S]; the largest."""
    n_stages, n_states, n_actions = flow.shape
    for s in range(n_states):
        gap[0, s] = start[s]
        for h in range(1, n_stages):
            gap[h, s] = 0.0
    for h in range(n_stages):
        for s in range(n_states):
            for a in range(n_actions):
                gap[h, s] -= flow[h, s, a]
                if h + 1 < n_stages:
                    for i in range(n_states):
                        gap[h + 1, i] += flow[h, s, a] * p[h, s, a, i]
    return largest(gap)


@kernel
def _hessian(low: Array, high: Array, flow: Array, p: Array, lower: Array) -> None:
    """Fill in ``sum m (e_s - p)(e_s - p)^T``, and of what is not cut how p moves with lam, below the diagonal."""
    n_stages, n_states, n_actions = flow.shape
    inside = np.zeros(n_states, dtype=np.bool_)
    for i in range(n_stages * n_states):
        for j in range(i + 1):
            lower[i, j] = 0.0
    for h in range(n_stages):
        own, here, there = h if low.shape[0] > 1 else 0, h * n_states, (h + 1) * n_states
        for s in range(n_states):
            for a in range(n_actions):
                m, row, free = flow[h, s, a], p[h, s, a], 0.0
                lower[here + s, here + s] += m
                if h + 1 == n_stages:
                    continue
                for i in range(n_states):
                    inside[i] = low[own, s, a, i] < row[i] < high[own, s, a, i]
                    free += row[i] if inside[i] else 0.0
                for i in range(n_states):
                    lower[there + i, here + s] -= m * row[i]
                    lower[there + i, there + i] += m * row[i] if inside[i] else 0.0
                    for j in range(i + 1):
                        moved = row[i] * row[j] / free if inside[i] and inside[j] else 0.0
                        lower[there + i, there + j] += m * (row[i] * row[j] - moved)
    for i in range(n_stages * n_states):
        lower[i, i] += 1e-13 + 1e-15 * lower[i, i]  # a state without mass leaves it singular


@kernel
def _newton(
    low: Array, high: Array, start: Array, mass: Array, rows: Array, x: Array, enough: float, flow: Array
) -> int:
    """Fill in the nearest flow [H, S, A, S]; the number of steps, or -1."""
    n_stages, n_states, n_actions = mass.shape
    lam, tried, gap = np.zeros((n_stages + 1, n_states)), np.zeros((n_stages + 1, n_states)), np.zeros(mass.shape[:2])
    direction, lower = np.zeros(n_stages * n_states), np.zeros((n_stages * n_states, n_stages * n_states))
    m, p = np.zeros(mass.shape), np.zeros(rows.shape)
    _begin(low, high, mass, rows, x, lam)
    value = _fill(low, high, mass, rows, x, lam, m, p) - inner(start, lam[0])
    miss = _miss(start, m, p, gap)
    for step in range(200):
        if miss < enough:
            for h in range(n_stages):
                for s in range(n_states):
                    for a in range(n_actions):
                        for i in range(n_states):
                            flow[h, s, a, i] = m[h, s, a] * p[h, s, a, i]
            return step
        _hessian(low, high, m, p, lower)
        slope = newton_step(lower, gap, direction)
        size = 1.0
        while True:
            move(lam, size, direction, tried[:n_stages])
            found = _fill(low, high, mass, rows, x, tried, m, p) - inner(start, tried[0])
            missed = _miss(start, m, p, gap)
            if good(found, value, size * slope, missed, miss):
                break
            size *= 0.5
            if size < 1e-12:
                return -1
        move(tried, 0.0, direction, lam[:n_stages])
        value, miss = found, missed
    return -1
