"""Base learners of a groupwise policy for regression: by name, or the user's own."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any, Protocol

import numpy as np

from bandits.arguments import is_list, reals, shown
from bandits.contract import Array
from bandits.groupwise.problem import Mask, RegressionProblem
from bandits.registry import Registry


class Learner(Protocol):
    """A regression learner of the user's own."""

    def predict(self, x: Array) -> float:
        """The prediction at the context ``x`` [dimension]."""

    def update(self, x: Array, y: float) -> None:
        """Learn the label of ``x``, which was predicted last."""


BaseLearner = Any
"""A name of ``LEARNERS``, ``{name: ..., parameters: {...}}``, or a function (a class, say) that makes a ``Learner``."""


class Learners(Protocol):
    """Several learners, each fed with the rows on which it is awake."""

    def start(self, number: int, problem: RegressionProblem, clip: tuple[float, float]) -> None:
        """Forget everything; ``number`` fresh learners of ``problem``, whose predictions are clipped."""

    def grow(self, number: int) -> None:
        """Add fresh learners until there are ``number``."""

    def predict(self, x: Array, awake: Mask) -> Array:
        """Predictions [n_learners] at ``x`` of the learners awake [n_learners]; 0 of the others."""

    def update(self, x: Array, y: float, awake: Mask) -> None:
        """Learn the label of the row that was predicted last, in the same learners."""

    def run(self, X: Array, y: Array, awake: Mask) -> Array:
        """Predictions [n, n_learners] before each label of ``n`` rows, as by ``predict`` and ``update`` in turn."""


LEARNERS = Registry(
    "base learner",
    {
        "oridge": "bandits.groupwise.ridge:OnlineRidge",
        "vaw": "bandits.groupwise.ridge:ForwardRidge",
        "ogd": "bandits.groupwise.ogd:OnlineGradientDescent",
    },
    base=Learners,
)


class OwnLearners:
    """Learners of the user's own, made by ``factory`` and clipped here."""

    def __init__(self, factory: Callable[[], Learner]) -> None:
        self.factory = factory

    def start(self, number: int, problem: RegressionProblem, clip: tuple[float, float]) -> None:
        """Forget everything; ``number`` fresh learners."""
        self._all, self._clip = [self.factory() for _ in range(number)], clip

    def grow(self, number: int) -> None:
        """Add fresh learners until there are ``number``."""
        self._all += [self.factory() for _ in range(number - len(self._all))]

    def predict(self, x: Array, awake: Mask) -> Array:
        """Predictions [n_learners] at ``x`` of the learners awake [n_learners]; 0 of the others."""
        low, high = self._clip
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


def make_learners(base_learner: BaseLearner) -> Learners:
    """The learners that a description names.

    Raises:
        ValueError: an unknown name, or a parameter that there is not or is out of its domain.
    """
    if callable(base_learner):
        return OwnLearners(base_learner)
    made: Learners = LEARNERS.build(base_learner, "base_learner")
    return made


def check_clip(clip: Sequence[float] | None) -> list[float] | None:
    """The clipping interval, checked: None or [low, high] with low < high."""
    if clip is None:
        return None
    if not is_list(clip) or len(clip) != 2:
        raise ValueError(f"clip must be None or [low, high], got {shown(clip)}")
    low, high = reals("clip", clip)
    if not low < high:
        raise ValueError(f"clip must have its low end below its high end, got {shown(clip)}")
    return [low, high]


def ends_of(clip: Sequence[float] | None) -> tuple[float, float]:
    """The ends of the clipping interval, infinite for None."""
    return (-math.inf, math.inf) if clip is None else (float(clip[0]), float(clip[1]))
