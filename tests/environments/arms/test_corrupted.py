"""Constrained and corrupted arms: means, regrets, the count of flips, and theorems there."""

import math

import numpy as np
import pytest

from bandits import UCB1, Exp3, Policy, TsallisINF
from bandits.arms.problem import BanditProblem
from bandits.checks import play
from bandits.contract import bounds_of
from environments import BernoulliArms, ConstrainedArms, CorruptedArms

STOCH = [0.6, 0.5, 0.5, 0.5, 0.5]


class Given(Policy):
    """Plays given actions, round by round."""

    plays = (BanditProblem,)

    def __init__(self, actions=()):
        self.actions = actions

    def reset(self, problem, rng):
        self._t, self._seen = 0, []

    def choose(self, observation):
        return self.actions[self._t]

    def update(self, observation, action, feedback):
        self._t += 1
        self._seen.append(feedback)


def run(environment, actions, seed=0):
    """Metrics and comparators at all times, and the rewards shown."""
    policy, times = Given(actions), np.arange(1, len(actions) + 1)
    metrics = play(policy, environment, seed)
    return metrics, environment.comparators(times), np.array(policy._seen)


def test_levels_jump_and_gaps_stay():
    environment = ConstrainedArms([0.2, 0.0, 0.5], 1.6, 60)
    lengths = [math.ceil(1.6**j) for j in range(9)]
    assert environment.starts.tolist() == [s for s in np.cumsum([0, *lengths]).tolist() if s < 60]
    phase = np.repeat(np.arange(9), lengths)[:60]
    best = np.where(phase % 2 == 0, 0.5, 1.0)
    for arm, gap in enumerate([0.2, 0.0, 0.5]):
        metrics, curves, _ = run(environment, [arm] * 60)
        assert metrics["expected_reward"] == pytest.approx(np.cumsum(best - gap))
        assert curves["best_arm"] == pytest.approx(np.cumsum(best))
        assert curves["worst"] == pytest.approx(np.cumsum(best - 0.5))
    assert environment.clairvoyant("best_arm") == 1
    instance = environment.instance()
    assert (instance.constrained_gap.tolist(), instance.oblivious, instance.stationary) == (
        [0.2, 0.0, 0.5],
        True,
        False,
    )


def test_rewards_have_the_means_of_the_phases():
    environment = ConstrainedArms([0.0, 0.3], 2.0, 1 << 16)
    metrics, _, _ = run(environment, [1] * (1 << 16))
    off = metrics["reward"][-1] - metrics["expected_reward"][-1]
    assert abs(off) < 4 * math.sqrt((1 << 16) * 0.25)


@pytest.mark.parametrize("mode", ["flip_first", "flip_best"])
def test_what_is_shown_and_how_regret_is_counted(mode):
    means, budget, n = np.array([0.3, 0.9, 0.6]), 12, 80
    environment = CorruptedArms(means.tolist(), budget, mode, n)
    actions = np.random.default_rng(3).integers(0, 3, n)
    metrics, curves, seen = run(environment, actions.tolist())
    last = budget if mode == "flip_first" else int(np.flatnonzero(actions == 1)[budget - 1]) + 1
    table = np.tile(means, (n, 1))
    attacked = [0, 1, 2] if mode == "flip_first" else [1]
    table[:last, attacked] = 1 - table[:last, attacked]
    rounds = np.arange(n)
    assert metrics["uncorrupted_reward"] == pytest.approx(np.cumsum(means[actions]))
    assert metrics["expected_reward"] == pytest.approx(np.cumsum(table[rounds, actions]))
    assert metrics["reward"] == pytest.approx(np.cumsum(seen))
    assert curves["best_shown"] == pytest.approx(np.cumsum(table, axis=0).max(axis=1))
    assert curves["worst_shown"] == pytest.approx(np.cumsum(table.min(axis=1)))
    assert curves["best_arm"] == pytest.approx(0.9 * (rounds + 1))


@pytest.mark.parametrize("mode", ["flip_first", "flip_best"])
def test_rewards_have_the_means_shown(mode):
    environment = CorruptedArms([0.2, 0.9], 3000, mode, 9000)
    actions = np.random.default_rng(4).integers(0, 2, 9000).tolist()
    metrics, _, _ = run(environment, actions)
    for end in (2000, 9000):
        off = metrics["reward"][end - 1] - metrics["expected_reward"][end - 1]
        assert abs(off) < 4 * math.sqrt(end * 0.16), "the variance of each reward is at most 0.16"
    assert metrics["uncorrupted_reward"][-1] - metrics["expected_reward"][-1] > 100


@pytest.mark.parametrize("mode", ["flip_first", "flip_best"])
def test_no_more_rounds_are_corrupted_than_the_budget_allows(mode):
    environment = CorruptedArms([0.0, 1.0], 7, mode, 50)  # a flip shows: rewards are certain
    for actions in ([0] * 50, [1] * 50, [0, 1] * 25, [0] * 40 + [1] * 10):
        seen = run(environment, actions)[2]
        flips = int(np.sum(seen != np.array(actions)))
        assert flips == (7 if mode == "flip_first" else min(7, sum(actions)))


@pytest.mark.parametrize(
    ("environment", "rounds"),
    [
        (ConstrainedArms([0.2, 0.0, 0.5], 1.6, 60), [2, 4, 7, 12, 19, 30, 47]),
        (ConstrainedArms([0.0, 1.0], 1.6, 60), []),
        (CorruptedArms([0.3, 0.9], 12, horizon=60), [13]),
        (CorruptedArms([0.3, 0.9], 60, horizon=60), []),
        (CorruptedArms([0.3, 0.9], 0, horizon=60), []),
        (CorruptedArms([0.5, 0.5], 12, horizon=60), []),
        (CorruptedArms([0.3, 0.9], 12, "flip_best", 60), []),
    ],
)
def test_rounds_in_which_means_change(environment, rounds):
    assert list(environment.change_rounds()) == rounds
    if environment.instance().oblivious:
        sums = [run(environment, [arm] * 60)[0]["expected_reward"] for arm in range(environment.problem.n_actions)]
        steps = np.abs(np.diff(np.diff(sums, prepend=0.0))).max(axis=0)
        assert (np.flatnonzero(steps > 1e-9) + 2).tolist() == rounds


def test_compiled_play_meets_the_same_flips_however_it_is_cut():
    environment = CorruptedArms([0.3, 0.8, 0.5], 40, "flip_best", 600)
    for policy in (UCB1(), Exp3()):
        stepwise = play(policy, environment, 1, leaps=False)
        for cuts in (1, 9):
            leapt = play(policy, environment, 1, cuts=cuts)
            assert all(np.array_equal(stepwise[name], leapt[name]) for name in stepwise)
    assert environment._left == 0


def test_without_a_budget_it_is_bernoulli():
    plain, corrupted = BernoulliArms(STOCH, 300), CorruptedArms(STOCH, 0, horizon=300)
    assert np.array_equal(play(UCB1(), plain, 2)["reward"], play(UCB1(), corrupted, 2)["reward"])
    assert corrupted.instance().stationary
    (bound, further) = bounds_of(UCB1(), corrupted.problem, corrupted.instance())
    assert (bound.holds, bound.comparator_class, further.comparator_class) == (True, "fixed", "uncorrupted")
    assert np.array_equal(bound.curve(np.array([9.0, 300.0])), further.curve(np.array([9.0, 300.0])))


def test_theorems_about_what_was_shown_say_something_of_the_rest():
    environment, t = CorruptedArms(STOCH, 500), np.array([100.0, 10_000.0])
    found = {b.name: b for b in bounds_of(TsallisINF(), environment.problem, environment.instance())}
    assert all(b.holds for b in found.values())
    assert found["Tsallis-INF bound"].comparator_class == "fixed"
    assert found["Tsallis-INF bound + 2 C"].comparator_class == "uncorrupted"
    assert found["Tsallis-INF bound + 2 C"].evidence == "derived"
    assert found["Tsallis-INF bound + 2 C"].source.endswith("derived in this project")
    assert found["Tsallis-INF bound + 2 C"].curve(t) == pytest.approx(4 * np.sqrt(5 * t) + 1 + [200, 1000])
    order = found["Tsallis-INF order under corruption"]
    value = 40 * math.log(4 * 10_000 / 40**2) + math.sqrt(500 * 40)  # ln(40 000 / (500 S)) is below 1
    assert order.curve(t) == pytest.approx([value, value])
    assert (order.kind, order.evidence, order.time) == ("order", "convention", "at the horizon")
    adaptive = CorruptedArms(STOCH, 500, "flip_best")
    assert not any(b.holds for b in bounds_of(TsallisINF(), adaptive.problem, adaptive.instance()))
    assert bounds_of(UCB1(), environment.problem, environment.instance()) == []


@pytest.mark.parametrize(
    ("environment", "value", "holds"),
    [
        (BernoulliArms((0.1 + 0.8 * np.arange(10) / 9).tolist()), 1613.6736, True),
        (BernoulliArms([0.5, 0.48]), 2538.3236, True),
        (ConstrainedArms([0.02, 0.0]), 2538.3236, True),
        (BernoulliArms([0.5, 0.48, 0.5]), 2538.3236 + math.sqrt(3) - math.sqrt(2), False),
    ],
)
def test_the_bound_by_the_gaps_stands_beside_the_other(environment, value, holds):
    environment.reset(seed=0)
    other, bound = TsallisINF().regret_bounds(environment.problem, environment.instance())
    t = np.array([10_000.0])
    assert bound.curve(t) == pytest.approx([value], abs=1e-4)
    assert (bound.holds, bound.time, bound.evidence, bound.kind) == (holds, "at the horizon", "recalled", "upper")
    assert other.curve(t) == pytest.approx([4 * math.sqrt(environment.problem.n_actions * 10_000) + 1])
    assert len(TsallisINF(estimator="rv").regret_bounds(environment.problem, environment.instance())) == 1
    assert len(TsallisINF(step="theory").regret_bounds(environment.problem, environment.instance())) == 2


def test_the_bound_by_the_gaps_is_the_smaller_one_on_long_runs_only():
    def smaller(horizon):
        environment = BernoulliArms((0.1 + 0.8 * np.arange(10) / 9).tolist(), horizon)
        other, bound = TsallisINF().regret_bounds(environment.problem, environment.instance())
        return bound.curve(np.array([horizon])) < other.curve(np.array([horizon]))

    assert not smaller(17_819)
    assert smaller(17_820)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: ConstrainedArms([0.1, 0.2]), "gaps must have exactly one 0.*got 0"),
        (lambda: ConstrainedArms([0.0, 0.0]), "gaps must have exactly one 0.*got 2"),
        (lambda: ConstrainedArms([0.0, 1.2]), "gaps.*1.2"),
        (lambda: ConstrainedArms([0.0, 0.2], 0.9), "growth must be.*0.9"),
        (lambda: CorruptedArms(STOCH, -1), "budget must be.*-1"),
        (lambda: CorruptedArms(STOCH, 11, horizon=10), "budget must be.*10, got 11"),
        (lambda: CorruptedArms(STOCH, 1, "flip_last"), "mode must be.*flip_last"),
        (lambda: CorruptedArms([0.5, 1.5], 1), "means.*1.5"),
    ],
)
def test_bad_arguments(make, message):
    with pytest.raises(ValueError, match=message):
        make()
