"""Mutated studies, and a list of hostile ones: each is valid, or every mistake in it is told with its place.

Each is looked at as ``run --dry-run`` does, in a process of its own that has little memory, within ``LIMIT`` seconds.
"""

from __future__ import annotations

import json
import os
import re
import resource
import select
import signal
import subprocess
import sys
import tempfile
import traceback
import warnings
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from experiments.study.config import studies

N = 2000
LIMIT = 10
"""Seconds of a processor for a study."""
WALL = 60
"""Seconds that pass on a busy machine, or where it waits for something."""
MEMORY = 4 * 2**30
"""Bytes of address space."""

Case = tuple[str, bytes, list[str]]
"""What was done, the file, and changes by ``--set``."""

SMALL = """\
name: small
seed: 3
horizon: 50
x-anchor: &means [0.1, 0.9]
experiments:
  - name: two
    replicates: {sweep: [2, 3]}
    environment: &e {name: bernoulli, parameters: {means: *means}}
    policies:
      - ucb1
      - {name: ucb1, label: bold, parameters: {exploration: {sweep: {start: 1, stop: 8, number: 3, spacing: log}}}}
      - {name: clairvoyant, parameters: {comparator: best_arm}}
  - {name: late, replicates: 2, policies: [qpm_d],
     environment: {name: delayed, parameters: {environment: *e, delay: 3}}}
  - {<<: &more {replicates: 4, environment: *e}, name: found, search: {tuning: 2}, policies: [
      {name: ucb1, parameters: {exploration: {sweep: [1, 2]}}}]}
figures:
  - {experiment: two, quantity: cost, comparators: [best_arm]}
  - {experiment: found, regret: pseudo, policies: [ucb1]}
"""
MANY = "\n".join(f"  - {{name: n{i}}}" for i in range(30_000))
LISTED = r"""
0 | -1 | a=b | 1e999 | 1e308 | 10000000000 | 999999999999999999999999 | 1e5 | .nan | .inf | -.inf | 0x1F | ² | ٣ | null
~
true
[] | {} | [[]] | "" | ' ' | [1, [2, [3, [4]]]] | 2001-01-01 | a/b | ../up | "\ud800" | "\0" | "\U99999999" | /dev/zero
!!int x | !!python/object/apply:os.system ["true"] | !mine x | !!binary x | *means | *e | *nowhere | &a [*a]
&b {x: *b}
{sweep: [1, 2]} | {sweep: []} | {sweep: [1, 1]} | {sweep: {sweep: [1]}} | {sweep: {start: 1, stop: 9, number: 10000}}
{sweep: {start: 1, stop: 1e300, number: 3, spacing: log}} | {sweep: {start: -1e308, stop: 1e308, number: 3}}
{sweep: 3}
os:system | builtins:dict | builtins:type | builtins:int | subprocess:Popen | no_such:Thing | :x | a:b:c | ..x:y
a:b.c
bandits:UCB1 | bandits:Policy | environments:BernoulliArms | environments.contract:Environment | sys:modules | this:d
{name: ucb1} | {name: ucb1, parameters: 3} | {name: bernoulli, parameters: {means: [0.5]}} | {name: []}
{name: ucb1, parameters: {1: 2}}
{name: clairvoyant, parameters: {comparator: nobody}} | {name: delayed, parameters: {environment: *e, delay: -1}}
{name: delayed, parameters: {environment: ucb1}} | {name: bold, parameters: {policy: "subprocess:Popen"}}
{name: bold, parameters: {policy: bold}}
{name: adversarial, parameters: {source: /dev/zero}} | {name: adversarial, parameters: {source: "builtins:dict"}}
{name: paging, parameters: {sequence: {name: trace, parameters: {trace: /dev/zero}}}}
{name: generate, parameters: {}}
"""
VALUES = [value.strip() for line in LISTED.strip().splitlines() for value in line.split(" | ")]
VALUES += [
    "9" * 5000,
    "-" + "9" * 400,
    "0x" + "f" * 5000,
    "1e" + "9" * 50,
    "n" * 300,
    "[" * 60 + "]" * 60,
    "9" * 5000 + ".5",
]
TOKEN = re.compile(r"[\w.]+|\s+|.", re.DOTALL)


def hostile() -> Iterator[Case]:
    """Studies that were wrong once, and their siblings."""

    def small(old: str, new: str) -> bytes:
        assert old in SMALL
        return SMALL.replace(old, new, 1).encode("utf-8", "surrogatepass")

    laughs = "x-0: &l0 [lol, lol]\n" + "".join(
        f"x-{i}: &l{i} [{', '.join([f'*l{i - 1}'] * 9)}]\n" for i in range(1, 30)
    )
    merges = "x-0: &m0 {a: b}\n" + "".join(
        f"x-{i}: &m{i} {{<<: *m{i - 1}, k{i}: *m{i - 1}, j{i}: *m{i - 1}}}\n" for i in range(1, 60)
    )
    yield "laughs", (laughs + SMALL).encode(), []
    yield "merges", (merges + SMALL).encode(), []
    yield "merge of itself", small("{<<: &more {", "&m {<<: *m, "), []
    for depth in (49, 51, 1000, 100_000):
        yield f"{depth} lists", f"x-deep: {'[' * depth}{']' * depth}\n{SMALL}".encode(), []
        yield f"{depth} mappings", f"x-deep: {'{a: ' * depth}{'}' * depth}\n{SMALL}".encode(), []
    yield "many dashes", ("x-deep:\n  " + "- " * 20_000 + "a\n" + SMALL).encode(), []
    for n in ("1000000000", "10" * 20, "{sweep: [1000000000, 1]}", "{sweep: {start: 1, stop: 1000000, number: 9999}}"):
        yield f"{n} replicates", small("replicates: 2", f"replicates: {n}"), []
        yield f"{n} replicates at once", small("seed: 3", f"seed: 3\nbatch: {n}\nreplicates: {n}"), []
        yield f"{n} checkpoints", small("seed: 3", f"seed: 3\ncheckpoints: {n}"), []
        yield f"horizon {n}", small("horizon: 50", f"horizon: {n}"), []
        yield f"tuning {n}", small("tuning: 2", f"tuning: {n}"), []
    yield "many experiments", f"seed: 1\nhorizon: 9\npolicies: [ucb1]\nexperiments:\n{MANY}\n".encode(), []
    yield "many policies", small("      - ucb1\n", MANY.replace("  -", "      -") + "\n"), []
    yield "many figures", (SMALL[: SMALL.index("figures:")] + f"figures:\n{MANY}\n").encode(), []
    yield "many figures of all", (SMALL + "  - {quantity: cost}\n" * 20_000).encode(), []
    yield "many points", small("means: *means", "means: {sweep: {start: 1, stop: 9999, number: 9999}}"), []
    yield "many keys", (SMALL + "".join(f"k{i}: 1\n" for i in range(20_000))).encode(), []
    yield "a large file", (SMALL + "# " + "x" * 2_000_000).encode(), []
    yield "a large text", (SMALL + f"description: '{'x' * 900_000}'").encode(), []
    for name in ("n" * 101, "n" * 300, "n" * 100_000):
        yield "a long name", small("name: small", f"name: {name}"), []
        yield "a long experiment", small("name: late", f"name: {name}"), []
        yield "a long swept one", small("- name: two", f"- name: {name}"), []
        yield "a long figure", small("{experiment: two,", f"{{experiment: two, name: {name},"), []
        yield "a long component", small("ucb1", f"{name}:X"), []
        yield "a long study to extend", small("seed", f"extends: {name}\nseed"), []
    for name in ("/dev/stdin", "/", ".", "own.yaml", "missing", "[a]", "quickstart", *VALUES):
        yield f"extends {name}", small("seed", f"extends: {name}\nseed"), []
    raw = [
        b"\xff",
        b"\0",
        b"\t",
        b"a: \x80",
        b"---\n---\n",
        b"...",
        SMALL.encode("utf-16"),
        b"\xef\xbb\xbf" + SMALL.encode(),
    ]
    for content in (b"", *raw):
        yield f"bytes {content[:4]!r}", content, []
    lines = ["%YAML 9.9\n---", "%TAG ! x\n---", "? [a, b]\n: c", "1: 2", "null: 2", "seed: 3", "x-t:\n\t- a", "? a"]
    for line in [
        *lines,
        "<<: 3",
        "<<: [3]",
        "<<: *nowhere",
        "- a",
        "a",
        "*means : 3",
        "'",
        '"',
        "{",
        "&x",
        "!x",
        "@",
        "%",
    ]:
        yield f"line {line!r}", f"{line}\n{SMALL}".encode(), []
        yield f"last line {line!r}", f"{SMALL}{line}\n".encode(), []
    for value in VALUES:
        for old in (
            "50",
            "*means",
            "ucb1",
            "best_arm",
            "[2, 3]",
            "pseudo",
            "{tuning: 2}",
            "[qpm_d]",
            "late",
            "small",
            "two",
        ):
            yield f"{old} -> {value[:40]}", small(old, value), []
        yield f"environment {value[:40]}", small("{name: bernoulli, parameters: {means: *means}}", value), []
        keys = [
            "horizon",
            "experiments.two.environment.parameters.means",
            "experiments.*.policies.0",
            "figures.0.regret",
        ]
        for key in [*keys, "experiments.*.search", "experiments", "figures", "name", "seed", "x.y"]:
            yield f"--set {key}={value[:40]}", SMALL.encode(), [f"{key}={value}"]
        yield f"--set experiments.{value[:40]}", SMALL.encode(), [f"experiments.{value}.horizon=3"]
    changes = ["", "=", "a", "a.b.c=1", "experiments=3", "figures.0=1", "name=", ".=1", "horizon=\udc80", "seed.a=1"]
    steps = [
        "²",
        "99",
        "-1",
        "*",
        "*.*.*",
        "9" * 5000,
        "\udc80",
        "two.policies.-1",
        "two.policies.9",
        "two.policies.²",
        "two.x",
    ]
    for change in [
        *changes,
        *(f"experiments.{step}=1" for step in steps),
        *(f"figures.{step}.over=1" for step in steps),
    ]:
        yield f"--set {change[:40]!r}", SMALL.encode(), [change]


def mutations(rng: np.random.Generator) -> Iterator[Case]:
    """Without end: the shipped studies and the small one with some of their bytes, tokens or values changed."""
    texts = [SMALL] * 20 + [path.read_text(encoding="utf-8") for path in studies().values()]
    while True:
        text = texts[rng.integers(len(texts))]
        kind = ("bytes", "tokens", "values", "changes")[rng.integers(4)]
        times = int(rng.integers(1, 4))
        if kind == "bytes":
            yield kind, _shuffled(list(text.encode()), times, rng, list(range(256)), bytes), []
        elif kind == "tokens":
            tokens = TOKEN.findall(text)
            pool = [*tokens, *VALUES * max(1, len(tokens) // len(VALUES) // 2)]
            yield kind, _shuffled(tokens, times, rng, pool, lambda found: "".join(found).encode()), []
        elif kind == "values":
            for _ in range(times):
                words = list(re.finditer(r"(?<=[:\[,-] )[^\s,\[\]{}#:]+", text))
                at = words[rng.integers(len(words))]
                text = text[: at.start()] + VALUES[rng.integers(len(VALUES))] + text[at.end() :]
            yield kind, text.encode(), []
        else:
            words = [w for w in TOKEN.findall(text) if w[0].isalpha()] + ["*", "0", "1", "sweep", "parameters"]
            changes: list[str] = []
            for _ in range(times):
                steps = [str(rng.choice(words)) for _ in range(rng.integers(1, 4))]
                where = str(rng.choice(["experiments.*", "experiments.0", "experiments.0.policies.0", "figures.0"]))
                changes.append(f"{'.'.join([where, *steps])}={VALUES[rng.integers(len(VALUES))]}")
            yield kind, text.encode(), changes


def _shuffled(
    parts: list[Any], times: int, rng: np.random.Generator, pool: Sequence[Any], joined: Callable[[Any], bytes]
) -> bytes:
    """Parts deleted, doubled, swapped, put in or replaced, so many times."""
    for _ in range(times):
        i, j = rng.integers(len(parts), size=2)
        what = rng.integers(5)
        if what == 0:
            del parts[i : i + int(rng.integers(1, 4))]
        elif what == 1:
            parts[i:i] = parts[j : j + int(rng.integers(1, 30))]
        elif what == 2:
            parts[i], parts[j] = parts[j], parts[i]
        elif what == 3:
            parts.insert(i, pool[rng.integers(len(pool))])
        else:
            parts[i] = pool[rng.integers(len(pool))]
        if not parts:
            break
    return joined(parts)


def look(folder: Path, content: bytes, changes: list[str]) -> str:
    """What comes of a study: "valid", "refused", or what is wrong with how it is refused, in some lines."""
    from environments.downloads import downloads
    from experiments.run.jobs import jobs_of
    from experiments.study.config import load_study
    from experiments.study.mistakes import ConfigError

    path = folder / "own.yaml"
    path.write_bytes(content)
    signal.setitimer(signal.ITIMER_PROF, LIMIT)
    signal.alarm(WALL)
    try:
        with downloads(allowed=False), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            study = load_study(path, changes)
            jobs_of(study)
            study.all_figures()
    except ConfigError as error:
        unplaced = [str(m) for m in error.mistakes if not (m.file and m.line >= 1 and m.column >= 1 and m.text)]
        return f"without a place: {unplaced[:3]}" if unplaced or not error.mistakes else "refused"
    except _Over:
        return f"hang\n{traceback.format_exc()}"
    except BaseException:
        return f"traceback\n{traceback.format_exc()}"
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.alarm(0)
    return "valid"


class _Over(BaseException):
    """The time is up."""


def _over(*_: Any) -> None:
    raise _Over


def worker() -> None:
    """Look at each study that standard input names, a line of JSON each, and print what comes of it."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    signal.signal(signal.SIGALRM, _over)
    signal.signal(signal.SIGPROF, _over)
    out = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    with tempfile.TemporaryDirectory() as name:
        for line in sys.stdin:
            content, changes = json.loads(line)
            print(json.dumps(look(Path(name), content.encode("latin-1"), changes)), file=out, flush=True)


class _Worker:
    """A process that looks at studies, started anew where one ended it."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[str] | None = None

    def look(self, content: bytes, changes: list[str]) -> str:
        """As the function ``look``; a process that does not answer hangs, one that ends is a traceback."""
        if self._process is None:
            place = {"REGRETLAB_DATA": "", "REGRETLAB_CACHE": os.devnull}
            self._process = subprocess.Popen(
                [sys.executable, __file__],
                stdin=-1,
                stdout=-1,
                stderr=subprocess.DEVNULL,
                text=True,
                env={**os.environ, **place},
            )
            if (found := self.look(SMALL.encode(), [])) != "valid":  # all is imported here
                raise RuntimeError(f"the study that nothing is wrong with: {found}")
        process = self._process
        assert process.stdin
        assert process.stdout
        process.stdin.write(json.dumps([content.decode("latin-1"), changes]) + "\n")
        process.stdin.flush()
        ready = select.select([process.stdout], [], [], 2 * WALL)[0]
        answer = process.stdout.readline() if ready else ""
        if answer:
            return str(json.loads(answer))
        self.end()
        return "traceback\nthe process ended" if ready else "hang\nand did not take the signal"

    def end(self) -> None:
        """End the process."""
        if self._process:
            self._process.kill()
            self._process.communicate()
            self._process = None


def attack(share: float, rng: np.random.Generator, say: Callable[[str], None]) -> dict[str, int]:
    """Look at ``share`` of the hostile studies, and of ``N`` mutated ones."""
    listed, counts = list(hostile()), Counter[str]()
    chosen = rng.permutation(len(listed))[: max(1, round(share * len(listed)))]
    mutated = (case for _, case in zip(range(max(1, round(share * N))), mutations(rng), strict=False))
    one = _Worker()
    names = {"hang": "hangs", "traceback": "tracebacks", "without a place": "silent"}
    try:
        for i, (what, content, changes) in enumerate([*(listed[i] for i in sorted(chosen)), *mutated]):
            if i % 500 == 0:
                say(f"{i} studies looked at")
            found = one.look(content, changes)
            kind = re.split("[:\n]", found)[0]
            counts[names.get(kind, kind)] += 1
            if kind in names:
                say(f"{what}: {found}\n{content[:3000]!r}\n{[c[:100] for c in changes]}")
    finally:
        one.end()
    return {kind: counts[kind] for kind in ("valid", "refused", *names.values())}


if __name__ == "__main__":
    worker()
