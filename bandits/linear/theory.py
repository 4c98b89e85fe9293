"""What the theorems about one parameter shared by all actions ask of the instance."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from bandits.arms.theory import ArmsInstance
from bandits.contract import Array, Assumption, Instance
from bandits.linear.asymptotic import Allocation, allocation
from bandits.linear.problem import Features, LinearActionsProblem

LINEAR = "linear"
NEARLY = "nearly"
NORMS = "norms"
NOISE = "noise"
FIXED = "fixed"
PRIOR = "prior"
STEADY = "steady"
OBLIVIOUS = "oblivious"

_TEXTS = {
    LINEAR: "mean rewards are linear in the features",
    NEARLY: "mean rewards differ from linear ones by at most the declared misspecification",
    NORMS: "theta and all features are within the declared norms",
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
    """

    features: Features

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
        return allocation(self.features.array, self.means, self.sub_gaussian)

    @property
    def asymptotic_constant(self) -> float | None:
        """c* of the asymptotic lower bound, or None where ``allocation`` raises."""
        try:
            return self.allocation.constant
        except ValueError:
            return None


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
