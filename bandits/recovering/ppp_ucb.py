"""PPP-UCB: purely periodic planning with upper confidence bounds.

A phase of ``phi`` periods plays one plan. Before it, for every arm and idle time d (all d >= D in one cell),

    Uraw(i, d) = min(1, mean + sqrt(L / (2 n))), 1 while n = 0,     L = ln(2 N D T^2),
    U(i, d)    = min over d' >= d of Uraw(i, d'),

and the planner is run on U. The second line is essential: rewards are known not to fall with idle time, so U is still
an upper bound, and the planner's input is monotone.

Source: a reconstruction of "offline periodic policy with upper confidence bounds" (abstract of Simchi-Levi, Zheng, Zhu
2021), derived in this project. Regret against the benchmark of the planner, at any time t, L and phi of the horizon:

    B(t) = 2 N ceil(t / phi) + 4 N H phi + 4 sqrt(L) min{N C sqrt(t), sqrt(N n K t)} + K,

``H = sum 1/b``, ``C = sum b^{-1/2} / (1 - 2^{-1/2})`` over the odd bases ``b`` of the plans, ``n`` the number of their
periods below D, plus one. In a phase an arm of period d is pulled at idle time exactly d at least phi / d - 2 times;
the cost of optimism per such pull is U - R; and a cell of period d has at most t / d pulls, whence no factor D. With
``phi`` about ``sqrt(T)`` this is the order N sqrt(T) of the paper's abstract. It is loose: below ``T V`` only for T of
10^4 to 10^5 on small instances.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from bandits.arguments import flag, integer
from bandits.contract import Array, Assumption, Bound, Instance
from bandits.kernels import kernel
from bandits.recovering.planners import PLANNERS, LPRound, Planner
from bandits.recovering.policy import SchedulingPolicy
from bandits.recovering.problem import Idle, RecoveringProblem, Schedule
from bandits.recovering.schedule import offsets_of, round_up, schedule_of
from bandits.recovering.theory import RecoveringInstance
from bandits.registry import Component


@kernel
def _record(schedule: Schedule, rewards: Array, idle: Idle, counts: Array, sums: Array) -> None:
    longest = counts.shape[1]
    last = np.empty(idle.size, dtype=np.int64)
    for i in range(idle.size):
        last[i] = -idle[i]
    for t in range(schedule.shape[0]):
        for s in range(schedule.shape[1]):
            arm = schedule[t, s]
            if arm < 0:
                break
            d = min(t - last[arm], longest) - 1
            counts[arm, d] += 1.0
            sums[arm, d] += rewards[t, s]
            last[arm] = t


@kernel
def upper_confidence(counts: Array, sums: Array, scale: float) -> Array:
    """``U`` [n_arms, longest] with the radius ``scale / sqrt(n)``."""
    upper = np.ones_like(counts)
    n_arms, longest = counts.shape
    for i in range(n_arms):
        least = 1.0
        for d in range(longest - 1, -1, -1):
            if counts[i, d] > 0.0:
                least = min(least, sums[i, d] / counts[i, d] + scale / math.sqrt(counts[i, d]))
            upper[i, d] = least
    return upper


def confidence_log(horizon: int, n_arms: int, longest: int) -> float:
    """``L = ln(2 N D T^2)``."""
    return math.log(2.0 * n_arms * longest) + 2.0 * math.log(horizon)


def regret_bound(
    t: Array, horizon: int, n_arms: int, plays: int, longest: int, phase: int, bases: Sequence[int] = (1,)
) -> Array:
    """``B(t)`` at times [n], for plans of periods ``b 2^l`` with ``b`` in ``bases`` (derived)."""
    t = np.asarray(t, dtype=np.float64)
    harmonic = sum(1.0 / b for b in bases)
    root = sum(b**-0.5 for b in bases) / (1.0 - 2.0**-0.5)
    cells = 1 + sum(b << level < longest for b in bases for level in range(longest.bit_length() + 1))
    pulls = np.minimum(n_arms * root * np.sqrt(t), np.sqrt(n_arms * cells * plays * t))
    learning = 4.0 * math.sqrt(confidence_log(horizon, n_arms, longest)) * pulls
    return np.asarray(2.0 * n_arms * np.ceil(t / phase) + 4.0 * n_arms * harmonic * phase + learning + plays)


class PPPUCB(SchedulingPolicy):
    """Purely periodic planning with upper confidence bounds.

    Args:
        planner: a component: "pow2", "single_base" (parameter ``base``), "best_base" or "lp_round"; see
            ``bandits.recovering.planners``.
        phase: periods of a phase, phi >= 1; None takes ``ceil(sqrt(T))``, or D rounded up to a power of 2 if larger.
        keep_if_unchanged: when a new plan has the periods of the last one, go on with its clock instead of restarting.

    Where the learner is not told a horizon, it takes T = 2, 4, 8, ... in turn and keeps its statistics (doubling).

    Example:
        >>> import numpy as np
        >>> from bandits import PPPUCB
        >>> from environments import RecoveringRewards
        >>> environment, policy = RecoveringRewards([[0.2, 0.9], [0.3], [0.1, 0.4]], plays=1, horizon=2000), PPPUCB()
        >>> environment.begin(environment.draw(np.random.default_rng(0)))
        >>> policy.reset(environment.problem, np.random.default_rng(1))
        >>> policy.advance(environment, 2000)
        >>> environment.clock
        2000
    """

    decided = True

    def __init__(self, planner: Component = "pow2", phase: int | None = None, keep_if_unchanged: bool = False) -> None:
        self.planner = planner
        self._planner: Planner = PLANNERS.build(planner, "planner", of=Planner)
        self.phase = None if phase is None else integer("phase", phase)
        self.keep_if_unchanged = flag("keep_if_unchanged", keep_if_unchanged)

    def _phase_of(self, problem: RecoveringProblem, horizon: int) -> int:
        if self.phase is not None:
            return self.phase
        return max(round_up(problem.recovery, 1), math.isqrt(horizon - 1) + 1)

    def begin(self, problem: RecoveringProblem) -> None:
        self._counts, self._sums = np.zeros((2, problem.n_actions, problem.recovery))
        self._periods = np.zeros(problem.n_actions, dtype=np.int64)
        self._offsets, self._start = self._periods, 0
        self._horizon = problem.horizon or 2

    def schedule(self) -> Schedule:
        problem = self._problem
        while problem.horizon is None and self._t >= self._horizon:
            self._horizon *= 2
        log = confidence_log(self._horizon, problem.n_actions, problem.recovery)
        upper = upper_confidence(self._counts, self._sums, problem.width * math.sqrt(log / 2.0))
        periods = self._planner.plan(upper, problem.plays).periods
        if not (self.keep_if_unchanged and np.array_equal(periods, self._periods)):
            self._periods, self._offsets, self._start = periods, offsets_of(periods, problem.plays), self._t
        phase = self._phase_of(problem, self._horizon)
        return schedule_of(self._periods, self._offsets, self._t - self._start, phase, problem.plays)

    def learn(self, schedule: Schedule, rewards: Array, idle: Idle) -> None:
        _record(schedule, rewards, idle, self._counts, self._sums)

    def regret_bounds(self, problem: RecoveringProblem, instance: Instance) -> Sequence[Bound]:
        """``B(t)``: against the plan of the same exact planner, or for "lp_round" against ``gamma_K UB``."""
        if not isinstance(instance, RecoveringInstance) or problem.horizon is None:
            return ()
        longest, plays, horizon = problem.recovery, problem.plays, problem.horizon
        bases = tuple(self._planner.bases(longest, plays))
        rounding = isinstance(self._planner, LPRound)
        assumptions = [Assumption("rewards lie in [0, 1]", problem.bounded)]
        if not rounding:
            same = instance.planner == self._planner
            assumptions.append(Assumption("the benchmark is the plan of the same planner", same))
        phase, n_arms = self._phase_of(problem, horizon), problem.n_actions
        return (
            Bound(
                "PPP-UCB bound",
                "upper",
                lambda t: regret_bound(t, horizon, n_arms, plays, longest, phase, bases),
                "gamma" if rounding else "plan",
                "derived in this project; order of Simchi-Levi, Zheng, Zhu 2021, abstract",
                "derived",
                tuple(assumptions),
                "horizon-tuned",
            ),
        )
