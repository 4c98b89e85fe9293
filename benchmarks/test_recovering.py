"""Speed of the recovering family: fifty arms, five pulls a period, one core; planners for a thousand arms."""

import numpy as np
import pytest
from games import LOOP, ROUNDS, loop, replicates, rounds_a_second, within
from timing import measure

from bandits.recovering.fluid import fluid
from bandits.recovering.planners import best_base, gamma, lp_round, pow2
from environments.recovering.curves import curves_of
from environments.recovering.optimum import average_optimum

FIFTY = {"curves": {"name": "random_monotone", "parameters": {"recovery": 20, "seed": 1}}, "n_arms": 50, "plays": 5}
PERIODS = 1_000_000


@pytest.mark.parametrize(
    "name", ["ppp_ucb", "explore_then_plan", "greedy_ucb", "idle_blind_ucb", "random_pulls", "foresight"]
)
def test_a_period(record, name):
    """Planning included: PPP-UCB makes about a thousand plans in 10^6 periods."""
    play = lambda: replicates({"name": "recovering", "parameters": FIFTY}, name, PERIODS)  # noqa: E731
    pairs = measure(play, loop, "period", (PERIODS, ROUNDS), repeats=3)
    record(f"`{name}`", pairs, LOOP, rounds_a_second(1e6))


@pytest.mark.parametrize(("longest", "plays"), [(64, 5), (64, 50), (200, 20)])
@pytest.mark.parametrize(("planner", "seconds"), [(pow2, 1), (lp_round, 1), (best_base, 10)])
def test_planners(record, planner, seconds, longest, plays):
    """A plan for a thousand arms in a second, by ``best_base`` (one knapsack an odd base) in ten."""
    rng = np.random.default_rng([longest, plays])
    curves = np.sort(rng.random((1000, longest)), axis=1) * rng.random((1000, 1))
    assert planner is not lp_round or planner(curves, plays).value >= gamma(plays) * fluid(curves, plays).value
    pairs = measure(lambda: planner(curves, plays), loop, "plan", repeats=3)
    record(f"`{planner.__name__}`, D = {longest}, K = {plays}", pairs, LOOP, within(seconds))


@pytest.mark.parametrize("longest", [6, 12])
def test_the_exact_optimum(record, longest):
    """Value iteration on five arms with two pulls, up to the size limit of 5e6 states times actions, in a minute."""
    curves = curves_of({"name": "random_monotone", "parameters": {"recovery": longest, "seed": 3}}, 5)
    solve = lambda: average_optimum(curves, 2, tolerance=1e-8)  # noqa: E731
    pairs = measure(solve, loop, "solve", repeats=1)
    record(f"exact average optimum, {longest**5:,} states", pairs, LOOP, within(60))
