"""Tables of rewards on contexts, by hand."""

import math

import numpy as np
import pytest

from environments.contextual.table import ContextTable

REWARDS, CONTEXTS = [[0.0, 1.0], [0.5, 0.0], [1.0, 0.25]], [[0.0, 0.5], [1.0, 0.5], [0.25, 0.0]]


def test_contexts_rewards_and_comparators():
    environment = ContextTable(REWARDS, CONTEXTS)
    assert environment.problem.contexts == ((0.0, 1.0), (0.0, 1.0))
    environment.begin(environment.draw(np.random.default_rng(0)))
    earned = 0.0
    for t, action in enumerate((1, 1, 0)):
        assert environment.observe().tolist() == CONTEXTS[t]
        assert environment.contexts(2).tolist() == CONTEXTS[t : t + 2]
        environment.observe()[:] = 7.0  # the learner's copy
        assert environment.transition(action) == (REWARDS[t][action], REWARDS[t][action])
        earned += REWARDS[t][action]
    times = np.array([1, 2, 3])
    assert environment.metrics(times)["reward"].tolist() == [1.0, 1.0, earned]
    curves = {name: values.tolist() for name, values in environment.comparators(times).items()}
    assert curves == {"best_fixed": [1.0, 1.0, 1.5], "best_each_round": [1.0, 1.5, 2.5], "worst": [0.0, 0.0, 0.25]}
    assert environment.instance().realizable is None


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (([], CONTEXTS), "rewards must be a table"),
        (([1.0, 2.0], CONTEXTS), "rewards must be a table"),
        ((REWARDS, CONTEXTS[:2]), "contexts must be a table with a row for each round"),
        ((REWARDS, [[0.0], [1.0], [1.5]]), r"contexts must lie in \[0, 1\]"),
        ((REWARDS, [[0.0], [1.0], [math.nan]]), r"contexts must lie in \[0, 1\]"),
        ((REWARDS, CONTEXTS, 0.5), r"rewards must lie in \[0.5, 1\]"),
        ((REWARDS, CONTEXTS, 1.0, 0.0), "high"),
    ],
)
def test_bad_tables(arguments, message):
    with pytest.raises(ValueError, match=message):
        ContextTable(*arguments)
