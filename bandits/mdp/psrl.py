"""Posterior sampling: play the best policy of a model drawn from the posterior, until the epoch ends.

Every row of transition probabilities is drawn from Dirichlet(alpha + counts), and the model is solved by damped value
iteration. Two rules end an epoch that began at step ``t_k``:

* "tsde" (Ouyang et al.): before step t when ``t > t_k + T_{k-1}``, the length of the epoch before (0 at first), and as
  soon as some count exceeds twice its value at ``t_k`` (from 0 to 1 does);
* "doubling": as UCRL2's (``epochs``). It can lock a bad sample in, for epochs that grow exponentially.

Reference: Y. Ouyang, M. Gagrani, A. Nayyar, R. Jain, *Learning Unknown Markov Decision Processes: A Thompson Sampling
Approach*, NIPS 2017 (recalled). Its theorem is on the Bayesian regret: the mean over processes drawn from the prior.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from bandits.arguments import one_of, positive
from bandits.contract import Assumption, Bound, Instance
from bandits.kernels import kernel
from bandits.mdp.average import moved, needed_rewards, reward_at
from bandits.mdp.dirichlet import dirichlet_rows
from bandits.mdp.epochs import Counts, PlanningPolicy, doubled, note, play_until_doubled
from bandits.mdp.extended import damped_value_iteration
from bandits.mdp.model import Ints
from bandits.mdp.problem import AverageRewardProblem, Steps
from bandits.mdp.theory import AverageRewardInstance, average_bound

PRECISION, SWEEPS = 1e-6, 200_000
"""Of solving a sampled model: the span at which it stops, and the most sweeps."""


@kernel
def _record(counts: Counts, state: int, action: int, reward: float, following: int) -> bool:
    note(counts, state, action, reward, following)
    return bool(counts.visits[state, action] > 2 * counts.before[state, action])


@kernel
def _is_doubled(counts: Counts, state: int, action: int) -> bool:
    return doubled(counts, state, action)


@kernel
def _stretch(
    steps: Steps, done: int, end: int, state: int, actions: Ints, policy: Ints, counts: Counts
) -> tuple[int, int, bool]:
    """Play until the step ``end`` of a block, or until a count has grown too much: how far, where, and whether so."""
    grown = False
    while done < end and not grown:
        action = policy[state]
        following = moved(steps, done, state, action)
        note(counts, state, action, reward_at(steps, done, state, action), following)
        grown = counts.visits[state, action] > 2 * counts.before[state, action]
        actions[done] = action
        state, done = following, done + 1
    return done, state, grown


class PSRL(PlanningPolicy):
    """Posterior sampling with one of two rules for the end of an epoch. It needs the mean rewards.

    Args:
        epochs: "tsde" or "doubling".
        alpha: weight of each next state in the prior, > 0.

    Attributes:
        plans: number of models drawn in this run.
    """

    def __init__(self, epochs: str = "tsde", alpha: float = 1.0) -> None:
        self.epochs = one_of("epochs", epochs, ("tsde", "doubling"))
        self.alpha = positive("alpha", alpha)

    def begin(self, problem: AverageRewardProblem) -> None:
        self._rewards = needed_rewards(self, problem)
        self._begun, self._last = 1, 1  # the first step of this epoch and the last one it may have
        self._grown = False

    def plan(self) -> None:
        model = dirichlet_rows(self._counts.moves + self.alpha, self._rng)
        self._policy = damped_value_iteration(self._rewards, model, PRECISION, SWEEPS)
        self._last = 2 * self._t - self._begun  # t_k + T_{k-1}
        self._begun, self._grown = self._t, False

    def over(self, state: int) -> bool:
        if self.epochs == "doubling":
            return _is_doubled(self._counts, state, self._policy[state])
        return self._grown or self._t > self._last

    def record(self, state: int, action: int, reward: float, following: int) -> None:
        self._grown |= _record(self._counts, state, action, reward, following)

    def stretch(self, steps: Steps, done: int, state: int, actions: Ints) -> tuple[int, int]:
        if self.epochs == "doubling":
            return play_until_doubled(steps, done, state, actions, self._policy, self._counts)
        end = min(len(actions), done + self._last - self._t + 1)
        done, state, self._grown = _stretch(steps, done, end, state, actions, self._policy, self._counts)
        return done, state

    def regret_bounds(self, problem: AverageRewardProblem, instance: Instance) -> Sequence[Bound]:
        """Order ``sp S sqrt(A t)`` of "tsde", on the Bayesian regret: grey on a fixed process."""
        if not isinstance(instance, AverageRewardInstance) or self.epochs == "doubling":
            return ()
        scale, actions = instance.span * problem.n_states, problem.n_actions
        return (
            average_bound(
                "TSDE order",
                "order",
                lambda t: scale * np.sqrt(actions * t),
                "Ouyang, Gagrani, Nayyar, Jain 2017 (recalled; the constant is a convention)",
                instance,
                (Assumption("the process is drawn from the prior (Bayesian regret)", False),),
            ),
        )
