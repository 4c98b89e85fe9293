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
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from bandits.arms.policy import Actions, Block, Blocks
from bandits.contract import Array, Bound, Policy, Problem, World
from bandits.arguments import integer, one_of, positive
from bandits.kernels import kernel
from bandits.offers import offers
from bandits.streaming.policy import stream_of
from bandits.streaming.protocol import CURRENT, Action, Advance, Drop, Feedback, Pull, Store, View
from bandits.streaming.theory import at_horizon, fits, rewards_fit

NOBODY = -1


@kernel
def _least(places: NDArray[np.int64], counts: Array) -> int:
    seat = NOBODY
    for j in range(places.size):
        if places[j] >= 0 and (seat == NOBODY or counts[j] < counts[seat]):
            seat = j
    return seat


@kernel
def _learn(
    seat: int, reward: float, places: NDArray[np.int64], counts: Array, sums: Array, kept: Array, scale: float
) -> int:
    """Take in a pull; ``kept`` is (largest lower bound, seat of the arm that had it). Returns whom to discard."""
    counts[seat] += 1.0
    sums[seat] += reward
    low = sums[seat] / counts[seat] - math.sqrt(scale / counts[seat])
    if low > kept[0]:
        kept[0], kept[1] = low, seat
    for j in range(places.size):
        if places[j] >= 0 and counts[j] > 0.0 and sums[j] / counts[j] + math.sqrt(scale / counts[j]) < kept[0]:
            return j
    return NOBODY


@kernel
def _play(
    block: Block,
    actions: Actions,
    places: NDArray[np.int64],
    counts: Array,
    sums: Array,
    kept: Array,
    scale: float,
    cap: float,
) -> tuple[int, int]:
    """Play until an arm must be discarded or another is to be kept; returns (pulls made, whom to discard)."""
    best = kept[1]
    for s in range(actions.size):
        seat = _least(places, counts)
        place = places[seat]
        reward = block.levels[s * block.stride, place] + block.noise[s]
        if block.binary:
            reward = 1.0 if reward > 0.0 else 0.0
        actions[s] = place
        out = _learn(seat, reward, places, counts, sums, kept, scale)
        if out != NOBODY or kept[1] != best or counts[_least(places, counts)] >= cap:
            return s + 1, out
    return actions.size, NOBODY


class MemoryBoundedElimination(Policy[View, Action, Feedback]):
    """Multi-pass batched elimination of Agarwal, Khanna and Patil (2022), Algorithm 1, with a running maximum.

    Args:
        passes: number ``B`` of passes used, >= 1.
        words: arms in memory, the arriving one included, >= 2; ``words - 1`` slots are needed.
        c: factor in the confidence radius, > 0.
        mode: "worst_case" or "instance".
    """

    accepts: ClassVar[frozenset[tuple[str, str]]] = frozenset({("streaming", "bandit")})

    def __init__(self, passes: int = 1, words: int = 2, c: float = 5.0, mode: str = "worst_case") -> None:
        self.passes = integer("passes", passes)
        self.words = integer("words", words, 2)
        self.c = positive("c", c)
        self.mode = one_of("mode", mode, ("worst_case", "instance"))

    def slots_required(self, problem: Problem) -> int:
        """The number of arms that must be stored at once."""
        return self.words - 1

    def memory_words(self, problem: Problem) -> int:
        """Numbers kept: for each active arm its identity and two statistics, and a few scalars."""
        return 3 * (self.words - 1) + 5

    def caps(self, problem: Problem) -> list[float]:
        """Most pulls of an arm in each pass, before rounding up."""
        arms, horizon = stream_of(problem)
        b, n, caps = self.passes, 1.0, []
        for _ in range(b):
            if self.mode == "worst_case":
                n = horizon ** (2.0**b / (2.0 ** (b + 1) - 1.0)) * math.sqrt(n)
                caps.append(n / (arms * b))
            else:
                n = horizon ** (1.0 / (b + 1)) * n
                caps.append(n)
        return caps

    def reset(self, problem: Problem, rng: np.random.Generator) -> None:
        """Prepare for a run.

        Raises:
            ValueError: no horizon, too few passes or too little memory.
        """
        self._arms, self._horizon = stream_of(problem)
        if problem.passes < self.passes:
            raise ValueError(f"passes={self.passes} are asked for, but the stream goes by {problem.passes} time(s)")
        memory = problem.memory or 0
        if memory < self.words - 1:
            raise ValueError(f"words={self.words} needs {self.words - 1} slots, but the memory holds {memory}")
        self._caps, self._scale = self.caps(problem), self.c * math.log2(self._horizon)
        self._memory, self._left = memory, self._horizon
        seats = self.words - 1
        self._places = np.full(seats, NOBODY)  # of the active arms: a slot, or `memory` for the buffer
        self._counts, self._sums = np.zeros(seats), np.zeros(seats)
        self._kept = np.array([0.0, 0.0])
        self._best = 0  # seat of the arm kept, or NOBODY where it is not active
        self._best_slot = NOBODY
        self._free = list(range(seats))[::-1]
        self._pass, self._read, self._begun = 0, 0, False
        self._script = self._fill()

    def choose(self, observation: View | None) -> Action:
        if self._script:
            return self._script[0]
        place = int(self._places[_least(self._places, self._counts)])
        return Pull(CURRENT if place == self._memory else place)

    def update(self, observation: View | None, action: Action, feedback: Feedback) -> None:
        if type(action) is Pull:
            self._left -= action.n
        if self._script:
            del self._script[0]
        elif feedback is not None:
            seat = int(_least(self._places, self._counts))
            out = _learn(seat, feedback[0], self._places, self._counts, self._sums, self._kept, self._scale)
            self._settle(int(out))

    def advance(self, environment: World[Any, Any, Any], rounds: int) -> None:
        """Play stretches of single pulls compiled where the world hands out blocks."""
        end = min(environment.clock + rounds, self._horizon)
        while environment.clock < end:
            if self._script or not offers(environment, Blocks):
                action = self.choose(None)
                _, feedback = environment.transition(action)
                self.update(None, action, feedback)
                continue
            block = environment.block(end - environment.clock)
            actions = np.empty(len(block.noise), dtype=np.int64)
            cap = self._caps[self._pass]
            made, out = _play(block, actions, self._places, self._counts, self._sums, self._kept, self._scale, cap)
            environment.absorb(actions[:made])
            self._left -= made
            self._settle(int(out))

    def _settle(self, out: int) -> None:
        """Carry out what the last pull decided: keep another arm, discard one, let others in."""
        if self._kept[1] != self._best:
            if self._best == NOBODY:
                self._script.append(Drop(self._best_slot))
                self._free.append(self._best_slot)
            self._best = int(self._kept[1])
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
            self._kept[1] = NOBODY
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
                if self._begun:
                    actions.append(Advance())
                self._begun = True
                self._read += 1
                self._places[seat], self._counts[seat], self._sums[seat] = self._memory, 0.0, 0.0
            if np.any(self._places != NOBODY) or self._pass + 1 == self.passes:
                return actions
            self._pass, self._read = self._pass + 1, 0
            actions.append(Advance())

    def regret_bounds(self, problem: Problem, facts: Mapping[str, Any]) -> Sequence[Bound]:
        """Theorem 5: the order ``T^(2^B / (2^(B+1) - 1)) sqrt(K B log2 T)`` with probability ``1 - 2/T``."""
        arms, horizon = stream_of(problem)
        b = self.passes
        value = horizon ** (2.0**b / (2.0 ** (b + 1) - 1.0)) * math.sqrt(arms * b * math.log2(max(horizon, 2)))
        assumptions = (
            *rewards_fit(problem, facts),
            fits("mode is 'worst_case'", self.mode == "worst_case"),
            fits("B < log2 log2 T", horizon > 2 and b < math.log2(math.log2(horizon))),
        )
        source = "Agarwal, Khanna, Patil 2022, Theorem 5"
        return (at_horizon("multi-pass elimination", "order", value, source, assumptions),)
