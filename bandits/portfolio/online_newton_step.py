"""Online Newton step: gradient steps in the metric of all gradients so far, projected in that metric.

With ``r_t = x_t / <b_t, x_t>``, the gradient of ``ln <b, x_t>`` at ``b_t``, and ``b_1`` uniform, in each round
``A += r r^T``, and

* "regret": ``b = Proj_A(b + A^-1 r / gamma)``, ``A`` starts as ``epsilon I``, ``gamma = 2 (Z - ln(1 + Z)) / Z^2`` with
  ``Z = rho - 1``;
* "practice": ``s += (1 + 1 / beta) r``, ``p = Proj_A(delta A^-1 s)``, ``b = (1 - eta) p + eta / k``, ``A`` starts as
  I.

``Proj_A(y)`` is the point ``b`` of the simplex with the least ``(b - y)^T A (b - y)``, found exactly by active sets:
the nearest point in the ordinary sense would void the theorem. Steps give ``A y``, so that nothing is inverted. Of far
points the projection may lie on the other side: in round 2, "practice" may hold less of what has just risen.

The regret of "regret" to any constant mix is at most ``k / (2 gamma) ln(1 + T rho^2 / epsilon) + gamma epsilon``,
where no ratio of two relatives of a round exceeds rho (derived in this project): ``ln(1 + z) <= z - gamma z^2 / 2`` for
``-1 < z <= rho - 1``, since ``(z - ln(1 + z)) / z^2`` falls; the rest is the usual telescoping sum, with the square 2
of the simplex's diameter and ``|r|^2 <= k rho^2``. "practice" has no theorem here.

Reference: E. Hazan, A. Agarwal, S. Kale, *Logarithmic Regret Algorithms for Online Convex Optimization*, Machine
Learning 69, 2007 ("regret": form from memory, constants derived); A. Agarwal, E. Hazan, S. Kale, R. E. Schapire,
*Algorithms for Portfolio Management Based on the Newton Method*, ICML 2006 ("practice": from memory, as two public
programs have it).
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from bandits.arguments import one_of, positive, real
from bandits.contract import Array, Bound, Instance
from bandits.kernels import kernel
from bandits.linear.ridge import cholesky, solve
from bandits.portfolio.policy import PortfolioPolicy
from bandits.portfolio.problem import PortfolioProblem, factor
from bandits.portfolio.theory import MIX, PortfolioInstance, free_of_costs, ratio_within


@kernel
def _project(gram: Array, target: Array, b: Array, part: Array, lower: Array, vectors: Array) -> None:
    """Move ``b`` [k], on the simplex, to the least ``b^T gram b / 2 - <target, b>`` there, by active sets."""
    k = b.size
    held, slope, pull, share = vectors[0], vectors[1], vectors[2], vectors[3]
    largest = 0.0
    for i in range(k):
        held[i] = 1.0 if b[i] > 0.0 else 0.0
        largest = max(largest, abs(target[i]))
    for _ in range(10 * k + 10):  # in exact arithmetic it ends by itself
        for i in range(k):
            slope[i] = -target[i]
            for j in range(k):
                slope[i] += gram[i, j] * b[j]
                part[i, j] = gram[i, j] * held[i] * held[j]
            part[i, i] += 1.0 - held[i]
            share[i] = slope[i] * held[i]
        while not cholesky(part, lower):  # rounding leaves it singular, at conditions beyond 1e16
            for i in range(k):
                part[i, i] *= 1.0 + 1e-14
        solve(lower, share, pull)
        solve(lower, held, share)
        total, weight = 0.0, 0.0
        for i in range(k):
            total += pull[i]
            weight += share[i]
        nu = -total / weight
        step, first = 1.0, -1
        for i in range(k):
            pull[i] = -held[i] * (pull[i] + nu * share[i])  # from b to the least of the support's plane
            if b[i] + pull[i] < 0.0 and b[i] < -step * pull[i]:
                step, first = -b[i] / pull[i], i
        for i in range(k):
            b[i] = max(b[i] + step * pull[i], 0.0)
        if first >= 0:
            b[first] = held[first] = 0.0
            continue
        lowest = -1e-12 * largest
        for i in range(k):
            if held[i] == 0.0:
                slope[i] = nu - target[i]
                for j in range(k):
                    slope[i] += gram[i, j] * b[j]
                if slope[i] < lowest:
                    lowest, first = slope[i], i
        if first < 0:
            break
        held[first] = 1.0
    total = 0.0
    for i in range(k):
        total += b[i]
    for i in range(k):
        b[i] /= total


@kernel
def _play(
    relatives: Array,
    portfolios: Array,
    b: Array,
    p: Array,
    gram: Array,
    target: Array,
    matrices: Array,
    vectors: Array,
    lazy: bool,
    step: float,
    mixed: float,
) -> None:
    k = b.size
    r = vectors[4]
    for s in range(relatives.shape[0]):
        paid = factor(b, relatives[s])
        for i in range(k):
            portfolios[s, i] = b[i]
            r[i] = relatives[s, i] / paid
        for i in range(k):
            if not lazy:
                target[i] = 0.0
            target[i] += step * r[i]
            for j in range(k):
                gram[i, j] += r[i] * r[j]
                if not lazy:
                    target[i] += gram[i, j] * p[j]
        _project(gram, target, p, matrices[0], matrices[1], vectors)
        for i in range(k):
            b[i] = (1.0 - mixed) * p[i] + mixed / k


def concavity(rho: float) -> float:
    """The largest gamma with ``ln(1 + z) <= z - gamma z^2 / 2`` for ``-1 < z <= rho - 1``."""
    z = rho - 1.0
    return 1.0 if z < 1e-8 else 2.0 * (z - math.log1p(z)) / z / z


class OnlineNewtonStep(PortfolioPolicy):
    """Online Newton step (ONS).

    Args:
        variant: "practice", or "regret", which has a theorem and needs ``rho``.
        rho: of "regret", what no ratio of two relatives of a round exceeds, in [1, 1e150].
        epsilon: of "regret", > 0; None for ``1 / gamma``.
        beta: of "practice", > 0.
        delta: of "practice", > 0.
        eta: of "practice", the share in [0, 1] that is spread evenly.
    """

    def __init__(
        self,
        variant: str = "practice",
        rho: float | None = None,
        epsilon: float | None = None,
        beta: float = 1.0,
        delta: float = 0.125,
        eta: float = 0.0,
    ) -> None:
        self.variant = one_of("variant", variant, ("practice", "regret"))
        self.rho = rho if rho is None else real("rho", rho, 1.0, 1e150, closed="both")
        self.epsilon = epsilon if epsilon is None else positive("epsilon", epsilon)
        self.beta, self.delta = positive("beta", beta), positive("delta", delta)
        self.eta = real("eta", eta, 0.0, 1.0, closed="both")

    def _constants(self) -> tuple[float, float, float]:
        """rho, gamma and epsilon of "regret"."""
        if self.rho is None:
            raise ValueError('rho must be given, a number >= 1, for the variant "regret", got None')
        gamma = concavity(self.rho)
        return self.rho, gamma, 1.0 / gamma if self.epsilon is None else self.epsilon

    def start(self, problem: PortfolioProblem) -> None:
        k = problem.n_assets
        if self.variant == "regret":
            _, gamma, diagonal = self._constants()
            self._lazy, self._step, self._mixed = False, 1.0 / gamma, 0.0
        else:
            diagonal = 1.0
            self._lazy, self._step, self._mixed = True, self.delta * (1.0 + 1.0 / self.beta), self.eta
        self._p, self._gram, self._target = self._b.copy(), np.eye(k) * diagonal, np.zeros(k)
        self._scratch = np.zeros((2, k, k)), np.zeros((5, k))

    def play(self, relatives: Array, portfolios: Array) -> None:
        state = self._b, self._p, self._gram, self._target
        _play(relatives, portfolios, *state, *self._scratch, self._lazy, self._step, self._mixed)

    def regret_bounds(self, problem: PortfolioProblem, instance: Instance) -> Sequence[Bound]:
        """Of "regret": ``k / (2 gamma) ln(1 + t rho^2 / epsilon) + gamma epsilon``."""
        if not isinstance(instance, PortfolioInstance) or self.variant != "regret" or self.rho is None:
            return ()
        (rho, gamma, epsilon), k = self._constants(), problem.n_assets
        return (
            Bound(
                "ONS bound",
                "upper",
                lambda t: np.asarray(k / (2.0 * gamma) * np.log1p(t * rho * rho / epsilon) + gamma * epsilon),
                MIX,
                "derived in this project, after Hazan, Agarwal, Kale 2007",
                "derived",
                (free_of_costs(instance), ratio_within(instance, rho)),
            ),
        )
