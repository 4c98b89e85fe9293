"""FollowBits: evict a random page whose bit says that it may go.

On a fault with a full cache a uniformly random page among those with latest bit 1 leaves; if all bits are 0, a
uniformly random page. A baseline without a guarantee. The page is the one in slot ``int(U_t m)`` of the ``m``
candidates, with ``U_t`` the uniform of request ``t``.

The slots are parted by swaps into [bit 1 | bit 0]: O(1) per request.
"""

from __future__ import annotations

from typing import NamedTuple

from bandits.arguments import flag
from bandits.contract import Array
from bandits.kernels import kernel
from bandits.paging.cache import CachePolicy, Flags, Ints, empty_slots, zeros
from bandits.paging.problem import Departures, Requests


class _State(NamedTuple):
    slot: Ints  # [n_pages] slot of a page, or -1
    page: Ints  # [k] page of a slot: first those with bit 1
    ones: Ints  # [1] number of pages with bit 1
    size: Ints  # [1] pages held


@kernel
def _swap(s: _State, x: int, y: int) -> None:
    s.page[x], s.page[y] = s.page[y], s.page[x]
    s.slot[s.page[x]], s.slot[s.page[y]] = x, y


@kernel
def _play(pages: Ints, bits: Flags, uniforms: Array, faults: Flags, gone: Departures, s: _State) -> None:
    k = s.page.size
    left = 0
    for t in range(pages.size):
        p = pages[t]
        x = s.slot[p]
        faults[t] = x < 0
        if x < 0:
            if s.size[0] < k:
                x = s.size[0]
                s.size[0] += 1
            else:
                x = int(uniforms[t] * (s.ones[0] if s.ones[0] > 0 else k))
                gone.pages[left] = s.page[x]
                left += 1
                s.slot[s.page[x]] = -1
            s.page[x] = p
            s.slot[p] = x
        if bits[t] == 1 and x >= s.ones[0]:
            _swap(s, x, s.ones[0])
            s.ones[0] += 1
        elif bits[t] == 0 and x < s.ones[0]:
            s.ones[0] -= 1
            _swap(s, x, s.ones[0])
        gone.ends[t] = left


class FollowBits(CachePolicy):
    """Evicts a random page with bit 1, else a random page; for discard predictions.

    Args:
        force: play bits of the other kind too.
    """

    prediction = "discard"
    randomised = True
    by_page = {"slot": -1}

    def __init__(self, force: bool = False) -> None:
        self.force = flag("force", force)

    def _new(self, k: int, n_pages: int) -> _State:
        return _State(empty_slots(n_pages), zeros(k), zeros(1), zeros(1))

    def _serve(self, requests: Requests, uniforms: Array, faults: Flags, gone: Departures) -> None:
        _play(requests.pages, requests.bits, uniforms, faults, gone, self._state)
