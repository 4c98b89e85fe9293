"""The hard family of streams, on which every policy with a short memory pays ``K^(1/3) T^(2/3)``.

With one pass: two layers of arms, all of mean 1/2. In the first, a uniformly random arm is raised by
``lift (K / T)^(1/3)`` with probability 1/2; in the second, one is raised to 3/4 with probability 1/2. A learner that
does not look for the first arm misses it, and one that does pays for it if the second is there.

With ``B`` passes: ``B + 1`` layers, that of number ``j`` raised by ``T^(-(2^B - 2^(j-1)) / (2^(B+1) - 1)) / 4``.

References: S. Agarwal, S. Khanna, P. Patil, COLT 2022 (the construction; Theorem 1); C. Wang, ICML 2023 (the scaling
with ``K``, derived).
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from bandits.arguments import integer, one_of, positive, shown
from bandits.contract import Array, Bound
from bandits.streaming.theory import at_horizon, cube_root, fits
from environments.streaming.environment import StreamEnvironment
from environments.streaming.means import arranged, layered

EXPLICIT = 0.047
"""The lift for which the lower bound has an explicit constant."""


class HardStream(StreamEnvironment):
    """The family of Agarwal, Khanna and Patil (2022) for as many passes as the stream has.

    Args:
        n_arms: length of the stream, at least one arm a layer.
        horizon: number of pulls.
        memory: number of arms that can be stored, the arriving one not counted.
        passes: how often the stream goes by; there is one layer more.
        lift: factor of the first layer's lift with one pass, > 0, such that ``lift (K / T)^(1/3) <= 1/4``; with
            0.047 the lower bound has an explicit constant.
        case: one digit a layer, 1 where it has a special arm ("01"), or "random" for fair coins in every run.
        order: "given", or "random" for a stream to which no lower bound applies.
        illegal: "error", or "ignore" for a stream on which a forbidden action does nothing.
        batch: largest batch in gymnasium's ``action_space``, see ``StreamEnvironment``.
        debug: whether to record every action in ``history``.
    """

    def __init__(
        self,
        n_arms: int,
        horizon: int = 10_000,
        memory: int = 1,
        passes: int = 1,
        lift: float = 0.25,
        case: str = "random",
        order: str = "given",
        illegal: str = "error",
        batch: int = 1,
        debug: bool = False,
    ) -> None:
        self.lift = positive("lift", lift)
        self.order = one_of("order", order, ("given", "random"))
        layers = integer("passes", passes) + 1
        if integer("n_arms", n_arms) < layers:
            raise ValueError(f"n_arms must be at least passes + 1 = {layers}, one arm a layer, got {shown(n_arms)}")
        super().__init__(n_arms, horizon, memory, passes, "fixed", "bernoulli", 0.5, illegal, batch, debug)
        if not isinstance(case, str) or (case != "random" and (len(case) != layers or set(case) - set("01"))):
            raise ValueError(f"case must be 'random' or {layers} digits 0 or 1 in quotes, got {shown(case)}")
        self.case = case
        self._lifts = self._layers()
        if max(self._lifts) > 0.25:
            raise ValueError(
                f"lift must be such that lift (K / T)^(1/3) <= 1/4, got {shown(lift)}: {self._lifts[0]:.3g}"
            )

    def _layers(self) -> list[float]:
        if self.passes == 1:
            return [self.lift / cube_root(self.horizon / self.n_arms), 0.25]
        b, whole = self.passes, 2.0 ** (self.passes + 1) - 1.0
        return [self.horizon ** (-(2.0**b - 2.0**j) / whole) / 4.0 for j in range(b + 1)]

    def _support(self) -> tuple[float, tuple[float, float]]:
        if self.case == "random":
            return 0.5, (0.5, 0.5 + max(self._lifts))
        best = 0.5 + max(lift * int(digit) for lift, digit in zip(self._lifts, self.case, strict=True))
        return 0.5, (best, best)

    def _means_of(self, rng: np.random.Generator) -> Array:
        coins = rng.random(len(self._lifts)) < 0.5
        raised = coins if self.case == "random" else np.array([digit == "1" for digit in self.case])
        return arranged(layered(self.n_arms, self._lifts, raised.tolist(), rng), self.order, rng)

    def lower_bounds(self) -> Sequence[Bound]:
        """Bounds on the mean over the family, at the horizon; none for a single case or in random order.

        With a short memory (one pass: at most ``K / 20`` arms) every policy pays its order; with a long one, short of
        all arms, the trade-off with memory applies.
        """
        if self.order == "random" or self.case != "random":
            return ()
        k, t, m, b = self.n_arms, self.horizon, self.memory, self.passes
        whole = 2.0 ** (b + 1) - 1.0
        power = 2.0**b / whole
        large = fits("T is large (T >= 1000 K)", t >= 1000 * k)
        few = fits("B < log2 log2 T", t > 2 and b < math.log2(math.log2(t)))
        bounds = []
        short = m <= k / 20.0 if b == 1 else m * 8.0 * b * (b + 1) * math.log2(math.e) <= k
        if short and b == 1:
            scale = k * cube_root(t / k) ** 2
            bounds.append(at_horizon("lower bound", "order", scale, "abstract of Wang 2023", "convention", ()))
            if self.lift == EXPLICIT and m <= k / 48.0:
                source = "derived from Assadi, Wang 2024, Lemma 14, up to a factor 1 - o(1)"
                bounds.append(at_horizon("explicit lower bound", "lower", 0.0058 * scale, source, "derived", (large,)))
        elif short:
            source = "Agarwal, Khanna, Patil 2022, Theorem 1"
            bounds.append(at_horizon("lower bound in T", "order", 4.0**-b * t**power, source, "convention", (few,)))
            value, source = (t * b) ** power * k ** (1.0 - power), "abstract of Li et al. 2023, arXiv 2306.07903"
            bounds.append(at_horizon("lower bound", "order", value, source, "convention", (few,)))
        elif m < k:
            value = (k - m) ** (1.0 + (2.0**b - 2.0) / whole) * k ** ((2.0 - 2.0 ** (b + 1)) / whole) * t**power
            source = "abstract of He, Ye, Zhang 2024, arXiv 2405.19752"
            bounds.append(at_horizon("lower bound", "order", value, source, "convention", (large,)))
        return bounds
