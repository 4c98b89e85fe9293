"""Rules that know the true curves, as players: what planning, myopia and looking ahead earn.

The rules are the environment's (``environments.recovering.rules``): "plan", "myopic", "lookahead", "interleaved",
"round_robin", "greedy_available".
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import ClassVar, Protocol

import numpy as np

from bandits.arguments import integer, one_of
from bandits.contract import Array, Assumption, Bound, Instance, Playable, Policy
from bandits.offers import offers
from bandits.recovering.planners import PLANNERS, LPRound, Planner, Pow2, gamma
from bandits.recovering.problem import Idle, PullBlocks, Pulls, RecoveringProblem, Schedule
from bandits.recovering.theory import RecoveringInstance
from bandits.registry import Component

RULES = ("plan", "myopic", "lookahead", "interleaved", "round_robin", "greedy_available")


class Foreseen(PullBlocks, Protocol):
    """An environment that plays rules which know its curves."""

    def foresee(self, rule: str, most: int, planner: Planner, window: int) -> Schedule:
        """Pulls [n, plays] that the rule makes in the next periods, at least 1 and at most ``most`` of them."""


class Foresight(Policy[RecoveringProblem, Idle, Pulls, Array]):
    """Plays a rule that knows the curves; through ``advance`` only.

    Args:
        rule: "plan" (the planner's plan of the true curves, for ever), "myopic" (the K largest rewards now),
            "lookahead" (the best next ``window`` periods, replanned in each), "interleaved" (randomised rounding of the
            fluid solution), "round_robin" (the best number of best arms in turn), "greedy_available" (blocking
            arms only: the best that are available).
        planner: planner of "plan", as in ``PPPUCB``.
        window: periods that "lookahead" looks ahead, >= 1.
    """

    plays: ClassVar[tuple[type[RecoveringProblem], ...]] = (RecoveringProblem,)
    clairvoyant = True

    def __init__(self, rule: str = "plan", planner: Component = "pow2", window: int = 3) -> None:
        self.rule, self.planner = one_of("rule", rule, RULES), planner
        self._planner: Planner = PLANNERS.build(planner, "planner", of=Planner)
        self.window = integer("window", window)

    def reset(self, problem: RecoveringProblem, rng: np.random.Generator) -> None:
        """Nothing to prepare.

        Raises:
            ValueError: the problem is not one of recovering arms.
        """
        if not isinstance(problem, RecoveringProblem):
            raise ValueError(f"Foresight plays RecoveringProblem, got {type(problem).__name__}")

    def choose(self, observation: Idle) -> Pulls:
        """Not possible: the observation does not tell the curves.

        Raises:
            RuntimeError: always.
        """
        raise RuntimeError(f"{self!r} knows the curves and cannot choose from an observation: play it with advance()")

    def update(self, observation: Idle, action: Pulls, feedback: Array) -> None:
        return

    def leap(self, environment: Playable[Idle, Pulls, Array], most: int) -> int:
        """Play the rule for at most ``most`` periods.

        Raises:
            TypeError: the environment plays no rules.
            ValueError: the rule cannot be played in this environment.
        """
        if not offers(environment, Foreseen):
            raise TypeError(f"{type(environment).__name__} has no method foresee(): its rules cannot be played")
        schedule = environment.foresee(self.rule, most, self._planner, self.window)
        environment.absorb(schedule)
        return len(schedule)

    def regret_bounds(self, problem: RecoveringProblem, instance: Instance) -> Sequence[Bound]:
        """The offline ratio of the planner, as a bound on the regret against the fluid bound.

        A plan earns at least ``t V - 2 sum_i R_i(d_i)`` by time t from any start, and ``V >= ratio UB``, the ratio
        ``gamma_K`` for "lp_round", which is above ``1 - 2 / sqrt K``, and ``K / (2 (K + 1))`` for "pow2". "interleaved"
        has ``1 - K^K e^{-K} / K!`` in the long run, in the mean over its rounding; nothing is claimed at finite times,
        so it is drawn as an order.
        """
        if not isinstance(instance, RecoveringInstance):
            return ()
        plays, fluid, curves = problem.plays, instance.fluid, instance.curves
        if self.rule == "interleaved":
            ratio = 1.0 - math.exp(plays * math.log(plays) - plays - math.lgamma(plays + 1))
            return (
                Bound(
                    "rate of interleaving, 1 - K^K e^-K / K!",
                    "order",
                    lambda t: (1.0 - ratio) * fluid * t,
                    "fluid",
                    "Papadigenopoulos, Caramanis, Shakkottai 2022 (recalled), by the correlation gap",
                    "recalled",
                ),
            )
        if self.rule != "plan" or not isinstance(self._planner, LPRound | Pow2):
            return ()
        plan = self._planner.plan(curves, plays)
        arms = np.flatnonzero(plan.periods)
        loss = 2.0 * float(np.sum(curves[arms, np.minimum(plan.periods[arms], curves.shape[1]) - 1]))

        def bound(name: str, ratio: float) -> Bound:
            return Bound(
                name,
                "upper",
                lambda t: (1.0 - ratio) * fluid * t + loss,
                "fluid",
                "derived in this project; order 1 - O(1 / sqrt K) in Simchi-Levi, Zheng, Zhu 2021, abstract",
                "derived",
                (Assumption("rewards do not fall with idle time", True),),
            )

        if isinstance(self._planner, Pow2):
            return (bound("offline ratio K / (2 (K + 1))", plays / (2.0 * (plays + 1.0))),)
        plain = max(0.0, 1.0 - 2.0 / math.sqrt(plays))
        return bound("offline ratio gamma_K", gamma(plays)), bound("offline ratio 1 - 2 / sqrt(K)", plain)
