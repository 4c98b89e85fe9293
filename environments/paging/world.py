"""Paging: serve a sequence of page requests with a cache of k pages, a prediction coming with each request.

One round is one request. A request to a page that is not cached is a fault, reward -1; a hit is reward 0. The page of
a fault must be loaded, so that another page leaves first when the cache is full (unless ``allow_bypass``). The cache
starts empty; evictions are free.

The observation is a ``Request``: bit -1 and reuse -1.0 where the world gives none. The action is an ``Eviction``; in
gymnasium's form it is the number of the slot whose page leaves, which means nothing on a hit and while a slot is free.

Ledger: ``reward`` (minus faults), ``faults``, and ``eta_0``, ``eta_1``: wrong 0s and wrong 1s among the bits so far.

Comparators, as cumulative rewards: ``opt`` (the offline optimum, LFD), ``opt_bypass`` (with bypassing; where it is
allowed), ``best_static`` (the best fixed set of pages, all other requests bypassed), ``worst`` (every request a
fault). Without ``optimum``: ``none`` (no faults) and ``worst``.

Facts, float64 arrays [T] with the value after request t at index t - 1:

* ``opt``, ``opt_bypass``: faults of the optimum without and with bypassing;
* ``clean``: clean pages so far, the sum of the c_i of the prefix;
* ``eta_0``, ``eta_1``: wrong bits at the requests so far; for phase predictions, in the phases that ended before
  request t, counted as ``eta_counting`` says. Zero where no bits are given;
* ``eta_reuse``: sum of ``|h - next|`` so far, both cut at T. Zero where no times are given;

and ``cache_size``, ``n_pages``, ``prediction`` ("discard", "phase", "reuse" or ""), ``oblivious`` (True: the requests
were fixed before the run), ``no_bypass``. Without ``optimum`` there are no arrays among them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bandits.contract import Array, Bound, Problem
from bandits.arguments import integer, one_of
from bandits.paging.policy import Eviction, Request, Requests
from environments.contract import Environment, Notion
from environments.paging.cache import Cache, request_space, slot_space
from environments.paging.domain import LONGEST, check_cache_size
from environments.paging.generators import Uniform
from environments.paging.hindsight import Facts, Instance
from environments.paging.optimum import BYPASSED, NONE, best_static
from environments.paging.phases import COUNTINGS, Counting
from environments.paging.predictions.sources import check_source, prediction_source
from environments.paging.sequence import Origin, Reader, Sequences, Tape


class PagingWorld(Environment[Request, Any, bool, Tape]):
    """A world of page requests that do not depend on what the policy does.

    Args:
        cache_size: k, the number of pages that the cache holds, >= 1.
        sequence: the requests: page ids [T], or ``{"generator": name, ...}`` with the generator's parameters (see
            ``generators``), or ``{"trace": path or name, "format": ..., ...}`` (see ``traces.formats``).
        predictions: None, or ``{"kind": "discard" | "phase" | "reuse", "source": name, ...}`` with the source's
            parameters (see ``predictions.sources``); the source is "oracle" where it is left out.
        horizon: number of requests, >= 1, at most what there are; None for all of them (10 000 of a generator).
        allow_bypass: whether a page may be served, at the cost of a fault, without being loaded.
        eta_counting: "last_in_phase" counts a wrong phase prediction once for each page and phase, "all" at each
            request.
        optimum: False to work out no optimum: then a binary trace is read in blocks, so that memory does not grow
            with its length, and predictions must be None.

    Raises:
        TypeError: ``cache_size`` is no whole number.
        ValueError: anything else outside its domain; the message begins with the parameter's name.
        FileNotFoundError: no such trace.

    Example:
        >>> import numpy as np
        >>> from environments import PagingWorld
        >>> world = PagingWorld(cache_size=2, sequence=[1, 2, 3, 1, 2, 3])
        >>> world.begin(world.draw(np.random.default_rng(0)))
        >>> world.comparators(np.array([3, 6]))["opt"]
        array([-3., -4.])
    """

    def __init__(
        self,
        cache_size: int,
        sequence: Sequences,
        predictions: Mapping[str, Any] | None = None,
        horizon: int | None = None,
        allow_bypass: bool = False,
        eta_counting: Counting = "last_in_phase",
        optimum: bool = True,
    ) -> None:
        self.cache_size = check_cache_size("cache_size", cache_size)
        self.sequence, self.predictions = sequence, predictions
        self.allow_bypass, self.optimum = bool(allow_bypass), bool(optimum)
        self.eta_counting = one_of("eta_counting", eta_counting, COUNTINGS)
        if horizon is not None:
            integer("horizon", horizon, 1, LONGEST)
        if predictions is not None and not self.optimum:
            raise ValueError(f"predictions must be None where no optimum is worked out, got {predictions}")
        self._kind, self._source = prediction_source(predictions)
        try:
            self._origin = Origin(sequence, self.cache_size, horizon, streamed=not self.optimum)
        except ValueError as error:
            raise ValueError(str(error) if str(error).startswith("horizon") else f"sequence: {error}") from error
        self.horizon, n_pages = self._origin.horizon, self._origin.n_pages
        if self._source is not None:
            check_source(self._source, self._kind, self.horizon, n_pages)
        slots = self.cache_size + self.allow_bypass
        self.problem = Problem(
            "paging",
            "full",
            slots,
            self.horizon,
            -1.0,
            0.0,
            items=n_pages,
            memory=self.cache_size,
            prediction=self._kind,
        )
        self.action_space = slot_space(self.cache_size, self.allow_bypass)
        self.observation_space = request_space(n_pages, self.horizon)
        self.clock, self._begun = 0, False

    def draw(self, rng: np.random.Generator) -> Tape:
        ours, noise = rng.spawn(2)
        requests = self._origin.draw(ours)
        bits, reuse = np.empty(0, np.uint8), np.empty(0)
        if self._source is not None:
            assert isinstance(requests, Instance)
            given = self._source.predict(requests, self._kind, noise)
            bits, reuse = (bits, given) if self._kind == "reuse" else (given, reuse)
        return Tape(requests, bits, reuse)

    def begin(self, tape: Tape) -> None:
        self.tape, self._begun = tape, True
        self.clock = self._faults = 0
        self._cache: Cache | None = Cache(self.cache_size, self.allow_bypass)
        self._reader = Reader(tape, self.horizon)
        if self.optimum and isinstance(tape.requests, Instance):
            self._facts: Mapping[str, Any] = Facts(
                tape.requests, self._kind, tape.bits, tape.reuse, self.eta_counting, self.allow_bypass
            )
        else:
            self._facts = {"cache_size": self.cache_size, "n_pages": self._origin.n_pages, "prediction": ""}
            self._facts |= {"oblivious": True, "no_bypass": not self.allow_bypass}

    def _known_cache(self) -> Cache:
        if self._cache is None:
            raise RuntimeError("the cache is not known once requests were served in blocks: serve all of a run so")
        return self._cache

    def observe(self) -> Request:
        self._begun_run()
        return self._reader.request(min(self.clock, self.horizon - 1), self._known_cache())

    def transition(self, action: Eviction | int) -> tuple[float, bool]:
        """Serve the current request.

        Args:
            action: an ``Eviction``, or the number of the slot whose page leaves; see ``Cache``.

        Returns:
            The reward, -1 on a fault and else 0, and whether it was a fault.

        Raises:
            ValueError: ``action`` is neither.
            RuntimeError: the policy breaks a rule of the cache (nothing changes), or the run is over.
        """
        self._running()
        fault = self._known_cache().serve(self._reader.page(self.clock), action)
        self._faults += fault
        self.clock += 1
        return (-1.0 if fault else 0.0), fault

    def _begun_run(self) -> None:
        if not self._begun:
            raise RuntimeError("no run was begun: call reset(), or begin(draw(rng))")

    def _running(self) -> None:
        self._begun_run()
        if self.clock >= self.horizon:
            raise RuntimeError(f"the run is over after {self.horizon} requests: call reset()")

    def requests(self, number: int) -> Requests:
        """The next requests for a compiled policy: at least 1, at most ``number`` of them."""
        self._running()
        return self.tape.read(self.clock, min(self.clock + number, self.horizon))

    def absorb(self, faults: NDArray[np.uint8]) -> None:
        """Account for the faults [n] that a policy made in the next ``n`` requests."""
        if self.clock + len(faults) > self.horizon:
            raise ValueError(f"faults must be at most {self.horizon - self.clock} in number, got {len(faults)}")
        self._faults += int(np.count_nonzero(faults))
        self.clock += len(faults)
        self._cache = None

    def ledger(self) -> Mapping[str, float]:
        wrong = {"eta_0": 0.0, "eta_1": 0.0}
        if self.clock and self.tape.bits.size:
            wrong = {name: float(self._facts[name][self.clock - 1]) for name in wrong}
        return {"reward": 0.0 - self._faults, "faults": float(self._faults), **wrong}

    def comparators(self, checkpoints: NDArray[np.int64]) -> Mapping[str, Array]:
        worst = -checkpoints.astype(np.float64)
        requests = self.tape.requests
        if not self.optimum or not isinstance(requests, Instance):
            return {"none": np.zeros(len(checkpoints)), "worst": worst}
        names = ("opt_bypass", "opt") if self.allow_bypass else ("opt",)
        optima = {name: -self._facts[name][checkpoints - 1] for name in names}
        static = -best_static(requests.pages, self.cache_size, checkpoints, requests.n_pages)
        return {**optima, "best_static": static, "worst": worst}

    def notions(self) -> Sequence[Notion]:
        of = partial(Notion, series="reward", unit="faults")
        if not self.optimum:
            return (of("faults", comparator="none", against="none", label="faults"),)
        notions = (
            of("regret", comparator="opt", against="opt", label="faults above the offline optimum"),
            of("static", comparator="best_static", against="fixed", label="faults above the best fixed set of pages"),
        )
        if not self.allow_bypass:
            return notions
        bypass = of("bypass", comparator="opt_bypass", against="opt_bypass", label="faults above the bypassing optimum")
        return (bypass, *notions)

    def lower_bounds(self) -> Sequence[Bound]:
        """Uniform requests to N pages: every online policy faults with probability >= 1 - k / N at each (derived)."""
        generator = self._origin.generator
        if not self.optimum or not isinstance(generator, Uniform):
            return ()
        rate, best = max(1.0 - self.cache_size / generator.N, 0.0), "opt_bypass" if self.allow_bypass else "opt"
        opt = self._facts[best]
        return (
            Bound(
                "uniform requests",
                "lower",
                lambda t: rate * t - opt[np.asarray(t).astype(np.int64) - 1],
                best,
                "Fiat et al. 1991 (Yao's principle); expected faults of any online policy less the optimum's",
            ),
        )

    def facts(self) -> Mapping[str, Any]:
        return self._facts

    def clairvoyant(self, comparator: str) -> Eviction:
        """What the optimum does with the current request, where it has served all requests before."""
        known = ("opt", "opt_bypass") if self.allow_bypass else ("opt",)
        if not self.optimum or comparator not in known:
            raise ValueError(f"comparator must be {' or '.join(known)}, with optimum=True, got {comparator!r}")
        self._running()
        assert isinstance(self.tape.requests, Instance)
        run = self.tape.requests.optimal if comparator == "opt" else self.tape.requests.bypassing
        victim = int(run.victims[self.clock])
        if victim == NONE:
            return Eviction()
        return Eviction((), True) if victim == BYPASSED else Eviction((victim,))
