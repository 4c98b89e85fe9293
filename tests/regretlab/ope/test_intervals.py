"""Intervals against slow references, closed forms and scipy; sequences; what each refuses."""

import math

import numpy as np
import pytest
from scipy import stats

from environments.logged.log import Log
from regretlab.ope import betting
from regretlab.ope.case import Case
from regretlab.ope.estimate import estimate
from regretlab.ope.intervals import INTERVALS
from regretlab.ope.modelled import DR, SNDR
from regretlab.ope.sequence import confidence_sequence
from regretlab.ope.terms import Side, Terms
from regretlab.ope.weighting import IPS, SNIPS, ClippedIPS

LOGGING = np.array([0.5, 0.3, 0.2])
TARGET = np.array([0.1, 0.2, 0.7])


def drawn(n, seed, low=0.0, high=1.0, shift=0.0):
    """A log of arms of means 0.3, 0.5, 0.7 with rewards that are no mere zeros and ones."""
    rng = np.random.default_rng([23, seed])
    arms = rng.choice(3, size=n, p=LOGGING)
    rewards = low + (high - low) * rng.beta(2 * np.array([0.3, 0.5, 0.7])[arms], 2 * np.array([0.7, 0.5, 0.3])[arms])
    return Log(
        actions=arms,
        rewards=rewards + shift,
        probabilities=LOGGING[arms],
        n_actions=3,
        low=low + shift,
        high=high + shift,
    )


def ends(method, log, interval, **options):
    found = estimate(log, TARGET, method, interval=interval, **options)
    assert found.interval == interval
    return found.low, found.high


def test_hoeffding_and_bernstein_are_their_formulas():
    n, alpha, log = 4000, 0.1, drawn(4000, 1)
    terms = TARGET[log.actions] / LOGGING[log.actions] * log.rewards
    width = 1.0 / 0.2
    half = width * math.sqrt(math.log(2 / alpha) / (2 * n))
    assert ends("IPS", log, "hoeffding", least=0.2, confidence=0.9) == pytest.approx(
        (terms.mean() - half, terms.mean() + half), abs=1e-12
    )
    half = math.sqrt(2 * terms.var(ddof=1) * math.log(4 / alpha) / n) + 7 * width * math.log(4 / alpha) / (3 * (n - 1))
    assert ends("IPS", log, "bernstein", least=0.2, confidence=0.9) == pytest.approx(
        (terms.mean() - half, terms.mean() + half), abs=1e-12
    )


def test_terms_of_dr_lie_where_it_says():
    """The range is met at both ends by rows of one arm that the target policy always plays."""
    low, high, least = -1.0, 3.0, 0.25
    for predicted, reward in ((-1.0, 3.0), (3.0, -1.0)):
        log = Log(actions=[0], rewards=[reward], probabilities=[least], n_actions=2, low=low, high=high)
        case = Case(log, np.array([[1.0, 0.0]]), log.probabilities, least, np.full((1, 2), predicted), "given", None)
        side = DR().terms(case).below[0]
        assert side.terms[0] == pytest.approx(side.top if reward > predicted else side.bottom, abs=1e-12)
    rng = np.random.default_rng(1)
    for _ in range(200):
        p, q = rng.uniform(least, 1.0), rng.dirichlet([0.3, 0.3])
        log = Log(actions=[0], rewards=[rng.choice([low, high])], probabilities=[p], n_actions=2, low=low, high=high)
        model = rng.choice([low, high], size=(1, 2)).astype(float)
        side = DR().terms(Case(log, q[None], log.probabilities, least, model, "given", None)).below[0]
        assert side.bottom - 1e-12 <= side.terms[0] <= side.top + 1e-12


def slow_capital(side, claim, alpha, span, n):
    """The capital's largest value so far, row by row, as the docstring of ``betting`` has it."""
    u, width = claim - side.offset, span[1] - span[0]
    capital, path, seen = 1.0, [], []
    for t, x in enumerate(side.terms):
        d = 1.0 if side.slopes is None else side.slopes[t]
        squares = width**2 / 4
        for s in range(t):
            slopes = 1 + sum(d for _, d in seen[: s + 1])
            mean = ((span[0] + span[1]) / 2 - side.offset + sum(x for x, _ in seen[: s + 1])) / slopes
            squares += (seen[s][0] - seen[s][1] * mean) ** 2
        times = (t + 1) * math.log(t + 2) if n is None else n
        share = math.sqrt(2 * math.log(1 / alpha) / (squares / (t + 1) * times))
        most = side.steepest * u - side.bottom
        capital *= 1 + (min(share, 0.5 / most) if most > 0 else share) * (x - d * u)
        path.append(capital)
        seen.append((x, d))
    return np.array(path)


@pytest.mark.parametrize("n", [40, None])
def test_the_capital_is_that_of_the_slow_reference(n):
    log = drawn(40, 2, -1.0, 2.0)
    case = Case(log, np.broadcast_to(TARGET, (40, 3)), log.probabilities, 0.2, np.full((40, 3), 0.5), "given", None)
    for estimator in (IPS(), SNIPS(), DR(), ClippedIPS(1.5)):
        terms = estimator.terms(case)
        for sides, span in ((terms.below, (-1.0, 2.0)), (terms.above, (-2.0, 1.0))):
            capital = betting._bets(sides, span, 0.03, n)
            for claim in span[0] + 3.0 * np.array([0.05, 0.3, 0.8]):
                slow = np.mean([slow_capital(side, claim, 0.03, span, n) for side in sides], axis=0)
                np.testing.assert_allclose(np.exp(capital(claim)), slow, rtol=1e-10)


def test_limits_are_where_the_capital_reaches_what_is_wanted():
    log = drawn(300, 3)
    case = Case(log, np.broadcast_to(TARGET, (300, 3)), log.probabilities, 0.2, None, "given", None)
    for estimator in (IPS(), SNIPS()):
        terms = estimator.terms(case)
        low = betting.limit(terms.below, (0.0, 1.0), 0.025)
        capital = betting._bets(terms.below, (0.0, 1.0), 0.025, 300)
        assert 0.0 < low < 1.0
        assert capital(low).max() >= math.log(40.0) > capital(low + 1e-9).max()
        grid = [capital(claim).max() for claim in np.linspace(0.01, 0.99, 50)]
        assert np.all(np.diff(grid) <= 0.0)  # so that what is refuted is one stretch


def test_bets_can_lose_half_of_the_capital_at_most():
    """Of the worst row that there can be, whatever came before it: so the capital stays positive."""
    sides = [
        Side(np.array([3.0, 0.2, 0.0, 7.0, 0.0]), 0.0, 9.0),
        Side(np.array([-2.0, 1.0, -2.0, 1.0, -2.0]), -2.0, 1.0),
    ]
    for side in sides:
        for claim in (1e-12, 0.3, 0.999):
            logs = betting._bets([side], (0.0, 1.0), 0.025, 5)(claim)
            assert np.all(np.diff(logs, prepend=0.0) >= math.log(0.5) - 1e-12)


@pytest.mark.parametrize("method", ["IPS", "SNIPS", "ClippedIPS"])
def test_intervals_of_mirrored_rewards_are_mirrored(method):
    log = drawn(200, 4)
    mirrored = Log(
        actions=log.actions, rewards=1 - log.rewards, probabilities=log.probabilities, n_actions=3, low=0, high=1
    )
    options = {"least": 0.2} if method == "SNIPS" else {}
    low, high = ends(method, log, "betting", **options)
    assert ends(method, mirrored, "betting", **options) == pytest.approx((1 - high, 1 - low), abs=1e-9)


def test_intervals_of_ratios_move_with_the_rewards():
    """Of a fixed denominator they would not: with rewards shifted by 5 obp's becomes ten times as wide."""
    log, moved = drawn(400, 5), drawn(400, 5, shift=5.0)
    for interval, options in (("normal", {}), ("betting", {"least": 0.2}), ("percentile", {}), ("bca", {})):
        low, high = ends("SNIPS", log, interval, **options)
        assert ends("SNIPS", moved, interval, **options) == pytest.approx((low + 5.0, high + 5.0), abs=1e-8)
    low, high = ends("SNIPS", log, "normal")
    weights = TARGET[log.actions] / LOGGING[log.actions]
    value = np.average(log.rewards, weights=weights)
    error = math.sqrt(np.sum(weights**2 * (log.rewards - value) ** 2)) / weights.sum()  # of Hajek's ratio
    assert (high - low) / 2 == pytest.approx(1.959964 * error * math.sqrt(400 / 399), rel=1e-6)
    fixed = (weights * moved.rewards).std(ddof=1) / weights.mean() / math.sqrt(400)
    assert 1.959964 * fixed > 5 * (high - low) / 2


def test_influence_is_the_derivative_by_each_row():
    log = drawn(30, 6)
    case = Case(
        log, np.broadcast_to(TARGET, (30, 3)), log.probabilities, 0.2, np.tile([0.2, 0.6, 0.5], (30, 1)), "given", None
    )
    for estimator in (IPS(), SNIPS(), DR(), SNDR()):
        terms, step = estimator.terms(case), 1e-6
        for i in (0, 7, 29):
            shares = np.full(30, 1.0)
            shares[i] += step
            shares /= shares.sum()
            parts = [shares @ rows for rows in terms.rows]
            value = parts[0] + parts[1] / (parts[2] if len(parts) == 3 else 1.0)
            assert (value - terms.value) / step * 30 == pytest.approx(terms.influence[i], abs=1e-4)


@pytest.mark.parametrize(("interval", "method"), [("percentile", "percentile"), ("bca", "BCa")])
def test_bootstraps_are_those_of_scipy(interval, method):
    log = drawn(60, 7)
    weights = TARGET[log.actions] / LOGGING[log.actions]

    def statistic(w, x, axis):
        return (w * x).mean(axis=axis) / w.mean(axis=axis)

    found = stats.bootstrap(
        (weights, log.rewards), statistic, paired=True, vectorized=True, method=method, n_resamples=4000, random_state=1
    )
    width = found.confidence_interval.high - found.confidence_interval.low
    low, high = ends("SNIPS", log, interval)
    # the 2.5 % quantile of 2,000 resamples of about normal law has standard error 0.015 of the interval's width
    assert low == pytest.approx(found.confidence_interval.low, abs=5 * 0.018 * width)
    assert high == pytest.approx(found.confidence_interval.high, abs=5 * 0.018 * width)


def test_the_bootstrap_of_a_constant_is_one_point():
    log = Log(actions=[0, 1] * 20, rewards=[0.25] * 40, probabilities=[0.5] * 40, n_actions=2)
    for interval in ("percentile", "bca", "normal"):
        found = estimate(log, [0.3, 0.7], "SNIPS", interval=interval)
        assert (found.low, found.high) == pytest.approx((0.25, 0.25), abs=1e-12)


def test_one_row_is_told_nothing():
    log = Log(actions=[0], rewards=[1.0], probabilities=[0.5], n_actions=3, low=0.0, high=1.0)
    assert ends("IPS", log, "bernstein", least=0.25, overlap="ignore") == (0.0, 1.0)
    for interval in ("normal", "percentile", "bca"):
        assert ends("IPS", log, interval, overlap="ignore") == (-math.inf, math.inf)
    low, high = ends("IPS", log, "betting", overlap="ignore")
    assert 0.0 <= low < 0.1
    assert high == pytest.approx(1.0)


def test_least_is_no_more_than_any_row_leaves_to_another_arm():
    log = Log(actions=[0, 1], rewards=[1.0, 0.0], probabilities=[0.5, 0.9], n_actions=3, low=0.0, high=1.0)
    with pytest.raises(ValueError, match=r"what row 1 of the log leaves to each other arm, 0.05 .* got 0.1"):
        ends("IPS", log, "betting", least=0.1, overlap="ignore")
    one = Log(actions=[0, 1], rewards=[1.0, 0.0], probabilities=[0.5, 1.0], offered=[[1, 1], [0, 1]], low=0, high=1)
    assert estimate(one, [[0.5, 0.5], [0.0, 1.0]], least=0.5).overlap.rows == 0


@pytest.mark.parametrize("unit", [1e-300, 1e300])
def test_limits_know_no_unit(unit):
    log = drawn(40, 4)
    other = Log(
        actions=log.actions, rewards=log.rewards * unit, probabilities=log.probabilities, n_actions=3, low=0, high=unit
    )
    for method in (IPS(), SNIPS()):
        found = []
        for each in (log, other):
            case = Case(each, np.broadcast_to(TARGET, (40, 3)), each.probabilities, 0.2, None, "given", None)
            found.append(betting.limit(method.terms(case).below, (0.0, each.high), 0.025))
        assert found[1] / unit == pytest.approx(found[0], rel=1e-9)


def test_a_sequence_holds_after_each_row_and_is_the_reference_there():
    log = drawn(60, 8)
    lower, upper = confidence_sequence(log, TARGET, least=0.2)
    assert np.all(np.diff(lower) >= 0.0)
    assert np.all(np.diff(upper) <= 0.0)
    case = Case(log, np.broadcast_to(TARGET, (60, 3)), log.probabilities, 0.2, None, "given", None)
    sides = IPS().terms(case).below
    capital = betting._bets(sides, (0.0, 1.0), 0.025, None)
    for t in (9, 29, 59):
        low, high = 0.0, 1.0
        for _ in range(40):
            claim = (low + high) / 2
            low, high = (claim, high) if capital(claim)[: t + 1].max() >= math.log(40.0) else (low, claim)
        assert lower[t] <= low + 1e-9
        assert lower[t] >= low - 0.12 * lower[-1]  # claims stand so far apart, near 0
    assert lower[-1] == pytest.approx(low, abs=1e-9)


def test_a_sequence_of_part_of_the_rows_is_the_start_of_that_of_all():
    """But for the claims that it is followed at: no row knows how many follow it."""
    log = drawn(200, 9)
    part, whole = (confidence_sequence(each, TARGET, SNIPS(), least=0.2) for each in (log.take(slice(120)), log))
    assert part.lower[-1] == pytest.approx(whole.lower[119], abs=0.02)
    assert part.lower[-1] >= whole.lower[119] - 1e-9
    assert part.upper[-1] <= whole.upper[119] + 1e-9


def test_sequences_of_others_are_refused():
    log = drawn(50, 10)
    for method, text in (
        ("Replay", "Replay"),
        ("DM", "biased"),
        ("SNIPS", "least"),
        ("ClippedIPS", "clip must be given"),
    ):
        with pytest.raises(ValueError, match=text):
            confidence_sequence(log, TARGET, method)
    assert len(confidence_sequence(log, TARGET, "DR", least=0.2).lower) == 50


@pytest.mark.parametrize(
    ("method", "interval", "options", "text"),
    [
        ("IPS", "bernstein", {}, "least probability, least=..., or use betting"),
        ("IPS", "hoeffding", {}, "weights have no declared limit"),
        ("SNIPS", "betting", {}, "weights have no declared limit"),
        ("SNIPS", "bernstein", {"least": 0.2}, "it is a ratio: use interval='betting'"),
        ("SNDR", "betting", {"least": 0.2}, "it is a ratio: DR has certain limits"),
        ("DM", "betting", {"least": 0.2}, "biased by an amount that no interval knows"),
        ("DRos", "hoeffding", {"least": 0.2}, "biased by an amount"),
        ("SwitchDR", "betting", {"least": 0.2}, "biased by an amount"),
        ("DR", "betting", {"least": 0.2}, "use fit='forward'"),
        ("DR", "bernstein", {"least": 0.2, "fit": "forward"}, "terms depend on each other: use interval='betting'"),
        ("DR", "betting", {"fit": "forward"}, "weights have no declared limit"),
        ("DR", "betting", {"least": 0.2, "model": np.full((50, 3), 1.5)}, "predictions are outside"),
    ],
)
def test_intervals_that_cannot_be_had_say_why(method, interval, options, text):
    with pytest.raises(ValueError, match=f"interval '{interval}' of {method} cannot be had: .*{text}"):
        estimate(drawn(50, 11), TARGET, method, interval=interval, **options)


def test_without_a_range_nothing_is_certain():
    log = drawn(50, 11)
    bare = Log(actions=log.actions, rewards=log.rewards, probabilities=log.probabilities, n_actions=3)
    for method in ("IPS", "SNIPS", "ClippedIPS", "DR"):
        with pytest.raises(ValueError, match="the log declares no range of the rewards: give it low and high"):
            estimate(bare, TARGET, method, interval="betting", least=0.2)
        assert estimate(bare, TARGET, method).interval == "normal"
    assert estimate(log, TARGET, "IPS").interval == "betting"


def test_what_is_certain_stays_so_where_the_log_never_plays_an_arm():
    """Its plays may have earned nothing or all that there is: 0.4 of the value is open, and the interval says so."""
    log = Log(actions=[0, 1] * 4000, rewards=[0.5] * 8000, probabilities=[0.5] * 8000, n_actions=3, low=0, high=1)
    for method in ("IPS", ClippedIPS(1.0)):
        found = estimate(log, [0.3, 0.3, 0.4], method, interval="betting", overlap="ignore")
        assert 0.29 < found.low <= 0.3
        assert 0.7 <= found.high < 0.71


def test_every_interval_is_named_and_says_what_it_assumes():
    assert list(INTERVALS) == ["betting", "bernstein", "hoeffding", "normal", "percentile", "bca"]
    assert [method.certain for method in INTERVALS.values()] == [True] * 3 + [False] * 3
    assert all(method.name == name and method.assumes for name, method in INTERVALS.items())
    assert Terms(np.zeros(2), np.ones(2)).value == 1.0
