"""Strategies as assets: policies that are given inside others or inside a market, and what they would earn.

A component that holds ``b`` in a round with relatives ``x`` has the relative ``<b, x>``; where that is less than 1e-12
of the largest entry of ``x`` it is floored there, as wealth is. No component's relative is above the largest asset's,
nor below the smallest one or the floor, so that what no ratio of assets exceeds, none of components does.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from bandits.arguments import is_list, shown
from bandits.contract import Array, Policy
from bandits.portfolio.policy import PortfolioPolicy
from bandits.portfolio.problem import FLOOR, PortfolioProblem, checked_portfolio
from bandits.registry import POLICIES, Component
from bandits.watch import reset_within

AnyPolicy = Policy[PortfolioProblem, Any, Array, Array]


def strategy(what: Component, place: str) -> AnyPolicy:
    """A new policy on portfolios as described; of an object, a copy.

    Args:
        what: a registered name, ``{"name": ..., "parameters": {...}}``, or a policy object.
        place: the parameter that holds it, for messages.

    Raises:
        ValueError: not a description of a policy on portfolios.
    """
    policy: AnyPolicy = POLICIES.build(what, place, of=Policy, playing=PortfolioProblem)
    if policy.clairvoyant or not issubclass(PortfolioProblem, policy.plays):
        raise ValueError(f"{place} must be a policy on portfolios, got {shown(policy)}")
    return policy


def strategies(components: Sequence[Component]) -> list[AnyPolicy]:
    """New policies as the parameter ``components`` describes them.

    Raises:
        ValueError: no list of at least one policy on portfolios; the message names the component.
    """
    if not is_list(components) or len(components) == 0:
        raise ValueError(f"components must be a list of at least one policy on portfolios, got {shown(components)}")
    return [strategy(what, f"components[{i}]") for i, what in enumerate(components)]


class Follower:
    """A component in a run: what it holds in the coming round, and in whole stretches of rounds.

    Args:
        policy: the policy; it is reset.
        problem: what it is told; costs are not its business.
        rng: its own stream of random numbers.
        place: where it was given, for messages.

    Attributes:
        holds: [n_assets] its portfolio of the coming round.

    Raises:
        ValueError: the policy lacks something here, such as a horizon.
    """

    def __init__(self, policy: AnyPolicy, problem: PortfolioProblem, rng: np.random.Generator, place: str) -> None:
        self._policy, self._n_assets, self._place = policy, problem.n_assets, place
        try:
            reset_within(policy, replace(problem, trading_cost=0.0), rng)
        except ValueError as error:
            raise ValueError(f"{place}: {error}") from error
        self.holds = self._chosen()

    def run(self, relatives: Array) -> Array:
        """The portfolios [n, n_assets] that it holds in the coming rounds, whose relatives [n, n_assets] it learns."""
        if isinstance(self._policy, PortfolioPolicy):
            portfolios = self._policy.run(relatives)
            self.holds = self._chosen()
            return portfolios
        portfolios = np.empty(relatives.shape)
        for x, held in zip(relatives, portfolios, strict=True):
            held[...] = self.holds
            self._policy.update(np.int64(0), self.holds.copy(), x.copy())
            self.holds = self._chosen()
        return portfolios

    def _chosen(self) -> Array:
        chosen = self._policy.choose(np.int64(0))
        if isinstance(self._policy, PortfolioPolicy):
            return chosen
        return checked_portfolio(f"what {self._place} holds", chosen, self._n_assets)


def relatives_of(portfolios: Sequence[Array], relatives: Array) -> Array:
    """The relatives [n, n_components] of components that hold ``portfolios`` [n_components][n, n_assets].

    Bit for bit the same however rounds are cut into calls.
    """
    paid = np.zeros((len(relatives), len(portfolios)))
    for j, held in enumerate(portfolios):
        for i in range(relatives.shape[1]):
            paid[:, j] += held[:, i] * relatives[:, i]
    return np.asarray(np.maximum(paid, FLOOR * relatives.max(axis=1, keepdims=True)))
