"""Arms with recovering rewards, up to K of them pulled a period; the learner sees the rewards of the arms it pulls.

The mean reward of arm ``i`` is ``R_i(idle)``, ``idle`` the number of periods since its last pull (1 if it was pulled in
the period before). Expected rewards never exceed ``t UB`` by time t from the cold start, ``UB`` the fluid bound, and
``t UB + sum_i R_i(D_i)`` from the recovered start, whatever the policy (derived; ``bandits.recovering.fluid``).
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from gymnasium import spaces
from numpy.typing import NDArray

from bandits.arguments import LARGEST, integer, one_of, positive, shown, within
from bandits.contract import Array, Bound
from bandits.frozen import read_only
from bandits.normals import standard_normal
from bandits.recovering.planners import PLANNERS, Planner
from bandits.recovering.problem import Outcomes, RecoveringProblem, Schedule, check_pulls
from bandits.registry import Component
from environments.contract import Environment, Regret, copy_of
from environments.record import Record
from environments.recovering.curves import Curves, curves_of, padded
from environments.recovering.instance import SolvedInstance
from environments.recovering.pulls import NOISES, account, check_schedule
from environments.recovering.rules import Foreseer
from environments.recovering.subsets import Subsets

BLOCK = 1 << 14
"""Periods whose noise is drawn at once. Part of what decides the numbers of a run."""


@dataclass(frozen=True, eq=False)
class Tape:
    """All randomness of a run: the generator of the noise, and the seed of the randomised rule."""

    generator: np.random.Generator
    seed: int


class RecoveringRewards(Environment[Any, Any, Array, Tape]):
    """Arms whose rewards recover with idle time.

    Observation: idle times [n_arms], capped at the longest recovery time. Action: at most ``plays`` different arms.
    Feedback: their rewards [n_pulled]; in gymnasium's form [plays], with zeros after them, and ``info["pulled"]``
    [plays] says which are rewards. Metrics: ``reward`` and ``expected_reward``, the cumulative mean reward.

    Args:
        curves: recovery curves; see ``environments.recovering.curves``.
        plays: most arms pulled in one period, K, in 1..N.
        n_arms: number of arms N, where one curve without lists in its parameters stands for several arms.
        start: "cold" (as if every arm was pulled just before) or "recovered".
        noise: "bernoulli", "uniform" (as wide as [0, 1] allows, up to 1/2 to each side), "beta", "gaussian" (unclipped)
            or "none".
        concentration: of beta noise, > 0: Beta(c m, c (1 - m)).
        sigma: standard deviation of gaussian noise.
        planner: the planner whose plan of the true curves is the benchmark "plan", a component of
            ``bandits.recovering.planners``.
        horizon: number of periods, >= 1.

    Raises:
        ValueError: a parameter out of its domain, or curves that fall or leave [0, 1].

    Example:
        >>> import numpy as np
        >>> from environments import RecoveringRewards
        >>> environment = RecoveringRewards([[0.3, 1.0], [0.2]], plays=1, noise="none", horizon=10)
        >>> environment.begin(environment.draw(np.random.default_rng(0)))
        >>> [environment.transition([arm])[0] for arm in (0, 0, 1, 0)]
        [0.3, 0.3, 0.2, 1.0]
        >>> environment.instance().fluid
        0.6
    """

    problem: RecoveringProblem

    def __init__(
        self,
        curves: Curves,
        plays: int = 1,
        n_arms: int | None = None,
        start: str = "cold",
        noise: str = "bernoulli",
        concentration: float | None = None,
        sigma: float | None = None,
        planner: Component = "pow2",
        horizon: int = 10_000,
    ) -> None:
        self.curves, self.n_arms, self.horizon = curves, n_arms, integer("horizon", horizon)
        rows = curves_of(curves, n_arms)
        self.plays = integer("plays", plays, 1, len(rows))
        self.start = one_of("start", start, ("cold", "recovered"))
        self.noise = one_of("noise", noise, NOISES)
        self.concentration, self.sigma = concentration, sigma
        for name, value, kind in (("concentration", concentration, "beta"), ("sigma", sigma, "gaussian")):
            if (value is None) == (noise == kind):
                raise ValueError(
                    f"{name} must be given with {kind} noise and with no other, got {shown(value)} with {noise}"
                )
            if value is not None:
                positive(name, value)
        self.planner = planner
        self._table, self._kind = padded(rows), NOISES[noise]
        count, longest = self._table.shape
        self.problem = RecoveringProblem(
            n_actions=count,
            plays=plays,
            recovery=longest,
            horizon=horizon,
            low=0.0 if sigma is None else -math.inf,
            high=float(plays) if sigma is None else math.inf,
            noise=sigma,
        )
        self.action_space = Subsets(count, plays)
        self.observation_space = spaces.Box(1, max(longest, 2), (count,), dtype=np.int64)
        self._instance = SolvedInstance(
            curves=self._table,
            plays=plays,
            planner=PLANNERS.build(planner, "planner", of=Planner),
            rows=rows,
            start=start,
            horizon=horizon,
        )
        _ = self._instance.plan  # a plan that is too large to be found is refused here

    def draw(self, rng: np.random.Generator) -> Tape:
        seed = int(rng.integers(1 << 62))
        return Tape(rng, seed)

    def check_tape(self, tape: Tape) -> None:
        within("seed of tape", tape.seed, 0, LARGEST)

    def begin(self, tape: Tape) -> None:
        self._generator = copy_of(tape.generator)
        self.clock = self._drawn = 0
        self._totals = np.zeros((1, 2))
        self._record = Record(("reward", "expected_reward"))
        rows = self._instance.rows
        self._last = np.array([-len(row) if self.start == "recovered" else -1 for row in rows])
        self._foreseer = Foreseer(self._table, self.plays, tape.seed)

    def observe(self) -> NDArray[np.int64]:
        idle: NDArray[np.int64] = np.minimum(self.clock - self._last, self._table.shape[1])
        return idle

    def _coming(self) -> Array:
        """Noise [n, plays] of the coming periods, as many as are drawn."""
        self.check_running()
        if self.clock == self._drawn:
            self._first, self._drawn = self._drawn, min(self._drawn + BLOCK, self.horizon)
            shape = (self._drawn - self._first, self.plays)
            if self.noise == "none":
                self._noise = np.zeros(shape)
            elif self.sigma is not None:
                self._noise = self.sigma * standard_normal(self._generator, np.empty(shape))
            else:
                self._noise = self._generator.random(shape)
        return self._noise[self.clock - self._first :]

    def block(self, most: int) -> Outcomes:
        """The next periods for a compiled policy: at least 1, at most ``most``."""
        return Outcomes(read_only(self._table), read_only(self._coming()[:most]), self._kind)

    def absorb(self, schedule: Schedule) -> Array:
        """Pull the arms of ``schedule`` [n, plays] in the next periods; returns the rewards [n, plays], 0 for no pull.

        Raises:
            ValueError: a period's pulls are no set of arms with -1 after them; nothing changes.
            RuntimeError: less than ``n`` periods are left; nothing changes.
        """
        self.check_running()
        check_schedule(schedule, self.problem.n_actions, self.plays)
        if self.clock + len(schedule) > self.horizon:
            raise RuntimeError(f"{self.horizon - self.clock} periods are left, not {len(schedule)}")
        rewards = np.zeros(schedule.shape)
        done = 0
        while done < len(schedule):
            noise = self._coming()[: len(schedule) - done]
            now = slice(done, done + len(noise))
            totals = self._pull(schedule[now], noise, rewards[now])
            self._record.stretch(self.clock, totals, copy=False)
            done += len(noise)
            self.clock += len(noise)
        return rewards

    def _pull(self, schedule: Schedule, noise: Array, rewards: Array) -> Array:
        """Pull arms, writing the rewards; returns the cumulative metrics [n, 2] after each period."""
        before, totals = self._totals[-1], np.empty((len(schedule), 2))
        account(schedule, self._table, noise, self._kind, self.clock, self._last, rewards, before, totals)
        if self.concentration is not None:
            from scipy.special import betaincinv

            inside = (schedule >= 0) & (rewards > 0.0) & (rewards < 1.0)
            m, c = rewards[inside], self.concentration
            rewards[inside] = betaincinv(c * m, c * (1.0 - m), noise[inside])
            ends = np.cumsum(np.count_nonzero(schedule >= 0, axis=1))
            totals[:, 0] = np.cumsum(np.concatenate([before[:1], rewards[schedule >= 0]]))[ends]
        self._totals = totals[-1:]
        return totals

    def transition(self, action: Any) -> tuple[float, Array]:
        check_pulls(action, self.problem)
        schedule = np.empty((1, self.plays), dtype=np.int64)
        schedule.fill(-1)
        schedule[0, : len(action)] = action
        rewards = np.zeros(schedule.shape)
        totals = self._pull(schedule, self._coming()[:1], rewards)
        self.clock += 1
        self._record.step(self.clock, totals[0].tolist())
        feedback = rewards[0, : len(action)]
        return float(np.add.reduce(feedback)), feedback

    def info_of(self, feedback: Array) -> dict[str, Any]:
        rewards, pulled = np.zeros(self.plays), np.zeros(self.plays, dtype=np.bool_)
        rewards[: len(feedback)], pulled[: len(feedback)] = feedback, True
        return {"feedback": rewards, "pulled": pulled}

    def feedback_of(self, info: Mapping[str, Any]) -> Array:
        return np.asarray(info["feedback"][info["pulled"]])

    def metrics(self, times: NDArray[np.int64]) -> Mapping[str, Array]:
        return self._record.at(times)

    def foresee(self, rule: str, most: int, planner: Planner, window: int = 3) -> Schedule:
        """Pulls [n, plays] that a rule which knows the curves makes next, 1 <= n <= ``most``; see ``Foreseer``.

        Raises:
            ValueError: no such rule, or it cannot be played here.
        """
        return self._foreseer.schedule(rule, self.observe(), self.clock, most, planner, window)

    def clairvoyant(self, comparator: str) -> Any:
        """The next pulls of the benchmark "plan"."""
        if comparator != "plan":
            raise ValueError(f"comparator must be plan, got {shown(comparator)}")
        pulls = self.foresee("plan", 1, self._instance.planner)[0]
        return tuple(i for i in pulls.tolist() if i >= 0)

    def comparators(self, times: NDArray[np.int64]) -> Mapping[str, Array]:
        """Cumulative rewards: rates a period times the number of periods, except ``best_schedule``.

        ``plan``: long-run value of the planner's plan of the true curves; ``fluid``: UB; ``gamma``: ``gamma_K UB``;
        ``worst``: 0. On tiny instances also ``optimum``, the best long-run value, and ``best_schedule``, the most that
        so many periods can earn from the start.
        """
        t, known = times.astype(np.float64), self._instance
        curves = {
            "plan": t * known.plan.value,
            "fluid": t * known.fluid,
            "gamma": t * (known.gamma * known.fluid),
            "worst": 0.0 * t,
        }
        if known.optimum is not None:
            curves["optimum"] = t * known.optimum
        if known.best_schedule is not None:
            curves["best_schedule"] = known.best_schedule[times - 1]
        return curves

    def limits(self, times: NDArray[np.int64]) -> Mapping[str, Array]:
        """By what no schedule exceeds, ``best_schedule`` or the fluid bound (see the module), and by pulling nothing.

        Realized rewards lie in [0, 1] a pull; without noise they are the expected ones, with Gaussian noise unbounded.
        """
        curves, best = self.comparators(times), self._instance.best_schedule
        spare = math.fsum(row[-1] for row in self._instance.rows) if self.start == "recovered" else 0.0
        most = times * self._instance.fluid + spare if best is None else best[times - 1]
        found = {r.name: curves[r.comparator] - np.array([most, 0.0 * most]) for r in self.regrets()}
        if self.sigma is not None:
            del found["realized"]
        elif self.noise != "none":
            found["realized"] = curves["plan"] - np.array([times * self.plays, 0 * times])
        return found

    def regrets(self) -> Sequence[Regret]:
        """Regret against the plan first; the others as far as their comparators can be computed."""
        plan = f"regret against the {self._instance.planner.label} plan"
        regrets = [
            Regret("plan", "expected_reward", "plan", "plan", plan),
            Regret("fluid", "expected_reward", "fluid", "fluid", "regret against the fluid upper bound"),
            Regret("gamma", "expected_reward", "gamma", "gamma", "regret against gamma times the fluid upper bound"),
            Regret("optimum", "expected_reward", "optimum", "optimum", "regret against the best long-run reward"),
            Regret("best_schedule", "expected_reward", "best_schedule", "schedule", "regret against the best schedule"),
            Regret("realized", "reward", "plan", "plan", f"realized {plan}"),
        ]
        known = {"optimum": self._instance.solvable, "best_schedule": self._instance.schedulable}
        return [regret for regret in regrets if known.get(regret.comparator, True)]

    def instance(self) -> SolvedInstance:
        return self._instance

    def lower_bounds(self) -> Sequence[Bound]:
        """Order only: constant curves are an ordinary bandit with K plays, whose regret is of order ``sqrt(N K t)``."""
        n_arms, plays = self.problem.n_actions, self.plays
        return (
            Bound(
                "worst instance, 0.05 sqrt(N K t)",
                "order",
                lambda t: 0.05 * np.sqrt(n_arms * plays * t),
                "plan",
                "standard for multi-play bandits; the constant is a convention",
                "convention",
            ),
        )
