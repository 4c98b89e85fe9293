"""Policies of this project in the cache simulator libCacheSim, and its readers' requests as requests of ours.

    cache = plugin(1000, "mark0", predict=may_go, prediction="discard")
    misses(cache, pages)

The simulator asks for one victim at a time and only when it needs room, so a policy is made lazy. All objects have one
size, as in paging: an object of another one is refused by its name. What libCacheSim 0.3.5 does that one would not
guess, and what is done about it here:

* A reader skips requests of size 0, but counts them in ``len(reader)``, so that a miss ratio times that number is no
  number of misses: ``pages_of`` and ``misses`` count requests that they were given.
* A reader of CSV takes an id that is a text for 0, unless ``obj_id_is_num=False`` is said: ``pages_of`` refuses a trace
  whose requests all name object 0.
* Its CLOCK loads an object with a reference bit of 0, ours with 1 as Corbató's: they miss differently.
* Its S3-FIFO of fewer than 20 objects of size 1 holds none of them: its small queue is a tenth of the cache, rounded
  down. Compare with it at 20 and more.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bandits import Lazy, PolicyCache
from bandits.arguments import integer

try:
    import libcachesim
except ImportError as error:
    raise ImportError("regretlab.adapters.libcachesim needs libcachesim: pip install 'regretlab[caches]'") from error


class Simulated(PolicyCache[int, None]):
    """What the simulator calls: the policy serves each request once, and names the victim when it is asked for.

    Args:
        k: number of objects.
        policy: as of ``PolicyCache``; it is made lazy.
        size: of each object.
        arguments: others of ``PolicyCache``.
    """

    def __init__(self, k: int, policy: Any, size: int = 1, **arguments: Any) -> None:
        self.victims: list[int] = []
        self.size = integer("size", size)
        super().__init__(k, Lazy(policy), **arguments)

    def popitem(self) -> tuple[int, None]:
        """Note what leaves."""
        key, value = super().popitem()
        self.victims.append(key)
        return key, value

    def request(self, request: Any) -> None:
        """Serve a request; it may name a victim.

        Raises:
            ValueError: an object of another size.
        """
        if request.obj_size != self.size:
            raise ValueError(
                f"object {request.obj_id} has size {request.obj_size}, and all must have size {self.size}: "
                f"set obj_size, or the reader's ignore_obj_size"
            )
        self[request.obj_id] = None

    def victim(self, request: Any) -> int:
        """The object that leaves to make room for the one requested."""
        self.request(request)
        return self.victims.pop()

    def loaded(self, request: Any) -> None:
        """Serve the request of an object that was loaded, where that was not done on asking for the victim."""
        if request.obj_id not in self:
            self.request(request)


def plugin(
    k: int,
    policy: Any,
    predict: Callable[[int], float] | None = None,
    prediction: Any = None,
    seed: int | np.random.Generator | None = None,
    size: int = 1,
    hashpower: int = 16,
) -> Any:
    """A cache of the simulator that a policy of ours drives.

    Objects may be removed by hand (``cache.remove``) where the policy can forget them: LRU, FIFO, LFU, CLOCK, RANDOM.

    Args:
        k: number of objects, all of one size, >= 1.
        policy: a registered paging policy's name, ``{"name": ..., "parameters": {...}}``, or a policy object.
        predict: called with the object's id at each request, as of ``PolicyCache``.
        prediction: the kind of what ``predict`` gives: "discard", "phase" or "reuse".
        seed: of the policy's random choices.
        size: of each object.
        hashpower: log2 of the simulator's own table.

    Raises:
        ValueError: as of ``PolicyCache``, at once and not when the simulator asks first.

    Example:
        >>> from regretlab.adapters.libcachesim import misses, plugin
        >>> misses(plugin(2, "lru"), [7, 8, 7, 9, 7, 8])
        4
    """
    simulated = Simulated(k, policy, size, predict=predict, prediction=prediction, seed=seed)
    return libcachesim.PluginCache(
        cache_size=k * size,
        cache_init_hook=lambda _: simulated,
        cache_hit_hook=lambda ours, request: ours.request(request),
        cache_miss_hook=lambda ours, request: ours.loaded(request),
        cache_eviction_hook=lambda ours, request: ours.victim(request),
        cache_remove_hook=lambda ours, key: ours.remove(key),
        cache_free_hook=lambda ours: ours.clear(),
        cache_name="regretlab",
        hashpower=hashpower,
    )


def misses(cache: Any, pages: Iterable[int], size: int = 1) -> int:
    """Misses of a cache of the simulator, ours or one of its own, on page ids [n] served one by one.

    Args:
        cache: the cache; it goes on from the state in which it is.
        pages: ids, whole numbers >= 0.
        size: of each object, >= 1.
    """
    request, count = libcachesim.Request(), 0
    request.obj_size = integer("size", size)
    for page in pages:
        request.obj_id = int(page)
        count += not cache.get(request)
    return count


def pages_of(reader: Any) -> NDArray[np.int64]:
    """The requests of a reader of the simulator, as pages [n] of ours, numbered in the order of first appearance.

    ``PagingEnvironment(k, {"name": "given", "parameters": {"pages": pages.tolist()}})`` plays them, ``misses`` and
    ``miss_ratio_curve`` take them. Sizes are left out; so are the requests that the reader skips, such as those of size
    0 where it is not told ``ignore_size_zero_req=False``.

    Args:
        reader: such as ``libcachesim.TraceReader(...)``, or an iterable of requests.

    Raises:
        ValueError: no requests, or all of two or more name object 0, as where ids that are texts are taken for numbers.
    """
    numbers: dict[int, int] = {}
    pages = np.array([numbers.setdefault(request.obj_id, len(numbers)) for request in reader], dtype=np.int64)
    if not pages.size:
        raise ValueError("reader must give requests, got none: of size 0 they are skipped, unless it is told not to")
    if pages.size > 1 and list(numbers) == [0]:
        raise ValueError(
            f"reader must tell objects apart, got {pages.size} requests for object 0: where ids are texts, it must be "
            f"told so by obj_id_is_num=False"
        )
    return pages
