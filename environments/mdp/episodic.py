"""Episodes in one finite Markov decision process, with exact values of all that is played."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike, NDArray

from bandits.arguments import affordable, flag, integer, one_of, shown
from bandits.contract import Array, Bound
from bandits.mdp.classes import entered
from bandits.mdp.model import Ints
from bandits.mdp.planning import best_policy, largest_totals
from bandits.mdp.problem import EpisodicProblem
from bandits.mdp.tables import Table
from bandits.mdp.theory import EpisodicInstance
from bandits.registry import Component
from environments.contract import Regret
from environments.mdp.episodes import TabularEpisodes
from environments.mdp.models import Tables, start_law, tables_of


class EpisodicMDP(TabularEpisodes):
    """Episodes of ``n_stages`` steps; a round is an episode, its action a policy for all of it.

    Regret compares the exact value of what was played with that of the best policy, so that it has no sampling noise.

    Args:
        model: a name or ``{"name": ..., "parameters": {...}}`` of ``environments.mdp.models.MODELS``.
        n_stages: H, steps of an episode, >= 1; None for the model's own number.
        noise: "none": rewards are their means; "bernoulli": they are 1 with their mean as probability, else 0.
        known_rewards: whether learners are told mean rewards.
        start: the first state, or a law [n_states]; None for the model's own.
        horizon: number of episodes, >= 1.

    Raises:
        ValueError: a parameter out of its domain; no number of stages, or one that is not that of a model whose stages
            have tables of their own.

    Example:
        >>> import numpy as np
        >>> from environments import EpisodicMDP
        >>> environment = EpisodicMDP({"name": "deepsea", "parameters": {"N": 4}}, horizon=10)
        >>> environment.begin(environment.draw(np.random.default_rng(0)))
        >>> reward, trajectory = environment.transition(np.ones((4, 16), dtype=int))
        >>> reward, trajectory.states.tolist(), environment.comparators(np.array([10]))["optimal"]
        (1.0, [0, 5, 10, 15, 0], array([10.]))
    """

    problem: EpisodicProblem

    def __init__(
        self,
        model: Component = "deepsea",
        n_stages: int | None = None,
        noise: str = "none",
        known_rewards: bool = True,
        start: int | ArrayLike | None = None,
        horizon: int = 1000,
    ) -> None:
        self.model, self.n_stages, self.noise = model, n_stages, noise
        self.known_rewards, self.start = known_rewards, start
        tables = tables_of(model)
        H = stages_of(tables, n_stages)
        pairs = tables.model.n_states * tables.model.n_actions
        affordable("n_stages", f"a table of {H} stages and {pairs} pairs of state and action", H * pairs)
        law = tables.start if start is None else start_law(tables.model.n_states, start)
        self._rewards = np.ascontiguousarray(tables.rewards if tables.rewards.ndim == 3 else tables.rewards[None])
        told = Table(tables.rewards) if flag("known_rewards", known_rewards) else None
        noisy = one_of("noise", noise, ("none", "bernoulli")) == "bernoulli"
        problem = EpisodicProblem(
            horizon=integer("horizon", horizon),
            high=float(H),
            n_states=tables.model.n_states,
            n_actions=tables.model.n_actions,
            n_stages=H,
            start=Table(law),
            own_stages=tables.own_stages,
            rewards=told,
        )
        super().__init__(problem, tables.model, noisy)

    @cached_property
    def _best(self) -> tuple[Array, Ints]:
        """Values and actions of a best policy, worked out when they are asked for, as all that is costly."""
        return best_policy(self._model, self._rewards, self.problem.n_stages)

    @property
    def _optimal(self) -> Array:
        values: Array = self._best[0][0]
        return values

    @cached_property
    def _worst(self) -> Array:
        least: Array = -best_policy(self._model, -self._rewards, self.problem.n_stages)[0][0]
        return least

    @cached_property
    def _instance(self) -> EpisodicInstance:
        problem, law = self.problem, self.problem.start_law
        return EpisodicInstance(
            n_states=problem.n_states,
            n_actions=problem.n_actions,
            support=self._model.support,
            n_stages=problem.n_stages,
            own_stages=problem.own_stages,
            value=float(law @ self._optimal),
            unreachable=int(np.count_nonzero(~entered(self._model, law, problem.n_stages))),
        )

    def _table(self) -> tuple[int, Array]:
        return 0, self._rewards

    def comparators(self, times: NDArray[np.int64]) -> Mapping[str, Array]:
        return {
            "optimal": self._sum_over_starts(times, self._optimal),
            "worst": self._sum_over_starts(times, self._worst),
        }

    def regrets(self) -> Sequence[Regret]:
        return (
            Regret("value", "value", "optimal", "fixed", "regret against the best policy's value"),
            Regret("realized", "reward", "optimal", "fixed", "realized regret against the best policy's value"),
        )

    def limits(self, times: NDArray[np.int64]) -> Mapping[str, Array]:
        """Of the value, those of the best policy and of the worst; realized, of the luckiest and unluckiest ways."""
        H, rewards, first = self.problem.n_stages, self._rewards, self.problem.start_law > 0.0
        highest, lowest = (rewards > 0.0, rewards >= 1.0) if self._noisy else (rewards, rewards)
        most = largest_totals(self._model, highest.astype(np.float64), H)[0]
        least = -largest_totals(self._model, -lowest.astype(np.float64), H)[0]
        best, worst = self._optimal, self._worst
        return {
            "value": np.array([0.0 * times, times * np.max((best - worst)[first])]),
            "realized": np.array([times * np.min((best - most)[first]), times * np.max((best - least)[first])]),
        }

    def instance(self) -> EpisodicInstance:
        return self._instance

    def lower_bounds(self) -> Sequence[Bound]:
        """The worst case over processes of this size, not of this one; the constant is a convention."""
        found = self._instance
        return (found.lower_bound,)

    def clairvoyant(self, comparator: str) -> Ints:
        if comparator != "optimal":
            raise ValueError(f"comparator must be optimal, got {shown(comparator)}")
        return self._best[1]


def stages_of(tables: Tables, n_stages: int | None) -> int:
    """Steps of an episode: as given, or else the process's own.

    Raises:
        ValueError: neither, or a number that is not that of tables for each stage.
    """
    if n_stages is None:
        if tables.n_stages is None:
            raise ValueError("n_stages must be given, as the model has no number of its own, got None")
        return integer("n_stages", tables.n_stages)
    if tables.own_stages and n_stages != tables.n_stages:
        raise ValueError(
            f"n_stages must be {tables.n_stages}, for the model has a table for each stage, got {shown(n_stages)}"
        )
    return integer("n_stages", n_stages)
