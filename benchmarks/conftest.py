"""How a benchmark says what it measured: ``record`` for a target, ``record_growth`` for a curve of time against size.

Both enter the measurement in the table that is printed at the end, and assert. With ``--record FOLDER`` the table
is also written to RESULTS.md there, and the curves are drawn in scaling.png.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import one_core  # noqa: F401
import pytest
from figure import draw
from table import Curve, Record, Row
from timing import Growth, Pairs

RECORD = pytest.StashKey[Record]()
NODES = pytest.StashKey[set[str]]()


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--record", metavar="FOLDER", type=Path, help="write RESULTS.md and scaling.png to this folder")


def pytest_configure(config: pytest.Config) -> None:
    config.stash[RECORD], config.stash[NODES] = Record(), set()
    config.pluginmanager.register(Unmeasured(config))


class Unmeasured:
    """Counts tests that were skipped, or that failed before they measured."""

    def __init__(self, config: pytest.Config) -> None:
        self.config = config

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        test = report.nodeid.split("::")[-1].split("[")[0]
        if report.skipped:
            reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
            reason = reason.removeprefix("Skipped: ")
            self.config.stash[RECORD].unmeasured[f"`{test}`: {reason}"] += 1
        elif report.failed and report.nodeid not in self.config.stash[NODES]:
            self.config.stash[RECORD].unmeasured[f"`{test}`: failed"] += 1


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    record = config.stash[RECORD]
    if not record.rows and not record.curves:
        return
    terminalreporter.write_line("\n" + record.markdown())
    folder: Path | None = config.getoption("--record")
    if folder is not None:
        draw(record.curves, folder / "scaling.png")
        (folder / "RESULTS.md").write_text(record.markdown("scaling.png"), encoding="utf-8")
        terminalreporter.write_line(f"written to {folder}")


@pytest.fixture
def record(request: pytest.FixtureRequest) -> Callable[..., None]:
    """``record(what, pairs, against, at_most)``: enter a measured pair and assert its target."""

    def enter(what: str, pairs: Pairs, against: str, at_most: float) -> None:
        family = request.module.__name__.split(".")[-1].removeprefix("test_")
        row = Row(family, what, pairs, against, at_most)
        request.config.stash[RECORD].rows.append(row)
        request.config.stash[NODES].add(request.node.nodeid)
        assert row.met, f"{row.name}: ratio {pairs.ratio:.3g}, more than {at_most:.3g}"

    return enter


@pytest.fixture
def record_growth(request: pytest.FixtureRequest) -> Callable[..., None]:
    """``record_growth(family, what, size, growth, order)``: enter a measured curve and assert its exponent."""

    def enter(family: str, what: str, size: str, growth: Growth, order: float) -> None:
        curve = Curve(family, what, size, growth, order)
        request.config.stash[RECORD].curves.append(curve)
        request.config.stash[NODES].add(request.node.nodeid)
        assert curve.met, f"{curve.name}: time has exponent {growth.exponent:.2f}, expected {order:g}"

    return enter
