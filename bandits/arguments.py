"""Checks of what users give, as arguments or in a run: each raises ``ValueError`` with name, domain and value got."""

from __future__ import annotations

import math
import os
from collections.abc import Iterable, Sequence
from difflib import SequenceMatcher, get_close_matches
from numbers import Integral, Real
from pathlib import Path
from typing import Any, TypeGuard, TypeVar, cast

import numpy as np
from numpy.typing import NDArray

T = TypeVar("T", bound=str)

LARGEST = 2**63 - 1
"""Largest whole number that is taken where no smaller limit is stated: numpy counts so far."""


MEMORY = 2_000_000_000
"""Bytes that a table may take whose size a parameter decides: small computers run several jobs at once."""

FEW = 64
"""Whole numbers up to which Python's own loops over a list are quicker than numpy's over an array."""


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
        raise ValueError(f"{name} must be {domain}, got {shown(value)}")
    above = value >= low if left == "[" else value > low
    below = value <= high if right == "]" else value < high
    if not (above and below):
        raise ValueError(f"{name} must be {domain}, got {shown(value)}")
    return float(value) + 0.0  # numpy refuses a scale of -0.0


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
    if not is_list(values):
        raise ValueError(f"{name} must be a list of numbers, got {shown(values)}")
    return [real(f"{name}[{i}]", value, low, high, closed=closed) for i, value in enumerate(values)]


def interval(name: str, values: Sequence[float]) -> list[float]:
    """Check that ``values`` is a pair of finite numbers (low, high), ``low <= high``, and return it as a list."""
    if not is_list(values) or len(values) != 2:
        raise ValueError(f"{name} must be two numbers, low and high, got {shown(values)}")
    low, high = reals(name, values)
    if low > high or not _is_finite(high - low):
        raise ValueError(f"{name} must be two numbers, low <= high, at a finite distance, got {shown(values)}")
    return [low, high]


def integers(
    name: str, values: Iterable[int], low: int = 1, high: int | None = None, *, most: int = LARGEST
) -> list[int]:
    """Check that ``values`` is a list of whole numbers in ``low..high``, and return it as a list; it may be empty.

    Raises:
        ValueError: no list, or one of the values is not in the domain; the message gives its position.
    """
    if not is_list(values):
        raise ValueError(f"{name} must be a list of whole numbers, got {shown(values)}")
    return [integer(f"{name}[{i}]", value, low, high, most=most) for i, value in enumerate(values)]


def is_list(values: object) -> TypeGuard[Sequence[Any]]:
    """Whether values come one after another: a list, a tuple, a range or an array, but no text."""
    if isinstance(values, np.ndarray):
        return values.ndim > 0
    return isinstance(values, Sequence) and not isinstance(values, str | bytes | bytearray)


def shaped(name: str, values: Any, shape: tuple[int | None, ...]) -> NDArray[np.float64]:
    """Check that ``values`` is a table of finite numbers of that shape, and return it as a new array.

    Args:
        name: the parameter's name, for the message.
        values: nested lists, or an array.
        shape: its length along each axis; None for any above 0.

    Raises:
        ValueError: no such table, such as rows of different lengths, or an entry that is no finite number.
    """
    domains = {1: "a list of numbers", 2: "rows of numbers, all of one length"}
    domain = domains.get(len(shape), "tables of numbers, all of one shape")
    try:
        found = np.array(values)
    except (TypeError, ValueError, RecursionError):  # rows of different lengths
        found = np.array(None)
    fits = found.ndim == len(shape) and all(n == (side or n) > 0 for n, side in zip(found.shape, shape, strict=True))
    if not fits or found.dtype.kind not in "iuf" or not np.isfinite(found).all():
        size = "" if set(shape) == {None} else f" of shape {shape}"
        raise ValueError(f"{name} must be {domain}{size}, all finite, got {shown(values)}")
    return found.astype(np.float64)


def _is_finite(value: float) -> bool:
    try:
        return math.isfinite(value)
    except OverflowError:  # a whole number beyond the largest double
        return False


def positive(name: str, value: float) -> float:
    """Check that ``value`` is a finite number above 0, of which a square and its inverse are numbers, too."""
    checked = real(name, value, 0.0)
    if not 1e-150 <= checked <= 1e150:
        raise ValueError(f"{name} must be in [1e-150, 1e150], for its square to be a number, got {shown(value)}")
    return checked


def positives(name: str, value: float | Sequence[float]) -> float | list[float]:
    """Check that ``value`` is one number for all, or a list of one for each, all as ``positive`` wants them."""
    if is_list(value):
        return [positive(f"{name}[{i}]", number) for i, number in enumerate(value)]
    return positive(name, cast(float, value))


def for_each(name: str, value: float | Sequence[float], n: int, of: str) -> tuple[float, ...]:
    """One number for each of ``n`` things, ``of`` which a word is given, from one for all or a list.

    Raises:
        ValueError: a list of another length.
    """
    if not isinstance(value, Sequence):
        return (value,) * n
    if len(value) != n:
        raise ValueError(f"{name} must be one number or a list of {n}, one for each {of}, got {shown(list(value))}")
    return tuple(map(float, value))


def at_least_zero(name: str, value: float) -> float:
    """Check that ``value`` is a finite number >= 0, of which a square is a number, too."""
    checked = real(name, value, 0.0, closed="low")
    if checked > 1e150:
        raise ValueError(f"{name} must be at most 1e150, for its square to be a number, got {shown(value)}")
    return checked


def probability(name: str, value: float) -> float:
    """Check that ``value`` is a probability in (0, 1), of which the inverse and its logarithm are numbers, too."""
    checked = real(name, value, 0.0, 1.0)
    if checked < 1e-300:
        raise ValueError(f"{name} must be in [1e-300, 1), for its inverse to be a number, got {shown(value)}")
    return checked


def integer(name: str, value: int, low: int = 1, high: int | None = None, *, most: int = LARGEST) -> int:
    """Check that ``value`` is a whole number in ``low..high`` (no upper end but ``most`` when ``high`` is None).

    Args:
        name: the parameter's name, for the message.
        value: the value got.
        low: lower end of the domain.
        high: upper end of the domain, or None.
        most: where ``high`` is None, the largest number that can be worked with: told to those who pass it.

    Raises:
        ValueError: not a whole number (1e5 and True are not), or outside the domain.
    """
    whole = isinstance(value, Integral) and not isinstance(value, bool)
    if whole and low <= value <= (most if high is None else high):
        return int(value)
    end = most if whole and high is None and value > most else high
    domain = f"a whole number >= {low}" if end is None else f"a whole number in {low}..{end}"
    raise ValueError(f"{name} must be {domain}, got {shown(value)}")


def check_seed(name: str, value: int) -> int:
    """Check that ``value`` is a seed: a whole number >= 0, of at most 128 bits as those that numpy draws."""
    return integer(name, value, 0, most=2**128 - 1)


def affordable(names: str, what: str, numbers: int) -> None:
    """Check that numbers of 8 bytes fit into ``MEMORY``, before any of it is asked for.

    Args:
        names: of the parameters that decide how many there are, for the message.
        what: what they are, with the values got.
        numbers: how many.

    Raises:
        ValueError: they do not; the message has the estimate.
    """
    if 8 * numbers > MEMORY:
        size, most = shown(round(8 * numbers / 10**8) / 10 if numbers < 10**300 else math.inf), MEMORY / 1e9
        raise ValueError(
            f"{names} must be lower, got too much: {what} takes {size} GB, more than the {most} GB allowed"
        )


def flag(name: str, value: bool) -> bool:
    """Check that ``value`` is True or False; neither 1 nor "yes" is.

    Raises:
        ValueError: anything else.
    """
    if not isinstance(value, bool):
        raise ValueError(f"{name} must be true or false, got {shown(value)}")
    return value


def one_of(name: str, value: T, allowed: Iterable[T]) -> T:
    """Check that ``value`` is one of the allowed words; the message names the nearest one."""
    words = list(allowed)
    if not isinstance(value, str) or value not in words:
        raise ValueError(f"{name} must be one of {', '.join(words)}, got {shown(value)}{did_you_mean(value, words)}")
    return value


def some_of(name: str, values: Iterable[T], allowed: Iterable[T]) -> list[T]:
    """Check that each of a list of ``values`` is one of ``allowed``, and return them as a list."""
    if not is_list(values):
        raise ValueError(f"{name} must be a list of some of {', '.join(map(str, allowed))}, got {shown(values)}")
    return [one_of(f"{name}[{i}]", value, allowed) for i, value in enumerate(values)]


def texts(name: str, values: Iterable[str]) -> list[str]:
    """Check that ``values`` is a list of at least one text, none empty and none twice, and return it as a list.

    Raises:
        ValueError: anything else.
    """
    if not is_list(values) or not all(isinstance(v, str) and v for v in values) or len(set(values)) < len(values):
        raise ValueError(f"{name} must be a list of names, none empty and none twice, got {shown(values)}")
    if len(values) == 0:
        raise ValueError(f"{name} must be at least one name, got {shown(values)}")
    return [str(value) for value in values]


def is_file(name: str, value: str | os.PathLike[str]) -> bool:
    """Whether there is a file of that path; there is none of what no path can be, such as a text with a zero byte.

    Raises:
        ValueError: neither a text nor a path.
    """
    if not isinstance(value, str | os.PathLike):
        raise ValueError(f"{name} must be the path of a file, got {shown(value)}")
    try:
        return Path(value).expanduser().is_file()
    except (OSError, ValueError, RuntimeError):  # a name too long, a zero byte, nobody's home
        return False


def within(name: str, values: Any, low: float, high: float) -> None:
    """Refuse numbers, one or an array of any shape, outside ``[low, high]``.

    Raises:
        ValueError: there are some; the message tells the first.
    """
    found = np.asarray(values)
    if found.size == 0:
        return
    if found.size <= FEW and found.dtype.kind in "iu" and isinstance(low, int) and isinstance(high, int):
        numbers = found.ravel().tolist()
        least, most = min(numbers), max(numbers)
    else:
        least, most = found.min(), found.max()
    if not (low <= least and most <= high):
        outside = found[~((low <= found) & (found <= high))]
        raise ValueError(f"{name} must be in [{low}, {high}], got {shown(outside[0])}")


def check_action(name: str, action: int, n_actions: int) -> None:
    """Check an action; quick, as it is done every round.

    Args:
        name: what it is, for the message.
        action: a whole number in 0..n_actions - 1.
        n_actions: number of actions.

    Raises:
        ValueError: no such action.
    """
    if type(action) is int and 0 <= action < n_actions:  # as nearly always
        return
    if isinstance(action, bool) or not isinstance(action, Integral) or not 0 <= action < n_actions:
        raise ValueError(f"{name} must be a whole number in 0..{n_actions - 1}, got {shown(action)}")


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
        raise ValueError(f"the reward must be a finite number, got {shown(reward)}")
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
    raise ValueError(f"{what}, got {shown(given)}")


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
        raise ValueError(f"feedback must be {n_actions} finite rewards, one an action, got {shown(rewards)}")
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
    raise ValueError(f"{what}, got {shown(given)}")


def shown(value: object, most: int = 100) -> str:
    """A value for a message, on one line, cut to some ``most`` characters; huge numbers and broken objects, too."""
    if isinstance(value, str):
        return repr(value if len(value) <= most else f"{value[:most]}...")
    try:
        text = " ".join(repr(value).split())
    except Exception as error:  # numbers of thousands of digits, or whatever an object's own repr raises
        text = f"<{type(value).__name__} that cannot be shown: {type(error).__name__}>"
    return text if len(text) <= most else f"{text[:most]}..."


def did_you_mean(word: object, known: Iterable[str]) -> str:
    """`` (did you mean 'x'?)`` for the known word nearest to ``word``, or the empty string."""
    near = nearest(word, known, 1) if isinstance(word, str) else ()
    return f" (did you mean {near[0]!r}?)" if near else ""


def nearest(word: object, known: Iterable[str], most: int) -> list[str]:
    """The known words nearest to ``word``, at most ``most`` of them; case and the signs ``-``, ``_`` do not count.

    Of equally near ones those that begin with it are first, then those that begin with its first letter, then the first
    in the alphabet.
    """
    plain: dict[str, str] = {}
    for name in known:
        plain.setdefault(_plain(name), name)
    wanted = _plain(str(word)[:100])
    close = sorted(get_close_matches(wanted, plain, n=max(50, most), cutoff=0.55))
    starts = (wanted, wanted[:1])
    close.sort(
        key=lambda name: (-SequenceMatcher(None, name, wanted).ratio(), *(not name.startswith(s) for s in starts))
    )
    return [plain[name] for name in close[:most]]


def _plain(word: str) -> str:
    return word.casefold().replace("-", "").replace("_", "")


def not_owed(what: str = "call choose once before each update") -> RuntimeError:
    """The error of feedback that is not owed, where a policy learns from its last choice alone; nothing has changed.

    Args:
        what: what is owed instead, or how feedback comes to be owed.
    """
    return RuntimeError(f"feedback that is not owed: {what}")
