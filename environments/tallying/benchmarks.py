"""What the best could have done in a tallying world: certificates, comparators and notions of regret."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from bandits.contract import Array
from environments.contract import Notion
from environments.tallying.instance import Instance, TooManyTalliesError
from environments.tallying.optimum import Optimum, fits, long_run_optimum, optimum

COMPARATORS = ("auto", "exact", "constant", "steady")
SMALL = 4096
"""Largest ``K^m`` for which a world that is not pointwise REO is tried for long-run REO."""


class Known(NamedTuple):
    """A good sequence that is known without computation.

    Attributes:
        name: of the comparator.
        label: for axes.
        costs: [horizon] its cumulative mean loss.
    """

    name: str
    label: str
    costs: Array


class Benchmarks:
    """Benchmarks of an instance; the costly ones are worked out when first asked for.

    Args:
        instance: weights and losses.
        horizon: number of rounds.
        comparator: what stands for the best sequence: "exact", "constant", "steady", or "auto": exact where it fits.
        known: stands for the best sequence where "auto" does not fit.

    Raises:
        ValueError: the exact optimum is asked for and does not fit.
    """

    def __init__(self, instance: Instance, horizon: int, comparator: str, known: Known | None = None) -> None:
        self.instance, self.horizon, self.comparator, self.known = instance, horizon, comparator, known
        self.exact = comparator in ("auto", "exact") and fits(instance, horizon)
        if comparator == "exact" and not self.exact:
            optimum(instance, horizon)  # raises, with size and limit
        self.facts = _facts_of(instance)
        self._optimum: Optimum | None = None
        self._curves: dict[str, Array] = {}

    def curves(self, checkpoints: NDArray[np.int64]) -> Mapping[str, Array]:
        """Minus cumulative mean losses.

        ``best_sequence``: of the best sequence of so many rounds, from the same empty history (only where the dynamic
        programme fits or is asked for); ``constant``: of the best single action, repeated from the empty history;
        ``steady``: rounds times the least loss under endless repetition; ``worst``: rounds times the largest loss.
        """
        if not self._curves:
            rounds = np.arange(1.0, self.horizon + 1.0)
            self._curves = {
                "constant": -np.min(self._constants(), axis=0),
                "steady": -rounds * self.facts["minimum_loss"],
                "worst": -rounds * self.instance.largest,
            }
            if self.exact:
                self._curves["best_sequence"] = -self.optimum.costs
            if self.known is not None:
                self._curves[self.known.name] = -self.known.costs
        return {name: curve[checkpoints - 1] for name, curve in self._curves.items()}

    @property
    def optimum(self) -> Optimum:
        """The best sequence.

        Raises:
            ValueError: it is too large to be computed.
        """
        if self._optimum is None:
            self._optimum = optimum(self.instance, self.horizon)
        return self._optimum

    @property
    def constant(self) -> int:
        """The best single action for the whole horizon."""
        return int(np.argmin([costs[-1] for costs in self._constants()]))

    def _constants(self) -> list[Array]:
        return [self.instance.constant_costs(x, self.horizon) for x in range(self.instance.n_actions)]

    def notions(self) -> Sequence[Notion]:
        """Complete policy regret first; its label says what stands for the best sequence where that is not exact."""
        reference, label = self._reference()
        complete = "complete policy regret" + (f", {label}" if label else "")
        return (
            Notion("complete", "expected_reward", reference, "sequence", complete),
            Notion("policy", "expected_reward", "constant", "constant", "policy regret against the best single action"),
            Notion("steady", "expected_reward", "steady", "steady", "regret against the least repeated loss"),
            Notion("realized", "reward", reference, "sequence", f"realized {complete}"),
        )

    def _reference(self) -> tuple[str, str]:
        if self.exact:
            return "best_sequence", ""
        if self.known is not None and self.comparator == "auto":
            return self.known.name, self.known.label
        name = "steady" if self.comparator == "steady" else "constant"
        if self.facts["pointwise_reo"] or self.facts["long_run_reo"]:
            return name, f"up to m - 1 ({name})"
        return name, f"{name} comparator (no REO)"


def _facts_of(instance: Instance) -> dict[str, Any]:
    least = float(np.min(instance.steady))
    best: tuple[int, ...] = ()
    pointwise: bool | None = None
    long_run: bool | None = None
    with contextlib.suppress(TooManyTalliesError):
        pointwise, best = instance.pointwise.holds, instance.pointwise.actions
    if pointwise:
        long_run = True
    elif instance.n_actions**instance.memory <= SMALL:
        long_run = least <= long_run_optimum(instance).value + 1e-8
    return {
        "memory": instance.memory,
        "steady_losses": instance.steady,
        "minimum_loss": least,
        "pointwise_reo": pointwise,
        "long_run_reo": long_run,
        "best_actions": best,
        "stationary": False,
        "oblivious": False,
    }
