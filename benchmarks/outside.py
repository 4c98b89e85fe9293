"""The share of a job's time that is spent outside kernels.

Kernels are the compiled functions of ``bandits`` and ``environments``, policies' and environments' alike (drawing what
decides outcomes, accounting, the comparators'), and the methods of numpy's generators, which fill arrays with random
numbers. All else is outside: Python, numpy's calls on small arrays, copies, records, bookkeeping. A kernel that is
called from Python is timed where it is called; what the clock itself takes is worked out and taken off.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

PACKAGES = ("bandits", "environments", "experiments")
DRAWS = [
    *("beta", "binomial", "choice", "exponential", "gamma", "geometric", "integers", "normal", "permutation"),
    *("permuted", "random", "shuffle", "standard_exponential", "standard_gamma", "standard_normal", "uniform"),
]
"""Methods of numpy's generators that draw."""


class Clock:
    """Seconds that passed in what it wraps, and the number of calls; a call within another is part of that."""

    def __init__(self) -> None:
        self.seconds, self.calls, self._inside = 0.0, 0, False

    def timed(self, function: Callable[..., Any]) -> Callable[..., Any]:
        """``function``, on this clock."""

        def call(*args: Any, **named: Any) -> Any:
            if self._inside:
                return function(*args, **named)
            self._inside = True
            start = time.thread_time()
            try:
                return function(*args, **named)
            finally:
                self.seconds += time.thread_time() - start
                self.calls += 1
                self._inside = False

        return call

    def own(self) -> tuple[float, float]:
        """Seconds that a call's timing adds to the run, and those of them that the clock takes for the function's."""
        clock, calls = Clock(), 20_000
        nothing, timed = (lambda: None), clock.timed(lambda: None)
        took = []
        for function in (nothing, timed):
            start = time.thread_time()
            for _ in range(calls):
                function()
            took.append((time.thread_time() - start) / calls)
        return took[1] - took[0], clock.seconds / calls - took[0]


class _Generator(np.random.Generator):
    """A generator whose draws are timed; those that it spawns are such, too."""

    clock: Clock


def _untimed(rng: Any) -> Any:
    return np.random.Generator(rng.bit_generator) if isinstance(rng, np.random.Generator) else rng


def _draw(name: str) -> Callable[..., Any]:
    method = getattr(np.random.Generator, name)
    return lambda self, *args, **named: self.clock.timed(method)(self, *args, **named)


for _name in DRAWS:
    setattr(_Generator, _name, _draw(_name))


@contextmanager
def timed_kernels(clock: Clock) -> Iterator[None]:
    """All kernels that Python code of ``bandits`` and ``environments`` calls are timed meanwhile."""
    from numba.core.dispatcher import Dispatcher

    from bandits.kernels import _Kernel
    from environments.contract import copy_of

    changed: list[tuple[Any, str, Any]] = []

    def change(thing: Any, name: str, to: Any) -> None:
        changed.append((thing, name, vars(thing)[name]))
        setattr(thing, name, to)

    _Generator.clock = clock
    make = np.random.default_rng
    made = {
        id(make): lambda seed=None: _Generator(make(seed).bit_generator),
        id(copy_of): lambda rng: _Generator(copy_of(_untimed(rng)).bit_generator),
    }
    change(np.random, "default_rng", made[id(make)])
    for module in [m for name, m in sys.modules.items() if name.split(".")[0] in PACKAGES]:
        for name, value in list(vars(module).items()):
            if id(value) in made:
                change(module, name, made[id(value)])
            elif isinstance(value, Dispatcher | _Kernel):
                change(module, name, clock.timed(value))
    try:
        yield
    finally:
        for thing, name, value in changed:
            setattr(thing, name, value)


def share_outside(play: Callable[[], object], repeats: int = 3) -> float:
    """The least share of the time of ``play()`` outside kernels, of some repeats.

    It is called once before them, and once in each before it is timed: Python specialises code, and does so anew where
    functions were replaced.
    """
    play()
    shares = []
    for _ in range(repeats):
        clock = Clock()
        with timed_kernels(clock):
            play()
            clock.seconds, clock.calls = 0.0, 0
            start = time.thread_time()
            play()
            whole = time.thread_time() - start
        adds, counted = clock.own()
        shares.append(1.0 - (clock.seconds - clock.calls * counted) / (whole - clock.calls * adds))
    return min(shares)
