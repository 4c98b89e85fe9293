"""Stack distances: one pass over a request sequence tells the faults of LRU, and of the optimum, for all cache sizes.

What LRU and the optimum hold in a cache of k pages they hold in a larger one as well, at all times (*inclusion*). So
each request has a distance d, and it is a fault of all caches with k < d and of no other; a first request is a fault
of all. The faults up to time t with k pages are the requests up to t whose distance is above k.

LRU: d is the number of different pages requested since the last request to this one, itself included. They are counted
in a Fenwick tree over the order of latest requests: O(log N) a request.

Optimum: with k pages it can keep a page from its request at s to that at t where, in between, it keeps at most k - 2
others besides the page requested; immediate repeats need no room. So it is k - 1 machines that take as many of these
jobs (s, t) as they can, and greedily so: jobs in the order of their ends, each to the machine that was free last among
those that ended by s + 1; if there is none, the request is a fault (Carlisle and Lloyd). By inclusion, k + 1 pages are
the machines of k pages and one more. So all sizes are one row of machines, numbered 2, 3, ..., of which size k has the
first k - 1: the job's distance is the first of those that are free in time, and goes on with the time t. Each larger
size that would have taken another machine, free later, still has this one: the times that stand for the machines pass
on, from each machine of the chain to the next one that was free later (derived; checked against LFD at every size).

The row is kept the other way round, by times: the machine free at each time. A request is then a pass from time s + 1
back to the first: it carries a number, infinite at first, and leaves it wherever there is a smaller one, which it
carries on; it ends with the distance. Blocks of times whose least number is not smaller are passed over. A request
costs O(C + sqrt(N)), where the chain C, which is the number of exchanges, is 1 to 45 on real and made-up traces; it is
N at most. All sizes take some 5 to 15 times as long as LFD for one.

References: R. L. Mattson, J. Gecsei, D. R. Slutz, I. L. Traiger, *Evaluation techniques for storage hierarchies*, IBM
Systems Journal 9, 1970 (stack algorithms); M. C. Carlisle, E. L. Lloyd, *On the k-coloring of intervals*, Discrete
Applied Mathematics 59, 1995 (from memory).
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from bandits.contract import Array
from bandits.kernels import kernel
from environments.paging.arguments import Bits, Pages, as_pages

Distances = NDArray[np.int32]

FIRST = 2**31 - 1
"""Distance of a first request, which is a fault of caches of all sizes."""

BLOCK = 32
"""Times in the smallest blocks of the optimum's pass."""


@kernel
def _lru(pages: Pages, n_pages: int, found: Distances) -> None:
    """Slots are the order of latest requests; ``slot`` [n_pages] is that of a page, ``page`` that of a slot."""
    size = 2 * min(n_pages, pages.size)
    slot = np.full(n_pages, -1, dtype=np.int64)
    page = np.empty(size, dtype=np.int64)
    tree = np.zeros(size + 1, dtype=np.int32)
    used, held = 0, 0
    for t in range(pages.size):
        if used == size:  # leave out the slots that pages have left
            used = 0
            for v in range(size):
                if slot[page[v]] == v:
                    page[used] = page[v]
                    slot[page[v]] = used
                    used += 1
            for i in range(1, size + 1):
                tree[i] = min(i, used) - min(i - (i & -i), used)
        p = pages[t]
        if slot[p] < 0:
            found[t] = FIRST
            held += 1
        else:
            older = 0
            i = slot[p]
            while i > 0:
                older += tree[i]
                i -= i & -i
            found[t] = held - older
            i = slot[p] + 1
            while i <= size:
                tree[i] -= 1
                i += i & -i
        page[used] = p
        slot[p] = used
        used += 1
        i = used
        while i <= size:
            tree[i] += 1
            i += i & -i


@kernel
def _least(numbers: Distances, start: int, stop: int) -> int:
    least = numbers[start]
    for i in range(start + 1, stop):
        x = numbers[i]
        least = x if x < least else least
    return int(least)


@kernel
def _pass(row: Distances, start: int, stop: int, carried: int) -> tuple[int, int]:
    """Carry a number from ``stop`` back to ``start``; what is carried then, and the least number left."""
    least = FIRST
    for v in range(stop - 1, start - 1, -1):
        left = max(row[v], carried)
        carried = min(row[v], carried)
        row[v] = left
        least = min(least, left)
    return carried, least


@kernel
def _pass_blocks(row: Distances, least: Distances, start: int, stop: int, end: int, carried: int) -> tuple[int, int]:
    """The same through blocks ``stop - 1..start``; then the least number of the blocks ``start..end - 1``."""
    for i in range(stop - 1, start - 1, -1):
        if least[i] < carried:
            carried, least[i] = _pass(row, BLOCK * i, BLOCK * (i + 1), carried)
    return carried, _least(least, start, end)


@kernel
def _opt(pages: Pages, n_pages: int, found: Distances) -> None:
    """Columns are times at which a machine became free; ``since`` [n_pages] how many a page's next job may look at."""
    wide = 1
    while BLOCK * wide * wide < 2 * min(n_pages, pages.size):
        wide += 1
    size = BLOCK * wide * wide
    row = np.full(size, FIRST, dtype=np.int32)
    blocks = np.full(wide * wide, FIRST, dtype=np.int32)  # least of each block of the row
    groups = np.full(wide, FIRST, dtype=np.int32)  # least of each ``wide`` blocks
    since = np.full(n_pages, -1, dtype=np.int64)
    moved = np.empty(size + 1, dtype=np.int64)
    used, following, limit = 0, 2, min(size, max(1024, n_pages // 4))
    for t in range(pages.size):
        p = pages[t]
        if t > 0 and p == pages[t - 1]:
            found[t] = 1
            continue
        if since[p] < 0:
            found[t] = FIRST
        else:
            if used == limit:  # leave out the times at which no machine is free any more
                used = 0
                for v in range(limit):
                    moved[v] = used
                    number = row[v]
                    row[v] = FIRST
                    if number < FIRST:
                        row[used] = number
                        used += 1
                moved[limit] = used
                limit = min(size, max(limit, 2 * used))
                for q in range(n_pages):
                    if since[q] >= 0:
                        since[q] = moved[since[q]]
                for i in range(wide * wide):
                    blocks[i] = _least(row, BLOCK * i, BLOCK * (i + 1))
                for g in range(wide):
                    groups[g] = _least(blocks, wide * g, wide * (g + 1))
            start = since[p]
            i = min(start // BLOCK, wide * wide - 1)
            g = i // wide
            number, _ = _pass(row, BLOCK * i, start, FIRST)
            blocks[i] = _least(row, BLOCK * i, BLOCK * (i + 1))
            number, groups[g] = _pass_blocks(row, blocks, wide * g, i, wide * (g + 1), number)
            for h in range(g - 1, -1, -1):
                if groups[h] < number:
                    number, groups[h] = _pass_blocks(row, blocks, wide * h, wide * (h + 1), wide * (h + 1), number)
            if number == FIRST:
                number = following
                following += 1
            found[t] = number
            row[used] = number
            i = used // BLOCK
            blocks[i] = min(blocks[i], number)
            groups[i // wide] = min(groups[i // wide], number)
            used += 1
        if t > 0:
            since[pages[t - 1]] = used


def lru_distances(pages: Any, n_pages: int | None = None) -> Distances:
    """Stack distances [T] of LRU: request t is a fault of a cache of k pages iff its distance is above k.

    Args:
        pages: [T] page ids in ``0..n_pages - 1``.
        n_pages: number of pages; by default one more than the largest id.

    Raises:
        ValueError: bad requests.

    Example:
        >>> from environments.paging.stacks import lru_distances, opt_distances
        >>> pages = [1, 2, 3, 1, 2, 3]
        >>> lru_distances(pages)[3:], opt_distances(pages)[3:]
        (array([3, 3, 3], dtype=int32), array([2, 3, 2], dtype=int32))
    """
    pages, n_pages = as_pages(pages, n_pages)
    found = np.empty(pages.size, dtype=np.int32)
    _lru(pages, n_pages, found)
    return found


def opt_distances(pages: Any, n_pages: int | None = None) -> Distances:
    """Stack distances [T] of the optimum: request t is a fault of LFD with k pages iff its distance is above k.

    Arguments and errors as of ``lru_distances``.
    """
    pages, n_pages = as_pages(pages, n_pages)
    found = np.empty(pages.size, dtype=np.int32)
    _opt(pages, n_pages, found)
    return found


@kernel
def _above(distances: Distances | Bits, size: np.int32) -> int:
    number = np.int32(0)
    for t in range(distances.size):
        number = np.int32(number + np.int32(distances[t] > size))  # in 32 bits, eight at once
    return int(number)


@kernel
def _count(distances: Distances | Bits, k: int, start: int, times: NDArray[np.int64], faults: Array) -> None:
    """Faults in ``start..t - 1`` for each time t."""
    total = 0
    for i in range(times.size):
        total += _above(distances[start : times[i]], np.int32(k))
        start = max(start, times[i])
        faults[i] = total


def faults_at(distances: Distances | Bits, cache_size: int, times: NDArray[np.int64], start: int = 0) -> Array:
    """Faults of a cache from ``start`` to each time, in any order, from stack distances [T].

    From bits that say which requests are faults, it tells those of "size" 0.

    Raises:
        IndexError: a time beyond the last request.
    """
    asked = np.array(times, dtype=np.int64).ravel()
    order = np.argsort(asked, kind="stable")
    asked = asked[order]
    if asked.size and asked[-1] > distances.size:
        raise IndexError(f"times must be at most {distances.size}, got {asked[-1]}")
    faults = np.empty(asked.size)
    _count(distances, cache_size, start, asked, faults)
    found = np.empty(asked.size)
    found[order] = faults
    return found.reshape(np.shape(times))
