"""What theorems on finite Markov decision processes may know of a run."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from bandits.contract import Array, Assumption, Bound, Instance


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
    """One life without resets.

    Attributes:
        gain: J*, the largest reward a step in the long run.
        bias: h [n_states] of an optimal policy, 0 in state 0.
        gaps: [n_states, n_actions], ``J* + h(s) - r(s, a) - P h(s, a)``, >= 0.
        span: largest minus smallest bias.
        diameter: the largest over pairs of states of the least expected time from one to the other; inf where some
            state cannot be reached from another, None where there are too many states to work it out.
        communicating: whether every state can be reached from every other one.
        unreachable: number of states that are never entered from the first one.
        hard: whether it is an instance from the proof of the lower bound.
    """

    gain: float
    bias: Array
    gaps: Array
    span: float
    diameter: float | None
    communicating: bool
    unreachable: int = 0
    hard: bool = False

    @property
    def finite_diameter(self) -> Assumption:
        """Whether there is a diameter that a bound can use."""
        known = self.diameter is not None and math.isfinite(self.diameter)
        return Assumption("every state can be reached from every other one", known)


@dataclass(frozen=True, eq=False, kw_only=True)
class EpisodicInstance(MDPInstance):
    """Episodes.

    Attributes:
        n_stages: H.
        own_stages: whether each stage has a table of its own.
        value: expected V*(s_1) under the law of the first state.
    """

    n_stages: int
    own_stages: bool
    value: float

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
