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

How "iw" is not evaluated: one ``S_i`` changes a round, and ``eta_t`` is a factor of all ``S_i - x``, so that it is
``x`` alone that concerns every arm. A stretch of rounds begins at some ``x_0``, with the gap ``D = min S - x_0``.
Later, at ``x = x_0 + D y``, and with ``r_i = D / (S_i - x_0) <= 1``, the probability of arm ``i`` is in proportion to

    (D / (S_i - x))^2 = r_i^2 / (1 - r_i y)^2 = sum_j (j + 1) r_i^(j + 2) y^j.

These series are kept in a tree of sums (``bandits.arms.sums``): their sum over all arms gives ``y`` by Newton's
method, and the tree an arm. Eight terms leave out at most ``9 y^8 (1 + |y|)^2 / (1 - |y|)^2`` of each weight, less than
a rounding, 2^-53, up to ``|y| = 0.0076``; beyond, a stretch begins. "rv" changes many ``S_i`` a round, and goes
through all arms.

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
from bandits.arms.policy import BanditPolicy, look_at
from bandits.arms.problem import Actions, BanditProblem, Block
from bandits.arms.sums import TERMS, build, draw, powers_of, settle, tree_of, weight
from bandits.arms.theory import ArmsInstance
from bandits.arms.tsallis_bounds import tsallis_bounds
from bandits.contract import Array, Bound, Instance
from bandits.copies import Copies
from bandits.kernels import inlined, kernel

ROUNDING = 1e-9
"""How far outside [0, K], in units of K, a loss may lie by rounding alone."""

REACH = 0.0076
"""The largest ``|y|`` of a stretch."""


@inlined
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


@inlined
def _factor(t: int, total: float, rate: float, anytime: bool, running: bool) -> float:
    """eta_t / 2, over the mean of the losses seen, which sum to ``total``, where that is their unit."""
    factor = rate / math.sqrt(t) if anytime else rate
    if running and t > 1:
        factor /= max(total / (t - 1), 1e-12)
    return factor


@inlined
def _put(arm: int, sums: Array, tree: Array) -> None:
    """Make the series of an arm right. The tree's row 0 holds the stretch's min S and D, and y of the last round."""
    leaf, r = tree.shape[0] // 2 + arm, tree[0, 1] / (sums[arm] - tree[0, 0] + tree[0, 1])
    power = r * r
    for j in range(TERMS):
        tree[leaf, j] = (j + 1.0) * power
        power *= r
    if not 0.0 <= r <= 1.0:  # after a loss below 0: a stretch begins
        tree[0, 1] = math.inf


@inlined
def _settle(arm: int, sums: Array, tree: Array) -> None:
    """Take in that the losses of ``arm`` have changed."""
    _put(arm, sums, tree)
    settle(tree, arm, powers_of(0.0))


@inlined
def _newton(goal: float, y: float, tree: Array) -> float:
    """The y at which the weights sum to ``goal``, from one nearby; where it is out of reach, one that is, or nan.

    Its steps are of third order. The Taylor coefficients c_j of the sum anywhere in reach satisfy, up to 1 %,
    ``c_1 <= 2 c_0``, ``c_2 <= 1.5 c_1`` and ``c_3 <= 2 c_1``: after a step of size s, y is off by at most 4.6 s^3, and
    the sum of all weights by 9.2 s^3 of itself, after the last one by a rounding.
    """
    step = 1.0
    while abs(step) > 3e-6 and abs(y) <= REACH:
        a, b, c, d, e, f, g = tree[1, 1], tree[1, 2], tree[1, 3], tree[1, 4], tree[1, 5], tree[1, 6], tree[1, 7]
        square = y * y
        low, high = (a + 2.0 * b * y) + (3.0 * c + 4.0 * d * y) * square, 5.0 * e + 6.0 * f * y + 7.0 * g * square
        inverse = 1.0 / (low + high * (square * square))
        step = (goal - weight(tree, 1, powers_of(y))) * inverse
        y += step - (b + 3.0 * c * y) * inverse * step * step
    return y


@kernel
def _expand(factor: float, y: float, sums: Array, probabilities: Array, tree: Array) -> float:
    """Begin a stretch, near ``y`` of the last one; returns what the weights have to sum to."""
    root = factor * tree[0, 1] * (1.0 - y)
    if not 1.0 <= root <= sums.size:
        root = math.sqrt(sums.size)
    tree[0, 0] = sums[0]
    for i in range(1, sums.size):
        tree[0, 0] = min(tree[0, 0], sums[i])
    root = _solve(sums, factor, root, probabilities)
    tree[0, 1] = root / factor
    for i in range(sums.size):
        _put(i, sums, tree)
    build(tree, powers_of(0.0))
    return root * root


@inlined
def _draw(uniform: float, total: float, y: float, tree: Array) -> tuple[int, float]:
    """Draw an arm where the weights sum to ``total``; returns it and its probability."""
    powers = powers_of(y)
    arm = draw(tree, powers, uniform * total)
    return arm, weight(tree, tree.shape[0] // 2 + arm, powers) / total


@kernel
def _draw_plainly(uniform: float, factor: float, sums: Array, probabilities: Array, tree: Array) -> tuple[int, float]:
    """The same by a look at each arm; the tree's row 0 holds the root z."""
    tree[0, 0] = _solve(sums, factor, max(tree[0, 0], 1.0), probabilities)
    arm = 0
    for i in range(sums.size):
        if probabilities[i] > 0.0:
            arm = i
            uniform -= probabilities[i]
            if uniform < 0.0:
                break
    return arm, probabilities[arm]


@kernel
def _choose(
    t: int,
    uniform: float,
    changed: int,
    sums: Array,
    probabilities: Array,
    tree: Array,
    total: float,
    rate: float,
    anytime: bool,
    running: bool,
    rv: bool,
) -> tuple[int, float]:
    factor = _factor(t, total, rate, anytime, running)
    if rv:
        return _draw_plainly(uniform, factor, sums, probabilities, tree)
    if changed >= 0:
        _settle(changed, sums, tree)
    goal = (factor * tree[0, 1]) ** 2
    y = _newton(goal, tree[0, 2], tree)
    if not abs(y) <= REACH:
        goal = _expand(factor, y, sums, probabilities, tree)
        y = _newton(goal, 0.0, tree)
    tree[0, 2] = y
    return _draw(uniform, goal, y, tree)


@inlined
def _learn(
    t: int,
    arm: int,
    loss: float,
    probability: float,
    sums: Array,
    probabilities: Array,
    running: bool,
    rv: bool,
    clip: bool,
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
                sums[i] += (loss - shift) / probability
    else:
        sums[arm] += loss / probability
    return loss, outside


@kernel
def _play(
    block: Block,
    actions: Actions,
    uniforms: Array,
    t: int,
    changed: int,
    sums: Array,
    probabilities: Array,
    tree: Array,
    total: float,
    high: float,
    unit: float,
    rate: float,
    modes: tuple[bool, bool, bool, bool],
) -> tuple[int, float, int, int, float]:
    """(the arm changed, total, number of losses outside [0, K], round and size of the first) after the rounds."""
    anytime, running, rv, clip = modes
    y, n_exceed, at, first = tree[0, 2], 0, 0, 0.0
    for s in range(actions.size):
        factor = _factor(t + s, total, rate, anytime, running)
        if rv:
            arm, probability = _draw_plainly(uniforms[s], factor, sums, probabilities, tree)
        else:
            if changed >= 0:
                _settle(changed, sums, tree)
            goal = (factor * tree[0, 1]) ** 2
            y = _newton(goal, y, tree)
            if not abs(y) <= REACH:
                goal = _expand(factor, y, sums, probabilities, tree)
                y = _newton(goal, 0.0, tree)
            arm, probability = _draw(uniforms[s], goal, y, tree)
        reward = block.levels[s * block.stride, arm] + block.noise[s]
        if block.binary:
            reward = 1.0 if reward > 0.0 else 0.0
        loss = (high - reward) / unit
        counted, outside = _learn(t + s, arm, loss, probability, sums, probabilities, running, rv, clip)
        changed = arm if counted != 0.0 else -1
        total += counted
        if outside:
            if n_exceed == 0:
                at, first = s, loss
            n_exceed += 1
        actions[s] = arm
    tree[0, 2] = y
    return changed, total, n_exceed, at, first


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
        self._rng = rng
        self._t, self._drawn = 1, -1
        self._sums = np.zeros(problem.n_actions)
        self._probabilities = np.full(problem.n_actions, 1.0 / problem.n_actions)
        self._total = 0.0
        self._tree = tree_of(problem.n_actions)
        self._tree[0, 1] = math.inf
        self._changed, self._probability = -1, 0.0
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
    def drawn_from(self) -> Array:
        """[n_arms] distribution that the last arm was drawn from."""
        if self._rv or math.isinf(self._tree[0, 1]):
            return self._probabilities.copy()
        leaves = self._tree[len(self._tree) // 2 :][: self._n_arms]
        weights: Array = leaves @ self._tree[0, 2] ** np.arange(TERMS)
        return np.asarray(weights / weights.sum())

    def choose(self, observation: Any) -> int:
        self._drawn, self._probability = _choose(
            self._t,
            self._rng.random(),
            self._changed,
            self._sums,
            self._probabilities,
            self._tree,
            self._total,
            self._rate,
            self._anytime,
            self._running,
            self._rv,
        )
        return self._drawn

    def probabilities(self, observation: Any) -> Array:
        """As ``choose`` works them out, within 1e-12."""
        copy: TsallisINF = Copies(self).one()
        copy.choose(observation)
        return copy.drawn_from

    def learn(self, action: int, reward: float) -> None:
        if action != self._drawn:
            drawn = "none" if self._drawn < 0 else f"arm {self._drawn}"
            raise not_owed(
                f"call choose once before each update, with the arm drawn: got {shown(action)}, drawn was {drawn}"
            )
        self._drawn = -1
        loss = (self._high - reward) / self._unit
        counted, outside = _learn(
            self._t,
            action,
            loss,
            self._probability,
            self._sums,
            self._probabilities,
            self._running,
            self._rv,
            self._clip,
        )
        self._changed = action
        self._total += counted
        self._t += 1
        if outside:
            self._exceeded(1, loss)

    def play(self, block: Block, actions: Actions) -> None:
        self._changed, self._total, n_exceed, at, first = _play(
            block,
            actions,
            self._rng.random(actions.size),
            self._t,
            self._changed,
            self._sums,
            self._probabilities,
            self._tree,
            self._total,
            self._high,
            self._unit,
            self._rate,
            (self._anytime, self._running, self._rv, self._clip),
        )
        self._t += actions.size
        if n_exceed:
            look_at(self, block, actions[:at])  # of what was revealed before, the policy tells first
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
