"""What an estimator works on: one target policy on the rows of a log, all checked."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from bandits.arguments import real, shown
from bandits.contract import Array

Order = Literal["given", "forward", "crossed"]
"""What predictions rest on: other data, earlier rows alone, or all rows of other folds."""

ROUNDING = 1e-6
"""So far from 1 a row of probabilities may sum by rounding."""


class Rows(Protocol):
    """What is read of a log: see ``environments.logged.log.Log``."""

    @property
    def n(self) -> int: ...
    @property
    def n_actions(self) -> int: ...
    @property
    def names(self) -> tuple[str, ...]: ...
    @property
    def actions(self) -> NDArray[np.int64]: ...
    @property
    def rewards(self) -> Array: ...
    @property
    def contexts(self) -> Array | None: ...
    @property
    def offered(self) -> NDArray[np.bool_] | None: ...
    @property
    def low(self) -> float | None: ...
    @property
    def high(self) -> float | None: ...
    @property
    def uniform(self) -> bool: ...
    @property
    def estimated(self) -> bool: ...
    def propensities(self, what: str) -> Array: ...
    def take(self, rows: Any) -> Any: ...
    def taught(self, policy: Any, rows: int, rng: np.random.Generator) -> Any: ...
    def played_by(self, policy: Any) -> Array: ...


@dataclass(frozen=True, eq=False)
class Case:
    """One target policy on a log.

    Attributes:
        log: the rows.
        target: [n, n_actions] its probabilities on each row.
        probabilities: [n] of the arm played, under the logging policy.
        least: with which probability, at the least, the logging policy plays any arm that it offers; 0 where nobody
            declares it.
        predictions: [n, n_actions] of the rewards, or None.
        order: what the predictions rest on.
        rng: for estimators that draw.
    """

    log: Rows
    target: Array
    probabilities: Array
    least: float
    predictions: Array | None
    order: Order
    rng: np.random.Generator

    @cached_property
    def weights(self) -> Array:
        """[n] target's over logging policy's probability of the arm played."""
        played: Array = self.target[np.arange(self.log.n), self.log.actions] / self.probabilities
        return played

    @property
    def largest(self) -> float:
        """What no weight of any row, seen or unseen, can be above: infinite where ``least`` is not declared."""
        return 1.0 / self.least if self.least > 0.0 else np.inf

    @property
    def limits(self) -> tuple[float, float]:
        """The declared range of the rewards, infinite where there is none."""
        low, high = self.log.low, self.log.high
        return (-np.inf, np.inf) if low is None or high is None else (low, high)

    def modelled(self, what: str) -> tuple[Array, Array]:
        """Predictions [n] of the target policy's reward, and of the reward of the arm played.

        Raises:
            ValueError: there are none.
        """
        if self.predictions is None:
            raise ValueError(f"{what} needs a reward model or predictions, got none")
        mean: Array = np.einsum("ij,ij->i", self.target, self.predictions)
        return mean, self.predictions[np.arange(self.log.n), self.log.actions]


def checked_target(log: Rows, target: Any, name: str = "target") -> Array:
    """Check that ``target`` has, for each row of the log, probabilities of the arms offered.

    Args:
        log: the rows.
        target: [n, n_actions], or [n_actions] for a policy that plays alike on all rows.
        name: for the message.

    Raises:
        ValueError: another shape, rows that do not sum to 1, a probability of an arm that was not offered, or a table
            whose columns are the arms in another order.
    """
    shape = (log.n, log.n_actions)
    columns = [str(column) for column in getattr(target, "columns", ())]
    if columns != list(log.names) and sorted(columns) == sorted(log.names):
        raise ValueError(
            f"{name} must have its columns in the order of the log's names, {shown(log.names)}, got {shown(columns)}"
        )
    try:
        found = np.asarray(target, dtype=np.float64)
    except (TypeError, ValueError, OverflowError):
        found = np.array(np.nan)
    if found.shape == shape[1:]:
        found = np.broadcast_to(found, shape)
    if found.shape != shape:
        raise ValueError(
            f"{name} must be probabilities of shape {shape}, a row for each of the log, got {shown(target)}"
        )
    wrong = ~((found >= 0.0).all(axis=1) & (np.abs(found.sum(axis=1) - 1.0) <= ROUNDING))
    if wrong.any():
        row = int(np.argmax(wrong))
        raise ValueError(f"{name}[{row}] must be probabilities that sum to 1, got {shown(found[row].tolist())}")
    if log.offered is not None:
        beyond = (found > 0.0) & ~log.offered
        if beyond.any():
            row, action = map(int, np.argwhere(beyond)[0])
            raise ValueError(
                f"{name}[{row}, {action}] must be 0 of an arm not offered in that row, got {found[row, action]:g}"
            )
    return found


def checked_least(log: Rows, probabilities: Array, least: float | None) -> float:
    """The least probability with which the logging policy plays any arm that it offers, as declared; 0 if it is not.

    Where all rows were drawn evenly, a log that is called uniform, it is 1 / n_actions, and need not be declared. The
    least one that happens to be in the log is no such limit: the rare rows that make the limit are those unseen.

    Raises:
        ValueError: not in (0, 1], a row's probability is below it, or leaves less than it to another arm offered.
    """
    if least is None:
        return 1.0 / log.n_actions if log.uniform else 0.0
    least = real("least", least, 0.0, 1.0, closed="high")
    seen = float(probabilities.min())
    if seen < least * (1.0 - ROUNDING):
        raise ValueError(f"least must be at most the log's smallest probability, {seen:g}, got {least:g}")
    offered = np.full(log.n, log.n_actions) if log.offered is None else log.offered.sum(axis=1)
    left = np.where(offered > 1, (1.0 - probabilities) / np.maximum(offered - 1, 1), 1.0)
    row = int(np.argmin(left))
    if left[row] < least - ROUNDING:
        raise ValueError(
            f"least must be at most what row {row} of the log leaves to each other arm, {left[row]:g} (its "
            f"probability {probabilities[row]:g}, {offered[row]} offered), got {least:g}"
        )
    return min(least, seen)
