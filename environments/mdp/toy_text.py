"""Gymnasium's environments that expose their table ``P`` of transitions, such as the toy-text ones, read into a model.

What is read is what ``step`` plays, so these things are heeded: an outcome that ends the episode leads to an end, even
where the table goes on from there (``CliffWalking``, ``Taxi``); one next state may be listed more than once, with
different rewards (``CliffWalkingSlippery``); outcomes of probability 0 are none (``success_rate=1.0``).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import gymnasium
import numpy as np

from bandits.arguments import one_of, shown
from bandits.contract import Array
from bandits.mdp.model import Model
from environments.mdp.models import MDP, Tables

Outcome = tuple[float, int, float, bool]
"""Probability, next state, reward, and whether the episode ends."""


@dataclass(frozen=True)
class Gymnasium(MDP):
    """A Markov decision process of gymnasium, with states, actions and first state as there.

    Rewards are shifted and scaled into [0, 1]: those of the table are ``shift + scale`` times ours (see ``Tables``),
    with ``shift`` the lowest and ``scale`` the range of the rewards and 0, which an end pays. So a sum over H steps is
    there ``H shift + scale`` times the sum here. The mean reward of a state and action is over all its outcomes.

    A state that a run can both end in and pass through gets a twin after all others, which is the end; what no run
    enters counts for nothing.

    The number of stages is the limit of time that gymnasium registers, where there is one: ``FrozenLake-v1`` with
    ``map_name="8x8"`` and ``FrozenLake8x8-v1`` share a map and differ in that.

    Args:
        id: of a registered environment that exposes ``P`` and ``initial_state_distrib``.
        arguments: of ``gymnasium.make``; None for none.
        ends: "absorb": an end stays where it is, at the reward 0; "restart": from an end every action leads to the
            first state, at the reward 0, which makes episodes one life.

    Raises:
        ValueError: no such environment, arguments that it does not take, or one whose table is missing or is not what
            it plays.

    Example:
        >>> lake = Gymnasium("FrozenLake-v1").tables()
        >>> lake.model.n_states, lake.n_stages, lake.model.row(0, 0)[0]
        (16, 100, array([0, 4]))
    """

    id: str
    arguments: Mapping[str, Any] | None = None
    ends: str = "absorb"

    def __post_init__(self) -> None:
        one_of("ends", self.ends, ("absorb", "restart"))
        if not isinstance(self.arguments, Mapping | None):
            raise ValueError(f"arguments must be a mapping of names to values, or absent, got {shown(self.arguments)}")
        object.__setattr__(self, "_tables", self._read())

    def tables(self) -> Tables:
        found: Tables = vars(self)["_tables"]
        return found

    def _read(self) -> Tables:
        environment = self._made()
        table: Any = environment.unwrapped.P  # type: ignore[attr-defined]
        limit = None if environment.spec is None else environment.spec.max_episode_steps
        law = np.asarray(environment.unwrapped.initial_state_distrib, dtype=np.float64)  # type: ignore[attr-defined]
        environment.close()
        if len(counts := {len(table[s]) for s in range(len(table))}) != 1:
            raise ValueError(f"the table of {self.id} must have the same actions in all states, got {sorted(counts)}")
        outcomes = [[_possible(table[s][a]) for a in range(len(table[s]))] for s in range(len(table))]
        return _tables(outcomes, law / law.sum(), self.ends == "restart", limit)

    def _made(self) -> gymnasium.Env[Any, Any]:
        if not isinstance(self.id, str):
            raise ValueError(
                f"id must be that of an environment of gymnasium, such as FrozenLake-v1, got {shown(self.id)}"
            )
        try:
            environment: gymnasium.Env[Any, Any] = gymnasium.make(self.id, **(self.arguments or {}))
        except (gymnasium.error.Error, TypeError, ValueError, KeyError, AttributeError) as error:
            raise ValueError(
                "id must be that of an environment of gymnasium, and arguments what it takes, got "
                f"{shown(self.id)} and {shown(dict(self.arguments or {}))}: {str(error)[:300]}"
            ) from error
        inner = environment.unwrapped
        if not all(hasattr(inner, name) for name in ("P", "initial_state_distrib")):
            raise ValueError(
                f"id must be that of an environment which exposes P and initial_state_distrib, such as FrozenLake-v1, "
                f"CliffWalking-v1, CliffWalkingSlippery-v1 and Taxi-v4, got {shown(self.id)}"
            )
        if getattr(inner, "fickle_passenger", False):
            raise ValueError(
                f"fickle_passenger must be false, got true: the table of {self.id} says nothing of passengers who "
                "change their minds, while its step knows them"
            )
        if environment.spec is not None and environment.spec.additional_wrappers:
            raise ValueError(f"id must be that of an environment without wrappers of its own, got {shown(self.id)}")
        return environment


def _possible(outcomes: Sequence[Any]) -> list[Outcome]:
    return [(float(p), int(s), float(r), bool(end)) for p, s, r, end in outcomes if p > 0.0]


def _passed(outcomes: list[list[list[Outcome]]], first: list[int]) -> set[int]:
    """The states in which a run that begins in one of the ``first`` can be while it is not over."""
    passed, waiting = set(first), list(first)
    while waiting:
        for _, to, _, end in (one for row in outcomes[waiting.pop()] for one in row):
            if not end and to not in passed:
                passed.add(to)
                waiting.append(to)
    return passed


def _tables(outcomes: list[list[list[Outcome]]], law: Array, restart: bool, limit: int | None) -> Tables:
    """The model of what is listed [n_states][n_actions], whose ends stay or lead to a first state."""
    n, n_actions = len(outcomes), len(outcomes[0])
    listed = [(s, one) for s, rows in enumerate(outcomes) for row in rows for one in row]
    ends = {to for _, (_, to, _, end) in listed if end}
    passed = _passed(outcomes, np.flatnonzero(law).tolist())
    twin = {state: n + i for i, state in enumerate(sorted(ends & passed))}
    over = (ends - passed) | set(twin.values())
    size = n + len(twin)
    start = np.append(law, np.zeros(len(twin)))
    paid = [r for _, (_, _, r, _) in listed]
    low, high = min(0.0, *paid), max(0.0, *paid)
    scale = high - low or 1.0
    starts, states, shares, rewards = [0], list[int](), list[float](), np.full((size, n_actions), -low / scale)
    for state in range(size):
        for action in range(n_actions):
            if state in over:
                to = np.flatnonzero(start).tolist() if restart else [state]
                states += to
                shares += start[to].tolist() if restart else [1.0]
            else:
                row = outcomes[state][action]
                states += [twin.get(to, to) if end else to for _, to, _, end in row]
                shares += [p for p, _, _, _ in row]
                mean = sum(p * r for p, _, r, _ in row) / sum(p for p, _, _, _ in row)
                rewards[state, action] = min(max((mean - low) / scale, 0.0), 1.0)
            starts.append(len(states))
    model = Model.sparse(np.array(starts), np.array(states), np.array(shares), size, n_actions)
    return Tables(model, rewards, start, limit, shift=low, scale=scale, limited=True)
