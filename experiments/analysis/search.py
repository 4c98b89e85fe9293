"""Hyper-parameter search: some replicates choose among a policy's candidates, the others say what the choice is worth.

A search needs no second stage. All candidates play all replicates; the first ``tuning`` ones choose, for each policy,
the candidate with the lowest mean score (regret or cost at the horizon, as the search says), and everything that is
reported of the chosen ones comes from the other replicates. Every candidate has a held-out score in this way.
In a replicate all candidates meet the same environment. Where the comparator does not depend on the play they meet the
same comparator too, so that it cannot favour one: regret and cost rank them alike. In an environment that answers the
policy they may differ.

The tuning score of the chosen candidate is biased: it is the least of several means, each with noise. The held-out
score is not, and the difference is the optimism of selection.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from experiments.analysis.curves import ExperimentResult
from experiments.analysis.statistics import Array, Interval, mean_band, paired_difference, resampled_means
from experiments.study.axes import is_number, text_of
from experiments.study.model import Candidate, Experiment, Search


@dataclass(frozen=True)
class Scored:
    """A candidate.

    Attributes:
        label: under which it was run.
        point: name of each swept parameter to its value.
        tuning: mean score on the tuning replicates with pointwise interval.
        held_out: mean score on the held-out replicates, likewise.
        share: share of bootstrap resamples of the tuning replicates in which it is the best.
    """

    label: str
    point: Mapping[str, Any]
    tuning: Interval
    held_out: Interval
    share: float


@dataclass(frozen=True)
class Searched:
    """What the search found for one policy.

    Attributes:
        entry: the policy's name in the experiment.
        candidates: all that were run, the first points of all sweeps first.
        chosen: the one with the least mean score on the tuning replicates, of equal ones the first.
        parameters: of the chosen one: name to value and, for numbers, the interval that holds the choice of that share
            of bootstrap resamples (NaN with a single tuning replicate, or where a candidate's value is no number).
        optimism: held-out score of the chosen one minus its tuning score.
        gain: held-out score of the first candidate minus that of the chosen one, paired, with Student's interval.
    """

    entry: str
    candidates: tuple[Scored, ...]
    chosen: Scored
    parameters: Mapping[str, Chosen]
    optimism: float
    gain: Interval

    @property
    def first(self) -> Scored:
        """The candidate to compare with: the first value of every sweep."""
        return self.candidates[0]


@dataclass(frozen=True)
class Chosen:
    """The value of a parameter that was chosen, and the ends of its interval."""

    value: Any
    low: float = math.nan
    high: float = math.nan

    def __str__(self) -> str:
        known = not math.isnan(self.low)
        return text_of(self.value) + (f" [{text_of(self.low)}, {text_of(self.high)}]" if known else "")


@dataclass(frozen=True)
class SearchResult:
    """The search of an experiment.

    Attributes:
        experiment: its name.
        title: its title.
        score: what is made small.
        unit: of the score.
        tuning: numbers of the replicates that chose.
        held_out: numbers of the others.
        policies: what was found for each policy with swept parameters.
    """

    experiment: str
    title: str
    score: str
    unit: str
    tuning: NDArray[np.int64]
    held_out: NDArray[np.int64]
    policies: Mapping[str, Searched]


def choose(result: ExperimentResult, tuning: ExperimentResult) -> dict[str, str]:
    """Each policy of an experiment with all candidates, by the name of its entry, to the label of the chosen candidate.

    A policy without swept parameters stands for itself. A policy is left out where a candidate lacks a tuning
    replicate: without it another one might be chosen.

    Args:
        result: with all replicates at hand.
        tuning: the same with the tuning replicates alone, and those policies alone that have all of them.
    """
    chosen = {}
    for entry, labels in entries(result.experiment).items():
        if entry in labels:
            if entry in result.series:
                chosen[entry] = entry
        elif tuning.regrets and len(tuning.replicates) and all(label in tuning.series for label in labels):
            means = [float(scores(tuning, label).mean()) for label in labels]
            chosen[entry] = labels[int(np.argmin(np.nan_to_num(means, nan=np.inf)))]
    return chosen


def scores(result: ExperimentResult, label: str) -> Array:
    """What the experiment's search makes small, at the horizon, [n_replicates]."""
    search = _search(result)
    return result.shown(label, search.regret, search.quantity)[:, -1]


def _search(result: ExperimentResult) -> Search:
    search = result.experiment.search
    assert search is not None, f"{result.experiment.name} has no search"
    return search


def search_result(result: ExperimentResult, confidence: float = 0.95) -> SearchResult:
    """Sum up the search of an experiment with all candidates (``ExperimentResult.candidates``).

    Args:
        result: with all candidates and replicates.
        confidence: coverage of the intervals, in (0, 1).
    """
    search, chosen = _search(result), result.chosen
    tuning = result.replicates < search.tuning
    points = {p.title: p.point for p in result.experiment.policies if isinstance(p, Candidate)}
    listed = entries(result.experiment)
    swept = {entry: labels for entry, labels in listed.items() if entry in chosen and entry not in labels}
    both = tuning.any() and not tuning.all()
    definition = result.definition(search.regret) if result.regrets else None
    cost = search.quantity == "cost"
    return SearchResult(
        experiment=result.experiment.name,
        title=result.experiment.title or result.experiment.name,
        score="cumulative cost" if cost else definition.label if definition else "",
        unit=definition.unit if definition else "",
        tuning=result.replicates[tuning],
        held_out=result.replicates[~tuning],
        policies={
            entry: _searched(result, entry, labels, chosen[entry], points, tuning, confidence)
            for entry, labels in swept.items()
            if both
        },
    )


def _searched(
    result: ExperimentResult,
    entry: str,
    labels: list[str],
    label: str,
    points: Mapping[str, Mapping[str, Any]],
    tuning: NDArray[np.bool_],
    confidence: float,
) -> Searched:
    found = np.stack([scores(result, label) for label in labels], axis=1)
    winners = np.argmin(resampled_means(found[tuning]), axis=1)
    shares = np.bincount(winners, minlength=len(labels)) / len(winners)
    candidates = tuple(
        Scored(
            name, points[name], _mean(found[tuning, i], confidence), _mean(found[~tuning, i], confidence), float(share)
        )
        for i, (name, share) in enumerate(zip(labels, shares, strict=True))
    )
    best = candidates[labels.index(label)]
    return Searched(
        entry=entry,
        candidates=candidates,
        chosen=best,
        parameters={
            name: _parameter(value, [c.point[name] for c in candidates], winners, int(tuning.sum()), confidence)
            for name, value in best.point.items()
        },
        optimism=best.held_out.value - best.tuning.value,
        gain=paired_difference(found[~tuning, 0], found[~tuning, labels.index(label)], confidence),
    )


def _parameter(value: Any, values: list[Any], winners: NDArray[np.int64], n: int, confidence: float) -> Chosen:
    """The chosen value and the central interval of the values chosen by the resamples."""
    if n < 2 or not all(map(is_number, values)):
        return Chosen(value)
    tail = (1.0 - confidence) / 2.0
    ends = np.quantile(np.array(values, dtype=np.float64)[winners], [tail, 1.0 - tail], method="inverted_cdf")
    return Chosen(value, min(float(ends[0]), value), max(float(ends[1]), value))


def entries(experiment: Experiment) -> dict[str, list[str]]:
    """Name of each policy as written to the labels that stand for it."""
    found: dict[str, list[str]] = {}
    for policy in experiment.policies:
        entry = policy.entry if isinstance(policy, Candidate) else policy.title
        found.setdefault(entry, []).append(policy.title)
    return found


def _mean(values: Array, confidence: float) -> Interval:
    band = mean_band(values[:, None], confidence)
    return Interval(float(band.mean[0]), float(band.low[0]), float(band.high[0]))


def sentence(searched: Searched) -> str:
    """What a search found for a policy, in words."""
    best, first = searched.chosen, searched.first
    words = [
        f"{', '.join(f'{name}={value}' for name, value in searched.parameters.items())} of {len(searched.candidates)} "
        f"candidates, best in {best.share:.0%} of resamples",
        f"{_score(best.held_out)} held out, {best.tuning.value:.4g} in tuning (optimism {searched.optimism:.3g})",
    ]
    if first is not best:
        what = ", ".join(f"{name}={text_of(value)}" for name, value in first.point.items())
        words.append(f"first candidate ({what}) {first.held_out.value:.4g}, {_score(searched.gain)} behind")
    return "; ".join(words)


def _score(interval: Interval) -> str:
    known = not math.isnan(interval.low)
    return f"{interval.value:.4g}" + (f" [{interval.low:.4g}, {interval.high:.4g}]" if known else "")
