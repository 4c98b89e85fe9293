"""KL-UCB: optimism with the Kullback-Leibler divergence of Bernoulli rewards.

After playing every arm once, play in round ``t`` the arm with the largest index

    U_i = max { q in [0, 1] : n_i d(mean_i, q) <= ln f(t) },      f(t) = 1 + t ln(t)^2,
    d(p, q) = p ln(p / q) + (1 - p) ln((1 - p) / (1 - q)),

where ``n_i`` counts the plays of arm ``i`` before and rewards are mapped to [0, 1]. Ties go to the lowest index. A mean
outside [0, 1], of rewards outside the declared range, counts as 0 or 1.

References: A. Garivier and O. Cappé, *The KL-UCB Algorithm for Bounded Stochastic Bandits and Beyond*, COLT 2011; this
``f`` and the explicit bound from T. Lattimore and C. Szepesvári, *Bandit Algorithms*, 2020, Algorithm 8 and
Theorem 10.6. Both hold for any rewards in [0, 1], since Chernoff's bound for Bernoulli rewards does.

Few indices are worked out. The arms play a tournament over the clock ``ln f(t)``, as in ``kinetic.py``, and a match
takes no index as a rule. Each arm has a level, a number below its index, which grows until the arm is played: another
one with ``n d(mean, level) > ln f(t)`` has the smaller index, and the match stands until ``ln f(t)`` comes up to the
left side. The logarithms of the level serve all matches of its arm. Where neither level tells, both indices are worked
out, and levels just below. All this on the safe side of rounding, so that the largest index and ties are those of
Newton's method for every arm in every round, bit for bit: ``d(p, q)``, a sum of terms of at most ``1 + d + ln 2``, and
what Newton's method leaves are wrong by some ``2^-53 (1 + d + 1 / (1 - q))``, where ``1 / (1 - q)`` bounds what the
rounding of ``q`` itself does. ``_ROUNDING`` is 64 times as large.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from bandits.arms.divergence import entropy, upper
from bandits.arms.families import check_family, scale_of, taken_by
from bandits.arms.kinetic import Arms, tournament
from bandits.arms.kl_ucb_family import FamilyKLUCB, log_f
from bandits.arms.orders import family_rate
from bandits.arms.policy import BanditPolicy
from bandits.arms.problem import Actions, BanditProblem, Block
from bandits.arms.theory import BOUNDED, STATIONARY, ArmsInstance, gaps_of, holds
from bandits.contract import Array, Bound, Instance
from bandits.kernels import inlined, kernel
from bandits.watch import reset_within

COUNT, SUM, MEAN, ENTROPY, LEVEL, LOG, LOG_REST, SLACK, INDEX, AT = range(10)
"""Columns of the state [n_arms, 10]: plays, rewards, their mean p and ``entropy(p)``; the level q, ln(q), ln(1 - q)
and how far d(p, q) may be wrong; the last index worked out, and at which ln f(t)."""
_ROUNDING = 2.0**-47
_LN_2 = math.log(2.0)


@kernel
def _is_one(n: float, p: float, e: float, log: float) -> bool:
    """Whether the index surely is 1 by rounding, from now on: it is above 1 - 2^-56."""
    return n * (e + (1.0 - p) * 56.0 * _LN_2 + 64.0 * _ROUNDING) <= log * (1.0 - _ROUNDING)


@kernel
def _within(state: Array, arm: int, log: float) -> bool:
    """Whether the arm's index surely is at least its level, from now on."""
    n, p, level = state[arm, COUNT], state[arm, MEAN], state[arm, LEVEL]
    if p >= level:
        return True
    if level >= 1.0:
        return _is_one(n, p, state[arm, ENTROPY], log)
    d = state[arm, ENTROPY] - p * state[arm, LOG] - (1.0 - p) * state[arm, LOG_REST]
    return bool(n * (d + state[arm, SLACK]) * (1.0 + _ROUNDING) <= log)


@kernel
def _reach(state: Array, arm: int, other: int) -> float:
    """The smallest ln f(t) at which the arm's index may be as large as the level of the other."""
    p = state[arm, MEAN]
    if p >= state[other, LEVEL]:
        return 0.0
    d = state[arm, ENTROPY] - p * state[other, LOG] - (1.0 - p) * state[other, LOG_REST]
    return float(state[arm, COUNT] * (d - state[other, SLACK]) * (1.0 - _ROUNDING))


@kernel
def _set_level(state: Array, arm: int, level: float) -> None:
    state[arm, LEVEL], state[arm, SLACK] = level, _ROUNDING * (1.0 + 1.0 / (1.0 - level))
    state[arm, LOG], state[arm, LOG_REST] = math.log(level), math.log(1.0 - level)


@kernel
def _work_out(state: Array, arm: int, log: float) -> float:
    """The index of an arm, by which its level is set."""
    if state[arm, AT] == log:
        return float(state[arm, INDEX])
    n, p, e = state[arm, COUNT], state[arm, MEAN], state[arm, ENTROPY]
    index = upper(p, e, log / n)
    state[arm, INDEX], state[arm, AT] = index, log
    if _is_one(n, p, e, log):
        state[arm, LEVEL], state[arm, LOG], state[arm, LOG_REST] = 1.0, 0.0, -51.0 * _LN_2  # below, others are not 1
        state[arm, SLACK] = 64.0 * _ROUNDING
        return index
    q = min(index, 1.0 - 2.0**-38)
    if q > p:
        q -= 4.0 * _ROUNDING * (1.0 + log / n + 1.0 / (1.0 - q)) * q * (1.0 - q) / (q - p)
    if q > p:
        _set_level(state, arm, q)
    if not q > p or not _within(state, arm, log):
        state[arm, LEVEL] = -1.0  # none
    return index


@kernel
def _count(state: Array, arm: int, reward: float, log: float) -> bool:
    """Count a play; whether the level still serves, or one that a step of Newton's method leads to does."""
    state[arm, COUNT] += 1.0
    state[arm, SUM] += reward
    n, level = state[arm, COUNT], state[arm, LEVEL]
    p = min(max(state[arm, SUM] / n, 0.0), 1.0)
    state[arm, MEAN], state[arm, ENTROPY], state[arm, AT] = p, entropy(p), -1.0
    if _within(state, arm, log):
        return True
    if level >= 1.0:
        return False
    d = state[arm, ENTROPY] - p * state[arm, LOG] - (1.0 - p) * state[arm, LOG_REST]
    level -= 1.02 * (d - log / n) * level * (1.0 - level) / (level - p) + 1e-12  # a little further
    if not p < level:
        return False
    _set_level(state, arm, level)
    return _within(state, arm, log)


@kernel
def _climb(state: Array, winners: Arms, until: Array, node: int, log: float) -> int:
    """Play the matches above ``node`` up to one that takes two indices, which is returned, or to the top: 0."""
    while node > 1:
        node >>= 1
        arm, other, stands = winners[2 * node], winners[2 * node + 1], math.inf
        if state[arm, COUNT] == state[other, COUNT] and state[arm, MEAN] == state[other, MEAN]:
            arm = min(arm, other)
        elif state[arm, COUNT] == 0.0 or state[other, COUNT] == 0.0:
            arm = arm if state[arm, COUNT] == 0.0 else other
        elif state[arm, LEVEL] == 1.0 and (state[other, LEVEL] == 1.0 or arm < other):
            arm = min(arm, other)
        else:
            stands = _reach(state, other, arm)
            if not stands > log:
                stands = _reach(state, arm, other)
                arm = other
                if not stands > log:
                    return node
        winners[node], until[node] = arm, min(stands, min(until[2 * node], until[2 * node + 1]))
    return 0


@kernel
def _decide(state: Array, winners: Arms, until: Array, node: int, log: float) -> None:
    """Play one match by the indices of both arms."""
    arm, other = winners[2 * node], winners[2 * node + 1]
    index, its_index = _work_out(state, arm, log), _work_out(state, other, log)
    if its_index > index or (its_index == index and other < arm):
        arm, other = other, arm
    stands = max(log, _reach(state, other, arm))
    winners[node], until[node] = arm, min(stands, min(until[2 * node], until[2 * node + 1]))


@kernel
def _settle(state: Array, winners: Arms, until: Array, node: int, log: float) -> None:
    """Play the matches from ``node`` on, and those whose time has come."""
    while True:
        while node > 0:
            _decide(state, winners, until, node, log)
            node = _climb(state, winners, until, node, log)
        if not until[1] < log:
            return
        node = 1
        while until[2 * node] < log or until[2 * node + 1] < log:
            node = 2 * node if until[2 * node] < log else 2 * node + 1
        node = _climb(state, winners, until, 2 * node, log)


@inlined
def _follow(t: int, arm: int, reward: float, state: Array, winners: Arms, until: Array) -> int:
    """Take in a reward in [0, 1], and return the arm of round ``t``, the one that follows."""
    log = log_f(t)
    if not _count(state, arm, reward, log):
        _work_out(state, arm, log)
    node = _climb(state, winners, until, state.shape[0] + arm, log)
    if node > 0 or until[1] < log:
        _settle(state, winners, until, node, log)
    return int(winners[1])


@kernel
def _learn(t: int, arm: int, reward: float, state: Array, winners: Arms, until: Array) -> None:
    _follow(t + 1, arm, reward, state, winners, until)


@kernel
def _play(
    block: Block, actions: Actions, t: int, state: Array, winners: Arms, until: Array, low: float, span: float
) -> None:
    arm = winners[1]
    for s in range(actions.size):
        reward = block.levels[s * block.stride, arm] + block.noise[s]
        if block.binary:
            reward = 1.0 if reward > 0.0 else 0.0
        actions[s] = arm
        arm = _follow(t + s + 1, arm, (reward - low) / span, state, winners, until)


class KLUCB(BanditPolicy):
    """KL-UCB of Garivier and Cappé (2011).

    Args:
        family: family of the rewards: "bernoulli", "gaussian" (with the declared noise as standard deviation),
            "poisson" or "exponential" (``kl_ucb_family.py``). None takes rewards in a finite range for Bernoulli's.
    """

    decided = True
    by_arm = True

    def __init__(self, family: str | None = None) -> None:
        self.family = check_family(family)

    @property
    def _takes(self) -> tuple[float, float]:
        return taken_by(self.family)

    def reset(self, problem: BanditProblem, rng: np.random.Generator) -> None:
        _, _, self._low, self._span = scale_of("KLUCB", self.family, problem)
        self._other: FamilyKLUCB | None = None
        if self.family not in (None, "bernoulli"):
            self._other = FamilyKLUCB(str(self.family))
            reset_within(self._other, problem, rng)
            return
        self._t = 1
        self._state = np.zeros((problem.n_actions, 10))
        self._winners, self._until = tournament(problem.n_actions)

    def choose(self, observation: Any) -> int:
        return int(self._winners[1]) if self._other is None else self._other.choose(observation)

    def learn(self, action: int, reward: float) -> None:
        if self._other is not None:
            self._other.learn(action, reward)
            return
        _learn(self._t, action, (reward - self._low) / self._span, self._state, self._winners, self._until)
        self._t += 1

    def play(self, block: Block, actions: Actions) -> None:
        if self._other is not None:
            self._other.play(block, actions)
            return
        state = self._state, self._winners, self._until
        _play(block, actions, self._t, *state, self._low, self._span)
        self._t += actions.size

    def regret_bounds(self, problem: BanditProblem, instance: Instance) -> Sequence[Bound]:
        """Theorem 10.6, minimised over a grid of (e1, e2) for every arm and time.

        ``sum gap_i (ln f(t) / d(mean_i + e1, mean* - e2) + 1 / (2 e1^2) + 2 / e2^2)`` with ``e1 + e2 < gap_i``, on
        rewards mapped to [0, 1]. The theorem is about Bernoulli rewards; for others the step above is ours. For another
        family the rate of Lai and Robbins.
        """
        if not isinstance(instance, ArmsInstance):
            return ()
        if self.family not in (None, "bernoulli"):
            source = "Cappé, Garivier, Maillard, Munos, Stoltz 2013, Theorem 1 (leading term)"
            return family_rate("KL-UCB rate", str(self.family), problem, instance, source)
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
            slope, constant = gap * span / d, gap * span * (0.5 / e1**2 + 2.0 / e2**2)
            order = np.argsort(slope)
            least = order[constant[order] <= np.minimum.accumulate(constant[order])]  # others are nowhere below
            lines.append((slope[least], constant[least]))

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
