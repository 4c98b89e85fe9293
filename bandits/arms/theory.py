"""What the theorems about arms ask of the instance."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from bandits.contract import Array, Assumption, Instance, NoisyProblem

STATIONARY = "stationary"
OBLIVIOUS = "oblivious"
BERNOULLI = "bernoulli"
BOUNDED = "bounded"
GAUSSIAN = "gaussian"

_TEXTS = {
    STATIONARY: "rewards of an arm are independent with one mean throughout",
    OBLIVIOUS: "rewards do not depend on the learner's actions",
    BERNOULLI: "rewards are 0 or 1",
    BOUNDED: "rewards lie in a known finite range",
    GAUSSIAN: "rewards are Gaussian with the declared standard deviation",
}


@dataclass(frozen=True, eq=False, kw_only=True)
class ArmsInstance(Instance):
    """Arms, as the analysis knows them. What an environment does not state, no theorem may assume.

    Attributes:
        means: [n_arms] of stationary rewards, in reward units, or None.
        variances: [n_arms] of stationary rewards, or None.
        stationary: rewards of an arm are independent with one mean throughout.
        oblivious: rewards do not depend on the learner's actions.
        bernoulli: rewards are 0 or 1.
        bounded: rewards lie in a known finite range.
        gaussian: rewards are Gaussian with the declared standard deviation.
        changes: number of changes of the means during the run, or None where that is not known.
        dynamic_gaps: where means change: [n_arms] smallest positive gap of each arm to its time's best arm, 0 where
            it never has one; else None.
        max_gaps: likewise the largest.
        prior: the law that the means are drawn from anew in every run, independently: ("beta", alpha, beta) on [0, 1],
            or ("gaussian", mean, deviation); None where they are not drawn.
        largest_loss: the largest ``high - reward`` of any arm in the run where that is known beyond the declared range,
            or None.
    """

    means: Array | None = None
    variances: Array | None = None
    stationary: bool = False
    oblivious: bool = False
    bernoulli: bool = False
    bounded: bool = False
    gaussian: bool = False
    changes: int | None = None
    dynamic_gaps: Array | None = None
    max_gaps: Array | None = None
    prior: tuple[str, float, float] | None = None
    largest_loss: float | None = None


def holds(instance: ArmsInstance, *keys: str, problem: NoisyProblem | None = None) -> tuple[Assumption, ...]:
    """The named assumptions, each with whether the instance states that it holds.

    Args:
        instance: the instance.
        keys: of the assumptions.
        problem: where the theorem rests on the sub-Gaussian parameter, half of ``problem.width``: the problem that
            declares it. That it covers the rewards is assumed, too.
    """
    named = tuple(Assumption(_TEXTS[key], bool(getattr(instance, key))) for key in keys)
    if problem is None:
        return named
    least, declared = _noise_of(instance), problem.width / 2.0
    covers = least is None or least <= declared * (1.0 + 1e-9)
    if GAUSSIAN in keys and instance.variances is not None:
        covers &= bool(np.allclose(np.sqrt(instance.variances), declared, rtol=1e-9, atol=0.0))
    return (*named, Assumption("the declared noise covers the rewards'", covers, least))


def _noise_of(instance: ArmsInstance) -> float | None:
    """The least sub-Gaussian parameter of all arms' rewards, as far as it is known.

    That of rewards that are 1 with probability p is ``sqrt((1 - 2 p) / (2 ln((1 - p) / p)))`` (Kearns and Saul 1998),
    at most 1/2; that of Gaussian ones their standard deviation, which no parameter is below.
    """
    if instance.bernoulli:
        if instance.means is None:
            return 0.5
        away = instance.means - 0.5  # the parameter falls as the mean goes away from 1/2
        distance = float(np.min(np.abs(away, out=away)))
        if distance <= 1e-6 or distance >= 0.5:
            return 0.5 if distance <= 1e-6 else 0.0
        return math.sqrt(distance / math.log((0.5 + distance) / (0.5 - distance)))
    return None if instance.variances is None else math.sqrt(float(np.max(instance.variances)))


def gaps_of(instance: ArmsInstance) -> Array | None:
    """Gaps [n_arms] to the best mean in reward units, or None where the arms have no fixed means."""
    if instance.means is None:
        return None
    return np.asarray(np.max(instance.means) - instance.means)


def dynamic_gaps_of(instance: ArmsInstance) -> tuple[Array, Array, int] | None:
    """(smallest, largest) positive gaps of the arms that ever have one, and the number of changes; or None.

    Where the means are fixed, both are the gaps and nothing changes.
    """
    smallest, largest, changes = instance.dynamic_gaps, instance.max_gaps, instance.changes
    if smallest is None or changes is None:
        smallest = largest = gaps_of(instance)
        if smallest is None or not instance.stationary:
            return None
        changes = 0
    assert largest is not None
    bad = np.isfinite(smallest) & (smallest > 0)
    return smallest[bad], largest[bad], changes
