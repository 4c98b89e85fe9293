"""What the theorems on portfolios ask of the instance."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from bandits.contract import Assumption, Bound, Instance, Policy

MIX = "mix"
"""Comparator class of the best constant mix, free of costs: regrets of this class are in every environment."""

COMPONENT = "component"
"""Comparator class of the best asset, or the best component, held: in every environment."""

UNIFORM = "uniform"
"""Comparator class of the uniform mix, net of its costs: in every environment."""

LATTICE = "lattice"
"""Comparator class of the best mix of a lattice net of its own costs: where ``PortfolioInstance.lattice``."""


@dataclass(frozen=True, eq=False, kw_only=True)
class PortfolioInstance(Instance):
    """A market as the analysis knows it, in the run at hand.

    Attributes:
        n_assets: number of assets.
        ratio: the largest ratio of two relatives of one round in the run; inf where one is 0.
        zeros: whether a relative is 0 in the run.
        trading_cost: share of each trade that it costs.
        deterministic: whether all runs have the same relatives.
        lattice: whether there is a regret to the best mix of a lattice, net of its costs.
    """

    n_assets: int
    ratio: float
    zeros: bool = False
    trading_cost: float = 0.0
    deterministic: bool = False
    lattice: bool = False

    def consequences(
        self, policy: Policy[Any, Any, Any, Any], problem: Any, bounds: Sequence[Bound]
    ) -> Sequence[Bound]:
        """The best asset held is a constant mix: what holds against the best mix holds against it, too."""
        about = "; against the best asset, which is a constant mix"
        return [
            replace(bound, comparator_class=COMPONENT, source=f"{bound.source}{about}")
            for bound in bounds
            if bound.comparator_class == MIX
        ]


def free_of_costs(instance: PortfolioInstance) -> Assumption:
    """The hypothesis that trading costs nothing."""
    return Assumption("trading costs nothing", instance.trading_cost == 0.0, instance.trading_cost)


def ratio_within(instance: PortfolioInstance, ratio: float) -> Assumption:
    """The hypothesis that no two relatives of a round have a larger ratio than ``ratio``."""
    text = f"no ratio of two relatives of a round exceeds {ratio:g}"
    return Assumption(text, instance.ratio <= ratio * (1.0 + 1e-9), instance.ratio)
