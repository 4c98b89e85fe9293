"""Exp3-IX: exponential weights with implicit exploration.

With losses in [0, 1] draw the arm of round ``t`` from ``p_i`` proportional to ``exp(-eta_t L_i)``, and after the loss
``l`` of the arm drawn add ``l / (p_i + gamma_t)`` to its ``L_i``, with ``gamma_t = eta_t / 2``. Either
``eta = sqrt(2 ln K / (K T))`` throughout, or ``eta_t = sqrt(ln K / (K t))`` at any time.

Reference: G. Neu, *Explore no more: Improved high-probability regret bounds for non-stochastic bandits*, NeurIPS 2015,
Algorithm 1 and Theorem 1.

Theorem 1: with probability at least ``1 - delta`` the regret is at most ``A + B ln(2 / delta)``, where
``A = 2 sqrt(2 K T ln K)`` and ``B = sqrt(2 K T / ln K) + 1`` for the fixed step size, ``A = 4 sqrt(K t ln K)`` and
``B = 2 sqrt(K t / ln K) + 1`` for the other. Derived for the mean: ``(regret - A) / B`` exceeds ``x`` with probability
at most ``min(1, 2 exp(-x))``, so that its mean is at most ``1 + ln 2``.

Derived, for losses that do not depend on the actions: the proof of Theorem 1 begins with
``sum_t l_t - min_i L_i <= ln K / eta_t + sum_s (eta_s / 2 + gamma_s) sum_i (estimates of round s)``. The estimates of a
round have means at most the losses, so that in the mean the regret is at most ``ln K / eta_t + K sum_s eta_s``: that is
``ln K / eta + K eta t``, or ``3 sqrt(K t ln K)``.

How it is not evaluated: one ``L_i`` changes a round, and otherwise ``eta_t`` alone. A stretch of rounds begins at a
step size ``eta`` with ``L = min_i L_i``. Later, with ``x = 1 - eta_t / eta`` and ``y_i = eta (L_i - L) >= 0``, the
probability of arm ``i`` is in proportion to

    exp(-eta_t (L_i - L)) = exp(-y_i) exp(x y_i) = sum_j exp(-y_i) y_i^j / j! x^j.

These series are kept in a tree of sums (``bandits.arms.sums``). Eight terms leave out at most
``exp(-(1 - x) y) (x y)^8 / 8!`` of a weight, which is largest at ``y = 8 / (1 - x)`` and there less than ``0.16 x^8``
if ``x <= 0.0145``. A stretch ends where K times that exceeds a rounding, 2^-53, of the sum of all weights (at the
latest at ``x = 0.0145``, as no weight exceeds 1), and where that sum is so small that weights close to it have lost
digits.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from bandits.arguments import not_owed, one_of, positive
from bandits.arms.policy import BanditPolicy
from bandits.arms.problem import Actions, BanditProblem, Block
from bandits.arms.sums import TERMS, build, draw, powers_of, settle, tree_of, weight
from bandits.arms.theory import BOUNDED, OBLIVIOUS, ArmsInstance, holds
from bandits.contract import Array, Bound, Instance, TimeClaim
from bandits.kernels import inlined, kernel

ROUNDING = 2.0**-53
INVERSES = tuple(1.0 / j for j in range(1, TERMS))
"""What turns ``y^(j - 1) / (j - 1)!`` into ``y^j / j!``, times y."""


@inlined
def _put(arm: int, losses: Array, tree: Array) -> None:
    """Make the series of an arm right. The tree's row 0 holds the stretch's eta and L."""
    leaf, y = tree.shape[0] // 2 + arm, tree[0, 0] * (losses[arm] - tree[0, 1])
    coefficient = math.exp(-y)
    tree[leaf, 0] = coefficient
    for j in range(1, TERMS):
        coefficient *= y * INVERSES[j - 1]
        tree[leaf, j] = coefficient
    if not y >= -1.0:  # after rewards above the range: a stretch begins; up to there, 0.16 x^8 holds
        tree[0, 0] = 0.0


@kernel
def _expand(eta: float, losses: Array, tree: Array) -> None:
    """Begin a stretch of rounds at the step size ``eta``."""
    tree[0, 0], tree[0, 1] = eta, losses[0]
    for i in range(1, losses.size):
        tree[0, 1] = min(tree[0, 1], losses[i])
    for i in range(losses.size):
        _put(i, losses, tree)
    build(tree, powers_of(0.0))


@inlined
def _reaches(x: float, tree: Array) -> bool:
    """Whether the series of the stretch hold at ``x``."""
    powers = powers_of(x)
    left_out = 0.08 * tree.shape[0] * powers[4] * powers[4]
    return 0.0 <= x <= 0.0145 and left_out + 1e-29 <= ROUNDING * weight(tree, 1, powers)


@inlined
def _draw(uniform: float, eta: float, x: float, tree: Array) -> tuple[int, float]:
    """Draw an arm; returns it and its probability plus gamma_t."""
    powers = powers_of(x)
    total = weight(tree, 1, powers)
    arm = draw(tree, powers, uniform * total)
    return arm, weight(tree, tree.shape[0] // 2 + arm, powers) / total + 0.5 * eta


@kernel
def _choose(uniform: float, eta: float, losses: Array, tree: Array) -> tuple[int, float]:
    x = 1.0 - eta / tree[0, 0]
    if not _reaches(x, tree):
        _expand(eta, losses, tree)
        x = 0.0
    return _draw(uniform, eta, x, tree)


@inlined
def _learn(arm: int, estimate: float, losses: Array, tree: Array) -> None:
    losses[arm] += estimate
    _put(arm, losses, tree)
    settle(tree, arm, powers_of(0.0))


@kernel
def _play(
    block: Block,
    actions: Actions,
    uniforms: Array,
    t: int,
    losses: Array,
    tree: Array,
    high: float,
    span: float,
    rate: float,
    anytime: bool,
) -> None:
    for s in range(actions.size):
        eta = rate / math.sqrt(t + s) if anytime else rate
        x = 1.0 - eta / tree[0, 0]
        if not _reaches(x, tree):
            _expand(eta, losses, tree)
            x = 0.0
        arm, denominator = _draw(uniforms[s], eta, x, tree)
        reward = block.levels[s * block.stride, arm] + block.noise[s]
        if block.binary:
            reward = 1.0 if reward > 0.0 else 0.0
        if reward != high:
            _learn(arm, (high - reward) / span / denominator, losses, tree)
        actions[s] = arm


class Exp3IX(BanditPolicy):
    """Exp3-IX of Neu (2015).

    Args:
        eta: "horizon" or "anytime" for the step sizes above, or a fixed step size > 0.
    """

    def __init__(self, eta: str | float = "horizon") -> None:
        self.eta = one_of("eta", eta, ("horizon", "anytime")) if isinstance(eta, str) else positive("eta", eta)

    def _step_of(self, problem: BanditProblem) -> float:
        """The fixed step size, or eta_1 of the decreasing one."""
        if not isinstance(self.eta, str):
            return self.eta
        k = problem.n_actions
        if self.eta == "anytime":
            return math.sqrt(math.log(k) / k)
        if problem.horizon is None:
            raise ValueError("Exp3IX needs a horizon, a number as eta, or eta='anytime': the problem has horizon=None")
        return math.sqrt(2.0 * math.log(k) / (k * problem.horizon))

    def reset(self, problem: BanditProblem, rng: np.random.Generator) -> None:
        if not problem.bounded:
            raise ValueError(f"Exp3IX needs a finite range of rewards: the problem has [{problem.low}, {problem.high}]")
        self._rng = rng
        self._t = 1
        self._high, self._span = problem.high, problem.high - problem.low
        self._rate, self._anytime = self._step_of(problem), self.eta == "anytime"
        self._losses = np.zeros(problem.n_actions)
        self._tree = tree_of(problem.n_actions)
        self._denominator = 0.0

    def choose(self, observation: Any) -> int:
        eta = self._rate / math.sqrt(self._t) if self._anytime else self._rate
        arm, self._denominator = _choose(self._rng.random(), eta, self._losses, self._tree)
        return arm

    def probabilities(self, observation: Any) -> Array:
        eta = self._rate / math.sqrt(self._t) if self._anytime else self._rate
        weights = np.exp(-eta * (self._losses - self._losses.min()))
        return np.asarray(weights / weights.sum())

    def learn(self, action: int, reward: float) -> None:
        if self._denominator == 0.0:
            raise not_owed()
        estimate = (self._high - reward) / self._span / self._denominator
        self._denominator = 0.0
        if reward != self._high:
            _learn(action, estimate, self._losses, self._tree)
        self._t += 1

    def play(self, block: Block, actions: Actions) -> None:
        _play(
            block,
            actions,
            self._rng.random(actions.size),
            self._t,
            self._losses,
            self._tree,
            self._high,
            self._span,
            self._rate,
            self._anytime,
        )
        self._t += actions.size

    def regret_bounds(self, problem: BanditProblem, instance: Instance) -> Sequence[Bound]:
        """The mean regret: directly, and from Theorem 1; the latter at the horizon only for the tuned fixed step."""
        if not isinstance(instance, ArmsInstance):
            return ()
        if not problem.bounded or (self.eta == "horizon" and problem.horizon is None):
            return ()
        k, span, eta = problem.n_actions, problem.high - problem.low, self._step_of(problem)
        log, tail = math.log(k), 1.0 + math.log(2.0)
        start = log / eta if k > 1 else 0.0
        integrated = "derived: Neu 2015, Theorem 1, integrated over the probability of failure"

        tuned: TimeClaim = "anytime" if self.eta == "anytime" else "horizon-tuned"

        def bound(name: str, curve: Callable[[Array], Array], source: str, time: TimeClaim = tuned) -> Bound:
            needs = holds(instance, OBLIVIOUS, BOUNDED)
            return Bound(name, "upper", curve, "fixed", source, "derived", needs, time)

        def direct(t: Array) -> Array:
            if self.eta == "anytime":
                return np.asarray(span * 3.0 * np.sqrt(k * log * t))
            return span * (start + k * eta * t)

        def theorem(t: Array) -> Array:
            a, b = (4.0, 2.0) if self.eta == "anytime" else (2.0 * math.sqrt(2.0), math.sqrt(2.0))
            return np.asarray(span * (a * np.sqrt(k * log * t) + tail * (b * np.sqrt(k * t / log) + 1.0)))

        mean = bound("Exp3-IX bound", direct, "derived: the mean of an inequality in the proof of Neu 2015, Theorem 1")
        if self.eta not in ("horizon", "anytime") or k == 1:
            return (mean,)
        return (
            mean,
            bound(
                "Exp3-IX bound, integrated",
                theorem,
                integrated,
                "anytime" if self.eta == "anytime" else "at the horizon",
            ),
        )
