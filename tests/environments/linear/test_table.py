"""Tables of features and rewards, by hand."""

import numpy as np
import pytest

from environments.checks import check_environment
from environments.linear.table import FeatureTable

REWARDS = [[0.0, 1.0], [0.5, -1.0], [0.25, 0.75]]
FEATURES = [[[1.0, 0.0], [0.0, 1.0]], [[3.0, 4.0], [0.0, 0.0]], [[0.5, 0.5], [1.0, 1.0]]]


def test_features_rewards_and_comparators():
    environment = FeatureTable(REWARDS, FEATURES, low=-1.0)
    problem = environment.problem
    assert (problem.n_actions, problem.dimension, problem.horizon, problem.feature_norm) == (2, 2, 3, 5.0)
    environment.begin(environment.draw(np.random.default_rng(0)))
    for t, action in enumerate((1, 1, 0)):
        assert environment.observe().tolist() == FEATURES[t]
        assert environment.features(2).tolist() == FEATURES[t : t + 2]
        environment.observe()[:] = 7.0  # the learner's copy
        assert environment.transition(action) == (REWARDS[t][action], REWARDS[t][action])
    times = np.array([1, 2, 3])
    assert environment.metrics(times)["reward"].tolist() == [1.0, 0.0, 0.25]
    curves = {name: values.tolist() for name, values in environment.comparators(times).items()}
    assert curves == {"best_each_round": [1.0, 1.5, 2.25], "worst": [0.0, -1.0, -0.75]}
    assert environment.limits(times)["dynamic"].tolist() == [[0.0] * 3, [1.0, 2.5, 3.0]]
    check_environment(lambda: FeatureTable(REWARDS, FEATURES, low=-1.0, horizon=2))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (([], FEATURES), "rewards must be rows of numbers"),
        ((REWARDS, REWARDS), "features must be tables of numbers"),
        ((REWARDS[:2], FEATURES), "rewards and features must be tables"),
        ((REWARDS, FEATURES), r"must be a number in \[0, 1\]"),
        ((REWARDS, [[[np.nan, 0.0]] * 2] * 3, -1.0), "features must be tables of numbers"),
        ((REWARDS, [[["a", 0.0]] * 2] * 3, -1.0), "features must be tables of numbers"),
        ((REWARDS, FEATURES, -1.0, 1.0, -1.0), "parameter_norm"),
        ((REWARDS, FEATURES, -1.0, 1.0, 1.0, 4), "horizon"),
        ((REWARDS, FEATURES, 1.0, 0.0), "high"),
    ],
)
def test_bad_tables(arguments, message):
    with pytest.raises(ValueError, match=message):
        FeatureTable(*arguments)
