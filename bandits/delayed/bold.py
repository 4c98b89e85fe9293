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
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any, ClassVar

import numpy as np

from bandits.contract import Array, Assumption, Bound, Policy, Problem, check_accepts
from bandits.delayed.arrivals import Arrivals, Owed, build, oblivious, outstanding, undelayed


class BOLD(Policy[Any, int, Arrivals]):
    """BOLD of Joulani, György and Szepesvári (2013): a pool of copies of a base policy.

    Without delays it plays as the base policy does, bit for bit. The first copy draws from the policy's generator, each
    further one from a generator spawned of it. Of the free copies the first made chooses. Where the problem tells a
    constant delay ``d``, each copy is told its share of the horizon, ``T / (d + 1)`` rounded up, else the whole.

    Args:
        policy: the base policy, for arms with or without contexts: a registered name, ``module:Class``, or an object,
            which is copied.
        parameters: its constructor's arguments, with a name.
    """

    accepts: ClassVar[frozenset[tuple[str, str]]] = frozenset(
        (family, f"delayed-{feedback}") for family in ("arms", "contextual") for feedback in ("bandit", "full")
    )

    def __init__(
        self, policy: str | Policy[Any, int, Any] = "tsallis_inf", parameters: Mapping[str, Any] | None = None
    ) -> None:
        self.policy, self.parameters = policy, parameters
        self._base: Policy[Any, int, Any] = build(policy, parameters, self.accepts)

    def reset(self, problem: Problem, rng: np.random.Generator) -> None:
        self._told = _share(problem)
        check_accepts(self._base, self._told, "the problem without delays")
        self._rng, self._owed = rng, Owed(problem.n_actions)
        self._pool: list[Policy[Any, int, Any]] = []
        self._free: list[int] = []
        self._waiting: dict[int, tuple[int, Any]] = {}

    def choose(self, observation: Any) -> int:
        """The action of a copy that waits for nothing.

        Raises:
            RuntimeError: the last action was not followed by ``update``.
        """
        if self._owed.round in self._waiting:
            raise RuntimeError("choose must be followed by update: the copy that chose the last action is waiting")
        if not self._free:
            self._free.append(len(self._pool))
            self._pool.append(copy.deepcopy(self._base))
            self._pool[-1].reset(self._told, self._rng if len(self._pool) == 1 else self._rng.spawn(1)[0])
        chosen = heapq.heappop(self._free)
        self._waiting[self._owed.round] = chosen, copy.copy(observation)
        return self._pool[chosen].choose(observation)

    def update(self, observation: Any, action: int, feedback: Arrivals) -> None:
        """Pass on what has arrived.

        Raises:
            RuntimeError: no action was chosen since the last update.
            ValueError: no such action, or feedback that is not owed; nothing has changed then.
        """
        if self._owed.round not in self._waiting:
            raise RuntimeError("update must follow choose, once: no action was chosen since the last update")
        self._owed.settle(action, feedback)
        for arrival in feedback:
            waiting, seen = self._waiting.pop(arrival.time)
            self._pool[waiting].update(seen, arrival.action, arrival.feedback)
            heapq.heappush(self._free, waiting)

    def regret_bounds(self, problem: Problem, facts: Mapping[str, Any]) -> Sequence[Bound]:
        """Each bound ``f`` of the base policy that holds at any time, as ``m f(t / m)`` with ``m`` copies."""
        if "outstanding" not in facts:
            return ()
        told = _share(problem)
        return [
            replace(
                base,
                name=f"{base.name}, pooled",
                curve=partial(_pooled, base, facts),
                source=f"Joulani, György, Szepesvári 2013, section 3.1 (derived), with {base.source}",
                assumptions=(*base.assumptions, oblivious(facts), _concave(base, told.horizon or 1)),
            )
            for base in self._base.regret_bounds(told, facts)
            if base.against == "fixed" and base.anytime and base.kind != "lower"
        ]


def _share(problem: Problem) -> Problem:
    """What each copy is told."""
    told = undelayed(problem)
    if problem.delay is None or problem.horizon is None:
        return told
    return replace(told, horizon=-(-problem.horizon // (problem.delay + 1)))


def _pooled(base: Bound, facts: Mapping[str, Any], t: Array) -> Array:
    copies = 1.0 + outstanding(facts, t)
    return copies * base.curve(t / copies)


def _concave(base: Bound, horizon: int) -> Assumption:
    """Whether the base bound's increments fall, on 1000 evenly spaced times up to the horizon."""
    increments = np.diff(base.curve(np.linspace(1.0, max(horizon, 2), 1000)))
    falls = bool(np.all(np.diff(increments) <= 1e-9 * np.max(np.abs(increments))))
    return Assumption("the base policy's bound is concave in time", falls)
