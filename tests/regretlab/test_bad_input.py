"""What is wrong with the arguments of ``compare`` is told before any work, all of it, with the way out."""

import gymnasium
import numpy as np
import pytest

import regretlab as rl
from experiments.run import runner


@pytest.fixture(autouse=True)
def _no_work(monkeypatch):
    """Nothing may be run here."""

    def refuse(job, *arguments):
        raise AssertionError(f"work was done: {job}")

    monkeypatch.setattr(runner, "run_job", refuse)


ARMS = rl.BernoulliArms([0.2, 0.8], horizon=100)


def lines(policies, environment=ARMS, **options):
    """What is told, a line each."""
    with pytest.raises(ValueError) as caught:  # noqa: PT011
        rl.compare(policies, environment, progress=False, **{"jobs": 1, **options})
    return str(caught.value).splitlines()


def line(policies, environment=ARMS, **options):
    (only,) = lines(policies, environment, **options)
    return only


class Stranger:
    pass


class Unstated(rl.Policy):
    def reset(self, problem, rng):
        pass

    def choose(self, observation):
        return 0

    def update(self, observation, action, feedback):
        pass


class Forgetful(Unstated):
    plays = (rl.BanditProblem,)

    def __init__(self, rate=1.0):
        self._rate = rate


class Schedule(Unstated):
    plays = (rl.BanditProblem,)

    def __init__(self, rate):
        self.rate = rate


class Starred(rl.UCB1):
    def __init__(self, *numbers, **named):
        super().__init__(*numbers, **named)


class ByPosition(rl.UCB1):
    def __init__(self, exploration=2, /):
        super().__init__(exploration)


class Doubled(rl.UCB1):
    def __init__(self, exploration=2):
        super().__init__(2 * exploration)


class StarredArms(rl.BernoulliArms):
    def __init__(self, means, horizon=100, **named):
        super().__init__(means, horizon, **named)


def test_a_class_in_place_of_an_object():
    told = line([rl.UCB1, rl.KLUCB()])
    assert told.startswith("policies[0] must be an object of a class that derives from regretlab.Policy")
    assert told.endswith("got the class UCB1: call it, UCB1(...)")
    told = line([rl.UCB1()], rl.BernoulliArms)
    assert told.startswith("environment must be an object of a class that derives from regretlab.Environment")
    assert told.endswith("got the class BernoulliArms: call it, BernoulliArms(...)")


def test_a_name_in_place_of_an_object():
    assert line(["ucb1"]).endswith("got the name 'ucb1': write regretlab.UCB1(...)")
    assert line(["ucb11"]).endswith("got 'ucb11'")
    assert line([rl.UCB1()], "bernoulli").endswith("got the name 'bernoulli': write regretlab.BernoulliArms(...)")


def test_what_is_neither_policy_nor_environment():
    assert "policies[1] must be an object of a class that derives from regretlab.Policy, got an object of Stranger" in (
        line([rl.UCB1(), Stranger()])
    )
    made = gymnasium.make("regretlab/BernoulliArms-v0", means=[0.2, 0.8])
    assert line([rl.UCB1()], made).endswith(": give its `unwrapped`")
    assert line([Stranger]).endswith("got the class Stranger, which does not")
    assert "environment must be" in line([rl.UCB1()], rl.UCB1())


@pytest.mark.parametrize("policies", [[], {}, ()])
def test_no_policy(policies):
    assert line(policies) == f"policies must have at least one entry, got {policies!r}"


@pytest.mark.parametrize(("policies", "got"), [(rl.UCB1(), "a single one"), ("ucb1", "'ucb1'"), (3, "3")])
def test_no_list_of_policies(policies, got):
    assert line(policies) == f"policies must be a list of policies, or a mapping from labels to policies, got {got}"


@pytest.mark.parametrize("label", ["", " ", 3])
def test_labels(label):
    assert line({label: rl.UCB1()}) == f"labels of policies must be texts that are not empty, got {label!r}"


def test_a_policy_that_cannot_play():
    told = line([rl.UCB1(), rl.LRU(), rl.KLUCB()])
    assert (
        told == "policies[1]: LRU plays PagingProblem, and BernoulliArms poses BanditProblem; "
        "of those given, UCB1, KLUCB can"
    )
    assert line({"mine": rl.LRU()}).startswith("policies['mine']: LRU plays PagingProblem")
    assert line([rl.LRU()]).endswith("none of those given can")


def test_a_policy_that_the_problem_does_not_suit():
    assert line([rl.FixedAction(7)]).startswith("policies[0]: ")


def test_a_comparator_that_the_environment_does_not_have():
    lake = rl.EpisodicMDP("deepsea", horizon=20)
    assert line([rl.UCB1(), rl.Clairvoyant("best")]) == ("policies[1]: comparator must be best_arm, got 'best'")
    assert line([rl.Clairvoyant()], lake) == "policies[0]: comparator must be optimal, got 'best_arm'"


def test_a_policy_that_states_no_problem():
    told = "policies[0]: Unstated must state which problems it plays, such as plays = (regretlab.BanditProblem,)"
    assert line([Unstated()]) == told


def test_parameters_that_cannot_be_read_back():
    told = line([Forgetful()])
    assert told.startswith("policies[0]: Forgetful does not keep its parameter 'rate': ")


def test_objects_of_which_others_would_be_played():
    told = lines({"s": Starred(exploration=8), "p": ByPosition(8), "d": Doubled(8)})
    assert len(told) == 3
    assert told[0].startswith("policies['s']: Starred takes *numbers, ")
    assert told[1].startswith("policies['p']: ByPosition takes 'exploration' by position alone, ")
    assert "Doubled does not keep its parameter 'exploration' as it was given: " in told[2]
    assert "with exploration=16.0 has exploration=32.0" in told[2]


@pytest.mark.parametrize("options", [{}, {"horizon": 50}])
def test_an_environment_of_which_another_would_be_played(options):
    told = line([rl.UCB1()], StarredArms([0.2, 0.8]), **options)
    assert told.startswith("environment: ")
    assert "StarredArms takes **named, " in told


def test_parameters_that_have_no_plain_form():
    told = line([Schedule(lambda t: 1 / t)])
    assert told.startswith("policies[0]: Schedule: the parameter 'rate' has no plain form, got <function")


def test_the_same_policy_twice():
    told = line([rl.UCB1(), rl.KLUCB(), rl.UCB1(2.0)])
    assert told == "policies[0] and policies[2] are the same, UCB1: give one alone, or a mapping from labels to them"


@pytest.mark.parametrize(
    ("option", "value", "domain"),
    [
        ("replicates", 0, "a whole number >= 1"),
        ("replicates", 10.0, "a whole number >= 1"),
        ("seed", -1, "a whole number >= 0"),
        ("horizon", 0, "a whole number in 1..1000000000000000000"),
        ("horizon", "1000", "a whole number in 1..1000000000000000000"),
        ("checkpoints", 1, "a whole number >= 2"),
        ("batch", 0, "a whole number >= 1"),
        ("confidence", 95, r"a finite number in (0.5, 1)"),
        ("jobs", 0, "-1 or a whole number >= 1"),
        ("jobs", None, "-1 or a whole number >= 1"),
        ("out", 3, "a path or None"),
        ("cluster", 4, "an address or None"),
    ],
)
def test_numbers(option, value, domain):
    assert line([rl.UCB1()], **{option: value}) == f"{option} must be {domain}, got {value!r}"


@pytest.mark.parametrize("name", ["", "a b", "/a", "a/", None])
def test_names_of_studies(name):
    assert line([rl.UCB1()], name=name).startswith("name must be letters, digits")


def test_an_environment_without_a_horizon():
    class Endless(rl.BernoulliArms):
        def __init__(self, means):
            super().__init__(means)
            self.problem = rl.BanditProblem(n_actions=2)

    assert line([rl.UCB1()], Endless([0.1, 0.2])) == "horizon must be given, as Endless has none of its own"
    told = line([rl.UCB1()], Endless([0.1, 0.2]), horizon=10)
    assert told == "environment: the constructor of Endless must take a parameter 'horizon', to be built where it runs"


def test_a_horizon_that_the_environment_cannot_have():
    table = rl.AdversarialArms(np.random.default_rng(1).random((20, 2)))
    told = line([rl.UCB1()], table, horizon=30)
    assert told.startswith("environment: AdversarialArms cannot have horizon 30: ")


def test_two_classes_of_one_path():
    def made(base):
        class Twin(base):
            pass

        return Twin()

    told = lines([made(rl.UCB1), made(rl.KLUCB)])
    assert len(told) == 1
    assert told[0].startswith("there are two classes ")
    assert "made.<locals>.Twin: give one of them another name" in told[0]


def test_everything_wrong_is_told_at_once():
    told = lines([rl.UCB1, rl.LRU(), Forgetful()], replicates=0, seed=-1, jobs=0)
    assert len(told) == 6
    for part in (
        "replicates must",
        "seed must",
        "jobs must",
        "policies[0] must",
        "policies[1]: LRU plays",
        "policies[2]: Forgetful",
    ):
        assert any(text.startswith(part) for text in told), told
