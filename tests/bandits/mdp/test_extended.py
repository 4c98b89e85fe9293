"""Extended value iteration against sweeps by programmes, policy iteration and numbers of an independent program."""

import math

import numpy as np
import pytest
from scipy.optimize import linprog

from bandits.mdp.dirichlet import dirichlet_rows
from bandits.mdp.extended import SWEEPS, damped_value_iteration, extended_value_iteration
from bandits.mdp.gain import best
from bandits.mdp.model import Model
from environments.mdp.models import tables_of

RIVER = tables_of("riverswim")
VISITS = np.array([[100, 40], [90, 60], [80, 80], [70, 100], [60, 120], [50, 140]])


def river_sets(scale):
    """The sets of section UCRL2, UCRL2B and KL-UCRL at step 991 after ``VISITS``."""
    p = RIVER.model.dense()[0]
    counts = np.rint(VISITS[:, :, None] * p)
    for s, a in np.ndindex(VISITS.shape):
        counts[s, a, p[s, a].argmax()] += VISITS[s, a] - counts[s, a].sum()
    estimate, n = counts / VISITS[:, :, None], VISITS
    log = np.log(6 * 6 * 2 * n / 0.05) / n
    return estimate, {
        "l1": scale * np.sqrt(14 * 6 * math.log(2 * 2 * 991 / 0.05) / n)[:, :, None],
        "box": scale * (2 * np.sqrt(estimate * (1 - estimate) * log[:, :, None]) + 6 * log[:, :, None]),
        "kl": scale * ((math.log(12 / 0.05) + 5 * np.log(math.e * (1 + n / 5))) / n)[:, :, None],
    }


@pytest.mark.parametrize(
    ("ball", "scale", "gain", "policy"),
    [
        ("l1", 1.0, 1.0, None),
        ("box", 1.0, 1.0, None),
        ("kl", 1.0, 0.8206126938, "100111"),
        ("l1", 0.01, 0.4603326546, "111111"),
        ("box", 0.01, 0.4485932246, "111111"),
        ("kl", 0.01, 0.4771974698, "111111"),
    ],
)
def test_a_plan_on_the_river(ball, scale, gain, policy):
    estimate, widths = river_sets(scale)
    plan = extended_value_iteration(ball, RIVER.rewards, estimate, widths[ball], 1e-10)
    assert plan.gain == pytest.approx(gain, abs=1e-8)
    assert policy is None or "".join(map(str, plan.policy)) == policy


def random_sets(seed):
    rng = np.random.default_rng(seed)
    n_states, n_actions = 4, 2
    estimate = rng.dirichlet(np.full(n_states, 0.5), (n_states, n_actions))
    return rng.random((n_states, n_actions)), estimate, rng


def slow_l1(p, radius, u):
    n = len(p)
    absolute = np.block([[np.eye(n), -np.eye(n)], [-np.eye(n), -np.eye(n)], [np.zeros((1, n)), np.ones((1, n))]])
    sides = np.concatenate([p, -p, [radius]])
    return -linprog(np.concatenate([-u, np.zeros(n)]), absolute, sides, [[1.0] * n + [0.0] * n], [1.0]).fun


def slow_box(p, width, u):
    sides = list(zip(np.maximum(0.0, p - width), np.minimum(1.0, p + width), strict=True))
    return -linprog(-u, A_eq=[[1.0] * len(p)], b_eq=[1.0], bounds=sides).fun


@pytest.mark.parametrize(("ball", "slow"), [("l1", slow_l1), ("box", slow_box)])
@pytest.mark.parametrize("seed", range(3))
def test_sweeps_are_those_of_programmes(ball, slow, seed):
    """The same gain, policy and number of sweeps: differences are taken before values are shifted."""
    rewards, estimate, rng = random_sets(seed)
    widths = 0.3 * rng.random((4, 2, 4 if ball == "box" else 1))
    plan = extended_value_iteration(ball, rewards, estimate, widths, 1e-3, keep=True)
    u, sweeps, span = np.zeros(4), 0, math.inf
    while span >= 1e-3:
        q = np.array(
            [
                [
                    rewards[s, a] + slow(estimate[s, a], widths[s, a] if ball == "box" else widths[s, a, 0], u)
                    for a in (0, 1)
                ]
                for s in range(4)
            ]
        )
        differences, sweeps, last = q.max(axis=1) - u, sweeps + 1, u
        span, u = np.ptp(differences), q.max(axis=1) - q.max(axis=1).min()
    assert plan.sweeps == sweeps
    assert plan.gain == pytest.approx((differences.max() + differences.min()) / 2.0, abs=1e-7)
    assert plan.policy.tolist() == q.argmax(axis=1).tolist()
    assert rewards + plan.model @ last == pytest.approx(q, abs=1e-7)
    assert plan.model.sum(axis=2) == pytest.approx(1.0)


@pytest.mark.parametrize("ball", ["l1", "box", "kl"])
@pytest.mark.parametrize("seed", range(5))
def test_optimism(ball, seed):
    """Radius 0 gives the gain of the model; a set that holds the true model, no less than its gain."""
    rewards, true, rng = random_sets(seed)
    gain = best(Model(true), rewards).gain
    none = np.zeros((4, 2, 4 if ball == "box" else 1))
    plan = extended_value_iteration(ball, rewards, true, none, 1e-10)
    assert plan.gain == pytest.approx(gain, abs=1e-9)
    assert plan.policy.tolist() == best(Model(true), rewards).policy.tolist()
    estimate = 0.8 * true + 0.2 * rng.dirichlet(np.ones(4), (4, 2))
    off = np.abs(estimate - true)
    with np.errstate(divide="ignore", invalid="ignore"):
        apart = np.where(estimate > 0.0, estimate * np.log(estimate / true), 0.0).sum(axis=2, keepdims=True)
    widths = {"l1": off.sum(axis=2, keepdims=True), "box": off, "kl": apart}[ball]
    assert extended_value_iteration(ball, rewards, estimate, widths, 1e-8).gain >= gain - 1e-8


@pytest.mark.parametrize("ball", ["l1", "box", "kl"])
def test_relabelled_states_and_shifted_rewards(ball):
    rewards, estimate, rng = random_sets(11)
    widths = 0.2 * rng.random((4, 2, 4 if ball == "box" else 1))
    plan = extended_value_iteration(ball, rewards, estimate, widths, 1e-10)
    order = np.array([2, 0, 3, 1])
    moved = widths[order][:, :, order] if ball == "box" else widths[order]
    again = extended_value_iteration(ball, rewards[order], estimate[order][:, :, order], moved, 1e-10)
    assert again.gain == pytest.approx(plan.gain, abs=1e-9)
    assert again.policy.tolist() == plan.policy[order].tolist()
    above = extended_value_iteration(ball, rewards + 0.25, estimate, widths, 1e-10)
    assert above.gain == pytest.approx(plan.gain + 0.25, abs=1e-9)
    assert above.policy.tolist() == plan.policy.tolist()


def test_a_periodic_chain_stops_at_the_cap():
    swap = np.array([[[0.0, 1.0]], [[1.0, 0.0]]])
    rewards = np.array([[0.0], [1.0]])
    plan = extended_value_iteration("l1", rewards, swap, np.zeros((2, 1, 1)), 1e-6)
    assert (plan.gain, plan.sweeps) == (0.5, SWEEPS)
    assert extended_value_iteration("l1", rewards, swap, np.full((2, 1, 1), 0.1), 1e-6).sweeps < 1000


@pytest.mark.parametrize("seed", range(5))
def test_damped_sweeps_find_the_best_policy(seed):
    rewards, model, _ = random_sets(seed)
    assert damped_value_iteration(rewards, model, 1e-9, 10_000).tolist() == best(Model(model), rewards).policy.tolist()
    periodic = np.array([[[0.0, 1.0], [1.0, 0.0]], [[1.0, 0.0], [1.0, 0.0]]])
    assert damped_value_iteration(np.array([[0.0, 0.3], [1.0, 0.9]]), periodic, 1e-6, 10_000).tolist() == [0, 0]


def test_dirichlet_rows():
    weights = np.array([[1.0, 3.0, 0.5], [20.0, 1.0, 1.0]])
    rows = np.array([dirichlet_rows(weights, rng) for rng in np.random.default_rng(3).spawn(20_000)])
    mean = weights / weights.sum(axis=1, keepdims=True)
    variance = mean * (1.0 - mean) / (weights.sum(axis=1, keepdims=True) + 1.0)
    assert rows.sum(axis=2) == pytest.approx(1.0)
    assert (np.abs(rows.mean(axis=0) - mean) < 5.0 * np.sqrt(variance / 20_000)).all()
    assert rows.var(axis=0) == pytest.approx(variance, rel=0.06)


@pytest.mark.parametrize("alpha", [0.05, 1e-3, 1e-8])
def test_rows_of_small_weights_are_laws(alpha):
    """Gamma variates of such weights underflow: nearly all mass lies on one state, each as often."""
    rows = dirichlet_rows(np.full((3000, 3), alpha), np.random.default_rng(4))
    assert np.isfinite(rows).all()
    assert rows.sum(axis=1) == pytest.approx(1.0)
    share = rows.mean(axis=0)
    assert (np.abs(share - 1.0 / 3.0) < 5.0 * math.sqrt(2.0 / 9.0 / (3 * alpha + 1) / 3000)).all()
