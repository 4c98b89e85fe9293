"""One table of a paging study's results: faults over those of the optimum, policies by traces.

Run::

    regretlab run paging/traces --no-plot
    python examples/paging_table.py results/paging/traces     # for reading
    python examples/paging_table.py results/paging/traces csv # or latex, or html

Experiments named ``<trace>-<kind>`` are the columns of one trace. As in published tables, an entry is the total cost
over the total optimum of all replicates, with its standard error; the last column takes all traces together.
"""

import csv
import html
import io
import math
import re
import sys

import numpy as np

import experiments


def ratios(results):
    """Policy to trace to (ratio, standard error), and the traces in order; the last one, "total", is all of them."""
    costs, optima = {}, {}
    for name, experiment in results.experiments.items():
        if experiment.missing:
            raise SystemExit(f"{name} is not finished: {experiment.missing[0]}")
        trace = name.rpartition("-")[0] or name
        regret = experiment.definition("regret")
        optima[trace] = -experiment.comparators[regret.comparator][:, -1]
        for label, series in experiment.series.items():
            costs.setdefault(label, {})[trace] = -series[regret.series][:, -1]
    traces = [*optima, "total"]
    optima["total"] = np.sum(list(optima.values()), axis=0)
    for row in costs.values():
        if len(row) == len(traces) - 1:
            row["total"] = np.sum(list(row.values()), axis=0)
    entries = {
        label: {trace: (cost.mean() / optima[trace].mean(), _error(cost, optima[trace])) for trace, cost in row.items()}
        for label, row in costs.items()
    }
    return entries, traces


def _error(cost, optimum):
    """Standard error of a ratio of means."""
    rest = cost - optimum * cost.mean() / optimum.mean()
    return rest.std(ddof=1) / math.sqrt(len(cost)) / optimum.mean() if len(cost) > 1 else math.nan


def cells(entries, traces, digits=3):
    """The table as text: rows of a label and, for each trace, the ratio and its error in units of the last digit."""
    for label, row in entries.items():
        found = [row.get(trace, (math.nan, math.nan)) for trace in traces]
        yield [label, *("" if math.isnan(r) else f"{r:.{digits}f}" + _in_last_digit(e, digits) for r, e in found)]


def _in_last_digit(error, digits):
    units = 0 if math.isnan(error) else round(error * 10**digits)
    return f"({units})" if units else ""


def as_text(entries, traces):
    """Columns for reading, four at a time."""
    width = max(map(len, entries)) + 2
    blocks = []
    for start in range(0, len(traces), 4):
        part = traces[start : start + 4]
        rows = [["", *part], *cells(entries, part)]
        blocks.append("\n".join(row[0].ljust(width) + "".join(c.rjust(15) for c in row[1:]) for row in rows))
    return "\n\n".join(blocks)


def as_csv(entries, traces):
    """A row a policy, with a column for the ratio and one for the standard error of each trace."""
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(["policy", *(f"{trace}{end}" for trace in traces for end in ("", " s.e."))])
    for label, row in entries.items():
        writer.writerow([label, *(value for trace in traces for value in row.get(trace, ("", "")))])
    return stream.getvalue()


def as_latex(entries, traces):
    """A tabular for the package booktabs."""
    rows = [["", *traces], *cells(entries, traces)]
    lines = [" & ".join(re.sub("[&%_]", r"\\\g<0>", cell) for cell in row) + r" \\" for row in rows]
    start = [r"\begin{tabular}{l" + "r" * len(traces) + "}", r"\toprule", lines[0], r"\midrule"]
    return "\n".join([*start, *lines[1:], r"\bottomrule", r"\end{tabular}"])


def as_html(entries, traces):
    """A table element."""
    rows = [["", *traces], *cells(entries, traces)]
    text = (f"<tr>{''.join(f'<td>{html.escape(cell)}</td>' for cell in row)}</tr>" for row in rows)
    return "<table>\n" + "\n".join(text) + "\n</table>"


FORMATS = {"text": as_text, "csv": as_csv, "latex": as_latex, "html": as_html}


def main(folder, form="text"):
    """Print the table of the results in ``folder``."""
    print(FORMATS[form](*ratios(experiments.load(folder))))


if __name__ == "__main__":
    if not 2 <= len(sys.argv) <= 3 or sys.argv[-1] not in {sys.argv[1], *FORMATS}:
        raise SystemExit(f"usage: python examples/paging_table.py FOLDER [{'|'.join(FORMATS)}]")
    main(*sys.argv[1:])
