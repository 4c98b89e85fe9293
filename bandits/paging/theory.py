"""What the theorems about paging ask of the instance, and the bounds that several policies share.

All bounds are on the regret, faults minus those of the optimum, and hold at every prefix, without an additive constant,
for a cache that starts empty.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from bandits.contract import Array, Assumption, Bound, Evidence, Instance
from bandits.paging.problem import PagingProblem

OBLIVIOUS = "oblivious"
DISCARD = "discard"
PHASE = "phase"
REUSE = "reuse"

_TEXTS = {
    OBLIVIOUS: "requests do not depend on the policy's random choices",
    DISCARD: "bits are discard predictions",
    PHASE: "bits are phase predictions",
    REUSE: "reuse times are predicted",
}


@dataclass(frozen=True, eq=False, kw_only=True)
class PagingInstance(Instance):
    """The requests of a run, as the analysis knows them.

    Running values are float64 [T] and hold the value after request ``t`` at index ``t - 1``; None where an environment
    does not know them, as here.

    Attributes:
        oblivious: requests do not depend on the policy's random choices.
    """

    oblivious: bool = False

    @property
    def opt(self) -> Array | None:
        """Faults of the optimum that loads every requested page."""
        return None

    def running(self, name: str, times: Array) -> Array | None:
        """The running values of that name at the times [n] asked for (>= 1)."""
        values = getattr(self, name)
        return None if values is None else at_times(values, times)

    @property
    def clean(self) -> Array | None:
        """Clean pages so far, over all phases: the sum of the ``c_i`` of the prefix."""
        return None

    @property
    def eta_0(self) -> Array | None:
        """Wrong 0s: pages to be kept that might go; zeros where no bits are given."""
        return None

    @property
    def eta_1(self) -> Array | None:
        """Wrong 1s: pages that may go and should be kept; zeros where no bits are given."""
        return None

    @property
    def eta_reuse(self) -> Array | None:
        """Absolute error of the predicted reuse times, summed; zeros where none are given."""
        return None


def harmonic(k: int) -> float:
    """``H_k = 1 + 1/2 + ... + 1/k``."""
    return float(np.sum(1.0 / np.arange(1, k + 1)))


def holds(problem: PagingProblem, instance: PagingInstance, *keys: str) -> tuple[Assumption, ...]:
    """The named assumptions, each with whether it holds here."""
    return tuple(
        Assumption(_TEXTS[key], instance.oblivious if key == OBLIVIOUS else problem.prediction == key) for key in keys
    )


def at_times(series: Array, times: Array) -> Array:
    """Running values [n] at the times [n] asked for (>= 1), of a series [T]."""
    return np.asarray(series, dtype=np.float64)[np.asarray(times).astype(np.int64) - 1]


def bound(
    name: str,
    problem: PagingProblem,
    instance: Instance,
    series: Sequence[str],
    curve: Callable[..., Array],
    source: str,
    evidence: Evidence,
    *assumptions: str,
    kind: Literal["upper", "order"] = "upper",
) -> tuple[Bound, ...]:
    """A bound that is a function of running values.

    Args:
        name: for legends.
        problem: what is played.
        instance: of the run.
        series: names of running values of the instance.
        curve: maps their values [n] at the times asked for, in that order, to bounds [n] on the regret.
        source: where the theorem stands.
        evidence: how far it can be trusted.
        assumptions: keys of what must hold, beside that requested pages must be loaded.
        kind: "order" when a constant is a convention.

    Returns:
        The bound, or nothing where the instance lacks one of the series.
    """
    if not isinstance(instance, PagingInstance):
        return ()
    if any(instance.running(key, np.empty(0)) is None for key in series):
        return ()

    def at(times: Array) -> Array:
        return curve(*(instance.running(key, times) for key in series))

    loads = Assumption("a requested page must be loaded", not problem.bypass)
    needed = (loads, *holds(problem, instance, *assumptions))
    return (Bound(name, kind, at, "opt", source, evidence, needed, "no rate"),)


def k_competitive(name: str, problem: PagingProblem, instance: Instance, source: str) -> tuple[Bound, ...]:
    """``ALG_t <= k OPT_t``: true of LRU, FIFO, CLOCK, FWF and of every deterministic marking policy."""
    k = problem.cache_size
    return bound(name, problem, instance, ["opt"], lambda opt: (k - 1) * opt, source, "recalled")
