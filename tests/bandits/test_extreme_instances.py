"""Bounds that claim to hold are held against random extreme instances: gaps of any size, other noise, few rounds."""

import inspect
from dataclasses import replace

import numpy as np
import pytest
from scipy.stats import binom

from bandits.contract import bounds_of, can_play
from bandits.families import families
from bandits.registry import POLICIES
from environments import AdversarialArms, BernoulliArms, DelayedFeedback, GaussianArms, PiecewiseArms, Stream

pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore")]  # policies warn of hardly any rounds

REPLICATES, INSTANCES = 8, 24


def size(rng):
    """A magnitude between 10^-3 and 10^5."""
    return float(10.0 ** rng.uniform(-3.0, 5.0))


def gaussian(rng, n_arms, horizon):
    return GaussianArms((size(rng) * rng.standard_normal(n_arms)).tolist(), size(rng), horizon)


def apart(rng, n_arms, horizon):
    """One arm is far below, or far above, all others."""
    means = np.zeros(n_arms)
    means[rng.integers(n_arms)] = size(rng) * rng.choice([-1.0, 1.0])
    return GaussianArms(means.tolist(), 1.0, horizon)


def equal(rng, n_arms, horizon):
    return GaussianArms([size(rng)] * n_arms, size(rng), horizon)


def sure(rng, n_arms, horizon):
    return BernoulliArms(rng.choice([0.0, 1.0, 1e-9, 0.5], n_arms).tolist(), horizon)


def table(rng, n_arms, horizon):
    low, width = size(rng) * rng.choice([-1.0, 1.0]), size(rng)
    return AdversarialArms(
        (low + width * rng.choice([0.0, 1.0], (horizon, n_arms))).tolist(), low=low, high=low + width, horizon=horizon
    )


def full(rng, n_arms, horizon):
    return AdversarialArms(rng.choice([0.0, 1.0], (horizon, n_arms)).tolist(), horizon=horizon, feedback="full")


def changing(rng, n_arms, horizon):
    starts = [1, *sorted({int(s) for s in rng.integers(2, horizon + 1, 3)})] if horizon > 1 else [1]
    scale = size(rng)
    segments = [{"start": s, "means": (scale * rng.standard_normal(n_arms)).tolist()} for s in starts]
    return PiecewiseArms(segments, "gaussian", size(rng), horizon)


def drawn(rng, n_arms, horizon):
    prior = {"name": "normal", "parameters": {"mean": size(rng), "deviation": size(rng)}}
    return GaussianArms(prior, size(rng), horizon, n_arms=n_arms)


def delayed(rng, n_arms, horizon):
    return DelayedFeedback(apart(rng, n_arms, horizon), int(rng.integers(0, 2 * horizon)))


def stream(rng, n_arms, horizon):
    means = rng.choice([0.0, 1.0, 0.5, 0.5 + 1e-9], n_arms).tolist()
    return Stream(means, horizon=horizon, memory=int(rng.integers(1, n_arms + 1)))


def misdeclared(rng, n_arms, horizon):
    """The problem declares another noise than the rewards have."""
    environment = (gaussian, apart, equal, sure, drawn, stream)[rng.integers(6)](rng, n_arms, horizon)
    true = environment.problem.width / 2.0
    environment.problem = replace(environment.problem, noise=true * float(rng.choice([0.01, 0.1, 0.5, 2.0, 10.0])))
    return environment


KINDS = (gaussian, apart, equal, sure, table, full, changing, drawn, delayed, stream, misdeclared)


def policies(environment, rng):
    """Every registered policy that plays, with the arguments of its family's variants, and other noise if it takes any.

    Those that refuse the problem, such as one with unbounded rewards, do so in ``reset``.
    """
    variants = {name: arguments for family in families() for name, arguments in family.variants.items()}
    for name in POLICIES.table:
        cls = POLICIES.load(name)
        if name == "clairvoyant" or not can_play(cls, environment.problem):
            continue
        given = list(variants.get(name, ({},)))
        if "noise" in inspect.signature(cls).parameters:
            given += [{"noise": size(rng)}, {"noise": size(rng), "prior_deviation": size(rng)}]
        for arguments in given:
            try:
                cls(**arguments).reset(environment.problem, np.random.default_rng(0))
            except ValueError:
                continue
            yield f"{name}({arguments})", cls(**arguments)


def judged_by(bound):
    return bound.kind == "upper" and bound.time != "asymptotic"


def curves(environment, policy, times, seed):
    """Regrets by definition [n_replicates, n_times]; bounds with mean curves [n_times]; the largest sum.

    A policy of which no bound holds in the first replicate is not played on.
    """
    regrets, bounds, most = {}, {}, 0.0
    for replicate in range(REPLICATES):
        environment.begin(environment.draw(np.random.default_rng([seed, replicate, 0])))
        policy.reset(environment.problem, np.random.default_rng([seed, replicate, 1]))
        while environment.clock < times[-1]:
            policy.advance(environment, int(times[-1]) - environment.clock)
        metrics, comparators = environment.metrics(times), environment.comparators(times)
        for regret in environment.regrets():
            curve = comparators[regret.comparator] - metrics[regret.series]
            most = max(most, np.abs(metrics[regret.series]).max(), np.abs(comparators[regret.comparator]).max())
            regrets.setdefault((regret.comparator_class, regret.name), []).append(curve)
        for i, bound in enumerate(bounds_of(policy, environment.problem, environment.instance())):
            _, holds, sums = bounds.get(i, (bound, True, 0.0))
            bounds[i] = bound, holds and bound.holds, sums + bound.curve(times.astype(float)) / REPLICATES
        if not any(holds and judged_by(bound) for bound, holds, _ in bounds.values()):
            break
    return {key: np.array(rows) for key, rows in regrets.items()}, list(bounds.values()), most


def violated(regret, bound, limit, size):
    """Whether the regret [n_replicates, n_times] is above the limit [n_times], beyond chance and rounding.

    Regret is a difference of sums up to ``size``, of which some twelve digits are right.
    """
    at = slice(-1, None) if bound.time == "at the horizon" else slice(None)
    slack = 1e-9 * np.maximum(1.0, np.abs(limit)) + 1e-12 * size
    above = regret > limit + slack
    if bound.delta is not None:
        return binom.sf(above.sum(axis=0)[at] - 1, REPLICATES, bound.delta).min() < 1e-5
    error = regret.std(axis=0, ddof=1) / np.sqrt(REPLICATES)
    return bool(np.any((regret.mean(axis=0) - 6.0 * error > limit + slack)[at]))


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_no_bound_that_claims_to_hold_is_violated(kind):
    judged = set()
    for seed in range(INSTANCES):
        rng = np.random.default_rng([20260, KINDS.index(kind), seed])
        n_arms = int(rng.choice([1, 2, 3, 12]))
        horizon = int(rng.choice([1, 2, n_arms, 60, 400]))
        if kind in (stream, misdeclared):
            horizon = max(horizon, n_arms)
        environment = kind(rng, n_arms, horizon)
        times = np.unique(np.round(np.geomspace(1, horizon, 25)).astype(np.int64))
        for name, policy in policies(environment, rng):
            regrets, bounds, most = curves(environment, policy, times, seed)
            for bound, holds, limit in bounds:
                if not holds or not judged_by(bound):
                    continue
                same = [
                    curve
                    for (comparator_class, _), curve in regrets.items()
                    if comparator_class == bound.comparator_class
                ]
                assert same, f"{name}: {bound.name} meets no regret definition"
                judged.add(name)
                assert not violated(same[0], bound, limit, most), (
                    f"seed {seed}, K = {n_arms}, T = {horizon}: {name}: {bound.name} says {limit[-1]:g}, "
                    f"mean regret {same[0].mean(axis=0)[-1]:g}"
                )
    assert judged, "some bound is judged"


@pytest.mark.parametrize("noise", [0.1, 0.999])
def test_what_rests_on_the_declared_noise_does_not_hold_where_it_is_too_small(noise):
    environment = GaussianArms([0.0, 0.3], 1.0, 400)
    problem = replace(environment.problem, noise=noise)
    claims = {}
    for name, policy in policies(environment, np.random.default_rng(0)):
        policy.reset(problem, np.random.default_rng(0))
        if getattr(policy, "moment", None) is not None:  # it rests on a moment that is given in its place
            continue
        for bound in bounds_of(policy, problem, environment.instance()):
            claims[name, bound.name] = bound.holds
    assert claims, "some bound rests on it"
    assert not any(claims.values()), claims
    policy = POLICIES.load("explore_then_commit")()
    assert all(bound.holds for bound in bounds_of(policy, environment.problem, environment.instance()))
    wide = replace(environment.problem, noise=2.0)
    assert all(bound.holds for bound in bounds_of(policy, wide, environment.instance()))


@pytest.mark.parametrize(("mean", "least"), [(0.5, 0.5), (0.1, 0.4266), (1e-9, 0.1554), (0.0, 0.0)])
def test_rewards_of_0_and_1_are_covered_from_their_own_parameter_on(mean, least):
    environment = BernoulliArms([mean, mean], 60)
    for noise in (least * 0.99, least * 1.01 + 1e-9):
        policy = POLICIES.load("ucb1")()
        problem = replace(environment.problem, noise=max(noise, 1e-12))
        (bound,) = bounds_of(policy, problem, environment.instance())
        assert bound.holds == (noise > least or mean == 0.0)
