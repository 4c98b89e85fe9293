"""BOLD: a pool of copies of one policy, each of which waits for its own feedback.

In each round a copy that waits for nothing chooses; where all wait, a new copy is made. Feedback goes to the copy that
chose. So every copy plays an undelayed problem on rounds of its own; with a constant delay ``d`` these are ``d + 1``
interleaved runs.

Reference: P. Joulani, A. György, C. Szepesvári, *Online Learning under Delayed Feedback*, ICML 2013, section 3.1
(algorithm and theorem from recall; the derivation below is ours and needs nothing else).

The number of copies after ``t`` rounds is ``m = 1 + max_{s <= t} G(s)``, with ``G(s)`` feedbacks outstanding when the
action of round ``s`` is chosen. Delays that do not depend on the actions decide which copy has which rounds. With a
base bound ``f`` that is concave, and ``n_j`` rounds of copy ``j``,

    E R(t) <= sum_j f(n_j) <= m f(t / m).
"""

from __future__ import annotations

import copy
import heapq
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bandits.arguments import not_owed
from bandits.arms.problem import ActionsProblem
from bandits.contract import Array, Bound, Instance, Policy, check_plays
from bandits.delayed.policy import DelayedPolicy, Owed, base_policy
from bandits.delayed.problem import Arrivals, Delayed
from bandits.delayed.theory import BEST_ARM, DelayedInstance, concave, oblivious, outstanding_at
from bandits.registry import Component
from bandits.strays import look_at_contexts
from bandits.watch import reset_within


class BOLD(DelayedPolicy):
    """BOLD of Joulani, György and Szepesvári (2013): a pool of copies of a base policy.

    Without delays it plays as the base policy does, bit for bit. The first copy draws from the policy's generator, each
    further one from a generator spawned of it. Of the free copies the first made chooses. Where the problem tells a
    constant delay ``d``, each copy is told its share of the horizon, ``T / (d + 1)`` rounded up, else the whole.

    Args:
        policy: the base policy, for arms with or without contexts: a registered name or ``module:Class``,
            ``{"name": ..., "parameters": {...}}``, or an object, which is copied.
    """

    def __init__(self, policy: Component = "tsallis_inf") -> None:
        self.policy = policy
        self._base = base_policy(policy)

    def reset(self, problem: Delayed, rng: np.random.Generator) -> None:
        told = _share(problem)
        check_plays(self._base, told, "the problem without delays", name="policy")
        copy.deepcopy(self._base).reset(told, np.random.default_rng(0))  # what it refuses, it refuses now
        self._told, self._rng, self._owed = told, rng, Owed(told)
        self._pool: list[Policy[Any, Any, int, Any]] = []
        self._free: list[int] = []
        self._waiting: dict[int, tuple[int, Any]] = {}

    def choose(self, observation: Any) -> int:
        """The action of a copy that waits for nothing.

        Raises:
            RuntimeError: the last action was not followed by ``update``.
        """
        if self._owed.round in self._waiting:
            raise RuntimeError("choose must be followed by update: the copy that chose the last action is waiting")
        observation = self._told.checked_observation(observation)
        look_at_contexts(self, observation)
        action = self._first_free().choose(observation)
        self._waiting[self._owed.round] = heapq.heappop(self._free), copy.copy(observation)
        return action

    def probabilities(self, observation: Any) -> Array:
        """Those of the copy of the base policy that chooses next.

        Raises:
            RuntimeError: the last action was not followed by ``update``.
            TypeError: the base policy has none.
        """
        if self._owed.round in self._waiting:
            raise RuntimeError("choose must be followed by update: the copy that chose the last action is waiting")
        if self._free:
            return self._pool[self._free[0]].probabilities(observation)
        fresh = copy.deepcopy(self._base)
        reset_within(fresh, self._told, np.random.default_rng(0))
        return fresh.probabilities(observation)

    def _first_free(self) -> Policy[Any, Any, int, Any]:
        """The first made of the copies that wait for nothing; it is made if there is none."""
        if not self._free:
            self._free.append(len(self._pool))
            self._pool.append(copy.deepcopy(self._base))
            reset_within(self._pool[-1], self._told, self._rng if len(self._pool) == 1 else self._rng.spawn(1)[0])
        return self._pool[self._free[0]]

    def update(self, observation: Any, action: int, feedback: Arrivals) -> None:
        """Pass on what has arrived.

        Raises:
            RuntimeError: no action was chosen since the last update, or feedback is not owed; nothing has changed then.
            ValueError: no such action, or feedback that cannot be; nothing has changed then.
        """
        if self._owed.round not in self._waiting:
            raise not_owed()
        self.take(self._owed.settle(action, feedback))

    def take(self, arrivals: Arrivals) -> None:
        for arrival in arrivals:
            waiting, seen = self._waiting.pop(arrival.time)
            self._pool[waiting].update(seen, arrival.action, arrival.feedback)
            heapq.heappush(self._free, waiting)

    def release(self, time: int) -> None:
        """The copy that waits for the feedback of round ``time`` is free and has learned nothing."""
        waiting, _ = self._waiting.pop(time)
        heapq.heappush(self._free, waiting)

    def regret_bounds(self, problem: Delayed, instance: Instance) -> Sequence[Bound]:
        """Each bound ``f`` of the base policy that holds at any time, as ``m f(t / m)`` with ``m`` copies."""
        if not isinstance(instance, DelayedInstance) or instance.outstanding is None:
            return ()
        told = _share(problem)
        return [
            replace(
                base,
                name=f"{base.name}, pooled",
                curve=partial(_pooled, base, instance.outstanding),
                source=f"Joulani, György, Szepesvári 2013, section 3.1 (derived), with {base.source}",
                evidence="derived" if base.evidence == "exact" else base.evidence,
                assumptions=(*base.assumptions, oblivious(instance), concave(base, told.horizon or 1)),
            )
            for base in self._base.regret_bounds(told, instance.inner)
            if base.comparator_class in BEST_ARM
            and base.time != "at the horizon"
            and base.kind != "lower"
            and base.delta is None
        ]


def _share(problem: Delayed) -> ActionsProblem:
    """What each copy is told.

    Raises:
        ValueError: the problem without delays is not about finitely many actions.
    """
    inner = problem.inner
    if not isinstance(inner, ActionsProblem):
        raise ValueError(f"BOLD needs an ActionsProblem with delays, got {type(inner).__name__}")
    if problem.delay is None or problem.horizon is None:
        return inner
    return replace(inner, horizon=-(-problem.horizon // (problem.delay + 1)))


def _pooled(base: Bound, outstanding: NDArray[np.int64], t: Array) -> Array:
    copies = 1.0 + outstanding_at(outstanding, t)
    return copies * base.curve(t / copies)
