"""Extended value iteration: the policy of largest gain over all models in a confidence set, one row at a time.

With ``u = 0`` at first, every sweep takes

    u'(s) = max_a r(s, a) + max over laws p in the set of (s, a) of <p, u>

and stops when the span of ``u' - u`` is below the precision; the gain lies between the least and the largest of these
differences. They are taken before ``u'`` is shifted to have the minimum 0: after it, they would miss a constant.

Reference: T. Jaksch, R. Ortner, P. Auer, *Near-optimal Regret Bounds for Reinforcement Learning*, JMLR 11, 2010,
Section 3.1 (recalled).
"""

from __future__ import annotations

import math
from typing import Literal, NamedTuple

import numpy as np

from bandits.contract import Array
from bandits.frozen import read_only
from bandits.kernels import kernel
from bandits.mdp.inner import best_of, box, kl_ball, l1_ball, order_of
from bandits.mdp.model import Ints

SWEEPS = 100_000
"""Of one plan at most: rows without any uncertainty (``bonus_scale=0``) may make a periodic chain, or classes of states
that do not lead to each other, and then sweeps never settle. The policy is that of the last one."""

Ball = Literal["l1", "box", "kl"]
KINDS: tuple[Ball, ...] = ("l1", "box", "kl")


class Plan(NamedTuple):
    """What extended value iteration found.

    Attributes:
        gain: the middle of the bracket after the last sweep.
        policy: [n_states] actions, the first of equal ones.
        sweeps: how many there were.
        model: [n_states, n_actions, n_states] the laws of the last sweep, where asked for, else empty.
    """

    gain: float
    policy: Ints
    sweeps: int
    model: Array


def extended_value_iteration(
    ball: Ball, rewards: Array, estimate: Array, widths: Array, precision: float, keep: bool = False
) -> Plan:
    """Plan with optimism.

    Args:
        ball: the confidence sets: "l1", "box" or "kl", see ``bandits.mdp.inner``.
        rewards: [n_states, n_actions].
        estimate: [n_states, n_actions, n_states] probabilities; a row of zeros where there is no observation.
        widths: radii [n_states, n_actions, 1], or half-widths [n_states, n_actions, n_states] for "box".
        precision: span of the differences at which it stops, > 0.
        keep: whether the laws of the last sweep are returned.
    """
    n_states, n_actions = rewards.shape
    policy = np.zeros(n_states, dtype=np.int64)
    model = np.empty((n_states, n_actions, n_states) if keep else (0, 0, 0))
    gain, sweeps = _iterate(KINDS.index(ball), read_only(rewards), estimate, widths, precision, policy, model)
    return Plan(gain, policy, sweeps, model)


@kernel
def _iterate(
    kind: int, rewards: Array, estimate: Array, widths: Array, precision: float, policy: Ints, model: Array
) -> tuple[float, int]:
    n_states, n_actions = rewards.shape
    values, following, law = np.zeros(n_states), np.empty(n_states), np.empty(n_states)
    sweeps, least, largest = 0, -math.inf, math.inf
    while sweeps < SWEEPS and not largest - least < precision:
        sweeps += 1
        order, best = order_of(values), best_of(values)
        least, largest, lowest = math.inf, -math.inf, math.inf
        for s in range(n_states):
            for a in range(n_actions):
                if kind == 0:
                    l1_ball(estimate[s, a], widths[s, a, 0], order, best, law)
                elif kind == 1:
                    box(estimate[s, a], widths[s, a], order, best, law)
                else:
                    kl_ball(estimate[s, a], widths[s, a, 0], values, best, law)
                q = 0.0
                for i in range(n_states):
                    q += law[i] * values[i]
                q += rewards[s, a]
                if a == 0 or q > following[s]:
                    following[s], policy[s] = q, a
                if model.size > 0:
                    model[s, a] = law
            least, largest = min(least, following[s] - values[s]), max(largest, following[s] - values[s])
            lowest = min(lowest, following[s])
        for s in range(n_states):
            values[s] = following[s] - lowest
    return 0.5 * (least + largest), sweeps


def damped_value_iteration(rewards: Array, model: Array, precision: float, most: int) -> Ints:
    """The best policy [n_states] of a known model, the first of equal actions.

    Sweeps are damped, ``u <- 0.9 u' + 0.1 u``, so that periodic chains settle, too.

    Args:
        rewards: [n_states, n_actions].
        model: [n_states, n_actions, n_states] probabilities.
        precision: span of ``u' - u`` at which it stops, > 0.
        most: sweeps at most.
    """
    policy = np.zeros(len(rewards), dtype=np.int64)
    _damped(read_only(rewards), model, precision, most, policy)
    return policy


@kernel
def _damped(rewards: Array, model: Array, precision: float, most: int, policy: Ints) -> None:
    n_states, n_actions = rewards.shape
    values, following = np.zeros(n_states), np.empty(n_states)
    for _ in range(most):
        least, largest, first = math.inf, -math.inf, values[0]
        for s in range(n_states):
            for a in range(n_actions):
                q = 0.0
                for i in range(n_states):
                    q += model[s, a, i] * values[i]
                q += rewards[s, a]
                if a == 0 or q > following[s]:
                    following[s], policy[s] = q, a
            least, largest = min(least, following[s] - values[s]), max(largest, following[s] - values[s])
        if largest - least < precision:
            return
        for s in range(n_states):
            values[s] = 0.9 * following[s] + 0.1 * values[s] - first
