"""The contract: problems, bounds, and policies that break a promise are found out."""

import pickle

import numpy as np
import pytest

from bandits import BanditProblem, Bound, Instance, NotResetError, Policy, can_play, check_plays
from bandits.arms.problem import FullFeedbackProblem
from bandits.arms.ucb1 import UCB1
from bandits.checks import check_policy, play
from bandits.contextual.problem import ContextualProblem
from bandits.contract import Assumption, bounds_of
from environments import BernoulliArms

ARMS = [0.2, 0.4, 0.6]


def arms(horizon=200):
    return BernoulliArms(ARMS, horizon)


class Forgetful(UCB1):
    """Reset keeps what was learned."""

    def reset(self, problem, rng):
        if not hasattr(self, "_rows"):
            super().reset(problem, rng)


class GlobalLuck(UCB1):
    """Draws from the global generator."""

    def choose(self, observation):
        np.random.random()  # noqa: NPY002
        return super().choose(observation)


class Eager(UCB1):
    """The compiled path has another index."""

    def play(self, block, actions):
        self._scale *= 1.5
        super().play(block, actions)


class Heavy(UCB1):
    """Does not pickle once a run has begun."""

    def reset(self, problem, rng):
        super().reset(problem, rng)
        self._helper = lambda x: x


class Renaming(UCB1):
    """Keeps a hyper-parameter under another name."""

    def __init__(self, boldness=2.0):
        super().__init__(boldness)


class Amnesiac(UCB1):
    """Loses its counts when pickled."""

    def __getstate__(self):
        return {**self.__dict__, "_rows": np.zeros_like(self.__dict__.get("_rows", np.zeros(1)))}


class Hasty(UCB1):
    """Plays without a reset."""

    def choose(self, observation):
        return super().choose(observation) if hasattr(self, "_rows") else 0


class Wordy(UCB1):
    """Names what it plays by a word."""

    plays = ("arms",)


class Single(UCB1):
    """Names one type of problem, in no tuple."""

    plays = BanditProblem


class Astray(UCB1):
    """Plays an arm that is not there."""

    def choose(self, observation):
        return 17


class Global(UCB1):
    """Chooses by the global generator."""

    def choose(self, observation):
        return int(np.random.randint(2))  # noqa: NPY002


class Stale(UCB1):
    """Begins a run in the constructor."""

    def __init__(self):
        super().__init__()
        super().reset(arms().problem, np.random.default_rng(0))

    def reset(self, problem, rng):
        pass


class Loose(UCB1):
    """Bounds that are none."""

    def regret_bounds(self, problem, instance):
        return [np.sqrt]


class Elsewhere(UCB1):
    """A bound of a comparator class that no regret has."""

    def regret_bounds(self, problem, instance):
        return [Bound("mine", "upper", np.sqrt, "fixd", "nowhere", "recalled")]


@pytest.mark.parametrize(
    ("broken", "what"),
    [
        (Single, "plays must be a tuple of problem types, such as plays = .BanditProblem,."),
        (Astray, "Astray cannot play a run, round 1: ValueError: action must be a whole number in 0"),
        (Global, "the global random generator was used: draw from the rng that reset is given"),
        (Stale, "a second run after reset differs"),
        (Loose, "regret_bounds must return objects of the class Bound"),
        (
            Elsewhere,
            "'mine' speaks of the comparator class 'fixd'.*BernoulliArms has no regret.*; it has .*fixed",
        ),
        (dict, "dict must derive from bandits.Policy"),
        (Forgetful, "a second run after reset differs"),
        (GlobalLuck, "the global random generator was used"),
        (Eager, "advance, whole, differs from choose and update in"),
        (Heavy, "pickle"),
        (Renaming, "boldness"),
        (Amnesiac, "pickled on the way, differs"),
        (Hasty, "choose before reset does not raise RuntimeError"),
        (Wordy, "plays must be a tuple of problem types"),
    ],
)
def test_a_broken_promise_is_found(broken, what):
    with pytest.raises(Exception, match=what):
        check_policy(broken, arms)


def test_before_reset_a_policy_says_so_and_changes_nothing():
    policy, environment = UCB1(), arms()
    environment.reset(seed=1)
    before = pickle.dumps(policy)
    for ask in (
        lambda: policy.choose(None),
        lambda: policy.choose(observation=None),
        lambda: policy.update(None, 0, 0.5),
        lambda: policy.advance(environment, 3),
    ):
        with pytest.raises(NotResetError, match=r"^UCB1 was not reset: call reset\(problem, rng\) before"):
            ask()
    assert pickle.dumps(policy) == before


class Standing(UCB1):
    """Says that it leapt and does not play."""

    answer = 3

    def leap(self, environment, most):
        return self.answer


@pytest.mark.parametrize("answer", [3, -1, None, True, float("nan")])
def test_a_leap_that_goes_nowhere_does_not_go_on_for_ever(answer):
    policy, environment = Standing(), arms()
    policy.answer = answer
    environment.reset(seed=1)
    policy.reset(environment.problem, np.random.default_rng(0))
    with pytest.raises(RuntimeError, match=r"Standing.leap must return how far the clock has moved on, got .* at 0"):
        policy.advance(environment, 10)


class Typing(UCB1):
    """Misspells an attribute, which is not a missing reset."""

    def choose(self, observation=None):
        return self._cuonts


def test_a_misspelt_attribute_is_told_as_such():
    policy = Typing()
    with pytest.raises(NotResetError):
        policy.choose()
    policy.reset(BanditProblem(n_actions=2), np.random.default_rng(0))
    with pytest.raises(AttributeError, match="no attribute '_cuonts'"):
        policy.choose()


class Faulty(UCB1):
    """Its own fault is not taken for a missing reset."""

    def choose(self, observation):
        return observation.colour


def test_other_errors_pass_as_they_are():
    policy = Faulty()
    policy.reset(BanditProblem(n_actions=2), np.random.default_rng(0))
    with pytest.raises(AttributeError, match="'NoneType' object has no attribute 'colour'"):
        policy.choose(None)


@pytest.mark.parametrize(
    ("arguments", "what"),
    [
        ({"n_actions": 0}, "n_actions must be a whole number >= 1, got 0"),
        ({"n_actions": 2, "horizon": 0}, "horizon must be a whole number >= 1, got 0"),
        ({"n_actions": 2, "low": 1.0, "high": 1.0}, "low must be below high"),
    ],
)
def test_problems_are_checked(arguments, what):
    with pytest.raises(ValueError, match=what):
        BanditProblem(**arguments)


def test_the_width_of_rewards():
    assert BanditProblem(n_actions=2, low=-2.0, high=4.0).width == 6.0
    assert BanditProblem(n_actions=2, low=-np.inf, high=np.inf, noise=1.5).width == 3.0
    with pytest.raises(ValueError, match="declares no noise"):
        _ = BanditProblem(n_actions=2, low=-np.inf, high=np.inf).width


def test_a_contextual_problem_is_a_bandit_problem_by_subtyping():
    problem = ContextualProblem(n_actions=3, contexts=((0.0, 1.0),))
    assert can_play(UCB1(), problem)
    assert not can_play(UCB1(), FullFeedbackProblem(n_actions=3))


def test_a_mismatch_names_both_sides():
    problem = FullFeedbackProblem(n_actions=3)
    with pytest.raises(ValueError, match=r"^UCB1 plays BanditProblem, but Experts is FullFeedbackProblem$"):
        check_plays(UCB1(), problem, "Experts")
    with pytest.raises(ValueError, match=r"^policy must be a policy for it: UCB1 plays BanditProblem, but"):
        check_plays(UCB1(), problem, name="policy")


def test_bounds_know_whether_they_hold():
    yes, no = Assumption("a", True), Assumption("b", False, 3.0)
    assert not Bound("b", "upper", np.sqrt, "fixed", "here", "exact", (yes, no)).holds
    assert Bound("b", "upper", np.sqrt, "fixed", "here", "exact", (yes,)).holds
    assert (str(yes), str(no)) == ("a", "b (largest: 3)")


def test_what_numpy_says_is_taken_for_what_it_means():
    """Bounds are written to files."""
    bound = Bound("b", "upper", np.sqrt, "fixed", "here", "exact", [Assumption("a", np.bool_(True), np.float32(0.5))])
    assert (bound.assumptions[0].holds, type(bound.assumptions[0].holds)) == (True, bool)
    assert type(bound.assumptions[0].largest) is float
    assert type(Bound("b", "upper", np.sqrt, "fixed", "here", "exact", delta=np.float32(0.5)).delta) is float


def test_bounds_say_in_what_sense_they_hold():
    assert Bound("b", "upper", np.sqrt, "fixed", "here", "exact").claim == "in expectation"
    assert Bound("b", "upper", np.sqrt, "fixed", "here", "exact", delta=0.05).claim == "with probability >= 0.95"


@pytest.mark.parametrize(
    ("wrong", "what"),
    [
        ({"kind": "sharp"}, "kind of a bound must be one of upper, lower, order, got 'sharp'"),
        ({"evidence": "sure"}, "evidence of a bound must be one of exact, derived, recalled, convention, got 'sure'"),
        ({"time": "always"}, "time of a bound must be one of anytime, horizon-tuned"),
        ({"delta": 0.0}, "delta of a bound must be a finite number in"),
        ({"delta": 1.0}, "delta of a bound must be a finite number in"),
        ({"curve": 3.0}, "a bound must have a function as curve and a word as comparator_class, got 3.0"),
        ({"comparator_class": None}, "a bound must have a function as curve and a word as comparator_class"),
        ({"assumptions": ("it holds",)}, "assumptions of a bound must be of the class Assumption, got"),
    ],
)
def test_bounds_are_checked(wrong, what):
    fields = {"name": "b", "kind": "upper", "curve": np.sqrt, "comparator_class": "fixed", "source": "here"}
    with pytest.raises(ValueError, match=what):
        Bound(**{**fields, "evidence": "exact", **wrong})


def test_a_family_may_draw_consequences_of_a_policys_bounds():
    class Known(Instance):
        def consequences(self, policy, problem, bounds):
            return [Bound("more", "upper", np.sqrt, "dynamic", "here", "derived")]

    assert [b.name for b in bounds_of(UCB1(), BanditProblem(n_actions=2), Known())] == ["more"]
    assert bounds_of(UCB1(), BanditProblem(n_actions=2), Instance()) == []


def test_a_policy_shows_its_parameters():
    assert repr(UCB1(3)) == "UCB1(exploration=3.0)"


@pytest.mark.parametrize("value", [0, -1, float("nan"), float("inf"), True, "2", None])
def test_parameters_are_checked(value):
    with pytest.raises(ValueError, match=r"exploration must be a finite number in \(0, inf\), got"):
        UCB1(value)


def test_a_policy_in_a_plain_loop_of_somebody_else():
    """No environment of ours: rewards come from wherever."""
    policy: Policy = UCB1()
    policy.reset(BanditProblem(n_actions=3), np.random.default_rng(0))
    plays = np.zeros(3)
    luck = np.random.default_rng(1)
    for _ in range(3000):
        arm = policy.choose(None)
        policy.update(None, arm, float(luck.random() < (0.2, 0.5, 0.8)[arm]))
        plays[arm] += 1
    assert plays.argmax() == 2
    assert plays[2] > 2400


class Counting(UCB1):
    """Counts its leaps."""

    def __init__(self):
        super().__init__()
        self.leaps = []

    def leap(self, environment, most):
        self.leaps.append(most)
        return super().leap(environment, most) if most < 150 else 0


def test_advance_leaps_where_it_can_and_plays_round_by_round_elsewhere():
    policy = Counting()
    played = play(policy, arms(), 5)
    assert policy.leaps == [
        200,
        199,
        197,
        193,
        185,
        169,
        137,
    ]  # after 1, 2, ..., 32 rounds one by one
    plain = play(UCB1(), arms(), 5, leaps=False)
    assert all(np.array_equal(played[name], plain[name]) for name in plain)
