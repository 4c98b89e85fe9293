"""Tables of rewards on contexts, by hand."""

import math

import numpy as np
import pytest

from environments.checks import check_environment
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


def test_the_best_arm_for_each_context():
    """Where contexts come again, by hand: arm 1, then arm 0 for the first context; arm 0 for the second."""
    rewards, contexts = [[0.0, 1.0], [0.5, 0.25], [1.0, 0.25], [0.75, 0.0]], [[0.0], [3.0], [0.0], [0.0]]
    environment = ContextTable(rewards, contexts, box=[-1.0, 3.0])
    assert environment.problem.contexts == ((-1.0, 3.0),)
    environment.begin(environment.draw(np.random.default_rng(0)))
    times = np.array([1, 2, 3, 4])
    curves = environment.comparators(times)
    assert curves["best_by_context"].tolist() == [1.0, 1.5, 1.75, 2.25]
    assert (curves["best_fixed"] <= curves["best_by_context"]).all()
    assert (curves["best_by_context"] <= curves["best_each_round"]).all()
    assert [regret.name for regret in environment.regrets()] == ["fixed", "dynamic", "by_context"]
    limits = environment.limits(times)["by_context"]
    assert limits.tolist() == [[0.0, 0.0, -0.75, -1.0], [1.0, 1.25, 1.25, 1.75]]
    check_environment(lambda: ContextTable(rewards, contexts, box=[[-1.0, 3.0]]))
    cut = ContextTable(rewards, contexts, box=[-1.0, 3.0], horizon=2)
    assert cut.problem.horizon == 2
    assert [regret.name for regret in cut.regrets()] == ["fixed", "dynamic"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (([], CONTEXTS), "rewards must be rows of numbers"),
        (([1.0, 2.0], CONTEXTS), "rewards must be rows of numbers"),
        ((REWARDS, CONTEXTS[:2]), "contexts must be a table with a row for each round"),
        ((REWARDS, [[0.0], [1.0], [1.5]]), r"contexts must lie in \[0, 1\]"),
        ((REWARDS, [[0.0], [1.0], [math.nan]]), "contexts must be rows of numbers"),
        ((REWARDS, CONTEXTS, 0.5), r"rewards must lie in \[0.5, 1\]"),
        ((REWARDS, CONTEXTS, 1.0, 0.0), "high"),
        ((REWARDS, CONTEXTS, 0.0, 1.0, None, [[0.0, 1.0]]), "box must have 2 intervals"),
        ((REWARDS, CONTEXTS, 0.0, 1.0, None, [0.0, 1.0, 2.0]), r"box\[0\] must be two numbers"),
        ((REWARDS, CONTEXTS, 0.0, 1.0, None, []), "box must"),
        ((REWARDS, CONTEXTS, 0.0, 1.0, None, 3.0), "box must"),
        ((REWARDS, CONTEXTS, 0.0, 1.0, None, (0.0, 0.5)), r"contexts must lie in \[0, 0.5\]"),
        ((REWARDS, CONTEXTS, 0.0, 1.0, None, (0.0, 1.0), 4), r"horizon must be a whole number in 1..3"),
    ],
)
def test_bad_tables(arguments, message):
    with pytest.raises(ValueError, match=message):
        ContextTable(*arguments)
