"""Verdicts: a curve over its bound fails, one under it passes, one without the assumptions is not judged."""

import math
from dataclasses import replace

import numpy as np
import pytest

from bandits.contract import Assumption, Bound
from environments.contract import Regret
from experiments.analysis.curves import ExperimentResult
from experiments.analysis.verdicts import bounds_for, check, growth, vacuous
from experiments.run.theory import Table
from experiments.study.model import Component, Experiment

TIMES = np.unique(np.geomspace(1, 10_000, 80).astype(int))
REGRET = Regret("pseudo", "reward", "best", "fixed", "pseudo-regret")


def bound(values, kind="upper", comparator_class="fixed", time="anytime", holds=True):
    curve = Table(TIMES.astype(float), np.asarray(values, dtype=float))
    assumptions = (Assumption("stationary", holds),)
    return Bound("theorem", kind, curve, comparator_class, "somewhere", "exact", assumptions, time)


def results(regret, *bounds, worst=None, most=None, certain=False):
    """An experiment of one policy whose regret is as given, [n_replicates, n_times], and at most twice as large."""
    most = 2.0 * np.abs(regret).max(axis=0) if most is None else most
    experiment = Experiment(
        name="p",
        environment=Component(name="e"),
        horizon=10_000,
        replicates=len(regret),
        policies=[Component(name="a")],
    )
    comparators = {"best": np.zeros_like(regret)}
    if worst is not None:
        comparators["worst"] = np.broadcast_to(worst, regret.shape)
    return ExperimentResult(
        experiment,
        TIMES,
        np.arange(len(regret)),
        {"a": {"reward": -regret}},
        comparators,
        (REGRET,),
        {"a": bounds},
        (),
        {"a": 1.0},
        limits={"pseudo": np.stack([np.minimum(0.0, 2.0 * regret.min(axis=0)), most])},
        certain=frozenset({"a"} if certain else ()),
    )


def noisy(curve, n=20, spread=0.1):
    return curve * np.random.default_rng(0).lognormal(0.0, spread, size=(n, 1))


ROOT = np.sqrt(TIMES)


@pytest.mark.parametrize(
    ("regret", "theorem", "result", "exponent"),
    [
        (noisy(ROOT), bound(3 * ROOT), "holds", "agrees"),
        (noisy(ROOT), bound(0.3 * ROOT), "violated", "agrees"),
        (noisy(ROOT), bound(1.01 * ROOT), "undecided", "agrees"),
        (noisy(0.01 * TIMES), bound(3 * ROOT), "holds", "too steep"),
        (noisy(np.log(1 + TIMES)), bound(30 * np.log(1 + TIMES)), "holds", "agrees"),
        (noisy(0.2 * TIMES**0.95), bound(300 * np.log(1 + TIMES)), "holds", "too steep"),
        (noisy(0.002 * TIMES), bound(30 * ROOT), "holds", "early"),
        (noisy(ROOT), bound(0.3 * ROOT, holds=False), "not applicable", "not tested"),
        (noisy(ROOT), bound(0.3 * ROOT, kind="order"), "not applicable", "not tested"),
        (noisy(ROOT), bound(0 * ROOT + 200, time="at the horizon"), "holds", "not tested"),
        (noisy(ROOT), bound(0 * ROOT + 50, time="at the horizon"), "violated", "not tested"),
        (noisy(-ROOT), bound(ROOT), "holds", "not tested"),
    ],
)
def test_verdicts(regret, theorem, result, exponent):
    (verdict,) = check(results(regret, theorem), 0.95)
    assert (verdict.result, verdict.exponent) == (result, exponent), verdict.text
    assert verdict.failed == (result == "violated" or exponent == "too steep")


def test_an_exact_bound_is_not_violated_by_rounding():
    regret = np.tile(ROOT, (5, 1))
    (verdict,) = check(results(regret, bound(ROOT * (1 - 1e-14)), certain=True), 0.95)
    assert (verdict.result, verdict.typical) == ("holds", "holds")
    (verdict,) = check(results(regret, bound(ROOT * (1 - 1e-14))), 0.95)
    assert (verdict.result, verdict.typical) == ("undecided", "holds")


def test_one_replicate_decides_nothing():
    (verdict,) = check(results(ROOT[None, :], bound(0.1 * ROOT)), 0.95)
    assert verdict.result == "undecided"


def test_bounds_on_another_regret_are_not_compared():
    found = results(noisy(ROOT), bound(0.1 * ROOT, comparator_class="dynamic"))
    assert check(found, 0.95) == []
    assert bounds_for(found, "a") == []


def grouped(found, clock):
    """The same results with a regret whose time is a function of the rounds."""
    times = np.array([clock(t) for t in TIMES], dtype=float)
    regret = replace(REGRET, clock="rounds in g")
    clocks = {"rounds in g": np.stack([times] * len(found.replicates))}
    return replace(found, regrets=(regret,), clocks=clocks)


def test_the_exponent_is_measured_on_the_clock_of_the_regret():
    """A group that fills up like the square root of time: sqrt(n) in its own rounds is t^(1/4) in all of them."""
    group = ROOT**0.5
    (verdict,) = check(grouped(results(noisy(group), bound(3 * group)), math.sqrt), 0.95)
    assert verdict.exponent == "agrees"
    assert verdict.fitted.value == pytest.approx(0.5, abs=0.02)
    assert verdict.claimed == pytest.approx(0.5, abs=0.02)
    (verdict,) = check(grouped(results(noisy(ROOT), bound(3 * group)), math.sqrt), 0.95)
    assert verdict.fitted.value == pytest.approx(1.0, abs=0.02)


@pytest.mark.parametrize("clock", [lambda t: 0.0, lambda t: 7.0])
def test_no_exponent_on_a_clock_that_hardly_moves(clock):
    (verdict,) = check(grouped(results(noisy(ROOT), bound(3 * ROOT)), clock), 0.95)
    assert (verdict.result, verdict.exponent) == ("holds", "not tested")


def test_no_exponent_for_a_bound_that_claims_no_rate():
    (verdict,) = check(results(noisy(0.01 * TIMES), bound(3 * ROOT, time="horizon-tuned")), 0.95)
    assert verdict.exponent == "not tested"
    assert "the bound's rate is in the horizon" in verdict.text
    (verdict,) = check(results(noisy(0.01 * TIMES), bound(3 * ROOT, time="no rate")), 0.95)
    assert (verdict.result, verdict.exponent) == ("holds", "not tested")


def test_no_growth_of_what_is_no_sum_over_time():
    """The share of wrong answers at a time is held against its bound, and no power of time is fitted to it."""
    falling = 1.0 / TIMES
    found = results(noisy(falling), bound(2 * falling))
    (verdict,) = check(found, 0.95)
    assert verdict.fitted is not None
    regret = replace(REGRET, cumulative=False, label="probability of error")
    found = replace(found, regrets=(regret,))
    (verdict,) = check(found, 0.95)
    assert (verdict.result, verdict.exponent, verdict.fitted) == ("holds", "not tested", None)
    assert "no exponent, probability of error is no sum over time" in verdict.text
    assert growth(found, found.regret("a")) is None


def test_a_bound_of_nothing():
    (verdict,) = check(results(np.zeros((6, len(TIMES))), bound(0 * ROOT)), 0.95)
    assert (verdict.result, verdict.exponent) == ("holds", "not tested")


def test_vacuous():
    theorem = bound(2.0 * TIMES)
    assert vacuous(results(noisy(ROOT), theorem, worst=-1.0 * TIMES), theorem)
    assert not vacuous(results(noisy(ROOT), theorem, worst=-3.0 * TIMES), theorem)
    assert not vacuous(results(noisy(ROOT), theorem), theorem)


def test_vacuous_against_the_worst_play_of_the_definition():
    theorem = bound(2.0 * TIMES)
    experiment = results(noisy(ROOT), theorem, worst=-3.0 * TIMES)
    comparators = {**experiment.comparators, "worst in g": np.zeros_like(experiment.comparators["best"]) - TIMES}
    grouped = replace(experiment, comparators=comparators, regrets=(replace(REGRET, worst="worst in g"),))
    assert vacuous(grouped, theorem)
    assert not vacuous(grouped, bound(0.5 * TIMES))


@pytest.mark.parametrize(
    ("above", "delta", "result"),
    [
        ([20], 0.4, ("violated", "violated")),  # 0.4^20
        ([14], 0.7, ("undecided", "holds")),  # as few or fewer come with 0.58
        ([9], 0.7, ("holds", "holds")),  # and these with 0.017
        ([9], 0.4, ("undecided", "undecided")),  # more than 8, but P(9 or more of 20) = 0.404
        ([0], 1e-9, ("undecided", "holds")),
        ([0], 0.17, ("holds", "holds")),  # 0.83^20 = 0.0241
        ([0], 0.16, ("undecided", "holds")),  # 0.84^20 = 0.0306
        ([1], 1e-9, ("violated", "violated")),
        ([4] * 1, 0.05, ("violated", "violated")),  # P(4 or more of 20) = 0.0159, over two checkpoints 0.032
        ([4] * 2, 0.05, ("undecided", "undecided")),
    ],
)
def test_bounds_that_may_fail_are_judged_by_the_share_of_replicates_above(above, delta, result):
    from experiments.analysis.verdicts import _by_shares

    runs = np.arange(20)[:, None] < np.array(above)
    rounds = np.array([10, 200])[: len(above)]
    certain, typical, said = _by_shares(runs, delta, 0.95, rounds)
    assert (certain, typical) == result
    where = "at round 10" if max(above) else "at any checkpoint"
    assert said.startswith(f"{max(above) or 'none'} of 20 replicates above the bound {where}, {100 * delta:.3g} % may")


def said(regret, theorem):
    """The first part of what is said of a curve known without doubt."""
    (verdict,) = check(results(np.tile(regret, (5, 1)), theorem, certain=True), 0.95)
    return verdict, verdict.text.partition("; nothing is random")[0]


def test_a_curve_above_its_bound_is_told_where_it_is():
    """At the horizon it may be far below: the number there must not read as if the bound held."""
    early = bound(np.where(TIMES < 100, 0.5, 4.0) * ROOT - 0.1 * (TIMES == 1))
    verdict, text = said(ROOT, early)
    last = TIMES[TIMES < 100].max()
    assert verdict.failed
    assert (verdict.share, verdict.at) == (2.5, 1)
    assert text == (
        f"mean regret above the bound from round 1 to round {last}, 2.5 times it with 1 of 0.4 at round 1; "
        "100 of 400 at round 10000"
    )
    at = int(np.flatnonzero(TIMES > 100)[0])
    once = np.where(np.arange(len(TIMES)) == at, 0.1, 4.0) * ROOT
    _, text = said(ROOT, bound(once))
    there = f"{ROOT[at]:.5g} of {once[at]:.5g} at round {TIMES[at]}"
    assert (
        text == f"mean regret above the bound at round {TIMES[at]}, 10 times it with {there}; 100 of 400 at round 10000"
    )
    twice = np.where(np.isin(np.arange(len(TIMES)), [at, len(TIMES) - 1]), 0.1, 4.0) * ROOT
    _, text = said(ROOT, bound(twice))
    assert text.startswith(
        f"mean regret above the bound at 2 checkpoints from round {TIMES[at]} to round 10000, 10 times"
    )
    _, text = said(ROOT, bound(0 * ROOT + 50, time="at the horizon"))
    assert text == "mean regret above the bound at round 10000, 2 times it with 100 of 50 at round 10000"
    _, text = said(ROOT, bound(0 * ROOT))
    assert text == (
        "mean regret above the bound from round 1 to round 10000, the furthest with 1 of 0 at round 1; "
        "100 of 0 at round 10000"
    )


def test_no_sentence_on_a_curve_above_its_bound_reads_as_if_it_held():
    rng = np.random.default_rng(3)
    for _ in range(50):
        theorem = ROOT * rng.uniform(0.3, 3.0, size=len(TIMES))
        verdict, text = said(ROOT, bound(theorem))
        above = np.flatnonzero(theorem < ROOT)
        assert verdict.failed == bool(len(above))
        assert ("at most" in text) == (not len(above))
        assert text.startswith("mean regret above the bound ") == bool(len(above))
        if len(above):
            assert verdict.at == TIMES[np.argmax(ROOT / theorem)]
            assert f"round {TIMES[above[0]]} to round {TIMES[above[-1]]}" in text or len(above) == 1


def test_a_curve_that_is_too_steep_is_told_when_it_meets_its_bound():
    (verdict,) = check(results(noisy(0.01 * TIMES), bound(3 * ROOT)), 0.95)
    assert (verdict.result, verdict.exponent) == ("holds", "too steep")
    share = float(verdict.mean / verdict.limit)
    after = share ** (-1.0 / (verdict.guaranteed_growth.low - 0.5))
    assert verdict.text.endswith(f"bound's 0.500: at this rate it meets the bound after {after:.3g} horizons")
    (verdict,) = check(results(noisy(ROOT), bound(3 * ROOT)), 0.95)
    assert "meets" not in verdict.text


def test_rounding_of_large_sums_violates_nothing():
    """Regret is a difference of cumulative rewards of the size of 10^7, of which twelve digits are right."""
    found = results(np.full((8, len(TIMES)), 2e-6), bound(np.zeros(len(TIMES))))
    assert check(found, 0.95)[0].result == "violated"
    large = replace(found, comparators={"best": np.full((8, len(TIMES)), 1e7)})
    series = {"a": {"reward": large.comparators["best"] - 2e-6}}
    (verdict,) = check(replace(large, series=series), 0.95)
    assert (verdict.result, verdict.share) == ("holds", 0.0)


@pytest.mark.parametrize("kind", ["upper", "lower", "order"])
def test_asymptotic_bounds_are_not_judged(kind):
    found = results(noisy(9.0 * ROOT), bound(ROOT, kind, time="asymptotic"))
    (verdict,) = check(found, 0.95)
    assert (verdict.result, verdict.exponent) == ("not applicable", "not tested")
    assert verdict.text == "asymptotic, at no finite time is anything claimed"


def test_where_all_replicates_agree_by_chance_nothing_is_violated():
    """A realised regret of 0.9 in the first round, in all replicates: with an arm of mean 0.1 that is luck."""
    curves = noisy(0.5 * ROOT)
    curves[:, 0] = 0.9
    theorem = ROOT.copy()
    theorem[0] = 0.8
    assert check(results(curves, bound(theorem)), 0.95)[0].result == "undecided"
    same = np.tile(curves[0], (8, 1))
    assert check(results(same, bound(theorem), most=TIMES), 0.95)[0].result == "undecided"
    (verdict,) = check(results(same, bound(theorem), certain=True), 0.95)  # nothing is random at all
    assert verdict.result == "violated"
    assert (verdict.guaranteed_low, verdict.guaranteed_high) == (same[0, -1], same[0, -1])


def test_one_replicate_tells_no_exponent():
    (verdict,) = check(results(noisy(0.5 * ROOT, n=1), bound(ROOT)), 0.95)
    assert (verdict.exponent, verdict.text.rpartition("; ")[2]) == ("not tested", "one replicate tells no exponent")


@pytest.mark.parametrize(
    ("factor", "data_dependent", "result"),
    [(3.0, False, "holds"), (1.01, False, "undecided"), (0.2, False, "violated"), (0.2, True, "undecided")],
)
def test_bounds_that_differ_between_replicates_are_looked_at_replicate_by_replicate(factor, data_dependent, result):
    """Regret and bound vary together, a thousandfold: their means are known badly, the difference is not."""
    scale = np.random.default_rng(4).uniform(0.5, 1.0, (60, 1)) * np.where(np.arange(60) % 2, 1.0, 0.6)[:, None]
    regret, own = scale * ROOT, factor * scale * ROOT
    theorem = replace(bound(own.mean(axis=0)), data_dependent=data_dependent)
    found = results(regret, theorem, most=1.2 * ROOT)
    (verdict,) = check(replace(found, varying={"a": {("theorem", "fixed"): own}}), 0.95)
    assert (verdict.result, verdict.failed) == (result, result == "violated"), verdict.text


def test_a_data_dependent_bound_beyond_the_worst_play_is_not_said_to_be_violated():
    """Its theorem speaks of its mean, of which a part beyond the worst play's regret may make up a lot."""
    regret = np.tile(ROOT, (60, 1)) * np.linspace(0.9, 1.1, 60)[:, None]
    own = np.tile(0.2 * ROOT, (60, 1))
    own[0] = 100.0 * ROOT
    for data_dependent, result in ((False, "violated"), (True, "undecided")):
        theorem = replace(bound(own.mean(axis=0)), data_dependent=data_dependent)
        found = replace(results(regret, theorem, most=2.0 * ROOT), varying={"a": {("theorem", "fixed"): own}})
        assert check(found, 0.95)[0].result == result


def test_a_data_dependent_bound_that_is_rarely_large_is_not_said_to_be_violated():
    """Regret about 1, a bound of mean 3 that is 100 in three runs of a hundred, 0 else: most studies see only zeros."""
    rng = np.random.default_rng(0)
    for _ in range(20):
        own = np.where(rng.random((20, 1)) < 0.03, 100.0, 0.0) * np.ones_like(ROOT)
        theorem = replace(bound(own.mean(axis=0), time="no rate"), data_dependent=True)
        found = results(noisy(np.ones_like(ROOT)), theorem, most=np.full_like(ROOT, 2.0))
        assert check(replace(found, varying={"a": {("theorem", "fixed"): own}}), 0.95)[0].result == "undecided"


def test_a_bound_beyond_the_worst_play_always_holds():
    (verdict,) = check(results(noisy(ROOT, n=2), bound(3.0 * ROOT), most=2.9 * ROOT), 0.95)
    assert (verdict.result, verdict.typical) == ("holds", "undecided")


def test_rare_failures_that_no_replicate_shows_leave_a_bound_undecided():
    """Twenty runs without a failure: typically below, but one in ten may cost a hundred times as much."""
    (verdict,) = check(results(noisy(ROOT), bound(3.0 * ROOT), most=100.0 * ROOT), 0.95)
    assert (verdict.result, verdict.typical, verdict.failed) == ("undecided", "holds", False)
    assert verdict.guaranteed_high > 3.0 * ROOT[-1]
    assert "20 replicates are too few to be certain, about " in verdict.text
    assert verdict.text.partition("; exponent")[0].endswith("typically holds")


def test_the_number_of_replicates_that_would_do_is_that_of_all_checkpoints():
    """Below the bound late, which 20 replicates do not show; at it, but for rounding, early, which none would show."""
    late, early = noisy(ROOT), noisy(ROOT)
    early[:, 20] = ROOT[20] * (1.0 - 1e-12)
    theorem = 3.0 * ROOT
    theorem[20] = ROOT[20]
    texts = [
        check(results(c, bound(b), most=100.0 * ROOT), 0.95)[0].text for c, b in ((late, 3 * ROOT), (early, theorem))
    ]
    assert "20 replicates are too few to be certain, about " in texts[0]
    assert "20 replicates are too few to be certain, and more like these would not show that it holds" in texts[1]
    (single,) = check(results(noisy(ROOT, n=1), bound(3.0 * ROOT), most=100.0 * ROOT), 0.95)
    assert ", 1 replicate is too few to be certain" in single.text


def test_without_limits_nothing_is_guaranteed():
    found = replace(results(noisy(ROOT), bound(0.3 * ROOT)), limits={})
    (verdict,) = check(found, 0.95)
    assert (verdict.result, verdict.typical, verdict.failed) == ("undecided", "violated", False)
    assert (verdict.guaranteed_low, verdict.guaranteed_high) == (None, None)
    assert "nothing is guaranteed of the mean: the regret of the worst play is not known" in verdict.text
