"""What all modes of a finite Markov decision process share: a tape of streams, and the first state."""

from __future__ import annotations

from typing import Any, TypeVar

import numpy as np

from bandits.contract import Array
from environments.contract import Environment
from environments.mdp.tape import Tape

Fbk = TypeVar("Fbk")


class MDPEnvironment(Environment[Any, Any, Fbk, Tape]):
    """A finite Markov decision process, whose tape are streams that are used up at a fixed rate."""

    def draw(self, rng: np.random.Generator) -> Tape:
        return Tape.drawn(rng)


def first_of(sums: Array, u: float) -> int:
    """The first state whose running sum, see ``bandits.mdp.model.law_sums``, exceeds ``u``, uniform in [0, 1)."""
    return int(np.searchsorted(sums, u, side="right"))
