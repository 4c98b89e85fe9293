"""Request sequences that this process has met.

The jobs of a sweep over cache sizes play the same requests once for each size. What all sizes share is worked out once
in a process: the requests themselves, stack distances, how often pages were requested by each checkpoint. It decides no
number: whatever is not kept is worked out again.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable
from threading import Lock

from environments.paging.arguments import Pages
from environments.paging.hindsight import KnownRequests

KEPT = 1 << 22
"""Requests and pages that are kept, at most: 100 to 400 MB, by what is asked of them."""

_KNOWN: OrderedDict[Hashable, KnownRequests] = OrderedDict()
_LOCK = Lock()


def known(key: Hashable | None, make: Callable[[], tuple[Pages, int]]) -> KnownRequests:
    """A request sequence, as it was met before if it is kept.

    Args:
        key: tells it from all other sequences in this process; None where nothing does.
        make: its pages [T] and their number.
    """
    if key is None:
        return KnownRequests(*make())
    with _LOCK:
        found = _KNOWN.get(key)
    found = found or KnownRequests(*make())
    with _LOCK:
        _KNOWN[key] = found
        _KNOWN.move_to_end(key)
        while sum(one.pages.size + one.n_pages for one in _KNOWN.values()) > KEPT:
            _KNOWN.popitem(last=False)
    return found


def forget() -> None:
    """Keep nothing of what was met before."""
    with _LOCK:
        _KNOWN.clear()
