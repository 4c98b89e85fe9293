"""Wrong values for every parameter of every constructor that can be named, alone and in random pairs.

A value is refused by a ``ValueError`` that names the parameter and shows what was got, in a message of a few lines; or
it is accepted because it is of a kind that the parameter's annotation allows. What is accepted is started as well: an
environment begins a run, a policy is reset. Constructors are called in a process of their own with little memory.
"""

from __future__ import annotations

import collections
import contextlib
import functools
import importlib
import inspect
import itertools
import json
import math
import os
import pkgutil
import re
import resource
import select
import signal
import subprocess
import sys
import time
import typing
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import gymnasium
import numpy as np
import pooch
from numba.core.compiler_lock import global_compiler_lock

import bandits
import environments
from bandits.contract import Policy
from bandits.families import families
from bandits.groupwise.predictor import GroupwisePredictor
from bandits.registry import ENVIRONMENTS, Registry
from environments.contract import Environment
from experiments.run.identity import arguments_of

SECONDS, MEMORY, PAIRS = 5, 3 << 30, 5000


class Stranger:
    """An object of nobody's class."""


def _ring() -> list[Any]:
    ring: list[Any] = []
    ring.append(ring)
    return ring


VALUES: dict[str, Any] = {
    "None": None,
    "True": True,
    "False": False,
    "0": 0,
    "1": 1,
    "-1": -1,
    "1.5": 1.5,
    "-0.5": -0.5,
    "nan": math.nan,
    "inf": math.inf,
    "-inf": -math.inf,
    "1e30": 1e30,
    "1e300": 1e300,
    "-1e300": -1e300,
    "1e-300": 1e-300,
    "10**9": 10**9,
    "10**12": 10**12,
    "2**63": 2**63,
    "10**30": 10**30,
    "-10**30": -(10**30),
    "10**400": 10**400,
    "10**5000": 10**5000,
    "1j": 1j,
    "''": "",
    "'x'": "x",
    "'yes'": "yes",
    "'1'": "1",
    "'nul'": "a\0b",
    "'long'": "x" * 100_000,
    "'surrogate'": "\ud800",
    "b'x'": b"x",
    "[]": [],
    "()": (),
    "{}": {},
    "set": {1, 2},
    "[[]]": [[]],
    "[1]": [1],
    "[0.5]": [0.5],
    "[nan]": [math.nan],
    "[inf]": [math.inf],
    "[1e30]": [1e30],
    "[10**400]": [10**400],
    "[True]": [True],
    "[None]": [None],
    "['x']": ["x"],
    "[-1]": [-1],
    "[1, 1]": [1, 1],
    "[1, 0]": [1, 0],
    "[0.2, nan]": [0.2, math.nan],
    "[-1e300, 1e300]": [-1e300, 1e300],
    "ragged": [[1], [1, 2]],
    "deeper": [[[1, 2]], [[3]]],
    "[{}]": [{}],
    "ring": _ring(),
    "many": [0.5] * 10_000,
    "{'x': 1}": {"x": 1},
    "{1: 2}": {1: 2},
    "{'x': {}}": {"x": {}},
    "{'x': None}": {"x": None},
    "{'x': {'y': nan}}": {"x": {"y": math.nan}},
    "{'x': {1: 1.0}}": {"x": {1: 1.0}},
    "{'name': 'x'}": {"name": "x"},
    "{'name': 3}": {"name": 3},
    "{'name': 'table', ...}": {"name": "table", "parameters": {"values": "x"}},
    "{'name': 'ucb1'}": {"name": "ucb1"},
    "{'name': 'bernoulli'}": {"name": "bernoulli"},
    "stranger": Stranger(),
    "class": Stranger,
    "function": len,
    "range": range(3),
    "generator": iter(()),
    "array of nothing": np.array([]),
    "array of one": np.array(0.5),
    "array of nan": np.array([math.nan, 1.0]),
    "array of texts": np.array(["x", "y"]),
    "array of objects": np.array([None, {}], dtype=object),
    "array of complex": np.array([1j, 2.0]),
    "array of three axes": np.zeros((2, 2, 2)),
    "np.nan": np.float32("nan"),
    "np.bool": np.True_,
    "date": __import__("datetime").date(2024, 1, 1),
}
"""Wrong for most parameters."""

BASES: dict[str, list[dict[str, Any]]] = {
    "request sequence given": [{"pages": [0, 1, 2, 1]}, {"pages": [0, 1], "n_pages": 3}],
    "request sequence trace": [{"path": "TRACE"}, {"path": "TRACE", "format": "csv", "column": 1, "delimiter": ","}],
    "request sequence markov": [{"N": 3}, {"P": [[0.5, 0.5], [1.0, 0.0]]}],
    "source of predictions flip": [{"kind": "discard", "p": 0.1}, {"kind": "phase", "p01": 0.1, "p10": 0.2}],
    "source of predictions constant": [{"kind": "discard", "value": 0}],
    "source of predictions given": [{"kind": "discard", "values": [0, 1]}, {"kind": "reuse", "values": [3.0, 1.0]}],
    "source of predictions noisy_reuse": [{"kind": "reuse", "sigma": 1.0}],
    "source of predictions learned": [{"kind": "discard"}],
    "source of predictions pleco": [{"kind": "discard"}],
    "source of predictions static": [{"kind": "discard", "bits": [0, 1]}],
    "source of predictions oracle": [{"kind": "discard"}],
    "source of predictions inverted": [{"kind": "discard"}],
    "source of predictions popu": [{"kind": "discard"}],
    "curve table": [{"values": [0.1, 0.2]}],
    "curve geometric": [{"a": 0.5, "q": 0.5, "recovery": 3}],
    "curve step": [{"a": 0.5, "recovery": 3}],
    "curve linear": [{"a": 0.5, "recovery": 3}],
    "curve logistic": [{"a": 0.5, "c": 1.0, "s": 1.0, "recovery": 3}],
    "curve constant": [{"a": 0.5}],
    "curve random_monotone": [{"recovery": 3, "seed": 1}],
    "curve function": [{"function": float, "recovery": 1}],
    "law of delays geometric": [{"mean": 2.0}],
    "law of delays uniform": [{"high": 4}],
    "means given": [{"values": [0.5, 0.2]}],
    "means setup": [{"setup": "g4"}],
    "comparator ridge": [{"penalty": 1.0}],
    "comparator bounded_ols": [{"radius": 1.0}],
    "region square": [{"side": 3}],
    "region L": [{"side": 3}],
    "shifts beta": [{"offset": 1.0, "width": 2.0, "a": 1.0, "b": 2.0}],
    "grid theorem": [{"omega_max": 1.5, "size": 3}],
    "grid midpoint": [{"low": 1.0, "high": 1.5, "size": 3}],
    "grid anchored": [{"low": 1.0, "high": 1.5, "anchor": 1.1, "size": 3}],
    "kind of weights exponential": [{"beta": 0.5}],
    "kind of weights table": [{"values": [1.0, 0.5]}],
    "loss practice": [{"full": 2.0, "a": 0.8, "b": 0.3}],
    "loss step": [{"full": 2.0, "a": 0.8, "b": 0.3, "theta": 1.0}],
    "loss satiation": [{"full": 2.0, "c": 0.3, "e": 0.3}],
    "loss bump": [{"full": 2.0, "a": 0.3, "c": 0.3, "b": 0.5}],
    "loss constant": [{"full": 2.0, "c": 0.3}],
    "loss exactly": [{"full": 2.0, "at": 1.0}],
    "loss table": [{"full": 2.0, "values": {1.0: 0.5}}],
    "law of theta given": [{"values": [0.5, -0.5]}],
    "misspecification table": [{"values": [0.1, -0.1]}],
    "misspecification tilt": [{"action": 1}],
    "sequence of parameters table": [{"values": [[0.5, 0.1], [0.2, -0.4]]}],
    "model table": [
        {"transitions": [[[0.5, 0.5], [0.0, 1.0]], [[1.0, 0.0], [0.25, 0.75]]], "rewards": [[0.1, 0.4]] * 2}
    ],
    "model gymnasium": [{"id": "FrozenLake-v1"}],
    "source of losses table": [{"transitions": [[[0.5, 0.5]], [[1.0, 0.0]]], "losses": [[[0.1], [0.4]]]}],
    "mixture table": [
        {"transitions": [[[[0.5, 0.5]], [[1.0, 0.0]]]] * 2, "rewards": [[[0.1], [0.4]]] * 2, "n_stages": 2}
    ],
    "set of actions table": [{"features": [[1.0, 0.0], [0.0, 1.0]]}],
    "environment adult": [{"horizon": 50}],
    "environment adult_reconstruction": [{"horizon": 50}],
    "environment medical_costs": [{"horizon": 50}],
    "tool context_table": [{"rewards": [[0.5, 1.0], [0.0, 0.5]], "contexts": [[0.1], [0.9]]}],
    "tool feature_table": [{"rewards": [[0.5, 1.0]], "features": [[[0.5, 0.5], [0.0, 1.0]]]}],
    "tool log": [{"actions": [0, 1], "rewards": [0.5, 1.0], "n_actions": 2}],
    "tool played_episodes": [{"environment": gymnasium.make("FrozenLake-v1")}],
    "tool policy_cache": [{"maxsize": 3, "policy": "lru"}],
}
"""Arguments of components that need some, and of what is in no family's examples; those of the others are found."""

LARGE = ("adult", "adult_reconstruction", "medical_costs")
"""Environments that read files for seconds: every tenth value only, and none of the pairs."""

GIVEN = {"loss": {"full"}, "region": {"side"}}
"""Parameters of components that are set from outside, by the registry's kind."""


@dataclass(frozen=True, eq=False)
class Place:
    """A constructor with arguments that are fine, of which one or two are to be replaced."""

    registry: Registry
    name: str
    base: dict[str, Any]
    attacked: tuple[str, ...]

    @property
    def what(self) -> str:
        return f"{self.registry.kind} {self.name}"

    @property
    def cls(self) -> type[Any]:
        return self.registry.load(self.name)

    @property
    def parameters(self) -> list[str]:
        return [p for p in inspect.signature(self.cls).parameters if p not in GIVEN.get(self.registry.kind, ())]


def registries() -> list[Registry]:
    """All there are."""
    for package in (bandits, environments):
        for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            importlib.import_module(module.name)
    found = [
        thing
        for module in list(sys.modules.values())
        if module.__name__.split(".")[0] in ("bandits", "environments")
        for thing in vars(module).values()
        if isinstance(thing, Registry)
    ]
    return sorted({id(r): r for r in found}.values(), key=lambda r: r.kind)


@functools.cache
def places() -> list[Place]:
    """Every constructor that can be named, with each of the arguments that there are examples of."""
    bases = collections.defaultdict(list, {k: list(v) for k, v in BASES.items()})
    trace = Path(os.environ.get("TMPDIR", "/tmp")) / f"constructors-{os.getuid()}.csv"
    trace.write_text("1,2\n2,3\n1,2\n")
    for path in bases["request sequence trace"]:
        path["path"] = str(trace)
    for family in families():
        for name, variants in family.variants.items():
            bases[f"policy {name}"] += map(dict, variants)
        for example in family.example_environments():
            if (name := ENVIRONMENTS.name_of(type(example))) in ENVIRONMENTS:
                bases[f"environment {name}"].append(arguments_of(example))
    found = []
    for registry in registries():
        for name in registry:
            seen: dict[str, list[Any]] = collections.defaultdict(list)
            for base in bases.get(f"{registry.kind} {name}", [{}]):
                place = Place(registry, name, base, ())
                new = [p for p in place.parameters if repr(base.get(p)) not in seen[p]]
                for p in new:
                    seen[p].append(repr(base.get(p)))
                found.append(replace(place, attacked=tuple(new)))
    return found


@functools.cache
def hints(cls: type[Any]) -> dict[str, Any]:
    """What the annotations of a constructor's parameters say."""
    return typing.get_type_hints(cls if hasattr(cls, "__dataclass_fields__") else cls.__init__)


def fits(value: Any, hint: Any) -> bool:
    """Whether a value is of the kind that an annotation tells, numbers finite, no flag for a number nor the reverse."""
    origin, of = typing.get_origin(hint), typing.get_args(hint)
    if origin in (typing.Union, type(int | str)):
        return any(fits(value, one) for one in of)
    if hint is Any or isinstance(hint, typing.TypeVar):
        return isinstance(value, str | Mapping) or callable(value)
    if hint in (None, type(None)):
        return value is None
    if origin is typing.Literal:
        return value in of
    if hint is bool:
        return isinstance(value, bool)
    if hint is int:
        return isinstance(value, int | np.integer) and not isinstance(value, bool)
    if hint is float:
        return isinstance(value, int | float | np.number) and not isinstance(value, bool) and _finite(value)
    if origin is collections.abc.Callable:
        return callable(value)
    if origin is tuple:
        return isinstance(value, list | tuple)
    if isinstance(value, np.ndarray) and origin in (collections.abc.Sequence, np.ndarray):
        return value.ndim > 0 and (
            value.dtype.kind == "U" if of == (str,) else value.dtype.kind in "iuf" and bool(np.isfinite(value).all())
        )
    if origin is collections.abc.Sequence:
        return (
            isinstance(value, collections.abc.Sequence)
            and not isinstance(value, str | bytes)
            and all(fits(entry, of[0]) for entry in itertools.islice(value, 100))
        )
    if origin is collections.abc.Mapping:
        return isinstance(value, Mapping) and all(fits(k, of[0]) and fits(v, of[1]) for k, v in value.items())
    return isinstance(value, origin or hint)


def _finite(value: Any) -> bool:
    try:
        return math.isfinite(value)
    except (OverflowError, TypeError):
        return False


class Hang(BaseException):
    """Time is over."""


TAKEN = {
    **{("tool log", value): "lists for arrays" for value in ("[1, 1]", "[1, 0]", "[-1e300, 1e300]")},
    ("environment bernoulli", "array of nothing"): "no words",
    ("source of predictions given", "[inf]"): "a predicted time may be never",
    ("source of predictions given", "[True]"): "bits",
    ("source of predictions static", "[True]"): "bits",
}
"""Values that are no finite numbers and still what the parameter is for."""


def judge(place: Place, names: dict[str, str]) -> tuple[str, str]:
    """(what came of it, details) of a call of a constructor with wrong values of those names."""
    cls, given = place.cls, {key: VALUES[name] for key, name in names.items()}
    made = None
    try:
        made = build(cls, {**place.base, **given})
        if bad := [
            key
            for key in given
            if not fits(given[key], hints(cls).get(key, Any)) and (place.what, names[key]) not in TAKEN
        ]:
            return "silent", f"accepts {', '.join(bad)}"
        if not any(map(callable, given.values())):  # what somebody's own function does is his
            start(made)
        return "accepted", ""
    except ValueError as error:
        if made is None:
            return unclear(str(error), place.parameters) or ("refused", str(error))
        return ("refused at reset", str(error)) if isinstance(made, Policy) else ("silent", f"late: {error}")
    except FileNotFoundError as error:  # documented, where a parameter or a data set names a file
        return ("refused", str(error)) if made is None and len(str(error)) < 900 else ("tracebacks", f"late: {error}")
    except Hang:
        return "hangs", "constructor" if made is None else "start"
    except Exception as error:
        return "tracebacks", f"{'constructor' if made is None else 'start'}: {type(error).__name__}: {error}"


def build(cls: type[Any], arguments: Mapping[str, Any]) -> Any:
    """An object; one that keeps its arguments as they are until rows come, as scikit-learn asks, is given some."""
    made = cls(**arguments)
    if isinstance(made, GroupwisePredictor) and not callable(made.base_learner):
        X, y = np.array([[0.1, 0.9], [0.5, 0.4]]), np.array([0.3, 0.8])
        made.fit(X, y, None if made.groups is not None else {"odd": [0, 1]})
    return made


def unclear(told: str, parameters: Sequence[str]) -> tuple[str, str] | None:
    """What is not good in a message."""
    if len(told) > 800:
        return "silent", f"too long ({len(told)}): {told[:200]}"
    if not any(re.search(rf"\b{key}\b", told) for key in parameters):
        return "silent", f"does not name it: {told}"
    if not re.search(r"\bgot\b|\bunknown\b|names the group|needs the parameter|has no parameter|it lacks", told):
        return "silent", f"does not tell what it got: {told}"
    return None


_PROBLEMS: list[Any] = []


def start(made: Any) -> None:
    """Begin a run of an environment, reset a policy for the problems that it plays."""
    if isinstance(made, Environment):
        made.begin(made.draw(np.random.default_rng(1)))
        made.observe()
    if isinstance(made, Policy):
        if not _PROBLEMS:
            _PROBLEMS.extend(e.problem for family in families() for e in family.example_environments())
        for problem in [p for p in _PROBLEMS if isinstance(p, made.plays)][:3]:
            made.reset(problem, np.random.default_rng(1))


@functools.cache
def warm(place: Place) -> bool:
    """Build and start what is fine, so that compiling takes no time of wrong values; whether its data are at hand."""
    try:
        made = build(place.cls, place.base)
    except FileNotFoundError:
        return False
    with contextlib.suppress(ValueError):  # of a policy that wants other problems than the first examples
        start(made)
    return True


Case = tuple[Place, dict[str, str]]


def singles() -> list[Case]:
    """Each parameter with each wrong value."""
    return [
        (place, {key: name})
        for place in places()
        for key in place.attacked
        for name in list(VALUES)[:: 10 if place.name in LARGE else 1]
    ]


def pairs(number: int, rng: np.random.Generator) -> list[Case]:
    """As many random pairs of parameters of a constructor with random wrong values."""
    several, names, found = (
        [place for place in places() if len(place.parameters) > 1 and place.name not in LARGE],
        list(VALUES),
        [],
    )
    for _ in range(number):
        place = several[rng.integers(len(several))]
        keys = rng.choice(place.parameters, 2, replace=False).tolist()
        found.append((place, {key: names[rng.integers(len(names))] for key in keys}))
    return found


def attack(share: float, rng: np.random.Generator, say: Callable[[str], None]) -> dict[str, int]:
    """Counts of what came of it, see ``judge``."""
    seed, lanes = int(rng.integers(1 << 30)), 2 if share > 0.1 else 1
    workers = [Worker(share, seed, lane, lanes) for lane in range(lanes)]
    counts: collections.Counter[str] = collections.Counter(dict.fromkeys(("tracebacks", "hangs", "silent"), 0))
    try:
        while busy := [worker for worker in workers if not worker.done]:
            for worker in busy:
                for case, what, why in worker.news():
                    counts[what] += 1
                    if what in ("tracebacks", "hangs", "silent"):
                        say(f"{case}: {what}: {why}"[:400])
    finally:
        for worker in workers:
            worker.end()
    return {"calls": counts.total(), **counts}


class Worker:
    """A process that judges every ``lanes``-th case, and is replaced when it does not come back from one."""

    def __init__(self, share: float, seed: int, lane: int, lanes: int) -> None:
        self.order, self.next, self.done = (share, seed, lanes), lane, False
        self.lanes, self.case = lanes, ""
        self._begin()

    def _begin(self) -> None:
        share, seed, lanes = self.order
        self.process = subprocess.Popen(
            [sys.executable, __file__, *map(str, (share, seed, self.next, lanes))],
            stdout=subprocess.PIPE,
            env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
        )
        self.heard, self.ready, self.rest = time.monotonic(), False, b""

    def news(self) -> Iterator[tuple[str, str, str]]:
        """(case, what came of it, details) of those that were judged since the last time."""
        stream = self.process.stdout
        assert stream is not None
        if not select.select([stream], [], [], 0.05)[0]:
            if time.monotonic() - self.heard > (60 if self.ready else 300):
                yield from self._lost("hangs", "the process does not come back")
            return
        read = os.read(stream.fileno(), 1 << 16)
        self.heard = time.monotonic()
        *lines, self.rest = (self.rest + read).split(b"\n")
        for line in lines:
            number, *told = json.loads(line)
            if number < 0:  # what comes next
                self.case, self.ready = told[0], told[1] != "begins"
                continue
            self.next = number + self.lanes
            yield told[0], told[1], told[2]
        if not read:
            self.done = self.process.wait() == 0
            if not self.done:
                yield from self._lost("tracebacks", f"the process ends with status {self.process.returncode}")

    def _lost(self, what: str, why: str) -> Iterator[tuple[str, str, str]]:
        self.end()
        yield self.case, what, why
        self.next += self.lanes
        self._begin()

    def end(self) -> None:
        """Kill the process if it still runs."""
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        if self.process.stdout is not None:
            self.process.stdout.close()


def _offline(*_: Any, **__: Any) -> None:
    raise OSError("attacks do not download")


def work(share: float, seed: int, first: int, step: int) -> None:
    """Judge cases from number ``first`` on, in this process; a line each to the standard output."""
    warnings.simplefilter("ignore")
    pooch.get_logger().setLevel("ERROR")
    pooch.HTTPDownloader.__call__ = _offline  # type: ignore[method-assign]
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))

    def ring(*_: Any) -> None:
        if global_compiler_lock.is_locked():  # a kernel's first call
            signal.setitimer(signal.ITIMER_PROF, SECONDS)
        else:
            raise Hang

    signal.signal(signal.SIGPROF, ring)
    rng = np.random.default_rng(seed)
    todo = [case for case in singles() if rng.random() < share] + pairs(int(PAIRS * share), rng)
    for number in range(first, len(todo), step):
        place, names = todo[number]
        what = f"{place.what} {names}"
        print(json.dumps([-1, what, "begins"]), flush=True)
        at_hand = warm(place)
        print(json.dumps([-1, what, ""]), flush=True)
        signal.setitimer(signal.ITIMER_PROF, SECONDS)
        try:
            found = judge(place, names) if at_hand else ("without data", "")
        except Hang:
            found = "hangs", "in the last moment"
        finally:
            signal.setitimer(signal.ITIMER_PROF, 0)
        print(json.dumps([number, what, *found]), flush=True)


if __name__ == "__main__":
    work(float(sys.argv[1]), *map(int, sys.argv[2:]))
