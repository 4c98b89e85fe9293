"""Arms with recovering rewards, up to K of them pulled a period; the learner sees the rewards of the arms it pulls.

The mean reward of arm ``i`` is ``R_i(idle)``, ``idle`` the number of periods since its last pull (1 if it was pulled in
the period before). Expected rewards never exceed ``t UB`` by time t from the cold start, ``UB`` the fluid bound, and
``t UB + sum_i R_i(D_i)`` from the recovered start, whatever the policy (derived; ``bandits.recovering.fluid``).
"""

from __future__ import annotations

import copy
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from gymnasium import spaces
from numpy.typing import NDArray

from bandits.contract import Array, Bound, Problem
from bandits.arguments import integer, one_of, positive
from bandits.recovering.policy import Block
from bandits.recovering.schedule import Rows
from environments.contract import Environment, Notion
from environments.recovering.benchmarks import Benchmarks
from environments.recovering.curves import Curves, curves_of, padded
from environments.recovering.pulls import NOISES, carry, check_rows, row_of
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
    Feedback: their rewards [n_pulled]. Ledger: ``reward`` and ``expected_reward``, the cumulative mean reward.

    Facts: ``curves`` [n_arms, longest], ``fluid`` (UB), ``gamma`` (the ratio of "lp_round"), ``planner``, ``base``,
    ``plan`` (periods), ``plan_value``, ``bounded``.

    Args:
        curves: recovery curves; see ``environments.recovering.curves``.
        plays: most arms pulled in one period, K, in 1..N.
        start: "cold" (as if every arm was pulled just before) or "recovered".
        noise: "bernoulli", "uniform" (as wide as [0, 1] allows, up to 1/2 to each side), "beta", "gaussian" (unclipped)
            or "none".
        concentration: of beta noise, > 0: Beta(c m, c (1 - m)).
        sigma: standard deviation of gaussian noise.
        planner: the planner whose plan of the true curves is the benchmark "plan".
        base: odd base of the planner "single_base".
        horizon: number of periods, >= 1.

    Raises:
        ValueError: a parameter out of its domain, or curves that fall or leave [0, 1].

    Example:
        >>> import numpy as np
        >>> from environments import RecoveringRewards
        >>> world = RecoveringRewards([[0.3, 1.0], [0.2]], plays=1, noise="none", horizon=10)
        >>> world.begin(world.draw(np.random.default_rng(0)))
        >>> [world.transition([arm])[0] for arm in (0, 0, 1, 0)]
        [0.3, 0.3, 0.2, 1.0]
        >>> world.facts()["fluid"]
        0.6
    """

    def __init__(
        self,
        curves: Curves,
        plays: int = 1,
        start: str = "cold",
        noise: str = "bernoulli",
        concentration: float | None = None,
        sigma: float | None = None,
        planner: str = "pow2",
        base: int = 1,
        horizon: int = 10_000,
    ) -> None:
        self.curves, self.horizon = curves, integer("horizon", horizon)
        self._rows = curves_of(curves)
        self.plays = integer("plays", plays, 1, len(self._rows))
        self.start = one_of("start", start, ("cold", "recovered"))
        self.noise = one_of("noise", noise, NOISES)
        self.concentration, self.sigma = concentration, sigma
        for name, value, kind in (("concentration", concentration, "beta"), ("sigma", sigma, "gaussian")):
            if (value is None) == (noise == kind):
                raise ValueError(
                    f"{name} must be given with {kind} noise and with no other, got {value!r} with {noise}"
                )
            if value is not None:
                positive(name, value)
        self.planner, self.base = planner, base
        self._table = padded(self._rows)
        self._kind, self.compiled = NOISES[noise], noise != "beta"
        n_arms, longest = self._table.shape
        bounded = sigma is None
        self.problem = Problem(
            "recovering",
            "semi-bandit",
            n_arms,
            horizon,
            low=0.0 if bounded else -math.inf,
            high=float(plays) if bounded else math.inf,
            noise=sigma,
            plays=plays,
            recovery=longest,
        )
        self.action_space = Subsets(n_arms, plays)
        self.observation_space = spaces.Box(1, max(longest, 2), (n_arms,), dtype=np.int64)
        self.clock, self._begun = 0, False
        self._benchmarks = Benchmarks(self._rows, plays, start, horizon, planner, base)
        self._facts: Mapping[str, Any] = {**self._benchmarks.facts, "bounded": bounded}

    def draw(self, rng: np.random.Generator) -> Tape:
        seed = int(rng.integers(1 << 62))
        return Tape(rng, seed)

    def begin(self, tape: Tape) -> None:
        self._generator = copy.deepcopy(tape.generator)
        self._begun, self.clock, self._drawn = True, 0, 0
        self._totals = np.zeros(2)
        rested = np.array([len(row) for row in self._rows])
        self._last = -rested if self.start == "recovered" else np.full(len(rested), -1)
        self._foreseer = Foreseer(self._table, self.plays, tape.seed)

    def observe(self) -> NDArray[np.int64]:
        if not self._begun:
            raise RuntimeError("no run was begun: call reset(), or begin(draw(rng))")
        idle: NDArray[np.int64] = np.minimum(self.clock - self._last, self._table.shape[1])
        return idle

    def _coming(self) -> Array:
        """Noise [n, plays] of the coming periods, as many as are drawn."""
        if not self._begun:
            raise RuntimeError("no run was begun: call reset(), or begin(draw(rng))")
        if self.clock >= self.horizon:
            raise RuntimeError(f"the run is over after {self.horizon} periods: call reset()")
        if self.clock == self._drawn:
            self._first, self._drawn = self._drawn, min(self._drawn + BLOCK, self.horizon)
            shape = (self._drawn - self._first, self.plays)
            if self.noise == "none":
                self._noise = np.zeros(shape)
            elif self.sigma is not None:
                self._noise = self.sigma * self._generator.standard_normal(shape)
            else:
                self._noise = self._generator.random(shape)
        return self._noise[self.clock - self._first :]

    def block(self, periods: int) -> Block:
        """The next periods for a compiled policy: at least 1, at most ``periods``."""
        return Block(self._table, self._coming()[:periods], self._kind)

    def carry(self, rows: Rows) -> Array:
        """Pull the arms of ``rows`` [n, plays], -1 after the last of a period; returns the rewards [n, plays].

        Raises:
            ValueError: a row is not a set of at most ``plays`` arms; nothing changes.
            RuntimeError: less than ``n`` periods are left.
        """
        check_rows(rows, self.problem.n_actions)
        if self.clock + len(rows) > self.horizon:
            raise RuntimeError(f"{self.horizon - self.clock} periods are left, not {len(rows)}")
        rewards = np.zeros(rows.shape)
        done = 0
        while done < len(rows):
            noise = self._coming()[: len(rows) - done]
            now = slice(done, done + len(noise))
            self._pull(rows[now], noise, rewards[now])
            done += len(noise)
            self.clock += len(noise)
        return rewards

    def _pull(self, rows: Rows, noise: Array, rewards: Array) -> None:
        before = self._totals[0]
        carry(rows, self._table, noise, self._kind, self.clock, self._last, rewards, self._totals)
        if self.concentration is not None:
            from scipy.special import betaincinv

            inside = (rows >= 0) & (rewards > 0.0) & (rewards < 1.0)
            m, c = rewards[inside], self.concentration
            rewards[inside] = betaincinv(c * m, c * (1.0 - m), noise[inside])
            self._totals[0] = np.cumsum(np.concatenate([[before], rewards[rows >= 0]]))[-1]

    def transition(self, action: Any) -> tuple[float, Array]:
        row = row_of(action, self.problem.n_actions, self.plays)
        noise = self._coming()[:1]
        rewards = np.zeros(row.shape)
        self._pull(row, noise, rewards)
        self.clock += 1
        feedback = rewards[0, : len(action)]
        return float(feedback.sum()), feedback

    def ledger(self) -> Mapping[str, float]:
        return {"reward": float(self._totals[0]), "expected_reward": float(self._totals[1])}

    def foresee(self, rule: str, periods: int, planner: str = "pow2", base: int = 1, window: int = 3) -> Rows:
        """Pulls [n, plays] that a rule which knows the curves makes next, 1 <= n <= ``periods``; see ``Foreseer``.

        Raises:
            ValueError: no such rule, or it cannot be played here.
        """
        return self._foreseer.rows(rule, self.observe(), self.clock, periods, planner, base, window)

    def clairvoyant(self, comparator: str) -> Any:
        """The next pulls of the benchmark "plan"."""
        if comparator != "plan":
            raise ValueError(f"comparator must be plan, got {comparator!r}")
        row = self.foresee("plan", 1, self.planner, self.base)[0]
        return tuple(i for i in row.tolist() if i >= 0)

    def comparators(self, checkpoints: NDArray[np.int64]) -> Mapping[str, Array]:
        return self._benchmarks.curves(checkpoints)

    def notions(self) -> Sequence[Notion]:
        return self._benchmarks.notions()

    def facts(self) -> Mapping[str, Any]:
        return self._facts

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
            ),
        )
