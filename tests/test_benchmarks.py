"""The record of the benchmarks: it is what everybody reads, so it must not be able to say "met" by mistake."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from figure import draw
from table import MARGIN, Curve, Record, Row, quantity
from timing import CPU, WALL, Clock, Growth, Pairs, growth, measure, peak


def pairs(*ratios: float) -> Pairs:
    return Pairs(tuple(2e-9 * r for r in ratios), (2e-9,) * len(ratios), "round")


def power_law(exponent: float, fixed: float = 0.0) -> Growth:
    sizes = np.array([10.0, 100.0, 1000.0, 10_000.0])
    return Growth(sizes, np.array([fixed + 1e-6 * sizes**exponent] * 3))


def test_a_target_is_met_by_the_median_ratio():
    assert Row("arms", "x", pairs(0.9, 1.0, 7.0), "y", 1.0).met
    assert not Row("arms", "x", pairs(0.1, 1.01, 1.02), "y", 1.0).met


def test_pairs_are_divided_within_each_pair():
    """Machine speeds that change between pairs cancel."""
    drifting = Pairs((1.0, 20.0, 3.0), (2.0, 40.0, 6.0), "run")
    assert drifting.ratios == [0.5, 0.5, 0.5]


def test_measure_counts_items_and_takes_turns():
    calls: list[str] = []
    now = 0.0

    def takes(name: str, seconds: float):
        nonlocal now
        calls.append(name)
        now += seconds

    measured = measure(lambda: takes("a", 3.0), lambda: takes("b", 2.0), "thing", (4, 1), repeats=4, clock=lambda: now)
    assert "".join(calls) == "ab" + "abba" * 2
    assert measured.ours == (0.75,) * 4
    assert measured.reference == (2.0,) * 4
    assert measured.ratio == 0.375


@pytest.mark.parametrize(("clock", "wall"), [(WALL, True), (CPU, False), (lambda: 0.0, False)])
def test_pairs_say_whether_they_are_of_the_wall_clock(clock: Clock, wall: bool):
    assert measure(int, int, "thing", repeats=1, clock=clock).wall == wall


@pytest.mark.parametrize("exponent", [0.0, 0.7, 1.0, 2.0])
def test_the_exponent_of_a_power_law(exponent: float):
    assert power_law(exponent).exponent == pytest.approx(exponent)


def test_a_fixed_cost_does_not_hide_growth():
    assert power_law(2.0, fixed=1e-3).exponent > 1.95


def test_growth_is_met_up_to_the_margin():
    assert Curve("arms", "x", "rounds", power_law(1.0 + 0.99 * MARGIN), 1).met
    assert not Curve("arms", "x", "rounds", power_law(1.5), 1).met


def test_growth_times_every_size_in_each_repeat():
    played: list[int] = []
    measured = growth([1, 10, 100], lambda size: lambda: played.append(size), repeats=2)
    assert played == [1, 1, 10, 100, 1, 10, 100]
    assert measured.seconds.shape == (2, 3)


def test_the_table_names_what_was_missed_and_what_was_skipped():
    record = Record(load=0.0)
    record.rows += [Row("arms", "fast", pairs(0.5), "loop", 1.0), Row("arms", "slow", pairs(2.0), "loop", 1.0)]
    record.curves += [Curve("sor", "steep", "unknowns", power_law(2.0), 1)]
    record.unmeasured["`test_x`: no gcc"] += 2
    text = record.markdown("scaling.png")
    assert "1 of 3 targets met. Missed:\n\n* arms: slow against loop\n* sor: steep as unknowns grow" in text
    assert "* `test_x`: no gcc (2 times)" in text
    assert "![Time against size](scaling.png)" in text
    rows = [[cell.strip() for cell in line.split("|")[1:-1]] for line in text.splitlines() if line.startswith("| arms")]
    assert rows[0] == ["arms", "fast", "1 ns/round", "2 ns, loop", "0.5", "0.5 - 0.5", "1", "yes"]
    assert rows[1][-1] == "**NO**"
    assert text == record.markdown("scaling.png")


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [
        (43.12e-9, "s", "43.1 ns"),
        (0.9999e-3, "s", "1 ms"),
        (999.4e-6, "s", "999 µs"),
        (0.25, "s", "250 ms"),
        (5400.0, "s", "5.4e+03 s"),
        (3.1e-11, "s", "0.031 ns"),
        (8.0, "B", "8 B"),
        (183e6, "B", "183 MB"),
        (0.0, "B", "0 B"),
    ],
)
def test_quantities(value: float, unit: str, text: str):
    assert quantity(value, unit) == text


def test_peak_memory_is_that_of_the_program_alone():
    """A process forked from a large one must not answer for its parent."""
    ballast = np.ones(40_000_000)
    small, large = peak("import numpy"), peak("import numpy as np; a = np.ones(10_000_000)")
    assert small < ballast.nbytes / 2
    assert 75e6 < large - small < 90e6


def test_the_picture_has_a_panel_for_each_size(tmp_path):
    curves = [Curve("arms", name, size, power_law(1.0), 1) for size in ("rounds", "arms", "groups") for name in "ab"]
    draw(curves, tmp_path / "scaling.png")
    assert (tmp_path / "scaling.png").stat().st_size > 10_000
    draw([], tmp_path / "none.png")
    assert not (tmp_path / "none.png").exists()


MISSING = """
from timing import Growth, Pairs
import numpy as np, pytest

def test_fast(record): record("fast", Pairs((1.0,), (2.0,), "run"), "loop", 1.0)
def test_slow(record): record("slow", Pairs((3.0,), (2.0,), "run"), "loop", 1.0)
def test_steep(record_growth):
    x = np.arange(1.0, 5.0)
    record_growth("arms", "a", "rounds", Growth(x, x[None] ** 2), 1)
def test_skipped(): pytest.skip("no gcc")
def test_broken(): raise KeyError("x")
"""


def test_a_run_that_misses_a_target_fails_and_still_writes_the_table(tmp_path):
    (tmp_path / "test_made_up.py").write_text(MISSING)
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parent.parent / "benchmarks")}
    command = [sys.executable, "-m", "pytest", "-p", "conftest", "-p", "no:cacheprovider", "--record", ".", "."]
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True)
    assert done.returncode == 1, done.stdout + done.stderr
    assert "3 failed, 1 passed, 1 skipped" in done.stdout
    assert "made_up: slow against loop: ratio 1.5, more than 1" in done.stdout
    written = (tmp_path / "RESULTS.md").read_text()
    assert written.replace("![Time against size](scaling.png)\n\n", "") in done.stdout
    assert "1 of 3 targets met. Missed:\n\n* made_up: slow against loop\n* arms: a as rounds grow" in written
    assert "## Skipped or failed\n\n* `test_broken`: failed\n* `test_skipped`: no gcc\n" in written
    assert (tmp_path / "scaling.png").exists()
