"""A decorator like ``functools.lru_cache`` whose results leave by a paging policy.

``@policy_cache(maxsize=1000, policy="clock")`` above a function keeps its results in a ``PolicyCache``.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from threading import RLock
from typing import Any, NamedTuple, ParamSpec, TypeVar, cast

import numpy as np

from bandits.arguments import flag, shown
from bandits.paging.policy_cache import PolicyCache
from bandits.paging.problem import Prediction
from bandits.paging.virtual import Member

P = ParamSpec("P")
R = TypeVar("R")

_MISSING: Any = object()


class CacheInfo(NamedTuple):
    """How a cached function has fared, as ``functools.lru_cache`` tells it.

    Attributes:
        hits: calls whose result was there.
        misses: calls for which the function was run.
        maxsize: most results that are kept.
        currsize: results that are kept.
    """

    hits: int
    misses: int
    maxsize: int
    currsize: int


def policy_cache(
    maxsize: int | Callable[..., Any] = 128,
    policy: Member = "lru",
    typed: bool = False,
    *,
    predict: Callable[..., float] | None = None,
    prediction: Prediction | None = None,
    seed: int | np.random.Generator | None = None,
    remembered: int | None = None,
) -> Any:
    """Keep the results of a function, and give them for equal arguments in place of calling it again.

    As ``functools.lru_cache``: arguments must be hashable; a method's results are kept by object and arguments, for all
    objects in one cache; errors are passed on and not kept; a function may call itself. Threads may call it at once: a
    lock guards the cache, and is not held while the function runs, so that two may run it for the same arguments; the
    result that comes first is kept. Keyword arguments count by name, in whatever order they are given.

    A request of the policy is a call whose result is there, or the storing of one: nothing that fails counts.

    Args:
        maxsize: most results that are kept, >= 1; or the function itself, for ``@policy_cache`` without arguments.
        policy: as of ``PolicyCache``.
        typed: whether arguments of different types are different though they are equal, as 3 and 3.0.
        predict: called with the function's arguments at each request; gives the bit, or the number of requests until
            the next one with these arguments, as of ``PolicyCache``.
        prediction: the kind of what ``predict`` gives.
        seed: of the policy's random choices.
        remembered: most arguments whose results have left and that are remembered, as of ``PolicyCache``.

    Returns:
        A decorator, of which the decorated function has ``cache_info()``, ``cache_clear()``, ``cache_parameters()``,
        ``__wrapped__``, and its ``cache``.

    Raises:
        ValueError: as of ``PolicyCache``.
        TypeError: what is decorated is no function.

    Example:
        >>> from bandits.paging.decorator import policy_cache
        >>> @policy_cache(maxsize=64, policy="fifo")
        ... def fibonacci(n):
        ...     return n if n < 2 else fibonacci(n - 1) + fibonacci(n - 2)
        ...
        >>> fibonacci(50), fibonacci.cache_info()
        (12586269025, CacheInfo(hits=48, misses=51, maxsize=64, currsize=51))
    """
    if callable(maxsize):
        return policy_cache()(maxsize)
    flag("typed", typed)
    by_key = None if predict is None else lambda key: predict(*key[0], **dict(key[1]))
    make = functools.partial(PolicyCache[Any, Any], maxsize, policy, by_key, prediction, seed, remembered)
    make()  # what cannot be made is found before anything is decorated

    def decorate(function: Callable[P, R]) -> Callable[P, R]:
        if not callable(function):
            raise TypeError(f"what is decorated must be a function, got {shown(function)}")
        return _cached(function, make(), typed)

    return decorate


def _cached(function: Callable[P, R], cache: PolicyCache[Any, R], typed: bool) -> Callable[P, R]:
    lock, hits, misses = RLock(), 0, 0

    @functools.wraps(function)
    def cached(*args: P.args, **kwargs: P.kwargs) -> R:
        nonlocal hits, misses
        key = _key(args, kwargs, typed)
        with lock:
            found = cache.get(key, _MISSING)
            if found is not _MISSING:
                hits += 1
                return cast(R, found)
            misses += 1
        result = function(*args, **kwargs)
        with lock:
            if key not in cache:
                cache[key] = result
        return result

    def cache_info() -> CacheInfo:
        with lock:
            return CacheInfo(hits, misses, cache.maxsize, cache.currsize)

    def cache_clear() -> None:
        nonlocal hits, misses
        with lock:
            cache.clear()
            hits = misses = 0

    def cache_parameters() -> dict[str, Any]:
        return {"maxsize": cache.maxsize, "policy": cache.policy, "typed": typed}

    whole: Any = cached
    whole.cache, whole.cache_info, whole.cache_clear = cache, cache_info, cache_clear
    whole.cache_parameters = cache_parameters
    return cached


def _key(args: tuple[Any, ...], kwargs: dict[str, Any], typed: bool) -> tuple[Any, ...]:
    """What equal arguments share; keywords stand in the order of their names."""
    named = tuple(sorted(kwargs.items())) if kwargs else ()
    if not typed:
        return args, named
    return args, named, tuple(map(type, args)), tuple(type(value) for _, value in named)
