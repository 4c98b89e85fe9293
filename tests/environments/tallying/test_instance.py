"""Weights, losses, attainable tallies and certificates; all that must be refused."""

import itertools
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from environments.tallying.bandit import TallyingBandit
from environments.tallying.instance import Instance, TooManyTalliesError, attainable_tallies
from environments.tallying.losses import Constant, UnknownTallyError, loss_of
from environments.tallying.weights import weights_of

CONSTANT = {"family": "constant", "c": 0.5}


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
        ({"family": "exponential", "beta": 0.5}, [1, 0.5, 0.25, 0.125]),
        ({"family": "linear", "normalise": True}, [0.4, 0.3, 0.2, 0.1]),
        ({"family": "table", "values": [2, 0, 1, 0]}, [2, 0, 1, 0]),
        ([3, 2, 1, 0], [3, 2, 1, 0]),
    ],
)
def test_weights(weights, row):
    assert weights_of(weights, 4, 2) == pytest.approx(np.array([row, row], dtype=float))


def test_weights_for_each_action():
    assert weights_of([[1, 0], [2, 1]], None, 2).tolist() == [[1, 0], [2, 1]]


@pytest.mark.parametrize(
    ("weights", "memory", "text"),
    [
        ("uniform", None, "memory must be given"),
        ("uniform", 0, "memory must be a whole number >= 1"),
        ("uniform", 2.5, "memory must be a whole number"),
        ("uniforn", 3, "did you mean 'uniform'"),
        ({"family": "exponential"}, 3, "weights.beta is missing"),
        ({"family": "exponential", "beta": 1.5}, 3, "weights.beta must be"),
        ({"family": "linear", "beta": 0.5}, 3, "weights.beta is not a key"),
        ({"family": "linear", "normalise": 1}, 3, "normalise must be true or false"),
        ([1.0, -0.5], None, "finite numbers >= 0, got -0.5 for action 0, 1 rounds ago"),
        ([1.0, math.nan], None, "finite numbers >= 0"),
        ([0.0, 1.0], None, "current play must be above 0"),
        ([], None, "must not be empty"),
        ([[1.0], [1.0], [1.0]], None, "for all 2 actions, got 3"),
        ([1.0, 1.0], 3, "memory must be the number of weights, 2, got 3"),
        ("abc", 3, "weights.family must be one of"),
        ([[1.0, 2.0], [1.0]], None, "must be numbers"),
    ],
)
def test_bad_weights(weights, memory, text):
    with pytest.raises(ValueError, match=text):
        weights_of(weights, memory, 2)


@pytest.mark.parametrize(
    ("loss", "at"),
    [
        ({"family": "practice", "a": 0.9, "b": 0.1}, {0: 0.9, 1: 0.7, 2: 0.5, 4: 0.1}),
        ({"family": "practice", "a": 0.9, "b": 0.1, "p": 2}, {0: 0.9, 2: 0.3, 4: 0.1}),
        ({"family": "step", "a": 0.8, "b": 0.2, "theta": 3}, {2.999999: 0.8, 3 - 1e-10: 0.2, 3: 0.2, 4: 0.2}),
        ({"family": "satiation", "c": 0.3, "e": 0.4}, {0: 0.3, 2: 0.5, 4: 0.7}),
        ({"family": "bump", "a": 0.2, "c": 0.6, "b": 0.1}, {0: 0.2, 1: 0.4, 2: 0.6, 3: 0.35, 4: 0.1}),
        ({"family": "constant", "c": 0.3}, {0: 0.3, 4: 0.3}),
        ({"family": "exactly", "at": 2}, {1: 1, 2: 0, 2 + 1e-10: 0, 3: 1}),
        ({"family": "table", "values": {1: 0.5, 2.5: 0.2}}, {1: 0.5, 2.5 + 1e-10: 0.2}),
        (lambda y: y / 8, {1: 0.125, 4: 0.5}),
    ],
)
def test_losses(loss, at):
    built = loss_of("loss", loss, 4.0)
    assert {y: built(float(y)) for y in at} == pytest.approx(at)


@pytest.mark.parametrize(
    ("loss", "text"),
    [
        ({"family": "practise", "a": 1, "b": 0}, r"losses\[0\].family must be one of .*did you mean 'practice'"),
        ({"family": "practice", "a": 0.1, "b": 0.5}, "a must be at least b"),
        ({"family": "practice", "a": 0.5}, r"losses\[0\].b is missing"),
        ({"family": "practice", "a": 0.5, "b": 0.1, "q": 1}, r"losses\[0\].q is not a key of practice"),
        ({"family": "practice", "a": 1.5, "b": 0.1}, r"losses\[0\]: a must be"),
        ({"family": "constant", "c": math.nan}, "c must be"),
        ({"family": "satiation", "c": 0.6, "e": 0.8}, r"losses must lie in \[0, 1\], got 1.1.* action 0 at tally 2"),
        ({"family": "table", "values": {1: 0.5}}, "table of losses has no tally 2; it has 1.0"),
        ({"family": "table", "values": {}}, "values must map tallies"),
        ({"family": "table", "values": {1: 0.5, 2: 2.0}}, "the loss at tally 2 must be"),
        (lambda y: math.nan, "losses must lie in"),
        (0.5, "must be a mapping with the key family"),
    ],
)
def test_bad_losses(loss, text):
    with pytest.raises(ValueError, match=text):
        TallyingBandit([loss, CONSTANT], memory=3)


def test_a_table_names_the_tally_it_lacks():
    built = loss_of("loss", {"family": "table", "values": {1: 0.5}}, 1.0)
    with pytest.raises(UnknownTallyError, match=r"no tally 1\.5") as caught:
        built(1.5)
    assert isinstance(caught.value, KeyError)


@pytest.mark.parametrize(
    ("change", "text"),
    [
        ({"losses": []}, "number of actions must be a whole number >= 1"),
        ({"horizon": 0}, "horizon"),
        ({"horizon": 1e4}, "horizon"),
        ({"noise": "gausian"}, "did you mean 'gaussian'"),
        ({"noise": "gaussian"}, "sigma must be given with gaussian noise"),
        ({"sigma": 0.1}, "sigma must be given with gaussian noise and with no other"),
        ({"noise": "gaussian", "sigma": 0.0}, "sigma must be"),
        ({"comparator": "exakt"}, "did you mean 'exact'"),
    ],
)
def test_bad_worlds(change, text):
    with pytest.raises(ValueError, match=text):
        TallyingBandit(**({"losses": [CONSTANT], "memory": 2} | change))


def test_long_weights_are_checked_on_a_grid():
    """2^39 tallies cannot be listed; a fault in the middle of the range is found all the same."""
    with pytest.raises(ValueError, match="action 0"):
        TallyingBandit(
            [lambda y: 2.0 if 4.0 < y < 5.0 else 0.0], memory=40, weights={"family": "exponential", "beta": 0.9}
        )
    monotone = TallyingBandit(
        [{"family": "practice", "a": 0.9, "b": 0.1}, CONSTANT],
        memory=40,
        weights={"family": "exponential", "beta": 0.9},
    )
    assert monotone.facts()["pointwise_reo"] is True
    other = TallyingBandit(
        [{"family": "bump", "a": 0.9, "c": 0.5, "b": 0.1}], memory=40, weights={"family": "exponential", "beta": 0.9}
    )
    assert other.facts()["pointwise_reo"] is None
    with pytest.raises(TooManyTalliesError):
        _ = other.instance.pointwise


def test_pointwise_certificate_sees_transients():
    """A bump down on the way breaks pointwise REO, a bump up does not."""
    down = {"family": "bump", "a": 0.5, "c": 0.0, "b": 0.2}
    up = {"family": "bump", "a": 0.5, "c": 0.9, "b": 0.2}
    assert TallyingBandit([down, CONSTANT], memory=8).facts()["pointwise_reo"] is False
    assert TallyingBandit([up, CONSTANT], memory=8).facts()["pointwise_reo"] is True


def test_padding_with_zeros_and_scaling_change_nothing():
    plain = Instance(np.array([[1.0, 0.5]]), (loss_of("", {"family": "practice", "a": 0.9, "b": 0.1}, 1.5),))
    padded = Instance(np.array([[1.0, 0.5, 0.0, 0.0]]), plain.losses)
    assert plain.constant_costs(0, 9).tolist() == padded.constant_costs(0, 9).tolist()
    scaled = Instance(np.array([[4.0, 2.0]]), (loss_of("", {"family": "practice", "a": 0.9, "b": 0.1}, 6.0),))
    assert scaled.constant_costs(0, 9) == pytest.approx(plain.constant_costs(0, 9))
    assert Constant(1.0, 0.3)(0.7) == 0.3
