"""Arms whose means change at known rounds: piecewise stationary Bernoulli or Gaussian rewards."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bandits.arguments import did_you_mean, integer, is_list, one_of, positive, reals, shown
from bandits.arms.problem import BanditProblem, FullFeedbackProblem
from bandits.contract import Array
from environments.arms.drawn import ChangingArms
from environments.arms.instance import piecewise_instance


class PiecewiseArms(ChangingArms):
    """Arms with independent rewards whose means change from segment to segment.

    Two comparators, in expected reward: ``best_arm_each_round`` changes arms with the segments; ``best_arm`` is the
    best fixed arm for the rounds so far.

    Args:
        segments: list of ``{"start": round, "means": [n_arms]}``. Rounds count from 1: the first segment starts at 1,
            and a segment lasts until the next one starts.
        distribution: "bernoulli" (means in [0, 1]) or "gaussian" (finite means, rewards unbounded).
        sd: standard deviation of Gaussian rewards, > 0; without effect on Bernoulli ones.
        horizon: number of rounds, at least the start of the last segment.
        feedback: "bandit" or "full".
    """

    def __init__(
        self,
        segments: Sequence[Mapping[str, Any]],
        distribution: str = "bernoulli",
        sd: float = 1.0,
        horizon: int = 10_000,
        feedback: str = "bandit",
    ) -> None:
        self.distribution = one_of("distribution", distribution, ("bernoulli", "gaussian"))
        self.sd = positive("sd", sd)
        self.binary = distribution == "bernoulli"
        if not is_list(segments) or len(segments) == 0:
            raise ValueError(
                f"segments must be a list of at least one {{start: ..., means: ...}}, got {shown(segments)}"
            )
        self.segments = [_segment(k, segment, self.binary) for k, segment in enumerate(segments)]
        self._starts = np.array([segment["start"] - 1 for segment in self.segments])
        _check_starts(self._starts + 1, integer("horizon", horizon))
        sizes = [len(segment["means"]) for segment in self.segments]
        for k, size in enumerate(sizes):
            if size != sizes[0]:
                raise ValueError(f"segments[{k}].means must have {sizes[0]} means like segments[0], got {size}")
        self._means = np.array([segment["means"] for segment in self.segments])
        self.feedback = one_of("feedback", feedback, ("bandit", "full"))
        low, high, noise = (0.0, 1.0, None) if self.binary else (-math.inf, math.inf, self.sd)
        kind = FullFeedbackProblem if feedback == "full" else BanditProblem
        super().__init__(kind(n_actions=sizes[0], horizon=horizon, low=low, high=high, noise=noise))
        self._instance = piecewise_instance(self._means, self._starts + 1, self.binary)

    def _segment_at(self, round_: int) -> int:
        return int(np.searchsorted(self._starts, round_, side="right")) - 1

    def _levels(self, start: int, stop: int) -> tuple[Array, int, int]:
        k = self._segment_at(start)
        end = int(self._starts[k + 1]) if k + 1 < len(self._starts) else stop
        return self._means[k : k + 1], 0, min(end, stop)

    def _lengths(self, times: NDArray[np.int64]) -> NDArray[np.int64]:
        """Rounds [n_times, n_segments] of every segment up to each time."""
        ends = np.append(self._starts[1:], self.horizon)
        return np.asarray(np.clip(times[:, None], self._starts, ends) - self._starts)

    def comparators(self, times: NDArray[np.int64]) -> Mapping[str, Array]:
        lengths = self._lengths(times)
        return {
            "best_arm_each_round": lengths @ self._means.max(axis=1),
            "best_arm": (lengths @ self._means).max(axis=1),
            "worst": lengths @ self._means.min(axis=1),
        }

    def limits(self, times: NDArray[np.int64]) -> Mapping[str, Array]:
        """In expectation, the best arm of each round and the worst; realized, the most and the least that can be paid.

        A Bernoulli arm of mean 0 or 1 always pays that. Gaussian rewards have no limits.
        """
        found = self._limits_of_one(times)
        if self.binary:
            most, least = np.ceil(self._means.max(axis=1)), np.floor(self._means.min(axis=1))
            best = self.comparators(times)["best_arm_each_round"]
            found["realized"] = best - np.array([most, least]) @ self._lengths(times).T
        return found

    def _means_in(self, row: int) -> Array:
        means: Array = self._means[self._segment_at(row)]
        return means

    def _sums(self) -> Array:
        return np.asarray(self._lengths(np.array([self.horizon])) @ self._means)


def _segment(k: int, segment: Mapping[str, Any], binary: bool) -> dict[str, Any]:
    name = f"segments[{k}]"
    if not isinstance(segment, Mapping):
        raise ValueError(f"{name} must be a mapping with start and means, got {shown(segment)}")
    for key in segment:
        if key not in ("start", "means"):
            raise ValueError(f"{name} has the unknown key {key!r}{did_you_mean(key, ('start', 'means'))}")
    for key in ("start", "means"):
        if key not in segment:
            raise ValueError(f"{name} must have start and means, got {shown(dict(segment))}")
    means, low, high = segment["means"], *((0.0, 1.0) if binary else (-math.inf, math.inf))
    checked = reals(f"{name}.means", means, low, high, closed="both")
    integer(f"number of {name}.means", len(checked))
    return {"start": integer(f"{name}.start", segment["start"]), "means": checked}


def _check_starts(starts: NDArray[np.int64], horizon: int) -> None:
    if starts[0] != 1:
        raise ValueError(f"segments[0].start must be 1, got {starts[0]}")
    for k in range(1, len(starts)):
        if starts[k] <= starts[k - 1]:
            raise ValueError(f"segments[{k}].start must be after {starts[k - 1]}, the start before it, got {starts[k]}")
    if starts[-1] > horizon:
        k = int(np.argmax(starts > horizon))
        raise ValueError(f"segments[{k}].start must be within the horizon, 1..{horizon}, got {starts[k]}")
