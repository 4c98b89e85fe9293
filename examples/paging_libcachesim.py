"""A paging policy of this project drives a cache of the simulator libCacheSim, through its plug-in interface.

Run: ``python examples/paging_libcachesim.py`` (needs ``pip install libcachesim``). The simulator asks for one victim at
a time and only when it needs room, so the policy is made lazy.
"""

import numpy as np

from bandits.paging.lazy import Lazy
from bandits.paging.policy_cache import PolicyCache


class Simulated(PolicyCache):
    """What the simulator calls: the policy serves each request once, and names the victim when it is asked for."""

    def __init__(self, k, policy, predict=None, prediction=None, seed=None):
        self.victims = []
        super().__init__(k, Lazy(policy), predict, prediction, seed)

    def popitem(self):
        """Note what leaves."""
        key, value = super().popitem()
        self.victims.append(key)
        return key, value

    def request(self, key):
        """Serve a request; it may name a victim."""
        self[key] = None

    def victim(self, key):
        """The page that leaves to make room for ``key``."""
        self.request(key)
        return self.victims.pop()

    def loaded(self, key):
        """Serve the request of a page that was loaded, where that was not done on asking for the victim."""
        if key not in self:
            self.request(key)


def plugin(k, policy, predict=None, prediction=None, seed=None, hashpower=16):
    """A libCacheSim cache of ``k`` objects of size 1, driven by ``policy``; arguments as of ``PolicyCache``."""
    import libcachesim

    return libcachesim.PluginCache(
        cache_size=k,
        cache_init_hook=lambda _: Simulated(k, policy, predict, prediction, seed),
        cache_hit_hook=lambda ours, request: ours.request(request.obj_id),
        cache_miss_hook=lambda ours, request: ours.loaded(request.obj_id),
        cache_eviction_hook=lambda ours, request: ours.victim(request.obj_id),
        cache_remove_hook=lambda ours, key: ours.pop(key, None),
        cache_free_hook=lambda ours: ours.clear(),
        cache_name="regretlab",
        hashpower=hashpower,
    )


def misses(cache, pages):
    """Misses of a libCacheSim cache on page ids [T], served one by one."""
    import libcachesim

    request = libcachesim.Request()
    count = 0
    for page in pages:
        request.obj_id, request.obj_size = int(page), 1
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
