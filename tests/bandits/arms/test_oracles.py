"""Regrets of whole runs against independent programs: their means, their quantiles and the alarms of the policies.

Every run is used for all that is known of it. Numbers are agreed upon within four standard errors, ours and theirs
together; of a quantile, within the ranks that are as far from it in law.
"""

import math
from functools import partial

import numpy as np
import pytest
from arms_runs import FIFTY, TEN, TWO, assert_agrees, assert_quantile, regret, runs

from bandits import (
    BESA,
    IDS,
    KLUCB,
    MOSS,
    MOTS,
    NPTS,
    OCUCB,
    UCB1,
    AdaUCB,
    AnytimeOCUCB,
    BetaThompson,
    ExpTS,
    MultinomialTS,
    TsallisINF,
    UCBTuned,
)
from bandits.arms.bayes_ucb import BayesUCB
from bandits.arms.catoni_ucb import CatoniUCB
from bandits.arms.cusum_ucb import CUSUMUCB
from bandits.arms.exp3 import Exp3
from bandits.arms.exp3_pp import Exp3PP
from bandits.arms.exp3_s import Exp3S
from bandits.arms.glr_klucb import GLRKLUCB
from bandits.arms.imed import IMED
from bandits.arms.kl_ucb_h import KLUCBH
from bandits.arms.kl_ucb_plus import KLUCBPlus
from bandits.arms.kl_ucb_pp import KLUCBPP
from bandits.arms.kl_ucb_switch import KLUCBSwitch
from bandits.arms.m_ucb import MUCB
from bandits.arms.med import MED
from bandits.arms.mom_ucb import MoMUCB
from bandits.arms.oracle_restart import OracleRestart
from bandits.arms.rexp3 import Rexp3
from bandits.arms.truncated_ucb import TruncatedUCB
from environments import (
    BernoulliArms,
    ConstrainedArms,
    CorruptedArms,
    ExponentialArms,
    GaussianArms,
    ParetoArms,
    PoissonArms,
    StudentArms,
)
from environments.arms.drift import DriftSine
from environments.arms.piecewise import PiecewiseArms
from environments.arms.switching_best import SwitchingBest

T = 10_000
RUNS, FEW = 1500, 400
"""Runs of a cell; few where the cell is itself of at most 400 runs, or where one run takes more than some 2 ms,
for the suite's time. Multinomial Thompson sampling of two values is that of Beta posteriors in law."""


def rows(table, *columns, few=()):
    """The cells of a table as parameters of a test, each with its policy, its column and the number of runs."""
    return [
        pytest.param(policy, column, FEW if {name, column, key} & {*few} else RUNS, cell, id=key)
        for name, policy, *cells in table
        for column, cell in zip(columns, cells, strict=False)
        if cell and (key := f"{name}-{column}")
    ]


BERNOULLI = [  # mean regret at T, its standard error, 95 % quantile, mean regret at 1000
    ("beta_thompson", BetaThompson(), (48.42, 0.74, 67.8, 32.56), (41.04, 0.90, 129.0, 7.75), (734.95, 6.11, 951.8)),
    ("besa", BESA(), (49.45, 0.36), (43.04, 2.69)),
    ("ocucb", OCUCB(), (50.60, 0.50, 68.7, 48.42), (34.28, 1.11, 189.9, 7.55)),
    ("imed", IMED(), (52.99, 0.23, 70.6, 36.98), (40.92, 0.72, 98.3, 7.79), (721.86, 5.14, 904.3)),
    ("kl_ucb_plus", KLUCBPlus(), (53.16, 0.22, 70.9, 36.32), (38.55, 0.72, 100.3, 7.61)),
    ("kl_ucb_switch", KLUCBSwitch(), (55.27, 0.25, 75.3, 49.69), (37.53, 0.76, 99.0, 7.63), (428.26, 10.34, 977.5)),
    ("npts", NPTS(), (57.58, 0.25, 76.8, 40.81), (41.60, 0.84, 118.8, 7.95)),
    ("kl_ucb_pp", KLUCBPP(), (59.04, 0.24, 78.5, 52.22), (45.14, 0.57, 93.1, 8.08), (495.19, 8.81, 888.9)),
    ("ucb_tuned", UCBTuned(), (64.43, 0.56, 90.4, 36.05), (38.69, 0.78, 105.2, 7.74), (683.57, 5.23, 857.4)),
    ("ada_ucb", AdaUCB(), (64.59, 0.25, 84.4, 53.44), (33.08, 0.75, 95.5, 7.67)),
    ("kl_ucb_h", KLUCBH(), (67.60, 0.30, 90.8, 50.11), (47.38, 0.51, 86.2, 8.10), (871.35, 2.77, 941.3)),
    ("med", MED(), (68.02, 0.29, 90.9, 47.61), (49.30, 0.67, 101.2, 8.19), (842.49, 4.31, 964.5)),
    ("exp_ts", ExpTS(), (69.14, 0.33, 90.2, 50.50), (48.74, 0.69, 104.8, 8.22)),
    ("mots", MOTS(), (78.44, 0.31, 103.1, 48.50), (42.05, 0.86, 116.7, 7.87), (534.21, 6.27, 737.0)),
    ("kl_ucb", KLUCB(), (96.39, 0.33, 122.0, 54.70), (53.87, 0.47, 92.3, 8.18)),
    ("moss", MOSS(), (96.92, 0.30, 120.1, 80.63), (47.92, 0.57, 96.0, 8.26), (526.54, 7.67, 775.0)),
    ("ocucb_anytime", AnytimeOCUCB(), (139.18, 0.38, 168.4, 69.58), (47.25, 0.53, 92.2, 7.95)),
    ("tsallis_inf", TsallisINF(), (184.78, 0.55, 225.2, 91.28), (60.43, 0.81, 130.5, 8.70), (875.91, 5.14, 987.6)),
    ("ucb1", UCB1(), (376.34, 0.63, 422.6, 143.97), (69.85, 0.33, 94.5, 8.81), (956.55, 0.59, 971.8)),
    ("exp3_pp", Exp3PP(), (623.66, 0.82, 684.5, 204.32), (81.42, 0.34, 106.7, 9.37)),
    ("exp3", Exp3(0.07), (634.9, 0.6)),
    ("multinomial_ts", MultinomialTS(1), (48.42, 0.74, 67.8, 32.56), (41.04, 0.90, 129.0, 7.75)),  # as beta_thompson
]  # fmt: skip
MEANS = {"ten": (TEN, 2000), "two": (TWO, 2000), "fifty": (FIFTY, 300)}
"""The instances, and how many runs the numbers are of."""
ALIKE = {UCB1: (375.26, 0.1), BetaThompson: (47.62, 0.2), TsallisINF: (184.7, 0.5)}
"""Mean regret on ten at T by other programs, and its error."""


@pytest.mark.parametrize(
    ("policy", "instance", "count", "known"),
    rows(BERNOULLI, "ten", "two", "fifty", few=["fifty", "besa-ten", "multinomial_ts"]),
)
def test_bernoulli_rewards(policy, instance, count, known):
    """The regret at 1000 is that of the same runs: a policy that is tuned to a horizon is tuned to T."""
    (mean, error, *others), (means, theirs) = known, MEANS[instance]
    environment = BernoulliArms(means.tolist(), T)
    early, late = np.transpose([regret(environment, 1000, T) for _ in runs(policy, environment, count)])
    assert_agrees(late, mean, error)
    for quantile in others[:1]:
        assert_quantile(late, quantile, theirs)
    for at_1000 in others[1:]:
        assert_agrees(early, at_1000, np.std(early) / math.sqrt(theirs))
    if instance == "ten" and type(policy) in ALIKE:
        assert_agrees(late, *ALIKE[type(policy)])


FAMILIES = [  # KL-UCB and IMED: mean regret at T and its standard error
    ("gaussian", GaussianArms(TEN.tolist(), 0.5, T), (165.01, 0.59), (84.95, 0.44)),
    ("poisson", PoissonArms([0.5, 1.0, 1.5, 2.0], T), (138.16, 0.71), (70.66, 0.87)),
    ("exponential", ExponentialArms([0.2, 0.4, 0.6, 1.0], T), (76.48, 0.34), (38.85, 0.52)),
]


@pytest.mark.parametrize(
    ("environment", "kind", "count", "known"),
    rows(FAMILIES, "kl_ucb", "imed", few=["poisson-kl_ucb", "exponential-kl_ucb"]),
)
def test_rewards_of_a_family(environment, kind, count, known):
    policy = {"kl_ucb": KLUCB, "imed": IMED}[kind](environment.problem.reward_family)
    assert_agrees([regret(environment, T)[0] for _ in runs(policy, environment, count)], *known)


GM = [
    {"start": 1, "means": [0.5, 0.3, 0.4]},
    {"start": 3001, "means": [0.5, 0.3, 0.9]},
    {"start": 5001, "means": [0.5, 0.3, 0.4]},
]
CHANGES = {"gm": (PiecewiseArms(GM), 2, 1.0), "rot": (SwitchingBest(), 4, 1.6), "sine": (DriftSine(), 0, 2.9995288)}
"""Environments, how often their means are told to change, and by how much in all."""
LN_T = GLRKLUCB(alpha0=1e-12, every=10**12)
"""KL-UCB with the level ln(t) / n: no exploration is forced, and nothing detected."""
CHANGING = [  # dynamic regret at T, its standard error, alarms
    ("exp3_s", lambda c, v: Exp3S(segments=c + 1), (458.3, 1.3, 0.0), (1169.7, 2.1, 0.0), (659.7, 1.7, 0.0)),
    ("rexp3", lambda c, v: Rexp3(v), (811.1, 0.9, 0.0), (1752.4, 1.5, 0.0), (887.9, 0.8, 0.0)),
    ("m_ucb", lambda c, v: MUCB(changes=c), (446.9, 2.0, 1.83), (1934.6, 6.8, 1.81), (715.3, 2.1, 1.85)),
    ("cusum_ucb", lambda c, v: CUSUMUCB(changes=c), (412.4, 4.6, 16.83), (478.7, 2.7, 21.18), (246.1, 2.0, 26.20)),
    ("glr_local", lambda c, v: GLRKLUCB("local"), (251.3, 2.1, 2.00), (723.0, 4.1, 7.35), (418.1, 3.3, 10.41)),
    ("glr_global", lambda c, v: GLRKLUCB("global"), (252.7, 4.2, 2.00), (528.6, 0.9, 4.00), (230.0, 0.9, 8.76)),
    ("oracle_restart", lambda c, v: OracleRestart(LN_T), (82.8, 0.5, 0.0), (143.4, 0.4, 0.0)),
    ("kl_ucb", lambda c, v: LN_T, (661.8, 2.4, 0.0), (690.2, 7.1, 0.0), (412.3, 5.0, 0.0)),
]


@pytest.mark.parametrize(
    ("make", "instance", "count", "known"),
    rows(CHANGING, *CHANGES, few=["glr_local", "glr_global", "oracle_restart", "kl_ucb"]),
)
def test_changing_means(make, instance, count, known):
    (mean, error, alarms), (environment, changes, variation) = known, CHANGES[instance]
    policy, end, found = make(changes, variation), np.array([T]), []
    for _ in runs(policy, environment, count):
        found.append((environment.metrics(end)["expected_reward"][0], getattr(policy, "alarms", 0)))
    best, (earned, told) = environment.comparators(end)["best_arm_each_round"], np.transpose(found)
    assert_agrees(best - earned, mean, error)
    theirs = 400 if isinstance(policy, GLRKLUCB) else 2000
    assert_agrees(told, alarms, math.hypot(0.003, np.std(told) / math.sqrt(theirs)))  # rounded to a hundredth


BAYESIAN = [  # mean regret at 1000 with means from the uniform prior and its standard error
    ("beta_thompson", BetaThompson(), (5.759, 0.057), (28.323, 0.148)),
    ("imed", IMED(), (5.782, 0.052), (32.007, 0.127)),
    ("bayes_ucb", BayesUCB(), None, (23.372, 0.675)),
    ("ids", IDS(grid=300), (4.653, 0.506)),
    ("ids", IDS(grid=200), None, (17.044, 1.360)),
]


@pytest.mark.parametrize(("policy", "arms", "count", "known"), rows(BAYESIAN, 2, 10, few=["ids"]))
def test_means_from_a_prior(policy, arms, count, known):
    """What has a Bayesian bound is below it."""
    environment = BernoulliArms("beta", 1000, n_arms=arms)
    found = [regret(environment, 1000)[0] for _ in runs(policy, environment, count)]
    assert_agrees(found, *known)
    bound = {2: 26.3277, 10: 107.2983}[arms]
    assert math.sqrt(arms * 1000 * math.log(arms) / 2.0) == pytest.approx(bound, abs=6e-5)
    if isinstance(policy, BetaThompson | IDS):
        assert np.mean(found) + 4.0 * np.std(found) / math.sqrt(count) < bound


def test_directed_sampling_on_ten_arms():
    """Mean regret at 1000; what is known is of 100 runs."""
    policy, environment = IDS(grid=200), BernoulliArms(TEN.tolist(), 1000)
    assert_agrees([regret(environment, 1000)[0] for _ in runs(policy, environment, FEW)], 23.932, 2.535)


STOCH = [0.6, 0.5, 0.5, 0.5, 0.5]
WORLDS = {
    "stoch": CorruptedArms(STOCH, 0),
    "flip_500": CorruptedArms(STOCH, 500),
    "flip_1500": CorruptedArms(STOCH, 1500),
    "constrained": ConstrainedArms([0.0, 0.1, 0.1, 0.1, 0.1]),
}
BOTH_WORLDS = [  # mean regret at T and its standard error
    ("ucb1", UCB1(), (318.6, 0.9), (325.5, 0.9), (336.1, 0.9), (580.1, 9.0)),
    ("beta_thompson", BetaThompson(), (75.6, 0.9), (162.3, 3.0), (351.2, 4.5), (361.1, 5.9)),
    ("tsallis_inf", TsallisINF(), (181.6, 1.5), (291.4, 2.9), (481.8, 3.9), (190.4, 1.6)),
    ("exp3_pp", Exp3PP(), (422.4, 1.4), (517.7, 1.7), (660.1, 1.9), (424.5, 1.5)),
]


@pytest.mark.parametrize(("policy", "world", "count", "known"), rows(BOTH_WORLDS, *WORLDS))
def test_both_worlds(policy, world, count, known):
    environment = WORLDS[world]
    assert_agrees([regret(environment, T)[0] for _ in runs(policy, environment, count)], *known)


HEAVY = [  # mean regret at the horizon and its standard error
    ("ucb1", UCB1(), (172.16, 2.55), (169.40, 0.56)),
    ("truncated_ucb", TruncatedUCB(2.0), (870.10, 1.04), (824.94, 0.73)),
    ("mom_ucb", MoMUCB(1.0), (2335.24, 5.24), (2239.87, 4.33)),
    ("catoni_ucb", CatoniUCB(1.0), (127.52, 0.77), (123.54, 0.55)),
]
LAWS = {"student": partial(StudentArms, 3.0), "pareto": partial(ParetoArms, 2.5)}


@pytest.mark.parametrize(("policy", "law", "count", "known"), rows(HEAVY, *LAWS, few=["mom_ucb", "catoni_ucb"]))
def test_heavy_tails(policy, law, count, known):
    horizon = 2000 if isinstance(policy, CatoniUCB) else T
    environment = LAWS[law]([0.0, 0.5, 1.0], noise=1.0, horizon=horizon)
    assert_agrees([regret(environment, horizon)[0] for _ in runs(policy, environment, count)], *known)
