"""KL-UCB-switch: the index of KL-UCB for arms played seldom, that of MOSS for others; both optimal orders at once.

After playing every arm once, play the arm with the largest

    U_i = max { mu in [0, 1] : K_inf(F_i, mu) <= ln+(y_i) / n_i }    if n_i <= floor((T / K)^(1/5)),
    U_i = mean_i + sqrt( ln+(y_i) / (2 n_i) )                        else,

with ``y_i = T / (K n_i)`` and ``ln+ x = max(0, ln x)``, where ``n_i`` counts the plays of arm ``i`` before, ``F_i`` is
the empirical law of its rewards, mapped to [0, 1], ``T`` the horizon and ``K`` the number of arms. Ties go to the
lowest index. ``K_inf`` is the divergence ``d(mean_i, mu)`` of Bernoulli variables where rewards are 0 or 1; for others
it is larger, so that ``d`` in its place gives an index that is valid, too, but not optimal. An arm's index changes only
when it is played (``cached.py``).

Reference: A. Garivier, H. Hadiji, P. Ménard, G. Stoltz, *KL-UCB-switch: Optimal Regret Bounds for Stochastic Bandits
from Both a Distribution-Dependent and a Distribution-Free Viewpoints*, JMLR 23, 2022 (arXiv 2018); the index as public
code has it, the bound [recall].
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from bandits.arguments import affordable, flag, integer, real
from bandits.arms.cached import CachedPolicy, follow, rounds
from bandits.arms.divergence import entropy, reaches, upper
from bandits.arms.kinf import kinf
from bandits.arms.problem import Actions, BanditProblem, Block
from bandits.arms.scan import COUNT, MORE, SUM, count, horizon_of, need_range
from bandits.arms.theory import BOUNDED, STATIONARY, ArmsInstance, holds
from bandits.contract import Array, Assumption, Bound, Instance
from bandits.kernels import inlined, kernel

Own = tuple[float, float, Array]
"""The horizon over the number of arms; plays up to which the index is KL-UCB's; weights [so many] of an arm's first
rewards, which its row holds from ``MORE`` on, or none where ``d`` stands for ``K_inf``."""


def switch_at(share: float, threshold: float) -> int:
    """The floor of a power, of which rounding takes nothing: 4 for 1024^(1/5)."""
    return int(share**threshold + 1e-9)


@kernel
def upper_empirical(values: Array, weights: Array, level: float) -> float:
    """Largest mu with ``K_inf`` of the empirical law of ``values`` [n] in [0, 1] at most a level >= 0, by bisection."""
    mean = 0.0
    for x in values:
        mean += x / values.size
    low, high = 1.0 - (1.0 - mean) * math.exp(-level), upper(min(mean, 1.0), entropy(mean), level)
    for _ in range(60):
        middle = 0.5 * (low + high)
        if not low < middle < high:
            break
        if kinf(values, weights, middle) <= level:
            low = middle
        else:
            high = middle
    return low


@inlined
def _index(rows: Array, arm: int, own: Own) -> float:
    share, most, weights = own
    n = rows[arm, COUNT]
    p, log = min(max(rows[arm, SUM] / n, 0.0), 1.0), math.log(max(share / n, 1.0))
    if n > most:
        return float(p + math.sqrt(log / (2.0 * n)))
    if weights.size > 0:
        return float(upper_empirical(rows[arm, MORE : MORE + int(n)], weights[: int(n)], log / n))
    return upper(p, entropy(p), log / n)


@inlined
def _above(rows: Array, arm: int, level: float, own: Own) -> bool:
    share, most, weights = own
    n = rows[arm, COUNT]
    if n <= most and weights.size == 0:
        return reaches(rows[arm, SUM] / n, level, n, math.log(max(share / n, 1.0)))
    return _index(rows, arm, own) > level


@inlined
def _note(rows: Array, arm: int, reward: float, own: Own) -> None:
    count(rows, arm, reward, own)
    n = int(rows[arm, COUNT])
    if n <= own[2].size:
        rows[arm, MORE + n - 1] = min(max(reward, 0.0), 1.0)


@kernel
def _follow(arm: int, reward: float, rows: Array, tree: Array, lead: Array, own: Own) -> int:
    return follow(_index, _above, _note, arm, reward, rows, tree, lead, own)


@kernel
def _rounds(
    block: Block, actions: Actions, rows: Array, tree: Array, lead: Array, own: Own, low: float, span: float
) -> None:
    rounds(_index, _above, _note, block, actions, rows, tree, lead, own, low, span)


class KLUCBSwitch(CachedPolicy):
    """KL-UCB-switch of Garivier, Hadiji, Ménard and Stoltz. Needs rewards in a finite range.

    Args:
        threshold: the power of ``T / K`` up to which plays are few, in [0, 1]. The theorem is about 1/5.
        empirical: whether ``K_inf`` is that of the rewards seen, as in the paper, or the divergence of Bernoulli
            variables. It keeps the first ``(T / K)^threshold`` rewards of each arm.
        horizon: the ``T`` of the index, >= 1; None takes the problem's.
    """

    decided = True
    follow, rounds = staticmethod(_follow), staticmethod(_rounds)
    by_arm = True

    def __init__(self, threshold: float = 0.2, empirical: bool = False, horizon: int | None = None) -> None:
        self.threshold = real("threshold", threshold, 0.0, 1.0, closed="both")
        self.empirical = flag("empirical", empirical)
        self.horizon = None if horizon is None else integer("horizon", horizon)

    def _horizon_of(self, problem: BanditProblem) -> int:
        return horizon_of("KLUCBSwitch", self.horizon, problem, "anytime_kl_ucb_switch needs none")

    def _kept(self, problem: BanditProblem) -> int:
        if not self.empirical:
            return 0
        kept = switch_at(self._horizon_of(problem) / problem.n_actions, self.threshold)
        affordable("threshold", f"the first {kept} rewards of every arm", kept * problem.n_actions)
        return kept

    def rows(self, problem: BanditProblem) -> Array:
        return np.zeros((problem.n_actions, MORE + self._kept(problem)))

    def constants(self, problem: BanditProblem) -> Own:
        need_range("KLUCBSwitch", problem, "moss takes a noise")
        share = self._horizon_of(problem) / problem.n_actions
        return share, float(switch_at(share, self.threshold)), np.ones(self._kept(problem))

    def regret_bounds(self, problem: BanditProblem, instance: Instance) -> Sequence[Bound]:
        """``width (23 sqrt(K T) + K - 1)`` at the horizon."""
        if not isinstance(instance, ArmsInstance) or not problem.bounded or self.threshold != 0.2:
            return ()
        horizon = self._horizon_of(problem)
        value = (problem.high - problem.low) * (23.0 * math.sqrt(problem.n_actions * horizon) + problem.n_actions - 1)
        return (
            Bound(
                "KL-UCB-switch bound",
                "upper",
                lambda t: np.full(np.shape(t), value),
                "fixed",
                "Garivier, Hadiji, Ménard, Stoltz 2022 (recalled)",
                "recalled",
                (
                    *holds(instance, STATIONARY, BOUNDED),
                    Assumption("the horizon of the index is that of the run", horizon == problem.horizon),
                ),
                time="at the horizon",
            ),
        )
