"""Episodes in one of several models, hidden until the episode is over, with exact values of all that is played."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any

import numpy as np
from gymnasium import spaces
from numpy.typing import NDArray

from bandits.arguments import flag, integer, shown
from bandits.contract import Array, Bound
from bandits.frozen import read_only
from bandits.kernels import kernel
from bandits.mdp.histories import (
    POLICIES,
    HistoryTree,
    best_history_policy,
    best_memoryless_policy,
    history_value,
    reachable,
)
from bandits.mdp.model import Ints, Model, law_sums, next_state
from bandits.mdp.planning import best_policy
from bandits.mdp.problem import LatentProblem, Trajectory
from bandits.mdp.tables import Table
from bandits.mdp.theory import LatentInstance
from bandits.registry import Component
from environments.contract import Regret
from environments.mdp.environment import first_of
from environments.mdp.episodes import EpisodesEnvironment
from environments.mdp.mixtures import mixture_of


class LatentMDP(EpisodesEnvironment):
    """Episodes whose model is one of several, drawn anew each time and told when the episode is over.

    A round is an episode; the action is a policy over histories of states for all of it, see
    ``bandits.mdp.histories.HistoryTree``, or a table of actions [n_stages, n_states], which has no memory. Rewards are
    deterministic; learners know them, and the weights of the contexts, but not the transitions. ``value`` is the exact
    mean over contexts and first states. Comparators: ``history``, the best policy over histories; ``memoryless``, the
    best table (absent where there are too many to go through); ``context``, which is told the context before the
    episode and cannot be played.

    Args:
        mixture: a name or ``{"name": ..., "parameters": {...}}`` of ``environments.mdp.mixtures.MIXTURES``.
        forced: whether trees of histories of up to 5,000,000 nodes are taken, not 200,000.
        horizon: number of episodes, >= 1.

    Raises:
        ValueError: a parameter out of its domain, an episode that can earn more than 1, or a tree of histories that is
            too large: how large, and how large it may be.

    Example:
        >>> import numpy as np
        >>> from environments import LatentMDP
        >>> environment = LatentMDP("treasure", horizon=10)
        >>> environment.begin(environment.draw(np.random.default_rng(0)))
        >>> look_once = environment.clairvoyant("memoryless")
        >>> reward, trajectory = environment.transition(look_once)
        >>> {name: round(float(x[0]), 3) for name, x in environment.comparators(np.array([10])).items()}
        {'history': 7.84, 'memoryless': 7.42, 'context': 10.0, 'worst': 0.0}
        >>> round(environment.instance().variance, 9)
        0.169344
    """

    problem: LatentProblem

    def __init__(self, mixture: Component = "treasure", forced: bool = False, horizon: int = 1000) -> None:
        self.mixture, self.forced = mixture, flag("forced", forced)
        found = mixture_of(mixture)
        self._contexts = contexts = found.contexts
        S, A, n_starts = found.models[0].n_states, found.models[0].n_actions, len(contexts.reached)
        self._tree = HistoryTree(S, A, found.n_stages, n_starts, forced)
        same = bool((found.starts == found.starts[0]).all())
        problem = LatentProblem(
            horizon=integer("horizon", horizon),
            n_states=S,
            n_actions=A,
            n_stages=found.n_stages,
            start=Table(found.starts[0] if same else contexts.starts.sum(axis=0)),
            weights=Table(found.weights),
            rewards=Table(found.rewards),
            starts=None if same else Table(found.starts),
        )
        super().__init__(problem, spaces.MultiDiscrete(np.full(self._tree.size, A, dtype=np.int64)))
        self._model = Model(contexts.transitions)  # stages of the model are contexts
        self._entries, self._entry = [law_sums(law) for law in found.starts], law_sums(found.weights)
        self._least, self._most = min(least for least, _ in found.totals), max(most for _, most in found.totals)
        self._mixture = found

    @cached_property
    def _history(self) -> tuple[float, Ints]:
        """The best value and policy, worked out when they are asked for, as all that is costly."""
        return best_history_policy(self._tree, self._contexts)

    @cached_property
    def _worst(self) -> float:
        return 0.0 - best_history_policy(self._tree, self._contexts._replace(rewards=-self._contexts.rewards))[0]

    @cached_property
    def _memoryless(self) -> tuple[float, Ints] | None:
        return best_memoryless_policy(self._contexts, self.problem.n_stages)

    @cached_property
    def _instance(self) -> LatentInstance:
        found, contexts, (value, best) = self._mixture, self._contexts, self._history
        known = [best_policy(m, r, found.n_stages)[0][0] for m, r in zip(found.models, found.rewards, strict=True)]
        return LatentInstance(
            n_states=self.problem.n_states,
            n_actions=self.problem.n_actions,
            support=self._model.support,
            n_stages=found.n_stages,
            own_stages=False,
            value=value,
            n_contexts=len(found.models),
            memoryless=None if self._memoryless is None else self._memoryless[0],
            known_context=float(np.sum(contexts.starts * known)),
            variance=history_value(best, contexts, found.n_stages)[1],
            largest_total=self._most,
        )

    def _forget(self) -> None:
        self._policy, self._value = np.empty(0, dtype=np.int64), 0.0

    def _open(self) -> int:
        self._context = first_of(self._entry, self._streams.context.one())
        return first_of(self._entries[self._context], self._streams.start.one())

    def _play(self, action: Any) -> tuple[Trajectory, float]:
        policy = self._tree.checked(action)
        if not np.array_equal(policy, self._policy):
            self._policy, self._value = policy, history_value(policy, self._contexts, self.problem.n_stages)[0]
        H, m = self.problem.n_stages, self._model
        states, actions, rewards = np.empty(H + 1, dtype=np.int64), np.empty(H, dtype=np.int64), np.empty(H)
        states[0] = self._state
        moves, paid = self._streams.transition.take(H), self._contexts.rewards
        _walk(m.starts, m.states, m.cumulative, paid, self._context, policy, moves, states, actions, rewards)
        found = Trajectory(read_only(states), read_only(actions), read_only(rewards), context=self._context)
        return found, self._value

    def comparators(self, times: NDArray[np.int64]) -> Mapping[str, Array]:
        found = self._instance
        values = {"history": found.value, "memoryless": found.memoryless, "context": found.known_context}
        values["worst"] = self._worst
        return {name: np.asarray(times * value) for name, value in values.items() if value is not None}

    def regrets(self) -> Sequence[Regret]:
        best = "regret against the best history policy"
        found = [Regret("history", "value", "history", "fixed", best)]
        if self._memoryless is not None:
            label = "regret against the best memoryless policy"
            found.append(Regret("memoryless", "value", "memoryless", "memoryless", label))
        return (*found, Regret("realized", "reward", "history", "fixed", f"realized {best}"))

    def limits(self, times: NDArray[np.int64]) -> Mapping[str, Array]:
        """Of the value, those of the best policy and of the worst; realized, of the luckiest and unluckiest paths."""
        best, worst, memoryless = self._instance.value, self._worst, self._instance.memoryless
        found = {
            "history": times * np.array([[0.0], [best - worst]]),
            "realized": times * np.array([[best - self._instance.largest_total], [best - self._least]]),
        }
        if memoryless is not None:
            found["memoryless"] = times * np.array([[memoryless - best], [memoryless - worst]])
        return found

    def instance(self) -> LatentInstance:
        return self._instance

    def lower_bounds(self) -> Sequence[Bound]:
        """The worst case over mixtures of this size, not of this one; the constant is a convention."""
        return (self._instance.worst_mixture,)

    def clairvoyant(self, comparator: str) -> Ints:
        """``history`` or ``memoryless``."""
        if comparator == "history":
            return read_only(self._history[1])
        if comparator == "memoryless" and self._memoryless is not None:
            return read_only(self._tree.policy(self._memoryless[1]))
        if comparator == "memoryless":
            n, H = self.problem.n_actions, self.problem.n_stages
            raise ValueError(
                f"comparator must be history, got 'memoryless': without memory there are {n}^"
                f"{len(reachable(self._contexts, H))} policies, more than the {POLICIES} that are gone through"
            )
        names = "history" if self._memoryless is None else "history or memoryless"
        raise ValueError(f"comparator must be {names}, got {shown(comparator)}")


@kernel
def _walk(
    starts: Ints,
    following: Ints,
    cumulative: Array,
    paid: Array,
    context: int,
    policy: Ints,
    moves: Array,
    states: Ints,
    actions: Ints,
    rewards: Array,
) -> None:
    _, n_states, n_actions = paid.shape
    node = states[0]
    for h in range(actions.size):
        s, a = states[h], policy[node]
        actions[h], rewards[h] = a, paid[context, s, a]
        row = (context * n_states + s) * n_actions + a
        states[h + 1] = next_state(starts, following, cumulative, row, moves[h])
        node = n_states * (node + 1) + states[h + 1]
