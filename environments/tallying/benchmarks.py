"""What the best could have done in a tallying bandit: comparators, and the regret against them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from bandits.contract import Array
from environments.contract import Regret
from environments.tallying.instance import WeightedInstance
from environments.tallying.optimum import Optimum, fits, optimum

COMPARATORS = ("auto", "exact", "constant", "steady")


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
        instance: the instance.
        horizon: number of rounds.
        comparator: what stands for the best sequence: "exact", "constant", "steady", or "auto": exact where it fits.
        known: stands for the best sequence where "auto" does not fit.

    Raises:
        ValueError: the exact optimum is asked for and does not fit.
    """

    def __init__(self, instance: WeightedInstance, horizon: int, comparator: str, known: Known | None = None) -> None:
        self.instance, self.horizon, self.comparator, self.known = instance, horizon, comparator, known
        self.exact = comparator in ("auto", "exact") and fits(instance.tallies, horizon)
        if comparator == "exact" and not self.exact:
            optimum(instance.tallies, horizon)  # raises, with size and limit

    def curves(self, times: NDArray[np.int64]) -> Mapping[str, Array]:
        """Minus cumulative mean losses.

        ``best_sequence``: of the best sequence of so many rounds, from the same empty history (only where the dynamic
        programme fits or is asked for); ``constant``: of the best single action, repeated from the empty history;
        ``steady``: rounds times the least loss under endless repetition; ``worst``: rounds times the largest loss.
        """
        return {name: curve[times - 1] for name, curve in self._curves.items()}

    @cached_property
    def _curves(self) -> Mapping[str, Array]:
        rounds = np.arange(1.0, self.horizon + 1.0)
        curves = {
            "constant": -np.min(self._constants(), axis=0),
            "steady": -rounds * float(np.min(self.instance.steady_losses)),
            "worst": -rounds * self.instance.tallies.largest,
        }
        if self.exact:
            curves["best_sequence"] = -self.optimum.costs
        if self.known is not None:
            curves[self.known.name] = -self.known.costs
        return curves

    @cached_property
    def optimum(self) -> Optimum:
        """The best sequence.

        Raises:
            ValueError: it is too large to be computed.
        """
        return optimum(self.instance.tallies, self.horizon)

    @property
    def constant(self) -> int:
        """The best single action for the whole horizon."""
        return int(np.argmin([costs[-1] for costs in self._constants()]))

    def _constants(self) -> list[Array]:
        tallies = self.instance.tallies
        return [tallies.constant_costs(x, self.horizon) for x in range(tallies.n_actions)]

    def limits(self, times: NDArray[np.int64], binary: bool) -> Mapping[str, Array]:
        """Limits of the regrets: by the best sequence, or the least loss in each round, and by the largest in each.

        Of realized regret they are those of the losses paid: with ``binary`` noise 0 or 1, unless all tallies' mean
        losses are 0, or all are 1; else the expected ones.
        """
        curves, (least, largest) = self.curves(times), self.instance.tallies.extremes
        plays = -np.array([times * least, times * largest])
        paid = -np.array([times * np.floor(least), times * np.ceil(largest)]) if binary else plays
        if self.exact:
            plays[0] = curves["best_sequence"]
        return {
            regret.name: curves[regret.comparator] - (paid if regret.name == "realized" else plays)
            for regret in self.regrets()
        }

    def regrets(self) -> Sequence[Regret]:
        """Complete policy regret first; its label says what stands for the best sequence where that is not exact."""
        reference, label = self._reference()
        complete = "complete policy regret" + (f", {label}" if label else "")
        return (
            Regret("complete", "expected_reward", reference, "sequence", complete),
            Regret("policy", "expected_reward", "constant", "constant", "policy regret against the best single action"),
            Regret("steady", "expected_reward", "steady", "steady", "regret against the least repeated loss"),
            Regret("realized", "reward", reference, "sequence", f"realized {complete}"),
        )

    def _reference(self) -> tuple[str, str]:
        if self.exact:
            return "best_sequence", ""
        if self.known is not None and self.comparator == "auto":
            return self.known.name, self.known.label
        name = "steady" if self.comparator == "steady" else "constant"
        if self.instance.long_run_reo:
            return name, f"up to m - 1 ({name})"
        return name, f"{name} comparator (no REO)"
