"""What the policies for hidden contexts share: counts of each context, told after the episode, and a plan on them.

Statistics are frozen between doublings: a pair of state and action whose count in a context has reached
``max(1, 2 N)``, N the count at its last refresh, is taken over after the episode, and before the next one the best
policy over histories is worked out anew. Transitions of pairs that were never seen are taken to be uniform.
"""

from __future__ import annotations

from abc import abstractmethod
from typing import Any, ClassVar, NamedTuple, final

import numpy as np

from bandits.arguments import integer
from bandits.contract import Array, Policy, Problem
from bandits.kernels import kernel
from bandits.mdp.histories import Bonus, Contexts, HistoryTree, best_history_policy
from bandits.mdp.model import Ints
from bandits.mdp.problem import LatentProblem, Trajectory


class Counts(NamedTuple):
    """What was seen of all contexts.

    Attributes:
        moves: [n_contexts, n_states, n_actions, n_states] transitions.
        seen: [n_contexts, n_states, n_actions] their sums over next states.
        frozen: [n_contexts, n_states, n_actions] sums at the last refresh.
        model: [n_contexts, n_states, n_actions, n_states] shares of next states then.
    """

    moves: Array
    seen: Array
    frozen: Array
    model: Array


class LatentPlanner(Policy[LatentProblem, int, Ints, Trajectory]):
    """A policy that plans over histories on what it has seen of each context."""

    plays: ClassVar[tuple[type[Problem], ...]] = (LatentProblem,)

    @abstractmethod
    def bonus(self, problem: LatentProblem, counts: Array) -> Bonus | None:
        """What is added to values when counts [n_contexts, n_states, n_actions] are frozen; None for nothing.

        Raises:
            ValueError: the problem lacks something that it needs.
        """

    @final
    def reset(self, problem: LatentProblem, rng: np.random.Generator) -> None:
        shape = (problem.n_contexts, problem.n_states, problem.n_actions)
        self.bonus(problem, np.zeros(shape))
        starts, full = problem.weights.array[:, None] * problem.start_laws, (*shape, problem.n_states)
        n_starts = int(np.count_nonzero(starts.sum(axis=0)))
        self._tree = HistoryTree(problem.n_states, problem.n_actions, problem.n_stages, n_starts, forced=True)
        self._problem, self._starts = problem, starts
        uniform = np.full(full, 1.0 / problem.n_states)
        self._counts = Counts(np.zeros(full), np.zeros(shape), np.zeros(shape), uniform)
        self._policy: Ints | None = None

    @final
    def choose(self, observation: Any) -> Ints:
        """The policy over histories of the coming episode; the same array as long as it stays the same."""
        if self._policy is None:
            contexts = Contexts(self._starts, self._counts.model, self._problem.rewards.array)
            bonus = self.bonus(self._problem, self._counts.frozen)
            _, self._policy = best_history_policy(self._tree, contexts, bonus)
            self._policy.flags.writeable = False
        return self._policy

    @final
    def update(self, observation: Any, action: Any, feedback: Trajectory) -> None:
        """Count an episode's transitions.

        Raises:
            ValueError: there is no such trajectory, or it does not tell the context. Nothing has changed then.
        """
        found = self._problem.checked_feedback(feedback)
        context = integer("context of a trajectory", found.context, 0, self._problem.n_contexts - 1)  # type: ignore[arg-type]
        if _learn(context, found.states, found.actions, self._counts):
            self._policy = None


@kernel
def _learn(context: int, states: Ints, actions: Ints, counts: Counts) -> bool:
    """Count the steps of an episode, and refresh what has doubled; whether anything was refreshed."""
    moves, seen, frozen = counts.moves[context], counts.seen[context], counts.frozen[context]
    for h in range(actions.size):
        moves[states[h], actions[h], states[h + 1]] += 1.0
        seen[states[h], actions[h]] += 1.0
    refreshed = False
    for h in range(actions.size):
        s, a = states[h], actions[h]
        if seen[s, a] >= max(1.0, 2.0 * frozen[s, a]):
            frozen[s, a] = seen[s, a]
            for following in range(moves.shape[2]):
                counts.model[context, s, a, following] = moves[s, a, following] / seen[s, a]
            refreshed = True
    return refreshed
