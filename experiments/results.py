"""Reading back what a run left in a folder, as arrays."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bandits.domain import did_you_mean
from environments.contract import Notion
from experiments.runner import seconds_per_replicate
from experiments.store import DamagedError, read_cell, read_json
from experiments.study import Panel, Study, checkpoints

Array = NDArray[np.float64]


@dataclass(frozen=True)
class BoundCurve:
    """A theorem's bound at the checkpoints.

    Attributes:
        name: for legends.
        kind: "upper", "lower" or "order".
        against: the kind of comparator it speaks of.
        source: where the theorem stands.
        anytime: False when it holds at the horizon only.
        assumptions: (text, whether it holds in every replicate).
        rate: whether it claims a rate of growth.
        values: [n_checkpoints], mean over replicates where it depends on the tape, in the regret's unit.
    """

    name: str
    kind: str
    against: str
    source: str
    anytime: bool
    assumptions: tuple[tuple[str, bool], ...]
    values: Array
    rate: bool = True

    @property
    def holds(self) -> bool:
        """Whether every assumption holds."""
        return all(holds for _, holds in self.assumptions)


@dataclass(frozen=True)
class PanelResult:
    """All curves of a panel.

    Attributes:
        panel: what was run.
        times: [n_checkpoints] rounds.
        replicates: [n_replicates] numbers of the replicates at hand in every policy and the comparators.
        series: policy label to ledger series to [n_replicates, n_checkpoints].
        comparators: name to [n_replicates, n_checkpoints] cumulative reward.
        notions: the kinds of regret, the default first.
        bounds: policy label to its upper bounds.
        lower_bounds: the world's.
        seconds: policy label to mean seconds a replicate, None where unknown.
        missing: what could not be read, one line each.
    """

    panel: Panel
    times: NDArray[np.int64]
    replicates: NDArray[np.int64]
    series: Mapping[str, Mapping[str, Array]]
    comparators: Mapping[str, Array]
    notions: tuple[Notion, ...]
    bounds: Mapping[str, tuple[BoundCurve, ...]]
    lower_bounds: tuple[BoundCurve, ...]
    seconds: Mapping[str, float | None]
    missing: tuple[str, ...] = ()

    def notion(self, name: str = "") -> Notion:
        """The notion of that name; the panel's choice, else the default one, for the empty name.

        Raises:
            ValueError: no such notion; the message lists those at hand.
        """
        name = name or self.panel.figure.notion or self.notions[0].name
        for notion in self.notions:
            if notion.name == name:
                return notion
        known = [n.name for n in self.notions]
        raise ValueError(f"{self.panel.name} has no regret notion {name!r}{did_you_mean(name, known)}; it has {known}")

    def regret(self, label: str, notion: str = "") -> Array:
        """Cumulative regret [n_replicates, n_checkpoints] of a policy."""
        kind = self.notion(notion)
        return self.comparators[kind.comparator] - self.series[label][kind.series]


@dataclass(frozen=True)
class Results:
    """A study and its panels' results, by name."""

    folder: Path
    study: Study
    panels: Mapping[str, PanelResult]
    manifest: Mapping[str, Any]


def load(folder: Path | str) -> Results:
    """Read the results that ``regretlab run`` left in ``folder``.

    Cells that are missing or damaged are left out and named in ``PanelResult.missing``: a panel keeps the policies
    that have any replicate, and the replicates that all of these and the comparators have.

    Raises:
        FileNotFoundError: no manifest in ``folder``.
        DamagedError: the manifest cannot be read.
    """
    folder = Path(folder)
    try:
        manifest = read_json(folder / "manifest.json")
    except FileNotFoundError:
        raise FileNotFoundError(f"{folder} holds no results (no manifest.json): run `regretlab run` first") from None
    study = Study.model_validate(manifest["study"])
    panels = {panel.name: _load_panel(folder, study, panel, manifest["cells"]) for panel in study.all_panels()}
    return Results(folder, study, panels, manifest)


def _load_panel(folder: Path, study: Study, panel: Panel, cells: list[dict[str, Any]]) -> PanelResult:
    parts: dict[str, list[tuple[int, dict[str, Array], dict[str, Any]]]] = {}
    keys: dict[str, list[str]] = {}
    missing: list[str] = []
    for cell in (c for c in cells if c["panel"] == panel.name):
        label = cell["policy"] or ""
        try:
            arrays, facts = read_cell(folder, cell["key"])
        except (FileNotFoundError, DamagedError) as error:
            what = f"{error}" if isinstance(error, DamagedError) else "no result"
            last = cell["first"] + cell["count"] - 1
            missing.append(f"{label or 'comparators'}, replicates {cell['first']}..{last}: {what}")
            continue
        parts.setdefault(label, []).append((cell["first"], arrays, facts))
        keys.setdefault(label, []).append(cell["key"])
    labels = [p.title for p in panel.policies if p.title in parts]
    at_hand = {label: _replicates(parts.get(label, [])) for label in ["", *labels]}
    common = sorted(set.intersection(*map(set, at_hand.values())))
    world = parts.get("", [])
    return PanelResult(
        panel=panel,
        times=checkpoints(study.checkpoints, panel.horizon),
        replicates=np.array(common, dtype=np.int64),
        series={label: _stack(parts[label], "series/", common) for label in labels},
        comparators=_stack(world, "comparator/", common),
        notions=tuple(Notion(**n) for n in world[0][2]["notions"]) if world else (),
        bounds={label: _bounds(parts[label]) for label in labels},
        lower_bounds=_bounds(world),
        seconds={label: seconds_per_replicate(folder, keys[label]) for label in labels},
        missing=tuple(missing),
    )


def _replicates(parts: list[tuple[int, dict[str, Array], dict[str, Any]]]) -> list[int]:
    return [first + r for first, arrays, _ in parts for r in range(_count(arrays))]


def _count(arrays: Mapping[str, Array]) -> int:
    return next((len(a) for name, a in arrays.items() if not name.startswith("bound/")), 0)


def _stack(parts: list[Any], prefix: str, common: list[int]) -> dict[str, Array]:
    if not parts:
        return {}
    order = {replicate: row for row, replicate in enumerate(_replicates(parts))}
    rows = [order[replicate] for replicate in common]
    names = [name for name in parts[0][1] if name.startswith(prefix)]
    return {name[len(prefix) :]: np.concatenate([p[1][name] for p in parts])[rows] for name in names}


def _bounds(parts: list[Any]) -> tuple[BoundCurve, ...]:
    """Bounds of all blocks, each the mean over the blocks by their replicates."""
    if not parts:
        return ()
    weights = np.array([_count(arrays) for _, arrays, _ in parts], dtype=np.float64)
    curves = []
    for i, about in enumerate(parts[0][2]["bounds"]):
        values = np.average([arrays[f"bound/{i}"] for _, arrays, _ in parts], axis=0, weights=weights)
        rows = zip(*(facts["bounds"][i]["assumptions"] for _, _, facts in parts), strict=True)
        assumptions = tuple((row[0]["text"], all(a["holds"] for a in row)) for row in rows)
        curves.append(
            BoundCurve(
                **{k: about[k] for k in ("name", "kind", "against", "source", "anytime")},
                assumptions=assumptions,
                values=values,
                rate=about.get("rate", True),
            )
        )
    return tuple(curves)
