"""What learners are told: features that cannot be changed, norms, and who plays which problem."""

import copy
import pickle

import numpy as np
import pytest

from bandits import POLICIES, UCB1, can_play
from bandits.contextual.problem import ContextualProblem
from bandits.linear.policy import LinearPolicy, RidgePolicy
from bandits.linear.problem import ChangingLinearProblem, Features, FullFeedbackLinearProblem, LinearProblem
from bandits.linear.ridge import first_best, look
from environments import AdversarialLinearBandit, ChangingLinearBandit, LinearBandit, MisspecifiedLinearBandit

ROWS = [[1.0, 0.0], [0.6, 0.8], [0.0, -0.5]]


class Greedy(RidgePolicy):
    """The best prediction, the features of each round looked at."""

    def pick(self, rows):
        if not self._fixed:
            look(rows, self._ridge)
        return first_best(self._ridge.means)

    def play(self, block, features, actions):
        for s in range(len(actions)):
            rows = features[0 if self._fixed else s]
            actions[s] = arm = self.pick(rows)
            reward = float(block.levels[s * block.stride, arm] + block.noise[s])
            self.take(rows, arm, reward)


class FixedOnly(Greedy):
    """For fixed sets."""

    plays = (LinearProblem,)


def test_features_cannot_be_changed_by_anybody():
    given = np.array(ROWS)
    features = Features(given)
    given[0, 0] = 7.0
    assert features.array[0, 0] == 1.0
    for array in (features.array, features.array[1], pickle.loads(pickle.dumps(features)).array):
        with pytest.raises(ValueError, match="read-only"):
            array[...] = 2.0
        with pytest.raises(ValueError, match="WRITEABLE"):
            array.flags.writeable = True


def test_features_are_compared_by_shape_and_numbers():
    features, same, other = Features(ROWS), Features(np.array(ROWS, order="F")), Features([[1.0, 0.0]])
    assert features == same
    assert hash(features) == hash(same)
    assert len({features, same, other}) == 2
    assert features != other
    assert Features([[0.0]]) == Features([[-0.0]])
    assert Features([[1.0, 2.0]]) != Features([[1.0], [2.0]])
    assert features != ROWS
    problem, again = LinearProblem(features=features), LinearProblem(features=same)
    assert problem == again
    assert hash(problem) == hash(again)
    assert pickle.loads(pickle.dumps(problem)) == problem
    assert copy.deepcopy(problem).features is features


@pytest.mark.parametrize(
    ("values", "what"),
    [
        ([1.0, 2.0], r"features must be a table of n x n numbers, a row an action, got shape \(2,\)"),
        ([], "features must be a table of n x n numbers"),
        (np.zeros((0, 3)), "got shape .0, 3."),
        (np.zeros((3, 0)), "got shape .3, 0."),
        ([[1.0, 2.0], [3.0, float("nan")]], r"features\[1\]\[1\] must be a finite number, got nan"),
        ([[float("inf"), 2.0]], r"features\[0\]\[0\] must be a finite number, got inf"),
        ([["a", "b"]], "features must be a table of finite numbers, got"),
        ([[1.0], [2.0, 3.0]], "features must be a table of finite numbers, got"),
    ],
)
def test_features_are_checked(values, what):
    with pytest.raises(ValueError, match=what):
        Features(values)


def test_a_problem_takes_what_it_can_from_the_features():
    problem = LinearProblem(features=ROWS, noise=0.5, low=-10.0, high=10.0, parameter_norm=2.0, misspecification=0.25)
    assert (problem.n_actions, problem.dimension, problem.feature_norm) == (3, 2, 1.0)
    assert (problem.sigma, problem.largest_gap) == (0.5, 4.5)
    assert LinearProblem(features=ROWS).sigma == 0.5
    assert LinearProblem(features=ROWS, noise=0.0, low=-10, high=10).sigma == 0.0
    assert LinearProblem(features=ROWS, parameter_norm=9.0).largest_gap == 1.0


@pytest.mark.parametrize(
    ("arguments", "what"),
    [
        ({"n_actions": 2}, "n_actions must be 3, as of the features, or absent, got 2"),
        ({"dimension": 3}, "dimension must be 2, as of the features, or absent, got 3"),
        ({"feature_norm": 0.9}, r"feature_norm must be at least 1.0, the norm of features\[0\], got 0.9"),
        ({"parameter_norm": -1.0}, "parameter_norm must be"),
        ({"parameter_norm": float("inf")}, "parameter_norm must be"),
        ({"features": [[1e80, 0.0]]}, r"feature_norm must be a finite number in \[0.*, 1e\+50\], got 1e\+80"),
        ({"misspecification": -0.1}, "misspecification must be"),
        ({"sparsity": 0}, "sparsity must be a whole number in 1..2, got 0"),
        ({"sparsity": 3}, "sparsity must be a whole number in 1..2, got 3"),
        ({"noise": -1.0}, "noise must be"),
        ({"horizon": 0}, "horizon must be"),
    ],
)
def test_problems_are_checked(arguments, what):
    with pytest.raises(ValueError, match=what):
        LinearProblem(**{"features": ROWS, **arguments})


def test_a_norm_within_rounding_of_its_limit_is_taken():
    LinearProblem(features=[[1.0 + 5e-10, 0.0]], feature_norm=1.0)
    with pytest.raises(ValueError, match="feature_norm"):
        LinearProblem(features=[[1.0 + 2e-9, 0.0]], feature_norm=1.0)


def test_a_policy_for_fixed_sets_is_refused_where_features_change():
    fixed, changing = LinearProblem(features=ROWS), ChangingLinearProblem(n_actions=3, dimension=2)
    full = FullFeedbackLinearProblem(features=ROWS)
    assert can_play(FixedOnly(), fixed)
    assert not can_play(FixedOnly(), changing)
    assert can_play(Greedy(), fixed)
    assert can_play(Greedy(), changing)
    for problem in (fixed, changing):
        assert can_play(UCB1(), problem)
        assert not can_play(Greedy(), ContextualProblem(n_actions=3, contexts=((0.0, 1.0),)))
    assert not can_play(Greedy(), full)
    assert can_play(POLICIES.load("hedge")(), full)


def test_arms_policies_ignore_what_they_observe():
    policy = UCB1()
    policy.reset(ChangingLinearProblem(n_actions=2, dimension=2, low=0.0, high=1.0), np.random.default_rng(0))
    actions = []
    for observation in (np.zeros((2, 2)), None, "anything"):
        actions.append(policy.choose(observation))
        policy.update(observation, actions[-1], 0.5)
    assert actions == [0, 1, 0]


@pytest.mark.parametrize(
    ("observation", "what"),
    [
        (
            np.zeros((2, 2)),
            r"the observed features must be a table of 3 x 2 numbers, a row an action, got shape \(2, 2\)",
        ),
        (np.zeros(6), "got shape .6,."),
        (None, "the observed features must be a table"),
        (0, "the observed features must be a table"),
        ([[1, 2], [3, float("nan")], [0, 0]], r"the observed features\[1\]\[1\] must be a finite number, got nan"),
    ],
)
def test_observed_features_are_checked_and_nothing_changes(observation, what):
    policy = Greedy()
    policy.reset(ChangingLinearProblem(n_actions=3, dimension=2, noise=0.5), np.random.default_rng(0))
    rows = np.array(ROWS)
    action = policy.choose(rows)
    before = pickle.dumps(policy)
    with pytest.raises(ValueError, match=what):
        policy.choose(observation)
    with pytest.raises(ValueError, match=what):
        policy.update(observation, action, 0.5)
    with pytest.raises(ValueError, match=r"action must be a whole number in 0\.\.2, got 3"):
        policy.update(rows, 3, 0.5)
    with pytest.raises(ValueError, match="the reward must be a finite number, got nan"):
        policy.update(rows, 0, float("nan"))
    assert pickle.dumps(policy) == before
    policy.update(rows, action, 0.5)
    before = pickle.dumps(policy)
    with pytest.raises(RuntimeError, match="feedback that is not owed"):
        policy.update(rows, action, 0.5)
    assert pickle.dumps(policy) == before


def test_foreign_features_of_a_large_norm_are_told_once_a_run():
    """Features of somebody else's environment, as lists, without declared boxes."""
    policy, rng = Greedy(), np.random.default_rng(3)
    policy.reset(ChangingLinearProblem(n_actions=3, dimension=4, noise=1.0, low=-99.0, high=99.0), rng)
    theta = np.array([1.0, -1.0, 0.5, 0.0])
    given = (3.0 * rng.standard_normal((60, 3, 4))).tolist()

    def run():
        for rows in given:
            action = policy.choose(rows)
            policy.update(rows, action, float(np.array(rows[action]) @ theta))

    with pytest.warns(RuntimeWarning, match=r"Greedy observed features of norm .* above the feature_norm 1") as told:
        run()
    assert len(told) == 1
    assert np.allclose(policy._ridge.theta, theta, atol=0.05)


def test_features_of_norm_one_in_single_precision_are_no_larger_than_one():
    policy, rng = Greedy(), np.random.default_rng(0)
    policy.reset(ChangingLinearProblem(n_actions=50, dimension=4, noise=1.0, low=-9.0, high=9.0), rng)
    rows = rng.standard_normal((50, 4))
    rows = (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)
    assert np.linalg.norm(rows.astype(float), axis=1).max() > 1.0 + 1e-9
    policy.update(rows, policy.choose(rows), 0.5)
    with pytest.warns(RuntimeWarning, match=r"norm 1.00001\d*, above the feature_norm 1 "):
        policy.choose(rows * 1.00001)


def test_every_environment_tells_the_learner_its_problem():
    theta = [0.6, -0.5, 0.2]
    sphere = {"name": "sphere", "parameters": {"n_actions": 6, "dimension": 3}}
    problem = LinearBandit(sphere, theta, sigma=0.5, horizon=20).problem
    assert (problem.noise, problem.low, problem.high, problem.misspecification) == (0.5, -np.inf, np.inf, 0.0)
    assert np.isclose(problem.parameter_norm, np.linalg.norm(theta))
    assert LinearBandit(sphere, {"name": "sparse", "parameters": {"s": 2}}).problem.sparsity == 2
    assert MisspecifiedLinearBandit(sphere, theta, misspecification=0.2).problem.misspecification == 0.2
    assert isinstance(ChangingLinearBandit().problem, ChangingLinearProblem)
    problem = AdversarialLinearBandit(sphere).problem
    assert (problem.noise, problem.bounded) == (None, True)
    assert np.isclose(problem.high, 0.9)
    assert np.isclose(problem.sigma, 0.9)
    assert isinstance(LinearBandit(sphere, theta, feedback="full").problem, FullFeedbackLinearProblem)
    assert issubclass(RidgePolicy, LinearPolicy)
