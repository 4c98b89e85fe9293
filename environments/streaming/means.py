"""Means of the arms of a stream: the two random families of the published simulation, and the hard family."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import ClassVar

import numpy as np

from bandits.contract import Array
from bandits.registry import Registry

ORDERS = ("given", "random", "ascending", "descending", "best_first", "best_last")


class Means(ABC):
    """A law of the means of a run, drawn anew in each."""

    support: ClassVar[tuple[float, tuple[float, float]]] = -math.inf, (-math.inf, math.inf)
    """The smallest mean that an arm can have, and the smallest and largest that the best arm can. Here: any."""

    @abstractmethod
    def draw(self, rng: np.random.Generator, n_arms: int) -> Array:
        """Means [n_arms]."""


class Mixed(Means):
    """All means uniform on [0, 1]; the best arm's lead is of the order ``1 / K``."""

    support = 0.0, (0.0, 1.0)

    def draw(self, rng: np.random.Generator, n_arms: int) -> Array:
        return rng.random(n_arms)


class ClearCut(Means):
    """One mean 0.82, the last; the others normal (0.5, 0.1), truncated to [0, 0.8]."""

    support = 0.0, (0.82, 0.82)

    def draw(self, rng: np.random.Generator, n_arms: int) -> Array:
        means = rng.normal(0.5, 0.1, n_arms)
        while len(outside := np.flatnonzero((means < 0.0) | (means > 0.8))):
            means[outside] = rng.normal(0.5, 0.1, len(outside))
        means[-1] = 0.82
        return means


MEANS = Registry("means", {"mixed": Mixed, "clear_cut": ClearCut})


def arranged(means: Array, order: str, rng: np.random.Generator) -> Array:
    """The means in the order of their arrival.

    ``given`` and ``random`` (uniform) speak for themselves, ``ascending`` and ``descending`` sort; ``best_first`` and
    ``best_last`` move the (first) best arm and leave the others in their order.
    """
    if order == "given":
        return means
    if order == "random":
        return rng.permutation(means)
    if order in ("ascending", "descending"):
        ascending = np.sort(means)
        return ascending if order == "ascending" else ascending[::-1].copy()
    best = int(np.argmax(means))
    others = np.delete(means, best)
    return np.insert(others, 0 if order == "best_first" else len(others), means[best])


def layered(n_arms: int, lifts: Sequence[float], raised: Sequence[bool], rng: np.random.Generator) -> Array:
    """Contiguous layers of equal size, the rest in the last, all means 1/2; one random arm of a layer may be raised.

    Args:
        n_arms: number of arms, at least one a layer.
        lifts: by how much the special arm of each layer lies above 1/2.
        raised: which layers have one.
        rng: chooses the special arms; drawn from for every layer, raised or not.
    """
    means = np.full(n_arms, 0.5)
    size = n_arms // len(lifts)
    for layer, (lift, up) in enumerate(zip(lifts, raised, strict=True)):
        start = layer * size
        stop = n_arms if layer + 1 == len(lifts) else start + size
        special = int(rng.integers(start, stop))
        if up:
            means[special] += lift
    return means
