"""RobustFtP: Marker and Follow-the-Prediction, combined at random.

Blum and Burch's combination with ``epsilon = 0.5`` of Marker, which is robust, and BlindOracle, which is close to the
optimum when the predicted reuse times are good.

Guarantee: ``E[cost] <= (1 + epsilon) min(1 + 2 eta / OPT, 4 + 4 eta / ((k - 1) OPT), 2 H_k - 1) OPT + O(k / epsilon)``.

References: A. Wei, *Better and Simpler Learning-Augmented Online Caching*, APPROX 2020; A. Antoniadis, C. Coester,
M. Eliáš, A. Polak, B. Simon, *Online Metric Algorithms with Untrusted Predictions*, ICML 2020.
"""

from __future__ import annotations

from bandits.paging.combine_randomised import CombineRandomised


class RobustFtP(CombineRandomised):
    """Marker and Follow-the-Prediction combined, for predicted reuse times.

    Args:
        epsilon: price of the combination, in (0, 1].
    """

    prediction = "reuse"

    def __init__(self, epsilon: float = 0.5) -> None:
        super().__init__(("marker", "blind_oracle"), epsilon)
