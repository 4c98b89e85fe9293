"""What learners of grouped rounds are told, what they see and answer, and how blocks of rows are handed to them.

Every round belongs to some of several overlapping groups, and every group is judged against its own best model in
hindsight. What the models are, subtypes of ``GroupwiseProblem`` say.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from bandits.arguments import did_you_mean, floats, integer, number, shown, texts
from bandits.contract import Array, Problem
from bandits.groupwise.network import Network
from bandits.strays import Stray

Mask = NDArray[np.int8]

_BYTES = np.dtype(np.int8)
_NOTHING: Array = np.empty(0)

ROUNDING = 1e-6
"""So far outside, as a share of its ends, an entry of a context may be: contexts often come in single precision."""

ALWAYS_ON = "always_on"
"""Name of the group that every round belongs to; regret in it is ordinary regret."""


@dataclass(frozen=True, kw_only=True)
class GroupwiseProblem(Problem):
    """Rounds that belong to overlapping groups. The observation is a ``Round``.

    Attributes:
        groups: names of the groups, at least one and none twice.

    Raises:
        ValueError: no group, a name that comes twice, or what ``Problem`` refuses.
    """

    groups: tuple[str, ...]
    gives_context: ClassVar[bool] = False
    """Whether a round's context is looked at."""

    def checked_observation(self, observation: Any) -> Round:
        """The round, with ``context`` as floats, empty where none is looked at, and ``groups`` of the type of masks."""
        try:
            context, groups = observation.context, observation.groups
        except AttributeError:
            raise ValueError(f"the observation must be a Round(context, groups), got {observation!r}") from None
        seen = floats("the context must be finite numbers", context) if self.gives_context else _NOTHING
        return Round(seen, check_groups(groups, len(self.groups)))

    def __post_init__(self) -> None:
        super().__post_init__()
        if not self.groups or len(set(self.groups)) < len(self.groups):
            raise ValueError(f"groups must name at least one group and none twice, got {self.groups}")


@dataclass(frozen=True, kw_only=True)
class RegressionProblem(GroupwiseProblem):
    """Predict the label of a context; the reward is minus the squared error.

    The feedback is the round's label, a float. This is not the rewards of all actions, as "full" feedback is
    elsewhere: there is a prediction for every real number, and each one's reward follows from the label.

    An action is a prediction, [1] or a number, or a ``Lottery`` over predictions. ``low`` and ``high`` are of the
    rewards of predictions in [0, 1]: with ``low`` -1, labels are to lie in [0, 1]. Other predictions may cost more.

    Attributes:
        dimension: length of a context, >= 1.
        contexts: [dimension] range (low, high) of each entry of a context; empty where that is not declared.

    Raises:
        ValueError: a dimension below 1, another number of ranges, or what ``GroupwiseProblem`` refuses.

    Example:
        >>> from bandits.groupwise.problem import RegressionProblem
        >>> RegressionProblem(groups=("young", "old"), dimension=3, low=-1.0, high=0.0).dimension
        3
    """

    low: float = -1.0
    high: float = 0.0
    dimension: int
    contexts: tuple[tuple[float, float], ...] = ()
    gives_context = True
    declares_contexts = True
    reveals_rewards = True
    feedback_is_reward = False
    telling = "a label that pays some prediction in [0, 1] a reward of {}"

    def revealed(self, feedback: float) -> tuple[float, float]:
        """The rewards of the worst and of the best prediction in [0, 1] for a label."""
        smallest, largest = unit_rewards(np.array(number("the label must be a finite number", feedback)))
        return float(smallest), float(largest)

    def __post_init__(self) -> None:
        super().__post_init__()
        integer("dimension", self.dimension)
        if len(self.contexts) not in (0, self.dimension):
            raise ValueError(f"contexts must hold {self.dimension} ranges or none, got {len(self.contexts)}")

    @cached_property
    def _box(self) -> tuple[Array, Array]:
        """The ends [dimension] of what is declared of contexts, with room for rounding."""
        low, high = np.array(self.contexts, dtype=np.float64).reshape(-1, 2).T
        slack = ROUNDING * np.maximum(np.maximum(np.abs(low), np.abs(high)), high - low)
        return low - slack, high + slack

    def stray(self, contexts: Array) -> Stray | None:
        """A context of [..., dimension] with an entry outside its declared range."""
        if not self.contexts:
            return None
        low, high = self._box
        outside = (contexts < low) | (contexts > high)
        if not outside.any():
            return None
        place = tuple(int(i) for i in np.argwhere(outside)[0])
        entry, (low_end, high_end) = place[-1], self.contexts[place[-1]]
        what = f"a context with {contexts[place]:.7g} as entry {entry}, outside the range [{low_end:g}, {high_end:g}]"
        return Stray(what, self.contexts, "declare the true ranges as the problem's contexts")


def unit_rewards(labels: Array) -> tuple[Array, Array]:
    """The rewards [n] of the worst and of the best prediction in [0, 1] for labels [n]."""
    return -(np.maximum(np.abs(labels), np.abs(1.0 - labels)) ** 2), -((labels - np.clip(labels, 0.0, 1.0)) ** 2)


@dataclass(frozen=True, kw_only=True)
class ExpertsProblem(GroupwiseProblem):
    """A finite class of hypotheses, each of them an action. Full feedback: the rewards [n_actions] of all of them.

    An action is one of the hypotheses, or a distribution [n_actions] over them.

    Attributes:
        n_actions: number of hypotheses, >= 1.

    Raises:
        ValueError: ``n_actions`` below 1, or what ``GroupwiseProblem`` refuses.
    """

    n_actions: int
    reveals_rewards = True

    def __post_init__(self) -> None:
        super().__post_init__()
        integer("n_actions", self.n_actions)


@dataclass(frozen=True, kw_only=True)
class PathsProblem(GroupwiseProblem):
    """Paths through a network (``bandits.groupwise.network``). Full feedback: the rewards [n_edges] of all edges.

    An action names an outgoing edge, by position, for every node but the last, [n_nodes - 1] integers; or it is a
    ``Lottery`` over such actions. ``low`` and ``high`` are of the reward of a path, the sum of its edges'.

    Attributes:
        edges: pairs (tail, head) of node numbers, in the order of the rewards; ordered by tail.

    Raises:
        ValueError: edges that are not ordered by tail, or what ``GroupwiseProblem`` refuses.
    """

    edges: tuple[tuple[int, int], ...]
    reveals_rewards = True
    telling = "a path with a reward of {}"

    @cached_property
    def network(self) -> Network:
        """The network of the edges.

        Raises:
            ValueError: as ``Network``.
        """
        return Network(self.edges)

    def revealed(self, feedback: Array) -> tuple[float, float]:
        """The rewards of the worst and of the best path."""
        rewards = np.asarray(feedback, dtype=np.float64)
        return self.network.shortest(rewards)[1], -self.network.shortest(-rewards)[1]

    def __post_init__(self) -> None:
        super().__post_init__()
        if list(self.edges) != sorted(self.edges, key=lambda edge: edge[0]):
            raise ValueError(f"edges must be ordered by tail, got {self.edges}")


@dataclass(frozen=True, kw_only=True)
class PolicyClassProblem(GroupwiseProblem):
    """Actions in finitely many contexts, judged by a finite class of policies, maps from contexts to actions.

    The observation's context [1] is the number of the context. Full feedback: the rewards [n_actions] of all actions in
    it. An action is one of the actions, or a distribution [n_actions] over them.

    Attributes:
        n_actions: number of actions, >= 1.
        policies: [n_policies][n_contexts] the action of each policy in each context.

    Raises:
        ValueError: ``n_actions`` below 1, policies of different lengths or none, an action that does not exist, or what
            ``GroupwiseProblem`` refuses.
    """

    n_actions: int
    gives_context = True
    reveals_rewards = True
    policies: tuple[tuple[int, ...], ...]

    def __post_init__(self) -> None:
        super().__post_init__()
        integer("n_actions", self.n_actions)
        lengths = {len(policy) for policy in self.policies}
        if len(lengths) != 1 or 0 in lengths:
            raise ValueError(f"policies must give an action for each context, got numbers of actions {sorted(lengths)}")
        for action in {action for policy in self.policies for action in policy}:
            integer("policies: an action", action, 0, self.n_actions - 1)


def check_groups(groups: Any, n_groups: int) -> Mask:
    """The groups [n_groups] of a round, checked.

    Raises:
        ValueError: another shape, or other values than 0 and 1.
    """
    given: NDArray[Any] = np.asarray(groups) if isinstance(groups, np.ndarray | Sequence) else _NOTHING
    if given.dtype is _BYTES and given.shape == (n_groups,) and not given.tobytes().strip(b"\0\1"):  # the common case
        return given
    known = given.dtype.kind in "biuf" and given.shape == (n_groups,)
    if not known or np.count_nonzero(given == 1) != np.count_nonzero(given):
        raise ValueError(f"groups must be {n_groups} numbers, each 0 or 1, got {groups!r}")
    return given.astype(np.int8, copy=False)


class Round(NamedTuple):
    """What the learner sees before it decides.

    Attributes:
        context: [dimension] features; empty where the environment gives none.
        groups: [n_groups] 1 for each group that the round belongs to, else 0, in the order of ``problem.groups``.
    """

    context: Array
    groups: Mask


class Lottery(NamedTuple):
    """Plays of which one is drawn; the environment charges the expected loss.

    Attributes:
        values: [n_plays, ...] plays.
        weights: [n_plays] probabilities, >= 0 with sum 1.
    """

    values: NDArray[Any]
    weights: Array


class Lotteries(NamedTuple):
    """A lottery over predictions for each of several rounds.

    Attributes:
        values: [n, n_plays] predictions.
        weights: [n, n_plays] probabilities, >= 0 with sum 1 in each round.
    """

    values: Array
    weights: Array


class Rows(NamedTuple):
    """A block of coming rounds of a regression, for compiled policies.

    Attributes:
        contexts: [n, dimension].
        groups: [n, n_groups].
        labels: [n] revealed after each prediction.
    """

    contexts: Array
    groups: Mask
    labels: Array


class RowBlocks(Protocol):
    """An environment that can hand out blocks of rows and account for the predictions made in them."""

    clock: int

    def block(self, most: int) -> Rows:
        """The next rows, at least 1 and at most ``most`` of them."""

    def absorb(self, actions: Lotteries) -> None:
        """Account for the lotteries played in the next ``n`` rounds."""


def columns_of(
    names: Sequence[str] | None, known: Sequence[str], parameter: str = "expert_groups"
) -> NDArray[np.int64]:
    """Positions of the named groups among the known ones; of all for None.

    Raises:
        ValueError: a name that is not known or comes twice, or no name at all; the message lists those known.
    """
    chosen = list(known) if names is None else texts(parameter, names)
    position = {name: i for i, name in enumerate(known)}
    for name in chosen:
        if name not in position:
            near = did_you_mean(name, known)
            raise ValueError(f"{parameter} names the group {shown(name)}{near}; known: {', '.join(known) or 'none'}")
    return np.array([position[name] for name in chosen], dtype=np.int64)
