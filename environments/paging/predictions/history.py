"""What past requests alone tell: counts, ages, and two published predictors of the next use.

POPU, at request t (from 1): next use at ``t + t / n``, where n counts the page's requests so far. PLECO: a request j
steps ago has weight ``(j + 11)^-1.8 exp(-(j + 1) / 670)``; the page's probability is the weight of its past requests
(this one is j = 0) over the weight of all requests so far.

Reference: A. Anderson, R. Kumar, A. Tomkins, S. Vassilvitskii, *The dynamics of repeat consumption*, WWW 2014 (the
model behind PLECO); both predictors as in the code published with Antoniadis et al., *Online metric algorithms with
untrusted predictions*, ICML 2020.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from bandits.contract import Array
from bandits.kernels import kernel
from environments.paging.arguments import Pages

HORIZON = 26_800
"""Requests further back than this weigh less than exp(-40) of what they would without the exponential: left out."""


@kernel
def _history(pages: Pages, n_pages: int, previous: NDArray[np.int64], counts: NDArray[np.int64]) -> None:
    last = np.full(n_pages, -1, dtype=np.int64)
    number = np.zeros(n_pages, dtype=np.int64)
    for t in range(pages.size):
        page = pages[t]
        number[page] += 1
        previous[t], counts[t] = last[page], number[page]
        last[page] = t


@kernel
def _pleco(previous: NDArray[np.int64], weights: Array, probability: Array) -> None:
    everything = 0.0
    for t in range(previous.size):
        everything += weights[t] if t < weights.size else 0.0
        own, s = 0.0, t
        while s >= 0 and t - s < weights.size:
            own += weights[t - s]
            s = previous[s]
        probability[t] = own / everything


def _previous_and_counts(pages: Pages, n_pages: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    previous, counts = np.empty(pages.size, np.int64), np.empty(pages.size, np.int64)
    _history(pages, n_pages, previous, counts)
    return previous, counts


def request_counts(pages: Pages, n_pages: int) -> NDArray[np.int64]:
    """Requests [T] to the page of each request so far, this one included."""
    return _previous_and_counts(pages, n_pages)[1]


def ages(pages: Pages, n_pages: int) -> NDArray[np.int64]:
    """Time [T] since the previous request to the page of each request, 0 where there was none."""
    previous, _ = _previous_and_counts(pages, n_pages)
    return np.where(previous >= 0, np.arange(pages.size) - previous, 0)


def popularity(pages: Pages, n_pages: int) -> Array:
    """POPU's predicted times of next use [T]."""
    t = np.arange(1.0, pages.size + 1.0)
    return t + t / request_counts(pages, n_pages)


def pleco(pages: Pages, n_pages: int) -> Array:
    """PLECO's probabilities [T] that the page of each request is requested next, in (0, 1]."""
    previous, _ = _previous_and_counts(pages, n_pages)
    j = np.arange(min(HORIZON, max(pages.size, 1)), dtype=np.float64)
    weights = (j + 11.0) ** -1.8 * np.exp(-(j + 1.0) / 670.0)
    probability = np.empty(pages.size)
    _pleco(previous, weights, probability)
    return probability
