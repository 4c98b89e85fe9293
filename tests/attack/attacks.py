"""Attacks on the whole: ``python tests/attack/attacks.py [--share 0.1] [--seed 7] [kills ...]``, all without a name.

An attack is a file beside this one with a function ``attack(share, rng, say)``: it does that share of its whole work,
tells by ``say`` what it is at, and returns counts of what came of it. Counts in ``WRONG`` must be 0.
"""

from __future__ import annotations

import argparse
import functools
import importlib
import json
import os
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np

WRONG = ("silent", "lost", "tracebacks", "hangs", "left behind")
"""What must never come of an attack: changed numbers that nobody is told of, finished work that is gone, ..."""


@functools.cache
def _kernels() -> tempfile.TemporaryDirectory[str]:
    return tempfile.TemporaryDirectory()


def checking_indices() -> dict[str, str]:
    """The environment of processes whose kernels check their indices; all attacks share the kernels so compiled."""
    root = str(Path(__file__).resolve().parents[2])
    return {**os.environ, "NUMBA_BOUNDSCHECK": "1", "NUMBA_CACHE_DIR": _kernels().name, "PYTHONPATH": root}


def names() -> list[str]:
    """Names of the attacks at hand."""
    return sorted(
        path.stem
        for path in Path(__file__).parent.glob("[a-z]*.py")
        if path.stem != "attacks" and not path.stem.startswith("test_")
    )


def run(name: str, share: float, seed: int, say: Callable[[str], None]) -> dict[str, int]:
    """Counts of one attack."""
    counts: Mapping[str, int] = importlib.import_module(name).attack(
        share, np.random.default_rng([seed, *name.encode()]), say
    )
    return dict(counts)


def wrong(counts: Mapping[str, int]) -> dict[str, int]:
    """Those of the counts that should be 0 and are not."""
    return {what: n for what, n in counts.items() if what in WRONG and n}


def main() -> int:
    """Run, print the counts of each, and fail if any is wrong."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", help=f"of {', '.join(names())}")
    parser.add_argument("--share", type=float, default=1.0, help="of the whole work, in (0, 1]")
    parser.add_argument("--seed", type=int, default=20240501)
    given = parser.parse_args()
    if unknown := set(given.names) - set(names()):
        parser.error(f"no attack {', '.join(sorted(unknown))}; there are {', '.join(names())}")
    failed = []
    for name in given.names or names():
        started = time.perf_counter()
        print(f"{name}:", flush=True)
        counts = run(name, given.share, given.seed, lambda what: print(f"  {what}", flush=True))
        print(f"  {json.dumps(counts)} in {time.perf_counter() - started:.0f} s", flush=True)
        failed += [f"{name}: {n} {what}" for what, n in wrong(counts).items()]
    print("\n".join(["", *failed]) if failed else "\nnothing silent, nothing lost, no traceback, no hang")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
