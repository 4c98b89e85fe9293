"""Cells: the units of work. A cell is plain data; objects are built where it runs.

A policy cell plays a block of replicates of one policy in one panel. A world cell works out, for the same replicates,
the comparators that all policies of the panel share.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any
from zlib import crc32

import numpy as np
from numpy.random import Generator, SeedSequence, default_rng
from numpy.typing import NDArray

from bandits.contract import Bound, Policy
from environments.contract import Environment
from experiments.sources import code_hashes, file_hashes
from experiments.study import Component, Panel, Study, build_environment, build_policy, checkpoints

CellResult = tuple[dict[str, NDArray[Any]], dict[str, Any]]

FORMAT = 1
"""Version of the files' layout; part of every cell's key."""


@dataclass(frozen=True)
class Cell:
    """One block of replicates of one policy (``policy`` None: of the world's comparators).

    Attributes:
        panel: the panel's name.
        environment: name and parameters.
        policy: name, parameters and label, or None.
        label: the policy's label, which seeds its randomness; empty in a world cell.
        horizon: rounds.
        seed: root of all randomness.
        first: first replicate of the block.
        count: number of replicates.
        checkpoints: number of times asked for.
    """

    panel: str
    environment: Mapping[str, Any]
    policy: Mapping[str, Any] | None
    label: str
    horizon: int
    seed: int
    first: int
    count: int
    checkpoints: int

    @property
    def key(self) -> str:
        """Hash of all that decides the cell's numbers, code and files that parameters name included; not the panel."""
        parts = {name: value for name, value in asdict(self).items() if name != "panel"}
        components = (self.environment, self.policy) if self.policy else (self.environment,)
        given = [file_hashes(component.get("parameters")) for component in components]
        text = json.dumps([FORMAT, code_hashes(*components), given, parts], sort_keys=True, default=str)
        return hashlib.sha256(text.encode()).hexdigest()[:24]

    @property
    def title(self) -> str:
        """Panel, label and replicates, for progress and errors."""
        block = f"replicates {self.first}..{self.first + self.count - 1}"
        return f"{self.panel} · {self.label or 'comparators'} · {block}"


def cells_of(study: Study) -> list[Cell]:
    """All cells of a study, world cells first in each panel."""
    return [cell for panel in study.all_panels() for cell in _panel_cells(study, panel)]


def _panel_cells(study: Study, panel: Panel) -> Iterator[Cell]:
    environment = panel.environment.model_dump(include={"name", "parameters"})
    policies: Sequence[Component | None] = (None, *panel.policies)
    for policy in policies:
        for first, count in _blocks(panel, study.block):
            yield Cell(
                panel=panel.name,
                environment=environment,
                policy=policy.model_dump(include={"name", "parameters"}) if policy else None,
                label=policy.title if policy else "",
                horizon=panel.horizon,
                seed=study.seed,
                first=first,
                count=count,
                checkpoints=study.checkpoints,
            )


def _blocks(panel: Panel, size: int) -> Iterator[tuple[int, int]]:
    """First replicate and number of replicates of each block; none holds tuning and held-out replicates of a search."""
    cut = panel.search.tuning if panel.search else 0
    for start, stop in ((0, cut), (cut, panel.replicates)):
        for first in range(start, stop, size):
            yield first, min(size, stop - first)


def tape_rng(seed: int, replicate: int) -> Generator:
    """The generator of a replicate's tape, the same for every policy."""
    return default_rng(SeedSequence(seed, spawn_key=(replicate, 0)))


def policy_rng(seed: int, replicate: int, label: str) -> Generator:
    """The generator of a policy's own choices in a replicate."""
    return default_rng(SeedSequence(seed, spawn_key=(replicate, 1, crc32(label.encode()))))


def run_cell(cell: Cell, watch: Callable[[Policy[Any, Any, Any]], None] = lambda policy: None) -> CellResult:
    """The cell's arrays, each [count, n_checkpoints], and its JSON facts.

    A policy cell has ``series/<name>`` of the ledger, ``bound/<i>`` described by ``facts["bounds"][i]``, and
    ``facts["clairvoyant"]``; a world cell has ``comparator/<name>``, ``clock/<name>``, the lower bounds in the same
    way, and ``facts["notions"]``.
    ``watch`` is shown the policy at some times (about ten) of the first replicate, the last among them.
    """
    environment = build_environment(Component(**cell.environment), cell.horizon)
    times = checkpoints(cell.checkpoints, cell.horizon)
    return _world(cell, environment, times) if cell.policy is None else _play(cell, environment, times, watch)


def _play(
    cell: Cell,
    environment: Environment[Any, Any, Any, Any],
    times: NDArray[np.int64],
    watch: Callable[[Policy[Any, Any, Any]], None],
) -> CellResult:
    assert cell.policy is not None
    policy = build_policy(Component(**cell.policy))
    series: dict[str, NDArray[np.float64]] = {}
    theory = _Theory(times)
    for r in range(cell.count):
        replicate = cell.first + r
        try:
            environment.begin(environment.draw(tape_rng(cell.seed, replicate)))
            policy.reset(environment.problem, policy_rng(cell.seed, replicate, cell.label))
            for c, time in enumerate(times):
                if environment.clock < time:
                    policy.advance(environment, int(time) - environment.clock)
                for name, value in _ledger_at(environment, int(time)).items():
                    series.setdefault(name, np.empty((cell.count, len(times))))[r, c] = value
                if r == 0 and (len(times) - 1 - c) % max(1, len(times) // 10) == 0:
                    watch(policy)
        except Exception as error:
            error.add_note(f"in replicate {replicate}, round {environment.clock}")
            raise
        theory.add(environment.facts(), lambda facts: policy.regret_bounds(environment.problem, facts))
    bounds, about = theory.result()
    facts = {"bounds": about, "clairvoyant": bool(policy.clairvoyant)}
    return {f"series/{name}": values for name, values in series.items()} | bounds, facts


def _ledger_at(environment: Environment[Any, Any, Any, Any], time: int) -> Mapping[str, float]:
    """The ledger at ``time``, which lies at the end of the last action or, in a batch, within it."""
    now = environment.ledger()
    if environment.clock == time:
        return now
    start, before = environment.mark
    if not start <= time < environment.clock:
        raise RuntimeError(f"the policy was to advance to time {time} and went to {environment.clock}")
    share = (time - start) / (environment.clock - start)
    return {name: before[name] + share * (value - before[name]) for name, value in now.items()}


def _world(cell: Cell, environment: Environment[Any, Any, Any, Any], times: NDArray[np.int64]) -> CellResult:
    curves: dict[str, NDArray[np.float64]] = {}
    theory = _Theory(times)
    for r in range(cell.count):
        environment.begin(environment.draw(tape_rng(cell.seed, cell.first + r)))
        for name, values in environment.comparators(times).items():
            curves.setdefault(f"comparator/{name}", np.empty((cell.count, len(times))))[r] = values
        for name, values in environment.clocks(times).items():
            curves.setdefault(f"clock/{name}", np.empty((cell.count, len(times))))[r] = values
        theory.add(environment.facts(), lambda _: environment.lower_bounds())
    bounds, about = theory.result()
    return curves | bounds, {"bounds": about, "notions": [asdict(notion) for notion in environment.notions()]}


class _Theory:
    """Bounds evaluated at the checkpoints, averaged over replicates, worked out again only where the facts change."""

    def __init__(self, times: NDArray[np.int64]) -> None:
        self.times = times.astype(np.float64)
        self.facts: Any = None
        self.total: list[NDArray[np.float64]] = []
        self.about: list[dict[str, Any]] = []
        self.n = 0

    def add(self, facts: Mapping[str, Any], bounds_of: Any) -> None:
        """Take in one replicate."""
        if self.n == 0 or facts is not self.facts:
            self.facts = facts
            self.bounds: Sequence[Bound] = bounds_of(facts)
            self.curves = [np.asarray(b.curve(self.times), dtype=np.float64) for b in self.bounds]
        about: list[dict[str, Any]] = [
            {
                "name": b.name,
                "kind": b.kind,
                "against": b.against,
                "source": b.source,
                "anytime": b.anytime,
                "rate": b.rate,
                "of_run": b.of_run,
                "tuned": b.tuned,
                "assumptions": [{"text": a.text, "holds": a.holds, "largest": a.largest} for a in b.assumptions],
            }
            for b in self.bounds
        ]
        if self.n == 0:
            self.total, self.about = [np.zeros(len(self.times)) for _ in about], about
        for total, curve in zip(self.total, self.curves, strict=True):
            total += curve
        for kept, new in zip(self.about, about, strict=True):
            for a, b in zip(kept["assumptions"], new["assumptions"], strict=True):
                a["holds"] = a["holds"] and b["holds"]
                a["largest"] = None if a["largest"] is None else max(a["largest"], b["largest"])
        self.n += 1

    def result(self) -> tuple[dict[str, NDArray[np.float64]], list[dict[str, Any]]]:
        """Arrays ``bound/<i>`` [n_checkpoints] (means over the replicates) and what each is."""
        return {f"bound/{i}": total / self.n for i, total in enumerate(self.total)}, self.about
