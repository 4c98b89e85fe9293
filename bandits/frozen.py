"""Arrays that nobody can change: for what problems say in whole tables, and what is handed out."""

from __future__ import annotations

import hashlib
from functools import cached_property
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from bandits.arguments import shown
from bandits.contract import Array


def read_only(array: NDArray[Any]) -> NDArray[Any]:
    """A view of an array that cannot be written to: what is handed out is its owner's.

    A kernel is compiled once for arrays that can be written to and once for others, and an array that was pickled can.
    So what a kernel only reads is handed over like this.
    """
    view = array.view()
    view.flags.writeable = False
    return view


class Frozen:
    """An array of floats that nobody can change; subclasses say what it may hold.

    Two of one class are equal when their shapes and their numbers are, bit for bit; they can be keys of dictionaries.

    Args:
        values: the numbers, copied.

    Attributes:
        array: float64, C-contiguous and read-only for good; no zero has a sign.
    """

    def __init__(self, values: Array) -> None:
        self._freeze((np.ascontiguousarray(values, dtype=np.float64) + 0.0).tobytes(), values.shape)

    def _freeze(self, data: bytes, shape: tuple[int, ...]) -> None:
        self._data = data
        self.array: Array = np.frombuffer(data, dtype=np.float64).reshape(shape)

    @classmethod
    def _thawed(cls, data: bytes, shape: tuple[int, ...]) -> Self:
        frozen = cls.__new__(cls)
        frozen._freeze(data, shape)
        return frozen

    @cached_property
    def _digest(self) -> int:
        return hash((self.array.shape, hashlib.blake2b(self._data, digest_size=16).digest()))

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Frozen) or type(other) is not type(self):
            return NotImplemented
        return self is other or (self.array.shape == other.array.shape and self._data == other._data)

    def __hash__(self) -> int:
        return self._digest

    def __deepcopy__(self, memo: dict[int, Any]) -> Self:
        return self

    def __reduce__(self) -> tuple[Any, ...]:
        return _thawed, (type(self), self._data, self.array.shape)

    def __repr__(self) -> str:
        inside = shown(self.array.tolist()) if self.array.size <= 20 else self.array.shape
        return f"{type(self).__name__}({inside})"


def _thawed(kind: type[Frozen], data: bytes, shape: tuple[int, ...]) -> Frozen:
    return kind._thawed(data, shape)
