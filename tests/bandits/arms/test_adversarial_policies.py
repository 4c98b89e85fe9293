"""Exp3, Exp3-IX, Hedge and FTPL: decisions, estimators, bounds, enumeration, extremes."""

import copy
import itertools
import math

import numpy as np
import pytest
from blocks import block

from bandits import FTPL, BanditProblem, Exp3, Exp3IX, FullFeedbackProblem, Hedge, TsallisINF
from bandits.arms.theory import ArmsInstance
from bandits.checks import play
from environments import BernoulliArms, GaussianArms

BANDIT = [Exp3(), Exp3(0.3), Exp3IX(), Exp3IX("anytime"), Exp3IX(0.2)]
FULL = [Hedge(), Hedge("anytime"), Hedge(0.2), FTPL(), FTPL(0.2)]
RANGES = [(0.0, 1.0), (-3.0, 5.0)]


class Fixed:
    """In place of a generator: always the same uniform."""

    def __init__(self, uniform):
        self.uniform = uniform

    def random(self, n=None):
        return self.uniform if n is None else np.full(n, self.uniform)


def table(rounds, k, low, high, seed=3):
    return low + (high - low) * np.random.default_rng(seed).beta(0.5 + np.arange(k), 2.0, (rounds, k))


def played(policy, rewards, low, high, feedback, seed):
    actions = np.empty(len(rewards), dtype=np.int64)
    kind = FullFeedbackProblem if feedback == "full" else BanditProblem
    problem = kind(n_actions=rewards.shape[1], horizon=len(rewards), low=low, high=high)
    policy.reset(problem, np.random.default_rng(seed))
    policy.play(block(rewards, 1, np.zeros(len(rewards)), False), actions)
    return actions


def drawn(p, uniform):
    return int(np.searchsorted(np.cumsum(p), uniform, side="right"))


@pytest.mark.parametrize("gamma", [None, 0.3, 1.0])
@pytest.mark.parametrize(("low", "high"), RANGES)
def test_exp3_decisions(gamma, low, high):
    rounds, k = 400, 4
    rewards, uniforms, w = table(rounds, k, low, high), np.random.default_rng(5), np.ones(k)
    g = gamma or min(1.0, math.sqrt(k * math.log(k) / ((math.e - 1) * rounds)))
    for t, arm in enumerate(played(Exp3(gamma), rewards, low, high, "bandit", 5)):
        p = (1 - g) * w / w.sum() + g / k
        assert arm == drawn(p, uniforms.random()), t
        w[arm] *= math.exp(g * (rewards[t, arm] - low) / (high - low) / p[arm] / k)


@pytest.mark.parametrize("eta", ["horizon", "anytime", 0.2])
@pytest.mark.parametrize(("low", "high"), RANGES)
def test_exp3_ix_decisions(eta, low, high):
    rounds, k = 400, 4
    rewards, uniforms, losses = table(rounds, k, low, high), np.random.default_rng(5), np.zeros(k)
    for t, arm in enumerate(played(Exp3IX(eta), rewards, low, high, "bandit", 5), start=1):
        step = {"horizon": math.sqrt(2 * math.log(k) / (k * rounds)), "anytime": math.sqrt(math.log(k) / (k * t))}
        e = step.get(eta, eta)
        p = np.exp(-e * losses) / np.exp(-e * losses).sum()
        assert arm == drawn(p, uniforms.random()), t
        losses[arm] += (high - rewards[t - 1, arm]) / (high - low) / (p[arm] + e / 2)


@pytest.mark.parametrize("eta", ["horizon", "anytime", 0.2])
@pytest.mark.parametrize(("low", "high"), RANGES)
def test_hedge_decisions(eta, low, high):
    rounds, k = 400, 4
    rewards, uniforms, losses = table(rounds, k, low, high), np.random.default_rng(5), np.zeros(k)
    for t, arm in enumerate(played(Hedge(eta), rewards, low, high, "full", 5), start=1):
        e = {"horizon": math.sqrt(8 * math.log(k) / rounds), "anytime": math.sqrt(8 * math.log(k) / t)}.get(eta, eta)
        p = np.exp(-e * losses) / np.exp(-e * losses).sum()
        assert arm == drawn(p, uniforms.random()), t
        losses += (high - rewards[t - 1]) / (high - low)


@pytest.mark.parametrize("eta", [None, 0.2])
@pytest.mark.parametrize(("low", "high"), RANGES)
def test_ftpl_decisions(eta, low, high):
    rounds, k = 400, 4
    rewards, rng, losses = table(rounds, k, low, high), np.random.default_rng(5), np.zeros(k)
    e = eta or math.sqrt((1 / 2 + 1 / 3 + 1 / 4) / rounds)
    for t, arm in enumerate(played(FTPL(eta), rewards, low, high, "full", 5)):
        assert arm == np.argmin(losses - rng.standard_exponential(k) / e), t
        losses += (high - rewards[t]) / (high - low)


@pytest.mark.parametrize("policy", BANDIT)
def test_estimates_have_the_stated_means(policy):
    k, environment = 5, BernoulliArms([0.1, 0.3, 0.5, 0.7, 0.9], 1400)
    environment.begin(environment.draw(np.random.default_rng(5)))
    policy.reset(environment.problem, np.random.default_rng(6))
    policy.advance(environment, 700)
    x = np.random.default_rng(7).random(k)
    means, chances = np.zeros(k), np.zeros(k)
    for u in (np.arange(20_000) + 0.5) / 20_000:
        trial = copy.deepcopy(policy)
        trial._rng = Fixed(u)
        arm = trial.choose(0)
        if chances[arm]:
            continue
        exp3 = isinstance(policy, Exp3)
        eta = 0.0 if exp3 else trial._rate / math.sqrt(701) if policy.eta == "anytime" else trial._rate
        chances[arm] = 1.0 / trial._inverse if exp3 else trial._denominator - eta / 2
        kept = trial._exponents if exp3 else trial._losses
        before = kept.copy()
        trial.update(0, arm, x[arm])
        assert np.count_nonzero(kept != before) == 1
        means += chances[arm] * (kept - before) * (k / trial._gamma if exp3 else 1.0)
    assert chances.sum() == pytest.approx(1.0, rel=1e-12)
    # Exp3 is unbiased; implicit exploration shrinks the losses by p / (p + gamma).
    expected = x if isinstance(policy, Exp3) else (1 - x) * chances / (chances + eta / 2)
    assert means == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize("policy", [*BANDIT, *FULL[:3]])
def test_a_draw_at_the_end_of_the_interval_is_an_arm_with_positive_probability(policy):
    for k in (1, 2, 3, 10, 1000):
        policy.reset(policy.plays[0](n_actions=k, horizon=100), Fixed(np.nextafter(1.0, 0.0)))
        assert policy.choose(0) == k - 1
        if not isinstance(policy, Exp3):
            policy._losses[-1] = 1e9  # weight 0 in floating point
            if isinstance(policy, Exp3IX):
                policy._tree[0, 0] = 0.0  # its tree is made anew
            assert policy.choose(0) == max(k - 2, 0)
        policy._rng = Fixed(0.0)
        assert policy.choose(0) == 0


def test_bounds_are_the_stated_ones():
    t, horizon, k = np.array([100.0, 10_000.0]), 10_000, 10
    arguments, log = dict(n_actions=k, horizon=horizon, low=-1.0, high=1.0), math.log(10)
    instance = ArmsInstance(oblivious=True)

    def curves(policy):
        return [b.curve(t) / 2.0 for b in policy.regret_bounds(policy.plays[0](**arguments), instance)]

    assert curves(Exp3(0.1))[0] == pytest.approx((math.e - 1) * 0.1 * t + k * log / 0.1)
    assert curves(Exp3())[0][1] == pytest.approx(2 * math.sqrt((math.e - 1) * k * log * horizon))
    direct, integrated = curves(Exp3IX())
    assert direct[1] == pytest.approx(3 / math.sqrt(2) * math.sqrt(k * horizon * log))
    root = math.sqrt(2 * k * horizon * log)
    assert integrated[1] == pytest.approx(2 * root + (root / log + 1) * (1 + math.log(2)))
    direct, integrated = curves(Exp3IX("anytime"))
    assert direct == pytest.approx(3 * np.sqrt(k * log * t))
    assert integrated == pytest.approx(4 * np.sqrt(k * log * t) + (2 * np.sqrt(k * t / log) + 1) * (1 + math.log(2)))
    assert curves(Hedge())[0][1] == pytest.approx(math.sqrt(horizon * log / 2))
    assert curves(Hedge("anytime"))[0] == pytest.approx(2 * np.sqrt(t * log / 2) + math.sqrt(log / 8))
    harmonic = sum(1 / i for i in range(2, k + 1))
    assert curves(FTPL(0.2))[0] == pytest.approx((1 - math.exp(-0.2)) * t + harmonic / 0.2)
    assert curves(FTPL())[0][1] < 2 * math.sqrt(harmonic * horizon)
    for policy in BANDIT + FULL:
        unbounded = GaussianArms([0.0, 1.0])
        assert policy.regret_bounds(unbounded.problem, unbounded.instance()) == ()
        assert not any(b.holds for b in policy.regret_bounds(policy.plays[0](**arguments), instance))


def chance_of_first(difference, eta):
    """P(L_0 - Z_0 / eta < L_1 - Z_1 / eta) for L_1 - L_0 = difference: a Laplace probability."""
    x = eta * difference
    return 1 - math.exp(-x) / 2 if x >= 0 else math.exp(x) / 2


def test_ftpl_draws_the_perturbed_leader_of_two():
    rounds, eta = 60_000, 0.7
    for losses in ([0.0, 0.0], [1.0, 0.0], [0.0, 2.5]):
        policy = FTPL(eta)
        policy.reset(FullFeedbackProblem(n_actions=2, horizon=rounds), np.random.default_rng(8))
        policy._losses[:] = losses
        actions = np.empty(rounds, dtype=np.int64)
        policy.play(block(np.ones((1, 2)), 0, np.zeros(rounds), False), actions)
        p = chance_of_first(losses[1] - losses[0], eta)
        assert abs(np.mean(actions == 0) - p) < 4 * math.sqrt(p * (1 - p) / rounds)


@pytest.mark.parametrize("policy", [FTPL(0.6), FTPL(), Hedge(0.6), Hedge(), Hedge("anytime")])
def test_bounds_hold_on_every_small_table(policy):
    rounds, tightest = 5, math.inf
    problem = FullFeedbackProblem(n_actions=2, horizon=rounds)
    (bound,) = policy.regret_bounds(problem, ArmsInstance(oblivious=True, bounded=True))
    curve = bound.curve(np.arange(1.0, rounds + 1))
    for entries in itertools.product([0.0, 1.0], repeat=2 * rounds):
        losses, total, mean = np.reshape(entries, (rounds, 2)), np.zeros(2), 0.0
        for t in range(rounds):
            eta = policy._step_of(problem)
            if isinstance(policy, FTPL):
                p = chance_of_first(total[1] - total[0], eta)
            else:
                eta /= math.sqrt(t + 1) if policy.eta == "anytime" else 1
                p = 1 / (1 + math.exp(eta * (total[0] - total[1])))
            mean += p * losses[t, 0] + (1 - p) * losses[t, 1]
            total += losses[t]
            assert mean - total.min() <= curve[t] + 1e-12
            tightest = min(tightest, curve[t] - (mean - total.min()))
    assert tightest < 0.8 * curve[-1]


@pytest.mark.parametrize("policy", [FTPL(0.6), Hedge(0.6)])
def test_mean_loss_on_small_tables_is_that_of_the_probabilities(policy):
    losses, replicates = np.array([[1.0, 0.0], [1.0, 0.0], [0.0, 1.0]]), 20_000
    counts, total = np.zeros(3), np.zeros(2)
    actions = np.empty(3, dtype=np.int64)
    for i in range(replicates):
        policy.reset(FullFeedbackProblem(n_actions=2, horizon=3), np.random.default_rng([9, i]))
        policy.play(block(1.0 - losses, 1, np.zeros(3), False), actions)
        counts += actions == 0
    for t in range(3):
        difference = total[1] - total[0]
        p = chance_of_first(difference, 0.6) if isinstance(policy, FTPL) else 1 / (1 + math.exp(-0.6 * difference))
        assert abs(counts[t] / replicates - p) < 4 * math.sqrt(p * (1 - p) / replicates)
        total += losses[t]


def test_exp3_drivers_agree_when_exponents_are_reduced():
    policy, runs = Exp3(1.0), []
    for leaps in (True, False):
        metrics = play(policy, BernoulliArms([1.0, 0.9], 4000), 3, leaps)
        runs.append((metrics["reward"].tolist(), policy._exponents.tolist(), policy._tree.tolist()))
    assert runs[0] == runs[1]
    # Estimates of gamma x / (p K) = 1 a round that pays, less what was taken off.
    assert metrics["reward"][-1] - policy._exponents.sum() > 3000
    assert policy._tree[2:, 0] == pytest.approx(np.exp(policy._exponents))


@pytest.mark.slow
@pytest.mark.parametrize(
    "policy", [Exp3(), Exp3(1.0), Exp3IX(), Exp3IX("anytime"), Hedge(), Hedge(0.5), FTPL(), TsallisINF()], ids=str
)
@pytest.mark.parametrize("k", [2, 10])
def test_nothing_overflows_in_ten_million_rounds(policy, k):
    """First one arm pays everything and the other nothing, then the other way round, then all pay everything."""
    rounds, part = 10_000_000, 1 << 19
    policy.reset(policy.plays[0](n_actions=k, horizon=rounds), np.random.default_rng(0))
    gains, earned = np.zeros(k), 0.0
    for stretch in range(20):
        levels = np.ones((1, k))
        if stretch < 19:
            levels[0, 1:] = float(stretch >= 6)
            levels[0, 0] = float(stretch < 6)
        for start in range(0, rounds // 20, part):
            actions = np.empty(min(part, rounds // 20 - start), dtype=np.int64)
            policy.play(block(levels, 0, np.zeros(actions.size), False), actions)
            assert actions.min() >= 0
            assert actions.max() < k
            gains += actions.size * levels[0]
            earned += levels[0, actions].sum()
    for value in vars(policy).values():
        if isinstance(value, np.ndarray):
            assert np.all(np.isfinite(value)), policy
    # It came back from the arm that paid before: staying there would cost 0.35 of the rounds. gamma = 1 never learns.
    assert gains.max() - earned < (0.4 if isinstance(policy, Exp3) and policy.gamma else 0.1) * rounds


def test_what_is_refused():
    for make, value, name in [
        (Exp3, 0.0, "gamma"),
        (Exp3, 1.5, "gamma"),
        (Exp3IX, "any", "eta"),
        (Exp3IX, -1.0, "eta"),
        (Hedge, "horizons", "eta must be one of horizon, anytime, got 'horizons' .*did you mean 'horizon'"),
        (Hedge, math.inf, "eta"),
        (FTPL, 0.0, "eta"),
    ]:
        with pytest.raises(ValueError, match=name):
            make(value)
    for policy in (Exp3(), Exp3IX(), Hedge(), FTPL()):
        with pytest.raises(ValueError, match=rf"{type(policy).__name__} needs a horizon"):
            policy.reset(policy.plays[0](n_actions=2), np.random.default_rng(0))
        unbounded = policy.plays[0](n_actions=2, low=-math.inf, high=math.inf, horizon=9)
        with pytest.raises(ValueError, match=r"needs a finite range of rewards: the problem has \[-inf, inf\]"):
            policy.reset(unbounded, np.random.default_rng(0))
        assert policy.regret_bounds(policy.plays[0](n_actions=2), ArmsInstance()) == ()
    for policy in (Exp3(0.1), Exp3IX("anytime"), Exp3IX(0.1), Hedge("anytime"), Hedge(0.1), FTPL(0.1)):
        policy.reset(policy.plays[0](n_actions=2), np.random.default_rng(0))
        assert policy.regret_bounds(policy.plays[0](n_actions=2), ArmsInstance())


@pytest.mark.parametrize("kind", [Exp3, Exp3IX])
def test_updates_out_of_turn_are_refused(kind):
    policy = kind()
    policy.reset(BanditProblem(n_actions=3, horizon=100), np.random.default_rng(0))
    with pytest.raises(RuntimeError, match="feedback that is not owed: call choose once"):
        policy.update(None, 0, 1.0)
    arm = policy.choose(None)
    policy.update(None, arm, 1.0)
    with pytest.raises(RuntimeError, match="feedback that is not owed: call choose once"):
        policy.update(None, arm, 1.0)
