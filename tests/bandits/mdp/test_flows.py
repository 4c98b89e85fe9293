"""Flows nearest to given masses, in one model and in all models of a box, against general-purpose optimisers."""

import numpy as np
import pytest
from scipy.optimize import linprog, minimize

from bandits.mdp.flows import first_flow, nearest_flow, policy_of, uniform_policy
from bandits.mdp.model import Model
from bandits.mdp.optimistic_flows import nearest_optimistic_flow, upper_occupancy
from bandits.mdp.planning import occupancy
from environments.mdp.models import tables_of

GARNET = {"name": "garnet", "parameters": {"n_states": 5, "n_actions": 3, "branching": 3, "seed": 3}}


def drawn(seed, H=3, S=3, A=2, own=False):
    rng = np.random.default_rng(seed)
    moves = rng.dirichlet(np.ones(S), (H if own else 1, S, A))
    return rng, moves, Model(moves if own else moves[0]), rng.dirichlet(np.ones(S))


def missed(moves, start, flow):
    """What the flow equations miss."""
    H = len(flow)
    into = [start, *(np.einsum("sa,sat->t", flow[h], moves[h if len(moves) > 1 else 0]) for h in range(H - 1))]
    return max(np.abs(flow[h].sum(axis=1) - into[h]).max() for h in range(H))


def divergence(q, base):
    return np.sum(q * np.log(q / base) - q + base)


def slowly(moves, start, base, x):
    """The nearest flow by sequential quadratic programmes."""
    H, S, A = base.shape

    def gap(q):
        q = q.reshape(base.shape)
        into = [start, *(np.einsum("sa,sat->t", q[h], moves[h if len(moves) > 1 else 0]) for h in range(H - 1))]
        return np.concatenate([q[h].sum(axis=1) - into[h] for h in range(H)])

    found = minimize(
        lambda q: np.sum(q * x.ravel()) + divergence(q, base.ravel()),
        np.full(base.size, 1.0 / (S * A)),
        jac=lambda q: x.ravel() + np.log(q / base.ravel()),
        method="SLSQP",
        bounds=[(1e-12, 1.0)] * base.size,
        constraints={"type": "eq", "fun": gap},
        options={"maxiter": 1000, "ftol": 1e-15},
    )
    return found.x.reshape(base.shape)


@pytest.mark.parametrize("own", [False, True])
@pytest.mark.parametrize("seed", range(3))
def test_the_nearest_flow_is_that_of_a_general_optimiser(seed, own):
    rng, moves, model, start = drawn(seed, own=own)
    base, x = rng.random((3, 3, 2)), rng.random((3, 3, 2))
    flow = nearest_flow(model, start, base, x)
    assert missed(moves, start, flow) < 1e-10
    np.testing.assert_allclose(flow, slowly(moves, start, base, x), atol=2e-7)
    np.testing.assert_allclose(occupancy(model, start, policy_of(flow)), flow, atol=1e-10)


@pytest.mark.parametrize("scale", [0.0, 1e-3, 1.0, 30.0, 1e4, 1e7])
def test_flows_are_found_however_large_losses_are(scale):
    rng, moves, model, start = drawn(7, 6, 5, 3)
    base = first_flow(model, start, 6)
    flow = nearest_flow(model, start, base, scale * rng.random(base.shape))
    assert missed(moves, start, flow) < max(1e-10, 1e-14 * scale)
    if scale == 0.0:
        np.testing.assert_allclose(flow, base, atol=1e-11)


def test_a_mass_near_underflow_comes_back():
    """Equal losses up to now, then much of one action: the other one takes over, however little it had."""
    model, start = Model(np.ones((1, 2, 1))), np.ones(1)
    flow = nearest_flow(model, start, np.array([[[1.0, 1e-310]]]), np.array([[[1645.0, 0.0]]]))
    assert flow == pytest.approx(np.array([[[0.0, 1.0]]]), abs=1e-10)


def test_no_flow_is_made_up_where_losses_are_beyond_numbers():
    _, _, model, start = drawn(7)
    with pytest.raises(RuntimeError, match="choose a smaller eta"):
        nearest_flow(model, start, np.ones((3, 3, 2)), 1e90 * np.random.default_rng(0).random((3, 3, 2)))


def test_what_is_not_visited_has_no_mass_and_uniform_play():
    model, start = tables_of(GARNET).model, np.eye(5)[0]
    flow = first_flow(model, start, 4)
    assert (flow[0, 1:] == 0.0).all()
    everywhere = occupancy(model, start, uniform_policy(4, 5, 3))
    assert ((flow > 0.0) == (everywhere > 0.0)).all()
    assert (policy_of(flow)[0, 1:] == 1.0 / 3.0).all()
    later = nearest_flow(model, start, flow, np.ones(flow.shape))
    np.testing.assert_allclose(later, flow, atol=1e-11)  # equal losses of all
    assert missed(model.dense(), start, later) < 1e-10


def test_the_first_flow_has_the_largest_entropy():
    rng, _, model, start = drawn(11)
    flow = first_flow(model, start, 3)
    entropy = -np.sum(flow * np.log(flow))
    for _ in range(50):
        policy = rng.dirichlet(np.ones(2) * rng.choice([0.5, 5.0, 50.0]), (3, 3))
        other = occupancy(model, start, policy)
        assert -np.sum(other * np.log(other)) <= entropy + 1e-12


def test_a_box_without_width_leaves_one_model():
    rng, _, start = np.random.default_rng(2), None, np.eye(5)[0]
    model = tables_of(GARNET).model
    moves, base, x = model.dense(), first_flow(model, start, 4), 2.0 * rng.random((4, 5, 3))
    found = nearest_optimistic_flow(moves, moves, start, base[..., None] * moves, x)
    np.testing.assert_allclose(found.sum(axis=3), nearest_flow(model, start, base, x), atol=1e-10)


@pytest.mark.parametrize("seed", range(3))
def test_the_nearest_flow_of_a_box_is_that_of_a_general_optimiser(seed):
    rng, moves, _, start = drawn(seed, 2, 2, 2)
    low, high = np.maximum(moves - 0.15, 0.0), np.minimum(moves + 0.15, 1.0)
    base, x = rng.random((2, 2, 2, 2)), rng.random((2, 2, 2))
    flow = nearest_optimistic_flow(low, high, start, base, x)

    def gap(q):
        q = q.reshape(base.shape)
        first, second = q.sum(axis=(2, 3))
        return np.concatenate([first - start, second - q[0].sum(axis=(0, 1))])

    def room(q):
        q = q.reshape(base.shape)
        mass = q.sum(axis=3, keepdims=True)
        return np.concatenate([(q - low * mass).ravel(), (high * mass - q).ravel()])

    def objective(q):
        return np.sum(q.reshape(base.shape).sum(axis=3) * x) + divergence(q, base.ravel())

    found = minimize(
        objective,
        np.full(base.size, 1.0 / 8.0),
        method="SLSQP",
        bounds=[(1e-12, 1.0)] * base.size,
        constraints=[{"type": "eq", "fun": gap}, {"type": "ineq", "fun": room}],
        options={"maxiter": 1000, "ftol": 1e-14},
    )
    assert np.abs(gap(flow)).max() < 1e-10
    assert room(flow).min() > -1e-12
    assert objective(flow.ravel()) <= found.fun + 1e-9
    np.testing.assert_allclose(flow.ravel(), found.x, atol=1e-5)


def test_upper_occupancies_by_hand():
    model, start = tables_of(GARNET).model, np.eye(5)[0]
    moves, policy = model.dense(), uniform_policy(4, 5, 3)
    true = occupancy(model, start, policy)[3].sum(axis=1)
    assert true[[0, 3]] == pytest.approx([0.2746144651, 0.2994232874], abs=1e-9)
    low, high = np.maximum(moves - 0.1, 0.0), np.minimum(moves + 0.1, 1.0)
    found = [upper_occupancy(low, high, start, policy, 3, s) for s in range(5)]
    assert [found[0], found[3]] == pytest.approx([0.4309941382, 0.4769118665], abs=1e-9)
    assert (found >= true).all()
    assert [upper_occupancy(moves, moves, start, policy, 3, s) for s in range(5)] == pytest.approx(true, abs=1e-12)
    assert upper_occupancy(low, high, start, policy, 0, 0) == 1.0


@pytest.mark.parametrize("seed", range(3))
def test_upper_occupancies_are_those_of_a_linear_programme(seed):
    """Its variables are the masses of stage, state, action and next state."""
    rng, moves, _, start = drawn(seed, 3, 3, 2, own=True)
    policy = rng.dirichlet(np.ones(2), (3, 3))
    low, high = np.maximum(moves - 0.2, 0.0), np.minimum(moves + 0.2, 1.0)
    n, equal, right, below = 2 * 3 * 2 * 3, [], [], []

    def mass(h, s, a=None, t=None):
        row = np.zeros((2, 3, 2, 3))
        row[h, s, slice(None) if a is None else a, slice(None) if t is None else t] = 1.0
        return row.ravel()

    for h in range(2):
        for s in range(3):
            before = np.zeros((2, 3, 2, 3))
            if h:
                before[h - 1, :, :, s] = 1.0
            for a in range(2):
                equal.append(mass(h, s, a) - policy[h, s, a] * before.ravel())
                right.append(0.0 if h else policy[h, s, a] * start[s])
                for t in range(3):
                    below.append(mass(h, s, a, t) - high[h, s, a, t] * mass(h, s, a))
                    below.append(low[h, s, a, t] * mass(h, s, a) - mass(h, s, a, t))
    for state in range(3):
        goal = np.zeros((2, 3, 2, 3))
        goal[1, :, :, state] = -1.0
        best = linprog(goal.ravel(), np.array(below), np.zeros(len(below)), np.array(equal), right, bounds=[(0, 1)] * n)
        assert upper_occupancy(low, high, start, policy, 2, state) == pytest.approx(-best.fun, abs=1e-9)
