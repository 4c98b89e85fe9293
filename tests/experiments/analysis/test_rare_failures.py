"""What is guaranteed is, where failures are rare and dear; ``python FILE`` prints the tables of docs/statistics.md.

Twelve kinds of final regret between 0 and the worst play's, drawn again and again as studies of 8, 20 and 64
replicates. The true mean is that of the population drawn from: of many values, or of 2,500 runs of real policies.
"""

import numpy as np
import pytest
from scipy.stats import ttest_rel

from bandits.arms.beta_thompson import BetaThompson
from bandits.arms.explore_then_commit import ExploreThenCommit
from bandits.arms.kl_ucb import KLUCB
from bandits.arms.moss import MOSS
from bandits.arms.ucb1 import UCB1
from environments.arms.bernoulli import BernoulliArms
from environments.contract import Regret
from experiments.analysis.comparisons import compare
from experiments.analysis.curves import ExperimentResult
from experiments.analysis.guarantees import guaranteed_growth, lower_limit, upper_limit
from experiments.analysis.statistics import Interval, growth_exponent, mean_band
from experiments.run.jobs import play
from experiments.study.model import Component, Experiment

MEANS, HORIZON, WORST = [0.4, 0.8], 2000, 800.0
PLAYERS = {
    "UCB1": UCB1(),
    "Thompson": BetaThompson(),
    "MOSS": MOSS(),
    "KL-UCB": KLUCB(),
    "ETC 20": ExploreThenCommit(20),
    "ETC 60": ExploreThenCommit(60),
}
SIZES = (8, 20, 64)
MANY = 40_000


def made_up():
    """Values [MANY] of each made-up kind of regret."""
    rng = np.random.default_rng(20240501)

    def lock_in(chance):
        return np.where(rng.random(MANY) < chance, WORST * rng.uniform(0.5, 1.0, MANY), rng.normal(20.0, 3.0, MANY))

    found = {
        "normal": rng.normal(60.0, 15.0, MANY),
        "lognormal": rng.lognormal(3.0, 1.0, MANY),
        "gamma walk": rng.gamma(0.05, 20.0, (50, MANY)).sum(axis=0),
        "10 % lock-in": lock_in(0.1),
        "3 % lock-in": lock_in(0.03),
        "left skew": 60.0 - rng.lognormal(2.0, 1.0, MANY),
    }
    return {name: values.clip(0.0, WORST) for name, values in found.items()}


def played(runs):
    """Pseudo-regret [runs] of the real policies at the horizon."""
    environment = BernoulliArms(MEANS, horizon=HORIZON)
    found = {}
    for label, policy in PLAYERS.items():
        arrays, _ = play(policy, environment, np.array([HORIZON]), 7, range(runs), tuple(label.encode()))
        found[label] = max(MEANS) * HORIZON - arrays["series/expected_reward"][:, 0]
    return found


def coverage(values, n, studies, rng):
    """Shares of studies whose guaranteed, and whose typical (pointwise) interval covers the mean."""
    drawn, mean = rng.choice(values, (n, studies)), values.mean()
    low, high = lower_limit(drawn, 0.0, 0.025), upper_limit(drawn, WORST, 0.025)
    band = mean_band(drawn)
    return np.mean((low <= mean) & (mean <= high)), np.mean((band.low <= mean) & (mean <= band.high))


def study(finals):
    """A study of policies with these regrets [n_replicates] at the horizon."""
    n = len(next(iter(finals.values())))
    entry = Experiment(
        name="p", environment=Component(name="e"), horizon=1, replicates=n, policies=[Component(name="a")]
    )
    return ExperimentResult(
        entry,
        np.array([HORIZON]),
        np.arange(n),
        {label: {"reward": -values[:, None]} for label, values in finals.items()},
        {"best": np.zeros((n, 1))},
        (Regret("pseudo", "reward", "best", "fixed", "regret"),),
        dict.fromkeys(finals, ()),
        (),
        {},
        limits={"pseudo": np.array([[0.0], [WORST]])},
    )


def wrong_and_found(populations, n, studies, rng):
    """Shares of studies that say of a pair that the truly worse one beats, for certain and typically."""
    means = {label: values.mean() for label, values in populations.items()}
    wrong = np.zeros(2)
    for _ in range(studies):
        pairs = compare(study({label: rng.choice(values, n) for label, values in populations.items()}))
        wrong += (
            any(c.significant(0.95) and means[c.better] >= means[c.worse] for c in pairs),
            any(c.typical(0.95) and means[c.better] >= means[c.worse] for c in pairs),
        )
    return wrong / studies


def steady_rival(values):
    """A policy that is truly better by a fiftieth, and never fails."""
    return np.random.default_rng(1).normal(0.98 * values.mean(), 0.05 * values.mean(), MANY).clip(0.0, WORST)


def found_of_a_true_difference(n, studies, rng):
    """Shares of studies that find half a standard deviation between two normal policies, for certain and typically."""
    better = made_up()["normal"]
    found = np.zeros(2)
    for _ in range(studies):
        (pair,) = compare(study({"a": rng.choice(better, n), "b": rng.choice(better, n) + 7.5}))
        found += pair.better == "a" and pair.significant(0.95), pair.better == "a" and pair.typical(0.95)
    return found / studies


def growth_coverage(chance, n, studies, rng):
    """Shares of studies whose exponents cover the true one, of sqrt(t) but in some runs 0.4 t from the start."""
    times = np.array([200.0, 500.0, 1000.0, 2000.0])
    mean = (1.0 - chance) * 0.5 * np.sqrt(times) + chance * 0.4 * times
    true = np.log10(mean[-1] / mean[0]), np.polyfit(np.log(times), np.log(mean), 1)[0]
    covered = np.zeros(2)
    for _ in range(studies):
        locked = rng.random((n, 1)) < chance
        curves = np.where(locked, 0.4 * times, 0.5 * rng.uniform(0.5, 1.5, (n, 1)) * np.sqrt(times))
        low = lower_limit(curves[:, [0, -1]], 0.0, 0.0125)
        high = upper_limit(curves[:, [0, -1]], 0.4 * times[[0, -1]], 0.0125)
        first, last = (Interval(curves[:, k].mean(), low[k], high[k]) for k in (0, -1))
        sure, typical = guaranteed_growth(first, last, 10.0), growth_exponent(curves, times)
        covered += sure.low <= true[0] <= sure.high, typical.low <= true[1] <= typical.high
    return covered / studies


@pytest.fixture(scope="module")
def populations():
    return made_up() | played(2500)


def above(share, limit, studies):
    """Whether a share counted in so many studies is above a limit beyond what chance explains."""
    return share > limit + 3.0 * np.sqrt(limit * (1.0 - limit) / studies)


@pytest.mark.slow
@pytest.mark.parametrize("n", SIZES)
def test_guaranteed_intervals_cover_the_mean(populations, n):
    rng = np.random.default_rng(n)
    for name, values in populations.items():
        guaranteed, _ = coverage(values, n, 1000, rng)
        assert guaranteed >= 0.94, name


@pytest.mark.slow
@pytest.mark.parametrize("n", SIZES)
def test_who_is_said_to_beat_another_does(populations, n):
    """Among the six real policies, family-wise, and against a steady rival that is a little better."""
    rng = np.random.default_rng(n)
    families = {"all": {label: populations[label] for label in PLAYERS}}
    families |= {name: {"it": values, "rival": steady_rival(values)} for name, values in populations.items()}
    for name, family in families.items():
        guaranteed, _ = wrong_and_found(family, n, 150, rng)
        assert not above(guaranteed, 0.05, 150), name


@pytest.mark.slow
def test_explore_then_commit_typically_seems_to_beat_moss(populations):
    """What is typical is just that: most studies miss the failures for which ETC 20 is the worse one."""
    pair = {label: populations[label] for label in ("MOSS", "ETC 20")}
    assert pair["ETC 20"].mean() > pair["MOSS"].mean()
    guaranteed, typical = wrong_and_found(pair, 20, 200, np.random.default_rng(0))
    assert (guaranteed, typical > 0.2) == (0.0, True)


@pytest.mark.slow
def test_true_differences_are_found_as_often_as_by_the_t_test():
    rng = np.random.default_rng(64)
    _, typical = found_of_a_true_difference(64, 200, rng)
    values = made_up()["normal"]
    tested = [ttest_rel(rng.choice(values, 64), rng.choice(values, 64) + 7.5).pvalue < 0.05 for _ in range(200)]
    assert typical >= 0.5 * np.mean(tested)


@pytest.mark.slow
@pytest.mark.parametrize("n", SIZES)
def test_guaranteed_exponents_cover_the_true_one(n):
    guaranteed, _ = growth_coverage(0.05, n, 300, np.random.default_rng(n))
    assert guaranteed >= 0.94


def tables():
    """The tables of docs/statistics.md, with more studies than the tests have."""
    populations, rng = made_up() | played(20_000), np.random.default_rng(0)
    yield "| regret | " + " | ".join(f"{kind}, n = {n}" for kind in ("guaranteed", "typical") for n in SIZES) + " |"
    yield "| --- |" + " ---: |" * 6
    for name, values in populations.items():
        found = np.array([coverage(values, n, 4000, rng) for n in SIZES]).T.ravel()
        yield f"| {name} | " + " | ".join(f"{100 * share:.1f}" for share in found) + " |"
    yield ""
    families = {"six policies, family-wise": {label: populations[label] for label in PLAYERS}}
    families["ETC 20 against MOSS"] = {label: populations[label] for label in ("MOSS", "ETC 20")}
    families |= {f"{name}, steady rival": {"it": v, "rival": steady_rival(v)} for name, v in populations.items()}
    for name, family in families.items():
        found = np.array([wrong_and_found(family, n, 500, rng) for n in SIZES]).T.ravel()
        yield f"| {name} | " + " | ".join(f"{100 * share:.1f}" for share in found) + " |"
    yield ""
    for what, work in (("found", found_of_a_true_difference), ("growth", lambda *a: growth_coverage(0.05, *a))):
        found = np.array([work(n, 1000, rng) for n in SIZES]).T.ravel()
        yield f"| {what} | " + " | ".join(f"{100 * share:.1f}" for share in found) + " |"


if __name__ == "__main__":
    print(*tables(), sep="\n")
