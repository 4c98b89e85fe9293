"""Paging policies of this project in the cache simulator libCacheSim, beside its own, on the same requests.

Run: ``python examples/paging_libcachesim.py`` (needs ``pip install 'regretlab[caches]'``).
"""

from bandits.seeds import stream
from environments.paging.generators import Zipf
from regretlab.adapters.libcachesim import libcachesim, misses, plugin


def main():
    """The same requests, our policies, libCacheSim's caches."""
    pages = Zipf(2000, 1.0).draw(5_000, stream(1, of="trace"))
    print("their LRU:          ", misses(libcachesim.LRU(100), pages), "misses")
    print("our LRU in theirs:  ", misses(plugin(100, "lru"), pages), "misses")
    mark0 = plugin(100, "mark0", predict=lambda page: int(page >= 100), prediction="discard", seed=1)
    print("our Mark0 in theirs:", misses(mark0, pages), "misses, told which 100 pages are the most popular")


if __name__ == "__main__":
    main()
