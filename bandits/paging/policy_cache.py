"""A mapping of bounded size, like those of the package cachetools, from which a paging policy chooses what leaves.

    cache = PolicyCache(1000, "lru")
    cache = PolicyCache(1000, Lazy("mark0"), predict=may_go, prediction="discard")

Reading a key that is there and setting any key are requests. Reading a key that is missing raises ``KeyError`` and is
none: the request comes with the key being set. All else (``in``, ``len``, iteration, ``items``, ``pop``, ``del``) asks
the policy nothing.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Hashable, ItemsView, Iterator, MutableMapping, ValuesView
from typing import Any, TypeVar

import numpy as np

from bandits.arguments import integer, one_of, shown
from bandits.paging.problem import MOST_SLOTS, PREDICTIONS, PagingProblem, Prediction, Requests
from bandits.paging.virtual import Member, Virtual, member
from bandits.seeds import stream

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


class PolicyCache(MutableMapping[K, V]):
    """A mapping of at most ``maxsize`` items whose policy chooses what leaves.

    Items that the policy evicts leave through ``popitem``: a subclass that extends it sees them go. A policy may evict
    many at a time (Flush) or the item just requested (Mark0 with bit 1); ``Lazy`` makes it evict one, when it must.
    All keys ever set are remembered (some hundred bytes each), since policies learn from what they have seen. Not
    thread-safe: put a lock around it.

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

    Attributes:
        hits: number of requests whose key was there.
        misses: number of the others.

    Raises:
        ValueError: a bad size, policy or kind, or predictions missing where the policy needs them.

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
    ) -> None:
        self.maxsize = integer("maxsize", maxsize, most=MOST_SLOTS)
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
        self._rng = stream(seed, of="PolicyCache")
        self.clear()

    def clear(self) -> None:
        """Remove all items and forget all requests."""
        self.hits = self.misses = 0
        self._data: dict[K, V] = {}
        self._pages: dict[K, int] = {}
        self._keys: list[K] = []
        self._leaving: list[K] = []
        problem = PagingProblem(cache_size=self.maxsize, prediction=self.prediction)
        self._run = Virtual(self.policy, problem, self._rng)

    @property
    def currsize(self) -> int:
        """Number of items."""
        return len(self._data)

    def __getitem__(self, key: K) -> V:
        value = self._data[key]
        self._request(key, value)
        return value

    def __setitem__(self, key: K, value: V) -> None:
        self._request(key, value)

    def __delitem__(self, key: K) -> None:
        self._delete(key)
        del self._data[key]

    def __contains__(self, key: object) -> bool:
        return key in self._data

    def __iter__(self) -> Iterator[K]:
        return iter(self._data)

    def __len__(self) -> int:
        return len(self._data)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.maxsize}, {self.policy!r}, currsize={self.currsize})"

    def values(self) -> ValuesView[V]:
        """The values; looking at them is no request."""
        return self._data.values()

    def items(self) -> ItemsView[K, V]:
        """The items; looking at them is no request."""
        return self._data.items()

    def pop(self, key: K, *default: Any) -> Any:
        """Remove a key and return its value, or the default where it is missing; no request.

        Raises:
            KeyError: it is missing, and no default is given.
            TypeError: the policy cannot remove a key.
        """
        if key in self._data:
            self._delete(key)
        return self._data.pop(key, *default)

    def popitem(self) -> tuple[K, V]:
        """Remove and return the item that the policy evicts, or would evict first if new keys kept being set.

        Where it would evict only the new keys, the item that was set first goes.

        Raises:
            KeyError: there is none.
            TypeError: called by hand, and the policy cannot remove a key.
        """
        if not self._data:
            raise KeyError("popitem(): the cache is empty")
        if self._leaving:
            key = self._leaving.pop(0)
        else:
            remove = self._run.remover()
            key = self._next()
            remove(self._pages[key])
        return key, self._data.pop(key)

    def _delete(self, key: K) -> None:
        """Take a key that leaves by hand from the policy."""
        if key not in self._data:
            raise KeyError(key)
        remove = self._run.remover()
        if key in self._leaving:
            self._leaving.remove(key)
        else:
            remove(self._pages[key])

    def _request(self, key: K, value: V) -> None:
        prediction = self._predicted(key)
        page = self._pages.setdefault(key, len(self._keys))
        if page == len(self._keys):
            self._keys.append(key)
        gone = _serve(self._run, page, self.prediction, prediction)
        if key in self._data:
            self.hits += 1
        else:
            self.misses += 1
        if page in gone:
            self._data[key] = value
        if key in self._leaving:
            self._leaving.remove(key)
        self._leaving += [self._keys[victim] for victim in gone if self._keys[victim] in self._data]
        while self._leaving:
            self.popitem()
        if page not in gone:
            self._data[key] = value

    def _predicted(self, key: K) -> float:
        if self.predict is None:
            return 0.0
        told = self.predict(key)
        if self.prediction == "reuse":
            if not told > 0:
                raise ValueError(f"predict must give a number of requests > 0 for key {key!r}, got {told!r}")
            return self.hits + self.misses + told
        if told not in (0, 1):
            raise ValueError(f"predict must give 0 or 1 for key {key!r}, got {told!r}")
        return told

    def _next(self) -> K:
        trial, known, now = copy.deepcopy(self._run), len(self._keys), float(self.hits + self.misses)
        for page in range(known, known + self.maxsize + 1):
            for victim in _serve(trial, page, self.prediction, now if self.prediction == "reuse" else 0.0):
                if victim < known and self._keys[victim] in self._data:
                    return self._keys[victim]
        return next(iter(self._data))


def _serve(run: Virtual, page: int, kind: Prediction | None, prediction: float) -> list[int]:
    """The pages that leave when ``page`` is requested."""
    bits = np.array([prediction] if kind in ("discard", "phase") else [], dtype=np.uint8)
    reuse = np.array([prediction] if kind == "reuse" else [], dtype=np.float64)
    _, gone = run.serve(Requests(np.array([page], dtype=np.int64), bits, reuse))
    left: list[int] = gone.pages[: gone.ends[0]].tolist()
    return left
