"""Keys of any kind for a policy that serves pages: numbered as they come, forgotten when nothing depends on them.

A key that leaves gives its number back, unless the policy's decisions may still depend on what it knows of the key
(``forget`` is False). Such keys are kept, and asked for again each time that there are twice as many of them: so the
keys remembered are at most ``maxsize + max(2 maxsize + 64, 2 n)``, where ``n`` is how many that have left still matter.
Where a number is set to those, the one that left first is forgotten first, whatever depends on it.
"""

from __future__ import annotations

import copy
import math
from collections import OrderedDict
from collections.abc import Hashable, Sequence
from typing import Any, Generic, TypeVar, cast

import numpy as np

from bandits.contract import Policy
from bandits.paging.problem import PagingProblem
from bandits.paging.virtual import Virtual

K = TypeVar("K", bound=Hashable)


class Numbered(Generic[K]):
    """A policy run on keys; it starts empty.

    Args:
        policy: the policy, which is reset.
        problem: as it is told, without a number of pages.
        rng: of its random choices.
        remembered: most keys that have left and are remembered, >= 0; None for all that matter.
    """

    def __init__(
        self,
        policy: Policy[Any, Any, Any, Any],
        problem: PagingProblem,
        rng: np.random.Generator,
        remembered: int | None = None,
    ) -> None:
        self._run = Virtual(policy, problem, rng)
        self._reuse = 0.0 if problem.prediction == "reuse" else math.nan
        self._bit = 0 if problem.prediction in ("discard", "phase") else -1
        self._size = problem.cache_size
        self._pages: dict[K, int] = {}
        self._keys: list[K | None] = []
        self._free: list[int] = []
        self._gone: OrderedDict[int, None] = OrderedDict()
        self._remembered = remembered
        self._most = 2 * self._size + 64

    def request(self, key: K, bit: int = -1, reuse: float = math.nan) -> Sequence[K]:
        """Serve a request: the keys that leave, the one requested last where it does not stay.

        Raises:
            RuntimeError: the policy evicts a key that is not held, or leaves no room.
        """
        page = self._pages.get(key)
        if page is not None:
            gone = self._run.request(page, bit, reuse)
            self._gone.pop(page, None)
        else:
            page = self._free[-1] if self._free else len(self._keys)
            gone = self._run.request(page, bit, reuse)
            self._pages[key] = page
            if self._free:
                self._keys[self._free.pop()] = key
            else:
                self._keys.append(key)
        left = [cast(K, self._keys[victim]) for victim in gone]
        for victim in gone:
            self._forget(victim)
        return left

    def remove(self, key: K) -> None:
        """Remove a key that is held, which leaves by no choice of the policy.

        Raises:
            TypeError: the policy has no ``remove``; nothing has changed then.
        """
        page = self._pages[key]
        self._run.remover()(page)
        self._forget(page)

    def first(self) -> K | None:
        """The key that leaves first, of those held, if new ones keep coming; None where only these leave."""
        trial, known = copy.deepcopy(self._run), len(self._keys)
        for page in range(known, known + self._size + 1):
            for victim in trial.request(page, self._bit, self._reuse):
                if victim < known:
                    return self._keys[victim]
        return None

    def check_removes(self) -> None:
        """See that keys can be removed.

        Raises:
            TypeError: the policy has no ``remove``.
        """
        self._run.remover()

    def known(self) -> Sequence[K]:
        """All keys that are remembered."""
        return list(self._pages)

    def _forget(self, page: int) -> None:
        """Forget a page that has left, now or when nothing depends on it any more."""
        if self._let_go(page):
            return
        self._gone[page] = None
        if self._remembered is not None and len(self._gone) > self._remembered:
            first, _ = self._gone.popitem(last=False)
            if not self._let_go(first, surely=True):
                self._gone[first] = None
        elif len(self._gone) > self._most:
            self._gone = OrderedDict((page, None) for page in self._gone if not self._let_go(page))
            self._most = max(2 * self._size + 64, 2 * len(self._gone))

    def _let_go(self, page: int, surely: bool = False) -> bool:
        if not self._run.forget(page, surely):
            return False
        del self._pages[cast(K, self._keys[page])]
        self._keys[page] = None
        self._free.append(page)
        return True
