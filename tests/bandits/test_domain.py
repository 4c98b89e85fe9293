"""Checks of hyper-parameters name the parameter, its domain and the value got."""

import numpy as np
import pytest

from bandits.domain import did_you_mean, integer, one_of, positive, real


@pytest.mark.parametrize("value", [1, 1.5, np.float64(2.0), np.int64(3), np.float32(0.5)])
def test_numbers_pass(value):
    assert positive("x", value) == value
    assert type(positive("x", value)) is float


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
