"""Rows of transition probabilities drawn from their posterior under a Dirichlet prior."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from bandits.contract import Array

SMALL = 0.1
"""Below this weight gamma variates underflow, so that whole rows would be 0 / 0."""


def dirichlet_rows(weights: NDArray[Any], rng: np.random.Generator) -> Array:
    """Rows drawn from Dirichlet laws: gamma variates, divided by their sums.

    Weights below 0.1 are drawn by their logarithms, as ``ln G(w + 1) + ln(U) / w``, since the variates themselves may
    all be too small for a number.

    Args:
        weights: [..., n_states], > 0.
        rng: used for one gamma variate an entry, and where there are weights below 0.1 one uniform an entry.
    """
    if weights.min() >= SMALL:
        rows: Array = rng.standard_gamma(weights)
    else:
        logs = np.log(rng.standard_gamma(weights + 1.0)) + np.log1p(-rng.random(weights.shape)) / weights
        rows = np.exp(logs - logs.max(axis=-1, keepdims=True))
    rows /= rows.sum(axis=-1, keepdims=True)
    return rows
