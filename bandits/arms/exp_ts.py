"""ExpTS: Thompson sampling from a law made of the divergence itself.

After playing every arm once, draw for each arm with ``n`` plays and mean ``m`` a variable ``e = Exp(1) / (n - 1)`` and
a fair coin: the sample is the largest ``q`` with ``d(m, q) <= e`` or the smallest, and the arm with the largest sample
is played. Ties go to the lowest index. After one play ``e`` is beyond all bounds, and the sample one end of the range.
With ``plus`` the sample is ``m`` itself with probability ``1 - 1 / K``.

Rewards in a finite range are mapped to [0, 1], ``d`` is the divergence of Bernoulli variables. Unbounded ones need a
declared ``noise`` s, half of the problem's width, and ``d(m, q) = (m - q)^2 / (2 s^2)``: the samples are
``m +- s sqrt(2 e)``.

Samples are worked out only where they may come near the best so far: not where that is above ``m``, and the coin says
the smallest or ``d(m, best) > e``. Most often ``2 (best - m)^2``, no more than ``d``, says so already, and with
``ln(1 / (1 - u)) <= u / (1 - u)`` no logarithm of the uniform is taken. The arm with the largest mean is the first, and
by the same two a bound below its sample is enough as long as no other comes near it. No decision changes.

Reference: T. Jin, P. Xu, X. Xiao, A. Anandkumar, *Finite-Time Regret of Thompson Sampling Algorithms for Exponential
Family Multi-Armed Bandits*, NeurIPS 2022 [recall: the law is a reconstruction].
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bandits.arguments import flag
from bandits.arms.divergence import divergence, entropy, upper
from bandits.arms.largest import Laws, leads
from bandits.arms.orders import asymptotic_order
from bandits.arms.problem import Actions, BanditProblem, Block
from bandits.arms.scan import COUNT, SCORE, SUM, ScanPolicy, count, leader, rounds, width_of
from bandits.arms.theory import BERNOULLI
from bandits.contract import Array, Bound, Instance
from bandits.kernels import inlined, kernel

NEAR = 1e-9
"""Samples this close are worked out: far more than counts as equal, and than what rounding does."""
Own = tuple[float, float]
"""Noise of unbounded rewards, or 0; and the probability that a sample is the mean."""


@inlined
def _sample(rows: Array, arm: int, own: Own, luck: Array, s: int, best: float) -> float:
    """The sample of an arm, or -inf if it is surely below ``best`` by more than ``NEAR``."""
    noise, stay = own
    m: float = rows[arm, SUM] / rows[arm, COUNT]
    uniform, coin, near = luck[s, 2 * arm], luck[s, 2 * arm + 1], best - NEAR
    if coin < stay:
        return m
    if noise == 0.0:
        m = min(max(m, 0.0), 1.0)
    times, up = max(rows[arm, COUNT] - 1.0, 1e-12), coin < 0.5 * (1.0 + stay)
    if m < near:
        if not up:
            return -math.inf
        if noise == 0.0 and 2.0 * (near - m) ** 2 * times * (1.0 - uniform) > uniform:  # -ln(1 - u) <= u / (1 - u)
            return -math.inf
    e = -math.log1p(-uniform) / times
    if noise > 0.0:
        step = noise * math.sqrt(2.0 * e)
        return m + step if up else m - step
    if m < near and divergence(m, near) > e:
        return -math.inf
    return upper(m, entropy(m), e) if up else 1.0 - upper(1.0 - m, entropy(m), e)


@inlined
def _at_least(rows: Array, arm: int, own: Own, luck: Array, s: int) -> float:
    """A bound below the sample of an arm."""
    noise, stay = own
    m: float = rows[arm, SUM] / rows[arm, COUNT]
    uniform, coin = float(luck[s, 2 * arm]), luck[s, 2 * arm + 1]
    if coin < stay:
        return m
    if noise == 0.0:
        m, noise = min(max(m, 0.0), 1.0), 0.5
    if coin < 0.5 * (1.0 + stay):
        return m
    return m - noise * math.sqrt(2.0 * uniform / ((1.0 - uniform) * max(rows[arm, COUNT] - 1.0, 1e-12)))


@inlined
def _pick(rows: Array, t: int, own: Own, luck: Array, s: int) -> int:
    lead, top = 0, -math.inf
    for i in range(rows.shape[0]):
        if rows[i, COUNT] == 0.0:
            return i
        if rows[i, SUM] / rows[i, COUNT] > top:
            lead, top = i, rows[i, SUM] / rows[i, COUNT]
    best, sampled = _at_least(rows, lead, own, luck, s), False
    for i in range(rows.shape[0]):
        if i != lead:
            rows[i, SCORE] = _sample(rows, i, own, luck, s, best)
            if rows[i, SCORE] > -math.inf and not sampled:
                rows[lead, SCORE], sampled = _sample(rows, lead, own, luck, s, -math.inf), True
                best = max(best, rows[lead, SCORE])
            best = max(best, rows[i, SCORE])
    return leader(rows) if sampled else lead


@kernel
def _rounds(
    block: Block, actions: Actions, t: int, rows: Array, own: Own, luck: Array, low: float, span: float
) -> None:
    rounds(_pick, count, block, actions, t, rows, own, luck, low, span)


END = math.log(1e12)
"""Log-odds beyond which samples count as the end of the range: it is no farther than scores that count as equal are."""


class _Laws(Laws):
    """The laws of the samples, of rewards in a finite range in log-odds ``y``, where ``d`` has the slope ``q(y) - m``.

    Above the mean ``P(sample > y) = (1 - stay) / 2 exp(-(n - 1) d(m, y))``, and below it likewise.

    Args:
        counts: [n_arms] n, > 0.
        means: [n_arms] m.
        own: noise and ``stay``.
    """

    def __init__(self, counts: Array, means: Array, own: Own) -> None:
        from scipy.special import logit

        self._noise, stay = own
        self._times, self._coin, end = np.maximum(counts - 1.0, 1e-12), 0.5 * (1.0 - stay), math.inf
        self.centres, self.scales = means, self._noise / np.sqrt(self._times)
        self._means, arms = means[:, None], np.arange(counts.size)
        if self._noise == 0.0:
            self._means, end = np.clip(means, 0.0, 1.0)[:, None], END
            self.centres = np.clip(logit(self._means[:, 0]), -END, END)
            odds = (counts * self._means[:, 0] + 1.0) / (counts + 2.0)
            self.scales = 1.0 / np.sqrt(np.maximum(self._times, 0.5) * odds * (1.0 - odds))
        self._end, inside, self.kinks = end, np.flatnonzero(np.abs(self.centres) < end), self.centres
        places, masses = [self.centres[inside]], [np.full(inside.size, stay)]
        if end < math.inf:
            low, high = np.full((arms.size, 1), -END), np.full((arms.size, 1), np.nextafter(END, 0.0))
            places += [low[:, 0], -low[:, 0]]
            masses += [np.exp(self.log_cdf(low)[:, 0]), np.exp(self.log_sf(high)[:, 0])]
            inside = np.concatenate([inside, arms, arms])
        self.atoms = inside, np.concatenate(places), np.concatenate(masses)

    def _depth(self, y: Array) -> Array:
        """``(n - 1) d(m, y)``."""
        from scipy.special import entr, log_expit

        times, m = self._times[:, None], self._means
        if self._noise > 0.0:
            return np.asarray(0.5 * times * ((y - m) / self._noise) ** 2)
        depth = -entr(m) - entr(1.0 - m) - m * log_expit(y) - (1.0 - m) * log_expit(-y)
        return np.asarray(times * np.maximum(depth, 0.0))

    def _log_tail(self, y: Array, inner: NDArray[np.bool_]) -> Array:
        """The logarithm of what lies beyond ``y``, away from the mean if ``inner``, else with the mean."""
        outer = math.log(self._coin) - self._depth(y)
        return np.where(inner, outer, np.log1p(-np.exp(outer)))

    def log_cdf(self, x: Array) -> Array:
        below = self._log_tail(x, x < self.centres[:, None])
        return np.where(x >= self._end, 0.0, np.where(x < -self._end, -np.inf, below))

    def log_sf(self, x: Array) -> Array:
        above = self._log_tail(x, x >= self.centres[:, None])
        return np.where(x >= self._end, -np.inf, np.where(x < -self._end, 0.0, above))

    def log_density(self, x: Array) -> Array:
        from scipy.special import expit

        slope = (x - self._means) / self._noise**2 if self._noise > 0.0 else expit(x) - self._means
        with np.errstate(divide="ignore"):
            log = math.log(self._coin) + np.log(self._times[:, None] * np.abs(slope)) - self._depth(x)
        return np.where(np.abs(x) < self._end, log, -np.inf)


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

    def probabilities(self, observation: Any) -> Array:
        """By quadrature (``bandits.arms.largest``) within 1e-9; 1 for the lowest arm not played yet."""
        counts, own = self._rows[:, COUNT], self._own
        unplayed = np.flatnonzero(counts == 0.0)
        if unplayed.size:
            return self.problem_given().distribution_of(unplayed[0])
        return leads(self, _Laws(counts, self._rows[:, SUM] / counts, (float(own[0]), float(own[1]))))

    def luck(self, n_rounds: int) -> Array:
        return self._rng.random((n_rounds, 2 * self._n_arms))

    def regret_bounds(self, problem: BanditProblem, instance: Instance) -> Sequence[Bound]:
        """The rate of Lai and Robbins, for rewards 0 and 1."""
        source = "Jin et al. 2022 (from memory, the rate alone)"
        return asymptotic_order("ExpTS rate", problem, instance, source, key=BERNOULLI)
