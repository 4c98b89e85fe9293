"""What the theorems about one parameter shared by all actions ask of the instance."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache

import numpy as np

from bandits.arms.theory import ArmsInstance
from bandits.contract import Array, Assumption, Bound, Instance, TimeClaim
from bandits.linear.asymptotic import Allocation, allocation
from bandits.linear.problem import Features, LinearActionsProblem
from bandits.linear.trace import Trace, at

LINEAR = "linear"
NEARLY = "nearly"
NORMS = "norms"
FEATURES = "features"
NOISE = "noise"
FIXED = "fixed"
PRIOR = "prior"
STEADY = "steady"
OBLIVIOUS = "oblivious"

_TEXTS = {
    LINEAR: "mean rewards are linear in the features",
    NEARLY: "mean rewards differ from linear ones by at most the declared misspecification",
    NORMS: "theta and all features are within the declared norms",
    FEATURES: "all features are within the declared norm",
    NOISE: "the declared noise covers the rewards'",
    FIXED: "the set of actions is fixed",
    PRIOR: "theta is drawn from N(0, tau^2 I), with Gaussian noise",
    STEADY: "theta does not change",
    OBLIVIOUS: "rewards do not depend on the learner's actions",
}


@dataclass(frozen=True, eq=False, kw_only=True)
class LinearModel(Instance):
    """One parameter for all actions, as the analysis knows it. What is not stated, no theorem may assume.

    Attributes:
        theta: [dimension] parameter of the run, or None where it changes.
        error: largest difference of a mean reward from a linear one; None where it is not known.
        parameter_norm: largest norm of theta in the run, or None.
        feature_norm: largest norm of an action's features, or None.
        sub_gaussian: sub-Gaussian parameter of the noise, or None.
        noise_is_gaussian: whether noise is Gaussian, with standard deviation ``sub_gaussian``.
        prior_deviation: tau, where theta is drawn from N(0, tau^2 I) anew in every run; else None.
        largest_gap: largest gap of an action to the best of its round, or a bound on it.
        changing: whether features are new in every round.
        steady: whether theta is the same throughout a run.
        oblivious_rewards: whether rewards do not depend on the learner's actions.
    """

    theta: Array | None = None
    error: float | None = None
    parameter_norm: float | None = None
    feature_norm: float | None = None
    sub_gaussian: float | None = None
    noise_is_gaussian: bool = False
    prior_deviation: float | None = None
    largest_gap: float | None = None
    changing: bool = False
    steady: bool = False
    oblivious_rewards: bool = False

    @property
    def linear(self) -> bool:
        """Whether mean rewards are known to be linear in the features."""
        return self.error == 0.0


@dataclass(frozen=True, eq=False, kw_only=True)
class LinearInstance(LinearModel, ArmsInstance):
    """A fixed set: arms with features.

    Attributes:
        features: of the actions.
        counts_queries: whether the environment counts the different actions played, as a regret of the class "queries".
    """

    features: Features
    counts_queries: bool = False

    @cached_property
    def spans(self) -> int:
        """Rank of the features."""
        return int(np.linalg.matrix_rank(self.features.array))

    @property
    def gaps(self) -> Array | None:
        """Gaps [n_actions] to the best mean, or None where means change."""
        return None if self.means is None else np.asarray(np.max(self.means) - self.means)

    @cached_property
    def allocation(self) -> Allocation:
        """The asymptotically optimal allocation, in rounds for each ``ln t``, and its price; see ``asymptotic``.

        Raises:
            ValueError: there is none, or it cannot be computed with a certificate: why.
        """
        if self.means is None or self.sub_gaussian is None:
            raise ValueError("means must be fixed for an asymptotic allocation, got ones that change")
        return _allocated(self.features, self.means.tobytes(), self.sub_gaussian)

    @property
    def asymptotic_constant(self) -> float | None:
        """c* of the asymptotic lower bound, or None where ``allocation`` raises."""
        try:
            return self.allocation.constant
        except ValueError:
            return None


@lru_cache(maxsize=8)
def _allocated(features: Features, means: bytes, sigma: float) -> Allocation:
    """As ``allocation``: worked out once, as it may take seconds, and jobs of one experiment ask for the same."""
    return allocation(features.array, np.frombuffer(means), sigma)


def holds(instance: LinearModel, problem: LinearActionsProblem, *keys: str) -> tuple[Assumption, ...]:
    """The named assumptions (``LINEAR``, ``NORMS``, ...), each with whether the instance states that it holds."""
    return tuple(Assumption(_TEXTS[key], *_found(instance, problem, key)) for key in keys)


def _found(instance: LinearModel, problem: LinearActionsProblem, key: str) -> tuple[bool, float | None]:
    def within(value: float | None, limit: float) -> bool:
        return value is not None and value <= limit * (1.0 + 1e-9) + 1e-300

    if key == LINEAR:
        return instance.linear, instance.error
    if key == NEARLY:
        return within(instance.error, problem.misspecification), instance.error
    if key == NORMS:
        return (
            within(instance.parameter_norm, problem.parameter_norm)
            and within(instance.feature_norm, problem.feature_norm),
            None,
        )
    if key == FEATURES:
        return within(instance.feature_norm, problem.feature_norm), instance.feature_norm
    if key == NOISE:
        return within(instance.sub_gaussian, problem.sigma), instance.sub_gaussian
    if key == FIXED:
        return not instance.changing, None
    if key == PRIOR:
        return instance.prior_deviation is not None and instance.noise_is_gaussian, None
    return (instance.steady if key == STEADY else instance.oblivious_rewards), None


def confidence(delta: float | None, horizon: int | None) -> float:
    """The probability delta with which a confidence set may fail: as given, else ``1 / horizon``, else 0.01."""
    if delta is not None:
        return delta
    return 0.01 if horizon is None else min(1.0 / horizon, 0.5)


def stretched(x: float) -> float:
    """``c(x) = x / ln(1 + x)``, of the elliptical potential with any weight of the ridge (derived); 1 at 0."""
    return float(x / np.log1p(x)) if x > 0.0 else 1.0


def log_determinant(t: Array, problem: LinearActionsProblem, ridge: float) -> Array:
    """``G_t = d ln(1 + t L^2 / (lambda d))``, which ``ln det V - d ln lambda`` does not exceed, at times [n]."""
    d = problem.dimension
    return np.asarray(d * np.log1p(t * problem.feature_norm**2 / (ridge * d)))


def radius(t: Array, problem: LinearActionsProblem, ridge: float, delta: float) -> Array:
    """``B_t = sigma sqrt(2 ln(1 / delta) + G_t) + sqrt(lambda) S`` at times [n].

    Abbasi-Yadkori, Pál, Szepesvári 2011, Theorem 2 (recalled).
    """
    inside = 2.0 * np.log(1.0 / delta) + log_determinant(t, problem, ridge)
    return np.asarray(problem.sigma * np.sqrt(inside) + np.sqrt(ridge) * problem.parameter_norm)


ELLIPSOID = "radius: Abbasi-Yadkori, Pál, Szepesvári 2011, Theorem 2 [recall]; the rest derived in this project"


def comparator_class(instance: LinearModel) -> str:
    """Of the best action: fixed, or of each round where features change."""
    return "dynamic" if instance.changing else "fixed"


def optimism_bounds(
    name: str,
    instance: LinearModel,
    problem: LinearActionsProblem,
    ridge: float,
    delta: float,
    *,
    factor: float = 2.0,
    error: float | None = None,
    trace: Trace | None = None,
) -> Sequence[Bound]:
    """``factor B_t sqrt(t c G_t) + delta t gmax`` for policies on the ellipsoid, and ``trace + delta t gmax`` of a run.

    Where the ellipsoid holds, a round of an optimistic policy costs at most ``2 beta sqrt(q)``, q the square of the
    width of the action played. By Cauchy and Schwarz the sum is at most ``2 B_t sqrt(t sum q)``, and ``sum q <= c G_t``
    with ``c = c(L^2 / lambda)``, as ``q <= L^2 / lambda`` and ``x / ln(1 + x)`` grows. Where it fails, at most gmax a
    round is lost. All is in expectation (derived).

    Args:
        name: of the policy, for the bounds' names.
        instance: the instance.
        problem: what is played.
        ridge: lambda.
        delta: probability of failure.
        factor: of the first term.
        error: eps, where the radius makes up for misspecification: it grows by ``eps sqrt(t)`` and each round costs
            ``2 eps`` more; None where rewards are taken to be linear.
        trace: the sum of ``2 beta sqrt(q)`` in the run, or None.
    """
    if instance.largest_gap is None:
        return ()
    gap = instance.largest_gap
    stretch = stretched(problem.feature_norm**2 / ridge)
    floor = 0.0 if error is None else 2.0 * error
    assumptions = holds(instance, problem, LINEAR if error is None else NEARLY, NORMS, NOISE, STEADY)

    def known(t: Array) -> Array:
        width = radius(t, problem, ridge, delta) + (0.0 if error is None else error * np.sqrt(t))
        growth = log_determinant(t, problem, ridge)
        return np.asarray(factor * width * np.sqrt(t * stretch * growth) + (floor + delta * gap) * t)

    tuned = problem.horizon is not None and delta * problem.horizon <= 1.0 + 1e-9
    time: TimeClaim = "no rate" if floor > 0.0 or not tuned else "horizon-tuned"
    bounds = [
        Bound(f"{name} bound", "upper", known, comparator_class(instance), ELLIPSOID, "derived", assumptions, time)
    ]
    if trace is not None:
        bounds.append(
            Bound(
                f"{name}, of the run",
                "upper",
                lambda t: np.asarray(at(trace, t) + (floor + delta * gap) * t),
                comparator_class(instance),
                ELLIPSOID,
                "derived",
                assumptions,
                "no rate",
                data_dependent=True,
            )
        )
    return tuple(bounds)
