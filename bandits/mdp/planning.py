"""Dynamic programming over the stages of an episode: best policies, values of policies, what they visit."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from bandits.contract import Array
from bandits.frozen import read_only
from bandits.kernels import kernel
from bandits.mdp.model import Ints, Model


def best_policy(model: Model, rewards: Array, n_stages: int) -> tuple[Array, Ints]:
    """Backward induction: values [n_stages + 1, n_states] and actions [n_stages, n_states] of a best policy.

    Of equal actions the first is taken. For the worst policy hand over minus the rewards.

    Args:
        model: of 1 or ``n_stages`` stages.
        rewards: [n_states, n_actions], or [n_stages, n_states, n_actions].
        n_stages: H.
    """
    table = read_only(np.ascontiguousarray(rewards if rewards.ndim == 3 else rewards[None]))
    values = np.zeros((n_stages + 1, model.n_states))
    actions = np.zeros((n_stages, model.n_states), dtype=np.int64)
    _backward(model.n_stages, model.starts, model.states, model.probabilities, table, values, actions)
    return values, actions


def policy_values(model: Model, rewards: Array, policy: NDArray[Any]) -> Array:
    """Values [n_stages + 1, n_states] of a policy, [n_stages, n_states] of actions or, a third axis, of probabilities.

    Args:
        model: of 1 or ``n_stages`` stages.
        rewards: [n_states, n_actions], or [n_stages, n_states, n_actions].
        policy: int64, or float64 with rows of sum 1.
    """
    table = read_only(np.ascontiguousarray(rewards if rewards.ndim == 3 else rewards[None]))
    values = np.zeros((len(policy) + 1, model.n_states))
    value = _values_of_actions if policy.ndim == 2 else _values_of_laws
    value(model.n_stages, model.starts, model.states, model.probabilities, table, read_only(policy), values)
    return values


def occupancy(model: Model, start: Array, policy: Array) -> Array:
    """Probabilities [n_stages, n_states, n_actions] of being in a state at a stage and taking an action there.

    Args:
        model: of 1 or ``n_stages`` stages.
        start: law [n_states] of the first state.
        policy: probabilities [n_stages, n_states, n_actions].
    """
    visits = np.zeros(policy.shape)
    _forward(
        model.n_stages, model.starts, model.states, model.probabilities, read_only(start), read_only(policy), visits
    )
    return visits


def largest_totals(model: Model, rewards: Array, n_stages: int) -> Array:
    """The largest sums [n_stages + 1, n_states] of rewards on a way of positive probability, from each stage on.

    For the smallest hand over minus the rewards.

    Args:
        model: of 1 or ``n_stages`` stages.
        rewards: [n_states, n_actions], or [n_stages, n_states, n_actions].
        n_stages: H.
    """
    table = read_only(np.ascontiguousarray(rewards if rewards.ndim == 3 else rewards[None]))
    totals = np.zeros((n_stages + 1, model.n_states))
    _luckiest(model.n_stages, model.starts, model.states, table, totals)
    return totals


@kernel
def _luckiest(own: int, starts: Ints, states: Ints, rewards: Array, totals: Array) -> None:
    n_states, n_actions = rewards.shape[1:]
    for h in range(totals.shape[0] - 2, -1, -1):
        paid = rewards[h if rewards.shape[0] > 1 else 0]
        first = (h if own > 1 else 0) * n_states * n_actions
        for s in range(n_states):
            totals[h, s] = -np.inf
            for a in range(n_actions):
                row = first + s * n_actions + a
                for entry in range(starts[row], starts[row + 1]):
                    totals[h, s] = max(totals[h, s], paid[s, a] + totals[h + 1, states[entry]])


@kernel
def _backward(
    own: int, starts: Ints, states: Ints, probabilities: Array, rewards: Array, values: Array, actions: Ints
) -> None:
    n_stages, n_states = actions.shape
    n_actions = rewards.shape[2]
    for h in range(n_stages - 1, -1, -1):
        paid = rewards[h if rewards.shape[0] > 1 else 0]
        first = (h if own > 1 else 0) * n_states * n_actions
        for s in range(n_states):
            for a in range(n_actions):
                q, row = paid[s, a], first + s * n_actions + a
                for entry in range(starts[row], starts[row + 1]):
                    q += probabilities[entry] * values[h + 1, states[entry]]
                if a == 0 or q > values[h, s]:
                    values[h, s], actions[h, s] = q, a


@kernel
def _values_of_actions(
    own: int, starts: Ints, states: Ints, probabilities: Array, rewards: Array, policy: Ints, values: Array
) -> None:
    n_stages, n_states = policy.shape
    n_actions = rewards.shape[2]
    for h in range(n_stages - 1, -1, -1):
        paid = rewards[h if rewards.shape[0] > 1 else 0]
        first = (h if own > 1 else 0) * n_states * n_actions
        for s in range(n_states):
            q, row = paid[s, policy[h, s]], first + s * n_actions + policy[h, s]
            for entry in range(starts[row], starts[row + 1]):
                q += probabilities[entry] * values[h + 1, states[entry]]
            values[h, s] = q


@kernel
def _values_of_laws(
    own: int, starts: Ints, states: Ints, probabilities: Array, rewards: Array, policy: Array, values: Array
) -> None:
    n_stages, n_states, n_actions = policy.shape
    for h in range(n_stages - 1, -1, -1):
        paid = rewards[h if rewards.shape[0] > 1 else 0]
        first = (h if own > 1 else 0) * n_states * n_actions
        for s in range(n_states):
            for a in range(n_actions):
                if policy[h, s, a] > 0.0:
                    q, row = paid[s, a], first + s * n_actions + a
                    for entry in range(starts[row], starts[row + 1]):
                        q += probabilities[entry] * values[h + 1, states[entry]]
                    values[h, s] += policy[h, s, a] * q


@kernel
def _forward(
    own: int, starts: Ints, states: Ints, probabilities: Array, start: Array, policy: Array, visits: Array
) -> None:
    n_stages, n_states, n_actions = policy.shape
    mass = start.copy()
    for h in range(n_stages):
        first = (h if own > 1 else 0) * n_states * n_actions
        following = np.zeros(n_states)
        for s in range(n_states):
            if mass[s] > 0.0:
                for a in range(n_actions):
                    visits[h, s, a] = flow = mass[s] * policy[h, s, a]
                    row = first + s * n_actions + a
                    for entry in range(starts[row], starts[row + 1]):
                        following[states[entry]] += flow * probabilities[entry]
        mass = following
