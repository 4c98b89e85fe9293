"""ExpTS: Thompson sampling from a law made of the divergence itself.

After playing every arm once, draw for each arm with ``n`` plays and mean ``m`` a variable ``e = Exp(1) / (n - 1)`` and
a fair coin: the sample is the largest ``q`` with ``d(m, q) <= e`` or the smallest, and the arm with the largest sample
is played. Ties go to the lowest index. After one play ``e`` is beyond all bounds, and the sample one end of the range.
With ``plus`` the sample is ``m`` itself with probability ``1 - 1 / K``.

Rewards in a finite range are mapped to [0, 1], ``d`` is the divergence of Bernoulli variables. Unbounded ones need a
declared ``noise`` s, half of the problem's width, and ``d(m, q) = (m - q)^2 / (2 s^2)``: the samples are
``m +- s sqrt(2 e)``.

The arm with the largest mean is sampled first, and then of the others those whose sample may come near the best so far:
not where that is above ``m``, and the coin says the smallest or ``d(m, best) > e``. No decision changes.

Reference: T. Jin, P. Xu, X. Xiao, A. Anandkumar, *Finite-Time Regret of Thompson Sampling Algorithms for Exponential
Family Multi-Armed Bandits*, NeurIPS 2022 [recall: the law is a reconstruction].
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from bandits.arguments import flag
from bandits.arms.divergence import divergence, entropy, upper
from bandits.arms.orders import asymptotic_order
from bandits.arms.problem import Actions, BanditProblem, Block
from bandits.arms.scan import COUNT, SCORE, SUM, ScanPolicy, count, leader, rounds, width_of
from bandits.arms.theory import BERNOULLI
from bandits.contract import Array, Bound, Instance
from bandits.kernels import kernel

NEAR = 1e-9
"""Samples this close are worked out: far more than counts as equal, and than what rounding does."""
Own = tuple[float, float]
"""Noise of unbounded rewards, or 0; and the probability that a sample is the mean."""


@kernel
def _sample(rows: Array, arm: int, own: Own, luck: Array, s: int, best: float) -> float:
    """The sample of an arm, or -inf if it is surely below ``best`` by more than ``NEAR``."""
    noise, stay = own
    n, coin = rows[arm, COUNT], luck[s, 2 * arm + 1]
    m: float = rows[arm, SUM] / n
    if coin < stay:
        return m
    e, up = -math.log1p(-luck[s, 2 * arm]) / max(n - 1.0, 1e-12), coin < 0.5 * (1.0 + stay)
    if noise > 0.0:
        step = noise * math.sqrt(2.0 * e)
        return m + step if up else m - step
    m, near = min(max(m, 0.0), 1.0), best - NEAR
    if m < near and (not up or 2.0 * (near - m) ** 2 > e or divergence(m, near) > e):
        return -math.inf
    return upper(m, entropy(m), e) if up else 1.0 - upper(1.0 - m, entropy(m), e)


@kernel
def _pick(rows: Array, t: int, own: Own, luck: Array, s: int) -> int:
    lead, top = 0, -math.inf
    for i in range(rows.shape[0]):
        if rows[i, COUNT] == 0.0:
            return i
        if rows[i, SUM] / rows[i, COUNT] > top:
            lead, top = i, rows[i, SUM] / rows[i, COUNT]
    best = rows[lead, SCORE] = _sample(rows, lead, own, luck, s, -math.inf)
    for i in range(rows.shape[0]):
        if i != lead:
            rows[i, SCORE] = _sample(rows, i, own, luck, s, best)
            best = max(best, rows[i, SCORE])
    return leader(rows)


@kernel
def _rounds(
    block: Block, actions: Actions, t: int, rows: Array, own: Own, luck: Array, low: float, span: float
) -> None:
    rounds(_pick, count, block, actions, t, rows, own, luck, low, span)


class ExpTS(ScanPolicy):
    """ExpTS and ExpTS+ of Jin, Xu, Xiao and Anandkumar (2022).

    Args:
        plus: whether a sample is the mean itself with probability ``1 - 1 / K``.
    """

    numbers_an_arm = 2
    pick, note, rounds = staticmethod(_pick), staticmethod(count), staticmethod(_rounds)
    by_arm = True

    def __init__(self, plus: bool = False) -> None:
        self.plus = flag("plus", plus)

    def constants(self, problem: BanditProblem) -> Own:
        noise = 0.0 if problem.bounded else width_of(problem) / 2.0
        if not problem.bounded and noise == 0.0:
            raise ValueError("ExpTS needs noise > 0 where rewards are unbounded, got 0, which the problem declares")
        return noise, 1.0 - 1.0 / problem.n_actions if self.plus else 0.0

    def luck(self, n_rounds: int) -> Array:
        return self._rng.random((n_rounds, 2 * self._n_arms))

    def regret_bounds(self, problem: BanditProblem, instance: Instance) -> Sequence[Bound]:
        """The rate of Lai and Robbins, for rewards 0 and 1."""
        source = "Jin et al. 2022 (from memory, the rate alone)"
        return asymptotic_order("ExpTS rate", problem, instance, source, key=BERNOULLI)
