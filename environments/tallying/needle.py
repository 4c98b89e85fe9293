"""The needle: the instances behind the lower bound ``m (K - 1) / 2`` (derived; order ``m K`` in the paper's abstract).

All losses are 1, except that one action, drawn uniformly in every run, has loss 0 when it was played in each of the
last ``m`` rounds. Before some action has been played ``m`` times in a row nothing but 1 is seen, so that every policy
must finish on average ``(K - 1) / 2`` such runs in vain.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from bandits.arguments import affordable, integer, within
from bandits.contract import Bound
from environments.tallying.environment import TallyingEnvironment, Tape, needle_bound
from environments.tallying.instance import WeightedInstance
from environments.tallying.losses import Constant, Loss, Step
from environments.tallying.tallies import Tallies


class Needle(TallyingEnvironment):
    """One good action that shows only when it is repeated. Pointwise repeated exposure optimality holds.

    Args:
        n_actions: number of actions, >= 1.
        memory: plays in a row that it takes, m >= 1.
        position: the good action; None draws it in every run.
        noise: "none" or "bernoulli" (the same here: mean losses are 0 or 1).
        horizon: number of rounds, >= 1.
    """

    def __init__(
        self,
        n_actions: int = 6,
        memory: int = 12,
        position: int | None = None,
        noise: str = "none",
        horizon: int = 3000,
    ) -> None:
        self.n_actions, self.memory = integer("n_actions", n_actions), integer("memory", memory)
        affordable("n_actions or memory", f"the weights of {n_actions} actions and {memory} plays", n_actions * memory)
        self.position = None if position is None else integer("position", position, 0, n_actions - 1)
        super().__init__(n_actions, horizon, noise, None, "constant")
        self._instances: dict[int, WeightedInstance] = {}
        self._adopt(self._instance_of(self.position or 0))

    def draw(self, rng: np.random.Generator) -> Tape:
        position = int(rng.integers(self.n_actions))
        return Tape(position if self.position is None else self.position, rng)

    def check_tape(self, tape: Tape) -> None:
        within("secret of tape", tape.secret, 0, self.n_actions - 1)

    def _instance_of(self, secret: Any) -> WeightedInstance:
        if secret not in self._instances:
            full = float(self.memory)
            losses: list[Loss] = [Constant(full, 1.0)] * self.n_actions
            losses[secret] = Step(full, 1.0, 0.0, full)
            tallies = Tallies(np.ones((self.n_actions, self.memory)), tuple(losses))
            self._instances[secret] = WeightedInstance(tallies)
        return self._instances[secret]

    def lower_bounds(self) -> Sequence[Bound]:
        """``m (K - 1) / 2`` from round ``m K`` on, in the mean over positions, for every policy."""
        return (
            Bound(
                "needle lower bound",
                "lower",
                lambda t: needle_bound(t, self.n_actions, self.memory),
                "sequence",
                "this project, see environments.tallying.needle; order m K in Malik et al. 2023, abstract",
                "derived",
            ),
        )
