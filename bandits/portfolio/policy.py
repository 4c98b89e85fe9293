"""What the policies on portfolios have in common: the portfolio of the coming round, and one path for both drivers."""

from __future__ import annotations

import math
from abc import abstractmethod
from typing import Any, ClassVar, final

import numpy as np

from bandits.arguments import not_owed
from bandits.contract import Array, Playable, Policy, Problem
from bandits.offers import offers
from bandits.portfolio.problem import PortfolioProblem, RelativeBlocks, checked_portfolio, extremes, scaled


class PortfolioPolicy(Policy[PortfolioProblem, Any, Array, Array]):
    """A policy that learns from the relatives of every round, whatever was played.

    ``_b`` [n_assets], float64, is the portfolio of the coming round: uniform at the start of a run, then as ``play``
    leaves it. A round played by itself is a block of one round, so that the arithmetic stands once. With one asset that
    asset is held and ``play`` is never called. Learning is from the policy's own portfolio: of the action that
    ``update`` is given it is only seen that there is such a one.
    """

    plays: ClassVar[tuple[type[Problem], ...]] = (PortfolioProblem,)

    scales: ClassVar[bool] = True
    """Whether ``play`` gets relatives divided by their maximum of the round, so that no common factor has influence."""

    @abstractmethod
    def start(self, problem: PortfolioProblem) -> None:
        """Forget everything. ``_problem``, ``_rng`` and ``_b`` [n_assets], uniform, are set.

        Raises:
            ValueError: the problem lacks something that the policy needs.
        """

    @abstractmethod
    def play(self, relatives: Array, portfolios: Array) -> None:
        """Play rounds: write each one's portfolio, then learn its relatives. ``_b`` is left as the next portfolio.

        Both arrays are C-contiguous and writable, so that kernels have one signature. However rounds are cut into
        calls, the bits must be the same.

        Args:
            relatives: [n, n_assets], of the coming rounds; see ``scales``.
            portfolios: [n, n_assets], to be filled.
        """

    @final
    def reset(self, problem: PortfolioProblem, rng: np.random.Generator) -> None:
        self._problem, self._rng = problem, rng
        self._b = np.full(problem.n_assets, 1.0 / problem.n_assets)
        self._awaits = False
        self.start(problem)

    @final
    def choose(self, observation: Any) -> Array:
        """The portfolio [n_assets] of this round, a copy."""
        chosen = self._b.copy()
        self._awaits = True
        return chosen

    @final
    def update(self, observation: Any, action: Array, feedback: Array) -> None:
        """Learn the relatives ``feedback`` [n_assets] of the round.

        Raises:
            NotResetError: before ``reset``.
            ValueError: the action is no portfolio, or the feedback are no relatives. Nothing has changed then.
            RuntimeError: no portfolio was chosen since the last update.
        """
        relatives = self._problem.checked_feedback(feedback)
        checked_portfolio("the action", action, self._problem.n_assets)
        if not self._awaits:
            raise not_owed()
        self.run(relatives[None])
        self._awaits = False

    @final
    def leap(self, environment: Playable[Any, Array, Array], most: int) -> int:
        if not offers(environment, RelativeBlocks):
            return 0
        relatives = environment.block(most)
        environment.absorb(self.run(relatives))
        watch = self._declared
        if watch is not None:
            least, largest = float(relatives.min()), float(relatives.max())
            if least == 0.0 or math.log(least) < watch.low or math.log(largest) > watch.high:
                watch.look_through(self, *extremes(relatives), relatives.__getitem__)
        return len(relatives)

    @final
    def run(self, relatives: Array) -> Array:
        """The portfolios [n, n_assets] held in the coming rounds, whose relatives [n, n_assets] are learnt.

        For policies made of others, too; nothing is checked.
        """
        portfolios = np.empty(relatives.shape)
        if relatives.shape[1] == 1:
            portfolios[...] = 1.0
        else:
            self.play(scaled(relatives) if self.scales else np.array(relatives), portfolios)
        return portfolios


class RoundByRound(PortfolioPolicy):
    """A policy in plain Python, whose rounds are worked through one by one."""

    @abstractmethod
    def learn(self, relatives: Array) -> Array:
        """Learn the relatives [n_assets] of the round in which ``_b`` was held; the next portfolio, a new array."""

    @final
    def play(self, relatives: Array, portfolios: Array) -> None:
        for x, held in zip(relatives, portfolios, strict=True):
            held[...] = self._b
            self._b = self.learn(x)
