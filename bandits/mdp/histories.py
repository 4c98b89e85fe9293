"""Policies over histories of states, and the best one where one of several models is hidden during an episode.

A history of states ``s_0 .. s_h`` is a node of a tree: that of ``s_0`` has the number ``s_0``, and the child of node
``i`` under the next state ``s`` has the number ``S (i + 1) + s``, so that the levels follow one another. A
deterministic policy over histories is an array of actions, one a node, of size ``S + S^2 + .. + S^H``: the actions of
the past need not be kept, as the policy implies them.

Planning goes over the larger tree of states *and* actions. Forward, a node has the likelihood of each context,
``lik_m = w_m nu_m(s_0) prod P_m``, not normalised: beliefs of impossible nodes would divide by 0. Backward,

    alpha_m(i) = R_m(s, a) + sum_s' P_m(s' | s, a) alpha_m(i a s'),   a = argmax_a sum_m lik_m(i) alpha_m(i, a),

where a context of no likelihood at a node is left out, as nothing above it asks for its value.
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np

from bandits.arguments import flag, integer, shown
from bandits.contract import Array
from bandits.frozen import read_only
from bandits.kernels import kernel
from bandits.mdp.model import Ints

NODES = 200_000
"""Nodes that a tree may have."""

FORCED = 5_000_000
"""Nodes that it may have where that is asked for."""

POLICIES = 1_000_000
"""Policies that are gone through one by one."""


class HistoryTree:
    """The histories of an episode, and how large the trees over them are.

    Args:
        n_states: S, >= 1.
        n_actions: A, >= 1.
        n_stages: H, >= 1.
        n_starts: number of first states, in 1..S.
        forced: whether up to ``FORCED`` nodes will do, not ``NODES``.

    Raises:
        ValueError: a number out of its domain, or a tree with more nodes: how many, and how many there may be.

    Attributes:
        levels: [n_stages] nodes of each level of the tree of states and actions, ``n_starts (S A)^h``.
        size: nodes of the tree of states, the length of a policy.

    Example:
        >>> tree = HistoryTree(n_states=3, n_actions=2, n_stages=4, n_starts=1)
        >>> tree.levels, tree.size
        ([1, 6, 36, 216], 120)
        >>> tree.policy([[0, 0, 0], [1, 0, 1], [0, 1, 1], [0, 0, 0]])[:12].tolist()
        [0, 0, 0, 1, 0, 1, 1, 0, 1, 1, 0, 1]
    """

    def __init__(self, n_states: int, n_actions: int, n_stages: int, n_starts: int, forced: bool = False) -> None:
        self.n_states, self.n_actions = integer("n_states", n_states), integer("n_actions", n_actions)
        self.n_stages, most = integer("n_stages", n_stages), FORCED if flag("forced", forced) else NODES
        levels, size, level = [integer("n_starts", n_starts, 1, n_states)], n_states, n_states
        nodes = n_starts
        while len(levels) < n_stages and max(nodes, size) <= most:
            level *= n_states
            size += level
            levels.append(levels[-1] * n_states * n_actions)
            nodes += levels[-1]
        if max(nodes, size) > most:
            way = "" if forced else f", or {FORCED} where forced"
            raise ValueError(
                f"n_stages must be lower, got {n_stages}: with {n_states} states and {n_actions} actions the tree of "
                f"histories has at least {max(nodes, size)} nodes, more than the {most} allowed{way}"
            )
        self.levels, self.size = levels, size

    def policy(self, table: Any) -> Ints:
        """The policy over histories [size] of one that looks at stage and state alone, [n_stages, n_states]."""
        rows = np.asarray(table, dtype=np.int64)
        return np.concatenate([np.tile(row, self.n_states**stage) for stage, row in enumerate(rows)])

    def checked(self, action: Any) -> Ints:
        """A policy over histories, whole numbers [size]; one [n_stages, n_states] is taken as well.

        Raises:
            ValueError: another shape, or an action that is not there.
        """
        found = np.asarray(action)
        markov = found.shape == (self.n_stages, self.n_states)
        if not (markov or found.shape == (self.size,)) or found.dtype.kind not in "iu":
            raise ValueError(
                f"action must be a policy: {self.size} whole numbers, one a history, or whole numbers "
                f"{[self.n_stages, self.n_states]}, one a stage and state, got {found.dtype} {list(found.shape)}"
            )
        if found.min() < 0 or found.max() >= self.n_actions:
            outside = found[(found < 0) | (found >= self.n_actions)][0]
            raise ValueError(f"actions of a policy must lie in 0..{self.n_actions - 1}, got {shown(int(outside))}")
        return self.policy(found) if markov else np.array(found, dtype=np.int64)


class Contexts(NamedTuple):
    """Several models, of which one is hidden in each episode, as the planners take them.

    Attributes:
        starts: [n_contexts, n_states] probabilities of a context and its first state, ``w_m nu_m(s)``.
        transitions: [n_contexts, n_states, n_actions, n_states].
        rewards: [n_contexts, n_states, n_actions].
    """

    starts: Array
    transitions: Array
    rewards: Array

    @property
    def reached(self) -> Ints:
        """First states of positive probability, increasing."""
        return np.flatnonzero(self.starts.sum(axis=0) > 0.0)


class Bonus(NamedTuple):
    """What an optimist adds: ``min(cap, . + spread sqrt(Var_P(alpha')) + lift)``.

    Attributes:
        spread: [n_contexts, n_states, n_actions], >= 0.
        lift: [n_contexts, n_states, n_actions], >= 0.
        cap: the largest value.
    """

    spread: Array
    lift: Array
    cap: float


def no_bonus(contexts: Contexts) -> Bonus:
    """Values as they are."""
    zeros = np.zeros_like(contexts.rewards)
    return Bonus(zeros, zeros, math.inf)


def _given(contexts: Contexts) -> Contexts:
    """The same as kernels take it, see ``read_only``."""
    return Contexts(*(read_only(np.ascontiguousarray(table)) for table in contexts))


def best_history_policy(tree: HistoryTree, contexts: Contexts, bonus: Bonus | None = None) -> tuple[float, Ints]:
    """The best value, and a policy over histories [tree.size] that has it; of equal actions (1e-13) the first.

    Histories that cannot be have action 0. For the worst policy hand over minus the rewards.

    Args:
        tree: of the contexts' states and actions, with their number of first states.
        contexts: the models.
        bonus: what an optimist adds to values; None for nothing.
    """
    policy = np.zeros(tree.size, dtype=np.int64)
    value = _plan(tree.n_stages, _given(contexts), contexts.reached, bonus or no_bonus(contexts), policy)
    return value, policy


def history_value(policy: Ints, contexts: Contexts, n_stages: int) -> tuple[float, float]:
    """Mean and variance of an episode's reward under a policy over histories."""
    mean, square = _moments(n_stages, _given(contexts), policy)
    return mean, max(0.0, square - mean * mean)


def best_memoryless_policy(contexts: Contexts, n_stages: int) -> tuple[float, Ints] | None:
    """The best policy [n_stages, n_states] that looks at stage and state alone, and its value; of equal ones the first.

    It is found by going through all of them, as no dynamic programme finds it. None where there are more than
    ``POLICIES`` on the stages and states that can be reached.
    """
    n_states, n_actions = contexts.rewards.shape[1:]
    pairs = reachable(contexts, n_stages)
    if len(pairs) * math.log(n_actions) > math.log(POLICIES) + 1e-9:
        return None
    best = np.zeros((n_stages, n_states), dtype=np.int64)
    return _enumerate(_given(contexts), pairs, best), best


def reachable(contexts: Contexts, n_stages: int) -> Ints:
    """Pairs [n, 2] of stage and state that some policy reaches, increasing."""
    moves = np.max(contexts.transitions, axis=(0, 2))
    reach = np.zeros((n_stages, len(moves)))
    reach[0] = contexts.starts.sum(axis=0)
    for h in range(1, n_stages):
        reach[h] = np.max(moves[reach[h - 1] > 0.0], axis=0)
    return np.ascontiguousarray(np.argwhere(reach))


@kernel
def _plan(n_stages: int, contexts: Contexts, reached: Ints, bonus: Bonus, policy: Ints) -> float:
    """Fill in the best policy over histories; its value."""
    transitions, rewards = contexts.transitions, contexts.rewards
    n_contexts, n_states, n_actions = rewards.shape
    width = n_states * n_actions
    first = np.zeros(n_stages + 1, dtype=np.int64)
    level = reached.size
    for h in range(n_stages):
        first[h + 1] = first[h] + level
        level *= width
    likelihood = np.zeros((first[n_stages], n_contexts))
    alpha = np.zeros((first[n_stages], n_contexts))
    best = np.zeros(first[n_stages], dtype=np.int64)
    for i in range(reached.size):
        for m in range(n_contexts):
            likelihood[i, m] = contexts.starts[m, reached[i]]
    for h in range(n_stages - 1):
        for i in range(first[h + 1] - first[h]):
            s = reached[i] if h == 0 else i % n_states
            for m in range(n_contexts):
                if likelihood[first[h] + i, m] > 0.0:
                    child = first[h + 1] + i * width
                    for a in range(n_actions):
                        for following in range(n_states):
                            likelihood[child, m] = likelihood[first[h] + i, m] * transitions[m, s, a, following]
                            child += 1
    value, trial = 0.0, np.zeros(n_contexts)
    for h in range(n_stages - 1, -1, -1):
        for i in range(first[h + 1] - first[h]):
            node, s = first[h] + i, reached[i] if h == 0 else i % n_states
            top = -math.inf
            for a in range(n_actions):
                child, q = first[h + 1] + i * width + a * n_states, 0.0
                for m in range(n_contexts):
                    if likelihood[node, m] > 0.0:
                        total = rewards[m, s, a] + bonus.lift[m, s, a]
                        if h < n_stages - 1:
                            mean, variance = 0.0, 0.0
                            for following in range(n_states):
                                mean += transitions[m, s, a, following] * alpha[child + following, m]
                            if bonus.spread[m, s, a] > 0.0:
                                for following in range(n_states):
                                    away = alpha[child + following, m] - mean
                                    variance += transitions[m, s, a, following] * away * away
                            total += mean + bonus.spread[m, s, a] * math.sqrt(variance)
                        trial[m] = min(bonus.cap, total)
                        q += likelihood[node, m] * trial[m]
                if q > top + 1e-13:
                    top, best[node] = q, a
                    for m in range(n_contexts):
                        alpha[node, m] = trial[m]
            if h == 0:
                value += top
    places = np.full(n_states, -1, dtype=np.int64)
    for i in range(reached.size):
        places[reached[i]] = i
    begin = 0
    for h in range(n_stages):
        below = np.full(places.size * n_states if h < n_stages - 1 else 0, -1, dtype=np.int64)
        for i in range(places.size):
            if places[i] >= 0:
                a = policy[begin + i] = best[first[h] + places[i]]
                if h < n_stages - 1:
                    for following in range(n_states):
                        below[i * n_states + following] = (places[i] * n_actions + a) * n_states + following
        begin += places.size
        places = below
    return value


@kernel
def _moments(n_stages: int, contexts: Contexts, policy: Ints) -> tuple[float, float]:
    """Mean, and mean of the square, of an episode's reward."""
    transitions, rewards = contexts.transitions, contexts.rewards
    n_contexts, n_states, _ = rewards.shape
    likelihood, earned = np.zeros((n_states, n_contexts)), np.zeros((n_states, n_contexts))
    for s in range(n_states):
        for m in range(n_contexts):
            likelihood[s, m] = contexts.starts[m, s]
    begin, mean, square = 0, 0.0, 0.0
    for h in range(n_stages):
        n = likelihood.shape[0]
        below = np.zeros((n * n_states if h < n_stages - 1 else 0, n_contexts))
        carried = np.zeros((below.shape[0], n_contexts))
        for i in range(n):
            s, a = i % n_states, policy[begin + i]
            for m in range(n_contexts):
                if likelihood[i, m] > 0.0:
                    total = earned[i, m] + rewards[m, s, a]
                    if h == n_stages - 1:
                        mean += likelihood[i, m] * total
                        square += likelihood[i, m] * total * total
                    else:
                        for following in range(n_states):
                            below[i * n_states + following, m] = likelihood[i, m] * transitions[m, s, a, following]
                            carried[i * n_states + following, m] = total
        begin += n
        likelihood, earned = below, carried
    return mean, square


@kernel
def _enumerate(contexts: Contexts, pairs: Ints, best: Ints) -> float:
    """Fill in the best policy on the pairs of stage and state [n, 2], increasing; its value.

    The actions of the earliest pairs change most often, so that the values of later stages mostly stand.
    """
    transitions, rewards = contexts.transitions, contexts.rewards
    n_contexts, n_states, n_actions = rewards.shape
    n_stages = best.shape[0]
    policy = np.zeros((n_stages, n_states), dtype=np.int64)
    values = np.zeros((n_stages + 1, n_contexts, n_states))
    top, changed = -math.inf, pairs.shape[0] - 1
    while True:
        last = changed
        while last + 1 < pairs.shape[0] and pairs[last + 1, 0] == pairs[changed, 0]:
            last += 1
        for p in range(last, -1, -1):
            h, s = pairs[p, 0], pairs[p, 1]
            a = policy[h, s]
            for m in range(n_contexts):
                values[h, m, s] = rewards[m, s, a]
                for following in range(n_states):
                    values[h, m, s] += transitions[m, s, a, following] * values[h + 1, m, following]
        value = 0.0
        for m in range(n_contexts):
            for s in range(n_states):
                value += contexts.starts[m, s] * values[0, m, s]
        if value > top + 1e-13:
            top = value
            for h in range(n_stages):
                for s in range(n_states):
                    best[h, s] = policy[h, s]
        changed = 0
        while changed < pairs.shape[0] and policy[pairs[changed, 0], pairs[changed, 1]] == n_actions - 1:
            policy[pairs[changed, 0], pairs[changed, 1]] = 0
            changed += 1
        if changed == pairs.shape[0]:
            return float(top)
        policy[pairs[changed, 0], pairs[changed, 1]] += 1
