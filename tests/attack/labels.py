"""Labels that mean something to a file, a page, a spreadsheet or LaTeX; outputs on full disks and where links stand.

Titles and labels from a list and at random go through a study, a run and all outputs. A hidden character must be
refused at its place; any other label must stand in the report as text, in CSV as documented, in LaTeX escaped, and each
figure in a file of its own, with a glyph for every letter or one warning. Of an output that cannot be written, the
former must stand, and what a link leads to must stay.
"""

from __future__ import annotations

import csv
import errno
import itertools
import os
import re
import shutil
import time
import traceback
import unicodedata
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from html.parser import HTMLParser
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from xml.etree import ElementTree

import numpy as np

import regretlab as rl
from experiments.analysis.findings import Findings, as_text, findings
from experiments.analysis.results import load
from experiments.report.export import export
from experiments.report.figures import draw_study
from experiments.report.index import write_index
from experiments.report.page import write_report
from experiments.run import files
from experiments.run.runner import run
from experiments.study.config import ConfigError, study_of
from experiments.study.model import Study
from experiments.study.texts import HIDDEN

LIST = (
    *("=1+1", "+1", "-1", "@SUM(A1)", "'=1", "=cmd|' /C calc'!A0", "a;=1+1", "a,b", '"', '""a', " =1", "\uff1d1"),
    *(
        "<script>alert(1)</script>",
        "</template><script>x()</script>",
        "<!--",
        "-->",
        "]]>",
        "&amp;",
        "{{ 7 * 7 }}",
        "%}",
    ),
    *('" onload="x()', "</textarea>", "<svg/onload=x()>", "</style>", "javascript:x()", "\\u003cb\\u003e", "</h2><h1>"),
    *(
        "$",
        "$$",
        "$x_1",
        r"$\frac{1}{0}$",
        r"\$",
        "$}{",
        r"\\",
        "\\",
        "_",
        "_child0",
        "_nolegend_",
        "^",
        "{",
        "}",
        "%s %d",
    ),
    *(
        "[a]",
        "*",
        "% comment",
        r"\input{/etc/passwd}",
        r"\end{tabular}",
        "~",
        "#1",
        "--",
        "?`",
        "&",
        "^^M",
        r"\verb|x|",
    ),
    *(
        "日本語",
        "한국어",
        "中文标签",
        "שלום",
        "مرحبا",
        "नमस्ते",
        "👩\u200d🔬",
        "🏳️",
        "e\u0301\u0302\u0303",
        "ﬁ",
        "Ⅷ",
        "ß",
        "İ",
    ),
    *(
        "\u0378",
        "\ue000",
        "\U0001f9ff",
        "\U00020000",
        "\ufffd",
        "\u3000",
        " ",
        "\xa0",
        "a" * 2000,
        "字" * 300,
        "wide " * 99,
    ),
    *("CON", "..", "../../x", "/etc/passwd", "~root", "-rf", "--", "nan", "null", "true", "1e5", "inf", "None", "0x10"),
    *(
        "\x00",
        "a\x07",
        "\x1b[2J",
        "a\tb",
        "a\rb",
        "a\nb",
        "\x7f",
        "\x85",
        "\u2028",
        "\u2029",
        "\u202eabc",
        "\u2066",
        "\u200f",
    ),
    *("\ufeffa", "a\u200b", "\ud800", "\udfff", "\uffff", "\xad", "\U000e0041"),
)
POOLS = ("=+-@'\"<>&;,$\\_^{}[]()*%#~|`!? aZ0", "\t\r\n\x00\x1b\u202e\u2028", "日本語한नمשé🧿𝔸")
NAMES = (("t", "t-only"), ("p", "P"), ("T", "t"), ("results", "made"), ("csv-p", "p"), ("t-2", "t"))
"""Of experiments, which might come to the same files or anchors."""
KINDS = (
    "csv",
    "latex",
    *(kind for kind, module in (("parquet", "pyarrow"), ("netcdf", "h5netcdf")) if find_spec(module)),
)
ENDINGS = "svg", "png"
ROUNDS = 8
LONG = 300.0
"""Seconds after which a study, or one output, counts as a hang."""


def attack(share: float, rng: np.random.Generator, say: Callable[[str], None]) -> dict[str, int]:
    """Counts of what was tried and what came of it; see ``attacks``."""
    counts = dict.fromkeys(
        ("labels", "refused", "written", "told", "unchanged", "silent", "lost", "tracebacks", "hangs", "left behind"), 0
    )
    rounds = max(1, round(ROUNDS * share))
    given = [LIST[i] for i in rng.permutation(len(LIST))]
    with TemporaryDirectory(prefix="labels-") as name:
        place = Path(name)
        for i, some in enumerate(np.array_split(np.arange(len(given)), ROUNDS)[:rounds]):
            say(f"labels {i + 1} of {rounds}")
            labels = [*(given[j] for j in some), *(_text(rng) for _ in range(6))]
            with _timed(counts):
                warnings.filterwarnings("ignore", "no installed font has", UserWarning)
                few = 1 if share < 0.1 else 2
                names, endings = NAMES[i % len(NAMES)][:few], ENDINGS[:few]
                _labels(list(dict.fromkeys(labels)), names, endings, place / str(i), counts)
        say("full disks and links")
        _outputs(place / "outputs", share, rng, counts)
    return counts


@contextmanager
def _timed(counts: dict[str, int]) -> Iterator[None]:
    started = time.perf_counter()
    try:
        with warnings.catch_warnings():
            yield
    except Exception:
        counts["tracebacks"] += 1
        traceback.print_exc()
    counts["hangs"] += time.perf_counter() - started > LONG


def _text(rng: np.random.Generator) -> str:
    """A text at random: of signs, sometimes with a hidden one, and of letters from anywhere."""
    letters = [POOLS[0][i] for i in rng.integers(len(POOLS[0]), size=rng.integers(1, 12))]
    for chance, pool in zip((0.15, 0.4), POOLS[1:], strict=True):
        if rng.random() < chance:
            letters += [pool[i] for i in rng.integers(len(pool), size=2)]
    if rng.random() < 0.4:
        letters += [chr(i) for i in rng.integers(0x110000, size=3) if unicodedata.category(chr(i)) != "Cn"]
    return "".join(letters[i] for i in rng.permutation(len(letters)))


def _study(labels: Sequence[str], names: Sequence[str]) -> dict[str, Any]:
    """Labels at each place where a study has one, and experiments of these names."""
    turn = itertools.cycle(labels)
    arms = {"name": "bernoulli", "parameters": {"means": [0.1, 0.9]}}
    policies = [{"name": "ucb1", "label": label} for label in labels]
    experiments = [
        {"name": name, "title": next(turn), "environment": {**arms, "label": next(turn)}, "policies": policies[:2]}
        for name in names
    ]
    experiments[0]["policies"] = policies
    swept = {"name": "ucb1", "label": next(turn), "parameters": {"exploration": {"sweep": [1, 2]}}}
    experiments += [
        {
            "name": "swept",
            "title": next(turn),
            "environment": arms,
            "policies": policies[:2],
            "horizon": {"sweep": [4, 8]},
        },
        {"name": "found", "title": next(turn), "environment": arms, "policies": [swept], "search": {"tuning": 1}},
    ]
    figures = [
        {"experiment": "swept", "title": next(turn), "label": next(turn)},
        {"experiment": names[0], "quantity": "cost"},
    ]
    text = {"title": next(turn), "description": next(turn)}
    return {
        **text,
        "name": "t",
        "seed": 1,
        "horizon": 6,
        "replicates": 3,
        "experiments": experiments,
        "figures": figures,
    }


def _labels(
    labels: Sequence[str], names: Sequence[str], endings: Sequence[str], place: Path, counts: dict[str, int]
) -> None:
    """All that is written of a study with these labels; first the hidden characters must be refused."""
    counts["labels"] += len(labels)
    good = [label for label in labels if not HIDDEN.search(label)]
    for label in set(labels) - set(good):
        try:
            study_of(_study(["x", label], ["e"]))
            counts["silent"] += 1
        except ConfigError as error:
            where = [mistake.path for mistake in error.mistakes]
            counts["refused" if any("policies[1]" in path for path in where) else "silent"] += 1
    study = study_of(_study(good, names))
    counts["lost"] += len(run(study, place / "t", jobs=1).failed)
    found = findings(load(place / "t"))
    counts["silent"] += not as_text(found) or found.missing != ()
    _check_figures(found, place, endings, counts)
    path = write_report(found, place / "t/report.html")
    _check_page(path.read_text(encoding="utf-8"), study, counts)
    _check_page(rl.load(place / "t")[names[0]]._repr_html_(), None, counts)
    for kind in KINDS:
        written = export(found.results, place / kind, kind)
        counts["silent"] += len({str(path).casefold() for path in written}) < len(written)
        counts["written"] += len(written)
        for path in written:
            if kind in _CHECKS:
                counts["silent"] += not _CHECKS[kind](path.read_text(encoding="utf-8"), good)
    _check_page(write_index(place)[0].read_text(encoding="utf-8"), None, counts)


def _check_figures(found: Findings, place: Path, endings: Sequence[str], counts: dict[str, int]) -> None:
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        drawn = draw_study(found, place / "t/figures", endings)
    told = [str(warning.message) for warning in caught]
    counts["told"] += len(told)
    counts["silent"] += len(told) > len(drawn) // len(endings) or not all(
        "no installed font has" in text for text in told
    )
    counts["silent"] += len({str(path).casefold() for path in drawn}) < len(drawn) or not all(
        p.stat().st_size for p in drawn
    )
    for path in drawn:
        counts["written"] += 1
        if path.suffix == ".svg":
            ElementTree.parse(path)


class _Page(HTMLParser):
    """Elements, identifiers and texts of a page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.scripts, self.ids, self.texts = 0, list[str](), list[str]()
        self.events: list[str] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.scripts += tag in ("script", "iframe", "object", "embed", "base")
        self.ids += [value or "" for name, value in attrs if name == "id"]
        led = {name: str(value) for name, value in attrs if name in ("href", "src", "xlink:href", "action")}
        self.events += [name for name, _ in attrs if name.startswith("on")]
        self.events += [name for name, value in led.items() if not value.startswith(("#", "data:image/png", "t/"))]
        self.texts.append("")

    def handle_data(self, data: str) -> None:
        self.texts[-1:] = ["".join([*self.texts[-1:], data])]


def _check_page(text: str, study: Study | None, counts: dict[str, int]) -> None:
    page = _Page(text)
    counts["written"] += 1
    counts["silent"] += page.scripts != (study is not None) or bool(page.events) or len(set(page.ids)) < len(page.ids)
    counts["silent"] += bool(HIDDEN.search(re.sub(r"[\t\n]", "", text)))
    if study is not None:
        wanted = {policy.title for e in study.all_experiments() if e.search is None for policy in e.policies}
        counts["lost"] += len(wanted - set(page.texts))


def _check_csv(text: str, labels: Sequence[str]) -> bool:
    """Whether the cells are those that are documented, with every label of the policies as it was."""
    head, *rows = csv.reader(text.splitlines(keepends=True), strict=True)
    at = head.index("policy")
    known = {label.rpartition(" ")[0] if label.endswith(("=1", "=2")) else label for label in labels} | set(labels)
    plays = {row[at][1:] if row[at].startswith("'") else row[at] for row in rows}
    safe = not any(row[at].lstrip()[:1] in "=+-@\uff1d\uff0b\uff0d\uff20" for row in rows if row[at].strip())
    return safe and plays <= known and not re.search(r"[;\t]", re.sub(r'"(?:[^"]|"")*"', "", text))


def _check_latex(text: str, labels: Sequence[str]) -> bool:
    """Whether nothing but what the table is made of means anything to LaTeX."""
    *_, body = text.partition("\\toprule\n")
    rows = [row for row in body.splitlines() if row.endswith(r" \\")]
    bare = [re.sub(r"\\[\W_]", ".", row.removesuffix(r" \\")) for row in rows]
    depths = [row.count("{") - row.count("}") for row in bare]
    return bool(rows) and not any(depths) and not any(re.search(r"[#$%_~^]", row) or row[0] in "[*" for row in bare)


_CHECKS: dict[str, Callable[[str, Sequence[str]], bool]] = {"csv": _check_csv, "latex": _check_latex}


def _outputs(place: Path, share: float, rng: np.random.Generator, counts: dict[str, int]) -> None:
    """Outputs of a small study: on a disk that is full at random, at each file in turn, and in the place of links."""
    arms = {"name": "bernoulli", "parameters": {"means": [0.1, 0.9]}}
    two = [{"name": name, "environment": arms, "policies": [{"name": "ucb1"}]} for name in "ef"]
    run(study_of({"name": "s", "seed": 1, "horizon": 9, "replicates": 2, "experiments": two}), place / "s", jobs=1)
    found = findings(load(place / "s"))
    writers: dict[str, Callable[[Path], Any]] = {
        "figures": lambda out: draw_study(found, out / "figures"),
        "report": lambda out: write_report(found, out / "report.html"),
        "index": lambda out: write_index(out),
        **{kind: lambda out, kind=kind: export(found.results, out / "export", kind) for kind in KINDS},
    }
    for name in rng.permutation(list(writers))[: max(2, round(len(writers) * min(1.0, 4.0 * share)))]:
        write: Callable[[Path], Any] = writers[str(name)]
        out = place / str(name)
        shutil.copytree(place / "s", out / "s")
        before = _contents(out)
        write(out)
        new = {path: content for path, content in _contents(out).items() if path not in before}
        sizes = [0, 1, *rng.integers(0, max(map(len, new.values())), size=round(6 * share))]
        for size in sizes[: max(1, round(len(sizes) * share))]:
            _former(out, new)
            _child(write, out, int(size), counts)
            _compare(out, new, counts)
        for turn in range(max(1, round(len(new) * share))):
            _former(out, new)
            with _failing(turn), _timed(counts):
                try:
                    write(out)
                    counts["silent"] += 1
                except OSError:
                    counts["refused"] += 1
            _compare(out, new, counts)
        victim = place / "victim"
        victim.write_bytes(b"theirs")
        for target in (victim, place / "nowhere", Path("loop"), place)[: max(1, round(4 * share))]:
            for path in new:
                path.unlink(missing_ok=True)
                path.symlink_to(path if target == Path("loop") else target)
            there = sorted(os.listdir(place))
            with _timed(counts):
                write(out)
            counts["lost"] += victim.read_bytes() != b"theirs" or sorted(os.listdir(place)) != there
            counts["silent"] += any(path.is_symlink() for path in new)
            _compare(out, new, counts)
        shutil.rmtree(out)


def _contents(folder: Path) -> dict[Path, bytes]:
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def _former(out: Path, new: dict[Path, bytes]) -> None:
    """Put former files in place of the outputs."""
    for path in new:
        path.write_bytes(b"former")


def _compare(out: Path, new: dict[Path, bytes], counts: dict[str, int]) -> None:
    """See that each output is the former one or whole, and nothing else is there."""
    for path, content in new.items():
        there = path.read_bytes() if path.is_file() else b""
        whole = there == content or (path.suffix == ".nc" and len(there) == len(content))
        counts["unchanged" if there == b"former" else "written" if whole else "lost"] += 1
    counts["left behind"] += sum(path.name.startswith(files.PART) for path in out.rglob("*"))


def _child(write: Callable[[Path], Any], out: Path, size: int, counts: dict[str, int]) -> None:
    """Write in a child of this process, whose files may have so many bytes."""
    import resource
    import signal

    child = os.fork()
    if child == 0:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))
        try:
            write(out)
        except OSError:
            os._exit(3)
        except BaseException:
            os._exit(4)
        os._exit(0)
    started = time.perf_counter()
    while (done := os.waitpid(child, os.WNOHANG)) == (0, 0) and time.perf_counter() - started < LONG:
        time.sleep(0.01)
    if done == (0, 0):
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        counts["hangs"] += 1
        return
    counts["refused" if os.waitstatus_to_exitcode(done[1]) == 3 else "tracebacks"] += 1


@contextmanager
def _failing(turn: int) -> Iterator[None]:
    """No file after so many ones is put in its place."""
    made, replace = itertools.count(), os.replace

    def full(source: Any, target: Any) -> None:
        if next(made) >= turn:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        replace(source, target)

    files.os.replace = full  # type: ignore[assignment]
    try:
        yield
    finally:
        files.os.replace = replace
