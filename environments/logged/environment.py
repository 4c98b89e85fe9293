"""What environments of logged rows share: rows shown one by one, and what the policy evaluated earns by weights.

A row's weight is ``w = action[arm played] / probability``. Given the context, the logging policy's draw makes the mean
of ``w * reward`` the mean reward of the action, wherever each arm that the action may play was possible: so what these
environments call ``reward`` is an unbiased estimate (inverse propensity scores, IPS), and no reward that anybody got.
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

import numpy as np
from gymnasium import spaces
from numpy.typing import NDArray

from bandits.arguments import shown
from bandits.contract import Array
from bandits.defaults import default
from bandits.frozen import read_only
from bandits.logged.problem import Decision, Logged, LoggedBlock, LoggedProblem, Mask, checked_table
from environments.contract import Environment, Regret
from environments.logged.instance import LoggedInstance
from environments.logged.log import Log
from environments.portfolio.simplex import Simplex

Tape = TypeVar("Tape")


class LoggedEnvironment(Environment[Decision, Array, Logged, Tape]):
    """Rows of a log. A subclass starts a run by ``_open``.

    Metrics, cumulative over the rows so far, with w as above:

    * ``reward``: of ``w * reward``, the unbiased estimate of what the policy evaluated would have earned (IPS);
    * ``weight`` and ``squared_weight``: of w and of w squared; ``reward / weight`` is the self-normalised estimate of
      the mean reward, ``weight ** 2 / squared_weight`` the effective number of rows;
    * ``matched``: of the probability that the policy plays the arm played; the number of rows that match where it
      plays one arm; ``matched_reward``: of that times the reward, so that ``matched_reward / matched`` is what replay
      estimates on a log of uniform arms;
    * ``logged_reward``: of the reward that the logging policy got.

    Comparators: ``logging_policy``, what the logging policy earned in these rows, which is a fact; and ``best_arm``,
    the largest IPS estimate of one fixed arm over these rows, which is an estimate, in hindsight and so too large in
    the mean. An arm earns nothing in rows in which it was not offered.
    """

    problem: LoggedProblem
    _never: Any = None
    """Numbers of arms that no row of the whole log plays; None where all are, or when it was told."""

    def __init__(self, problem: LoggedProblem, instance: LoggedInstance) -> None:
        assert problem.horizon is not None
        self.problem, self.horizon, self._instance = problem, problem.horizon, instance
        self.action_space: Any = Simplex(problem.n_actions)
        low, high = np.array(problem.contexts, dtype=np.float64).reshape(-1, 2).T
        self.observation_space: Any = spaces.Tuple(
            (spaces.Box(low, high, dtype=np.float64), spaces.MultiBinary(problem.n_actions))
        )

    def instance(self) -> LoggedInstance:
        return self._instance

    def _open(self, log: Log) -> None:
        """Start a run over a log of ``horizon`` rows."""
        n = self.horizon
        self.clock, self._log = 0, log
        self._propensities = log.propensities("the environment")
        self._contexts = np.empty((n, 0)) if log.contexts is None else log.contexts
        offered = np.ones((n, log.n_actions)) if log.offered is None else log.offered
        self._offered: Mask = offered.astype(np.int8)
        self._played = np.zeros(n)

    def observe(self) -> Decision:
        """The context and the arms offered of this row."""
        row = min(self.clock, self.horizon - 1)
        return Decision(self._contexts[row].copy(), self._offered[row].copy())

    def transition(self, action: Array) -> tuple[float, Logged]:
        self.check_running()
        t = self.clock
        self._account(checked_table(np.asarray(action)[None], self._offered[t : t + 1]))
        chance, reward = float(self._propensities[t]), float(self._log.rewards[t])
        return self._played[t] / chance * reward, Logged(int(self._log.actions[t]), chance, reward)

    def block(self, most: int) -> LoggedBlock:
        """The next rows, at most ``most`` of them, for policies that take them in blocks."""
        self.check_running()
        rows = slice(self.clock, min(self.clock + most, self.horizon))
        log = self._log
        return LoggedBlock(
            read_only(self._contexts[rows]),
            read_only(self._offered[rows]),
            log.actions[rows],
            self._propensities[rows],
            log.rewards[rows],
        )

    def absorb(self, table: Array) -> None:
        """Account for the probabilities [n_rows, n_actions] that were played in the next rows."""
        self._account(checked_table(table, self._offered[self.clock : self.clock + len(table)]))

    def _account(self, table: Array) -> None:
        """Note what was played in the next rows, and move on."""
        if self._never is not None and table[:, self._never].any():
            names, self._never = [self._log.names[arm] for arm in self._never], None
            warnings.warn(
                f"the log never plays {shown(', '.join(names))}, and what is played there counts as reward 0: "
                "estimates by weights are of the other arms alone",
                RuntimeWarning,
                stacklevel=3,
            )
        self._note(slice(self.clock, self.clock + len(table)), table)
        rows = np.arange(self.clock, self.clock + len(table))
        self._played[rows] = table[np.arange(len(table)), self._log.actions[rows]]
        self.clock += len(table)

    @default
    def _note(self, rows: slice, table: Array) -> None:
        """Take note of the probabilities [n_rows, n_actions] played in ``rows``, for ``_more``. Here: nothing."""

    def metrics(self, times: NDArray[np.int64]) -> Mapping[str, Array]:
        wanted = np.asarray(times)
        if wanted.size and not 0 <= wanted.min() <= wanted.max() <= self.clock:
            raise ValueError(f"times must lie in 0..{self.clock}, the run so far, got {wanted.tolist()}")
        n = self.clock
        played, rewards = self._played[:n], self._log.rewards[:n]
        weights = played / self._propensities[:n]
        series = {
            "reward": weights * rewards,
            "weight": weights,
            "squared_weight": weights * weights,
            "matched": played,
            "matched_reward": played * rewards,
            "logged_reward": rewards,
            **self._more(n),
        }
        return {name: _sums(values, wanted) for name, values in series.items()}

    @default
    def _more(self, n: int) -> Mapping[str, Array]:
        """Further series [n] of the first ``n`` rows, not summed up. Here: none."""
        return {}

    @default
    def _more_comparators(self) -> Mapping[str, Array]:
        """What further comparators earn in each row [horizon], not summed up. Here: none."""
        return {}

    @default
    def _more_regrets(self) -> Sequence[Regret]:
        """Further regret definitions, which come first. Here: none."""
        return ()

    def comparators(self, times: NDArray[np.int64]) -> Mapping[str, Array]:
        log, times = self._log, np.asarray(times)
        more = {name: _sums(values, times) for name, values in self._more_comparators().items()}
        earned = log.rewards / self._propensities
        best = np.full(len(times), -np.inf)
        for arm in range(log.n_actions):
            best = np.maximum(best, _sums(np.where(log.actions == arm, earned, 0.0), times))
        return {**more, "logging_policy": _sums(log.rewards, times), "best_arm": best}

    def regrets(self) -> Sequence[Regret]:
        logging, arm = "against the logging policy", "against the best arm by weights"
        return (
            *self._more_regrets(),
            Regret("logging", "reward", "logging_policy", "logging", f"estimated regret {logging}", worst=""),
            Regret("arm", "reward", "best_arm", "hindsight", f"estimated regret {arm}", worst=""),
        )


def _sums(values: Array, times: NDArray[np.int64]) -> Array:
    """Sums [n_times] of the first ``times`` of ``values``."""
    return np.asarray(np.concatenate([[0.0], np.cumsum(values)])[times])


def interval_of(column: Array) -> tuple[float, float]:
    """Where the values [n] of a coordinate lie; half a unit to either side where all are the same."""
    low, high = float(column.min()), float(column.max())
    return (low, high) if low < high else (low - 0.5, high + 0.5)


def problem_of(log: Log, horizon: int) -> LoggedProblem:
    """What is told of a log.

    Args:
        log: the log.
        horizon: number of rows that are played.
    """
    contexts: Any = () if log.contexts is None else tuple(interval_of(column) for column in log.contexts.T)
    return LoggedProblem(
        horizon=horizon,
        n_actions=log.n_actions,
        contexts=contexts,
        rewards=(-np.inf, np.inf) if log.low is None or log.high is None else (log.low, log.high),
        floor=float(log.propensities("the problem").min()),
        all_offered=log.offered is None or bool(log.offered.all()),
    )
