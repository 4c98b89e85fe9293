"""Estimates of Q-functions and the dilated bonus, against sums over all that can happen and against formulas."""

import numpy as np
import pytest

from bandits.linear.log_barrier_ftrl import log_barrier
from bandits.mdp.estimators import dilated_bonus, estimate
from bandits.mdp.flows import uniform_policy
from bandits.mdp.model import Model
from bandits.mdp.planning import occupancy
from environments.mdp.models import tables_of

ONE_HOT = np.empty((0, 0))


def estimated(features, visits, gamma, played, losses, reduced):
    q, norms = np.full((2, *visits.shape), np.nan)
    assert estimate(features, visits, gamma, np.array(played), np.array(losses, dtype=float), reduced, q, norms)
    return q, norms


def plainly(features, visits, gamma, played, losses, reduced):
    """The same, word for word."""
    n_stages, n = visits.shape
    q, norms = np.empty((2, n_stages, n))
    for h in range(n_stages):
        inverse = np.linalg.inv(
            gamma * np.eye(features.shape[1]) + sum(visits[h, x] * np.outer(features[x], features[x]) for x in range(n))
        )
        products = features @ inverse @ features.T
        g, norms[h] = products[:, played[h]], np.diag(products)
        q[h] = g * sum(losses[h:])
        if reduced:
            q[h] += (n_stages - h) * (-np.minimum(g, 0.0) + np.minimum(products, 0.0) @ visits[h])
    return q, norms


def drawn(seed, n_stages=3, n=7, d=3):
    rng = np.random.default_rng(seed)
    features = rng.normal(size=(n, d))
    features /= np.linalg.norm(features, axis=1, keepdims=True) * rng.uniform(1.0, 2.0, (n, 1))
    return rng, features, rng.dirichlet(np.ones(n), n_stages)


@pytest.mark.parametrize("reduced", [False, True])
@pytest.mark.parametrize("seed", range(5))
def test_estimates_and_norms_are_those_of_the_formulas(seed, reduced):
    rng, features, visits = drawn(seed)
    visits[1, 2] = 0.0  # what is not visited
    arguments = (features, visits, 0.05, rng.integers(7, size=3), rng.random(3), reduced)
    for ours, theirs in zip(estimated(*arguments), plainly(*arguments), strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-10, atol=1e-12)


THREE = np.array([[1.0, 0.0], [0.0, 1.0], [0.5**0.5, 0.5**0.5]])


@pytest.mark.parametrize(
    ("gamma", "reach", "means", "standard", "reduced"),
    [
        (
            0.0,
            0.8,
            [0.3, 0.8, 0.7778174593],
            [-0.4571428571, -0.1714285714, 0.2424366107],
            [-0.1142857143, 0.0571428571, 0.2424366107],
        ),
        (
            0.05,
            1.0,
            [0.2949308756, 0.7073732719, 0.7087360595],
            [-0.3686635945, -0.1382488479, 0.2346160749],
            [-0.0230414747, 0.0921658986, 0.2346160749],
        ),
    ],
)
def test_three_features_by_hand(gamma, reach, means, standard, reduced):
    """Losses of at most ``reach``: the range scales with them."""
    visits, theta = np.array([[0.5, 0.25, 0.25]]), np.array([0.3, 0.8])
    for kind, least in ((False, standard), (True, reduced)):
        rows = np.array(
            [reach * estimated(THREE, visits, gamma, [y], [THREE[y] @ theta / reach], kind)[0][0] for y in range(3)]
        )
        assert visits[0] @ rows == pytest.approx(means, abs=1e-9)
        assert rows.min(axis=0) == pytest.approx(least, abs=1e-9)


@pytest.mark.parametrize("seed", range(8))
def test_both_estimates_have_one_mean_and_their_own_lower_bounds(seed):
    """Summed over the law of what is played at a stage, whatever the losses from there on are."""
    _, features, visits = drawn(seed, 1)
    losses, found = np.random.default_rng(seed).random(7), {}
    for reduced in (False, True):
        rows = [estimated(features, visits, 0.02, [y], [losses[y]], reduced) for y in range(7)]
        found[reduced] = np.array([q[0] for q, _ in rows])
        norms = np.sqrt(rows[0][1][0])
    assert visits[0] @ found[True] == pytest.approx(visits[0] @ found[False], abs=1e-12)
    assert (found[True] >= -norms - 1e-12).all()
    assert (found[False] >= -norms * norms.max() - 1e-12).all()
    assert found[True].min() > found[False].min()


@pytest.mark.parametrize("gamma", [0.0, 0.1])
def test_a_coordinate_for_each_pair_leaves_nothing_to_reduce(gamma):
    rng, _, visits = drawn(3)
    played, losses = rng.integers(7, size=3), rng.random(3)
    plain = estimated(np.eye(7), visits, gamma, played, losses, False)
    for features in (np.eye(7), ONE_HOT):
        for reduced in (False, True):
            for ours, theirs in zip(estimated(features, visits, gamma, played, losses, reduced), plain, strict=True):
                np.testing.assert_allclose(ours, theirs, rtol=1e-13, atol=0.0)
    assert np.count_nonzero(plain[0]) == 3


def test_features_that_do_not_span_are_told():
    visits = np.array([[1.0, 0.0]])
    for features in (np.eye(2), ONE_HOT):
        q, norms = np.empty((2, 1, 2))
        known = estimate(features, visits, 0.0, np.array([1]), np.array([0.5]), False, q, norms)
        assert not known


def switching_model():
    return tables_of({"name": "garnet", "parameters": {"n_states": 5, "n_actions": 3, "branching": 3, "seed": 3}}).model


def bonus_of(model, policy, norms, beta):
    bonus = np.full(policy.shape, np.nan)
    dilated_bonus(model.n_stages, model.starts, model.states, model.probabilities, policy, norms, beta, bonus)
    return bonus


def test_the_dilated_bonus_by_hand():
    model, policy = switching_model(), uniform_policy(4, 5, 3)
    norms = 1.0 / (0.1 + occupancy(model, np.eye(5)[0], policy))
    bonus = bonus_of(model, policy, norms, 0.01)
    assert bonus[0, 0] == pytest.approx([0.5886677399, 0.5627589187, 0.5420752722], abs=1e-9)
    assert bonus[3, 0] == pytest.approx([0.1044178378] * 3, abs=1e-9)
    assert bonus[0].sum() == pytest.approx(11.1493446199, abs=1e-9)


@pytest.mark.parametrize("own", [False, True])
def test_the_dilated_bonus_is_that_of_the_formula(own):
    rng, H, S, A = np.random.default_rng(5), 3, 4, 2
    moves = rng.dirichlet(np.ones(S), (H if own else 1, S, A))
    policy, norms = rng.dirichlet(np.ones(A), (H, S)), rng.random((H, S, A))
    expected, following = np.empty((H, S, A)), np.zeros(S)
    for h in reversed(range(H)):
        local = 0.3 * (norms[h] + (policy[h] * norms[h]).sum(axis=1, keepdims=True))
        expected[h] = local + (1 + 1 / H) * moves[h if own else 0] @ following
        following = (policy[h] * expected[h]).sum(axis=1)
    found = bonus_of(Model(moves if own else moves[0]), policy, norms, 0.3)
    np.testing.assert_allclose(found, expected, rtol=1e-12)


@pytest.mark.parametrize(
    ("x", "law"),
    [
        ([0, 1], [0.6180339887, 0.3819660113]),
        ([0, 1, 3], [0.4793564664, 0.3240303992, 0.1966131344]),
        ([7, 7, 7, 7], [0.25] * 4),
        ([-50, 0, 1e6, 2], [0.9615528168, 0.0195924824, 0.0000009999, 0.0188537008]),
    ],
)
def test_the_step_of_the_log_barrier(x, law):
    found = np.empty(len(x))
    log_barrier(np.array(x, dtype=float), 1.0, found)
    assert found == pytest.approx(law, abs=1e-9)
    slopes = np.array(x) - 1.0 / found  # of <p, x> + sum ln(1 / p), equal at the minimum on the simplex
    assert slopes == pytest.approx(np.full(len(x), slopes[0]), rel=1e-9, abs=1e-7)
