"""Copies of a policy that draw from streams of their own: what it would do next, while it stays as it is."""

from __future__ import annotations

import io
import pickle
import random
from typing import Any, cast

import numpy as np


class Copies:
    """Makes copies of a policy in which every random generator is replaced by a fresh stream, shared where it was.

    What a policy has drawn already is part of its state, and so of every copy. But where it draws numbers ahead of the
    choices that they decide, copies draw them anew: an object with a method ``undrawn`` is copied as what that returns,
    the same without such numbers.

    Args:
        policy: pickles, as all policies do; copies share its problem, which nobody changes.

    Attributes:
        streams: those of the last copy.
    """

    def __init__(self, policy: Any) -> None:
        self._left_out: dict[int, Any] = {}
        self.streams: list[np.random.PCG64 | random.Random] = []
        buffer = io.BytesIO()
        _Pickler(buffer, self._left_out, getattr(policy, "_given", None)).dump(policy)
        self._pickled = buffer.getvalue()

    def make(self, seed: np.random.SeedSequence) -> Any:
        """A copy whose streams come from ``seed``."""
        things = dict(self._left_out)
        places = [key for key, thing in things.items() if isinstance(thing, np.random.BitGenerator | random.Random)]
        self.streams = [_stream(things[key], child) for key, child in zip(places, seed.spawn(len(places)), strict=True)]
        things.update(zip(places, self.streams, strict=True))
        return _Unpickler(io.BytesIO(self._pickled), things).load()

    def one(self) -> Any:
        """A copy for what is not random."""
        return self.make(np.random.SeedSequence(0))

    def sharing(self) -> Any:
        """A copy that draws from the very streams of the policy, which move on with it."""
        return _Unpickler(io.BytesIO(self._pickled), self._left_out).load()

    def states(self) -> list[str]:
        """The states of the last copy's streams, which change where it draws."""
        return [str(s.getstate() if isinstance(s, random.Random) else s.state) for s in self.streams]


def _stream(thing: Any, seed: np.random.SeedSequence) -> np.random.PCG64 | random.Random:
    """A fresh stream of the kind of a random generator: of Python's, as other people's policies have, or of numpy's."""
    if isinstance(thing, random.Random):
        return random.Random(int.from_bytes(seed.generate_state(4).tobytes(), "little"))
    return np.random.PCG64(seed)


class _Pickler(pickle.Pickler):
    """Leaves out random generators and the problem; ``left_out`` gets bit generators and problem by their ids."""

    def __init__(self, buffer: io.BytesIO, left_out: dict[int, Any], problem: Any) -> None:
        super().__init__(buffer, protocol=pickle.HIGHEST_PROTOCOL)
        self._left_out, self._problem = left_out, problem

    def reducer_override(self, thing: Any) -> Any:
        undrawn = None if isinstance(thing, type) else getattr(thing, "undrawn", None)
        return NotImplemented if undrawn is None else undrawn().__reduce_ex__(pickle.HIGHEST_PROTOCOL)

    def persistent_id(self, thing: Any) -> tuple[str, int] | None:
        if isinstance(thing, np.random.Generator):
            kind, core = "generator", cast(Any, thing.bit_generator)
        elif isinstance(thing, np.random.RandomState):
            kind, core = "legacy", thing._bit_generator
        elif isinstance(thing, np.random.BitGenerator | random.Random) or (
            thing is self._problem and thing is not None
        ):
            kind, core = "itself", thing
        else:
            return None
        self._left_out[id(core)] = core
        return kind, id(core)


class _Unpickler(pickle.Unpickler):
    """Puts ``things``, by the ids of what they replace, in their places."""

    def __init__(self, buffer: io.BytesIO, things: dict[int, Any]) -> None:
        super().__init__(buffer)
        self._things, self._made = things, dict[tuple[str, int], Any]()

    def persistent_load(self, key: tuple[str, int]) -> Any:
        if key not in self._made:
            self._made[key] = _MAKE[key[0]](self._things[key[1]])
        return self._made[key]


_MAKE: dict[str, Any] = {
    "generator": np.random.Generator,
    "legacy": np.random.RandomState,
    "itself": lambda thing: thing,
}
