"""KL-UCB: optimism with the Kullback-Leibler divergence of Bernoulli rewards.

After playing every arm once, play in round ``t`` the arm with the largest index

    U_i = max { q in [0, 1] : n_i d(mean_i, q) <= ln f(t) },      f(t) = 1 + t ln(t)^2,
    d(p, q) = p ln(p / q) + (1 - p) ln((1 - p) / (1 - q)),

where ``n_i`` counts the plays of arm ``i`` before and rewards are mapped to [0, 1]. Ties go to the lowest index.

References: A. Garivier and O. Cappé, *The KL-UCB Algorithm for Bounded Stochastic Bandits and Beyond*, COLT 2011; this
``f`` and the explicit bound from T. Lattimore and C. Szepesvári, *Bandit Algorithms*, 2020, Algorithm 8 and
Theorem 10.6. Both hold for any rewards in [0, 1], since Chernoff's bound for Bernoulli rewards does.

Most indices need not be worked out: an arm whose ``n_i d(mean_i, best)`` exceeds ``ln f(t)`` has an index below
``best``, the largest so far, and the logarithms of ``best`` and ``1 - best`` serve all arms.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from bandits.arms.policy import BanditPolicy
from bandits.arms.problem import Actions, BanditProblem, Block
from bandits.arms.theory import BOUNDED, STATIONARY, ArmsInstance, gaps_of, holds
from bandits.contract import Array, Bound, Instance
from bandits.kernels import kernel


@kernel
def _entropy(p: float) -> float:
    """Return e = p ln(p) + (1 - p) ln(1 - p) for p in [0, 1]; then d(p, q) = e - p ln(q) - (1 - p) ln(1 - q)."""
    return 0.0 if p <= 0.0 or p >= 1.0 else p * math.log(p) + (1.0 - p) * math.log(1.0 - p)


@kernel
def _upper(p: float, entropy: float, level: float, start: float) -> float:
    """Largest q in [p, 1] with d(p, q) <= level, for p in [0, 1] and level > 0.

    Newton's method. d(p, .) is convex and grows from p on, so that a step from below the root lands above it, and steps
    from above descend to it. The first stands at ``start`` if that is between p and 1, else at an upper bound: the
    smaller of Pinsker's and that from d(p, q) >= p ln(p) + (1 - p) ln((1 - p) / (1 - q)).
    """
    if p >= 1.0:
        return 1.0
    if p <= 0.0:
        return -math.expm1(-level)
    q = start
    if not p < q < 1.0:
        q = 1.0 - (1.0 - p) * math.exp((p * math.log(p) - level) / (1.0 - p))
        q = min(q, p + math.sqrt(level / 2.0))
    above = False
    for _ in range(100):
        if q >= 1.0:
            return 1.0
        if q <= p:
            return p
        step = (entropy - p * math.log(q) - (1.0 - p) * math.log(1.0 - q) - level) * q * (1.0 - q) / (q - p)
        if above and step <= 0.0:
            break
        close = step * step <= 1e-16 * (q - p) * q * (
            1.0 - q
        )  # what is left is of this order divided by the right side
        above = q - step < 1.0
        q = q - step if above else 0.5 * (q + 1.0)
        if close:
            break
    return q


@kernel
def _choose(t: int, counts: Array, sums: Array, entropies: Array) -> int:
    log = math.log(t)
    log = math.log1p(t * log * log)
    best, arm = -1.0, 0
    log_best = log_rest = 0.0
    for i in range(counts.size):
        if counts[i] == 0.0:
            return i
    for i in range(counts.size):
        n = counts[i]
        p = sums[i] / n
        if p < best and n * (entropies[i] - p * log_best - (1.0 - p) * log_rest) > log:
            continue
        if n == counts[arm] and sums[i] == sums[arm] and i > 0:
            continue  # a tie, whatever the rounding
        index = _upper(p, entropies[i], log / n, best)
        if index > best:
            best, arm = index, i
            if best >= 1.0:
                break
            log_best, log_rest = math.log(best), math.log(1.0 - best)
    return arm


@kernel
def _learn(arm: int, reward: float, counts: Array, sums: Array, entropies: Array, low: float, span: float) -> None:
    counts[arm] += 1.0
    sums[arm] += (reward - low) / span
    entropies[arm] = _entropy(sums[arm] / counts[arm])


@kernel
def _play(
    block: Block,
    actions: Actions,
    t: int,
    counts: Array,
    sums: Array,
    entropies: Array,
    low: float,
    span: float,
) -> None:
    for s in range(actions.size):
        arm = _choose(t + s, counts, sums, entropies)
        reward = block.levels[s * block.stride, arm] + block.noise[s]
        if block.binary:
            reward = 1.0 if reward > 0.0 else 0.0
        _learn(arm, reward, counts, sums, entropies, low, span)
        actions[s] = arm


class KLUCB(BanditPolicy):
    """KL-UCB for Bernoulli rewards, of Garivier and Cappé (2011). Needs rewards in a finite range."""

    def reset(self, problem: BanditProblem, rng: np.random.Generator) -> None:
        super().reset(problem, rng)
        if not problem.bounded:
            raise ValueError(f"KLUCB needs rewards in a finite range, got [{problem.low}, {problem.high}]")
        self._t = 1
        self._counts = np.zeros(problem.n_actions)
        self._sums = np.zeros(problem.n_actions)
        self._entropies = np.zeros(problem.n_actions)
        self._low, self._span = float(problem.low), float(problem.high - problem.low)

    def choose(self, observation: Any) -> int:
        return _choose(self._t, self._counts, self._sums, self._entropies)

    def learn(self, action: int, reward: float) -> None:
        self._t += 1
        _learn(action, reward, self._counts, self._sums, self._entropies, self._low, self._span)

    def play(self, block: Block, actions: Actions) -> None:
        _play(block, actions, self._t, self._counts, self._sums, self._entropies, self._low, self._span)
        self._t += actions.size

    def regret_bounds(self, problem: BanditProblem, instance: Instance) -> Sequence[Bound]:
        """Theorem 10.6, minimised over a grid of (e1, e2) for every arm and time.

        ``sum gap_i (ln f(t) / d(mean_i + e1, mean* - e2) + 1 / (2 e1^2) + 2 / e2^2)`` with ``e1 + e2 < gap_i``, on
        rewards mapped to [0, 1]. The theorem is about Bernoulli rewards; for others the step above is ours.
        """
        if not isinstance(instance, ArmsInstance):
            return ()
        gaps, means = gaps_of(instance), instance.means
        if gaps is None or means is None or not problem.bounded:
            return ()
        span = problem.high - problem.low
        best = float(np.clip((np.max(means) - problem.low) / span, 0.0, 1.0))
        shares = np.linspace(0.02, 0.96, 48)
        first, second = (a.ravel() for a in np.meshgrid(shares, shares))
        inside = first + second < 0.99
        lines = []
        for gap in gaps[gaps > 0] / span:
            e1, e2 = gap * first[inside], gap * second[inside]
            p, q = best - gap + e1, best - e2
            d = p * np.log(p / q) + (1.0 - p) * np.log((1.0 - p) / (1.0 - q))
            lines.append((gap * span / d, gap * span * (0.5 / e1**2 + 2.0 / e2**2)))

        def curve(t: Array) -> Array:
            log = np.log1p(t * np.log(np.maximum(t, 1.0)) ** 2)
            total = np.zeros(np.shape(t))
            for slope, constant in lines:
                total += np.min(slope * log[:, None] + constant, axis=1)
            return total

        return (
            Bound(
                "KL-UCB bound",
                "upper",
                curve,
                "fixed",
                "Lattimore and Szepesvári 2020, Theorem 10.6",
                "exact" if instance.bernoulli else "derived",
                holds(instance, STATIONARY, BOUNDED),
            ),
        )
