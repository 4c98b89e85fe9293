"""QPM-D: a policy for arms with stochastic rewards, fed from a queue an arm.

Feedback that arrives is put at the end of the queue of its arm. To choose, as long as the queue of the arm that the
base policy asks for holds something, the base policy is told the first in it and asks again; the arm whose queue is
empty is played. So the base policy plays an undelayed problem, each of its rounds in turn.

Reference: P. Joulani, A. György, C. Szepesvári, *Online Learning under Delayed Feedback*, ICML 2013, section 3.2
(algorithm and theorem from recall; the derivation below is ours and needs nothing else).

When arm ``i`` is played in round ``s``, its queue is empty, so all its earlier plays but the ``G_i(s)`` outstanding
ones are known to the base policy, which has asked at most ``s`` times. Hence the plays of ``i`` up to round ``t`` are
at most the base policy's among its first ``t``, plus ``max_{s <= t} G_i(s)``, and with independent rewards of fixed
means

    E R(t) <= E R_base(t) + sum_i gap_i E max_{s <= t} G_i(s).
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any, ClassVar

import numpy as np

from bandits.arms.theory import STATIONARY, gaps_of, holds
from bandits.contract import Array, Bound, Policy, Problem, check_accepts
from bandits.delayed.arrivals import Arrivals, Owed, build, oblivious, outstanding, undelayed


class QPMD(Policy[Any, int, Arrivals]):
    """QPM-D of Joulani, György and Szepesvári (2013): a queue of feedback for each arm.

    Without delays it plays as the base policy does, bit for bit.

    Args:
        policy: the base policy for arms with bandit feedback: a registered name, ``module:Class``, or an object, which
            is copied.
        parameters: its constructor's arguments, with a name.

    Example:
        >>> from bandits.delayed.arrivals import Arrival
        >>> policy = QPMD("ucb1")
        >>> policy.reset(Problem("arms", "delayed-bandit", n_actions=2), np.random.default_rng(0))
        >>> policy.choose(None)
        0
        >>> policy.update(None, 0, ())  # nothing has arrived, so UCB1 still asks for arm 0
        >>> policy.choose(None)
        0
        >>> policy.update(None, 0, (Arrival(0, 0, 1.0),))
        >>> policy.choose(None)
        1
    """

    accepts: ClassVar[frozenset[tuple[str, str]]] = frozenset(
        {("arms", "delayed-bandit"), ("contextual", "delayed-bandit")}
    )

    def __init__(
        self, policy: str | Policy[Any, int, Any] = "ucb1", parameters: Mapping[str, Any] | None = None
    ) -> None:
        self.policy, self.parameters = policy, parameters
        self._base: Policy[Any, int, Any] = build(policy, parameters, frozenset({("arms", "delayed-bandit")}))

    def reset(self, problem: Problem, rng: np.random.Generator) -> None:
        told = undelayed(problem)
        check_accepts(self._base, told, "the problem without delays")
        self._base.reset(told, rng)
        self._queues: list[deque[float]] = [deque() for _ in range(problem.n_actions)]
        self._owed = Owed(problem.n_actions)
        self._asked, self._chosen = -1, False

    def choose(self, observation: Any) -> int:
        if self._asked < 0:
            self._asked = self._base.choose(observation)
        while queue := self._queues[self._asked]:
            self._base.update(observation, self._asked, queue.popleft())
            self._asked = self._base.choose(observation)
        self._chosen = True
        return self._asked

    def update(self, observation: Any, action: int, feedback: Arrivals) -> None:
        """Note that ``action`` was played, and queue what has arrived.

        Raises:
            RuntimeError: no action was chosen since the last update.
            ValueError: no such action, or feedback that is not owed; nothing has changed then.
        """
        if not self._chosen:
            raise RuntimeError("update must follow choose, once: no action was chosen since the last update")
        self._owed.settle(action, feedback)
        self._chosen = False
        for arrival in feedback:
            self._queues[arrival.action].append(arrival.feedback)

    def regret_bounds(self, problem: Problem, facts: Mapping[str, Any]) -> Sequence[Bound]:
        """Each bound of the base policy, plus the gaps times the most feedbacks outstanding at once.

        Derived: the outstanding feedbacks of one arm are bounded by those of all arms, which the delays alone decide.
        """
        gaps = gaps_of(facts)
        if gaps is None or "outstanding" not in facts:
            return ()
        price = float(np.sum(gaps))
        needs = (oblivious(facts), *holds(facts, STATIONARY))
        return [
            replace(
                base,
                name=f"{base.name} + delay",
                curve=partial(_queued, base, price, facts),
                source=f"Joulani, György, Szepesvári 2013, section 3.2 (derived), with {base.source}",
                assumptions=(*base.assumptions, *(a for a in needs if a not in base.assumptions)),
            )
            for base in self._base.regret_bounds(undelayed(problem), facts)
            if base.against == "fixed" and base.kind != "lower"
        ]


def _queued(base: Bound, price: float, facts: Mapping[str, Any], t: Array) -> Array:
    return base.curve(t) + price * outstanding(facts, t)
