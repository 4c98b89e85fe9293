"""Phased elimination on G-optimal designs.

    alive = all;  for l = 1, 2, ..:
        pi, g = design(alive);  e_l = w 2^-l;  L_l = ln(2 K l (l + 1) / delta)
        play each action of the support ceil(2 sigma^2 g pi(a) L_l / e_l^2) times, at least once (once where sigma = 0)
        theta = least squares on the rewards of this phase alone
        alive = those with max_b <theta, b> - <theta, a> <= 2 W_l,   W_l = e_l
    once one action is left, or all that are left have the same features: play the lowest to the end

A phase that the horizon cuts eliminates nothing. Where mean rewards differ by up to eps from linear ones, the aware
variant takes ``W_l = e_l + eps sqrt(n_l max_b |b|^2_{V_l^-1}) + eps``, n_l and V_l of the plays of the phase; the other
may lose the best action, and keeps its order of regret.

References: T. Lattimore and C. Szepesvári, *Bandit Algorithms*, draft, chapter 22 (setting read, the algorithm
recalled; the 2 in the logarithm is of this project); T. Lattimore, C. Szepesvári, G. Weisz, *Learning with Good Feature
Representations in Bandits and in RL with a Generative Model*, ICML 2020 (abstract) for misspecification. The aware
variant is a reconstruction; all constants of the bounds are derived in this project.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from bandits.arguments import flag, probability, real
from bandits.arms.problem import Actions
from bandits.contract import Array, Bound, Instance
from bandits.linear.design import design
from bandits.linear.phased import EVER, Phase, PhasedPolicy, fit, forever, predict
from bandits.linear.problem import LinearActionsProblem, LinearProblem
from bandits.linear.theory import (
    FIXED,
    LINEAR,
    NEARLY,
    NOISE,
    NORMS,
    STEADY,
    LinearInstance,
    confidence,
    holds,
)


class LinearElimination(PhasedPolicy):
    """Phased elimination with one parameter for all actions, of a fixed set.

    Args:
        aware: whether widths make up for the problem's ``misspecification``.
        tolerance: of the designs, in (0, 1].
        delta: in (0, 1), probability with which the best action may be lost; None for ``1 / horizon``, which needs a
            horizon.
    """

    decided = True

    def __init__(self, aware: bool = False, tolerance: float = 0.05, delta: float | None = None) -> None:
        self.aware = flag("aware", aware)
        self.tolerance = real("tolerance", tolerance, 0.0, 1.0, closed="high")
        self.delta = None if delta is None else probability("delta", delta)

    def begin(self, problem: LinearProblem) -> Phase:
        if self.delta is None and problem.horizon is None:
            raise ValueError("LinearElimination needs a horizon or delta: the problem has horizon=None")
        self._features, self._gap, self._sigma = problem.features, problem.largest_gap, problem.sigma
        self._error = problem.misspecification if self.aware else 0.0
        self._log = math.log(2.0 * problem.n_actions / confidence(self.delta, problem.horizon))
        self._alive, self._l = np.arange(problem.n_actions), 0
        return self._next()

    @property
    def alive(self) -> Actions:
        """The actions that are not eliminated, ascending."""
        return self._alive.copy()

    def _next(self) -> Phase:
        rows = self._features.array[self._alive]
        if np.all(rows == rows[0]):
            return forever(int(self._alive[0]))
        self._l += 1
        found = design(rows if len(rows) < len(self._features.array) else self._features, self.tolerance)
        self._coordinates, self._support = found.coordinates, found.support
        weights, precision = found.weights[found.support], self._gap * 2.0**-self._l
        log = self._log + math.log(self._l * (self._l + 1.0))
        if self._sigma == 0.0 or precision == 0.0:
            plays = np.ones(len(weights)) if self._sigma == 0.0 else np.full(len(weights), float(EVER))
        else:
            plays = np.ceil(2.0 * self._sigma**2 * found.value * weights * log / precision**2)
        return self._alive[self._support], np.clip(plays, 1.0, float(EVER)).astype(np.int64)

    def follow(self, order: Actions, plays: Actions, sums: Array) -> Phase:
        (k, rank), counts = self._coordinates.shape, plays.astype(np.float64)
        theta, inverse, means = np.empty(rank), np.empty((rank, rank)), np.empty(k)
        fit(self._coordinates[self._support], counts, sums, theta, inverse)
        predict(self._coordinates, theta, means)
        width = self._gap * 2.0**-self._l
        if self._error > 0.0:
            largest = float(np.max(np.einsum("kj,ji,ki->k", self._coordinates, inverse, self._coordinates)))
            width += self._error * math.sqrt(float(counts.sum()) * largest) + self._error
        self._alive = self._alive[np.max(means) - means <= 2.0 * width + 1e-10 * max(1.0, width)]
        return self._next()

    def regret_bounds(self, problem: LinearActionsProblem, instance: Instance) -> Sequence[Bound]:
        """Phases of their greatest lengths, at the greatest prices that survive in them, plus ``delta t gmax``.

        A phase lasts at most ``N_l = 2 sigma^2 (1 + tolerance) d L_l / e_l^2 + D2``, ``D2 = d (d + 1) / 2 + 1`` of it
        for rounding up. Survivors of phase l - 1 have gaps of at most ``4 W_{l-1}``; prices fall, so that filling t
        with the longest phases is an upper bound at every t. The aware width is at most
        ``e_l + eps sqrt((1 + tolerance) d (1 + D2 / m_l)) + eps``, ``m_l = 2 sigma^2 d L_l / e_l^2`` (derived).
        """
        if not isinstance(instance, LinearInstance) or instance.gaps is None:
            return ()
        gaps, delta = np.sort(instance.gaps), confidence(self.delta, problem.horizon)
        error = problem.misspecification if self.aware else 0.0
        d, sigma, gap = problem.dimension, float(problem.sigma), problem.largest_gap
        extra, stretch = d * (d + 1) / 2 + 1, 1.0 + self.tolerance
        lengths, prices, limit = [], [], math.inf
        for phase in range(1, 100):
            precision = gap * 2.0**-phase
            log = math.log(2.0 * problem.n_actions * phase * (phase + 1.0) / delta)
            prices.append(float(gaps[np.searchsorted(gaps, limit, side="right") - 1]))
            needed = 2.0 * sigma**2 * d * log / precision**2 if precision > 0.0 else 0.0  # of gaps that are all 0
            lengths.append(stretch * needed + extra)
            ratio = extra / needed if needed > 0.0 else extra
            limit = 4.0 * (precision + (error * math.sqrt(stretch * d * (1.0 + ratio)) + error if error else 0.0))
            if prices[-1] == 0.0 or (phase > 1 and sum(lengths) > 1e18):
                break
        ends = np.concatenate([[0.0], np.cumsum(lengths)])
        costs = np.concatenate([[0.0], np.cumsum(np.array(prices) * lengths)])

        def curve(t: Array) -> Array:
            spent = np.interp(t, ends, costs) + np.maximum(t - ends[-1], 0.0) * prices[-1]
            return np.asarray(spent + delta * float(gaps[-1]) * t)

        tuned = problem.horizon is not None and delta * problem.horizon <= 1.0 + 1e-9
        return (
            Bound(
                "elimination bound",
                "upper",
                curve,
                "fixed",
                "derived in this project",
                "derived",
                holds(instance, problem, NEARLY if self.aware else LINEAR, NORMS, NOISE, STEADY, FIXED),
                time="horizon-tuned" if tuned and not error else "no rate",
            ),
        )
