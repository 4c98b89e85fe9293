"""Being asked to end."""

import os
import signal
import subprocess
import sys
import threading
import time

import pytest

from experiments.run.signals import AGAIN, Stopped, ending_tidily, stopping
from experiments.run.workers import _no_ctrl_c_below


def send(number):
    os.kill(os.getpid(), number)
    time.sleep(1.0)  # of which the signal makes an end


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_signals_raise_and_handlers_are_what_they_were(number):
    first = signal.signal(number, signal.default_int_handler if number == signal.SIGINT else signal.SIG_DFL)
    try:  # who started these tests may have them ignored
        before = signal.getsignal(number)
        with pytest.raises(Stopped) as caught, stopping():
            send(number)
        assert caught.value.number == number
        assert isinstance(caught.value, KeyboardInterrupt)
        assert signal.getsignal(number) == before
    finally:
        signal.signal(number, first)


def test_handlers_of_others_and_what_is_ignored_stay():
    got = []
    before = [signal.signal(signal.SIGTERM, lambda *a: got.append(a)), signal.signal(signal.SIGHUP, signal.SIG_IGN)]
    try:
        with stopping():
            os.kill(os.getpid(), signal.SIGHUP)
            os.kill(os.getpid(), signal.SIGTERM)
        assert len(got) == 1
    finally:
        for number, handler in zip((signal.SIGTERM, signal.SIGHUP), before, strict=True):
            signal.signal(number, handler)


def test_other_threads_leave_signals_alone():
    seen = []

    def work():
        with stopping():
            seen.append(signal.getsignal(signal.SIGTERM))

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert seen == [signal.getsignal(signal.SIGTERM)]


def test_the_same_signal_twice_at_once_is_one():
    """``timeout`` sends its own to its child, and again to the whole group."""
    ended = []

    def work():
        with stopping():
            try:
                send(signal.SIGTERM)
            finally:
                os.kill(os.getpid(), signal.SIGTERM)
                ended.append(True)

    with pytest.raises(Stopped):
        work()
    assert ended


def test_workers_start_out_of_reach_of_ctrl_c():
    code = "import signal; print(signal.SIGINT in signal.pthread_sigmask(signal.SIG_BLOCK, []))"

    def blocked():
        return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.strip()

    with _no_ctrl_c_below():
        assert blocked() == "True"
    assert blocked() == "False"


CODE = """\
import os, signal, time
from experiments.run.signals import *
with {context}:
    try:
        os.kill(os.getpid(), signal.{first})
        time.sleep(60)
    finally:
        print("clears away", flush=True)
        {then}
        print("is done", flush=True)
"""


@pytest.mark.parametrize(
    ("context", "first", "then", "status", "output"),
    [
        (stopping, "SIGINT", f"time.sleep({2 * AGAIN}); os.kill(os.getpid(), signal.SIGINT)", -2, ["clears away"]),
        (ending_tidily, "SIGTERM", "", -15, ["clears away", "is done"]),
    ],
)
def test_how_a_process_ends(context, first, then, status, output):
    code = CODE.format(context=f"{context.__name__}()", first=first, then=then)
    command = "import signal; signal.signal(signal.SIGINT, signal.default_int_handler)\n" + code
    done = subprocess.run([sys.executable, "-c", command], capture_output=True, text=True, timeout=30)
    assert done.returncode == status, done.stderr
    assert done.stdout.splitlines() == output
