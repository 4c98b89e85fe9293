"""O-REPS: mirror descent with relative entropy over what policies visit, against losses that change.

With q_1 the flow of the largest entropy and estimates l of the losses of each episode,

    q_{k+1} = argmin over flows of eta <q, l> + KL(q || q_k),

and the policy of an episode is the one that q_k follows. With full feedback l are the losses, with bandit feedback
``l 1{visited} / q_k``; ``eta = sqrt(2 ln(S A) / K)``, or ``sqrt(2 ln(S A) / (K S A))``. Rates are conventions where the
regret bound leaves them open.

Reference: A. Zimin, G. Neu, *Online Learning in Episodic Markovian Decision Processes by Relative Entropy Policy
Search*, NeurIPS 2013 (from memory; the bounds are derived here and agree with it).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bandits.arguments import affordable, positive
from bandits.contract import Array, Bound, Instance
from bandits.mdp.flows import first_flow, nearest_flow, policy_of
from bandits.mdp.losses_policy import LossesPolicy
from bandits.mdp.problem import BanditLossProblem, FullLossProblem, Trajectory
from bandits.mdp.theory import LossesInstance


class OREPS(LossesPolicy):
    """Relative entropy policy search with known transitions.

    Args:
        eta: rate, > 0; None for the one that minimises the bound, which needs a horizon.
        eta_scale: multiplies eta, > 0.
    """

    def __init__(self, eta: float | None = None, eta_scale: float = 1.0) -> None:
        self.eta = None if eta is None else positive("eta", eta)
        self.eta_scale = positive("eta_scale", eta_scale)

    def rate(self, problem: BanditLossProblem) -> float:
        """The rate eta of a run.

        Raises:
            ValueError: it is to be tuned to a horizon, and there is none.
        """
        if self.eta is not None:
            return self.eta * self.eta_scale
        if problem.horizon is None:
            raise ValueError("OREPS needs a horizon or eta: the problem has horizon=None")
        size = max(problem.n_states * problem.n_actions, 2)
        return math.sqrt(2.0 * math.log(size) / (problem.horizon * self._seen(problem))) * self.eta_scale

    def start(self, problem: BanditLossProblem) -> None:
        self._eta, H, S = self.rate(problem), problem.n_stages, problem.n_states
        affordable("n_states or n_stages", f"Newton's method for {H} stages of {S} states", (H * S) ** 2)
        self._flow: Array = first_flow(problem.model, problem.start_law, problem.n_stages)

    @property
    def flow(self) -> Array:
        """Probabilities [H, S, A] of what the policy of the coming episode visits."""
        return self._flow

    def pick(self) -> NDArray[Any]:
        return policy_of(self._flow)

    def take(self, played: NDArray[Any], trajectory: Trajectory) -> None:
        problem = self._problem
        if isinstance(problem, FullLossProblem):
            assert trajectory.losses is not None  # of a FullLossProblem
            losses = trajectory.losses
        else:
            visited = (np.arange(len(played)), trajectory.states[:-1], trajectory.actions)
            losses, mass = np.zeros(played.shape), self._flow[visited]
            seen = mass > 1e-100  # all of it, but for an episode that this policy could not have met
            losses[visited] = np.where(seen, -trajectory.rewards, 0.0) / np.where(seen, mass, 1.0)
        self._flow = nearest_flow(problem.model, problem.start_law, self._flow, self._eta * losses)

    def _seen(self, problem: BanditLossProblem) -> int:
        """Mean of ``sum q l^2`` over stages, at most: 1 with full feedback, S A with bandit feedback."""
        return 1 if isinstance(problem, FullLossProblem) else problem.n_states * problem.n_actions

    def regret_bounds(self, problem: BanditLossProblem, instance: Instance) -> Sequence[Bound]:
        """``H ln(S A) / eta + eta H n t / 2``, n = 1 with full feedback, S A with bandit feedback (derived).

        Mirror descent has regret of at most ``KL(q* || q_1) / eta + (eta / 2) sum <q_k, l^2>`` on losses >= 0. The
        first is at most ``H ln(S A)``, as q_1 has the largest entropy; each term of the second at most H, or in mean
        ``H S A``. Tuned, that is ``H sqrt(2 n t ln(S A))`` at the horizon.
        """
        if not isinstance(instance, LossesInstance):
            return ()
        H, eta, n = problem.n_stages, self.rate(problem), self._seen(problem)
        entropy = H * math.log(problem.n_states * problem.n_actions)
        tuned = self.eta is None and self.eta_scale == 1.0
        return (
            Bound(
                "mirror descent bound",
                "upper",
                lambda t: entropy / eta + 0.5 * eta * H * n * t,
                "fixed",
                "Zimin and Neu 2013 (from memory); derived here, with the same leading terms",
                "derived",
                (instance.fixed_beforehand,),
                time="horizon-tuned" if tuned else "no rate",
            ),
        )
