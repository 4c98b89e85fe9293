"""Checks of hyper-parameters name the parameter, its domain and the value got."""

import numpy as np
import pytest

from bandits.arguments import (
    check_action,
    check_reward,
    did_you_mean,
    integer,
    nearest,
    one_of,
    positive,
    probability,
    real,
    reals,
    within,
)


@pytest.mark.parametrize("value", [1, 1.5, np.float64(2.0), np.int64(3), np.float32(0.5)])
def test_numbers_pass(value):
    assert positive("x", value) == value
    assert type(positive("x", value)) is float


def test_zero_has_no_sign():
    assert str(real("x", -0.0)) == "0.0"


@pytest.mark.parametrize("value", [0, -1.0, np.nan, np.inf, True, "1", None, 1j])
def test_others_do_not(value):
    with pytest.raises(ValueError, match=r"x must be a finite number in \(0, inf\), got "):
        positive("x", value)


@pytest.mark.parametrize(
    ("closed", "low", "high"),
    [("neither", False, False), ("low", True, False), ("high", False, True), ("both", True, True)],
)
def test_ends(closed, low, high):
    for value, inside in ((0.0, low), (1.0, high)):
        if inside:
            assert real("x", value, 0.0, 1.0, closed=closed) == value
        else:
            with pytest.raises(ValueError, match="x must be"):
                real("x", value, 0.0, 1.0, closed=closed)


def test_integers():
    assert integer("n", np.int32(4)) == 4
    assert integer("n", 0, 0) == 0
    for value in (0, 1.0, True, "1", None, 9):
        with pytest.raises(ValueError, match=r"n must be a whole number in 1..8, got"):
            integer("n", value, 1, 8)


def test_words():
    assert one_of("mode", "fast", ("fast", "slow")) == "fast"
    with pytest.raises(ValueError, match=r"mode must be one of fast, slow, got 'slwo' \(did you mean 'slow'\?\)"):
        one_of("mode", "slwo", ("fast", "slow"))
    assert did_you_mean("zzz", ["fast"]) == ""


@pytest.mark.parametrize(
    ("values", "what"),
    [
        (5, "x must be a list of numbers, got 5"),
        ("0.5", "x must be a list of numbers, got '0.5'"),
        ({1: 2}, "x must be a list of numbers, got {1: 2}"),
        ([0.5, 2.0], r"x\[1\] must be a finite number in \[0, 1\], got 2.0"),
        ([True], r"x\[0\] must be a finite number in \[0, 1\], got True"),
    ],
    ids=str,
)
def test_lists_of_numbers(values, what):
    with pytest.raises(ValueError, match=what):
        reals("x", values, 0.0, 1.0, closed="both")


def test_a_list_of_numbers_is_one_of_python():
    assert reals("x", np.array([0, 1])) == [0.0, 1.0]
    assert reals("x", ()) == []
    with pytest.raises(ValueError, match="x must be a finite number"):
        real("x", 10**400)


def test_hints_do_not_look_at_case_or_signs():
    assert did_you_mean("UCB-1", ["ucb1", "moss"]) == " (did you mean 'ucb1'?)"
    assert did_you_mean("fastslow", ["FAST_SLOW"]) == " (did you mean 'FAST_SLOW'?)"
    assert nearest("ucb", ["ucb1", "ucb_v", "lru"], 3) == ["ucb1", "ucb_v"]


@pytest.mark.parametrize("action", [-1, 3, 10**30, 0.0, 1.5, True, np.True_, np.float64(1)])
def test_actions_that_do_not_exist(action):
    with pytest.raises(ValueError, match=r"action must be a whole number in 0\.\.2, got"):
        check_action("action", action, 3)


def test_actions_that_do():
    for action in (0, 2, np.int64(1), np.uint8(2)):
        check_action("action", action, 3)


@pytest.mark.parametrize("reward", [0.5, 1, np.float32(0.5), np.array(0.5), np.array([0.5]), np.array([[1]]), -1e300])
def test_rewards_are_numbers_or_arrays_of_one(reward):
    """As gymnasium and torch hand them out."""
    assert check_reward(reward) == float(np.asarray(reward).ravel()[0])
    assert type(check_reward(reward)) is float


@pytest.mark.parametrize(
    "reward",
    [float("nan"), float("inf"), -np.inf, np.array([0.5, 1.0]), np.array([]), "0.5", None, [], {}, 1j, 2**2000],
)
def test_other_rewards_are_refused(reward):
    with pytest.raises(ValueError, match="the reward must be a finite number, got"):
        check_reward(reward)


@pytest.mark.parametrize("value", [0.0, 1.0, 1e-320, -0.1, float("nan"), True, "0.1"])
def test_a_probability_has_an_inverse_that_is_a_number(value):
    assert probability("delta", 1e-300) == 1e-300
    with pytest.raises(ValueError, match=r"delta must be .*, got "):
        probability("delta", value)


@pytest.mark.parametrize("size", [1, 1000])
def test_whole_numbers_against_a_limit_that_is_none_are_compared_as_numpy_does(size):
    """Few or many: 2**53 + 1 is no double."""
    within("x", np.full(size, 2**53 + 1), 0, float(2**53))
    with pytest.raises(ValueError, match=r"x must be in \[0, 9007199254740992\], got .*9007199254740993"):
        within("x", np.full(size, 2**53 + 1), 0, 2**53)
    with pytest.raises(ValueError, match=r"x must be in \[0, 2.5\], got .*3"):
        within("x", np.full(size, 3), 0, 2.5)
