"""UCRL2: optimism over all models within an L1 distance of the frequencies.

In the epoch that begins at step ``t_k``, with ``n = max(1, N(s, a))``, plan over all laws within

    d(s, a) = sqrt(14 S ln(2 A t_k / delta) / n)

of the frequencies, by extended value iteration of precision ``1 / sqrt(t_k)``. Epochs end by doubling (``epochs``).
Rewards that are not told get the upper bound ``min(1, mean + sqrt(7 ln(2 S A t_k / delta) / (2 n)))``. The logarithms
are of steps, not of epochs.

Reference: T. Jaksch, R. Ortner, P. Auer, *Near-optimal Regret Bounds for Reinforcement Learning*, JMLR 11, 2010,
Figure 1 and Theorem 2 (recalled; the constants as in public code).
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from bandits.arguments import probability, real
from bandits.contract import Array, Bound, Instance
from bandits.mdp.epochs import DoublingPolicy
from bandits.mdp.extended import extended_value_iteration
from bandits.mdp.problem import AverageRewardProblem
from bandits.mdp.theory import AverageRewardInstance, average_bound, diameter_of, unscaled


class UCRL2(DoublingPolicy):
    """UCRL2 of Jaksch, Ortner and Auer (2010).

    Args:
        delta: probability in (0, 1) with which the confidence sets may fail.
        bonus_scale: factor of all radii, >= 0; 1 is the theorem's.

    Attributes:
        plans: number of epochs begun in this run.

    Example:
        >>> import numpy as np
        >>> from bandits.mdp.problem import AverageRewardProblem, Step
        >>> policy = UCRL2()
        >>> problem = AverageRewardProblem(n_states=2, n_actions=2, rewards=[[0.1, 0.0], [1.0, 1.0]])
        >>> policy.reset(problem, np.random.default_rng(0))
        >>> action = policy.choose(0)
        >>> policy.update(0, action, Step(0.1, 0))
        >>> policy.plans
        1
    """

    decided = True

    def __init__(self, delta: float = 0.05, bonus_scale: float = 1.0) -> None:
        self.delta = probability("delta", delta)
        self.bonus_scale = real("bonus_scale", bonus_scale, 0.0, closed="low")

    def plan(self) -> None:
        n = np.maximum(1, self._counts.visits)
        log = math.log(2.0 * self._n_actions * self._t / self.delta)
        radii = self.bonus_scale * np.sqrt(14.0 * self._n_states * log / n)
        rewards, precision = self._rewards(n), 1.0 / math.sqrt(self._t)
        found = extended_value_iteration("l1", rewards, self._estimate, radii[:, :, None], precision)
        self._policy = found.policy

    def _rewards(self, n: Array) -> Array:
        if self._problem.rewards is not None:
            return self._problem.rewards.array
        log = math.log(2.0 * self._n_states * self._n_actions * self._t / self.delta)
        upper = self._counts.paid[0] / n + self.bonus_scale * np.sqrt(7.0 * log / (2.0 * n))
        return np.where(self._counts.visits > 0, np.minimum(1.0, upper), 1.0)

    def regret_bounds(self, problem: AverageRewardProblem, instance: Instance) -> Sequence[Bound]:
        """Theorem 2: ``34 D S sqrt(A t ln(t / delta))`` with probability at least ``1 - delta``, at all times t > 1."""
        if not isinstance(instance, AverageRewardInstance) or (diameter := diameter_of(instance)) is None:
            return ()
        scale, actions, delta = 34.0 * diameter * problem.n_states, problem.n_actions, self.delta
        return (
            average_bound(
                "UCRL2 bound",
                "upper",
                lambda t: scale * np.sqrt(actions * t * np.log(t / delta)),
                "Jaksch, Ortner, Auer 2010, Theorem 2 (constants from memory)",
                instance,
                (instance.finite_diameter, unscaled(self.bonus_scale)),
                delta=delta,
            ),
        )
