"""A market whose assets are strategies: policies on portfolios that play another market on the side.

When a run begins, each component plays the whole of the other market's tape, free of costs; its wealth factors are the
relatives of this market. So the best component and the best mix of components are exact, and the same for all that
combine them. Before a round a learner sees what each component is about to hold.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bandits.arguments import affordable, integer, shown
from bandits.contract import Array
from bandits.portfolio.components import Follower, relatives_of, strategies
from bandits.registry import ENVIRONMENTS, Component
from environments.contract import Source, copy_of, streams
from environments.portfolio.environment import Market
from environments.portfolio.simplex import Simplex

Tape = tuple[Any, tuple[Source, ...]]


class PortfolioEnsemble(Market[Tape]):
    """A market whose assets are strategies, which play another market on the side.

    An observation is [n_components, n_assets], what each component holds in the coming round. What is traded here is
    free: for costs, play the other market itself with the policy ``ensemble``, which trades the netted positions.

    Args:
        market: the other market: a registered name, ``{"name": ..., "parameters": {...}}``, or an object, which is
            copied. Its trades must be free.
        components: at least one policy on portfolios, given likewise. Each has a stream of random numbers of its own,
            from the tape, by its position.
        horizon: number of rounds, >= 1; None for the other market's own. Only one that is given by its name, without
            the parameter ``horizon``, can be given another.

    Raises:
        ValueError: a parameter out of its domain, or a component that cannot play the market; the message names it.

    Example:
        >>> import numpy as np
        >>> from environments import PortfolioEnsemble
        >>> market = {"name": "wave", "parameters": {"n_assets": 3, "horizon": 60}}
        >>> strategies = PortfolioEnsemble(market, ["olmar", "anticor"])
        >>> strategies.begin(strategies.draw(np.random.default_rng(0)))
        >>> strategies.comparators(np.array([60]))["best_component"].round(6)
        array([0.535822])
    """

    thing = "component"

    def __init__(self, market: Component, components: Sequence[Component], horizon: int | None = None) -> None:
        self.market, self.components = market, components
        if horizon is not None:
            integer("horizon", horizon)
        parameters = market.get("parameters") if isinstance(market, Mapping) else None
        its_own = horizon is None or (isinstance(parameters, Mapping) and "horizon" in parameters)
        given: dict[str, Any] = {} if its_own else {"horizon": horizon}
        self._market: Market[Any] = ENVIRONMENTS.build(market, "market", of=Market, **given)
        inner = self._market.problem
        if horizon not in (None, inner.horizon):
            raise ValueError(f"horizon must be None or the market's own, {inner.horizon}, got {shown(horizon)}")
        if self._market.trading_cost > 0.0:
            raise ValueError(
                f"market must be one without costs, got trading_cost={self._market.trading_cost}: with costs, play it "
                "by the policy ensemble, which trades the netted positions"
            )
        policies = strategies(components)
        rounds = self._market.horizon
        affordable(
            "horizon",
            f"what {len(policies)} components hold of {inner.n_assets} assets in {rounds} rounds",
            2 * rounds * len(policies) * inner.n_assets,
        )
        for j, policy in enumerate(policies):  # what cannot be played is found before a run
            Follower(policy, inner, np.random.default_rng(0), f"components[{j}]")
        super().__init__(
            len(policies), rounds, inner.low, inner.high, self._market._ratio, False, False, 0.0, "exact", "floor"
        )
        self.observation_space = Simplex(inner.n_assets, (len(policies),))

    def draw(self, rng: np.random.Generator) -> Tape:
        """The other market's tape, and a generator for each component."""
        return self._market.draw(rng), tuple(streams(rng, len(self.components)))

    def check_tape(self, tape: Tape) -> None:
        self._market.check_tape(tape[0])

    def begin(self, tape: Tape) -> None:
        self._market.begin(tape[0])
        relatives, told = self._market._past.relatives, self._market.problem
        held = [
            Follower(policy, told, copy_of(rng), f"components[{j}]").run(relatives)
            for j, (policy, rng) in enumerate(zip(strategies(self.components), tape[1], strict=True))
        ]
        self._portfolios = np.stack(held, axis=1)
        self._open(relatives_of(held, relatives))

    def observe(self) -> Array:
        """What each component [n_components, n_assets] holds in the coming round (after the last one: held in it)."""
        portfolios: Array = self._portfolios[min(self.clock, self.horizon - 1)].copy()
        return portfolios

    def wealth_of_components(self, times: NDArray[np.int64]) -> Array:
        """The logarithms [n_times, n_components] of the components' wealth at each time."""
        return np.asarray(np.cumsum(np.log(self._past.relatives), axis=0)[times - 1])
