"""Student's and Pareto's arms: laws against scipy, moments, divergences, and what learners are told."""

import math
from itertools import pairwise

import numpy as np
import pytest
from scipy import stats
from scipy.integrate import quad
from scipy.special import gamma

from bandits import UCB1
from bandits.arms.theory import moment_of
from environments import ParetoArms, StudentArms


def noise(environment, n=40_000):
    """Rewards of arm 0 less its mean."""
    environment.begin(environment.draw(np.random.default_rng(17)))
    return environment.block(n).noise


def law(environment):
    """The law of those, by scipy."""
    if isinstance(environment, StudentArms):
        return stats.t(environment.df, scale=environment.sd * math.sqrt(1 - 2 / environment.df))
    a = environment.shape
    scale = environment.scale or environment.sd / stats.pareto(a).std()
    return stats.pareto(a, loc=-scale * a / (a - 1), scale=scale)


LAWS = [
    StudentArms(3.0, [0.3, -1.0], 2.0, horizon=40_000),
    ParetoArms(2.5, [0.3, -1.0], 0.7, horizon=40_000),
    ParetoArms(1.8, [0.3, -1.0], None, 0.5, horizon=40_000),
]


@pytest.mark.parametrize(
    "environment", LAWS, ids=lambda value: type(value).__name__ if hasattr(value, "problem") else repr(value)
)
def test_rewards_have_the_law(environment):
    found = noise(environment)
    assert stats.kstest(found, law(environment).cdf).pvalue > 1e-3
    assert law(environment).mean() == pytest.approx(0.0, abs=1e-12)
    shown = environment.transition(1)[0]
    assert shown == pytest.approx(-1.0 + found[0])


@pytest.mark.parametrize(
    "environment", LAWS, ids=lambda value: type(value).__name__ if hasattr(value, "problem") else repr(value)
)
def test_variances(environment):
    assert environment.instance().variances == pytest.approx(np.full(2, law(environment).var()))


@pytest.mark.parametrize(
    "environment", LAWS, ids=lambda value: type(value).__name__ if hasattr(value, "problem") else repr(value)
)
@pytest.mark.parametrize(("order", "centred"), [(2.0, True), (2.0, False), (1.3, True), (1.3, False)])
def test_moments(environment, order, centred):
    centre = 0.0 if centred else -1.0  # of the arm that is furthest from 0
    found, of = moment_of(environment.instance(), order, centred), law(environment)
    if order >= (environment.df if isinstance(environment, StudentArms) else environment.shape):
        assert math.isinf(found)
        return
    low, high = of.ppf(1e-14), 1e7
    ends = [low, *(x for x in (-10.0, 0.0, -centre, 10.0, 1e3) if low < x), high]
    pieces = (quad(lambda x: abs(x + centre) ** order * of.pdf(x), a, b, limit=200)[0] for a, b in pairwise(ends))
    assert found == pytest.approx(sum(pieces), rel=2e-3), "beyond the end are less than two thousandths"


def test_divergences():
    instance, of = StudentArms(4.0, [0.0, 0.8, 0.8], 1.5).instance(), law(StudentArms(4.0, [0.0], 1.5))
    expected = quad(lambda x: of.pdf(x) * (of.logpdf(x) - of.logpdf(x - 0.8)), -200, 200, points=[0.0, 0.8])[0]
    assert instance.divergences == pytest.approx([expected, 0.0, 0.0], rel=1e-6, abs=1e-12)
    assert ParetoArms(3.0, [0.0, 0.8]).instance().divergences.tolist() == [math.inf, 0.0]


@pytest.mark.parametrize("df", [2.0 + 1e-7, 2.1, 1e6, 1e12, 1e100])
def test_students_law_at_the_ends_of_its_degrees_of_freedom(df):
    """From the heaviest tail with a variance to Gaussian rewards; ``E |t|^r`` has a closed form."""
    environment, r = StudentArms(df, [0.0, 1.0], 2.0), 1.5
    ratio = gamma((df - r) / 2) / gamma(df / 2) * (df / 2) ** (r / 2) if df < 100 else 1.0
    expected = (2.0 * math.sqrt(1 - 2 / df)) ** r * 2 ** (r / 2) * gamma((r + 1) / 2) / math.sqrt(math.pi) * ratio
    assert moment_of(environment.instance(), r, True) == pytest.approx(expected, rel=1e-5)
    assert 0.0 < moment_of(environment.instance(), 1.99, False) < math.inf
    if df > 100:
        assert environment.instance().divergences == pytest.approx([1 / 8, 0.0], rel=1e-5)
    assert environment.instance().divergences[0] >= 1 / 8 - 1e-5, "heavier tails tell means apart more easily"


@pytest.mark.parametrize("shape", [1e6, 1e10, 1e17, 1e200])
def test_paretos_law_with_a_light_tail_is_exponential(shape):
    environment = ParetoArms(shape, [0.0, 1.0], 2.0, horizon=40_000)
    found, limit = noise(environment), stats.expon(-2.0, 2.0)
    assert stats.kstest(found, limit.cdf).pvalue > 1e-3
    assert environment.instance().variances == pytest.approx([4.0, 4.0], rel=1e-5)
    centred = quad(lambda x: abs(x) ** 1.5 * limit.pdf(x), -2.0, 0.0)[0] + 2**1.5 * gamma(2.5) / math.e
    assert moment_of(environment.instance(), 1.5, True) == pytest.approx(centred, rel=1e-5)


def test_policies_that_rest_on_a_sub_gaussian_parameter_refuse_and_no_theorem_holds_by_force():
    with pytest.raises(ValueError, match="declares no noise"):
        UCB1().reset(StudentArms(3.0, [0.0, 1.0]).problem, np.random.default_rng(0))
    environment = StudentArms(3.0, [0.0, 1.0], 1.0, noise=1.0)
    UCB1().reset(environment.problem, np.random.default_rng(0))
    (bound,) = UCB1().regret_bounds(environment.problem, environment.instance())
    assert not bound.holds
    assert "covers" in next(str(a) for a in bound.assumptions if not a.holds)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: StudentArms(2.0, [0.0]), "df must be.*2"),
        (lambda: StudentArms(3.0, [0.0], 0.0), "sd must be.*0"),
        (lambda: StudentArms(3.0, [0.0], noise=0.0), "noise must be.*0"),
        (lambda: ParetoArms(2.0, [0.0]), "shape must be above 2 where sd is given, got 2.0.*give sd=None"),
        (lambda: ParetoArms(1.0, [0.0], None, 1.0), "shape must be.*1.0"),
        (lambda: ParetoArms(3.0, [0.0], None), "sd must be None where scale is given"),
        (lambda: ParetoArms(3.0, [0.0], 1.0, 1.0), "sd must be None where scale is given"),
        (lambda: ParetoArms(1.5, [0.0], None, -1.0), "scale must be.*-1"),
    ],
)
def test_bad_arguments(make, message):
    with pytest.raises(ValueError, match=message):
        make()
