"""The record of a run of the benchmarks: targets, growth, the machine; as text for people."""

from __future__ import annotations

import importlib.metadata
import math
import os
import platform
import statistics
import subprocess
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from games import ROUNDS, SPEED
from timing import Growth, Pairs

MARGIN = 0.25
"""How far a fitted exponent may exceed the expected one. A logarithm, or tables that outgrow a cache, cost less than
this; another factor of the square root of the size would cost 0.5."""
PACKAGES = ("numpy", "numba", "scipy", "libcachesim", "pymab")


@dataclass(frozen=True)
class Row:
    """A speed target: the cost of an item, ours over a reference's, must not exceed ``at_most``."""

    family: str
    what: str
    pairs: Pairs
    against: str
    at_most: float

    @property
    def name(self) -> str:
        """What the target speaks of."""
        return f"{self.family}: {self.what} against {self.against}"

    @property
    def met(self) -> bool:
        """Whether the median ratio keeps to the target."""
        return self.pairs.ratio <= self.at_most

    def cells(self) -> list[str]:
        """Texts of the columns."""
        pairs, ratios = self.pairs, self.pairs.ratios
        return [
            self.family,
            self.what,
            f"{quantity(statistics.median(pairs.ours), pairs.unit)}/{pairs.item}{' (wall)' if pairs.wall else ''}",
            f"{quantity(statistics.median(pairs.reference), pairs.unit)}, {self.against}",
            f"{pairs.ratio:.3g}",
            f"{min(ratios):.3g} - {max(ratios):.3g}",
            f"{self.at_most:.3g}",
            "yes" if self.met else "**NO**",
        ]


@dataclass(frozen=True)
class Curve:
    """A growth target: the exponent of time in a size must not exceed ``order`` by more than ``MARGIN``."""

    family: str
    what: str
    size: str
    growth: Growth
    order: float

    @property
    def name(self) -> str:
        """What the target speaks of."""
        return f"{self.family}: {self.what} as {self.size} grow"

    @property
    def met(self) -> bool:
        """Whether the median exponent keeps to the target."""
        return self.growth.exponent <= self.order + MARGIN

    def cells(self) -> list[str]:
        """Texts of the columns."""
        growth, exponents = self.growth, self.growth.exponents
        ends = [quantity(statistics.median(growth.seconds[:, i]), "s") for i in (0, -1)]
        return [
            self.family,
            self.what,
            self.size,
            f"{growth.sizes[0]:,.0f} - {growth.sizes[-1]:,.0f}",
            f"{ends[0]} - {ends[1]}",
            f"{growth.exponent:.2f}",
            f"{min(exponents):.2f} - {max(exponents):.2f}",
            f"{self.order:g}",
            f"{self.order + MARGIN:g}",
            "yes" if self.met else "**NO**",
        ]


ROW_HEADS = ["family", "what", "ours", "reference", "ratio", "spread", "at most", "met"]
CURVE_HEADS = ["family", "what", "size", "sizes", "time", "exponent", "spread", "expected", "at most", "met"]


@dataclass
class Record:
    """All that a run of the benchmarks found out.

    Attributes:
        rows: speed targets in the order in which they were measured.
        curves: growth targets.
        unmeasured: what became of tests that were skipped or failed for another reason than a target, and how often.
        load: of the machine when the run began, mean number of running processes over a minute.
    """

    rows: list[Row] = field(default_factory=list)
    curves: list[Curve] = field(default_factory=list)
    unmeasured: Counter[str] = field(default_factory=Counter)
    load: float = field(default_factory=lambda: os.getloadavg()[0])

    def markdown(self, figure: str | None = None) -> str:
        """The whole record; ``figure`` is the name of the picture of the growth curves."""
        entries = [*self.rows, *self.curves]
        missed = [e.name for e in entries if not e.met]
        parts = [
            "# Speed\n\nWritten by `make bench`; not to be edited.",
            f"{len(entries) - len(missed)} of {len(entries)} targets met." + listed("Missed:", missed),
            grid(["machine", ""], [list(pair) for pair in machine(self.load).items()]),
        ]
        if self.rows:
            parts += ["## Targets", ABOUT, grid(ROW_HEADS, [row.cells() for row in self.rows])]
        if self.curves:
            parts += ["## Growth", GROWTH, *([f"![Time against size]({figure})"] if figure else [])]
            parts += [grid(CURVE_HEADS, [curve.cells() for curve in self.curves])]
        if self.unmeasured:
            texts = [f"{text}{f' ({n} times)' if n > 1 else ''}" for text, n in sorted(self.unmeasured.items())]
            parts += ["## Skipped or failed" + listed("", texts)]
        return "\n\n".join(parts) + "\n"


ABOUT = f"""\
A ratio is the cost of one item (a round, a request, a run), ours over the reference's: smaller is better. Both are
measured in one process in turn, after a call of each to warm up; the ratio is the median over these pairs, the spread
their least and greatest, and costs are medians. Times are CPU seconds unless marked "wall", on one core, with BLAS held
to one thread; memory is measured once. Targets that were set as rounds a second or as seconds are carried to this
machine by the hand-written UCB1 loop (`games.py`; ten arms, {ROUNDS:,} rounds a call), which made
{SPEED / 1e6:g} million rounds a second where they were set."""
GROWTH = f"""\
CPU time against size on logarithmic axes, all sizes measured in turn in each repeat. The exponent is the least-squares
slope over the larger half of the sizes; given are the median over repeats and their least and greatest. It must not
exceed the expected exponent by more than {MARGIN}: a logarithm, or tables that outgrow a cache, cost less; a factor of
the square root of the size would cost 0.5."""


def quantity(value: float, unit: str) -> str:
    """Three significant digits with a prefix: ``43.1 ns``."""
    power = min(3, max(-3, math.floor(math.log10(abs(value) * 1.0005) / 3))) if value else 0
    if unit == "s":
        power = min(power, 0)
    return f"{value / 1000.0**power:.3g} {('n', 'µ', 'm', '', 'k', 'M', 'G')[power + 3]}{unit}"


def grid(heads: list[str], rows: list[list[str]]) -> str:
    """A table in Markdown, with columns that line up as plain text too."""
    lines = [heads, *rows]
    widths = [max(3, *(len(line[i]) for line in lines)) for i in range(len(heads))]
    texts = ["| " + " | ".join(cell.ljust(w) for cell, w in zip(line, widths, strict=True)) + " |" for line in lines]
    return "\n".join([texts[0], "| " + " | ".join("-" * w for w in widths) + " |", *texts[1:]])


def listed(head: str, texts: list[str]) -> str:
    """A heading and a list in Markdown; nothing if there is nothing to list."""
    return f"{f' {head}' if head else ''}\n\n" + "\n".join(f"* {text}" for text in texts) if texts else ""


def machine(load: float) -> dict[str, str]:
    """What the numbers were measured on; nothing that names the machine or its user."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    versions = {name: version for name in PACKAGES if (version := _version(name))}
    return {
        "processor": f"{_processor()}, {os.cpu_count()} cores",
        "memory": f"{memory:.0f} GiB",
        "system": f"{_system()}, {platform.machine()}",
        "Python": f"{platform.python_implementation()} {platform.python_version()}",
        "packages": ", ".join(f"{name} {version}" for name, version in versions.items()),
        "date": f"{datetime.now(UTC):%Y-%m-%d}",
        "commit": _commit(),
        "load at the start": f"{load:.1f}",
    }


def _version(name: str) -> str | None:
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return None


def _processor() -> str:
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        for line in cpuinfo.read_text().splitlines():
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    return _output("sysctl", "-n", "machdep.cpu.brand_string") or platform.machine()


def _system() -> str:
    try:
        return platform.freedesktop_os_release()["PRETTY_NAME"]
    except (OSError, KeyError):
        return f"{platform.system()} {platform.mac_ver()[0]}".strip()


def _commit() -> str:
    commit = _output("git", "rev-parse", "--short", "HEAD")
    if not commit:
        return "unknown"
    written = (":!benchmarks/RESULTS.md", ":!benchmarks/scaling.png")
    changed = _output("git", "status", "--porcelain", "--untracked-files=no", "--", ".", *written)
    return f"{commit}{', with changes' if changed else ''}"


def _output(*command: str) -> str:
    """What a command prints, or nothing where it fails or does not exist."""
    try:
        root = Path(__file__).parent.parent
        return subprocess.run(command, capture_output=True, text=True, check=True, cwd=root).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return ""
