"""Disks that are really full: a small one in memory, in a namespace of this user's; else files that must stay small.

Beside ``attack``, this file is what runs in that namespace: ``unshare -rm python disk.py FOLDER SHARE SEED``.
"""

from __future__ import annotations

import json
import os
import re
import resource
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from experiments.run.store import check_job

ROUNDS = 3
SIZE = 24 * 2**20
"""Of the disk, in bytes."""

LIMIT = 60.0
"""Seconds within which a command ends."""

STUDY = """\
name: full
seed: 5
batch: 1
checkpoints: 50
experiments:
  - name: two
    horizon: 2000
    replicates: 40
    environment: {name: bernoulli, parameters: {means: [0.2, 0.8]}}
    policies: [ucb1, moss]
"""

RUN = ("run", "full.yaml", "--out", "out", "--jobs", "1", "--no-plot")
COMMANDS = {
    "report": ("report", "out/full"),
    "plot": ("plot", "out/full", "--format", "svg"),
    "export csv": ("export", "out/full", "--format", "csv"),
    "export latex": ("export", "out/full", "--format", "latex"),
    "index": ("index", "out"),
    "merge": ("merge", "part1/full", "part2/full", "--out", "merged"),
}


def main(
    folder: Path, share: float, rng: np.random.Generator, say: Callable[[str], None], small: bool = False
) -> dict[str, int]:
    """The attack, in a folder on a small disk, or (``small``) with a limit on the size of files."""
    counts = Counter({name: 0 for name in ("tried", "refused", "unchanged", "silent", "lost", "tracebacks", "hangs")})
    (folder / "full.yaml").write_text(STUDY, encoding="utf-8")

    def regretlab(*words: str, room: int | None = None) -> tuple[int, str]:
        """Status and what is said of a command, with so many bytes left on the disk."""

        def limit() -> None:
            signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
            resource.setrlimit(resource.RLIMIT_FSIZE, (room or 0, resource.getrlimit(resource.RLIMIT_FSIZE)[1]))

        fill = folder / "fill"
        if room is not None and not small:
            space = os.statvfs(folder)
            fill.write_bytes(bytes(max(0, space.f_bavail * space.f_bsize - room)))
        path = os.pathsep.join([str(Path(__file__).parents[2]), *filter(None, [os.environ.get("PYTHONPATH")])])
        command = [sys.executable, "-m", "regretlab", *words]
        try:
            done = subprocess.run(
                command,
                cwd=folder,
                env={**os.environ, "PYTHONPATH": path},
                capture_output=True,
                text=True,
                timeout=LIMIT,
                preexec_fn=limit if small and room is not None else None,
            )
        except subprocess.TimeoutExpired:
            counts["hangs"] += 1
            return -1, ""
        finally:
            fill.unlink(missing_ok=True)
        if "Traceback" in done.stdout + done.stderr:
            counts["tracebacks"] += 1
            say(f"{' '.join(words)}:\n{done.stdout}{done.stderr}")
        return done.returncode, done.stdout + done.stderr

    def told(said: str) -> bool:
        return ("File too large" if small else "No space left") in said and bool(re.search(r"\b(out|merged)[/:]", said))

    def must(*words: str) -> None:
        status, said = regretlab(*words)
        if status:
            raise RuntimeError(f"{' '.join(words)} on a disk with room: status {status}, {said}")

    def outputs(place: str) -> dict[str, bytes]:
        return {str(p.relative_to(folder)): p.read_bytes() for p in (folder / place).rglob("*") if p.is_file()}

    tested = {name: words for name, words in COMMANDS.items() if share >= 0.1 or name == "report"}
    for i in (1, 2) if "merge" in tested else ():
        must(*RUN[:3], f"part{i}", *RUN[4:], "--shard", f"{i}/2")
    must(*RUN[:3], "whole", *RUN[4:])
    expected = outputs("whole/full/jobs")
    for _ in range(max(1, round(ROUNDS * share))):
        stood: dict[str, int] = {}
        for resumed in range(2):
            counts["tried"] += 1
            # a job takes two pages, of result and of timing, and the manifest about ten; all jobs take more than 200
            room = int(rng.integers(300, 1200)) if small else 4096 * int(rng.integers(0, 30 + 50 * resumed))
            status, said = regretlab(*RUN, room=room)
            files = list((folder / "out/full/jobs").glob("[0-9a-f]*.npz"))
            for path in files:
                check_job(folder / "out/full", path.stem)
            if status == 0 or not told(said):
                counts["silent"] += 1
                say(f"run with {room} bytes left: status {status}, {said}")
            else:
                counts["refused"] += 1
            now = {path.name: path.stat().st_ino for path in files}
            counts["lost"] += sum(now.get(name) != file for name, file in stood.items())
            stood = now
        must(*RUN)
        now = {path.name: path.stat().st_ino for path in (folder / "out/full/jobs").iterdir()}
        counts["lost"] += sum(now.get(name) != file for name, file in stood.items())
        found = outputs("out/full/jobs")
        counts["silent"] += sum(found.get(name.replace("whole", "out", 1)) != value for name, value in expected.items())
        counts["silent"] += len(found) - len(expected)
        for name, words in tested.items():
            must(*words)
            before = {**outputs("out"), **outputs("merged")}
            counts["tried"] += 1
            room = int(rng.integers(0, 500)) if small else 0
            status, said = regretlab(*words, room=room)
            after = {**outputs("out"), **outputs("merged")}
            counts["unchanged" if before == after else "silent"] += 1
            if before != after:
                changed = [path for path in before.keys() | after.keys() if before.get(path) != after.get(path)]
                say(f"{name} with {room} bytes left: {', '.join(changed)}")
            if status == 0 or not told(said):
                counts["silent"] += 1
                say(f"{name} with {room} bytes left: status {status}, {said}")
            else:
                counts["refused"] += 1
        for path in sorted((folder / "out").rglob("*"), reverse=True):
            path.unlink() if path.is_file() else path.rmdir()
    return dict(counts)


def attack(share: float, rng: np.random.Generator, say: Callable[[str], None]) -> dict[str, int]:
    """Fill the disk before runs, resumed runs, and all that writes; see that what stood stands, and that it is told."""
    with TemporaryDirectory(prefix="regretlab-disk-") as name:
        try:
            unshared = subprocess.run(["unshare", "-rm", "mount", "-t", "tmpfs", "tmpfs", name], capture_output=True)
            real = unshared.returncode == 0
        except FileNotFoundError:
            real = False
        say("a disk in memory that is full" if real else "files that must not be large, as no disk can be mounted here")
        if not real:
            return main(Path(name), share, rng, say, small=True)
        command = ["unshare", "-rm", sys.executable, __file__, name, str(share), str(rng.integers(2**31))]
        path = os.pathsep.join([str(Path(__file__).parents[2]), *filter(None, [os.environ.get("PYTHONPATH")])])
        done = subprocess.run(command, env={**os.environ, "PYTHONPATH": path}, capture_output=True, text=True)
        if done.returncode:
            raise RuntimeError(done.stderr)
        *lines, counts = done.stdout.splitlines()
        for line in lines:
            say(line)
        return dict(json.loads(counts))


if __name__ == "__main__":
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={SIZE}", "tmpfs", sys.argv[1]], check=True)
    counted = main(Path(sys.argv[1]), float(sys.argv[2]), np.random.default_rng(int(sys.argv[3])), print)
    print(json.dumps(counted))
