"""Bad input: each is an error that names the parameter, its domain and what was got."""

import numpy as np
import pytest

from bandits.linear.problem import Features
from environments import AdversarialLinearBandit, ChangingLinearBandit, LinearBandit, MisspecifiedLinearBandit

THETA = [0.5, 0.1, 0.2]
SPHERE = {"name": "sphere", "parameters": {"n_actions": 6, "dimension": 3}}
ROWS = [[1.0, 0.0], [0.0, 1.0], [0.6, 0.8]]


def of(name, **parameters):
    """A component."""
    return {"name": name, "parameters": parameters}


@pytest.mark.parametrize(
    ("arguments", "what"),
    [
        ({"actions": [[1.0, 2.0], [3.0]]}, "actions must be a table of finite numbers"),
        ({"actions": [[1.0, 2.0], [3.0, float("nan")]]}, r"actions\[1\]\[1\] must be a finite number, got nan"),
        ({"actions": []}, "actions must be a table of n x n numbers"),
        ({"actions": "spere"}, r"unknown set of actions 'spere' \(did you mean 'sphere'"),
        ({"actions": of("sphere", n_actions=0)}, "n_actions must be a whole number >= 1, got 0"),
        ({"actions": of("sphere", dimension=0)}, "dimension must be a whole number >= 1, got 0"),
        ({"actions": of("sphere", n_actions=10**9)}, "n_actions or dimension must be lower"),
        ({"actions": of("hypercube", dimension=15)}, r"dimension must be a whole number in 1\.\.14, got 15"),
        ({"actions": of("end_of_optimism", eps=0.0)}, "eps must be"),
        ({"actions": of("sphere", k=3)}, "Sphere has no parameter 'k'"),
        ({"theta": [1.0, 2.0]}, "theta must have 3 coordinates, as actions have features, got 2"),
        ({"theta": [1.0, 2.0, float("inf")]}, r"theta\[2\] must be a finite number"),
        ({"theta": "spere"}, r"unknown law of theta 'spere' \(did you mean 'sphere'"),
        ({"theta": of("sparse", s=4)}, r"s must be a whole number in 1\.\.3, got 4"),
        ({"theta": of("sparse", s=0)}, "s must be a whole number >= 1, got 0"),
        ({"theta": of("gaussian", deviation=-1.0)}, "deviation must be"),
        ({"parameter_norm": 0.5}, "parameter_norm must be at least 0.547.*, the norm of theta, got 0.5"),
        ({"feature_norm": 0.5}, r"feature_norm must be at least .*, the norm of features\[\d\], got 0.5"),
        ({"sparsity": 2}, "sparsity must be at least 3, the coordinates of theta that are not 0, got 2"),
        ({"sparsity": 0}, r"sparsity must be a whole number in 1\.\.3, got 0"),
        ({"sparsity": 4}, r"sparsity must be a whole number in 1\.\.3, got 4"),
        ({"sigma": -1.0}, "sigma must be"),
        ({"noise": "gausian"}, r"noise must be one of .*did you mean 'gaussian'"),
        ({"noise": "bernoulli"}, r"noise must not be bernoulli where mean rewards leave \[0, 1\], got means from -"),
        ({"noise": "bernoulli", "sigma": 0.5}, "sigma must be absent with bernoulli noise"),
        ({"horizon": 0}, "horizon must be a whole number >= 1, got 0"),
        ({"feedback": "semi"}, "feedback must be one of bandit, full"),
    ],
)
def test_a_fixed_set(arguments, what):
    with pytest.raises(ValueError, match=what):
        LinearBandit(**{"actions": SPHERE, "theta": THETA, **arguments})


@pytest.mark.parametrize(
    ("arguments", "what"),
    [
        ({"nu": [0.1, 0.1]}, "nu must have 6 entries, one an action, got 2"),
        (
            {"nu": [0.1] * 5 + [-0.3], "misspecification": 0.2},
            r"misspecification must be at least 0.3, for nu\[5\], got",
        ),
        ({"nu": [0.1] * 5 + [float("nan")]}, r"nu\[5\] must be a finite number"),
        ({"nu": "needle"}, "nu must be 'needle' with theta 'row' alone"),
        ({"nu": of("tilt", action=6)}, r"action must be a whole number in 0\.\.5, got 6"),
        ({"misspecification": -0.1}, "misspecification must be"),
        (
            {"actions": "needle", "theta": None, "misspecification": 0.1},
            "misspecification must be at least 0.6.*needle",
        ),
        ({"actions": of("needle", n_actions=1), "theta": None}, "n_actions must be a whole number >= 2, got 1"),
    ],
)
def test_a_misspecified_set(arguments, what):
    with pytest.raises(ValueError, match=what):
        MisspecifiedLinearBandit(**{"actions": SPHERE, "theta": THETA, **arguments})


@pytest.mark.parametrize(
    ("arguments", "what"),
    [
        ({"actions": "sphere"}, r"unknown kind of changing features 'sphere'"),
        ({"actions": of("drift", rho=1.0)}, "rho must be"),
        ({"actions": of("redrawn_gaussian", norm=0.0)}, "norm must be"),
        ({"theta": [1.0]}, "theta must have 5 coordinates"),
        ({"theta": "row"}, "theta 'row' must be used with a fixed set of actions, got changing features"),
        ({"feature_norm": 0.5}, "feature_norm must be at least 1.0, the largest of these features, got 0.5"),
        ({"parameter_norm": 0.5}, "parameter_norm must be at least 1.0, the norm of theta, got 0.5"),
        ({"noise": "bernoulli", "sigma": 0.5}, "sigma must be absent with bernoulli noise"),
    ],
)
def test_changing_features(arguments, what):
    with pytest.raises(ValueError, match=what):
        ChangingLinearBandit(**arguments)


@pytest.mark.parametrize(
    ("arguments", "what"),
    [
        ({"thetas": "swiching"}, "unknown sequence of parameters 'swiching'"),
        ({"thetas": of("switching", period=0)}, "period must be a whole number >= 1, got 0"),
        ({"thetas": of("switching", amplitude=-1.0)}, "amplitude must be"),
        ({"thetas": of("stochastic", mean=[0.1])}, "mean must have 2 coordinates, as actions have features, got 1"),
        ({"thetas": [[0.1, 0.2]], "horizon": 2}, "horizon must be at most 1, the rounds of thetas, got 2"),
        ({"thetas": [[0.1]], "horizon": 1}, "thetas must have 2 coordinates, as actions have features, got 1"),
        ({"thetas": [[0.1, float("nan")]], "horizon": 1}, "thetas must be rows of numbers"),
        ({"parameter_norm": 0.5}, r"parameter_norm must be at least 0\.8999\d*, the largest norm of theta, got 0.5"),
        ({"low": 1.0, "high": 0.0}, "low must be below high"),
        ({"horizon": 10**10}, "horizon must be lower, got too much"),
    ],
)
def test_an_adversary(arguments, what):
    with pytest.raises(ValueError, match=what):
        AdversarialLinearBandit(**{"actions": ROWS, **arguments})


def test_a_range_that_the_rewards_leave_is_told_before_a_run():
    with pytest.raises(ValueError, match=r"low and high must be at most and at least what actions pay, from -0.1 to"):
        AdversarialLinearBandit(ROWS, [[0.5, -0.1], [0.2, 0.3]], low=0.0, high=1.0, horizon=2)


def test_a_range_that_uniform_noise_leaves_is_told_too():
    given = {"low": 0.0, "high": 1.0, "horizon": 2}
    with pytest.raises(ValueError, match=r"low and high must be .* what actions pay, from -0.1"):
        AdversarialLinearBandit(ROWS, [[0.5, 0.1], [0.2, 0.3]], "uniform", 0.2, **given)


def test_features_are_taken_as_rows_as_an_array_as_a_component_and_as_they_are():
    made = [
        LinearBandit(rows, THETA[:2]) for rows in (ROWS, np.array(ROWS), of("table", features=ROWS), Features(ROWS))
    ]
    assert all(environment.problem == made[0].problem for environment in made)


def test_what_is_accepted():
    """Zero vectors, duplicates, fewer actions than dimensions, one round."""
    for rows in ([[0.0, 0.0], [1.0, 0.0]], [[1.0, 0.0]] * 3, [[1.0, 2.0, 3.0]], [[0.0]]):
        environment = LinearBandit(rows, [0.5] * len(rows[0]), horizon=1)
        environment.reset(seed=0)
        environment.step(0)
        (paid,) = environment.metrics(np.array([1]))["expected_reward"]
        assert paid == pytest.approx(0.5 * sum(rows[0]))
