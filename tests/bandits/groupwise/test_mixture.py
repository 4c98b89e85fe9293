"""One learner a group, mixed: bounds of the policies that share the mixture, and what they say of declared lengths."""

import numpy as np
import pytest

from bandits.groupwise.blum_lykouris import BlumLykouris
from bandits.groupwise.contextual_ftpl import ContextualFTPL
from bandits.groupwise.ftpl import GroupwiseFTPL
from bandits.groupwise.groupwise_hedge import GroupwiseHedge
from environments.groupwise.contexts import GroupedContexts
from environments.groupwise.paths import GroupedPaths


@pytest.mark.parametrize(
    ("make", "policy"),
    [
        (GroupedContexts, ContextualFTPL([1, 2, 4])),
        (GroupedContexts, ContextualFTPL()),
        (GroupedContexts, ContextualFTPL([4, 1, 2], play="sample", prior=[1, 1, 2, 2, 3, 3])),
        (GroupedContexts, GroupwiseHedge()),
        (GroupedContexts, BlumLykouris()),
        (GroupedPaths, GroupwiseFTPL()),
        (GroupedPaths, GroupwiseFTPL(play="sample")),
    ],
)
def test_bounds_hold_on_average(make, policy):
    environment, times = make(3, horizon=600), np.array([1, 10, 100, 600])
    regrets, limits = [], []
    for seed in range(5):
        environment.begin(environment.draw(np.random.default_rng(seed)))
        policy.reset(environment.problem, np.random.default_rng(seed))
        policy.advance(environment, 600)
        series, best = environment.metrics(times), environment.comparators(times)
        bounds = policy.regret_bounds(environment.problem, environment.instance())
        assert {b.comparator_class for b in bounds} == {f"best in {g}" for g in environment.problem.groups}
        assert all(b.holds and b.time == ("no rate" if b.data_dependent else "anytime") for b in bounds)
        regrets.append(
            [best[b.comparator_class] - series[b.comparator_class.replace("best", "reward")] for b in bounds]
        )
        limits.append([b.curve(times.astype(float)) for b in bounds])
        assert np.all(best["worst in always_on"] <= best["best in always_on"])
    assert np.all(np.mean(regrets, axis=0) <= np.mean(limits, axis=0))


@pytest.mark.parametrize(
    ("make", "policy"),
    [(GroupedContexts, ContextualFTPL), (GroupedContexts, GroupwiseHedge), (GroupedPaths, GroupwiseFTPL)],
)
def test_a_fixed_rate_speaks_of_the_declared_rounds_only(make, policy):
    environment = make(3, horizon=100)
    environment.begin(environment.draw(np.random.default_rng(0)))
    sizes = [int(n) for n in environment._groups.sum(axis=0)]
    for lengths, right in ((sizes, True), ([n + 1 for n in sizes], False)):
        mine = policy(lengths=lengths)
        mine.reset(environment.problem, np.random.default_rng(0))
        bounds = mine.regret_bounds(environment.problem, environment.instance())
        assert len(bounds) == 2 * len(sizes)
        assert all(b.holds == right and b.time == "at the horizon" for b in bounds)
