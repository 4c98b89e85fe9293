"""What the learner is told on a stream of arms, the four actions, and how stretches of arrivals are handed out.

At any time one arm, the arriving one, sits in a buffer; ``memory`` further arms can be stored in slots. A pull names
the buffer or a slot, never an arm. Pulls use up time, the other three actions do not.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from bandits.arguments import check_reward, integer
from bandits.contract import Array, NoisyProblem, Playable

CURRENT: Final = -1
"""The place of the arriving arm, where a pull otherwise names a slot."""


@dataclass(frozen=True, kw_only=True)
class StreamProblem(NoisyProblem):
    """Arms that stream by, of which a few can be stored; the horizon counts pulls.

    Attributes:
        n_arms: length K of the stream, >= 1.
        memory: number of slots, >= 1, the arriving arm not counted.
        passes: how often the stream goes by, >= 1.
        noise: see ``NoisyProblem``.

    Raises:
        ValueError: a number below 1, or what ``Problem`` refuses.
    """

    n_arms: int
    memory: int = 1
    passes: int = 1
    reveals_rewards = True
    telling = "a mean reward of {}"
    unit = (0.0, 1.0)

    def revealed(self, feedback: Any) -> tuple[float, float] | None:
        """The mean reward of the pulls, twice; None where nothing was pulled."""
        if feedback is None:
            return None
        mean = check_reward(feedback[0]) / max(int(check_reward(feedback[1])), 1)
        return mean, mean

    def __post_init__(self) -> None:
        super().__post_init__()
        for name in ("n_arms", "memory", "passes"):
            integer(name, getattr(self, name))

    @property
    def pulls(self) -> int:
        """The horizon.

        Raises:
            ValueError: the learner is not told.
        """
        if self.horizon is None:
            raise ValueError(f"a streaming policy needs a horizon, got {self!r}")
        return self.horizon


class View(NamedTuple):
    """What the learner sees before an action. An arm's handle is its position in the first pass.

    Attributes:
        time: pulls used so far.
        remaining: pulls left.
        pass_index: number of the pass, from 0.
        arrivals: arms that have arrived so far, over all passes.
        over: whether the pass has gone by: no arm is arriving, and none will in this pass.
        current: handle of the arriving arm, or -1.
        slots: [memory] handles of the stored arms, -1 in empty slots.
        action_mask: [3 memory + 2] 1 for each legal action code (see ``decode``), with a pull of one.
    """

    time: int
    remaining: int
    pass_index: int
    arrivals: int
    over: bool
    current: int
    slots: NDArray[np.int64]
    action_mask: NDArray[np.int8]

    def clip(self, n: int) -> int:
        """``n``, or the number of pulls left if that is less."""
        return min(n, self.remaining)


class Pull(NamedTuple):
    """Pull the arm in a slot, or in the buffer (``CURRENT``), ``n`` times; unless ``observe``, without an answer."""

    where: int
    n: int = 1
    observe: bool = True


class Store(NamedTuple):
    """Move the arriving arm into a slot; an arm that was there is discarded."""

    slot: int


class Drop(NamedTuple):
    """Discard the arm in a slot."""

    slot: int


class Advance(NamedTuple):
    """Let the next arm arrive; the arriving arm, if not stored, is discarded."""


Action = Pull | Store | Drop | Advance
Feedback = tuple[float, int] | None
"""The sum of a batch of pulls and their number; None after other actions and after pulls that are not observed."""


def decode(code: int, n: int, memory: int) -> Action:
    """The action of an integer code.

    Codes: ``0..m-1`` pull slot, ``m`` pull the arriving arm, ``m+1..2m`` store in slot, ``2m+1`` advance,
    ``2m+2..3m+1`` drop slot, where ``m`` is ``memory`` and a pull is a batch of ``n``.

    Raises:
        ValueError: no such code.
    """
    if 0 <= code < memory:
        return Pull(code, n)
    if code == memory:
        return Pull(CURRENT, n)
    if memory < code <= 2 * memory:
        return Store(code - memory - 1)
    if code == 2 * memory + 1:
        return Advance()
    if 2 * memory + 1 < code <= 3 * memory + 1:
        return Drop(code - 2 * memory - 2)
    raise ValueError(f"action code must be in 0..{3 * memory + 1}, got {code!r}")


class ArrivalBlocks(Playable[Any, Any, Any], Protocol):
    """An environment that can hand out the first batches of several arriving arms at once.

    A policy asks for a block of coming first batches, all of one size, looks how many of these arms it would let pass,
    and has the environment account for them; the arm that follows is arriving then, not yet pulled.
    """

    def block_of_arrivals(self, n: int) -> Array:
        """Sums [at least 1] of the first ``n`` pulls of the arriving arm and of those that follow it.

        The arriving arm must not have been pulled since it arrived; nothing is pulled by asking.
        """

    def absorb_arrivals(self, count: int) -> None:
        """Pull each of the first ``count`` arms of the last block as often as asked there, and let it pass.

        Raises:
            ValueError: there is no next arm after them, or too few pulls are left; nothing changes.
        """
