"""Runs that are killed at random moments, by several signals, with one job and two, and resumed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from experiments.run.store import DamagedError, check_job

KILLS = 60
LIMIT = 10.0
"""Seconds within which a run ends that was told to, and all of its processes with it."""

LONGEST = 120.0
"""Seconds within which an undisturbed run ends."""

STUDY = """\
name: killed
seed: 5
batch: 1
checkpoints: 20
experiments:
  - name: two
    horizon: 2000
    replicates: 40
    environment: {name: bernoulli, parameters: {means: [0.2, 0.5, 0.8]}}
    policies: [ucb1, "slow:Slow"]
"""

OURS = """\
name: killed
seed: 5
batch: 1
checkpoints: 20
experiments:
  - name: two
    horizon: 60000
    replicates: 40
    environment: {name: bernoulli, parameters: {means: [0.2, 0.5, 0.8]}}
    policies: [ucb1, kl_ucb]
"""

SLOW = """\
import time
from bandits import UCB1


class Slow(UCB1):
    def reset(self, problem, rng):
        super().reset(problem, rng)
        time.sleep(0.05)
"""

REGRETLAB = [
    sys.executable,
    "-c",
    "import signal; signal.signal(signal.SIGINT, signal.default_int_handler)\n"  # which jobs in the background ignore
    "from regretlab.__main__ import main; main()",
]


def start(folder: Path, jobs: int) -> subprocess.Popen[str]:
    """A run of the study in ``folder``, its processes in a group of their own."""
    command = [*REGRETLAB, "run", "killed.yaml", "--out", "out", "--no-plot", "--jobs", str(jobs)]
    path = os.pathsep.join([str(Path(__file__).parents[2]), *filter(None, [os.environ.get("PYTHONPATH")])])
    with open(folder / "said", "w", encoding="utf-8") as said:
        return subprocess.Popen(
            command,
            cwd=folder,
            env={**os.environ, "PYTHONPATH": path},
            stdout=subprocess.DEVNULL,
            stderr=said,
            text=True,
            start_new_session=True,
        )


def group(number: int) -> dict[int, str]:
    """The processes of a group with their commands, but for those that have ended and whose parent has not looked."""
    listed = subprocess.run(["ps", "-Ao", "pid=,pgid=,stat=,args="], capture_output=True, text=True, check=True).stdout
    rows = [[*line.split(maxsplit=3), ""] for line in listed.splitlines()]
    return {int(pid): args for pid, of, stat, args, *_ in rows if of == str(number) and not stat.startswith("Z")}


def whole(folder: Path) -> dict[str, tuple[int, int]]:
    """The results that stand, each with the file that it is and the time at which it was written."""
    found = {}
    for path in (folder / "out/killed/jobs").glob("[0-9a-f]*.npz"):
        check_job(folder / "out/killed", path.stem)
        found[path.stem] = (path.stat().st_ino, path.stat().st_mtime_ns)
    return found


def contents(folder: Path) -> dict[str, bytes]:
    """All that decides what is read from a folder of results."""
    place = folder / "out/killed"
    return {p.name: p.read_bytes() for p in (*place.glob("jobs/*"), place / "manifest.json")}


def attack(share: float, rng: np.random.Generator, say: Callable[[str], None]) -> dict[str, int]:
    """Kill, resume, kill, ..., and compare what is there at the end with an undisturbed run.

    Of two studies: workers of the one are new processes, those of the other may be copies of the command's. A small
    share is of the other alone; tests of runs kill new processes.
    """
    counts = Counter[str]()
    for study in (STUDY, OURS) if share > 0.1 else (OURS,):
        counts.update(_attack(study, max(1, round(KILLS * share / 2)), rng, say))
    return dict(counts)


def _attack(study: str, kills: int, rng: np.random.Generator, say: Callable[[str], None]) -> Counter[str]:
    counts = Counter({name: 0 for name in ("kills", "lost", "silent", "tracebacks", "hangs", "left behind", "equal")})
    with TemporaryDirectory(prefix="regretlab-kills-") as name:
        top, chapters = Path(name), 0
        (top / "slow.py").write_text(SLOW, encoding="utf-8")

        def chapter() -> Path:
            nonlocal chapters
            folder = top / str(chapters)
            chapters += 1
            folder.mkdir()
            (folder / "killed.yaml").write_text(study, encoding="utf-8")
            (folder / "slow.py").write_text(SLOW, encoding="utf-8")
            return folder

        undisturbed = chapter()
        before = time.monotonic()
        if start(undisturbed, 2).wait(LONGEST):
            raise RuntimeError((undisturbed / "said").read_text(encoding="utf-8"))
        took = time.monotonic() - before
        expected = contents(undisturbed)
        folder = chapter()
        while counts["kills"] < kills:
            stood = whole(folder)
            number = rng.choice([signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
            at = str(rng.choice(["run", "run", "group", "worker"]))
            jobs = 2 if at == "worker" else int(rng.integers(1, 3))
            process = start(folder, jobs)
            try:
                process.wait(rng.uniform(0.0, took))
                took *= 0.9  # so that most kills come before the end
            except subprocess.TimeoutExpired:
                counts["kills"] += _kill(process, number, at, rng)
            _ended(process, at, folder, counts, say)
            try:
                now = whole(folder)
            except DamagedError as error:
                counts["silent"] += 1
                say(str(error))
                break
            counts["lost"] += sum(now.get(key) != file for key, file in stood.items())
            said = (folder / "said").read_text(encoding="utf-8")
            if "Traceback" in said or "resource_tracker" in said:
                counts["tracebacks"] += 1
                say(f"kill {counts['kills']} by {signal.Signals(number).name} of the {at}, {jobs} job(s):\n{said}")
            if process.returncode == 0:
                _compare(folder, expected, counts)
                folder = chapter()
        start(folder, 2).wait(LONGEST)
        _compare(folder, expected, counts)
    return counts


def _tracks(pid: int) -> bool:
    """Whether a process only clears away after others; where it is killed, joblib's next one is not quiet."""
    try:
        return b"resource_tracker" in Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return True


def _kill(process: subprocess.Popen[str], number: int, at: str, rng: np.random.Generator) -> int:
    """Send a signal to a run, to all its processes, or to one of its workers if it has some; whether one was sent."""
    if at == "worker":
        workers: list[int] = []
        while not workers and process.poll() is None:
            workers = [pid for pid in group(process.pid) if pid != process.pid and not _tracks(pid)]
        if not workers:
            return 0
        os.kill(int(rng.choice(workers)), number)
    elif at == "group":
        os.killpg(process.pid, number)
    else:
        process.send_signal(number)
    return 1


def _ended(
    process: subprocess.Popen[str], at: str, folder: Path, counts: Counter[str], say: Callable[[str], None]
) -> None:
    """See that a run ends, and all of its processes with it; end them if not."""
    try:
        process.wait(LONGEST if at == "worker" else LIMIT)
    except subprocess.TimeoutExpired:
        counts["hangs"] += 1
        say(f"hangs, with {(folder / 'said').read_text(encoding='utf-8')!r}")
    end = time.monotonic() + LIMIT
    while (left := group(process.pid)) and time.monotonic() < end:
        time.sleep(0.1)
    if left:
        counts["left behind"] += 1
        say(f"left behind: {', '.join(left.values())}")
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def _compare(folder: Path, expected: dict[str, bytes], counts: Counter[str]) -> None:
    """Count results that are the same to the byte, and those that are not."""
    found = contents(folder)
    for name in expected.keys() | found.keys():
        counts["equal" if found.get(name) == expected.get(name) else "silent"] += 1
