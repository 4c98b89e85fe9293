"""What no learner can avoid in races: the minimax regret, and the mean regret under Dirichlet's law.

In a race one asset pays and the others are lost, so that a learner's wealth is the probability that it gives to the
sequence of winners, and the best mix' wealth is ``prod (n_i / t)^{n_i}``, with ``n`` the counts of winners. Hence

1. under the law whose probabilities are proportional to that (``NML``), the mean regret of any learner is
   ``ln C(k, T)`` plus a divergence, with ``C(k, T)`` the sum of ``prod (n_i / T)^{n_i}`` over all sequences;
2. where winners are independent, of probabilities drawn once from Dirichlet(1/2), the mean regret of any learner at t
   is ``V(k, t)``, the mean of ``ln prod (n_i / t)^{n_i} - ln KT(n)``, plus a divergence; ``KT(n)`` is the probability
   that the mixture itself gives to a sequence with these counts.

``C(1, T) = 1``, ``C(2, T) = T! (e / T)^T Q(T + 1, T)``, with Q the regularised incomplete gamma function (derived, from
Abel's identity ``sum_h binom(T, h) h^h (T - h)^(T - h) = T! sum_j T^j / j!``), and ``C(j + 2, T) = C(j + 1, T) +
(T / j) C(j, T)``. ``V`` is a sum over one count, as its terms are sums over assets (derived).

Reference: E. Ordentlich, T. Cover, *The Cost of Achieving the Best Portfolio in Hindsight*, Mathematics of Operations
Research 1998; Y. Shtarkov, *Universal Sequential Coding of Single Messages*, 1987 (both recalled; checked here by
enumeration). That no learner does better in these races is derived: a divergence is never negative.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from bandits.contract import Array, Bound
from bandits.portfolio.problem import FLOOR
from bandits.portfolio.theory import MIX


def log_minimax(n_assets: int, times: NDArray[np.int64] | Array) -> Array:
    """``ln C(k, T)``, the minimax regret, at each of ``times`` [n], whole numbers >= 0."""
    from scipy.special import gammaincc, gammaln, xlogy

    n: Array = np.asarray(times, dtype=np.float64)
    first: Array = np.zeros_like(n)
    second: Array = gammaln(n + 1.0) + n - xlogy(n, n) + np.log(gammaincc(n + 1.0, n))
    if n_assets == 1:
        return first
    for j in range(1, n_assets - 1):
        first, second = second, np.logaddexp(second, np.log(np.maximum(n, 1e-300) / j) + first)
    return second


def mean_regret(n_assets: int, times: NDArray[np.int64] | Array) -> Array:
    """``V(k, t)``, the least mean regret under Dirichlet's law, at each of ``times`` [n], whole numbers >= 1."""
    from scipy.special import betaln, gammaln, xlogy

    k = n_assets
    if k == 1:
        return np.zeros(len(times))
    values = np.empty(len(times))
    for i, t in enumerate(np.asarray(times, dtype=np.int64).tolist()):
        n = np.arange(t + 1.0)  # wins of one asset: beta-binomial, with 1/2 and (k - 1)/2
        log_p = gammaln(t + 1.0) - gammaln(n + 1.0) - gammaln(t - n + 1.0) - betaln(0.5, (k - 1) / 2.0)
        p = np.exp(log_p + betaln(n + 0.5, t - n + (k - 1) / 2.0))
        own = float(np.sum(p * (xlogy(n, n / t) - gammaln(n + 0.5)))) / float(np.sum(p))
        values[i] = k * (own + gammaln(0.5)) + gammaln(t + k / 2.0) - gammaln(k / 2.0)
    return values


def at_the_horizon(n_assets: int, horizon: int) -> Bound:
    """The minimax regret as a bound on every learner's mean regret in a race of the law "nml", at its horizon.

    Ruin is floored, so that the probabilities of a round add up to at most ``1 + n_assets FLOOR``: that is taken off.
    """
    slack = np.log1p(n_assets * FLOOR)
    return Bound(
        "minimax regret",
        "lower",
        lambda t: log_minimax(n_assets, np.full(len(t), horizon)) - horizon * slack,
        MIX,
        "Shtarkov 1987; Ordentlich and Cover 1998 [recall]; as a mean under this law, derived",
        "derived",
        time="at the horizon",
        judged=True,
    )


def at_all_times(n_assets: int) -> Bound:
    """The least mean regret in a race of the law "bayes" as a bound on every learner's, at every time.

    What is taken off for the floor of ruin is as above.
    """
    slack = np.log1p(n_assets * FLOOR)

    def curve(t: Array) -> Array:
        found: Array = mean_regret(n_assets, np.maximum(np.round(t), 1.0)) - t * slack
        return found

    return Bound(
        "least mean regret",
        "lower",
        curve,
        MIX,
        "derived: the mixture of all probabilities under this law is the best answer to it",
        "derived",
        judged=True,
    )
