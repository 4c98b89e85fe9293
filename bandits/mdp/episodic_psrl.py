"""Posterior sampling in episodes: the best policy of a model drawn from the posterior.

Before each episode every row of transitions is drawn from a Dirichlet law with 1 plus the number of times that each
next state was seen, and the best policy of what was drawn is played. Where rewards are not told, means are drawn from
Beta laws with 1 plus the sum of the rewards, and 1 plus what is missing to as many ones (derived in this project; exact
for Bernoulli rewards).

Reference: I. Osband, D. Russo, B. Van Roy, *(More) Efficient Reinforcement Learning via Posterior Sampling*, NeurIPS
2013 (recalled). Its theorem is on the mean over the prior, not on one process, so that no bound is drawn.
"""

from __future__ import annotations

import numpy as np

from bandits.arguments import affordable
from bandits.contract import Array
from bandits.frozen import read_only
from bandits.kernels import kernel
from bandits.mdp.model import Ints
from bandits.mdp.policy import EpisodicPolicy, told_rewards
from bandits.mdp.problem import EpisodesProblem, Trajectory


class EpisodicPSRL(EpisodicPolicy):
    """Posterior sampling, with the flat prior."""

    def start(self, problem: EpisodesProblem) -> None:
        S, A = problem.n_states, problem.n_actions
        stages = problem.n_stages if problem.own_stages else 1
        affordable("n_states", f"a posterior over {stages * A} x {S} x {S} transitions", 2 * stages * A * S * S)
        self._alpha: Array = np.ones((stages, S, A, S))
        self._told = told_rewards(problem)
        self._paid: Array = np.ones((2, stages, S, A))

    def plan(self) -> Ints:
        rows = self._rng.standard_gamma(self._alpha)
        rewards: Array = np.asarray(self._rng.beta(*self._paid)) if self._told is None else self._told
        actions = np.zeros((self._problem.n_stages, self._problem.n_states), dtype=np.int64)
        _best(rows, read_only(rewards), actions)
        return actions

    def learn(self, trajectory: Trajectory) -> bool:
        states, actions, rewards = trajectory[:3]
        stages = np.arange(len(actions)) if len(self._alpha) > 1 else np.zeros(len(actions), dtype=np.int64)
        np.add.at(self._alpha, (stages, states[:-1], actions, states[1:]), 1.0)
        inside = np.clip(rewards, 0.0, 1.0)
        np.add.at(self._paid[0], (stages, states[:-1], actions), inside)
        np.add.at(self._paid[1], (stages, states[:-1], actions), 1.0 - inside)
        return True


@kernel
def _best(rows: Array, rewards: Array, actions: Ints) -> None:
    """Fill in the first best actions [n_stages, n_states] where next states have the weights ``rows``."""
    H, S = actions.shape
    ahead, here = np.zeros(S), np.empty(S)
    totals = np.empty(rows.shape[:3])
    for i in range(rows.shape[0]):
        for s in range(S):
            for a in range(rows.shape[2]):
                totals[i, s, a] = rows[i, s, a].sum()
    for h in range(H - 1, -1, -1):
        i, paid = h if rows.shape[0] > 1 else 0, rewards[h if rewards.shape[0] > 1 else 0]
        for s in range(S):
            for a in range(rows.shape[2]):
                total = 0.0
                for y in range(S):
                    total += rows[i, s, a, y] * ahead[y]
                q = paid[s, a] + total / totals[i, s, a]
                if a == 0 or q > here[s]:
                    here[s], actions[h, s] = q, a
        ahead, here = here, ahead
