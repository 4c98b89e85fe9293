"""OnlineMin: among the caches that an optimal policy may have, hold the one of highest priority.

Every page has one random priority, fixed for the run. Layers ``L_1 .. L_k`` describe the caches of all optimal
policies. While there are fewer than ``k`` layers, a request for a page of no layer appends the layer {p}, and one for a
page in ``L_i`` moves that singleton to the end. From then on, on a request for page p:

    p in no layer:     L_1 .. L_{k-2}, L_{k-1} + L_k, {p}                    (the optimum faults)
    p in L_1:          L_2 .. L_k, {p}                                       (the other pages of L_1 leave the layers)
    p in L_i, i > 1:   L_1 .. L_{i-2}, L_{i-1} + L_i - p, L_{i+1} .. L_k, {p}

The cache is ``C_k``, where ``C_0`` is empty and ``C_i`` are the ``i`` pages of highest priority of ``C_{i-1} + L_i``.
This changes at most one page per request, and only on a fault: if p is in no layer, the page of lowest priority leaves;
if p is in ``L_i``, that of lowest priority in ``L_1 + .. + L_j`` leaves, for the smallest ``j >= i`` such that ``j``
pages of ``L_1 + .. + L_j`` are cached.

Guarantee: ``E[OnlineMin_t] <= H_k OPT_t`` for requests that do not depend on the random choices; no policy has a
smaller factor. The priority of a page is the uniform of the first request for it.

References: G. Brodal, G. Moruz, A. Negoescu, *OnlineMin: A Fast Strongly Competitive Randomized Paging Algorithm*,
Theory of Computing Systems 56, 2015; E. Koutsoupias and C. Papadimitriou, *Beyond Competitive Analysis*, SIAM Journal
on Computing 30, 2000, for the layers.

In the order of their latest requests the pages of a layer stand together and layers follow each other. So a line of
places, one per request, holds all: a place may start a layer and may hold a cached page, at most ``2 k`` do either. A
segment tree over the places knows, for each stretch, its starts, the sum of ``starts - cached pages``, the least sum
over its beginnings, and the lowest priority in it. Up to the end of ``L_j`` the sum is ``j`` minus the cached pages so
far, never below 0 from the first start on. When the line is full its live places are moved together: O(log k) per
request, amortised.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from bandits.contract import Array, Bound, Instance
from bandits.kernels import kernel
from bandits.paging.cache import CachePolicy, Flags, Ints, empty_slots, zeros
from bandits.paging.problem import Departures, PagingProblem, Requests
from bandits.paging.theory import OBLIVIOUS, bound, harmonic

STARTS, TOTAL, LEAST = 0, 1, 2


class _State(NamedTuple):
    place: Ints  # [n_pages] place of a cached page, or -1
    last: Ints  # [n_pages] time of the latest request of a page, or -1
    priority: Array  # [n_pages] priority of a page
    when: Ints  # [m] time of a place; later places have later times
    page: Ints  # [m] cached page of a place, or -1
    tree: Ints  # [2 m, 3] of a stretch: starts, starts minus cached pages, least such sum; places are m .. 2 m - 1
    lowest: Array  # [2 m] of a stretch: lowest priority of a cached page
    size: Ints  # [1] number of layers, which is that of cached pages
    end: Ints  # [1] the next free place
    clock: Ints  # [1] requests served


@kernel
def _join(tree: Ints, lowest: Array, i: int) -> None:
    a, b = 2 * i, 2 * i + 1
    tree[i, STARTS] = tree[a, STARTS] + tree[b, STARTS]
    tree[i, TOTAL] = tree[a, TOTAL] + tree[b, TOTAL]
    tree[i, LEAST] = min(tree[a, LEAST], tree[a, TOTAL] + tree[b, LEAST])
    lowest[i] = min(lowest[a], lowest[b])


@kernel
def _leaf(tree: Ints, lowest: Array, i: int, start: int, priority: float) -> None:
    """Set a place; the priority is infinite where no page is cached."""
    tree[i, STARTS] = start
    tree[i, TOTAL] = tree[i, LEAST] = start - (priority < np.inf)
    lowest[i] = priority


@kernel
def _lift(tree: Ints, lowest: Array, a: int, b: int, c: int) -> None:
    """Bring up to date all stretches that the leaves ``a``, ``b``, ``c`` belong to."""
    while a > 1:
        a, b, c = a // 2, b // 2, c // 2
        _join(tree, lowest, a)
        if b != a:
            _join(tree, lowest, b)
        if c != a and c != b:
            _join(tree, lowest, c)


@kernel
def _compact(s: _State) -> None:
    """Move the live places to the beginning of the line."""
    m, y = s.when.size, 0
    for x in range(m):
        start, p, lowest = s.tree[m + x, STARTS], s.page[x], s.lowest[m + x]
        s.page[x] = -1
        _leaf(s.tree, s.lowest, m + x, 0, np.inf)
        if start == 1 or p >= 0:
            s.when[y], s.page[y] = s.when[x], p
            _leaf(s.tree, s.lowest, m + y, start, lowest)
            if p >= 0:
                s.place[p] = y
            y += 1
    s.end[0] = y
    for i in range(m - 1, 0, -1):
        _join(s.tree, s.lowest, i)


@kernel
def _place(when: Ints, end: int, time: int) -> int:
    """Last of the first ``end`` places that is not later than ``time``, or -1."""
    low, high = 0, end
    while low < high:
        middle = (low + high) // 2
        if when[middle] <= time:
            low = middle + 1
        else:
            high = middle
    return low - 1


@kernel
def _start(tree: Ints, x: int) -> int:
    """Where the layer that place ``x`` belongs to starts, or -1."""
    m = len(tree) // 2
    if x < 0 or tree[m + x, STARTS] == 1:
        return x
    i = m + x
    while i > 1:
        if i % 2 == 1 and tree[i - 1, STARTS] > 0:
            i -= 1
            while i < m:
                i = 2 * i + (tree[2 * i + 1, STARTS] > 0)
            return i - m
        i //= 2
    return -1


@kernel
def _tight(tree: Ints, x: int) -> int:
    """First place from ``x`` on up to which the sum is 0."""
    m, before = len(tree) // 2, 0
    i = m + x
    while i > 1:
        if i % 2 == 1:
            before += tree[i - 1, TOTAL]
        i //= 2
    i = m + x
    while before + tree[i, LEAST] > 0:
        before += tree[i, TOTAL]
        while i % 2 == 1:
            i //= 2
        i += 1
    while i < m:
        i *= 2
        if before + tree[i, LEAST] > 0:
            before += tree[i, TOTAL]
            i += 1
    return i - m


@kernel
def _lowest(lowest: Array, x: int) -> int:
    """Place of the cached page of lowest priority among the places up to ``x``."""
    m = lowest.size // 2
    i = best = m + x
    while i > 1:
        if i % 2 == 1 and lowest[i - 1] < lowest[best]:
            best = i - 1
        i //= 2
    while best < m:
        best = 2 * best + (lowest[2 * best] > lowest[2 * best + 1])
    return best - m


@kernel
def _play(pages: Ints, uniforms: Array, faults: Flags, gone: Departures, s: _State, k: int) -> None:
    m, tree, lowest = s.when.size, s.tree, s.lowest
    left = 0
    for t in range(pages.size):
        p = pages[t]
        if s.end[0] == m:
            _compact(s)
        x, end = s.place[p], s.end[0]
        faults[t] = x < 0
        # A page in the last place is alone in the last layer, and stays so.
        if x < 0 or x < end - 1:
            layer = _start(tree, x if x >= 0 or s.last[p] < 0 else _place(s.when, end, s.last[p]))
            if faults[t]:
                if s.last[p] < 0:
                    s.priority[p] = uniforms[t]
                if layer >= 0:
                    x = _lowest(lowest, _tight(tree, layer))
                elif s.size[0] == k:
                    layer = _start(tree, end - 1)
                    x = _lowest(lowest, end - 1)
                else:
                    s.size[0] += 1
                if x >= 0:
                    gone.pages[left] = s.page[x]
                    left += 1
                    s.place[s.page[x]] = -1
            if x >= 0:
                s.page[x] = -1
                _leaf(tree, lowest, m + x, tree[m + x, STARTS], np.inf)
            if layer >= 0:
                _leaf(tree, lowest, m + layer, 0, lowest[m + layer])
            s.place[p] = end
            s.page[end] = p
            s.when[end] = s.last[p] = s.clock[0] + t
            _leaf(tree, lowest, m + end, 1, s.priority[p])
            _lift(tree, lowest, m + end, m + (x if x >= 0 else end), m + (layer if layer >= 0 else end))
            s.end[0] += 1
        gone.ends[t] = left
    s.clock[0] += pages.size


class OnlineMin(CachePolicy):
    """OnlineMin of Brodal, Moruz and Negoescu (2015)."""

    randomised = True
    by_page = {"place": -1, "last": -1, "priority": 0}

    def _new(self, k: int, n_pages: int) -> _State:
        m = 1 << math.ceil(math.log2(4 * k))
        tree, lowest = np.zeros((2 * m, 3), dtype=np.int64), np.full(2 * m, np.inf)
        place, last, priority = empty_slots(n_pages), empty_slots(n_pages), np.zeros(n_pages)
        return _State(place, last, priority, zeros(m), empty_slots(m), tree, lowest, zeros(1), zeros(1), zeros(1))

    def _serve(self, requests: Requests, uniforms: Array, faults: Flags, gone: Departures) -> None:
        _play(requests.pages, uniforms, faults, gone, self._state, self._slots)

    def regret_bounds(self, problem: PagingProblem, instance: Instance) -> Sequence[Bound]:
        """``(H_k - 1) OPT_t`` in expectation, at any time."""
        h = harmonic(problem.cache_size)
        return bound(
            "OnlineMin bound",
            problem,
            instance,
            ["opt"],
            lambda opt: (h - 1.0) * opt,
            "Brodal, Moruz, Negoescu 2015",
            "recalled",
            OBLIVIOUS,
        )
