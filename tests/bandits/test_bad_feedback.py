"""In a loop of one's own: what no round can have told is an error that names it, and changes nothing."""

import pickle

import numpy as np
import pytest

from bandits import POLICIES, Problem

NAN, INF = float("nan"), float("inf")
PARAMETERS = {
    "repeated_exposure_elimination": {"memory": 3},
    "batched_exp3": {"batch": 4, "memory": 2},
    "burn_in_then_commit": {"memory": 3},
}
CARELESS = {"fixed_action", "uniform", "clairvoyant", "random_pulls", "foresight"}
"""Policies that learn nothing, and so do not look."""


def told_rewards():
    for name, path in POLICIES.table.items():
        family = path.split(".")[1]
        if family in ("arms", "contextual", "tallying") and name not in CARELESS:
            for kind, feedback in sorted(POLICIES.load(name).accepts):
                yield pytest.param(name, kind, feedback, id=f"{name}-{kind}-{feedback}")


def policy_in_round_3(name, family, feedback):
    policy = POLICIES.load(name)(**PARAMETERS.get(name, {}))
    policy.reset(Problem(family, feedback, 4, 500, contexts=((0.0, 1.0),)), np.random.default_rng(0))
    for _ in range(3):
        policy.update(0.5, policy.choose(0.5), np.full(4, 0.5) if feedback == "full" else 0.5)
    return policy, policy.choose(0.5)


@pytest.mark.parametrize(("name", "family", "feedback"), list(told_rewards()))
def test_arms(name, family, feedback):
    policy, action = policy_in_round_3(name, family, feedback)
    if feedback == "full":
        wrong = [(action, np.full(4, NAN)), (action, np.array([0, 0, INF, 0])), (action, np.zeros(3)), (action, 0.5)]
    else:
        wrong = [
            (action, NAN),
            (action, INF),
            (action, -INF),
            (-1, 0.5),
            (4, 0.5),
            (10**6, 0.5),
            (0.5, 0.5),
            (np.True_, 0.5),
        ]
    before = pickle.dumps(policy)
    for played, rewards in wrong:
        with pytest.raises(ValueError, match=r"must be .*, got "):
            policy.update(0.5, played, rewards)
        assert pickle.dumps(policy) == before
    policy.update(0.5, action, np.zeros(4) if feedback == "full" else 0.0)
    assert pickle.dumps(policy) != before


RECOVERING = [n for n, path in POLICIES.table.items() if path.split(".")[1] == "recovering" and n not in CARELESS]


@pytest.mark.parametrize("name", RECOVERING)
def test_recovering_arms(name):
    policy = POLICIES.load(name)()
    problem = Problem("recovering", "semi-bandit", 3, 200, low=0.0, high=2.0, plays=2, recovery=4)
    policy.reset(problem, np.random.default_rng(0))
    pulls = policy.choose(np.full(3, 4))
    idle, paid = np.full(3, 4), np.full(len(pulls), 0.5)
    wrong = [
        (np.full(2, 4), pulls, paid),
        (np.zeros(3, dtype=np.int64), pulls, paid),
        (np.full(3, 4.0), pulls, paid),
        (idle, (0, 0), np.zeros(2)),
        (idle, (3,), np.zeros(1)),
        (idle, (-1,), np.zeros(1)),
        (idle, (0, 1, 2), np.zeros(3)),
        (idle, pulls, np.zeros(len(pulls) + 1)),
        (idle, pulls, np.full(len(pulls), NAN)),
    ]
    before = pickle.dumps(policy)
    for told in wrong:
        with pytest.raises(ValueError, match=r"must be .*, got "):
            policy.update(*told)
        assert pickle.dumps(policy) == before
    policy.update(idle, pulls, paid)
    assert pickle.dumps(policy) != before
