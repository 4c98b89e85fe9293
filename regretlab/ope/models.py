"""Models of the reward, for estimators that want one, fitted so that no row is predicted by what it taught."""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol, cast, get_args

import numpy as np

from bandits.arguments import integer, one_of, real, shaped, shown
from bandits.contract import Array
from regretlab.ope.case import Order, Rows

Predict = Callable[[Rows], Array]


class RewardModel(Protocol):
    """A model of yours: ``fitted`` to some rows, it gives what predicts rewards [n, n_actions] of others."""

    def fitted(self, log: Rows) -> Predict: ...


@dataclass(frozen=True)
class MeanPerArm:
    """The mean reward of each arm; of one that was not played, of all rows. Contexts are not looked at."""

    def fitted(self, log: Rows) -> Predict:
        """What predicts, after these rows."""
        counts = np.bincount(log.actions, minlength=log.n_actions)
        sums = np.bincount(log.actions, log.rewards, minlength=log.n_actions)
        means = np.where(counts > 0, sums / np.maximum(counts, 1), log.rewards.mean())
        return lambda rows: np.broadcast_to(means, (rows.n, rows.n_actions))


@dataclass(frozen=True)
class Ridge:
    """Ridge regression on the contexts for each arm, its intercept free: ``MeanPerArm`` where there are no contexts.

    Attributes:
        penalty: of the squared coefficients, at least 0; coefficients of least norm where it is 0.
    """

    penalty: float = 1.0

    def __post_init__(self) -> None:
        real("penalty", self.penalty, 0.0, closed="low")

    def fitted(self, log: Rows) -> Predict:
        """What predicts, after these rows."""
        if log.contexts is None:
            return MeanPerArm().fitted(log)
        slopes = np.zeros((log.n_actions, log.contexts.shape[1]))
        starts = np.full(log.n_actions, log.rewards.mean())
        for action in np.unique(log.actions):
            rows = log.actions == action
            x, y = log.contexts[rows], log.rewards[rows]
            centre, mean = x.mean(axis=0), y.mean()
            wide = np.vstack([x - centre, np.sqrt(self.penalty) * np.eye(x.shape[1])])
            slopes[action] = np.linalg.lstsq(wide, np.append(y - mean, np.zeros(x.shape[1])), rcond=None)[0]
            starts[action] = mean - slopes[action] @ centre
        return lambda rows: cast(Array, rows.contexts) @ slopes.T + starts


@dataclass(frozen=True)
class Regressor:
    """A regressor as of scikit-learn: copies of it are fitted to contexts joined with one indicator for each arm.

    A classifier predicts the mean of the rewards that it knows, by its probabilities, and not the likeliest one.

    Attributes:
        regressor: with ``fit(X, y)`` and ``predict(X)``, or ``predict_proba(X)`` and ``classes_``; it is not changed.
    """

    regressor: Any

    def fitted(self, log: Rows) -> Predict:
        """What predicts, after these rows."""
        model = copy.deepcopy(self.regressor)
        model.fit(_joined(log, log.actions), log.rewards)

        def predict(rows: Rows) -> Array:
            each = [_mean(model, _joined(rows, np.full(rows.n, action))) for action in range(rows.n_actions)]
            return np.stack([np.asarray(column, dtype=np.float64).reshape(rows.n) for column in each], axis=1)

        return predict


def _mean(model: Any, x: Array) -> Any:
    if hasattr(model, "predict_proba") and hasattr(model, "classes_"):
        return model.predict_proba(x) @ np.asarray(model.classes_, dtype=np.float64)
    return model.predict(x)


def _joined(log: Rows, actions: Any) -> Array:
    indicators = np.eye(log.n_actions)[actions]
    return indicators if log.contexts is None else np.hstack([log.contexts, indicators])


def as_model(model: Any) -> RewardModel:
    """A reward model from what users give: None for ``Ridge()``.

    Raises:
        ValueError: nothing that can be fitted.
    """
    if model is None:
        return Ridge()
    if callable(getattr(model, "fitted", None)):
        return cast(RewardModel, model)
    if callable(getattr(model, "fit", None)) and callable(getattr(model, "predict", None)):
        return Regressor(model)
    raise ValueError(
        "model must be None, Ridge(), MeanPerArm(), predictions [n, n_actions], an object with fitted(log), or a "
        f"regressor with fit and predict, got {shown(model)}"
    )


def predictions(log: Rows, model: Any, folds: int, fit: str, rng: np.random.Generator) -> tuple[Array, Order]:
    """Predicted rewards [n, n_actions], each row's by a model that has not seen it, cut off at the rewards' range.

    Args:
        log: the rows.
        model: see ``as_model``; or predictions [n, n_actions] made from other data, taken as they are.
        folds: as many models are fitted.
        fit: "crossed": each model to all rows but those of one of ``folds`` folds drawn at random, which it predicts.
            "forward": rows stay in order, and each of ``folds`` blocks is predicted by what was fitted to those before
            it, the first by the middle of the range, or 0.
        rng: draws the folds.

    Raises:
        ValueError: fewer rows than folds, or what ``as_model`` refuses.
    """
    one_of("fit", fit, [word for word in get_args(Order) if word != "given"])
    if isinstance(model, np.ndarray | list | tuple):
        return shaped("model", model, (log.n, log.n_actions)), "given"
    maker, n = as_model(model), log.n
    integer("folds", folds, 2)
    if folds > n:
        raise ValueError(f"folds must be at most the number of rows, {n}, got {folds}")
    low, high = (-np.inf, np.inf) if log.low is None or log.high is None else (log.low, log.high)
    found = np.full((n, log.n_actions), 0.5 * (low + high) if np.isfinite(high - low) else 0.0)
    blocks = np.array_split(rng.permutation(n) if fit == "crossed" else np.arange(n), folds)
    for i, block in enumerate(blocks):
        seen = blocks[:i] if fit == "forward" else blocks[:i] + blocks[i + 1 :]
        if seen:
            found[block] = maker.fitted(log.take(np.sort(np.concatenate(seen))))(log.take(block))
    return np.clip(found, low, high), cast(Order, fit)
