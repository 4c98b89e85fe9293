"""Transition probabilities of a finite Markov decision process, kept as their positive entries alone."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from bandits.arguments import affordable, floats, integer
from bandits.contract import Array
from bandits.kernels import inlined, kernel

Ints = NDArray[np.int64]

SLACK = 1e-9
"""By how much a row of probabilities may miss 1, by rounding."""


class Model:
    """Transitions ``P(s' | s, a)``, the same at all stages or one table a stage. Nobody can change one.

    Rows stand in the order of stages, states, actions: row ``(h S + s) A + a``. Each keeps its positive entries only,
    by increasing next state, and their running sums, the last of which is exactly 1: the next state under a uniform
    number ``u`` in [0, 1) is the first whose running sum exceeds ``u``, so that none of probability 0 is entered.

    Args:
        transitions: probabilities [S, A, S], or [H, S, A, S] of each stage; nested lists or an array. For many states
            see ``sparse``.

    Raises:
        ValueError: another shape, an entry that is negative or not finite, or a row whose sum is not 1 within 1e-9
            (within that it is divided by its sum): which state, which action, which sum.

    Attributes:
        n_stages: 1 where all stages share one table, else H.
        n_states: S.
        n_actions: A.
        starts: [n_rows + 1] where each row begins; read-only, as all arrays here.
        states: [n_entries] next states, increasing within a row.
        probabilities: [n_entries], > 0.
        cumulative: [n_entries] running sums of each row, the last one 1.0.

    Example:
        >>> model = Model([[[0.5, 0.5], [0.0, 1.0]], [[1.0, 0.0], [0.25, 0.75]]])
        >>> model.n_states, model.n_actions, model.support
        (2, 2, 2)
        >>> model.row(1, 1), model.row(0, 1)
        ((array([0, 1]), array([0.25, 0.75])), (array([1]), array([1.])))
    """

    def __init__(self, transitions: ArrayLike) -> None:
        table = floats("transitions must be a table of probabilities", transitions)
        stages = table[None] if table.ndim == 3 else table
        if stages.ndim != 4 or stages.size == 0 or stages.shape[1] != stages.shape[3]:
            raise ValueError(
                "transitions must be probabilities [states, actions, states], or [stages, states, actions, states], "
                f"got shape {table.shape}"
            )
        n_stages, n_states, n_actions, _ = stages.shape
        rows = stages.reshape(-1, n_states)
        if not ((rows >= 0.0) & np.isfinite(rows)).all():
            row, state = np.argwhere(~((rows >= 0.0) & np.isfinite(rows)))[0]
            where = _where(int(row), n_stages, n_states, n_actions)
            raise ValueError(
                f"transitions must be finite and not negative, got {float(rows[row, state])} for state {state} {where}"
            )
        places, states = np.nonzero(rows)
        starts = np.searchsorted(places, np.arange(len(rows) + 1))
        self._adopt(n_stages, n_states, n_actions, starts, states, rows[places, states])

    @classmethod
    def sparse(
        cls,
        starts: Sequence[int] | Ints,
        states: Sequence[int] | Ints,
        probabilities: Sequence[float] | Array,
        n_states: int,
        n_actions: int,
        n_stages: int = 1,
    ) -> Model:
        """A model of many states, from the entries of its rows.

        Args:
            starts: [n_stages * n_states * n_actions + 1] where each row begins, not falling, from 0 to the number of
                entries.
            states: [n_entries] next states, in any order within a row; one that stands there twice has the sum.
            probabilities: [n_entries], >= 0.
            n_states: S, >= 1.
            n_actions: A, >= 1.
            n_stages: 1, or H.

        Raises:
            ValueError: as of the class, or arrays that do not fit together.
        """
        integer("n_states", n_states)
        rows = integer("n_stages", n_stages) * n_states * integer("n_actions", n_actions)
        begin, to = np.asarray(starts), np.asarray(states)
        found = floats("probabilities must be numbers", probabilities)
        if begin.shape != (rows + 1,) or begin.dtype.kind != "i" or begin[0] != 0 or (np.diff(begin) < 0).any():
            raise ValueError(f"starts must be {rows + 1} whole numbers from 0 on, not falling, got shape {begin.shape}")
        if to.shape != found.shape or to.shape != (begin[-1],) or to.dtype.kind != "i":
            raise ValueError(
                f"states and probabilities must have {begin[-1]} entries, as starts say, got {to.shape} and "
                f"{found.shape}"
            )
        if to.size and (to.min() < 0 or to.max() >= n_states):
            raise ValueError(f"states must lie in 0..{n_states - 1}, got {to.min()}..{to.max()}")
        if not ((found >= 0.0) & np.isfinite(found)).all():
            entry = int(np.argmin((found >= 0.0) & np.isfinite(found)))
            where = _where(int(np.searchsorted(begin, entry, side="right")) - 1, n_stages, n_states, n_actions)
            raise ValueError(f"probabilities must be finite and not negative, got {found[entry]} {where}")
        place = np.repeat(np.arange(rows), np.diff(begin)) * n_states + to
        keys, inverse = np.unique(place[found > 0.0], return_inverse=True)
        summed: Array = np.bincount(inverse, found[found > 0.0], len(keys)).astype(np.float64)
        model = cls.__new__(cls)
        starts = np.searchsorted(keys // n_states, np.arange(rows + 1))
        model._adopt(n_stages, n_states, n_actions, starts, keys % n_states, summed)
        return model

    def _adopt(
        self, n_stages: int, n_states: int, n_actions: int, starts: Ints, states: Ints, probabilities: Array
    ) -> None:
        self.n_stages, self.n_states, self.n_actions = n_stages, n_states, n_actions
        self.starts = np.ascontiguousarray(starts, dtype=np.int64)
        self.states = np.ascontiguousarray(states, dtype=np.int64)
        self.probabilities = np.array(probabilities, dtype=np.float64)
        self.cumulative = np.empty(len(self.states))
        if (row := _normalize(self.starts, self.probabilities, self.cumulative, SLACK)) >= 0:
            total = math.fsum(probabilities[self.starts[row] : self.starts[row + 1]])
            where = _where(row, n_stages, n_states, n_actions)
            raise ValueError(f"transitions must sum to 1 over next states, got {total!r} {where}")
        for array in (self.starts, self.states, self.probabilities, self.cumulative):
            array.flags.writeable = False
        parts = (self.starts.tobytes(), self.states.tobytes(), self.probabilities.tobytes())
        self._digest = hashlib.blake2b(b"".join(parts), digest_size=16).digest()

    @property
    def n_rows(self) -> int:
        """Number of rows, ``n_stages n_states n_actions``."""
        return len(self.starts) - 1

    @property
    def support(self) -> int:
        """Gamma: the largest number of next states of a row."""
        return int(np.diff(self.starts).max())

    def row(self, state: int, action: int, stage: int = 0) -> tuple[Ints, Array]:
        """Next states and their probabilities; ``stage`` counts where each stage has a table of its own."""
        row = ((stage if self.n_stages > 1 else 0) * self.n_states + state) * self.n_actions + action
        entries = slice(self.starts[row], self.starts[row + 1])
        return self.states[entries], self.probabilities[entries]

    def dense(self) -> Array:
        """Probabilities [n_stages, n_states, n_actions, n_states], a new array.

        Raises:
            ValueError: they do not fit into memory.
        """
        affordable("n_states", f"a table of {self.n_rows} x {self.n_states} probabilities", self.n_rows * self.n_states)
        table = np.zeros((self.n_rows, self.n_states))
        table[np.repeat(np.arange(self.n_rows), np.diff(self.starts)), self.states] = self.probabilities
        return table.reshape(self.n_stages, self.n_states, self.n_actions, self.n_states)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Model):
            return NotImplemented
        return self is other or (self._shape, self._digest) == (other._shape, other._digest)

    def __hash__(self) -> int:
        return hash((self._shape, self._digest))

    @property
    def _shape(self) -> tuple[int, int, int]:
        return self.n_stages, self.n_states, self.n_actions

    def __deepcopy__(self, memo: dict[int, Any]) -> Model:
        return self

    def __getstate__(self) -> tuple[Any, ...]:
        return (*self._shape, self.starts, self.states, self.probabilities, self.cumulative, self._digest)

    def __setstate__(self, state: tuple[Any, ...]) -> None:
        self.n_stages, self.n_states, self.n_actions = state[:3]
        self.starts, self.states, self.probabilities, self.cumulative, self._digest = state[3:]
        for array in state[3:7]:
            array.flags.writeable = False

    def __repr__(self) -> str:
        stages = f", {self.n_stages} stages" if self.n_stages > 1 else ""
        return f"<Model: {self.n_states} states, {self.n_actions} actions{stages}, {len(self.states)} entries>"


def _where(row: int, n_stages: int, n_states: int, n_actions: int) -> str:
    rest, action = divmod(row, n_actions)
    stage, state = divmod(rest, n_states)
    return f"in state {state}, action {action}" + (f", stage {stage}" if n_stages > 1 else "")


def law_sums(law: Array) -> Array:
    """Running sums [n_states] of a law, exactly 1 from its last positive entry on."""
    sums: Array = np.cumsum(law)
    sums[np.flatnonzero(law)[-1] :] = 1.0
    return sums


@kernel
def _normalize(starts: Ints, probabilities: Array, cumulative: Array, slack: float) -> int:
    """Divide rows by their sums, and fill in running sums that end in 1.0; the first row that misses 1, or -1."""
    for row in range(starts.size - 1):
        total = 0.0
        for entry in range(starts[row], starts[row + 1]):
            total += probabilities[entry]
        if not abs(total - 1.0) <= slack:
            return row
        running = 0.0
        for entry in range(starts[row], starts[row + 1]):
            if abs(total - 1.0) > 1e-15:
                probabilities[entry] /= total
            running += probabilities[entry]
            cumulative[entry] = running
        cumulative[starts[row + 1] - 1] = 1.0
    return -1


@inlined
def next_state(starts: Ints, states: Ints, cumulative: Array, row: int, u: float) -> int:
    """The next state after ``row`` under a uniform number ``u`` in [0, 1): the first whose running sum exceeds it."""
    entry = starts[row]
    while not u < cumulative[entry]:
        entry += 1
    return int(states[entry])
