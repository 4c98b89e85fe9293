"""Shortest paths and follow the perturbed leader a group: enumeration, a plain reference, bounds, the contract."""

import math
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bandits.groupwise.ftpl import GroupwiseFTPL
from bandits.groupwise.network import Network
from bandits.groupwise.problem import PathsProblem, Round
from environments.groupwise.paths import GroupedPaths, grid


def paths(edges, node=0):
    """All paths from a node to the last one, as lists of edges."""
    last = max(head for _, head in edges)
    if node == last:
        return [[]]
    return [[e, *rest] for e, (tail, head) in enumerate(edges) if tail == node for rest in paths(edges, head)]


@pytest.mark.parametrize("size", [2, 3, 4, 5, 6])
def test_a_grid_has_binomially_many_paths(size):
    assert len(paths(grid(size))) == math.comb(2 * size - 2, size - 1)
    assert Network(grid(size)).longest == 2 * size - 2


def test_paths_of_the_small_grid():
    network, t, e = Network(grid(3)), np.arange(30)[:, None], np.arange(12)[None, :]
    assert network.edges[:5] == [(0, 1), (0, 3), (1, 2), (1, 4), (2, 5)]
    costs = ((5 * t + 7 * e) % 11) / 10
    for rounds, best in ((slice(0, None, 2), 29.5), (slice(0, None, 3), 19.2), (slice(None), 59.6)):
        assert network.shortest(costs[rounds].sum(axis=0))[1] == pytest.approx(best)


@given(st.integers(0, 2**32 - 1), st.integers(2, 7))
@settings(deadline=None, max_examples=60)
def test_shortest_paths_against_enumeration(seed, nodes):
    """On any network, with costs of either sign; the choice's own cost is the length."""
    rng = np.random.default_rng(seed)
    edges = [(a, b) for a, b in pairwise(range(nodes))]
    edges += [(int(a), int(b)) for a in range(nodes) for b in range(a + 1, nodes) if rng.random() < 0.5]
    network = Network([edges[i] for i in rng.permutation(len(edges))])
    costs = rng.normal(size=len(edges))
    choice, length = network.shortest(costs)
    assert length == pytest.approx(min(costs[path].sum() for path in paths(network.edges)))
    assert network.cost(choice[None, :], costs)[0] == pytest.approx(length)
    assert network.longest == max(len(path) for path in paths(network.edges))


def test_ties_go_to_the_lower_edge():
    assert not Network(grid(4)).shortest(np.ones(24))[0].any()


@pytest.mark.parametrize(
    ("edges", "what"),
    [
        ([(0, 1), (1, 0)], r"no cycles\), got \(1, 0\)"),
        ([(0, 0)], r"no cycles\), got \(0, 0\)"),
        ([(0, 1), (0, 3), (1, 3)], "node 2 has no outgoing edge"),
        ([(1, 2)], "node 0 has no outgoing edge"),
        ([], "at least one edge"),
    ],
)
def test_networks_are_checked(edges, what):
    with pytest.raises(ValueError, match=what):
        Network(edges)


@pytest.mark.parametrize("fixed", [False, True])
def test_against_a_plain_loop(fixed):
    """The same draws, paths by enumeration, AdaNormalHedge as it is written down."""
    environment = GroupedPaths(3, horizon=120)
    tape = environment.draw(np.random.default_rng(2))
    L, m, K, edges = 6, 12, 4, environment.network.edges
    lengths = [50, 70, 80, 25, 12, 120] if fixed else None
    policy = GroupwiseFTPL(lengths=lengths)
    policy.reset(environment.problem, np.random.default_rng(3))
    rng, every = np.random.default_rng(3), [np.bincount(path, minlength=m) for path in paths(edges)]
    S, n, R, C = np.zeros((L, m)), np.zeros(L), np.zeros(L), np.zeros(L)

    def phi(r, c):
        return math.exp(max(r, 0.0) ** 2 / (3.0 * c))

    environment.begin(tape)
    for a, cost in zip(tape.groups, tape.costs, strict=True):
        observation = environment.observe()
        action = policy.choose(observation)
        z = rng.random((L, m))
        rng.random()
        on, loss = np.flatnonzero(a), np.zeros(L)
        for g in on:
            eps = math.sqrt(2 * K / (K * m * (lengths[g] if fixed else n[g] + 1)))
            loss[g] = min(every, key=lambda path, g=g, eps=eps, z=z: path @ (S[g] + z[g] / eps)) @ cost / K
        w = np.array([phi(R[g] + 1, C[g] + 1) - phi(R[g] - 1, C[g] + 1) for g in on])
        p = w / w.sum() if w.sum() > 0 else np.full(len(on), 1 / len(on))
        reward, feedback = environment.transition(action)
        assert -reward == pytest.approx(K * p @ loss[on], abs=1e-9)
        R[on] += p @ loss[on] - loss[on]
        C[on] += np.abs(p @ loss[on] - loss[on])
        S[on] += cost
        n[on] += 1
        policy.update(observation, action, feedback)


def test_rounds_without_any_group():
    policy = GroupwiseFTPL(expert_groups=["rain"])
    policy.reset(GroupedPaths(3, horizon=10).problem, np.random.default_rng(0))
    action = policy.choose(Round(np.empty(0), np.array([1, 0, 1, 0, 0, 1], np.int8)))
    assert not action.values.any()
    assert action.weights.tolist() == [1.0]


def test_use_is_checked():
    problem = PathsProblem(groups=("a",), edges=((0, 1), (0, 1)))
    with pytest.raises(ValueError, match="have no average"):
        GroupwiseFTPL(play="mixture")
    with pytest.raises(ValueError, match="lengths must hold 1 numbers"):
        GroupwiseFTPL(lengths=[3, 4]).reset(problem, np.random.default_rng(0))
    policy = GroupwiseFTPL()
    with pytest.raises(ValueError, match="at least one edge"):
        policy.reset(PathsProblem(groups=("a",), edges=()), np.random.default_rng(0))
    policy.reset(problem, np.random.default_rng(0))
    observation = Round(np.empty(0), np.ones(1, np.int8))
    with pytest.raises(RuntimeError, match="feedback that is not owed: call choose"):
        policy.update(observation, None, np.zeros(2))
    action = policy.choose(observation)
    for feedback in (np.array([0.0, np.inf]), np.zeros(1), np.zeros(3), np.float64(0.0)):
        with pytest.raises(ValueError, match="feedback must be 2 finite rewards"):
            policy.update(observation, action, feedback)
    assert not policy._sums.any()
    with pytest.raises(ValueError, match="groups must be 1 numbers"):
        policy.choose(Round(np.empty(0), np.ones(2, np.int8)))
    with pytest.raises(ValueError, match="edges must be ordered by tail"):
        PathsProblem(groups=("a",), edges=((1, 2), (0, 1)))
