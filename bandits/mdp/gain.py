"""Best play of one life: gain and bias by policy iteration, values of finitely many steps by value iteration.

Gain ``J*`` and bias ``h`` solve ``J* + h(s) = max_a r(s, a) + sum_s' P(s' | s, a) h(s')``, ``h(0) = 0``. For the worst
play hand over minus the rewards.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from bandits.contract import Array
from bandits.frozen import read_only
from bandits.kernels import kernel
from bandits.mdp.classes import chain_of, closed_classes, towards, within
from bandits.mdp.model import Ints, Model

SWEEPS = 2000
"""Damped sweeps at the most before the first policy is read off; with many states, ten a state."""
NARROW = 1e-12
"""Width of a bracket of the gain that is as good as a solution."""
DENSE = 600
"""Number of states up to which linear systems are dense."""


class Best(NamedTuple):
    """A best stationary policy.

    Attributes:
        gain: J*, reward a step in the long run.
        bias: h [n_states], 0 in state 0.
        policy: [n_states] actions, of equal ones the first.
    """

    gain: float
    bias: Array
    policy: Ints


class Bracket(NamedTuple):
    """What damped value iteration knows.

    Attributes:
        low: at most J*.
        high: at least J*.
        bias: h [n_states], as far as it has come, 0 in state 0.
        sweeps: how many were made.
    """

    low: float
    high: float
    bias: Array
    sweeps: int


def best(model: Model, rewards: Array) -> Best:
    """Policy iteration, from the greedy policy after damped sweeps of value iteration.

    A policy may have two closed classes even where the process is communicating, and then no single gain: the one that
    pays most is kept then, and all other states go there, which never pays less than the policy before. Many states
    whose sweeps have converged are read off the bracket of value iteration, as are systems that are singular by
    rounding.

    Args:
        model: weakly communicating, of one stage.
        rewards: [n_states, n_actions].
    """
    found = bracket(model, rewards, most=max(SWEEPS, 10 * model.n_states))
    if found.high - found.low <= NARROW and model.n_states > DENSE:
        return _read_off(model, rewards, found)
    policy, tried = greedy(action_values(model, rewards, found.bias), 1e-9), set[bytes]()
    while True:
        try:
            policy = _of_one_class(model, rewards, policy)
            gain, bias = gain_and_bias(model, rewards, policy)
        except ArithmeticError:
            return _read_off(model, rewards, bracket(model, rewards, found.bias))
        values = action_values(model, rewards, bias)
        kept = np.take_along_axis(values, policy[:, None], axis=1)[:, 0]
        better = values.max(axis=1) > kept + max(1e-11, 1e-15 * float(np.ptp(bias)))
        tried.add(policy.tobytes())
        improved = np.where(better, values.argmax(axis=1), policy)  # to leave on ties is to go round in circles
        if improved.tobytes() in tried:  # the same one, or rounding speaks
            return Best(gain, bias, policy)
        policy = improved


def _of_one_class(model: Model, rewards: Array, policy: Ints) -> Ints:
    """The policy itself, if it has one closed class; else the best one of them and ways to it from all other states."""
    chain = chain_of(model, policy)
    labels, closed = closed_classes(chain)
    if len(closed) == 1:
        return policy
    paid, sizes = rewards[np.arange(model.n_states), policy], np.bincount(labels)
    gains = np.full(len(sizes), -np.inf)
    gains[closed] = np.bincount(labels, paid)[closed]  # of those with one state
    for label in closed[sizes[closed] > 1]:
        part = within(chain, states := labels == label)
        gains[label] = gain_and_bias(part, paid[states][:, None], np.zeros(part.n_states, dtype=np.int64))[0]
    kept = labels == gains.argmax()
    return np.where(kept, policy, towards(model, int(np.argmax(kept))))


def _read_off(model: Model, rewards: Array, found: Bracket) -> Best:
    policy = greedy(action_values(model, rewards, found.bias), 1e-9)
    return Best(0.5 * (found.low + found.high), found.bias, policy)


def greedy(values: Array, slack: float) -> Ints:
    """The first action [n_states] whose value [n_states, n_actions] is within ``slack`` of the largest."""
    first: Ints = (values >= values.max(axis=1, keepdims=True) - slack).argmax(axis=1)
    return first


def action_values(model: Model, rewards: Array, bias: Array) -> Array:
    """``r(s, a) + sum_s' P(s' | s, a) h(s')`` [n_states, n_actions]."""
    following = np.empty(model.n_rows)
    _expect(model.starts, model.states, model.probabilities, bias, following)
    return rewards + following.reshape(rewards.shape)


def gain_and_bias(model: Model, rewards: Array, policy: Ints) -> tuple[float, Array]:
    """Gain and bias of a stationary policy with one closed class, by one linear system.

    Args:
        model: of one stage.
        rewards: [n_states, n_actions].
        policy: [n_states] actions.

    Raises:
        ArithmeticError: the system is singular: the policy has two closed classes.
    """
    everyone = np.arange(model.n_states)
    paid = rewards[everyone, policy]
    matrix = _chain(model, policy)
    with np.errstate(all="ignore"):
        solved = _solved(matrix, paid)
    if not np.isfinite(solved).all():
        raise ArithmeticError("a policy with two closed classes has no single gain")
    gain, bias = float(solved[0]), np.concatenate([[0.0], solved[1:]])
    following = action_values(model, np.zeros_like(rewards), bias)[everyone, policy]
    if np.abs(paid + following - bias - gain).max() > 1e-9 * max(1.0, float(np.abs(bias).max())):
        raise ArithmeticError("a policy with two closed classes has no single gain")
    return gain, bias


def _chain(model: Model, policy: Ints) -> tuple[Ints, Ints, Array]:
    """Rows, columns and values of ``I - P_pi`` whose column 0 is all ones: the unknowns are J, h(1), h(2), ..."""
    n, chain = model.n_states, chain_of(model, policy)
    origin, target, shares = np.repeat(np.arange(n), np.diff(chain.starts)), chain.states, chain.probabilities
    leaves = origin != target  # what a state keeps is not subtracted from 1, which loses small ways out
    out, to = leaves & (origin > 0), leaves & (target > 0)
    row = np.concatenate([np.arange(n), origin[out], origin[to]])
    column = np.concatenate([np.zeros(n, dtype=np.int64), origin[out], target[to]])
    return row, column, np.concatenate([np.ones(n), shares[out], -shares[to]])


def _solved(matrix: tuple[Ints, Ints, Array], right: Array) -> Array:
    """The solution of a linear system of its entries, where equal places add up; not finite where it is singular."""
    row, column, values = matrix
    n = len(right)
    if n <= DENSE:
        dense = np.zeros((n, n))
        np.add.at(dense, (row, column), values)
        try:
            return np.linalg.solve(dense, right).astype(np.float64)
        except np.linalg.LinAlgError:
            return np.full(n, np.nan)
    from scipy.sparse import csc_array
    from scipy.sparse.linalg import splu

    try:
        solved: Array = splu(csc_array((values, (row, column)), shape=(n, n))).solve(right)
    except RuntimeError:  # exactly singular
        return np.full(n, np.nan)
    return solved


def bracket(
    model: Model, rewards: Array, bias: Array | None = None, most: int = 1_000_000, width: float = NARROW
) -> Bracket:
    """Damped value iteration ``h <- .9 T h + .1 h``: least and largest ``T h - h`` lie on both sides of J*.

    Args:
        model: weakly communicating, of one stage.
        rewards: [n_states, n_actions].
        bias: where to begin; zeros where None.
        most: sweeps at the most; damping converges on periodic chains, too.
        width: of the bracket, at which it stops.
    """
    values = np.zeros(model.n_states) if bias is None else bias.copy()
    ends = np.zeros(2)
    sweeps = _damped(
        model.starts, model.states, model.probabilities, read_only(rewards), values, 0.9, most, width, ends
    )
    return Bracket(float(ends[0]), float(ends[1]), values - values[0], sweeps)


def values_ahead(model: Model, rewards: Array, start: Array, times: NDArray[Any]) -> Array:
    """The most [n_times] that so many steps can earn in the mean, from a first state of the law ``start``.

    Value iteration, forward and once, up to the largest of the times, with the values of state 0 taken off and added up
    apart without loss: once no bit of the rest changes any more, nor does what a further step adds.

    Args:
        model: of one stage.
        rewards: [n_states, n_actions].
        start: [n_states].
        times: numbers of steps >= 0, in any order.
    """
    order = np.argsort(times, kind="stable")
    asked, found = np.ascontiguousarray(times[order], dtype=np.int64), np.empty(len(times))
    rows = model.starts, model.states, model.probabilities
    _ahead(*rows, read_only(rewards), read_only(start), asked, found)
    values = np.empty(len(times))
    values[order] = found
    return values


@kernel
def _expect(starts: Ints, states: Ints, probabilities: Array, values: Array, following: Array) -> None:
    for row in range(following.size):
        total = 0.0
        for entry in range(starts[row], starts[row + 1]):
            total += probabilities[entry] * values[states[entry]]
        following[row] = total


@kernel
def _sweep(starts: Ints, states: Ints, probabilities: Array, rewards: Array, values: Array, updated: Array) -> None:
    """``updated = T values``."""
    n_actions = rewards.shape[1]
    for s in range(values.size):
        most = -np.inf
        for a in range(n_actions):
            q, row = rewards[s, a], s * n_actions + a
            for entry in range(starts[row], starts[row + 1]):
                q += probabilities[entry] * values[states[entry]]
            most = max(most, q)
        updated[s] = most


@kernel
def _damped(
    starts: Ints,
    states: Ints,
    probabilities: Array,
    rewards: Array,
    values: Array,
    share: float,
    most: int,
    width: float,
    ends: Array,
) -> int:
    """Damped sweeps, in place; returns their number and fills in the least and the largest step of the last one."""
    updated = np.empty(values.size)
    for sweep in range(most):
        _sweep(starts, states, probabilities, rewards, values, updated)
        low, high, origin = np.inf, -np.inf, values[0] + share * (updated[0] - values[0])
        for s in range(values.size):
            step = updated[s] - values[s]
            low, high = min(low, step), max(high, step)
            values[s] += share * step - origin
        ends[0], ends[1] = low, high
        if high - low <= width:
            return sweep + 1
    return most


@kernel
def _ahead(
    starts: Ints, states: Ints, probabilities: Array, rewards: Array, start: Array, times: Ints, found: Array
) -> None:
    """Fill in the expected values under ``start`` after each number of steps, not falling."""
    n = start.size
    values, updated = np.zeros(n), np.empty(n)
    base, lost, done, i = 0.0, 0.0, 0, 0
    while i < times.size:
        if times[i] == done:
            mean = 0.0
            for s in range(n):
                mean += start[s] * values[s]
            found[i] = base + (mean - lost)
            i += 1
            continue
        _sweep(starts, states, probabilities, rewards, values, updated)
        added, same = updated[0], True
        for s in range(n):
            relative = updated[s] - added
            same &= relative == values[s]
            values[s] = relative
        steps = times[i] - done if same else 1
        more = steps * added - lost  # Kahan: what was lost to rounding is made good
        total = base + more
        lost, base, done = (total - base) - more, total, done + steps
