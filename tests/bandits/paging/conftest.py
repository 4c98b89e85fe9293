"""A tiny environment of requests, slow exact optima and predictions, and expectations by full enumeration."""

import math
from collections import Counter
from dataclasses import dataclass
from fractions import Fraction
from types import SimpleNamespace

import numpy as np
import pytest

from bandits.paging.problem import Eviction, PagingProblem, Request, Requests
from bandits.paging.theory import PagingInstance


class TinyEnvironment:
    """Serves given requests from a set of pages, as it is told; records the faults."""

    def __init__(self, pages, k, bits=None, reuse=None, prediction=None, n_pages=0, stepwise=False):
        n = len(pages)
        self.pages = np.asarray(pages, dtype=np.int64)
        self.bits = np.empty(0, np.uint8) if bits is None else np.asarray(bits, dtype=np.uint8)
        self.reuse = np.empty(0) if reuse is None else np.asarray(reuse, dtype=float)
        n_pages = int(max(pages, default=0)) + 1 if n_pages == 0 else n_pages
        self.problem = PagingProblem(cache_size=k, n_pages=n_pages, prediction=prediction or None, horizon=n or None)
        self.k, self.clock, self.history, self.cache = k, 0, [], set()
        if not stepwise:
            self.block, self.absorb = self._block, self._absorb

    def observe(self):
        t = self.clock
        page = int(self.pages[t])
        bit = int(self.bits[t]) if len(self.bits) else -1
        reuse = float(self.reuse[t]) if len(self.reuse) else math.nan
        return Request(page, bit, reuse, page in self.cache, tuple(sorted(self.cache)), t)

    def transition(self, action):
        page = int(self.pages[self.clock])
        fault = page not in self.cache
        assert set(action.pages) <= self.cache, "evicts a page that is not cached"
        assert page not in action.pages, "evicts the requested page"
        assert len(set(action.pages)) == len(action.pages)
        self.cache -= set(action.pages)
        assert not fault or len(self.cache) < self.k, "leaves no room"
        self.cache.add(page)
        if action.discard:
            self.cache.remove(page)
        self.history.append(fault)
        self.clock += 1
        return -float(fault), fault

    def _block(self, most):
        part = slice(self.clock, self.clock + most)
        return Requests(self.pages[part], self.bits[part], self.reuse[part])

    def _absorb(self, departures):
        left, start = departures.pages.tolist(), 0
        for end in departures.ends.tolist():
            gone = left[start:end]
            discard = gone[-1:] == [int(self.pages[self.clock])]
            self.transition(Eviction(tuple(gone[:-1] if discard else gone), discard))
            start = end


@dataclass(frozen=True, eq=False, kw_only=True)
class Known(PagingInstance):
    """Running values as they are given."""

    oblivious: bool = True
    opt: np.ndarray | None = None
    clean: np.ndarray | None = None
    eta_0: np.ndarray | None = None
    eta_1: np.ndarray | None = None
    eta_reuse: np.ndarray | None = None


class Script:
    """A generator that gives the uniforms it was told."""

    def __init__(self, *uniforms):
        self.uniforms = list(uniforms)

    def random(self, n):
        taken, self.uniforms = self.uniforms[:n], self.uniforms[n:]
        return np.array(taken)


def _next_use(pages):
    n, last, nxt = len(pages), {}, [0] * len(pages)
    for t in range(n - 1, -1, -1):
        nxt[t] = last.get(pages[t], 2 * n - t)
        last[pages[t]] = t
    return nxt


def _lfd(pages, k):
    """(fault of each request, discard truth of each request)."""
    nxt, cache, last, faults, truth = _next_use(pages), {}, {}, [], [0] * len(pages)
    for t, p in enumerate(pages):
        faults.append(p not in cache)
        if p not in cache and len(cache) == k:
            victim = max(cache, key=cache.get)
            truth[last[victim]] = 1
            del cache[victim]
        cache[p], last[p] = nxt[t], t
    return faults, truth


def _phases(pages, k):
    phase, seen, out = 0, set(), []
    for p in pages:
        if p not in seen and len(seen) == k:
            phase, seen = phase + 1, set()
        seen.add(p)
        out.append(phase)
    return out


def _phase_truth(pages, k):
    phase = _phases(pages, k)
    pairs = set(zip(phase, pages, strict=True))
    return [int((i + 1, p) not in pairs) for i, p in zip(phase, pages, strict=True)]


def _clean(pages, k):
    """Number of clean pages so far, after each request."""
    phase, seen, total, out = _phases(pages, k), set(), 0, []
    for i, p in zip(phase, pages, strict=True):
        total += (i, p) not in seen and (i - 1, p) not in seen
        seen.add((i, p))
        out.append(total)
    return out


def _errors(pages, k, kind, bits):
    """(eta_0, eta_1), each after each request."""
    n = len(pages)
    wrong = np.zeros((2, n))
    if kind == "discard":
        for t, (truth, bit) in enumerate(zip(_lfd(pages, k)[1], bits, strict=True)):
            wrong[bit, t] = truth != bit
    else:
        phase, truth = _phases(pages, k), _phase_truth(pages, k)
        ends = {i: t for t, i in enumerate(phase)}
        latest = {(i, p): t for t, (i, p) in enumerate(zip(phase, pages, strict=True))}
        for (i, _), t in latest.items():
            if ends[i] + 1 < n:
                wrong[bits[t], ends[i] + 1] += truth[t] != bits[t]
    return np.cumsum(wrong, axis=1)


def _instance(pages, k, kind="", bits=None, reuse=None):
    eta_0, eta_1 = _errors(pages, k, kind, bits) if bits is not None else np.zeros((2, len(pages)))
    n = len(pages)
    late = None if reuse is None else np.abs(np.asarray(reuse, float) - np.minimum(_next_use(pages), n))
    return Known(
        opt=np.cumsum(_lfd(pages, k)[0], dtype=float),
        clean=np.array(_clean(pages, k), dtype=float),
        eta_0=eta_0,
        eta_1=eta_1,
        eta_reuse=None if late is None else np.cumsum(late),
    )


def _faults(policy, pages, k, bits=None, reuse=None, prediction=None, seed=0, n_pages=0):
    """Fault of each request, recounted from what leaves in the compiled path."""
    kind = prediction if prediction is not None else policy.prediction
    environment = TinyEnvironment(pages, k, bits, reuse, kind, n_pages)
    policy.reset(environment.problem, np.random.default_rng(seed))
    environment.absorb(policy.play(environment.block(len(pages))))
    return np.array(environment.history, dtype=bool)


def _copied(state):
    return type(state)(*(array.copy() for array in state))


def _expected(policy, pages, k, bits=None, reuse=None):
    """Expected faults after each request, exactly: states with their probabilities, over all random choices."""
    ways = math.lcm(*range(1, k + 1)) if policy.randomised else 1
    environment = TinyEnvironment(pages, k, bits, reuse, policy.prediction)
    policy.reset(environment.problem, np.random.default_rng(0))
    states, total, out = {b"": (policy._state, Fraction(1))}, Fraction(0), []
    for t in range(len(pages)):
        part = slice(t, t + 1)
        request = Requests(environment.pages[part], environment.bits[part], environment.reuse[part])
        after = {}
        for state, weight in states.values():
            for way in range(ways):
                policy._state, policy._rng = _copied(state), Script((way + 0.5) / ways)
                faults, _ = policy.serve(request)
                total += int(faults[0]) * weight / ways
                key = b"".join(array.tobytes() for array in policy._state)
                after[key] = (policy._state, after.get(key, (None, Fraction(0)))[1] + weight / ways)
        states = after
        out.append(total)
    return out


def _options(policy, request):
    """What the policy may do with a request, with how often of ``ways`` equal chances; its state stays as it is."""
    ways, seen, state = math.lcm(*range(1, policy._slots + 1)), Counter(), policy._state
    for way in range(ways if policy.randomised else 1):
        policy._state, policy._rng = _copied(state), Script((way + 0.5) / ways)
        action = policy.choose(request)
        seen[frozenset(action.pages), action.discard] += 1
    policy._state = state
    return seen


@pytest.fixture(scope="session")
def paging():
    """The helpers of this file."""
    return SimpleNamespace(
        Environment=TinyEnvironment, Known=Known, Script=Script,
        lfd=_lfd, next_use=_next_use, phases=_phases, phase_truth=_phase_truth,
        clean=_clean, errors=_errors, instance=_instance, faults=_faults, expected=_expected, options=_options,
    )  # fmt: skip
