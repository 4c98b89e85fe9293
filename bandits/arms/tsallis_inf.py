"""Tsallis-INF: follow the regularised leader with the Tsallis entropy of power 1/2.

With cumulative loss estimates ``S`` and losses in units of ``K`` (all in [0, 1] if ``K`` bounds them), draw the arm of
round ``t`` from

    p = argmin over the simplex of <S, p> - (4 / eta_t) sum_i sqrt(p_i),   p_i = 4 / (eta_t (S_i - x))^2,

where ``x < min_i S_i`` makes the ``p_i`` sum to 1. After the loss ``l`` of the arm drawn,

* importance weighting ("iw"): its estimate is ``l / p_i``, those of the others are 0; ``eta_t = 2 / sqrt(t)``;
* reduced variance ("rv"): the estimates are ``1[i drawn] (l - B_i) / p_i + B_i`` with ``B_i = 1[p_i >= eta_t^2] / 2``;
  ``eta_t = 4 / sqrt(t)``.

Solving for ``x``: with ``a_i = (eta_t / 2) (S_i - min S)`` and ``z = (eta_t / 2) (min S - x)``, solve
``f(z) = sum_i (a_i + z)^-2 - 1 = 0``. The root lies in [1, sqrt(n_arms)], and f is convex and decreasing, so that a
Newton step from any ``z > 0`` ends on the left of the root and the later ones increase to it. So Newton starts at the
last round's root, never below 1, and stops at ``|f| <= 1e-14``; then the ``p_i`` are normalised once.

References: J. Zimmert and Y. Seldin, *Tsallis-INF: An Optimal Algorithm for Stochastic and Adversarial Bandits*, JMLR
22, 2021, Theorem 1; M. Khodak, E. Chow, M.-F. Balcan, A. Talwalkar, *Learning to Relax*, ICLR 2024, Algorithms 2 and 4.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np

from bandits.arguments import not_owed, one_of, positive, shown
from bandits.arms.policy import BanditPolicy
from bandits.arms.problem import Actions, BanditProblem, Block
from bandits.arms.theory import ArmsInstance
from bandits.arms.tsallis_bounds import tsallis_bounds
from bandits.contract import Array, Bound, Instance
from bandits.kernels import kernel

ROUNDING = 1e-9
"""How far outside [0, K], in units of K, a loss may lie by rounding alone."""


@kernel
def _solve(sums: Array, factor: float, start: float, probabilities: Array) -> float:
    """Fill in the probabilities for ``a_i = factor (S_i - min S)``, searching from ``start``; returns the root z."""
    least = sums[0]
    for i in range(1, sums.size):
        if sums[i] < least:
            least = sums[i]
    z, total, tolerance = start, 1.0, max(1e-14, 2.3e-16 * sums.size)
    for _ in range(100):
        total = slope = 0.0
        for i in range(sums.size):
            root = 1.0 / ((sums[i] - least) * factor + z)
            probabilities[i] = root * root
            total += root * root
            slope += root * root * root
        following = max(1.0, z + (total - 1.0) / (2.0 * slope))
        if abs(total - 1.0) <= tolerance or following == z:
            break
        z = following
    scale = 1.0 / total
    for i in range(sums.size):
        probabilities[i] *= scale
    return z


@kernel
def _choose(
    t: int,
    uniform: float,
    sums: Array,
    probabilities: Array,
    root: float,
    total: float,
    rate: float,
    anytime: bool,
    running: bool,
) -> tuple[int, float]:
    """(the arm drawn, the root z), from the ``root`` of the last round and the ``total`` of the losses so far."""
    factor = rate / math.sqrt(t) if anytime else rate
    if running and t > 1:
        factor /= max(total / (t - 1), 1e-12)
    root = _solve(sums, factor, root, probabilities)
    arm = 0
    for i in range(sums.size):
        if probabilities[i] > 0.0:
            arm = i
            uniform -= probabilities[i]
            if uniform < 0.0:
                break
    return arm, root


@kernel
def _learn(
    t: int, arm: int, loss: float, sums: Array, probabilities: Array, running: bool, rv: bool, clip: bool
) -> tuple[float, bool]:
    """(the loss as it counts, whether it was outside [0, K])."""
    outside = False
    if running:
        loss = max(loss, 0.0)
    elif loss < -ROUNDING or loss > 1.0 + ROUNDING:
        outside = True
        if clip:
            loss = min(max(loss, 0.0), 1.0)
    if rv:
        for i in range(sums.size):
            shift = 0.5 if probabilities[i] * t >= 16.0 else 0.0
            sums[i] += shift
            if i == arm:
                sums[i] += (loss - shift) / probabilities[i]
    else:
        sums[arm] += loss / probabilities[arm]
    return loss, outside


@kernel
def _play(
    block: Block,
    actions: Actions,
    uniforms: Array,
    t: int,
    sums: Array,
    probabilities: Array,
    root: float,
    total: float,
    high: float,
    unit: float,
    rate: float,
    modes: tuple[bool, bool, bool, bool],
) -> tuple[float, float, int, float]:
    """(root, total, number of losses outside [0, K], the first of them) after the rounds."""
    anytime, running, rv, clip = modes
    n_exceed, first = 0, 0.0
    for s in range(actions.size):
        arm, root = _choose(t + s, uniforms[s], sums, probabilities, root, total, rate, anytime, running)
        reward = block.levels[s * block.stride, arm] + block.noise[s]
        if block.binary:
            reward = 1.0 if reward > 0.0 else 0.0
        loss = (high - reward) / unit
        counted, outside = _learn(t + s, arm, loss, sums, probabilities, running, rv, clip)
        total += counted
        if outside:
            first = loss if n_exceed == 0 else first
            n_exceed += 1
        actions[s] = arm
    return root, total, n_exceed, first


class TsallisINF(BanditPolicy):
    """Tsallis-INF of Zimmert and Seldin (2021), and as Khodak et al. (2024) use it. Losses are ``high - reward``.

    Args:
        step: "anytime", the decreasing step size above; "theory", ``eta = 1 / sqrt(T)``; "theory_opt",
            ``eta = sqrt(8 / T)``. The last two need a horizon.
        scale: the unit ``K`` of the losses: "range", ``high - low``; a number > 0 in reward units; or "running_mean",
            in each round the mean of the losses seen before (1 in round 1, at least 1e-12), while ``S`` holds losses in
            reward units. No theorem covers the last; losses below 0 count as 0 then.
        estimator: "iw" or "rv"; "rv" asks for ``step="anytime"`` and ``scale="range"``.
        on_exceed: what to do about a loss outside [0, K] where ``K`` is fixed: "warn" once a run, "clip" it into the
            interval, or raise an "error". In each case ``n_exceed`` counts them.

    Attributes:
        n_exceed: number of losses outside [0, K] in this run.
        probabilities: [n_arms] distribution that the last arm was drawn from.
    """

    def __init__(
        self, step: str = "anytime", scale: str | float = "range", estimator: str = "iw", on_exceed: str = "warn"
    ) -> None:
        self.step = one_of("step", step, ("anytime", "theory", "theory_opt"))
        words = ("range", "running_mean")
        self.scale = one_of("scale", scale, words) if isinstance(scale, str) else positive("scale", scale)
        self.estimator = one_of("estimator", estimator, ("iw", "rv"))
        self.on_exceed = one_of("on_exceed", on_exceed, ("warn", "clip", "error"))
        if estimator == "rv" and (step != "anytime" or scale != "range"):
            raise ValueError(
                "estimator='rv' is defined for losses in [0, 1] and eta_t = 4 / sqrt(t): it needs step='anytime' and "
                f"scale='range', got step={shown(step)} and scale={shown(scale)}"
            )

    def _unit_of(self, problem: BanditProblem) -> float:
        if not math.isfinite(problem.high):
            raise ValueError(f"TsallisINF needs a largest reward, to form losses: the problem has high={problem.high}")
        if self.scale == "range":
            if not problem.bounded:
                raise ValueError(
                    f"TsallisINF with scale='range' needs a finite range of rewards: the problem has [{problem.low}, "
                    f"{problem.high}]; give a scale"
                )
            return problem.high - problem.low
        return 1.0 if isinstance(self.scale, str) else self.scale

    def _step_of(self, problem: BanditProblem) -> float:
        """The fixed step size eta, or eta_1 of a decreasing one."""
        if self.step == "anytime":
            return 2.0 if self.estimator == "iw" else 4.0
        if problem.horizon is None:
            raise ValueError(f"TsallisINF with step={self.step!r} needs a horizon: the problem has horizon=None")
        return math.sqrt((1.0 if self.step == "theory" else 8.0) / problem.horizon)

    def reset(self, problem: BanditProblem, rng: np.random.Generator) -> None:
        super().reset(problem, rng)
        self._rng = rng
        self._t, self._drawn = 1, -1
        self._sums = np.zeros(problem.n_actions)
        self._probabilities = np.full(problem.n_actions, 1.0 / problem.n_actions)
        self._root, self._total = math.sqrt(problem.n_actions), 0.0
        self._n_exceed, self._first_exceeding = 0, 0.0
        self._high, self._unit = problem.high, self._unit_of(problem)
        self._rate = self._step_of(problem) / 2.0
        self._anytime, self._running = self.step == "anytime", self.scale == "running_mean"
        self._rv, self._clip = self.estimator == "rv", self.on_exceed == "clip"
        self._warned = False

    @property
    def n_exceed(self) -> int:
        """Number of losses outside [0, K] in this run."""
        return self._n_exceed

    @property
    def probabilities(self) -> Array:
        """[n_arms] distribution that the last arm was drawn from."""
        return self._probabilities.copy()

    def choose(self, observation: Any) -> int:
        self._drawn, self._root = _choose(
            self._t,
            self._rng.random(),
            self._sums,
            self._probabilities,
            self._root,
            self._total,
            self._rate,
            self._anytime,
            self._running,
        )
        return self._drawn

    def learn(self, action: int, reward: float) -> None:
        if action != self._drawn:
            drawn = "none" if self._drawn < 0 else f"arm {self._drawn}"
            raise not_owed(
                f"call choose once before each update, with the arm drawn: got {shown(action)}, drawn was {drawn}"
            )
        self._drawn = -1
        loss = (self._high - reward) / self._unit
        counted, outside = _learn(
            self._t, action, loss, self._sums, self._probabilities, self._running, self._rv, self._clip
        )
        self._total += counted
        self._t += 1
        if outside:
            self._exceeded(1, loss)

    def play(self, block: Block, actions: Actions) -> None:
        self._root, self._total, n_exceed, first = _play(
            block,
            actions,
            self._rng.random(actions.size),
            self._t,
            self._sums,
            self._probabilities,
            self._root,
            self._total,
            self._high,
            self._unit,
            self._rate,
            (self._anytime, self._running, self._rv, self._clip),
        )
        self._t += actions.size
        if n_exceed:
            self._exceeded(n_exceed, first)

    def _exceeded(self, losses: int, first: float) -> None:
        if self._n_exceed == 0:
            self._first_exceeding = first
        self._n_exceed += losses
        if self._declared is not None:
            self._declared.told = True  # told below, or clipped as asked
        if self._clip or self._warned:
            return
        message = (
            f"TsallisINF(scale={self.scale!r}) got a loss of {self._first_exceeding * self._unit:g}, outside [0, K] "
            f"with K={self._unit:g}: the regret bound does not hold. Give a larger scale, or on_exceed='clip'"
        )
        if self.on_exceed == "error":
            raise ValueError(message)
        self._warned = True
        warnings.warn(message, RuntimeWarning, stacklevel=3)

    def regret_bounds(self, problem: BanditProblem, instance: Instance) -> Sequence[Bound]:
        """The bounds of ``bandits.arms.tsallis_bounds``; ``bandits.sor.theory`` draws conclusions from them."""
        if not isinstance(instance, ArmsInstance):
            return ()
        if self.step != "anytime" and problem.horizon is None:
            return ()
        step = None if self.step == "anytime" else self._step_of(problem)
        return tsallis_bounds(problem, instance, step, self.scale, self.estimator == "rv")
