"""Tables of rewards [n_rounds, n_arms] for adversarial arms: reading them, and generators that make them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, final

import numpy as np
from numpy.typing import NDArray

from bandits.arguments import integer, is_file, positive, real, shown
from bandits.contract import Array
from bandits.normals import standard_normal
from bandits.registry import Registry
from environments.arms.environment import ArmsEnvironment


class Generator(Protocol):
    """Makes tables with entries in [0, 1]."""

    def table(self, rng: np.random.Generator, n_rounds: int, n_arms: int) -> Array:
        """A new table [n_rounds, n_arms]."""


@dataclass(frozen=True)
class Uniform:
    """Independent uniform entries: no arm is better than another, but by luck."""

    def table(self, rng: np.random.Generator, n_rounds: int, n_arms: int) -> Array:
        return rng.random((n_rounds, n_arms))


@dataclass(frozen=True)
class Switching:
    """The best arm changes every ``period`` rounds: 0, 1, ..., ``n_arms - 1``, 0, ...

    Entries are 1 with probability ``(1 + gap) / 2`` for the best arm and ``(1 - gap) / 2`` for the others, else 0.

    Args:
        period: rounds between changes, >= 1.
        gap: difference of the two probabilities, in (0, 1].
    """

    period: int = 1000
    gap: float = 0.4

    def __post_init__(self) -> None:
        integer("period", self.period)
        real("gap", self.gap, 0.0, 1.0, closed="high")

    def table(self, rng: np.random.Generator, n_rounds: int, n_arms: int) -> Array:
        rounds = np.arange(n_rounds)
        return _one_better(rng.random((n_rounds, n_arms)), rounds // self.period % n_arms, self.gap)


@dataclass(frozen=True)
class Drifting:
    """Every arm's reward is a random walk of its own, reflected at 0 and 1, from a uniform start.

    Args:
        step: standard deviation of a step of the walk, > 0.
    """

    step: float = 0.01

    def __post_init__(self) -> None:
        positive("step", self.step)

    def table(self, rng: np.random.Generator, n_rounds: int, n_arms: int) -> Array:
        walk = standard_normal(rng, np.empty((n_rounds, n_arms)))
        walk *= self.step
        walk[0] = rng.random(n_arms)
        np.cumsum(walk, axis=0, out=walk)
        # Reflection at 0 and 1 is the walk on the line folded: the distance to the nearest even number.
        walk %= 2.0
        return np.minimum(walk, 2.0 - walk, out=walk)


@dataclass(frozen=True)
class Bursts:
    """One arm, drawn at random, is the best throughout; in bursts an adversary turns every reward ``x`` into ``1 - x``.

    Outside the bursts entries are 1 with probability ``(1 + gap) / 2`` for the best arm and ``(1 - gap) / 2`` for the
    others, else 0. The last ``length`` rounds of every ``period`` are a burst.

    Args:
        period: rounds from burst to burst, >= 1.
        length: rounds of a burst, in 0..period.
        gap: difference of the two probabilities, in (0, 1].
    """

    period: int = 1000
    length: int = 100
    gap: float = 0.4

    def __post_init__(self) -> None:
        integer("period", self.period)
        integer("length", self.length, 0, self.period)
        real("gap", self.gap, 0.0, 1.0, closed="high")

    def table(self, rng: np.random.Generator, n_rounds: int, n_arms: int) -> Array:
        best = np.full(n_rounds, rng.integers(n_arms))
        rewards = _one_better(rng.random((n_rounds, n_arms)), best, self.gap)
        burst = np.arange(n_rounds) % self.period >= self.period - self.length
        rewards[burst] = 1.0 - rewards[burst]
        return rewards


GENERATORS = Registry(
    "generator of a table",
    {"uniform": Uniform, "switching": Switching, "drifting": Drifting, "bursts": Bursts},
    base=Generator,
)


class RewardTable(ArmsEnvironment[int]):
    """Arms that pay from a table ``rewards`` [n_rounds, n_arms], the same in every run. Nothing is random."""

    rewards: Array

    @final
    def draw(self, rng: np.random.Generator) -> int:
        """Nothing is random."""
        return 0

    @final
    def _levels(self, start: int, stop: int) -> tuple[Array, int, int]:
        return self.rewards[start:stop], 1, stop


def table_limits(curves: Mapping[str, Array]) -> dict[str, Array]:
    """Limits of the regrets "fixed" and "dynamic" on one table: the best play of each round, and the worst."""
    plays = np.array([curves["best_each_round"], curves["worst"]])
    return {"fixed": curves["best_fixed"] - plays, "dynamic": curves["best_each_round"] - plays}


def ahead(times: NDArray[np.int64], n: int) -> NDArray[np.int64]:
    """By how much [n_times] a play can be ahead of the best of ``n`` fixed ones, on rewards in [0, 1] (derived).

    Let ``A_i`` be what the best of each round pays in the rounds in which it is the i-th. The best fixed one earns
    ``max A_i`` or more, and ``sum A_i - max A_i`` is at most ``t - m`` and ``(n - 1) m`` with ``m`` the rounds of the
    largest: never above ``t - ceil(t / n)``, which is attained where the best take turns.
    """
    return times + -times // n


def _one_better(uniforms: Array, best: Any, gap: float) -> Array:
    """Turn uniforms [n_rounds, n_arms] into 0 or 1, ``best`` [n_rounds] with the larger probability; in place."""
    rounds = np.arange(len(uniforms))
    better = uniforms[rounds, best] < (1.0 + gap) / 2.0
    np.less(uniforms, (1.0 - gap) / 2.0, out=uniforms)
    uniforms[rounds, best] = better
    return uniforms


def read_table(path: str) -> Array:
    """The table in a ``.npy`` or ``.csv`` file.

    Raises:
        ValueError: no such file, or not a table of numbers; the message names the file.
    """
    if not is_file("source", path):
        raise ValueError(f"source must be a file that exists, got {shown(path)}")
    try:
        if path.endswith(".npy"):
            loaded = np.load(path, allow_pickle=False)
        else:
            loaded = np.loadtxt(path, delimiter=",", ndmin=2)
    except (ValueError, OSError) as error:
        raise ValueError(f"source {path!r} cannot be read as a table of numbers: {error}") from error
    return as_table(loaded)


def as_table(rows: Sequence[Sequence[float]] | Array) -> Array:
    """A table [n_rounds, n_arms] of float64, at least 1 by 1.

    Raises:
        ValueError: rows of different lengths, no rows or arms, or entries that are not numbers.
    """
    if not isinstance(rows, np.ndarray):
        if isinstance(rows, str) or not isinstance(rows, Sequence):
            raise ValueError(f"source must be a table, a path, or the name of a generator, got {shown(rows)}")
        is_row = [isinstance(row, Sequence | np.ndarray) and not isinstance(row, str) for row in rows]
        lengths = [len(row) if known else 0 for row, known in zip(rows, is_row, strict=True)]
        for t, length in enumerate(lengths):
            if length != lengths[0] or length == 0:
                raise ValueError(
                    f"source[{t}] must be a row of {lengths[0] or 'at least 1'} numbers, got {shown(rows[t])}"
                )
    try:
        table = np.asarray(rows)
    except (TypeError, ValueError):  # deeper than rows of numbers
        raise ValueError(f"source must be a table of numbers, got {shown(rows)}") from None
    if table.ndim != 2 or table.size == 0 or table.dtype.kind not in "iuf":
        raise ValueError(
            f"source must be a table of numbers with at least one round and one arm, got shape {table.shape} of "
            f"{table.dtype}"
        )
    return table.astype(np.float64)


def check_range(table: Array, low: float, high: float, name: str = "source") -> None:
    """Raise ``ValueError`` naming the first entry that is not a number in [low, high]."""
    bad = ~((table >= low) & (table <= high))
    if bad.any():
        t, arm = np.unravel_index(int(np.argmax(bad)), table.shape)
        raise ValueError(f"{name}[{t}][{arm}] must be a number in [{low:g}, {high:g}], got {table[t, arm]}")
