"""MLE-LOOP in its tabular form: optimism over models of high likelihood, planned anew when the data reject the model.

Hypotheses are all transition models, and the confidence set holds those under which no pair of state and action loses
more log-likelihood against its frequencies than

    N KL(P^ || P) <= beta(N),    beta(N) = ln(S A / delta) + (S - 1) ln(e (1 + N / (S - 1))),

the radius of ``KLUCRL``. Extended value iteration finds the optimistic model, to the precision 1e-6. With the model P~
that was planned with, every pair keeps the excess loss of all its data

    X(s, a) = sum_j C_j ln(C_j / N) - sum_j C_j ln P~_j,

which changes in O(1) a step, and a new plan is made as soon as ``X(s, a) > 4 beta(N)`` for the pair just played: at
once, where it led to a state that P~ gives no probability.

The precision matters. Coarse planning, UCRL2's ``1 / sqrt(t_k)``, may stop after one sweep; a myopic policy then never
contradicts its model, no new plan is made, and the regret is linear for ever.

Reference: J. He, H. Zhong, Z. Yang, *Sample-efficient Learning of Infinite-horizon Average-reward MDPs with General
Function Approximation*, ICLR 2024 (arXiv 2404.12648). Its abstract states optimism by a confidence set, rare switches,
and the order of the regret; the body was not at hand. The set, its radius, the switching rule and the precision of this
tabular form are a reconstruction, derived in this project.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from bandits.arguments import probability, real
from bandits.contract import Array, Bound, Instance
from bandits.kernels import inlined, kernel
from bandits.mdp.average import moved, needed_rewards, reward_at
from bandits.mdp.epochs import Counts, PlanningPolicy, note
from bandits.mdp.extended import extended_value_iteration
from bandits.mdp.kl_ucrl import check_size, divergence_budget
from bandits.mdp.model import Ints
from bandits.mdp.problem import AverageRewardProblem, Steps
from bandits.mdp.theory import AverageRewardInstance, average_bound, unscaled

PRECISION = 1e-6
"""Of planning, as a span of differences."""


class Doubts(NamedTuple):
    """How far the data contradict the model.

    Attributes:
        log_model: [n_states, n_actions, n_states] logarithms of P~.
        excess: [n_states, n_actions] X.
        least: [n_states, n_actions] four times beta when the plan was made, below which no larger one is worked out.
        scale: of beta.
        log: ``ln(S A / delta)``.
    """

    log_model: Array
    excess: Array
    least: Array
    scale: float
    log: float


@inlined
def _x_log_x(n: int) -> float:
    return n * math.log(n) if n > 1 else 0.0


@inlined
def _doubt(counts: Counts, doubts: Doubts, state: int, action: int, reward: float, following: int) -> bool:
    """Take in a step; whether the data now reject the model."""
    n, led = counts.visits[state, action], counts.moves[state, action, following]
    note(counts, state, action, reward, following)
    excess = doubts.excess[state, action] + _x_log_x(led + 1) - _x_log_x(led) - _x_log_x(n + 1) + _x_log_x(n)
    doubts.excess[state, action] = excess = excess - doubts.log_model[state, action, following]
    if not excess > doubts.least[state, action]:
        return False
    others = counts.moves.shape[0] - 1
    beta = doubts.log + (others * (1.0 + math.log1p((n + 1) / others)) if others > 0 else 0.0)
    return bool(excess > 4.0 * doubts.scale * beta)


@kernel
def _record(counts: Counts, doubts: Doubts, state: int, action: int, reward: float, following: int) -> bool:
    return _doubt(counts, doubts, state, action, reward, following)


@kernel
def _stretch(
    steps: Steps, done: int, state: int, actions: Ints, policy: Ints, counts: Counts, doubts: Doubts
) -> tuple[int, int, bool]:
    rejected = False
    while done < actions.size and not rejected:
        action = policy[state]
        following = moved(steps, done, state, action)
        rejected = _doubt(counts, doubts, state, action, reward_at(steps, done, state, action), following)
        actions[done] = action
        state, done = following, done + 1
    return done, state, rejected


class LOOP(PlanningPolicy):
    """LOOP for tables (a reconstruction, see ``bandits.mdp.loop``). It needs the mean rewards.

    Args:
        delta: probability in (0, 1) with which the confidence set may fail.
        bonus_scale: factor of beta, in the set and in the test, >= 0; 1 is the theory's.

    Attributes:
        plans: number of plans made in this run.
    """

    decided = True

    def __init__(self, delta: float = 0.05, bonus_scale: float = 1.0) -> None:
        self.delta = probability("delta", delta)
        self.bonus_scale = real("bonus_scale", bonus_scale, 0.0, closed="low")

    def begin(self, problem: AverageRewardProblem) -> None:
        self._rewards, self._rejected = needed_rewards(self, problem), False
        check_size(self, problem)

    def plan(self) -> None:
        moves, visits = self._counts.moves, self._counts.visits
        n = np.maximum(1, visits)
        beta = self.bonus_scale * divergence_budget(n, self._n_states, self._n_actions, self.delta)
        found = extended_value_iteration(
            "kl", self._rewards, self._estimate, (beta / n)[:, :, None], PRECISION, keep=True
        )
        with np.errstate(divide="ignore"):
            log_model = np.log(found.model)
        data = moves * np.log(np.maximum(1, moves)) - moves * np.where(moves > 0, log_model, 0.0)
        excess = data.sum(axis=2) - visits * np.log(n)
        log = math.log(self._n_states * self._n_actions / self.delta)
        self._doubts = Doubts(log_model, excess, 4.0 * beta, self.bonus_scale, log)
        self._policy, self._rejected = found.policy, False

    def over(self, state: int) -> bool:
        return self._rejected

    def record(self, state: int, action: int, reward: float, following: int) -> None:
        if self.plans == 0:  # it learns before it was ever asked
            self._renew(state)
        self._rejected |= _record(self._counts, self._doubts, state, action, reward, following)

    def stretch(self, steps: Steps, done: int, state: int, actions: Ints) -> tuple[int, int]:
        done, state, self._rejected = _stretch(steps, done, state, actions, self._policy, self._counts, self._doubts)
        return done, state

    def regret_bounds(self, problem: AverageRewardProblem, instance: Instance) -> Sequence[Bound]:
        """Order ``sp S sqrt(A t)``: that of the paper, ``d sp sqrt(T beta)``, read for tables; a convention."""
        if not isinstance(instance, AverageRewardInstance):
            return ()
        scale, actions = instance.span * problem.n_states, problem.n_actions
        return (
            average_bound(
                "LOOP order",
                "order",
                lambda t: scale * np.sqrt(actions * t),
                "He, Zhong, Yang 2024, abstract; d and beta of the tabular class are a convention",
                instance,
                (unscaled(self.bonus_scale),),
                delta=self.delta,
            ),
        )
