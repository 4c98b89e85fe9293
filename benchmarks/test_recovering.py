"""Speed of the recovering family: N = 50 arms, K = 5 pulls a period, one core; planners up to N = 1,000 arms.

Ratios to the hand-written UCB1 loop of ``test_arms`` (18 M rounds/s where the targets were set), measured in the same
run; absolute numbers are printed beside. Run with ``make bench``.
"""

import numpy as np
import pytest
from test_arms import ROUNDS as REFERENCE_ROUNDS
from test_arms import reference
from timing import ratio, seconds

from bandits.recovering.fluid import fluid
from bandits.recovering.planners import best_base, gamma, lp_round, pow2
from environments.recovering.curves import curves_of
from environments.recovering.optimum import average_optimum
from experiments.cells import Cell, run_cell

CURVES = {"family": "random_monotone", "recovery": 20, "arms": 50, "seed": 1}


def cell(name, periods, **parameters):
    """What ``regretlab run`` does for one replicate."""
    environment = {"name": "recovering", "parameters": {"curves": CURVES, "plays": 5}}
    return run_cell(Cell("p", environment, {"name": name, "parameters": parameters}, name, periods, 1, 0, 1, 200))


@pytest.mark.parametrize(
    ("name", "target"),
    [
        ("ppp_ucb", 1.0),
        ("explore_then_plan", 1.0),
        ("greedy_ucb", 1.0),
        ("idle_blind_ucb", 1.0),
        ("random_pulls", 1.0),
        ("foresight", 1.0),
    ],
)
def test_periods_a_second(name, target):
    """Planning included: PPP-UCB makes about a thousand plans in 10^6 periods."""
    periods = 1_000_000
    times, ours, theirs = ratio(lambda: cell(name, periods), reference, pairs=3)
    share = periods / REFERENCE_ROUNDS / times
    speeds = f"{periods / ours / 1e6:.2f} M periods/s, hand-written UCB1 {REFERENCE_ROUNDS / theirs / 1e6:.1f} M"
    print(f"\n{name}: {speeds}, ratio {share:.3f}")
    assert share >= target / 18.0


@pytest.mark.parametrize("arms", [100, 300, 1000])
@pytest.mark.parametrize(("longest", "plays"), [(64, 5), (64, 50), (200, 20)])
def test_planners(arms, longest, plays):
    """Each plans 1,000 arms in under a second, ``best_base`` (one knapsack an odd base) on the small case only."""
    rng = np.random.default_rng([arms, longest, plays])
    curves = np.sort(rng.random((arms, longest)), axis=1) * rng.random((arms, 1))
    planners = [pow2, lp_round] + ([best_base] if plays == 5 else [])
    bound = fluid(curves, plays).value
    print(
        f"\nN = {arms}, D = {longest}, K = {plays}: fluid bound in {seconds(lambda: fluid(curves, plays)):.3f} s",
        end="",
    )
    for planner in planners:
        planner(curves[:2], 1)
        took = seconds(lambda planner=planner: planner(curves, plays))
        share = planner(curves, plays).value / bound
        print(f", {planner.__name__} {share:.3f} of it in {took:.3f} s", end="")
        assert took < (1.0 if planner is not best_base else 10.0)
        assert planner is not lp_round or share >= gamma(plays)
    print()


@pytest.mark.parametrize("longest", [6, 12])
def test_the_exact_optimum(longest):
    """Value iteration on five arms with two pulls, up to the size limit of 5e6 states times actions."""
    curves = curves_of({"family": "random_monotone", "recovery": longest, "arms": 5, "seed": 3})
    took = seconds(lambda: average_optimum(curves, 2, tolerance=1e-8))
    print(f"\nD = {longest}: {longest**5} states, 16 actions in {took:.2f} s")
    assert took < 60
