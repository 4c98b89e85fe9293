"""Every policy tells once of a reward outside the declared range, by one mechanism, step by step and in leaps."""

import copy
import pickle
import re
import warnings
from dataclasses import replace
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pytest
from over_pairs import SilentError, over

from bandits.arms.problem import BanditProblem, FullFeedbackProblem
from bandits.checks import play
from bandits.delayed.problem import Arrival, Delayed
from bandits.groupwise.ftpl import GroupwiseFTPL
from bandits.groupwise.groupwise import Groupwise
from bandits.groupwise.problem import ExpertsProblem, PathsProblem, RegressionProblem, Round
from bandits.mdp.problem import AverageRewardProblem, Step, Trajectory
from bandits.recovering.problem import RecoveringProblem
from bandits.registry import POLICIES
from environments import AdversarialArms

ROUND = Round(np.zeros(0), np.ones(1, dtype=np.int8))


def kinds(family, environment):
    """Each policy meets every class of environments, and of problems, in every family."""
    return family.name, type(environment), type(environment.problem)


def bounded(environment):
    """With a finite range, and feedback that reveals rewards."""
    problem = environment.problem
    return problem.reveals_rewards and np.isfinite(problem.high - problem.low)


def revealing(environment):
    return environment.problem.reveals_rewards


def shifted(feedback, by):
    if isinstance(feedback, tuple) and all(isinstance(part, Arrival) for part in feedback):
        return tuple(arrival._replace(feedback=shifted(arrival.feedback, by)) for arrival in feedback)
    if isinstance(feedback, Step):
        return feedback._replace(reward=feedback.reward + by)
    if isinstance(feedback, Trajectory):
        return feedback._replace(rewards=feedback.rewards + by)
    if isinstance(feedback, tuple):  # of a stream: the sum and number of pulls
        return feedback[0] + by * feedback[1], feedback[1]
    return None if feedback is None else feedback + by


def steps(environment, policy, by, rounds=25):
    """Play with rewards moved by ``by``; whether any were revealed, and the warnings about the range."""
    rng, revealed = np.random.default_rng(5), False
    environment.begin(environment.draw(rng))
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        policy.reset(environment.problem, rng)
        while environment.clock < min(rounds, environment.problem.horizon):
            observation = environment.observe()
            action = policy.choose(observation)
            _, feedback = environment.transition(action)
            policy.update(observation, action, shifted(feedback, by))
            revealed |= feedback not in (None, ()) if feedback is None or isinstance(feedback, tuple) else True
            if environment.clock % 4 == 0:
                policy = pickle.loads(pickle.dumps(policy))
    return revealed, [w for w in caught if "outside" in str(w.message)]


@over(bounded, kinds)
def test_a_reward_outside_is_told_once(policy, environment):
    if policy.clairvoyant:
        raise SilentError
    far = 10.0 * (environment.problem.high - environment.problem.low)
    if getattr(policy, "binary", False):  # it learns from rewards 0 and 1 only
        with pytest.raises(ValueError, match=r"rewards that are 0 or 1, got 1[01]"):
            steps(environment, copy.deepcopy(policy), far)
        return
    revealed, told = steps(environment, copy.deepcopy(policy), far)
    own = [w for w in told if str(w.message).startswith(type(policy).__name__)]
    clipped = getattr(policy, "on_exceed", "") == "clip"  # as it was asked to
    assert len(own) == (1 if revealed and not clipped else 0), [str(w.message) for w in own]
    assert len([w for w in told if "the problem declares" in str(w.message)]) <= len(own), "a wrapper tells alone"
    assert all(w.category is RuntimeWarning for w in told)
    assert steps(environment, copy.deepcopy(policy), 0.0)[1] == []


def test_it_is_told_once_in_all_runs_of_a_policy_and_anew_for_another_range():
    policy, told = POLICIES.load("kl_ucb")(), []
    for high in (1.0, 1.0, 100.0, 1000.0):
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            policy.reset(BanditProblem(n_actions=2, horizon=9, high=high), np.random.default_rng(0))
            policy.update(None, policy.choose(None), 150.0)
            policy.update(None, policy.choose(None), -3.0)
        told.append([str(w.message).partition(" that")[0] for w in caught])
    start = "KLUCB observed a reward of"
    assert told == [
        [f"{start} 150, outside the range [0, 1]"],
        [],
        [f"{start} 150, outside the range [0, 100]"],
        [f"{start} -3, outside the range [0, 1000]"],
    ]


@pytest.mark.parametrize("name", ["ucb1", "kl_ucb", "exp3", "beta_thompson", "uniform", "hedge"])
def test_leaps_tell_too(name):
    """The environment pays 0..50 and declares 0..1."""
    rewards = np.arange(0.0, 60.0).reshape(-1, 2) % 50.0
    kind = "full" if name == "hedge" else "bandit"
    environment = AdversarialArms(rewards, high=50.0, feedback=kind)
    environment.problem = replace(environment.problem, high=1.0)
    environment.begin(environment.draw(np.random.default_rng(0)))
    policy = POLICIES.load(name)()
    policy.reset(environment.problem, np.random.default_rng(0))
    with pytest.warns(RuntimeWarning, match=r"observed a reward of .* outside the range \[0, 1\]") as caught:
        [policy.advance(environment, rounds) for rounds in (20, 10)]
    assert len(caught) == 1


def narrowed(problem):
    """The same problem with another declared range, which most environments leave."""
    if isinstance(problem, Delayed):
        return replace(problem, inner=narrowed(problem.inner))
    low, high = (problem.low, problem.high) if problem.bounded else (-1.0, 1.0)
    return replace(problem, low=low + 0.4 * (high - low), high=low + 0.6 * (high - low))


def tellings(environment, policy, leaps):
    environment, policy = copy.deepcopy((environment, policy))
    environment.problem = narrowed(environment.problem)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            play(policy, environment, 8, leaps, times=[1])
        except ValueError as error:  # from ``reset``, or from a policy that is to refuse what it cannot scale
            return str(error)
    return [str(w.message) for w in caught if "the problem declares" in str(w.message)]


every_leap = over(revealing, kinds)


@every_leap
def test_leaps_tell_what_steps_tell(policy, environment):
    if policy.clairvoyant:
        raise SilentError
    told = tellings(environment, policy, False)
    assert told == tellings(environment, policy, True)
    assert isinstance(told, str) or len(told) <= 1


def test_some_leaps_of_every_kind_tell():
    """So that the test above has something to compare."""
    told = [
        (place, tellings(environment, policy, True))
        for pairs in every_leap.pairs().values()
        for place, policy, environment in pairs
        if not policy.clairvoyant
    ]
    silent = {place: words for place, words in told if not isinstance(words, list) or not words}
    assert len(silent) < 0.2 * len(told), silent


@pytest.mark.parametrize(
    ("feedback", "spelt"), [(1.0000001, "1.0000001"), (Decimal("1.5"), "1.5"), (np.array([2]), "2"), (150, "150")]
)
def test_the_number_told_is_the_one_observed(feedback, spelt):
    policy = POLICIES.load("ucb1")()
    policy.reset(BanditProblem(n_actions=2, horizon=9), np.random.default_rng(0))
    with pytest.warns(RuntimeWarning, match=rf"a reward of {spelt}, outside the range \[0, 1\]"):
        policy.update(None, policy.choose(None), feedback)


def test_of_paths_the_best_and_the_worst_count():
    problem = PathsProblem(groups=("all",), edges=((0, 1), (0, 1), (1, 2)), low=-2.0, high=0.0)
    assert problem.revealed(np.array([-0.5, -1.5, -0.25])) == (-1.75, -0.75)
    with pytest.warns(RuntimeWarning, match=r"GroupwiseFTPL observed a path with a reward of -3, outside"):
        one_round(GroupwiseFTPL(), problem, np.zeros(0), np.array([-0.5, -2.5, -0.5]))


@pytest.mark.parametrize(("label", "reward"), [(-0.5, -2.25), (1.25, -1.5625), (np.float64(1.25), -1.5625)])
def test_of_labels_the_predictions_in_the_unit_interval_count(label, reward):
    problem = RegressionProblem(groups=("all",), dimension=1)
    with pytest.warns(
        RuntimeWarning, match=rf"a label that pays some prediction in \[0, 1\] a reward of {reward}, out"
    ):
        one_round(Groupwise(), problem, np.ones(1), label)
    one_round(Groupwise(), problem, np.ones(1), 1.0)
    one_round(Groupwise(), replace(problem, low=-4.0, high=0.5), np.ones(1), -0.5)


def one_round(policy, problem, context, feedback):
    policy.reset(problem, np.random.default_rng(0))
    seen = Round(context, np.ones(1, dtype=np.int8))
    policy.update(seen, policy.choose(seen), feedback)


def alone(x):
    return np.array([x])


@pytest.mark.parametrize("kind", [Decimal, Fraction, alone, np.float32], ids=lambda kind: kind.__name__)
@over(revealing, lambda family, environment: None)
def test_rewards_of_any_kind_of_number_are_taken(policy, environment, kind):
    """They teach what floats of the same value do: the same decisions follow."""
    if policy.clairvoyant:
        raise SilentError
    one, other = (
        decisions(copy.deepcopy(policy), environment, turn)
        for turn in (kind, lambda value: float(np.asarray(kind(value), dtype=float).reshape(())))
    )
    assert len(one) > 0
    assert one == other


def decisions(policy, environment, turn):
    """The first actions of a run, pickled, of which the policy learns rewards that are turned."""
    rng, found = np.random.default_rng(3), []
    environment.begin(environment.draw(rng))
    policy.reset(environment.problem, rng)
    while environment.clock < min(20, environment.problem.horizon):
        observation = environment.observe()
        action = policy.choose(observation)
        found.append(pickle.dumps(action))
        policy.update(observation, action, turned(environment.transition(action)[1], turn))
    return found


def turned(feedback, kind):
    if feedback is None or feedback == () if isinstance(feedback, tuple) else feedback is None:
        return feedback
    if isinstance(feedback, tuple) and isinstance(feedback[0], Arrival):
        return tuple(arrival._replace(feedback=turned(arrival.feedback, kind)) for arrival in feedback)
    if isinstance(feedback, Trajectory):
        return feedback._replace(rewards=turned(feedback.rewards, kind))
    if isinstance(feedback, tuple):
        return kind(float(feedback[0])), feedback[1]
    if isinstance(feedback, np.ndarray):
        return np.array([kind(x) for x in feedback.tolist()]).reshape(feedback.shape)
    return kind(float(feedback))


@pytest.mark.parametrize("feedback", [["a", "b", "c"], [1j, 0, 0], [None, 0, 0], "abc", {}])
def test_full_feedback_of_no_numbers_is_refused(feedback):
    policy = POLICIES.load("hedge")()
    policy.reset(FullFeedbackProblem(n_actions=3, horizon=9), np.random.default_rng(0))
    with pytest.raises(ValueError, match="feedback must be"):
        policy.update(None, policy.choose(None), feedback)


EXPERTS = ExpertsProblem(groups=("a",), n_actions=2, low=-150.0, high=0.0)
PATHS = PathsProblem(groups=("a",), edges=((0, 1), (0, 1)), low=-9.0)
STATES = AverageRewardProblem(n_states=2, n_actions=2, high=150.0)
RESTING = RecoveringProblem(n_actions=2, recovery=1, high=9.0, horizon=9)


@pytest.mark.parametrize(
    ("name", "problem", "seen", "feedback", "words"),
    [
        ("groupwise_hedge", EXPERTS, ROUND, [-90.0, -1.0], "-90"),
        ("groupwise_hedge", EXPERTS, ROUND, [-0.9, -1.0], None),
        ("groupwise_ftpl", PATHS, ROUND, [-3.0, -1.0], "-3"),
        ("ucrl2", STATES, 0, Step(90.0, 1), "90"),
        ("ucrl2", STATES, 0, Step(0.5, 1), None),
        ("idle_blind_ucb", RESTING, [1, 1], np.array([5.0]), "5"),
        ("idle_blind_ucb", replace(RESTING, noise=1.0), [1, 1], np.array([5.0]), None),
    ],
)
def test_a_declared_range_wider_than_a_rule_is_for_is_no_way_round(name, problem, seen, feedback, words):
    policy = POLICIES.load(name)()
    policy.reset(problem, np.random.default_rng(0))
    action = policy.choose(seen)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        policy.update(seen, action, feedback)
    said = rf"reward.* {words}, outside the range \[.*\] that its rule is for .*; shift and scale rewards into it"
    assert len(caught) == (words is not None)
    assert words is None or re.search(said, str(caught[0].message)), caught[0].message


def test_rounding_is_not_told():
    policy = POLICIES.load("ucb1")()
    policy.reset(BanditProblem(n_actions=2, horizon=9, low=-1e6, high=1e6), np.random.default_rng(0))
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        policy.update(None, policy.choose(None), 1e6 + 1e-4)
        assert caught == []
        policy.update(None, policy.choose(None), 1e6 + 1.0)
    assert len(caught) == 1
