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
