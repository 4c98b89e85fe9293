"""Everything that runs kernels, with kernels that check their indices: one that leaves its array fails.

Every policy in every environment of the shipped studies, at tiny horizons, and then the whole suite, but for what makes
small shares of these attacks; it finds most kernels compiled. A small share is one file of tests and one study.
"""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
import warnings
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from attacks import checking_indices

HERE = Path(__file__).resolve()
ROOT = HERE.parents[2]
LIMIT = 1200.0
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
    for path in [shipped() / name for name in names]:
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
    """Run studies in two processes and then tests in two, or one of each in one."""
    from experiments.study.config import shipped

    whole = share > 0.1
    studies = sorted(str(path.relative_to(shipped())) for path in shipped().rglob("*.yaml"))
    lanes = [studies[::2], studies[1::2]] if whole else [["streaming/confidence.yaml"]]
    tests = ["-n", "2", "--dist", "worksteal", f"--ignore={HERE.parent / 'test_attacks.py'}", "tests"]
    tests = tests if whole else ["tests/bandits/arms/test_exp3_pp.py"]
    counts: Counter[str] = Counter(dict.fromkeys(("tests", "jobs", "tracebacks", "hangs"), 0))
    for status, said, errors in ended([[str(HERE), *names] for names in lanes]):
        *found, last = said or [""]
        counts["hangs"] += status is None
        if status == 0:
            counts.update(json.loads(last))
        elif status is not None:
            counts["tracebacks"] += 1
            found.append(errors[-2000:])
        for line in found[:50]:
            say(line)
    [(status, said, _)] = ended([["-m", "pytest", "-q", "-p", "no:cacheprovider", "--assert=plain", *tests]])
    passed, failed = (re.search(rf"(\d+) {word}", said[-1] if said else "") for word in ("passed", "(?:failed|error)"))
    counts["hangs"] += status is None
    counts["tests"] += int(passed[1]) if passed else 0
    counts["tracebacks"] += int(failed[1]) if failed else status not in (0, None)
    for line in [line for line in said if line.startswith(("FAILED", "ERROR"))][:50]:
        say(line)
    return counts


def ended(commands: Sequence[Sequence[str]]) -> Iterator[tuple[int | None, list[str], str]]:
    """Status, lines and errors of Python with these arguments, at once; of one that takes too long None as status."""
    until = time.monotonic() + LIMIT
    with tempfile.TemporaryDirectory() as folder:
        outs = [Path(folder, f"{i}.out") for i in range(len(commands))]
        running = []
        for command, out in zip(commands, outs, strict=True):
            with out.open("wb") as said, out.with_suffix(".err").open("wb") as errors:
                running.append(
                    subprocess.Popen(
                        [sys.executable, *command],
                        cwd=ROOT,
                        env=checking_indices(),
                        stdout=said,
                        stderr=errors,
                        start_new_session=True,
                    )
                )
        for process, out in zip(running, outs, strict=True):
            status: int | None = None
            try:
                status = process.wait(max(0.0, until - time.monotonic()))
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()
            said_so, errors_so = (path.read_text(errors="replace") for path in (out, out.with_suffix(".err")))
            yield status, said_so.splitlines(), errors_so


if __name__ == "__main__":
    child(sys.argv[1:])
