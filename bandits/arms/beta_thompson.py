"""Thompson sampling with Beta priors.

Arm ``i`` has the prior Beta(alpha, beta). In every round draw ``theta_i`` from each posterior and play the arm with the
largest (ties: the lowest index). A reward ``x``, mapped to [0, 1], counts as a success with probability ``x``, decided
by one uniform a round, and as a failure otherwise; for rewards 0 and 1 that is the reward itself.

References: W. R. Thompson, *On the likelihood that one unknown probability exceeds another in view of the evidence of
two samples*, Biometrika 25, 1933; S. Agrawal and N. Goyal, *Analysis of Thompson Sampling for the Multi-armed Bandit
Problem*, COLT 2012, Algorithms 1 and 2; E. Kaufmann, N. Korda, R. Munos, *Thompson Sampling: An Asymptotically Optimal
Finite-Time Analysis*, ALT 2012, Theorem 1; D. Russo and B. Van Roy, *An Information-Theoretic Analysis of Thompson
Sampling*, JMLR 17, 2016, Propositions 1 and 3.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from bandits.arguments import positive
from bandits.arms.policy import BanditPolicy
from bandits.arms.problem import Actions, BanditProblem, Block
from bandits.arms.theory import BERNOULLI, BOUNDED, STATIONARY, ArmsInstance, gaps_of, holds
from bandits.contract import Array, Assumption, Bound, Instance
from bandits.kernels import kernel


@kernel
def _play(
    block: Block,
    actions: Actions,
    rng: np.random.Generator,
    successes: Array,
    failures: Array,
    low: float,
    span: float,
) -> None:
    for s in range(actions.size):
        best, arm = -1.0, 0
        for i in range(successes.size):
            theta = rng.beta(successes[i], failures[i])
            if theta > best:
                best, arm = theta, i
        reward = block.levels[s * block.stride, arm] + block.noise[s]
        if block.binary:
            reward = 1.0 if reward > 0.0 else 0.0
        if rng.random() < (reward - low) / span:
            successes[arm] += 1.0
        else:
            failures[arm] += 1.0
        actions[s] = arm


class BetaThompson(BanditPolicy):
    """Thompson sampling for Bernoulli rewards, or any in a finite range by randomised rounding.

    Args:
        alpha: prior successes, > 0.
        beta: prior failures, > 0. With ``alpha = beta = 1`` the prior is uniform.
    """

    def __init__(self, alpha: float = 1.0, beta: float = 1.0) -> None:
        self.alpha = positive("alpha", alpha)
        self.beta = positive("beta", beta)

    def reset(self, problem: BanditProblem, rng: np.random.Generator) -> None:
        super().reset(problem, rng)
        if not problem.bounded:
            raise ValueError(f"BetaThompson needs rewards in a finite range, got [{problem.low}, {problem.high}]")
        self._rng = rng
        self._successes = np.full(problem.n_actions, self.alpha)
        self._failures = np.full(problem.n_actions, self.beta)
        self._low, self._span = float(problem.low), float(problem.high - problem.low)

    def choose(self, observation: Any) -> int:
        return int(np.argmax(self._rng.beta(self._successes, self._failures)))

    def learn(self, action: int, reward: float) -> None:
        success = self._rng.random() < (reward - self._low) / self._span
        (self._successes if success else self._failures)[action] += 1.0

    def play(self, block: Block, actions: Actions) -> None:
        _play(block, actions, self._rng, self._successes, self._failures, self._low, self._span)

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
        factor = span * math.sqrt(problem.n_actions * math.log(problem.n_actions) / 2.0)
        drawn = instance.prior == ("beta", self.alpha, self.beta)
        bounds.append(
            Bound(
                "Bayesian bound",
                "upper",
                lambda t: factor * np.sqrt(t),
                "fixed",
                "Russo and Van Roy 2016, Propositions 1 and 3",
                "exact",
                (*holds(instance, STATIONARY, BERNOULLI), Assumption("means are drawn from the Beta prior", drawn)),
            )
        )
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
