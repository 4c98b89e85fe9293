"""Thompson sampling with Beta priors.

Arm ``i`` has the prior Beta(alpha, beta). In every round draw ``theta_i`` from each posterior and play the arm with the
largest (ties: the lowest index). A reward ``x``, mapped to [0, 1], counts as a success with probability ``x``, and as a
failure otherwise; for rewards 0 and 1 that is the reward itself.

A sample that cannot be the largest is not drawn: ``thinning.py`` says how, and why the arm played has exactly this law.

References: W. R. Thompson, *On the likelihood that one unknown probability exceeds another in view of the evidence of
two samples*, Biometrika 25, 1933; S. Agrawal and N. Goyal, *Analysis of Thompson Sampling for the Multi-armed Bandit
Problem*, COLT 2012, Algorithms 1 and 2; E. Kaufmann, N. Korda, R. Munos, *Thompson Sampling: An Asymptotically Optimal
Finite-Time Analysis*, ALT 2012, Theorem 1; D. Russo and B. Van Roy, *An Information-Theoretic Analysis of Thompson
Sampling*, JMLR 17, 2016, Propositions 1 and 3; G. Marsaglia, W. W. Tsang, *A Simple Method for Generating Gamma
Variables*, ACM Transactions on Mathematical Software 26, 2000 (the samples).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from bandits.arguments import positive
from bandits.arms.largest import Betas, leads
from bandits.arms.policy import BanditPolicy
from bandits.arms.problem import Actions, BanditProblem, Block
from bandits.arms.tails import BELOW_ONE, beta_mass, beta_trial
from bandits.arms.theory import BOUNDED, STATIONARY, ArmsInstance, bayesian_bound, gaps_of, holds
from bandits.arms.thinning import (
    EXPONENTIAL,
    NORMAL,
    Ahead,
    Thinning,
    ahead,
    choose,
    drawn,
    following,
    put,
    ran_out,
    thinning,
)
from bandits.contract import Array, Bound, Instance
from bandits.earlier import set_state
from bandits.kernels import inlined

SUCCESSES, FAILURES = 0, 1
"""Columns of the posteriors [n_arms, 2]."""


@inlined
def _gamma(shape: float, ahead: Ahead) -> float:
    """A Gamma variable of a shape >= 1, as Marsaglia and Tsang make it."""
    d = shape - 1.0 / 3.0
    c = 1.0 / math.sqrt(9.0 * d)
    while True:
        x, exponential = following(ahead, NORMAL), following(ahead, EXPONENTIAL)
        square, step = x * x, c * x
        if step > -1.0:
            v = step * (3.0 + step * (3.0 + step))  # (1 + step)^3 - 1
            y = 0.0331 * square * square  # U < 1 - y is enough, for U = exp(-exponential)
            if exponential * (1.0 - y) >= y or exponential + 0.5 * square >= d * (v - 3.0 * math.log1p(step)):
                return d * (1.0 + v)
        if ran_out(ahead):
            return d


@inlined
def _log_gamma(shape: float, ahead: Ahead) -> float:
    """The logarithm of a Gamma variable of any shape."""
    if shape >= 1.0:
        return math.log(_gamma(shape, ahead))
    return math.log(_gamma(shape + 1.0, ahead)) - following(ahead, EXPONENTIAL) / shape


@inlined
def _sample(posteriors: Array, arm: int, ahead: Ahead) -> float:
    a, b = posteriors[arm, SUCCESSES], posteriors[arm, FAILURES]
    if a >= 1.0 and b >= 1.0:
        x = _gamma(a, ahead)
        return x / (x + _gamma(b, ahead))
    return 1.0 / (1.0 + math.exp(-_log_gamma(a, ahead) + _log_gamma(b, ahead)))


@inlined
def _reach(posteriors: Array, arm: int, deviations: float) -> float:
    a, b = posteriors[arm, SUCCESSES], posteriors[arm, FAILURES]
    reached: float = (a - deviations * math.sqrt(a * b / (a + b + 1.0))) / (a + b)
    return reached


@inlined
def _mass(posteriors: Array, arm: int, level: float) -> float:
    """No sample exceeds 1, though many are rounded to it if few failures are expected."""
    if level == 1.0:
        return -math.inf
    return beta_mass(posteriors[arm, SUCCESSES], posteriors[arm, FAILURES], min(level, BELOW_ONE))


@inlined
def _trial(posteriors: Array, arm: int, level: float, exponential: float) -> tuple[float, float]:
    return beta_trial(posteriors[arm, SUCCESSES], posteriors[arm, FAILURES], min(level, BELOW_ONE), exponential)


@inlined
def _choose(
    posteriors: Array, control: Array, masses: Array, order: Actions, first: Actions, variables: Array, used: Actions
) -> int:
    return choose(
        _sample, _reach, _mass, _trial, posteriors, Thinning(control, masses, order, first), Ahead(variables, used)
    )


@inlined
def _learn(
    posteriors: Array,
    arm: int,
    share: float,
    control: Array,
    masses: Array,
    order: Actions,
    first: Actions,
    variables: Array,
    used: Actions,
) -> None:
    success = share >= 1.0 or (share > 0.0 and math.exp(-following(Ahead(variables, used), EXPONENTIAL)) < share)
    posteriors[arm, SUCCESSES if success else FAILURES] += 1.0
    put(_mass, posteriors, Thinning(control, masses, order, first), arm)


@inlined
def _play(
    block: Block,
    actions: Actions,
    s: int,
    low: float,
    span: float,
    posteriors: Array,
    control: Array,
    masses: Array,
    order: Actions,
    first: Actions,
    variables: Array,
    used: Actions,
) -> int:
    """Play from the round ``s`` on. Returns the first round not played, for want of variables or of rounds."""
    while s < actions.size:
        arm = _choose(posteriors, control, masses, order, first, variables, used)
        if arm < 0:
            break
        reward = block.levels[s * block.stride, arm] + block.noise[s]
        if block.binary:
            reward = 1.0 if reward > 0.0 else 0.0
        _learn(posteriors, arm, (reward - low) / span, control, masses, order, first, variables, used)
        actions[s] = arm
        s += 1
    return s


class BetaThompson(BanditPolicy):
    """Thompson sampling for Bernoulli rewards, or any in a finite range by randomised rounding.

    Args:
        alpha: prior successes, > 0.
        beta: prior failures, > 0. With ``alpha = beta = 1`` the prior is uniform.
    """

    by_arm = True

    def __init__(self, alpha: float = 1.0, beta: float = 1.0) -> None:
        self.alpha = positive("alpha", alpha)
        self.beta = positive("beta", beta)

    def reset(self, problem: BanditProblem, rng: np.random.Generator) -> None:
        if not problem.bounded:
            raise ValueError(f"BetaThompson needs rewards in a finite range, got [{problem.low}, {problem.high}]")
        self._rng = rng
        self._posteriors = np.empty((problem.n_actions, 2))
        self._posteriors[:] = self.alpha, self.beta
        self._thinning, self._ahead = thinning(problem.n_actions), ahead(6144 + 16 * problem.n_actions)
        self._low, self._span = float(problem.low), float(problem.high - problem.low)

    def __setstate__(self, state: Any) -> None:
        """Earlier ones kept their only level otherwise."""
        kept = set_state(self, state)
        if "_thinning" in kept:
            self._thinning = kept["_thinning"].up_to_date()

    def choose(self, observation: Any) -> int:
        while (arm := _choose(self._posteriors, *self._thinning, *self._ahead)) < 0:
            self._ahead = drawn(self._ahead, self._rng)
        return arm

    def probabilities(self, observation: Any) -> Array:
        """By quadrature (``bandits.arms.largest``) within 1e-9, as long as prior parameters are 0.05 or more."""
        return leads(self, Betas(*self._posteriors.T))

    def learn(self, action: int, reward: float) -> None:
        if ran_out(self._ahead):
            self._ahead = drawn(self._ahead, self._rng)
        share = (reward - self._low) / self._span
        _learn(self._posteriors, action, share, *self._thinning, *self._ahead)

    def play(self, block: Block, actions: Actions) -> None:
        played, state = 0, (self._low, self._span, self._posteriors, *self._thinning)
        while (played := _play(block, actions, played, *state, *self._ahead)) < actions.size:
            self._ahead = drawn(self._ahead, self._rng)

    def regret_bounds(self, problem: BanditProblem, instance: Instance) -> Sequence[Bound]:
        """The Bayesian bound ``range sqrt(K t ln(K) / 2)``, and the Lai-Robbins rate.

        The first speaks of the regret averaged over means drawn from the prior, not of given means; the second is
        asymptotic, ``sum gap_i / d(mean_i, mean*) ln(t)``, with ``d`` the divergence of Bernoulli rewards.
        """
        if not isinstance(instance, ArmsInstance):
            return ()
        if not problem.bounded:
            return ()
        span, bounds = problem.high - problem.low, []
        source = "Russo and Van Roy 2016, Propositions 1 and 3"
        law = "beta", self.alpha, self.beta
        bounds.append(bayesian_bound(problem, instance, law, problem.n_actions, source, "exact"))
        gaps, means = gaps_of(instance), instance.means
        if gaps is not None and means is not None:
            best = float(np.clip((np.max(means) - problem.low) / span, 0.0, 1.0))
            slope = sum(gap / _divergence(max(best - gap / span, 0.0), best) for gap in gaps[gaps > 0])
            bounds.append(
                Bound(
                    "Thompson rate",
                    "order",
                    lambda t: slope * np.log(np.maximum(t, 1.0)),
                    "fixed",
                    "Kaufmann, Korda, Munos 2012, Theorem 1; Agrawal and Goyal 2013, Theorem 1 (leading term)",
                    "convention",
                    holds(instance, STATIONARY, BOUNDED),
                    time="asymptotic",
                )
            )
        return bounds


def _divergence(p: float, q: float) -> float:
    """Kullback-Leibler divergence of Bernoulli variables with means p < q, in nats; infinite for q = 1."""
    if q >= 1.0:
        return math.inf
    return (p * math.log(p / q) if p > 0.0 else 0.0) + (1.0 - p) * math.log((1.0 - p) / (1.0 - q))
