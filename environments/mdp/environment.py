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


def drawn_from(law: Array, u: float) -> int:
    """The first outcome of a law [n] whose running sum exceeds ``u`` in [0, 1); none of probability 0."""
    running = np.cumsum(law)
    running[np.flatnonzero(law)[-1] :] = 1.0
    return int(np.searchsorted(running, u, side="right"))
