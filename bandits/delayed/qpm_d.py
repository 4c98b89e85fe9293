"""QPM-D: a policy for arms with stochastic rewards, fed from a queue an arm.

Feedback that arrives is put at the end of the queue of its arm. To choose, as long as the queue of the arm that the
base policy asks for holds something, the base policy observes the first in it and asks again; the arm whose queue is
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
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bandits.arguments import not_owed
from bandits.arms.problem import BanditProblem
from bandits.arms.theory import STATIONARY, ArmsInstance, gaps_of, holds
from bandits.contract import Array, Bound, Instance, check_plays, no_closed_form
from bandits.copies import Copies
from bandits.delayed.policy import DelayedPolicy, Owed, base_policy
from bandits.delayed.problem import Arrivals, Delayed
from bandits.delayed.theory import BEST_ARM, DelayedInstance, oblivious, outstanding_at
from bandits.registry import Component
from bandits.strays import look_at_contexts
from bandits.watch import reset_within


class QPMD(DelayedPolicy):
    """QPM-D of Joulani, György and Szepesvári (2013): a queue of feedback for each arm.

    Without delays it plays as the base policy does, bit for bit.

    Args:
        policy: the base policy for arms with bandit feedback: a registered name or ``module:Class``,
            ``{"name": ..., "parameters": {...}}``, or an object, which is copied.

    Example:
        >>> from bandits import QPMD, BanditProblem, Delayed
        >>> from bandits.delayed.problem import Arrival
        >>> policy = QPMD("ucb1")
        >>> policy.reset(Delayed(BanditProblem(n_actions=2)), np.random.default_rng(0))
        >>> policy.choose(None)
        0
        >>> policy.update(None, 0, ())  # nothing has arrived, so UCB1 still asks for arm 0
        >>> policy.choose(None)
        0
        >>> policy.update(None, 0, (Arrival(0, 0, 1.0),))
        >>> policy.choose(None)
        1
    """

    def __init__(self, policy: Component = "ucb1") -> None:
        self.policy = policy
        self._base = base_policy(policy)

    def reset(self, problem: Delayed, rng: np.random.Generator) -> None:
        inner = problem.inner
        if not isinstance(inner, BanditProblem):
            raise ValueError(f"QPMD needs a BanditProblem with delays, got {type(inner).__name__}")
        check_plays(self._base, inner, "the problem without delays", name="policy")
        reset_within(self._base, inner, rng)
        self._queues: list[deque[float]] = [deque() for _ in range(inner.n_actions)]
        self._owed = Owed(inner)
        self._asked, self._chosen = -1, False

    def choose(self, observation: Any) -> int:
        observation = self._owed.problem.checked_observation(observation)
        look_at_contexts(self, observation)
        if self._asked < 0:
            self._asked = self._base.choose(observation)
        while queue := self._queues[self._asked]:
            self._base.update(observation, self._asked, queue.popleft())
            self._asked = self._base.choose(observation)
        self._chosen = True
        return self._asked

    def probabilities(self, observation: Any) -> Array:
        """Those of the base policy where every arm that it may ask for has an empty queue; 1 for one that it asks for.

        Raises:
            TypeError: the base policy has none, or may ask for an arm whose queue it then has to learn.
        """
        seen, asked = self._owed.problem.checked_observation(observation), self._asked
        if asked >= 0 and not self._queues[asked]:
            return self._owed.problem.distribution_of(asked)
        base, queued = self._base, [len(queue) for queue in self._queues]
        if asked >= 0:
            base = Copies(base).one()
            base.update(seen, asked, self._queues[asked][0])
            queued[asked] -= 1
        found = base.probabilities(seen)
        if not any(queued[arm] for arm in np.flatnonzero(found)):
            return found
        if base.decided:
            return self._owed.problem.distribution_of(Copies(self).one().choose(observation))
        raise no_closed_form(self, "while feedback is queued that the base policy has to learn first")

    def update(self, observation: Any, action: int, feedback: Arrivals) -> None:
        """Note that ``action`` was played, and queue what has arrived.

        Raises:
            RuntimeError: no action was chosen since the last update, or feedback is not owed; nothing has changed then.
            ValueError: no such action, or feedback that cannot be; nothing has changed then.
        """
        if not self._chosen:
            raise not_owed()
        arrivals = self._owed.settle(action, feedback)
        self._chosen = False
        self.take(arrivals)

    def take(self, arrivals: Arrivals) -> None:
        for arrival in arrivals:
            self._queues[arrival.action].append(arrival.feedback)

    def regret_bounds(self, problem: Delayed, instance: Instance) -> Sequence[Bound]:
        """Each bound of the base policy on its mean regret, plus the gaps times the most feedbacks outstanding at once.

        Derived: the outstanding feedbacks of one arm are bounded by those of all arms, which the delays alone decide.
        """
        if not isinstance(instance, DelayedInstance) or not isinstance(instance.inner, ArmsInstance):
            return ()
        gaps, outstanding = gaps_of(instance.inner), instance.outstanding
        if gaps is None or outstanding is None:
            return ()
        price = float(np.sum(gaps))
        needs = (oblivious(instance), *holds(instance.inner, STATIONARY))
        return [
            replace(
                base,
                name=f"{base.name} + delay",
                curve=partial(_queued, base, price, outstanding),
                source=f"Joulani, György, Szepesvári 2013, section 3.2 (derived), with {base.source}",
                evidence="derived" if base.evidence == "exact" else base.evidence,
                assumptions=(*base.assumptions, *(a for a in needs if a not in base.assumptions)),
            )
            for base in self._base.regret_bounds(problem.inner, instance.inner)
            if base.comparator_class in BEST_ARM and base.kind != "lower" and base.delta is None
        ]


def _queued(base: Bound, price: float, outstanding: NDArray[np.int64], t: Array) -> Array:
    return base.curve(t) + price * outstanding_at(outstanding, t)
