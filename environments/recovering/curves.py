"""Recovery curves: the mean reward ``R_i(d)`` of an arm after ``d`` idle periods, nondecreasing, in [0, 1]."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from bandits.contract import Array
from bandits.arguments import did_you_mean, integer, one_of, positive, real

Curves = Mapping[str, Any] | Sequence[Sequence[float] | Mapping[str, Any]]
TOLERANCE = 1e-12

FAMILIES: Mapping[str, tuple[str, ...]] = {
    "table": ("values",),
    "geometric": ("a", "q", "recovery"),
    "step": ("a", "recovery"),
    "linear": ("a", "recovery"),
    "logistic": ("a", "c", "s", "recovery"),
    "constant": ("a",),
    "random_monotone": ("a", "recovery", "seed"),
    "function": ("function", "recovery"),
}
"""Families and their numbers: ``geometric`` a (1 - q^d), ``step`` a 1[d >= D], ``linear`` a min(d / D, 1), ``logistic``
a / (1 + exp(-(d - c) / s)), ``constant`` a, ``random_monotone`` a times D sorted uniforms; D is ``recovery``, all are
held constant from D on. ``function`` (Python only) is called with d."""


def curves_of(curves: Curves) -> list[Array]:
    """The curves [recovery time of the arm] that a study names, flat tails trimmed.

    Args:
        curves: a list with, for each arm, its table of means or a mapping with ``family`` and its numbers; or one
            mapping whose numbers may be lists, one number an arm (``arms`` gives their number where none is a list).

    Raises:
        ValueError: no arm, an unknown family or key, or a mean that falls with idle time or leaves [0, 1].
    """
    if isinstance(curves, Mapping):
        specs: Sequence[Any] = _spread(curves)
    elif isinstance(curves, str) or not isinstance(curves, Sequence | np.ndarray):
        raise ValueError(f"curves must be a list or a mapping with the key family, got {curves!r}")
    else:
        specs = curves
    if len(specs) == 0:
        raise ValueError("number of arms must be at least 1, got 0")
    return [_checked(i, _curve(f"curves[{i}]", spec, i)) for i, spec in enumerate(specs)]


def padded(curves: Sequence[Array]) -> Array:
    """The curves as one array [n_arms, longest recovery time], each held constant after its end."""
    longest = max(len(c) for c in curves)
    return np.array([np.concatenate([c, np.full(longest - len(c), c[-1])]) for c in curves])


def _spread(mapping: Mapping[str, Any]) -> list[dict[str, Any]]:
    lists = {k: v for k, v in mapping.items() if isinstance(v, list | tuple | np.ndarray)}
    lengths = {k: len(v) for k, v in lists.items()}
    arms = integer("curves.arms", mapping.get("arms", next(iter(lengths.values()), 1)))
    for key, length in lengths.items():
        if length != arms:
            raise ValueError(f"curves.{key} must have {arms} numbers, one an arm, got {length}")
    rest = {k: v for k, v in mapping.items() if k != "arms"}
    return [rest | {k: v[i] for k, v in lists.items()} for i in range(arms)]


def _curve(name: str, spec: Any, arm: int) -> Array:
    if not isinstance(spec, Mapping):
        return _numbers(name, spec)
    family = one_of(f"{name}.family", spec.get("family", "table"), FAMILIES)
    for key in spec:
        if key != "family" and key not in FAMILIES[family]:
            raise ValueError(f"{name}.{key} is not a key of {family} curves{did_you_mean(key, FAMILIES[family])}")
    if missing := [key for key in FAMILIES[family] if key not in spec and (family, key) != ("random_monotone", "a")]:
        raise ValueError(f"{name}.{missing[0]} is missing for {family} curves")
    if family == "table":
        return _numbers(f"{name}.values", spec["values"])
    d = np.arange(1.0, integer(f"{name}.recovery", spec.get("recovery", 1)) + 1.0)
    if family == "function":
        function: Callable[[int], float] = spec["function"]
        return np.array([float(function(int(x))) for x in d])
    a = real(f"{name}.a", spec.get("a", 1.0), 0.0, 1.0, closed="both")
    if family == "geometric":
        return np.asarray(a * (1.0 - real(f"{name}.q", spec["q"], 0.0, 1.0, closed="low") ** d))
    if family == "step":
        return np.where(d == d[-1], a, 0.0)
    if family == "linear":
        return np.asarray(a * (d / d[-1]))
    if family == "logistic":
        scale = positive(f"{name}.s", spec["s"])
        return np.asarray(a / (1.0 + np.exp(-(d - real(f"{name}.c", spec["c"])) / scale)))
    if family == "random_monotone":
        rng = np.random.default_rng([integer(f"{name}.seed", spec["seed"], 0), arm])
        return np.asarray(a * np.sort(rng.random(len(d))))
    return np.array([a])


def _numbers(name: str, values: Any) -> Array:
    try:
        row = np.array(values, dtype=np.float64)
    except (TypeError, ValueError):
        raise ValueError(f"{name} must be a list of numbers, got {values!r}") from None
    if row.ndim != 1 or row.size == 0:
        raise ValueError(f"{name} must be a list of at least one number, got {values!r}")
    return row


def _checked(arm: int, row: Array) -> Array:
    for d, value in enumerate(row.tolist(), 1):
        if not 0.0 <= value <= 1.0:
            raise ValueError(f"mean rewards must lie in [0, 1], got {value} for arm {arm} at idle time {d}")
        if d > 1 and value < row[d - 2] - TOLERANCE:
            raise ValueError(f"mean rewards must not fall with idle time, got {value} for arm {arm} at idle time {d}")
    row = np.maximum.accumulate(row)
    return row[: int(np.argmax(row == row[-1])) + 1]
