"""Successive elimination with repeated exposure (SE-REO): each action in one long run, its transient thrown away.

An epoch plays every active action ``x`` in one run: the first ``M - 1`` rewards of the run are discarded (with
``M >= m`` the tally is then that of endless repetition), the others are *clean*; the run ends with ``target`` clean
samples of ``x``, those of earlier epochs counted. Then

    r = sigma sqrt(2 L / target),   L = ln(2 K S / delta),   S = max(1, ceil(log_growth T)) + 1,

every action with ``mean_x + r < max mean - r`` is dropped, and ``target`` grows by the factor ``growth`` from
``max(M, ceil(2 L))``. A last action is played to the end.

Source: a reconstruction with the guarantee that the abstract of Malik, Igoe, Li, Singh (ICML 2023) states for "a simple
modification of successive elimination"; batch sizes, radius and constants are derived in this project. The bound holds
for every time ``t`` up to the horizon, with the ``L`` of the horizon. It adds: clean plays, by Cauchy and Schwarz
``8 sqrt(2) sqrt(L K t)``; the first epoch ``K N_1``; transients ``m - 1`` for each of the runs started by ``t`` and of
the comparator; the other ``M - m`` discarded plays of a run at the gap, ``<= 4 r_q``; the failure of a confidence
interval, 1.

Where it loses: when exposure helps from the first play, UCB1 repeats the right action by itself and pays less; with
``memory = 1`` (ordinary batched elimination) it does nearly as well unless ``m`` is much larger than ``2 L``.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bandits.arguments import flag, integer, probability, real
from bandits.arms.problem import BanditProblem
from bandits.contract import Array, Assumption, Bound, Instance
from bandits.earlier import set_state
from bandits.tallying.policy import RunPolicy, add_up
from bandits.tallying.theory import TallyingInstance


def confidence_log(horizon: int, n_actions: int, delta: float | None = None, growth: int = 4) -> float:
    """``L = ln(2 K S / delta)``, with ``delta = 1 / horizon`` unless given."""
    steps = next(s for s in range(1, 64) if growth**s >= horizon)
    return math.log(2.0 * n_actions * (steps + 1) * (horizon if delta is None else 1.0 / delta))


def first_target(memory: int, log: float) -> int:
    """``N_1 = max(M, ceil(2 L))``: with fewer than ``2 L`` samples nothing can be dropped."""
    return max(memory, math.ceil(2.0 * log))


def upper_bound(t: Array, horizon: int, n_actions: int, memory: int, true_memory: int) -> Array:
    """The bound on ``E[complete policy regret]`` at times [n], for ``M = memory >= m = true_memory`` (derived).

    Losses in [0, 1], pointwise repeated exposure optimality, ``delta = 1 / horizon``, ``growth = 4``.
    """
    t = np.asarray(t, dtype=np.float64)
    log = confidence_log(horizon, n_actions)
    first = first_target(memory, log)
    epochs = 2.0 + np.maximum(-1.0, np.floor(np.log(t / (2.0 * first)) / math.log(4.0) + 1e-12))
    gaps = np.minimum(1.0, 4.0 * np.sqrt(log / (2.0 * first * 4.0 ** np.arange(64))))
    kept = 1.0 + np.concatenate([[0.0], np.cumsum(gaps)])[epochs.astype(np.int64) - 1]
    clean = 8.0 * math.sqrt(2.0) * np.sqrt(log * n_actions * t) + n_actions * first
    transient = (true_memory - 1) * (n_actions * epochs + 1.0)
    return np.asarray(clean + transient + (memory - true_memory) * n_actions * kept + 1.0)


class RepeatedExposureElimination(RunPolicy):
    """SE-REO: successive elimination that plays each action in runs and discards their beginnings.

    Args:
        memory: upper bound M >= 1 on the memory of the environment; 1 is ordinary successive elimination in batches.
        delta: probability with which some confidence interval may fail, in (0, 1); None takes ``1 / horizon``.
        sigma: sub-Gaussian parameter of the rewards; None takes it from the problem (1/2 for losses in [0, 1]).
        growth: factor by which the runs grow, >= 2. The bound is for 4.
        start_with_last: begin an epoch with the action played last, which saves a transient.
        strict: raise, rather than warn, where the bound is asked for on an instance that the theorem does not cover:
            its memory is larger than M, or it is not known to have repeated exposure optimality.

    Where the learner is not told a horizon it guesses 2, 4, 8, ... and starts afresh with each (doubling).

    Example:
        >>> import numpy as np
        >>> from bandits import RepeatedExposureElimination
        >>> from environments import TallyingBandit
        >>> step = {"name": "step", "parameters": {"a": 0.9, "b": 0.1, "theta": 5}}
        >>> constant = {"name": "constant", "parameters": {"c": 0.5}}
        >>> environment = TallyingBandit([step, constant], memory=5, horizon=5000)
        >>> policy = RepeatedExposureElimination(memory=5)
        >>> environment.begin(environment.draw(np.random.default_rng(0)))
        >>> policy.reset(environment.problem, np.random.default_rng(1))
        >>> policy.advance(environment, 5000)
        >>> bool(-environment.metrics(np.array([5000]))["reward"] / 5000 < 0.2)
        True
    """

    decided = True

    def __init__(
        self,
        memory: int,
        delta: float | None = None,
        sigma: float | None = None,
        growth: int = 4,
        start_with_last: bool = False,
        strict: bool = False,
    ) -> None:
        self.memory = integer("memory", memory)
        self.delta = None if delta is None else probability("delta", delta)
        self.sigma = None if sigma is None else real("sigma", sigma, 0.0)
        self.growth = integer("growth", growth, 2)
        self.start_with_last, self.strict = flag("start_with_last", start_with_last), flag("strict", strict)

    def start(self, problem: BanditProblem) -> None:
        if problem.horizon is not None and self.memory > problem.horizon:
            warnings.warn(
                f"memory = {self.memory} is above the horizon {problem.horizon}: no reward will be used", stacklevel=2
            )
        self._problem = problem
        self._sigma = problem.width / 2.0 if self.sigma is None else self.sigma
        self._last, self._run, self._t = -1, 0, 0
        self._restart(problem.horizon or 2)

    def _restart(self, horizon: int) -> None:
        self._horizon = horizon
        actions = self._n_actions
        self._log = confidence_log(horizon, actions, self.delta, self.growth)
        self._target = first_target(self.memory, self._log)
        self._active, self._position = list(range(actions)), 0
        self._counts, self._sums = np.zeros(actions, dtype=np.int64), np.zeros(actions)

    def __setstate__(self, state: Any) -> None:
        """As pickled; earlier versions kept lists of counts and sums."""
        if isinstance(set_state(self, state).get("_sums"), list):
            self._counts, self._sums = np.array(self._counts), np.array(self._sums)

    def intend(self) -> Iterator[tuple[int, int]]:
        left = max(self._horizon - self._t, 1)
        if len(self._active) == 1:
            yield self._active[0], left
            return
        run = self._run if self._active[self._position] == self._last else 0
        for action in self._active[self._position :]:
            rounds = min(max(0, self.memory - 1 - run) + self._target - self._counts[action], left)
            yield action, rounds
            left, run = left - rounds, 0
            if left == 0:
                return

    def learn(self, runs: NDArray[np.int64], rewards: Array) -> None:
        run = self._run if runs[0, 0] == self._last else 0
        self._last = int(runs[-1, 0])
        self._t += rewards.size
        if len(self._active) == 1:
            self._run = run + rewards.size
        else:
            self._run = add_up(runs, rewards, self.memory - 1, run, self._counts, self._sums)
            self._position += len(runs) - int(self._counts[self._last] < self._target)
            if self._position == len(self._active):
                self._eliminate()
        if self._problem.horizon is None and self._t == self._horizon:
            self._restart(2 * self._horizon)

    def _eliminate(self) -> None:
        means = (self._sums[self._active] / self._target).tolist()
        radius = self._sigma * math.sqrt(2.0 * self._log / self._target)
        best = max(means) - radius
        self._active = [x for x, mean in zip(self._active, means, strict=True) if mean + radius >= best]
        if self.start_with_last:
            self._active.sort(key=lambda x: (x != self._last, x))
        self._target, self._position = self.growth * self._target, 0

    def regret_bounds(self, problem: BanditProblem, instance: Instance) -> Sequence[Bound]:
        """The bound on complete policy regret, the same on policy regret, and ``m - 1`` more on steady regret.

        Where the theorem does not cover the instance, the failing assumption says so, and a warning.

        Raises:
            ValueError: the theorem does not cover the instance, and ``strict``.
        """
        if not isinstance(instance, TallyingInstance):
            return ()
        if problem.horizon is None or self.delta is not None or self.growth != 4:
            return ()
        true, exposed = instance.memory, bool(instance.pointwise_reo) or bool(instance.long_run_reo)
        if self.memory < true:
            self._object(f"memory must be at least the instance's, {true}, for the bound to hold, got {self.memory}")
        if not exposed:
            found = "too large for a certificate of it" if instance.long_run_reo is None else "without it"
            self._object(f"the instance must be of repeated exposure optimality for the bound to hold, got one {found}")
        sigma = problem.width / 2.0 if self.sigma is None else self.sigma
        assumptions = (
            Assumption("repeated exposure optimality", exposed),
            Assumption("M is at least the memory m", self.memory >= true),
            Assumption("losses in [0, 1], or sigma at most 1/2, and as assumed", problem.width <= 2.0 * sigma <= 1.0),
        )
        extra = 0 if instance.pointwise_reo else true - 1
        horizon, arms, memory = problem.horizon, problem.n_actions, max(self.memory, true)

        def bound(comparator_class: str, more: int) -> Bound:
            return Bound(
                "SE-REO bound",
                "upper",
                lambda t: upper_bound(t, horizon, arms, memory, true) + more,
                comparator_class,
                "this project, see bandits.tallying.repeated_exposure; order of Malik, Igoe, Li, Singh 2023, abstract",
                "derived",
                assumptions,
                "horizon-tuned",
            )

        return bound("sequence", extra), bound("constant", extra), bound("steady", extra + true - 1)

    def _object(self, text: str) -> None:
        """Say that the theorem does not cover the instance."""
        if self.strict:
            raise ValueError(text)
        warnings.warn(text, stacklevel=3)
