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

from bandits.contract import Array, Problem
from bandits.arguments import integer
from bandits.groupwise.policy import ALWAYS_ON, Mask, Round
from environments.groupwise.attributes import check_attributes, draw_groups, group_names
from environments.groupwise.world import GroupedWorld

ATTRIBUTES = {"shape": {"circle": 0.5, "square": 0.3, "triangle": 0.2}, "colour": {"green": 0.6, "red": 0.4}}


class Losses(NamedTuple):
    """A run's tape.

    Attributes:
        groups: [horizon, n_groups].
        losses: [horizon, n_hypotheses] in {0, 1}.
    """

    groups: Mask
    losses: Array


class GroupedExperts(GroupedWorld[Any, Array, Losses]):
    """A finite class with groups; the feedback are the losses [n_hypotheses] of all hypotheses.

    An action is a hypothesis, or a distribution [n_hypotheses] over them, charged at its expected loss.

    Args:
        hypotheses: size of the class, >= 1.
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
        self.hypotheses = integer("hypotheses", hypotheses)
        self.attributes = check_attributes(attributes)
        self.instance_seed = None if instance_seed is None else integer("instance_seed", instance_seed, 0)
        self.report_groups = report_groups if report_groups is None else list(report_groups)
        names = (*group_names(self.attributes), ALWAYS_ON)
        problem = Problem("finite_class", "full", hypotheses, integer("horizon", horizon), -1.0, 0.0, groups=names)
        super().__init__(problem, report_groups)
        self.action_space = spaces.Discrete(hypotheses)
        self.observation_space = spaces.Tuple((spaces.Box(0.0, 1.0, (0,), np.float64), spaces.MultiBinary(len(names))))

    def draw(self, rng: np.random.Generator) -> Losses:
        groups = draw_groups(rng, self.attributes, self.horizon)
        source = rng if self.instance_seed is None else np.random.default_rng(self.instance_seed)
        means = source.random((groups.shape[1] - 1, self.hypotheses))
        level = groups[:, :-1] @ means / groups[:, :-1].sum(axis=1, keepdims=True)
        return Losses(groups, (rng.random(level.shape) < level).astype(np.float64))

    def begin(self, tape: Losses) -> None:
        self._losses = tape.losses
        self._open(tape.groups)

    def observe(self) -> Round:
        return Round(np.empty(0), self._groups[min(self.clock, self.horizon - 1)])

    def transition(self, action: Any) -> tuple[float, Array]:
        self._check_running()
        losses = self._losses[self.clock]
        if np.ndim(action) == 0:
            if not 0 <= action < self.hypotheses:
                raise ValueError(f"action must be a hypothesis in 0..{self.hypotheses - 1}, got {action!r}")
            loss = float(losses[action])
        else:
            if np.shape(action) != losses.shape or np.any(action < 0.0) or abs(float(np.sum(action)) - 1.0) > 1e-9:
                raise ValueError(f"a distribution must hold {self.hypotheses} weights >= 0 with sum 1, got {action}")
            loss = float(action @ losses)
        self._charge(loss)
        return -loss, losses.copy()

    def _best(self, group: int, ends: NDArray[np.int64]) -> Array:
        member = self._groups[:, group] == 1
        sums = np.concatenate([np.zeros((1, self.hypotheses)), np.cumsum(self._losses[member], axis=0)])
        best: Array = sums[ends].min(axis=1)
        return best

    def _worst(self) -> Array:
        worst: Array = self._losses.max(axis=1)
        return worst
