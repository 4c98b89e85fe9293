"""A stream of arms with given or random means, in any order."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from bandits.arguments import integer, one_of, reals, shown
from bandits.contract import Array
from bandits.registry import Component
from environments.streaming.environment import StreamEnvironment
from environments.streaming.means import MEANS, ORDERS, Means, arranged


class Stream(StreamEnvironment):
    """Arms that stream by in an order fixed before the run.

    Args:
        means: [n_arms] means in [0, 1], or a law, a component, from which every run draws new ones: "mixed" (uniform
            on [0, 1]) or "clear_cut" (normal (0.5, 0.1) truncated to [0, 0.8], and one arm of 0.82), after C. Wang,
            ICML 2023.
        n_arms: length of the stream, for a law.
        horizon: number of pulls, in 1..9 * 10^18.
        memory: number of arms that can be stored, the arriving one not counted.
        order: "given", "random", "ascending", "descending", "best_first" or "best_last".
        passes: how often the stream goes by.
        between: order of later passes, "fixed" or "reshuffle".
        rewards: "bernoulli" or "gaussian".
        sigma: standard deviation of Gaussian rewards, > 0.
        illegal: "error", or "ignore" for a stream on which a forbidden action does nothing.
        batch: largest batch in gymnasium's ``action_space``, see ``StreamEnvironment``.
        debug: whether to record every action in ``history``.

    Example:
        >>> from bandits.streaming.problem import CURRENT, Advance, Pull, Store
        >>> from environments import Stream
        >>> import numpy as np
        >>> environment = Stream([0.2, 0.9], horizon=100, memory=1)
        >>> environment.begin(environment.draw(np.random.default_rng(0)))
        >>> for action in (Pull(CURRENT, 10, True), Store(0), Advance(), Pull(CURRENT, 10, True)):
        ...     reward, feedback = environment.transition(action)
        ...
        >>> environment.clock, feedback[1]
        (20, 10)
    """

    def __init__(
        self,
        means: Sequence[float] | Component = "mixed",
        n_arms: int | None = None,
        horizon: int = 10_000,
        memory: int = 1,
        order: str = "random",
        passes: int = 1,
        between: str = "fixed",
        rewards: str = "bernoulli",
        sigma: float = 0.5,
        illegal: str = "error",
        batch: int = 1,
        debug: bool = False,
    ) -> None:
        self.order = one_of("order", order, ORDERS)
        self.means = means
        self._law: Means | None = None
        self._given = np.empty(0)
        if isinstance(means, str | Mapping | Means):
            self._law = MEANS.build(means, "means", of=Means)
            if n_arms is None:
                raise ValueError(f"n_arms must be given, a whole number >= 1, with means={shown(means)}, got None")
        else:
            self.means = reals("means", means, 0.0, 1.0, closed="both")
            if n_arms is not None and integer("n_arms", n_arms) != len(self.means):
                raise ValueError(
                    f"n_arms must be the number of means, {len(self.means)}, or left out, got {shown(n_arms)}"
                )
            n_arms = integer("number of means", len(self.means))
            self._given = np.array(self.means)
        super().__init__(n_arms, horizon, memory, passes, between, rewards, sigma, illegal, batch, debug)

    def _support(self) -> tuple[float, tuple[float, float]]:
        if self._law is not None:
            return self._law.support
        best = float(self._given.max())
        return float(self._given.min()), (best, best)

    def _means_of(self, rng: np.random.Generator) -> Array:
        means = self._given if self._law is None else self._law.draw(rng, self.n_arms)
        return arranged(means, self.order, rng)
