"""Episodes with known transitions, and losses that an adversary fixes for all episodes before the first one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from bandits.arguments import flag, integer, one_of, shown
from bandits.contract import Array, Bound
from bandits.frozen import read_only
from bandits.mdp.classes import entered
from bandits.mdp.model import SLACK, Ints
from bandits.mdp.planning import best_policy
from bandits.mdp.problem import BanditLossProblem, FullLossProblem, Trajectory
from bandits.mdp.tables import Table, checked_table
from bandits.mdp.theory import LossesInstance
from bandits.registry import Component
from environments.contract import Regret
from environments.mdp.episodes import TabularEpisodes
from environments.mdp.losses import LOSSES, Losses, Schedule


class AdversarialMDP(TabularEpisodes):
    """Episodes whose losses change; a round is an episode, its action a policy for all of it, rewards minus losses.

    Three comparators: ``fixed``, the best policy in hindsight for the episodes so far, found by one dynamic programme
    on the summed losses; ``dynamic``, the best policy of each episode; ``worst``, the worst of each. All values are
    means over the law of the first state, so that regret has no sampling noise.

    Args:
        source: a name or ``{"name": ..., "parameters": {...}}`` of ``environments.mdp.losses``: "switching",
            "alternating", "aggregated", "linear_bandit" or "table".
        feedback: "bandit": the losses on the way of an episode are seen; "full": all of them, when it is over.
        features: what learners are told: None for those of the source, if it has any; "one_hot" for a coordinate for
            each state and action; or a table [n_states, n_actions, dimension], of norms of at most 1.
        linear: whether to refuse features in which transitions and losses are not linear.
        horizon: number of episodes, >= 1.

    Raises:
        ValueError: a parameter out of its domain, losses outside [0, 1], or features that do not do.

    Example:
        >>> import numpy as np
        >>> from environments import AdversarialMDP
        >>> environment = AdversarialMDP("alternating", horizon=500)
        >>> environment.begin(environment.draw(np.random.default_rng(0)))
        >>> reward, trajectory = environment.transition(np.zeros((4, 5), dtype=int))
        >>> trajectory.states.tolist(), environment.comparators(np.array([500]))["fixed"].round(9)
        ([0, 4, 2, 0, 2], array([-999.]))
    """

    problem: BanditLossProblem

    def __init__(
        self,
        source: Component = "switching",
        feedback: str = "bandit",
        features: str | ArrayLike | None = None,
        linear: bool = False,
        horizon: int = 2000,
    ) -> None:
        self.source, self.feedback, self.features, self.linear = source, feedback, features, flag("linear", linear)
        made: Losses = LOSSES.build(source, "source", of=Losses)
        self._schedule = plan = made.schedule()
        _, H, S, A = plan.losses.shape
        chosen = plan.features if features is None else features
        if isinstance(chosen, str):
            one_of("features", chosen, ("one_hot",))
            chosen = None
        full = one_of("feedback", feedback, ("bandit", "full")) == "full"
        problem = (FullLossProblem if full else BanditLossProblem)(
            horizon=integer("horizon", horizon),
            low=-float(H),
            high=0.0,
            n_states=S,
            n_actions=A,
            n_stages=H,
            start=Table(plan.start),
            own_stages=True,
            model=plan.model,
            features=None if chosen is None else checked_table("features", chosen),
        )
        super().__init__(problem, plan.model, from_law=True)
        self._full = full
        self._rewards = 0.0 - plan.losses
        law = problem.start_law
        self._best = [best_policy(plan.model, table, H) for table in self._rewards]
        self._most = np.array([law @ values[0] for values, _ in self._best])
        self._least = -np.array([law @ best_policy(plan.model, table, H)[0][0] for table in plan.losses])
        residual = 0.0 if problem.features is None else residual_of(plan, problem.features.array)
        if linear and residual > SLACK:
            raise ValueError(
                f"linear must be false for features that leave a residual of {residual:.3g} of transitions or losses, "
                "got true"
            )
        _, self._fixed = self._hindsight(self.horizon)
        self._instance = LossesInstance(
            n_states=S,
            n_actions=A,
            support=plan.model.support,
            n_stages=H,
            own_stages=True,
            value=self._hindsight(self.horizon)[0] / self.horizon,
            unreachable=int(np.count_nonzero(~entered(plan.model, law, H))),
            dimension=problem.dimension,
            linear=residual <= SLACK,
            residual=residual,
        )

    def _table(self) -> tuple[int, Array]:
        number = self._schedule.at(self.clock)
        return number, self._rewards[number]

    def _revealed(self, trajectory: Trajectory) -> Trajectory:
        if not self._full:
            return trajectory
        return trajectory._replace(losses=read_only(self._schedule.losses[self._schedule.at(self.clock)].copy()))

    def _hindsight(self, time: int) -> tuple[float, Ints]:
        """What the best fixed policy for so many episodes earns in them, and that policy."""
        counts = self._schedule.counts(np.array([time]))[0]
        values, actions = best_policy(self._model, np.tensordot(counts, self._rewards, 1), self.problem.n_stages)
        return float(self.problem.start_law @ values[0]), actions

    def comparators(self, times: NDArray[np.int64]) -> Mapping[str, Array]:
        counts = self._schedule.counts(times)
        fixed = np.array([self._hindsight(time)[0] for time in times.tolist()])
        return {"fixed": fixed, "dynamic": counts @ self._most, "worst": counts @ self._least}

    def regrets(self) -> Sequence[Regret]:
        return (
            Regret("fixed", "value", "fixed", "fixed", "regret against the best fixed policy in hindsight"),
            Regret("dynamic", "value", "dynamic", "dynamic", "regret against the best policy of each episode"),
            Regret("realized", "reward", "fixed", "fixed", "realized regret against the best fixed policy"),
        )

    def limits(self, times: NDArray[np.int64]) -> Mapping[str, Array]:
        """Of the best policy of each episode and of the worst; realized, of losses of 0 and of 1 at all stages."""
        curves = self.comparators(times)
        plays, H = np.array([curves["dynamic"], curves["worst"]]), float(self.problem.n_stages)
        return {
            "fixed": curves["fixed"] - plays,
            "dynamic": curves["dynamic"] - plays,
            "realized": curves["fixed"] + times * np.array([[0.0], [H]]),
        }

    def instance(self) -> LossesInstance:
        return self._instance

    def lower_bounds(self) -> Sequence[Bound]:
        """The worst case over losses, not of these ones; the constant is a convention."""
        return (self._instance.hardest_losses,)

    def clairvoyant(self, comparator: str) -> Ints:
        """``fixed``, of the whole horizon, or ``dynamic``."""
        if comparator == "fixed":
            return self._fixed
        if comparator == "dynamic":
            return self._best[self._schedule.at(min(self.clock, self.horizon - 1))][1]
        raise ValueError(f"comparator must be fixed or dynamic, got {shown(comparator)}")


def residual_of(plan: Schedule, features: Array) -> float:
    """The largest residual of least-squares fits of transitions and losses to features [S, A, d]."""
    n, H, S, A = plan.losses.shape
    moves = plan.model.dense().reshape(-1, S * A, S).transpose(1, 0, 2).reshape(S * A, -1)
    targets = np.hstack([moves, plan.losses.reshape(n * H, S * A).T])
    rows = features.reshape(S * A, -1)
    return float(np.abs(rows @ np.linalg.lstsq(rows, targets, rcond=None)[0] - targets).max())
