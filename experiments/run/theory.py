"""Bounds on their way from theorems to figures: averaged over replicates, stored as tables, read back as bounds."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, fields, replace
from typing import Any

import numpy as np

from bandits.contract import Array, Assumption, Bound, Instance
from environments.contract import Regret


@dataclass(frozen=True, eq=False)
class Table:
    """A curve that is known at some times: exact there, a straight line between them.

    Attributes:
        times: [n] increasing.
        values: [n].
    """

    times: Array
    values: Array

    def __call__(self, times: Array) -> Array:
        """Values [n_times] of the curve.

        Raises:
            ValueError: a time before the first or after the last that is known.
        """
        wanted = np.asarray(times, dtype=np.float64)
        if np.array_equal(wanted, self.times):  # as nearly always
            return self.values.copy()
        if wanted.size and not self.times[0] <= wanted.min() <= wanted.max() <= self.times[-1]:
            raise ValueError(f"times must lie in {self.times[0]:g}..{self.times[-1]:g}, got {wanted.tolist()}")
        after = np.searchsorted(self.times, wanted)
        before = np.maximum(after - 1, 0)
        with np.errstate(invalid="ignore"):  # between two infinite values
            share = (wanted - self.times[before]) / np.maximum(self.times[after] - self.times[before], 1.0)
            between = self.values[before] + share * (self.values[after] - self.values[before])
        return np.where(self.times[after] == wanted, self.values[after], between)


class Merged:
    """The same bounds in several replicates as one of each, whose assumptions hold where they do in all of them.

    Attributes:
        bounds: with the curves of the first replicate.
    """

    def __init__(self) -> None:
        self.bounds: list[Bound] = []
        self._last: Sequence[Bound] | None = None
        self._first = ""

    def add(self, bounds: Sequence[Bound], who: str = "") -> None:
        """Take in those of ``who``, for messages.

        Raises:
            ValueError: the number or the names of the bounds, or of what they assume, differ from those before.
        """
        if bounds is self._last:
            return
        if self._last is None:
            self.bounds, self._first = list(bounds), who
        elif (here := _outline(bounds)) != (before := _outline(self.bounds)):
            raise ValueError(f"the bounds differ between replicates: {before} in {self._first}, {here} in {who}")
        self.bounds, self._last = list(map(_merged, self.bounds, bounds)), bounds


class Means:
    """The same bounds in several replicates as one of each: the mean of its curves, and what it assumes in all of them.

    Args:
        times: [n_times] at which the curves are evaluated.
    """

    def __init__(self, times: Array) -> None:
        self._times = np.asarray(times, dtype=np.float64)
        self._merged = Merged()
        self._totals: list[Array] = []
        self._weight = 0.0

    def add(self, bounds: Sequence[Bound], values: Sequence[Array], weight: float = 1.0, who: str = "") -> None:
        """Take in some replicates.

        Args:
            bounds: theirs.
            values: of each bound, [n_times].
            weight: the number of replicates.
            who: which ones, for messages.

        Raises:
            ValueError: the number or the names of the bounds, or of what they assume, differ from those before.
        """
        self._merged.add(bounds, who)
        if self._weight == 0.0:
            self._totals = [np.zeros(len(self._times)) for _ in bounds]
        for total, value in zip(self._totals, values, strict=True):
            total += weight * value
        self._weight += weight

    def result(self) -> tuple[Bound, ...]:
        """The bounds, whose curves are tables of the means."""
        tables = (Table(self._times, total / self._weight) for total in self._totals)
        return tuple(replace(bound, curve=table) for bound, table in zip(self._merged.bounds, tables, strict=True))


class Theory:
    """The bounds of a policy, or of an environment, over the replicates of a job.

    They are worked out anew where the instance is another one, and in every replicate if one of them depends on the
    data.

    Args:
        times: [n_times] at which the curves are evaluated.
        whose: for messages.
    """

    def __init__(self, times: Array, whose: str) -> None:
        self._times, self._whose = np.asarray(times, dtype=np.float64), whose
        self._merged = Merged()
        self._instance: Instance | None = None
        self._bounds: Sequence[Bound] = ()
        self._values: Sequence[Array] = ()
        self._seen: list[Sequence[Array]] = []

    def add(
        self,
        replicate: int,
        instance: Instance,
        regrets: Callable[[], Sequence[Regret]],
        work_out: Callable[[], Sequence[Bound]],
    ) -> None:
        """Take in one replicate; its regret definitions and its bounds are asked for where they are needed.

        Raises:
            ValueError: a bound speaks of a comparator class of which there is no regret definition, its curve is no
                numbers, or the bounds are not those of the replicates before.
        """
        kept = instance is self._instance and not any(b.data_dependent for b in self._bounds)
        if not kept:
            self._instance, self._bounds = instance, work_out()
            check_met(self._bounds, regrets(), self._whose)
            self._values = [self._drawn(bound) for bound in self._bounds]
        self._merged.add(self._bounds, f"replicate {replicate}")
        self._seen.append(self._values)

    def _drawn(self, bound: Bound) -> Array:
        """The values of a bound at the times.

        Raises:
            ValueError: they are no numbers, one a time.
        """
        values = np.asarray(bound.curve(self._times.copy()), dtype=np.float64)
        if values.shape != self._times.shape or np.isnan(values).any():
            what = "NaN" if values.shape == self._times.shape else f"values of shape {values.shape}"
            raise ValueError(
                f"{self._whose}: the curve of the bound {bound.name!r} must give a number for each of "
                f"{len(self._times)} times, got {what}"
            )
        return values

    def bounds(self) -> list[Bound]:
        """The bounds, with the curves of the first replicate, and what they assume where it holds in all of them."""
        return self._merged.bounds

    def values(self) -> list[Array]:
        """Values of each bound: [n_times] if they are the same in all replicates, else [n_replicates, n_times]."""
        kept = []
        for several in zip(*self._seen, strict=True):
            same = all(values is several[0] or np.array_equal(values, several[0]) for values in several)
            kept.append(several[0] if same else np.stack(several))
        return kept


def check_met(bounds: Sequence[Bound], regrets: Sequence[Regret], whose: str) -> None:
    """See that every bound meets a regret definition.

    Raises:
        ValueError: one speaks of a comparator class of which there is no regret definition.
    """
    known = list(dict.fromkeys(regret.comparator_class for regret in regrets))
    for bound in bounds:
        if bound.comparator_class not in known:
            raise ValueError(
                f"{whose}: the bound {bound.name!r} speaks of the comparator class {bound.comparator_class!r}, of "
                f"which there is no regret definition; there are those of {', '.join(known)}"
            )


def as_json(bound: Bound) -> dict[str, Any]:
    """All fields of a bound but its curve, as plain data."""
    plain = {f.name: getattr(bound, f.name) for f in fields(bound) if f.name != "curve"}
    return {**plain, "assumptions": [asdict(assumption) for assumption in bound.assumptions]}


def from_json(about: Mapping[str, Any], times: Array, values: Array) -> Bound:
    """The bound of these fields, whose curve is a table."""
    assumptions = tuple(Assumption(**assumption) for assumption in about["assumptions"])
    return Bound(**{**about, "assumptions": assumptions, "curve": Table(np.asarray(times, dtype=np.float64), values)})


def _outline(bounds: Sequence[Bound]) -> str:
    """What is the same of bounds in all replicates: all but their curves and whether assumptions hold."""
    return (
        ", ".join(
            f"{b.name!r} ({b.kind}, {b.comparator_class}, {b.time}, {b.claim}, {len(b.assumptions)} assumptions)"
            for b in bounds
        )
        or "none"
    )


def _merged(kept: Bound, new: Bound) -> Bound:
    """A bound whose assumptions hold where those of both do."""
    if kept.assumptions == new.assumptions:
        return kept
    return replace(kept, assumptions=tuple(map(_both, kept.assumptions, new.assumptions)))


def _both(one: Assumption, other: Assumption) -> Assumption:
    """An assumption that holds where both do."""
    seen = [a.largest for a in (one, other) if a.largest is not None]
    return Assumption(one.text, one.holds and other.holds, max(seen, default=None))
