"""Differential Q-learning: values of an average-reward problem against those of state 0, and epsilon-greedy play.

With n the number of plays of (s, a) with this one, and ``V(s) = max_a Q(s, a)`` as before the update,

    Q(s, a) <- Q(s, a) + (r + V(s') - V(0) - Q(s, a)) / n.

With probability epsilon the action is drawn uniformly, else it is the first largest of ``Q(s, .)``. One uniform ``u`` a
step decides both: explore if ``u < epsilon``, and then play ``floor(u A / epsilon)``.

Source: public code of C.-Y. Wei et al. for their comparison with RVI Q-learning. No theorem on its regret.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from bandits.arguments import affordable, real
from bandits.contract import Array
from bandits.kernels import inlined, kernel
from bandits.mdp.average import AveragePolicy, largest, moved, reward_at
from bandits.mdp.model import Ints
from bandits.mdp.problem import AverageRewardProblem, Steps


@inlined
def _choose(state: int, u: float, epsilon: float, q: Array) -> int:
    if u < epsilon:
        return int(min(u / epsilon * q.shape[1], q.shape[1] - 1))
    return largest(state, q)


@inlined
def _learn(state: int, action: int, reward: float, following: int, q: Array, counts: Ints) -> None:
    target = reward + q[following, largest(following, q)] - q[0, largest(0, q)]
    counts[state, action] += 1
    q[state, action] += (target - q[state, action]) / counts[state, action]


@kernel
def _pick(state: int, u: float, epsilon: float, q: Array) -> int:
    return _choose(state, u, epsilon, q)


@kernel
def _take(state: int, action: int, reward: float, following: int, q: Array, counts: Ints) -> None:
    _learn(state, action, reward, following, q, counts)


@kernel
def _play(steps: Steps, actions: Ints, uniforms: Array, epsilon: float, q: Array, counts: Ints) -> None:
    state = steps.state
    for step in range(actions.size):
        actions[step] = action = _choose(state, uniforms[step], epsilon, q)
        following = moved(steps, step, state, action)
        _learn(state, action, reward_at(steps, step, state, action), following, q, counts)
        state = following


class DifferentialQ(AveragePolicy):
    """Differential Q-learning with epsilon-greedy play. It learns from observed rewards.

    Args:
        epsilon: probability in [0, 1] of an action drawn uniformly.
    """

    def __init__(self, epsilon: float = 0.03) -> None:
        self.epsilon = real("epsilon", epsilon, 0.0, 1.0, closed="both")

    def start(self, problem: AverageRewardProblem) -> None:
        size = problem.n_states * problem.n_actions
        affordable("n_states", f"2 tables of {problem.n_states} x {problem.n_actions} numbers", 2 * size)
        self._q = np.zeros((problem.n_states, problem.n_actions))
        self._visits = np.zeros(self._q.shape, dtype=np.int64)
        self._uniform: float | None = None  # of the coming step, once it was asked for

    def _drawn(self) -> float:
        if self._uniform is None:
            self._uniform = float(self._rng.random())
        return self._uniform

    def pick(self, state: int) -> int:
        return _pick(state, self._drawn(), self.epsilon, self._q)

    def probabilities(self, observation: Any) -> Array:
        """Once the coming step's action was chosen, it is the same when it is asked for again."""
        state = self._checked(observation)
        if self._uniform is not None:
            return self.problem_given().distribution_of(self.pick(state))
        found = np.full(self._n_actions, self.epsilon / self._n_actions)
        found[_pick(state, 1.0, self.epsilon, self._q)] += 1.0 - self.epsilon
        return found

    def take(self, state: int, action: int, reward: float, following: int) -> None:
        self._drawn()
        self._uniform = None
        _take(state, action, reward, following, self._q, self._visits)

    def play(self, steps: Steps, actions: Ints) -> None:
        first = self._drawn()
        uniforms = np.concatenate([[first], self._rng.random(actions.size - 1)])
        self._uniform = None
        _play(steps, actions, uniforms, self.epsilon, self._q, self._visits)
