"""MOTS, minimax optimal Thompson sampling: Gaussian samples, clipped from above at MOSS's index.

After playing every arm once, draw for each arm a standard normal variable ``z_i``, clipped or not, and play the arm
with the largest

    min( mean_i + s z_i / sqrt(rho n_i),  mean_i + s sqrt( alpha / n_i ln+(T / (K n_i)) ) ),        s = width / 2,

where ``n_i`` counts the plays of arm ``i`` before, ``T`` is the horizon, ``K`` the number of arms and
``ln+(x) = max(0, ln x)``. Ties go to the lowest index.

Reference: T. Jin, P. Xu, J. Shi, X. Xiao, Q. Gu, *MOTS: Minimax Optimal Thompson Sampling*, ICML 2021 (the claims from
its abstract; the constants rho and alpha are from memory).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from bandits.arguments import integer, positive, probability
from bandits.arms.largest import Gaussians, leads
from bandits.arms.orders import minimax_order
from bandits.arms.problem import Actions, BanditProblem, Block
from bandits.arms.scan import COUNT, MORE, SCORE, SUM, ScanPolicy, horizon_of, leader, rounds, width_of
from bandits.contract import Array, Assumption, Bound, Instance
from bandits.kernels import inlined, kernel
from bandits.normals import standard_normal

MEAN, DEVIATION, CLIP = MORE, MORE + 1, MORE + 2
Own = tuple[float, float, float]
"""s^2 / rho and alpha s^2 of mapped rewards, and horizon over the number of arms."""


@inlined
def _pick(rows: Array, t: int, own: Own, luck: Array, s: int) -> int:
    for i in range(rows.shape[0]):
        if rows[i, COUNT] == 0.0:
            return i
        rows[i, SCORE] = min(rows[i, MEAN] + rows[i, DEVIATION] * luck[s, i], rows[i, CLIP])
    return leader(rows)


@inlined
def _note(rows: Array, arm: int, reward: float, own: Own) -> None:
    rows[arm, COUNT] += 1.0
    rows[arm, SUM] += reward
    n = rows[arm, COUNT]
    mean = rows[arm, SUM] / n
    rows[arm, MEAN], rows[arm, DEVIATION] = mean, math.sqrt(own[0] / n)
    rows[arm, CLIP] = mean + math.sqrt(own[1] / n * max(0.0, math.log(own[2] / n)))


@kernel
def _rounds(
    block: Block, actions: Actions, t: int, rows: Array, own: Own, luck: Array, low: float, span: float
) -> None:
    rounds(_pick, _note, block, actions, t, rows, own, luck, low, span)


class _Clipped(Gaussians):
    """Normal samples that are clipped from above.

    Args:
        means: [n_arms].
        deviations: [n_arms].
        clips: [n_arms], not below the means.
    """

    def __init__(self, means: Array, deviations: Array, clips: Array) -> None:
        super().__init__(means, deviations)
        self._clips = clips[:, None] - self.origin
        self.atoms = np.arange(clips.size), self._clips[:, 0], np.exp(super().log_sf(self._clips)[:, 0])

    def log_cdf(self, x: Array) -> Array:
        return np.where(x < self._clips, super().log_cdf(x), 0.0)

    def log_sf(self, x: Array) -> Array:
        return np.where(x < self._clips, super().log_sf(x), -np.inf)

    def log_density(self, x: Array) -> Array:
        return np.where(x < self._clips, super().log_density(x), -np.inf)


class MOTS(ScanPolicy):
    """MOTS of Jin, Xu, Shi, Xiao and Gu (2021).

    Args:
        rho: the samples' variance is ``s^2 / (rho n)``; in (0, 1).
        alpha: scale of the squared width of the clip, > 0.
        horizon: the ``T`` of the clip, >= 1; None takes the problem's.
    """

    columns = MORE + 3
    numbers_an_arm = 1
    pick, note, rounds = staticmethod(_pick), staticmethod(_note), staticmethod(_rounds)
    by_arm = True

    def __init__(self, rho: float = 0.9999, alpha: float = 4.0, horizon: int | None = None) -> None:
        self.rho = probability("rho", rho)
        self.alpha = positive("alpha", alpha)
        self.horizon = None if horizon is None else integer("horizon", horizon)

    def _horizon_of(self, problem: BanditProblem) -> int:
        return horizon_of("MOTS", self.horizon, problem, "gaussian_thompson needs none")

    def constants(self, problem: BanditProblem) -> Own:
        variance = (width_of(problem) / 2.0) ** 2
        return variance / self.rho, self.alpha * variance, self._horizon_of(problem) / problem.n_actions

    def probabilities(self, observation: Any) -> Array:
        """By quadrature (``bandits.arms.largest``) within 1e-9; 1 for the lowest arm not played yet."""
        unplayed = np.flatnonzero(self._rows[:, COUNT] == 0.0)
        if unplayed.size:
            return self.problem_given().distribution_of(unplayed[0])
        return leads(self, _Clipped(*self._rows[:, [MEAN, DEVIATION, CLIP]].T))

    def luck(self, n_rounds: int) -> Array:
        return standard_normal(self._rng, np.empty((n_rounds, self._n_arms)))

    def regret_bounds(self, problem: BanditProblem, instance: Instance) -> Sequence[Bound]:
        """The order ``sqrt(K T)`` of its minimax theorem, whose constants are not known; for rho > 1/2, alpha >= 4."""
        return minimax_order(
            "MOTS order",
            self._horizon_of(problem),
            problem,
            instance,
            "abstract of Jin et al. 2021 (the order alone)",
            Assumption("1/2 < rho < 1 and alpha >= 4", self.rho > 0.5 and self.alpha >= 4.0),
        )
