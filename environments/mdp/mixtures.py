"""Mixtures of Markov decision processes by name: one of several models is hidden during an episode."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike

from bandits.arguments import affordable, flag, integer, is_list, real, shown
from bandits.contract import Array
from bandits.mdp.histories import Contexts, HistoryTree
from bandits.mdp.model import Model
from bandits.mdp.planning import largest_totals
from bandits.mdp.tables import checked_law, checked_rewards, checked_table
from bandits.registry import Component, Registry
from environments.mdp.models import start_law


@dataclass(frozen=True, eq=False)
class Mixture:
    """Several Markov decision processes, of which one is drawn in each episode.

    Attributes:
        models: transitions [n_contexts], of one stage each.
        rewards: [n_contexts, n_states, n_actions], deterministic, in [0, 1]; an episode earns at most 1.
        weights: probabilities [n_contexts] of the contexts, > 0.
        starts: laws [n_contexts, n_states] of the first state.
        n_stages: steps of an episode.

    Raises:
        ValueError: parts that do not fit together, or an episode that can earn more than 1: how much, and where.
    """

    models: Sequence[Model]
    rewards: Array
    weights: Array
    starts: Array
    n_stages: int

    def __post_init__(self) -> None:
        n, shape = len(self.models), (self.models[0].n_states, self.models[0].n_actions)
        HistoryTree(*shape, integer("n_stages", self.n_stages), 1, forced=True)  # before any of it is worked out
        for context, model in enumerate(self.models):
            if (found := (model.n_states, model.n_actions)) != shape or model.n_stages > 1:
                raise ValueError(
                    f"transitions[{context}] must have {shape[0]} states, {shape[1]} actions and one stage, as those "
                    f"of context 0, got {found[0]}, {found[1]} and {model.n_stages}"
                )
        affordable("n_states", f"{n} tables of {shape[0]} states", n * shape[0] * shape[0] * shape[1])
        object.__setattr__(self, "rewards", checked_rewards("rewards", self.rewards, ((n, *shape),)).array)
        weights = checked_law("weights", self.weights, n).array
        if not (weights > 0.0).all():
            raise ValueError(f"weights must be above 0, got {shown(weights.tolist())}: leave the context out")
        object.__setattr__(self, "weights", weights)
        laws = [checked_law(f"starts[{m}]", law, shape[0]).array for m, law in enumerate(self.starts)]
        if len(laws) != n:
            raise ValueError(f"starts must be {n} laws, one a context, got {len(laws)}")
        object.__setattr__(self, "starts", np.array(laws))
        for context, (_, most) in enumerate(self.totals):
            if most > 1.0 + 1e-12:
                raise ValueError(
                    f"rewards must sum to at most 1 in an episode, got {most!r} in context {context} over "
                    f"{self.n_stages} stages: divide all rewards by the largest sum, regret scales with them"
                )

    @property
    def contexts(self) -> Contexts:
        """As the planners take them."""
        transitions = np.concatenate([model.dense() for model in self.models])
        return Contexts(self.weights[:, None] * self.starts, transitions, np.ascontiguousarray(self.rewards))

    @cached_property
    def totals(self) -> Sequence[tuple[float, float]]:
        """The least and the most that an episode can earn, over paths of positive probability, for each context."""
        found = []
        for model, rewards, start in zip(self.models, self.rewards, self.starts, strict=True):
            least = -largest_totals(model, -rewards, self.n_stages)[0][start > 0.0]
            most = largest_totals(model, rewards, self.n_stages)[0][start > 0.0]
            found.append((float(least.min()), float(most.max())))
        return found


class HiddenContexts(ABC):
    """A mixture by name. What is wrong with its parameters is told when it is made."""

    def __post_init__(self) -> None:
        self.mixture()

    @abstractmethod
    def mixture(self) -> Mixture:
        """Its numbers."""


@dataclass(frozen=True, eq=False)
class Explicit(HiddenContexts):
    """Given tables.

    Args:
        transitions: [M, S, A, S], one table a context, or a list of models of one stage.
        rewards: [M, S, A] in [0, 1]; an episode earns at most 1.
        n_stages: H, steps of an episode.
        weights: [M] probabilities of the contexts, > 0; None for equal ones.
        start: the first state, or a law [S], or laws [M, S] of each context.
    """

    transitions: ArrayLike | Sequence[Model]
    rewards: ArrayLike
    n_stages: int
    weights: Sequence[float] | None = None
    start: int | ArrayLike = 0

    def mixture(self) -> Mixture:
        if not is_list(self.transitions) or len(self.transitions) == 0:
            raise ValueError(f"transitions must be one table a context, got {shown(self.transitions)}")
        models, n = [_model(m, given) for m, given in enumerate(self.transitions)], len(self.transitions)
        weights = np.full(n, 1.0 / n) if self.weights is None else checked_table("weights", self.weights).array
        law, S = start_law(models[0].n_states, self.start), models[0].n_states
        if law.ndim == 2 and len(law) != n:
            raise ValueError(f"start must be {n} laws, one a context, or one for all, got {len(law)}")
        laws = [checked_law(f"start[{m}]", row, S).array for m, row in enumerate(law)] if law.ndim == 2 else []
        starts = np.array(laws or [checked_law("start", law, S).array] * n)
        return Mixture(models, checked_table("rewards", self.rewards).array, weights, starts, self.n_stages)


def _model(context: int, given: object) -> Model:
    if isinstance(given, Model):
        return given
    try:
        return Model(given)  # type: ignore[arg-type]
    except ValueError as error:
        raise ValueError(f"context {context}: {error}") from error


@dataclass(frozen=True)
class Signal(HiddenContexts):
    """Every step shows a noisy signal of the context, which is to be named: two contexts, two actions.

    From the first state, 0, and from everywhere else any action leads to state 1 with probability ``q`` in context 0
    and ``1 - q`` in context 1, else to state 2. There the action that is the context's number earns ``1 / (H - 1)``.

    Args:
        q: how far signals are right, in [0, 1].
        n_stages: H >= 2.
    """

    q: float = 0.7
    n_stages: int = 4

    def mixture(self) -> Mixture:
        q, n_stages = real("q", self.q, 0.0, 1.0, closed="both"), integer("n_stages", self.n_stages, 2)
        transitions, rewards = np.zeros((2, 3, 2, 3)), np.zeros((2, 3, 2))
        for m, right in enumerate((q, 1.0 - q)):
            transitions[m, :, :, 1], transitions[m, :, :, 2] = right, 1.0 - right
            rewards[m, 1:, m] = 1.0 / (n_stages - 1)
        return Explicit(transitions, rewards, n_stages).mixture()


@dataclass(frozen=True)
class Treasure(HiddenContexts):
    """A treasure is left or right, and looking gives a hint: two contexts, actions left, right, look (derived).

    Looking leads to hint state 1 (left) or 2 (right), the right one with probability ``q``. Going left or right ends
    the episode (state 3), with reward 1 where the treasure is.

    Args:
        q: how far hints are right, in [0, 1].
        n_stages: H >= 1.
        weight: probability that the treasure is left, in (0, 1).
    """

    q: float = 0.7
    n_stages: int = 4
    weight: float = 0.5

    def mixture(self) -> Mixture:
        q, weight = real("q", self.q, 0.0, 1.0, closed="both"), real("weight", self.weight, 0.0, 1.0)
        transitions, rewards = np.zeros((2, 4, 3, 4)), np.zeros((2, 4, 3))
        transitions[:, :, :2, 3] = transitions[:, 3, 2, 3] = 1.0
        for m in range(2):
            transitions[m, :3, 2, 1 + m], transitions[m, :3, 2, 2 - m] = q, 1.0 - q
            rewards[m, :3, m] = 1.0
        return Explicit(transitions, rewards, self.n_stages, [weight, 1.0 - weight]).mixture()


@dataclass(frozen=True)
class BanditMixture(HiddenContexts):
    """One arm pays ``1 / H`` a step throughout an episode, which one is the context (derived in this project).

    Hidden, there is one state and nothing is learned before the episode is over. Shown, the state says whether the last
    step paid: state 1, else (and first) 0.

    Args:
        n_stages: H >= 1.
        revealed: whether the last reward is put into the state.
        n_arms: number of arms and contexts, >= 1.
    """

    n_stages: int = 5
    revealed: bool = False
    n_arms: int = 2

    def mixture(self) -> Mixture:
        n, n_stages = integer("n_arms", self.n_arms, 1, 100), integer("n_stages", self.n_stages)
        states = 2 if flag("revealed", self.revealed) else 1
        transitions, rewards = np.zeros((n, states, n, states)), np.zeros((n, states, n))
        transitions[:, :, :, 0] = 1.0
        for m in range(n):
            rewards[m, :, m] = 1.0 / n_stages
            transitions[m, :, m, 0], transitions[m, :, m, -1] = 0.0, 1.0
        return Explicit(transitions, rewards, n_stages).mixture()


MIXTURES = Registry(
    "mixture", {"table": Explicit, "signal": Signal, "treasure": Treasure, "bandit_mixture": BanditMixture}
)
"""What ``mixture`` of ``LatentMDP`` can name; every one is a component."""


def mixture_of(mixture: Component) -> Mixture:
    """The numbers of a component of ``MIXTURES``, of an object of that kind, or of a ``Mixture`` itself."""
    if isinstance(mixture, Mixture):
        return mixture
    built: HiddenContexts = MIXTURES.build(mixture, "mixture", of=HiddenContexts)
    return built.mixture()
