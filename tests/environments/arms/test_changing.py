"""Arms whose means drift, or whose best arm switches; what the analysis knows of changes."""

import math

import numpy as np
import pytest

from bandits import BanditProblem
from bandits.arms.exp3_s import Exp3S
from bandits.arms.rexp3 import Rexp3
from bandits.arms.theory import ArmsInstance
from bandits.marks import marks_of
from environments.arms.bernoulli import BernoulliArms
from environments.arms.drift import DriftSine, DriftWalk
from environments.arms.piecewise import PiecewiseArms
from environments.arms.switching_best import SwitchingBest
from environments.checks import check_environment


def begun(environment, seed=1):
    environment.begin(environment.draw(np.random.default_rng(seed)))
    return environment


def levels(environment):
    """The means [horizon, n_arms] of a run."""
    found = []
    while environment.clock < environment.horizon:
        block = environment.block(environment.horizon)
        n = len(block.noise)
        found.append(np.broadcast_to(block.levels[:n], (n, block.levels.shape[1])))
        environment.absorb(np.zeros(n, dtype=np.int64))
    return np.concatenate(found)


MAKERS = [
    lambda: DriftSine(3.0, 80),
    lambda: DriftWalk(0.05, 3, 70, "full"),
    lambda: DriftWalk(0.8, 1, 40),
    lambda: SwitchingBest(3, 4, 0.9, 0.1, horizon=51),
    lambda: PiecewiseArms(
        [{"start": 1, "means": [0.5, 0.2]}, {"start": 9, "means": [0.5, 0.2]}, {"start": 20, "means": [0.4, 0.9]}],
        horizon=30,
    ),
]


@pytest.mark.parametrize("make", MAKERS[:-1])
def test_the_contract(make):
    check_environment(make)


@pytest.mark.parametrize("make", MAKERS)
def test_comparators_and_what_the_analysis_knows(make):
    environment = begun(make())
    means, instance = levels(environment), environment.instance()
    sizes = np.abs(np.diff(means, axis=0)).max(axis=1)
    changes = np.flatnonzero(sizes) + 2
    assert (instance.changes, instance.segments) == (len(changes), len(changes) + 1)
    assert instance.variation == pytest.approx(sizes.sum())
    assert instance.smallest_change == pytest.approx(sizes[sizes > 0].min())
    assert list(environment.change_rounds()) == changes.tolist()
    t = np.arange(1, len(means) + 1)
    assert instance.variation_until(t.astype(float)) == pytest.approx(np.append(0.0, np.cumsum(sizes)))
    curves = environment.comparators(t)
    assert curves["best_arm_each_round"] == pytest.approx(np.cumsum(means.max(axis=1)))
    assert curves["best_arm"] == pytest.approx(np.cumsum(means, axis=0).max(axis=1))
    assert curves["worst"] == pytest.approx(np.cumsum(means.min(axis=1)))
    some = np.array([3, 17, 30])
    assert environment.comparators(some)["best_arm_each_round"] == pytest.approx(
        curves["best_arm_each_round"][some - 1]
    )


def test_the_sine():
    environment = begun(DriftSine())
    means, t = levels(environment), np.arange(1, 10_001)
    assert means[:, 0] == pytest.approx(0.5 + 0.3 * np.sin(5 * math.pi * 3 * t / 30_000))
    assert means.sum(axis=1) == pytest.approx(np.ones(10_000))
    assert environment.instance().variation == pytest.approx(2.9995288, abs=1e-7)
    (rate,) = environment.lower_bounds()
    assert (rate.kind, rate.evidence, rate.time) == ("order", "recalled", "asymptotic")
    assert rate.curve(np.array([1e4]))[0] == pytest.approx((2 * 2.9995288) ** (1 / 3) * 1e4 ** (2 / 3))


def test_walks_are_drawn_anew_in_every_run_within_their_ends():
    runs = [levels(begun(DriftWalk(0.2, 4, 3000), seed)) for seed in (1, 1, 2)]
    assert np.array_equal(runs[0], runs[1])
    assert not np.array_equal(runs[0], runs[2])
    assert 0.1 <= runs[0].min() <= 0.11
    assert 0.89 <= runs[0].max() <= 0.9
    steps = np.diff(runs[0], axis=0)
    assert 0.19 < np.abs(steps).max() <= 0.2
    inner = (runs[0][:-1] > 0.3) & (runs[0][:-1] < 0.7)
    assert abs(steps[inner].mean()) < 5 * 0.2 / math.sqrt(3 * inner.sum())
    assert runs[0].mean() == pytest.approx(0.5, abs=0.05)


def test_no_play_is_beyond_the_limits_of_walks():
    """Which are near: of two arms that are as far apart as can be, all the time."""
    t = np.arange(1, 201)
    for seed in range(20):
        environment = begun(DriftWalk(0.8, 3, 200), seed)
        limits, curves, means = environment.limits(t), environment.comparators(t), levels(environment)
        best, worst = np.cumsum(means.max(axis=1)), np.cumsum(means.min(axis=1))
        for name, comparator in (("dynamic", "best_arm_each_round"), ("fixed", "best_arm")):
            assert np.all(limits[name][0] <= curves[comparator] - best + 1e-9)
            assert np.all(curves[comparator] - worst <= limits[name][1] + 1e-9)
        assert np.all(limits["realized"][0] <= best - t)
        assert np.all(best <= limits["realized"][1])
    assert limits["dynamic"][1] == pytest.approx(0.8 * t)
    assert DriftWalk(0.8, 1, 200).limits(t)["dynamic"].tolist() == np.zeros((2, 200)).tolist()


def test_the_best_arm_switches():
    means = levels(begun(SwitchingBest(3, 4, 0.9, 0.1, horizon=10)))
    best = [0, 0, 1, 1, 1, 2, 2, 0, 0, 0]
    assert means.tolist() == [[0.9 if i == arm else 0.1 for i in range(3)] for arm in best]
    assert SwitchingBest().change_rounds() == [2001, 4001, 6001, 8001]


def test_marks():
    environment = {"name": "switching_best", "parameters": {"n_segments": 3}}
    assert marks_of(environment, 90) == {"change": (31, 61)}
    assert marks_of({"name": "switching_best", "parameters": {"low": 0.7}}, 90) == {"change": ()}
    assert marks_of("drift_sine", 90) == {}


def test_where_nothing_changes():
    environment = begun(BernoulliArms([0.2, 0.4], 10))
    instance = environment.instance()
    assert (instance.segments, instance.variation, instance.smallest_change) == (1, 0.0, None)
    assert tuple(environment.change_rounds()) == ()


def test_what_is_not_known_is_no_number():
    instance = ArmsInstance(changes=3, oblivious=True, bounded=True)
    assert (instance.segments, instance.variation, instance.smallest_change) == (4, None, None)
    assert (ArmsInstance().segments, ArmsInstance().variation) == (None, None)
    problem = BanditProblem(n_actions=2, horizon=50)
    assert Rexp3().regret_bounds(problem, instance) == ()
    assert Exp3S(segments=4).regret_bounds(problem, instance)[0].holds
    assert Exp3S().regret_bounds(problem, ArmsInstance()) == ()
