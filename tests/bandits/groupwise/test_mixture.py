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
    world, times = make(3, horizon=600), np.array([1, 10, 100, 600])
    regrets, limits = [], []
    for seed in range(5):
        world.begin(world.draw(np.random.default_rng(seed)))
        policy.reset(world.problem, np.random.default_rng(seed))
        series = []
        for a, b in zip([0, *times[:-1]], times, strict=True):
            policy.advance(world, int(b - a))
            series.append(world.ledger())
        best, bounds = world.comparators(times), policy.regret_bounds(world.problem, world.facts())
        assert {b.against for b in bounds} == {f"best in {g}" for g in world.problem.groups}
        assert all(b.holds and b.anytime for b in bounds)
        regrets.append([best[b.against] - [s[b.against.replace("best", "reward")] for s in series] for b in bounds])
        limits.append([b.curve(times.astype(float)) for b in bounds])
        assert np.all(best["worst in always_on"] <= best["best in always_on"])
    assert np.all(np.mean(regrets, axis=0) <= np.mean(limits, axis=0))


@pytest.mark.parametrize(
    ("make", "policy"),
    [(GroupedContexts, ContextualFTPL), (GroupedContexts, GroupwiseHedge), (GroupedPaths, GroupwiseFTPL)],
)
def test_a_fixed_rate_speaks_of_the_declared_rounds_only(make, policy):
    world = make(3, horizon=100)
    world.begin(world.draw(np.random.default_rng(0)))
    sizes = [int(n) for n in world._groups.sum(axis=0)]
    for lengths, right in ((sizes, True), ([n + 1 for n in sizes], False)):
        mine = policy(lengths=lengths)
        mine.reset(world.problem, np.random.default_rng(0))
        bounds = mine.regret_bounds(world.problem, world.facts())
        assert len(bounds) == 2 * len(sizes)
        assert all(b.holds == right and not b.anytime for b in bounds)
