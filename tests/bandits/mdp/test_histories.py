"""Policies over histories: the planners against all policies one by one, and against what is known of two mixtures."""

import itertools
import math

import numpy as np
import pytest

from bandits.mdp.histories import (
    FORCED,
    NODES,
    Contexts,
    HistoryTree,
    best_history_policy,
    best_memoryless_policy,
    history_value,
)
from bandits.mdp.model import Model
from bandits.mdp.planning import best_policy


def mixture(seed, n_contexts, n_states, n_actions, n_starts=1, sparse=False):
    rng = np.random.default_rng(seed)
    transitions = rng.dirichlet(np.ones(n_states), (n_contexts, n_states, n_actions))
    if sparse:
        keep = rng.random(transitions.shape) < 0.5
        keep[..., 0] |= ~keep.any(axis=-1)
        transitions = np.where(keep, transitions, 0.0)
        transitions /= transitions.sum(axis=-1, keepdims=True)
    starts = np.zeros((n_contexts, n_states))
    starts[:, :n_starts] = rng.dirichlet(np.ones(n_starts), n_contexts)
    weights = rng.dirichlet(np.ones(n_contexts))
    return Contexts(weights[:, None] * starts, transitions, rng.random((n_contexts, n_states, n_actions)))


def paths(policy, contexts, n_stages):
    """(probability, reward) of every path of positive probability, one by one."""
    n_contexts, n_states, _ = contexts.rewards.shape
    for m, states in itertools.product(range(n_contexts), itertools.product(range(n_states), repeat=n_stages)):
        chance, reward, node = contexts.starts[m, states[0]], 0.0, states[0]
        for h, s in enumerate(states):
            a = policy[node]
            reward += contexts.rewards[m, s, a]
            if h < n_stages - 1:
                chance *= contexts.transitions[m, s, a, states[h + 1]]
                node = n_states * (node + 1) + states[h + 1]
        yield chance, reward


def slow_value(policy, contexts, n_stages):
    return math.fsum(chance * reward for chance, reward in paths(policy, contexts, n_stages))


SMALL = [(2, 2, 2, 2, 2), (3, 2, 2, 3, 1), (2, 3, 2, 2, 3), (2, 2, 3, 2, 1), (2, 1, 3, 4, 1)]
"""Contexts, states, actions, stages, first states, with few policies."""


@pytest.mark.parametrize(("n_contexts", "n_states", "n_actions", "n_stages", "n_starts"), SMALL)
@pytest.mark.parametrize("sparse", [False, True])
def test_the_best_policy_over_histories_is_the_best_of_all(n_contexts, n_states, n_actions, n_stages, n_starts, sparse):
    for seed in range(3):
        contexts = mixture(seed, n_contexts, n_states, n_actions, n_starts, sparse)
        tree = HistoryTree(n_states, n_actions, n_stages, len(contexts.reached))
        assert n_actions**tree.size <= 20_000
        values = [
            history_value(np.array(policy), contexts, n_stages)[0]
            for policy in itertools.product(range(n_actions), repeat=tree.size)
        ]
        value, policy = best_history_policy(tree, contexts)
        assert value == pytest.approx(max(values), abs=1e-12)
        assert slow_value(policy, contexts, n_stages) == pytest.approx(value, abs=1e-12)
        worst, policy = best_history_policy(tree, contexts._replace(rewards=-contexts.rewards))
        assert -worst == pytest.approx(min(values), abs=1e-12)


@pytest.mark.parametrize(("n_contexts", "n_states", "n_actions", "n_stages", "n_starts"), SMALL)
def test_mean_and_variance_of_an_episode(n_contexts, n_states, n_actions, n_stages, n_starts):
    contexts = mixture(5, n_contexts, n_states, n_actions, n_starts, sparse=True)
    tree = HistoryTree(n_states, n_actions, n_stages, n_starts)
    policy = np.random.default_rng(6).integers(0, n_actions, tree.size)
    found = list(paths(policy, contexts, n_stages))
    assert math.fsum(chance for chance, _ in found) == pytest.approx(1.0)
    mean = math.fsum(chance * reward for chance, reward in found)
    variance = math.fsum(chance * (reward - mean) ** 2 for chance, reward in found)
    assert history_value(policy, contexts, n_stages) == pytest.approx((mean, variance), abs=1e-12)


@pytest.mark.parametrize(("n_states", "n_actions", "n_stages", "n_starts"), [(2, 2, 3, 1), (2, 3, 3, 2), (3, 2, 3, 2)])
def test_the_best_memoryless_policy_is_the_best_of_all(n_states, n_actions, n_stages, n_starts):
    for seed in range(3):
        contexts = mixture(seed, 2, n_states, n_actions, n_starts, sparse=seed == 2)
        tree = HistoryTree(n_states, n_actions, n_stages, n_starts)
        values = {
            tables: history_value(tree.policy(np.reshape(tables, (n_stages, n_states))), contexts, n_stages)[0]
            for tables in itertools.product(range(n_actions), repeat=n_stages * n_states)
        }
        value, table = best_memoryless_policy(contexts, n_stages)
        assert value == pytest.approx(max(values.values()), abs=1e-12)
        assert values[tuple(table.ravel().tolist())] == pytest.approx(value, abs=1e-12)


def test_too_many_memoryless_policies_are_not_gone_through():
    assert best_memoryless_policy(mixture(0, 2, 5, 2), 4) is not None
    assert best_memoryless_policy(mixture(0, 2, 5, 2), 5) is None  # 2^21 policies


def test_contexts_that_one_model_are_one_model():
    """With one context, or equal ones, the best policy is that of backward induction; contexts can change places."""
    contexts, n_stages = mixture(3, 3, 3, 2, 2), 4
    tree = HistoryTree(3, 2, n_stages, 2)
    one = Contexts(contexts.starts[:1] / contexts.starts[0].sum(), contexts.transitions[:1], contexts.rewards[:1])
    values, _ = best_policy(Model(one.transitions[0]), one.rewards[0], n_stages)
    single = best_history_policy(tree, one)
    assert single[0] == pytest.approx(one.starts[0] @ values[0], abs=1e-12)
    assert best_memoryless_policy(one, n_stages)[0] == pytest.approx(single[0], abs=1e-12)
    weights = np.array([0.2, 0.5, 0.3])[:, None]
    equal = Contexts(weights * one.starts, one.transitions.repeat(3, 0), one.rewards.repeat(3, 0))
    value, policy = best_history_policy(tree, equal)
    assert value == pytest.approx(single[0], abs=1e-12)
    assert np.array_equal(policy, single[1])
    value, policy = best_history_policy(tree, contexts)
    moved = best_history_policy(tree, Contexts(*(part[[2, 0, 1]] for part in contexts)))
    assert moved[0] == pytest.approx(value, abs=1e-12)
    assert np.array_equal(moved[1], policy)


@pytest.mark.parametrize("seed", range(5))
def test_memory_helps_and_knowing_the_context_helps_more(seed):
    contexts, n_stages = mixture(seed, 3, 2, 2, 2), 3
    history, _ = best_history_policy(HistoryTree(2, 2, n_stages, 2), contexts)
    memoryless, _ = best_memoryless_policy(contexts, n_stages)
    known = sum(
        contexts.starts[m] @ best_policy(Model(contexts.transitions[m]), contexts.rewards[m], n_stages)[0][0]
        for m in range(3)
    )
    assert memoryless <= history + 1e-12 <= known + 2e-12


def test_nodes_follow_one_another():
    tree = HistoryTree(3, 2, 3, 1)
    children = [3 * (node + 1) + s for node in range(3 + 9) for s in range(3)]
    assert [0, 1, 2, *children] == list(range(tree.size))
    assert HistoryTree(1, 3, 5, 1).size == 5


def test_trees_are_limited():
    with pytest.raises(
        ValueError, match=f"n_stages must be lower, got 6.*more than the {NODES} allowed, or {FORCED} wh"
    ):
        HistoryTree(4, 3, 6, 1)
    assert sum(HistoryTree(4, 3, 6, 1, forced=True).levels) == (12**6 - 1) // 11
    with pytest.raises(ValueError, match=f"at least .* nodes, more than the {FORCED} allowed$"):
        HistoryTree(4, 3, 8, 1, forced=True)
    with pytest.raises(ValueError, match="n_stages must be lower"):
        HistoryTree(1, 1, 10**15, 1)
    with pytest.raises(ValueError, match="n_stages must be lower"):  # few plans, but long policies
        HistoryTree(1000, 1, 2, 1)
    with pytest.raises(ValueError, match=r"n_starts must be a whole number in 1\.\.4, got 5"):
        HistoryTree(4, 3, 2, 5)


@pytest.mark.parametrize(
    ("action", "what"),
    [
        (
            np.zeros(11, dtype=int),
            r"action must be a policy: 12 whole numbers, .* numbers \[2, 3\], .* got int64 \[11\]",
        ),
        (np.zeros(12), r"got float64 \[12\]"),
        (np.full(12, 2), r"actions of a policy must lie in 0\.\.1, got 2"),
        (np.full((2, 3), -1), r"actions of a policy must lie in 0\.\.1, got -1"),
        (None, "action must be a policy"),
        (3, "action must be a policy"),
    ],
)
def test_policies_are_checked(action, what):
    with pytest.raises(ValueError, match=what):
        HistoryTree(3, 2, 2, 1).checked(action)


def test_a_table_over_stages_is_a_policy_over_histories():
    tree = HistoryTree(2, 3, 2, 2)
    assert tree.checked([[0, 1], [2, 0]]).tolist() == [0, 1, 2, 0, 2, 0]
