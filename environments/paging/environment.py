"""Paging: serve a sequence of page requests with a cache of k pages, a prediction coming with each request.

One round is one request. A request to a page that is not cached is a fault, reward -1; a hit is reward 0. The page of
a fault must be loaded, so that another page leaves first when the cache is full (unless ``allow_bypass``). The cache
starts empty; evictions are free.

The observation is a ``Request``, with bit -1 and reuse -1.0 where none are given. The action is an ``Eviction``; in
gymnasium's form it is the number of the slot whose page leaves, which means nothing on a hit and while a slot is free.

Metrics: ``reward`` (minus faults), ``faults``, and ``eta_0``, ``eta_1``: wrong 0s and wrong 1s among the bits so far.

Comparators, as cumulative rewards: ``opt`` (the offline optimum, LFD), ``opt_bypass`` (with bypassing; where it is
allowed), ``best_static`` (the best fixed set of pages, all other requests bypassed), ``worst`` (every request a
fault). Without ``optimum``: ``none`` (no faults) and ``worst``.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bandits.arguments import affordable, flag, integer, one_of, shown, within
from bandits.contract import Array, Bound
from bandits.frozen import read_only
from bandits.paging.problem import Departures, Eviction, PagingProblem, Prediction, Request, Requests, check_cache_size
from bandits.paging.theory import PagingInstance
from bandits.registry import Component
from environments.contract import Environment, Regret
from environments.paging.arguments import LONGEST
from environments.paging.cache import Cache, request_space, slot_space
from environments.paging.generators import Uniform
from environments.paging.hindsight import KnownRequests, RequestSequence
from environments.paging.instance import RunInstance
from environments.paging.known import known
from environments.paging.optimum import BYPASSED, NONE
from environments.paging.phases import COUNTINGS, Counting
from environments.paging.predictions.sources import PREDICTIONS, PredictionSource
from environments.paging.recency import departures
from environments.paging.recorded import Given, Trace
from environments.paging.sequences import SEQUENCES, Generator, Recorded, RequestSource
from environments.paging.stacks import faults_at
from environments.paging.tape import STRETCH, Reader, Tape
from environments.paging.traces.binary import BinaryTrace
from environments.record import Record

HORIZON = 10_000
"""Requests of a generated sequence where no horizon is given."""


class PagingEnvironment(Environment[Request, Any, bool, Tape]):
    """Page requests that do not depend on what the policy does.

    Args:
        cache_size: k, the number of pages that the cache holds, >= 1.
        sequence: the requests: page ids [T], or a source of ``SEQUENCES``, such as
            ``{"name": "zipf", "parameters": {"a": 0.8}}`` (see ``sequences``) or
            ``{"name": "trace", "parameters": {"path": ...}}`` (see ``recorded``).
        predictions: None, or a source of ``PREDICTIONS``, such as
            ``{"name": "flip", "parameters": {"kind": "discard", "p": 0.01}}`` (see ``predictions.sources``).
        horizon: number of requests, >= 1, at most what there are; None for all of them (10 000 of a generator).
        allow_bypass: whether a page may be served, at the cost of a fault, without being loaded.
        eta_counting: "last_in_phase" counts a wrong phase prediction once for each page and phase, "all" at each
            request.
        optimum: False to work out no optimum: then a binary trace is read in blocks, so that memory does not grow
            with its length, and predictions must be None.

    Raises:
        ValueError: anything outside its domain; the message begins with the parameter's name.
        FileNotFoundError: no such trace.

    Example:
        >>> import numpy as np
        >>> from environments import PagingEnvironment
        >>> environment = PagingEnvironment(cache_size=2, sequence=[1, 2, 3, 1, 2, 3])
        >>> environment.begin(environment.draw(np.random.default_rng(0)))
        >>> environment.comparators(np.array([3, 6]))["opt"]
        array([-3., -4.])
    """

    problem: PagingProblem

    def __init__(
        self,
        cache_size: int,
        sequence: Component | Sequence[int] | NDArray[Any],
        predictions: Component | None = None,
        horizon: int | None = None,
        allow_bypass: bool = False,
        eta_counting: Counting = "last_in_phase",
        optimum: bool = True,
    ) -> None:
        self.cache_size = check_cache_size("cache_size", cache_size)
        self.sequence, self.predictions = sequence, predictions
        self.allow_bypass, self.optimum = flag("allow_bypass", allow_bypass), flag("optimum", optimum)
        self.eta_counting = one_of("eta_counting", eta_counting, COUNTINGS)
        if horizon is not None:
            integer("horizon", horizon, 1, LONGEST)
        if predictions is not None and not self.optimum:
            raise ValueError(f"predictions must be None where no optimum is worked out, got {shown(predictions)}")
        self._predictor: PredictionSource | None = None
        if predictions is not None:
            self._predictor = PREDICTIONS.build(predictions, "predictions", of=PredictionSource)
        described = isinstance(sequence, str | Mapping | RequestSource)
        try:
            source = SEQUENCES.build(sequence, "sequence", of=RequestSource) if described else Given(sequence)
        except ValueError as error:
            raise error if described else ValueError(f"sequence: {str(error).removeprefix('pages: ')}") from error
        self._source: RequestSource = source.for_cache(self.cache_size)
        self._fixed: RequestSequence | BinaryTrace | None = None
        try:
            self.horizon, self._n_pages = self._measure(horizon)
        except ValueError as error:
            raise ValueError(str(error) if str(error).startswith("horizon") else f"sequence: {error}") from error
        self._certain: Tape | None = None
        if self._fixed is not None and self._predictor is None:
            self._certain = Tape(self._fixed, np.empty(0, np.uint8), np.empty(0))
        if self._predictor is not None:
            try:
                self._predictor.check(self.horizon, self._n_pages)
            except ValueError as error:
                raise ValueError(f"predictions: {error}") from error
        self.problem = PagingProblem(
            cache_size=self.cache_size,
            n_pages=self._n_pages,
            prediction=self._kind,
            bypass=self.allow_bypass,
            horizon=self.horizon,
        )
        self.action_space = slot_space(self.cache_size, self.allow_bypass)
        self.observation_space = request_space(self._n_pages, self.horizon)

    @property
    def _kind(self) -> Prediction | None:
        return None if self._predictor is None else self._predictor.kind

    def _measure(self, horizon: int | None) -> tuple[int, int]:
        """Numbers of requests and of pages of a run; requests that are the same in every run are kept."""
        source = self._source
        if isinstance(source, Trace) and not self.optimum and (streamed := source.stream(horizon)) is not None:
            self._fixed = streamed
            return _enough(streamed.size, horizon), streamed.n_pages
        if isinstance(source, Recorded):
            found = known(source.key(horizon), lambda: source.read(horizon))
        else:
            assert isinstance(source, Generator)
            horizon = HORIZON if horizon is None else horizon
            affordable("horizon", f"a sequence of {horizon} requests", horizon)
            n_pages = source.n_pages(horizon)
            if source.random:
                return horizon, n_pages
            found = _drawn(source, horizon, n_pages, np.random.default_rng(0))
        self._fixed = found.sequence(self.cache_size)
        return _enough(found.pages.size, horizon), found.n_pages

    def draw(self, rng: np.random.Generator) -> Tape:
        if self._certain is not None:  # nothing can be drawn, and nothing is
            return self._certain
        requests = self._fixed
        ours, noise = rng.spawn(2)
        if requests is None:
            assert isinstance(self._source, Generator)
            requests = _drawn(self._source, self.horizon, self._n_pages, ours).sequence(self.cache_size)
        bits, reuse = np.empty(0, np.uint8), np.empty(0)
        if self._predictor is not None:
            assert isinstance(requests, RequestSequence)
            given = self._predictor.predict(requests, noise)
            bits, reuse = (bits, given) if self._kind == "reuse" else (given, reuse)
        return Tape(requests, bits, reuse)

    def check_tape(self, tape: Tape) -> None:
        requests = tape.requests
        within("bits of tape", tape.bits, 0, 1)
        if requests is self._fixed:
            return
        within("n_pages of tape", requests.n_pages, self._n_pages, self._n_pages)
        if isinstance(requests, RequestSequence):
            within("cache_size of tape", requests.cache_size, self.cache_size, self.cache_size)
            within("number of requests of tape", requests.pages.size, self.horizon, LONGEST)
            within("pages of tape", requests.pages, 0, self._n_pages - 1)

    def begin(self, tape: Tape) -> None:
        self.tape = tape
        self.clock = 0
        self._cache = Cache(self.cache_size, self._n_pages, self.allow_bypass)
        self._reader = Reader(tape, self.horizon)
        self._record = Record(("faults",))
        self._stepped: list[bool] = []
        self._lag = 0  # requests, all of the run, that LRU served without the cache and the record being told
        self._counted = 0, 0.0  # a time, and LRU's faults by then
        self._instance = PagingInstance(oblivious=True)
        if self.optimum and isinstance(tape.requests, RequestSequence):
            self._instance = RunInstance(
                oblivious=True,
                requests=tape.requests,
                prediction=self._kind,
                bits=tape.bits,
                reuse=tape.reuse,
                counting=self.eta_counting,
            )

    def observe(self) -> Request:
        if self._lag:
            self._catch_up()
        return self._reader.request(min(self.clock, self.horizon - 1), self._cache)

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
        now = self.clock
        if now >= self.horizon:
            self.check_running()
        if self._lag:
            self._catch_up()
        fault = self._cache.serve(self._reader.page(now), action, now)
        self._stepped.append(fault)
        self.clock = now + 1
        if len(self._stepped) == STRETCH:
            self._settle()
        return (-1.0 if fault else 0.0), fault

    def _settle(self) -> None:
        """Put the requests served one by one since the last time on record."""
        n = len(self._stepped)
        if n:
            faults = np.cumsum(self._stepped, dtype=np.float64)
            self._record.stretch(self.clock - n, (self._cache.faults - faults[-1] + faults)[:, None])
            self._stepped = []

    def block(self, most: int) -> Requests:
        """The next requests for a compiled policy, read-only: at least 1, at most ``most`` of them."""
        self.check_running()
        pages, bits, reuse = self._reader.block(self.clock, most)
        return Requests(read_only(pages), read_only(bits), read_only(reuse))

    def absorb(self, departures: Departures) -> None:
        """Serve the next requests, as many as ``departures`` are for, those of the last block at most.

        Raises:
            ValueError: departures for another number of requests, or that are no whole numbers; nothing changes.
            RuntimeError: the policy breaks a rule of the cache; the requests before are served.
        """
        self.check_running()
        n = len(departures.ends)
        pages = self._reader.block(self.clock, max(n, 1)).pages
        if len(pages) != n:
            raise ValueError(f"departures must be for 1..{len(pages)} requests, got {n}")
        self._catch_up()
        self._settle()
        faults, broken = self._cache.serve_block(pages, departures, self.clock)
        self._record.stretch(self.clock, faults, copy=False)
        self.clock += len(faults)
        if broken:
            raise RuntimeError(broken)

    def serve_by_recency(self, most: int) -> NDArray[np.int64] | None:
        """Serve the next requests, at most ``most`` of them, by the rule of LRU, if all before were served like this.

        It is done where LRU played these requests with another size of the cache before: the faults of all sizes are
        counted from one pass over them, see ``stacks``.

        Returns:
            The pages in the cache, the one requested last first; None, and nothing is served, where the rule is better
            played.
        """
        self.check_running()
        requests, start = self.tape.requests, self.clock
        if start != self._lag or not isinstance(requests, RequestSequence):
            return None
        requests.known.played.add(self.cache_size)
        if len(requests.known.played) < 2 and not start:
            return None
        self.clock = self._lag = min(start + most, self.horizon)
        return requests.known.recent(self.clock)[: self.cache_size]

    def _catch_up(self) -> None:
        """Tell the cache and the record what LRU did in all requests so far."""
        if self._lag:
            assert isinstance(self.tape.requests, RequestSequence)
            found, stop, self._lag = self.tape.requests.known, self._lag, 0
            left = departures(found.pages, found.keys, found.lru, self.cache_size, stop)
            self._record.stretch(0, self._cache.serve_block(found.pages[:stop], left, 0)[0], copy=False)

    def metrics(self, times: NDArray[np.int64]) -> Mapping[str, Array]:
        if self._lag and np.all((times >= 0) & (times <= self._lag)):
            assert isinstance(self.tape.requests, RequestSequence)
            start, before = self._counted if np.all(times >= self._counted[0]) else (0, 0.0)
            faults = before + faults_at(self.tape.requests.known.lru, self.cache_size, times, start)
            if len(times):
                self._counted = int(times[-1]), float(faults[-1])
        else:
            self._catch_up()
            self._settle()
            faults = self._record.at(times)["faults"]
        wrong = {}
        for name in ("eta_0", "eta_1"):
            wrong[name] = np.zeros(len(times))
            if self.tape.bits.size:
                wrong[name][times > 0] = getattr(self._instance, name)[times[times > 0] - 1]
        return {"reward": 0.0 - faults, "faults": faults, **wrong}

    def comparators(self, times: NDArray[np.int64]) -> Mapping[str, Array]:
        worst = -times.astype(np.float64)
        if not isinstance(self._instance, RunInstance):
            return {"none": np.zeros(len(times)), "worst": worst}
        names = ("opt_bypass", "opt") if self.allow_bypass else ("opt",)
        optima = {name: -_optimum_at(self._instance, name, times) for name in names}
        static = -self._instance.requests.static_at(times)
        return {**optima, "best_static": static, "worst": worst}

    def limits(self, times: NDArray[np.int64]) -> Mapping[str, Array]:
        """Faults of a play are at least the optimum's and at most all requests, as are those of each comparator.

        Of requests that are drawn this is known: the first is a fault of all. Bypassing saves at most ``(t - 1) / 2``
        faults (derived: a cache that loads bypassed pages into one slot has at most one fault more for each, so that
        the optima are ``x`` and at most ``min(t, 2 x - 1)``). Of D pages a play faults at least once on each, and the
        best k have ``k t / D`` requests or more, so that it is ahead of them by at most ``t + k - D - k t / D``.
        """
        rest = times - 1.0
        if self._fixed is not None and self.optimum:
            curves = self.comparators(times)
            plays = np.array([curves["opt_bypass" if self.allow_bypass else "opt"], curves["worst"]])
            return {regret.name: curves[regret.comparator] - plays for regret in self.regrets()}
        if not self.optimum:
            return {"faults": np.array([np.ones(len(times)), times])}
        ahead = np.floor(np.maximum(np.sqrt(times) - math.sqrt(self.cache_size), 0.0) ** 2 + 1e-9)
        low = {"regret": -(rest // 2.0) if self.allow_bypass else 0.0 * rest, "static": -ahead, "bypass": 0.0 * rest}
        return {regret.name: np.array([low[regret.name], rest]) for regret in self.regrets()}

    def regrets(self) -> Sequence[Regret]:
        of = partial(Regret, series="reward", unit="faults")
        if not self.optimum:
            return (of("faults", comparator="none", comparator_class="none", label="faults"),)
        regrets = (
            of("regret", comparator="opt", comparator_class="opt", label="faults above the offline optimum"),
            of(
                "static",
                comparator="best_static",
                comparator_class="fixed",
                label="faults above the best fixed set of pages",
            ),
        )
        if not self.allow_bypass:
            return regrets
        label = "faults above the bypassing optimum"
        return (of("bypass", comparator="opt_bypass", comparator_class="opt_bypass", label=label), *regrets)

    def lower_bounds(self) -> Sequence[Bound]:
        """Uniform requests to N pages: every online policy faults with probability >= 1 - k / N at each (derived)."""
        if not isinstance(self._instance, RunInstance) or not isinstance(self._source, Uniform):
            return ()
        rate, best = max(1.0 - self.cache_size / self._n_pages, 0.0), "opt_bypass" if self.allow_bypass else "opt"
        instance = self._instance
        return (
            Bound(
                "uniform requests",
                "lower",
                lambda t: rate * t - _optimum_at(instance, best, t),
                best,
                "Fiat et al. 1991 (Yao's principle); expected faults of any online policy less the optimum's",
                "derived",
            ),
        )

    def instance(self) -> PagingInstance:
        return self._instance

    def clairvoyant(self, comparator: str) -> Eviction:
        """What the optimum does with the current request, where it has served all requests before."""
        known = ("opt", "opt_bypass") if self.allow_bypass else ("opt",)
        if not self.optimum or comparator not in known:
            raise ValueError(f"comparator must be {' or '.join(known)}, with optimum=True, got {shown(comparator)}")
        self.check_running()
        assert isinstance(self.tape.requests, RequestSequence)
        run = self.tape.requests.optimal if comparator == "opt" else self.tape.requests.bypassing
        victim = int(run.victims[self.clock])
        if victim == NONE:
            return Eviction()
        return Eviction((), True) if victim == BYPASSED else Eviction((victim,))


def _optimum_at(instance: RunInstance, name: str, times: Array | NDArray[np.int64]) -> Array:
    """Faults of ``opt`` or ``opt_bypass`` by each time."""
    faults = instance.running(name, np.asarray(times, dtype=np.float64))
    assert faults is not None
    return faults


def _drawn(source: Generator, n: int, n_pages: int, rng: np.random.Generator) -> KnownRequests:
    """The first ``n`` requests of a source, drawn from ``rng`` or known to be what would be drawn."""
    key = (source, n, str(rng.bit_generator.state)) if source.certain else None
    return known(key, lambda: (source.draw(n, rng), n_pages))


def _enough(size: int, horizon: int | None) -> int:
    if size == 0:
        raise ValueError("there is no request, got an empty sequence")
    if horizon is not None and horizon > size:
        raise ValueError(f"horizon must be at most {size}, the number of requests there are, got {horizon}")
    return size if horizon is None else horizon
