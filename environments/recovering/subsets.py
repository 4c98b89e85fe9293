"""The action space: sets of at most so many arms."""

from __future__ import annotations

from typing import Any

from gymnasium import spaces


class Subsets(spaces.Space[tuple[int, ...]]):
    """Sets of at most ``most`` of ``n`` things, as ascending tuples."""

    def __init__(self, n: int, most: int) -> None:
        super().__init__(None, None)
        self.n, self.most = n, most

    def sample(self, mask: Any = None, probability: Any = None) -> tuple[int, ...]:
        """A set of random size, uniform among those of its size."""
        size = int(self.np_random.integers(0, self.most + 1))
        return tuple(sorted(self.np_random.choice(self.n, size, replace=False).tolist()))

    def contains(self, x: Any) -> bool:
        return isinstance(x, tuple) and len(set(x)) == len(x) <= self.most and all(0 <= i < self.n for i in x)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Subsets) and (self.n, self.most) == (other.n, other.most)

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return f"Subsets({self.n}, {self.most})"

    @property
    def is_np_flattenable(self) -> bool:
        """Not an array of fixed size."""
        return False
