"""Policies for arms on a stream: all arms are stored unseen, then a policy for arms plays the slots.

With memory for all arms this is the ordinary bandit problem, the reference that shows what a short memory costs.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np

from bandits.arguments import flag, shown
from bandits.arms.policy import ArmsPolicy, look_at
from bandits.arms.problem import Actions, BanditProblem, Blocks
from bandits.contract import Bound, Instance, Playable, Policy
from bandits.offers import offers
from bandits.registry import POLICIES, Component
from bandits.streaming.policy import check_answer
from bandits.streaming.problem import Action, Advance, Feedback, Pull, Store, StreamProblem, View
from bandits.streaming.theory import StreamInstance
from bandits.watch import reset_within


class OfflineAdapter(Policy[StreamProblem, View, Action, Feedback]):
    """A policy for arms, played on the stored arms; arm ``i`` is the ``i``-th to arrive, in slot ``i``.

    Args:
        policy: a policy for arms with bandit feedback: its registered name or ``module:Class``, ``{name: ...,
            parameters: {...}}``, or an object.
        first_m: whether to play the first arms only where the memory cannot hold all.
    """

    plays: ClassVar[tuple[type[StreamProblem], ...]] = (StreamProblem,)

    def __init__(self, policy: Component, first_m: bool = False) -> None:
        self.policy = policy
        self.first_m = flag("first_m", first_m)
        self._inner: Policy[Any, Any, int, float] = POLICIES.build(policy, "policy", Policy, BanditProblem)
        if not issubclass(BanditProblem, self._inner.plays):
            raise ValueError(f"policy must play arms with bandit feedback, got {shown(policy)}")

    def reset(self, problem: StreamProblem, rng: np.random.Generator) -> None:
        """Prepare to store all arms and play them.

        Raises:
            ValueError: the memory cannot hold all arms and ``first_m`` is not set, or what the policy for arms refuses.
        """
        arms = stored(problem, self.first_m)
        reset_within(self._inner, _arms(problem, arms), rng)
        self._loading = load(arms)
        self._step, self._memory = 0, problem.memory
        self._chosen: Action | None = None

    def choose(self, observation: View | None) -> Action:
        loading = self._step < len(self._loading)
        self._chosen = action = self._loading[self._step] if loading else Pull(self._inner.choose(0))
        return action

    def update(self, observation: View | None, action: Action, feedback: Feedback) -> None:
        """Go on storing arms, or learn from a single pull.

        Raises:
            ValueError, RuntimeError: what ``check_answer`` refuses; nothing has changed then.
        """
        action, feedback = check_answer(self._chosen, action, feedback, self._memory)
        if isinstance(action, Pull) and feedback is not None:
            self._inner.update(0, action.where, feedback[0])
        else:
            self._step += 1
        self._chosen = None

    def leap(self, environment: Playable[Any, Any, Any], most: int) -> int:
        """Store the arms, which takes no time, then play the slots, compiled where both sides can."""
        while self._step < len(self._loading):
            environment.transition(self._loading[self._step])
            self._step += 1
        if not offers(environment, Blocks) or not isinstance(self._inner, ArmsPolicy):
            return 0
        block = environment.block(most)
        actions: Actions = np.empty(len(block.noise), dtype=np.int64)
        self._inner.play(block, actions)
        environment.absorb(actions)
        look_at(self, block, actions)
        return len(actions)

    def regret_bounds(self, problem: StreamProblem, instance: Instance) -> Sequence[Bound]:
        """The bounds of the policy for arms, where all arms are stored."""
        if not isinstance(instance, StreamInstance) or problem.memory < problem.n_arms:
            return ()
        return self._inner.regret_bounds(_arms(problem, problem.n_arms), instance)


def _arms(problem: StreamProblem, arms: int) -> BanditProblem:
    return BanditProblem(
        n_actions=arms, horizon=problem.horizon, low=problem.low, high=problem.high, noise=problem.noise
    )


def stored(problem: StreamProblem, first_m: bool) -> int:
    """Number of arms to store: all, or as many as there is room for.

    Raises:
        ValueError: the memory cannot hold all arms and ``first_m`` is not set.
    """
    arms, memory = problem.n_arms, problem.memory
    if memory < arms and not first_m:
        raise ValueError(
            f"all {arms} arms must be stored, but the memory holds {memory}; set first_m to play the first {memory}"
        )
    return min(arms, memory)


def load(arms: int) -> list[Action]:
    """The actions that store the first ``arms`` arms in the slots of their numbers."""
    actions: list[Action] = [step for slot in range(arms) for step in (Store(slot), Advance())]
    return actions[:-1]
