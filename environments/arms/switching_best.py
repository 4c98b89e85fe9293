"""Arms of which another one is the best in each segment, all segments of one length."""

from __future__ import annotations

from bandits.arguments import affordable, integer, real
from environments.arms.piecewise import PiecewiseArms


class SwitchingBest(PiecewiseArms):
    """Bernoulli arms: in segment ``s``, from 0, arm ``s mod K`` has the mean ``high`` and the others ``low``.

    Args:
        n_arms: number ``K`` of arms, >= 1.
        n_segments: number of segments, >= 1 and at most the horizon; their lengths differ by a round at most.
        high: mean of the best arm, in [0, 1].
        low: mean of the others, in [0, high].
        horizon: number of rounds, >= 1.
        feedback: "bandit" or "full".
    """

    def __init__(
        self,
        n_arms: int = 5,
        n_segments: int = 5,
        high: float = 0.7,
        low: float = 0.3,
        horizon: int = 10_000,
        feedback: str = "bandit",
    ) -> None:
        self.n_arms, self.n_segments = integer("n_arms", n_arms), integer("n_segments", n_segments)
        self.high = real("high", high, 0.0, 1.0, closed="both")
        self.low = real("low", low, 0.0, self.high, closed="both")
        integer("n_segments", n_segments, 1, integer("horizon", horizon))
        affordable("n_arms or n_segments", f"means of {n_arms} arms in {n_segments} segments", 20 * n_arms * n_segments)
        starts = [1 + s * horizon // n_segments for s in range(n_segments)]
        segments = [
            {"start": start, "means": [self.high if i == s % n_arms else self.low for i in range(n_arms)]}
            for s, start in enumerate(starts)
        ]
        super().__init__(segments, horizon=horizon, feedback=feedback)
