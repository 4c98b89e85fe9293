"""Thompson sampling with a shared parameter: one draw of theta for all actions.

    z ~ N(0, I_d),  theta~ = theta + v C z with C lower triangular, C C^T = V^-1,  play argmax <theta~, a>

With ``v = sigma`` and ``lambda = sigma^2 / tau^2`` this is exact sampling from the posterior of ``theta ~ N(0, tau^2
I)`` under Gaussian noise. Without inflation its regret in the worst case can grow linearly; with ``v = beta_t``, the
radius of OFUL at ``delta / (4 T)``, it is of order ``d^(3/2) sqrt(t)``, which is the best that is possible for it
(N. Hamidi, M. Bayati 2020).

References: S. Agrawal, N. Goyal, *Thompson Sampling for Contextual Bandits with Linear Payoffs*, ICML 2013; M. Abeille,
A. Lazaric, *Linear Thompson Sampling Revisited*, AISTATS 2017 (both recalled). The Bayesian bound is derived in this
project. ``LinTS`` of the family "contextual" draws a number for each action, from a parameter of its own: another law.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from bandits.arguments import flag, probability, real
from bandits.arms.problem import Actions, Block
from bandits.contract import Array, Assumption, Bound, Instance
from bandits.kernels import kernel
from bandits.linear.ellipsoid import Radius, new_radius, radius_of
from bandits.linear.policy import RidgePolicy
from bandits.linear.problem import LinearActionsProblem
from bandits.linear.ridge import Ridge, cholesky, first_best, learn
from bandits.linear.theory import (
    FEATURES,
    LINEAR,
    NOISE,
    NORMS,
    PRIOR,
    STEADY,
    LinearModel,
    comparator_class,
    confidence,
    holds,
    log_determinant,
    stretched,
)
from bandits.normals import standard_normal


@kernel
def _choose(rows: Array, ridge: Ridge, radius: Radius, normals: Array, lower: Array, theta: Array) -> int:
    cholesky(ridge.inverse, lower)
    v, d = radius_of(ridge, radius), theta.size
    for j in range(d):
        theta[j] = 0.0
        for k in range(j + 1):
            theta[j] += lower[j, k] * normals[k]
        theta[j] = ridge.theta[j] + v * theta[j]
    for i in range(rows.shape[0]):
        score = 0.0
        for j in range(d):
            score += rows[i, j] * theta[j]
        ridge.scores[i] = score
    return first_best(ridge.scores)


@kernel
def _play(
    block: Block,
    features: Array,
    actions: Actions,
    ridge: Ridge,
    fixed: bool,
    radius: Radius,
    normals: Array,
    lower: Array,
    theta: Array,
) -> None:
    step = 0 if fixed else 1
    for s in range(actions.size):
        rows = features[s * step]
        arm = _choose(rows, ridge, radius, normals[s], lower, theta)
        reward = block.levels[s * block.stride, arm] + block.noise[s]
        if block.binary:
            reward = 1.0 if reward > 0.0 else 0.0
        learn(rows, arm, reward, ridge, False)
        actions[s] = arm


class LinearTS(RidgePolicy):
    """Thompson sampling with one parameter for all actions.

    Args:
        scale: v >= 0, factor of the posterior's deviation; None for the problem's sigma.
        inflated: whether v is OFUL's radius at ``delta / (4 T)``; ``scale`` must be None then.
        ridge: lambda > 0.
        delta: in (0, 1), of the inflated radius; None for ``1 / horizon``, and for 0.01 where the horizon is not told.
    """

    def __init__(
        self, scale: float | None = None, inflated: bool = False, ridge: float = 1.0, delta: float | None = None
    ) -> None:
        super().__init__(ridge)
        self.scale = None if scale is None else real("scale", scale, 0.0, closed="low")
        self.inflated = flag("inflated", inflated)
        self.delta = None if delta is None else probability("delta", delta)
        if self.inflated and scale is not None:
            raise ValueError(f"scale must be None where inflated is True, got {scale!r}")

    def begin(self, problem: LinearActionsProblem) -> None:
        delta = confidence(self.delta, problem.horizon)
        if self.inflated:
            self._radius = new_radius(problem, delta / (4.0 * (problem.horizon or 1)))
        else:
            self._radius = new_radius(problem, delta, 0.0, problem.sigma if self.scale is None else self.scale)
        d = problem.dimension
        self._lower, self._theta = np.zeros((d, d)), np.zeros(d)

    def pick(self, rows: Array) -> int:
        normals = self._rng.standard_normal(self._theta.size)
        return _choose(rows, self._ridge, self._radius, normals, self._lower, self._theta)

    def take(self, rows: Array, action: int, reward: float) -> None:
        learn(rows, action, reward, self._ridge, False)

    def play(self, block: Block, features: Array, actions: Actions) -> None:
        normals = standard_normal(self._rng, np.empty((actions.size, self._theta.size)))
        _play(block, features, actions, self._ridge, self._fixed, self._radius, normals, self._lower, self._theta)

    def regret_bounds(self, problem: LinearActionsProblem, instance: Instance) -> Sequence[Bound]:
        """The Bayesian bound ``sigma sqrt(2 ln(K t) t c G_t) + tau L / sqrt(2 pi)`` (derived), or an order.

        With ``U = m + b s``, s the posterior deviation and ``b = sqrt(2 ln(K t))``, the action drawn and the best one
        have the same law: ``E (U(a_t) - theta(a_t)) = b E s(a_t)``, which adds up as OFUL's widths do, and the best
        exceeds its U by at most ``K tau L exp(-b^2 / 2) / sqrt(2 pi)`` a round in expectation, so by
        ``tau L / sqrt(2 pi)`` in t rounds. It is about posterior sampling: v = sigma and ``lambda = sigma^2 / tau^2``.
        """
        if not isinstance(instance, LinearModel):
            return ()
        kind, sigma, d = comparator_class(instance), float(problem.sigma), problem.dimension
        if self.inflated:
            return (
                Bound(
                    "inflated TS rate",
                    "order",
                    lambda t: d**1.5 * np.sqrt(t),
                    kind,
                    "Abeille and Lazaric 2017 [recall]; Hamidi and Bayati 2020, abstract; the constant is a convention",
                    "convention",
                    holds(instance, problem, LINEAR, NORMS, NOISE, STEADY),
                ),
            )
        if self.scale not in (None, sigma) or sigma == 0.0:
            return ()
        tau = sigma / math.sqrt(self.ridge)
        prior = instance.prior_deviation
        exact = prior is not None and math.isclose(prior, tau, rel_tol=1e-9)
        stretch, actions = stretched(problem.feature_norm**2 / self.ridge), problem.n_actions

        def curve(t: Array) -> Array:
            widths = np.sqrt(2.0 * np.log(actions * t) * t * stretch * log_determinant(t, problem, self.ridge))
            return np.asarray(sigma * widths + tau * problem.feature_norm / math.sqrt(2.0 * math.pi))

        assumptions = (
            *holds(instance, problem, LINEAR, PRIOR, FEATURES, STEADY),
            Assumption("the noise has the declared deviation", instance.sub_gaussian == sigma),
            Assumption("lambda = sigma^2 / tau^2", exact),
        )
        source = "derived in this project; Lattimore and Szepesvári, draft, chapter 36, has it for a ball"
        return (Bound("Bayesian bound", "upper", curve, kind, source, "derived", assumptions),)
