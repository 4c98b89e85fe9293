"""Pairs of policies: paired, corrected for their number, and silent where nothing differs."""

import numpy as np
import pytest
from scipy.stats import ttest_rel

from environments.contract import Regret
from experiments.analysis.comparisons import compare
from experiments.analysis.curves import ExperimentResult
from experiments.study.model import Component, Experiment


def experiment(finals, low=-np.inf, high=np.inf):
    """An experiment whose policies have these regrets [n_replicates] at the horizon."""
    n = len(next(iter(finals.values())))
    series = {label: {"reward": -np.asarray(values, dtype=float)[:, None]} for label, values in finals.items()}
    study = Experiment(
        name="p", environment=Component(name="e"), horizon=1, replicates=n, policies=[Component(name="a")]
    )
    regrets = (Regret("pseudo", "reward", "best", "fixed", "regret"),)
    limits = {"pseudo": np.array([[low], [high]])}
    nothing = {label: () for label in finals}
    return ExperimentResult(
        study, np.array([1]), np.arange(n), series, {"best": np.zeros((n, 1))}, regrets, nothing, (), {}, limits=limits
    )


def test_holms_correction():
    rng = np.random.default_rng(0)
    luck = rng.normal(0, 5, 30)
    finals = {name: luck + shift + rng.normal(0, 1, 30) for name, shift in (("a", 0.0), ("b", 0.4), ("c", 2.0))}
    found = {(c.better, c.worse): c for c in compare(experiment(finals))}
    raw = {pair: ttest_rel(finals[pair[1]], finals[pair[0]]).pvalue for pair in found}
    order = sorted(raw, key=raw.get)
    expected, largest = {}, 0.0
    for rank, pair in enumerate(order):
        largest = max(largest, (3 - rank) * raw[pair])
        expected[pair] = min(1.0, largest)
    assert {pair: c.p for pair, c in found.items()} == pytest.approx(expected)
    assert found["a", "c"].typical(0.95)
    assert not any(c.significant(0.95) for c in found.values()), "nothing is guaranteed without limits"
    for (one, other), c in found.items():
        assert c.difference.value == pytest.approx(np.mean(finals[other] - finals[one]))


def test_the_family_wise_error_is_kept():
    rng, false = np.random.default_rng(1), 0
    for _ in range(300):
        finals = {str(i): rng.normal(size=12) for i in range(5)}
        false += any(c.typical(0.95) for c in compare(experiment(finals)))
    assert false / 300 <= 0.05 + 4 * np.sqrt(0.05 * 0.95 / 300)


def test_no_spread():
    same, apart = (
        compare(experiment({"a": [1.0, 1.0, 1.0], "b": [1.0, 1.0, 1.0]})),
        compare(experiment({"a": [1, 1, 1], "b": [2, 2, 2]})),
    )
    assert (same[0].p, apart[0].p) == (1.0, 0.25)
    (chance,) = compare(experiment({"a": [2, 4, 9], "b": [3, 5, 10]}))
    assert chance.p == 0.25, "both signs of three differences agree in a quarter of the cases"
    rounding = np.array([1e4, 2e4, 3e4])
    assert compare(experiment({"a": rounding, "b": rounding + 5e-9}))[0].p == 1.0
    (single,) = compare(experiment({"a": [1.0], "b": [2.0]}))
    assert np.isnan(single.p)
    assert not single.significant(0.95)


@pytest.mark.parametrize("n", [3, 4, 6])
def test_the_family_wise_error_of_counts(n):
    """Twelve equal policies that pay 0, 1 or 2: equal differences come about by chance."""
    rng, false = np.random.default_rng(n), 0
    for _ in range(300):
        finals = {str(i): rng.integers(0, 3, n) for i in range(12)}
        false += any(c.typical(0.95) for c in compare(experiment(finals)))
    assert false / 300 <= 0.05 + 4 * np.sqrt(0.05 * 0.95 / 300)


def test_of_many_policies_each_is_compared_with_the_best_and_with_the_next():
    rng = np.random.default_rng(2)
    finals = {f"p{i}": i + rng.normal(0.0, 0.1, 12) for i in rng.permutation(60)}
    found = compare(experiment(finals, -1.0, 100.0))
    best = {("p0", f"p{i}") for i in range(1, 60)}
    assert {(c.better, c.worse) for c in found} == best | {(f"p{i}", f"p{i + 1}") for i in range(1, 59)}
    assert len(found) == 59 + 58
    few = compare(experiment({label: finals[label] for label in list(finals)[:50]}))
    assert len(few) == 50 * 49 / 2


def test_of_many_policies_the_family_wise_error_is_that_of_all_pairs():
    """Sixty equal policies: the best of them is that by chance, and so is the worst."""
    rng, false = np.random.default_rng(3), 0
    for _ in range(100):
        finals = {str(i): rng.normal(size=12) for i in range(60)}
        false += any(c.typical(0.95) for c in compare(experiment(finals)))
    assert false / 100 <= 0.05 + 3 * np.sqrt(0.05 * 0.95 / 100)


def test_what_differs_by_rounding_from_a_policy_without_randomness_is_not_worse():
    from dataclasses import replace

    finals = {"a": [0.1] * 3, "b": [0.1, 0.1 + 1e-15, 0.1 + 2e-15]}
    (pair,) = compare(replace(experiment(finals, 0.1, 100.0), certain=frozenset("a")))
    assert (pair.guaranteed_p, pair.significant(0.95)) == (1.0, False)


def test_limits_that_a_policy_leaves_guarantee_nothing():
    """A stated most of 2, where one run has 3; by rounding, it may be left."""
    finals = {"a": [0.1] * 20, "b": [1.9] * 19 + [2.0 + 1e-12]}
    assert compare(experiment(finals, 0.0, 2.0))[0].significant(0.95)
    finals["b"][-1] = 3.0
    with pytest.warns(
        UserWarning, match="'pseudo' of b, 3 in replicate 19 at round 1, is not within the limits .* 0 to 2"
    ):
        (pair,) = compare(experiment(finals, 0.0, 2.0))
    assert (pair.guaranteed_p, pair.guaranteed.high) == (1.0, np.inf)


def slow_evidence(differences, reach):
    """One bet after the other that the mean difference is above 0, of differences none of which is below -reach."""
    sizes = [1.0] + [1.0 - 2.0**-k for k in range(1, 7)] + [2.0**-k for k in range(2, 11)]
    return sum(
        share * np.prod([1.0 - size + size * (d + reach) / reach for d in differences])
        for size, share in zip(sizes, [0.4] + [0.04] * 15, strict=True)
    )


def test_guaranteed_p_values_are_one_over_the_evidence_corrected_for_both_directions():
    rng = np.random.default_rng(0)
    luck = rng.normal(0, 0.5, 30)
    finals = {name: luck + shift + rng.normal(0, 0.1, 30) for name, shift in (("a", 3.0), ("b", 4.0), ("c", 8.0))}
    found = {(c.better, c.worse): c for c in compare(experiment(finals, 0.0, 10.0))}
    raw = {(i, j): min(1.0, 1.0 / slow_evidence(finals[j] - finals[i], 10.0)) for i, j in found}
    expected, largest = {}, 0.0
    for rank, pair in enumerate(sorted(raw, key=raw.get)):
        largest = max(largest, min(1.0, (6 - rank) * raw[pair]))
        expected[pair] = largest
    assert {pair: c.guaranteed_p for pair, c in found.items()} == pytest.approx(expected)
    assert [pair for pair, c in found.items() if c.significant(0.95)] == [("a", "c"), ("b", "c")]
    assert found["a", "b"].typical(0.95)
    for c in found.values():
        assert c.guaranteed.low < c.difference.low < c.difference.high < c.guaranteed.high


def test_the_guaranteed_family_wise_error_is_kept():
    """Five policies that are all the same: mostly 1, but 100 in three runs of a hundred."""
    rng, false = np.random.default_rng(1), np.zeros(2)
    for _ in range(300):
        finals = {str(i): np.where(rng.random(20) < 0.03, 100.0, 1.0 + 0.1 * rng.random(20)) for i in range(5)}
        finals["better"] = 3.5 + 0.1 * rng.random(20)
        pairs = compare(experiment(finals, 0.0, 100.0))
        for k, stands in enumerate((lambda c: c.significant(0.95), lambda c: c.typical(0.95))):
            false[k] += any(stands(c) for c in pairs if c.worse == "better" or "better" not in (c.better, c.worse))
    guaranteed, typical = false / 300
    assert guaranteed <= 0.05
    assert typical > 0.3, "typical is just that"


def test_where_nothing_is_random_a_difference_is_certain():
    from dataclasses import replace

    same = experiment({"a": [1.0] * 3, "b": [2.0] * 3, "c": [2.0] * 3}, 0.0, 100.0)
    found = {(c.better, c.worse): c for c in compare(replace(same, certain=frozenset("abc")))}
    assert found["a", "b"].significant(0.95)
    assert (found["a", "b"].guaranteed.low, found["a", "b"].guaranteed.high) == (1.0, 1.0)
    assert not found["b", "c"].significant(0.95)
    assert not any(c.significant(0.95) for c in compare(same)), "three equal replicates may have come by chance"
