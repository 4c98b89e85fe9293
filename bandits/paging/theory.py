"""What the theorems about paging ask of the analysis' facts, and the bounds that several policies share.

Facts that paging worlds give: ``opt``, ``eta_0``, ``eta_1``, ``clean``, ``eta_reuse`` [T], each the value after request
``t`` at index ``t - 1`` (faults of the optimum, wrong 0s, wrong 1s, clean pages over phases, absolute error of reuse
times); ``cache_size``; ``prediction``; ``oblivious`` and ``no_bypass`` (bool). All bounds are on the regret, faults
minus those of the optimum, and hold at every prefix, without an additive constant, for a cache that starts empty.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal

import numpy as np

from bandits.contract import Array, Assumption, Bound, Problem

NO_BYPASS = "no_bypass"
OBLIVIOUS = "oblivious"
DISCARD = "discard"
PHASE = "phase"
REUSE = "reuse"

_TEXTS = {
    NO_BYPASS: "a requested page must be loaded",
    OBLIVIOUS: "requests do not depend on the policy's random choices",
    DISCARD: "bits are discard predictions",
    PHASE: "bits are phase predictions",
    REUSE: "reuse times are predicted",
}


def harmonic(k: int) -> float:
    """``H_k = 1 + 1/2 + ... + 1/k``."""
    return float(np.sum(1.0 / np.arange(1, k + 1)))


def size_of(problem: Problem, facts: Mapping[str, Any]) -> int:
    """The cache size that the theorems speak of."""
    return int(facts.get("cache_size") or problem.memory or 1)


def holds(facts: Mapping[str, Any], *keys: str) -> tuple[Assumption, ...]:
    """The named assumptions, each with whether the facts say that it holds (an absent fact does not hold)."""
    return tuple(
        Assumption(
            _TEXTS[key], facts.get("prediction") == key if key in (DISCARD, PHASE, REUSE) else bool(facts.get(key))
        )
        for key in keys
    )


def at_times(series: Array, times: Array) -> Array:
    """Running values [n] at the times [n] asked for (>= 1), of a series [T]."""
    return np.asarray(series, dtype=np.float64)[np.asarray(times).astype(np.int64) - 1]


def bound(
    name: str,
    facts: Mapping[str, Any],
    series: Sequence[str],
    curve: Callable[..., Array],
    source: str,
    *assumptions: str,
    kind: Literal["upper", "order"] = "upper",
) -> tuple[Bound, ...]:
    """A bound that is a function of running values.

    Args:
        name: for legends.
        facts: of the run.
        series: keys of running values [T] in ``facts``.
        curve: maps their values [n] at the times asked for, in that order, to bounds [n] on the regret.
        source: where the theorem stands.
        assumptions: keys of what must hold.
        kind: "order" when a constant is a convention.

    Returns:
        The bound, or nothing where the facts lack one of the series.
    """
    if any(facts.get(key) is None for key in series):
        return ()

    def at(times: Array) -> Array:
        return curve(*(at_times(facts[key], times) for key in series))

    return (Bound(name, kind, at, "opt", source, holds(facts, NO_BYPASS, *assumptions), rate=False),)


def k_competitive(name: str, problem: Problem, facts: Mapping[str, Any], source: str) -> tuple[Bound, ...]:
    """``ALG_t <= k OPT_t``: true of LRU, FIFO, CLOCK, FWF and of every deterministic marking policy."""
    k = size_of(problem, facts)
    return bound(name, facts, ["opt"], lambda opt: (k - 1) * opt, source)
