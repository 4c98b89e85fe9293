"""What theorems on finite Markov decision processes may know of a run."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from bandits.contract import Array, Assumption, Bound, Evidence, Instance, Policy, TimeClaim
from bandits.mdp.classes import components, reachable, within
from bandits.mdp.diameter import MOST_STATES, diameter
from bandits.mdp.gain import Best, action_values, best
from bandits.mdp.model import Model
from bandits.mdp.multichain import gain_from


@dataclass(frozen=True, eq=False, kw_only=True)
class MDPInstance(Instance):
    """A finite Markov decision process, as the analysis knows it.

    Attributes:
        n_states: S.
        n_actions: A.
        support: Gamma, the largest number of next states of a row.
        unit_rewards: whether mean rewards lie in [0, 1].
    """

    n_states: int
    n_actions: int
    support: int
    unit_rewards: bool = True


@dataclass(frozen=True, eq=False, kw_only=True)
class AverageRewardInstance(MDPInstance):
    """One life without resets. What follows from its numbers is worked out when it is asked for.

    Attributes:
        model: transitions, weakly communicating.
        rewards: [n_states, n_actions] mean rewards.
        start: [n_states] law of the first state.
        hard: whether it is an instance from the proof of the lower bound.
    """

    model: Model
    rewards: Array
    start: Array
    hard: bool = False

    @cached_property
    def best(self) -> Best:
        """A best stationary policy, with gain and bias; where states are never entered, of the others alone."""
        return self._solved(self.rewards)

    def _solved(self, rewards: Array) -> Best:
        seen = self._entered
        if seen.all():
            return best(self.model, rewards)
        found = best(within(self.model, seen), rewards[seen])
        bias, policy = np.zeros(self.n_states), np.zeros(self.n_states, dtype=np.int64)
        bias[seen], policy[seen] = found.bias, found.policy
        return Best(found.gain, bias, policy)

    @cached_property
    def _entered(self) -> NDArray[np.bool_]:
        return reachable(self.model, self.start)

    @property
    def gain(self) -> float:
        """J*, the largest reward a step in the long run."""
        return self.best.gain

    @property
    def bias(self) -> Array:
        """Bias h [n_states] of a best policy, 0 in the first state that is ever entered, and in those that are not."""
        return self.best.bias

    @cached_property
    def gaps(self) -> Array:
        """``J* + h(s) - r(s, a) - P h(s, a)`` [n_states, n_actions], >= 0.

        Those below 1e-10 are rounding (below 1e-13 of the span, where that is more) and are 0; so are those of the best
        policy, and of states that are never entered.
        """
        found = self.gain + self.bias[:, None] - action_values(self.model, self.rewards, self.bias)
        gaps = np.where((found < max(1e-10, 1e-13 * self.span)) | ~self._entered[:, None], 0.0, found)
        gaps[np.arange(self.n_states), self.best.policy] = 0.0
        gaps.flags.writeable = False
        return gaps

    @property
    def span(self) -> float:
        """Largest minus smallest bias of states that are entered."""
        return float(np.ptp(self.bias[self._entered]))

    @cached_property
    def least_gain(self) -> float:
        """The smallest reward a step in the long run."""
        return 0.0 - self._solved(-self.rewards).gain

    @cached_property
    def communicating(self) -> bool:
        """Whether every state can be reached from every other one."""
        return int(components(self.model).max()) == 0

    @cached_property
    def unreachable(self) -> int:
        """Number of states that are never entered from the first one."""
        return int(np.count_nonzero(~self._entered))

    @cached_property
    def diameter(self) -> float | None:
        """The largest over pairs of states of the least expected time from one to the other.

        inf where some state cannot be reached from another; None above ``MOST_STATES`` states: too many to work it out.
        """
        if not self.communicating:
            return math.inf
        return None if self.n_states > MOST_STATES else diameter(self.model).value

    @property
    def finite_diameter(self) -> Assumption:
        """Whether there is a diameter that a bound can use."""
        known = self.diameter is not None and math.isfinite(self.diameter)
        return Assumption("every state can be reached from every other one", known)

    def consequences(
        self, policy: Policy[Any, Any, Any, Any], problem: Any, bounds: Sequence[Bound]
    ) -> Sequence[Bound]:
        """Bounds on the sum of gaps, from those against the gain (derived in this project).

        ``t J* - sum r = sum of gaps + M_t + h(s_{t+1}) - h(s_1)`` with a martingale ``M_t`` whose steps lie within a
        range of sp(h). So the expected sum of gaps exceeds the expected regret by sp(h) at most, and what holds of the
        regret with probability 1 - delta holds of the gaps with 1 - 2 delta where ``sp(h) (1 + sqrt(t ln(1 / delta) /
        2))`` is added (Azuma, Hoeffding).
        """
        return [self._of_gaps(bound) for bound in bounds if bound.comparator_class == AGAINST_GAIN]

    def _of_gaps(self, bound: Bound) -> Bound:
        def curve(t: Array) -> Array:
            if bound.kind == "order":
                return bound.curve(t)
            luck = 0.0 if bound.delta is None else math.sqrt(0.5 * math.log(1.0 / bound.delta))
            return bound.curve(t) + self.span * (1.0 + luck * np.sqrt(t))

        delta = None if bound.delta is None or bound.kind == "order" else min(2.0 * bound.delta, 1.0 - 1e-9)
        evidence = bound.evidence if bound.evidence in ("recalled", "convention") else "derived"
        return replace(
            bound,
            curve=curve,
            comparator_class=AGAINST_GAPS,
            delta=delta,
            evidence=evidence,
            name=f"{bound.name}, gaps",
        )


@dataclass(frozen=True, eq=False, kw_only=True)
class MultichainInstance(MDPInstance):
    """One life in a process whose gain depends on the first state. No theorem here speaks of it, and it has no gaps.

    Attributes:
        model: transitions.
        rewards: [n_states, n_actions] mean rewards.
        start: [n_states] law of the first state.
    """

    model: Model
    rewards: Array
    start: Array

    @cached_property
    def gain(self) -> float:
        """J*, the largest reward a step in the long run, from the first state; by a linear programme."""
        return gain_from(self.model, self.rewards, self.start)

    @cached_property
    def least_gain(self) -> float:
        """The smallest reward a step in the long run, from the first state."""
        return 0.0 - gain_from(self.model, -self.rewards, self.start)


@dataclass(frozen=True, eq=False, kw_only=True)
class EpisodicInstance(MDPInstance):
    """Episodes.

    Attributes:
        n_stages: H.
        own_stages: whether each stage has a table of its own.
        value: expected V*(s_1) under the law of the first state; where losses change, the mean over all episodes of the
            value of the best fixed policy.
        unreachable: number of states that no episode visits.
    """

    n_stages: int
    own_stages: bool
    value: float
    unreachable: int = 0

    @property
    def shared_stages(self) -> Assumption:
        """Whether all stages share one table, which theorems with counts over all stages ask for."""
        return Assumption("all stages share one table", not self.own_stages)

    @property
    def lower_bound(self) -> Bound:
        """``sqrt(H S A T)`` after ``T = t H`` steps, ``H sqrt(S A T)`` where each stage has a table of its own.

        The worst case over all processes of that size, not this one. Orders as in tutorial slides of Ghavamzadeh,
        Lazaric and Pirotta.
        """
        H, size = self.n_stages, self.n_states * self.n_actions
        factor = H * H if self.own_stages else H
        return Bound(
            "worst case over processes",
            "order",
            lambda t: np.sqrt(factor * size * H * t),
            "fixed",
            "Ghavamzadeh, Lazaric, Pirotta, tutorial slides; the constant is a convention",
            "convention",
        )


@dataclass(frozen=True, eq=False, kw_only=True)
class LossesInstance(EpisodicInstance):
    """Episodes with losses that change.

    Attributes:
        dimension: d, number of features.
        linear: whether transitions and losses are linear in the features, so that the Q-function of every policy is.
        residual: largest residual of the least-squares fits that decide it.
        oblivious: whether all losses were fixed before the first episode.
    """

    dimension: int
    linear: bool
    residual: float
    oblivious: bool = True

    @property
    def fixed_beforehand(self) -> Assumption:
        """Whether losses do not depend on what is played."""
        return Assumption("losses are fixed before the first episode", self.oblivious)

    @property
    def linear_values(self) -> Assumption:
        """Whether the Q-function of every policy is linear in the features."""
        return Assumption("Q-functions are linear in the features", self.linear, self.residual)

    @property
    def hardest_losses(self) -> Bound:
        """``H sqrt(t)``: the worst case over losses, not these ones."""
        return Bound(
            "worst case over losses",
            "order",
            lambda t: self.n_stages * np.sqrt(t),
            "fixed",
            "experts with losses in [0, H]; the constant is a convention",
            "convention",
        )


@dataclass(frozen=True, eq=False, kw_only=True)
class LatentInstance(EpisodicInstance):
    """Episodes whose context is hidden until they are over.

    Attributes:
        n_contexts: M.
        memoryless: value of the best policy that ignores the past of the episode; None where it is too dear.
        known_context: value of knowing the context.
        variance: of an episode's reward under the best policy over histories (a stand-in for the paper's Var*).
        largest_total: the most that an episode can earn.
    """

    n_contexts: int
    memoryless: float | None
    known_context: float
    variance: float
    largest_total: float

    @property
    def rate(self) -> float:
        """``Var M S A``: in which the lower bound is a square root, and times Gamma the upper one."""
        return self.variance * self.n_contexts * self.n_states * self.n_actions

    @property
    def worst_mixture(self) -> Bound:
        """``sqrt(Var* M S A t)`` for the worst mixture of that size with rows of two next states, not for this one.

        The paper's Var* was not read: Var is that of an episode's reward under the best policy over histories.
        """
        return Bound(
            "worst mixture, Var of the best policy",
            "order",
            lambda t: np.sqrt(self.rate * t),
            "fixed",
            "abstract of Zhou, Wang, Du 2023; the constant is a convention, Var a stand-in for the paper's Var*",
            "convention",
        )


AGAINST_GAPS = "gaps"
"""Comparator class of the sum of gaps of what was played."""
AGAINST_GAIN = "gain"
"""Comparator class of the regret ``t J* - sum of r(s, a)``, of which theorems on average rewards speak."""


def unscaled(scale: float) -> Assumption:
    """Whether the confidence sets are those of the theorem."""
    return Assumption("bonus_scale is 1", scale == 1.0)


def average_bound(
    name: str,
    kind: Literal["upper", "order"],
    curve: Callable[[Array], Array],
    source: str,
    instance: AverageRewardInstance,
    assumptions: Sequence[Assumption] = (),
    *,
    delta: float | None = None,
    time: TimeClaim = "anytime",
) -> Bound:
    """A bound on ``t J* - sum of r(s, a)``; constants of upper ones are recalled, those of an order a convention."""
    unit = Assumption("mean rewards lie in [0, 1]", instance.unit_rewards)
    evidence: Evidence = "recalled" if kind == "upper" else "convention"
    return Bound(name, kind, curve, AGAINST_GAIN, source, evidence, (unit, *assumptions), time, delta)


def diameter_of(instance: AverageRewardInstance) -> float | None:
    """The diameter, None if unknown; where it is infinite, and ``finite_diameter`` fails, the span in its place."""
    return instance.diameter if instance.diameter is None or math.isfinite(instance.diameter) else instance.span
