"""Copies of this process that work: what they are like, how they end, and when there are none."""

import os
import random
import signal
import socket
import subprocess
import sys
import threading
import time

import joblib
import numpy as np
import pytest

import experiments
from experiments.run import forks as module
from experiments.run import lock, runner, workers
from experiments.run.forks import DiedError, forks
from experiments.run.lock import alone
from experiments.run.runner import run
from experiments.run.store import runs
from experiments.study.config import parse_study

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="copies are made on Linux alone")


def contents(folder):
    return {p.name: p.read_bytes() for p in (folder / "jobs").iterdir()}


def numbered(values):
    return [(str(i), value) for i, value in enumerate(values)]


@pytest.fixture
def quiet(monkeypatch):
    """Copies are made of this process, whatever tests have left in it."""
    monkeypatch.setattr(workers, "can_fork", lambda: True)
    monkeypatch.setattr(module, "_is_quiet", lambda: True)


def said(code, *arguments, cwd, **options):
    """What a program says on standard output, which ends soon and well."""
    command = [sys.executable, *arguments, "-c", code]
    ended = subprocess.run(command, cwd=cwd, capture_output=True, text=True, timeout=120, **options)
    assert ended.returncode == 0, ended.stderr
    return ended.stdout


def test_every_value_comes_back_once(quiet):
    for jobs in (1, 2, 3):
        for number in (0, 1, 2, 500):
            found = dict(forks(jobs, lambda value: value**2, numbered(range(number))))
            assert found == {str(i): i**2 for i in range(number)}


def test_several_are_at_work_at_once_when_the_first_has_been_for_a_while(quiet):
    def sleep(value):
        time.sleep(0.2)
        return os.getpid()

    found = [process for _, process in forks(3, sleep, numbered(range(6)))]
    assert len(set(found)) == 3
    assert os.getpid() not in found
    assert not any(map(runs, found))


def test_a_small_piece_of_work_is_left_to_one(quiet, monkeypatch):
    monkeypatch.setattr(module, "FIRST", 60.0)  # as long as a busy machine may take
    assert len({process for _, process in forks(8, lambda value: os.getpid(), numbered(range(5)))}) == 1


def test_all_are_at_work_at_once_when_work_has_been_under_way_for_a_while(quiet, monkeypatch):
    monkeypatch.setattr(module, "FIRST", 60.0)
    work = forks(2, lambda value: (time.sleep(0.2), os.getpid())[1], numbered(range(4)), time.monotonic() - 60.0)
    assert len({process for _, process in work}) == 2


def test_nothing_is_looked_for_while_the_only_copy_works(quiet, monkeypatch):
    looked = []

    def wait(pipes, seconds=None):
        looked.append(seconds)
        return look(pipes, seconds)

    look = module.wait
    monkeypatch.setattr(module, "wait", wait)
    assert len(list(forks(1, lambda value: time.sleep(0.5), numbered([1])))) == 1
    assert looked[1:] == [None]


def test_what_they_are_like(tmp_path, quiet):
    """As new processes: out of reach of Ctrl-C, with luck of their own, and nothing of their parent's in hand."""

    def look(value):
        time.sleep(0.1)
        handlers = [signal.getsignal(number) for number in numbers]
        return {
            "handlers": handlers,
            "blocked": signal.pthread_sigmask(signal.SIG_BLOCK, []),
            "luck": (random.random(), np.random.random()),  # noqa: NPY002
            "streams": sys.stdout is sys.__stdout__ and sys.stderr is sys.__stderr__,
            "held": lock._HELD,
            "errors": np.geterr(),
            "wakes": signal.set_wakeup_fd(-1),
            "environment": os.environ["OPENBLAS_NUM_THREADS"],
            "threads": [number() for number, _ in module._threads()],
        }

    numbers = signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGUSR1
    before = [
        signal.signal(number, handler)
        for number, handler in zip(numbers[1:], (lambda *a: None, signal.SIG_IGN, lambda *a: None), strict=True)
    ]
    mine, theirs = socket.socketpair()
    mine.setblocking(False)
    signal.set_wakeup_fd(mine.fileno())
    errors = np.seterr(all="raise")
    threads = [number() for number, _ in module._threads()]
    try:
        with alone(tmp_path):
            found = [like for _, like in forks(2, look, numbered(range(4)))]
            assert lock._HELD
    finally:
        np.seterr(**errors)
        assert signal.set_wakeup_fd(-1) == mine.fileno()
        mine.close(), theirs.close()
        for number, handler in zip(numbers[1:], before, strict=True):
            signal.signal(number, handler)
    for like in found:
        assert like["handlers"] == [signal.SIG_IGN, signal.SIG_DFL, signal.SIG_IGN, signal.SIG_DFL]
        assert like["errors"] == {"divide": "warn", "over": "warn", "under": "ignore", "invalid": "warn"}
        assert like["wakes"] == -1
        assert like["environment"] == "1"
        assert not like["blocked"]
        assert like["streams"]
        assert not like["held"]
        assert like["threads"] == [1] * len(threads)
    assert len({like["luck"] for like in found}) == 4
    assert [number() for number, _ in module._threads()] == threads


@pytest.mark.parametrize("way", [lambda: os._exit(3), lambda: os.kill(os.getpid(), signal.SIGKILL)])
def test_one_that_dies_is_named_and_the_others_end(way, quiet):
    def work(value):
        time.sleep(0.05)
        return way() if value == 5 else os.getpid()

    found = []
    with pytest.raises(DiedError) as caught:
        found += [process for _, process in forks(2, work, numbered(range(8)))]
    assert caught.value.key == "5"
    assert "status 3" in str(caught.value) or "status -9" in str(caught.value)
    assert not any(map(runs, found))


def test_they_end_at_once_with_whoever_asks_no_more(quiet):
    def work(value):
        time.sleep(60.0 * (value > 0))
        return os.getpid()

    found = forks(2, work, numbered(range(3)))
    begun = time.monotonic()
    _, process = next(found)
    found.close()
    assert time.monotonic() - begun < 10.0
    assert not runs(process)


def test_they_end_with_their_parent(tmp_path):
    code = (
        "import os, time\nfrom experiments.run.forks import forks\n"
        "def work(value):\n    time.sleep(60.0 * (value > 1))\n    return os.getpid()\n"
        "for _, process in forks(2, work, [(str(i), i) for i in range(9)]):\n    print(process, flush=True)\n"
    )
    parent = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True, cwd=tmp_path)
    assert int(parent.stdout.readline()) != parent.pid
    parent.kill()
    parent.communicate(timeout=20)  # which waits for all that have the pipe


@pytest.mark.parametrize("jobs", [2, 1])
def test_a_module_that_has_changed_is_read_anew(text, plugin, tmp_path, jobs):
    """By other processes; in this one it is what it was when it was imported."""
    study = text.replace("- ucb1", "- plugin:Slow")
    plugin.write_text(plugin.read_text(encoding="utf-8").replace("time.sleep(0.4)", "self.exploration = 2.0"))
    run(parse_study(study), tmp_path / "one", jobs=jobs)
    code = plugin.read_text(encoding="utf-8")
    plugin.write_text(code.replace("exploration = 2.0", "exploration = 0.01 # changed"), encoding="utf-8")
    run(parse_study(study), tmp_path / "two", jobs=jobs)
    one, two = (experiments.load(tmp_path / n).experiments["two"].regret("plugin:Slow") for n in ("one", "two"))
    assert np.array_equal(one, two) == (jobs == 1)


def test_small_jobs_are_computed_elsewhere_where_a_module_has_changed(study, tmp_path, monkeypatch):
    def never(job):
        raise AssertionError("in the process with the old module")

    with monkeypatch.context() as patch:
        patch.setattr(runner, "_work", never)
        with pytest.raises(AssertionError):
            run(study, tmp_path, jobs=2)
    handed = []

    def workers(jobs, cluster, classes, copies):
        handed.append(copies)
        raise KeyboardInterrupt

    monkeypatch.setattr(runner, "is_current", lambda packages: False)
    monkeypatch.setattr(runner, "workers", workers)
    with pytest.raises(KeyboardInterrupt):
        run(study, tmp_path, jobs=2)
    assert handed == [False]


def test_copies_are_made_for_jobs_of_ours_alone(text, plugin, tmp_path, monkeypatch):
    handed = []

    def workers(jobs, cluster, classes, copies):
        handed.append(copies)
        raise KeyboardInterrupt

    monkeypatch.setattr(runner, "is_current", lambda packages: True)
    monkeypatch.setattr(runner, "FIRST", -1.0)
    monkeypatch.setattr(runner, "workers", workers)
    for policies in ("- ucb1", "- plugin:Raises", "- ucb1\n      - plugin:Raises"):
        with pytest.raises(KeyboardInterrupt):
            run(parse_study(text.replace("- ucb1", policies)), tmp_path / str(len(handed)), jobs=2)
    assert handed == [True, False, False]


def test_the_last_small_jobs_are_computed_here_though_the_first_took_long(text, tmp_path, monkeypatch):
    def slow(job):
        time.sleep(0.3)
        return work(job)

    run(parse_study(text), tmp_path / "compiled", jobs=1)
    work = runner._work
    monkeypatch.setattr(runner, "_work", slow)
    monkeypatch.setattr(runner, "is_current", lambda packages: True)
    monkeypatch.setattr(workers, "forks", None)
    monkeypatch.setattr(workers, "_joblib", None)
    monkeypatch.setattr(runner, "FIRST", 2.0)  # over before the last of nine
    assert not run(parse_study(text), tmp_path / "here", jobs=2).failed
    assert contents(tmp_path / "here") == contents(tmp_path / "compiled")


def test_none_is_made_where_something_does_not_bear_it(tmp_path):
    """A thread, Python's or not, another than the main one, a worker, a library, a changed or lost module."""
    (tmp_path / "mine.py").write_text("")
    os.utime(tmp_path / "mine.py", (0, 0))
    code = """
import multiprocessing, os, sys, threading, time, _thread
import mine
from experiments.run import forks
from experiments.run.forks import TAME, can_fork

def thread(start, tame=False):
    end = threading.Event()
    mine = start(end)
    if tame:
        TAME.add(mine)
    found = can_fork()
    end.set()
    time.sleep(0.2)
    return found

def plain(end):
    made = threading.Thread(target=end.wait)
    made.start()
    return made

def low(end):
    _thread.start_new_thread(end.wait, ())
    time.sleep(0.2)

def elsewhere():
    found = []
    other = threading.Thread(target=lambda: found.append(can_fork()))
    other.start()
    other.join()
    return found[0]

forks._changed(mine.__file__)
forks.BEGUN = time.time() + 1e6  # what was written just now counts as old
assert can_fork()
assert not thread(plain)
assert not thread(low)
assert thread(plain, tame=True)
assert not elsewhere()
time.sleep(0.2)
assert can_fork()
with multiprocessing.get_context("fork").Pool(1) as pool:
    assert not pool.apply(can_fork)
time.sleep(0.2)
assert can_fork()
libraries = forks._libraries
for name in ("/usr/lib/libgomp-a34b3233.so.1.0.0", "/usr/lib/libany.so.1 (deleted)"):
    forks._libraries = lambda: {name}
    assert not can_fork()
forks._libraries = libraries
assert can_fork()
forks.BEGUN = 0.0
assert not can_fork()
forks.BEGUN = time.time() + 1e6
with open(mine.__file__, "w") as stream:
    stream.write("NUMBER = 1")
assert not can_fork(), "other than it was, though older than the program by its clock"
os.remove(mine.__file__)
assert not can_fork()
del sys.modules["mine"]
assert can_fork()
sys.platform = "darwin"
assert not can_fork()
print("well")
"""
    assert said(code, cwd=tmp_path) == "well\n"


def test_what_waits_in_a_stream_is_written_once(tmp_path):
    code = (
        "import contextlib, io, sys\nfrom experiments.run.forks import forks\nprint('once')\n"
        "with contextlib.redirect_stdout(io.StringIO()):\n    found = list(forks(2, abs, [('1', 1), ('2', 2)]))\n"
        "assert len(found) == 2\n"
    )
    assert said(code, cwd=tmp_path) == "once\n"


@pytest.mark.parametrize("setting", ["SIG_IGN", "lambda *a: os.waitpid(-1, 0)"])
def test_somebody_else_waits_for_children(tmp_path, setting):
    code = (
        f"import os, signal\nfrom experiments.run.forks import forks\nfrom signal import SIG_IGN\n"
        f"signal.signal(signal.SIGCHLD, {setting})\n"
        "assert len(list(forks(2, abs, [('1', 1), ('2', 2)]))) == 2\n"
    )
    assert said(code, cwd=tmp_path) == ""


def test_one_that_dies_within_an_answer_is_named(quiet):
    def work(value):
        if value == 1:
            threading.Timer(0.3, os.kill, (os.getpid(), signal.SIGKILL)).start()
            return b"x" * 2**24  # more than a pipe takes
        return value

    found = forks(1, work, numbered(range(2)))
    assert next(found) == ("0", 0)
    time.sleep(1.0)
    with pytest.raises(DiedError) as caught:
        next(found)
    assert caught.value.key == "1"


def test_much_goes_both_ways(quiet):
    pairs = [(str(i), bytes([i % 256]) * 300_000) for i in range(60)]
    assert dict(forks(2, lambda value: value * 2, pairs)) == {key: value * 2 for key, value in pairs}


def test_values_that_no_copy_may_take_are_left(quiet, monkeypatch):
    """A thread that begins in between, or a system that makes no process: the others finish what they are at."""
    answers = iter([True, False])
    monkeypatch.setattr(module, "_is_quiet", lambda: next(answers))
    found = list(forks(2, lambda value: time.sleep(0.02), numbered(range(20))))
    assert 0 < len(found) < 20
    monkeypatch.setattr(module, "_is_quiet", lambda: True)
    monkeypatch.setattr(os, "fork", lambda: (_ for _ in ()).throw(BlockingIOError("too many processes")))
    assert list(forks(2, abs, numbered(range(20)))) == []


def test_new_processes_take_what_copies_leave(monkeypatch):
    monkeypatch.setattr(workers, "can_fork", lambda: True)
    monkeypatch.setattr(workers, "forks", lambda jobs, function, pairs, begun: iter_some(pairs))

    def iter_some(pairs):
        yield pairs[0][0], "copy"

    with workers.workers(2, copies=True) as parallel:
        assert dict(parallel(abs, numbered([-1, -2, -3]))) == {"0": "copy", "1": 2, "2": 3}


def test_no_more_new_processes_are_started_than_there_is_work(monkeypatch):
    """But two at the least: with one, joblib would work in this process."""
    asked = []

    def parallel(n_jobs, **options):
        asked.append(n_jobs)
        return lambda calls: iter([(key, function(value)) for _, (function, key, value, *_), _ in calls])

    monkeypatch.setattr(joblib, "Parallel", parallel)
    with workers.workers(64) as work:
        for number in (1, 3, 100):
            assert dict(work(abs, numbered(range(-number, 0)))) == {str(i): number - i for i in range(number)}
    assert asked == [2, 3, 64]


STUDY = """
name: small
seed: 1
batch: 1
experiments:
  - name: two
    environment: {name: bernoulli, parameters: {means: [0.4, 0.6]}}
    horizon: 60000
    replicates: 2
    policies: [ucb1, exp3]
"""

THREADS = """
import _imp, io, logging, sys, threading, time
from numba.core.compiler_lock import global_compiler_lock
from experiments.run.runner import run
from experiments.study.config import parse_study

study, folder = parse_study(sys.argv[1]), sys.argv[2]
handler = logging.StreamHandler(sys.stderr)
logging.getLogger().addHandler(handler)

def hold(take, give):
    while True:
        take()
        time.sleep(0.01)
        give()

def write():
    while True:
        sys.stderr.write("." * 100_000)

for lock in (global_compiler_lock._lock, logging._lock, handler.lock):
    threading.Thread(target=hold, args=(lock.acquire, lock.release), daemon=True).start()
threading.Thread(target=hold, args=(_imp.acquire_lock, _imp.release_lock), daemon=True).start()
threading.Thread(target=write, daemon=True).start()
outcome = run(study, folder, jobs=2)
assert not outcome.failed and len(outcome.done) == 6, outcome.done
print("well")
sys.stdout.flush()
import os
os._exit(0)
"""


def test_no_run_hangs_whatever_other_threads_hold(tmp_path):
    command = [sys.executable, "-c", THREADS, STUDY, str(tmp_path / "theirs")]
    with open(os.devnull, "w") as nowhere:
        ended = subprocess.run(
            command, cwd=tmp_path, stdout=subprocess.PIPE, stderr=nowhere, text=True, timeout=240, check=True
        )
    assert ended.stdout == "well\n"
    run(parse_study(STUDY), tmp_path / "ours", jobs=1)
    assert contents(tmp_path / "theirs") == contents(tmp_path / "ours")


@pytest.mark.slow
def test_a_run_within_a_worker(tmp_path):
    """Of a pool of multiprocessing, whose workers may have no children; warnings are errors."""
    (tmp_path / "nested.py").write_text(
        "from experiments.run.runner import run\nfrom experiments.study.config import parse_study\n"
        "def work(folder):\n    import warnings\n    warnings.simplefilter('ignore')\n"
        "    return len(run(parse_study(STUDY), folder, jobs=2).failed)\n"
        f"STUDY = {STUDY!r}\n"
    )
    code = (
        "import multiprocessing, nested\nif __name__ == '__main__':\n"
        "    with multiprocessing.get_context('spawn').Pool(1) as pool:\n"
        "        print(pool.apply(nested.work, ['out']))\n"
    )
    assert said(code, cwd=tmp_path) == "0\n"


@pytest.mark.slow
def test_new_processes_in_their_place_give_the_same_bytes(text, tmp_path, quiet, monkeypatch):
    study = parse_study(text.replace("- ucb1", "- exp3\n      - moss"))
    monkeypatch.setattr(runner, "FIRST", -1.0)
    monkeypatch.setattr(runner, "is_current", lambda packages: True)
    monkeypatch.setattr(workers, "_joblib", None)
    run(study, tmp_path / "copies", jobs=2)
    monkeypatch.undo()
    monkeypatch.setattr(runner, "is_current", lambda packages: False)
    monkeypatch.setattr(workers, "forks", None)
    run(study, tmp_path / "new", jobs=2)
    assert contents(tmp_path / "copies") == contents(tmp_path / "new")
    assert len(contents(tmp_path / "new")) > 0
