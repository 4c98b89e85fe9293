"""A weighted tallying bandit with given weights and losses."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from environments.tallying.instance import Instance
from environments.tallying.losses import loss_of
from environments.tallying.weights import Weights, weights_of
from environments.tallying.world import TallyingWorld, Tape


class TallyingBandit(TallyingWorld):
    """Arms whose mean losses are functions of the weighted number of their plays in the last ``memory`` rounds.

    Args:
        losses: [n_actions] for each action a mapping with ``family`` and its numbers (practice, step, satiation, bump,
            constant, exactly, table: see ``environments.tallying.losses``), or in Python a function of the tally.
        memory: number of plays that count, m >= 1; may be left out where the weights are given one by one.
        weights: weights of the plays, latest first; see ``environments.tallying.weights``.
        noise: "bernoulli" (losses 0 or 1), "gaussian" (unclipped) or "none".
        sigma: standard deviation of gaussian noise.
        comparator: what stands for the best sequence in complete policy regret: "exact" (the dynamic programme),
            "constant" (the best single action; under repeated exposure optimality within m - 1 of the best sequence),
            "steady" (rounds times the least repeated loss; likewise), or "auto": exact where it fits, else constant.
        horizon: number of rounds, >= 1.

    Raises:
        ValueError: a parameter out of its domain, a loss outside [0, 1] at an attainable tally, or the exact comparator
            above its size limit.

    Example:
        >>> import numpy as np
        >>> from environments import TallyingBandit
        >>> losses = [{"family": "step", "a": 1.0, "b": 0.0, "theta": 3}, {"family": "constant", "c": 0.5}]
        >>> world = TallyingBandit(losses, memory=3, noise="none", horizon=10)
        >>> world.begin(world.draw(np.random.default_rng(0)))
        >>> [world.transition(0)[0] for _ in range(4)]
        [-1.0, -1.0, 0.0, 0.0]
    """

    def __init__(
        self,
        losses: Sequence[Mapping[str, Any] | Callable[[float], float]],
        memory: int | None = None,
        weights: Weights = "uniform",
        noise: str = "bernoulli",
        sigma: float | None = None,
        comparator: str = "auto",
        horizon: int = 10_000,
    ) -> None:
        self.losses, self.memory, self.weights = losses, memory, weights
        super().__init__(len(losses), horizon, noise, sigma, comparator)
        table = weights_of(weights, memory, len(losses))
        full = np.cumsum(table, axis=1)[:, -1]
        built = tuple(loss_of(f"losses[{x}]", loss, float(full[x])) for x, loss in enumerate(losses))
        self._adopt(Instance(table, built))

    def draw(self, rng: np.random.Generator) -> Tape:
        return Tape(None, rng)

    def _instance_of(self, secret: Any) -> Instance:
        return self.instance
