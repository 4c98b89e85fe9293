"""Worlds with delayed feedback: arrivals by brute force, the laws, what passes through, bad input."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from environments import AdversarialArms, BernoulliArms, DelayedFeedback
from environments.checks import check_environment

LAWS = [0, 6, 500, [3, 0, 70] * 20, {"law": "geometric", "mean": 4.5}, {"law": "uniform", "low": 2, "high": 9}]
WORLDS = [
    ("bernoulli", {"means": [0.2, 0.7]}),
    ("gaussian", {"means": [0.0, 1.0]}),
    ("adversarial", {"source": "drifting", "n_arms": 3, "feedback": "full"}),
    ("piecewise", {"segments": [{"start": 1, "means": [0.2, 0.7]}, {"start": 30, "means": [0.7, 0.2]}]}),
    ("sor", {"side": 4}),
]
PAGING = {"cache_size": 3, "sequence": {"generator": "zipf", "N": 20}}


class Endless(BernoulliArms):
    """Tells its learner no horizon."""

    def __init__(self, means, horizon):
        super().__init__(means, horizon)
        self.problem = replace(self.problem, horizon=None)


@pytest.mark.parametrize("delay", LAWS, ids=str)
@pytest.mark.parametrize(("name", "parameters"), WORLDS, ids=[name for name, _ in WORLDS])
def test_contract(name, parameters, delay):
    check_environment(lambda: DelayedFeedback(name, delay, parameters, 60))


@given(delays=st.lists(st.integers(0, 40), min_size=25, max_size=25), seed=st.integers(0, 100))
@settings(deadline=None, max_examples=60)
def test_arrivals_and_outstanding_feedbacks_by_brute_force(delays, seed):
    rng = np.random.default_rng(seed)
    table, arms = rng.random((25, 3)), rng.integers(3, size=25).tolist()
    world = DelayedFeedback("adversarial", delays, {"source": table.tolist()})
    world.begin(world.draw(np.random.default_rng(0)))
    most = 0
    for t, arm in enumerate(arms):
        most = max(most, sum(s + delays[s] >= t for s in range(t)))
        assert world.facts()["outstanding"][t] == most
        reward, feedback = world.transition(arm)
        assert reward == table[t, arm]
        due = [s for s in range(t + 1) if s + delays[s] == t]
        assert feedback == tuple((s, arms[s], table[s, arms[s]]) for s in due)


def test_full_feedback_is_late_as_a_row():
    table = np.arange(12.0).reshape(4, 3) / 12
    world = DelayedFeedback("adversarial", 2, {"source": table.tolist(), "feedback": "full"})
    world.begin(world.draw(np.random.default_rng(0)))
    seen = [world.transition(1)[1] for _ in range(4)]
    assert seen[:2] == [(), ()]
    assert [(a.time, a.action, a.feedback.tolist()) for (a,) in seen[2:]] == [
        (0, 1, table[0].tolist()),
        (1, 1, table[1].tolist()),
    ]


def test_laws():
    n, rng = 40_000, np.random.default_rng(6)
    world = DelayedFeedback("bernoulli", {"law": "geometric", "mean": 9.0}, {"means": [0.5]}, n)
    delays = world.draw(rng)[1]
    assert delays.min() == 0
    assert np.mean(delays) == pytest.approx(9.0, abs=4 * np.sqrt(90 / n))  # variance (1 - p) / p^2, p = 1/10
    assert np.mean(delays == 0) == pytest.approx(0.1, abs=4 * np.sqrt(0.09 / n))
    world = DelayedFeedback("bernoulli", {"law": "uniform", "low": 2, "high": 5}, {"means": [0.5]}, n)
    counts = np.bincount(world.draw(rng)[1])
    assert len(counts) == 6
    assert counts[:2].sum() == 0
    assert counts[2:] / n == pytest.approx(np.full(4, 0.25), abs=4 * np.sqrt(0.1875 / n))
    for delay, told in ((7, 7), ([7] * n, None), ({"law": "uniform", "low": 7, "high": 7}, None)):
        world = DelayedFeedback("bernoulli", delay, {"means": [0.5]}, n)
        assert world.problem.delay == told
        assert np.all(world.draw(rng)[1] == 7)


@pytest.mark.parametrize("delay", LAWS, ids=str)
def test_the_luck_is_that_of_the_world_without_delays(delay):
    for plain, late in (
        (BernoulliArms([0.3, 0.6], 60), DelayedFeedback("bernoulli", delay, {"means": [0.3, 0.6]}, 60)),
        (AdversarialArms("drifting", horizon=60), DelayedFeedback("adversarial", delay, {"source": "drifting"}, 60)),
    ):
        for world in (plain, late):
            world.begin(world.draw(np.random.default_rng(3)))
        assert [plain.transition(1)[0] for _ in range(60)] == [late.transition(1)[0] for _ in range(60)]
        assert plain.ledger() == late.ledger()
        assert plain.notions() == late.notions()
        times = np.array([3, 60])
        for name, values in plain.comparators(times).items():
            assert np.array_equal(values, late.comparators(times)[name])
        comparator = next(iter(plain.comparators(times)))
        assert plain.clairvoyant(comparator) == late.clairvoyant(comparator)
        assert len(plain.lower_bounds()) == len(late.lower_bounds())
        assert {k: v for k, v in late.facts().items() if k in plain.facts()}.keys() == plain.facts().keys()


def test_facts_follow_the_run():
    world = DelayedFeedback("bernoulli", {"law": "geometric", "mean": 20}, {"means": [0.3, 0.6]}, 200)
    assert "outstanding" not in world.facts()
    seen = []
    for seed in range(2):
        world.begin(world.draw(np.random.default_rng(seed)))
        seen.append(world.facts()["outstanding"])
        assert world.facts() is world.facts()
    assert not np.array_equal(*seen)
    same = DelayedFeedback("bernoulli", 5, {"means": [0.3, 0.6]}, 200)
    before = same.facts()
    same.begin(same.draw(np.random.default_rng(0)))
    assert same.facts() is before


@pytest.mark.parametrize(
    ("arguments", "what"),
    [
        ({"delay": -1}, "delay must be a whole number >= 0, got -1"),
        ({"delay": 1.5}, "delay must be a whole number >= 0, got 1.5"),
        ({"delay": "long"}, "delay must be a whole number >= 0, got 'long'"),
        ({"delay": [0, -2] * 60}, r"delay\[1\] must be a whole number >= 0, got -2"),
        ({"delay": [1, 2]}, "delay must list a delay for each of 60 rounds, got 2"),
        ({"delay": {"law": "geometrical", "mean": 2}}, r"delay.law must be one of .* \(did you mean 'geometric'\?\)"),
        ({"delay": {"law": ["geometric"]}}, r"delay.law must be one of geometric, uniform, got \['geometric'\]"),
        ({"delay": {"law": "geometric"}}, "delay.mean must be given with the law 'geometric'"),
        ({"delay": {"law": "geometric", "mean": -1}}, r"delay.mean must be a finite number in \[0, inf\), got -1"),
        ({"delay": {"law": "uniform", "high": 2, "lo": 1}}, r"delay.lo is not known: .* \(did you mean 'low'\?\)"),
        ({"delay": {"law": "uniform", "high": 2, "low": 3}}, "delay.high must be a whole number >= 3, got 2"),
        ({"environment": "bernouli"}, r"unknown environment 'bernouli' \(did you mean 'bernoulli'\?\)"),
        (
            {"environment": "paging", "parameters": PAGING},
            "environment must be a world of arms with bandit or full feedback, got 'paging'",
        ),
        (
            {"environment": "delayed", "parameters": {"parameters": {"means": [0.5]}}},
            "got 'delayed', which is arms/delayed-bandit",
        ),
        ({"parameters": {"means": [0.5], "meens": [0.5]}}, "parameters of environment 'bernoulli': .*meens"),
        ({"parameters": {"means": [0.5], "horizon": 3}}, "parameters must not hold the horizon"),
        ({"parameters": {"means": [1.5]}}, r"means\[0\] must be a finite number in \[0, 1\], got 1.5"),
        (
            {"environment": f"{__name__}:Endless"},
            f"environment must have a horizon, a whole number >= 1, got '{__name__}:Endless'",
        ),
        ({"horizon": 0}, "horizon must be a whole number >= 1, got 0"),
    ],
    ids=str,
)
def test_bad_input(arguments, what):
    defaults = {"environment": "bernoulli", "delay": 2, "parameters": {"means": [0.2, 0.5]}, "horizon": 60}
    with pytest.raises(ValueError, match=what):
        DelayedFeedback(**{**defaults, **arguments})


def test_an_illegal_action_changes_nothing():
    world = DelayedFeedback("bernoulli", 1, {"means": [0.2, 0.5]}, 60)
    world.begin(world.draw(np.random.default_rng(0)))
    world.transition(1)
    with pytest.raises(ValueError, match=r"action must be an arm in 0\.\.1, got 5"):
        world.transition(5)
    assert world.clock == 1
    assert [a.time for a in world.transition(0)[1]] == [0]
