"""Everything that runs kernels, with kernels that check their indices: one that leaves its array fails.

The tests of policies and environments, which call every kernel, and every policy in every environment of the shipped
studies, at tiny horizons. A small share is one file of tests and one study.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tempfile
import warnings
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

HERE = Path(__file__).resolve()
ROOT = HERE.parents[2]
LIMIT = 900.0
"""Seconds that either half may take."""
HORIZONS = (50, 500, 20_000)
"""Tried in turn, where an environment or a policy says that a horizon is too short for it."""


def jobs(path: Path) -> Iterator[Any]:
    """One replicate of every policy in every environment of a study."""
    from experiments.run.jobs import jobs_of
    from experiments.study.config import load_study

    seen = set()
    for job in jobs_of(load_study(path)):
        what = json.dumps([job.environment, job.policy], sort_keys=True, default=str)
        if what not in seen:
            seen.add(what)
            yield replace(job, first=0, count=1, checkpoints=9)


def _no_download(self: Any, url: str, *arguments: Any, **options: Any) -> None:
    raise OSError(f"attacks do not download ({url})")


def child(names: list[str]) -> None:
    """Play studies in this process; prints what fails and, at last, counts."""
    import pooch

    from experiments.run.jobs import run_job
    from experiments.study.config import ConfigError, shipped

    pooch.HTTPDownloader.__call__ = _no_download
    warnings.simplefilter("ignore")
    counts: Counter[str] = Counter()
    for path in [shipped() / name for name in names] or sorted(shipped().rglob("*.yaml")):
        try:
            found = list(jobs(path))
        except ConfigError as error:
            counts["studies without their data"] += 1
            print(f"{path.stem}: {str(error)[:200]}", flush=True)
            continue
        for job in found:
            for horizon in HORIZONS:
                try:
                    run_job(replace(job, horizon=min(job.horizon, horizon)))
                except ValueError as error:
                    outcome, why = "too short", str(error)
                except Exception as error:
                    outcome, why = "tracebacks", f"{type(error).__name__}: {error}"
                else:
                    outcome = "jobs"
                if outcome != "too short":
                    break
            counts[outcome] += 1
            if outcome == "tracebacks":
                print(f"{outcome}: {path.stem}, {job.title}: {why[:200]}", flush=True)
    print(json.dumps(counts))


def attack(share: float, rng: np.random.Generator, say: Callable[[str], None]) -> Counter[str]:
    """Run tests and studies, at once where they are many, with a cache of kernels of their own."""
    whole = share > 0.1
    tests = ["tests/bandits", "tests/environments"] if whole else ["tests/bandits/arms/test_exp3_pp.py"]
    commands = {
        "tests": ["-m", "pytest", "-q", "-p", "no:cacheprovider", *(["-n", "2"] if whole else []), *tests],
        "studies": [str(HERE), *([] if whole else ["streaming/confidence.yaml"])],
    }
    counts: Counter[str] = Counter(dict.fromkeys(("tests", "jobs", "tracebacks", "hangs"), 0))
    with tempfile.TemporaryDirectory() as cache:
        env = {**os.environ, "NUMBA_BOUNDSCHECK": "1", "NUMBA_CACHE_DIR": cache, "PYTHONPATH": str(ROOT)}
        for name, command in commands.items():
            try:
                done = subprocess.run(
                    [sys.executable, *command], cwd=ROOT, env=env, capture_output=True, text=True, timeout=LIMIT
                )
            except subprocess.TimeoutExpired:
                counts["hangs"] += 1
                say(f"{name} took more than {LIMIT:g} s")
                continue
            *found, last = done.stdout.splitlines() or [""]
            if name == "tests":
                passed, failed = (re.search(rf"(\d+) {word}", last) for word in ("passed", "(?:failed|error)"))
                counts["tests"] += int(passed[1]) if passed else 0
                counts["tracebacks"] += int(failed[1]) if failed else done.returncode != 0
                found = [line for line in found if line.startswith(("FAILED", "ERROR"))]
            elif done.returncode:
                counts["tracebacks"] += 1
                found.append(done.stderr[-2000:])
            else:
                counts.update(json.loads(last))
            for line in found[:50]:
                say(line)
    return counts


if __name__ == "__main__":
    child(sys.argv[1:])
