"""Transitions as their positive entries: which next state a uniform number gives, and what is refused."""

import copy
import pickle
import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bandits.mdp.model import Model, next_state

LAST = 1.0 - 2.0**-53
"""The largest uniform number that a generator draws."""


def drawn(model, row, u):
    return next_state(model.starts, model.states, model.cumulative, row, u)


def alone(row):
    """A model whose state 0 has this row; the others stay."""
    table = np.eye(len(row))[:, None, :]
    table[0, 0] = row
    return Model(table)


@pytest.mark.parametrize(
    ("u", "state"),
    [(0.0, 0), (0.1999999999999999, 0), (0.2, 2), (0.4999, 2), (0.5, 3), (0.9, 3), (LAST, 3)],
)
def test_a_state_of_probability_zero_is_never_entered(u, state):
    assert drawn(alone([0.2, 0.0, 0.3, 0.5]), 0, u) == state


@pytest.mark.parametrize("row", [[0.0, 1.0, 0.0], [0.5, 0.5, 0.0], [0.0, 0.0, 1.0], [0.0, 0.3, 0.7]])
def test_the_first_and_the_last_number_enter_states_that_are_there(row):
    model = alone(row)
    positive = np.flatnonzero(row)
    assert drawn(model, 0, 0.0) == positive[0]
    assert drawn(model, 0, LAST) == positive[-1]


def test_a_running_sum_that_ends_below_one_is_made_good():
    """Ten tenths add up to 1 - 1.1e-16, below the largest uniform number, and after them comes a zero."""
    row = [0.1] * 10 + [0.0]
    assert np.cumsum(row)[-1] == LAST
    model = alone(row)
    assert model.cumulative[9] == 1.0
    assert drawn(model, 0, LAST) == 9


@given(st.integers(1, 8), st.integers(0, 2**32), st.floats(0.0, LAST))
def test_against_a_walk_over_the_whole_row(n, seed, u):
    """Dense rows with zeros, and the same by entries in any order and cut in two: one answer, the obvious one."""
    g = np.random.default_rng(seed)
    row = g.random(n) * (g.random(n) < 0.6)
    row[g.integers(n)] += 0.5
    row /= row.sum()
    model = alone(row)
    total, expected = 0.0, None
    for state, share in enumerate(row):
        total = total + share
        if share > 0.0 and (total > u or state == np.flatnonzero(row)[-1]):
            expected = state
            break
    assert drawn(model, 0, u) == expected
    order = g.permutation(n)
    starts = np.concatenate([[0, n], n + 1 + np.arange(n - 1)])
    sparse = Model.sparse(starts, np.concatenate([order, np.arange(1, n)]), np.append(row[order], np.ones(n - 1)), n, 1)
    assert sparse == model
    assert hash(sparse) == hash(model)
    assert sparse.cumulative.tolist() == model.cumulative.tolist()
    assert drawn(sparse, 0, u) == expected


def test_entries_given_twice_add_up_and_zeros_are_dropped():
    model = Model.sparse([0, 4, 5], [1, 0, 1, 0, 1], [0.25, 0.5, 0.25, 0.0, 1.0], 2, 1)
    assert model.row(0, 0)[0].tolist() == [0, 1]
    assert model.row(0, 0)[1].tolist() == [0.5, 0.5]
    assert model.support == 2


def test_nobody_can_change_a_model_and_copies_are_it():
    model = alone([0.2, 0.8])
    for array in (model.starts, model.states, model.probabilities, model.cumulative):
        with pytest.raises(ValueError, match="read-only"):
            array[0] = 0
    assert copy.deepcopy(model) is model
    other = pickle.loads(pickle.dumps(model))
    assert other == model
    assert not other.probabilities.flags.writeable


def test_a_row_within_rounding_is_divided_by_its_sum():
    assert alone([0.5, 0.5 + 5e-10]).row(0, 0)[1].sum() == pytest.approx(1.0, abs=1e-15)


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ([0.5, 0.4], "transitions must sum to 1 over next states, got 0.9 in state 0, action 0"),
        (
            [0.5, 0.5 + 2**-28],
            "transitions must sum to 1 over next states, got 1.0000000037252903 in state 0, action 0",
        ),
        ([1.5, -0.5], "transitions must be finite and not negative, got -0.5 for state 1 in state 0, action 0"),
        ([np.nan, 1.0], "transitions must be finite and not negative, got nan for state 0 in state 0, action 0"),
        ([np.inf, 0.0], "transitions must be finite and not negative, got inf for state 0 in state 0, action 0"),
        ([0.0, 0.0], "transitions must sum to 1 over next states, got 0.0 in state 0, action 0"),
    ],
)
def test_a_bad_row_is_refused_and_named(row, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        alone(row)


def test_a_bad_row_of_a_stage_is_named_with_it():
    table = np.full((3, 2, 2, 2), 0.5)
    table[2, 1, 0] = 0.3, 0.3
    with pytest.raises(ValueError, match=r"got 0.6 in state 1, action 0, stage 2"):
        Model(table)


@pytest.mark.parametrize("shape", [(2, 2), (2, 1, 3), (0, 1, 0), (2, 2, 2, 2, 2)])
def test_another_shape_is_refused(shape):
    with pytest.raises(ValueError, match=r"transitions must be probabilities \[states, actions, states\], or .* got"):
        Model(np.full(shape, 0.5))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (([0, 1], [0], [1.0], 2, 1), r"starts must be 3 whole numbers from 0 on, not falling, got shape \(2,\)"),
        (([0, 1, 2], [0], [1.0], 2, 1), r"states and probabilities must have 2 entries, as starts say, got"),
        (([0, 1, 2], [0, 2], [1.0, 1.0], 2, 1), r"states must lie in 0..1, got 0..2"),
        (([0, 1, 2], [0, 1], [1.0, -1.0], 2, 1), r"not negative, got -1.0 in state 1, action 0"),
        (([0, 1, 2], [0, 1], [1.0, 0.5], 2, 1), r"got 0.5 in state 1, action 0"),
        (([0, 1], [0], [1.0], 0, 1), "n_states must be a whole number >= 1, got 0"),
        (([0, 1], [0], [1.0], 1, 1.5), "n_actions must be a whole number >= 1, got 1.5"),
        (([0, 1], [0], [1.0], 1, 1, 0), "n_stages must be a whole number >= 1, got 0"),
    ],
)
def test_entries_that_do_not_fit_are_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        Model.sparse(*arguments)


def test_a_dense_table_that_does_not_fit_into_memory_is_refused():
    n = 50_000
    model = Model.sparse(np.arange(n + 1), np.arange(n), np.ones(n), n, 1)
    with pytest.raises(ValueError, match="n_states must be lower, got too much"):
        model.dense()
