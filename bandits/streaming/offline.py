"""Policies for arms on a stream: all arms are stored unseen, then a policy for arms plays the slots.

With memory for all arms this is the ordinary bandit problem, the reference that shows what a short memory costs.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, ClassVar

import numpy as np

from bandits.arms.policy import Actions, ArmsPolicy, Blocks
from bandits.contract import Bound, Policy, Problem, World
from bandits.offers import offers
from bandits.registry import POLICIES
from bandits.streaming.policy import stream_of
from bandits.streaming.protocol import Action, Advance, Feedback, Pull, Store, View


class OfflineAdapter(Policy[View, Action, Feedback]):
    """A policy for arms, played on the stored arms; arm ``i`` is the ``i``-th to arrive, in slot ``i``.

    Args:
        policy: registered name, or ``module:Class``, of a policy for arms with bandit feedback.
        parameters: its constructor's arguments.
        first_m: whether to play the first arms only where the memory cannot hold all.
    """

    accepts: ClassVar[frozenset[tuple[str, str]]] = frozenset({("streaming", "bandit")})

    def __init__(self, policy: str, parameters: Mapping[str, Any] | None = None, first_m: bool = False) -> None:
        self.policy, self.parameters = policy, parameters
        self.first_m = boolean("first_m", first_m)
        self._inner: Policy[Any, int, float] = POLICIES.load(policy)(**(parameters or {}))
        if ("arms", "bandit") not in self._inner.accepts:
            raise ValueError(f"policy must play arms with bandit feedback, got {policy!r}")

    def reset(self, problem: Problem, rng: np.random.Generator) -> None:
        """Prepare to store all arms and play them.

        Raises:
            ValueError: the memory cannot hold all arms and ``first_m`` is not set.
        """
        arms = stored(problem, self.first_m)
        self._loading = load(arms)
        self._step = 0
        self._inner.reset(_arms(problem, arms), rng)

    def choose(self, observation: View | None) -> Action:
        if self._step < len(self._loading):
            return self._loading[self._step]
        return Pull(self._inner.choose(0))

    def update(self, observation: View | None, action: Action, feedback: Feedback) -> None:
        if feedback is None:
            self._step += 1
        else:
            assert type(action) is Pull
            self._inner.update(0, action.where, feedback[0])

    def advance(self, environment: World[Any, Any, Any], rounds: int) -> None:
        """Store the arms, then play the slots, compiled where both sides can."""
        end = environment.clock + rounds
        while environment.clock < end and self._step < len(self._loading):
            action = self._loading[self._step]
            environment.transition(action)
            self._step += 1
        if not offers(environment, Blocks) or not isinstance(self._inner, ArmsPolicy):
            super().advance(environment, end - environment.clock)
            return
        while environment.clock < end:
            block = environment.block(end - environment.clock)
            actions: Actions = np.empty(len(block.noise), dtype=np.int64)
            self._inner.play(block, actions)
            environment.absorb(actions)

    def regret_bounds(self, problem: Problem, facts: Mapping[str, Any]) -> Sequence[Bound]:
        """The bounds of the policy for arms, where all arms are stored."""
        arms, _ = stream_of(problem)
        if (problem.memory or 0) < arms:
            return ()
        return self._inner.regret_bounds(_arms(problem, arms), facts)


def _arms(problem: Problem, arms: int) -> Problem:
    return replace(problem, family="arms", n_actions=arms, items=None, memory=None, passes=1)


def stored(problem: Problem, first_m: bool) -> int:
    """Number of arms to store: all, or as many as there is room for.

    Raises:
        ValueError: the memory cannot hold all arms and ``first_m`` is not set.
    """
    arms, _ = stream_of(problem)
    memory = problem.memory or 0
    if memory < arms and not first_m:
        raise ValueError(
            f"all {arms} arms must be stored, but the memory holds {memory}; set first_m to play the first {memory}"
        )
    return min(arms, memory)


def load(arms: int) -> list[Action]:
    """The actions that store the first ``arms`` arms in the slots of their numbers."""
    actions: list[Action] = [step for slot in range(arms) for step in (Store(slot), Advance())]
    return actions[:-1]


def boolean(name: str, value: bool) -> bool:
    """Check that ``value`` is True or False."""
    if not isinstance(value, bool):
        raise ValueError(f"{name} must be True or False, got {value!r}")
    return value
