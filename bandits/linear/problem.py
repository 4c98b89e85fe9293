"""What the learner is told where all actions share one unknown parameter, and how features come in blocks of rounds."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Protocol

import numpy as np
from numpy.typing import ArrayLike

from bandits.arguments import floats, integer, real
from bandits.arms.problem import ActionsProblem, BanditProblem, Blocks, FullFeedbackProblem
from bandits.contract import Array
from bandits.frozen import Frozen
from bandits.strays import Stray

SLACK = 1e-9
"""By which share of itself a norm may exceed its limit, by rounding."""

SINGLE = 1e-6
"""By which share of itself an observed norm may exceed its limit: features often come in single precision."""

LARGEST = 1e50
"""Largest norm of a problem: fourth powers of norms are numbers, too."""


class Features(Frozen):
    """Features [n_actions, dimension] of a fixed set of actions, which nobody can change.

    Two are equal when their shapes and their numbers are, bit for bit; they can be keys of dictionaries.

    Args:
        values: the features, a row an action: nested lists or an array, copied.

    Raises:
        ValueError: no table of at least one row and one column, or an entry that is not finite: which one.

    Attributes:
        array: [n_actions, dimension] float64, C-contiguous and read-only for good.

    Example:
        >>> features = Features([[1, 0], [0, 1], [3, 4]])
        >>> features.n_actions, features.dimension, features.largest_norm
        (3, 2, 5.0)
        >>> features == Features(features.array), features == Features([[1.0, 0.0]])
        (True, False)
    """

    def __init__(self, values: ArrayLike) -> None:
        super().__init__(checked_features("features", values, (None, None)))

    @property
    def n_actions(self) -> int:
        """Number of rows."""
        return len(self.array)

    @property
    def dimension(self) -> int:
        """Number of columns."""
        return int(self.array.shape[1])

    @cached_property
    def largest_norm(self) -> float:
        """The largest Euclidean norm of a row."""
        return largest_norm(self.array)


def checked_features(name: str, values: Any, shape: tuple[int | None, int | None]) -> Array:
    """Features [n_actions, dimension] as an array of floats, C-contiguous.

    Args:
        name: what they are, for the message.
        values: nested lists or an array.
        shape: numbers of rows and of columns; None for any above 0.

    Raises:
        ValueError: another shape, or an entry that is not finite: the message has its row and column.
    """
    found = floats(f"{name} must be a table of finite numbers", values)
    wanted = " x ".join("n" if side is None else str(side) for side in shape)
    if found.ndim != 2 or any(n == 0 or n != (side or n) for n, side in zip(found.shape, shape, strict=True)):
        raise ValueError(f"{name} must be a table of {wanted} numbers, a row an action, got shape {found.shape}")
    if not np.isfinite(found).all():
        row, column = np.argwhere(~np.isfinite(found))[0]
        raise ValueError(f"{name}[{row}][{column}] must be a finite number, got {float(found[row, column])}")
    return np.ascontiguousarray(found)


def largest_norm(rows: Array) -> float:
    """The largest Euclidean norm of a row of [..., dimension]."""
    return math.sqrt(float(np.einsum("...j,...j->...", rows, rows).max()))


@dataclass(frozen=True, kw_only=True)
class LinearActionsProblem(ActionsProblem):
    """Actions whose mean reward is nearly linear in their features, with one parameter theta for all of them.

    ``|r(a) - <features of a, theta>| <= misspecification``. (Policies of the family "contextual" have a parameter for
    each action instead.) What is revealed, and whether features are fixed, subtypes say.

    Attributes:
        dimension: number of features of an action, >= 1.
        parameter_norm: S, no Euclidean norm of theta is larger.
        feature_norm: L, no Euclidean norm of an action's features is larger.
        sparsity: number of coordinates of theta that are not 0, where the learner is told it, else None.
        misspecification: eps, the largest difference of a mean reward from a linear one.

    Raises:
        ValueError: one is out of its domain, or what ``ActionsProblem`` refuses.
    """

    dimension: int
    parameter_norm: float = 1.0
    feature_norm: float = 1.0
    sparsity: int | None = None
    misspecification: float = 0.0

    def __post_init__(self) -> None:
        super().__post_init__()
        integer("dimension", self.dimension)
        for name in ("parameter_norm", "feature_norm", "misspecification"):
            real(name, getattr(self, name), 0.0, LARGEST, closed="both")
        if self.sparsity is not None:
            integer("sparsity", self.sparsity, 1, self.dimension)

    @property
    def sigma(self) -> float:
        """Sub-Gaussian parameter of a reward around its mean, half the ``width``; 0 where there is no noise.

        Raises:
            ValueError: rewards are unbounded and no ``noise`` is declared.
        """
        return self.width / 2.0

    @property
    def largest_gap(self) -> float:
        """w, which no difference of two mean rewards exceeds: ``min(2 L S + 2 eps, high - low)``."""
        linear = 2.0 * self.feature_norm * self.parameter_norm + 2.0 * self.misspecification
        return min(linear, self.high - self.low)


@dataclass(frozen=True, kw_only=True)
class _FixedActionsProblem(LinearActionsProblem):
    """A fixed set of actions.

    Attributes:
        features: of the actions, [n_actions, dimension]; tables and arrays are made into ``Features``.
        n_actions: need not be given: the number of rows.
        dimension: need not be given: the number of columns.
        feature_norm: need not be given: the largest norm of a row.
    """

    features: Features
    n_actions: int = 0
    dimension: int = 0
    feature_norm: float = -1.0

    def __post_init__(self) -> None:
        features = self.features if isinstance(self.features, Features) else Features(self.features)
        object.__setattr__(self, "features", features)
        for name, absent, found in (
            ("n_actions", 0, features.n_actions),
            ("dimension", 0, features.dimension),
            ("feature_norm", -1.0, features.largest_norm),
        ):
            if getattr(self, name) == absent:
                object.__setattr__(self, name, found)
        for name, found in (("n_actions", features.n_actions), ("dimension", features.dimension)):
            if getattr(self, name) != found:
                raise ValueError(f"{name} must be {found}, as of the features, or absent, got {getattr(self, name)!r}")
        super().__post_init__()
        if features.largest_norm > self.feature_norm * (1.0 + SLACK):
            norms = np.sqrt(np.einsum("kj,kj->k", features.array, features.array))
            raise ValueError(
                f"feature_norm must be at least {features.largest_norm!r}, the norm of features[{norms.argmax()}], "
                f"got {self.feature_norm!r}"
            )


@dataclass(frozen=True, kw_only=True)
class LinearProblem(_FixedActionsProblem, BanditProblem):
    """A fixed set of actions with known features, and bandit feedback. There is nothing to observe.

    As it is a ``BanditProblem``, all policies on arms play it, and ignore the features.

    Example:
        >>> problem = LinearProblem(features=[[1.0, 0.0], [0.6, 0.8]], horizon=100, noise=0.5, low=-9, high=9)
        >>> problem.n_actions, problem.dimension, problem.feature_norm, problem.sigma, problem.largest_gap
        (2, 2, 1.0, 0.5, 2.0)
    """


@dataclass(frozen=True, kw_only=True)
class FullFeedbackLinearProblem(_FixedActionsProblem, FullFeedbackProblem):
    """As ``LinearProblem``, with the rewards of all actions revealed: for yardsticks such as ``Hedge``."""


@dataclass(frozen=True, kw_only=True)
class ChangingLinearProblem(LinearActionsProblem, BanditProblem):
    """Features that are new in every round, observed before the choice, and bandit feedback.

    An observation is [n_actions, dimension], a row an action. As it is a ``BanditProblem``, all policies on arms play
    it and ignore what they observe. Policies for a fixed set do not play it: it is no ``LinearProblem``.
    """

    declares_contexts = True

    def checked_observation(self, observation: Any) -> Array:
        """The features [n_actions, dimension] of this round, as ``checked_features`` takes them."""
        return checked_features("the observed features", observation, (self.n_actions, self.dimension))

    def stray(self, contexts: Array) -> Stray | None:
        """Features [..., n_actions, dimension] of which a norm is above ``feature_norm``."""
        found, limit = largest_norm(contexts), self.feature_norm
        if found <= limit * (1.0 + SINGLE):
            return None
        what = f"features of norm {found:.7g}, above the feature_norm {limit:.7g}"
        return Stray(what, limit, "declare the true feature_norm, or divide all features by one number")


class FeatureBlocks(Blocks, Protocol):
    """An environment that can hand out the features of a block of rounds, too."""

    def features(self, rounds: int) -> Array:
        """Features [rounds, n_actions, dimension] of the next rounds, read-only."""
