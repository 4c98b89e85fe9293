"""Tables of final regrets, of one experiment or several: as plain data, as CSV, and for LaTeX."""

from __future__ import annotations

import math
import re
import textwrap
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import zip_longest
from typing import Any

import numpy as np

from experiments.analysis.comparisons import Comparison, compare
from experiments.analysis.curves import ExperimentResult
from experiments.analysis.results import Results
from experiments.analysis.statistics import Interval, paired_difference
from experiments.analysis.verdicts import growth, known
from experiments.study.texts import visible


def table(result: ExperimentResult, confidence: float, regret: str = "") -> list[dict[str, Any]]:
    """One row a policy, lowest final regret first.

    Columns: policy, regret (mean at the horizon), error (standard error), low and high (pointwise interval, what is
    typical), guaranteed_low and guaranteed_high (see ``ExperimentResult.guaranteed``), behind (mean paired difference
    to ``best_of``), behind_low and behind_high (typical), told_apart_from_best (whether that difference is certain, see
    ``told_apart``), typically_apart_from_best (whether it stands, failures apart that no replicate shows), hindsight
    (whether it knows the run in advance), capped (of a definition with censored values: the runs in which they are, so
    that means are lower ends), exponent with its ends, seconds (a replicate in the quickest batch),
    bytes_kept (see ``experiments.run.memory``). None where something is not known.

    Args:
        result: what to show.
        confidence: of the intervals, and family-wise of what is told apart, in (0, 1).
        regret: the regret definition; the default one where empty.
    """
    finals = {label: result.regret(label, regret)[:, -1] for label in result.series}
    apart, best = told_apart(result, confidence, regret), best_of(result, regret)
    sure = {label: result.guaranteed(label, confidence, regret) for label in finals}
    typically = told_apart(result, confidence, regret, typically=True)
    rows = []
    for label in sorted(finals, key=lambda label: float(finals[label].mean())):
        band = result.band(label, confidence, regret, at_horizon=True)
        behind = paired_difference(finals[label], finals[best], confidence)
        exponent = _exponent(result, label, confidence, regret)
        rows.append(
            {
                "policy": label,
                "regret": float(band.mean[0]),
                "error": known(band.error[0]),
                "low": known(band.low[0]),
                "high": known(band.high[0]),
                "guaranteed_low": known(sure[label].low),
                "guaranteed_high": known(sure[label].high),
                "behind": behind.value,
                "behind_low": known(behind.low),
                "behind_high": known(behind.high),
                "told_apart_from_best": apart.get(label),
                "typically_apart_from_best": typically.get(label),
                "hindsight": label in result.clairvoyant,
                **({"capped": result.censored(label, regret)} if result.definition(regret).censored else {}),
                "exponent": exponent and exponent.value,
                "exponent_low": exponent and known(exponent.low),
                "exponent_high": exponent and known(exponent.high),
                "seconds": result.prices[label].seconds,
                "bytes_kept": result.prices[label].kept,
            }
        )
    return rows


def _exponent(result: ExperimentResult, label: str, confidence: float, regret: str) -> Interval | None:
    """The growth exponent of a policy's curve, worked out once for tables and verdicts."""
    name = result.definition(regret).name
    samples, key = result.regret(label, name), ("exponent", label, name, confidence)
    exponent: Interval | None = result.once(key, lambda: growth(result, samples, name, confidence))
    return exponent


def best_of(result: ExperimentResult, regret: str = "") -> str:
    """The policy of lowest mean regret at the horizon among those that do not know the run in advance."""
    return min(result.learners, key=lambda label: float(result.regret(label, regret)[:, -1].mean()))


def told_apart(
    result: ExperimentResult, confidence: float, regret: str = "", typically: bool = False
) -> dict[str, bool]:
    """For each policy that does not know the run in advance: whether the data tell it from ``best_of``.

    They do where ``compare``, corrected for all pairs of the experiment, finds a difference that is certain, or one
    that is typical if ``typically``. Other arguments as of ``table``.
    """
    stands = Comparison.typical if typically else Comparison.significant
    best, name = best_of(result, regret), result.definition(regret).name
    pairs: list[Comparison] = result.once(("pairs", confidence, name), lambda: compare(result, confidence, name))
    stand = {frozenset((pair.better, pair.worse)) for pair in pairs if stands(pair, confidence)}
    return {label: {label, best} in stand for label in result.learners if label not in result.clairvoyant}


def joint_table(results: Results, regret: str = "") -> list[dict[str, Any]]:
    """One row an experiment and policy: the experiments in their order, in each the lowest final regret first.

    Columns: experiment, policy, definition (name of the regret definition), horizon, replicates, mean, error, low,
    high, guaranteed_low, guaranteed_high, behind, behind_low, behind_high, told_apart_from_best,
    typically_apart_from_best, hindsight, and, where a definition has censored values, capped; see ``table``.
    Experiments without a finished replicate have no rows.

    Args:
        results: what to show, with the study's confidence.
        regret: the regret definition; each experiment's default one where empty.

    Raises:
        ValueError: an experiment lacks the regret definition.
    """
    rows = []
    ready = {name: result for name, result in results.experiments.items() if result.ready}
    columns = [*_JOINT, *(["capped"] if any(r.definition(regret).censored for r in ready.values()) else [])]
    for name, result in ready.items():
        about = {"definition": result.definition(regret).name, "horizon": int(result.times[-1])}
        for row in table(result, results.study.confidence, regret):
            numbers = {"replicates": len(result.replicates), "mean": row["regret"]}
            rest = {key: row.get(key) for key in columns}
            rows.append({"experiment": name, "policy": row["policy"], **about, **numbers, **rest})
    return rows


_JOINT = (
    *("error", "low", "high", "guaranteed_low", "guaranteed_high", "behind", "behind_low", "behind_high"),
    *("told_apart_from_best", "typically_apart_from_best", "hindsight"),
)


def csv_text(result: ExperimentResult, confidence: float, regret: str = "") -> str:
    """``table`` as CSV (RFC 4180) with a header; cells as of ``cell``."""
    return _csv(table(result, confidence, regret))


def joint_csv(results: Results, regret: str = "") -> str:
    """``joint_table`` as CSV (RFC 4180) with a header; cells as of ``cell``."""
    return _csv(joint_table(results, regret))


def _csv(rows: Sequence[Mapping[str, Any]]) -> str:
    return "".join(csv_row(row) for row in (rows[0], *(row.values() for row in rows))) if rows else ""


def csv_row(values: Iterable[Any]) -> str:
    """A line of CSV."""
    return ",".join(map(cell, values)) + "\r\n"


def cell(value: Any) -> str:
    """A cell of CSV: whole numbers up to 2^53 exactly, others to ten digits, nothing for what is unknown, else text.

    Text that a spreadsheet would run as a formula, and text that begins with an apostrophe, has an apostrophe in front,
    and never has a separator that is not in quotes.

    Example:
        >>> from experiments.report.tables import cell
        >>> [cell(value) for value in (4503599627370497.0, 132.77000000000012, 1e-7, -2, True, None)]
        ['4503599627370497', '132.77', '1e-07', '-2', 'true', '']
        >>> [cell(text) for text in ("ucb1", "=1+1", "'tis", "a, b")]
        ['ucb1', "'=1+1", "''tis", '"a, b"']
    """
    if isinstance(value, str):
        text = f"'{value}" if value.lstrip()[:1] in _RUN else value
        return '"' + text.replace('"', '""') + '"' if _SEPARATORS.intersection(text) else text
    if value is None or value != value:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    if not isinstance(value, float):
        return str(value)
    return str(int(value)) if value.is_integer() and abs(value) <= 2.0**53 else f"{value:.10g}"


_RUN = frozenset("'=+-@\uff1d\uff0b\uff0d\uff20")
"""With these, some in their wide forms, a formula begins; and with an apostrophe what is none."""
_SEPARATORS = frozenset(',;"\t\r\n')
"""Of cells and lines, in any country."""


def latex(result: ExperimentResult, confidence: float, regret: str = "") -> str:
    r"""The table of final regrets for LaTeX, lowest first, with the packages booktabs and siunitx.

    Means and errors stand in ``S`` columns. An error has two significant digits, and its mean ends at the same decimal
    place. Bold are the best learner and those that are not typically apart from it; policies that know the run in
    advance stand apart and are never bold. A comment in front says so. Arguments as of ``table``.
    """
    rows = {_Row(row["policy"], row["hindsight"]): row for row in table(result, confidence, regret)}
    exponents = {key: f"{row['exponent']:.2f}" for key, row in rows.items() if row["exponent"] is not None}
    columns = [
        _means(
            [result.definition(regret).label],
            {key: {**row, "mean": row["regret"]} for key, row in rows.items()},
            _rounding(result, regret),
        ),
        _Column(["growth exponent"], f"S[table-format={_format(exponents.values())}]", 1, exponents),
    ]
    return _tabular([*_notes(confidence), _note(result, regret)], list(rows), columns)


def joint_latex(results: Results, regret: str = "") -> str:
    """``joint_table`` for LaTeX: a row each policy, in the order of the study, a column each experiment; see ``latex``.

    A dash stands where a policy does not play an experiment. Where the experiments differ in their regret definition,
    it stands below their titles.
    """
    ready = {name: result for name, result in results.experiments.items() if result.ready}
    cells: dict[str, dict[_Row, dict[str, Any]]] = {name: {} for name in ready}
    for row in joint_table(results, regret):
        cells[row["experiment"]][_Row(row["policy"], row["hindsight"])] = row
    keys = dict.fromkeys(_Row(lb, lb in result.clairvoyant) for result in ready.values() for lb in result.series)
    labels = {name: result.definition(regret).label for name, result in ready.items()}
    heads = {name: [result.experiment.title or name] for name, result in ready.items()}
    if len(set(labels.values())) > 1:
        heads = {name: [*head, labels[name]] for name, head in heads.items()}
    columns = [_means(heads[name], cells[name], _rounding(result, regret)) for name, result in ready.items()]
    notes = [*_notes(results.study.confidence), *(_note(result, regret) for result in ready.values())]
    return _tabular(notes, list(keys), columns)


@dataclass(frozen=True)
class _Row:
    """A policy that knows the run in advance in some experiments has a row of its own for them."""

    policy: str
    hindsight: bool


@dataclass(frozen=True)
class _Column:
    """A column: the parts of its head, how LaTeX sets it, over how many of LaTeX's own columns, and its cells."""

    heads: Sequence[str]
    preamble: str
    span: int
    cells: Mapping[_Row, str]

    def cell(self, row: _Row) -> str:
        return self.cells.get(row) or self.across("--")

    def across(self, text: str) -> str:
        return rf"\multicolumn{{{self.span}}}{{c}}{{{text}}}"


def _rounding(result: ExperimentResult, regret: str) -> float:
    """What in a regret at the horizon is but the rounding of the two sums whose difference it is."""
    comparator = result.comparators[result.definition(regret).comparator][:, -1]
    return 1e-12 * max(1.0, float(np.abs(comparator).max()))


def _means(heads: Sequence[str], rows: Mapping[_Row, Mapping[str, Any]], rounding: float) -> _Column:
    """A column of means with errors, where these are known; what is below ``rounding`` is 0."""
    rows = {key: row for key, row in rows.items() if math.isfinite(row["mean"])}
    means, errors = {}, {}
    for key, row in rows.items():
        mean, error = (0.0 if abs(value or 0.0) <= rounding else value for value in (row["mean"], row["error"]))
        places = _places(error) if error else _own_places(mean)
        means[key], errors[key] = _rounded(mean, places), _rounded(error, places) if error else "0"
    weights = {key: r"\bfseries " if row["typically_apart_from_best"] is False else "" for key, row in rows.items()}
    preamble = f"S[table-format={_format(means.values())},table-number-alignment=right,detect-weight]"
    if all(row["error"] is None for row in rows.values()):
        return _Column(heads, preamble, 1, {key: weights[key] + mean for key, mean in means.items()})
    both = {key: f"{weights[key]}{mean} & {errors[key]}" for key, mean in means.items()}
    beside = f"S[table-format={_format(errors.values())},table-number-alignment=left]"
    return _Column(heads, rf"{preamble}@{{\,\(\pm\)\,}}{beside}", 2, both)


def _places(error: float) -> int:
    """Decimal places, negative before the point, at which an error above 0 has two significant digits."""
    return 1 - int(f"{error:.1e}".partition("e")[2])


def _own_places(mean: float) -> int:
    """Decimal places of a value without error: up to five significant digits, and of whole numbers all."""
    return max(0, -int(Decimal(f"{mean:.5g}").as_tuple().exponent))


def _rounded(value: float, places: int) -> str:
    return f"{round(value, places) + 0.0:.{max(places, 0)}f}"  # + 0.0: no minus sign before zero


def _format(numbers: Iterable[str]) -> str:
    """The ``table-format`` of siunitx: room for a sign, and for as many digits as any of the numbers has."""
    parts = [number.lstrip("-").partition(".") for number in numbers]
    whole, decimals = (max((len(part[i]) for part in parts), default=0) for i in (0, 2))
    return f"{'-' * any(number.startswith('-') for number in numbers)}{max(whole, 1)}.{decimals}"


def _tabular(notes: Sequence[str], rows: Sequence[_Row], columns: Sequence[_Column]) -> str:
    heads = [line for parts in zip(*(column.heads for column in columns), strict=True) for line in _lines(parts)]
    groups = [[row for row in rows if row.hindsight is hindsight] for hindsight in (False, True)]
    lines = [f"% {' '.join(note.split())}" for note in notes]
    lines += [rf"\begin{{tabular}}{{l{''.join(column.preamble for column in columns)}}}", r"\toprule"]
    for i, head in enumerate(heads):
        texts = [column.across(_escape(text)) for column, text in zip(columns, head, strict=True)]
        lines.append(" & ".join(["policy" if i == len(heads) - 1 else "", *texts]) + r" \\")
    for group in filter(None, groups):
        lines.append(r"\midrule")
        lines += [" & ".join([_escape(row.policy), *(c.cell(row) for c in columns)]) + r" \\" for row in group]
    return "\n".join([*lines, r"\bottomrule", r"\end{tabular}", ""])


def _lines(heads: Sequence[str], width: int = 24) -> Iterable[tuple[str, ...]]:
    """The lines [n_lines] of heads [n_columns] side by side, each broken between words and flush with the bottom."""
    upward = [textwrap.wrap(head, width, break_long_words=False)[::-1] for head in heads]
    return reversed(list(zip_longest(*upward, fillvalue="")))


def _notes(confidence: float) -> list[str]:
    return [
        r"Packages: booktabs, siunitx (version 2 of it also wants etoolbox and \robustify\bfseries).",
        "Mean at the horizon +- standard error over replicates; the error has two significant digits.",
        "Bold: the policy of lowest mean and those that the data do not tell from it (paired t-tests, corrected by "
        f"Holm's method for all pairs of an experiment, confidence {confidence:g}: what is typical, failures apart "
        "that no replicate shows).",
        "In a group of their own, and never bold: policies that know the run in advance.",
    ]


def _note(result: ExperimentResult, regret: str) -> str:
    definition, n = result.definition(regret), len(result.replicates)
    title = result.experiment.title or result.experiment.name
    capped = ", ".join(f"{label} {said}" for label in result.series if (said := result.censoring(label, regret)))
    return (
        f"{title}: {definition.label} ({definition.name}), unit {definition.unit}, horizon {result.times[-1]}, "
        f"{n} replicate{'s' * (n != 1)}." + f" Lower ends of means: {capped}." * bool(capped)
    )


def _escape(text: str) -> str:
    r"""Text for a cell; what begins with a bracket or a star would be read as an argument of the ``\\`` before it."""
    escaped = "".join(_SPECIAL.get(letter, letter) for letter in visible(" ".join(text.split())))
    escaped = re.sub(r"(?<=[-'`?!,])(?=[-'`,])", "{}", escaped)  # what TeX would join to dashes and quotes
    return "{}" + escaped if escaped.startswith(("[", "*")) else escaped


_SPECIAL = {
    **{letter: "\\" + letter for letter in "&%$#_{}"},
    "^": r"\textasciicircum{}",
    "~": r"\textasciitilde{}",
    "\\": r"\textbackslash{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "|": r"\textbar{}",
    '"': r"\symbol{34}",
}
