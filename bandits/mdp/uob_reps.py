"""UOB-REPS: relative entropy policy search without the transitions, with upper occupancy bounds; for tiny sizes.

Transitions are known up to a box around what was seen, ``c = ln(K S A / delta)``, n = max(1, N(s, a) - 1),

    |P(s' | s, a) - p(s' | s, a)| <= 2 sqrt(p c / n) + 14 c / (3 n),

and q_k are flows in any of its models. The estimate of a loss divides by ``u(h, s) pi(a | s) + eta``, where u is the
largest probability of being in s at stage h over all models of the box. The box is made anew when the visits of a state
and action have doubled. Counts are shared over stages where the problem's transitions are; P itself is not looked at.

Reference: C. Jin, T. Jin, H. Luo, S. Sra, T. Yu, *Learning Adversarial Markov Decision Processes with Bandit Feedback
and Unknown Transition*, ICML 2020 (from memory; 2 and 14 / 3 as in public code; the rate is this project's).
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bandits.arguments import at_least_zero, positive, probability
from bandits.mdp.flows import policy_of
from bandits.mdp.losses_policy import LossesPolicy
from bandits.mdp.optimistic_flows import nearest_optimistic_flow, upper_occupancy
from bandits.mdp.problem import BanditLossProblem, Trajectory

LARGEST = 20_000
"""Of H S A S, beyond which every episode would take seconds."""


class UOBREPS(LossesPolicy):
    """Relative entropy policy search with unknown transitions, from the losses on the way.

    Args:
        delta: probability with which the box may miss the transitions, in (0, 1).
        eta: rate, > 0; None for ``sqrt(2 ln(S A) / (K S A))``.
        eta_scale: multiplies eta, > 0.
        bonus_scale: multiplies the half-widths of the box, >= 0.
    """

    def __init__(
        self, delta: float = 0.05, eta: float | None = None, eta_scale: float = 1.0, bonus_scale: float = 1.0
    ) -> None:
        self.delta = probability("delta", delta)
        self.eta = None if eta is None else positive("eta", eta)
        self.eta_scale = positive("eta_scale", eta_scale)
        self.bonus_scale = at_least_zero("bonus_scale", bonus_scale)

    def start(self, problem: BanditLossProblem) -> None:
        H, S, A = problem.n_stages, problem.n_states, problem.n_actions
        if H * S * A * S > LARGEST:
            raise ValueError(f"UOBREPS is for H S A S of at most {LARGEST}, got {H * S * A * S}: see o_reps")
        if problem.horizon is None:
            raise ValueError("UOBREPS needs a horizon: the problem has horizon=None")
        own = math.sqrt(2.0 * math.log(max(S * A, 2)) / (problem.horizon * S * A))
        self._eta = (own if self.eta is None else self.eta) * self.eta_scale
        self._log = math.log(problem.horizon * S * A / self.delta)
        self._moves = np.zeros((problem.model.n_stages, S, A, S))
        self._before = np.zeros((problem.model.n_stages, S, A))
        self._start = problem.start_law
        self._rebuild()
        base = np.full((H, S, A, S), 1.0 / (S * A * S))
        base[0] *= (self._start > 0.0)[:, None, None]
        self._flow = nearest_optimistic_flow(self._low, self._high, self._start, base, np.zeros((H, S, A)))

    def pick(self) -> NDArray[Any]:
        return policy_of(self._flow.sum(axis=3))

    def take(self, played: NDArray[Any], trajectory: Trajectory) -> None:
        stages = np.arange(len(played))
        seen = (stages, trajectory.states[:-1], trajectory.actions)
        x = np.zeros(played.shape)
        for h, s, a in zip(*seen, strict=True):
            bound = upper_occupancy(self._low, self._high, self._start, played, int(h), int(s)) * played[h, s, a]
            x[h, s, a] = self._eta * -trajectory.rewards[h] / (bound + self._eta)
        own = stages if len(self._moves) > 1 else np.zeros_like(stages)
        np.add.at(self._moves, (own, *seen[1:], trajectory.states[1:]), 1.0)
        visits = self._moves.sum(axis=3)
        if (visits - self._before >= np.maximum(1.0, self._before)).any():
            self._rebuild()
        self._flow = nearest_optimistic_flow(self._low, self._high, self._start, self._flow, x)

    def _rebuild(self) -> None:
        """The box of all that was seen."""
        self._before = visits = self._moves.sum(axis=3)
        seen = self._moves / np.maximum(1.0, visits)[..., None]
        n = np.maximum(1.0, visits - 1.0)[..., None]
        widths = self.bonus_scale * (2.0 * np.sqrt(seen * self._log / n) + 14.0 * self._log / (3.0 * n))
        widths[visits == 0.0] = 1.0
        self._low, self._high = np.maximum(0.0, seen - widths), np.minimum(1.0, seen + widths)
