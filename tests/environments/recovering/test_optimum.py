"""The exact optimum of tiny instances: the specification's numbers and brute force."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bandits.recovering.fluid import fluid
from bandits.recovering.planners import best_base, lp_round, pow2
from environments.recovering.curves import curves_of, padded
from environments.recovering.optimum import average_optimum, finite_optimum, size_of

THREE = [[0.2, 0.5, 0.6, 0.6, 0.9], [0.4] * 5, [0, 0, 0.8, 0.8, 0.8]]


def geometric(a, q):
    return {"name": "geometric", "parameters": {"a": a, "q": q, "recovery": 6}}


@pytest.mark.parametrize(
    ("curves", "plays", "value"),
    [
        ([[0, 1], [0.5, 0.5]], 1, 0.75),
        ([[0, 1], [0, 0, 1]], 1, 0.75),
        ([[0, 1], [0, 0, 1], [0, 0, 0, 0, 0, 1]], 1, 0.875),
        ([[0, 0, 1]] * 3, 1, 1.0),
        ([[0.3, 0.3, 1], [0.29]], 1, 0.5266666667),
        ([[0.3, 0.3, 0.3, 1], [0.2]], 1, 0.4),
        (THREE, 1, 0.62),
        (THREE, 2, 0.9),
        (
            geometric([1, 0.8, 0.6], [0.5, 0.7, 0.3]),
            1,
            0.6847801333,
        ),
        (
            geometric([1, 0.8, 0.6, 0.9], [0.5, 0.7, 0.3, 0.8]),
            2,
            1.07982,
        ),
    ],
)
def test_long_run_optimum(curves, plays, value):
    found = average_optimum(curves_of(curves), plays)
    assert found.value == pytest.approx(value, abs=1e-9)
    assert found.span < 1e-10


def test_the_number_of_states():
    curves = curves_of(geometric([1, 0.8, 0.6], [0.5, 0.7, 0.3]))
    assert size_of(curves, 1) == 216 * 4


def test_finite_horizons():
    curves = curves_of([[0.1, 0.6, 0.7], [0.5, 0.5, 0.5]])
    cold, recovered = (finite_optimum(curves, 1, 10, start) for start in ("cold", "recovered"))
    assert cold[[0, 1, 2, 3, 4, 5, 9]] == pytest.approx([0.5, 1.1, 1.7, 2.2, 2.8, 3.4, 5.6])
    assert recovered[[0, 1, 2, 3, 4, 5, 9]] == pytest.approx([0.7, 1.2, 1.8, 2.4, 2.9, 3.5, 5.8])
    assert average_optimum(curves, 1).value == pytest.approx(0.566667, abs=1e-6)
    assert fluid(padded(curves), 1).value == pytest.approx(0.566667, abs=1e-6)


@st.composite
def tiny(draw):
    n = draw(st.integers(1, 3))
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    rows = [np.sort(rng.random(int(rng.integers(1, 4)))).tolist() for _ in range(n)]
    return rows, draw(st.integers(1, n))


@given(tiny())
@settings(max_examples=30, deadline=None)
def test_bounds_on_the_optimum(instance):
    rows, plays = instance
    curves = curves_of(rows)
    table, value = padded(curves), average_optimum(curves, plays).value
    bound = fluid(table, plays).value
    for plan in (pow2(table, plays), lp_round(table, plays), best_base(table, plays)):
        assert plan.value <= value + 1e-9
    assert value <= bound + 1e-9
    finite = finite_optimum(curves, plays, 30)
    assert np.all(finite <= np.arange(1, 31) * bound + 1e-9)
    higher = curves_of([np.minimum(1.0, np.array(row) + 0.1).tolist() for row in rows])
    assert average_optimum(higher, plays).value >= value - 1e-9
    if plays == len(rows):
        assert value == pytest.approx(bound, abs=1e-9)


def brute_force(curves, plays, horizon, start):
    """Best total over all sequences of sets."""
    n = len(curves)
    sets = [s for k in range(plays + 1) for s in itertools.combinations(range(n), k)]
    best = 0.0
    for sequence in itertools.product(sets, repeat=horizon):
        last = [-1 if start == "cold" else -len(c) for c in curves]
        total = 0.0
        for t, pulled in enumerate(sequence):
            for i in pulled:
                total += curves[i][min(t - last[i], len(curves[i])) - 1]
                last[i] = t
        best = max(best, total)
    return best


@given(tiny(), st.integers(1, 4), st.sampled_from(["cold", "recovered"]))
@settings(max_examples=30, deadline=None)
def test_finite_optimum_equals_brute_force(instance, horizon, start):
    rows, plays = instance
    curves = curves_of(rows)
    assert finite_optimum(curves, plays, horizon, start)[-1] == pytest.approx(
        brute_force(curves, plays, horizon, start), abs=1e-12
    )


def test_size_limit():
    curves = curves_of({"name": "linear", "parameters": {"a": 1.0, "recovery": 20}}, 6)
    with pytest.raises(ValueError, match=r"4.48e\+08 states x actions, more than the limit 5e\+06"):
        average_optimum(curves, 1)
    small = curves_of([[0.0, 1.0]])
    assert average_optimum(small, 1, force=True).value == pytest.approx(0.5)
