"""A paging policy with one-bit predictions drives a cache in one's own program: a bounded mapping.

Run: ``python examples/paging_mapping.py``. The same policies keep the results of a function, by a decorator.
"""

import numpy as np

from bandits.paging.decorator import policy_cache
from bandits.paging.lazy import Lazy
from bandits.paging.policy_cache import PolicyCache


class Told(PolicyCache):
    """A cache that counts what leaves: every eviction goes through ``popitem``."""

    left = 0

    def popitem(self):
        """Count and pass on."""
        self.left += 1
        return super().popitem()


def may_go(document):
    """A prediction of one bit, as a rule of thumb: one-time reports may go at once, pages are kept."""
    return int(document.startswith("report"))


def requests(number, seed=1):
    """Pages that are asked for again and again, and reports that are asked for once."""
    rng = np.random.default_rng(seed)
    return [f"page {rng.zipf(1.2) % 300}" if rng.random() < 0.5 else f"report {i}" for i in range(number)]


def misses(cache, documents):
    """Use the cache as any mapping is used."""
    for document in documents:
        try:
            cache[document]
        except KeyError:
            cache[document] = document.upper()
    return cache.misses


def main():
    """Compare policies with and without predictions."""
    documents = requests(8_000)
    caches = {
        "LRU": Told(100, "lru"),
        "LFU": Told(100, "lfu"),
        "FlushWhenAllZeros": Told(100, "flush_when_all_zeros", predict=may_go),
        "Mark0, lazy": Told(100, Lazy("mark0"), predict=may_go, prediction="discard", seed=1),
    }
    for name, cache in caches.items():
        print(f"{name:18} {misses(cache, documents)} misses of {len(documents)}, {cache.left} evictions")
        assert len(dict(cache)) == len(cache) <= cache.maxsize  # looking is no request

    @policy_cache(maxsize=100, policy="mark0", predict=may_go)
    def rendered(document):
        return document.upper()

    for document in documents:
        rendered(document)
    print("Mark0, for a function:", rendered.cache_info())


if __name__ == "__main__":
    main()
