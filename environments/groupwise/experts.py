"""A finite class of hypotheses with groups: every group likes hypotheses of its own.

Each group has mean losses of its own for every hypothesis, drawn once a run or once for all runs; the mean of a round
is the average over its groups, and losses are Bernoulli of that mean. All means and losses are on the tape. The class
is finite and shown in full, so that learners which enumerate it can play.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from gymnasium import spaces
from numpy.typing import NDArray

from bandits.arguments import check_seed, integer, within
from bandits.contract import Array
from bandits.groupwise.policy_class import MOST_ACTIONS
from bandits.groupwise.problem import ALWAYS_ON, ExpertsProblem, Mask, Round
from environments.arms.tables import ahead
from environments.groupwise.attributes import check_attributes, draw_groups, draw_losses, group_names
from environments.groupwise.environment import GroupedEnvironment, expected_loss
from environments.groupwise.instance import ExpertsInstance

ATTRIBUTES = {"shape": {"circle": 0.5, "square": 0.3, "triangle": 0.2}, "colour": {"green": 0.6, "red": 0.4}}


class Losses(NamedTuple):
    """A run's tape.

    Attributes:
        groups: [horizon, n_groups].
        losses: [horizon, n_hypotheses] in {0, 1}.
    """

    groups: Mask
    losses: Array


class GroupedExperts(GroupedEnvironment[Any, Array, Losses]):
    """A finite class with groups; the feedback are the rewards [n_hypotheses] of all hypotheses, minus their losses.

    An action is a hypothesis, or a distribution [n_hypotheses] over them, charged at its expected loss.

    Args:
        hypotheses: size of the class, in 1..1,000,000.
        attributes: for each attribute, the probability of each of its values, which are the groups' names.
        horizon: number of rounds.
        instance_seed: seed of the groups' mean losses; None to draw them anew in every run.
        report_groups: names of the groups whose regret is reported; None for all.
    """

    def __init__(
        self,
        hypotheses: int = 50,
        attributes: Mapping[str, Mapping[str, float]] = ATTRIBUTES,
        horizon: int = 10_000,
        instance_seed: int | None = None,
        report_groups: Sequence[str] | None = None,
    ) -> None:
        self.hypotheses = integer("hypotheses", hypotheses, most=MOST_ACTIONS)
        self.attributes = check_attributes(attributes)
        self.instance_seed = None if instance_seed is None else check_seed("instance_seed", instance_seed)
        names = (*group_names(self.attributes), ALWAYS_ON)
        rounds = integer("horizon", horizon)
        problem = ExpertsProblem(n_actions=hypotheses, horizon=rounds, low=-1.0, high=0.0, groups=names)
        super().__init__(problem, report_groups, self.hypotheses)
        self.action_space = spaces.Discrete(hypotheses)
        self.observation_space = spaces.Tuple((spaces.Box(0.0, 1.0, (0,), np.float64), spaces.MultiBinary(len(names))))

    def draw(self, rng: np.random.Generator) -> Losses:
        groups = draw_groups(rng, self.attributes, self.horizon)
        return Losses(groups, draw_losses(rng, groups, self.hypotheses, self.instance_seed))

    def check_tape(self, tape: Losses) -> None:
        within("groups of tape", tape.groups, 0, 1)
        within("losses of tape", tape.losses, 0.0, 1.0)

    def begin(self, tape: Losses) -> None:
        self._tape = tape
        self._open(tape.groups, ExpertsInstance, losses=tape.losses)

    def limits(self, times: NDArray[np.int64]) -> Mapping[str, Array]:
        """Of a group that has all rounds; losses are 0 or 1, the best hypothesis is one of many (see ``ahead``)."""
        ends = np.array([-ahead(times, self.hypotheses), times * (self.hypotheses > 1)], dtype=np.float64)
        return {name: ends for name, _ in self._reported}

    def observe(self) -> Round:
        return Round(np.empty(0), self._groups[min(self.clock, self.horizon - 1)].copy())

    def transition(self, action: Any) -> tuple[float, Array]:
        self.check_running()
        losses = self._tape.losses[self.clock]
        loss = expected_loss(action, losses)
        self._charge(loss)
        return -loss, -losses
