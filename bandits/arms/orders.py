"""What theorems say up to a constant, in the two forms that most theorems about arms have."""

from __future__ import annotations

import math

import numpy as np

from bandits.arms.problem import BanditProblem
from bandits.arms.theory import BOUNDED, STATIONARY, ArmsInstance, divergences, gaps_of, holds, of_family
from bandits.contract import Array, Assumption, Bound, Instance


def minimax_order(
    name: str, horizon: int, problem: BanditProblem, instance: Instance, source: str, *more: Assumption
) -> tuple[Bound, ...]:
    """``width sqrt(K T)`` at the horizon, for sub-Gaussian rewards of fixed means; nothing where means are unknown.

    Args:
        name: of the bound.
        horizon: the one in the policy's formula.
        problem: what the learner is told.
        instance: what the analysis knows.
        source: where the theorem stands.
        more: what else the theorem assumes.
    """
    if not isinstance(instance, ArmsInstance) or instance.means is None:
        return ()
    value = problem.width * math.sqrt(problem.n_actions * horizon)
    tuned = Assumption("the horizon of the index is that of the run", horizon == problem.horizon)
    assumptions = (*holds(instance, STATIONARY, problem=problem), tuned, *more)
    return (
        Bound(
            name,
            "order",
            lambda t: np.full(np.shape(t), value),
            "fixed",
            source,
            "convention",
            assumptions,
            time="at the horizon",
        ),
    )


def asymptotic_order(
    name: str, problem: BanditProblem, instance: Instance, source: str, *more: Assumption, key: str = BOUNDED
) -> tuple[Bound, ...]:
    """Lai and Robbins' rate ``sum gap_i / d(mean_i, mean*) ln t`` with Bernoulli's divergence, for rewards in a range.

    Args:
        name: of the bound.
        problem: what the learner is told.
        instance: what the analysis knows.
        source: where the theorem stands.
        more: what else the theorem assumes.
        key: what it assumes of the rewards.
    """
    if not isinstance(instance, ArmsInstance) or not problem.bounded:
        return ()
    gaps, means = gaps_of(instance), instance.means
    if gaps is None or means is None:
        return ()
    mapped = np.clip((means - problem.low) / (problem.high - problem.low), 0.0, 1.0)
    about = (*holds(instance, STATIONARY, key), *more)
    return rate(name, gaps, divergences("bernoulli", mapped, float(np.max(mapped))), source, about)


def family_rate(
    name: str, family: str, problem: BanditProblem, instance: Instance, source: str, *more: Assumption
) -> tuple[Bound, ...]:
    """Lai and Robbins' rate ``sum gap_i / d(mean_i, mean*) ln t`` of a family other than Bernoulli's.

    The rest as in ``asymptotic_order``.
    """
    if not isinstance(instance, ArmsInstance):
        return ()
    gaps, means = gaps_of(instance), instance.means
    if gaps is None or means is None:
        return ()
    sigma = problem.width / 2.0 if family == "gaussian" else math.nan
    about = (*holds(instance, STATIONARY), *of_family(instance, family, problem), *more)
    return rate(name, gaps, divergences(family, means, float(np.max(means)), sigma), source, about)


def bounded_rate(name: str, instance: Instance, source: str) -> tuple[Bound, ...]:
    """Burnetas and Katehakis' rate ``sum gap_i / K_inf_i ln t`` for all laws on [0, 1], where ``K_inf`` is known."""
    if not isinstance(instance, ArmsInstance) or instance.kinf is None:
        return ()
    gaps = gaps_of(instance)
    assert gaps is not None
    return rate(name, gaps, instance.kinf, source, holds(instance, STATIONARY, BOUNDED))


def rate(
    name: str, gaps: Array, divergences: Array, source: str, assumptions: tuple[Assumption, ...]
) -> tuple[Bound, ...]:
    """The rate ``sum gap_i / D_i ln t`` that policies have whose leading constant is the best one.

    There is none where it is not finite: a gap too small for a divergence, a mean that no law of the family has.

    Args:
        name: of the bound.
        gaps: [n_arms] in reward units.
        divergences: [n_arms] ``D_i`` of the arms with a gap.
        source: where it is shown that the policy has the rate.
        assumptions: of that.
    """
    bad = gaps > 0
    with np.errstate(divide="ignore", invalid="ignore"):
        slope = float(np.sum(gaps[bad] / divergences[bad]))
    if not math.isfinite(slope):
        return ()
    return (
        Bound(
            name,
            "order",
            lambda t: slope * np.log(np.maximum(t, 1.0)),
            "fixed",
            source,
            "recalled",
            assumptions,
            time="asymptotic",
        ),
    )
