"""Flows: what a policy visits, stage by stage, and the one among them that is nearest to given masses.

A flow is q(h, s, a) >= 0 with

    sum_a q(0, s, a) = nu(s),   sum_a q(h, s, a) = sum_{s', a'} P(s | s', a') q(h - 1, s', a'),

E q = c in short. Of ``<q, x> + KL(q || base)``, with ``KL(q || p) = sum q ln(q / p) - q + p``, the least is attained at
``q = base exp(-x + E^T lam)`` where lam maximises a concave function of gradient ``c - E q`` and Hessian
``-E diag(q) E^T``: Newton's steps, halved until they are good. The Hessian has entries between neighbouring stages
only, so that its Cholesky factor is banded.

Reference: A. Zimin, G. Neu, *Online Learning in Episodic Markovian Decision Processes by Relative Entropy Policy
Search*, NeurIPS 2013 (from memory; the solver is this project's).
"""

from __future__ import annotations

import math

import numpy as np

from bandits.contract import Array
from bandits.frozen import read_only
from bandits.kernels import inlined, kernel
from bandits.mdp.model import Ints, Model
from bandits.mdp.planning import occupancy


def exact(x: Array) -> float:
    """By how much a flow equation may be missed: 1e-11; above 10 000, what rounding of losses leaves; at most 1e-6."""
    return min(1e-6, 1e-11 * max(1.0, 1e-4 * float(np.abs(x).max())))


def uniform_policy(n_stages: int, n_states: int, n_actions: int) -> Array:
    """Equal probabilities [n_stages, n_states, n_actions]."""
    return np.full((n_stages, n_states, n_actions), 1.0 / n_actions)


def first_flow(model: Model, start: Array, n_stages: int) -> Array:
    """The flow [n_stages, n_states, n_actions] of the largest entropy; exactly 0 at what no policy visits.

    Raises:
        RuntimeError: see ``nearest_flow``.
    """
    everywhere = occupancy(model, start, uniform_policy(n_stages, model.n_states, model.n_actions))
    base = (everywhere > 0.0) / (model.n_states * model.n_actions)
    return nearest_flow(model, start, base, np.zeros(base.shape))


def nearest_flow(model: Model, start: Array, base: Array, x: Array) -> Array:
    """The flow [n_stages, n_states, n_actions] that minimises ``<q, x> + KL(q || base)``.

    Args:
        model: of 1 or n_stages stages.
        start: law [n_states] of the first state.
        base: [n_stages, n_states, n_actions], >= 0; where it is 0 the flow is 0.
        x: of the same shape.

    Raises:
        RuntimeError: no flow is found within 200 steps, as where x is beyond what can be represented.
    """
    flow = np.empty(base.shape)
    rows = model.starts, model.states, model.probabilities
    steps = _newton(model.n_stages, *rows, read_only(start), base, x, exact(x), flow)
    if steps == -2:  # tiny masses and rounding keep it from the last digits: what its policy visits is a flow
        return occupancy(model, start, policy_of(flow))
    if steps < 0:
        raise RuntimeError(
            f"no flow is found in 200 steps of Newton's method for losses of up to {np.abs(x).max():g}, which are "
            "multiplied by eta: choose a smaller eta"
        )
    return flow


def policy_of(flow: Array) -> Array:
    """The policy [n_stages, n_states, n_actions] that a flow follows; uniform where it has no mass."""
    mass = flow.sum(axis=2, keepdims=True)
    policy: Array = np.where(mass > 0.0, flow / np.where(mass > 0.0, mass, 1.0), 1.0 / flow.shape[2])
    policy /= policy.sum(axis=2, keepdims=True)
    return policy


@inlined
def level(masses: Array, costs: Array) -> float:
    """The lam at which ``masses exp(lam - costs)`` [n_actions] have the sum of the masses; 0 where there are none."""
    least, mass, left = math.inf, 0.0, 0.0
    for a in range(masses.size):
        if masses[a] > 0.0:
            least, mass = min(least, costs[a]), mass + masses[a]
    for a in range(masses.size):
        if masses[a] > 0.0:
            left += masses[a] * math.exp(least - costs[a])
    return least - math.log(left / mass) if left > 0.0 else 0.0


@kernel
def _begin(own: int, starts: Ints, states: Ints, probabilities: Array, base: Array, x: Array, lam: Array) -> None:
    """Fill in the lam at which every state keeps the mass that it has in ``base``: finite, however large x is."""
    n_stages, n_states, n_actions = base.shape
    cost = np.empty(n_actions)
    for h in range(n_stages - 1, -1, -1):
        first = (h if own > 1 else 0) * n_states * n_actions
        for s in range(n_states):
            for a in range(n_actions):
                cost[a], row = x[h, s, a], first + s * n_actions + a
                if h + 1 < n_stages:
                    for entry in range(starts[row], starts[row + 1]):
                        cost[a] += probabilities[entry] * lam[h + 1, states[entry]]
            lam[h, s] = level(base[h, s], cost)


@kernel
def _fill(
    own: int, starts: Ints, states: Ints, probabilities: Array, base: Array, x: Array, lam: Array, flow: Array
) -> float:
    """Fill in ``base exp(-x + E^T lam)``; its sum."""
    n_stages, n_states, n_actions = base.shape
    total = 0.0
    for h in range(n_stages):
        first = (h if own > 1 else 0) * n_states * n_actions
        for s in range(n_states):
            for a in range(n_actions):
                flow[h, s, a] = 0.0
                if base[h, s, a] > 0.0:
                    exponent, row = lam[h, s] - x[h, s, a], first + s * n_actions + a
                    if h + 1 < n_stages:
                        for entry in range(starts[row], starts[row + 1]):
                            exponent -= probabilities[entry] * lam[h + 1, states[entry]]
                    if exponent > 700.0:  # a mass near underflow can come back
                        flow[h, s, a] = math.exp(exponent + math.log(base[h, s, a]))
                    else:
                        flow[h, s, a] = base[h, s, a] * math.exp(exponent)
                    total += flow[h, s, a]
    return total


@kernel
def _miss(own: int, starts: Ints, states: Ints, probabilities: Array, start: Array, flow: Array, gap: Array) -> float:
    """Fill in ``c - E q`` [H, S]; its largest entry."""
    n_stages, n_states, n_actions = flow.shape
    for s in range(n_states):
        gap[0, s] = start[s]
        for h in range(1, n_stages):
            gap[h, s] = 0.0
    for h in range(n_stages):
        first = (h if own > 1 else 0) * n_states * n_actions
        for s in range(n_states):
            for a in range(n_actions):
                mass, row = flow[h, s, a], first + s * n_actions + a
                if mass > 0.0:
                    gap[h, s] -= mass
                    if h + 1 < n_stages:
                        for entry in range(starts[row], starts[row + 1]):
                            gap[h + 1, states[entry]] += mass * probabilities[entry]
    return largest(gap)


@kernel
def _hessian(own: int, starts: Ints, states: Ints, probabilities: Array, flow: Array, lower: Array) -> None:
    """Fill in ``E diag(q) E^T`` [HS, HS] on and below its diagonal."""
    n_stages, n_states, n_actions = flow.shape
    for i in range(n_stages * n_states):
        for j in range(i + 1):
            lower[i, j] = 0.0
    for h in range(n_stages):
        first, here, there = (h if own > 1 else 0) * n_states * n_actions, h * n_states, (h + 1) * n_states
        for s in range(n_states):
            for a in range(n_actions):
                mass, row = flow[h, s, a], first + s * n_actions + a
                if mass > 0.0:
                    lower[here + s, here + s] += mass
                    if h + 1 < n_stages:
                        for i in range(starts[row], starts[row + 1]):
                            to, part = there + states[i], mass * probabilities[i]
                            lower[to, here + s] -= part
                            for j in range(starts[row], i + 1):  # next states increase within a row
                                lower[to, there + states[j]] += part * probabilities[j]
    for i in range(n_stages * n_states):
        lower[i, i] += 1e-13 + 1e-15 * lower[i, i]  # a state without mass, or nearly so, leaves it singular


@kernel
def largest(gap: Array) -> float:
    """The largest absolute value of a table."""
    found = 0.0
    for h in range(gap.shape[0]):
        for s in range(gap.shape[1]):
            found = max(found, abs(gap[h, s]))
    return found


@kernel
def inner(left: Array, right: Array) -> float:
    """Of two vectors."""
    total = 0.0
    for i in range(left.size):
        total += left[i] * right[i]
    return total


@kernel
def newton_step(lower: Array, gap: Array, direction: Array) -> float:
    """Fill in the step for a Hessian, which is overwritten, and minus a gradient ``gap`` [H, S]; the slope along it."""
    n_stages, n_states = gap.shape
    for h in range(n_stages):
        for s in range(n_states):
            direction[h * n_states + s] = gap[h, s]
    solve_banded(lower, 2 * n_states, direction)
    slope = 0.0
    for h in range(n_stages):
        for s in range(n_states):
            slope -= direction[h * n_states + s] * gap[h, s]
    return slope


@kernel
def move(lam: Array, size: float, direction: Array, moved: Array) -> None:
    """Fill in ``lam + size direction``."""
    n_stages, n_states = moved.shape
    for h in range(n_stages):
        for s in range(n_states):
            moved[h, s] = lam[h, s] + size * direction[h * n_states + s]


@kernel
def good(found: float, value: float, slope: float, missed: float, miss: float) -> bool:
    """Whether a step that should gain ``slope`` (< 0) is taken; where rounding hides it, the equations decide."""
    return found <= value + 1e-4 * slope or (missed < miss and found <= value + 1e-9 * abs(value))


@kernel
def solve_banded(lower: Array, width: int, right: Array) -> None:
    """Turn a matrix, zero ``width`` below its diagonal, into its Cholesky factor, and ``right`` into the solution."""
    n = right.size
    for i in range(n):
        begin = max(0, i - width + 1)
        for j in range(begin, i + 1):
            inner = lower[i, j]
            for k in range(max(begin, j - width + 1), j):
                inner -= lower[i, k] * lower[j, k]
            if i == j:
                lower[i, i] = math.sqrt(max(inner, 1e-15))
            else:
                lower[i, j] = inner / lower[j, j]
    for i in range(n):
        inner = right[i]
        for k in range(max(0, i - width + 1), i):
            inner -= lower[i, k] * right[k]
        right[i] = inner / lower[i, i]
    for i in range(n - 1, -1, -1):
        inner = right[i]
        for k in range(i + 1, min(n, i + width)):
            inner -= lower[k, i] * right[k]
        right[i] = inner / lower[i, i]


@kernel
def _newton(
    own: int,
    starts: Ints,
    states: Ints,
    probabilities: Array,
    start: Array,
    base: Array,
    x: Array,
    enough: float,
    flow: Array,
) -> int:
    """Fill in the nearest flow; the number of steps, -2 if it is nearly there, or -1."""
    n_stages, n_states, _ = base.shape
    lam, tried, gap = np.zeros((n_stages, n_states)), np.zeros((n_stages, n_states)), np.zeros((n_stages, n_states))
    direction, lower = np.zeros(n_stages * n_states), np.zeros((n_stages * n_states, n_stages * n_states))
    _begin(own, starts, states, probabilities, base, x, lam)
    value = _fill(own, starts, states, probabilities, base, x, lam, flow) - inner(start, lam[0])  # to be minimised
    miss = _miss(own, starts, states, probabilities, start, flow, gap)
    for step in range(200):
        if miss < enough:
            return step
        _hessian(own, starts, states, probabilities, flow, lower)
        slope = newton_step(lower, gap, direction)
        size = 1.0
        while True:
            move(lam, size, direction, tried)
            found = _fill(own, starts, states, probabilities, base, x, tried, flow) - inner(start, tried[0])
            missed = _miss(own, starts, states, probabilities, start, flow, gap)
            if good(found, value, size * slope, missed, miss):
                break
            size *= 0.5
            if size < 1e-12:  # as far as rounding lets it come, where masses are tiny
                _fill(own, starts, states, probabilities, base, x, lam, flow)
                return -2 if miss < 1e4 * enough else -1
        move(tried, 0.0, direction, lam)
        value, miss = found, missed
    return -2 if miss < 1e4 * enough else -1
