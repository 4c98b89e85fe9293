"""Reading back what a run left in a folder, as arrays."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import ValidationError

from bandits.arguments import did_you_mean
from environments.contract import Notion
from experiments.runner import Price, price
from experiments.search import SearchResult, choose, entries, search_result
from experiments.store import DamagedError, error_file, read_cell, read_json, read_manifest
from experiments.study import Component, Panel, Study, checkpoints

Array = NDArray[np.float64]
_Block = tuple[int, dict[str, Array], dict[str, Any]]
"""First replicate, arrays and facts of a cell."""


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
        of_run: whether it is worked out from the policy's state in the run.
        tuned: whether its rate is in the horizon, not in the rounds of one run.
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
    of_run: bool = False
    tuned: bool = False

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
        clocks: name to [n_replicates, n_checkpoints] units of time passed, for notions of regret with a clock.
        notions: the kinds of regret, the default first.
        bounds: policy label to its upper bounds.
        lower_bounds: the world's.
        prices: policy label to the time and memory it took; the comparators' under the empty label.
        missing: what could not be read, one line each.
        candidates: where the panel has a search, the same with all candidates and all replicates, those that chose
            among them included; the panel itself then has, under the name of its entry, the chosen one of each, and
            held-out replicates only. ``Results.searches`` sums up.
        chosen: of the panel with all candidates: name of each entry to the label that stands for it.
        clairvoyant: labels of the policies that know the run in advance.
    """

    panel: Panel
    times: NDArray[np.int64]
    replicates: NDArray[np.int64]
    series: Mapping[str, Mapping[str, Array]]
    comparators: Mapping[str, Array]
    notions: tuple[Notion, ...]
    bounds: Mapping[str, tuple[BoundCurve, ...]]
    lower_bounds: tuple[BoundCurve, ...]
    prices: Mapping[str, Price]
    missing: tuple[str, ...] = ()
    candidates: PanelResult | None = None
    clocks: Mapping[str, Array] = field(default_factory=dict)
    chosen: Mapping[str, str] = field(default_factory=dict)
    clairvoyant: frozenset[str] = frozenset()

    @property
    def learners(self) -> tuple[str, ...]:
        """Labels of the policies that can be ranked: those that do not know the run in advance, all if none is such."""
        return tuple(label for label in self.series if label not in self.clairvoyant) or tuple(self.series)

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

    def time(self, notion: str = "") -> Array:
        """Time [n_checkpoints] in which a regret moves: rounds, or the mean over replicates of the notion's clock."""
        clock = self.notion(notion).clock
        passed: Array = self.clocks[clock].mean(axis=0) if clock else self.times.astype(np.float64)
        return passed

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

    @property
    def searches(self) -> dict[str, SearchResult]:
        """The searches that have results, by the name of their panel."""
        full = {name: panel.candidates for name, panel in self.panels.items() if panel.candidates}
        found = {name: search_result(panel, self.study.confidence) for name, panel in full.items()}
        return {name: result for name, result in found.items() if result.policies}


def load(folder: Path | str) -> Results:
    """Read the results that ``regretlab run`` left in ``folder``.

    Cells that are missing or damaged are left out and named in ``PanelResult.missing``: a panel keeps the policies
    that have any replicate, and the replicates that all of these and the comparators have.

    Raises:
        FileNotFoundError: no manifest in ``folder``.
        DamagedError: the manifest cannot be read, or is none.

    Example:
        >>> import tempfile
        >>> import experiments
        >>> from experiments.config import parse_study
        >>> study = parse_study('''
        ... name: tiny
        ... seed: 1
        ... panels:
        ...   - name: two
        ...     environment: {name: bernoulli, parameters: {means: [0.3, 0.7]}}
        ...     horizon: 100
        ...     replicates: 4
        ...     policies: [ucb1]
        ... ''')
        >>> folder = tempfile.mkdtemp()
        >>> outcome = experiments.run(study, folder, jobs=1)
        >>> panel = experiments.load(folder).panels["two"]
        >>> panel.regret("ucb1").shape == (4, len(panel.times))
        True
    """
    folder = Path(folder)
    manifest = read_manifest(folder)
    try:
        study = Study.model_validate(manifest["study"])
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        place = ".".join(map(str, ("study", *first["loc"])))
        raise DamagedError(f"{folder / 'manifest.json'} is damaged ({place}: {first['msg']})") from None
    try:
        panels = {panel.name: _load_panel(folder, study, panel, manifest["cells"]) for panel in study.all_panels()}
    except (LookupError, ValueError, TypeError, AttributeError) as error:
        what = f"its cells are not those of its study: {type(error).__name__}: {error}"
        raise DamagedError(f"{folder / 'manifest.json'} is damaged ({what})") from error
    return Results(folder, study, panels, manifest)


def _load_panel(folder: Path, study: Study, panel: Panel, cells: list[dict[str, Any]]) -> PanelResult:
    blocks: dict[str, list[_Block]] = {}
    keys: dict[str, list[str]] = {}
    missing: list[str] = []
    for cell in (c for c in cells if c["panel"] == panel.name):
        label = cell["policy"] or ""
        try:
            arrays, facts = read_cell(folder, cell["key"])
        except (FileNotFoundError, DamagedError) as error:
            what = f"{error}" if isinstance(error, DamagedError) else _why(folder, cell["key"])
            last = cell["first"] + cell["count"] - 1
            missing.append(f"{label or 'comparators'}, replicates {cell['first']}..{last}: {what}")
            continue
        blocks.setdefault(label, []).append((cell["first"], arrays, facts))
        keys.setdefault(label, []).append(cell["key"])
    prices = {label: price(folder, keys.get(label, ())) for label in ["", *blocks]}
    times = checkpoints(study.checkpoints, panel.horizon)
    result = _assemble(panel, times, blocks, {p.title: p.title for p in panel.policies}, prices)
    result = replace(result, missing=tuple(missing))
    if panel.search is None:
        return result
    cut = panel.search.tuning
    whole = {label for label, found in blocks.items() if set(range(cut)) <= set(_replicates(found))}
    tuning = {label: [b for b in blocks[label] if b[0] < cut] for label in whole}
    chosen = choose(result, _assemble(panel, times, tuning, {p.title: p.title for p in panel.policies}, prices))
    for entry, labels in entries(panel).items():
        lacking = [label or "comparators" for label in ("", *labels) if label not in whole]
        if entry not in labels and entry not in chosen:
            missing.append(f"{entry}: nothing is chosen, as not all tuning replicates are there: {', '.join(lacking)}")
    result = replace(result, missing=tuple(missing), chosen=chosen)
    held_out = {label: [b for b in found if b[0] >= cut] for label, found in blocks.items()}
    policies = [
        Component(name=p.name, label=entry, parameters=p.parameters)
        for entry, label in chosen.items()
        for p in panel.policies
        if p.title == label
    ]
    shown = _assemble(panel.model_copy(update={"policies": policies}), times, held_out, chosen, prices)
    return replace(shown, missing=tuple(missing), candidates=result)


def _assemble(
    panel: Panel,
    times: NDArray[np.int64],
    blocks: Mapping[str, list[_Block]],
    names: Mapping[str, str],
    prices: Mapping[str, Price],
) -> PanelResult:
    """The panel with the policies ``names`` (shown name to label) that have a block, on their common replicates."""
    labels = {shown: label for shown, label in names.items() if blocks.get(label)}
    world = blocks.get("", [])
    common = sorted(
        set.intersection(set(_replicates(world)), *(set(_replicates(blocks[lb])) for lb in labels.values()))
    )
    return PanelResult(
        panel=panel,
        times=times,
        replicates=np.array(common, dtype=np.int64),
        series={shown: _stack(blocks[label], "series/", common) for shown, label in labels.items()},
        comparators=_stack(world, "comparator/", common),
        clocks=_stack(world, "clock/", common),
        notions=tuple(_notion(n) for n in world[0][2]["notions"]) if world else (),
        bounds={shown: _bounds(_with(blocks[label], common)) for shown, label in labels.items()},
        lower_bounds=_bounds(_with(world, common)),
        prices={"": prices[""], **{shown: prices[label] for shown, label in labels.items()}},
        clairvoyant=frozenset(shown for shown, label in labels.items() if _is_clairvoyant(blocks[label])),
    )


def _with(parts: list[_Block], replicates: list[int]) -> list[_Block]:
    """The blocks that hold one of the replicates; all, if there are no replicates."""
    wanted = set(replicates)
    return [part for part in parts if not wanted.isdisjoint(_replicates([part]))] or parts


def _is_clairvoyant(parts: list[_Block]) -> bool:
    return any(facts.get("clairvoyant", False) for _, _, facts in parts)  # files of earlier versions do not say


def _notion(facts: Mapping[str, Any]) -> Notion:
    known = {f.name for f in fields(Notion)}  # files of earlier versions say more
    return Notion(**{name: value for name, value in facts.items() if name in known})


def _why(folder: Path, key: str) -> str:
    """Why a cell has no result: the error by which it failed, without its traceback, if word of one was left."""
    try:
        lines = read_json(error_file(folder, key))["error"].splitlines()
    except (OSError, DamagedError, LookupError, TypeError, AttributeError):
        return "no result"
    last = max((i for i, line in enumerate(lines) if line.startswith("  ")), default=-1)
    return f"failed: {', '.join(lines[last + 1 :])}"


def _replicates(parts: list[_Block]) -> list[int]:
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
        assumptions = tuple(_assumption(row) for row in rows)
        curves.append(
            BoundCurve(
                **{k: about[k] for k in ("name", "kind", "against", "source", "anytime")},
                assumptions=assumptions,
                values=values,
                rate=about.get("rate", True),
                of_run=about.get("of_run", False),
                tuned=about.get("tuned", False),
            )
        )
    return tuple(curves)


def _assumption(blocks: Sequence[Mapping[str, Any]]) -> tuple[str, bool]:
    """An assumption's text, with the largest value seen where it fails, and whether it holds in all blocks."""
    text, holds = blocks[0]["text"], all(a["holds"] for a in blocks)
    seen = [a["largest"] for a in blocks if a.get("largest") is not None]
    return (text, True) if holds else (f"{text} (largest: {max(seen):.4g})" if seen else text, False)
