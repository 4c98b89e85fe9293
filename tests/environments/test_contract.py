"""Every registered family keeps the contract; and environments that break it are found out."""

import copy
from dataclasses import replace
from functools import partial

import numpy as np
import pytest

from bandits import Family
from bandits.arms.problem import BanditProblem, Block, FullFeedbackProblem
from bandits.arms.ucb1 import UCB1
from bandits.contract import Bound, Instance
from bandits.families import families
from bandits.family import resolve
from environments.arms.bernoulli import BernoulliArms
from environments.arms.gaussian import GaussianArms
from environments.arms.piecewise import PiecewiseArms
from environments.checks import check_bounds, check_environment, check_family, players
from environments.contract import NotBegunError


def pairs():
    """Every family with every family that has a policy for one of its problem types."""
    found = []
    for family in families():
        for other in families():
            classes = [resolve(place) for place in other.policies.values()]
            if any(issubclass(kind, cls.plays) for kind in family.problems for cls in classes):
                those = family if other is family else replace(family, examples=partial(one_of_each_kind, family))
                found.append(pytest.param(those, list(other.policies), id=f"{family.name}-{other.name}"))
    return found


def one_of_each_kind(family):
    """One example of each class of environments and of problems, for the policies of other families."""
    kinds = {(type(e), type(e.problem)): e for e in reversed(family.example_environments())}
    return [*kinds.values()]


@pytest.mark.parametrize(("family", "policies"), pairs())
def test_every_policy_keeps_the_contract_in_every_example_it_plays(family, policies):
    """In every example of its own family, and in one of each kind of the others'."""
    check_family(family, policies=policies)


@pytest.mark.parametrize("name", [f"{f.name}:{name}" for f in families() for name in f.policies])
def test_every_policy_is_checked_somewhere(name):
    _, _, policy = name.partition(":")
    examples = [e for f in families() for e in f.example_environments()]
    assert any(True for e in examples for _ in players(e, names=[policy])), f"no example is played by {policy}"


@pytest.mark.parametrize("family", families(), ids=lambda family: family.name)
def test_every_problem_type_of_a_family_has_an_example(family):
    """But for those that only others are subtypes of."""
    kinds = {type(e.problem) for e in family.example_environments()}
    for problem in family.problems:
        assert any(issubclass(kind, problem) for kind in kinds), f"no example has a {problem.__name__}"


def test_an_unknown_family():
    with pytest.raises(ValueError, match="unknown family 'art'; known: arms, "):
        check_family("art")


class Picky(UCB1):
    """Refuses every problem that it is said to play."""

    def reset(self, problem, rng):
        raise ValueError("not this one")


def small():
    return [BernoulliArms([0.2, 0.8], 40)]


PROBLEM = "bandits.arms.problem:BanditProblem"


@pytest.mark.parametrize(
    ("family", "policies", "error", "what"),
    [
        (Family("mine", PROBLEM, small), ["ucb9"], ValueError, "got 'ucb9'"),
        (Family("mine", PROBLEM, ()), None, AssertionError, "the family mine has no examples"),
        (Family("mine", PROBLEM, small, policies={"p": Picky}), ["p"], AssertionError, "p refuses every example"),
        (Family("mine", int, small), [], AssertionError, "int'> is no subclass of Problem"),
        (Family("mine", FullFeedbackProblem, small), [], AssertionError, "its problem is BanditProblem"),
        (Family("arms", PROBLEM, small, policies={"p": Picky}), ["p"], AssertionError, "p refuses every example"),
        (Family("mine", PROBLEM, small, policies={"p": UCB1}, variants={"p": [{"a": 1}]}), ["p"], AssertionError, "p"),
    ],
)  # fmt: skip
def test_a_check_of_a_family_checks_something(family, policies, error, what):
    with pytest.raises(error, match=what):
        check_family(family, policies=policies)


def test_what_an_environment_hands_out_cannot_be_written_to():
    environment = BernoulliArms([0.2, 0.8], 60)
    environment.reset(seed=1)
    block = environment.block(10)
    for array in (block.levels, block.noise):
        with pytest.raises(ValueError, match="read-only"):
            array[:] = 1.0
    assert environment.instance().means.tolist() == [0.2, 0.8]


class Leaky(BernoulliArms):
    """Goes on with the same random numbers in the next run."""

    def _start(self, tape):
        self._generator = tape


class Endless(BernoulliArms):
    """Does not stop at the horizon."""

    def _reserve(self):
        self.clock = min(self.clock, self.horizon - 1)
        super()._reserve()


class Rude(BernoulliArms):
    """Keeps a parameter under another name."""

    def __init__(self, probabilities=(0.2, 0.8), horizon=60):
        super().__init__(probabilities, horizon)


class Vague(BernoulliArms):
    """Names a comparator that it does not give."""

    def comparators(self, times):
        return {}


class Bold(BernoulliArms):
    """Limits of the regret as they are asked for, by round."""

    def __init__(self, low, high, name="pseudo", columns=None, luck=0.0):
        super().__init__([0.2, 0.8], 60)
        self.low, self.high, self.name, self.columns, self.luck = low, high, name, columns, luck

    def limits(self, times):
        high = self.high + self.luck * copy.deepcopy(self._generator).random()
        return {self.name: (times * np.array([[self.low], [high]]))[:, : self.columns]}


class Forgetful(BernoulliArms):
    """Builds its instance anew on every call."""

    def instance(self):
        return Instance()


class Shifty(BernoulliArms):
    """A comparator that depends on which times are asked for."""

    def comparators(self, times):
        return {"best_arm": times * 0.8 + len(times)}


class Blurred(BernoulliArms):
    """What was earned by a past time changes later."""

    def metrics(self, times):
        return {name: values + 0.01 * self.clock for name, values in super().metrics(times).items()}


class Generous(BernoulliArms):
    """Hands out its own arrays."""

    def block(self, most):
        self._reserve()
        return self._from(self.clock, min(self.clock + most, self._ends))


class Copying(Generous):
    """Hands out copies, which is as well."""

    def block(self, most):
        levels, stride, noise, binary = super().block(most)
        return Block(levels.copy(), stride, noise.copy(), binary)


class Lawless(BernoulliArms):
    """A lower bound on a regret that nobody has."""

    def lower_bounds(self):
        return [Bound("b", "lower", np.sqrt, "dynamic", "here", "exact")]


class Fragile(BernoulliArms):
    """Before a run is begun, fails with an error that says nothing."""

    def transition(self, action):
        return super().transition(action) if "clock" in vars(self) else [][action]


class Ragged(BernoulliArms):
    """Feedback as long as the arm's number."""

    def transition(self, action):
        reward, _ = super().transition(action)
        return reward, np.full(action + 1, reward)


class Mixed(BernoulliArms):
    """A whole number now, a fraction then: a vector makes the type of the first that of all."""

    def info_of(self, feedback):
        return {"feedback": feedback, "half": 0 if feedback == 0.0 else 0.5}


@pytest.mark.parametrize(
    ("broken", "what"),
    [
        (lambda: Leaky([0.2, 0.8], 60), "the same tape and actions give another run|[Dd]eterminis"),
        (lambda: Endless([0.2, 0.8], 60), "after the horizon (does not raise|must raise RuntimeError)"),
        (lambda: Rude(), "the parameter probabilities is not kept"),
        (lambda: Vague([0.2, 0.8], 60), "names the comparator best_arm, which is not given"),
        (lambda: Forgetful([0.2, 0.8], 60), r"instance\(\) builds a new object"),
        (lambda: Shifty([0.2, 0.8], 60), "depends on the times asked"),
        (lambda: Blurred([0.2, 0.8], 60), "metrics 'reward' of past times change"),
        (lambda: Generous([0.2, 0.8], 60), "writing to what block\\(\\) hands out changes the run"),
        (lambda: Lawless([0.2, 0.8], 60), "speaks of the comparator class 'dynamic', of which there is no"),
        (lambda: Ragged([0.2, 0.8], 60), r"info\['feedback'\] has shape and type .* info_of can pad it"),
        (lambda: Mixed([0.2, 0.8], 60), r"two in a vector: a vector gives info\['half'\] as"),
        (lambda: Bold(0.0, 1.0, "dynamic"), "limits of 'dynamic', which is no regret definition; .* pseudo"),
        (lambda: Bold(0.0, 1.0, columns=1), r"limits of pseudo have shape \(2, 1\), not \(2, "),
        (lambda: Bold(1.0, 0.0), "limits of pseudo are not in order"),
        (lambda: Bold(0.0, np.nan), "limits of pseudo are not in order"),
        (lambda: Bold(0.0, 0.1), "regret pseudo at time .* is not within its limits, 0 to"),
        (lambda: Bold(1.0, 2.0), "regret pseudo at time 1, .* is not within its limits, 1 to 2"),
        (lambda: Bold(0.0, 1.0, luck=1.0), "limits differ from run to run"),
        (lambda: Fragile([0.2, 0.8], 60), r"before begin\(\) must raise RuntimeError, raises IndexError"),
    ],
)
def test_a_broken_promise_is_found(broken, what):
    with pytest.raises(AssertionError, match=what):
        check_environment(broken)


class Boastful:
    """Bounds that a policy may not hand out."""

    def __init__(self, bound):
        self.bound = bound

    def regret_bounds(self, problem, instance):
        return [self.bound]


@pytest.mark.parametrize(
    ("curve", "comparator_class", "what"),
    [
        (lambda t: 0.0 * t, "fixed", "b is violated at time"),
        (lambda t: t, "dynamic", "b speaks of the comparator class 'dynamic'; there are regrets of fixed"),
        (lambda t: np.append(t, 1.0), "fixed", "has shape"),
        (lambda t: np.full(len(t), np.nan), "fixed", "is not finite"),
    ],
)
def test_bounds_that_cannot_stand_are_found(curve, comparator_class, what):
    policy = UCB1()
    policy.regret_bounds = Boastful(Bound("b", "upper", curve, comparator_class, "here", "exact")).regret_bounds
    with pytest.raises(AssertionError, match=what):
        check_bounds(policy, BernoulliArms([0.2, 0.8], 60))


def judged(delta, below):
    """The bound of a policy whose regret is above 1 in this share of runs."""

    class Lucky(BernoulliArms):
        def comparators(self, times):
            return {"best_arm": times * 0.0 + (0.0 if self._luck < below else 1e6), "worst": times * -1e9}

        def begin(self, tape):
            super().begin(tape)
            self._luck = tape.bit_generator.state["state"]["state"] % 1000 / 1000

    policy, bound = UCB1(), Bound("b", "upper", lambda t: 0.0 * t + 1.0, "fixed", "here", "exact", delta=delta)
    policy.regret_bounds = Boastful(bound).regret_bounds
    check_bounds(policy, Lucky([0.2, 0.8], 60))


def test_a_bound_that_may_fail_is_not_judged_by_the_mean():
    judged(0.4, 0.7)
    with pytest.raises(AssertionError, match=r"b is violated in \d+ of 12 runs, it may fail with delta=0.01"):
        judged(0.01, 0.3)


def test_before_a_run_an_environment_says_so():
    environment = BernoulliArms([0.2, 0.8], 60)
    for ask in (
        environment.observe,
        lambda: environment.transition(0),
        lambda: environment.step(0),
        lambda: environment.block(3),
        lambda: environment.metrics(np.array([1])),
    ):
        with pytest.raises(NotBegunError, match=r"BernoulliArms: no run was begun: call reset\(\), or begin"):
            ask()
    assert not hasattr(environment, "clock")


def test_copies_may_be_handed_out():
    check_environment(lambda: Copying([0.2, 0.8], 60))


def test_illegal_actions_change_nothing():
    environment = BernoulliArms([0.2, 0.8], 60)
    environment.begin(environment.draw(np.random.default_rng(0)))
    environment.transition(1)
    before = environment.metrics(np.array([1]))
    for action in (-1, 2, 99, 0.5, True):
        with pytest.raises(ValueError, match=r"action must be a whole number in 0..1, got"):
            environment.transition(action)
    with pytest.raises(ValueError, match=r"actions must be a whole number in 0..1, got 7"):
        environment.absorb(np.array([0, 7]))
    assert environment.metrics(np.array([1])) == before
    assert environment.clock == 1


def test_a_problem_alone_tells_nothing_of_the_instance():
    assert BernoulliArms([0.2, 0.8], 60).problem == BanditProblem(n_actions=2, horizon=60, reward_family="bernoulli")


@pytest.mark.parametrize(
    "make",
    [
        lambda: BernoulliArms([0.3, 0.6], 50),
        lambda: GaussianArms([0.3, 0.6], horizon=50),
        lambda: PiecewiseArms([{"start": 1, "means": [0.3, 0.6]}], horizon=50),
    ],
)
def test_gymnasium_resets_without_a_seed_are_different_runs(make):
    environment, runs = make(), []
    environment.reset(seed=3)
    for _ in range(3):
        runs.append([environment.step(1)[1] for _ in range(50)])
        environment.reset()
    assert runs[0] != runs[1] != runs[2] != runs[0]
    environment.reset(seed=3)
    assert runs[0] == [environment.step(1)[1] for _ in range(50)]
