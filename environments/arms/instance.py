"""What the analysis may know of arms: fixed means, or means that change from segment to segment."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bandits.arms.theory import ArmsInstance, gaps_of
from bandits.contract import Array, Bound, Policy

__all__ = ["ArmsInstance", "CorruptedInstance", "StochasticInstance", "piecewise_instance"]


@dataclass(frozen=True, eq=False, kw_only=True)
class StochasticInstance(ArmsInstance):
    """Arms with independent rewards and fixed means.

    Attributes:
        divergences: [n_arms] Kullback-Leibler divergences from each arm's rewards to the best arm's, in nats; where
            they are of no family, those of Bernoulli rewards with these means.
    """

    divergences: Array
    stationary: bool = True
    oblivious: bool = True
    changes: int | None = 0

    @property
    def lai_robbins(self) -> float:
        """The slope ``sum gap_i / KL_i`` over suboptimal arms, by which regret grows with ``ln t``."""
        return self._slope(self.divergences)

    @property
    def burnetas_katehakis(self) -> float | None:
        """The slope ``sum gap_i / K_inf_i`` over suboptimal arms, where ``kinf`` is known."""
        return None if self.kinf is None else self._slope(self.kinf)

    def _slope(self, divergences: Array) -> float:
        gaps = gaps_of(self)
        assert gaps is not None
        bad = gaps > 0
        with np.errstate(divide="ignore"):
            return float(np.sum(gaps[bad] / divergences[bad]))


@dataclass(frozen=True, eq=False, kw_only=True)
class CorruptedInstance(ArmsInstance):
    """Arms of whose rounds some are corrupted, with regret in what was shown ("fixed") and without ("uncorrupted")."""

    def consequences(
        self, policy: Policy[Any, Any, Any, Any], problem: Any, bounds: Sequence[Bound]
    ) -> Sequence[Bound]:
        """Theorems about what was shown, as bounds on the regret in uncorrupted means [derived].

        A corrupted round changes the mean of the arm played, and that of the best one, by at most 1 each.
        """

        def without(bound: Bound) -> Bound:
            return replace(
                bound,
                name=f"{bound.name} + 2 C",
                curve=lambda t: bound.curve(t) + 2.0 * np.minimum(t, self.corruption),
                comparator_class="uncorrupted",
                source=f"{bound.source}; plus two for each corrupted round, derived in this project",
                evidence="derived" if bound.evidence == "exact" else bound.evidence,
            )

        return [without(bound) for bound in bounds if bound.holds and bound.comparator_class == "fixed"]


def jumps_of(means: Array, starts: NDArray[np.int64]) -> tuple[NDArray[np.int64], Array]:
    """``ArmsInstance.jumps`` of segments that start in rounds [n_segments], from 1, with means [n_segments, n_arms]."""
    sizes = np.max(np.abs(np.diff(means, axis=0)), axis=1)
    return starts[1:][sizes > 0.0], sizes[sizes > 0.0]


def piecewise_instance(means: Array, starts: NDArray[np.int64], binary: bool) -> ArmsInstance:
    """Arms whose means [n_segments, n_arms] change from segment to segment; ``binary`` rewards or Gaussian ones.

    Args:
        means: [n_segments, n_arms].
        starts: [n_segments] first rounds of the segments, from 1.
        binary: whether rewards are 0 or 1, else Gaussian.
    """
    gaps = means.max(axis=1, keepdims=True) - means
    smallest = np.where(gaps > 0, gaps, np.inf).min(axis=0)
    jumps = jumps_of(means, starts)
    changes = len(jumps[0])
    return ArmsInstance(
        means=means[0] if changes == 0 else None,
        stationary=changes == 0,
        oblivious=True,
        bernoulli=binary,
        gaussian=not binary,
        bounded=binary,
        changes=changes,
        dynamic_gaps=np.where(np.isfinite(smallest), smallest, 0.0),
        max_gaps=gaps.max(axis=0),
        jumps=jumps,
    )
