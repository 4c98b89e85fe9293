"""The adversary of deterministic paging: among k + 1 pages it always requests one that the policy does not hold.

``adaptive(k, T)``: pages 0..k, each step requests the smallest one that is not cached. Every request is a fault, while
the optimum faults at most ``k + ceil((t - k) / k)`` times in t > k requests, since what it evicts is requested last of
k pages: no deterministic policy is better than k-competitive.

Reference: D. Sleator, R. Tarjan, *Amortized efficiency of list update and paging rules*, CACM 28, 1985; against
predictions that are all 0 or all 1, the impossibility results of *Paging with Succinct Predictions*, ICML 2023 (from
secondary sources; the constructions are derived).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bandits.contract import Array, Assumption, Bound, Policy, Problem
from bandits.arguments import integer
from bandits.paging.policy import Eviction, Request
from environments.contract import Environment, Notion
from environments.paging.cache import Cache, request_space, slot_space
from environments.paging.domain import LONGEST, Pages, check_cache_size
from environments.paging.hindsight import Facts, Instance
from environments.paging.optimum import OnlineOptimum
from environments.paging.predictions.bits import Constant
from environments.paging.predictions.sources import prediction_source


class AdaptivePaging(Environment[Request, Any, bool, None]):
    """A world of k + 1 pages whose requests answer the policy's evictions. It is served request by request.

    Meant for deterministic policies. Against a randomised one it is an adversary that sees the coins, of which no
    theorem for oblivious requests speaks (use the generator "uniform"); its facts say so.

    There is nothing random, and no optimum before the play: the ledger holds the optimum of the requests so far,
    ``opt``, and ``gain``, the optimum less the faults, whose comparator is ``none``.

    Args:
        cache_size: k, >= 1.
        horizon: number of requests, >= 1.
        predictions: None, or ``{"kind": "discard" | "phase", "source": "constant", "value": 0 | 1}``.

    Raises:
        TypeError: ``cache_size`` is no whole number.
        ValueError: anything else outside its domain.
    """

    def __init__(
        self, cache_size: int = 10, horizon: int = 10_000, predictions: Mapping[str, Any] | None = None
    ) -> None:
        self.cache_size = check_cache_size("cache_size", cache_size)
        self.horizon = integer("horizon", horizon, 1, LONGEST)
        self.predictions = predictions
        self._kind, source = prediction_source(predictions)
        if source is not None and not isinstance(source, Constant):
            raise ValueError(f"predictions: only the source 'constant' needs no future, got {predictions}")
        self._bit = -1 if source is None else source.value
        k = self.cache_size
        self.problem = Problem(
            "paging", "full", k, self.horizon, -1.0, 0.0, items=k + 1, memory=k, prediction=self._kind
        )
        self.action_space = slot_space(k, False)
        self.observation_space = request_space(k + 1, self.horizon)
        self.clock, self._begun = 0, False

    def draw(self, rng: np.random.Generator) -> None:
        return None

    def begin(self, tape: None) -> None:
        self._begun, self.clock, self._faults = True, 0, 0
        self._cache, self._optimum = Cache(self.cache_size), OnlineOptimum(self.cache_size)
        self._pages: list[int] = []
        self._page = self._missing()
        self._known: Facts | None = None

    @property
    def pages(self) -> Pages:
        """The requests [clock] so far."""
        return np.array(self._pages, dtype=np.int64)

    def _missing(self) -> int:
        return next(page for page in range(self.cache_size + 1) if page not in self._cache)

    def observe(self) -> Request:
        if not self._begun:
            raise RuntimeError("no run was begun: call reset(), or begin(draw(rng))")
        hit, time = self._page in self._cache, min(self.clock, self.horizon - 1)
        return Request(self._page, self._bit, -1.0, hit, self._cache.contents, time)

    def transition(self, action: Eviction | int) -> tuple[float, bool]:
        if not self._begun:
            raise RuntimeError("no run was begun: call reset(), or begin(draw(rng))")
        if self.clock >= self.horizon:
            raise RuntimeError(f"the run is over after {self.horizon} requests: call reset()")
        fault = self._cache.serve(self._page, action)
        self._optimum.request(self._page)
        self._pages.append(self._page)
        self._faults += fault
        self.clock += 1
        self._page = self._missing()
        return (-1.0 if fault else 0.0), fault

    def ledger(self) -> Mapping[str, float]:
        faults, opt = float(self._faults), float(self._optimum.faults)
        return {"reward": 0.0 - faults, "faults": faults, "opt": opt, "gain": opt - faults}

    def comparators(self, checkpoints: NDArray[np.int64]) -> Mapping[str, Array]:
        return {"none": np.zeros(len(checkpoints)), "worst": -checkpoints.astype(np.float64)}

    def notions(self) -> Sequence[Notion]:
        return (
            Notion("regret", "gain", "none", "opt", "faults above the offline optimum", "faults"),
            Notion("faults", "reward", "none", "none", "faults", "faults"),
        )

    def lower_bounds(self) -> Sequence[Bound]:
        """Every request is a fault; the optimum's are at most ``min(t, k + ceil((t - k) / k))`` (derived)."""
        k = self.cache_size
        return (
            Bound(
                "adversary",
                "lower",
                lambda t: t - np.minimum(t, k + np.ceil(np.maximum(t - k, 0.0) / k)),
                "opt",
                "Sleator and Tarjan 1985, Theorem 1 [recall]; the count for k + 1 pages derived",
                (Assumption("the policy is deterministic", True),),
            ),
        )

    def facts(self) -> Mapping[str, Any]:
        """As those of ``PagingWorld``, for the requests so far (T is the clock); ``oblivious`` is False."""
        if not self._begun:
            return {}
        if self._known is None or len(self._known.bits) != self.clock:
            instance = Instance(self.pages, self.cache_size + 1, self.cache_size)
            bits = np.full(self.clock, max(self._bit, 0), dtype=np.uint8)
            self._known = Facts(instance, self._kind, bits, np.empty(0), "last_in_phase", oblivious=False)
        return self._known


def adaptive(policy: Policy[Request, Eviction, bool], cache_size: int = 10, horizon: int = 10_000) -> Pages:
    """The requests [horizon] with which the adversary answers a deterministic policy.

    Args:
        policy: the policy; it is reset and played.
        cache_size: k.
        horizon: number of requests.

    Raises:
        ValueError: the policy draws random numbers.
    """
    world, rng = AdaptivePaging(cache_size, horizon), np.random.default_rng(0)
    world.begin(None)
    before = repr(rng.bit_generator.state), rng.bit_generator.seed_seq.n_children_spawned  # type: ignore[attr-defined]
    policy.reset(world.problem, rng)
    policy.advance(world, horizon)
    if before != (repr(rng.bit_generator.state), rng.bit_generator.seed_seq.n_children_spawned):  # type: ignore[attr-defined]
        raise ValueError(f"policy must be deterministic, {policy!r} draws random numbers: use the generator 'uniform'")
    return world.pages
