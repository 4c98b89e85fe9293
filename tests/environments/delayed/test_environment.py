"""Environments with delayed feedback: arrivals by brute force, the laws, what passes through, bad input."""

import json
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import regretlab as rl
from bandits import BOLD
from bandits.registry import ENVIRONMENTS
from environments import AdversarialArms, BernoulliArms, DelayedFeedback
from environments.checks import check_environment
from environments.contract import Environment
from experiments.run.identity import described, json_of

LAWS = [
    0,
    6,
    500,
    [3, 0, 70] * 20,
    {"name": "geometric", "parameters": {"mean": 4.5}},
    {"name": "uniform", "parameters": {"low": 2, "high": 9}},
]
GEOMETRIC, UNIFORM = LAWS[4:]


def arms(name="bernoulli", **parameters):
    return {"name": name, "parameters": parameters or {"means": [0.2, 0.5]}}


class Endless(BernoulliArms):
    """A problem without a horizon."""

    def __init__(self, means, horizon):
        super().__init__(means, horizon)
        self.problem = replace(self.problem, horizon=None)


@pytest.mark.parametrize("delay", LAWS, ids=str)
@pytest.mark.parametrize(
    "inner",
    [
        arms("gaussian", means=[0.0, 1.0]),
        arms("piecewise", segments=[{"start": 1, "means": [0.2, 0.7]}, {"start": 30, "means": [0.7, 0.2]}]),
        arms("sor", side=4),
    ],
    ids=lambda inner: inner["name"],
)
def test_contract_around_environments_that_are_no_examples(inner, delay):
    check_environment(lambda: DelayedFeedback(inner, delay, 60))


@given(delays=st.lists(st.integers(0, 40), min_size=25, max_size=25), seed=st.integers(0, 100))
@settings(deadline=None, max_examples=60)
def test_arrivals_and_outstanding_feedbacks_by_brute_force(delays, seed):
    rng = np.random.default_rng(seed)
    table, actions = rng.random((25, 3)), rng.integers(3, size=25).tolist()
    environment = DelayedFeedback(arms("adversarial", source=table.tolist()), delays)
    environment.begin(environment.draw(np.random.default_rng(0)))
    most = 0
    for t, arm in enumerate(actions):
        most = max(most, sum(s + delays[s] >= t for s in range(t)))
        assert environment.instance().outstanding[t] == most
        reward, feedback = environment.transition(arm)
        assert reward == table[t, arm]
        due = [s for s in range(t + 1) if s + delays[s] == t]
        assert feedback == tuple((s, actions[s], table[s, actions[s]]) for s in due)


def test_full_feedback_is_late_as_a_row():
    table = np.arange(12.0).reshape(4, 3) / 12
    environment = DelayedFeedback(arms("adversarial", source=table.tolist(), feedback="full"), 2)
    environment.begin(environment.draw(np.random.default_rng(0)))
    seen = [environment.transition(1)[1] for _ in range(4)]
    assert seen[:2] == [(), ()]
    assert [(a.time, a.action, a.feedback.tolist()) for (a,) in seen[2:]] == [
        (0, 1, table[0].tolist()),
        (1, 1, table[1].tolist()),
    ]


def test_laws():
    n, rng = 40_000, np.random.default_rng(6)
    environment = DelayedFeedback(arms(), {"name": "geometric", "parameters": {"mean": 9.0}}, n)
    delays = environment.draw(rng)[1]
    assert delays.min() == 0
    assert np.mean(delays) == pytest.approx(9.0, abs=4 * np.sqrt(90 / n))  # variance (1 - p) / p^2, p = 1/10
    assert np.mean(delays == 0) == pytest.approx(0.1, abs=4 * np.sqrt(0.09 / n))
    environment = DelayedFeedback(arms(), {"name": "uniform", "parameters": {"low": 2, "high": 5}}, n)
    counts = np.bincount(environment.draw(rng)[1])
    assert len(counts) == 6
    assert counts[:2].sum() == 0
    assert counts[2:] / n == pytest.approx(np.full(4, 0.25), abs=4 * np.sqrt(0.1875 / n))
    for delay, told in ((7, 7), ([7] * n, None), ({"name": "uniform", "parameters": {"low": 7, "high": 7}}, None)):
        environment = DelayedFeedback(arms(), delay, n)
        assert environment.problem.delay == told
        assert np.all(environment.draw(rng)[1] == 7)


@pytest.mark.parametrize("delay", LAWS, ids=str)
def test_the_luck_is_that_of_the_environment_without_delays(delay):
    for plain, late in (
        (BernoulliArms([0.3, 0.6], 60), DelayedFeedback(arms(means=[0.3, 0.6]), delay, 60)),
        (AdversarialArms("drifting", horizon=60), DelayedFeedback(arms("adversarial", source="drifting"), delay, 60)),
    ):
        for environment in (plain, late):
            environment.begin(environment.draw(np.random.default_rng(3)))
        assert [plain.transition(1)[0] for _ in range(60)] == [late.transition(1)[0] for _ in range(60)]
        assert plain.regrets() == late.regrets()
        times = np.array([3, 60])
        for alone, told in ((plain.metrics, late.metrics), (plain.comparators, late.comparators)):
            assert alone(times).keys() == told(times).keys()
            for name, values in alone(times).items():
                assert np.array_equal(values, told(times)[name])
        comparator = next(iter(plain.comparators(times)))
        assert plain.clairvoyant(comparator) == late.clairvoyant(comparator)
        assert len(plain.lower_bounds()) == len(late.lower_bounds())
        assert type(late.instance().inner) is type(plain.instance())
        assert late.instance().oblivious_delays


def test_the_instance_follows_the_run():
    environment = DelayedFeedback(arms(), {"name": "geometric", "parameters": {"mean": 20}}, 200)
    assert environment.instance().outstanding is None
    seen = []
    for seed in range(2):
        environment.begin(environment.draw(np.random.default_rng(seed)))
        seen.append(environment.instance().outstanding)
        assert environment.instance() is environment.instance()
    assert not np.array_equal(*seen)
    same = DelayedFeedback(arms(), 5, 200)
    before = same.instance()
    same.begin(same.draw(np.random.default_rng(0)))
    assert same.instance() is before


def test_an_object_is_copied_and_plays_its_own_horizon():
    mine = BernoulliArms([0.3, 0.6], 60)
    late = DelayedFeedback(mine, UNIFORM)
    assert (late.horizon, late.environment, late.problem.inner) == (60, mine, mine.problem)
    late.begin(late.draw(np.random.default_rng(3)))
    late.transition(1)
    with pytest.raises(RuntimeError, match="no run was begun"):
        mine.transition(1)
    assert DelayedFeedback(mine, GEOMETRIC, 60).horizon == 60
    with pytest.raises(ValueError, match="horizon must be None or the environment's own, 60, got 50"):
        DelayedFeedback(mine, 3, 50)


@pytest.mark.parametrize("law", [3, UNIFORM, [0, 2] * 30], ids=str)
@pytest.mark.parametrize(
    "inner",
    [
        lambda: BernoulliArms([0.3, 0.6], 60),
        lambda: {"name": "bernoulli", "parameters": {"means": [0.3, 0.6], "horizon": 60}},
        lambda: AdversarialArms([[0.3, 0.6]] * 60),
        lambda: {"name": "needle", "parameters": {"n_actions": 3, "memory": 2, "horizon": 60}},
    ],
)
def test_one_around_an_object_is_described_and_built_again(inner, law):
    """A study gives the horizon from outside, and the object's description holds its own."""
    late = DelayedFeedback(inner(), law)
    written = json.loads(json.dumps(described(ENVIRONMENTS, late)))
    assert written["parameters"].pop("horizon") == 60
    again = ENVIRONMENTS.build(written, of=Environment, horizon=60)
    assert (again.horizon, again.problem) == (60, late.problem)
    assert json_of(described(ENVIRONMENTS, again)["parameters"]) == json_of(described(ENVIRONMENTS, late)["parameters"])


def test_one_around_an_object_is_compared():
    result = rl.compare([BOLD("ucb1")], DelayedFeedback(BernoulliArms([0.3, 0.6], 60), 3), replicates=2, progress=False)
    named = DelayedFeedback({"name": "bernoulli", "parameters": {"means": [0.3, 0.6]}}, 3, 60)
    assert result.value("BOLD") == rl.compare([BOLD("ucb1")], named, replicates=2, progress=False).value("BOLD")


@pytest.mark.parametrize(
    ("arguments", "what"),
    [
        ({"delay": -1}, "delay must be a whole number >= 0, got -1"),
        ({"delay": 1.5}, "delay must be a whole number >= 0, got 1.5"),
        ({"delay": "long"}, "delay: unknown law of delays 'long'; known: geometric, uniform"),
        ({"delay": [0, -2] * 60}, r"delay\[1\] must be a whole number >= 0, got -2"),
        ({"delay": [1, 2]}, "delay must list a delay for each of 60 rounds, got 2"),
        ({"delay": arms("geometrical", mean=2)}, r"delay: unknown law of delays 'geometrical' \(did you mean 'geom"),
        ({"delay": {"name": ["geometric"]}}, r"delay must be a name, or .*, got {'name': \['geometric'\]}"),
        ({"delay": "geometric"}, "delay: Geometric needs the parameter 'mean'"),
        ({"delay": arms("geometric", mean=-1)}, r"delay: mean must be a finite number in \[0, inf\), got -1"),
        ({"delay": arms("uniform", high=2, lo=1)}, r"delay\.parameters\.lo: .* \(did you mean 'low'\?\)"),
        ({"delay": arms("uniform", high=2, low=3)}, "delay: high must be a whole number >= 3, got 2"),
        ({"environment": arms("bernouli")}, r"environment: unknown environment 'bernouli' \(did you mean 'bernoulli'"),
        (
            {"environment": arms("delayed", environment=arms())},
            "environment must be one of arms, with an ActionsProblem, got .*, whose problem is Delayed",
        ),
        ({"environment": arms(means=[0.5], meens=[0.5])}, r"environment\.parameters\.meens: BernoulliArms has no"),
        ({"environment": arms(means=[0.5], horizon=3)}, "'horizon' is not to be given here: it is set from outside"),
        ({"environment": arms(means=[1.5])}, r"environment: means\[0\] must be a finite number in \[0, 1\], got 1.5"),
        ({"environment": 3}, "environment must be a name, or .*, got 3"),
        (
            {"environment": arms(f"{__name__}:Endless", means=[0.5])},
            "environment must have a horizon, a whole number >= 1, got .*:Endless",
        ),
        ({"horizon": 0}, "horizon must be a whole number >= 1, got 0"),
    ],
    ids=str,
)
def test_bad_input(arguments, what):
    defaults = {"environment": arms(), "delay": 2, "horizon": 60}
    with pytest.raises(ValueError, match=what):
        DelayedFeedback(**{**defaults, **arguments})


def test_an_illegal_action_changes_nothing():
    environment = DelayedFeedback(arms(), 1, 60)
    environment.begin(environment.draw(np.random.default_rng(0)))
    environment.transition(1)
    with pytest.raises(ValueError, match=r"action must be a whole number in 0\.\.1, got 5"):
        environment.transition(5)
    assert environment.clock == 1
    assert [a.time for a in environment.transition(0)[1]] == [0]
