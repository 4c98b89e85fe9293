"""An ensemble: a portfolio of strategies, each of which is a policy on portfolios itself.

With ``b_j`` what component j holds and ``l`` what the combiner holds of the components, the ensemble holds
``sum_j l_j b_j``. Each component learns the relatives of the assets beside its own portfolio, never the mixture; the
combiner learns the components' relatives ``<b_j, x>``. So without costs wealth is what the combiner makes of the
components, and

    regret to any mix <= (the combiner's regret to component j) + (component j's regret to that mix)

for every j, by adding up. With costs, the ensemble trades the netted positions.

The combiner "universal" is the construction that is named after D. K. Lam, *Ensembling Portfolio Strategies for
Long-Term Investments*, 2024 (arXiv 2406.03652); this is a reconstruction from its abstract and from what others wrote
of it. No combiner beats the best component for certain: an ensemble overtakes where some mix of the components grows
faster than each of them by more than its regret (``environments.portfolio.preference``).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import product

import numpy as np

from bandits.contract import Array, Assumption, Bound, Instance
from bandits.portfolio.components import Follower, relatives_of, strategies, strategy
from bandits.portfolio.policy import PortfolioPolicy
from bandits.portfolio.problem import FLOOR, PortfolioProblem
from bandits.portfolio.theory import COMPONENT, MIX, PortfolioInstance, ratio_within
from bandits.registry import Component

WORTH = ("exact", "derived", "recalled", "convention")
"""How far bounds can be trusted, the least last."""

CLAIMS = ("anytime", "no rate", "horizon-tuned", "at the horizon", "asymptotic")
"""What bounds say of time, the least last."""


class Ensemble(PortfolioPolicy):
    """A policy on portfolios of policies on portfolios. Ensembles may be components of others.

    Each component, and the combiner, has a stream of random numbers of its own, by its position.

    Args:
        components: at least one policy: a registered name, ``{"name": ..., "parameters": {...}}``, or an object, which
            is copied.
        combiner: the policy that holds the components, given likewise.
    """

    scales = False

    def __init__(self, components: Sequence[Component], combiner: Component = "universal") -> None:
        self.components, self.combiner = components, combiner
        strategies(components)
        strategy(combiner, "combiner")

    def start(self, problem: PortfolioProblem) -> None:
        policies = strategies(self.components)
        streams = self._rng.spawn(len(policies) + 1)
        self._parts = [Follower(p, problem, streams[j], f"components[{j}]") for j, p in enumerate(policies)]
        told = _of_components(problem, len(policies))
        self._combiner = Follower(strategy(self.combiner, "combiner"), told, streams[-1], "combiner")
        self._b = self._mixture()

    def play(self, relatives: Array, portfolios: Array) -> None:
        held = [part.run(relatives) for part in self._parts]
        shares = self._combiner.run(relatives_of(held, relatives))
        portfolios[...] = 0.0
        for j, portfolio in enumerate(held):
            portfolios += shares[:, j, None] * portfolio
        self._b = self._mixture()

    def _mixture(self) -> Array:
        mixture = np.zeros(self._problem.n_assets)
        for share, part in zip(self._combiner.holds, self._parts, strict=True):
            mixture += share * part.holds
        return mixture

    def regret_bounds(self, problem: PortfolioProblem, instance: Instance) -> Sequence[Bound]:
        """The sum of a bound of the combiner and of one of a component, for each component that has one.

        They add up where no component is ruined, as none is within ratios of 1e12. What follows a run (data-dependent
        bounds) is left out.
        """
        if not isinstance(instance, PortfolioInstance):
            return ()
        policies, n = strategies(self.components), len(self.components)
        above = strategy(self.combiner, "combiner").regret_bounds(
            _of_components(problem, n), replace(instance, n_assets=n)
        )
        outer = [b for b in above if _counts(b)]
        inner = [b for policy in policies for b in policy.regret_bounds(problem, instance) if _counts(b)]
        solvent = ratio_within(instance, 1.0 / FLOOR)
        return [_sum(first, second, solvent) for first, second in product(outer, inner)]


def _of_components(problem: PortfolioProblem, n: int) -> PortfolioProblem:
    return replace(problem, n_assets=n, trading_cost=0.0)


def _counts(bound: Bound) -> bool:
    free = bound.comparator_class in (COMPONENT, MIX)  # of costs
    return free and bound.kind != "lower" and bound.delta is None and not bound.data_dependent


def _sum(outer: Bound, inner: Bound, solvent: Assumption) -> Bound:
    assumptions = {a.text: a for a in (*inner.assumptions, *outer.assumptions, solvent)}
    return replace(
        inner,
        name=f"{outer.name} over {inner.name}",
        kind="order" if "order" in (outer.kind, inner.kind) else "upper",
        curve=lambda t: outer.curve(t) + inner.curve(t),
        source=f"derived: the regret to a component and the component's add up; {outer.source}; {inner.source}",
        evidence=max("derived", outer.evidence, inner.evidence, key=WORTH.index),
        assumptions=tuple(assumptions.values()),
        time=max(outer.time, inner.time, key=CLAIMS.index),
    )
