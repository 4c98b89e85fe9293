"""Seconds until a process of its own is ready, its interpreter's start included."""

import pytest
from timing import WALL, measure, python


@pytest.mark.parametrize(
    ("what", "code", "target"),
    [
        ("`import bandits`", "import bandits", 2.0),
        ("`regretlab --help`", "from experiments.cli import main; main(['--help'])", 1.0),
    ],
)
def test_start(record, what, code, target):
    """Policies need numpy and little else, the command line not even that before there is work."""
    pairs = measure(lambda: python(code), lambda: python("import numpy"), "process", repeats=9, clock=WALL)
    record(what, pairs, "`import numpy`", target)
