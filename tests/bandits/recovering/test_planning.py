"""Fluid bound, period sets, schedules and planners: the specification's numbers, linear programmes, brute force."""

import itertools
import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import linprog

from bandits.recovering.fluid import fill, fluid, pieces_of
from bandits.recovering.planners import (
    PLANNERS,
    best_base,
    best_bases,
    gamma,
    lp_round,
    plan_value,
    pow2,
    single_base,
)
from bandits.recovering.schedule import InfeasiblePlanError, machines, offsets_of, round_up, schedule_of


def table(*rows):
    longest = max(map(len, rows))
    return np.array([[*row, *[row[-1]] * (longest - len(row))] for row in rows], dtype=float)


def geometric(a, q, longest):
    return np.array([[x * (1 - y**d) for d in range(1, longest + 1)] for x, y in zip(a, q, strict=True)])


PINWHEEL = table([0, 1], [0, 0, 1], [0, 0, 0, 0, 0, 1])
THREE = table([0.2, 0.5, 0.6, 0.6, 0.9], [0.4] * 5, [0, 0, 0.8, 0.8, 0.8])
NINE = table(*[[0] * 8 + [1]] * 9)
SMALL = geometric((1, 0.8, 0.6), (0.5, 0.7, 0.3), 6)
CASES = [
    (table([0, 1], [0.5, 0.5]), 1, 0.75, 0.75, [2, 2]),
    (table([0, 1], [0, 0, 1]), 1, 5 / 6, 0.75, [2, 4]),
    (PINWHEEL, 1, 1, 0.875, [2, 4, 8]),
    (table(*[[0, 0, 1]] * 3), 1, 1, 0.75, None),
    (NINE, 1, 1, 0.5625, None),
    (table([0.3, 0.3, 1], [0.29] * 3), 1, 0.526667, 0.395, [4, 2]),
    (table([0.3, 0.3, 0.3, 1], [0.2] * 4), 1, 0.4, 0.35, [4, 2]),
    (THREE, 1, 0.633333, 0.55, None),
    (THREE, 2, 0.916667, 0.85, None),
    (SMALL, 1, 0.6872468, 0.675765, [2, 4, 4]),
    (geometric((1, 0.8, 0.6, 0.9), (0.5, 0.7, 0.3, 0.8), 6), 2, 1.0819296, 1.07982, None),
]


def linear_programme(curves, plays):
    """The bound in its first form: y[i, d] >= 0, sum_d d y <= 1, sum y <= K."""
    n, longest = curves.shape
    d = np.arange(1, longest + 1)
    rows = np.zeros((n + 1, n * longest))
    for i in range(n):
        rows[i, i * longest : (i + 1) * longest] = d
    rows[n] = 1
    return -linprog(-curves.ravel(), A_ub=rows, b_ub=[1] * n + [plays]).fun


@st.composite
def instances(draw, most_arms=6, longest=9):
    """Random nondecreasing curves in [0, 1], with ties, and a number of plays."""
    n, d = draw(st.integers(1, most_arms)), draw(st.integers(1, longest))
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    curves = np.sort(rng.random((n, d)) if draw(st.booleans()) else rng.integers(0, 4, (n, d)) / 3.0, axis=1)
    return curves, draw(st.integers(1, n))


@pytest.mark.parametrize(("curves", "plays", "bound", "value", "periods"), CASES)
def test_fluid_bound_and_powers_of_two(curves, plays, bound, value, periods):
    assert fluid(curves, plays).value == pytest.approx(bound, abs=1e-6)
    assert linear_programme(curves, plays) == pytest.approx(bound, abs=1e-6)
    plan = pow2(curves, plays)
    assert plan.value == pytest.approx(value, abs=1e-12)
    assert periods is None or plan.periods.tolist() == periods


def test_other_bases():
    assert [single_base(NINE, 1, a).value for a in (3, 5, 7, 9)] == pytest.approx([0.75, 0.9, 9 / 14, 1.0])
    assert best_base(NINE, 1).value == pytest.approx(1.0)
    assert single_base(table(*[[0, 0, 1]] * 3), 1, 3).value == pytest.approx(1.0)
    assert single_base(table([0.3, 0.3, 1], [0.29] * 3), 1, 3).value == pytest.approx(0.43)


def test_fluid_solutions():
    assert fluid(table([0, 1], [0, 0, 1]), 1).periods.tolist() == [2, 3]
    assert fluid(SMALL, 1).periods.tolist() == [2, 6, 3]
    trap = fluid(table([0.3, 0.3, 0.3, 1], [0.2] * 4), 1)
    assert (trap.fractional, trap.shorter, trap.periods.tolist()) == (1, 1, [4, 0])
    assert trap.share == trap.frequency == pytest.approx(0.75)


def test_hulls():
    pieces = pieces_of(THREE)
    ends = {i: pieces.shorter[pieces.arms == i].tolist() for i in range(3)}
    assert ends == {0: [5, 2], 1: [1], 2: [3]}
    one = fill(pieces_of(THREE[:1]), 1, 1.0)
    assert one.value == pytest.approx(0.25)
    assert fill(pieces_of(THREE[:1]), 1, 0.2).value == pytest.approx(0.18)
    assert fluid(THREE[2:], 1).value == pytest.approx(0.266667, abs=1e-6)


@given(instances())
@settings(max_examples=80, deadline=None)
def test_greedy_filling_solves_the_linear_programme(instance):
    curves, plays = instance
    solution = fluid(curves, plays)
    assert solution.value == pytest.approx(linear_programme(curves, plays), abs=1e-8)
    values = [fluid(curves, k).value for k in range(1, len(curves) + 1)]
    assert np.all(np.diff(values) >= -1e-12)
    assert np.all(np.diff(np.diff([0.0, *values])) <= 1e-12)
    at = solution.periods
    share = [1 / d if d else 0.0 for d in at.tolist()]
    if solution.fractional >= 0:
        share[solution.fractional] = solution.frequency
        assert 0 < solution.share < 1
    assert sum(share) <= plays + 1e-9


def test_pieces_of_an_arm_stay_in_order_when_slopes_are_nearly_equal():
    """The numerical trap: collinear points give slopes equal up to rounding, and a sort may put the later first.

    Then an arm would jump to its last period while the pieces before it are still empty, and the fluid solution would
    be wrong by a whole piece. Curves ``alpha + beta d`` have all their points (1/d, R/d) on one line.
    """
    inverted = 0
    for seed in range(300):
        rng = np.random.default_rng([31, seed])
        longest, plays = int(rng.integers(5, 60)), int(rng.integers(1, 4))
        alpha, beta = rng.uniform(0.05, 0.4, (4, 1)), rng.uniform(1e-4, 0.5 / longest, (4, 1))
        curves = alpha + beta * np.arange(1, longest + 1) + 1e-15 * np.cumsum(rng.random((4, longest)), axis=1)
        x, y = 1 / np.arange(longest, 0, -1), curves[:, ::-1] / np.arange(longest, 0, -1)
        slopes = np.diff(y) / np.diff(x)
        inverted += int(np.sum(np.diff(slopes) > 0))
        pieces = pieces_of(curves)
        for i in range(4):
            mine = pieces.arms == i
            assert np.all(np.diff(pieces.shorter[mine]) < 0)
            assert pieces.longer[mine][1:].tolist() == pieces.shorter[mine][:-1].tolist()
            assert pieces.longer[mine][0] == 0
        solution = fluid(curves, plays)
        assert solution.value == pytest.approx(linear_programme(curves, plays), abs=1e-9)
        pulled = [curves[i, d - 1] / d if d else 0.0 for i, d in enumerate(solution.periods.tolist())]
        if (f := solution.fractional) >= 0:
            pulled[f] = (1 - solution.share) * pulled[f] + solution.share * curves[f, solution.shorter - 1] / (
                solution.shorter
            )
        assert sum(pulled) == pytest.approx(solution.value, abs=1e-9)
    assert inverted > 1000


@pytest.mark.parametrize(("bases", "ratio"), [(1, 1.999), (2, 1.4993), (3, 1.3329), (4, 1.2494), (5, 1.1995)])
def test_period_sets(bases, ratio):
    allowed = sorted({(2 * j - 1) << level for j in range(1, bases + 1) for level in range(14)})
    worst = 0.0
    for z in range(1, 4097):
        up = round_up(z, bases)
        assert up == next(p for p in allowed if p >= z)
        assert bases == 1 or up <= round_up(z, bases - 1)
        worst = max(worst, up / z)
    assert worst == pytest.approx(ratio, abs=1e-3)
    assert worst <= 1 + 1 / bases
    assert round_up(4 + 1e-10, bases) == round_up(4, bases) == 4
    assert round_up(2.5, bases) == round_up(3, bases)


@pytest.mark.parametrize(
    ("periods", "plays", "offsets"),
    [
        ([2, 4, 8, 8], 1, [0, 1, 3, 7]),
        ([3, 6, 6, 12], 1, [0, 1, 4, 2]),
        ([2, 4, 8, 8, 3, 6, 6, 12, 12, 12], 2, None),
    ],
)
def test_schedules(periods, plays, offsets):
    found = offsets_of(np.array(periods), plays)
    assert offsets is None or found.tolist() == offsets
    assert sum(Fraction(1, d) for d in periods) <= plays


@given(
    st.lists(st.sampled_from([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 12, 14, 16, 20, 24, 32]), min_size=1, max_size=14),
    st.integers(0, 50),
)
@settings(max_examples=150, deadline=None)
def test_no_period_has_too_many_pulls_and_all_gaps_are_the_periods(periods, start):
    plays = max(1, sum(machines(np.array(periods)).values()))
    offsets = offsets_of(np.array(periods), plays)
    cycle = math.lcm(*[d for d in periods if d])
    at = [{t for t in range(2 * cycle) if d and t % d == o} for d, o in zip(periods, offsets.tolist(), strict=True)]
    for t in range(cycle):
        assert sum(t in times for times in at) <= plays
    for times, d in zip(at, periods, strict=True):
        assert d == 0 or set(np.diff(sorted(times))) <= {d}
    rows = schedule_of(np.array(periods), offsets, start, 40, plays)
    for t, row in enumerate(rows.tolist(), start):
        pulled = [i for i, (d, o) in enumerate(zip(periods, offsets.tolist(), strict=True)) if d and t % d == o]
        assert row == pulled + [-1] * (plays - len(pulled))


def test_plans_that_do_not_fit():
    with pytest.raises(InfeasiblePlanError, match="needs 2 pulls in some period, and K = 1"):
        offsets_of(np.array([2, 3]), 1)
    with pytest.raises(ValueError, match="odd part 5, above 2 J - 1 = 3"):
        offsets_of(np.array([2, 10]), 4, bases=2)
    with pytest.raises(ValueError, match="periods must be >= 0, got -2"):
        offsets_of(np.array([-2]), 1)


def brute_force(curves, plays, base=1):
    """Best choice of periods base 2^l (or never) whose load fits."""
    levels = [0, base]
    while levels[-1] < 2 * curves.shape[1]:
        levels.append(2 * levels[-1])
    return max(
        plan_value(curves, np.array(p))
        for p in itertools.product(levels, repeat=len(curves))
        if sum(Fraction(1, d) for d in p if d) <= plays
    )


@given(instances(4, 5), st.sampled_from([1, 3, 5]))
@settings(max_examples=40, deadline=None)
def test_single_base_is_exact(instance, base):
    curves, plays = instance
    plan = single_base(curves, plays, base)
    assert plan.value == pytest.approx(brute_force(curves, plays, base), abs=1e-12)
    assert plan.value == pytest.approx(plan_value(curves, plan.periods), abs=1e-12)
    offsets_of(plan.periods, plays)


@given(instances(8, 12))
@settings(max_examples=80, deadline=None)
def test_ratios_are_never_violated(instance):
    curves, plays = instance
    bound = fluid(curves, plays).value
    rounded, filled = lp_round(curves, plays), lp_round(curves, plays, refill=True)
    assert gamma(plays) * bound - 1e-9 <= rounded.value <= bound + 1e-9
    assert rounded.value - 1e-12 <= filled.value <= bound + 1e-9
    offsets_of(rounded.periods, plays)
    offsets_of(filled.periods, plays)
    two = pow2(curves, plays)
    assert lp_round(curves, plays, most_bases=1).value - 1e-9 <= two.value <= bound + 1e-9
    assert two.value >= plays / (2 * (plays + 1)) * bound - 1e-9
    assert best_base(curves, plays).value >= two.value - 1e-12


@pytest.mark.parametrize("plays", [1, 2, 3, 4, 9, 25, 100])
@pytest.mark.parametrize("seed", range(3))
def test_ratios_with_many_plays(plays, seed):
    rng = np.random.default_rng([plays, seed])
    curves = np.sort(rng.random((3 * plays, 20)), axis=1) * rng.random((3 * plays, 1))
    curves[: plays // 2] = np.where(np.arange(20) >= rng.integers(0, 20, (plays // 2, 1)), 1.0, 0.0)
    bound, plan = fluid(curves, plays).value, lp_round(curves, plays)
    assert gamma(plays) * bound <= plan.value <= bound
    offsets_of(plan.periods, plays, bases=plays)


@given(instances(5, 6))
@settings(max_examples=40, deadline=None)
def test_monotone_scaled_padded_permuted(instance):
    curves, plays = instance
    bound, value = fluid(curves, plays).value, pow2(curves, plays).value
    higher = np.minimum(1.0, curves + 0.1)
    assert fluid(higher, plays).value >= bound - 1e-12
    assert pow2(higher, plays).value >= value - 1e-12
    assert fluid(0.3 * curves, plays).value == pytest.approx(0.3 * bound, abs=1e-12)
    assert pow2(0.3 * curves, plays).value == pytest.approx(0.3 * value, abs=1e-12)
    padded = np.vstack([curves, np.zeros((1, curves.shape[1]))])
    assert fluid(padded, plays).value == pytest.approx(bound, abs=1e-12)
    assert pow2(padded, plays).value == pytest.approx(value, abs=1e-12)
    order = np.random.default_rng(0).permutation(len(curves))
    assert fluid(curves[order], plays).value == pytest.approx(bound, abs=1e-12)
    assert pow2(curves[order], plays).value == pytest.approx(value, abs=1e-12)
    everything = sum((row / np.arange(1, len(row) + 1)).max() for row in curves)
    assert fluid(curves, len(curves)).value == pytest.approx(everything)


def test_constant_arms_are_an_ordinary_bandit():
    means = np.array([[0.3], [0.9], [0.5], [0.7]])
    for plays in (1, 2, 3):
        expected = np.sort(means.ravel())[::-1][:plays].sum()
        assert fluid(means, plays).value == pytest.approx(expected)
        assert pow2(means, plays).value == pytest.approx(expected)


GAMMA = {
    1: (1 / 4, 1),
    2: (1 / 3, 1),
    3: (3 / 8, 1),
    4: (2 / 5, 1),
    5: (0.426667, 2),
    6: (0.462963, 2),
    7: (0.489796, 2),
    8: (0.510417, 2),
    9: (0.526749, 2),
    10: (0.54, 2),
    25: (0.673391, 4),
    50: (0.754658, 6),
    100: (0.819097, 9),
    400: (0.904881, 19),
    1000: (0.938720, 31),
}


@pytest.mark.parametrize("plays", GAMMA)
def test_the_ratio(plays):
    assert gamma(plays) > 1.0 - 2.0 / plays**0.5
    assert gamma(plays) == pytest.approx(GAMMA[plays][0], abs=1e-6)
    assert best_bases(plays) == GAMMA[plays][1]


@given(instances())
@settings(max_examples=20, deadline=None)
def test_planners_by_name(instance):
    """Each is the function of its name, and its periods have the bases that it states."""
    curves, plays = instance
    functions = {"pow2": pow2, "best_base": best_base, "lp_round": lp_round, "single_base": single_base}
    assert set(functions) == set(PLANNERS)
    for name, function in functions.items():
        planner = PLANNERS.build(name)
        plan = planner.plan(curves, plays)
        assert plan.periods.tolist() == function(curves, plays).periods.tolist()
        assert set(machines(plan.periods)) <= set(planner.bases(curves.shape[1], plays))
        assert planner == PLANNERS.build(name)
    base = PLANNERS.build({"name": "single_base", "parameters": {"base": 3}})
    assert base.plan(curves, plays).periods.tolist() == single_base(curves, plays, 3).periods.tolist()
    assert base != PLANNERS.build("single_base")


@pytest.mark.parametrize(
    ("make", "text"),
    [
        (lambda: PLANNERS.build("pow3"), "unknown planner 'pow3' .did you mean 'pow2'"),
        (lambda: PLANNERS.build({"name": "single_base", "parameters": {"base": 4}}), "base must be odd, got 4"),
        (lambda: single_base(SMALL, 1, 2), "base must be odd"),
        (lambda: single_base(SMALL, 1, 0), "base must be a whole number"),
        (lambda: pow2(np.zeros((1, 4000)), 400), "the limit 1000000"),
        (lambda: lp_round(SMALL, 2, most_bases=3), r"J must be a whole number in 1\.\.2"),
        (lambda: lp_round(SMALL, 2, most_bases=0), "J must be"),
        (lambda: gamma(0), "K must be"),
        (lambda: round_up(3, 0), "J must be"),
    ],
)
def test_bad_input(make, text):
    with pytest.raises(ValueError, match=text):
        make()
