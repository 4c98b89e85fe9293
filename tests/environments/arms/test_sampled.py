"""Arms whose rewards are quantiles of one uniform a round: Poisson, exponential, and of finitely many values."""

import math

import numpy as np
import pytest
from scipy.stats import expon, poisson

from environments import BernoulliArms, DiscreteArms, ExponentialArms, GaussianArms, PoissonArms
from environments.arms.environment import BLOCK
from environments.arms.sampled import CELLS
from environments.record import Plays

THREE = [[1.0, 0.0, 0.5], [0.7], [0.25, 0.75, 0.9]]
CHANCES = [[0.3, 0.2, 0.5], [1.0], [0.5, 0.5, 0.0]]


def rewards_of(environment, rounds):
    """The rewards [rounds, n_arms] and the uniforms [rounds] that they are quantiles of."""
    environment.begin(environment.draw(np.random.default_rng(4)))
    uniforms = np.random.default_rng(4).spawn(1)[0].random(min(BLOCK, environment.horizon))
    tables = []
    while environment.clock < rounds:
        block = environment.block(rounds - environment.clock)
        assert block.stride == 1
        assert not block.noise.any()
        assert block.levels.size <= max(CELLS, environment.problem.n_actions)
        tables.append(block.levels[: len(block.noise)].copy())
        environment.absorb(np.zeros(len(block.noise), dtype=np.int64))
    return np.concatenate(tables), uniforms[:rounds]


def test_poisson():
    means = np.array([0.0, 0.3, 2.0, 900.0, 1e6])
    found, uniforms = rewards_of(PoissonArms(means, 3000), 3000)
    np.testing.assert_array_equal(found[:, 1:], poisson.ppf(uniforms[:, None], means[1:]))
    assert not found[:, 0].any()


def test_exponential():
    means = np.array([1e-3, 0.4, 50.0])
    found, uniforms = rewards_of(ExponentialArms(means, 500), 500)
    np.testing.assert_allclose(found, expon.ppf(uniforms[:, None], scale=means), rtol=1e-12)


def test_values_with_their_probabilities():
    found, uniforms = rewards_of(DiscreteArms(THREE, CHANCES, 500), 500)
    first = np.where(uniforms < 0.2, 0.0, np.where(uniforms < 0.7, 0.5, 1.0))
    np.testing.assert_array_equal(found, np.array([first, np.full(500, 0.7), np.where(uniforms < 0.5, 0.25, 0.75)]).T)


def test_tables_are_cut_and_nothing_depends_on_where():
    arms = CELLS // 40
    environment = ExponentialArms(np.linspace(0.5, 1.0, arms), 100)
    found, uniforms = rewards_of(environment, 100)
    np.testing.assert_allclose(found[:, 7], expon.ppf(uniforms, scale=environment.means[7]), rtol=1e-12)
    assert environment.metrics(np.array([100]))["reward"] == pytest.approx(found[:, 0].sum(), rel=1e-12)


def test_a_play_counts_with_its_mean():
    environment = PoissonArms([0.5, 2.0], 300)
    environment.begin(environment.draw(np.random.default_rng(0)))
    paid = sum(environment.transition(t % 2)[0] for t in range(300))
    found = environment.metrics(np.array([299, 300]))
    np.testing.assert_allclose(found["expected_reward"], [149 * 2.5 + 0.5, 150 * 2.5])
    assert found["reward"][-1] == pytest.approx(paid, rel=1e-12)
    assert environment.comparators(np.array([300]))["best_arm"] == 600.0


@pytest.mark.parametrize(
    ("environment", "constant"),
    [
        (GaussianArms(0.1 + 0.8 * np.arange(10) / 9, 0.5), 146.5637),
        (PoissonArms([0.5, 1.0, 1.5, 2.0]), 114.3897),
        (ExponentialArms([0.2, 0.4, 0.6, 1.0]), 59.8175),
        (BernoulliArms(0.1 + 0.8 * np.arange(10) / 9), 80.116),
    ],
)
def test_the_rate_of_lai_and_robbins(environment, constant):
    (bound,) = environment.lower_bounds()
    assert bound.kind == "lower"
    assert bound.curve(np.array([1e4]))[0] == pytest.approx(constant, abs=1e-3)
    assert environment.instance().family == environment.problem.reward_family


def test_the_rate_of_burnetas_and_katehakis():
    environment = DiscreteArms([[0.0, 0.5, 1.0], [0.7]], [[0.2, 0.5, 0.3], [1.0]])
    rate, other = environment.lower_bounds()
    d = 0.55 * math.log(0.55 / 0.7) + 0.45 * math.log(0.45 / 0.3)
    assert (rate.kind, other.kind) == ("lower", "order")
    assert rate.curve(np.array([math.e]))[0] == pytest.approx(0.15 / 0.0968039614)
    assert other.curve(np.array([math.e]))[0] == pytest.approx(0.15 / d)
    instance = environment.instance()
    assert (instance.family, instance.bernoulli, instance.bounded) == (None, False, True)
    np.testing.assert_allclose(instance.variances, [0.2 * 0.55**2 + 0.5 * 0.05**2 + 0.3 * 0.45**2, 0.0], atol=1e-15)


def test_of_zeros_and_ones_the_rates_are_one():
    environment = DiscreteArms([[0, 1], [1, 0]], [[0.7, 0.3], [0.6, 0.4]])
    (rate,) = environment.lower_bounds()
    plain = BernoulliArms([0.3, 0.6])
    assert rate.name == "Lai-Robbins rate"
    assert environment.instance().bernoulli
    np.testing.assert_allclose(environment.instance().kinf, [0.1837868974, 0.0], atol=1e-10)
    np.testing.assert_allclose(plain.instance().kinf, environment.instance().kinf)
    assert plain.instance().burnetas_katehakis == pytest.approx(plain.instance().lai_robbins)


def test_equal_means_are_equal_however_they_are_summed():
    environment = DiscreteArms([[0.1, 0.2, 0.3], [0.2], [0.0, 1.0]], [[1 / 3, 1 / 3, 1 / 3], [1.0], [0.8, 0.2]])
    assert environment.instance().burnetas_katehakis == 0.0


@pytest.mark.parametrize(
    ("make", "what"),
    [
        (lambda: PoissonArms([0.5, -1.0]), r"means\[1\] must be a finite number in \[0, 1e\+09\], got -1"),
        (lambda: PoissonArms([]), "number of means must be"),
        (lambda: PoissonArms([1e300]), r"means\[0\] must be .*1e\+300"),
        (lambda: PoissonArms("beta"), "means must be a list of numbers"),
        (lambda: ExponentialArms([0.5, 0.0]), r"means\[1\] must be a finite number in \(0, 1e\+150\], got 0"),
        (lambda: ExponentialArms([1e200]), r"means\[0\] must be .*got 1e\+200"),
        (lambda: ExponentialArms([0.5, math.inf]), r"means\[1\]"),
        (lambda: ExponentialArms([0.5], feedback="none"), "feedback must be one of bandit, full"),
        (lambda: DiscreteArms([[0.0, 1.5]], [[0.5, 0.5]]), r"supports\[0\]\[1\] must be .*1.5"),
        (lambda: DiscreteArms([[0.0], [0.0, 1.0]], [[1.0], [1.0]]), r"supports\[1\] and probabilities\[1\].* 2 and 1"),
        (lambda: DiscreteArms([[0.0]], [[1.0], [1.0]]), "probabilities must have a list for each of the 1 arms"),
        (lambda: DiscreteArms([[0.0], [0.0, 1.0]], [[1.0], [0.5, 0.4]]), r"probabilities\[1\] must sum to 1 .* 0\.9"),
        (lambda: DiscreteArms([[0.0, 1.0]], [[-0.5, 1.5]]), r"probabilities\[0\]\[0\]"),
        (lambda: DiscreteArms([[]], [[]]), r"supports\[0\] and probabilities\[0\]"),
        (lambda: DiscreteArms([], []), "number of supports must be"),
        (lambda: DiscreteArms(0.5, [[1.0]]), "supports must be a list with one list of numbers for each arm"),
    ],
)
def test_bad_input(make, what):
    with pytest.raises(ValueError, match=what):
        make()


class HalvedArms(BernoulliArms):
    """Plays of which half is expected: a subclass says what they paid, whether levels stand or not."""

    def _plays(self, block, levels, actions):
        return Plays(levels / 2.0, levels / 2.0 + block.noise, self.binary)


@pytest.mark.parametrize("n", [1, 2, 300])
def test_what_a_subclass_says_of_plays_goes_for_few_rounds_and_for_many(n):
    environment = HalvedArms([0.25, 0.75], horizon=600)
    environment.begin(environment.draw(np.random.default_rng(0)))
    while environment.clock < environment.horizon:
        environment.block(n)
        environment.absorb(np.ones(n, dtype=np.int64))
    assert environment.metrics(np.array([300, 600]))["expected_reward"].tolist() == [112.5, 225.0]
