"""A weighted tallying bandit with given weights and losses."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from bandits.arguments import is_list, shown
from bandits.frozen import Frozen
from bandits.registry import Component
from environments.tallying.environment import TallyingEnvironment, Tape
from environments.tallying.instance import WeightedInstance, instance_of
from environments.tallying.losses import LOSSES, Given, Loss
from environments.tallying.weights import WEIGHTS, Table, Weights


class TallyingBandit(TallyingEnvironment):
    """Actions whose mean losses are functions of the weighted number of their plays in the last ``memory`` rounds.

    Args:
        losses: [n_actions] for each action ``{"name": ..., "parameters": {...}}`` (practice, step, satiation, bump,
            constant, exactly, table: see ``environments.tallying.losses``), or in Python a function of the tally.
        memory: number of plays that count, m >= 1; may be left out where the weights are given one by one.
        weights: "uniform", "linear" or ``{"name": ..., "parameters": {...}}`` (see ``environments.tallying.weights``);
            or the weights themselves, latest play first: ``memory`` numbers, or a list of them for each action.
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
        >>> step = {"name": "step", "parameters": {"a": 1.0, "b": 0.0, "theta": 3}}
        >>> constant = {"name": "constant", "parameters": {"c": 0.5}}
        >>> environment = TallyingBandit([step, constant], memory=3, noise="none", horizon=10)
        >>> environment.begin(environment.draw(np.random.default_rng(0)))
        >>> [environment.transition(0)[0] for _ in range(4)]
        [-1.0, -1.0, 0.0, 0.0]
    """

    def __init__(
        self,
        losses: Sequence[Component | Callable[[float], float]],
        memory: int | None = None,
        weights: Component | Sequence[float] | Sequence[Sequence[float]] = "uniform",
        noise: str = "bernoulli",
        sigma: float | None = None,
        comparator: str = "auto",
        horizon: int = 10_000,
    ) -> None:
        self.losses, self.memory, self.weights = losses, memory, weights
        if not is_list(losses) or len(losses) == 0:
            raise ValueError(f"losses must be a list of at least one loss, got {shown(losses)}")
        super().__init__(len(losses), horizon, noise, sigma, comparator)
        named = isinstance(weights, str | Mapping | Weights)
        try:
            kind = WEIGHTS.build(weights, "weights", of=Weights) if named else Table(values=weights)
        except ValueError as error:
            raise error if named else ValueError(f"weights: {error}") from error
        table = kind.table(memory, len(losses))
        full = np.cumsum(table, axis=1)[:, -1]
        built: list[Loss] = [
            Given(f, loss) if callable(loss) else LOSSES.build(loss, f"losses[{x}]", full=f)
            for x, (loss, f) in enumerate(zip(losses, full.tolist(), strict=True))
        ]
        self._adopt(instance_of(Frozen(table), tuple(built)))

    def draw(self, rng: np.random.Generator) -> Tape:
        return Tape(None, rng)

    def _instance_of(self, secret: Any) -> WeightedInstance:
        return self._instance
