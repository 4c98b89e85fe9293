"""Files of results are damaged: bits flipped, cut, exchanged, replaced by links and folders, named by foreign keys.

After each, what is loaded must be what it was, or whatever is lacking must be named and the rest be what it was; and a
run must give back what stood there.
"""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from click.testing import CliRunner

from experiments.analysis.results import Results, load
from experiments.cli import main
from experiments.run.manifest import manifest_file
from experiments.run.merge import merge
from experiments.run.runner import run
from experiments.run.store import DamagedError, error_file, job_file, read_json, timing_file, write_json
from experiments.study.config import parse_study

STUDY = """
name: damage
title: Two arms
seed: 3
batch: 2
checkpoints: 8
experiments:
  - name: two
    horizon: 40
    replicates: 6
    environment: {name: bernoulli, parameters: {means: [0.2, 0.8]}}
    policies: [ucb1, {name: ucb1, label: bold, parameters: {exploration: 8}}]
"""

LONG = 60.0
"""Seconds after which reading or running the small study counts as a hang."""

NOBODY = 65534
COUNTED = "refused", "told", "unchanged", "computed again", "silent", "lost", "tracebacks", "hangs", "left behind"


class Attack:
    """A folder of results, which is damaged and mended, and counts of what came of it.

    Args:
        place: an empty folder.
    """

    def __init__(self, place: Path) -> None:
        self.counts = dict.fromkeys(
            ("refused", "told", "unchanged", "computed again", "silent", "lost", "tracebacks", "hangs", "left behind"),
            0,
        )
        self.folder, self.outside, self.out = place / "results", place / "outside", place / "out"
        self.study = parse_study(STUDY)
        run(self.study, self.folder, jobs=1)
        keys = {(job["policy"], job["first"]): job["key"] for job in read_json(manifest_file(self.folder))["jobs"]}
        failed = keys["ucb1", 4]
        job_file(self.folder, failed).unlink()
        timing_file(self.folder, failed).unlink()
        write_json(error_file(self.folder, failed), {"error": "Traceback:\n  here\nValueError: no such luck"})
        self.files = {
            "manifest": manifest_file(self.folder),
            "result": job_file(self.folder, keys["bold", 0]),
            "comparators": job_file(self.folder, keys[None, 2]),
            "timing": timing_file(self.folder, keys["bold", 0]),
            "error": error_file(self.folder, failed),
        }
        self.others = {
            "result": job_file(self.folder, keys["ucb1", 0]),
            "comparators": job_file(self.folder, keys["bold", 2]),
            "timing": timing_file(self.folder, keys["ucb1", 0]),
            "error": timing_file(self.folder, keys["ucb1", 0]),
            "manifest": timing_file(self.folder, keys["ucb1", 0]),
        }
        self.good = {path: path.read_bytes() for path in self.folder.rglob("*") if path.is_file()}
        self.before = load(self.folder)
        shutil.copytree(self.folder, self.outside)
        self.there = {path: path.read_bytes() for path in self.outside.rglob("*") if path.is_file()}

    def restore(self) -> None:
        """Put everything back, and see that nothing else was touched."""
        if {path: path.read_bytes() for path in self.outside.rglob("*") if path.is_file()} != self.there:
            self.counts["lost"] += 1
        if self.out.exists():
            self.counts["silent"] += 1
            shutil.rmtree(self.out)
        for path in sorted(self.folder.rglob("*"), reverse=True):
            if path not in self.good and (path.is_symlink() or not path.is_dir()):
                self.counts["left behind"] += path.name.startswith(".")
                path.unlink()
        for path, content in self.good.items():
            if path.is_dir() and not path.is_symlink():
                path.rmdir()
            if path.is_symlink() or not path.is_file() or path.read_bytes() != content:
                path.unlink(missing_ok=True)
                path.write_bytes(content)

    def timed(self, work: Callable[[], Any]) -> Any:
        """What ``work`` gives; None, and counted, where it ends in anything but an error that is meant for people."""
        started = time.perf_counter()
        try:
            return work()
        except DamagedError as error:
            return error
        except Exception as error:
            self.counts["tracebacks"] += 1
            print(f"{type(error).__name__}: {error}")
            return None
        finally:
            self.counts["hangs"] += time.perf_counter() - started > LONG

    def look(self, kind: str, again: bool, deep: bool, nobody: bool = False) -> None:
        """Load, and now and then check, merge and run, what a damaged file has been left in.

        Args:
            kind: of the file.
            again: whether to run, which mends it.
            deep: whether to give commands too.
            nobody: whether to read as one who may not read everything.
        """
        path = self.files[kind]
        with as_nobody(nobody):
            found = self.timed(lambda: load(self.folder))
        if isinstance(found, DamagedError):
            good = str(path) in str(found) or "results of format" in str(found)
            self.counts["refused" if good and "again" in str(found) else "silent"] += 1
        elif found is not None:
            self.counts[self.verdict(found, path)] += 1
        if deep:
            done = CliRunner().invoke(main, ["check", str(self.folder)])
            self.counts["tracebacks"] += not isinstance(done.exception, SystemExit | None)
            self.counts["silent"] += done.exit_code == 0  # a result is missing in any case
            if kind == "manifest" and not nobody:
                told = self.timed(lambda: merge([self.folder], self.out))
                self.counts["silent"] += not isinstance(told, DamagedError)
        if again:
            self.mend(path)
        self.restore()

    def verdict(self, found: Results, path: Path) -> str:
        """What to say of results that could be loaded although a file is damaged."""
        here, before = found.experiments["two"], self.before.experiments["two"]
        rows = np.flatnonzero(np.isin(before.replicates, here.replicates))
        kept = before.replicates[rows].tolist() == here.replicates.tolist()
        kept = kept and (found.study, here.regrets) == (self.before.study, before.regrets)
        for label, series in here.series.items():
            kept = kept and all(np.array_equal(a, before.series[label][n][rows]) for n, a in series.items())
        kept = kept and all(np.array_equal(a, before.comparators[n][rows]) for n, a in here.comparators.items())
        if not kept:
            return "silent"
        if (here.missing, here.prices, here.replicates.tolist()) == (
            before.missing,
            before.prices,
            before.replicates.tolist(),
        ):
            return "unchanged"
        return "told" if any(str(path) in line for line in here.missing) else "silent"

    def mend(self, path: Path) -> None:
        """Run: what stood must stand again, whatever was in its place."""
        notes: list[str] = []
        outcome = self.timed(lambda: run(self.study, self.folder, jobs=1, damaged=notes.append))
        if outcome is None or isinstance(outcome, DamagedError):
            return
        stands = [p for p, content in self.good.items() if p.parent.name in ("jobs", "") or p.name == "manifest.json"]
        if path.is_dir():
            failed = {done.job.key for done in outcome.failed}
            self.counts["told" if failed == {path.stem} or path.parent.name != "jobs" else "lost"] += 1
        elif all(p.read_bytes() == self.good[p] for p in stands):
            self.counts["computed again"] += 1
        else:
            self.counts["lost"] += 1


@contextmanager
def as_nobody(wanted: bool) -> Iterator[None]:
    """Give up the rights of root for a while, if we have them."""
    root = wanted and os.geteuid() == 0
    if root:
        os.seteuid(NOBODY)
    try:
        yield
    finally:
        if root:
            os.seteuid(0)


def flips(attack: Attack, share: float, rng: np.random.Generator, say: Callable[[str], None]) -> None:
    """A bit in every byte of the manifest, and in 500 of each other file."""
    for kind, path in attack.files.items():
        size = len(attack.good[path])
        most = size if kind == "manifest" else 500
        number = max(8, round(share * most))
        places = rng.choice(size, number, replace=number > size)
        say(f"{len(places)} bits flipped in {kind} of {size} bytes")
        for i, place in enumerate(places):
            bad = bytearray(attack.good[path])
            bad[place] ^= 1 << rng.integers(8)
            path.write_bytes(bad)
            attack.look(kind, again=i % 20 == 0, deep=i % 20 == 1)


def cuts(attack: Attack, share: float, rng: np.random.Generator, say: Callable[[str], None]) -> None:
    """Files that end too early, or are followed by something."""
    for kind, path in attack.files.items():
        size = len(attack.good[path])
        lengths = rng.choice(size, min(size, max(3, round(share * 150))), replace=False)
        say(f"{kind} cut at {len(lengths)} lengths")
        for i, length in enumerate([0, *lengths]):
            path.write_bytes(attack.good[path][:length])
            attack.look(kind, again=i % 20 == 0, deep=i % 20 == 1)
        for rest in (b"\n", b"\0" * 100, attack.good[path]):
            path.write_bytes(attack.good[path] + rest)
            attack.look(kind, again=share == 1.0, deep=False)


def exchanges(attack: Attack, say: Callable[[str], None]) -> None:
    """Other things in the places of files."""
    say("files exchanged, and replaced by links, folders, pipes and what may not be read")
    for kind, path in attack.files.items():
        twin = attack.outside / path.relative_to(attack.folder)

        def exchanged(path: Path = path, kind: str = kind) -> None:
            path.write_bytes(attack.good[attack.others[kind]])

        ways: Mapping[str, Callable[[], None]] = {
            "exchanged": exchanged,
            "link": lambda path=path, twin=twin: path.symlink_to(twin),
            "loop": lambda path=path: path.symlink_to(path),
            "folder": path.mkdir,
            "pipe": lambda path=path: os.mkfifo(path),
            "denied": lambda path=path: (path.write_bytes(attack.good[path]), path.chmod(0))[0] and None,
        }
        for how, put in ways.items():
            path.unlink()
            put()
            attack.look(kind, again=(kind, how) != ("manifest", "folder"), deep=how != "denied", nobody=how == "denied")
            path.chmod(0o644)
    for part in ("jobs", "timings", "errors"):
        path = attack.folder / part
        path.rename(attack.folder / "aside")
        path.symlink_to(attack.outside / part)
        found = attack.timed(lambda: load(attack.folder))
        told = found is not None and any("is a link" in line for line in found.experiments["two"].missing)
        attack.counts["told" if told else "silent"] += 1
        for write in (lambda: run(attack.study, attack.folder, jobs=1), lambda: merge([attack.folder], attack.folder)):
            try:
                write()
                attack.counts["silent"] += 1
            except OSError as error:
                attack.counts["refused" if "is a link" in str(error) else "tracebacks"] += 1
        path.unlink()
        (attack.folder / "aside").rename(path)
        attack.restore()


def foreign(attack: Attack, say: Callable[[str], None]) -> None:
    """Manifests with a right checksum, and with jobs that are not theirs."""
    say("foreign keys and jobs in a manifest that is whole")
    path = attack.files["manifest"]
    whole = read_json(path)
    jobs = whole["jobs"]
    keys = ["../outside/jobs/x", "/etc/passwd", "A" * 24, "0" * 23, "0" * 25, "", "..", "0" * 23 + "\n", "٠" * 24]
    lists = [
        *([{**jobs[0], "key": key}, *jobs[1:]] for key in keys),
        jobs[1:],
        [*jobs, jobs[-1]],
        [*reversed(jobs)],
        *([{**jobs[3], part: value}, *jobs] for part, value in (("first", -1), ("count", 10**30), ("policy", "\0"))),
        *([*jobs[:-1], {**jobs[-1], part: None}] for part in jobs[-1] if part != "policy"),
        [*jobs[:-1], {**jobs[-1], "more": 1}],
        None,
        {},
        [[]],
    ]
    studies = [{**whole["study"], part: value} for part, value in (("batch", 3), ("name", "../x"), ("seed", -1))]
    written = [{**whole, "jobs": one} for one in lists] + [{**whole, "study": one} for one in studies]
    for manifest in [*written, {"format": whole["format"]}]:
        write_json(path, manifest)
        attack.look("manifest", again=True, deep=True)


def attack(share: float, rng: np.random.Generator, say: Callable[[str], None]) -> Mapping[str, int]:
    """Counts of all of it; see ``attacks.py``."""
    with TemporaryDirectory() as place:
        Path(place).chmod(0o755)
        work = Attack(Path(place))
        flips(work, share, rng, say)
        cuts(work, share, rng, say)
        exchanges(work, say)
        foreign(work, say)
        return work.counts
