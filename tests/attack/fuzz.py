"""Every policy of the registry, on examples of each family that it plays, given what is none of what it is to be given.

``choose`` and ``update`` get wrong values in each place of observation, action and feedback, and right ones in other
clothes (numpy scalars, arrays of one, 0-d arrays, objects with ``__float__``). A wrong one must be refused by a
sentence and change nothing, or not be looked at at all; a right one in other clothes is the same as the plain one.
Kernels check their indices, so that one that leaves its array is found.
"""

from __future__ import annotations

import io
import json
import pickle
import subprocess
import sys
import time
import warnings
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from attacks import checking_indices

ROUNDS = (0, 9)
"""Rounds at whose beginning a run is attacked."""
REFUSALS = (ValueError, RuntimeError)
EXAMPLES = 6
"""Of a family that a policy is attacked on at the most, others with another seed."""
LIMIT = 120.0
"""Seconds that a run with its attacks may take."""
HERE = Path(__file__).resolve()


class Floating:
    """A number as torch has it: neither a float nor an array."""

    def __init__(self, value: float) -> None:
        self.value = value

    def __float__(self) -> float:
        return float(self.value)


WRONG: tuple[Any, ...] = (
    None,
    "x",
    "0.5",
    b"1",
    "",
    (),
    [],
    {},
    {0: 1},
    object(),
    1j,
    float("nan"),
    float("inf"),
    -float("inf"),
    10**400,
    -(10**400),
    np.array([]),
    np.array([[]]),
    np.array(None),
    np.array("x"),
    np.array(["a", "b"]),
    np.array([np.nan, np.inf]),
    np.full((2, 2, 2), 0.5),
    [[0.5], [0.5, 0.5]],
    [[[[0.5, 0.25]]]],
    np.datetime64("2020-01-01"),
    [None],
    [None, None],
    slice(3),
    len,
    type,
    Ellipsis,
)
"""What is right nowhere."""


def wrong(value: Any, field: str = "") -> Iterator[Any]:
    """Values of about the form of a right one that are wrong in its place."""
    for other in WRONG:
        empty = type(other) is type(value) is tuple  # nothing has arrived, nothing was pulled
        late = field == "reuse" and isinstance(other, float)  # never, or not told
        if repr(other) != repr(value) and not empty and not late:
            yield other
    if isinstance(value, tuple):
        for i, name in enumerate(getattr(value, "_fields", [""] * len(value))):
            for other in wrong(value[i], name or field):
                changed = (*value[:i], other, *value[i + 1 :])
                yield type(value)._make(changed) if name else changed
        if value:
            yield (*value, value[-1])
    elif isinstance(value, np.ndarray) and value.ndim:
        yield from (value[:-1], np.append(value, value[-1:]), value[None], value[:, None], value.astype(str))
        yield from (np.full(value.shape, None), value.astype(np.complex128) + 1j)
        for bad in (np.nan, np.inf, -np.inf) if value.size else ():
            changed = value.astype(np.float64)
            changed.flat[-1] = bad
            yield changed
    if hasattr(value, "_fields"):
        yield tuple(value)[:-1]


OUTSIDE = (-7, 10**9, 2**62, 2**63, 10**30, -(10**9), -(2**63), 0.5, -0.5, np.int64(-7), np.uint64(2**64 - 1))
"""Out of the range of every action, index and idle time."""


def outside(value: Any) -> Iterator[Any]:
    """Whole numbers out of every range, in the place of one or of the last of several."""
    if isinstance(value, int | np.integer) and not isinstance(value, bool):
        yield from OUTSIDE
    elif isinstance(value, tuple):
        for i, name in enumerate(getattr(value, "_fields", [""] * len(value))):
            for other in outside(value[i]):
                changed = (*value[:i], other, *value[i + 1 :])
                yield type(value)._make(changed) if name else changed
    elif isinstance(value, np.ndarray) and value.size and value.dtype.kind == "i":
        for other in OUTSIDE:
            changed = value.astype(object)
            changed.flat[-1] = other
            yield changed
            if isinstance(other, int) and -(2**63) <= other < 2**63 and value.dtype == np.int64:
                yield changed.astype(np.int64)


def extreme(value: Any) -> Iterator[Any]:
    """Finite rewards as large as floats can be, in the place of a feedback."""
    if type(value) is float:
        yield from (1e16, -1e16, 1e300, -1e300, 5e-324)
    elif isinstance(value, np.ndarray):
        yield from (np.full_like(value, other) for other in extreme(0.0))
    elif type(value) is tuple and value and type(value[0]) is float:
        yield from ((other, *value[1:]) for other in extreme(0.0))


def clothed(value: Any) -> Iterator[Any]:
    """The same value in other clothes."""
    if type(value) is float:
        yield from (np.float64(value), np.array(value), np.array([value]), np.array([[value]]), Floating(value))
        if value == int(value) and abs(value) < 2**24:
            yield from (int(value), np.float32(value), np.int64(value), np.array([int(value)]))
    elif type(value) is int:
        yield from (np.int64(value), np.int32(value))
    elif isinstance(value, np.ndarray) and value.ndim == 1 and value.dtype.kind == "f" and value.size:
        yield from (value.tolist(), tuple(value.tolist()), value.astype(object), np.repeat(value, 2)[::2])
        locked = value.copy()
        locked.setflags(write=False)
        yield locked
    elif isinstance(value, np.ndarray) and value.ndim == 1 and value.dtype.kind in "iu":
        yield from (value.tolist(), tuple(value.tolist()), value.astype(np.int32), np.repeat(value, 2)[::2])
    elif type(value) is tuple and len(value) == 2 and type(value[0]) is float:
        yield from ((other, value[1]) for other in clothed(value[0]))


def state(policy: Any) -> bytes:
    """All that a policy is, the state of its generator with it."""
    into = io.BytesIO()
    pickler = pickle.Pickler(into)
    pickler.fast = True  # whether two places share an object is no matter
    pickler.dump(policy)
    return into.getvalue()


class Attack:
    """What comes of calls of one policy. A fault of it is told once, and counted each time."""

    told: ClassVar[set[tuple[str, ...]]] = set()

    def __init__(self, name: str, counts: Counter[str], tell: Callable[[str], None]) -> None:
        self.name, self.counts, self.tell = name, counts, tell

    def fault(self, what: str, method: str, given: Any, why: str) -> None:
        """Count and tell what must not be."""
        self.counts[what] += 1
        known = (what, self.name.split()[0], method, why)
        if known not in self.told:
            self.told.add(known)
            self.tell(f"{what}: {self.name}.{method} of {repr(given)[:140]}: {why[:200]}")

    def call(self, policy: Any, method: str, given: tuple[Any, ...]) -> tuple[str, Any, bytes]:
        """Call a copy: what came of it ("refused" or "taken"), the answer, the state afterwards."""
        self.counts["tried"] += 1
        twin = pickle.loads(pickle.dumps(policy))
        before = state(twin)
        try:
            answer = getattr(twin, method)(*given)
        except Exception as error:
            self.counts["refused"] += 1
            if not isinstance(error, REFUSALS) or len(str(error).split()) < 4 or isinstance(error, NotImplementedError):
                self.fault("tracebacks", method, given, f"{type(error).__name__}: {error}")
            if state(twin) != before:
                self.fault("silent", method, given, f"refused after it changed the state: {error}")
            return "refused", None, before
        return "taken", answer, state(twin)

    def attack(self, policy: Any, method: str, right: tuple[Any, ...]) -> None:
        """Give wrong values in each place, and the right ones in other clothes."""
        come, answer, after = self.call(policy, method, right)
        assert come == "taken", (self.name, method, right)
        for place, value in enumerate(right):
            for same, others in ((False, wrong(value)), (False, outside(value)), (True, clothed(value))):
                for other in others:
                    if place == 1 and str(other) == "[]" and isinstance(right[2], np.ndarray) and not right[2].any():
                        continue  # nothing was pulled, and zeros are padding
                    given = (*right[:place], other, *right[place + 1 :])
                    come, got, then = self.call(policy, method, given)
                    if come == "taken" and (repr(got) != repr(answer) or then != after):
                        self.fault("silent", method, given, "taken for something else")
                    elif come == "refused" and same and place != 1:
                        self.fault("silent", method, given, "refused, though it is the same")
                    elif come == "taken":
                        self.counts["the same" if same else "not looked at"] += 1

    def go_on(self, policy: Any, method: str, right: tuple[Any, ...]) -> None:
        """Give finite feedback of any size, and that of another action: whatever comes of it, the policy goes on."""
        observation, action, feedback = right
        pairs = [(action, other) for other in extreme(feedback)]
        pairs += [(other, feedback) for other in range(3) if type(action) is int]
        for given in pairs:
            twin = pickle.loads(pickle.dumps(policy))
            if self.call(policy, method, (observation, *given))[0] == "taken":
                twin.update(observation, *given)
                self.counts["went on"] += 1
                self.call(twin, "choose", (observation,))


def attack_pair(name: str, policy: Any, environment: Any, counts: Counter[str], tell: Callable[[str], None]) -> None:
    """Play a run, attacked at the beginning of some of its rounds."""
    environment.begin(environment.draw(np.random.default_rng(0)))
    policy.reset(environment.problem, np.random.default_rng(1))
    attacker = Attack(name, counts, tell)
    for played in range(max(ROUNDS) + 1):
        if environment.clock >= environment.problem.horizon:
            break
        observation = environment.observe()
        if played in ROUNDS:
            attacker.attack(policy, "choose", (observation,))
        action = policy.choose(observation)
        _, feedback = environment.transition(action)
        if played in ROUNDS:
            attacker.attack(policy, "update", (observation, action, feedback))
            attacker.go_on(policy, "update", (observation, action, feedback))
        policy.update(observation, action, feedback)


def drawn(policies: Sequence[tuple[str, str]], most: int, rng: np.random.Generator) -> list[int]:
    """Random places of up to ``most`` entries (name, parameters) of each name, whose parameters take turns."""
    order, seen, drawn_of = rng.permutation(len(policies)).tolist(), Counter[tuple[str, str]](), Counter[str]()
    turn, found = dict[int, int](), []
    for k in order:
        turn[k] = seen[policies[k]]
        seen[policies[k]] += 1
    for k in sorted(order, key=turn.__getitem__):
        if drawn_of[policies[k][0]] < most:
            drawn_of[policies[k][0]] += 1
            found.append(k)
    return found


def child(share: float, seed: int, part: int, parts: int) -> None:
    """Attack a share of the policies, on as large a share of ``EXAMPLES``; prints what is found, and the counts.

    A small share is of the examples of their own families.
    """
    from bandits.families import families
    from environments.checks import players

    warnings.simplefilter("ignore")
    counts: Counter[str] = Counter()
    rng = np.random.default_rng(seed)
    names = rng.permutation([name for family in families() for name in family.policies])
    chosen = set(names[: max(1, round(share * len(names)))].tolist())
    most = max(1, round(share * EXAMPLES))
    for family in families():
        if share <= 0.1 and chosen.isdisjoint(family.policies):  # examples of others take long to compile
            continue
        pairs = [
            (i, example, name, policy)
            for i, example in enumerate(family.example_environments())
            for name, policy in players(example, names=chosen)
            if not policy.clairvoyant
        ]
        for k in drawn([(name, repr(policy)) for _, _, name, policy in pairs], most, rng)[part::parts]:
            i, example, name, policy = pairs[k]
            counts["runs"] += 1
            started = time.perf_counter()
            attack_pair(f"{name} on {family.name} {i}", policy, example, counts, print)
            if time.perf_counter() - started > LIMIT:
                counts["hangs"] += 1
                print(f"hangs: {name} on {family.name} {i}")
    print(json.dumps(counts))


def attack(share: float, rng: np.random.Generator, say: Callable[[str], None]) -> Counter[str]:
    """Fuzz in processes whose kernels check their indices; one that dies of it is a fault, too."""
    counts: Counter[str] = Counter(dict.fromkeys(("silent", "tracebacks", "hangs"), 0))
    parts = 2 if share > 0.1 else 1
    given = [str(share), str(rng.integers(2**32))]
    running = [
        subprocess.Popen(
            [sys.executable, HERE, *given, str(i), str(parts)],
            env=checking_indices(),
            stdout=subprocess.PIPE,
            text=True,
        )
        for i in range(parts)
    ]
    for process in running:
        *found, last = process.communicate()[0].splitlines() or [""]
        for line in found[:50]:
            say(line)
        if process.returncode:
            counts["tracebacks"] += 1
            say(f"a process ended with status {process.returncode}")
        else:
            counts.update(json.loads(last))
    return counts


if __name__ == "__main__":
    child(float(sys.argv[1]), *map(int, sys.argv[2:]))
