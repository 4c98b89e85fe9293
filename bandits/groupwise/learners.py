"""Base learners of a groupwise policy: by name, or the user's own."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any, Protocol

import numpy as np

from bandits.contract import Array, Problem
from bandits.arguments import one_of, positive, real
from bandits.groupwise.policy import Mask

NAMES = ("oridge", "vaw", "ogd")


class Learner(Protocol):
    """A regression learner of the user's own."""

    def predict(self, x: Array) -> float:
        """The prediction at the context ``x`` [dimension]."""

    def update(self, x: Array, y: float) -> None:
        """Learn the label of ``x``, which was predicted last."""


class Learners(Protocol):
    """Several learners, each fed with the rows on which it is awake."""

    def start(self, number: int, dimension: int) -> None:
        """Forget everything; ``number`` fresh learners."""

    def grow(self, number: int) -> None:
        """Add fresh learners until there are ``number``."""

    def predict(self, x: Array, awake: Mask) -> Array:
        """Predictions [n_learners] at ``x`` of the learners awake [n_learners]; 0 of the others."""

    def update(self, x: Array, y: float, awake: Mask) -> None:
        """Learn the label of the row that was predicted last, in the same learners."""

    def run(self, X: Array, y: Array, awake: Mask) -> Array:
        """Predictions [n, n_learners] before each label of ``n`` rows, as by ``predict`` and ``update`` in turn."""


class OwnLearners:
    """Learners of the user's own, made by ``factory`` and clipped here."""

    def __init__(self, factory: Callable[[], Learner], clip: tuple[float, float]) -> None:
        self.factory, self.clip = factory, clip

    def start(self, number: int, dimension: int) -> None:
        """Forget everything; ``number`` fresh learners."""
        self._all = [self.factory() for _ in range(number)]

    def grow(self, number: int) -> None:
        """Add fresh learners until there are ``number``."""
        self._all += [self.factory() for _ in range(number - len(self._all))]

    def predict(self, x: Array, awake: Mask) -> Array:
        """Predictions [n_learners] at ``x`` of the learners awake [n_learners]; 0 of the others."""
        low, high = self.clip
        out = np.zeros(len(self._all))
        for i in np.flatnonzero(awake):
            out[i] = min(max(float(self._all[i].predict(x)), low), high)
        return out

    def update(self, x: Array, y: float, awake: Mask) -> None:
        """Learn the label of the row that was predicted last, in the same learners."""
        for i in np.flatnonzero(awake):
            self._all[i].update(x, float(y))

    def run(self, X: Array, y: Array, awake: Mask) -> Array:
        """Predictions [n, n_learners] before each label of ``n`` rows."""
        out = np.zeros(awake.shape)
        for s in range(len(X)):
            out[s] = self.predict(X[s], awake[s])
            self.update(X[s], y[s], awake[s])
        return out


def check_clip(clip: Sequence[float] | None) -> list[float] | None:
    """The clipping interval, checked: None or [low, high] with low < high."""
    if clip is None:
        return None
    if isinstance(clip, str) or len(clip) != 2:
        raise ValueError(f"clip must be None or [low, high], got {clip!r}")
    low, high = (real(f"clip[{i}]", value) for i, value in enumerate(clip))
    if not low < high:
        raise ValueError(f"clip must have its low end below its high end, got {clip!r}")
    return [low, high]


def check_learner(name: Any, penalty: float, diameter: float, norm: float | None) -> None:
    """Check the hyper-parameters of a base learner.

    Raises:
        ValueError: an unknown name, or a number out of its domain.
    """
    if not callable(name):
        one_of("base_learner", name, NAMES)
    positive("penalty", penalty)
    positive("diameter", diameter)
    if norm is not None:
        positive("norm", norm)


def make_learners(
    name: str | Callable[[], Learner],
    penalty: float,
    clip: Sequence[float] | None,
    diameter: float,
    norm: float | None,
    problem: Problem,
) -> Learners:
    """The learners of that name, or of a factory.

    Raises:
        ValueError: gradient descent without a bound on the contexts' length, neither given nor declared.
    """
    ends = (-math.inf, math.inf) if clip is None else (float(clip[0]), float(clip[1]))
    if callable(name):
        return OwnLearners(name, ends)
    if name == "ogd":
        from bandits.groupwise.ogd import OnlineGradientDescent

        if norm is None:
            if not problem.contexts:
                raise ValueError("norm must be given for ogd: the problem declares no range of the contexts")
            norm = math.sqrt(sum(max(low * low, high * high) for low, high in problem.contexts))
        return OnlineGradientDescent(diameter, norm, ends)
    from bandits.groupwise.ridge import OnlineRidge

    return OnlineRidge(penalty, ends, forward=name == "vaw")
