"""Laws of winners: which outcome comes true in each round of a race or of a bet."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from bandits.contract import Array
from environments.portfolio.codes import log_minimax

LAWS = ("nml", "bayes", "one")
Winners = NDArray[np.int64]


def winners(law: str, n_outcomes: int, horizon: int, rng: np.random.Generator) -> Winners:
    """The outcomes [horizon] of a run.

    Args:
        law: "nml", sequences with probabilities proportional to those of the best mix in hindsight; "bayes",
            independent, of probabilities drawn once from Dirichlet(1/2); "one", outcome 0 throughout.
        n_outcomes: k >= 1.
        horizon: T >= 1.
        rng: to draw from.
    """
    if law == "one":
        return np.zeros(horizon, dtype=np.int64)
    if law == "bayes":
        return independent(rng.dirichlet(np.full(n_outcomes, 0.5)), horizon, rng)
    counts, left = np.zeros(n_outcomes, dtype=np.int64), horizon
    for i in range(n_outcomes - 1):
        chances = np.cumsum(chances_of(n_outcomes - i, left))
        counts[i] = min(int(np.searchsorted(chances, rng.random() * chances[-1], side="right")), left)
        left -= counts[i]
    counts[-1] = left
    return rng.permutation(np.repeat(np.arange(n_outcomes), counts))


def independent(probabilities: Array, horizon: int, rng: np.random.Generator) -> Winners:
    """Independent outcomes [horizon] of given probabilities [n_outcomes]."""
    ends = np.cumsum(probabilities)
    found = np.searchsorted(ends, rng.random(horizon) * ends[-1], side="right")
    return np.asarray(np.minimum(found, int(np.flatnonzero(probabilities)[-1])), dtype=np.int64)


@lru_cache(maxsize=8)
def chances_of(n_outcomes: int, horizon: int) -> Array:
    """Probabilities [horizon + 1] of how often the first outcome comes under the law "nml".

    The others share the rounds left by the same law, with one outcome and so many rounds less.
    """
    from scipy.special import gammaln, xlogy

    n = np.arange(horizon + 1.0)
    m = horizon - n
    scale = max(horizon, 1)
    weights = gammaln(horizon + 1.0) - gammaln(n + 1.0) - gammaln(m + 1.0) + xlogy(n, n / scale) + xlogy(m, m / scale)
    weights += log_minimax(n_outcomes - 1, m)
    chances: Array = np.exp(weights - float(log_minimax(n_outcomes, np.array([horizon]))[0]))
    chances.flags.writeable = False
    return chances
