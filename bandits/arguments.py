"""Checks of what users give, as arguments or in a run: each raises ``ValueError`` with name, domain and value got."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from difflib import get_close_matches
from numbers import Integral, Real
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

T = TypeVar("T", bound=str)


def real(name: str, value: float, low: float = -math.inf, high: float = math.inf, *, closed: str = "neither") -> float:
    """Check that ``value`` is a finite real number between ``low`` and ``high``.

    Args:
        name: the parameter's name, for the message.
        value: the value got.
        low: lower end of the domain.
        high: upper end of the domain.
        closed: which ends belong to the domain: "neither", "low", "high" or "both".

    Raises:
        ValueError: not a finite real number, or outside the domain.
    """
    left, right = ("[" if closed in ("low", "both") else "("), ("]" if closed in ("high", "both") else ")")
    domain = f"a finite number in {left}{low:g}, {high:g}{right}"
    if isinstance(value, bool) or not isinstance(value, Real) or not _is_finite(value):
        raise ValueError(f"{name} must be {domain}, got {value!r}")
    above = value >= low if left == "[" else value > low
    below = value <= high if right == "]" else value < high
    if not (above and below):
        raise ValueError(f"{name} must be {domain}, got {value!r}")
    return float(value)


def reals(
    name: str, values: Iterable[float], low: float = -math.inf, high: float = math.inf, *, closed: str = "neither"
) -> list[float]:
    """Check that ``values`` is a list of finite real numbers, and return it as a list of Python's; it may be empty.

    Args:
        name: the parameter's name, for the message.
        values: a sequence or an array [n].
        low: lower end of the domain of each.
        high: upper end of the domain of each.
        closed: which ends belong to the domain, as in ``real``.

    Raises:
        ValueError: no list, or one of the values is not in the domain; the message gives its position.
    """
    if isinstance(values, str) or not isinstance(values, Sequence | np.ndarray):
        raise ValueError(f"{name} must be a list of numbers, got {values!r}")
    return [real(f"{name}[{i}]", value, low, high, closed=closed) for i, value in enumerate(values)]


def _is_finite(value: float) -> bool:
    try:
        return math.isfinite(value)
    except OverflowError:  # a whole number beyond the largest double
        return False


def positive(name: str, value: float) -> float:
    """Check that ``value`` is a finite number above 0."""
    return real(name, value, 0.0)


def integer(name: str, value: int, low: int = 1, high: int | None = None) -> int:
    """Check that ``value`` is a whole number in ``low..high`` (no upper end when ``high`` is None).

    Raises:
        ValueError: not a whole number (1e5 and True are not), or outside the domain.
    """
    domain = f"a whole number >= {low}" if high is None else f"a whole number in {low}..{high}"
    if isinstance(value, bool) or not isinstance(value, Integral) or value < low or (high is not None and value > high):
        raise ValueError(f"{name} must be {domain}, got {value!r}")
    return int(value)


def one_of(name: str, value: T, allowed: Iterable[T]) -> T:
    """Check that ``value`` is one of the allowed words; the message names the nearest one."""
    words = list(allowed)
    if value not in words:
        raise ValueError(f"{name} must be one of {', '.join(words)}, got {value!r}{did_you_mean(value, words)}")
    return value


def check_action(name: str, action: int, n_actions: int) -> None:
    """Check an action; quick, as it is done every round.

    Args:
        name: what it is, for the message.
        action: a whole number in 0..n_actions - 1.
        n_actions: number of actions.

    Raises:
        ValueError: no such action.
    """
    if isinstance(action, bool) or not isinstance(action, Integral) or not 0 <= action < n_actions:
        raise ValueError(f"{name} must be a whole number in 0..{n_actions - 1}, got {action!r}")


def check_reward(reward: Any) -> float:
    """Check one reward that a policy observes, and return it as a float.

    Args:
        reward: any finite number, or an array of one, as gymnasium and torch give: an environment may pass the range
            that its problem declares.

    Raises:
        ValueError: not a finite number.
    """
    value = number("the reward must be a finite number", reward)
    if not math.isfinite(value):
        raise ValueError(f"the reward must be a finite number, got {reward!r}")
    return value


def number(what: str, given: Any) -> float:
    """A real number, or an array of one, as gymnasium and torch give, as a float.

    Args:
        what: what it must be, for the message: "the reward must be a finite number".
        given: the number; it may be infinite or NaN.

    Raises:
        ValueError: it is no real number.
    """
    if type(given) is float:
        return given
    try:
        plain = given.item() if hasattr(given, "item") else given
        if not isinstance(plain, str | bytes | bytearray):
            return float(plain)
    except (TypeError, ValueError, OverflowError):
        pass
    raise ValueError(f"{what}, got {given!r}")


def check_rewards(rewards: Any, n_actions: int) -> NDArray[np.float64]:
    """Check what a policy with full feedback observes of a round, and return it as floats.

    Args:
        rewards: [n_actions] rewards of all actions, finite.
        n_actions: number of actions.

    Raises:
        ValueError: another shape, or a reward that is not a finite number.
    """
    found = floats("feedback must be finite rewards", rewards)
    if found.shape != (n_actions,) or not np.isfinite(found).all():
        raise ValueError(f"feedback must be {n_actions} finite rewards, one an action, got {rewards!r}")
    return found


def floats(what: str, given: Any) -> NDArray[np.float64]:
    """Real numbers, in an array or nested lists of any shape, as floats.

    Args:
        what: what they must be, for the message: "feedback must be finite rewards".
        given: the numbers; they may be infinite or NaN.

    Raises:
        ValueError: it is not made of real numbers.
    """
    if type(given) is np.ndarray and given.dtype == np.float64:
        return given
    try:
        found = np.asarray(given)
        if found.dtype.kind in "biufO" and not any(isinstance(value, str | bytes) for value in found.flat):
            return found.astype(np.float64)
    except (TypeError, ValueError, OverflowError):
        pass
    raise ValueError(f"{what}, got {given!r}")


def did_you_mean(word: object, known: Iterable[str]) -> str:
    """`` (did you mean 'x'?)`` for the known word nearest to ``word``, or the empty string."""
    near = nearest(word, known, 1)
    return f" (did you mean {near[0]!r}?)" if near else ""


def nearest(word: object, known: Iterable[str], most: int) -> list[str]:
    """The known words nearest to ``word``, at most ``most`` of them; case and the signs ``-``, ``_`` do not count."""
    plain: dict[str, str] = {}
    for name in known:
        plain.setdefault(_plain(name), name)
    return [plain[near] for near in get_close_matches(_plain(str(word)), plain, n=most, cutoff=0.55)]


def _plain(word: str) -> str:
    return word.casefold().replace("-", "").replace("_", "")


def not_owed(what: str = "call choose once before each update") -> RuntimeError:
    """The error of feedback that is not owed, where a policy learns from its last choice alone; nothing has changed.

    Args:
        what: what is owed instead, or how feedback comes to be owed.
    """
    return RuntimeError(f"feedback that is not owed: {what}")
