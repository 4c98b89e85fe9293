"""A paging policy of this project drives a cache of the simulator libCacheSim, through its plug-in interface.

Run: ``python examples/paging_libcachesim.py`` (needs ``pip install libcachesim``). The simulator asks for one victim at
a time and only when it needs room, so the policy is made lazy. In paging all pages have the same size: leave the sizes
of a trace out, by ``request.obj_size = 1`` or the reader's ``ignore_obj_size``. Keys may be removed by hand
where the policy can forget them (LRU, FIFO, LFU, CLOCK, random eviction).
"""

import numpy as np

from bandits.paging.lazy import Lazy
from bandits.paging.policy_cache import PolicyCache


class Simulated(PolicyCache):
    """What the simulator calls: the policy serves each request once, and names the victim when it is asked for."""

    def __init__(self, k, policy, predict=None, prediction=None, seed=None, size=1):
        self.victims, self.size = [], size
        super().__init__(k, Lazy(policy), predict, prediction, seed)

    def popitem(self):
        """Note what leaves."""
        key, value = super().popitem()
        self.victims.append(key)
        return key, value

    def request(self, request):
        """Serve a request; it may name a victim."""
        if request.obj_size != self.size:
            raise ValueError(
                f"object {request.obj_id} has size {request.obj_size}, and all must have size {self.size}: "
                f"set obj_size, or the reader's ignore_obj_size"
            )
        self[request.obj_id] = None

    def victim(self, request):
        """The page that leaves to make room for the one requested."""
        self.request(request)
        return self.victims.pop()

    def loaded(self, request):
        """Serve the request of a page that was loaded, where that was not done on asking for the victim."""
        if request.obj_id not in self:
            self.request(request)


def plugin(k, policy, predict=None, prediction=None, seed=None, hashpower=16, size=1):
    """A libCacheSim cache of ``k`` objects of one size, driven by ``policy``; arguments as of ``PolicyCache``."""
    import libcachesim

    return libcachesim.PluginCache(
        cache_size=k * size,
        cache_init_hook=lambda _: Simulated(k, policy, predict, prediction, seed, size),
        cache_hit_hook=lambda ours, request: ours.request(request),
        cache_miss_hook=lambda ours, request: ours.loaded(request),
        cache_eviction_hook=lambda ours, request: ours.victim(request),
        cache_remove_hook=lambda ours, key: ours.pop(key, None),
        cache_free_hook=lambda ours: ours.clear(),
        cache_name="regretlab",
        hashpower=hashpower,
    )


def misses(cache, pages, size=1):
    """Misses of a libCacheSim cache on page ids [T] of one size, served one by one."""
    import libcachesim

    request = libcachesim.Request()
    count = 0
    for page in pages:
        request.obj_id, request.obj_size = int(page), size
        count += not cache.get(request)
    return count


def main():
    """The same requests, our policies, libCacheSim's caches."""
    import libcachesim

    weights = 1.0 / np.arange(1, 2001)
    pages = np.random.default_rng(1).choice(2000, 20_000, p=weights / weights.sum())
    print("their LRU:          ", misses(libcachesim.LRU(100), pages), "misses")
    print("our LRU in theirs:  ", misses(plugin(100, "lru"), pages), "misses")
    mark0 = plugin(100, "mark0", predict=lambda page: int(page >= 100), prediction="discard", seed=1)
    print("our Mark0 in theirs:", misses(mark0, pages), "misses, told which 100 pages are the most popular")


if __name__ == "__main__":
    main()
