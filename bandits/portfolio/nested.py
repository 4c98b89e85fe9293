"""Universal portfolios of groups of assets, and a universal portfolio of these groups (derived in this project).

Within each group a universal portfolio; each group's factor is then the relative of an asset for the one on top. Many
assets take few nodes or samples in this way. It is a mixture of products of mixes, not of all mixes: its regret is
bounded against the best asset alone, by what the asset's group and the top lose. For the best mix of all, a flat prior
is needed: ``Universal``.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import final

import numpy as np

from bandits.arguments import integers, is_list, shown
from bandits.contract import Array, Bound, Instance
from bandits.portfolio.mixture import Mixture
from bandits.portfolio.policy import PortfolioPolicy
from bandits.portfolio.problem import PortfolioProblem
from bandits.portfolio.quadrature import Quadrature
from bandits.portfolio.theory import COMPONENT, PortfolioInstance, free_of_costs
from bandits.portfolio.universal import universal_regret


class Nested(PortfolioPolicy):
    """A universal portfolio of universal portfolios of groups of assets.

    Args:
        groups: the assets of each group, by their numbers from 0, every asset in one group; None for consecutive groups
            of about as many assets as there are groups.
        prior: of all universal portfolios, "uniform" or "half".
        method: "exact", "sampled" or None, as of ``Universal``, decided for each.
        samples: number of mixes drawn for each that is sampled, >= 1.

    Raises:
        ValueError: an argument out of its domain, an empty group, or an asset in two groups.
    """

    scales = False  # each mixture does

    def __init__(
        self,
        groups: Sequence[Sequence[int]] | None = None,
        prior: str = "uniform",
        method: str | None = None,
        samples: int = 20_000,
    ) -> None:
        self._quadrature = Quadrature(prior, method, samples)
        self.groups = None if groups is None else _checked(groups)
        self.prior, self.method, self.samples = prior, method, samples

    @final
    def start(self, problem: PortfolioProblem) -> None:
        self._members = self._groups(problem.n_assets)
        sizes = [len(self._members), *map(len, self._members)]
        found = [Mixture(*self._quadrature.points(k, problem.horizon, self._rng)) for k in sizes]
        self._top, self._within = found[0], found[1:]
        self._compose()

    @final
    def play(self, relatives: Array, portfolios: Array) -> None:
        factors = np.empty((len(relatives), len(self._members)))
        for g, (members, mixture) in enumerate(zip(self._members, self._within, strict=True)):
            own = np.ascontiguousarray(relatives[:, members])
            held = np.empty(own.shape)
            mixture.play(own, held)
            portfolios[:, members] = held
            factors[:, g] = sum(held[:, i] * own[:, i] for i in range(len(members)))
        weights = np.empty(factors.shape)
        self._top.play(factors, weights)
        for g, members in enumerate(self._members):
            portfolios[:, members] *= weights[:, g, None]
        self._compose()

    def _compose(self) -> None:
        """The portfolio of the coming round."""
        self._b = np.empty(self._problem.n_assets)
        for share, members, mixture in zip(self._top.portfolio, self._members, self._within, strict=True):
            self._b[members] = share * mixture.portfolio

    def regret_bounds(self, problem: PortfolioProblem, instance: Instance) -> Sequence[Bound]:
        """``ln binom(t+m-1, m-1) + ln binom(t+G-1, G-1)`` with G groups and m assets in the largest.

        The form is that of the uniform prior; of samples it is but the order.
        """
        if not isinstance(instance, PortfolioInstance):
            return ()
        groups = self._groups(problem.n_assets)
        sizes = len(groups), max(map(len, groups))
        exact = all(self._quadrature.exact(k, problem.horizon) for k in sizes)
        a = self._quadrature.a
        return (
            Bound(
                "nested bound",
                "upper" if exact else "order",
                lambda t: np.asarray(universal_regret(t, sizes[0], a) + universal_regret(t, sizes[1], a)),
                COMPONENT,
                "derived in this project from the bounds of universal portfolios within and across groups",
                "derived" if exact else "convention",
                (free_of_costs(instance),),
            ),
        )

    def _groups(self, k: int) -> list[list[int]]:
        if self.groups is None:
            return [part.tolist() for part in np.array_split(np.arange(k), math.ceil(math.sqrt(k)))]
        if sorted(i for group in self.groups for i in group) != list(range(k)):
            raise ValueError(f"groups must have each of the assets 0..{k - 1} in one group, got {shown(self.groups)}")
        return self.groups


def _checked(groups: Sequence[Sequence[int]]) -> list[list[int]]:
    if not is_list(groups) or len(groups) == 0:
        raise ValueError(f"groups must be a list of at least one list of assets, got {shown(groups)}")
    checked = [integers(f"groups[{g}]", group, 0) for g, group in enumerate(groups)]
    members = [i for group in checked for i in group]
    if not all(checked) or len(set(members)) < len(members):
        raise ValueError(f"groups must have no empty group and no asset twice, got {shown(groups)}")
    return checked
