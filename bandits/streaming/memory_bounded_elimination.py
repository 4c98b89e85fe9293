"""Elimination in several passes with memory for ``words`` arms, the arriving one included.

In pass ``b`` of ``B``, arms enter an active set of ``words - 1`` from the stream. Of the active arms the least played
is pulled, unless it has had ``C_b`` pulls in this pass; then it is discarded. After each pull, the largest lower
confidence bound ever seen, and the arm that had it, are kept; one active arm whose upper confidence bound lies below is
discarded. The bounds are ``mean -+ sqrt(c log2(T) / n)`` with this pass's pulls. At the end, commit to the arm kept
(the first of the stream if no lower bound was above 0).

Caps: ``C_b = N_b / (K B)`` with ``N_b = T^(2^B / (2^(B+1) - 1)) sqrt(N_(b-1))`` and ``N_0 = 1`` ("worst_case"), or
``C_b = N_b = T^(1 / (B+1)) N_(b-1)`` ("instance").

Reference: S. Agarwal, S. Khanna, P. Patil, *A Sharp Memory-Regret Trade-Off for Multi-Pass Streaming Bandits*, COLT
2022, Algorithm 1 and Theorem 5. The printed update replaces the lower bound by the largest of the *current* active set;
here it is a running maximum, without which the best arm is forgotten and which the proof needs (derived).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from bandits.arguments import integer, one_of, positive
from bandits.arms.policy import look_at
from bandits.arms.problem import Actions, Block, Blocks
from bandits.contract import Array, Bound, Instance, Playable, Policy
from bandits.kernels import kernel
from bandits.offers import offers
from bandits.streaming.policy import check_answer, refuse_to_choose
from bandits.streaming.problem import CURRENT, Action, Advance, Drop, Feedback, Pull, Store, StreamProblem, View
from bandits.streaming.theory import StreamInstance, at_horizon, fits, rewards_fit

NOBODY = -1


@kernel
def _least(places: NDArray[np.int64], counts: Array) -> int:
    seat = NOBODY
    for j in range(places.size):
        if places[j] >= 0 and (seat == NOBODY or counts[j] < counts[seat]):
            seat = j
    return seat


KEPT = np.dtype([("low", np.float64), ("seat", np.int64)])
"""The largest lower bound so far, and the seat of the arm that had it."""


@kernel
def _learn(
    seat: int, reward: float, places: NDArray[np.int64], counts: Array, sums: Array, kept: Any, scale: float
) -> int:
    """Take in a pull; ``kept`` is [1] of dtype ``KEPT``. Returns whom to discard."""
    counts[seat] += 1.0
    sums[seat] += reward
    low = sums[seat] / counts[seat] - math.sqrt(scale / counts[seat])
    if low > kept[0].low:
        kept[0].low = low
        kept[0].seat = seat
    for j in range(places.size):
        if places[j] >= 0 and counts[j] > 0.0 and sums[j] / counts[j] + math.sqrt(scale / counts[j]) < kept[0].low:
            return j
    return NOBODY


@kernel
def _play(
    block: Block,
    actions: Actions,
    places: NDArray[np.int64],
    counts: Array,
    sums: Array,
    kept: Any,
    scale: float,
    cap: float,
) -> tuple[int, int]:
    """Play until an arm must be discarded or another is to be kept; returns (pulls made, whom to discard)."""
    best = kept[0].seat
    for s in range(actions.size):
        seat = _least(places, counts)
        place = places[seat]
        reward = block.levels[s * block.stride, place] + block.noise[s]
        if block.binary:
            reward = 1.0 if reward > 0.0 else 0.0
        actions[s] = place
        out = _learn(seat, reward, places, counts, sums, kept, scale)
        if out != NOBODY or kept[0].seat != best or counts[_least(places, counts)] >= cap:
            return s + 1, out
    return actions.size, NOBODY


class MemoryBoundedElimination(Policy[StreamProblem, View, Action, Feedback]):
    """Multi-pass batched elimination of Agarwal, Khanna and Patil (2022), Algorithm 1, with a running maximum.

    Args:
        passes: number ``B`` of passes used, >= 1.
        words: arms in memory, the arriving one included, >= 2; ``words - 1`` slots are needed.
        c: factor in the confidence radius, > 0.
        mode: "worst_case" or "instance".
    """

    plays: ClassVar[tuple[type[StreamProblem], ...]] = (StreamProblem,)

    def __init__(self, passes: int = 1, words: int = 2, c: float = 5.0, mode: str = "worst_case") -> None:
        self.passes = integer("passes", passes)
        self.words = integer("words", words, 2)
        self.c = positive("c", c)
        self.mode = one_of("mode", mode, ("worst_case", "instance"))

    def slots_required(self, problem: StreamProblem) -> int:
        """The number of arms that must be stored at once."""
        return self.words - 1

    def memory_words(self, problem: StreamProblem) -> int:
        """Numbers kept: for each active arm its identity and two statistics, and a few scalars."""
        return 3 * (self.words - 1) + 5

    def caps(self, problem: StreamProblem) -> list[float]:
        """Most pulls of an arm in each pass, before rounding up."""
        arms, horizon = problem.n_arms, problem.pulls
        b, n, caps = self.passes, 1.0, []
        for _ in range(b):
            if self.mode == "worst_case":
                n = horizon ** (2.0**b / (2.0 ** (b + 1) - 1.0)) * math.sqrt(n)
                caps.append(n / (arms * b))
            else:
                n = horizon ** (1.0 / (b + 1)) * n
                caps.append(n)
        return caps

    def reset(self, problem: StreamProblem, rng: np.random.Generator) -> None:
        """Prepare for a run.

        Raises:
            ValueError: no horizon, too few passes or too little memory.
        """
        self._arms, self._horizon = problem.n_arms, problem.pulls
        if problem.passes < self.passes:
            raise ValueError(f"passes={self.passes} are asked for, but the stream goes by {problem.passes} time(s)")
        memory = problem.memory
        if memory < self.words - 1:
            raise ValueError(f"words={self.words} needs {self.words - 1} slots, but the memory holds {memory}")
        self._caps, self._scale = self.caps(problem), self.c * math.log2(self._horizon)
        self._memory, self._left = memory, self._horizon
        seats = self.words - 1
        self._places = np.full(seats, NOBODY)  # of the active arms: a slot, or `memory` for the buffer
        self._counts, self._sums = np.zeros(seats), np.zeros(seats)
        self._kept = np.zeros(1, dtype=KEPT)
        self._best = 0  # seat of the arm kept, or NOBODY where it is not active
        self._best_slot = NOBODY
        self._free = list(range(seats))[::-1]
        self._pass, self._read, self._reading = 0, 0, False
        self._script = self._fill()
        self._chosen: Action | None = None

    def choose(self, observation: View | None) -> Action:
        """The next action of the script, or a single pull of the least-played active arm.

        Raises:
            NotResetError: before ``reset``.
            RuntimeError: all pulls are used.
        """
        if self._left < 1:
            refuse_to_choose()
        if self._script:
            action = self._script[0]
        else:
            place = int(self._places[_least(self._places, self._counts)])
            action = Pull(CURRENT if place == self._memory else place)
        self._chosen = action
        return action

    def update(self, observation: View | None, action: Action, feedback: Feedback) -> None:
        """Learn from a single pull, or go on in the script.

        Raises:
            NotResetError: before ``reset``.
            ValueError, RuntimeError: what ``check_answer`` refuses; nothing has changed then.
        """
        action, feedback = check_answer(self._chosen, action, feedback, self._memory)
        self._chosen = None
        if type(action) is Pull:
            self._left -= action.n
        if self._script:
            del self._script[0]
        elif feedback is not None:
            seat = int(_least(self._places, self._counts))
            out = _learn(seat, feedback[0], self._places, self._counts, self._sums, self._kept, self._scale)
            self._settle(int(out))

    def leap(self, environment: Playable[Any, Any, Any], most: int) -> int:
        """Play a stretch of single pulls, up to where an arm is discarded or another one kept."""
        if self._script or not offers(environment, Blocks):
            return 0
        block = environment.block(most)
        actions = np.empty(len(block.noise), dtype=np.int64)
        cap = self._caps[self._pass]
        made, out = _play(block, actions, self._places, self._counts, self._sums, self._kept, self._scale, cap)
        environment.absorb(actions[:made])
        look_at(self, block, actions[:made])
        self._left -= made
        self._settle(int(out))
        return int(made)

    def _settle(self, out: int) -> None:
        """Carry out what the last pull decided: keep another arm, discard one, let others in."""
        if (seat := int(self._kept["seat"][0])) != self._best:
            if self._best == NOBODY:
                self._script.append(Drop(self._best_slot))
                self._free.append(self._best_slot)
            self._best = seat
        out = self._exhausted() if out == NOBODY else out
        while out != NOBODY:
            self._discard(out)
            self._script += self._fill()
            out = self._exhausted()
        if np.all(self._places == NOBODY):
            self._script.append(Pull(self._best_slot, self._left, False))

    def _exhausted(self) -> int:
        """The least-played active arm, if it has had all its pulls of this pass."""
        seat = int(_least(self._places, self._counts))
        return seat if seat != NOBODY and self._counts[seat] >= self._caps[self._pass] else NOBODY

    def _discard(self, seat: int) -> None:
        """Take an arm out of the active set; the arm kept stays in a slot."""
        place = int(self._places[seat])
        self._places[seat] = NOBODY
        if seat == self._best:
            self._best, self._best_slot = NOBODY, place
            if place == self._memory:
                self._best_slot = self._free.pop()
                self._script.append(Store(self._best_slot))
            self._kept["seat"] = NOBODY
        elif place < self._memory:
            self._script.append(Drop(place))
            self._free.append(place)

    def _fill(self) -> list[Action]:
        """Let arms in while there are seats, from the next pass where this one is over and nobody is active."""
        actions: list[Action] = []
        while True:
            for seat in np.flatnonzero(self._places == NOBODY).tolist():
                if self._read == self._arms:
                    break
                for other in np.flatnonzero(self._places == self._memory).tolist():
                    self._places[other] = self._free.pop()
                    actions.append(Store(int(self._places[other])))
                if self._reading:
                    actions.append(Advance())
                self._reading = True
                self._read += 1
                self._places[seat], self._counts[seat], self._sums[seat] = self._memory, 0.0, 0.0
            if np.any(self._places != NOBODY) or self._pass + 1 == self.passes:
                return actions
            self._pass, self._read = self._pass + 1, 0
            actions.append(Advance())

    def regret_bounds(self, problem: StreamProblem, instance: Instance) -> Sequence[Bound]:
        """Theorem 5: the order ``T^(2^B / (2^(B+1) - 1)) sqrt(K B log2 T)`` with probability ``1 - 2/T``."""
        if not isinstance(instance, StreamInstance):
            return ()
        arms, horizon = problem.n_arms, problem.pulls
        b = self.passes
        value = horizon ** (2.0**b / (2.0 ** (b + 1) - 1.0)) * math.sqrt(arms * b * math.log2(max(horizon, 2)))
        assumptions = (
            *rewards_fit(problem, instance),
            fits("mode is 'worst_case'", self.mode == "worst_case"),
            fits("B < log2 log2 T", horizon > 2 and b < math.log2(math.log2(horizon))),
        )
        source, delta = "Agarwal, Khanna, Patil 2022, Theorem 5", 2.0 / horizon if horizon > 2 else None
        return (at_horizon("multi-pass elimination", "order", value, source, "convention", assumptions, delta),)
