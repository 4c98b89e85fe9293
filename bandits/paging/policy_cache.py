"""A mapping of bounded size, like those of the package cachetools, from which a paging policy chooses what leaves.

    cache = PolicyCache(1000, "lru")
    cache = PolicyCache(1000, Lazy("mark0"), predict=may_go, prediction="discard")

*Requests* are: reading a key that is there (``cache[key]``, ``get``, ``setdefault``), and setting any key
(``cache[key] = value``, ``update``, ``|=``, ``setdefault`` of a key that is missing). Reading a missing key raises
``KeyError``, or gives the default, and is none: the request comes with the key being set.

All else *looks*, and neither asks the policy anything nor counts: ``in``, ``len``, iteration, ``keys``, ``values``,
``items``, ``peek``, ``==``, ``repr``, ``dict(cache)``, ``{**cache}``, ``cache | other``, ``copy``, pickling. Items
stand in the order in which they were set, which has nothing to do with who leaves next. ``del``, ``pop``, ``popitem``,
``remove`` and ``clear`` take away, and count as no request.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Hashable, Iterable, MutableMapping, Sequence
from typing import Any, TypeVar

import numpy as np

from bandits.arguments import integer, one_of, shown
from bandits.contract import check_plays
from bandits.paging.cache import CachePolicy
from bandits.paging.numbered import Numbered
from bandits.paging.problem import MOST_SLOTS, PREDICTIONS, PagingProblem, Prediction
from bandits.paging.queue import Queue
from bandits.paging.virtual import Member, member
from bandits.seeds import stream

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")

_MISSING: Any = object()
_value_of, _store, _take = dict.get, dict.__setitem__, dict.pop


class PolicyCache(dict[K, V]):
    """A dictionary of at most ``maxsize`` items whose policy chooses what leaves.

    Items that the policy evicts leave through ``popitem``: a subclass that extends it sees them go. A policy may evict
    many at a time (Flush) or the item just requested (Mark0 with bit 1); ``Lazy`` makes it evict one, when it must.
    ``__missing__`` of a subclass is asked for what is not there, as in any dictionary. Not thread-safe: put a lock
    around it, or take ``policy_cache``.

    What is remembered of keys that have left is what the policy may still need. LRU, FIFO, CLOCK, RANDOM, Marker,
    Flush-When-Full, FlushWhenAllZeros, FollowBits, Mark&Predict and BlindOracle need nothing: such a key is forgotten
    at once. Mark0, the marking policies for reuse times, and what is made of all these by ``Lazy`` and the combinations
    keep some keys for a while: with those in the cache at most ``5 maxsize + 64`` where one policy is run (each member
    of a combination adds as much). LFU counts the requests of each key, and OnlineMin gives each key a priority, for
    good: they keep **every key ever set** (some hundred bytes each), as does a policy of your own without a method
    ``forget(page)``. ``remembered`` sets a bound to that.

    A key deleted by hand, or by ``popitem``, leaves the policy's cache, too: it goes on as if the key had been evicted.
    That takes a policy with a method ``remove(page)``: LRU, FIFO, LFU (which goes on counting the key's requests),
    CLOCK, RANDOM, Flush-When-Full, and any of them made lazy. Others know of requests alone, and deletion is refused
    (``TypeError``); ``clear`` works with all.

    Args:
        maxsize: number of items, >= 1.
        policy: a registered paging policy's name, ``{"name": ..., "parameters": {...}}``, or a policy object, which
            is copied.
        predict: called with the key at each request; gives the bit (1 may go, 0 keep), or for reuse predictions the
            number of requests until the next one to that key (inf for never).
        prediction: the kind of what ``predict`` gives, "discard", "phase" or "reuse"; None for what the policy needs.
            It must be given for wrappers and combinations, which need nothing themselves.
        seed: seed of the policy's random choices, which are independent of ``numpy.random.default_rng(seed)``, so that
            a trace drawn with the same seed does no harm; or a generator, which is used as it is.
        remembered: most keys that have left and are remembered, >= 0: beyond that the one that left first is forgotten,
            and is a new one when it is set again (0 makes LFU count what is in the cache alone). None for all that the
            policy may need. (Policies run on the side keep those that they hold, in any case.)
        getsizeof: None. Caches of cachetools take the size of a value here; these policies, and what is proved of
            them, know items of one size alone.

    Attributes:
        hits: number of requests whose key was there.
        misses: number of the others.

    Raises:
        ValueError: a bad size, policy or kind, predictions missing where the policy needs them, or sizes of items.

    Example:
        >>> from bandits.paging.policy_cache import PolicyCache
        >>> cache = PolicyCache(2, "lru")
        >>> for page in "abab":
        ...     cache[page] = page.upper()
        ...
        >>> cache["c"] = "C"
        >>> sorted(cache), cache.hits, cache.misses
        (['b', 'c'], 2, 3)
    """

    def __init__(
        self,
        maxsize: int,
        policy: Member,
        predict: Callable[[K], float] | None = None,
        prediction: Prediction | None = None,
        seed: int | np.random.Generator | None = None,
        remembered: int | None = None,
        getsizeof: None = None,
    ) -> None:
        super().__init__()
        self.maxsize = integer("maxsize", maxsize, most=MOST_SLOTS)
        if getsizeof is not None:
            raise ValueError(
                f"getsizeof must be None, got {shown(getsizeof)}: in paging all items have one size, and maxsize is a "
                f"number of items"
            )
        self.policy, self.predict = member(policy, "policy"), predict
        if prediction is not None:
            one_of("prediction", prediction, PREDICTIONS)
        self.prediction: Prediction | None = None
        needed = getattr(self.policy, "prediction", None)
        if predict is not None:
            kind: Any = prediction or needed or ""
            self.prediction = one_of("prediction", kind, PREDICTIONS)
        elif needed is not None:
            raise ValueError(f"predict must be given: {type(self.policy).__name__} needs {needed} predictions")
        if predict is not None and not callable(predict):
            raise ValueError(f"predict must be a function of the key, got {shown(predict)}")
        self.remembered = None if remembered is None else integer("remembered", remembered, 0)
        if remembered is not None and not hasattr(self.policy, "forget"):
            raise ValueError(
                f"remembered must be None for {type(self.policy).__name__}, got {remembered}: it has no method "
                f"forget(page), and may look at every page that it has seen"
            )
        self._rng = stream(seed, of="PolicyCache")
        self.clear()

    def clear(self) -> None:
        """Remove all items and forget all requests."""
        self.hits = self.misses = 0
        super().clear()
        self._leaving: list[K] = []
        problem = PagingProblem(cache_size=self.maxsize, prediction=self.prediction)
        check_plays(self.policy, problem)
        plain = self.policy.by_key(self.maxsize) if isinstance(self.policy, CachePolicy) else None
        self._keys: Queue[K] | Numbered[K] = plain or Numbered(self.policy, problem, self._rng, self.remembered)

    @property
    def currsize(self) -> int:
        """Number of items."""
        return len(self)

    @staticmethod
    def getsizeof(value: object) -> int:
        """The size of any value, which is 1."""
        return 1

    def __getitem__(self, key: K) -> V:
        value: V = _value_of(self, key, _MISSING)
        if value is _MISSING:
            return super().__getitem__(key)
        gone = self._keys.request(key) if self.predict is None else self._keys.request(key, *self._predicted(key))
        self.hits += 1
        if gone or self._leaving:
            self._see_off(gone, key, value)
        return value

    def __setitem__(self, key: K, value: V) -> None:
        gone = self._keys.request(key) if self.predict is None else self._keys.request(key, *self._predicted(key))
        if key in self:
            self.hits += 1
        else:
            self.misses += 1
        if gone or self._leaving:
            self._see_off(gone, key, value)
        else:
            _store(self, key, value)

    def get(self, key: K, default: Any = None) -> Any:
        """The value of a key, which is a request; or the default where the key is missing, which is none."""
        return default if _value_of(self, key, _MISSING) is _MISSING else self[key]

    def peek(self, key: K, default: Any = None) -> Any:
        """The value of a key, or the default where it is missing; looking at it is no request."""
        return _value_of(self, key, default)

    def __delitem__(self, key: K) -> None:
        self._delete(key)
        super().__delitem__(key)

    def remove(self, key: K) -> bool:
        """Remove a key where it is there; whether it was.

        Raises:
            TypeError: the policy cannot remove a key.
        """
        there = key in self
        if there:
            del self[key]
        return there

    def pop(self, key: K, *default: Any) -> Any:
        """Remove a key and return its value, or the default where it is missing; no request.

        Raises:
            KeyError: it is missing, and no default is given.
            TypeError: the policy cannot remove a key.
        """
        if key in self:
            self._delete(key)
        return _take(self, key, *default)

    def popitem(self) -> tuple[K, V]:
        """Remove and return the item that the policy evicts, or would evict first if new keys kept being set.

        Where it would evict only the new keys, the item that was set first goes.

        Raises:
            KeyError: there is none.
            TypeError: called by hand, and the policy cannot remove a key.
        """
        if not self:
            raise KeyError("popitem(): the cache is empty")
        if self._leaving:
            key = self._leaving.pop(0)
        else:
            self._check_removes()
            first = self._keys.first()
            while first is not None and first not in self:  # its setting failed on the way
                self._keys.remove(first)
                first = self._keys.first()
            key = next(iter(self)) if first is None else first
            self._keys.remove(key)
        return key, _take(self, key)

    update = MutableMapping.update
    setdefault = MutableMapping.setdefault

    def __ior__(self, other: Any) -> Any:  # type: ignore[misc]
        self.update(other)
        return self

    @classmethod
    def fromkeys(cls, iterable: Iterable[Any], value: Any = None) -> Any:
        """Refused: how many items there may be, and who leaves, is not said."""
        raise TypeError(f"{cls.__name__}.fromkeys: make a cache of a size and a policy, and update it")

    def copy(self) -> PolicyCache[K, V]:
        """Another cache with the same keys and values that goes on as this one would; looking, no request."""
        return copy.copy(self)

    def __copy__(self) -> PolicyCache[K, V]:
        kept = [self.predict, *self._keys.known(), *self, *self.values()]
        return copy.deepcopy(self, {id(thing): thing for thing in kept})

    def __reduce__(self) -> tuple[Any, ...]:
        return _filled, (type(self), dict(self)), self.__dict__

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.maxsize}, {self.policy!r}, currsize={self.currsize})"

    def _check_removes(self) -> None:
        if isinstance(self._keys, Numbered):
            self._keys.check_removes()

    def _delete(self, key: K) -> None:
        """Take a key that leaves by hand from the policy."""
        if key not in self:
            raise KeyError(key)
        self._check_removes()
        if key in self._leaving:
            self._leaving.remove(key)
        else:
            self._keys.remove(key)

    def _see_off(self, gone: Sequence[K], key: K, value: V) -> None:
        """Store the key that is requested, and let go what leaves for it; where that fails it is as if not set."""
        before = _value_of(self, key, _MISSING)
        _store(self, key, value)  # first: what a subclass sets in popitem may evict it again
        if key in self._leaving:
            self._leaving.remove(key)
        self._leaving += [victim for victim in gone if victim in self]
        try:
            while self._leaving:
                self.popitem()
        except BaseException:
            if before is _MISSING and key not in self._leaving:
                _take(self, key, None)
            elif before is not _MISSING and key in self:
                _store(self, key, before)
            raise

    def _predicted(self, key: K) -> tuple[int, float]:
        """The bit or -1, and the reuse time or NaN, of a request."""
        assert self.predict is not None
        told = self.predict(key)
        if self.prediction == "reuse":
            if not told > 0:
                raise ValueError(f"predict must give a number of requests > 0 for key {key!r}, got {told!r}")
            return -1, float(self.hits + self.misses + told)
        if told not in (0, 1):
            raise ValueError(f"predict must give 0 or 1 for key {key!r}, got {told!r}")
        return int(told), float("nan")


def _filled(cls: type[PolicyCache[K, V]], items: dict[K, V]) -> PolicyCache[K, V]:
    """A cache of these items, about which nothing else is known yet."""
    cache = cls.__new__(cls)
    for key, value in items.items():
        _store(cache, key, value)
    return cache
