"""Tournaments among arms against a look at all of them."""

import math

import numpy as np
import pytest

from bandits.arms.kinetic import climb, line, line_stands, rival, settle, tournament
from bandits.arms.tournament import after, build, first, put, tree_of
from bandits.arms.tournament import rival as rival_in_tree
from bandits.kernels import kernel

SIZES = [1, 2, 3, 5, 8, 13, 64, 100]


@pytest.mark.parametrize("n_arms", SIZES)
def test_arms_whose_bounds_reach_a_level(n_arms):
    rng, bounds, tree = np.random.default_rng(n_arms), np.full(n_arms, math.inf), tree_of(n_arms)
    for trial in range(300):
        if trial % 50 == 49:
            bounds = rng.integers(-3, 4, n_arms).astype(float)
            tree[tree.size // 2 :][:n_arms] = bounds
            build(tree)
        else:
            arm = int(rng.integers(n_arms))
            bounds[arm] = rng.choice([-math.inf, math.inf, *range(-3, 4)])
            put(tree, arm, bounds[arm])
        assert tree[1] == bounds.max()
        for arm in range(n_arms):
            assert rival_in_tree(tree, arm) == np.delete(bounds, arm).max(initial=-math.inf)
        for level in (-math.inf, -2.0, 0.0, 3.0, 4.0, math.inf):
            found, arm = [], first(tree, level)
            while arm >= 0:
                if arm < n_arms:  # at -inf, the leaves that are no arms come last
                    found.append(arm)
                arm = after(tree, arm, level)
            assert found == np.flatnonzero(bounds >= level).tolist(), (bounds, level)


@kernel
def climb_lines(arm, now, rows, winners, until):
    climb(line, line_stands, arm, now, rows, winners, until)


@kernel
def settle_lines(now, rows, winners, until):
    return settle(line, line_stands, now, rows, winners, until)


@kernel
def rival_of_lines(arm, later, rows, winners, until):
    return rival(line, arm, later, rows, winners, until)


def few_values(rng):
    """Lines that often tie, or are the same."""
    return rng.integers(-2, 3), rng.integers(0, 3) / 2.0


def apart_by_rounding(rng):
    return 0.1 + rng.integers(-3, 4) * 2.0**-56, 0.3 + rng.integers(-3, 4) * 2.0**-54


def means_that_cancel(rng):
    return -1e6 * rng.integers(1, 4), 1e6 * rng.integers(1, 4) + 1e-9 * rng.random()


def any_line(rng):
    return rng.standard_normal(), rng.random()


@pytest.mark.parametrize("draw", [few_values, apart_by_rounding, means_that_cancel, any_line])
@pytest.mark.parametrize("n_arms", SIZES)
def test_the_leader_is_the_lowest_arm_with_the_largest_index(n_arms, draw):
    rng, now, seen = np.random.default_rng([n_arms, 7]), 0.0, 0
    rows = np.zeros((n_arms, 2))
    rows[:, 0] = math.inf
    winners, until = tournament(n_arms)
    for _ in range(2000):
        for arm in rng.integers(n_arms, size=rng.integers(0, 3)).tolist():  # others may be out of date meanwhile
            rows[arm] = draw(rng)
            climb_lines(arm, now, rows, winners, until)
        now += rng.choice([0.0, 1e-9, 1e-3, 0.1])
        indices = rows[:, 0] + rows[:, 1] * now
        leader = settle_lines(now, rows, winners, until)
        assert leader == indices.argmax()
        later = now + rng.choice([0.0, 1e-6, 0.1, 3.0])
        level = rival_of_lines(leader, later, rows, winners, until)
        others = np.delete(rows[:, 0] + rows[:, 1] * later, leader)
        assert level in (math.inf, others.max(initial=-math.inf))
        seen += level < math.inf
    assert seen > 100


def test_results_stand_while_the_clock_hardly_moves():
    """A thousand arms, ten thousand steps of ``sqrt(2 ln t)``: few matches are played that no arm's play calls for."""
    rng, n_arms, matches = np.random.default_rng(1), 1000, 0
    rows = np.column_stack([rng.random(n_arms), 1.0 / np.sqrt(rng.integers(5, 50, n_arms))])
    winners, until = tournament(n_arms)
    clocks = np.sqrt(2.0 * np.log(np.arange(10_000, 20_000)))
    settle_lines(clocks[0], rows, winners, until)
    for now in clocks:
        matches += int(np.sum(until[1:n_arms] < now))
        assert settle_lines(now, rows, winners, until) == np.argmax(rows[:, 0] + rows[:, 1] * now)
    assert 0 < matches < len(clocks)
