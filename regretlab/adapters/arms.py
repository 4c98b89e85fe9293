"""Policies on arms that have names, with ``fit``, ``partial_fit`` and ``predict``: as in MABWiser and scikit-learn.

No other package is needed. Every row that is learned is a round of the policy: it chooses, and then it learns from the
decision of the row, which takes the place of its own choice; where ``predict`` has just chosen for that very context,
that was the choice (``Seat``). So a log is learned as if the policy had played it. After that, or from the start,
``predict`` and ``partial_fit`` in turn, row by row, are the policy's own run, bit for bit, on the stream of random
numbers ``bandits.seeds.stream(seed, of="policy")``.
"""

from __future__ import annotations

import copy
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from bandits import BanditProblem, ContextualProblem, Policy, can_play
from bandits.arguments import flag, floats, is_list, shown
from bandits.contract import Array
from bandits.estimator import Parameters, not_fitted
from bandits.labels import Names, check_rows, ordered
from bandits.registry import POLICIES, Component
from bandits.seeds import stream
from regretlab.adapters.columns import Name, place_of, read_column, read_names, read_table
from regretlab.adapters.seat import Seat

Round = tuple[Name, float, Array | None]
"""The arm's name, its reward, and its context, if the policy looks at any."""

ESTIMATES, MEANS, PROBABILITIES = "estimates", "means", "probabilities"


class _Run:
    """What is learned: by the policy, which is at play, and beside it of the rewards of each arm."""

    def __init__(self, seat: Seat, names: Sequence[Name], columns: Names | None, rounds: list[Round]) -> None:
        self.seat, self.names, self.columns, self.rounds = seat, tuple(names), columns, rounds
        self.places = {name: i for i, name in enumerate(names)}
        self.sums, self.counts = np.zeros(len(names)), np.zeros(len(names), dtype=np.int64)

    def learn(self, rounds: Sequence[Round]) -> None:
        """Rounds in order; where the policy refuses one of several, none was learned."""
        before = copy.deepcopy((self.seat, self.sums, self.counts)) if len(rounds) > 1 else None
        try:
            for name, reward, row in rounds:
                action = self.places[name]
                self.seat.learn(row, action, reward)
                self.sums[action] += reward
                self.counts[action] += 1
        except BaseException:
            if before is not None:
                self.seat, self.sums, self.counts = before
            raise


class ArmsLearner(Parameters):
    """A policy on named arms that learns from columns of decisions, rewards and contexts.

    Parameters are kept as given and checked in ``fit``, as scikit-learn asks (``get_params``, ``set_params``,
    ``sklearn.base.clone``); the policy that is given is copied, never changed. It pickles at any moment and goes on.
    Where an argument is refused nothing has changed.

    What is learned from decisions of somebody else is what the policy makes of plays that it did not choose: nothing is
    weighted by how likely they were. (Estimating what a policy would have earned on a log is another question.) A
    policy that learns from its own draws alone, such as Tsallis-INF, refuses other decisions: it begins by
    ``fit([], [])``, and each ``predict`` of one row is followed by a ``partial_fit`` of that row.

    Args:
        policy: a policy on arms, with or without contexts: an object, or what the registry builds ("ucb1").
        arms: names of the arms, any hashable objects, in any order: ties are the policy's to break by it.
        low: smallest reward.
        high: largest reward.
        noise: sub-Gaussian parameter of rewards, where their range is not finite; None not to declare any.
        horizon: number of rounds that the policy is told, or None.
        contexts: the interval (low, high) of each column of the contexts, as a list or by the columns' names; None to
            take them from the first rows: from ``a - w / 2`` to ``b + w / 2`` for a column in ``a..b``, ``w = b - a``
            (``w = max(1, |a|)`` for a constant one). Contexts outside are for the policy to refuse or to tell of.
        remember: whether to keep all rows learned, so that arms can be added and removed.
        seed: of the policy's stream, >= 0; None for another one at every ``fit``.

    Attributes:
        arms_: names of the arms, in the order of ``predict_proba``.
        n_features_in_: number of columns of the contexts, where the policy looks at any.
        feature_names_in_: their names, where these are strings.
        expectations_: what ``predict_expectations`` gives: "means", "estimates" or "probabilities".

    Example:
        >>> from bandits import UCB1
        >>> from regretlab.adapters.arms import ArmsLearner
        >>> learner = ArmsLearner(UCB1(), ["red", "green"]).fit(["red", "green", "red"], [0.0, 1.0, 1.0])
        >>> learner.predict_expectations(), learner.predict()
        ({'red': 0.5, 'green': 1.0}, 'green')
        >>> learner.partial_fit(["green"], [0.0]).predict()
        'red'
    """

    _run: _Run

    def __init__(
        self,
        policy: Component,
        arms: Iterable[Name],
        low: float = 0.0,
        high: float = 1.0,
        noise: float | None = None,
        horizon: int | None = None,
        contexts: Sequence[Sequence[float]] | Mapping[Name, Sequence[float]] | None = None,
        remember: bool = False,
        seed: int | None = 0,
    ) -> None:
        self.policy = policy
        self.arms = arms
        self.low = low
        self.high = high
        self.noise = noise
        self.horizon = horizon
        self.contexts = contexts
        self.remember = remember
        self.seed = seed

    def fit(self, decisions: Any, rewards: Any, contexts: Any = None) -> ArmsLearner:
        """Forget everything and learn rows, in order. ``fit([], [])`` learns nothing: the policy begins cold.

        Args:
            decisions: [n] names of the arms played: a list, an array, a column of a table.
            rewards: [n] their rewards, finite.
            contexts: [n, n_columns] contexts, where the policy looks at any: a table or an array; of one row alone also
                [n_columns]. Columns of a table are read by name, those of an array by their places.

        Raises:
            ValueError: an arm that there is not, a number that is not finite, columns of different lengths or of other
                names, contexts that are missing or that the policy does not look at, a parameter out of its domain.
            RuntimeError: a decision that the policy did not draw, where it learns from its own draws alone.
        """
        return self._take(decisions, rewards, contexts, anew=True)

    def partial_fit(self, decisions: Any, rewards: Any, contexts: Any = None) -> ArmsLearner:
        """Learn more rows, in order; the first time as ``fit``. Arguments and errors are those of ``fit``."""
        return self._take(decisions, rewards, contexts, anew=not hasattr(self, "_run"))

    def predict(self, contexts: Any = None) -> Any:
        """The arm that the policy plays now.

        A policy that draws has drawn then: the next call may give another arm.

        Args:
            contexts: None, or as in ``fit`` where the policy looks at any.

        Returns:
            The name of an arm; a list of names, one a row, where contexts have two axes.

        Raises:
            NotFittedError: nothing was learned yet; scikit-learn's own class where that is loaded.
            ValueError: as in ``fit``.
        """
        rows, single = self._asked("predict", contexts)
        names = [self._run.names[self._run.seat.choose(row)] for row in rows]
        return names[0] if single else names

    def predict_proba(self, contexts: Any = None) -> Array:
        """The probabilities with which ``predict`` gives each arm, in the order of ``arms_``; changes nothing.

        They are the policy's own (``Policy.probabilities``): what it plays, not what it thinks of the arms.

        Returns:
            [n_arms], or [n, n_arms] where contexts have two axes.

        Raises:
            NotFittedError: as in ``predict``.
            ValueError: as in ``predict``.
            TypeError: the policy has none.
        """
        rows, single = self._asked("predict_proba", contexts)
        found = np.array([self._run.seat.policy.probabilities(row) for row in rows]).reshape(-1, len(self.arms_))
        return found[0] if single else found

    def predict_expectations(self, contexts: Any = None) -> Any:
        """What is expected of each arm, by its name; changes nothing. ``expectations_`` says which of three it is.

        * "means", of a policy that looks at no contexts: the mean of the rewards learned of each arm, NaN where there
          is none. A policy that forgets, or corrects for its own draws, decides by other numbers.
        * "estimates", of one that keeps a model of the rewards in a context: what that predicts.
        * "probabilities", of other ones with contexts: those of ``predict_proba``.

        In MABWiser they are what its policy takes the largest of: indices, or numbers drawn anew at each call.

        Returns:
            A dictionary; a list of them, one a row, where contexts have two axes.

        Raises:
            NotFittedError: as in ``predict``.
            ValueError: as in ``predict``.
            TypeError: the policy has neither.
        """
        rows, single = self._asked("predict_expectations", contexts)
        run = self._run
        if self.expectations_ == MEANS:
            means = np.divide(run.sums, run.counts, out=np.full(len(run.names), np.nan), where=run.counts > 0)
            tables = [means] * len(rows)
        else:
            policy: Any = run.seat.policy
            ask = policy.estimates if self.expectations_ == ESTIMATES else policy.probabilities
            tables = [ask(row) for row in rows]
        found = [dict(zip(run.names, table.tolist(), strict=True)) for table in tables]
        return found[0] if single else found

    def add_arm(self, arm: Name) -> ArmsLearner:
        """One more arm, the last one. The policy starts anew on all of them and learns again what it has learned.

        So it is the policy that ``fit`` gives on all rows so far with the new list of ``arms``: no state is patched.

        Raises:
            ValueError: an arm that there is already, or rows that were learned and not remembered.
        """
        return self._replace([*read_names(self.arms), arm], "add_arm")

    def remove_arm(self, arm: Name) -> ArmsLearner:
        """One arm less. The policy starts anew on the others and learns again what it has learned of these.

        Raises:
            ValueError: no such arm, the last one, or rows that were learned and not remembered.
        """
        names = read_names(self.arms)
        place_of(arm, {name: i for i, name in enumerate(names)}, "arm")
        return self._replace([name for name in names if name != arm], "remove_arm")

    def __sklearn_tags__(self) -> Any:
        """What scikit-learn asks of an estimator about itself; only scikit-learn calls this."""
        from sklearn.base import BaseEstimator

        return BaseEstimator().__sklearn_tags__()

    def _take(self, decisions: Any, rewards: Any, contexts: Any, anew: bool) -> ArmsLearner:
        flag("remember", self.remember)
        names, earned = read_column("decisions", decisions), floats("rewards must be finite numbers", rewards)
        if earned.shape != (len(names),):
            raise ValueError(f"rewards must have shape ({len(names)},), one a decision, got {earned.shape}")
        if not np.isfinite(earned).all():
            row = int(np.argmin(np.isfinite(earned)))
            raise ValueError(f"rewards must be finite numbers, got {earned[row]} in row {row}")
        check_rows(decisions=decisions, rewards=rewards, contexts=contexts)
        run = self._begun(contexts) if anew else self._run
        rows: list[Any] = []
        if names or contexts is not None:
            rows, single = self._rows(run, contexts)
            rows = [None] * len(names) if contexts is None and single else rows
        if len(rows) != len(names):
            raise ValueError(f"contexts must have {len(names)} row(s), one a decision, got {len(rows)}")
        for i, name in enumerate(names):
            place_of(name, run.places, f"decisions[{i}]")
        rounds = list(zip(names, earned.tolist(), rows, strict=True))
        run.learn(rounds)
        if self.remember:
            run.rounds += rounds
        return self._adopt(run)

    def _adopt(self, run: _Run) -> ArmsLearner:
        self._run, self.arms_ = run, list(run.names)
        for name in ("n_features_in_", "feature_names_in_"):
            vars(self).pop(name, None)
        self.expectations_ = MEANS
        if isinstance(run.seat.problem, ContextualProblem):
            self.expectations_ = ESTIMATES if hasattr(run.seat.policy, "estimates") else PROBABILITIES
            self.n_features_in_ = len(run.seat.problem.contexts)
            if run.columns is not None and all(isinstance(name, str) for name in run.columns):
                self.feature_names_in_ = np.array(run.columns, dtype=object)
        return self

    def _begun(self, contexts: Any) -> _Run:
        """A policy at its start; ``contexts`` are those of the first rows."""
        names = read_names(self.arms)
        policy = POLICIES.build(self.policy, "policy", of=Policy)
        declared: dict[str, Any] = {"low": self.low, "high": self.high, "noise": self.noise, "horizon": self.horizon}
        if policy.clairvoyant:
            raise ValueError(f"policy must not know the run in advance, got {type(policy).__name__}")
        columns, kinds = None, (BanditProblem, ContextualProblem)
        problem = BanditProblem(n_actions=len(names), **declared)
        if not any(issubclass(kind, policy.plays) for kind in kinds):
            raise ValueError(
                f"policy must play {' or '.join(kind.__name__ for kind in kinds)}, got {type(policy).__name__}, which "
                f"plays {', '.join(kind.__name__ for kind in policy.plays)}"
            )
        if not can_play(policy, problem):
            intervals, columns = self._boxes(contexts)
            problem = ContextualProblem(n_actions=len(names), contexts=intervals, **declared)
        return _Run(Seat(policy, problem, stream(self.seed, of="policy")), names, columns, [])

    def _boxes(self, contexts: Any) -> tuple[tuple[tuple[float, float], ...], Names | None]:
        """The interval of each column, declared or of the first rows, and the columns' names."""
        if isinstance(self.contexts, Mapping):
            return _intervals(list(self.contexts.values())), tuple(self.contexts)
        if contexts is None and self.contexts is None:
            raise ValueError(
                f"contexts must be given, as {shown(self.policy)} looks at them, got None; where there is no first "
                "row, declare the intervals of their columns by the parameter contexts"
            )
        rows, columns, _ = (None, None, False) if contexts is None else read_table("contexts", contexts)
        if self.contexts is not None:
            return _intervals(self.contexts), columns
        if rows is None or len(rows) == 0:
            raise ValueError("contexts must be declared by the parameter of that name where there is no first row")
        low, high = rows.min(axis=0), rows.max(axis=0)
        half = np.where(high > low, high - low, np.maximum(1.0, np.abs(low))) / 2.0
        return tuple(zip((low - half).tolist(), (high + half).tolist(), strict=True)), columns

    def _rows(self, run: _Run, contexts: Any) -> tuple[list[Any], bool]:
        """Contexts as the policy takes them, one a decision, and whether there is a single one, without an axis."""
        if not isinstance(run.seat.problem, ContextualProblem):
            if contexts is not None:
                raise ValueError(f"contexts must be None, as {type(run.seat.policy).__name__} looks at none, got some")
            return [None], True
        if contexts is None:
            raise ValueError(f"contexts must be given, as {type(run.seat.policy).__name__} looks at them, got None")
        table, names, single = read_table("contexts", contexts)
        if names is not None and run.columns is not None:
            table = ordered(table, names, run.columns, "contexts")
        if table.shape[1] != len(run.seat.problem.contexts):
            raise ValueError(f"contexts must have {len(run.seat.problem.contexts)} column(s), got {table.shape[1]}")
        rows = []
        for i, row in enumerate(table):
            try:
                rows.append(run.seat.problem.checked_observation(row))
            except ValueError as error:
                raise ValueError(f"contexts, row {i}: {error}") from None
        return rows, single

    def _asked(self, what: str, contexts: Any) -> tuple[list[Any], bool]:
        if not hasattr(self, "_run"):
            raise not_fitted(self, what)
        return self._rows(self._run, contexts)

    def _replace(self, arms: list[Name], what: str) -> ArmsLearner:
        names = read_names(arms)
        if not hasattr(self, "_run"):
            self.arms = names
            return self
        old = self._run
        if old.counts.sum() != len(old.rounds):
            raise ValueError(
                f"remember must be true from fit on for {what} after rows were learned, got false: all of them are "
                "learned again on the new arms; or call fit on all rows"
            )
        fresh = copy.copy(self)
        fresh.arms, fresh.contexts = names, getattr(old.seat.problem, "contexts", None)
        run = fresh._begun(None)
        run.columns, run.rounds = old.columns, [row for row in old.rounds if row[0] in run.places]
        run.learn(run.rounds)
        self.arms = names
        return self._adopt(run)


def _intervals(declared: Any) -> tuple[tuple[float, float], ...]:
    """What is declared, in the form that problems take and check."""
    if not is_list(declared):
        raise ValueError(f"contexts must be intervals (low, high), one a column, got {shown(declared)}")
    return tuple(tuple(interval) if is_list(interval) else interval for interval in declared)
