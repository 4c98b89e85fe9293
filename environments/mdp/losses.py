"""Losses by name, fixed for all episodes before the first one, with the process in which they are met."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from bandits.arguments import affordable, check_seed, floats, integer, real
from bandits.contract import Array
from bandits.mdp.model import Ints, Model
from bandits.mdp.tables import Table, checked_law, checked_table
from bandits.registry import Component, Registry
from environments.mdp.models import Tables, start_law, tables_of


@dataclass(frozen=True, eq=False)
class Schedule:
    """Which table of losses is met in which episode, and where.

    Attributes:
        model: transitions, of 1 or H stages.
        start: law [S] of the first state.
        losses: different tables [n, H, S, A], in [0, 1].
        first: numbers of the tables of the first episodes.
        cycle: numbers of the tables after these, again and again.
        period: episodes that each number of the cycle stands for.
        features: [S, A, d], or None.

    Raises:
        ValueError: losses of another shape, or outside [0, 1]: which table, in which episode first, which cell.
    """

    model: Model
    start: Array
    losses: Array
    cycle: tuple[int, ...]
    first: tuple[int, ...] = ()
    period: int = 1
    features: Array | None = None

    def __post_init__(self) -> None:
        shape = (self.model.n_states, self.model.n_actions)
        if self.losses.ndim != 4 or self.losses.shape[2:] != shape or 0 in self.losses.shape:
            raise ValueError(
                f"losses must be tables [episodes, stages, {shape[0]}, {shape[1]}], got shape {self.losses.shape}"
            )
        outside = ~((self.losses >= 0.0) & (self.losses <= 1.0))
        if outside.any():
            table, stage, state, action = np.argwhere(outside)[0].tolist()
            found = float(self.losses[table, stage, state, action])
            raise ValueError(
                f"losses must lie in [0, 1], got {found!r} in episode {self._first_episode(table) + 1}, at stage "
                f"{stage}, state {state}, action {action}: shift and scale all losses, regret scales with them"
            )
        if self.features is not None and (self.features.ndim != 3 or self.features.shape[:2] != shape):
            raise ValueError(f"features must have the shape {[*shape, 'd']}, got {list(self.features.shape)}")
        integer("period", self.period)

    def _first_episode(self, table: int) -> int:
        if table in self.first:
            return self.first.index(table)
        return len(self.first) + self.cycle.index(table) * self.period

    def at(self, episode: int) -> int:
        """The number of the table of an episode, which count from 0."""
        if episode < len(self.first):
            return self.first[episode]
        return self.cycle[(episode - len(self.first)) // self.period % len(self.cycle)]

    def counts(self, times: NDArray[np.int64]) -> Ints:
        """How often [n_times, n] each table is met in so many episodes."""
        n, head = len(self.losses), len(self.first)
        counts = np.zeros((len(times), n), dtype=np.int64)
        for place, table in enumerate(self.first):
            counts[:, table] += times > place
        later = np.maximum(times - head, 0)
        turns, rest = np.divmod(later, len(self.cycle) * self.period)
        for place, table in enumerate(self.cycle):
            counts[:, table] += turns * self.period + np.clip(rest - place * self.period, 0, self.period)
        return counts


class Losses(ABC):
    """Losses of all episodes by name. What is wrong with their parameters is told when they are made."""

    def __post_init__(self) -> None:
        self.schedule()

    @abstractmethod
    def schedule(self) -> Schedule:
        """Their numbers."""


def _tables_of(model: Component | None) -> Tables:
    """Those of a model; of a garnet of 5 states where none is given."""
    garnet = {"name": "garnet", "parameters": {"n_states": 5, "n_actions": 3, "branching": 3, "seed": 3}}
    return tables_of(garnet if model is None else model)


def _base_and_pattern(seed: int, n_stages: int, model: Model) -> tuple[Array, Array]:
    """Base losses in [.25, .75] and signs, [H, S, A] each, drawn in this order."""
    rng, shape = np.random.default_rng(check_seed("seed", seed)), (n_stages, model.n_states, model.n_actions)
    affordable("n_stages", f"losses {list(shape)}", 8 * n_stages * model.n_states * model.n_actions)
    base = 0.25 + 0.5 * rng.random(shape)
    return base, rng.choice([-1.0, 1.0], size=shape)


@dataclass(frozen=True)
class Switching(Losses):
    """Base losses plus ``amplitude`` times a pattern of signs, which turns around every ``period`` episodes (derived).

    Args:
        model: as of ``EpisodicMDP``; its rewards are not used. None for a garnet of 5 states.
        n_stages: H, >= 1.
        amplitude: in [0, .25].
        period: episodes, >= 1.
        seed: of base and pattern.
    """

    model: Component | None = None
    n_stages: int = 4
    amplitude: float = 0.25
    period: int = 250
    seed: int = 103

    def schedule(self) -> Schedule:
        tables, amplitude = _tables_of(self.model), real("amplitude", self.amplitude, 0.0, 0.25, closed="both")
        base, pattern = _base_and_pattern(self.seed, integer("n_stages", self.n_stages), tables.model)
        losses = np.array([base + amplitude * pattern, base - amplitude * pattern])
        return Schedule(tables.model, tables.start, losses, (0, 1), period=self.period)


@dataclass(frozen=True)
class Alternating(Losses):
    """The leader is always wrong: a pattern of signs at a quarter first, then in turn at minus and plus a half.

    A classical idea; the numbers are this project's. Whoever plays what was best so far has linear regret.

    Args:
        model: as of ``EpisodicMDP``; its rewards are not used. None for a garnet of 5 states.
        n_stages: H, >= 1.
        seed: of the pattern, drawn as for ``Switching``.
    """

    model: Component | None = None
    n_stages: int = 4
    seed: int = 103

    def schedule(self) -> Schedule:
        tables = _tables_of(self.model)
        _, pattern = _base_and_pattern(self.seed, integer("n_stages", self.n_stages), tables.model)
        losses = np.array([0.5 + 0.25 * pattern, 0.5 - 0.5 * pattern, 0.5 + 0.5 * pattern])
        return Schedule(tables.model, tables.start, losses, (1, 2), (0,))


@dataclass(frozen=True)
class Aggregated(Losses):
    """States and actions are mixtures of ``dimension`` kinds, which decide next states and losses (derived).

    So Q-functions are linear in the features, the shares of the kinds. ``numpy.random.default_rng(seed)`` draws the
    features (Dirichlet .3), the next states of a kind (Dirichlet .7), the law of the first state, base losses in
    [.3, .7] of stages and kinds, and a pattern of signs, which turns around every ``period`` episodes.

    Args:
        n_states: S, >= 1.
        n_actions: A, >= 1.
        dimension: d, >= 1.
        n_stages: H, >= 1.
        amplitude: of the pattern, in [0, .3].
        period: episodes, >= 1.
        seed: of all numbers.
    """

    n_states: int = 6
    n_actions: int = 4
    dimension: int = 3
    n_stages: int = 3
    amplitude: float = 0.3
    period: int = 250
    seed: int = 5

    def schedule(self) -> Schedule:
        rng, d = np.random.default_rng(check_seed("seed", self.seed)), integer("dimension", self.dimension)
        S, A, H = integer("n_states", self.n_states), integer("n_actions", self.n_actions), self.n_stages
        wanted = S * A * max(S, d) + 4 * integer("n_stages", H) * (S * A + d)
        affordable("n_states, n_actions, n_stages or dimension", f"{S} states, {A} actions, {H} stages, {d}", wanted)
        phi = rng.dirichlet(np.full(d, 0.3), (S, A))
        mu = rng.dirichlet(np.full(S, 0.7), d)
        start = rng.dirichlet(np.ones(S))
        base = 0.3 + 0.4 * rng.random((H, d))
        pattern = real("amplitude", self.amplitude, 0.0, 0.3, closed="both") * rng.choice([-1.0, 1.0], (H, d))
        losses = np.array([phi @ (base + pattern)[h] for h in range(H)] + [phi @ (base - pattern)[h] for h in range(H)])
        model, law = Model(phi @ mu), checked_law("start", start, S).array
        return Schedule(model, law, losses.reshape(2, H, S, A), (0, 1), period=self.period, features=phi)


@dataclass(frozen=True)
class LinearBandit(Losses):
    """One state and one stage: the losses of unit vectors ``F`` along two axes in turn (derived).

    ``numpy.random.default_rng(seed)`` draws normal rows, which are normalised; the features are ``(.8 F, .6)``, the
    losses ``.5 + .35 F[:, i]``, with i = 0 and 1 in turn, ``period`` episodes each.

    Args:
        n_actions: A, >= 1.
        dimension: d, of F and a constant, >= 3.
        period: episodes, >= 1.
        seed: of all numbers.
    """

    n_actions: int = 30
    dimension: int = 5
    period: int = 500
    seed: int = 11

    def schedule(self) -> Schedule:
        A, d = integer("n_actions", self.n_actions), integer("dimension", self.dimension, 3)
        affordable("n_actions or dimension", f"{A} actions of {d} features", 4 * A * d)
        rows = np.random.default_rng(check_seed("seed", self.seed)).normal(size=(A, d - 1))
        rows /= np.linalg.norm(rows, axis=1, keepdims=True)
        features = np.hstack([0.8 * rows, np.full((A, 1), 0.6)])
        losses = (0.5 + 0.35 * rows[:, :2].T).reshape(2, 1, 1, A)
        model = Model(np.ones((1, A, 1)))
        return Schedule(model, np.ones(1), losses, (0, 1), period=self.period, features=features[None])


@dataclass(frozen=True, eq=False)
class Explicit(Losses):
    """Given tables.

    Args:
        transitions: [S, A, S], or [H, S, A, S]; see ``bandits.mdp.model.Model``, which is taken as well.
        losses: in [0, 1], [n, H, S, A], met in turn, or [H, S, A], the same always.
        start: the first state, or a law [S].
        period: episodes that each table stands for, >= 1.
        features: [S, A, d] of norms of at most 1; None for one coordinate for each state and action.
    """

    transitions: ArrayLike | Model
    losses: ArrayLike
    start: int | ArrayLike = 0
    period: int = 1
    features: ArrayLike | None = None

    def schedule(self) -> Schedule:
        model = self.transitions if isinstance(self.transitions, Model) else Model(self.transitions)
        S, given = model.n_states, self.losses.array if isinstance(self.losses, Table) else self.losses
        found = np.array(
            floats("losses must be numbers", given)
        )  # Schedule tells in which episode one is not in [0, 1]
        law = checked_law("start", start_law(S, self.start), S).array
        losses = found[None] if found.ndim in (0, 3) else found
        features = None if self.features is None else checked_table("features", self.features).array
        return Schedule(model, law, losses, tuple(range(len(losses))), period=self.period, features=features)


LOSSES = Registry(
    "source of losses",
    {
        "switching": Switching,
        "alternating": Alternating,
        "aggregated": Aggregated,
        "linear_bandit": LinearBandit,
        "table": Explicit,
    },
    base=Losses,
)
"""What ``source`` of ``AdversarialMDP`` can name; every one is a component."""
