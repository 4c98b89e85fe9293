"""Tsallis-INF: its distribution, its estimators, its bounds, and losses outside the scale."""

import copy
import math
import warnings
from contextlib import nullcontext

import numpy as np
import pytest
from blocks import block
from scipy.optimize import brentq

from bandits import BanditProblem, TsallisINF
from bandits.arms.theory import ArmsInstance
from bandits.arms.tsallis_inf import _solve
from environments import BernoulliArms, GaussianArms

MODES = [
    {},
    {"step": "theory"},
    {"step": "theory_opt"},
    {"scale": "running_mean"},
    {"scale": 0.5, "on_exceed": "clip"},
    {"scale": 3.0, "step": "theory_opt"},
    {"estimator": "rv"},
]


class Fixed:
    """In place of a generator: always the same uniform."""

    def __init__(self, uniform):
        self.uniform = uniform

    def random(self, n=None):
        return self.uniform if n is None else np.full(n, self.uniform)


def solve(scores, eta, start=None):
    p = np.empty(len(scores))
    _solve(np.array(scores, dtype=float), eta / 2.0, math.sqrt(len(scores)) if start is None else start, p)
    return p


def slow_solve(scores, eta):
    """The distribution by bracketing the multiplier, as in the definition."""
    s, root = np.array(scores, dtype=float) - min(scores), math.sqrt(len(scores))
    x = brentq(lambda x: np.sum(4 / (eta * (s - x)) ** 2) - 1, -2 * root / eta * 1.001, -2 / eta * 0.999, xtol=1e-300)
    return 4 / (eta * (s - x)) ** 2


def problem_of(means, horizon, low=0.0, high=1.0):
    return BanditProblem(n_actions=means, horizon=horizon, low=low, high=high)


def test_the_distribution_of_given_scores():
    assert solve([0.0, 5 / 6], 1.0) == pytest.approx([0.64, 0.36], abs=1e-14)
    assert solve([7.0] * 5, 0.3) == pytest.approx([0.2] * 5, abs=1e-15)
    assert solve([123.4], 0.1).tolist() == [1.0]


@pytest.mark.parametrize("eta", [2.0, 0.3, 2 / math.sqrt(5000), 1e-4])
@pytest.mark.parametrize("shift", [0.0, 3.0e4, 1.0e6])
def test_the_distribution_is_recovered_from_its_scores(eta, shift):
    rng = np.random.default_rng(1)
    for k in (2, 3, 10, 300):
        for sharp in (1.0, 30.0):
            p = rng.dirichlet(np.ones(k)) ** sharp + 1e-12
            p /= p.sum()
            scores = 2 / eta * (p**-0.5 - p.max() ** -0.5)
            # A shift costs the digits of the shifted scores; they enter as eta / 2 * score.
            noise = 4 * eta * np.spacing(scores.max() + shift)
            for start in (1.0, 1.3, math.sqrt(k), 1e6, 1e-3):
                found = solve(scores + shift, eta, start)
                assert abs(found.sum() - 1) < 1e-13
                assert np.all(found > 0)
                assert np.all(np.abs(found - p) <= 1e-12 + noise * p)


@pytest.mark.parametrize("eta", [2.0, 2 / math.sqrt(5000)])
def test_the_distribution_against_bracketing(eta):
    rng = np.random.default_rng(2)
    for spread in (1e-3, 1.0, 1e3, 1e4, 1e6):
        for _ in range(20):
            scores = spread * rng.exponential(size=rng.integers(2, 30))
            found = solve(scores, eta)
            assert found == pytest.approx(slow_solve(scores, eta), rel=1e-9)
            assert np.all(np.diff(found[np.argsort(scores)]) <= 0)


@pytest.mark.parametrize("mode", MODES, ids=str)
@pytest.mark.parametrize(("low", "high"), [(0.0, 1.0), (-3.0, 5.0), (-40.0, -1.0)])
def test_decisions_against_the_definition(mode, low, high):
    rounds, k, policy = 400, 4, TsallisINF(**mode)
    if isinstance(policy.scale, float):
        policy = TsallisINF(**{**mode, "scale": policy.scale * (high - low)})
    unit = {"range": high - low, "running_mean": 1.0}.get(policy.scale, policy.scale)
    rewards = low + (high - low) * np.random.default_rng(3).beta(0.5 + np.arange(k), 2.0, (rounds, k))
    actions, uniforms = np.empty(rounds, dtype=np.int64), np.random.default_rng(4)
    policy.reset(problem_of(k, rounds, low, high), np.random.default_rng(4))
    policy.play(block(rewards, 1, np.zeros(rounds), False), actions)
    sums, seen = np.zeros(k), []
    for t in range(1, rounds + 1):
        eta = {"theory": 1 / math.sqrt(rounds), "theory_opt": math.sqrt(8 / rounds)}.get(policy.step, 2 / math.sqrt(t))
        eta *= 2.0 if policy.estimator == "rv" else 1.0
        mean = (max(np.mean(seen), 1e-12) if seen else 1.0) if policy.scale == "running_mean" else 1.0
        p = slow_solve(sums / mean, eta)
        arm = int(np.searchsorted(np.cumsum(p), uniforms.random(), side="right"))
        assert actions[t - 1] == arm, t
        loss = (high - rewards[t - 1, arm]) / unit
        if policy.on_exceed == "clip":
            loss = min(loss, 1.0)
        seen.append(loss)
        b = 0.5 * (p >= eta**2) if policy.estimator == "rv" else np.zeros(k)
        drawn = np.arange(k) == arm
        sums += drawn * (loss - b) / p + b
    if policy.on_exceed == "clip":
        losses = (high - rewards[np.arange(rounds), actions]) / unit
        assert policy.n_exceed == np.sum(losses > 1) > 0
    # An arm with a smaller probability gets larger estimates: rounding grows by the round.
    assert policy.drawn_from == pytest.approx(p, rel=1e-4)


@pytest.mark.parametrize("mode", MODES, ids=str)
def test_estimates_have_the_losses_as_means(mode):
    mode = {**mode, "scale": 3.0} if "on_exceed" in mode else mode
    rounds, k, policy = 700, 5, TsallisINF(**mode)
    unit = 3.0 if policy.scale == 3.0 else 1.0
    environment = BernoulliArms([0.1, 0.3, 0.5, 0.7, 0.9], 2 * rounds)
    environment.begin(environment.draw(np.random.default_rng(5)))
    policy.reset(environment.problem, np.random.default_rng(6))
    policy.advance(environment, rounds)
    losses, means = np.random.default_rng(7).random(k), np.zeros(k)
    for j in range(k):
        trial = copy.deepcopy(policy)
        trial.choose(0)
        p = trial.drawn_from
        trial = copy.deepcopy(policy)
        trial._rng = Fixed(np.cumsum(p)[j] - p[j] / 2)
        assert trial.choose(0) == j
        before = trial._sums.copy()
        trial.update(0, j, 1.0 - losses[j])
        means += p[j] * (trial._sums - before)
    assert means == pytest.approx(losses / unit, rel=1e-9, abs=1e-9)


def test_a_draw_at_the_end_of_the_interval_is_an_arm_with_positive_probability():
    for k in (1, 2, 3, 10, 1000):
        policy = TsallisINF()
        policy.reset(problem_of(k, 10), Fixed(np.nextafter(1.0, 0.0)))
        assert policy.choose(0) == k - 1
        policy._sums[-1] = 1e200  # probability 0 in floating point
        policy._tree[0, 1] = math.inf  # its series are made anew
        assert policy.choose(0) == max(k - 2, 0)
        policy._rng = Fixed(0.0)
        assert policy.choose(0) == 0


def test_bounds_are_the_stated_ones():
    problem = BanditProblem(n_actions=9, horizon=10_000, low=-3.0, high=-1.0)
    instance = ArmsInstance(oblivious=True, bounded=True)
    t = np.array([100.0, 10_000.0])
    (anytime,) = TsallisINF().regret_bounds(problem, instance)
    assert anytime.curve(t) == pytest.approx(2 * (4 * np.sqrt(9 * t) + 1))
    assert anytime.time == "anytime"
    (rv,) = TsallisINF(estimator="rv").regret_bounds(problem, instance)
    assert rv.curve(t) == pytest.approx(2 * (2 * np.sqrt(9 * t) + 90 * np.log(t) + 16))
    for step, constant in [("theory", 4.5), ("theory_opt", 2 * math.sqrt(2))]:
        end, curve = TsallisINF(step).regret_bounds(problem, instance)
        assert end.curve(t[1:]) == pytest.approx([2 * constant * 300])
        assert (end.time, curve.time) == ("at the horizon", "horizon-tuned")
        assert end.curve(t[1:]) - 2 * 4 / TsallisINF(step)._step_of(problem) == pytest.approx(curve.curve(t[1:]))
    assert TsallisINF("theory").regret_bounds(BanditProblem(n_actions=9), instance) == ()
    assert not TsallisINF(scale=1.9).regret_bounds(problem, instance)[0].holds
    assert TsallisINF(scale=2.0).regret_bounds(problem, instance)[0].holds
    assert not TsallisINF().regret_bounds(problem, ArmsInstance(oblivious=True))[0].holds
    unbounded = GaussianArms([0.0, 1.0])
    assert not TsallisINF().regret_bounds(unbounded.problem, unbounded.instance())


@pytest.mark.parametrize("stepwise", [False, True])
@pytest.mark.parametrize(("reward", "loss"), [(-5.0, "4"), (0.5, "-1.5")])
def test_losses_outside_the_scale(stepwise, reward, loss):
    problem = BanditProblem(n_actions=2, horizon=10, low=-10.0, high=-1.0)

    def run(policy):
        policy.reset(problem, np.random.default_rng(0))
        rewards = np.full(10, -2.0)
        rewards[3:5] = reward
        if not stepwise:
            policy.play(block(np.zeros((1, 2)), 0, rewards, False), np.empty(10, dtype=np.int64))
            return policy
        for r in rewards.tolist():
            policy.update(0, policy.choose(0), r)
        return policy

    with pytest.warns(RuntimeWarning, match=rf"loss of {loss}, outside \[0, K\] with K=2") as caught:
        assert run(TsallisINF(scale=2.0)).n_exceed == 2
    assert len(caught) == 1
    with pytest.raises(ValueError, match=rf"loss of {loss}, outside"):
        run(TsallisINF(scale=2.0, on_exceed="error"))
    assert run(TsallisINF(scale=2.0, on_exceed="clip")).n_exceed == 2
    told = stepwise and reward > problem.high  # ``play`` alone looks at no declared range
    with pytest.warns(RuntimeWarning, match=r"observed a reward of 0\.5, outside") if told else nullcontext():
        assert run(TsallisINF(scale="running_mean")).n_exceed == 0
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        exact = TsallisINF(scale=0.1)
        exact.reset(BanditProblem(n_actions=2, horizon=10, low=0.0, high=0.1), np.random.default_rng(0))
        exact.update(0, exact.choose(0), 0.1 - 0.1 * (1 + 1e-15))
        assert exact.n_exceed == 0


def test_what_is_refused():
    for arguments, text in [
        ({"step": "any"}, "step must be one of .* got 'any'"),
        ({"scale": "rang"}, "did you mean 'range'"),
        ({"scale": 0.0}, "scale must be a finite number in"),
        ({"estimator": "ips"}, "estimator must be one of"),
        ({"on_exceed": "ignore"}, "on_exceed must be one of"),
        ({"estimator": "rv", "scale": "running_mean"}, "estimator='rv'"),
        ({"estimator": "rv", "step": "theory"}, "estimator='rv'"),
    ]:
        with pytest.raises(ValueError, match=text):
            TsallisINF(**arguments)
    for policy, problem, text in [
        (TsallisINF("theory"), BanditProblem(n_actions=2), "needs a horizon"),
        (TsallisINF(), GaussianArms([0.0]).problem, "largest reward"),
        (TsallisINF(), BanditProblem(n_actions=2, low=-math.inf, high=0.0), "finite range"),
    ]:
        with pytest.raises(ValueError, match=text):
            policy.reset(problem, np.random.default_rng(0))
    TsallisINF(scale=3.0).reset(BanditProblem(n_actions=2, low=-math.inf, high=0.0), np.random.default_rng(0))


def test_updates_out_of_turn_are_refused():
    policy = TsallisINF()
    policy.reset(BanditProblem(n_actions=3), np.random.default_rng(0))
    with pytest.raises(
        RuntimeError, match="not owed: call choose once before each update, with the arm drawn: got 0, drawn was none"
    ):
        policy.update(None, 0, 1.0)
    arm = policy.choose(None)
    with pytest.raises(RuntimeError, match=f"drawn was arm {arm}"):
        policy.update(None, (arm + 1) % 3, 1.0)
    policy.update(None, arm, 1.0)
    with pytest.raises(RuntimeError, match="drawn was none"):
        policy.update(None, arm, 1.0)
