"""BESA: hypergeometric variables, duels and tournaments against brute force."""

import itertools
import math

import numba
import numpy as np
import pytest
from arms_runs import sequence, table
from scipy import stats

from bandits import BESA, BanditProblem
from bandits.arms import besa, hypergeometric
from bandits.arms.besa import OTHERS
from bandits.arms.scan import COUNT
from environments import BernoulliArms

DRAWS = 20_000


def agrees(counts, probabilities):
    """Chi-square over what is expected five times or more, the rest as one."""
    expected = np.asarray(probabilities) * np.sum(counts)
    assert np.all(np.asarray(counts)[expected < 1e-9] == 0)
    often = expected >= 5.0
    groups = [*zip(counts[often], expected[often], strict=True), (counts[~often].sum(), expected[~often].sum())]
    observed, wanted = np.array([(o, e) for o, e in groups if e > 1e-9]).T
    assert stats.chi2.sf(np.sum((observed - wanted) ** 2 / wanted), max(len(wanted) - 1, 1)) > 1e-4


@pytest.fixture(scope="module")
def draw_many():
    hypergeometric.hypergeometric(1.0, 1.0, 1.0, np.random.default_rng(0))  # links the kernels of the module
    kernel = hypergeometric.hypergeometric

    @numba.njit
    def draw(good, bad, n, size, rng):
        counts = np.zeros(int(n) + 1)
        for _ in range(size):
            counts[int(kernel(good, bad, n, rng))] += 1
        return counts

    return draw


@pytest.mark.parametrize(
    ("good", "bad", "n"),
    [(1, 1, 1), (3, 5, 4), (40, 2, 20), (2, 900, 300), (500, 500, 6), (70, 30, 99), (3000, 5000, 700), (10**6, 10, 11)],
)
def test_hypergeometric_variables_have_their_law(good, bad, n, draw_many):
    counts = draw_many(float(good), float(bad), float(n), DRAWS, np.random.default_rng(7))
    agrees(counts, stats.hypergeom(good + bad, good, n).pmf(np.arange(n + 1)))


@pytest.mark.parametrize(("good", "bad", "n", "k"), [(0, 5, 3, 0), (5, 0, 3, 3), (4, 3, 7, 4), (9, 9, 0, 0)])
def test_what_is_certain_takes_no_luck(good, bad, n, k):
    rng = np.random.default_rng(1)
    before = rng.bit_generator.state
    assert hypergeometric.hypergeometric(float(good), float(bad), float(n), rng) == k
    assert rng.bit_generator.state == before


def test_chances_of_at_most_so_many():
    rng = np.random.default_rng(4)
    for _ in range(300):
        good, bad = rng.integers(1, 10 ** rng.integers(1, 6), 2)
        n = rng.integers(1, min(good + bad, 2000))
        law = stats.hypergeom(good + bad, good, n)
        k = min(int(law.ppf(rng.random())), math.ceil(n * good / (good + bad)) - 1)
        found = hypergeometric.at_most(float(k), float(good), float(bad), float(n))
        assert found == pytest.approx(law.cdf(k) if k >= 0 else 0.0, rel=1e-8, abs=1e-300), (good, bad, n, k)


def test_the_rectangle_covers_the_curve():
    """At both ends of every step: then trials accepted have exactly the law."""
    rng = np.random.default_rng(3)
    sizes = [(g, b, n) for g in range(1, 9) for b in range(1, 9) for n in range(1, g + b)]
    sizes += [tuple(rng.integers(1, 4000, 2)) for _ in range(100)]
    for size in sizes:
        good, bad = size[:2]
        n = size[2] if len(size) == 3 else rng.integers(1, good + bad)
        law, k = stats.hypergeom(good + bad, good, n), np.arange(max(0, n - bad), min(good, n) + 1)
        log = law.logpmf(k) if len(size) == 2 else np.log(law.pmf(k))
        root, centre = np.exp((log - log.max()) / 2), n * good / (good + bad) + 0.5
        reach = np.maximum(np.abs(k - centre), np.abs(k + 1 - centre)) * root
        assert reach.max() <= hypergeometric.width(float(good), float(bad), float(n)) / 2 * (1 + 1e-9), (good, bad, n)


def test_logarithms_of_factorials():
    for k in [*range(200), 10**4, 10**9, 10**15]:
        assert hypergeometric.log_factorial(float(k)) == pytest.approx(math.lgamma(k + 1.0), rel=1e-14, abs=1e-14)


def told(rewards):
    policy = BESA()
    policy.reset(BanditProblem(n_actions=len(rewards)), np.random.default_rng(6))
    for arm, values in enumerate(rewards):
        for value in values:
            policy.update(None, arm, float(value))
    return policy


def test_parts_are_uniform_over_all_subsets():
    rewards, n = [0.0, 1.0, 0.1, 0.03, 0.007, 1.0], 3
    policy = told([rewards])
    sums = np.array([sum(part) for part in itertools.combinations(rewards, n)])
    values, times = np.unique(np.round(sums, 9), return_counts=True)
    found = [besa._part(policy._rows, 0, float(n), policy._own, policy._rng) for _ in range(DRAWS)]
    counts = np.array([np.sum(np.abs(np.array(found) - v) < 1e-9) for v in values])
    assert counts.sum() == DRAWS
    agrees(counts, times / times.sum())


def beats(a, b, i, j):
    """The chance that arm i with rewards a wins a duel against arm j with rewards b, by all subsets."""
    n = min(len(a), len(b))
    wins, pairs = 0, 0
    for x in itertools.combinations(a, n):
        for y in itertools.combinations(b, n):
            difference = sum(x) - sum(y)
            if abs(difference) < 1e-9:
                difference = (len(b), j) > (len(a), i)
            wins, pairs = wins + (difference > 0), pairs + 1
    return wins / pairs


DUELS = {
    "counts": [[1, 0, 1], [1, 1, 0, 0, 1, 0], [1], [0, 1, 1, 1, 1]],
    "others": [[0.5, 0.9, 1.0], [0.2, 0.7, 0.8, 0.8, 0.9], [0.75], [0.75, 0.75]],
    "both": [[0.5, 0, 1, 1], [1, 0.5, 0.5, 0, 0.25, 1], [0.5, 1, 0]],
    "five": [[1, 0], [0, 1], [1, 1, 0], [0, 1, 0, 1], [1, 0, 1, 0, 1]],
    "one is ahead": [[1, 0, 1, 0], [1, 0, 0, 1, 0], [1, 1, 0, 1, 1, 0, 1, 0], [0], [1, 0]],
    "one is far ahead": [[0, 0, 1], [1, 1, 1, 1, 1, 0, 1, 1, 1], [0, 0, 0, 0], [0, 1, 0, 0, 0]],
    "one is ahead of two": [[1, 0, 1, 1, 0], [0, 1]],
}


@pytest.mark.parametrize("name", DUELS)
def test_tournaments_are_won_as_often_as_brute_force_says(name):
    rewards = DUELS[name]
    arms = range(len(rewards))
    chance = {(i, j): beats(rewards[i], rewards[j], i, j) for i in arms for j in arms if i != j}

    def winners(order):
        """The chances [n_arms] to win of a tournament in that order."""
        if len(order) == 1:
            return np.eye(len(rewards))[order[0]]
        total, pairs = np.zeros(len(rewards)), [order[k : k + 2] for k in range(0, len(order), 2)]
        for left in itertools.product(*pairs):
            share = math.prod(
                chance[w, pair[0] if w == pair[1] else pair[1]]
                for w, pair in zip(left, pairs, strict=True)
                if len(pair) == 2
            )
            total += share * winners(left) if share else 0.0
        return total

    expected = np.mean([winners(order) for order in itertools.permutations(arms)], axis=0)
    policy = told(rewards)
    counts = np.bincount([policy.choose(None) for _ in range(DRAWS)], minlength=len(rewards))
    agrees(counts, expected)


def test_memory_grows_with_rewards_inside_the_range_only():
    environment, policy = BernoulliArms([0.3, 0.6], 100_000), BESA()
    environment.begin(environment.draw(np.random.default_rng(1)))
    policy.reset(environment.problem, np.random.default_rng(2))
    policy.advance(environment, 100_000)
    assert policy._rows[:, COUNT].sum() == 100_000
    assert policy._own[2].size <= 2**15
    policy = told([np.random.default_rng(3).random(2000)])
    assert policy._rows[0, OTHERS] == 2000 <= policy._own[2].size <= 8000


@pytest.mark.parametrize("rewards", [table(), np.random.default_rng(5).random((200, 4))], ids=["0 and 1", "others"])
def test_the_range_of_rewards_decides_nothing(rewards):
    assert sequence(BESA(), rewards) == sequence(BESA(), 0.1 + 0.7 * rewards, 0.1, 0.1 + 0.7)
    assert sequence(BESA(), rewards[:, :1]) == "0" * len(rewards)


def test_an_infinite_range_is_refused():
    problem = BanditProblem(n_actions=2, low=-math.inf, high=math.inf, noise=1.0)
    with pytest.raises(ValueError, match=r"BESA needs rewards in a finite range, got .*noise"):
        BESA().reset(problem, np.random.default_rng(0))


def test_an_order_for_two_arms():
    two, three = BernoulliArms([0.2, 0.5], 1000), BernoulliArms([0.2, 0.5, 0.9], 1000)
    (bound,) = BESA().regret_bounds(two.problem, two.instance())
    assert (bound.kind, bound.time, bound.holds) == ("order", "asymptotic", True)
    assert bound.curve(np.array([1000.0])) == pytest.approx(math.log(1000) / 0.3)
    assert BESA().regret_bounds(three.problem, three.instance()) == ()
