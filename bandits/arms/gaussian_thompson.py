"""Thompson sampling with Gaussian posteriors.

Rewards are taken as Gaussian with standard deviation ``noise``. With the prior N(prior_mean, prior_deviation^2), the
posterior of arm ``i`` after ``n`` plays with sum ``S`` has precision ``P = prior_deviation^-2 + n noise^-2`` and mean
``(prior_mean prior_deviation^-2 + S noise^-2) / P``. In every round draw ``theta_i`` from each posterior and play the
arm with the largest (ties: the lowest index). Without a prior deviation the prior is flat: every arm is played once, in
the order of the indices, and then ``theta_i ~ N(S / n, noise^2 / n)``. Every round draws one standard normal per arm.

References: S. Agrawal and N. Goyal, *Near-Optimal Regret Bounds for Thompson Sampling*, J. ACM 64, 2017;
N. Korda, E. Kaufmann, R. Munos, *Thompson Sampling for 1-Dimensional Exponential Family Bandits*, NeurIPS 2013,
Theorem 1; D. Russo and B. Van Roy, *An Information-Theoretic Analysis of Thompson Sampling*, JMLR 17, 2016.

Bayesian bound, derived: given the past, a reward is Gaussian with variance at most ``v = noise^2 + prior_deviation^2``.
Where Proposition 3 of Russo and Van Roy uses rewards in [0, 1] (variance proxy 1/4) in Pinsker's inequality, this
variance stands instead, and its information ratio ``K / 2`` becomes ``2 v K``. So the regret averaged over the prior is
at most ``sqrt(2 v K t ln K)``.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from bandits.arguments import positive, real
from bandits.arms.policy import BanditPolicy
from bandits.arms.problem import Actions, BanditProblem, Block
from bandits.arms.theory import GAUSSIAN, STATIONARY, ArmsInstance, gaps_of, holds
from bandits.contract import Array, Assumption, Bound, Instance
from bandits.kernels import kernel


@kernel
def _choose(normals: Array, means: Array, deviations: Array) -> int:
    best, arm = -math.inf, 0
    for i in range(means.size):
        if deviations[i] == math.inf:
            return i
        theta = means[i] + normals[i] * deviations[i]
        if theta > best:
            best, arm = theta, i
    return arm


@kernel
def _learn(
    arm: int, reward: float, totals: Array, precisions: Array, means: Array, deviations: Array, h: float
) -> None:
    totals[arm] += reward * h
    precisions[arm] += h
    means[arm] = totals[arm] / precisions[arm]
    deviations[arm] = math.sqrt(1.0 / precisions[arm])


@kernel
def _play(
    block: Block,
    actions: Actions,
    normals: Array,
    totals: Array,
    precisions: Array,
    means: Array,
    deviations: Array,
    h: float,
) -> None:
    for s in range(actions.size):
        arm = _choose(normals[s], means, deviations)
        reward = block.levels[s * block.stride, arm] + block.noise[s]
        if block.binary:
            reward = 1.0 if reward > 0.0 else 0.0
        _learn(arm, reward, totals, precisions, means, deviations, h)
        actions[s] = arm


class GaussianThompson(BanditPolicy):
    """Thompson sampling for Gaussian rewards of known noise, or sub-Gaussian ones.

    Args:
        prior_deviation: standard deviation of the prior of a mean, > 0 in reward units; None for a flat prior.
        prior_mean: mean of the prior, in reward units; without effect on a flat prior.
        noise: standard deviation of a reward, > 0 in reward units; None takes half of ``problem.width``.
    """

    def __init__(
        self, prior_deviation: float | None = None, prior_mean: float = 0.0, noise: float | None = None
    ) -> None:
        self.prior_deviation = None if prior_deviation is None else positive("prior_deviation", prior_deviation)
        self.prior_mean = real("prior_mean", prior_mean)
        self.noise = None if noise is None else positive("noise", noise)

    def _noise_of(self, problem: BanditProblem) -> float:
        noise = problem.width / 2.0 if self.noise is None else self.noise
        if noise == 0.0:
            raise ValueError("GaussianThompson needs noise > 0, got 0, which the problem declares: give it a noise")
        return noise

    def reset(self, problem: BanditProblem, rng: np.random.Generator) -> None:
        super().reset(problem, rng)
        arms, flat = problem.n_actions, self.prior_deviation is None
        prior = 0.0 if self.prior_deviation is None else self.prior_deviation**-2
        self._rng = rng
        self._totals = np.full(arms, self.prior_mean * prior)
        self._precisions = np.full(arms, prior)
        self._means = np.full(arms, 0.0 if flat else self.prior_mean)
        self._deviations = np.full(arms, math.inf if flat else self.prior_deviation)
        self._h = self._noise_of(problem) ** -2

    def choose(self, observation: Any) -> int:
        return _choose(self._rng.standard_normal(self._means.size), self._means, self._deviations)

    def learn(self, action: int, reward: float) -> None:
        _learn(action, reward, self._totals, self._precisions, self._means, self._deviations, self._h)

    def play(self, block: Block, actions: Actions) -> None:
        step = max(1, (1 << 16) // self._means.size)  # rounds whose normals are drawn at once
        for start in range(0, actions.size, step):
            part = actions[start : start + step]
            rounds = slice(start, start + part.size)
            levels = block.levels[rounds] if block.stride else block.levels
            _play(
                Block(levels, block.stride, block.noise[rounds], block.binary),
                part,
                self._rng.standard_normal((part.size, self._means.size)),
                self._totals,
                self._precisions,
                self._means,
                self._deviations,
                self._h,
            )

    def regret_bounds(self, problem: BanditProblem, instance: Instance) -> Sequence[Bound]:
        """The Bayesian bound for a proper prior, and for a flat one the rate ``sum 2 noise^2 / gap_i ln(t)``.

        The first speaks of the regret averaged over means drawn from the prior; the second is asymptotic.
        """
        if not isinstance(instance, ArmsInstance):
            return ()
        noise, arms, bounds = self._noise_of(problem), problem.n_actions, []
        known = Assumption("noise is the standard deviation of the rewards", noise == problem.noise)
        if self.prior_deviation is not None:
            factor = math.sqrt(2.0 * (noise**2 + self.prior_deviation**2) * arms * math.log(arms))
            expected = ("gaussian", self.prior_mean, self.prior_deviation)
            prior = Assumption("means are drawn from the Gaussian prior", instance.prior == expected)
            bounds.append(
                Bound(
                    "Bayesian bound",
                    "upper",
                    lambda t: factor * np.sqrt(t),
                    "fixed",
                    "derived: Russo and Van Roy 2016, Proposition 3, with the variance of Gaussian rewards",
                    "derived",
                    (*holds(instance, STATIONARY, GAUSSIAN, problem=problem), known, prior),
                )
            )
        gaps = gaps_of(instance)
        if gaps is not None and self.prior_deviation is None:
            slope = 2.0 * noise**2 * float(np.sum(1.0 / gaps[gaps > 0]))
            bounds.append(
                Bound(
                    "Thompson rate",
                    "order",
                    lambda t: slope * np.log(np.maximum(t, 1.0)),
                    "fixed",
                    "Korda, Kaufmann, Munos 2013, Theorem 1 (leading term)",
                    "convention",
                    (*holds(instance, STATIONARY, GAUSSIAN, problem=problem), known),
                    time="asymptotic",
                )
            )
        return bounds
