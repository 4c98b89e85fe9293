"""What the theorems about arms ask of the analysis' facts.

Facts that arms worlds give: ``means`` [n_arms] and ``variances`` [n_arms] of stationary rewards (or absent),
``stationary``, ``oblivious``, ``bernoulli``, ``bounded``, ``gaussian`` (bool), ``changes`` (number of changes of the
means during the run). Worlds whose means change also give ``dynamic_gaps`` and ``max_gaps`` [n_arms], the smallest and
the largest positive gap of each arm to the best arm of its time (0 where it never has one). ``prior`` names the
distribution that the means are drawn from anew in every run: "uniform" on the range, or ("gaussian", mean, deviation).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from bandits.contract import Array, Assumption

STATIONARY = "stationary"
OBLIVIOUS = "oblivious"
BERNOULLI = "bernoulli"
BOUNDED = "bounded"
GAUSSIAN = "gaussian"

_TEXTS = {
    STATIONARY: "rewards of an arm are independent with one mean throughout",
    OBLIVIOUS: "rewards do not depend on the learner's actions",
    BERNOULLI: "rewards are 0 or 1",
    BOUNDED: "rewards lie in a known finite range",
    GAUSSIAN: "rewards are Gaussian with the declared standard deviation",
}


def holds(facts: Mapping[str, Any], *keys: str) -> tuple[Assumption, ...]:
    """The named assumptions, each with whether the facts say that it holds (an absent fact does not hold)."""
    return tuple(Assumption(_TEXTS[key], bool(facts.get(key, False))) for key in keys)


def gaps_of(facts: Mapping[str, Any]) -> Array | None:
    """Gaps [n_arms] to the best mean in reward units, or None where the arms have no fixed means."""
    means = facts.get("means")
    return None if means is None else np.max(means) - np.asarray(means, dtype=float)


def dynamic_gaps_of(facts: Mapping[str, Any]) -> tuple[Array, Array, int] | None:
    """(smallest, largest) positive gaps of the arms that ever have one, and the number of changes; or None.

    Where the means are fixed, both are the gaps and nothing changes.
    """
    if "dynamic_gaps" in facts and facts.get("changes") is not None:
        smallest = np.asarray(facts["dynamic_gaps"], dtype=float)
        largest, changes = np.asarray(facts.get("max_gaps", smallest), dtype=float), int(facts["changes"])
    else:
        gaps = gaps_of(facts)
        if gaps is None or not facts.get(STATIONARY, False):
            return None
        smallest, largest, changes = gaps, gaps, 0
    bad = np.isfinite(smallest) & (smallest > 0)
    return smallest[bad], largest[bad], changes
