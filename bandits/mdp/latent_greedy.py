"""The best policy over histories by what was seen of each context so far, with nothing added: certainty equivalence.

On a mixture where looking costs nothing it is best; where a hint must be asked for it may stop asking for good, as what
it does not do it does not learn. A baseline: nothing is claimed of it.
"""

from __future__ import annotations

from bandits.contract import Array
from bandits.mdp.latent import LatentPlanner
from bandits.mdp.problem import LatentProblem


class LatentGreedy(LatentPlanner):
    """Plans over histories without a bonus."""

    def bonus(self, problem: LatentProblem, counts: Array) -> None:
        return None
