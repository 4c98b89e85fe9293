"""KL-LUCB: LUCB with the intervals of Bernoulli divergences.

Reference: E. Kaufmann, S. Kalyanakrishnan, *Information Complexity in Bandit Subset Selection*, COLT 2013 (as
remembered). The default intervals are this project's, see ``bandits.identification.intervals``.
"""

from __future__ import annotations

import math
from typing import final

from bandits.arguments import one_of
from bandits.identification.intervals import KT, PAPER, Intervals
from bandits.identification.lucb import PairedIntervals
from bandits.identification.problem import IdentificationProblem


class KLLUCB(PairedIntervals):
    """LUCB with Bernoulli intervals, for rewards in [0, 1].

    Args:
        epsilon: how much worse than the best ones the arms of the answer may be, >= 0.
        rate: "kt", valid at all times (derived in this project), or "paper", ``ln(405.5 K t^1.1 / delta) / N`` (as
            remembered).

    Raises:
        ValueError: a parameter out of its domain; from ``reset``, no ``delta``, or rewards that are not Bernoulli.
    """

    decided = True

    def __init__(self, epsilon: float = 0.0, rate: str = "kt") -> None:
        super().__init__(epsilon)
        self.rate = one_of("rate", rate, ("kt", "paper"))

    @final
    def intervals(self, problem: IdentificationProblem) -> Intervals:
        if problem.family != "bernoulli":
            raise ValueError(f"family must be bernoulli for intervals of Bernoulli divergences, got {problem.family}")
        assert problem.delta is not None  # reset has seen to it
        kind = KT if self.rate == "kt" else PAPER
        return Intervals(kind, 0.25, math.log(problem.n_actions / problem.delta))
