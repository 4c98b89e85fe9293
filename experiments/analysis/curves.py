"""All curves of an experiment: what its policies earned, what was possible, and what theorems say."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from bandits.arguments import did_you_mean
from bandits.contract import Array, Bound
from bandits.marks import marks_of
from environments.contract import Regret
from experiments.analysis.guarantees import guaranteed_ends, guaranteed_growth
from experiments.analysis.prices import Price
from experiments.analysis.statistics import Band, Interval, mean_band
from experiments.study.model import Candidate, Experiment

SIGNS = {"regret": 1.0, "cost": 1.0, "ratio": 1.0, "reward": -1.0}
"""Of what figures show: 1 where less of it is better, -1 where more is."""


@dataclass(frozen=True)
class ExperimentResult:
    """All curves of an experiment.

    Attributes:
        experiment: what was run.
        times: [n_checkpoints] rounds.
        replicates: [n_replicates] numbers of the replicates at hand in every policy and the comparators.
        series: policy label to name of a metric to [n_replicates, n_checkpoints].
        comparators: name to [n_replicates, n_checkpoints] cumulative reward.
        clocks: name to [n_replicates, n_checkpoints] units of time passed, for regret definitions with a clock.
        regrets: the regret definitions, the default first.
        limits: regret definition to the least and the most regret [2, n_checkpoints] that any play can have.
        bounds: policy label to its upper bounds; their curves are the means over the replicates, in the regret's unit.
        lower_bounds: the environment's, likewise.
        prices: policy label to the time and memory it took; the comparators' under the empty label.
        missing: what could not be read, one line each.
        candidates: where the experiment has a search, the same with all candidates and all replicates, those that
            chose among them included; the result itself then has, under the name of its entry, the chosen one of each,
            and held-out replicates only. ``experiments.analysis.search`` sums up.
        varying: policy label to name and comparator class of a bound to its curves [n_replicates, n_checkpoints], for
            the bounds that differ between replicates.
        certain: labels of the policies in whose runs nothing is random: all replicates of theirs are the same.
        chosen: of the experiment with all candidates: name of each entry to the label that stands for it.
        clairvoyant: labels of the policies that know the run in advance.
    """

    experiment: Experiment
    times: NDArray[np.int64]
    replicates: NDArray[np.int64]
    series: Mapping[str, Mapping[str, Array]]
    comparators: Mapping[str, Array]
    regrets: tuple[Regret, ...]
    bounds: Mapping[str, tuple[Bound, ...]]
    lower_bounds: tuple[Bound, ...]
    prices: Mapping[str, Price]
    missing: tuple[str, ...] = ()
    candidates: ExperimentResult | None = None
    clocks: Mapping[str, Array] = field(default_factory=dict)
    limits: Mapping[str, Array] = field(default_factory=dict)
    varying: Mapping[str, Mapping[tuple[str, str], Array]] = field(default_factory=dict)
    certain: frozenset[str] = frozenset()
    chosen: Mapping[str, str] = field(default_factory=dict)
    clairvoyant: frozenset[str] = frozenset()
    _kept: dict[tuple[Any, ...], Any] = field(default_factory=dict, init=False, repr=False, compare=False)

    @property
    def ready(self) -> bool:
        """Whether there is a policy, with a replicate that all policies in ``series`` and the comparators have."""
        return bool(self.series and self.regrets and len(self.replicates))

    @property
    def learners(self) -> tuple[str, ...]:
        """Labels of the policies that can be ranked: those that do not know the run in advance, all if none is such."""
        return tuple(label for label in self.series if label not in self.clairvoyant) or tuple(self.series)

    def named(self, names: Collection[str]) -> tuple[str, ...]:
        """Labels of the policies of these labels, and of candidates of entries of these names; all if none is given."""
        entries = {p.title: p.entry for p in self.experiment.policies if isinstance(p, Candidate)}
        return tuple(label for label in self.series if not names or label in names or entries.get(label) in names)

    def definition(self, name: str = "") -> Regret:
        """The regret definition of that name; the environment's default, the first one, for the empty name.

        Raises:
            ValueError: no such regret definition; the message lists those at hand.
        """
        if not name:
            return self.regrets[0]
        for definition in self.regrets:
            if definition.name == name:
                return definition
        known = [definition.name for definition in self.regrets]
        what = f"no regret definition {name!r}{did_you_mean(name, known)}; it has {', '.join(known)}"
        raise ValueError(f"{self.experiment.name} has {what}")

    def time(self, regret: str = "") -> Array:
        """Time [n_checkpoints] in which a regret moves: rounds, or its definition's clock, the mean over replicates."""
        clock = self.definition(regret).clock
        return self._rounds if not clock else cast(Array, self.once(("time", clock), lambda: self._passed(clock)))

    def _passed(self, clock: str) -> Array:
        return np.asarray(self.clocks[clock].mean(axis=0))

    @cached_property
    def _rounds(self) -> Array:
        rounds = self.times.astype(np.float64)
        rounds.flags.writeable = False
        return rounds

    def marks(self) -> Mapping[str, tuple[int, ...]]:
        """What begins at known rounds ("change", "phase") to these rounds, see ``bandits.marks``."""
        return cast(Mapping[str, tuple[int, ...]], self.once(("marks",), self._marks))

    def _marks(self) -> Mapping[str, tuple[int, ...]]:
        environment = self.experiment.environment
        described = {"name": environment.name, "parameters": environment.parameters}
        try:
            return marks_of(described, self.experiment.horizon)
        except ImportError:  # results may be looked at where the class is not
            return {}
        except Exception as error:  # of somebody else's function, in whatever way it fails
            what = f"{type(error).__name__}: {error}"
            warnings.warn(
                f"{self.experiment.name}: what changes in {environment.name} is not shown: {what}", stacklevel=2
            )
            return {}

    def regret(self, label: str, regret: str = "") -> Array:
        """Cumulative regret [n_replicates, n_checkpoints] of a policy."""
        definition = self.definition(regret)
        return self.comparators[definition.comparator] - self.series[label][definition.series]

    def cost(self, label: str, regret: str = "") -> Array:
        """Cumulative cost [n_replicates, n_checkpoints] of a policy: minus the reward of the regret's definition."""
        return np.asarray(-self.series[label][self.definition(regret).series])

    def shown(self, label: str, regret: str = "", quantity: str = "regret") -> Array:
        """What a figure of this quantity, see ``SIGNS``, shows of a policy, [n_replicates, n_checkpoints]."""
        if quantity == "reward":
            return self.series[label][self.definition(regret).series]
        return self.cost(label, regret) if quantity == "cost" else self.regret(label, regret)

    def censored(self, label: str, regret: str = "") -> int:
        """Number of replicates in which a policy's value at the horizon is cut off, see ``Regret.censored``."""
        cut = self.series[label].get(self.definition(regret).censored)
        return 0 if cut is None else int(np.count_nonzero(cut[:, -1]))

    def censoring(self, label: str, regret: str = "") -> str:
        """The same in a few words, none where there are no such replicates."""
        n = self.censored(label, regret)
        return f"{n:,} of {len(self.replicates):,} runs capped" if n else ""

    def band(
        self, label: str, confidence: float, regret: str = "", quantity: str = "regret", at_horizon: bool = False
    ) -> Band:
        """Mean of a policy's curves with its bands, see ``mean_band``; of the last checkpoint alone ``at_horizon``."""
        key = ("band", label, confidence, self.definition(regret).name, quantity, at_horizon)

        def work_out() -> Band:
            samples = self.shown(label, regret, quantity)
            samples = samples[:, -1:].copy() if at_horizon else samples
            return mean_band(samples, confidence, self.tells_of_events(label, regret))

        return cast(Band, self.once(key, work_out))

    def final(self, label: str, confidence: float, regret: str = "", quantity: str = "regret") -> Interval:
        """Mean of a policy at the horizon with its pointwise interval."""
        band = self.band(label, confidence, regret, quantity, at_horizon=True)
        return Interval(float(band.mean[0]), float(band.low[0]), float(band.high[0]))

    def limits_of(self, regret: str = "") -> Array:
        """The least and the most regret [2, n_checkpoints] that any play can have; infinite where that is not known.

        Nothing is known by limits that a policy leaves; a warning says so.
        """
        name = self.definition(regret).name
        return cast(Array, self.once(("limits", name), lambda: self._limits_that_hold(name)))

    def _limits_that_hold(self, regret: str) -> Array:
        unknown = np.repeat([[-np.inf], [np.inf]], len(self.times), axis=1)
        if regret not in self.limits:
            return unknown
        low, high = limits = self.limits[regret]
        definition = self.definition(regret)
        size = np.abs(self.comparators[definition.comparator])
        for label, metrics in self.series.items():
            found = self.regret(label, regret)
            if (low <= found).all() and (found <= high).all():
                continue
            slack = 1e-9 * np.maximum(1.0, np.maximum(size, np.abs(metrics[definition.series])))
            if (outside := (found < low - slack) | (found > high + slack)).any():
                i, j = np.argwhere(outside)[0]
                what = f"{found[i, j]:g} in replicate {self.replicates[i]} at round {self.times[j]}"
                warnings.warn(
                    f"{self.experiment.name}: the regret {regret!r} of {label}, {what}, is not within the limits that "
                    f"the environment states, {low[j]:g} to {high[j]:g}: nothing is guaranteed",
                    stacklevel=2,
                )
                return unknown
        return limits

    def is_certain(self, label: str, regret: str = "") -> bool:
        """Whether a policy's regret is known without doubt, as nothing is random in its runs."""
        return label in self.certain and not np.ptp(self.regret(label, regret), axis=0).any()

    def tells_of_events(self, label: str, regret: str = "") -> bool:
        """Whether a policy's regret is 1 where something happened, which chance decides, and 0 elsewhere."""
        return self.definition(regret).unit == "probability" and not self.is_certain(label, regret)

    def guaranteed(self, label: str, confidence: float, regret: str = "") -> Interval:
        """Mean regret of a policy at the horizon with the interval of ``guaranteed_interval``."""
        return self._guaranteed(confidence, regret)[label][0]

    def guaranteed_growth(self, label: str, confidence: float, regret: str = "") -> Interval | None:
        """Growth exponent of a policy over the last decade of the regret's time, with its guaranteed interval."""
        start, time = self._start(regret), self.time(regret)
        if not 0.0 < time[start] < time[-1]:
            return None
        first, last = self._guaranteed(confidence, regret)[label][1:]
        return guaranteed_growth(first, last, float(time[-1] / time[start]))

    def _start(self, regret: str) -> int:
        """The checkpoint at which the last decade of the regret's time begins."""
        time = self.time(regret)
        return max(0, int(time.searchsorted(time[-1] / 10.0, side="right")) - 1)

    def _guaranteed(self, confidence: float, regret: str) -> dict[str, list[Interval]]:
        """Of each policy the mean at the horizon, and at both ends of the last decade, each half as often missed."""

        def work_out() -> dict[str, list[Interval]]:
            given = self._to_guarantee(confidence, regret)
            return self._intervals(given[0], guaranteed_ends(*given), regret)

        return cast(dict[str, list[Interval]], self.once(self._guaranteed_key(confidence, regret), work_out))

    def _guaranteed_key(self, confidence: float, regret: str) -> tuple[Any, ...]:
        return "guaranteed", confidence, self.definition(regret).name

    def _to_guarantee(self, confidence: float, regret: str) -> tuple[Array, Array, Array]:
        """Arguments of ``guaranteed_ends``, three columns a policy: see ``_guaranteed``."""
        at, n = [-1, self._start(regret), -1], len(self.series)
        values = np.concatenate([self.regret(label, regret)[:, at] for label in self.series], axis=1)
        alphas = np.array(((1.0 - confidence) / 2.0, *2 * ((1.0 - confidence) / 4.0,)) * n)
        return values, self.limits_of(regret)[:, n * at], alphas

    def _intervals(self, values: Array, ends: Array, regret: str) -> dict[str, list[Interval]]:
        """The intervals of the policies, of the first argument and the result of ``guaranteed_ends``."""
        means = values.mean(axis=0)
        low, high = ends
        if self.certain:
            certain = np.repeat([self.is_certain(label, regret) for label in self.series], 3)
            low, high = np.where(certain, means, ends)
        every = list(map(Interval, means.tolist(), low.tolist(), high.tolist()))
        return {label: every[3 * i : 3 * i + 3] for i, label in enumerate(self.series)}

    def once(self, key: tuple[Any, ...], work_out: Callable[[], Any]) -> Any:
        """What ``work_out`` gives, called for each key but once; it stays with this result."""
        if key not in self._kept:
            self._kept[key] = work_out()
        return self._kept[key]

    def has(self, key: tuple[Any, ...]) -> bool:
        """Whether ``once`` was called with this key."""
        return key in self._kept

    def curve(self, bound: Bound) -> Array:
        """A bound at the checkpoints [n_checkpoints]."""
        return bound.curve(self._rounds)


def guarantee(wanted: Iterable[tuple[ExperimentResult, str]], confidence: float) -> None:
    """Work out the guaranteed intervals of many results, each by a regret definition, together: several times as fast.

    The results must be ready.
    """
    alike: dict[int, list[tuple[ExperimentResult, str, tuple[Array, Array, Array]]]] = {}
    for result, regret in wanted:
        given = result._to_guarantee(confidence, regret)
        alike.setdefault(len(result.replicates), []).append((result, regret, given))
    for group in alike.values():
        ends = guaranteed_ends(*(np.concatenate(parts, axis=-1) for parts in zip(*(g[2] for g in group), strict=True)))
        places = np.cumsum([given[2].size for _, _, given in group])
        for (result, regret, given), last in zip(group, places.tolist(), strict=True):
            own = result._intervals(given[0], ends[:, last - given[2].size : last], regret)
            result.once(result._guaranteed_key(confidence, regret), lambda: own)  # noqa: B023
