"""What the theorems about arms ask of the instance."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property, lru_cache

import numpy as np
from numpy.typing import NDArray

from bandits.arms.kinf import kinf
from bandits.contract import Array, Assumption, Bound, Evidence, Instance, NoisyProblem

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


Law = tuple[str, float | tuple[float, ...], float | tuple[float, ...]]
"""Name and two numbers of a law of the means, the same for all arms or one for each."""


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
            or ("gaussian", mean, deviation), with tuples [n_arms] of numbers where arms differ; None where they are not
            drawn so.
        hard_for: the horizon for which the means are drawn from the hard instances of ``minimax.py``, or None.
        family: the family of one parameter that the rewards of all arms are of (``bandits.arms.problem.FAMILIES``), or
            None.
        laws: (values, probabilities) of each arm's rewards where they have finitely many values, or None.
        largest_loss: the largest ``high - reward`` of any arm in the run where that is known beyond the declared range,
            or None.
        constrained_gap: [n_arms] by which the mean of each arm is below that of one best arm in every round, apart from
            corrupted ones; or None. Stationary rewards need not state it, see ``constrained_gap_of``.
        corruption: the most rounds that may be corrupted, in which means are others.
        moment: of rewards with no sub-Gaussian parameter: maps an order and centres [n_arms] to
            ``E |x_i - centre_i|^order`` [n_arms], inf where there is none; else None.
        jumps: the rounds [n_changes], from 1 and increasing, whose means are not those of the round before, and the
            largest difference [n_changes] of any arm's mean there, in reward units; None where that is not known.
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
    prior: Law | None = None
    hard_for: int | None = None
    largest_loss: float | None = None
    constrained_gap: Array | None = None
    corruption: int = 0
    moment: Callable[[float, Array], Array] | None = None
    family: str | None = None
    laws: tuple[tuple[Array, Array], ...] | None = None
    jumps: tuple[NDArray[np.int64], Array] | None = None

    @cached_property
    def kinf(self) -> Array | None:
        """``K_inf`` [n_arms] of each arm's rewards to the best mean (``bandits.arms.kinf``), 0 for the best arm.

        None where rewards are not known to be of finitely many values in [0, 1].
        """
        if self.bernoulli and self.means is not None:
            return divergences("bernoulli", self.means, float(np.max(self.means)))
        if self.laws is None or self.means is None:
            return None
        best = float(np.max(self.means))
        return np.array([kinf(*law, best) if m < best else 0.0 for law, m in zip(self.laws, self.means, strict=True)])

    @property
    def segments(self) -> int | None:
        """Number of segments of the run with one vector of means each, or None where that is not known."""
        return None if self.changes is None else self.changes + 1

    @property
    def variation(self) -> float | None:
        """``sum_t max_i |mean_i(t + 1) - mean_i(t)|`` over the run, in reward units, or None where it is not known."""
        known = self.jumps is not None or self.changes == 0
        return float(self.variation_until(np.array([np.inf]))[0]) if known else None

    @property
    def smallest_change(self) -> float | None:
        """The smallest of the changes, of each the largest over the arms, in reward units; None if there is none."""
        return float(np.min(self.jumps[1])) if self.jumps is not None and self.jumps[1].size else None

    def variation_until(self, t: Array) -> Array:
        """The variation [n] up to rounds [n], where it is known."""
        rounds, sizes = (np.empty(0), np.empty(0)) if self.jumps is None else self.jumps
        return np.append(0.0, np.cumsum(sizes))[np.searchsorted(rounds, t, side="right")]

    @property
    def minimax_noise(self) -> float | None:
        """The least sub-Gaussian parameter of all arms' rewards, as far as it is known.

        That of rewards that are 1 with probability p is ``sqrt((1 - 2 p) / (2 ln((1 - p) / p)))`` (Kearns and Saul
        1998), at most 1/2; that of Gaussian ones their standard deviation, which no parameter is below. Where moments
        are stated in its place, there is none.
        """
        if self.moment is not None:
            return math.inf
        if self.bernoulli:
            if self.means is None:
                return 0.5
            away = self.means - 0.5  # the parameter falls as the mean goes away from 1/2
            distance = float(np.min(np.abs(away, out=away)))
            if distance <= 1e-6 or distance >= 0.5:
                return 0.5 if distance <= 1e-6 else 0.0
            return math.sqrt(distance / math.log((0.5 + distance) / (0.5 - distance)))
        return None if self.variances is None else math.sqrt(float(np.max(self.variances)))

    @property
    def best_arm_entropy(self) -> float | None:
        """Entropy of the best arm under the prior, in nats; None where means are not drawn."""
        return None if self.prior is None or self.means is None else best_arm_entropy(self.prior, len(self.means))


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
    least, declared = instance.minimax_noise, problem.width / 2.0
    covers = least is None or least <= declared * (1.0 + 1e-9)
    if GAUSSIAN in keys and instance.variances is not None:
        covers &= bool(np.allclose(np.sqrt(instance.variances), declared, rtol=1e-9, atol=0.0))
    return (*named, Assumption("the declared noise covers the rewards'", covers, least))


def of_family(instance: ArmsInstance, family: str, problem: NoisyProblem) -> tuple[Assumption, ...]:
    """That rewards are of the family: the instance says so, and that Gaussian ones have the declared noise."""
    if family == "gaussian":
        return holds(instance, GAUSSIAN, problem=problem)
    return (Assumption(f"rewards are of the family {family}", instance.family == family),)


def divergences(family: str, means: Array, best: float, sigma: float = math.nan) -> Array:
    """Divergences [n_arms] of laws of a family from the one of the best mean (formulas: ``bandits.arms.families``).

    Args:
        family: one of ``bandits.arms.problem.FAMILIES``.
        means: [n_arms], each at most ``best``.
        best: the best mean.
        sigma: standard deviation, of Gaussian rewards.
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        if family == "gaussian":
            return np.asarray((best - means) ** 2 / (2.0 * sigma**2))
        ratio = np.where(means == best, 1.0, means / best)
        log = np.log(ratio)
        if family == "exponential":
            return np.asarray(ratio - 1.0 - log)
        first = np.where(means > 0.0, means * log, 0.0)
        if family == "poisson":
            return np.asarray(best - means + first)
        rest = np.where(means == best, 0.0, (1.0 - means) * np.log((1.0 - means) / (1.0 - best)))
        return np.asarray(first + rest)


@lru_cache(maxsize=64)
def best_arm_entropy(law: Law, n_arms: int) -> float:
    """Entropy of the best of independent means, in nats: ``ln n_arms`` where all have one law, else by quadrature.

    ``P(i is best) = int_0^1 prod_{j != i} F_j(F_i^{-1}(u)) du``, by midpoints.

    Args:
        law: of the means, as ``ArmsInstance.prior``.
        n_arms: their number.
    """
    laws = list(zip(*_for_each(law, n_arms), strict=True))
    if len(set(laws)) == 1:
        return math.log(n_arms)
    from scipy.stats import beta, norm

    kind = {"beta": beta, "gaussian": norm}[law[0]]
    u, shares = (np.arange(4096) + 0.5) / 4096, []
    for i in range(n_arms):
        x = kind.ppf(u, *laws[i])
        shares.append(np.prod([kind.cdf(x, *other) for j, other in enumerate(laws) if j != i], axis=0).mean())
    p = np.array(shares) / sum(shares)
    p = p[p > 0.0]
    return float(-np.sum(p * np.log(p)))


def _for_each(law: Law, n_arms: int) -> tuple[tuple[float, ...], ...]:
    """The numbers of a law, one for each arm."""
    return tuple(numbers if isinstance(numbers, tuple) else (numbers,) * n_arms for numbers in law[1:])


def drawn_from(instance: ArmsInstance, law: Law, n_arms: int) -> Assumption:
    """That means are drawn from the prior that a policy has: their parameters agree exactly."""
    name = {"beta": "Beta", "gaussian": "Gaussian"}[law[0]]
    prior = instance.prior
    same = prior is not None and prior[0] == law[0] and _for_each(prior, n_arms) == _for_each(law, n_arms)
    return Assumption(f"means are drawn from the {name} prior", same)


def averaged(instance: ArmsInstance) -> str:
    """The comparator class of a theorem on the regret in the mean over means that are drawn.

    It is "bayesian" where they are. Where they are given the theorem is shown in grey, beside those that speak of them.
    """
    return "fixed" if instance.prior is None else "bayesian"


def bayesian_bound(
    problem: NoisyProblem, instance: ArmsInstance, law: Law, n_arms: int, source: str, evidence: Evidence
) -> Bound:
    """The bound ``range sqrt(n_arms t H / 2)`` on the regret in the mean over means drawn from a policy's Beta prior.

    ``H`` is the entropy of the best arm.
    """
    factor = (problem.high - problem.low) * math.sqrt(n_arms * best_arm_entropy(law, n_arms) / 2.0)
    return Bound(
        "Bayesian bound",
        "upper",
        lambda t: factor * np.sqrt(t),
        averaged(instance),
        source,
        evidence,
        (*holds(instance, STATIONARY, BERNOULLI), drawn_from(instance, law, n_arms)),
    )


def gaps_of(instance: ArmsInstance) -> Array | None:
    """Gaps [n_arms] to the best mean in reward units, or None where the arms have no fixed means."""
    if instance.means is None:
        return None
    return np.asarray(np.max(instance.means) - instance.means)


def constrained_gap_of(instance: ArmsInstance) -> Array | None:
    """Gaps [n_arms] to one best arm in every round that is not corrupted, or None."""
    if instance.constrained_gap is None and instance.stationary:
        return gaps_of(instance)
    return instance.constrained_gap


def moment_of(instance: ArmsInstance, order: float, centred: bool) -> float | None:
    """The largest ``E |x - mean|^order`` of any arm, or ``E |x|^order``, for 1 < order <= 2; None where not known.

    Where variances alone are known, a bound on it by Jensen's inequality, exact for order 2.
    """
    if instance.means is None or not instance.stationary:
        return None
    if instance.moment is not None:
        return float(np.max(instance.moment(order, instance.means if centred else np.zeros_like(instance.means))))
    if instance.variances is None:
        return None
    squares = instance.variances if centred else instance.variances + instance.means**2
    return math.pow(float(np.max(squares)), order / 2.0)


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


def comparator_class(instance: ArmsInstance) -> str:
    """Against whom a bound on regret to the best arm of every round is drawn: where nothing changes, the best arm."""
    return "fixed" if instance.stationary and instance.jumps is None else "dynamic"


def at_most_segments(instance: ArmsInstance, most: int) -> Assumption:
    """That means change so rarely that there are at most ``most`` segments."""
    found = instance.segments
    return Assumption(f"at most {most} segment{'s' if most > 1 else ''}", found is not None and found <= most, found)
