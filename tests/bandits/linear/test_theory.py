"""What theorems about a shared parameter assume, and whether it holds in a run."""

from dataclasses import replace

import numpy as np
import pytest

from bandits.linear.theory import FEATURES, FIXED, LINEAR, NEARLY, NOISE, NORMS, OBLIVIOUS, PRIOR, STEADY, holds
from environments import AdversarialLinearBandit, ChangingLinearBandit, LinearBandit, MisspecifiedLinearBandit

THETA = [0.5, 0.1, 0.2]
SPHERE = {"name": "sphere", "parameters": {"n_actions": 6, "dimension": 3}}
GAUSSIAN = {"name": "gaussian", "parameters": {"deviation": 0.5}}


def met(environment, *keys, **told):
    """Which of the assumptions hold in a run where the learner is told something else, too."""
    environment.reset(seed=3)
    found = holds(environment.instance(), replace(environment.problem, **told), *keys)
    return [assumption.holds for assumption in found]


def test_a_linear_set():
    environment = LinearBandit(SPHERE, THETA, sigma=0.5, horizon=20)
    assert met(environment, LINEAR, NEARLY, NORMS, NOISE, FIXED, STEADY, OBLIVIOUS) == [True] * 7
    assert met(environment, PRIOR) == [False]
    assert met(environment, NORMS, FEATURES, parameter_norm=0.5) == [False, True]
    assert met(environment, NOISE, noise=0.4) == [False]
    assert met(environment, NOISE, noise=0.6) == [True]


def test_a_misspecified_set():
    environment = MisspecifiedLinearBandit(SPHERE, THETA, misspecification=0.1, horizon=20)
    assert met(environment, LINEAR, NEARLY) == [False, True]
    assert met(environment, NEARLY, misspecification=0.09) == [False]
    named = holds(environment.instance(), environment.problem, LINEAR)[0]
    assert str(named) == "mean rewards are linear in the features (largest: 0.1)"


def test_a_prior():
    assert met(LinearBandit(SPHERE, GAUSSIAN, horizon=20), PRIOR) == [True]
    assert met(LinearBandit(SPHERE, GAUSSIAN, "uniform", horizon=20), PRIOR) == [False]
    norms = [met(LinearBandit(SPHERE, GAUSSIAN, horizon=20), NORMS, parameter_norm=s)[0] for s in (0.01, 50.0)]
    assert norms == [False, True]


def test_changing_features_and_an_adversary():
    assert met(ChangingLinearBandit(horizon=20), LINEAR, NORMS, FIXED, STEADY) == [True, True, False, True]
    assert met(AdversarialLinearBandit(SPHERE, horizon=20), LINEAR, FIXED, STEADY, OBLIVIOUS) == [
        True,
        True,
        False,
        True,
    ]


@pytest.mark.parametrize(
    ("noise", "sigma", "true"), [("none", 0.3, 0.0), ("uniform", 0.3, 0.3), ("bernoulli", None, 0.5)]
)
def test_noise_is_told_and_known(noise, sigma, true):
    environment = LinearBandit([[0.5, 0.1], [0.2, 0.9]], [0.5, 0.5], noise, sigma, horizon=20)
    assert environment.instance().sub_gaussian == true
    assert met(environment, NOISE) == [True]


def test_ranks():
    assert LinearBandit([[1.0, 1.0], [2.0, 2.0]], [0.5, 0.5]).instance().spans == 1
    assert LinearBandit(SPHERE, THETA).instance().spans == 3
    assert np.isclose(LinearBandit(SPHERE, THETA).instance().gaps.min(), 0.0)
