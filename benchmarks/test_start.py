"""Seconds until a process of its own is ready, its interpreter's start included."""

import itertools

import pytest
from timing import WALL, measure, python


@pytest.mark.parametrize(
    ("what", "code", "target"),
    [
        ("`import regretlab`", "import regretlab", 1.3),
        ("`import bandits`", "import bandits", 2.0),
        (
            "`regretlab --help`",
            "import sys; sys.argv[1:] = ['--help']; from regretlab.__main__ import main; main()",
            1.0,
        ),
    ],
)
def test_start(record, what, code, target):
    """Policies need numpy and little else, the command line not even that before there is work."""
    pairs = measure(lambda: python(code), lambda: python("import numpy"), "process", repeats=9, clock=WALL)
    record(what, pairs, "`import numpy`", target)


TINY = """
name: tiny
seed: 1
experiments:
  - name: arms
    environment: {name: bernoulli, parameters: {means: [0.4, 0.5, 0.6]}}
    horizon: 1000
    replicates: 20
    policies: [ucb1, exp3, moss]
"""


def test_a_tiny_study(record, tmp_path):
    """From the command to the figure and the report, with all that was ever compiled on disk.

    It takes 3.5 to 3.8 times as long where another core is at rest, on which a process beside the command loads what it
    draws with; else 4 to 4.5. Of 2.2 CPU seconds matplotlib's import takes 0.5, drawing in three formats 0.5 (a fifth
    of it the fonts of the PDF), numba's start 0.3, scipy.special 0.15 in each process, hashing the code of the jobs
    0.1, the jobs 0.1.
    """
    (tmp_path / "tiny.yaml").write_text(TINY, encoding="utf-8")
    number = itertools.count()

    def study():
        words = ["run", str(tmp_path / "tiny.yaml"), "--out", str(tmp_path / str(next(number)))]
        python(f"import sys; sys.argv[1:] = {words!r}; from regretlab.__main__ import main; main()")

    pairs = measure(study, lambda: python("import matplotlib.pyplot"), "process", repeats=5, clock=WALL)
    assert (tmp_path / "0/tiny/report.html").exists()
    record("`regretlab run` of a tiny study, with figure and report", pairs, "`import matplotlib.pyplot`", 4.0)
