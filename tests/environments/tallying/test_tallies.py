"""Weights, losses, attainable tallies and certificates; all that must be refused."""

import itertools
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from environments.tallying.bandit import TallyingBandit
from environments.tallying.losses import LOSSES, Constant, UnknownTallyError
from environments.tallying.tallies import Tallies, TooManyTalliesError, attainable_tallies

CONSTANT = {"name": "constant", "parameters": {"c": 0.5}}


@given(st.lists(st.sampled_from([0.0, 0.1, 0.25, 0.5, 1.0, 0.3]), min_size=0, max_size=8))
def test_attainable_tallies_are_all_subset_sums(later):
    weights = np.array([0.7, *later])
    sums = sorted(0.7 + sum(c) for n in range(len(later) + 1) for c in itertools.combinations(later, n))
    distinct = [y for i, y in enumerate(sums) if i == 0 or y - sums[i - 1] > 1e-9]
    assert attainable_tallies(weights) == pytest.approx(distinct)


def test_attainable_tallies_of_equal_weights_are_counts():
    assert attainable_tallies(np.ones(50)).tolist() == list(range(1, 51))
    with pytest.raises(TooManyTalliesError, match="more than 1048576"):
        attainable_tallies(0.9 ** np.arange(40))


@pytest.mark.parametrize(
    ("weights", "row"),
    [
        ("uniform", [1, 1, 1, 1]),
        ("linear", [1, 0.75, 0.5, 0.25]),
        ({"name": "exponential", "parameters": {"beta": 0.5}}, [1, 0.5, 0.25, 0.125]),
        ({"name": "linear", "parameters": {"normalise": True}}, [0.4, 0.3, 0.2, 0.1]),
        ({"name": "table", "parameters": {"values": [2, 0, 1, 0]}}, [2, 0, 1, 0]),
        ([3, 2, 1, 0], [3, 2, 1, 0]),
    ],
)
def test_weights(weights, row):
    environment = TallyingBandit([CONSTANT, CONSTANT], 4, weights)
    assert environment.instance().tallies.weights == pytest.approx(np.array([row, row], dtype=float))


def test_weights_for_each_action():
    environment = TallyingBandit([CONSTANT, CONSTANT], weights=[[1, 0], [2, 1]])
    assert environment.instance().tallies.weights.tolist() == [[1, 0], [2, 1]]


@pytest.mark.parametrize(
    ("weights", "memory", "text"),
    [
        ("uniform", None, "memory must be given"),
        ("uniform", 0, "memory must be a whole number >= 1"),
        ("uniform", 2.5, "memory must be a whole number"),
        ("uniforn", 3, "unknown kind of weights 'uniforn' .did you mean 'uniform'"),
        ({"name": "exponential"}, 3, "weights: Exponential needs the parameter 'beta'"),
        ({"name": "exponential", "parameters": {"beta": 1.5}}, 3, "weights: beta must be"),
        ({"name": "linear", "parameters": {"beta": 0.5}}, 3, "weights.parameters.beta: Linear has no parameter 'beta'"),
        ({"name": "linear", "parameters": {"normalise": 1}}, 3, "normalise must be true or false"),
        ([1.0, -0.5], None, "finite numbers >= 0, got -0.5 for action 0, 1 rounds ago"),
        ([1.0, math.nan], None, r"all finite, got \[1.0, nan\]"),
        ([0.0, 1.0], None, "current play must be above 0"),
        ([], None, "must be a list of numbers"),
        ([[1.0], [1.0], [1.0]], None, "for all 2 actions, got 3"),
        ([1.0, 1.0], 3, "memory must be the number of weights, 2, got 3"),
        ("abc", 3, "weights: unknown kind of weights 'abc'"),
        ([[1.0, 2.0], [1.0]], None, "must be rows of numbers, all of one length"),
    ],
)
def test_bad_weights(weights, memory, text):
    with pytest.raises(ValueError, match=text):
        TallyingBandit([CONSTANT, CONSTANT], memory, weights)


@pytest.mark.parametrize(
    ("loss", "at"),
    [
        ({"name": "practice", "parameters": {"a": 0.9, "b": 0.1}}, {0: 0.9, 1: 0.7, 2: 0.5, 4: 0.1}),
        ({"name": "practice", "parameters": {"a": 0.9, "b": 0.1, "p": 2}}, {0: 0.9, 2: 0.3, 4: 0.1}),
        (
            {"name": "step", "parameters": {"a": 0.8, "b": 0.2, "theta": 3}},
            {2.999999: 0.8, 3 - 1e-10: 0.2, 3: 0.2, 4: 0.2},
        ),
        ({"name": "satiation", "parameters": {"c": 0.3, "e": 0.4}}, {0: 0.3, 2: 0.5, 4: 0.7}),
        ({"name": "bump", "parameters": {"a": 0.2, "c": 0.6, "b": 0.1}}, {0: 0.2, 1: 0.4, 2: 0.6, 3: 0.35, 4: 0.1}),
        ({"name": "constant", "parameters": {"c": 0.3}}, {0: 0.3, 4: 0.3}),
        ({"name": "exactly", "parameters": {"at": 2}}, {1: 1, 2: 0, 2 + 1e-10: 0, 3: 1}),
        ({"name": "table", "parameters": {"values": {1: 0.5, 2.5: 0.2}}}, {1: 0.5, 2.5 + 1e-10: 0.2}),
        (lambda y: y / 8, {1: 0.125, 4: 0.5}),
    ],
)
def test_losses(loss, at):
    built = loss if callable(loss) else LOSSES.build(loss, "loss", full=4.0)
    assert {y: built(float(y)) for y in at} == pytest.approx(at)


@pytest.mark.parametrize(
    ("loss", "text"),
    [
        (
            {"name": "practise", "parameters": {"a": 1, "b": 0}},
            r"losses\[0\]: unknown loss 'practise' .*did you mean 'practice'",
        ),
        ({"name": "practice", "parameters": {"a": 0.1, "b": 0.5}}, "a must be at least b"),
        ({"name": "practice", "parameters": {"a": 0.5}}, r"losses\[0\]: Practice needs the parameter 'b'"),
        (
            {"name": "practice", "parameters": {"a": 0.5, "b": 0.1, "q": 1}},
            r"losses\[0\].parameters.q: Practice has no parameter 'q'",
        ),
        ({"name": "practice", "parameters": {"a": 1.5, "b": 0.1}}, r"losses\[0\]: a must be"),
        ({"name": "constant", "parameters": {"c": math.nan}}, "c must be"),
        (
            {"name": "satiation", "parameters": {"c": 0.6, "e": 0.8}},
            r"losses must lie in \[0, 1\], got 1.1.* action 0 at tally 2",
        ),
        ({"name": "table", "parameters": {"values": {1: 0.5}}}, "table of losses has no tally 2; it has 1.0"),
        ({"name": "table", "parameters": {"values": {}}}, "values must map tallies"),
        ({"name": "table", "parameters": {"values": {1: 0.5, 2: 2.0}}}, "the loss at tally 2 must be"),
        (lambda y: math.nan, "losses must lie in"),
        (0.5, r"losses\[0\] must be a name, or {name: ..., parameters: {...}}, got 0.5"),
    ],
)
def test_bad_losses(loss, text):
    with pytest.raises(ValueError, match=text):
        TallyingBandit([loss, CONSTANT], memory=3)


def test_a_table_names_the_tally_it_lacks():
    built = LOSSES.build({"name": "table", "parameters": {"values": {1: 0.5}}}, "loss", full=1.0)
    with pytest.raises(UnknownTallyError, match=r"no tally 1\.5") as caught:
        built(1.5)
    assert isinstance(caught.value, KeyError)


@pytest.mark.parametrize(
    ("change", "text"),
    [
        ({"losses": []}, "losses must be a list of at least one loss"),
        ({"horizon": 0}, "horizon"),
        ({"horizon": 1e4}, "horizon"),
        ({"noise": "gausian"}, "did you mean 'gaussian'"),
        ({"noise": "gaussian"}, "sigma must be given with gaussian noise"),
        ({"sigma": 0.1}, "sigma must be given with gaussian noise and with no other"),
        ({"noise": "gaussian", "sigma": 0.0}, "sigma must be"),
        ({"comparator": "exakt"}, "did you mean 'exact'"),
    ],
)
def test_bad_arguments(change, text):
    with pytest.raises(ValueError, match=text):
        TallyingBandit(**({"losses": [CONSTANT], "memory": 2} | change))


def test_long_weights_are_checked_on_a_grid():
    """2^39 tallies cannot be listed; a fault in the middle of the range is found all the same."""
    with pytest.raises(ValueError, match="action 0"):
        TallyingBandit(
            [lambda y: 2.0 if 4.0 < y < 5.0 else 0.0],
            memory=40,
            weights={"name": "exponential", "parameters": {"beta": 0.9}},
        )
    monotone = TallyingBandit(
        [{"name": "practice", "parameters": {"a": 0.9, "b": 0.1}}, CONSTANT],
        memory=40,
        weights={"name": "exponential", "parameters": {"beta": 0.9}},
    )
    assert monotone.instance().pointwise_reo is True
    other = TallyingBandit(
        [{"name": "bump", "parameters": {"a": 0.9, "c": 0.5, "b": 0.1}}],
        memory=40,
        weights={"name": "exponential", "parameters": {"beta": 0.9}},
    )
    assert other.instance().pointwise_reo is None
    with pytest.raises(TooManyTalliesError):
        _ = other.instance().tallies.pointwise


def test_pointwise_certificate_sees_transients():
    """A bump down on the way breaks pointwise REO, a bump up does not."""
    down = {"name": "bump", "parameters": {"a": 0.5, "c": 0.0, "b": 0.2}}
    up = {"name": "bump", "parameters": {"a": 0.5, "c": 0.9, "b": 0.2}}
    assert TallyingBandit([down, CONSTANT], memory=8).instance().pointwise_reo is False
    assert TallyingBandit([up, CONSTANT], memory=8).instance().pointwise_reo is True


def test_padding_with_zeros_and_scaling_change_nothing():
    plain = Tallies(
        np.array([[1.0, 0.5]]),
        (LOSSES.build({"name": "practice", "parameters": {"a": 0.9, "b": 0.1}}, "loss", full=1.5),),
    )
    padded = Tallies(np.array([[1.0, 0.5, 0.0, 0.0]]), plain.losses)
    assert plain.constant_costs(0, 9).tolist() == padded.constant_costs(0, 9).tolist()
    scaled = Tallies(
        np.array([[4.0, 2.0]]),
        (LOSSES.build({"name": "practice", "parameters": {"a": 0.9, "b": 0.1}}, "loss", full=6.0),),
    )
    assert scaled.constant_costs(0, 9) == pytest.approx(plain.constant_costs(0, 9))
    assert Constant(1.0, 0.3)(0.7) == 0.3
