"""Traces of Twitter's cache clusters: J. Yang, Y. Yue, K. Rashmi, OSDI 2020; the repository twitter/cache-trace.

There is no heading; the seven columns are time, key, key size, value size, client, operation, time to live. A comma in
a key does no harm, as what stands after it is counted from the end. Every line is a request, unless ``operations`` says
which are.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

from bandits.arguments import one_of, shown
from environments.paging.traces.account import Account, Ids
from environments.paging.traces.columns import rows

OPERATIONS = ("get", "gets", "set", "add", "replace", "cas", "append", "prepend", "delete", "incr", "decr")


def twitter(path: Path, account: Account, operations: Sequence[str] | None = None) -> Iterator[Ids]:
    """The keys of the lines, or of those with one of the operations."""
    if operations is not None:
        if isinstance(operations, str) or not operations:
            raise ValueError(f"operations must be a list of {', '.join(OPERATIONS)}, got {shown(operations)}")
        operations = [one_of("operations", operation, OPERATIONS) for operation in operations]
    account.facts |= {
        "columns": "time, key, key size, value size, client, operation, time to live",
        "operations": "all" if operations is None else ", ".join(operations),
    }
    for number, block in rows(path, ",", quotes=False):
        account.counts["empty lines"] += block.n_empty()
        widths = block.columns()
        used = Counter(block.column(-2)) if min(widths, default=7) >= 7 else Counter([""])
        if unknown := set(used) - set(OPERATIONS):
            at, row = next((i, r) for i, r in enumerate(block.rows) if r and (len(r) < 7 or r[-2].strip() in unknown))
            got = shown(",".join(row))
            raise ValueError(f"{path}:{number + at}: seven columns, the sixth an operation such as get, got {got}")
        for operation, times in used.items():
            account.counts[f"lines {operation}"] += times
        if widths <= {7}:
            ids = block.column(1)
        else:
            account.counts["keys with a comma"] += sum(len(row) > 7 for row in block.rows)
            ids = [",".join(row[1:-5]).strip() for row in block.filled()]
        if "" in ids:
            at = next(i for i, row in enumerate(block.rows) if row and not ",".join(row[1:-5]).strip())
            raise ValueError(f"{path}:{number + at}: the key is empty")
        if operations is not None:
            ids = [key for key, operation in zip(ids, block.column(-2), strict=True) if operation in operations]
        yield ids
