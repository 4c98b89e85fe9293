"""A class of policies on contexts, with groups: every group follows a policy of its own.

Each round shows one of finitely many contexts, uniform at random; each group has a target policy, drawn from the class
once a run or once for all runs. In a round of one group, the target's action costs 1 with probability ``noise``, any
other action with probability ``1 - noise``; where groups meet, with the average of their probabilities. All costs are
on the tape.

The class is that of all disjunctions of boolean features (context ``x`` and policy ``A`` are sets of features, written
as numbers in binary, and the action is 1 where they meet), or a table. The ``2^d`` disjunctions are told apart by the
``d`` contexts with a single feature, ``1, 2, 4, ...``: a small separator.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from gymnasium import spaces
from numpy.typing import NDArray

from bandits.arguments import check_seed, integer, real, within
from bandits.contract import Array
from bandits.groupwise.policy_class import PolicyClass, table_of
from bandits.groupwise.problem import ALWAYS_ON, Mask, PolicyClassProblem, Round
from environments.groupwise.attributes import check_attributes, draw_groups, group_names
from environments.groupwise.environment import GroupedEnvironment, expected_loss
from environments.groupwise.instance import ContextsInstance

ATTRIBUTES = {"region": {"north": 0.5, "south": 0.3, "east": 0.2}, "age": {"young": 0.4, "old": 0.6}}


class Situations(NamedTuple):
    """A run's tape.

    Attributes:
        groups: [horizon, n_groups].
        contexts: [horizon] by number.
        costs: [horizon, n_actions] in {0, 1}.
    """

    groups: Mask
    contexts: NDArray[np.int64]
    costs: Array


def disjunctions(features: int) -> list[list[int]]:
    """The table [2^features][2^features] of all disjunctions: 1 where policy and context share a feature."""
    sets = np.arange(2**features)
    table: list[list[int]] = ((sets[:, None] & sets[None, :]) > 0).astype(np.int64).tolist()
    return table


class GroupedContexts(GroupedEnvironment[Any, Array, Situations]):
    """Contexts, actions and a finite class of policies; the feedback are the rewards [n_actions], minus the costs.

    The observation's context is the number of the context. An action is one of the actions, or a distribution
    [n_actions] over them, charged at its expected cost.

    Args:
        features: number of boolean features of the disjunctions, 1 to 8.
        policies: [n_policies][n_contexts] table of actions, below a million, in place of the disjunctions, at least two
            policies; None for these.
        noise: probability that an action's cost is not what the group's target policy says, in [0, 0.5].
        attributes: for each attribute, the probability of each of its values, which are the groups' names.
        horizon: number of rounds.
        instance_seed: seed of the groups' target policies; None to draw them anew in every run.
        report_groups: names of the groups whose regret is reported; None for all.
    """

    def __init__(
        self,
        features: int = 5,
        policies: Sequence[Sequence[int]] | None = None,
        noise: float = 0.2,
        attributes: Mapping[str, Mapping[str, float]] = ATTRIBUTES,
        horizon: int = 10_000,
        instance_seed: int | None = None,
        report_groups: Sequence[str] | None = None,
    ) -> None:
        self.features = integer("features", features, 1, 8)
        self.policies = None if policies is None else table_of(policies)
        self.noise = real("noise", noise, 0.0, 0.5, closed="both")
        self.attributes = check_attributes(attributes)
        self.instance_seed = None if instance_seed is None else check_seed("instance_seed", instance_seed)
        self._class = PolicyClass(disjunctions(features) if self.policies is None else self.policies)
        table = self._class.table
        problem = PolicyClassProblem(
            n_actions=int(table.max()) + 1,
            policies=tuple(map(tuple, table.tolist())),
            horizon=integer("horizon", horizon),
            low=-1.0,
            high=0.0,
            groups=(*group_names(self.attributes), ALWAYS_ON),
        )
        super().__init__(problem, report_groups, problem.n_actions * len(problem.groups))
        last = float(table.shape[1] - 1)
        self._n_actions = problem.n_actions
        self.action_space = spaces.Discrete(problem.n_actions)
        self.observation_space = spaces.Tuple(
            (spaces.Box(0.0, last, (1,), np.float64), spaces.MultiBinary(len(problem.groups)))
        )

    def draw(self, rng: np.random.Generator) -> Situations:
        groups = draw_groups(rng, self.attributes, self.horizon)
        source = rng if self.instance_seed is None else np.random.default_rng(self.instance_seed)
        table, K = self._class.table, self._n_actions
        targets = table[source.integers(len(table), size=groups.shape[1] - 1)]  # [n_groups, n_contexts]
        contexts = rng.integers(table.shape[1], size=self.horizon)
        wrong = targets[:, contexts, None] != np.arange(K)  # [n_groups, horizon, n_actions]
        means = np.where(wrong, 1.0 - self.noise, self.noise)
        level = np.einsum("tg,gtk->tk", groups[:, :-1], means) / groups[:, :-1].sum(axis=1, keepdims=True)
        return Situations(groups, contexts, (rng.random(level.shape) < level).astype(np.float64))

    def check_tape(self, tape: Situations) -> None:
        within("groups of tape", tape.groups, 0, 1)
        within("contexts of tape", tape.contexts, 0, self._class.table.shape[1] - 1)
        within("costs of tape", tape.costs, 0.0, 1.0)

    def begin(self, tape: Situations) -> None:
        self._tape = tape
        self._open(tape.groups, ContextsInstance, policies=self._class, contexts=tape.contexts, costs=tape.costs)

    def limits(self, times: NDArray[np.int64]) -> Mapping[str, Array]:
        """Of a group that has all rounds; costs are 0 or 1, and no policy need have the best action of a context."""
        most = times * float(self._n_actions > 1)
        return {name: np.array([-most, most]) for name, _ in self._reported}

    def observe(self) -> Round:
        now = min(self.clock, self.horizon - 1)
        return Round(np.array([float(self._tape.contexts[now])]), self._groups[now].copy())

    def transition(self, action: Any) -> tuple[float, Array]:
        self.check_running()
        costs = self._tape.costs[self.clock]
        loss = expected_loss(action, costs)
        self._charge(loss)
        return -loss, -costs
