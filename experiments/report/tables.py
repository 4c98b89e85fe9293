"""Tables of final regrets, as plain data and for LaTeX."""

from __future__ import annotations

import csv
import io
import math
from typing import Any

from experiments.analysis.curves import ExperimentResult
from experiments.analysis.statistics import mean_band, paired_difference
from experiments.analysis.verdicts import growth


def table(result: ExperimentResult, confidence: float, regret: str = "") -> list[dict[str, Any]]:
    """One row a policy, lowest final regret first.

    Columns: policy, regret (mean at the horizon), error (standard error), low and high (pointwise interval), behind
    (mean paired difference to ``best_of``), behind_low and behind_high, exponent with its ends, seconds (a replicate
    in the quickest batch), bytes_kept (see ``experiments.run.memory``). None where something is not known.
    """
    finals = {label: result.regret(label, regret)[:, -1] for label in result.series}
    order = sorted(finals, key=lambda label: float(finals[label].mean()))
    rows, best = [], best_of(result, regret)
    for label in order:
        samples = result.regret(label, regret)
        band = mean_band(samples[:, -1:], confidence)
        behind = paired_difference(finals[label], finals[best], confidence)
        exponent = growth(result, samples, regret, confidence)
        rows.append(
            {
                "policy": label,
                "regret": float(band.mean[0]),
                "error": _none(float(band.error[0])),
                "low": _none(float(band.low[0])),
                "high": _none(float(band.high[0])),
                "behind": behind.value,
                "behind_low": _none(behind.low),
                "behind_high": _none(behind.high),
                "exponent": exponent and exponent.value,
                "exponent_low": exponent and _none(exponent.low),
                "exponent_high": exponent and _none(exponent.high),
                "seconds": result.prices[label].seconds,
                "bytes_kept": result.prices[label].kept,
            }
        )
    return rows


def best_of(result: ExperimentResult, regret: str = "") -> str:
    """The policy of lowest mean regret at the horizon among those that do not know the run in advance."""
    return min(result.learners, key=lambda label: float(result.regret(label, regret)[:, -1].mean()))


def csv_text(result: ExperimentResult, confidence: float, regret: str = "") -> str:
    """The same table as CSV (RFC 4180) in full precision, with a header; unknown values are empty."""
    stream = io.StringIO()
    rows = table(result, confidence, regret)
    writer = csv.DictWriter(stream, list(rows[0]))
    writer.writeheader()
    writer.writerows(rows)
    return stream.getvalue()


def latex(result: ExperimentResult, confidence: float) -> str:
    """The table of final regrets, for LaTeX with the package booktabs; the best learner's mean is bold."""
    definition = result.definition()
    lines = [
        r"\begin{tabular}{lrrr}",
        r"\toprule",
        rf"policy & {_escape(definition.label)} & s.e. & growth exponent \\",
        r"\midrule",
    ]
    best = best_of(result)
    for row in table(result, confidence):
        mean = f"{row['regret']:.5g}"
        error = "--" if row["error"] is None else f"{row['error']:.2g}"
        exponent = "--" if row["exponent"] is None else f"{row['exponent']:.2f}"
        mean = rf"\textbf{{{mean}}}" if row["policy"] == best else mean
        lines.append(rf"{_escape(row['policy'])} & {mean} & {error} & {exponent} \\")
    return "\n".join([*lines, r"\bottomrule", r"\end{tabular}", ""])


def _escape(text: str) -> str:
    return "".join(_SPECIAL.get(letter, letter) for letter in text)


_SPECIAL = {
    **{letter: "\\" + letter for letter in "&%$#_{}"},
    "^": r"\textasciicircum{}",
    "~": r"\textasciitilde{}",
    "\\": r"\textbackslash{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
}


def _none(value: float) -> float | None:
    return None if math.isnan(value) else value
