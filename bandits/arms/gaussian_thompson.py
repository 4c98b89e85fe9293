"""Thompson sampling with Gaussian posteriors.

Rewards are taken as Gaussian with standard deviation ``noise``. With the prior N(prior_mean, prior_deviation^2), the
posterior of arm ``i`` after ``n`` plays with sum ``S`` has precision ``P = prior_deviation^-2 + n noise^-2`` and mean
``(prior_mean prior_deviation^-2 + S noise^-2) / P``. In every round draw ``theta_i`` from each posterior and play the
arm with the largest (ties: the lowest index). Without a prior deviation the prior is flat: every arm is played once, in
the order of the indices, and then ``theta_i ~ N(S / n, noise^2 / n)``.

A sample that cannot be the largest is not drawn: ``thinning.py`` says how, and why the arm played has exactly this law.

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
from bandits.arms.largest import Gaussians, leads
from bandits.arms.policy import BanditPolicy
from bandits.arms.problem import Actions, BanditProblem, Block
from bandits.arms.tails import gaussian_mass, gaussian_trial
from bandits.arms.theory import GAUSSIAN, STATIONARY, ArmsInstance, averaged, drawn_from, gaps_of, holds
from bandits.arms.thinning import (
    NORMAL,
    Ahead,
    Thinning,
    ahead,
    choose,
    drawn,
    following,
    put,
    thinning,
)
from bandits.contract import Array, Assumption, Bound, Instance
from bandits.earlier import set_state
from bandits.kernels import inlined

TOTAL, PRECISION, MEAN, DEVIATION = 0, 1, 2, 3
"""Columns of the posteriors [n_arms, 4]; the total is mean times precision."""


@inlined
def _sample(posteriors: Array, arm: int, ahead: Ahead) -> float:
    theta: float = posteriors[arm, MEAN] + posteriors[arm, DEVIATION] * following(ahead, NORMAL)
    return theta


@inlined
def _reach(posteriors: Array, arm: int, deviations: float) -> float:
    reached: float = posteriors[arm, MEAN] - posteriors[arm, DEVIATION] * deviations
    return reached


@inlined
def _mass(posteriors: Array, arm: int, level: float) -> float:
    return gaussian_mass((level - posteriors[arm, MEAN]) / posteriors[arm, DEVIATION])


@inlined
def _trial(posteriors: Array, arm: int, level: float, exponential: float) -> tuple[float, float]:
    deviation = posteriors[arm, DEVIATION]
    step, price = gaussian_trial(deviation / (level - posteriors[arm, MEAN]), exponential)
    return level + deviation * step, price


@inlined
def _choose(
    posteriors: Array,
    waiting: Actions,
    control: Array,
    masses: Array,
    order: Actions,
    first: Actions,
    variables: Array,
    used: Actions,
) -> int:
    lowest: int = waiting[0]
    while lowest < len(posteriors) and posteriors[lowest, PRECISION] > 0.0:
        lowest += 1
    waiting[0] = lowest
    if lowest < len(posteriors):
        return lowest
    return choose(
        _sample, _reach, _mass, _trial, posteriors, Thinning(control, masses, order, first), Ahead(variables, used)
    )


@inlined
def _learn(
    posteriors: Array, arm: int, reward: float, h: float, control: Array, masses: Array, order: Actions, first: Actions
) -> None:
    total, precision = posteriors[arm, TOTAL] + reward * h, posteriors[arm, PRECISION] + h
    posteriors[arm, TOTAL], posteriors[arm, PRECISION] = total, precision
    posteriors[arm, MEAN], posteriors[arm, DEVIATION] = total / precision, math.sqrt(1.0 / precision)
    put(_mass, posteriors, Thinning(control, masses, order, first), arm)


@inlined
def _play(
    block: Block,
    actions: Actions,
    s: int,
    h: float,
    posteriors: Array,
    waiting: Actions,
    control: Array,
    masses: Array,
    order: Actions,
    first: Actions,
    variables: Array,
    used: Actions,
) -> int:
    """Play from the round ``s`` on. Returns the first round not played, for want of variables or of rounds."""
    while s < actions.size:
        arm = _choose(posteriors, waiting, control, masses, order, first, variables, used)
        if arm < 0:
            break
        reward = block.levels[s * block.stride, arm] + block.noise[s]
        if block.binary:
            reward = 1.0 if reward > 0.0 else 0.0
        _learn(posteriors, arm, reward, h, control, masses, order, first)
        actions[s] = arm
        s += 1
    return s


class GaussianThompson(BanditPolicy):
    """Thompson sampling for Gaussian rewards of known noise, or sub-Gaussian ones.

    Args:
        prior_deviation: standard deviation of the prior of a mean, > 0 in reward units; None for a flat prior.
        prior_mean: mean of the prior, in reward units; without effect on a flat prior.
        noise: standard deviation of a reward, > 0 in reward units; None takes half of ``problem.width``.
    """

    by_arm = True

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
        arms, flat = problem.n_actions, self.prior_deviation is None
        prior = 0.0 if self.prior_deviation is None else self.prior_deviation**-2
        self._rng = rng
        mean, deviation = (0.0, math.inf) if flat else (self.prior_mean, self.prior_deviation)
        self._posteriors = np.empty((arms, 4))
        self._posteriors[:] = self.prior_mean * prior, prior, mean, deviation
        self._h = self._noise_of(problem) ** -2
        self._waiting = np.zeros(1, dtype=np.int64)  # no arm below it waits for its first play under a flat prior
        self._thinning, self._ahead = thinning(arms), ahead(6144 + 8 * arms)

    def __setstate__(self, state: Any) -> None:
        """Earlier ones kept slopes beside the posteriors, and their only level otherwise."""
        kept = set_state(self, state)
        if "_thinning" in kept:
            self._posteriors, self._thinning = kept["_posteriors"][:, :4].copy(), kept["_thinning"].up_to_date()

    def choose(self, observation: Any) -> int:
        while (arm := _choose(self._posteriors, self._waiting, *self._thinning, *self._ahead)) < 0:
            self._ahead = drawn(self._ahead, self._rng)
        return arm

    def probabilities(self, observation: Any) -> Array:
        """By quadrature (``bandits.arms.largest``) within 1e-9; 1 for an arm that waits for its first play."""
        waiting = np.flatnonzero(self._posteriors[:, PRECISION] == 0.0)
        if waiting.size:
            return self.problem_given().distribution_of(waiting[0])
        return leads(self, Gaussians(self._posteriors[:, MEAN], self._posteriors[:, DEVIATION]))

    def learn(self, action: int, reward: float) -> None:
        _learn(self._posteriors, action, reward, self._h, *self._thinning)

    def play(self, block: Block, actions: Actions) -> None:
        played, state = 0, (self._h, self._posteriors, self._waiting, *self._thinning)
        while (played := _play(block, actions, played, *state, *self._ahead)) < actions.size:
            self._ahead = drawn(self._ahead, self._rng)

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
            prior = drawn_from(instance, ("gaussian", self.prior_mean, self.prior_deviation), arms)
            bounds.append(
                Bound(
                    "Bayesian bound",
                    "upper",
                    lambda t: factor * np.sqrt(t),
                    averaged(instance),
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
