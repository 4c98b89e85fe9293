"""Forks while threads are in a service: a fork waits for its lock, so that the copy of the process finds it whole."""

from __future__ import annotations

import os
from threading import RLock, local
from typing import Any
from weakref import WeakValueDictionary

_ALIVE: WeakValueDictionary[int, Any] = WeakValueDictionary()
_forking = local()


def waited_for(service: Any) -> None:
    """Have forks wait for the lock ``_lock`` of a service; copies of the process have a ``_saving`` of their own."""
    _ALIVE[id(service)] = service


def _before() -> None:
    _forking.held = [service for ref in _ALIVE.valuerefs() if (service := ref()) is not None]
    for service in _forking.held:
        service._lock.acquire()


def _after() -> None:
    for service in _forking.held:
        service._lock.release()
    _forking.held = []


def _after_in_child() -> None:
    for service in _forking.held:
        service._saving = RLock()  # a file that a thread of the other process writes is none of this one's
    _after()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(before=_before, after_in_parent=_after, after_in_child=_after_in_child)
