"""Several policies on one log, by several estimators: a table, a figure, and what is to be known of each."""

from __future__ import annotations

import html
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from bandits.arguments import did_you_mean, real, shown
from bandits.contract import Policy
from bandits.seeds import stream
from regretlab.ope.case import Rows
from regretlab.ope.estimate import Estimate, case_of, checked_ends, of_case
from regretlab.ope.estimators import Estimator, as_estimator
from regretlab.ope.models import predictions
from regretlab.ope.overlap import OnFailure, checked_overlap
from regretlab.ope.policies import labelled

if TYPE_CHECKING:
    import pandas
    from matplotlib.axes import Axes

DEFAULT = ("IPS", "SNIPS", "DM", "DR")


@dataclass(frozen=True)
class Evaluation(Sequence[Estimate]):
    """What policies would earn a decision, by estimators: a sequence of estimates, policy by policy.

    Attributes:
        estimates: all of them.
        log_value: mean reward in the rows evaluated, what the logging policy itself earned.
        n: number of those rows.
    """

    estimates: tuple[Estimate, ...]
    log_value: float
    n: int

    def __getitem__(self, key: Any) -> Any:
        """By position, or by (policy, estimator), or by policy where there is one estimator."""
        if isinstance(key, int | slice):
            return self.estimates[key]
        policy, estimator = key if isinstance(key, tuple) else (key, None)
        found = [e for e in self.estimates if e.policy == policy and estimator in (None, e.estimator)]
        if len(found) != 1:
            known = [f"{e.policy}, {e.estimator}" for e in self.estimates]
            hint = did_you_mean(", ".join(key) if isinstance(key, tuple) else key, known)
            raise KeyError(f"there are {len(found)} estimates of {shown(key)}{hint}; name policy and estimator")
        return found[0]

    def __len__(self) -> int:
        return len(self.estimates)

    def __iter__(self) -> Iterator[Estimate]:
        return iter(self.estimates)

    @property
    def policies(self) -> tuple[str, ...]:
        """Labels of the policies."""
        return tuple(dict.fromkeys(e.policy for e in self.estimates))

    @property
    def estimators(self) -> tuple[str, ...]:
        """Names of the estimators."""
        return tuple(dict.fromkeys(e.estimator for e in self.estimates))

    def table(self) -> list[dict[str, Any]]:
        """A row for each policy and estimator."""
        return [
            {
                "policy": e.policy,
                "estimator": e.estimator,
                "value": e.value,
                "low": e.low,
                "high": e.high,
                "interval": e.interval,
                "certain": e.certain,
                "biased": e.biased,
                "error": e.error,
                "effective": e.overlap.effective,
                "largest_weight": e.overlap.largest,
                "unmatched": e.overlap.unmatched,
                "mean_weight": e.overlap.mean,
                "notes": "; ".join(e.notes),
            }
            for e in self.estimates
        ]

    def to_frame(self) -> pandas.DataFrame:
        """``table`` as a DataFrame. Needs pandas: ``pip install 'regretlab[export]'``."""
        try:
            import pandas
        except ImportError:
            raise ImportError("to_frame needs pandas: pip install 'regretlab[export]'") from None
        return pandas.DataFrame(self.table())

    def plot(self, ax: Axes | None = None, *, title: str = "") -> Axes:
        """Draw estimates with their intervals, see ``regretlab.ope.picture.draw``."""
        from regretlab.ope.picture import draw

        return draw(self.estimates, self.log_value, ax, title)

    @property
    def notes(self) -> tuple[str, ...]:
        """What is to be said of each policy's overlap, and of limits that contradict each other, a sentence each."""
        told = {(e.policy, note): f"{e.policy}: {note}" for e in self.estimates for note in e.overlap.notes}
        told |= {(e.policy, e.notes[-1]): f"{e.policy}: {e.notes[-1]}" for e in self.estimates if e.low > e.high}
        return tuple(told.values())

    def _cells(self) -> list[tuple[str, ...]]:
        return [
            (
                e.policy,
                e.estimator,
                f"{e.value:.4g}",
                f"{e.low:.4g} to {e.high:.4g}" if e.low <= e.high else "no value agrees",
                f"{e.interval}, {'certain' if e.certain else 'biased' if e.biased else 'typical'}",
                f"{e.overlap.effective:.4g}",
                f"{e.overlap.largest:.3g}",
            )
            for e in self.estimates
        ]

    @property
    def _head(self) -> tuple[str, ...]:
        confidence = self.estimates[0].confidence
        return (
            "policy",
            "estimator",
            "value",
            f"{100 * confidence:g} % interval",
            "kind",
            "effective rows",
            "largest weight",
        )

    @property
    def _said(self) -> tuple[str, ...]:
        return (f"{self.n:,} rows; the logging policy earned {self.log_value:.4g} a row", *self.notes)

    def __repr__(self) -> str:
        rows = [self._head, *self._cells()]
        widths = [max(len(row[i]) for row in rows) for i in range(len(self._head))]
        lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
        return "\n".join([*lines, *self._said])

    def __rich__(self) -> Any:
        from rich.console import Group
        from rich.table import Table
        from rich.text import Text

        table = Table(*self._head)
        for row in self._cells():
            table.add_row(*map(Text, row))
        return Group(table, *map(Text, self._said))

    def _repr_html_(self) -> str:
        def row(cells: Sequence[str], kind: str) -> str:
            return "<tr>" + "".join(f"<{kind}>{html.escape(cell)}</{kind}>" for cell in cells) + "</tr>"

        body = "".join(row(cells, "td") for cells in self._cells())
        said = "".join(f"<p>{html.escape(text)}</p>" for text in self._said)
        return f"<table>{row(self._head, 'th')}{body}</table>{said}"


def evaluate(
    log: Rows,
    policies: Any,
    estimators: str | Estimator | Sequence[str | Estimator] = DEFAULT,
    *,
    interval: str | Mapping[str, str] = "auto",
    confidence: float = 0.95,
    train: float = 0.0,
    model: Any = None,
    folds: int = 5,
    fit: str = "crossed",
    least: float | None = None,
    overlap: OnFailure = "refuse",
    seed: int = 0,
) -> Evaluation:
    """Estimate what each of some policies would earn a decision, from a log of another one's decisions.

    Policies stand still while they are evaluated: what a policy that goes on learning would have earned is another
    question, which needs a run over the log with rows rejected or weighted, as an environment.

    Args:
        log: the rows.
        policies: a mapping from labels to target policies as ``estimate`` takes them, or policies of ours, in a list
            or alone.
        estimators: names or objects.
        interval: see ``estimate``; or a mapping from names of estimators to intervals, "auto" for those left out.
        confidence: of each interval, in (0, 1).
        train: share of the rows, in [0, 1), the first ones, that policies of ours are taught before they stand still;
            those are reset first, the ones given are not changed. Nobody is evaluated on them. 0: policies of ours are
            in a run already, and have learned from other rows than these.
        model: see ``estimate``; one for all policies.
        folds: likewise.
        fit: likewise.
        least: likewise.
        overlap: likewise.
        seed: of all randomness.

    Raises:
        ValueError: an argument that cannot be, an interval that an estimator does not have, or overlap that fails.

    Example:
        >>> import numpy as np
        >>> from environments.logged.log import Log
        >>> from regretlab.ope.evaluate import evaluate
        >>> arms = np.arange(600) % 3
        >>> log = Log(actions=arms, rewards=arms == 2, probabilities=np.full(600, 1 / 3), n_actions=3, low=0, high=1)
        >>> found = evaluate(log, {"last": [0, 0, 1], "even": [1 / 3] * 3}, ["IPS", "DR"])
        >>> found["last", "IPS"].value, round(found["even", "DR"].value, 3)
        (1.0, 0.333)
    """
    real("confidence", confidence, 0.0, 1.0)
    real("train", train, 0.0, 1.0, closed="low")
    given: Any = estimators if isinstance(estimators, list | tuple) else [estimators]
    chosen = [as_estimator(each) for each in given]
    names = [each.name for each in chosen]
    if not chosen or len(set(names)) < len(names):
        raise ValueError(f"estimators must be at least one, and none twice, got {names}")
    asked = {name: interval for name in names} if isinstance(interval, str) else dict(interval)
    if unknown := next((name for name in asked if name not in names), None):
        raise ValueError(f"interval must be of estimators asked for, {', '.join(names)}, got {shown(unknown)}")
    targets = labelled(policies)
    if train > 0.0:
        log, targets = _taught(log, targets, train, seed)
    modelled = None
    if any(each.needs_model for each in chosen):
        modelled = predictions(log, model, folds, fit, stream(seed, of="folds"))
    found: list[Estimate] = []
    for label, target in targets.items():
        case = case_of(log, target, label, least, modelled, seed)
        seen = checked_overlap(case, label, overlap)
        for each in chosen:
            one = of_case(case, label, each, asked.get(each.name, "auto"), confidence, seen, seed)
            found.append(checked_ends(one, overlap))
    return Evaluation(tuple(found), float(np.mean(log.rewards)), log.n)


def _taught(log: Rows, targets: Mapping[str, Any], train: float, seed: int) -> tuple[Rows, dict[str, Any]]:
    """The rows that are left, and the policies, those of ours taught the first ones."""
    first = round(train * log.n)
    if not 0 < first < log.n:
        raise ValueError(f"train must leave rows on both sides, got {train:g} of {log.n} rows")
    found: dict[str, Any] = {}
    for label, target in targets.items():
        if isinstance(target, Policy):
            found[label] = log.taught(target, first, stream(seed, of=type(target).__name__))
        else:
            found[label] = np.asarray(target)[first:] if not callable(target) and np.ndim(target) == 2 else target
    return log.take(slice(first, None)), found
