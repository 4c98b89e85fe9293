"""Rules that know the true curves, as players: what planning, myopia and looking ahead earn.

The rules are the world's (``environments.recovering.rules``): "plan", "myopic", "lookahead", "interleaved",
"round_robin", "greedy_available".
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, Protocol

import numpy as np

from bandits.contract import Array, Assumption, Bound, Problem, World
from bandits.arguments import integer, one_of
from bandits.offers import offers
from bandits.recovering.planners import gamma, planner_of
from bandits.recovering.policy import Idle, Pulls, RecoveringPolicy
from bandits.recovering.schedule import Rows

RULES = ("plan", "myopic", "lookahead", "interleaved", "round_robin", "greedy_available")


class Foreseen(Protocol):
    """A world that plays rules which know its curves."""

    clock: int

    def foresee(self, rule: str, periods: int, planner: str, base: int, window: int) -> Rows:
        """Pulls [n, plays] that the rule makes in the next periods, at least 1 and at most ``periods`` of them."""

    def carry(self, rows: Rows) -> Array:
        """Pull the arms of ``rows``."""


class Foresight(RecoveringPolicy):
    """Plays a rule that knows the curves; through ``advance`` only.

    Args:
        rule: "plan" (the planner's plan of the true curves, for ever), "myopic" (the K largest rewards now),
            "lookahead" (the best next ``window`` periods, replanned in each), "interleaved" (randomised rounding of the
            fluid solution), "round_robin" (the best number of best arms in turn), "greedy_available" (blocking
            arms only: the best that are available).
        planner: planner of "plan".
        base: odd base of the planner "single_base".
        window: periods that "lookahead" looks ahead, >= 1.
    """

    clairvoyant = True

    def __init__(self, rule: str = "plan", planner: str = "pow2", base: int = 1, window: int = 3) -> None:
        self.rule, self.planner, self.base = one_of("rule", rule, RULES), planner, base
        self.window = integer("window", window)
        planner_of(planner, base)

    def reset(self, problem: Problem, rng: np.random.Generator) -> None:
        return

    def choose(self, observation: Idle) -> Pulls:
        """Not possible: the observation does not tell the curves.

        Raises:
            RuntimeError: always.
        """
        raise RuntimeError(f"{self!r} knows the curves and cannot choose from an observation: play it with advance()")

    def update(self, observation: Idle, action: Pulls, feedback: Array) -> None:
        return

    def advance(self, environment: World[Idle, Pulls, Array], rounds: int) -> None:
        """Play the rule until the clock has moved on by ``rounds``.

        Raises:
            TypeError: the world plays no rules.
            ValueError: the rule cannot be played in this world.
        """
        if not offers(environment, Foreseen):
            raise TypeError(f"{type(environment).__name__} has no method foresee(): its rules cannot be played")
        end = environment.clock + rounds
        while environment.clock < end:
            left = end - environment.clock
            environment.carry(environment.foresee(self.rule, left, self.planner, self.base, self.window))

    def regret_bounds(self, problem: Problem, facts: Mapping[str, Any]) -> Sequence[Bound]:
        """The offline ratio of the planner, as a bound on the regret against the fluid bound.

        A plan earns at least ``t V - 2 sum_i R_i(d_i)`` by time t from any start, and ``V >= ratio UB``, the ratio
        ``gamma_K`` for "lp_round", which is above ``1 - 2 / sqrt K``, and ``K / (2 (K + 1))`` for "pow2". "interleaved"
        has ``1 - K^K e^{-K} / K!`` in the long run, in the mean over its rounding; nothing is claimed at finite times,
        so it is drawn as an order.
        """
        plays, fluid, curves = problem.plays, facts.get("fluid"), facts.get("curves")
        if fluid is None or curves is None:
            return ()
        if self.rule == "interleaved":
            ratio = 1.0 - math.exp(plays * math.log(plays) - plays - math.lgamma(plays + 1))
            return (
                Bound(
                    "rate of interleaving, 1 - K^K e^-K / K!",
                    "order",
                    lambda t: (1.0 - ratio) * fluid * t,
                    "fluid",
                    "Papadigenopoulos, Caramanis, Shakkottai 2022 (recalled), by the correlation gap",
                ),
            )
        if self.rule != "plan" or self.planner not in ("lp_round", "pow2"):
            return ()
        plan = planner_of(self.planner)(curves, plays)
        arms = np.flatnonzero(plan.periods)
        loss = 2.0 * float(np.sum(curves[arms, np.minimum(plan.periods[arms], curves.shape[1]) - 1]))

        def bound(name: str, ratio: float) -> Bound:
            return Bound(
                name,
                "upper",
                lambda t: (1.0 - ratio) * fluid * t + loss,
                "fluid",
                "derived in this project; order 1 - O(1 / sqrt K) in Simchi-Levi, Zheng, Zhu 2021, abstract",
                (Assumption("rewards do not fall with idle time", True),),
            )

        if self.planner == "pow2":
            return (bound("offline ratio K / (2 (K + 1))", plays / (2.0 * (plays + 1.0))),)
        plain = max(0.0, 1.0 - 2.0 / math.sqrt(plays))
        return bound("offline ratio gamma_K", gamma(plays)), bound("offline ratio 1 - 2 / sqrt(K)", plain)
