"""AdaNormalHedge for sleeping experts: no learning rate, no horizon, regret on each expert's own waking rounds.

With ``Phi(R, C) = exp(max(R, 0)^2 / (3 C))`` and ``w(R, C) = (Phi(R + 1, C + 1) - Phi(R - 1, C + 1)) / 2``:

1. ``p_i ~ q_i w(R_i, C_i)`` over the experts awake; uniform over them where all these weights are 0 (``R_i <= -1``);
2. with losses ``l_i`` and ``r_i = sum_j p_j l_j - l_i``, for each expert awake: ``R_i += r_i``, ``C_i += |r_i|``.

For ``|r_i| <= 1``, every expert and every time, ``R_i <= sqrt(3 C_i (ln(1/q_i) + ln B))`` with
``B = 1 + 3/2 sum_j q_j (1 + ln(1 + C_j))``.

Reference: H. Luo, R. E. Schapire, *Achieving All with No Parameters: AdaNormalHedge*, COLT 2015, Theorems 1 and 3
(recall). The form for a single expert with explicit B is derived: for ``|r| <= 1``, ``Phi(R + r, C + |r|) <= Phi(R, C)
+ w(R, C) r + 3 |r| / (2 (C + 1))``, the middle terms cancel under ``q`` and ``sum |r| / (C + 1) <= 1 + ln(1 + C)``.
"""

from __future__ import annotations

import math
import sys

import numpy as np

from bandits.arguments import shown
from bandits.contract import Array
from bandits.groupwise.problem import Mask
from bandits.kernels import kernel

TRACE = 1.02
"""Growth from one recorded round to the next of the states kept for the bound of the run."""


@kernel
def _distribution(awake: Mask, log_prior: Array, R: Array, C: Array, p: Array) -> None:
    top, count = -math.inf, 0
    for i in range(p.size):
        p[i] = -math.inf
        if awake[i] == 0:
            continue
        count += 1
        scale = 3.0 * (C[i] + 1.0)
        a = max(R[i] + 1.0, 0.0) ** 2 / scale
        b = max(R[i] - 1.0, 0.0) ** 2 / scale
        if a > b:
            p[i] = log_prior[i] + a + math.log(-math.expm1(b - a))  # log space: unbounded losses would overflow
            top = max(top, p[i])
    total = 0.0
    for i in range(p.size):
        if awake[i] == 0:
            p[i] = 0.0
        elif top == -math.inf:
            p[i] = 1.0
        else:
            p[i] = math.exp(p[i] - top)
        total += p[i]
    if count > 0:
        for i in range(p.size):
            p[i] /= total


@kernel
def _learn(awake: Mask, losses: Array, p: Array, R: Array, C: Array) -> None:
    mean = 0.0
    for i in range(p.size):
        if awake[i]:
            mean += p[i] * losses[i]
    for i in range(p.size):
        if awake[i]:
            r = mean - losses[i]
            R[i] += r
            C[i] += abs(r)


@kernel
def _run(awake: Mask, losses: Array, log_prior: Array, R: Array, C: Array, weights: Array) -> None:
    for s in range(weights.shape[0]):
        _distribution(awake[s], log_prior, R, C, weights[s])
        _learn(awake[s], losses[s], weights[s], R, C)


class AdaNormalHedge:
    """AdaNormalHedge over experts that sleep; the state needs losses in [0, 1] only for the theorem.

    Attributes:
        prior: [n_experts] positive weights, summing to 1.
        regrets: [n_experts] ``R``, cumulative regret to each expert on the rounds that it was awake.
        magnitudes: [n_experts] ``C``, cumulative absolute instantaneous regret.
        rounds: number of rounds so far.
    """

    def start(self, prior: Array, horizon: int | None = None, trace: bool = True) -> None:
        """Forget everything.

        Args:
            prior: [n_experts] positive weights, summing to 1.
            horizon: not needed.
            trace: whether to keep the states that ``bound`` needs.

        Raises:
            ValueError: weights that are not positive, or do not sum to 1.
        """
        self.prior = np.asarray(prior, dtype=np.float64)
        if not np.all(self.prior > 0.0) or abs(float(self.prior.sum()) - 1.0) > 1e-9:
            raise ValueError(f"prior must hold positive weights that sum to 1, got {shown(prior)}")
        self._log_prior = np.log(self.prior)
        self.regrets, self.magnitudes = np.zeros_like(self.prior), np.zeros_like(self.prior)
        self.rounds, self._next = 0, 1 if trace else sys.maxsize
        self._trace: list[tuple[int, Array]] = []

    def distribution(self, awake: Mask) -> Array:
        """Probabilities [n_experts] of the experts awake [n_experts]; zeros where none is."""
        p = np.empty(self.prior.size)
        _distribution(awake, self._log_prior, self.regrets, self.magnitudes, p)
        return p

    def update(self, awake: Mask, losses: Array, p: Array) -> None:
        """Learn the losses [n_experts] (read where awake) of the round in which ``p`` was the distribution."""
        _learn(awake, losses, p, self.regrets, self.magnitudes)
        self.rounds += 1
        if self.rounds == self._next:
            self._record()

    def run(self, awake: Mask, losses: Array) -> Array:
        """The distributions [n, n_experts] of ``n`` rounds with the given losses, as round by round."""
        weights = np.empty(losses.shape)
        start = 0
        while start < len(losses):
            stop = min(len(losses), start + self._next - self.rounds)
            part = slice(start, stop)
            _run(awake[part], losses[part], self._log_prior, self.regrets, self.magnitudes, weights[part])
            self.rounds += stop - start
            start = stop
            if self.rounds == self._next:
                self._record()
        return weights

    def _record(self) -> None:
        self._trace.append((self.rounds, self.magnitudes.copy()))
        self._next = max(self.rounds + 1, math.ceil(TRACE * self.rounds))

    def bound(self, expert: int, times: Array) -> Array:
        """The theorem's bound [n_times] on the regret to an expert, with the constants of this run.

        Between recorded rounds the next recorded state stands in, which can only raise the bound.
        """
        states = [*self._trace, (self.rounds, self.magnitudes)]
        C = np.array([c for _, c in states])
        B = 1.0 + 1.5 * (1.0 + np.log1p(C)) @ self.prior
        at = np.minimum(np.searchsorted([t for t, _ in states], times), len(states) - 1)
        value: Array = np.sqrt(3.0 * C[at, expert] * (np.log(B[at]) - self._log_prior[expert]))
        return value

    def certificate(self, expert: int, members: Array, times: Array, data_dependent: bool) -> Array:
        """Bound [n_times] on the regret to an expert: of this run (``bound``), or known before (``a_priori``).

        Args:
            expert: position of the expert.
            members: [n_times] rounds that it was awake up to each time.
            times: [n_times] rounds.
            data_dependent: which of the two. The regret to an only expert is 0.
        """
        if len(self.prior) == 1:
            return np.zeros_like(times)
        return self.bound(expert, times) if data_dependent else a_priori(members, times, float(self.prior[expert]))


def a_priori(members: Array, times: Array, prior: float) -> Array:
    """The bound without the run's constants: ``sqrt(3 n (ln(1/q) + ln(5/2 + 3/2 ln(1 + t))))`` (derived).

    Args:
        members: [n_times] rounds awake up to each time.
        times: [n_times] rounds.
        prior: the expert's prior weight.
    """
    value: Array = np.sqrt(3.0 * members * (np.log(2.5 + 1.5 * np.log1p(times)) - math.log(prior)))
    return value
