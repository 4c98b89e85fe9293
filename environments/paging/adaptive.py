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

from bandits.arguments import integer, shown
from bandits.contract import Array, Assumption, Bound, Policy
from bandits.paging.problem import Eviction, PagingProblem, Prediction, Request, check_cache_size
from bandits.registry import Component
from environments.contract import Environment, Regret
from environments.paging.arguments import LONGEST, Pages
from environments.paging.cache import Cache, request_space, slot_space
from environments.paging.hindsight import RequestSequence
from environments.paging.instance import RunInstance
from environments.paging.optimum import OnlineOptimum
from environments.paging.predictions.bits import Constant
from environments.paging.predictions.sources import PREDICTIONS, PredictionSource
from environments.record import Record


class AdaptivePaging(Environment[Request, Any, bool, None]):
    """An environment of k + 1 pages whose requests answer the policy's evictions. It is served request by request.

    Meant for deterministic policies. Against a randomised one it is an adversary that sees the coins, of which no
    theorem for oblivious requests speaks (use the sequence "uniform"); its instance says so.

    There is nothing random, and no optimum before the play: the metrics hold the optimum of the requests so far,
    ``opt``, and ``gain``, the optimum less the faults, whose comparator is ``none``.

    Args:
        cache_size: k, >= 1.
        horizon: number of requests, >= 1.
        predictions: None, or ``{"name": "constant", "parameters": {"kind": "discard" | "phase", "value": 0 | 1}}``.

    Raises:
        ValueError: anything outside its domain.
    """

    problem: PagingProblem

    def __init__(self, cache_size: int = 10, horizon: int = 10_000, predictions: Component | None = None) -> None:
        self.cache_size = check_cache_size("cache_size", cache_size)
        self.horizon = integer("horizon", horizon, 1, LONGEST)
        self.predictions = predictions
        kind: Prediction | None = None
        self._bit = -1
        if predictions is not None:
            source = PREDICTIONS.build(predictions, "predictions", of=PredictionSource)
            if not isinstance(source, Constant):
                raise ValueError(
                    f"predictions must be of the source 'constant', others know a future, got {shown(source)}"
                )
            kind, self._bit = source.kind, source.value
        n_pages = self.cache_size + 1
        self.problem = PagingProblem(cache_size=self.cache_size, n_pages=n_pages, prediction=kind, horizon=self.horizon)
        self.action_space = slot_space(self.cache_size, False)
        self.observation_space = request_space(n_pages, self.horizon)

    def draw(self, rng: np.random.Generator) -> None:
        return None

    def begin(self, tape: None) -> None:
        self.clock = 0
        self._cache = Cache(self.cache_size, self.cache_size + 1)
        self._optimum = OnlineOptimum(self.cache_size)
        self._record = Record(("faults", "opt"))
        self._pages: list[int] = []
        self._page = self._missing()
        self._instance: RunInstance | None = None

    @property
    def pages(self) -> Pages:
        """The requests [clock] so far."""
        return np.array(self._pages, dtype=np.int64)

    def _missing(self) -> int:
        return next(page for page in range(self.cache_size + 1) if page not in self._cache)

    def observe(self) -> Request:
        hit, time = self._page in self._cache, min(self.clock, self.horizon - 1)
        return Request(self._page, self._bit, -1.0, hit, self._cache.contents, time)

    def transition(self, action: Eviction | int) -> tuple[float, bool]:
        self.check_running()
        fault = self._cache.serve(self._page, action, self.clock)
        self._optimum.request(self._page)
        self._pages.append(self._page)
        self.clock += 1
        self._record.step(self.clock, (self._cache.faults, self._optimum.faults))
        self._page = self._missing()
        return (-1.0 if fault else 0.0), fault

    def metrics(self, times: NDArray[np.int64]) -> Mapping[str, Array]:
        known = self._record.at(times)
        return {"reward": 0.0 - known["faults"], **known, "gain": known["opt"] - known["faults"]}

    def comparators(self, times: NDArray[np.int64]) -> Mapping[str, Array]:
        return {"none": np.zeros(len(times)), "worst": -times.astype(np.float64)}

    def limits(self, times: NDArray[np.int64]) -> Mapping[str, Array]:
        """All requests are faults. The optimum has one at least, and at most one in k once its cache is full."""
        optima = np.array([self._most(times), np.ones(len(times))])
        return {"regret": times - optima, "faults": np.array([times, times], dtype=np.float64)}

    def _most(self, t: Array | NDArray[np.int64]) -> Array:
        """The most faults that the optimum can have in ``t`` requests (derived)."""
        k = self.cache_size
        return np.asarray(np.minimum(t, k + np.ceil(np.maximum(t - k, 0.0) / k)))

    def regrets(self) -> Sequence[Regret]:
        return (
            Regret("regret", "gain", "none", "opt", "faults above the offline optimum", "faults"),
            Regret("faults", "reward", "none", "none", "faults", "faults"),
        )

    def lower_bounds(self) -> Sequence[Bound]:
        """Every request is a fault; the optimum's are at most ``min(t, k + ceil((t - k) / k))`` (derived)."""
        return (
            Bound(
                "adversary",
                "lower",
                lambda t: t - self._most(t),
                "opt",
                "Sleator and Tarjan 1985, Theorem 1; the count for k + 1 pages derived",
                "derived",
                (Assumption("the policy is deterministic", True),),
            ),
        )

    def instance(self) -> RunInstance:
        """That of the requests so far (T is the clock); not oblivious."""
        if self._instance is None or self._instance.requests.pages.size != self.clock:
            self._instance = RunInstance(
                requests=RequestSequence(self.pages, self.cache_size + 1, self.cache_size),
                prediction=self.problem.prediction,
                bits=np.full(self.clock, max(self._bit, 0), dtype=np.uint8),
            )
        return self._instance


def adaptive(
    policy: Policy[PagingProblem, Request, Eviction, bool], cache_size: int = 10, horizon: int = 10_000
) -> Pages:
    """The requests [horizon] with which the adversary answers a deterministic policy.

    Args:
        policy: the policy; it is reset and played.
        cache_size: k.
        horizon: number of requests.

    Raises:
        ValueError: the policy draws random numbers.
    """
    environment, rng = AdaptivePaging(cache_size, horizon), np.random.default_rng(0)
    environment.begin(None)
    before = repr(rng.bit_generator.state), rng.bit_generator.seed_seq.n_children_spawned  # type: ignore[attr-defined]
    policy.reset(environment.problem, rng)
    policy.advance(environment, horizon)
    if before != (repr(rng.bit_generator.state), rng.bit_generator.seed_seq.n_children_spawned):  # type: ignore[attr-defined]
        raise ValueError(f"policy must be deterministic, {policy!r} draws random numbers: use the sequence 'uniform'")
    return environment.pages
