"""Top-two sampling: a leader and a challenger, one of which is sampled; stop when the statistic decides.

======== ====================================== ============================================ =======
rule     leader                                 challenger                                   which
======== ====================================== ============================================ =======
ttts     best of a posterior draw               redrawn until its best differs               coin
t3c      best of a posterior draw               least transportation cost from the leader    coin
ttei     largest expected improvement           the same over the leader                     coin
eb_tc    largest mean                           least transportation cost from the leader    tracked
tt_ucb   largest upper confidence bound         least transportation cost from the leader    tracked
======== ====================================== ============================================ =======

References: D. Russo, *Simple Bayesian Algorithms for Best Arm Identification*, COLT 2016 (ttts); X. Shang et al.,
*Fixed-confidence guarantees for Bayesian best-arm identification*, AISTATS 2020 (t3c); C. Qin, D. Klabjan, D. Russo,
NeurIPS 2017 (ttei); M. Jourdan et al., *Top Two Algorithms Revisited*, NeurIPS 2022, arXiv 2206.05979 (eb_tc), and
*Non-Asymptotic Analysis of a UCB-based Top Two Algorithm*, NeurIPS 2023, arXiv 2210.05431 (tt_ucb); as remembered but
for abstracts. Pure ``eb_tc`` can lock in on a wrong leader for very long: its stopping times have a heavy tail.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np

from bandits.arguments import one_of, probability
from bandits.arms.largest import Betas, Gaussians, Laws, leads
from bandits.contract import Array, Bound
from bandits.copies import Copies
from bandits.earlier import set_state
from bandits.identification.bounds import error_bound, half_rate
from bandits.identification.divergence import reward_of
from bandits.identification.policy import STOP, IdentificationPolicy, highest, note
from bandits.identification.problem import IdentificationProblem, Ints, Outcomes, Stop
from bandits.identification.theory import IdentificationInstance
from bandits.identification.thresholds import Threshold, check_rule, decided, threshold_of
from bandits.identification.times import transport
from bandits.kernels import inlined, kernel

TTTS, T3C, TTEI, EB_TC, TT_UCB = range(5)
RULES = ("ttts", "t3c", "ttei", "eb_tc", "tt_ucb")
TRACKED = ("eb_tc", "tt_ucb")
"""Rules that track their leader, and draw nothing."""

Luck = np.random.Generator | None
State = tuple[int, float, bool, float, int, Ints, Array, Array, Ints, Ints, Luck]
"""What kernels are handed, beside what they play with."""

REDRAWS = 1000
"""Posterior draws of ttts after which the challenger is that of least transportation cost: odds may be long."""


@inlined
def _posterior_best(
    bernoulli: bool, sigma: float, counts: Ints, sums: Array, means: Array, rng: np.random.Generator
) -> int:
    best, most = 0, -math.inf
    for i in range(counts.size):
        n = counts[i]
        if bernoulli:
            ones = min(max(sums[i], 0.0), float(n))  # of rewards outside [0, 1] there is no posterior
            draw = rng.beta(1.0 + ones, 1.0 + n - ones)
        else:
            draw = means[i] + sigma / math.sqrt(n) * rng.standard_normal()
        if draw > most:
            best, most = i, draw
    return best


@inlined
def _nearest(threshold: Threshold, leader: int, counts: Ints, means: Array) -> int:
    """The arm of the least transportation cost from the leader, the first of equal ones."""
    best, least = -1, math.inf
    for i in range(counts.size):
        if i != leader:
            z = transport(threshold.family, threshold.variance, means[leader], means[i], counts[leader], counts[i])
            if best < 0 or z < least:
                best, least = i, z
    return best


@inlined
def log_improvement(deviation: float, gain: float) -> float:
    """Logarithm of the expected improvement ``E[max(X, 0)]``, ``X`` normal with mean ``gain`` and this deviation."""
    x = gain / deviation
    if x < -30.0:
        inner = -0.5 * x * x - 0.5 * math.log(2.0 * math.pi) - 2.0 * math.log(-x)
    else:
        density = math.exp(-0.5 * x * x) / math.sqrt(2.0 * math.pi)
        inner = math.log(x * 0.5 * math.erfc(-x / math.sqrt(2.0)) + density)
    return math.log(deviation) + inner


@inlined
def _improves(sigma: float, goal: float, over: int, counts: Ints, means: Array) -> int:
    """The arm of the largest expected improvement over a mean; not ``over``, if that is an arm, whose mean it is."""
    best, most = -1, -math.inf
    for i in range(counts.size):
        if i != over:
            inverse = 1.0 / counts[i] + (1.0 / counts[over] if over >= 0 else 0.0)
            value = log_improvement(sigma * math.sqrt(inverse), means[i] - goal)
            if best < 0 or value > most:
                best, most = i, value
    return best


@inlined
def _bounded(sigma: float, t: int, counts: Ints, means: Array) -> int:
    """The arm of the largest ``m_i + sigma sqrt(2 1.2 2.2 ln t / N_i)``."""
    best, most, scale = 0, -math.inf, 2.0 * 1.2 * 2.2 * math.log(t)
    for i in range(counts.size):
        index = means[i] + sigma * math.sqrt(scale / counts[i])
        if index > most:
            best, most = i, index
    return best


@inlined
def _pick(
    threshold: Threshold,
    rule: int,
    beta: float,
    bernoulli: bool,
    sigma: float,
    t: int,
    counts: Ints,
    sums: Array,
    means: Array,
    led: Ints,
    pair: Ints,
    rng: Luck,
) -> tuple[int, int]:
    """The arm to sample, and the one of the largest mean.

    ``led`` [2, n_arms]: rounds with this leader, and those of them that sampled it; ``pair``: the leader of now. Rules
    that track their leader draw nothing: ``rng`` is None.
    """
    if t < counts.size:
        return t, highest(counts, sums)
    best = 0
    for i in range(1, means.size):
        if means[i] > means[best]:
            best = i
    if decided(threshold, t, best, counts, sums):
        return STOP, best
    if rng is None:
        leader = best if rule == EB_TC else _bounded(sigma, t, counts, means)
        challenger, first = _nearest(threshold, leader, counts, means), led[1, leader] <= beta * led[0, leader]
    else:
        challenger = -1
        if rule == TTEI:
            leader = _improves(sigma, means[best], -1, counts, means)
            challenger = _improves(sigma, means[leader], leader, counts, means)
        else:
            leader = _posterior_best(bernoulli, sigma, counts, sums, means, rng)
        if rule == TTTS:
            for _ in range(REDRAWS):
                other = _posterior_best(bernoulli, sigma, counts, sums, means, rng)
                if other != leader:
                    challenger = other
                    break
        if challenger < 0:
            challenger = _nearest(threshold, leader, counts, means)
        first = rng.random() < beta
    pair[0] = leader
    return leader if first else challenger, best


@inlined
def _settle(arm: int, counts: Ints, sums: Array, means: Array, led: Ints, pair: Ints) -> None:
    means[arm] = sums[arm] / counts[arm]
    if pair[0] >= 0:
        led[0, pair[0]] += 1
        led[1, pair[0]] += arm == pair[0]
        pair[0] = -1


@kernel
def _choose(
    rule: int,
    beta: float,
    bernoulli: bool,
    sigma: float,
    t: int,
    counts: Ints,
    sums: Array,
    means: Array,
    led: Ints,
    pair: Ints,
    rng: Luck,
    *threshold: Any,
) -> int:
    return _pick(Threshold(*threshold), rule, beta, bernoulli, sigma, t, counts, sums, means, led, pair, rng)[0]


@kernel
def _go_on(arm: int, counts: Ints, sums: Array, means: Array, led: Ints, pair: Ints) -> None:
    _settle(arm, counts, sums, means, led, pair)


@kernel
def _play(
    outcomes: Outcomes,
    threshold: Threshold,
    rule: int,
    beta: float,
    bernoulli: bool,
    sigma: float,
    t: int,
    counts: Ints,
    sums: Array,
    means: Array,
    led: Ints,
    pair: Ints,
    rng: Luck,
    arms: Ints,
    codes: Ints,
) -> tuple[int, bool]:
    for s in range(arms.size):
        arm, best = _pick(threshold, rule, beta, bernoulli, sigma, t + s, counts, sums, means, led, pair, rng)
        if arm == STOP:
            return s, True
        codes[s], arms[s] = best, arm
        note(arm, reward_of(outcomes.family, outcomes.means[arm], outcomes.noise[s]), counts, sums)
        _settle(arm, counts, sums, means, led, pair)
    return arms.size, False


class TopTwo(IdentificationPolicy):
    """Top-two sampling. Its sampling does not depend on ``delta``.

    Posteriors are ``N(m_i, sigma^2 / N_i)``, of Bernoulli rewards ``Beta(1 + S_i, 1 + N_i - S_i)``. A tracked leader is
    sampled where that was done in at most ``beta`` of its earlier rounds as leader (the first samples of arms not
    counted).

    Args:
        rule: "t3c", "ttts", "ttei", "eb_tc" or "tt_ucb".
        beta: share of the leader, in (0, 1).
        threshold: of the statistic, see ``bandits.identification.thresholds``.

    Raises:
        ValueError: a parameter out of its domain; from ``reset``, no ``delta``, rewards that are not sub-Gaussian, or a
            threshold that is not proved for the family.
    """

    needs: ClassVar[str] = "delta"

    def __init__(self, rule: str = "t3c", beta: float = 0.5, threshold: str = "provable") -> None:
        self.rule, self.beta = one_of("rule", rule, RULES), probability("beta", beta)
        self.threshold = check_rule(threshold)

    def start(self, problem: IdentificationProblem) -> None:
        self._threshold = threshold_of(self.threshold, problem)
        self._bernoulli, self._sigma = problem.family == "bernoulli", problem.deviation
        self._means = np.full(problem.n_actions, -math.inf)  # of arms without a sample
        self._led = np.zeros((2, problem.n_actions), dtype=np.int64)
        self._pair = np.array([-1])

    def __setstate__(self, state: Any) -> None:
        """Earlier ones kept no means, which are the sums over the counts."""
        kept = set_state(self, state)
        if "_sums" in kept and "_means" not in kept:
            sampled = self._counts > 0
            self._means = np.where(sampled, self._sums / np.maximum(self._counts, 1), -math.inf)

    def pick(self) -> int:
        return _choose(*self._state(), *self._threshold)

    def _state(self) -> State:
        rule, rng = RULES.index(self.rule), None if self.rule in TRACKED else self._rng
        numbers = (rule, self.beta, self._bernoulli, self._sigma, self._taken)
        return (*numbers, self._counts, self._sums, self._means, self._led, self._pair, rng)

    def probabilities(self, observation: Any) -> Array:
        """[n_actions + 1], the last of a stop. A leader drawn from the posterior: by quadrature within 1e-9."""
        copy: TopTwo = Copies(self).one()
        copy.beta = 0.0  # the challenger
        action = copy.choose(observation)
        if isinstance(action, Stop) or self._taken < self._n_arms:
            return self._problem.distribution_of(action)
        if self.rule in TRACKED:
            return self._problem.distribution_of(Copies(self).one().choose(observation))
        found, beta = np.zeros(self._n_arms + 1), self.beta
        if self.rule == "ttei":
            found[copy._pair[0]], found[action.arm] = beta, 1.0 - beta
            return found
        leading = leads(self, self._posteriors())
        found[:-1] = beta * leading
        for leader, chance in enumerate(leading.tolist()):
            nearest = (1.0 - beta) * chance
            if self.rule == "ttts" and chance < 1.0:
                redrawn = nearest * -math.expm1(REDRAWS * math.log(chance)) if chance > 0.0 else nearest
                found[:-1] += redrawn * np.where(np.arange(self._n_arms) == leader, 0.0, leading / (1.0 - chance))
                nearest -= redrawn
            if nearest > 0.0:
                found[_nearest(self._threshold, leader, self._counts, self._means)] += nearest
        return found

    def _posteriors(self) -> Laws:
        n = self._counts.astype(np.float64)
        if not self._bernoulli:
            return Gaussians(self._sums / n, self._sigma / np.sqrt(n))
        ones = np.clip(self._sums, 0.0, n)
        return Betas(1.0 + ones, 1.0 + n - ones)

    def learn(self, arm: int, reward: float) -> None:
        _go_on(arm, self._counts, self._sums, self._means, self._led, self._pair)

    def play(self, outcomes: Outcomes, arms: Ints, codes: Ints) -> tuple[int, bool]:
        return _play(outcomes, self._threshold, *self._state(), arms, codes)

    def theorems(self, problem: IdentificationProblem, instance: IdentificationInstance) -> Sequence[Bound]:
        """The error, where the threshold is proved, and ``T_beta ln(1 / delta)`` as ``delta`` goes to 0."""
        return (*error_bound(self.threshold, problem), *half_rate(self.beta, self.threshold, problem, instance))
