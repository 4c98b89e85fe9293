"""The constant of the asymptotic lower bound against closed forms and other programs."""

import numpy as np
import pytest

from bandits.linear.asymptotic import allocation
from environments import LinearBandit
from environments.linear.actions import EndOfOptimism, unit_rows

THETA5 = np.array([3.0, -2.0, 1.0, 0.0, 0.0]) / np.sqrt(14.0)


@pytest.mark.parametrize("eps", [0.2, 0.1, 0.05, 0.01])
def test_the_end_of_optimism(eps):
    rows = EndOfOptimism(eps).table()
    found = allocation(rows, rows[:, 0], 1.0)
    assert np.isclose(found.constant, 8.0, rtol=1e-6)
    assert np.isclose(found.plays[1], 8.0, rtol=1e-6)


@pytest.mark.parametrize(("eps", "kappa", "sigma"), [(0.1, 1.0, 1.0), (0.2, 3.0, 0.5), (0.5, 1.5, 2.0)])
def test_the_end_of_optimism_in_closed_form(eps, kappa, sigma):
    rows = EndOfOptimism(eps, kappa).table()
    wanted = sigma**2 * min(2.0 * kappa**2, 2.0 / eps)
    assert np.isclose(allocation(rows, rows[:, 0], sigma).constant, wanted, rtol=1e-6)


@pytest.mark.parametrize(
    ("rows", "theta", "constant"),
    [
        (EndOfOptimism(0.1, extra=2).table(), [1.0, 0.0, 0.0], 16.0),
        (np.eye(4), [0.9, 0.7, 0.5, 0.4], 19.0),
        (unit_rows(50, 5, 7), THETA5, 40.269532),
        (unit_rows(20, 3, 7), [1.0, 0.0, 0.0], 43.271528),
    ],
)
def test_other_sets(rows, theta, constant):
    found = allocation(rows, rows @ np.array(theta), 1.0)
    assert np.isclose(found.constant, constant, rtol=1e-6)
    assert constant * (1.0 - 2e-6) <= found.certified <= found.constant


@pytest.mark.parametrize(("k", "d"), [(300, 4), (60, 12)])
def test_it_is_solved_on_few_actions_or_on_all_and_certified_for_all(k, d):
    rows = unit_rows(k, d, 3)
    found = allocation(rows, rows @ np.ones(d), 1.0)
    assert found.constant * (1.0 - 1e-6) <= found.certified <= found.constant * (1.0 + 1e-12)


def test_nearly_singular_sets_are_solved_too():
    rows = np.vander(np.linspace(-1.0, 1.0, 201), 3, increasing=True)
    found = allocation(rows, rows @ np.array([0.1, 0.5, -0.3]), 1.0)
    assert found.constant * (1.0 - 1e-6) <= found.certified <= found.constant * (1.0 + 1e-12)


def test_an_allocation_satisfies_its_constraints_at_its_price():
    rows = unit_rows(30, 4, 2)
    means = rows @ np.array([0.5, -0.5, 0.3, 0.1])
    found, best = allocation(rows, means, 0.7), int(np.argmax(means))
    gaps = means[best] - means
    bad = np.arange(30) != best
    assert np.isclose(found.plays[bad] @ gaps[bad], found.constant, rtol=1e-6)
    plays = np.where(bad, found.plays, 1e9)  # of the best as many as one likes
    inverse = np.linalg.inv((rows.T * plays) @ rows)
    widths = np.einsum("ij,jk,ik->i", rows, inverse, rows)
    assert np.all(widths[bad] <= gaps[bad] ** 2 / (2.0 * 0.7**2) * (1.0 + 1e-5))


def test_on_unit_vectors_it_is_lai_and_robbins_and_on_others_it_is_less():
    means = np.array([0.9, 0.7, 0.5, 0.4])
    assert np.isclose(allocation(np.eye(4), means, 1.0).constant, np.sum(2.0 / (0.9 - means[1:])), rtol=1e-6)
    for rows, theta, arms in ((unit_rows(50, 5, 7), THETA5, 160.66092), (unit_rows(20, 3, 7), [1, 0, 0], 89.24220)):
        means = rows @ np.array(theta)
        gaps = np.sort(means.max() - means)[1:]
        assert np.isclose(np.sum(2.0 / gaps), arms, rtol=1e-6)
        assert allocation(rows, means, 1.0).constant < arms


def test_it_scales_with_the_noise_and_the_rewards():
    rows = unit_rows(12, 3, 4)
    means = rows @ np.array([0.2, 0.5, -0.4])
    one = allocation(rows, means, 1.0).constant
    assert np.isclose(allocation(rows, means, 0.5).constant, 0.25 * one, rtol=1e-6)
    assert np.isclose(allocation(rows, 3.0 * means, 1.0).constant, one / 3.0, rtol=1e-6)


def test_what_costs_nothing():
    rows = unit_rows(5, 3, 4)
    assert allocation(rows, rows[:, 0], 0.0).constant == 0.0
    assert allocation(rows[:1], rows[:1, 0], 1.0).constant == 0.0
    assert allocation(np.array([[2.0], [1.0]]), np.array([2.0, 1.0]), 1.0).constant == 0.0  # on the line of the best


@pytest.mark.parametrize(
    ("rows", "means", "what"),
    [
        (np.eye(3), [0.5, 0.5, 0.1], r"c\* needs one best action, got \[0, 1\] tied"),
        (unit_rows(501, 2, 1), unit_rows(501, 2, 1)[:, 0], r"at most 500 actions, got 501"),
    ],
)
def test_where_there_is_none_the_tool_says_why(rows, means, what):
    with pytest.raises(ValueError, match=what):
        allocation(rows, np.array(means), 1.0)


def test_an_environment_draws_it_where_it_holds():
    bounds = LinearBandit("end_of_optimism", horizon=100)
    bounds.reset(seed=1)
    (bound,) = bounds.lower_bounds()
    assert (bound.kind, bound.time, bound.evidence) == ("lower", "asymptotic", "recalled")
    assert np.isclose(bound.curve(np.array([np.e]))[0], 8.0, rtol=1e-6)
    tied, drawn = LinearBandit([[1.0, 0.0], [1.0, 0.0]], [0.5, 0.5]), LinearBandit()
    uniform = LinearBandit("end_of_optimism", noise="uniform")
    for other in (tied, drawn, uniform):
        other.reset(seed=1)
        assert other.lower_bounds() == ()
    assert tied.instance().asymptotic_constant is None
