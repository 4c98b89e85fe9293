"""Finite Markov decision processes by name: transitions, mean rewards, first state."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from bandits.arguments import flag, integer, is_list, probability, real, shown
from bandits.contract import Array
from bandits.mdp.model import Model
from bandits.mdp.tables import checked_law, checked_rewards, checked_table
from bandits.registry import Component, Registry


@dataclass(frozen=True, eq=False)
class Tables:
    """A finite Markov decision process in numbers.

    Attributes:
        model: transitions, of 1 or ``n_stages`` stages.
        rewards: mean rewards in [0, 1], [n_states, n_actions] or [n_stages, n_states, n_actions].
        start: law [n_states] of the first state.
        n_stages: steps of an episode where the process says so, as it does by tables for each stage, else None.
        hard: whether it is an instance from the proof of the lower bound on average rewards.
        allow_multichain: whether it may be one life although its gain depends on the first state.
        shift: where rewards were brought into [0, 1], what they were before is ``shift + scale`` times these.
        scale: see ``shift``.
        limited: whether ``n_stages`` is a limit of time from outside, after which the process would go on.
    """

    model: Model
    rewards: Array
    start: Array
    n_stages: int | None = None
    hard: bool = False
    allow_multichain: bool = False
    shift: float = 0.0
    scale: float = 1.0
    limited: bool = False

    def __post_init__(self) -> None:
        shape, stages = (self.model.n_states, self.model.n_actions), self.model.n_stages
        if stages > 1:
            if self.n_stages not in (None, stages):
                raise ValueError(f"n_stages must be {stages}, as transitions have so many, got {shown(self.n_stages)}")
            object.__setattr__(self, "n_stages", stages)
        shapes = (shape,) if self.n_stages is None else (shape, (self.n_stages, *shape))
        object.__setattr__(self, "rewards", checked_rewards("rewards", self.rewards, shapes).array)
        object.__setattr__(self, "start", checked_law("start", self.start, shape[0]).array)

    @property
    def own_stages(self) -> bool:
        """Whether each stage has transitions, or rewards, of its own."""
        return self.model.n_stages > 1 or self.rewards.ndim == 3


class MDP(ABC):
    """A finite Markov decision process by name."""

    @abstractmethod
    def tables(self) -> Tables:
        """Its numbers; costly where there are many states."""


def first_state(n_states: int, state: int = 0) -> Array:
    """The law [n_states] of a fixed first state."""
    law = np.zeros(n_states)
    law[integer("start", state, 0, n_states - 1)] = 1.0
    return law


def start_law(n_states: int, start: int | ArrayLike) -> Array:
    """The law of a first state that is given by its number; of a list of probabilities, or of laws, these."""
    return checked_table("start", start).array if is_list(start) else first_state(n_states, start)  # type: ignore[arg-type]


@dataclass(frozen=True, eq=False)
class Explicit(MDP):
    """Given tables.

    Args:
        transitions: [S, A, S], or [H, S, A, S]; see ``bandits.mdp.model.Model``, which is taken as well.
        rewards: mean rewards in [0, 1], [S, A] or [H, S, A].
        start: the first state, or a law [S].
        n_stages: steps of an episode, where they are the process's own; None for those of tables for each stage.
        allow_multichain: take it for one life even where the reward in the long run depends on the first state: then
            the gain from there is that of a linear programme, without gaps, and no bound speaks of it.
    """

    transitions: ArrayLike | Model
    rewards: ArrayLike
    start: int | ArrayLike = 0
    n_stages: int | None = None
    allow_multichain: bool = False

    def __post_init__(self) -> None:
        flag("allow_multichain", self.allow_multichain)
        if self.n_stages is not None:
            integer("n_stages", self.n_stages)
        model = self.transitions if isinstance(self.transitions, Model) else Model(self.transitions)
        rewards = checked_table("rewards", self.rewards).array
        n_stages = len(rewards) if self.n_stages is None and rewards.ndim == 3 else self.n_stages
        law = start_law(model.n_states, self.start)
        made = Tables(model, rewards, law, n_stages, allow_multichain=self.allow_multichain)
        object.__setattr__(self, "_tables", made)

    def tables(self) -> Tables:
        found: Tables = vars(self)["_tables"]
        return found


@dataclass(frozen=True)
class Toggle(MDP):
    """Two states: staying pays a little, leaving is rewarded on the other side (derived in this project).

    Action 0 stays in state 0 (and leaves with probability ``slip``), action 1 leaves it with probability ``p``; in
    state 1 action 0 returns with probability ``q``, action 1 surely. Rewards: ``(ra, 0)`` and ``(rb, rb)``.
    """

    p: float = 0.2
    q: float = 0.3
    ra: float = 0.1
    rb: float = 1.0
    slip: float = 0.0

    def __post_init__(self) -> None:
        probability("p", self.p)
        for name in ("q", "ra", "rb", "slip"):
            real(name, getattr(self, name), 0.0, 1.0, closed="both")

    def tables(self) -> Tables:
        moves = [[[1.0 - self.slip, self.slip], [1.0 - self.p, self.p]], [[self.q, 1.0 - self.q], [1.0, 0.0]]]
        return Tables(Model(moves), np.array([[self.ra, 0.0], [self.rb, self.rb]]), first_state(2))


MODELS = Registry(
    "model",
    {
        "table": Explicit,
        "toggle": Toggle,
        "riverswim": "environments.mdp.chains:RiverSwim",
        "jump_riverswim": "environments.mdp.chains:JumpRiverSwim",
        "jao": "environments.mdp.chains:JAO",
        "sixarms": "environments.mdp.chains:SixArms",
        "fourrooms": "environments.mdp.rooms:FourRooms",
        "gymnasium": "environments.mdp.toy_text:Gymnasium",
        "garnet": "environments.mdp.garnet:Garnet",
        "deepsea": "environments.mdp.deepsea:DeepSea",
        "lock": "environments.mdp.lock:Lock",
    },
)
"""What ``model`` of the environments can name; every one is a component."""


def tables_of(model: Component) -> Tables:
    """The numbers of a component of ``MODELS``, of an object of that kind, or of ``Tables`` themselves."""
    if isinstance(model, Tables):
        return model
    built: MDP = MODELS.build(model, "model", of=MDP)
    return built.tables()
