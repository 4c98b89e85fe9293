"""Where work is done: in this process, in processes of this machine, or on a dask cluster."""

from __future__ import annotations

import os
import pickle
import signal
import sys
import time
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping
from contextlib import ExitStack, closing, contextmanager
from functools import cache
from multiprocessing import resource_tracker
from typing import Any, Protocol

from bandits.kernels import prepare
from bandits.registry import naming
from experiments.run.forks import can_fork, forks
from experiments.run.signals import follow, leave_ctrl_c

Found = Generator[tuple[str, Any], None, None]

_CLASSES: dict[bytes, Mapping[str, type[Any]]] = {}
"""What classes by value are in this process: those that it sent as they are, others as they came."""


class Parallel(Protocol):
    """Applies a function to the values of (key, value) pairs, and yields (key, result) in the order of completion."""

    def __call__(self, function: Callable[[Any], Any], pairs: Iterable[tuple[str, Any]]) -> Found:
        """Start all, yield each when it is done."""


@contextmanager
def workers(
    jobs: int = -1, cluster: str | None = None, classes: Mapping[str, type[Any]] | None = None, copies: bool = False
) -> Iterator[Parallel]:
    """Workers for as long as the context lasts.

    Args:
        jobs: processes of this machine, -1 for one a core; with 1, everything runs in this process.
        cluster: address of a dask scheduler, or ``local:N``; see ``experiments.run.runner.run``.
        classes: what other processes cannot import, by name; it goes to them by value.
        copies: take copies of this process where that is safe: see ``forks``. New ones elsewhere.

    Raises:
        OSError: no scheduler answers at that address, or the extra ``cluster`` is not installed.
        ValueError: ``local:N`` without a whole number >= 1, or a class that cannot be pickled.
    """
    if cluster is None and jobs == 1:
        yield _here
        return
    pickled = _pickled(classes) if classes else b""
    _CLASSES[pickled] = classes or {}
    begun = time.monotonic()
    with _quiet(), _client(cluster), ExitStack() as stack:

        @cache
        def other() -> Parallel:
            return stack.enter_context(_joblib(jobs, cluster is not None, pickled))

        def parallel(function: Callable[[Any], Any], pairs: Iterable[tuple[str, Any]]) -> Found:
            left = dict(pairs)
            if copies and cluster is None and can_fork():
                prepare()
                with closing(forks(jobs, function, list(left.items()), begun)) as found:
                    for key, result in found:
                        del left[key]
                        yield key, result
            if left:
                with closing(other()(function, left.items())) as found:
                    yield from found

        yield parallel


@contextmanager
def _joblib(jobs: int, dask: bool, pickled: bytes) -> Iterator[Parallel]:
    """New processes of this machine, which end with the context, or those of the client of dask at hand."""
    import joblib
    from joblib.externals.loky import get_reusable_executor

    config: dict[str, Any] = {"backend": "dask"}
    if not dask:
        config = {"backend": "loky", "inner_max_num_threads": 1, "initializer": follow, "initargs": (os.getpid(),)}

    def parallel(function: Callable[[Any], Any], pairs: Iterable[tuple[str, Any]]) -> Found:
        calls = [joblib.delayed(_call)(function, key, value, tuple(sys.path), pickled) for key, value in pairs]
        if not calls:
            return
        with joblib.parallel_config(**config):  # one process alone joblib would not start, but work in this one
            number = -1 if dask else min(joblib.effective_n_jobs(jobs), max(2, len(calls)))
            start = joblib.Parallel(n_jobs=number, return_as="generator_unordered", batch_size=1)
            with _no_ctrl_c_below():
                found = start(calls)
            yield from found

    stopped = True
    try:
        yield parallel
        stopped = False
    finally:
        if not dask:  # else the same processes would serve the next run, with the modules as they were
            get_reusable_executor(kill_workers=stopped).shutdown(wait=True, kill_workers=stopped)


@contextmanager
def _quiet() -> Iterator[None]:
    """Start processes that do not warn of what a run that was killed left to clear away: this is what they are for."""
    sys.warnoptions.append("ignore:resource_tracker")
    try:
        yield
    finally:
        sys.warnoptions.remove("ignore:resource_tracker")


@contextmanager
def _no_ctrl_c_below() -> Iterator[None]:
    """Start processes that Ctrl-C does not reach, not even at their begin."""
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    resource_tracker.ensure_running()  # which would let it reach them again
    before = signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGINT])
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _here(function: Callable[[Any], Any], pairs: Iterable[tuple[str, Any]]) -> Found:
    for key, value in list(pairs):
        yield key, function(value)


def _call(
    function: Callable[[Any], Any], key: str, value: Any, path: tuple[str, ...], pickled: bytes
) -> tuple[str, Any]:
    """Run in a worker, which finds modules where its parent does, and its parent's classes by their names."""
    sys.path.extend(entry for entry in path if entry not in sys.path)
    with naming(_unpickled(pickled)):
        return key, function(value)


def _pickled(classes: Mapping[str, type[Any]]) -> bytes:
    """The classes by value.

    Raises:
        ValueError: one of them cannot be pickled.
    """
    from joblib.externals.loky.backend.reduction import dumps  # that of cloudpickle

    for name, cls in classes.items():
        try:
            dumps(cls)
        except Exception as error:  # of whatever it holds
            raise ValueError(
                f"the class {name} cannot be sent to other processes: {type(error).__name__}: {error}; put it in a "
                "module that these can import, or compute with jobs=1"
            ) from error
    return bytes(dumps(dict(classes)))


def _unpickled(pickled: bytes) -> Mapping[str, type[Any]]:
    """The classes, once a process: what comes twice would be two classes, or changed under its owner's hands."""
    if pickled not in _CLASSES:
        _CLASSES[pickled] = pickle.loads(pickled) if pickled else {}
    return _CLASSES[pickled]


@contextmanager
def _client(cluster: str | None) -> Iterator[None]:
    if cluster is None:
        yield
        return
    kind, _, number = cluster.partition(":")
    if kind == "local" and not (number.isdecimal() and len(number) < 9 and int(number) >= 1):
        raise ValueError(f"cluster must be an address like tcp://host:8786, or local:N with N >= 1, got {cluster!r}")
    try:
        from distributed import Client, LocalCluster
    except ImportError as error:
        raise OSError(f"--cluster needs dask: pip install 'regretlab[cluster]' ({error})") from error
    if kind == "local":
        with (
            LocalCluster(n_workers=int(number), threads_per_worker=1, dashboard_address="127.0.0.1:0") as here,
            Client(here, set_as_default=True) as client,
        ):
            client.run(leave_ctrl_c)
            yield
        return
    try:
        client = Client(cluster, timeout="10s", set_as_default=True)
    except (OSError, ValueError, TimeoutError) as error:
        raise OSError(f"no dask scheduler answers at {cluster}: {error}") from error
    except TypeError as error:  # what dask raises that has no certificates
        how = "name them in a file of dask's, and that file in DASK_CONFIG; see docs/cluster.md"
        raise OSError(f"{cluster} needs certificates: {how} ({error})") from error
    with client:
        yield
