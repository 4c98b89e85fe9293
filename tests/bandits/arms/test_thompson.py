"""Thompson sampling plays the arm with the largest of independent posterior samples: exactly in law, not approximately.

Against exact probabilities by quadrature, against samples that are all drawn, and whole runs against a loop that draws
a sample of every arm in every round.
"""

import math
import pickle

import numba
import numpy as np
import pytest
from scipy import integrate, special, stats

from bandits import BanditProblem, BetaThompson, GaussianThompson
from bandits.arms import beta_thompson, gaussian_thompson
from bandits.arms.tails import beta_mass, beta_trial, gaussian_mass, gaussian_trial
from bandits.arms.thinning import (
    CLASSES,
    LENGTH,
    LEVEL,
    LOGS,
    PATIENCE,
    POINT,
    RATES,
    TWO_LEVELS,
    VISITS,
    Thinning,
    ahead,
    drawn,
    thinning,
)
from environments import BernoulliArms, GaussianArms

DRAWS = 1_000_000


def linked(kernel):
    """The compiled function behind a kernel."""
    return getattr(kernel, "linked", kernel)


def posteriors_of(policy):
    """Frozen scipy laws of the arms."""
    if isinstance(policy, BetaThompson):
        return [stats.beta(a, b) for a, b in policy._posteriors]
    return [stats.norm(mean, deviation) for _, _, mean, deviation in policy._posteriors]


def beta(*counts):
    """A policy whose posteriors are Beta(a, b) for the pairs given."""
    policy = BetaThompson()
    policy.reset(BanditProblem(n_actions=len(counts)), np.random.default_rng([5, len(counts)]))
    policy._posteriors[:] = counts
    return policy


def gaussian(*laws):
    """A policy whose posteriors have the means and deviations given."""
    policy = GaussianThompson(1.0)
    problem = BanditProblem(n_actions=len(laws), low=-math.inf, high=math.inf, noise=1.0)
    policy.reset(problem, np.random.default_rng([6, len(laws)]))
    for row, (mean, deviation) in zip(policy._posteriors, laws, strict=True):
        row[:] = mean / deviation**2, deviation**-2, mean, deviation
    return policy


def put_levels(policy, *levels):
    """Fix levels for good, any number of them, from the highest to the lowest."""
    module, arms = beta_thompson if isinstance(policy, BetaThompson) else gaussian_thompson, len(policy._posteriors)
    policy._thinning = Thinning(*(np.repeat(array[:1], len(levels), axis=0) for array in thinning(arms)))
    policy._thinning.control[:, LEVEL] = levels
    policy._thinning.control[:, POINT] = policy._rng.exponential(size=len(levels))
    policy._thinning.control[0, VISITS] = -math.inf
    for arm in range(arms):
        linked(module.put)(linked(module._mass), policy._posteriors, policy._thinning, arm)


@numba.njit
def tally(choose, counts, most, *state):
    for i in range(most):
        arm = choose(*state)
        if arm < 0:
            return i
        counts[arm] += 1
    return most


def played(policy, n):
    """How often each arm is played in ``n`` rounds of which nothing is learned."""
    counts, done = np.zeros(len(policy._posteriors), dtype=np.int64), 0
    if isinstance(policy, BetaThompson):
        choose, state = linked(beta_thompson._choose), (policy._posteriors,)
    else:
        choose, state = linked(gaussian_thompson._choose), (policy._posteriors, policy._waiting)
    while done < n:
        done += tally(choose, counts, n - done, *state, *policy._thinning, *policy._ahead)
        policy._ahead = drawn(policy._ahead, policy._rng) if done < n else policy._ahead
    return counts


def probabilities(laws):
    """The chance that each of independent samples is the largest, by quadrature over its quantile."""

    def chance(i):
        def beaten(u):
            x = laws[i].ppf(u)
            return np.prod([law.cdf(x) for j, law in enumerate(laws) if j != i])

        return integrate.quad(beaten, 0.0, 1.0, epsabs=1e-9, limit=400)[0]

    return np.array([chance(i) for i in range(len(laws))])


def agree(counts, expected):
    """Chi-square over the arms that are expected ten times or more, the others as one."""
    rare = expected < 10.0
    groups = [*zip(counts[~rare], expected[~rare], strict=True), (counts[rare].sum(), expected[rare].sum())]
    observed, wanted = np.array([(o, e) for o, e in groups if e > 0.0 or o > 0]).T
    if wanted[-1] < 10.0:  # too few for chi-square
        assert observed[-1] <= stats.poisson.ppf(1.0 - 1e-6, wanted[-1])
        observed, wanted = observed[:-1], wanted[:-1]
    if len(wanted) > 1:
        statistic = np.sum((observed - wanted) ** 2 / wanted)
        assert stats.chi2.sf(statistic, len(wanted) - 1) > 1e-4, (observed, wanted)


FEW = {
    "two new arms": beta((1, 1), (1, 1)),
    "two arms": beta((3, 2), (8, 9)),
    "far apart": beta((90, 11), (4, 9)),
    "small priors": beta((0.3, 0.2), (0.5, 1.5)),
    "one small": beta((0.05, 3), (2, 20), (1, 8)),
    "a leader": beta((9000, 1000), (40, 12), (70, 20)),
    "three arms": beta((5, 5), (50, 50), (20, 30)),
    "sure of one": beta((300, 1), (40, 1), (9, 1.5)),
    "two normal": gaussian((0.0, 1.0), (0.3, 0.5)),
    "far normal": gaussian((1.0, 0.1), (0.5, 0.15)),
    "three normal": gaussian((-3.0, 2.0), (0.0, 0.5), (0.1, 0.01)),
    "equal normal": gaussian((5.0, 1e-3), (5.0, 1e-3), (5.0, 1e-3)),
}


@pytest.mark.parametrize("name", FEW)
def test_two_or_three_arms_are_played_as_often_as_quadrature_says(name):
    policy = pickle.loads(pickle.dumps(FEW[name]))
    expected = probabilities(posteriors_of(policy))
    assert expected.sum() == pytest.approx(1.0, abs=1e-6)
    agree(played(policy, DRAWS), expected / expected.sum() * DRAWS)


ONE = [(0.05,), (0.6,), (0.95,), (1.0 - 1e-4,)]
MORE = [(0.5, 0.05), (0.95, 0.6), (0.92, 0.842), (0.99, 0.99), (1.0 - 1e-4, 0.9), (1.0 - 1e-5, 0.999, 0.7)]


@pytest.mark.parametrize("name", FEW)
@pytest.mark.parametrize("quantiles", ONE + MORE)
def test_whatever_the_levels(name, quantiles):
    """At any levels: of the best arm, so that some arms, all or none are drawn in every round."""
    policy = pickle.loads(pickle.dumps(FEW[name]))
    laws = posteriors_of(policy)
    levels = [max(law.ppf(quantile) for law in laws) for quantile in quantiles]
    put_levels(policy, *levels)
    expected = probabilities(laws)
    agree(played(policy, DRAWS // 4), expected / expected.sum() * (DRAWS // 4))
    assert policy._thinning.control[:, LEVEL].tolist() == levels


@pytest.mark.parametrize("shape", [0.01, 0.05])
@pytest.mark.parametrize("arms", [8, 100])
def test_of_several_samples_that_are_rounded_to_1_the_first_counts(arms, shape):
    policy, ones = beta(*[(shape, shape)] * arms), special.betainc(shape, shape, 2.0**-53)
    expected = ones * (1.0 - ones) ** np.arange(arms) + (1.0 - ones) ** arms / arms
    agree(played(policy, DRAWS // 4), expected * (DRAWS // 4))


RNG = np.random.default_rng(3)
MANY = {
    "twelve new": beta(*[(1, 1)] * 12),
    "as after a while": beta(*[(1 + 40 * m, 41 - 40 * m) for m in np.linspace(0.1, 0.9, 40)]),
    "a field": beta(*[(1 + RNG.integers(50), 1 + RNG.integers(50)) for _ in range(100)]),
    "fields of all sizes": beta(*[(10 ** RNG.uniform(0, 4), 10 ** RNG.uniform(0, 4)) for _ in range(60)]),
    "small": beta(*[(RNG.uniform(0.2, 2), RNG.uniform(0.2, 2)) for _ in range(30)]),
    "new normal": gaussian(*[(0.0, 1.0)] * 12),
    "normal": gaussian(*[(m, 0.1) for m in np.linspace(0, 1, 70)]),
    "many normal": gaussian(*[(RNG.normal(0.5, 0.2), 0.5 / math.sqrt(RNG.integers(1, 200))) for _ in range(200)]),
    "normal of all sizes": gaussian(*[(RNG.normal(), 10 ** RNG.uniform(-3, 0)) for _ in range(50)]),
}


@pytest.mark.parametrize("name", MANY)
def test_many_arms_are_played_as_often_as_when_all_samples_are_drawn(name):
    policy, rng = pickle.loads(pickle.dumps(MANY[name])), np.random.default_rng(8)
    n = len(policy._posteriors)
    ours, theirs = played(policy, DRAWS), np.zeros(n)
    for _ in range(20):
        size = (DRAWS // 20, n)
        if isinstance(policy, BetaThompson):
            samples = rng.beta(*policy._posteriors.T, size)
        else:
            samples = rng.normal(*policy._posteriors.T[2:4], size)
        theirs += np.bincount(samples.argmax(axis=1), minlength=n)
    both = (ours + theirs) >= 20  # two samples of the same size: the variance of the difference is that of the sum
    statistic = np.sum((ours - theirs)[both] ** 2 / (ours + theirs)[both])
    assert stats.chi2.sf(statistic, both.sum() - 1) > 1e-4
    assert abs(ours[~both].sum() - theirs[~both].sum()) < 5 * math.sqrt(1 + (ours + theirs)[~both].sum())
    assert len(policy._thinning.control) == 1 + (n >= TWO_LEVELS)


@numba.njit
def plain_beta(means, rounds, rng):
    a, b = np.ones(means.size), np.ones(means.size)
    regret = 0.0
    for _ in range(rounds):
        best, arm = -1.0, 0
        for i in range(means.size):
            theta = rng.beta(a[i], b[i])
            if theta > best:
                best, arm = theta, i
        if rng.random() < means[arm]:
            a[arm] += 1
        else:
            b[arm] += 1
        regret += means.max() - means[arm]
    return regret


@numba.njit
def plain_gaussian(means, rounds, rng):
    n, total = np.zeros(means.size), np.zeros(means.size)
    regret = 0.0
    for t in range(rounds):
        best, arm = -np.inf, t
        if t >= means.size:
            for i in range(means.size):
                theta = total[i] / n[i] + 0.5 / math.sqrt(n[i]) * rng.standard_normal()
                if theta > best:
                    best, arm = theta, i
        n[arm] += 1
        total[arm] += means[arm] + 0.5 * rng.standard_normal()
        regret += means.max() - means[arm]
    return regret


@pytest.mark.parametrize(
    ("policy", "make", "plain"),
    [(BetaThompson(), BernoulliArms, plain_beta), (GaussianThompson(), GaussianArms, plain_gaussian)],
    ids=["beta", "gaussian"],
)
@pytest.mark.parametrize(("arms", "rounds"), [(12, 400), (90, 500)])
def test_whole_runs_have_the_law_of_the_plain_loop(policy, make, plain, arms, rounds, regrets):
    means, runs = np.linspace(0.1, 0.9, arms), 2000
    environment = make(means.tolist(), rounds) if make is BernoulliArms else make(means.tolist(), 0.5, rounds)
    ours, rng = regrets(policy, environment, runs), np.random.default_rng(11)
    theirs = np.array([plain(means, rounds, rng) for _ in range(runs)])
    error = math.sqrt((ours.var() + theirs.var()) / runs)
    assert abs(ours.mean() - theirs.mean()) < 4 * error
    assert stats.ks_2samp(ours.ravel(), theirs).pvalue > 1e-3


SHAPES = [1e-3, 0.05, 0.7, 1.0, 1.5, 11.9, 12.1, 300.0, 1e5, 1e7]


@pytest.mark.parametrize("a", SHAPES)
@pytest.mark.parametrize("b", SHAPES)
def test_the_envelope_of_a_beta_tail(a, b):
    """Its mass times the chance that a trial is accepted is the tail, in all digits that scipy has."""
    law, checked = stats.beta(a, b), 0
    mean, deviation = law.mean(), law.std()
    points = [mean + deviation * z for z in (0.9, 1.1, 1.5, 2.0, 3.0, 5.0, 7.0)]
    points += [1.0 - (1.0 - mean) * f for f in (0.5, 0.1, 1e-3)]
    for level in points:
        if not mean < level < 1.0 - 1e-9:
            continue
        tail = special.betaincc(a, b, level)
        mass = beta_mass(a, b, level)
        if mass == math.inf:
            assert level < mean + 1.01 * deviation or tail > 0.2 or (a < 1.0 and b < 1.0)
            continue
        if tail < 1e-290:
            continue
        prices = [beta_trial(a, b, level, x) for x in (1e-6, 0.1, 1.0, 5.0)]
        assert all(theta >= level and price >= -1e-9 for theta, price in prices)
        accepted = integrate.quad(
            lambda x, level=level: math.exp(-x - beta_trial(a, b, level, x)[1]), 0, math.inf, epsabs=0, epsrel=1e-10
        )[0]
        assert math.exp(mass) * accepted == pytest.approx(tail, rel=1e-7)
        checked += 1
    assert checked or min(a, b) < 1.0 or (b == 1.0 and a > 1e4)  # else some level lies a deviation above the mean


@pytest.mark.parametrize("z", [1.01, 1.5, 3.0, 8.0, 20.0, 37.0])
def test_the_envelope_of_a_gaussian_tail(z):
    accepted = integrate.quad(
        lambda x: math.exp(-x - gaussian_trial(1.0 / z, x)[1]), 0, math.inf, epsabs=0, epsrel=1e-12
    )[0]
    assert math.exp(gaussian_mass(z)) * accepted == pytest.approx(special.erfc(z / math.sqrt(2)) / 2, rel=1e-10)
    assert gaussian_mass(1.0) == gaussian_mass(-3.0) == gaussian_mass(math.nan) == math.inf


@pytest.mark.parametrize(
    ("a", "b", "level"),
    [(1.0, 1.0, 0.99), (0.5, 2.0, 0.9), (90.0, 11.0, 0.97), (3e5, 1e5, 0.7535), (2.0, 0.8, 0.999), (1.0, 40.0, 0.3)],
)
def test_trials_have_the_truncated_law(a, b, level):
    rng, law = np.random.default_rng(4), stats.beta(a, b)
    trials = [(*beta_trial(a, b, level, e), f) for e, f in rng.standard_exponential((40_000, 2))]
    kept = np.array([theta for theta, price, f in trials if f >= price])
    assert len(kept) > 15_000
    assert stats.kstest(law.sf(kept) / law.sf(level), "uniform").pvalue > 1e-3


@pytest.mark.parametrize(
    ("a", "b"), [(1, 1), (0.3, 0.2), (0.5, 4), (3, 0.1), (1, 1.5), (7, 2), (40, 900), (1e6, 2e5), (1e-2, 5e-2)]
)
def test_samples_have_the_beta_law(a, b):
    posteriors, rng, state = np.array([[a, b]], dtype=float), np.random.default_rng(9), ahead(1 << 20)
    while state.used[:2].any():  # until all room is filled
        state = drawn(state, rng)
    draws = np.array([beta_thompson._sample(posteriors, 0, state) for _ in range(50_000)])
    grid = np.array([1e-12, 1e-6, 1e-3, 0.1, 0.5, 0.9, 0.999, 1 - 1e-9])
    below = np.mean(draws[:, None] <= grid, axis=0)  # the law has steps where doubles end, near 0 and 1
    exact = special.betainc(a, b, grid)
    assert np.all(np.abs(below - exact) <= 4.5 * np.sqrt(exact * (1 - exact) / draws.size) + 1e-12)
    if min(a, b) >= 0.5:
        assert stats.kstest(draws, stats.beta(a, b).cdf).pvalue > 1e-3


@pytest.mark.parametrize("make", [lambda: BetaThompson(0.5, 2.0), GaussianThompson, lambda: GaussianThompson(0.7, 0.2)])
@pytest.mark.parametrize("arms", [37, 100])
def test_updates_from_elsewhere_keep_the_state_right(make, arms):
    policy, rng = make(), np.random.default_rng(21)
    policy.reset(BanditProblem(n_actions=arms, low=-1.0, high=3.0), np.random.default_rng(22))
    first = policy._posteriors.copy()
    plays, sums = np.zeros(arms), np.zeros(arms)
    for t in range(4000):
        arm = policy.choose(None)
        if t % 3 == 0:
            arm = int(rng.integers(arms))
        reward = float(rng.choice([-1.0, 3.0]) if isinstance(policy, BetaThompson) else rng.uniform(-1.0, 3.0))
        policy.update(None, arm, reward)
        plays[arm] += 1
        sums[arm] += reward
    if isinstance(policy, BetaThompson):
        wins = (sums + plays) / 4.0
        np.testing.assert_array_equal(policy._posteriors - first, np.stack([wins, plays - wins], axis=1))
    else:
        precision = first[:, 1] + plays * policy._h
        np.testing.assert_allclose(policy._posteriors[:, 1], precision)
        np.testing.assert_allclose(policy._posteriors[:, 2], (first[:, 0] + sums * policy._h) / precision)
    module, levels = beta_thompson if isinstance(policy, BetaThompson) else gaussian_thompson, []
    assert len(policy._thinning.control) == 1 + (arms >= TWO_LEVELS)
    for control, masses, (order, places), first in zip(*policy._thinning, strict=True):
        levels.append(control[LEVEL])
        exact = np.array([module._mass(policy._posteriors, i, control[LEVEL]) for i in range(arms)])
        np.testing.assert_array_equal(masses, exact)
        assert sorted(order) == list(range(arms))
        np.testing.assert_array_equal(places[order], np.arange(arms))
        assert (first[0], first[CLASSES]) == (0, arms)
        classes = np.repeat(np.arange(CLASSES), np.diff(first))
        finite = order[np.isfinite(exact[order])]
        assert np.all(np.isinf(exact[order[: first[1]]]))
        assert len(finite) == arms - first[1]
        assert np.all(exact[finite] <= LOGS[classes[first[1] :]])
        assert np.all((exact[finite] >= LOGS[classes[first[1] :]] - 0.35) | (classes[first[1] :] == CLASSES - 1))
        assert control[LENGTH] == RATES[classes].sum()
        assert control[POINT] > 0.0
    assert levels == sorted(levels, reverse=True)


@pytest.mark.parametrize("make", [BetaThompson, GaussianThompson, lambda: GaussianThompson(0.3, 0.5)])
def test_many_arms_step_by_step_and_from_a_pickle(make):
    """The same actions as in one stretch, bit for bit, where there are two levels."""
    environment, policy = BernoulliArms(np.linspace(0.1, 0.9, 100).tolist(), 3000), make()
    environment.begin(environment.draw(np.random.default_rng(1)))
    policy.reset(environment.problem, np.random.default_rng(2))
    policy.advance(environment, 500)
    stepwise, other = pickle.loads(pickle.dumps((policy, environment)))
    for _ in range(2500):
        arm = stepwise.choose(None)
        stepwise.update(None, arm, other.transition(arm)[1])
    policy.advance(environment, 700)
    policy = pickle.loads(pickle.dumps(policy))
    policy.advance(environment, 1800)
    np.testing.assert_array_equal(policy._posteriors, stepwise._posteriors)
    for ours, theirs in zip(policy._thinning, stepwise._thinning, strict=True):
        np.testing.assert_array_equal(ours, theirs)
    assert policy._rng.bit_generator.state == stepwise._rng.bit_generator.state


@pytest.mark.parametrize("make", [BetaThompson, GaussianThompson])
def test_a_round_that_runs_out_of_variables_is_played_again(make):
    """Whatever number is drawn ahead: it grows where a round needs more, and arms are played as before."""
    means, shares = [0.2, 0.5, 0.6], []
    for size in (1, 4096):
        counts = np.zeros(3)
        for seed in range(200):
            policy, environment = make(), BernoulliArms(means, 60)
            environment.begin(environment.draw(np.random.default_rng(seed)))
            policy.reset(environment.problem, np.random.default_rng([seed, size]))
            policy._ahead = ahead(size)
            for _ in range(60):
                arm = policy.choose(None)
                counts[arm] += 1
                policy.update(None, arm, environment.transition(arm)[1])
            assert policy._ahead.variables.shape[1] <= max(size, 64)
        shares.append(counts / counts.sum())
    assert np.all(np.abs(shares[0] - shares[1]) < 0.05)


@pytest.mark.parametrize("arms", [3, 100])
@pytest.mark.parametrize("make", [BetaThompson, GaussianThompson])
def test_a_round_that_is_undone_leaves_visits_and_points_as_they_were(make, arms):
    environment, policy, undone = BernoulliArms(np.linspace(0.1, 0.9, arms).tolist(), 400), make(), 0
    environment.begin(environment.draw(np.random.default_rng(1)))
    policy.reset(environment.problem, np.random.default_rng(2))
    policy.advance(environment, 200)
    for _ in range(200):
        scarce = pickle.loads(pickle.dumps(policy))
        control, used = scarce._thinning.control, scarce._ahead.used
        used[:2] = scarce._ahead.variables.shape[1] - 1
        before = control[0, VISITS], control[:, POINT].tolist(), used.tolist()
        module, waiting = (beta_thompson, ()) if make is BetaThompson else (gaussian_thompson, (scarce._waiting,))
        if linked(module._choose)(scarce._posteriors, *waiting, *scarce._thinning, *scarce._ahead) < 0:
            undone += 1
            assert (control[0, VISITS], control[:, POINT].tolist(), used.tolist()) == before
        arm = policy.choose(None)
        policy.update(None, arm, environment.transition(arm)[1])
    assert undone > 50


def test_rewards_between_the_ends_count_by_chance():
    policy, rounds = BetaThompson(), 20_000
    policy.reset(BanditProblem(n_actions=2, low=-1.0, high=3.0), np.random.default_rng(1))
    for _ in range(rounds):
        policy.update(None, 1, 0.0)
    wins = policy._posteriors[1, 0] - 1.0
    assert abs(wins - rounds / 4) < 4 * math.sqrt(rounds * 3 / 16)
    assert policy._posteriors[1].sum() == rounds + 2


@pytest.mark.parametrize("make", [BetaThompson, GaussianThompson])
def test_visits_are_few_with_many_arms(make):
    arms, rounds = 1000, 4000
    environment, policy = BernoulliArms(np.linspace(0.1, 0.9, arms).tolist(), rounds), make()
    environment.begin(environment.draw(np.random.default_rng(1)))
    policy.reset(environment.problem, np.random.default_rng(2))
    policy.advance(environment, rounds)
    assert policy._thinning.control[0, VISITS] < PATIENCE * 2 * arms
    policy._thinning.control[0, VISITS] = 0.0
    played(policy, 1000)
    assert policy._thinning.control[0, VISITS] < 1000 * 30
