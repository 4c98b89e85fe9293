"""Dynamic programming over the stages of an episode, against linear programmes, enumeration and simulation."""

import itertools

import numpy as np
import pytest
from scipy.optimize import linprog

from bandits.mdp.model import Model
from bandits.mdp.planning import best_policy, largest_totals, occupancy, policy_values


def drawn(seed, H, S, A, own, own_rewards):
    rng = np.random.default_rng(seed)
    table = rng.dirichlet(np.full(S, 0.5), (H if own else 1, S, A))
    table[..., 0] *= rng.random(table.shape[:-1]) < 0.7  # zeros among them
    table /= table.sum(axis=-1, keepdims=True)
    model = Model(table if own and H > 1 else table[0])
    return model, rng.random((H, S, A) if own_rewards else (S, A)), rng.dirichlet(np.ones(S))


KINDS = [(s, *kind) for s, kind in enumerate(itertools.product((1, 3), (2, 3), (1, 2), (False, True), (False, True)))]


def dense(model, rewards, H):
    """Tables of all stages."""
    P = np.broadcast_to(model.dense(), (H, *model.dense().shape[1:]))
    return P, np.broadcast_to(rewards, (H, *rewards.shape[-2:]))


def value_of(P, r, policy):
    """Values [H + 1, S] of a policy of probabilities, in plain steps."""
    H, S, _ = r.shape
    V = np.zeros((H + 1, S))
    for h in reversed(range(H)):
        V[h] = (policy[h] * (r[h] + P[h] @ V[h + 1])).sum(axis=1)
    return V


def programme(P, r, start):
    """The largest expected reward of an episode as a linear programme over flows."""
    H, S, A = r.shape
    flows, sides = np.zeros((H, S, H, S, A)), np.zeros((H, S))
    sides[0] = start
    for h in range(H):
        for s in range(S):
            flows[h, s, h, s] = 1.0
            if h > 0:
                flows[h, s, h - 1] = -P[h - 1][:, :, s]
    found = linprog(-r.ravel(), A_eq=flows.reshape(H * S, -1), b_eq=sides.ravel())
    return -found.fun


@pytest.mark.parametrize(("seed", "H", "S", "A", "own", "own_rewards"), KINDS)
def test_the_best_policy_is_that_of_a_programme_and_of_enumeration(seed, H, S, A, own, own_rewards):
    model, rewards, start = drawn(seed, H, S, A, own, own_rewards)
    P, r = dense(model, rewards, H)
    values, actions = best_policy(model, rewards, H)
    assert values.shape == (H + 1, S)
    assert start @ values[0] == pytest.approx(programme(P, r, start), abs=1e-9)
    all_of_them = itertools.product(range(A), repeat=H * S)
    found = [policy_values(model, rewards, np.reshape(p, (H, S))) for p in all_of_them]
    assert np.max(found, axis=0) == pytest.approx(values, abs=1e-12)
    assert np.array_equal(policy_values(model, rewards, actions), values)
    worst = -best_policy(model, -rewards, H)[0]
    assert np.min(found, axis=0) == pytest.approx(worst, abs=1e-12)


@pytest.mark.parametrize(("seed", "H", "S", "A", "own", "own_rewards"), KINDS)
def test_policies_are_valued_as_in_plain_steps(seed, H, S, A, own, own_rewards):
    model, rewards, start = drawn(seed, H, S, A, own, own_rewards)
    P, r = dense(model, rewards, H)
    laws = np.random.default_rng(seed).dirichlet(np.full(A, 0.3), (H, S))
    values = policy_values(model, rewards, laws)
    assert values == pytest.approx(value_of(P, r, laws), abs=1e-12)
    certain = np.random.default_rng(seed).integers(0, A, (H, S))
    same = policy_values(model, rewards, certain), policy_values(model, rewards, np.eye(A)[certain])
    assert same[0] == pytest.approx(same[1], abs=1e-12)
    visits = occupancy(model, start, laws)
    assert visits.sum(axis=(1, 2)) == pytest.approx(np.ones(H), abs=1e-12)
    assert (visits * r).sum() == pytest.approx(start @ values[0], abs=1e-12)
    for h in range(1, H):
        assert visits[h].sum(axis=1) == pytest.approx(np.einsum("sa,sat->t", visits[h - 1], P[h - 1]), abs=1e-12)


@pytest.mark.parametrize(("seed", "H", "S", "A", "own", "own_rewards"), KINDS)
def test_the_largest_total_is_that_of_all_ways(seed, H, S, A, own, own_rewards):
    model, rewards, _ = drawn(seed, H, S, A, own, own_rewards)
    P, r = dense(model, rewards, H)
    totals = largest_totals(model, rewards, H)
    for start in range(S):
        found = []
        for way in itertools.product(range(S), repeat=H):
            states = (start, *way)
            for actions in itertools.product(range(A), repeat=H):
                if all(P[h, states[h], actions[h], states[h + 1]] > 0.0 for h in range(H)):
                    found.append(sum(r[h, states[h], actions[h]] for h in range(H)))
        assert totals[0, start] == pytest.approx(max(found), abs=1e-12)


def test_of_equal_actions_the_first_is_taken():
    model = Model(np.full((2, 3, 2), 0.5))
    values, actions = best_policy(model, np.array([[0.2, 0.7, 0.7], [0.0, 0.0, 0.0]]), 2)
    assert actions.tolist() == [[1, 0], [1, 0]]
    assert values[0] == pytest.approx([0.7 + 0.35, 0.35])
